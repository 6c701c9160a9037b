// contents.test.ts - bytes found again by their hash, wherever they went since the run; git and the bytes that were written decide.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'child_process';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { emptyRun } from '../src/core/run.ts';
import type { FileState, Run } from '../src/core/run.ts';
import { ContentFinder, readFound } from '../src/sys/contents.ts';
import { projectAt } from '../src/sys/project.ts';
import { readRuns } from './recordsrig.ts';
import { hasProgram, makeTemporary, rr, run, sleep } from './rig.ts';

for (const name of Object.keys(process.env)) if (name.startsWith('GIT_')) delete process.env[name];
const home = makeTemporary();
process.env.HOME = home;
process.env.XDG_CONFIG_HOME = home;
fs.writeFileSync(path.join(home, '.gitconfig'), '[user]\n\tname = A\n\temail = a@example.org\n[protocol "file"]\n\tallow = always\n[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n');

function git(folder: string, ...words: string[]): string {
  return execFileSync('git', words, { cwd: folder, encoding: 'latin1', stdio: ['ignore', 'pipe', 'pipe'] });
}

function write(folder: string, name: string, content: string | Buffer): void {
  fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  fs.writeFileSync(path.join(folder, name), content);
}

function commit(folder: string, message: string): string {
  git(folder, 'add', '-A');
  git(folder, 'commit', '-q', '-m', message);
  return git(folder, 'rev-parse', 'HEAD').trim();
}

/** A repository that is a project, with a commit of these files. */
function makeProject(files: { [name: string]: string | Buffer }, root = makeTemporary(), ...options: string[]): string {
  git(root, 'init', '-q', ...options);
  assert.equal(rr(root, ['init', '-q'], { env: { HOME: home } }).status, 0);
  for (const name of Object.keys(files)) write(root, name, files[name]);
  commit(root, 'one');
  return root;
}

/** Records a command and gives its run. */
function record(folder: string, root: string, ...argv: string[]): Run {
  const done = rr(folder, ['record', '-q', '--'].concat(argv), { env: { HOME: home } });
  assert.equal(done.status, 0, done.stderr);
  const { runs } = readRuns(projectAt(root));
  return runs[runs.length - 1];
}

function fileOf(of: Run, name: string): FileState {
  const found = of.inputs.concat(of.outputs).find((file) => file.path === name);
  assert.ok(found !== undefined, name + ' is none of ' + of.inputs.concat(of.outputs).map((file) => file.path).join(' '));
  return found;
}

/** What is found, as bytes. */
function find(root: string, file: FileState, of: Run | undefined): string | undefined {
  const finder = new ContentFinder(projectAt(root));
  const found = finder.find(file, of);
  finder.close();
  return found === undefined ? undefined : readFound(found, 1 << 28);
}

function withoutGit<T>(use: () => T): T {
  const plain = process.env.PATH;
  process.env.PATH = path.join(home, 'nothing');
  try {
    return use();
  } finally {
    process.env.PATH = plain;
  }
}

/** All there is below a folder, without .rr: names, kinds, modes, sizes, times of change, inodes and contents. */
function survey(folder: string): string[] {
  const where = ['find', '.', '-name', '.rr', '-prune', '-o'];
  return (run(folder, where.concat('-printf', '%p %y %m %s %T@ %C@ %i %l\n')).stdout + run(folder, where.concat('-type', 'f', '-exec', 'sha256sum', '{}', '+')).stdout).split('\n');
}

function assertUntouched(folder: string, before: string[]): void {
  const now = survey(folder);
  assert.deepEqual([before.filter((line) => now.indexOf(line) < 0), now.filter((line) => before.indexOf(line) < 0)], [[], []], 'only looked');
}

const stateOf = (name: string, content: string, kind: FileState['kind'] = ''): FileState =>
  ({ hash: crypto.createHash('sha256').update(content, 'latin1').digest('hex'), size: Buffer.byteLength(content, 'latin1'), kind, path: name });

const NO_GIT = hasProgram('git') && hasProgram('strace') ? false : 'no git or no strace';

