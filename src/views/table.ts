// table.ts - runs as a table for a terminal and as CSV. Knows no files and no terminal.
import type { ByteString } from '../core/bytes.ts';
import { utf8SequenceLength } from '../core/bytes.ts';
import type { AnnotatedRun } from '../core/notes.ts';
import type { Run } from '../core/run.ts';
import { encodeText, encodeWithheld, makeHarmless } from '../formats/percent.ts';

export type Column = { title: string; align: 'left' | 'right'; /** May be cut to fit. */ isFlexible: boolean };

/** Columns a text takes on a terminal: 0 for combining marks, 2 for East Asian wide (UAX 11) ranges. */
export function displayWidth(text: ByteString): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (let at = 0; at < text.length; at += Math.max(1, utf8SequenceLength(text, at))) width += widthOfCode(codePointAt(text, at));
  return width;
}

function codePointAt(text: ByteString, at: number): number {
  const length = Math.max(1, utf8SequenceLength(text, at));
  if (length === 1) return text.charCodeAt(at);
  let code = text.charCodeAt(at) & (0xff >> (length + 1));
  for (let i = 1; i < length; i++) code = code * 64 + (text.charCodeAt(at + i) & 0x3f);
  return code;
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

/**
 * Rows under their titles, columns two spaces apart, cut to `width` columns: flexible columns
 * share what the others leave. Cells must be harmless already. Lines end in LF.
 */
export function printTable(columns: Column[], rows: ByteString[][], width: number): ByteString {
  const widths = columns.map((column, i) => rows.reduce((most, row) => Math.max(most, displayWidth(row[i])), column.title.length));
  let excess = widths.reduce((sum, one) => sum + one + 2, -2) - width;
  while (excess > 0) {
    // Takes from the widest flexible column, so that short ones stay whole.
    let widest = -1;
    columns.forEach((column, i) => { if (column.isFlexible && widths[i] > 6 && (widest < 0 || widths[i] > widths[widest])) widest = i; });
    if (widest < 0) break;
    widths[widest] -= 1;
    excess -= 1;
  }
  // On a narrow terminal whole columns go, the last first; the first stays.
  let count = columns.length;
  while (excess > 0 && count > 1) {
    count -= 1;
    excess -= widths[count] + 2;
  }
  const line = (cells: ByteString[]): ByteString => cells.slice(0, count).map((cell, i) => {
    const cut = cutToWidth(cell, widths[i]);
    const pad = ' '.repeat(Math.max(0, widths[i] - displayWidth(cut)));
    return columns[i].align === 'right' ? pad + cut : cut + pad;
  }).join('  ').replace(/ +$/, '') + '\n';
  return line(columns.map((column) => column.title)) + rows.map(line).join('');
}

/** 12.3 -> "12.3s", 75 -> "1m15s", 3700 -> "1h02m" */
export function formatSeconds(seconds: number | undefined): string {
  if (seconds === undefined) return '-';
  if (seconds < 59.95) return seconds.toFixed(seconds < 9.995 ? 2 : 1) + 's';
  const whole = Math.round(seconds);
  if (whole < 3600) return String(Math.floor(whole / 60)) + 'm' + String(whole % 60).padStart(2, '0') + 's';
  return String(Math.floor(whole / 3600)) + 'h' + String(Math.floor((whole % 3600) / 60)).padStart(2, '0') + 'm';
}

const RUN_COLUMNS: Column[] = [
  { title: 'ID', align: 'left', isFlexible: false },
  { title: 'STATUS', align: 'left', isFlexible: false },
  { title: 'TIME', align: 'right', isFlexible: false },
  { title: 'LABEL', align: 'left', isFlexible: true },
  { title: 'COMMAND', align: 'left', isFlexible: true },
];

/** `rr list`: newest last, as `history` has it. */
export function printRunTable(runs: Run[], width: number): ByteString {
  const rows = runs.map((run) => [run.id, run.status, formatSeconds(run.wallS), makeHarmless(run.label ?? ''), makeHarmless(encodeWithheld(run.command).replace(/%0A/g, ' ').replace(/%25/g, '%'))]);
  return printTable(RUN_COLUMNS, rows, width);
}

/** One cell of CSV (RFC 4180). A cell that a spreadsheet would take for a formula gets a quote in front. */
function printCsvCell(text: ByteString): ByteString {
  const safe = /^[=+@\t\r-]/.test(text) && !/^-?\d/.test(text) ? "'" + text : text;
  return /[",\r\n]/.test(safe) ? '"' + safe.replace(/"/g, '""') + '"' : safe;
}

/** Runs as CSV with LF line ends; texts percent-encoded as in the records; one column a parameter. */
export function printRunCsv(runs: AnnotatedRun[]): ByteString {
  const names = new Set<ByteString>();
  for (const { run } of runs) for (const parameter of run.parameters) names.add(parameter.slice(0, parameter.indexOf(' ')));
  const sorted = Array.from(names).sort();
  const head = ['id', 'label', 'status', 'exit', 'started', 'wall_s', 'user_s', 'system_s', 'peak_memory_bytes', 'directory', 'command', 'reason', 'tags', 'outcome', 'comments'];
  const lines = [head.concat(sorted.map((name) => 'parameter ' + encodeText(name)))];
  for (const { run, notes } of runs) {
    const valueOf = (name: ByteString): ByteString => run.parameters.filter((one) => one.startsWith(name + ' ')).map((one) => encodeWithheld(one.slice(name.length + 1))).join('; ');
    const numbers = [run.wallS, run.userS, run.systemS, run.peakMemoryBytes].map((one) => (one === undefined ? '' : String(one)));
    lines.push([run.id, encodeText(run.label ?? ''), run.status, run.exit === undefined ? '' : String(run.exit), run.startedUtc]
      .concat(numbers, [encodeText(run.directory), encodeWithheld(run.command), encodeText(run.reason ?? ''), run.tags.map(encodeText).join(' '), encodeText(notes.outcome ?? ''), notes.comments.map((comment) => encodeText(comment.text)).join('; ')], sorted.map(valueOf)));
  }
  return lines.map((cells) => cells.map(printCsvCell).join(',') + '\n').join('');
}
