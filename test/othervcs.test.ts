// othervcs.test.ts - code under Mercurial, Subversion and Fossil: their own commands, patch and the files themselves judge.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'child_process';
import fs from 'fs';
import os from 'os';
import path from 'path';
import type { FileState, Run } from '../src/core/run.ts';
import { emptyRun } from '../src/core/run.ts';
import { listShownNames, parseFossilInfo, parseFossilList, parseHgStatus, parseSvnInfo, parseSvnStatus } from '../src/formats/vcsoutput.ts';
import type { BegunCode } from '../src/sys/code.ts';
import { beginCode, endCode, findUnclean, noteCode } from '../src/sys/code.ts';
import { describeFile, hashWithRetry } from '../src/sys/hash.ts';
import { projectAt } from '../src/sys/project.ts';
import { hasProgram } from './rig.ts';

const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'rr-vcs-')));
after(() => fs.rmSync(base, { recursive: true, force: true }));

for (const name of Object.keys(process.env)) if (/^(?:GIT_|HG|SVN_|FOSSIL_|LC_|LANG)/.test(name)) delete process.env[name];
const home = path.join(base, 'home');
fs.mkdirSync(home);
Object.assign(process.env, { HOME: home, XDG_CONFIG_HOME: home, USER: 'tester', LC_ALL: 'C.UTF-8' });
const plainPath = process.env.PATH;

let serial = 0;
function folder(): string {
  const made = path.join(base, 'r' + String(++serial));
  fs.mkdirSync(made);
  return made;
}

