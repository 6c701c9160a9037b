// reportindex.ts - what the page of a report knows of all runs: columns, and who made what, as JSON. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { findLiveRuns } from '../core/graph.ts';
import type { LiveRun } from '../core/graph.ts';
import { traceLineage } from '../core/lineage.ts';
import type { Lineage } from '../core/lineage.ts';
import type { FileState, RunSummary } from '../core/run.ts';
import type { StepRun } from '../core/steps.ts';
import { findColumns, namedTitleOf, showCell } from './columns.ts';
import type { RunColumn } from './columns.ts';
import { escapeHtml } from './journalhtml.ts';
import { makeHarmless } from '../formats/percent.ts';
import { formatBytes, formatSeconds } from './table.ts';
import { linkRun } from './reportrun.ts';

/** What the script of the page calls a column's values; a number is in seconds or bytes if it says so. */
export type ReportColumn = { key: string; name: ByteString; kind: 'id' | 'text' | 'number' | 'seconds' | 'bytes' | 'time'; of: 'run' | 'parameter' | 'metric'; values: (ByteString | number | null)[] };

const REPORT_COLUMNS = ['id', 'label', 'status', 'exit', 'signal', 'started', 'time', 'user', 'system', 'memory', 'command', 'directory', 'reason', 'tags', 'outcome', 'comments', 'code', 'sweep', 'n', 'repeats', 'parent', 'reused', 'params', 'metrics'];

function readValue(column: RunColumn, run: RunSummary): ByteString | number | null {
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
    return { key: makeHarmless(column.name), name: makeHarmless(title ?? column.name), kind, of, values: runs.map((run) => readValue(column, run)) };
  });
  const verdicts = runs.map((run) => verdictOf(run.id) ?? null);
  const at = columns.findIndex((column) => column.key === 'command');
  columns.splice(at, 0, { key: 'verdict', name: 'reproduced', kind: 'text', of: 'run', values: verdicts });
  return columns.filter((column) => column.key === 'id' || column.key === 'status' || column.values.some((value) => value !== null));
}

/** A column for JSON: values, or where few are told apart these, and of each run which one it has. */
function packColumn({ key, name, kind, of, values }: ReportColumn): unknown {
  const words = Array.from(new Set(values.filter((value) => value !== null)));
  if (words.length * 2 > values.length) return { key, name, kind, of, values };
  const places = new Map(words.map((word, i): [ByteString | number | null, number] => [word, i]));
  return { key, name, kind, of, words, at: values.map((value) => places.get(value) ?? -1) };
}

// ---- who made what --------------------------------------------------------------------------------------

/** All files that runs of the report wrote, or read without a maker. Runs and files are counted from 0. */
export type ReportGraph = {
  paths: ByteString[];
  /** Of each file its path. */
  pathOf: number[];
  /** Of each run the files. */
  reads: number[][];
  writes: number[][];
  /** Files that are current results, ascending. */
  current: number[];
  /** Runs that current results need, ascending. */
  live: number[];
};

export type Reported = { lineage: Lineage; live: LiveRun[]; runs: StepRun[] };

/** What the records say of who made what. */
export function traceReport(runs: StepRun[]): Reported {
  const lineage = traceLineage(runs);
  // Nothing is looked for by its content any more: the keys are not held.
  lineage.byPlace.clear();
  lineage.byContent.clear();
  return { lineage, live: findLiveRuns(runs).runs, runs };
}

/** The graph of the runs in `places` (of each id the number in the report); others of `reported` are left out. */
export function makeReportGraph({ lineage, live, runs }: Reported, places: Map<string, number>): ReportGraph {
  const graph: ReportGraph = { paths: [], pathOf: [], reads: [], writes: [], current: [], live: [] };
  const pathNumbers = new Map<ByteString, number>();
  const addFile = (path: ByteString): number => {
    const shown = makeHarmless(path);
    let number = pathNumbers.get(shown);
    if (number === undefined) pathNumbers.set(shown, number = graph.paths.push(shown) - 1);
    return graph.pathOf.push(number) - 1;
  };
  for (let i = 0; i < places.size; i++) {
    graph.reads.push([]);
    graph.writes.push([]);
  }
  const ofOutputs = new Map<number, number>();
  const raw = new Map<string, number>();
  runs.forEach((run, index) => {
    const place = places.get(run.id);
    if (place === undefined) return;
    run.inputs.forEach((file, i) => {
      const origin = lineage.origins[lineage.firstInputs[index] + i];
      const known = origin >= 0 ? ofOutputs.get(origin) : raw.get(file.hash + file.path);
      const number = known ?? addFile(file.path);
      if (known === undefined && origin >= 0) ofOutputs.set(origin, number);
      if (known === undefined && origin < 0) raw.set(file.hash + file.path, number);
      if (graph.reads[place].indexOf(number) < 0) graph.reads[place].push(number);
    });
    run.outputs.forEach((file, i) => {
      if (file.kind === 'd') return;
      const number = addFile(file.path);
      ofOutputs.set(lineage.firstOutputs[index] + i, number);
      graph.writes[place].push(number);
    });
  });
  for (const one of live) {
    const place = places.get(one.run.id);
    if (place !== undefined) graph.live.push(place);
    if (place === undefined || one.owned.length === 0) continue;
    const written = new Map(one.run.outputs.filter((file) => file.kind !== 'd').map((file, i): [ByteString, number] => [file.path, graph.writes[place][i]]));
    for (const file of one.owned) graph.current.push(written.get(file.path) ?? -1);
  }
  graph.current = graph.current.filter((number) => number >= 0).sort((a, b) => a - b);
  graph.live.sort((a, b) => a - b);
  return graph;
}

