// main.ts - measures rr against the budgets and its peers. Judges by ratios of one run, never by a clock alone.
import fs from 'fs';
import os from 'os';
import path from 'path';
import type { Account, Bench, Line, Row, Sizes } from './lines.ts';
import { removeFolder } from './measure.ts';
import { describeMachine, settlePeers } from './peers.ts';
import { ROWS } from './rows.ts';
import { printHead } from './table.ts';
import { printAbsent, printRow, printText } from './text.ts';
import type { Measured } from './text.ts';

// usage: make bench [ROW=NAME,NAME...|help] [ROUNDS=25] [STEPS=10000] [RUNS=100000] [FILES=100000] [MIB=2048]
//                   [POINTS=10000], in the top folder after a build.
// All rows at their full size also go to docs/benchmarks.txt; anything less is only printed. Everything is made in
// a new folder under TMPDIR and removed after. It must not lie in a git work tree.

const SPEND_MS = 6000;
const LIMIT_MS = 150000;
const ROW_MS = 150000;
const ALL_MS = 27 * 60000;
const FULL: Sizes = { rounds: 25, steps: 10000, runs: 100000, files: 100000, mebibytes: 2048, points: 10000 };
const VARIABLES: { [size in keyof Sizes]: string } = { rounds: 'ROUNDS', steps: 'STEPS', runs: 'RUNS', files: 'FILES', mebibytes: 'MIB', points: 'POINTS' };

function readSizes(): Sizes {
  const sizes = { ...FULL };
  for (const size of Object.keys(FULL) as (keyof Sizes)[]) {
    const given = process.env[VARIABLES[size]];
    if (given === undefined || given === '') continue;
    if (!/^[1-9]\d*$/.test(given)) throw new Error(VARIABLES[size] + '=' + given + ' is not a whole number above 0');
    sizes[size] = Number(given);
  }
  return sizes;
}

/** `leftMs` is what is left of the time for all rows, `rowsLeft` of them with this one: it may take twice its share. */
function measureRow(row: Row, sizes: Sizes, leftMs: number, rowsLeft: number): Measured {
  const scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'rr-bench-')));
  const account: Account = { prepared: [], parts: [] };
  const startedMs = Date.now();
  const bench: Bench = { rr: path.resolve('rr.js'), call: path.join(__dirname, 'call.js'), scratch, sizes, spendMs: SPEND_MS, limitMs: LIMIT_MS, endMs: startedMs + Math.min(ROW_MS, (2 * leftMs) / rowsLeft), account };
  let lines: Line[] = [];
  try {
    lines = row.measure(bench);
  } catch (error) {
    lines = [{ kind: 'absent', what: row.name, why: (error as Error).message }];
  } finally {
    removeFolder(scratch);
  }
  return { row, lines, account, seconds: (Date.now() - startedMs) / 1000 };
}

function chooseRows(asked: string): Row[] {
  if (asked === '' || asked === 'all') return ROWS;
  return asked.split(',').map((name) => {
    const row = ROWS.find((one) => one.name === name);
    if (row === undefined) throw new Error('no row "' + name + '"; one of ' + ROWS.map((one) => one.name).join(', '));
    return row;
  });
}

/** Sizes that are not those the budgets mean, as words. */
function tellSmaller(sizes: Sizes): string {
  const smaller = (Object.keys(FULL) as (keyof Sizes)[]).filter((size) => sizes[size] !== FULL[size]).map((size) => VARIABLES[size] + '=' + String(sizes[size]));
  return smaller.length === 0 ? '' : ' With ' + smaller.join(' ') + ': not what the budgets mean.';
}

function measureAll(rows: Row[], sizes: Sizes, isWhole: boolean): void {
  const startedMs = Date.now();
  const load = os.loadavg()[0];
  const smaller = tellSmaller(sizes);
  console.log(describeMachine(os.tmpdir()).join('\n') + '\nload ' + load.toFixed(1) + (load > os.cpus().length / 2 ? ': the machine is busy; trust no ratio of two threads against one.' : '.') + smaller + '\n\n' + printHead());
  const measured: Measured[] = [];
  for (const row of rows) {
    measured.push(measureRow(row, sizes, startedMs + ALL_MS - Date.now(), rows.length - measured.length));
    console.log(printRow(measured[measured.length - 1]));
    // So that a run that is ended leaves what it has.
    fs.mkdirSync('.scratch', { recursive: true });
    fs.writeFileSync('.scratch/benchmarks.txt', printText({ measured, startedMs, load, smaller }));
  }
  console.log('Not measured:\n' + printAbsent(measured));
  const isFull = isWhole && smaller === '';
  if (isFull) fs.copyFileSync('.scratch/benchmarks.txt', 'docs/benchmarks.txt');
  console.log((isFull ? 'docs/benchmarks.txt' : '.scratch/benchmarks.txt') + ' has all, with the commands; ' + ((Date.now() - startedMs) / 60000).toFixed(1) + ' minutes.');
}

function main(): void {
  const asked = process.env.ROW ?? '';
  if (asked === 'help') {
    for (const row of ROWS) console.log(row.name.padEnd(14) + row.help);
    return;
  }
  const rows = chooseRows(asked);
  const sizes = readSizes();
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'rr-bench-home-'));
  settlePeers(home);
  try {
    measureAll(rows, sizes, asked === '');
  } finally {
    removeFolder(home);
  }
}

main();
