// reportindex.ts - what the page of a report knows of all runs: columns, and who made what, as JSON. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { findNeeded, isResult, placeRuns } from '../core/graph.ts';
import type { GraphRun } from '../core/graph.ts';
import { traceLineage } from '../core/lineage.ts';
import type { Lineage } from '../core/lineage.ts';
import { NumberRows } from '../core/numberlists.ts';
import type { FileState, RunSummary } from '../core/run.ts';
import type { StepRun } from '../core/steps.ts';
import { findColumns, namedTitleOf, showCell } from './columns.ts';
import type { RunColumn } from './columns.ts';
import { escapeHtml } from './journalhtml.ts';
import { makeHarmless } from '../formats/percent.ts';
import { formatBytes, formatSeconds } from './table.ts';
import { linkRun } from './reportrun.ts';

type ReportValue = ByteString | number | null;

/** What the script of the page calls a column's values; a number is in seconds or bytes if it says so. */
export type ReportColumn = { key: string; name: ByteString; kind: 'id' | 'text' | 'number' | 'seconds' | 'bytes' | 'time'; of: 'run' | 'parameter' | 'metric'; /** Of a run by its place. Read when it is asked for: all columns of 100,000 runs are not held. */ valueAt: (place: number) => ReportValue };

const REPORT_COLUMNS = ['id', 'label', 'status', 'exit', 'signal', 'started', 'time', 'user', 'system', 'memory', 'command', 'directory', 'reason', 'tags', 'outcome', 'comments', 'code', 'sweep', 'n', 'repeats', 'parent', 'reused', 'params', 'metrics'];

function readValue(column: RunColumn, run: RunSummary): ReportValue {
  if (column.kind === 'number' || column.kind === 'seconds' || column.kind === 'bytes') {
    const value = column.read(run, () => undefined);
    return typeof value === 'number' ? value : null;
  }
  const shown = showCell(column, run, () => undefined);
  if (shown === '') return null;
  return column.kind === 'withheld' && String(Number(shown)) === shown ? Number(shown) : shown;
}

/** Id, status, and the columns that say anything of these runs, and the verdict of the last repeat of each. */
export function makeReportColumns(runs: RunSummary[], verdictOf: (id: string) => ByteString | undefined): ReportColumn[] {
  const columns = findColumns(REPORT_COLUMNS, runs).map((column): ReportColumn => {
    const title = namedTitleOf(column);
    const kind = column.kind === 'withheld' || column.kind === 'words' ? 'text' : column.kind;
    const of = column.name.startsWith('param:') ? 'parameter' : column.name.startsWith('metric:') ? 'metric' : 'run';
    return { key: makeHarmless(column.name), name: makeHarmless(title ?? column.name), kind, of, valueAt: (place) => readValue(column, runs[place]) };
  });
  const at = columns.findIndex((column) => column.key === 'command');
  columns.splice(at, 0, { key: 'verdict', name: 'reproduced', kind: 'text', of: 'run', valueAt: (place) => verdictOf(runs[place].id) ?? null });
  return columns.filter((column) => column.key === 'id' || column.key === 'status' || runs.some((_, place) => column.valueAt(place) !== null));
}

/** A column for JSON: values, or where few are told apart these, and of each run which one it has. */
function packColumn({ key, name, kind, of, valueAt }: ReportColumn, count: number): unknown {
  const values = Array.from({ length: count }, (_, place) => valueAt(place));
  const words = Array.from(new Set(values.filter((value) => value !== null)));
  if (words.length * 2 > values.length) return { key, name, kind, of, values };
  const places = new Map(words.map((word, i): [ReportValue, number] => [word, i]));
  return { key, name, kind, of, words, at: values.map((value) => places.get(value) ?? -1) };
}

// ---- who made what --------------------------------------------------------------------------------------

/** All files that runs of the report wrote, or read without a maker. Runs and files are counted from 0. */
export type ReportGraph = {
  paths: ByteString[];
  /** Of each file its path. */
  pathOf: number[];
  /** Of each run the files. */
  reads: NumberRows;
  writes: NumberRows;
  /** Files that are current results, ascending. */
  current: number[];
  /** Runs that current results need, ascending. */
  live: number[];
};

/** Runs and outputs are numbered as in `lineage`. isLive: does a current result need the run? isCurrent: is the output one? */
export type Reported = { lineage: Lineage; runs: StepRun[]; isLive: Uint8Array; isCurrent: Uint8Array };

