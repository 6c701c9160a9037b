// gitapply.test.ts - patches and trees of git read without git, held against git itself and the files that the patch was made from.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'child_process';
import fs from 'fs';
import os from 'os';
import path from 'path';
import zlib from 'zlib';
import { applyPatchSection, splitGitPatch } from '../src/formats/gitapply.ts';
import type { PatchSection } from '../src/formats/gitapply.ts';
import { parseGitTree } from '../src/formats/gittree.ts';
import type { GitTreeEntry } from '../src/formats/gittree.ts';
import { readCode } from '../src/sys/git.ts';
import { findCommitFile, listCommitFiles, readBlobs, resolveCommit } from '../src/sys/gitobjects.ts';
import { findRepository, inflateBytes } from '../src/sys/gitrepo.ts';
import { hasProgram } from './rig.ts';

const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'rr-apply-')));
after(() => fs.rmSync(base, { recursive: true, force: true }));

for (const name of Object.keys(process.env)) if (name.startsWith('GIT_')) delete process.env[name];
process.env.HOME = base;
process.env.XDG_CONFIG_HOME = base;
const CONFIGURATION = '[user]\n\tname = A\n\temail = a@example.org\n[init]\n\tdefaultBranch = main\n[core]\n\tautocrlf = false\n';
fs.writeFileSync(path.join(base, '.gitconfig'), CONFIGURATION);

function git(folder: string, words: string[], input?: string): string {
  return execFileSync('git', words, { cwd: folder, encoding: 'latin1', input: input === undefined ? undefined : Buffer.from(input, 'latin1'), maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'pipe'] });
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');
const inFolder = (folder: string, name: string): Buffer => bytesOf(folder + '/' + name);

let serial = 0;
function makeRepository(files: Map<string, string>, ...options: string[]): string {
  const root = path.join(base, 'r' + String(++serial));
  fs.mkdirSync(root);
  git(root, ['init', '-q', ...options]);
  for (const [name, content] of files) writeIn(root, name, content);
  git(root, ['add', '-A']);
  git(root, ['commit', '-q', '--allow-empty', '-m', 'one']);
  return root;
}

function writeIn(root: string, name: string, content: string): void {
  const cut = name.lastIndexOf('/');
  if (cut > 0) fs.mkdirSync(inFolder(root, name.slice(0, cut)), { recursive: true });
  fs.writeFileSync(inFolder(root, name), bytesOf(content));
}

/** The patch as a record would have it. */
function makePatch(root: string): string {
  const state = readCode(root, { excluded: () => false });
  assert.deepEqual(state?.warnings, []);
  return state?.patch ?? '';
}

function makeRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Random = ReturnType<typeof makeRandom>;

const pick = <T>(random: Random, from: T[]): T => from[random(from.length)];

// Lines that look like a part of a patch, or that end early for who knows other ends of lines than LF.
const LINES = ['', ' ', 'a', 'b', '}', '\t}', '-', '+', '\\', 'diff --git a/x b/x', '@@ -1,2 +1,2 @@', '\\ No newline at end of file', '-- a/x', '++ b/x',
  'GIT binary patch', 'Binary files a/x and b/x differ', 'old\rdiff --git a/y b/y', '\rGIT binary patch', 'x\r', '\r', '\r@@ -1 +1 @@', 'deleted file mode 100644', 'caf\xc3\xa9', '\xff\xfe', '\x0c', '\x1b[31m', 'literal 3',
  '\x85diff --git a/z b/z', '\x0bdiff --git a/z b/z'];

function makeText(random: Random): string {
  let text = '';
  for (let left = random(40); left > 0; left--) text += pick(random, LINES) + (random(9) === 0 ? '\r\n' : '\n');
  return random(4) === 0 ? text.slice(0, -1) : text;
}

function editText(random: Random, text: string): string {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  for (let left = 1 + random(4); left > 0; left--) {
    const at = random(lines.length + 1);
    lines.splice(at, random(3), ...Array.from({ length: random(3) }, () => pick(random, LINES) + '\n'));
  }
  const edited = lines.join('');
  return random(4) === 0 && edited.endsWith('\n') ? edited.slice(0, -1) : edited;
}

