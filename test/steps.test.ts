// steps.test.ts - which steps there are, in what order, and why one must be redone: tables of small histories.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { findCircles } from '../src/core/circles.ts';
import { emptyRun } from '../src/core/run.ts';
import type { FileKind, FileState, Run } from '../src/core/run.ts';
import { describeCause, describeCauses, findStepCauses } from '../src/core/stepcauses.ts';
import type { Present, StepCause } from '../src/core/stepcauses.ts';
import { buildStepGraph, makePatternTester, sortSteps, splitFileParameter, stepFactsOf, withAllAfter, withAllBefore } from '../src/core/steps.ts';
import type { PlannedRule, StepGraph, StepRun } from '../src/core/steps.ts';

/** 'a1' is the path "a" with content 1; 'a1l' a link. */
function fileOf(text: string): FileState {
  const parts = /^(.*?)(\d+|-|\?)([xld]?)$/.exec(text)!;
  const hash = parts[2] === '-' || parts[2] === '?' ? parts[2] : parts[2].padStart(64, '0');
  return { path: parts[1], hash, size: 1, kind: parts[3] as FileKind };
}

/**
 * 'a1 b2 %c > d3 ; e': reads a and b, looks for c in vain, writes d, removes e. In front: '!' failed, '~' in a
 * scratch tree, '^N' redoes run N, '@NAME' carries out the planned step NAME.
 */
function runOf(text: string, n: number): Run {
  const head = /^(?:([!~])|\^(\d+) |@(\w+) )*/.exec(text)!;
  const run = emptyRun(String(n + 1).padStart(6, '0'), 'command', '', '');
  const marks = head[0];
  const redoes = /\^(\d+)/.exec(marks);
  const plan = /@(\w+)/.exec(marks);
  if (redoes !== null) run.redoes = redoes[1].padStart(6, '0');
  if (plan !== null) run.plan = plan[1];
  run.status = marks.indexOf('!') >= 0 ? 'failed' : 'succeeded';
  if (marks.indexOf('~') >= 0) run.tree = 'scratch';
  const [left, right] = text.slice(marks.length).split('>');
  const [outputs, removed] = (right + ';').split(';');
  const words = (part: string): string[] => part.split(' ').filter((word) => word !== '');
  run.inputs = words(left).filter((word) => word[0] !== '%').map(fileOf);
  run.absent = words(left).filter((word) => word[0] === '%').map((word) => word.slice(1));
  run.outputs = words(outputs).map(fileOf);
  run.removed = words(removed);
  return run;
}

function stepRunOf(run: Run): StepRun {
  return { ...run, facts: stepFactsOf(run) };
}

/** 'NAME: a b > c': planned to read a and b and to write c; '*' behind NAME: the plan differs from its run. */
function ruleOf(text: string): PlannedRule {
  const [, name, changed, left, right] = /^(\w+)(\*?):([^>]*)>(.*)$/.exec(text)!;
  const template = emptyRun('', 'command', '', '');
  const words = (part: string): string[] => part.split(' ').filter((word) => word !== '');
  template.declaredInputs = words(left);
  template.declaredOutputs = words(right);
  return { name, template, differences: changed === '' ? [] : ['its command is changed'] };
}

function graphOf(runs: string[], plan: string[] = []): StepGraph {
  return buildStepGraph(runs.map(runOf).map(stepRunOf), plan.map(ruleOf));
}

function nameOf(graph: StepGraph, at: number): string {
  const { run, plan } = graph.nodes[at];
  return run < 0 ? graph.planned[plan].name : String(run + 1);
}

/** 'STEP < BEFORE / AFTER, transient PATH of SUPPLIER' of each, in their order. */
function describeGraph(graph: StepGraph): string[] {
  return graph.nodes.map((node, at) => {
    const names = (list: number[]): string => list.map((one) => nameOf(graph, one)).join(' ');
    const transient = Array.from(node.transient ?? [], ([path, supplier]) => path + (supplier < 0 ? '' : ' of ' + String(supplier + 1))).sort();
    return (nameOf(graph, at) + ' < ' + names(node.before) + ' / ' + names(node.after)).replace(/ \/ $/, '').replace(/ < $/, '').replace(' <  /', ' /') + (transient.length === 0 ? '' : ', ' + transient.join(', '));
  });
}

