// packages.test.ts - which package a file came with, held against dpkg and pacman; rpm has rpm.test.ts.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import type { PackageFact } from '../src/core/packagefact.ts';
import { parseCondaRecord } from '../src/formats/conda.ts';
import { LineSearch } from '../src/formats/linesearch.ts';
import { parseStorePath } from '../src/formats/storepath.ts';
import { findOwners } from '../src/sys/packages.ts';
import { hasProgram, makeTemporary, run, sleep } from './rig.ts';

const NO_DPKG = hasProgram('dpkg-query') && fs.existsSync('/var/lib/dpkg/status') ? false : 'no dpkg';
const NO_PACMAN = hasProgram('pacman') ? false : 'no pacman';

function ask(root: string, paths: string[], cacheFolder = '/nowhere'): { [path: string]: string } {
  const answers: { [path: string]: string } = {};
  for (const [name, fact] of findOwners(paths, { root, cacheFolder })) answers[name] = spell(fact);
  return answers;
}

function spell(fact: PackageFact): string {
  return [fact.manager, fact.name, fact.version, fact.architecture].join(' ');
}

/** A folder with these files; a name that ends with "@" is a link to its text. */
function makeTree(files: { [name: string]: string }): string {
  const root = makeTemporary();
  for (const [name, text] of Object.entries(files)) {
    const whole = path.join(root, name.replace(/@$/, ''));
    fs.mkdirSync(path.dirname(whole), { recursive: true });
    if (name.endsWith('@')) fs.symlinkSync(text, whole);
    else fs.writeFileSync(whole, text, 'latin1');
  }
  return root;
}

// ---- dpkg -----------------------------------------------------------------------------------------

/** Files of this machine that programs run and load, links resolved. */
function listSystemFiles(): string[] {
  const found = new Set<string>();
  const libraries = fs.readdirSync('/usr/lib').map((name) => '/usr/lib/' + name).filter((name) => /-linux-gnu\w*$/.test(name));
  for (const folder of ['/usr/bin', '/usr/sbin', '/usr/share/perl5', '/usr/lib/python3/dist-packages'].concat(libraries)) {
    if (!fs.existsSync(folder)) continue;
    for (const name of fs.readdirSync(folder, 'latin1' as BufferEncoding)) {
      const whole = folder + '/' + name;
      // What dpkg takes for a pattern, and names that are not ASCII, are left out.
      if (/[^!-~]|[[\]*?\\]/.test(whole) || !fs.existsSync(whole)) continue;
      const real = fs.realpathSync(whole);
      if (fs.statSync(real).isFile()) found.add(real);
    }
  }
  return Array.from(found).sort();
}

/** Names under which dpkg may have a file, where folders of / are links into /usr. */
function listNames(file: string): string[] {
  const short = file.replace(/^\/usr/, '');
  const top = '/' + short.split('/')[1];
  return short !== file && fs.existsSync(top) && fs.realpathSync(top) === '/usr' + top ? [file, short] : [file];
}

/** File -> packages, as dpkg -S has them: "libc6:amd64". */
function searchByDpkg(names: string[]): Map<string, string[]> {
  const owners = new Map<string, string[]>();
  for (const line of run('/', ['dpkg', '-S', '--'].concat(names)).stdout.split('\n')) {
    const parts = /^(?!diversion by )(.*): (\/.*)$/.exec(line);
    if (parts !== null) owners.set(parts[2], parts[1].split(', '));
  }
  return owners;
}

function readDiversions(): { from: string; to: string; by: string }[] {
  const found: { from: string; to: string; by: string }[] = [];
  for (const line of run('/', ['dpkg-divert', '--list']).stdout.split('\n')) {
    const parts = /^diversion of (\S+) to (\S+) by (\S+)$/.exec(line);
    if (parts !== null) found.push({ from: parts[1], to: parts[2], by: parts[3] });
  }
  return found;
}

/** Package -> what dpkg-query prints of it; by its name, with and without the architecture. */
function queryPackages(): Map<string, string> {
  const packages = new Map<string, string>();
  for (const line of run('/', ['dpkg-query', '-W', '-f', '${binary:Package}\t${Package}\t${Version}\t${Architecture}\n']).stdout.split('\n')) {
    const [binary, name, version, architecture] = line.split('\t');
    if (architecture !== undefined) packages.set(binary, 'dpkg ' + [name, version, architecture].join(' '));
  }
  return packages;
}

