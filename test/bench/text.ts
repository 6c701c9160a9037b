// text.ts - all that one run measured, as text of 80 columns: machine, versions, table, account. Measures nothing.
import crypto from 'crypto';
import fs from 'fs';
import os from 'os';
import { wrapText } from '../../src/views/table.ts';
import type { Account, Line, Row } from './lines.ts';
import { describeMachine, findVersion, SETTINGS_WORDS } from './peers.ts';
import { printAccount, printGrowth, printHead, printLine } from './table.ts';

export type Measured = { row: Row; lines: Line[]; account: Account; seconds: number };

/** Rows, when they were begun (UTC), how busy the machine was then, sizes unlike those of the budgets. */
export type Session = { measured: Measured[]; startedMs: number; load: number; smaller: string };

/** A row of the table. */
export function printRow({ row, lines, seconds }: Measured): string {
  const head = wrapText(row.name + ': ' + row.help + ' [' + seconds.toFixed(0) + ' s]', 79).join('\n  ') + '\n';
  return head + lines.map(printLine).join('') + printGrowth(lines);
}

/** Versions of all that was measured, as lines of the text. */
function printVersions(measured: Measured[]): string {
  const programs = new Set<string>(['node']);
  for (const { account } of measured) for (const part of account.parts) if (part.failure === undefined || !/ is not installed$/.test(part.failure)) for (const program of part.programs) programs.add(program);
  programs.delete('rr');
  const told = Array.from(programs).sort().map((program) => [program, findVersion(program)]).filter(([, version]) => version !== '').map((one) => one.join(' '));
  const digest = crypto.createHash('sha256').update(fs.readFileSync('rr.js')).digest('hex').slice(0, 12);
  return wrapText('rr ' + findVersionOfRr() + ' (SHA-256 of rr.js ' + digest + '...); ' + told.join(', ') + '.', 79).join('\n') + '\n';
}

function findVersionOfRr(): string {
  return /"version": "([^"]*)"/.exec(fs.readFileSync('package.json', 'utf8'))?.[1] ?? '';
}

/** Those that were left out, and why. */
export function printAbsent(measured: Measured[]): string {
  const told = new Set<string>();
  for (const { row, account } of measured) for (const part of account.parts) if (part.failure !== undefined) told.add(wrapText(row.name + ': ' + part.name + ': ' + part.failure, 75).join('\n    '));
  return told.size === 0 ? 'Nothing: every program was there and did its part.\n' : Array.from(told).map((one) => '  ' + one + '\n').join('');
}

/** A paragraph, filled anew. */
function fill(text: string): string {
  return wrapText(text.trim().replace(/\s+/g, ' '), 79).join('\n');
}

const INTRODUCTION = `BENCHMARKS

rr measured side by side with what its users would take instead.  Written by
"make bench"; "make bench ROW=NAME" repeats one row, ROW=help lists them.  Where
the time goes, and why: docs/performance.txt.
`;

const ACCOUNT_WORDS = `T is the folder of the row; each program runs in a folder of its own in it.
"rr" is "node rr.js", call.js is .scratch/out/test/bench/call.js.  How the work was made
ready comes first, then each program: times, memory, command, and what it does.
`;

const METHOD = `The programs of a row do the same work in turns, round by round, in folders
under TMPDIR made for the row and removed after; the order turns round each time.  A
ratio is taken in each round, and the table has the median of them, the extremes,
and their number n.  A program whose first start takes long takes part in fewer
rounds, three at least, or one if the time of the row is over and it takes more
than 5 s; above 150 s it is stopped and named.  A first start of
more than 10 s counts as a round, one of more than 40 s is the only one; others
do not count.  Each peer does its work in
its documented way; what it does more or less than rr is said with its command.
Peak memory is that of the largest process, as GNU time tells it.  Budgets are
those rr is held to; a floor is what was measured of a bare program that does
nothing else; one with * was measured in this run, the others with prototypes.
NODE_EXTRA_CA_CERTS and NODE_OPTIONS are unset, LC_ALL is C.
`;

/** The text of docs/benchmarks.txt. */
export function printText({ measured, startedMs, load, smaller }: Session): string {
  const date = new Date(startedMs).toISOString().slice(0, 10);
  const minutes = (measured.reduce((sum, one) => sum + one.seconds, 0) / 60).toFixed(0);
  const hour = 'Measured ' + date + ', in ' + minutes + ' minutes; load of the machine before ' + load.toFixed(1) + ', at the end ' + os.loadavg()[1].toFixed(1) + '.' + smaller;
  const about = describeMachine(os.tmpdir()).concat(hour).map((line) => wrapText(line, 79).join('\n') + '\n').join('');
  const accounts = measured.map(({ row, account }) => row.name + ': ' + row.help + '\n' + printAccount(account)).join('\n');
  return INTRODUCTION + '\n1. MACHINE AND VERSIONS\n\n' + about + '\n' + printVersions(measured) + '\n2. HOW\n\n' + fill(METHOD + SETTINGS_WORDS)
    + '\n\n3. THE TABLE\n\n' + printHead() + '\n' + measured.map(printRow).join('\n') + '\n4. NOT MEASURED\n\n' + printAbsent(measured) + '\n5. EACH ROW\n\n' + fill(ACCOUNT_WORDS) + '\n\n' + accounts;
}
