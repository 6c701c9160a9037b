// metrics.ts - what a metrics file says: single values with names (docs/parameters.txt, 7). Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd, dropAtEnds } from '../core/bytes.ts';
import { LONGEST_METRIC_BYTES, MOST_METRICS } from '../core/series.ts';
import { Failure } from '../core/failure.ts';
import { printKey } from '../core/parameters.ts';
import type { KeyPart, ParameterNode } from '../core/parameters.ts';
import { SeriesCollector } from '../core/series.ts';
import type { Series } from '../core/series.ts';
import { TableReader } from './comparetable.ts';
import { decodeJsonString, parseJson } from './jsontape.ts';
import type { JsonTape } from './jsontape.ts';
import { hasParameterFormat, parameterEnding, readParameters } from './parameterfile.ts';
import { SERIES_VALUE } from './series.ts';

export type NamedValue = { name: ByteString; value: ByteString };

function failMetrics(path: ByteString, what: ByteString): never {
  throw new Failure('cannot read the metrics file "' + path + '": ' + what);
}

/** Gathers values; one that is too long, or one too many, is only counted. */
class MetricList {
  readonly values: NamedValue[] = [];
  leftOut = 0;
  add(name: ByteString, value: ByteString): void {
    if (this.values.length >= MOST_METRICS || value.length > LONGEST_METRIC_BYTES || name.length > LONGEST_METRIC_BYTES) this.leftOut += 1;
    else this.values.push({ name, value });
  }
}

function addNode(list: MetricList, node: ParameterNode, parts: KeyPart[], isFlat: boolean): void {
  switch (node.kind) {
    case 'scalar': return list.add(isFlat ? String(parts[0]) : printKey(parts), node.type === 'string' ? node.value : node.spelled === '' ? 'null' : node.spelled);
    case 'list': return node.items.forEach((item, i) => addNode(list, item, parts.concat(i), isFlat));
    case 'mapping': return node.entries.forEach((value, name) => addNode(list, value, parts.concat(name), isFlat));
    case 'unreadable': list.leftOut += 1;
  }
}

/** All single values of the last object or array of a JSON text, which may hold NaN as Python writes it. */
function addJson(list: MetricList, text: ByteString, path: ByteString): void {
  const tape = parseJson(text);
  if (tape === undefined) return failMetrics(path, 'not JSON');
  // The place in each container that is open, from the outermost: no recursion, whatever the nesting.
  const open: { value: number; part: KeyPart; isObject: boolean }[] = [];
  const root = tape.roots[tape.roots.length - 1];
  for (let at = root; at < tape.nextOf(root);) {
    while (open.length > 0 && at >= tape.nextOf(open[open.length - 1].value)) open.pop();
    const inner = open[open.length - 1];
    if (inner !== undefined && inner.isObject) inner.part = readJsonKey(tape, at++);
    else if (inner !== undefined) inner.part = Number(inner.part) + 1;
    const kind = tape.kindOf(at);
    if (kind === 'object' || kind === 'array') open.push({ value: at, part: -1, isObject: kind === 'object' });
    else if (list.values.length >= MOST_METRICS) list.leftOut += 1;
    else list.add(printKey(open.map(({ part }) => part)), kind === 'string' ? decodeJsonString(tape.spell(at)) : tape.spell(at));
    at += 1;
  }
}

function readJsonKey(tape: JsonTape, at: number): ByteString {
  return decodeJsonString(tape.spell(at));
}

/** The last row of a table, by the names in its first. */
function addLastRow(list: MetricList, text: ByteString, delimiter: string, path: ByteString): void {
  const reader = new TableReader(text.replace(/^\xef\xbb\xbf/, ''), delimiter);
  const header = reader.next();
  let last: ByteString[] | undefined;
  for (let row = reader.next(); row !== undefined; row = reader.next()) if (row.length > 1 || row[0].trim() !== '') last = row;
  if (header === undefined || reader.isMalformed) return failMetrics(path, 'not a table');
  if (last === undefined) return failMetrics(path, 'the table has no row below its names');
  if (last.length !== header.length) return failMetrics(path, 'its last row has ' + String(last.length) + ' cells, its first ' + String(header.length));
  header.forEach((name, i) => {
    const cell = dropAtEnds((last as ByteString[])[i], ' ');
    if (name.trim() !== '' && cell !== '') list.add(dropAtEnds(name, ' '), cell);
  });
}

