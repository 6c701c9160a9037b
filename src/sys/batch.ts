// batch.ts - the records of many runs of one process: on the disk in groups, in the derived files now and then. Runs nothing.
//
// Invariants, besides those of store.ts
// 1. What is named in runs/ is whole and on the disk: a group is synced, then named, then its folder is
//    synced. A record waits for that at most as long as GROUP_MS and the group before it take.
// 2. Whatever is killed when: a run that has ended has its record, in runs/ or still in running/, from
//    where the next command takes it (settleLostRuns). One that has not is lost.
// 3. One mark in pending/ stands for all records of the batch, from before the first is there until the
//    derived files have the last.
//
// No file is removed on the way of a run: ext4 searches long for a free inode where many were freed in
// the last minutes, 20 times as long as the rest of the making of a file takes.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { recordPath } from '../core/run.ts';
import type { RecordLink, Run } from '../core/run.ts';
import { makeRunId, readMonotonicMs, readUtcMicros } from './clock.ts';
import { CANNOT_SYNC, errorCode, lstatIfThere, removeIfThere, replaceFile, toFsPath, writeAll } from './files.ts';
import { hashBuffer } from './hash.ts';
import { addHead, dropHeads, readHeads } from './heads.ts';
import { fs } from './node.ts';
import { describeSystemError, prepareOwnFolder } from './project.ts';
import type { Project } from './project.ts';
import { bringUpToDate, describeSelf, folderOfRecord, makeMonthFolder, makeWriterMark, moveMarkToPending, noteEnded, printMark, printRecord, renewMark, settleLostRuns } from './store.ts';

/** Takes a run whose record has been saved into the derived files, sooner or later. */
export type Includer = { include: (run: Run) => void };

/** A run that has its mark in running/, and what that is open as. */
export type ClaimedRun = { run: Run; descriptor: number; markBytes: number };

/** The same once its record is written. */
type WrittenRun = ClaimedRun & { hash: string };

const MOST_IN_GROUP = 64;
const GROUP_MS = 100;
const FLUSH_MS = 10000;
// Bringing the derived files up to date takes at most this part of the time.
const FLUSH_PART = 20;
const BEAT_MS = 60000;
/** What one call writes into a file either all or not at all, if the process is killed. */
const PAGE_BYTES = 4096;
/** Two times that are so far apart have ids in their order. */
const ID_MICROS = 31;

/** Of a process that works for another one, which has a batch: that one includes its runs, or, if it is gone, the next writer. */
export function leaveToBatch(project: Project): Includer {
  return { include: (run) => moveMarkToPending(project, run.id) };
}

/** Begins a batch, and settles runs that were lost before. Throws Failure where rr may not write. */
export function beginBatch(project: Project): Batch {
  try {
    prepareOwnFolder(project);
    return new Batch(project, settleLostRuns(project, ''));
  } catch (error) {
    if (errorCode(error) === '') throw error;
    throw new Failure('cannot write "' + project.own + '": ' + describeSystemError(error));
  }
}

export class Batch implements Includer {
  /** Runs that an earlier rr began and that were found lost. */
  readonly lost: Run[];
  /** What could not be recorded, as sentences. */
  readonly problems: string[] = [];
  private readonly project: Project;
  private readonly holder = describeSelf();
  /** Marks in pending/: that of the batch, and those of runs that were recorded one by one. */
  private marks: string[];
  /** Recorded, and not yet in the derived files. */
  private fresh: Run[] = [];
  private readonly claimed = new Set<string>();
  private group: WrittenRun[] = [];
  /** Written, and not given their names: the first by this error, the others because they name it, or one of these. */
  private nameless: WrittenRun[] = [];
  private namingError: unknown;
  /** What the next record names: the one before it, and heads that others made meanwhile. */
  private heads: RecordLink[] | undefined;
  private groupTimer: ReturnType<typeof setTimeout> | undefined;
  private committed: Promise<void> = Promise.resolve();
  private flushTimer: ReturnType<typeof setTimeout>;
  private readonly beat: ReturnType<typeof setInterval>;
  private lastMicros = 0;

  constructor(project: Project, lost: Run[]) {
    this.project = project;
    this.lost = lost;
    this.marks = [makeWriterMark(project)];
    this.flushTimer = this.flushIn(FLUSH_MS);
    this.beat = setInterval(() => this.touch(), BEAT_MS);
    this.beat.unref();
  }

