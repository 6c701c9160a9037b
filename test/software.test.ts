// The software part of the environment record, against sha256sum, readelf, dpkg and the compilers themselves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fs from 'fs';
import path from 'path';
import { BinaryCache, describeCompilers } from '../src/sys/binaries.ts';
import { describeGpus, isGpuLibrary } from '../src/sys/gpu.ts';
import { projectAt } from '../src/sys/project.ts';
import { describeSoftware, isSharedObjectName } from '../src/sys/software.ts';
import type { LoadedSoftware, SoftwareFacts } from '../src/sys/software.ts';
import { hasProgram, makeProject, makeTemporary, pathsOf, readOnlyRecord, rr, run } from './rig.ts';

const lacksElf = process.platform === 'linux' ? false : 'programs here are no ELF files';
const lacks = (...programs: string[]): string | false => programs.filter((name) => !hasProgram(name)).map((name) => 'no ' + name + ' here').join(', ') || lacksElf;
const lacksDpkg = hasProgram('dpkg-query') && fs.existsSync('/var/lib/dpkg/status') ? lacksElf : 'no dpkg here';

function describe(root: string, loaded: Partial<LoadedSoftware>, cacheFolder = root + '/.rr'): Promise<SoftwareFacts> {
  const project = projectAt(root);
  return describeSoftware({ isTraced: false, programs: [], read: [], projectBinaries: [], modules: [], ...loaded }, { project, cacheFolder, isInside: (name) => name.startsWith(root + '/') });
}

/** A folder that has .rr and nothing else. */
function makeRoot(): string {
  const root = makeTemporary();
  fs.mkdirSync(root + '/.rr');
  return root;
}

function fieldsOf(text: string): { [name: string]: string[] } {
  const fields: { [name: string]: string[] } = {};
  for (const line of text.split('\n').slice(0, -1)) {
    const parts = /^([A-Z][a-z_]*): (\S.*)$/.exec(line);
    assert.ok(parts !== null, line);
    fields[parts[1]] = (fields[parts[1]] ?? []).concat(parts[2]);
  }
  return fields;
}

function compile(root: string, name: string, text: string, argv: string[]): string {
  fs.writeFileSync(path.join(root, name), text);
  const done = run(root, argv, { env: { HOME: process.env.HOME, RUSTUP_HOME: process.env.RUSTUP_HOME } });
  assert.equal(done.status, 0, done.stderr);
  return root + '/prog';
}

const C_TEXT = '#include <math.h>\n#include <stdlib.h>\nint main(int c, char **v) { return sin(atof(v[c - 1])) > 2; }\n';

