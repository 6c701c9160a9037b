// watch.ts - what a traced run read and wrote: the trace, and what the files are afterwards. Knows no lines of strace.
import type { ByteString } from '../core/bytes.ts';
import { folderOfName, joinNames, normalizeName } from '../core/names.ts';
import type { FileState } from '../core/run.ts';
import type { TracedFile, TracedProcess, TraceSummary } from '../core/trace.ts';
import { lstatIfThere, readLinkTarget } from './files.ts';
import { describeFile, hashFiles, hashWithRetry } from './hash.ts';
import { resolveLinks } from './machine.ts';
import { addDeclaredOutputs, addLinks, addNewFolders, isDeclared, listBelow, noObservation, rememberHashes, withOutcome } from './observe.ts';
import type { Observation, Observed } from './observe.ts';
import { absoluteOf, relativeTo } from './project.ts';
import type { Project } from './project.ts';
import { isLeftOut } from './scan.ts';

// Rules, and why they hold:
// 1. Whether bytes of a file opened for writing changed is told by its times: the kernel sets mtime at
//    each write and ctime at each change, by a clock that never goes back behind `startMs`, the mtime
//    of a file that rr wrote just before the command started. Only ctime cannot be set back by the run.
// 2. A file whose times are from before the start is now what it was when it was read.
// 3. What was there before the run is told by the trace (a read without O_CREAT, O_EXCL, ENOENT), else
//    by the time of birth, else by what was known before the run. Nothing is guessed: content that
//    nothing tells is "?", and a warning says so.

/** Mapped onto the record: positions are those in inputs followed by outputs. */
export type WatchedProcess = Pick<TracedProcess, 'parent' | 'startMs' | 'endMs' | 'exit' | 'signal' | 'images'> & { read: number[]; wrote: number[] };

export type Watched = Observed & {
  absent: ByteString[];
  /** Absolute names of all that was read, code among it. */
  readFiles: ByteString[];
  leftOut: { what: ByteString; count: number }[];
  processes: WatchedProcess[];
  /** Declared as inputs and not read. */
  unread: ByteString[];
  /** Folders of the project that were opened, and so perhaps listed. */
  listed: ByteString[];
};

export type WatchContext = {
  /** Time of the file system just before the command started, in milliseconds. */
  startMs: number;
  /** Links of the project that were followed, as they were then. */
  links: Map<ByteString, FileState>;
  /** State before the run of a file that the run changed, from version control; undefined if unknown. */
  readEarlier: (path: ByteString) => FileState | undefined;
};

type Fate = {
  file: TracedFile;
  /** As in a record; where it was before the run and where it is now. */
  initial: ByteString;
  path: ByteString;
  wasThere: boolean;
  isWritten: boolean;
  /** Its content at `path` is no longer what was there before the run; by whom. */
  change: 'none' | 'own' | 'others';
};

type Look = { observation: Observation; context: WatchContext; watched: Watched; fates: (Fate | undefined)[]; inputs: Map<ByteString, Fate | undefined>; outputs: Set<ByteString> };

/** What the run did to the files, after its end. */
export async function endWatch(observation: Observation, summary: TraceSummary, context: WatchContext): Promise<Watched> {
  const { request } = observation;
  const watched: Watched = { ...noObservation(observation.warnings.concat(summary.warnings)), absent: [], readFiles: [], leftOut: [], processes: [], unread: [], listed: [] };
  const look: Look = { observation, context, watched, fates: [], inputs: new Map(), outputs: new Set(request.redirectedTo) };
  let cachedCount = 0;
  let temporaryCount = summary.temporaryCount;
  for (const file of summary.files) {
    const fate = isPythonCache(file.path) ? undefined : judge(look, file);
    if (isPythonCache(file.path)) cachedCount += 1;
    look.fates.push(fate);
    if (fate !== undefined) sortOut(look, fate);
    if (fate !== undefined && file.isGone && !fate.wasThere) temporaryCount += 1;
  }
  for (const path of observation.declaredPaths) if (!look.inputs.has(path)) look.inputs.set(path, undefined);
  for (const file of summary.files) if (isPythonCache(file.path) && file.isRead) addSource(look, file.path);
  moveFolders(look, summary);
  addLinksRead(look, summary);
  addDeclaredOutputs(observation, look.outputs, watched);
  const tests = request.declaredOutputs.map((pattern) => isDeclared(request.project, request.folder, pattern));
  if (tests.length > 0) watched.undeclared = Array.from(look.outputs).filter((path) => request.redirectedTo.indexOf(path) < 0 && !tests.some((test) => test(path))).sort();
  await describeStates(look);
  const moved = summary.movedFolders.filter(({ to }) => lstatIfThere(to)?.isDirectory() === true);
  addNewFolders(watched, listFolders(look, summary.foldersMade.concat(moved.map(({ to }) => to))).filter((path) => isFolder(look, path)), false);
  watched.removed.push(...listFolders(look, summary.foldersRemoved.concat(moved.map(({ from }) => from))));
  watched.removed = Array.from(new Set(watched.removed)).filter((path) => lstatIfThere(absoluteOf(request.project, path)) === undefined).sort();
  watched.absent = listAbsent(look, summary);
  const listed = watched.listed.concat(summary.foldersListed.map((name) => relativeTo(request.project, name)));
  watched.listed = Array.from(new Set(listed)).filter((path) => path[0] !== '/' && !isLeftOut(path) && isFolder(look, path)).sort();
  mapProcesses(look, summary);
  if (temporaryCount > 0) watched.leftOut.push({ what: 'temporary', count: temporaryCount });
  if (summary.ignoredCount + cachedCount > 0) watched.leftOut.push({ what: 'ignored', count: summary.ignoredCount + cachedCount });
  warnOfLimits(look, summary);
  return watched;
}