/** What the records say of who made what. */
export function traceReport(runs: StepRun[]): Reported {
  const lineage = traceLineage(runs);
  // Nothing is looked for by its content any more: the keys are not held.
  lineage.byPlace.clear();
  lineage.byContent.clear();
  const reported: Reported = { lineage, runs, isLive: new Uint8Array(runs.length), isCurrent: new Uint8Array(lineage.runsOfOutputs.length) };
  const placed = placeRuns(runs);
  const { owners, isLive } = findNeeded(placed);
  const numbers = new Map(runs.map((run, index): [GraphRun, number] => [run, index]));
  placed.forEach((run, at) => {
    const index = numbers.get(run) as number;
    reported.isLive[index] = isLive[at];
    run.outputs.forEach((file, i) => {
      if (isResult(file) && owners.get(file.path)?.index === at) reported.isCurrent[lineage.firstOutputs[index] + i] = 1;
    });
  });
  return reported;
}

/** The graph of `count` runs; of those that `runs` counts the place among them, ascending, or -1: it is left out. */
export function makeReportGraph({ lineage, runs, isLive, isCurrent }: Reported, placeOf: Int32Array, count: number): ReportGraph {
  const graph: ReportGraph = { paths: [], pathOf: [], reads: new NumberRows(), writes: new NumberRows(), current: [], live: [] };
  const pathNumbers = new Map<ByteString, number>();
  const addFile = (path: ByteString): number => {
    const shown = makeHarmless(path);
    let number = pathNumbers.get(shown);
    if (number === undefined) pathNumbers.set(shown, number = graph.paths.push(shown) - 1);
    return graph.pathOf.push(number) - 1;
  };
  // What ran or was lost has a place, and no files.
  const fillTo = (place: number): void => {
    while (graph.reads.length < place) graph.reads.add([]);
    while (graph.writes.length < place) graph.writes.add([]);
  };
  const ofOutputs = new Int32Array(isCurrent.length).fill(-1);
  const raw = new Map<string, number>();
  runs.forEach((run, index) => {
    if (placeOf[index] < 0) return;
    fillTo(placeOf[index]);
    const reads: number[] = [];
    run.inputs.forEach((file, i) => {
      const origin = lineage.origins[lineage.firstInputs[index] + i];
      const known = origin < 0 ? raw.get(file.hash + file.path) : ofOutputs[origin] < 0 ? undefined : ofOutputs[origin];
      const number = known ?? addFile(file.path);
      if (known === undefined && origin >= 0) ofOutputs[origin] = number;
      if (known === undefined && origin < 0) raw.set(file.hash + file.path, number);
      if (reads.indexOf(number) < 0) reads.push(number);
    });
    graph.reads.add(reads);
    const writes: number[] = [];
    run.outputs.forEach((file, i) => {
      if (file.kind === 'd') return;
      const output = lineage.firstOutputs[index] + i;
      ofOutputs[output] = addFile(file.path);
      writes.push(ofOutputs[output]);
      if (isCurrent[output] === 1) graph.current.push(ofOutputs[output]);
    });
    graph.writes.add(writes);
    if (isLive[index] === 1) graph.live.push(placeOf[index]);
  });
  fillTo(count);
  return graph;
}

/** Where the details of runs are. of: of each run the number of its part; -1: told in the table only. */
export type PartPlaces = { count: number; of: number[]; /** Folder of the parts, relative to the page; '' if they are in it. */ folder: ByteString; /** Of the parts that lie there. */ names: string[] };

/** title: of the page. left: what it does not have, a sentence each. series, pictures: the runs that have some. */
export type ReportFacts = { title: ByteString; rr: string; left: ByteString[]; series: number[]; pictures: number[] };

function* printNumberRows(rows: NumberRows): Generator<ByteString> {
  for (let at = 0; at < rows.length; at++) yield (at === 0 ? '[' : ',') + JSON.stringify(rows.row(at));
  yield rows.length === 0 ? '[]' : ']';
}

/** Everything that the script needs at once, as JSON, in pieces that begin and end between values. */
export function* printReportIndex(columns: ReportColumn[], graph: ReportGraph, parts: PartPlaces, facts: ReportFacts): Generator<ByteString> {
  const count = graph.reads.length;
  yield JSON.stringify({ format: 1, ...facts }).slice(0, -1) + ',"columns":[';
  for (let i = 0; i < columns.length; i++) yield (i === 0 ? '' : ',') + JSON.stringify(packColumn(columns[i], count));
  yield '],"graph":{';
  const lists = Object.keys(graph) as (keyof ReportGraph)[];
  for (let i = 0; i < lists.length; i++) {
    yield (i === 0 ? '' : ',') + JSON.stringify(lists[i]) + ':';
    const list = graph[lists[i]];
    if (list instanceof NumberRows) yield* printNumberRows(list);
    else yield JSON.stringify(list);
  }
  yield '},"parts":' + JSON.stringify(parts) + '}';
}

