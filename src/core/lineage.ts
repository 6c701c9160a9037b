// lineage.ts - which run made these bytes and from what, up to raw data; and what depends on them. Knows no files on a disk.
import type { ByteString } from './bytes.ts';
import type { GraphRun } from './graph.ts';
import { groupPlaces } from './numberlists.ts';
import { isComparable } from './run.ts';
import type { FileState } from './run.ts';

// Runs are taken in the order of their ids, as in graph.ts.
//
// 1. The maker of an Input is the last earlier run that wrote this content to its path; if there is
//    none, the last earlier run that wrote it to another path: then it was copied, or renamed. An
//    Input without maker is raw. Where the owner of the path just before the run (graph.ts, rule 1)
//    has this content, it is the maker: it wrote to the path after all others.
// 2. A run that succeeded is preferred to a later one that did not, which made bytes all the same.
// 3. What tells nothing of its origin (an empty file, the text of a link) is never found under
//    another path.
// 4. A run in a scratch tree made nothing.

/** Of a run what its lineage is made of. */
export type LineageRun = Pick<GraphRun, 'id' | 'status' | 'inputs' | 'outputs' | 'tree'>;

/**
 * Inputs and outputs of all runs are numbered, in the order of the runs; numbers that count in tens
 * of thousands must not be objects.
 */
export type Lineage = {
  runs: LineageRun[];
  /** Number of the first input, output of each run; at the end how many there are. */
  firstInputs: Int32Array;
  firstOutputs: Int32Array;
  /** Of each output the number of its run. */
  runsOfOutputs: Int32Array;
  /** Of each input the number of the output that it is; -1 if it is raw. */
  origins: Int32Array;
  /** Content and path -> the last output of both; content -> the last output of it. */
  byPlace: Map<ByteString, number>;
  byContent: Map<string, number>;
};

/** Has a file content that can be recognised? */
export function isKnownContent(file: FileState): boolean {
  return isComparable(file) && file.hash.length === 64;
}

/** Does the content tell where it came from, whatever its name (rule 3)? */
export function isTellingContent(file: FileState): boolean {
  return (file.kind === '' || file.kind === 'x') && file.size > 0 && file.hash.length === 64;
}

function contentKey(file: FileState): string {
  return file.kind === 'l' ? 'l' + file.hash : file.hash;
}

function placeKey(file: FileState): ByteString {
  return contentKey(file) + file.path;
}

function countFrom(runs: LineageRun[], countOf: (run: LineageRun) => number): Int32Array {
  const firsts = new Int32Array(runs.length + 1);
  runs.forEach((run, index) => { firsts[index + 1] = firsts[index] + countOf(run); });
  return firsts;
}

/** The output that a file with this path and content is; -1 if none that was noted so far. */
function findOutput(lineage: Lineage, file: FileState): number {
  if (!isKnownContent(file)) return -1;
  return lineage.byPlace.get(placeKey(file)) ?? (isTellingContent(file) ? lineage.byContent.get(contentKey(file)) ?? -1 : -1);
}

/** `isSucceeded` tells of each output noted so far, and of this one, whether its run succeeded. */
function noteOutput(lineage: Lineage, output: number, file: FileState, isSucceeded: Uint8Array): void {
  const put = <K>(map: Map<K, number>, key: K): void => {
    const before = map.get(key);
    if (before === undefined || isSucceeded[output] === 1 || isSucceeded[before] === 0) map.set(key, output);
  };
  put(lineage.byPlace, placeKey(file));
  if (isTellingContent(file)) put(lineage.byContent, contentKey(file));
}

/** The lineage of all files of `runs`, which are in the order of their ids. Time and memory are linear. */
export function traceLineage(runs: LineageRun[]): Lineage {
  const firstInputs = countFrom(runs, (run) => run.inputs.length);
  const firstOutputs = countFrom(runs, (run) => run.outputs.length);
  const lineage: Lineage = {
    runs, firstInputs, firstOutputs, runsOfOutputs: new Int32Array(firstOutputs[runs.length]),
    origins: new Int32Array(firstInputs[runs.length]), byPlace: new Map(), byContent: new Map(),
  };
  const isSucceeded = new Uint8Array(lineage.runsOfOutputs.length);
  runs.forEach((run, index) => {
    run.inputs.forEach((input, i) => { lineage.origins[firstInputs[index] + i] = findOutput(lineage, input); });
    lineage.runsOfOutputs.fill(index, firstOutputs[index], firstOutputs[index + 1]);
    isSucceeded.fill(run.status === 'succeeded' ? 1 : 0, firstOutputs[index], firstOutputs[index + 1]);
    if (run.tree !== undefined) return;
    run.outputs.forEach((file, i) => { if (isKnownContent(file)) noteOutput(lineage, firstOutputs[index] + i, file, isSucceeded); });
  });
  return lineage;
}

