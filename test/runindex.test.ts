// runindex.test.ts - the index tells what the records tell: after any change, with a damaged cache, with many at once, without one.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { applyNotes, emptyNote } from '../src/core/notes.ts';
import type { GraphRun } from '../src/core/graph.ts';
import { emptyRun, recordPath } from '../src/core/run.ts';
import type { FileState, Run, RunSummary } from '../src/core/run.ts';
import { printNoteBody } from '../src/formats/note.ts';
import { sealRecord } from '../src/formats/fields.ts';
import { hashBytes } from '../src/sys/hash.ts';
import { projectAt } from '../src/sys/project.ts';
import { readRuns } from './recordsrig.ts';
import { filterRunsByFiles, readFileLookup, readGraphRuns, readSummaries } from '../src/sys/runindex.ts';
import { printRecord } from '../src/sys/store.ts';
import { IS_ROOT, hasProgram, makeProject, makeTemporary, RR_JS, rr, run, sleep, startRr } from './rig.ts';

const SETTLED_MS = 80; // a folder that has not changed for so long is taken for what it is

/** Numbers from 0 up to `below`, the same for the same seed (xorshift). */
function makeRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const DIGITS = '234567abcdefghijklmnopqrstuvwxyz';
const TEXTS = ['plain', 'two words', ' edges ', 'tab\tand\nnewline', 'caf\xc3\xa9', 'not\xffutf8', '%41 percent %', 'back\\', '\x1b[31m', "it's", 'x'.repeat(300), '\xc2\x9b'];

type Random = (below: number) => number;

function makeId(random: Random, month: number): string {
  const digits = Array.from({ length: 6 }, () => DIGITS[random(32)]).join('');
  return '2026' + String(month).padStart(2, '0') + String(1 + random(28)).padStart(2, '0') + 'T' + String(100000 + random(100000)).replace(/./g, (digit, at: number) => (at % 2 === 0 ? (at === 0 ? '1' : String(Number(digit) % 6)) : digit)) + 'Z-' + digits;
}

function pick<T>(random: Random, values: T[]): T {
  return values[random(values.length)];
}

function makeFile(random: Random): FileState {
  const kind = pick(random, ['', '', 'x', 'l', 'd'] as const);
  return { hash: kind === 'd' ? '-' : pick(random, ['?', 'ab'.repeat(32), '01'.repeat(32)]), size: random(1000), kind, path: pick(random, TEXTS) + '/' + String(random(9)) };
}

function makeRun(random: Random, id: string): Run {
  const made = emptyRun(id, pick(random, TEXTS) + '\0{0123456789abcdef}'.repeat(random(2)), '2026-11-22T05:20:39.' + String(100000 + random(800000)) + 'Z', '0.1.0');
  const text = (): string | undefined => (random(2) === 0 ? undefined : pick(random, TEXTS));
  const number = (): number | undefined => (random(3) === 0 ? undefined : random(100000) / 100);
  Object.assign(made, {
    label: text(), reason: text(), tags: TEXTS.slice(0, random(4)), directory: pick(random, ['.', 'sub dir', 'caf\xc3\xa9']), status: pick(random, ['succeeded', 'failed', 'lost', 'interrupted']),
    parameters: [['a ' + String(random(10)), 'b ' + pick(random, TEXTS)], ['c '], []][random(3)], wallS: number(), userS: number(), systemS: number(),
    peakMemoryBytes: random(2) === 0 ? undefined : random(1e9), exit: random(2) === 0 ? undefined : random(256), signal: random(3) === 0 ? 'SIGKILL' : undefined,
    code: random(2) === 0 ? undefined : 'git ' + 'a'.repeat(40), environment: random(2) === 0 ? undefined : 'cd'.repeat(32), observed: 'scan',
    inputs: Array.from({ length: random(4) }, () => makeFile(random)), outputs: Array.from({ length: random(4) }, () => makeFile(random)), removed: TEXTS.slice(0, random(3)),
    repeats: random(5) === 0 ? '20260101T000000Z-222222' : undefined, parent: random(5) === 0 ? '20260101T000000Z-222223' : undefined, tree: random(5) === 0 ? 'scratch' : undefined,
    sweep: random(3) === 0 ? { label: pick(random, TEXTS), number: 1 + random(20000) } : undefined,
    verdicts: random(4) === 0 ? [{ word: 'different', path: 'x', detail: '' }, { word: 'different', path: 'y', detail: 'z' }, { word: 'extra', path: 'w', detail: '' }] : [],
  });
  return made;
}

