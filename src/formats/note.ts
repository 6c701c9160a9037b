// note.ts - a note as a recutils record, printed and parsed (docs/record-format.txt, 9). Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { emptyNote } from '../core/notes.ts';
import type { Note, OutputTolerance, Unsettable } from '../core/notes.ts';
import { RUN_ID } from '../core/run.ts';
import { failRecord, FieldWriter, readFormatNumber, readId, requireFields, setFields, splitFields, splitWord } from './fields.ts';
import type { Field, FieldSetter } from './fields.ts';
import { decodeText, encodeText } from './percent.ts';

/** Format this version writes, and the newest it understands in full. */
export const NOTE_FORMAT = 1;

const NOTE_KIND = 'note';
const UNSETTABLE = ['Label', 'Reason', 'Outcome'];

/** The text of a note without its Sha256 line (sealRecord). */
export function printNoteBody(note: Note): ByteString {
  const out = new FieldWriter(NOTE_KIND, NOTE_FORMAT);
  out.raw('Id', note.id);
  for (const id of note.runs) out.raw('Run', id);
  out.raw('Written', note.writtenUtc);
  out.encoded('Author', note.author);
  out.encoded('Label', note.label);
  out.each('Tag', note.tags);
  out.each('Untag', note.untags);
  for (const name of note.unset) out.raw('Unset', name);
  out.encoded('Reason', note.reason);
  out.encoded('Outcome', note.outcome);
  out.each('Comment', note.comments);
  for (const one of note.tolerances) out.raw('Tolerance', String(one.absolute) + ' ' + String(one.relative) + ' ' + encodeText(one.pattern));
  for (const { id, text } of note.replaces) out.raw('Replaces', id + (text === undefined ? '' : ' ' + encodeText(text)));
  for (const id of note.removes) out.raw('Removes', id);
  out.raw('Rr', note.rr);
  for (const field of note.unknown) out.raw(field.name, field.value);
  return out.text;
}

/** A number as in "1e-6" or "0.5", not negative; undefined if it is none. */
function parseMagnitude(text: ByteString): number | undefined {
  const number = /^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Infinity;
  return number === Infinity ? undefined : number;
}

/** The option "PATH=ABSOLUTE[,RELATIVE]"; the path may hold "=". `toPath` makes of it one as in a record. Throws Failure. */
export function parseToleranceOption(text: ByteString, toPath: (name: ByteString) => ByteString): OutputTolerance {
  const parts = /^([^]+)=([^=,]+)(?:,([^=,]+))?$/.exec(text);
  const absolute = parts === null ? undefined : parseMagnitude(parts[2]);
  const relative = parts === null ? undefined : parseMagnitude(parts[3] ?? '0');
  if (parts === null || absolute === undefined || relative === undefined) {
    throw new Failure('cannot use --tolerance "' + text + '": not PATH=ABSOLUTE[,RELATIVE]', "such as --tolerance 'fit.csv=1e-9,1e-6'", EXIT.usage);
  }
  return { absolute, relative, pattern: toPath(parts[1]) };
}

function parseTolerance(value: ByteString): OutputTolerance | undefined {
  const [absolute, rest] = splitWord(value);
  const [relative, pattern] = splitWord(rest);
  const limits = [parseMagnitude(absolute), parseMagnitude(relative)];
  if (limits[0] === undefined || limits[1] === undefined || pattern === '') return undefined;
  return { absolute: limits[0], relative: limits[1], pattern: decodeText(pattern) };
}

const NOTE_SETTERS: { [name: string]: FieldSetter<Note> } = {
  Run: (note, value, fault) => { note.runs.push(readId(value, fault)); },
  Label: (note, value) => { note.label = decodeText(value); },
  Tag: (note, value) => { note.tags.push(decodeText(value)); },
  Untag: (note, value) => { note.untags.push(decodeText(value)); },
  Unset: (note, value, fault) => { note.unset.push(UNSETTABLE.indexOf(value) < 0 ? fault('not one of ' + UNSETTABLE.join(', ')) : value as Unsettable); },
  Reason: (note, value) => { note.reason = decodeText(value); },
  Outcome: (note, value) => { note.outcome = decodeText(value); },
  Comment: (note, value) => { note.comments.push(decodeText(value)); },
  Tolerance: (note, value, fault) => { note.tolerances.push(parseTolerance(value) ?? fault('not "ABSOLUTE RELATIVE PATH"')); },
  Replaces: (note, value, fault) => {
    const [id, text] = splitWord(value);
    note.replaces.push({ id: readId(id, fault), text: text === '' ? undefined : decodeText(text) });
  },
  Removes: (note, value, fault) => { note.removes.push(readId(value, fault)); },
};

const NOTE_SINGLE = ['Id', 'Written', 'Author', 'Label', 'Reason', 'Outcome', 'Rr', 'Sha256'];
const NOTE_REQUIRED = ['Id', 'Run', 'Written', 'Author', 'Rr'];
// Read by other means than NOTE_SETTERS.
const NOTE_ELSEWHERE = ['Id', 'Written', 'Author', 'Rr', 'Sha256'];

/**
 * A note from the text of its file, which `file` names in faults. The Sha256 line is required to be
 * there, not compared: `rr verify` does that. Throws Failure with file:line.
 */
export function parseNote(text: ByteString, file: string): Note {
  const format = readFormatNumber(text, NOTE_KIND, file);
  const isNewer = format > NOTE_FORMAT;
  const fields = splitFields(text, file);
  const first = requireFields(fields, file, NOTE_SINGLE, NOTE_REQUIRED);
  const fieldOf = (name: string): Field => first.get(name) as Field;
  if (!RUN_ID.test(fieldOf('Id').value)) failRecord(file, fieldOf('Id').line, 'not an id');
  const written = fieldOf('Written');
  if (!isNewer && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(written.value)) failRecord(file, written.line, 'Written: not a time in UTC with microseconds');
  const note = emptyNote(fieldOf('Id').value, [], written.value, decodeText(fieldOf('Author').value), fieldOf('Rr').value);
  setFields(note, fields, NOTE_SETTERS, NOTE_ELSEWHERE, { file, isNewer });
  if (isNewer) note.warnings.push('written in format ' + String(format) + ', newer than this rr understands in full (' + String(NOTE_FORMAT) + ')');
  return note;
}
