// elf.test.ts - what real compilers leave in binaries, as readelf and eu-readelf see it.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import childProcess from 'child_process';
import fs from 'fs';
import path from 'path';
import zlib from 'zlib';
import { describeProducer, findSeparateDebugName, readElf } from '../src/formats/elf.ts';
import type { ElfFacts } from '../src/formats/elf.ts';
import type { Decompressors } from '../src/formats/elfdebug.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

type Skipper = { skip(message?: string): void; diagnostic(message: string): void };

const DECOMPRESSORS: Decompressors = {
  zlib: (data, sizeBytes) => {
    try {
      return zlib.inflateSync(data, { finishFlush: zlib.constants.Z_SYNC_FLUSH, maxOutputLength: sizeBytes });
    } catch {
      return undefined;
    }
  },
  zstd: (data) => {
    const done = childProcess.spawnSync('zstd', ['-dcq'], { input: data, maxBuffer: 1 << 28 });
    return done.status === 0 ? done.stdout : undefined;
  },
};

function factsOf(file: string, decompressors = DECOMPRESSORS, told = { bytes: 0 }): ElfFacts | undefined {
  const descriptor = fs.openSync(file, 'r');
  try {
    return readElf((offset, lengthBytes) => {
      const bytes = new Uint8Array(lengthBytes);
      const got = fs.readSync(descriptor, bytes, 0, lengthBytes, offset);
      told.bytes += got;
      return bytes.subarray(0, got);
    }, fs.fstatSync(descriptor).size, decompressors);
  } finally {
    fs.closeSync(descriptor);
  }
}

function knownFacts(file: string): ElfFacts {
  const facts = factsOf(file);
  assert.ok(facts !== undefined, file);
  return facts;
}

/** Skips the test, with the reason, if one of the programs is missing. */
function lacks(context: Skipper, programs: string[]): boolean {
  const missing = programs.filter((name) => !hasProgram(name));
  if (missing.length > 0) context.skip('needs ' + missing.join(', '));
  return missing.length > 0;
}

/** The facts in the words that readelf has for them. */
type Seen = { type: string; needed: string[]; soname: string; paths: string[]; buildId: string; interpreter: string; isStripped: boolean; hasDebug: boolean; is64: boolean };

/** What `readelf -W -h -l -S -d -n` prints for each file. */
function askReadelf(folder: string, files: string[]): Map<string, Seen> {
  const seen = new Map<string, Seen>();
  for (let i = 0; i < files.length; i += 200) {
    // One name more, or a single file has no heading.
    const said = run(folder, ['readelf', '-W', '-h', '-l', '-S', '-d', '-n', '--', '/dev/null'].concat(files.slice(i, i + 200)), { timeoutMs: 300000 });
    for (const part of ('\n' + said.stdout).split('\nFile: ').slice(1)) {
      const all = (pattern: RegExp): string[] => Array.from(part.matchAll(pattern), (match) => match[1]);
      const [soname] = all(/\(SONAME\) +Library soname: \[(.*)\]$/gm);
      const [interpreter] = all(/\[Requesting program interpreter: (.*)\]$/gm);
      const [kind] = all(/^ {2}Type: +([A-Z]+)/gm);
      const isPie = /^ {2}Type: .*Position-Independent/m.test(part) || (interpreter !== undefined && soname === undefined);
      seen.set(part.slice(0, part.indexOf('\n')), {
        type: kind === 'EXEC' || (kind === 'DYN' && isPie) ? 'executable' : kind === 'DYN' ? 'shared' : kind === 'REL' ? 'object' : String(kind),
        needed: all(/\(NEEDED\) +Shared library: \[(.*)\]$/gm),
        soname: soname ?? '',
        paths: all(/\((?:RPATH|RUNPATH)\) +Library r(?:un)?path: \[(.*)\]$/gm),
        buildId: all(/Build ID: ([0-9a-f]+)$/gm)[0] ?? '',
        interpreter: interpreter ?? '',
        isStripped: !/^ +\[ *\d+\] \.symtab +SYMTAB/m.test(part),
        hasDebug: /^ +\[ *\d+\] \.z?debug_info +(?:PROGBITS|MIPS_DWARF)/m.test(part),
        is64: /^ {2}Class: +ELF64$/m.test(part),
      });
    }
  }
  return seen;
}

