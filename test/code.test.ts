// code.test.ts - the code of a run, held against git, hg, svn, fossil, patch and sha256sum in real repositories.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'child_process';
import fs from 'fs';
import os from 'os';
import path from 'path';
import { isScriptCandidate, isSourceName } from '../src/core/sources.ts';
import type { FileState, Run } from '../src/core/run.ts';
import { emptyRun } from '../src/core/run.ts';
import type { BegunCode, EndedCode } from '../src/sys/code.ts';
import { beginCode, endCode, findUnclean, noteCode, readEarlierContent } from '../src/sys/code.ts';
import { describeFile, hashWithRetry } from '../src/sys/hash.ts';
import { projectAt } from '../src/sys/project.ts';
import { listRecords, readOnlyRecord, rr } from './rig.ts';

const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'rr-code-')));
after(() => fs.rmSync(base, { recursive: true, force: true }));

for (const name of Object.keys(process.env)) if (/^(?:GIT_|HG|SVN_|FOSSIL_)/.test(name)) delete process.env[name];
const home = path.join(base, 'home');
fs.mkdirSync(home);
Object.assign(process.env, { HOME: home, XDG_CONFIG_HOME: home, USER: 'tester', LC_ALL: 'C.UTF-8' });
fs.writeFileSync(path.join(home, '.gitconfig'), '[user]\n\tname = A\n\temail = a@example.org\n[protocol "file"]\n\tallow = always\n[init]\n\tdefaultBranch = main\n');
const plainPath = process.env.PATH;

let serial = 0;
function folder(name = 'r'): string {
  const made = path.join(base, name + String(++serial));
  fs.mkdirSync(made);
  return made;
}

function call(cwd: string, ...words: string[]): string {
  return execFileSync(words[0], words.slice(1), { cwd, encoding: 'latin1', stdio: ['ignore', 'pipe', 'pipe'] });
}

function git(cwd: string, ...words: string[]): string {
  return call(cwd, 'git', ...words);
}

function write(root: string, name: string, content: string | Buffer, mode = 0o644): void {
  fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  fs.writeFileSync(path.join(root, name), content, { mode });
}

function fill(root: string): string {
  write(root, 'a.py', 'print(1)\n');
  write(root, 'lib/b.R', 'one\ntwo\nthree\n');
  write(root, 'data.csv', '1,2\n');
  return root;
}

function repository(root = folder()): string {
  git(root, 'init', '-q');
  fill(root);
  git(root, 'add', '.');
  git(root, 'commit', '-qm', 'one');
  return root;
}

const LONG_AGO_MS = 1e12;
const RESULTS = ['result.csv', 'table.tex'];

/** As rr record does before the run. */
function begin(root: string, startMs = Date.now() + 1e6): { begun: BegunCode; run: Run } {
  const project = projectAt(root);
  fs.mkdirSync(project.own, { recursive: true });
  const excluded = (name: string): boolean => name.startsWith('provenance/') || name.startsWith('.rr/') || RESULTS.includes(name);
  const begun = beginCode({ project, excluded, startMs });
  const run = emptyRun('x', 'true', '', '');
  noteCode(begun, run);
  return { begun, run };
}

/** A line of the record for each file that the run read. */
function inputs(root: string, names: string[]): FileState[] {
  return names.map((name) => {
    const absolute = name[0] === '/' ? name : root + '/' + name;
    const state = describeFile(absolute, name);
    assert.ok(state !== undefined, name);
    const outcome = hashWithRetry(absolute);
    return outcome.kind === 'hashed' && state.kind !== 'l' ? { ...state, hash: outcome.hash } : state;
  });
}

function states(ended: EndedCode): { [name: string]: string } {
  const found: { [name: string]: string } = {};
  for (const file of ended.codeFiles) found[file.path] = file.state;
  return found;
}

/** Names in provenance/code, and contents as sha256sum sees them: each file is named after its own. */
function stored(root: string, ending: string): string[] {
  const code = path.join(root, 'provenance', 'code');
  if (!fs.existsSync(code)) return [];
  const names = fs.readdirSync(code).filter((name) => name.endsWith(ending));
  for (const name of names) assert.equal(call(code, 'sha256sum', name).slice(0, 64), name.slice(0, 64));
  return names.map((name) => fs.readFileSync(path.join(code, name), 'latin1')).sort();
}

