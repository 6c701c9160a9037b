// project.ts - where a project is, and setting one up. Knows no records.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { findGitSetting } from '../formats/gitconfig.ts';
import { fs } from './node.ts';
import { createFile, createFileInPlace, errorCode, isUnwritable, keepTemporariesIn, lstatIfThere, makeFolder, readBytesIfThere, readRegularIfThere, replaceFile, toFsPath } from './files.ts';
import { findLinkOut } from './bounds.ts';
import { runGit } from './gitprocess.ts';
import { findRepository } from './gitrepo.ts';
import type { GitRepository } from './gitrepo.ts';
import { resolveLinks } from './machine.ts';

/** A project's places, absolute, links resolved. */
export type Project = {
  root: ByteString;
  /** root/provenance */
  provenance: ByteString;
  /** root/.rr: caches and running marks; never archived */
  own: ByteString;
};

export function projectAt(root: ByteString): Project {
  const base = root === '/' ? '' : root;
  return { root, provenance: base + '/provenance', own: base + '/.rr' };
}

function isProject(folder: ByteString): boolean {
  const base = folder === '/' ? '' : folder;
  return lstatIfThere(base + '/provenance/rerun.sh') !== undefined || lstatIfThere(base + '/provenance/runs') !== undefined;
}

// What rr writes lies below provenance/ and .rr/, and a project may come from a stranger: links in their place
// would lead rr elsewhere, a FIFO have it wait without end. One look at both folders, before anything else.
function checkOwnFolders(project: Project): Project {
  const refuse = (name: ByteString, state: string): never => {
    throw new Failure('cannot use this project: "' + relativeTo(project, name) + '" ' + state, 'it did not come from rr: look at it, and remove it');
  };
  for (const folder of [project.provenance, project.own]) {
    const stat = lstatIfThere(folder);
    if (stat === undefined) continue;
    if (stat.isSymbolicLink() && findLinkOut(project.root, folder) !== undefined) refuse(folder, 'is a link that leads out of it');
    for (const entry of listOwnEntries(folder)) {
      const name = folder + '/' + entry.name;
      if (entry.isFile() || entry.isDirectory()) continue;
      if (folder === project.own) refuse(name, 'is neither a file nor a folder');
      if (entry.isSymbolicLink() && findLinkOut(project.root, name) !== undefined) refuse(name, 'is a link that leads out of it');
    }
  }
  return project;
}

/** Throws Failure if this name below provenance/ or .rr/ is a link: what is written in it may lie anywhere. */
export function refuseLink(project: Project, name: ByteString): void {
  if (lstatIfThere(name)?.isSymbolicLink() !== true) return;
  throw new Failure('cannot write in "' + relativeTo(project, name) + '": it is a link', 'it did not come from rr: look at it, and remove it');
}

/**
 * "INODE TIME" of .rr/place, TIME being that of its change in seconds since 1970; undefined if it is not there. By
 * this what rr keeps in .rr is known for its own: nobody can pack .rr/place into an archive so that it has a certain
 * inode and time of change where it is unpacked.
 */
export function describeOwnPlace(project: Project): string | undefined {
  const stat = lstatIfThere(project.own + '/place');
  return stat === undefined || !stat.isFile() ? undefined : String(stat.ino) + ' ' + String(Math.floor(stat.ctimeMs / 1000));
}

/** The same, of a new one if it is not there; undefined if none can be made. */
export function makePlace(project: Project): string | undefined {
  const known = describeOwnPlace(project);
  if (known !== undefined) return known;
  try {
    // With a second name for an instant it could be left with that.
    createFileInPlace(project.own + '/place', '', 0o666, false);
  } catch (error) {
    if (errorCode(error) === '') throw error;
  }
  return describeOwnPlace(project);
}

function listOwnEntries(folder: ByteString): import('fs').Dirent[] {
  try {
    return fs.readdirSync(toFsPath(folder), { withFileTypes: true, encoding: 'latin1' as 'utf8' });
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return []; // what cannot be listed is refused where it is used
  }
}

/** The project that `folder` lies in: the nearest folder upward that has one; undefined if none. Throws Failure if it leads elsewhere. */
export function findProject(folder: ByteString): Project | undefined {
  for (let at = folder; ; at = at.slice(0, at.lastIndexOf('/')) || '/') {
    if (isProject(at)) return checkOwnFolders(projectAt(at));
    if (at === '/') return undefined;
  }
}

/** The project at or above the current folder, or at `named`. Throws Failure if there is none. */
export function requireProject(current: ByteString, named: ByteString | undefined): Project {
  if (named !== undefined) {
    const root = resolveLinks(named[0] === '/' ? named : current + '/' + named);
    if (isProject(root)) return checkOwnFolders(projectAt(root));
    throw new Failure('cannot use "' + named + '": no rr project there', 'run "rr init" in it');
  }
  const project = findProject(current);
  if (project === undefined) throw new Failure('cannot find a project: neither this folder nor one above it has provenance/', 'run "rr init", or "rr record -- COMMAND"');
  return project;
}

/** A path as a record has it: relative to the project, absolute outside of it; '.' is the project. */
export function relativeTo(project: Project, name: ByteString): ByteString {
  if (name === project.root) return '.';
  const base = project.root === '/' ? '/' : project.root + '/';
  return name.startsWith(base) ? name.slice(base.length) : name;
}

export function isInProject(project: Project, name: ByteString): boolean {
  return relativeTo(project, name)[0] !== '/';
}

/** The absolute name of a path of a record. */
export function absoluteOf(project: Project, path: ByteString): ByteString {
  if (path[0] === '/') return path;
  return path === '.' ? project.root : (project.root === '/' ? '' : project.root) + '/' + path;
}

