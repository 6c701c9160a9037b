// sweep.ts - rr sweep: runs a command once for each point of a sweep, and records each; what is recorded is not run again.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import type { ScheduledTask } from '../core/schedule.ts';
import { findSharedOutput, keyOfParameters, numberPoints } from '../core/sweep.ts';
import { quoteCommand, quoteWord } from '../formats/shell.ts';
import { groupDigits } from '../formats/amounts.ts';
import { emptyRun } from '../core/run.ts';
import { RR_VERSION } from '../core/version.ts';
import { printSweepForecast, printSweepSum } from '../views/sweep.ts';
import type { PlannedPoint, SweepForecast } from '../views/sweep.ts';
import { recoverAside } from '../sys/aside.ts';
import { readClusterOptions, refuseInFlight, runOnCluster } from '../sys/clusterrun.ts';
import type { ClusterOptions, ClusterWish } from '../sys/clusterrun.ts';
import type { ClusterReport } from '../sys/clusterstate.ts';
import { keyOfPoint, listFlyingPoints, listTaskOptions, makePointTask } from '../sys/clustersteps.ts';
import { settleCluster } from '../sys/clustersubmit.ts';
import { runTasks } from '../sys/engine.ts';
import { ALONE, executeStep } from '../sys/execute.ts';
import type { StepJob } from '../sys/execute.ts';
import { lstatIfThere } from '../sys/files.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { os } from '../sys/node.ts';
import { absoluteOf, requireProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { openOrMakeProject, parseTimeout, readAskedOptions, readVariableOptions } from '../sys/runoptions.ts';
import { chooseReuse } from '../sys/settings.ts';
import type { ReuseChoice, ReuseWish } from '../sys/settings.ts';
import { settleLostRuns } from '../sys/store.ts';
import { findStrace } from '../sys/strace.ts';
import { listProcessors } from '../sys/surroundings.ts';
import { MOST_POINTS, readSweepPoints } from '../sys/sweeppoints.ts';
import type { SweepPoints } from '../sys/sweeppoints.ts';
import { SweepState } from '../sys/sweepstate.ts';
import type { Orphan, PointState } from '../sys/sweepstate.ts';
import { isWritten, SweepSteps, writeFiles } from '../sys/sweepsteps.ts';
import type { SweepStep } from '../sys/sweepsteps.ts';
import { printOut, readColumns, tell } from '../sys/terminal.ts';

export type SweepOptions = ClusterOptions & {
  argv: ByteString[];
  project: ByteString | undefined;
  label: ByteString | undefined;
  reason: ByteString | undefined;
  tags: ByteString[];
  parameters: ByteString[];
  each: ByteString[];
  from: ByteString | undefined;
  random: ByteString | undefined;
  seed: ByteString | undefined;
  isZipped: boolean;
  writes: ByteString[];
  inputs: ByteString[];
  outputs: ByteString[];
  metrics: ByteString[];
  metricsFrom: ByteString[];
  /** 'NAME' or 'NAME=VALUE' */
  variables: ByteString[];
  timeout: ByteString | undefined;
  trace: ByteString | undefined;
  jobs: ByteString | undefined;
  load: ByteString | undefined;
  retries: ByteString | undefined;
  dryRun: boolean;
  failFast: boolean;
  force: boolean;
  reuse: ReuseWish;
  prune: boolean;
  yes: boolean;
  quiet: boolean;
};

// ---- options ----------------------------------------------------------------------------------------

function readCountOption(option: string, text: ByteString | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text) || (option === 'load' && /^\d{1,9}\.\d{1,9}$/.test(text)) ? Number(text) : -1;
  if (value < least) throw new Failure('cannot use --' + option + ' "' + text + '": not a number' + (least > 0 ? ' above 0' : ''), '', EXIT.usage);
  return value;
}

