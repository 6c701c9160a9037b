// files.ts - reading and writing files whose names are bytes. Knows no records.
import type { ByteString } from '../core/bytes.ts';
import { isUtf8, utf8SequenceLength } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { makeRandomDigits, pauseMs, readUtcMicros } from './clock.ts';
import { fs } from './node.ts';

/** What fs takes for a name that is bytes: a string where it is ASCII (faster), else a Buffer. */
export function toFsPath(name: ByteString): string | Buffer {
  return /^[\x00-\x7f]*$/.test(name) ? name : Buffer.from(name, 'latin1');
}

const LONE_BYTES = /([\udc80-\udcff])/u;

/**
 * The bytes of a JavaScript string (UTF-8), such as an argument or a name from a Node interface. A lone surrogate
 * U+DC80 to U+DCFF is the byte 80 to FF (Python's surrogateescape, PEP 383): toVariableText() writes them.
 */
export function toBytes(text: string): ByteString {
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  if (!LONE_BYTES.test(text)) return Buffer.from(text, 'utf8').toString('latin1');
  return text.split(LONE_BYTES).map((piece, i) => (i % 2 === 1 ? String.fromCharCode(piece.charCodeAt(0) - 0xdc00) : Buffer.from(piece, 'utf8').toString('latin1'))).join('');
}

/** A variable of the environment as text that toBytes() makes the same bytes of. Node.js itself puts U+FFFD for what is not UTF-8. */
export function toVariableText(bytes: ByteString): string {
  if (isUtf8(bytes)) return toText(bytes);
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = utf8SequenceLength(bytes, at);
    text += length === 0 ? String.fromCharCode(0xdc00 + bytes.charCodeAt(at)) : toText(bytes.slice(at, at + length));
    at += Math.max(1, length);
  }
  return text;
}

/** Would Node.js alter this variable's text if it passed it on? */
export function isAlteredByNode(text: string): boolean {
  return LONE_BYTES.test(text);
}

/** The text of bytes that are UTF-8, for interfaces that take only strings. */
export function toText(bytes: ByteString): string {
  return /^[\x00-\x7f]*$/.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

export function errorCode(error: unknown): string {
  const code = String((error as { code?: unknown }).code ?? '');
  // Node.js has no name for it (of Linux; 69 elsewhere).
  const named = code === 'UNKNOWN' ? 'Unknown system error ' + String((error as { errno?: unknown }).errno) : code;
  return /^Unknown system error -(?:122|69)$/.test(named) ? 'EDQUOT' : code;
}

const NOT_WRITABLE = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'ENOENT', 'ENOTDIR', 'EEXIST', 'ELOOP', 'EMFILE', 'ENFILE', 'ENOTSUP', 'ESTALE'];

/** Is it for reasons of the system, none of rr's, that a file could not be written? */
export function isUnwritable(error: unknown): boolean {
  return NOT_WRITABLE.indexOf(errorCode(error)) >= 0;
}

/** Is it that the user may not do that with the file? */
export function isForbidden(error: unknown): boolean {
  return ['EACCES', 'EPERM'].indexOf(errorCode(error)) >= 0;
}

// A text that is longer fits into no string of some engines; and of what rr reads as one it writes none that is.
const LARGEST_STRING_BYTES = 256 << 20;

/** What `read` gives of an open regular file of at most `mostBytes`, `refuse` of anything else; undefined if there is none. Waits for no FIFO. */
function readOpened<T>(name: ByteString, read: (fd: number, size: number) => T, refuse: (name: ByteString, stat?: import('fs').Stats) => undefined, mostBytes = LARGEST_STRING_BYTES): T | undefined {
  let fd: number;
  try {
    fd = fs.openSync(toFsPath(name), fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'ENXIO' || code === 'ENODEV') return refuse(name);
    throw error;
  }
  try {
    const stat = fs.fstatSync(fd);
    return stat.isFile() && stat.size <= mostBytes ? read(fd, stat.size) : refuse(name, stat);
  } finally {
    fs.closeSync(fd);
  }
}

function passOverIrregular(): undefined {
  return undefined;
}

/** What `look` finds in .rr, which may be another user's: undefined also where that may not be read. */
export function passOverForbidden<T>(look: () => T | undefined): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

function refuseIrregular(name: ByteString, stat?: import('fs').Stats): never {
  const fault = stat?.isFile() === true ? 'it has ' + String(stat.size) + ' bytes, more than are taken for a text' : 'not a regular file';
  throw new Failure('cannot read "' + name + '": ' + fault, 'move it away, if it is not yours');
}

function readText(fd: number): ByteString {
  return fs.readFileSync(fd, 'latin1');
}

