// glob.test.ts - patterns of file names, held against the shell's own.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { compileGlob, fixedFolder, isGlob } from '../src/core/glob.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

const NAMES = ['a', 'b', 'z', 'ab', 'abc', 'a.txt', 'b.txt', '.hidden', '.a.txt', 'A', '1', '12', '-', '^', '!', ']', '[', 'a]', '[ab]', 'a b', 'a\nb', 'x+y', '(x)', '$', '\\', 'd/a', 'd/b.txt', 'd/.c', 'd/e/a', 'd/e/f/g.txt', '.h/a'];
const PATTERNS = ['*', '?', '??', '*.txt', '.*txt', '.*', 'a*', '*b', '[ab]', '[!ab]', '[a-c]', '[z-a]', '[!z-a]', '[]]', '[!]]', '[]a]', '[a-]', '[-a]', '[^a]', '[[]', '[[:alpha:]]', '[[:digit:]]*', '[![:alpha:]]',
  '[[:upper:][:digit:]]', '[', '[a', 'a[', '[]', '\\[ab\\]', '\\*', 'x+y', '(x)', '$', '\\\\', 'd/*', 'd/?', 'd/.*', '*/a', '*/*', '*/*/*', 'd/e/f/*', '[d]/a', 'd[/]a', 'a b', 'a?b', '*\nb'];

test('compileGlob() matches what the shell does', { skip: hasProgram('bash') ? false : 'no bash' }, () => {
  const folder = makeTemporary();
  for (const name of NAMES) {
    fs.mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), '');
  }
  // A pattern in a variable is split and expanded; nothing splits here, and what matches nothing is empty.
  const script = 'IFS=; shopt -s nullglob; shopt -u extglob; for p; do for f in $p; do [ -f "$f" ] && printf "%s\\0" "$f"; done; printf "\\1\\0"; done';
  const done = run(folder, ['bash', '-c', script, 'bash'].concat(PATTERNS), { env: { LC_ALL: 'C' } });
  const found = done.stdout.split('\x01\0');
  PATTERNS.forEach((pattern, i) => {
    const byShell = found[i].split('\0').filter((name) => name !== '' && NAMES.indexOf(name) >= 0).sort();
    if (!isGlob(pattern) || /^\[$|^\[a$|a\[$|^\[\]$|\\/.test(pattern)) return; // bash takes these in a variable for plain words
    assert.deepEqual(NAMES.filter(compileGlob(pattern)).sort(), byShell, pattern);
  });
});

test('compileGlob() takes ** as any number of folders', () => {
  const table: [string, string[]][] = [
    ['**/a', ['a', 'd/a', 'd/e/a']], ['d/**', ['d/a', 'd/b.txt', 'd/e/a', 'd/e/f/g.txt']], ['**/*.txt', ['a.txt', 'b.txt', 'd/b.txt', 'd/e/f/g.txt']],
    ['d/**/a', ['d/a', 'd/e/a']], ['**/f/**', ['d/e/f/g.txt']], ['d**', []], ['.h/**', ['.h/a']],
  ];
  for (const [pattern, names] of table) assert.deepEqual(NAMES.filter(compileGlob(pattern)).sort(), names, pattern);
});

test('compileGlob() takes an unfinished bracket for itself', () => {
  for (const [pattern, name] of [['[', '['], ['[a', '[a'], ['a[', 'a['], ['[]', '[]'], ['[!', '[!']]) assert.equal(compileGlob(pattern)(name), true, pattern);
});

test('compileGlob() is made of any bytes', () => {
  for (let code = 1; code < 256; code++) {
    const byte = String.fromCharCode(code);
    for (const pattern of [byte, '[' + byte + ']', '[' + byte, '[!' + byte + '-' + byte + ']', '*' + byte + '?', '[a-' + byte + ']']) assert.equal(typeof compileGlob(pattern)('x'), 'boolean');
    if ('*?[\\'.indexOf(byte) < 0) assert.equal(compileGlob(byte)(byte), true, byte);
    if ('!^]\\/'.indexOf(byte) < 0) assert.equal(compileGlob('[' + byte + ']')(byte), byte !== '.', byte);
  }
});

test('compileGlob() takes [:NAME:] of no class for the signs in it', () => {
  assert.equal(compileGlob('[[:constructor:]]')('r]'), true);
  assert.equal(compileGlob('[[:constructor:]]')('{]'), false);
});

test('fixedFolder() is the part before the first pattern', () => {
  for (const [pattern, folder] of [['*.csv', ''], ['a/*.csv', 'a'], ['a/b/c', 'a/b'], ['a/*/b/c', 'a'], ['/x/[y]/z', '/x'], ['**/x', '']]) assert.equal(fixedFolder(pattern), folder, pattern);
});
