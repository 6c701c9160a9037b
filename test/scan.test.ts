// scan.test.ts - which changes of a project two snapshots show.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { isLeftOut, lookAgain, takeSnapshot } from '../src/sys/scan.ts';
import type { Changes } from '../src/sys/scan.ts';
import { IS_ROOT, listRecords, makeProject, makeTemporary, readRecord, rr, run } from './rig.ts';

const SETUP = 'mkdir d .git .rr provenance sub sub/.git sub/provenance; echo 1 > a; echo 1 > b; echo 1 > d/c; ln -s a link; echo 1 > .git/x; echo 1 > provenance/x; sleep 0.02';

/** What a line of shell changes. */
async function changesOf(script: string, ignoreCtime = false): Promise<Changes> {
  const folder = makeTemporary();
  assert.equal(run(folder, ['sh', '-c', SETUP]).status, 0);
  const before = takeSnapshot(folder, []);
  const done = run(folder, ['sh', '-c', script]);
  assert.equal(done.status, 0, done.stderr);
  return (await lookAgain(folder, before, ignoreCtime)).changes;
}

const NOTHING: Changes = { written: [], removed: [], newFolders: [] };

test('lookAgain() sees every way to change a file', async () => {
  const table: [string, Partial<Changes>][] = [
    ['cat a b d/c link > /dev/null; ls -l', {}],
    ['echo 1 > new', { written: ['new'] }],
    ['echo 2 >> a', { written: ['a'] }],
    ['echo 2 > a', { written: ['a'] }],
    ['touch -r a stamp; echo 2 > a; touch -r stamp a; rm stamp', { written: ['a'] }],
    ['chmod +x a', { written: ['a'] }],
    ['cp -p a t; mv t a', { written: ['a'] }],
    ['mv a moved', { written: ['moved'], removed: ['a'] }],
    ['mv a b', { written: ['b'], removed: ['a'] }],
    ['rm a d/c', { removed: ['a', 'd/c'] }],
    ['rm -r d', { removed: ['d', 'd/c'] }],
    ['mkdir n n/m; echo 1 > n/m/f', { written: ['n/m/f'], newFolders: ['n', 'n/m'] }],
    ['rm link; ln -s b link', { written: ['link'] }],
    ['rm a; mkdir a', { newFolders: ['a'] }],
    ['rm -r d; echo 1 > d', { written: ['d'], removed: ['d/c'] }],
    ['rm -r d; mkdir d; echo 1 > d/c', { written: ['d/c'] }],
    ['rm d/c; echo 1 > d/e', { written: ['d/e'], removed: ['d/c'] }],
    // What a link leads to is not what was in the folder.
    ['mv d e; ln -s e d', { written: ['d', 'e/c'], removed: ['d/c'], newFolders: ['e'] }],
    ['mv d e; ln -s e d; echo 1 > e/f', { written: ['d', 'e/c', 'e/f'], removed: ['d/c'], newFolders: ['e'] }],
    ['mkfifo p', { written: ['p'] }],
    ['rm a; mkfifo a', { written: ['a'] }],
    ['touch d', {}],
    ['echo 2 > .git/x; echo 2 > provenance/x; echo 2 > .rr/x; echo 2 > sub/.git/x', {}],
    ['echo 2 > sub/provenance/x', { written: ['sub/provenance/x'] }],
  ];
  for (const [script, changes] of table) assert.deepEqual(await changesOf(script), { ...NOTHING, ...changes }, script);
});

test('lookAgain() can leave the change time aside', async () => {
  assert.deepEqual(await changesOf('touch -a -t 200001010000 a b', true), NOTHING);
  assert.deepEqual((await changesOf('touch -a -t 200001010000 a b', false)).written, ['a', 'b']);
  assert.deepEqual((await changesOf('echo 2 > a', true)).written, ['a']);
});

