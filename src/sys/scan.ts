// scan.ts - which files of a project a run changed or read: by stat before and after. Hashes nothing.
import type { ByteString } from '../core/bytes.ts';
import { childProcess, fs } from './node.ts';
import { errorCode, lstatIfThere, toFsPath, toText } from './files.ts';
import { shareWork } from './threads.ts';

type LookedAt = import('fs').Stats;

/** What tells one state of a file from another. Times in milliseconds with fractions. */
export type Seen = { size: number; mtimeMs: number; ctimeMs: number; atimeMs: number; ino: number; mode: number; isFolder: boolean };

// Never part of a project's data: rr's own, and version control.
const LEFT_OUT = new Set(['.rr', '.git', '.hg', '.svn', '.bzr', '.jj', '.fslckout', '_FOSSIL_', 'provenance']);

/** Is this path (relative to the project) never looked at? Version control counts at any depth. */
export function isLeftOut(path: ByteString): boolean {
  const parts = path.split('/');
  return parts[0] === 'provenance' || parts.some((part) => part !== 'provenance' && LEFT_OUT.has(part));
}

// Of each name: size, mtime, ctime, inode, mode, atime. lookAtPieces() has them by their places.
const SEEN_NUMBERS = 6;
const MODE = 4;
const ACCESS_TIME = 5;
// So many names are one piece of work: a folder may have 100,000 of them, or one.
const PIECE_NAMES = 512;

/** Names of one folder ('' or ending in "/") with "/" between them, as they were listed: `count`, from number `start` on. */
type Piece = { folder: ByteString; listing: ByteString; start: number; count: number };

/**
 * The files and folders below a root: for each its path, relative to that root, and what was seen there.
 * Numbers stand in one array, names in texts of many: an object for each takes longer than lstat.
 */
export class Snapshot {
  readonly pieces: Piece[] = [];
  count = 0;
  /** SEEN_NUMBERS for each name; the rest of it is room. */
  numbers = new Float64Array(SEEN_NUMBERS * PIECE_NAMES);
  private places: Map<ByteString, number> | undefined;

  /** Takes in names of a folder, with their lstat. */
  add(folder: ByteString, names: ByteString[], stats: LookedAt[]): void {
    for (let from = 0; from === 0 || from < names.length; from += PIECE_NAMES) {
      const some = names.slice(from, from + PIECE_NAMES);
      this.pieces.push({ folder, listing: some.join('/'), start: this.count + from, count: some.length });
    }
    let at = this.count * SEEN_NUMBERS;
    this.count += names.length;
    if (this.count * SEEN_NUMBERS > this.numbers.length) {
      const larger = new Float64Array(Math.max(this.numbers.length * 2, this.count * SEEN_NUMBERS));
      larger.set(this.numbers);
      this.numbers = larger;
    }
    for (const stat of stats) {
      this.numbers[at++] = stat.size;
      this.numbers[at++] = stat.mtimeMs;
      this.numbers[at++] = stat.ctimeMs;
      this.numbers[at++] = stat.ino;
      this.numbers[at++] = stat.mode;
      this.numbers[at++] = stat.atimeMs;
    }
  }

  seenAt(index: number): Seen {
    const [size, mtimeMs, ctimeMs, ino, mode, atimeMs] = this.numbers.subarray(index * SEEN_NUMBERS, (index + 1) * SEEN_NUMBERS);
    return { size, mtimeMs, ctimeMs, atimeMs, ino, mode, isFolder: isFolderMode(mode) };
  }

  /** What was seen of one path. All must have been added. */
  find(path: ByteString): Seen | undefined {
    if (this.places === undefined) {
      this.places = new Map();
      for (const [name] of this) this.places.set(name, this.places.size);
    }
    const place = this.places.get(path);
    return place === undefined ? undefined : this.seenAt(place);
  }

  * [Symbol.iterator](): Generator<[ByteString, Seen]> {
    for (const { folder, listing, start, count } of this.pieces) {
      const names = listing.split('/');
      for (let i = 0; i < count; i++) yield [folder + names[i], this.seenAt(start + i)];
    }
  }
}

function isFolderMode(mode: number): boolean {
  return (mode & 0o170000) === 0o040000;
}

function isRegularMode(mode: number): boolean {
  return (mode & 0o170000) === 0o100000;
}

/**
 * Every file and folder below `root` but those left out. Links are not followed. A folder that
 * cannot be read, and a name that this runtime cannot pass on, is added to `unreadable`.
 */
export function takeSnapshot(root: ByteString, unreadable: ByteString[]): Snapshot {
  const snapshot = new Snapshot();
  lookBelow(snapshot, root, '', unreadable);
  return snapshot;
}

