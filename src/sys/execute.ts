// execute.ts - carries out one step in the project itself, and records it. Chooses no steps.
import type { ByteString } from '../core/bytes.ts';
import type { Run } from '../core/run.ts';
import { argumentsOf, enterFolder, listChangedInputs, methodOf, openStreams, setVariables } from './commandplace.ts';
import type { Streams } from './commandplace.ts';
import { readCurrentFolder } from './machine.ts';
import { absoluteOf } from './project.ts';
import type { Project } from './project.ts';
import { recordCommand } from './recording.ts';

/** A step to be carried out. */
export type StepJob = {
  /** Key of its task. */
  key: string;
  /**
   * What is to be run, as a record would tell it: command, directory, redirects, parameters,
   * parameterFiles, metricsFiles, variables (set for the command), declaredVariables,
   * declaredInputs, declaredOutputs, timeoutS, asked, label, reason, tags, plan, sweep, because,
   * job, and in `observed` how files are to be found: as in a record, 'auto' where nothing is said
   * (so 'none', 'scan', 'atime', 'strace 6.1', 'auto'). All other facts are not looked at.
   */
  template: Run;
  /** The run whose results this one takes the place of. What of it is there is set aside while the command runs, and put back if that fails. */
  prior: Run | undefined;
  /** Contents to be put into the project before, at the path of each: inputs that were overwritten since (found by their hash). */
  restore: { hash: string; size: number; kind: Run['inputs'][number]['kind']; path: ByteString }[];
  /** Put back the outputs of an earlier run with the same key instead of running the command, if there is one. */
  isReused: boolean;
};

/** How a step ended. `problems`: what could not be recorded, as sentences. */
export type StepEnd = {
  key: string;
  run: Run;
  /** Did it succeed, and leave every output that was declared? */
  isGood: boolean;
  problems: string[];
};

/** What the record says beforehand, of what the template says. */
function fillStep(template: Run, run: Run): void {
  run.plan = template.plan;
  run.sweep = template.sweep;
  run.because = template.because;
  run.redoes = template.redoes;
  run.parameters = template.parameters;
  run.parameterFiles = template.parameterFiles;
  run.metricsFiles = template.metricsFiles;
  run.asked = template.asked;
  run.job = template.job;
  run.declaredVariables = template.declaredVariables;
  run.declaredInputs = template.declaredInputs;
  run.declaredOutputs = template.declaredOutputs;
}

/** Carries out one step and records it. Standard streams, variables and current folder of rr itself are as before when this returns. */
export async function executeStep(project: Project, job: StepJob): Promise<StepEnd> {
  const { template } = job;
  const folder = absoluteOf(project, template.directory);
  const came = readCurrentFolder();
  const restore = setVariables(template, folder, [], {});
  let streams: Streams | undefined;
  try {
    streams = openStreams(template, project, 'run "' + (template.plan ?? template.label ?? job.key) + '"');
    enterFolder(folder);
    const recorded = await recordCommand({
      project, folder: readCurrentFolder(), argv: argumentsOf(template, project.root), label: template.label, reason: template.reason, tags: template.tags,
      inputs: listChangedInputs(template).concat(template.declaredInputs).map((path) => absoluteOf(project, path)), outputs: template.declaredOutputs.map((pattern) => absoluteOf(project, pattern)),
      parameters: [], variables: [], timeoutS: template.timeoutS, asked: [], trace: methodOf(template), requireClean: false, noLogs: false, quiet: true, inherited: [],
      repeat: { origin: project, fill: (run) => fillStep(template, run), streams: streams.streams, redirects: streams.redirects, judge: async () => undefined, isKept: true },
    });
    const { run, problems } = recorded;
    return { key: job.key, run, isGood: run.status === 'succeeded' && run.missingOutputs.length === 0, problems };
  } finally {
    restore();
    enterFolder(came);
    streams?.close();
  }
}