/** Folders of the project, as a record has them. */
function listFolders(look: Look, names: ByteString[]): ByteString[] {
  const paths = names.filter((name) => !isPythonCache(name)).map((name) => relativeTo(look.observation.request.project, name));
  return paths.filter((path) => path[0] !== '/' && path !== '.' && !isLeftOut(path));
}

function isFolder(look: Look, path: ByteString): boolean {
  return lstatIfThere(absoluteOf(look.observation.request.project, path))?.isDirectory() === true;
}

// ---- one file ---------------------------------------------------------------------------------------

/** Is this time from after the start? Some file systems keep whole seconds. */
function isSince(look: Look, timeMs: number): boolean {
  const { startMs } = look.context;
  return timeMs >= (timeMs % 1000 === 0 ? Math.floor(startMs / 1000) * 1000 : startMs);
}

/** Is its time of change from after the start? Deno tells that in whole seconds, whatever the file system. */
function isStateSince(look: Look, stat: import('fs').Stats): boolean {
  const isCut = stat.ctimeMs % 1000 === 0 && stat.mtimeMs % 1000 !== 0;
  return isCut ? stat.ctimeMs >= look.context.startMs : isSince(look, stat.ctimeMs);
}

function judge(look: Look, file: TracedFile): Fate | undefined {
  const { project } = look.observation.request;
  const path = relativeTo(project, file.path);
  const initial = file.initialPath === undefined ? path : relativeTo(project, file.initialPath);
  if (file.kind === 'folder') return undefined;
  const stat = file.isGone ? undefined : lstatIfThere(file.path);
  if (stat?.isDirectory() === true) {
    if (file.isRead) look.watched.listed.push(path);
    return undefined;
  }
  const wasThere = file.origin === 'before' || (file.origin === 'unknown' && wasBornBefore(look, initial, stat));
  const isModified = stat !== undefined && (isSince(look, stat.mtimeMs) || (file.isTimesSet && isStateSince(look, stat)));
  const isUpdated = file.isUpdated && (!wasThere || isModified);
  const isTouchedOnly = isUpdated && wasThere && !file.isReplaced && file.isTimesSet && isAsBefore(look, initial, file.path);
  const isContentNew = file.isReplaced || (isUpdated && !isTouchedOnly);
  // Moved away and back again, it is where and what it was.
  const isRelocated = file.isRelocated && (!wasThere || initial !== path);
  const isWritten = !wasThere || isContentNew || isRelocated || (file.isModeSet && isModeChanged(look, initial, file.path));
  return { file, initial, path, wasThere, isWritten, change: findChange(look, file, stat, isContentNew, isModified) };
}

function findChange(look: Look, file: TracedFile, stat: import('fs').Stats | undefined, isContentNew: boolean, isModified: boolean): Fate['change'] {
  if (isContentNew) return 'own';
  if (stat === undefined) return file.isGone ? 'own' : 'others';
  if (isModified && !file.isTimesSet) return 'others';
  const isExplained = file.isModeSet || file.isTimesSet || file.isRelocated || file.isLinkCountChanged || stat.nlink > 1;
  return isStateSince(look, stat) && !isExplained ? 'others' : 'none';
}

