// contents.ts - finds bytes again by their SHA-256: in the project, in git, among what was kept. Writes nothing but the cache.
//
// Whatever is found is hashed before it is given out: a content with the right hash is the right one,
// wherever it comes from.
import type { ByteString } from '../core/bytes.ts';
import type { GraphRun } from '../core/graph.ts';
import type { FileState, Run } from '../core/run.ts';
import { applyPatchSection, LARGEST_PATCHED_BYTES, splitGitPatch } from '../formats/gitapply.ts';
import type { PatchSection } from '../formats/gitapply.ts';
import { Failure } from '../core/failure.ts';
import { errorCode, lstatIfThere, readBytesIfThere, readLinkTarget } from './files.ts';
import { findCommitFile, readObjectBody } from './gitobjects.ts';
import type { KnownTrees } from './gitobjects.ts';
import { runGit } from './gitprocess.ts';
import type { GitRepository } from './gitrepo.ts';
import { findRepository, inflateBytes } from './gitrepo.ts';
import { hashBytes, hashWithRetry } from './hash.ts';
import { HashCache } from './hashcache.ts';
import { ContentStore } from './objects.ts';
import { absoluteOf } from './project.ts';
import type { Project } from './project.ts';
import { readGraphRuns } from './runindex.ts';
import { readReuseSettings } from './settings.ts';

/** A file that has the content now (absolute name), or the content itself; of a link the text of its target. */
export type FoundContent = { kind: 'file'; name: ByteString } | { kind: 'bytes'; content: ByteString };

/** A commit, possibly with a patch on it, of a repository. Names in the patch are relative to `patchTop` (absolute). */
type Version = { repository: GitRepository; commit: string; patch: string | undefined; patchTop: ByteString };

const MOST_COMMITS_SEARCHED = 100;

export class ContentFinder {
  private readonly project: Project;
  private readonly cache: HashCache;
  private readonly offered = new Map<string, ByteString>();
  private readonly repositories = new Map<ByteString, GitRepository | undefined>();
  private readonly trees: KnownTrees = { roots: new Map(), entries: new Map() };
  private readonly patches = new Map<string, Map<ByteString, PatchSection>>();
  private readonly stores: ContentStore[];
  private others: Map<string, ByteString | ByteString[]> | undefined;

  constructor(project: Project) {
    this.project = project;
    this.cache = new HashCache(project.own + '/seen');
    const { cache } = readReuseSettings(project);
    this.stores = [new ContentStore(project.own, true)].concat(cache === undefined ? [] : new ContentStore(cache, false));
  }

  /** A file of this content that is in no project, to be found from now on. */
  offer(hash: string, name: ByteString): void {
    this.offered.set(hash, name);
  }

  /** The content of a file as a record has it; `run` is the run that read or wrote it. undefined if it is nowhere. */
  find(file: FileState, run?: Run): FoundContent | undefined {
    if (file.hash.length !== 64) return undefined;
    const found = this.findInPlace(file, file.path) ?? this.findOffered(file) ?? this.findKept(file) ?? this.findStored(file);
    if (found !== undefined) return found;
    const versions = run === undefined ? [] : this.listVersions(run);
    const own = this.ownRepository();
    const repositories = Array.from(new Set((own === undefined ? [] : [own]).concat(versions.map((version) => version.repository))));
    return this.findInVersions(file, versions) ?? this.findInLfs(file, repositories) ?? this.findElsewhere(file) ?? this.findInHistory(file, repositories);
  }

  /** Writes what was learned of files that have not changed. */
  close(): void {
    this.cache.save();
  }

  private findInPlace(file: FileState, path: ByteString): FoundContent | undefined {
    const name = absoluteOf(this.project, path);
    const stat = lstatIfThere(name);
    if (stat === undefined) return undefined;
    if (file.kind === 'l') {
      if (!stat.isSymbolicLink()) return undefined;
      return this.checkBytes(file, readLinkTarget(name));
    }
    if (!stat.isFile() || stat.size !== file.size) return undefined;
    return this.hashOf(name, path, stat) === file.hash ? { kind: 'file', name } : undefined;
  }

  private hashOf(name: ByteString, path: ByteString, stat: import('fs').Stats): string | undefined {
    const known = this.cache.find(stat, path);
    if (known !== undefined) return known;
    const outcome = hashWithRetry(name);
    if (outcome.kind !== 'hashed') return undefined;
    this.cache.add(stat, path, outcome.hash);
    return outcome.hash;
  }

