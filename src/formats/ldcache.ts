// ldcache.ts - glibc's cache of libraries, /etc/ld.so.cache. Knows no order of search, and no files.
//
// Layout: glibc, sysdeps/generic/dl-cache.h. A header of 48 bytes, entries of 24, strings, and an
// extension that names the folders glibc-hwcaps/LEVEL. All but the oldest systems have this format,
// alone or behind that of old ("ld.so-1.7.0"), whose entries say nothing more and are stepped over.
import type { ByteString } from '../core/bytes.ts';

export type CachedLibrary = {
  path: ByteString;
  /** Of the machine that it needs, a folder below glibc-hwcaps/: 'x86-64-v3'; '' for any. */
  level: ByteString;
};

const NEW_MAGIC = 'glibc-ld.so.cache1.1';
const OLD_MAGIC = 'ld.so-1.7.0';
const OLD_ENTRY_BYTES = 12;
const CACHE_HEADER_BYTES = 48;
const CACHE_ENTRY_BYTES = 24;
const EXTENSION_MAGIC = 0xeaa42174;
const TAG_HWCAPS = 1;
const LONGEST_PATH_BYTES = 4096;
const TEXTS_PER_BYTE = 16;
// Upper half of the field hwcap: "the lower half is an index into the names of the extension".
const HWCAP_IS_INDEX = 1 << 30;

/** What a word of the file is read by; outside of the file all is 0. */
class CacheReader {
  private readonly view: DataView;
  private readonly base: number;
  isLittle = true;
  /** How many bytes of texts may still be read: entries share a few at most, and these may be made to share one long one. */
  private leftBytes: number;
  constructor(bytes: Uint8Array, base: number) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.base = base;
    this.leftBytes = TEXTS_PER_BYTE * bytes.byteLength;
  }
  get sizeBytes(): number {
    return this.view.byteLength - this.base;
  }
  word(at: number): number {
    return at + 4 <= this.sizeBytes ? this.view.getUint32(this.base + at, this.isLittle) : 0;
  }
  byte(at: number): number {
    return at < this.sizeBytes ? this.view.getUint8(this.base + at) : 0;
  }
  /** The bytes up to the next NUL; '' if they are longer than any path. */
  text(at: number): ByteString {
    let end = at;
    while (this.byte(end) !== 0 && end < at + LONGEST_PATH_BYTES) end += 1;
    this.leftBytes -= end - at;
    if (end === at || end === at + LONGEST_PATH_BYTES || this.leftBytes < 0) return '';
    const bytes = new Uint8Array(this.view.buffer, this.view.byteOffset + this.base + at, end - at);
    return String.fromCharCode.apply(null, bytes as unknown as number[]);
  }
}

function startsWithMagic(bytes: Uint8Array, at: number, magic: string): boolean {
  for (let i = 0; i < magic.length; i++) if (bytes[at + i] !== magic.charCodeAt(i)) return false;
  return true;
}

/** Where the new format begins; undefined if it is not there. */
function findNewFormat(bytes: Uint8Array): number | undefined {
  if (startsWithMagic(bytes, 0, NEW_MAGIC)) return 0;
  if (!startsWithMagic(bytes, 0, OLD_MAGIC)) return undefined;
  for (const isLittle of [true, false]) {
    const reader = new CacheReader(bytes, 0);
    reader.isLittle = isLittle;
    const end = 16 + reader.word(12) * OLD_ENTRY_BYTES;
    // Aligned to the largest word of the entries: 8 bytes, on some 32-bit machines 4.
    for (const alignBytes of [8, 4]) {
      const at = Math.ceil(end / alignBytes) * alignBytes;
      if (startsWithMagic(bytes, at, NEW_MAGIC)) return at;
    }
  }
  return undefined;
}

function readLevels(reader: CacheReader): ByteString[] {
  const start = reader.word(32);
  const levels: ByteString[] = [];
  if (start === 0 || reader.word(start) !== EXTENSION_MAGIC) return levels;
  const count = Math.min(reader.word(start + 4), 64);
  for (let i = 0; i < count; i++) {
    const section = start + 8 + i * 16;
    if (reader.word(section) !== TAG_HWCAPS) continue;
    const names = Math.min(reader.word(section + 12) >>> 2, 64);
    for (let j = 0; j < names; j++) levels.push(reader.text(reader.word(reader.word(section + 8) + j * 4)));
  }
  return levels;
}

/**
 * Name of a library -> the files of that name, in the order of the cache, of all architectures (the
 * files themselves tell theirs). Entries for the older folders of hardware ("tls", "haswell"), which
 * glibc 2.37 took out, are left out. A malformed cache gives what can be read of it.
 */
export function parseLibraryCache(bytes: Uint8Array): Map<ByteString, CachedLibrary[]> {
  const libraries = new Map<ByteString, CachedLibrary[]>();
  const base = findNewFormat(bytes);
  if (base === undefined) return libraries;
  const reader = new CacheReader(bytes, base);
  const order = reader.byte(28) & 3;
  // 2: little-endian, 3: big-endian; 0 before glibc 2.33: the order in which the entries fit in.
  reader.isLittle = order === 2 || (order !== 3 && CACHE_HEADER_BYTES + reader.word(20) * CACHE_ENTRY_BYTES <= reader.sizeBytes);
  const levels = readLevels(reader);
  const count = Math.min(reader.word(20), Math.floor((reader.sizeBytes - CACHE_HEADER_BYTES) / CACHE_ENTRY_BYTES));
  for (let i = 0; i < count; i++) {
    const entry = CACHE_HEADER_BYTES + i * CACHE_ENTRY_BYTES;
    const [low, high] = reader.isLittle ? [reader.word(entry + 16), reader.word(entry + 20)] : [reader.word(entry + 20), reader.word(entry + 16)];
    const isIndex = (high & HWCAP_IS_INDEX) !== 0;
    if (!isIndex && (low !== 0 || high !== 0)) continue;
    const level = isIndex ? levels[low] : '';
    const name = reader.text(reader.word(entry + 4));
    const path = reader.text(reader.word(entry + 8));
    if (level === undefined || name === '' || path[0] !== '/') continue;
    const known = libraries.get(name);
    if (known === undefined) libraries.set(name, [{ path, level }]);
    else known.push({ path, level });
  }
  return libraries;
}
