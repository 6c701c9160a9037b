// rpm.test.ts - owners of files by rpm's databases, held against the program rpm.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import type { PackageFact } from '../src/core/packagefact.ts';
import { scanBerkeleyHash } from '../src/formats/berkeleyhash.ts';
import type { FileParts } from '../src/formats/fileparts.ts';
import { LineSearch } from '../src/formats/linesearch.ts';
import { scanNdb } from '../src/formats/ndb.ts';
import { findInRpmHeader } from '../src/formats/rpmheader.ts';
import { findOwners } from '../src/sys/packages.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

const NO_RPM = hasProgram('rpmbuild') && hasProgram('sqlite3') ? false : 'no rpmbuild or no sqlite3';
const NO_BERKELEY = NO_RPM === false && !hasProgram('db5.3_load') ? 'no db5.3_load' : NO_RPM;

function partsOf(bytes: string): FileParts {
  return { sizeBytes: bytes.length, read: (at, length) => bytes.slice(at, at + length) };
}

type SpecOptions = { name: string; head: string; fill: string; files: string };

function makeSpec(options: SpecOptions): string {
  return 'Name: ' + options.name + '\nVersion: 1.2\nRelease: 3.test\nSummary: x\nLicense: x\n' + options.head
    + '\n%define _build_id_links none\n%define __os_install_post true\n%description\nx\n%install\ncd %{buildroot}\n' + options.fill + '\n%files\n' + options.files + '\n';
}

const SPECS: SpecOptions[] = [
  { name: 'alpha', head: 'Epoch: 2\nBuildArch: noarch', fill: 'mkdir -p usr/share/alpha usr/bin; echo a > "usr/share/alpha/a b.txt"; echo a > usr/bin/alpha; echo a > usr/share/alpha/shared', files: '/usr/share/alpha\n/usr/bin/alpha' },
  { name: 'beta', head: '', fill: 'mkdir -p usr/lib64 bin usr/share/alpha; echo b > usr/lib64/libbeta.so.1; ln -s libbeta.so.1 usr/lib64/libbeta.so; echo b > bin/beta; echo b > usr/share/alpha/shared; echo b > usr/share/alpha/h\xc3\xa9llo', files: '/usr/lib64/*\n/bin/beta\n/usr/share/alpha/*' },
  // A header of some 500 KB: chains of overflow pages.
  { name: 'gamma', head: 'BuildArch: noarch', fill: 'for i in `seq 1 30`; do mkdir -p usr/share/gamma/$i; for j in `seq 1 100`; do echo > usr/share/gamma/$i/__init__$j.py; done; done; mkdir -p usr/share/twin; echo g > usr/share/twin/same', files: '/usr/share/gamma\n/usr/share/twin/same' },
  { name: 'delta', head: 'BuildArch: noarch', fill: 'mkdir -p usr/share/twin; echo g > usr/share/twin/same', files: '/usr/share/twin/same' },
  { name: 'empty', head: 'BuildArch: noarch', fill: 'true', files: '' },
];

type Made = { root: string; database: string; rpm: (...args: string[]) => string };

let made: Made | undefined;

/** A system whose database of rpm has the packages of SPECS; made once. */
function makeSystem(): Made {
  if (made !== undefined) return made;
  const base = makeTemporary();
  const root = path.join(base, 'root');
  const database = path.join(root, 'var/lib/rpm');
  fs.mkdirSync(database, { recursive: true });
  const call = (args: string[]): string => {
    const done = run(base, args, { timeoutMs: 120000 });
    assert.equal(done.status, 0, args.join(' ') + ': ' + done.stderr);
    return done.stdout;
  };
  const rpm = (...args: string[]): string => call(['rpm', '--define', '_db_backend sqlite', '--dbpath', database].concat(args));
  for (const spec of SPECS) {
    fs.writeFileSync(path.join(base, spec.name + '.spec'), makeSpec(spec), 'latin1');
    call(['rpmbuild', '--quiet', '--define', '_topdir ' + base + '/top', '-bb', spec.name + '.spec']);
  }
  const files = run(base, ['sh', '-c', 'find top/RPMS -name "*.rpm" | sort']).stdout.split('\n').filter((name) => name !== '');
  assert.equal(files.length, SPECS.length);
  // One after the other: beta's file takes the place of alpha's, which rpm notes as replaced.
  for (const file of files) rpm('--nodeps', '--justdb', '--replacefiles', '--noscripts', '--ignorearch', '-i', file);
  made = { root, database, rpm };
  return made;
}