function patchOf(root: string, code: string | undefined): string {
  const hash = / dirty ([0-9a-f]{64})( |$)/.exec(code ?? '')?.[1];
  assert.ok(hash !== undefined, code);
  return fs.readFileSync(path.join(root, 'provenance', 'code', hash + '.patch'), 'latin1');
}

// ---- names ------------------------------------------------------------------------------------------

test('isSourceName() knows scripts and modules by their names, and no data', () => {
  for (const name of ['a.py', 'x/y.R', 'Makefile', 'x/GNUmakefile', 'a.b.f90', 'CMakeLists.txt', 'n.ipynb', 'a.F90']) assert.ok(isSourceName(name), name);
  for (const name of ['a.csv', 'py', 'a.pyc', 'a.txt', 'Makefile.txt', 'x.py/data', 'run', '.py.bak', 'a.hdf']) assert.ok(!isSourceName(name), name);
});

test('isScriptCandidate() takes what is executable or has no ending', () => {
  assert.deepEqual(['run', 'x.y/run', 'a.dat', '.hidden'].map((name) => isScriptCandidate(name, false)), [true, true, false, true]);
  assert.equal(isScriptCandidate('a.dat', true), true);
});

// ---- git --------------------------------------------------------------------------------------------

test('endCode() lists sources as git status has them, and keeps those that git has not', () => {
  const root = repository();
  write(root, 'lib/b.R', 'changed\n');
  write(root, 'helper.py', 'untracked\n');
  write(root, '.git/info/exclude', 'ignored.sh\n');
  write(root, 'ignored.sh', 'ignored\n');
  write(root, 'tool', '#!/bin/sh\n');
  write(root, 'plain', 'no script\n');
  write(root, 'big.py', Buffer.alloc((1 << 20) + 1, 'x'));
  write(root, 'table.tex', 'a result\n');
  write(root, '.env', 'TOKEN=hunter2\n');
  write(root, 'secrets.json', '{}');
  write(root, 'staged.py', 'staged\n');
  git(root, 'add', 'staged.py');
  const { begun, run } = begin(root);
  const ended = endCode(begun, inputs(root, ['a.py', 'lib/b.R', 'data.csv', 'helper.py', 'ignored.sh', 'tool', 'plain', 'big.py', 'table.tex', '.env', 'secrets.json', 'staged.py']));
  assert.deepEqual(states(ended), { 'a.py': 'clean', 'helper.py': 'untracked', 'ignored.sh': 'untracked', 'lib/b.R': 'changed', 'staged.py': 'changed', tool: 'untracked' });
  assert.deepEqual(ended.codeFiles.map((file) => file.path), Object.keys(states(ended)).sort());
  for (const [name, state] of Object.entries(states(ended))) {
    const letters = git(root, 'status', '--porcelain', '--ignored', '--', name).slice(0, 2);
    assert.equal(letters === '' ? 'clean' : letters === '??' || letters === '!!' ? 'untracked' : 'changed', state, name);
  }
  assert.deepEqual(stored(root, '.src'), ['#!/bin/sh\n', 'ignored\n', 'untracked\n']);
  assert.deepEqual(ended.codeOthers, []);
  assert.deepEqual(ended.warnings, []);
  assert.equal(patchOf(root, run.code), git(root, 'diff', '--full-index', 'HEAD'));
});

test('noteCode() gives the same patch when only an untracked helper changes', () => {
  const root = repository();
  write(root, 'a.py', 'print(2)\n');
  const codes = ['one', 'two'].map((content) => {
    write(root, 'helper.py', content);
    const { begun, run } = begin(root);
    endCode(begun, inputs(root, ['helper.py']));
    return run.code;
  });
  assert.equal(codes[0], codes[1]);
  assert.deepEqual(stored(root, '.src'), ['one', 'two']);
  assert.equal(stored(root, '.patch').length, 1);
});

test('endCode() keeps nothing that is not any more what was read', () => {
  const root = folder();
  fill(root);
  const { begun } = begin(root);
  const read = inputs(root, ['a.py', 'lib/b.R']).concat({ hash: '?', size: 0, kind: '', path: 'gone.py' });
  write(root, 'a.py', 'print(3)\n');
  const ended = endCode(begun, read);
  assert.deepEqual(states(ended), { 'a.py': 'unversioned', 'gone.py': 'unversioned', 'lib/b.R': 'unversioned' });
  assert.deepEqual(stored(root, '.src'), ['one\ntwo\nthree\n']);
  assert.match(ended.warnings.join('\n'), /a\.py is not kept: it is not any more what was read/);
  assert.match(ended.warnings.join('\n'), /gone\.py is not kept: it cannot be read/);
});

