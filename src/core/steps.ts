// steps.ts - which steps there are, and which must be settled before which. Knows no files on a disk and no clock.
import type { ByteString } from './bytes.ts';
import { compareBytes } from './bytes.ts';
import { findCircles } from './circles.ts';
import { compileGlob, fixedFolder, isGlob } from './glob.ts';
import { isResult, noteOwned } from './graph.ts';
import type { GraphRun, Owner } from './graph.ts';
import type { PlannedStep } from './plan.ts';
import type { Run } from './run.ts';

// A step is a command that makes results, seen as a rule: as it was last run, or as the plan says.
//
// 1. A run counts unless it was in a scratch tree, another stands in its place (Redoes), or a later
//    one carries out the same planned step. Runs are taken in the order of their ids, but a run that
//    redoes another has the place of that.
// 2. The owner of a path is found from the runs that count, in that order (graph.ts, 1).
// 3. Steps are the owners, the planned steps, and the runs of 6.
// 4. A step comes after the owner of each path that its run read, or looked for in vain; after a
//    planned step that is to write such a path; and before the owner of a path that it writes, too.
// 5. Where this goes round in a circle, what was read against the order is transient: it was
//    overwritten afterwards by a step that comes from its reader. So is what was removed, and what a
//    run changed in place. It cannot be compared with what is there now, but with what the run gave
//    that wrote it before the reader: its supplier.
// 6. A supplier is a step, whatever it owns.

/** What besides its files decides whether a run must be done again, and in whose place it stands. Of most runs there is nothing. */
export type StepFacts = Pick<Run, 'plan' | 'redoes' | 'sweep' | 'absent' | 'secretInputs' | 'parameterFiles'> & {
  /** Only those whose value stands in a parameter file. */
  parameters: ByteString[];
  declaredVariables: ByteString[];
  /** Only those that are declared, as lines of the record: 'NAME=VALUE', 'NAME HMAC'. */
  variables: ByteString[];
  variableHashes: ByteString[];
  /** Folders and globs of which each file was taken for an input. */
  inputPatterns: ByteString[];
};

export const NO_FACTS: StepFacts = { absent: [], secretInputs: [], parameterFiles: [], parameters: [], declaredVariables: [], variables: [], variableHashes: [], inputPatterns: [] };

export type StepRun = GraphRun & { facts: StepFacts };

/** The file and the key of a parameter 'PATH:KEY VALUE'; undefined if it stands in none of these files. */
export function splitFileParameter(parameter: ByteString, files: ByteString[]): { path: ByteString; key: ByteString; value: ByteString } | undefined {
  const path = files.find((file) => parameter.startsWith(file + ':'));
  const space = path === undefined ? -1 : parameter.indexOf(' ', path.length);
  return path === undefined || space < 0 ? undefined : { path, key: parameter.slice(path.length + 1, space), value: parameter.slice(space + 1) };
}

export function stepFactsOf(run: Run): StepFacts {
  const declared = new Set(run.declaredVariables);
  const read = new Set(run.inputs.map((file) => file.path));
  return {
    plan: run.plan, redoes: run.redoes, sweep: run.sweep, absent: run.absent, secretInputs: run.secretInputs, parameterFiles: run.parameterFiles,
    parameters: run.parameters.filter((parameter) => splitFileParameter(parameter, run.parameterFiles) !== undefined), declaredVariables: run.declaredVariables,
    variables: run.variables.filter((line) => declared.has(line.slice(0, line.indexOf('=')))), variableHashes: run.variableHashes.filter((line) => declared.has(line.slice(0, line.indexOf(' ')))),
    // Of a watched run only what it read is an input, whatever was declared.
    inputPatterns: run.observed.startsWith('strace') ? [] : run.declaredInputs.filter((pattern) => !read.has(pattern)),
  };
}

/** A step of the plan. `differences`: in what it is not any more as it was last run, as sentences; empty if it was never run. */
export type PlannedRule = Pick<PlannedStep, 'name' | 'template'> & { differences: ByteString[] };

