// execute.ts - carries out one step in the project itself, and records it. Chooses no steps.
//
// Invariants
// 1. What the run before left is held (aside.ts) before anything of the new run is there, the mark of which
//    names the folder for what it leaves if it does not succeed.
// 2. The record says what has become of the results, and decides it: once it is there, and good, the new results
//    stand. Of any other end, a kill included, the earlier results come back, before a record of it is written.
// 3. Standard streams, variables and the current folder of rr itself are as before afterwards.
//
//   hold -> lend -> claim the id -> run -> good? no: put back, record
//                                             '-> yes: record -> drop what is held
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { isResultPath } from '../core/graph.ts';
import { emptyRun, recordPath } from '../core/run.ts';
import { fileParametersOf } from '../core/parameters.ts';
import type { FileState, Run } from '../core/run.ts';
import { RR_VERSION } from '../core/version.ts';
import { asideFolder, dropHeld, holdResults, isGoodRun, listHeldNews, makeKnownTester, noteHeldRun, putBack, settleHeld, touchHeld } from './aside.ts';
import type { Held, HeldNews } from './aside.ts';
import type { Includer } from './batch.ts';
import { findLinkAbove } from './bounds.ts';
import { formatUtcMicros, pauseMs, readUtcMicros } from './clock.ts';
import { argumentsOf, enterFolder, listChangedInputs, methodOf, openStreams, setVariables } from './commandplace.ts';
import type { Streams } from './commandplace.ts';
import { ContentFinder } from './contents.ts';
import type { FoundContent } from './contents.ts';
import { copyContent } from './copying.ts';
import { errorCode, lstatIfThere, makeFolder, toFsPath, writeAll } from './files.ts';
import { describeFile, hashWithRetry } from './hash.ts';
import { readCurrentFolder } from './machine.ts';
import { fs } from './node.ts';
import { toRecordPath } from './observe.ts';
import type { CommandStopper } from './process.ts';
import { absoluteOf, describeSystemError } from './project.ts';
import type { Project } from './project.ts';
import { recordCommand, UNCLAIMED_ID } from './recording.ts';
import type { Recorded, StepSurroundings } from './recording.ts';
import { openReuse } from './reuse.ts';
import { findWayOut } from './scratch.ts';
import type { ReuseChoice } from './settings.ts';
import { makeResultTester } from './store.ts';

/** A step to be carried out. */
export type StepJob = {
  /** Key of its task. */
  key: string;
  /** What it is called where people are told of it. */
  name?: ByteString;
  /**
   * What is to be run, as a record would tell it: command, directory, redirects, parameters,
   * parameterFiles, metricsFiles, metricsFrom, variables (set for the command), declaredVariables,
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
  /** Where it is looked for, if isReused; undefined: in .rr of the project. */
  reuse?: ReuseChoice;
};

/**
 * How a step ended. `problems`: what could not be recorded, or why it was not started at all, as sentences; then
 * run.id is UNCLAIMED_ID. `kept`: paths of results that were changed by hand, or are not made any more: they are
 * in .rr/aside/ID now.
 */
export type StepEnd = {
  key: string;
  run: Run;
  /** Did it succeed, and leave every output that was declared? */
  isGood: boolean;
  problems: string[];
  kept: ByteString[];
};

/** In what surroundings a step is carried out. */
export type StepPlace = {
  /** No: other steps change files of the project at the same time. */
  isAlone: boolean;
  /** Pass on what the command prints, to descriptors 1 and 2; it is kept in any case. */
  isPassedOn: boolean;
  /** Variables that the command alone has, and descriptors that it is to have, too. */
  variables: { [name: string]: string };
  inherited: number[];
  stopper: CommandStopper | undefined;
  beforeOutput: (data: Buffer) => void;
  /** Told of the run's id before anything of it is written. */
  onClaim: (id: string) => void;
  /** There if its run is put into the derived files with others. */
  batch: Includer | undefined;
};

/** Of a step that is carried out by itself. */
export const ALONE: StepPlace = { isAlone: true, isPassedOn: false, variables: {}, inherited: [], stopper: undefined, beforeOutput: () => undefined, onClaim: () => undefined, batch: undefined };

/** What people know a step by. */
export function nameOfStep(job: StepJob): ByteString {
  const { plan, sweep, label } = job.template;
  return job.name ?? plan ?? (sweep === undefined ? label ?? job.key : sweep.label + ' ' + String(sweep.number));
}

// ---- before -----------------------------------------------------------------------------------------------