const SUMMARY_FIELDS: (keyof RunSummary & keyof Run)[] = ['id', 'repeats', 'parent', 'tree', 'sweep', 'label', 'reason', 'tags', 'command', 'directory', 'parameters', 'startedUtc',
  'wallS', 'userS', 'systemS', 'peakMemoryBytes', 'exit', 'signal', 'status', 'code', 'environment'];
const GRAPH_FIELDS: (keyof GraphRun)[] = ['id', 'repeats', 'parent', 'tree', 'label', 'reason', 'tags', 'command', 'status', 'inputs', 'outputs', 'removed'];

function fieldsOf<T>(run: T, names: (keyof T)[]): unknown[] {
  return names.map((name) => run[name]);
}

/** Is what the index tells what the records tell, faults included? Returns the number of runs. */
function checkIndex(folder: string, what: string): number {
  const project = projectAt(folder);
  const plain = readRuns(project);
  const faults = plain.faults.map((fault) => fault.message);
  const summaries = readSummaries(project);
  assert.deepEqual(summaries.summaries.map((one) => fieldsOf(one, SUMMARY_FIELDS)), plain.runs.map((one) => fieldsOf(one as RunSummary & Run, SUMMARY_FIELDS)), what);
  assert.deepEqual(summaries.summaries.map((one) => one.verdicts.map((verdict) => verdict.word)), plain.runs.map((one) => Array.from(new Set(one.verdicts.map((verdict) => verdict.word)))), what);
  assert.deepEqual(summaries.faults.map((fault) => fault.message), faults, what);
  const graph = readGraphRuns(project);
  assert.deepEqual(graph.runs.map((one) => fieldsOf(one, GRAPH_FIELDS)), plain.runs.map((one) => fieldsOf(one as GraphRun, GRAPH_FIELDS)), what);
  assert.deepEqual(graph.faults.map((fault) => fault.message), faults, what);
  const find = readFileLookup(project);
  for (const one of plain.runs) assert.deepEqual(find(one.id)?.outputs, one.outputs);
  return plain.runs.length;
}

function writeRecord(folder: string, made: Run): string {
  const name = path.join(folder, 'provenance', recordPath(made.id));
  fs.mkdirSync(path.dirname(name), { recursive: true });
  fs.writeFileSync(name + '.tmp', printRecord(made), 'latin1');
  fs.renameSync(name + '.tmp', name);
  return name;
}

function addRuns(folder: string, random: Random, count: number, months: number[]): string[] {
  return Array.from({ length: count }, () => writeRecord(folder, makeRun(random, makeId(random, pick(random, months)))));
}

function listIndex(folder: string): string[] {
  return fs.existsSync(path.join(folder, '.rr/index')) ? fs.readdirSync(path.join(folder, '.rr/index')).sort() : [];
}

