// swhid.test.ts - rr swhid gives what git and swh-model give; where these differ, it says so.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { parseSwhid, printSwhid } from '../src/formats/swhid.ts';
import { hasProgram, listRecords, makeTemporary, readRecord, RR_JS, rr, run } from './rig.ts';

const SWH = path.resolve(__dirname, '..', '..', 'judges', 'python', 'bin', 'swh');
const PYTHON = path.join(path.dirname(SWH), 'python');
const NO_SWH = fs.existsSync(SWH) ? false : 'no swh-model (make interop)';
const NO_GIT = hasProgram('git') ? false : 'no git';

function git(folder: string, ...words: string[]): string {
  const done = run(folder, ['git', '-c', 'user.name=A. Author', '-c', 'user.email=a@example.org', '-c', 'protocol.file.allow=always', ...words]);
  assert.equal(done.status, 0, words.join(' ') + ': ' + done.stderr);
  return done.stdout.trim();
}

/** First words of what rr swhid prints. */
function swhids(folder: string, ...args: string[]): string[] {
  const done = rr(folder, ['swhid', '--core', ...args]);
  assert.equal(done.status, 0, done.stderr);
  return done.stdout.split('\n').filter((line) => line !== '').map((line) => line.replace(/\t.*/, ''));
}

function identify(folder: string, ...args: string[]): string[] {
  const done = run(folder, [SWH, 'identify', '--no-filename', ...args]);
  assert.equal(done.status, 0, done.stderr);
  return done.stdout.split('\n').filter((line) => line !== '');
}

/** Names in which sorting as git does it differs from sorting by bytes, links, an executable, odd bytes. */
function makeTree(): string {
  const folder = makeTemporary();
  for (const name of ['a/b/c', 'a.b/f', 'a-b', 'a0', 'a=', 'sub/x y', 'z/\u00e9', 'crlf']) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), name + '\r\n');
  }
  fs.writeFileSync(Buffer.concat([Buffer.from(folder + '/bad'), Buffer.from([0xff, 0x0a])]), 'x');
  fs.writeFileSync(path.join(folder, 'zero'), '');
  fs.writeFileSync(path.join(folder, 'run.sh'), '#!/bin/sh\n');
  fs.chmodSync(path.join(folder, 'run.sh'), 0o755);
  fs.symlinkSync('a/b/c', path.join(folder, 'link'));
  fs.symlinkSync('nowhere', path.join(folder, 'a', 'dangling'));
  return folder;
}

function makeRepository(): string {
  const folder = makeTree();
  git(folder, 'init', '-q', '-b', 'main');
  git(folder, 'add', '-A');
  git(folder, 'commit', '-q', '-m', 'one');
  return folder;
}

test('rr swhid of files, links and folders is that of git', { skip: NO_GIT }, () => {
  const folder = makeRepository();
  const tree = 'swh:1:dir:' + git(folder, 'write-tree');
  assert.deepEqual(swhids(folder), [tree]);
  assert.deepEqual(swhids(folder, '--tracked', '.'), [tree]);
  assert.deepEqual(swhids(folder, 'a'), ['swh:1:dir:' + git(folder, 'rev-parse', 'HEAD:a')]);
  assert.deepEqual(swhids(folder, '--tracked', 'a'), ['swh:1:dir:' + git(folder, 'rev-parse', 'HEAD:a')]);
  assert.deepEqual(swhids(folder, 'crlf', 'link', 'zero'), ['crlf', 'a/b/c', 'zero'].map((name) => 'swh:1:cnt:' + git(folder, 'hash-object', '--no-filters', name)));
  assert.deepEqual(swhids(folder, '--link', 'link'), ['swh:1:cnt:' + git(folder, 'rev-parse', 'HEAD:link')]);
  // What is changed, gone, new, staged and executable by now.
  fs.writeFileSync(path.join(folder, 'a0'), 'changed');
  fs.unlinkSync(path.join(folder, 'a-b'));
  fs.rmSync(path.join(folder, 'z'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'new'), 'untracked');
  fs.writeFileSync(path.join(folder, 'staged'), 'staged');
  git(folder, 'add', 'staged');
  fs.chmodSync(path.join(folder, 'zero'), 0o755);
  const now = swhids(folder, '--tracked');
  git(folder, 'add', '-u');
  assert.deepEqual(now, ['swh:1:dir:' + git(folder, 'write-tree')]);
});

