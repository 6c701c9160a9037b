// copying.ts - copies contents of files, by sharing their blocks where that can be. Hashes nothing.
import type { ByteString } from '../core/bytes.ts';
import { errorCode, removeIfThere, toFsPath, writeAll, writeAllAt } from './files.ts';
import { fs } from './node.ts';

const COPY_BYTES = 1 << 20;
let copyBuffer: Buffer | undefined;

// Shorter runs of zeros are not worth a hole.
const LEAST_HOLE_BYTES = 1 << 16;
let zeros: Buffer | undefined;

/** Zeros for which a file needs no blocks. At most 1 MiB. */
export function isHole(data: Buffer): boolean {
  if (data.length < LEAST_HOLE_BYTES) return false;
  zeros = zeros ?? Buffer.alloc(COPY_BYTES);
  return data.equals(zeros.subarray(0, data.length));
}

/** All that comes from one open file to another, an empty one; `see` gets each part, whose memory is used again. Holes stay holes. */
export function copyOpenFile(from: number, to: number, see: (part: Buffer) => void): void {
  const buffer = copyBuffer = copyBuffer ?? Buffer.allocUnsafeSlow(COPY_BYTES);
  const { blocks, size } = fs.fstatSync(from);
  const isSparse = blocks * 512 < size;
  let position = 0;
  for (let n = -1; n !== 0; position += n) {
    n = fs.readSync(from, buffer, 0, COPY_BYTES, null);
    const part = n === COPY_BYTES ? buffer : buffer.subarray(0, n);
    see(part);
    if (!isSparse) writeAll(to, part);
    for (let at = 0; isSparse && at < n; at += LEAST_HOLE_BYTES) {
      const piece = part.subarray(at, at + LEAST_HOLE_BYTES);
      if (!isHole(piece)) writeAllAt(to, piece, position + at);
    }
  }
  if (isSparse) fs.ftruncateSync(to, position);
}

/** File systems without modes refuse; then they need none. */
export function setMode(target: number, mode: number): void {
  try {
    fs.fchmodSync(target, mode);
  } catch (error) {
    if (errorCode(error) === '') throw error;
  }
}

// For less than this a second reading costs more than sharing blocks saves.
const CLONED_FROM_BYTES = 1 << 16;
let canClone = true;

/** Is it worth trying to share the blocks of a file of this size? */
export function mayClone(sizeBytes: number): boolean {
  return canClone && sizeBytes >= CLONED_FROM_BYTES;
}

/** Has the file system share the blocks of two files, if it can. Takes the target away if it cannot. */
export function cloneFile(from: ByteString, to: ByteString): boolean {
  try {
    fs.copyFileSync(toFsPath(from), toFsPath(to), fs.constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (error) {
    if (errorCode(error) === '') throw error;
    canClone = false;
    removeIfThere(to);
    return false;
  }
}

/**
 * Copies the content and the mode of a file to another, which is made or written over; the blocks are shared if the
 * file system can. What fs.copyFileSync() does, but that goes round for ever if the file becomes shorter meanwhile
 * (libuv waits for as many bytes as it had). Errors name the file.
 */
export function copyContent(from: ByteString, to: ByteString): void {
  const source = fs.openSync(toFsPath(from), fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
  try {
    const { mode, size } = fs.fstatSync(source);
    if (mayClone(size) && cloneFile(from, to)) return;
    const target = fs.openSync(toFsPath(to), 'w', (mode & 0o777) | 0o200);
    try {
      copyOpenFile(source, target, () => undefined);
      setMode(target, mode & 0o7777);
    } finally {
      fs.closeSync(target);
    }
  } catch (error) {
    const fault = error as { syscall?: unknown; path?: unknown };
    if (fault.path === undefined && fault.syscall !== undefined) fault.path = toFsPath(fault.syscall === 'read' ? from : to);
    throw error;
  } finally {
    fs.closeSync(source);
  }
}