test('the index tells what the records tell after additions, removals and damage in any order', async () => {
  for (const seed of [1, 2, 3]) {
    const random = makeRandom(seed * 7919);
    const folder = makeProject();
    let names: string[] = [];
    for (let round = 0; round < 25; round++) {
      const what = 'seed ' + String(seed) + ', round ' + String(round);
      const act = random(6);
      if (act <= 1) names.push(...addRuns(folder, random, 1 + random(40), [1, 2, 3]));
      else if (act === 2) names = names.filter((name) => random(8) > 0 || fs.rmSync(name) !== undefined);
      else if (act === 3 && names.length > 0) {
        const name = pick(random, names);
        if (fs.statSync(name).mtimeMs > 0) {
          // Another name first, so that it was not read when it was whole.
          fs.rmSync(name);
          names = names.filter((one) => one !== name);
          const damaged = writeRecord(folder, makeRun(random, makeId(random, 2)));
          const text = fs.readFileSync(damaged, 'latin1');
          fs.writeFileSync(damaged, text.slice(0, random(text.length)), 'latin1');
          if (random(2) === 0) names.push(damaged);
        }
      } else if (act === 4) fs.writeFileSync(path.join(folder, 'provenance/runs', pick(random, ['2026-01', '2026-02', 'stray']).replace(/^stray$/, '.'), pick(random, ['copy of x.rec', '20251122T052039Z-k3f5q2.rec', 'notes.txt'])), 'x');
      else if (act === 5 && random(4) === 0) fs.rmSync(path.join(folder, 'provenance/runs/2026-03'), { recursive: true, force: true });
      names = names.filter((name) => fs.existsSync(name));
      for (const month of ['2026-01', '2026-02']) fs.mkdirSync(path.join(folder, 'provenance/runs', month), { recursive: true });
      if (random(2) === 0) await sleep(SETTLED_MS);
      checkIndex(folder, what);
    }
    assert.ok(listIndex(folder).length > 0, 'it was written');
  }
});

test('a record that is repaired is shown from then on; one that is damaged was never cached', async () => {
  const folder = makeProject();
  const random = makeRandom(5);
  const names = addRuns(folder, random, 40, [4]);
  const text = fs.readFileSync(names[7], 'latin1');
  fs.writeFileSync(names[7], text.replace(/^Status: .*/m, 'Status: splendid'), 'latin1');
  await sleep(SETTLED_MS);
  for (let i = 0; i < 3; i++) assert.equal(checkIndex(folder, 'damaged'), 39);
  fs.writeFileSync(names[7], text, 'latin1'); // in place: the folder's times stay
  await sleep(SETTLED_MS);
  assert.equal(checkIndex(folder, 'repaired'), 40);
});

test('what is cached is not read again, and an addition does not rewrite all', async () => {
  const folder = makeProject();
  const random = makeRandom(11);
  const names = addRuns(folder, random, 600, [5]);
  await sleep(SETTLED_MS);
  checkIndex(folder, 'first');
  assert.deepEqual(listIndex(folder), ['2026-05.files', '2026-05.runs']);
  const large = fs.statSync(path.join(folder, '.rr/index/2026-05.runs')).ino;
  const text = fs.readFileSync(names[0], 'latin1');
  fs.writeFileSync(names[0], 'edited in place', 'latin1');
  const project = projectAt(folder);
  assert.deepEqual([readSummaries(project).summaries.length, readSummaries(project).faults.length], [600, 0]);
  assert.equal(rr(folder, ['verify', '-q']).status, 1, 'verify does notice');
  fs.writeFileSync(names[0], text, 'latin1');
  for (let i = 0; i < 3; i++) {
    addRuns(folder, random, 1, [5]);
    await sleep(SETTLED_MS);
    assert.equal(checkIndex(folder, 'one more'), 601 + i);
    assert.deepEqual(listIndex(folder), ['2026-05.files', '2026-05.files.more', '2026-05.runs', '2026-05.runs.more']);
    assert.equal(fs.statSync(path.join(folder, '.rr/index/2026-05.runs')).ino, large);
  }
  fs.rmSync(names[3]);
  await sleep(SETTLED_MS);
  assert.equal(checkIndex(folder, 'one less'), 602);
  addRuns(folder, random, 300, [5]);
  await sleep(SETTLED_MS);
  assert.equal(checkIndex(folder, 'many more'), 902);
  assert.deepEqual(listIndex(folder), ['2026-05.files', '2026-05.runs']);
});

