// gitrepo.ts - a git repository read without git: where it is, HEAD, objects. Writes nothing.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd, dropAtEnds } from '../core/bytes.ts';
import { dropEndSlashes } from '../core/names.ts';
import { Failure } from '../core/failure.ts';
import type { GitSetting } from '../formats/gitconfig.ts';
import { findGitSetting, isGitTrue, parseGitConfig } from '../formats/gitconfig.ts';
import { bytesFromHex } from '../formats/gitindex.ts';
import type { GitObject, ReadAt } from '../formats/gitpack.ts';
import { findInPackIndex, parseLooseObject, readPackedObject } from '../formats/gitpack.ts';
import { listFolder, readRegularIfThere, statIfThere, toFsPath } from './files.ts';
import { crypto, fs, zlib } from './node.ts';

/** Folders are absolute, without a final slash; `top` of a repository in / is ''. */
export type GitRepository = {
  top: ByteString;
  gitFolder: ByteString;
  /** Where a linked worktree's objects, branches and configuration are; else the same as gitFolder. */
  commonFolder: ByteString;
  settings: GitSetting[];
  algorithm: 'sha1' | 'sha256';
  hashSizeBytes: number;
};

/** `commit` is undefined before the first one; `branch` if HEAD is detached. */
export type GitHead = { commit: string | undefined; branch: ByteString | undefined };

/** What isspace() of C takes for blank: in UTF-8 the byte A0 is a part of a letter. */
export const GIT_SPACES = ' \t\n\v\f\r';
const MOST_REFERENCES = 5; // as git follows symbolic ones
const MOST_ALTERNATES = 5;
const MOST_OBJECT_FOLDERS = 100;

/**
 * The repository whose work tree holds `start` (absolute). GIT_DIR and its like are not looked at:
 * they name a repository for a git command, not the one a program's files are in. undefined if there
 * is none, or only a bare one. Throws Failure if there is one that cannot be read.
 */
export function findRepository(start: ByteString): GitRepository | undefined {
  for (let folder = dropEndSlashes(start); ; folder = folder.slice(0, folder.lastIndexOf('/'))) {
    const stat = statIfThere(folder + '/.git');
    if (stat !== undefined) {
      const found = openRepository(folder);
      if (found !== undefined) return found.isBare ? undefined : found.repository;
    }
    if (folder === '') return undefined;
  }
}

/** The repository of `top`/.git, which is a folder or a file that names one; undefined if it is neither. */
export function openRepository(top: ByteString): { repository: GitRepository; isBare: boolean } | undefined {
  const gitFolder = findGitFolder(top);
  return gitFolder === undefined ? undefined : openGitFolder(top, gitFolder);
}

/** The bare repository that the folder `name` (absolute) is itself; undefined if it is none. It has no work tree: `top` is the folder. */
export function openBareRepository(name: ByteString): GitRepository | undefined {
  const folder = dropEndSlashes(name);
  if (statIfThere(folder + '/refs')?.isDirectory() !== true || statIfThere(folder + '/config')?.isFile() !== true) return undefined;
  const found = openGitFolder(folder, folder);
  return found?.isBare === true ? found.repository : undefined;
}

function openGitFolder(top: ByteString, gitFolder: ByteString): { repository: GitRepository; isBare: boolean } | undefined {
  const common = readRegularIfThere(gitFolder + '/commondir');
  const commonFolder = common === undefined ? gitFolder : joinPath(gitFolder, dropAtEnd(common, '\n'));
  if (statIfThere(gitFolder + '/HEAD') === undefined || statIfThere(commonFolder + '/objects') === undefined) {
    if (gitFolder === top + '/.git' || gitFolder === top) return undefined;
    throw new Failure('cannot read the git repository of "' + top + '": "' + gitFolder + '" is not a repository');
  }
  const settings = parseGitConfig(readRegularIfThere(commonFolder + '/config') ?? '');
  if (isGitTrue(findGitSetting(settings, 'extensions', '', 'worktreeconfig'), false)) {
    settings.push(...parseGitConfig(readRegularIfThere(gitFolder + '/config.worktree') ?? ''));
  }
  const isSha256 = findGitSetting(settings, 'extensions', '', 'objectformat') === 'sha256';
  const repository: GitRepository = {
    top, gitFolder, commonFolder, settings, algorithm: isSha256 ? 'sha256' : 'sha1', hashSizeBytes: isSha256 ? 32 : 20,
  };
  checkWorkTree(repository);
  // A linked worktree of a bare repository is none itself.
  const isBare = common === undefined && isGitTrue(findGitSetting(settings, 'core', '', 'bare'), false);
  return { repository, isBare };
}