/** Every installed file as rpm prints it, with its owners; of several, any is right. */
function listByRpm(system: Made): Map<string, PackageFact[]> {
  const owned = new Map<string, PackageFact[]>();
  const format = '[%{FILENAMES}\t%{FILESTATES}\t%{=NAME}\t%{=EVR}\t%{=ARCH}\n]';
  for (const line of system.rpm('-qa', '--qf', format).split('\n')) {
    const [name, state, packageName, version, architecture] = line.split('\t');
    if (architecture === undefined || state !== '0') continue;
    owned.set(name, (owned.get(name) ?? []).concat({ manager: 'rpm', name: packageName, version, architecture }));
  }
  return owned;
}

function checkAll(expected: Map<string, PackageFact[]>, root: string): void {
  const asked = Array.from(expected.keys());
  const owners = findOwners(asked.concat('/usr/share/gamma/nothing.py', '/nowhere/alpha', '/usr/share/alpha/gamma', '/'), { root, cacheFolder: '/nowhere' });
  assert.equal(owners.size, asked.length);
  for (const [name, facts] of expected) {
    const owner = owners.get(name);
    assert.ok(facts.some((fact) => JSON.stringify(Object.entries(fact).sort()) === JSON.stringify(Object.entries(owner ?? {}).sort())), name + ': ' + JSON.stringify(owner));
  }
}

test('findOwners() knows what rpm -qa lists: rpmdb.sqlite', { skip: NO_RPM, timeout: 200000 }, () => {
  const system = makeSystem();
  const expected = listByRpm(system);
  assert.ok(expected.size > 3000, String(expected.size));
  checkAll(expected, system.root);
});

test('findOwners() gives the package that rpm -qf names; not one whose file was replaced', { skip: NO_RPM, timeout: 200000 }, () => {
  const system = makeSystem();
  const names = ['/usr/bin/alpha', '/usr/share/alpha/a b.txt', '/usr/share/alpha/shared', '/usr/lib64/libbeta.so.1', '/bin/beta', '/usr/share/alpha/h\xc3\xa9llo', '/usr/share/gamma/7/__init__7.py'];
  const owners = findOwners(names, { root: system.root, cacheFolder: '/nowhere' });
  for (const name of names) {
    const said = system.rpm('-qf', '--qf', '%{NAME} %{EVR} %{ARCH}', Buffer.from(name, 'latin1').toString('utf8'));
    const owner = owners.get(name);
    assert.equal(owner === undefined ? '' : [owner.name, owner.version, owner.architecture].join(' '), said, name);
  }
  assert.equal(owners.get('/usr/share/alpha/shared')?.name, 'beta');
});

test('findOwners() of a file in two packages does not depend on their order', { skip: NO_RPM, timeout: 200000 }, () => {
  const system = makeSystem();
  assert.equal(listByRpm(system).get('/usr/share/twin/same')?.length, 2);
  assert.equal(findOwners(['/usr/share/twin/same'], { root: system.root, cacheFolder: '/nowhere' }).get('/usr/share/twin/same')?.name, 'delta');
});

test('findOwners() reads every header where rpmdb.sqlite has no index of names', { skip: NO_RPM, timeout: 200000 }, () => {
  const system = makeSystem();
  const root = makeTemporary();
  const folder = path.join(root, 'usr/lib/sysimage/rpm');
  fs.mkdirSync(folder, { recursive: true });
  fs.copyFileSync(path.join(system.database, 'rpmdb.sqlite'), path.join(folder, 'rpmdb.sqlite'));
  const done = run(folder, ['sqlite3', 'rpmdb.sqlite', 'DROP INDEX Basenames_key_idx; PRAGMA wal_checkpoint(TRUNCATE);']);
  assert.equal(done.status, 0, done.stderr);
  checkAll(listByRpm(system), root);
});

