// linediff.test.ts - differences of lines: judged by diff, patch and git.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { diffLines, diffTexts, isBinaryContent, splitAtLineEnds } from '../src/core/linediff.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

/** Random numbers that are the same in each run (mulberry32). */
function makeRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** A text of up to `most` lines out of few different ones, so that much is alike by chance. */
function makeText(random: (below: number) => number, most: number, kinds: number): string {
  let text = '';
  for (let count = random(most + 1); count > 0; count--) text += ['', '-', '+ x', '@@ -1 +1 @@', ' ', '\\ No newline at end of file', '\xff\r', '\t{', '}'][random(Math.min(kinds, 9))] + (kinds > 9 ? String(random(kinds)) : '') + '\n';
  return random(4) === 0 ? text.slice(0, -1) : text;
}

/** A text with some of its lines removed, changed, added and moved. */
function editText(random: (below: number) => number, text: string): string {
  const lines = splitAtLineEnds(text);
  for (let edits = random(6); edits > 0; edits--) {
    const at = random(lines.length + 1);
    const kind = random(4);
    if (kind === 0) lines.splice(at, random(4));
    else if (kind === 1) lines.splice(at, 0, 'new ' + String(random(5)) + '\n');
    else if (kind === 2 && at < lines.length) lines[at] = 'changed\n';
    else lines.splice(random(lines.length + 1), 0, ...lines.splice(at, random(5)));
  }
  return lines.map((line, i) => (i < lines.length - 1 && !line.endsWith('\n') ? line + '\n' : line)).join('');
}

function makePairs(count: number): [string, string][] {
  const random = makeRandom(20261122);
  const pairs: [string, string][] = [['', ''], ['', 'a\n'], ['a', ''], ['a', 'a\n'], ['a\n', 'a'], ['a\nb', 'a\nc'], ['x\n'.repeat(9), 'x\n'.repeat(7)]];
  for (let i = 0; i < count; i++) {
    const before = makeText(random, [3, 12, 60][i % 3], [2, 9, 40][random(3)]);
    pairs.push([before, i % 2 === 0 ? editText(random, before) : makeText(random, [3, 12, 60][i % 3], [2, 9, 40][random(3)])]);
  }
  return pairs;
}

/** The second text out of the first, by what diffLines() says alone. */
function applyChanges(before: string[], after: string[], mostSteps?: number): { text: string; cost: number; isCoarse: boolean } {
  const { changes, isCoarse } = diffLines(before, after, mostSteps);
  const lines: string[] = [];
  let at = 0;
  let cost = 0;
  for (const change of changes) {
    assert.ok(change.oldStart >= at, 'ascending');
    assert.ok(at === 0 || change.oldStart > at || lines.length === 0, 'not touching');
    lines.push(...before.slice(at, change.oldStart));
    assert.equal(lines.length, change.newStart);
    lines.push(...after.slice(change.newStart, change.newStart + change.newCount));
    at = change.oldStart + change.oldCount;
    cost += change.oldCount + change.newCount;
  }
  return { text: lines.concat(before.slice(at)).join(''), cost, isCoarse };
}

/** The least number of lines removed and added: by the table of longest common subsequences. */
function leastCost(a: string[], b: string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const line of a) {
    const next = [0];
    for (let j = 0; j < b.length; j++) next.push(line === b[j] ? row[j] + 1 : Math.max(next[j], row[j + 1]));
    row = next;
  }
  return a.length + b.length - 2 * row[b.length];
}

test('splitAtLineEnds() keeps every byte', () => {
  for (const text of ['', '\n', 'a', 'a\n', '\n\na', 'a\r\nb\r\n']) assert.equal(splitAtLineEnds(text).join(''), text);
  assert.deepEqual(splitAtLineEnds('a\n\nb'), ['a\n', '\n', 'b']);
});

test('diffLines() turns the first text into the second with the fewest lines, of 3,000 random pairs', () => {
  for (const [before, after] of makePairs(3000)) {
    const found = applyChanges(splitAtLineEnds(before), splitAtLineEnds(after));
    assert.equal(found.text, after);
    assert.equal(found.cost, leastCost(splitAtLineEnds(before), splitAtLineEnds(after)), JSON.stringify([before, after]));
    assert.equal(found.isCoarse, false);
  }
});

test('diffLines() turns the first text into the second, however few steps it may take', () => {
  const random = makeRandom(7);
  for (const [before, after] of makePairs(1000)) {
    assert.equal(applyChanges(splitAtLineEnds(before), splitAtLineEnds(after), random(60)).text, after);
  }
});

test('diffLines() finds few changes in a long text without many steps', () => {
  const before = Array.from({ length: 50000 }, (_, i) => String(i % 5000) + '\n');
  const after = before.filter((_, i) => i % 500 !== 7).map((line, i) => (i % 700 === 0 ? 'x\n' : line));
  assert.deepEqual(applyChanges(before, after), { text: after.join(''), cost: leastCostByDiff(before.join(''), after.join('')), isCoarse: false });
});