const GRAPHS: [string, string[], string[], string[]?][] = [
  ['a chain', ['x1 > a1', 'a1 > b1', 'b1 > c1'], ['1', '2 < 1', '3 < 2']],
  ['a run that owns nothing any more is no step', ['> a1', '> a2'], ['2']],
  ['a run that failed, or ran in a scratch tree, is no step', ['> a1', '!a1 > b1', '~a1 > c1'], ['1']],
  ['a maker that was replaced by another later comes before its readers', ['x1 > a1', 'a1 > b1', 'z1 > a2'], ['2 < 3', '3']],
  ['a run with results left comes before the run that took over the others', ['x1 > a1 b1', 'x1 > a2'], ['1', '2 / 1']],
  ['a file that was looked for in vain and is made by another', ['%b > a1', 'x1 > b1'], ['1 < 2', '2']],
  ['a file changed in place', ['x1 > d1', 'd1 > d2', 'd2 > d3'], ['1', '2 < 1, d of 1', '3 < 2 / 1, d of 2']],
  ['a raw file changed in place', ['d1 > d2'], ['1, d']],
  ['an input that a step which comes from its reader overwrote', ['x1 > y1', 'y1 > x2'], ['1, x', '2 < 1']],
  ['the same with a maker of the first content', ['r1 > x1', 'x1 > y1', 'y1 > x2'], ['1', '2 < 1, x of 1', '3 < 2 / 1']],
  ['two files that are made from each other in turn', ['r1 > x1', 'x1 > y1', 'y1 > x2', 'x2 > y2', 'y2 > x3'],
    ['1', '2 < 1, x of 1', '3 < 2, y of 2', '4 < 3 / 2, x of 3', '5 < 4 / 1 3']],
  ['a larger circle is opened where it was closed', ['x1 > a1', 'a1 > b1', 'b1 > c1', 'c1 > x2'], ['1, x', '2 < 1', '3 < 2', '4 < 3']],
  ['an input that was moved away', ['r1 > t1', 't1 > o1 ; t'], ['1', '2 < 1, t of 1']],
  ['another reader of what was moved away comes before it goes', ['r1 > t1', 't1 > p1', 't1 > o1 ; t'], ['1', '2 < 1, t of 1', '3 < 1 / 2, t of 1']],
  ['a raw input that was moved away', ['t1 > o1 ; t'], ['1, t']],
  ['a path that was removed before it was read anew is raw', ['> t1', 't1 > o1 ; t', 't7 > p1'], ['1', '2 < 1, t of 1', '3']],
  ['a run stands in the place of the one that it redoes', ['x1 > a1', 'a1 > b1', '^1 x2 > a2'], ['3', '2 < 3']],
  ['a redone run does not take a path back from a later one', ['x1 > a1 b1', 'x1 > a2', '^1 x2 > a3 b2'], ['3', '2 / 3']],
  ['edits in place, of which the first was redone', ['x1 > d1', 'd1 > d2', 'd2 > d3', '^1 x2 > d4'], ['4', '2 < 4, d of 4', '3 < 2 / 4, d of 2']],
  ['edits in place, all redone', ['x1 > d1', 'd1 > d2', 'd2 > d3', '^1 x2 > d4', '^2 d4 > d5', '^3 d5 > d6'], ['4', '5 < 4, d of 4', '6 < 5 / 4, d of 5']],
  ['a run that failed redoes nothing', ['x1 > a1', '!^1 x2 > a2'], ['1']],
  ['what was redone twice', ['x1 > a1', '^1 x2 > a2', '^2 x3 > a3'], ['3']],
  ['two that redo the same', ['x1 > a1', '^1 x2 > a2', '^1 x3 > a3'], ['3']],
  ['a redone run that is not there', ['^9 x1 > a1'], ['1']],
  ['planned steps come last, as planned', ['x1 > a1'], ['1', 'q', 'p < q'], ['q: x > m', 'p: m > n']],
  ['a planned step reads what a run made', ['x1 > a1'], ['1', 'p < 1'], ['p: a > b']],
  ['a recorded step reads what a planned one is to make', ['y1 > b1'], ['1 < p', 'p'], ['p: > y']],
  ['a planned step that was run', ['@p x1 > a1', 'a1 > b1'], ['1', '2 < 1'], ['p: x > a']],
  ['of the runs of a planned step only the last counts', ['@p x1 > a1 c1', '@p x2 > a2'], ['2'], ['p: x > a']],
  ['a planned step without results is one all the same', ['@p x1 >'], ['1'], ['p: x >']],
  ['a run whose step is not planned any more', ['@p x1 > a1'], ['1']],
  ['planned folders and globs', ['x1 > in/a1', 'x1 > in/b1', 'out/z1 > k1'], ['1', '2', '3 < q', 'p < 1 2', 'q < p', 'r < p'], ['p: in > mid/*.csv', 'q: mid > out', 'r: mid/a.csv > s']],
  ['what a planned glob names and another makes is that other\'s', ['x1 > res/a1', 'res/a1 > b1'], ['1', '2 < 1', 'p'], ['p: y > res/*']],
  ['a planned step takes over a path by its name', ['x1 > a1', 'a1 > b1'], ['1', '2 < 1 p', 'p / 1'], ['p: y > a']],
  ['planned steps that go round', [], ['p, b', 'q < p'], ['p: b > a', 'q: a > b']],
];

