// runindex.ts - what lists and graphs need of all runs, without reading all records. Decides nothing about runs.
//
// For each month folder of provenance/runs .rr/index has two files of one line a run: MONTH.runs for
// lists, MONTH.files for the graph, each with a file MONTH.*.more for what came after it was written,
// so that one more run does not cost writing all lines again.
//
// 1. Records are never changed, so the line of an id is good for ever. Which ids there are is known
//    without listing the folder while its inode, mtime and ctime are as they were; but not if these
//    were so fresh that another record may have come within the same tick of the clock (isSettled).
// 2. What cannot be read is never in the index, and a folder that has such a thing is listed each time.
// 3. A file of the index that is damaged, of another version, or of a folder with another inode, is as
//    if it were not there. Files are written whole, under another name, and renamed; MONTH.*.more
//    tells to which MONTH.* it belongs. So any number of writers do no harm.
// 4. Where nothing can be written all is read from the records, each time.
//
// A record that was edited in place is not noticed here but by "rr verify". Who can write .rr/index of
// this machine can make lists show what no record says; but an index that came with a copy of the
// project, or with a stranger's, is of another inode and another .rr/place, and so none of this one.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import type { GraphRun } from '../core/graph.ts';
import type { StepRun } from '../core/steps.ts';
import { applyNotes, groupNotes } from '../core/notes.ts';
import type { Note, NotedFacts } from '../core/notes.ts';
import type { Run, RunSummary } from '../core/run.ts';
import { RR_VERSION } from '../core/version.ts';
import { INDEX_HASH_BYTES, parseIndexFile, printIndexBody } from '../formats/indexfile.ts';
import type { IndexFile, IndexHead } from '../formats/indexfile.ts';
import { encodeText } from '../formats/percent.ts';
import { GraphLine, isFileCell, isLineOfProject, printGraphLine, printSummaryLine, readLineId, SummaryLine } from '../formats/runlines.ts';
import { makeRandomDigits } from './clock.ts';
import { isUnwritable, lstatIfThere, makeFolder, readReusedIfThere, removeIfThere, replaceFile, statIfThere } from './files.ts';
import { hashBuffer, hashBytes } from './hash.ts';
import { isSettled } from './hashcache.ts';
import { readNotes } from './notes.ts';
import { describeOwnPlace, makePlace, prepareOwnFolder } from './project.ts';
import type { Project } from './project.ts';
import { addFault, explainStrays, listMonth, listMonths } from './recordfiles.ts';
import { readRun } from './records.ts';

/** A kind of index: the ending of its files, and the line of a run. */
type IndexKind = { ending: 'runs' | 'files'; print: (run: Run) => ByteString };

const SUMMARIES: IndexKind = { ending: 'runs', print: printSummaryLine };
const GRAPH: IndexKind = { ending: 'files', print: printGraphLine };

/** One line: `text` holds it at `start`. isKept: it stands in the large file of its month. */
type Line = { text: ByteString; start: number; isKept: boolean };

/** What of the index there is for a month: the large file, what was added to it, the state both tell of. */
type Shelf = { base: IndexFile | undefined; more: IndexFile | undefined; head: IndexHead | undefined };

function indexName(project: Project, kind: IndexKind, month: string): ByteString {
  return project.own + '/index/' + month + '.' + kind.ending;
}

function whatOf(kind: IndexKind, month: string): string {
  return 'rr ' + RR_VERSION + ', ' + kind.ending + ' of provenance/runs/' + month;
}

/** Where a file of the index stands in the memory of its group; undefined if it is damaged or not there. */
type IndexPlace = { start: number; end: number } | undefined;

function readIndexPlace(name: ByteString, start: number): { place: IndexPlace; bytes: Buffer | undefined } {
  const bytes = readReusedIfThere(name, start);
  if (bytes === undefined || hashBuffer(bytes.subarray(start + INDEX_HASH_BYTES)) !== bytes.toString('latin1', start, start + INDEX_HASH_BYTES - 1)) return { place: undefined, bytes: undefined };
  return { place: { start, end: bytes.length }, bytes };
}

/** The files of the index of some months that follow one another, all in one text, by month. */
type MonthGroup = { text: ByteString; places: Map<string, { base: IndexPlace; more: IndexPlace }> };