function seenOf(facts: ElfFacts): Seen {
  return {
    type: facts.type, needed: facts.needed, soname: facts.soname ?? '', buildId: facts.buildId ?? '', interpreter: facts.interpreter ?? '',
    paths: [facts.rpath, facts.runpath].filter((folders) => folders.length > 0).map((folders) => folders.join(':')),
    isStripped: facts.isStripped, hasDebug: facts.hasDebug, is64: facts.bits === 64,
  };
}

/** Producers of all compile units, one line each, sorted, as readelf tells them; it looks into files beside, too. */
function askProducers(folder: string, file: string): string[] {
  const said = run(folder, ['readelf', '--debug-dump=info', '--dwarf-depth=1', file], { timeoutMs: 300000 }).stdout;
  const texts: string[] = [];
  for (const part of said.split(/\n(?= <0>)/).slice(1)) {
    if (!/^ <0>.*DW_TAG_(compile|skeleton)_unit/.test(part)) continue;
    const match = /DW_AT_producer +: (?:\((?:indirect (?:line )?string|indexed string)[^)]*\): )?(.*)/.exec(part);
    if (match !== null) texts.push(match[1].trimEnd());
  }
  return texts.sort();
}

function producersOf(facts: ElfFacts): string[] {
  const texts: string[] = [];
  for (const { text, units } of facts.producers) for (let i = 0; i < units; i++) texts.push(text);
  return texts.sort();
}

/** Strings of a section, without repetition, as readelf tells them. */
function askTexts(folder: string, file: string, section: string): string[] {
  const said = run(folder, ['readelf', '-W', '-p', section, file]).stdout;
  return Array.from(new Set(Array.from(said.matchAll(/^ +\[ *[0-9a-f]+\] {2}(.*)$/gm), (match) => match[1])));
}

/** All that readelf knows of the file is what readElf() tells. */
function assertAsReadelf(folder: string, name: string, what: string): ElfFacts {
  const facts = knownFacts(path.join(folder, name));
  assert.deepEqual(seenOf(facts), askReadelf(folder, [name]).get(name), what);
  assert.deepEqual(producersOf(facts), askProducers(folder, name), what);
  assert.deepEqual(facts.comments, askTexts(folder, name, '.comment'), what);
  assert.deepEqual(facts.commandLines, askTexts(folder, name, '.GCC.command.line'), what);
  return facts;
}

const SOURCES: { [name: string]: string } = {
  'main.c': '#include <stdio.h>\nint half(int);\nint main(void) { printf("%d\\n", half(4)); return 0; }\n',
  'half.c': 'int half(int x) { return x / 2; }\n',
  'main.cc': '#include <iostream>\nextern "C" int half(int);\nint main() { std::cout << half(4) << "\\n"; return 0; }\n',
  'main.f90': 'program main\n  print *, 4 / 2\nend program\n',
  'main.rs': 'fn main() { println!("{}", 4 / 2); }\n',
};

function makeSources(): string {
  const folder = makeTemporary();
  for (const name of Object.keys(SOURCES)) fs.writeFileSync(path.join(folder, name), SOURCES[name]);
  return folder;
}

/** Compiles to "out"; false, with a word about it, where this compiler cannot. */
function compile(context: Skipper, folder: string, argv: string[], env: NodeJS.ProcessEnv = {}): boolean {
  fs.rmSync(path.join(folder, 'out'), { force: true });
  const done = run(folder, argv.concat('-o', 'out'), { timeoutMs: 300000, env });
  if (done.status === 0) return true;
  context.diagnostic('not tried: ' + argv.join(' ') + ': ' + done.stderr.split('\n')[0]);
  return false;
}

