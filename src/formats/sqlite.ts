// sqlite.ts - reads tables and indexes of SQLite databases (sqlite.org/fileformat2.html). Knows no SQL and no files.
//
// What is malformed gives undefined or false, after bounded work: every page and every column costs
// some of the steps that may be made in all.
import type { ByteString } from '../core/bytes.ts';
import type { FileParts } from './fileparts.ts';
import { readBig16 } from './fileparts.ts';
import { readUint32 } from './gitindex.ts';
import { readSqliteLog } from './sqlitelog.ts';

/** Text in the database's encoding, and blobs, are bytes; NULL is undefined. */
export type SqliteValue = number | ByteString | undefined;

export type SqliteDatabase = {
  source: FileParts;
  pageSizeBytes: number;
  /** Of a page, without what is reserved at its end for extensions. */
  usableBytes: number;
  pageCount: number;
  /** Pages that are newer in the write-ahead log, and where they lie in it. */
  logPages: Map<number, number>;
  log: FileParts | undefined;
  leftSteps: number;
};

const SQLITE_PAGE = { indexInterior: 2, tableInterior: 5, indexLeaf: 10, tableLeaf: 13 } as const;
const SQLITE_DEPTH_LIMIT = 32;
const MOST_COLUMNS = 32767; // SQLITE_MAX_COLUMN can be no more
// A step is a column, or so many bytes of a page.
const BYTES_PER_STEP = 64;
const FREE_STEPS = 6000000;
const SQLITE_FIND_LIMIT = 20000;

/** The database, with what of the write-ahead log is committed; undefined if it is none. */
export function openSqlite(source: FileParts, log?: FileParts): SqliteDatabase | undefined {
  const head = source.read(0, 100);
  if (head.length < 100 || head.slice(0, 16) !== 'SQLite format 3\0') return undefined;
  const size = readBig16(head, 16);
  const pageSizeBytes = size === 1 ? 65536 : size;
  const usableBytes = pageSizeBytes - head.charCodeAt(20);
  if (pageSizeBytes < 512 || (pageSizeBytes & (pageSizeBytes - 1)) !== 0 || usableBytes < 480) return undefined;
  const committed = log === undefined ? undefined : readSqliteLog(log, pageSizeBytes);
  // No more pages than there are, whatever the log says.
  const storedBytes = source.sizeBytes + (committed === undefined || log === undefined ? 0 : log.sizeBytes);
  const pageCount = Math.min(committed?.pageCount ?? Infinity, Math.floor(storedBytes / pageSizeBytes));
  return { source, pageSizeBytes, usableBytes, pageCount, logPages: committed?.pages ?? new Map<number, number>(), log, leftSteps: FREE_STEPS + 8 * storedBytes / BYTES_PER_STEP };
}

function readSqlitePage(db: SqliteDatabase, number: number): ByteString | undefined {
  db.leftSteps -= db.pageSizeBytes / BYTES_PER_STEP;
  if (!(number >= 1 && number <= db.pageCount) || db.leftSteps < 0) return undefined;
  const at = db.logPages.get(number);
  const page = at === undefined || db.log === undefined
    ? db.source.read((number - 1) * db.pageSizeBytes, db.pageSizeBytes)
    : db.log.read(at, db.pageSizeBytes);
  return page.length === db.pageSizeBytes ? page : undefined;
}

type SqliteVarint = { value: number; end: number };

/** 1 to 9 bytes, 7 bits in each but the ninth, which has 8; two's complement of 64 bits. */
function readSqliteVarint(bytes: ByteString, at: number): SqliteVarint {
  let value = 0;
  let inverse = 0;
  for (let i = 0; i < 8; i++) {
    const byte = bytes.charCodeAt(at + i);
    value = value * 128 + (byte & 127);
    inverse = inverse * 128 + (127 - (byte & 127));
    if (!(byte & 128)) return { value, end: at + i + 1 };
  }
  // Only with nine bytes can it be negative. By its inverse a number near zero is exact.
  const last = bytes.charCodeAt(at + 8);
  const isNegative = (bytes.charCodeAt(at) & 64) !== 0;
  return { value: isNegative ? -(inverse * 256 + 255 - last) - 1 : value * 256 + last, end: at + 9 };
}

function readSqliteInteger(bytes: ByteString, at: number, sizeBytes: number): number {
  let value = (bytes.charCodeAt(at) << 24) >> 24;
  if (sizeBytes === 8) {
    // Whole halves, so that numbers near zero are exact.
    return (readUint32(bytes, at) | 0) * 0x100000000 + readUint32(bytes, at + 4);
  }
  for (let i = 1; i < sizeBytes; i++) value = value * 256 + bytes.charCodeAt(at + i);
  return value;
}

function readSqliteFloat(bytes: ByteString, at: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, readUint32(bytes, at));
  view.setUint32(4, readUint32(bytes, at + 4));
  return view.getFloat64(0);
}

