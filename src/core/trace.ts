// trace.ts - what a traced run did, from the events of its tracer. Knows no tracer's text, no files on a disk and no clock.
import type { ByteString } from './bytes.ts';
import { compareBytes } from './bytes.ts';
import { CALL_HANDLERS } from './tracecalls.ts';
import type { TraceState } from './tracecalls.ts';
import type { TraceCall, TraceEvent } from './traceevents.ts';
import { folderOfName } from './names.ts';
import { TracedFiles } from './tracefiles.ts';
import type { TracedName, TracedNode, TraceOptions } from './tracefiles.ts';
import { listIds, TracedProcesses } from './traceprocesses.ts';
import type { ProcessState, TracedImage, ThreadState } from './traceprocesses.ts';

/** One name of a file, after all that the run renamed. Paths are absolute and real. */
export type TracedFile = {
  /** Where it is at the end; of a file that is gone: where it was. */
  path: ByteString;
  /** Where it was before the run, if it may have existed before. */
  initialPath: ByteString | undefined;
  /** Existed before the run (proven), made by it (proven), or opened with O_CREAT without proof. */
  origin: 'before' | 'made' | 'unknown';
  /** Content from before the run reached the run: opened for reading, executed, renamed, linked, before it was replaced as a whole. */
  isRead: boolean;
  /** Its earlier content was replaced as a whole: truncated to nothing, or another file was renamed over it. */
  isReplaced: boolean;
  /** Opened for writing without truncation; whether bytes changed is not traced. */
  isUpdated: boolean;
  /** Renamed or linked into place. */
  isRelocated: boolean;
  isModeSet: boolean;
  /** A hard link was made or removed, which moves its time of change. */
  isLinkCountChanged: boolean;
  isTimesSet: boolean;
  /** Removed at the end. */
  isGone: boolean;
  /** As far as known; `other`: FIFO, socket, device. */
  kind: 'file' | 'folder' | 'link' | 'other';
};

export type TracedProcess = {
  /** Position of the parent, which comes first; -1 of the command itself. Threads are part of their process. */
  parent: number;
  /** Milliseconds of the epoch, with fraction. */
  startMs: number;
  endMs: number | undefined;
  exit: number | undefined;
  signal: string | undefined;
  /** Empty of a process that was forked and ran the program of its parent. */
  images: TracedImage[];
  /** Positions in `files`, ascending, of all names of a file: content from before the run that was read. */
  read: number[];
  /** What was made, written, renamed, linked, chmodded, removed. */
  wrote: number[];
  /** What was read after the run had written to it. A file that it had written only a part of is in `read` too. */
  readNew: number[];
};

export type TraceSummary = {
  /** Of the classes project and outside, and temporary ones that existed before; sorted by path. */
  files: TracedFile[];
  processes: TracedProcess[];
  /** Real paths of all that was executed. */
  programs: ByteString[];
  /** What was opened of the class system. */
  systemReads: ByteString[];
  /** In the project: opened for reading, executed, read as a link, but not there, and not made by the run later. */
  absent: ByteString[];
  /** In the project: paths as given that led to another file by symbolic links. */
  linkedNames: ByteString[];
  /** Those of linkedNames that the run had not touched itself when it followed them. */
  linksFollowed: ByteString[];
  /** Symbolic links whose text was read. */
  linksRead: ByteString[];
  /**
   * Folders from before the run that were renamed, with all that was never seen of their content.
   * Also what was renamed but never opened: that may be a plain file.
   */
  movedFolders: { from: ByteString; to: ByteString }[];
  /** Still there. */
  foldersMade: ByteString[];
  /** From before the run. */
  foldersRemoved: ByteString[];
  /** In the project: opened as folders, and not made by the run. */
  foldersListed: ByteString[];
  /** Files created by the run and gone again. */
  temporaryCount: number;
  /** Names of class ignored, or temporary and made by the run, that are left out. */
  ignoredCount: number;
  /** Processes that have not ended. */
  outlived: number;
  /** A process wanted to trace and was refused. */
  refusedTracing: boolean;
  warnings: ByteString[];
};

// Events of processes whose parent's call has not yet returned, before they are taken for somebody's children.
const MOST_HELD = 20000;
const FORKS = new Set(['fork', 'vfork', 'clone', 'clone3']);

/** What a traced run did. Events go in as they come; the summary may be asked for at any time. */
export class Trace {
  private readonly files: TracedFiles;
  private readonly processes = new TracedProcesses();
  private readonly state: TraceState;
  private readonly folder: ByteString;
  private main: ProcessState | undefined;
  /** By process id: what came before its parent's call returned. */
  private readonly held = new Map<number, TraceEvent[]>();
  private heldCount = 0;
  private unreadableCount = 0;

