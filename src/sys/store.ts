// store.ts - records, logs and marks on the disk, for any number of writers at once. Decides nothing.
//
// Invariants
// 1. A record in runs/ is complete, on the disk, and never changed: it is written beside its name,
//    synced, and renamed; its id was claimed by creating .rr/running/ID, which must not exist.
// 2. The Makefile and SHA256SUMS are those of all records and notes, once the last writer at work has ended.
//    A writer of many runs (batch.ts) brings them up to date now and then.
// 3. Nothing here waits for another process, so nothing is left locked by a crash.
//
// Life of a run's mark:   .rr/running/ID  ->  .rr/pending/ID  ->  .rr/pending/ID.done  ->  (gone)
//                         it runs             record is there      in the Makefile
//
// The mark of a lost run stays in running/ as long as its command goes on, which may still write
// files. "rr makefile" has a mark in pending/ of its own, for it is a writer too; so has a batch, whose
// one mark stands for all its runs. Unfinished files lie in running/ as .NAME.RANDOM.tmp and are
// removed when they are an hour old.
//
// In a batch the mark of a run that has ended becomes its record: the record's text is written over
// the mark's, by one call and not longer than a page, synced, and the file is renamed to its name in
// runs/. A sealed text in running/ that says how the run ended is thus a record that only lacks its
// name; if its writer is gone, anybody gives it that. What is left of a longer mark behind the seal
// does not count.
//
// Why 2 holds. A writer lists pending/ before it reads the Makefile and again after it has replaced
// it; it ends only when the second list has nothing that its Makefile lacks. A slow writer may
// overwrite another's newer Makefile with an older one, but then its second list still has the
// other's mark: marks are deleted only by a writer that sees no other writer at work. This needs that
// whoever sees a mark in pending/ can read what it stands for. A mark that is made beforehand, for a
// change that is still to be written, therefore gets another name after that (renewMark).
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { folderOfName } from '../core/names.ts';
import { recordPath, RUN_ID } from '../core/run.ts';
import type { RecordLink, Run } from '../core/run.ts';
import { sealRecord, unsealRecord } from '../formats/fields.ts';
import { parseRun, printRunBody } from '../formats/record.ts';
import { findLiveRuns } from '../core/graph.ts';
import { addRunToMakefile, printMakefilePieces } from '../views/makefile.ts';
import { findChecksum, printChecksumPieces } from '../formats/checksums.ts';
import type { LongText } from '../formats/longtext.ts';
import { fs, os } from './node.ts';
import { copyContent } from './copying.ts';
import { createFile, errorCode, isForbidden, keepTemporariesIn, listFolder, listOwnFolder, lstatIfThere, makeFolder, passOverForbidden, readBytesIfThere, readRegularIfThere, removeIfThere, replaceFile, statIfThere, syncFolder, toFsPath } from './files.ts';
import type { FileContent } from './files.ts';
import { describeFile, hashBytes, hashWithRetry } from './hash.ts';
import { refuseLink } from './project.ts';
import type { Project } from './project.ts';
import { changeFiles } from './filesource.ts';
import { addHead, addHeadOf, advanceHeads, dropHeads, readHeads } from './heads.ts';
import { signalAll } from './signals.ts';
import { readRun } from './records.ts';
import { readGraphRuns } from './runindex.ts';
import { makeRunId, readUtcMicros } from './clock.ts';

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
    // Of far in the future it is, too, that nobody touches it now: an archive can give a file any time.
    return stat !== undefined && Math.abs(readUtcMicros() / 1000 - stat.mtimeMs) < REMOTE_LIMIT_MS;
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

/** Is the process alive that identifyProcess() said this of? */
function isCommandAlive(command: string | undefined): boolean {
  const [pid, ticks] = (command ?? '').split(' ');
  return ticks !== undefined && ticks !== '0' && readStartTicks(Number(pid)) === ticks;
}

