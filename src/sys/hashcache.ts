// hashcache.ts - hashes of files that have not changed since they were read. Without it all is the same, later.
//
// Lines of "HASH DEV INO SIZE MTIME CTIME PATH", appended; a line is true as long as all of these are.
// A file that was written just before it was hashed may be written again within the same tick of
// the clock, with the same size; so what is too fresh is not kept (git calls such files racy).
import type { ByteString } from '../core/bytes.ts';
import { encodeText } from '../formats/percent.ts';
import { readUtcMicros } from './clock.ts';
import { isUnwritable, readRegularBytesIfThere, removeIfThere, statIfThere, toFsPath } from './files.ts';
import { fs } from './node.ts';

const TICK_MS = 40; // four times the coarsest tick of Linux
const COARSE_TICK_MS = 2100; // file systems that keep whole or even seconds
const LIMIT_BYTES = 64 << 20;
const SEARCHES_BEFORE_TABLE = 20;

/** Of the stats of a file that by which it is known to be unchanged. */
export type FileStamp = Pick<import('fs').Stats, 'dev' | 'ino' | 'size' | 'mtimeMs' | 'ctimeMs'>;

/** All by which a file is known to be unchanged, as text: " DEV INO SIZE MTIME CTIME PATH". */
export function statKeyOf(stat: FileStamp, name: ByteString): ByteString {
  return ' ' + [stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(' ') + ' ' + encodeText(name);
}

export function isSettled(stat: Pick<FileStamp, 'mtimeMs' | 'ctimeMs'>): boolean {
  const nowMs = readUtcMicros() / 1000;
  const tickMs = stat.mtimeMs % 1000 === 0 ? COARSE_TICK_MS : TICK_MS;
  return stat.mtimeMs < nowMs - tickMs && stat.ctimeMs < nowMs - TICK_MS;
}

const FNV_BASIS = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;
// The numbers of a file differ within the first bytes, names of one file of many links within the last.
const FIRST_BYTES = 64;
const LAST_BYTES = 32;
// Who made the file can give all lines one place: then those behind these are not noted, and their files read again.
const MOST_LOOKED_AT = 128;

/** FNV-1a (Fowler, Noll, Vo) of the length and of the first and last bytes of a key. */
function hashKey(data: Buffer, start: number, end: number): number {
  let hash = FNV_BASIS ^ (end - start);
  for (let at = start; at < end && at < start + FIRST_BYTES; at++) hash = Math.imul(hash ^ data[at], FNV_PRIME);
  for (let at = Math.max(start + FIRST_BYTES, end - LAST_BYTES); at < end; at++) hash = Math.imul(hash ^ data[at], FNV_PRIME);
  return hash;
}

/** Where the lines of a file begin, found by their keys: open addressing, as objects of 100,000 lines are several times the file. */
export class LineTable {
  private readonly data: Buffer;
  /** Start of a line, plus 1; 0: none. */
  private readonly slots: Int32Array;
  constructor(data: Buffer) {
    let lines = 0;
    for (let at = data.indexOf(10); at >= 0; at = data.indexOf(10, at + 1)) lines += 1;
    let size = 16;
    while (size < lines * 2) size *= 2;
    this.data = data;
    this.slots = new Int32Array(size);
    for (let start = 0, end = data.indexOf(10); end >= 0; start = end + 1, end = data.indexOf(10, start)) {
      const slot = end - start > 64 ? this.findSlot(data, start + 64, end) : -1;
      if (slot >= 0) this.slots[slot] = start + 1;
    }
  }

  /** The slot of a key, which stands in `key` from `from` to `to`, or where it would be; -1: too far from its place. */
  private findSlot(key: Buffer, from: number, to: number): number {
    const { data, slots } = this;
    let slot = hashKey(key, from, to) & (slots.length - 1);
    for (let looked = 0; slots[slot] !== 0; slot = (slot + 1) & (slots.length - 1), looked++) {
      if (looked === MOST_LOOKED_AT) return -1;
      const start = slots[slot] - 1 + 64;
      if (data[start + to - from] === 10 && data.compare(key, from, to, start, start + to - from) === 0) return slot;
    }
    return slot;
  }

  find(key: Buffer): string | undefined {
    const slot = this.findSlot(key, 0, key.length);
    const start = slot < 0 ? -1 : this.slots[slot] - 1;
    return start < 0 ? undefined : this.data.toString('latin1', start, start + 64);
  }
}

/** A file as it was read last, for all who ask in this process: it may have 64 MiB. */
type ReadCache = { name: ByteString; ino: number; size: number; mtimeMs: number; data: Buffer; table: LineTable | undefined };

let heldCache: ReadCache | undefined;

function readCache(name: ByteString): ReadCache {
  const { ino, size, mtimeMs } = statIfThere(name) ?? { ino: 0, size: 0, mtimeMs: 0 };
  if (heldCache === undefined || heldCache.name !== name || heldCache.ino !== ino || heldCache.size !== size || heldCache.mtimeMs !== mtimeMs) {
    heldCache = undefined;
    heldCache = { name, ino, size, mtimeMs, data: readRegularBytesIfThere(name) ?? Buffer.alloc(0), table: undefined };
  }
  return heldCache;
}

export class HashCache {
  private readonly name: ByteString;
  private read: ReadCache | undefined;
  private searches = 0;
  private added = '';
  constructor(name: ByteString) {
    this.name = name;
  }

  /** Hash of the file as it is now, if it is known. */
  find(stat: FileStamp, name: ByteString): string | undefined {
    this.read = this.read ?? readCache(this.name);
    const { data } = this.read;
    this.searches += 1;
    const key = statKeyOf(stat, name);
    let hash: string | undefined = '';
    if (this.searches > SEARCHES_BEFORE_TABLE) {
      this.read.table = this.read.table ?? new LineTable(data);
      hash = this.read.table.find(Buffer.from(key, 'latin1'));
    } else {
      const at = data.indexOf(key + '\n', 0, 'latin1');
      hash = at >= 64 ? data.toString('latin1', at - 64, at) : '';
    }
    return hash !== undefined && /^[0-9a-f]{64}$/.test(hash) ? hash : undefined;
  }

  /** Notes the hash of a file that had these stats before and after it was read. */
  add(stat: FileStamp, name: ByteString, hash: string): void {
    if (isSettled(stat)) this.added += hash + statKeyOf(stat, name) + '\n';
  }

  /** Writes what was added. Where that cannot be, it is forgotten: it is only a cache. */
  save(): void {
    if (this.added === '') return;
    try {
      fs.appendFileSync(toFsPath(this.name), Buffer.from(this.added, 'latin1'));
      if (fs.statSync(toFsPath(this.name)).size > LIMIT_BYTES) removeIfThere(this.name);
    } catch (error) {
      if (!isUnwritable(error)) throw error;
    }
    this.added = '';
  }
}
