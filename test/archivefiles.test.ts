// archivefiles.test.ts - which files rr archive takes, what it refuses by name, and what records of strangers cannot make it do.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { findBagFault, findNameClashes, includesProvenance, isDocumentName } from '../src/core/archive.ts';
import { ALWAYS, archive, archiveToFolder, assertBag, hashOf, listPayload, makeSmall, sh } from './archiverig.ts';
import { hasProgram, listRecords, makeProject, makeTemporary, rr, run } from './rig.ts';

// ---- what goes in -------------------------------------------------------------------------------------------------

const GIT = { env: { GIT_CONFIG_NOSYSTEM: '1', GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@example.org', GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@example.org' } };

test('rr archive takes what git tracks in the project, also where the project is a folder of the work tree', { skip: hasProgram('git') ? false : 'no git' }, () => {
  const top = makeTemporary();
  const project = path.join(top, 'sub');
  fs.mkdirSync(project);
  assert.equal(rr(project, ['init', '-q']).status, 0);
  sh(project, 'mkdir lib; printf 1 > in.txt; printf 2 > lib/tracked.dat; printf 3 > lib/untracked.py; printf 4 > ../outside.py; printf 5 > gone.py; printf 6 > LICENSE; printf 7 > .gitignore');
  const commands = ['git init -q ..', 'git add ../outside.py lib/tracked.dat gone.py .gitignore', 'git commit -qm one', 'rm gone.py'];
  for (const command of commands) assert.equal(run(project, ['sh', '-c', command], GIT).status, 0, command);
  assert.equal(rr(project, ['record', '-q', '--trace', 'none', '-i', 'in.txt', '-o', 'out.txt', '--', 'sh', '-c', 'cat in.txt > out.txt']).status, 0);
  const bag = archiveToFolder(project);
  assert.deepEqual(listPayload(bag).filter((name) => ALWAYS.indexOf(name) < 0), ['.gitignore', 'LICENSE', 'in.txt', 'lib/tracked.dat', 'out.txt']);
  assert.match(fs.readFileSync(path.join(bag, 'not-included.txt'), 'latin1'), /^Path: gone\.py\nWhy: it is tracked by git and not there$/m);
});

test('rr archive takes sources and documents by their names where there is no git, but no packages and no other bag', () => {
  const project = makeSmall();
  sh(project, 'mkdir -p lib node_modules/x .venv/y old/data; printf 1 > lib/a.py; printf 2 > lib/a.csv; printf 3 > lib/README.md; printf 4 > node_modules/x/i.js; printf 5 > .venv/y/p.py; printf 6 > old/bagit.txt; printf 7 > old/data/z.py; head -c 1100000 /dev/zero > large.sql; printf 8 > NOTICE');
  assert.deepEqual(listPayload(archiveToFolder(project)).filter((name) => ALWAYS.indexOf(name) < 0), ['NOTICE', 'in.txt', 'lib/README.md', 'lib/a.py', 'make.sh', 'out.txt']);
});

test('rr archive never takes itself, what rr keeps in .rr, or what may be secret', () => {
  const project = makeSmall();
  sh(project, 'mkdir keys; printf s > .env; printf s > keys/id_rsa; printf "token" > credentials.json; printf x > a.sh');
  assert.equal(rr(project, ['record', '-q', '--trace', 'none', '-i', '.env', '-o', 'secrets.txt', '--', 'sh', '-c', 'cat .env > secrets.txt']).status, 0);
  archive(project, ['-q', 'here/'].concat(['--include', 'keys', '--include', '.env', '--include', 'credentials.json']));
  archive(project, ['-q', '-f', 'here/'].concat(['--include', '*.sh', '--include', 'here', '--include', 'keys', '--include', 'credentials.json']));
  const bag = path.join(project, 'here');
  assert.deepEqual(listPayload(bag).filter((name) => ALWAYS.indexOf(name) < 0), ['a.sh', 'in.txt', 'make.sh', 'out.txt']);
  const left = fs.readFileSync(path.join(bag, 'not-included.txt'), 'latin1');
  for (const name of ['.env', 'credentials.json', 'keys/id_rsa', 'secrets.txt']) assert.ok(left.includes('\nPath: ' + name + '\nWhy: it may hold secrets\n\n') || left.endsWith('\nPath: ' + name + '\nWhy: it may hold secrets\n'), name + ' without size and hash: ' + left);
  assertBag(bag);
});