// ---- marks ----------------------------------------------------------------------------------------

// Names that no field of a record has: a mark is read as a record, and these are what it does not know.
const HOLDER_FIELD = 'Holder';
const COMMAND_FIELD = 'Command_process';

/** Text of the mark of a run: `holder` as of describeSelf(), `command` as of identifyProcess(), '' if there is none yet. */
export function printMark(run: Run, holder: string, command: string): ByteString {
  const unknown = [{ name: HOLDER_FIELD, value: holder }];
  if (command !== '') unknown.push({ name: COMMAND_FIELD, value: command });
  return printRecord({ ...run, unknown });
}

/** "PID START-TICKS" of a process that rr started. */
export function identifyProcess(pid: number): string {
  return String(pid) + ' ' + readStartTicks(pid);
}

/** Claims an id for a run that starts now: no two processes of a project get the same. */
export function claimRun(project: Project, startedMicros: number, fill: (id: string) => Run): Run {
  for (let attempt = 0; attempt < 100; attempt++) {
    const run = fill(makeRunId(startedMicros));
    if (readBytesIfThere(project.provenance + '/' + recordPath(run.id)) !== undefined) continue;
    if (createFile(project.own + '/running/' + run.id, printMark(run, describeSelf(), ''))) return run;
  }
  throw new Failure('cannot find an id that is free in "' + project.own + '/running"');
}

/** Writes again what is known of the run so far, and its command's process, for whoever finds it lost. */
export function refreshMark(project: Project, run: Run, commandPid: number): void {
  replaceFile(project.own + '/running/' + run.id, printMark(run, describeSelf(), commandPid > 0 ? identifyProcess(commandPid) : ''), false);
}

/** Keeps a mark fresh for other machines that share the folder. */
export function touchMark(project: Project, run: Run): void {
  const nowS = readUtcMicros() / 1e6;
  fs.utimesSync(toFsPath(project.own + '/running/' + run.id), nowS, nowS);
}

