// series.ts - text of ID.series and ID.resources, what a run gave and used while it ran (docs/record-format.txt, 7). Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import type { ResourceSample, Series, SeriesPoint } from '../core/series.ts';
import { decodeText, encodeText } from './percent.ts';

const SERIES_HEAD = '# rr series, format 1\ntime\tstep\tname\tvalue\n';
const RESOURCES_HEAD = '# rr resources, format 1\ntime\tcpus\tmemory\tread\twritten\tprocesses\tgpu\tgpu_memory\n';
// rr writes 200,000 points at most; others may have put the file there.
const MOST_POINTS_READ = 1000000;
const MOST_SERIES_READ = 10000;
const MOST_SAMPLES_READ = 100000;

/** Source of a pattern: a decimal number as programs print it, or what they print where there is none: Python's "nan", C's "inf". */
export const PRINTED_NUMBER = '[-+]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?(?:nan|NaN|NAN|inf|Inf|INF|infinity|Infinity)';

export const SERIES_VALUE = new RegExp('^(?:' + PRINTED_NUMBER + ')$');

/** NaN, Infinity or the number of a value in a series; undefined for any other text. */
export function numberOfValue(value: ByteString): number | undefined {
  if (!SERIES_VALUE.test(value)) return undefined;
  if (/nan/i.test(value)) return NaN;
  if (/inf/i.test(value)) return value[0] === '-' ? -Infinity : Infinity;
  return Number(value);
}

/** A cell: '' for what is not known. */
function printSeriesCell(value: number | undefined, decimals: number): string {
  if (value === undefined) return '';
  const factor = 10 ** decimals;
  return String(Math.round(value * factor) / factor);
}

/** undefined for an empty cell; NaN for what is no number of this kind. */
function readSeriesCell(cell: string): number | undefined {
  if (cell === '') return undefined;
  return /^[0-9]{1,16}(?:\.[0-9]{1,9})?$/.test(cell) && Number(cell) <= Number.MAX_SAFE_INTEGER ? Number(cell) : NaN;
}

/** The pieces of the text: series one after another, points in their order. '' if there is no point. */
export function printSeries(all: Series[]): ByteString {
  let text = '';
  for (const { name, points } of all) {
    const spelled = encodeText(name);
    for (const { atS, step, value } of points) text += printSeriesCell(atS, 3) + '\t' + printSeriesCell(step, 6) + '\t' + spelled + '\t' + value + '\n';
  }
  return text === '' ? '' : SERIES_HEAD + text;
}

/** The cells of each line below the two of the head; none if the text has another head, or a newer one cannot be told from it. */
function* readRows(text: ByteString, kind: string, most: number): Generator<string[]> {
  const head = new RegExp('^# rr ' + kind + ', format [0-9]{1,9}\n').exec(text);
  if (head === null) return;
  let at = text.indexOf('\n', head[0].length) + 1;
  for (let count = 0; at > 0 && at < text.length && count < most; count += 1) {
    const end = text.indexOf('\n', at);
    // What does not end in LF was cut short.
    if (end < 0) return;
    yield text.slice(at, end).split('\t', 10);
    at = end + 1;
  }
}

/** Undoes printSeries(), in the order in which the names first occur. A line that cannot be understood is passed over, as is what is beyond any measure. */
export function parseSeries(text: ByteString): Series[] {
  const byName = new Map<string, Series>();
  for (const [time, step, spelled, value] of readRows(text, 'series', MOST_POINTS_READ)) {
    const atS = readSeriesCell(time ?? '');
    const number = readSeriesCell(step ?? '');
    if (spelled === undefined || spelled === '' || value === undefined || !SERIES_VALUE.test(value) || Number.isNaN(atS) || Number.isNaN(number)) continue;
    let series = byName.get(spelled);
    if (series === undefined) {
      if (byName.size >= MOST_SERIES_READ) continue;
      series = { name: decodeText(spelled), points: [] };
      byName.set(spelled, series);
    }
    const point: SeriesPoint = { atS, step: number, value };
    series.points.push(point);
  }
  return Array.from(byName.values());
}

/** One line a sample, in order of time. '' if there is none. */
export function printResources(samples: ResourceSample[]): ByteString {
  if (samples.length === 0) return '';
  const lines = samples.map((one) => [
    printSeriesCell(one.atS, 3), printSeriesCell(one.cpus, 3), printSeriesCell(one.memoryBytes, 0), printSeriesCell(one.readBytes, 0), printSeriesCell(one.writtenBytes, 0), printSeriesCell(one.processes, 1), printSeriesCell(one.gpuPercent, 1),
    printSeriesCell(one.gpuMemoryBytes, 0),
  ].join('\t') + '\n');
  return RESOURCES_HEAD + lines.join('');
}

/** Undoes printResources(). A line that cannot be understood is passed over. */
export function parseResources(text: ByteString): ResourceSample[] {
  const samples: ResourceSample[] = [];
  for (const row of readRows(text, 'resources', MOST_SAMPLES_READ)) {
    const cells = row.map(readSeriesCell);
    const [atS, cpus, memoryBytes, readBytes, writtenBytes, processes, gpuPercent, gpuMemoryBytes] = cells;
    if (cells.some((cell) => Number.isNaN(cell)) || atS === undefined || cpus === undefined || memoryBytes === undefined || processes === undefined) continue;
    const sample: ResourceSample = { atS, cpus, memoryBytes, readBytes, writtenBytes, processes };
    if (gpuPercent !== undefined) sample.gpuPercent = gpuPercent;
    if (gpuMemoryBytes !== undefined) sample.gpuMemoryBytes = gpuMemoryBytes;
    samples.push(sample);
  }
  return samples;
}
