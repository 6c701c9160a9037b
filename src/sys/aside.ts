// aside.ts - keeps the results of a step while it is carried out anew: takes them away, puts them back. Runs nothing.
//
//   .rr/aside/held-DIGITS/     while a step is carried out
//     holder                   the process that carries it out, touched every minute
//     list                     what is held and where it belongs; there before anything is moved
//     run                      id of the run, there before its mark is, so before its command starts
//     job                      there if it is a job of a cluster, which others do not wait for
//     0 1 2 ...                contents, by number
//   .rr/aside/ID/PATH          what is kept for a person: half-made files of a run that did not succeed, and
//                              results that had been changed by hand or that the run ID does not make any more
//
// Invariants
// 1. A held content is whole at each instant: it is renamed from its place and back; where that cannot be, it is
//    copied beside its new name, which it gets by rename, and only then is the other one removed.
// 2. A held content leaves the folder only to its place, or once the record of a good run of that id is there.
//    What is at its place then goes to .rr/aside/ID first. So nothing that was good is ever overwritten or removed.
// 3. Nothing is written, moved or removed by way of a link that leads out of the project.
// 4. All that settles a folder can be cut short at any instant and begun again: it looks at what is there.
//
// What a folder stands for, if its holder is gone, follows from it alone:
//
//   no list                    nothing was moved
//   list, no run               no command was started: put back
//   list, run, good record     the step is done: drop what is held (settleHeld)
//   list, run, else            it failed, or was lost: put back, when its command has ended (putBack)
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { isGlob } from '../core/glob.ts';
import { isResultPath } from '../core/graph.ts';
import { RUN_ID } from '../core/run.ts';
import type { Run } from '../core/run.ts';
import { findChecksum } from '../formats/checksums.ts';
import { decodeText, encodeText } from '../formats/percent.ts';
import { findLinkAbove } from './bounds.ts';
import { makeRandomDigits, readUtcMicros } from './clock.ts';
import { copyContent } from './copying.ts';
import { errorCode, listFolder, listOwnFolder, lstatIfThere, makeFolder, readBytesIfThere, removeIfThere, replaceFile, statIfThere, toFsPath, toText } from './files.ts';
import { describeFile, hashWithRetry } from './hash.ts';
import { enterMaking } from './making.ts';
import { childProcess, fs } from './node.ts';
import { signalAll } from './signals.ts';
import { listDescendants } from './usage.ts';
import { absoluteOf } from './project.ts';
import type { Project } from './project.ts';
import { readRun } from './records.ts';
import { readGraphRuns } from './runindex.ts';
import { makeSecretHasher } from './secretkey.ts';
import { makeOwnFolder, removeHeldFolder, removeTree } from './scratch.ts';
import { isHolderAlive, readMarks, settleLostRuns } from './store.ts';

/**
 * moved: renamed into the folder. copied: a copy is held, and the command finds it in its place. absent: it was not
 * there. folder: the run before made it, and it was removed if it was empty. made: made for the command, which wants
 * to write into it.
 */
type HeldHow = 'moved' | 'copied' | 'absent' | 'folder' | 'made';

/** `isLent`: something else was put in its place for the command to read. `mode`: of a folder. */
type HeldEntry = { how: HeldHow; number: number; mode: number; isLent: boolean; path: ByteString };

/** What is held of a step. `slot`: the folder is for one step after the other. */
export type Held = { project: Project; folder: ByteString; entries: HeldEntry[]; id: string | undefined; slot?: HeldSlot };

export type HoldRequest = {
  project: Project;
  /** The run whose results the new run's take the place of. */
  prior: Run | undefined;
  /** Files that the new run was said to write, as paths of a record; patterns are left alone. */
  declared: ByteString[];
  /** Paths that are to have another content while it runs. */
  lent: ByteString[];
  /** Is it among the current results, by the records? */
  isResultNow: (path: ByteString) => boolean;
  /** The job of a cluster that carries it out: others need not wait for it. */
  job: ByteString | undefined;
};

