// putback.ts - puts outputs that lie whole under other names in their places in the project. Knows no store and no records.
import type { ByteString } from '../core/bytes.ts';
import { folderOfName } from '../core/names.ts';
import type { FileState, Run } from '../core/run.ts';
import { errorCode, lstatIfThere, makeFolder, readBytesIfThere, readLinkTarget, statIfThere, toFsPath, writeAll } from './files.ts';
import { fs } from './node.ts';
import { absoluteOf } from './project.ts';
import type { Project } from './project.ts';
import { isLeftOut } from './scan.ts';

/** Descriptors of outputs that are open already, as standard output is that a shell redirected; by path as in a record. */
export type OpenedOutputs = Map<ByteString, number>;

/** An output whose content lies whole under another name, ready to be put in its place. */
export type Staged = { file: FileState; name: ByteString };

/** The text of a link; undefined if it is none. */
export function readTarget(name: ByteString): ByteString | undefined {
  if (lstatIfThere(name)?.isSymbolicLink() !== true) return undefined;
  return readLinkTarget(name);
}

/** Does a link at this path of the project lead to a place in it where results may be, as far as its text tells? */
export function isTargetInside(path: ByteString, target: ByteString): boolean {
  if (target === '' || target[0] === '/' || target.indexOf('\0') >= 0) return false;
  // Each ".." must have a folder of the project to leave.
  const parts = folderOfName('/' + path).split('/').filter((part) => part !== '');
  for (const part of target.split('/')) {
    if (part === '..' && parts.pop() === undefined) return false;
    if (part !== '..' && part !== '.' && part !== '') parts.push(part);
  }
  return !isLeftOut(parts.join('/'));
}

/** Can the output be put in its place: only real folders above it, no folder at it, and a link only where a link is put? */
export function isFree(project: Project, file: FileState): boolean {
  const name = absoluteOf(project, file.path);
  for (let folder = folderOfName(name); folder !== project.root; folder = folderOfName(folder)) {
    const stat = lstatIfThere(folder);
    if (stat !== undefined && !stat.isDirectory()) return false;
  }
  const stat = lstatIfThere(name);
  if (stat === undefined) return true;
  return file.kind === 'd' ? stat.isDirectory() : stat.isFile() || (file.kind === 'l' && stat.isSymbolicLink());
}

/** Is each output that is open already as long as it was when the run began? What a surrounding script printed before would be lost, or stand there twice. */
export function areOpenedAsThen(run: Run, opened: OpenedOutputs): boolean {
  for (const [path, descriptor] of opened) {
    const before = run.inputs.find((file) => file.path === path);
    if (fs.fstatSync(descriptor).size !== (before === undefined ? 0 : before.size)) return false;
  }
  return true;
}

/** A folder on the file system of an output, for unfinished files: .rr/running, or the output's own. */
export function stagingFolder(project: Project, path: ByteString): ByteString {
  const running = project.own + '/running';
  let folder = folderOfName(absoluteOf(project, path));
  while (lstatIfThere(folder) === undefined) folder = folderOfName(folder);
  return statIfThere(running)?.dev === statIfThere(folder)?.dev ? running : folder;
}

/** Puts it there, whole from the first instant. */
export function putInPlace(project: Project, { file, name }: Staged): void {
  const target = absoluteOf(project, file.path);
  makeFolder(folderOfName(target));
  if (file.kind === 'l') {
    const text = readBytesIfThere(name) ?? '';
    fs.unlinkSync(toFsPath(name));
    fs.symlinkSync(toFsPath(text), toFsPath(name));
  }
  fs.renameSync(toFsPath(name), toFsPath(target));
}

/** Writes outputs to the descriptors that are open for them, after what is there. What fails leaves these as they were. */
export function pourInto(staged: Staged[], opened: OpenedOutputs): void {
  const before: { descriptor: number; sizeBytes: number }[] = [];
  try {
    for (const { file, name } of staged) {
      const descriptor = opened.get(file.path);
      if (descriptor === undefined) continue;
      const sizeBytes = fs.fstatSync(descriptor).size;
      before.push({ descriptor, sizeBytes });
      appendFrom(name, sizeBytes, Infinity, descriptor);
    }
  } catch (error) {
    for (const { descriptor, sizeBytes } of before) fs.ftruncateSync(descriptor, sizeBytes);
    throw error;
  }
}

/** Writes at most `count` bytes of a file, from a place in it on. */
function appendFrom(name: ByteString, from: number, count: number, descriptor: number): void {
  const source = fs.openSync(toFsPath(name), 'r');
  try {
    const buffer = Buffer.allocUnsafe(1 << 16);
    for (let at = from, n = -1; n !== 0; at += n) {
      n = fs.readSync(source, buffer, 0, Math.min(buffer.length, from + count - at), at);
      writeAll(descriptor, buffer.subarray(0, n));
    }
  } finally {
    fs.closeSync(source);
  }
}

// ---- what was printed -------------------------------------------------------------------------------

/** Prints what an earlier run printed, in its order, as the command would; `logs` is the name of the kept streams without ending. */
export function printAgain(logs: ByteString): void {
  const order = readBytesIfThere(logs + '.order');
  const at = { out: 0, err: 0 };
  for (const line of (order ?? '').split('\n')) {
    const parts = /^(out|err) (\d+)$/.exec(line);
    if (parts === null) continue;
    const stream = parts[1] as 'out' | 'err';
    printPart(logs + '.' + stream, at[stream], Number(parts[2]), stream === 'out' ? 1 : 2);
    at[stream] += Number(parts[2]);
  }
  printPart(logs + '.out', at.out, Infinity, 1);
  printPart(logs + '.err', at.err, Infinity, 2);
}

/** A reader that went away, or a stream that is closed, keeps nothing else from being done. */
function printPart(name: ByteString, from: number, count: number, descriptor: number): void {
  if (lstatIfThere(name) === undefined) return;
  try {
    appendFrom(name, from, count, descriptor);
  } catch (error) {
    if (['EPIPE', 'EBADF', 'EIO', 'ENOSPC'].indexOf(errorCode(error)) < 0) throw error;
  }
}
