// table.ts - a table for a terminal, and how it shows widths, times and sizes. Knows no runs, files or terminal.
import type { ByteString } from '../core/bytes.ts';
import { codePointAt, dropAtEnd, utf8SequenceLength } from '../core/bytes.ts';

export type Column = { title: string; align: 'left' | 'right'; /** May be cut to fit. */ isFlexible: boolean };

/** Columns a text takes on a terminal: 0 for combining marks, 2 for East Asian wide (UAX 11) ranges. */
export function displayWidth(text: ByteString): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (let at = 0; at < text.length; at += Math.max(1, utf8SequenceLength(text, at))) width += widthOfCode(codePointAt(text, at));
  return width;
}

function widthOfCode(code: number): number {
  if ((code >= 0x300 && code <= 0x36f) || (code >= 0x200b && code <= 0x200f) || (code >= 0xfe00 && code <= 0xfe0f) || (code >= 0x20d0 && code <= 0x20ff)) return 0;
  const isWide = (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3)
    || (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) || (code >= 0xffe0 && code <= 0xffe6)
    || (code >= 0x1f300 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x3fffd);
  return isWide ? 2 : 1;
}

/** The text cut to `width` columns, with "~" at the cut. */
export function cutToWidth(text: ByteString, width: number): ByteString {
  if (/^[ -~]*$/.test(text)) return text.length <= width ? text : text.slice(0, width - 1) + '~';
  if (displayWidth(text) <= width) return text;
  let cut = '';
  let used = 0;
  for (let at = 0; at < text.length;) {
    const length = Math.max(1, utf8SequenceLength(text, at));
    const columns = widthOfCode(codePointAt(text, at));
    if (used + columns > width - 1) break;
    cut += text.slice(at, at + length);
    used += columns;
    at += length;
  }
  return cut + '~';
}

/** The first part of a word that fits the width, at least one character. */
function cutWord(word: ByteString, width: number): ByteString {
  let used = 0;
  let at = 0;
  while (at < word.length) {
    used += widthOfCode(codePointAt(word, at));
    if (at > 0 && used > width) break;
    at += Math.max(1, utf8SequenceLength(word, at));
  }
  return word.slice(0, at);
}

/** Lines of at most `width` columns; broken at spaces, a word that is longer than a line within it. */
export function wrapText(text: ByteString, width: number): ByteString[] {
  const lines: ByteString[] = [];
  let line = '';
  for (let word of text.split(' ')) {
    if (line !== '' && displayWidth(line + ' ' + word) <= width) {
      line += ' ' + word;
      continue;
    }
    if (line !== '') lines.push(line);
    // A word may have megabytes: what is left of it is never measured as a whole.
    for (let cut = cutWord(word, width); cut.length < word.length; cut = cutWord(word, width)) {
      lines.push(cut);
      word = word.slice(cut.length);
    }
    line = word;
  }
  return line !== '' || lines.length === 0 ? lines.concat(line) : lines;
}

const CHOICES_WIDTH = 80;

/** Words and what each is, a line each or, if that is long, several. */
export function printChoices(choices: readonly { name: string; summary: string }[]): string {
  const width = choices.reduce((most, one) => Math.max(most, one.name.length), 0) + 4;
  return choices.map((one) => ('  ' + one.name).padEnd(width) + wrapText(one.summary, CHOICES_WIDTH - width).join('\n' + ' '.repeat(width)) + '\n').join('');
}

/** Widths of the columns that are printed, the first ones. */
export type TableLayout = { columns: Column[]; widths: number[] };

/** The width that each column needs. */
export class TableMeasure {
  private readonly columns: Column[];
  private readonly widths: number[];
  constructor(columns: Column[]) {
    this.columns = columns;
    this.widths = columns.map((column) => displayWidth(column.title));
  }

  add(cells: ByteString[]): void {
    for (let i = 0; i < cells.length; i++) {
      // No text takes more columns than it has bytes.
      if (cells[i].length > this.widths[i]) this.widths[i] = Math.max(this.widths[i], displayWidth(cells[i]));
    }
  }

  /** Columns two spaces apart in `width`: flexible ones share what the others leave. */
  fit(width: number): TableLayout {
    const widths = this.widths.slice();
    let excess = widths.reduce((sum, one) => sum + one + 2, -2) - width;
    while (excess > 0) {
      // Takes from the widest flexible column, so that short ones stay whole.
      let widest = -1;
      this.columns.forEach((column, i) => { if (column.isFlexible && widths[i] > 6 && (widest < 0 || widths[i] > widths[widest])) widest = i; });
      if (widest < 0) break;
      widths[widest] -= 1;
      excess -= 1;
    }
    // On a narrow terminal whole columns go, the last first; the first stays.
    let count = widths.length;
    while (excess > 0 && count > 1) {
      count -= 1;
      excess -= widths[count] + 2;
    }
    return { columns: this.columns.slice(0, count), widths: widths.slice(0, count) };
  }
}

/** One row, cut to its widths, with LF. Cells must be harmless already. */
export function printTableRow(layout: TableLayout, cells: ByteString[]): ByteString {
  let line = '';
  let spaces = 0; // not yet printed, for no line ends in some
  for (let i = 0; i < layout.widths.length; i++) {
    const room = layout.widths[i];
    let cell = cells[i];
    let width = displayWidth(cell);
    if (width > room) {
      cell = cutToWidth(cell, room);
      width = displayWidth(cell);
    }
    const isRight = layout.columns[i].align === 'right';
    if (isRight) spaces += room - width;
    if (cell !== '') {
      line += ' '.repeat(spaces) + cell;
      spaces = 0;
    }
    spaces += isRight ? 2 : room - width + 2;
  }
  return dropAtEnd(line, ' ') + '\n';
}

/** Titles of the columns as a row. */
export function printTableHead(layout: TableLayout): ByteString {
  return printTableRow(layout, layout.columns.map((column) => column.title));
}

/** Rows under their titles, cut to `width` columns. Cells must be harmless already. */
export function printTable(columns: Column[], rows: ByteString[][], width: number): ByteString {
  const measure = new TableMeasure(columns);
  for (const row of rows) measure.add(row);
  const layout = measure.fit(width);
  return printTableHead(layout) + rows.map((row) => printTableRow(layout, row)).join('');
}

/** 12.3 -> "12.3s", 75 -> "1m15s", 3700 -> "1h02m" */
export function formatSeconds(seconds: number | undefined): string {
  if (seconds === undefined) return '-';
  if (seconds < 59.95) return seconds.toFixed(seconds < 9.995 ? 2 : 1) + 's';
  const whole = Math.round(seconds);
  if (whole < 3600) return String(Math.floor(whole / 60)) + 'm' + String(whole % 60).padStart(2, '0') + 's';
  return String(Math.floor(whole / 3600)) + 'h' + String(Math.floor((whole % 3600) / 60)).padStart(2, '0') + 'm';
}

/** 2048 -> "2.0 KiB" */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return (unit === 0 ? String(value) : value.toFixed(1)) + ' ' + units[unit];
}
