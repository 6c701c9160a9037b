// clusterstatus.ts - batches of cluster jobs as text and as JSON, for rr status. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { lookUp } from '../core/bytes.ts';
import type { TaskStatus } from '../core/clusterplan.ts';
import { encodeText, makeHarmless } from '../formats/percent.ts';
import { showText } from './page.ts';

export type StatusTask = { name: ByteString; /** 'NUMBER_PLACE', '' if there is none. */ job: string; status: TaskStatus };

/** What was handed over to the cluster at once. `refused`: why some of it was not taken. */
export type StatusBatch = { id: string; verb: string; title: ByteString; madeUtc: string; tasks: StatusTask[]; refused: ByteString[] };

// In the order in which they are told: first what a person has to do something about.
const TASK_WORDS: TaskStatus['what'][] = ['failed', 'lost', 'interrupted', 'cancelled', 'unsubmitted', 'blocked', 'running', 'queued', 'skipped', 'done'];
const SHOWN_WORDS: { [what: string]: string } = { unsubmitted: 'not handed over', blocked: 'not run', skipped: 'as it was' };

function wordFor(what: TaskStatus['what']): string {
  return lookUp(SHOWN_WORDS, what) ?? what;
}

/** "3 failed, 12 running, 40 queued, 8 done" */
export function countTasks(tasks: StatusTask[]): string {
  const counts = new Map<string, number>();
  for (const { status } of tasks) counts.set(status.what, (counts.get(status.what) ?? 0) + 1);
  return TASK_WORDS.filter((what) => counts.has(what)).map((what) => String(counts.get(what)) + ' ' + wordFor(what)).join(', ');
}

/** Numbers of its jobs, without those of the tasks in them. */
function listJobs(tasks: StatusTask[]): string[] {
  return Array.from(new Set(tasks.map((task) => task.job.replace(/_.*/, '')).filter((job) => job !== '')));
}

function describeTask({ job, status }: StatusTask): ByteString {
  const { what, detail, runId } = status;
  const where = what === 'running' && detail !== '' ? ' on ' + detail : detail === '' ? '' : what === 'blocked' ? ' because ' + detail : ': ' + detail;
  return wordFor(what) + makeHarmless(where) + (runId === undefined ? '' : ', run ' + runId) + (job === '' ? '' : ' (job ' + job + ')');
}

function titleOfBatch(batch: StatusBatch): ByteString {
  const jobs = listJobs(batch.tasks);
  return 'on Slurm since ' + batch.madeUtc.slice(0, 16).replace('T', ' ') + ' UTC, rr ' + batch.verb + (batch.title === '' ? '' : ' ' + showText(batch.title))
    + (jobs.length === 0 ? '' : ' (job' + (jobs.length === 1 ? ' ' : 's ') + jobs.join(', ') + ')') + ': ' + countTasks(batch.tasks);
}

/** Those that wait for the same, in a line. */
function foldQueued(tasks: StatusTask[]): [ByteString, ByteString][] {
  const folded = new Map<ByteString, { first: ByteString; count: number }>();
  for (const task of tasks) {
    const text = describeTask({ ...task, job: task.job.replace(/_.*/, '') });
    const known = folded.get(text);
    if (known === undefined) folded.set(text, { first: task.name, count: 1 });
    else known.count += 1;
  }
  return Array.from(folded, ([text, { first, count }]): [ByteString, ByteString] => [showText(first) + (count === 1 ? '' : ' and ' + String(count - 1) + ' more'), text]);
}

/** A title and rows for each batch: what has not come to a good end. */
export function listBatchGroups(batches: StatusBatch[]): { title: ByteString; rows: [ByteString, ByteString][] }[] {
  return batches.map((batch) => {
    const rank = (task: StatusTask): number => TASK_WORDS.indexOf(task.status.what);
    const told = batch.tasks.filter((task) => rank(task) < TASK_WORDS.indexOf('queued')).sort((a, b) => rank(a) - rank(b));
    const rows = told.map((task): [ByteString, ByteString] => [showText(task.name), describeTask(task)]).concat(foldQueued(batch.tasks.filter((task) => task.status.what === 'queued')));
    return { title: titleOfBatch(batch), rows: batch.refused.map((why): [ByteString, ByteString] => ['not handed over', makeHarmless(why)]).concat(rows) };
  });
}

/** The same for JSON. Texts are percent-encoded as in the records. */
export function jsonBatches(batches: StatusBatch[]): unknown[] {
  return batches.map((batch) => ({
    id: batch.id, verb: batch.verb, title: encodeText(batch.title), submitted: batch.madeUtc, refused: batch.refused.map(encodeText),
    tasks: batch.tasks.map(({ name, job, status }) => ({ name: encodeText(name), job: job === '' ? undefined : job, state: status.what, detail: status.detail === '' ? undefined : encodeText(status.detail), run: status.runId })),
  }));
}