function makeBinary(random: Random): string {
  const isDull = random(2) === 0;
  return '\0' + Array.from({ length: random(pick(random, [3, 60, 600, 20000])) }, () => String.fromCharCode(isDull ? random(2) : random(256))).join('');
}

function editBinary(random: Random, content: string): string {
  const at = random(content.length);
  return content.slice(0, at) + pick(random, ['', 'x', '\0\xff\0', makeBinary(random)]) + content.slice(at + random(3)) + (random(3) === 0 ? content : '\0');
}

const NAME_PARTS = ['a', 'b', ' ', ' b/', 'a/', '"', '\\', '\t', '\n', '\r', '\x01', '\x7f', '\xc3\xa9', '\xff', "'", '$', '-', '.x', '*', 'diff --git ', '\\303', ':(top)', '%', '\x85'];

function makeName(random: Random, others: Map<string, string>): string {
  for (;;) {
    let name = '';
    for (let left = 1 + random(5); left > 0; left--) name += pick(random, NAME_PARTS);
    name = name.replace(/\/+/g, '/').replace(/^\/|\/$/g, '');
    const isFolder = Array.from(others.keys()).some((other) => other === name || other.startsWith(name + '/') || name.startsWith(other + '/'));
    if (name !== '' && !isFolder && !name.split('/').some((part) => /^\.{0,2}$/.test(part))) return name;
  }
}

type Kind = 'text' | 'binary' | 'link';
type Place = { kind: Kind; content: string; mode: string };

function place(root: string, name: string, made: Place): void {
  fs.rmSync(inFolder(root, name) as unknown as string, { force: true });
  if (made.kind === 'link') {
    const cut = name.lastIndexOf('/');
    if (cut > 0) fs.mkdirSync(inFolder(root, name.slice(0, cut)), { recursive: true });
    fs.symlinkSync(bytesOf(made.content), inFolder(root, name));
    return;
  }
  writeIn(root, name, made.content);
  fs.chmodSync(inFolder(root, name), made.mode === '100755' ? 0o755 : 0o644);
}

function makePlace(random: Random): Place {
  const kind = pick<Kind>(random, ['text', 'text', 'text', 'binary', 'link']);
  if (kind === 'link') return { kind, content: pick(random, ['a', '../x', 'no\nline', '\xff\x01', '/etc/passwd']), mode: '120000' };
  return { kind, content: kind === 'text' ? makeText(random) : makeBinary(random), mode: pick(random, ['100644', '100755']) };
}

function changePlace(random: Random, old: Place): Place | undefined {
  if (random(5) === 0) return undefined;
  if (random(5) === 0) return makePlace(random);
  if (old.kind === 'link') return { ...old, content: old.content + 'x' };
  const mode = random(4) === 0 ? pick(random, ['100644', '100755']) : old.mode;
  const what = random(6);
  if (what === 0) return { ...old, mode };
  if (what === 1) return { ...old, content: '', mode };
  return { kind: old.kind, content: old.kind === 'text' ? editText(random, old.content) : editBinary(random, old.content), mode };
}

/** What the patch makes of each file; a file that became a link or the reverse is deleted and added. */
function applyPatch(patch: string, files: Map<string, Place>, what: string): Map<string, Place> {
  const sections = splitGitPatch(patch);
  assert.ok(sections !== undefined, what);
  const made = new Map(files);
  for (const section of sections) {
    const old = made.get(section.path);
    assert.equal(section.kind === 'added', old === undefined, what + ': ' + JSON.stringify(section));
    const content = applyPatchSection(section, old?.content ?? '', inflate);
    assert.ok(content !== undefined, what + ': fits ' + JSON.stringify(section));
    if (section.kind === 'deleted') made.delete(section.path);
    else made.set(section.path, { kind: section.mode === 0o120000 ? 'link' : 'text', content, mode: section.mode?.toString(8) ?? old?.mode ?? '?' });
  }
  return made;
}

const inflate = (bytes: string): string | undefined => inflateBytes(bytes, 1 << 28);

