// bench.test.ts - what "make bench" makes of its times, and that it tells who was not there. Judges no time.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { printCount } from './bench/lines.ts';
import { costPerThousand, fitExponent, median, ratiosOf, takesPart } from './bench/statistics.ts';
import { printAccount, printFigure, printGrowth, printHead, printLine } from './bench/table.ts';
import { hasProgram, makeTemporary, RR_JS, run } from './rig.ts';

test('median() is the middle one, or the mean of the middle two', () => {
  assert.deepEqual([median([3]), median([9, 1, 5]), median([10, 2, 4, 8]), median([100, 20, 3])], [3, 5, 6, 20]);
});

test('ratiosOf() takes both times of one round, and the nearest round where one was left out', () => {
  const rounds = (...ms: number[]): { round: number; ms: number }[] => ms.map((one, round) => ({ round, ms: one }));
  assert.deepEqual(ratiosOf(rounds(10, 20, 30), rounds(5, 40, 10)), [2, 0.5, 3]);
  const few = [{ round: -1, ms: 100 }, { round: 2, ms: 60 }];
  assert.deepEqual(ratiosOf(rounds(10, 20, 30), few), [0.1, 0.5]);
  assert.deepEqual(ratiosOf(few, rounds(10, 20, 30)), [10, 2]);
});

test('takesPart() spreads a program over the rounds, as often as it is to run', () => {
  const listed = (count: number, all: number): number[] => Array.from({ length: all }, (_, round) => round).filter((round) => takesPart(round, count, all));
  assert.deepEqual(listed(3, 9), [2, 5, 8]);
  assert.deepEqual(listed(4, 4), [0, 1, 2, 3]);
  assert.deepEqual(listed(0, 4), []);
  for (let all = 1; all < 30; all++) for (let count = 0; count <= all; count++) assert.equal(listed(count, all).length, count);
});

test('fitExponent() is the slope of the least squares in logarithms', () => {
  const power = (exponent: number): { size: number; ms: number }[] => [10, 100, 1000, 10000].map((size) => ({ size, ms: 3 * size ** exponent }));
  for (const exponent of [0, 0.5, 1, 1.5, 2]) assert.ok(Math.abs(fitExponent(power(exponent)) - exponent) < 1e-12);
  // Decades 0, 1, 2 with logarithms 0, 1, log 50: the middle one has no weight, so the slope is (log 50) / 2.
  assert.equal(fitExponent([{ size: 1, ms: 1 }, { size: 10, ms: 10 }, { size: 100, ms: 50 }]).toFixed(6), '0.849485');
  // 1 to 4 against 2, 3, 5, 9 (both to the power of ten): covariance 11.5, variance 5.
  assert.equal(fitExponent([2, 3, 5, 9].map((y, i) => ({ size: 10 ** (i + 1), ms: 10 ** y }))).toFixed(6), '2.300000');
});

test('costPerThousand() is what the smallest size does not have', () => {
  assert.equal(costPerThousand([{ size: 10, ms: 50 }, { size: 1000, ms: 70 }, { size: 10010, ms: 250 }]), 20);
});

test('printFigure() gives three digits, printCount() thousands', () => {
  assert.deepEqual([0.0123, 0.456, 1.234, 12.34, 123.4, 1234.5, -2.111, NaN].map(printFigure), ['0.012', '0.46', '1.23', '12.3', '123', '1235', '-2.11', '-']);
  assert.deepEqual([0, 12, 999, 1000, 12345, 100000, 1234567].map(printCount), ['0', '12', '999', '1,000', '12,345', '100,000', '1,234,567']);
});

