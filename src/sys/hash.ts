// hash.ts - SHA-256 (FIPS 180-4) of files, in bounded memory. Knows no records.
import type { ByteString } from '../core/bytes.ts';
import { crypto, fs } from './node.ts';
import { errorCode, lstatIfThere, readLinkTarget, toFsPath } from './files.ts';
import type { FileKind, FileState } from '../core/run.ts';
import { shareWork } from './threads.ts';

const SMALL_BYTES = 1 << 16;
const CHUNK_BYTES = 1 << 20;
// Below this a second thread costs more to start (about 15 ms) than it saves.
const WORKER_MIN_BYTES = 48 << 20;
const WORKER_MIN_FILES = 1500;

let smallBuffer: Buffer | undefined;
let chunkBuffer: Buffer | undefined;

/** SHA-256 of bytes, 64 lower-case hex digits. */
export function hashBytes(bytes: ByteString): string {
  return crypto().createHash('sha256').update(bytes, 'latin1').digest('hex');
}

/** Hash and number of bytes of all pieces together. */
export function hashPieces(pieces: Iterable<ByteString>): { hash: string; sizeBytes: number } {
  const sum = crypto().createHash('sha256');
  let sizeBytes = 0;
  for (const piece of pieces) {
    sum.update(piece, 'latin1');
    sizeBytes += piece.length;
  }
  return { hash: sum.digest('hex'), sizeBytes };
}

/** The same of a Buffer. */
export function hashBuffer(data: Buffer): string {
  return crypto().createHash('sha256').update(data).digest('hex');
}

type OneShot = (algorithm: string, data: Buffer, encoding: string) => string;

/** Hash of all that can be read. A file that has the size it said is at its end; the caller looks again. */
function hashDescriptor(fd: number, sizeBytes: number): string {
  smallBuffer = smallBuffer ?? Buffer.allocUnsafeSlow(SMALL_BYTES);
  const got = fs.readSync(fd, smallBuffer, 0, SMALL_BYTES, null);
  const data = smallBuffer.subarray(0, got);
  const oneShot = (crypto() as unknown as { hash?: OneShot }).hash;
  if (got === sizeBytes && got < SMALL_BYTES && oneShot !== undefined) return oneShot('sha256', data, 'hex');
  const hash = crypto().createHash('sha256').update(data);
  if (got === sizeBytes && got < SMALL_BYTES) return hash.digest('hex');
  chunkBuffer = chunkBuffer ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
  // A short read need not be the end (a FUSE file, say): only another read that gives 0 is.
  for (;;) {
    const n = fs.readSync(fd, chunkBuffer, 0, CHUNK_BYTES, null);
    if (n === 0) return hash.digest('hex');
    hash.update(n === CHUNK_BYTES ? chunkBuffer : chunkBuffer.subarray(0, n));
  }
}

/** What reading a file came to. 'changing': it was written to while it was read, twice. */
export type HashOutcome =
  | { kind: 'hashed'; hash: string; size: number }
  | { kind: 'gone' | 'unreadable' | 'changing' | 'not-regular' };

/**
 * SHA-256 of a regular file. Never blocks on a FIFO and never follows a last link to a device:
 * what is not a regular file is 'not-regular'. A file that changes meanwhile is read once more.
 */
export function hashRegularFile(name: ByteString): HashOutcome {
  let fd: number;
  try {
    fd = fs.openSync(toFsPath(name), fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].indexOf(errorCode(error)) >= 0) return { kind: 'gone' };
    if (['ENXIO', 'ENODEV', 'EISDIR'].indexOf(errorCode(error)) >= 0) return { kind: 'not-regular' };
    if (['EACCES', 'EPERM', 'ELOOP', 'EIO', 'ENAMETOOLONG', 'ETXTBSY', 'EBUSY', 'ESTALE'].indexOf(errorCode(error)) >= 0) return { kind: 'unreadable' };
    throw error;
  }
  try {
    return hashOpenFile(fd);
  } catch (error) {
    if (['EIO', 'EISDIR', 'EACCES', 'EPERM', 'ESTALE', 'ENODATA'].indexOf(errorCode(error)) >= 0) return { kind: 'unreadable' };
    throw error;
  } finally {
    fs.closeSync(fd);
  }
}

function hashOpenFile(fd: number): HashOutcome {
  const before = fs.fstatSync(fd);
  if (!before.isFile()) return { kind: 'not-regular' };
  const hash = hashDescriptor(fd, before.size);
  const after = fs.fstatSync(fd);
  if (before.size === after.size && before.mtimeMs === after.mtimeMs) return { kind: 'hashed', hash, size: after.size };
  return { kind: 'changing' };
}

function kindOf(stat: import('fs').Stats): FileKind {
  if (stat.isFile()) return (stat.mode & 0o100) !== 0 ? 'x' : '';
  if (stat.isSymbolicLink()) return 'l';
  if (stat.isDirectory()) return 'd';
  if (stat.isFIFO()) return 'p';
  if (stat.isSocket()) return 's';
  return stat.isBlockDevice() ? 'b' : 'c';
}

