// tar.ts - the members of a tar archive: ustar and pax (POSIX.1-2017, pax), GNU's and older ones
// (tar(5) of libarchive). Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { dropEndSlashes } from '../core/names.ts';
import { textOfBytes } from './bytewindow.ts';
import type { Archive, ArchiveReading, Member } from './members.ts';

const BLOCK_BYTES = 512;
const MOST_EXTENDED_BYTES = 1 << 24;
// Each member has what stands for all members: without this a small archive could fill the memory.
const LONGEST_GLOBAL_VALUE = 4096;

const TAR_TYPES: { [flag: string]: string } = {
  '\0': 'file', '0': 'file', '7': 'file', '3': 'character device', '4': 'block device', '5': 'folder', '6': 'FIFO',
};

// What stands in the place of something in a header.
const PAX_HEADER_KEYS = ['path', 'linkpath', 'size', 'mtime', 'uid', 'gid', 'uname', 'gname'];
const PAX_TIMES = ['atime', 'ctime', 'LIBARCHIVE.creationtime'];

type Extended = Map<ByteString, ByteString>;

/** A header of the archive at `at`, with what extended headers say for it and for all. */
type TarHeader = { bytes: Uint8Array; at: number; flag: string; once: Extended; always: Extended };

class TarProblem extends Error {}

/** Does it begin with a header whose checksum is right? */
export function isTar(bytes: Uint8Array): boolean {
  return bytes.length >= BLOCK_BYTES && bytes[0] !== 0 && hasChecksum(bytes, 0);
}

/** All members, in the order of the archive; no more than `mostMembers`. Never throws. */
export function readTar(bytes: Uint8Array, mostMembers: number): ArchiveReading {
  try {
    return { kind: 'archive', archive: readMembers(bytes, mostMembers) };
  } catch (error) {
    if (!(error instanceof TarProblem)) throw error;
    return { kind: 'unreadable', why: error.message };
  }
}