test('rr swhid says where git and swh-model see something else, and --tracked is git\'s view', { skip: NO_GIT }, () => {
  const folder = makeRepository();
  fs.writeFileSync(path.join(folder, '.gitattributes'), '*.txt text eol=crlf\n');
  fs.writeFileSync(path.join(folder, 't.txt'), 'a\r\nb\r\n');
  git(folder, 'add', '-A');
  git(folder, 'commit', '-q', '-m', 'two');
  fs.mkdirSync(path.join(folder, 'empty'));
  fs.writeFileSync(path.join(folder, 'group.sh'), '');
  fs.chmodSync(path.join(folder, 'group.sh'), 0o654);
  assert.equal(run(folder, ['mkfifo', 'pipe']).status, 0);
  run(folder, ['git', 'init', '-q', 'nested']);
  const done = rr(folder, ['swhid']);
  assert.equal(done.status, 0);
  assert.equal(done.stderr, 'rr: .: 1 name is left out: .git\n'
    + 'rr: .: 2 folders have nothing in them: empty, nested; git would leave them out\n'
    + 'rr: .: 1 file can be executed, but not by its owner: group.sh; a plain file here and for git, an executable one for swh-model\n'
    + 'rr: .: 1 name is neither file nor folder nor link and is left out: pipe\n'
    + 'rr: .: 1 folder is a repository of its own: nested; for git a submodule or nothing, here a folder of files\n'
    + 'rr: .: 1 file is not tracked by git: group.sh; --tracked leaves it out\n'
    + 'rr: .: 1 file is not as in the index of git: t.txt; changed, or kept there with other ends of lines or through a filter\n');
  assert.equal(rr(folder, ['swhid', '-q']).stderr, '');
  assert.deepEqual(swhids(folder, '--tracked'), ['swh:1:dir:' + git(folder, 'rev-parse', 'HEAD^{tree}')]);
  assert.match(rr(folder, ['swhid', 't.txt']).stderr, new RegExp('git keeps t\\.txt with other ends of lines or through a filter: there it is swh:1:cnt:' + git(folder, 'rev-parse', 'HEAD:t.txt')));
});

test('rr swhid is that of swh-model for folders, contents and snapshots', { skip: NO_SWH || NO_GIT }, () => {
  const folder = makeTree();
  fs.mkdirSync(path.join(folder, 'empty', 'inner'), { recursive: true });
  assert.deepEqual(swhids(folder), identify(folder, '.'));
  assert.deepEqual(swhids(folder, 'zero', 'link', 'a'), identify(folder, 'zero', 'link', 'a'));
  const repository = makeRepository();
  git(repository, 'tag', 'light');
  git(repository, 'tag', '-a', 'v1', '-m', 'first');
  git(repository, 'tag', '-a', 'v2', '-m', 'of a tag', 'v1');
  git(repository, 'tag', 'tree', 'HEAD^{tree}');
  git(repository, 'tag', 'blob', 'HEAD:zero');
  git(repository, 'branch', 'deep/er/branch');
  assert.deepEqual(swhids(repository, '--snapshot'), identify(repository, '-t', 'snapshot', '.'));
  git(repository, 'pack-refs', '--all');
  git(repository, 'gc', '-q');
  git(repository, 'branch', 'after');
  assert.deepEqual(swhids(repository, '--snapshot'), identify(repository, '-t', 'snapshot', '.'));
  git(repository, 'checkout', '-q', '--detach');
  assert.deepEqual(swhids(repository, '--snapshot'), identify(repository, '-t', 'snapshot', '.'));
  const clones = makeTemporary();
  git(clones, 'clone', '-q', repository, 'clone');
  git(clones, 'clone', '-q', '--mirror', repository, 'mirror.git');
  for (const name of ['clone', 'mirror.git']) assert.deepEqual(swhids(clones, '--snapshot', name), identify(clones, '-t', 'snapshot', name), name);
});