function findGitFolder(top: ByteString): ByteString | undefined {
  const name = top + '/.git';
  const stat = statIfThere(name);
  if (stat === undefined) return undefined;
  if (stat.isDirectory()) return name;
  if (!stat.isFile() || stat.size > 1 << 16) return undefined;
  const link = dropAtEnd(readRegularIfThere(name) ?? '', '\n');
  if (!link.startsWith('gitdir: ') || link.length === 8) throw new Failure('cannot read "' + name + '": it names no "gitdir:"');
  return joinPath(top, link.slice(8));
}

/** core.worktree may move the files elsewhere; then the folder of .git is no work tree of it. */
function checkWorkTree(repository: GitRepository): void {
  const named = findGitSetting(repository.settings, 'core', '', 'worktree');
  if (named === undefined) return;
  const one = statIfThere(joinPath(repository.gitFolder, named));
  const other = statIfThere(repository.top + '/.');
  if (one === undefined || other === undefined || one.ino !== other.ino || one.dev !== other.dev) {
    throw new Failure('cannot read the git repository of "' + repository.top + '": core.worktree names another folder');
  }
}

function joinPath(folder: ByteString, name: ByteString): ByteString {
  return name.startsWith('/') ? name : folder + '/' + name;
}

/** Does the repository keep its references as reftable, of which readHead() knows nothing? */
export function hasReftable(repository: GitRepository): boolean {
  return findGitSetting(repository.settings, 'extensions', '', 'refstorage')?.startsWith('reftable') === true;
}