// ---- for readers without the script -----------------------------------------------------------------------

const STATIC_COLUMNS = ['label', 'status', 'started', 'time', 'verdict', 'command'];
const MOST_STATIC_NAMED = 8;

/** A cell of the table without the script. */
function showStatic(value: ReportValue, kind: ReportColumn['kind']): ByteString {
  if (value === null) return '';
  if (typeof value !== 'number') return escapeHtml(value);
  return kind === 'seconds' ? formatSeconds(value) : kind === 'bytes' ? formatBytes(value) : String(value);
}

/** The newest runs as a table; of `hasArticle` the page holds the details. */
export function printStaticTable(columns: ReportColumn[], count: number, most: number, hasArticle: (id: string) => boolean): ByteString {
  const idOf = columns[0].valueAt as (place: number) => string;
  const named = columns.filter((column) => column.of !== 'run').slice(0, MOST_STATIC_NAMED);
  const fixed = STATIC_COLUMNS.map((key) => columns.find((column) => column.key === key)).filter((column): column is ReportColumn => column !== undefined);
  const shown = fixed.filter((column) => column.key !== 'command').concat(named, fixed.filter((column) => column.key === 'command'));
  const head = '<tr><th scope="col">run</th>' + shown.map((column) => '<th scope="col">' + escapeHtml(column.name) + '</th>').join('') + '</tr>';
  let rows = '';
  for (let i = count - 1; i >= Math.max(0, count - most); i--) {
    const cell = (column: ReportColumn): ByteString => {
      const value = column.valueAt(i);
      const isNumber = typeof value === 'number';
      const text = showStatic(value, column.kind);
      return '<td' + (isNumber ? ' class="number"' : column.key === 'command' ? ' class="code"' : '') + '>' + (isNumber || text === '' ? text : column.key === 'status' ? '<span class="status ' + text + '">' + text + '</span>' : '<bdi>' + text + '</bdi>') + '</td>';
    };
    rows += '<tr><th scope="row">' + (hasArticle(idOf(i)) ? linkRun(idOf(i)) : '<code>' + idOf(i) + '</code>') + '</th>' + shown.map(cell).join('') + '</tr>\n';
  }
  return '<div class="scroll"><table class="runs">\n<caption>' + (count > most ? 'The last ' + String(most) + ' of ' + String(count) + ' runs' : 'Runs, the newest first') + '</caption>\n<thead>' + head + '</thead>\n<tbody>\n' + rows + '</tbody></table></div>\n';
}

/** Current results with the runs that made them and what these read. `placeOf` as makeReportGraph() has it. */
export function printStaticResults({ lineage, runs, isCurrent }: Reported, placeOf: Int32Array, most: number): ByteString {
  const rows: { file: FileState; run: StepRun }[] = [];
  let count = 0;
  const keepFirst = (): void => { rows.sort((a, b) => (a.file.path < b.file.path ? -1 : 1)).splice(most); };
  runs.forEach((run, index) => {
    if (placeOf[index] < 0) return;
    run.outputs.forEach((file, i) => {
      if (isCurrent[lineage.firstOutputs[index] + i] === 0) return;
      count += 1;
      rows.push({ file, run });
      if (rows.length > 2 * most) keepFirst();
    });
  });
  keepFirst();
  if (count === 0) return '';
  const printRow = ({ file, run }: { file: FileState; run: StepRun }): ByteString => {
    const read = run.inputs.slice(0, 5).map((file) => '<bdi>' + escapeHtml(makeHarmless(file.path)) + '</bdi>').join(', ') + (run.inputs.length > 5 ? ' and ' + String(run.inputs.length - 5) + ' more' : '');
    return '<tr><th scope="row"><bdi>' + escapeHtml(makeHarmless(file.path)) + '</bdi></th><td class="number">' + formatBytes(file.size) + '</td><td>' + linkRun(run.id) + '</td><td>' + read + '</td></tr>\n';
  };
  return '<div class="scroll"><table class="results">\n<caption>' + (count > most ? 'The first ' + String(most) + ' of ' + String(count) + ' current results' : 'Current results') + '</caption>\n<thead><tr><th scope="col">file</th><th scope="col">size</th><th scope="col">made by</th><th scope="col">from</th></tr></thead>\n<tbody>\n'
    + rows.map(printRow).join('') + '</tbody></table></div>\n';
}