/** Files that the template says will be written, apart from the results of the run before. */
export function listDeclared(project: Project, template: Run): ByteString[] {
  const declared = template.declaredOutputs.map((pattern) => toRecordPath(project, project.root, pattern));
  for (const redirect of template.redirects) {
    const parts = /^[12] >>? ([^]+)$/.exec(redirect);
    if (parts !== null) declared.push(parts[1]);
  }
  return declared;
}

// Times of files go by ticks of 1 to 10 ms: what was put there must not seem to be as young as the run.
const FILE_TICK_MS = 12;

function isAsWanted(name: ByteString, file: StepJob['restore'][number]): boolean {
  const state = describeFile(name, file.path);
  if (state === undefined || state.size !== file.size || (state.kind === 'l') !== (file.kind === 'l')) return false;
  if (state.hash !== '?') return state.hash === file.hash;
  const outcome = hashWithRetry(name);
  return outcome.kind === 'hashed' && outcome.hash === file.hash;
}

/** The contents to be put into the project that are not there. Throws Failure if one is nowhere. */
function findRestored(project: Project, job: StepJob): { file: FileState; found: FoundContent }[] {
  const wanted = job.restore.filter((file) => !isAsWanted(absoluteOf(project, file.path), file));
  if (wanted.length === 0) return [];
  const finder = new ContentFinder(project);
  try {
    return wanted.map((file) => {
      const found = isResultPath(file.path) ? finder.find(file, job.prior) : undefined;
      if (found === undefined) throw new Failure('cannot run "' + nameOfStep(job) + '": its input ' + file.path + ' was overwritten since, and the content of then is nowhere');
      return { file, found };
    });
  } finally {
    finder.close();
  }
}

/** Puts contents into the project, each by a rename. The folder of `held` is for what is not finished. */
function lendContents(held: Held, restored: { file: FileState; found: FoundContent }[]): void {
  for (const { file, found } of restored) {
    const name = absoluteOf(held.project, file.path);
    if (findLinkAbove(held.project.root, name) !== undefined) throw new Failure('cannot put back "' + file.path + '": a link leads out of the project');
    const unfinished = held.folder + '/lent';
    if (found.kind === 'file') copyContent(found.name, unfinished);
    else if (file.kind === 'l') fs.symlinkSync(Buffer.from(found.content, 'latin1'), toFsPath(unfinished));
    else writeNew(unfinished, found.content);
    if (file.kind !== 'l') fs.chmodSync(toFsPath(unfinished), (file.kind === 'x' ? 0o777 : 0o666) & ~process.umask());
    makeFolder(name.slice(0, name.lastIndexOf('/')));
    fs.renameSync(toFsPath(unfinished), toFsPath(name));
  }
  if (restored.length > 0) pauseMs(FILE_TICK_MS);
}

function writeNew(name: ByteString, content: ByteString): void {
  const fd = fs.openSync(toFsPath(name), 'w', 0o600);
  try {
    writeAll(fd, Buffer.from(content, 'latin1'));
  } finally {
    fs.closeSync(fd);
  }
}

/** Holds what the step makes anew and puts in place what it is to find. Throws Failure if it cannot be carried out here. */
function prepare(project: Project, job: StepJob): Held {
  const { template, prior } = job;
  const wayOut = findWayOut(project, prior === undefined ? template : { ...template, outputs: prior.outputs });
  if (wayOut !== undefined) throw new Failure('cannot run "' + nameOfStep(job) + '": ' + wayOut);
  const restored = findRestored(project, job);
  const held = holdResults({ project, prior, declared: listDeclared(project, template), lent: restored.map(({ file }) => file.path), isResultNow: makeResultTester(project), job: template.job });
  try {
    lendContents(held, restored);
  } catch (error) {
    putBack(held, undefined);
    dropHeld(held);
    throw error;
  }
  return held;
}

// ---- the command ------------------------------------------------------------------------------------------

/** What the record says beforehand, of what the template says. */
export function fillStep(template: Run, run: Run): void {
  run.plan = template.plan;
  run.sweep = template.sweep;
  run.because = template.because;
  run.redoes = template.redoes;
  run.parameters = template.parameters;
  run.parameterFiles = template.parameterFiles;
  run.metricsFiles = template.metricsFiles;
  run.metricsFrom = template.metricsFrom;
  run.job = template.job;
  run.declaredInputs = template.declaredInputs;
  run.declaredOutputs = template.declaredOutputs;
  run.aside = asideFolder(run.id);
}

