// tracecalls.ts - what each traced call did to the files and processes. Knows no tracer's text beyond arguments, and no disk.
import type { ByteString } from './bytes.ts';
import { detachString } from './bytes.ts';
import type { TraceArgument, TraceCall } from './traceevents.ts';
import { folderOfName, joinNames, normalizeName } from './names.ts';
import type { TracedFiles, TracedName, TracedNode } from './tracefiles.ts';
import { noteKept, noteRead, noteWritten } from './traceprocesses.ts';
import type { ProcessState, ThreadState } from './traceprocesses.ts';

/** What the calls of a run are told to. */
export type TraceState = {
  files: TracedFiles;
  /** Real paths of all that was executed. */
  programs: Set<ByteString>;
  refusedTracing: boolean;
  hasPivoted: boolean;
  /** The live threads, for a folder that moves under them. */
  threadsAlive: () => Iterable<ThreadState>;
};

type CallHandler = (state: TraceState, thread: ThreadState, call: TraceCall) => void;

const NO_ARGUMENT: TraceArgument = { text: '', value: undefined, items: [], path: undefined, isDeleted: false };

/** By the name of a call: what it did. Not: fork and its kind, whose result is a process. */
export const CALL_HANDLERS = new Map<string, CallHandler>([
  ['open', (state, thread, call) => open(state, thread, call, -1, flagsOf(call, 1))],
  ['openat', (state, thread, call) => open(state, thread, call, 0, flagsOf(call, 2))],
  ['openat2', (state, thread, call) => open(state, thread, call, 0, flagsIn(argumentOf(call, 2).text))],
  ['creat', (state, thread, call) => open(state, thread, call, -1, OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE)],
  ['execve', (state, thread, call) => execute(state, thread, call, -1)],
  ['execveat', (state, thread, call) => execute(state, thread, call, 0)],
  ['chdir', changeFolder],
  ['fchdir', changeFolder],
  ['chroot', changeRoot],
  ['unshare', (_, thread, call) => { if (call.error === '' && argumentOf(call, 0).text.indexOf('CLONE_FS') >= 0) thread.surroundings = { folder: thread.surroundings.folder, root: thread.surroundings.root }; }],
  ['pivot_root', (state, _, call) => { if (call.error === '') state.hasPivoted = true; }],
  ['rename', (state, thread, call) => rename(state, thread, call, -1, 0, -1, 1)],
  ['renameat', (state, thread, call) => rename(state, thread, call, 0, 1, 2, 3)],
  ['renameat2', (state, thread, call) => rename(state, thread, call, 0, 1, 2, 3)],
  ['link', (state, thread, call) => link(state, thread, call, -1, 0, -1, 1)],
  ['linkat', (state, thread, call) => link(state, thread, call, 0, 1, 2, 3)],
  ['symlink', (state, thread, call) => addLink(state, thread, call, -1, 1)],
  ['symlinkat', (state, thread, call) => addLink(state, thread, call, 1, 2)],
  ['unlink', (state, thread, call) => unlink(state, thread, call, -1)],
  ['unlinkat', (state, thread, call) => unlink(state, thread, call, 0)],
  ['rmdir', (state, thread, call) => unlink(state, thread, call, -1)],
  ['mkdir', (state, thread, call) => addFolder(state, thread, call, -1)],
  ['mkdirat', (state, thread, call) => addFolder(state, thread, call, 0)],
  ['mknod', (state, thread, call) => addSpecial(state, thread, call, -1)],
  ['mknodat', (state, thread, call) => addSpecial(state, thread, call, 0)],
  ['bind', bindSocket],
  ['truncate', truncate],
  ['ftruncate', truncate],
  ['chmod', (state, thread, call) => setAttribute(state, thread, call, -1, 'mode')],
  ['fchmod', (state, thread, call) => setAttribute(state, thread, call, 0, 'mode')],
  ['fchmodat', (state, thread, call) => setAttribute(state, thread, call, 0, 'mode')],
  ['fchmodat2', (state, thread, call) => setAttribute(state, thread, call, 0, 'mode')],
  ['utime', (state, thread, call) => setAttribute(state, thread, call, -1, 'times')],
  ['utimes', (state, thread, call) => setAttribute(state, thread, call, -1, 'times')],
  ['futimesat', (state, thread, call) => setAttribute(state, thread, call, 0, 'times')],
  ['utimensat', (state, thread, call) => setAttribute(state, thread, call, 0, 'times')],
  ['readlink', (state, thread, call) => readLink(state, thread, call, -1)],
  ['readlinkat', (state, thread, call) => readLink(state, thread, call, 0)],
  ['ptrace', (state, _, call) => { if (call.error === 'EPERM') state.refusedTracing = true; }],
]);

