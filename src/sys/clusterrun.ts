// clusterrun.ts - hands steps over to Slurm for a verb, tells the person, and waits if that is wanted. Judges no step.
import type { ByteString } from '../core/bytes.ts';
import { isInFlight } from '../core/clusterplan.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { countTasks } from '../views/clusterstatus.ts';
import { listInFlight, readCluster } from './clusterstate.ts';
import type { BatchReport, ClusterReport } from './clusterstate.ts';
import { submitTasks } from './clustersubmit.ts';
import type { Submitted, SubmitRequest } from './clustersubmit.ts';
import type { Project } from './project.ts';
import { readAskedOptions } from './runoptions.ts';
import { tell } from './terminal.ts';

/** Options that have to do with a cluster, as given. */
export type ClusterOptions = {
  on: ByteString | undefined;
  wait: boolean;
  pack: ByteString | undefined;
  sbatchOptions: ByteString[];
  cpus: ByteString | undefined;
  memory: ByteString | undefined;
  time: ByteString | undefined;
  partition: ByteString | undefined;
};

export type ClusterWish = Pick<SubmitRequest, 'asked' | 'pack' | 'sbatchOptions'> & { isWaiting: boolean };

/** What is wanted of a cluster; undefined if none is to be used. Throws Failure for what makes no sense. */
export function readClusterOptions(options: ClusterOptions): ClusterWish | undefined {
  const refuse = (option: string, why: string, hint: string): never => { throw new Failure('cannot use ' + option + ': ' + why, hint, EXIT.usage); };
  if (options.on === undefined) {
    const alone = options.wait ? '--wait' : options.pack !== undefined ? '--pack' : options.sbatchOptions.length > 0 ? '--sbatch-option' : undefined;
    if (alone !== undefined) refuse(alone, 'nothing is handed over to a cluster', 'add --on slurm');
    return undefined;
  }
  if (options.on !== 'slurm') refuse('--on "' + options.on + '"', 'only slurm is known', 'see "Clusters" in the manual for others');
  const pack = options.pack ?? '1';
  if (!/^[1-9]\d{0,5}$/.test(pack)) refuse('--pack "' + pack + '"', 'not a number of steps', 'a whole number from 1');
  const odd = options.sbatchOptions.find((one) => !/^--?[A-Za-z]/.test(one));
  if (odd !== undefined) refuse('--sbatch-option "' + odd + '"', 'no option of sbatch', "write --sbatch-option=--account=NAME");
  return { asked: readAskedOptions(options), pack: Number(pack), sbatchOptions: options.sbatchOptions, isWaiting: options.wait };
}

/** Throws Failure if one of these steps waits or runs on a cluster: two runs of it at once would spoil each other's results. */
export function refuseInFlight(project: Project, listKeys: () => string[]): void {
  const flying = listInFlight(readCluster(project));
  if (flying.size === 0) return;
  const found = listKeys().map((key) => flying.get(key)).filter((one): one is NonNullable<typeof one> => one !== undefined);
  if (found.length === 0) return;
  const more = found.length === 1 ? '' : ' (and ' + String(found.length - 1) + ' more)';
  throw new Failure('cannot run "' + found[0].report.name + '" here' + more + ': it is ' + found[0].report.status.what + ' on Slurm, as job ' + found[0].report.job, 'wait for it (rr status), or end it: scancel ' + found[0].job, EXIT.refused);
}

function pluralOf(number: number, one: string): string {
  return String(number) + ' ' + one + (number === 1 ? '' : 's');
}

function tellSubmitted(what: string, submitted: Submitted): void {
  const { batch, jobs, inFlight, problem } = submitted;
  const flying = inFlight === 0 ? '' : pluralOf(inFlight, what) + ' waited or ran there already';
  if (batch === undefined) return tell('rr: ' + (flying === '' ? 'nothing to hand over' : 'nothing more to hand over: ' + flying));
  tell('rr: handed over to Slurm: ' + pluralOf(submitted.submitted, what) + ' as ' + (jobs.length === 1 ? 'job ' : 'jobs ') + jobs.join(', ') + (flying === '' ? '' : '; ' + flying));
  if (problem !== undefined) tell('rr: not handed over: ' + pluralOf(problem.left, what) + ': ' + problem.why);
}

// ---- waiting --------------------------------------------------------------------------------------------

const FIRST_LOOK_MS = 1000;
// Slurm's manual asks programs not to call squeue in a tight loop.
const LAST_LOOK_MS = 15000;

function pauseFor(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Tells each change of the counts until nothing of these keys is in flight. The reports on them as they are then. */
async function waitForEnd(project: Project, keys: Set<string>, quiet: boolean): Promise<BatchReport['tasks']> {
  let shown = '';
  for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(LAST_LOOK_MS, lookMs * 1.2)) {
    const cluster = readCluster(project);
    const tasks = cluster.batches.reduce((all: BatchReport['tasks'], batch) => all.concat(batch.tasks.filter((task) => keys.has(task.key))), []);
    const line = cluster.problem !== undefined ? 'Slurm cannot be asked now: ' + cluster.problem : countTasks(tasks);
    if (line !== shown && !quiet) tell('rr: on Slurm: ' + line);
    shown = line;
    if (cluster.problem === undefined && !tasks.some((task) => isInFlight(task.status))) return tasks;
    await pauseFor(lookMs);
  }
}

const MOST_FAULTS_TOLD = 10;

function tellFaults(tasks: BatchReport['tasks']): void {
  const bad = tasks.filter((task) => task.status.what !== 'done' && task.status.what !== 'skipped');
  for (const { name, status } of bad.slice(0, MOST_FAULTS_TOLD)) tell('rr: ' + name + ': ' + (status.what === 'blocked' ? 'not run because ' : status.what + (status.detail === '' ? '' : ', ')) + status.detail);
  if (bad.length > MOST_FAULTS_TOLD) tell('rr: and ' + String(bad.length - MOST_FAULTS_TOLD) + ' more (rr status --all)');
}

/**
 * Hands over and tells. Returns the exit status: 0 if all was handed over, and with `wish.isWaiting` if all
 * of it came to a good end. `cluster` is what settleCluster() gave; `what`: "step".
 */
export async function runOnCluster(request: Omit<SubmitRequest, 'asked' | 'pack' | 'sbatchOptions'>, wish: ClusterWish, cluster: ClusterReport, what: string, quiet: boolean): Promise<number> {
  const submitted = submitTasks({ ...request, ...wish }, cluster);
  if (!quiet || submitted.problem !== undefined) tellSubmitted(what, submitted);
  if (!wish.isWaiting) {
    if (!quiet && submitted.batch !== undefined) tell('rr: "rr status" tells what becomes of it');
    return submitted.problem === undefined ? 0 : EXIT.failed;
  }
  const keys = new Set(request.tasks.map((task) => task.key));
  const tasks = await waitForEnd(request.project, keys, quiet);
  if (!quiet) tellFaults(tasks);
  const isGood = tasks.every((task) => task.status.what === 'done' || task.status.what === 'skipped');
  return submitted.problem !== undefined ? EXIT.failed : isGood ? 0 : EXIT.differs;
}