test('ContentFinder finds what is in place, and what a run knew under another name', { skip: NO_GIT }, () => {
  const root = makeProject({ 'a.txt': 'alpha\n' });
  const first = record(root, root, 'cp', 'a.txt', 'b.txt');
  assert.equal(find(root, fileOf(first, 'a.txt'), first), 'alpha\n');
  const second = record(root, root, 'cp', 'b.txt', 'c d.txt');
  fs.unlinkSync(path.join(root, 'a.txt'));
  fs.unlinkSync(path.join(root, 'b.txt'));
  for (const file of [fileOf(first, 'b.txt'), fileOf(second, 'b.txt')]) assert.equal(withoutGit(() => find(root, file, undefined)), 'alpha\n');
  fs.writeFileSync(path.join(root, 'c d.txt'), 'ALPHA\n');
  assert.equal(withoutGit(() => find(root, fileOf(first, 'b.txt'), undefined)), undefined);
});

test('ContentFinder finds an untracked script as it was, after it was edited and after it was deleted', { skip: NO_GIT }, () => {
  const root = makeProject({ 'a.txt': 'alpha\n' });
  const script = '#!/bin/sh\ncat a.txt # caf\xe9 \x00\n';
  fs.writeFileSync(path.join(root, 'run.sh'), Buffer.from(script, 'latin1'));
  const recorded = record(root, root, 'sh', 'run.sh');
  fs.writeFileSync(path.join(root, 'run.sh'), '#!/bin/sh\n');
  assert.equal(find(root, fileOf(recorded, 'run.sh'), recorded), script);
  fs.unlinkSync(path.join(root, 'run.sh'));
  assert.equal(withoutGit(() => find(root, fileOf(recorded, 'run.sh'), undefined)), script);
  const kept = path.join(root, 'provenance', 'code', fileOf(recorded, 'run.sh').hash + '.src');
  fs.appendFileSync(kept, 'x');
  assert.equal(find(root, fileOf(recorded, 'run.sh'), recorded), undefined, 'what is kept is not what it was');
  fs.unlinkSync(kept);
  fs.symlinkSync('/dev/zero', kept);
  assert.equal(find(root, fileOf(recorded, 'run.sh'), recorded), undefined);
});

// The same for each way in which a repository can lie: its commit, and the changes of the day on it.
type Layout = { what: string; options: string[]; folder: string; after: (root: string) => string };

const LAYOUTS: Layout[] = [
  { what: 'loose', options: [], folder: '', after: (root) => root },
  { what: 'packed', options: [], folder: '', after: (root) => { git(root, 'gc', '-q', '--prune=now'); return root; } },
  { what: 'SHA-256', options: ['--object-format=sha256'], folder: '', after: (root) => root },
  { what: 'SHA-256, packed', options: ['--object-format=sha256'], folder: '', after: (root) => { git(root, 'gc', '-q', '--prune=now'); return root; } },
  { what: 'a folder of the repository', options: [], folder: 'sub/project', after: (root) => root },
  { what: 'moved', options: [], folder: 'sub', after: (root) => { fs.renameSync(root, root + ' moved'); return root + ' moved'; } },
];