for (const [name, runs, expected, plan] of GRAPHS) {
  test('buildStepGraph(): ' + name, () => { assert.deepEqual(describeGraph(graphOf(runs, plan)), expected); });
}

test('buildStepGraph() of histories of 100,000 runs: a chain, a chain of edits in place, a circle', () => {
  const count = 100000;
  const chain = Array.from({ length: count }, (_, n) => 'f' + String(n) + 'c1 > f' + String(n + 1) + 'c1');
  const graph = graphOf(chain);
  assert.ok(sortSteps(graph, graph.nodes.keys()).every((one, at) => one === at));
  const reversed = graphOf(chain.slice().reverse());
  assert.ok(sortSteps(reversed, reversed.nodes.keys()).every((one, at) => one === count - 1 - at), 'each comes before those that were recorded earlier');
  const edits = graphOf(Array.from({ length: count }, (_, n) => 'd' + String(n + 1) + ' > d' + String(n + 2)));
  assert.equal(edits.nodes.length, count);
  assert.ok(edits.nodes.every((node, at) => at === 0 || node.before[0] === at - 1));
  const circle = graphOf(chain.concat('f' + String(count) + 'c1 > f0c2'));
  assert.deepEqual(Array.from(circle.nodes[0].transient ?? []), [['f0c', -1]]);
  assert.ok(sortSteps(circle, circle.nodes.keys()).every((one, at) => one === at));
});

test('findCircles() agrees with who can reach whom, on random graphs', () => {
  let state = 7;
  const random = (below: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor(state / 65536) % below;
  };
  for (let round = 0; round < 300; round++) {
    const count = 1 + random(9);
    const next = Array.from({ length: count }, () => Array.from({ length: random(4) }, () => random(count)));
    const reach = next.map((to, from) => next.map((_, at) => at === from || to.indexOf(at) >= 0));
    for (let k = 0; k < count; k++) for (let i = 0; i < count; i++) for (let j = 0; j < count; j++) reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
    const circles = findCircles(next);
    for (let i = 0; i < count; i++) for (let j = 0; j < count; j++) assert.equal(circles[i] === circles[j], reach[i][j] && reach[j][i], JSON.stringify(next));
  }
});

test('sortSteps(), withAllBefore(), withAllAfter() follow the edges', () => {
  const graph = graphOf(['x1 > a1', 'a1 > b1', 'z1 > c1', 'b1 c1 > d1', 'a1 > e1']);
  assert.deepEqual(Array.from(withAllBefore(graph, [3])).sort(), [0, 1, 2, 3]);
  assert.deepEqual(Array.from(withAllAfter(graph, [1])).sort(), [1, 3]);
  assert.deepEqual(sortSteps(graph, [4, 3, 1]), [1, 3, 4]);
});

// ---- causes ----------------------------------------------------------------------------------------

type Disk = { files?: string[]; secrets?: { [path: string]: string }; parameters?: { [name: string]: string }; variables?: string[]; folders?: { [pattern: string]: string[] } };