function call(cwd: string, ...words: string[]): string {
  return execFileSync(words[0], words.slice(1), { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function write(root: string, name: string, content: string | Buffer): void {
  fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  fs.writeFileSync(path.join(root, name), content);
}

// "x@2" looks like a revision to svn, so it is only in the tests that expect a warning.
const NAMES = ['a.py', 'lib/b.R', 'data.csv', 'sp ace.py', '-dash.py', 'at@home.py', '\u00e4\u6f22.py'];

function fill(root: string): void {
  for (const name of NAMES) write(root, name, 'one\ntwo\n' + name + '\n');
}

type Vcs = {
  system: string;
  /** A checkout of one commit that has NAMES. */
  make: () => string;
  commit: (root: string) => void;
  add: (root: string, name: string) => void;
  remove: (root: string, name: string) => void;
  /** A second, clean checkout of the version that the first is at. */
  copy: (root: string) => string;
  version: (root: string) => string;
  strip: string;
};

const SYSTEMS: Vcs[] = [
  {
    system: 'hg',
    make: () => {
      const root = folder();
      call(root, 'hg', 'init');
      fill(root);
      call(root, 'hg', 'commit', '-A', '-q', '-u', 'x', '-m', 'one');
      return root;
    },
    commit: (root) => { call(root, 'hg', 'commit', '-A', '-q', '-u', 'x', '-m', 'more'); },
    add: (root, name) => { call(root, 'hg', 'add', '-q', 'path:' + name); },
    remove: (root, name) => { call(root, 'hg', 'remove', '-f', 'path:' + name); },
    copy: (root) => { const clone = folder(); call(clone, 'hg', 'clone', '-q', root, '.'); return clone; },
    version: (root) => call(root, 'hg', 'log', '-r', '.', '-T', '{node}'),
    strip: '-p1',
  },
  {
    system: 'svn',
    make: () => {
      const store = folder();
      call(store, 'svnadmin', 'create', '.');
      call(store, 'svn', 'mkdir', '-q', '-m', 'x', 'file://' + store + '/trunk');
      const root = folder();
      call(root, 'svn', 'checkout', '-q', 'file://' + store + '/trunk', '.');
      fill(root);
      call(root, 'svn', 'add', '-q', '--force', '.');
      call(root, 'svn', 'commit', '-q', '-m', 'one');
      call(root, 'svn', 'update', '-q');
      return root;
    },
    commit: (root) => { call(root, 'svn', 'add', '-q', '--force', '.'); call(root, 'svn', 'commit', '-q', '-m', 'more'); call(root, 'svn', 'update', '-q'); },
    add: (root, name) => { call(root, 'svn', 'add', '-q', '--parents', './' + name + '@'); },
    remove: (root, name) => { call(root, 'svn', 'remove', '-q', '--force', './' + name + '@'); },
    copy: (root) => { const clone = folder(); call(clone, 'svn', 'checkout', '-q', call(root, 'svn', 'info', '--show-item', 'url').trim(), '.'); return clone; },
    version: (root) => call(root, 'svn', 'info', '--show-item', 'url').trim() + '@' + call(root, 'svnversion', '-n').replace(/[MSP]/g, ''),
    strip: '-p0',
  },
  {
    system: 'fossil',
    make: () => {
      const store = path.join(folder(), 'store.fossil');
      call(base, 'fossil', 'init', store);
      const root = folder();
      call(root, 'fossil', 'open', store);
      fill(root);
      call(root, 'fossil', 'add', '.', '--dotfiles');
      call(root, 'fossil', 'commit', '-m', 'one', '--no-warnings');
      return root;
    },
    commit: (root) => { call(root, 'fossil', 'add', '.'); call(root, 'fossil', 'commit', '-m', 'more', '--no-warnings'); },
    add: (root, name) => { call(root, 'fossil', 'add', './' + name); },
    remove: (root, name) => { call(root, 'fossil', 'rm', '--hard', './' + name); },
    copy: (root) => { const clone = folder(); call(clone, 'fossil', 'open', /^repository: +(.*)$/m.exec(call(root, 'fossil', 'info'))?.[1] ?? ''); return clone; },
    version: (root) => /^checkout: +(\S+)/m.exec(call(root, 'fossil', 'info'))?.[1] ?? '',
    strip: '-p0',
  },
];

const RESULTS = ['result.csv'];

function begin(root: string): { begun: BegunCode; run: Run } {
  const project = projectAt(Buffer.from(root).toString('latin1'));
  fs.mkdirSync(path.join(root, '.rr'), { recursive: true });
  const excluded = (name: string): boolean => name.startsWith('provenance/') || name.startsWith('.rr/') || RESULTS.includes(name);
  const begun = beginCode({ project, excluded, startMs: Date.now() + 1e6 });
  const run = emptyRun('x', 'true', '', '');
  noteCode(begun, run);
  return { begun, run };
}

function inputs(root: string, names: string[]): FileState[] {
  return names.map((name) => {
    const bytes = Buffer.from(name).toString('latin1');
    const absolute = Buffer.from(name[0] === '/' ? name : root + '/' + name).toString('latin1');
    const outcome = hashWithRetry(absolute);
    assert.ok(outcome.kind === 'hashed', name);
    return { ...(describeFile(absolute, bytes) as FileState), hash: outcome.hash };
  });
}

function patchOf(root: string, code: string | undefined): string {
  const hash = / dirty ([0-9a-f]{64})( |$)/.exec(code ?? '')?.[1];
  assert.ok(hash !== undefined, code);
  return path.join(root, 'provenance', 'code', hash + '.patch');
}

/** Files and contents, without those of version control and rr. */
function listTree(root: string): string {
  return call(root, 'sh', '-c', 'find . \\( -name .hg -o -name .svn -o -name .fslckout -o -name .rr -o -name provenance \\) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum');
}

for (const vcs of SYSTEMS) {
  const title = (claim: string): string => 'readOtherCode() of ' + vcs.system + ' ' + claim;
  const isMissing = !hasProgram(vcs.system);
  const judge = (claim: string, use: () => void): void => {
    test(title(claim), (context) => (isMissing ? context.skip(vcs.system + ' is not there') : use()));
  };

  judge('names the version of a clean checkout and writes nothing in the home folder', () => {
    const root = vcs.make();
    const version = vcs.version(root);
    const before = call(home, 'sh', '-c', 'find . -type f -exec sha256sum {} +');
    const { begun, run } = begin(root);
    assert.equal(run.code, vcs.system + ' ' + version);
    assert.deepEqual(run.warnings, []);
    assert.equal(call(home, 'sh', '-c', 'find . -type f -exec sha256sum {} +'), before);
    const ended = endCode(begun, inputs(root, NAMES));
    const sources = NAMES.filter((name) => name !== 'data.csv').map((name) => Buffer.from(name).toString('latin1')).sort();
    assert.deepEqual(ended.codeFiles, sources.map((name) => ({ state: 'clean', path: name })));
    assert.equal(fs.existsSync(path.join(root, 'provenance')), false);
  });

  judge('gives a patch that patch(1) brings a clean checkout to the same files with', () => {
    const root = vcs.make();
    const clone = vcs.copy(root);
    for (const name of NAMES) write(root, name, 'one\nchanged\n' + name + '\nmore\n');
    write(root, 'new/file.py', 'new\n');
    vcs.add(root, 'new/file.py');
    vcs.remove(root, 'lib/b.R');
    const { begun, run } = begin(root);
    assert.deepEqual(run.warnings, []);
    assert.ok(run.code?.startsWith(vcs.system + ' ' + vcs.version(root) + ' dirty '));
    const patch = patchOf(root, run.code);
    const patched = spawnSync('patch', [vcs.strip, '-E', '-s', '-i', patch], { cwd: clone });
    assert.equal(patched.status, 0, patched.stdout.toString() + patched.stderr.toString());
    write(root, 'helper.py', 'untracked\n');
    const ended = endCode(begun, inputs(root, ['a.py', 'helper.py', 'new/file.py']));
    assert.deepEqual(ended.codeFiles.map((file) => file.state + ' ' + file.path), ['changed a.py', 'untracked helper.py', 'changed new/file.py']);
    fs.unlinkSync(path.join(root, 'helper.py'));
    assert.equal(listTree(clone), listTree(root));
    const kept = fs.readdirSync(path.join(root, 'provenance/code')).filter((name) => name.endsWith('.src'));
    assert.deepEqual(kept.map((name) => fs.readFileSync(path.join(root, 'provenance/code', name), 'utf8')), ['untracked\n']);
  });

  judge('sees a change of the same size in the same second', () => {
    const root = vcs.make();
    const { mtime, atime } = fs.statSync(path.join(root, 'data.csv'));
    write(root, 'data.csv', 'one\nTWO\ndata.csv\n');
    if (vcs.system === 'fossil') fs.utimesSync(path.join(root, 'data.csv'), atime, mtime);
    assert.match(fs.readFileSync(patchOf(root, begin(root).run.code), 'utf8'), /^\+TWO$/m);
  });

  judge('counts neither results nor secrets, and says what a patch does not show', () => {
    const root = vcs.make();
    write(root, 'result.csv', 'one\n');
    write(root, '.env', 'TOKEN=old\n');
    write(root, 'bin', Buffer.from([0, 1, 2]));
    vcs.add(root, '.env');
    vcs.commit(root);
    write(root, 'result.csv', 'two\n');
    assert.equal(begin(root).run.code, vcs.system + ' ' + vcs.version(root));
    write(root, '.env', 'TOKEN=hunter2-zq\n');
    const { run } = begin(root);
    assert.match(run.code ?? '', / dirty -$/);
    assert.match(run.warnings.join(), /may hold secrets.*"\.env"/);
    write(root, 'bin', Buffer.from([0, 1, 3]));
    fs.unlinkSync(path.join(root, 'lib/b.R'));
    write(root, 'a.py', 'changed\n');
    const warnings = begin(root).run.warnings.join();
    if (vcs.system !== 'hg') assert.match(warnings, /does not show what changed of "bin"/);
    if (vcs.system !== 'fossil') assert.match(warnings, /does not show what changed of .*"lib\/b\.R"/);
    assert.equal(spawnSync('grep', ['-r', 'hunter2-zq', path.join(root, 'provenance')]).status, 1);
  });

  judge('is unknown without its program, and sources are kept', () => {
    const root = vcs.make();
    process.env.PATH = path.join(base, 'nowhere');
    try {
      const { begun, run } = begin(root);
      assert.equal(run.code, vcs.system + ' unknown');
      assert.deepEqual(run.warnings, ['cannot read the state of the code: ' + vcs.system + ' is not installed']);
      assert.equal(findUnclean(begun, []), run.warnings[0]);
      assert.deepEqual(endCode(begun, inputs(root, ['a.py'])).codeFiles, [{ state: 'untracked', path: 'a.py' }]);
    } finally {
      process.env.PATH = plainPath;
    }
    assert.equal(fs.readdirSync(path.join(root, 'provenance/code')).length, 1);
  });

  judge('is refused by findUnclean() unless all is committed', () => {
    const root = vcs.make();
    assert.equal(findUnclean(begin(root).begun, ['a.py']), undefined);
    write(root, 'new.py', 'x');
    assert.equal(findUnclean(begin(root).begun, ['a.py']), undefined);
    assert.equal(findUnclean(begin(root).begun, ['a.py', 'new.py']), '"new.py" is not tracked');
    write(root, 'a.py', 'x');
    assert.equal(findUnclean(begin(root).begun, []), '"a.py" has changes that are not committed');
  });

  judge('is another checkout where a project lies around or beside it', () => {
    const other = vcs.make();
    write(other, 'a.py', 'changed\n');
    const root = folder();
    fs.renameSync(vcs.make(), path.join(root, 'nested'));
    const ended = endCode(begin(root).begun, inputs(root, ['nested/a.py', other + '/a.py', other + '/data.csv']));
    assert.deepEqual(ended.codeFiles, [{ state: 'changed', path: other + '/a.py' }, { state: 'clean', path: 'nested/a.py' }]);
    assert.deepEqual(ended.codeOthers.map((line) => line.replace(/[0-9a-f]{64} /, '<hash> ')).sort(), [
      vcs.system + ' ' + vcs.version(other) + ' dirty <hash> ' + other, vcs.system + ' ' + vcs.version(path.join(root, 'nested')) + ' nested',
    ].sort().map((line) => line.replace(/[0-9a-f]{64} /, '<hash> ')));
    assert.match(fs.readFileSync(patchOf(root, ended.codeOthers.find((line) => line.includes(' dirty '))), 'utf8'), /^\+changed$/m);
  });

  judge('says so where the checkout is damaged', () => {
    const root = vcs.make();
    const file = { hg: '.hg/requires', svn: '.svn/wc.db', fossil: '.fslckout' }[vcs.system] as string;
    fs.chmodSync(path.join(root, file), 0o644);
    fs.writeFileSync(path.join(root, file), 'nonsense that nobody understands\n');
    const { run } = begin(root);
    assert.equal(run.code, vcs.system + ' unknown');
    assert.equal(run.warnings.length, 1);
    assert.ok(!run.warnings[0].includes(root + '/'), run.warnings[0]);
  });
}

test('readOtherCode() of hg runs no hook, alias or extension of the repository and reads no user configuration', (context) => {
  if (!hasProgram('hg')) return context.skip('hg is not there');
  const hg = SYSTEMS[0];
  const root = hg.make();
  const mark = path.join(base, 'ran');
  write(base, 'evil.py', 'open(' + JSON.stringify(mark) + ', "w")\n');
  const text = '[hooks]\npre-status = touch ' + mark + '\npre-diff = touch ' + mark + '\n[extensions]\nevil = ' + base + '/evil.py\n'
    + '[alias]\nstatus = !touch ' + mark + '\n[extdiff]\n[diff]\nnoprefix = true\n[paths]\ndefault = https://me:secret@example.org/x\n';
  write(root, '.hg/hgrc', text);
  write(home, '.hgrc', text);
  try {
    write(root, 'a.py', 'changed\n');
    const { run } = begin(root);
    assert.equal(fs.existsSync(mark), false);
    assert.equal(run.codeRemote, 'https://example.org/x');
    assert.equal(run.codeBranch, 'default');
    assert.match(fs.readFileSync(patchOf(root, run.code), 'utf8'), /^diff --git a\/a\.py b\/a\.py$/m);
    spawnSync('hg', ['status'], { cwd: root });
    assert.equal(fs.existsSync(mark), true, 'hg runs none of them either: the test tests nothing');
  } finally {
    fs.unlinkSync(path.join(home, '.hgrc'));
  }
  return undefined;
});

test('readOtherCode() of svn runs no diff program of the user, spans mixed revisions and knows the branch', (context) => {
  if (!hasProgram('svn')) return context.skip('svn is not there');
  const svn = SYSTEMS[1];
  const root = svn.make();
  const mark = path.join(base, 'svn-ran');
  write(base, 'differ', '#!/bin/sh\n: > ' + mark + '\n');
  fs.chmodSync(path.join(base, 'differ'), 0o755);
  write(home, '.subversion/config', '[helpers]\ndiff-cmd = ' + base + '/differ\n');
  write(root, 'a.py', 'two\n');
  call(root, 'svn', 'commit', '-q', '-m', 'two');
  write(root, 'a.py', 'three\n');
  const { run } = begin(root);
  assert.equal(fs.existsSync(mark), false);
  assert.match(run.code ?? '', /^svn file:\S+\/trunk@2:3 dirty [0-9a-f]{64}$/);
  assert.equal(run.codeBranch, 'trunk');
  spawnSync('svn', ['diff'], { cwd: root });
  assert.equal(fs.existsSync(mark), true, 'svn runs it neither: the test tests nothing');
  return undefined;
});

test('readOtherCode() of svn leaves a name that ends like a revision out of the patch and says so', (context) => {
  if (!hasProgram('svn')) return context.skip('svn is not there');
  const root = SYSTEMS[1].make();
  write(root, 'x@2', 'one\n');
  SYSTEMS[1].add(root, 'x@2');
  SYSTEMS[1].commit(root);
  write(root, 'x@2', 'two\n');
  write(root, 'a.py', 'two\n');
  const { run } = begin(root);
  assert.match(run.warnings.join(), /does not show what changed of "x@2"/);
  assert.match(fs.readFileSync(patchOf(root, run.code), 'utf8'), /^Index: a\.py$/m);
  return undefined;
});

test('the parsers of vcsoutput.ts give what can be read of any text', () => {
  assert.deepEqual(parseHgStatus('M a b\0C c\0! d\0? e\0nonsense'), [
    { name: 'a b', state: 'changed', isAdded: false }, { name: 'c', state: 'clean', isAdded: false }, { name: 'd', state: 'missing', isAdded: false },
  ]);
  assert.deepEqual(parseFossilList('EDITED     a b\nUNCHANGED  c\nADDED      d\nnonsense\n').map((file) => file.name + ' ' + file.state), ['a b changed', 'c clean', 'd changed']);
  assert.equal(parseFossilInfo('x\ncheckout:     ' + 'a'.repeat(40) + ' 2026\n'), 'a'.repeat(40));
  assert.equal(parseFossilInfo('checkout: nonsense\n'), undefined);
  const entry = '<entry\n path="a&amp;&lt;b&#9;">\n<wc-status\n props="none"\n item="modified"\n revision="7">';
  assert.deepEqual(parseSvnStatus(entry).files, [{ name: 'a&<b\t', state: 'changed', isAdded: false }]);
  assert.deepEqual(parseSvnInfo('<url>u/trunk/x</url><root>u</root>'), { url: 'u/trunk/x', place: 'trunk/x' });
  assert.equal(parseSvnInfo(''), undefined);
  for (let cut = 0; cut < entry.length; cut++) parseSvnStatus(entry.slice(0, cut) + '\n' + entry.slice(cut + 3));
  assert.deepEqual(Array.from(listShownNames('Index: a\n===\n--- a\n+++ a\n+x\nIndex: bin\nCannot display: file marked as a binary type.\ndiff --git a/x b/x\n+Index: no\n')), ['a', 'x']);
});
