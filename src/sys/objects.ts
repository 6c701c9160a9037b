// objects.ts - a store of contents by their SHA-256, for any number of processes and machines at once. Knows no runs.
//
// Invariants
// 1. What stands at objects/ab/REST had the SHA-256 abREST when it was put there: it is written under
//    another name in the same folder, hashed as it is written, synced, and renamed.
// 2. Nothing is given out whose bytes were not hashed again on the way: disks and people damage files.
//    What is not as its name says is moved to objects/corrupt, so that the next run puts it anew.
// 3. No file outside of the store is a link to one in it, nor the other way round: either may be changed.
// 4. Nobody waits for another. What a killed process leaves are files .NAME.RANDOM.tmp.
// 5. A store that cannot be used is told of once, and ends nothing. The folder of a cache is never
//    made: beneath the place of a disk that is not mounted another disk would be filled.
import type { ByteString } from '../core/bytes.ts';
import { makeRandomDigits, readUtcMicros } from './clock.ts';
import { cloneFile, copyOpenFile, mayClone, setMode } from './copying.ts';
import { errorCode, isForbidden, lstatIfThere, makeFolder, readRegularIfThere, removeIfThere, toFsPath, writeAll } from './files.ts';
import { hashBytes, hashRegularFile } from './hash.ts';
import { crypto, fs } from './node.ts';
import { describeSystemError } from './project.ts';
import { tell } from './terminal.ts';

// ---- copying and hashing at once --------------------------------------------------------------------

/** 'source', 'target': what cannot be read, or written, and why. 'none': the source is no regular file. */
type CopyOutcome = { kind: 'copied'; hash: string } | { kind: 'none' } | { kind: 'source' | 'target'; error: unknown };

function copyOpenHashed(from: number, to: number): string {
  const hash = crypto().createHash('sha256');
  copyOpenFile(from, to, (part) => { hash.update(part); });
  return hash.digest('hex');
}

/** Writes to a new file what is in `source`. Its mode is `mode`, less what the umask takes if `isMasked`. */
function fillNewFile(source: number, from: ByteString, to: ByteString, mode: number, isMasked: boolean): string {
  let target = fs.openSync(toFsPath(to), 'wx', mode | 0o200);
  try {
    const wanted = isMasked ? fs.fstatSync(target).mode & 0o7777 : mode;
    const isTried = mayClone(fs.fstatSync(source).size);
    const isCloned = isTried && cloneFile(from, to);
    if (isTried && !isCloned) {
      fs.closeSync(target);
      target = fs.openSync(toFsPath(to), 'wx', mode | 0o200);
    }
    const hash = isCloned ? hashRegularFile(to) : { kind: 'hashed' as const, hash: copyOpenHashed(source, target) };
    setMode(target, wanted);
    if (!isMasked) fs.fsyncSync(target);
    return hash.kind === 'hashed' ? hash.hash : '';
  } finally {
    fs.closeSync(target);
  }
}

/** Copies a regular file to a new one, whose bytes are hashed. */
function copyHashed(from: ByteString, to: ByteString, mode: number, isMasked: boolean): CopyOutcome {
  let source: number;
  try {
    // Not through a link that stands in its place, and without waiting for a FIFO.
    source = fs.openSync(toFsPath(from), fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | (fs.constants.O_NONBLOCK ?? 0));
  } catch (error) {
    return { kind: 'source', error };
  }
  try {
    if (!fs.fstatSync(source).isFile()) return { kind: 'none' };
    return { kind: 'copied', hash: fillNewFile(source, from, to, mode, isMasked) };
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return { kind: (error as { syscall?: unknown }).syscall === 'read' ? 'source' : 'target', error };
  } finally {
    fs.closeSync(source);
  }
}

/** Copies a regular file to a new one, with the mode that the umask leaves of `mode`; only if it has this hash. */
export function copyChecked(from: ByteString, hash: string, to: ByteString, mode: number): boolean {
  const outcome = copyHashed(from, to, mode, true);
  if (outcome.kind === 'copied' && outcome.hash === hash) return true;
  removeIfThere(to);
  return false;
}