// A text of more than 1 MiB is kept by Node.js outside of the heap, which V8 lets grow to four times what is in use.
const GROUP_BYTES = 4 << 20;

/** Reads the index of the months from number `first` on, until that is much. */
function readMonthGroup(project: Project, kind: IndexKind, months: string[], first: number): MonthGroup {
  const places: MonthGroup['places'] = new Map();
  let read: Buffer | undefined;
  for (let at = first; at < months.length && (read === undefined || read.length < GROUP_BYTES); at++) {
    const name = indexName(project, kind, months[at]);
    const base = readIndexPlace(name, read === undefined ? 0 : read.length);
    read = base.bytes ?? read;
    const more = base.place === undefined ? base : readIndexPlace(name + '.more', base.place.end);
    read = more.bytes ?? read;
    places.set(months[at], { base: base.place, more: base.place === undefined ? undefined : more.place });
  }
  return { text: read === undefined ? '' : read.toString('latin1'), places };
}

function readShelf(kind: IndexKind, month: string, folder: string, { text, places }: MonthGroup): Shelf {
  const place = places.get(month);
  const parse = (one: IndexPlace): IndexFile | undefined => (one === undefined ? undefined : parseIndexFile(text, one.start, one.end, whatOf(kind, month)));
  const base = parse(place?.base);
  if (base === undefined || base.head.folder !== folder) return { base: undefined, more: undefined, head: undefined };
  const more = parse(place?.more);
  if (more === undefined || more.head.tag !== base.head.tag || more.head.folder !== folder) return { base, more: undefined, head: base.head };
  return { base, more, head: more.head };
}

/** Is called with each line: `text` holds it at `start`. */
type VisitLine = (text: ByteString, start: number, isKept: boolean) => void;

/** Calls `visit` with the lines of a shelf in the order of ids; of one id only with the first. */
function visitShelf(shelf: Shelf, visit: VisitLine): void {
  const { base, more } = shelf;
  if (base === undefined) return;
  let next = 0;
  const visitMore = (file: IndexFile, before: string): void => {
    for (; next < file.starts.length; next++) {
      const id = readLineId(file.text, file.starts[next]);
      if (id > before) return;
      if (id < before) visit(file.text, file.starts[next], false);
    }
  };
  for (const start of base.starts) {
    if (more !== undefined) visitMore(more, readLineId(base.text, start));
    visit(base.text, start, true);
  }
  if (more !== undefined) visitMore(more, '~');
}

/** Runs by their ids whose records need not be read. */
type RunsAtHand = Map<string, Run>;

function readNewLine(project: Project, kind: IndexKind, id: string, known: RunsAtHand, faults: Failure[]): Line | undefined {
  try {
    const run = known.get(id) ?? readRun(project, id);
    return run === undefined ? undefined : { text: kind.print(run), start: 0, isKept: false };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    addFault(faults, error);
    return undefined;
  }
}

/** The lines of these ids: of the shelf, or of records. */
function findLines(project: Project, kind: IndexKind, ids: string[], shelf: Shelf, known: RunsAtHand, faults: Failure[]): { lines: Line[]; added: number } {
  const lines: Line[] = [];
  visitShelf(shelf, (text, start, isKept) => { lines.push({ text, start, isKept }); });
  const found: Line[] = [];
  let added = 0;
  let at = 0;
  for (const id of ids) {
    while (at < lines.length && readLineId(lines[at].text, lines[at].start) < id) at += 1;
    const isKnown = at < lines.length && readLineId(lines[at].text, lines[at].start) === id;
    const line = isKnown ? lines[at] : readNewLine(project, kind, id, known, faults);
    if (line === undefined) continue;
    if (!isKnown) added += 1;
    found.push(line);
  }
  return { lines: found, added };
}

// To read so many records again takes as long as to write them down (about a millisecond).
const WORTH_RECORDS = 16;
// To list so many names does.
const WORTH_NAMES = 512;
const MORE_LEAST = 256;
const MORE_PART = 16;

function joinIndexLines(lines: Line[]): ByteString {
  return lines.map((line) => line.text.slice(line.start, line.text.indexOf('\n', line.start) + 1)).join('');
}

