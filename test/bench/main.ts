// main.ts - measures rr against the budgets and its peers. Judges by ratios of one run, never by a clock alone.
import crypto from 'crypto';
import fs from 'fs';
import os from 'os';
import path from 'path';
import { wrapText } from '../../src/views/table.ts';
import type { Account, Bench, Line, Row, Sizes } from './lines.ts';
import { removeFolder } from './measure.ts';
import { describeMachine, findVersion, SETTINGS_WORDS, settlePeers } from './peers.ts';
import { ROWS } from './rows.ts';
import { printAccount, printGrowth, printHead, printLine } from './table.ts';

// usage: make bench [ROW=NAME,NAME...|help] [ROUNDS=25] [STEPS=10000] [RUNS=100000] [FILES=100000] [MIB=2048]
//                   [POINTS=10000], in the top folder after a build.
// All rows at their full size also go to docs/benchmarks.txt; anything less is only printed. Everything is made in
// a new folder under TMPDIR and removed after. It must not lie in a git work tree.

const SPEND_MS = 6000;
const LIMIT_MS = 150000;
const ROW_MS = 180000;
const FULL: Sizes = { rounds: 25, steps: 10000, runs: 100000, files: 100000, mebibytes: 2048, points: 10000 };
const VARIABLES: { [size in keyof Sizes]: string } = { rounds: 'ROUNDS', steps: 'STEPS', runs: 'RUNS', files: 'FILES', mebibytes: 'MIB', points: 'POINTS' };

type Measured = { row: Row; lines: Line[]; account: Account; seconds: number };

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

function measureRow(row: Row, sizes: Sizes): Measured {
  const scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'rr-bench-')));
  const account: Account = { prepared: [], parts: [] };
  const startedMs = Date.now();
  const bench: Bench = { rr: path.resolve('rr.js'), call: path.join(__dirname, 'call.js'), scratch, sizes, spendMs: SPEND_MS, limitMs: LIMIT_MS, endMs: startedMs + ROW_MS, account };
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

function printRow({ row, lines, seconds }: Measured): string {
  const head = wrapText(row.name + ': ' + row.help + ' [' + seconds.toFixed(0) + ' s]', 79).join('\n  ') + '\n';
  return head + lines.map(printLine).join('') + printGrowth(lines);
}

/** Versions of all that was measured, as lines of the text. */
function printVersions(measured: Measured[]): string {
  const programs = new Set<string>(['node']);
  for (const { account } of measured) for (const part of account.parts) if (part.failure === undefined || !/ is not installed$/.test(part.failure)) programs.add(part.program);
  programs.delete('rr');
  const told = Array.from(programs).sort().map((program) => program + ' ' + findVersion(program)).map((one) => one.trim());
  const digest = crypto.createHash('sha256').update(fs.readFileSync('rr.js')).digest('hex').slice(0, 12);
  return wrapText('rr ' + findVersionOfRr() + ' (SHA-256 of rr.js ' + digest + '...); ' + told.join(', ') + '.', 79).join('\n') + '\n';
}

function findVersionOfRr(): string {
  return /"version": "([^"]*)"/.exec(fs.readFileSync('package.json', 'utf8'))?.[1] ?? '';
}

function printAbsent(measured: Measured[]): string {
  const told = new Set<string>();
  for (const { row, account } of measured) for (const part of account.parts) if (part.failure !== undefined) told.add(wrapText(row.name + ': ' + part.name + ': ' + part.failure, 75).join('\n    '));
  return told.size === 0 ? 'Nothing: every program was there and did its part.\n' : Array.from(told).map((one) => '  ' + one + '\n').join('');
}

const INTRODUCTION = `BENCHMARKS

rr measured side by side with what its users would take instead.  Written by
"make bench"; "make bench ROW=NAME" repeats one row, ROW=help lists them.  Where
the time goes, and why: docs/performance.txt.
`;

const METHOD = `The programs of a row do the same work in turns, round by round, in folders under
TMPDIR made for the row and removed after; the order turns round each time.  A
ratio is taken in each round, and the table has the median of them, the extremes,
and their number n.  A program whose first start takes long takes part in fewer
rounds, three at least; above ${String(LIMIT_MS / 1000)} s it is stopped and named.  A first start of
more than 10 s counts as a round, one of more than 40 s is the only one; others
do not count (n 1 and 3 in the table are of such).  Each peer does its work in
its documented way; what it does more or less than rr is said with its command.
Peak memory is that of the largest process, as GNU time tells it.  Budgets are
those rr is held to; a floor is what was measured of a bare program that does
nothing else.  NODE_EXTRA_CA_CERTS and NODE_OPTIONS are unset, LC_ALL is C.
`;

function printText(measured: Measured[], startedMs: number): string {
  const date = new Date(startedMs).toISOString().slice(0, 10);
  const minutes = (measured.reduce((sum, one) => sum + one.seconds, 0) / 60).toFixed(0);
  return INTRODUCTION + '\n1. MACHINE AND VERSIONS\n\n' + describeMachine(os.tmpdir()).concat('Measured ' + date + ', in ' + minutes + ' minutes; load at the end ' + os.loadavg()[1].toFixed(1) + '.').map((line) => wrapText(line, 79).join('\n') + '\n').join('')
    + '\n' + printVersions(measured) + '\n2. HOW\n\n' + METHOD + wrapText(SETTINGS_WORDS, 79).join('\n') + '\n\n3. THE TABLE\n\n' + printHead() + '\n' + measured.map(printRow).join('\n')
    + '\n4. NOT MEASURED\n\n' + printAbsent(measured)
    + '\n5. EACH ROW\n\nT is the folder of the row.  "rr" is "node rr.js", call.js is\n.scratch/out/test/bench/call.js.\n\n' + measured.map(({ row, account }) => row.name + ': ' + row.help + '\n' + printAccount(account)).join('\n');
}

function main(): void {
  const asked = process.env.ROW ?? '';
  if (asked === 'help') {
    for (const row of ROWS) console.log(row.name.padEnd(14) + row.help);
    return;
  }
  const rows = chooseRows(asked);
  const sizes = readSizes();
  const isFull = asked === '' && JSON.stringify(sizes) === JSON.stringify(FULL);
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'rr-bench-home-'));
  settlePeers(home);
  const startedMs = Date.now();
  console.log(describeMachine(os.tmpdir()).join('\n') + '\nload ' + os.loadavg()[0].toFixed(1) + (os.loadavg()[0] > os.cpus().length / 2 ? ': the machine is busy; trust no ratio of two threads against one' : ''));
  if (JSON.stringify({ ...sizes, rounds: 0 }) !== JSON.stringify({ ...FULL, rounds: 0 })) console.log('The work is not as large as the budgets mean: the verdicts say little.');
  console.log('\n' + printHead());
  const measured: Measured[] = [];
  for (const row of rows) {
    measured.push(measureRow(row, sizes));
    console.log(printRow(measured[measured.length - 1]));
    // So that a run that is ended leaves what it has.
    fs.mkdirSync('.scratch', { recursive: true });
    fs.writeFileSync('.scratch/benchmarks.txt', printText(measured, startedMs));
  }
  console.log('not measured:\n' + printAbsent(measured));
  if (isFull) fs.copyFileSync('.scratch/benchmarks.txt', 'docs/benchmarks.txt');
  console.log((isFull ? 'docs/benchmarks.txt' : '.scratch/benchmarks.txt') + ' has all, with the commands; ' + ((Date.now() - startedMs) / 60000).toFixed(1) + ' minutes');
  removeFolder(home);
}

main();
