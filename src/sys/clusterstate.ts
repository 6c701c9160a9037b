// clusterstate.ts - what has become of the batches, by their files and by what the cluster says; settles what is over. Submits nothing.
import type { ByteString } from '../core/bytes.ts';
import { isInFlight, judgeTask, tasksOfJob } from '../core/clusterplan.ts';
import type { JobState, TaskAttempt, TaskStatus } from '../core/clusterplan.ts';
import type { ClusterBatch } from '../formats/clusterbatch.ts';
import { printJobName } from '../formats/slurm.ts';
import { declareDead, listBatches, readArrayJobs, readBatch, readTaskState, removeBatch } from './clusterbatch.ts';
import type { Project } from './project.ts';
import { errorCode } from './files.ts';
import { askForJobs, findJobByName, SlurmJobs } from './slurm.ts';

/** `before`: as in its file. `job`: 'NUMBER_PLACE', '' if there is none. */
export type TaskReport = { number: number; key: string; name: ByteString; before: string[]; job: string; status: TaskStatus; attempts: TaskAttempt[] };

/** `refused`: why arrays could not be handed over. */
export type BatchReport = { batch: ClusterBatch; tasks: TaskReport[]; refused: ByteString[] };

/** `problem`: why the cluster could not be asked; undefined if it could, or there was nothing to ask. */
export type ClusterReport = { batches: BatchReport[]; problem: ByteString | undefined };

/** Name of the job of an array. */
export function nameOfArray(batch: ClusterBatch, place: number): ByteString {
  return printJobName(batch.title === '' ? batch.verb : batch.title, batch.id, place);
}

type Opened = { batch: ClusterBatch; tasks: (TaskReport | undefined)[]; jobs: (JobState | { kind: 'submitted'; job: string })[]; refused: ByteString[] };

function hasGoodEnd(attempts: TaskAttempt[]): boolean {
  const what = attempts[attempts.length - 1]?.end?.what;
  return what === 'done' || what === 'skipped';
}

/** A batch by its files alone. `findJob` finds an array that was perhaps handed over. */
function openBatch(project: Project, batch: ClusterBatch, findJob: (name: ByteString) => ReturnType<typeof findJobByName>): Opened {
  const opened: Opened = { batch, tasks: [undefined], jobs: [], refused: [] };
  const known = readArrayJobs(project, batch.id);
  batch.arrays.forEach((array, place) => {
    const job = known.get(place);
    if (job?.kind === 'refused') opened.refused.push(job.why);
    if (job === undefined || job.kind === 'refused') opened.jobs.push({ kind: 'unsubmitted' });
    else if (job.kind === 'submitted') opened.jobs.push(job);
    else {
      const found = findJob(nameOfArray(batch, place));
      opened.jobs.push(found.kind === 'refused' ? { kind: 'unasked' } : found.id === undefined ? { kind: 'unsubmitted' } : { kind: 'submitted', job: found.id });
    }
    for (let number = array.first; number < array.first + array.count; number++) {
      const read = readTaskState(project, batch.id, number);
      opened.tasks.push(read === undefined ? undefined : { number, key: read.task.key, name: read.task.name, before: read.task.before, job: '', status: { what: 'unsubmitted', detail: '', runId: undefined }, attempts: read.attempts });
    }
  });
  return opened;
}

/** Of a job that does several tasks one after the other, those that it has not begun wait. */
function waitInJob(state: JobState, pack: number, attempts: TaskAttempt[]): JobState {
  return pack > 1 && state.kind === 'running' && attempts.length === 0 ? { kind: 'queued', reason: 'its job runs on ' + state.node } : state;
}

