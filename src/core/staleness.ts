// staleness.ts - which results are not any more what their runs would make, and exactly why. Knows no files on a disk and no clock.
import type { ByteString } from './bytes.ts';
import { compareBytes } from './bytes.ts';
import { findNeeded, isSameContent } from './graph.ts';
import type { GraphRun, Owner } from './graph.ts';
import type { FileState } from './run.ts';

// 1. A result is stale if a file that its run read has other content now than was read, or if the
//    owner of such a file is stale. What the run wrote or removed itself does not count, nor what is
//    gone: gone results are missing, gone raw inputs are told as such.
// 2. Content decides, never a time.
// 3. Raw inputs are the files that a live run read and that no run has written or removed since. Each
//    is expected to be as it was last read.

/** A file as it is now: undefined if it is gone; hash '?' if it cannot be read. */
export type StateNow = (path: ByteString) => FileState | undefined;

/** Why a result is stale. */
export type StaleCause =
  | { kind: 'input'; path: ByteString; /** The run whose result it is now; undefined: raw, or changed by hand. */ by: string | undefined }
  | { kind: 'producer'; path: ByteString; by: string }
  | { kind: 'environment'; what: ByteString };

export type StaleResult = { path: ByteString; run: string; causes: StaleCause[] };
export type ChangedResult = { path: ByteString; run: string; /** A later run that did not succeed wrote to it. */ overwrittenBy: string | undefined };
export type RawInput = { path: ByteString; run: string };

/** What is to be looked at on the disk. */
export type Expectations = {
  runs: GraphRun[];
  owners: Map<ByteString, Owner>;
  /** Of each run: does a current result need it? */
  isLive: Uint8Array;
  /** Of each path a live run read last and no run wrote since: the run and what it read. */
  raw: Map<ByteString, Owner>;
  /** All paths that must be looked at, sorted by bytes. */
  paths: ByteString[];
};

export type FileVerdicts = { results: number; inputs: number; stale: StaleResult[]; missing: RawInput[]; edited: ChangedResult[]; changedInputs: RawInput[]; goneInputs: RawInput[] };

/** What `runs`, which are in the order of their ids, say that there should be. */
export function listExpectations(runs: GraphRun[]): Expectations {
  const { owners, isLive } = findNeeded(runs);
  const raw = new Map<ByteString, Owner>();
  runs.forEach((run, index) => {
    if (run.tree !== undefined) return;
    if (isLive[index] === 1) for (const file of run.inputs) if (file.hash !== '?' && file.kind !== 'd' && !owners.has(file.path)) raw.set(file.path, { index, file });
    for (const file of run.outputs) raw.delete(file.path);
    for (const path of run.removed) raw.delete(path);
  });
  const paths = new Set(owners.keys());
  for (const path of raw.keys()) paths.add(path);
  for (const owner of owners.values()) for (const input of runs[owner.index].inputs) paths.add(input.path);
  return { runs, owners, isLive, raw, paths: Array.from(paths).sort(compareBytes) };
}

/** The runs that own results, each once, ascending. */
function listOwningRuns(owners: Map<ByteString, Owner>): number[] {
  return Array.from(new Set(Array.from(owners.values(), (owner) => owner.index))).sort((a, b) => a - b);
}

type Staleness = {
  /** Of each owning run the causes found so far. */
  causes: Map<number, StaleCause[]>;
  /** Of each owning run those that read a result of it as it is now. */
  readers: Map<number, { run: number; path: ByteString }[]>;
};

function noteReading(expected: Expectations, index: number, input: FileState, now: FileState | undefined, found: Staleness): void {
  const owner = expected.owners.get(input.path);
  const by = owner === undefined ? undefined : expected.runs[owner.index].id;
  if (now !== undefined && now.hash !== '?' && !isSameContent(now, input)) {
    const isOwners = owner !== undefined && isSameContent(now, owner.file);
    (found.causes.get(index) as StaleCause[]).push({ kind: 'input', path: input.path, by: isOwners ? by : undefined });
  } else if (owner !== undefined && owner.index !== index && isSameContent(owner.file, input)) {
    const readers = found.readers.get(owner.index);
    if (readers === undefined) found.readers.set(owner.index, [{ run: index, path: input.path }]);
    else readers.push({ run: index, path: input.path });
  }
}

