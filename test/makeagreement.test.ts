// makeagreement.test.ts - provenance/Makefile and rr make agree, step for step, on random graphs of random small edits.
// RR_AGREE_WORLDS=N makes N worlds instead of 6 ("make torture": 100).
//
// A project in which all is as recorded is edited. What both must say, by docs/makefile.txt and docs/rr.1:
//
// 1. Results are missing, files touched, or written again with the same bytes: the runs that make repeats, the steps
//    that `rr make -n` tells as to do, and those that `rr make` redoes are the same: those that a result is missing of.
//    Both end with status 0 and the bytes of an undisturbed build. If that is nobody, both run nothing.
// 2. Results were edited by hand, too: make tells exactly these, leaves them, fails, and brings the missing ones back.
//    After they were moved away, make has repeated what rr make redoes: no more, no less; and the bytes are the same.
// 3. Raw inputs (data, scripts) have other content: make and make verify tell exactly those, fail, and run nothing.
//    What `make reproduce` does not repeat is what `rr make -n` tells as to do (it reads one of them) or perhaps (it
//    reads what such a step made), and what is identical is up to date. `rr make` redoes all of the former, and of the
//    latter those that read what came out otherwise; the bytes are those of a build from nothing.
// 4. After `rr make`, it and make run nothing, and make verify finds all as recorded; then 1 and 2 hold again.
//    Not so if a redone step gave a step that was not redone the same bytes: the earlier run stays live in the Makefile,
//    as that one's record names what it made, and its raw inputs are told as not as recorded. Held to here is only
//    that the results are as recorded, and that nothing is run.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { findLiveRuns } from '../src/core/graph.ts';
import { emptyRun, recordPath } from '../src/core/run.ts';
import type { FileState, Run } from '../src/core/run.ts';
import { printChecksums } from '../src/formats/checksums.ts';
import { decodeText } from '../src/formats/percent.ts';
import { printRecord } from '../src/sys/store.ts';
import { printMakefile } from '../src/views/makefile.ts';
import { hashOf } from './rerunrig.ts';
import { listRecords, makeProject, makeTemporary, pathsOf, readRecord, rr, run } from './rig.ts';
import type { Done } from './rig.ts';

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

/** A step: argv, what it reads (with its script) and what it writes. */
type Step = { argv: string[]; script: string | undefined; reads: string[]; writes: string[] };

type World = { random: Random; folder: string; steps: Step[]; raws: string[] };

