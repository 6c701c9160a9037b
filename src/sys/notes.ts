// notes.ts - notes on the disk: read all, write one. Decides nothing.
//
// A note's file is created whole, under a name that was not there, synced, and never changed. So any
// number of writers need no lock, and branches that both add notes merge.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { notePath } from '../core/notes.ts';
import type { Note } from '../core/notes.ts';
import { sealRecord } from '../formats/fields.ts';
import { parseNote, printNoteBody } from '../formats/note.ts';
import { formatUtcMicros, makeRunId, readIdMicros, readUtcMicros } from './clock.ts';
import { createFile, makeFolder, statIfThere, syncFolder } from './files.ts';
import { hashBytes } from './hash.ts';
import { refuseLink } from './project.ts';
import type { Project } from './project.ts';
import { explainStrays, listRecordFiles, readEachRecord, readRecordFile } from './recordfiles.ts';

export type ReadNotes = { notes: Note[]; faults: Failure[] };

/** A note by its id. Throws Failure (file and line) if it is damaged or claims another id. */
export function readNote(project: Project, id: string): Note | undefined {
  const path = notePath(id);
  const text = readRecordFile(project, path);
  if (text === undefined) return undefined;
  const note = parseNote(text, 'provenance/' + path);
  if (note.id !== id) throw new Failure('cannot use "provenance/' + path + '": it claims the id ' + note.id, 'the file was renamed or forged');
  return note;
}

/** All notes in the order of their ids; what cannot be read is told beside the rest. */
export function readNotes(project: Project): ReadNotes {
  const { ids, strays } = listRecordFiles(project, 'notes');
  const faults = explainStrays(strays);
  return { notes: readEachRecord(ids, faults, (id) => readNote(project, id)), faults };
}

const ID_STEP_MICROS = 62; // two steps of an id's fraction

/**
 * Writes a note for good; `fill` makes it of its id and the time. The id is above `after`, ids of
 * notes that it is to count after: of a note written by a clock that goes ahead, too.
 */
export function saveNote(project: Project, after: string[], fill: (id: string, writtenUtc: string) => Note): Note {
  const writtenMicros = readUtcMicros();
  const idMicros = after.reduce((least, id) => Math.max(least, readIdMicros(id) + ID_STEP_MICROS), writtenMicros);
  for (let attempt = 0; attempt < 100; attempt++) {
    const note = fill(makeRunId(idMicros), formatUtcMicros(writtenMicros));
    if (createNoteFile(project, note)) return note;
  }
  throw new Failure('cannot find an id that is free in "' + project.provenance + '/notes"');
}

function createNoteFile(project: Project, note: Note): boolean {
  const name: ByteString = project.provenance + '/' + notePath(note.id);
  const folder = name.slice(0, name.lastIndexOf('/'));
  refuseLink(project, folder);
  if (statIfThere(folder) === undefined) {
    makeFolder(folder);
    syncFolder(project.provenance);
    syncFolder(project.provenance + '/notes');
  }
  const body = printNoteBody(note);
  return createFile(name, sealRecord(body, hashBytes(body)), 0o666, true);
}