test('rr archive lists inputs from outside and large files with hash, size and their runs', () => {
  const outside = path.join(fs.mkdtempSync('/var/tmp/rr-test-'), 'raw.csv');
  try {
    const project = makeProject();
    fs.writeFileSync(outside, 'raw\n');
    sh(project, 'head -c 5000 /dev/zero > large.dat');
    const rules = path.join(project, 'provenance/files.txt');
    fs.writeFileSync(rules, 'outside /var/tmp/\n');
    assert.equal(rr(project, ['record', '-q', '--trace', 'none', '-i', outside, '-i', 'large.dat', '-o', 'out.txt', '--', 'sh', '-c', 'cat "' + outside + '" > out.txt']).status, 0);
    const id = path.basename(listRecords(project)[0], '.rec');
    const bag = archiveToFolder(project, ['--max-size', '4K']);
    assertBag(bag);
    const left = fs.readFileSync(path.join(bag, 'not-included.txt'), 'latin1');
    assert.ok(left.includes('\nPath: ' + outside + '\nWhy: it lies outside of the project\nSize: 4\nSha256: ' + hashOf(outside) + '\nRead_by: ' + id + '\n'), left);
    assert.ok(left.includes('\nPath: large.dat\nWhy: it is larger than --max-size\nSize: 5000\nSha256: ' + hashOf(path.join(project, 'large.dat')) + '\nRead_by: ' + id + '\n'), left);
    if (hasProgram('recsel')) assert.equal(run(bag, ['recsel', '-C', '-R', 'Size', '-e', "Path = 'large.dat'", 'not-included.txt']).stdout.trim(), '5000');
    assert.ok(listPayload(archiveToFolder(project, ['--max-size', '4K', '--include', 'large.dat'])).includes('large.dat'));
  } finally {
    fs.rmdirSync(path.dirname(outside), { recursive: true });
  }
});

// ---- what is refused ------------------------------------------------------------------------------------------------

test('rr archive refuses by name all that is not as recorded, and writes it down with --allow-changed', () => {
  const project = makeSmall();
  assert.equal(rr(project, ['record', '-q', '--trace', 'none', '-i', 'out.txt', '-o', 'two.txt', '--', 'sh', '-c', 'cat out.txt > two.txt']).status, 0);
  const [first, second] = listRecords(project).map((name) => path.basename(name, '.rec'));
  sh(project, 'echo more >> in.txt; echo more >> two.txt; chmod 755 out.txt; for f in provenance/environments/*.rec; do chmod u+w $f; echo "# forged" >> $f; done');
  const refused = archive(project, ['a.tar'], 1);
  for (const line of ['"in.txt" changed since run ' + first + ', which read it', '"two.txt" changed since run ' + second + ', which made it', '"out.txt" has another mode or type since run ' + first + ', which made it']) {
    assert.ok(refused.stderr.includes('rr: ' + line + '\n'), refused.stderr);
  }
  assert.match(refused.stderr, /"provenance\/environments\/[0-9a-f]{64}\.rec" is not what its name says/);
  assert.equal(fs.existsSync(path.join(project, 'a.tar')), false);
  const bag = archiveToFolder(project, ['--allow-changed']);
  assertBag(bag);
  const info = fs.readFileSync(path.join(bag, 'bag-info.txt'), 'latin1');
  assert.ok(info.includes('Not-As-Recorded: "two.txt" changed since run ' + second + ', which made it\n'), info);
  assert.match(fs.readFileSync(path.join(bag, 'README.txt'), 'latin1'), /4\. WHAT IS NOT AS IT WAS RUN\n\n {2}"two\.txt" changed|"in\.txt" changed/);
  assert.equal(fs.readFileSync(path.join(bag, 'data/two.txt'), 'latin1'), 'in\nin\nmore\n');
});

test('rr archive refuses a missing result whatever is allowed, unless it is left out', () => {
  const project = makeSmall();
  fs.unlinkSync(path.join(project, 'out.txt'));
  for (const args of [[], ['--allow-changed']]) assert.match(archive(project, ['a.tar', ...args], 1).stderr, /"out\.txt" is missing: run \S+, which made it\n/);
  archive(project, ['-q', 'a.tar', '--exclude', 'out.txt']);
  assert.match(sh(project, 'tar -xOf a.tar a/not-included.txt'), /Path: out\.txt\nWhy: it is left out by --exclude\nSize: 6\nSha256: [0-9a-f]{64}\nMade_by: /);
});

