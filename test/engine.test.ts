// engine.test.ts - graphs of steps: order, several at once, failures, signals, limits, jobserver, what a kill leaves.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { recoverAside } from '../src/sys/aside.ts';
import { projectAt } from '../src/sys/project.ts';
import type { Done, RunOptions } from './rig.ts';
import { checkDerived, checkSeals, hasProgram, listLeftovers, listRecords, makeProject, makeSlowTracer, makeTemporary, run, sleep, startProgram, waitUntil } from './rig.ts';
import { killIn, listAside, listProcessesIn, readAllRuns, readTree } from './enginerig.ts';
import type { Graph, GraphStep } from './enginedriver.ts';

const DRIVER = path.join(__dirname, 'enginedriver.js');

function writeGraph(project: string, graph: Graph): string[] {
  const name = path.join(project, '.rr', 'graph.json');
  fs.writeFileSync(name, JSON.stringify(graph));
  return [process.execPath, DRIVER, name];
}

function make(project: string, graph: Graph, options: RunOptions = {}): Done {
  return run(project, writeGraph(project, graph), { timeoutMs: 120000, ...options });
}

function step(key: string, before: string[], script: string, more: Partial<GraphStep> = {}): GraphStep {
  return { key, before, script, outputs: [key + '.txt'], ...more };
}

/** 'a done b failed ...' */
function outcomesOf(done: Done): string {
  return done.stdout.split('\n').filter((line) => line[0] === '=').map((line) => line.slice(1)).join(', ');
}

/** Lines that the engine says. */
function saidBy(done: Done): string[] {
  return done.stderr.split('\n').filter((line) => line !== '').map((line) => line.replace(/\d{8}T\d{6}Z-[a-z2-7]{6}/g, 'ID'));
}

const CHAIN: GraphStep[] = [
  step('a', [], 'echo 1 > a.txt'), step('b', ['a'], 'cat a.txt a.txt > b.txt'), step('c', ['a'], 'cat a.txt > c.txt; echo c >> c.txt'), step('d', ['b', 'c'], 'cat b.txt c.txt > d.txt'),
];

test('runTasks() carries out what is needed and says why; then nothing', () => {
  const project = makeProject();
  const done = make(project, { steps: CHAIN });
  assert.equal(done.status, 0, done.stderr);
  assert.equal(outcomesOf(done), 'a done, b done, c done, d done');
  assert.deepEqual(saidBy(done), ['rr: a: never run', 'rr: b: never run', 'rr: c: never run', 'rr: d: never run']);
  assert.equal(readTree(project)['d.txt'], '1\n1\n1\nc\n');
  checkDerived(project, 'after a build');
  const again = make(project, { steps: CHAIN });
  assert.equal(outcomesOf(again), 'a skipped, b skipped, c skipped, d skipped');
  assert.deepEqual([again.stderr, listRecords(project).length], ['', 4]);
});

test('runTasks() with several slots gives the same, each step recorded by a process of its own', () => {
  const project = makeProject();
  const steps = CHAIN.concat(Array.from({ length: 12 }, (_, i) => step('x' + String(i), [], 'sleep 0.05; echo ' + String(i) + ' > x' + String(i) + '.txt; echo out; echo err >&2')));
  const done = make(project, { steps, slots: 4 });
  assert.equal(done.status, 0, done.stderr);
  const runs = readAllRuns(project);
  assert.equal(runs.length, 16);
  for (const one of runs) assert.deepEqual([one.status, one.outputs.length, one.uncertain.length, one.warnings], ['succeeded', 1, 0, []], one.label);
  // What each printed stands together.
  assert.equal(done.stdout.split('\n').filter((line) => line === 'out').length, 12);
  assert.equal(done.stderr.match(/rr: x\d+ printed:\nerr\n/g)?.length, 12);
  checkDerived(project, 'after a build with four slots');
  checkSeals(project, listRecords(project));
  assert.deepEqual([listLeftovers(project).filter((name) => !/graph\.json|pipes/.test(name)), listAside(project)], [[], []]);
  assert.equal(outcomesOf(make(project, { steps, slots: 4 })).replace(/[a-z]\d* skipped(, )?/g, ''), '');
});

test('runTasks(): ids are in the order in which steps depended on each other', () => {
  const project = makeProject();
  const steps = Array.from({ length: 12 }, (_, i) => step('s' + String(i), i < 3 ? [] : ['s' + String(i - 3)], 'echo > s' + String(i) + '.txt'));
  assert.equal(make(project, { steps, slots: 3 }).status, 0);
  const ids = new Map(readAllRuns(project).map((one) => [one.label, one.id]));
  for (let i = 3; i < 12; i++) assert.ok(String(ids.get('s' + String(i - 3))) < String(ids.get('s' + String(i))));
});

