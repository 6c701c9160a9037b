// hashcache.ts - hashes of files that have not changed since they were read. Without it all is the same, later.
//
// Lines of "HASH DEV INO SIZE MTIME CTIME PATH", appended; a line is true as long as all of these are.
// A file that was written just before it was hashed may be written again within the same tick of
// the clock, with the same size; so what is too fresh is not kept (git calls such files racy).
import type { ByteString } from '../core/bytes.ts';
import { encodeText } from '../formats/percent.ts';
import { readUtcMicros } from './clock.ts';
import { isUnwritable, readBytesIfThere, removeIfThere, toFsPath } from './files.ts';
import { fs } from './node.ts';

const TICK_MS = 40; // four times the coarsest tick of Linux
const COARSE_TICK_MS = 2100; // file systems that keep whole or even seconds
const LIMIT_BYTES = 64 << 20;
const SEARCHES_BEFORE_MAP = 20;

type CachedStats = import('fs').Stats;

/** All by which a file is known to be unchanged, as text: " DEV INO SIZE MTIME CTIME PATH". */
export function statKeyOf(stat: CachedStats, name: ByteString): ByteString {
  return ' ' + [stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(' ') + ' ' + encodeText(name);
}

export function isSettled(stat: CachedStats): boolean {
  const nowMs = readUtcMicros() / 1000;
  const tickMs = stat.mtimeMs % 1000 === 0 ? COARSE_TICK_MS : TICK_MS;
  return stat.mtimeMs < nowMs - tickMs && stat.ctimeMs < nowMs - TICK_MS;
}

export class HashCache {
  private readonly name: ByteString;
  private text: ByteString | undefined;
  private map: Map<ByteString, string> | undefined;
  private searches = 0;
  private added = '';
  constructor(name: ByteString) {
    this.name = name;
  }

  /** Hash of the file as it is now, if it is known. */
  find(stat: CachedStats, name: ByteString): string | undefined {
    this.text = this.text ?? readBytesIfThere(this.name) ?? '';
    this.searches += 1;
    const key = statKeyOf(stat, name);
    if (this.searches > SEARCHES_BEFORE_MAP) return this.asMap(this.text).get(key);
    const at = this.text.indexOf(key + '\n');
    const hash = at >= 64 ? this.text.slice(at - 64, at) : '';
    return /^[0-9a-f]{64}$/.test(hash) ? hash : undefined;
  }

  private asMap(text: ByteString): Map<ByteString, string> {
    if (this.map === undefined) {
      this.map = new Map();
      for (const line of text.split('\n')) if (line.length > 64) this.map.set(line.slice(64), line.slice(0, 64));
    }
    return this.map;
  }

  /** Notes the hash of a file that had these stats before and after it was read. */
  add(stat: CachedStats, name: ByteString, hash: string): void {
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