test('readElf() tells of binaries by GCC what readelf tells', (context) => {
  if (lacks(context, ['gcc', 'readelf'])) return;
  const folder = makeSources();
  const table: [string, Partial<ElfFacts>][] = [
    ['-O3 -funroll-loops -fno-strict-aliasing -g', { linking: 'dynamic', isStripped: false, hasDebug: true }],
    ['-g -gdwarf-2 -gstrict-dwarf', { hasDebug: true }], ['-gdwarf-3', {}], ['-gdwarf-4', {}], ['-gdwarf-5', {}], ['-gdwarf-5 -gdwarf64', {}], ['-gdwarf-4 -gdwarf64', {}],
    ['-g -gz', { hasDebug: true, problems: [] }], ['-g -gz=zlib-gnu', { problems: [] }], ['-g -gz=zstd', {}],
    ['-g -gdwarf-4 -fdebug-types-section', {}], ['-g -gdwarf-5 -fdebug-types-section', {}], ['-g3', {}],
    ['-g0', { hasDebug: false, producers: [] }], ['-g -s', { isStripped: true, producers: [] }],
    ['-g -static', { linking: 'static', interpreter: undefined, type: 'executable', needed: [] }],
    ['-g -static-pie', { linking: 'static-pie', interpreter: undefined, type: 'executable', needed: [] }],
    ['-g -no-pie', { linking: 'dynamic', type: 'executable' }], ['-g -m32', { bits: 32 }], ['-g -mx32', { bits: 32, machine: 'x86-64' }],
    ['-g -shared -fPIC -Wl,-soname,libmade.so.3', { type: 'shared', linking: 'dynamic', soname: 'libmade.so.3' }],
    ['-g -shared -fPIC -Wl,-soname,libmade.so.3 -Wl,-z,separate-code', { type: 'shared' }],
    ['-g -Wl,-rpath,/opt/a:/opt/b -Wl,--disable-new-dtags', { rpath: ['/opt/a', '/opt/b'], runpath: [] }],
    ['-g -Wl,-rpath,/opt/a:/opt/b -Wl,--enable-new-dtags', { rpath: [], runpath: ['/opt/a', '/opt/b'] }],
    ['-g -O2 -flto', {}], ['-g -frecord-gcc-switches', {}], ['-frecord-gcc-switches', { hasDebug: false }],
    ['-g -Wl,--build-id=none', { buildId: undefined }], ['-g -Wl,--build-id=0xABCDEF01', { buildId: 'abcdef01' }],
    ['-g -gsplit-dwarf', { problems: ['debug information lies in .dwo files'] }],
    ['-g -r', { type: 'object', linking: undefined }],
  ];
  let tried = 0;
  for (const [flags, expected] of table) {
    const sources = flags.includes('-r') && !flags.includes('-rpath') && !flags.includes('-frecord') ? ['half.c'] : ['main.c', 'half.c'];
    if (!compile(context, folder, ['gcc'].concat(flags.split(' '), sources))) continue;
    run(folder, ['sh', '-c', 'rm -f *.dwo']);
    const facts = assertAsReadelf(folder, 'out', flags);
    for (const key of Object.keys(expected) as (keyof ElfFacts)[]) assert.deepEqual(facts[key], expected[key], flags + ': ' + key);
    tried++;
  }
  assert.ok(tried > table.length / 2, 'most can be tried');
});

test('readElf() reads object files, whose texts are found only by relocation', (context) => {
  if (lacks(context, ['readelf'])) return;
  const folder = makeSources();
  let tried = 0;
  for (const line of ['gcc -g', 'gcc -g -gdwarf-4', 'gcc -g -gz', 'gcc -g -m32', 'gcc -g -ffunction-sections -fdebug-types-section', 'clang -g', 'clang -g -gdwarf-4', 'clang -g -gdwarf-5 -gz',
    's390x-linux-gnu-gcc -g', 'aarch64-linux-gnu-gcc -g', 'riscv64-linux-gnu-gcc -g', 'mips64el-linux-gnuabi64-gcc -g', 'mips-linux-gnu-gcc -g']) {
    const words = line.split(' ');
    if (!hasProgram(words[0])) {
      context.diagnostic('not tried: there is no ' + words[0]);
      continue;
    }
    if (!compile(context, folder, words.concat('-c', 'half.c'))) continue;
    const facts = assertAsReadelf(folder, 'out', line);
    assert.deepEqual([facts.type, facts.producers.length, facts.problems], ['object', 1, []], line);
    tried++;
  }
  if (tried === 0) context.skip('needs gcc or clang');
});

