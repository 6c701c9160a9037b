// tool.test.ts - the build of rr.js, on little source trees and on the real one.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import * as childProcess from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { amalgamate, firstDifference } from '../src/tool/build.ts';
import { findFaults } from '../src/tool/check.ts';
import { highestVersion } from '../src/tool/matrix.ts';
import { parseSource } from '../src/tool/place.ts';
import { readSkipped } from '../src/tool/runtests.ts';
import { stripTypes } from '../src/tool/strip.ts';
import { findRefusedSyntax } from '../src/tool/syntax.ts';
import { verifyStripped } from '../src/tool/verify.ts';

const PROJECT = path.resolve(__dirname, '..', '..', '..');
const BUILD = path.join(__dirname, '..', 'src', 'tool', 'build.js');

type Tree = { [name: string]: string };

/** Calls `use` with a project of these files under src/, ORDER as given or the order of the keys. */
function withTree<T>(tree: Tree, use: (top: string) => T): T {
  const top = fs.mkdtempSync(path.join(os.tmpdir(), 'rr-tool-'));
  try {
    fs.writeFileSync(path.join(top, 'package.json'), '{ "version": "1.2.3", "description": "A test" }');
    fs.writeFileSync(path.join(top, 'LICENSE'), 'Do as you like.\n');
    const files: Tree = { ORDER: Object.keys(tree).filter((name) => name !== 'ORDER').join('\n') + '\n', ...tree };
    for (const name of Object.keys(files)) {
      const file = path.join(top, 'src', name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      const head = name === 'ORDER' ? '' : '// ' + path.basename(name) + ' - a test. Knows nothing.\n';
      fs.writeFileSync(file, head + files[name]);
    }
    return use(top);
  } finally {
    fs.rmSync(top, { recursive: true, force: true });
  }
}

function buildTree(tree: Tree): string {
  return withTree(tree, (top) => amalgamate(path.join(top, 'src')));
}

/** Asserts that the build of the tree fails with each of `parts` in its message. */
function assertRefused(tree: Tree, ...parts: string[]): void {
  assert.throws(() => buildTree(tree), (error: Error) => {
    for (const part of parts) assert.ok(error.message.includes(part), error.message + '\nlacks ' + part);
    return true;
  });
}

function runText(text: string): string {
  const ran = childProcess.spawnSync(process.execPath, ['-'], { input: text, encoding: 'utf8' });
  assert.equal(ran.stderr, '');
  return ran.stdout;
}

function strip(text: string): string {
  const source = parseSource('src/core/a.ts', text);
  const stripped = stripTypes(source);
  verifyStripped(source, stripped);
  return stripped;
}

const STRIPPED: [string, string][] = [
  ['const a: number = 1;\n', 'const a = 1;\n'],
  ['let a!: string;\n', 'let a;\n'],
  ['export function f(a: string, b?: number, ...c: string[]): void {}\n', 'function f(a, b, ...c) {}\n'],
  ['export async function f<T extends string>(a: T = x as T): Promise<T> {}\n', 'async function f(a = x) {}\n'],
  ['const f = <T,>(a: T): a is T => true;\n', 'const f = (a) => true;\n'],
  ['const f = (a: { b: string }): { c: number } => ({ c: 1 } as C);\n', 'const f = (a) => ({ c: 1 });\n'],
  ['const f = (a): {\n  c: number;\n} => a;\n', 'const f = (a) => a;\n'],
  ['function f(): {\n  a: number;\n} {\n  return x;\n}\n', 'function f() {\n  return x;\n}\n'],
  ['function f() {\n  return (x as {\n    a: T;\n  }).a;\n}\n', 'function f() {\n  return (x).a;\n}\n'],
  ['(x as any).y = z!.a![0]!;\n', '(x).y = z.a[0];\n'],
  ['const m = new Map<string, Map<string, T>>();\n', 'const m = new Map();\n'],
  ['f<A>(b < c && d > (e));\n', 'f(b < c && d > (e));\n'],
  ['const a = b as unknown as C satisfies D;\n', 'const a = b;\n'],
  ['const { a, b }: Pair = c, [d]: T[] = e;\n', 'const { a, b } = c, [d] = e;\n'],
  ['for (const a of b as C[]) d(a!);\n', 'for (const a of b) d(a);\n'],
  ['function f(this: Foo, a: A) {}\nfunction g(this: Foo) {}\n', 'function f(a) {}\nfunction g() {}\n'],
  ['function f(a: A): B;\nfunction f(a: C): D;\nfunction f(a: any): any {}\n', 'function f(a) {}\n'],
  ['class A<T> extends B<T> implements C, D<T> {}\n', 'class A extends B {}\n'],
  ['abstract class A {\n  abstract f(): void;\n  private g?(): void;\n  protected readonly h: string = "";\n}\n',
    'class A {\n  h = "";\n}\n'],
  ['class A {\n  readonly hint: string;\n  [key: string]: string;\n  static n?: number = 1;\n}\n',
    'class A {\n  // readonly hint: string;\n  static n = 1;\n}\n'],
  ['declare const a: A;\ndeclare global {\n  const b: B;\n}\nf();\n', 'f();\n'],
  ['export type Run = {\n  /** Why. */\n  id: string;\n\n  end?: number;\n}; // end\nf();\n',
    '// type Run = {\n//   /** Why. */\n//   id: string;\n//\n//   end?: number;\n// }; // end\nf();\n'],
  ['{\n  interface A {\n    b: C;\n  }\n}\n', '{\n  // interface A {\n  //   b: C;\n  // }\n}\n'],
  ['// head\nimport { a } from "./a.ts";\nimport type {\n  B,\n} from "./b.ts"; // why\n\nf();\n', '// head\n\nf();\n'],
  ['// head\n\nimport { a } from "./a.ts";\n\n// note\nf(); // as T\n', '// head\n\n// note\nf(); // as T\n'],
  ['const a = `${b as C}: string`; /* : T */\n\n\nconst d = /a: b/;\n', 'const a = `${b}: string`; /* : T */\n\n\nconst d = /a: b/;\n'],
  ['const a = b ? c : d, e = { f: g, h(i?: J): K { return l; } };\n', 'const a = b ? c : d, e = { f: g, h(i) { return l; } };\n'],
  ['try { a(); } catch (error: unknown) { b?.c<D>(); e ?? f; }\n', 'try { a(); } catch (error) { b?.c(); e ?? f; }\n'],
  ['const a = tag<string>`x`, b = f<number>;\n', 'const a = tag`x`, b = f;\n'],
];

for (const [from, to] of STRIPPED) {
  test('stripTypes() takes the types out of ' + JSON.stringify(from), () => {
    assert.equal(strip(from), to);
  });
}

test('stripTypes() refuses a type that shares its line with code', () => {
  assert.throws(() => strip('f();\ntype A = string; f();\n'), /^SourceError|src\/core\/a\.ts:2: .*shares its line/);
});

test('verifyStripped() sees a changed program', () => {
  const source = parseSource('src/core/a.ts', 'function f() {\n  return a as B;\n}\n');
  assert.throws(() => verifyStripped(source, 'function f() {\n  return\n  a;\n}\n'), /cannot be taken out in place/);
  assert.throws(() => verifyStripped(source, 'function f() {\n  return b;\n}\n'), /cannot be taken out in place/);
  assert.throws(() => verifyStripped(source, 'function f() {\n  return a as B;\n}\n'), /without its types/);
});

const REFUSED = [
  'enum A { B }', 'namespace A { f(); }', 'class A { constructor(private a: B) {} }', 'const a = <B>c;', '@a class B {}',
  'export default 1;', 'export default function f() {}', 'export { a };', 'export * from "./b.ts";', 'import a = b.c;',
  'import.meta.url;', 'import("./a.ts");', 'a ??= b;', 'a ||= b;', 'a &&= b;', 'class A { static { f(); } }',
  'class A { #b = 1; }', 'const a = 1_000;', 'const a = 1_0n;', 'const a = /b/v;', 'const a = /b/d;', 'await a;',
  'for await (const a of b) c();', 'using a = b;', 'class A { accessor b = 1; }',
];

for (const text of REFUSED) {
  test('findRefusedSyntax() refuses ' + text, () => {
    const problems = findRefusedSyntax(parseSource('src/core/a.ts', '\n' + text + '\n'));
    assert.ok(problems.length > 0);
    assert.match(problems[0], /^src\/core\/a\.ts:2: no /);
  });
}

test('findRefusedSyntax() takes what ES2020 has', () => {
  const text = 'const a = b?.c ?? 1n ** 2n; async function f() { for await (const d of e) await d; } /x/gimsuy.test(a);\n' +
    'class A { static b = 1; c = 2; }\ntry { f(); } catch { a; }\n';
  assert.deepEqual(findRefusedSyntax(parseSource('a.ts', text)), []);
});

const GOOD: Tree = {
  'core/run.ts': '\n/** One run. */\nexport type Run = {\n  id: string;\n};\n\n// why\nexport const START: number = 40;\n',
  'sys/node.ts': 'export const fs = require("fs") as typeof import("fs");\n',
  'main.ts': "import { START } from './core/run.ts';\nimport type { Run } from './core/run.ts';\nimport { fs } from './sys/node.ts';\n" +
    '\nconst run: Run = { id: "r" };\nconsole.log(START + 2, run.id, typeof fs.readFileSync);\n',
};

test('amalgamate() gives one program that runs, with the comments and the shapes of the records', () => {
  const text = buildTree(GOOD);
  assert.equal(runText(text), '42 r function\n');
  assert.ok(text.startsWith('#!/usr/bin/env node\n// rr 1.2.3: A test.\n'));
  assert.match(text, /\n\/\/ {3}core\/run\.ts {2}a test\n/);
  assert.match(text, /\n\/\/ ==== src\/core\/run\.ts =+\n\/\/ run\.ts - a test\. Knows nothing\.\n\n\/\*\* One run\. \*\/\n\/\/ type Run = \{\n\/\/ {3}id: string;\n\/\/ \};\n\n\/\/ why\nconst START = 40;\n/);
  assert.ok(text.endsWith('\n// Do as you like.\n'));
});

/** A gate that main.ts calls, what only it needs, and what both need. */
const LATE_TREE: Tree = {
  'core/both.ts': 'export const BOTH = 1;\nexport function both(): number { return BOTH; }\n',
  'core/deep.ts': "import { both } from './both.ts';\nexport class Deep {\n  readonly a = both();\n}\n",
  'sys/late.ts': "let base = (): object => ({});\nexport function noteParts(parts: { base: () => object }): void { base = parts.base; }\nexport function bringIn(file: string): object { return { gate: (n: number) => Object.keys(base()).join() + String(n) }; }\n",
  'commands/gate.ts': "import { BOTH } from '../core/both.ts';\nimport { Deep } from '../core/deep.ts';\n\nexport function gate(n: number): number { return new Deep().a + BOTH + n; }\n",
  'main.ts': "import { both } from './core/both.ts';\nimport { gate } from './commands/gate.ts';\nconsole.log(gate(both()));\n",
  ORDER: 'core/both.ts\ncore/deep.ts\nsys/late.ts\ncommands/gate.ts late\nmain.ts\n',
};

test('amalgamate() puts into comments what only a late file needs, and a stub in the place of its function', () => {
  const text = buildTree(LATE_TREE);
  const [code, late] = text.split(/^\/\/ ==== late, build [0-9a-f]{16} =+$/m);
  assert.deepEqual(Array.from(code.matchAll(/^\/\/ ==== src\/(\S+) =/gm), (one) => one[1]), ['core/both.ts', 'sys/late.ts', 'main.ts']);
  assert.deepEqual(Array.from(late.matchAll(/^\/\/ ==== src\/(\S+) =/gm), (one) => one[1]), ['core/deep.ts', 'commands/gate.ts']);
  assert.match(late, /^\nfunction holdLateFiles\(\) \{ \/\*\n[^]*\*\/ \}\n\n\/\/ ==== LICENSE =/);
  assert.equal(late.split('*/').length, 2);
  assert.equal(runText(text), 'BOTH,both1\n', 'the stub hands over the names that late files use');
  const line = Number(/\ncore\/deep.ts \d+\nuses both\ngives Deep\ncommands\/gate.ts (\d+)\nuses BOTH Deep\ngives gate\nneeds core\/deep.ts commands\/gate.ts\n/.exec(late)?.[1]);
  assert.match(text.split('\n')[line - 1], /^\/\/ ==== src\/commands\/gate.ts =/);
  assert.equal(text.split('\n')[line + 2], 'function gate(n) { return new Deep().a + BOTH + n; }');
});

test('amalgamate() refuses what a stub cannot stand for', () => {
  const changed = (name: string, content: string): Tree => ({ ...LATE_TREE, [name]: content });
  assertRefused({ ...changed('commands/gate.ts', 'export const gate = 1;\n'), 'main.ts': "import { gate } from './commands/gate.ts';\nconsole.log(gate);\n" }, 'src/main.ts:2: imports "gate" of commands/gate.ts, which is late (src/ORDER:4)');
  assertRefused({ ...changed('core/both.ts', 'export let BOTH = 1;\nexport function both(): number { return BOTH++; }\n') }, 'src/commands/gate.ts:2: imports the "let" BOTH');
  assertRefused(changed('core/deep.ts', "import { both } from './both.ts';\nexport class Deep {\n  readonly a = both() + `\n// ==== b`.length;\n}\n"), 'src/core/deep.ts:1: a line begins with "// ==== "');
  assertRefused(changed('core/deep.ts', "import { both } from './both.ts';\nexport class Deep {\n  readonly a = both() + '*_/'.length;\n}\n"), 'src/core/deep.ts:1: "*_/" is what stands for the end of a comment');
});

test('rr.js, late files without their comment, has every file of src as it is without types', () => {
  const text = fs.readFileSync(path.join(PROJECT, 'rr.js'), 'latin1');
  const start = text.indexOf('\n// ==== late, build ');
  assert.ok(start > 0);
  for (const line of fs.readFileSync(path.join(PROJECT, 'src/ORDER'), 'latin1').split('\n')) {
    const name = line.replace(/#.*/, '').replace(/ late$/, '').trim();
    if (name === '') continue;
    const banner = text.indexOf('\n// ==== src/' + name + ' =');
    const from = text.indexOf('\n', banner + 1) + 1;
    const wanted = strip(fs.readFileSync(path.join(PROJECT, 'src', name), 'latin1'));
    const lines = text.slice(from).split('\n').slice(0, wanted.split('\n').length - 1);
    assert.equal((banner < start ? lines : lines.map((one) => one.replace(/\*_\//g, '*/'))).join('\n') + '\n', wanted, name);
  }
});

test('amalgamate() names a file of ORDER that is not there, and a file that is not in ORDER', () => {
  assertRefused({ ORDER: '# head\n\ncore/a.ts\ncore/b.ts # later\n', 'core/b.ts': '' }, 'src/ORDER:3: src/core/a.ts does not exist');
  assertRefused({ ORDER: 'core/a.ts\n', 'core/a.ts': '', 'views/b.ts': '' }, 'src/views/b.ts:1: not in src/ORDER');
  assertRefused({ ORDER: 'core/a.ts\ncore/a.ts\n', 'core/a.ts': '' }, 'src/ORDER:2: core/a.ts is named already at src/ORDER:1');
  assertRefused({ 'sys/a.ts': '', 'core/b.ts': '' }, 'src/ORDER:2: core/b.ts must stand above sys/a.ts of src/ORDER:1');
  assertRefused({ 'other/a.ts': '' }, 'src/ORDER:1: other/a.ts is in none of core, formats,');
});

test('amalgamate() refuses an import against the order and names both places', () => {
  assertRefused({ 'core/a.ts': "import { b } from './b.ts';\nb();\n", 'core/b.ts': 'export function b() {}\n' },
    'src/core/a.ts:2: imports core/b.ts', 'src/ORDER:2');
});

test('amalgamate() refuses a cycle and names both places', () => {
  const c = "import type { A } from './a.ts';\nexport type C = A;\n";
  assertRefused({ 'core/a.ts': "import type { C } from './c.ts';\nexport type A = C;\n", 'core/c.ts': c },
    'src/core/a.ts:2: imports core/c.ts, which leads back here from src/core/c.ts:2: a cycle');
});

test('amalgamate() refuses two top-level names that are the same and names both places', () => {
  assertRefused({ 'core/a.ts': 'export function same() {}\n', 'core/b.ts': '\nconst { x: [same] } = { x: [1] };\n' },
    'src/core/b.ts:3: "same" is declared already at src/core/a.ts:2');
  assertRefused({ 'core/a.ts': 'type Same = 1;\n', 'core/b.ts': 'interface Same {}\n' }, 'src/core/b.ts:2', 'src/core/a.ts:2');
  assertRefused({ 'core/a.ts': 'export const module = 1;\n' }, "'module' has already been declared");
});

test('amalgamate() lets two files use one name for something of their own', () => {
  const text = 'function NAME(same: number) { const other = same; return { same, other }; }\n';
  buildTree({ 'core/a.ts': text.replace('NAME', 'f'), 'core/b.ts': text.replace('NAME', 'g') });
});

test('amalgamate() refuses a global name that another file would capture', () => {
  assertRefused({ 'core/a.ts': 'export function escape() {}\n', 'core/b.ts': 'const b = escape("x");\n' },
    'src/core/b.ts:2: "escape" is not imported', 'src/core/a.ts:2');
});

const BAD_IMPORTS: [string, string, string][] = [
  ['core/z.ts', "import { readFileSync } from 'fs';", 'src/core/z.ts:2: imports the module "fs"'],
  ['core/z.ts', "import a from './a.ts';", 'src/core/z.ts:2: default import'],
  ['core/z.ts', "import * as a from './a.ts';", 'src/core/z.ts:2: namespace import'],
  ['core/z.ts', "import { a as b } from './a.ts';", 'src/core/z.ts:2: renames the import "a"'],
  ['core/z.ts', "import './a.ts';", 'src/core/z.ts:2: imports "./a.ts" for its effects'],
  ['core/z.ts', "import { a } from './a';", 'src/core/z.ts:2: imports "./a": write the file with its .ts'],
  ['core/z.ts', "import { a } from '../../test/a.ts';", 'src/core/z.ts:2: imports ../test/a.ts, which is not in ORDER'],
  ['core/z.ts', "import { none } from './a.ts';", 'src/core/z.ts:2: imports "none", which src/core/a.ts:1 does not declare'],
];

for (const [name, text, message] of BAD_IMPORTS) {
  test('amalgamate() refuses ' + text, () => {
    assertRefused({ 'core/a.ts': 'export const a = 1;\n', [name]: text + '\n' }, message);
  });
}

const FOLDERS_OF_FILES = ['core/c.ts', 'formats/f.ts', 'views/v.ts', 'sys/node.ts', 'sys/s.ts', 'commands/x.ts', 'commands/y.ts', 'cli.ts', 'main.ts'];
const FORBIDDEN = [
  'formats/f.ts sys/s.ts', 'views/v.ts sys/s.ts', 'cli.ts sys/node.ts', 'commands/y.ts commands/x.ts',
];
const ALLOWED = [
  'formats/f.ts core/c.ts', 'views/v.ts formats/f.ts', 'sys/s.ts formats/f.ts', 'sys/s.ts views/v.ts', 'sys/s.ts sys/node.ts', 'commands/y.ts sys/node.ts',
  'commands/y.ts views/v.ts', 'cli.ts commands/x.ts', 'cli.ts sys/s.ts', 'main.ts cli.ts', 'main.ts sys/node.ts',
];

function treeWithImport(pair: string): Tree {
  const [from, to] = pair.split(' ');
  const tree: Tree = {};
  for (const name of FOLDERS_OF_FILES) tree[name] = 'export const v' + FOLDERS_OF_FILES.indexOf(name) + ' = 1;\n';
  const levels = path.posix.relative(path.posix.dirname(from), to);
  tree[from] = 'import { v' + FOLDERS_OF_FILES.indexOf(to) + " } from '" + (levels.startsWith('.') ? '' : './') + levels + "';\n" + tree[from];
  return tree;
}

test('amalgamate() refuses imports that a folder may not make, naming both places', () => {
  for (const pair of FORBIDDEN) {
    const [from, to] = pair.split(' ');
    const above = FOLDERS_OF_FILES.indexOf(to) < FOLDERS_OF_FILES.indexOf(from);
    assertRefused(treeWithImport(pair), 'src/' + from + ':2: ', above ? 'src/' + to + ':1' : 'src/ORDER:');
  }
  assertRefused(treeWithImport('commands/y.ts commands/x.ts'), 'a command imports the command src/commands/x.ts:1');
});

test('amalgamate() takes the imports that a folder may make', () => {
  for (const pair of ALLOWED) buildTree(treeWithImport(pair));
});

const EFFECTS: [string, string, string][] = [
  ['core/a.ts', 'export const a = process.argv;', 'core may not use process'],
  ['formats/a.ts', 'export const a = Buffer.from("");', 'formats may not use Buffer'],
  ['views/a.ts', 'export const a = { require };', 'views may not use require'],
  ['views/a.ts', 'console.log(1);', 'views may not use console'],
  ['core/a.ts', 'export const a = Math.random();', 'core may not throw dice'],
  ['sys/a.ts', 'process.exit(1);', 'process.exit is for main.ts alone'],
  ['sys/a.ts', 'export const a = Date.now();', 'the clock is read in sys/clock.ts alone'],
  ['commands/a.ts', 'export const a = new Date();', 'the clock is read in sys/clock.ts alone'],
  ['commands/a.ts', 'export const a = ["b"].sort((x, y) => x.localeCompare(y));', 'the locale must not matter'],
];

for (const [name, text, message] of EFFECTS) {
  test('amalgamate() refuses in ' + name + ': ' + text, () => {
    assertRefused({ [name]: text + '\n' }, 'src/' + name + ':2: ' + message);
  });
}

test('amalgamate() takes effects where they belong', () => {
  buildTree({
    'core/a.ts': 'export function a(process: { exit: number }, b: Buffer) { return [process, b, new Date(0)]; }\n',
    'sys/clock.ts': 'export const now = Date.now(), today = new Date();\n',
    'sys/b.ts': 'export const b = process.argv;\n',
    'main.ts': 'process.exit(0);\n',
  });
});

test('amalgamate() refuses bytes that are not ASCII, and carriage returns', () => {
  assertRefused({ 'core/a.ts': '\n// \u00e9\n' }, 'src/core/a.ts:3: not ASCII: byte 0xc3');
  assertRefused({ 'core/a.ts': 'f();\r\n' }, 'src/core/a.ts:2: not ASCII: byte 0x0d');
  assertRefused({ 'core/a.ts': 'const a = ;\n' }, 'src/core/a.ts:2: Expression expected');
});

test('build.js gives the same bytes in every folder, time zone, locale and umask, and --check finds a change', () => {
  withTree(GOOD, (top) => {
    const run = (prefix: string, cwd: string, env: { [name: string]: string }, ...args: string[]): childProcess.SpawnSyncReturns<string> =>
      childProcess.spawnSync('sh', ['-c', prefix + '; exec "$@"', 'sh', process.execPath, BUILD, ...args], { cwd, encoding: 'utf8', env: { PATH: process.env.PATH, ...env } });
    assert.equal(run('umask 022', top, { TZ: 'UTC', LC_ALL: 'C' }).status, 0);
    const out = path.join(top, 'other.js');
    const elsewhere = run('umask 077', os.tmpdir(), { TZ: 'Asia/Tokyo', LC_ALL: 'tr_TR.UTF-8' }, '--src', path.join(top, 'src'), '--out', out);
    assert.equal(elsewhere.stderr, '');
    const rr = path.join(top, 'rr.js');
    assert.deepEqual(fs.readFileSync(out), fs.readFileSync(rr));
    assert.equal(fs.statSync(out).mode & 0o777, 0o755);
    assert.equal(run(':', top, {}, '--check').status, 0);
    fs.writeFileSync(rr, fs.readFileSync(rr, 'utf8').replace('START = 40', 'START = 41'));
    const changed = run(':', top, {}, '--check');
    assert.equal(changed.status, 1);
    assert.match(changed.stderr, /^rr\.js:\d+: is not what src\/ gives; run "make"\n {2}is {8}"const START = 41;"\n {2}should be "const START = 40;"\n$/);
  });
});

test('firstDifference() says which line differs', () => {
  assert.equal(firstDifference('a', 'x\ny\n', 'x\ny\n'), '');
  assert.match(firstDifference('a', 'x\ny\n', 'x\nz\n'), /^a:2: /);
  assert.match(firstDifference('a', 'x\n', 'x\ny'), /^a:2: .*\n.*""\n.*"y"$/);
});

test('rr.js is what node --check takes, when it is there', (context) => {
  const file = path.join(PROJECT, 'rr.js');
  if (!fs.existsSync(file)) return context.skip('rr.js is not built yet: run make');
  const ran = childProcess.spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' });
  assert.equal(ran.stderr, '');
});

test('stripTypes() leaves every file of the real source the program it was', () => {
  for (const folder of ['core', 'formats', 'views', 'sys', 'commands', 'tool']) {
    const parent = path.join(PROJECT, 'src', folder);
    for (const name of fs.readdirSync(parent).filter((entry) => entry.endsWith('.ts'))) {
      const source = parseSource('src/' + folder + '/' + name, fs.readFileSync(path.join(parent, name), 'utf8'));
      verifyStripped(source, stripTypes(source));
    }
  }
});

test('findFaults() finds long files, long functions, missing first lines and names that say nothing', () => {
  const long = 'export function f() {\n' + '  f();\n'.repeat(69) + '}\n';
  withTree({
    'core/a.ts': long, 'core/b.ts': '\n'.repeat(800), 'core/utils.ts': '', 'core/c.ts': long.replace('  f();\n', ''),
    'core/d.ts': 'enum A {}\nnamespace B {\n}\nexport default 1;\n',
  }, (top) => {
    fs.writeFileSync(path.join(top, 'src', 'core', 'e.ts'), '// wrong.ts - no. Knows nothing.\n');
    assert.deepEqual(findFaults(top), [
      'src/core/a.ts:2: a function of 71 lines, more than 70',
      'src/core/b.ts:801: 801 lines, more than 800',
      'src/core/d.ts:2: no enum: use a union of literals',
      'src/core/d.ts:3: no namespace: a file is the namespace',
      'src/core/d.ts:5: no default export: export a name',
      'src/core/e.ts:1: first line is not "// e.ts - PURPOSE"',
      'src/core/utils.ts:1: the name says nothing: name it after what it does',
    ]);
  });
});

test('highestVersion() compares by number and passes over pre-releases', () => {
  assert.equal(highestVersion(['14.9.0', '14.21.3', '14.8.0', '15.0.0-rc.1']), '14.21.3');
  assert.equal(highestVersion([]), '');
});

test('readSkipped() reads names and reasons out of TAP', () => {
  const tap = 'TAP version 13\n    ok 1 - a \\# b # SKIP no bmake\nok 2 - c\nok 3 - d # SKIP\n# pass 1\n';
  assert.deepEqual(readSkipped(tap), [{ name: 'a # b', reason: 'no bmake' }, { name: 'd', reason: '' }]);
});

test('Makefile installs rr and its manual under DESTDIR and PREFIX', () => {
  const top = fs.mkdtempSync(path.join(os.tmpdir(), 'rr-tool-'));
  try {
    const ran = childProcess.spawnSync('make', ['install', 'PREFIX=/opt/a b', 'DESTDIR=' + top], { cwd: PROJECT, encoding: 'utf8' });
    assert.equal(ran.status, 0, ran.stderr);
    assert.deepEqual(fs.readFileSync(path.join(top, 'opt/a b/bin/rr')), fs.readFileSync(path.join(PROJECT, 'rr.js')));
    assert.equal(fs.statSync(path.join(top, 'opt/a b/bin/rr')).mode & 0o777, 0o755);
    assert.equal(fs.statSync(path.join(top, 'opt/a b/share/man/man1/rr.1')).mode & 0o777, 0o644);
  } finally {
    fs.rmSync(top, { recursive: true, force: true });
  }
});

test('package-lock.json pins versions and names no registry', () => {
  const lock = fs.readFileSync(path.join(PROJECT, 'package-lock.json'), 'utf8');
  assert.doesNotMatch(lock, /https?:|resolved/);
});
