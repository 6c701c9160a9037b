// comparetable.ts - compares two tables (CSV and the like, RFC 4180) cell by cell. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { CompareContext, Comparison } from '../core/comparison.ts';
import { findCauses } from '../core/causes.ts';
import { describeTolerance } from '../core/comparison.ts';
import { countThings, groupDigits } from './amounts.ts';
import { addNumbersOfText, quoteExcerpt } from './comparetext.ts';
import { isNumber } from './numbers.ts';
import { NumberTally } from './numbertally.ts';

// A comma may be a decimal comma between others, so it is tried last.
const DELIMITERS = ['\t', ';', '|', ','];
/** So many rows at the beginning decide whether it is a table. */
const PROBED_ROWS = 50;
const MOST_TABLE_COLUMNS = 1 << 20;

/** `unlike` counts the cells that differ in more than numbers. */
type TableTally = {
  numbers: NumberTally;
  cells: number;
  unlike: number;
  first: string;
  rowCounts: [number, number];
  isPaddingChanged: boolean;
};

/** undefined if the two are not both tables with the same delimiter; `isNamedTable`: the file's name says that it is one. */
export function compareTables(first: ByteString, second: ByteString, context: Pick<CompareContext, 'tolerance' | 'hints'>, isNamedTable: boolean): Comparison | undefined {
  const delimiter = guessDelimiter(first, isNamedTable);
  if (delimiter === undefined || delimiter !== guessDelimiter(second, isNamedTable)) return undefined;
  const [reader, other] = [new TableReader(first, delimiter), new TableReader(second, delimiter)];
  const tally = tallyTables(reader, other, context);
  if (reader.isMalformed || other.isMalformed) return undefined;
  const { tolerance } = context;
  const isSameShape = tally.rowCounts[0] === tally.rowCounts[1];
  if (isSameShape && tally.unlike === 0 && tally.numbers.beyond === 0) {
    const numbers = tally.numbers.describe();
    return { kind: 'equivalent', rule: describeTableRule(reader, other, tally, context), detail: numbers === '' ? 'all cells are the same' : numbers };
  }
  const rule = 'table by cell' + (tolerance === undefined ? '' : ', ' + describeTolerance(tolerance));
  return { kind: 'different', rule, detail: describeTables(tally), causes: findCauses(first, second, context.hints) };
}

function describeTables(tally: TableTally): string {
  const [count, other] = tally.rowCounts;
  const first = tally.first === '' ? '' : ', first ' + tally.first;
  if (count !== other) return countThings(count, 'row') + ' against ' + groupDigits(other) + first;
  const numbers = tally.numbers.describe();
  const beside = numbers === '' ? '' : ' in more than numbers';
  const cells = tally.unlike === 0 ? [] : [groupDigits(tally.unlike) + ' of ' + countThings(tally.cells, 'cell') + ' ' + (tally.unlike === 1 ? 'differs' : 'differ') + beside + first];
  return cells.concat(numbers === '' ? [] : numbers).join('; ');
}

/** Names what is not the same in the two and does not count. */
function describeTableRule(reader: TableReader, other: TableReader, tally: TableTally, context: Pick<CompareContext, 'tolerance'>): string {
  const { tolerance } = context;
  const parts: string[] = [];
  if (tally.numbers.unequal > 0) parts.push(tolerance === undefined || tally.numbers.apart === 0 ? 'numbers by value' : describeTolerance(tolerance));
  if (tally.isPaddingChanged) parts.push('without the spaces that pad them');
  const isPlain = parts.length === 0 && reader.quotedCells === other.quotedCells && reader.lineEnds === other.lineEnds;
  if (reader.quotedCells !== other.quotedCells || isPlain) parts.push('without quotation marks');
  if (reader.lineEnds !== other.lineEnds) parts.push('without line ends');
  return ['table by cell'].concat(parts).join(', ');
}

function tallyTables(reader: TableReader, other: TableReader, context: Pick<CompareContext, 'tolerance'>): TableTally {
  const tally: TableTally = { numbers: new NumberTally(context.tolerance), cells: 0, unlike: 0, first: '', rowCounts: [0, 0], isPaddingChanged: false };
  let header: ByteString[] = [];
  for (;;) {
    const [row, otherRow] = [reader.next(), other.next()];
    if (row !== undefined) tally.rowCounts[0] += 1;
    if (otherRow !== undefined) tally.rowCounts[1] += 1;
    if (row === undefined && otherRow === undefined) return tally;
    if (row === undefined || otherRow === undefined) {
      if (tally.first === '') tally.first = 'at row ' + Math.max(...tally.rowCounts);
      continue;
    }
    if (tally.rowCounts[0] === 1 && tally.rowCounts[1] === 1) header = readHeader(row);
    compareRows(row, otherRow, header, tally);
  }
}

/** The names of the columns, if the first row has no number. */
function readHeader(row: ByteString[]): ByteString[] {
  return row.some((cell) => cell.trim() === '' || isNumber(cell.trim())) ? [] : row;
}

