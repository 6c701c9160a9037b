// sqlitelog.ts - the write-ahead log of an SQLite database, DATABASE-wal (sqlite.org/fileformat2.html, 4). Knows no tables.
import type { ByteString } from '../core/bytes.ts';
import type { FileParts } from './fileparts.ts';
import { readLittle32 } from './fileparts.ts';
import { readUint32 } from './gitindex.ts';

const LOG_MAGIC_LITTLE = 0x377f0682;
const LOG_MAGIC_BIG = 0x377f0683;
const LOG_HEADER_BYTES = 32;
const LOG_FRAME_BYTES = 24;

/** Where in the log the newest version of a page lies; `pageCount` is the size of the database by now. */
export type SqliteLog = { pages: Map<number, number>; pageCount: number };

type Checksum = { first: number; second: number };

function addToChecksum(sum: Checksum, bytes: ByteString, read32: (bytes: ByteString, at: number) => number): void {
  let first = sum.first;
  let second = sum.second;
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    first = (first + read32(bytes, at) + second) >>> 0;
    second = (second + read32(bytes, at + 4) + first) >>> 0;
  }
  sum.first = first;
  sum.second = second;
}

/** What the log's transactions that were ended have changed; undefined if there is none. */
export function readSqliteLog(log: FileParts, pageSizeBytes: number): SqliteLog | undefined {
  const header = log.read(0, LOG_HEADER_BYTES);
  const magic = readUint32(header, 0);
  if (header.length < LOG_HEADER_BYTES || (magic !== LOG_MAGIC_LITTLE && magic !== LOG_MAGIC_BIG) || readUint32(header, 8) !== pageSizeBytes) return undefined;
  const read32 = magic === LOG_MAGIC_BIG ? readUint32 : readLittle32;
  const salts = header.slice(16, 24);
  const sum = { first: 0, second: 0 };
  addToChecksum(sum, header.slice(0, 24), read32);
  if (readUint32(header, 24) !== sum.first || readUint32(header, 28) !== sum.second) return undefined;
  const pages = new Map<number, number>();
  let pending = new Map<number, number>();
  let pageCount: number | undefined;
  // A frame of an older use of the file has other salts; a torn one has another checksum, or is of no page.
  for (let at = LOG_HEADER_BYTES; at + LOG_FRAME_BYTES + pageSizeBytes <= log.sizeBytes; at += LOG_FRAME_BYTES + pageSizeBytes) {
    const frame = log.read(at, LOG_FRAME_BYTES);
    if (frame.slice(8, 16) !== salts || readUint32(frame, 0) === 0) break;
    addToChecksum(sum, frame.slice(0, 8), read32);
    addToChecksum(sum, log.read(at + LOG_FRAME_BYTES, pageSizeBytes), read32);
    if (readUint32(frame, 16) !== sum.first || readUint32(frame, 20) !== sum.second) break;
    pending.set(readUint32(frame, 0), at + LOG_FRAME_BYTES);
    const sizePages = readUint32(frame, 4);
    if (sizePages === 0) continue;
    for (const [number, pageAt] of pending) pages.set(number, pageAt);
    pending = new Map<number, number>();
    pageCount = sizePages;
  }
  return pageCount === undefined ? undefined : { pages, pageCount };
}