/** May rr make files in .rr/index? Not through a link, which may lead anywhere. */
function prepareFolder(project: Project): boolean {
  for (const name of [project.own, project.own + '/index']) if (lstatIfThere(name)?.isSymbolicLink() === true) return false;
  prepareOwnFolder(project);
  makeFolder(project.own + '/index');
  return true;
}

function writeIndexFile(name: ByteString, what: string, head: IndexHead, lines: Line[]): void {
  const body = printIndexBody(what, head, joinIndexLines(lines));
  replaceFile(name, hashBytes(body) + '\n' + body, false);
}

/** By what the index of a folder is known for this one's: its inode and .rr/place. */
function nameIndexFolder(inode: string, place: string | undefined): string {
  return inode + ':' + (place ?? '-').replace(' ', ':');
}

/** Writes a month's lines; where that cannot be, they are forgotten: it is only a cache. */
function saveShelf(project: Project, kind: IndexKind, month: string, shelf: Shelf, { inode, times }: { inode: string; times: string }, lines: Line[]): void {
  const name = indexName(project, kind, month);
  const more = lines.filter((line) => !line.isKept);
  const kept = shelf.base === undefined ? 0 : shelf.base.starts.length;
  const isAddition = shelf.base !== undefined && lines.length - more.length === kept && more.length <= Math.max(MORE_LEAST, kept / MORE_PART);
  try {
    if (!prepareFolder(project)) return;
    const place = makePlace(project);
    if (place === undefined) return;
    const head = { folder: nameIndexFolder(inode, place), times };
    if (isAddition) writeIndexFile(name + '.more', whatOf(kind, month), { tag: (shelf.base as IndexFile).head.tag, ...head }, more);
    else {
      writeIndexFile(name, whatOf(kind, month), { tag: makeRandomDigits(), ...head }, lines);
      removeIfThere(name + '.more');
    }
  } catch (error) {
    if (!isUnwritable(error)) throw error;
  }
}

/** Calls `visit` with the lines of a month in the order of ids. */
function readMonthLines(project: Project, kind: IndexKind, month: string, group: MonthGroup, visit: VisitLine, known: RunsAtHand): { strays: ByteString[]; faults: Failure[] } {
  // Before the names are read: what comes later changes the times.
  const stat = statIfThere(project.provenance + '/runs/' + month);
  if (stat === undefined) return { strays: [], faults: [] };
  const inode = String(stat.ino);
  const times = isSettled(stat) ? String(stat.mtimeMs) + ':' + String(stat.ctimeMs) : '-';
  const shelf = readShelf(kind, month, nameIndexFolder(inode, describeOwnPlace(project)), group);
  if (times !== '-' && shelf.head?.times === times) {
    visitShelf(shelf, visit);
    return { strays: [], faults: [] };
  }
  const { ids, strays } = listMonth(project, 'runs', month);
  const faults: Failure[] = [];
  const { lines, added } = findLines(project, kind, ids, shelf, known, faults);
  const newTimes = strays.length > 0 || faults.length > 0 ? '-' : times;
  const isWorth = added >= WORTH_RECORDS || (ids.length >= WORTH_NAMES && (newTimes !== '-' || added > 0));
  if (isWorth) saveShelf(project, kind, month, shelf, { inode, times: newTimes }, lines);
  for (const line of lines) visit(line.text, line.start, line.isKept);
  return { strays, faults };
}

/** Calls `visit` with the lines of all runs in the order of ids. What cannot be read is told, strays first. */
function readIndex(project: Project, kind: IndexKind, visit: VisitLine, known: RunsAtHand = new Map()): Failure[] {
  const strays: ByteString[] = [];
  const faults: Failure[] = [];
  const months = listMonths(project, 'runs');
  let group: MonthGroup = { text: '', places: new Map() };
  months.forEach((month, at) => {
    if (!group.places.has(month)) group = readMonthGroup(project, kind, months, at);
    const read = readMonthLines(project, kind, month, group, visit, known);
    for (const stray of read.strays) strays.push(stray);
    for (const fault of read.faults) addFault(faults, fault);
  });
  return explainStrays(strays).concat(faults);
}