/** HEAD, where references are files. Throws Failure if it is damaged. */
export function readHead(repository: GitRepository): GitHead {
  let branch: ByteString | undefined;
  let text = readRegularIfThere(repository.gitFolder + '/HEAD') ?? '';
  for (let depth = 0; depth < MOST_REFERENCES; depth++) {
    const id = /^([0-9a-f]+)\s*$/.exec(text);
    if (id !== null && id[1].length === repository.hashSizeBytes * 2) return { commit: id[1], branch };
    const reference = text.startsWith('ref:') ? dropAtEnds(text.slice(4), GIT_SPACES) : '';
    if (!isReferenceName(reference)) break;
    if (branch === undefined) branch = reference.replace(/^refs\/heads\//, '');
    const next = readReference(repository, reference);
    if (next === undefined) return { commit: undefined, branch };
    text = next;
  }
  throw new Failure('cannot read HEAD of "' + repository.top + '": it names no commit');
}

/** May a reference be called so? What git would not write is not looked for: it may lead out of the repository. */
export function isReferenceName(name: ByteString): boolean {
  return /^refs\/./.test(name) && !/(?:^|\/)\.|\.\.|\/\/|\/$|\.lock(?:\/|$)|[\0- \x7f~^:?*[\\]|@\{/.test(name);
}

function readReference(repository: GitRepository, reference: ByteString): ByteString | undefined {
  const isOwn = /^refs\/(?:bisect|worktree|rewritten)\//.test(reference);
  const name = (isOwn ? repository.gitFolder : repository.commonFolder) + '/' + reference;
  // "refs/heads/a" may be a folder that "refs/heads/a/b" left behind.
  if (statIfThere(name)?.isFile() === true) return readRegularIfThere(name);
  const packed = '\n' + (readRegularIfThere(repository.commonFolder + '/packed-refs') ?? '');
  const at = packed.indexOf(' ' + reference + '\n');
  return at < 0 ? undefined : packed.slice(packed.lastIndexOf('\n', at) + 1, at);
}

/**
 * The raw id of a commit's tree; undefined if the object is not found in a form that is known here.
 * Replacement objects (git-replace(1)) are not applied: the record names the commit, not its stand-in.
 */
export function readTreeOfCommit(repository: GitRepository, commit: string): ByteString | undefined {
  const object = readGitObject(repository, commit);
  const tree = object?.kind === 'commit' ? /^tree ([0-9a-f]+)\n/.exec(object.body) : null;
  return tree === null || tree[1].length !== repository.hashSizeBytes * 2 ? undefined : bytesFromHex(tree[1]);
}

/** An object out of a loose file or a pack, checked against its id; undefined if it is not found in a form that is known here, is another, or over 16 MiB. */
export function readGitObject(repository: GitRepository, id: string): GitObject | undefined {
  const object = findGitObject(repository, id);
  // Whoever can write to the folder of objects could have put a commit of another tree under this name.
  return object !== undefined && hashGitObject(repository.algorithm, object.kind, object.body) === bytesFromHex(id) ? object : undefined;
}

function findGitObject(repository: GitRepository, id: string): GitObject | undefined {
  for (const folder of listObjectFolders(repository.commonFolder + '/objects')) {
    const loose = readRegularIfThere(folder + '/' + id.slice(0, 2) + '/' + id.slice(2));
    if (loose !== undefined) {
      const bytes = inflateBytes(loose);
      return bytes === undefined ? undefined : parseLooseObject(bytes);
    }
    for (const name of listFolder(folder + '/pack')) {
      if (!name.endsWith('.idx')) continue;
      const object = readFromPack(folder + '/pack/' + name.slice(0, -4), bytesFromHex(id));
      if (object !== undefined) return object;
    }
  }
  return undefined;
}

/** The folder, and those that it and they name as alternates. Not more than a few: each may name itself, many times. */
function listObjectFolders(folder: ByteString): ByteString[] {
  const found = [{ folder, depth: 0 }];
  for (let i = 0; i < found.length; i++) {
    const alternates = found[i].depth === MOST_ALTERNATES ? undefined : readRegularIfThere(found[i].folder + '/info/alternates');
    for (const line of (alternates ?? '').split('\n')) {
      if (line !== '' && line[0] !== '#' && found.length < MOST_OBJECT_FOLDERS) found.push({ folder: joinPath(found[i].folder, line), depth: found[i].depth + 1 });
    }
  }
  return found.map((one) => one.folder);
}

/** Undoes zlib's deflate; undefined if it is damaged or comes to more than `mostBytes`. */
export function inflateBytes(bytes: ByteString, mostBytes = 32 << 20): ByteString | undefined {
  try {
    return zlib().inflateSync(Buffer.from(bytes, 'latin1'), { maxOutputLength: mostBytes }).toString('latin1');
  } catch (error) {
    // A damaged object: git will say so.
    return undefined;
  }
}

function readFromPack(stem: ByteString, id: ByteString): GitObject | undefined {
  return withFile(stem + '.idx', (readIdx) => {
    const offset = findInPackIndex(readIdx, id);
    if (offset === undefined) return undefined;
    return withFile(stem + '.pack', (read) => readPackedObject(read, offset, id.length,
      (bytes) => inflateBytes(bytes) ?? '', (base) => findInPackIndex(readIdx, base)));
  });
}

function withFile<T>(name: ByteString, use: (read: ReadAt) => T | undefined): T | undefined {
  if (statIfThere(name)?.isFile() !== true) return undefined;
  const fd = fs.openSync(toFsPath(name), 'r');
  try {
    return use((offset, lengthBytes) => {
      // What a damaged file says of places in it may be no place at all.
      if (!Number.isSafeInteger(offset)) return '';
      const buffer = Buffer.alloc(lengthBytes);
      return buffer.toString('latin1', 0, fs.readSync(fd, buffer, 0, lengthBytes, offset));
    });
  } finally {
    fs.closeSync(fd);
  }
}

/** The raw id of an object. */
export function hashGitObject(algorithm: GitRepository['algorithm'], kind: string, body: ByteString): ByteString {
  const hash = crypto().createHash(algorithm);
  hash.update(kind + ' ' + String(body.length) + '\0', 'latin1');
  return hash.update(body, 'latin1').digest().toString('latin1');
}
