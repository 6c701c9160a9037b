// journal.ts - runs as a story: by days, long series as one entry. Knows no texts for people and no files.
import type { ByteString } from './bytes.ts';
import { compareBytes, trimBlanks } from './bytes.ts';
import type { AnnotatedRun } from './notes.ts';
import type { Run, RunStatus } from './run.ts';

/** One run, or several of one label and one day. */
export type JournalEntry = { label: ByteString | undefined; runs: AnnotatedRun[] };

/** date: 2026-11-22, UTC. */
export type JournalDay = { date: string; entries: JournalEntry[] };

/** So many runs of one label on one day are told as one. */
const SERIES_LENGTH = 4;

function dayOfRun(run: Run): string {
  return run.startedUtc.slice(0, 10);
}

/**
 * Days in their order; on each the runs in the order of their ids, a series where its first run
 * stands. With `isComplete` each run is an entry of its own.
 */
export function arrangeJournal(runs: AnnotatedRun[], isComplete: boolean): JournalDay[] {
  const days = new Map<string, JournalEntry[]>();
  for (const one of runs) {
    const entries = days.get(dayOfRun(one.run));
    if (entries === undefined) days.set(dayOfRun(one.run), [{ label: one.run.label, runs: [one] }]);
    else entries.push({ label: one.run.label, runs: [one] });
  }
  const sorted = Array.from(days.keys()).sort(compareBytes);
  return sorted.map((date) => ({ date, entries: isComplete ? days.get(date) as JournalEntry[] : foldSeries(days.get(date) as JournalEntry[]) }));
}

function foldSeries(entries: JournalEntry[]): JournalEntry[] {
  const series = new Map<ByteString, JournalEntry>();
  for (const { label, runs } of entries) {
    if (label === undefined) continue;
    const one = series.get(label);
    if (one === undefined) series.set(label, { label, runs: runs.slice() });
    else one.runs.push(...runs);
  }
  const folded: JournalEntry[] = [];
  for (const entry of entries) {
    const one = entry.label === undefined ? undefined : series.get(entry.label);
    if (one === undefined || one.runs.length < SERIES_LENGTH) folded.push(entry);
    else if (one.runs[0] === entry.runs[0]) folded.push(one);
  }
  return folded;
}

/** What a parameter was in several runs. `isRange`: first and last are the least and the greatest number. */
export type ParameterSpan = { name: ByteString; values: ByteString[]; isRange: boolean };

/** Each parameter of the runs, in the order met: its values, each once; of numbers the least and the greatest. */
export function spanParameters(runs: Run[]): ParameterSpan[] {
  const values = new Map<ByteString, Set<ByteString>>();
  for (const run of runs) {
    for (const parameter of run.parameters) {
      const space = parameter.indexOf(' ');
      const name = parameter.slice(0, space);
      values.set(name, (values.get(name) ?? new Set<ByteString>()).add(parameter.slice(space + 1)));
    }
  }
  return Array.from(values, ([name, found]) => {
    const all = Array.from(found);
    if (all.length < 3 || !all.every((value) => trimBlanks(value) !== '' && Number.isFinite(Number(value)))) return { name, values: all, isRange: false };
    all.sort((a, b) => Number(a) - Number(b) || compareBytes(a, b));
    return { name, values: [all[0], all[all.length - 1]], isRange: true };
  });
}

/** How many runs ended so, in a fixed order; statuses of no run are left out. */
export function countStatuses(runs: Pick<Run, 'status'>[]): { status: RunStatus; count: number }[] {
  const order: RunStatus[] = ['succeeded', 'failed', 'interrupted', 'lost', 'running'];
  return order.map((status) => ({ status, count: runs.filter((run) => run.status === status).length })).filter((one) => one.count > 0);
}

/** Each value once, in the order first met; undefined is none. */
export function distinctTexts(values: (ByteString | undefined)[]): ByteString[] {
  return Array.from(new Set(values.filter((value): value is ByteString => value !== undefined && value !== '')));
}
