// store.ts - records, logs and marks on the disk, for any number of writers at once. Decides nothing.
//
// Invariants
// 1. A record in runs/ is complete, on the disk, and never changed: it is written beside its name,
//    synced, and renamed; its id was claimed by creating .rr/running/ID, which must not exist.
// 2. The Makefile and SHA256SUMS are those of all records and notes, once the last writer at work has ended.
// 3. Nothing here waits for another process, so nothing is left locked by a crash.
//
// Life of a run's mark:   .rr/running/ID  ->  .rr/pending/ID  ->  .rr/pending/ID.done  ->  (gone)
//                         it runs             record is there      in the Makefile
//
// The mark of a lost run stays in running/ as long as its command goes on, which may still write
// files. "rr makefile" has a mark in pending/ of its own, for it is a writer too. Unfinished files
// lie in running/ as .NAME.RANDOM.tmp and are removed when they are an hour old.
//
// Why 2 holds. A writer lists pending/ before it reads the Makefile and again after it has replaced
// it; it ends only when the second list has nothing that its Makefile lacks. A slow writer may
// overwrite another's newer Makefile with an older one, but then its second list still has the
// other's mark: marks are deleted only by a writer that sees no other writer at work.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { recordPath, RUN_ID } from '../core/run.ts';
import type { Run } from '../core/run.ts';
import { sealRecord, unsealRecord } from '../formats/fields.ts';
import { parseRun, printRunBody } from '../formats/record.ts';
import { findLiveRuns } from '../core/graph.ts';
import { addRunToMakefile, printMakefilePieces } from '../views/makefile.ts';
import { findChecksum, printChecksums } from '../formats/checksums.ts';
import { fs, os } from './node.ts';
import { createFile, errorCode, listFolder, lstatIfThere, makeFolder, readBytesIfThere, removeIfThere, replaceFile, statIfThere, syncFolder, toFsPath } from './files.ts';
import type { FileContent } from './files.ts';
import { describeFile, hashBytes, hashWithRetry } from './hash.ts';
import type { Project } from './project.ts';
import { readRun } from './records.ts';
import { readGraphRuns } from './runindex.ts';
import { makeRunId, pauseMs, readUtcMicros } from './clock.ts';

/** Text of a record, sealed. */
export function printRecord(run: Run): ByteString {
  const body = printRunBody(run);
  return sealRecord(body, hashBytes(body));
}

// ---- who is alive ---------------------------------------------------------------------------------

function readBootId(): string {
  return (readBytesIfThere('/proc/sys/kernel/random/boot_id') ?? 'unknown').trim();
}

function readStartTicks(pid: number): string {
  const stat = readBytesIfThere('/proc/' + String(pid) + '/stat');
  const fields = stat === undefined ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.length < 20 || fields[0] === 'Z' ? '0' : fields[19]; // Z: it has ended, and its parent does not care
}

/** The machine, or the container, in which a process number means something. */
function readHost(): string {
  try {
    const space = fs.readlinkSync('/proc/self/ns/pid');
    return os().hostname() + (space === 'pid:[4026531836]' ? '' : '/' + space); // that one is the machine itself
  } catch (error) {
    return os().hostname();
  }
}

/** "PID START-TICKS BOOT-ID HOST": tells this process from a later one with the same number. */
export function describeSelf(): string {
  return [process.pid, readStartTicks(process.pid), readBootId(), readHost()].join(' ');
}

const REMOTE_LIMIT_MS = 300000; // a mark of another machine is touched every minute

