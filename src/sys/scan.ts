// scan.ts - which files of a project a run changed or read: by stat before and after. Hashes nothing.
import type { ByteString } from '../core/bytes.ts';
import { childProcess, fs } from './node.ts';
import { errorCode, lstatIfThere, toFsPath, toText } from './files.ts';

/** What tells one state of a file from another. Times in milliseconds with fractions. */
export type Seen = { size: number; mtimeMs: number; ctimeMs: number; atimeMs: number; ino: number; mode: number; isFolder: boolean };

/** Path relative to the project -> what was seen there. */
export type Snapshot = Map<ByteString, Seen>;

// Never part of a project's data: rr's own, and version control.
const LEFT_OUT = new Set(['.rr', '.git', '.hg', '.svn', '.bzr', '.jj', '.fslckout', '_FOSSIL_', 'provenance']);

function see(stat: import('fs').Stats): Seen {
  return { size: stat.size, mtimeMs: stat.mtimeMs, ctimeMs: stat.ctimeMs, atimeMs: stat.atimeMs, ino: stat.ino, mode: stat.mode, isFolder: stat.isDirectory() };
}

/** Is this path (relative to the project) never looked at? Version control counts at any depth. */
export function isLeftOut(path: ByteString): boolean {
  const parts = path.split('/');
  return parts[0] === 'provenance' || parts.some((part) => part !== 'provenance' && LEFT_OUT.has(part));
}

/**
 * Every file and folder below `root` but those left out. Links are not followed. A folder that
 * cannot be read, and a name that this runtime cannot pass on, is added to `unreadable`.
 */
export function takeSnapshot(root: ByteString, unreadable: ByteString[]): Snapshot {
  const snapshot: Snapshot = new Map();
  const folders: ByteString[] = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const name of namesIn(root, folder, unreadable)) {
      if (LEFT_OUT.has(name) && (name !== 'provenance' || folder === '')) continue;
      const path = folder + name;
      const stat = lstatIfThere(root + '/' + path);
      if (stat === undefined) {
        // Deno gives names that are not UTF-8 with U+FFFD in them, and then does not find them.
        if (name.indexOf('\xef\xbf\xbd') >= 0) unreadable.push(path);
        continue;
      }
      const seen = see(stat);
      snapshot.set(path, seen);
      if (seen.isFolder) folders.push(path + '/');
    }
  }
  return snapshot;
}

function namesIn(root: ByteString, folder: ByteString, unreadable: ByteString[]): ByteString[] {
  try {
    return fs.readdirSync(toFsPath(root + '/' + folder), 'latin1' as BufferEncoding) as unknown as ByteString[];
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].indexOf(errorCode(error)) >= 0) return [];
    if (['EACCES', 'EPERM', 'EIO', 'ESTALE', 'ENOTCONN', 'EHOSTDOWN', 'ETIMEDOUT', 'ENAMETOOLONG'].indexOf(errorCode(error)) < 0) throw error;
    unreadable.push(folder);
    return [];
  }
}

export type Changes = { written: ByteString[]; removed: ByteString[]; newFolders: ByteString[] };

/**
 * What differs between two snapshots, each list sorted by bytes. A file counts as written if its
 * content or mode may have changed: size, mtime, ctime (a tool that puts the mtime back), inode.
 * After resetAccessTimes every ctime has moved, so then it must be ignored.
 */
export function compareSnapshots(before: Snapshot, after: Snapshot, ignoreCtime: boolean): Changes {
  const changes: Changes = { written: [], removed: [], newFolders: [] };
  for (const [path, now] of after) {
    const then = before.get(path);
    if (now.isFolder) {
      if (then === undefined || !then.isFolder) changes.newFolders.push(path);
    } else if (then === undefined || then.isFolder || then.size !== now.size || then.mtimeMs !== now.mtimeMs || then.ino !== now.ino
      || then.mode !== now.mode || (!ignoreCtime && then.ctimeMs !== now.ctimeMs)) {
      changes.written.push(path);
    }
  }
  for (const path of before.keys()) if (!after.has(path)) changes.removed.push(path);
  changes.written.sort();
  changes.removed.sort();
  changes.newFolders.sort();
  return changes;
}

// An access time this old is before any modification time, so that with "relatime" the next read
// moves it, whatever else is true of the file.
const OLD_TIME = '200001010000.00';
const OLD_TIME_LIMIT_MS = Date.UTC(2000, 0, 3);

/**
 * Sets the access times of all regular files back, so that a later read shows (docs/rr.1, --trace
 * atime). touch(1) is used because Node's utimes cuts the modification time to microseconds.
 * Returns why it does not work here, or undefined if it does.
 */
export function resetAccessTimes(root: ByteString, snapshot: Snapshot, probeName: ByteString): string | undefined {
  const reason = probeAccessTimes(probeName);
  if (reason !== undefined) return reason;
  const names: string[] = [];
  for (const [path, seen] of snapshot) {
    if ((seen.mode & 0o170000) !== 0o100000) continue;
    if (toText(path).indexOf('\ufffd') >= 0) return 'a file name is not UTF-8';
    names.push('./' + toText(path));
  }
  for (let i = 0; i < names.length; i += 500) {
    const done = childProcess().spawnSync('touch', ['-a', '-t', OLD_TIME, '--'].concat(names.slice(i, i + 500)), { cwd: toText(root), stdio: 'ignore' });
    if (done.status !== 0) return 'access times of some files cannot be set (not their owner?)';
  }
  return undefined;
}

function probeAccessTimes(probeName: ByteString): string | undefined {
  try {
    fs.writeFileSync(toFsPath(probeName), 'probe\n');
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return 'it cannot be tried whether access times are kept';
  }
  try {
    const done = childProcess().spawnSync('touch', ['-a', '-t', OLD_TIME, toText(probeName)], { stdio: 'ignore' });
    if (done.status !== 0) return 'touch(1) does not work';
    fs.readFileSync(toFsPath(probeName));
    return fs.statSync(toFsPath(probeName)).atimeMs < OLD_TIME_LIMIT_MS ? 'the file system keeps no access times (noatime)' : undefined;
  } finally {
    fs.unlinkSync(toFsPath(probeName));
  }
}

/** Files whose access time moved since resetAccessTimes, sorted by bytes. */
export function findRead(after: Snapshot): ByteString[] {
  const read: ByteString[] = [];
  for (const [path, seen] of after) {
    if ((seen.mode & 0o170000) === 0o100000 && seen.atimeMs >= OLD_TIME_LIMIT_MS) read.push(path);
  }
  return read.sort();
}