function judgeBatch(opened: Opened, jobs: SlurmJobs | undefined): BatchReport {
  const { batch, tasks, refused } = opened;
  batch.arrays.forEach((array, at) => {
    const job = opened.jobs[at];
    for (let place = 0; place * array.pack < array.count; place++) {
      const state: JobState = job.kind !== 'submitted' ? job : jobs === undefined ? { kind: 'unasked' } : jobs.stateOf(job.job, place);
      for (const number of tasksOfJob(array, place)) {
        const task = tasks[number];
        if (task === undefined) continue;
        task.job = job.kind === 'submitted' ? job.job + '_' + String(place) : '';
        task.status = judgeTask(task.attempts, waitInJob(state, array.pack, task.attempts));
      }
    }
  });
  return { batch, refused, tasks: tasks.filter((task): task is TaskReport => task !== undefined) };
}

/** What has become of all batches. The cluster is asked only if something of them may be in flight. */
export function readCluster(project: Project): ClusterReport {
  let problem: ByteString | undefined;
  const findJob = (name: ByteString): ReturnType<typeof findJobByName> => {
    const found = findJobByName(name);
    if (found.kind === 'refused') problem = found.why;
    return found;
  };
  const opened: Opened[] = [];
  for (const id of listBatches(project)) {
    const batch = readBatch(project, id);
    if (batch !== undefined && batch.id === id) opened.push(openBatch(project, batch, findJob));
  }
  const ids = new Set<string>();
  for (const one of opened) {
    one.batch.arrays.forEach((array, at) => {
      const job = one.jobs[at];
      const isOpen = one.tasks.slice(array.first, array.first + array.count).some((task) => task !== undefined && !hasGoodEnd(task.attempts));
      if (job.kind === 'submitted' && isOpen) ids.add(job.job);
    });
  }
  const answer = problem === undefined ? askForJobs(Array.from(ids)) : undefined;
  if (answer?.kind === 'refused') problem = answer.why;
  return { batches: opened.map((one) => judgeBatch(one, answer?.kind === 'told' ? answer.jobs : undefined)), problem };
}

/** Is nothing of the batch in flight any more? */
export function isOver(report: BatchReport): boolean {
  return !report.tasks.some((task) => isInFlight(task.status));
}

/** Did all of it come to a good end, so that there is nothing to tell? */
export function isAllDone(report: BatchReport): boolean {
  return report.tasks.every((task) => task.status.what === 'done' || task.status.what === 'skipped');
}

/** What waits or runs: of each key, 'BATCH:NUMBER' and the number of the array's job. */
export function listInFlight(cluster: ClusterReport): Map<string, { reference: string; job: string; report: TaskReport }> {
  const found = new Map<string, { reference: string; job: string; report: TaskReport }>();
  for (const { batch, tasks } of cluster.batches) {
    for (const report of tasks) if (isInFlight(report.status)) found.set(report.key, { reference: batch.id + ':' + String(report.number), job: report.job.replace(/_.*/, ''), report });
  }
  return found;
}

/** Lets everybody know which processes of the tasks are gone. What they left can be settled then. */
export function declareLostTasks(project: Project, cluster: ClusterReport): void {
  const holders = new Set<string>();
  for (const { tasks } of cluster.batches) {
    for (const task of tasks) if (!isInFlight(task.status)) for (const attempt of task.attempts) if (attempt.end === undefined) holders.add(attempt.holder);
  }
  declareDead(project, holders);
}

/** Removes batches of which nothing is in flight and that nothing in flight refers to. Leaves what it may not remove. */
export function removeOver(project: Project, cluster: ClusterReport, isWanted: (report: BatchReport) => boolean): void {
  const needed = new Set<string>();
  for (const { tasks } of cluster.batches) for (const task of tasks) if (isInFlight(task.status)) for (const one of task.before) if (one.indexOf(':') > 0) needed.add(one.slice(0, one.indexOf(':')));
  for (const report of cluster.batches) {
    if (!isOver(report) || needed.has(report.batch.id) || !isWanted(report)) continue;
    try {
      removeBatch(project, report.batch.id);
    } catch (error) {
      if (['EACCES', 'EPERM', 'EROFS', 'ENOTEMPTY', 'EBUSY'].indexOf(errorCode(error)) < 0) throw error;
    }
  }
}
