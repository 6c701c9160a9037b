// The libraries that a program loads, against ldd, ldconfig and musl's own loader.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fs from 'fs';
import path from 'path';
import { parseLibraryCache } from '../src/formats/ldcache.ts';
import { BinaryCache } from '../src/sys/binaries.ts';
import { findLinkedLibraries } from '../src/sys/linking.ts';
import type { LinkedLibraries } from '../src/sys/linking.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

const lacksLdd = hasProgram('ldd') && fs.existsSync('/etc/ld.so.cache') ? false : 'no ldd of glibc here';
const lacksCompiler = lacksLdd !== false ? lacksLdd : hasProgram('gcc') ? false : 'no gcc here';

function find(program: string, libraryPath = '', preload = '', folder = '/'): LinkedLibraries {
  const cache = new BinaryCache('/nonexistent/binaries');
  return findLinkedLibraries({ programs: [program], read: (name) => cache.find(name), libraryPath, preload, folder });
}

/** The files that ldd names, links resolved, and the names that it misses. */
function askLdd(program: string, env: NodeJS.ProcessEnv = {}, folder = '/'): { libraries: string[]; missing: string[] } {
  const text = run(folder, ['ldd', program], { env }).stdout;
  const libraries = new Set<string>();
  const missing = new Set<string>();
  for (const line of text.split('\n')) {
    const there = /^\t(?:\S+ => )?(\S+) \(0x[0-9a-f]+\)$/.exec(line);
    const absent = /^\t(\S+) => not found$/.exec(line);
    if (there !== null && there[1].includes('/')) libraries.add(fs.realpathSync(path.resolve(folder, there[1])));
    if (absent !== null) missing.add(absent[1]);
  }
  return { libraries: Array.from(libraries).sort(), missing: Array.from(missing).sort() };
}

function compareWithLdd(program: string, variables: { LD_LIBRARY_PATH?: string; LD_PRELOAD?: string } = {}, folder = '/'): string[] {
  const expected = askLdd(program, variables, folder);
  const found = find(program, variables.LD_LIBRARY_PATH, variables.LD_PRELOAD, folder);
  // ldd runs in a shell of its own, and what is preloaded into it is not the program's; so nothing is filtered here.
  assert.deepEqual(found.libraries, expected.libraries, program);
  assert.deepEqual(Array.from(new Set(found.missing.map((one) => one.name))).sort(), expected.missing, program);
  return found.libraries;
}

/** Compiles a library or, with main() in the text, a program. */
function compile(folder: string, output: string, text: string, args: string[], compiler = 'gcc'): void {
  fs.mkdirSync(path.dirname(path.join(folder, output)), { recursive: true });
  fs.writeFileSync(path.join(folder, 'source.c'), text);
  const isProgram = text.includes('main(');
  const done = run(folder, [compiler, ...(isProgram ? [] : ['-shared', '-fPIC']), '-o', output, 'source.c', '-Wl,--no-as-needed', ...args]);
  assert.equal(done.status, 0, done.stderr);
}

test('parseLibraryCache() reads what ldconfig prints of this machine\'s cache', { skip: hasProgram('ldconfig') && fs.existsSync('/etc/ld.so.cache') ? false : 'no ldconfig here' }, () => {
  const printed: string[] = [];
  for (const line of run('/', ['ldconfig', '-p']).stdout.split('\n')) {
    const parts = /^\t(\S+) \(([^)]*)\) => (\S+)$/.exec(line);
    const level = /hwcap: "([^"]+)"/.exec(parts?.[2] ?? '');
    if (parts !== null && (level !== null || !/hwcap/.test(parts[2]))) printed.push(parts[1] + ' ' + parts[3] + ' ' + (level?.[1] ?? ''));
  }
  const read: string[] = [];
  parseLibraryCache(fs.readFileSync('/etc/ld.so.cache')).forEach((entries, name) => { for (const entry of entries) read.push(name + ' ' + entry.path + ' ' + entry.level); });
  assert.ok(printed.length > 10);
  assert.deepEqual(read.sort(), printed.sort());
});

