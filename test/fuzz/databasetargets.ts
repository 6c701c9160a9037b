// databasetargets.ts - fuzzes the readers of SQLite, of package managers' databases and of ld.so.cache.
import childProcess from 'child_process';
import fs from 'fs';
import path from 'path';
import type { ByteString } from '../../src/core/bytes.ts';
import { findInApkList } from '../../src/formats/apk.ts';
import { scanBerkeleyHash } from '../../src/formats/berkeleyhash.ts';
import { parseCondaRecord } from '../../src/formats/conda.ts';
import { parseDpkgDiversions, parseDpkgStatus } from '../../src/formats/dpkg.ts';
import type { FileParts } from '../../src/formats/fileparts.ts';
import { readUint32 } from '../../src/formats/gitindex.ts';
import { parseLibraryCache } from '../../src/formats/ldcache.ts';
import { LineSearch } from '../../src/formats/linesearch.ts';
import { scanNdb } from '../../src/formats/ndb.ts';
import { parsePacmanDescription } from '../../src/formats/pacman.ts';
import type { RpmQuestion } from '../../src/formats/rpmheader.ts';
import { findInRpmHeader } from '../../src/formats/rpmheader.ts';
import type { SqliteDatabase, SqliteValue } from '../../src/formats/sqlite.ts';
import { findSqliteKeys, findSqliteRoot, findSqliteRow, openSqlite, scanSqliteTable } from '../../src/formats/sqlite.ts';
import { PYTHON } from '../binaryrig.ts';
import { CLEAN_ENV, hasProgram, makeTemporary, run } from '../rig.ts';
import { judgeByPython } from './archivetargets.ts';
import type { Dice } from './dice.ts';
import { pick, pickLength, randomText } from './dice.ts';
import { judgeOneByOne } from './gittargets.ts';
import type { BinaryStructure, NumberField, PythonAnswer } from './structure.ts';
import { listFields, makeGenerator, putBytes, spellNumber } from './structure.ts';
import type { FuzzTarget } from './target.ts';
import { failCase } from './target.ts';

function partsOf(bytes: ByteString): FileParts {
  return {
    sizeBytes: bytes.length,
    read: (at, length) => (at >= 0 && length >= 0 ? bytes.slice(at, at + length) : ''),
  };
}

// ---- SQLite: the length of the database, the database, its write-ahead log

const MAKE_DATABASES = `
import sqlite3, sys, os, shutil
os.chdir(sys.argv[1])
def fill(con, count):
    con.execute('CREATE TABLE t (a, b, c)')
    con.execute('CREATE INDEX ti ON t (c)')
    for i in range(count): con.execute('INSERT INTO t VALUES (?, ?, ?)', ([i, -i, i * 1.5, None, 2 ** 40 + i][i % 5], b'x' * (i * 37 % 900), 'name%d' % (i % 20)))
for size, count in ((512, 60), (1024, 200), (4096, 30), (65536, 20)):
    con = sqlite3.connect('p%d.db' % size)
    con.execute('PRAGMA page_size=%d' % size)
    fill(con, count)
    con.commit()
    con.close()
con = sqlite3.connect('log.db')
con.execute('PRAGMA page_size=512')
con.execute('PRAGMA journal_mode=WAL')
fill(con, 10)
con.commit()
for i in range(8):
    con.execute('INSERT INTO t VALUES (?, ?, ?)', (i, 'y' * i, 'more'))
    con.commit()
shutil.copy('log.db', 'kept.db'); shutil.copy('log.db-wal', 'kept.db-wal')
con.close()
`;

function sqliteSeeds(): ByteString[] {
  const folder = makeTemporary();
  childProcess.spawnSync(PYTHON, ['-c', MAKE_DATABASES, folder], { env: CLEAN_ENV });
  const join = (name: string): ByteString => {
    const [base, log] = [name, name + '-wal'].map((one) => (fs.existsSync(path.join(folder, one)) ? fs.readFileSync(path.join(folder, one), 'latin1') : ''));
    return spellNumber(BigInt(base.length), 4, false) + base + log;
  };
  return fs.readdirSync(folder).filter((name) => /^(p\d+|kept)\.db$/.test(name)).sort().map(join);
}