test('rr archive refuses a record that was changed by hand', () => {
  const project = makeSmall();
  const name = path.join(project, listRecords(project)[0]);
  fs.chmodSync(name, 0o644);
  fs.writeFileSync(name, fs.readFileSync(name, 'latin1').replace('Wall_s: ', 'Wall_s: 9'), 'latin1');
  assert.match(archive(project, ['a.tar'], 1).stderr, /"provenance\/runs\/.*\.rec" was changed: it is not what its last line says/);
});

test('findBagFault() refuses the names that a bag cannot carry, and no other', () => {
  for (const name of ['a%b', 'a%0Ab', 'a\nb', 'a\r', ' a', 'a ', 'a\xc2\xa0', 'a\xe3\x80\x80', 'a\tb', 'a\x7f', '\xff', 'a\xc2\x85b', 'a\xe2\x80\xa8b', 'a\x1cb']) assert.notEqual(findBagFault(name), undefined, JSON.stringify(name));
  for (const name of ['a', 'a b', 'a  b', '\xc3\xa4', "'", '"', '\\', '*', '$x', '-', '#', '~', 'a/ b/c', '\xf0\x9f\x92\xa1']) assert.equal(findBagFault(name), undefined, JSON.stringify(name));
});

test('rr archive refuses names that a bag cannot carry, each by its name', () => {
  const project = makeSmall();
  const names = ['per%cent', ' edge', 'two\nlines', 'tab\there'];
  for (const name of names) fs.writeFileSync(path.join(project, name), '');
  fs.writeFileSync(Buffer.from(project + '/latin\xe41', 'latin1'), '');
  const { stderr } = archive(project, ['a.tar', '--include', '*'], 1);
  for (const told of ['"per%cent" cannot go into a bag: the name has a "%"', '" edge" cannot go into a bag: the name begins or ends in a space', '"two%0Alines" cannot go into a bag: the name has a line break', '"tab%09here"', '"latin%E41" cannot go into a bag: the name is not UTF-8']) {
    assert.ok(stderr.includes(told), told + ': ' + stderr);
  }
  archive(project, ['-q', 'a.tar', '--include', '*', '--exclude', '*[%\n\t]*', '--exclude', ' edge', '--exclude', 'latin*']);
});

test('findNameClashes(), isDocumentName() and includesProvenance() tell names and texts apart', () => {
  assert.deepEqual(findNameClashes(['A/b', 'a/B', 'c', 'C', 'a/b', 'd']), [['A/b', 'a/B', 'a/b'], ['c', 'C']]);
  const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
  const accents = ['caf\u00e9', 'cafe\u0301', 'CAF\u00c9', 'cafe', 'caf\u00e8'].map(bytes);
  assert.deepEqual(findNameClashes(accents), [accents.slice(0, 3)]);
  for (const name of ['README', 'readme.md', 'LICENSE.txt', 'LICENCE', 'COPYING', 'CITATION.cff', 'codemeta.json', '.zenodo.json', 'NEWS']) assert.ok(isDocumentName(name), name);
  for (const name of ['readmenot', 'data.csv', 'a/README', 'newspaper.txt', 'codemeta.jsonl']) assert.ok(!isDocumentName(name), name);
  for (const text of ['include provenance/Makefile', 'all:\n\ninclude ./provenance/Makefile\n', '-include a.mk provenance/Makefile', 'sinclude provenance/Makefile # x']) assert.ok(includesProvenance(text), text);
  for (const text of ['# include provenance/Makefile', '\tinclude provenance/Makefile', 'include provenance/Makefile.am', 'x: provenance/Makefile']) assert.ok(!includesProvenance(text), text);
});

// ---- hostile ----------------------------------------------------------------------------------------------------------