/** What notes make of a run's label, reason and tags, and what they add. */
export function noteFacts(run: NotedFacts, notes: Note[]): NotedFacts & Pick<RunSummary, 'outcome' | 'comments'> {
  const noted = applyNotes({ label: run.label, reason: run.reason, tags: run.tags }, notes);
  return { ...noted.run, outcome: noted.notes.outcome, comments: noted.notes.comments.map((comment) => comment.text) };
}

/** The notes on runs, by the id of the run; and the records and notes that cannot be read. */
type Beside = { notes: Map<string, Note[]>; faults: Failure[]; noteFaults: Failure[] };

/** What lists show of all records, with the notes on them, in the order of ids; what cannot be read is told beside the rest. */
export function readSummaries(project: Project): { summaries: RunSummary[] } & Beside {
  const noted = readNotes(project);
  const groups = groupNotes(noted.notes);
  const summaries: RunSummary[] = [];
  const faults = readIndex(project, SUMMARIES, (text, start) => {
    const notes = groups.size === 0 ? undefined : groups.get(readLineId(text, start));
    summaries.push(new SummaryLine(text, start, notes === undefined ? undefined : noteFacts(new SummaryLine(text, start), notes)));
  });
  return { summaries, notes: groups, faults, noteFaults: noted.faults };
}

/** What the graph needs of all records, as readSummaries() has it. The records of `known` are taken as they are told. */
export function readGraphRuns(project: Project, known: RunsAtHand = new Map()): { runs: StepRun[] } & Beside {
  const noted = readNotes(project);
  const groups = groupNotes(noted.notes);
  const runs: StepRun[] = [];
  const faults = readIndex(project, GRAPH, (text, start) => {
    const notes = groups.size === 0 ? undefined : groups.get(readLineId(text, start));
    runs.push(new GraphLine(text, start, notes === undefined ? undefined : noteFacts(new GraphLine(text, start), notes)));
  }, known);
  return { runs, notes: groups, faults, noteFaults: noted.faults };
}

/** A function that tells of a recorded run, by its id, what the graph needs. It keeps nothing of what it told. */
export function readFileLookup(project: Project): (id: string) => GraphRun | undefined {
  const texts: ByteString[] = [];
  const starts: number[] = [];
  const places = new Map<string, number>();
  readIndex(project, GRAPH, (text, start) => {
    places.set(readLineId(text, start), texts.length);
    texts.push(text);
    starts.push(start);
  });
  return (id) => {
    const place = places.get(id);
    return place === undefined ? undefined : new GraphLine(texts[place], starts[place]);
  };
}

/** Does the line, of several asked for in order, have this file as an input, or an output in the project? */
function makeFileFinder(kind: 'input' | 'output', path: ByteString): (text: ByteString, start: number) => boolean {
  const wanted = ' ' + encodeText(path) + '\t';
  let lastText = '';
  let next = -1; // the first place in lastText that is not before the line; -1: there is none
  return (text, start) => {
    if (text !== lastText) next = text.indexOf(wanted, start);
    lastText = text;
    if (next < 0) return false;
    if (next < start) next = text.indexOf(wanted, start);
    for (const end = text.indexOf('\n', start); next >= 0 && next < end; next = text.indexOf(wanted, next + 1)) {
      if (isFileCell(text, next, kind)) return kind === 'input' || isLineOfProject(text, start);
    }
    return false;
  };
}

/** Those of `runs`, in the order of ids, of whom records tell that they wrote all files of `made` in the project and read all of `used`. */
export function filterRunsByFiles<R extends { id: string }>(project: Project, runs: R[], made: ByteString[], used: ByteString[]): R[] {
  const finders = made.map((path) => makeFileFinder('output', path)).concat(used.map((path) => makeFileFinder('input', path)));
  const found: R[] = [];
  let next = 0;
  readIndex(project, GRAPH, (text, start) => {
    if (!finders.every((find) => find(text, start))) return;
    const id = readLineId(text, start);
    while (next < runs.length && runs[next].id < id) next += 1;
    if (next < runs.length && runs[next].id === id) found.push(runs[next]);
  });
  return found;
}