const strip = (files: Map<string, Place>): { [name: string]: string } =>
  Object.fromEntries(Array.from(files, ([name, made]) => [name, made.mode + ' ' + made.content] as [string, string]).sort((a, b) => (a[0] < b[0] ? -1 : 1)));

// What a person may have set for git, and what must not change how a patch is read.
const SETTINGS = ['', '[diff]\n\tsuppressBlankEmpty = true\n\tnoprefix = true\n\tmnemonicPrefix = true\n', '[diff]\n\tcontext = 0\n\talgorithm = patience\n\trenames = copies\n[color]\n\tui = always\n',
  '[core]\n\tquotePath = false\n\tabbrev = 4\n[diff]\n\tinterHunkContext = 9\n\trelative = true\n\tcolorMoved = zebra\n', '[diff]\n\tindentHeuristic = false\n\talgorithm = histogram\n\torderFile = /dev/null\n\tsubmodule = log\n'];

/** A commit of random files, and the same files changed at random; `change` puts the second into the work tree. */
function makeHistory(seed: number): { root: string; old: Map<string, Place>; now: Map<string, Place> } {
  const random = makeRandom(seed);
  const names = new Map<string, string>();
  const old = new Map<string, Place>();
  for (let left = 24; left > 0; left--) {
    const name = makeName(random, names);
    names.set(name, '');
    if (left > 6) old.set(name, makePlace(random));
  }
  const root = makeRepository(new Map());
  for (const [name, one] of old) place(root, name, one);
  git(root, ['add', '-A']);
  git(root, ['commit', '-q', '-m', 'two']);
  const now = new Map<string, Place>();
  for (const name of names.keys()) {
    const before = old.get(name);
    const after = before === undefined ? makePlace(random) : random(5) === 0 ? before : changePlace(random, before);
    if (after === undefined) fs.rmSync(inFolder(root, name) as unknown as string);
    else place(root, name, after);
    if (after !== undefined) now.set(name, after);
  }
  // Else an added file is no part of the patch.
  git(root, ['add', '-A']);
  return { root, old, now };
}

test('applyPatchSection() makes of a commit what the work tree was, whatever was changed and however git is set up', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { root, old, now } = makeHistory(seed);
    fs.writeFileSync(path.join(base, '.gitconfig'), CONFIGURATION + SETTINGS[seed % SETTINGS.length]);
    const patch = makePatch(root);
    fs.writeFileSync(path.join(base, '.gitconfig'), CONFIGURATION);
    assert.deepEqual(strip(applyPatch(patch, old, 'seed ' + String(seed))), strip(now), 'seed ' + String(seed));
    // git itself agrees that this is what the patch says.
    git(root, ['stash', '-q']);
    git(root, ['apply', '--index', '-'], patch);
    assert.equal(git(root, ['write-tree']), git(root, ['rev-parse', 'stash@{0}^{tree}']), 'seed ' + String(seed));
  }
});

test('dropEmptySections() and splitPatchSections() take what stands behind a CR for content: git applies the patch', () => {
  const files = new Map([['f', 'one\n'], ['g', 'two\n']]);
  const root = makeRepository(files);
  const now = 'one\nold\rdiff --git a/g b/g\n';
  writeIn(root, 'f', now);
  const patch = makePatch(root);
  assert.equal(applyPatchSection(onlySection(patch), 'one\n', inflate), now);
  git(root, ['checkout', '-q', '.']);
  git(root, ['apply', '-'], patch);
  assert.equal(fs.readFileSync(path.join(root, 'f'), 'latin1'), now);
});

// ---- strictness -----------------------------------------------------------------------------------

/** git's patch from one content to another, in the form of a record. */
function diffOf(old: string, now: string): string {
  const folder = path.join(base, 'diff' + String(++serial));
  for (const [side, content] of [['old', old], ['now', now]]) {
    fs.mkdirSync(path.join(folder, side), { recursive: true });
    fs.writeFileSync(path.join(folder, side, 'f'), bytesOf(content));
  }
  const done = spawnSync('git', ['diff', '--no-index', '--binary', '--full-index', '--no-renames', 'old/f', 'now/f'], { cwd: folder, encoding: 'latin1', maxBuffer: 1 << 28 });
  fs.rmSync(folder, { recursive: true });
  return done.stdout.replace('diff --git a/old/f b/now/f\n', 'diff --git a/f b/f\n');
}