test('endCode() of a project without version control keeps its sources, and those elsewhere', () => {
  const root = fill(folder());
  const elsewhere = folder();
  write(elsewhere, 'lib.py', 'elsewhere\n');
  const { begun, run } = begin(root);
  const ended = endCode(begun, inputs(root, ['a.py', 'data.csv', elsewhere + '/lib.py']));
  assert.equal(run.code, undefined);
  assert.deepEqual(states(ended), { [elsewhere + '/lib.py']: 'unversioned', 'a.py': 'unversioned' });
  assert.deepEqual(stored(root, '.src'), ['elsewhere\n', 'print(1)\n']);
  assert.deepEqual(ended.codeOthers, []);
});

test('endCode() keeps a changed source where no patch can be made', () => {
  const root = repository();
  write(root, 'a.py', 'print(4)\n');
  process.env.PATH = path.join(base, 'nowhere');
  try {
    const { begun, run } = begin(root);
    assert.match(run.code ?? '', /^git [0-9a-f]{40} dirty -$/);
    assert.deepEqual(states(endCode(begun, inputs(root, ['a.py', 'lib/b.R']))), { 'a.py': 'changed', 'lib/b.R': 'clean' });
  } finally {
    process.env.PATH = plainPath;
  }
  assert.deepEqual(stored(root, '.src'), ['print(4)\n']);
});

test('endCode() tells a tracked result that is as committed from one that is not', () => {
  const root = repository();
  write(root, 'table.tex', 'one\n');
  git(root, 'add', '.');
  git(root, 'commit', '-qm', 'result');
  write(root, 'table.tex', 'one\n');
  fs.utimesSync(path.join(root, 'table.tex'), 1, 1);
  assert.deepEqual(states(endCode(begin(root).begun, inputs(root, ['table.tex']))), { 'table.tex': 'clean' });
  write(root, 'table.tex', 'two\n');
  const { begun, run } = begin(root);
  assert.deepEqual(states(endCode(begun, inputs(root, ['table.tex']))), { 'table.tex': 'changed' });
  assert.doesNotMatch(run.code ?? '', /dirty/);
});

test('noteCode() leaves files that may hold secrets out of the patch, and says so', () => {
  const root = repository();
  write(root, '.env', 'TOKEN=old\n');
  git(root, 'add', '-f', '.');
  git(root, 'commit', '-qm', 'two');
  write(root, '.env', 'TOKEN=hunter2-zq\n');
  const only = begin(root).run;
  assert.match(only.code ?? '', / dirty [0-9a-f-]+$/);
  assert.match(only.warnings.join(), /may hold secrets.*"\.env"/);
  write(root, 'a.py', 'print(5)\n');
  const { run } = begin(root);
  assert.equal(patchOf(root, run.code), git(root, 'diff', '--full-index', 'HEAD', '--', 'a.py'));
  assert.equal(spawnSync('grep', ['-r', 'hunter2-zq', path.join(root, 'provenance')]).status, 1);
});

// ---- other checkouts --------------------------------------------------------------------------------

test('endCode() names another checkout outside of the project, with a patch that reproduces it', () => {
  const root = repository();
  const library = repository();
  git(library, 'commit', '-q', '--allow-empty', '-m', 'two');
  write(library, 'lib/b.R', 'changed elsewhere\n');
  write(library, 'extra.py', 'untracked elsewhere\n');
  const ended = endCode(begin(root).begun, inputs(root, ['a.py', library + '/a.py', library + '/lib/b.R', library + '/extra.py', library + '/data.csv']));
  assert.deepEqual(states(ended), { [library + '/a.py']: 'clean', [library + '/extra.py']: 'untracked', [library + '/lib/b.R']: 'changed', 'a.py': 'clean' });
  assert.equal(ended.codeOthers.length, 1);
  const [system, commit, dirty, , place] = ended.codeOthers[0].split(' ');
  assert.deepEqual([system, commit, dirty, place], ['git', git(library, 'rev-parse', 'HEAD').trim(), 'dirty', library]);
  const clone = folder();
  git(clone, 'clone', '-q', library, '.');
  write(base, 'x.patch', Buffer.from(patchOf(root, ended.codeOthers[0]), 'latin1'));
  git(clone, 'apply', path.join(base, 'x.patch'));
  assert.equal(git(clone, 'diff', 'HEAD'), git(library, 'diff', 'HEAD'));
  assert.deepEqual(ended.warnings, []);
  assert.deepEqual(stored(root, '.src'), ['untracked elsewhere\n']);
});

