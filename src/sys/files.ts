// files.ts - reading and writing files whose names are bytes. Knows no records.
import type { ByteString } from '../core/bytes.ts';
import { fs } from './node.ts';

/** What fs takes for a name that is bytes: a string where it is ASCII (faster), else a Buffer. */
export function toFsPath(name: ByteString): string | Buffer {
  return /^[\x00-\x7f]*$/.test(name) ? name : Buffer.from(name, 'latin1');
}

/** The bytes of a JavaScript string (UTF-8), such as an argument or a name from a Node interface. */
export function toBytes(text: string): ByteString {
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** The text of bytes that are UTF-8, for interfaces that take only strings. */
export function toText(bytes: ByteString): string {
  return /^[\x00-\x7f]*$/.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

export function errorCode(error: unknown): string {
  return String((error as { code?: unknown }).code ?? '');
}

/** The file as bytes; undefined if there is none. Other failures throw. */
export function readBytesIfThere(name: ByteString): ByteString | undefined {
  try {
    return fs.readFileSync(toFsPath(name), 'latin1');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** lstat, or undefined if there is no such name. */
export function lstatIfThere(name: ByteString): import('fs').Stats | undefined {
  try {
    return fs.lstatSync(toFsPath(name));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES'].indexOf(errorCode(error)) >= 0) return undefined;
    throw error;
  }
}

/** stat through links, or undefined. */
export function statIfThere(name: ByteString): import('fs').Stats | undefined {
  try {
    return fs.statSync(toFsPath(name));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES'].indexOf(errorCode(error)) >= 0) return undefined;
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
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** Flushes a folder's entries to the disk. Systems that cannot do so for a folder say EINVAL or EISDIR. */
export function syncFolder(name: ByteString): void {
  try {
    const fd = fs.openSync(toFsPath(name), 'r');
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    if (['EINVAL', 'EISDIR', 'EPERM', 'EACCES', 'ENOTSUP'].indexOf(errorCode(error)) < 0) throw error;
  }
}

/**
 * Writes a file so that its name has either the old content or all of the new, whatever happens.
 * With `isDurable` it is on the disk, with its name, when this returns. `name` and its temporary
 * sibling lie in one folder, because rename() is atomic only within one filesystem.
 */
export function replaceFile(name: ByteString, content: ByteString, isDurable: boolean, mode = 0o666): void {
  const temporary = name.replace(/[^/]*$/, (last) => '.' + last.slice(0, 200) + '.' + String(process.pid) + '.tmp');
  const fd = fs.openSync(toFsPath(temporary), 'w', mode);
  try {
    writeAll(fd, Buffer.from(content, 'latin1'));
    if (isDurable) fs.fsyncSync(fd);
    fs.closeSync(fd);
    fs.renameSync(toFsPath(temporary), toFsPath(name));
  } catch (error) {
    try { fs.closeSync(fd); } catch (closing) { if (errorCode(closing) !== 'EBADF') throw closing; }
    removeIfThere(temporary);
    throw error;
  }
  if (isDurable) syncFolder(name.slice(0, name.lastIndexOf('/')) || '/');
}

/** Creates a file that must not be there; false if it is. */
export function createFile(name: ByteString, content: ByteString): boolean {
  let fd: number;
  try {
    fd = fs.openSync(toFsPath(name), 'wx');
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    writeAll(fd, Buffer.from(content, 'latin1'));
  } finally {
    fs.closeSync(fd);
  }
  return true;
}