const SQLITE_INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8];

/** The columns of a record (section 2.1, "Record Format"); undefined if it is cut off. */
function parseSqliteRow(db: SqliteDatabase, payload: ByteString): SqliteValue[] | undefined {
  const head = readSqliteVarint(payload, 0);
  db.leftSteps -= 1;
  if (!(head.value <= payload.length) || db.leftSteps < 0) return undefined;
  const values: SqliteValue[] = [];
  let at = head.end;
  let bodyAt = head.value;
  while (at < head.value) {
    const type = readSqliteVarint(payload, at);
    db.leftSteps -= 1;
    if (values.length === MOST_COLUMNS || db.leftSteps < 0) return undefined;
    at = type.end;
    let length = 0;
    if (type.value >= 12) {
      length = Math.floor((type.value - 12) / 2);
      values.push(payload.slice(bodyAt, bodyAt + length));
    } else if (type.value === 7) {
      length = 8;
      const float = readSqliteFloat(payload, bodyAt);
      values.push(float !== float ? undefined : float); // SQLite has no NaN: it is NULL
    } else if (type.value >= 1 && type.value <= 6) {
      length = SQLITE_INTEGER_BYTES[type.value];
      values.push(readSqliteInteger(payload, bodyAt, length));
    } else {
      values.push(type.value === 8 ? 0 : type.value === 9 ? 1 : undefined);
    }
    bodyAt += length;
    if (bodyAt > payload.length) return undefined;
  }
  return values;
}

type SqliteTreePage = { page: ByteString; type: number; count: number; cellsAt: number; isLeaf: boolean; rightmost: number };

/** The payload of a cell: here, and the rest on overflow pages (section 1.6). */
function readPayload(db: SqliteDatabase, tree: SqliteTreePage, place: { at: number; sizeBytes: number }): ByteString | undefined {
  const { page, type } = tree;
  const { at, sizeBytes } = place;
  const usable = db.usableBytes;
  const most = type !== SQLITE_PAGE.tableLeaf ? Math.floor((usable - 12) * 64 / 255) - 23 : usable - 35;
  if (sizeBytes <= most) return at + sizeBytes <= usable ? page.slice(at, at + sizeBytes) : undefined;
  if (!(sizeBytes <= db.pageCount * usable)) return undefined;
  const least = Math.floor((usable - 12) * 32 / 255) - 23;
  const wished = least + (sizeBytes - least) % (usable - 4);
  const here = wished <= most ? wished : least;
  if (at + here + 4 > usable) return undefined;
  const parts = [page.slice(at, at + here)];
  let next = readUint32(page, at + here);
  for (let left = sizeBytes - here; left > 0; left -= usable - 4) {
    const overflow = readSqlitePage(db, next);
    if (overflow === undefined) return undefined;
    parts.push(overflow.slice(4, 4 + Math.min(left, usable - 4)));
    next = readUint32(overflow, 0);
  }
  return parts.join('');
}

function readTreePage(db: SqliteDatabase, number: number): SqliteTreePage | undefined {
  const page = readSqlitePage(db, number);
  if (page === undefined) return undefined;
  const start = number === 1 ? 100 : 0;
  const type = page.charCodeAt(start);
  const isLeaf = type === SQLITE_PAGE.tableLeaf || type === SQLITE_PAGE.indexLeaf;
  if (!isLeaf && type !== SQLITE_PAGE.tableInterior && type !== SQLITE_PAGE.indexInterior) return undefined;
  const cellsAt = start + (isLeaf ? 8 : 12);
  const count = readBig16(page, start + 3);
  if (cellsAt + 2 * count > page.length) return undefined;
  return { page, type, count, cellsAt, isLeaf, rightmost: isLeaf ? 0 : readUint32(page, start + 8) };
}

function cellAt(tree: SqliteTreePage, index: number): number {
  return readBig16(tree.page, tree.cellsAt + 2 * index);
}

/** The row of a cell of a table's leaf. */
function readTableCell(db: SqliteDatabase, tree: SqliteTreePage, index: number): { rowId: number; row: SqliteValue[] } | undefined {
  const size = readSqliteVarint(tree.page, cellAt(tree, index));
  const rowId = readSqliteVarint(tree.page, size.end);
  const payload = readPayload(db, tree, { at: rowId.end, sizeBytes: size.value });
  const row = payload === undefined ? undefined : parseSqliteRow(db, payload);
  return row === undefined ? undefined : { rowId: rowId.value, row };
}

type RowVisitor = (row: SqliteValue[], rowId: number) => void;

/** Calls `visit` with every row of a table in the order of row ids; false if some could not be read. */
export function scanSqliteTable(db: SqliteDatabase, root: number, visit: RowVisitor): boolean {
  return scanSqliteTree({ db, visit }, root, 0);
}

