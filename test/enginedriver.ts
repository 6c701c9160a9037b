// enginedriver.ts - a program that has the engine carry out a graph of steps: node enginedriver.js GRAPH.json, in a project.
//
// It is to the engine what "rr make" is, with a judge of its own: a step is carried out unless the last good run of
// its label left what is there now, and read what is there now.
import fs from 'fs';
import type { ScheduledTask } from '../src/core/schedule.ts';
import type { Run } from '../src/core/run.ts';
import { recoverAside } from '../src/sys/aside.ts';
import { runTasks } from '../src/sys/engine.ts';
import type { EngineRequest } from '../src/sys/engine.ts';
import type { StepJob } from '../src/sys/execute.ts';
import { hashWithRetry } from '../src/sys/hash.ts';
import { enterMaking } from '../src/sys/making.ts';
import { projectAt } from '../src/sys/project.ts';
import { readRuns } from './recordsrig.ts';
import { tell } from '../src/sys/terminal.ts';
import { isStepWorker, serveAsWorker } from '../src/sys/workers.ts';
import { planStep, redoStep } from './enginerig.ts';

export type GraphStep = Partial<ScheduledTask> & { key: string; script: string; outputs: string[]; more?: Partial<Run> };

/** `cannot`: keys of which decide() says that they cannot be carried out. */
export type Graph = Partial<Omit<EngineRequest, 'project' | 'tasks' | 'decide' | 'onEnd'>> & { steps: GraphStep[]; cannot?: string[]; isForced?: boolean };

function isAsRecorded(run: Run): boolean {
  return run.outputs.concat(run.inputs).every((file) => {
    if (file.hash.length !== 64 || file.path[0] === '/') return true;
    const outcome = hashWithRetry(file.path);
    return outcome.kind === 'hashed' && outcome.hash === file.hash;
  });
}

function jobOf(step: GraphStep, last: Run | undefined): StepJob {
  const job = planStep(step.key, step.script, step.outputs, { because: last === undefined ? 'never run' : 'not as recorded', ...step.more });
  return last === undefined ? job : redoStep(job, last);
}

async function main(graph: Graph): Promise<number> {
  const project = projectAt(process.cwd());
  const leave = await enterMaking(project);
  await recoverAside(project, (line) => tell('rr: ' + line));
  const last = new Map<string, Run>();
  for (const run of readRuns(project).runs) if (run.status === 'succeeded' && run.missingOutputs.length === 0) last.set(run.label ?? '', run);
  const steps = new Map(graph.steps.map((step) => [step.key, step]));
  const tasks = graph.steps.map(({ key, before, expectedS, cpus, memoryBytes }): ScheduledTask => ({ key, before: before ?? [], expectedS, cpus: cpus ?? 1, memoryBytes }));
  const result = await runTasks({
    project, tasks, slots: graph.slots ?? 1, maxLoad: graph.maxLoad, memoryBytes: graph.memoryBytes, keepGoing: graph.keepGoing ?? false, retries: graph.retries ?? 0, timeoutS: graph.timeoutS, quiet: graph.quiet ?? false,
    decide: async (key) => {
      const step = steps.get(key) as GraphStep;
      if ((graph.cannot ?? []).indexOf(key) >= 0) return 'failed';
      const run = last.get(key);
      return run !== undefined && graph.isForced !== true && isAsRecorded(run) ? 'skip' : jobOf(step, run);
    },
    onEnd: (end) => { if (end.isGood) last.set(end.key, end.run); },
  });
  leave();
  for (const [key, outcome] of result.outcomes) process.stdout.write('=' + key + ' ' + outcome + (result.blockedBy.has(key) ? ' ' + String(result.blockedBy.get(key)) : '') + '\n');
  if (result.signal !== undefined) process.stdout.write('=signal ' + result.signal + '\n');
  return Array.from(result.outcomes.values()).every((outcome) => outcome === 'done' || outcome === 'skipped') ? 0 : 1;
}

const work = isStepWorker() ? serveAsWorker().then(() => 0) : main(JSON.parse(fs.readFileSync(process.argv[2], 'utf8')) as Graph);
work.then((status) => process.exit(status), (error) => { process.stderr.write(String((error as Error).stack) + '\n'); process.exit(70); });
