// sqlite.test.ts - reading SQLite databases, held against the program sqlite3.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import type { FileParts } from '../src/formats/fileparts.ts';
import type { SqliteDatabase, SqliteValue } from '../src/formats/sqlite.ts';
import { findSqliteKeys, findSqliteRoot, findSqliteRow, openSqlite, scanSqliteTable } from '../src/formats/sqlite.ts';
import { evaluateApart, hasProgram, makeTemporary, run } from './rig.ts';

const NO_SQLITE = hasProgram('sqlite3') ? false : 'no sqlite3';

function partsOf(bytes: string): FileParts {
  return { sizeBytes: bytes.length, read: (at, length) => bytes.slice(at, at + length) };
}

function makeDatabase(sql: string): { name: string; ask: (query: string) => string[] } {
  const name = path.join(makeTemporary(), 'db');
  const ask = (query: string): string[] => {
    const done = run(undefined, ['sqlite3', name], { input: query });
    assert.equal(done.stderr, '');
    return done.stdout.split('\n').slice(0, -1);
  };
  ask(sql);
  return { name, ask };
}

function open(name: string): SqliteDatabase {
  const log = fs.existsSync(name + '-wal') ? partsOf(fs.readFileSync(name + '-wal', 'latin1')) : undefined;
  const db = openSqlite(partsOf(fs.readFileSync(name, 'latin1')), log);
  assert.ok(db !== undefined);
  return db;
}

function rootOf(db: SqliteDatabase, type: 'table' | 'index', name: string): number {
  const root = findSqliteRoot(db, type, name);
  assert.ok(root !== undefined, 'there is a ' + type + ' ' + name);
  return root;
}

/** As sqlite3's quote() spells it, but text as a blob too, which reads the same. */
function quote(value: SqliteValue): string {
  if (value === undefined) return 'NULL';
  return typeof value === 'number' ? String(value) : "X'" + Buffer.from(value, 'latin1').toString('hex').toUpperCase() + "'";
}

const QUOTED = (column: string): string => "CASE typeof(" + column + ") WHEN 'text' THEN quote(CAST(" + column + " AS BLOB)) ELSE quote(" + column + ") END";

function scan(db: SqliteDatabase, table: string): string[] {
  const rows: string[] = [];
  assert.ok(scanSqliteTable(db, rootOf(db, 'table', table), (row, rowId) => rows.push([String(rowId)].concat(row.map(quote)).join('|'))));
  return rows;
}

// Rows of 0 to 20,000 bytes, so that a table has inner pages and rows have chains of overflow pages.
const FILL = "CREATE TABLE t (a, b, c);"
  + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
  + " INSERT INTO t (rowid, a, b, c) SELECT i * 7, i * i * 977 - 4000000, CASE WHEN i % 50 = 0 THEN randomblob(i * 7) ELSE randomblob(i % 40) END, 'name' || (i % 700) FROM n;"
  + "CREATE INDEX tc ON t(c); CREATE INDEX tb ON t(b);";

for (const pageSize of [512, 1024, 4096, 65536]) {
  test('scanSqliteTable() gives every row that sqlite3 gives, pages of ' + String(pageSize) + ' bytes', { skip: NO_SQLITE }, () => {
    const { name, ask } = makeDatabase('PRAGMA page_size=' + String(pageSize) + ';' + FILL);
    const expected = ask("SELECT rowid || '|' || quote(a) || '|' || quote(b) || '|' || " + QUOTED('c') + ' FROM t ORDER BY rowid;');
    assert.equal(expected.length, 3000);
    assert.deepEqual(scan(open(name), 't'), expected);
  });

  test('findSqliteRow() and findSqliteKeys() find what is there and nothing else, pages of ' + String(pageSize) + ' bytes', { skip: NO_SQLITE }, () => {
    const { name, ask } = makeDatabase('PRAGMA page_size=' + String(pageSize) + ';' + FILL);
    const db = open(name);
    const table = rootOf(db, 'table', 't');
    for (let rowId = -3; rowId < 21020; rowId += 11) {
      const isThere = rowId > 0 && rowId % 7 === 0 && rowId <= 21000;
      const row = findSqliteRow(db, table, rowId);
      assert.equal(row?.[2], isThere ? 'name' + String(rowId / 7 % 700) : undefined, String(rowId));
    }
    const byName = rootOf(db, 'index', 'tc');
    for (const line of ask("SELECT c || ' ' || group_concat(rowid) FROM (SELECT c, rowid FROM t ORDER BY rowid) GROUP BY c;")) {
      const [key, ids] = line.split(' ');
      assert.deepEqual(findSqliteKeys(db, byName, key), ids.split(',').map(Number), key);
    }
    for (const key of ['', 'name', 'name0 ', 'name7000', '~']) assert.deepEqual(findSqliteKeys(db, byName, key), []);
    // Keys of up to 20,000 bytes, which an index has on overflow pages.
    const byBytes = rootOf(db, 'index', 'tb');
    for (const line of ask('SELECT rowid, hex(b) FROM t WHERE length(b) > 300;')) {
      const [rowId, hex] = line.split('|');
      assert.deepEqual(findSqliteKeys(db, byBytes, Buffer.from(hex, 'hex').toString('latin1')), [Number(rowId)]);
    }
  });
}