/** What the index of a month says of the folder's times. */
function readTimes(folder: string, month: string): string {
  const large = path.join(folder, '.rr/index', month + '.runs');
  const lines = fs.readFileSync(fs.existsSync(large + '.more') ? large + '.more' : large, 'latin1').split('\n', 3);
  return lines[2].split(' ')[2];
}

test('the times of a folder count only when no record can have come within the same tick of the clock', async () => {
  const folder = makeProject();
  const random = makeRandom(13);
  const project = projectAt(folder);
  const runs = path.join(folder, 'provenance/runs/2026-06');
  for (let attempt = 0; ; attempt++) {
    addRuns(folder, random, 20, [6]); // so many that they are written down at once
    readSummaries(project);
    if (Date.now() - fs.statSync(runs).mtimeMs < 30) break; // no pause came between
    assert.ok(attempt < 100, 'this machine is too slow to try it');
  }
  assert.equal(readTimes(folder, '2026-06'), '-');
  for (let count = readSummaries(project).summaries.length + 1; count < 200; count++) {
    addRuns(folder, random, 1, [6]);
    assert.equal(readSummaries(project).summaries.length, count);
  }
  addRuns(folder, random, 20, [6]);
  await sleep(SETTLED_MS);
  readSummaries(project);
  assert.equal(readTimes(folder, '2026-06'), String(fs.statSync(runs).mtimeMs) + ':' + String(fs.statSync(runs).ctimeMs));
  // Where the file system keeps whole seconds, a tick is as long.
  fs.utimesSync(runs, Math.floor(Date.now() / 1000) - 1, Math.floor(Date.now() / 1000) - 1);
  addRuns(folder, random, 20, [6]);
  fs.utimesSync(runs, Math.floor(Date.now() / 1000), Math.floor(Date.now() / 1000));
  await sleep(SETTLED_MS);
  readSummaries(project);
  assert.equal(readTimes(folder, '2026-06'), '-');
});

