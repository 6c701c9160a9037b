// list.ts - rr list: the runs that fit, as a table, CSV, JSON, LaTeX, or a script that repeats them.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { requireMoment } from '../core/filteroptions.ts';
import type { AnnotatedRun } from '../core/notes.ts';
import type { RunSummary } from '../core/run.ts';
import { listValueNames, matchesFilter, parseParameterCondition, resolveName, valuesOf } from '../core/select.ts';
import type { ParameterCondition, RunFilter } from '../core/select.ts';
import { findLatestPoints } from '../core/sweep.ts';
import { joinWords } from '../core/words.ts';
import { readUtcMicros } from '../sys/clock.ts';
import { toText } from '../sys/files.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { toRecordPath } from '../sys/observe.ts';
import { filterKnownRunsByFiles, readKnownRun, readKnownRuns } from '../sys/pickrun.ts';
import type { KnownRuns } from '../sys/pickrun.ts';
import { requireProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { readFileLookup } from '../sys/runindex.ts';
import { printPieces, readColumns, tell } from '../sys/terminal.ts';
import { COLUMN_NAMES, findColumn, findColumns, findVaryingParameters, isAllColumns, sortRuns } from '../views/columns.ts';
import type { FilesOf, ResolveName, SortOrder } from '../views/columns.ts';
import { printJsonRun } from '../views/json.ts';
import { printReplay, printReplayEnd, printReplayHead } from '../views/replayscript.ts';
import { printRunCsv, printRunJson, printRunLatex, printRunTable } from '../views/runlist.ts';
import type { RunList } from '../views/runlist.ts';

export type ListOptions = {
  project: ByteString | undefined;
  labels: ByteString[];
  tags: ByteString[];
  statuses: ByteString[];
  since: ByteString | undefined;
  until: ByteString | undefined;
  parameters: ByteString[];
  metrics: ByteString[];
  grep: ByteString | undefined;
  sweep: ByteString | undefined;
  made: ByteString[];
  used: ByteString[];
  sort: ByteString | undefined;
  last: ByteString | undefined;
  columns: ByteString | undefined;
  full: boolean;
  /** Those of json, csv, latex and sh that were asked for; none: a table. */
  styles: string[];
};

const TABLE_COLUMNS = ['id', 'status', 'time', 'label', 'command'];
// Around the parameters of a sweep that are not the same in all of its points.
const SWEEP_COLUMNS = { before: ['n', 'status'], after: ['time'], inCsv: ['exit', 'started', 'id'] };
const CSV_COLUMNS = ['id', 'label', 'status', 'exit', 'started', 'time', 'user', 'system', 'memory', 'directory', 'command', 'reason', 'tags', 'outcome', 'comments', 'params', 'metrics'];

// ---- what was asked for ---------------------------------------------------------------------------

function failOptionValue(option: string, given: ByteString, state: string, hint: string): never {
  throw new Failure('cannot use --' + option + ' "' + given + '": ' + state, hint, EXIT.usage);
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

function readConditions(option: string, texts: ByteString[], resolve: (name: ByteString) => ByteString): ParameterCondition[] {
  return texts.map((text) => {
    const condition = parseParameterCondition(text) ?? failOptionValue(option, text, 'no name', "write NAME, NAME=VALUE, or such as 'gamma<0.5'");
    return { ...condition, name: resolve(condition.name) };
  });
}

/** What a person calls a parameter or metric; of a value in a file the key alone will do, if the runs have no other of that name. */
function makeResolver(runs: RunSummary[]): ResolveName {
  const known: { [kind: string]: ByteString[] } = {};
  return (kind, word) => {
    const linesOf = (run: RunSummary): ByteString[] => (kind === 'param' ? run.parameters : run.metrics);
    const [whole] = resolveName(word, []);
    if (runs.some((run) => valuesOf(linesOf(run), whole).length > 0)) return whole; // the first has it, mostly
    known[kind] = known[kind] ?? listValueNames(runs, linesOf);
    const names = resolveName(word, known[kind]);
    if (names.length === 1) return names[0];
    throw new Failure('cannot tell which ' + (kind === 'param' ? 'parameter' : 'metric') + ' "' + word + '" is: ' + joinWords(names, 'or'), 'write it in full', EXIT.usage);
  };
}

function makeFilter(options: ListOptions, resolve: ResolveName, toPath: (name: ByteString) => ByteString): RunFilter {
  const nowMs = readUtcMicros() / 1000;
  return {
    labels: options.labels, tags: options.tags, statuses: options.statuses,
    parameters: readConditions('param', options.parameters, (name) => resolve('param', name)), metrics: readConditions('metric', options.metrics, (name) => resolve('metric', name)),
    since: requireMoment('--since', options.since, nowMs), until: requireMoment('--until', options.until, nowMs),
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
  for (const name of names) if (!isAllColumns(name) && findColumn(name) === undefined) failColumn('columns', name);
  return names;
}

function readSortOrder(text: ByteString | undefined, resolve?: ResolveName): SortOrder {
  if (text === undefined) return [];
  return text.split(',').map((name) => {
    const isDescending = name[0] === '-';
    return { column: findColumn(isDescending ? name.slice(1) : name, resolve) ?? failColumn('sort', name), isDescending };
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

type Found = { known: KnownRuns; /** Those that fit. */ runs: RunSummary[]; faults: Failure[] };

/** Of a sweep the last run of each point. */
function findFittingRuns(project: Project, known: KnownRuns, filter: RunFilter, sweep: ByteString | undefined): Found {
  let runs = (sweep === undefined ? known.summaries : findLatestPoints(known.summaries, sweep)).filter((run) => matchesFilter(run, filter));
  if (filter.made.length + filter.used.length > 0) runs = filterKnownRunsByFiles(project, known, runs, filter.made, filter.used);
  return { known, runs, faults: known.runFaults.concat(known.noteFaults) };
}

/** The files of the runs of a list. */
function readFiles(project: Project, found: Found): FilesOf {
  const find = readFileLookup(project);
  return (run) => find(run.id) ?? found.known.unrecorded.find((one) => one.id === run.id);
}

// ---- printing -------------------------------------------------------------------------------------

/** The whole run of each of the list; what cannot be read is added to the faults. */
function* readWholeRuns(project: Project, found: Found, runs: RunSummary[]): Generator<AnnotatedRun> {
  for (const { id } of runs) {
    try {
      const whole = readKnownRun(project, found.known, id);
      if (whole !== undefined) yield whole;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      found.faults.push(error);
    }
  }
}

/** A JSON array of the records with what is noted on them, a run a line. */
function* printRecordsAsJson(project: Project, found: Found): Generator<ByteString> {
  let before = '[\n';
  for (const { run, notes } of readWholeRuns(project, found, found.runs)) {
    yield before + printJsonRun(run, notes);
    before = ',\n';
  }
  yield before === '[\n' ? '[\n]\n' : '\n]\n';
}

function* printScript(project: Project, found: Found): Generator<ByteString> {
  // In the order in which they ran, for one may read what another wrote.
  const runs = found.runs.filter((run) => run.tree === undefined).sort((a, b) => compareBytes(a.id, b.id));
  const filesOf = readFiles(project, found);
  const hashes = new Set<string>();
  for (const run of runs) for (const file of filesOf(run)?.outputs ?? []) if (file.hash.length === 64) hashes.add(file.hash);
  yield printReplayHead(hashes);
  for (const { run } of readWholeRuns(project, found, runs)) yield printReplay(run);
  yield printReplayEnd();
}

function printInStyle(project: Project, found: Found, style: string, list: RunList, options: ListOptions): boolean {
  switch (style) {
    case 'sh': return printPieces(printScript(project, found));
    case 'json': return printPieces(options.columns === undefined && options.sweep === undefined ? printRecordsAsJson(project, found) : printRunJson(list));
    case 'csv': return printPieces(printRunCsv(list));
    case 'latex': return printPieces(printRunLatex(list));
    default:
      if (found.runs.length > 0) return printPieces(printRunTable(list, options.full ? Infinity : readColumns(1)));
      tell(explainNothing(found, options.sweep));
      return true;
  }
}

/** Why nothing is listed. */
function explainNothing(found: Found, sweep: ByteString | undefined): ByteString {
  const { summaries } = found.known;
  if (summaries.length === 0) return 'rr: no runs recorded yet';
  if (sweep === undefined || summaries.some((run) => run.sweep?.label === sweep)) return 'rr: no run fits';
  const labels = Array.from(new Set(summaries.map((run) => run.sweep?.label).filter((label): label is ByteString => label !== undefined))).sort();
  return 'rr: no sweep is called "' + sweep + '"' + (labels.length === 0 ? '' : '; there ' + (labels.length === 1 ? 'is ' : 'are ') + labels.join(', '));
}

function chooseColumns(options: ListOptions, style: string, found: Found): ByteString[] {
  if (options.sweep === undefined) return style === 'csv' ? CSV_COLUMNS : TABLE_COLUMNS;
  const { before, after, inCsv } = SWEEP_COLUMNS;
  return before.concat(findVaryingParameters(found.runs).map((name) => 'param:' + name), 'metrics', after, style === 'csv' || style === 'json' ? inCsv : []);
}

/** Prints the runs that fit. A record or note that cannot be read is named, the others are listed, status 1. */
export function listRuns(options: ListOptions): number {
  const style = checkStyle(options);
  const asked = readColumnNames(options.columns);
  readSortOrder(options.sort);
  readConditions('param', options.parameters, (name) => name);
  readConditions('metric', options.metrics, (name) => name);
  const last = readCount(options.last);
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  const known = readKnownRuns(project);
  const resolve = makeResolver(known.summaries);
  const order = readSortOrder(options.sort, resolve);
  const found = findFittingRuns(project, known, makeFilter(options, resolve, (name) => toRecordPath(project, current, name)), options.sweep);
  const names = asked ?? chooseColumns(options, style, found);
  const needsFiles = names.map((name) => findColumn(name)).concat(order.map((one) => one.column)).some((column) => column !== undefined && column.needsFiles);
  const filesOf = needsFiles ? readFiles(project, found) : () => undefined;
  if (order.length > 0) found.runs = sortRuns(found.runs, order, filesOf);
  if (last < found.runs.length) found.runs = last === 0 ? [] : found.runs.slice(-last);
  printInStyle(project, found, style, { columns: findColumns(names, found.runs, resolve), runs: found.runs, filesOf }, options);
  for (const fault of found.faults) tell('rr: ' + fault.message);
  return found.faults.length > 0 ? EXIT.differs : 0;
}
