// gitknown.ts - which files of a project git tracks, ignores, or has with other content. Writes nothing.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import type { GitEntry } from '../formats/gitindex.ts';
import { GIT_LINK, hexFromBytes } from '../formats/gitindex.ts';
import { listCommitFiles } from './gitobjects.ts';
import { listEntriesWithGit, runGit } from './gitprocess.ts';
import type { GitRepository } from './gitrepo.ts';
import { findRepository, hasReftable, readHead, readTreeOfCommit } from './gitrepo.ts';
import { compareWithFiles, readGitIndex } from './gitstatus.ts';
import type { Project } from './project.ts';

/** The repository that a project lies in, with what its index says. */
export type GitKnowledge = {
  repository: GitRepository;
  /** Path of the project in the work tree, with a final slash; '' if it is its top. */
  prefix: ByteString;
  entries: Map<ByteString, GitEntry>;
  indexMtimeMs: number;
  rootTree: ByteString | undefined;
};

/** undefined if the project lies in no work tree, or in one that cannot be read. */
export function readGitKnowledge(project: Project): GitKnowledge | undefined {
  try {
    const repository = findRepository(project.root);
    if (repository === undefined) return undefined;
    const { index, mtimeMs } = readGitIndex(repository);
    const list = index === 'unsupported' ? listEntriesWithGit(repository) : index.entries;
    const prefix = project.root === repository.top ? '' : project.root.slice(repository.top.length + 1) + '/';
    return { repository, prefix, entries: new Map(list.map((entry) => [entry.name, entry])), indexMtimeMs: mtimeMs, rootTree: index === 'unsupported' ? undefined : index.rootTree };
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** Is a name of the work tree tracked, or in a submodule? */
function isTracked(git: GitKnowledge, name: ByteString): boolean {
  if (git.entries.has(name)) return true;
  for (let cut = name.lastIndexOf('/'); cut > 0; cut = name.lastIndexOf('/', cut - 1)) if (git.entries.get(name.slice(0, cut))?.mode === GIT_LINK) return true;
  return false;
}

/** Of these paths of the project those that git neither tracks nor is told to ignore. */
export function selectUnknownToGit(git: GitKnowledge, paths: ByteString[]): ByteString[] {
  const names = paths.map((path) => git.prefix + path).filter((name) => !isTracked(git, name));
  // Status 1: none is ignored. Where git cannot tell, all are named.
  const answer = names.length === 0 ? undefined : runGit(git.repository, ['check-ignore', '-z', '--stdin'], names.map((name) => name + '\0').join(''));
  const ignored = new Set(answer !== undefined && answer.kind === 'done' ? answer.output.split('\0') : []);
  return names.filter((name) => !ignored.has(name)).map((name) => name.slice(git.prefix.length));
}

export type UncommittedFile = { path: ByteString; state: 'changed' | 'untracked' };

/** Files of the last commit by their names, with raw ids; undefined if the index is that of the commit. */
function readCommitted(git: GitKnowledge): Map<ByteString, string> | undefined {
  if (hasReftable(git.repository)) return undefined;
  const { commit } = readHead(git.repository);
  if (commit === undefined) return new Map();
  if (git.rootTree !== undefined && readTreeOfCommit(git.repository, commit) === git.rootTree) return undefined;
  const files = listCommitFiles(git.repository, commit);
  return files === undefined ? undefined : new Map(files.map((file) => [file.path, file.id]));
}

/** Of these paths of the project those whose content the last commit does not have, in their order. */
export function findUncommitted(git: GitKnowledge, paths: ByteString[]): UncommittedFile[] {
  const entries = paths.map((path) => git.entries.get(git.prefix + path)).filter((entry) => entry !== undefined) as GitEntry[];
  const suspects = new Set(compareWithFiles(git.repository, entries, git.indexMtimeMs, () => false).suspects);
  const committed = entries.length === 0 ? undefined : readCommitted(git);
  const found: UncommittedFile[] = [];
  for (const path of paths) {
    const entry = git.entries.get(git.prefix + path);
    if (entry === undefined) {
      if (!isTracked(git, git.prefix + path)) found.push({ path, state: 'untracked' });
    } else if (suspects.has(entry.name) || (committed !== undefined && committed.get(entry.name) !== hexFromBytes(entry.id))) found.push({ path, state: 'changed' });
  }
  return found;
}