const NOT_WATCHED = 'other steps ran at the same time and it was not traced: only files of the run before and declared ones were looked at';

/** What is looked at if the step is not traced and nothing else tells its files from those of others. */
function planUntraced(project: Project, job: StepJob, isAlone: boolean): StepSurroundings['untraced'] {
  const { template, prior } = job;
  if (isAlone && template.observed !== 'none') return undefined;
  const inputs = (prior?.inputs ?? []).map((file) => file.path).filter((path) => lstatIfThere(absoluteOf(project, path)) !== undefined);
  const outputs = (prior?.outputs ?? []).filter((file) => file.kind !== 'd').map((file) => file.path);
  const name = (path: ByteString): ByteString => absoluteOf(project, path);
  return {
    inputs: Array.from(new Set(inputs.concat(template.declaredInputs))).map(name), outputs: Array.from(new Set(outputs.concat(template.declaredOutputs))).map(name),
    warning: template.observed === 'none' ? undefined : NOT_WATCHED,
  };
}

function listStepInputs(project: Project, job: StepJob): ByteString[] {
  const changed = job.prior === undefined ? [] : listChangedInputs(job.prior).filter((path) => lstatIfThere(absoluteOf(project, path)) !== undefined);
  return Array.from(new Set(changed.concat(job.template.declaredInputs))).map((path) => absoluteOf(project, path));
}

async function record(project: Project, job: StepJob, place: StepPlace, held: Held, judge: (run: Run) => Promise<void>): Promise<Recorded> {
  const { template } = job;
  const folder = absoluteOf(project, template.directory);
  const came = readCurrentFolder();
  const restoreVariables = setVariables(template, folder, { without: [], more: {} });
  let streams: Streams | undefined;
  try {
    streams = openStreams(template, project, 'run "' + nameOfStep(job) + '"');
    enterFolder(folder);
    const passing = { stdin: streams.streams.stdin, stdout: streams.streams.stdout === 'keep' ? 'pass' as const : streams.streams.stdout, stderr: streams.streams.stderr === 'keep' ? 'pass' as const : streams.streams.stderr };
    const fill = (run: Run): void => {
      fillStep(template, run);
      if (run.id !== UNCLAIMED_ID) {
        noteHeldRun(held, run.id);
        place.onClaim(run.id);
      }
    };
    return await recordCommand({
      project, folder: readCurrentFolder(), argv: argumentsOf(template, project.root), label: template.label, reason: template.reason, tags: template.tags,
      inputs: listStepInputs(project, job), outputs: template.declaredOutputs.map((pattern) => absoluteOf(project, pattern)),
      parameters: [], fileParameters: fileParametersOf(template), metricsFiles: template.metricsFiles, metricsFrom: template.metricsFrom, variables: template.declaredVariables, timeoutS: template.timeoutS, asked: template.asked, trace: methodOf(template), requireClean: false, noLogs: false, quiet: true, inherited: place.inherited, batch: place.batch,
      repeat: {
        origin: project, fill, streams: place.isPassedOn ? passing : streams.streams, redirects: streams.redirects, judge, isKept: true,
        step: { variables: place.variables, untraced: planUntraced(project, job, place.isAlone), stopper: place.stopper, isInJob: template.job !== undefined, beforeOutput: place.beforeOutput },
      },
      reuse: job.isReused ? openReuse(project, job.reuse) : undefined,
    });
  } finally {
    restoreVariables();
    enterFolder(came);
    streams?.close();
  }
}

// ---- after ------------------------------------------------------------------------------------------------

/** A step that did not leave what it was to leave has failed, whatever its exit: else it would own results that are put aside, and be done. */
export function failUnmade(run: Run): void {
  if (run.status === 'succeeded' && run.missingOutputs.length > 0) run.status = 'failed';
}

/** A good run's record tells what has become of the results of the run before. */
export function noteGood(project: Project, job: StepJob, run: Run, held: Held): HeldNews {
  run.aside = undefined;
  const news = listHeldNews(held, run, job.prior, makeKnownTester(project, job.prior));
  run.removed = Array.from(new Set(run.removed.concat(news.unmade))).sort();
  for (const path of news.left) addLeft(project, run, path);
  for (const path of news.edited) run.warnings.push('the result ' + path + ' had been changed by hand: that content is kept in ' + asideFolder(run.id));
  for (const path of news.unmade) run.warnings.push('the result ' + path + ' of the run before is not made any more: it is kept in ' + asideFolder(run.id));
  return news;
}

