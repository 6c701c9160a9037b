// publishbounds.test.ts - what rr publishes of a stranger's project: it waits for no FIFO, reads nothing through links out of it, writes nothing through links.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fs from 'fs';
import path from 'path';
import { makeSmall, sh } from './archiverig.ts';
import { hasProgram, listRecords, makeProject, makeTemporary, rr, RR_JS } from './rig.ts';

function putFifo(name: string): void {
  fs.rmSync(name, { force: true });
  sh(path.dirname(name), 'mkfifo ' + path.basename(name));
}

function assertEnds(project: string, args: string[]): void {
  const done = rr(project, args, { timeoutMs: 20000 });
  assert.equal(done.signal, null, args.join(' ') + ' waits');
  assert.doesNotMatch(done.stderr, /\n {4}at /);
}

test('rr export and rr archive wait for no FIFO in provenance/', () => {
  const project = makeSmall();
  putFifo(path.join(project, 'provenance', 'files.txt'));
  assertEnds(project, ['archive', '-n']);
  putFifo(path.join(project, 'provenance', 'Makefile'));
  assertEnds(project, ['export', 'ro-crate']);
});

test('rr swhid waits for no FIFO that stands where git has a file', { skip: hasProgram('git') ? false : 'no git' }, () => {
  const project = makeSmall();
  sh(project, 'git init -q -b main .; git add -A; git -c user.name=a -c user.email=a@example.org commit -q -m x; git pack-refs');
  const kept = path.join(makeTemporary(), 'kept');
  sh(project, 'cp -R .git "' + kept + '"');
  for (const name of ['config', 'HEAD', 'packed-refs', 'refs/heads/main', 'index']) {
    putFifo(path.join(project, '.git', name));
    assertEnds(project, name === 'index' ? ['swhid', '--tracked', '.'] : ['swhid', '--snapshot']);
    fs.rmSync(path.join(project, '.git'), { recursive: true });
    sh(project, 'cp -R "' + kept + '" .git');
  }
});

test('what a link out of the project leads to tells no title', () => {
  const project = makeSmall();
  const outside = path.join(makeTemporary(), 'private.md');
  fs.writeFileSync(outside, '# Private words\n');
  fs.symlinkSync(outside, path.join(project, 'README.md'));
  const done = rr(project, ['export', 'codemeta', '--set', 'author=Author, A.']);
  assert.notEqual(done.status, 0);
  assert.doesNotMatch(done.stdout + done.stderr, /Private words/);
  fs.unlinkSync(path.join(project, 'README.md'));
  fs.writeFileSync(path.join(project, 'text.md'), '# Own words\n');
  fs.symlinkSync('text.md', path.join(project, 'README.md'));
  assert.equal(JSON.parse(rr(project, ['export', 'codemeta', '--set', 'author=Author, A.']).stdout).name, 'Own words');
});

test('rr export -o FOLDER writes through no link that lies in the folder, but into one that is a link itself', () => {
  const project = makeSmall();
  const outside = makeTemporary();
  const folder = path.join(project, 'capsule');
  fs.mkdirSync(folder);
  fs.symlinkSync(outside, path.join(folder, 'code'));
  for (const force of [[], ['--force']]) {
    const done = rr(project, ['export', 'codeocean', '-q', '-o', 'capsule/'].concat(force));
    if (/no image is known/.test(done.stderr)) return;
    assert.equal(done.status, 1, done.stderr);
    assert.match(done.stderr, /is a link that leads elsewhere/);
    assert.deepEqual(fs.readdirSync(outside), []);
    assert.deepEqual(fs.readdirSync(folder), ['code'], 'nor a part of it');
  }
  fs.symlinkSync(outside, path.join(project, 'named'));
  assert.equal(rr(project, ['export', 'codeocean', '-q', '-o', 'named']).status, 0);
  assert.ok(fs.existsSync(path.join(outside, 'code', 'run')));
});

test('rr export and rr report put nothing in the place of a FIFO or device, whatever is forced', () => {
  const project = makeSmall();
  const fifo = path.join(project, 'fifo');
  putFifo(fifo);
  for (const args of [['export', 'prov-n', '-o', 'fifo', '--force'], ['report', '-o', 'fifo', '--force']]) {
    const done = rr(project, args, { timeoutMs: 20000 });
    assert.equal(done.status, 1, args.join(' '));
    assert.ok(fs.lstatSync(fifo).isFIFO());
  }
});

test('rr report writes no part through a link', () => {
  const project = makeSmall();
  const outside = makeTemporary();
  fs.symlinkSync(outside, path.join(project, 'report_files'));
  const done = rr(project, ['report']);
  assert.equal(done.status, 1);
  assert.match(done.stderr, /is there and no folder/);
  assert.ok(!fs.existsSync(path.join(project, 'report.html')));
});

test('rr report shows no log that was changed, though its size is the same', () => {
  const project = makeProject();
  assert.equal(rr(project, ['record', '-q', '--', 'echo', 'ALPHA1']).status, 0);
  const id = path.basename(listRecords(project)[0], '.rec');
  const log = path.join(project, 'provenance', 'logs', id + '.out');
  assert.equal(rr(project, ['report', '-q']).status, 0);
  assert.match(fs.readFileSync(path.join(project, 'report.html'), 'utf8'), /<samp>ALPHA1/);
  fs.chmodSync(log, 0o644);
  fs.writeFileSync(log, 'FORGED\n');
  rr(project, ['report', '-q']);
  assert.doesNotMatch(fs.readFileSync(path.join(project, 'report.html'), 'utf8'), /FORGED/);
});

test('rr export prints no control character of a record on a terminal, and each byte into a file', { skip: hasProgram('script') ? false : 'no script' }, () => {
  const project = makeProject();
  assert.equal(rr(project, ['record', '-q', '-l', 'a\x1b]0;b', '--', 'true']).status, 0);
  assert.match(rr(project, ['export', 'prov-n', '--all', '-q']).stdout, /a\x1b\]0;b/);
  const shown = sh(project, 'script -qec "' + process.execPath + ' ' + RR_JS + ' export prov-n --all -q" /dev/null </dev/null');
  assert.match(shown, /a%1B\]0;b/);
  assert.doesNotMatch(shown, /\x1b/);
});