// ---- names given to calls -------------------------------------------------------------------------------

function argumentOf(call: TraceCall, position: number): TraceArgument {
  return call.arguments[position] ?? NO_ARGUMENT;
}

/**
 * The absolute path that a call was given, by the positions of its arguments: of the folder's
 * descriptor, -1 where there is none, and of the path. Undefined if it cannot be told.
 */
function givenPath(thread: ThreadState, call: TraceCall, folderAt: number, pathAt = folderAt + 1): ByteString | undefined {
  const given = argumentOf(call, pathAt).value;
  if (given === undefined) return undefined;
  const { surroundings } = thread;
  const at = folderAt < 0 ? NO_ARGUMENT : argumentOf(call, folderAt);
  // Newer versions of strace tell the current folder at each such call, which heals what was missed.
  if (at.path !== undefined && at.text === 'AT_FDCWD' && at.path !== surroundings.folder && at.path.charCodeAt(0) === 47) surroundings.folder = detachString(at.path);
  if (given.charCodeAt(0) === 47) return surroundings.root === '/' ? given : surroundings.root + given;
  const folder = folderAt < 0 || at.text === 'AT_FDCWD' ? surroundings.folder : at.path;
  if (folder === undefined || folder.charCodeAt(0) !== 47) return undefined;
  return given === '' ? folder : joinNames(folder, given);
}

/** The name itself that a call was given, or what it leads to. */
function nameGiven(state: TraceState, thread: ThreadState, call: TraceCall, folderAt: number, isFollowed: boolean, pathAt = folderAt + 1): TracedName | undefined {
  const given = givenPath(thread, call, folderAt, pathAt);
  if (given === undefined) return undefined;
  const name = state.files.nameOf(given);
  return isFollowed ? state.files.follow(name) : name;
}

/** The file of an open descriptor; undefined for pipes, sockets and files that are gone. */
function nameOfDescriptor(state: TraceState, at: TraceArgument): TracedName | undefined {
  if (at.path === undefined || at.path.charCodeAt(0) !== 47 || at.isDeleted) return undefined;
  return state.files.nameAt(at.path);
}

/** The run makes something where no more is kept: so it is known to be its own if it moves elsewhere. */
function isCountedAsMade(name: TracedName): boolean {
  if (!isCounted(name)) return false;
  name.isTouched = true;
  name.wasAbsent = false;
  return true;
}

/** Are files of this name kept apart, or is it enough that there were any? */
function isCounted(name: TracedName): boolean {
  if (name.what !== 'system' && name.what !== 'ignored') return false;
  name.isUsed = true;
  return true;
}

function isNotThere(call: TraceCall): boolean {
  return call.error === 'ENOENT' || call.error === 'ENOTDIR';
}

/** Looked for in vain. Matters if the run itself has not removed it or its folder. */
function noteMissed(state: TraceState, name: TracedName): void {
  if (name.node === undefined) name.wasAbsent = true;
  if (name.what !== 'project' || name.node !== undefined || name.isTouched) return;
  const folder = state.files.names.get(folderOfName(name.path));
  if (folder === undefined || !folder.isTouched) name.isMissed = true;
}

// ---- opening --------------------------------------------------------------------------------------------

const OPEN_READ = 1;
const OPEN_WRITE = 2;
const OPEN_CREATE = 4;
const OPEN_EXCLUSIVE = 8;
const OPEN_TRUNCATE = 16;
const OPEN_FOLDER = 32;
const OPEN_PATH = 64;
const OPEN_NAMELESS = 128;

