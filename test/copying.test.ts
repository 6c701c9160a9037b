// copying.test.ts - copies of files have the bytes and the mode that cp gives them, and end also where a file has fewer bytes than its size says.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { copyContent } from '../src/sys/copying.ts';
import { makeTemporary, run } from './rig.ts';

test('copyContent() copies what cp copies, large and small, over a file that is there, with its mode', () => {
  const folder = makeTemporary();
  for (const [size, mode] of [[0, 0o644], [1, 0o600], [65536, 0o755], [3000001, 0o444], [5 << 20, 0o640]]) {
    const from = path.join(folder, 'from-' + String(size));
    fs.writeFileSync(from, Buffer.alloc(size, 'some bytes and more\n'));
    fs.chmodSync(from, mode);
    const to = path.join(folder, 'to-' + String(size));
    if (size % 2 === 1) fs.writeFileSync(to, 'longer than nothing'.repeat(400000));
    copyContent(from, to);
    const judge = path.join(folder, 'judge-' + String(size));
    assert.equal(run(undefined, ['cp', '--preserve=mode', from, judge]).status, 0);
    assert.equal(run(undefined, ['cmp', judge, to]).status, 0, String(size));
    assert.equal(fs.statSync(to).mode, fs.statSync(judge).mode, String(size));
  }
});

test('copyContent() keeps holes, and all that stands between them', () => {
  const folder = makeTemporary();
  const from = path.join(folder, 'from');
  const fd = fs.openSync(from, 'w');
  for (const [text, at] of [['first', 0], ['x'.repeat(200000), (3 << 20) + 17], ['one', (200 << 20) - 1]] as [string, number][]) fs.writeSync(fd, text, at);
  fs.ftruncateSync(fd, (300 << 20) + 5);
  fs.closeSync(fd);
  const to = path.join(folder, 'to');
  copyContent(from, to);
  assert.equal(run(undefined, ['cmp', from, to]).status, 0);
  assert.equal(fs.statSync(to).size, fs.statSync(from).size);
  assert.ok(fs.statSync(to).blocks * 512 < 2 << 20, 'no more than its content takes, in pieces of 64 KiB');
});

// Files of sysfs have 4,096 bytes to stat(), and fewer to read(): as one that becomes shorter while it is copied.
const SHORTER = '/sys/class/net/lo/mtu';

test('copyContent() ends where a file has fewer bytes than its size says', { skip: fs.existsSync(SHORTER) && fs.statSync(SHORTER).size > 100 ? false : 'no ' + SHORTER }, () => {
  const to = path.join(makeTemporary(), 'to');
  // In a process of its own, which can be ended.
  const script = 'require(process.argv[1]).copyContent(process.argv[2], process.argv[3])';
  const done = run(undefined, [process.execPath, '-e', script, path.join(__dirname, '..', 'src', 'sys', 'copying.js'), SHORTER, to], { timeoutMs: 10000 });
  assert.deepEqual([done.status, done.stderr], [0, '']);
  assert.equal(fs.readFileSync(to, 'latin1'), run(undefined, ['cat', SHORTER]).stdout);
});

test('copyContent() names the file that cannot be read, and the one that cannot be written', () => {
  const folder = makeTemporary();
  fs.writeFileSync(path.join(folder, 'there'), 'x');
  assert.throws(() => copyContent(path.join(folder, 'gone'), path.join(folder, 'to')), (error) => (error as NodeJS.ErrnoException).code === 'ENOENT' && String((error as NodeJS.ErrnoException).path) === path.join(folder, 'gone'));
  if (fs.existsSync('/dev/full')) assert.throws(() => copyContent(path.join(folder, 'there'), '/dev/full'), (error) => (error as NodeJS.ErrnoException).code === 'ENOSPC' && String((error as NodeJS.ErrnoException).path) === '/dev/full');
});
