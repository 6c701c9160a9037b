// note.ts - rr note: label, tags, reason, outcome, comments and tolerances after the fact.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd, trimBlanks } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { compileGlob } from '../core/glob.ts';
import { emptyNote, findCountingNotes, hasEffect } from '../core/notes.ts';
import type { AnnotatedRun, Note, OutputTolerance } from '../core/notes.ts';
import { RR_VERSION } from '../core/version.ts';
import { parseToleranceOption } from '../formats/note.ts';
import { parseNoteText, printNoteText } from '../formats/notetext.ts';
import type { NoteText } from '../formats/notetext.ts';
import { encodeWithheld } from '../formats/percent.ts';
import { findAuthor } from '../sys/author.ts';
import { makeRandomDigits } from '../sys/clock.ts';
import { editText } from '../sys/editor.ts';
import { removeIfThere } from '../sys/files.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { saveNote } from '../sys/notes.ts';
import { toRecordPath } from '../sys/observe.ts';
import { pickAnnotatedRun, readKnownRun, readKnownRuns } from '../sys/pickrun.ts';
import { prepareOwnFolder, requireProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { includeAllRuns } from '../sys/store.ts';
import { isTerminal, readIn, tell } from '../sys/terminal.ts';
import { describeComment } from '../views/page.ts';

export type NoteOptions = {
  project: ByteString | undefined;
  /** '' takes it away; so of reason and outcome. */
  label: ByteString | undefined;
  tags: ByteString[];
  untags: ByteString[];
  reason: ByteString | undefined;
  outcome: ByteString | undefined;
  comments: ByteString[];
  tolerances: ByteString[];
  edit: ByteString | undefined;
  remove: ByteString[];
  editor: boolean;
  all: boolean;
  quiet: boolean;
};

function failUsage(message: string, hint: string): never {
  throw new Failure(message, hint, EXIT.usage);
}

// ---- from the options -------------------------------------------------------------------------------

/** A tolerance that fits no output would be taken for one that counts. */
function requireOutputs(tolerances: OutputTolerance[], runs: AnnotatedRun[]): void {
  if (runs.some(({ run }) => run.status === 'running')) return;
  for (const { pattern } of tolerances) {
    const fits = compileGlob(pattern);
    if (!runs.some(({ run }) => run.outputs.some((file) => file.path === pattern || fits(file.path)))) {
      throw new Failure('cannot note a tolerance for "' + pattern + '": the run has no such output', 'run "rr show ' + runs[0].run.id + '"', EXIT.differs);
    }
  }
}

/** The id of a note on one of the runs by its beginning. */
function findNoteId(option: string, given: ByteString, runs: AnnotatedRun[], isWanted: (note: Note) => boolean): string {
  const found = new Set<string>();
  for (const { notes } of runs) for (const note of findCountingNotes(notes.history)) if (isWanted(note) && given !== '' && note.id.startsWith(given)) found.add(note.id);
  const ids = Array.from(found).sort();
  if (ids.length === 1) return ids[0];
  if (ids.length > 1) return failUsage('cannot use --' + option + ' "' + given + '": it means several notes', 'one of ' + ids.slice(-10).join(', '));
  throw new Failure('cannot use --' + option + ' "' + given + '": no such note' + (option === 'edit' ? ' with a comment' : '') + ' on this run', 'run "rr show --all ' + runs[0].run.id + '"', EXIT.differs);
}

function checkTags(options: NoteOptions): void {
  for (const tag of options.tags.concat(options.untags)) if (tag === '') failUsage('cannot use an empty tag', '');
  for (const tag of options.tags) if (options.untags.indexOf(tag) >= 0) failUsage('cannot both put on and take off the tag "' + tag + '"', '');
}

/** What the options and the operand say, in a note without id and time. */
function draftFromOptions(draft: Note, options: NoteOptions, texts: ByteString[], runs: AnnotatedRun[], toPath: (name: ByteString) => ByteString): void {
  checkTags(options);
  const set = (name: 'Label' | 'Reason' | 'Outcome', value: ByteString | undefined): ByteString | undefined => {
    if (value === '') draft.unset.push(name);
    return value === '' ? undefined : value;
  };
  draft.label = set('Label', options.label);
  draft.reason = set('Reason', options.reason);
  draft.outcome = set('Outcome', options.outcome);
  draft.tags = options.tags;
  draft.untags = options.untags;
  draft.tolerances = options.tolerances.map((text) => parseToleranceOption(text, toPath));
  requireOutputs(draft.tolerances, runs);
  if (draft.tolerances.length > 0 && texts.length === 0) failUsage('cannot note a tolerance without a reason', 'say why: rr note --tolerance ' + "'PATH=ABSOLUTE' RUN 'the sum is taken in any order'");
  draft.removes = options.remove.map((given) => findNoteId('remove', given, runs, () => true));
  if (options.edit === undefined) {
    draft.comments = texts;
    return;
  }
  if (draft.tolerances.length > 0) failUsage('cannot note a tolerance by --edit', 'note it anew: of two for one file the later counts');
  if (texts.length === 0) failUsage('cannot edit a note: no text', 'to take it back: rr note --remove NOTE RUN');
  const id = findNoteId('edit', options.edit, runs, (note) => note.comments.length > 0);
  draft.replaces = texts.map((text) => ({ id, text }));
}

function hasChange(options: NoteOptions): boolean {
  return [options.label, options.reason, options.outcome, options.edit].some((value) => value !== undefined)
    || [options.tags, options.untags, options.comments, options.tolerances, options.remove].some((values) => values.length > 0);
}

/** Comments by the operand, which may be "-", and by --comment. */
function readCommentTexts(options: NoteOptions, operand: ByteString | undefined): ByteString[] {
  const text = operand === '-' ? dropAtEnd(readIn(), '\n') : operand;
  const texts = (text === undefined ? [] : [text]).concat(options.comments);
  if (texts.some((one) => trimBlanks(one) === '')) failUsage('cannot note an empty text', '');
  return texts;
}

// ---- from the editor --------------------------------------------------------------------------------

function describeState({ run, notes }: AnnotatedRun): NoteText {
  return {
    label: run.label ?? '', tags: run.tags, reason: run.reason ?? '', outcome: notes.outcome ?? '',
    comments: notes.comments.map((comment) => ({ noteId: comment.noteId, by: describeComment(comment), text: comment.text })),
  };
}

/** What changed from one text to the other, in a note without id and time. */
function draftFromTexts(draft: Note, before: NoteText, after: NoteText): void {
  const change = (name: 'label' | 'reason' | 'outcome', field: 'Label' | 'Reason' | 'Outcome'): void => {
    if (after[name] === before[name]) return;
    if (after[name] === '') draft.unset.push(field);
    else draft[name] = after[name];
  };
  change('label', 'Label');
  change('reason', 'Reason');
  change('outcome', 'Outcome');
  draft.tags = after.tags.filter((tag) => before.tags.indexOf(tag) < 0);
  draft.untags = before.tags.filter((tag) => after.tags.indexOf(tag) < 0);
  const textsOf = (notes: NoteText, id: string | undefined): ByteString[] => notes.comments.filter((one) => one.noteId === id).map((one) => one.text);
  const known = new Set(before.comments.map((one) => one.noteId));
  for (const { noteId } of after.comments) if (noteId !== undefined && !known.has(noteId)) failUsage('cannot take the edited text: no comment "' + noteId + '" is there', '');
  for (const id of known) {
    if (id === undefined) continue;
    const texts = textsOf(after, id);
    if (texts.join('\0') === textsOf(before, id).join('\0')) continue;
    draft.replaces.push(...(texts.length === 0 ? [{ id, text: undefined }] : texts.map((text) => ({ id, text }))));
  }
  draft.comments = textsOf(after, undefined);
}

/** Has the person edit what is noted now. False if they gave up. What cannot be understood stays in a file that is named. */
function draftFromEditor(draft: Note, project: Project, annotated: AnnotatedRun): boolean {
  const { run } = annotated;
  const text = printNoteText('Notes on the run ' + run.id + ': ' + encodeWithheld(run.command), describeState(annotated));
  const name = project.own + '/note-' + makeRandomDigits() + '.txt';
  let edited: ByteString | undefined;
  try {
    edited = editText(name, text);
    const after = parseNoteText(edited);
    if (after !== undefined) draftFromTexts(draft, parseNoteText(text) as NoteText, after);
    removeIfThere(name);
    return after !== undefined;
  } catch (error) {
    if (error instanceof Failure && edited !== undefined && edited !== text) throw new Failure(error.message, 'the text is kept in "' + name + '"', error.exitStatus);
    removeIfThere(name);
    throw error;
  }
}

// ---- writing ----------------------------------------------------------------------------------------

function findRuns(project: Project, folder: ByteString, reference: ByteString, isAll: boolean): AnnotatedRun[] {
  if (!isAll) return [pickAnnotatedRun(project, folder, reference)];
  const known = readKnownRuns(project);
  const labelled = known.summaries.filter((run) => run.label === reference).map((run) => readKnownRun(project, known, run.id));
  const runs = labelled.filter((run): run is AnnotatedRun => run !== undefined);
  if (runs.length === 0) throw new Failure('cannot find a run with the label "' + reference + '"', 'run "rr list"', EXIT.differs);
  return runs;
}

/** Does the note change what provenance/Makefile has of a run: label and reason? */
function concernsMakefile(draft: Note, runs: AnnotatedRun[]): boolean {
  const isTitle = (note: Note): boolean => note.label !== undefined || note.reason !== undefined || note.unset.some((name) => name !== 'Outcome');
  if (isTitle(draft)) return true;
  // What is taken back may have been such a note, or what took one back.
  return draft.removes.some((id) => runs.some(({ notes }) => notes.history.some((note) => note.id === id && (isTitle(note) || note.removes.length > 0))));
}

/** Writes the note, and the Makefile if it depends on it. */
function writeNote(project: Project, draft: Note, runs: AnnotatedRun[]): { note: Note; faults: Failure[] } {
  const isInMakefile = concernsMakefile(draft, runs);
  const running = runs.find(({ run }) => run.status === 'running');
  if (isInMakefile && running !== undefined) throw new Failure('cannot note label or reason of "' + running.run.id + '": it is running', 'note it when it has ended');
  const earlier = runs.map(({ notes }) => notes.history).filter((history) => history.length > 0).map((history) => history[history.length - 1].id);
  let note: Note | undefined;
  const write = (): void => { note = saveNote(project, earlier, (id, writtenUtc) => ({ ...draft, id, writtenUtc })); };
  let faults: Failure[] = [];
  if (isInMakefile) faults = includeAllRuns(project, write);
  else write();
  return { note: note as unknown as Note, faults };
}

/** Notes something on a run, or on all runs of a label. Prints nothing but failures if standard error is no terminal. */
export function noteRun(operands: ByteString[], options: NoteOptions): number {
  const [reference, operand] = operands;
  if (options.editor && (operand !== undefined || hasChange(options))) failUsage('cannot both take texts and open an editor', 'say -e alone');
  if (!options.editor && operand === undefined && !hasChange(options)) failUsage('cannot note: nothing to note', 'rr note RUN TEXT, or rr note -e RUN');
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  const runs = findRuns(project, current, reference, options.all);
  if (options.editor && runs.length > 1) failUsage('cannot edit the notes on ' + String(runs.length) + ' runs at once', 'say what to note: rr note --all LABEL TEXT');
  prepareOwnFolder(project);
  const draft = emptyNote('', runs.map(({ run }) => run.id), '', findAuthor(project), RR_VERSION);
  if (options.editor) draftFromEditor(draft, project, runs[0]);
  else draftFromOptions(draft, options, readCommentTexts(options, operand), runs, (name) => toRecordPath(project, current, name));
  if (!runs.some((one) => hasEffect(draft, one))) {
    if (!options.quiet) tell('rr: nothing changed, nothing noted');
    return 0;
  }
  const { note, faults } = writeNote(project, draft, runs);
  if (!options.quiet && isTerminal(2)) tell('rr: noted ' + note.id);
  for (const fault of faults) tell('rr: ' + fault.message);
  return 0;
}
