// list.ts - rr list: the runs that fit, as a table, CSV, JSON, LaTeX, or a script that repeats them.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import type { GraphRun } from '../core/graph.ts';
import { readMoment } from '../core/moment.ts';
import { applyNotes } from '../core/notes.ts';
import type { Note } from '../core/notes.ts';
import type { Run } from '../core/run.ts';
import { matchesFiles, matchesFilter, parseParameterCondition } from '../core/select.ts';
import type { RunFilter } from '../core/select.ts';
import { readUtcMicros } from '../sys/clock.ts';
import { toText } from '../sys/files.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { toRecordPath } from '../sys/observe.ts';
import { requireProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { readRun } from '../sys/records.ts';
import { noteFacts, readGraphRuns, readSummaries } from '../sys/runindex.ts';
import { readMarks } from '../sys/store.ts';
import { printOut, readColumns, tell } from '../sys/terminal.ts';
import { COLUMN_NAMES, findColumn, findColumns, sortRuns } from '../views/columns.ts';
import type { ListedRun, SortOrder } from '../views/columns.ts';
import { printJsonRun } from '../views/json.ts';
import { printReplay, printReplayEnd, printReplayHead } from '../views/replayscript.ts';
import { printJsonCells, printRunCsv, printRunLatex, printRunTable } from '../views/runlist.ts';

export const LIST_STYLES = ['json', 'csv', 'latex', 'sh'];

export type ListOptions = {
  project: ByteString | undefined;
  labels: ByteString[];
  tags: ByteString[];
  statuses: ByteString[];
  since: ByteString | undefined;
  until: ByteString | undefined;
  parameters: ByteString[];
  grep: ByteString | undefined;
  made: ByteString[];
  used: ByteString[];
  sort: ByteString | undefined;
  last: ByteString | undefined;
  columns: ByteString | undefined;
  full: boolean;
  /** Those of LIST_STYLES that were asked for; none: a table. */
  styles: string[];
};

const TABLE_COLUMNS = ['id', 'status', 'time', 'label', 'command'];
const CSV_COLUMNS = ['id', 'label', 'status', 'exit', 'started', 'time', 'user', 'system', 'memory', 'directory', 'command', 'reason', 'tags', 'outcome', 'comments', 'params'];
const STATUS_NAMES = ['running', 'succeeded', 'failed', 'interrupted', 'lost'];

// ---- what was asked for ---------------------------------------------------------------------------

function failOptionValue(option: string, given: ByteString, state: string, hint: string): never {
  throw new Failure('cannot use --' + option + ' "' + given + '": ' + state, hint, EXIT.usage);
}

function readTime(option: string, text: ByteString | undefined): string | undefined {
  if (text === undefined) return undefined;
  return readMoment(text, readUtcMicros() / 1000) ?? failOptionValue(option, text, 'not a date', 'write 2026-11-22 or 2026-11-22T05:20 (UTC), today, yesterday, 7d, 12h');
}

/** Case is not told apart, and a text is UTF-8. How long a pattern takes is the user's own affair. */
function compilePattern(pattern: ByteString): (text: ByteString) => boolean {
  try {
    const expression = new RegExp(toText(pattern), 'iu');
    return (text) => expression.test(toText(text));
  } catch (error) {
    return failOptionValue('grep', pattern, 'not a regular expression', 'a sign such as ( [ * + ? that is meant as it stands needs a \\ before it');
  }
}

function makeFilter(options: ListOptions, toPath: (name: ByteString) => ByteString): RunFilter {
  for (const status of options.statuses) {
    if (STATUS_NAMES.indexOf(status) < 0) failOptionValue('status', status, 'no such status', 'one of ' + STATUS_NAMES.join(', '));
  }
  return {
    labels: options.labels, tags: options.tags, statuses: options.statuses,
    parameters: options.parameters.map((text) => parseParameterCondition(text) ?? failOptionValue('param', text, 'no name', "write NAME, NAME=VALUE, or such as 'gamma<0.5'")),
    since: readTime('since', options.since), until: readTime('until', options.until),
    grep: options.grep === undefined ? undefined : compilePattern(options.grep),
    made: options.made.map(toPath), used: options.used.map(toPath),
  };
}

function failColumn(option: string, name: ByteString): never {
  return failOptionValue(option, name, 'no such column', 'one of ' + COLUMN_NAMES.join(', '));
}

/** Names of --columns; undefined if it was not given. */
function readColumnNames(text: ByteString | undefined): ByteString[] | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',');
  for (const name of names) if (name !== 'params' && findColumn(name) === undefined) failColumn('columns', name);
  return names;
}

function readSortOrder(text: ByteString | undefined): SortOrder {
  if (text === undefined) return [];
  return text.split(',').map((name) => {
    const isDescending = name[0] === '-';
    return { column: findColumn(isDescending ? name.slice(1) : name) ?? failColumn('sort', name), isDescending };
  });
}

function readCount(text: ByteString | undefined): number {
  if (text === undefined) return Infinity;
  return /^\d{1,15}$/.test(text) ? Number(text) : failOptionValue('last', text, 'not a number', 'write such as -n 20');
}

function checkStyle(options: ListOptions): string {
  if (options.styles.length > 1) throw new Failure('cannot print a list in several ways at once: --' + options.styles.join(', --'), 'say one of them', EXIT.usage);
  if (options.styles[0] === 'sh' && options.columns !== undefined) throw new Failure('cannot use --columns with --sh: a script has no columns', '', EXIT.usage);
  return options.styles[0] ?? 'table';
}

// ---- the runs that fit ----------------------------------------------------------------------------

/** `total`: how many there are. */
type Found = { listed: ListedRun[]; total: number; notes: Map<string, Note[]>; faults: Failure[] };