/** The state in which an output was written. */
export function outputState(lineage: Lineage, output: number): FileState {
  const run = lineage.runsOfOutputs[output];
  return lineage.runs[run].outputs[output - lineage.firstOutputs[run]];
}

export type MakerAnswer =
  /** These bytes are an output; its path may be another one. */
  | { kind: 'made'; output: number }
  /** No run made these bytes; the last one that wrote to the path made others. */
  | { kind: 'changed'; output: number }
  /** There is no file now; the last run that wrote to the path. */
  | { kind: 'gone'; output: number }
  | { kind: 'unmade' };

/** Which run made the file that is at `path` now; `file` is undefined if there is none. */
export function findMaker(lineage: Lineage, path: ByteString, file: FileState | undefined): MakerAnswer {
  const output = file === undefined ? -1 : findOutput(lineage, file);
  if (output >= 0) return { kind: 'made', output };
  const last = findLastAtPath(lineage, path);
  if (last < 0) return { kind: 'unmade' };
  return { kind: file === undefined ? 'gone' : 'changed', output: last };
}

function findLastAtPath(lineage: Lineage, path: ByteString): number {
  for (let output = lineage.runsOfOutputs.length - 1; output >= 0; output--) {
    const run = lineage.runs[lineage.runsOfOutputs[output]];
    if (run.tree === undefined && outputState(lineage, output).path === path) return output;
  }
  return -1;
}

/** One reading of a file by a run. */
export type FileReading = { run: number; input: FileState };

/** Who read this path or these bytes: `same` the bytes, under any path; `other` the path with other bytes. */
export function findReaders(lineage: Lineage, path: ByteString, file: FileState | undefined): { same: FileReading[]; other: FileReading[] } {
  const key = file === undefined || !isKnownContent(file) ? '' : contentKey(file);
  const found: { same: FileReading[]; other: FileReading[] } = { same: [], other: [] };
  lineage.runs.forEach((run, index) => {
    if (run.tree !== undefined) return;
    for (const input of run.inputs) {
      const isSame = key !== '' && isKnownContent(input) && contentKey(input) === key;
      if (isSame && (input.path === path || isTellingContent(input))) found.same.push({ run: index, input });
      else if (input.path === path) found.other.push({ run: index, input });
    }
  });
  return found;
}

// ---- the part of it that belongs to one file --------------------------------------------------------

/**
 * Where a file of a lineage came from. 'copy': another file with these bytes; 'other': down, the start
 * with another content, as a run read it; 'cut': a run that is not followed further, its number.
 */
export type FileOrigin = { kind: 'raw' } | { kind: 'run'; node: number } | { kind: 'copy' | 'other'; node: number } | { kind: 'cut'; run: number };

export type FileNode = { file: FileState; origin: FileOrigin };

/** `run` counts in Lineage.runs; `reads` are positions in LineageGraph.files; `level` is 0 next to the start. */
export type RunNode = { run: number; reads: number[]; level: number; /** Down: not all that depends on it is shown. */ isCut: boolean };

/** Files and runs around a start. A file stands once for each content and maker, a run once. */
export type LineageGraph = {
  direction: 'up' | 'down';
  start: { kind: 'file'; node: number } | { kind: 'run'; node: number };
  files: FileNode[];
  runs: RunNode[];
};

class GraphBuilder {
  readonly graph: LineageGraph;
  private readonly lineage: Lineage;
  private readonly fileNodes = new Map<ByteString, number>();
  private readonly runNodes = new Map<number, number>();

  constructor(lineage: Lineage, direction: 'up' | 'down') {
    this.lineage = lineage;
    this.graph = { direction, start: { kind: 'file', node: 0 }, files: [], runs: [] };
  }

  /** The node of a file that is the output `output`, or raw (-1), and whether it is new. */
  addFile(file: FileState, output: number): { node: number; isNew: boolean } {
    const key = String(output) + ' ' + placeKey(file);
    const known = this.fileNodes.get(key);
    if (known !== undefined) return { node: known, isNew: false };
    const node = this.graph.files.push({ file, origin: { kind: 'raw' } }) - 1;
    this.fileNodes.set(key, node);
    return { node, isNew: true };
  }

  addRun(run: number, level: number): { node: number; isNew: boolean } {
    const known = this.runNodes.get(run);
    if (known !== undefined) return { node: known, isNew: false };
    const node = this.graph.runs.push({ run, reads: [], level, isCut: false }) - 1;
    this.runNodes.set(run, node);
    return { node, isNew: true };
  }