test('readElf() tells of binaries in other languages what readelf tells', (context) => {
  if (lacks(context, ['readelf'])) return;
  const folder = makeSources();
  const table: [string, string[], RegExp][] = [
    ['g++ -O2 -g -std=c++14 -Wl,--unresolved-symbols=ignore-all main.cc', ['C++14'], /^GNU C\+\+14 /],
    ['gfortran -O2 -g -fbounds-check main.f90', ['Fortran 2008'], /^GNU Fortran2008 .* -O2 .*-fbounds-check/],
    ['rustc -O -g main.rs', ['Rust'], /rustc version/],
    ['clang -g -O1 main.c half.c', ['C99'], /clang version/],
    ['clang -g -gdwarf-5 -grecord-command-line -O1 main.c half.c', ['C99'], /clang.* -grecord-command-line -O1/],
    ['clang -g -flto -fuse-ld=lld main.c half.c', ['C99'], /clang version/],
    ['clang -g -gsplit-dwarf -gdwarf-5 main.c half.c', [], /^$/],
    ['clang -frecord-command-line main.c half.c', [], /^$/],
    ['s390x-linux-gnu-gcc -g -O2 -nostdlib -Wl,-e,half half.c', ['C11'], /^GNU C17 .* -O2/],
  ];
  let tried = 0;
  for (const [line, languages, text] of table) {
    const words = line.split(' ');
    if (!hasProgram(words[0])) {
      context.diagnostic('not tried: there is no ' + words[0]);
      continue;
    }
    if (!compile(context, folder, words, { HOME: process.env.HOME })) continue;
    run(folder, ['sh', '-c', 'rm -f *.dwo']);
    const facts = assertAsReadelf(folder, 'out', line);
    for (const language of languages) assert.ok(facts.producers.some((one) => one.language === language && text.test(one.text)), line + JSON.stringify(facts.producers));
    tried++;
  }
  if (tried === 0) context.skip('needs g++, gfortran, rustc or clang');
});

test('readElf() tells of a Go program what go tells, stripped or not', (context) => {
  if (lacks(context, ['go', 'readelf'])) return;
  const folder = makeTemporary();
  fs.writeFileSync(path.join(folder, 'main.go'), 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println(4 / 2) }\n');
  fs.writeFileSync(path.join(folder, 'go.mod'), 'module example.org/half\n');
  const env = { HOME: process.env.HOME, GOCACHE: path.join(folder, 'cache'), GOPROXY: 'off', GOFLAGS: '-mod=mod' };
  for (const flags of [[], ['-ldflags=-s -w']]) {
    if (!compile(context, folder, ['go', 'build'].concat(flags), env)) continue;
    const facts = assertAsReadelf(folder, 'out', flags.join(' '));
    assert.deepEqual(facts.producers.map((one) => one.language).sort().slice(-1), flags.includes('-ldflags=-s -w') ? [] : ['Go']);
    assertAsGoSays(folder, facts);
  }
});

function assertAsGoSays(folder: string, facts: ElfFacts): void {
  const said = run(folder, ['go', 'version', '-m', 'out'], { env: { HOME: process.env.HOME } }).stdout;
  const lines = said.split('\n');
  assert.equal('out: ' + String(facts.go?.version), lines[0]);
  assert.deepEqual(facts.go?.settings, lines.filter((line) => line.startsWith('\tbuild\t')).map((line) => line.split('\t')[2]));
  assert.deepEqual(facts.go?.modules, [{ name: 'example.org/half', version: lines.filter((line) => line.startsWith('\tmod\t'))[0].split('\t')[3] }]);
}

test('readElf() tells the producers that eu-readelf tells, of several languages in one binary', (context) => {
  if (lacks(context, ['gcc', 'g++', 'eu-readelf'])) return;
  const folder = makeSources();
  assert.equal(run(folder, ['gcc', '-g', '-O3', '-fno-strict-aliasing', '-c', 'half.c']).status, 0);
  assert.equal(run(folder, ['g++', '-g', '-O1', '-o', 'out', 'main.cc', 'half.o']).status, 0);
  const said = run(folder, ['eu-readelf', '--debug-dump=info', 'out'], { timeoutMs: 300000 }).stdout;
  const texts = Array.from(said.matchAll(/^ +producer +\([a-z_0-9]+\) "(.*)"$/gm), (match) => match[1]);
  const facts = knownFacts(path.join(folder, 'out'));
  assert.equal(texts.length, 2);
  assert.deepEqual(producersOf(facts), texts.sort());
  assert.deepEqual(facts.producers.map((one) => one.language).sort(), ['C++14', 'C11']);
});