test('a damaged, cut, empty or foreign index is as if there were none', async () => {
  const random = makeRandom(17);
  const folder = makeProject();
  addRuns(folder, random, 600, [7]);
  await sleep(SETTLED_MS);
  checkIndex(folder, 'first');
  addRuns(folder, random, 1, [7]);
  await sleep(SETTLED_MS);
  checkIndex(folder, 'more');
  const files = listIndex(folder).map((name) => path.join(folder, '.rr/index', name));
  assert.equal(files.length, 4);
  const damages: ((text: string) => string)[] = [
    () => '', (text) => text.slice(0, random(text.length)), (text) => text.slice(0, -1), (text) => text + '\n', (text) => text.replace(/format 2/, 'format 0'), () => '\0'.repeat(1000), () => 'x',
    (text) => { const at = random(text.length); return text.slice(0, at) + String.fromCharCode((text.charCodeAt(at) + 1) % 256) + text.slice(at + 1); },
    // A well-formed one of another time: its hash is right.
    (text) => { const body = text.slice(65).replace(/succeeded/, 'failed').replace(/^(# .*\n\S+) \d+/, '$1 99999999'); return hashBytes(body) + '\n' + body; },
    (text) => { const body = text.slice(65).replace(/\n[^\n]*\n$/, '\n'); return hashBytes(body) + '\n' + body.replace(/^(# .*\n\S+ \S+) \S+/, '$1 -'); },
  ];
  for (const [i, damage] of damages.entries()) {
    for (const file of files) {
      if (!fs.existsSync(file)) continue;
      fs.writeFileSync(file, damage(fs.readFileSync(file, 'latin1')), 'latin1');
      assert.equal(checkIndex(folder, 'damage ' + String(i) + ' of ' + path.basename(file)), 601);
    }
  }
  const other = makeProject();
  addRuns(other, makeRandom(19), 600, [7]);
  await sleep(SETTLED_MS);
  checkIndex(other, 'other');
  for (const name of listIndex(folder)) fs.copyFileSync(path.join(folder, '.rr/index', name), path.join(other, '.rr/index', name));
  checkIndex(other, 'with the index of another project');
  const copy = path.join(makeTemporary(), 'copy');
  run(undefined, ['cp', '-a', other, copy]);
  for (const name of fs.readdirSync(path.join(copy, 'provenance/runs/2026-07')).slice(0, 300)) {
    const file = path.join(copy, 'provenance/runs/2026-07', name);
    fs.writeFileSync(file, printRecord(makeRun(random, name.slice(0, -4))), 'latin1');
  }
  checkIndex(copy, 'an archive that came with an index');
});

test('many lists and writers at once show whole runs, and all that were there before', async () => {
  const folder = makeProject();
  const random = makeRandom(23);
  addRuns(folder, random, 600, [8]);
  for (let round = 0; round < 4; round++) {
    const before = fs.readdirSync(path.join(folder, 'provenance/runs/2026-08')).map((name) => name.slice(0, 23)).sort();
    const lists = Array.from({ length: 4 }, () => startRr(folder, ['list', '--csv', '--columns', 'id']).ended);
    for (let i = 0; i < 20; i++) {
      addRuns(folder, random, 1, [8]);
      await sleep(10);
    }
    const after = new Set(fs.readdirSync(path.join(folder, 'provenance/runs/2026-08')).map((name) => name.slice(0, 23)));
    for (const done of await Promise.all(lists)) {
      assert.equal(done.status, 0, done.stderr);
      const ids = done.stdout.trim().split('\n').slice(1);
      assert.deepEqual(ids, ids.slice().sort());
      const shown = new Set(ids);
      assert.equal(shown.size, ids.length);
      assert.deepEqual(before.filter((id) => !shown.has(id)), []);
      assert.deepEqual(ids.filter((id) => !after.has(id)), []);
    }
    checkIndex(folder, 'after round ' + String(round));
  }
  await sleep(SETTLED_MS);
  checkIndex(folder, 'at the end');
});

test('where nothing can be written all is as ever, and no link leads the index elsewhere', async () => {
  const random = makeRandom(29);
  const folder = makeProject();
  addRuns(folder, random, 600, [9]);
  await sleep(SETTLED_MS);
  fs.rmSync(path.join(folder, '.rr'), { recursive: true });
  fs.writeFileSync(path.join(folder, '.rr'), '');
  assert.equal(checkIndex(folder, '.rr is a file'), 600);
  fs.rmSync(path.join(folder, '.rr'));
  const elsewhere = makeTemporary();
  fs.symlinkSync(elsewhere, path.join(folder, '.rr'));
  assert.equal(checkIndex(folder, '.rr is a link'), 600);
  fs.unlinkSync(path.join(folder, '.rr'));
  fs.mkdirSync(path.join(folder, '.rr'));
  fs.symlinkSync(elsewhere, path.join(folder, '.rr/index'));
  assert.equal(checkIndex(folder, '.rr/index is a link'), 600);
  assert.deepEqual(fs.readdirSync(elsewhere), []);
});

test('rr list of a project that may not be written prints the same, and writes nothing', { skip: !IS_ROOT || hasProgram('setpriv') ? false : 'no setpriv' }, async () => {
  const folder = makeProject();
  addRuns(folder, makeRandom(31), 600, [10]);
  await sleep(SETTLED_MS);
  run(undefined, ['chmod', '-R', 'a-w,a+rX', folder]);
  const list = [process.execPath, RR_JS, 'list', '--csv'];
  const script = path.join(makeTemporary(), 'rr.js'); // rr.js itself may lie where nobody else may look
  fs.chmodSync(path.dirname(script), 0o755);
  fs.copyFileSync(RR_JS, script);
  const done = IS_ROOT ? run(folder, ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, script, 'list', '--csv']) : run(folder, list);
  assert.equal(done.status, 0, done.stderr);
  assert.deepEqual(listIndex(folder), []);
  run(undefined, ['chmod', '-R', 'u+w', folder]);
  assert.equal(done.stdout, run(folder, list).stdout);
});

test('a fresh clone without .rr gets an index that git does not see', { skip: hasProgram('git') ? false : 'no git' }, async () => {
  const origin = makeProject();
  addRuns(origin, makeRandom(37), 600, [11]);
  fs.rmSync(path.join(origin, '.rr'), { recursive: true });
  run(origin, ['git', 'init', '-q', '.']);
  run(origin, ['git', 'add', '.']);
  run(origin, ['git', '-c', 'user.name=A', '-c', 'user.email=a@example.org', 'commit', '-q', '-m', 'all']);
  const clone = path.join(makeTemporary(), 'clone');
  assert.equal(run(undefined, ['git', 'clone', '-q', origin, clone]).status, 0);
  await sleep(SETTLED_MS);
  assert.equal(rr(clone, ['list']).status, 0);
  assert.ok(listIndex(clone).length > 0);
  assert.equal(run(clone, ['git', 'status', '--porcelain']).stdout, '');
});

test('notes are applied to what the index tells', async () => {
  const folder = makeProject();
  const random = makeRandom(41);
  addRuns(folder, random, 30, [12]);
  const project = projectAt(folder);
  const plain = readRuns(project).runs;
  const note = emptyNote('20261122T052039Z-k3f5q2', [plain[3].id, plain[5].id], '2026-11-22T05:20:39.123456Z', 'A', '0.1.0');
  Object.assign(note, { label: 'new label', tags: ['new'], untags: ['plain'], outcome: 'good', comments: ['one', 'two'] });
  fs.mkdirSync(path.join(folder, 'provenance/notes/2026-11'), { recursive: true });
  const body = printNoteBody(note);
  fs.writeFileSync(path.join(folder, 'provenance/notes/2026-11/20261122T052039Z-k3f5q2.rec'), sealRecord(body, hashBytes(body)), 'latin1');
  for (let i = 0; i < 2; i++) {
    const { summaries } = readSummaries(project);
    const { runs } = readGraphRuns(project);
    plain.forEach((one, at) => {
      const noted = at === 3 || at === 5 ? applyNotes(one, [note]) : applyNotes(one);
      for (const shown of [summaries[at], runs[at]]) assert.deepEqual([shown.label, shown.reason, shown.tags], [noted.run.label, noted.run.reason, noted.run.tags]);
      assert.deepEqual([summaries[at].outcome, summaries[at].comments ?? []], [noted.notes.outcome, noted.notes.comments.map((comment) => comment.text)]);
    });
  }
});

test('filterRunsByFiles() finds the runs that read and wrote a file, whatever its name', () => {
  const folder = makeProject();
  const random = makeRandom(43);
  addRuns(folder, random, 200, [1, 2]);
  const project = projectAt(folder);
  const { runs } = readRuns(project);
  const paths = new Set<string>();
  for (const one of runs) for (const file of one.inputs.concat(one.outputs)) paths.add(file.path);
  // Parts of names are no names.
  for (const name of ['words/1', '1', ' edges /1'.trim(), '']) paths.add(name);
  let found = 0;
  for (const name of paths) {
    const made = runs.filter((one) => one.tree === undefined && one.outputs.some((file) => file.path === name)).map((one) => one.id);
    const used = runs.filter((one) => one.inputs.some((file) => file.path === name)).map((one) => one.id);
    const find = (among: { id: string }[], wrote: string[], read: string[]): string[] => filterRunsByFiles(project, among, wrote, read).map((one) => one.id);
    assert.deepEqual(find(runs, [name], []), made, JSON.stringify(name));
    assert.deepEqual(find(runs, [], [name]), used, JSON.stringify(name));
    assert.deepEqual(find(runs, [name], [name]), made.filter((id) => used.indexOf(id) >= 0));
    // Of some of the runs, and of one that is in no record, those that fit.
    const some = runs.filter((_, n) => n % 3 > 0).map((one) => ({ id: one.id })).concat({ id: '9' });
    assert.deepEqual(find(some, [], [name]), used.filter((id) => some.some((one) => one.id === id)));
    found += made.length + used.length;
  }
  assert.ok(found > 200);
});
