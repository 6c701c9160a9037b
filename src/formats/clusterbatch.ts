// clusterbatch.ts - the files of a batch of cluster jobs, printed and parsed (docs/cluster.txt). Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { TASK_ENDS } from '../core/clusterplan.ts';
import type { ClusterArray, TaskAttempt, TaskEnd } from '../core/clusterplan.ts';
import { RUN_ID } from '../core/run.ts';
import { splitWord } from './fields.ts';
import { decodeText, encodeText, encodeWord } from './percent.ts';

// Only rr writes and reads these, and they are gone when the batch is over. What cannot be read is
// taken for what is not there: a line may be cut off where a machine has died.

/** What was handed over to a cluster at once. */
export type ClusterBatch = {
  id: string;
  verb: 'make' | 'sweep';
  /** Label of the sweep, or what was to be made; may be ''. */
  title: ByteString;
  /** UTC, ISO 8601. */
  madeUtc: string;
  /** Options that the tasks need: 'environment', 'reuse', 'cache FOLDER', 'retries N'. */
  options: ByteString[];
  arrays: ClusterArray[];
};

/** A task as it was planned. */
export type BatchTask = {
  key: string;
  /** How a person knows it. */
  name: ByteString;
  /** What it comes after: tasks of this batch by number, or 'BATCH:NUMBER'. */
  before: string[];
  isForced: boolean;
  /** Id of the run whose results it replaces, if that is known beforehand. */
  prior: string | undefined;
};

/** What became of the arrays, by their place from 0: the cluster's number; 'trying' if rr was cut short; why it was refused. */
export type ArrayJobs = Map<number, { kind: 'submitted'; job: string } | { kind: 'trying' } | { kind: 'refused'; why: ByteString }>;

const BATCH_HEAD = '# rr batch of cluster jobs, format 1; described in docs/cluster.txt\n';

function field(name: string, value: ByteString): ByteString {
  return value === '' ? '' : name + ': ' + encodeText(value) + '\n';
}

/** Fields of whole lines, in order. */
function readFields(text: ByteString): [string, ByteString][] {
  const fields: [string, ByteString][] = [];
  for (const line of text.split('\n').slice(0, -1)) {
    const colon = line.indexOf(': ');
    if (colon > 0 && line[0] !== '#') fields.push([line.slice(0, colon), line.slice(colon + 2)]);
  }
  return fields;
}

// ---- the batch ----------------------------------------------------------------------------------------

export function printBatch(batch: ClusterBatch): ByteString {
  const arrays = batch.arrays.map((array) => 'Array: ' + [array.first, array.count, array.pack].join(' ') + ' ' + (array.after.join(',') || '-') + array.asked.map((line) => ' ' + encodeWord(line)).join('') + '\n');
  return BATCH_HEAD + field('Id', batch.id) + field('Verb', batch.verb) + field('Title', batch.title) + field('Made', batch.madeUtc) + batch.options.map((option) => field('Option', option)).join('') + arrays.join('');
}

function parseArray(value: ByteString): ClusterArray | undefined {
  const [first, count, pack, after, ...asked] = value.split(' ');
  const numbers = [first, count, pack].map(Number);
  if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 1) || !/^(?:-|\d+(?:,\d+)*)$/.test(after ?? '')) return undefined;
  return { first: numbers[0], count: numbers[1], pack: numbers[2], after: after === '-' ? [] : after.split(',').map(Number), asked: asked.map(decodeText) };
}

/** Undefined if it is none. */
export function parseBatch(text: ByteString): ClusterBatch | undefined {
  const batch: ClusterBatch = { id: '', verb: 'make', title: '', madeUtc: '', options: [], arrays: [] };
  for (const [name, value] of readFields(text)) {
    if (name === 'Id') batch.id = value;
    if (name === 'Verb' && value === 'sweep') batch.verb = 'sweep';
    if (name === 'Title') batch.title = decodeText(value);
    if (name === 'Made') batch.madeUtc = value;
    if (name === 'Option') batch.options.push(decodeText(value));
    if (name !== 'Array') continue;
    const array = parseArray(value);
    if (array === undefined) return undefined;
    batch.arrays.push(array);
  }
  let next = 1;
  for (const array of batch.arrays) {
    if (array.first !== next) return undefined;
    next += array.count;
  }
  return RUN_ID.test(batch.id) ? batch : undefined;
}

