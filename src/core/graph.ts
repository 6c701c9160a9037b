// graph.ts - which run made what from what, and which runs are needed. Knows no Makefile and no files.
import type { ByteString } from './bytes.ts';
import { isComparable } from './run.ts';
import type { FileState, Run } from './run.ts';

// Runs are taken in the order of their ids, as if each had ended before the next began.
//
// 1. The owner of a path is the last succeeded run with the path among its Outputs; a run of any
//    status that removed the path, or left something there that has no hash, leaves no owner.
// 2. The producer of an Input is the owner of its path just before the run, if that content is the
//    one that was read. An Input without producer is raw.
//    A run in a scratch tree (run.tree) left and removed nothing.
// 3. Owners are live, and producers of live runs. All else has no effect on what is there now.
// 4. A live run comes after the live run that wrote one of its paths before it, and after every
//    live run that read what that one wrote.
// Every edge leads from a later id to an earlier one, so there is no cycle.

/** Of a run what the graph, and those who tell of it, look at. */
export type GraphRun = Pick<Run, 'id' | 'repeats' | 'parent' | 'tree' | 'label' | 'reason' | 'tags' | 'command' | 'status' | 'inputs' | 'outputs' | 'removed'>;

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

/** Live runs in the order of their ids. */
export type LiveGraph = { runs: LiveRun[] };

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

/** The run, counted in its list, that a current result is of. */
export type Owner = { index: number; file: FileState };

type OwningRun = Pick<GraphRun, 'status' | 'outputs' | 'removed' | 'tree'>;

/** Rule 1, for one more run. */
export function noteOwned(owners: Map<ByteString, Owner>, run: OwningRun, index: number): void {
  if (run.tree !== undefined) return;
  for (const path of run.removed) owners.delete(path);
  if (run.status !== 'succeeded') return;
  for (const file of run.outputs) {
    if (isResult(file)) owners.set(file.path, { index, file });
    else owners.delete(file.path);
  }
}

/** The current results of `runs`, which are in the order of their ids, by path (rule 1). */
export function listOwners(runs: OwningRun[]): Map<ByteString, Owner> {
  const owners = new Map<ByteString, Owner>();
  runs.forEach((run, index) => noteOwned(owners, run, index));
  return owners;
}

function findProducers(run: GraphRun, owners: Map<ByteString, Owner>): number[] {
  const found: number[] = [];
  for (const input of run.inputs) {
    const owner = owners.get(input.path);
    if (owner !== undefined && isSameContent(owner.file, input) && found.indexOf(owner.index) < 0) found.push(owner.index);
  }
  // A list that grew has room for many more; this one is kept.
  return found.sort((a, b) => a - b).slice();
}

/** Rules 1 and 2: the owners after all runs, and of each run the indexes of its producers. */
function replayRuns(runs: GraphRun[]): { owners: Map<ByteString, Owner>; producers: number[][] } {
  const owners = new Map<ByteString, Owner>();
  const producers = runs.map((run, index) => {
    const found = findProducers(run, owners);
    noteOwned(owners, run, index);
    return found;
  });
  return { owners, producers };
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

/** Last live run that wrote a path, what it wrote (unless it removed it), and the live runs that read that. */
type Writer = { index: number; file: FileState | undefined; readers: number[] };

function noteReads(run: GraphRun, index: number, producers: number[], writers: Map<ByteString, Writer>): void {
  if (producers.length === 0) return;
  for (const input of run.inputs) {
    const writer = writers.get(input.path);
    if (writer === undefined || writer.file === undefined || producers.indexOf(writer.index) < 0) continue;
    if (isSameContent(writer.file, input)) writer.readers.push(index);
  }
}

/** Rule 4 for one live run: the indexes it comes after that are no producers, ascending. */
function noteWrites(run: GraphRun, index: number, producers: number[], writers: Map<ByteString, Writer>): number[] {
  const after = new Set<number>();
  function write(path: ByteString, file: FileState | undefined): void {
    const before = writers.get(path);
    if (before !== undefined) for (const earlier of [before.index, ...before.readers]) after.add(earlier);
    writers.set(path, { index, file, readers: [] });
  }
  for (const path of run.removed) write(path, undefined);
  for (const file of resultsOf(run)) write(file.path, file);
  return [...after].filter((earlier) => earlier !== index && producers.indexOf(earlier) < 0).sort((a, b) => a - b);
}

function compareByPath(a: FileState, b: FileState): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

/** The live runs of `runs`, which are in the order of their ids. Time and memory are linear. */
export function findLiveRuns(runs: GraphRun[]): LiveGraph {
  const { owners, producers } = replayRuns(runs);
  const isLive = markLive(runs.length, owners, producers);
  const writers = new Map<ByteString, Writer>();
  const live: LiveRun[] = [];
  runs.forEach((run, index) => {
    if (isLive[index] === 0) return;
    noteReads(run, index, producers[index], writers);
    const after = noteWrites(run, index, producers[index], writers);
    live.push(makeLiveRun(run, (path) => owners.get(path)?.index === index,
      producers[index].map((i) => runs[i].id), after.map((i) => runs[i].id)));
  });
  return { runs: live };
}

/** The live run whose results are those of run.outputs that `isOwned` names. */
export function makeLiveRun(run: GraphRun, isOwned: (path: ByteString) => boolean, producers: string[], after: string[]): LiveRun {
  const owned: FileState[] = [];
  const lost: number[] = [];
  run.outputs.forEach((file, index) => {
    if (!isResult(file)) return;
    if (isOwned(file.path)) owned.push(file);
    else lost.push(index);
  });
  return { run, owned: owned.length > 1 ? owned.sort(compareByPath) : owned.slice(), lost: lost.slice(), producers, after };
}
