// lineage.test.ts - who made which bytes and what depends on them, against a reference that tries all runs.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { listOwners } from '../src/core/graph.ts';
import { layOut } from '../src/core/layers.ts';
import type { LineageGraph, LineageRun } from '../src/core/lineage.ts';
import { findMaker, findReaders, outputState, traceDown, traceLineage, traceUp } from '../src/core/lineage.ts';
import { emptyRun } from '../src/core/run.ts';
import type { FileKind, FileState, Run } from '../src/core/run.ts';

/** 'a1' is the path "a" with content 1, which is empty if it is 0; 'a1l' a link. */
function fileOf(text: string): FileState {
  const parts = /^(.*?)(\d+|-|\?)([xld]?)$/.exec(text)!;
  const hash = parts[2] === '-' || parts[2] === '?' ? parts[2] : parts[2].padStart(64, '0');
  return { path: parts[1], hash, size: Number(parts[2]) > 0 ? 9 : 0, kind: parts[3] as FileKind };
}

/** 'a1 b2 > c3 ; d': reads a and b, writes c, removes d. '!' in front: failed; '@': in a scratch tree. */
function runsOf(...texts: string[]): Run[] {
  return texts.map((text, n) => {
    const run = emptyRun(String(n + 1), 'command', '', '');
    const [left, right] = text.replace(/^[!@]/, '').split('>');
    const [outputs, removed] = (right + ';').split(';');
    const words = (part: string): string[] => part.split(' ').filter((word) => word !== '');
    run.status = text.startsWith('!') ? 'failed' : 'succeeded';
    if (text.startsWith('@')) run.tree = 'scratch';
    run.inputs = words(left).map(fileOf);
    run.outputs = words(outputs).map(fileOf);
    run.removed = words(removed);
    return run;
  });
}

/** 'PATH<-ID:PATH' for each input with a maker, 'PATH raw' for the others, of the last run. */
function originsOfLast(texts: string[]): string {
  const lineage = traceLineage(runsOf(...texts));
  const last = texts.length - 1;
  return lineage.runs[last].inputs.map((input, i) => {
    const output = lineage.origins[lineage.firstInputs[last] + i];
    return output < 0 ? input.path + ' raw' : input.path + '<-' + lineage.runs[lineage.runsOfOutputs[output]].id + ':' + outputState(lineage, output).path;
  }).join(' ');
}

const ORIGINS: [string, string[], string][] = [
  ['the owner of the path', ['> a1', 'a1 > b1'], 'a<-1:a'],
  ['a copy', ['> a1', 'b1 > c1'], 'b<-1:a'],
  ['the owner rather than a later copy', ['> a1', '> b1', 'a1 >'], 'a<-1:a'],
  ['the last of two that made it', ['> a1', '> a1', 'a1 >'], 'a<-2:a'],
  ['the last of two that made it elsewhere', ['> a1', '> b1', 'c1 >'], 'c<-2:b'],
  ['content that was put back', ['> a1', '> a2', 'a1 >'], 'a<-1:a'],
  ['content of a path that was removed since', ['> a1', '> ; a', 'a1 >'], 'a<-1:a'],
  ['no empty file under another path', ['> a0', 'b0 >'], 'b raw'],
  ['an empty file under its own path', ['> a0', 'a0 >'], 'a<-1:a'],
  ['no link under another path', ['> a1l', 'b1l >'], 'b raw'],
  ['no link for a file', ['> a1l', 'a1 >'], 'a raw'],
  ['an executable copy', ['> a1', 'b1x >'], 'b<-1:a'],
  ['what a failed run made, if nobody else did', ['!> a1', 'a1 >'], 'a<-1:a'],
  ['a run that succeeded before one that failed later', ['> a1', '!> a1', 'a1 >'], 'a<-1:a'],
  ['nothing of a scratch tree', ['@> a1', 'a1 >'], 'a raw'],
  ['nothing that came later', ['> b9', 'a1 > a1'], 'a raw'],
  ['no unknown content', ['> a?', 'a? >'], 'a raw'],
];

for (const [name, texts, expected] of ORIGINS) {
  test('traceLineage() finds ' + name, () => { assert.equal(originsOfLast(texts), expected); });
}

test('findMaker() tells made, copied, changed, gone and unmade apart', () => {
  const lineage = traceLineage(runsOf('> a1', '> a2 b3', '@> a4'));
  const ask = (path: string, file: string | undefined): string => {
    const answer = findMaker(lineage, path, file === undefined ? undefined : fileOf(file));
    return answer.kind === 'unmade' ? 'unmade' : answer.kind + ' ' + lineage.runs[lineage.runsOfOutputs[answer.output]].id + ' ' + outputState(lineage, answer.output).path;
  };
  assert.equal(ask('a', 'a2'), 'made 2 a');
  assert.equal(ask('a', 'a1'), 'made 1 a');
  assert.equal(ask('c', 'c3'), 'made 2 b');
  assert.equal(ask('a', 'a4'), 'changed 2 a');
  assert.equal(ask('b', undefined), 'gone 2 b');
  assert.equal(ask('c', 'c7'), 'unmade');
  assert.equal(ask('c', undefined), 'unmade');
});

