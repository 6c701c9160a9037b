// select.ts - which runs a person means. Knows no files and no output.
import { compareBytes } from './bytes.ts';
import type { ByteString } from './bytes.ts';
import type { GraphRun } from './graph.ts';
import type { Run, RunSummary } from './run.ts';

export type Selection<R> =
  | { kind: 'one'; run: R }
  | { kind: 'none' }
  | { kind: 'several'; runs: R[] };

function selectionOf<R>(runs: R[]): Selection<R> {
  if (runs.length === 0) return { kind: 'none' };
  return runs.length === 1 ? { kind: 'one', run: runs[0] } : { kind: 'several', runs };
}

/**
 * The run that `reference` means, of `runs` in order of ids: "@" the last, "@-1" the one before it,
 * an id, a prefix of an id, a label, or a file that a run made (the last that did); findMakers gives
 * those of them that made it, and is asked last. A label of several runs, or a prefix of several
 * ids, is 'several'.
 */
export function selectRun<R extends Pick<RunSummary, 'id' | 'label' | 'repeats' | 'status'>>(reference: ByteString, runs: R[], findMakers: () => R[]): Selection<R> {
  const fromEnd = /^@(?:-(\d+))?$/.exec(reference);
  if (fromEnd !== null) {
    const at = runs.length - 1 - Number(fromEnd[1] ?? 0);
    return at >= 0 ? { kind: 'one', run: runs[at] } : { kind: 'none' };
  }
  const exact = runs.filter((run) => run.id === reference);
  if (exact.length > 0) return selectionOf(exact);
  const carriers = runs.filter((run) => run.label === reference);
  // A repeat in the project has the label of the run in whose place it came.
  const replaced = new Set(carriers.filter((run) => run.status === 'succeeded').map((run) => run.repeats));
  const labelled = carriers.filter((run) => !replaced.has(run.id));
  if (labelled.length > 0) return selectionOf(labelled);
  const makers = findMakers();
  if (makers.length > 0) return { kind: 'one', run: makers[makers.length - 1] };
  return /^[0-9]/.test(reference) ? selectionOf(runs.filter((run) => run.id.startsWith(reference))) : { kind: 'none' };
}

/** Of a parameter or metric: "NAME" alone, or with what one of its values is to be. */
export type ParameterCondition = { name: ByteString; operator?: '=' | '!=' | '<' | '<=' | '>' | '>='; value: ByteString };

/** Reads "gamma", "gamma<0.5"; undefined if there is no name. */
export function parseParameterCondition(text: ByteString): ParameterCondition | undefined {
  const sign = /!=|[<>]=?|=/.exec(text);
  if (text === '' || sign?.index === 0) return undefined;
  if (sign === null) return { name: text, value: '' };
  return { name: text.slice(0, sign.index), operator: sign[0] as ParameterCondition['operator'], value: text.slice(sign.index + sign[0].length) };
}

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The number that a text is, in decimal; undefined if it is none. */
export function readDecimal(text: ByteString): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}

/** As numbers if both are some, else by bytes: negative, 0, positive. */
export function compareValues(a: ByteString, b: ByteString): number {
  const numbers = [readDecimal(a), readDecimal(b)];
  if (numbers[0] !== undefined && numbers[1] !== undefined) return numbers[0] - numbers[1];
  return compareBytes(a, b);
}

/** The values that a run's parameters or metrics "NAME VALUE" give a name. */
export function valuesOf(parameters: ByteString[], name: ByteString): ByteString[] {
  const start = name + ' ';
  return parameters.filter((one) => one.startsWith(start)).map((one) => one.slice(start.length));
}

/** The names of the "NAME VALUE" lines that `linesOf` gives of each, each once, sorted. */
export function listValueNames<R>(runs: R[], linesOf: (run: R) => ByteString[]): ByteString[] {
  const names = new Set<ByteString>();
  for (const run of runs) for (const line of linesOf(run)) names.add(line.slice(0, line.indexOf(' ')));
  return Array.from(names).sort(compareBytes);
}

/**
 * The name that a person means, of those that there are: itself; else PATH:KEY, of which it is the
 * KEY. Several if there are several; the word itself if there is none. In names a space is "%20".
 */
export function resolveName(word: ByteString, names: ByteString[]): ByteString[] {
  const spelled = word.replace(/ /g, '%20');
  const exact = names.filter((name) => name === word || name === spelled);
  if (exact.length > 0) return exact.slice(0, 1);
  const ends = names.filter((name) => name.endsWith(':' + spelled));
  return ends.length > 0 ? ends : [spelled];
}

