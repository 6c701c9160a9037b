// jobserver.test.ts - slots shared with real makes, around rr and in its steps.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { parseJobserver, printJobserver } from '../src/formats/makeflags.ts';
import type { JobserverPlace } from '../src/formats/makeflags.ts';
import { hasProgram, makeProject, run, sleep, startProgram, waitUntil } from './rig.ts';
import { killIn, readAllRuns } from './enginerig.ts';
import type { Graph, GraphStep } from './enginedriver.ts';

const DRIVER = path.join(__dirname, 'enginedriver.js');
const NO_MAKE = hasProgram('make') && /GNU Make/.test(run('/', ['make', '--version']).stdout) ? false : 'needs GNU make';

const PLACES: [string, JobserverPlace | undefined][] = [
  ['', undefined], ['kr', undefined], [' -j4 --jobserver-auth=3,4', { kind: 'pipe', read: 3, write: 4 }], ['w -j --jobserver-fds=5,6 -- X=--jobserver-auth=1,2', { kind: 'pipe', read: 5, write: 6 }],
  [' -j2 --jobserver-auth=fifo:/tmp/GMfifo1', { kind: 'fifo', name: '/tmp/GMfifo1' }], [' -j2 --jobserver-auth=fifo:/tmp/a\\ b', { kind: 'fifo', name: '/tmp/a b' }],
  [' --jobserver-fds=3,4 -j --jobserver-auth=-2,-2', undefined], [' --jobserver-auth=3', undefined], [' --jobserver-auth=sem:x', undefined],
];

test('parseJobserver() finds the place of the tokens in MAKEFLAGS', () => {
  for (const [text, place] of PLACES) assert.deepEqual(parseJobserver(text), place, text);
  for (const [, place] of PLACES) if (place !== undefined) assert.deepEqual(parseJobserver(printJobserver(3, place)), place);
});

/** What notes its begin and end, and takes its time in between. */
const COMPILE = 'echo + >> log; sleep 0.12; echo - >> log';

const NESTED = 'all: a b c d e f\n.PHONY: all a b c d e f\na b c d e f:\n\t@' + COMPILE + '\n';

function mostInLog(project: string): number {
  let now = 0;
  let most = 0;
  for (const sign of fs.readFileSync(path.join(project, 'log'), 'latin1').trim().split('\n')) {
    now += sign === '+' ? 1 : -1;
    most = Math.max(most, now);
  }
  return most;
}

/** Never more than the slots; more than one at once, if there are, also on a machine that is very busy. */
function checkMost(project: string, slots: number): void {
  const most = mostInLog(project);
  assert.ok(most <= slots && most >= Math.min(slots, 2), 'at once ' + String(most) + ' of ' + String(slots));
}

function makeStep(key: string, script: string, more: Partial<GraphStep> = {}): GraphStep {
  return { key, before: [], script, outputs: [], ...more };
}

function writeGraph(project: string, graph: Graph): string {
  const name = path.join(project, '.rr', 'graph.json');
  fs.writeFileSync(name, JSON.stringify(graph));
  return name;
}

function prepare(graph: Graph): { project: string; name: string } {
  const project = makeProject();
  fs.writeFileSync(path.join(project, 'nested.mk'), NESTED);
  return { project, name: writeGraph(project, graph) };
}

for (const observed of ['auto', 'none']) {
  test('makes in steps share the slots of rr, ' + (observed === 'auto' ? 'traced' : 'untraced'), { skip: NO_MAKE }, () => {
    const steps = ['x', 'y', 'z'].map((key) => makeStep(key, 'make -rRsf nested.mk', { more: { observed } })).concat(makeStep('v', COMPILE, { more: { observed } }));
    const { project, name } = prepare({ steps, slots: 3 });
    const done = run(project, [process.execPath, DRIVER, name], { timeoutMs: 120000 });
    assert.equal(done.status, 0, done.stderr);
    assert.doesNotMatch(done.stderr, /jobserver/);
    checkMost(project, 3);
  });
}

test('a make alone in rr has all slots, one in a step of two slots has two, and with one slot it has one', { skip: NO_MAKE }, () => {
  for (const [cpus, slots, most] of [[1, 3, 3], [2, 4, 2], [1, 1, 1]]) {
    const { project, name } = prepare({ steps: [makeStep('x', 'make -rRsf nested.mk', { cpus, more: { observed: 'none' } })], slots });
    const done = run(project, [process.execPath, DRIVER, name], { timeoutMs: 120000 });
    assert.equal(done.status, 0, done.stderr);
    checkMost(project, most);
  }
});