test('findOwners() gives the package of dpkg -S with the version of dpkg-query, for thousands of files', { skip: NO_DPKG, timeout: 120000 }, (context) => {
  const files = listSystemFiles();
  const diverted = new Set<string>();
  for (const one of readDiversions()) for (const name of [one.from, one.to]) diverted.add(fs.existsSync(name) ? fs.realpathSync(name) : name);
  const asked = files.filter((name) => !diverted.has(name));
  const byDpkg = searchByDpkg(asked.map(listNames).reduce((all, names) => all.concat(names), []));
  const packages = queryPackages();
  const answers = ask('', asked);
  let owned = 0;
  for (const file of asked) {
    const names = listNames(file).map((name) => byDpkg.get(name) ?? []).reduce((all, some) => all.concat(some), []);
    if (names.length > 0) owned += 1;
    const expected = names.map((name) => packages.get(name));
    assert.ok(names.length === 0 ? answers[file] === undefined : expected.indexOf(answers[file]) >= 0, file + ': ' + String(answers[file]) + ' not ' + expected.join(', '));
  }
  context.diagnostic(String(owned) + ' of ' + String(asked.length) + ' files have a package');
  assert.ok(owned > 100);
});

test('findOwners() follows the diversions of this machine', { skip: NO_DPKG, timeout: 120000 }, (context) => {
  const packages = queryPackages();
  const diversions = readDiversions();
  const byDpkg = searchByDpkg(diversions.map((one) => one.from));
  let checked = 0;
  for (const one of diversions) {
    const owners = byDpkg.get(one.from) ?? [];
    for (const [name, isOwner] of [[one.from, (owner: string) => owner === one.by], [one.to, (owner: string) => owner !== one.by]] as const) {
      if (!fs.existsSync(name) || fs.lstatSync(name).isSymbolicLink()) continue;
      const expected = owners.filter((owner) => isOwner(owner.replace(/:.*/, ''))).map((owner) => packages.get(owner));
      const real = fs.realpathSync(name);
      assert.ok(expected.length === 0 ? ask('', [real])[real] === undefined : expected.indexOf(ask('', [real])[real]) >= 0, name);
      checked += 1;
    }
  }
  context.diagnostic(String(checked) + ' diverted files');
});

const DPKG_TREE = {
  'bin@': 'usr/bin', 'lib@': 'usr/lib', 'usr/bin/x': '', 'usr/lib/x': '',
  'var/lib/dpkg/arch': 'amd64\ni386\n',
  'var/lib/dpkg/status': 'Package: dash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 0.5.12-2\nDescription: shell\n Version: 9\n\n'
    + 'Package: libz\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\nVersion: 1:1.2\n\n'
    + 'Package: libz\nStatus: install ok installed\nArchitecture: i386\nMulti-Arch: same\nVersion: 1:1.2+b1\n\n'
    + 'Package: wrap\nArchitecture: all\nVersion: 3\n\nPackage: plain\nArchitecture: all\nVersion: 7~rc1\n',
  'var/lib/dpkg/info/dash.list': '/.\n/bin\n/bin/dash\n/bin/sh\n',
  'var/lib/dpkg/info/libz:amd64.list': '/lib/x86_64-linux-gnu/libz.so.1\n/usr/share/doc/libz/copyright\n',
  'var/lib/dpkg/info/libz:i386.list': '/lib/i386-linux-gnu/libz.so.1\n/usr/share/doc/libz/copyright\n',
  'var/lib/dpkg/info/plain.list': '/usr/bin/tool\n/usr/bin/edited\n/usr/share/h\xc3\xa9',
  'var/lib/dpkg/info/wrap.list': '/usr/bin/tool\n/usr/bin/wrap\n',
  'var/lib/dpkg/info/wrap.md5sums': '/usr/bin/not-a-list\n',
  'var/lib/dpkg/info/stray.list': '/usr/bin/stray\n',
  'var/lib/dpkg/diversions': '/usr/bin/tool\n/usr/bin/tool.real\nwrap\n/usr/bin/edited\n/usr/bin/edited.orig\n:\n/bin/sh\n/bin/sh.distrib\nwrap\n/cut/off\n',
};