/** A withheld value (it holds NUL) is not known, and fits no comparison. */
function meetsCondition(lines: ByteString[], { name, operator, value }: ParameterCondition): boolean {
  const values = valuesOf(lines, name);
  if (operator === undefined) return values.length > 0;
  const orders = values.filter((one) => one.indexOf('\0') < 0).map((one) => compareValues(one, value));
  switch (operator) {
    case '=': return orders.some((order) => order === 0);
    case '!=': return orders.length > 0 && orders.every((order) => order !== 0);
    case '<': return orders.some((order) => order < 0);
    case '<=': return orders.some((order) => order <= 0);
    case '>': return orders.some((order) => order > 0);
    case '>=': return orders.some((order) => order >= 0);
  }
}

/** What `rr list` can ask for. Every condition that is there must hold. */
export type RunFilter = {
  labels: ByteString[];
  tags: ByteString[];
  statuses: string[];
  /** UTC, ISO 8601; compared as text. */
  since?: string;
  until?: string;
  parameters: ParameterCondition[];
  metrics: ParameterCondition[];
  made: ByteString[];
  used: ByteString[];
  /** Is what is looked for in this text? */
  grep?: (text: ByteString) => boolean;
};

/** In which texts of a run is looked for a pattern. */
function textsOf(run: RunSummary): ByteString[] {
  const texts = [run.command].concat(run.tags, run.parameters, run.metrics, run.comments ?? []);
  for (const text of [run.label, run.reason, run.outcome]) if (text !== undefined) texts.push(text);
  return texts;
}

/** Does all hold but `made` and `used`? */
export function matchesFilter(run: RunSummary, filter: RunFilter): boolean {
  if (filter.labels.length > 0) {
    const label = run.label;
    if (label === undefined || filter.labels.indexOf(label) < 0) return false;
  }
  if (filter.statuses.length > 0 && filter.statuses.indexOf(run.status) < 0) return false;
  if (filter.since !== undefined && run.startedUtc < filter.since) return false;
  if (filter.until !== undefined && run.startedUtc >= filter.until) return false;
  if (filter.tags.length > 0) {
    const tags = run.tags;
    if (!filter.tags.every((tag) => tags.indexOf(tag) >= 0)) return false;
  }
  if (filter.parameters.length > 0) {
    const parameters = run.parameters;
    if (!filter.parameters.every((condition) => meetsCondition(parameters, condition))) return false;
  }
  if (filter.metrics.length > 0) {
    const metrics = run.metrics;
    if (!filter.metrics.every((condition) => meetsCondition(metrics, condition))) return false;
  }
  return filter.grep === undefined || textsOf(run).some(filter.grep);
}

/** Do `made` and `used` hold? */
export function matchesFiles(run: Pick<GraphRun, 'tree' | 'inputs' | 'outputs'>, filter: Pick<RunFilter, 'made' | 'used'>): boolean {
  if (!filter.made.every((path) => run.tree === undefined && run.outputs.some((file) => file.path === path))) return false;
  return filter.used.every((path) => run.inputs.some((file) => file.path === path));
}

/** Of so many outputs at most the earlier writers are looked for. */
const MOST_OUTPUTS_FOLLOWED = 100;

/**
 * Id of the run that a person who names one run wants it compared with, of `known` runs in order of
 * ids: the one it repeats or was made from; else the last before it with its label; else the last
 * before it that wrote one of the files it wrote. `makersOf` gives the runs that wrote a path. `why` is a part of a sentence. Undefined if there is none.
 */
export function findCounterpart(run: Run, known: Pick<Run, 'id' | 'label'>[], makersOf: (path: ByteString) => Pick<Run, 'id'>[]): { id: string; why: string } | undefined {
  const has = (id: string | undefined): id is string => id !== undefined && known.some((one) => one.id === id);
  if (has(run.repeats)) return { id: run.repeats, why: 'the run that it repeats' };
  if (has(run.parent)) return { id: run.parent, why: 'the run that it was made from' };
  const alike = known.filter((one) => one.id < run.id && run.label !== undefined && one.label === run.label).pop();
  if (alike !== undefined) return { id: alike.id, why: 'the run before it with its label' };
  let last = '';
  for (const file of run.outputs.slice(0, MOST_OUTPUTS_FOLLOWED)) {
    for (const { id } of makersOf(file.path)) if (id < run.id && id > last) last = id;
  }
  return has(last) ? { id: last, why: 'the run before it that wrote the same file' } : undefined;
}