export type StepNode = {
  /** Its run, counted in the list; -1: it was never run. */
  run: number;
  /** Its rule in the plan, counted; -1: there is none. */
  plan: number;
  /** Steps, counted, whose results it reads; ascending. */
  before: number[];
  /** Further steps that must be settled before, as they write or need what it writes or removes; ascending. */
  after: number[];
  /** Inputs that are transient: the run of their supplier, or -1 if there is none. */
  transient: Map<ByteString, number> | undefined;
};

export type StepGraph = {
  runs: StepRun[];
  planned: PlannedRule[];
  owners: Map<ByteString, Owner>;
  /** In the order of their places; those never run come last, as planned. */
  nodes: StepNode[];
  /** Of each run its step, counted; -1: it is none. */
  nodeOfRun: ArrayLike<number>;
};

// ---- which runs count, and in what order -----------------------------------------------------------

/** Place of the run with this id among the first `end` runs, which are in the order of their ids; -1 if it is not there. */
export function findRunBefore(runs: Pick<StepRun, 'id'>[], id: string, end: number): number {
  let low = 0;
  for (let high = end; low < high;) {
    const middle = (low + high) >> 1;
    if (runs[middle].id < id) low = middle + 1;
    else high = middle;
  }
  return low < end && runs[low].id === id ? low : -1;
}

function isOfProject(run: StepRun): boolean {
  return run.status === 'succeeded' && run.tree === undefined;
}

/** The last run that carried out each of these planned steps, by its number. */
export function findCarriers(runs: StepRun[], names: Set<ByteString>): Map<ByteString, number> {
  const carriers = new Map<ByteString, number>();
  if (names.size > 0) {
    runs.forEach((run, index) => {
      const { plan } = run.facts;
      if (plan !== undefined && names.has(plan) && isOfProject(run)) carriers.set(plan, index);
    });
  }
  return carriers;
}

/** Rule 1: the numbers of the runs that count, in their order. */
function orderRuns(runs: StepRun[], carriers: Map<ByteString, number>): number[] {
  const place = new Map<number, number>(); // of a run that has another one's
  const standing = new Map<number, number>(); // of a place: the run that stands there
  const isOut = new Uint8Array(runs.length);
  runs.forEach((run, index) => {
    if (run.tree !== undefined) isOut[index] = 1;
    const { redoes, plan } = run.facts;
    const earlier = redoes === undefined || !isOfProject(run) ? -1 : findRunBefore(runs, redoes, index);
    if (earlier >= 0) {
      const its = place.get(earlier) ?? earlier;
      isOut[standing.get(its) ?? its] = 1;
      standing.set(its, index);
      place.set(index, its);
    }
    if (plan !== undefined && carriers.has(plan) && carriers.get(plan) !== index && run.status === 'succeeded') isOut[index] = 1;
  });
  const order: number[] = [];
  for (let index = 0; index < runs.length; index++) if (isOut[index] === 0) order.push(index);
  const placeOf = (index: number): number => place.get(index) ?? index;
  return place.size === 0 ? order : order.sort((a, b) => placeOf(a) - placeOf(b) || a - b);
}

// ---- what is known before there are edges ----------------------------------------------------------

/** A step while its edges are found. `place` gives the order. */
type StepDraft = { run: number; plan: number; place: number; transient: Map<ByteString, number> | undefined };

type Drafting = {
  runs: StepRun[];
  planned: PlannedRule[];
  order: number[];
  owners: Map<ByteString, Owner>;
  /** Where each run stands in the order. */
  placeOf: Int32Array;
  /** Of each path that a run removed and nobody owns now, the place of the last that did. */
  gone: Map<ByteString, number>;
  drafts: StepDraft[];
  /** Of each run its draft, counted; -1: it has none. */
  draftOfRun: Int32Array;
  /** What planned steps are to write that are to be run. */
  promises: { pattern: ByteString; fits: (path: ByteString) => boolean; draft: number }[];
  /** Of each path, in order: twice the place of a run that wrote it; and one more if it is gone then. Found at first use. */
  events: Map<ByteString, number[]> | undefined;
  /** The paths that have an owner, sorted. Found at first use. */
  owned: ByteString[] | undefined;
};