test('rr swhid --revision and --release are git\'s names, without git on PATH', { skip: NO_GIT }, () => {
  const folder = makeRepository();
  git(folder, 'tag', '-a', 'v1', '-m', 'first');
  git(folder, 'tag', 'light');
  git(folder, 'remote', 'add', 'origin', 'https://user:secret@example.org/r;x%2f.git?token=1');
  const done = rr(folder, ['swhid', '--revision', 'HEAD', '--revision', 'main', '--revision', 'v1', '--release', 'v1', '--release', 'light'], { env: { PATH: '/nonexistent' } });
  const origin = ';origin=https://example.org/r%3Bx%252f.git';
  const revision = 'swh:1:rev:' + git(folder, 'rev-parse', 'HEAD') + origin;
  assert.deepEqual(done.stdout.split('\n'), [revision + '\tHEAD', revision + '\tmain', revision + '\tv1', 'swh:1:rel:' + git(folder, 'rev-parse', 'v1') + origin + '\tv1', revision + '\tlight', '']);
  assert.equal(done.stderr, 'rr: light: "light" is a lightweight tag: only a name of that commit, no release\n');
  assert.deepEqual(swhids(folder, '--revision', 'HEAD~0'), ['swh:1:rev:' + git(folder, 'rev-parse', 'HEAD')]);
  for (const args of [['--revision', 'none'], ['--release', 'main'], ['--revision', 'HEAD', 'a', 'b']]) assert.notEqual(rr(folder, ['swhid', ...args]).status, 0, args.join(' '));
  const sha256 = makeTemporary();
  git(sha256, 'init', '-q', '--object-format=sha256');
  assert.match(rr(sha256, ['swhid', '--snapshot']).stderr, /named by SHA-256, a SWHID is of SHA-1/);
});

test('rr swhid --check says yes or no by its status', { skip: NO_GIT }, () => {
  const folder = makeRepository();
  git(folder, 'tag', '-a', 'v1', '-m', 'first');
  const tree = git(folder, 'write-tree');
  fs.mkdirSync(path.join(folder, 'empty'));
  const check = (swhid: string, ...rest: string[]): [number | null, string] => {
    const done = rr(folder, ['swhid', '--check', swhid, ...rest]);
    return [done.status, done.stdout + done.stderr];
  };
  const zero = 'swh:1:cnt:' + git(folder, 'hash-object', 'zero');
  assert.deepEqual(check(zero + ';origin=https://example.org/;lines=1', 'zero'), [0, 'zero is ' + zero + '\n']);
  assert.deepEqual(check(zero, 'a0'), [1, 'rr: a0 is not ' + zero + ' but swh:1:cnt:' + git(folder, 'hash-object', 'a0') + '\n']);
  assert.deepEqual(check('swh:1:dir:' + tree), [0, '. is swh:1:dir:' + tree + ', as git tracks it\n']);
  for (const swhid of ['rev:' + git(folder, 'rev-parse', 'HEAD'), 'rel:' + git(folder, 'rev-parse', 'v1'), swhids(folder, '--snapshot')[0].slice(6)]) assert.equal(check('swh:1:' + swhid)[0], 0, swhid);
  for (const kind of ['rev', 'rel', 'snp', 'dir']) assert.equal(check('swh:1:' + kind + ':' + tree.replace(/./g, '0'))[0], 1, kind);
  assert.deepEqual(check('swh:1:cnt:xyz')[0], 2);
  assert.deepEqual(check('swh:2:cnt:' + tree)[0], 2);
});

test('printSwhid() is read by swh-model, and the same comes out', { skip: NO_SWH }, () => {
  const hex = '94a9ed024d3859793618152ea559a168bbcbb5e2';
  const snapshot = 'swh:1:snp:' + hex;
  const texts = [
    printSwhid('cnt', hex), printSwhid('cnt', hex, { lines: { first: 9, last: 15 }, path: '/a;b%c d/\xc3\xa9\xff~_.-#', anchor: 'swh:1:rev:' + hex, visit: snapshot, origin: 'https://example.org/a;b%3Bc?d=e&f' }),
    printSwhid('dir', hex, { lines: { first: 3, last: undefined } }),
  ];
  for (const text of texts) {
    const done = run(undefined, [PYTHON, '-c', 'import sys; from swh.model.swhids import QualifiedSWHID as Q; print(Q.from_string(sys.argv[1]))', text]);
    assert.equal(done.stdout, text + '\n', done.stderr);
    const { kind, qualifiers } = parseSwhid(text);
    assert.equal(printSwhid(kind, hex, qualifiers), text);
  }
  assert.equal(texts[1], 'swh:1:cnt:' + hex + ';origin=https://example.org/a%3Bb%253Bc?d=e&f;visit=' + snapshot + ';anchor=swh:1:rev:' + hex + ';path=/a%3Bb%25c%20d/%C3%A9%FF~_.-%23;lines=9-15');
  for (const bad of ['swh:1:cnt:' + hex.toUpperCase(), 'swh:1:xyz:' + hex, 'swh:1:cnt:' + hex + ';lines=5-2', 'swh:1:cnt:' + hex + ';path=a', 'swh:1:cnt:' + hex + ';anchor=swh:1:cnt:' + hex, 'swh:1:cnt:' + hex + ';odd=1', 'swh:1:cnt:' + hex + ';']) assert.throws(() => parseSwhid(bad), bad);
});

