// notes.ts - what was noted on runs afterwards, and what of it counts. Knows no files and no spelling.
import type { ByteString } from './bytes.ts';
import type { Tolerance } from './comparison.ts';
import { compileGlob } from './glob.ts';
import { recordPath } from './run.ts';
import type { Run } from './run.ts';

// Notes are applied in the order of their ids, so it does not matter in which they were read.
//
// 1. A note says something of the runs it names and of no others.
// 2. It counts for a run unless a later note on that run, which counts itself, removes it.
// 3. Of labels, reasons and outcomes the last one counts; tags are put on and taken off in order.
// 4. A comment stands at the place of its note. Where notes replaced it, what the last of them says
//    in its place stands there.
// 5. A note can replace or remove earlier ones only: there is no circle.

/** By how much numbers of outputs may differ. pattern: path or glob, relative to the project. */
export type OutputTolerance = Tolerance & { pattern: ByteString };

/** What a note can take back. */
export type Unsettable = 'Label' | 'Reason' | 'Outcome';

/** One act of noting: a file that is never changed (docs/record-format.txt, 9). */
export type Note = {
  /** Of the form of a run's id. */
  id: string;
  runs: string[];
  /** UTC, ISO 8601 with microseconds. */
  writtenUtc: string;
  author: ByteString;
  label?: ByteString;
  tags: ByteString[];
  untags: ByteString[];
  unset: Unsettable[];
  reason?: ByteString;
  outcome?: ByteString;
  comments: ByteString[];
  tolerances: OutputTolerance[];
  /** The comments of the note `id` are replaced: by `text`, or by nothing; several entries of one id by several texts. */
  replaces: { id: string; text: ByteString | undefined }[];
  /** Ids of notes that count no more. */
  removes: string[];
  /** Version of rr. */
  rr: string;
  /** Fields this version does not know, in the order met. */
  unknown: { name: string; value: ByteString }[];
  /** What a reader should be told, such as a newer format. Not part of the note. */
  warnings: string[];
};

/** A note that says nothing yet. */
export function emptyNote(id: string, runs: string[], writtenUtc: string, author: ByteString, rr: string): Note {
  return { id, runs, writtenUtc, author, tags: [], untags: [], unset: [], comments: [], tolerances: [], replaces: [], removes: [], rr, unknown: [], warnings: [] };
}

/** Path of the note under provenance/: notes/YYYY-MM/ID.rec. Throws if `id` is no id. */
export function notePath(id: string): string {
  return recordPath(id).replace(/^runs/, 'notes');
}

/** A comment that counts. noteId: by which it is replaced or removed; edited: who wrote the text that stands there now. */
export type Comment = {
  noteId: string; author: ByteString; writtenUtc: string; text: ByteString;
  edited?: { noteId: string; author: ByteString; writtenUtc: string };
};

/** A tolerance that counts, with the comments of its note as its reason. */
export type GroundedTolerance = OutputTolerance & { noteId: string; author: ByteString; writtenUtc: string; reason: ByteString };

/** What notes say of a run beyond its label, tags and reason. */
export type RunNotes = {
  outcome?: ByteString;
  comments: Comment[];
  tolerances: GroundedTolerance[];
  /** All notes on the run in the order of their ids, those that count no more too. */
  history: Note[];
};

/** Of a run what notes can change. */
export type NotedFacts = Pick<Run, 'label' | 'reason' | 'tags'>;

/** run: with the label, tags and reason that count. */
export type AnnotatedRun<R extends NotedFacts = Run> = { run: R; notes: RunNotes };

/** The notes on each run, by its id, in the order of their own ids. */
export function groupNotes(notes: Note[]): Map<string, Note[]> {
  const groups = new Map<string, Note[]>();
  for (const note of notes.slice().sort((a, b) => (a.id < b.id ? -1 : 1))) {
    for (const id of new Set(note.runs)) {
      const group = groups.get(id);
      if (group === undefined) groups.set(id, [note]);
      else group.push(note);
    }
  }
  return groups;
}

/** Rule 2: those of `notes`, all on one run and in order, that count. */
export function findCountingNotes(notes: Note[]): Note[] {
  const removed = new Set<string>();
  const counting: Note[] = [];
  for (let i = notes.length - 1; i >= 0; i--) {
    const note = notes[i];
    if (removed.has(note.id)) continue;
    counting.push(note);
    for (const id of note.removes) if (id < note.id) removed.add(id);
  }
  return counting.reverse();
}

