// shell.test.ts - commands as shell source, evaluated by real shells.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { hasShellSyntax, quoteCommand, quoteWord, spellRoot, splitCommand } from '../src/formats/shell.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

type Shell = { name: string; argv: string[]; isTextOnly: boolean };

const SHELLS: Shell[] = [
  { name: 'dash', argv: ['dash'], isTextOnly: false },
  { name: 'bash', argv: ['bash', '--posix'], isTextOnly: false },
  { name: 'busybox', argv: ['busybox', 'sh'], isTextOnly: false },
  { name: 'ksh93', argv: ['ksh93'], isTextOnly: false },
  { name: 'mksh', argv: ['mksh'], isTextOnly: false },
  { name: 'posh', argv: ['posh'], isTextOnly: false },
  { name: 'yash', argv: ['yash', '-o', 'posix'], isTextOnly: true }, // takes source as characters of the locale
];

// What means something to some shell in some place; and every byte but NUL.
const WORDS = ['', ' ', 'a b', "it's", "'", "''", '"', '\\', '\\\\', 'a\\', '$x', '${x}', '$(id)', '`id`', '$((1))', '*', '?', '[a]', '~', '~root', '#', '#a', 'a#b',
  '!', '!!', '{a,b}', '{', '}', '(', ')', ';', '&', '|', '<', '>', '\n', 'a\nb\n', '\n\n', '\t', '\r', '-n', '-e', '--', '-', '=', '=a', 'a=b', 'a:~', '@(a)', '+(a)', '^a^b', '%1', '.', '..', ',',
  'if', 'do', 'time', '[[', 'function', 'caf\xc3\xa9', '\x01', '\x7f', '\xff', 'a\xa0b', '\xc3\xa0', 'x'.repeat(4096)]
  .concat([Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).join('')]);

function isText(argument: string): boolean {
  return Buffer.from(Buffer.from(argument, 'latin1').toString('utf8'), 'utf8').toString('latin1') === argument;
}

/** What `source` makes of its arguments: it is evaluated by the shell in `folder`. */
function evaluate(shell: Shell, folder: string, source: string): string[] {
  fs.writeFileSync(path.join(folder, 'source.sh'), source + '\n', 'latin1');
  const done = run(folder, shell.argv.concat('source.sh'), { env: { LC_ALL: 'C.UTF-8', IFS: 'x/' } });
  assert.equal(done.stderr, '', shell.name + ': ' + source.slice(0, 200));
  return done.stdout.split('\0').slice(0, -1);
}

/** A folder with a program that prints its name and arguments, each with a NUL after it. */
function makeEchoFolder(names: string[]): string {
  const folder = makeTemporary();
  fs.mkdirSync(path.join(folder, 'bin'));
  for (const name of names) fs.writeFileSync(path.join(folder, 'bin', name), '#!/bin/sh\nprintf \'%s\\0\' "${0##*/}" "$@"\n', { mode: 0o755 });
  return folder;
}

for (const shell of SHELLS) {
  const skip = hasProgram(shell.name) ? false : 'no ' + shell.name;

  test('quoteCommand() gives ' + shell.name + ' the same argument bytes', { skip }, () => {
    const folder = makeEchoFolder([]);
    const words = WORDS.filter((word) => !shell.isTextOnly || isText(word));
    const printer = ['/usr/bin/printf', '%s\\0'];
    assert.deepEqual(evaluate(shell, folder, quoteCommand(printer.concat(words), '/no/such/root', '.')), words);
  });

  test('quoteCommand() keeps ' + shell.name + ' from taking a command name for anything else', { skip }, () => {
    const names = ['if', 'then', 'while', 'time', 'function', 'select', 'coproc', 'A=b', 'A+=b', "A=it's", 'A=b\nc', 'a b', '!', '{'];
    const folder = makeEchoFolder(names);
    const lines = names.map((name) => quoteCommand([name, 'x'], '/no/such/root', '.')).join('\n');
    assert.deepEqual(evaluate(shell, folder, 'PATH=$PWD/bin:$PATH\n' + lines), ([] as string[]).concat(...names.map((name) => [name, 'x'])));
  });

  test('quoteCommand() spells the project so that ' + shell.name + ' finds it where it is now', { skip }, () => {
    const root = fs.realpathSync(makeTemporary());
    const moved = path.join(makeTemporary(), "odd $ 'name'");
    fs.mkdirSync(path.join(moved, 'a/b'), { recursive: true });
    const argv = ['/usr/bin/printf', '%s\\0', root, root + '/x', '--in=' + root + '/x y', '-I' + root, '-isystem' + root, root + ':' + root + '/lib', 'file://' + root + '/f', "'" + root + "'"];
    for (const directory of ['.', 'a', 'a/b']) {
      const source = quoteCommand(argv, root, directory);
      assert.equal(source.indexOf(root), -1, source);
      assert.deepEqual(evaluate(shell, path.join(moved, directory), source), argv.slice(2).map((word) => word.split(root).join(moved)));
    }
  });
}