test('lookAgain() sees the same with a second thread, in folders of any size', async () => {
  const folder = makeTemporary();
  const made = run(folder, ['sh', '-c', 'mkdir one many; seq 21000 | sed "s,^,one/," | xargs touch; for d in $(seq 100); do mkdir many/$d; : > many/$d/a; : > many/$d/b; done; find . | wc -l']);
  assert.ok(Number(made.stdout) > 21000, made.stdout);
  const list = (): Set<string> => new Set(run(folder, ['find', '.', '-mindepth', '1', '-printf', '%P\\n']).stdout.trim().split('\n'));
  const [first, before] = [list(), takeSnapshot(folder, [])];
  assert.equal(before.count, first.size);
  assert.deepEqual((await lookAgain(folder, before, false)).changes, NOTHING);
  const done = run(folder, ['sh', '-c', 'sleep 0.02; rm one/*7 many/1*/*; rm -r many/2*; mkdir many/new; echo 1 > many/new/a; for n in 1 512 513 20999; do echo 2 > one/$n; done']);
  assert.equal(done.status, 0, done.stderr);
  const second = list();
  const { changes } = await lookAgain(folder, before, false);
  assert.deepEqual(changes.removed, Array.from(first).filter((name) => !second.has(name)).sort());
  assert.deepEqual(changes.newFolders, ['many/new']);
  assert.deepEqual(changes.written, ['many/new/a', 'one/1', 'one/20999', 'one/512', 'one/513']);
  assert.ok(changes.removed.length > 2100);
});

test('takeSnapshot() takes names of any bytes, in folders of any bytes', () => {
  const folder = makeTemporary();
  const odd = Buffer.concat([Buffer.from(folder + '/'), Buffer.from([0xff, 0x0a])]);
  fs.mkdirSync(odd);
  fs.writeFileSync(Buffer.concat([odd, Buffer.from([0x2f, 0x01, 0xfe])]), 'x');
  assert.deepEqual(Array.from(takeSnapshot(folder, [])).map(([name]) => name).sort(), ['\xff\n', '\xff\n/\x01\xfe']);
});

test('takeSnapshot() follows no link and is not caught in a loop', () => {
  const folder = makeTemporary();
  fs.symlinkSync('..', path.join(folder, 'up'));
  fs.symlinkSync('self', path.join(folder, 'self'));
  assert.deepEqual(Array.from(takeSnapshot(folder, [])).map(([name]) => name).sort(), ['self', 'up']);
});

test('takeSnapshot() names a folder that it may not read', { skip: IS_ROOT ? 'root may read every folder' : false }, () => {
  const folder = makeTemporary();
  fs.mkdirSync(path.join(folder, 'shut'), { mode: 0 });
  const unreadable: string[] = [];
  takeSnapshot(folder, unreadable);
  fs.chmodSync(path.join(folder, 'shut'), 0o700);
  assert.deepEqual(unreadable, ['shut/']);
});

test('isLeftOut() knows version control at any depth, provenance only at the top', () => {
  for (const one of ['.git', '.git/x', 'a/.git', 'a/.git/x', '.rr/x', 'provenance', 'provenance/x', 'a/.hg/x']) assert.equal(isLeftOut(one), true, one);
  for (const one of ['a', '.gitignore', 'a/provenance/x', 'provenance2', 'a.git', '.github/x']) assert.equal(isLeftOut(one), false, one);
});

test('a scan leaves out what another rr has not finished, unless it is declared', () => {
  const project = makeProject();
  fs.writeFileSync(path.join(project, '.was.tar.abcdef.tmp'), 'x');
  const script = 'echo 1 > out.txt; echo 1 > .new.tar.bcdefg.tmp; mkdir .bag.cdefgh.tmp; echo 1 > .bag.cdefgh.tmp/in; rm -f .was.tar.abcdef.tmp; echo 1 > .mine.tmp';
  const filesOf = (options: string[]): string[] => {
    assert.equal(rr(project, ['record', '-q', '--trace', 'scan'].concat(options, '--', 'sh', '-c', script)).status, 0);
    const record = readRecord(project, listRecords(project)[listRecords(project).length - 1]);
    return (record.Output ?? []).map((line) => line.split(' ').slice(-1)[0]).concat(record.Removed ?? []);
  };
  assert.deepEqual(filesOf([]), ['.mine.tmp', 'out.txt']);
  for (const name of fs.readdirSync(project)) if (/^\.(new|bag|mine)/.test(name)) fs.rmSync(path.join(project, name), { recursive: true });
  assert.deepEqual(filesOf(['-o', '.new.tar.bcdefg.tmp', '-o', 'out.txt']), ['.mine.tmp', '.new.tar.bcdefg.tmp', 'out.txt']);
});