// ---- taking away ----------------------------------------------------------------------------------------

/** Results that the new run writes, and whether it is to find them: what it changes in place it must. */
function listWanted(request: HoldRequest): Map<ByteString, 'moved' | 'copied'> {
  const { prior, declared, lent, isResultNow, project } = request;
  const wanted = new Map<ByteString, 'moved' | 'copied'>();
  const read = new Set((prior?.inputs ?? []).map((file) => file.path).concat((prior?.secretInputs ?? []).map(pathOfSecret)));
  const results = (prior?.outputs ?? []).filter((file) => file.kind !== 'd').map((file) => file.path).concat((prior?.secretOutputs ?? []).map(pathOfSecret));
  for (const path of results) wanted.set(path, read.has(path) ? 'copied' : 'moved');
  for (const path of declared) {
    if (wanted.has(path) || (isGlob(path) && lstatIfThere(absoluteOf(project, path)) === undefined)) continue;
    // What nobody knows of, the command may want to find: a copy of it is held, in case it fails.
    wanted.set(path, isResultNow(path) && !read.has(path) ? 'moved' : 'copied');
  }
  for (const path of lent) wanted.set(path, 'copied');
  for (const path of Array.from(wanted.keys())) if (!isResultPath(path) || findLinkAbove(project.root, absoluteOf(project, path)) !== undefined) wanted.delete(path);
  return wanted;
}

/** The path in 'HMAC PATH'. */
export function pathOfSecret(line: ByteString): ByteString {
  return line.slice(line.indexOf(' ') + 1);
}

/** `from`: the first number that is free. */
function listEntries(request: HoldRequest, from: number): HeldEntry[] {
  const { project, prior } = request;
  const entries: HeldEntry[] = [];
  const lent = new Set(request.lent);
  const wanted = listWanted(request);
  for (const path of Array.from(wanted.keys()).sort(compareBytes)) {
    const stat = lstatIfThere(absoluteOf(project, path));
    const isFolder = stat?.isDirectory() === true;
    // A folder where the run before left a file is moved with all that is in it; one that was only declared stays.
    if (isFolder && wanted.get(path) === 'copied') continue;
    const how = stat === undefined ? 'absent' : wanted.get(path) as HeldHow;
    entries.push({ how, number: from + entries.length, mode: 0, isLent: lent.has(path), path });
  }
  const made = new Set((prior?.outputs ?? []).filter((file) => file.kind === 'd' && isResultPath(file.path)).map((file) => file.path));
  for (const path of Array.from(made).sort(compareBytes)) {
    const stat = lstatIfThere(absoluteOf(project, path));
    if (stat?.isDirectory() === true && findLinkAbove(project.root, absoluteOf(project, path)) === undefined) entries.push({ how: 'folder', number: 0, mode: stat.mode & 0o7777, isLent: false, path });
  }
  for (const path of listMissingFolders(project, wanted.keys(), made)) entries.push({ how: 'made', number: 0, mode: 0, isLent: false, path });
  return entries;
}

/** Folders that are missing above these paths, outermost first, without those that the run makes itself. */
function listMissingFolders(project: Project, paths: Iterable<ByteString>, madeByRun: Set<ByteString>): ByteString[] {
  const missing = new Set<ByteString>();
  for (const path of paths) {
    for (let cut = path.indexOf('/'); cut > 0; cut = path.indexOf('/', cut + 1)) {
      const folder = path.slice(0, cut);
      if (madeByRun.has(folder)) break;
      if (lstatIfThere(absoluteOf(project, folder)) === undefined) missing.add(folder);
    }
  }
  return Array.from(missing).sort(compareBytes);
}

function printHeldList(entries: HeldEntry[]): ByteString {
  return entries.map(({ how, number, mode, isLent, path }) => [how, number, mode.toString(8), isLent ? 'lent' : '-', encodeText(path)].join(' ') + '\n').join('');
}

