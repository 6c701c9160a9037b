// makefile.test.ts - the Makefile's text, whole and run by run.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { findLiveRuns } from '../src/core/graph.ts';
import { emptyRun } from '../src/core/run.ts';
import type { FileKind, FileState, Run } from '../src/core/run.ts';
import { findChecksum, printChecksums, putChecksums } from '../src/formats/checksums.ts';
import { addRunToMakefile, printMakefile } from '../src/views/makefile.ts';
import { findBackward, findForward, spliceText } from '../src/formats/longtext.ts';
import type { LongText, TextSplice } from '../src/formats/longtext.ts';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** Ids that grow with `n`. */
function idOf(n: number): string {
  const digits = [5, 4, 3, 2, 1, 0].map((at) => BASE32[Math.floor(n / 32 ** at) % 32].replace(/[2-7]/, (digit) => digit)).join('');
  const minute = String(Math.floor(n / 60) % 60).padStart(2, '0');
  const day = String(10 + Math.floor(n / 86400)).padStart(2, '0');
  const hour = String(Math.floor(n / 3600) % 24).padStart(2, '0');
  return '202611' + day + 'T' + hour + minute + String(n % 60).padStart(2, '0') + 'Z-' + digits;
}

function hashOf(n: number): string {
  return n.toString(16).padStart(64, '0');
}

function fileOf(path: string, n: number, kind: FileKind = ''): FileState {
  return { hash: hashOf(n), size: 1, kind, path };
}

function runOf(n: number, inputs: FileState[], outputs: FileState[]): Run {
  const run = emptyRun(idOf(n), 'command ' + String(n), '2026-11-22T05:20:39.000000Z', '0.1.0');
  run.status = 'succeeded';
  run.inputs = inputs;
  run.outputs = outputs;
  return run;
}

type Texts = { makefile: string; sums: string };

function printAll(runs: Run[]): Texts {
  const graph = findLiveRuns(runs);
  return { makefile: printMakefile(graph), sums: printChecksums(graph) };
}

function readWhole(text: LongText): string {
  return text.slice(0, text.length);
}

test('printMakefile() writes a block for each live run, with safe names as targets', () => {
  const first = runOf(1, [fileOf('data/a.dat', 1)], [fileOf('mid.csv', 2), fileOf('odd name', 3)]);
  const second = runOf(2, [fileOf('mid.csv', 2)], [fileOf('out/fig.png', 4)]);
  second.label = 'figure6';
  first.label = 'figure6';
  second.reason = 'ends in \\';
  second.command = 'x'.repeat(300);
  const text = printAll([first, second]).makefile;
  assert.equal(text.slice(text.indexOf('\nrr-force:\n') + '\nrr-force:\n'.length), `figure6: ${first.id}
	@: label
figure6: ${second.id}
mid.csv: ${first.id}
	@:
#: odd name: ${first.id}
out/fig.png: ${second.id}
	@:

# ${first.id} figure6
# command 1
.rr/made/${first.id}:
	@sh provenance/rerun.sh run ${first.id}
${first.id}: rr-force
	@sh provenance/rerun.sh make ${first.id} $(MAKE)

# ${second.id} figure6: ends in %5C
# ${'x'.repeat(197)}...
.rr/made/${second.id}: .rr/made/${first.id}
	@sh provenance/rerun.sh run ${second.id}
${second.id}: rr-force
	@sh provenance/rerun.sh make ${second.id} $(MAKE)
`);
});

test('printMakefile() makes no target of a name that make reads otherwise', () => {
  const names = ['all', 'Makefile', 'include', '.SUFFIXES', '.c.o', '-x', 'a b', 'a$b', 'a:b', 'a%b', 'a#b', 'a//b', 'a(b)', 'a=b', '\xff'];
  const text = printAll([runOf(1, [], names.map((name, n) => fileOf(name, n)))]).makefile;
  assert.equal(text.split('\n').filter((line) => line === '\t@:').length, 0);
  assert.equal(text.split('\n').filter((line) => line.startsWith('#: ')).length, names.length);
});

test('printMakefile() takes nothing outside the project for a result', () => {
  const names = ['../x', '/x', 'a/../../x', '.', '', '..', 'provenance/rerun.sh', '.git/config', '.rr/key'];
  assert.equal(printAll([runOf(1, [], names.map((name, n) => fileOf(name, n)))]).sums, '');
});

