// swhid.ts - what of a disk has which SWHID: contents, while they are read, and folders. Knows no records and no git.
import type { ByteString } from '../core/bytes.ts';
import { dropEndSlashes } from '../core/names.ts';
import { Failure } from '../core/failure.ts';
import { bytesFromHex, GIT_FOLDER, GIT_SYMLINK } from '../formats/gitindex.ts';
import { printSwhidFolder } from '../formats/swhid.ts';
import type { SwhidEntry } from '../formats/swhid.ts';
import { errorCode, lstatIfThere, readLinkTarget, toFsPath } from './files.ts';
import { crypto, fs } from './node.ts';

/** The identifier of a content whose size is known before its bytes come by. */
export class ContentSwhid {
  private readonly hash: import('crypto').Hash;
  private leftBytes: number;

  constructor(sizeBytes: number) {
    this.hash = crypto().createHash('sha1').update('blob ' + String(sizeBytes) + '\0', 'latin1');
    this.leftBytes = sizeBytes;
  }

  update(buffer: Buffer): void {
    this.leftBytes -= buffer.length;
    this.hash.update(buffer);
  }

  /** 40 hexadecimal digits, for printSwhid('cnt', ...); undefined if it were other than so many bytes. To be called once. */
  finish(): string | undefined {
    return this.leftBytes === 0 ? this.hash.digest('hex') : undefined;
  }
}

/** The hexadecimal digits of an object: SHA-1 of "KIND SIZE NUL BODY"; kinds as in SWHID_OBJECTS. */
export function hashSwhidObject(kind: string, body: ByteString): string {
  return crypto().createHash('sha1').update(kind + ' ' + String(body.length) + '\0', 'latin1').update(body, 'latin1').digest('hex');
}

const SWHID_CHUNK_BYTES = 1 << 20;
let swhidBuffer: Buffer | undefined;

/** A regular file: the digits of its identifier, its SHA-256 if it is asked for, and its size. */
export type ContentIdentity = { hex: string; sha256: string | undefined; size: number };

function readIdentity(fd: number, isSha256Wanted: boolean): ContentIdentity | 'changing' | 'not-regular' {
  const before = fs.fstatSync(fd);
  if (!before.isFile()) return 'not-regular';
  swhidBuffer = swhidBuffer ?? Buffer.allocUnsafeSlow(SWHID_CHUNK_BYTES);
  const content = new ContentSwhid(before.size);
  const sha256 = isSha256Wanted ? crypto().createHash('sha256') : undefined;
  let total = 0;
  for (let n = -1; n !== 0; total += n) {
    n = total === before.size && n >= 0 ? 0 : fs.readSync(fd, swhidBuffer, 0, SWHID_CHUNK_BYTES, null);
    const piece = swhidBuffer.subarray(0, n);
    content.update(piece);
    sha256?.update(piece);
  }
  const after = fs.fstatSync(fd);
  const hex = before.size === after.size && before.mtimeMs === after.mtimeMs ? content.finish() : undefined;
  return hex === undefined ? 'changing' : { hex, sha256: sha256?.digest('hex'), size: total };
}

/**
 * Reads a regular file once, links followed, in bounded memory. Throws Failure if there is none that
 * can be read, or if it is written to meanwhile, twice.
 */