/**
 * The file as bytes; undefined if there is none. Throws Failure for what is no regular file, as a FIFO would be
 * waited for without end and a device may never end, and for more than 256 MiB. Other failures throw.
 */
export function readBytesIfThere(name: ByteString): ByteString | undefined {
  return readOpened(name, readText, refuseIrregular);
}

/** How this process has a descriptor open: 0 for reading, 1 for writing, 2 for both; -1 where /proc does not tell. */
export function readAccessMode(descriptor: number): number {
  const flags = /^flags:\s+([0-7]+)$/m.exec(readBytesIfThere('/proc/self/fdinfo/' + String(descriptor)) ?? '');
  return flags === null ? -1 : parseInt(flags[1], 8) & 3;
}

/** Has `see` read a file, however large it is, if it is there. Throws Failure for what is no regular file. */
export function seeFileIfThere(name: ByteString, see: (fd: number) => void): void {
  readOpened(name, see, refuseIrregular, Infinity);
}

/** As readBytesIfThere(), but what is no regular file, or larger, counts as not there. */
export function readRegularIfThere(name: ByteString): ByteString | undefined {
  return readOpened(name, readText, passOverIrregular);
}

/** The same of a cache, not as a text; what may not be read counts as not there, too. */
export function readRegularBytesIfThere(name: ByteString): Buffer | undefined {
  return passOverForbidden(() => readOpened(name, (fd) => fs.readFileSync(fd), passOverIrregular));
}

