// sweepcommand.test.ts - values of a sweep in its command: no value, however hostile, becomes a part of a program. Asked of real shells.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { Failure } from '../src/core/failure.ts';
import { fillCommand, readCommandTemplate } from '../src/formats/commandtemplate.ts';
import { fillPattern, fillText, parsePlaceholders } from '../src/formats/placeholders.ts';
import { quoteCommand } from '../src/formats/shell.ts';
import { compileGlob } from '../src/core/glob.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

const SHELLS = [['dash'], ['bash'], ['bash', '--posix'], ['busybox', 'sh'], ['mksh'], ['ksh93'], ['zsh'], ['yash'], ['posh']].filter(([name]) => hasProgram(name));

const HOSTILE = ['$(touch pwned)', '`touch pwned`', '; touch pwned', "'; touch pwned; '", '"; touch pwned; "', '"$(touch pwned)"', "'$(touch pwned)'", 'a b', ' a  b ', '*', '?', '[a-z]*', '~', '\\', '\\\\', '\\n', "'", '"', '#x', 'a\nb', '\n', '\ttab',
  '$HOME', '${IFS}x', '$((1+1))', '!!', '{a,b}', '&', '|', '<x', '>pwned', '(x)', '\xff\xfe', 'caf\xc3\xa9', '\x01\x7f', '-n', '--', '=x', 'x=1', '%s%n', 'a[$(touch pwned)]', '', 'x\'"\'"\'x', '\\$(touch pwned)', '\\"', '$', '${rr_x}', '$1'];

const valuesOf = (values: { [name: string]: string }): Map<string, string> => new Map(Object.keys(values).map((name) => [name, values[name]]));

function fill(argv: string[], values: { [name: string]: string }): string[] {
  return fillCommand(readCommandTemplate(argv, new Set(Object.keys(values))), valuesOf(values));
}

/** Runs commands in an empty folder, by way of a script, as an argument may be any bytes. What each prints, and the files they left. */
function runAll(commands: string[][]): { printed: string[]; files: string[] } {
  const folder = makeTemporary();
  const lines = commands.map((argv) => quoteCommand(argv, '', '.') + "; printf '\\0'\n");
  fs.writeFileSync(path.join(folder, '.run'), Buffer.from(lines.join(''), 'latin1'));
  const done = run(folder, ['sh', '.run'], { env: { HOME: '/home-of-nobody' } });
  assert.equal(done.stderr, '', commands[0].join(' '));
  return { printed: done.stdout.split('\0').slice(0, -1), files: fs.readdirSync(folder).filter((name) => name !== '.run') };
}

function runWords(argv: string[]): string {
  const { printed, files } = runAll([argv]);
  assert.deepEqual(files, []);
  return printed[0];
}

test('parsePlaceholders() knows its names and leaves all other braces alone', () => {
  const table: [string, string][] = [
    ['{x}', '7'], ['a{x}b{y}', 'a7bB'], ['{{x}}', '{x}'], ['{{{x}}}', '{{x}}'], ["awk '{print $1}'", "awk '{print $1}'"], ['{}', '{}'], ['{ x }', '{ x }'], ['{x', '{x'], ['x}', 'x}'], ['${x}', '$7'], ['{z}', '{z}'], ['{{z}}', '{{z}}'],
    ['{n}', '12'], ['{n:4}', '0012'], ['{n:1}', '12'], ['{n:99}', '{n:99}'], ['{n:x}', '{n:x}'], ['{x:4}', '{x:4}'], ['{a.b}', 'dot'], ['{f.yaml:k}', 'key'], ['{{x}', '{7'], ['{x}}', '7}'], ['{a,b}', '{a,b}'], ['{x}{x}', '77'], ['', ''],
  ];
  const values = { x: '7', y: 'B', n: '12', 'a.b': 'dot', 'f.yaml:k': 'key' };
  for (const [text, expected] of table) assert.equal(fillText(parsePlaceholders(text, new Set(Object.keys(values))).parts, valuesOf(values)), expected, text);
  assert.deepEqual(parsePlaceholders('{print} {xx} {x} {1..3} {{yy}}', new Set(['x'])).unknown, ['print', 'xx', '1..3', 'yy']);
});