/** Where the details of runs are. of: of each run the number of its part; -1: told in the table only. */
export type PartPlaces = { count: number; of: number[]; /** Folder of the parts, relative to the page; '' if they are in it. */ folder: ByteString; /** Of the parts that lie there. */ names: string[] };

/** title: of the page. left: what it does not have, a sentence each. series, pictures: the runs that have some. */
export type ReportFacts = { title: ByteString; rr: string; left: ByteString[]; series: number[]; pictures: number[] };

/** Everything that the script needs at once, as JSON, in pieces that begin and end between values. */
export function* printReportIndex(columns: ReportColumn[], graph: ReportGraph, parts: PartPlaces, facts: ReportFacts): Generator<ByteString> {
  yield JSON.stringify({ format: 1, ...facts }).slice(0, -1) + ',"columns":[';
  for (let i = 0; i < columns.length; i++) yield (i === 0 ? '' : ',') + JSON.stringify(packColumn(columns[i]));
  yield '],"graph":{';
  const lists = Object.keys(graph) as (keyof ReportGraph)[];
  for (let i = 0; i < lists.length; i++) yield (i === 0 ? '' : ',') + JSON.stringify(lists[i]) + ':' + JSON.stringify(graph[lists[i]]);
  yield '},"parts":' + JSON.stringify(parts) + '}';
}

// ---- for readers without the script -----------------------------------------------------------------------

const STATIC_COLUMNS = ['label', 'status', 'started', 'time', 'verdict', 'command'];
const MOST_STATIC_NAMED = 8;

/** A cell of the table without the script. */
function showStatic(value: ByteString | number | null, kind: ReportColumn['kind']): ByteString {
  if (value === null) return '';
  if (typeof value !== 'number') return escapeHtml(value);
  return kind === 'seconds' ? formatSeconds(value) : kind === 'bytes' ? formatBytes(value) : String(value);
}

/** The newest runs as a table; of `hasArticle` the page holds the details. */
export function printStaticTable(columns: ReportColumn[], count: number, most: number, hasArticle: (id: string) => boolean): ByteString {
  const ids = columns[0].values as string[];
  const named = columns.filter((column) => column.of !== 'run').slice(0, MOST_STATIC_NAMED);
  const fixed = STATIC_COLUMNS.map((key) => columns.find((column) => column.key === key)).filter((column): column is ReportColumn => column !== undefined);
  const shown = fixed.filter((column) => column.key !== 'command').concat(named, fixed.filter((column) => column.key === 'command'));
  const head = '<tr><th scope="col">run</th>' + shown.map((column) => '<th scope="col">' + escapeHtml(column.name) + '</th>').join('') + '</tr>';
  let rows = '';
  for (let i = count - 1; i >= Math.max(0, count - most); i--) {
    const cell = (column: ReportColumn): ByteString => {
      const isNumber = typeof column.values[i] === 'number';
      const text = showStatic(column.values[i], column.kind);
      return '<td' + (isNumber ? ' class="number"' : column.key === 'command' ? ' class="code"' : '') + '>' + (isNumber || text === '' ? text : column.key === 'status' ? '<span class="status ' + text + '">' + text + '</span>' : '<bdi>' + text + '</bdi>') + '</td>';
    };
    rows += '<tr><th scope="row">' + (hasArticle(ids[i]) ? linkRun(ids[i]) : '<code>' + ids[i] + '</code>') + '</th>' + shown.map(cell).join('') + '</tr>\n';
  }
  return '<div class="scroll"><table class="runs">\n<caption>' + (count > most ? 'The last ' + String(most) + ' of ' + String(count) + ' runs' : 'Runs, the newest first') + '</caption>\n<thead>' + head + '</thead>\n<tbody>\n' + rows + '</tbody></table></div>\n';
}

/** Current results with the runs that made them and what these read. */
export function printStaticResults({ live }: Reported, places: Map<string, number>, most: number): ByteString {
  const rows: { file: FileState; one: LiveRun }[] = [];
  for (const one of live) if (places.has(one.run.id)) for (const file of one.owned) rows.push({ file, one });
  if (rows.length === 0) return '';
  rows.sort((a, b) => (a.file.path < b.file.path ? -1 : 1));
  const printRow = ({ file, one }: { file: FileState; one: LiveRun }): ByteString => {
    const read = one.run.inputs.slice(0, 5).map((file) => '<bdi>' + escapeHtml(makeHarmless(file.path)) + '</bdi>').join(', ') + (one.run.inputs.length > 5 ? ' and ' + String(one.run.inputs.length - 5) + ' more' : '');
    return '<tr><th scope="row"><bdi>' + escapeHtml(makeHarmless(file.path)) + '</bdi></th><td class="number">' + formatBytes(file.size) + '</td><td>' + linkRun(one.run.id) + '</td><td>' + read + '</td></tr>\n';
  };
  return '<div class="scroll"><table class="results">\n<caption>' + (rows.length > most ? 'The first ' + String(most) + ' of ' + String(rows.length) + ' current results' : 'Current results') + '</caption>\n<thead><tr><th scope="col">file</th><th scope="col">size</th><th scope="col">made by</th><th scope="col">from</th></tr></thead>\n<tbody>\n'
    + rows.slice(0, most).map(printRow).join('') + '</tbody></table></div>\n';
}
