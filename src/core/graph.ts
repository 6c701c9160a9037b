// graph.ts - which run made what from what, and which runs are needed. Knows no Makefile and no files.
import type { ByteString } from './bytes.ts';
import { isComparable } from './run.ts';
import type { FileState, Run } from './run.ts';

// Runs are taken in the order of their ids, as if each had ended before the next began.
//
// 0. A run that redoes an earlier one stands in its place, and that one counts no more, if nothing
//    is otherwise for it (placeRuns): what others read of the earlier run it made with the same
//    content, and no run after that place wrote or removed what it read, wrote or removed.
// 1. The owner of a path is the last succeeded run with the path among its Outputs; a run of any
//    status that removed the path, or left something there that has no hash, leaves no owner.
// 2. The producer of an Input is the owner of its path just before the run, if that content is the
//    one that was read. An Input without producer is raw.
//    A run in a scratch tree (run.tree) left and removed nothing.
// 3. Owners are live, and producers of live runs. All else has no effect on what is there now.
// 4. A live run comes after the live run that wrote one of its paths before it, and after every
//    live run that read what that one wrote.
// Every edge leads from a later place to an earlier one, so there is no cycle.

/** Of a run what the graph, and those who tell of it, look at. */
export type GraphRun = Pick<Run, 'id' | 'repeats' | 'parent' | 'redoes' | 'tree' | 'label' | 'reason' | 'tags' | 'command' | 'status' | 'inputs' | 'outputs' | 'removed'>;

/** A run without which some current result could not be made again. */
export type LiveRun = {
  run: GraphRun;
  /** Results of which this run is the owner, sorted by path. */
  owned: FileState[];
  /** Which of run.outputs (counted from 0) are results no more, ascending. */
  lost: number[];
  /** Ids of producers of its inputs, ascending. */
  producers: string[];
  /** Ids of further runs that must come before it (rule 4), ascending. */
  after: string[];
};

/** Live runs in the order of their places; isPlaced: that is not the order of all their ids. */
export type LiveGraph = { runs: LiveRun[]; isPlaced: boolean };

/** A path inside the project, by its text alone; nothing of rr, git or another place. */
export function isResultPath(path: ByteString): boolean {
  return path !== '' && path !== '.' && !path.startsWith('/')
    && !/(?:^|\/)\.\.(?:\/|$)/.test(path) && !/^(?:\.rr|\.git|provenance)(?:\/|$)/.test(path);
}

/** Can this Output be made again and compared? */
export function isResult(file: FileState): boolean {
  return isComparable(file) && file.hash.length === 64 && isResultPath(file.path);
}

/** The results of a run: none unless it succeeded, and in the project. */
export function resultsOf(run: GraphRun): FileState[] {
  return run.status === 'succeeded' && run.tree === undefined ? run.outputs.filter(isResult) : [];
}

/** Is it the same content? The executable bit is no content. */
export function isSameContent(a: FileState, b: FileState): boolean {
  return a.hash === b.hash && (a.kind === 'l') === (b.kind === 'l');
}

/** A current result, and the run, counted in its list, that it is of. */
export type Owner = FileState & { index: number };

type OwningRun = Pick<GraphRun, 'status' | 'outputs' | 'removed' | 'tree'>;

/** Rule 1, for one more run. */
export function noteOwned(owners: Map<ByteString, Owner>, run: OwningRun, index: number): void {
  if (run.tree !== undefined) return;
  for (const path of run.removed) owners.delete(path);
  if (run.status !== 'succeeded') return;
  for (const file of run.outputs) {
    if (isResult(file)) owners.set(file.path, { index, hash: file.hash, size: file.size, kind: file.kind, path: file.path });
    else owners.delete(file.path);
  }
}

/** The current results of `runs`, which are in the order of their ids, by path (rule 1). */
export function listOwners(runs: OwningRun[]): Map<ByteString, Owner> {
  const owners = new Map<ByteString, Owner>();
  runs.forEach((run, index) => noteOwned(owners, run, index));
  return owners;
}

// ---- places -----------------------------------------------------------------------------------------