/** What the run before changed in place and this one found right as it was is its result all the same. */
function addLeft(project: Project, run: Run, path: ByteString): void {
  const state = describeFile(absoluteOf(project, path), path);
  const outcome = state?.hash === '?' ? hashWithRetry(absoluteOf(project, path)) : undefined;
  if (state === undefined || (outcome !== undefined && outcome.kind !== 'hashed')) return;
  run.outputs.push(outcome?.kind === 'hashed' ? { ...state, hash: outcome.hash, size: outcome.size } : state);
  run.outputs.sort((a, b) => (a.path < b.path ? -1 : 1));
  run.warnings.push('the result ' + path + ' of the run before was left as it was found');
}

/** The end of a step of which no command was started, and of which there is no record. */
export function stepNotStarted(job: StepJob, problem: string): StepEnd {
  const run = { ...emptyRun(UNCLAIMED_ID, job.template.command, formatUtcMicros(readUtcMicros()), RR_VERSION), status: 'failed' as const, label: job.template.label, plan: job.template.plan };
  return { key: job.key, run, isGood: false, problems: [problem], kept: [] };
}

export function describeFault(error: unknown, what: string): string {
  if (error instanceof Failure) return error.message;
  if (errorCode(error) === '') throw error;
  return what + ': ' + describeSystemError(error);
}

export function putBackSafely(held: Held, run: Run | undefined, problems: string[]): void {
  try {
    putBack(held, run);
    dropHeld(held);
  } catch (error) {
    problems.push(describeFault(error, 'cannot put back all earlier results; what is missing is in ' + held.folder.slice(held.folder.lastIndexOf('/.rr/') + 1) + ', and the next rr make tries again'));
  }
}

/** Carries out one step and records it (docs/rr.1, "Carrying out steps"). */
export async function executeStep(project: Project, job: StepJob, place: StepPlace = ALONE): Promise<StepEnd> {
  const problems: string[] = [];
  let held: Held;
  try {
    held = prepare(project, job);
  } catch (error) {
    return stepNotStarted(job, describeFault(error, 'cannot set the results of "' + nameOfStep(job) + '" aside'));
  }
  let news: HeldNews | undefined;
  const judge = async (run: Run): Promise<void> => {
    const declared = new Set(job.template.declaredOutputs);
    run.missingOutputs = run.missingOutputs.filter((pattern) => declared.has(pattern));
    failUnmade(run);
    if (isGoodRun(run)) {
      news = noteGood(project, job, run, held);
      return;
    }
    const came = new Set(held.entries.filter((entry) => entry.how === 'moved' || entry.how === 'copied').map((entry) => entry.path));
    run.removed = run.removed.filter((path) => !came.has(path));
    if (run.outputs.length + run.secretOutputs.length === 0) run.aside = undefined;
    putBackSafely(held, run, problems);
  };
  const heartbeat = setInterval(() => { try { touchHeld(held); } catch (error) { if (errorCode(error) === '') throw error; } }, HEARTBEAT_MS_OF_HELD);
  let recorded: Recorded;
  try {
    recorded = await record(project, job, place, held, judge);
  } catch (error) {
    putBackSafely(held, undefined, problems);
    const end = stepNotStarted(job, describeFault(error, 'cannot run "' + nameOfStep(job) + '"'));
    return { ...end, problems: end.problems.concat(problems) };
  } finally {
    clearInterval(heartbeat);
  }
  return conclude(project, job, held, recorded, news, problems);
}

const HEARTBEAT_MS_OF_HELD = 60000;

/** Only a record that is there makes a run good: without it the results would be nobody's. */
function conclude(project: Project, job: StepJob, held: Held, recorded: Recorded, news: HeldNews | undefined, problems: string[]): StepEnd {
  const { run } = recorded;
  const isGood = news !== undefined && run.id !== UNCLAIMED_ID && lstatIfThere(project.provenance + '/' + recordPath(run.id)) !== undefined;
  problems.push(...recorded.problems);
  if (isGood && news !== undefined) {
    try {
      settleHeld(held, run, news);
    } catch (error) {
      problems.push(describeFault(error, 'cannot put away the earlier results of "' + nameOfStep(job) + '"'));
    }
    return { key: job.key, run, isGood, problems, kept: news.edited.concat(news.unmade) };
  }
  if (lstatIfThere(held.folder) !== undefined) putBackSafely(held, run, problems);
  return { key: job.key, run, isGood: false, problems, kept: [] };
}