for (const { what, options, folder, after } of LAYOUTS) {
  test('ContentFinder finds what was committed, and what was changed on it, in a repository that is ' + what + ', with git and without it', { skip: NO_GIT }, () => {
    const top = makeTemporary();
    const project = path.join(top, folder);
    git(top, 'init', '-q', ...options);
    fs.mkdirSync(project, { recursive: true });
    assert.equal(rr(project, ['init', '-q']).status, 0);
    const committed: { [name: string]: string } = { 'clean.py': 'print(1)\n', 'sub dir/changed.py': 'one\ntwo\nthree\n', 'data.bin': '\0\x01\xff' + 'z'.repeat(500), 'empty.csv': '' };
    for (const name of Object.keys(committed)) write(project, name, Buffer.from(committed[name], 'latin1'));
    write(top, 'at the top.py', 'import sys\n');
    commit(top, 'one');
    const changed: { [name: string]: string } = { ...committed, 'sub dir/changed.py': 'one\n2\r\nthree', 'data.bin': '\0\x01\xfe' + 'z'.repeat(500) + 'end', 'empty.csv': 'no more' };
    for (const name of Object.keys(changed)) write(project, name, Buffer.from(changed[name], 'latin1'));
    const recorded = record(project, project, 'cat', ...Object.keys(changed));
    assert.match(String(recorded.code), /^git [0-9a-f]+ dirty [0-9a-f]{64}$/);
    for (const name of Object.keys(changed)) write(project, name, 'all new in ' + name);
    commit(top, 'two');
    const there = after(top);
    const now = path.join(there, folder);
    const before = survey(there);
    for (const how of [(use: () => void) => use(), withoutGit]) {
      how(() => {
        for (const name of Object.keys(changed)) {
          assert.equal(find(now, fileOf(recorded, name), recorded), changed[name], name);
          assert.equal(find(now, stateOf(name, committed[name]), recorded), committed[name], name + ' as committed');
          assert.equal(find(now, stateOf(name, committed[name] + '!'), recorded), undefined, name + ' as it never was');
        }
        if (folder !== '') assert.equal(find(now, stateOf(path.join(there, 'at the top.py'), 'import sys\n'), recorded), 'import sys\n');
      });
    }
    assertUntouched(there, before);
    if (there !== top) fs.rmSync(there, { recursive: true });
  });
}

test('ContentFinder finds a commit of the main repository from a linked worktree', { skip: NO_GIT }, () => {
  const main = makeProject({ 'a.py': 'print(1)\n' });
  const linked = path.join(makeTemporary(), 'linked');
  git(main, 'worktree', 'add', '-q', linked);
  fs.writeFileSync(path.join(linked, 'a.py'), 'print(2)\n');
  const recorded = record(linked, linked, 'cat', 'a.py');
  fs.writeFileSync(path.join(linked, 'a.py'), 'print(3)\n');
  const before = survey(main);
  withoutGit(() => assert.equal(find(linked, fileOf(recorded, 'a.py'), recorded), 'print(2)\n'));
  withoutGit(() => assert.equal(find(linked, stateOf('a.py', 'print(1)\n'), recorded), 'print(1)\n'));
  assertUntouched(main, before);
});

test('ContentFinder finds a file that was staged, became a link or lost its name, as it was', { skip: NO_GIT }, () => {
  const root = makeProject({ 'file.py': 'one\n', 'other.py': 'two\n', 'gone.py': 'three\n' });
  fs.symlinkSync('file.py', path.join(root, 'link.py'));
  commit(root, 'two');
  fs.writeFileSync(path.join(root, 'new.py'), 'staged\n');
  git(root, 'add', 'new.py');
  fs.unlinkSync(path.join(root, 'link.py'));
  fs.writeFileSync(path.join(root, 'link.py'), 'a file now\n');
  fs.unlinkSync(path.join(root, 'other.py'));
  fs.symlinkSync('file.py', path.join(root, 'other.py'));
  const recorded = record(root, root, 'cat', 'new.py', 'link.py', 'other.py', 'gone.py');
  git(root, 'rm', '-q', '-f', '--cached', 'new.py');
  for (const name of ['new.py', 'link.py', 'other.py', 'gone.py', 'file.py']) fs.unlinkSync(path.join(root, name));
  assert.equal(find(root, fileOf(recorded, 'new.py'), recorded), 'staged\n');
  assert.equal(find(root, fileOf(recorded, 'link.py'), recorded), 'a file now\n');
  assert.equal(find(root, stateOf('other.py', 'file.py', 'l'), recorded), 'file.py', 'the link, from the patch');
  assert.equal(find(root, stateOf('link.py', 'file.py', 'l'), recorded), 'file.py', 'the link, from the commit');
  assert.equal(find(root, fileOf(recorded, 'gone.py'), recorded), 'three\n');
});

