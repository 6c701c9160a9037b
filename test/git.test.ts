// git.test.ts - the code's state, held against git itself: status, apply in a fresh clone, traces of processes.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'child_process';
import fs from 'fs';
import os from 'os';
import path from 'path';
import zlib from 'zlib';
import { parseGitConfig, findGitSetting, findRemoteUrl, stripUrlCredentials } from '../src/formats/gitconfig.ts';
import { bytesFromHex, computeTree, hexFromBytes, parseGitIndex } from '../src/formats/gitindex.ts';
import { applyGitDelta, parseLooseObject, readPackedObject } from '../src/formats/gitpack.ts';
import { quoteGitPath } from '../src/formats/gitpatch.ts';
import type { GitState } from '../src/sys/git.ts';
import { readCode } from '../src/sys/git.ts';
import { findRepository, hashGitObject, inflateBytes, readGitObject, readTreeOfCommit } from '../src/sys/gitrepo.ts';

const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'rr-git-')));
after(() => fs.rmSync(base, { recursive: true, force: true }));

for (const name of Object.keys(process.env)) if (name.startsWith('GIT_')) delete process.env[name];
const home = path.join(base, 'home');
fs.mkdirSync(home);
process.env.HOME = home;
process.env.XDG_CONFIG_HOME = home;
fs.writeFileSync(path.join(home, '.gitconfig'), '[user]\n\tname = A\n\temail = a@example.org\n[protocol "file"]\n\tallow = always\n'
  + '[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n');
const plainPath = process.env.PATH;

let serial = 0;
function folder(): string {
  const made = path.join(base, 'r' + String(++serial));
  fs.mkdirSync(made);
  return made;
}

function git(cwd: string, ...words: string[]): string {
  return execFileSync('git', words, { cwd, encoding: 'latin1', stdio: ['ignore', 'pipe', 'pipe'] });
}

function write(root: string, name: string | Buffer, content: string | Buffer): void {
  const whole = typeof name === 'string' ? path.join(root, name) : Buffer.concat([Buffer.from(root + '/'), name]);
  if (typeof whole === 'string') fs.mkdirSync(path.dirname(whole), { recursive: true });
  fs.writeFileSync(whole, content);
}

/** A repository with three files and one commit, its index older than nothing. */
function repository(...initOptions: string[]): string {
  const root = folder();
  git(root, 'init', '-q', ...initOptions);
  write(root, 'a.py', 'print(1)\n');
  write(root, 'src/b.c', 'int b;\nint c;\n');
  write(root, 'run.sh', '#!/bin/sh\n');
  fs.chmodSync(path.join(root, 'run.sh'), 0o755);
  git(root, 'add', '.');
  git(root, 'commit', '-qm', 'one');
  return root;
}

const OPTIONS = { excluded: (name: string) => name.startsWith('provenance/') || name === 'result.csv' };

function read(root: string): GitState {
  const state = readCode(Buffer.from(root).toString('latin1'), OPTIONS);
  assert.ok(state !== undefined);
  return state;
}

/** Runs `use` with a PATH where "git" leaves a trace and fails; true if it was started. */
function startsGit(use: () => void): boolean {
  const bin = folder();
  const mark = path.join(bin, 'started');
  fs.writeFileSync(path.join(bin, 'git'), '#!/bin/sh\n: > "' + mark + '"\nexit 1\n', { mode: 0o755 });
  process.env.PATH = bin;
  try {
    use();
  } finally {
    process.env.PATH = plainPath;
  }
  return fs.existsSync(mark);
}

function assertClean(root: string): GitState {
  let state: GitState | undefined;
  assert.equal(startsGit(() => { state = read(root); }), false, 'git was started');
  assert.equal(state?.patch, undefined);
  assert.deepEqual(state?.warnings, []);
  assert.equal(state?.commit, git(root, 'rev-parse', 'HEAD').trim());
  return state as GitState;
}

/** Every file of a tree but .git: kind, owner's x bit and content. */
function listTree(root: string): { [name: string]: string } {
  const found: { [name: string]: string } = {};
  const walk = (inner: Buffer): void => {
    const whole = Buffer.concat([Buffer.from(root + '/'), inner]);
    for (const entry of fs.readdirSync(whole, { encoding: 'buffer' }) as unknown as Buffer[]) {
      if (entry.toString() === '.git') continue;
      const name = inner.length === 0 ? entry : Buffer.concat([inner, Buffer.from('/'), entry]);
      const file = Buffer.concat([Buffer.from(root + '/'), name]);
      const stat = fs.lstatSync(file);
      if (stat.isDirectory()) walk(name);
      else if (stat.isSymbolicLink()) found[name.toString('latin1')] = 'l' + fs.readlinkSync(file, 'latin1' as BufferEncoding);
      else found[name.toString('latin1')] = ((stat.mode & 0o100) !== 0 ? 'x' : '-') + fs.readFileSync(file, 'latin1');
    }
  };
  walk(Buffer.alloc(0));
  return found;
}