const pageSizeOf = (text: ByteString): number => (text.charCodeAt(4 + 16) * 256 + text.charCodeAt(4 + 17)) || 512;

function sqliteFields(text: ByteString): NumberField[] {
  const size = Math.max(512, pageSizeOf(text) === 1 ? 65536 : pageSizeOf(text));
  const fields = [...listFields(4 + 16, 2, 1, false), ...listFields(4 + 18, 1, 6, false), ...listFields(4 + 28, 4, 2, false)];
  const end = 4 + readUint32(text, 0);
  for (let page = 4; page < end; page += size) {
    const start = page === 4 ? page + 100 : page;
    fields.push(...listFields(start, 1, 1, false), ...listFields(start + 1, 2, 3, false), ...listFields(start + 8, 4, 1, false), ...listFields(start + 8, 2, 12, false));
    // Where the first cells are: sizes, row ids, types, children.
    for (let i = 0; i < 4; i++) {
      const at = page + text.charCodeAt(start + 8 + 2 * i) * 256 + text.charCodeAt(start + 9 + 2 * i);
      if (at + 16 < end) fields.push(...listFields(at, 1, 8, false), ...listFields(at, 4, 1, false));
    }
    fields.push(...listFields(page, 4, 1, false));
  }
  for (let frame = end; frame + 32 < text.length; frame += frame === end ? 32 : 24 + size) fields.push(...listFields(frame, 4, 6, false));
  return fields;
}

/** Check sums of the log: each goes on from that of the frame before. */
function sumLog(text: ByteString, dice: Dice): ByteString {
  const start = 4 + Math.min(readUint32(text, 0) || 0, text.length);
  if (start + 32 > text.length || dice(4) === 0) return text;
  const isBig = text.charCodeAt(start + 3) === 0x83;
  const size = readUint32(text, start + 8) || 512;
  let whole = text;
  let [first, second] = [0, 0];
  const add = (from: number, length: number): void => {
    const data = Buffer.from(whole.slice(from, from + length), 'latin1');
    for (let at = 0; at + 8 <= data.length; at += 8) {
      first = (first + (isBig ? data.readUInt32BE(at) : data.readUInt32LE(at)) + second) >>> 0;
      second = (second + (isBig ? data.readUInt32BE(at + 4) : data.readUInt32LE(at + 4)) + first) >>> 0;
    }
  };
  const put = (at: number): void => { whole = putBytes(whole, at, spellNumber(BigInt(first), 4, false) + spellNumber(BigInt(second), 4, false)); };
  add(start, 24);
  put(start + 24);
  for (let at = start + 32; at + 24 + size <= whole.length; at += 24 + size) {
    add(at, 8);
    add(at + 24, size);
    put(at + 16);
  }
  return whole;
}

const SQLITE: BinaryStructure = { seeds: sqliteSeeds, fields: sqliteFields, repair: sumLog };

function openDatabase(input: ByteString): SqliteDatabase | undefined {
  const length = Math.min(readUint32(input, 0) || 0, input.length);
  const log = input.slice(4 + length);
  return openSqlite(partsOf(input.slice(4, 4 + length)), log === '' ? undefined : partsOf(log));
}

const MOST_ROWS = 5000;

/** Rows of the table t, if all of it can be read. */
function readRows(input: ByteString): SqliteValue[][] | undefined {
  const db = openDatabase(input);
  const root = db === undefined ? undefined : findSqliteRoot(db, 'table', 't');
  if (db === undefined || root === undefined) return undefined;
  const rows: SqliteValue[][] = [];
  const isWhole = scanSqliteTable(db, root, (row, rowId) => {
    if (rows.length < MOST_ROWS) rows.push([rowId].concat(row as number[]));
  });
  return isWhole ? rows : undefined;
}