/** Rule 1. `environmentCauses` are further causes of a run, by its number. */
function findStaleRuns(expected: Expectations, stateOf: StateNow, environmentCauses: (run: number) => StaleCause[]): Map<number, StaleCause[]> {
  const found: Staleness = { causes: new Map(), readers: new Map() };
  const owning = listOwningRuns(expected.owners);
  for (const index of owning) {
    const run = expected.runs[index];
    found.causes.set(index, environmentCauses(index));
    const own = new Set(run.removed);
    for (const file of run.outputs) own.add(file.path);
    for (const input of run.inputs) {
      if (input.hash !== '?' && input.kind !== 'd' && !own.has(input.path)) noteReading(expected, index, input, stateOf(input.path), found);
    }
  }
  // A result can be made again with the same bytes by a later run, so the order of the runs is no order of these.
  const waiting = owning.filter((index) => (found.causes.get(index) as StaleCause[]).length > 0);
  const isSpread = new Set(waiting);
  for (let at = 0; at < waiting.length; at++) {
    for (const { run, path } of found.readers.get(waiting[at]) ?? []) {
      (found.causes.get(run) as StaleCause[]).push({ kind: 'producer', path, by: expected.runs[waiting[at]].id });
      if (!isSpread.has(run)) waiting.push(run);
      isSpread.add(run);
    }
  }
  return found.causes;
}

/** The last run that wrote to each of these paths without success, after its owner. */
function findOverwriters(runs: GraphRun[], paths: Set<ByteString>): Map<ByteString, { id: string; file: FileState }> {
  const found = new Map<ByteString, { id: string; file: FileState }>();
  for (const run of paths.size === 0 ? [] : runs) {
    if (run.tree !== undefined) continue;
    for (const file of run.outputs) {
      if (!paths.has(file.path)) continue;
      if (run.status === 'succeeded') found.delete(file.path);
      else found.set(file.path, { id: run.id, file });
    }
  }
  return found;
}

function isAsExpected(file: FileState, now: FileState): boolean {
  return now.hash === '?' || isSameContent(file, now);
}

/** The verdicts on all that is expected; lists in the order of paths. */
export function judgeFiles(expected: Expectations, stateOf: StateNow, environmentCauses: (run: number) => StaleCause[]): FileVerdicts {
  const { runs, owners, raw } = expected;
  const verdicts: FileVerdicts = { results: owners.size, inputs: raw.size, stale: [], missing: [], edited: [], changedInputs: [], goneInputs: [] };
  const causes = findStaleRuns(expected, stateOf, environmentCauses);
  for (const [path, { index, file }] of owners) {
    const run = runs[index].id;
    const now = stateOf(path);
    if (now === undefined) verdicts.missing.push({ path, run });
    else if (!isAsExpected(file, now)) verdicts.edited.push({ path, run, overwrittenBy: undefined });
    const why = causes.get(index) as StaleCause[];
    if (why.length > 0) verdicts.stale.push({ path, run, causes: why });
  }
  for (const [path, { index, file }] of raw) {
    const now = stateOf(path);
    if (now === undefined) verdicts.goneInputs.push({ path, run: runs[index].id });
    else if (!isAsExpected(file, now)) verdicts.changedInputs.push({ path, run: runs[index].id });
  }
  const overwriters = findOverwriters(runs, new Set(verdicts.edited.map((one) => one.path)));
  for (const one of verdicts.edited) {
    const by = overwriters.get(one.path);
    const now = stateOf(one.path);
    if (by !== undefined && now !== undefined && isSameContent(by.file, now)) one.overwrittenBy = by.id;
  }
  for (const list of [verdicts.stale, verdicts.missing, verdicts.edited, verdicts.changedInputs, verdicts.goneInputs]) list.sort((a: { path: ByteString }, b: { path: ByteString }) => compareBytes(a.path, b.path));
  return verdicts;
}

// ---- files that nobody accounts for -----------------------------------------------------------------

/** The folders that hold results, '' is the project; relative, sorted by bytes. */
export function listResultFolders(owners: Map<ByteString, Owner>): ByteString[] {
  const folders = new Set<ByteString>();
  for (const path of owners.keys()) folders.add(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
  return Array.from(folders).sort(compareBytes);
}

function endingOf(name: ByteString): ByteString {
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot);
}

/**
 * A test of the files in the folder that `listResultFolders` calls so: may one be a result that no
 * run made? Hidden files are none. In the project's own folder, where much else lies, only what ends
 * like a result there.
 */
export function makeOrphanTester(runs: GraphRun[], owners: Map<ByteString, Owner>): (folder: ByteString, name: ByteString) => boolean {
  const known = new Set<ByteString>();
  for (const run of runs) {
    if (run.tree !== undefined) continue;
    for (const file of run.outputs) known.add(file.path);
    for (const file of run.inputs) known.add(file.path);
  }
  const endings = new Set<ByteString>();
  for (const path of owners.keys()) if (path.indexOf('/') < 0) endings.add(endingOf(path));
  return (folder, name) => {
    if (name[0] === '.' || known.has(folder === '' ? name : folder + '/' + name)) return false;
    return folder !== '' || (endingOf(name) !== '' && endings.has(endingOf(name)) && !/^(?:README|LICEN[CS]E|COPYING|CHANGES|CHANGELOG|NEWS|AUTHORS|CITATION|TODO|INSTALL)\b/i.test(name));
  };
}