function wasBornBefore(look: Look, initial: ByteString, stat: import('fs').Stats | undefined): boolean {
  const earlier = look.observation.earlier.get(initial);
  if (earlier !== undefined) return earlier.stamp !== '';
  if (look.observation.outputStamps.has(initial)) return true;
  return stat !== undefined && stat.birthtimeMs > 0 && !isSince(look, stat.birthtimeMs);
}

/** Is its content known to be what it was? For what touch(1) did. */
function isAsBefore(look: Look, initial: ByteString, name: ByteString): boolean {
  const hash = look.observation.earlier.get(initial)?.state?.hash;
  if (hash === undefined || hash.length !== 64) return false;
  const now = hashWithRetry(name);
  return now.kind === 'hashed' && now.hash === hash;
}

function isModeChanged(look: Look, initial: ByteString, name: ByteString): boolean {
  const { observation, context } = look;
  const before = observation.earlier.get(initial)?.state ?? context.readEarlier(initial);
  return before !== undefined && describeFile(name, initial)?.kind !== before.kind;
}

/** Puts a file among the inputs, the outputs, what was removed. */
function sortOut(look: Look, fate: Fate): void {
  const { file, initial, path } = fate;
  const { project } = look.observation.request;
  if (fate.wasThere && (file.isRead || (fate.isWritten && !file.isReplaced && !file.isGone))) {
    look.inputs.set(initial, fate);
    look.watched.readFiles.push(absoluteOf(project, initial));
  }
  if (fate.wasThere && (file.isGone || initial !== path)) look.watched.removed.push(initial);
  if (fate.isWritten && !file.isGone && lstatIfThere(file.path) !== undefined) look.outputs.add(path);
}

// ---- Python's compiled modules ----------------------------------------------------------------------

const PYTHON_CACHE = /^(.*\/)__pycache__\/([^/]+)\.cpython-[^/]*\.pyc(?:\.\d+)?$/;

/** Compiled modules hold times of their sources: they differ from copy to copy, and nobody made them on purpose. */
function isPythonCache(path: ByteString): boolean {
  return /\/__pycache__(\/|$)/.test(path);
}

/** Python looks at a module's source only by stat if it is compiled already. */
function sourceOfCache(path: ByteString): ByteString | undefined {
  const parts = PYTHON_CACHE.exec(path);
  return parts === null ? undefined : parts[1] + parts[2] + '.py';
}

/** A file of which the trace shows nothing, and that was read all the same. */
function readUntraced(path: ByteString, initialPath: ByteString): TracedFile {
  return { path, initialPath, origin: 'before', isRead: true, isReplaced: false, isUpdated: false, isRelocated: false, isModeSet: false, isLinkCountChanged: false, isTimesSet: false, isGone: false, kind: 'file' };
}

function addSource(look: Look, cache: ByteString): void {
  const name = sourceOfCache(cache);
  if (name === undefined || lstatIfThere(name)?.isFile() !== true) return;
  const path = relativeTo(look.observation.request.project, name);
  if (look.inputs.has(path) || look.outputs.has(path)) return;
  const file = readUntraced(name, name);
  const fate = judge(look, file);
  if (fate !== undefined) sortOut(look, fate);
}

// ---- folders and links ------------------------------------------------------------------------------

/** Files that were never opened moved with their folder: each is an input where it was and an output where it is. */
function moveFolders(look: Look, summary: TraceSummary): void {
  const { project } = look.observation.request;
  for (const { from, to } of summary.movedFolders) {
    for (const path of listBelow(project, relativeTo(project, to))) {
      const name = absoluteOf(project, path);
      const before = relativeTo(project, from + name.slice(to.length));
      if (look.outputs.has(path)) continue;
      const file = { ...readUntraced(name, absoluteOf(project, before)), isRelocated: true };
      const fate = judge(look, file);
      if (fate !== undefined) sortOut(look, fate);
    }
  }
}

/** Links that lay on the way to a file, or whose text was read: each can be pointed elsewhere. */
function addLinksRead(look: Look, summary: TraceSummary): void {
  const { observation } = look;
  const { project } = observation.request;
  const found = new Set<ByteString>();
  for (const name of summary.linkedNames) addLinks(observation.request, relativeTo(project, name), found);
  for (const name of summary.linksRead) found.add(relativeTo(project, name));
  // Links that the run pointed elsewhere or removed afterwards.
  for (const [path, state] of look.context.links) {
    if (look.inputs.has(path) || describeFile(absoluteOf(project, path), path)?.hash === state.hash) continue;
    observation.earlier.set(path, { stamp: '', state });
    look.inputs.set(path, undefined);
  }
  for (const name of summary.linksFollowed) {
    const path = relativeTo(project, name);
    if (!look.inputs.has(path) && wasLink(look, path, name)) look.inputs.set(path, undefined);
  }
  // A link that leads nowhere: the link was read, and what it names is absent.
  for (const name of summary.absent) if (lstatIfThere(name)?.isSymbolicLink() === true) found.add(relativeTo(project, name));
  for (const path of found) {
    if ((path[0] !== '/' && isLeftOut(path)) || look.outputs.has(path) || look.inputs.has(path)) continue;
    if (lstatIfThere(absoluteOf(project, path))?.isSymbolicLink() === true) look.inputs.set(path, undefined);
  }
}