/** A file as it is now, without its hash ('-' where there is no content, '?' where there is). */
export function describeFile(name: ByteString, path: ByteString): FileState | undefined {
  const stat = lstatIfThere(name);
  return stat === undefined ? undefined : describeStat(stat, name, path);
}

/** The same of a file whose lstat is known. */
export function describeStat(stat: import('fs').Stats, name: ByteString, path: ByteString): FileState {
  const kind = kindOf(stat);
  if (kind === 'l') {
    const target = readLinkTarget(name);
    return { hash: hashBytes(target), size: target.length, kind, path };
  }
  if (kind === '' || kind === 'x') return { hash: '?', size: stat.size, kind, path };
  return { hash: '-', size: 0, kind, path };
}

export type HashRequest = { name: ByteString; sizeBytes: number };

/**
 * Outcomes for many files, in their order. Many or large ones are shared with a second thread:
 * on two cores one main thread and one worker beat two workers.
 */
export async function hashFiles(requests: HashRequest[]): Promise<HashOutcome[]> {
  let totalBytes = 0;
  for (const request of requests) totalBytes += request.sizeBytes;
  if (requests.length < 2 || (totalBytes < WORKER_MIN_BYTES && requests.length < WORKER_MIN_FILES)) {
    return requests.map((request) => hashWithRetry(request.name));
  }
  return shareWithWorker(requests);
}

/** hashRegularFile, a second time if the file changed meanwhile. */
export function hashWithRetry(name: ByteString): HashOutcome {
  const outcome = hashRegularFile(name);
  return outcome.kind === 'changing' ? hashRegularFile(name) : outcome;
}

// What the threads share. next: index in `order` that nobody has taken yet. results: 33 bytes a file: a
// flag (1 = hash follows), and the hash.
type SharedQueue = { names: ByteString[]; sizes: number[]; order: number[]; next: Int32Array; results: Uint8Array };
const RESULT_BYTES = 33;

/**
 * Runs in the worker, which gets this function as text: it must not use anything of this file.
 * What it cannot read plainly it leaves to the main thread, which knows what to say of it.
 */
function hashInWorker(queue: SharedQueue, files: typeof import('fs')): void {
  const hashing = require('crypto');
  const { names, sizes, order, next, results } = queue;
  const buffer = Buffer.allocUnsafeSlow(1 << 20);
  for (let turn = Atomics.add(next, 0, 1); turn < order.length; turn = Atomics.add(next, 0, 1)) {
    const index = order[turn];
    let fd = -1;
    try {
      fd = files.openSync(/^[\x00-\x7f]*$/.test(names[index]) ? names[index] : Buffer.from(names[index], 'latin1'), files.constants.O_RDONLY | files.constants.O_NONBLOCK);
      const before = files.fstatSync(fd);
      if (!before.isFile() || before.size !== sizes[index]) continue;
      let n = files.readSync(fd, buffer, 0, buffer.length, null);
      const isWhole = n === before.size && n < buffer.length;
      const isOneShot = isWhole && hashing.hash !== undefined;
      const hash = isOneShot ? undefined : hashing.createHash('sha256');
      for (; n > 0 && !isOneShot; n = isWhole ? 0 : files.readSync(fd, buffer, 0, buffer.length, null)) {
        hash.update(n === buffer.length ? buffer : buffer.subarray(0, n));
      }
      const digest = isOneShot ? hashing.hash('sha256', buffer.subarray(0, n), 'buffer') : hash.digest();
      const after = files.fstatSync(fd);
      if (before.size !== after.size || before.mtimeMs !== after.mtimeMs) continue;
      results.set(digest, index * 33 + 1);
      results[index * 33] = 1;
    } catch (error) {
      continue;
    } finally {
      if (fd >= 0) files.closeSync(fd);
    }
  }
}

async function shareWithWorker(requests: HashRequest[]): Promise<HashOutcome[]> {
  // Largest first, so that no thread is left alone with a large file at the end.
  const order = requests.map((_, i) => i).sort((a, b) => requests[b].sizeBytes - requests[a].sizeBytes || a - b);
  const results = new Uint8Array(new SharedArrayBuffer(requests.length * RESULT_BYTES));
  const queue: SharedQueue = { names: requests.map((request) => request.name), sizes: requests.map((request) => request.sizeBytes), order, next: new Int32Array(new SharedArrayBuffer(4)), results };
  const outcomes: HashOutcome[] = new Array(requests.length);
  await shareWork(hashInWorker, queue, () => {
    for (let turn = Atomics.add(queue.next, 0, 1); turn < order.length; turn = Atomics.add(queue.next, 0, 1)) {
      outcomes[order[turn]] = hashWithRetry(requests[order[turn]].name);
    }
  });
  for (let i = 0; i < requests.length; i++) {
    if (outcomes[i] !== undefined) continue;
    const at = i * RESULT_BYTES;
    const hash = Buffer.from(results.buffer, at + 1, 32).toString('hex');
    outcomes[i] = results[at] === 1
      ? { kind: 'hashed', hash, size: requests[i].sizeBytes }
      : hashWithRetry(requests[i].name);
  }
  return outcomes;
}