/** The list as it was written; what it has no right to name is left out. */
function parseList(text: ByteString): HeldEntry[] {
  const entries: HeldEntry[] = [];
  for (const line of text.split('\n')) {
    const parts = /^(moved|copied|absent|folder|made) (\d{1,9}) ([0-7]{1,4}) (lent|-) (.+)$/.exec(line);
    const path = parts === null ? '' : decodeText(parts[5]);
    if (parts !== null && isResultPath(path)) entries.push({ how: parts[1] as HeldHow, number: Number(parts[2]), mode: parseInt(parts[3], 8), isLent: parts[4] === 'lent', path });
  }
  return entries;
}

function contentName(held: Held, entry: HeldEntry): ByteString {
  return held.folder + '/' + String(entry.number);
}

/** Takes away what the new run is to make anew, and keeps copies of what it is to find. Throws a system's error if that cannot be; then all is as before. */
export function holdResults(request: HoldRequest, slot?: HeldSlot): Held {
  const { project } = request;
  const entries = listEntries(request, slot?.nextNumber ?? 0);
  const held: Held = { project, folder: slot?.folder ?? makeOwnFolder(project, 'aside', 'held', makeRandomDigits()), entries, id: undefined, slot };
  try {
    if (request.job !== undefined) replaceFile(held.folder + '/job', encodeText(request.job) + '\n', false);
    if (slot === undefined) replaceFile(held.folder + '/list', printHeldList(entries), false);
    else slot.begin(printHeldList(entries), entries.length);
    for (const entry of entries) if (entry.how === 'copied') copyAlike(absoluteOf(project, entry.path), contentName(held, entry));
    for (const entry of entries) if (entry.how === 'moved') moveAny(absoluteOf(project, entry.path), contentName(held, entry));
    for (const entry of entries.slice().reverse()) if (entry.how === 'folder') removeIfEmpty(absoluteOf(project, entry.path));
    for (const entry of entries) if (entry.how === 'made') makeFolder(absoluteOf(project, entry.path));
  } catch (error) {
    putBack(held, undefined);
    dropHeld(held);
    throw error;
  }
  return held;
}

/** Notes the run that is to make them anew, before anything of it is written. */
export function noteHeldRun(held: Held, id: string): void {
  held.id = id;
  if (held.slot === undefined) replaceFile(held.folder + '/run', id + '\n', false);
  else if (held.entries.length > 0) held.slot.noteRun(id);
}

/** Tells other machines that share the folder that its holder is alive. */
export function touchHeld(held: Held): void {
  const nowS = readUtcMicros() / 1e6;
  fs.utimesSync(held.folder + '/holder', nowS, nowS);
}

// ---- moving and copying ---------------------------------------------------------------------------------

function removeIfEmpty(name: ByteString): void {
  try {
    fs.rmdirSync(toFsPath(name));
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR', 'EBUSY', 'EACCES', 'EPERM', 'EROFS'].indexOf(errorCode(error)) < 0) throw error;
  }
}

/** Renames, or where that cannot be copies and removes. What is at the new name, if it is no folder, is replaced. */
function moveAny(from: ByteString, to: ByteString): void {
  try {
    return fs.renameSync(toFsPath(from), toFsPath(to));
  } catch (error) {
    if (errorCode(error) !== 'EXDEV') throw error;
  }
  if (lstatIfThere(from)?.isDirectory() !== true) copyAlike(from, to);
  else {
    makeFolder(to);
    for (const name of listFolder(from)) moveAny(from + '/' + name, to + '/' + name);
  }
  removeTree(from);
}

/** Copies a regular file or a link with mode and times, so that the new name has all of it or nothing. Others have no content. */
function copyAlike(from: ByteString, to: ByteString): void {
  const stat = lstatIfThere(from);
  if (stat === undefined || !(stat.isFile() || stat.isSymbolicLink())) return;
  const unfinished = to + '.unfinished';
  removeIfThere(unfinished);
  if (stat.isSymbolicLink()) fs.symlinkSync(fs.readlinkSync(toFsPath(from), 'buffer'), toFsPath(unfinished));
  else {
    copyContent(from, unfinished);
    fs.chmodSync(toFsPath(unfinished), stat.mode & 0o7777);
    copyOwner(unfinished, stat);
    copyTimes(from, unfinished, stat);
  }
  fs.renameSync(toFsPath(unfinished), toFsPath(to));
}