/** The last line of JSON lines that is not empty. */
function lastLineOf(text: ByteString): ByteString {
  const end = dropAtEnd(text, ' \t\r\n');
  return end.slice(end.lastIndexOf('\n') + 1);
}

/** The values of a metrics file, in its order; of more than MOST_METRICS, and of long ones, only how many they are. Throws Failure for what cannot be read. */
export function readMetricValues(text: ByteString, path: ByteString): { values: NamedValue[]; leftOut: number } {
  const list = new MetricList();
  const ending = parameterEnding(path).toLowerCase();
  if (ending === 'csv' || ending === 'tsv') addLastRow(list, text, ending === 'csv' ? ',' : '\t', path);
  else if (ending === 'jsonl' || ending === 'ndjson') addJson(list, lastLineOf(text), path);
  else if (ending === 'json') addJson(list, text.replace(/^\xef\xbb\xbf/, ''), path);
  else if (!hasParameterFormat(path)) failMetrics(path, 'metrics are not read from files of this ending');
  else {
    const tree = readParameters(text, path);
    addNode(list, tree.root, [], tree.isFlat);
  }
  return { values: list.values, leftOut: list.leftOut };
}

// ---- series -------------------------------------------------------------------------------------------

// Columns and keys that tell where a row belongs, the first of them that is there.
const STEP_NAMES = ['global_step', 'step', 'iteration', 'iter', 'epoch', 'round', 'generation', 'batch', 'trial'];

function addRow(found: SeriesCollector, row: NamedValue[]): void {
  // A name that is too long for a metric would be gone through for each row.
  const lower = row.map(({ name }) => (name.length <= LONGEST_METRIC_BYTES ? name.toLowerCase() : ''));
  const at = STEP_NAMES.map((name) => lower.indexOf(name)).find((i) => i >= 0 && /^[0-9]{1,15}(?:\.[0-9]{1,6})?$/.test(row[i].value));
  const step = at === undefined ? undefined : Number(row[at].value);
  row.forEach(({ name, value }, i) => {
    if (i !== at && name !== '' && name.length <= LONGEST_METRIC_BYTES && value.length <= LONGEST_METRIC_BYTES && SERIES_VALUE.test(value)) found.add(name, { atS: undefined, step, value }, false);
  });
}

/**
 * The columns of a metrics file of rows (CSV, TSV, JSON lines) as series, with a column of STEP_NAMES as
 * their step. A row that cannot be understood is passed over; [] for files of other kinds.
 */
export function readMetricSeries(text: ByteString, path: ByteString): Series[] {
  const found = new SeriesCollector();
  const ending = parameterEnding(path).toLowerCase();
  if (ending === 'csv' || ending === 'tsv') {
    const reader = new TableReader(text.replace(/^\xef\xbb\xbf/, ''), ending === 'csv' ? ',' : '\t');
    const header = (reader.next() ?? []).map((name) => dropAtEnds(name, ' '));
    for (let row = reader.next(); row !== undefined; row = reader.next()) {
      if (row.length === header.length) addRow(found, row.map((cell, i) => ({ name: header[i], value: dropAtEnds(cell, ' ') })));
    }
  } else if (ending === 'jsonl' || ending === 'ndjson') {
    for (const line of text.split('\n')) {
      const list = new MetricList();
      if (/^\s*\{/.test(line) && parseJson(line) !== undefined) addJson(list, line, path);
      addRow(found, list.values);
    }
  }
  return found.series();
}