test('readElf() reads debug information compressed with zstd where it is given the means', (context) => {
  if (lacks(context, ['gcc', 'objcopy', 'zstd', 'readelf'])) return;
  const folder = makeSources();
  assert.equal(run(folder, ['gcc', '-g', '-O3', 'main.c', 'half.c', '-o', 'plain']).status, 0);
  if (run(folder, ['objcopy', '--compress-debug-sections=zstd', 'plain', 'out']).status !== 0) {
    context.skip('this objcopy has no zstd');
    return;
  }
  assert.deepEqual(assertAsReadelf(folder, 'out', 'zstd').problems, []);
  const without = factsOf(path.join(folder, 'out'), { zlib: DECOMPRESSORS.zlib, zstd: undefined });
  assert.deepEqual(without?.producers, []);
  // Only sections that get smaller are compressed, and the first need ends the reading.
  assert.ok(without?.problems.every((problem) => problem.includes('zstd') || problem.includes('lacks')) && without.problems.length > 0, String(without?.problems));
});

test('findSeparateDebugName() and debugLink name the file with the debug information', (context) => {
  if (lacks(context, ['gcc', 'objcopy', 'strip', 'readelf'])) return;
  const folder = makeSources();
  assert.equal(run(folder, ['sh', '-c', 'gcc -g -O3 main.c half.c -o out && objcopy --only-keep-debug out out.debug && strip out && objcopy --add-gnu-debuglink=out.debug out && mkdir elsewhere && mv out.debug elsewhere']).status, 0);
  const stripped = assertAsReadelf(folder, 'out', 'stripped');
  assert.deepEqual([stripped.hasDebug, stripped.isStripped, stripped.debugLink], [false, true, 'out.debug']);
  const id = String(stripped.buildId);
  assert.match(id, /^[0-9a-f]{40}$/);
  assert.equal(findSeparateDebugName(stripped), 'usr/lib/debug/.build-id/' + id.slice(0, 2) + '/' + id.slice(2) + '.debug');
  assert.equal(findSeparateDebugName({ ...stripped, buildId: undefined }), undefined);
  const separate = knownFacts(path.join(folder, 'elsewhere/out.debug'));
  assert.deepEqual([separate.buildId, separate.problems, separate.producers.length], [id, [], 1]);
  assert.deepEqual(producersOf(separate), askProducers(folder, 'elsewhere/out.debug'));
});

test('describeProducer() gives compiler, version and flags a line', (context) => {
  if (lacks(context, ['gcc', 'strip'])) return;
  const folder = makeSources();
  assert.equal(run(folder, ['gcc', '-O3', '-funroll-loops', '-fno-strict-aliasing', '-g', 'main.c', 'half.c', '-o', 'out']).status, 0);
  const version = run(folder, ['gcc', '-dumpfullversion']).stdout.trim();
  const lines = describeProducer(knownFacts(path.join(folder, 'out')));
  assert.equal(lines.length, 1, 'what .comment has is in it');
  assert.ok(lines[0].startsWith('GNU C') && lines[0].includes(' ' + version + ' ') && lines[0].endsWith(' (2 units)'), lines[0]);
  for (const flag of ['-O3', '-funroll-loops', '-fno-strict-aliasing', '-g']) assert.ok(lines[0].split(' ').includes(flag), flag);
  assert.equal(run(folder, ['strip', 'out']).status, 0);
  assert.deepEqual(describeProducer(knownFacts(path.join(folder, 'out'))),
    [...knownFacts(path.join(folder, 'out')).comments.map((comment) => comment + ', flags not recorded (no debug information)'), 'stripped']);
});

const FACTS: ElfFacts = {
  type: 'executable', bits: 64, machine: 'x86-64', linking: 'dynamic', interpreter: '/lib/ld.so', needed: [], soname: undefined, rpath: [], runpath: [], buildId: undefined,
  isStripped: false, hasDebug: true, debugLink: undefined, comments: [], producers: [], commandLines: [], go: undefined, problems: [],
};