function copyOwner(name: ByteString, stat: import('fs').Stats): void {
  try {
    if (stat.uid !== process.getuid?.() || stat.gid !== process.getgid?.()) fs.chownSync(toFsPath(name), stat.uid, stat.gid);
  } catch (error) {
    if (errorCode(error) === '') throw error; // another's file, which this user can copy but not give away
  }
}

/** Node sets times to the microsecond; touch(1) has all of them. */
function copyTimes(from: ByteString, to: ByteString, stat: import('fs').Stats): void {
  fs.utimesSync(toFsPath(to), stat.atimeMs / 1000, stat.mtimeMs / 1000);
  childProcess().spawnSync('touch', ['-r', toText(from), '--', toText(to)], { stdio: 'ignore' });
}

function isAlike(one: ByteString, other: ByteString): boolean {
  const [a, b] = [describeFile(one, ''), describeFile(other, '')];
  if (a === undefined || b === undefined || a.size !== b.size || a.kind !== b.kind) return false;
  return a.hash !== '?' ? a.hash === b.hash : hashOf(one) === hashOf(other) && hashOf(one) !== undefined;
}

function hashOf(name: ByteString): string | undefined {
  const state = describeFile(name, '');
  if (state === undefined || state.hash !== '?') return state?.hash;
  const outcome = hashWithRetry(name);
  return outcome.kind === 'hashed' ? outcome.hash : undefined;
}

// ---- what is kept for a person --------------------------------------------------------------------------

/** Folder, relative to the project, for what is kept of a run. */
export function asideFolder(id: string): ByteString {
  return '.rr/aside/' + id;
}

/** A name for `path` in .rr/aside/ID that nothing has. */
function freeName(held: Held, path: ByteString): ByteString {
  const base = held.project.own + '/aside/' + (held.id ?? 'unstarted' + held.folder.slice(held.folder.lastIndexOf('-'))) + '/';
  for (let n = 1; ; n++) {
    const name = (n === 1 ? base : base.slice(0, -1) + '.' + String(n) + '/') + path;
    if (lstatIfThere(name) !== undefined) continue;
    try {
      makeFolder(name.slice(0, name.lastIndexOf('/')));
      return name;
    } catch (error) {
      if (['EEXIST', 'ENOTDIR'].indexOf(errorCode(error)) < 0) throw error; // there is a file where a folder is to be
    }
  }
}

/** Moves what is at a path of the project to .rr/aside/ID. */
function setAside(held: Held, path: ByteString): void {
  const name = absoluteOf(held.project, path);
  const stat = lstatIfThere(name);
  if (stat === undefined || findLinkAbove(held.project.root, name) !== undefined) return;
  // Of a step that was not started, what a stream was to go to: nobody misses it.
  if (held.id === undefined && stat.isFile() && stat.size === 0) removeIfThere(name);
  else moveAny(name, freeName(held, path));
}

// ---- putting back ---------------------------------------------------------------------------------------

/** Makes the folders above a name; what stands in the way, a file or a link that leads out, is set aside. */
function clearWay(held: Held, path: ByteString): void {
  for (let cut = path.indexOf('/'); cut > 0; cut = path.indexOf('/', cut + 1)) {
    const name = absoluteOf(held.project, path.slice(0, cut));
    if (findLinkAbove(held.project.root, name + '/x') !== undefined || statIfThere(name)?.isDirectory() === false) setAside(held, path.slice(0, cut));
    if (lstatIfThere(name) === undefined) fs.mkdirSync(toFsPath(name));
  }
}