/** Sets its times to now, if one may: by them gc tells what was used last. */
export function touchIfAllowed(name: ByteString): boolean {
  const nowS = readUtcMicros() / 1e6;
  try {
    fs.utimesSync(toFsPath(name), nowS, nowS);
    return true;
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return false;
  }
}

// ---- the store --------------------------------------------------------------------------------------

/** What came of asking for a content. 'failed': where it was to be put nothing can be written, which is told. */
export type Taken = 'whole' | 'missing' | 'damaged' | 'failed';

const GONE = ['ENOENT', 'ENOTDIR', 'ESTALE'];
const MOST_ATTEMPTS = 3;

export class ContentStore {
  /** Absolute: the folder that has objects/ in it. */
  readonly folder: ByteString;
  private readonly words: string;
  private readonly isOwn: boolean;
  private isShut = false;

  /** `isOwn`: the folder is .rr of a project, and is made where it is missing. */
  constructor(folder: ByteString, isOwn: boolean) {
    this.folder = folder;
    this.isOwn = isOwn;
    this.words = (isOwn ? 'the store "' : 'the cache "') + folder + '"';
  }

  /** Could it be used as far as was tried? */
  get isUsable(): boolean {
    return !this.isShut;
  }

  nameOf(hash: string): ByteString {
    return this.folder + '/objects/' + hash.slice(0, 2) + '/' + hash.slice(2);
  }

  /** Is there an object of this hash and size? Its bytes are not looked at. */
  has(hash: string, sizeBytes: number): boolean {
    const stat = lstatIfThere(this.nameOf(hash));
    return stat !== undefined && stat.isFile() && stat.size === sizeBytes;
  }

  /** Puts a copy of a regular file there. False if that cannot be, or if the file has not that hash now. */
  put(name: ByteString, hash: string, sizeBytes: number): boolean {
    if (this.isShut) return false;
    if (this.has(hash, sizeBytes)) return touchIfAllowed(this.nameOf(hash)) || true;
    if (lstatIfThere(this.nameOf(hash)) !== undefined) this.setAside(hash);
    return this.place('objects/' + hash.slice(0, 2), hash.slice(2), (temporary, mode) => {
      const outcome = copyHashed(name, temporary, mode, false);
      if (outcome.kind === 'target') throw outcome.error;
      return outcome.kind === 'copied' && outcome.hash === hash;
    });
  }

  /** The same of bytes. */
  putBytes(content: ByteString, hash: string): boolean {
    return this.isShut ? false : this.has(hash, content.length) || this.putFile('objects/' + hash.slice(0, 2), hash.slice(2), content);
  }

  /** Writes a small file of the store, whole from the first instant. False if that cannot be. */
  putFile(path: string, last: string, content: ByteString): boolean {
    return this.place(path, last, (temporary, mode) => {
      const target = fs.openSync(toFsPath(temporary), 'wx', mode | 0o200);
      try {
        writeAll(target, Buffer.from(content, 'latin1'));
        setMode(target, mode);
        fs.fsyncSync(target);
      } finally {
        fs.closeSync(target);
      }
      return true;
    });
  }

  /** Has `write` make a file under another name, and gives it its own. A folder that gc took away meanwhile is made again. */
  private place(path: string, last: string, write: (temporary: ByteString, mode: number) => boolean): boolean {
    for (let attempt = 1; !this.isShut; attempt++) {
      try {
        return this.placeOnce(this.folder + '/' + path, last, this.prepareFolder(path) & 0o444, write);
      } catch (error) {
        if (errorCode(error) === '') throw error;
        if (errorCode(error) !== 'ENOENT' || attempt === MOST_ATTEMPTS) this.giveUp(error);
      }
    }
    return false;
  }