/** Rule 3. */
function applyFacts<R extends NotedFacts>(run: R, notes: Note[]): { run: R; outcome: ByteString | undefined } {
  const changed = { ...run };
  let outcome: ByteString | undefined;
  for (const note of notes) {
    if (note.unset.indexOf('Label') >= 0) changed.label = undefined;
    if (note.unset.indexOf('Reason') >= 0) changed.reason = undefined;
    if (note.unset.indexOf('Outcome') >= 0) outcome = undefined;
    changed.label = note.label ?? changed.label;
    changed.reason = note.reason ?? changed.reason;
    outcome = note.outcome ?? outcome;
    changed.tags = changed.tags.filter((tag) => note.untags.indexOf(tag) < 0);
    for (const tag of note.tags) if (changed.tags.indexOf(tag) < 0) changed.tags.push(tag);
  }
  return { run: changed, outcome };
}

/** Rules 4 and 5: the comments of each note that has any, by its id. */
function findComments(notes: Note[]): Map<string, Comment[]> {
  const places = new Map<string, Comment[]>();
  const origins = new Map<string, Note>();
  for (const note of notes) {
    origins.set(note.id, note);
    places.set(note.id, note.comments.map((text) => ({ noteId: note.id, author: note.author, writtenUtc: note.writtenUtc, text })));
    for (const id of new Set(note.replaces.map((one) => one.id))) {
      const origin = id < note.id ? origins.get(id) : undefined;
      if (origin === undefined) continue;
      const edited = { noteId: note.id, author: note.author, writtenUtc: note.writtenUtc };
      const texts = note.replaces.filter((one) => one.id === id && one.text !== undefined).map((one) => one.text as ByteString);
      places.set(id, texts.map((text) => ({ noteId: id, author: origin.author, writtenUtc: origin.writtenUtc, text, edited })));
    }
  }
  return places;
}

/** The run and what is said of it, once `notes`, which are on it and in order, are applied. The run itself, a plain object, is not changed. */
export function applyNotes<R extends NotedFacts>(run: R, notes: Note[] = []): AnnotatedRun<R> {
  if (notes.length === 0) return { run, notes: { comments: [], tolerances: [], history: [] } };
  const counting = findCountingNotes(notes);
  const facts = applyFacts(run, counting);
  const places = findComments(counting);
  const comments: Comment[] = [];
  const tolerances: GroundedTolerance[] = [];
  for (const note of counting) {
    const own = places.get(note.id) as Comment[];
    comments.push(...own);
    const reason = own.map((comment) => comment.text).join('\n');
    for (const tolerance of note.tolerances) tolerances.push({ ...tolerance, noteId: note.id, author: note.author, writtenUtc: note.writtenUtc, reason });
  }
  return { run: facts.run, notes: { outcome: facts.outcome, comments, tolerances, history: notes } };
}

/** Runs with the notes on them applied. */
export function annotateRuns(runs: Run[], notes: Note[]): AnnotatedRun[] {
  const groups = groupNotes(notes);
  return runs.map((run) => applyNotes(run, groups.get(run.id)));
}

/** The tolerance of an output: of those whose pattern fits its path the last; undefined if there is none. */
export function findTolerance(notes: RunNotes, path: ByteString): GroundedTolerance | undefined {
  for (let i = notes.tolerances.length - 1; i >= 0; i--) {
    const { pattern } = notes.tolerances[i];
    if (pattern === path || compileGlob(pattern)(path)) return notes.tolerances[i];
  }
  return undefined;
}

/** Would the note, the latest on the run, change anything of it? */
export function hasEffect(note: Note, { run, notes }: AnnotatedRun): boolean {
  if (note.comments.length + note.tolerances.length + note.replaces.length + note.removes.length > 0) return true;
  const after = applyFacts(run, [note]);
  const outcome = after.outcome ?? (note.unset.indexOf('Outcome') >= 0 ? undefined : notes.outcome);
  return after.run.label !== run.label || after.run.reason !== run.reason || outcome !== notes.outcome || after.run.tags.join('\n') !== run.tags.join('\n');
}
