// scratch.ts - a copy of the project as it was when a run began, to repeat the run in. Runs nothing.
//
// Invariants
// 1. Nothing outside of the scratch folder is written: each parent of a name that is written is a real
//    folder of the scratch tree, never a link; names come from records of strangers.
// 2. The work tree, index, branch and objects of the user's repository are only read.
// 3. No file of the scratch tree is a hard link: what the command does to it stays there.
//
// .rr/scratch/NAME/          removed after the repeat, or by the next one if rr was killed
//   holder                   whose it is
//   t/ROOT                   the project; ROOT is its absolute name, so that "../x" leads to what it led to
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { isResultPath } from '../core/graph.ts';
import { folderOfName, joinNames, normalizeName } from '../core/names.ts';
import type { FileState, Run } from '../core/run.ts';
import { applyPatchSection, LARGEST_PATCHED_BYTES } from '../formats/gitapply.ts';
import type { PatchSection } from '../formats/gitapply.ts';
import { GIT_LINK, GIT_SYMLINK, hexFromBytes } from '../formats/gitindex.ts';
import type { GitEntry } from '../formats/gitindex.ts';
import { findLinkAbove, findLinkOut } from './bounds.ts';
import { makeRandomDigits, readUtcMicros } from './clock.ts';
import type { ContentFinder, FoundContent } from './contents.ts';
import { copyContent } from './copying.ts';
import { errorCode, listFolder, listOwnFolder, lstatIfThere, makeFolder, readBytesIfThere, readLinkTarget, removeIfThere, toFsPath, writeAll } from './files.ts';
import type { CommitFile } from './gitobjects.ts';
import { listCommitFiles, readBlobs } from './gitobjects.ts';
import type { GitRepository } from './gitrepo.ts';
import { inflateBytes } from './gitrepo.ts';
import { readGitIndex } from './gitstatus.ts';
import { describeFile, hashWithRetry } from './hash.ts';
import { resolveLinks } from './machine.ts';
import { fs } from './node.ts';
import { listBelow } from './observe.ts';
import { absoluteOf, prepareOwnFolder, relativeTo } from './project.ts';
import type { Project } from './project.ts';
import { isLeftOut, takeSnapshot } from './scan.ts';
import { putRepository } from './scratchgit.ts';
import { describeSelf, isHolderAlive } from './store.ts';

export type ScratchRequest = {
  project: Project;
  run: Run;
  finder: ContentFinder;
  /** A commit to take the code of instead of the recorded one; its files are not held against the record. */
  commit: string | undefined;
  /** Put in the rest of the project as it is now, but for paths that are of later results only. */
  isFull: boolean;
  isLaterResult: (path: ByteString) => boolean;
  /** Put in inputs that cannot be had as they were as they are now. */
  isForced: boolean;
  /** Files to take instead of recorded inputs, whatever their content: path -> absolute name. */
  replaced: Map<ByteString, ByteString>;
  /** For a trial of what depends on it: other name of the folder, files made in the opposite order. */
  folderName: string | undefined;
  /** Last part of its name, where several trees are to have the same, one after the other; undefined: a new one. */
  folderDigits: string | undefined;
  isReversed: boolean;
};

/** An input that could not be had as it was. */
export type Lack = { file: FileState; why: string };

export type Scratch = {
  /** All of it. */
  folder: ByteString;
  /** The project in it; its provenance and .rr are the real ones. */
  project: Project;
  lacking: Lack[];
  notes: string[];
};

// ---- the folder -----------------------------------------------------------------------------------------

/**
 * Removes a folder with all that is in it; links are removed, not followed. Folders that were closed are
 * opened. Another may be removing the same.
 */