const OPEN_FLAGS: { [flag: string]: number } = {
  O_RDONLY: OPEN_READ, O_WRONLY: OPEN_WRITE, O_RDWR: OPEN_READ | OPEN_WRITE, O_CREAT: OPEN_CREATE, O_EXCL: OPEN_EXCLUSIVE, O_TRUNC: OPEN_TRUNCATE, O_DIRECTORY: OPEN_FOLDER, O_PATH: OPEN_PATH, O_TMPFILE: OPEN_NAMELESS,
};
const MOST_FLAG_TEXTS = 4096;
const flagTexts = new Map<ByteString, number>();

function readFlags(text: ByteString): number {
  const known = flagTexts.get(text);
  if (known !== undefined) return known;
  let flags = 0;
  for (const word of text.split('|')) if (Object.prototype.hasOwnProperty.call(OPEN_FLAGS, word)) flags |= OPEN_FLAGS[word];
  if (flagTexts.size < MOST_FLAG_TEXTS) flagTexts.set(detachString(text), flags);
  return flags;
}

function flagsOf(call: TraceCall, position: number): number {
  return readFlags(argumentOf(call, position).text);
}

/** `{flags=O_RDWR|O_CREAT, mode=0666, resolve=0}` */
function flagsIn(how: ByteString): number {
  const match = /^\{flags=([^,}]*)/.exec(how);
  return match === null ? 0 : readFlags(match[1]);
}

function open(state: TraceState, thread: ThreadState, call: TraceCall, folderAt: number, flags: number): void {
  const given = givenPath(thread, call, folderAt);
  if (call.error !== '') {
    if (given === undefined) return;
    if (isNotThere(call) && (flags & OPEN_CREATE) === 0) noteMissed(state, state.files.nameOf(given));
    else if (call.error === 'EEXIST') noteThere(state.files.nameOf(given));
    return;
  }
  const { process } = thread;
  if (process.nameless !== undefined) process.nameless.delete(call.status);
  if ((flags & OPEN_PATH) !== 0) return;
  const real = call.path;
  if (real === undefined) {
    if (given !== undefined) openName(state, process, state.files.follow(state.files.nameOf(given)), flags);
  } else if (real.charCodeAt(0) === 47) {
    const isDeleted = call.isDeleted || isOldDeleted(real, given, flags);
    if (isDeleted && (flags & OPEN_NAMELESS) !== 0) return openNameless(state, process, call.status, withoutMark(real));
    if (isDeleted) return openDeleted(state, process, withoutMark(real), given, flags);
    if (given !== undefined && given !== real) noteLinked(state, given, real);
    openName(state, process, state.files.nameAtReal(real), flags);
  }
}

function noteThere(name: TracedName): void {
  if (name.node === undefined && !name.isTouched) name.wasThere = true;
}

/** Before 5.19, strace printed " (deleted)" as if it were part of the name. */
function isOldDeleted(real: ByteString, given: ByteString | undefined, flags: number): boolean {
  return real.endsWith(' (deleted)') && ((flags & OPEN_NAMELESS) !== 0 || (given !== undefined && !given.endsWith(' (deleted)')));
}

function withoutMark(path: ByteString): ByteString {
  return path.endsWith(' (deleted)') ? path.slice(0, -10) : path;
}

/** O_TMPFILE: may get a name by linkat. */
function openNameless(state: TraceState, process: ProcessState, descriptor: number, path: ByteString): void {
  const node = state.files.makeNameless(path);
  node.isUpdated = true;
  node.isKindKnown = true;
  noteWritten(process, node);
  if (process.nameless === undefined) process.nameless = new Map();
  process.nameless.set(descriptor, node.lastName.path);
}

/**
 * Another process removed the file before strace looked at the new descriptor. If its call was not
 * told yet, it will be. By /proc a file can also be opened that is long gone, or never had a name.
 */
