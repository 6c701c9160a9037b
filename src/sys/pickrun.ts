// pickrun.ts - the runs of a project with their notes, and the one that a RUN argument means. Knows no output.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { applyNotes, groupNotes } from '../core/notes.ts';
import type { AnnotatedRun, Note } from '../core/notes.ts';
import { RUN_ID } from '../core/run.ts';
import type { Run, RunSummary } from '../core/run.ts';
import { matchesFiles, selectRun } from '../core/select.ts';
import { readNotes } from './notes.ts';
import { toRecordPath } from './observe.ts';
import type { Project } from './project.ts';
import { readRun } from './records.ts';
import { filterRunsByFiles, noteFacts, readSummaries } from './runindex.ts';
import { readMarks } from './store.ts';

/**
 * summaries: of all runs in order of their ids, with label, tags and reason that count. unrecorded: those of
 * them that run or were lost, and have no record. notes: by the id of the run. runFaults, noteFaults:
 * records and notes that cannot be read.
 */
export type KnownRuns = { summaries: RunSummary[]; unrecorded: Run[]; notes: Map<string, Note[]>; runFaults: Failure[]; noteFaults: Failure[] };

function readUnrecorded(project: Project, recorded: RunSummary[]): Run[] {
  const marks = readMarks(project);
  if (marks.length === 0) return [];
  const ids = new Set(recorded.map((run) => run.id));
  return marks.map((mark) => mark.run).filter((run) => !ids.has(run.id));
}

/** All runs, those that run or were lost too. */
export function readKnownRuns(project: Project): KnownRuns {
  const { summaries, notes, faults, noteFaults } = readSummaries(project);
  const unrecorded = readUnrecorded(project, summaries);
  for (const run of unrecorded) summaries.push({ ...run, ...noteFacts(run, notes.get(run.id) ?? []) });
  if (unrecorded.length > 0) summaries.sort((a, b) => compareBytes(a.id, b.id));
  return { summaries, unrecorded, notes, runFaults: faults, noteFaults };
}

/** The whole of a known run; undefined if its record has gone. Throws Failure if that is damaged. */
export function readKnownRun(project: Project, known: KnownRuns, id: string): AnnotatedRun | undefined {
  const run = readRun(project, id) ?? known.unrecorded.find((one) => one.id === id);
  return run === undefined ? undefined : applyNotes(run, known.notes.get(id));
}

/** Those of `runs`, known ones in the order of ids, that wrote all files of `made` in the project and read all of `used`. */
export function filterKnownRunsByFiles(project: Project, known: KnownRuns, runs: RunSummary[], made: ByteString[], used: ByteString[]): RunSummary[] {
  const recorded = filterRunsByFiles(project, runs, made, used);
  const live = known.unrecorded.filter((run) => matchesFiles(run, { made, used }));
  if (live.length === 0) return recorded;
  const ids = new Set(recorded.concat(live).map((run) => run.id));
  return runs.filter((run) => ids.has(run.id));
}

/**
 * The run meant by an id, a prefix, a label, "@", "@-1" or a file it made, with what is noted on it.
 * Throws Failure if there is none, and with a list if there are several.
 */
export function pickAnnotatedRun(project: Project, folder: ByteString, reference: ByteString): AnnotatedRun {
  const runs = pickAnnotatedRuns(project, folder, reference);
  if (runs.length === 1) return runs[0];
  throw failSeveral(reference, runs.map((one) => one.run));
}

function failSeveral(reference: ByteString, runs: Pick<Run, 'id' | 'label'>[]): Failure {
  const shown = runs.slice(-10).map((run) => run.id + (run.label === undefined ? '' : ' ' + run.label)).join(', ');
  return new Failure('cannot tell which run "' + reference + '" means: ' + String(runs.length) + ' runs fit', 'one of ' + shown, EXIT.usage);
}

/** The same, but a label of several runs means all of them. Never empty. */
export function pickAnnotatedRuns(project: Project, folder: ByteString, reference: ByteString): AnnotatedRun[] {
  if (RUN_ID.test(reference)) {
    const run = readRun(project, reference);
    if (run !== undefined) return [applyNotes(run, groupNotes(readNotes(project).notes).get(run.id))];
  }
  const known = readKnownRuns(project);
  return selectKnownRuns(known, project, folder, reference).map((run) => readKnownRun(project, known, run.id)).filter((run): run is AnnotatedRun => run !== undefined);
}

/** Ids of the same runs: of many, none of whose records is read. */
export function pickRunIds(project: Project, folder: ByteString, reference: ByteString): string[] {
  if (RUN_ID.test(reference) && readRun(project, reference) !== undefined) return [reference];
  return selectKnownRuns(readKnownRuns(project), project, folder, reference).map((run) => run.id);
}

/** The same among runs that are read already. */
export function selectKnownRuns(known: KnownRuns, project: Project, folder: ByteString, reference: ByteString): RunSummary[] {
  const { runFaults, noteFaults } = known;
  // The last run may be one of those that cannot be read; another must not be taken for it.
  if (runFaults.length > 0 && reference[0] === '@') throw runFaults[runFaults.length - 1];
  const selection = selectRun(reference, known.summaries, () => filterKnownRunsByFiles(project, known, known.summaries, [toRecordPath(project, folder, reference)], []));
  if (selection.kind === 'none') throw new Failure('cannot find the run "' + reference + '"' + (runFaults.length + noteFaults.length > 0 ? ' among the records that can be read' : ''), 'run "rr list"', EXIT.differs);
  const meant = selection.kind === 'one' ? [selection.run] : selection.runs;
  if (meant.length > 1 && meant.some((run) => run.label !== reference)) throw failSeveral(reference, meant);
  return meant;
}

/** The same without the notes; label, tags and reason are those that count. */
export function pickRun(project: Project, folder: ByteString, reference: ByteString): Run {
  return pickAnnotatedRun(project, folder, reference).run;
}
