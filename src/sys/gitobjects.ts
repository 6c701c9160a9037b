// gitobjects.ts - the files of a commit out of git's objects. Touches no work tree, index or reference.
import type { ByteString } from '../core/bytes.ts';
import type { GitObject } from '../formats/gitpack.ts';
import { parseGitTree } from '../formats/gittree.ts';
import type { GitTreeEntry } from '../formats/gittree.ts';
import { bytesFromHex, GIT_FOLDER, hexFromBytes } from '../formats/gitindex.ts';
import { runGit } from './gitprocess.ts';
import type { GitRepository } from './gitrepo.ts';
import { hashGitObject, readGitObject, readTreeOfCommit } from './gitrepo.ts';

/** `path` from the top of the work tree. `mode` and `id` as in a tree; submodules have no content here. */
export type CommitFile = { path: ByteString; mode: number; id: string };

/** Below so many, objects are read one by one; git reads many at once, but takes a process. */
const FEW_OBJECTS = 20;
const OBJECTS_PER_CALL = 500;

/** The id of the commit that a name of git means ("main", "HEAD~2"); undefined if it means none. */
export function resolveCommit(repository: GitRepository, revision: ByteString): string | undefined {
  const answer = runGit(repository, ['rev-parse', '--verify', '--quiet', '--end-of-options', revision + '^{commit}']);
  return answer.kind === 'done' ? answer.output.trim() : undefined;
}

/** All files of a commit, sorted as git has them; undefined if the commit or one of its trees is not to be had. */
export function listCommitFiles(repository: GitRepository, commit: string): CommitFile[] | undefined {
  const root = findRootTree(repository, commit);
  return root === undefined ? undefined : listTreeFiles(repository, root);
}

function findRootTree(repository: GitRepository, commit: string): string | undefined {
  const raw = readTreeOfCommit(repository, commit);
  if (raw !== undefined) return hexFromBytes(raw);
  const answer = runGit(repository, ['rev-parse', '--verify', '--quiet', commit + '^{tree}']);
  return answer.kind === 'done' ? answer.output.trim() : undefined;
}

function listTreeFiles(repository: GitRepository, root: string): CommitFile[] | undefined {
  const files: CommitFile[] = [];
  const folders: { prefix: ByteString; id: string }[] = [{ prefix: '', id: root }];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const body = readObjectBody(repository, folder.id, 'tree');
    const entries = body === undefined ? undefined : parseGitTree(body, repository.hashSizeBytes);
    if (entries === undefined) return undefined;
    for (const { mode, name, id } of entries) {
      if (mode === GIT_FOLDER) folders.push({ prefix: folder.prefix + name + '/', id });
      else files.push({ path: folder.prefix + name, mode, id });
    }
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Trees that were read, by their ids, and trees of commits, by theirs; entries by name. Ids tell the content, so it holds for any repository. */
export type KnownTrees = { roots: Map<string, string>; entries: Map<string, Map<ByteString, GitTreeEntry>> };

function readTreeEntries(repository: GitRepository, id: string, known: KnownTrees): Map<ByteString, GitTreeEntry> {
  let entries = known.entries.get(id);
  if (entries === undefined) {
    const body = readObjectBody(repository, id, 'tree');
    const parsed = body === undefined ? undefined : parseGitTree(body, repository.hashSizeBytes);
    entries = new Map((parsed ?? []).map((entry) => [entry.name, entry]));
    if (parsed !== undefined) known.entries.set(id, entries); // another repository may have what this one lacks
  }
  return entries;
}

/** One file of a commit; undefined if the commit has none of that name. What is read on the way is added to `known`. */
export function findCommitFile(repository: GitRepository, commit: string, path: ByteString, known: KnownTrees = { roots: new Map(), entries: new Map() }): CommitFile | undefined {
  const found = findCommitEntry(repository, commit, path, known);
  return found?.mode === GIT_FOLDER ? undefined : found;
}

/** The same, or a folder; '' is the folder that holds all. */
export function findCommitEntry(repository: GitRepository, commit: string, path: ByteString, known: KnownTrees = { roots: new Map(), entries: new Map() }): CommitFile | undefined {
  let id = known.roots.get(commit) ?? findRootTree(repository, commit);
  if (id !== undefined) known.roots.set(commit, id);
  if (path === '') return id === undefined ? undefined : { path, mode: GIT_FOLDER, id };
  const parts = path.split('/');
  for (let i = 0; i < parts.length && id !== undefined; i++) {
    const entry = readTreeEntries(repository, id, known).get(parts[i]);
    if (entry === undefined) return undefined;
    if (i === parts.length - 1) return { path, mode: entry.mode, id: entry.id };
    id = entry.id;
  }
  return undefined;
}

/** An object's body, checked against its id; git is asked if it is not found in a form that is known here. */
export function readObjectBody(repository: GitRepository, id: string, kind: GitObject['kind']): ByteString | undefined {
  const object = readGitObject(repository, id);
  if (object?.kind === kind) return object.body;
  const answer = runGit(repository, ['cat-file', kind, id]);
  const body = answer.kind === 'done' ? answer.output : undefined;
  return body !== undefined && hashGitObject(repository.algorithm, kind, body) === bytesFromHex(id) ? body : undefined;
}

/** Gives the content of each of these blobs that can be had to `take`, in no order, each id once. */
export function readBlobs(repository: GitRepository, ids: string[], take: (id: string, content: ByteString) => void): void {
  const wanted = Array.from(new Set(ids));
  for (let from = 0; from < wanted.length; from += OBJECTS_PER_CALL) {
    const group = wanted.slice(from, from + OBJECTS_PER_CALL);
    const left = group.length < FEW_OBJECTS ? group : takeBatch(repository, group, take);
    for (const id of left) {
      const content = readObjectBody(repository, id, 'blob');
      if (content !== undefined) take(id, content);
    }
  }
}

/** The same by one process of git. Returns the ids that it did not give. */
function takeBatch(repository: GitRepository, ids: string[], take: (id: string, content: ByteString) => void): string[] {
  const answer = runGit(repository, ['cat-file', '--batch'], ids.map((id) => id + '\n').join(''));
  if (answer.kind !== 'done') return ids;
  const left = new Set(ids);
  const { output } = answer;
  for (let at = 0; at < output.length;) {
    const end = output.indexOf('\n', at);
    const parts = /^([0-9a-f]+) (\w+)(?: (\d+))?$/.exec(output.slice(at, end));
    if (end < 0 || parts === null) break;
    at = end + 1;
    if (parts[3] === undefined) continue; // "missing"
    const content = output.slice(at, at + Number(parts[3]));
    if (parts[2] === 'blob' && hashGitObject(repository.algorithm, 'blob', content) === bytesFromHex(parts[1]) && left.delete(parts[1])) take(parts[1], content);
    at += Number(parts[3]) + 1;
  }
  return Array.from(left);
}