  /** Claims an id for a run that is to start now. `command`: the process that will run it, as of identifyProcess(). Ids grow. */
  claim(startedMicros: number, command: string, fill: (id: string) => Run): ClaimedRun {
    for (let attempt = 0; attempt < 100; attempt++) {
      this.lastMicros = Math.max(startedMicros, this.lastMicros + ID_MICROS);
      const run = fill(makeRunId(this.lastMicros));
      const name = this.project.own + '/running/' + run.id;
      // Printed first: killed between the next two calls, rr leaves a mark without a word, which goes after an hour.
      const mark = Buffer.from(printMark(run, this.holder, command), 'latin1');
      const descriptor = openNew(name);
      if (descriptor === undefined) continue;
      writeAll(descriptor, mark);
      // Who had this id before has either its mark or its record there.
      if (lstatIfThere(this.project.provenance + '/' + recordPath(run.id)) === undefined) {
        this.claimed.add(run.id);
        return { run, descriptor, markBytes: mark.length };
      }
      fs.closeSync(descriptor);
      removeIfThere(name);
    }
    throw new Failure('cannot find an id that is free in "' + this.project.own + '/running"');
  }

  /** Leaves nothing of a run that was not begun. */
  forget(claimed: ClaimedRun): void {
    this.claimed.delete(claimed.run.id);
    fs.closeSync(claimed.descriptor);
    removeIfThere(this.project.own + '/running/' + claimed.run.id);
  }

  /** Writes the record of a run that has ended. It is safe from a crash of rr at once, and named and on the disk with its group. */
  save(claimed: ClaimedRun): void {
    try {
      claimed.run.previous = this.heads ?? readHeads(this.project, claimed.run.id);
      const written = this.writeOver(claimed);
      this.group.push(written);
      this.heads = [{ id: written.run.id, hash: written.hash }];
    } catch (error) {
      this.note('write the record of ' + claimed.run.id, error);
      return;
    }
    if (this.group.length >= MOST_IN_GROUP) this.commitGroup();
    else if (this.groupTimer === undefined) this.groupTimer = setTimeout(() => this.commitGroup(), GROUP_MS);
  }

  private writeOver(claimed: ClaimedRun): WrittenRun {
    const data = Buffer.from(printRecord(claimed.run), 'latin1');
    const hash = hashBuffer(data);
    if (data.length <= PAGE_BYTES) {
      if (fs.writeSync(claimed.descriptor, data, 0, data.length, 0) < data.length) throw new Failure('cannot write the record of ' + claimed.run.id + ' in one piece');
      if (data.length < claimed.markBytes) fs.ftruncateSync(claimed.descriptor, data.length);
      return { ...claimed, hash };
    }
    const name = this.project.own + '/running/' + claimed.run.id;
    replaceFile(name, data.toString('latin1'), false);
    fs.closeSync(claimed.descriptor);
    return { ...claimed, hash, descriptor: fs.openSync(toFsPath(name), 'r+') };
  }

  private note(what: string, error: unknown): void {
    if (!(error instanceof Failure) && errorCode(error) === '') throw error;
    const problem = error instanceof Failure ? error.message : 'cannot ' + what + ': ' + describeSystemError(error);
    if (this.problems.indexOf(problem) < 0) this.problems.push(problem);
  }

  private commitGroup(): void {
    if (this.groupTimer !== undefined) clearTimeout(this.groupTimer);
    this.groupTimer = undefined;
    const group = this.group;
    this.group = [];
    this.committed = this.committed.then(() => this.commit(group));
  }

  /** Has a group synced and gives its records their names. */
  private async commit(group: WrittenRun[]): Promise<void> {
    const errors = await Promise.all(group.map((claimed) => syncLater(claimed.descriptor)));
    const folders = new Set<ByteString>();
    group.forEach((claimed, i) => {
      fs.closeSync(claimed.descriptor);
      this.claimed.delete(claimed.run.id);
      if (errors[i] !== undefined) this.note('have the record of ' + claimed.run.id + ' on the disk', errors[i]);
    });
    try {
      // First, so that who looks for runs beside his own finds each of them here or by its mark.
      noteEnded(this.project, ...group.map((claimed) => claimed.run));
    } catch (error) {
      this.note('note the end', error);
    }
    this.passHeads(this.giveNames(group, folders));
    for (const folder of folders) {
      const error = await syncFolderLater(folder);
      if (error !== undefined) this.note('sync "' + folder + '"', error);
    }
  }

  /** In their order, as each names the one before it: what has no name yet comes first, and where one gets none those after it wait. Returns those that have theirs now. */
  private giveNames(group: WrittenRun[], folders: Set<ByteString>): WrittenRun[] {
    const waiting = this.nameless.concat(group);
    let at = 0;
    this.nameless = [];
    this.namingError = undefined;
    try {
      // Before any has its name: killed in between, they get their names from whoever comes next.
      const tip = waiting[waiting.length - 1] as WrittenRun | undefined;
      if (tip !== undefined) addHead(this.project, { id: tip.run.id, hash: tip.hash });
      for (; at < waiting.length; at++) {
        this.giveName(waiting[at].run, folders);
        this.fresh.push(waiting[at].run);
      }
    } catch (error) {
      this.namingError = error;
      this.nameless = waiting.slice(at);
    }
    return waiting.slice(0, at);
  }