const PYTHON_SQLITE = `
import sqlite3, tempfile, os, shutil
folder = tempfile.mkdtemp(prefix='rr-fuzz-sqlite-')
import atexit
atexit.register(lambda: shutil.rmtree(folder))
def spell(value):
    if isinstance(value, bytes): return latin(value)
    return float(value) if value is not None else None
def read(data):
    size = min(int.from_bytes(data[:4], 'big'), len(data))
    name = os.path.join(folder, 'db')
    for end in ('', '-wal', '-shm', '-journal'):
        if os.path.exists(name + end): os.remove(name + end)
    open(name, 'wb').write(data[4:4 + size])
    if data[4 + size:]: open(name + '-wal', 'wb').write(data[4 + size:])
    con = sqlite3.connect(name)
    try:
        con.text_factory = bytes
        if con.execute("SELECT count(*) FROM sqlite_master WHERE type='table' AND name='t' AND sql='CREATE TABLE t (a, b, c)'").fetchone()[0] != 1: raise ValueError('another schema')
        return [[spell(value) for value in row] for row in con.execute('SELECT rowid, a, b, c FROM t NOT INDEXED').fetchmany(${String(MOST_ROWS)})]
    finally:
        con.close()
`;

function compareSqlite(input: ByteString, answer: PythonAnswer): string | undefined {
  const mine = readRows(input);
  if (mine === undefined || answer.yes === undefined) return undefined;
  const theirs = answer.yes as (number | string | null)[][];
  if (mine.length !== theirs.length) return String(mine.length) + ' rows for ' + String(theirs.length);
  for (let i = 0; i < theirs.length; i++) {
    for (let k = 0; k < 4; k++) {
      const [one, other] = [mine[i][k], theirs[i][k]];
      if ((one ?? null) !== other) return 'column ' + String(k) + ' of row ' + String(i) + ' is ' + JSON.stringify(one) + ' for ' + JSON.stringify(other);
    }
  }
  return undefined;
}

function checkSqlite(input: ByteString): boolean {
  const rows = readRows(input);
  const db = openDatabase(input);
  if (db === undefined) return false;
  for (const [type, name] of [['table', 't'], ['index', 'ti']] as const) {
    const root = findSqliteRoot(db, type, name) ?? 2;
    findSqliteRow(db, root, 3);
    const keys = findSqliteKeys(db, root, 'name3');
    if (keys !== undefined && keys.length > 20000) failCase('a key has no more rows than there is room for');
  }
  return rows !== undefined;
}

// ---- rpm

function spellRpmHeader(entries: { tag: number; type: number; data: ByteString; count: number }[]): ByteString {
  let data = '';
  const index = entries.map(({ tag, type, data: own, count }) => {
    const at = data.length;
    data += own;
    return [tag, type, at, count].map((value) => spellNumber(BigInt(value), 4, false)).join('');
  }).join('');
  return spellNumber(BigInt(entries.length), 4, false) + spellNumber(BigInt(data.length), 4, false) + index + data;
}

const RPM_BLOB = spellRpmHeader([
  { tag: 1003, type: 4, data: '\0\0\0\x02', count: 1 }, { tag: 1116, type: 4, data: '\0\0\0\0\0\0\0\x01\0\0\0\x01', count: 3 },
  { tag: 1000, type: 6, data: 'alpha\0', count: 1 }, { tag: 1001, type: 6, data: '1.2\0', count: 1 }, { tag: 1002, type: 6, data: '3\0', count: 1 }, { tag: 1022, type: 6, data: 'noarch\0', count: 1 },
  { tag: 1029, type: 1, data: '\0\0\x01', count: 3 }, { tag: 1117, type: 8, data: 'one\0two\0three\0', count: 3 }, { tag: 1118, type: 8, data: '/usr/bin/\0/opt/\0', count: 2 },
]);

const WANTED: RpmQuestion = { paths: new Set(['/usr/bin/one', '/opt/two', '/opt/three', '/opt/one', '/usr/bin/two']), baseNames: new LineSearch('\0', ['one', 'two', 'three']) };
const RPM: BinaryStructure = { seeds: () => [RPM_BLOB], fields: () => listFields(0, 4, 2 + 9 * 4, false) };

function checkRpm(blob: ByteString): boolean {
  let found = false;
  findInRpmHeader(blob, WANTED, (file, { name, version }) => {
    found = true;
    if (!WANTED.paths.has(file) || name === '' || /^NaN:/.test(version) || blob.indexOf(name) < 0) failCase('a package is as its header says', JSON.stringify([file, name, version]));
  });
  return found;
}

