// swhidgit.ts - SWHIDs of a git repository: of a revision, a release, a snapshot of all references. Prints nothing.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { findRemoteUrl } from '../formats/gitconfig.ts';
import { originOfRemote, printSnapshot } from '../formats/swhid.ts';
import type { SwhidBranch, SwhidKind } from '../formats/swhid.ts';
import { readObjectBody } from './gitobjects.ts';
import { findCommit, findReference, listReferences, readObjectKind } from './gitrefs.ts';
import type { GitRepository } from './gitrepo.ts';
import { findRepository, openBareRepository } from './gitrepo.ts';
import { hashSwhidObject } from './swhid.ts';
import { nameUpToThree } from './swhidpath.ts';
import type { Remark } from './swhid.ts';

/** `remarks`: what is to be known of it, a sentence each. */
export type NamedObject = { kind: SwhidKind; hex: string; /** Others cannot find it at the origin. */ isOfCloneAlone?: boolean; remarks: ByteString[] };

const OBJECT_SWHIDS: { [kind: string]: SwhidKind } = { commit: 'rev', tag: 'rel', tree: 'dir', blob: 'cnt' };

/** The repository that `folder` (absolute) lies in, or is. Throws Failure if there is none, or if SHA-1 does not name its objects. */
export function requireRepository(folder: ByteString): GitRepository {
  const repository = openBareRepository(folder) ?? findRepository(folder);
  if (repository === undefined) throw new Failure('cannot find a git repository: "' + folder + '" lies in none', '', EXIT.differs);
  if (repository.algorithm !== 'sha1') throw new Failure('cannot name what is in "' + repository.top + '": its objects are named by SHA-256, a SWHID is of SHA-1', '', EXIT.differs);
  return repository;
}

export function originOfRepository(repository: GitRepository): ByteString | undefined {
  return originOfRemote(findRemoteUrl(repository.settings, undefined));
}

/** The commit that a name of git means; tags are followed. Its bytes are hashed. */
export function nameRevision(repository: GitRepository, revision: ByteString): NamedObject {
  const hex = findCommit(repository, revision);
  if (hex === undefined) throw new Failure('cannot name the revision "' + revision + '": "' + repository.top + '" has no such commit', 'run "git log"', EXIT.differs);
  return { kind: 'rev', hex: checkObject(repository, hex, 'commit'), remarks: [] };
}

function checkObject(repository: GitRepository, id: string, kind: 'commit' | 'tag'): string {
  const body = readObjectBody(repository, id, kind);
  if (body === undefined || hashSwhidObject(kind, body) !== id) throw new Failure('cannot read the ' + kind + ' ' + id + ' of "' + repository.top + '": it is missing or damaged', 'run "git fsck"', EXIT.differs);
  return id;
}

/** A tag: an annotated one is a release, any other the object that it points to. */
export function nameRelease(repository: GitRepository, tag: ByteString): NamedObject {
  const hex = findReference(repository, tag.startsWith('refs/') || /^[0-9a-f]{40}$/.test(tag) ? tag : 'refs/tags/' + tag);
  const kind = hex === undefined ? undefined : readObjectKind(repository, hex);
  if (hex === undefined || kind === undefined) throw new Failure('cannot name the release "' + tag + '": "' + repository.top + '" has no such tag', 'run "git tag"', EXIT.differs);
  if (kind === 'tag') return { kind: 'rel', hex: checkObject(repository, hex, 'tag'), remarks: [] };
  return { kind: OBJECT_SWHIDS[kind], hex, remarks: ['"' + tag + '" is a lightweight tag: only a name of that ' + kind + ', no release'] };
}

/** All references, as an archive would note them that saw this repository; HEAD is an alias of its branch. */
export function nameSnapshot(repository: GitRepository): NamedObject {
  const missing: Remark = { count: 0, paths: [] };
  const remotes: Remark = { count: 0, paths: [] };
  const add = (remark: Remark, name: ByteString): void => {
    remark.count += 1;
    if (remark.paths.length < 3) remark.paths.push(name);
  };
  const branches = listReferences(repository).map((one): SwhidBranch => {
    if (/^refs\/(?:remotes|stash)(?:\/|$)/.test(one.name)) add(remotes, one.name);
    if ('target' in one) return { name: one.name, kind: 'alias', target: one.target };
    const kind = readObjectKind(repository, one.id);
    if (kind === undefined) {
      add(missing, one.name);
      return { name: one.name, kind: 'dangling' };
    }
    return { name: one.name, kind: OBJECT_SWHIDS[kind], hex: one.id };
  });
  const remarks: ByteString[] = [];
  if (missing.count > 0) remarks.push(nameUpToThree(missing, 'reference leads to no object that is here', 'references lead to no objects that are here'));
  if (remotes.count > 0) remarks.push(nameUpToThree(remotes, 'reference is of this clone alone', 'references are of this clone alone') + '; the snapshot that an archive made of its origin is another one');
  return { kind: 'snp', hex: hashSwhidObject('snapshot', printSnapshot(branches)), isOfCloneAlone: remotes.count > 0, remarks };
}

/** Does the repository have a reference to this object, and hold it unharmed? */
export function hasTag(repository: GitRepository, hex: string): boolean {
  return listReferences(repository).some((one) => 'id' in one && one.id === hex) && readObjectBody(repository, hex, 'tag') !== undefined;
}
