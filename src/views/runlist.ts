// runlist.ts - a list of runs as a table, CSV, JSON and LaTeX. Knows no files and no terminal.
import type { ByteString } from '../core/bytes.ts';
import { escapeLatex, LATEX_CHARACTER } from '../formats/latex.ts';
import { isNumeric, jsonCell, printCell, showCell } from './columns.ts';
import type { ListedRun, RunColumn } from './columns.ts';
import { makeHarmless } from '../formats/percent.ts';
import { printTable } from './table.ts';

function printColumnTitle(column: RunColumn): ByteString {
  return column.name.startsWith('param:') ? makeHarmless(column.name.slice(6)) : column.name.toUpperCase();
}

/** `rr list`: a run a line, newest last as `history` has it. */
export function printRunTable(columns: RunColumn[], listed: ListedRun[], width: number): ByteString {
  const heads = columns.map((column) => ({ title: printColumnTitle(column), align: isNumeric(column) ? 'right' as const : 'left' as const, isFlexible: ['text', 'withheld', 'words'].indexOf(column.kind) >= 0 }));
  return printTable(heads, listed.map((one) => columns.map((column) => showCell(column, one))), width);
}

/** One cell of CSV (RFC 4180). A cell that a spreadsheet would take for a formula gets a quote in front. */
function printCsvCell(text: ByteString): ByteString {
  const safe = /^[=+@\t\r-]/.test(text) && !/^-?\d/.test(text) ? "'" + text : text;
  return /[",\r\n]/.test(safe) ? '"' + safe.replace(/"/g, '""') + '"' : safe;
}

/** The head of a list as CSV, and each run, with LF line ends; texts percent-encoded as in the records. */
export function printRunCsv(columns: RunColumn[], listed: ListedRun[]): ByteString {
  const lines = [columns.map((column) => column.key)].concat(listed.map((one) => columns.map((column) => printCell(column, one))));
  return lines.map((cells) => cells.map(printCsvCell).join(',') + '\n').join('');
}

/** Of a run, as one line of JSON, what the columns show. */
export function printJsonCells(columns: RunColumn[], one: ListedRun): ByteString {
  const object: { [key: string]: unknown } = {};
  for (const column of columns) object[column.key] = jsonCell(column, one);
  // JSON.stringify sees each byte as one character below U+0100, and so leaves UTF-8 as it is.
  return JSON.stringify(object);
}

/** A "tabular" of plain LaTeX that needs no package. */
export function printRunLatex(columns: RunColumn[], listed: ListedRun[]): ByteString {
  const row = (cells: ByteString[]): ByteString => cells.map(escapeLatex).join(' & ') + ' \\\\\n';
  const rows = listed.map((one) => row(columns.map((column) => showCell(column, one)))).join('');
  const head = row(columns.map((column) => printColumnTitle(column).toLowerCase()));
  return (rows + head).indexOf(LATEX_CHARACTER.use) < 0 ? printTabular(columns, head, rows) : LATEX_CHARACTER.definition + printTabular(columns, head, rows);
}

function printTabular(columns: RunColumn[], head: ByteString, rows: ByteString): ByteString {
  return '\\begin{tabular}{' + columns.map((column) => (isNumeric(column) ? 'r' : 'l')).join('') + '}\n\\hline\n' + head + '\\hline\n' + rows + '\\hline\n\\end{tabular}\n';
}