test('endCode() names another checkout only if it tracks what was read', () => {
  const root = fill(folder());
  const library = repository();
  write(library, 'more.csv', '1\n');
  write(library, 'own.py', '1\n');
  write(library, 'a.py', 'changed\n');
  const untracked = endCode(begin(root).begun, inputs(root, [library + '/more.csv', library + '/own.py']));
  assert.deepEqual(untracked, { codeFiles: [{ state: 'untracked', path: library + '/own.py' }], codeOthers: [], warnings: [] });
  assert.deepEqual(stored(root, '.patch'), []);
  git(library, 'checkout', '-q', 'a.py');
  const ended = endCode(begin(root).begun, inputs(root, [library + '/data.csv']));
  assert.deepEqual(ended.codeOthers, ['git ' + git(library, 'rev-parse', 'HEAD').trim() + ' ' + library]);
  assert.deepEqual(ended.codeFiles, []);
});

test('endCode() names a nested repository by its path, but no submodule', () => {
  const root = repository();
  const inner = repository();
  git(root, 'submodule', '-q', 'add', inner, 'sub');
  git(root, 'commit', '-qm', 'submodule');
  fs.mkdirSync(path.join(root, 'nest ed'));
  repository(path.join(root, 'nest ed'));
  write(root, 'sub/lib/b.R', 'changed\n');
  const { begun, run } = begin(root);
  const ended = endCode(begun, inputs(root, ['sub/a.py', 'sub/lib/b.R', 'nest ed/a.py']));
  assert.deepEqual(states(ended), { 'nest ed/a.py': 'clean', 'sub/a.py': 'clean', 'sub/lib/b.R': 'changed' });
  assert.deepEqual(ended.codeOthers, ['git ' + git(path.join(root, 'nest ed'), 'rev-parse', 'HEAD').trim() + ' nest ed']);
  assert.deepEqual(run.codeSubmodules, [git(path.join(root, 'sub'), 'rev-parse', 'HEAD').trim() + ' dirty sub']);
});

test('endCode() finds the checkout behind a link, and one of a project in a subfolder is its own', () => {
  const root = repository();
  const library = repository();
  fs.symlinkSync(library, path.join(root, 'linked'));
  const linked = endCode(begin(root).begun, inputs(root, ['linked/a.py']));
  assert.deepEqual(states(linked), { 'linked/a.py': 'clean' });
  assert.equal(linked.codeOthers.length, 1);
  const project = path.join(root, 'lib');
  const below = endCode(begin(project).begun, inputs(project, ['b.R', root + '/a.py']));
  assert.deepEqual(states(below), { [root + '/a.py']: 'clean', 'b.R': 'clean' });
  assert.deepEqual(below.codeOthers, []);
});

test('endCode() warns of what changed in another checkout after the run began', () => {
  const root = repository();
  const library = repository();
  write(library, 'a.py', 'late\n');
  const ended = endCode(begin(root, LONG_AGO_MS).begun, inputs(root, [library + '/a.py']));
  assert.match(ended.warnings.join('\n'), /"a\.py" changed after the run began/);
  assert.match(ended.warnings.join('\n'), /another commit was checked out after the run began/);
});

// ---- content before the run -------------------------------------------------------------------------

function sha256(name: string): string {
  return call(base, 'sha256sum', name).replace(/^\\/, '').slice(0, 64);
}

