// steprows.ts - rows of many short steps: a graph of copies made anew, a sweep of trivial runs. Prints nothing.
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { emptyRun, recordPath } from '../../src/core/run.ts';
import type { FileState, Run } from '../../src/core/run.ts';
import { printRecord } from '../../src/sys/store.ts';
import type { Bench, Line } from './lines.ts';
import { isInstalled, median, race, ratiosOf, runProgram } from './measure.ts';
import type { Entrant, Times } from './measure.ts';

const CHAIN = 10;
const CONTENT = 'x,y\n' + Array.from({ length: 20 }, (_, i) => String(i) + ',' + String(i * i) + '\n').join('');

function compareRow(times: Times, name: string, against: string, what: string, budget?: number, floor?: string): Line {
  return { kind: 'ratio', what, budget, floor, ratios: ratiosOf(times, name, against), ms: median(times.get(name)!), againstMs: median(times.get(against)!) };
}

/** Names of input and output of each step: chains of ten copies, each in a folder. */
function listCopies(steps: number): [string, string][] {
  return Array.from({ length: steps }, (_, n): [string, string] => {
    const folder = 'w' + String(Math.floor(n / CHAIN)).padStart(4, '0');
    return [folder + '/s' + String(n % CHAIN), folder + '/s' + String((n % CHAIN) + 1)];
  });
}

function makeInputs(folder: string, copies: [string, string][]): void {
  for (const [from] of copies) {
    if (!from.endsWith('/s0')) continue;
    fs.mkdirSync(path.join(folder, path.dirname(from)), { recursive: true });
    fs.writeFileSync(path.join(folder, from), CONTENT);
  }
}

function makeCopyFiles(folder: string, copies: [string, string][]): void {
  makeInputs(folder, copies);
  const rules = copies.map(([from, to]) => to + ': ' + from + '\n\tcp ' + from + ' ' + to + '\n').join('');
  fs.writeFileSync(path.join(folder, 'Makefile'), 'all: ' + copies.map(([, to]) => to).join(' ') + '\n' + rules);
  fs.writeFileSync(path.join(folder, 'build.ninja'), 'rule cp\n  command = cp $in $out\n' + copies.map(([from, to]) => 'build ' + to + ': cp ' + from + '\n').join(''));
}

function stateOf(name: string): FileState {
  return { hash: crypto.createHash('sha256').update(CONTENT).digest('hex'), size: CONTENT.length, kind: '', path: name };
}

/** A project in which each copy was recorded once, and the results are gone. */
function makeRecordedCopies(bench: Bench, folder: string, copies: [string, string][]): void {
  makeInputs(folder, copies);
  runProgram([process.execPath, bench.rr, 'init', '-q'], folder);
  fs.mkdirSync(path.join(folder, 'provenance/runs/2026-01'), { recursive: true });
  const digits = '234567abcdefghijklmnopqrstuvwxyz';
  copies.forEach(([from, to], n) => {
    const id = '20260101T' + String(100000 + Math.floor(n / 60) * 100 + (n % 60)).padStart(6, '0') + 'Z-' + [2, 1, 0].map((at) => digits[Math.floor(n / 32 ** at) % 32]).join('') + '222';
    const run: Run = { ...emptyRun(id, 'cp ' + from + ' ' + to, '2026-01-01T00:00:00.000000Z', '0.1.0'), status: 'succeeded', exit: 0, wallS: 0.001, observed: 'none', declaredInputs: [from], declaredOutputs: [to], inputs: [stateOf(from)], outputs: [stateOf(to)] };
    fs.writeFileSync(path.join(folder, 'provenance', recordPath(id)), printRecord(run), 'latin1');
  });
  // So that what is known of cp, and of the records, is known as in a project in use.
  runProgram([process.execPath, bench.rr, 'makefile', '-q'], folder);
  runProgram([process.execPath, bench.rr, 'record', '-q', '--trace', 'none', '--', 'cp', '--version'], folder);
}

/**
 * Each round in a new copy of a folder: nothing is removed, as where many files were removed ext4 makes
 * new ones slowly for minutes, which would be measured.
 */