/** What a person named to be read, which may be a pipe ("<(...)", /dev/stdin); undefined if there is nothing. */
export function readNamedIfThere(name: ByteString): ByteString | undefined {
  try {
    return fs.readFileSync(toFsPath(name), 'latin1');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The same text; of more than 1 MiB one that Node.js keeps outside of the heap, which V8 lets grow to four times what is in use. */
export function holdOutsideHeap(text: ByteString): ByteString {
  return Buffer.from(text, 'latin1').toString('latin1');
}

let readingBuffer: Buffer | undefined;

/** The same from `at` on in memory that the next call uses again: gives all of that, of which what stood before `at` is kept. */
export function readReusedIfThere(name: ByteString, at = 0): Buffer | undefined {
  return passOverForbidden(() => readOpened(name, (fd, size) => {
    if (readingBuffer === undefined || readingBuffer.length < at + size) {
      const larger = Buffer.allocUnsafeSlow((at + size) * 2);
      if (readingBuffer !== undefined) readingBuffer.copy(larger, 0, 0, at);
      readingBuffer = larger;
    }
    let done = 0;
    for (let n = -1; n !== 0 && done < size; done += n) n = fs.readSync(fd, readingBuffer, at + done, size - done, null);
    return readingBuffer.subarray(0, at + done);
  }, passOverIrregular));
}

/** The first bytes of a file, at most `count`; '' if it cannot be read. Never waits for a FIFO. */
export function readFirstBytes(name: ByteString, count: number): ByteString {
  let fd: number;
  try {
    fd = fs.openSync(toFsPath(name), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (error) {
    return '';
  }
  try {
    const head = Buffer.alloc(count);
    return head.toString('latin1', 0, fs.readSync(fd, head, 0, count, 0));
  } catch (error) {
    return '';
  } finally {
    fs.closeSync(fd);
  }
}

/** The last bytes of a regular file, at most `count`; '' if it cannot be read. */
export function readLastBytes(name: ByteString, count: number): ByteString {
  const stat = statIfThere(name);
  if (stat === undefined || !stat.isFile()) return '';
  try {
    const fd = fs.openSync(toFsPath(name), 'r');
    try {
      const tail = Buffer.alloc(Math.min(count, stat.size));
      return tail.toString('latin1', 0, fs.readSync(fd, tail, 0, tail.length, stat.size - tail.length));
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return '';
  }
}

// No such name, or none that can be asked: on a mount that is gone, say.
const NO_STAT = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES', 'EIO', 'ESTALE', 'ENOTCONN', 'EHOSTDOWN', 'ETIMEDOUT', 'EOVERFLOW'];

/** The text of a symbolic link, which is the content that it has. Throws if `name` is none. */
export function readLinkTarget(name: ByteString): ByteString {
  return fs.readlinkSync(toFsPath(name), 'latin1' as BufferEncoding) as unknown as ByteString;
}

// Where Node.js knows it (14.17), a name that is not there costs a fifth of what an error does.
const NO_THROW = { throwIfNoEntry: false } as { bigint?: false };

/** lstat, or undefined if there is no such name. */
export function lstatIfThere(name: ByteString): import('fs').Stats | undefined {
  try {
    return fs.lstatSync(toFsPath(name), NO_THROW) as import('fs').Stats | undefined;
  } catch (error) {
    if (NO_STAT.indexOf(errorCode(error)) >= 0) return undefined;
    throw error;
  }
}

/** Throws if the user may not look for the file, which lstatIfThere() has as one that is not there. */
export function checkReachable(name: ByteString): void {
  try {
    fs.lstatSync(toFsPath(name), NO_THROW);
  } catch (error) {
    if (isForbidden(error)) throw error;
  }
}

/** stat through links, or undefined. */
export function statIfThere(name: ByteString): import('fs').Stats | undefined {
  try {
    return fs.statSync(toFsPath(name), NO_THROW) as import('fs').Stats | undefined;
  } catch (error) {
    if (NO_STAT.indexOf(errorCode(error)) >= 0) return undefined;
    throw error;
  }
}

/** Names in a folder, unsorted; [] if there is no such folder. */
export function listFolder(name: ByteString): ByteString[] {
  try {
    return fs.readdirSync(toFsPath(name), 'latin1' as BufferEncoding) as unknown as ByteString[];
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/** The same of a folder in .rr; [] also if it may not be listed. */
export function listOwnFolder(name: ByteString): ByteString[] {
  return passOverForbidden(() => listFolder(name)) ?? [];
}

export function makeFolder(name: ByteString): void {
  fs.mkdirSync(toFsPath(name), { recursive: true });
}

export function removeIfThere(name: ByteString): void {
  try {
    fs.unlinkSync(toFsPath(name));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Writes all of it: a write to a pipe or a full device can be short, or say EAGAIN. */
export function writeAll(fd: number, data: Buffer): void {
  let done = 0;
  while (done < data.length) {
    try {
      done += fs.writeSync(fd, data, done, data.length - done);
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') throw error;
      pauseMs(1);
    }
  }
}

/** The same into a regular file at a place. */
export function writeAllAt(fd: number, data: Buffer, position: number): void {
  let done = 0;
  while (done < data.length) done += fs.writeSync(fd, data, done, data.length - done, position + done);
}

/** What systems say that cannot sync a folder. */
export const CANNOT_SYNC = ['EINVAL', 'EISDIR', 'EPERM', 'EACCES', 'ENOTSUP'];

/** Flushes a folder's entries to the disk, where the system can do so. */
export function syncFolder(name: ByteString): void {
  try {
    const fd = fs.openSync(toFsPath(name), 'r');
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    if (CANNOT_SYNC.indexOf(errorCode(error)) < 0) throw error;
  }
}

let temporaryFolder: ByteString | undefined;

/** From now on unfinished files lie in this folder, so that what a crash leaves is all in one place. */
export function keepTemporariesIn(folder: ByteString): void {
  temporaryFolder = folder;
}

// rename() and link() work only within one filesystem, and the folder may be on another one, be
// missing or not be writable: then the unfinished file lies beside the name it will get.
const NOT_IN_FOLDER = ['EXDEV', 'EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR'];

// A text of more than 128 KiB has a place of its own on the heap, which is not taken back soon.
const GATHERED_LENGTH = 1 << 16;

/** Pieces, many small ones in one. */
export function* gatherPieces(pieces: Iterable<ByteString>): Generator<ByteString> {
  let gathered = '';
  for (const piece of pieces) {
    gathered += piece;
    if (gathered.length < GATHERED_LENGTH) continue;
    yield gathered;
    gathered = '';
  }
  if (gathered !== '') yield gathered;
}

/** All bytes of a file, or what gives them in pieces (again, if it is called again), or writes them to the open file. */
export type FileContent = ByteString | (() => Iterable<ByteString>) | { writeTo(fd: number): void };

/** The error, which names `name` if it named the file that was to get that name: nobody knows the other one. */
export function blameName(error: unknown, temporary: ByteString, name: ByteString): unknown {
  const fault = error as { path?: unknown };
  if (fault.path !== undefined && String(fault.path) === String(toFsPath(temporary))) fault.path = toFsPath(name);
  return error;
}

// Of what is fresher somebody may still be at work.
const UNFINISHED_LIMIT_MS = 3600000;

/** Is it what an rr writes before it gives it its name (.NAME.RANDOM.tmp)? */
export function isUnfinished(path: ByteString): boolean {
  return /(?:^|\/)\.[^/]*\.[a-z2-7]{6}\.tmp$/.test(path);
}

/**
 * Names beside `name` under which one who wrote it and was killed left what is of no use, an hour ago or longer:
 * .NAME.RANDOM with that ending. [] where the folder cannot be read.
 */
export function listUnfinished(name: ByteString, ending: '.tmp' | '.old'): ByteString[] {
  const cut = name.lastIndexOf('/');
  const start = '.' + name.slice(cut + 1, cut + 201) + '.';
  try {
    return listFolder(name.slice(0, cut) || '/')
      .filter((one) => one.startsWith(start) && one.endsWith(ending) && /^[a-z2-7]{6}\.\w+$/.test(one.slice(start.length)))
      .map((one) => name.slice(0, cut + 1) + one)
      .filter((one) => readUtcMicros() / 1000 - (lstatIfThere(one)?.mtimeMs ?? Infinity) > UNFINISHED_LIMIT_MS);
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return [];
  }
}

/** Writes a file under a name that nobody else has, and lets `place` give it its own. */
function placeFile(name: ByteString, content: FileContent, isDurable: boolean, mode: number, place: (temporary: string | Buffer) => void): void {
  const cut = name.lastIndexOf('/');
  const last = '/.' + name.slice(cut + 1, cut + 201) + '.' + makeRandomDigits() + '.tmp';
  if (temporaryFolder !== undefined) {
    try {
      placeBy(temporaryFolder + last, content, isDurable, mode, place);
      return;
    } catch (error) {
      if (NOT_IN_FOLDER.indexOf(errorCode(error)) < 0) throw error;
    }
  }
  const temporary = name.slice(0, cut) + last;
  for (const old of listUnfinished(name, '.tmp')) removeIfThere(old);
  try {
    placeBy(temporary, content, isDurable, mode, place);
  } catch (error) {
    throw blameName(error, temporary, name);
  }
}

function placeBy(temporary: ByteString, content: FileContent, isDurable: boolean, mode: number, place: (temporary: string | Buffer) => void): void {
  const fd = fs.openSync(toFsPath(temporary), 'wx', mode);
  try {
    try {
      if (typeof content === 'object') content.writeTo(fd);
      else for (const piece of typeof content === 'string' ? [content] : gatherPieces(content())) writeAll(fd, Buffer.from(piece, 'latin1'));
      if (isDurable) fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    place(toFsPath(temporary));
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
}

/**
 * Writes a file so that its name has either the old content or all of the new, whatever happens.
 * With `isDurable` it is on the disk, with its name, when this returns.
 */
export function replaceFile(name: ByteString, content: FileContent, isDurable: boolean, mode = 0o666): void {
  placeFile(name, content, isDurable, mode, (temporary) => fs.renameSync(temporary, toFsPath(name)));
  if (isDurable) syncFolder(name.slice(0, name.lastIndexOf('/')) || '/');
}

/**
 * The same, durably, but only if `isStill` says so when all is written and the old content would go; tells
 * whether. `mode` is that of the file afterwards, or what is usual.
 */
export function replaceFileIf(name: ByteString, content: ByteString, mode: number | undefined, isStill: () => boolean): boolean {
  let isReplaced = false;
  placeFile(name, content, true, 0o666, (temporary) => {
    if (mode !== undefined) fs.chmodSync(temporary, mode);
    isReplaced = isStill();
    if (isReplaced) fs.renameSync(temporary, toFsPath(name));
    else fs.unlinkSync(temporary);
  });
  if (isReplaced) syncFolder(name.slice(0, name.lastIndexOf('/')) || '/');
  return isReplaced;
}

const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL'];

/**
 * Creates a file, whole from the first instant, that must not be there; false if it is. With
 * `isDurable` it is on the disk, with its name, when this returns.
 */
export function createFile(name: ByteString, content: ByteString, mode = 0o666, isDurable = false): boolean {
  const isCreated = createWhole(name, content, mode, isDurable);
  if (isCreated && isDurable) syncFolder(name.slice(0, name.lastIndexOf('/')) || '/');
  return isCreated;
}

function createWhole(name: ByteString, content: ByteString, mode: number, isDurable: boolean): boolean {
  try {
    placeFile(name, content, isDurable, mode, (temporary) => {
      fs.linkSync(temporary, toFsPath(name));
      fs.unlinkSync(temporary);
    });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    if (NO_LINKS.indexOf(errorCode(error)) < 0) throw error;
  }
  return createFileInPlace(name, content, mode, isDurable);
}

/** The same where the filesystem has no links, or nothing is to be in it; whoever reads it at once may see a part. */
export function createFileInPlace(name: ByteString, content: ByteString, mode: number, isDurable: boolean): boolean {
  let fd: number;
  try {
    fd = fs.openSync(toFsPath(name), 'wx', mode);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    writeAll(fd, Buffer.from(content, 'latin1'));
    if (isDurable) fs.fsyncSync(fd);
  } catch (error) {
    removeIfThere(name);
    throw error;
  } finally {
    fs.closeSync(fd);
  }
  return true;
}
