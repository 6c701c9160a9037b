// reuse.ts - which runs can take the place of another, and what of a folder's names counts for that. Knows no files and no store.
import type { ByteString } from './bytes.ts';
import { compareBytes } from './bytes.ts';
import { isResultPath } from './graph.ts';
import { hasDots } from './names.ts';
import type { FileState, Run } from './run.ts';
import { isSourceName } from './sources.ts';
import { REPLAYED_VARIABLES } from './variables.ts';

/** What can be put back: files with their content, links, folders. */
function canBePutBack(file: FileState): boolean {
  return file.kind === 'd' || ((file.kind === '' || file.kind === 'x' || file.kind === 'l') && file.hash.length === 64);
}

/** Is it the path of a place in the project where a run may leave a result? `isLeftOut`: rr's own and version control, at any depth. */
function isPlaceOfResult(path: ByteString, isLeftOut: (path: ByteString) => boolean): boolean {
  return isResultPath(path) && !hasDots('/' + path) && !path.endsWith('/') && path.indexOf('\0') < 0 && !isLeftOut(path);
}

function findOutputObstacle(run: Run, isLeftOut: (path: ByteString) => boolean): string | undefined {
  const paths = new Set(run.outputs.map((file) => file.path));
  for (const file of run.outputs) {
    if (file.path[0] === '/') return 'it wrote ' + file.path + ', which is not in the project';
    if (!isPlaceOfResult(file.path, isLeftOut)) return 'it wrote ' + file.path + ', which is no place for a result';
    if (!canBePutBack(file)) return 'it wrote ' + file.path + ', ' + (file.hash === '?' ? 'of which the content is not known' : 'which is no regular file');
  }
  for (const file of run.outputs) {
    for (let end = file.path.lastIndexOf('/'); end > 0; end = file.path.lastIndexOf('/', end - 1)) {
      const above = run.outputs.find((other) => other.path === file.path.slice(0, end));
      if (above !== undefined && above.kind !== 'd') return 'it wrote ' + file.path + ' below ' + above.path + ', which is no folder';
    }
  }
  for (const redirect of run.redirects) {
    const parts = /^[12] >>? ([^]+)$/.exec(redirect);
    if (parts !== null && !paths.has(parts[1])) return 'what it printed went to ' + parts[1] + ', to which others write, too';
  }
  return undefined;
}

function findInputObstacle(run: Run): string | undefined {
  for (const file of run.inputs) {
    if (file.hash === '?') return 'the content that ' + file.path + ' had is not known';
    if (file.kind !== 'd' && !canBePutBack(file)) return 'it read ' + file.path + ', which is no regular file';
  }
  return undefined;
}

/** 'NAME=VALUE' and 'NAME HMAC' of the variables by which runs are told apart: the replayed ones and those it is said to depend on. */
export function listTellingVariables(run: Run): { variables: ByteString[]; hashes: ByteString[] } {
  const names = new Set((REPLAYED_VARIABLES as readonly ByteString[]).concat(run.declaredVariables));
  const isTold = (line: ByteString, sign: string): boolean => names.has(line.slice(0, line.indexOf(sign)));
  return { variables: run.variables.filter((line) => isTold(line, '=')).sort(compareBytes), hashes: run.variableHashes.filter((line) => isTold(line, ' ')).sort(compareBytes) };
}

/** Does what tells the run apart from others hold anything withheld, or did it read what may be a secret? */
function dependsOnSecrets(run: Run): boolean {
  const { variables, hashes } = listTellingVariables(run);
  const texts = [run.command, run.directory].concat(run.parameters, run.redirects, variables);
  return run.secretInputs.length > 0 || hashes.length > 0 || texts.some((text) => text.indexOf('\0') >= 0);
}

/** ".out", ".err", ".order", ".series" or ".resources": which of the files it is that keep what a run printed, gave and used; undefined if it is none. */
export function endingOfLog(log: FileState): string | undefined {
  return log.hash.length === 64 ? /\.(?:out|err|order|series|resources)$/.exec(log.path)?.[0] : undefined;
}

/**
 * Why the outputs of this run can never be put back instead of running its command again, as a part
 * of a sentence; undefined if they can. `isShared`: by others, too, who have another key for secrets.
 */