  private placeOnce(folder: ByteString, last: string, mode: number, write: (temporary: ByteString, mode: number) => boolean): boolean {
    const temporary = folder + '/.' + last + '.' + makeRandomDigits() + '.tmp';
    try {
      const isWhole = write(temporary, mode);
      if (isWhole) fs.renameSync(toFsPath(temporary), toFsPath(folder + '/' + last));
      return isWhole;
    } finally {
      removeIfThere(temporary);
    }
  }

  /** Copies an object to a new file, with the mode that the umask leaves of `mode`. What is not whole leaves no file. */
  take(hash: string, to: ByteString, mode: number): Taken {
    const outcome = copyHashed(this.nameOf(hash), to, mode, true);
    if (outcome.kind === 'copied' && outcome.hash === hash) return 'whole';
    removeIfThere(to);
    if (outcome.kind === 'target') {
      if (GONE.indexOf(errorCode(outcome.error)) < 0) tell('rr: cannot write "' + to + '": ' + describeSystemError(outcome.error));
      return 'failed';
    }
    const code = outcome.kind === 'source' ? errorCode(outcome.error) : '';
    if (GONE.indexOf(code) >= 0) return 'missing';
    if (outcome.kind !== 'source' || !isForbidden(outcome.error)) this.setAside(hash);
    return 'damaged';
  }

  /** The bytes of an object of at most `mostBytes`; undefined if it is not there, larger or not as its name says. */
  read(hash: string, mostBytes: number): ByteString | undefined {
    const stat = lstatIfThere(this.nameOf(hash));
    if (stat === undefined || !stat.isFile() || stat.size > mostBytes) return undefined;
    let content: ByteString | undefined;
    try {
      content = readRegularIfThere(this.nameOf(hash));
    } catch (error) {
      if (errorCode(error) === '') throw error;
    }
    if (content === undefined || hashBytes(content) === hash) return content;
    this.setAside(hash);
    return undefined;
  }

  /** Moves an object that is not as its name says out of the way, and tells so. */
  setAside(hash: string): void {
    const last = hash + '.' + makeRandomDigits();
    let where = this.nameOf(hash);
    try {
      this.prepareFolder('objects/corrupt');
      fs.renameSync(toFsPath(where), toFsPath(this.folder + '/objects/corrupt/' + last));
      where = this.folder + '/objects/corrupt/' + last;
    } catch (error) {
      if (errorCode(error) === '') throw error;
      if (errorCode(error) === 'ENOENT') return; // another did so
    }
    tell('rr: a content in ' + this.words + ' was damaged, and is not used: "' + where + '"');
  }

  /**
   * Makes a folder of the store, each part by itself, with the mode of the store's own folder, which it
   * returns: who may write in that may write in this. Throws what the system says, and ENOTDIR for a
   * link in the way, which may lead anywhere.
   */
  private prepareFolder(path: string): number {
    if (this.isOwn) makeFolder(this.folder);
    const wanted = fs.statSync(toFsPath(this.folder)).mode & 0o7777;
    let at = this.folder;
    for (const part of path.split('/')) {
      at += '/' + part;
      const stat = lstatIfThere(at);
      if (stat !== undefined && !stat.isDirectory()) throw Object.assign(new Error(at), { code: 'ENOTDIR' });
      if (stat === undefined) makeFolderLike(at, wanted);
    }
    return wanted;
  }

  /** From now on nothing is put there; why, is told. */
  private giveUp(error: unknown): void {
    if (!this.isShut) tell('rr: cannot use ' + this.words + ': ' + describeSystemError(error) + '; going on without it');
    this.isShut = true;
  }
}

function makeFolderLike(name: ByteString, mode: number): void {
  try {
    fs.mkdirSync(toFsPath(name));
    if ((fs.statSync(toFsPath(name)).mode & 0o7777) !== mode) fs.chmodSync(toFsPath(name), mode);
  } catch (error) {
    // Another made it, or it is a file system without modes.
    if (errorCode(error) !== 'EEXIST' && (error as { syscall?: unknown }).syscall !== 'chmod') throw error;
  }
}