/** Does a path fall under what was declared: is it that file, in that folder, or matched by that glob? */
export function makePatternTester(pattern: ByteString): (path: ByteString) => boolean {
  if (!isGlob(pattern)) return (path) => path === pattern || pattern === '.' || path.startsWith(pattern + '/');
  const matches = compileGlob(pattern);
  return (path) => {
    if (path === pattern || matches(path)) return true;
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) if (matches(path.slice(0, end))) return true;
    return false;
  };
}

function redirectsOf(template: Run, signs: RegExp): ByteString[] {
  return template.redirects.map((redirect) => signs.exec(redirect)).filter((parts): parts is RegExpExecArray => parts !== null).map((parts) => parts[1]);
}

/** What a planned step says that it reads, and that it writes: files, folders and globs. */
export function plannedInputs(template: Run): ByteString[] {
  return template.declaredInputs.concat(redirectsOf(template, /^0 < ([^]*)$/));
}

export function plannedOutputs(template: Run): ByteString[] {
  return template.declaredOutputs.concat(redirectsOf(template, /^[12] >>? ([^]*)$/));
}

/** Must the planned step be run because of its text alone? */
function isOpen(drafting: Drafting, draft: StepDraft): boolean {
  return draft.plan >= 0 && (draft.run < 0 || drafting.planned[draft.plan].differences.length > 0);
}

function addDraft(drafting: Drafting, run: number, plan: number, place: number): number {
  const at = drafting.drafts.length;
  drafting.drafts.push({ run, plan, place, transient: undefined });
  if (run >= 0) drafting.draftOfRun[run] = at;
  const draft = drafting.drafts[at];
  if (isOpen(drafting, draft)) for (const pattern of plannedOutputs(drafting.planned[plan].template)) drafting.promises.push({ pattern, fits: makePatternTester(pattern), draft: at });
  return at;
}

/** Rules 1 to 3. */
function beginDrafting(runs: StepRun[], planned: PlannedRule[]): Drafting {
  const carriers = findCarriers(runs, new Set(planned.map((rule) => rule.name)));
  const order = orderRuns(runs, carriers);
  const owners = new Map<ByteString, Owner>();
  const gone = new Map<ByteString, number>();
  const placeOf = new Int32Array(runs.length);
  order.forEach((index, place) => {
    const run = runs[index];
    placeOf[index] = place;
    noteOwned(owners, run, index);
    for (const path of run.removed) gone.set(path, place);
    if (run.status === 'succeeded') for (const file of run.outputs) if (!isResult(file)) gone.set(file.path, place);
  });
  for (const path of gone.keys()) if (owners.has(path)) gone.delete(path);
  const drafting: Drafting = { runs, planned, order, placeOf, owners, gone, drafts: [], draftOfRun: new Int32Array(runs.length).fill(-1), promises: [], events: undefined, owned: undefined };
  const isOwner = new Uint8Array(runs.length);
  for (const owner of owners.values()) isOwner[owner.index] = 1;
  const ruleOf = new Map(planned.map((rule, at): [number, number] => [carriers.get(rule.name) ?? -1, at]));
  order.forEach((index, place) => {
    const plan = ruleOf.get(index) ?? -1;
    if (plan >= 0 || isOwner[index] === 1) addDraft(drafting, index, plan, place);
  });
  planned.forEach((rule, at) => { if (!carriers.has(rule.name)) addDraft(drafting, -1, at, order.length + at); });
  return drafting;
}

// ---- what was there before -------------------------------------------------------------------------

function readEvents(drafting: Drafting): Map<ByteString, number[]> {
  const events = new Map<ByteString, number[]>();
  const note = (path: ByteString, event: number): void => {
    const known = events.get(path);
    if (known === undefined) events.set(path, [event]);
    else known.push(event);
  };
  drafting.order.forEach((index, place) => {
    const run = drafting.runs[index];
    for (const path of run.removed) note(path, 2 * place + 1);
    if (run.status === 'succeeded') for (const file of run.outputs) note(file.path, 2 * place + (isResult(file) ? 0 : 1));
  });
  return events;
}