test('runTasks(): a diamond with one failure under 8 slots and keepGoing', () => {
  const project = makeProject();
  const steps = [step('a', [], 'echo 1 > a.txt'), step('b', ['a'], 'echo half > b.txt; echo bad >&2; exit 3'), step('c', ['a'], 'sleep 0.2; echo c > c.txt'), step('d', ['b', 'c'], 'echo d > d.txt'), step('e', ['c'], 'echo e > e.txt')];
  const done = make(project, { steps, slots: 8, keepGoing: true });
  assert.equal(outcomesOf(done), 'a done, b failed, c done, d blocked b, e done');
  assert.deepEqual(Object.keys(readTree(project)), ['a.txt', 'c.txt', 'e.txt']);
  assert.deepEqual(listAside(project), ['*/b.txt']);
  assert.ok(saidBy(done).indexOf('rr: b failed: exit 3; what it wrote is in .rr/aside/ID') > 0, done.stderr);
  assert.match(done.stderr, /rr: b printed:\nbad\n/);
  const stopped = make(project, { steps, slots: 1 });
  assert.equal(outcomesOf(stopped), 'a skipped, b failed, c blocked, d blocked b, e blocked');
});

test('runTasks(): what cannot be carried out blocks what depends on it', () => {
  const project = makeProject();
  const done = make(project, { steps: CHAIN, cannot: ['b'], keepGoing: true });
  assert.equal(outcomesOf(done), 'a done, b failed, c done, d blocked b');
});

test('runTasks(): retries are records each, and the last one counts', () => {
  const project = makeProject();
  const steps = [step('a', [], 'echo x >> tries; test $(wc -l < tries) -ge 3 || exit 1; echo ok > a.txt', { more: { declaredInputs: ['tries'] } }), step('b', ['a'], 'cat a.txt > b.txt')];
  fs.writeFileSync(path.join(project, 'tries'), '');
  const done = make(project, { steps, retries: 3, slots: 2 });
  assert.equal(outcomesOf(done), 'a done, b done');
  assert.deepEqual(readAllRuns(project).map((one) => one.status), ['failed', 'failed', 'succeeded', 'succeeded']);
  assert.ok(saidBy(done).indexOf('rr: a: never run (once more, after 2 failures)') > 0, done.stderr);
});

test('runTasks(): the time limit of each step', () => {
  const project = makeProject();
  const done = make(project, { steps: [step('a', [], 'echo half > a.txt; sleep 100'), step('b', [], 'echo b > b.txt')], timeoutS: 0.4, keepGoing: true, slots: 2 });
  assert.equal(outcomesOf(done), 'a failed, b done');
  assert.match(done.stderr, /a failed: stopped after 0\.4 s; what it wrote/);
  assert.deepEqual(readTree(project), { 'b.txt': 'b\n' });
});

test('runTasks() quiet: failures alone, with the last they printed', () => {
  const project = makeProject();
  const done = make(project, { steps: [step('a', [], 'echo fine; echo > a.txt'), step('b', [], 'seq 30; exit 1')], quiet: true, keepGoing: true, slots: 2 });
  assert.deepEqual([saidBy(done).length, saidBy(done)[0], saidBy(done)[20]], [21, '11', 'rr: b failed: exit 1']);
  assert.equal(done.stdout.indexOf('fine'), -1);
});

// ---- limits -----------------------------------------------------------------------------------------------

/** A step that notes when it begins and ends. */
function noting(key: string, more: Partial<GraphStep> = {}): GraphStep {
  return step(key, [], 'echo "+ ' + key + '" >> log; sleep 0.15; echo "- ' + key + '" >> log; echo > ' + key + '.txt', { more: { observed: 'none' }, ...more });
}

/** The most that were at work at once. */
function mostAtOnce(project: string, weightOf: (key: string) => number): number {
  let now = 0;
  let most = 0;
  for (const line of fs.readFileSync(path.join(project, 'log'), 'latin1').trim().split('\n')) {
    now += (line[0] === '+' ? 1 : -1) * weightOf(line.slice(2));
    most = Math.max(most, now);
  }
  return most;
}

test('runTasks(): no more slots are used than there are, and those that there are', () => {
  const project = makeProject();
  const steps = Array.from({ length: 10 }, (_, i) => noting('s' + String(i), { cpus: i % 3 === 0 ? 2 : 1 }));
  assert.equal(make(project, { steps, slots: 3 }).status, 0);
  assert.equal(mostAtOnce(project, (key) => (Number(key.slice(1)) % 3 === 0 ? 2 : 1)), 3);
});

test('runTasks(): the memory that steps are expected to need stays below the limit', () => {
  const project = makeProject();
  const steps = Array.from({ length: 6 }, (_, i) => noting('s' + String(i), { memoryBytes: 40 }));
  assert.equal(make(project, { steps, slots: 4, memoryBytes: 100 }).status, 0);
  assert.equal(mostAtOnce(project, () => 40), 80);
});

test('runTasks(): above the load that is allowed there is always one', () => {
  const project = makeProject();
  assert.equal(make(project, { steps: [noting('a'), noting('b'), noting('c')], slots: 3, maxLoad: 0.001 }).status, 0);
  assert.equal(mostAtOnce(project, () => 1), 1);
});