function makeNdb(): ByteString {
  const blobs = [RPM_BLOB, RPM_BLOB + '\0'.repeat(40)].map((blob, i) => 'BlbS' + [i + 1, 7, blob.length].map((value) => spellNumber(BigInt(value), 4, true)).join('') + blob.padEnd(Math.ceil(blob.length / 16) * 16, '\0'));
  let at = 4096;
  const slots = blobs.map((blob, i) => {
    const slot = 'Slot' + [i + 1, at / 16, blob.length / 16].map((value) => spellNumber(BigInt(value), 4, true)).join('');
    at += blob.length;
    return slot;
  }).join('');
  return ('RpmP' + [0, 1, 1, 3, 0, 0, 0].map((value) => spellNumber(BigInt(value), 4, true)).join('') + slots).padEnd(4096, '\0') + blobs.join('');
}

const NDB: BinaryStructure = { seeds: () => [makeNdb()], fields: () => listFields(0, 4, 24, true).concat(listFields(4096, 4, 6, true)) };

/** A file of two pages of items and a chain of two overflow pages. */
function makeBerkeley(isLittle: boolean): ByteString {
  const u32 = (value: number): ByteString => spellNumber(BigInt(value), 4, isLittle);
  const u16 = (value: number): ByteString => spellNumber(BigInt(value), 2, isLittle);
  const head = (next: number, count: number, place: number, type: number): ByteString => '\0'.repeat(16) + u32(next) + u16(count) + u16(place) + '\0' + String.fromCharCode(type);
  const meta = ('\0'.repeat(12) + u32(0x061561) + u32(9) + u32(512) + '\0\x08').padEnd(512, '\0');
  const items = ['\x01key1', '\x01' + RPM_BLOB.slice(0, 200), '\x01key2', '\x03\0\0\0' + u32(2) + u32(700)];
  let end = 512;
  let body = '';
  const offsets = items.map((item) => {
    end -= item.length;
    body = item + body;
    return u16(end);
  }).join('');
  const page = (head(0, 4, end, 2) + offsets).padEnd(end, '\0') + body;
  const over = (next: number, text: ByteString): ByteString => (head(next, 1, text.length, 7) + text).padEnd(512, '\0');
  return meta + page + over(3, RPM_BLOB.padEnd(486, 'x').slice(0, 486)) + over(0, 'y'.repeat(214));
}

const BERKELEY: BinaryStructure = {
  seeds: () => [makeBerkeley(true), makeBerkeley(false)],
  fields: (text) => {
    const isLittle = text.charCodeAt(12) === 0x61;
    return listFields(12, 4, 3, isLittle).concat(...[512, 1024, 1536].map((page) => [...listFields(page + 16, 4, 1, isLittle), ...listFields(page + 20, 2, 2, isLittle), ...listFields(page + 25, 1, 1, isLittle), ...listFields(page + 26, 2, 4, isLittle)]), listFields(1013 - 500, 4, 2, isLittle));
  },
};

/** All values together are no more than the file: no byte is read for two of them. */
function checkScan(scan: (source: FileParts, visit: (value: ByteString) => void) => void): (input: ByteString) => boolean {
  return (input) => {
    let bytes = 0;
    scan(partsOf(input), (value) => {
      bytes += value.length;
      checkRpm(value);
    });
    if (bytes > input.length) failCase('the values are no more than the file', String(bytes) + ' of ' + String(input.length));
    return bytes > 0;
  };
}

// ---- ld.so.cache

function makeCache(isLittle: boolean): ByteString {
  const word = (value: number): ByteString => spellNumber(BigInt(value), 4, isLittle);
  const names = ['libz.so.1', '/lib/libz.so.1', 'liba.so', '/opt/v3/liba.so', '/opt/liba.so', 'x86-64-v3'];
  const entries = [[0, 1, 0, 0], [2, 3, 0, 1 << 30], [2, 4, 0, 0], [0, 1, 8, 0]];
  const stringsAt = 48 + entries.length * 24;
  const at = names.map((_, i) => stringsAt + names.slice(0, i).join('\0').length + (i === 0 ? 0 : 1));
  const strings = names.join('\0') + '\0';
  const extensionAt = Math.ceil((stringsAt + strings.length) / 4) * 4;
  const head = 'glibc-ld.so.cache1.1' + word(entries.length) + word(strings.length) + (isLittle ? '\x02' : '\x03') + '\0\0\0' + word(extensionAt) + '\0'.repeat(12);
  const body = entries.map(([name, file, low, high]) => word(3) + word(at[name]) + word(at[file]) + word(0) + (isLittle ? word(low) + word(high) : word(high) + word(low))).join('');
  return (head + body + strings).padEnd(extensionAt, '\0') + word(0xeaa42174) + word(1) + word(1) + word(0) + word(extensionAt + 24) + word(4) + word(at[5]);
}