/** Is a path that nobody owns gone because a run removed it, this one or a later one? */
function isRemovedAfter(drafting: Drafting, path: ByteString, place: number): boolean {
  const removed = drafting.gone.get(path);
  return removed !== undefined && removed >= place;
}

/** The run that owned a path just before this place; -1 if none did. */
function findSupplier(drafting: Drafting, path: ByteString, place: number): number {
  drafting.events = drafting.events ?? readEvents(drafting);
  const events = drafting.events.get(path) ?? [];
  let low = 0;
  for (let high = events.length; low < high;) {
    const middle = (low + high) >> 1;
    if (events[middle] < 2 * place) low = middle + 1;
    else high = middle;
  }
  return low === 0 || events[low - 1] % 2 === 1 ? -1 : drafting.order[events[low - 1] / 2];
}

/** The run that removed a path after this place, if that is what came next. */
function findRemover(drafting: Drafting, path: ByteString, place: number): number {
  const next = (drafting.events?.get(path) ?? []).find((event) => event >= 2 * place + 2);
  return next === undefined || next % 2 === 0 ? -1 : drafting.order[(next - 1) / 2];
}

// ---- edges -----------------------------------------------------------------------------------------

/** A path that one step reads and another, or it itself, writes. `writer` -1: it was removed. */
type PathReading = { reader: number; writer: number; path: ByteString };

/** Drafts, counted, that each comes after; of most there are none in `after`. */
type Links = { before: number[][]; after: Map<number, number[]>; against: PathReading[]; lost: PathReading[] };

// Of 100,000 steps an empty list for each is felt. Nobody adds to it.
const NO_STEPS: number[] = [];

function noteAfter({ after }: Links, at: number, earlier: number): void {
  const known = after.get(at);
  if (known === undefined) after.set(at, [earlier]);
  else known.push(earlier);
}

/** The owned paths that a pattern names. */
function listOwnedUnder(drafting: Drafting, pattern: ByteString): ByteString[] {
  drafting.owned = drafting.owned ?? Array.from(drafting.owners.keys()).sort(compareBytes);
  const { owned } = drafting;
  const fits = makePatternTester(pattern);
  const from = isGlob(pattern) ? fixedFolder(pattern) : pattern === '.' ? '' : pattern;
  let low = 0;
  for (let high = owned.length; low < high;) {
    const middle = (low + high) >> 1;
    if (owned[middle] < from) low = middle + 1;
    else high = middle;
  }
  const found: ByteString[] = [];
  for (; low < owned.length && owned[low].startsWith(from); low++) if (fits(owned[low])) found.push(owned[low]);
  return found;
}

function doOverlap(a: ByteString, b: ByteString): boolean {
  return makePatternTester(a)(b) || makePatternTester(b)(a);
}

/** Calls `take` with each path that a step reads or looks for, and each file, folder or glob that it is said to read. */
function eachRead(drafting: Drafting, draft: StepDraft, take: (path: ByteString) => void, takePattern: (pattern: ByteString) => void): void {
  if (draft.run >= 0) {
    const run = drafting.runs[draft.run];
    const { facts } = run;
    for (const file of run.inputs) if (file.kind !== 'd') take(file.path);
    for (const path of facts.absent) take(path);
    for (const line of facts.secretInputs) take(line.slice(line.indexOf(' ') + 1));
    facts.inputPatterns.forEach(takePattern);
  }
  if (isOpen(drafting, draft)) plannedInputs(drafting.planned[draft.plan].template).forEach(takePattern);
}

/** The planned steps that are to write this path. What a pattern names and another step owns is that other's. */
function listPromisers(drafting: Drafting, path: ByteString, isOwned: boolean): number[] {
  return drafting.promises.filter(({ pattern, fits }) => path === pattern || (!isOwned && fits(path))).map(({ draft }) => draft);
}