export function removeTree(name: ByteString): void {
  const stat = lstatIfThere(name);
  if (stat === undefined) return;
  if (!stat.isDirectory()) return removeIfThere(name);
  try {
    if ((stat.mode & 0o700) !== 0o700) fs.chmodSync(toFsPath(name), 0o700);
    for (const entry of listFolder(name)) removeTree(name + '/' + entry);
    fs.rmdirSync(toFsPath(name));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

// A folder whose holder was killed before it could say so.
const NAMELESS_MS = 3600000;

/** Removes a folder of makeHeldFolder(): last of all what says whose it is, or nobody could tell of a part that a kill leaves. */
export function removeHeldFolder(folder: ByteString): void {
  for (const name of listFolder(folder)) if (name !== 'holder') removeTree(folder + '/' + name);
  removeTree(folder);
}

/** Removes the scratch folders of those who were killed. What cannot be removed stays. */
export function removeAbandonedScratch(project: Project): void {
  for (const name of listOwnFolder(project.own + '/scratch')) {
    const folder = project.own + '/scratch/' + name;
    const stat = lstatIfThere(folder);
    if (stat === undefined || !stat.isDirectory()) continue;
    const holder = lstatIfThere(folder + '/holder')?.isFile() === true ? readBytesIfThere(folder + '/holder') : undefined;
    const isHeld = holder === undefined ? readUtcMicros() / 1000 - stat.mtimeMs < NAMELESS_MS : isHolderAlive(holder.trim(), folder + '/holder');
    try {
      if (!isHeld) removeHeldFolder(folder);
    } catch (error) {
      if (['EACCES', 'EPERM', 'EBUSY', 'ENOTEMPTY', 'EROFS'].indexOf(errorCode(error)) < 0) throw error;
    }
  }
}

/** A new folder in .rr/scratch, without links in its name, that is known for this process's own. */
export function makeHeldFolder(project: Project, stem: ByteString, digits = makeRandomDigits()): ByteString {
  return makeOwnFolder(project, 'scratch', stem, digits);
}

/** The same in another folder of .rr. */
export function makeOwnFolder(project: Project, place: string, stem: ByteString, digits: string): ByteString {
  const base = project.own + '/' + place;
  makeFolder(base);
  // It would have come with a stranger's project.
  if (lstatIfThere(base)?.isDirectory() !== true) throw new Failure('cannot use "' + base + '": it is no folder', 'remove it');
  const folder = resolveLinks(base) + '/' + stem + '-' + digits;
  // Before anything is written there: unfinished files have their place, whoever is killed.
  prepareOwnFolder(project);
  makeFolder(folder);
  fs.writeFileSync(toFsPath(folder + '/holder'), describeSelf() + '\n');
  return folder;
}

function makeScratchFolder(request: ScratchRequest): Scratch {
  const { project, folderName, folderDigits } = request;
  const folder = makeHeldFolder(project, folderName ?? 's', folderDigits);
  const root = folder + '/t' + (project.root === '/' ? '/root' : project.root);
  makeFolder(root);
  return { folder, project: { root, provenance: project.provenance, own: project.own }, lacking: [], notes: [] };
}

// ---- writing --------------------------------------------------------------------------------------------

/** Absolute name in the tree of a path of a record; of an absolute one, of what stands for it there. */
function nameInTree(scratch: Scratch, path: ByteString): ByteString {
  return path[0] === '/' ? scratch.folder + '/t' + path : absoluteOf(scratch.project, path);
}

/**
 * Makes the folders above a name in the scratch tree. False if one of them is there and is no folder (invariant 1), or
 * if the name is one of git's own, which no commit has and no run is watched to read.
 */
function makeParents(scratch: Scratch, name: ByteString): boolean {
  return visitParents(scratch, name, (folder) => { fs.mkdirSync(toFsPath(folder)); return true; });
}

/** Are the folders above a name there, and folders? None is made: a command may want to do that itself. */
function hasParents(scratch: Scratch, name: ByteString): boolean {
  return visitParents(scratch, name, () => false);
}

/** Goes down to the folder of a name, as makeParents() does; `onMissing` says whether it can go on. */
function visitParents(scratch: Scratch, name: ByteString, onMissing: (folder: ByteString) => boolean): boolean {
  const base = scratch.folder + '/t';
  if (!name.startsWith(base + '/') || normalizeName(name) !== name || /\/\.git(?:\/|$)/i.test(name.slice(scratch.folder.length))) return false;
  const parts = name.slice(base.length + 1).split('/').slice(0, -1);
  let at = base;
  for (const part of parts) {
    at += '/' + part;
    const stat = lstatIfThere(at);
    if (stat === undefined ? !onMissing(at) : !stat.isDirectory()) return false;
  }
  return true;
}

/** Puts a content under a name, in place of what is there. False if that would lead out of the tree, or a folder is there. */
function putContent(scratch: Scratch, name: ByteString, found: FoundContent, mode: number, timeS: number): boolean {
  if (!makeParents(scratch, name) || lstatIfThere(name)?.isDirectory() === true) return false;
  if (lstatIfThere(name) !== undefined) fs.unlinkSync(toFsPath(name));
  // Copying opens it once more, which a file that nobody may write would not allow.
  const fd = fs.openSync(toFsPath(name), 'wx', 0o600);
  try {
    if (found.kind === 'bytes') writeAll(fd, Buffer.from(found.content, 'latin1'));
  } finally {
    fs.closeSync(fd);
  }
  let stampS = timeS;
  if (found.kind === 'file') {
    // Shares the blocks where the file system can, and copies where it cannot: never a hard link.
    copyContent(found.name, name);
    // A file that is younger than the run, a copy of what was made again, say, would seem to be changed by it.
    stampS = Math.min((lstatIfThere(found.name)?.mtimeMs ?? Infinity) / 1000, timeS);
  }
  fs.chmodSync(toFsPath(name), mode & ~process.umask());
  fs.utimesSync(toFsPath(name), stampS, stampS);
  return true;
}

/**
 * Puts a symbolic link. One that leads elsewhere in the project leads to the same place in the tree;
 * a relative one that leads out of the project is made absolute.
 */
function putLink(scratch: Scratch, project: Project, path: ByteString, target: ByteString): boolean {
  const name = nameInTree(scratch, path);
  if (!makeParents(scratch, name) || lstatIfThere(name)?.isDirectory() === true) return false;
  if (lstatIfThere(name) !== undefined) fs.unlinkSync(toFsPath(name));
  const place = normalizeName(joinNames(folderOfName(absoluteOf(project, path)), target));
  const inside = relativeTo(project, place);
  let text = target;
  if (target[0] === '/') text = inside[0] === '/' ? target : absoluteOf(scratch.project, inside);
  else if (inside[0] === '/') text = place;
  fs.symlinkSync(toFsPath(text), toFsPath(name));
  return true;
}

// ---- the code ---------------------------------------------------------------------------------------------

/** Where the top of the work tree is in the scratch tree. */
function topInScratch(scratch: Scratch, project: Project, top: ByteString): ByteString {
  return project.root === top ? scratch.project.root : scratch.project.root.slice(0, scratch.project.root.length - (project.root.length - top.length));
}

type CodeSource = { repository: GitRepository; commit: string; files: CommitFile[]; patch: Map<ByteString, PatchSection> };

function findCode(request: ScratchRequest, notes: string[]): CodeSource | undefined {
  const { run, finder, commit } = request;
  const recorded = /^git ([0-9a-f]+)(?: dirty ([0-9a-f]{64}|-))?$/.exec(run.code ?? '');
  const wanted = commit ?? recorded?.[1];
  const repository = wanted === undefined ? undefined : finder.ownRepository();
  if (wanted === undefined || !/^[0-9a-f]{40,64}$/.test(wanted)) return undefined;
  const files = repository === undefined ? undefined : listCommitFiles(repository, wanted);
  if (repository === undefined || files === undefined) {
    notes.push('the commit ' + wanted + ' is not to be had: only the recorded inputs are there');
    return undefined;
  }
  const patch = commit === undefined && recorded !== null && recorded[2] !== undefined ? finder.readPatch(recorded[2]) : new Map<ByteString, PatchSection>();
  if (commit === undefined && recorded?.[2] !== undefined && patch.size === 0) notes.push('the uncommitted changes of the code are not to be had: only what the run read is as it was');
  return { repository, commit: wanted, files, patch };
}

/** Of a tracked file that is in the work tree as git left it: its absolute name. Its times are worth keeping. */
function findUntouched(repository: GitRepository, entries: Map<ByteString, GitEntry>, file: CommitFile): ByteString | undefined {
  const entry = entries.get(file.path);
  if (entry === undefined || hexFromBytes(entry.id) !== file.id || entry.stage !== 0) return undefined;
  const name = repository.top + '/' + file.path;
  const stat = lstatIfThere(name);
  const isSame = stat !== undefined && stat.isFile() && stat.size % 0x100000000 === entry.sizeBytes && entry.sizeBytes > 0
    && Math.abs(stat.mtimeMs - entry.mtimeMs) < 0.0005 && Math.abs(stat.ctimeMs - entry.ctimeMs) < 0.0005;
  return isSame ? name : undefined;
}

/** Entries by name, without those that may have been written again in the tick of the clock in which the index was. */
function readIndexEntries(repository: GitRepository): Map<ByteString, GitEntry> {
  const { index, mtimeMs } = readGitIndex(repository);
  const entries = index === 'unsupported' ? [] : index.entries.filter((entry) => entry.mtimeMs < mtimeMs);
  return new Map(entries.map((entry) => [entry.name, entry]));
}

/** Is this file of the repository rr's own, of the project that is repeated? */
function isLeftOutOfTree(project: Project, name: ByteString): boolean {
  const inside = relativeTo(project, name);
  return inside[0] !== '/' && isLeftOut(inside);
}

/** Puts in the files of the commit, with the recorded changes. */
function putCode(request: ScratchRequest, scratch: Scratch, code: CodeSource, timeS: number): void {
  const { project, isReversed } = request;
  const { repository, patch } = code;
  const top = topInScratch(scratch, project, repository.top);
  const entries = readIndexEntries(repository);
  const waiting = new Map<string, CommitFile[]>();
  const files = isReversed ? code.files.slice().reverse() : code.files;
  for (const file of files) {
    if (file.mode === GIT_LINK) continue; // a submodule: its files come as inputs
    if (isLeftOutOfTree(project, repository.top + '/' + file.path)) continue;
    const untouched = patch.has(file.path) || file.mode === GIT_SYMLINK ? undefined : findUntouched(repository, entries, file);
    if (untouched !== undefined) putContent(scratch, top + '/' + file.path, { kind: 'file', name: untouched }, modeOf(file.mode), timeS);
    else waiting.set(file.id, (waiting.get(file.id) ?? []).concat(file));
  }
  readBlobs(repository, Array.from(waiting.keys()), (id, content) => {
    for (const file of waiting.get(id) ?? []) putCommitFile(request, scratch, code, file, content, patch.get(file.path), timeS);
  });
  for (const section of patch.values()) {
    const added = section.kind === 'added' ? applyPatchSection(section, '', (bytes) => inflateBytes(bytes, LARGEST_PATCHED_BYTES)) : undefined;
    if (added === undefined || normalizeName('/' + section.path) !== '/' + section.path) continue;
    putCommitFile(request, scratch, code, { path: section.path, mode: section.mode ?? 0o100644, id: '' }, added, undefined, timeS);
  }
}

function modeOf(gitMode: number): number {
  return (gitMode & 0o100) !== 0 ? 0o777 : 0o666;
}

function putCommitFile(request: ScratchRequest, scratch: Scratch, code: CodeSource, file: CommitFile, content: ByteString, section: PatchSection | undefined, timeS: number): void {
  if (section?.kind === 'deleted') return;
  const top = topInScratch(scratch, request.project, code.repository.top);
  const patched = section === undefined ? content : applyPatchSection(section, content, (bytes) => inflateBytes(bytes, LARGEST_PATCHED_BYTES));
  if (patched === undefined) scratch.notes.push('the recorded change of ' + file.path + ' does not fit its commit');
  const mode = section?.mode ?? file.mode;
  const text = patched ?? content;
  if (mode === GIT_SYMLINK) putLink(scratch, request.project, relativeTo(request.project, code.repository.top + '/' + file.path), text);
  else putContent(scratch, top + '/' + file.path, { kind: 'bytes', content: text }, modeOf(mode), timeS);
}

// ---- the rest ---------------------------------------------------------------------------------------------

/** Puts in all files of the project that are no results of this or of a later run. */
function putRest(request: ScratchRequest, scratch: Scratch, timeS: number): void {
  const { project, run, isLaterResult } = request;
  const own = new Set(run.outputs.filter((file) => file.kind !== 'd').map((file) => file.path));
  const inputs = new Set(run.inputs.map((file) => file.path));
  for (const [path, seen] of takeSnapshot(project.root, [])) {
    const name = absoluteOf(scratch.project, path);
    if (isLaterResult(path) || (own.has(path) && !inputs.has(path)) || run.absent.indexOf(path) >= 0 || lstatIfThere(name) !== undefined) continue;
    const kind = seen.mode & 0o170000;
    if (seen.isFolder && makeParents(scratch, name)) fs.mkdirSync(toFsPath(name));
    else if (kind === 0o120000) putLink(scratch, project, path, readLinkTarget(absoluteOf(project, path)));
    else if (kind === 0o100000) copyRest(scratch, absoluteOf(project, path), name, seen.mode & 0o777, timeS);
  }
}

/** Puts in files of the project as they are now, and what is below folders, where the tree has nothing of that name. */
export function putNamed(project: Project, scratch: Scratch, paths: ByteString[]): void {
  for (const path of paths) {
    const stat = lstatIfThere(absoluteOf(project, path));
    for (const file of stat?.isDirectory() === true ? listBelow(project, path) : [path]) {
      const seen = lstatIfThere(absoluteOf(project, file));
      const name = absoluteOf(scratch.project, file);
      if (seen?.isFile() === true && lstatIfThere(name) === undefined) copyRest(scratch, absoluteOf(project, file), name, seen.mode & 0o777, seen.mtimeMs / 1000);
    }
  }
}

function copyRest(scratch: Scratch, from: ByteString, name: ByteString, mode: number, timeS: number): void {
  try {
    putContent(scratch, name, { kind: 'file', name: from }, mode, timeS);
  } catch (error) {
    if (['EACCES', 'EPERM', 'ENOENT'].indexOf(errorCode(error)) < 0) throw error;
    scratch.notes.push('could not be copied: ' + from);
  }
}

/** Has the tree this input already as the run read it? */
function isAsRead(scratch: Scratch, file: FileState): boolean {
  const name = nameInTree(scratch, file.path);
  const state = describeFile(name, file.path);
  if (state === undefined || state.size !== file.size || (state.kind === 'l') !== (file.kind === 'l')) return false;
  if (state.hash !== '?') return state.hash === file.hash;
  const outcome = hashWithRetry(name);
  return outcome.kind === 'hashed' && outcome.hash === file.hash;
}

function putInput(request: ScratchRequest, scratch: Scratch, file: FileState, timeS: number): string | undefined {
  const { project, run, finder, commit, replaced } = request;
  const name = nameInTree(scratch, file.path);
  const other = replaced.get(file.path);
  const mode = file.kind === 'x' ? 0o777 : 0o666;
  if (other !== undefined) return putContent(scratch, name, { kind: 'file', name: other }, mode, timeS) ? undefined : 'a link stands in its way';
  // With another commit's code, what that commit has is what is asked for.
  if (commit !== undefined && lstatIfThere(name) !== undefined) return undefined;
  if (file.hash === '?') return lstatIfThere(name) === undefined ? putPresent(request, scratch, file, timeS) : undefined;
  if (file.hash.length !== 64 || isAsRead(scratch, file)) {
    const isChangeable = file.kind !== 'l' && file.hash.length === 64 && findLinkOut(scratch.folder + '/t', name) === undefined;
    if (isChangeable) fs.chmodSync(toFsPath(name), ((lstatIfThere(name)?.mode ?? 0o666) & 0o666) | (file.kind === 'x' ? 0o111 : 0));
    return undefined;
  }
  const found = finder.find(file, run);
  if (found === undefined) {
    if (lstatIfThere(absoluteOf(project, file.path)) === undefined) return 'it is gone';
    if (request.isForced) putPresent(request, scratch, file, timeS);
    return 'it has changed since, and its content of then is nowhere';
  }
  const isPut = file.kind === 'l' && found.kind === 'bytes' ? putLink(scratch, project, file.path, found.content) : putContent(scratch, name, found, mode, timeS);
  return isPut ? undefined : 'a link stands in its way';
}

/** What the record does not know the content of: as it is now. */
function putPresent(request: ScratchRequest, scratch: Scratch, file: FileState, timeS: number): string | undefined {
  const from = absoluteOf(request.project, file.path);
  if (lstatIfThere(from)?.isFile() !== true) return 'it is gone';
  if (file.hash === '?') scratch.notes.push('the content of ' + file.path + ' was not recorded: it is taken as it is now');
  return putContent(scratch, nameInTree(scratch, file.path), { kind: 'file', name: from }, file.kind === 'x' ? 0o777 : 0o666, timeS) ? undefined : 'a link stands in its way';
}

/** An input outside of the project is used where it is. A way to it by "../" is a link in the tree. */
function checkOutside(request: ScratchRequest, scratch: Scratch, file: FileState): string | undefined {
  const stat = lstatIfThere(file.path);
  if (stat === undefined) return 'it is gone';
  const common = file.path.split('/').findIndex((part, i) => request.project.root.split('/')[i] !== part);
  const name = scratch.folder + '/t' + file.path;
  if (common > 1 && lstatIfThere(name) === undefined && makeParents(scratch, name)) fs.symlinkSync(toFsPath(file.path), toFsPath(name));
  if (file.hash.length !== 64 || file.kind === 'l') return undefined;
  const outcome = hashWithRetry(file.path);
  return outcome.kind === 'hashed' && outcome.hash === file.hash ? undefined : 'it has changed since';
}

/** Secrets have only a keyed hash in the record: the present file is used, if there is one. */
function putSecrets(request: ScratchRequest, scratch: Scratch, timeS: number): void {
  for (const line of request.run.secretInputs) {
    const path = line.slice(line.indexOf(' ') + 1);
    const from = absoluteOf(request.project, path);
    if (!isResultPath(path) || lstatIfThere(from)?.isFile() !== true) continue;
    putContent(scratch, absoluteOf(scratch.project, path), { kind: 'file', name: from }, 0o600, timeS);
    scratch.notes.push('the secret ' + path + ' is taken as it is now');
  }
}

/** The folders that the command found: its own, those of its outputs, but not those that it made itself. */
function putFolders(request: ScratchRequest, scratch: Scratch): void {
  const { run } = request;
  const made = new Set(run.outputs.filter((file) => file.kind === 'd').map((file) => file.path));
  const isMade = (folder: ByteString): boolean => Array.from(made).some((one) => folder === one || folder.startsWith(one + '/'));
  const wanted = run.outputs.filter((file) => file.kind !== 'd' && file.path.indexOf('/') > 0).map((file) => file.path.slice(0, file.path.lastIndexOf('/')));
  for (const folder of made) if (folder.indexOf('/') > 0) wanted.push(folder.slice(0, folder.lastIndexOf('/')));
  if (run.directory !== '.') wanted.push(run.directory);
  for (const folder of wanted) if (isResultPath(folder) && (folder === run.directory || !isMade(folder))) makeParents(scratch, absoluteOf(scratch.project, folder) + '/x');
}

/** Is this folder of the project one of installed packages, which are part of the environment and no inputs? */
function holdsPackages(name: ByteString): boolean {
  return /\/(?:node_modules|\.venv|renv\/library)$/.test(name) || lstatIfThere(name + '/pyvenv.cfg')?.isFile() === true || lstatIfThere(name + '/conda-meta')?.isDirectory() === true;
}

/** Of a folder of which the run read a part as inputs, that part stays. */
function linkWhatIsMissing(real: ByteString, name: ByteString): void {
  const there = lstatIfThere(name);
  if (there === undefined) fs.symlinkSync(toFsPath(real), toFsPath(name));
  else if (there.isDirectory()) for (const entry of listFolder(real)) linkWhatIsMissing(real + '/' + entry, name + '/' + entry);
}

/**
 * Packages that are installed in the project are used where they are, as those of the system are: by links,
 * from the project's folder, that of the command and those between.
 */
function linkPackageFolders(request: ScratchRequest, scratch: Scratch): void {
  const { project, run } = request;
  const parts = run.directory === '.' || !isResultPath(run.directory) ? [] : run.directory.split('/');
  for (const folder of ['.'].concat(parts.map((_, i) => parts.slice(0, i + 1).join('/')))) {
    for (const entry of listFolder(absoluteOf(project, folder)).concat('renv/library')) {
      const path = (folder === '.' ? '' : folder + '/') + entry;
      const [real, name] = [absoluteOf(project, path), absoluteOf(scratch.project, path)];
      if (isResultPath(path) && lstatIfThere(real)?.isDirectory() === true && holdsPackages(real) && makeParents(scratch, name)) linkWhatIsMissing(real, name);
    }
  }
}

/** Of the commit or of the rest, what the run is to make itself is not there before. */
function removeOutputs(request: ScratchRequest, scratch: Scratch): void {
  const { run } = request;
  const inputs = new Set(run.inputs.map((file) => file.path));
  for (const path of run.outputs.filter((file) => file.kind !== 'd').map((file) => file.path).concat(run.absent)) {
    const name = absoluteOf(scratch.project, path);
    if (inputs.has(path) || !isResultPath(path) || !hasParents(scratch, name)) continue;
    const stat = lstatIfThere(name);
    if (stat !== undefined && !stat.isDirectory()) fs.unlinkSync(toFsPath(name));
  }
  // Innermost first. What has something in it after all, the command found there.
  for (const path of run.outputs.filter((file) => file.kind === 'd').map((file) => file.path).sort(compareBytes).reverse()) {
    const name = absoluteOf(scratch.project, path);
    if (isResultPath(path) && hasParents(scratch, name) && lstatIfThere(name)?.isDirectory() === true && listFolder(name).length === 0) fs.rmdirSync(toFsPath(name));
  }
}

/**
 * Makes the tree a repository and a project, if the real one is a repository, so that git and rr, if the command
 * calls them, find these and not the user's, in whose folder the tree lies.
 */
function putOwnPlaces(request: ScratchRequest, scratch: Scratch, code: CodeSource | undefined): void {
  const { project, run, finder, commit } = request;
  makeFolder(scratch.project.root + '/provenance/runs');
  const repository = finder.ownRepository();
  if (repository === undefined) return;
  const leftOut = (code?.files ?? []).map((file) => file.path).filter((path) => isLeftOutOfTree(project, repository.top + '/' + path));
  putRepository(repository, topInScratch(scratch, project, repository.top), code?.commit, commit === undefined ? run.codeBranch : undefined, leftOut);
}

/**
 * Why the run cannot be repeated in this tree, as a part of a sentence: it would start or write outside of
 * it, by way of a link. undefined if it can. What the command finds out for itself nobody knows beforehand.
 */
export function findWayOut(tree: Project, run: Run): string | undefined {
  const describe = (what: string, link: ByteString | undefined): string | undefined =>
    (link === undefined ? undefined : what + ' lies behind the link ' + relativeTo(tree, link) + ', which leads out of the project');
  const folder = run.directory === '.' ? undefined : describe('its folder ' + run.directory, findLinkOut(tree.root, absoluteOf(tree, run.directory)));
  if (folder !== undefined) return folder;
  for (const { path, kind } of run.outputs) {
    const name = absoluteOf(tree, path);
    const found = isResultPath(path) ? describe('its output ' + path, kind === 'l' ? findLinkAbove(tree.root, name) : findLinkOut(tree.root, name)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Makes the tree: the code of the recorded commit with the recorded changes, every recorded input as
 * it was read, and, if asked for, the rest of the project. What could not be had is in `lacking`.
 */
export function makeScratch(request: ScratchRequest): Scratch {
  const scratch = makeScratchFolder(request);
  try {
    fillScratch(request, scratch);
  } catch (error) {
    removeHeldFolder(scratch.folder);
    throw error;
  }
  return scratch;
}

function fillScratch(request: ScratchRequest, scratch: Scratch): void {
  const { run } = request;
  const timeS = Date.parse(run.startedUtc.slice(0, 23) + 'Z') / 1000;
  const code = findCode(request, scratch.notes);
  if (code !== undefined) putCode(request, scratch, code, timeS);
  putOwnPlaces(request, scratch, code);
  if (request.isFull) putRest(request, scratch, timeS);
  removeOutputs(request, scratch);
  const inputs = request.isReversed ? run.inputs.slice().reverse() : run.inputs;
  for (const file of inputs) {
    const isInside = isResultPath(file.path);
    if (!isInside && file.path[0] !== '/') continue; // of .git, .rr or provenance: no data
    // Of the repository that the project is a folder of, the rest is in the tree, too.
    const isOfTree = isInside || (code !== undefined && file.path.startsWith(code.repository.top + '/') && normalizeName(file.path) === file.path && !/\/\.git(?:\/|$)/.test(file.path));
    const why = isOfTree ? putInput(request, scratch, file, timeS) : checkOutside(request, scratch, file);
    if (why !== undefined) scratch.lacking.push({ file, why });
  }
  putSecrets(request, scratch, timeS);
  putFolders(request, scratch);
  linkPackageFolders(request, scratch);
}