test('printLine() prints the table', () => {
  const printed = printHead() + [
    printLine({ kind: 'ratio', what: 'a / b', ratios: [1.5, 1, 2.25], budget: 1.25, floor: '1.0' }),
    printLine({ kind: 'ratio', what: 'a / something whose name is too long for it', ratios: [0.05], budget: 0.07 }),
    printLine({ kind: 'ratio', what: '  a / c', ratios: [3, 4] }),
    printLine({ kind: 'megabytes', what: 'memory', megabytes: 250.4, budget: 200 }),
    printLine({ kind: 'absent', what: 'a / d', why: 'd is not installed, and so nothing can be said of it, as much as one would like' }),
  ].join('');
  assert.equal(printed, `work / against                      ratio min..max       n budget floor verdict
  a / b                              1.50 1.00..2.25     3   1.25   1.0 OVER
  a / something whose name is too
  long for it                       0.050 -              1   0.07     - within
    a / c                            3.50 3.00..4.00     2      -     - -
  memory                              250 MB             1 200 MB     - OVER
  a / d: not measured: d is not installed, and so nothing can be said of it, as
    much as one would like
`);
});

test('printGrowth() and printAccount() print the rest', () => {
  const growth = printGrowth([{ kind: 'growth', what: 'rr list', points: [{ size: 10, ms: 50 }, { size: 1000, ms: 50 }, { size: 10010, ms: 250 }] }]);
  assert.equal(growth, `  milliseconds, by size         10     1k  10010 exponent  /1,000
  rr list                     50.0   50.0    250     0.20    20.0
`);
  const account = printAccount({ prepared: ['in $T: git init'], parts: [
    { name: 'rr', words: ['rr', 'record', '--', "'a b'"], programs: ['rr'], does: 'all', rounds: [{ round: 0, ms: 10 }, { round: 1, ms: 30 }], peakBytes: 5e7, failure: undefined },
    { name: 'd', words: ['d'], programs: ['d'], does: '', rounds: [], peakBytes: undefined, failure: 'd is not installed' },
  ] });
  assert.equal(account, `  - in $T: git init
                                   median ms      min      max    n  peak MB
  rr                                    20.0     10.0     30.0    2     50.0
    $ rr record -- 'a b'
    all
  d: not measured: d is not installed
    $ d
`);
});

test('a row is measured; who is not installed, and who fails, is named', { timeout: 120000 }, () => {
  const folder = makeTemporary();
  const programs = path.join(folder, 'programs');
  fs.mkdirSync(programs);
  for (const name of ['sh', 'true', 'chmod'].concat(hasProgram('time') ? ['time'] : [])) {
    const found = run(folder, ['sh', '-c', 'command -v "$1"', 'sh', name]).stdout.trim();
    fs.symlinkSync(found.startsWith('/') ? found : '/usr/bin/' + name, path.join(programs, name));
  }
  fs.writeFileSync(path.join(programs, 'snakemake'), '#!/bin/sh\necho first >&2\necho "no such rule" >&2\nexit 3\n', { mode: 0o755 });
  fs.symlinkSync(RR_JS, path.join(folder, 'rr.js'));
  fs.copyFileSync(path.join(path.dirname(RR_JS), 'package.json'), path.join(folder, 'package.json'));
  const before = fs.readdirSync(folder);
  const done = run(folder, [process.execPath, path.join(__dirname, 'bench', 'main.js')], { env: { PATH: programs, PEERS: '/nonexistent', ROW: 'record-true', ROUNDS: '1', TMPDIR: folder }, timeoutMs: 110000 });
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stdout, /^ {2}untraced, no logs \/ the same +\d+\.\d+ - +1 +- +- -$/m);
  assert.match(done.stdout, /^ {2}untraced \/ snakemake: not measured: status 3: no such rule$/m);
  assert.match(done.stdout, /^ {2}untraced \/ datalad run: not measured: datalad is not installed$/m);
  assert.match(done.stdout, /^ {2}record-true: smt run: smt is not installed$/m);
  const text = fs.readFileSync(path.join(folder, '.scratch/benchmarks.txt'), 'utf8');
  assert.match(text, /^ {4}\$ rr record --trace none -- true$/m);
  assert.match(text, /^ {2}snakemake: not measured: status 3: no such rule\n {4}\$ snakemake -q -c1 -F nothing$/m);
  assert.equal(text.split('\n').find((line) => line.length > 80), undefined);
  assert.deepEqual(fs.readdirSync(folder).sort(), before.concat('.scratch').sort(), 'nothing else is left, and docs/benchmarks.txt is for a full run');
});
