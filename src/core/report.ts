// report.ts - what a report tells of a run beyond its record, and which runs it tells of. Knows no files and no page.
import type { ByteString } from './bytes.ts';
import type { AnnotatedRun } from './notes.ts';
import type { Run } from './run.ts';
import type { ResourceSample, Series } from './series.ts';

/** What can be seen of a file that is still as it was recorded. */
export type FilePreview =
  /** The first lines, raw; how many bytes of the file they leave out. */
  | { kind: 'text'; text: ByteString; leftBytes: number }
  /** The first rows and columns, unquoted; whether there are more of either. */
  | { kind: 'table'; rows: ByteString[][]; hasMoreRows: boolean; hasMoreColumns: boolean }
  | { kind: 'picture'; mediaType: string; base64: string };

/** Beginning and end of what a run printed, raw; what lies between them was left out. */
export type LogExcerpt = { kind: 'out' | 'err'; sizeBytes: number; head: ByteString; leftBytes: number; tail: ByteString };

/** A run with all that its page shows. */
export type ReportedRun = {
  one: AnnotatedRun;
  /** The last repeat of it that was judged. */
  lastRepeat: Run | undefined;
  logs: LogExcerpt[];
  series: Series[];
  resources: ResourceSample[];
  /** Files of the two that are not there as they were recorded. */
  lostLogs: ByteString[];
  /** Of each input the id of the run that made it; undefined if none did. */
  makers: (string | undefined)[];
  /** Of each output the ids of the runs that read it. */
  readers: string[][];
};

/** The order in which `count` runs, by their places, get room for their details: those that current results need, then all others; of both the newest first. */
export function orderDetails(count: number, isLive: (place: number) => boolean): number[] {
  const newest = Array.from({ length: count }, (_, i) => count - 1 - i);
  return newest.filter(isLive).concat(newest.filter((place) => !isLive(place)));
}

/** Of each run that was repeated the id of its last repeat that has verdicts. `runs` are in the order of their ids. */
export function findLastRepeats(runs: Iterable<{ id: string; repeats?: string; verdicts: { word: string }[] }>): Map<string, string> {
  const last = new Map<string, string>();
  for (const run of runs) if (run.repeats !== undefined && run.verdicts.length > 0) last.set(run.repeats, run.id);
  return last;
}

/** So many of a list, evenly, with the first and the last. */
export function thinOut<T>(all: T[], most: number): T[] {
  if (all.length <= most) return all;
  const kept: T[] = [];
  for (let i = 0; i < most; i++) kept.push(all[Math.round(i * (all.length - 1) / (most - 1))]);
  return kept;
}
