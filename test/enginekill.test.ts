// enginekill.test.ts - kill -9 at random instants of a build of 100 steps, again and again: nothing good is ever lost.
//
// RR_SOAK=N kills N times instead of 8 ("make torture": 100).
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { checkDerived, checkSeals, listRecords, makeLeftoversOld, makeProject, makeTemporary, run, sleep, startProgram } from './rig.ts';
import { killIn, listProcessesIn, readAllRuns } from './enginerig.ts';
import type { Graph, GraphStep } from './enginedriver.ts';

const DRIVER = path.join(__dirname, 'enginedriver.js');
const KILLS = Number(process.env.RR_SOAK ?? '8');
const STEPS = 100;
const PRIME = 1000003;

/** Where a step reads from: two earlier ones, or the seed. */
function sourcesOf(n: number): number[] {
  return n < 5 ? [] : [n - 5, Math.floor(n / 2)];
}

function outputOf(n: number): string {
  return n % 7 === 0 ? 'd' + String(n) + '/out' : 'r' + String(n);
}

/** Each writes a number that follows from what it reads, in two parts with a pause between; some into a folder that they make, some traced. */
function makeSteps(): GraphStep[] {
  return Array.from({ length: STEPS }, (_, n): GraphStep => {
    const inputs = n < 5 ? ['seed'] : sourcesOf(n).map(outputOf);
    const output = outputOf(n);
    const reads = inputs.map((name, i) => 'read v' + String(i) + ' w < ' + name + '; test "$w" = whole || exit 9; ').join('');
    const pause = n % 3 === 0 ? 'sleep 0.02; ' : '';
    const folder = n % 7 === 0 ? 'mkdir d' + String(n) + '; ' : '';
    const sum = '$(( (v0 * 3 + ' + (inputs.length > 1 ? 'v1 * 5 + ' : '') + String(n) + ') % ' + String(PRIME) + ' ))';
    const extra = n % 10 === 3 ? 'test $((v0 % 2)) = 0 || echo whole > extra' + String(n) + '; ' : '';
    return {
      key: 's' + String(n), before: sourcesOf(n).map((one) => 's' + String(one)), outputs: [output],
      script: reads + folder + 'printf "%s " "' + sum + '" > ' + output + '; ' + extra + pause + 'echo whole >> ' + output,
      more: { declaredInputs: inputs, observed: n % 10 === 3 ? 'auto' : 'none' },
    };
  });
}

/** What an undisturbed build gives, by its arithmetic. */
function expectTree(seed: number): Map<string, string> {
  const values: number[] = [];
  const files = new Map<string, string>();
  for (let n = 0; n < STEPS; n++) {
    const [first, second] = n < 5 ? [seed, undefined] : sourcesOf(n).map((one) => values[one]);
    values.push((first * 3 + (second === undefined ? 0 : second * 5) + n) % PRIME);
    files.set(outputOf(n), String(values[n]) + ' whole\n');
    if (n % 10 === 3 && first % 2 === 1) files.set('extra' + String(n), 'whole\n');
  }
  return files;
}

function readIfThere(name: string): string | undefined {
  try {
    return fs.readFileSync(name, 'latin1');
  } catch (error) {
    return undefined;
  }
}

/** Numerical Recipes' generator; the seed is told, so that a failure can be repeated as far as time allows. */
function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

type Victim = 'main' | 'worker' | 'group' | 'command';
const VICTIMS: Victim[] = ['main', 'worker', 'group', 'command'];

function childrenOf(pid: number): number[] {
  return (readIfThere('/proc/' + String(pid) + '/task/' + String(pid) + '/children') ?? '').split(' ').filter((one) => one !== '').map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    return; // it has ended meanwhile
  }
}

function killVictim(main: number, victim: Victim, random: () => number): void {
  const pick = (pids: number[]): number => pids[Math.floor(random() * pids.length)] ?? main;
  if (victim === 'group') kill(-main);
  else if (victim === 'main') kill(main);
  else if (victim === 'worker') kill(pick(childrenOf(main)));
  else kill(pick(childrenOf(main).reduce((all: number[], worker) => all.concat(childrenOf(worker)), [])));
}