export function findReuseObstacle(run: Run, isShared: boolean, isLeftOut: (path: ByteString) => boolean): string | undefined {
  if (run.status !== 'succeeded' || run.exit !== 0) return 'it did not succeed';
  if (run.tree !== undefined) return 'it ran in a scratch tree';
  if (run.directory[0] === '/') return 'it ran outside of the project';
  if (run.missingOutputs.length > 0) return 'its output ' + run.missingOutputs[0] + ' did not appear';
  if (run.processes.some((one) => one.endS === undefined)) return 'a process that it started goes on';
  if (run.uncertain.length > 0) return 'it may have written ' + run.uncertain[0].path + ', or another run did';
  if (run.secretOutputs.length > 0) return 'it wrote ' + run.secretOutputs[0].slice(run.secretOutputs[0].indexOf(' ') + 1) + ', which may hold a secret';
  if ((run.observed === 'none' || run.observed === 'scan') && run.declaredInputs.length + run.declaredOutputs.length === 0) {
    return 'it was not traced, and neither inputs nor outputs are declared (-i, -o)';
  }
  if (run.outputs.length === 0 && run.logs.length === 0) return 'it left nothing, in files or in print, that could be put back';
  if (run.logs.some((log) => endingOfLog(log) === undefined)) return 'what it printed is not known';
  if (isShared && dependsOnSecrets(run)) return 'it depends on secrets, which no shared cache is told of';
  return findInputObstacle(run) ?? findOutputObstacle(run, isLeftOut);
}

// ---- names in folders ---------------------------------------------------------------------------------
//
// A command that lists a folder would do something else if there were other names in it. Not each new
// name counts: Python lists the folder of every script that it runs, and results of other runs come to
// lie there. So of a folder in which the run read files, names count that are of the kind of those:
//
//   result  some run made it      code  it has the name of a source      data  all else
//
// Of a folder in which it read nothing, all count. Names of folders count if the run went into folders,
// those apart in which it read nothing but code.

/** A name in a folder that was listed. */
export type NameInFolder = { name: ByteString; isFolder: boolean; isResult: boolean };

type NameClass = 'result' | 'code' | 'data';

function classOfName(path: ByteString, isResult: boolean): NameClass {
  return isResult ? 'result' : isSourceName(path) ? 'code' : 'data';
}

function folderOfPath(path: ByteString): ByteString {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : path.slice(0, slash);
}

/** Of the folders that a run listed, in which way their names count. */
export class ListedFolders {
  private readonly outputs = new Set<ByteString>();
  private readonly outputFolders = new Set<ByteString>();
  private readonly listed: Set<ByteString>;
  private readonly reads = new Map<ByteString, ByteString[]>();

  /** `listed`: folders as in a record. */
  constructor(run: Pick<Run, 'inputs' | 'outputs' | 'removed'>, listed: ByteString[]) {
    this.listed = new Set(listed);
    for (const path of run.outputs.map((file) => file.path).concat(run.removed)) {
      this.outputs.add(path);
      for (let folder = folderOfPath(path); folder !== '.'; folder = folderOfPath(folder)) this.outputFolders.add(folder);
    }
    for (const { path } of run.inputs) {
      if (path[0] === '/' || this.outputs.has(path)) continue;
      const folder = folderOfPath(path);
      const known = this.reads.get(folder);
      if (known === undefined) this.reads.set(folder, [path]);
      else known.push(path);
    }
  }

  /** Those of the names in `folder` that count, as one text. `isResultNow` tells of the files that were read. */
  describe(folder: ByteString, names: NameInFolder[], isResultNow: (path: ByteString) => boolean): ByteString {
    const reads = this.reads.get(folder) ?? [];
    const classes = new Set(reads.map((path) => classOfName(path, isResultNow(path))));
    const hasFolders = reads.length === 0 || this.isWalked(folder);
    const counting = names.filter(({ name, isFolder, isResult }) => {
      const path = folder === '.' ? name : folder + '/' + name;
      if (name[0] === '.' || name.endsWith('~') || name === '__pycache__') return reads.indexOf(path) >= 0;
      if (isFolder) return hasFolders && !this.outputFolders.has(path) && !this.outputs.has(path);
      return !this.outputs.has(path) && (classes.size === 0 || classes.has(classOfName(path, isResult)));
    });
    return counting.map(({ name, isFolder }) => name + (isFolder ? '/' : '') + '\0').sort(compareBytes).join('');
  }

  /** Did the run go from folder to folder here, and not only to modules of code? */
  private isWalked(folder: ByteString): boolean {
    if (folder !== '.' && this.listed.has(folderOfPath(folder))) return true;
    for (const other of this.listed) if (other !== '.' && folderOfPath(other) === folder && !this.isOfCode(other)) return true;
    return false;
  }

  private isOfCode(folder: ByteString): boolean {
    const reads = this.reads.get(folder) ?? [];
    return reads.length > 0 && reads.every(isSourceName);
  }
}