function cacheSeeds(): ByteString[] {
  const seeds = [makeCache(true), makeCache(false)];
  if (!hasProgram('ldconfig')) return seeds;
  const folder = makeTemporary();
  run(folder, ['ldconfig', '-C', path.join(folder, 'cache'), '-N', '-n', '/lib']);
  const name = ['/etc/ld.so.cache'].find((one) => fs.existsSync(one));
  const real = name === undefined ? '' : fs.readFileSync(name, 'latin1');
  return real.length > 0 && real.length < 200000 ? seeds.concat(real) : seeds;
}

const CACHE: BinaryStructure = { seeds: cacheSeeds, fields: (text) => listFields(16, 4, Math.min(200, Math.floor(text.length / 4) - 4), true).concat(listFields(Math.max(0, text.length - 28), 4, 7, true)) };

function readCache(input: ByteString): string[] {
  const lines: string[] = [];
  for (const [name, files] of parseLibraryCache(Buffer.from(input, 'latin1'))) for (const file of files) lines.push(name + '\n' + file.path);
  return lines;
}

/** What ldconfig lists, as names and paths. */
function compareCache(input: ByteString): string | undefined {
  const file = path.join(makeCacheFolder(), 'cache');
  fs.writeFileSync(file, input, 'latin1');
  const said = run(undefined, ['ldconfig', '-p', '-C', file]);
  if (said.status !== 0) return undefined;
  const theirs = new Set<string>();
  for (const match of said.stdout.matchAll(/^\t(.*?) \([^\n]*\) => (.*)$/gm)) theirs.add(match[1] + '\n' + match[2]);
  // Names with control characters, "(" or "=>" cannot be told in what it prints.
  const mine = readCache(input).filter((line) => /^[!-'*-~]+\n[!-'*-~]+$/.test(line));
  const extra = mine.find((line) => !theirs.has(line));
  return extra === undefined ? undefined : 'an entry that ldconfig does not list: ' + JSON.stringify(extra);
}

let cacheFolder: string | undefined;

function makeCacheFolder(): string {
  cacheFolder = cacheFolder ?? makeTemporary();
  return cacheFolder;
}

// ---- texts of package managers

const STATUS = 'Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\nMaintainer: A. Author <a@example.org>\nDescription: a shell\n more of it\n .\n\n'
  + 'Package: libc6\nStatus: install ok installed\nMulti-Arch: same\nArchitecture: amd64\nVersion: 2.36-9\nMaintainer: A. Author <a@example.org>\nDescription: x\n\n';
const DPKG_WANTED = new Set(['bash', 'libc6:amd64', 'libc6']);

function compareDpkg(input: ByteString): string | undefined {
  const folder = makeTemporaryOnce();
  fs.writeFileSync(path.join(folder, 'status'), input, 'latin1');
  const said = run(undefined, ['dpkg-query', '--admindir', folder, '-W', '-f', '${Package}\\t${Version}\\t${Architecture}\\n']);
  if (said.status !== 0 || said.stderr !== '') return undefined;
  const mine = parseDpkgStatus(input, DPKG_WANTED);
  for (const line of said.stdout.split('\n')) {
    const [name, version, architecture] = line.split('\t');
    const own = mine.get(name + ':' + architecture) ?? mine.get(name);
    if (DPKG_WANTED.has(name) && own !== undefined && own.version !== version) return name + ' ' + own.version + ' for ' + version;
  }
  return undefined;
}

let dpkgFolder: string | undefined;