test('ContentFinder finds files of submodules, as committed and as changed, and of other checkouts within and without', { skip: NO_GIT }, () => {
  const library = makeTemporary();
  git(library, 'init', '-q');
  write(library, 'lib.py', 'library\nof lines\n');
  write(library, 'deep/more.py', 'more\n');
  commit(library, 'one');
  const root = makeProject({ 'a.py': 'print(1)\n' });
  git(root, 'submodule', '--quiet', 'add', library, 'sub module');
  commit(root, 'two');
  const outside = path.join(makeTemporary(), 'outside');
  for (const place of [path.join(root, 'vendor', 'lib'), outside]) git(root, 'clone', '-q', library, place);
  const places = ['sub module', 'vendor/lib', outside];
  const absolute = (place: string): string => (place[0] === '/' ? place : path.join(root, place));
  for (const place of places) write(absolute(place), 'lib.py', 'library\nchanged in ' + place + '\n');
  const names = places.map((place) => place + '/lib.py').concat(places.map((place) => place + '/deep/more.py'));
  const recorded = record(root, root, 'cat', ...names);
  assert.equal(recorded.codeOthers.length, 2, recorded.codeOthers.join('\n'));
  for (const place of places) {
    write(absolute(place), 'lib.py', 'all new\n');
    write(absolute(place), 'deep/more.py', 'all new, too\n');
    commit(absolute(place), 'later');
  }
  for (const how of [(use: () => void) => use(), withoutGit]) {
    how(() => {
      for (const place of places) {
        assert.equal(find(root, fileOf(recorded, place + '/lib.py'), recorded), 'library\nchanged in ' + place + '\n', place);
        assert.equal(find(root, fileOf(recorded, place + '/deep/more.py'), recorded), 'more\n', place);
      }
    });
  }
});

test('ContentFinder finds what Git LFS keeps, here and in a submodule', { skip: NO_GIT }, () => {
  const library = makeTemporary();
  git(library, 'init', '-q');
  write(library, 'x', 'x');
  commit(library, 'one');
  const root = makeProject({ 'a.py': 'print(1)\n' });
  git(root, 'submodule', '--quiet', 'add', library, 'sub');
  commit(root, 'two');
  const large = 'large\0'.repeat(1000);
  const state = stateOf('data/large.bin', large);
  const recorded = record(root, root, 'cat', 'sub/x');
  for (const objects of ['.git/lfs/objects', '.git/modules/sub/lfs/objects']) {
    assert.equal(find(root, state, recorded), undefined);
    const name = path.join(objects, state.hash.slice(0, 2), state.hash.slice(2, 4), state.hash);
    write(root, name, 'damaged'.repeat(100));
    assert.equal(find(root, state, recorded), undefined, 'what is named so is not it');
    write(root, name, large);
    assert.equal(find(root, state, recorded), large);
    fs.unlinkSync(path.join(root, name));
  }
});

test('ContentFinder finds a result that was committed later, on any branch, and only that', { skip: NO_GIT }, () => {
  const root = makeProject({ 'a.txt': 'alpha\n' });
  const recorded = record(root, root, 'sh', '-c', 'tr a-z A-Z < a.txt > "$0"', 'Result *.txt');
  git(root, 'checkout', '-q', '-b', 'results');
  commit(root, 'the result');
  git(root, 'checkout', '-q', 'main');
  assert.equal(fs.existsSync(path.join(root, 'Result *.txt')), false);
  assert.equal(find(root, fileOf(recorded, 'Result *.txt'), recorded), 'ALPHA\n');
  assert.equal(find(root, { ...fileOf(recorded, 'Result *.txt'), path: 'Result 1.txt' }, recorded), undefined, 'no pattern');
});

test('ContentFinder finds a file that git had written with CR LF', { skip: NO_GIT }, () => {
  const root = makeProject({ '.gitattributes': '*.txt text eol=crlf\n', 'a.txt': 'one\r\ntwo\r\nthree\r\n', 'b.txt': 'one\r\n' });
  assert.equal(git(root, 'cat-file', 'blob', 'HEAD:a.txt'), 'one\ntwo\nthree\n');
  fs.writeFileSync(path.join(root, 'b.txt'), 'one\r\ntwo\r\n');
  const recorded = record(root, root, 'cat', 'a.txt', 'b.txt');
  for (const name of ['a.txt', 'b.txt']) fs.unlinkSync(path.join(root, name));
  assert.equal(find(root, fileOf(recorded, 'a.txt'), recorded), 'one\r\ntwo\r\nthree\r\n');
  assert.equal(find(root, fileOf(recorded, 'b.txt'), recorded), 'one\r\ntwo\r\n');
});