function requireLabel(options: SweepOptions): ByteString {
  if (options.label !== undefined && options.label !== '') return options.label;
  const word = (options.argv.find((one) => /^[\w./-]+\.\w+$/.test(one)) ?? options.argv[0] ?? 'scan').split(/[\s{]/)[0];
  const name = word.slice(word.lastIndexOf('/') + 1).replace(/\.\w+$/, '');
  throw new Failure('cannot sweep: it has no name, by which its points are found again', 'give it one: -l ' + quoteWord(name === '' ? 'scan' : name), EXIT.usage);
}

// More points than this are taken for a mistake.
const MOST_WITHOUT_YES = 100000;
const MOST_SHOWN = 20;

// ---- the points --------------------------------------------------------------------------------------

/** A point: its values are found again by its place among the points. */
type SweepPoint = { place: number; number: number };

type Sweep = {
  project: Project;
  folder: ByteString;
  label: ByteString;
  options: SweepOptions;
  state: SweepState;
  swept: SweepPoints;
  steps: SweepSteps;
  reuse: ReuseChoice | undefined;
};

function beginSweep(options: SweepOptions): Sweep {
  const label = requireLabel(options);
  const folder = readCurrentFolder();
  const variables = readVariableOptions(options.variables);
  const timeoutS = options.timeout === undefined ? undefined : parseTimeout(options.timeout);
  const asked = readAskedOptions(options);
  if (options.prune && options.each.length === 0) throw new Failure('cannot use --prune without --each', 'it removes the results of files that are gone', EXIT.usage);
  const project = options.dryRun ? requireProject(folder, options.project) : openOrMakeProject(options, folder);
  // What a killed rr had recorded, but not yet given its name, counts as recorded.
  if (!options.dryRun) settleLostRuns(project, '');
  const state = new SweepState(project, label);
  const swept = readSweepPoints(project, folder, options, options.writes.length > 0, (path) => state.isMade(path));
  const steps = new SweepSteps(project, folder, {
    argv: options.argv, label, reason: options.reason, tags: options.tags, inputs: options.inputs, outputs: options.outputs, metrics: options.metrics, metricsFrom: options.metricsFrom, writes: options.writes,
    variables, timeoutS, asked, observed: options.trace ?? 'auto',
  }, swept);
  // Each point has its own value, which what is set here would hide.
  for (const [name, value] of variables) if (value !== undefined) delete process.env[name];
  const reuse = options.dryRun ? undefined : chooseReuse(project, folder, options.reuse);
  return { project, folder, label, options, state, swept, steps, reuse };
}

function stepAt(sweep: Sweep, point: SweepPoint): SweepStep {
  return sweep.steps.stepOf(sweep.swept.points.at(point.place), point.number);
}

/** All points, each once, with their numbers. */
function listPoints(sweep: Sweep): SweepPoint[] {
  const { swept, steps, state, options } = sweep;
  const places: number[] = [];
  const keys: string[] = [];
  const known = new Set<string>();
  for (let place = 0; place < swept.points.count; place++) {
    const key = keyOfParameters(steps.parametersOf(swept.points.at(place)));
    if (known.has(key)) continue;
    known.add(key);
    keys.push(key);
    places.push(place);
  }
  const twice = swept.points.count - places.length;
  if (twice > 0 && !options.quiet) tell('rr: left out, as they are the same as others: ' + groupDigits(twice) + (twice === 1 ? ' point' : ' points'));
  const numbers = numberPoints(keys, state.numbers);
  return places.map((place, i) => ({ place, number: numbers[i] }));
}

function checkCount(sweep: Sweep): void {
  const { count } = sweep.swept.points;
  const words = count === Infinity ? 'more points than can be counted' : groupDigits(count) + ' points';
  if (count > MOST_POINTS) throw new Failure('cannot sweep over ' + words + ': at most ' + groupDigits(MOST_POINTS) + ' can be', 'draw some of them: --random 1000', EXIT.usage);
  if (count > MOST_WITHOUT_YES && !sweep.options.yes) throw new Failure('this sweep has ' + words, 'say --yes if that is meant, or draw some of them: --random 1000', EXIT.usage);
}

/** Two points that write the same file would each spoil what the other made. */
function refuseShared(sweep: Sweep, own: { number: number; outputs: ByteString[] }[]): void {
  const shared = findSharedOutput(own);
  if (shared === undefined) return;
  const where = sweep.options.writes.concat(sweep.options.outputs).some((given) => given.indexOf('{') >= 0) ? 'put {n} into the name as well' : 'put {n} or a parameter into the name: -o out/{n}.csv';
  throw new Failure('cannot sweep: points ' + String(shared.first) + ' and ' + String(shared.second) + ' are both to write "' + shared.path + '"', where, EXIT.usage);
}

/** What would be written over a file that somebody else made is refused. */
function refuseOverwriting(sweep: Sweep, step: SweepStep): void {
  if (sweep.options.force) return;
  for (const file of step.written) {
    if (lstatIfThere(absoluteOf(sweep.project, file.path)) === undefined || isWritten(sweep.project, file) || sweep.state.wasRead(file.path)) continue;
    throw new Failure('cannot write "' + file.path + '": it is there, and not of this sweep', 'move it away, or say --force', EXIT.refused);
  }
}

/** A point that is to be run. `why`: undefined if it is new. */
type WantedPoint = SweepPoint & { why: ByteString | undefined; expectedS: number | undefined };

const POINTS_AT_A_TIME = 1000;

/** Which points are to be run. Looks at some of them at a time, as steps take their room. */
async function findWanted(sweep: Sweep, points: SweepPoint[]): Promise<WantedPoint[]> {
  const { state, options } = sweep;
  const wanted: WantedPoint[] = [];
  const own: { number: number; outputs: ByteString[] }[] = [];
  for (let from = 0; from < points.length; from += POINTS_AT_A_TIME) {
    const some = points.slice(from, from + POINTS_AT_A_TIME);
    const steps = some.map((point) => stepAt(sweep, point));
    const states = await state.judge(steps);
    steps.forEach((step, i) => {
      own.push({ number: step.number, outputs: step.own });
      const why = whyRun(states[i], options.force);
      if (why === undefined) return;
      refuseOverwriting(sweep, step);
      wanted.push({ ...some[i], why: why === 'new' ? undefined : why, expectedS: state.expectedSOf(step) });
    });
  }
  refuseShared(sweep, own);
  return wanted;
}

/** Why the point is to be run; undefined if it need not be. */
function whyRun(state: PointState, isForced: boolean): ByteString | undefined {
  if (state.kind === 'recorded') return isForced ? 'asked for' : undefined;
  return state.kind === 'new' ? 'new' : state.why;
}

// ---- results of inputs that are gone ------------------------------------------------------------------

const REMOVED_AT_A_TIME = 200;

/** Removes these results by a command that is recorded, so that they are results no more. */
async function prune(sweep: Sweep, orphans: Orphan[]): Promise<boolean> {
  const { project, label, options } = sweep;
  const going = orphans.filter((one) => one.isAsLeft);
  for (const { path, of } of options.quiet ? [] : orphans.filter((one) => !one.isAsLeft)) tell('rr: kept ' + path + ': ' + of + ' is gone, but it was changed by hand');
  for (let from = 0; from < going.length; from += REMOVED_AT_A_TIME) {
    const some = going.slice(from, from + REMOVED_AT_A_TIME);
    const template = emptyRun('', quoteCommand(['rm', '-f', '--'].concat(some.map((one) => one.path)), project.root, '.'), '', RR_VERSION);
    template.label = label;
    template.reason = 'rr sweep --prune: gone are ' + Array.from(new Set(some.map((one) => one.of))).join(', ');
    template.observed = 'scan';
    const end = await executeStep(project, { key: 'prune', template, prior: undefined, restore: [], isReused: false }, ALONE);
    for (const problem of end.problems) tell('rr: ' + problem);
    if (!end.isGood) return false;
  }
  if (going.length > 0 && !options.quiet) tell('rr: removed ' + groupDigits(going.length) + (going.length === 1 ? ' result' : ' results') + ' of files that are gone');
  return true;
}

// ---- results that nobody would see -------------------------------------------------------------------

/** Why nothing that the points write will be on record; undefined if it will. */
function findWhyUnseen({ project, options }: Sweep): string | undefined {
  const method = options.trace ?? 'auto';
  if (options.outputs.length + options.metrics.length > 0 || method === 'strace') return undefined;
  if (method === 'none') return 'with --trace none';
  const isAlone = options.on === undefined && readCountOption('jobs', options.jobs, 1) === 1;
  if (isAlone || (method === 'auto' && (options.dryRun || findStrace(project).kind === 'works'))) return undefined;
  return method === 'auto' ? 'without strace, and several points at the same time,' : 'with --trace ' + method + ', and several points at the same time,';
}

// ---- all of it ----------------------------------------------------------------------------------------

function jobOf(sweep: Sweep, point: WantedPoint): StepJob {
  const step = stepAt(sweep, point);
  writeFiles(sweep.project, step.written);
  const prior = sweep.state.priorOf(step);
  step.template.because = point.why;
  step.template.redoes = prior?.id;
  return { key: String(point.number), name: sweep.label + ' ' + String(point.number), template: step.template, prior, restore: [], isReused: sweep.reuse !== undefined && !sweep.options.force, reuse: sweep.reuse };
}

function taskOf(sweep: Sweep, point: WantedPoint, slots: number): ScheduledTask {
  const { cpus } = sweep.options;
  const memory = readAskedOptions(sweep.options).find((line) => line.startsWith('memory '));
  return { key: String(point.number), before: [], expectedS: point.expectedS, cpus: cpus === undefined ? 1 : Math.min(slots, Number(cpus)), memoryBytes: memory === undefined ? undefined : Number(memory.slice(7)) };
}

/** Hands the points over to a cluster instead. */
async function handPointsOver(sweep: Sweep, wanted: WantedPoint[], wish: ClusterWish, cluster: ClusterReport): Promise<number> {
  const { project, label, options, reuse } = sweep;
  const tasks = wanted.map((point) => {
    const { template, prior } = jobOf(sweep, point);
    return makePointTask(template, prior, point.expectedS, options.force);
  });
  const batchOptions = listTaskOptions({ hasEnvironment: options.reuse.hasEnvironment, retries: readCountOption('retries', options.retries, 0) ?? 0, timeoutS: undefined, reuse });
  return runOnCluster({ project, verb: 'sweep', title: label, tasks, options: batchOptions }, wish, cluster, 'point', options.quiet);
}

async function runWanted(sweep: Sweep, wanted: WantedPoint[], recorded: number): Promise<number> {
  const { project, label, options } = sweep;
  refuseInFlight(project, () => wanted.map((point) => keyOfPoint(label, stepAt(sweep, point).template.parameters)));
  const slots = readCountOption('jobs', options.jobs, 1) ?? listProcessors().length;
  const places = new Map(wanted.map((point) => [String(point.number), point]));
  let reused = 0;
  const result = await runTasks({
    project, tasks: wanted.map((point) => taskOf(sweep, point, slots)), decide: async (key) => jobOf(sweep, places.get(key) as WantedPoint),
    onEnd: (end) => { if (end.isGood && end.run.reused !== undefined) reused += 1; },
    slots, maxLoad: readCountOption('load', options.load, 0), memoryBytes: options.memory === undefined ? undefined : os().totalmem(), keepGoing: !options.failFast,
    retries: readCountOption('retries', options.retries, 0) ?? 0, timeoutS: undefined, quiet: options.quiet, isTerse: true,
  });
  const failed = wanted.filter((point) => result.outcomes.get(String(point.number)) === 'failed').map((point) => point.number);
  const succeeded = wanted.filter((point) => result.outcomes.get(String(point.number)) === 'done').length;
  if (!options.quiet || failed.length > 0) tell('rr: ' + printSweepSum({ label, points: wanted.length + recorded, succeeded, reused, recorded, failed, notRun: wanted.length - succeeded - failed.length }));
  if (result.signal !== undefined) return 128 + os().constants.signals[result.signal as NodeJS.Signals];
  if (succeeded < wanted.length) return EXIT.differs;
  return result.isRecorded ? 0 : EXIT.notRecorded;
}

function describePoint(sweep: Sweep, point: SweepPoint, why: ByteString): PlannedPoint {
  return { number: point.number, why, template: stepAt(sweep, point).template };
}

/** `-n` of more points than are to be looked at. */
function forecastMany(sweep: Sweep): SweepForecast {
  const { points } = sweep.swept;
  const shown = Array.from({ length: Math.min(MOST_SHOWN, points.count) }, (_, place) => describePoint(sweep, { place, number: place + 1 }, ''));
  return { label: sweep.label, points: points.count, toRun: undefined, recorded: undefined, shown, orphans: [] };
}

/**
 * Runs what is not recorded of a sweep, or tells what would be run. Status 0 only if all points are
 * recorded as they are to be.
 */
export async function runSweep(options: SweepOptions): Promise<number> {
  const sweep = beginSweep(options);
  const { project, label, state, swept, steps } = sweep;
  if (!options.quiet) for (const warning of steps.warnings) tell('rr: warning: ' + warning);
  if (options.dryRun && swept.points.count > MOST_WITHOUT_YES && !options.yes) {
    printOut(printSweepForecast(forecastMany(sweep), readColumns(1)));
    return 0;
  }
  checkCount(sweep);
  const unseen = findWhyUnseen(sweep);
  if (unseen !== undefined && !options.quiet) tell('rr: warning: nothing that the points write will be on record: ' + unseen + ' that is only what -o and --metrics name');
  if (swept.paths?.length === 0 && !options.prune) throw new Failure('cannot sweep: no file fits ' + options.each.map((one) => '"' + one + '"').join(' or '), state.numbers.size === 0 ? '' : 'to remove the results of files that are gone, say --prune', EXIT.refused);
  const say = (line: ByteString): void => tell('rr: ' + line);
  const wish = readClusterOptions(options);
  const cluster = wish === undefined || options.dryRun ? undefined : await settleCluster(project, say);
  if (!options.dryRun && cluster === undefined) await recoverAside(project, say);
  // Points that wait or run have no record, and their numbers are taken.
  for (const [key, number] of cluster === undefined ? [] : listFlyingPoints(project, cluster, label)) if (!state.numbers.has(key)) state.numbers.set(key, number);
  const orphans = options.prune ? await state.listOrphans() : [];
  const points = listPoints(sweep);
  const wanted = await findWanted(sweep, points);
  const recorded = points.length - wanted.length;
  if (options.dryRun) {
    const shown = wanted.slice(0, MOST_SHOWN).map((point) => describePoint(sweep, point, point.why ?? 'new'));
    printOut(printSweepForecast({ label, points: points.length, toRun: wanted.length, recorded, shown, orphans }, readColumns(1)));
    return 0;
  }
  const isPruned = await prune(sweep, orphans);
  const status = wish !== undefined && cluster !== undefined ? await handPointsOver(sweep, wanted, wish, cluster) : await runWanted(sweep, wanted, recorded);
  return isPruned ? status : EXIT.differs;
}