// ---- the reference ----------------------------------------------------------------------------------

type Maker = { run: number; at: number } | undefined;

const isSame = (a: FileState, b: FileState): boolean => a.hash.length === 64 && a.hash === b.hash && (a.kind === 'l') === (b.kind === 'l') && a.kind !== 'd' && b.kind !== 'd';
const isTelling = (file: FileState): boolean => file.kind !== 'l' && file.kind !== 'd' && file.size > 0;

/** Tries all earlier runs for each of the rules, best first. */
function referenceMaker(runs: LineageRun[], reader: number, input: FileState): Maker {
  for (const isElsewhere of [false, true]) {
    if (isElsewhere && !isTelling(input)) continue;
    for (const mustSucceed of [true, false]) {
      for (let run = reader - 1; run >= 0; run--) {
        if (runs[run].tree !== undefined || (mustSucceed && runs[run].status !== 'succeeded')) continue;
        for (let at = runs[run].outputs.length - 1; at >= 0; at--) {
          const file = runs[run].outputs[at];
          if (isSame(file, input) && (isElsewhere ? isTelling(file) : file.path === input.path)) return { run, at };
        }
      }
    }
  }
  return undefined;
}

function seededRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

function randomRuns(random: (below: number) => number): Run[] {
  const file = (): string => 'abcdef'[random(6)] + String(random(5)) + (random(8) === 0 ? 'x' : random(12) === 0 ? 'l' : '');
  const files = (most: number): string => {
    const chosen = new Map<string, string>();
    for (let i = random(most + 1); i > 0; i--) {
      const one = file();
      chosen.set(one[0], one);
    }
    return Array.from(chosen.values()).join(' ');
  };
  const texts = Array.from({ length: 1 + random(12) }, () => (random(7) === 0 ? '!' : random(9) === 0 ? '@' : '') + files(3) + ' > ' + files(2) + ' ; ' + (random(5) === 0 ? 'abcdef'[random(6)] : ''));
  return runsOf(...texts);
}

function runsIn(graph: LineageGraph): number[] {
  return graph.runs.map((node) => node.run).sort((a, b) => a - b);
}

/** Of each run the runs whose outputs it read, by the reference. */
function referenceSources(runs: LineageRun[]): Set<number>[] {
  return runs.map((run, index) => new Set(run.inputs.map((input) => referenceMaker(runs, index, input)).filter((maker) => maker !== undefined).map((maker) => maker!.run)));
}

function closure(from: number[], next: (run: number) => number[]): number[] {
  const found = new Set(from);
  for (let isGrowing = true; isGrowing;) {
    const before = found.size;
    for (const run of Array.from(found)) for (const one of next(run)) found.add(one);
    isGrowing = found.size > before;
  }
  return Array.from(found).sort((a, b) => a - b);
}

test('traceLineage(), traceUp() and traceDown() agree with a reference on 3,000 random histories', () => {
  let copies = 0;
  let chains = 0;
  for (let seed = 1; seed <= 3000; seed++) {
    const runs = randomRuns(seededRandom(seed));
    const lineage = traceLineage(runs);
    runs.forEach((run, index) => run.inputs.forEach((input, i) => {
      const output = lineage.origins[lineage.firstInputs[index] + i];
      const maker = referenceMaker(runs, index, input);
      assert.equal(output, maker === undefined ? -1 : lineage.firstOutputs[maker.run] + maker.at, 'seed ' + String(seed));
      if (maker !== undefined && runs[maker.run].outputs[maker.at].path !== input.path) copies += 1;
    }));
    const sources = referenceSources(runs);
    runs.forEach((run, index) => {
      const up = closure([index], (one) => Array.from(sources[one]));
      assert.deepEqual(runsIn(traceUp(lineage, { kind: 'run', run: index }, Infinity)), up, 'up, seed ' + String(seed));
      if (up.length > 3) chains += 1;
      const down = closure([index], (one) => runs.map((_, i) => i).filter((i) => runs[i].tree === undefined && sources[i].has(one)));
      if (run.tree === undefined) assert.deepEqual(runsIn(traceDown(lineage, { kind: 'run', run: index }, Infinity)), down, 'down, seed ' + String(seed));
    });
  }
  assert.ok(copies > 500 && chains > 500, 'the histories are worth it');
});