type Earlier = { name: string; file?: string; prepare: (root: string) => void; isKnown: boolean };
const EARLIER: Earlier[] = [
  { name: 'a loose object', prepare: () => undefined, isKnown: true },
  { name: 'a packed object', prepare: (root) => git(root, 'gc', '-q', '--prune=now'), isKnown: true },
  { name: 'a delta in a pack', prepare: (root) => {
    for (let i = 0; i < 20; i++) {
      write(root, 'a.py', Array.from({ length: 300 }, (_, line) => String(line * 7919) + (line === i ? ' changed' : '')).join('\n'));
      git(root, 'commit', '-qam', 'x');
    }
    git(root, 'gc', '-q', '--aggressive', '--prune=now');
  }, isKnown: true },
  { name: 'a staged file', prepare: (root) => { write(root, 'a.py', 'staged\n'); git(root, 'add', 'a.py'); }, isKnown: true },
  { name: 'an executable', prepare: (root) => { fs.chmodSync(path.join(root, 'a.py'), 0o755); git(root, 'commit', '-qam', 'x'); }, isKnown: true },
  { name: 'an empty file', prepare: (root) => { write(root, 'a.py', ''); git(root, 'commit', '-qam', 'x'); }, isKnown: true },
  { name: 'a file over 16 MiB', prepare: (root) => { write(root, 'a.py', Buffer.alloc(17 << 20, 'abc\n')); git(root, 'commit', '-qam', 'x'); }, isKnown: true },
  { name: 'a file of a submodule', file: 'sub/a.py', prepare: (root) => { git(root, 'submodule', '-q', 'add', repository(), 'sub'); git(root, 'commit', '-qm', 'x'); }, isKnown: true },
  { name: 'a changed file', prepare: (root) => write(root, 'a.py', 'changed\n'), isKnown: false },
  { name: 'an untracked file', file: 'new', prepare: (root) => write(root, 'new', 'x'), isKnown: false },
  { name: 'another end of line', prepare: (root) => {
    git(root, 'config', 'core.autocrlf', 'true');
    fs.unlinkSync(path.join(root, 'a.py'));
    git(root, 'checkout', '-q', 'a.py');
    assert.equal(fs.readFileSync(path.join(root, 'a.py'), 'latin1'), 'print(1)\r\n');
  }, isKnown: false },
  { name: 'a filter of the same size', prepare: (root) => {
    git(root, 'config', 'filter.turn.clean', 'tr 12 21');
    git(root, 'config', 'filter.turn.smudge', 'tr 12 21');
    write(root, '.gitattributes', 'a.py filter=turn\n');
    git(root, 'add', '.');
    git(root, 'add', '--renormalize', '.');
    git(root, 'commit', '-qm', 'x');
    assert.equal(git(root, 'cat-file', 'blob', 'HEAD:a.py'), 'print(2)\n');
    // Its times are as in the index, or its content would be compared and be found different.
    fs.utimesSync(path.join(root, 'a.py'), 1e9, 1e9);
    git(root, 'update-index', '--refresh');
  }, isKnown: false },
];

for (const { name, file = 'a.py', prepare, isKnown } of EARLIER) {
  test('readEarlierContent() of ' + name + (isKnown ? ' is what was there' : ' says that nothing tells'), () => {
    const root = repository();
    prepare(root);
    const [before] = inputs(root, [file]);
    assert.equal(before.hash, sha256(path.join(root, file)));
    const { begun } = begin(root);
    fs.appendFileSync(path.join(root, file), 'appended by the run\n');
    assert.deepEqual(readEarlierContent(begun, file), isKnown ? before : undefined);
    fs.unlinkSync(path.join(root, file));
    assert.deepEqual(readEarlierContent(begun, file), isKnown ? before : undefined);
  });
}

test('readEarlierContent() of a link is its target\'s text', () => {
  const root = repository();
  fs.symlinkSync('lib/b.R', path.join(root, 'link'));
  git(root, 'add', '.');
  git(root, 'commit', '-qm', 'x');
  const [before] = inputs(root, ['link']);
  const { begun } = begin(root);
  fs.unlinkSync(path.join(root, 'link'));
  assert.equal(before.kind, 'l');
  assert.deepEqual(readEarlierContent(begun, 'link'), before);
});

// ---- a clean beginning ------------------------------------------------------------------------------