/** Rule 4, as far as it is no circle; and what may be one. */
function linkDrafts(drafting: Drafting): Links {
  const { drafts, owners, draftOfRun } = drafting;
  const links: Links = { before: [], after: new Map(), against: [], lost: [] };
  drafts.forEach((draft, reader) => {
    const before = new Set<number>();
    const readFrom = (writer: number, path: ByteString): void => {
      if (writer === reader || draft.transient?.has(path) === true) return;
      before.add(writer);
      if (drafts[writer].place > draft.place) links.against.push({ reader, writer, path });
    };
    const take = (path: ByteString): void => {
      const supplier = draft.transient?.get(path);
      if (supplier !== undefined) {
        if (supplier >= 0) before.add(draftOfRun[supplier]);
        return;
      }
      const owner = owners.get(path);
      if (owner !== undefined && owner.index === draft.run) links.lost.push({ reader, writer: reader, path });
      else if (owner !== undefined) readFrom(draftOfRun[owner.index], path);
      else if (draft.run >= 0 && isRemovedAfter(drafting, path, draft.place)) links.lost.push({ reader, writer: -1, path });
      if (drafting.promises.length > 0) for (const promiser of listPromisers(drafting, path, owner !== undefined)) readFrom(promiser, path);
    };
    eachRead(drafting, draft, take, (pattern) => {
      if (!isGlob(pattern)) take(pattern);
      for (const path of listOwnedUnder(drafting, pattern)) if (owners.get(path)?.index !== draft.run) take(path);
      for (const promise of drafting.promises) if (doOverlap(promise.pattern, pattern)) readFrom(promise.draft, promise.pattern);
    });
    links.before.push(before.size === 0 ? NO_STEPS : Array.from(before));
  });
  linkWriters(drafting, links);
  return links;
}

/** A step that writes what another owns comes before that; who reads what is removed comes before the remover. */
function linkWriters(drafting: Drafting, links: Links): void {
  const { drafts, owners, draftOfRun, runs } = drafting;
  drafts.forEach((draft, at) => {
    const passed = new Set<number>();
    if (draft.run >= 0) {
      for (const file of runs[draft.run].outputs) {
        const owner = owners.get(file.path);
        if (owner !== undefined && owner.index !== draft.run) passed.add(draftOfRun[owner.index]);
      }
    }
    if (draft.plan >= 0 && draft.run < 0) {
      // It takes over what others own: they come before.
      for (const pattern of plannedOutputs(drafting.planned[draft.plan].template)) {
        const owner = owners.get(pattern);
        if (owner !== undefined) noteAfter(links, at, draftOfRun[owner.index]);
      }
    }
    for (const later of passed) if (drafts[later].place > draft.place) noteAfter(links, later, at);
    for (const path of draft.transient === undefined ? [] : draft.transient.keys()) {
      const run = owners.has(path) ? -1 : findRemover(drafting, path, draft.place);
      const remover = run < 0 ? -1 : draftOfRun[run];
      if (remover >= 0 && remover !== at && drafts[remover].place > draft.place) noteAfter(links, remover, at);
    }
  });
}

// ---- circles ---------------------------------------------------------------------------------------

// Each round leaves out edges or adds steps, and most projects need one. Where circles lie within
// circles so deep that these are not enough, the order alone decides.
const MOST_ROUNDS = 20;

/** Rules 5 and 6 for these readings: marks them, and makes steps of their suppliers, and so on. */
function passOver(drafting: Drafting, found: PathReading[], circleOf: (draft: number) => number): void {
  const { drafts, owners, draftOfRun, runs } = drafting;
  const waiting = found.slice();
  const circles = new Map<number, number>(); // of suppliers that were added
  const circle = (draft: number): number => circles.get(draft) ?? circleOf(draft);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { reader, path } = next;
    const draft = drafts[reader];
    draft.transient = draft.transient ?? new Map();
    if (draft.transient.has(path)) continue;
    const supplier = draft.run < 0 ? -1 : findSupplier(drafting, path, draft.place);
    draft.transient.set(path, supplier);
    if (supplier < 0 || draftOfRun[supplier] >= 0) continue;
    const added = addDraft(drafting, supplier, -1, drafting.placeOf[supplier]);
    circles.set(added, circle(reader));
    // What it read in its turn may be just as transient: a file that many runs changed in place.
    for (const input of runs[supplier].inputs) {
      const owner = owners.get(input.path);
      if (owner === undefined && isRemovedAfter(drafting, input.path, drafts[added].place)) waiting.push({ reader: added, writer: -1, path: input.path });
      const writer = owner === undefined ? -1 : draftOfRun[owner.index];
      if (writer >= 0 && drafts[writer].place > drafts[added].place && circle(writer) === circle(reader)) waiting.push({ reader: added, writer, path: input.path });
    }
  }
}