test('describeProducer() says what is not known, and why', () => {
  const gnu = { text: 'GNU C17 12.2.0 -O2 -g', language: 'C11', units: 3 };
  const clang = { text: 'Debian clang version 14.0.6', language: 'C99', units: 1 };
  const table: [Partial<ElfFacts>, string[]][] = [
    [{ hasDebug: false }, ['compiler not recorded']],
    [{ hasDebug: false, isStripped: true, linking: 'static' }, ['compiler not recorded', 'statically linked', 'stripped']],
    [{ hasDebug: false, isStripped: true, linking: undefined, type: 'object' }, ['compiler not recorded']],
    [{ producers: [gnu], comments: ['GCC: (Debian 12.2.0-14) 12.2.0'] }, ['GNU C17 12.2.0 -O2 -g (3 units)']],
    [{ producers: [gnu], comments: ['GCC: (Debian 2.2.0-1) 2.2.0'] }, ['GNU C17 12.2.0 -O2 -g (3 units)', 'GCC: (Debian 2.2.0-1) 2.2.0, flags not recorded']],
    [{ producers: [clang], comments: ['Debian clang version 14.0.6', 'Linker: LLD 14.0.6'] }, ['Debian clang version 14.0.6, C99, flags not recorded (1 unit)', 'Linker: LLD 14.0.6']],
    [{ producers: [clang], commandLines: ['clang -O2'] }, ['Debian clang version 14.0.6, C99 (1 unit)', 'command line: clang -O2']],
    [{ hasDebug: false, comments: ['GCC: (X) 9.1.0'], commandLines: ['-O2', '-g'] }, ['command line: -O2', 'command line: -g', 'GCC: (X) 9.1.0']],
    [{ comments: ['GCC: (X) 9.1.0'], problems: ['p', 'q'] }, ['GCC: (X) 9.1.0, flags unknown (p; q)']],
    [{ hasDebug: false, linking: 'static', go: { version: 'go1.19.8', modules: [], settings: ['-compiler=gc', 'CGO_ENABLED=0'] } }, ['Go go1.19.8 -compiler=gc CGO_ENABLED=0', 'statically linked']],
  ];
  for (const [facts, lines] of table) assert.deepEqual(describeProducer({ ...FACTS, ...facts }), lines);
});

for (const folder of ['/usr/bin', '/usr/sbin', '/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64']) {
  if (!fs.existsSync(folder) || fs.lstatSync(folder).isSymbolicLink()) continue;
  test('readElf() agrees with readelf on all of ' + folder, (context) => {
    if (lacks(context, ['readelf'])) return;
    const facts = new Map<string, ElfFacts>();
    const told = { bytes: 0 };
    for (const name of fs.readdirSync(folder)) {
      const status = fs.lstatSync(path.join(folder, name));
      if (!status.isFile() || status.size < 64) continue;
      const one = factsOf(path.join(folder, name), DECOMPRESSORS, told);
      if (one !== undefined) facts.set(name, one);
    }
    if (facts.size === 0) {
      context.skip('there is no ELF file');
      return;
    }
    const seen = askReadelf(folder, Array.from(facts.keys()));
    assert.deepEqual(Array.from(facts.keys()).filter((name) => !seen.has(name)), []);
    for (const [name, one] of facts) assert.deepEqual(seenOf(one), seen.get(name), name);
    assert.deepEqual(Array.from(facts).filter(([, one]) => one.problems.length > 0).map(([name, one]) => name + ': ' + one.problems.join()), []);
    for (const [name, one] of facts) if (one.hasDebug) assert.deepEqual(producersOf(one), askProducers(folder, name), name);
    context.diagnostic(facts.size + ' files, ' + Math.round(told.bytes / Math.max(1, facts.size)) + ' bytes read of each');
  });
}

test('readElf() survives a damaged program by GCC', (context) => {
  if (lacks(context, ['gcc'])) return;
  const folder = makeSources();
  assert.equal(run(folder, ['gcc', '-g', '-gz', '-gdwarf-5', 'main.c', 'half.c', '-o', 'out']).status, 0);
  const whole = fs.readFileSync(path.join(folder, 'out'));
  let state = 1;
  const random = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 4294967296 * limit);
  };
  const tableAt = Number(whole.readBigUInt64LE(40));
  for (let round = 0; round < 1500; round++) {
    const bytes = Buffer.from(whole);
    for (let i = random(8); i >= 0; i--) {
      // Half of the damage where it matters most: in the header and the tables.
      const at = random(2) === 0 ? random(bytes.length) : random(2) === 0 ? random(1000) : tableAt + random(bytes.length - tableAt);
      bytes[at] = [0, 1, 0xff, 0x7f, random(256)][random(5)];
    }
    const shown = bytes.subarray(0, random(4) === 0 ? random(bytes.length) : bytes.length);
    const told = { reads: 0, bytes: 0 };
    readElf((offset, lengthBytes) => {
      told.reads++;
      told.bytes += Math.min(lengthBytes, shown.length);
      return shown.subarray(offset, offset + lengthBytes);
    }, shown.length, { zlib: DECOMPRESSORS.zlib, zstd: undefined });
    assert.ok(told.reads < 10000 && told.bytes < 1 << 26, 'round ' + round + ': ' + JSON.stringify(told));
  }
});
