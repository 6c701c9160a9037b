// clustertask.ts - does the tasks of one job of a cluster, on the machine that it was given. Submits nothing.
//
//   Began --> (predecessors did not come to a good end) --> blocked
//         --> (no need)  --> skipped
//         --> (carried out) --> done, failed, interrupted
//
// A job that is begun anew does what has not come to a good end. An attempt before it that left no end
// is dead then, whatever its marks say: a cluster runs a job once at a time.
import type { ByteString } from '../core/bytes.ts';
import { tasksOfJob } from '../core/clusterplan.ts';
import type { TaskAttempt, TaskEnd } from '../core/clusterplan.ts';
import { Failure } from '../core/failure.ts';
import type { ClusterBatch } from '../formats/clusterbatch.ts';
import { recoverAside } from './aside.ts';
import { batchFolder, declareDead, noteAttempt, noteTaskEnd, readBatch, readTask, readTaskState } from './clusterbatch.ts';
import type { ReadTask } from './clusterbatch.ts';
import { ALONE, executeStep } from './execute.ts';
import type { StepEnd, StepJob } from './execute.ts';
import { listFolder, lstatIfThere, removeIfThere, toBytes } from './files.ts';
import { os } from './node.ts';
import { absoluteOf, describeSystemError } from './project.ts';
import type { Project } from './project.ts';
import { UNCLAIMED_ID } from './recording.ts';
import { readRun } from './records.ts';
import { askForJobs } from './slurm.ts';
import { describeSelf, settleLostRuns } from './store.ts';
import { tell } from './terminal.ts';

/** What is to be done for a task of which all that comes before is settled; `failed`: it cannot be, as a sentence. */
export type TaskDecision = { kind: 'run'; job: StepJob } | { kind: 'skip' } | { kind: 'failed'; why: ByteString };

export type ClusterJobRequest = { project: Project; batch: ClusterBatch; place: number; index: number; decide: (read: ReadTask) => Promise<TaskDecision> };

type ClusterSession = ClusterJobRequest & { job: ByteString; node: ByteString; restarts: number; holder: ByteString; isStopped: () => boolean };

// ---- what comes before ----------------------------------------------------------------------------------

const LATENCY_MS = 1000;
// A network file system may show what another machine has written only after its caches have aged.
const MOST_LATENCY_MS = 60000;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until this machine sees something that another has written. False if it does not. */
async function waitToSee(session: ClusterSession, isSeen: () => boolean): Promise<boolean> {
  for (let waitedMs = 0; !isSeen(); waitedMs += LATENCY_MS) {
    if (waitedMs >= MOST_LATENCY_MS || session.isStopped()) return false;
    await pause(LATENCY_MS);
  }
  return true;
}

/** 'NUMBER' of this batch, or 'BATCH:NUMBER'. */
function readBefore(session: ClusterSession, reference: string): ReturnType<typeof readTaskState> {
  const colon = reference.indexOf(':');
  const number = Number(reference.slice(colon + 1));
  return readTaskState(session.project, colon < 0 ? session.batch.id : reference.slice(0, colon), number);
}

function lastEnd(attempts: TaskAttempt[]): TaskAttempt['end'] {
  return attempts[attempts.length - 1]?.end;
}

/** Has this machine got the record of a run, and what it wrote, in that size? Listing a folder has it looked at anew. */
function isRunSeen(project: Project, id: string): boolean {
  const run = readRun(project, id);
  if (run === undefined) {
    listFolder(project.provenance + '/runs');
    return false;
  }
  return run.outputs.every((file) => {
    const stat = lstatIfThere(absoluteOf(project, file.path));
    if (stat !== undefined && (file.kind === 'd' || stat.size === file.size)) return true;
    listFolder(absoluteOf(project, file.path).replace(/\/[^/]*$/, ''));
    return false;
  });
}

/** Does the cluster say that its last attempt was cut short? */
function isKnownToBeCut(attempts: TaskAttempt[]): boolean {
  const [id, place] = attempts[attempts.length - 1].job.split('_');
  const answer = askForJobs([id]);
  const state = answer.kind === 'told' ? answer.jobs.stateOf(id, Number(place)) : undefined;
  return state !== undefined && state.kind === 'over' && !/^(?:COMPLETED|FAILED)/.test(state.word);
}

/** Why the task cannot go on after these; undefined if it can. */
async function findBlock(session: ClusterSession, references: string[]): Promise<ByteString | undefined> {
  for (const reference of references) {
    const began = readBefore(session, reference);
    // Its batch has gone, with all that came to an end: the step itself is judged by its files.
    if (began === undefined) continue;
    // One that began and left no end may have written it where this machine does not see it yet.
    if (began.attempts.length > 0 && lastEnd(began.attempts) === undefined && !isKnownToBeCut(began.attempts)) await waitToSee(session, () => lastEnd(readBefore(session, reference)?.attempts ?? []) !== undefined);
    const { task, attempts } = readBefore(session, reference) ?? began;
    const end = lastEnd(attempts);
    if (end === undefined) return task.name + (attempts.length === 0 ? ' was never begun' : ' was lost with its job');
    if (end.what !== 'done' && end.what !== 'skipped') return task.name + ' ' + { failed: 'failed', blocked: 'was not run', interrupted: 'was interrupted' }[end.what];
    const { runId } = end;
    if (runId !== undefined) await waitToSee(session, () => isRunSeen(session.project, runId));
  }
  return undefined;
}

// ---- one task -------------------------------------------------------------------------------------------

