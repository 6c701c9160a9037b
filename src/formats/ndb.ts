// ndb.ts - rpm's database of packages in SUSE systems, Packages.db (rpm's lib/backend/ndb/rpmpkg.c). Knows no files.
//
// All numbers are little-endian and of 32 bits. The file is a header of 32 bytes, slots of 16 bytes up
// to the end of a number of pages of 4096, then blobs in blocks of 16 bytes. A slot says 'Slot', the
// package's number, first block (0: the slot is free), number of blocks. A blob says 'BlbS', the package's number, a
// generation, its length; then come its bytes.
import type { ByteString } from '../core/bytes.ts';
import type { FileParts } from './fileparts.ts';
import { readLittle32 } from './fileparts.ts';

const NDB_BLOCK_BYTES = 16;
const NDB_PAGE_BYTES = 4096;
const NDB_HEADER_BYTES = 32;
const NDB_BLOB_HEAD_BYTES = 16;
const NDB_VERSION = 0;

/** Calls `visit` with the header of each package. What is malformed is left out. */
export function scanNdb(source: FileParts, visit: (blob: ByteString) => void): void {
  const header = source.read(0, NDB_HEADER_BYTES);
  if (header.slice(0, 4) !== 'RpmP' || readLittle32(header, 4) !== NDB_VERSION) return;
  const slotsEnd = Math.min(readLittle32(header, 12) * NDB_PAGE_BYTES, source.sizeBytes);
  const slots = source.read(NDB_HEADER_BYTES, Math.max(slotsEnd - NDB_HEADER_BYTES, 0));
  // Blobs do not overlap, so no more bytes can be read than there are.
  let leftBytes = source.sizeBytes;
  for (let at = 0; at + 16 <= slots.length && leftBytes > 0; at += 16) {
    const blobAt = readLittle32(slots, at + 8) * NDB_BLOCK_BYTES;
    if (slots.slice(at, at + 4) !== 'Slot' || blobAt < slotsEnd) continue;
    const head = source.read(blobAt, NDB_BLOB_HEAD_BYTES);
    const length = readLittle32(head, 12);
    if (head.slice(0, 4) !== 'BlbS' || readLittle32(head, 4) !== readLittle32(slots, at + 4)) continue;
    if (blobAt + NDB_BLOB_HEAD_BYTES + length > source.sizeBytes) continue;
    leftBytes -= length;
    visit(source.read(blobAt + NDB_BLOB_HEAD_BYTES, length));
  }
}
