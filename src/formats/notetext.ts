// notetext.ts - the notes of a run as a text for an editor, printed and parsed. Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { trimBlanks } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { decodeText, makeHarmless } from './percent.ts';

/** noteId: of a comment that is there; undefined: a new one. `by` is for people. */
export type NoteText = {
  label: ByteString; tags: ByteString[]; reason: ByteString; outcome: ByteString;
  comments: { noteId: string | undefined; by: ByteString; text: ByteString }[];
};

// A section begins with a line "--- NAME"; what stands behind a comma there is for people. A line of
// text that begins with "---" has a "\" in front, and so has one that begins with "\---". At either
// end stand lines of ours, more than those in which editors look for settings that the text makes.
const TEXT_HEAD = `# Text stands below the lines that begin with "---": leave these as they are.
# What you empty is removed; nothing is noted if nothing changed.
# A comment that you change keeps its author and date, and names you beside.
# A line of text that begins with "---" is written "\\---".
# %XX is a byte in hexadecimal.
`;
const TEXT_END = `--- end
# Label and each tag are one line.
# For a further comment write one more line "--- new comment".
# rr show --all RUN shows what stood here before.
#
# Nothing from the line "--- end" on is read.
`;
const HEADING = /^--- (?:(label|tags|reason|outcome|new comment|end)|comment ([0-9A-Za-z-]+))(?:,.*|[ \t]*)$/;

/** Bytes that a terminal obeys or that are no text stand as %XX, and so does a "%" that would be taken for one. */
function spellLine(line: ByteString): ByteString {
  return makeHarmless(line.replace(/%(?=[0-9A-Fa-f]{2})/g, '%25')).replace(/%09/g, '\t').replace(/^(\\*---)/, '\\$1');
}

function spellText(text: ByteString): ByteString {
  return text === '' ? '' : text.split('\n').map(spellLine).join('\n') + '\n';
}

/** `title` is one line that says which run it is. */
export function printNoteText(title: ByteString, notes: NoteText): ByteString {
  const section = (name: ByteString, text: ByteString): ByteString => '--- ' + name + '\n' + text + '\n';
  return '# ' + makeHarmless(title) + '\n#\n' + TEXT_HEAD + '\n' + section('label', notes.label === '' ? '' : spellLine(notes.label) + '\n')
    + section('tags, one a line', notes.tags.map((tag) => spellLine(tag) + '\n').join(''))
    + section('reason', spellText(notes.reason)) + section('outcome', spellText(notes.outcome))
    + notes.comments.map(({ noteId, by, text }) => section(noteId === undefined ? 'new comment' : 'comment ' + noteId + ', ' + makeHarmless(by), spellText(text))).join('')
    + section('new comment', '') + TEXT_END;
}

function failText(line: number, what: string): never {
  throw new Failure('cannot take the edited text: line ' + String(line) + ': ' + what, '', EXIT.usage);
}

type Section = { name: string; noteId: string | undefined; line: number; lines: ByteString[] };

function splitSections(text: ByteString): Section[] {
  const sections: Section[] = [];
  let last: Section | undefined;
  const lines = text.replace(/\r\n/g, '\n').split('\n');
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    const heading = HEADING.exec(line);
    if (heading !== null && heading[1] === 'end') break;
    if (heading !== null) {
      last = { name: heading[1] ?? 'comment', noteId: heading[2], line: i + 1, lines: [] };
      sections.push(last);
    } else if (line.startsWith('---')) failText(i + 1, 'no such heading: "' + line + '"; write "\\---" for text that begins so');
    else if (last !== undefined) last.lines.push(decodeText(line.replace(/^\\(?=\\*---)/, '')));
    else if (trimBlanks(line) !== '' && line[0] !== '#') failText(i + 1, 'text above the first line "---"');
  }
  return sections;
}

/** The text of a section, without empty lines at its ends. */
function trimSection(section: Section): ByteString {
  const { lines } = section;
  // By places: shift() moves all that is left, so that many empty lines take time by their square.
  let [start, end] = [0, lines.length];
  while (start < end && trimBlanks(lines[start]) === '') start += 1;
  while (start < end && trimBlanks(lines[end - 1]) === '') end -= 1;
  return lines.slice(start, end).join('\n');
}

/**
 * Undoes printNoteText; a new comment that is empty is none. undefined if no section is left, which
 * is how one gives up. Throws Failure with the line.
 */
export function parseNoteText(text: ByteString): NoteText | undefined {
  const sections = splitSections(text);
  if (sections.length === 0) return undefined;
  const notes: NoteText = { label: '', tags: [], reason: '', outcome: '', comments: [] };
  const seen = new Set<string>();
  for (const section of sections) {
    const { name, noteId, line } = section;
    const value = trimSection(section);
    if (name === 'comment' || name === 'new comment') {
      if (value !== '') notes.comments.push({ noteId, by: '', text: value });
      continue;
    }
    if (seen.has(name)) failText(line, '"--- ' + name + '" stands twice');
    seen.add(name);
    if (name === 'tags') notes.tags = section.lines.map(trimBlanks).filter((one) => one !== '');
    else if (name === 'label' && section.lines.filter((one) => trimBlanks(one) !== '').length > 1) failText(line, 'a label is one line');
    else if (name === 'label' || name === 'reason' || name === 'outcome') notes[name] = name === 'label' ? trimBlanks(value) : value;
  }
  return notes;
}