function putEntryBack(held: Held, entry: HeldEntry): void {
  const name = absoluteOf(held.project, entry.path);
  const content = contentName(held, entry);
  if (entry.how === 'absent') {
    setAside(held, entry.path);
    return;
  }
  if (lstatIfThere(content) === undefined) return;
  if (entry.how === 'copied' && findLinkAbove(held.project.root, name) === undefined && isAlike(content, name)) return removeIfThere(content);
  clearWay(held, entry.path);
  setAside(held, entry.path);
  moveAny(content, name);
}

/**
 * After a run that did not succeed: sets aside what it wrote, as far as that is known, and puts all that is held back.
 * `run`: undefined if it left no record. The folder stays, with nothing of use in it, until dropHeld().
 */
export function putBack(held: Held, run: Run | undefined): void {
  const faults: unknown[] = [];
  // What one file meets does not keep the others from coming back.
  const attemptEach = <Item>(items: Item[], act: (item: Item) => void): void => {
    for (const item of items) {
      try {
        act(item);
      } catch (error) {
        if (errorCode(error) === '') throw error;
        faults.push(error);
      }
    }
  };
  const { project, entries } = held;
  attemptEach(entries.filter((entry) => entry.how !== 'folder' && entry.how !== 'made'), (entry) => putEntryBack(held, entry));
  if (run !== undefined) attemptEach(listWritten(held, run), (path) => setWrittenAside(held, run, path));
  attemptEach(entries.filter((entry) => entry.how === 'folder'), (entry) => putFolderBack(held, entry));
  for (const { how, path } of entries.slice().reverse()) if (how === 'made') removeIfEmpty(absoluteOf(project, path));
  if (faults.length > 0) throw faults[0];
}

function putFolderBack(held: Held, entry: HeldEntry): void {
  const name = absoluteOf(held.project, entry.path);
  if (lstatIfThere(name)?.isDirectory() === true) return;
  clearWay(held, entry.path);
  setAside(held, entry.path);
  fs.mkdirSync(toFsPath(name));
  fs.chmodSync(toFsPath(name), entry.mode);
}

/** What the run wrote besides what is held: files, and then folders, innermost first. */
function listWritten(held: Held, run: Run): ByteString[] {
  const known = new Set(held.entries.map((entry) => entry.path));
  const files = run.outputs.filter((file) => file.kind !== 'd').map((file) => file.path).concat(run.secretOutputs.map(pathOfSecret));
  const folders = run.outputs.filter((file) => file.kind === 'd').map((file) => file.path).sort(compareBytes).reverse();
  return files.concat(folders).filter((path) => isResultPath(path) && !known.has(path) && findLinkAbove(held.project.root, absoluteOf(held.project, path)) === undefined);
}

/** What the run had read before was there before it: that stays as the run left it, and only a copy is kept. */
function setWrittenAside(held: Held, run: Run, path: ByteString): void {
  const name = absoluteOf(held.project, path);
  const stat = lstatIfThere(name);
  const wasThere = run.inputs.some((file) => file.path === path) || run.secretInputs.some((line) => pathOfSecret(line) === path);
  if (stat?.isDirectory() === true) removeIfEmpty(name);
  else if (!wasThere) setAside(held, path);
  else if (stat?.isFile() === true) copyAlike(name, freeName(held, path));
}

/** Removes the folder. Nothing of what is held may be in it any more, or (isSettled) be of use. */
export function dropHeld(held: Held, isSettled = false): void {
  if (held.slot === undefined) removeHeldFolder(held.folder);
  else if (held.entries.length > 0) held.slot.end(held.entries.filter((entry) => entry.how === 'moved' || entry.how === 'copied').map((entry) => contentName(held, entry)), isSettled);
}

// Of what is not larger thousands wait for the end: where many files were removed, ext4 makes new ones slowly.
const DROPPED_AT_ONCE_BYTES = 1 << 16;
const MOST_DROPPED = 10000;

/**
 * A folder as above that one step after the other uses: for many short ones, to make it and remove it takes as
 * long as they take. `list` and `run` are written over, each by one call and never shorter than before.
 */
