// rundiff.ts - in what runs differ, as text for a person. Knows no files and no terminal.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd, lookUp } from '../core/bytes.ts';
import type { Run } from '../core/run.ts';
import { isSameAspect, isSameRow } from '../core/rundiff.ts';
import type { ContentDifference, DiffAspect, DiffRow, RunDifference, ValueChange } from '../core/rundiff.ts';
import { makeHarmless } from '../formats/percent.ts';
import { printRanges } from '../formats/processes.ts';
import { showFile, showText } from './page.ts';
import { cutToWidth, displayWidth, formatBytes, formatSeconds, wrapText } from './table.ts';

export type RunDifferenceOptions = {
  /** Columns of the terminal. */
  width: number;
  /** What is the same, too; lists and texts in full. */
  isComplete: boolean;
};

// Two runs stand side by side where their values are short, else the first above the second, with "-"
// and "+". Three and more have a column each; "=" is the origin's value.

const LABEL_WIDTH = 13;
/** Rows of an aspect that are shown unless all are asked for. */
export const MOST_DIFFERENCE_ROWS = 20;
/** The same of lines of a text. */
const MOST_LINES = 20;
const TAB = 8;
/** Columns of a list of runs that stands before what they have. */
const LONGEST_GROUP = 16;
const NONE = '(none)';

const ASPECT_TITLES: { [name: string]: string } = {
  directory: 'folder', redirects: 'redirects', variable_hashes: 'withheld', timeout_s: 'time limit', code_branch: 'branch', code_remote: 'remote',
  code_submodules: 'submodules', code_others: 'other code', code_files: 'code files', secret_inputs: 'secret inputs', secret_outputs: 'secret outputs',
  missing_outputs: 'missing outputs', wall_s: 'time', user_s: 'CPU, user', system_s: 'CPU, system', peak_memory_bytes: 'peak memory',
  'environment.memory_bytes': 'memory', 'environment.executables': 'programs', 'environment.compilers': 'compilers of programs and libraries',
  'environment.build_ids': 'build ids', 'environment.files': 'system files', 'environment.lock_files': 'lock files', 'environment.variables': 'variables of the machine',
  'environment.files_not_listed': 'files not listed', 'environment.gpu_driver': 'GPU driver',
};

function titleOfAspect(aspect: DiffAspect): string {
  const title = lookUp(ASPECT_TITLES, aspect.name);
  return title ?? makeHarmless(aspect.name.replace(/^environment\./, '').replace(/_/g, ' '));
}

/** A value as it is shown; hashes in it are cut to their first 12 digits. */
function showValue(aspect: DiffAspect, value: ByteString | undefined): ByteString {
  if (value === undefined) return NONE;
  if (/_s$/.test(aspect.name)) return formatSeconds(Number(value));
  if (/memory_bytes$/.test(aspect.name)) return formatBytes(Number(value));
  const text = showText(value).replace(/\b([0-9a-f]{12})(?:[0-9a-f]{28}|[0-9a-f]{52})\b/g, '$1');
  return text === '' ? '(empty)' : text;
}

// ---- pieces -------------------------------------------------------------------------------------------