test('the jobserver is in no record', { skip: NO_MAKE }, () => {
  const environments = [1, 3].map((slots) => {
    const { project, name } = prepare({ steps: [makeStep('x', 'echo "$MAKEFLAGS" > x', { outputs: ['x'] }), makeStep('y', 'echo y > y', { outputs: ['y'] })], slots });
    assert.equal(run(project, [process.execPath, DRIVER, name]).status, 0);
    assert.equal(/jobserver-auth/.test(fs.readFileSync(path.join(project, 'x'), 'latin1')), slots === 3);
    const records = run(project, ['sh', '-c', 'cat provenance/runs/*/* provenance/environments/*']).stdout;
    assert.doesNotMatch(records, /jobserver-|MAKEFLAGS=/);
    return readAllRuns(project).map((one) => one.environment);
  });
  assert.deepEqual(environments[0].sort(), environments[1].sort());
});

/** A make of three slots with rr in one of its recipes and jobs beside it. */
function writeAround(project: string, name: string, plus: string): string {
  const rr = plus + '"' + process.execPath + '" "' + DRIVER + '" "' + name + '"';
  fs.writeFileSync(path.join(project, 'around.mk'), 'all: rr 1 2 3 4 5 6\n.PHONY: all rr 1 2 3 4 5 6\nrr:\n\t' + rr + '\n1 2 3 4 5 6:\n\t@' + COMPILE + '\n');
  return 'around.mk';
}

test('rr in a make takes its slots from it and gives them back', { skip: NO_MAKE }, () => {
  const steps = Array.from({ length: 6 }, (_, i) => makeStep('s' + String(i), COMPILE, { more: { observed: 'none' } })).concat(makeStep('x', 'make -rRsf nested.mk', { more: { observed: 'none' } }));
  const { project, name } = prepare({ steps, slots: 8 });
  const done = run(project, ['make', '-rR', '-j3', '-f', writeAround(project, name, '+')], { timeoutMs: 120000 });
  assert.equal(done.status, 0, done.stderr);
  assert.doesNotMatch(done.stderr, /tokens|jobserver/);
  checkMost(project, 3);
});

test('rr gives the slots of a make back when a signal ends it', { skip: NO_MAKE }, async () => {
  const steps = Array.from({ length: 6 }, (_, i) => makeStep('s' + String(i), 'echo > on' + String(i) + '; exec sleep 100', { more: { observed: 'none' } }));
  const { project, name } = prepare({ steps, slots: 8 });
  const around = startProgram(project, ['make', '-rR', '-j3', '-f', writeAround(project, name, '+'), 'rr', '1']);
  await waitUntil('steps run', () => fs.existsSync(path.join(project, 'on0')) && fs.existsSync(path.join(project, 'on1')));
  await sleep(50);
  const making = fs.readdirSync(path.join(project, '.rr/making'))[0];
  process.kill(Number(making.split('-')[0]), 'SIGTERM');
  const done = await around.ended;
  assert.notEqual(done.status, 0);
  assert.doesNotMatch(done.stderr, /tokens/);
  assert.match(done.stdout, /=signal SIGTERM/);
  killIn(project);
});

test('rr says so where a make keeps its jobserver to itself, and uses one slot', { skip: NO_MAKE }, () => {
  const steps = Array.from({ length: 3 }, (_, i) => makeStep('s' + String(i), COMPILE, { more: { observed: 'none' } }));
  const { project, name } = prepare({ steps, slots: 8 });
  const done = run(project, ['make', '-rR', '-j3', '-f', writeAround(project, name, ''), 'rr']);
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stderr, /rr: the jobserver of the make around rr is not to be had: one step at a time/);
  checkMost(project, 1);
});

test('JobTokens without a pool, as on a system that shares no descriptors, hold for any number of slots', () => {
  const program = 'const { JobTokens } = require(process.argv[1]); const tokens = new JobTokens(undefined, undefined, false); console.log(tokens.holdFor(3), tokens.holdFor(1), tokens.holdFor(8)); tokens.close();';
  // In a process of its own: one that waits for tokens which nobody has never ends.
  const done = run(makeProject(), [process.execPath, '-e', program, path.join(__dirname, '../src/sys/jobserver.js')], { timeoutMs: 20000 });
  assert.deepEqual([done.status, done.stdout], [0, 'true true true\n'], done.stderr);
});
