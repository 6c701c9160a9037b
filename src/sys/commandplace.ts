// commandplace.ts - variables, folder and streams for a command that is run as a record tells. Runs nothing.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { isResultPath } from '../core/graph.ts';
import type { Run } from '../core/run.ts';
import { isDeclarableVariable, isReplayedVariable, REPLAYED_VARIABLES } from '../core/variables.ts';
import { splitCommand } from '../formats/shell.ts';
import { findLinkOut } from './bounds.ts';
import { makeFolder, statIfThere, toBytes, toFsPath, toText, toVariableText } from './files.ts';
import { setOwnVariables } from './spawnwords.ts';
import type { VariableSet } from './spawnwords.ts';
import { fs } from './node.ts';
import type { TraceMethod } from './observe.ts';
import { absoluteOf } from './project.ts';
import type { Project } from './project.ts';
import type { RepeatRequest } from './recording.ts';

// ---- the command ------------------------------------------------------------------------------------------

/** The arguments of a recorded command in this tree. What is not in the form rr records is left to a shell. */
export function argumentsOf(run: Run, root: ByteString): ByteString[] {
  return splitCommand(run.command, root, run.directory) ?? ['sh', '-c', 'exec ' + run.command];
}

// Of a surrounding make: the run would take its jobs for its own.
const MAKE_VARIABLES = ['MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'MAKEOVERRIDES'];

export type VariablePlan = {
  /** Unset. */
  without: readonly string[];
  /** Set, or unset, last. */
  more: { [name: string]: ByteString | undefined };
};

/**
 * An environment with the variables that are replayed and those that the run declared as a record has them;
 * `before` is that of now.
 */
export function planVariables(run: Run, folder: ByteString, plan: VariablePlan, before: VariableSet): VariableSet {
  const planned = Object.assign({}, before);
  const withheld = new Set(run.variableHashes.map((line) => line.split(' ')[0]));
  const declared = run.declaredVariables.filter(isDeclarableVariable);
  for (const name of (REPLAYED_VARIABLES as readonly string[]).concat(declared, MAKE_VARIABLES, 'OLDPWD', plan.without)) if (!withheld.has(name)) delete planned[name];
  for (const variable of run.variables) {
    const sign = variable.indexOf('=');
    const name = variable.slice(0, sign);
    if (isReplayedVariable(name, declared) && variable.indexOf('\0') < 0) planned[name] = toVariableText(variable.slice(sign + 1));
  }
  planned.PWD = toVariableText(folder);
  for (const name of Object.keys(plan.more)) {
    const value = plan.more[name];
    if (value === undefined) delete planned[name];
    else planned[name] = toVariableText(value);
  }
  return planned;
}

/** Sets these variables; returns what puts all back. */
export function setVariables(run: Run, folder: ByteString, plan: VariablePlan): () => void {
  const before = Object.assign({}, process.env);
  setOwnVariables(planVariables(run, folder, plan, before));
  return () => setOwnVariables(before);
}

/** process.chdir() takes only text; the name may be any bytes. */
export function enterFolder(name: ByteString): void {
  if (toBytes(toText(name)) === name) return process.chdir(toText(name));
  const fd = fs.openSync(toFsPath(name), 'r');
  try {
    process.chdir('/proc/self/fd/' + String(fd));
  } finally {
    fs.closeSync(fd);
  }
}

// ---- streams ------------------------------------------------------------------------------------------------

export type Streams = Pick<RepeatRequest, 'streams' | 'redirects'> & { close: () => void };

/** Opens what the standard streams were redirected to. Outside of the tree nothing is written. `what`: "repeat ID". */
export function openStreams(run: Run, tree: Project, what: ByteString): Streams {
  const opened: number[] = [];
  const open = (name: ByteString, flags: string): number => {
    const fd = fs.openSync(toFsPath(name), flags);
    opened.push(fd);
    return fd;
  };
  const redirects: RepeatRequest['redirects'] = { spelled: run.redirects, from: [], to: [] };
  const streams: RepeatRequest['streams'] = { stdin: open('/dev/null', 'r'), stdout: 'keep', stderr: 'keep' };
  for (const redirect of run.redirects) {
    const parts = /^([012]) (<|>>?|>&) ([^]+)$/.exec(redirect);
    if (parts === null) continue;
    const [, descriptor, how, path] = parts;
    const name = absoluteOf(tree, path);
    if (how === '<') {
      redirects.from.push(path);
      if (statIfThere(name)?.isFile() !== true) throw new Failure('cannot ' + what + ': its standard input ' + path + ' is no file now');
      streams.stdin = open(name, 'r');
    } else if (how === '>&') streams.stderr = streams.stdout;
    else {
      // A recorded name has no links in it; where there is one now, it would be another file that is written.
      const isInside = isResultPath(path) && findLinkOut(tree.root, name) === undefined;
      if (isInside) {
        makeFolder(name.slice(0, name.lastIndexOf('/')));
        redirects.to.push(path);
        if (how === '>>' && (statIfThere(name)?.size ?? 0) > 0) redirects.from.push(path);
      }
      const fd = open(isInside ? name : '/dev/null', how === '>>' ? 'a' : 'w');
      if (descriptor === '1') streams.stdout = fd;
      else streams.stderr = fd;
    }
  }
  return { streams, redirects, close: () => { for (const fd of opened) fs.closeSync(fd); } };
}

// ---- what is looked at ----------------------------------------------------------------------------------------

/** How the files of a run are to be found if it is carried out as a record tells. */
export function methodOf(run: Run): TraceMethod | 'auto' {
  if (run.observed === 'auto' || run.observed.startsWith('strace')) return 'auto';
  return run.observed === 'atime' || run.observed === 'none' ? run.observed : 'scan';
}

/** Inputs that the run changed: what they are before is known here, and is not to be looked for. */
export function listChangedInputs(run: Run): ByteString[] {
  const changed = new Set(run.outputs.map((file) => file.path).concat(run.removed));
  return run.inputs.map((file) => file.path).filter((path) => changed.has(path) && isResultPath(path));
}
