// clusterplan.ts - steps as job arrays of a cluster, and what state each of them is in. Knows no cluster by name, no files, no clock.
import type { ByteString } from './bytes.ts';
import { compareBytes } from './bytes.ts';

// 1. An array holds tasks that ask for the same and stand at the same depth, so that no task of it
//    comes before another of it.
// 2. An array begins when all arrays that hold something which one of its tasks comes after have
//    ended, however they ended: each task finds out by itself whether it can go on.
// 3. Tasks are numbered from 1 in the order of the arrays, so that an array is a range of numbers.

/** Something to be done on a cluster. */
export type ClusterTask = {
  /** Unique among the tasks. */
  key: string;
  /** Keys of the tasks that must end before. There is no cycle; keys that no task has are left out. */
  before: string[];
  /** 'WHAT VALUE', as in a record. */
  asked: ByteString[];
  /** Seconds that it took the last time; undefined: not known. */
  expectedS: number | undefined;
};

export type ClusterArray = {
  asked: ByteString[];
  /** Number of its first task, and how many there are. */
  first: number;
  count: number;
  /** How many tasks each job of the array does one after the other. */
  pack: number;
  /** Arrays, counted from 0, that must have ended; ascending. */
  after: number[];
};

/** `order`: of each task number, from 1, the place of the task in the list given; [0] is not used. */
export type ClusterPlan = { arrays: ClusterArray[]; order: number[] };

/** How many tasks stand one after the other before each, at most. */
function findDepths(tasks: ClusterTask[], at: Map<string, number>): number[] {
  const depths: number[] = new Array<number>(tasks.length).fill(-1);
  // Not recursive: a chain may be longer than the stack is deep.
  for (let start = 0; start < tasks.length; start++) {
    const stack = [start];
    while (stack.length > 0) {
      const task = stack[stack.length - 1];
      const before = tasks[task].before.map((key) => at.get(key)).filter((one): one is number => one !== undefined);
      const open = depths[task] >= 0 ? [] : before.filter((one) => depths[one] < 0);
      if (open.length === 0) {
        depths[task] = before.reduce((depth, one) => Math.max(depth, depths[one] + 1), 0);
        stack.pop();
      } else if (stack.length > tasks.length) throw new Error('the tasks are a cycle');
      else stack.push(open[0]);
    }
  }
  return depths;
}

/** Puts the tasks into arrays of at most `largest` jobs, each of which does `pack` tasks. Those that take longest stand first in theirs. */
export function planArrays(tasks: ClusterTask[], largest: number, pack: number): ClusterPlan {
  const at = new Map(tasks.map((task, index): [string, number] => [task.key, index]));
  const depths = findDepths(tasks, at);
  const groups = new Map<string, number[]>();
  tasks.forEach((task, index) => {
    const name = String(depths[index]).padStart(9, '0') + '\n' + task.asked.slice().sort(compareBytes).join('\n');
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [index]);
    else group.push(index);
  });
  const plan: ClusterPlan = { arrays: [], order: [-1] };
  const arrayOf = new Array<number>(tasks.length);
  // Map keeps the order of the tasks among groups of one depth; sort() keeps it, too.
  const ordered = Array.from(groups.entries()).sort(([one], [other]) => Number(one.slice(0, 9)) - Number(other.slice(0, 9)));
  for (const [, group] of ordered) {
    const members = group.slice().sort((a, b) => (tasks[b].expectedS ?? Infinity) - (tasks[a].expectedS ?? Infinity) || a - b);
    for (let cut = 0; cut < members.length; cut += largest * pack) {
      const part = members.slice(cut, cut + largest * pack);
      const after = new Set<number>();
      for (const index of part) for (const key of tasks[index].before) if (at.has(key)) after.add(arrayOf[at.get(key) as number]);
      for (const index of part) arrayOf[index] = plan.arrays.length;
      plan.arrays.push({ asked: tasks[part[0]].asked, first: plan.order.length, count: part.length, pack, after: Array.from(after).sort((a, b) => a - b) });
      plan.order.push(...part);
    }
  }
  return plan;
}

