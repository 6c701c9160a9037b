// gitstatus.ts - which tracked files may differ from git's index. Starts no git and writes nothing.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { findGitSetting, isGitTrue } from '../formats/gitconfig.ts';
import type { GitEntry, GitIndex } from '../formats/gitindex.ts';
import { GIT_LINK, GIT_SYMLINK, parseGitIndex } from '../formats/gitindex.ts';
import { errorCode, lstatIfThere, readLinkTarget, toFsPath } from './files.ts';
import type { GitRepository } from './gitrepo.ts';
import { hashGitObject } from './gitrepo.ts';
import { crypto, fs } from './node.ts';

type Stats = import('fs').Stats;

/** The index and when its file was written; no entries if there is no file. */
export type ReadIndex = { index: GitIndex | 'unsupported'; mtimeMs: number };

export function readGitIndex(repository: GitRepository): ReadIndex {
  let fd: number;
  try {
    fd = fs.openSync(toFsPath(repository.gitFolder + '/index'), fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    return { index: { entries: [] }, mtimeMs: 0 };
  }
  try {
    const stat = fs.fstatSync(fd);
    // git itself would wait for a FIFO.
    if (!stat.isFile()) throw new Failure('cannot read "' + repository.gitFolder + '/index": not a regular file', 'run "git status"');
    const { mtimeMs } = stat;
    return { index: parseGitIndex(fs.readFileSync(fd, 'latin1'), repository.hashSizeBytes), mtimeMs };
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * `overlooked` are files that git was told not to look at and that differ all the same; `passedOver`
 * excluded ones that look changed.
 */
export type IndexComparison = { suspects: ByteString[]; overlooked: ByteString[]; passedOver: ByteString[]; submodules: GitEntry[] };

type IndexCheck = {
  repository: GitRepository;
  indexMtimeMs: number;
  hasModes: boolean;
  trustsCtime: boolean;
  isMinimal: boolean;
  isSparse: boolean;
  /** Whether each folder seen so far is one, and not a link to one. */
  folders: Map<ByteString, boolean>;
  /** The folder asked last: entries of one folder stand together. */
  lastFolder: ByteString;
  isLastReal: boolean;
};

/**
 * Compares every entry with its file as git does (gitformat-index(5); racy-git.txt): same times,
 * size, inode and mode mean the same content, unless the file may have been written after the index.
 * In doubt the content is hashed. A suspect may still be no change for git, if a filter or the end
 * of line makes the difference; a name that is no suspect has the content of the index.
 * `isExcluded` is asked only of names that look changed.
 */
export function compareWithFiles(repository: GitRepository, entries: GitEntry[], indexMtimeMs: number,
  isExcluded: (name: ByteString) => boolean): IndexComparison {
  const comparison = beginComparison(repository, indexMtimeMs);
  const result: IndexComparison = { suspects: [], overlooked: [], passedOver: [], submodules: [] };
  for (const entry of entries) {
    if (entry.mode === GIT_LINK && entry.stage === 0) result.submodules.push(entry);
    else compareEntry(comparison, entry, isExcluded, result);
  }
  return result;
}

function beginComparison(repository: GitRepository, indexMtimeMs: number): IndexCheck {
  const core = (key: string) => findGitSetting(repository.settings, 'core', '', key);
  return {
    repository,
    indexMtimeMs,
    hasModes: isGitTrue(core('filemode'), true),
    trustsCtime: isGitTrue(core('trustctime'), true),
    isMinimal: core('checkstat')?.toLowerCase() === 'minimal',
    isSparse: isGitTrue(core('sparsecheckout'), false),
    folders: new Map([['', true]]),
    lastFolder: '',
    isLastReal: true,
  };
}

/** Has the file of an entry its content and mode now, bytes as they are? */
export function hasContentOfEntry(repository: GitRepository, entry: GitEntry): boolean {
  const stat = lstatIfThere(repository.top + '/' + entry.name);
  return stat !== undefined && isSameBlob(beginComparison(repository, 0), { ...entry, sizeBytes: 0 }, stat);
}

function compareEntry(comparison: IndexCheck, entry: GitEntry, isExcluded: (name: ByteString) => boolean, result: IndexComparison): void {
  const folder = parentOf(entry.name);
  if (folder !== comparison.lastFolder) {
    comparison.lastFolder = folder;
    comparison.isLastReal = isRealFolder(comparison, folder);
  }
  const stat = comparison.isLastReal ? lstatIfThere(comparison.repository.top + '/' + entry.name) : undefined;
  // A file left out of a sparse checkout is not there; if it is, git looks at it after all.
  if (entry.isSkipped && stat === undefined) return;
  const isToldNotToLook = entry.isAssumed || (entry.isSkipped && !comparison.isSparse);
  if (entry.stage === 0 && !entry.isIntended && stat !== undefined && isSameStat(comparison, entry, stat)) return;
  if (isExcluded(entry.name)) {
    result.passedOver.push(entry.name);
    return;
  }
  if (entry.stage === 0 && !entry.isIntended && stat !== undefined && isSameBlob(comparison, entry, stat)) return;
  const list = isToldNotToLook ? result.overlooked : result.suspects;
  if (list[list.length - 1] !== entry.name) list.push(entry.name);
}

function parentOf(name: ByteString): ByteString {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}

/** A tracked folder that a symbolic link has replaced holds no tracked files any more. */
function isRealFolder(comparison: IndexCheck, folder: ByteString): boolean {
  const known = comparison.folders.get(folder);
  if (known !== undefined) return known;
  const isReal = isRealFolder(comparison, parentOf(folder))
    && lstatIfThere(comparison.repository.top + '/' + folder)?.isDirectory() === true;
  comparison.folders.set(folder, isReal);
  return isReal;
}

function hasSameMode(comparison: IndexCheck, entry: GitEntry, stat: Stats): boolean {
  if (stat.isSymbolicLink()) return entry.mode === GIT_SYMLINK;
  if (!stat.isFile() || entry.mode === GIT_SYMLINK) return false;
  return !comparison.hasModes || ((stat.mode & 0o100) !== 0) === ((entry.mode & 0o100) !== 0);
}

function isSameStat(comparison: IndexCheck, entry: GitEntry, stat: Stats): boolean {
  if (!hasSameMode(comparison, entry, stat) || stat.size % 0x100000000 !== entry.sizeBytes) return false;
  if (!isSameTime(entry.mtimeMs, stat.mtimeMs, comparison.isMinimal)) return false;
  // Written in the same moment as the index or later: the times do not tell. So does git judge.
  const writtenMs = entry.mtimeMs % 1000 === 0 ? entry.mtimeMs + 999.9999 : entry.mtimeMs;
  if (writtenMs >= comparison.indexMtimeMs) return false;
  if (comparison.isMinimal) return true;
  // 0 stands for "not recorded" in indexes that other programs than git wrote.
  if (comparison.trustsCtime && entry.ctimeMs !== 0 && !isSameTime(entry.ctimeMs, stat.ctimeMs, false)) return false;
  return entry.inode === 0 || stat.ino > Number.MAX_SAFE_INTEGER || stat.ino % 0x100000000 === entry.inode;
}

function isSameTime(recordedMs: number, seenMs: number, isMinimal: boolean): boolean {
  if (isMinimal || recordedMs % 1000 === 0) return Math.floor(recordedMs / 1000) === Math.floor(seenMs / 1000);
  // A double holds the time to a quarter of a microsecond; no clock of a file system is finer in fact.
  return Math.abs(recordedMs - seenMs) < 0.0005;
}

function isSameBlob(comparison: IndexCheck, entry: GitEntry, stat: Stats): boolean {
  if (!hasSameMode(comparison, entry, stat)) return false;
  // git sets the size to 0 where it knows that the times do not tell (racy-git.txt).
  if (stat.size % 0x100000000 !== entry.sizeBytes && entry.sizeBytes !== 0) return false;
  const name = comparison.repository.top + '/' + entry.name;
  if (!stat.isSymbolicLink()) return hashFileAsBlob(comparison.repository, name, stat.size) === entry.id;
  const target = readLinkTarget(name);
  return hashGitObject(comparison.repository.algorithm, 'blob', target) === entry.id;
}

let blobBuffer: Buffer | undefined;

/** The raw id the file would have as a blob, without any filter; undefined if it cannot be read or changes meanwhile. */
function hashFileAsBlob(repository: GitRepository, name: ByteString, sizeBytes: number): ByteString | undefined {
  const hash = crypto().createHash(repository.algorithm);
  hash.update('blob ' + String(sizeBytes) + '\0', 'latin1');
  const buffer = blobBuffer ?? (blobBuffer = Buffer.allocUnsafe(1 << 18));
  let fd: number;
  try {
    fd = fs.openSync(toFsPath(name), 'r');
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EPERM', 'ELOOP'].indexOf(errorCode(error)) >= 0) return undefined;
    throw error;
  }
  try {
    let total = 0;
    for (;;) {
      const count = fs.readSync(fd, buffer, 0, buffer.length, null);
      if (count === 0) return total === sizeBytes ? hash.digest().toString('latin1') : undefined;
      hash.update(count === buffer.length ? buffer : buffer.subarray(0, count));
      total += count;
    }
  } finally {
    fs.closeSync(fd);
  }
}
