// clusterbatch.ts - batches of cluster jobs on the disk (docs/cluster.txt), for any number of readers and writers. Asks no cluster.
//
//   .rr/slurm/BATCH/
//     batch                what was planned: arrays and options; never changed
//     jobs                 what became of each array when it was handed over; the submitter appends
//     tasks/N              the task N: what is to be done; never changed, but for what whoever does it appends
//     array-N.sh           what the cluster was given to start
//     log/JOB_PLACE        what rr itself said there; gone if it said nothing
//
// Invariants
// 1. A batch appears whole, by a rename, before anything of it is handed over.
// 2. A file of a task is there from the beginning, and only the task's own job appends to it, of which
//    a cluster runs one at a time. So it needs no lock; and on a network file system opening it again
//    shows what another machine appended, which for a new name may take a minute.
import type { ByteString } from '../core/bytes.ts';
import type { TaskAttempt, TaskEnd } from '../core/clusterplan.ts';
import { RUN_ID } from '../core/run.ts';
import type { Run } from '../core/run.ts';
import { parseArrayJobs, parseBatch, parseTask, printArrayJob, printAttempt, printBatch, printTask, printTaskEnd } from '../formats/clusterbatch.ts';
import type { ArrayJobs, BatchTask, ClusterBatch } from '../formats/clusterbatch.ts';
import { parseRun } from '../formats/record.ts';
import { listFolder, listOwnFolder, lstatIfThere, makeFolder, readBytesIfThere, toFsPath } from './files.ts';
import { fs } from './node.ts';
import type { Project } from './project.ts';
import { removeTree } from './scratch.ts';
import { printRecord } from './store.ts';

function batchesFolder(project: Project): ByteString {
  return project.own + '/slurm';
}

/** Absolute name of a batch's folder. Throws if `id` is no id. */
export function batchFolder(project: Project, id: string): ByteString {
  if (!RUN_ID.test(id)) throw new Error('not an id: ' + id);
  return batchesFolder(project) + '/' + id;
}

function taskName(project: Project, id: string, number: number): ByteString {
  return batchFolder(project, id) + '/tasks/' + String(number);
}

/** Ids of the batches that are there, oldest first. */
export function listBatches(project: Project): string[] {
  return listOwnFolder(batchesFolder(project)).filter((name) => RUN_ID.test(name)).sort();
}

export function readBatch(project: Project, id: string): ClusterBatch | undefined {
  const text = readBytesIfThere(batchFolder(project, id) + '/batch');
  return text === undefined ? undefined : parseBatch(text);
}

export function readArrayJobs(project: Project, id: string): ArrayJobs {
  return parseArrayJobs(readBytesIfThere(batchFolder(project, id) + '/jobs') ?? '');
}

// Facts that every record must have and a template need not.
const NO_ID = '00000000T000000Z-aaaaaa';
const NO_TIME = '1970-01-01T00:00:00.000000Z';

export type ReadTask = { task: BatchTask; template: Run | undefined; attempts: TaskAttempt[] };

/** Undefined if there is no such task. */
export function readTask(project: Project, id: string, number: number): ReadTask | undefined {
  const name = taskName(project, id, number);
  const parsed = parseTask(readBytesIfThere(name) ?? '');
  return parsed === undefined ? undefined : { ...parsed, template: parsed.template === '' ? undefined : parseRun(parsed.template, name) };
}

/** The same without the template, for those who only want to know what became of it. */
export function readTaskState(project: Project, id: string, number: number): Omit<ReadTask, 'template'> | undefined {
  return parseTask(readBytesIfThere(taskName(project, id, number)) ?? '');
}

/** Writes a batch; `tasks` by number from 1, in their order (invariant 1). */
export function createBatch(project: Project, batch: ClusterBatch, tasks: { task: BatchTask; template: Run | undefined }[], scripts: ByteString[]): void {
  const folder = batchesFolder(project) + '/new-' + batch.id;
  makeFolder(folder + '/tasks');
  makeFolder(folder + '/log');
  const put = (name: ByteString, content: ByteString): void => fs.writeFileSync(toFsPath(folder + '/' + name), content, 'latin1');
  tasks.forEach(({ task, template }, index) => {
    put('tasks/' + String(index + 1), printTask(task, template === undefined ? '' : printRecord({ ...template, id: NO_ID, startedUtc: NO_TIME })));
  });
  scripts.forEach((script, place) => put(scriptName(place), script));
  put('jobs', '');
  put('batch', printBatch(batch));
  fs.renameSync(toFsPath(folder), toFsPath(batchFolder(project, batch.id)));
}

export function scriptName(place: number): string {
  return 'array-' + String(place + 1) + '.sh';
}

function append(name: ByteString, line: ByteString): void {
  fs.appendFileSync(toFsPath(name), line, 'latin1');
}

/** Takes note of what becomes of an array. */
export function noteArrayJob(project: Project, id: string, place: number, what: 'trying' | 'submitted' | 'refused', detail: ByteString): void {
  append(batchFolder(project, id) + '/jobs', printArrayJob(place, what, detail));
}

/** A line of its own, also after one that was cut off. */
export function noteAttempt(project: Project, id: string, number: number, attempt: TaskAttempt): void {
  const name = taskName(project, id, number);
  append(name, (readBytesIfThere(name) ?? '\n').endsWith('\n') ? printAttempt(attempt) : '\n' + printAttempt(attempt));
}

export function noteTaskEnd(project: Project, id: string, number: number, what: TaskEnd, runId: string | undefined, text: ByteString): void {
  append(taskName(project, id, number), printTaskEnd(what, runId, text));
}

/** Removes a batch, of which nothing may be in flight. */
export function removeBatch(project: Project, id: string): void {
  removeTree(batchFolder(project, id));
}

const LEFTOVER_BATCH_MS = 3600000;

/** Removes what a kill left of batches that were never handed over. */
export function removeUnfinishedBatches(project: Project, nowMs: number): void {
  for (const name of listFolder(batchesFolder(project))) {
    const folder = batchesFolder(project) + '/' + name;
    if (name.startsWith('new-') && nowMs - (lstatIfThere(folder)?.mtimeMs ?? nowMs) > LEFTOVER_BATCH_MS) removeTree(folder);
  }
}

// ---- who is dead --------------------------------------------------------------------------------------

/**
 * Lets everybody know that these processes are gone, of which the cluster says so: a mark of another
 * machine is believed as long as it was touched lately. What they held is settled as of any that were killed.
 */
export function declareDead(project: Project, holders: Set<string>): void {
  if (holders.size === 0) return;
  const age = (name: ByteString): void => {
    const holder = /^(?:Holder: )?(\d+ \d+ \S+ \S+)$/m.exec(readBytesIfThere(name) ?? '');
    if (holder !== null && holders.has(holder[1]) && lstatIfThere(name) !== undefined) fs.utimesSync(toFsPath(name), 0, 0);
  };
  for (const folder of ['running', 'pending']) for (const name of listFolder(project.own + '/' + folder)) if (RUN_ID.test(name)) age(project.own + '/' + folder + '/' + name);
  for (const name of listFolder(project.own + '/aside')) if (name.startsWith('held-')) age(project.own + '/aside/' + name + '/holder');
}