  private checkBytes(file: FileState, content: ByteString | undefined): FoundContent | undefined {
    return content !== undefined && content.length === file.size && hashBytes(content) === file.hash ? { kind: 'bytes', content } : undefined;
  }

  private findOffered(file: FileState): FoundContent | undefined {
    const name = this.offered.get(file.hash);
    const outcome = name === undefined || file.kind === 'l' ? undefined : hashWithRetry(name);
    return outcome?.kind === 'hashed' && outcome.hash === file.hash ? { kind: 'file', name: name as ByteString } : undefined;
  }

  private findKept(file: FileState): FoundContent | undefined {
    return this.checkBytes(file, readKeptContent(this.project.provenance + '/code/' + file.hash + '.src'));
  }

  /** Among what is kept for reuse (objects.ts). */
  private findStored(file: FileState): FoundContent | undefined {
    for (const store of this.stores) {
      if (!store.has(file.hash, file.size)) continue;
      if (file.kind === 'l') {
        const found = this.checkBytes(file, store.read(file.hash, file.size));
        if (found !== undefined) return found;
        continue;
      }
      const outcome = hashWithRetry(store.nameOf(file.hash));
      if (outcome.kind === 'hashed' && outcome.hash === file.hash) return { kind: 'file', name: store.nameOf(file.hash) };
    }
    return undefined;
  }

  // ---- git ------------------------------------------------------------------------------------------

  private repositoryAt(folder: ByteString): GitRepository | undefined {
    if (!this.repositories.has(folder)) {
      let found: GitRepository | undefined;
      try {
        found = findRepository(folder);
      } catch (error) {
        if (!(error instanceof Failure)) throw error; // one that cannot be read is none to look in
      }
      this.repositories.set(folder, found);
    }
    return this.repositories.get(folder);
  }

  /** The repository of the project itself. */
  ownRepository(): GitRepository | undefined {
    return this.repositoryAt(this.project.root);
  }

  private listVersions(run: Run): Version[] {
    const versions: Version[] = [];
    const add = (folder: ByteString, commit: string, patch: string | undefined, patchTop: ByteString | undefined): void => {
      const repository = /^[0-9a-f]{40,64}$/.test(commit) ? this.repositoryAt(folder) : undefined;
      if (repository !== undefined) versions.push({ repository, commit, patch, patchTop: patchTop ?? repository.top });
    };
    const own = /^git ([0-9a-f]+)(?: dirty ([0-9a-f]{64}))?$/.exec(run.code ?? '');
    if (own !== null) add(this.project.root, own[1], own[2], undefined);
    const top = this.ownRepository()?.top;
    for (const submodule of run.codeSubmodules) {
      const parts = /^([0-9a-f]+) (?:dirty )?([^]+)$/.exec(submodule);
      // Changes within submodules stand in the patch of the whole.
      if (parts !== null && top !== undefined) add(top + '/' + parts[2], parts[1], own?.[2], top);
    }
    for (const other of run.codeOthers) {
      const parts = /^git ([0-9a-f]+) (?:dirty ([0-9a-f]{64}|-) )?([^]+)$/.exec(other);
      if (parts !== null) add(absoluteOf(this.project, parts[3]), parts[1], parts[2], undefined);
    }
    return versions;
  }

  private findInVersions(file: FileState, versions: Version[]): FoundContent | undefined {
    const name = absoluteOf(this.project, file.path);
    for (const { repository, commit, patch, patchTop } of versions) {
      if (!name.startsWith(repository.top + '/')) continue;
      const entry = findCommitFile(repository, commit, name.slice(repository.top.length + 1), this.trees);
      const content = entry === undefined ? '' : readObjectBody(repository, entry.id, 'blob');
      const found = entry === undefined || content === undefined ? undefined : this.checkBlob(file, content);
      if (found !== undefined) return found;
      const section = patch === undefined ? undefined : this.readPatch(patch).get(name.slice(patchTop.length + 1));
      const patched = section === undefined || content === undefined ? undefined : applyPatchSection(section, content, inflatePatch);
      const made = patched === undefined ? undefined : this.checkBlob(file, patched);
      if (made !== undefined) return made;
    }
    return undefined;
  }

