// traceprocesses.ts - who started whom, where each process is, and what it read and wrote. Knows no files' names.
import type { ByteString } from './bytes.ts';
import type { TracedNode } from './tracefiles.ts';

/** A program that a process became by an exec. */
export type TracedImage = {
  /** Milliseconds of the epoch, with fraction. */
  startMs: number;
  folder: ByteString;
  argv: ByteString[];
  /** The path given to exec, made absolute. */
  program: ByteString;
};

/** Where relative and absolute names begin; shared by threads. */
export type Surroundings = { folder: ByteString; root: ByteString };

/** Ids of nodes: a set while the process lives, then a list, which is smaller. */
type IdSet = Set<number> | number[] | undefined;

export type ProcessState = {
  position: number;
  parent: number;
  leaderPid: number;
  startMs: number;
  endMs: number | undefined;
  exit: number | undefined;
  signal: string | undefined;
  images: TracedImage[];
  threadCount: number;
  read: IdSet;
  readNew: IdSet;
  wrote: IdSet;
  /** Paths that the kernel made up for files without a name, by descriptor. */
  nameless: Map<number, ByteString> | undefined;
};

export type ThreadState = { process: ProcessState; surroundings: Surroundings; isAdopted: boolean };

export class TracedProcesses {
  readonly list: ProcessState[] = [];
  private readonly threads = new Map<number, ThreadState>();
  private aliveCount = 0;
  private lastParent = -1;

  find(pid: number): ThreadState | undefined {
    return this.threads.get(pid);
  }

  countAlive(): number {
    return this.aliveCount;
  }

  threadsAlive(): Iterable<ThreadState> {
    return this.threads.values();
  }

  addMain(pid: number, startMs: number, folder: ByteString): ThreadState {
    return this.addProcess(pid, startMs, -1, { folder, root: '/' });
  }

  /**
   * A process whose parent's call was not seen to return with this id, as in a namespace of process
   * ids: most likely a child of the one that called last.
   */
  adopt(pid: number, startMs: number): ThreadState {
    const parent = this.list[Math.max(0, this.lastParent)];
    const elder = this.threads.get(parent.leaderPid)?.surroundings ?? { folder: '/', root: '/' };
    const thread = this.addProcess(pid, startMs, parent.position, { folder: elder.folder, root: elder.root });
    thread.isAdopted = true;
    return thread;
  }

  /** fork, vfork, clone, clone3 with their flags as text. */
  fork(parent: ThreadState, pid: number, timeMs: number, flags: ByteString): void {
    const position = flags.indexOf('CLONE_PARENT') >= 0 && /CLONE_PARENT(?![A-Z_])/.test(flags) ? Math.max(0, parent.process.parent) : parent.process.position;
    this.lastParent = parent.process.position;
    const known = this.threads.get(pid);
    if (known !== undefined && known.isAdopted) {
      if (position < known.process.position) known.process.parent = position;
      known.isAdopted = false;
      return;
    }
    if (known !== undefined) this.end(pid, timeMs, undefined, undefined);
    const shared = flags.indexOf('CLONE_FS') >= 0;
    const surroundings = shared ? parent.surroundings : { folder: parent.surroundings.folder, root: parent.surroundings.root };
    if (flags.indexOf('CLONE_THREAD') >= 0) {
      parent.process.threadCount += 1;
      this.threads.set(pid, { process: parent.process, surroundings, isAdopted: false });
      return;
    }
    const child = this.addProcess(pid, timeMs, position, surroundings);
    if (parent.process.nameless !== undefined) child.process.nameless = new Map(parent.process.nameless);
  }

  /** A thread ended; with the last one its process. */
  end(pid: number, timeMs: number, exit: number | undefined, signal: string | undefined): void {
    const thread = this.threads.get(pid);
    if (thread === undefined) return;
    const ended = thread.process;
    this.threads.delete(pid);
    ended.threadCount -= 1;
    if (pid === ended.leaderPid) {
      ended.exit = exit;
      ended.signal = signal;
    }
    if (ended.threadCount > 0) return;
    ended.endMs = timeMs;
    ended.read = packIds(ended.read);
    ended.readNew = packIds(ended.readNew);
    ended.wrote = packIds(ended.wrote);
    ended.nameless = undefined;
    this.aliveCount -= 1;
  }

  /** A thread took over the id of its process by an exec. */
  supersede(pid: number, byPid: number): void {
    const taker = this.threads.get(byPid);
    if (taker === undefined || pid === byPid) return;
    const leader = this.threads.get(pid);
    this.threads.delete(byPid);
    if (leader !== undefined) taker.process.threadCount -= 1;
    this.threads.set(pid, taker);
  }

  private addProcess(pid: number, startMs: number, parent: number, surroundings: Surroundings): ThreadState {
    const process: ProcessState = {
      position: this.list.length, parent, leaderPid: pid, startMs, endMs: undefined, exit: undefined, signal: undefined, images: [], threadCount: 1,
      read: undefined, readNew: undefined, wrote: undefined, nameless: undefined,
    };
    const thread = { process, surroundings, isAdopted: false };
    this.list.push(process);
    this.threads.set(pid, thread);
    this.aliveCount += 1;
    return thread;
  }
}

/** The file's content from before the run, if it has any left, goes into what the process does. */
export function noteKept(process: ProcessState, node: TracedNode): void {
  if (node.origin === 'made' || node.isReplaced) return;
  node.isRead = true;
  process.read = addId(process.read, node.id);
}

/** The process reads the file: what was there before the run, what the run has written, or some of both. */
export function noteRead(process: ProcessState, node: TracedNode): void {
  noteKept(process, node);
  if (node.origin === 'made' || node.isReplaced || node.isUpdated) process.readNew = addId(process.readNew, node.id);
}

export function noteWritten(process: ProcessState, node: TracedNode): void {
  process.wrote = addId(process.wrote, node.id);
}

function addId(ids: IdSet, id: number): IdSet {
  if (ids === undefined) return new Set([id]);
  return ids instanceof Set ? ids.add(id) : ids;
}

function packIds(ids: IdSet): IdSet {
  return ids instanceof Set ? Array.from(ids) : ids;
}

/** In any order. */
export function listIds(ids: IdSet): number[] {
  return ids === undefined ? [] : Array.from(ids);
}