test('scanSqliteTable() reads every type of value and the limits of integers', { skip: NO_SQLITE }, () => {
  const integers = ['0', '1', '-1', '127', '-128', '128', '32767', '-32768', '8388607', '-8388608', '2147483647', '-2147483648', '140737488355327', '-140737488355328', '9007199254740991', '-9007199254740991'];
  const { name, ask } = makeDatabase('CREATE TABLE v (x); INSERT INTO v VALUES ' + integers.concat('1.5', '-0.1', '1e300', 'NULL', "''", "x''", "'\xc3\xa9'").map((value) => '(' + value + ')').join(',')
    + "; INSERT INTO v (rowid, x) VALUES (-5, 'below zero'), (9007199254740991, 'far above');");
  assert.deepEqual(scan(open(name), 'v').map((row) => row.replace(/e\+/, 'e')), ask("SELECT rowid || '|' || " + QUOTED('x') + ' FROM v ORDER BY rowid;').map((row) => row.replace(/(\d)\.0e\+/, '$1e')));
});

test('openSqlite() sees what the write-ahead log holds, up to the last transaction that was ended', { skip: NO_SQLITE }, () => {
  const { name } = makeDatabase('PRAGMA journal_mode=WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1);');
  const copy = name + '-copy';
  // The copy is taken while sqlite3 has the database open: with its end the log would be gone.
  const done = run(undefined, ['sqlite3', name], {
    input: 'PRAGMA wal_autocheckpoint=0;\nWITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT randomblob(100) FROM n;\n'
      + 'CREATE TABLE u (b);\nINSERT INTO u VALUES (42);\nUPDATE t SET a = 2 WHERE rowid = 1;\n.shell cp ' + name + ' ' + copy + '; cp ' + name + '-wal ' + copy + '-wal\n',
  });
  assert.equal(done.status, 0, done.stderr);
  const log = fs.readFileSync(copy + '-wal', 'latin1');
  const rows = scan(open(copy), 't');
  assert.equal(rows.length, 2001);
  assert.equal(rows[0], '1|2');
  assert.deepEqual(scan(open(copy), 'u'), ['1|42']);
  // Torn: a byte of the last frame is another. Then sqlite3, too, sees the state before it.
  fs.writeFileSync(copy + '-wal', log.slice(0, -100) + '!' + log.slice(-99), 'latin1');
  assert.equal(scan(open(copy), 't')[0], '1|1');
  assert.deepEqual(run(undefined, ['sqlite3', copy, 'SELECT a FROM t WHERE rowid = 1']).stdout, '1\n');
});

test('openSqlite() refuses what is no database', () => {
  for (const bytes of ['', 'SQLite format 3\0', 'x'.repeat(5000), 'SQLite format 3\0' + '\0'.repeat(5000)]) assert.equal(openSqlite(partsOf(bytes)), undefined);
});

test('a malformed database gives less, and neither throws nor hangs', { skip: NO_SQLITE }, () => {
  const { name } = makeDatabase('PRAGMA page_size=512;' + FILL.replace('3000', '300'));
  const good = fs.readFileSync(name, 'latin1');
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
  let refused = 0;
  for (let seed = 1; seed <= 400; seed++) {
    state = seed;
    let bytes = good.slice(0, seed % 5 === 0 ? random(good.length) : good.length);
    for (let i = 0; i < 1 + seed % 30; i++) {
      // Every second change hits the head of a page, where the structure is.
      const at = i % 2 === 0 ? random(bytes.length) : random(Math.ceil(bytes.length / 512)) * 512 + random(40);
      bytes = bytes.slice(0, at) + String.fromCharCode([0, 255, 5, 13, random(256)][random(5)]) + bytes.slice(at + 1);
    }
    const db = openSqlite(partsOf(bytes));
    if (db === undefined) {
      refused += 1;
      continue;
    }
    for (const type of ['table', 'index'] as const) for (const one of ['t', 'tc', 'tb']) {
      const root = findSqliteRoot(db, type, one) ?? 1 + random(20);
      let rows = 0;
      scanSqliteTable(db, root, () => { rows += 1; });
      assert.ok(rows < 1e6);
      findSqliteRow(db, root, random(2100));
      findSqliteKeys(db, root, 'name' + String(random(700)));
    }
  }
  assert.ok(refused < 300, 'most of the changed databases were read');
});