/** Adds what is below one folder ('' or ending in "/") of the root. */
function lookBelow(snapshot: Snapshot, root: ByteString, top: ByteString, unreadable: ByteString[]): void {
  const folders: ByteString[] = [top];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const names: ByteString[] = [];
    const stats: LookedAt[] = [];
    for (const name of namesIn(root, folder, unreadable)) {
      const stat = lstatIfThere(root + '/' + folder + name);
      if (stat === undefined) {
        // Deno gives names that are not UTF-8 with U+FFFD in them, and then does not find them.
        if (name.indexOf('\xef\xbf\xbd') >= 0) unreadable.push(folder + name);
        continue;
      }
      names.push(name);
      stats.push(stat);
      if (isFolderMode(stat.mode)) folders.push(folder + name + '/');
    }
    snapshot.add(folder, names, stats);
  }
}

/** The names in a folder that are looked at. */
function namesIn(root: ByteString, folder: ByteString, unreadable: ByteString[]): ByteString[] {
  try {
    const names = fs.readdirSync(toFsPath(root + '/' + folder), 'latin1' as BufferEncoding) as unknown as ByteString[];
    return names.some((name) => LEFT_OUT.has(name)) ? names.filter((name) => !LEFT_OUT.has(name) || (name === 'provenance' && folder !== '')) : names;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].indexOf(errorCode(error)) >= 0) return [];
    if (['EACCES', 'EPERM', 'EIO', 'ESTALE', 'ENOTCONN', 'EHOSTDOWN', 'ETIMEDOUT', 'ENAMETOOLONG'].indexOf(errorCode(error)) < 0) throw error;
    unreadable.push(folder);
    return [];
  }
}

// ---- the second look --------------------------------------------------------------------------------

/** Lists sorted by bytes. */
export type Changes = { written: ByteString[]; removed: ByteString[]; newFolders: ByteString[] };

/**
 * What two threads share. numbers: those of the snapshot; the last of each becomes the access time as it is
 * now, 0 where there is no regular file. differs: of each name, 1 if it is not as it was. next: the first
 * piece that nobody has taken.
 */
type LookingWork = { root: ByteString; pieces: Piece[]; numbers: Float64Array; differs: Uint8Array; next: Int32Array; ignoreCtime: boolean };

// Below this a second thread costs more to start than it saves.
const SECOND_THREAD_NAMES = 20000;

/**
 * Looks at the names of a snapshot again, a piece at a time, until all are taken. The worker gets this
 * function as text: it must not use anything of this file.
 */
function lookAtPieces(work: LookingWork, files: typeof import('fs')): void {
  const { root, pieces, numbers, differs, next, ignoreCtime } = work;
  const lstat = files.lstatSync as unknown as (name: string | Buffer, options: { throwIfNoEntry: boolean }) => LookedAt | undefined;
  const quiet = { throwIfNoEntry: false };
  for (let turn = Atomics.add(next, 0, 1); turn < pieces.length; turn = Atomics.add(next, 0, 1)) {
    const { folder, listing, start, count } = pieces[turn];
    const base = root + '/' + folder;
    const isPlain = /^[\x00-\x7f]*$/.test(base) && /^[\x00-\x7f]*$/.test(listing);
    const names = listing.split('/');
    for (let i = 0; i < count; i++) {
      let stat: LookedAt | undefined;
      try {
        stat = lstat(isPlain ? base + names[i] : Buffer.from(base + names[i], 'latin1'), quiet);
      } catch (error) {
        stat = undefined;
      }
      const at = (start + i) * 6;
      const kind = stat === undefined ? 0 : stat.mode & 0o170000;
      const isSame = stat !== undefined && (kind === 0o040000 ? (numbers[at + 4] & 0o170000) === 0o040000
        : stat.mtimeMs === numbers[at + 1] && stat.size === numbers[at] && stat.ino === numbers[at + 3] && stat.mode === numbers[at + 4] && (ignoreCtime || stat.ctimeMs === numbers[at + 2]));
      if (!isSame) differs[start + i] = 1;
      numbers[at + 5] = stat !== undefined && kind === 0o100000 ? stat.atimeMs : 0;
    }
  }
}

/** The names of a folder, then and now, with "/" between them. */
type Listed = { folder: ByteString; then: ByteString; now: ByteString };

/** The same project after a run: what lookAgain() found. */
export class SecondLook {
  readonly changes: Changes = { written: [], removed: [], newFolders: [] };
  private readonly root: ByteString;
  private readonly before: Snapshot;
  private readonly work: LookingWork;
  /** Folders of the first look that are none any more, ending in "/". */
  private readonly lost: ByteString[] = [];

