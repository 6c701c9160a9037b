// table.ts - the table of ratios and the account of each row as text of 80 columns. Measures nothing.
import { wrapText } from '../../src/views/table.ts';
import type { Account, Line, Part } from './lines.ts';
import { costPerThousand, fitExponent, median } from './statistics.ts';

const WIDTH = 79;
const WHAT_WIDTH = 35;
const GROWTH_WIDTH = 27;

/** Three digits of a number. */
export function printFigure(value: number): string {
  if (Number.isNaN(value)) return '-';
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 0.1) return value.toFixed(2);
  return value.toFixed(3);
}

function wrapIndented(text: string, indent: number): string {
  return wrapText(text, WIDTH - indent).map((line) => ' '.repeat(indent) + line + '\n').join('');
}

function printCells(what: string, cells: string[]): string {
  const [figure, spread, count, budget, floor, verdict] = cells;
  const figures = figure.padStart(6) + ' ' + spread.padEnd(13) + count.padStart(3) + budget.padStart(7) + floor.padStart(6) + ' ' + verdict;
  if (what.length <= WHAT_WIDTH) return (what.padEnd(WHAT_WIDTH) + figures).trimEnd() + '\n';
  const indent = what.length - what.trimStart().length;
  const lines = wrapText(what.trimStart(), WHAT_WIDTH - indent).map((line) => ' '.repeat(indent) + line);
  const last = lines.pop()!;
  return lines.map((line) => line + '\n').join('') + (last.padEnd(WHAT_WIDTH) + figures).trimEnd() + '\n';
}

/** The head of the table. */
export function printHead(): string {
  return printCells('work / against', ['ratio', 'min..max', 'n', 'budget', 'floor', 'verdict']);
}

function judge(value: number, budget: number | undefined): string {
  return budget === undefined ? '-' : value <= budget ? 'within' : 'OVER';
}

/** A line of the table; growth has a table of its own. */
export function printLine(line: Line): string {
  const what = '  ' + line.what;
  if (line.kind === 'absent') return wrapIndented(line.what + ': not measured: ' + line.why, 2).replace(/\n(?=.)/g, '\n  ');
  if (line.kind === 'growth') return '';
  if (line.kind === 'megabytes') {
    return printCells(what, [printFigure(line.megabytes), 'MB', '1', line.budget === undefined ? '-' : String(line.budget) + ' MB', '-', judge(line.megabytes, line.budget)]);
  }
  const middle = median(line.ratios);
  const spread = line.ratios.length === 1 ? '-' : printFigure(Math.min(...line.ratios)) + '..' + printFigure(Math.max(...line.ratios));
  return printCells(what, [printFigure(middle), spread, String(line.ratios.length), line.budget === undefined ? '-' : String(line.budget), line.floor ?? '-', judge(middle, line.budget)]);
}

function shorten(size: number): string {
  return size >= 1000 && size % 1000 === 0 ? String(size / 1000) + 'k' : String(size);
}

/** The lines on growth as a table: median milliseconds at each size, exponent, and what 1,000 more cost. */
export function printGrowth(lines: Line[]): string {
  let text = '';
  let head = '';
  for (const line of lines) {
    if (line.kind !== 'growth') continue;
    const sizes = line.points.map((point) => shorten(point.size));
    if (sizes.join() !== head) {
      head = sizes.join();
      text += '  milliseconds, by size'.padEnd(GROWTH_WIDTH) + sizes.map((size) => size.padStart(7)).join('') + 'exponent'.padStart(9) + '  /1,000\n';
    }
    text += wrapText(line.what, GROWTH_WIDTH - 2).map((part) => '  ' + part).join('\n').replace(/[^\n]*$/, (last) => last.padEnd(GROWTH_WIDTH))
      + line.points.map((point) => printFigure(point.ms).padStart(7)).join('') + fitExponent(line.points).toFixed(2).padStart(9) + printFigure(costPerThousand(line.points)).padStart(8) + '\n';
  }
  return text;
}

/** Words of a command on lines that a shell takes as one. */
function printCommand(words: string[]): string {
  let text = '';
  let line = '    $';
  for (const word of words) {
    if (line.length + 1 + word.length > WIDTH - 2 && line.trim() !== '$') {
      text += line + ' \\\n';
      line = '       ';
    }
    line += ' ' + word;
  }
  return text + line + '\n';
}

function printPart(part: Part): string {
  const does = part.does === '' ? '' : wrapIndented(part.does, 4);
  if (part.failure !== undefined) return wrapIndented(part.name + ': not measured: ' + part.failure, 2) + printCommand(part.words) + does;
  const ms = part.rounds.map((one) => one.ms);
  const figures = [median(ms), Math.min(...ms), Math.max(...ms)].map((one) => printFigure(one).padStart(9)).join('');
  const peak = part.peakBytes === undefined ? '-' : printFigure(part.peakBytes / 1e6);
  return ('  ' + part.name).padEnd(WHAT_WIDTH) + figures + String(ms.length).padStart(5) + peak.padStart(9) + '\n' + printCommand(part.words) + does;
}

/** How a row came about: how the work was made ready, then each program with its times, memory and command. */
export function printAccount(account: Account): string {
  const prepared = account.prepared.map((what) => wrapIndented('- ' + what, 2).replace(/\n(?=.)/g, '\n  ')).join('');
  return prepared + ' '.repeat(WHAT_WIDTH) + ['median ms', '      min', '      max'].join('') + '    n'.padStart(5) + '  peak MB' + '\n' + account.parts.map(printPart).join('');
}