/** Page 1 of 64 KiB with a table t, whose root is page 2: an inner page; its children are all page 3, a leaf with overlapping rows. */
const MAKE_RING = `
  const page = (text) => text.padEnd(65536, '\\0');
  const u16 = (n) => String.fromCharCode(n >> 8 & 255, n & 255);
  const row = '\\x0c\\x01\\x06\\x17\\x0f\\x0f\\x01\\x0ftablet' + 't\\x02x';
  const head = 'SQLite format 3\\0' + u16(1) + '\\x01\\x01\\0\\x40\\x20\\x20';
  const first = (head.padEnd(100, '\\0') + '\\x0d\\0\\0' + u16(1) + u16(65500) + '\\0' + u16(65500)).padEnd(65500, '\\0') + row;
  const inner = '\\x05\\0\\0' + u16(32000) + '\\0\\0\\0' + '\\0\\0\\0' + CHILD + u16(65520).repeat(32000);
  const leaf = '\\x0d\\0\\0' + u16(32000) + '\\0\\0\\0' + u16(65520).repeat(32000);
  const bytes = page(first) + page(inner).slice(0, 65520) + '\\0\\0\\0' + CHILD + '\\x01'.padEnd(12, '\\0') + page(leaf).slice(0, 65520) + '\\x02\\x01\\x02\\x09'.padEnd(16, '\\0');
  const parts = { sizeBytes: bytes.length, read: (at, length) => bytes.slice(at, at + length) };
`;

test('scanSqliteTable() ends soon where pages are in a ring or rows overlap', () => {
  for (const child of ['\\x03', '\\x02']) {
    const rows = evaluateApart('formats/sqlite.ts', '(() => {' + MAKE_RING.replace(/CHILD/g, "'" + child + "'") + ' const db = source.openSqlite(parts); let rows = 0; source.scanSqliteTable(db, 2, () => { rows += 1; }); return rows; })()');
    assert.ok((rows as number) < 1e7, String(rows));
    assert.equal((rows as number) > 0, child === '\\x03', 'the table is one');
  }
});

test('openSqlite() takes from a log no more pages than there are, and no frame of page 0', { skip: NO_SQLITE }, () => {
  const { name } = makeDatabase('PRAGMA page_size=512; CREATE TABLE t (a); INSERT INTO t VALUES (1);');
  const base = fs.readFileSync(name, 'latin1');
  const word = (value: number): string => String.fromCharCode(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  const makeLog = (frames: { page: number; pages: number; bytes: string }[]): string => {
    let [first, second] = [0, 0];
    const sum = (bytes: string): string => {
      const data = Buffer.from(bytes, 'latin1');
      for (let at = 0; at < data.length; at += 8) {
        first = (first + data.readUInt32BE(at) + second) >>> 0;
        second = (second + data.readUInt32BE(at + 4) + first) >>> 0;
      }
      return word(first) + word(second);
    };
    const head = word(0x377f0683) + word(3007000) + word(512) + word(0) + 'saltsalt';
    return frames.reduce((log, { page, pages, bytes }) => {
      const start = word(page) + word(pages);
      sum(start);
      return log + start + 'saltsalt' + sum(bytes) + bytes;
    }, head + sum(head));
  };
  const second = base.slice(512, 1024);
  // The last byte is the row's value, 1, which stands in the type of its column; as 8 it would be 0.
  const changed = second.slice(0, 511) + '\x08';
  assert.equal(second[511], '\x09');
  for (const [frames, value] of [[[{ page: 2, pages: 2, bytes: changed }], '0'], [[{ page: 0, pages: 0, bytes: second }, { page: 2, pages: 2, bytes: changed }], '1']] as const) {
    const log = makeLog(frames as unknown as { page: number; pages: number; bytes: string }[]);
    fs.writeFileSync(name, base, 'latin1');
    fs.writeFileSync(name + '-wal', log, 'latin1');
    const db = openSqlite(partsOf(base), partsOf(log));
    assert.ok(db !== undefined);
    assert.deepEqual(scan(db, 't'), ['1|' + value]);
    assert.equal(run(undefined, ['sqlite3', name], { input: 'SELECT a FROM t;' }).stdout, value + '\n');
  }
  const lied = openSqlite(partsOf(base), partsOf(makeLog([{ page: 2, pages: 0xffffffff, bytes: second }])));
  assert.ok(lied !== undefined && lied.pageCount <= 4, String(lied?.pageCount));
});