  /** These have their names: the heads that they name go, and those that others made meanwhile are for the next record. */
  private passHeads(group: WrittenRun[]): void {
    if (group.length === 0) return;
    const own = new Set(group.map((one) => one.run.id));
    const named: RecordLink[] = [];
    for (const { run } of group) named.push(...run.previous.filter((link) => !own.has(link.id)));
    dropHeads(this.project, named);
    const tip = group[group.length - 1].run.id;
    const others = readHeads(this.project, tip).filter((head) => !own.has(head.id) && !this.claimed.has(head.id));
    this.heads = (this.heads ?? []).concat(others.filter((head) => (this.heads ?? []).every((known) => known.id !== head.id)));
  }

  private giveName(run: Run, folders: Set<ByteString>): void {
    const name = this.project.provenance + '/' + recordPath(run.id);
    const folder = folderOfRecord(this.project, run.id);
    if (!folders.has(folder)) makeMonthFolder(this.project, run.id);
    folders.add(folder);
    try {
      fs.renameSync(toFsPath(this.project.own + '/running/' + run.id), toFsPath(name));
    } catch (error) {
      // Another process took this one for dead and did it.
      if (errorCode(error) !== 'ENOENT' || lstatIfThere(name) === undefined) throw error;
    }
  }

  /** For a run whose record has been saved otherwise, by this process or by one that works for it. */
  include(run: Run): void {
    moveMarkToPending(this.project, run.id);
    this.hold(run);
  }

  /**
   * For one that another process was to record whole, by leaveToBatch(): its mark is in pending/ by now. If something
   * of it failed, the record or its head perhaps, the mark has stayed, and is for who settles lost runs.
   */
  adopt(run: Run): void {
    if (lstatIfThere(this.project.own + '/running/' + run.id) === undefined) this.hold(run);
  }

  private hold(run: Run): void {
    this.marks.push(run.id);
    this.fresh.push(run);
  }

  private touch(): void {
    const nowS = readUtcMicros() / 1e6;
    const names = this.marks.slice(0, 1).map((mark) => '/pending/' + mark).concat(Array.from(this.claimed, (id) => '/running/' + id));
    for (const name of names) {
      try {
        fs.utimesSync(toFsPath(this.project.own + name), nowS, nowS);
      } catch (error) {
        if (errorCode(error) === '') throw error;
      }
    }
  }

  private flushIn(ms: number): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      const startMs = readMonotonicMs();
      this.flush();
      this.flushTimer = this.flushIn(Math.max(FLUSH_MS, (readMonotonicMs() - startMs) * FLUSH_PART));
    }, ms);
    timer.unref();
    return timer;
  }

  /** Brings the derived files up to date with what has its name by now. Returns records that cannot be read. */
  flush(): Failure[] {
    return this.fresh.length === 0 ? [] : this.update(true);
  }

  private update(isGoingOn: boolean): Failure[] {
    try {
      // Before the mark gets its new name: what comes later is not of it.
      const runs = this.fresh;
      this.marks[0] = renewMark(this.project, this.marks[0]);
      const faults = bringUpToDate(this.project, { marks: this.marks, runs, isGoingOn });
      this.fresh = [];
      this.marks = this.marks.filter((mark, i) => i === 0 || lstatIfThere(this.project.own + '/pending/' + mark) !== undefined);
      return faults;
    } catch (error) {
      this.note('bring provenance/Makefile up to date', error);
      return [];
    }
  }

  /** Resolves when all that has been saved is named and on the disk. */
  async sync(): Promise<void> {
    if (this.group.length > 0) this.commitGroup();
    await this.committed;
    if (this.nameless.length > 0) await this.commit([]);
    for (const { run } of this.nameless) this.note('write the record of ' + run.id, this.namingError);
  }

  /** Resolves when all is on the disk and in the derived files. Returns records that cannot be read; `problems` has what could not be written. */
  async end(): Promise<Failure[]> {
    await this.sync();
    clearTimeout(this.flushTimer);
    clearInterval(this.beat);
    return this.update(false);
  }
}

/** Opens a file that must not be there; undefined if it is. */
function openNew(name: ByteString): number | undefined {
  try {
    return fs.openSync(toFsPath(name), 'wx');
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    return undefined;
  }
}

/** In a thread of its own, so that commands go on. */
function syncLater(descriptor: number): Promise<Error | undefined> {
  return new Promise((resolve) => fs.fsync(descriptor, (error) => resolve(error ?? undefined)));
}

/** Like syncFolder. */
async function syncFolderLater(name: ByteString): Promise<Error | undefined> {
  const descriptor = fs.openSync(toFsPath(name), 'r');
  const error = await syncLater(descriptor);
  fs.closeSync(descriptor);
  return error === undefined || CANNOT_SYNC.indexOf(errorCode(error)) >= 0 ? undefined : error;
}