test('printChecksums() sorts by bytes and escapes as sha256sum does', () => {
  const { sums } = printAll([runOf(1, [], [fileOf('z', 1), fileOf('a\nb', 2), fileOf('Z\\', 3), fileOf('\xff', 4), fileOf('l', 5, 'l')])]);
  assert.equal(sums, [`${hashOf(3)}`, `${hashOf(2)}`, `${hashOf(1)}`, `${hashOf(4)}`].map((hash, n) => (n < 2 ? '\\' : '') + hash + '  ./'
    + ['Z\\\\', 'a\\nb', 'z', '\xff'][n] + '\n').join(''));
  for (const name of ['z', 'a\nb', 'Z\\', '\xff']) assert.notEqual(findChecksum(sums, name).hash, undefined);
  for (const name of ['', 'a', 'zz', 'Z', 'l']) assert.equal(findChecksum(sums, name).hash, undefined);
});

/** Small reproducible random numbers (mulberry32). */
function makeRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const NAMES = ['a.csv', 'b.csv', 'c', 'd', 'out/e.png', 'odd name', 'x\ny', 'z\\', '\xff', '-f', 'all', 'h.bin', 'i.bin', 'j.bin', 'a.csvx', 'csv'];

/** One more run on a project in which `content` is what each path holds now. */
function randomRun(random: (below: number) => number, n: number, content: Map<string, FileState>, manyNames: boolean): Run {
  const nameOf = (): string => (manyNames && random(3) > 0 ? 'r/' + String(random(4 * n + 4)) : NAMES[random(NAMES.length)]);
  const run = runOf(n, [], []);
  for (let i = random(3); i > 0; i--) {
    const name = nameOf();
    const state = content.get(name) ?? fileOf(name, random(4));
    if (!run.inputs.some((input) => input.path === name)) run.inputs.push(random(10) > 0 ? { ...state } : fileOf(name, 90000 + random(3)));
  }
  for (let i = random(12) === 0 ? 0 : 1 + random(3); i > 0; i--) {
    const name = random(5) === 0 && run.inputs.length > 0 ? run.inputs[0].path : nameOf();
    if (run.outputs.some((output) => output.path === name)) continue;
    const kinds: FileKind[] = ['', '', '', 'x', 'l', 'd'];
    const kind = kinds[random(random(6) === 0 ? 6 : 4)];
    const state = fileOf(name, random(4) === 0 ? random(4) : n + 100, kind);
    if (kind === 'd') state.hash = '-';
    run.outputs.push(state);
  }
  if (random(15) === 0) {
    const name = nameOf();
    if (!run.outputs.some((output) => output.path === name)) run.removed.push(name);
  }
  if (random(10) === 0) run.status = 'failed';
  if (random(3) === 0) run.label = ['c', 'd', 'series', 'label2', 'r/1', 'csv', 'a.csv'][random(7)];
  if (run.status === 'succeeded') for (const output of run.outputs) content.set(output.path, output);
  for (const name of run.removed) content.delete(name);
  return run;
}

test('addRunToMakefile() equals printMakefile() of all runs, byte for byte', (context) => {
  let fast = 0;
  let slow = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const random = makeRandom(seed);
    const content = new Map<string, FileState>();
    const runs: Run[] = [];
    let texts: { makefile: LongText; sums: LongText } = printAll(runs);
    for (let n = 0; n < 40; n++) {
      const run = randomRun(random, n, content, seed % 2 === 0);
      runs.push(run);
      // Up to eight runs are put into what the ones before were put in.
      if (n % 8 === 0) texts = { makefile: readWhole(texts.makefile), sums: readWhole(texts.sums) };
      const added = addRunToMakefile(texts.makefile, texts.sums, run, (id) => runs.find((one) => one.id === id));
      const full = printAll(runs);
      if (added !== undefined) {
        assert.equal(readWhole(added.makefile), full.makefile, 'seed ' + String(seed) + ' run ' + String(n));
        assert.equal(readWhole(added.sums), full.sums);
        fast += 1;
      } else slow += 1;
      texts = added ?? full;
    }
  }
  context.diagnostic(String(fast) + ' added, ' + String(slow) + ' left to the full print');
  assert.ok(fast > slow);
});

test('addRunToMakefile() adds the usual runs without all records', () => {
  const series: { [name: string]: Run[] } = {
    'the same command again': [1, 2, 3].map((n) => runOf(n, [fileOf('in', 1)], [fileOf('out', n), fileOf('log', n)])),
    'edited in place': [1, 2, 3].map((n) => runOf(n, [fileOf('t', n - 1)], [fileOf('t', n)])),
    'a chain': [runOf(1, [], [fileOf('a', 1)]), runOf(2, [fileOf('a', 1)], [fileOf('b', 2)]), runOf(3, [fileOf('b', 2)], [fileOf('c', 3)])],
    'first step again': [runOf(1, [], [fileOf('a', 1)]), runOf(2, [fileOf('a', 1)], [fileOf('b', 2)]), runOf(3, [], [fileOf('a', 3)])],
    'some results again': [runOf(1, [], [fileOf('a', 1), fileOf('b', 1)]), runOf(2, [], [fileOf('a', 2)])],
  };
  for (const name of Object.keys(series)) {
    const runs: Run[] = [];
    let texts: { makefile: LongText; sums: LongText } = printAll(runs);
    for (const run of series[name]) {
      runs.push(run);
      const added = addRunToMakefile(texts.makefile, texts.sums, run, (id) => runs.find((one) => one.id === id));
      assert.ok(added !== undefined, name);
      assert.deepEqual({ makefile: readWhole(added.makefile), sums: readWhole(added.sums) }, printAll(runs), name);
      texts = added;
    }
  }
});