/** The numbers of the tasks that a job of an array does; its jobs are counted from 0. */
export function tasksOfJob(array: ClusterArray, index: number): number[] {
  const numbers: number[] = [];
  for (let at = index * array.pack; at < Math.min((index + 1) * array.pack, array.count); at++) numbers.push(array.first + at);
  return numbers;
}

/** How many jobs the array has. */
export function countJobs(array: ClusterArray): number {
  return Math.ceil(array.count / array.pack);
}

// ---- states -------------------------------------------------------------------------------------------

/** What a task came to, as it says itself. interrupted: by a signal, or the time limit of the run. */
export const TASK_ENDS = ['done', 'skipped', 'failed', 'blocked', 'interrupted'] as const;
export type TaskEnd = typeof TASK_ENDS[number];

/** One attempt at a task, as its file tells. A cluster may begin a job anew; `restarts` counts that. */
export type TaskAttempt = {
  job: ByteString;
  node: ByteString;
  restarts: number;
  /** The process that is at it, as a mark names it. */
  holder: ByteString;
  end: { what: TaskEnd; runId: string | undefined; text: ByteString } | undefined;
};

/** What the cluster says of a job. active: it waits or runs. over: it does not, and will not. */
export type JobState =
  | { kind: 'queued'; reason: ByteString }
  | { kind: 'running'; node: ByteString }
  | { kind: 'over'; word: ByteString }
  /** The cluster does not know it any more. */
  | { kind: 'unknown' }
  /** The cluster could not be asked. */
  | { kind: 'unasked' }
  /** It was never handed over to the cluster. */
  | { kind: 'unsubmitted' };

/** lost: it began, is not at it any more, and left no end. cancelled: it was taken from the queue, or ended, before it came to an end of its own. */
export type TaskStatus = { what: 'queued' | 'running' | TaskEnd | 'lost' | 'cancelled' | 'unsubmitted'; detail: ByteString; runId: string | undefined };

/** Does it wait for the cluster, or run? */
export function isInFlight(status: TaskStatus): boolean {
  return status.what === 'queued' || status.what === 'running';
}

/** Of a task without an end whose job is over or not known. */
function judgeEndless(last: TaskAttempt | undefined, word: ByteString): TaskStatus {
  const isCancelled = /^(?:CANCELLED|PREEMPTED|DEADLINE|REVOKED)/.test(word);
  if (last === undefined) return { what: isCancelled || word === '' ? 'cancelled' : 'lost', detail: word === '' ? 'not in the queue any more' : word, runId: undefined };
  return { what: isCancelled ? 'cancelled' : 'lost', detail: (word === '' ? '' : word + ', ') + last.node, runId: undefined };
}

/** What state a task is in. */
export function judgeTask(attempts: TaskAttempt[], job: JobState): TaskStatus {
  const last = attempts[attempts.length - 1];
  const end = last?.end;
  const isFinal = end !== undefined && (end.what === 'done' || end.what === 'skipped');
  // A job that was taken from its node is begun anew. While it runs, a task that failed may be one of several that it does.
  const isAgain = job.kind === 'queued' || (job.kind === 'running' && end?.what === 'interrupted');
  if (end !== undefined && (isFinal || !isAgain)) return { what: end.what, detail: end.text, runId: end.runId };
  switch (job.kind) {
    case 'queued': return { what: 'queued', detail: job.reason, runId: undefined };
    case 'running': return { what: 'running', detail: job.node, runId: undefined };
    case 'over': return judgeEndless(last, job.word);
    case 'unknown': return judgeEndless(last, '');
    case 'unsubmitted': return { what: 'unsubmitted', detail: '', runId: undefined };
    case 'unasked': return last === undefined ? { what: 'queued', detail: 'as far as is known', runId: undefined } : { what: 'running', detail: last.node + ', as far as is known', runId: undefined };
  }
}