test('ContentFinder finds a symbolic link by its text, never by what it leads to', { skip: NO_GIT }, () => {
  const root = makeProject({ 'a.txt': 'alpha\n' });
  fs.symlinkSync('a.txt', path.join(root, 'l'));
  fs.symlinkSync('\xff no\nwhere', path.join(root, 'm'));
  assert.equal(find(root, stateOf('l', 'a.txt', 'l'), undefined), 'a.txt');
  assert.equal(find(root, stateOf('m', Buffer.from('\xff no\nwhere', 'utf8').toString('latin1'), 'l'), undefined), Buffer.from('\xff no\nwhere', 'utf8').toString('latin1'));
  assert.equal(find(root, stateOf('l', 'alpha\n', 'l'), undefined), undefined);
  const finder = new ContentFinder(projectAt(root));
  assert.equal(finder.find(stateOf('l', 'alpha\n')), undefined, 'a link is no regular file');
});

test('ContentFinder finds out that bytes changed behind the same size and time of change', { skip: NO_GIT }, async () => {
  const root = makeProject({ 'a.txt': 'alpha\n' });
  const name = path.join(root, 'a.txt');
  const state = stateOf('a.txt', 'alpha\n');
  fs.utimesSync(name, 1e9, 1e9);
  await sleep(100); // a file that has only just been written is in no cache
  assert.equal(withoutGit(() => find(root, state, undefined)), 'alpha\n');
  assert.match(fs.readFileSync(path.join(root, '.rr', 'seen'), 'latin1'), new RegExp(state.hash), 'it is remembered');
  fs.writeFileSync(name, 'ALPHA\n');
  fs.utimesSync(name, 1e9, 1e9);
  const finder = new ContentFinder(projectAt(root));
  assert.equal(withoutGit(() => finder.find(state)), undefined);
  assert.equal(withoutGit(() => find(root, state, undefined)), undefined);
});

test('ContentFinder gives an offered file only as long as it is that', { skip: NO_GIT }, () => {
  const root = makeProject({ 'a.txt': 'alpha\n' });
  const away = path.join(makeTemporary(), 'away');
  fs.writeFileSync(away, 'offered\n');
  const finder = new ContentFinder(projectAt(root));
  const state = stateOf('x', 'offered\n');
  finder.offer(state.hash, away);
  assert.deepEqual(finder.find(state), { kind: 'file', name: away });
  fs.writeFileSync(away, 'OFFERED\n');
  assert.equal(finder.find(state), undefined);
});

const HOSTILE_NAMES = ['..', '../..', '../x', '/etc/passwd', '/', '', '.', './', 'a/../../x', '-x', '--output=x', '--all', ':(top)a.txt', ':!a.txt', '*', '.git/config', '.git', '$(touch x)', '`touch x`', '\n', '\xff', "'", '"', 'a.txt/', 'a.txt/x',
  'provenance', '.rr/key', 'x'.repeat(5000), 'x/'.repeat(3000), '\x85', ' '];

test('ContentFinder takes any name, commit, submodule and checkout of a record: it throws nothing, starts nothing and writes nothing', { skip: NO_GIT }, () => {
  const outer = makeTemporary();
  fs.mkdirSync(path.join(outer, 'project'));
  const root = makeProject({ 'a.txt': 'alpha\n' }, path.join(outer, 'project'));
  const before = survey(outer);
  const never = stateOf('', 'never was');
  const of = emptyRun('20261122T052039Z-k3f5q2', 'true', '2026-11-22T05:20:39.123456Z', '0');
  const codes = ['git ' + 'a'.repeat(40), 'git ' + git(root, 'rev-parse', 'HEAD').trim() + ' dirty ' + 'b'.repeat(64), 'git --output=x', 'git none', 'git ' + '0'.repeat(64), 'hg 12', 'git ', ''];
  HOSTILE_NAMES.forEach((name, i) => {
    of.code = codes[i % codes.length];
    of.codeSubmodules = ['a'.repeat(40) + ' ' + name, 'none ' + name];
    of.codeOthers = ['git ' + 'c'.repeat(40) + ' ' + name, 'git ' + 'c'.repeat(40) + ' dirty ' + 'd'.repeat(64) + ' ' + name, 'git - ' + name];
    for (const kind of ['', 'x', 'l', 'd', 'p'] as const) assert.equal(find(root, { ...never, path: name, kind }, of), undefined, name);
  });
  assertUntouched(outer, before);
});