type Unclean = { name: string; change: (root: string) => void; why: RegExp | undefined; named?: string[] };
const UNCLEAN: Unclean[] = [
  { name: 'nothing', change: () => undefined, why: undefined },
  { name: 'a changed file', change: (root) => write(root, 'a.py', 'x'), why: /^"a\.py" has changes that are not committed$/ },
  { name: 'two changed files', change: (root) => { write(root, 'a.py', 'x'); write(root, 'lib/b.R', 'x'); }, why: /^"a\.py" has .* \(and 1 more\)$/ },
  { name: 'a staged file', change: (root) => { write(root, 'n', 'x'); git(root, 'add', 'n'); }, why: /^"n" has changes/ },
  { name: 'a staged file that is back in the folder', change: (root) => { write(root, 'a.py', 'x'); git(root, 'add', 'a.py'); write(root, 'a.py', 'print(1)\n'); }, why: undefined },
  { name: 'a deleted file', change: (root) => fs.unlinkSync(path.join(root, 'data.csv')), why: /^"data\.csv" has changes/ },
  { name: 'a touched file', change: (root) => fs.utimesSync(path.join(root, 'a.py'), 1, 1), why: undefined },
  { name: 'an untracked file that is not named', change: (root) => write(root, 'n.py', 'x'), why: undefined },
  { name: 'an untracked source that is named', named: ['a.py', 'n.py', 'o.py'], change: (root) => { write(root, 'n.py', 'x'); write(root, 'o.py', 'x'); }, why: /^"n\.py" is not tracked \(and 1 more\)$/ },
  { name: 'untracked data that is named', named: ['n.csv', 'nothing'], change: (root) => write(root, 'n.csv', 'x'), why: undefined },
  { name: 'a changed result', change: (root) => { write(root, 'result.csv', 'x'); git(root, 'add', '.'); git(root, 'commit', '-qm', 'x'); write(root, 'result.csv', 'y'); git(root, 'add', '.'); }, why: undefined },
  { name: 'records', change: (root) => { write(root, 'provenance/runs/x', 'x'); git(root, 'add', '.'); }, why: undefined },
  { name: 'a submodule with changes', change: (root) => {
    git(root, 'submodule', '-q', 'add', repository(), 'sub');
    git(root, 'commit', '-qm', 'x');
    write(root, 'sub/a.py', 'x');
  }, why: /^"sub\/a\.py" has changes/ },
  { name: 'a submodule at another commit', change: (root) => {
    git(root, 'submodule', '-q', 'add', repository(), 'sub');
    git(root, 'commit', '-qm', 'x');
    git(path.join(root, 'sub'), 'commit', '-q', '--allow-empty', '-m', 'y');
  }, why: /^"sub" has changes/ },
  { name: 'a damaged index', change: (root) => write(root, '.git/index', 'x'), why: /cannot read the index/ },
  { name: 'no commit', change: (root) => { fs.rmSync(path.join(root, '.git'), { recursive: true }); git(root, 'init', '-q'); }, why: /^nothing is committed yet$/ },
  { name: 'no version control', change: (root) => fs.rmSync(path.join(root, '.git'), { recursive: true }), why: /^the project is under no version control$/ },
];

for (const { name, change, why, named } of UNCLEAN) {
  test('findUnclean() ' + (why === undefined ? 'passes ' : 'refuses ') + name, () => {
    const root = repository();
    change(root);
    const found = findUnclean(begin(root).begun, named ?? ['a.py']);
    if (why === undefined) assert.equal(found, undefined);
    else assert.match(found ?? 'passed', why);
  });
}

test('rr record --require-clean runs nothing and leaves no record unless all is committed', () => {
  const root = repository();
  assert.equal(rr(root, ['init', '-q']).status, 0);
  git(root, 'add', '.');
  git(root, 'commit', '-qm', 'records');
  write(root, 'a.py', 'x');
  const record = ['record', '--require-clean', '--', 'sh', '-c', 'echo > ran', 'a.py'];
  const refused = rr(root, record);
  assert.equal(refused.status, 121);
  assert.equal(refused.stderr, 'rr: cannot start: "a.py" has changes that are not committed\nrr: hint: commit it, or leave out --require-clean\n');
  assert.equal(fs.existsSync(path.join(root, 'ran')), false);
  assert.deepEqual(listRecords(root), []);
  assert.deepEqual(fs.readdirSync(path.join(root, '.rr/running')), []);
  git(root, 'commit', '-qam', 'clean');
  assert.equal(rr(root, record).status, 0);
  assert.equal(fs.existsSync(path.join(root, 'ran')), true);
});

test('rr record keeps an untracked script under the hash that its Input line has', () => {
  const root = repository();
  write(root, 'new.sh', 'cat data.csv > result.csv\n');
  assert.equal(rr(root, ['record', '-q', '--', 'sh', 'new.sh']).status, 0);
  const record = readOnlyRecord(root);
  const line = (record.Input ?? []).find((one) => one.endsWith(' new.sh')) ?? '';
  assert.equal(fs.readFileSync(path.join(root, 'provenance/code', line.slice(0, 64) + '.src'), 'latin1'), 'cat data.csv > result.csv\n');
  assert.deepEqual(record.Code, ['git ' + git(root, 'rev-parse', 'HEAD').trim()]);
  assert.equal(rr(root, ['verify', '-q']).status, 0);
});