test('rr archive refuses links out of the project by name, and follows none', () => {
  const outside = makeTemporary();
  sh(outside, 'printf secret > file; mkdir d; printf secret > d/file');
  const links: [string, string, RegExp][] = [
    ['absolute', path.join(outside, 'file'), /which is absolute/], ['climbing', '../'.repeat(20) + outside.slice(1) + '/file', /which leads out of the project or nowhere/],
    ['folder', path.join(outside, 'd'), /a link leads out of the project/], ['nowhere', 'no-such-file', /which leads nowhere/], ['circle', 'circle', /leads out of the project or nowhere/], ['inside', 'PROJECT/in.txt', /which is absolute/],
  ];
  const project = makeSmall();
  for (const [name, target, told] of links) {
    fs.symlinkSync(target.replace('PROJECT', project), path.join(project, name));
    const { stderr } = archive(project, ['-f', 'a.tar', '--include', name], 1);
    assert.match(stderr, told, name + ': ' + stderr);
    assert.ok(stderr.includes('"' + name), stderr);
    archive(project, ['-q', '-f', 'a.tar', '--include', name, '--exclude', name]);
    assert.doesNotMatch(sh(project, 'tar -tf a.tar'), new RegExp('data/' + name));
  }
});

test('rr archive takes what a link in the project leads to, and no link to what is not in the archive', () => {
  const project = makeSmall();
  sh(project, 'mkdir v; printf 1 > v/data.csv; ln -s v current; ln -s current/data.csv latest; ln -s .env hidden; printf s > .env; ln -s .rr/.gitignore key');
  assert.equal(rr(project, ['record', '-q', '--trace', 'none', '-i', 'latest', '-o', 'r.txt', '--', 'sh', '-c', 'cat latest > r.txt']).status, 0);
  const bag = archiveToFolder(project, ['--include', 'hidden', '--include', 'key']);
  assertBag(bag);
  assert.deepEqual(listPayload(bag).filter((name) => ALWAYS.indexOf(name) < 0), ['current', 'in.txt', 'latest', 'make.sh', 'out.txt', 'r.txt', 'v/data.csv']);
  assert.match(fs.readFileSync(path.join(bag, 'not-included.txt'), 'latin1'), /Path: hidden\nWhy: it is a link to what is not in the archive\n/);
});

/** Puts lines into the only record of a project, and seals it anew. */
function forge(project: string, lines: string[]): void {
  const name = path.join(project, listRecords(project)[0]);
  const body = fs.readFileSync(name, 'latin1').replace(/Sha256: .*\n$/, '').replace(/^Rr: /m, lines.map((line) => line + '\n').join('') + 'Rr: ');
  fs.chmodSync(name, 0o644);
  fs.writeFileSync(name, body + 'Sha256: ' + crypto.createHash('sha256').update(body, 'latin1').digest('hex') + '\n', 'latin1');
}

test('rr archive takes no path of a record that climbs out, and opens no FIFO or device', () => {
  const project = makeSmall();
  const beside = path.join(path.dirname(project), path.basename(project) + '-beside');
  fs.writeFileSync(beside, 'B3S1DE');
  try {
    sh(project, 'mkfifo pipe; ln -s pipe to-pipe; mkdir -p .git; printf x > .git/config');
    const hash = hashOf(beside);
    const names = ['../' + path.basename(beside), 'a/../../' + path.basename(beside), '/etc/hostname', '.rr/key', '.git/config', 'provenance/../in.txt', './in.txt', 'a//b', '..'];
    forge(project, names.map((name) => 'Input: ' + hash + '  6 ' + name).concat(names.map((name) => 'Code_file: clean ' + name), ['Input: ' + hash + '  6 pipe', 'Code_file: clean pipe', 'Input: ?  6 to-pipe']));
    const done = rr(project, ['archive', '--allow-changed', 'a.tar'], { timeoutMs: 20000 });
    assert.equal(done.status, 0, done.stderr);
    const listed = sh(project, 'tar -tf a.tar').split('\n').filter((name) => name.startsWith('a/data/') && !name.startsWith('a/data/provenance/'));
    assert.deepEqual(listed, ['a/data/Makefile', 'a/data/in.txt', 'a/data/make.sh', 'a/data/out.txt', 'a/data/ro-crate-metadata.json']);
    assert.doesNotMatch(sh(project, 'tar -xOf a.tar'), /B3S1DE/);
  } finally {
    fs.unlinkSync(beside);
  }
});

test('rr archive: text of strangers in README.txt and bag-info.txt stays text in one line', () => {
  const project = makeSmall();
  forge(project, ['Input: ' + '0'.repeat(64) + '  6 /x%0ASha256: forged%1B[31m']);
  const bag = archiveToFolder(project);
  assertBag(bag);
  const left = fs.readFileSync(path.join(bag, 'not-included.txt'), 'latin1');
  assert.ok(left.includes('\nPath: /x%0ASha256: forged%1B[31m\n'), left);
});