function readMembers(bytes: Uint8Array, mostMembers: number): Archive {
  const archive: Archive = { members: [], facts: new Map() };
  const always: Extended = new Map();
  let once: Extended = new Map();
  let at = 0;
  while (at + BLOCK_BYTES <= bytes.length && !isZeroBlock(bytes, at)) {
    if (!hasChecksum(bytes, at)) throw new TarProblem('the checksum of the header at byte ' + String(at) + ' is wrong');
    const flag = String.fromCharCode(bytes[at + 156]);
    const isExtension = 'xgLK'.indexOf(flag) >= 0;
    const header = { bytes, at, flag, once, always };
    const dataAt = at + BLOCK_BYTES + (flag === 'S' ? countSparseBlocks(bytes, at) * BLOCK_BYTES : 0);
    const dataBytes = sizeOfData(header, dataAt, isExtension);
    if (dataAt + dataBytes > bytes.length) throw new TarProblem('it is cut off');
    const data = bytes.subarray(dataAt, dataAt + dataBytes);
    if (flag === 'x') addRecords(data, once);
    else if (flag === 'g') addRecords(data, always);
    else if (isExtension) addLongName(flag === 'L' ? 'path' : 'linkpath', bytes.subarray(dataAt), dataBytes, once);
    else {
      if (archive.members.length >= mostMembers) throw new TarProblem('it has more than ' + String(mostMembers) + ' members');
      archive.members.push(makeMember(header, data, dataAt));
      once = new Map();
    }
    at = dataAt + Math.ceil(dataBytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
  const rest = bytes.subarray(Math.min(at, bytes.length));
  if (rest.some((byte) => byte !== 0)) throw new TarProblem('something follows its end at byte ' + String(at));
  for (const [key, value] of always) if (PAX_HEADER_KEYS.indexOf(key) < 0) archive.facts.set('global header ' + key, value);
  return archive;
}

/** Links and devices have no data, whatever their size says; of a hard link pax can have it. */
function sizeOfData({ bytes, at, flag, once, always }: TarHeader, dataAt: number, isExtension: boolean): number {
  const written = takeNumber(bytes, at + 124, 12);
  if (flag >= '2' && flag <= '6') return 0;
  const said = isExtension ? undefined : once.get('size') ?? always.get('size');
  const sizeBytes = said === undefined ? written : readTarDecimal(said);
  if (sizeBytes < 0) throw new TarProblem('the header at byte ' + String(at) + ' has a size below zero');
  return flag === '1' && !isPaxHardLink(bytes, at, dataAt, sizeBytes) ? 0 : sizeBytes;
}

/** Blocks between the header of GNU's sparse file and its data, which go on with the list of its parts. */
function countSparseBlocks(bytes: Uint8Array, at: number): number {
  let count = 0;
  for (let more = at + 482; more < bytes.length && bytes[more] !== 0; more = at + count * BLOCK_BYTES + 504) count += 1;
  return count;
}

/** A hard link with data is known by what follows: a header, or the end, behind the data and not before. */
function isPaxHardLink(bytes: Uint8Array, at: number, dataAt: number, sizeBytes: number): boolean {
  const next = dataAt + Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
  if (sizeBytes === 0 || next > bytes.length || textOfBytes(bytes.subarray(at + 257, at + 263)) !== 'ustar\0') return false;
  return !isHeaderOrEnd(bytes, dataAt) && isHeaderOrEnd(bytes, next);
}

function isHeaderOrEnd(bytes: Uint8Array, at: number): boolean {
  return at >= bytes.length || isZeroBlock(bytes, at) || hasChecksum(bytes, at);
}

function isZeroBlock(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < at + BLOCK_BYTES && i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** The sum of the header's bytes, its own eight as spaces. Old programs summed signed bytes. */
function hasChecksum(bytes: Uint8Array, at: number): boolean {
  if (at + BLOCK_BYTES > bytes.length) return false;
  const said = /^ *([0-7]{1,7})[ \0]*$/.exec(textOfBytes(bytes.subarray(at + 148, at + 156)));
  if (said === null) return false;
  let [sum, signed] = [0, 0];
  for (let i = 0; i < BLOCK_BYTES; i++) {
    const byte = i >= 148 && i < 156 ? 32 : bytes[at + i];
    sum += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  const expected = parseInt(said[1], 8);
  return expected === sum || expected === signed;
}

/** Octal digits, or base 256 where the first bit is set; not over 2^53. */
function takeNumber(bytes: Uint8Array, at: number, length: number): number {
  if (bytes[at] < 0x80) {
    const text = textOfBytes(bytes.subarray(at, at + length));
    const digits = /^ *([0-7]*)(?:[ \0]|$)/.exec(text);
    // Behind a leading NUL GNU tar reads on; to others, and POSIX, the number ends there and is 0.
    if (digits === null || (/^ *\0/.test(text) && /[0-7]/.test(text))) throw new TarProblem('a number in the header at byte ' + String(Math.floor(at / BLOCK_BYTES) * BLOCK_BYTES) + ' is none');
    return digits[1] === '' ? 0 : parseInt(digits[1], 8);
  }
  // Two's complement of `length` bytes, but for the bit that marks it.
  let value = bytes[at] === 0xff ? -1 : bytes[at] & 0x7f;
  for (let i = 1; i < length; i++) value = value * 256 + bytes[at + i];
  if (!Number.isSafeInteger(value)) throw new TarProblem('a number in the header at byte ' + String(Math.floor(at / BLOCK_BYTES) * BLOCK_BYTES) + ' is too large');
  return value;
}

function readTarDecimal(text: ByteString): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value)) throw new TarProblem('a size in an extended header is no number');
  return value;
}

/** Text of a field that a NUL ends, if it does not fill it. */
function takeField(bytes: Uint8Array, at: number, length: number): ByteString {
  const end = bytes.subarray(at, at + length).indexOf(0);
  return textOfBytes(bytes.subarray(at, end < 0 ? at + length : at + end));
}

/** GNU's way to say what pax says with a record; which of both holds, programs do not agree. */
function addLongName(key: ByteString, data: Uint8Array, sizeBytes: number, records: Extended): void {
  const name = takeField(data, 0, sizeBytes);
  // GNU tar reads on to the NUL, others stop at the size.
  const isCut = name.length === sizeBytes && sizeBytes % BLOCK_BYTES !== 0 && data[sizeBytes] !== 0;
  if (sizeBytes > MOST_EXTENDED_BYTES || isCut) throw new TarProblem('it has a name without end');
  if (records.has(key)) throw new TarProblem('it has two names for one member');
  records.set(key, name);
}

/** "LENGTH KEY=VALUE\n", one after another; LENGTH counts all of it. */
function addRecords(data: Uint8Array, records: Extended): void {
  if (data.length > MOST_EXTENDED_BYTES) throw new TarProblem('it has an extended header without end');
  const text = textOfBytes(data);
  for (let at = 0; at < text.length;) {
    const space = text.indexOf(' ', at);
    const digits = space < 0 || space > at + 9 ? '' : text.slice(at, space);
    const end = at + Number(digits);
    const equals = text.indexOf('=', space);
    if (!/^[1-9]\d*$/.test(digits) || end > text.length || text[end - 1] !== '\n' || equals < 0 || equals >= end) throw new TarProblem('an extended header is damaged');
    records.set(text.slice(space + 1, equals), text.slice(equals + 1, end - 1));
    at = end;
  }
}

/** What extended headers say of `key`; '' if nothing. */
function extendedValue({ once, always }: TarHeader, key: ByteString): ByteString {
  const value = once.get(key) || always.get(key) || '';
  if (!once.has(key) && value.length > LONGEST_GLOBAL_VALUE) throw new TarProblem('it has a global header without end');
  return value;
}

function makeMember(header: TarHeader, data: Uint8Array, dataAt: number): Member {
  const { bytes, at, flag } = header;
  // GNU's own format has other things in the place of the prefix.
  const prefix = textOfBytes(bytes.subarray(at + 257, at + 263)) === 'ustar\0' ? takeField(bytes, at + 345, 155) : '';
  const short = takeField(bytes, at, 100);
  // Of sparse files the path has the number of a process in it.
  const name = header.once.get('GNU.sparse.name') || extendedValue(header, 'path') || (prefix === '' ? short : prefix + '/' + short);
  const target = extendedValue(header, 'linkpath') || takeField(bytes, at + 157, 100);
  // Before there was a type for folders, a "/" at the end told.
  const type = (flag === '0' || flag === '\0') && name.endsWith('/') ? 'folder' : typeOf(bytes, at, flag, target);
  const holes = findHoles(header, dataAt);
  return {
    name: type === 'folder' ? dropEndSlashes(name) || '/' : name,
    type, mode: takeNumber(bytes, at + 100, 8) & 0o7777, facts: findTarFacts(header),
    packed: data, packing: holes === '' ? 'stored' : holes, sizeBytes: data.length, crc: undefined, obstacle: 'it is stored without its holes (sparse)',
  };
}

/** What says where a sparse file has its holes; '' for any other. */
function findHoles({ bytes, at, flag, once }: TarHeader, dataAt: number): ByteString {
  const records = Array.from(once).filter(([key]) => key.startsWith('GNU.sparse.')).map(([key, value]) => key + '=' + value + '\n').join('');
  return flag === 'S' ? textOfBytes(bytes.subarray(at + 386, at + 495)) + textOfBytes(bytes.subarray(at + BLOCK_BYTES, dataAt)) : records;
}

function typeOf(bytes: Uint8Array, at: number, flag: string, target: ByteString): ByteString {
  if (flag === '1') return 'hard link to ' + target;
  if (flag === '2') return 'link to ' + target;
  const type = flag === 'S' ? 'file' : TAR_TYPES[flag] ?? 'of type "' + flag + '"';
  return flag === '3' || flag === '4' ? type + ' ' + String(takeNumber(bytes, at + 329, 8)) + ',' + String(takeNumber(bytes, at + 337, 8)) : type;
}

function findTarFacts(header: TarHeader): Map<string, ByteString> {
  const { bytes, at } = header;
  const facts = new Map<string, ByteString>();
  const isNamed = textOfBytes(bytes.subarray(at + 257, at + 262)) === 'ustar';
  const numberAt = (place: number, length: number): ByteString => String(takeNumber(bytes, at + place, length));
  facts.set('modification times', (extendedValue(header, 'mtime') || numberAt(136, 12)).replace(/\.0*$/, ''));
  facts.set('owners', [
    extendedValue(header, 'uid') || numberAt(108, 8), extendedValue(header, 'gid') || numberAt(116, 8),
    extendedValue(header, 'uname') || (isNamed ? takeField(bytes, at + 265, 32) : ''), extendedValue(header, 'gname') || (isNamed ? takeField(bytes, at + 297, 32) : ''),
  ].join('\0'));
  for (const [key, value] of header.once) {
    if (PAX_HEADER_KEYS.indexOf(key) >= 0 || key.startsWith('GNU.sparse.')) continue;
    if (PAX_TIMES.indexOf(key) < 0) facts.set('extended header ' + key, value);
    else facts.set('times of access and creation', (facts.get('times of access and creation') ?? '') + key + '=' + value + '\n');
  }
  return facts;
}