/** What init puts where; the Makefile and checksums of a project without runs come from the caller. */
export type ProjectFiles = { readme: string; rerunScript: string; makefile: string; topMakefile: string };

/**
 * Makes provenance/ and .rr/ in `root`, and what is missing in them. Never changes a file that is
 * there. Returns the names it made, relative to the root.
 */
export function setUpProject(root: ByteString, files: ProjectFiles): { project: Project; made: ByteString[]; kept: ByteString[] } {
  const project = checkOwnFolders(projectAt(root));
  const made: ByteString[] = [];
  const kept: ByteString[] = [];
  const put = (name: ByteString, content: string, mode = 0o666): void => {
    const there = readBytesIfThere(absoluteOf(project, name));
    if (there === undefined) {
      // Not replaced: another process may set it up at the same time, and have recorded a run already.
      if (createFile(absoluteOf(project, name), content, mode)) made.push(name);
    } else if (there !== content && name === 'provenance/rerun.sh') {
      kept.push(name);
    }
  };
  try {
    makeFolder(project.provenance);
    keepTemporariesIn(project.own + '/running');
    makeFolder(project.own + '/running');
    put('provenance/README.txt', files.readme);
    put('provenance/Makefile', files.makefile);
    put('provenance/SHA256SUMS', '');
    if (!['Makefile', 'makefile', 'GNUmakefile', 'BSDmakefile'].some((name) => lstatIfThere(absoluteOf(project, name)) !== undefined)) {
      put('Makefile', files.topMakefile);
    }
    // Last, because by these a project is known: one half set up is set up by the next command.
    put('provenance/rerun.sh', files.rerunScript, 0o777);
    makeFolder(project.provenance + '/runs');
  } catch (error) {
    if (!isUnwritable(error)) throw error;
    removeHalfMade(project, made);
    throw new Failure('cannot set up a project in "' + root + '": ' + describeSystemError(error), 'go to a folder you may write to, or name one by --project');
  }
  // In this order: what .rr/.gitignore hides git calls ignored, by whatever else it may not be.
  excludeFromGit(project);
  prepareOwnFolder(project);
  return { project, made, kept };
}

// In .rr itself, because a repository that is made later, or elsewhere, must not take the key in.
const IGNORE_ALL = '*\n';

/**
 * Has .rr ready to be written to, for whoever writes in the project: unfinished files lie in .rr/running, and git
 * sees none of it, also where .rr did not come with the project. Throws what the system says.
 */
export function prepareOwnFolder(project: Project): void {
  keepTemporariesIn(project.own + '/running');
  makeFolder(project.own + '/running');
  if (lstatIfThere(project.own + '/.gitignore') === undefined) createFile(project.own + '/.gitignore', IGNORE_ALL);
}

/** Undoes what a failed set-up made, so that nothing half made is left; folders only if empty. */
function removeHalfMade(project: Project, made: ByteString[]): void {
  for (const name of made) fs.unlinkSync(toFsPath(absoluteOf(project, name)));
  for (const name of ['provenance/runs', 'provenance', '.rr/running', '.rr']) {
    try {
      fs.rmdirSync(toFsPath(absoluteOf(project, name)));
    } catch (error) {
      continue; // not empty, not there, or not ours to remove
    }
  }
}

/** A system error in words: "permission denied". */
export function describeSystemError(error: unknown): string {
  const words: { [code: string]: string } = {
    EACCES: 'permission denied', EPERM: 'not permitted', EROFS: 'the file system is read-only', ENOSPC: 'no space left',
    ENOENT: 'no such file or folder', ENOTDIR: 'a part of the path is no folder', EDQUOT: 'the quota is used up', EFBIG: 'the file would be too large', EIO: 'input/output error', EEXIST: 'a file of that name is there', EMFILE: 'too many files are open', ENFILE: 'too many files are open in the system',
  };
  return words[errorCode(error)] ?? String((error as Error).message);
}

/** Adds ".rr/" to .git/info/exclude if this is a work tree that does not ignore it yet. */
function excludeFromGit(project: Project): void {
  const repository = findOwnRepository(project);
  if (repository === undefined) return;
  const where = runGit(repository, ['rev-parse', '--git-path', 'info/exclude']);
  const ignored = runGit(repository, ['check-ignore', '-q', '--', (project.root + '/.rr/').slice(repository.top.length + 1)]);
  if (where.kind !== 'done' || ignored.kind === 'done' || ignored.status !== 1) return;
  const name = where.output.replace(/\n$/, '');
  const exclude = name[0] === '/' ? name : repository.top + '/' + name;
  if (exclude.startsWith(repository.top + '/') && findLinkOut(repository.top, exclude) !== undefined) return;
  const content = readRegularIfThere(exclude) ?? '';
  try {
    makeFolder(exclude.slice(0, exclude.lastIndexOf('/')));
    replaceFile(exclude, content + (content === '' || content.endsWith('\n') ? '' : '\n') + '.rr/\n', false);
  } catch (error) {
    if (!isUnwritable(error)) throw error;
  }
}

/**
 * The repository of the project, if it is in order and its own: a stranger's .git may name any other of this
 * machine, which knows nothing of this work tree.
 */
function findOwnRepository(project: Project): GitRepository | undefined {
  try {
    const repository = findRepository(project.root);
    if (repository === undefined || lstatIfThere(repository.top + '/.git')?.isDirectory() === true) return repository;
    // Of a linked worktree git notes its place, of a submodule core.worktree names it, which findRepository() has compared.
    const noted = readRegularIfThere(repository.gitFolder + '/gitdir')?.trim() === repository.top + '/.git';
    return noted || findGitSetting(repository.settings, 'core', '', 'worktree') !== undefined ? repository : undefined;
  } catch (error) {
    if (error instanceof Failure || errorCode(error) !== '') return undefined;
    throw error;
  }
}