/** A cache by the layout of glibc's dl-cache.h. */
function makeLibraryCache(entries: { name: string; path: string; level?: number; legacy?: boolean }[], levels: string[], isLittle: boolean, isBehindOld: boolean): Buffer {
  const word = (value: number): Buffer => {
    const buffer = Buffer.alloc(4);
    if (isLittle) buffer.writeUInt32LE(value >>> 0);
    else buffer.writeUInt32BE(value >>> 0);
    return buffer;
  };
  const double = (low: number, high: number): Buffer => (isLittle ? Buffer.concat([word(low), word(high)]) : Buffer.concat([word(high), word(low)]));
  const stringsAt = 48 + entries.length * 24;
  let strings = '';
  const place = (text: string): number => {
    strings += text + '\0';
    return stringsAt + strings.length - text.length - 1;
  };
  const table = entries.map((entry) => Buffer.concat([
    word(0x303), word(place(entry.name)), word(place(entry.path)), word(0),
    entry.level === undefined ? double(0, entry.legacy === true ? 1 << 19 : 0) : double(entry.level, 1 << 30),
  ]));
  const levelsAt = levels.map(place);
  while (strings.length % 4 !== 0) strings += '\0';
  const extensionAt = stringsAt + strings.length;
  const extension = Buffer.concat([word(0xeaa42174), word(1), word(1), word(0), word(extensionAt + 24), word(levels.length * 4), ...levelsAt.map(word)]);
  const head = Buffer.concat([Buffer.from('glibc-ld.so.cache1.1'), word(entries.length), word(strings.length), Buffer.from([isLittle ? 2 : 3, 0, 0, 0]), word(levels.length > 0 ? extensionAt : 0), Buffer.alloc(12)]);
  const whole = Buffer.concat([head, ...table, Buffer.from(strings), levels.length > 0 ? extension : Buffer.alloc(0)]);
  const old = Buffer.concat([Buffer.from('ld.so-1.7.0\0'), word(3), Buffer.alloc(3 * 12), Buffer.alloc(4)]);
  return isBehindOld ? Buffer.concat([old, whole]) : whole;
}

const CACHE_ENTRIES = [
  { name: 'libz.so.1', path: '/lib/libz.so.1' }, { name: 'liba.so', path: '/opt/v3/liba.so', level: 1 },
  { name: 'liba.so', path: '/opt/old/liba.so', legacy: true }, { name: 'liba.so', path: '/opt/liba.so' },
];

test('parseLibraryCache() reads both byte orders, alone and behind the old format, and levels of hardware', () => {
  for (const isLittle of [true, false]) for (const isBehindOld of [true, false]) {
    const read = parseLibraryCache(makeLibraryCache(CACHE_ENTRIES, ['x86-64-v2', 'x86-64-v3'], isLittle, isBehindOld));
    assert.deepEqual(Array.from(read), [
      ['libz.so.1', [{ path: '/lib/libz.so.1', level: '' }]],
      ['liba.so', [{ path: '/opt/v3/liba.so', level: 'x86-64-v3' }, { path: '/opt/liba.so', level: '' }]],
    ]);
  }
});

test('parseLibraryCache() takes a malformed cache for what can be read of it', () => {
  const whole = makeLibraryCache(CACHE_ENTRIES, ['x86-64-v2', 'x86-64-v3'], true, true);
  for (let length = 0; length < whole.length; length++) assert.ok(parseLibraryCache(whole.subarray(0, length)).size <= 2);
  let seed = 7;
  for (let round = 0; round < 3000; round++) {
    const bent = Buffer.from(whole);
    for (let i = 0; i < 3; i++) {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      bent[(seed >> 8) % bent.length] = seed & 255;
    }
    assert.ok(parseLibraryCache(bent).size <= 4);
  }
});

test('findLinkedLibraries() finds for installed programs what ldd finds', { skip: lacksLdd }, () => {
  let count = 0;
  fs.readdirSync('/usr/bin').forEach((name, i) => {
    const program = fs.realpathSync('/usr/bin/' + name);
    if (i % 12 !== 0 || !fs.statSync(program).isFile() || find(program).libraries.length === 0) return;
    compareWithLdd(program);
    count += 1;
  });
  assert.ok(count > 5, String(count));
});

test('findLinkedLibraries() follows RPATH, RUNPATH, $ORIGIN and $LIB as ldd does', { skip: lacksCompiler }, () => {
  const folder = makeTemporary();
  // b needs c; only the program's path or b's own says where c is.
  compile(folder, 'far/libc1.so', 'int c(void) { return 1; }', []);
  compile(folder, 'near/libb1.so', 'int c(void); int b(void) { return c(); }', ['-Lfar', '-lc1']);
  const main = 'int b(void); int main(void) { return b(); }';
  const cases = [
    ['-Wl,--disable-new-dtags,-rpath,$ORIGIN/near:$ORIGIN/far'], // RPATH is inherited
    ['-Wl,--enable-new-dtags,-rpath,$ORIGIN/near:$ORIGIN/far'], // RUNPATH is not
    ['-Wl,--disable-new-dtags,-rpath,${ORIGIN}/near', '-Wl,-rpath,/nowhere'],
    ['-Wl,--enable-new-dtags,-rpath,$ORIGIN/$LIB/..:$ORIGIN/near/'],
    [],
  ];
  const missing: number[] = [];
  cases.forEach((args, i) => {
    compile(folder, 'prog' + String(i), main, ['-Lnear', '-lb1', '-Wl,-rpath-link,far'].concat(args));
    compareWithLdd(folder + '/prog' + String(i));
    missing.push(find(folder + '/prog' + String(i)).missing.length);
  });
  assert.deepEqual(missing, [0, 1, 1, 1, 1]);
  // A library with RUNPATH of its own: neither inherits RPATH, nor passes it by.
  compile(folder, 'near/libb1.so', 'int c(void); int b(void) { return c(); }', ['-Lfar', '-lc1', '-Wl,--enable-new-dtags,-rpath,$ORIGIN/../far']);
  cases.forEach((_, i) => compareWithLdd(folder + '/prog' + String(i)));
  compile(folder, 'near/libb1.so', 'int c(void); int b(void) { return c(); }', ['-Lfar', '-lc1', '-Wl,--enable-new-dtags,-rpath,/nowhere']);
  cases.forEach((_, i) => compareWithLdd(folder + '/prog' + String(i)));
  // By way of a link the folder is that of the link's target for a program, that of the link for a library.
  fs.mkdirSync(folder + '/elsewhere');
  fs.symlinkSync('../prog0', folder + '/elsewhere/prog0');
  fs.renameSync(folder + '/near/libb1.so', folder + '/elsewhere/libb1.so');
  fs.symlinkSync('../elsewhere/libb1.so', folder + '/near/libb1.so');
  cases.forEach((_, i) => compareWithLdd(folder + '/prog' + String(i)));
});