/** Keeps the links on the way to a file as they are while the run follows them, if it has not changed them. */
export function keepLinks(project: Project, name: ByteString, startMs: number, links: Map<ByteString, FileState>): void {
  const found = new Set<ByteString>();
  addLinks({ project }, relativeTo(project, name), found);
  for (const path of found) {
    const stat = lstatIfThere(absoluteOf(project, path));
    if (stat === undefined || !stat.isSymbolicLink() || stat.ctimeMs >= startMs || links.has(path) || path[0] === '/' || isLeftOut(path)) continue;
    const state = describeFile(absoluteOf(project, path), path);
    if (state !== undefined) links.set(path, state);
  }
}

/** Is it known to have been a link before the run, which is another or gone now? */
function wasLink(look: Look, path: ByteString, name: ByteString): boolean {
  const stat = lstatIfThere(name);
  if (stat !== undefined && !look.outputs.has(path)) return false; // addLinks deals with it
  const before = look.observation.earlier.get(path)?.state ?? look.context.readEarlier(path);
  return before !== undefined ? before.kind === 'l' : stat !== undefined && stat.isSymbolicLink();
}

const MOST_LINKS_IN_CHAIN = 40; // as Linux has it

/** Where a link that leads nowhere points to. */
function followLinks(name: ByteString): ByteString {
  let at = name;
  for (let count = 0; count < MOST_LINKS_IN_CHAIN && lstatIfThere(at)?.isSymbolicLink() === true; count++) {
    at = normalizeName(joinNames(folderOfName(at), readLinkTarget(at)));
  }
  return at;
}

/** What was looked for in vain, and is still not there. */
function listAbsent(look: Look, summary: TraceSummary): ByteString[] {
  const { project } = look.observation.request;
  const absent = new Set<ByteString>();
  for (const given of summary.absent) {
    const name = followLinks(given);
    const path = relativeTo(project, name);
    if (path[0] === '/' || isLeftOut(path) || isPythonCache(name) || look.inputs.has(path) || look.outputs.has(path)) continue;
    if (lstatIfThere(name) === undefined) absent.add(path);
  }
  return Array.from(absent).sort();
}

// ---- states -----------------------------------------------------------------------------------------