test('findOwners() asks the index of names where there is one, not every header', { skip: NO_RPM, timeout: 200000 }, () => {
  const system = makeSystem();
  const root = makeTemporary();
  const folder = path.join(root, 'var/lib/rpm');
  fs.mkdirSync(folder, { recursive: true });
  fs.copyFileSync(path.join(system.database, 'rpmdb.sqlite'), path.join(folder, 'rpmdb.sqlite'));
  assert.equal(run(folder, ['sqlite3', 'rpmdb.sqlite', "DELETE FROM Basenames WHERE key = 'alpha'; PRAGMA wal_checkpoint(TRUNCATE);"]).status, 0);
  assert.deepEqual(Array.from(findOwners(['/usr/bin/alpha', '/bin/beta'], { root, cacheFolder: '/nowhere' }).keys()), ['/bin/beta']);
});

/** The headers as they lie in the database, by sqlite3. */
function readHeaders(system: Made): { number: number; bytes: string }[] {
  const done = run(undefined, ['sqlite3', path.join(system.database, 'rpmdb.sqlite'), 'SELECT hnum, hex(blob) FROM Packages']);
  return done.stdout.split('\n').filter((line) => line !== '').map((line) => {
    const [number, hex] = line.split('|');
    return { number: Number(number), bytes: Buffer.from(hex, 'hex').toString('latin1') };
  });
}

function hexOfNumber(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.toString('hex');
}

for (const [pageSize, order] of [[512, 1234], [4096, 1234], [4096, 4321], [65536, 1234]]) {
  test('findOwners() knows what rpm -qa lists: Packages of Berkeley DB, pages of ' + String(pageSize) + ' bytes, order ' + String(order), { skip: NO_BERKELEY, timeout: 200000 }, () => {
    const system = makeSystem();
    const root = makeTemporary();
    const folder = path.join(root, 'var/lib/rpm');
    fs.mkdirSync(folder, { recursive: true });
    const headers = readHeaders(system);
    let dump = 'VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=' + String(pageSize) + '\ndb_lorder=' + String(order) + '\nHEADER=END\n 00000000\n ' + hexOfNumber(headers.length) + '\n';
    for (const header of headers) dump += ' ' + hexOfNumber(header.number) + '\n ' + Buffer.from(header.bytes, 'latin1').toString('hex') + '\n';
    const done = run(folder, ['db5.3_load', 'Packages'], { input: dump + 'DATA=END\n' });
    assert.equal(done.status, 0, done.stderr);
    let values = 0;
    scanBerkeleyHash(partsOf(fs.readFileSync(path.join(folder, 'Packages'), 'latin1')), () => { values += 1; });
    assert.equal(values, headers.length + 1);
    checkAll(listByRpm(system), root);
  });
}

// As rpm's lib/backend/ndb/rpmpkg.c lays it out; Debian's rpm cannot write it.
function makeNdb(headers: { number: number; bytes: string }[]): string {
  const word = (value: number): string => Buffer.from(hexOfNumber(value), 'hex').toString('latin1');
  let slots = 'RpmP' + word(0) + word(7) + word(1) + word(headers.length + 1) + '\0'.repeat(12);
  let blobs = '\0'.repeat(64);
  for (const header of headers) {
    const length = header.bytes.length;
    const count = Math.ceil((16 + length + 12) / 16);
    slots += 'Slot' + word(header.number) + word((4096 + blobs.length) / 16) + word(count);
    // A free slot after each: of a package that was removed.
    slots += 'Slot' + word(0) + word(0) + word(0);
    const padding = '\0'.repeat(count * 16 - 16 - length - 12);
    blobs += 'BlbS' + word(header.number) + word(1) + word(length) + header.bytes + padding + word(0) + word(length) + 'BlbE';
  }
  while (slots.length < 4096) slots += 'Slot' + word(0) + word(0) + word(0);
  return slots + blobs;
}

test('findOwners() knows what rpm -qa lists: Packages.db of SUSE', { skip: NO_RPM, timeout: 200000 }, () => {
  const system = makeSystem();
  const root = makeTemporary();
  const folder = path.join(root, 'usr/lib/sysimage/rpm');
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'Packages.db'), makeNdb(readHeaders(system)), 'latin1');
  checkAll(listByRpm(system), root);
});

