// gitrefs.ts - the references of a git repository and what they point to, read without git where they are files. Writes nothing.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes, dropAtEnd, dropAtEnds } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import type { GitObject } from '../formats/gitpack.ts';
import { listFolder, lstatIfThere, readRegularIfThere } from './files.ts';
import { readObjectBody, resolveCommit } from './gitobjects.ts';
import { runGit } from './gitprocess.ts';
import type { GitRepository } from './gitrepo.ts';
import { GIT_SPACES, hasReftable, isReferenceName, readGitObject } from './gitrepo.ts';

/** A reference has an id, or is another name of one: `target`, which need not be there. */
export type GitReference = { name: ByteString; id: string } | { name: ByteString; target: ByteString };

/** HEAD and all under refs/, by name. Of a linked worktree HEAD is its own. Throws Failure if one is damaged. */
export function listReferences(repository: GitRepository): GitReference[] {
  const found = new Map<ByteString, GitReference>();
  if (hasReftable(repository)) listWithGit(repository, found);
  else {
    for (const reference of readPackedReferences(repository)) found.set(reference.name, reference);
    for (const folder of new Set([repository.commonFolder, repository.gitFolder])) readLooseReferences(repository, folder, 'refs', found);
    addReference(repository, 'HEAD', readRegularIfThere(repository.gitFolder + '/HEAD') ?? '', found);
  }
  return Array.from(found.values()).sort((a, b) => compareBytes(a.name, b.name));
}

function isObjectId(repository: GitRepository, text: ByteString): boolean {
  return text.length === repository.hashSizeBytes * 2 && /^[0-9a-f]+$/.test(text);
}

function addReference(repository: GitRepository, name: ByteString, text: ByteString, found: Map<ByteString, GitReference>): void {
  const target = text.startsWith('ref:') ? dropAtEnds(text.slice(4), GIT_SPACES) : undefined;
  const id = dropAtEnd(text, GIT_SPACES);
  if (target !== undefined && isReferenceName(target)) found.set(name, { name, target });
  else if (isObjectId(repository, id)) found.set(name, { name, id });
  else throw new Failure('cannot read the reference "' + name + '" of "' + repository.top + '": it names no object');
}

/** "HEX NAME" lines; "^HEX" is what the tag before it leads to. */
function readPackedReferences(repository: GitRepository): GitReference[] {
  const references: GitReference[] = [];
  for (const line of (readRegularIfThere(repository.commonFolder + '/packed-refs') ?? '').split('\n')) {
    const space = line.indexOf(' ');
    const [id, name] = [line.slice(0, Math.max(0, space)), line.slice(space + 1)];
    if (isObjectId(repository, id) && isReferenceName(name)) references.push({ name, id });
  }
  return references;
}

function readLooseReferences(repository: GitRepository, folder: ByteString, prefix: ByteString, found: Map<ByteString, GitReference>): void {
  for (const last of listFolder(folder + '/' + prefix)) {
    const name = prefix + '/' + last;
    const stat = lstatIfThere(folder + '/' + name);
    if (stat?.isDirectory() === true) readLooseReferences(repository, folder, name, found);
    // A lock, or what another program left there, is no reference.
    else if (stat !== undefined && isReferenceName(name)) addReference(repository, name, readRegularIfThere(folder + '/' + name) ?? '', found);
  }
}

function listWithGit(repository: GitRepository, found: Map<ByteString, GitReference>): void {
  const answer = runGit(repository, ['for-each-ref', '--format=%(objectname) %(symref) %(refname)']);
  const head = runGit(repository, ['symbolic-ref', '-q', 'HEAD']);
  if (answer.kind !== 'done') throw new Failure('cannot list the references of "' + repository.top + '": they are kept as reftable, and ' + answer.why);
  for (const line of answer.output.split('\n')) {
    const parts = /^([0-9a-f]+) ([^ ]*) ([^ ]+)$/.exec(line);
    if (parts !== null) found.set(parts[3], parts[2] === '' ? { name: parts[3], id: parts[1] } : { name: parts[3], target: parts[2] });
  }
  const id = head.kind === 'done' ? undefined : resolveCommit(repository, 'HEAD');
  if (head.kind === 'done') found.set('HEAD', { name: 'HEAD', target: head.output.trim() });
  else if (id !== undefined) found.set('HEAD', { name: 'HEAD', id });
}

/** What an object is; undefined if the repository does not have it. */
export function readObjectKind(repository: GitRepository, id: string): GitObject['kind'] | undefined {
  const object = readGitObject(repository, id);
  if (object !== undefined) return object.kind;
  const answer = runGit(repository, ['cat-file', '-t', id]);
  return answer.kind === 'done' ? answer.output.trim() as GitObject['kind'] : undefined;
}

const MOST_REFERENCE_LINKS = 5; // as git follows symbolic references

/** The id that a reference has in the end. */
function followReference(references: Map<ByteString, GitReference>, name: ByteString): string | undefined {
  for (let at = references.get(name), links = 0; at !== undefined && links <= MOST_REFERENCE_LINKS; links++) {
    if ('id' in at) return at.id;
    at = references.get(at.target);
  }
  return undefined;
}

/** The id that a name means as git looks it up (gitrevisions(7)), without anything behind it; undefined: git must be asked. */
export function findReference(repository: GitRepository, name: ByteString): string | undefined {
  if (isObjectId(repository, name)) return name;
  const references = new Map(listReferences(repository).map((one): [ByteString, GitReference] => [one.name, one]));
  for (const full of [name, 'refs/' + name, 'refs/tags/' + name, 'refs/heads/' + name, 'refs/remotes/' + name]) {
    const id = followReference(references, full);
    if (id !== undefined) return id;
  }
  return undefined;
}

/** The object that a tag names; undefined if the repository does not have the tag. */
function readTagTarget(repository: GitRepository, id: string): string | undefined {
  return /^object ([0-9a-f]+)\n/.exec(readObjectBody(repository, id, 'tag') ?? '')?.[1];
}

/** The commit that a name of git means, tags followed; undefined if it means none. git is asked only for what is no plain name. */
export function findCommit(repository: GitRepository, revision: ByteString): string | undefined {
  let id = findReference(repository, revision);
  for (let links = 0; id !== undefined && links <= MOST_REFERENCE_LINKS; links++) {
    const kind = readObjectKind(repository, id);
    if (kind === 'commit') return id;
    if (kind !== 'tag') return undefined;
    id = readTagTarget(repository, id);
  }
  return resolveCommit(repository, revision);
}
