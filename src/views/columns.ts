// columns.ts - what lists of runs can show: the columns and their cells. Knows no files and no way of printing.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import type { GraphRun } from '../core/graph.ts';
import type { RunSummary } from '../core/run.ts';
import { listValueNames, readDecimal, valuesOf } from '../core/select.ts';
import { encodeText, encodeWithheld, encodeWord, makeHarmless } from '../formats/percent.ts';
import { formatBytes, formatSeconds } from './table.ts';

/** The files of a run of the list; undefined if they are not known. Asked for only by columns that need them. */
export type FilesOf = (run: RunSummary) => GraphRun | undefined;

/** Bytes of one text, of several, a number, or nothing. */
export type CellValue = ByteString | ByteString[] | number | undefined;

export type RunColumn = {
  /** As --columns has it. */
  name: ByteString;
  /** Key in CSV and JSON. */
  key: ByteString;
  /** How its values are shown: a command and a parameter may hold withheld secrets. */
  kind: 'text' | 'withheld' | 'id' | 'words' | 'number' | 'seconds' | 'bytes' | 'time';
  needsFiles: boolean;
  read: (run: RunSummary, filesOf: FilesOf) => CellValue;
};

function makeColumn(name: ByteString, key: ByteString, kind: RunColumn['kind'], read: (run: RunSummary) => CellValue): RunColumn {
  return { name, key, kind, needsFiles: false, read };
}

function makeFilesColumn(name: string, read: (files: GraphRun) => ByteString[]): RunColumn {
  return { name, key: name, kind: 'words', needsFiles: true, read: (run, filesOf) => {
    const files = filesOf(run);
    return files === undefined ? [] : read(files);
  } };
}

const FIXED_COLUMNS: RunColumn[] = [
  makeColumn('id', 'id', 'id', (run) => run.id),
  makeColumn('label', 'label', 'text', (run) => run.label),
  makeColumn('status', 'status', 'id', (run) => run.status),
  makeColumn('exit', 'exit', 'number', (run) => run.exit),
  makeColumn('signal', 'signal', 'id', (run) => run.signal),
  makeColumn('started', 'started', 'time', (run) => run.startedUtc),
  makeColumn('time', 'wall_s', 'seconds', (run) => run.wallS),
  makeColumn('user', 'user_s', 'seconds', (run) => run.userS),
  makeColumn('system', 'system_s', 'seconds', (run) => run.systemS),
  makeColumn('memory', 'peak_memory_bytes', 'bytes', (run) => run.peakMemoryBytes),
  makeColumn('directory', 'directory', 'text', (run) => run.directory),
  makeColumn('command', 'command', 'withheld', (run) => run.command),
  makeColumn('reason', 'reason', 'text', (run) => run.reason),
  makeColumn('tags', 'tags', 'words', (run) => run.tags),
  makeColumn('outcome', 'outcome', 'text', (run) => run.outcome),
  makeColumn('comments', 'comments', 'text', (run) => (run.comments === undefined || run.comments.length === 0 ? undefined : run.comments.join('; '))),
  makeColumn('code', 'code', 'text', (run) => run.code),
  makeColumn('environment', 'environment', 'text', (run) => run.environment),
  makeColumn('repeats', 'repeats', 'id', (run) => run.repeats),
  makeColumn('parent', 'parent', 'id', (run) => run.parent),
  makeColumn('reused', 'reused', 'id', (run) => run.reused),
  makeColumn('tree', 'tree', 'id', (run) => run.tree),
  makeColumn('sweep', 'sweep', 'text', (run) => run.sweep?.label),
  makeColumn('n', 'n', 'number', (run) => run.sweep?.number),
  makeColumn('verdict', 'verdict', 'words', (run) => Array.from(new Set(run.verdicts.map((verdict) => verdict.word)))),
  makeFilesColumn('inputs', (files) => files.inputs.map((file) => file.path)),
  makeFilesColumn('outputs', (files) => files.outputs.map((file) => file.path)),
  makeFilesColumn('removed', (files) => files.removed),
];

/** What a parameter's or metric's column begins with in --columns, and its key in CSV and JSON; its values; and the name of the column of all of them. */
type NamedColumns = { prefix: string; key: string; all: string; linesOf: (run: RunSummary) => ByteString[] };

const NAMED_COLUMNS: NamedColumns[] = [
  { prefix: 'param:', key: 'parameter ', all: 'params', linesOf: (run) => run.parameters },
  { prefix: 'metric:', key: 'metric ', all: 'metrics', linesOf: (run) => run.metrics },
];

/** `shown`: the name as it is in the head; `name`: the whole of it. */
function makeNamedColumn(named: NamedColumns, shown: ByteString, name: ByteString): RunColumn {
  return makeColumn(named.prefix + shown, named.key + encodeText(name), 'withheld', (run) => {
    const values = valuesOf(named.linesOf(run), name);
    return values.length === 0 ? undefined : values.join('; ');
  });
}

/** A parameter's or metric's name in the head of a list; undefined if the column is of neither. */
export function namedTitleOf(column: RunColumn): ByteString | undefined {
  const named = NAMED_COLUMNS.find(({ prefix }) => column.name.startsWith(prefix));
  return named === undefined ? undefined : column.name.slice(named.prefix.length);
}

/** Names that --columns takes. */
export const COLUMN_NAMES: string[] = FIXED_COLUMNS.map((column) => column.name).concat('params', 'param:NAME', 'metrics', 'metric:NAME');

/** Gives the whole name of a parameter or metric that a person names in one of the runs. */
export type ResolveName = (kind: 'param' | 'metric', word: ByteString) => ByteString;

/** Does the name stand for all parameters, or all metrics? */
export function isAllColumns(name: ByteString): boolean {
  return NAMED_COLUMNS.some(({ all }) => all === name);
}