/** What rule 0 looks at while it goes through the runs in the order of their ids. */
type Placing = {
  /** Of each run the number of the run whose place it has. */
  place: Int32Array;
  isOut: Uint8Array;
  /** The last run that wrote or removed a path. */
  touched: Map<ByteString, number>;
  owners: Map<ByteString, Owner>;
  /** Of each run the results of it that others read. */
  readers: FileState[][];
};

function mayTakePlace(run: GraphRun, earlier: number, placing: Placing): boolean {
  const { place, touched, readers } = placing;
  const isBefore = (path: ByteString): boolean => {
    const at = touched.get(path);
    return at === undefined || place[at] <= place[earlier];
  };
  if (!run.inputs.every((file) => isBefore(file.path)) || !run.outputs.every((file) => isBefore(file.path)) || !run.removed.every(isBefore)) return false;
  if (readers[earlier].length === 0) return true;
  const made = new Map(run.outputs.map((file): [ByteString, FileState] => [file.path, file]));
  return readers[earlier].every((file) => {
    const own = made.get(file.path);
    return own !== undefined && isSameContent(own, file);
  });
}

/** Rule 0: the runs that count, in the order of their places; the list itself if no run redoes another. */
export function placeRuns(runs: GraphRun[]): GraphRun[] {
  if (!runs.some((run) => run.redoes !== undefined)) return runs;
  const count = runs.length;
  const numbers = new Map(runs.map((run, index): [string, number] => [run.id, index]));
  const placing: Placing = { place: new Int32Array(count), isOut: new Uint8Array(count), touched: new Map(), owners: new Map(), readers: runs.map(() => []) };
  runs.forEach((run, index) => {
    placing.place[index] = index;
    if (run.tree !== undefined) return;
    const earlier = run.redoes === undefined || run.status !== 'succeeded' ? -1 : numbers.get(run.redoes) ?? -1;
    if (earlier >= 0 && earlier < index && placing.isOut[earlier] === 0 && mayTakePlace(run, earlier, placing)) {
      placing.place[index] = placing.place[earlier];
      placing.isOut[earlier] = 1;
      placing.readers[index] = placing.readers[earlier];
    }
    for (const input of run.inputs) {
      const owner = placing.owners.get(input.path);
      if (owner !== undefined && isSameContent(owner, input)) placing.readers[owner.index].push(input);
    }
    noteOwned(placing.owners, run, index);
    for (const path of run.removed) placing.touched.set(path, index);
    if (run.status === 'succeeded') for (const file of run.outputs) placing.touched.set(file.path, index);
  });
  const order = runs.map((_, index) => index).filter((index) => placing.isOut[index] === 0);
  return order.sort((a, b) => placing.place[a] - placing.place[b] || a - b).map((index) => runs[index]);
}

// Of 100,000 runs an empty list for each, several times, is felt. Nobody adds to them.
const NO_NUMBERS: number[] = [];
const NO_IDS: string[] = [];

function toIds(runs: GraphRun[], numbers: number[]): string[] {
  return numbers.length === 0 ? NO_IDS : numbers.map((number) => runs[number].id);
}

function findProducers(run: GraphRun, owners: Map<ByteString, Owner>): number[] {
  const found: number[] = [];
  for (const input of run.inputs) {
    const owner = owners.get(input.path);
    if (owner !== undefined && isSameContent(owner, input) && found.indexOf(owner.index) < 0) found.push(owner.index);
  }
  // A list that grew has room for many more; this one is kept.
  return found.length === 0 ? NO_NUMBERS : found.sort((a, b) => a - b).slice();
}

/**
 * Rules 1 and 2: the owners after all runs, and of each run the indexes of its producers. contested: among these
 * are all paths that more than one run wrote or removed.
 */
function replayRuns(runs: GraphRun[]): { owners: Map<ByteString, Owner>; producers: number[][]; contested: Set<ByteString> } {
  const owners = new Map<ByteString, Owner>();
  const contested = new Set<ByteString>();
  const producers = runs.map((run, index) => {
    const found = findProducers(run, owners);
    for (const path of run.removed) contested.add(path);
    for (const file of run.outputs) if (owners.has(file.path)) contested.add(file.path);
    noteOwned(owners, run, index);
    return found;
  });
  return { owners, producers, contested };
}

