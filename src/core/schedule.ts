// schedule.ts - what is to be done next, as state. Knows no commands, files or clocks.
//
// Invariants
// 1. A task is taken once all that is before it is done or skipped, and never again but for a retry.
// 2. The slots of the tasks taken and not settled are at most those that there are; the memory that they
//    are expected to need is at most the budget, or one of them is alone.
// 3. Which is taken next follows from what was told alone: the one with the longest way to the end first,
//    then the one that was given first. With one slot it is always the one that was given first.
// 4. A task that does not fit is passed over by at most so many others as there are slots; then all wait
//    for it. So none waits for ever.
//
//   waiting -> ready -> taken -> done | skipped | failed
//      |         ^--------' (a retry)
//      '-> blocked: one before it failed, or nothing is started any more

/** Something that is to be done once, after what must come before it. */
export type ScheduledTask = {
  /** Unique among the tasks. */
  key: string;
  /** Keys of the tasks that must be settled before. There is no cycle. */
  before: string[];
  /** Seconds that it took the last time; undefined: not known. */
  expectedS: number | undefined;
  /** Slots that it takes, 1 or more; never more than there are. */
  cpus: number;
  /** Memory that it is expected to need; undefined: not known. */
  memoryBytes: number | undefined;
};

/** done: carried out. skipped: there was no need. failed: carried out without success. blocked: not carried out, as one before it failed. */
export type TaskOutcome = 'done' | 'skipped' | 'failed' | 'blocked';

export type ScheduleLimits = {
  slots: number;
  memoryBytes: number | undefined;
  /** After a failure go on with what does not depend on it. */
  keepGoing: boolean;
  /** So many times a failed task is tried again. */
  retries: number;
};

type Node = {
  task: ScheduledTask;
  index: number;
  cpus: number;
  memoryBytes: number;
  after: Node[];
  /** Tasks before it that are not done or skipped yet. */
  open: number;
  /** Seconds that it takes, and from its start to the end of the last that depends on it. */
  ownS: number;
  pathS: number;
  tries: number;
  /** How many were taken that come after it, because it did not fit. */
  passed: number;
  outcome: TaskOutcome | undefined;
};

// How many that do not fit are looked at for one that does. More would make it slow where few fit.
const LOOKED_AT = 64;

export class Schedule {
  /** Of each blocked task that depends on a failed one: the key of that one. */
  readonly blockedBy = new Map<string, string>();
  private readonly nodes = new Map<string, Node>();
  private readonly ready: NodeHeap;
  private readonly limits: ScheduleLimits;
  /** Ready tasks that did not fit when it was their turn, in the order of the heap. */
  private stuck: Node[] = [];
  private usedSlots = 0;
  private usedMemory = 0;
  private readonly taken = new Set<Node>();
  private unsettledCount: number;
  private leftTotalS = 0;
  private readonly isTimed: boolean;
  private isStopped = false;

  /** Throws if a key is there twice, a task before another is none of them, or there is a cycle. */
  constructor(tasks: ScheduledTask[], limits: ScheduleLimits) {
    this.limits = limits;
    this.unsettledCount = tasks.length;
    const usualS = meanOfKnown(tasks);
    this.isTimed = tasks.some((task) => task.expectedS !== undefined);
    tasks.forEach((task, index) => {
      if (this.nodes.has(task.key)) throw new Error('two tasks with the key ' + task.key);
      const cpus = Math.max(1, Math.min(task.cpus, limits.slots));
      this.nodes.set(task.key, {
        task, index, cpus, memoryBytes: task.memoryBytes ?? 0, after: [], open: 0, ownS: task.expectedS ?? usualS, pathS: 0, tries: 0, passed: 0, outcome: undefined,
      });
      this.leftTotalS += (task.expectedS ?? usualS) * cpus;
    });
    for (const node of this.nodes.values()) this.link(node);
    this.measurePaths();
    this.ready = new NodeHeap(limits.slots === 1);
    for (const node of this.nodes.values()) if (node.open === 0) this.ready.push(node);
  }