test('findOwners() knows links to folders, architectures, diversions and names of dpkg', () => {
  const asked = ['/usr/bin/dash', '/usr/bin/sh.distrib', '/usr/bin/sh', '/usr/lib/x86_64-linux-gnu/libz.so.1', '/usr/lib/i386-linux-gnu/libz.so.1', '/usr/share/doc/libz/copyright',
    '/usr/bin/tool', '/usr/bin/tool.real', '/usr/bin/edited', '/usr/bin/edited.orig', '/usr/share/h\xc3\xa9', '/usr/bin/stray', '/usr/bin/not-a-list', '/bin', '', '/'];
  assert.deepEqual(ask(makeTree(DPKG_TREE), asked), {
    '/usr/bin/dash': 'dpkg dash 0.5.12-2 amd64',
    '/usr/bin/sh.distrib': 'dpkg dash 0.5.12-2 amd64',
    '/usr/lib/x86_64-linux-gnu/libz.so.1': 'dpkg libz 1:1.2 amd64',
    '/usr/lib/i386-linux-gnu/libz.so.1': 'dpkg libz 1:1.2+b1 i386',
    '/usr/share/doc/libz/copyright': 'dpkg libz 1:1.2 amd64',
    '/usr/bin/tool': 'dpkg wrap 3 all',
    '/usr/bin/tool.real': 'dpkg plain 7~rc1 all',
    '/usr/bin/edited.orig': 'dpkg plain 7~rc1 all',
    '/usr/share/h\xc3\xa9': 'dpkg plain 7~rc1 all',
    '/usr/bin/stray': 'dpkg stray  ',
    '/bin': 'dpkg dash 0.5.12-2 amd64',
  });
});

test('findOwners() does not take /usr/lib for /lib where it is another folder', () => {
  const tree = { ...DPKG_TREE, 'lib/x': '' } as { [name: string]: string };
  delete tree['lib@'];
  assert.deepEqual(ask(makeTree(tree), ['/usr/lib/x86_64-linux-gnu/libz.so.1', '/lib/x86_64-linux-gnu/libz.so.1']), { '/lib/x86_64-linux-gnu/libz.so.1': 'dpkg libz 1:1.2 amd64' });
});

test('findOwners() reads the status of images without dpkg', () => {
  const root = makeTree({
    'var/lib/dpkg/status.d/libc6': 'Package: libc6\nVersion: 2.36-9\nArchitecture: amd64\n',
    'var/lib/dpkg/status.d/libc6.md5sums': '0123456789abcdef0123456789abcdef  usr/lib/libc.so.6\nffffffffffffffffffffffffffffffff  usr/share/a b\n',
  });
  assert.deepEqual(ask(root, ['/usr/lib/libc.so.6', '/usr/share/a b', '/usr/lib/libc.so']), { '/usr/lib/libc.so.6': 'dpkg libc6 2.36-9 amd64', '/usr/share/a b': 'dpkg libc6 2.36-9 amd64' });
});

// ---- apk, pacman, conda, stores -------------------------------------------------------------------

const APK_INSTALLED = 'C:Q1BTIzqqSVzHnDRO6wXGRcsW4u5Qs=\nP:musl\nV:1.2.4-r2\nA:x86_64\nS:388955\nT:the musl c library\nF:lib\nR:ld-musl-x86_64.so.1\na:0:0:755\nZ:Q1abc=\nR:libc.musl-x86_64.so.1\na:0:0:777\n\n'
  + 'C:Q1x=\nP:busybox\nV:1.36.1-r5\nA:x86_64\np:cmd:busybox=1.36.1-r5\nF:bin\nR:busybox\na:0:0:755\nF:usr\nF:usr/share\nM:0:0:755\nF:usr/share/udhcpc\nR:default.script\nF:\nR:top\n\n'
  + 'P:noarch\nV:1\nA:noarch\nF:usr/share\nR:ld-musl-x86_64.so.1\nR:x';