function presentOf(graph: StepGraph, disk: Disk): Present {
  const files = new Map((disk.files ?? []).map(fileOf).map((file) => [file.path, file]));
  return {
    hasKey: true, stateOf: (path) => files.get(path), secretOf: (path) => disk.secrets?.[path], parameterOf: (path, key) => disk.parameters?.[path + ':' + key],
    variableOf: (name) => disk.variables?.find((line) => line.startsWith(name + '=') || line.startsWith(name + ' ')), filesOf: (pattern) => disk.folders?.[pattern] ?? [], environmentOf: () => [],
    runOf: (node) => graph.runs[graph.nodes[node].run], isRedone: () => false, writerOf: () => undefined,
  };
}

/** What is said of each step that must be redone. */
function causesOf(runs: Run[], disk: Disk, plan: string[] = []): string[] {
  const graph = buildStepGraph(runs.map(stepRunOf), plan.map(ruleOf));
  const present = presentOf(graph, disk);
  const told: string[] = [];
  graph.nodes.forEach((_, at) => { for (const cause of findStepCauses(graph, at, present)) told.push(nameOf(graph, at) + ': ' + describeCause(cause)); });
  return told;
}

const CAUSES: [string, string[], string[], string[]][] = [
  ['nothing', ['x1 > a1', 'a1 > b1'], ['x1', 'a1', 'b1'], []],
  ['a raw input changed', ['x1 > a1', 'a1 > b1'], ['x2', 'a1', 'b1'], ['1: input x changed']],
  ['code changed', ['s.py1 > a1'], ['s.py2', 'a1'], ['1: code s.py changed']],
  ['a raw input is gone', ['x1 > a1'], ['a1'], ['1: input x is gone']],
  ['a result is missing: its reader is not to blame', ['x1 > a1', 'a1 > b1'], ['x1', 'b1'], ['1: result a is missing']],
  ['a result changed by hand: its reader would read that', ['x1 > a1', 'a1 > b1'], ['x1', 'a9', 'b1'], ['1: result a was changed', '2: input a changed']],
  ['an input was made anew', ['x1 > a1', 'a1 > b1', 'x2 > a2'], ['x2', 'a2', 'b1'], ['2: input a was made anew by 000003']],
  ['an input was made anew, with the same content', ['x1 > a1', 'a1 > b1', 'x2 > a1'], ['x2', 'a1', 'b1'], []],
  ['what cannot be read is taken for what it was', ['x1 > a1'], ['x?', 'a?'], []],
  ['content that was not known', ['x? > a1'], ['x5', 'a1'], []],
  ['a folder as input', ['x-d > a1'], ['a1'], []],
  ['the executable bit is no content; a link is', ['x1 y1 > a1'], ['x1x', 'y1l', 'a1'], ['1: input y changed']],
  ['a file has appeared', ['%n > a1'], ['n5', 'a1'], ['1: n is there now, and was not']],
  ['a file that was overwritten by what comes from its reader', ['x1 > y1', 'y1 > x2'], ['x2', 'y1'], []],
  ['the same, changed by hand: it is a result', ['x1 > y1', 'y1 > x2'], ['x7', 'y1'], ['2: result x was changed']],
  ['a file changed in place', ['x1 > d1', 'd1 > d2', 'd2 > d3'], ['x1', 'd3'], []],
  ['a file changed in place, the first step was redone', ['x1 > d1', 'd1 > d2', 'd2 > d3', '^1 x2 > d4'], ['x2', 'd4'], ['2: input d was made anew by 000004', '3: result d was changed']],
  ['an input that was moved away', ['r1 > t1', 't1 > o1 ; t'], ['r1', 'o1'], []],
  ['an input that was moved away, and its maker was redone', ['r1 > t1', 't1 > o1 ; t', '^1 r2 > t2'], ['r2', 't2', 'o1'], ['2: input t was made anew by 000003']],
  ['results of a run that lost them are not looked at', ['x1 > a1 b1', 'x1 > a2'], ['x1', 'a2', 'b1'], []],
];

for (const [name, runs, files, expected] of CAUSES) {
  test('findStepCauses(): ' + name, () => { assert.deepEqual(causesOf(runs.map(runOf), { files }), expected); });
}