test('findLinkedLibraries() obeys LD_LIBRARY_PATH, LD_PRELOAD and paths as names', { skip: lacksCompiler }, () => {
  const folder = makeTemporary();
  compile(folder, 'one/libd1.so', 'int d(void) { return 1; }', []);
  compile(folder, 'two/libd1.so', 'int d(void) { return 2; }', []);
  compile(folder, 'two/libe1.so', 'int e(void) { return 2; }', []);
  compile(folder, 'prog', 'int d(void); int main(void) { return d(); }', ['-Lone', '-ld1']);
  compile(folder, 'with-path', 'int d(void); int main(void) { return d(); }', ['-Lone', '-ld1', '-Wl,--enable-new-dtags,-rpath,' + folder + '/two']);
  compile(folder, 'by-path', 'int d(void); int main(void) { return d(); }', ['one/libd1.so']);
  const use = (program: string, variables: { LD_LIBRARY_PATH?: string; LD_PRELOAD?: string }): string[] =>
    compareWithLdd(folder + '/' + program, variables, folder).filter((name) => name.startsWith(folder)).map((name) => name.slice(folder.length + 1));
  assert.deepEqual(use('prog', { LD_LIBRARY_PATH: folder + '/two:' + folder + '/one' }), ['two/libd1.so']);
  assert.deepEqual(use('prog', { LD_LIBRARY_PATH: '/nowhere;' + folder + '/one/' }), ['one/libd1.so']);
  assert.deepEqual(use('with-path', { LD_LIBRARY_PATH: folder + '/one' }), ['one/libd1.so']);
  assert.deepEqual(use('with-path', {}), ['two/libd1.so']);
  assert.deepEqual(use('by-path', {}), ['one/libd1.so']);
  assert.deepEqual(use('prog', { LD_LIBRARY_PATH: 'two' }), ['two/libd1.so']);
  const preloaded = find(folder + '/with-path', '', folder + '/two/libe1.so libd1.so', folder);
  assert.deepEqual(preloaded.libraries.filter((name) => name.startsWith(folder)), [folder + '/two/libd1.so', folder + '/two/libe1.so']);
  // What is loaded counts by the name that it calls itself, too.
  compile(folder, 'odd/other-name.so', 'int d(void) { return 3; }', ['-Wl,-soname,libd1.so']);
  const named = find(folder + '/prog', '', folder + '/odd/other-name.so', folder);
  assert.deepEqual(named.libraries.filter((name) => name.startsWith(folder)), [folder + '/odd/other-name.so']);
  assert.equal(run(folder, ['./prog'], { env: { LD_PRELOAD: folder + '/odd/other-name.so' } }).status, 3);
  assert.deepEqual(named.missing, []);
});

test('findLinkedLibraries() takes the best level of glibc-hwcaps that the machine has, as ldd does', { skip: lacksCompiler }, (t) => {
  if (process.arch !== 'x64') return t.skip('levels are those of x86-64');
  const folder = makeTemporary();
  compile(folder, 'lib/libf1.so', 'int f(void) { return 1; }', []);
  for (const level of ['x86-64-v2', 'x86-64-v3', 'x86-64-v4']) compile(folder, 'lib/glibc-hwcaps/' + level + '/libf1.so', 'int f(void) { return 1; }', []);
  compile(folder, 'prog', 'int f(void); int main(void) { return f(); }', ['-Llib', '-lf1', '-Wl,-rpath,$ORIGIN/lib']);
  compareWithLdd(folder + '/prog');
});