test('findOwners() reads the list of apk', () => {
  for (const list of ['lib/apk/db/installed', 'usr/lib/apk/db/installed']) {
    const root = makeTree({ [list]: APK_INSTALLED, 'bin@': 'usr/bin', 'usr/bin/x': '' });
    assert.deepEqual(ask(root, ['/lib/ld-musl-x86_64.so.1', '/usr/bin/busybox', '/usr/share/udhcpc/default.script', '/top', '/usr/share/x', '/usr/share', '/usr/share/busybox', '/lib']), {
      '/lib/ld-musl-x86_64.so.1': 'apk musl 1.2.4-r2 x86_64',
      '/usr/bin/busybox': 'apk busybox 1.36.1-r5 x86_64',
      '/usr/share/udhcpc/default.script': 'apk busybox 1.36.1-r5 x86_64',
      '/top': 'apk busybox 1.36.1-r5 x86_64',
      '/usr/share/x': 'apk noarch 1 noarch',
    });
  }
});

test('findOwners() gives the package that pacman -Qo names', { skip: NO_PACMAN }, () => {
  const base = makeTemporary();
  const root = path.join(base, 'root');
  fs.mkdirSync(path.join(root, 'var/lib/pacman'), { recursive: true });
  const options = ['--root', root, '--dbpath', root + '/var/lib/pacman', '--cachedir', base + '/cache', '--gpgdir', base, '--logfile', base + '/log', '--config', '/dev/null', '--noconfirm'];
  const files: { [name: string]: string[] } = { alpha: ['usr/bin/alpha', 'usr/share/a b', 'etc/alpha.conf'], beta: ['usr/lib/libbeta.so.1', 'usr/share/h\xc3\xa9'] };
  for (const [name, names] of Object.entries(files)) {
    const tree: { [name: string]: string } = { '.PKGINFO': 'pkgname = ' + name + '\npkgbase = ' + name + '\npkgver = 1:1.2-3\npkgdesc = x\nbuilddate = 1\nsize = 4\narch = any\nbackup = etc/alpha.conf\n' };
    for (const one of names) tree[Buffer.from(one, 'latin1').toString('utf8')] = name;
    const folder = makeTree(tree);
    const done = run(folder, ['sh', '-c', 'tar czf "$0" .PKGINFO $(ls) && shift 0 && pacman "$@" -U "$0"', base + '/' + name + '.pkg.tar.gz'].concat(options), { env: { LC_ALL: 'C.UTF-8' } });
    assert.equal(done.status, 0, done.stderr + done.stdout);
  }
  const all = files.alpha.concat(files.beta).map((name) => '/' + name);
  const answers = ask(root, all.concat('/usr/bin', '/usr/bin/beta', '/alpha', '/'));
  assert.deepEqual(Object.keys(answers).sort(), all.sort());
  for (const name of all) {
    const said = run(base, ['pacman'].concat(options, '-Qo', Buffer.from(root + name, 'latin1').toString('utf8'))).stdout;
    const parts = /is owned by (\S+) (\S+)/.exec(said);
    assert.equal(answers[name], 'pacman ' + String(parts?.[1]) + ' ' + String(parts?.[2]) + ' any', said);
  }
});

test('findOwners() reads the database of pacman', () => {
  const local = 'var/lib/pacman/local/';
  const root = makeTree({
    [local + 'ALPM_DB_VERSION']: '9\n',
    [local + 'glibc-2.39-1/desc']: '%NAME%\nglibc\n\n%VERSION%\n2.39-1\n\n%DESC%\n%NAME%\n\n%ARCH%\nx86_64\n\n',
    [local + 'glibc-2.39-1/files']: '%FILES%\nusr/\nusr/lib/\nusr/lib/libc.so.6\n\n%BACKUP%\netc/gai.conf\t1234\n',
    [local + 'broken-1-1/files']: '%FILES%\nusr/lib/broken\n',
    'lib@': 'usr/lib', 'usr/lib/x': '',
  });
  assert.deepEqual(ask(root, ['/usr/lib/libc.so.6', '/usr/lib/broken', '/etc/gai.conf']), { '/usr/lib/libc.so.6': 'pacman glibc 2.39-1 x86_64' });
});