  /** The file as it was written, and if that was under another path, its copy; true if it is new. */
  addMade(file: FileState, output: number, origin: (run: number) => FileOrigin): { node: number; isNew: boolean } {
    const written = outputState(this.lineage, output);
    const made = this.addFile(written, output);
    if (made.isNew) this.graph.files[made.node].origin = origin(this.lineage.runsOfOutputs[output]);
    if (written.path === file.path) return made;
    const copy = this.addFile(file, output);
    if (copy.isNew) this.graph.files[copy.node].origin = { kind: 'copy', node: made.node };
    return copy;
  }
}

/** A file with the output that it is, -1 if it is raw; or a run. */
export type LineageStart = { kind: 'file'; file: FileState; output: number } | { kind: 'run'; run: number };

/** All that a file or a run was made from, through at most `depth` runs. Breadth first, without recursion. */
export function traceUp(lineage: Lineage, start: LineageStart, depth: number): LineageGraph {
  const builder = new GraphBuilder(lineage, 'up');
  const { graph } = builder;
  const follow = (level: number) => (run: number): FileOrigin => (level < depth ? { kind: 'run', node: builder.addRun(run, level).node } : { kind: 'cut', run });
  const add = (file: FileState, output: number, level: number): number => (output < 0 ? builder.addFile(file, -1) : builder.addMade(file, output, follow(level))).node;
  if (start.kind === 'run') graph.start = { kind: 'run', node: builder.addRun(start.run, 0).node };
  else graph.start = { kind: 'file', node: add(start.file, start.output, 0) };
  for (let at = 0; at < graph.runs.length; at++) {
    const { run, reads, level } = graph.runs[at];
    const first = lineage.firstInputs[run];
    lineage.runs[run].inputs.forEach((input, i) => { reads.push(add(input, lineage.origins[first + i], level + 1)); });
  }
  return graph;
}

/** Of each output the numbers of the inputs that it became, ascending; and of each input its run. */
export function listReadings(lineage: Lineage): { inputsOf: (output: number) => Int32Array; runsOfInputs: Int32Array } {
  const runsOfInputs = new Int32Array(lineage.origins.length);
  for (let run = 0; run < lineage.runs.length; run++) runsOfInputs.fill(run, lineage.firstInputs[run], lineage.firstInputs[run + 1]);
  return { inputsOf: groupPlaces(lineage.origins.length, (input) => lineage.origins[input], lineage.runsOfOutputs.length), runsOfInputs };
}

/**
 * All that depends on a file or a run, through at most `depth` runs: who read these bytes, or others
 * under this path, what they made, and so on. Runs in scratch trees are left out.
 */
export function traceDown(lineage: Lineage, start: LineageStart, depth: number): LineageGraph {
  const builder = new GraphBuilder(lineage, 'down');
  const { graph } = builder;
  const readings = listReadings(lineage);
  const read = (run: number, input: FileState, output: number, level: number): void => {
    if (lineage.runs[run].tree !== undefined) return;
    const file = output < 0 ? builder.addFile(input, -1).node : builder.addMade(input, output, () => ({ kind: 'raw' })).node;
    graph.runs[builder.addRun(run, level).node].reads.push(file);
  };
  if (start.kind === 'run') graph.start = { kind: 'run', node: builder.addRun(start.run, 0).node };
  else startDown(lineage, builder, start, (run, input, output) => read(run, input, output, 0));
  for (let at = 0; at < graph.runs.length; at++) {
    const { run, level } = graph.runs[at];
    lineage.runs[run].outputs.forEach((file, i) => {
      if (!isKnownContent(file)) return;
      const output = lineage.firstOutputs[run] + i;
      const { node } = builder.addFile(file, output);
      graph.files[node].origin = { kind: 'run', node: at };
      const inputs = readings.inputsOf(output);
      if (level + 1 >= depth) graph.runs[at].isCut = graph.runs[at].isCut || inputs.length > 0;
      else for (const input of inputs) read(readings.runsOfInputs[input], inputState(lineage, input, readings.runsOfInputs), output, level + 1);
    });
  }
  return graph;
}

function inputState(lineage: Lineage, input: number, runsOfInputs: Int32Array): FileState {
  const run = runsOfInputs[input];
  return lineage.runs[run].inputs[input - lineage.firstInputs[run]];
}

/** The start of a walk down: the file, its bytes under other paths, and other content under its path. */
function startDown(lineage: Lineage, builder: GraphBuilder, start: { file: FileState; output: number }, read: (run: number, input: FileState, output: number) => void): void {
  const { graph } = builder;
  const root = builder.addFile(start.file, -1).node;
  graph.start = { kind: 'file', node: root };
  const readers = findReaders(lineage, start.file.path, start.file);
  const add = (kind: 'copy' | 'other') => ({ run, input }: FileReading): void => {
    const { node, isNew } = builder.addFile(input, -1);
    if (isNew && node !== root) graph.files[node].origin = { kind, node: root };
    read(run, input, -1);
  };
  readers.same.forEach(add('copy'));
  readers.other.forEach(add('other'));
}