export class HeldSlot {
  readonly folder: ByteString;
  nextNumber = 0;
  private readonly list: number;
  private readonly run: number;
  private listBytes = 0;
  private dropped: ByteString[] = [];
  constructor(project: Project) {
    this.folder = makeOwnFolder(project, 'aside', 'held', makeRandomDigits());
    this.list = fs.openSync(toFsPath(this.folder + '/list'), 'wx');
    this.run = fs.openSync(toFsPath(this.folder + '/run'), 'wx');
  }
  /** The run before is over, and its id gone; now the list may be of another. */
  begin(list: ByteString, count: number): void {
    this.nextNumber += count;
    if (count > 0) this.writeList(list);
  }
  private writeList(text: ByteString): void {
    this.listBytes = Math.max(this.listBytes, text.length);
    writeOver(this.list, text.padEnd(this.listBytes, '\n'));
  }
  noteRun(id: string): void {
    writeOver(this.run, id + '\n');
  }
  /** In an order in which each step alone says the same: the good run needs no list, and what is put back no run. */
  end(contents: ByteString[], isSettled: boolean): void {
    if (isSettled) this.writeList('');
    writeOver(this.run, '\n'.repeat(RUN_BYTES));
    if (!isSettled) this.writeList('');
    for (const name of contents) {
      const stat = lstatIfThere(name);
      if (stat !== undefined && stat.size > DROPPED_AT_ONCE_BYTES && stat.isFile()) removeIfThere(name);
      else if (stat !== undefined) this.dropped.push(name);
    }
    if (this.dropped.length < MOST_DROPPED) return;
    for (const name of this.dropped) removeTree(name);
    this.dropped = [];
  }
  touch(): void {
    const nowS = readUtcMicros() / 1e6;
    fs.utimesSync(toFsPath(this.folder + '/holder'), nowS, nowS);
  }
  /** Removes the folder. No step may use it. */
  close(): void {
    fs.closeSync(this.list);
    fs.closeSync(this.run);
    removeHeldFolder(this.folder);
  }
}

const RUN_BYTES = 24; // an id and its line end

function writeOver(descriptor: number, text: ByteString): void {
  const data = Buffer.from(text, 'latin1');
  for (let done = 0; done < data.length;) done += fs.writeSync(descriptor, data, done, data.length - done, done);
}

// ---- after a good run -----------------------------------------------------------------------------------

/** Paths of what is held that the record of the good run should tell of. */
export type HeldNews = {
  /** Changed by hand, or by what has no record, before the run. */
  edited: ByteString[];
  /** Results of the run before that the new one did not make. */
  unmade: ByteString[];
  /** What the run before changed in place, and the new one did not. */
  left: ByteString[];
};

/** `isKnown`: was this content a result at this path? The hash is that of a file line. */
export function listHeldNews(held: Held, run: Run, prior: Run | undefined, isKnown: (path: ByteString, hash: string, name: ByteString) => boolean): HeldNews {
  const news: HeldNews = { edited: [], unmade: [], left: [] };
  const written = new Set(run.outputs.map((file) => file.path).concat(run.secretOutputs.map(pathOfSecret)));
  const isGone = (path: ByteString): boolean => !written.has(path) && lstatIfThere(absoluteOf(held.project, path)) === undefined;
  for (const file of prior?.outputs ?? []) if (file.kind !== 'd' && isResultPath(file.path) && isGone(file.path)) news.unmade.push(file.path);
  const results = new Set((prior?.outputs ?? []).map((file) => file.path));
  for (const entry of held.entries) {
    if (entry.how !== 'moved' && entry.how !== 'copied') continue;
    const [name, content] = [absoluteOf(held.project, entry.path), contentName(held, entry)];
    const isLeft = entry.how === 'copied' && !written.has(entry.path) && lstatIfThere(name) !== undefined;
    if (isLeft && results.has(entry.path)) news.left.push(entry.path);
    // What was not changed, or comes back, is lost to nobody.
    if (entry.how === 'copied' && isAlike(content, name)) continue;
    if (isLeft && entry.isLent && !results.has(entry.path)) continue;
    const hash = hashOf(content);
    if (hash === undefined || !isKnown(entry.path, hash, content)) news.edited.push(entry.path);
  }
  return news;
}