/** States of inputs as they were before the run and of outputs as they are. */
async function describeStates(look: Look): Promise<void> {
  const { observation, watched } = look;
  const { project } = observation.request;
  const waiting: { role: 'inputs' | 'outputs'; state: FileState; name: ByteString }[] = [];
  for (const [path, fate] of look.inputs) {
    const settled = settleInput(look, path, fate);
    if (settled !== undefined && settled.hash !== '?') watched.inputs.push(settled);
    else if (settled === undefined) {
      const name = fate?.file.path ?? absoluteOf(project, path);
      const state = describeFile(name, path);
      if (state === undefined) watched.warnings.push(path + ' vanished while it was looked at');
      else if (state.kind === 'l') watched.inputs.push(state);
      else if (state.hash === '?') waiting.push({ role: 'inputs', state, name });
    } else watched.inputs.push(settled);
  }
  for (const path of look.outputs) {
    const state = describeFile(absoluteOf(project, path), path);
    if (state === undefined) continue;
    if (state.hash === '?') waiting.push({ role: 'outputs', state, name: absoluteOf(project, path) });
    else if (state.kind !== 'd' || observation.request.declaredOutputs.length > 0) watched.outputs.push(state);
  }
  const outcomes = await hashFiles(waiting.map(({ state, name }) => ({ name, sizeBytes: state.size })));
  waiting.forEach(({ role, state }, i) => {
    const done = withOutcome(state, outcomes[i], watched.warnings);
    if (done !== undefined) watched[role].push(done);
  });
  rememberHashes(observation, watched);
  for (const list of [watched.inputs, watched.outputs]) list.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The state of an input that is not to be hashed now: known from before, or lost. Undefined: hash it now. */
function settleInput(look: Look, path: ByteString, fate: Fate | undefined): FileState | undefined {
  const { observation, watched } = look;
  const name = absoluteOf(observation.request.project, path);
  const stat = lstatIfThere(name);
  const change = fate !== undefined ? fate.change : stat !== undefined && (stat.isSymbolicLink() || !isSince(look, stat.mtimeMs)) ? 'none' : look.outputs.has(path) ? 'own' : 'others';
  if (change === 'others') watched.warnings.push('the input ' + path + ' was changed during the run, by something else');
  const earlier = observation.earlier.get(path)?.state;
  if (earlier !== undefined && earlier.hash !== '?') return earlier;
  if (change === 'none') return undefined;
  const known = look.context.readEarlier(path);
  if (known !== undefined) return known;
  if (earlier === undefined || change === 'own') watched.warnings.push('what the input ' + path + ' was before the run is not known: declare it with -i');
  return { hash: '?', size: earlier?.size ?? 0, kind: '', path };
}

// ---- processes --------------------------------------------------------------------------------------

function mapProcesses(look: Look, summary: TraceSummary): void {
  const { watched, observation } = look;
  const { project } = observation.request;
  const inputAt = new Map(watched.inputs.map((file, i): [ByteString, number] => [file.path, i]));
  const outputAt = new Map(watched.outputs.map((file, i): [ByteString, number] => [file.path, watched.inputs.length + i]));
  const readAt = summary.files.map((file, i) => {
    const source = isPythonCache(file.path) ? sourceOfCache(file.path) : undefined;
    if (source !== undefined) return inputAt.get(relativeTo(project, source));
    const fate = look.fates[i];
    return fate === undefined ? undefined : inputAt.get(fate.initial) ?? outputAt.get(fate.path);
  });
  const wroteAt = look.fates.map((fate) => (fate === undefined ? undefined : outputAt.get(fate.path)));
  const pick = (positions: number[], table: (number | undefined)[], more: Set<number>): void => {
    for (const position of positions) {
      const at = table[position];
      if (at !== undefined) more.add(at);
    }
  };
  watched.processes = summary.processes.map((traced, i) => {
    const read = new Set<number>();
    const wrote = new Set<number>();
    const renewed = new Set(traced.readNew);
    pick(traced.read.filter((position) => !renewed.has(position)), readAt, read);
    pick(traced.readNew, wroteAt, read);
    pick(traced.wrote, wroteAt, wrote);
    for (const path of i === 0 ? observation.request.redirectedFrom : []) if (inputAt.has(path)) read.add(inputAt.get(path) as number);
    for (const path of i === 0 ? observation.request.redirectedTo : []) if (outputAt.has(path)) wrote.add(outputAt.get(path) as number);
    const ascending = (set: Set<number>): number[] => Array.from(set).sort((a, b) => a - b);
    const { parent, startMs, endMs, exit, signal, images } = traced;
    return { parent, startMs, endMs, exit, signal, images, read: ascending(read), wrote: ascending(wrote) };
  });
}

// ---- limits -----------------------------------------------------------------------------------------

const SET_USER = 0o4000;
const SET_GROUP = 0o2000;

/** Would this program, untraced, run as another user or group? To root only others than root are that. */
function gainsRights(name: ByteString): boolean {
  const stat = lstatIfThere(name);
  if (stat === undefined || (stat.mode & (SET_USER | SET_GROUP)) === 0) return false;
  if (process.getuid?.() !== 0 || /\/sudo$/.test(name)) return true;
  return ((stat.mode & SET_USER) !== 0 && stat.uid !== 0) || ((stat.mode & SET_GROUP) !== 0 && stat.gid !== 0);
}

function warnOfLimits(look: Look, summary: TraceSummary): void {
  const { watched, observation } = look;
  if (summary.outlived > 0) watched.warnings.push(String(summary.outlived) + (summary.outlived === 1 ? ' process' : ' processes') + ' outlived the command: what they did afterwards is not recorded');
  if (summary.refusedTracing) watched.warnings.push('the command tried to trace a process (a debugger, a leak sanitizer) and could not, because strace watched it: record it with --trace scan');
  const gainers = summary.programs.filter((name) => gainsRights(resolveLinks(name)));
  if (gainers.length > 0) watched.warnings.push('gained no rights from its set-user-id bit, because strace watched it: ' + gainers.join(', ') + '; record it with --trace scan');
  const seen = new Set(look.watched.readFiles);
  const isUnread = (path: ByteString): boolean => observation.request.redirectedFrom.indexOf(path) < 0 && !look.outputs.has(path) && !seen.has(absoluteOf(observation.request.project, path));
  watched.unread = observation.declaredPaths.filter(isUnread);
}
