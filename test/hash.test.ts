// hash.test.ts - SHA-256 of files, held against sha256sum; kinds of files that are not read; memory.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import childProcess from 'child_process';
import fs from 'fs';
import path from 'path';
import { describeFile, hashBytes, hashFiles, hashRegularFile, hashWithRetry } from '../src/sys/hash.ts';
import type { HashRequest } from '../src/sys/hash.ts';
import { IS_ROOT, hasProgram, makeTemporary, run } from './rig.ts';

const HASH_MODULE = path.join(__dirname, '..', 'src', 'sys', 'hash.js');

/** What sha256sum says of files, in the order given. */
function askSha256sum(folder: string, names: string[]): string[] {
  const done = run(folder, ['xargs', '-0', 'sha256sum', '--'], { input: names.join('\0') });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout.split('\n').slice(0, -1).map((line) => line.replace(/^\\/, '').slice(0, 64));
}

test('hashBytes() gives the vectors of FIPS 180-4', () => {
  assert.equal(hashBytes(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(hashBytes('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.equal(hashBytes('\xff'), 'a8100ae6aa1940d0b663bb31cd466142ebbdbd5187131b92d93818987832eb89');
});

test('hashRegularFile() agrees with sha256sum at the edges of its buffers', () => {
  const folder = makeTemporary();
  const sizes = [0, 1, 65535, 65536, 65537, 131072, (1 << 20) - 1, 1 << 20, (1 << 20) + 65536, (1 << 20) + 65537, 3 << 20];
  for (const size of sizes) fs.writeFileSync(path.join(folder, String(size)), Buffer.alloc(size, 'x' + String(size)));
  const expected = askSha256sum(folder, sizes.map(String));
  sizes.forEach((size, i) => assert.deepEqual(hashRegularFile(path.join(folder, String(size))), { kind: 'hashed', hash: expected[i], size }, String(size)));
});

test('hashRegularFile() takes names of any bytes', () => {
  const folder = makeTemporary();
  const name = folder + '/\xff\n\xc3\xa9';
  fs.writeFileSync(Buffer.from(name, 'latin1'), 'abc');
  assert.equal(hashRegularFile(name).kind, 'hashed');
});

test('hashRegularFile() reads more than 2 GiB in bounded memory', () => {
  const folder = makeTemporary();
  const name = path.join(folder, 'sparse');
  fs.writeFileSync(name, '');
  fs.truncateSync(name, 2 ** 31 + 1);
  const script = 'const o = require(' + JSON.stringify(HASH_MODULE) + ').hashRegularFile(process.argv[1]); console.log(o.hash, o.size, process.resourceUsage().maxRSS)';
  const done = run(folder, [process.execPath, '-e', script, name]);
  const [hash, size, peakKb] = done.stdout.split(' ');
  // "truncate -s 2147483649 x; sha256sum x", which takes too long to be asked each time.
  assert.equal(hash, 'b8030a8ab89280935633d8d991da3d9907c0f12e8b6fc3bfc515f4d440872b6e');
  assert.equal(Number(size), 2 ** 31 + 1);
  assert.ok(Number(peakKb) < 120000, 'peak ' + peakKb + ' KiB');
});

test('hashRegularFile() neither blocks on nor reads what is no regular file', async () => {
  const folder = makeTemporary();
  assert.equal(run(folder, ['mkfifo', 'fifo']).status, 0);
  const server = require('net').createServer() as import('net').Server;
  await new Promise<void>((resolve) => server.listen(path.join(folder, 'socket'), resolve));
  fs.mkdirSync(path.join(folder, 'folder'));
  fs.symlinkSync('/dev/zero', path.join(folder, 'zero'));
  fs.symlinkSync('fifo', path.join(folder, 'tofifo'));
  for (const name of ['/dev/null', '/dev/full', '/dev/zero'].concat(['fifo', 'socket', 'folder', 'zero', 'tofifo'].map((one) => path.join(folder, one)))) {
    assert.deepEqual(hashRegularFile(name), { kind: 'not-regular' }, name);
  }
  server.close();
  for (const [name, kind] of [['fifo', 'p'], ['folder', 'd'], ['zero', 'l']]) assert.equal(describeFile(path.join(folder, name), name)?.kind, kind);
  assert.deepEqual(describeFile('/dev/null', 'x'), { hash: '-', size: 0, kind: 'c', path: 'x' });
});

test('hashRegularFile() tells what is gone and what loops', () => {
  const folder = makeTemporary();
  fs.symlinkSync('loop2', path.join(folder, 'loop1'));
  fs.symlinkSync('loop1', path.join(folder, 'loop2'));
  fs.symlinkSync('nowhere', path.join(folder, 'dangling'));
  fs.writeFileSync(path.join(folder, 'file'), 'x');
  const table: [string, string][] = [['loop1', 'unreadable'], ['dangling', 'gone'], ['none', 'gone'], ['file/below', 'gone'], ['x'.repeat(300), 'unreadable']];
  for (const [name, kind] of table) assert.equal(hashRegularFile(path.join(folder, name)).kind, kind, name);
  assert.deepEqual(describeFile(path.join(folder, 'dangling'), 'd'), { hash: hashBytes('nowhere'), size: 7, kind: 'l', path: 'd' });
  assert.equal(describeFile(path.join(folder, 'none'), 'n'), undefined);
});

test('hashRegularFile() says that a file may not be read', { skip: !IS_ROOT || hasProgram('setpriv') ? false : 'no setpriv' }, () => {
  const folder = makeTemporary();
  fs.chmodSync(folder, 0o755);
  fs.writeFileSync(path.join(folder, 'closed'), 'x', { mode: 0o000 });
  fs.mkdirSync(path.join(folder, 'shut'), { mode: 0o700 });
  fs.writeFileSync(path.join(folder, 'shut', 'in'), 'x');
  if (!IS_ROOT) fs.chmodSync(path.join(folder, 'shut'), 0o000);
  // The modules are copied to where the other user may read them.
  run(folder, ['cp', '-R', path.join(__dirname, '..', 'src'), 'src']);
  const script = 'const h = require("./src/sys/hash.js"); console.log(["closed", "shut/in"].map((n) => h.hashRegularFile(n).kind).join(" "))';
  const other = IS_ROOT ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
  assert.equal(run(folder, other.concat(process.execPath, '-e', script)).stdout, 'unreadable unreadable\n');
  if (!IS_ROOT) fs.chmodSync(path.join(folder, 'shut'), 0o700);
});

test('hashWithRetry() does not vouch for a file that grows all the time', async () => {
  const folder = makeTemporary();
  const name = path.join(folder, 'log');
  fs.writeFileSync(name, Buffer.alloc(8 << 20));
  const writer = childProcess.spawn('sh', ['-c', 'while :; do echo x; done >> log'], { cwd: folder, stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const outcome = hashWithRetry(name);
  writer.kill('SIGKILL');
  assert.deepEqual(outcome, { kind: 'changing' });
});

test('hashFiles() of 3,000 files agrees with sha256sum, also on files that vanish', async () => {
  const folder = makeTemporary();
  const names = Array.from({ length: 3000 }, (_, i) => 'f' + String(i));
  names.forEach((name, i) => fs.writeFileSync(path.join(folder, name), 'x'.repeat(i % 700) + String(i)));
  const expected = askSha256sum(folder, names);
  const requests: HashRequest[] = names.map((name, i) => ({ name: path.join(folder, name), sizeBytes: (i % 700) + String(i).length }));
  for (const i of [0, 1500, 2999]) fs.unlinkSync(requests[i].name);
  const outcomes = await hashFiles(requests);
  outcomes.forEach((outcome, i) => assert.deepEqual(outcome, i % 1500 === 0 || i === 2999 ? { kind: 'gone' } : { kind: 'hashed', hash: expected[i], size: requests[i].sizeBytes }));
});

test('hashFiles() of large files agrees with sha256sum, and with the size that was hashed', async () => {
  const folder = makeTemporary();
  const names = ['a', 'b', 'c', '\xff', 'small'];
  names.forEach((name, i) => {
    const whole = Buffer.concat([Buffer.from(folder + '/'), Buffer.from(name, 'latin1')]);
    fs.writeFileSync(whole, 'x' + String(i));
    if (name !== 'small') fs.truncateSync(whole as unknown as string, 20e6 + i);
  });
  const expected = askSha256sum(folder, ['a', 'b', 'c', './small']);
  // As if each had grown by a byte since it was looked at: hash and size must be of one moment.
  const outcomes = await hashFiles(names.map((name, i) => ({ name: folder + '/' + name, sizeBytes: 20e6 + i - 1 })));
  outcomes.forEach((outcome, i) => assert.equal(outcome.kind === 'hashed' ? outcome.size : outcome.kind, i === 4 ? 2 : 20e6 + i));
  assert.deepEqual([0, 1, 2, 4].map((i) => (outcomes[i] as { hash: string }).hash), expected);
});