/** The edges once there is no circle. */
function breakCircles(drafting: Drafting): Links {
  for (let round = 1; ; round++) {
    const links = linkDrafts(drafting);
    if (links.against.length + links.lost.length === 0) return links;
    const circles = links.against.length === 0 ? undefined : findCircles(links.before.map((before, at) => before.concat(links.after.get(at) ?? NO_STEPS)));
    const circleOf = (draft: number): number => (circles === undefined ? draft : circles[draft]);
    const closed = links.against.filter(({ reader, writer }) => round > MOST_ROUNDS || circleOf(reader) === circleOf(writer));
    if (closed.length + links.lost.length === 0) return links;
    passOver(drafting, closed.concat(links.lost), circleOf);
  }
}

/** The steps of `runs`, which are in the order of their ids, and of the plan. */
export function buildStepGraph(runs: StepRun[], planned: PlannedRule[]): StepGraph {
  const drafting = beginDrafting(runs, planned);
  const links = breakCircles(drafting);
  const { drafts, owners } = drafting;
  const sorted = drafts.map((_, at) => at).sort((a, b) => drafts[a].place - drafts[b].place);
  const nodeOf = new Int32Array(drafts.length);
  sorted.forEach((draft, node) => { nodeOf[draft] = node; });
  const toNodes = (list: number[]): number[] => (list.length < 2 ? list.map((draft) => nodeOf[draft]) : Array.from(new Set(list), (draft) => nodeOf[draft]).sort((a, b) => a - b));
  const nodes = sorted.map((at): StepNode => {
    const before = links.before[at].length === 0 ? NO_STEPS : toNodes(links.before[at]);
    const after = links.after.get(at);
    return { run: drafts[at].run, plan: drafts[at].plan, before, after: after === undefined ? NO_STEPS : toNodes(after).filter((one) => before.indexOf(one) < 0), transient: drafts[at].transient };
  });
  const nodeOfRun = new Int32Array(runs.length).fill(-1);
  nodes.forEach((node, at) => { if (node.run >= 0) nodeOfRun[node.run] = at; });
  return { runs, planned, owners, nodes, nodeOfRun };
}

/** These steps, each after those that must be settled before it; else in their order. */
export function sortSteps(graph: StepGraph, wanted: Iterable<number>): number[] {
  const chosen = new Set(wanted);
  const state = new Uint8Array(graph.nodes.length); // 1: on the path, 2: listed
  const sorted: number[] = [];
  for (const start of Array.from(chosen).sort((a, b) => a - b)) {
    const path = [start];
    while (path.length > 0) {
      const at = path[path.length - 1];
      if (state[at] === 0) {
        state[at] = 1;
        const { before, after } = graph.nodes[at];
        // The last one pushed is the first to be listed.
        for (const one of after.concat(before).sort((a, b) => b - a)) if (state[one] === 0 && chosen.has(one)) path.push(one);
      } else {
        path.pop();
        if (state[at] === 1) sorted.push(at);
        state[at] = 2;
      }
    }
  }
  return sorted;
}

/** All steps that must be settled before one of these, and these. */
export function withAllBefore(graph: StepGraph, wanted: number[]): Set<number> {
  const found = new Set(wanted);
  // A set gives what is added while it is gone through, too.
  for (const at of found) for (const one of graph.nodes[at].before) found.add(one);
  return found;
}

/** All steps whose inputs come from one of these, and these. */
export function withAllAfter(graph: StepGraph, wanted: number[]): Set<number> {
  const next: number[][] = graph.nodes.map(() => []);
  graph.nodes.forEach((node, at) => { for (const one of node.before) next[one].push(at); });
  const found = new Set(wanted);
  for (const at of found) for (const one of next[at]) found.add(one);
  return found;
}