/** Is the process alive that describeSelf() said this of? `markName`: the file that says so, touched now and then. */
export function isHolderAlive(holder: string, markName: ByteString): boolean {
  const [pid, ticks, boot, host] = holder.split(' ');
  if (host !== readHost()) {
    const stat = statIfThere(markName);
    return stat !== undefined && readUtcMicros() / 1000 - stat.mtimeMs < REMOTE_LIMIT_MS;
  }
  if (boot !== readBootId()) return false;
  if (ticks !== '0') return readStartTicks(Number(pid)) === ticks;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** "PID START-TICKS" of a command that rr started. */
function isCommandAlive(command: string | undefined): boolean {
  const [pid, ticks] = (command ?? '').split(' ');
  return ticks !== undefined && ticks !== '0' && readStartTicks(Number(pid)) === ticks;
}

// ---- marks ----------------------------------------------------------------------------------------

// Names that no field of a record has: a mark is read as a record, and these are what it does not know.
const HOLDER_FIELD = 'Holder';
const COMMAND_FIELD = 'Command_process';

function printMark(run: Run, commandPid: number): ByteString {
  const unknown = [{ name: HOLDER_FIELD, value: describeSelf() }];
  if (commandPid > 0) unknown.push({ name: COMMAND_FIELD, value: String(commandPid) + ' ' + readStartTicks(commandPid) });
  return printRecord({ ...run, unknown });
}

/** Claims an id for a run that starts now: no two processes of a project get the same. */
export function claimRun(project: Project, startedMicros: number, fill: (id: string) => Run): Run {
  for (let attempt = 0; attempt < 100; attempt++) {
    const run = fill(makeRunId(startedMicros));
    if (readBytesIfThere(project.provenance + '/' + recordPath(run.id)) !== undefined) continue;
    if (createFile(project.own + '/running/' + run.id, printMark(run, 0))) return run;
  }
  throw new Failure('cannot find an id that is free in "' + project.own + '/running"');
}

/** Writes again what is known of the run so far, and its command's process, for whoever finds it lost. */
export function refreshMark(project: Project, run: Run, commandPid: number): void {
  replaceFile(project.own + '/running/' + run.id, printMark(run, commandPid), false);
}

/** Keeps a mark fresh for other machines that share the folder. */
export function touchMark(project: Project, run: Run): void {
  const nowS = readUtcMicros() / 1e6;
  fs.utimesSync(toFsPath(project.own + '/running/' + run.id), nowS, nowS);
}

function parseMark(text: ByteString, name: ByteString): Run | undefined {
  if (unsealRecord(text) === undefined) return undefined;
  try {
    return parseRun(text, name);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** isActive: its rr or its command is alive. isOurs: nobody but this machine will settle it. */
export type Mark = { run: Run; isAlive: boolean; isActive: boolean; isOurs: boolean; commandPid: number };

const ABANDONED_MS = 86400000; // a mark of another machine that has been silent for so long is anybody's

/** The runs that have a mark and no record: running, or lost. Damaged marks are passed over. */
export function readMarks(project: Project): Mark[] {
  const marks: Mark[] = [];
  for (const name of listFolder(project.own + '/running').sort()) {
    if (!RUN_ID.test(name)) continue;
    const markName = project.own + '/running/' + name;
    const text = readBytesIfThere(markName);
    const run = text === undefined ? undefined : parseMark(text, markName);
    if (run === undefined) continue;
    const holder = run.unknown.find((field) => field.name === HOLDER_FIELD)?.value ?? '';
    const command = run.unknown.find((field) => field.name === COMMAND_FIELD)?.value;
    run.unknown = [];
    const alive = isHolderAlive(holder, markName);
    if (!alive) run.status = 'lost';
    const [, , boot, host] = holder.split(' ');
    const isLocal = host === readHost();
    marks.push({ run, isAlive: alive, isActive: alive || (isLocal && boot === readBootId() && isCommandAlive(command)), isOurs: isLocal || isOlder(markName, ABANDONED_MS), commandPid: isLocal ? Number((command ?? '0').split(' ')[0]) : 0 });
  }
  return marks;
}

function isOlder(name: ByteString, ms: number): boolean {
  const stat = lstatIfThere(name);
  return stat !== undefined && readUtcMicros() / 1000 - stat.mtimeMs > ms;
}

const LEFTOVER_MS = 3600000;

/** Removes what no mark accounts for: unfinished files, damaged marks, their logs. Not what is fresh. */
function removeLeftovers(project: Project, marks: Mark[]): void {
  const known = new Set(marks.map((mark) => mark.run.id));
  for (const name of listFolder(project.own + '/running')) {
    const path = project.own + '/running/' + name;
    if (!known.has(name.split('.')[0]) && isOlder(path, LEFTOVER_MS) && lstatIfThere(path)?.isDirectory() === false) removeIfThere(path);
  }
}

const STUCK_WAIT_MS = 20;

/**
 * If rr was killed before strace had opened the FIFO, strace waits there for ever for a reader, and the
 * command for strace: it has not begun, and is ended. True if that was so.
 */
function endStuckTracer(pipe: ByteString, commandPid: number): boolean {
  try {
    if (!(commandPid > 1) || !/\/strace$/.test(fs.readlinkSync('/proc/' + String(commandPid) + '/exe'))) return false;
    process.kill(commandPid, 'SIGKILL');
    const reader = fs.openSync(toFsPath(pipe), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    pauseMs(STUCK_WAIT_MS);
    fs.closeSync(reader);
    return true;
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return false; // it has ended meanwhile, or there is no /proc
  }
}

/**
 * Makes records of the runs of this machine whose rr is gone, with "Status: lost"; of those whose
 * record is there already only the mark moves on. Returns the runs that were lost.
 */
export function settleLostRuns(project: Project, self: string): Run[] {
  const lost: Run[] = [];
  const marks = readMarks(project);
  for (const mark of marks) {
    if (mark.isAlive || !mark.isOurs || mark.run.id === self) continue;
    const base = project.own + '/running/' + mark.run.id;
    if (readBytesIfThere(project.provenance + '/' + recordPath(mark.run.id)) === undefined) {
      mark.run.warnings.push('rr was killed while the command ran; its end, outputs and cost are not known');
      saveLogs(project, mark.run);
      saveRecord(project, mark.run);
      lost.push(mark.run);
    }
    // As long as the command itself still runs, the mark tells others that they are not alone.
    if (mark.isActive && !endStuckTracer(base + '.trace.p1', mark.commandPid)) continue;
    moveMarkToPending(project, mark.run.id);
    for (const end of ['.out', '.err', '.order', '.p1', '.p2', '.trace.p1', '.strace']) removeIfThere(base + end);
  }
  removeLeftovers(project, marks);
  return lost;
}

function moveMarkToPending(project: Project, id: string): void {
  makeFolder(project.own + '/pending');
  try {
    fs.renameSync(toFsPath(project.own + '/running/' + id), toFsPath(project.own + '/pending/' + id));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error; // another process settled it meanwhile
  }
}

// ---- runs at the same time ------------------------------------------------------------------------

/** Length of the list of ended runs, to be given to hasOverlap later. */
export function readEndedBytes(project: Project): number {
  return statIfThere(project.own + '/ended')?.size ?? 0;
}

/** Notes that a run ended, for those that run now. One short append: whole, also with many writers. */
export function noteEnded(project: Project, run: Run): void {
  fs.appendFileSync(toFsPath(project.own + '/ended'), run.id + '\n');
}

/** Was another run of the project active now or since the list of ended runs had that length? */
export function hasOverlap(project: Project, self: string, endedBytes: number): boolean {
  if (readEndedBytes(project) > endedBytes) return true;
  for (const name of listFolder(project.own + '/running')) if (RUN_ID.test(name) && name !== self) return readMarks(project).some((mark) => mark.isActive && mark.run.id !== self && mark.run.tree === undefined);
  return false;
}

/** A test of paths: is it a current result that is a regular file (SHA256SUMS)? Read at first use. */
export function makeResultTester(project: Project): (path: ByteString) => boolean {
  let sums: ByteString | undefined;
  return (path) => {
    sums = sums ?? readBytesIfThere(project.provenance + '/SHA256SUMS') ?? '';
    return findChecksum(sums, path).hash !== undefined;
  };
}

// ---- records --------------------------------------------------------------------------------------

/** Writes a run's record for good (invariant 1). */
export function saveRecord(project: Project, run: Run): void {
  const name = project.provenance + '/' + recordPath(run.id);
  const folder = name.slice(0, name.lastIndexOf('/'));
  if (statIfThere(folder) === undefined) {
    makeFolder(folder);
    syncFolder(project.provenance + '/runs');
  }
  replaceFile(name, printRecord(run), true);
}

/** Writes a file that is named by its content, once; the same content is already there otherwise. */
export function saveByContent(project: Project, folder: string, content: ByteString, ending: string): string {
  const hash = hashBytes(content);
  const name = project.provenance + '/' + folder + '/' + hash + ending;
  if (statIfThere(name)?.size === content.length) return hash;
  makeFolder(project.provenance + '/' + folder);
  replaceFile(name, content, true);
  return hash;
}

/** Absolute name of the file in which a stream of a running command is kept, without its ending. */
export function runningLogName(project: Project, id: string): ByteString {
  return project.own + '/running/' + id;
}

const LOG_ENDINGS = ['.out', '.err', '.order'];

/** Moves the kept streams to provenance/logs and notes them in the run. */
export function saveLogs(project: Project, run: Run): void {
  for (const ending of LOG_ENDINGS) {
    const name = project.provenance + '/logs/' + run.id + ending;
    moveLog(project, runningLogName(project, run.id) + ending, name);
    noteLog(run, name, 'provenance/logs/' + run.id + ending);
  }
}

function noteLog(run: Run, name: ByteString, path: ByteString): void {
  const state = describeFile(name, path);
  const outcome = state === undefined ? undefined : hashWithRetry(name);
  if (state !== undefined && outcome?.kind === 'hashed') run.logs.push({ ...state, kind: '', hash: outcome.hash });
}

/** Notes the kept streams of a run that will have no record: absolute names of files that forgetRun() removes. */
export function noteRunningLogs(project: Project, run: Run): void {
  for (const ending of LOG_ENDINGS) noteLog(run, runningLogName(project, run.id) + ending, runningLogName(project, run.id) + ending);
}

/** Leaves nothing of a run that was to have no record. */
export function forgetRun(project: Project, run: Run): void {
  for (const ending of [''].concat(LOG_ENDINGS)) removeIfThere(runningLogName(project, run.id) + ending);
}

function moveLog(project: Project, from: ByteString, to: ByteString): void {
  if (statIfThere(from) === undefined) return;
  makeFolder(project.provenance + '/logs');
  try {
    fs.renameSync(toFsPath(from), toFsPath(to));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return; // another process settles the same lost run
    if (errorCode(error) !== 'EXDEV') throw error;
    fs.copyFileSync(toFsPath(from), toFsPath(to));
    removeIfThere(from);
  }
}

// ---- the derived files ----------------------------------------------------------------------------

/** Makefile and SHA256SUMS from all records and notes. */
export function rebuildDerived(project: Project): { makefile: () => Iterable<ByteString>; sums: ByteString; faults: Failure[] } {
  const { runs, faults, noteFaults } = readGraphRuns(project);
  const graph = findLiveRuns(runs);
  return { makefile: () => printMakefilePieces(graph), sums: printChecksums(graph), faults: faults.concat(noteFaults) };
}

function writeDerived(project: Project, derived: { makefile: FileContent; sums: ByteString }): void {
  const put = (name: ByteString, content: FileContent): void => {
    replaceFile(project.provenance + '/' + name, content, false);
  };
  put('Makefile', derived.makefile);
  put('SHA256SUMS', derived.sums);
}

type Pending = { id: string; isAtWork: boolean };

function listPending(project: Project, self: string): Pending[] {
  return listFolder(project.own + '/pending').sort().map((name) => {
    const id = name.replace(/\.done$/, '');
    if (id !== name || id === self) return { id, isAtWork: false };
    const markName = project.own + '/pending/' + name;
    const holder = /^Holder: (.*)$/m.exec(readBytesIfThere(markName) ?? '');
    return { id, isAtWork: holder !== null && isHolderAlive(holder[1], markName) };
  });
}

/** Brings Makefile and SHA256SUMS up to date after run's record was saved (invariant 2). */
export function includeRun(project: Project, run: Run): Failure[] {
  moveMarkToPending(project, run.id);
  return bringUpToDate(project, run.id, run);
}

/**
 * Makes both anew from all records. It has a mark of its own, as another writer may be at work.
 * `change` is something else that they depend on and that is written first, under that mark: if it
 * is cut short after it, the next writer finds the mark and makes both anew.
 */
export function includeAllRuns(project: Project, change: () => void = () => undefined): Failure[] {
  const id = makeRunId(readUtcMicros());
  makeFolder(project.own + '/pending');
  createFile(project.own + '/pending/' + id, HOLDER_FIELD + ': ' + describeSelf() + '\n');
  try {
    change();
  } catch (error) {
    removeIfThere(project.own + '/pending/' + id);
    throw error;
  }
  return bringUpToDate(project, id, undefined);
}

function bringUpToDate(project: Project, id: string, run: Run | undefined): Failure[] {
  let pending = listPending(project, id);
  let faults: Failure[] = [];
  for (;;) {
    const included = new Set(pending.map((mark) => mark.id).concat(id));
    const alone = pending.every((mark) => mark.id === id);
    faults = writeNewDerived(project, alone ? run : undefined);
    pending = listPending(project, id);
    if (pending.every((mark) => included.has(mark.id))) break;
  }
  const own = project.own + '/pending/' + id;
  if (pending.some((mark) => mark.isAtWork)) {
    fs.renameSync(toFsPath(own), toFsPath(own + '.done'));
    return faults;
  }
  for (const mark of pending) {
    removeIfThere(project.own + '/pending/' + mark.id);
    removeIfThere(project.own + '/pending/' + mark.id + '.done');
  }
  return faults;
}

/** Has the run neither made nor removed anything, so that the derived files stay as they are? */
function changesNothing(run: Run): boolean {
  if (run.tree !== undefined) return true;
  return run.removed.length === 0 && (run.status !== 'succeeded' || run.outputs.length === 0);
}

function writeNewDerived(project: Project, added: Run | undefined): Failure[] {
  if (added !== undefined && changesNothing(added) && statIfThere(project.provenance + '/Makefile') !== undefined) return [];
  if (added !== undefined) {
    const makefile = readBytesIfThere(project.provenance + '/Makefile') ?? '';
    const sums = readBytesIfThere(project.provenance + '/SHA256SUMS') ?? '';
    const derived = addRunToMakefile(makefile, sums, added, (id) => readRun(project, id));
    if (derived !== undefined) {
      if (derived.makefile !== makefile || derived.sums !== sums) writeDerived(project, derived);
      return [];
    }
  }
  const derived = rebuildDerived(project);
  writeDerived(project, derived);
  return derived.faults;
}