/** What a mark says, and the text itself up to its seal. undefined if it is damaged, or written just now. */
function readMark(name: ByteString): { run: Run; text: ByteString } | undefined {
  const whole = passOverForbidden(() => readRegularIfThere(name)) ?? '';
  const seal = /^Sha256: [0-9a-f]{64}\n/m.exec(whole);
  if (seal === null) return undefined;
  const text = whole.slice(0, seal.index + seal[0].length);
  try {
    return unsealRecord(text)?.hash === hashBytes(text.slice(0, seal.index)) ? { run: parseRun(text, name), text } : undefined;
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/**
 * isActive: its rr or its command is alive. isOurs: nobody but this machine will settle it. `record`: of
 * a run of a batch that has ended, the text of its record; isAlive and isActive then say that its writer
 * is about to give it its name.
 */
export type Mark = { run: Run; isAlive: boolean; isActive: boolean; isOurs: boolean; commandPid: number; record: ByteString | undefined };

const ABANDONED_MS = 86400000; // a mark of another machine that has been silent for so long is anybody's
const NAMING_MS = 5000; // 50 times what a batch waits before it gives a record its name

/** The runs that have a mark and no record, but for `self`: running, or lost; or ended a moment ago. Damaged marks are passed over. */
export function readMarks(project: Project, self = ''): Mark[] {
  const marks: Mark[] = [];
  let isNaming: boolean | undefined;
  for (const name of listOwnFolder(project.own + '/running').sort()) {
    if (!RUN_ID.test(name) || name === self) continue;
    const markName = project.own + '/running/' + name;
    // Twice, for the first look may have met the very moment in which it was written over.
    const read = readMark(markName) ?? readMark(markName);
    if (read === undefined) continue;
    const { run } = read;
    const holder = run.unknown.find((field) => field.name === HOLDER_FIELD)?.value ?? '';
    if (holder === '' && run.status !== 'running') {
      isNaming = isNaming ?? listPending(project, []).some((mark) => mark.isAtWork);
      const isAlive = isNaming && !isOlder(markName, NAMING_MS);
      marks.push({ run, isAlive, isActive: isAlive, isOurs: true, commandPid: 0, record: read.text });
      continue;
    }
    const command = run.unknown.find((field) => field.name === COMMAND_FIELD)?.value;
    run.unknown = [];
    const alive = isHolderAlive(holder, markName);
    if (!alive) run.status = 'lost';
    const [, , boot, host] = holder.split(' ');
    const isLocal = host === readHost();
    marks.push({ run, isAlive: alive, isActive: alive || (isLocal && boot === readBootId() && isCommandAlive(command)), isOurs: isLocal || isOlder(markName, ABANDONED_MS), commandPid: isLocal ? Number((command ?? '0').split(' ')[0]) : 0, record: undefined });
  }
  return marks;
}

function isOlder(name: ByteString, ms: number): boolean {
  const stat = lstatIfThere(name);
  return stat !== undefined && readUtcMicros() / 1000 - stat.mtimeMs > ms;
}

const LEFTOVER_MS = 3600000;

/** Is it a FIFO of the shells of rr make, which may lie there for as long as that runs (shells.ts)? */
export function isShellFifo(name: ByteString): boolean {
  return /^shells-[a-z2-7]{6}\.p\d+$/.test(name);
}

/** What may not be read may be the mark of another user's run. */
function isLeftover(path: ByteString): boolean {
  if (lstatIfThere(path)?.isDirectory() !== false) return false;
  try {
    fs.accessSync(toFsPath(path), fs.constants.R_OK);
    return true;
  } catch (error) {
    return !isForbidden(error);
  }
}

/** Removes what no mark accounts for: unfinished files, damaged marks, their logs. Not what is fresh. */
function removeLeftovers(project: Project, ids: string[]): void {
  const known = new Set(ids);
  for (const name of listOwnFolder(project.own + '/running')) {
    const path = project.own + '/running/' + name;
    if (!known.has(name.split('.')[0]) && !isShellFifo(name) && isOlder(path, LEFTOVER_MS) && isLeftover(path)) removeIfThere(path);
  }
}

/** Is it a strace that was told to write to `pipe` (the end of its name), and has not opened it? */
function isWaitingTracer(pid: number, pipe: ByteString): boolean {
  const place = '/proc/' + String(pid);
  try {
    if (fs.readFileSync(place + '/cmdline', 'latin1').indexOf(pipe + '\0') < 0 || !/\/strace$/.test(fs.readlinkSync(place + '/exe'))) return false;
    return fs.readdirSync(place + '/fd').every((descriptor) => !fs.readlinkSync(place + '/fd/' + descriptor).endsWith(pipe));
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return false; // it has ended meanwhile, or is another's, or there is no /proc
  }
}

/**
 * If rr was killed before strace had opened the FIFO, strace waits there for ever for a reader, and the
 * command for strace: it has not begun, and is ended, with what strace has left behind. Not a tracer at work.
 */
function endWaitingTracers(project: Project, pipe: ByteString): void {
  if (lstatIfThere(project.own + pipe)?.isFIFO() !== true) return;
  signalAll(listFolder('/proc').filter((name) => /^[1-9]/.test(name)).map(Number).filter((pid) => isWaitingTracer(pid, pipe)), 'SIGKILL');
}

/**
 * Makes records of the runs of this machine whose rr is gone, with "Status: lost"; of those whose
 * record is there already only the mark moves on. Returns the runs that were lost.
 */
export function settleLostRuns(project: Project, self: string): Run[] {
  // Half a record that lay beside its name would stay for ever: nobody writes under that name again.
  keepTemporariesIn(project.own + '/running');
  const lost: Run[] = [];
  const named: RecordLink[] = [];
  const marks = readMarks(project, self);
  for (const mark of marks) {
    if (mark.isAlive || !mark.isOurs) continue;
    const base = project.own + '/running/' + mark.run.id;
    if (mark.record !== undefined) {
      nameRecord(project, mark.run.id, mark.record);
      named.push(...mark.run.previous);
      continue;
    }
    if (readBytesIfThere(project.provenance + '/' + recordPath(mark.run.id)) === undefined) {
      mark.run.warnings.push('rr was killed while the command ran; its end, outputs and cost are not known');
      saveLogs(project, mark.run);
      saveLostRecord(project, mark.run);
      lost.push(mark.run);
    }
    // As long as the command itself still runs, the mark tells others that they are not alone.
    const pipe = '/running/' + mark.run.id + '.trace.p1';
    if (mark.isActive && !isWaitingTracer(mark.commandPid, pipe)) continue;
    endWaitingTracers(project, pipe);
    // Who wrote the record may have been killed before it made the head.
    if (lost[lost.length - 1] !== mark.run) addHeadOf(project, mark.run.id);
    moveMarkToPending(project, mark.run.id);
    for (const end of LOG_ENDINGS.concat('.p1', '.p2', '.trace.p1', '.strace', '.sh')) removeIfThere(base + end);
  }
  dropHeads(project, named);
  removeLeftovers(project, marks.map((mark) => mark.run.id).concat(self === '' ? [] : self));
  return lost;
}

/** Gives a record in running/ its name, if another process has not done it meanwhile. */
function nameRecord(project: Project, id: string, record: ByteString): void {
  const name = project.own + '/running/' + id;
  makeFolder(project.own + '/pending');
  createFile(project.own + '/pending/' + id, '');
  addHead(project, { id, hash: hashBytes(record) });
  try {
    const fd = fs.openSync(toFsPath(name), 'r+');
    try {
      fs.ftruncateSync(fd, record.length);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    makeMonthFolder(project, id);
    fs.renameSync(toFsPath(name), toFsPath(project.provenance + '/' + recordPath(id)));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  syncFolder(folderOfRecord(project, id));
}

/** Its mark goes on to pending/: its record is there, and is to be put into the derived files. */
export function moveMarkToPending(project: Project, id: string): void {
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

/** Notes that runs ended, for those that run now. One short append: whole, also with many writers. */
export function noteEnded(project: Project, ...runs: Run[]): void {
  fs.appendFileSync(toFsPath(project.own + '/ended'), runs.map((run) => run.id + '\n').join(''));
}

/** Was another run of the project active now or since the list of ended runs had that length? */
export function hasOverlap(project: Project, self: string, endedBytes: number): boolean {
  if (readEndedBytes(project) > endedBytes) return true;
  for (const name of listOwnFolder(project.own + '/running')) if (RUN_ID.test(name) && name !== self) return readMarks(project, self).some((mark) => mark.isActive && mark.run.tree === undefined);
  return false;
}

/** A test of paths: is it a current result that is a regular file (SHA256SUMS)? Read at first use. */
export function makeResultTester(project: Project): (path: ByteString) => boolean {
  let sums: ByteString | undefined;
  return (path) => {
    sums = sums ?? readRegularIfThere(project.provenance + '/SHA256SUMS') ?? '';
    return findChecksum(sums, path).hash !== undefined;
  };
}

// ---- records --------------------------------------------------------------------------------------

/** The folder that the record of a run lies in. */
export function folderOfRecord(project: Project, id: string): ByteString {
  return folderOfName(project.provenance + '/' + recordPath(id));
}

/** Makes that folder, for good, if it is not there. */
export function makeMonthFolder(project: Project, id: string): void {
  const folder = folderOfRecord(project, id);
  refuseLink(project, folder);
  if (statIfThere(folder) !== undefined) return;
  makeFolder(folder);
  syncFolder(project.provenance + '/runs');
}

/** Writes a run's record for good (invariant 1). It names the heads, and is to be one, in their place (advanceHeads). */
export function saveRecord(project: Project, run: Run): RecordLink {
  makeMonthFolder(project, run.id);
  run.previous = readHeads(project, run.id);
  const text = printRecord(run);
  replaceFile(project.provenance + '/' + recordPath(run.id), text, true);
  return { id: run.id, hash: hashBytes(text) };
}

/** The same of a lost run, whose record another process may write at the same time, with other heads in it. */
function saveLostRecord(project: Project, run: Run): void {
  makeMonthFolder(project, run.id);
  run.previous = readHeads(project, run.id);
  const text = printRecord(run);
  if (createFile(project.provenance + '/' + recordPath(run.id), text, 0o666, true)) advanceHeads(project, { id: run.id, hash: hashBytes(text) }, run.previous);
  // Who wrote it may be killed before it makes the head, and the mark goes now.
  else addHeadOf(project, run.id);
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

const LOG_ENDINGS = ['.out', '.err', '.order', '.series', '.resources'];

/** Moves the kept streams, and what is known over time, to provenance/logs and notes them in the run. */
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
  // A link, as a stranger's .rr may have one, would bring in what it leads to.
  if (lstatIfThere(from)?.isFile() !== true) return;
  makeFolder(project.provenance + '/logs');
  try {
    fs.renameSync(toFsPath(from), toFsPath(to));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return; // another process settles the same lost run
    if (errorCode(error) !== 'EXDEV') throw error;
    copyContent(from, to);
    removeIfThere(from);
  }
}

// ---- the derived files ----------------------------------------------------------------------------

/** Makefile and SHA256SUMS from all records and notes. The records of `known` need not be read. */
export function rebuildDerived(project: Project, known: Run[] = []): { makefile: () => Iterable<ByteString>; sums: () => Iterable<ByteString>; faults: Failure[] } {
  const { runs, faults, noteFaults } = readGraphRuns(project, new Map(known.map((run) => [run.id, run])));
  const graph = findLiveRuns(runs);
  return { makefile: () => printMakefilePieces(graph), sums: () => printChecksumPieces(graph), faults: faults.concat(noteFaults) };
}

function writeDerived(project: Project, derived: { makefile: FileContent; sums: FileContent }): void {
  const put = (name: ByteString, content: FileContent): void => {
    replaceFile(project.provenance + '/' + name, content, false);
  };
  put('Makefile', derived.makefile);
  put('SHA256SUMS', derived.sums);
}

type Pending = { id: string; isAtWork: boolean };

/** The marks in pending/; those of `own` are not told to be at work. */
function listPending(project: Project, own: string[]): Pending[] {
  const known = new Set(own);
  return listOwnFolder(project.own + '/pending').sort().map((name) => {
    const id = name.replace(/\.done$/, '');
    if (id !== name || known.has(id)) return { id, isAtWork: false };
    const markName = project.own + '/pending/' + name;
    const holder = /^Holder: (.*)$/m.exec(passOverForbidden(() => readBytesIfThere(markName)) ?? '');
    return { id, isAtWork: holder !== null && isHolderAlive(holder[1], markName) };
  });
}

/** Brings Makefile and SHA256SUMS up to date after run's record was saved (invariant 2). */
export function includeRun(project: Project, run: Run): Failure[] {
  moveMarkToPending(project, run.id);
  return bringUpToDate(project, { marks: [run.id], runs: [run], isGoingOn: false });
}

/** Makes a mark of a writer that has no run of its own; its name is returned. */
export function makeWriterMark(project: Project): string {
  makeFolder(project.own + '/pending');
  const id = makeRunId(readUtcMicros());
  createFile(project.own + '/pending/' + id, HOLDER_FIELD + ': ' + describeSelf() + '\n');
  return id;
}

/** Gives a writer's mark a name that nobody has seen yet: what it stands for can be read from now on. */
export function renewMark(project: Project, mark: string): string {
  const id = makeRunId(readUtcMicros());
  fs.renameSync(toFsPath(project.own + '/pending/' + mark), toFsPath(project.own + '/pending/' + id));
  return id;
}

/**
 * Makes both anew from all records. It has a mark of its own, as another writer may be at work.
 * `change` is something else that they depend on and that is written first, under that mark: if it
 * is cut short after it, the next writer finds the mark and makes both anew.
 */
export function includeAllRuns(project: Project, change: () => void = () => undefined): Failure[] {
  const mark = makeWriterMark(project);
  try {
    change();
  } catch (error) {
    // What the system refused may be in place by then: to be made sure of, and no more.
    if (error instanceof Failure) removeIfThere(project.own + '/pending/' + mark);
    throw error;
  }
  return bringUpToDate(project, { marks: [renewMark(project, mark)], runs: undefined, isGoingOn: false });
}

/**
 * What a writer adds: its marks in pending/, and the runs that these stand for; undefined if anything
 * may have changed. isGoingOn: the first mark stands for more that is to come, and stays.
 */
export type Addition = { marks: string[]; runs: Run[] | undefined; isGoingOn: boolean };

/** Brings Makefile and SHA256SUMS up to date with all records that can be read now (invariant 2). */
export function bringUpToDate(project: Project, added: Addition): Failure[] {
  const { marks, runs } = added;
  const own = new Set(marks);
  let pending = listPending(project, marks);
  let faults: Failure[] = [];
  for (;;) {
    const included = new Set(pending.map((mark) => mark.id).concat(marks));
    const isAlone = pending.every((mark) => own.has(mark.id));
    faults = writeNewDerived(project, runs, isAlone);
    pending = listPending(project, marks);
    if (pending.every((mark) => included.has(mark.id))) break;
  }
  const isOtherAtWork = pending.some((mark) => mark.isAtWork);
  for (const mark of pending) {
    if (added.isGoingOn && (mark.id === marks[0] || isOtherAtWork)) continue;
    if (!isOtherAtWork) {
      removeIfThere(project.own + '/pending/' + mark.id);
      removeIfThere(project.own + '/pending/' + mark.id + '.done');
    } else if (own.has(mark.id)) {
      fs.renameSync(toFsPath(project.own + '/pending/' + mark.id), toFsPath(project.own + '/pending/' + mark.id + '.done'));
    }
  }
  return faults;
}

/** Has the run neither made nor removed anything, so that the derived files stay as they are? */
function changesNothing(run: Run): boolean {
  if (run.tree !== undefined) return true;
  return run.removed.length === 0 && (run.status !== 'succeeded' || run.outputs.length === 0);
}

// To put one run into the Makefile's text costs as much as to print some hundred from the records.
const MOST_PUT_IN = 8;

function writeNewDerived(project: Project, runs: Run[] | undefined, isAlone: boolean): Failure[] {
  const added = runs === undefined || !isAlone ? undefined : runs.filter((run) => !changesNothing(run));
  if (added !== undefined && added.length === 0 && statIfThere(project.provenance + '/Makefile') !== undefined) return [];
  if (added !== undefined && added.length <= MOST_PUT_IN && putIntoDerived(project, added)) return [];
  const derived = rebuildDerived(project, runs);
  writeDerived(project, derived);
  return derived.faults;
}

/** Puts these runs into the text of both files; false if they must be made from all records. */
function putIntoDerived(project: Project, added: Run[]): boolean {
  return changeFiles([project.provenance + '/Makefile', project.provenance + '/SHA256SUMS'], ([makefile, sums]) => {
    let derived: { makefile: LongText; sums: LongText } | undefined = { makefile, sums };
    for (const run of added) {
      derived = addRunToMakefile(derived.makefile, derived.sums, run, (id) => readRun(project, id));
      if (derived === undefined) return undefined;
    }
    return [derived.makefile, derived.sums];
  });
}