/** The oracle: the patch applied to a clean checkout of the commit gives the same files. */
function assertReproduces(root: string, state: GitState, leftOut: string[] = []): void {
  assert.ok(state.patch !== undefined && state.patch !== '');
  assert.deepEqual(state.warnings, []);
  const clone = folder();
  if (state.commit === 'none') {
    git(clone, 'init', '-q');
  } else {
    git(clone, 'clone', '-q', '--no-checkout', root, '.');
    git(clone, 'checkout', '-q', state.commit);
    git(clone, 'submodule', '-q', 'update', '--init', '--recursive');
  }
  const applied = spawnSync('git', ['apply', '--whitespace=nowarn', '-'], { cwd: clone, input: Buffer.from(state.patch, 'latin1') });
  assert.equal(applied.stderr.toString(), '');
  assert.equal(applied.status, 0);
  const wanted = listTree(root);
  for (const name of leftOut) delete wanted[name];
  assert.deepEqual(listTree(clone), wanted);
}

test('readCode() finds a clean work tree clean and starts no process', () => {
  const root = repository();
  git(root, 'remote', 'add', 'origin', 'https://me:secret@example.org/x.git');
  const state = assertClean(root);
  assert.equal(state.branch, 'main');
  assert.equal(state.remote, 'https://example.org/x.git');
  assert.deepEqual(state.submodules, []);
  assert.equal(assertClean(path.join(root, 'src')).branch, 'main');
  write(root, 'untracked', 'x');
  assertClean(root);
});