/** The runs that run now or were lost, and have no record. */
function readUnrecorded(project: Project, recorded: ListedRun[]): Run[] {
  const marks = readMarks(project);
  if (marks.length === 0) return [];
  const ids = new Set(recorded.map((one) => one.run.id));
  return marks.map((mark) => mark.run).filter((run) => !ids.has(run.id));
}

function findFittingRuns(project: Project, filter: RunFilter, needsFiles: boolean): Found {
  const { summaries, notes, faults, noteFaults } = readSummaries(project);
  let listed: ListedRun[] = summaries.map((run) => ({ run, files: undefined }));
  const unrecorded = readUnrecorded(project, listed);
  for (const run of unrecorded) listed.push({ run: { ...run, ...noteFacts(run, notes.get(run.id) ?? []) }, files: run });
  if (unrecorded.length > 0) listed.sort((a, b) => compareBytes(a.run.id, b.run.id));
  const total = listed.length;
  listed = listed.filter((one) => matchesFilter(one.run, filter));
  const isByFile = filter.made.length + filter.used.length > 0;
  if (isByFile || needsFiles) {
    // Without other columns only runs that name one of the files need to be looked at.
    const files = new Map<string, GraphRun>();
    for (const run of readGraphRuns(project, isByFile ? filter.made.concat(filter.used) : []).runs) files.set(run.id, run);
    listed = listed.map((one) => ({ run: one.run, files: one.files ?? files.get(one.run.id) }));
    if (isByFile) listed = listed.filter((one) => one.files !== undefined && matchesFiles(one.files, filter));
  }
  return { listed, total, notes, faults: faults.concat(noteFaults) };
}

// ---- printing -------------------------------------------------------------------------------------

const CHUNK_LENGTH = 1 << 20;

/** Prints pieces as they come, many at a time; false if nobody reads on. */
function printPieces(pieces: Iterable<ByteString>): boolean {
  let chunk = '';
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length < CHUNK_LENGTH) continue;
    if (!printOut(chunk)) return false;
    chunk = '';
  }
  return printOut(chunk);
}

/** The whole run of each of the list: from its record, or the mark of one that has none. Faults are added to `faults`. */
function* readWholeRuns(project: Project, listed: ListedRun[], faults: Failure[]): Generator<Run> {
  for (const { run } of listed) {
    try {
      const whole = readRun(project, run.id) ?? readMarks(project).map((mark) => mark.run).find((one) => one.id === run.id);
      if (whole !== undefined) yield whole;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      faults.push(error);
    }
  }
}

function* printJson(project: Project, found: Found, columns: ByteString[] | undefined): Generator<ByteString> {
  let before = '[\n';
  if (columns === undefined) {
    for (const run of readWholeRuns(project, found.listed, found.faults)) {
      const noted = applyNotes(run, found.notes.get(run.id));
      yield before + printJsonRun(noted.run, noted.notes);
      before = ',\n';
    }
  } else {
    const chosen = findColumns(columns, found.listed);
    for (const one of found.listed) {
      yield before + printJsonCells(chosen, one);
      before = ',\n';
    }
  }
  yield before === '[\n' ? '[\n]\n' : '\n]\n';
}

function* printScript(project: Project, found: Found): Generator<ByteString> {
  // In the order in which they ran, for one may read what another wrote.
  const ids = new Set(found.listed.filter(({ run }) => run.tree === undefined).map(({ run }) => run.id));
  const listed = found.listed.filter(({ run }) => ids.has(run.id)).sort((a, b) => compareBytes(a.run.id, b.run.id));
  const hashes = new Set<string>();
  for (const run of readGraphRuns(project, []).runs) if (ids.has(run.id)) for (const file of run.outputs) if (file.hash.length === 64) hashes.add(file.hash);
  yield printReplayHead(hashes);
  for (const run of readWholeRuns(project, listed, found.faults)) yield printReplay({ ...run, ...noteFacts(run, found.notes.get(run.id) ?? []) });
  yield printReplayEnd();
}

function printFound(project: Project, found: Found, style: string, options: ListOptions, names: ByteString[] | undefined): void {
  const { listed } = found;
  if (style === 'json') printPieces(printJson(project, found, names));
  else if (style === 'sh') printPieces(printScript(project, found));
  else {
    const columns = findColumns(names ?? (style === 'csv' ? CSV_COLUMNS : TABLE_COLUMNS), listed);
    if (style === 'csv') printOut(printRunCsv(columns, listed));
    else if (style === 'latex') printOut(printRunLatex(columns, listed));
    else if (listed.length > 0) printOut(printRunTable(columns, listed, options.full ? Infinity : readColumns(1)));
    else tell(found.total === 0 ? 'rr: no runs recorded yet' : 'rr: no run fits');
  }
}

/** Prints the runs that fit. A record or note that cannot be read is named, the others are listed, status 1. */
export function listRuns(options: ListOptions): number {
  const style = checkStyle(options);
  const names = readColumnNames(options.columns);
  const order = readSortOrder(options.sort);
  const last = readCount(options.last);
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  const filter = makeFilter(options, (name) => toRecordPath(project, current, name));
  const needsFiles = (names ?? []).map(findColumn).concat(order.map((one) => one.column)).some((column) => column?.needsFiles === true);
  const found = findFittingRuns(project, filter, needsFiles);
  if (order.length > 0) found.listed = sortRuns(found.listed, order);
  if (last < found.listed.length) found.listed = last === 0 ? [] : found.listed.slice(-last);
  printFound(project, found, style, options, names);
  for (const fault of found.faults) tell('rr: ' + fault.message);
  return found.faults.length > 0 ? EXIT.differs : 0;
}