test('findLinkedLibraries() passes by libraries of another architecture and files that are none', { skip: lacksCompiler }, () => {
  const folder = makeTemporary();
  compile(folder, 'lib/libg1.so', 'int g(void) { return 1; }', []);
  compile(folder, 'prog', 'int g(void); int main(void) { return g(); }', ['-Llib', '-lg1', '-Wl,-rpath,$ORIGIN/other:$ORIGIN/lib']);
  fs.mkdirSync(folder + '/other');
  const bytes = fs.readFileSync(folder + '/lib/libg1.so');
  bytes[18] = 183; // EM_AARCH64
  fs.writeFileSync(folder + '/other/libg1.so', bytes);
  assert.deepEqual(compareWithLdd(folder + '/prog').filter((name) => name.startsWith(folder)), [folder + '/lib/libg1.so']);
});

test('findLinkedLibraries() ends soon on a program that asks for ever more', { skip: lacksCompiler }, () => {
  const folder = makeTemporary();
  const libraries = Array.from({ length: 300 }, (_, i) => 'lib' + String(i) + 'z.so');
  compile(folder, libraries[0], 'int a(void) { return 1; }', []);
  for (const name of libraries.slice(1)) fs.copyFileSync(folder + '/' + libraries[0], folder + '/' + name);
  const path1 = Array.from({ length: 400 }, (_, i) => '/nowhere/' + String(i)).join(':');
  compile(folder, 'prog', 'int main(void) { return 0; }', libraries.concat('-Wl,--disable-new-dtags,-rpath,' + path1));
  // Without a path in the name each is looked for in all 400 folders.
  const found = find(folder + '/prog');
  assert.equal(found.missing.length, 301, 'the search was given up before libc');
  assert.ok(found.looked.length <= 20000, String(found.looked.length));
});

test('findLinkedLibraries() of static programs, scripts, folders and what is missing is empty', { skip: lacksCompiler }, () => {
  const folder = makeTemporary();
  compile(folder, 'static', 'int main(void) { return 0; }', ['-static']);
  fs.writeFileSync(folder + '/script', '#!/bin/sh\n');
  for (const name of ['static', 'script', '', 'missing']) assert.deepEqual(find(folder + '/' + name), { libraries: [], looked: [], missing: [] });
});

test('findLinkedLibraries() finds for a musl program what musl\'s loader finds', { skip: hasProgram('musl-gcc') ? lacksCompiler : 'no musl-gcc here' }, () => {
  const folder = makeTemporary();
  compile(folder, 'far/libc1.so', 'int c(void) { return 1; }', [], 'musl-gcc');
  compile(folder, 'near/libb1.so', 'int c(void); int b(void) { return c(); }', ['-Lfar', '-lc1'], 'musl-gcc');
  // With musl, RUNPATH is inherited.
  compile(folder, 'prog', 'int b(void); int main(void) { return b(); }', ['-Lnear', '-lb1', '-Wl,-rpath-link,far', '-Wl,--enable-new-dtags,-rpath,$ORIGIN/near:$ORIGIN/far'], 'musl-gcc');
  const interpreter = /interpreter: (\S+)\]/.exec(run(folder, ['readelf', '-l', 'prog']).stdout)?.[1] ?? '';
  const listed = run(folder, [interpreter, '--list', './prog']).stdout.split('\n').map((line) => /(?:=> |^\t)(\/\S+|\.\S+) \(0x/.exec(line)?.[1]).filter((name) => name !== undefined) as string[];
  const expected = Array.from(new Set(listed.map((name) => fs.realpathSync(path.resolve(folder, name))))).sort();
  assert.equal(expected.length, 3, expected.join(' '));
  assert.deepEqual(find(folder + '/prog').libraries, expected);
});

test('parseLibraryCache() reads no more than a cache can hold where its entries share one long text', () => {
  const count = 20000;
  const cache = Buffer.alloc(48 + count * 24 + 5000);
  cache.write('glibc-ld.so.cache1.1', 'latin1');
  cache.writeUInt32LE(count, 20);
  cache[28] = 2;
  const textAt = 48 + count * 24;
  cache.fill('a', textAt, textAt + 4000);
  cache.write('/', textAt + 1000, 'latin1');
  for (let i = 0; i < count; i++) {
    cache.writeUInt32LE(textAt + 2000 + i % 2000, 48 + i * 24 + 4);
    cache.writeUInt32LE(textAt + 1000, 48 + i * 24 + 8);
  }
  let bytes = 0;
  let first: string | undefined;
  for (const [name, files] of parseLibraryCache(cache)) {
    for (const file of files) bytes += name.length + file.path.length;
    first = first ?? files[0].path;
  }
  assert.equal(first, '/' + 'a'.repeat(2999));
  assert.ok(bytes > 0 && bytes <= 16 * cache.length, String(bytes));
});