test('malformed headers and databases of rpm give less, and neither throw nor hang', { skip: NO_RPM, timeout: 200000 }, () => {
  const system = makeSystem();
  const headers = readHeaders(system).filter((header) => header.bytes.length < 20000);
  const wanted = { paths: new Set(listByRpm(system).keys()), baseNames: new LineSearch('\0', Array.from(listByRpm(system).keys(), (name) => path.posix.basename(name))) };
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
  const spoil = (bytes: string, seed: number, headBytes: number): string => {
    state = seed;
    let spoiled = seed % 4 === 0 ? bytes.slice(0, random(bytes.length)) : bytes;
    for (let i = 0; i < 1 + seed % 9; i++) {
      const at = random(i % 2 === 0 ? bytes.length : headBytes);
      spoiled = spoiled.slice(0, at) + String.fromCharCode(i % 3 === 0 ? 255 : random(256)) + spoiled.slice(at + 1);
    }
    return spoiled;
  };
  const ndb = makeNdb(headers);
  let seen = 0;
  for (let seed = 1; seed <= 600; seed++) {
    for (const header of headers) findInRpmHeader(spoil(header.bytes, seed, 1500), wanted, () => { seen += 1; });
    scanNdb(partsOf(spoil(ndb, seed, 300)), (blob) => findInRpmHeader(blob, wanted, () => { seen += 1; }));
  }
  assert.ok(seen > 1000, 'some are read');
  if (NO_BERKELEY !== false) return;
  const folder = makeTemporary();
  const dump = 'VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=512\nHEADER=END\n' + headers.map((header) => ' ' + hexOfNumber(header.number) + '\n ' + Buffer.from(header.bytes, 'latin1').toString('hex') + '\n').join('') + 'DATA=END\n';
  assert.equal(run(folder, ['db5.3_load', 'Packages'], { input: dump }).status, 0);
  const berkeley = fs.readFileSync(path.join(folder, 'Packages'), 'latin1');
  seen = 0;
  for (let seed = 1; seed <= 600; seed++) scanBerkeleyHash(partsOf(spoil(berkeley, seed, 2000)), () => { seen += 1; });
  assert.ok(seen > 300, 'some are read');
});

const u32 = (value: number): string => String.fromCharCode(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);

/** A header with one file, /usr/bin/one; `epoch` are type, place and count of its epoch. */
function makeHeader(epoch: [number, number, number]): string {
  const data = '\0\0\0\0' + 'one\0' + '/usr/bin/\0' + 'alpha\0' + '1.2\0' + '3\0' + 'noarch\0';
  const at = (text: string): number => data.indexOf(text + '\0');
  const entries = [[1116, 4, 0, 1], [1117, 8, at('one'), 1], [1118, 8, at('/usr/bin/'), 1], [1000, 6, at('alpha'), 1], [1001, 6, at('1.2'), 1], [1002, 6, at('3'), 1], [1022, 6, at('noarch'), 1], [1003, ...epoch]];
  return u32(entries.length) + u32(data.length) + entries.map((entry) => entry.map(u32).join('')).join('') + data;
}

test('findInRpmHeader() takes nothing from outside of the data, and nothing of another type', () => {
  const wanted = { paths: new Set(['/usr/bin/one']), baseNames: new LineSearch('\0', ['one']) };
  const versionOf = (epoch: [number, number, number]): string[] => {
    const found: string[] = [];
    findInRpmHeader(makeHeader(epoch), wanted, (_, { version }) => found.push(version));
    return found;
  };
  assert.deepEqual(versionOf([4, 0, 1]), ['0:1.2-3']);
  for (const epoch of [[4, 0xffffffff, 1], [4, 40, 1], [6, 0, 1], [4, 0, 0], [4, 0, 0xffffffff]] as [number, number, number][]) assert.deepEqual(versionOf(epoch), ['1.2-3'], epoch.join());
});

test('scanBerkeleyHash() reads no byte for two values', () => {
  const size = 65536;
  const little = (value: number, bytes: number): string => Array.from({ length: bytes }, (_, i) => String.fromCharCode(Math.floor(value / 256 ** i) % 256)).join('');
  const meta = ('\0'.repeat(12) + little(0x061561, 4) + little(9, 4) + little(size, 4)).padEnd(size, '\0');
  const count = 20000;
  // All items are the last 20,000 bytes of the page.
  const page = ('\0'.repeat(20) + little(count, 2) + '\0\0\0\x02' + (little(size - 1, 2) + little(size - 20000, 2)).repeat(count / 2)).padEnd(size, '\x01');
  let bytes = 0;
  scanBerkeleyHash(partsOf(meta + page), (value) => { bytes += value.length; });
  assert.ok(bytes > 0 && bytes <= 2 * size, String(bytes));
});