test('findStepCauses(): planned steps', () => {
  const files = ['x1', 'a1'];
  assert.deepEqual(causesOf([], { files }, ['p: x > a']), ['p: never run']);
  const done = [runOf('@p x1 > a1', 0)];
  assert.deepEqual(causesOf(done, { files }, ['p: x > a']), []);
  assert.deepEqual(causesOf(done, { files }, ['p*: x > a']), ['1: its command is changed']);
  assert.deepEqual(causesOf(done, { files }, []), [], 'it goes on as a recorded step');
});

test('findStepCauses(): of a parameter file only its keys count', () => {
  const run = runOf('p.yaml1 x1 > a1', 0);
  run.parameterFiles = ['p.yaml'];
  run.parameters = ['p.yaml:train.lr 0.1', 'gamma 3'];
  const say = (files: string[], parameters: Disk['parameters']): string[] => causesOf([run], { files, parameters });
  assert.deepEqual(say(['p.yaml2', 'x1', 'a1'], { 'p.yaml:train.lr': '0.1' }), [], 'the rest of the file is other');
  assert.deepEqual(say(['p.yaml2', 'x1', 'a1'], { 'p.yaml:train.lr': '0.2' }), ['1: parameter p.yaml:train.lr: 0.2, was 0.1']);
  assert.deepEqual(say(['p.yaml2', 'x1', 'a1'], {}), ['1: parameter p.yaml:train.lr is gone, was 0.1']);
  assert.deepEqual(say(['x1', 'a1'], {}), ['1: input p.yaml is gone']);
  run.sweep = { label: 's', number: 1 };
  assert.deepEqual(say(['p.yaml2', 'x1', 'a1'], { 'p.yaml:train.lr': '0.2' }), [], 'a point of a sweep has its own');
  assert.equal(splitFileParameter('gamma 3', ['p.yaml']), undefined);
});

test('findStepCauses(): declared variables, secret files, new files of a declared folder', () => {
  const run = runOf('in/a1 > o1', 0);
  run.declaredVariables = ['N', 'M', 'TOKEN', 'U'];
  run.variables = ['N=1', 'M=2', 'LANG=C'];
  run.variableHashes = ['TOKEN 0011'];
  run.secretInputs = ['aaaa .netrc'];
  run.declaredInputs = ['in', 'in/a'];
  const say = (disk: Disk): string[] => causesOf([run], { files: ['in/a1', 'o1'], secrets: { '.netrc': 'aaaa' }, folders: { in: ['in/a'] }, ...disk });
  assert.deepEqual(say({}), [], 'what is not set is as it was');
  assert.deepEqual(say({ variables: ['N=1', 'M=2', 'TOKEN 0011'] }), []);
  assert.deepEqual(say({ variables: ['N=1', 'M=3', 'TOKEN 0022', 'U=x', 'LANG=de'] }), ['1: variable M: 3, was 2', '1: variable TOKEN changed', '1: variable U: x, was not set']);
  assert.deepEqual(say({ secrets: { '.netrc': 'bbbb' } }), ['1: secret input .netrc changed']);
  assert.deepEqual(say({ secrets: { '.netrc': '?' } }), []);
  assert.deepEqual(say({ secrets: {} }), ['1: input .netrc is gone']);
  assert.deepEqual(say({ folders: { in: ['in/a', 'in/b'] } }), ['1: input in/b is new']);
  run.observed = 'strace 6.1';
  assert.deepEqual(say({ folders: { in: ['in/a', 'in/b'] } }), [], 'what it did not read when it was watched is no input');
});

test('describeCauses() keeps to a few', () => {
  const causes = Array.from({ length: 6 }, (_, n): StepCause => ({ kind: 'missing', path: 'f' + String(n) }));
  assert.equal(describeCauses(causes), 'result f0 is missing; result f1 is missing; result f2 is missing; and 3 more');
  assert.equal(describeCauses(causes.slice(0, 4)).split('; ').length, 4);
});

test('makePatternTester() takes a file, what is in a folder, what a glob fits and what is below', () => {
  const fits = (pattern: string, path: string): boolean => makePatternTester(pattern)(path);
  assert.ok(fits('a', 'a') && fits('a', 'a/b') && fits('.', 'x/y') && fits('*.csv', 'a.csv') && fits('d*', 'dd/x/y'));
  assert.ok(!fits('a', 'ab') && !fits('*.csv', 'a/b.csv') && !fits('d/*', 'e/x'));
});