/** Settles what earlier attempts of this very job have left. */
async function settleAttempts(session: ClusterSession, attempts: TaskAttempt[]): Promise<void> {
  const dead = new Set(attempts.filter((attempt) => attempt.end === undefined && attempt.holder !== session.holder).map((attempt) => attempt.holder));
  if (dead.size === 0) return;
  declareDead(session.project, dead);
  settleLostRuns(session.project, '');
  await recoverAside(session.project, () => undefined, false);
}

function describeTaskEnd(end: StepEnd): { what: TaskEnd; text: ByteString } {
  const { run, problems } = end;
  if (end.isGood) return { what: 'done', text: '' };
  const why = run.id === UNCLAIMED_ID || run.exit === undefined ? problems[0] ?? 'it could not be started' : run.exit === 0 && run.missingOutputs.length > 0 ? 'it did not make ' + run.missingOutputs.join(', ') : 'exit ' + String(run.exit);
  return { what: run.status === 'interrupted' ? 'interrupted' : 'failed', text: why };
}

/** The number in an option 'NAME NUMBER' of a batch. */
function readBatchNumber(batch: ClusterBatch, name: string): number | undefined {
  const text = batch.options.find((option) => option.startsWith(name + ' '))?.slice(name.length + 1) ?? '';
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}

async function doStep(session: ClusterSession, number: number, read: ReadTask): Promise<{ what: TaskEnd; runId?: string; text: ByteString }> {
  const block = await findBlock(session, read.task.before);
  if (block !== undefined) return { what: 'blocked', text: block };
  const decision = await session.decide(read);
  if (session.isStopped()) return { what: 'interrupted', text: 'before it was begun' };
  if (decision.kind === 'skip') return { what: 'skipped', text: '' };
  if (decision.kind === 'failed') return { what: 'failed', text: decision.why };
  const { job } = decision;
  const template = { ...job.template, asked: session.batch.arrays[session.place].asked, job: 'slurm ' + session.job + ' ' + session.node, timeoutS: job.template.timeoutS ?? readBatchNumber(session.batch, 'timeout') };
  let end = await executeStep(session.project, { ...job, key: read.task.key, template }, { ...ALONE, isAlone: false });
  for (let left = readBatchNumber(session.batch, 'retries') ?? 0; left > 0 && !end.isGood && end.run.id !== UNCLAIMED_ID && !session.isStopped(); left--) {
    end = await executeStep(session.project, { ...job, key: read.task.key, template }, { ...ALONE, isAlone: false });
  }
  for (const problem of end.problems) tell('rr: task ' + String(number) + ': ' + problem);
  return { ...describeTaskEnd(end), runId: end.run.id === UNCLAIMED_ID ? undefined : end.run.id };
}

/** True if it came to a good end. */
async function doTask(session: ClusterSession, number: number): Promise<boolean> {
  const { project, batch, job, node, restarts, holder } = session;
  const read = readTask(project, batch.id, number);
  if (read === undefined) throw new Failure('cannot do task ' + String(number) + ' of the batch ' + batch.id + ': there is none');
  const before = lastEnd(read.attempts)?.what;
  if (before === 'done' || before === 'skipped') return true;
  await settleAttempts(session, read.attempts);
  noteAttempt(project, batch.id, number, { job, node, restarts, holder, end: undefined });
  const note = (what: TaskEnd, runId: string | undefined, text: ByteString): boolean => {
    noteTaskEnd(project, batch.id, number, what, runId, text);
    return what === 'done' || what === 'skipped';
  };
  try {
    const { what, runId, text } = await doStep(session, number, read);
    return note(what, runId, text);
  } catch (error) {
    note('failed', undefined, error instanceof Failure ? error.message : describeSystemError(error));
    throw error;
  }
}

// ---- the job --------------------------------------------------------------------------------------------

/** What rr itself said is in a file that the cluster made; one that is empty says nothing. */
function removeEmptyLog(session: ClusterSession): void {
  const name = batchFolder(session.project, session.batch.id) + '/log/' + session.job;
  if (lstatIfThere(name)?.size === 0) removeIfThere(name);
}

function readJobName(index: number): ByteString {
  const id = toBytes(process.env.SLURM_ARRAY_JOB_ID ?? process.env.SLURM_JOB_ID ?? '0');
  return id + '_' + String(index);
}

const STOPPING: NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/** The batch and the array that a job is told to work at. Throws Failure if they are not there. */
export function requireBatch(project: Project, id: string, place: number): ClusterBatch {
  const batch = readBatch(project, id);
  if (batch === undefined || batch.arrays[place] === undefined) throw new Failure('cannot work at the batch ' + id + ': it is not in "' + project.own + '/slurm"', 'is the project on a file system that all machines share?');
  return batch;
}

/** Does the tasks of one job. Returns the exit status: that of the cluster's own list of jobs. */
export async function runClusterJob(request: ClusterJobRequest): Promise<number> {
  let isStopped = false;
  const stop = (): void => { isStopped = true; };
  for (const signal of STOPPING) process.on(signal, stop);
  const session: ClusterSession = {
    ...request, job: readJobName(request.index), node: toBytes(process.env.SLURMD_NODENAME ?? os().hostname()), restarts: Number(process.env.SLURM_RESTART_COUNT ?? 0) || 0,
    holder: describeSelf(), isStopped: () => isStopped,
  };
  let isGood = true;
  for (const number of tasksOfJob(request.batch.arrays[request.place], request.index)) {
    if (isStopped) break;
    isGood = await doTask(session, number) && isGood;
  }
  removeEmptyLog(session);
  return isGood && !isStopped ? 0 : 1;
}