  constructor(root: ByteString, before: Snapshot, ignoreCtime: boolean) {
    const shared = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(bytes);
    const numbers = new Float64Array(shared(before.count * SEEN_NUMBERS * 8));
    numbers.set(before.numbers.subarray(0, numbers.length));
    this.root = root;
    this.before = before;
    this.work = { root, pieces: before.pieces, numbers, differs: new Uint8Array(shared(before.count)), next: new Int32Array(shared(4)), ignoreCtime };
  }

  async look(): Promise<void> {
    let grown: Listed[] = [];
    const lookHere = (): void => {
      grown = this.listAgain();
      lookAtPieces(this.work, fs);
    };
    if (this.before.count < SECOND_THREAD_NAMES) lookHere();
    else if (!await shareWork(lookAtPieces, this.work, lookHere)) {
      this.work.next[0] = 0;
      lookAtPieces(this.work, fs);
    }
    this.settleKnown();
    for (const one of grown) if (!this.isLost(one.folder)) this.settleNew(one);
    for (const list of [this.changes.written, this.changes.removed, this.changes.newFolders]) list.sort();
  }

  /** Files of the first look that were read since resetAccessTimes, sorted by bytes. */
  listRead(): ByteString[] {
    const read: ByteString[] = [];
    for (const { folder, listing, start, count } of this.before.pieces) {
      if (this.isLost(folder)) continue;
      const names = listing.split('/');
      for (let i = 0; i < count; i++) if (this.work.numbers[(start + i) * SEEN_NUMBERS + ACCESS_TIME] >= OLD_TIME_LIMIT_MS) read.push(folder + names[i]);
    }
    return read.sort();
  }

  /** The folders of the first look that have other names than then, or the same in another order. */
  private listAgain(): Listed[] {
    const grown: Listed[] = [];
    const { pieces } = this.before;
    for (let from = 0, to = 0; from < pieces.length; from = to) {
      const { folder } = pieces[from];
      for (to = from + 1; to < pieces.length && pieces[to].folder === folder;) to++;
      const now = namesIn(this.root, folder, []).join('/');
      const then = pieces.slice(from, to).map((piece) => piece.listing).join('/');
      if (now !== then) grown.push({ folder, then, now });
    }
    return grown;
  }

  private isLost(folder: ByteString): boolean {
    return this.lost.some((lost) => folder.startsWith(lost));
  }

  /** What became of the names of the first look. A folder's own piece comes before those of what is in it. */
  private settleKnown(): void {
    for (const { folder, listing, start, count } of this.before.pieces) {
      const isLost = this.isLost(folder);
      const differs = this.work.differs.subarray(start, start + count);
      if (!isLost && differs.indexOf(1) < 0) continue;
      const names = listing.split('/');
      for (let i = 0; i < count; i++) {
        if (isLost) this.changes.removed.push(folder + names[i]);
        else if (differs[i] === 1) this.settleOne(folder + names[i], isFolderMode(this.before.numbers[(start + i) * SEEN_NUMBERS + MODE]));
      }
    }
  }

  private settleOne(path: ByteString, wasFolder: boolean): void {
    const stat = lstatIfThere(this.root + '/' + path);
    if (wasFolder && (stat === undefined || !isFolderMode(stat.mode))) this.lost.push(path + '/');
    if (stat === undefined) this.changes.removed.push(path);
    else if (!isFolderMode(stat.mode)) this.changes.written.push(path);
    else if (!wasFolder) this.settleFolder(path);
  }

  private settleNew({ folder, then, now }: Listed): void {
    const known = new Set(then.split('/'));
    for (const name of now.split('/')) {
      const stat = name === '' || known.has(name) ? undefined : lstatIfThere(this.root + '/' + folder + name);
      if (stat === undefined) continue;
      if (isFolderMode(stat.mode)) this.settleFolder(folder + name);
      else this.changes.written.push(folder + name);
    }
  }

  /** A folder that was none, with all that is in it. */
  private settleFolder(path: ByteString): void {
    this.changes.newFolders.push(path);
    const below = new Snapshot();
    lookBelow(below, this.root, path + '/', []);
    for (const [name, seen] of below) (seen.isFolder ? this.changes.newFolders : this.changes.written).push(name);
  }
}

/**
 * What differs since a snapshot. A file counts as written if its content or mode may have changed: size, mtime,
 * ctime (a tool that puts the mtime back), inode. After resetAccessTimes every ctime has moved, so then it must
 * be ignored.
 */
export async function lookAgain(root: ByteString, before: Snapshot, ignoreCtime: boolean): Promise<SecondLook> {
  const second = new SecondLook(root, before, ignoreCtime);
  await second.look();
  return second;
}

// ---- access times -----------------------------------------------------------------------------------

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
    if (!isRegularMode(seen.mode)) continue;
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
