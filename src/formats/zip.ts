// zip.ts - the directory of a zip archive (APPNOTE.TXT 6.3.10, sections 4.3 and 4.4). Knows no files and no inflate.
import type { ByteString } from '../core/bytes.ts';

export type ZipDirectory = { offset: number; sizeBytes: number };

/** `method` is 0 for stored, 8 for deflated bytes; `offset` is that of the local header. */
export type ZipEntry = {
  name: ByteString; method: number; packedBytes: number; sizeBytes: number; offset: number;
  /** General purpose bits: 1 for encrypted. */
  flags: number;
  crc: number;
  /** Date and time of MS-DOS, as they stand. */
  time: ByteString;
  /** The system that the attributes are of: 3 for Unix, whose mode are their upper 16 bits. */
  system: number;
  attributes: number;
  extra: ByteString;
  comment: ByteString;
  /** Of this entry in the directory. */
  entryBytes: number;
};

/** So many bytes at the end of an archive hold the end record, whatever its comment, and the Zip64 locator. */
export const ZIP_TAIL_BYTES = 22 + 0xffff + 20;
export const ZIP_LOCAL_HEADER_BYTES = 30;

const ZIP_END_RECORD = 'PK\x05\x06';
const ZIP64_LOCATOR = 'PK\x06\x07';
const ZIP64_RECORD = 'PK\x06\x06';
const ZIP_ENTRY = 'PK\x01\x02';
const ZIP_LOCAL_HEADER = 'PK\x03\x04';

/**
 * A Zip64 locator says where the record that follows is; its 56 bytes are then to be read by
 * parseZip64Record(). `endAt`: where in the tail the end record begins.
 */
export type ZipEnd = { kind: 'directory'; directory: ZipDirectory; endAt: number } | { kind: 'zip64'; recordOffset: number };

/**
 * What the last bytes of an archive say of its directory; undefined if it is no archive, or the last end record's
 * comment is not all there: some take an earlier one then, of which that is the comment, and others this one.
 */
export function parseZipEnd(tail: ByteString): ZipEnd | undefined {
  let at = tail.lastIndexOf(ZIP_END_RECORD);
  // A comment may end with these four bytes, and some more.
  while (at > 0 && at + 22 > tail.length) at = tail.lastIndexOf(ZIP_END_RECORD, at - 1);
  if (at < 0 || at + 22 > tail.length || at + 22 + readLittle(tail, at + 20, 2) > tail.length) return undefined;
  const sizeBytes = readLittle(tail, at + 12, 4);
  const offset = readLittle(tail, at + 16, 4);
  if (at >= 20 && tail.startsWith(ZIP64_LOCATOR, at - 20)) return { kind: 'zip64', recordOffset: readLittle(tail, at - 12, 8) };
  return sizeBytes < 0xffffffff && offset < 0xffffffff ? { kind: 'directory', directory: { offset, sizeBytes }, endAt: at } : undefined;
}

export function parseZip64Record(record: ByteString): ZipDirectory | undefined {
  if (!record.startsWith(ZIP64_RECORD) || record.length < 56) return undefined;
  return { sizeBytes: readLittle(record, 40, 8), offset: readLittle(record, 48, 8) };
}

/** The entries of a directory up to the first damaged one. */
export function parseZipEntries(directory: ByteString): ZipEntry[] {
  const entries: ZipEntry[] = [];
  for (let at = 0; at + 46 <= directory.length && directory.startsWith(ZIP_ENTRY, at);) {
    const nameEnd = at + 46 + readLittle(directory, at + 28, 2);
    const extraEnd = nameEnd + readLittle(directory, at + 30, 2);
    const end = extraEnd + readLittle(directory, at + 32, 2);
    if (end > directory.length) break;
    const entry: ZipEntry = {
      name: directory.slice(at + 46, nameEnd), method: readLittle(directory, at + 10, 2), packedBytes: readLittle(directory, at + 20, 4),
      sizeBytes: readLittle(directory, at + 24, 4), offset: readLittle(directory, at + 42, 4), flags: readLittle(directory, at + 8, 2),
      crc: readLittle(directory, at + 16, 4), time: directory.slice(at + 12, at + 16), system: directory.charCodeAt(at + 5),
      attributes: readLittle(directory, at + 38, 4), extra: directory.slice(nameEnd, extraEnd), comment: directory.slice(extraEnd, end), entryBytes: end - at,
    };
    addZip64Sizes(entry);
    entries.push(entry);
    at = end;
  }
  return entries;
}

/** Sizes and offset that do not fit into 32 bits stand in an extra field (4.5.3), each only if it is needed. */
function addZip64Sizes(entry: ZipEntry): void {
  const field = parseZipExtra(entry.extra).find((one) => one.id === 1)?.data ?? '';
  let at = 0;
  for (const key of ['sizeBytes', 'packedBytes', 'offset'] as const) {
    if (entry[key] < 0xffffffff || at + 8 > field.length) continue;
    entry[key] = readLittle(field, at, 8);
    at += 8;
  }
}

/** The extra fields of an entry or a local header, up to the first damaged one. */
export function parseZipExtra(extra: ByteString): { id: number; data: ByteString }[] {
  const fields: { id: number; data: ByteString }[] = [];
  for (let at = 0; at + 4 <= extra.length;) {
    const end = at + 4 + readLittle(extra, at + 2, 2);
    if (end > extra.length) break;
    fields.push({ id: readLittle(extra, at, 2), data: extra.slice(at + 4, end) });
    at = end;
  }
  return fields;
}

/** How far behind the beginning of the local header the data begins; undefined if it is no local header. */
export function findZipData(header: ByteString): number | undefined {
  if (!header.startsWith(ZIP_LOCAL_HEADER) || header.length < ZIP_LOCAL_HEADER_BYTES) return undefined;
  return ZIP_LOCAL_HEADER_BYTES + readLittle(header, 26, 2) + readLittle(header, 28, 2);
}

/** Where the extra fields of a local header begin; they end where the data begins. */
export function findZipLocalExtra(header: ByteString): number {
  return ZIP_LOCAL_HEADER_BYTES + readLittle(header, 26, 2);
}

/** Past 2^53 inexact, which is past the end of any file too. */
function readLittle(bytes: ByteString, at: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + bytes.charCodeAt(at + i);
  return value;
}