// ---- signals ----------------------------------------------------------------------------------------------

const SLOW: GraphStep[] = [
  step('a', [], 'echo half > a.txt; echo > a.on; sleep 100; echo whole > a.txt'), step('b', [], 'echo half > b.txt; echo > b.on; sleep 100; echo whole > b.txt'), step('c', ['a'], 'echo > c.txt'),
];

for (const slots of [1, 2]) {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    test('runTasks() with ' + String(slots) + ' slots: ' + signal + ' reaches the steps, which are recorded as interrupted', async () => {
      const project = makeProject();
      const { child, ended } = startProgram(project, writeGraph(project, { steps: SLOW, slots }));
      await waitUntil('steps run', () => fs.existsSync(path.join(project, 'a.on')) && (slots === 1 || fs.existsSync(path.join(project, 'b.on'))));
      child.kill(signal);
      const done = await ended;
      assert.equal(done.status, 1, done.stderr);
      assert.match(outcomesOf(done), new RegExp('^a failed, b ' + (slots === 1 ? 'blocked' : 'failed') + ', c blocked a, signal ' + signal + '$'));
      assert.deepEqual(readAllRuns(project).map((one) => one.status), slots === 1 ? ['interrupted'] : ['interrupted', 'interrupted']);
      assert.equal(fs.existsSync(path.join(project, 'a.txt')), false);
      assert.ok(listAside(project).indexOf('*/a.txt') >= 0);
      await waitUntil('nothing goes on', () => listProcessesIn(project).length === 0);
    });
  }
}

const NEEDS_STRACE = hasProgram('strace') ? false : 'strace is missing';

test('runTasks(): a signal before the traced command begins reaches it, and not its tracer', { skip: NEEDS_STRACE }, async () => {
  const project = makeProject();
  const job = step('a', [], 'echo > a.txt; sleep 100; : wait-here');
  const { child, ended } = startProgram(project, writeGraph(project, { steps: [job], slots: 1 }), { env: makeSlowTracer() });
  await waitUntil('the tracer waits', () => fs.existsSync(path.join(project, 'waiting')));
  await sleep(200);
  child.kill('SIGTERM');
  await sleep(100);
  fs.writeFileSync(path.join(project, 'go'), '');
  assert.match(outcomesOf(await ended), /signal SIGTERM$/);
  assert.deepEqual(readAllRuns(project).map((one) => [one.status, one.signal]), [['interrupted', 'SIGTERM']]);
  assert.equal(fs.existsSync(path.join(project, 'signalled')), false);
});

test('runTasks(): a signal that a traced command catches comes once', { skip: NEEDS_STRACE }, async () => {
  const project = makeProject();
  const got = path.join(makeTemporary(), 'got');
  // It has no process beside its own.
  const job = step('a', [], 'trap "echo t >> ' + got + '" TERM; echo > a.on; i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done; exit 7');
  const { child, ended } = startProgram(project, writeGraph(project, { steps: [job], slots: 1 }));
  await waitUntil('the step runs', () => fs.existsSync(path.join(project, 'a.on')));
  child.kill('SIGTERM');
  await ended;
  assert.deepEqual(readAllRuns(project).map((one) => one.exit), [7]);
  assert.equal(fs.readFileSync(got, 'latin1'), 't\n');
});

test('runTasks(): a second signal kills what does not stop', async () => {
  const project = makeProject();
  const { child, ended } = startProgram(project, writeGraph(project, { steps: [step('a', [], 'trap "" TERM; echo > a.on; sleep 100 & wait; sleep 100')], slots: 2 }));
  await waitUntil('the step runs', () => fs.existsSync(path.join(project, 'a.on')));
  child.kill('SIGTERM');
  await sleep(300);
  assert.equal(child.exitCode, null);
  child.kill('SIGTERM');
  assert.equal((await ended).status, 1);
  assert.deepEqual(readAllRuns(project).map((one) => [one.status, one.signal]), [['interrupted', 'SIGKILL']]);
});

// ---- one at a time ----------------------------------------------------------------------------------------

test('runTasks(): a second one in the project is refused, naming the first; afterwards it is not', async () => {
  const project = makeProject();
  const { child, ended } = startProgram(project, writeGraph(project, { steps: SLOW, slots: 1 }));
  await waitUntil('the step runs', () => fs.existsSync(path.join(project, 'a.on')));
  const second = run(project, [process.execPath, DRIVER, path.join(project, '.rr/graph.json')]);
  assert.equal(second.status, 70);
  assert.match(second.stderr, new RegExp('another rr is at work on the steps of this project: process ' + String(child.pid) + ' on '));
  // What the first one holds is not waited for, either.
  await assert.rejects(recoverAside(projectAt(project), () => undefined), /another rr is at work/);
  child.kill('SIGKILL');
  await ended;
  killIn(project);
  const third = make(project, { steps: [step('x', [], 'echo > x.txt')] });
  assert.equal(third.status, 0, third.stderr);
  assert.deepEqual(fs.readdirSync(path.join(project, '.rr/making')), []);
});