test('a run\'s code and files have SWHIDs, and its record has that of the code', { skip: NO_GIT }, () => {
  const folder = makeTemporary();
  fs.writeFileSync(path.join(folder, 'fit.sh'), 'tr 1 2 < data.txt > out.txt\n');
  fs.writeFileSync(path.join(folder, 'data.txt'), '1\n');
  git(folder, 'init', '-q', '-b', 'main');
  git(folder, 'add', '-A');
  git(folder, 'commit', '-q', '-m', 'one');
  git(folder, 'remote', 'add', 'origin', 'https://example.org/r.git');
  const commit = git(folder, 'rev-parse', 'HEAD');
  const record = (...more: string[]): string => {
    const done = rr(folder, ['record', '-q', '--print-id', '--trace', 'scan', '-i', 'data.txt', '-o', 'out.txt', ...more, '--', 'sh', 'fit.sh']);
    assert.equal(done.status, 0, done.stderr);
    return done.stderr.trim().split('\n').pop() as string;
  };
  const id = record('-l', 'fit');
  const revision = 'swh:1:rev:' + commit + ';origin=https://example.org/r.git';
  assert.deepEqual(readRecord(folder, listRecords(folder)[0]).Code_swhid, [revision]);
  assert.match(rr(folder, ['show', 'fit']).stdout, new RegExp('^swhid +' + revision.replace(/[.]/g, '\\.') + '$', 'm'));
  const anchored = (name: string): string => 'swh:1:cnt:' + git(folder, 'hash-object', name) + ';origin=https://example.org/r.git;anchor=swh:1:rev:' + commit + ';path=/' + name + '\t' + name;
  const out = 'swh:1:cnt:' + git(folder, 'hash-object', 'out.txt') + '\tout.txt';
  assert.deepEqual(rr(folder, ['swhid', 'fit']).stdout.split('\n').sort(), ['', revision + '\t' + id, anchored('fit.sh'), anchored('data.txt'), out].sort());
  assert.equal(rr(folder, ['swhid', '--check', 'swh:1:rev:' + commit, 'fit']).status, 0);
  // Code that was changed is no revision, and its old content is still found in git.
  fs.appendFileSync(path.join(folder, 'fit.sh'), '# more\n');
  record('-l', 'dirty');
  assert.equal(readRecord(folder, listRecords(folder)[1]).Code_swhid, undefined);
  const dirty = rr(folder, ['swhid', 'dirty']);
  assert.match(dirty.stderr, /its code had changes that were not committed: no revision is it/);
  assert.doesNotMatch(dirty.stdout, /swh:1:rev:\S+;origin=\S+\t/);
  assert.match(dirty.stdout, new RegExp('^swh:1:cnt:' + git(folder, 'hash-object', 'fit.sh') + '\tfit\\.sh$', 'm'));
  assert.equal(rr(folder, ['swhid', '--check', 'swh:1:rev:' + commit, 'dirty']).status, 1);
  assert.match(rr(folder, ['swhid', 'fit']).stdout, /;path=\/fit\.sh\t/);
  // A content that is nowhere any more is said, and the status says it, too.
  fs.writeFileSync(path.join(folder, 'out.txt'), 'other');
  const lost = rr(folder, ['swhid', 'fit']);
  assert.equal(lost.status, 1);
  assert.match(lost.stderr, /1 file is nowhere as it was: out\.txt/);
});

test('rr swhid reads large files in pieces', { skip: NO_GIT }, () => {
  const folder = makeTemporary();
  assert.equal(run(folder, ['truncate', '-s', '300M', 'large']).status, 0);
  const expected = 'swh:1:cnt:' + git(folder, 'hash-object', 'large');
  const done = run(folder, ['sh', '-c', 'ulimit -v 1500000; exec "$@"', 'sh', process.execPath, '--max-old-space-size=64', RR_JS, 'swhid', 'large']);
  assert.equal(done.stdout, expected + '\tlarge\n', done.stderr);
});