function compareRows(row: ByteString[], otherRow: ByteString[], header: ByteString[], tally: TableTally): void {
  const rowNumber = tally.rowCounts[0];
  const placeOfCell = (column: number): string => 'column ' + (header[column] === undefined ? column + 1 : shortenName(header[column])) + ', row ' + rowNumber;
  const common = Math.min(row.length, otherRow.length);
  tally.cells += common;
  for (let i = 0; i < common; i++) {
    const alike = addNumbersOfText(row[i], otherRow[i], tally.numbers, () => placeOfCell(i));
    if (alike.unlikeAt < 0) tally.isPaddingChanged = tally.isPaddingChanged || alike.isPaddingChanged;
    else addUnlikeCell(tally, () => placeOfCell(i) + ': ' + quoteExcerpt(row[i], alike.unlikeAt) + ' against ' + quoteExcerpt(otherRow[i], alike.otherUnlikeAt));
  }
  if (row.length !== otherRow.length) addUnlikeCell(tally, () => 'row ' + rowNumber + ': ' + countThings(row.length, 'cell') + ' against ' + groupDigits(otherRow.length));
}

function addUnlikeCell(tally: TableTally, describe: () => string): void {
  if (tally.first === '') tally.first = describe();
  tally.unlike += 1;
}

function shortenName(name: ByteString): string {
  return /^[\w.-]{1,30}$/.test(name) ? name : quoteExcerpt(name, 0);
}

/** Without a name that says so, what has fewer rows is no table. */
const FEWEST_ROWS = 3;

/** The delimiter with which the first rows have the same number of cells, two or more; in a file named as a table, the first row alone will do. */
function guessDelimiter(text: ByteString, isNamedTable: boolean): string | undefined {
  const regular = DELIMITERS.find((delimiter) => hasEvenRows(text, delimiter, PROBED_ROWS, isNamedTable ? 1 : FEWEST_ROWS));
  return regular ?? (isNamedTable ? DELIMITERS.find((delimiter) => hasEvenRows(text, delimiter, 1, 1)) : undefined);
}

function hasEvenRows(text: ByteString, delimiter: string, mostRows: number, fewestRows: number): boolean {
  if (text.indexOf(delimiter) < 0) return false;
  const reader = new TableReader(text, delimiter);
  let columns = 0;
  let rows = 0;
  for (let row = reader.next(); row !== undefined && rows < mostRows; row = reader.next()) {
    rows += 1;
    if (row.length < 2 || (columns > 0 && row.length !== columns)) return false;
    columns = row.length;
  }
  return rows >= fewestRows && (rows === mostRows || !reader.isMalformed);
}

/** Reads a table row by row. */
export class TableReader {
  readonly text: ByteString;
  readonly delimiter: string;
  isMalformed = false;
  quotedCells = 0;
  /** How many rows end how. */
  get lineEnds(): string { return this.endings.join(' '); }
  private readonly endings = [0, 0, 0];
  private at = 0;

  constructor(text: ByteString, delimiter: string) {
    this.text = text;
    this.delimiter = delimiter;
  }

  /** The cells of the next row, unquoted; undefined at the end and where the table is malformed. */
  next(): ByteString[] | undefined {
    const { text } = this;
    if (this.at >= text.length || this.isMalformed) return undefined;
    const lineFeed = text.indexOf('\n', this.at);
    const lineEnd = lineFeed < 0 ? text.length : lineFeed;
    const line = text.slice(this.at, lineEnd);
    if (line.indexOf('"') >= 0) return this.readQuotedRow();
    this.at = lineEnd + 1;
    const isCrLf = lineFeed >= 0 && line[line.length - 1] === '\r';
    this.endings[lineFeed < 0 ? 2 : isCrLf ? 1 : 0] += 1;
    const cells = (isCrLf ? line.slice(0, -1) : line).split(this.delimiter, MOST_TABLE_COLUMNS + 1);
    this.isMalformed = cells.length > MOST_TABLE_COLUMNS;
    return this.isMalformed ? undefined : cells;
  }

  private readQuotedRow(): ByteString[] | undefined {
    const cells: ByteString[] = [];
    const { text } = this;
    for (;;) {
      const end = text[this.at] === '"' ? this.readQuotedCell(cells) : this.readPlainCell(cells);
      if (end < 0 || cells.length > MOST_TABLE_COLUMNS) {
        this.isMalformed = true;
        return undefined;
      }
      this.at = end + 1;
      if (text[end] === this.delimiter) continue;
      if (text[end] === '\r') this.at += 1;
      this.endings[text[end] === undefined ? 2 : text[end] === '\r' ? 1 : 0] += 1;
      return cells;
    }
  }

  /** Where the cell ends: at a delimiter, a line end or the end of the text; -1 if something else follows the quotation mark. */
  private readQuotedCell(cells: ByteString[]): number {
    const { text } = this;
    let end = text.indexOf('"', this.at + 1);
    while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
    if (end < 0) return -1;
    this.quotedCells += 1;
    cells.push(text.slice(this.at + 1, end).replace(/""/g, '"'));
    return this.isCellEnd(end + 1) ? end + 1 : -1;
  }

  private readPlainCell(cells: ByteString[]): number {
    let end = this.at;
    while (!this.isCellEnd(end)) end += 1;
    cells.push(this.text.slice(this.at, end));
    return end;
  }

  private isCellEnd(at: number): boolean {
    const mark = this.text[at];
    return mark === undefined || mark === this.delimiter || mark === '\n' || (mark === '\r' && this.text[at + 1] === '\n');
  }
}