  private link(node: Node): void {
    for (const key of new Set(node.task.before)) {
      const earlier = this.nodes.get(key);
      if (earlier === undefined) throw new Error('the task ' + node.task.key + ' comes after one that is not there: ' + key);
      earlier.after.push(node);
      node.open += 1;
    }
  }

  /** Adds to each the longest path of those after it. From the end, in an order in which each comes after all that it is before. */
  private measurePaths(): void {
    const open = new Map<Node, number>();
    const order: Node[] = [];
    for (const node of this.nodes.values()) {
      open.set(node, node.open);
      if (node.open === 0) order.push(node);
    }
    for (let at = 0; at < order.length; at++) {
      for (const later of order[at].after) {
        const left = (open.get(later) as number) - 1;
        open.set(later, left);
        if (left === 0) order.push(later);
      }
    }
    if (order.length < this.nodes.size) throw new Error('the tasks are a cycle');
    for (const node of order.reverse()) {
      let longest = 0;
      for (const later of node.after) longest = Math.max(longest, later.pathS);
      node.pathS = node.ownS + longest;
    }
  }

  /** The next task that may be started now; it is taken until settle() is told of it. Undefined: none, as long as nothing else is settled. */
  take(): ScheduledTask | undefined {
    if (this.isStopped || this.usedSlots >= this.limits.slots) return undefined;
    const passed: Node[] = [];
    let from = 0;
    for (;;) {
      const isOfStuck = from < this.stuck.length && (this.ready.peek() === undefined || this.ready.isBefore(this.stuck[from], this.ready.peek() as Node));
      if (!isOfStuck && this.stuck.length >= LOOKED_AT) return undefined;
      const node = isOfStuck ? this.stuck[from] : this.ready.pop();
      if (node === undefined) return undefined;
      if (this.fits(node)) {
        if (isOfStuck) this.stuck.splice(from, 1);
        for (const one of passed) one.passed += 1;
        return this.begin(node);
      }
      if (!isOfStuck) this.stuck.splice(from, 0, node);
      if (node.passed >= this.limits.slots) return undefined;
      passed.push(node);
      from += 1;
    }
  }

  private fits(node: Node): boolean {
    if (this.taken.size === 0) return true;
    const { slots, memoryBytes } = this.limits;
    return this.usedSlots + node.cpus <= slots && (memoryBytes === undefined || this.usedMemory + node.memoryBytes <= memoryBytes);
  }

  private begin(node: Node): ScheduledTask {
    node.passed = 0;
    this.taken.add(node);
    this.usedSlots += node.cpus;
    this.usedMemory += node.memoryBytes;
    return node.task;
  }

  /** What a taken task has come to. False if it is to be tried again, and is ready for that. */
  settle(key: string, outcome: 'done' | 'skipped' | 'failed'): boolean {
    const node = this.leave(key);
    if (outcome === 'failed' && node.tries < this.limits.retries && !this.isStopped) {
      node.tries += 1;
      this.ready.push(node);
      return false;
    }
    this.close(node, outcome);
    if (outcome === 'failed') this.blockAfter(node);
    else for (const later of node.after) this.open(later);
    if (outcome === 'failed' && !this.limits.keepGoing) this.stop();
    return true;
  }

  private leave(key: string): Node {
    const node = this.nodes.get(key);
    if (node === undefined || !this.taken.delete(node)) throw new Error('the task was not taken: ' + key);
    this.usedSlots -= node.cpus;
    this.usedMemory -= node.memoryBytes;
    return node;
  }

  private open(node: Node): void {
    node.open -= 1;
    if (node.open === 0 && node.outcome === undefined) this.ready.push(node);
  }

  private close(node: Node, outcome: TaskOutcome): void {
    node.outcome = outcome;
    this.unsettledCount -= 1;
    this.leftTotalS -= node.ownS * node.cpus;
  }