/** One column by its name; undefined if there is none, and for those of isAllColumns(). */
export function findColumn(name: ByteString, resolve: ResolveName = (_, word) => word): RunColumn | undefined {
  const named = NAMED_COLUMNS.find(({ prefix }) => name.startsWith(prefix) && name.length > prefix.length);
  if (named !== undefined) {
    const word = name.slice(named.prefix.length);
    return makeNamedColumn(named, word, resolve(named.prefix === 'param:' ? 'param' : 'metric', word));
  }
  return FIXED_COLUMNS.find((column) => column.name === name);
}

/** Columns of all names; "params" is one for each parameter of the runs, in the order of their names, "metrics" the same. Undefined names are left out. */
export function findColumns(names: ByteString[], runs: RunSummary[], resolve?: ResolveName): RunColumn[] {
  return names.reduce((columns: RunColumn[], name) => {
    const named = NAMED_COLUMNS.find(({ all }) => all === name);
    if (named !== undefined) return columns.concat(makeAllColumns(named, runs));
    const column = findColumn(name, resolve);
    return column === undefined ? columns : columns.concat(column);
  }, []);
}

/** The parameters that are not the same in all of these runs, in the order in which the runs have them; of a single run all. */
export function findVaryingParameters(runs: RunSummary[]): ByteString[] {
  const values = new Map<ByteString, { count: number; first: ByteString; isVarying: boolean }>();
  for (const run of runs) {
    for (const parameter of run.parameters) {
      const name = parameter.slice(0, parameter.indexOf(' '));
      const known = values.get(name);
      if (known === undefined) values.set(name, { count: 1, first: parameter, isVarying: false });
      else {
        known.count += 1;
        known.isVarying = known.isVarying || known.first !== parameter;
      }
    }
  }
  return Array.from(values.keys()).filter((name) => runs.length === 1 || values.get(name)?.isVarying === true || values.get(name)?.count !== runs.length);
}

/** A value in a file is shown by its key alone if no other has that. */
function makeAllColumns(named: NamedColumns, runs: RunSummary[]): RunColumn[] {
  const names = listValueNames(runs, named.linesOf);
  return names.map((name) => {
    const key = name.slice(name.indexOf(':') + 1);
    const isOnly = names.filter((one) => one === key || one.endsWith(':' + key)).length === 1;
    return makeNamedColumn(named, isOnly ? key : name, name);
  });
}

/** The cell for people: harmless, in one line, not cut. */
export function showCell(column: RunColumn, run: RunSummary, filesOf: FilesOf): ByteString {
  const value = column.read(run, filesOf);
  if (column.kind === 'id') return value === undefined ? '' : value as ByteString; // no other text than rr's own
  if (column.kind === 'seconds') return formatSeconds(value as number | undefined);
  if (value === undefined) return '';
  if (column.kind === 'bytes') return formatBytes(value as number);
  if (column.kind === 'time') return makeHarmless((value as ByteString).slice(0, 19).replace('T', ' '));
  if (Array.isArray(value)) return makeHarmless(value.join(' '));
  if (typeof value === 'number') return String(value);
  return makeHarmless(value.indexOf('\n') < 0 && value.indexOf('\0') < 0 ? value : encodeWithheld(value).replace(/%0A/g, ' ').replace(/%25/g, '%'));
}

/** A value of the column for programs: numbers as they are, texts encoded as in the records, words apart by spaces. */
export function printCell(column: RunColumn, value: CellValue): ByteString {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map(encodeWord).join(' ');
  return typeof value === 'number' ? String(value) : column.kind === 'withheld' ? encodeWithheld(value) : encodeText(value);
}

/** The value for JSON: a number, a text as in the records, a list of such, or undefined. */
export function jsonCell(column: RunColumn, run: RunSummary, filesOf: FilesOf): unknown {
  const value = column.read(run, filesOf);
  if (value === undefined || typeof value === 'number') return value;
  if (Array.isArray(value)) return value.map(encodeText);
  return column.kind === 'withheld' ? encodeWithheld(value) : encodeText(value);
}

/** Is the column flushed right? */
export function isNumeric(column: RunColumn): boolean {
  return column.kind === 'number' || column.kind === 'seconds' || column.kind === 'bytes';
}

type SortKey = number | ByteString | undefined;

function sortKeyOf(column: RunColumn, run: RunSummary, filesOf: FilesOf): SortKey {
  const value = column.read(run, filesOf);
  const text = Array.isArray(value) ? value.join(' ') : value;
  return typeof text === 'string' ? readDecimal(text) ?? text : text;
}

/** Numbers before texts; both ascending. */
function compareKeys(a: number | ByteString, b: number | ByteString): number {
  if (typeof a === 'number') return typeof b === 'number' ? a - b : -1;
  return typeof b === 'number' ? 1 : compareBytes(a, b);
}

export type SortOrder = { column: RunColumn; isDescending: boolean }[];

/** The runs in this order; what a run has not stands last either way, and what is equal stays as it was. */
export function sortRuns(runs: RunSummary[], order: SortOrder, filesOf: FilesOf): RunSummary[] {
  const keys = order.map(({ column }) => runs.map((run) => sortKeyOf(column, run, filesOf)));
  const compare = (i: number, j: number): number => {
    for (let n = 0; n < order.length; n++) {
      const a = keys[n][i];
      const b = keys[n][j];
      if (a === undefined || b === undefined) {
        if (a !== b) return a === undefined ? 1 : -1;
        continue;
      }
      const sign = compareKeys(a, b);
      if (sign !== 0) return order[n].isDescending ? -sign : sign;
    }
    return i - j;
  };
  return runs.map((_, i) => i).sort(compare).map((i) => runs[i]);
}
