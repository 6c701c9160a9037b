// scan.test.ts - which changes of a project two snapshots show.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { compareSnapshots, isLeftOut, takeSnapshot } from '../src/sys/scan.ts';
import type { Changes } from '../src/sys/scan.ts';
import { IS_ROOT, makeTemporary, run } from './rig.ts';

const SETUP = 'mkdir d .git .rr provenance sub sub/.git sub/provenance; echo 1 > a; echo 1 > b; echo 1 > d/c; ln -s a link; echo 1 > .git/x; echo 1 > provenance/x; sleep 0.02';

/** What a line of shell changes. */
function changesOf(script: string, ignoreCtime = false): Changes {
  const folder = makeTemporary();
  assert.equal(run(folder, ['sh', '-c', SETUP]).status, 0);
  const before = takeSnapshot(folder, []);
  const done = run(folder, ['sh', '-c', script]);
  assert.equal(done.status, 0, done.stderr);
  return compareSnapshots(before, takeSnapshot(folder, []), ignoreCtime);
}

const NOTHING: Changes = { written: [], removed: [], newFolders: [] };

test('compareSnapshots() sees every way to change a file', () => {
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
    ['mkfifo p', { written: ['p'] }],
    ['rm a; mkfifo a', { written: ['a'] }],
    ['touch d', {}],
    ['echo 2 > .git/x; echo 2 > provenance/x; echo 2 > .rr/x; echo 2 > sub/.git/x', {}],
    ['echo 2 > sub/provenance/x', { written: ['sub/provenance/x'] }],
  ];
  for (const [script, changes] of table) assert.deepEqual(changesOf(script), { ...NOTHING, ...changes }, script);
});

test('compareSnapshots() can leave the change time aside', () => {
  assert.deepEqual(changesOf('touch -a -t 200001010000 a b', true), NOTHING);
  assert.deepEqual(changesOf('touch -a -t 200001010000 a b', false).written, ['a', 'b']);
  assert.deepEqual(changesOf('echo 2 > a', true).written, ['a']);
});

test('takeSnapshot() takes names of any bytes, in folders of any bytes', () => {
  const folder = makeTemporary();
  const odd = Buffer.concat([Buffer.from(folder + '/'), Buffer.from([0xff, 0x0a])]);
  fs.mkdirSync(odd);
  fs.writeFileSync(Buffer.concat([odd, Buffer.from([0x2f, 0x01, 0xfe])]), 'x');
  assert.deepEqual(Array.from(takeSnapshot(folder, []).keys()).sort(), ['\xff\n', '\xff\n/\x01\xfe']);
});

test('takeSnapshot() follows no link and is not caught in a loop', () => {
  const folder = makeTemporary();
  fs.symlinkSync('..', path.join(folder, 'up'));
  fs.symlinkSync('self', path.join(folder, 'self'));
  assert.deepEqual(Array.from(takeSnapshot(folder, []).keys()).sort(), ['self', 'up']);
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