test('traceDown() of a file begins with all that read its bytes, or its path', () => {
  for (let seed = 1; seed <= 1000; seed++) {
    const random = seededRandom(seed * 7919);
    const runs = randomRuns(random);
    const lineage = traceLineage(runs);
    const file = fileOf('abcdef'[random(6)] + String(random(5)));
    const reads = (run: LineageRun): boolean => run.tree === undefined && run.inputs.some((input) => input.path === file.path || (isSame(input, file) && isTelling(input)));
    const sources = referenceSources(runs);
    const begin = runs.map((_, i) => i).filter((i) => reads(runs[i]));
    const down = closure(begin, (one) => runs.map((_, i) => i).filter((i) => runs[i].tree === undefined && sources[i].has(one)));
    assert.deepEqual(runsIn(traceDown(lineage, { kind: 'file', file, output: -1 }, Infinity)), down, 'seed ' + String(seed));
    const { same, other } = findReaders(lineage, file.path, file);
    assert.deepEqual(Array.from(new Set(same.concat(other).map((one) => one.run))).sort((a, b) => a - b), begin);
    assert.ok(other.every((one) => one.input.path === file.path && !isSame(one.input, file)));
  }
});

test('the maker is the owner of graph.ts wherever there is an owner with this content', () => {
  let count = 0;
  for (let seed = 1; seed <= 1000; seed++) {
    const runs = randomRuns(seededRandom(seed));
    const lineage = traceLineage(runs);
    runs.forEach((run, index) => {
      const owners = listOwners(runs.slice(0, index));
      run.inputs.forEach((input, i) => {
        const owner = owners.get(input.path);
        if (owner === undefined || !isSame(owner, input)) return;
        count += 1;
        assert.equal(lineage.runsOfOutputs[lineage.origins[lineage.firstInputs[index] + i]], owner.index, 'seed ' + String(seed));
      });
    });
  }
  assert.ok(count > 300);
});

test('traceUp() and traceDown() stop at the depth and say so', () => {
  const lineage = traceLineage(runsOf('r1 > a2', 'a2 > b3', 'b3 > c4'));
  const up = traceUp(lineage, { kind: 'file', file: fileOf('c4'), output: 2 }, 2);
  assert.deepEqual(runsIn(up), [1, 2]);
  assert.deepEqual(up.files.map((file) => file.file.path + ' ' + file.origin.kind), ['c run', 'b run', 'a cut']);
  const down = traceDown(lineage, { kind: 'file', file: fileOf('r1'), output: -1 }, 2);
  assert.deepEqual(runsIn(down), [0, 1]);
  assert.deepEqual(down.runs.map((run) => run.isCut), [false, true]);
});

test('traceUp() and traceDown() go through a chain of 100,000 runs', () => {
  const runs = runsOf(...Array.from({ length: 100000 }, (_, n) => 'f' + String(n) + '.1 > f' + String(n + 1) + '.1'));
  runs.forEach((run, n) => {
    run.inputs[0] = { ...run.inputs[0], path: 'f', hash: String(n).padStart(64, '0') };
    run.outputs[0] = { ...run.outputs[0], path: 'f', hash: String(n + 1).padStart(64, '0') };
  });
  const lineage = traceLineage(runs);
  assert.equal(traceUp(lineage, { kind: 'run', run: 99999 }, Infinity).runs.length, 100000);
  assert.equal(traceDown(lineage, { kind: 'run', run: 0 }, Infinity).runs.length, 100000);
});

test('layOut() puts every edge from a layer to a later one, and no two nodes over each other', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    const nodeCount = 2 + random(40);
    const edges: [number, number][] = [];
    for (let i = random(60); i > 0; i--) {
      const to = 1 + random(nodeCount - 1);
      edges.push([random(to), to]);
    }
    const extents = Array.from({ length: nodeCount }, () => 10 + random(90));
    const { layerOf, layerCount, middles, bends, extent } = layOut({ nodeCount, edges, extents, gap: 7 });
    edges.forEach(([from, to], i) => {
      assert.ok(layerOf[from] < layerOf[to]);
      assert.equal(bends[i].length, layerOf[to] - layerOf[from] - 1);
    });
    for (let layer = 0; layer < layerCount; layer++) {
      const inLayer = layerOf.map((_, node) => node).filter((node) => layerOf[node] === layer).sort((a, b) => middles[a] - middles[b]);
      inLayer.forEach((node, i) => {
        if (i > 0) assert.ok(middles[node] - middles[inLayer[i - 1]] >= (extents[node] + extents[inLayer[i - 1]]) / 2 + 7 - 1e-6, 'seed ' + String(seed));
        assert.ok(middles[node] - extents[node] / 2 >= -1e-6 && middles[node] + extents[node] / 2 <= extent + 1e-6);
      });
    }
  }
});
