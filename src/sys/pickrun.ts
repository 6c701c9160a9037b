// pickrun.ts - the runs of a project with their notes, and the one that a RUN argument means. Knows no output.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { annotateRuns, applyNotes, groupNotes } from '../core/notes.ts';
import type { AnnotatedRun } from '../core/notes.ts';
import { RUN_ID } from '../core/run.ts';
import type { Run } from '../core/run.ts';
import { selectRun } from '../core/select.ts';
import { readNotes } from './notes.ts';
import { toRecordPath } from './observe.ts';
import type { Project } from './project.ts';
import { readRun, readRuns } from './records.ts';
import { readMarks } from './store.ts';

/** runFaults, noteFaults: records and notes that cannot be read. */
export type KnownRuns = { runs: AnnotatedRun[]; runFaults: Failure[]; noteFaults: Failure[] };

/** All runs in order of their ids, those that run or were lost too, with label, tags and reason that count. */
export function readKnownRuns(project: Project): KnownRuns {
  const { runs, faults } = readRuns(project);
  const recorded = new Set(runs.map((run) => run.id));
  for (const mark of readMarks(project)) if (!recorded.has(mark.run.id)) runs.push(mark.run);
  runs.sort((a, b) => (a.id < b.id ? -1 : 1));
  const noted = readNotes(project);
  return { runs: annotateRuns(runs, noted.notes), runFaults: faults, noteFaults: noted.faults };
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

function failSeveral(reference: ByteString, runs: Run[]): Failure {
  const shown = runs.slice(-10).map((run) => run.id + (run.label === undefined ? '' : ' ' + run.label)).join(', ');
  return new Failure('cannot tell which run "' + reference + '" means: ' + String(runs.length) + ' fit', 'one of ' + shown, EXIT.usage);
}

/** The same, but a label of several runs means all of them. Never empty. */
export function pickAnnotatedRuns(project: Project, folder: ByteString, reference: ByteString): AnnotatedRun[] {
  if (RUN_ID.test(reference)) {
    const run = readRun(project, reference);
    if (run !== undefined) return [applyNotes(run, groupNotes(readNotes(project).notes).get(run.id))];
  }
  return selectKnownRuns(readKnownRuns(project), project, folder, reference);
}

/** The same among runs that are read already. */
export function selectKnownRuns({ runs, runFaults, noteFaults }: KnownRuns, project: Project, folder: ByteString, reference: ByteString): AnnotatedRun[] {
  // The last run may be one of those that cannot be read; another must not be taken for it.
  if (runFaults.length > 0 && reference[0] === '@') throw runFaults[runFaults.length - 1];
  const selection = selectRun(reference, runs.map((one) => one.run), toRecordPath(project, folder, reference));
  if (selection.kind === 'none') throw new Failure('cannot find the run "' + reference + '"' + (runFaults.length + noteFaults.length > 0 ? ' among the records that can be read' : ''), 'run "rr list"', EXIT.differs);
  const meant = selection.kind === 'one' ? [selection.run] : selection.runs;
  if (meant.length > 1 && meant.some((run) => run.label !== reference)) throw failSeveral(reference, meant);
  return runs.filter((one) => meant.indexOf(one.run) >= 0);
}

/** The same without the notes; label, tags and reason are those that count. */
export function pickRun(project: Project, folder: ByteString, reference: ByteString): Run {
  return pickAnnotatedRun(project, folder, reference).run;
}