test('ContentFinder passes over patches, kept files and objects that are none, without waiting', { skip: NO_GIT }, () => {
  const root = makeProject({ 'a.txt': 'alpha\n' });
  const of = emptyRun('20261122T052039Z-k3f5q2', 'true', '2026-11-22T05:20:39.123456Z', '0');
  const state = stateOf('a.txt', 'beta\n');
  const patch = 'e'.repeat(64);
  of.code = 'git ' + git(root, 'rev-parse', 'HEAD').trim() + ' dirty ' + patch;
  const code = path.join(root, 'provenance', 'code');
  fs.mkdirSync(code, { recursive: true });
  const places = [path.join(code, patch + '.patch'), path.join(code, state.hash + '.src'), path.join(root, '.git', 'lfs', 'objects', state.hash.slice(0, 2), state.hash.slice(2, 4), state.hash), path.join(root, 'b.txt')];
  const makers: ((name: string) => void)[] = [(name) => fs.mkdirSync(name), (name) => fs.symlinkSync('/dev/zero', name), (name) => fs.symlinkSync(name, name), (name) => fs.writeFileSync(name, 'beta'), (name) => { execFileSync('mkfifo', [name]); }];
  for (const make of makers) {
    for (const place of places) {
      fs.mkdirSync(path.dirname(place), { recursive: true });
      make(place);
    }
    assert.equal(find(root, state, of), undefined);
    assert.equal(find(root, { ...state, path: 'b.txt' }, of), undefined);
    for (const place of places) fs.rmSync(place, { recursive: true });
  }
});

test('ContentFinder gives nothing of a repository that is damaged, and throws nothing', { skip: NO_GIT }, () => {
  const root = makeProject({ 'a.txt': 'alpha\n' });
  const recorded = record(root, root, 'cat', 'a.txt');
  fs.unlinkSync(path.join(root, 'a.txt'));
  const objects = run(root, ['find', '.git/objects', '-type', 'f']).stdout.split('\n').filter((name) => name !== '');
  for (const name of objects) fs.chmodSync(path.join(root, name), 0o644);
  const plain = new Map(objects.map((name) => [name, fs.readFileSync(path.join(root, name))] as [string, Buffer]));
  for (const damage of [(bytes: Buffer) => bytes.subarray(0, bytes.length / 2), () => Buffer.alloc(0), () => Buffer.from('no zlib'), (bytes: Buffer) => Buffer.from(bytes.map((byte, i) => (i === 9 ? byte ^ 1 : byte)))]) {
    for (const [name, bytes] of plain) fs.writeFileSync(path.join(root, name), damage(bytes));
    assert.equal(find(root, fileOf(recorded, 'a.txt'), recorded), undefined);
  }
  for (const [name, bytes] of plain) fs.writeFileSync(path.join(root, name), bytes);
  assert.equal(find(root, fileOf(recorded, 'a.txt'), recorded), 'alpha\n');
  for (const text of ['', 'ref: refs/heads/../../x', 'x']) {
    fs.writeFileSync(path.join(root, '.git', 'HEAD'), text);
    find(root, stateOf('a.txt', 'never was'), recorded);
  }
  fs.writeFileSync(path.join(root, '.git', 'config'), '[core]\n\tworktree = /nowhere\n');
  assert.equal(find(root, fileOf(recorded, 'a.txt'), recorded), undefined);
});