function onlySection(patch: string): PatchSection {
  const sections = splitGitPatch(patch);
  assert.equal(sections?.length, 1, patch);
  return (sections as PatchSection[])[0];
}

/** What GNU patch makes of `old` without fuzz and without moving a hunk; undefined if it refuses. */
function applyWithPatch(patch: string, old: string): string | undefined {
  fs.writeFileSync(path.join(base, 'old'), bytesOf(old));
  const done = spawnSync('patch', ['--binary', '--unified', '--fuzz=0', '--batch', '--forward', '--no-backup-if-mismatch', '--reject-file=-', '-o', 'new', 'old'],
    { cwd: base, input: bytesOf(patch), encoding: 'latin1' });
  if (done.status !== 0 || /offset|fuzz|malformed|Reversed/.test(done.stdout)) return undefined;
  return fs.readFileSync(path.join(base, 'new'), 'latin1');
}

test('applyPatchSection() refuses another original wherever GNU patch does or would have to move a hunk', { skip: hasProgram('patch') ? false : 'no patch' }, () => {
  const random = makeRandom(7);
  let fitted = 0;
  let refused = 0;
  for (let turn = 0; turn < 150; turn++) {
    const old = Array.from({ length: 1 + random(30) }, () => pick(random, ['a', 'b', 'c', '}', ''])).join('\n') + pick(random, ['\n', '']);
    const now = editText(random, old);
    if (old === '' || now === '' || now === old) continue;
    const patch = diffOf(old, now);
    assert.equal(applyPatchSection(onlySection(patch), old, inflate), now);
    const other = random(3) === 0 ? pick(random, [old + 'a\n', 'a\n' + old, old.slice(0, -1), old.slice(old.indexOf('\n') + 1), now]) : editText(random, old);
    const made = applyPatchSection(onlySection(patch), other, inflate);
    const expected = applyWithPatch(patch, other);
    // patch lets a file go on behind a hunk that ended where the file did.
    if (made === undefined) refused += 1;
    else fitted += 1;
    if (made !== undefined) assert.equal(made, expected, JSON.stringify({ patch, other }));
    else if (expected !== undefined) assert.ok(isLonger(old, other), JSON.stringify({ patch, other, expected }));
  }
  assert.ok(fitted > 20 && refused > 50, String(fitted) + ' ' + String(refused));
});

const isLonger = (old: string, other: string): boolean => other.split('\n').length > old.split('\n').length;

test('applyPatchSection() wants hunks in their place, whole, and in a file that ends where it ended', () => {
  const old = Array.from({ length: 40 }, (_, i) => 'line ' + String(i) + '\n').join('');
  const now = old.replace('line 20\n', 'line twenty\n');
  const section = onlySection(diffOf(old, now));
  assert.equal(applyPatchSection(section, old, inflate), now);
  const refused: { [what: string]: string } = {
    'nothing': '', 'a line more before': 'more\n' + old, 'a line less before': old.replace('line 3\n', ''), 'other context': old.replace('line 22\n', 'line 22 \n'),
    'another old line': old.replace('line 20\n', 'line 20\r\n'), 'cut in the hunk': old.slice(0, old.indexOf('line 22')), 'no end of a line of context': old.slice(0, old.indexOf('line 23\n') + 7), 'applied already': now,
  };
  for (const what of Object.keys(refused)) assert.equal(applyPatchSection(section, refused[what], inflate), undefined, what);
  const last = onlySection(diffOf(old, old.replace('line 39\n', 'line 39')));
  assert.equal(applyPatchSection(last, old + 'line 40\n', inflate), undefined, 'it ended here');
  assert.equal(applyPatchSection(last, old, inflate), old.slice(0, -1));
  assert.equal(applyPatchSection(last, old.slice(0, -1), inflate), undefined, 'the end is missing already');
  for (const body of ['@@ -1 +1 @@\n-line 0\n', '@@ -1,2 +1,2 @@\n-line 0\n+x\n', '@@ -1 +1 @@\n-line 0\n+x\n+y\n', '@@ -1,99999999999999999999 +1 @@\n-line 0\n', '@@ -99999999999999999999,0 +1 @@\n+line 0\n',
    '@@ -3,1 +3,1 @@\n-line 2\n+x\n@@ -1,1 +1,1 @@\n-line 0\n+y\n', '@@ -1 +1 @@\n-line 0\n+x', '@@ -1 +1 @@\n-line 0\n*x\n', '@@ -1,0 +1 @@\n\\ No newline at end of file\n', 'Binary files a/f and b/f differ\n', '@@ @@\n', '@@ -1 +1,2 @@\n-line 0\n+x\n\\ No newline at end of file\n+y\n']) {
    assert.equal(applyPatchSection({ ...section, body }, old, inflate), undefined, body);
  }
});

