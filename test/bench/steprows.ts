// steprows.ts - rows of many short steps: a graph of copies made anew, a sweep of trivial runs. Prints nothing.
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { emptyRun, recordPath } from '../../src/core/run.ts';
import type { FileState, Run } from '../../src/core/run.ts';
import { printRecord } from '../../src/sys/store.ts';
import { printCount } from './lines.ts';
import type { Bench, Line } from './lines.ts';
import { compare, compareAll, race, rrEntrant, runProgram, tell } from './measure.ts';
import type { Entrant } from './measure.ts';

const CHAIN = 10;
const CONTENT = 'x,y\n' + Array.from({ length: 20 }, (_, i) => String(i) + ',' + String(i * i) + '\n').join('');

const SNAKEFILE = `rule all:
    input: expand("w{w}/sLENGTH", w=["%04d" % n for n in range(CHAINS)])
rule step:
    input: lambda step: "w%s/s%d" % (step.w, int(step.n) - 1)
    output: "w{w}/s{n,[1-9][0-9]*}"
    shell: "cp {input} {output}"
`;

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
  fs.writeFileSync(path.join(folder, 'Snakefile'), SNAKEFILE.replace('CHAINS', String(Math.ceil(copies.length / CHAIN))).replace(/LENGTH/g, String(CHAIN)));
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

/** All to do: results made anew by rr, by its Makefile, and by others of plain rules. The budgets are for 1,000 steps. */
function measureCopiesOf(bench: Bench, steps: number, isLarge: boolean): Line[] {
  const copies = listCopies(steps);
  const at = (name: string): string => path.join(bench.scratch, name + '-' + String(steps));
  const [plain, recorded] = [at('plain'), at('recorded')];
  fs.mkdirSync(plain, { recursive: true });
  fs.mkdirSync(recorded, { recursive: true });
  makeCopyFiles(plain, copies);
  makeRecordedCopies(bench, recorded, copies);
  tell(bench, printCount(steps) + ' steps "cp FROM TO" in chains of ten, none made; for rr each was recorded once; each round in a new copy of the folder');
  const warm = [[process.execPath, bench.rr, 'makefile', '-q']];
  const parts = race(bench, [
    inFreshCopy(bench, { name: 'make -j2', argv: ['make', '-s', '-j2'], folder: at('run-make'), does: 'records nothing' }, plain),
    inFreshCopy(bench, { ...rrEntrant(bench, 'rr make', at('run-rr'), ['make', '-q', '-j2']), does: 'hashes input and result of each step and writes a record of it' }, recorded, warm),
    // Of 10,000 steps it takes minutes.
    ...(isLarge ? [] : [inFreshCopy(bench, { name: 'Makefile of rr', argv: ['make', '-s', '-j2', '-f', 'provenance/Makefile'], folder: at('run-made'), does: 'checks each result against its hash; records nothing' }, recorded, warm)]),
    inFreshCopy(bench, { name: 'ninja -j2', argv: ['ninja', '--quiet', '-j2'], folder: at('run-ninja'), does: 'notes the command of each step' }, plain),
    ...(isLarge ? [] : [inFreshCopy(bench, { name: 'snakemake -c2', argv: ['snakemake', '-q', '-c2'], folder: at('run-snakemake'), does: 'notes rule and parameters for each result' }, plain)]),
  ]);
  const size = printCount(steps) + ' steps';
  const budget = (value: number, floor: string): { budget?: number; floor?: string } => (isLarge ? {} : { budget: value, floor });
  return [
    compare(parts, 'rr make', 'make -j2', { what: 'rr make, ' + size + ' / make -j2', ...budget(1.25, '1.13') }),
    compare(parts, 'rr make', 'ninja -j2', { what: 'rr make, ' + size + ' / ninja -j2', ...budget(1.0, '-') }),
    ...(isLarge ? [] : compareAll(parts, 'rr make', ['snakemake -c2'], 'rr make, ' + size)),
    compare(parts, 'ninja -j2', 'make -j2', { what: '  ninja -j2 / make -j2' }),
    ...(isLarge ? [] : [compare(parts, 'Makefile of rr', 'make -j2', { what: 'its Makefile, ' + size + ' / make -j2' })]),
  ];
}

export function measureBuild(bench: Bench): Line[] {
  const half = { ...bench, endMs: Date.now() + (bench.endMs - Date.now()) / 2 };
  return measureCopiesOf(half, Math.ceil(bench.sizes.steps / 10), false).concat(measureCopiesOf(bench, bench.sizes.steps, true));
}

/** rr make -j2 of copies none of which is made, each round in a new folder: for growth. */
export function buildEntrant(bench: Bench, name: string, steps: number): Entrant {
  const template = path.join(bench.scratch, 'recorded-' + String(steps));
  const entrant = rrEntrant(bench, name, path.join(bench.scratch, 'build-' + String(steps)), ['make', '-q', '-j2']);
  const setUp = (): void => {
    fs.mkdirSync(template, { recursive: true });
    makeRecordedCopies(bench, template, listCopies(steps));
  };
  return { ...inFreshCopy(bench, entrant, template, [[process.execPath, bench.rr, 'makefile', '-q']]), setUp };
}

export function measureTrivialSweep(bench: Bench): Line[] {
  const points = bench.sizes.points;
  const empty = path.join(bench.scratch, 'empty');
  fs.mkdirSync(empty, { recursive: true });
  runProgram([process.execPath, bench.rr, 'init', '-q'], empty);
  runProgram([process.execPath, bench.rr, 'record', '-q', '--trace', 'none', '--', 'true'], empty);
  const numbers = Array.from({ length: points }, (_, n) => String(n + 1) + '\n').join('');
  tell(bench, 'parallel and xargs get the numbers 1 to ' + printCount(points) + ' on standard input, a line each');
  const parts = race(bench, [
    inFreshCopy(bench, { ...rrEntrant(bench, 'rr sweep', path.join(bench.scratch, 'sweep'), ['sweep', '-q', '-j2', '-l', 's', '--trace', 'none', '-p', 'g=1..' + String(points), '--', 'true', '{g}']), does: 'a record of each' }, empty),
    { name: 'GNU parallel', argv: ['parallel', '-j2', 'true'], folder: bench.scratch, input: numbers, does: 'records nothing' },
    { name: 'GNU parallel --joblog', argv: ['parallel', '-j2', '--joblog', 'log', 'true'], folder: bench.scratch, input: numbers, does: 'a line for each: times, status, command' },
    { name: 'xargs -P2', argv: ['xargs', '-P2', '-n1', 'true'], folder: bench.scratch, input: numbers, does: 'records nothing' },
  ]);
  const what = printCount(points) + ' trivial runs';
  return [compare(parts, 'rr sweep', 'GNU parallel', { what: what + ' / GNU parallel', budget: 0.35, floor: '0.25' }), ...compareAll(parts, 'rr sweep', ['GNU parallel --joblog', 'xargs -P2'], what)];
}