  /** The same of what git keeps, which may have had CR LF at the ends of its lines in the work tree. */
  private checkBlob(file: FileState, content: ByteString): FoundContent | undefined {
    if (content.length >= file.size || file.kind === 'l') return this.checkBytes(file, content);
    return this.checkBytes(file, content.replace(/\r?\n/g, '\r\n'));
  }

  /** The sections of a patch that a record names, by path; empty if it is not there or damaged. */
  readPatch(hash: string): Map<ByteString, PatchSection> {
    let sections = this.patches.get(hash);
    if (sections === undefined) {
      const text = readKeptContent(this.project.provenance + '/code/' + hash + '.patch');
      sections = new Map((text !== undefined && hashBytes(text) === hash ? splitGitPatch(text) ?? [] : []).map((section) => [section.path, section]));
      this.patches.set(hash, sections);
    }
    return sections;
  }

  /** Git LFS names its objects by the same hash. */
  private findInLfs(file: FileState, repositories: GitRepository[]): FoundContent | undefined {
    for (const repository of file.kind === 'l' ? [] : repositories) {
      const name = repository.commonFolder + '/lfs/objects/' + file.hash.slice(0, 2) + '/' + file.hash.slice(2, 4) + '/' + file.hash;
      const outcome = lstatIfThere(name)?.isFile() === true ? hashWithRetry(name) : undefined;
      if (outcome?.kind === 'hashed' && outcome.hash === file.hash) return { kind: 'file', name };
    }
    return undefined;
  }

  /** In later and earlier commits of the same name, newest first: results are often committed after their run. */
  private findInHistory(file: FileState, repositories: GitRepository[]): FoundContent | undefined {
    const name = absoluteOf(this.project, file.path);
    for (const repository of repositories.filter((one) => name.startsWith(one.top + '/'))) {
      const path = name.slice(repository.top.length + 1);
      const answer = runGit(repository, ['log', '--all', '--format=%H', '-n', String(MOST_COMMITS_SEARCHED), '--', ':(literal)' + path]);
      for (const commit of answer.kind === 'done' ? answer.output.split('\n') : []) {
        const entry = commit === '' ? undefined : findCommitFile(repository, commit, path, this.trees);
        const content = entry === undefined ? undefined : readObjectBody(repository, entry.id, 'blob');
        const found = content === undefined ? undefined : this.checkBlob(file, content);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  // ---- under another name -----------------------------------------------------------------------------

  /** The names under which any run read or wrote this content. Nearly always one: a list for each would be the larger part. */
  private listNames(hash: string): ByteString[] {
    this.others = this.others ?? listNamesByContent(readGraphRuns(this.project).runs);
    const names = this.others.get(hash) ?? [];
    return typeof names === 'string' ? [names] : names;
  }

  private findElsewhere(file: FileState): FoundContent | undefined {
    for (const path of this.listNames(file.hash)) {
      const found = path === file.path || file.kind === 'l' ? undefined : this.findInPlace(file, path);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function listNamesByContent(runs: GraphRun[]): Map<string, ByteString | ByteString[]> {
  const names = new Map<string, ByteString | ByteString[]>();
  for (const run of runs) {
    for (const { hash, path } of run.tree === undefined ? run.inputs.concat(run.outputs) : run.inputs) {
      const known = names.get(hash);
      if (known === undefined) names.set(hash, path);
      else if (typeof known !== 'string' && known.indexOf(path) < 0) known.push(path);
      else if (typeof known === 'string' && known !== path) names.set(hash, [known, path]);
    }
  }
  return names;
}

function inflatePatch(bytes: ByteString): ByteString | undefined {
  return inflateBytes(bytes, LARGEST_PATCHED_BYTES);
}

/** A file that rr keeps; undefined if it is none that can be read. It may come from a stranger: a link, a FIFO. */
function readKeptContent(name: ByteString): ByteString | undefined {
  try {
    return lstatIfThere(name)?.isFile() === true ? readBytesIfThere(name) : undefined;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EIO', 'ESTALE'].indexOf(errorCode(error)) < 0) throw error;
    return undefined;
  }
}

/** The content of a found file as bytes; undefined if it has gone or is larger than `mostBytes`. */
export function readFound(found: FoundContent, mostBytes: number): ByteString | undefined {
  if (found.kind === 'bytes') return found.content.length <= mostBytes ? found.content : undefined;
  const stat = lstatIfThere(found.name);
  return stat === undefined || stat.size > mostBytes ? undefined : readBytesIfThere(found.name);
}