/** Rule 3. Producers are earlier, so one pass from the end finds all. */
function markLive(count: number, owners: Map<ByteString, Owner>, producers: number[][]): Uint8Array {
  const isLive = new Uint8Array(count);
  for (const owner of owners.values()) isLive[owner.index] = 1;
  for (let index = count - 1; index >= 0; index--) {
    if (isLive[index] === 1) for (const producer of producers[index]) isLive[producer] = 1;
  }
  return isLive;
}

/** The current results by path, and of each run whether one of them needs it (rules 1 to 3). */
export function findNeeded(runs: GraphRun[]): { owners: Map<ByteString, Owner>; isLive: Uint8Array } {
  const { owners, producers } = replayRuns(runs);
  return { owners, isLive: markLive(runs.length, owners, producers) };
}

/** Last live run that wrote a contested path, what it wrote (unless it removed it), and the live runs that read that. */
type Writer = { index: number; file: FileState | undefined; readers: number[] | undefined };

function noteReads(run: GraphRun, index: number, producers: number[], writers: Map<ByteString, Writer>): void {
  if (producers.length === 0) return;
  for (const input of run.inputs) {
    const writer = writers.get(input.path);
    if (writer === undefined || writer.file === undefined || producers.indexOf(writer.index) < 0) continue;
    if (isSameContent(writer.file, input)) (writer.readers = writer.readers ?? []).push(index);
  }
}

/** Rule 4 for one live run: the indexes it comes after that are no producers, ascending. */
function noteWrites(run: GraphRun, index: number, producers: number[], writers: Map<ByteString, Writer>, contested: Set<ByteString>): number[] {
  const after = new Set<number>();
  function write(path: ByteString, file: FileState | undefined): void {
    if (!contested.has(path)) return;
    const before = writers.get(path);
    if (before !== undefined) for (const earlier of [before.index, ...before.readers ?? []]) after.add(earlier);
    writers.set(path, { index, file, readers: undefined });
  }
  for (const path of run.removed) write(path, undefined);
  for (const file of resultsOf(run)) write(file.path, file);
  return after.size === 0 ? NO_NUMBERS : [...after].filter((earlier) => earlier !== index && producers.indexOf(earlier) < 0).sort((a, b) => a - b);
}

function compareByPath(a: FileState, b: FileState): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

/** The live runs of `recorded`, which are in the order of their ids. Time and memory are linear. */
export function findLiveRuns(recorded: GraphRun[]): LiveGraph {
  const runs = placeRuns(recorded);
  const { owners, producers, contested } = replayRuns(runs);
  const isLive = markLive(runs.length, owners, producers);
  const writers = new Map<ByteString, Writer>();
  const live: LiveRun[] = [];
  runs.forEach((run, index) => {
    if (isLive[index] === 0) return;
    noteReads(run, index, producers[index], writers);
    const after = noteWrites(run, index, producers[index], writers, contested);
    const ownedOf = (file: FileState): FileState | undefined => {
      const owner = owners.get(file.path);
      if (owner?.index !== index) return undefined;
      return owner.hash === file.hash && owner.kind === file.kind ? owner : file; // it is held already
    };
    live.push(makeLiveRun(run, ownedOf, toIds(runs, producers[index]), toIds(runs, after)));
  });
  return { runs: live, isPlaced: live.some((one, at) => at > 0 && one.run.id < live[at - 1].run.id) };
}

/** The live run whose results are those of run.outputs for which `ownedOf` gives what is to be held of them. */
export function makeLiveRun(run: GraphRun, ownedOf: (file: FileState) => FileState | undefined, producers: string[], after: string[]): LiveRun {
  const owned: FileState[] = [];
  const lost: number[] = [];
  run.outputs.forEach((file, index) => {
    if (!isResult(file)) return;
    const own = ownedOf(file);
    if (own !== undefined) owned.push(own);
    else lost.push(index);
  });
  return { run, owned: owned.length > 1 ? owned.sort(compareByPath) : owned.slice(), lost: lost.length === 0 ? NO_NUMBERS : lost.slice(), producers, after };
}