test('applyPatchSection() applies a delta to a binary file larger than any object that is read here', () => {
  const random = makeRandom(3);
  const block = Array.from({ length: 1 << 16 }, () => String.fromCharCode(random(256))).join('');
  const old = Array.from({ length: 320 }, (_, i) => block + String(i)).join('');
  const now = old.slice(0, 5000000) + 'changed' + old.slice(5000003);
  const section = onlySection(diffOf(old, now));
  assert.match(section.body, /^GIT binary patch\ndelta /);
  assert.ok(applyPatchSection(section, old, inflate) === now);
  assert.equal(applyPatchSection(section, old + 'x', inflate), undefined);
});

test('applyPatchSection() gives nothing of a patch that was cut', () => {
  const random = makeRandom(5);
  const pairs = [['one\ntwo\nthree\n', 'one\n2\nthree\n'], ['', 'new\n'], ['\0' + block64(random), '\0x' + block64(random)], ['\0' + 'z'.repeat(900), '\0y' + 'z'.repeat(900)]];
  for (const [old, now] of pairs) {
    const section = onlySection(diffOf(old, now));
    assert.equal(applyPatchSection(section, old, inflate), now);
    const isBinary = section.body.startsWith('GIT');
    // The second part of a binary patch leads back and is not needed.
    const needed = isBinary ? section.body.indexOf('\n\n') + 1 : section.body.length - 1;
    for (let length = 1; length <= needed; length++) assert.equal(applyPatchSection({ ...section, body: section.body.slice(0, length) }, old, inflate), undefined, section.body.slice(0, length));
  }
});

const block64 = (random: Random): string => Array.from({ length: 64 }, () => String.fromCharCode(random(256))).join('');

test('applyPatchSection() and splitGitPatch() take any text for a patch without throwing', () => {
  const random = makeRandom(11);
  const old = 'a\nb\n\0c\nd\n';
  const patches = [diffOf('a\nb\nc\nd\n', 'a\nB\nc\nd'), diffOf(old, old + makeBinary(random)), diffOf('\0' + 'q'.repeat(5000), '\0r' + 'q'.repeat(5000))];
  for (let turn = 0; turn < 3000; turn++) {
    let patch = patches[turn % patches.length];
    for (let left = random(4); left >= 0; left--) {
      const at = random(patch.length + 1);
      patch = patch.slice(0, at) + pick(random, ['', '', '\n', ' ', '9', '@@ -1 +1 @@\n', 'diff --git ', '"', '\\', '\0', String.fromCharCode(random(256)), patch.slice(random(at + 1), at)]) + patch.slice(at + random(3));
    }
    for (const section of splitGitPatch(patch) ?? []) {
      const made = applyPatchSection(section, pick(random, [old, '', 'a\nb\nc\nd\n', '\0' + 'q'.repeat(5000)]), inflate);
      assert.ok(made === undefined || /^[\0-\xff]*$/.test(made));
    }
  }
  for (const text of ['x', '\n', 'diff --git ', 'diff --git \n', 'diff --git "\n', 'diff --git "a/\n', 'diff --git a/x b/y\n', 'diff -u a b\n', '* Unmerged path x\n', '\ndiff --git a/x b/x\n']) assert.equal(splitGitPatch(text), undefined, JSON.stringify(text));
  assert.deepEqual(splitGitPatch(''), []);
});

// ---- trees ----------------------------------------------------------------------------------------

