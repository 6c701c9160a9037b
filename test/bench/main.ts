// main.ts - measures rr against the budgets and prints a table. Judges by ratios of one run, never by a clock alone.
import fs from 'fs';
import os from 'os';
import path from 'path';
import { describeMachine, median } from './measure.ts';
import { ROWS } from './rows.ts';
import type { Bench, Line, Row } from './lines.ts';

// usage: make bench [ROW=NAME,NAME...|all|help] [ROUNDS=25] [MIB=1024] [FILES=100000], in the top folder after a build.
// Everything is made in a new folder under TMPDIR and removed after. It must not lie in a git work tree.

function cell(text: string, width: number): string {
  return text.padEnd(width);
}

function printLine(line: Line): string {
  if (line.kind === 'absent') return cell(line.what, 66) + 'not measured: ' + line.why;
  if (line.kind === 'megabytes') {
    const verdict = line.budget === undefined ? '' : line.megabytes <= line.budget ? 'within' : 'OVER';
    return cell(line.what, 66) + cell(line.megabytes.toFixed(0) + ' MB', 22) + cell(line.budget === undefined ? '-' : String(line.budget) + ' MB', 8) + cell('-', 7) + cell(verdict, 8);
  }
  const sorted = line.ratios.slice().sort((a, b) => a - b);
  const middle = median(sorted);
  const spread = middle.toFixed(2) + ' (' + sorted[0].toFixed(2) + '..' + sorted[sorted.length - 1].toFixed(2) + ')';
  const verdict = line.budget === undefined ? '' : middle <= line.budget ? 'within' : 'OVER';
  const times = Number.isNaN(line.ms) ? '' : line.ms.toFixed(1) + ' / ' + line.againstMs.toFixed(1) + ' ms';
  return cell(line.what, 66) + cell(spread, 22) + cell(line.budget === undefined ? '-' : String(line.budget), 8) + cell(line.floor ?? '-', 7) + cell(verdict, 8) + times;
}

function measureRow(row: Row, bench: Bench): Line[] {
  const scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'rr-bench-')));
  try {
    return row.measure({ ...bench, scratch });
  } catch (error) {
    return [{ kind: 'absent', what: row.name, why: (error as Error).message }];
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

function chooseRows(asked: string): Row[] {
  if (asked === '') return ROWS.filter((row) => !row.isLong);
  if (asked === 'all') return ROWS;
  return asked.split(',').map((name) => {
    const row = ROWS.find((one) => one.name === name);
    if (row === undefined) throw new Error('no row "' + name + '"; one of ' + ROWS.map((one) => one.name).join(', '));
    return row;
  });
}

function main(): void {
  const asked = process.env.ROW ?? '';
  if (asked === 'help') {
    for (const row of ROWS) console.log(cell(row.name, 14) + row.help + (row.isLong ? ' (only if named)' : ''));
    return;
  }
  const bench: Bench = { rr: path.resolve('rr.js'), call: path.join(__dirname, 'call.js'), scratch: '', rounds: Number(process.env.ROUNDS ?? '25') };
  const rows = chooseRows(asked);
  console.log(describeMachine(os.tmpdir()));
  if (os.loadavg()[0] > os.cpus().length / 2) console.log('The machine is busy: trust ratios only, and not those of two threads against one.');
  console.log(cell('work / against', 66) + cell('median (min..max)', 22) + cell('budget', 8) + cell('floor', 7) + cell('verdict', 8) + 'median times');
  for (const row of rows) for (const line of measureRow(row, bench)) console.log(printLine(line));
}

main();