/** Builds, and is killed meanwhile. True if it came to its end all the same. */
async function buildAndKill(project: string, graph: string, victim: Victim, afterMs: number, random: () => number): Promise<boolean> {
  const { child, ended } = startProgram('/', ['setsid', 'sh', '-c', 'cd "$1" && exec "$2" "$3" "$4"', 'sh', project, process.execPath, DRIVER, graph]);
  let isOver = false;
  void ended.then(() => { isOver = true; });
  for (let waitedMs = 0; waitedMs < afterMs && !isOver; waitedMs += 5) await sleep(Math.min(5, afterMs - waitedMs));
  if (!isOver) killVictim(child.pid as number, victim, random);
  const done = await ended;
  assert.doesNotMatch(done.stderr, /internal error|    at /, done.stderr);
  return done.status === 0;
}

/** After recovery each result is there and whole: as before this seed, or as of it. */
function checkWhole(project: string, before: Map<string, string>, now: Map<string, string>, what: string): void {
  for (const name of new Set(Array.from(before.keys()).concat(Array.from(now.keys())))) {
    const content = readIfThere(path.join(project, name));
    // Of a lost run nobody knows the files that no run before it made and that are not declared (rr.1, CARRYING OUT STEPS):
    // these may be half made until the next build makes them whole.
    const isUnknown = name.startsWith('extra') && before.get(name) === undefined && (now.get(name) as string).startsWith(content ?? '');
    assert.ok(isUnknown || content === before.get(name) || content === now.get(name), what + ': ' + name + ' is ' + JSON.stringify(content) + ', was ' + JSON.stringify(before.get(name)) + ', is to be ' + JSON.stringify(now.get(name)));
  }
}

test('kill -9 of main, a worker, a command or all of them, ' + String(KILLS) + ' times over builds of 100 steps', async () => {
  const project = makeProject();
  const seedOf = Number(process.env.RR_SOAK_SEED ?? process.pid);
  const random = makeRandom(seedOf);
  const graphs = makeTemporary();
  const write = (name: string, graph: Partial<Graph>): string => {
    fs.writeFileSync(path.join(graphs, name), JSON.stringify({ steps: makeSteps(), slots: 3, ...graph }));
    return path.join(graphs, name);
  };
  const [all, none] = [write('all', {}), write('none', { steps: [] })];
  const build = (graph: string): string => {
    const done = run(project, [process.execPath, DRIVER, graph], { timeoutMs: 300000 });
    assert.equal(done.status, 0, done.stderr.slice(-2000));
    return done.stderr;
  };
  let before = new Map<string, string>();
  let kills = 0;
  let fullMs = 3000;
  for (let version = 1; kills < KILLS; version++) {
    fs.writeFileSync(path.join(project, 'seed'), String(version) + ' whole\n');
    const now = expectTree(version);
    for (let i = 0; i < 6 && kills < KILLS && version > 1; i++) {
      const victim = VICTIMS[kills % VICTIMS.length];
      const afterMs = random() * fullMs * 0.6;
      const what = 'kill ' + String(kills + 1) + ' (' + victim + ' after ' + afterMs.toFixed(0) + ' ms, version ' + String(version) + ', RR_SOAK_SEED=' + String(seedOf) + ')';
      const isDone = await buildAndKill(project, all, victim, afterMs, random);
      kills += 1;
      build(none);
      checkWhole(project, before, now, what);
      if (isDone) break;
    }
    const startMs = Date.now();
    build(all);
    if (version === 1) fullMs = Date.now() - startMs;
    for (const [name, content] of now) assert.equal(readIfThere(path.join(project, name)), content, name + ' of version ' + String(version));
    for (const name of before.keys()) if (!now.has(name)) assert.equal(readIfThere(path.join(project, name)), undefined, name);
    before = now;
  }
  assert.deepEqual(fs.readdirSync(path.join(project, '.rr/aside')).filter((name) => name.startsWith('held-') && fs.existsSync(path.join(project, '.rr/aside', name, 'list'))), []);
  assert.deepEqual(fs.readdirSync(path.join(project, '.rr/making')), []);
  makeLeftoversOld(project);
  build(none);
  assert.deepEqual(fs.readdirSync(path.join(project, '.rr/running')).filter((name) => /^\d{8}T\d{6}Z-[a-z2-7]{6}$/.test(name)), []);
  checkDerived(project, 'at the end');
  checkSeals(project, listRecords(project));
  assert.equal(new Set(readAllRuns(project).map((one) => one.id)).size, listRecords(project).length);
  killIn(project);
  assert.deepEqual(listProcessesIn(project), []);
});