function openDeleted(state: TraceState, process: ProcessState, real: ByteString, given: ByteString | undefined, flags: number): void {
  if (given === undefined || /^\/(?:proc|dev)\//.test(given)) return;
  const name = state.files.nameAt(real);
  if (name.node !== undefined || !name.wasAbsent || !name.isTouched) openName(state, process, name, flags);
}

/** The name as given was another than the real one: by a symbolic link on the way. */
function noteLinked(state: TraceState, given: ByteString, real: ByteString): void {
  const path = normalizeName(given);
  if (path === real || state.files.linkedNames.has(path)) return;
  const name = state.files.nameAt(path);
  if (name.what !== 'project') return;
  state.files.linkedNames.add(name.path);
  // Should the run point it elsewhere later, it was read before.
  if (name.node !== undefined) return;
  state.files.linksFollowed.add(name.path);
  state.files.noticeLink(name.path);
}

function openName(state: TraceState, process: ProcessState, name: TracedName, flags: number): void {
  if ((flags & OPEN_CREATE) !== 0 ? isCountedAsMade(name) : isCounted(name)) return;
  if ((flags & OPEN_FOLDER) !== 0) {
    noteThere(name);
    name.isListed = true;
    if (name.node !== undefined) name.node.kind = 'folder';
    return;
  }
  const isCreated = (flags & (OPEN_CREATE | OPEN_EXCLUSIVE)) === (OPEN_CREATE | OPEN_EXCLUSIVE);
  const node = isCreated ? state.files.makeNode(name, 'file') : (flags & OPEN_CREATE) !== 0 ? state.files.createdNode(name) : state.files.nodeAt(name);
  // A folder can be opened for reading alone.
  if ((flags & (OPEN_WRITE | OPEN_CREATE)) !== 0) node.isKindKnown = true;
  if ((flags & OPEN_TRUNCATE) !== 0) node.isReplaced = true;
  else if ((flags & OPEN_READ) !== 0) noteRead(process, node);
  if ((flags & OPEN_WRITE) === 0 && !isCreated) return;
  if ((flags & (OPEN_WRITE | OPEN_TRUNCATE)) === OPEN_WRITE) node.isUpdated = true;
  noteWritten(process, node);
}

// ---- programs -------------------------------------------------------------------------------------------

function execute(state: TraceState, thread: ThreadState, call: TraceCall, folderAt: number): void {
  const given = givenPath(thread, call, folderAt);
  if (given === undefined) return;
  if (call.error !== '') {
    if (isNotThere(call)) noteMissed(state, state.files.nameOf(given));
    return;
  }
  const { process, surroundings } = thread;
  const program = detachString(normalizeName(given));
  process.images.push({ startMs: call.timeMs, folder: surroundings.folder, argv: argumentOf(call, folderAt + 2).items, program });
  // An exec of a file that has no name any more, by its descriptor.
  if (folderAt >= 0 && argumentOf(call, folderAt).isDeleted) return;
  const asGiven = state.files.nameOf(given);
  const name = state.files.follow(asGiven);
  state.programs.add(name.path);
  if (name !== asGiven || given !== name.path) noteLinked(state, given, name.path);
  if (isCounted(name)) return;
  const node = state.files.nodeAt(name);
  node.isKindKnown = true;
  noteRead(process, node);
}

// ---- folders --------------------------------------------------------------------------------------------

function changeFolder(state: TraceState, thread: ThreadState, call: TraceCall): void {
  if (call.error !== '') return;
  const at = argumentOf(call, 0);
  const given = at.value === undefined ? undefined : givenPath(thread, call, -1);
  if (given !== undefined) thread.surroundings.folder = state.files.realFolder(given);
  else if (at.path !== undefined && at.path.charCodeAt(0) === 47) thread.surroundings.folder = detachString(at.path);
}

function changeRoot(state: TraceState, thread: ThreadState, call: TraceCall): void {
  const given = givenPath(thread, call, -1);
  if (call.error === '' && given !== undefined) thread.surroundings.root = state.files.realFolder(given);
}

function addFolder(state: TraceState, thread: ThreadState, call: TraceCall, folderAt: number): void {
  const name = nameGiven(state, thread, call, folderAt, false);
  if (name === undefined) return;
  if (call.error === 'EEXIST') noteThere(name);
  if (call.error !== '') return;
  state.files.forgetRealFolders();
  if (!isCountedAsMade(name)) state.files.makeNode(name, 'folder');
}

// ---- names ----------------------------------------------------------------------------------------------

function rename(state: TraceState, thread: ThreadState, call: TraceCall, fromFolderAt: number, fromAt: number, toFolderAt: number, toAt: number): void {
  if (call.error !== '') return;
  const from = nameGiven(state, thread, call, fromFolderAt, false, fromAt);
  const to = nameGiven(state, thread, call, toFolderAt, false, toAt);
  if (from === undefined || to === undefined || from === to) return;
  const { files } = state;
  const areCounted = [isCounted(from), isCounted(to)];
  if (areCounted[0] && areCounted[1] && from.node === undefined && to.node === undefined) return files.forgetRealFolders();
  const isExchanged = argumentOf(call, 4).text.indexOf('RENAME_EXCHANGE') >= 0;
  for (const name of isExchanged ? [from, to] : [from]) noteKept(thread.process, files.nodeAt(name));
  if (isExchanged) files.exchange(from, to);
  else if (!files.move(from, to)) return;
  for (const name of isExchanged ? [from, to] : [to]) if (name.node !== undefined) noteWritten(thread.process, name.node);
  if (to.node?.kind === 'folder' || to.node?.isKindKnown === false) moveThreads(state, from.path, to.path);
}

/** The current folders of processes move with them. */
function moveThreads(state: TraceState, from: ByteString, to: ByteString): void {
  for (const { surroundings } of state.threadsAlive()) {
    if (surroundings.folder === from || surroundings.folder.startsWith(from + '/')) surroundings.folder = to + surroundings.folder.slice(from.length);
  }
}

function link(state: TraceState, thread: ThreadState, call: TraceCall, fromFolderAt: number, fromAt: number, toFolderAt: number, toAt: number): void {
  if (call.error !== '') return;
  const { files } = state;
  const to = nameGiven(state, thread, call, toFolderAt, false, toAt);
  if (to === undefined) return;
  const isFollowed = argumentOf(call, 4).text.indexOf('AT_SYMLINK_FOLLOW') >= 0;
  const node = linkedNode(state, thread, call, fromFolderAt, fromAt, isFollowed);
  if (node === undefined) {
    // A file without a name that was not seen to be made: memory, or the file of another process.
    const made = files.makeNode(to, 'file');
    made.isUpdated = true;
    noteWritten(thread.process, made);
    return;
  }
  noteKept(thread.process, node);
  files.linkNode(node, to);
  node.isLinkCountChanged = true;
  noteWritten(thread.process, node);
  isCounted(to);
}

/** The file that link or linkat was given, which may have no name. */
function linkedNode(state: TraceState, thread: ThreadState, call: TraceCall, folderAt: number, pathAt: number, isFollowed: boolean): TracedNode | undefined {
  const at = argumentOf(call, folderAt);
  const given = argumentOf(call, pathAt).value;
  if (given === '') return at.isDeleted || at.path?.endsWith(' (deleted)') === true ? namelessOf(state, at.path) : nodeOfDescriptor(state, at);
  const match = isFollowed && given !== undefined ? /^\/(?:proc\/(?:self|thread-self|\d+)\/fd|dev\/fd)\/(\d+)$/.exec(given) : null;
  if (match !== null) return namelessOf(state, thread.process.nameless?.get(Number(match[1])) ?? newestOf(thread.process.nameless));
  const name = nameGiven(state, thread, call, folderAt, isFollowed, pathAt);
  return name === undefined ? undefined : state.files.nodeAt(name);
}

/** A descriptor may have been duplicated, which is not traced. */
function newestOf(nameless: Map<number, ByteString> | undefined): ByteString | undefined {
  return nameless === undefined ? undefined : Array.from(nameless.values()).pop();
}

function namelessOf(state: TraceState, path: ByteString | undefined): TracedNode | undefined {
  if (path === undefined) return undefined;
  return state.files.namelessAt(withoutMark(path));
}

function nodeOfDescriptor(state: TraceState, at: TraceArgument): TracedNode | undefined {
  const name = nameOfDescriptor(state, at);
  return name === undefined ? undefined : state.files.nodeAt(name);
}

function addLink(state: TraceState, thread: ThreadState, call: TraceCall, folderAt: number, pathAt: number): void {
  const name = nameGiven(state, thread, call, folderAt, false, pathAt);
  if (name === undefined) return;
  if (call.error === 'EEXIST') noteThere(name);
  if (call.error !== '') return;
  state.files.forgetRealFolders();
  if (isCountedAsMade(name)) return;
  const node = state.files.makeNode(name, 'link');
  node.target = detachString(argumentOf(call, 0).value ?? '');
  noteWritten(thread.process, node);
}

function unlink(state: TraceState, thread: ThreadState, call: TraceCall, folderAt: number): void {
  const name = nameGiven(state, thread, call, folderAt, false);
  if (name === undefined) return;
  if (call.error === 'ENOENT') name.wasAbsent = true;
  if (call.error !== '') return;
  const isFolder = call.name === 'rmdir' || argumentOf(call, 2).text.indexOf('AT_REMOVEDIR') >= 0;
  if (isCounted(name) && name.node === undefined) {
    if (isFolder) state.files.forgetRealFolders();
  } else if (isFolder) {
    state.files.removeFolder(name);
  } else {
    noteWritten(thread.process, state.files.remove(name));
  }
}

function addSpecial(state: TraceState, thread: ThreadState, call: TraceCall, folderAt: number): void {
  const name = nameGiven(state, thread, call, folderAt, false);
  if (name === undefined) return;
  if (call.error === 'EEXIST') noteThere(name);
  if (call.error !== '' || isCountedAsMade(name)) return;
  const mode = argumentOf(call, folderAt + 2).text;
  noteWritten(thread.process, state.files.makeNode(name, /S_IF(?!REG)/.test(mode) ? 'other' : 'file'));
}

function bindSocket(state: TraceState, thread: ThreadState, call: TraceCall): void {
  const address = argumentOf(call, 1);
  // An abstract address is printed as sun_path=@"...".
  if (call.error !== '' || address.text.indexOf('sun_path="') < 0 || address.items.length === 0) return;
  const given = address.items[0];
  const { folder, root } = thread.surroundings;
  const path = given.charCodeAt(0) !== 47 ? joinNames(folder, given) : root === '/' ? given : root + given;
  const name = state.files.nameOf(path);
  if (!isCountedAsMade(name)) noteWritten(thread.process, state.files.makeNode(name, 'other'));
}

// ---- content and attributes -----------------------------------------------------------------------------

function truncate(state: TraceState, thread: ThreadState, call: TraceCall): void {
  if (call.error !== '') return;
  const at = argumentOf(call, 0);
  const name = at.value === undefined ? nameOfDescriptor(state, at) : nameGiven(state, thread, call, -1, true);
  if (name === undefined || isCounted(name)) return;
  const node = state.files.nodeAt(name);
  node.isKindKnown = true;
  if (argumentOf(call, 1).text === '0') {
    node.isReplaced = true;
  } else {
    noteKept(thread.process, node);
    node.isUpdated = true;
  }
  noteWritten(thread.process, node);
}

/** chmod, utime and their kind; the file by name (after a folder) or, without a name, by the descriptor in its place. */
function setAttribute(state: TraceState, thread: ThreadState, call: TraceCall, folderAt: number, what: 'mode' | 'times'): void {
  if (call.error !== '') return;
  const given = folderAt < 0 ? argumentOf(call, 0).value : argumentOf(call, folderAt + 1).value;
  const isFollowed = !call.arguments.some((argument) => argument.text.indexOf('AT_SYMLINK_NOFOLLOW') >= 0);
  const name = given === undefined || given === '' ? nameOfDescriptor(state, argumentOf(call, 0)) : nameGiven(state, thread, call, folderAt, isFollowed);
  if (name === undefined || isCounted(name)) return;
  const node = state.files.nodeAt(name);
  if (what === 'times') {
    node.isTimesSet = true;
  } else {
    node.isModeSet = true;
    noteWritten(thread.process, node);
  }
}

function readLink(state: TraceState, thread: ThreadState, call: TraceCall, folderAt: number): void {
  const given = givenPath(thread, call, folderAt);
  if (given === undefined) return;
  const name = state.files.nameOf(given);
  if (isNotThere(call)) noteMissed(state, name);
  else if (call.error === 'EINVAL') noteThere(name);
  else if (call.error === '' && name.node?.origin !== 'made') name.isLinkRead = true;
}