test('fillPattern() keeps what is a pattern in a value from being one', () => {
  const parts = (text: string): ReturnType<typeof parsePlaceholders>['parts'] => parsePlaceholders(text, new Set(['x'])).parts;
  for (const value of ['a*b', '[ab]', 'a?', 'back\\slash[', '\\*']) {
    const matches = compileGlob(fillPattern(parts('out/{x}.png'), valuesOf({ x: value })));
    assert.ok(matches('out/' + value + '.png'), value);
    for (const other of ['out/ab.png', 'out/aXb.png', 'out/a.png', 'out/b.png']) assert.equal(matches(other), false, value + ' ' + other);
  }
  assert.equal(fillPattern(parts('out/{x}.png'), valuesOf({ x: 'a\\b c' })), 'out/a\\b c.png', 'no pattern: nothing is escaped');
  assert.ok(compileGlob(fillPattern(parts('{x}/*.png'), valuesOf({ x: 'a\\b' })))('a\\b/1.png'));
});

test('fillCommand() puts a value into a word of the command as it is', () => {
  const { printed, files } = runAll(HOSTILE.map((value) => fill(['printf', '[%s]', '{x}', 'a{x}b', '{{x}}'], { x: value })));
  assert.deepEqual(printed, HOSTILE.map((value) => '[' + value + '][a' + value + 'b][{x}]'));
  assert.deepEqual(files, []);
});

// What they print, and where the value stands.
const SCRIPTS = ['printf "[%s]" {x}', 'printf "[%s]" "{x}"', "printf '[%s]' '{x}'", 'printf "[%s]" out/{x}.txt', 'printf "[%s]" "out/{x}.txt"', "printf '[%s]' 'out/{x}.txt'", 'printf "[%s]" {x}{x} "{x}"\'{x}\'', 'y={x}; printf "[%s]" "$y"', 'y="{x}"; printf "[%s]" "$y"',
  'printf "[%s]" "$(printf "%s." "{x}")"', 'printf "[%s]" "$(printf "%s." {x})"', 'f() { printf "[%s]" {x} "$1" "$#"; }; f one two', 'for i in 1 2; do printf "[%s]" {x}; done', 'printf "[%s]" {x} # it\'s {x}', 'case {x} in {x}) printf "[%s]" same;; *) printf other;; esac',
  'if [ {x} = {x} ]; then printf "[%s]" {x}; fi', 'printf "[%s]" $# {x}', 'set -- a b; printf "[%s]" "$@" {x}', '(printf "[%s]" {x})', '{ printf "[%s]" {x}; }', 'printf "[%s]" \\"{x}', "printf '[%s]' \\'{x}", 'printf "[%s]" $((1 + 2)) {x}', 'printf "[%s]" ${y:-z} {x}',
  'printf "[%s]" `echo a` {x}', 'printf "[%s]" a#{x}', 'printf "%s" {x} | cat', 'printf "[%s]" "$y{x}" "${y}{x}"', 'printf "[%s]"\n# comment with a \' quote\nprintf "[%s]" {x}', 'printf "[%s]" "a\\"b" {x}', 'printf "[%s]" "$(echo "a b")" {x} "{x}"'];

test('fillCommand() puts a value into the script of a shell so that it stays data, in every shell', () => {
  for (const shell of SHELLS) {
    for (const script of SCRIPTS) {
      const plain = runWords(fill(shell.concat('-c', script), { x: 'TOKEN' }));
      assert.match(plain, /TOKEN|same/, script);
      // yash holds only text of its locale.
      const hostile = HOSTILE.filter((value) => shell[0] !== 'yash' || !/[\x01\x7f\xff]/.test(value));
      const { printed, files } = runAll(hostile.map((value) => fill(shell.concat('-c', script), { x: value })));
      hostile.forEach((value, i) => assert.equal(printed[i], plain.split('TOKEN').join(value), shell.join(' ') + ': ' + script + ': ' + JSON.stringify(value)));
      assert.deepEqual(files, [], shell.join(' ') + ': ' + script);
    }
  }
});

test('fillCommand() gives a script its own arguments as before', () => {
  const script = 'printf "[%s]" "$0" "$@" {x} "$#"';
  assert.equal(runWords(fill(['sh', '-c', script, 'name', 'a', 'b'], { x: 'v w' })), '[name][a][b][v w][2]');
  assert.equal(runWords(fill(['sh', '-euc', script], { x: 'v w' })), '[sh][v w][0]');
  assert.equal(runWords(fill(['env', 'A=1', 'sh', '-c', 'printf "[%s]" $A {x} {y.z} {y_z}'], { x: 'a b', 'y.z': 'c d', y_z: 'e f' })), '[1][a b][c d][e f]');
  const many = Array.from({ length: 12 }, (_, i) => 'p' + String(i));
  const values = Object.assign({}, ...many.map((name, i) => ({ [name]: 'v ' + String(i) }))) as { [name: string]: string };
  assert.equal(runWords(fill(['sh', '-c', 'printf "[%s]" ' + many.map((name) => '{' + name + '}').join(' ')], values)), many.map((_, i) => '[v ' + String(i) + ']').join(''));
});