export function identifyContent(name: ByteString, isSha256Wanted = false): ContentIdentity {
  let why = '';
  for (let turn = 0; turn < 2; turn++) {
    let fd: number;
    try {
      fd = fs.openSync(toFsPath(name), fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
    } catch (error) {
      if (errorCode(error) === '') throw error;
      throw new Failure('cannot read "' + name + '": ' + (errorCode(error) === 'ENOENT' ? 'there is no such file' : errorCode(error)));
    }
    try {
      const identity = readIdentity(fd, isSha256Wanted);
      if (typeof identity === 'object') return identity;
      why = identity === 'changing' ? 'it is being written to' : 'not a regular file';
    } catch (error) {
      if (errorCode(error) === '') throw error;
      why = errorCode(error);
    } finally {
      fs.closeSync(fd);
    }
  }
  throw new Failure('cannot read "' + name + '": ' + why);
}

/** Names of what is otherwise for others: how many, and the first three, sorted by bytes as far as they are known. */
export type Remark = { count: number; paths: ByteString[] };

/**
 * What the identifier of a folder is silent on, or what others do otherwise. empty: folders without a
 * file in them, which git does not keep. executable: files that only others than their owner may
 * execute, which is no executable for git. special: neither file nor folder nor link; left out.
 * repository: folders with a repository of their own, which git takes for submodules.
 */
export type FolderRemarks = { [kind in 'empty' | 'executable' | 'special' | 'repository']: Remark };

/** What a folder holds, and what is asked on the way. Paths are relative to the folder. */
export type FolderVisit = {
  /** Is this path left out, with all that lies in it? */
  isLeftOut: (path: ByteString) => boolean;
  /** Told of each file and link with its mode and digits. */
  take?: (path: ByteString, mode: number, hex: string) => void;
};

function addRemark(remark: Remark, path: ByteString): void {
  remark.count += 1;
  if (remark.paths.length < 3) remark.paths.push(path);
}

function listSorted(name: ByteString): ByteString[] {
  try {
    return (fs.readdirSync(toFsPath(name), 'latin1' as BufferEncoding) as unknown as ByteString[]).sort();
  } catch (error) {
    if (errorCode(error) === '') throw error;
    throw new Failure('cannot read the folder "' + name + '": ' + errorCode(error));
  }
}

const GIT_FILE = 0o100644;
const GIT_EXECUTABLE = 0o100755;

class FolderWalk {
  readonly remarks: FolderRemarks = { empty: { count: 0, paths: [] }, executable: { count: 0, paths: [] }, special: { count: 0, paths: [] }, repository: { count: 0, paths: [] } };
  private readonly root: ByteString;
  private readonly visit: FolderVisit;

  constructor(root: ByteString, visit: FolderVisit) {
    this.root = root;
    this.visit = visit;
  }

  /** `prefix` is '' or ends in "/". Only the entries of folders on the way are held. */
  walk(prefix: ByteString): string {
    const entries: SwhidEntry[] = [];
    for (const name of listSorted(this.root + '/' + prefix)) {
      // Whatever is asked: git has no such name in a tree.
      if (name === '.git') {
        if (prefix !== '') addRemark(this.remarks.repository, prefix.slice(0, -1));
        continue;
      }
      if (this.visit.isLeftOut(prefix + name)) continue;
      const entry = this.identify(prefix + name);
      if (entry !== undefined) entries.push({ mode: entry.mode, name, id: bytesFromHex(entry.hex) });
    }
    if (entries.length === 0) addRemark(this.remarks.empty, prefix === '' ? '.' : prefix.slice(0, -1));
    return hashSwhidObject('tree', printSwhidFolder(entries));
  }

  private identify(path: ByteString): { mode: number; hex: string } | undefined {
    const full = this.root + '/' + path;
    const stat = lstatIfThere(full);
    if (stat === undefined) throw new Failure('cannot read "' + full + '": it is gone, or cannot be asked');
    if (stat.isDirectory()) return { mode: GIT_FOLDER, hex: this.walk(path + '/') };
    let mode = GIT_SYMLINK;
    let hex: string;
    if (stat.isSymbolicLink()) {
      hex = hashSwhidObject('blob', readLinkTarget(full));
    } else if (stat.isFile()) {
      mode = (stat.mode & 0o100) !== 0 ? GIT_EXECUTABLE : GIT_FILE;
      if (mode === GIT_FILE && (stat.mode & 0o011) !== 0) addRemark(this.remarks.executable, path);
      hex = identifyContent(full).hex;
    } else {
      addRemark(this.remarks.special, path);
      return undefined;
    }
    this.visit.take?.(path, mode, hex);
    return { mode, hex };
  }
}

/**
 * The digits of a folder as it lies on the disk, for printSwhid('dir', ...): links are contents of
 * their text, a file is executable if its owner may execute it (as git judges), empty folders count
 * (as swh-model judges), ".git" is left out at any depth. Throws Failure for what cannot be read.
 */
export function swhidOfFolder(folder: ByteString, visit: FolderVisit): { hex: string; remarks: FolderRemarks } {
  const walk = new FolderWalk(dropEndSlashes(folder), visit);
  return { hex: walk.walk(''), remarks: walk.remarks };
}