function inFreshCopy(bench: Bench, entrant: Entrant, template: string, warm: string[][] = []): Entrant {
  let round = 0;
  const prepare = (): void => {
    if (fs.existsSync(entrant.folder)) fs.renameSync(entrant.folder, entrant.folder + '-' + String(round++));
    runProgram(['cp', '-r', template, entrant.folder], bench.scratch);
    for (const argv of warm) runProgram(argv, entrant.folder);
  };
  return { ...entrant, prepare };
}

export function measureCopies(bench: Bench): Line[] {
  const steps = Number(process.env.STEPS ?? 1000);
  const copies = listCopies(steps);
  const [plain, recorded] = ['copies', 'recorded-copies'].map((name) => path.join(bench.scratch, name));
  fs.mkdirSync(plain, { recursive: true });
  fs.mkdirSync(recorded, { recursive: true });
  makeCopyFiles(plain, copies);
  makeRecordedCopies(bench, recorded, copies);
  const at = (name: string): string => path.join(bench.scratch, 'run-' + name);
  const entrants: Entrant[] = [
    inFreshCopy(bench, { name: 'make', argv: ['make', '-s', '-j2'], folder: at('make') }, plain),
    inFreshCopy(bench, { name: 'rr', argv: [process.execPath, bench.rr, 'make', '-q', '-j2'], folder: at('rr') }, recorded, [[process.execPath, bench.rr, 'makefile', '-q']]),
  ];
  if (isInstalled('ninja')) entrants.push(inFreshCopy(bench, { name: 'ninja', argv: ['ninja', '--quiet', '-j2'], folder: at('ninja') }, plain));
  const times = race(entrants, Math.min(bench.rounds, 5));
  const what = String(steps) + ' steps of cp, -j2, each recorded';
  const lines = [compareRow(times, 'rr', 'make', what + ' / make -j2', 1.25, '1.13')];
  if (isInstalled('ninja')) lines.push(compareRow(times, 'rr', 'ninja', '  the same / ninja -j2', 1.0));
  else lines.push({ kind: 'absent', what: '  the same / ninja -j2', why: 'no ninja' });
  return lines;
}

export function measureTrivialSweep(bench: Bench): Line[] {
  const points = Number(process.env.POINTS ?? 10000);
  const what = 'sweep of ' + String(points) + ' trivial runs, -j2, each recorded';
  const empty = path.join(bench.scratch, 'sweep-empty');
  fs.mkdirSync(empty, { recursive: true });
  runProgram([process.execPath, bench.rr, 'init', '-q'], empty);
  runProgram([process.execPath, bench.rr, 'record', '-q', '--trace', 'none', '--', 'true'], empty);
  const numbers = Array.from({ length: points }, (_, n) => String(n + 1) + '\n').join('');
  const sweep = ['sweep', '-q', '-j2', '-l', 's', '--trace', 'none', '-p', 'g=1..' + String(points), '--', 'true', '{g}'];
  const entrants: Entrant[] = [inFreshCopy(bench, { name: 'rr', argv: [process.execPath, bench.rr].concat(sweep), folder: path.join(bench.scratch, 'run-sweep') }, empty)];
  if (isInstalled('parallel')) entrants.push({ name: 'parallel', argv: ['parallel', '-j2', 'true'], folder: bench.scratch, input: numbers });
  if (isInstalled('xargs')) entrants.push({ name: 'xargs', argv: ['xargs', '-P2', '-n1', 'true'], folder: bench.scratch, input: numbers });
  const times = race(entrants, Math.min(bench.rounds, 3));
  const lines: Line[] = [isInstalled('parallel') ? compareRow(times, 'rr', 'parallel', what + ' / GNU parallel', 0.35, '0.25') : { kind: 'absent', what: what + ' / GNU parallel', why: 'no parallel' }];
  if (isInstalled('xargs')) lines.push(compareRow(times, 'rr', 'xargs', '  the same / xargs -P2'));
  return lines;
}
