// staleness.ts - which results are not any more what their steps would make, and what else is not as it should be. Knows no files on a disk and no clock.
import type { ByteString } from './bytes.ts';
import { compareBytes } from './bytes.ts';
import type { GraphRun, Owner } from './graph.ts';
import { isSameContent } from './graph.ts';
import { groupPlaces, NumberList } from './numberlists.ts';
import type { FileState } from './run.ts';
import { findStepCauses, isOfResult } from './stepcauses.ts';
import type { Present, StateNow, StepCause } from './stepcauses.ts';
import type { StepGraph } from './steps.ts';

// 1. A result is stale if its step must be redone for another cause than that a result is missing or
//    changed, which is told as such; or if a step that gives one of its inputs is stale. A raw input
//    that is gone is told as such, too.
// 2. Raw inputs are the files that a step read and that no step makes. Each is expected to be as it was
//    last read. Of a parameter file the keys are expected to be, by which steps are stale.

export type StaleResult = { path: ByteString; run: string; causes: StepCause[] };
export type ChangedResult = { path: ByteString; run: string; /** A later run that did not succeed wrote to it. */ overwrittenBy: string | undefined };
export type RawInput = { path: ByteString; run: string };
/** A planned step that was never run, or must be redone and leaves no result by which that would be told. */
export type OpenStep = { name: ByteString; causes: StepCause[] };

/** What is to be looked at on the disk. */
export type Expectations = {
  graph: StepGraph;
  /** Of each raw input the run that read it last, and what it read; undefined if its content is not what counts. */
  raw: Map<ByteString, { index: number; file: FileState | undefined }>;
  /** All paths that must be looked at, sorted by bytes. */
  paths: ByteString[];
};

export type FileVerdicts = {
  results: number; inputs: number; stale: StaleResult[]; missing: RawInput[]; edited: ChangedResult[]; changedInputs: RawInput[]; goneInputs: RawInput[]; open: OpenStep[];
};

/** The paths that a step is judged by, but for what its patterns name: results, inputs, what was absent. */
export function listPathsOfStep(graph: StepGraph, at: number): ByteString[] {
  const { run } = graph.nodes[at];
  if (run < 0) return [];
  const { inputs, outputs, facts } = graph.runs[run];
  // The texts that are held anyway, and not others.
  const owned = outputs.map((file) => graph.owners.get(file.path)).filter((owner): owner is Owner => owner?.index === run);
  return inputs.concat(owned).map((file) => file.path).concat(facts.absent);
}

/** What the steps say that there should be. */
export function listExpectations(graph: StepGraph): Expectations {
  const raw: Expectations['raw'] = new Map();
  const paths = new Set<ByteString>();
  graph.nodes.forEach((node, at) => {
    for (const path of listPathsOfStep(graph, at)) paths.add(path);
    if (node.run < 0) return;
    const { inputs, facts } = graph.runs[node.run];
    const note = (path: ByteString, file: FileState | undefined): void => {
      if (graph.owners.has(path) || node.transient?.has(path) === true) return;
      if (node.run >= (raw.get(path)?.index ?? 0)) raw.set(path, { index: node.run, file });
    };
    for (const file of inputs) if (file.hash !== '?' && file.kind !== 'd') note(file.path, facts.parameterFiles.indexOf(file.path) < 0 ? file : undefined);
  });
  return { graph, raw, paths: Array.from(paths).sort(compareBytes) };
}

/** What was read and is as it was: the step that wrote it, the one that reads it, and the number of the input. */
type Readings = { writers: NumberList; readers: NumberList; inputs: NumberList };

/** Causes by the number of the step; of one that has none there is nothing. */
type CausesOfSteps = Map<number, StepCause[]>;

/** Why steps are stale (rule 1): the causes found, and those that come from steps before. */
function findStaleSteps(graph: StepGraph, causes: CausesOfSteps, { writers, readers, inputs }: Readings): CausesOfSteps {
  const stale: CausesOfSteps = new Map();
  for (const [at, list] of causes) {
    const own = list.filter((cause) => !isOfResult(cause) && cause.kind !== 'gone');
    if (own.length > 0) stale.set(at, own);
  }
  const waiting = Array.from(stale.keys()).filter((at) => graph.nodes[at].run >= 0);
  const readingsOf = waiting.length === 0 ? undefined : groupPlaces(writers.length, (reading) => writers.get(reading), graph.nodes.length);
  const isSpread = new Set(waiting);
  for (let next = 0; next < waiting.length; next++) {
    const by = graph.runs[graph.nodes[waiting[next]].run].id;
    for (const reading of readingsOf?.(waiting[next]) ?? []) {
      const reader = readers.get(reading);
      const { path } = graph.runs[graph.nodes[reader].run].inputs[inputs.get(reading)];
      const known = stale.get(reader);
      if (known === undefined) stale.set(reader, [{ kind: 'producer', path, by }]);
      else known.push({ kind: 'producer', path, by });
      if (!isSpread.has(reader)) waiting.push(reader);
      isSpread.add(reader);
    }
  }
  return stale;
}