test('diffLines() is coarse where the same lines come in another order, and still keeps what is alike', () => {
  const random = makeRandom(3);
  const lines = Array.from({ length: 30000 }, (_, i) => String(i) + '\n');
  const shuffled = lines.slice();
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
  }
  const found = applyChanges(['head\n'].concat(lines, lines), ['other\n'].concat(shuffled, lines));
  assert.equal(found.isCoarse, true);
  assert.equal(found.text, 'other\n' + shuffled.concat(lines).join(''));
  assert.ok(found.cost < 60002, 'the half that is alike is found');
});

/** Lines that "diff -d" removes and adds. */
function leastCostByDiff(before: string, after: string): number {
  const folder = makeTemporary();
  fs.writeFileSync(path.join(folder, 'a'), before, 'latin1');
  fs.writeFileSync(path.join(folder, 'b'), after, 'latin1');
  return run(folder, ['diff', '-a', '-d', 'a', 'b']).stdout.split('\n').filter((line) => /^[<>]/.test(line)).length;
}

test('diffTexts() prints what patch(1) and git apply turn into the second text', { skip: hasProgram('patch') && hasProgram('git') ? false : 'there is no patch or git' }, () => {
  const folder = makeTemporary();
  const put = (name: string, text: string): void => fs.writeFileSync(path.join(folder, name), text, 'latin1');
  for (const [n, [before, after]] of makePairs(60).entries()) {
    const { lines } = diffTexts(before, after);
    if (before === after) {
      assert.deepEqual(lines, []);
      continue;
    }
    // An empty file is made by a patch from nothing, and removed by one to nothing: not what is asked here.
    if (before === '' || after === '') continue;
    put('patch.diff', '--- a/f\n+++ b/f\n' + lines.map((line) => line + '\n').join(''));
    put('f', before);
    const git = run(folder, ['git', 'apply', '--whitespace=nowarn', 'patch.diff']);
    assert.equal(git.stderr, '', 'pair ' + String(n));
    assert.equal(fs.readFileSync(path.join(folder, 'f'), 'latin1'), after, 'git apply, pair ' + String(n));
    put('f', before);
    const patch = run(folder, ['patch', '--binary', '-s', '-F0', 'f', 'patch.diff']);
    assert.equal(patch.stdout + patch.stderr, '', 'pair ' + String(n));
    assert.equal(fs.readFileSync(path.join(folder, 'f'), 'latin1'), after, 'patch, pair ' + String(n));
  }
});

test('diffTexts() prints the same as diff -u where there is only one shortest script', () => {
  const folder = makeTemporary();
  const random = makeRandom(11);
  for (let n = 0; n < 60; n++) {
    // Lines that occur once, and are only removed or changed: no other script is as short.
    const lines = Array.from({ length: random(50) }, (_, i) => 'line ' + String(i) + '\n');
    const edited = lines.map((line, i) => (random(8) === 0 ? 'new ' + String(i) + '\n' : line)).filter(() => random(9) !== 0);
    const [before, after] = [lines.join(''), edited.join('').slice(0, random(3) === 0 ? -1 : undefined)];
    fs.writeFileSync(path.join(folder, 'a'), before, 'latin1');
    fs.writeFileSync(path.join(folder, 'b'), after, 'latin1');
    const judge = run(folder, ['diff', '-d', '-u', 'a', 'b']).stdout.split('\n').slice(2, -1);
    assert.deepEqual(diffTexts(before, after).lines, judge);
  }
});

test('diffTexts() puts a block that was added after the one like it', () => {
  const before = 'a() {\n  x\n}\n\nb() {\n  y\n}\n';
  const after = 'a() {\n  x\n}\n\nnew() {\n  x\n}\n\nb() {\n  y\n}\n';
  assert.deepEqual(diffTexts(before, after).lines, ['@@ -2,6 +2,10 @@', '   x', ' }', ' ', '+new() {', '+  x', '+}', '+', ' b() {', '   y', ' }']);
});

test('isBinaryContent() agrees with git', { skip: hasProgram('git') ? false : 'there is no git' }, () => {
  const folder = makeTemporary();
  for (const content of ['', 'text\n', '\xff\xfe\x80', 'a\0b', '\x01\x02', 'a\r\n']) {
    fs.writeFileSync(path.join(folder, 'a'), content, 'latin1');
    fs.writeFileSync(path.join(folder, 'b'), content + 'more\n', 'latin1');
    const judge = run(folder, ['git', 'diff', '--no-index', '--numstat', 'a', 'b']).stdout;
    assert.equal(isBinaryContent(content), judge.startsWith('-\t-'), JSON.stringify(content));
  }
});
