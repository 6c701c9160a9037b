// makemodel.test.ts - 500 random histories of steps and random small edits: what StepBook has redone, and what is
// there at the end, against a model written from the definition. Commands are functions; records and files are real.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { emptyRun, recordPath } from '../src/core/run.ts';
import type { FileState, Run } from '../src/core/run.ts';
import { sortSteps } from '../src/core/steps.ts';
import type { StepEnd, StepJob } from '../src/sys/execute.ts';
import { projectAt } from '../src/sys/project.ts';
import type { Project } from '../src/sys/project.ts';
import { readSteps } from '../src/sys/steps.ts';
import type { StepBook } from '../src/sys/steps.ts';
import { printRecord } from '../src/sys/store.ts';
import { makeTemporary } from './rig.ts';

type Random = (below: number) => number;

function makeRandom(seed: number): Random {
  let state = (seed * 2654435761) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function pick<T>(random: Random, values: T[]): T {
  return values[random(values.length)];
}

// ---- a world ----------------------------------------------------------------------------------------

/** A command: what it reads, looks for, writes and removes. `key`: of params.json, if it depends on that. */
type Rule = { id: number; reads: string[]; looks: string[]; writes: string[]; removes: string[]; key: string | undefined; /** Is it planned, and run by rr make alone? */ isPlanned: boolean };

/** What a run of a rule was: as its record tells. */
type Past = { rule: Rule; id: string; place: number; inputs: Map<string, string>; absent: string[]; parameter: string | undefined; outputs: Map<string, string> };

type World = {
  random: Random; folder: string; project: Project; rules: Rule[]; past: Past[]; runs: number; broken: Set<number>;
  /** All contents that ever were, by hash; and are those of results kept where rr looks for them? */
  contents: Map<string, string>;
  isKept: boolean;
};

const nameOfCode = (rule: Rule): string => 'code' + String(rule.id) + '.py';

/** What a rule writes: few different contents, so that changes often do not come through. */
function contentOf(rule: Rule, index: number, inputs: Map<string, string>, parameter: string | undefined): string {
  const text = [rule.id, index, parameter, ...Array.from(inputs, ([name, content]) => name + '=' + content).sort()].join('|');
  return 'v' + String(crypto.createHash('md5').update(text).digest()[0] % 3) + ' of ' + String(rule.id) + '.' + String(index) + '\n';
}

function readOrNot(world: World, name: string): string | undefined {
  try {
    return fs.readFileSync(path.join(world.folder, name), 'latin1');
  } catch (error) {
    return undefined;
  }
}

function write(world: World, name: string, content: string): void {
  fs.writeFileSync(path.join(world.folder, name), content);
}

function remove(world: World, name: string): void {
  fs.rmSync(path.join(world.folder, name), { force: true });
}

const hashOf = (content: string): string => crypto.createHash('sha256').update(content).digest('hex');

function stateOf(name: string, content: string): FileState {
  return { hash: hashOf(content), size: content.length, kind: '', path: name };
}

function parameterOf(rule: Rule, text: string): string | undefined {
  return rule.key === undefined ? undefined : String((JSON.parse(text) as { [key: string]: number })[rule.key]);
}

const DIGITS = '234567abcdefghijklmnopqrstuvwxyz';

function nextId(world: World): string {
  world.runs += 1;
  return '20260101T' + new Date(world.runs * 1000).toISOString().slice(11, 19).replace(/:/g, '') + 'Z-' + Array.from({ length: 6 }, () => DIGITS[world.random(32)]).join('');
}

function keepContent(world: World, content: string, isKept: boolean): void {
  world.contents.set(hashOf(content), content);
  if (isKept) fs.writeFileSync(path.join(world.folder, 'provenance/code', hashOf(content) + '.src'), content);
}

/** Runs a rule as things are now and writes its record. `job`: there if rr make has it run. */
function carryOut(world: World, rule: Rule, job: StepJob | undefined): Run {
  const inputs = new Map<string, string>();
  const absent: string[] = [];
  for (const name of [nameOfCode(rule), ...rule.reads, ...rule.looks]) {
    const content = readOrNot(world, name);
    if (content === undefined) assert.ok(rule.looks.indexOf(name) >= 0, 'rule ' + String(rule.id) + ' lacks ' + name);
    if (content === undefined) absent.push(name);
    else {
      inputs.set(name, content);
      keepContent(world, content, world.isKept || content.startsWith('raw'));
    }
  }
  const parameter = rule.key === undefined ? undefined : parameterOf(rule, readOrNot(world, 'params.json') as string);
  const run = emptyRun(nextId(world), 'rule ' + String(rule.id), '2026-01-01T00:00:00.000000Z', '0.1.0');
  run.status = 'succeeded';
  run.observed = 'strace 6.1';
  run.inputs = Array.from(inputs, ([name, content]) => stateOf(name, content));
  if (rule.key !== undefined) {
    run.inputs.push(stateOf('params.json', readOrNot(world, 'params.json') as string));
    run.parameterFiles = ['params.json'];
    run.parameters = ['params.json:' + rule.key + ' ' + String(parameter)];
  }
  run.absent = absent;
  const outputs = new Map<string, string>();
  for (const name of rule.removes) remove(world, name);
  rule.writes.forEach((name, index) => {
    outputs.set(name, contentOf(rule, index, inputs, parameter));
    write(world, name, outputs.get(name) as string);
  });
  run.outputs = Array.from(outputs, ([name, content]) => stateOf(name, content));
  run.removed = rule.removes.slice();
  run.plan = job?.template.plan ?? undefined;
  run.redoes = job?.template.redoes;
  run.because = job?.template.because;
  run.declaredInputs = job === undefined ? [] : job.template.declaredInputs;
  run.declaredOutputs = job === undefined ? [] : job.template.declaredOutputs;
  fs.mkdirSync(path.join(world.folder, 'provenance/runs/2026-01'), { recursive: true });
  fs.writeFileSync(path.join(world.folder, 'provenance', recordPath(run.id)), printRecord(run), 'latin1');
  const before = world.past.findIndex((one) => one.id === run.redoes);
  const past: Past = { rule, id: run.id, place: before < 0 ? world.runs : world.past[before].place, inputs, absent, parameter, outputs };
  if (before >= 0) world.past.splice(before, 1, past);
  else world.past.push(past);
  return run;
}

// ---- the make of the test: one step after the other --------------------------------------------------

/** What executeStep() does with files, without a command. */
function executeJob(world: World, job: StepJob): StepEnd {
  const rule = world.rules.find((one) => 'rule ' + String(one.id) === job.template.command) as Rule;
  if (world.broken.has(rule.id)) {
    const run = { ...emptyRun('20260101T000000Z-aaaaaa', '', '', ''), status: 'failed' as const };
    return { key: job.key, run, isGood: false, problems: [], kept: [] };
  }
  const isInput = new Set((job.prior?.inputs ?? []).map((file) => file.path));
  for (const file of job.prior?.outputs ?? []) if (!isInput.has(file.path)) remove(world, file.path);
  for (const file of job.restore) write(world, file.path, world.contents.get(file.hash) as string);
  const run = carryOut(world, rule, job);
  return { key: job.key, run, isGood: true, problems: [], kept: [] };
}

/** The numbers of the rules redone, with the kinds of their causes, and of those that came to nothing. */
type Made = { redone: number[]; causes: Map<number, string[]>; stuck: number[] };

/** Makes all, until nothing is left to do or `most` steps were carried out. */
async function makeWorld(world: World, most: number): Promise<Made> {
  const redone: number[] = [];
  const causes = new Map<number, string[]>();
  const stuck = new Set<string>();
  for (let round = 0; round < 12; round++) {
    const book = await readSteps(world.project, { hasEnvironment: false });
    const forecast = book.forecast(book.graph.nodes.keys(), () => false);
    const open = sortSteps(book.graph, Array.from(forecast.keys()).filter((at) => forecast.get(at)?.kind !== 'fresh'));
    const left = new Set<number>();
    let isMore = false;
    for (const at of open) {
      const key = book.keyOf(at);
      const node = book.graph.nodes[at];
      if (stuck.has(key) || node.before.concat(node.after).some((one) => left.has(one) || stuck.has(book.keyOf(one)))) {
        left.add(at);
        continue;
      }
      if (redone.length >= most) return { redone, causes, stuck: [] };
      const decision = await book.decide(key, false);
      if (decision.kind === 'waits') {
        left.add(at);
        isMore = true;
      } else if (decision.kind === 'unmakeable') stuck.add(key);
      else if (decision.kind === 'redo') {
        const end = executeJob(world, book.jobOf(key, 'why', false));
        causes.set(ruleOfKey(book, key), decision.causes.map((cause) => cause.kind));
        book.noteEnd(end);
        if (!end.isGood) stuck.add(key);
        else redone.push(Number(end.run.command.slice(5)));
        isMore = isMore || end.isGood;
      }
    }
    if (!isMore) return { redone, causes, stuck: Array.from(stuck, (key) => ruleOfKey(book, key)) };
  }
  throw new Error('it does not settle');
}

function ruleOfKey(book: StepBook, key: string): number {
  const at = book.placeOf(key) as number;
  const { run, plan } = book.graph.nodes[at];
  return Number((run >= 0 ? book.graph.runs[run].command : book.graph.planned[plan].template.command).slice(5));
}

// ---- worlds without circles: the model ------------------------------------------------------------------

type ModelStep = { rule: Rule; past: Past | undefined; owned: string[] };

/** The steps by the definition: who owns a path, what is planned. */
function modelSteps(world: World): ModelStep[] {
  const owners = new Map<string, Past>();
  for (const past of world.past.slice().sort((a, b) => a.place - b.place)) for (const name of past.rule.writes) owners.set(name, past);
  const steps: ModelStep[] = [];
  for (const past of world.past.slice().sort((a, b) => a.place - b.place)) {
    const owned = Array.from(owners.keys()).filter((name) => owners.get(name) === past);
    if (owned.length > 0 || past.rule.isPlanned) steps.push({ rule: past.rule, past, owned });
  }
  for (const rule of world.rules) if (rule.isPlanned && !steps.some((step) => step.rule === rule)) steps.push({ rule, past: undefined, owned: rule.writes });
  return steps;
}

/** Of each step those that must come before it; undefined if they go round. */
function modelOrder(steps: ModelStep[]): ModelStep[] | undefined {
  const before = steps.map((step) => steps.filter((other) => other !== step
    && (step.rule.reads.concat(step.rule.looks).some((name) => other.owned.indexOf(name) >= 0) || other.rule.writes.some((name) => step.owned.indexOf(name) >= 0 && other.owned.indexOf(name) < 0))));
  const sorted: ModelStep[] = [];
  while (sorted.length < steps.length) {
    const next = steps.findIndex((step, i) => sorted.indexOf(step) < 0 && before[i].every((one) => sorted.indexOf(one) >= 0));
    if (next < 0) return undefined;
    sorted.push(steps[next]);
  }
  return sorted;
}

/** What must be redone, by the definition, and what each path is afterwards; the files being as they are now. */
function modelMake(world: World, order: ModelStep[]): { redone: number[]; files: Map<string, string> } {
  const made = new Map<string, string>(); // what each owned path is at the end
  const clobbered = new Map<string, string>(); // by a redone step that does not own it
  const redone: number[] = [];
  for (const { rule, past, owned } of order) {
    const inputs = new Map<string, string>();
    for (const name of [nameOfCode(rule), ...rule.reads, ...rule.looks]) {
      const content = made.get(name) ?? readOrNot(world, name);
      if (content !== undefined) inputs.set(name, content);
    }
    const parameter = rule.key === undefined ? undefined : parameterOf(rule, readOrNot(world, 'params.json') as string);
    const isSame = past !== undefined && past.parameter === parameter && past.inputs.size === inputs.size && Array.from(inputs).every(([name, content]) => past.inputs.get(name) === content);
    const isThere = past !== undefined && owned.every((name) => (clobbered.get(name) ?? readOrNot(world, name)) === past.outputs.get(name));
    if (!isSame || !isThere) redone.push(rule.id);
    rule.writes.forEach((name, index) => {
      const content = contentOf(rule, index, inputs, parameter);
      if (owned.indexOf(name) >= 0) made.set(name, content);
      else if (!isSame || !isThere) clobbered.set(name, content);
    });
  }
  return { redone: redone.sort((a, b) => a - b), files: made };
}

// ---- making worlds --------------------------------------------------------------------------------------

function makeWorldFolder(random: Random): World {
  const folder = makeTemporary();
  for (const name of ['provenance/runs', 'provenance/code', '.rr/running']) fs.mkdirSync(path.join(folder, name), { recursive: true });
  fs.writeFileSync(path.join(folder, 'provenance/rerun.sh'), '');
  const world: World = { random, folder, project: projectAt(folder), rules: [], past: [], runs: 0, broken: new Set(), contents: new Map(), isKept: false };
  for (let n = 0; n < 3; n++) write(world, 'raw' + String(n), 'raw 0\n');
  write(world, 'params.json', JSON.stringify({ a: 1, b: 1, unused: 1 }));
  return world;
}

function addRule(world: World, reads: string[], writes: string[], isPlanned: boolean): Rule {
  const { random, rules } = world;
  const id = rules.length + 1;
  const rule: Rule = {
    id, reads: Array.from(new Set(reads)), writes: Array.from(new Set(writes)), removes: [], looks: random(4) === 0 ? ['maybe' + String(random(2))] : [], key: random(4) === 0 ? pick(random, ['a', 'b']) : undefined, isPlanned,
  };
  write(world, nameOfCode(rule), 'code 0\n');
  rules.push(rule);
  return rule;
}

function writePlan(world: World): void {
  const steps = world.rules.filter((rule) => rule.isPlanned).map((rule) => 'Plan: p' + String(rule.id) + '\nCommand: rule ' + String(rule.id) + '\n'
    + (rule.key === undefined ? '' : 'Parameter: params.json:' + rule.key + '\nParameter_file: params.json\n')
    + rule.reads.map((name) => 'Declared_input: ' + name + '\n').join('') + rule.writes.map((name) => 'Declared_output: ' + name + '\n').join(''));
  if (steps.length > 0) fs.writeFileSync(path.join(world.folder, 'provenance/plan.rec'), steps.join('\n'));
}

/** Rules that read what is there and write something new, or now and then something that is another's. */
function fillPlainWorld(world: World): void {
  const { random } = world;
  const count = 2 + random(7);
  const paths = ['raw0', 'raw1', 'raw2'];
  for (let n = 1; n <= count; n++) {
    const writes = Array.from({ length: 1 + random(2) }, (_, i) => (random(5) === 0 && paths.length > 3 ? paths[3 + random(paths.length - 3)] : 'f' + String(n) + 'x' + String(i)));
    const reads = Array.from({ length: random(4) }, () => pick(random, paths)).filter((name) => writes.indexOf(name) < 0);
    const isPlanned = random(8) === 0 || reads.some((name) => readOrNot(world, name) === undefined);
    const rule = addRule(world, reads, isPlanned ? ['f' + String(n) + 'x0'] : writes, isPlanned);
    paths.push(...rule.writes.filter((name) => paths.indexOf(name) < 0));
    if (!rule.isPlanned) carryOut(world, rule, undefined);
  }
  // By hand once more, so that something is newer than what was made from it.
  for (let n = random(3); n > 0; n--) {
    const rule = pick(random, world.rules);
    if (rule.isPlanned) continue;
    if (random(2) === 0) write(world, nameOfCode(rule), 'code ' + String(random(4)) + '\n');
    carryOut(world, rule, undefined);
  }
  writePlan(world);
}

function edit(world: World): void {
  const { random, rules } = world;
  const results = Array.from(new Set(rules.reduce((all: string[], rule) => all.concat(rule.writes), []))).filter((name) => readOrNot(world, name) !== undefined);
  switch (random(8)) {
    case 0: return write(world, 'raw' + String(random(3)), 'raw ' + String(random(3)) + '\n');
    case 1: case 2: return write(world, nameOfCode(pick(random, rules)), 'code ' + String(random(4)) + '\n');
    case 3: return results.length === 0 ? undefined : write(world, pick(random, results), 'by hand\n');
    case 4: return results.length === 0 ? undefined : remove(world, pick(random, results));
    case 5: return write(world, 'params.json', JSON.stringify({ a: random(2), b: random(2), unused: random(9) }));
    case 6: return random(2) === 0 ? write(world, 'maybe' + String(random(2)), 'maybe ' + String(random(2)) + '\n') : remove(world, 'maybe9');
    default: {
      // The same content once more, another inode: that is no change.
      const name = pick(random, ['raw0', 'raw1', 'params.json'].concat(results));
      const content = readOrNot(world, name) as string;
      remove(world, name);
      write(world, name, content);
    }
  }
}

const WORLDS = Number(process.env.RR_TEST_WORLDS ?? '350');
const CIRCLES = Number(process.env.RR_TEST_CIRCLES ?? '150');

test('StepBook has redone exactly what the model says, and leaves what it says: worlds without circles', async () => {
  let count = 0;
  let redoneInAll = 0;
  for (let seed = 1; count < WORLDS; seed++) {
    const random = makeRandom(seed);
    const world = makeWorldFolder(random);
    fillPlainWorld(world);
    if (modelOrder(modelSteps(world)) === undefined) continue;
    count += 1;
    for (let round = 0; round < 3; round++) {
      const what = 'seed ' + String(seed) + ', round ' + String(round);
      for (let n = round === 0 ? 0 : 1 + random(3); n > 0; n--) edit(world);
      const model = modelMake(world, modelOrder(modelSteps(world)) as ModelStep[]);
      const isCut = random(4) === 0;
      const cut = isCut ? await makeWorld(world, random(3)) : undefined;
      const made = await makeWorld(world, Infinity);
      assert.deepEqual(made.stuck, [], what);
      redoneInAll += made.redone.length;
      // A step that is made twice, as it was cut short between, is once too many for the model, and no fault.
      const all = Array.from(new Set((cut?.redone ?? []).concat(made.redone))).sort((a, b) => a - b);
      assert.deepEqual(all, model.redone, what);
      for (const [name, content] of model.files) assert.equal(readOrNot(world, name), content, what + ': ' + name);
      assert.deepEqual((await makeWorld(world, Infinity)).redone, [], what + ', once more');
    }
    fs.rmSync(world.folder, { recursive: true });
  }
  assert.ok(redoneInAll > WORLDS, 'there was something to do');
});

// ---- worlds with circles: everything once more, in the order in which it was -----------------------------

/** Files changed in place, overwritten by what comes from their readers, and moved away. */
function fillRoundWorld(world: World): Map<string, string> {
  const { random } = world;
  const count = 3 + random(6);
  // Of each path that is there: who wrote it and who read it since.
  const there = new Map<string, { owner: Rule | undefined; readers: Rule[] }>();
  const first = new Map<string, string>();
  for (const name of ['raw0', 'raw1', 'raw2']) {
    there.set(name, { owner: undefined, readers: [] });
    first.set(name, readOrNot(world, name) as string);
  }
  for (let n = 1; n <= count; n++) {
    const paths = Array.from(there.keys());
    const reads = new Set(Array.from({ length: 1 + random(2) }, () => pick(random, paths)));
    const writes = new Set<string>();
    let removed: string | undefined;
    const kind = random(4);
    if (kind === 0) writes.add('f' + String(n));
    else {
      // Who overwrites a file must come from all who read it.
      const target = pick(random, paths);
      const { owner, readers } = there.get(target) as { owner: Rule | undefined; readers: Rule[] };
      const from = readers.concat(owner ?? []).map((rule) => rule.writes.find((name) => name !== target && there.has(name)));
      if (kind === 1) reads.add(target);
      if (kind === 3) {
        reads.add(target);
        removed = target;
        writes.add('f' + String(n));
      } else if (kind === 1 ? readers.every((rule) => rule.writes.some((name) => name !== target && there.has(name))) : from.every((name) => name !== undefined)) {
        for (const name of from) if (name !== undefined) reads.add(name);
        writes.add(target).add('f' + String(n));
      } else writes.add('f' + String(n));
    }
    const rule = addRule(world, Array.from(reads), Array.from(writes), false);
    rule.looks = [];
    if (removed !== undefined) rule.removes = [removed];
    carryOut(world, rule, undefined);
    for (const name of reads) there.get(name)?.readers.push(rule);
    for (const name of writes) there.set(name, { owner: rule, readers: [] });
    if (removed !== undefined) there.delete(removed);
  }
  return first;
}

/** All rules in the order in which they were recorded, from the raw files as they were at first or, if no rule changed them, as they are. */
function rebuild(world: World, first: Map<string, string>): { files: Map<string, string>; changed: Set<number> } {
  const files = new Map<string, string>();
  const isOurs = new Set(world.rules.reduce((all: string[], rule) => all.concat(rule.writes, rule.removes), []));
  for (const [name, content] of first) files.set(name, isOurs.has(name) ? content : readOrNot(world, name) as string);
  const changed = new Set<number>();
  for (const rule of world.rules) {
    const inputs = new Map([nameOfCode(rule)].concat(rule.reads).map((name): [string, string] => [name, files.get(name) ?? readOrNot(world, name) as string]));
    const parameter = rule.key === undefined ? undefined : parameterOf(rule, readOrNot(world, 'params.json') as string);
    const past = world.past.find((one) => one.rule === rule) as Past;
    if (past.parameter !== parameter || Array.from(inputs).some(([name, content]) => past.inputs.get(name) !== content)) changed.add(rule.id);
    for (const name of rule.removes) files.delete(name);
    rule.writes.forEach((name, index) => { files.set(name, contentOf(rule, index, inputs, parameter)); });
  }
  return { files, changed };
}

test('StepBook leaves what a rebuild from the beginning would: files changed in place, overwritten and moved away', async () => {
  let redoneInAll = 0;
  for (let seed = 1; seed <= CIRCLES; seed++) {
    const random = makeRandom(seed * 7 + 1);
    const world = makeWorldFolder(random);
    world.isKept = random(2) === 0;
    const first = fillRoundWorld(world);
    const isOurs = new Set(world.rules.reduce((all: string[], rule) => all.concat(rule.writes, rule.removes), []));
    assert.deepEqual((await makeWorld(world, Infinity)).redone, [], 'seed ' + String(seed) + ', at first');
    for (let round = 0; round < 3; round++) {
      const what = 'seed ' + String(seed) + ', round ' + String(round);
      for (let n = 1 + random(2); n > 0; n--) {
        const rule = pick(random, world.rules);
        const raws = ['raw0', 'raw1', 'raw2'].filter((name) => !isOurs.has(name));
        const act = random(4);
        if (act === 0 && raws.length > 0) write(world, pick(random, raws), 'raw ' + String(random(3)) + '\n');
        else if (act === 1) write(world, 'params.json', JSON.stringify({ a: random(2), b: random(2) }));
        else if (act === 2 && readOrNot(world, rule.writes[0]) !== undefined) write(world, rule.writes[0], 'by hand\n');
        else write(world, nameOfCode(rule), 'code ' + String(random(4)) + '\n');
      }
      const { files, changed } = rebuild(world, first);
      if (random(4) === 0) await makeWorld(world, random(3));
      const made = await makeWorld(world, Infinity);
      assert.deepEqual(made.stuck, [], what);
      redoneInAll += made.redone.length;
      for (const [name, content] of files) assert.equal(readOrNot(world, name), content, what + ': ' + name);
      // What the rebuild would not have done otherwise is redone only because something needs it, or a result is not there.
      for (const [id, kinds] of made.causes) if (!changed.has(id)) assert.ok(kinds.every((kind) => ['needed', 'changed', 'missing'].indexOf(kind) >= 0), what + ': ' + String(id) + ' ' + kinds.join());
      assert.deepEqual((await makeWorld(world, Infinity)).redone, [], what + ', once more');
    }
    fs.rmSync(world.folder, { recursive: true });
  }
  assert.ok(redoneInAll > CIRCLES, 'there was something to do');
});