/** After the record of a good run is there: keeps what nobody could make again, gives back what was lent, drops the rest. */
export function settleHeld(held: Held, run: Run, news: HeldNews): void {
  const written = new Set(run.outputs.map((file) => file.path));
  const kept = new Set(news.edited.concat(news.unmade));
  for (const entry of held.entries) {
    const content = contentName(held, entry);
    if (lstatIfThere(content) === undefined) continue;
    if (kept.has(entry.path)) moveAny(content, freeName(held, entry.path));
    else if (entry.isLent && !written.has(entry.path)) giveBack(held, entry);
  }
  dropHeld(held, true);
}

function giveBack(held: Held, entry: HeldEntry): void {
  if (isAlike(contentName(held, entry), absoluteOf(held.project, entry.path))) return;
  clearWay(held, entry.path);
  // Over what was lent: whoever reads it meanwhile has the one or the other, and never nothing.
  if (lstatIfThere(absoluteOf(held.project, entry.path))?.isDirectory() === true) setAside(held, entry.path);
  moveAny(contentName(held, entry), absoluteOf(held.project, entry.path));
}

/**
 * A test: did some run, `prior` above all, leave this content at this path, so that it could be made again? `name`:
 * where the content is now, as of secrets the records have another hash.
 */
export function makeKnownTester(project: Project, prior: Run | undefined): (path: ByteString, hash: string, name: ByteString) => boolean {
  let sums: ByteString | undefined;
  let all: Set<string> | undefined;
  return (path, hash, name) => {
    if (prior !== undefined && prior.outputs.some((file) => file.path === path && file.hash === hash)) return true;
    const secrets = (prior?.secretOutputs ?? []).filter((line) => pathOfSecret(line) === path);
    if (secrets.length > 0 && secrets.indexOf(makeSecretHasher(project.own + '/key')(readBytesIfThere(name) ?? '') + ' ' + path) >= 0) return true;
    sums = sums ?? readBytesIfThere(project.provenance + '/SHA256SUMS') ?? '';
    if (findChecksum(sums, path).hash === hash) return true;
    if (all === undefined) {
      all = new Set();
      for (const run of readGraphRuns(project).runs) for (const file of run.outputs) all.add(file.hash + ' ' + file.path);
    }
    return all.has(hash + ' ' + path);
  };
}

// ---- after a kill ---------------------------------------------------------------------------------------

const POLL_MS = 100;

function sleepMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Is it a good run: did it succeed, and leave every output that was declared? */
export function isGoodRun(run: Pick<Run, 'status' | 'missingOutputs'>): boolean {
  return run.status === 'succeeded' && run.missingOutputs.length === 0;
}

/** '' if nobody says yet, or said before a power cut, whose it is. */
function readHolder(folder: ByteString): string {
  return lstatIfThere(folder + '/holder')?.isFile() === true ? (readBytesIfThere(folder + '/holder') ?? '').trim() : '';
}

/** Waits as long as the holder of the folder is alive. */
async function awaitHolder(folder: ByteString, say: (line: ByteString) => void): Promise<void> {
  let isSaid = false;
  for (;;) {
    const holder = readHolder(folder);
    if (holder === '' || !isHolderAlive(holder, folder + '/holder')) return;
    const [pid, , , host] = holder.split(' ');
    if (!isSaid) say('waiting for process ' + pid + ' on ' + host + ', which still ends a step');
    isSaid = true;
    await sleepMs(POLL_MS);
  }
}