  constructor(options: TraceOptions) {
    this.folder = options.folder;
    this.files = new TracedFiles(options);
    this.state = { files: this.files, programs: new Set(), refusedTracing: false, hasPivoted: false, threadsAlive: () => this.processes.threadsAlive() };
  }

  handle(event: TraceEvent): void {
    if (event.kind === 'unreadable') {
      this.unreadableCount += 1;
      return;
    }
    let thread = this.processes.find(event.pid);
    if (thread === undefined && this.main === undefined) {
      thread = this.processes.addMain(event.pid, event.timeMs, this.folder);
      this.main = thread.process;
    }
    if (thread === undefined) this.hold(event);
    else this.apply(thread, event);
  }

  /** Processes that have not ended. */
  countAlive(): number {
    let count = this.processes.countAlive();
    for (const waiting of this.held.values()) if (waiting[waiting.length - 1].kind === 'call') count += 1;
    return count;
  }

  /** Has the command itself ended? */
  isMainEnded(): boolean {
    return this.main !== undefined && this.main.endMs !== undefined;
  }

  /** Signal that ended the command. */
  mainSignal(): string | undefined {
    return this.main?.signal;
  }

  /** Process id of the command; 0 before it was seen. */
  mainPid(): number {
    return this.main === undefined ? 0 : this.main.leaderPid;
  }

  private apply(thread: ThreadState, event: TraceEvent): void {
    if (event.kind === 'call') {
      const handler = CALL_HANDLERS.get(event.name);
      if (handler !== undefined) handler(this.state, thread, event);
      else if (event.status > 0 && FORKS.has(event.name)) this.fork(thread, event);
    } else if (event.kind === 'exited') {
      this.processes.end(event.pid, event.timeMs, event.status, undefined);
    } else if (event.kind === 'killed') {
      this.processes.end(event.pid, event.timeMs, undefined, event.signal);
    } else if (event.kind === 'superseded') {
      this.processes.supersede(event.pid, event.byPid);
    }
  }

  private fork(parent: ThreadState, call: TraceCall): void {
    const flags = call.arguments.find((argument) => argument.text.indexOf('flags=') >= 0)?.text ?? '';
    // Such a child is hidden from tracers, and made to trace its parent: a leak sanitizer does so.
    if (flags.indexOf('CLONE_UNTRACED') >= 0) {
      this.state.refusedTracing = true;
      return;
    }
    this.processes.fork(parent, call.status, call.timeMs, flags);
    this.release(call.status);
  }

  private hold(event: TraceEvent): void {
    const waiting = this.held.get(event.pid);
    if (waiting === undefined) this.held.set(event.pid, [event]);
    else waiting.push(event);
    this.heldCount += 1;
    if (this.heldCount > MOST_HELD) this.adoptHeld();
  }

  /** The parent is known now: what the process did meanwhile. */
  private release(pid: number): void {
    const waiting = this.held.get(pid);
    if (waiting === undefined) return;
    this.held.delete(pid);
    this.heldCount -= waiting.length;
    for (const event of waiting) this.handle(event);
  }

  private adoptHeld(): void {
    // Where an id was used twice, its second life is held back again. Each round does at least one event.
    for (let next = firstEntry(this.held); next !== undefined; next = firstEntry(this.held)) {
      const [pid, waiting] = next;
      this.processes.adopt(pid, waiting[0].timeMs);
      this.release(pid);
    }
  }

  // ---- the summary --------------------------------------------------------------------------------

  summarize(): TraceSummary {
    this.adoptHeld();
    const { files, positions } = this.listFiles();
    const names = Array.from(this.files.names.values());
    const pick = (test: (name: TracedName) => boolean): ByteString[] => names.filter(test).map((name) => name.path).sort(compareBytes);
    const isData = (name: TracedName): boolean => name.what === 'project' || name.what === 'outside';
    return {
      files,
      processes: this.processes.list.map((process) => summarizeProcess(process, positions)),
      programs: Array.from(this.state.programs).sort(compareBytes),
      systemReads: pick((name) => name.what === 'system' && name.isUsed),
      absent: pick((name) => name.isMissed && !name.isTouched && name.node === undefined),
      linkedNames: Array.from(this.files.linkedNames).sort(compareBytes),
      linksFollowed: Array.from(this.files.linksFollowed).sort(compareBytes),
      linksRead: pick((name) => name.isLinkRead && isData(name)),
      movedFolders: this.listMovedFolders(),
      foldersMade: pick((name) => isData(name) && name.node !== undefined && name.node.kind === 'folder' && name.node.origin === 'made'),
      foldersRemoved: Array.from(this.files.foldersRemoved).filter((path) => isData(this.files.nameAt(path))).sort(compareBytes),
      foldersListed: pick((name) => name.isListed && name.what === 'project' && name.node?.origin !== 'made'),
      temporaryCount: this.files.temporaryCount + this.files.countNameless(),
      ignoredCount: names.filter((name) => (name.what === 'ignored' && name.isUsed) || (name.what === 'temporary' && name.node !== undefined && name.node.kind !== 'folder' && name.node.origin !== 'before')).length,
      outlived: this.processes.countAlive(),
      refusedTracing: this.state.refusedTracing,
      warnings: this.listWarnings(),
    };
  }