test('parseCondaRecord() tells the channel, and no token of it', () => {
  const channelOf = (channel: unknown): string | undefined => parseCondaRecord(JSON.stringify({ name: 'a', version: '1', subdir: 'linux-64', channel, files: [] }))?.architecture;
  assert.equal(channelOf('https://conda.anaconda.org/conda-forge/linux-64'), 'linux-64 conda-forge');
  assert.equal(channelOf('https://conda.anaconda.org/conda-forge/label/dev/linux-64'), 'linux-64 conda-forge/label/dev');
  assert.equal(channelOf('https://repo.anaconda.com/pkgs/main/linux-64/'), 'linux-64 https://repo.anaconda.com/pkgs/main');
  assert.equal(channelOf('bioconda'), 'linux-64 bioconda');
  assert.equal(channelOf('https://conda.anaconda.org/t/ab-0123/own/linux-64'), 'linux-64 own');
  assert.equal(channelOf('https://me:word@host.org/own/linux-64'), 'linux-64 https://host.org/own');
  for (const none of [undefined, 7, '', '<unknown>', 'file:///home/me/own/linux-64', 'a b', '-rf']) assert.equal(channelOf(none), 'linux-64');
});

test('findOwners() reads the records of the conda prefix above a file', () => {
  const numpy = { name: 'numpy', version: '1.26.0', build: 'py312hc5e2394_0', subdir: 'linux-64', files: ['lib/python3.12/site-packages/numpy/__init__.py', 'lib/h\u00e9 "x".py'], link: { source: '/pkgs' } };
  const root = makeTree({
    'opt/conda/conda-meta/history': '', 'opt/conda/conda-meta/pinned': 'x',
    'opt/conda/conda-meta/numpy-1.26.0.json': JSON.stringify(numpy, undefined, 2).replace('\u00e9', '\\u00e9'),
    'opt/conda/conda-meta/broken.json': '{"name": "broken", "files": ["bin/broken"',
    'opt/conda/conda-meta/list.json': '["bin/list"]',
    'opt/conda/envs/new/conda-meta/python.json': Buffer.from(JSON.stringify({ name: 'python', version: '3.12.1', subdir: 'linux-64', files: ['bin/python3.12', 'lib/\u00e9', 7] }), 'utf8').toString('latin1'),
    'var/lib/dpkg/status': 'Package: odd\nVersion: 1\nArchitecture: all\n', 'var/lib/dpkg/info/odd.list': '/opt/conda/bin/odd\n',
  });
  assert.deepEqual(ask(root, ['/opt/conda/lib/python3.12/site-packages/numpy/__init__.py', '/opt/conda/lib/h\xc3\xa9 "x".py', '/opt/conda/bin/broken', '/opt/conda/bin/list',
    '/opt/conda/envs/new/bin/python3.12', '/opt/conda/envs/new/lib/\xc3\xa9', '/opt/conda/envs/new/lib/python3.12/site-packages/numpy/__init__.py', '/opt/conda/bin/odd', '/opt/conda/pkgs']), {
    '/opt/conda/lib/python3.12/site-packages/numpy/__init__.py': 'conda numpy 1.26.0=py312hc5e2394_0 linux-64',
    '/opt/conda/lib/h\xc3\xa9 "x".py': 'conda numpy 1.26.0=py312hc5e2394_0 linux-64',
    '/opt/conda/envs/new/bin/python3.12': 'conda python 3.12.1 linux-64',
    '/opt/conda/envs/new/lib/\xc3\xa9': 'conda python 3.12.1 linux-64',
    '/opt/conda/bin/odd': 'dpkg odd 1 all',
  });
});