function scanSqliteTree(scan: { db: SqliteDatabase; visit: RowVisitor }, root: number, depth: number): boolean {
  const { db, visit } = scan;
  const tree = readTreePage(db, root);
  if (tree === undefined || depth > SQLITE_DEPTH_LIMIT) return false;
  let isWhole = true;
  if (tree.type === SQLITE_PAGE.tableInterior) {
    for (let i = 0; i <= tree.count; i++) {
      const child = i < tree.count ? readUint32(tree.page, cellAt(tree, i)) : tree.rightmost;
      if (!scanSqliteTree(scan, child, depth + 1)) isWhole = false;
    }
    return isWhole;
  }
  if (tree.type !== SQLITE_PAGE.tableLeaf) return false;
  for (let i = 0; i < tree.count; i++) {
    const cell = readTableCell(db, tree, i);
    if (cell === undefined) isWhole = false;
    else visit(cell.row, cell.rowId);
  }
  return isWhole;
}

/** Page at which a table or an index begins; undefined if there is none of that name. */
export function findSqliteRoot(db: SqliteDatabase, type: 'table' | 'index', name: ByteString): number | undefined {
  let root: number | undefined;
  scanSqliteTable(db, 1, (row) => {
    if (row[0] === type && row[1] === name && typeof row[3] === 'number') root = row[3];
  });
  return root;
}

/** The row with this id; undefined if there is none, or the table is malformed. */
export function findSqliteRow(db: SqliteDatabase, root: number, rowId: number): SqliteValue[] | undefined {
  let number = root;
  for (let depth = 0; depth <= SQLITE_DEPTH_LIMIT; depth++) {
    const tree = readTreePage(db, number);
    if (tree === undefined || (tree.type !== SQLITE_PAGE.tableInterior && tree.type !== SQLITE_PAGE.tableLeaf)) return undefined;
    const skip = tree.isLeaf ? 0 : 4;
    let low = 0;
    for (let high = tree.count; low < high;) {
      const middle = (low + high) >> 1;
      const at = cellAt(tree, middle);
      const key = readSqliteVarint(tree.page, tree.isLeaf ? readSqliteVarint(tree.page, at).end : at + skip).value;
      if (key < rowId) low = middle + 1;
      else high = middle;
    }
    if (tree.isLeaf) {
      const cell = low < tree.count ? readTableCell(db, tree, low) : undefined;
      return cell === undefined || cell.rowId !== rowId ? undefined : cell.row;
    }
    number = low < tree.count ? readUint32(tree.page, cellAt(tree, low)) : tree.rightmost;
  }
  return undefined;
}

/**
 * Row ids of the entries of an index whose first column is this text or blob, compared as bytes (BINARY);
 * undefined if the index is malformed or holds too many.
 */
export function findSqliteKeys(db: SqliteDatabase, root: number, key: ByteString): number[] | undefined {
  const rowIds: number[] = [];
  return collectKeys({ db, key, rowIds }, root, 0) && rowIds.length < SQLITE_FIND_LIMIT ? rowIds : undefined;
}

function readIndexCell(db: SqliteDatabase, tree: SqliteTreePage, index: number): SqliteValue[] | undefined {
  const size = readSqliteVarint(tree.page, cellAt(tree, index) + (tree.isLeaf ? 0 : 4));
  const payload = readPayload(db, tree, { at: size.end, sizeBytes: size.value });
  return payload === undefined ? undefined : parseSqliteRow(db, payload);
}

// NULL and numbers come before text.
function isBelowKey(value: SqliteValue, key: ByteString): boolean {
  return typeof value !== 'string' || value < key;
}

type SqliteKeySearch = { db: SqliteDatabase; key: ByteString; rowIds: number[] };

function collectKeys(search: SqliteKeySearch, root: number, depth: number): boolean {
  const { db, key, rowIds } = search;
  const tree = readTreePage(db, root);
  if (tree === undefined || depth > SQLITE_DEPTH_LIMIT || (tree.type !== SQLITE_PAGE.indexInterior && tree.type !== SQLITE_PAGE.indexLeaf)) return false;
  let low = 0;
  for (let high = tree.count; low < high;) {
    const middle = (low + high) >> 1;
    const row = readIndexCell(db, tree, middle);
    if (row === undefined) return false;
    if (isBelowKey(row[0], key)) low = middle + 1;
    else high = middle;
  }
  // From here on entries equal the key, until one does not; each has a child before it.
  for (let i = low; i <= tree.count && rowIds.length < SQLITE_FIND_LIMIT; i++) {
    if (!tree.isLeaf) {
      const child = i < tree.count ? readUint32(tree.page, cellAt(tree, i)) : tree.rightmost;
      if (!collectKeys(search, child, depth + 1)) return false;
    }
    if (i === tree.count) break;
    const row = readIndexCell(db, tree, i);
    if (row === undefined) return false;
    const rowId = row[row.length - 1];
    if (row[0] !== key) break;
    if (typeof rowId === 'number') rowIds.push(rowId);
  }
  return true;
}