test("fillCommand() leaves a script's own variables alone", () => {
  assert.equal(runWords(fill(['sh', '-c', 'x=own; printf "[%s]" ${x} "${x}" {x} \\${x}'], { x: '5' })), '[own][own][5][$5]');
  assert.equal(runWords(fill(['sh', '-c', 'y=v; printf "[%s]" $y{x} "$y{x}"'], { x: '5' })), '[v5][v5]');
  assert.deepEqual(readCommandTemplate(['sh', '-c', 'echo ${x} {x}'], new Set(['x'])).script?.text.ownVariables, ['x']);
});

test('fillCommand() leaves a script as it is where all values are plain', () => {
  assert.deepEqual(fill(['sh', '-c', "awk '{print $1 * {x}}' in > out/{n}.txt"], { x: '0.5', n: '3' }), ['sh', '-c', "awk '{print $1 * 0.5}' in > out/3.txt"]);
});

// Where a value is read again as a program.
const DANGEROUS: string[][] = [
  ['sh', '-c', 'eval echo {x}'], ['sh', '-c', 'eval "echo {x}"'], ['sh', '-c', "awk 'BEGIN { print \"{x}\" }'"], ['sh', '-c', 'awk "BEGIN { print \\"{x}\\" }"'], ['sh', '-c', 'cat <<END\n{x}\nEND'], ['sh', '-c', 'echo `echo {x}`'], ['sh', '-c', 'echo $(({x}))'],
  ['sh', '-c', 'echo ${y:-{x}}'], ['sh', '-c', 'sh -c "echo {x}"'], ['sh', '-c', 'sh -c {x}'], ['sh', '-c', 'ssh host cat {x}'], ['sh', '-c', "trap 'echo {x}' 0"], ['bash', '-c', '[[ {x} -eq 1 ]]'], ['bash', '-c', '(( y = {x} ))'], ['bash', '-c', "echo $'{x}'"],
  ['sh', '-c', 'echo "{x}'], ['sh', '-c', "echo '{x}"], ['sh', '-c', 'echo "it is {x}!"'], ['python3', '-c', 'print("{x}")'], ['perl', '-ne', 'print "{x}"'], ['env', 'A=1', 'python3', '-W', 'ignore', '-c', 'print("{x}")'], ['awk', 'BEGIN { print "{x}" }'], ['awk', '-v', 'y=1', '{print "{x}"}', 'f'],
  ['sed', 's/a/{x}/', 'f'], ['sed', '-e', 's/a/{x}/', 'f'], ['ssh', 'host', 'cat', '{x}'], ['ssh', 'host', 'cat {x}'], ['su', '-c', '{x}', 'user'], ['Rscript', '-e', 'print("{x}")'],
];

test('fillCommand() refuses a value that would be read as a program, and takes a plain one', () => {
  for (const argv of DANGEROUS) {
    assert.throws(() => fill(argv, { x: '");$(touch pwned)`x`' }), (error) => error instanceof Failure && error.exitStatus === 2, argv.join(' '));
    assert.doesNotThrow(() => fill(argv, { x: 'plain-1.5_A' }), argv.join(' '));
  }
});

test('fillCommand() takes any value where the word is no program', () => {
  for (const argv of [['python3', 'fit.py', '-c', 'conf/{x}'], ['awk', '-f', 'p.awk', 'data/{x}'], ['sed', '-f', 's.sed', 'data/{x}'], ['sh', 'run.sh', '-c', 'a {x}'], ['awk', '{print}', 'data/{x}'], ['grep', '-e', 'a{x}', 'f'], ['python3', '-c', 'import sys', '{x}'], ['perl', '-pe', 's/a/b/', 'd/{x}']]) {
    assert.doesNotThrow(() => fill(argv, { x: '$(touch pwned) "\'' }), argv.join(' '));
    assert.equal(fill(argv, { x: '$(x)' }).join('\0').indexOf('rr_x'), -1);
  }
});
