// zipwriter.ts - headers of a zip archive of stored members (APPNOTE.TXT 6.3.10), Zip64 where that is needed. Knows no files.
import type { ByteString } from '../core/bytes.ts';

/** `timeS`: seconds since 1970; `offset`: where its local header begins. The content of a link is its target's text. */
export type ZipItem = { name: ByteString; kind: '' | 'x' | 'l'; sizeBytes: number; crc: number; offset: number; timeS: number };

/** Where in a local header the checksum stands, which is known only when the content has been read. */
export const ZIP_LOCAL_CRC_AT = 14;

const MOST_32 = 0xffffffff;
const MOST_16 = 0xffff;
// The name is UTF-8 (4.4.4, bit 11).
const ZIP_FLAGS = 0x0800;
const ZIP_UNIX = 3;
const ZIP_UNIX_MODES = { '': 0o100644, x: 0o100755, l: 0o120777 };

function little(value: number, bytes: number): ByteString {
  let text = '';
  for (let rest = value; text.length < bytes; rest = Math.floor(rest / 256)) text += String.fromCharCode(rest % 256);
  return text;
}

/** Time and date of MS-DOS in UTC, in steps of two seconds from 1980 to 2107. */
function dosTime(timeS: number): ByteString {
  const clamped = Math.min(Math.max(timeS, Date.UTC(1980, 0, 1) / 1000), Date.UTC(2107, 11, 31, 23, 59, 58) / 1000);
  const moment = new Date(clamped * 1000);
  const time = (moment.getUTCHours() << 11) | (moment.getUTCMinutes() << 5) | (moment.getUTCSeconds() >> 1);
  const date = ((moment.getUTCFullYear() - 1980) << 9) | ((moment.getUTCMonth() + 1) << 5) | moment.getUTCDate();
  return little(time, 2) + little(date, 2);
}

/** Version needed to read it: 1.0 of stored bytes, 4.5 with Zip64. */
function versionFor(isZip64: boolean): ByteString {
  return little(isZip64 ? 45 : 10, 2);
}

function isLarge(item: ZipItem): boolean {
  return item.sizeBytes >= MOST_32;
}

function commonFields(item: ZipItem, isZip64: boolean, extra: ByteString): ByteString {
  const size = little(isLarge(item) ? MOST_32 : item.sizeBytes, 4);
  return versionFor(isZip64) + little(ZIP_FLAGS, 2) + little(0, 2) + dosTime(item.timeS) + little(item.crc, 4) + size + size + little(item.name.length, 2) + little(extra.length, 2);
}

/** What stands before the content. */
export function printZipLocalHeader(item: ZipItem): ByteString {
  const sizes = isLarge(item) ? little(item.sizeBytes, 8) + little(item.sizeBytes, 8) : '';
  const extra = sizes === '' ? '' : little(1, 2) + little(sizes.length, 2) + sizes;
  return 'PK\x03\x04' + commonFields(item, extra !== '', extra) + item.name + extra;
}

/** The entry of the directory, which stands behind all contents. */
export function printZipDirectoryEntry(item: ZipItem): ByteString {
  const large = (isLarge(item) ? little(item.sizeBytes, 8) + little(item.sizeBytes, 8) : '') + (item.offset >= MOST_32 ? little(item.offset, 8) : '');
  const extra = large === '' ? '' : little(1, 2) + little(large.length, 2) + large;
  const madeBy = little(extra === '' ? 10 : 45, 1) + little(ZIP_UNIX, 1);
  return 'PK\x01\x02' + madeBy + commonFields(item, extra !== '', extra) + little(0, 2) + little(0, 2) + little(0, 2)
    + little(0, 2) + little(ZIP_UNIX_MODES[item.kind], 2) + little(Math.min(item.offset, MOST_32), 4) + item.name + extra;
}

/** The end of an archive whose directory of `count` entries has `directoryBytes` and begins at `offset`. */
export function printZipEnd(count: number, directoryBytes: number, offset: number): ByteString {
  const isZip64 = count >= MOST_16 || directoryBytes >= MOST_32 || offset >= MOST_32;
  let end = '';
  if (isZip64) {
    end += 'PK\x06\x06' + little(44, 8) + little(45, 1) + little(ZIP_UNIX, 1) + versionFor(true) + little(0, 4) + little(0, 4)
      + little(count, 8) + little(count, 8) + little(directoryBytes, 8) + little(offset, 8);
    end += 'PK\x06\x07' + little(0, 4) + little(offset + directoryBytes, 8) + little(1, 4);
  }
  const entries = little(Math.min(count, MOST_16), 2);
  return end + 'PK\x05\x06' + little(0, 2) + little(0, 2) + entries + entries + little(Math.min(directoryBytes, MOST_32), 4) + little(Math.min(offset, MOST_32), 4) + little(0, 2);
}
