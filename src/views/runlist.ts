// runlist.ts - a list of runs as a table, CSV, JSON and LaTeX. Knows no files and no terminal.
import type { ByteString } from '../core/bytes.ts';
import type { RunSummary } from '../core/run.ts';
import { escapeLatex, LATEX_DEFINITION } from '../formats/latex.ts';
import { makeHarmless } from '../formats/percent.ts';
import { isNumeric, jsonCell, namedTitleOf, printCell, showCell } from './columns.ts';
import type { FilesOf, RunColumn } from './columns.ts';
import { printTableHead, printTableRow, TableMeasure } from './table.ts';

/** "time", and of a parameter or metric its name as it is. */
function printColumnTitle(column: RunColumn): ByteString {
  return makeHarmless(namedTitleOf(column) ?? column.name);
}

/** What is printed: these runs, with these columns. */
export type RunList = { columns: RunColumn[]; runs: RunSummary[]; filesOf: FilesOf };

/** A run a line, in `width` columns of a terminal. In two passes, so that not all cells are held at once. */
export function* printRunTable({ columns, runs, filesOf }: RunList, width: number): Generator<ByteString> {
  const measure = new TableMeasure(columns.map((column) => ({
    title: namedTitleOf(column) === undefined ? column.name.toUpperCase() : printColumnTitle(column), align: isNumeric(column) ? 'right' : 'left', isFlexible: ['text', 'withheld', 'words'].indexOf(column.kind) >= 0,
  })));
  const cells = columns.map(() => '');
  const show = (run: RunSummary, count: number): ByteString[] => {
    for (let i = 0; i < count; i++) cells[i] = showCell(columns[i], run, filesOf);
    return cells;
  };
  for (const run of runs) measure.add(show(run, columns.length));
  const layout = measure.fit(width);
  yield printTableHead(layout);
  for (const run of runs) yield printTableRow(layout, show(run, layout.columns.length));
}

/** A cell of CSV (RFC 4180). One that a spreadsheet would take for a formula gets a quote in front. */
function quoteCsvCell(text: ByteString): ByteString {
  const safe = /^[=+@\t\r-]/.test(text) && !/^-?\d/.test(text) ? "'" + text : text;
  return /[",\r\n]/.test(safe) ? '"' + safe.replace(/"/g, '""') + '"' : safe;
}

// Most texts are of these, in which nothing is encoded (percent.ts) and nothing quoted: one test, not three.
const PLAIN_CELL = /^[!#$&-*.-<>?A-[\]-~](?:[ !#$&-+\--~]*[!#$&-+\--[\]-~])?$/;

function printCsvCell(column: RunColumn, run: RunSummary, filesOf: FilesOf): ByteString {
  const value = column.read(run, filesOf);
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && PLAIN_CELL.test(value) ? value : quoteCsvCell(printCell(column, value));
}

/** CSV with a head and LF line ends; texts percent-encoded as in the records. */
export function* printRunCsv({ columns, runs, filesOf }: RunList): Generator<ByteString> {
  const cells = columns.map((column) => quoteCsvCell(column.key));
  yield cells.join(',') + '\n';
  for (const run of runs) {
    for (let i = 0; i < cells.length; i++) cells[i] = printCsvCell(columns[i], run, filesOf);
    yield cells.join(',') + '\n';
  }
}

/** A JSON array, a run a line, of what the columns show. */
export function* printRunJson({ columns, runs, filesOf }: RunList): Generator<ByteString> {
  let before = '[\n';
  for (const run of runs) {
    const object: { [key: string]: unknown } = {};
    for (const column of columns) object[column.key] = jsonCell(column, run, filesOf);
    // JSON.stringify sees each byte as one character below U+0100, and so leaves UTF-8 as it is.
    yield before + JSON.stringify(object);
    before = ',\n';
  }
  yield runs.length === 0 ? '[\n]\n' : '\n]\n';
}

/** A "tabular" of plain LaTeX that needs no package. */
export function* printRunLatex({ columns, runs, filesOf }: RunList): Generator<ByteString> {
  const row = (cells: ByteString[]): ByteString => cells.map(escapeLatex).join(' & ') + ' \\\\\n';
  yield LATEX_DEFINITION + '\\begin{tabular}{' + columns.map((column) => (isNumeric(column) ? 'r' : 'l')).join('') + '}\n\\hline\n';
  yield row(columns.map((column) => printColumnTitle(column))) + '\\hline\n';
  for (const run of runs) yield row(columns.map((column) => showCell(column, run, filesOf)));
  yield '\\hline\n\\end{tabular}\n';
}