const quote = (word: string): string => "'" + word.replace(/'/g, "'\\''") + "'";

// Names are bytes in the records (latin1-coded) and on the disk.
const diskPath = (folder: string, name: string): Buffer => Buffer.from(folder + '/' + name, 'latin1');

function write(folder: string, name: string, content: string): void {
  fs.mkdirSync(path.dirname(folder + '/' + name), { recursive: true });
  fs.writeFileSync(diskPath(folder, name), content, 'latin1');
}

function read(folder: string, name: string): string | undefined {
  try {
    return fs.readFileSync(diskPath(folder, name), 'latin1');
  } catch (error) {
    return undefined;
  }
}

function stateOf(folder: string, name: string): FileState {
  const content = read(folder, name) as string;
  return { hash: hashOf(content), size: content.length, kind: '', path: name };
}

/** Runs a step as it is, without rr. */
function carryOut(folder: string, step: Step): void {
  const done = run(folder, ['env', '--'].concat(step.argv.map((word) => Buffer.from(word, 'latin1').toString())));
  assert.equal(done.status, 0, done.stderr);
}

/** A copy of the project as it is. */
function copyOf(folder: string): string {
  const copy = makeTemporary();
  assert.equal(run(undefined, ['cp', '-a', folder + '/.', copy]).status, 0);
  return copy;
}

const FILTERS = ['cat', 'sort', 'sort -u', 'cut -c1', 'tail -n 1', 'wc -l', 'sed 1q', 'tr a-f x'];

const ODD_NAMES = ['a b', 'it\'s', '$HOME', 'x;y', '-n', 'q"q', '\xc3\xa4', 'a%20b', 'a\\b', '#h', 'all', 'a:b'];

/** A shell line for each result: some let changes through, some do not. */
function makeScript(random: Random, reads: string[], writes: string[]): string {
  return writes.map((name) => {
    const from = reads.filter(() => random(4) !== 0).map((one) => quote('./' + one)).join(' ');
    const filter = pick(random, FILTERS);
    return (from === '' || random(8) === 0 ? 'echo constant' : 'cat ' + from + ' | ' + filter) + ' > ' + quote('./' + name);
  }).join('; ');
}

function addStep(world: World, paths: string[]): void {
  const { random, steps } = world;
  const n = String(steps.length + 1);
  const nameOf = (which: string): string => (random(3) === 0 ? 'out/' : '') + 'f' + n + which + (random(3) === 0 ? pick(random, ODD_NAMES) : '');
  const writes = ['a', 'b', 'c'].slice(0, 1 + (random(3) === 0 ? 1 + random(2) : 0)).map(nameOf);
  const reads = Array.from(new Set(Array.from({ length: random(10) === 0 ? 0 : 1 + random(3) }, () => pick(random, random(3) === 0 ? paths : paths.slice(-4)))));
  const text = makeScript(random, reads, writes);
  if (random(2) === 0) steps.push({ argv: ['sh', '-c', text], script: undefined, reads, writes });
  else {
    const script = 's' + n + '.sh';
    write(world.folder, script, text + '\n');
    steps.push({ argv: ['sh', script], script, reads: reads.concat(script), writes });
    world.raws.push(script);
  }
}

function randomData(random: Random): string {
  return Array.from({ length: 1 + random(4) }, () => pick(random, ['a', 'b', 'c', 'x']) + String(random(3)) + '\n').join('');
}

function recordStep(world: World, step: Step, n: number): Run {
  const { folder } = world;
  const one = emptyRun('20260101T0000' + String(n + 10) + 'Z-aaaaaa', step.argv.map((word) => (/^[a-z0-9.-]+$/.test(word) ? word : quote(word))).join(' '), '2026-01-01T00:00:00.000000Z', '0.1.0');
  one.status = 'succeeded';
  one.exit = 0;
  one.observed = 'none';
  one.inputs = step.reads.map((name) => stateOf(folder, name));
  carryOut(folder, step);
  one.outputs = step.writes.map((name) => stateOf(folder, name));
  one.declaredInputs = step.reads.slice();
  one.declaredOutputs = step.writes.slice();
  write(folder, 'provenance/' + recordPath(one.id), printRecord(one));
  return one;
}

const template = makeProject();

function makeWorld(seed: number): World {
  const random = makeRandom(seed);
  const world: World = { random, folder: copyOf(template), steps: [], raws: [] };
  world.raws = ['raw0', 'raw1', random(2) === 0 ? 'raw2' : 'raw ' + pick(random, ODD_NAMES)];
  for (const name of world.raws) write(world.folder, name, randomData(random));
  fs.mkdirSync(world.folder + '/out');
  const paths = world.raws.slice();
  for (let n = 2 + random(7); n > 0; n--) {
    addStep(world, paths);
    paths.push(...world.steps[world.steps.length - 1].writes);
  }
  const graph = findLiveRuns(world.steps.map((step, n) => recordStep(world, step, n)));
  write(world.folder, 'provenance/Makefile', printMakefile(graph));
  write(world.folder, 'provenance/SHA256SUMS', printChecksums(graph));
  return world;
}

// ---- what the two say ---------------------------------------------------------------------------------

/** Steps by what all their results' names begin with: rr names a step by the first, and which that is changes. */
type Names = string[];

const nameOfResult = (name: string): string => (/^(?:out\/)?(f\d+)/.exec(name) as RegExpExecArray)[1];
const nameOf = (step: Step): string => nameOfResult(step.writes[0]);
const namesOf = (steps: Step[]): Names => steps.map(nameOf).sort();

function stepOfRun(folder: string, id: string): string {
  const name = listRecords(folder).find((one) => one.endsWith('/' + id + '.rec'));
  assert.ok(name !== undefined, 'no record ' + id);
  return nameOfResult(pathsOf(readRecord(folder, name).Output)[0]);
}

function matchAll(text: string, pattern: RegExp): string[][] {
  const found: string[][] = [];
  for (const line of text.split('\n')) {
    const parts = pattern.exec(line);
    if (parts !== null) found.push(parts.slice(1));
  }
  return found;
}

const decodeSorted = (names: string[]): string[] => Array.from(new Set(names.map(decodeText))).sort();

type MakeSays = { status: number | null; repeated: Names; edited: string[]; inputs: string[]; text: string };

function make(folder: string, jobs: string): MakeSays {
  const done = run(folder, ['make', jobs, '-f', 'provenance/Makefile']);
  const text = done.stdout + done.stderr;
  return {
    status: done.status, text, repeated: matchAll(text, /^rr: run (\S+Z-\S{6}): (?!made |did not |input )/).map(([id]) => stepOfRun(folder, id)).sort(),
    edited: decodeSorted(matchAll(text, /^rr: (.*) is (?:different|unreadable); nothing is overwritten/).map(([name]) => name)),
    inputs: decodeSorted(matchAll(text, /^rr: input (.*) is not as run \S+ read it$/).map(([name]) => name)),
  };
}

type RrSays = { status: number | null; toDo: Names; perhaps: Names; done: Names; fresh: Names; other: Names; text: string };

function rrMake(folder: string, args: string[]): RrSays {
  const answer: Done = rr(folder, ['make', '--json'].concat(args));
  const { steps } = JSON.parse(answer.stdout) as { steps: { name: string; state: string }[] };
  const inState = (...states: string[]): Names => steps.filter((step) => states.indexOf(step.state) >= 0).map((step) => nameOfResult(step.name)).sort();
  return {
    status: answer.status, toDo: inState('to do'), perhaps: inState('perhaps'), done: inState('done'), fresh: inState('up to date'),
    other: inState('failed', 'cannot be made', 'not run'), text: answer.stdout + answer.stderr,
  };
}

const remove = (folder: string): void => fs.rmSync(folder, { recursive: true, force: true });

type Bytes = { [name: string]: string | undefined };

function bytesOf(folder: string, names: string[]): Bytes {
  const bytes: Bytes = {};
  for (const name of names) bytes[name] = read(folder, name);
  return bytes;
}

const resultsOf = (world: World): string[] => world.steps.reduce((all: string[], step) => all.concat(step.writes), []);

function assertNothingToDo(folder: string, what: string): void {
  const byMake = make(folder, '-j1');
  assert.deepEqual([byMake.status, byMake.repeated], [0, []], what + '\n' + byMake.text);
  const byRr = rrMake(folder, []);
  assert.deepEqual([byRr.status, byRr.done, byRr.toDo, byRr.other], [0, [], [], []], what + '\n' + byRr.text);
}

// ---- 1 and 2: results are missing or edited -------------------------------------------------------------

function touchSome(world: World): void {
  const { random, folder } = world;
  for (const name of world.raws.concat(resultsOf(world))) {
    const content = read(folder, name);
    if (content === undefined || random(4) !== 0) continue;
    if (random(2) === 0) fs.unlinkSync(diskPath(folder, name));
    write(folder, name, content);
  }
}

function checkResultEdits(world: World, what: string): void {
  const { random, folder, steps } = world;
  const results = resultsOf(world);
  const undisturbed = bytesOf(folder, results);
  const missing = random(6) === 0 ? [] : results.filter(() => random(4) === 0);
  const edited = random(2) === 0 ? [] : results.filter((name) => missing.indexOf(name) < 0 && random(5) === 0);
  touchSome(world);
  for (const name of missing) fs.unlinkSync(diskPath(folder, name));
  for (const name of edited) write(folder, name, 'by hand ' + name + '\n');
  const ownersOf = (names: string[]): Names => namesOf(steps.filter((step) => step.writes.some((name) => names.indexOf(name) >= 0)));
  const expected = ownersOf(missing.concat(edited));

  const copy = copyOf(folder);
  const byMake = make(copy, '-j' + String(1 + random(3)));
  const repeated = new Set(byMake.repeated);
  assert.deepEqual(byMake.edited, edited.slice().sort(), what + '\n' + byMake.text);
  assert.equal(byMake.status === 0, edited.length === 0, what + '\n' + byMake.text);
  const left: Bytes = { ...undisturbed };
  for (const name of edited) left[name] = 'by hand ' + name + '\n';
  assert.deepEqual(bytesOf(copy, results), left, what + ': make leaves what was edited');
  if (edited.length > 0) {
    for (const name of edited) fs.unlinkSync(diskPath(copy, name));
    const again = make(copy, '-j1');
    assert.equal(again.status, 0, what + '\n' + again.text);
    for (const name of again.repeated) repeated.add(name);
  }
  assert.deepEqual(bytesOf(copy, results), undisturbed, what + ': by make');

  const told = rrMake(folder, ['-n']);
  const byRr = rrMake(folder, ['-j' + String(1 + random(2))]);
  assert.deepEqual([byRr.status, byRr.other], [0, []], what + '\n' + byRr.text);
  assert.deepEqual(bytesOf(folder, results), undisturbed, what + ': by rr make');
  assert.deepEqual(byRr.done, expected, what + '\n' + byRr.text);
  assert.deepEqual(Array.from(repeated).sort(), byRr.done, what + ': make repeats what rr make redoes\n' + byMake.text);
  if (edited.length === 0) assert.deepEqual(told.toDo, byRr.done, what + ': told before\n' + told.text);
  assertNothingToDo(copy, what + ', after make');
  remove(copy);
}

// ---- 3: raw inputs --------------------------------------------------------------------------------------

function changeRaws(world: World): string[] {
  const { random, folder } = world;
  const changed = new Set<string>();
  for (let n = 1 + random(2); n > 0; n--) {
    const name = pick(random, world.raws);
    const was = read(folder, name) as string;
    write(folder, name, name.endsWith('.sh') ? was + '# a comment ' + String(random(100)) + '\n' : pick(random, [was + 'a0\n', randomData(random) + 'new\n']));
    if (read(folder, name) !== was && world.steps.some((step) => step.reads.indexOf(name) >= 0)) changed.add(name);
  }
  return Array.from(changed).sort();
}

/** A build from nothing of the raw files that are there now. */
function rebuild(world: World): Bytes {
  const folder = makeTemporary();
  fs.mkdirSync(folder + '/out');
  for (const name of world.raws) write(folder, name, read(world.folder, name) as string);
  for (const step of world.steps) carryOut(folder, step);
  const bytes = bytesOf(folder, resultsOf(world));
  remove(folder);
  return bytes;
}

/** `refused`: not run because of a raw input, with no run before it that was not run. */
type Reproduced = { identical: Names; notRun: Names; refused: Names };

/** What `make reproduce` says of each run. */
function reproduce(world: World, changed: string[]): Reproduced {
  const copy = copyOf(world.folder);
  const done = run(copy, ['make', '-f', 'provenance/Makefile', 'reproduce']);
  const told = matchAll(done.stderr, /^rr: run (\S+Z-\S{6}): input (.*) is not as recorded$/);
  const refused = told.filter(([, name]) => changed.indexOf(decodeText(name)) >= 0).map(([id]) => stepOfRun(copy, id));
  const verdicts = matchAll(done.stdout, /^(\S.*?) +(identical|different|missing|not run because)(?: .*|)$/).filter(([name]) => !/^\d+ results?:/.test(name));
  assert.equal(verdicts.length, resultsOf(world).length, done.stdout);
  const inState = (state: string): Names => Array.from(new Set(verdicts.filter((one) => one[1] === state).map(([name]) => nameOfResult(name)))).sort();
  remove(copy);
  return { identical: inState('identical'), notRun: inState('not run because'), refused: Array.from(new Set(refused)).sort() };
}

/** Has a step that was redone given another what it had been given, byte for byte, so that that one was not redone? */
function isCutOff(world: World, redone: Names): boolean {
  const written = world.steps.filter((step) => redone.indexOf(nameOf(step)) >= 0).reduce((all: string[], step) => all.concat(step.writes), []);
  return world.steps.some((step) => redone.indexOf(nameOf(step)) < 0 && step.reads.some((name) => written.indexOf(name) >= 0));
}

/** Returns whether something was cut off. */
function checkRawEdits(world: World, what: string): boolean {
  const { folder, steps } = world;
  const before = bytesOf(folder, resultsOf(world));
  const changed = changeRaws(world);
  const byMake = make(folder, '-j1');
  assert.deepEqual([byMake.repeated, byMake.edited, byMake.inputs], [[], [], changed], what + '\n' + byMake.text);
  assert.equal(byMake.status === 0, changed.length === 0, what + '\n' + byMake.text);
  const verified = run(folder, ['make', '-f', 'provenance/Makefile', 'verify']);
  assert.deepEqual(decodeSorted(matchAll(verified.stdout + verified.stderr, /^input +(.*) is not as run \S+ read it$/).map(([name]) => name)), changed, what + '\n' + verified.stdout);
  const reproduced = reproduce(world, changed);
  const told = rrMake(folder, ['-n']);
  assert.deepEqual([told.toDo.concat(told.perhaps).sort(), told.fresh], [reproduced.notRun, reproduced.identical], what + '\n' + told.text);
  assert.deepEqual(told.toDo, namesOf(steps.filter((step) => step.reads.some((name) => changed.indexOf(name) >= 0))), what + '\n' + told.text);
  for (const name of reproduced.refused) assert.ok(told.toDo.indexOf(name) >= 0, what + ': ' + name + '\n' + told.text);
  if (changed.length > 0) assert.notEqual(reproduced.refused.length, 0, what);

  const rebuilt = rebuild(world);
  const isOther = (name: string): boolean => changed.indexOf(name) >= 0 || (before[name] !== undefined && before[name] !== rebuilt[name]);
  const byRr = rrMake(folder, ['-j2']);
  assert.deepEqual([byRr.status, byRr.other], [0, []], what + '\n' + byRr.text);
  assert.deepEqual(byRr.done, namesOf(steps.filter((step) => step.reads.some(isOther))), what + '\n' + byRr.text);
  assert.deepEqual(bytesOf(folder, resultsOf(world)), rebuilt, what + ': by rr make');
  return isCutOff(world, byRr.done);
}

/** After rr make: both run nothing, and make verify is content. Where something was cut off, see the top. */
function checkAfter(world: World, isCut: boolean, what: string): void {
  const { folder, random } = world;
  const verified = run(folder, ['make', '-f', 'provenance/Makefile', 'verify']);
  assert.match(verified.stdout, /^rr: \d+ results?: (\d+) as recorded, 0 different, 0 missing, 0 unreadable$/m, what);
  if (isCut) {
    const again = rrMake(folder, []);
    assert.deepEqual([again.status, again.done, again.toDo], [0, [], []], what + '\n' + again.text);
    assert.deepEqual(make(folder, '-j1').repeated, [], what);
    return;
  }
  assert.equal(verified.status, 0, what + '\n' + verified.stdout);
  assertNothingToDo(folder, what);
  if (random(3) === 0) checkResultEdits(world, what + ', results');
}

const WORLDS = Number(process.env.RR_AGREE_WORLDS ?? '6');
const FIRST = Number(process.env.RR_AGREE_SEED ?? '1');

test('the Makefile and rr make agree, step for step, on random graphs of random small edits', (t) => {
  let cut = 0;
  for (let seed = FIRST; seed < FIRST + WORLDS; seed++) {
    const world = makeWorld(seed);
    const what = 'RR_AGREE_SEED=' + String(seed);
    if (world.random(2) === 0) checkResultEdits(world, what + ', results');
    else {
      const isCut = checkRawEdits(world, what + ', raw inputs');
      if (isCut) cut += 1;
      checkAfter(world, isCut, what + ', after rr make');
    }
    remove(world.folder);
  }
  t.diagnostic(String(WORLDS) + ' worlds, ' + String(cut) + ' cut off');
});