test('readCode() starts no process at all for a clean tree (strace)', (context) => {
  const root = repository();
  const script = "const g = require(process.argv[1]); const s = g.readCode(process.argv[2], { excluded: () => false });"
    + "process.exit(s.patch === undefined ? 0 : 1)";
  const traced = spawnSync('strace', ['-f', '-e', 'trace=execve', '-o', path.join(root, '.git', 'trace'), process.execPath, '-e', script,
    path.join(__dirname, '..', 'src', 'sys', 'git.js'), root]);
  if (traced.error !== undefined) return context.skip('strace is not there');
  assert.equal(traced.status, 0, traced.stderr.toString());
  const execs = fs.readFileSync(path.join(root, '.git', 'trace'), 'latin1').match(/execve\(/g);
  assert.equal(execs?.length, 1);
  return undefined;
});

test('readCode() says undefined outside of a work tree and in a bare repository', () => {
  assert.equal(readCode(folder(), OPTIONS), undefined);
  const bare = folder();
  git(bare, 'init', '-q', '--bare');
  assert.equal(readCode(bare, OPTIONS), undefined);
  const empty = folder();
  fs.mkdirSync(path.join(empty, '.git'));
  assert.equal(readCode(empty, OPTIONS), undefined);
});

type Change = { name: string; change: (root: string) => void; leftOut?: string[] };
const CHANGES: Change[] = [
  { name: 'a modified file', change: (root) => write(root, 'a.py', 'print(2)\n') },
  { name: 'a file of the same size and time', change: (root) => {
    const { atime, mtime } = fs.statSync(path.join(root, 'a.py'));
    write(root, 'a.py', 'print(2)\n');
    fs.utimesSync(path.join(root, 'a.py'), atime, mtime);
  } },
  { name: 'a staged file', change: (root) => { write(root, 'a.py', 'x'); git(root, 'add', 'a.py'); } },
  { name: 'a staged new file', change: (root) => { write(root, 'new dir/new', 'x\n'); git(root, 'add', '.'); } },
  { name: 'a staged file that is back as it was', change: (root) => {
    write(root, 'a.py', 'x');
    git(root, 'add', 'a.py');
    write(root, 'src/b.c', '');
  } },
  { name: 'an intended file', change: (root) => { write(root, 'n', 'x\n'); git(root, 'add', '-N', 'n'); } },
  { name: 'a deleted file', change: (root) => fs.unlinkSync(path.join(root, 'src/b.c')) },
  { name: 'a mode', change: (root) => fs.chmodSync(path.join(root, 'a.py'), 0o755) },
  { name: 'a renamed file', change: (root) => git(root, 'mv', 'a.py', 'z.py') },
  { name: 'a file that became a link', change: (root) => {
    fs.unlinkSync(path.join(root, 'a.py'));
    fs.symlinkSync('src/b.c', path.join(root, 'a.py'));
  } },
  { name: 'a binary file', change: (root) => write(root, 'a.py', Buffer.from([0, 1, 2, 255, 10, 0])) },
  { name: 'a file that is only untracked by now', leftOut: ['a.py'], change: (root) => git(root, 'rm', '-q', '--cached', 'a.py') },
  { name: 'a change beside untracked files', leftOut: ['lib/helper.py', 'ignored.py'], change: (root) => {
    write(root, 'a.py', 'changed');
    write(root, 'lib/helper.py', 'one\ntwo');
    write(root, '.git/info/exclude', 'ignored.py\n');
    write(root, 'ignored.py', 'x');
  } },
  { name: 'changes of lines that look like a diff', change: (root) => write(root, 'a.py', 'diff --git a/x b/x\n* Unmerged path x\n') },
  { name: 'an excluded and another file', leftOut: ['result.csv', 'provenance/x'], change: (root) => {
    write(root, 'result.csv', '1');
    write(root, 'provenance/x', '1');
    git(root, 'add', '.');
    write(root, 'a.py', 'changed');
  } },
];

for (const { name, change, leftOut } of CHANGES) {
  test('readCode() gives a patch that reproduces ' + name, () => {
    const root = repository();
    change(root);
    const before = fs.readFileSync(path.join(root, '.git/index'), 'latin1');
    const state = read(root);
    assertReproduces(root, state, leftOut);
    assert.equal(fs.readFileSync(path.join(root, '.git/index'), 'latin1'), before, 'the index was written');
    assert.equal(fs.existsSync(path.join(root, '.git/index.lock')), false);
  });
}

test('readCode() gives patches of names with every kind of byte', () => {
  const root = repository();
  const names = ['new\nline', 'quo"te', 'back\\slash', 'tab\there', ' space ', 'sp ace', '-dash', ':(top)magic', '*', 'b[a]d?']
    .map((name) => Buffer.from(name)).concat([Buffer.from([0x61, 0xff, 0x62]), Buffer.from('\u00e4\u6f22.py'), Buffer.from([1, 0x7f, 0x80])]);
  for (const name of names) write(root, name, 'old\n');
  git(root, 'add', '.');
  git(root, 'commit', '-qm', 'names');
  assertClean(root);
  for (const name of names) write(root, name, 'new\n');
  write(root, 'result.csv', 'tracked result\n');
  git(root, 'add', 'result.csv');
  const state = read(root);
  assertReproduces(root, state, ['result.csv']);
  assert.deepEqual(Array.from(state.changed).sort(), names.map((name) => name.toString('latin1')).sort());
});

test('readCode() is not misled by times: touched, freshly cloned, copied', () => {
  const root = repository();
  fs.utimesSync(path.join(root, 'a.py'), 1, 1);
  assertClean(root);
  const clone = folder();
  git(clone, 'clone', '-q', root, '.');
  assertClean(clone);
  const copy = folder();
  execFileSync('cp', ['-R', root + '/.', copy]);
  assertClean(copy);
});

test('readCode() sees a change made in the moment the index was written', () => {
  for (let i = 0; i < 20; i++) {
    const root = repository();
    write(root, 'a.py', 'print(' + String(i % 10) + ')\n');
    const isDirty = git(root, 'status', '--porcelain') !== '';
    assert.equal(read(root).patch !== undefined, isDirty);
  }
});

test('readCode() knows a deleted folder behind a link', () => {
  const root = repository();
  fs.renameSync(path.join(root, 'src'), path.join(root, 'other'));
  fs.symlinkSync('other', path.join(root, 'src'));
  assert.match(read(root).patch ?? '', /deleted file mode 100644/);
});

test('readCode() counts no change of excluded files, without git if the index is clean', () => {
  const root = repository();
  write(root, 'result.csv', '1\n');
  write(root, 'provenance/runs/x.rec', '1\n');
  git(root, 'add', '.');
  git(root, 'commit', '-qm', 'results');
  write(root, 'result.csv', '2\n');
  fs.unlinkSync(path.join(root, 'provenance/runs/x.rec'));
  assertClean(root);
  git(root, 'add', '-A');
  const state = read(root);
  assert.equal(state.patch, undefined);
  assert.deepEqual(state.warnings, []);
});

test('readCode() takes excluded paths relative to the project, patches relative to the repository', () => {
  const root = repository();
  write(root, 'sub/result.csv', '1\n');
  write(root, 'result.csv', '1\n');
  git(root, 'add', '.');
  git(root, 'commit', '-qm', 'results');
  const project = path.join(root, 'sub');
  write(root, 'sub/result.csv', '2\n');
  assertClean(project);
  write(root, 'result.csv', '2\n');
  const state = read(project);
  assert.match(state.patch ?? '', /^diff --git a\/result.csv b\/result.csv\n/);
  assert.equal((state.patch ?? '').split('diff --git').length, 2);
  assert.deepEqual(Array.from(state.changed), ['result.csv']);
});

test('readCode() reads objects and references out of packs, deltas included', () => {
  const root = repository();
  for (let i = 0; i < 30; i++) git(root, 'commit', '-q', '--allow-empty', '-m', 'same long message '.repeat(40) + String(i));
  git(root, 'branch', 'other', 'HEAD~7');
  git(root, 'gc', '-q', '--aggressive', '--prune=now');
  assert.equal(fs.existsSync(path.join(root, '.git/refs/heads/main')), false);
  assertClean(root);
  const opened = findRepository(root);
  assert.ok(opened !== undefined);
  const commits = git(root, 'log', '--format=%H %T').trim().split('\n').map((line) => line.split(' '));
  for (const [commit, tree] of commits) assert.equal(hexFromBytes(readTreeOfCommit(opened, commit) ?? ''), tree);
  const verified = execFileSync('sh', ['-c', 'git verify-pack -v .git/objects/pack/*.idx'], { cwd: root, encoding: 'latin1' });
  assert.match(verified, /^[0-9a-f]{40} commit \d+ \d+ \d+ \d+ [0-9a-f]{40}$/m, 'no commit is a delta: the test tests nothing');
  const shared = folder();
  git(shared, 'clone', '-q', '--shared', root, '.');
  assertClean(shared);
});

test('readCode() works in linked worktrees, detached, with several commits', () => {
  const root = repository();
  const linked = folder();
  fs.rmdirSync(linked);
  git(root, 'worktree', 'add', '-q', '-b', 'side', linked);
  assert.equal(assertClean(linked).branch, 'side');
  write(linked, 'a.py', 'x');
  assertReproduces(linked, read(linked));
  assertClean(root);
  git(root, 'checkout', '-q', '--detach');
  assert.equal(assertClean(root).branch, undefined);
  git(root, 'config', 'core.bare', 'true');
  assert.equal(read(linked).branch, 'side');
  assert.equal(readCode(root, OPTIONS), undefined);
});

test('readCode() of a repository before its first commit', () => {
  const root = folder();
  git(root, 'init', '-q');
  const state = read(root);
  assert.equal(state.commit, 'none');
  assert.equal(state.branch, 'main');
  assert.equal(state.patch, undefined);
  write(root, 'a', '1\n');
  git(root, 'add', 'a');
  write(root, 'b', '2\n');
  assertReproduces(root, read(root), ['b']);
});

test('readCode() reads SHA-256 repositories and index versions 3 and 4', () => {
  const sha256 = repository('--object-format=sha256');
  assert.equal(assertClean(sha256).commit.length, 64);
  write(sha256, 'a.py', '\0binary');
  assertReproduces(sha256, read(sha256));
  const root = repository();
  for (let i = 0; i < 200; i++) write(root, 'folder/with/a/long/name/' + 'x'.repeat(i) + '.c', String(i));
  git(root, 'add', '.');
  git(root, 'commit', '-qm', 'many');
  git(root, 'update-index', '--index-version=4');
  assertClean(root);
  write(root, 'folder/with/a/long/name/xx.c', 'changed');
  assertReproduces(root, read(root));
});

test('computeTree() agrees with git write-tree where the cached tree is not valid', () => {
  const root = repository();
  for (const name of ['a/b', 'a.c', 'a0', 'a/c/d', 'src.x', 'src0']) write(root, name, name);
  git(root, 'add', '.');
  git(root, 'commit', '-qm', 'names');
  write(root, 'new', '');
  git(root, 'add', 'new');
  git(root, 'reset', '-q');
  write(root, 'a/new', '');
  git(root, 'add', '.');
  git(root, 'rm', '-q', '--cached', 'new', 'a/new');
  fs.unlinkSync(path.join(root, 'new'));
  const index = parseGitIndex(fs.readFileSync(path.join(root, '.git/index'), 'latin1'), 20);
  assert.ok(index !== 'unsupported');
  assert.equal(index.rootTree, undefined, 'the cached tree is valid: the test tests nothing');
  assertClean(root);
  const tree = computeTree(index.entries, (kind, body) => hashGitObject('sha1', kind, body));
  assert.equal(hexFromBytes(tree), git(root, 'write-tree').trim());
});

test('parseGitIndex() says unsupported to a split and a sparse index, and git is asked', () => {
  for (const change of [['update-index', '--split-index'], ['sparse-checkout', 'set', '--cone', '--sparse-index', 'src']]) {
    const root = repository();
    write(root, 'out/x', 'x');
    git(root, 'add', '.');
    git(root, 'commit', '-qm', 'two');
    git(root, ...change);
    assert.equal(parseGitIndex(fs.readFileSync(path.join(root, '.git/index'), 'latin1'), 20), 'unsupported');
    const state = read(root);
    assert.equal(state.patch, undefined);
    assert.deepEqual(state.warnings, []);
    write(root, 'src/b.c', 'changed');
    assert.match(read(root).patch ?? '', /^diff --git a\/src\/b.c/);
  }
});

test('readCode() throws nothing at a damaged index, HEAD or gitdir, and does not call it clean', () => {
  const damages: ((root: string) => void)[] = [
    (root) => fs.truncateSync(path.join(root, '.git/index'), 100),
    (root) => write(root, '.git/index', 'x'),
    (root) => write(root, '.git/HEAD', 'ref: refs/heads/../../../../etc/passwd\n'),
    (root) => { write(root, '.git/HEAD', 'ref: refs/heads/x\n'); write(root, '.git/refs/heads/x', 'ref: refs/heads/x\n'); },
    (root) => { fs.rmSync(path.join(root, '.git'), { recursive: true }); write(root, '.git', 'gitdir: /nowhere/at/all\n'); },
    (root) => git(root, 'config', 'core.worktree', '/'),
    (root) => { git(root, 'config', 'extensions.refStorage', 'reftable'); git(root, 'config', 'core.repositoryFormatVersion', '1'); },
  ];
  for (const damage of damages) {
    const root = repository();
    damage(root);
    const state = read(root);
    assert.notEqual(state.patch, undefined);
    assert.notEqual(state.warnings.length, 0);
  }
});

test('readCode() looks into submodules and their submodules', () => {
  const inner = repository();
  const middle = repository();
  git(middle, 'submodule', '-q', 'add', inner, 'in ner');
  git(middle, 'commit', '-qm', 'submodule');
  const root = repository();
  git(root, 'submodule', '-q', 'add', middle, 'mid');
  git(root, 'submodule', '-q', 'update', '--init', '--recursive');
  git(root, 'commit', '-qm', 'submodule');
  const clean = assertClean(root);
  const head = (where: string) => git(path.join(root, where), 'rev-parse', 'HEAD').trim();
  assert.deepEqual(clean.submodules, [
    { path: 'mid', commit: head('mid'), isDirty: false },
    { path: 'mid/in ner', commit: head('mid/in ner'), isDirty: false },
  ]);
  write(root, 'mid/in ner/a.py', 'print(3)\n');
  write(root, 'mid/a.py', 'x');
  const dirty = read(root);
  assert.deepEqual(Array.from(dirty.changed).sort(), ['mid/a.py', 'mid/in ner/a.py']);
  assert.deepEqual(dirty.submodules.map((one) => one.isDirty), [true, true]);
  assertReproduces(root, dirty);
  git(path.join(root, 'mid'), 'checkout', '-q', 'a.py');
  git(path.join(root, 'mid/in ner'), 'commit', '-qam', 'moved on');
  const moved = read(root);
  assert.match(moved.patch ?? '', /^-Subproject commit [0-9a-f]{40}\n\+Subproject commit [0-9a-f]{40}$/m);
  assert.equal(moved.submodules[1].commit, head('mid/in ner'));
  const clone = folder();
  git(clone, 'clone', '-q', root, '.');
  assert.deepEqual(assertClean(clone).submodules, [{ path: 'mid', commit: head('mid'), isDirty: false }]);
});

test('readCode() leaves it to git whether ends of lines or filters make a change', () => {
  const root = repository();
  git(root, 'config', 'core.autocrlf', 'true');
  write(root, 'a.py', 'print(1)\r\n');
  const state = read(root);
  assert.equal(state.patch, undefined);
  assert.deepEqual(state.warnings, []);
  write(root, 'a.py', 'print(2)\r\n');
  assert.match(read(root).patch ?? '', /^\+print\(2\)$/m);
});

test('readCode() without git: clean is clean, changed is never called clean', () => {
  const root = repository();
  write(root, 'a.py', 'x');
  process.env.PATH = path.join(base, 'nowhere');
  try {
    const state = read(root);
    assert.equal(state.patch, '');
    assert.match(state.warnings.join(), /git is not installed; files look changed: "a.py"/);
    fs.writeFileSync(path.join(root, 'a.py'), 'print(1)\n');
    assert.equal(read(root).patch, undefined);
  } finally {
    process.env.PATH = plainPath;
  }
});

test('readCode() names files that git was told not to look at, if they differ', () => {
  const root = repository();
  git(root, 'update-index', '--assume-unchanged', 'a.py');
  git(root, 'update-index', '--skip-worktree', 'src/b.c');
  assert.deepEqual(assertClean(root).warnings, []);
  write(root, 'a.py', 'print(7)\n');
  write(root, 'src/b.c', '');
  const state = read(root);
  assert.equal(state.patch, undefined);
  assert.match(state.warnings.join(), /assume-unchanged.*"a.py", "src\/b.c"/);
});

test('readCode() gives a patch in a conflict', () => {
  const root = repository();
  git(root, 'checkout', '-qb', 'side');
  write(root, 'a.py', 'side\n');
  git(root, 'commit', '-qam', 'side');
  git(root, 'checkout', '-q', 'main');
  write(root, 'a.py', 'main\n');
  git(root, 'commit', '-qam', 'main');
  spawnSync('git', ['merge', '-q', 'side'], { cwd: root });
  assert.match(fs.readFileSync(path.join(root, 'a.py'), 'latin1'), /^<<<<<<</);
  assertReproduces(root, read(root));
});

test('readCode() runs no program that the repository names, and is not changed by the user\'s settings of git diff', () => {
  const root = repository();
  const mark = path.join(root, '.git', 'ran');
  const program = path.join(root, '.git', 'program');
  fs.writeFileSync(program, '#!/bin/sh\n: > "' + mark + '"\ncat\n', { mode: 0o755 });
  write(root, '.gitattributes', '*.py diff=evil filter=evil\nsrc/* diff=evil\n');
  git(root, 'add', '.');
  git(root, 'commit', '-qm', 'attributes');
  const settings = ['core.fsmonitor', 'diff.external', 'diff.evil.textconv', 'diff.evil.command', 'filter.evil.clean',
    'core.pager', 'pager.diff-index', 'core.sshCommand', 'core.alternateRefsCommand', 'gpg.program'];
  for (const name of settings) git(root, 'config', name, program);
  for (const setting of ['diff.noprefix=true', 'diff.mnemonicPrefix=true', 'color.ui=always', 'color.diff=always', 'diff.context=0',
    'diff.relative=true', 'diff.renames=copies', 'diff.submodule=log', 'diff.orderFile=/nowhere', 'diff.suppressBlankEmpty=true',
    'core.quotePath=false', 'diff.ignoreSubmodules=all', 'diff.wordRegex=.']) {
    git(root, 'config', setting.slice(0, setting.indexOf('=')), setting.slice(setting.indexOf('=') + 1));
  }
  for (const hook of ['post-index-change', 'fsmonitor-watchman', 'reference-transaction']) {
    fs.writeFileSync(path.join(root, '.git/hooks', hook), '#!/bin/sh\n: > "' + mark + '"\n', { mode: 0o755 });
  }
  process.env.GIT_EXTERNAL_DIFF = program;
  process.env.GIT_DIR = '/nowhere';
  try {
    write(root, 'src/b.c', 'int b;\n\nint c;\n');
    if (fs.existsSync(mark)) fs.unlinkSync(mark);
    const state = read(root);
    assert.equal(fs.existsSync(mark), false, 'a program of the repository ran');
    assert.match(state.patch ?? '', /^diff --git a\/src\/b.c b\/src\/b.c\nindex [0-9a-f]{40}\.\.[0-9a-f]{40} 100644\n--- a\/src\/b.c\n/);
    assert.deepEqual(state.warnings, []);
    write(root, 'a.py', 'print(9)\n');
    const filtered = read(root);
    assert.equal(fs.existsSync(mark), false, 'a filter of the repository ran');
    assert.equal(filtered.patch, state.patch);
    assert.match(filtered.warnings.join(), /filter programs.*"a.py"/);
    delete process.env.GIT_DIR;
    git(root, 'config', '--unset', 'diff.orderFile');
    git(root, 'status');
    assert.equal(fs.existsSync(mark), true, 'git runs none of them either: the test tests nothing');
  } finally {
    delete process.env.GIT_EXTERNAL_DIFF;
    delete process.env.GIT_DIR;
  }
});

test('readCode() runs filters of the user\'s own configuration, as git status does', () => {
  const root = repository();
  write(root, '.gitattributes', '*.py filter=upper\n');
  git(root, 'add', '.');
  git(root, 'commit', '-qm', 'attributes');
  const saved = fs.readFileSync(path.join(home, '.gitconfig'), 'latin1');
  fs.appendFileSync(path.join(home, '.gitconfig'), '[filter "upper"]\n\tclean = tr X 1\n');
  try {
    write(root, 'a.py', 'print(X)\n');
    assert.equal(read(root).patch, undefined);
  } finally {
    fs.writeFileSync(path.join(home, '.gitconfig'), saved);
  }
});

test('readCode() warns where git refuses a repository of another user', (context) => {
  if (process.getuid === undefined || process.getuid() !== 0) return context.skip('needs root to give a folder away');
  const root = repository();
  fs.chownSync(root, 65534, 65534);
  fs.chownSync(path.join(root, '.git'), 65534, 65534);
  assert.equal(read(root).patch, undefined);
  write(root, 'a.py', 'x');
  const state = read(root);
  assert.equal(state.patch, '');
  assert.match(state.warnings.join(), /another user owns/);
  return undefined;
});

test('quoteGitPath() quotes as git does', () => {
  const root = repository();
  for (let code = 1; code < 256; code++) {
    if (code === 0x2f) continue;
    const name = Buffer.from([0x61, code, 0x62]);
    write(root, name, '');
  }
  git(root, 'add', '.');
  const expected = git(root, '-c', 'core.quotePath=true', 'ls-files').split('\n').filter((line) => /^"?a.+b"?$/.test(line) && line !== 'a.py');
  const names = git(root, 'ls-files', '-z').split('\0').filter((name) => /^a[^]b$/.test(name));
  assert.equal(names.length, 254);
  assert.deepEqual(names.map(quoteGitPath), expected);
});

test('parseGitConfig() agrees with git config --list', () => {
  const text = '# c\n[core]\n\tbare = false ; no\n  filemode\n[remote "or\\"ig\\\\in"]\n url = "a;b" c\\\n  d # x\n\tfetch=+refs/*:refs/* \n'
    + '[Branch "Main"] Remote = x\n[a.Sub]k=v\n[e]\nempty =\nq = "  lead\\ttab"  \nesc = a\\\\\nn2 = 1\n';
  const root = folder();
  write(root, 'c', text);
  const listed = git(root, 'config', '-f', 'c', '-z', '--list').split('\0').filter((line) => line !== '')
    .map((line) => (line.indexOf('\n') < 0 ? line + '\ntrue' : line));
  const parsed = parseGitConfig(text).map((one) => one.section + '.' + (one.subsection === '' ? '' : one.subsection + '.') + one.key + '\n' + one.value);
  assert.deepEqual(parsed, listed);
  assert.equal(findGitSetting(parseGitConfig('[A]\nb=1\nB=2\n'), 'a', '', 'b'), '2');
});

test('parseGitConfig() keeps the byte A0, in which letters of UTF-8 end', () => {
  const text = '[remote "origin"]\n\turl = https://example.org/\xc3\xa0\n';
  assert.equal(findRemoteUrl(parseGitConfig(text), undefined), 'https://example.org/\xc3\xa0');
});

test('findRemoteUrl() takes the branch\'s remote, then origin, then the only one', () => {
  const two = '[remote "origin"]\nurl=o:x\n[remote "up"]\nurl=u:x\n';
  assert.equal(findRemoteUrl(parseGitConfig(two + '[branch "b"]\nremote=up\n'), 'b'), 'u:x');
  assert.equal(findRemoteUrl(parseGitConfig(two), 'b'), 'o:x');
  assert.equal(findRemoteUrl(parseGitConfig('[remote "up"]\nurl=u:x\nurl=v:x\n'), undefined), 'u:x');
  assert.equal(findRemoteUrl(parseGitConfig('[remote "up"]\nurl=u:x\n[remote "v"]\nurl=v:x\n'), undefined), undefined);
  assert.equal(findRemoteUrl(parseGitConfig('[branch "b"]\nremote=https://t@h/x\n'), 'b'), 'https://h/x');
  assert.equal(findRemoteUrl([], 'b'), undefined);
});

test('parseGitConfig() and stripUrlCredentials() take long nonsense in linear time and depth', () => {
  const nested = 'ps://'.repeat(50000);
  assert.equal(stripUrlCredentials(nested), nested);
  assert.equal(stripUrlCredentials('secret'.repeat(50000)), 'secret'.repeat(50000));
  assert.equal(stripUrlCredentials(nested + 'u:pw@h/x'), nested + 'h/x');
  const continued = parseGitConfig('[remote "o"]\nurl = a' + '\\"\\\n'.repeat(50000) + 'b\n');
  assert.deepEqual(continued, [{ section: 'remote', subsection: 'o', key: 'url', value: 'a' + '"'.repeat(50000) + 'b' }]);
});

test('stripUrlCredentials() removes what lets somebody in and keeps the rest', () => {
  const table: [string, string][] = [
    ['https://example.org/x.git', 'https://example.org/x.git'],
    ['https://user:pw@example.org/x.git', 'https://example.org/x.git'],
    ['https://token@example.org/x.git', 'https://example.org/x.git'],
    ['https://oauth2:token@example.org:8443/x.git', 'https://example.org:8443/x.git'],
    ['HTTPS://u:p@example.org', 'HTTPS://example.org'],
    ['https://u:p@ss@example.org/x', 'https://example.org/x'],
    ['https://DOMAIN\\user:pw@example.org/x', 'https://example.org/x'],
    ['https://u:p/ss@example.org/x', 'https://example.org/x'],
    ['https://u:p?s#s@example.org/x', 'https://example.org/x'],
    ['https://example.org:80/@scope/x', 'https://example.org:80/@scope/x'],
    ['https://[::1]:80/x', 'https://[::1]:80/x'],
    ['https://example.org/x.git?access_token=abc', 'https://example.org/x.git'],
    ['https://example.org/x.git#token', 'https://example.org/x.git'],
    ['ssh://git@example.org/x', 'ssh://git@example.org/x'],
    ['ssh://git:pw@example.org:22/x', 'ssh://git@example.org:22/x'],
    ['git+ssh://git:pw@example.org/x', 'git+ssh://git@example.org/x'],
    ['git@example.org:group/x.git', 'git@example.org:group/x.git'],
    ['git:pw@example.org:group/x.git', 'git@example.org:group/x.git'],
    ['example.org:x@y', 'example.org:x@y'],
    ['/srv/git/x@y.git', '/srv/git/x@y.git'],
    ['../x?.git', '../x?.git'],
    ['file:///srv/x.git', 'file:///srv/x.git'],
    ['hg::https://u:p@example.org/x', 'hg::https://example.org/x'],
    ['https://proxy/https://u:p@example.org/x', 'https://proxy/https://example.org/x'],
  ];
  for (const [url, wanted] of table) assert.equal(stripUrlCredentials(url), wanted, url);
});

test('parseGitIndex() leaves to git what git refuses or reads otherwise', () => {
  const root = repository();
  const index = path.join(root, '.git/index');
  const whole = fs.readFileSync(index, 'latin1');
  assert.equal(whole.slice(74, 78), 'a.py');
  const put = (text: string, at: number, bytes: string): string => text.slice(0, at) + bytes + text.slice(at + bytes.length);
  // Flags of version 3; a name of three letters, of none, of more than there are.
  for (const bent of [put(whole, 72, '\x40\x04'), put(whole, 72, '\0\x03'), put(put(whole, 72, '\0\0'), 74, '\0'), put(whole, 72, '\x0f\xff')]) {
    assert.equal(parseGitIndex(bent, 20), 'unsupported');
  }
  fs.writeFileSync(index, put(whole, 72, '\x40\x04'), 'latin1');
  assert.notEqual(spawnSync('git', ['ls-files', '-s'], { cwd: root }).status, 0);
  // A folder in the index, as in a sparse one, but without a word of it: git lists what the tree holds.
  const folder = put(put(whole, 36, '\0\0\x40\0'), 52, bytesFromHex(git(root, 'rev-parse', 'HEAD:src').trim()));
  assert.equal(parseGitIndex(folder, 20), 'unsupported');
  fs.writeFileSync(index, folder, 'latin1');
  assert.deepEqual(git(root, 'ls-files').split('\n'), ['a.pyb.c', 'run.sh', 'src/b.c', '']);
  assert.deepEqual(Array.from(read(root).changed).sort(), ['a.py', 'a.pyb.c'], 'what git lists is what is told');
  // In version 4 each name begins with what the one before was: a long one would cost its length for each.
  const entry = (dropped: string, name: string): string => '\0'.repeat(60) + '\x0f\xff' + dropped + name + '\0';
  const long = 'DIRC\0\0\0\x04\0\0\x27\x10' + entry('\0', 'a'.repeat(500000)) + entry('\x01', 'b').repeat(9999) + '\0'.repeat(20);
  assert.equal(parseGitIndex(long, 20), 'unsupported');
  assert.throws(() => parseGitIndex('DIRC\0\0\0\x04\0\0\0\x01' + '\0'.repeat(60) + '\0\x01\x05a\0' + '\0'.repeat(20), 20), /cut off/, 'nothing is there to fall away');
});

test('applyGitDelta() refuses what git refuses: orders past the base, the delta or the target, and the order that is kept for later', () => {
  const size = (value: number): string => String.fromCharCode(value);
  assert.equal(applyGitDelta('abcdef', size(6) + size(4) + '\x90\x03' + '\x01x'), 'abcx');
  // Copies past the end of the base, made up for by what follows.
  assert.equal(applyGitDelta('abcdef', size(6) + size(6) + '\x91\x03\x06' + '\x03xyz'), undefined);
  assert.equal(applyGitDelta('abcdef', size(6) + size(3) + '\x90\x03' + '\0'), undefined);
  assert.equal(applyGitDelta('abcdef', size(6) + size(3) + '\x05abc'), undefined);
  assert.equal(applyGitDelta('abcdef', size(6) + size(3) + '\x90\x04'), undefined);
});

test('parseLooseObject() takes no size that git does not write', () => {
  assert.deepEqual(parseLooseObject('blob 5\0hello'), { kind: 'blob', body: 'hello' });
  for (const text of ['blob 05\0hello', 'blob +5\0hello', 'blob 5 \0hello', 'blob 00\0', 'blob \0']) assert.equal(parseLooseObject(text), undefined, text);
});

test('readPackedObject() gives up where deltas go in a circle, or unpack to gigabytes at every step', () => {
  const zeros = '\0'.repeat(16 << 20);
  const spell = (code: number, bytes: number, base: string): string => {
    let rest = Math.floor(bytes / 16);
    let head = String.fromCharCode((rest > 0 ? 0x80 : 0) | (code << 4) | (bytes % 16));
    for (; rest > 0; rest = Math.floor(rest / 128)) head += String.fromCharCode((rest > 127 ? 0x80 : 0) | (rest % 128));
    return head + base;
  };
  const deflate = (text: string): string => zlib.deflateSync(Buffer.from(text, 'latin1')).toString('latin1');
  let inflated = 0;
  const readAll = (pack: string, at: number, find: (id: string) => number | undefined): unknown => readPackedObject((offset, length) => pack.slice(offset, offset + length), at, 20, (bytes) => {
    inflated += 1;
    return inflateBytes(bytes) ?? '';
  }, find);
  const itself = spell(7, zeros.length, 'x'.repeat(20)) + deflate(zeros);
  assert.equal(readAll(itself, 0, () => 0), undefined);
  assert.equal(inflated, 1);
  // Each of other bytes, at its own place, and large.
  const many = (itself + '\0'.repeat(10)).repeat(100);
  inflated = 0;
  let next = 0;
  assert.equal(readAll(many, 0, () => { next += itself.length + 10; return next; }), undefined);
  assert.ok(inflated < 10, String(inflated));
  // Small deltas, each of which makes 16 MiB of 16 MiB.
  const varint = '\x80\x80\x80\x08';
  const delta = varint + varint + '\xf0\xff\xff\xff' + '\x90\x01';
  let pack = 'PACK\0\0\0\x02\0\0\0\x65' + spell(3, zeros.length, '') + deflate(zeros);
  const offsets = [12];
  const step = (): void => {
    const at = pack.length;
    let left = at - (offsets[offsets.length - 1] as number);
    let distance = String.fromCharCode(left & 127);
    for (left = Math.floor(left / 128); left > 0; left = Math.floor(left / 128)) {
      left -= 1;
      distance = String.fromCharCode(128 | (left & 127)) + distance;
    }
    offsets.push(at);
    pack += spell(6, delta.length, distance) + deflate(delta);
  };
  for (let i = 0; i < 100; i++) step();
  assert.equal((readAll(pack, offsets[2], () => undefined) as { body: string } | undefined)?.body.length, zeros.length);
  assert.equal(readAll(pack, offsets[100], () => undefined), undefined);
});

test('readGitObject() throws nothing at a cut or bent pack, and takes no object for another', () => {
  const root = repository();
  git(root, 'gc', '-q');
  const pack = path.join(root, '.git/objects/pack');
  const name = path.join(pack, fs.readdirSync(pack).find((one) => one.endsWith('.idx')) as string);
  const index = fs.readFileSync(name);
  const head = git(root, 'rev-parse', 'HEAD').trim();
  const readHead = (): unknown => readGitObject(findRepository(root)!, head);
  assert.notEqual(readHead(), undefined);
  fs.chmodSync(name, 0o644);
  const count = index.readUInt32BE(8 + 255 * 4);
  const offsetsAt = 8 + 1024 + count * 24;
  for (let length = 0; length < index.length; length += 7) {
    fs.writeFileSync(name, index.subarray(0, length));
    readHead();
  }
  // Offsets of 64 bits that no file has.
  const large = Buffer.concat([index.subarray(0, offsetsAt + count * 4), Buffer.alloc(8 * 200, 0xff), index.subarray(-40)]);
  for (let i = 0; i < count; i++) large.writeUInt32BE(0x80000000 + i, offsetsAt + i * 4);
  fs.writeFileSync(name, large);
  assert.equal(readHead(), undefined);
  fs.rmSync(pack, { recursive: true });
  fs.mkdirSync(path.join(root, '.git/objects', head.slice(0, 2)), { recursive: true });
  const forged = 'tree ' + '1'.repeat(40) + '\n';
  fs.writeFileSync(path.join(root, '.git/objects', head.slice(0, 2), head.slice(2)), zlib.deflateSync(Buffer.from('commit ' + String(forged.length) + '\0' + forged)));
  assert.equal(readHead(), undefined);
  assert.equal(readTreeOfCommit(findRepository(root)!, head), undefined);
});

test('readGitObject() ends where alternates name themselves many times', () => {
  const root = repository();
  fs.writeFileSync(path.join(root, '.git/objects/info/alternates'), '../objects\n'.repeat(1000));
  assert.equal(readGitObject(findRepository(root)!, '1'.repeat(40)), undefined);
  assert.notEqual(readGitObject(findRepository(root)!, git(root, 'rev-parse', 'HEAD').trim()), undefined);
});