// ---- what was submitted -------------------------------------------------------------------------------

export function printArrayJob(place: number, what: 'trying' | 'submitted' | 'refused', detail: ByteString): ByteString {
  return what + ' ' + String(place) + (detail === '' ? '' : ' ' + encodeText(detail)) + '\n';
}

export function parseArrayJobs(text: ByteString): ArrayJobs {
  const jobs: ArrayJobs = new Map();
  for (const line of text.split('\n').slice(0, -1)) {
    const parts = /^(trying|submitted|refused) (\d+)(?: (.*))?$/.exec(line);
    if (parts === null) continue;
    const detail = decodeText(parts[3] ?? '');
    if (parts[1] === 'trying') jobs.set(Number(parts[2]), { kind: 'trying' });
    else if (parts[1] === 'refused') jobs.set(Number(parts[2]), { kind: 'refused', why: detail });
    else if (/^\d+$/.test(detail)) jobs.set(Number(parts[2]), { kind: 'submitted', job: detail });
  }
  return jobs;
}

// ---- a task -------------------------------------------------------------------------------------------

// Between the parts of a task's file; no line of a record is like it.
const DIVIDER = '---\n';

/** The task, the record of what is to be run if it says so; attempts follow. */
export function printTask(task: BatchTask, template: ByteString): ByteString {
  return BATCH_HEAD + field('Key', task.key) + field('Name', task.name) + task.before.map((one) => field('Before', one)).join('') + (task.isForced ? 'Forced: yes\n' : '') + field('Prior', task.prior ?? '') + DIVIDER + template + DIVIDER;
}

export function printAttempt(attempt: TaskAttempt): ByteString {
  return 'Began: ' + [attempt.job, attempt.node, String(attempt.restarts), attempt.holder].map(encodeWord).join(' ') + '\n';
}

export function printTaskEnd(what: TaskEnd, runId: string | undefined, text: ByteString): ByteString {
  return 'Ended: ' + what + ' ' + (runId ?? '-') + (text === '' ? '' : ' ' + encodeText(text)) + '\n';
}

function parseAttempts(text: ByteString): TaskAttempt[] {
  const attempts: TaskAttempt[] = [];
  for (const [name, value] of readFields(text)) {
    if (name === 'Began') {
      const [job = '', node = '', restarts = '0', holder = ''] = value.split(' ').map(decodeText);
      attempts.push({ job, node, restarts: Number(restarts), holder, end: undefined });
    }
    const [what, rest] = splitWord(value);
    const [id, detail] = splitWord(rest);
    const end = TASK_ENDS.find((one) => one === what);
    if (name === 'Ended' && end !== undefined && attempts.length > 0) attempts[attempts.length - 1].end = { what: end, runId: RUN_ID.test(id) ? id : undefined, text: decodeText(detail) };
  }
  return attempts;
}

/** Undefined if it is none. `template`: '' if there is none. */
export function parseTask(text: ByteString): { task: BatchTask; template: ByteString; attempts: TaskAttempt[] } | undefined {
  const [head, template, attempts] = text.split(DIVIDER);
  if (attempts === undefined) return undefined;
  const task: BatchTask = { key: '', name: '', before: [], isForced: false, prior: undefined };
  for (const [name, value] of readFields(head)) {
    if (name === 'Key') task.key = decodeText(value);
    if (name === 'Name') task.name = decodeText(value);
    if (name === 'Before') task.before.push(decodeText(value));
    if (name === 'Forced') task.isForced = true;
    if (name === 'Prior' && RUN_ID.test(value)) task.prior = value;
  }
  return task.key === '' ? undefined : { task, template, attempts: parseAttempts(attempts) };
}
