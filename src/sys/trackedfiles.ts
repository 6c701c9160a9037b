// trackedfiles.ts - a folder as git would commit it now: the files that it tracks, as they are. Writes nothing, starts git only for an index that is not read here.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import type { GitEntry } from '../formats/gitindex.ts';
import { bytesFromHex, computeTree, findEntryPlace, GIT_LINK, GIT_SYMLINK, hexFromBytes } from '../formats/gitindex.ts';
import { findGitSetting, isGitTrue } from '../formats/gitconfig.ts';
import { lstatIfThere, readLinkTarget } from './files.ts';
import { listEntriesWithGit } from './gitprocess.ts';
import type { GitRepository } from './gitrepo.ts';
import { openRepository, readHead } from './gitrepo.ts';
import { compareWithFiles, readGitIndex } from './gitstatus.ts';
import { hashSwhidObject, identifyContent } from './swhid.ts';

/** The index of a repository: what is tracked, and which of it may not be as it stands there. */
export type TrackedFiles = { repository: GitRepository; entries: GitEntry[]; suspects: Set<ByteString> };

export function readTrackedFiles(repository: GitRepository): TrackedFiles {
  const { index, mtimeMs } = readGitIndex(repository);
  const entries = index === 'unsupported' ? listEntriesWithGit(repository) : index.entries;
  const { suspects, overlooked } = compareWithFiles(repository, entries, mtimeMs, () => false);
  return { repository, entries, suspects: new Set(suspects.concat(overlooked)) };
}

/** The entry of a file, by its path from the top of the work tree; undefined if it is not tracked. */
export function findTracked(tracked: TrackedFiles, name: ByteString): GitEntry | undefined {
  const entry = tracked.entries[findEntryPlace(tracked.entries, name)];
  return entry?.name === name ? entry : undefined;
}

function hasRealParents(top: ByteString, name: ByteString, known: Map<ByteString, boolean>): boolean {
  const folder = name.slice(0, Math.max(0, name.lastIndexOf('/')));
  if (folder === '') return true;
  let isReal = known.get(folder);
  if (isReal === undefined) {
    isReal = hasRealParents(top, folder, known) && lstatIfThere(top + '/' + folder)?.isDirectory() === true;
    known.set(folder, isReal);
  }
  return isReal;
}

/** The file of an entry as it lies here, bytes as they are; undefined if it is no file any more. */
function readEntryFile(tracked: TrackedFiles, entry: GitEntry, known: Map<ByteString, boolean>): GitEntry | undefined {
  const { top, settings } = tracked.repository;
  const full = top + '/' + entry.name;
  const stat = hasRealParents(top, entry.name, known) ? lstatIfThere(full) : undefined;
  if (stat === undefined) return entry.isSkipped ? entry : undefined;
  if (stat.isSymbolicLink()) return { ...entry, mode: GIT_SYMLINK, id: bytesFromHex(hashSwhidObject('blob', readLinkTarget(full))) };
  if (!stat.isFile()) return undefined;
  const hasModes = isGitTrue(findGitSetting(settings, 'core', '', 'filemode'), true);
  const isExecutable = hasModes ? (stat.mode & 0o100) !== 0 : (entry.mode & 0o111) !== 0;
  return { ...entry, mode: isExecutable ? 0o100755 : 0o100644, id: bytesFromHex(identifyContent(full).hex), isIntended: false };
}

/** A submodule is the commit that is checked out in it. */
function readSubmodule(tracked: TrackedFiles, entry: GitEntry): GitEntry {
  const opened = openRepository(tracked.repository.top + '/' + entry.name);
  const commit = opened === undefined ? undefined : readHead(opened.repository).commit;
  return commit === undefined ? entry : { ...entry, id: bytesFromHex(commit) };
}

/** `changed`: files that are not as in the index. `submodules`: paths. Both from the top of the work tree. */
export type TrackedFolder = { hex: string; changed: ByteString[]; submodules: ByteString[] };

/**
 * The digits of a folder, of which `prefix` is the path from the top of the work tree, '' or ending in
 * "/": what "git add -u" and "git write-tree" would give, unless a filter or ends of lines change what
 * git takes of a changed file. Throws Failure while a merge is not settled, and for what SHA-1 cannot name.
 */
export function swhidOfTracked(tracked: TrackedFiles, prefix: ByteString): TrackedFolder {
  const { repository, suspects } = tracked;
  const known = new Map<ByteString, boolean>();
  const result: TrackedFolder = { hex: '', changed: [], submodules: [] };
  const entries: GitEntry[] = [];
  for (let at = findEntryPlace(tracked.entries, prefix); at < tracked.entries.length; at++) {
    const entry = tracked.entries[at];
    if (!entry.name.startsWith(prefix)) break;
    if (entry.stage !== 0) throw new Failure('cannot name "' + repository.top + '/' + entry.name + '" as git has it: a merge is not settled', 'resolve the conflict and "git add" it');
    let now: GitEntry | undefined = entry;
    if (entry.mode === GIT_LINK) {
      now = readSubmodule(tracked, entry);
      result.submodules.push(entry.name);
      if (now.id.length !== 20) throw new Failure('cannot name the submodule "' + entry.name + '": its repository uses SHA-256, a SWHID is of SHA-1');
    } else if (suspects.has(entry.name) || repository.algorithm !== 'sha1') {
      now = readEntryFile(tracked, entry, known);
      if (now === undefined || now.id !== entry.id || now.mode !== entry.mode) result.changed.push(entry.name);
    }
    if (now !== undefined) entries.push({ ...now, name: entry.name.slice(prefix.length) });
  }
  result.hex = hexFromBytes(computeTree(entries, (kind, body) => bytesFromHex(hashSwhidObject(kind, body))));
  return result;
}