test('parseStorePath() tells name and version in the stores of Guix and Nix', () => {
  const hash = '0c1v3n5z7w9p2m4k6j8h0g1f3d5b7a9s';
  const table: { [path: string]: string | undefined } = {
    ['/gnu/store/' + hash + '-gcc-toolchain-13.2.0/bin/gcc']: 'guix gcc-toolchain 13.2.0 ',
    ['/gnu/store/' + hash + '-python-numpy-1.24.4/lib/x.so']: 'guix python-numpy 1.24.4 ',
    ['/gnu/store/' + hash + '-font-a-b2/x']: 'guix font-a-b2  ',
    ['/gnu/store/' + hash + '-glibc-2.35']: 'guix glibc 2.35 ',
    ['/nix/store/' + hash + '-glibc-2.38-27/lib/libc.so.6']: 'nix glibc 2.38-27 ',
    ['/nix/store/' + hash + '-python3.11-numpy-1.26.1/x']: 'nix python3.11-numpy 1.26.1 ',
    ['/nix/store/' + hash + '-source/x']: 'nix source  ',
    ['/nix/store/' + hash + '/x']: undefined,
    ['/nix/store/e' + hash.slice(1) + '-a-1/x']: undefined,
    ['/nix/store/.links/' + hash + '-a-1']: undefined,
    ['/home/gnu/store/' + hash + '-a-1/x']: undefined,
  };
  for (const [name, expected] of Object.entries(table)) {
    const fact = parseStorePath(name);
    assert.equal(fact === undefined ? undefined : spell(fact), expected, name);
  }
});

// ---- the cache ------------------------------------------------------------------------------------

/** A system and a folder for the cache. What was written within a tick of the clock is not kept. */
async function makeCached(): Promise<{ root: string; cache: string; owners: string }> {
  const root = makeTree({ ...DPKG_TREE, 'usr/bin/dash': '' });
  const past = Date.now() / 1000 - 60.5;
  for (const name of ['status', 'info', 'arch', 'diversions']) fs.utimesSync(path.join(root, 'var/lib/dpkg', name), past, past);
  await sleep(60);
  const cache = makeTemporary();
  return { root, cache, owners: path.join(cache, 'owners') };
}

const CACHED_PATHS = ['/usr/bin/dash', '/usr/bin/nothing here', '/usr/share/h\xc3\xa9'];

test('findOwners() answers from its cache what it was asked before, until a database changes', async () => {
  const { root, cache, owners } = await makeCached();
  const before = ask(root, CACHED_PATHS, cache);
  assert.equal(Object.keys(before).length, 2);
  assert.equal(fs.readFileSync(owners, 'latin1').split('\n').length, 4);
  // An answer that only the cache can have given.
  fs.writeFileSync(owners, fs.readFileSync(owners, 'latin1').replace('0.5.12-2', 'cached'), 'latin1');
  assert.equal(ask(root, CACHED_PATHS, cache)['/usr/bin/dash'], 'dpkg dash cached amd64');
  assert.equal(fs.readFileSync(owners, 'latin1').split('\n').length, 4, 'nothing is added');
  assert.equal(ask(root, CACHED_PATHS.concat('/usr/bin/tool'), cache)['/usr/bin/tool'], 'dpkg wrap 3 all');
  assert.equal(fs.readFileSync(owners, 'latin1').split('\n').length, 5, 'only the new file is added');
  fs.writeFileSync(path.join(root, 'var/lib/dpkg/status'), DPKG_TREE['var/lib/dpkg/status'].replace('0.5.12-2', '0.5.12-3'));
  assert.equal(ask(root, CACHED_PATHS, cache)['/usr/bin/dash'], 'dpkg dash 0.5.12-3 amd64');
  assert.equal(ask(root, CACHED_PATHS, '/nowhere')['/usr/bin/dash'], 'dpkg dash 0.5.12-3 amd64');
});

test('findOwners() sees a package that was added: the folder of lists changed', async () => {
  const { root, cache } = await makeCached();
  assert.equal(ask(root, ['/usr/bin/new'], cache)['/usr/bin/new'], undefined);
  fs.writeFileSync(path.join(root, 'var/lib/dpkg/info/new.list'), '/usr/bin/new\n');
  assert.equal(ask(root, ['/usr/bin/new'], cache)['/usr/bin/new'], 'dpkg new  ');
});