test('addRunToMakefile() gives up on a run that is not the newest, or took a result away', () => {
  const runs = [runOf(1, [], [fileOf('a', 1)]), runOf(3, [], [fileOf('b', 1)])];
  const texts = printAll(runs);
  const readRun = (id: string): Run | undefined => runs.find((run) => run.id === id);
  assert.equal(addRunToMakefile(texts.makefile, texts.sums, runOf(2, [], [fileOf('c', 1)]), readRun), undefined);
  const remover = runOf(4, [], []);
  remover.removed = ['a'];
  remover.status = 'failed';
  assert.equal(addRunToMakefile(texts.makefile, texts.sums, remover, readRun), undefined);
  assert.equal(addRunToMakefile('', '', runOf(5, [], [fileOf('c', 1)]), readRun), undefined);
});

test('addRunToMakefile() gives up on a Makefile that was cut or written into', () => {
  const runs = [runOf(1, [], [fileOf('a', 1)]), runOf(2, [fileOf('a', 1)], [fileOf('b', 1)])];
  const { makefile, sums } = printAll(runs);
  const readRun = (id: string): Run | undefined => runs.find((run) => run.id === id);
  const added = runOf(3, [fileOf('b', 1)], [fileOf('a', 3)]);
  assert.notEqual(addRunToMakefile(makefile, sums, added, readRun), undefined);
  assert.equal(addRunToMakefile('x' + makefile, sums, added, readRun), undefined);
  assert.equal(addRunToMakefile(makefile.slice(0, makefile.indexOf('\na: ') + 3), sums, added, readRun), undefined);
  // Wherever else it is cut: no endless loop and no error.
  for (let end = 0; end < makefile.length; end++) addRunToMakefile(makefile.slice(0, end), sums.slice(0, end % sums.length), added, readRun);
});

test('putChecksums() gives the same object if all lines are there', () => {
  const sums = printAll([runOf(1, [], [fileOf('a', 1), fileOf('b', 2)])]).sums;
  assert.equal(putChecksums(sums, [fileOf('b', 2)]), sums);
  assert.equal(readWhole(putChecksums(sums, [fileOf('b', 3), fileOf('a', 1, 'l')])), hashOf(3) + '  ./b\n');
});

test('findForward() and findBackward() equal indexOf() and lastIndexOf()', () => {
  const random = makeRandom(7);
  for (let round = 0; round < 2000; round++) {
    let text = '';
    for (let n = random(8); n > 0; n--) text += 'ab'.repeat(random(700)) + ['\n', '\n\n', 'aab', '', 'b\na'][random(5)];
    for (const sought of ['\n', '\n\n', 'aab', 'b\nab', 'c']) {
      const from = random(text.length + 3) - 1;
      assert.equal(findForward(text, sought, from), text.indexOf(sought, from));
      if (from >= 0) assert.equal(findBackward(text, sought, from), text.lastIndexOf(sought, from));
    }
    assert.equal(findBackward(text, '\n', -1), -1);
  }
});

test('spliceText() equals the text with others put in, several times over', () => {
  const random = makeRandom(3);
  for (let round = 0; round < 500; round++) {
    let plain = 'abcdefghij'.repeat(random(30));
    let spliced: LongText = plain;
    for (let depth = 0; depth < 4; depth++) {
      const places = Array.from({ length: 2 * random(5) }, () => random(plain.length + 1)).sort((a, b) => a - b);
      const splices: TextSplice[] = [];
      for (let i = 0; i < places.length; i += 2) splices.push({ start: places[i], end: places[i + 1], text: 'XYZ'.slice(0, random(4)) });
      for (const { start, end, text } of splices.slice().reverse()) plain = plain.slice(0, start) + text + plain.slice(end);
      spliced = spliceText(spliced, splices);
      assert.equal(readWhole(spliced), plain);
      const [from, to] = [random(plain.length + 1), random(plain.length + 1)].sort((a, b) => a - b);
      assert.equal(spliced.slice(from, to), plain.slice(from, to));
    }
  }
});
