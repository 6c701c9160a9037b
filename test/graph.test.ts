// graph.test.ts - owners, producers, live runs and their order.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { findLiveRuns, isResultPath } from '../src/core/graph.ts';
import { emptyRun } from '../src/core/run.ts';
import type { FileKind, FileState, Run } from '../src/core/run.ts';

/** 'a1' is the path "a" with content 1; 'a1l' a link. */
function fileOf(text: string): FileState {
  const parts = /^(.*?)(\d+|-|\?)([xld]?)$/.exec(text)!;
  const hash = parts[2] === '-' || parts[2] === '?' ? parts[2] : parts[2].padStart(64, '0');
  return { path: parts[1], hash, size: 1, kind: parts[3] as FileKind };
}

/** 'a1 b2 > c3 ; d': reads a and b, writes c, removes d. '!' in front: failed; '~': in a scratch tree. */
function runsOf(...texts: string[]): Run[] {
  return texts.map((text, n) => {
    const run = emptyRun(String(n + 1), 'command', '', '');
    const [left, right] = text.replace(/[!~]/, '').split('>');
    const [outputs, removed] = (right + ';').split(';');
    const words = (part: string): string[] => part.split(' ').filter((word) => word !== '');
    run.status = text.startsWith('!') ? 'failed' : 'succeeded';
    if (text.startsWith('~')) run.tree = 'scratch';
    run.inputs = words(left).map(fileOf);
    run.outputs = words(outputs).map(fileOf);
    run.removed = words(removed);
    return run;
  });
}

/** 'ID owns OWNED lost N from PRODUCERS after AFTER' of each live run. */
function describe(runs: Run[]): string[] {
  return findLiveRuns(runs).runs.map((live) => [live.run.id, live.owned.map((file) => file.path).join(','), live.lost.join(','),
    live.producers.join(','), live.after.join(',')].join(' | '));
}

const CASES: [string, string[], string[]][] = [
  ['a chain', ['x1 > a1', 'a1 > b1', 'b1 > c1'], ['1 | a |  |  | ', '2 | b |  | 1 | ', '3 | c |  | 2 | ']],
  ['results sorted by path', ['> b1 a1 c1'], ['1 | a,b,c |  |  | ']],
  ['a failed run owns nothing', ['> a1', '!a1 > a2 b2'], ['1 | a |  |  | ']],
  ['a run in a scratch tree owns and removes nothing', ['> a1 b1', '~a1 > a2 b1 c1 ; b', 'a1 b1 > d1'], ['1 | a,b |  |  | ', '3 | d |  | 1 | ']],
  ['a removed result', ['> a1 b1', '! > ; a'], ['1 | b | 0 |  | ']],
  ['a result of which nothing is left', ['> a1', '> a2'], ['2 | a |  |  | ']],
  ['a result that became a directory', ['> a1', '> a-d b1'], ['2 | b |  |  | ']],
  ['content not known', ['> a1', '> a?'], []],
  ['an overwritten input', ['> a1', 'a1 > b1', '> a2'], ['1 |  | 0 |  | ', '2 | b |  | 1 | ', '3 | a |  |  | 1,2']],
  ['an edit in place', ['> a1', 'a1 > a2', 'a2 > a3'], ['1 |  | 0 |  | ', '2 |  | 0 | 1 | ', '3 | a |  | 2 | ']],
  ['a raw file edited in place', ['a1 > a2'], ['1 | a |  |  | ']],
  ['content that was put back by hand is raw', ['> a1', '> a2', 'a1 > b1'], ['2 | a |  |  | ', '3 | b |  |  | ']],
  ['the executable bit is no content', ['> a1x', 'a1 > b1'], ['1 | a |  |  | ', '2 | b |  | 1 | ']],
  ['a link is no file', ['> a1l', 'a1 > b1'], ['1 | a |  |  | ', '2 | b |  |  | ']],
  ['some results taken over', ['> a1 b1', '> a2'], ['1 | b | 0 |  | ', '2 | a |  |  | 1']],
  ['a live run that removed a path', ['> a1', 'a1 > b1 ; a', '> a2'], ['1 |  | 0 |  | ', '2 | b |  | 1 | ', '3 | a |  |  | 2']],
  ['a producer that is needed by no live run', ['> a1', 'a1 > b1', '> a2', 'a2 > b2'], ['3 | a |  |  | ', '4 | b |  | 3 | ']],
];

for (const [name, texts, expected] of CASES) {
  test('findLiveRuns() finds ' + name, () => { assert.deepEqual(describe(runsOf(...texts)), expected); });
}

test('isResultPath() takes nothing outside the project', () => {
  for (const path of ['a', 'a/b', '..a', 'a..', '.rrx', 'a/.git', '...', '.hidden']) assert.ok(isResultPath(path), path);
  for (const path of ['', '.', '..', '/a', '../a', 'a/..', 'a/../b', '.rr', '.rr/x', '.git/x', 'provenance/x']) assert.ok(!isResultPath(path), path);
});

test('findLiveRuns() of 100,000 runs takes time in proportion', () => {
  const time = (count: number): number => {
    const runs = Array.from({ length: count }, (_, n) => runsOf('x1 > a' + String(n))[0]);
    runs.forEach((run, n) => { run.id = String(n).padStart(6, '0'); run.outputs[0].path += String(n); });
    const before = process.hrtime.bigint();
    findLiveRuns(runs);
    return Number(process.hrtime.bigint() - before) / 1e6;
  };
  time(1000);
  assert.ok(time(100000) < 40 * Math.max(time(10000), 10));
});