test('findOwners() overlooks lines of its cache that were cut off or are none', async () => {
  const { root, cache, owners } = await makeCached();
  const expected = ask(root, CACHED_PATHS, cache);
  const whole = fs.readFileSync(owners, 'latin1');
  for (let cut = 0; cut < whole.length; cut += 7) {
    fs.writeFileSync(owners, whole.slice(0, cut), 'latin1');
    assert.deepEqual(ask(root, CACHED_PATHS, cache), expected, 'cut at ' + String(cut));
    assert.deepEqual(ask(root, CACHED_PATHS, cache), expected, 'added to after ' + String(cut));
  }
  fs.writeFileSync(owners, '\0\xff\n\t\t\t\t\t\t\n' + whole.replace(/dpkg/g, 'magic'), 'latin1');
  assert.deepEqual(ask(root, CACHED_PATHS, cache), expected);
});

test('findOwners() goes without a cache where there can be none', async () => {
  const { root, cache } = await makeCached();
  const expected = ask(root, CACHED_PATHS);
  fs.mkdirSync(path.join(cache, 'owners'));
  for (const folder of [cache, path.join(cache, 'missing'), '/proc/self', '/dev/null']) assert.deepEqual(ask(root, CACHED_PATHS, folder), expected, folder);
  assert.deepEqual(fs.readdirSync(cache), ['owners']);
});

test('findOwners() of a system without a package manager finds nothing and writes nothing', () => {
  const cache = makeTemporary();
  assert.deepEqual(ask(makeTemporary(), ['/usr/bin/dash', ''], cache), {});
  assert.deepEqual(fs.readdirSync(cache), []);
});

test('findOwners() neither throws nor hangs on malformed databases', () => {
  const names = ['var/lib/dpkg/status', 'var/lib/dpkg/diversions', 'var/lib/dpkg/info/a.list', 'var/lib/dpkg/info/a:b:c.list', 'var/lib/dpkg/info/.list', 'var/lib/dpkg/status.d/a.md5sums', 'var/lib/dpkg/status.d/a',
    'var/lib/rpm/rpmdb.sqlite', 'var/lib/rpm/rpmdb.sqlite-wal', 'var/lib/rpm/Packages', 'var/lib/rpm/Packages.db', 'lib/apk/db/installed', 'var/lib/pacman/local/a/desc', 'var/lib/pacman/local/a/files', 'opt/c/conda-meta/a.json'];
  const pieces = ['Package: a', 'Version:', '\n\n', '\n', '\0', '/usr/bin/a\n', 'usr/bin/a\n', 'P:a\nF:usr/bin\nR:a\n', 'R:a\n', '%NAME%\na\n', '{"name":"a","files":["bin/a"]}', '"bin/a"', '[', '\xff\xff\xff\xff', 'SQLite format 3\0\x10\0', 'RpmP', 'BlbS', 'Slot', 'a\x15\x06\0', '\x07\0\0\0', '7\x7f\x06\x82'];
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
  for (let seed = 1; seed <= 60; seed++) {
    state = seed;
    const files: { [name: string]: string } = {};
    for (const name of names) {
      let text = '';
      for (let i = random(40); i > 0; i--) text += pieces[random(pieces.length)];
      files[name + (random(12) === 0 ? '/folder' : random(20) === 0 ? '@' : '')] = text.replace(/[\0/]/g, '_') === '' || random(3) > 0 ? text : text.repeat(50);
    }
    for (const name of Object.keys(files)) if (name.endsWith('@')) files[name] = 'nothing' + String(seed);
    for (const owner of Object.values(ask(makeTree(files), ['/usr/bin/a', '/opt/c/bin/a', '/usr/bin/b']))) assert.match(owner, /^(dpkg|apk|pacman|conda) /);
  }
});

test('LineSearch finds exactly the wanted lines, also those of 256 bytes and more', () => {
  const lines: string[] = [];
  for (let i = 0; i < 600; i++) lines.push('x'.repeat(i) + String(i % 7));
  const wanted = lines.filter((_, i) => i % 3 === 0);
  const found: string[] = [];
  new LineSearch('\n', wanted.concat('', 'never')).find(lines.join('\n'), (line, index) => found.push(line + '@' + String(index)));
  assert.deepEqual(found, wanted.map((line, i) => line + '@' + String(i * 3)));
  const some: string[] = [];
  new LineSearch('\0', ['a', 'b']).find('a\0b\0a\0b\0', (line, index) => some.push(line + String(index)), { start: 2, count: 2 });
  assert.deepEqual(some, ['b0', 'a1']);
});