  private blockAfter(failed: Node): void {
    const found = failed.after.slice();
    for (let node = found.pop(); node !== undefined; node = found.pop()) {
      if (node.outcome !== undefined) continue;
      this.close(node, 'blocked');
      this.blockedBy.set(node.task.key, failed.task.key);
      for (const later of node.after) found.push(later);
    }
  }

  /** From now on nothing is started, and nothing tried again. */
  stop(): void {
    this.isStopped = true;
  }

  /** Gives back a task that was taken and is not started after all. */
  release(key: string): void {
    const node = this.leave(key);
    this.ready.push(node);
  }

  /** Is there nothing more to start or to wait for? */
  isOver(): boolean {
    return this.taken.size === 0 && (this.isStopped || this.unsettledCount === 0);
  }

  /** How many times it was tried again so far. */
  triesOf(key: string): number {
    return this.nodes.get(key)?.tries ?? 0;
  }

  /** Slots that the taken tasks have. */
  countUsedSlots(): number {
    return this.usedSlots;
  }

  /** Slots that a task takes. */
  slotsOf(key: string): number {
    return this.nodes.get(key)?.cpus ?? 1;
  }

  /**
   * Seconds until the end, as if all that is left were shared out well; undefined if no task's time is known.
   * `elapsedS` tells how long a taken task has been at work.
   */
  estimateLeftS(elapsedS: (key: string) => number): number | undefined {
    if (!this.isTimed) return undefined;
    let totalS = this.leftTotalS;
    let longestS = 0;
    for (const node of this.taken) {
      const goneS = Math.min(elapsedS(node.task.key), node.ownS);
      totalS -= goneS * node.cpus;
      longestS = Math.max(longestS, node.pathS - goneS);
    }
    for (const node of this.stuck.concat(this.ready.peek() ?? [])) longestS = Math.max(longestS, node.pathS);
    return Math.max(totalS / this.limits.slots, longestS, 0);
  }

  /** What became of each task, in the order given. What was not started is blocked. */
  listOutcomes(): Map<string, TaskOutcome> {
    const outcomes = new Map<string, TaskOutcome>();
    for (const [key, node] of this.nodes) outcomes.set(key, node.outcome ?? 'blocked');
    return outcomes;
  }
}

/** Of tasks whose time is not known: the mean of the others, 1 if none is. */
function meanOfKnown(tasks: ScheduledTask[]): number {
  let sumS = 0;
  let count = 0;
  for (const task of tasks) {
    if (task.expectedS === undefined) continue;
    sumS += task.expectedS;
    count += 1;
  }
  return count === 0 ? 1 : sumS / count;
}

/** A binary heap (Williams, 1964): the one to be taken first is on top. */
class NodeHeap {
  private readonly items: Node[] = [];
  private readonly isInOrder: boolean;
  /** `isInOrder`: only the order given counts. */
  constructor(isInOrder: boolean) {
    this.isInOrder = isInOrder;
  }

  isBefore(a: Node, b: Node): boolean {
    return this.isInOrder || a.pathS === b.pathS ? a.index < b.index : a.pathS > b.pathS;
  }

  peek(): Node | undefined {
    return this.items[0];
  }

  push(node: Node): void {
    let at = this.items.push(node) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (this.isBefore(this.items[above], node)) break;
      this.items[at] = this.items[above];
      at = above;
    }
    this.items[at] = node;
  }

  pop(): Node | undefined {
    const top = this.items[0] as Node | undefined;
    const last = this.items.pop();
    if (last === undefined || this.items.length === 0) return top;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= this.items.length) break;
      if (below + 1 < this.items.length && this.isBefore(this.items[below + 1], this.items[below])) below += 1;
      if (this.isBefore(last, this.items[below])) break;
      this.items[at] = this.items[below];
      at = below;
    }
    this.items[at] = last;
    return top;
  }
}