function padTo(text: ByteString, width: number): ByteString {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

function endLines(lines: ByteString[]): ByteString {
  return lines.map((one) => dropAtEnd(one, ' ') + '\n').join('');
}

/** Text behind a first `lead`, its further lines as far in. */
function printWrapped(lead: ByteString, text: ByteString, width: number): ByteString {
  const indent = displayWidth(lead);
  const room = Math.max(20, width - indent);
  // Spaces that put values below each other stay where the line need not be broken.
  const lines = displayWidth(text) <= room ? [text] : wrapText(text, room);
  return endLines(lines.map((part, i) => (i === 0 ? lead : ' '.repeat(indent)) + part));
}

/** The label at the left of values; on a line of its own if it is long. */
function printLabel(label: ByteString, width: number): { before: ByteString; lead: ByteString } {
  if (displayWidth(label) < LABEL_WIDTH) return { before: '', lead: padTo(label, LABEL_WIDTH) };
  const indent = /^ */.exec(label)?.[0] ?? '';
  return { before: printWrapped(indent, label.slice(indent.length), width), lead: ' '.repeat(LABEL_WIDTH) };
}

/** The list, or its first rows and how many more there are. */
function printRows<T>(rows: T[], options: RunDifferenceOptions, print: (row: T) => ByteString): ByteString {
  const most = options.isComplete ? Infinity : MOST_DIFFERENCE_ROWS;
  return rows.slice(0, most).map(print).join('') + (rows.length > most ? '  and ' + String(rows.length - most) + ' more (--all)\n' : '');
}

/** A line of a text, harmless; tabs stay tabs where it is not cut. */
function showLine(line: ByteString, width: number, isComplete: boolean): ByteString {
  const parts = line.split('\t').map(makeHarmless);
  let expanded = '';
  parts.forEach((part, i) => { expanded += i === 0 ? part : ' '.repeat(TAB - displayWidth(expanded) % TAB) + part; });
  if (isComplete || displayWidth(expanded) <= width - TAB || (parts.length === 1 && displayWidth(expanded) <= width)) return parts.join('\t');
  return cutToWidth(expanded, width);
}

function printContent(content: ContentDifference, lead: ByteString, options: RunDifferenceOptions): ByteString {
  const { width, isComplete } = options;
  const most = isComplete ? Infinity : MOST_LINES;
  // A lead without a sentence to follow, or a very long one, stands alone.
  const isAlone = lead !== '' && (content.told.length === 0 || lead.length > LONGEST_GROUP);
  const head = isAlone ? printWrapped('    ', lead.trim(), width) : '';
  const told = content.told.map((text) => printWrapped('    ' + (isAlone ? '' : lead), showText(text), width)).join('');
  const lines = content.lines.slice(0, most).map((line) => '    ' + showLine(line, width - 4, isComplete) + '\n').join('');
  return head + told + lines + (content.lines.length > most ? '    and ' + String(content.lines.length - most) + ' more lines (--all)\n' : '');
}

const CHANGE_WORDS: ValueChange[] = ['changed', 'up', 'down', 'added', 'gone'];

/** "2 up, 1 gone" */
function countChanges(rows: DiffRow[]): string {
  const words: string[] = [];
  for (const word of CHANGE_WORDS) {
    const count = rows.filter((row) => row.changes.indexOf(word) >= 0).length;
    if (count > 0) words.push(String(count) + ' ' + word);
  }
  return words.join(', ');
}

/** Rows to be shown, and those left out because the package or file they came with changed. */
function chooseRows(aspect: DiffAspect, options: RunDifferenceOptions): { rows: DiffRow[]; explained: DiffRow[] } {
  if (options.isComplete) return { rows: aspect.rows, explained: [] };
  const differing = aspect.rows.filter((row) => !isSameRow(row));
  return { rows: differing.filter((row) => row.cause === undefined), explained: differing.filter((row) => row.cause !== undefined) };
}

function printHeading(aspect: DiffAspect): ByteString {
  const counts = countChanges(aspect.rows);
  return padTo(titleOfAspect(aspect), LABEL_WIDTH - 1) + ' ' + counts + '\n';
}

function printExplained(aspect: DiffAspect, explained: DiffRow[]): ByteString {
  if (explained.length === 0) return '';
  const what = aspect.name === 'environment.compilers' || aspect.name === 'environment.build_ids' ? 'programs and libraries' : 'packages';
  return '  ' + String(explained.length) + (explained.length === 1 ? ' comes' : ' come') + ' with ' + what + ' that changed (--all)\n';
}

// ---- two runs -----------------------------------------------------------------------------------------

/** Width of each of the two columns. */
function halfOf(width: number): number {
  return Math.max(10, Math.floor((width - LABEL_WIDTH - 1) / 2));
}

function printPair(label: ByteString, first: ByteString, second: ByteString, isSame: boolean, width: number): ByteString {
  const { before, lead } = printLabel(label, width);
  const half = halfOf(width);
  if (isSame && displayWidth(first) > half) return before + printWrapped(lead, first, width);
  if (displayWidth(first) <= half && displayWidth(second) <= half) return before + endLines([lead + padTo(first, half) + ' ' + (isSame ? '=' : second)]);
  return before + printWrapped(lead + '- ', first, width) + printWrapped(' '.repeat(LABEL_WIDTH) + '+ ', second, width);
}

/** Lines of one file, or of one name, that one of the runs has or both. */
function printSigned(row: DiffRow, show: (run: number) => ByteString, width: number): ByteString {
  const signed = (sign: string, run: number): ByteString => printWrapped('  ' + sign + ' ', show(run), width);
  if (isSameRow(row)) return signed('=', 0);
  return (row.values[0] === undefined ? '' : signed('-', 0)) + (row.values[1] === undefined ? '' : signed('+', 1));
}

function showFileOf(row: DiffRow, run: number): ByteString {
  const file = row.files?.[run];
  // Of a log its name here is what it is.
  return file === undefined ? '' : showFile({ ...file, path: row.name });
}

function printFilePair(row: DiffRow, options: RunDifferenceOptions): ByteString {
  const twin = row.twin === undefined ? '' : printWrapped('    ', 'the same content as ' + makeHarmless(row.twin), options.width);
  const cause = row.cause === undefined ? '' : printWrapped('    ', row.cause === row.name ? 'it comes with that file' : 'it comes with ' + makeHarmless(row.cause), options.width);
  return printSigned(row, (run) => showFileOf(row, run), options.width) + twin + cause + row.contents.map((content) => printContent(content, '', options)).join('');
}

function printPackagePair(row: DiffRow, width: number): ByteString {
  const [first, second] = row.values;
  const versions = [first, second].filter((one) => one !== undefined).map((one) => showText(one as ByteString));
  const shown = isSameRow(row) ? versions[0] : versions.join(' -> ');
  return printWrapped('  ' + row.changes[1].padEnd(LABEL_WIDTH - 3) + ' ', makeHarmless(row.name) + ' ' + shown, width);
}

function printAspectPair(aspect: DiffAspect, options: RunDifferenceOptions): ByteString {
  const { width } = options;
  const told = aspect.told.map(({ text }) => printWrapped(' '.repeat(LABEL_WIDTH), showText(text), width)).join('');
  const values = (row: DiffRow): [ByteString, ByteString] => [showValue(aspect, row.values[0]), showValue(aspect, row.values[1])];
  if (aspect.kind === 'fact') return aspect.rows.map((row) => printPair(titleOfAspect(aspect), ...values(row), isSameRow(row), width)).join('') + told;
  const { rows, explained } = chooseRows(aspect, options);
  const print = (row: DiffRow): ByteString => {
    if (aspect.kind === 'files') return printFilePair(row, options);
    if (aspect.kind === 'packages') return printPackagePair(row, width);
    if (aspect.kind === 'names') return printSigned(row, () => makeHarmless(row.name), width);
    return printPair('  ' + makeHarmless(row.name), ...values(row), isSameRow(row), width);
  };
  return printHeading(aspect) + told + printRows(rows, options, print) + printExplained(aspect, explained);
}

// ---- three and more -----------------------------------------------------------------------------------

/** Fewest columns in which a value tells something. */
const LEAST_CELL = 7;

function cellWidth(count: number, width: number): number {
  return Math.floor((width - LABEL_WIDTH + 1) / count) - 1;
}

/** What stands in a run's column. */
function showDiffCell(aspect: DiffAspect, row: DiffRow, run: number, width: number): ByteString {
  const file = row.files?.[run];
  if (run > 0 && row.changes[run] === 'same') return '=';
  if (row.values[run] === undefined) return NONE;
  if (file !== undefined) return file.hash.length === 64 ? file.hash.slice(0, Math.min(12, width)) : showFile(file).trim().split(' ')[0];
  if (aspect.kind === 'names') return 'yes';
  const change = row.changes[run];
  return showValue(aspect, row.values[run]) + (change === 'up' || change === 'down' ? ' ' + change : '');
}

/** What a group of runs has that have the same. */
function showGroupValue(aspect: DiffAspect, row: DiffRow, run: number): ByteString {
  if (row.files !== undefined || aspect.kind === 'names') return showDiffCell(aspect, { ...row, changes: [] }, run, 12);
  return showValue(aspect, row.values[run]);
}

/** Runs of the same value together: "1,4-6  VALUE". */
function printGroups(aspect: DiffAspect, row: DiffRow, lead: ByteString, width: number): ByteString {
  const groups = new Map<ByteString | undefined, number[]>();
  row.values.forEach((value, run) => groups.set(value, (groups.get(value) ?? []).concat(run)));
  const listed = Array.from(groups.values(), (runs) => ({ head: printRanges(runs), shown: showGroupValue(aspect, row, runs[0]) }));
  const headWidth = Math.min(LONGEST_GROUP, listed.reduce((most, one) => Math.max(most, one.head.length), 0));
  return listed.map(({ head, shown }, i) => {
    const before = i === 0 ? lead : ' '.repeat(LABEL_WIDTH);
    if (head.length <= headWidth) return printWrapped(before + head.padEnd(headWidth) + '  ', shown, width);
    return printWrapped(before, head, width) + printWrapped(' '.repeat(LABEL_WIDTH + headWidth + 2), shown, width);
  }).join('');
}

function printCells(aspect: DiffAspect, row: DiffRow, label: ByteString, options: RunDifferenceOptions): ByteString {
  const { width } = options;
  const { before, lead } = printLabel(label, width);
  const cell = cellWidth(row.values.length, width);
  const cells = row.values.map((_, run) => showDiffCell(aspect, row, run, cell));
  if (cell < LEAST_CELL || cells.some((text) => displayWidth(text) > cell)) return before + printGroups(aspect, row, lead, width);
  return before + endLines([lead + cells.map((text) => padTo(text, cell)).join(' ')]);
}

/** "2,4-6": the run and those that have the same in its place. */
function listRunsLike(row: DiffRow, run: number): string {
  return printRanges(row.values.map((_, other) => other).filter((other) => row.values[other] === row.values[run]));
}

function printAspectCells(aspect: DiffAspect, options: RunDifferenceOptions): ByteString {
  const told = aspect.told.map(({ run, text }) => printWrapped(' '.repeat(LABEL_WIDTH) + (run === undefined ? '' : String(run + 1) + '  '), showText(text), options.width)).join('');
  if (aspect.kind === 'fact') return aspect.rows.map((row) => printCells(aspect, row, titleOfAspect(aspect), options)).join('') + told;
  const { rows, explained } = chooseRows(aspect, options);
  const print = (row: DiffRow): ByteString => printCells(aspect, row, '  ' + makeHarmless(row.name), options)
    + row.contents.map((content) => printContent(content, '1 -> ' + listRunsLike(row, content.run) + '  ', options)).join('');
  return printHeading(aspect) + told + printRows(rows, options, print) + printExplained(aspect, explained);
}

/** A line for each run, with the number that stands for it below. */
function printLegend(runs: Run[], width: number): ByteString {
  const numberWidth = String(runs.length).length;
  const lines = runs.map((run, i) => {
    const line = String(i + 1).padStart(numberWidth) + '  ' + run.id + (i === 0 ? '  origin  ' : '          ') + showText(run.label ?? '');
    return cutToWidth(line, width);
  });
  const cell = cellWidth(runs.length, width);
  const heads = cell < LEAST_CELL ? [] : ['', padTo('', LABEL_WIDTH) + runs.map((_, i) => padTo(String(i + 1), cell)).join(' ')];
  return endLines(lines.concat(heads));
}

// ---- the whole ------------------------------------------------------------------------------------------

/** What is the same in all: the titles of the aspects. */
function printSame(difference: RunDifference, width: number): ByteString {
  const isOfEnvironment = (aspect: DiffAspect): boolean => aspect.name.startsWith('environment.');
  const isWholeSame = difference.aspects.filter(isOfEnvironment).every(isSameAspect);
  const titles = difference.aspects.filter((aspect) => aspect.isCounted && isSameAspect(aspect))
    .map((aspect) => (isWholeSame && isOfEnvironment(aspect) ? 'environment' : titleOfAspect(aspect)));
  const unique = titles.filter((title, i) => titles.indexOf(title) === i);
  return unique.length === 0 ? '' : printWrapped(padTo('the same', LABEL_WIDTH), unique.join(', '), width);
}

/** The difference for a person, in lines of at most `width` columns but for texts with `isComplete`. */
export function printRunDifference(difference: RunDifference, options: RunDifferenceOptions): ByteString {
  const { runs } = difference;
  const { width, isComplete } = options;
  const shown = difference.aspects.filter((aspect) => isComplete || !isSameAspect(aspect));
  const same = isComplete ? '' : printSame(difference, width);
  if (runs.length > 2) return printLegend(runs, width) + shown.map((aspect) => printAspectCells(aspect, options)).join('') + same;
  const started = runs.map((run) => makeHarmless(run.startedUtc).replace('T', ' ').replace(/\.\d+Z$/, ''));
  return printPair('run', runs[0].id, runs[1].id, false, width) + printPair('started', started[0], started[1], false, width)
    + shown.map((aspect) => printAspectPair(aspect, options)).join('') + same;
}