/** Waits until the command of a lost run has ended, and sees to it that the run has a record. */
async function awaitCommand(project: Project, id: string, say: (line: ByteString) => void): Promise<void> {
  let isSaid = false;
  for (;;) {
    settleLostRuns(project, '');
    const mark = readMarks(project).find((one) => one.run.id === id);
    if (mark === undefined || !mark.isActive) return;
    if (!isSaid) say('waiting for the command of ' + id + (mark.commandPid > 0 ? ', process ' + String(mark.commandPid) : '') + ': rr was killed, and the command goes on');
    isSaid = true;
    await sleepMs(POLL_MS);
  }
}

// A folder whose holder was killed before it could say so.
const NAMELESS_HELD_MS = 3600000;

/** Is this folder to be left alone, as its holder is alive, or may be about to say who it is? */
function isHeldLeftAlone(folder: ByteString, isPatient: boolean): boolean {
  const holder = readHolder(folder);
  const hasList = lstatIfThere(folder + '/list') !== undefined;
  if (holder === '') return !hasList && readUtcMicros() / 1000 - (lstatIfThere(folder)?.mtimeMs ?? 0) < NAMELESS_HELD_MS;
  return (!isPatient || !hasList || lstatIfThere(folder + '/job') !== undefined) && isHolderAlive(holder, folder + '/holder');
}

const KILL_LOST_MS = 5000;

/** Stops the command of a run if it goes on though the process that was to record it is gone: SIGTERM, and SIGKILL 5 s later. */
export async function endLostCommand(project: Project, id: string): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const mark = readMarks(project).find((one) => one.run.id === id);
    if (mark === undefined || mark.isAlive || !mark.isActive || mark.commandPid <= 1) return;
    if (waitedMs === 0 || waitedMs >= KILL_LOST_MS) signalAll(listDescendants(mark.commandPid), waitedMs === 0 ? 'SIGTERM' : 'SIGKILL');
    await sleepMs(POLL_MS);
  }
}

async function recoverHeld(project: Project, folder: ByteString, say: (line: ByteString) => void): Promise<void> {
  await awaitHolder(folder, say);
  const list = readBytesIfThere(folder + '/list');
  const noted = (readBytesIfThere(folder + '/run') ?? '').trim();
  const id = RUN_ID.test(noted) ? noted : undefined;
  if (lstatIfThere(folder)?.isDirectory() !== true) return; // its holder has ended it
  const held: Held = { project, folder, entries: parseList(list ?? ''), id };
  if (id !== undefined) await awaitCommand(project, id, say);
  const run = id === undefined ? undefined : readRun(project, id);
  if (run !== undefined && isGoodRun(run)) {
    const news = listHeldNews(held, run, undefined, makeKnownTester(project, run.redoes === undefined ? undefined : readRun(project, run.redoes)));
    settleHeld(held, run, { ...news, unmade: run.removed });
    return;
  }
  putBack(held, run);
  dropHeld(held);
  if (id !== undefined) say('put back what was there before ' + id + ', which was cut short; what it wrote is in ' + asideFolder(id));
}

/**
 * Settles what steps that were cut short by a kill have left: good results are in their places afterwards. Waits
 * for commands that go on; `say` tells the person so. `isPatient`: waits for holders that are alive, too, unless
 * they are jobs of a cluster. Writes nothing where there is nothing to settle. Throws Failure if another process
 * is at work on the steps of the project, whose these are then.
 */
export async function recoverAside(project: Project, say: (line: ByteString) => void, isPatient = true): Promise<void> {
  const base = project.own + '/aside';
  if (lstatIfThere(base)?.isDirectory() !== true) return;
  const isToSettle = (name: ByteString): boolean => /^held-[a-z2-7]{6}$/.test(name) && lstatIfThere(base + '/' + name)?.isDirectory() === true && !isHeldLeftAlone(base + '/' + name, isPatient);
  if (!listOwnFolder(base).some(isToSettle)) return;
  const leave = await enterMaking(project);
  try {
    for (const name of listFolder(base).sort()) if (isToSettle(name)) await recoverHeld(project, base + '/' + name, say);
  } finally {
    leave();
  }
}