function makeTemporaryOnce(): string {
  if (dpkgFolder === undefined) {
    dpkgFolder = makeTemporary();
    for (const name of ['info', 'updates', 'triggers']) fs.mkdirSync(path.join(dpkgFolder, name));
    fs.writeFileSync(path.join(dpkgFolder, 'info/format'), '1\n');
    fs.writeFileSync(path.join(dpkgFolder, 'available'), '');
  }
  return dpkgFolder;
}

const PACKAGE_TEXTS = ['P:musl\nV:1.2.3-r4\nA:x86_64\nF:lib\nR:ld-musl-x86_64.so.1\nZ:Q1x\nF:usr/lib\nR:a\n\nP:b\nV:1\nA:noarch\nF:\nR:etc\n\n',
  '%NAME%\nzlib\n\n%VERSION%\n1:1.3-1\n\n%ARCH%\nx86_64\n\n%FILES%\nusr/\n',
  '{"name":"numpy","version":"1.26.0","build":"py311_0","channel":"https://conda.anaconda.org/conda-forge/linux-64/","subdir":"linux-64","files":["lib/a.py","bin/x"]}',
  '/bin/sh\n/bin/sh.distrib\ndash\n'];

/** One of the texts, with what stands in it many times over. */
function makePackageText(dice: Dice): ByteString {
  const text = pick(dice, PACKAGE_TEXTS);
  const at = dice(text.length);
  return text.slice(0, at) + pick(dice, ['/', '\n', 'a:', '/t/', '@', 'http://', '%NAME%\n', '\\u0000', randomText(dice, 4)]).repeat(pickLength(dice, 20000)) + text.slice(at);
}

export const DATABASE_TARGETS: FuzzTarget[] = [
  {
    name: 'sqlite', corpus: SQLITE.seeds, generate: makeGenerator(SQLITE), isBinary: true, mostBytes: 1 << 17, share: 0.3, memoryPerByte: 2000,
    check: checkSqlite,
    judge: judgeByPython(PYTHON_SQLITE, 'sqlite3', compareSqlite, 100),
  },
  { name: 'rpm-header', corpus: RPM.seeds, generate: makeGenerator(RPM), isBinary: true, check: checkRpm },
  { name: 'rpm-ndb', corpus: NDB.seeds, generate: makeGenerator(NDB), isBinary: true, dictionary: ['RpmP', 'Slot', 'BlbS'], check: checkScan(scanNdb) },
  { name: 'berkeley-hash', corpus: BERKELEY.seeds, generate: makeGenerator(BERKELEY), isBinary: true, check: checkScan(scanBerkeleyHash) },
  {
    name: 'ld-cache', corpus: CACHE.seeds, generate: makeGenerator(CACHE), isBinary: true, share: 0.05,
    check: (input) => {
      const lines = readCache(input);
      if (lines.join('').length > 64 * input.length) failCase('a cache has no more texts than fit into it');
      return lines.length > 0;
    },
    judge: judgeOneByOne(() => (hasProgram('ldconfig') ? false : 'no ldconfig'), compareCache),
  },
  {
    name: 'dpkg-status', corpus: () => [STATUS, STATUS.replace(/Version:/g, 'VersioN:').replace('Package: libc6', 'package: libc6').replace('Architecture', 'ARCHITECTURE')], share: 0.02, dictionary: ['Package: ', 'Version: ', 'Architecture: ', 'Status: deinstall ok config-files', '\n ', '\n\n', '\r'],
    check: (input) => {
      parseDpkgDiversions(input);
      return parseDpkgStatus(input, DPKG_WANTED).size > 0;
    },
    judge: judgeOneByOne(() => (hasProgram('dpkg-query') ? false : 'no dpkg-query'), compareDpkg),
  },
  {
    name: 'package-lists', corpus: () => PACKAGE_TEXTS, generate: makePackageText,
    check: (input) => {
      let found = 0;
      findInApkList(input, new Set(['lib/ld-musl-x86_64.so.1', 'etc', 'usr/lib/a']), () => { found += 1; });
      const [pacman, conda] = [parsePacmanDescription(input), parseCondaRecord(input)];
      for (const one of [pacman, conda]) if (one !== undefined && (one.name === '' || typeof one.version !== 'string')) failCase('a package has a name and a version');
      parseDpkgDiversions(input);
      return found > 0 || pacman !== undefined || conda !== undefined;
    },
  },
];