test('quoteCommand() leaves what only resembles the path of the project', () => {
  for (const word of ['/data/projects', '/data/proj-2', '/data/proj.old', '/other/data/proj', 'a/data/proj', 'x/data/proj/y']) {
    assert.equal(quoteCommand(['ls', word], '/data/proj', '.'), 'ls ' + word);
  }
  assert.equal(quoteCommand(['ls', '/'], '/', '.'), 'ls /');
  assert.equal(quoteCommand(['A=/data/proj/x'], '/data/proj', '.'), '\'A\'="$PWD"/x');
  assert.equal(quoteCommand(['/data/proj/run', '/data/proj'], '/data/proj', 's'), '"$(cd .. && pwd -P)"/run "$(cd .. && pwd -P)"');
});

test('spellRoot() goes up as many folders as the directory is deep', () => {
  assert.equal(spellRoot('.'), '"$PWD"');
  assert.equal(spellRoot('a'), '"$(cd .. && pwd -P)"');
  assert.equal(spellRoot('a/b c/d'), '"$(cd ../../.. && pwd -P)"');
});

test('quoteWord() leaves plain words plain', () => {
  for (const word of ['a', 'data/a.dat', '--cfg=x:0.94572', '-n', '10%'.slice(0, 2), 'a@b', 'x+y', 'a,b']) assert.equal(quoteWord(word), word);
  for (const word of ['', 'a b', '*.dat', '=x', '~', 'a\xc3\xa9']) assert.notEqual(quoteWord(word), word);
});

test('hasShellSyntax() tells a line of shell from a plain word', () => {
  for (const line of ['a b', 'a|b', 'a>b', '$HOME', '*.txt', 'A=1', 'a;b', "it's", 'a\tb', 'a\nb', '~/x', '`id`', '{a,b}']) assert.equal(hasShellSyntax(line), true, line);
  for (const word of ['true', './run.sh', '/usr/bin/env', 'a-b_c.d+e', 'caf\xc3\xa9', '\xc3\xa0', 'x=y'.slice(0, 1), '--a=b']) assert.equal(hasShellSyntax(word), false, word);
});

test('splitCommand() gives the arguments back that quoteCommand() was given', () => {
  for (const directory of ['.', 'a', 'a/b', '/elsewhere']) {
    const root = "/some/where 'odd";
    const argv = ['if'].concat(WORDS, ['A=b', root, root + '/x', '--in=' + root + '/y', "'" + root + "'", 'x'.repeat(10000), "'".repeat(100)]);
    const source = quoteCommand(argv, root, directory);
    assert.deepEqual(splitCommand(source, root, directory), argv);
    assert.deepEqual(splitCommand(source, '/new place', directory), argv.map((word) => word.split(root).join('/new place')));
    for (const word of WORDS) assert.deepEqual(splitCommand(quoteCommand(['p', word], root, directory), root, directory), ['p', word]);
  }
});

test('splitCommand() refuses what a shell would take for more than words', () => {
  for (const source of ['', ' a', 'a ', 'a  b', 'a; b', 'a | b', 'a $x', 'a "b"', 'a `b`', 'A=b c', 'if x', 'a *', "a 'b", 'a \\b', 'a\nb', 'a \xff', 'a > b', 'a ~/x', 'a #b', 'a "$PWD', 'a \0{0123456789abcdef}']) {
    assert.equal(splitCommand(source, '/root', '.'), undefined, JSON.stringify(source));
  }
});