  /** The files, and for each node the positions of its names. */
  private listFiles(): { files: TracedFile[]; positions: Map<number, number[]> } {
    const found: { id: number; file: TracedFile }[] = [];
    for (const node of this.files.nodes.values()) {
      if (node.kind === 'folder') continue;
      const names = node.names.filter((name) => this.isReported(node, name));
      for (const name of names) if (!this.files.isOccupied(name.path)) found.push({ id: node.id, file: describeNode(node, name.path, name.isRelocated, false) });
      if (names.length > 0 || node.origin === 'made') continue;
      // Gone, or moved to where nothing is kept.
      const path = node.names.length > 0 ? node.initialPath as ByteString : node.lastName.path;
      const initial = this.files.nameAt(node.initialPath as ByteString);
      if (this.isReported(node, initial)) found.push({ id: node.id, file: describeNode(node, path, false, true) });
    }
    found.sort((a, b) => compareBytes(a.file.path, b.file.path) || Number(b.file.isGone) - Number(a.file.isGone) || a.id - b.id);
    const positions = new Map<number, number[]>();
    found.forEach(({ id }, at) => {
      const known = positions.get(id);
      if (known === undefined) positions.set(id, [at]);
      else known.push(at);
    });
    for (const [id, name] of this.files.heirs) {
      const inherited = name.node === undefined ? undefined : positions.get(name.node.id);
      if (inherited !== undefined) positions.set(id, inherited);
    }
    return { files: found.map(({ file }) => file), positions };
  }

  private isReported(node: TracedNode, name: TracedName): boolean {
    return name.what === 'project' || name.what === 'outside' || (name.what === 'temporary' && node.origin === 'before');
  }

  private listMovedFolders(): { from: ByteString; to: ByteString }[] {
    const moved: { from: ByteString; to: ByteString }[] = [];
    for (const node of this.files.nodes.values()) {
      if (node.initialPath === undefined || node.origin === 'made' || node.names.length === 0) continue;
      if (node.kind !== 'folder' && (node.isKindKnown || node.kind !== 'file')) continue;
      const to = node.names[0].path;
      const folder = this.files.names.get(folderOfName(to))?.node;
      const isAlong = folder !== undefined && folder.initialPath === folderOfName(node.initialPath) && to.slice(to.lastIndexOf('/')) === node.initialPath.slice(node.initialPath.lastIndexOf('/'));
      if (to !== node.initialPath && !isAlong && (this.isReported(node, node.names[0]) || this.isReported(node, this.files.nameAt(node.initialPath)))) moved.push({ from: node.initialPath, to });
    }
    return moved.sort((a, b) => compareBytes(a.to, b.to));
  }

  private listWarnings(): ByteString[] {
    const warnings: ByteString[] = [];
    if (this.state.hasPivoted) warnings.push('the command changed its root folder: names of files may be others than recorded');
    if (this.unreadableCount > 0) warnings.push(String(this.unreadableCount) + (this.unreadableCount === 1 ? ' line' : ' lines') + ' of strace could not be read');
    return warnings;
  }
}

function firstEntry<K, V>(map: Map<K, V>): [K, V] | undefined {
  for (const entry of map) return entry;
  return undefined;
}

function describeNode(node: TracedNode, path: ByteString, isRelocated: boolean, isGone: boolean): TracedFile {
  const { initialPath, origin, isRead, isReplaced, isUpdated, isModeSet, isLinkCountChanged, isTimesSet, kind } = node;
  return { path, initialPath, origin, isRead, isReplaced, isUpdated, isRelocated, isModeSet, isLinkCountChanged, isTimesSet, isGone, kind };
}

function summarizeProcess(process: ProcessState, positions: Map<number, number[]>): TracedProcess {
  const { parent, startMs, endMs, exit, signal, images } = process;
  const place = (ids: number[]): number[] => {
    const found: number[] = [];
    for (const id of ids) found.push(...(positions.get(id) ?? []));
    return found.sort((a, b) => a - b);
  };
  return { parent, startMs, endMs, exit, signal, images, read: place(listIds(process.read)), wrote: place(listIds(process.wrote)), readNew: place(listIds(process.readNew)) };
}