/** Why each step must be redone by itself, and what was read as it was. */
function findAllCauses(graph: StepGraph, present: Present): { causes: CausesOfSteps; readings: Readings } {
  const readings: Readings = { writers: new NumberList(), readers: new NumberList(), inputs: new NumberList() };
  const causes: CausesOfSteps = new Map();
  for (let at = 0; at < graph.nodes.length; at++) {
    const found = findStepCauses(graph, at, present, (writer, input) => {
      readings.writers.push(writer);
      readings.readers.push(at);
      readings.inputs.push(input);
    });
    if (found.length > 0) causes.set(at, found);
  }
  return { causes, readings };
}

/** Of each path to which the last run that wrote to it did so without success, that run and what it left. */
export function findOverwriters(runs: GraphRun[]): Map<ByteString, { id: string; file: FileState }> {
  const found = new Map<ByteString, { id: string; file: FileState }>();
  for (const run of runs) {
    if (run.tree !== undefined || (run.status === 'succeeded' && found.size === 0)) continue;
    for (const file of run.outputs) {
      if (run.status === 'succeeded') found.delete(file.path);
      else found.set(file.path, { id: run.id, file });
    }
  }
  return found;
}

function sortByPath<T extends { path: ByteString }>(list: T[]): T[] {
  return list.sort((a, b) => compareBytes(a.path, b.path));
}

/** The verdicts on all that is expected; lists in the order of paths. */
export function judgeFiles({ graph, raw }: Expectations, present: Present): FileVerdicts {
  const verdicts: FileVerdicts = { results: graph.owners.size, inputs: raw.size, stale: [], missing: [], edited: [], changedInputs: [], goneInputs: [], open: [] };
  const { causes, readings } = findAllCauses(graph, present);
  const stale = findStaleSteps(graph, causes, readings);
  graph.nodes.forEach((node, at) => {
    const why = stale.get(at);
    if (node.plan < 0 || why === undefined) return;
    const isTold = node.run >= 0 && graph.runs[node.run].outputs.some((file) => graph.owners.get(file.path)?.index === node.run);
    if (!isTold) verdicts.open.push({ name: graph.planned[node.plan].name, causes: why });
  });
  for (const [path, { index }] of graph.owners) {
    const why = stale.get(graph.nodeOfRun[index]);
    if (why !== undefined) verdicts.stale.push({ path, run: graph.runs[index].id, causes: why });
  }
  for (const [at, list] of causes) {
    if (graph.nodes[at].run < 0) continue;
    const run = graph.runs[graph.nodes[at].run].id;
    for (const cause of list) {
      if (cause.kind === 'missing') verdicts.missing.push({ path: cause.path, run });
      else if (cause.kind === 'changed') verdicts.edited.push({ path: cause.path, run, overwrittenBy: cause.by });
      // Secret files are among no inputs.
      else if (cause.kind === 'gone' && !raw.has(cause.path) && !verdicts.goneInputs.some((one) => one.path === cause.path)) verdicts.goneInputs.push({ path: cause.path, run });
    }
  }
  judgeRawInputs(graph, raw, present.stateOf, verdicts);
  for (const list of [verdicts.stale, verdicts.missing, verdicts.edited, verdicts.changedInputs, verdicts.goneInputs]) sortByPath(list as { path: ByteString }[]);
  return verdicts;
}

function judgeRawInputs(graph: StepGraph, raw: Expectations['raw'], stateOf: StateNow, verdicts: FileVerdicts): void {
  for (const [path, { index, file }] of raw) {
    const run = graph.runs[index].id;
    const now = stateOf(path);
    if (now === undefined) verdicts.goneInputs.push({ path, run });
    else if (file !== undefined && now.hash !== '?' && !isSameContent(file, now)) verdicts.changedInputs.push({ path, run });
  }
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
 * run made (findUnknown)? Hidden files are none. In the project's own folder, where much else lies,
 * only what ends like a result there.
 */
export function makeOrphanTester(owners: Map<ByteString, Owner>): (folder: ByteString, name: ByteString) => boolean {
  const endings = new Set<ByteString>();
  for (const path of owners.keys()) if (path.indexOf('/') < 0) endings.add(endingOf(path));
  return (folder, name) => {
    if (name[0] === '.' || owners.has(folder === '' ? name : folder + '/' + name)) return false;
    return folder !== '' || (endingOf(name) !== '' && endings.has(endingOf(name)) && !/^(?:README|LICEN[CS]E|COPYING|CHANGES|CHANGELOG|NEWS|AUTHORS|CITATION|TODO|INSTALL)\b/i.test(name));
  };
}

/** Those of the paths that no run in the project read or wrote. */
export function findUnknown(runs: GraphRun[], paths: ByteString[]): ByteString[] {
  const unknown = new Set(paths);
  for (const run of unknown.size === 0 ? [] : runs) {
    if (run.tree !== undefined) continue;
    for (const file of run.outputs) unknown.delete(file.path);
    for (const file of run.inputs) unknown.delete(file.path);
  }
  return Array.from(unknown);
}