const FORMATS = ['sha1', 'sha256'];

test('parseGitTree() reads what git ls-tree does, of both kinds of ids, and nothing of a tree that is damaged', () => {
  for (const format of FORMATS) {
    const random = makeRandom(13);
    const root = makeRepository(new Map([['x', 'x']]), '--object-format=' + format);
    const id = 'ab'.repeat(format === 'sha1' ? 20 : 32);
    const names = new Set<string>();
    while (names.size < 60) names.add(makeName(random, new Map()).replace(/\//g, '') + String(names.size));
    const kinds = ['100644 blob', '100755 blob', '120000 blob', '040000 tree', '160000 commit'];
    const tree = git(root, ['mktree', '-z', '--missing'], Array.from(names, (name) => pick(random, kinds) + ' ' + id + '\t' + name + '\0').join('')).trim();
    const body = git(root, ['cat-file', 'tree', tree]);
    const entries = parseGitTree(body, id.length / 2);
    const listed = git(root, ['ls-tree', '-z', tree]).split('\0').slice(0, -1);
    assert.deepEqual(entries?.map((entry) => entry.mode.toString(8).padStart(6, '0') + ' ' + entry.id + '\t' + entry.name), listed.map((line) => line.replace(/ \w+ /, ' ')));
    const whole = new Set<number>();
    for (let at = 0; at < body.length; at = body.indexOf('\0', at) + 1 + id.length / 2) whole.add(at);
    for (let length = 0; length < body.length; length++) assert.equal(parseGitTree(body.slice(0, length), id.length / 2) !== undefined, whole.has(length), String(length));
    for (const name of ['', '.', '..', 'a/b', '/', '/etc', '.git', '.GIT']) assert.equal(parseGitTree('100644 ' + name + '\0' + '\x01'.repeat(20), 20), undefined, name);
    for (const mode of ['', '8', '10064', '20000', '60000', '140000', 'x00644', '1006440', '-00644', '40000']) assert.equal(parseGitTree(mode + ' a\0' + '\x01'.repeat(20), 20) !== undefined, mode === '40000', mode);
  }
});

/** Runs `use` where no git is to be had. */
function withoutGit<T>(use: () => T): T {
  const plain = process.env.PATH;
  process.env.PATH = path.join(base, 'nothing');
  try {
    return use();
  } finally {
    process.env.PATH = plain;
  }
}

/** What git says that these blobs hold. */
function readContents(root: string, ids: string[]): Map<string, string> {
  const contents = new Map<string, string>();
  const answer = git(root, ['cat-file', '--batch'], ids.map((id) => id + '\n').join(''));
  for (let at = 0; at < answer.length;) {
    const [id, kind, size] = answer.slice(at, answer.indexOf('\n', at)).split(' ');
    at = answer.indexOf('\n', at) + 1;
    assert.equal(kind, 'blob');
    contents.set(id, answer.slice(at, at + Number(size)));
    at += Number(size) + 1;
  }
  return contents;
}

type OpenRepository = NonNullable<ReturnType<typeof findRepository>>;

function open(root: string): OpenRepository {
  const found = findRepository(root);
  assert.ok(found !== undefined);
  return found;
}

const print = (files: { path: string; mode: number; id: string }[] | undefined): string[] | undefined => files?.map((file) => file.mode.toString(8) + ' ' + file.id + '\t' + file.path);

test('listCommitFiles(), findCommitFile() and readBlobs() tell of a commit what git does: loose, packed, with deltas, shared, without git', () => {
  for (const format of FORMATS) {
    const random = makeRandom(17);
    const files = new Map<string, string>([['deep/er/and/deeper', 'x\n'], ['deep-er', 'y'], ['deep.er', ''], ['big', 'line\n'.repeat(5000)]]);
    while (files.size < 40) files.set(makeName(random, files), makeText(random));
    const root = makeRepository(files, '--object-format=' + format);
    writeIn(root, 'big', 'line\n'.repeat(5000) + 'more\n');
    fs.symlinkSync('deep/er', path.join(root, 'a link'));
    git(root, ['add', '-A']);
    git(root, ['commit', '-qm', 'two']);
    const [second, first] = git(root, ['rev-list', 'HEAD']).split('\n');
    const clone = path.join(base, 'r' + String(++serial));
    git(base, ['clone', '-q', '--shared', root, clone]);
    const known = { roots: new Map<string, string>(), entries: new Map<string, Map<string, GitTreeEntry>>() };
    const check = (folder: string, what: string): void => {
      const repository = open(folder);
      for (const commit of [first, second]) {
        const listed = git(root, ['ls-tree', '-r', '-z', commit]).split('\0').slice(0, -1);
        const contents = readContents(root, listed.map((line) => line.slice(12, line.indexOf('\t'))));
        const look = (): void => {
          const found = listCommitFiles(repository, commit);
          assert.deepEqual(print(found)?.sort(), listed.map((line) => line.replace(' blob ', ' ')).sort(), what);
          for (const file of found ?? []) assert.deepEqual(findCommitFile(repository, commit, file.path, known), file, what);
          for (const name of ['', '.', '..', 'deep', 'deep/', '/deep-er', 'deep/../deep-er', 'deep-er/x', 'nothing', 'deep/er/and/deeper/x']) assert.equal(findCommitFile(repository, commit, name), undefined, what + name);
          const read = new Map<string, string>();
          readBlobs(repository, Array.from(contents.keys()).concat(Array.from(contents.keys()), '0'.repeat(first.length), first), (id, content) => {
            assert.ok(!read.has(id), 'once each');
            read.set(id, content);
          });
          assert.deepEqual(read, contents, what);
        };
        look();
        withoutGit(look);
      }
    };
    check(root, format + ' loose');
    check(clone, format + ' shared');
    git(root, ['gc', '-q', '--prune=now']);
    assert.equal(fs.readdirSync(path.join(root, '.git', 'objects')).filter((name) => name.length === 2).length, 0);
    check(root, format + ' packed');
    check(clone, format + ' shared, packed');
  }
});

test('readBlobs() and listCommitFiles() give nothing of an object whose bytes are not those of its id', () => {
  const names = Array.from({ length: 30 }, (_, i) => 'f' + String(i));
  const root = makeRepository(new Map(names.map((name) => [name, 'content of ' + name] as [string, string])));
  const id = git(root, ['rev-parse', 'HEAD:f7']).trim();
  const tree = git(root, ['rev-parse', 'HEAD^{tree}']).trim();
  const forge = (object: string, text: string): void => {
    const name = path.join(root, '.git', 'objects', object.slice(0, 2), object.slice(2));
    fs.rmSync(name);
    fs.writeFileSync(name, zlib.deflateSync(bytesOf(text)));
  };
  forge(id, 'blob 13\0content of f8');
  const ids = git(root, ['ls-tree', 'HEAD']).split('\n').slice(0, -1).map((line) => line.slice(12, 52));
  for (const few of [ids, ids.slice(0, 3).concat(id)]) {
    for (const how of [(use: () => void) => use(), withoutGit]) {
      const read = new Set<string>();
      how(() => readBlobs(open(root), few, (one) => { read.add(one); }));
      assert.deepEqual(Array.from(read).sort(), few.filter((one) => one !== id).sort());
    }
  }
  forge(tree, 'tree 0\0');
  assert.equal(listCommitFiles(open(root), 'HEAD'), undefined);
  assert.equal(listCommitFiles(open(root), git(root, ['rev-parse', 'HEAD']).trim()), undefined);
});

test('resolveCommit() finds what git does and takes nothing for an option', () => {
  const root = makeRepository(new Map([['a', 'a']]));
  const commit = git(root, ['rev-parse', 'HEAD']).trim();
  git(root, ['tag', '-a', '-m', 'x', 'v1']);
  for (const name of ['HEAD', 'main', 'v1', commit, commit.slice(0, 7), 'HEAD^0']) assert.equal(resolveCommit(open(root), name), commit, name);
  for (const name of ['', 'nothing', '--all', '-n1', '--git-dir', 'HEAD~1', 'HEAD:a', 'HEAD main', '--exec=touch x', '$(touch x)', '\xff', '../../x', 'HEAD\nmain']) assert.equal(resolveCommit(open(root), name), undefined, name);
});
