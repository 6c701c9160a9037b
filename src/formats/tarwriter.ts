// tarwriter.ts - headers of a tar archive: ustar, and pax where that does not do (POSIX.1-2017, pax). Knows no files.
//
// What is not asked for is the same for all: owner 0, no names of owners, one time. So an archive tells
// nothing of who made it, where and on what.
import type { ByteString } from '../core/bytes.ts';

/** `target`: text of a link, else ''. `timeS`: seconds since 1970. */
export type TarEntry = { name: ByteString; kind: '' | 'x' | 'l'; sizeBytes: number; target: ByteString; timeS: number };

const TAR_BLOCK_BYTES = 512;
/** Archives come in units of so many bytes (20 blocks). */
const TAR_UNIT_BYTES = 10240;
const USTAR_NAME_BYTES = 100;
const USTAR_PREFIX_BYTES = 155;
/** The first number that 11 octal digits do not hold: sizes from 8 GiB on, times from the year 2242 on. */
const USTAR_LIMIT = 8 ** 11;
// Which name an extended header has, no reader looks at.
const PAX_HEADER_NAME = 'PaxHeaders/extended';

function octalField(value: number, bytes: number): ByteString {
  return value.toString(8).padStart(bytes - 1, '0') + '\0';
}

/** A size from 8 GiB on in base 256, as star and GNU tar write it; for readers that pass over extended headers. */
function sizeField(sizeBytes: number): ByteString {
  if (sizeBytes < USTAR_LIMIT) return octalField(sizeBytes, 12);
  let digits = '';
  for (let rest = sizeBytes; digits.length < 11; rest = Math.floor(rest / 256)) digits = String.fromCharCode(rest % 256) + digits;
  return '\x80' + digits;
}

/** A name in the two fields of ustar; undefined if it does not go in. */
function splitUstarName(name: ByteString): { prefix: ByteString; name: ByteString } | undefined {
  if (name.length <= USTAR_NAME_BYTES) return { prefix: '', name };
  const slash = name.indexOf('/', name.length - USTAR_NAME_BYTES - 1);
  if (slash <= 0 || slash > USTAR_PREFIX_BYTES || slash === name.length - 1) return undefined;
  return { prefix: name.slice(0, slash), name: name.slice(slash + 1) };
}

type UstarFields = { prefix: ByteString; name: ByteString; mode: number; sizeBytes: number; timeS: number; flag: string; target: ByteString };

function printUstarHeader(fields: UstarFields): ByteString {
  const pad = (text: ByteString, bytes: number): ByteString => text.slice(0, bytes) + '\0'.repeat(Math.max(0, bytes - text.length));
  const head = pad(fields.name, 100) + octalField(fields.mode, 8) + octalField(0, 8) + octalField(0, 8) + sizeField(fields.sizeBytes)
    + octalField(Math.min(fields.timeS, USTAR_LIMIT - 1), 12);
  const tail = fields.flag + pad(fields.target, 100) + 'ustar\x0000' + pad('', 32) + pad('', 32) + octalField(0, 8) + octalField(0, 8) + pad(fields.prefix, 155) + pad('', 12);
  let sum = 8 * 32; // the field of the sum itself counts as spaces
  for (const part of [head, tail]) for (let i = 0; i < part.length; i++) sum += part.charCodeAt(i);
  return head + sum.toString(8).padStart(6, '0') + '\0 ' + tail;
}

/** "LENGTH KEY=VALUE\n", where LENGTH counts its own digits, too. */
function printPaxRecord(key: string, value: ByteString): ByteString {
  const rest = ' ' + key + '=' + value + '\n';
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return String(length) + rest;
}

function printPaxHeader(records: ByteString): ByteString {
  return printUstarHeader({ prefix: '', name: PAX_HEADER_NAME, mode: 0o644, sizeBytes: records.length, timeS: 0, flag: 'x', target: '' })
    + records + printTarPadding(records.length);
}

/** What stands before the content of an entry; of a link it is all. */
export function printTarHeader(entry: TarEntry): ByteString {
  const split = splitUstarName(entry.name);
  const sizeBytes = entry.kind === 'l' ? 0 : entry.sizeBytes;
  let records = '';
  if (split === undefined) records += printPaxRecord('path', entry.name);
  if (entry.target.length > USTAR_NAME_BYTES) records += printPaxRecord('linkpath', entry.target);
  if (sizeBytes >= USTAR_LIMIT) records += printPaxRecord('size', String(sizeBytes));
  if (entry.timeS >= USTAR_LIMIT) records += printPaxRecord('mtime', String(entry.timeS));
  return (records === '' ? '' : printPaxHeader(records)) + printUstarHeader({
    prefix: split === undefined ? '' : split.prefix, name: split === undefined ? entry.name : split.name,
    mode: entry.kind === 'l' ? 0o777 : entry.kind === 'x' ? 0o755 : 0o644, sizeBytes, timeS: entry.timeS, flag: entry.kind === 'l' ? '2' : '0', target: entry.target,
  });
}

/** What stands behind a content of so many bytes. */
export function printTarPadding(sizeBytes: number): ByteString {
  return '\0'.repeat((TAR_BLOCK_BYTES - (sizeBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES);
}

/** The end of an archive that is so many bytes long until then. */
export function printTarEnd(sizeBytes: number): ByteString {
  const least = 2 * TAR_BLOCK_BYTES;
  return '\0'.repeat(least + (TAR_UNIT_BYTES - ((sizeBytes + least) % TAR_UNIT_BYTES)) % TAR_UNIT_BYTES);
}