function lddOf(program: string): string[] {
  const names = run('/', ['ldd', program]).stdout.split('\n').map((line) => /^\t(?:\S+ => )?(\/\S+) \(/.exec(line)?.[1]).filter((name) => name !== undefined) as string[];
  return Array.from(new Set(names.map((name) => fs.realpathSync(name)))).sort();
}

test('describeSoftware() lists what a program loads with the hashes that sha256sum gives', { skip: lacks('ldd', 'sha256sum') }, async () => {
  const root = makeRoot();
  const program = fs.realpathSync('/bin/ls');
  const fields = fieldsOf((await describe(root, { programs: [program] })).text);
  const expected = (names: string[]): string[] => run('/', ['sha256sum', ...names]).stdout.trim().split('\n').map((line) => {
    const name = line.slice(66);
    const stat = fs.statSync(name);
    return line.slice(0, 64) + '  ' + String(stat.size) + ((stat.mode & 0o100) !== 0 ? 'x' : '') + ' ' + name;
  });
  assert.deepEqual(fields.Executable, expected([program]));
  assert.deepEqual(fields.Library, expected(lddOf(program)));
});

test('describeSoftware() names a script\'s interpreters as such', { skip: lacksElf }, async () => {
  const root = makeRoot();
  fs.writeFileSync(root + '/script', '#!/usr/bin/env sh\n', { mode: 0o755 });
  const [env, sh] = ['/usr/bin/env', '/bin/sh'].map((name) => fs.realpathSync(name));
  for (const loaded of [{ programs: [root + '/script'] }, { programs: [root + '/script', env, sh] }, { programs: [root + '/script', sh], isTraced: true }]) {
    const fields = fieldsOf((await describe(root, loaded)).text);
    assert.equal(fields.Executable, undefined, 'a script of the project is an input');
    assert.deepEqual(fields.Interpreter.map((line) => line.split(' ').pop()), [env, sh].sort());
  }
  const traced = fieldsOf((await describe(root, { programs: [root + '/script'], isTraced: true })).text);
  assert.deepEqual(traced.Interpreter.map((line) => line.split(' ').pop()), [env], 'what env starts is seen by itself');
});

test('describeSoftware() gives the build-ids that readelf gives', { skip: lacks('readelf', 'ldd') }, async () => {
  const program = fs.realpathSync('/usr/bin/git');
  const { Build_id: found } = fieldsOf((await describe(makeRoot(), { programs: [program] })).text);
  const expected = [program].concat(lddOf(program)).map((name) => {
    const id = /Build ID: ([0-9a-f]+)/.exec(run('/', ['readelf', '-n', name]).stdout);
    return id === null ? '' : id[1] + ' ' + name;
  }).filter((line) => line !== '').sort();
  assert.deepEqual(found, expected);
});

test('describeSoftware() names the packages of what was loaded, as dpkg does', { skip: lacksDpkg }, async () => {
  const program = fs.realpathSync('/usr/bin/git');
  const { Owner: owners, Package: packages } = fieldsOf((await describe(makeRoot(), { programs: [program] })).text);
  const expected = [program].concat(lddOf(program)).map((name) => {
    // A file may be known by its name before /lib became a link to /usr/lib.
    const answer = [name, name.replace(/^\/usr/, '')].map((one) => run('/', ['dpkg-query', '-S', one]).stdout.split('\n').filter((line) => !line.startsWith('diversion')).join('\n')).find((one) => one !== '');
    return 'dpkg ' + (answer ?? '').split(':')[0] + ' ' + name;
  }).sort();
  assert.deepEqual(owners, expected);
  const names = Array.from(new Set(expected.map((line) => line.split(' ')[1])));
  const versions = run('/', ['dpkg-query', '-W', '-f', 'dpkg ${Package} ${Version} ${Architecture}\n', ...names]).stdout.trim().split('\n');
  assert.deepEqual(packages, Array.from(new Set(versions)).sort());
});

test('describeSoftware() of a C program tells compiler, flags and the versions of libm and libc', { skip: lacks('gcc', 'dpkg-query') || lacksDpkg }, async () => {
  const root = makeRoot();
  const program = compile(root, 'prog.c', C_TEXT, ['gcc', '-O3', '-funroll-loops', '-fno-strict-aliasing', '-g', '-o', 'prog', 'prog.c', '-lm']);
  const { compilers, text, warnings } = await describe(root, { programs: [program], projectBinaries: [program] });
  const version = run('/', ['gcc', '-dumpfullversion']).stdout.trim();
  const own = compilers.filter((one) => one.producer.includes('-O3'));
  assert.equal(own.length, 1);
  assert.equal(own[0].path, 'prog');
  for (const word of ['GNU C', version, '-funroll-loops', '-fno-strict-aliasing', '-g']) assert.ok(own[0].producer.includes(word), word + ' in ' + own[0].producer);
  const fields = fieldsOf(text);
  const libc = run('/', ['dpkg-query', '-W', '-f', 'dpkg ${Package} ${Version} ${Architecture}', 'libc6']).stdout;
  assert.ok(fields.Package.includes(libc), fields.Package.join());
  for (const name of ['libm.so.6', 'libc.so.6']) assert.equal(fields.Owner.filter((line) => line.startsWith('dpkg libc6 ') && line.endsWith('/' + name)).length, 1);
  assert.equal(fields.Executable, undefined);
  assert.deepEqual(warnings, []);
});

test('describeSoftware() of a Fortran program tells of the BLAS behind it', { skip: lacks('gfortran') || lacksDpkg }, async (t) => {
  const root = makeRoot();
  const text = 'program p\n  double precision, external :: ddot\n  double precision :: a(2) = (/ 1d0, 2d0 /)\n  print *, ddot(2, a, 1, a, 1)\nend program\n';
  fs.writeFileSync(root + '/prog.f90', text);
  const blas = ['openblas', 'blas'].find((name) => run(root, ['gfortran', '-O2', '-g', '-ffast-math', '-o', 'prog', 'prog.f90', '-l' + name]).status === 0);
  if (blas === undefined) return t.skip('no BLAS here');
  const { compilers, text: lines } = await describe(root, { programs: [root + '/prog'], projectBinaries: [root + '/prog'] });
  assert.ok(compilers.some((one) => /^GNU Fortran.* -ffast-math/.test(one.producer)), JSON.stringify(compilers));
  const fields = fieldsOf(lines);
  const library = lddOf(root + '/prog').find((name) => name.includes('blas')) ?? '';
  const owner = fields.Owner.find((line) => line.endsWith(' ' + library))?.split(' ')[1];
  assert.match(owner ?? '', /blas/);
  assert.ok(fields.Package.includes(run('/', ['dpkg-query', '-W', '-f', 'dpkg ${Package} ${Version} ${Architecture}', owner ?? '']).stdout));
});

test('describeSoftware() tells the compilers of C++ and Rust programs', { skip: lacks('g++', 'rustc') }, async () => {
  const root = makeRoot();
  const cpp = compile(root, 'prog.cc', '#include <iostream>\nint main() { std::cout << 1; }\n', ['g++', '-std=c++14', '-O1', '-g', '-o', 'prog', 'prog.cc']);
  assert.match((await describe(root, { programs: [cpp], projectBinaries: [cpp] })).compilers.map((one) => one.producer).join('\n'), /^GNU C\+\+14 .* -O1 -std=c\+\+14/m);
  const rust = compile(root, 'prog.rs', 'fn main() { println!("1"); }\n', ['rustc', '-O', '-g', '-o', 'prog', 'prog.rs']);
  const version = run('/', ['rustc', '--version'], { env: { HOME: process.env.HOME } }).stdout.split(' ')[1];
  assert.ok((await describe(root, { programs: [rust], projectBinaries: [rust] })).compilers.some((one) => one.producer.includes('rustc version ' + version)));
});

test('describeSoftware() says of stripped and static binaries that they are', { skip: lacks('gcc', 'strip') }, async () => {
  const root = makeRoot();
  const program = compile(root, 'prog.c', C_TEXT, ['gcc', '-O2', '-static', '-o', 'prog', 'prog.c', '-lm']);
  run(root, ['strip', 'prog']);
  const first = await describe(root, { programs: [program], projectBinaries: [program] });
  assert.ok(first.compilers.every((one) => one.producer.endsWith('; statically linked; stripped') && /GCC: /.test(one.producer)), JSON.stringify(first.compilers));
  assert.equal(first.text, '');
  run(root, ['strip', '-R', '.comment', 'prog']);
  assert.deepEqual((await describe(root, { projectBinaries: [program] })).compilers, [{ path: 'prog', producer: 'compiler not recorded; statically linked; stripped' }]);
});

test('describeCompilers() reads separate debug information and names it', { skip: lacks('gcc', 'objcopy') }, () => {
  const root = makeRoot();
  const program = compile(root, 'prog.c', C_TEXT, ['gcc', '-O3', '-g', '-Wl,--build-id', '-o', 'prog', 'prog.c', '-lm']);
  run(root, ['objcopy', '--only-keep-debug', 'prog', 'prog.debug']);
  run(root, ['strip', 'prog']);
  const cache = new BinaryCache(root + '/.rr/binaries');
  const facts = cache.find(program);
  assert.ok(facts !== undefined && facts.buildId !== undefined);
  assert.equal(facts.debugName, '/usr/lib/debug/.build-id/' + facts.buildId.slice(0, 2) + '/' + facts.buildId.slice(2) + '.debug');
  assert.ok(describeCompilers(facts, cache, program).every((line) => !line.includes('-O3')));
  const lines = describeCompilers({ ...facts, debugName: root + '/prog.debug' }, cache, program);
  assert.ok(lines.some((line) => line.includes(' -O3') && line.endsWith(' (from ' + root + '/prog.debug)')), lines.join());
});

test('BinaryCache.find() does not open a binary again that has not changed', { skip: lacksElf }, async () => {
  const root = makeRoot();
  const program = fs.realpathSync('/bin/sh');
  const first = new BinaryCache(root + '/.rr/binaries');
  const facts = first.find(program);
  assert.ok(facts !== undefined);
  first.save();
  const opened = await watchOpens(async () => assert.deepEqual(new BinaryCache(root + '/.rr/binaries').find(program), JSON.parse(JSON.stringify(facts))));
  assert.deepEqual(Array.from(new Set(opened)), [root + '/.rr/binaries']);
});

test('describeSoftware() warns of a library that is not there', { skip: lacks('gcc') }, async () => {
  const root = makeRoot();
  compile(root, 'lib.c', 'int f(void) { return 1; }', ['gcc', '-shared', '-fPIC', '-o', 'libgone1.so', 'lib.c']);
  const program = compile(root, 'prog.c', 'int f(void); int main(void) { return f(); }', ['gcc', '-o', 'prog', 'prog.c', '-L.', '-lgone1']);
  assert.deepEqual((await describe(root, { programs: [program], projectBinaries: [program] })).warnings, ['the library "libgone1.so", which "prog" needs, was not found']);
});

test('describeSoftware() does not depend on the order of names, nor on what is remembered', { skip: lacksElf }, async () => {
  const [root, other] = [makeRoot(), makeRoot()];
  const programs = ['/bin/sh', '/usr/bin/env', process.execPath].map((name) => fs.realpathSync(name));
  const libraries = fieldsOf((await describe(root, { programs })).text).Library.map((line) => line.split(' ').pop() as string);
  const loaded = { isTraced: true, programs, read: libraries.concat('/etc/passwd', fs.realpathSync('/etc/os-release')) };
  const first = await describe(root, loaded);
  const turned = { isTraced: true, programs: programs.slice().reverse(), read: loaded.read.slice().reverse().concat(loaded.read) };
  assert.deepEqual(await describe(root, turned), first, 'remembered');
  assert.deepEqual(await describe(other, turned), first, 'without anything remembered');
  assert.deepEqual(await describe(root, loaded, root + '/none/.rr'), first, 'no folder for caches');
  assert.equal(fs.existsSync(root + '/none'), false);
  for (const name of ['binaries', 'programs']) fs.appendFileSync(root + '/.rr/' + name, '\0\n{}\t{"bits":\n1 2 3\t{}\n');
  for (const name of fs.readdirSync(root + '/.rr/software')) fs.writeFileSync(root + '/.rr/software/' + name, '{"looked":[],"stamp":"","facts":{"text":');
  assert.deepEqual(await describe(root, loaded), first, 'caches damaged');
  assert.deepEqual(fieldsOf(first.text).Library.map((line) => line.split(' ').pop()), libraries);
});

/** Names that Node opens while `part` runs. */
async function watchOpens(part: () => Promise<unknown>): Promise<string[]> {
  const opened: string[] = [];
  const originals = { openSync: fs.openSync, readFileSync: fs.readFileSync };
  const mutable = fs as unknown as { [name: string]: unknown };
  for (const name of ['openSync', 'readFileSync'] as const) {
    mutable[name] = (file: unknown, ...rest: unknown[]) => {
      if (typeof file !== 'number') opened.push(String(file));
      return (originals[name] as (...args: unknown[]) => unknown)(file, ...rest);
    };
  }
  try {
    await part();
  } finally {
    Object.assign(mutable, originals);
  }
  return opened;
}

test('describeSoftware() reads nothing but its cache when nothing has changed', { skip: lacksElf }, async () => {
  const programs = [fs.realpathSync('/bin/sh')];
  for (const loaded of [{ programs }, { isTraced: true, programs, read: ['/etc/passwd'] }]) {
    const root = makeRoot();
    const first = await watchOpens(() => describe(root, loaded));
    assert.ok(first.includes(programs[0]), 'the first time it reads the program');
    const second = await watchOpens(() => describe(root, loaded));
    assert.deepEqual(second.filter((name) => !name.startsWith(root + '/.rr/') && !name.startsWith('/proc/') && !name.startsWith('/sys/')), []);
  }
});

test('describeSoftware() sees that a library was changed, or came to stand before another', { skip: lacks('gcc') }, async () => {
  const root = makeRoot();
  const outside = makeTemporary();
  const settle = (...names: string[]): void => { for (const name of names) run('/', ['touch', '-d', '1 minute ago', name]); };
  const build = (name: string, text: string): void => {
    fs.mkdirSync(path.dirname(outside + '/' + name), { recursive: true });
    compile(outside, 'lib.c', text, ['gcc', '-shared', '-fPIC', '-o', name, 'lib.c']);
    settle(outside + '/' + name);
  };
  build('two/libh1.so', 'int h(void) { return 1; }');
  const program = compile(root, 'prog.c', 'int h(void); int main(void) { return h(); }', ['gcc', '-o', 'prog', 'prog.c', '-L' + outside + '/two', '-lh1', '-Wl,-rpath,' + outside + '/one:' + outside + '/two']);
  const loaded = { programs: [program], projectBinaries: [program] };
  const ask = async (): Promise<string> => {
    // Two answers, the second of which may be remembered; after a while, as what is too fresh is not.
    await new Promise((resolve) => setTimeout(resolve, 60));
    await describe(root, loaded);
    return (fieldsOf((await describe(root, loaded)).text).Library ?? []).filter((line) => line.endsWith('/libh1.so')).join('\n');
  };
  const hash = (name: string): string => run('/', ['sha256sum', name]).stdout.slice(0, 64);
  const first = await ask();
  assert.ok(first.startsWith(hash(outside + '/two/libh1.so')) && first.endsWith(outside + '/two/libh1.so'), first);
  build('two/libh1.so', 'int h(void) { return 2; }');
  const second = await ask();
  assert.notEqual(second, first);
  assert.ok(second.startsWith(hash(outside + '/two/libh1.so')));
  build('one/libh1.so', 'int h(void) { return 3; }');
  assert.ok((await ask()).endsWith(outside + '/one/libh1.so'));
  fs.unlinkSync(outside + '/one/libh1.so');
  assert.equal(await ask(), second);
});

test('describeSoftware() lists the lock files of the languages used, as they are now', { skip: lacks('python3') }, async () => {
  const root = makeRoot();
  const python = fs.realpathSync(run('/', ['python3', '-c', 'import sys; print(sys.executable)']).stdout.trim());
  const ask = async (): Promise<string[] | undefined> => {
    await new Promise((resolve) => setTimeout(resolve, 60));
    await describe(root, { programs: [python] });
    return fieldsOf((await describe(root, { programs: [python] })).text).Lock_file;
  };
  assert.equal(await ask(), undefined);
  const put = (text: string): void => {
    fs.writeFileSync(root + '/requirements.txt', text);
    run('/', ['touch', '-d', '1 minute ago', root + '/requirements.txt']);
  };
  const expected = (): string[] => [run(root, ['sha256sum', 'requirements.txt']).stdout.slice(0, 64) + '  12 requirements.txt'];
  put('numpy==1.24\n');
  assert.deepEqual(await ask(), expected());
  put('numpy==1.25\n');
  assert.deepEqual(await ask(), expected());
});

test('describeSoftware() lists up to 200 files that no package has, and counts the rest', async () => {
  const root = makeRoot();
  const outside = makeTemporary();
  const read: string[] = [outside, outside + '/gone', outside + '/.netrc'];
  fs.writeFileSync(outside + '/.netrc', 'machine m login l password hunter2-zq\n');
  for (let i = 0; i < 250; i++) {
    read.push(outside + '/f' + String(i).padStart(3, '0') + (i === 0 ? '\xff %' : ''));
    fs.writeFileSync(Buffer.from(read[read.length - 1], 'latin1'), String(i));
  }
  const fields = fieldsOf((await describe(root, { isTraced: true, read })).text);
  assert.equal(fields.File.length, 200);
  assert.deepEqual(fields.Files_not_listed, ['51']);
  assert.equal(fields.File[0], '?  38 ' + outside + '/.netrc', 'no hash of what may hold a secret');
  assert.equal(fields.File[1], '5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9  1 ' + outside + '/f000%FF %25');
  assert.equal(fields.Library, undefined);
  const turned = await describe(makeRoot(), { isTraced: true, read: read.slice().reverse() });
  assert.deepEqual(fieldsOf(turned.text), fields, 'the same 200');
  assert.equal((await describe(root, { isTraced: true, read: read.slice(0, 20) })).text.includes('Files_not_listed'), false);
});

test('describeSoftware() lists files of /etc even though a package put them there', { skip: lacksDpkg }, async (t) => {
  const configured = ['/etc/bash.bashrc', '/etc/profile', '/etc/debconf.conf'].find((name) => fs.existsSync(name) && run('/', ['dpkg-query', '-S', name]).status === 0);
  if (configured === undefined) return t.skip('no configuration file of a package here');
  const shared = run('/', ['dpkg-query', '-L', 'base-files']).stdout.split('\n').find((name) => name.startsWith('/usr/share/') && fs.lstatSync(name).isFile()) ?? '';
  const fields = fieldsOf((await describe(makeRoot(), { isTraced: true, read: [configured, shared, '/usr/share', '/etc'] })).text);
  assert.deepEqual(fields.File.map((line) => line.split(' ').pop()), [configured]);
  const owner = run('/', ['dpkg-query', '-S', configured]).stdout.split(':')[0];
  assert.deepEqual(fields.Package.map((line) => line.split(' ')[1]), Array.from(new Set(['base-files', owner])).sort(), 'folders count for no package');
});

test('describeSoftware() of a traced run adds the loader, and leaves out texts that are named like libraries', { skip: lacksElf }, async () => {
  const root = makeRoot();
  const outside = makeTemporary();
  fs.writeFileSync(outside + '/libm.so', '/* GNU ld script */\n');
  const program = fs.realpathSync('/bin/sh');
  const fields = fieldsOf((await describe(root, { isTraced: true, programs: [program, outside + '/gone'], read: [outside + '/libm.so'] })).text);
  assert.equal(fields.Executable.length, 1);
  assert.match(fields.Library.join('\n'), /^[0-9a-f]{64}  \d+x? \/\S*\/ld-\S+$/);
  assert.equal(fields.File.length, 1);
});

test('isSharedObjectName() takes libraries and extension modules', () => {
  for (const name of ['/lib/libc.so.6', '/lib/libz.so', '/l/libopenblas-r0.3.21.so', '/p/x.cpython-311-x86_64-linux-gnu.so', '/n/a.node', '/l/libstdc++.so.6.0.30']) assert.ok(isSharedObjectName(name), name);
  for (const name of ['/p/x.py', '/etc/ld.so.cache', '/etc/ld.so.conf', '/a/b.so.txt', '/a/so', '/a/node']) assert.ok(!isSharedObjectName(name), name);
});

test('describeGpus() reads what /proc and /sys tell of GPUs', () => {
  const root = makeTemporary();
  assert.deepEqual(describeGpus(root), { gpus: [], drivers: [] });
  const put = (name: string, text: string): void => {
    fs.mkdirSync(path.dirname(root + name), { recursive: true });
    fs.writeFileSync(root + name, text);
  };
  put('/proc/driver/nvidia/version', 'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build  (dvs-builder)\nGCC version:  gcc version 12.2.0\n');
  put('/proc/driver/nvidia/gpus/0000:3b:00.0/information', 'Model: \t\t NVIDIA A100-PCIE-40GB\nIRQ:   \t\t 151\nGPU UUID: \t GPU-0\n');
  put('/proc/driver/nvidia/gpus/0000:af:00.0/information', '');
  put('/sys/module/amdgpu/version', '6.3.6\n');
  put('/sys/class/drm/card1/device/vendor', '0x1002\n');
  put('/sys/class/drm/card1/device/device', '0x73bf\n');
  put('/sys/class/drm/card1-DP-1/status', 'connected\n');
  assert.deepEqual(describeGpus(root), {
    gpus: ['nvidia NVIDIA A100-PCIE-40GB, 0000:3b:00.0', 'nvidia unknown, 0000:af:00.0', 'pci 1002:73bf, card1'],
    drivers: ['nvidia 550.54.15', 'amdgpu 6.3.6'],
  });
  put('/proc/driver/nvidia/version', 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.82.01  Wed Oct 27 21:21:55 UTC 2021\n');
  assert.deepEqual(describeGpus(root).drivers, ['nvidia 470.82.01', 'amdgpu 6.3.6']);
});

test('isGpuLibrary() takes the libraries by which programs reach a GPU', () => {
  for (const name of ['/usr/lib/libcuda.so.550.54.15', '/opt/rocm/lib/libamdhip64.so.6', '/usr/lib/libOpenCL.so.1.0.0']) assert.ok(isGpuLibrary(name), name);
  for (const name of ['/usr/lib/libc.so.6', '/usr/lib/libcudart.so.12', '/a/libcuda.txt']) assert.ok(!isGpuLibrary(name), name);
});

test('record --trace scan has the project\'s libraries that its program needs among the inputs', { skip: lacks('gcc') }, () => {
  const folder = makeProject();
  fs.writeFileSync(folder + '/lib.c', 'int mine(void) { return 3; }\n');
  fs.writeFileSync(folder + '/main.c', 'int mine(void); int main(void) { return mine() - 3; }\n');
  const done = run(folder, ['sh', '-ec', 'gcc -shared -fPIC -O1 -g lib.c -o libmine.so; gcc main.c -L. -lmine -Wl,-rpath,\'$ORIGIN\' -o prog']);
  assert.equal(done.status, 0, done.stderr);
  assert.equal(rr(folder, ['record', '-q', '--trace', 'scan', '--', './prog']).status, 0);
  const record = readOnlyRecord(folder);
  assert.deepEqual(pathsOf(record.Input), ['libmine.so', 'prog']);
  assert.ok(record.Compiler.some((line) => /^libmine\.so GNU C\S* .*-O1/.test(line)), record.Compiler.join('\n'));
});

test('record has an editable package of the project among the packages', { skip: lacks('python3', 'strace') }, () => {
  const folder = makeProject();
  fs.mkdirSync(folder + '/top/tgpk-3.0.dist-info', { recursive: true });
  fs.mkdirSync(folder + '/top/tgpk');
  fs.writeFileSync(folder + '/top/tgpk/__init__.py', 'answer = 42\n');
  fs.writeFileSync(folder + '/top/tgpk-3.0.dist-info/METADATA', 'Metadata-Version: 2.1\nName: tgpk\nVersion: 3.0\n');
  fs.writeFileSync(folder + '/top/tgpk-3.0.dist-info/RECORD', 'tgpk/__init__.py,,\ntgpk-3.0.dist-info/METADATA,,\ntgpk-3.0.dist-info/RECORD,,\n');
  const done = rr(folder, ['record', '-q', '--trace', 'strace', '--', 'python3', '-c', 'import sys; sys.path.insert(0, "top"); import tgpk']);
  assert.equal(done.status, 0, done.stderr);
  const environment = fs.readFileSync(folder + '/provenance/environments/' + readOnlyRecord(folder).Environment[0] + '.rec', 'latin1');
  assert.match(environment, /^Package: python tgpk 3\.0/m);
});
