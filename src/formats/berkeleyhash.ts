// berkeleyhash.ts - hash tables of Berkeley DB, versions 8 to 10: rpm's Packages up to CentOS 7 and 8. Knows no files.
//
// Page 0 says what the file is: at 12 a magic number, which also tells the order of bytes, at 16 the
// version, at 20 the size of a page. Every page begins with 26 bytes: at 16 the page that follows, at
// 20 the number of items, at 22 a position, at 25 the type. The items of a hash page are keys and
// values in turn, from the end of the page to its beginning, found by the offsets behind the 26 bytes.
// An item is a byte that tells its kind, and its content or where its overflow pages begin (as in
// Berkeley DB's dbinc/db_page.h and rpm's lib/backend/bdb_ro.cc).
import type { ByteString } from '../core/bytes.ts';
import type { FileParts } from './fileparts.ts';
import { readBig16, readLittle16, readLittle32 } from './fileparts.ts';
import { readUint32 } from './gitindex.ts';

const BERKELEY_MAGIC = 0x061561;
const BERKELEY_PAGE_HEAD_BYTES = 26;
const BERKELEY_HASH_PAGES = [2, 13]; // unsorted (until version 8) and sorted
const BERKELEY_OVERFLOW_PAGE = 7;
const BERKELEY_ITEM_HERE = 1;
const BERKELEY_ITEM_OVERFLOW = 3;
const BERKELEY_OVERFLOW_ITEM_BYTES = 12;

type BerkeleyFile = {
  source: FileParts;
  pageSizeBytes: number;
  read16: (bytes: ByteString, at: number) => number;
  read32: (bytes: ByteString, at: number) => number;
  /** What may still be read of items: no byte belongs to two of them. */
  leftBytes: number;
};

function openBerkeleyHash(source: FileParts): BerkeleyFile | undefined {
  const head = source.read(0, 72);
  if (head.length < 72) return undefined;
  const isLittle = readLittle32(head, 12) === BERKELEY_MAGIC;
  if (!isLittle && readUint32(head, 12) !== BERKELEY_MAGIC) return undefined;
  const read32 = isLittle ? readLittle32 : readUint32;
  const pageSizeBytes = read32(head, 20);
  const version = read32(head, 16);
  if (version < 8 || version > 10 || pageSizeBytes < 512 || pageSizeBytes > 65536 || (pageSizeBytes & (pageSizeBytes - 1)) !== 0) return undefined;
  return { source, pageSizeBytes, read16: isLittle ? readLittle16 : readBig16, read32, leftBytes: source.sizeBytes };
}

function readOverflow(file: BerkeleyFile, first: number, lengthBytes: number): ByteString | undefined {
  const parts: ByteString[] = [];
  let number = first;
  let left = lengthBytes;
  while (left > 0 && left <= file.leftBytes) {
    const page = file.source.read(number * file.pageSizeBytes, file.pageSizeBytes);
    const length = file.read16(page, 22);
    if (page.length < file.pageSizeBytes || page.charCodeAt(25) !== BERKELEY_OVERFLOW_PAGE) return undefined;
    if (length === 0 || length > left || BERKELEY_PAGE_HEAD_BYTES + length > page.length) return undefined;
    parts.push(page.slice(BERKELEY_PAGE_HEAD_BYTES, BERKELEY_PAGE_HEAD_BYTES + length));
    left -= length;
    file.leftBytes -= length;
    number = file.read32(page, 16);
  }
  return left === 0 ? parts.join('') : undefined;
}

function readItem(file: BerkeleyFile, item: ByteString): ByteString | undefined {
  const kind = item.charCodeAt(0);
  if (kind === BERKELEY_ITEM_HERE) {
    file.leftBytes -= item.length;
    return file.leftBytes < 0 ? undefined : item.slice(1);
  }
  if (kind !== BERKELEY_ITEM_OVERFLOW || item.length !== BERKELEY_OVERFLOW_ITEM_BYTES) return undefined;
  return readOverflow(file, file.read32(item, 4), file.read32(item, 8));
}

/**
 * Calls `visit` with each value, in the order of the pages. A file of another kind, and what is
 * malformed, has no values; duplicates of a key are left out.
 */
export function scanBerkeleyHash(source: FileParts, visit: (value: ByteString) => void): void {
  const file = openBerkeleyHash(source);
  if (file === undefined) return;
  const size = file.pageSizeBytes;
  for (let pageAt = size; pageAt + size <= source.sizeBytes; pageAt += size) {
    const page = source.read(pageAt, size);
    if (BERKELEY_HASH_PAGES.indexOf(page.charCodeAt(25)) < 0) continue;
    const count = Math.min(file.read16(page, 20), (size - BERKELEY_PAGE_HEAD_BYTES) >> 1);
    for (let i = 1; i < count; i += 2) {
      const at = file.read16(page, BERKELEY_PAGE_HEAD_BYTES + 2 * i);
      const end = file.read16(page, BERKELEY_PAGE_HEAD_BYTES + 2 * i - 2);
      if (at < BERKELEY_PAGE_HEAD_BYTES + 2 * count || at >= end || end > size) continue;
      const value = readItem(file, page.slice(at, end));
      if (value !== undefined) visit(value);
    }
  }
}
