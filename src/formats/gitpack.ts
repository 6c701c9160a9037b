// gitpack.ts - one object out of git's object store (gitformat-pack(5)). Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { readUint32 } from './gitindex.ts';

/** Bytes of a file from an offset; fewer at its end. */
export type ReadAt = (offset: number, lengthBytes: number) => ByteString;

/** Undoes zlib's deflate; must take bytes that go on behind the compressed data. */
export type Inflate = (bytes: ByteString) => ByteString;

export type GitObject = { kind: 'commit' | 'tree' | 'blob' | 'tag'; body: ByteString };

// A commit is some hundred bytes. What says to be larger than this is not looked at: git is asked.
const LARGEST_OBJECT_BYTES = 16 << 20;
const MOST_DELTAS = 4096;
// A chain of deltas can be made to unpack to gigabytes, at each of its steps. Real ones have fifty of some kilobytes.
const MOST_DELTA_BYTES = 64 << 20;
const MOST_PATCHED_BYTES = 1 << 30;
const OBJECT_KINDS: { [code: number]: GitObject['kind'] } = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' };
const OFFSET_DELTA = 6;
const ID_DELTA = 7;

/** A loose object: "KIND SIZE NUL BODY"; undefined if it is not that. */
export function parseLooseObject(bytes: ByteString): GitObject | undefined {
  const header = /^(commit|tree|blob|tag) (0|[1-9][0-9]*)\0/.exec(bytes.slice(0, 40));
  if (header === null || bytes.length !== header[0].length + Number(header[2])) return undefined;
  return { kind: header[1] as GitObject['kind'], body: bytes.slice(header[0].length) };
}

/** Where the pack has the object of this raw id; undefined if it has not, or the index is not of version 2. */
export function findInPackIndex(read: ReadAt, id: ByteString): number | undefined {
  const head = read(0, 8 + 256 * 4);
  if (head.slice(0, 8) !== '\xfftOc\0\0\0\x02' || head.length < 8 + 256 * 4) return undefined;
  const first = id.charCodeAt(0);
  const total = readUint32(head, 8 + 255 * 4);
  const idsAt = 8 + 256 * 4;
  let low = first === 0 ? 0 : readUint32(head, 8 + (first - 1) * 4);
  let high = readUint32(head, 8 + first * 4);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const order = compareBytes(read(idsAt + middle * id.length, id.length), id);
    if (order === 0) return readPackOffset(read, idsAt + total * (id.length + 4), middle, total);
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return undefined;
}

/** Offsets over 2 GiB stand in a second table of 64-bit numbers. */
function readPackOffset(read: ReadAt, offsetsAt: number, place: number, total: number): number | undefined {
  const offset = readUint32(read(offsetsAt + place * 4, 4), 0);
  if (offset < 0x80000000) return offset;
  const large = read(offsetsAt + total * 4 + (offset - 0x80000000) * 8, 8);
  const whole = readUint32(large, 0) * 0x100000000 + readUint32(large, 4);
  return Number.isSafeInteger(whole) ? whole : undefined;
}

/**
 * The object at an offset of a pack, deltas applied; undefined if it is damaged or very large.
 * `findOffset` says where the pack has the object of a raw id.
 */
export function readPackedObject(read: ReadAt, offset: number, idSizeBytes: number, inflate: Inflate,
  findOffset: (id: ByteString) => number | undefined): GitObject | undefined {
  const deltas: ByteString[] = [];
  const seen = new Set<number>();
  let leftBytes = MOST_DELTA_BYTES;
  let at: number | undefined = offset;
  while (at !== undefined && deltas.length <= MOST_DELTAS && leftBytes >= 0 && !seen.has(at)) {
    seen.add(at);
    const head = parsePackHeader(read(at, 64), idSizeBytes);
    if (head.sizeBytes > LARGEST_OBJECT_BYTES) return undefined;
    // zlib's compressBound: deflated bytes are never more than this.
    const bound = head.sizeBytes + (head.sizeBytes >> 9) + 64;
    const body = inflate(read(at + head.headerBytes, bound));
    if (body.length !== head.sizeBytes) return undefined;
    if (head.code !== OFFSET_DELTA && head.code !== ID_DELTA) {
      const kind = OBJECT_KINDS[head.code];
      const whole = applyDeltas(body, deltas);
      return kind === undefined || whole === undefined ? undefined : { kind, body: whole };
    }
    deltas.push(body);
    leftBytes -= body.length;
    if (head.code === ID_DELTA) at = findOffset(head.baseId);
    else at = head.baseDistance > 0 && head.baseDistance < at ? at - head.baseDistance : undefined;
  }
  return undefined;
}

type PackHeader = { code: number; sizeBytes: number; headerBytes: number; baseId: ByteString; baseDistance: number };

function parsePackHeader(bytes: ByteString, idSizeBytes: number): PackHeader {
  let at = 0;
  let byte = bytes.charCodeAt(at++);
  const code = (byte >> 4) & 7;
  let sizeBytes = byte & 15;
  let unit = 16;
  while ((byte & 0x80) !== 0) {
    byte = bytes.charCodeAt(at++);
    sizeBytes += (byte & 0x7f) * unit;
    unit *= 128;
  }
  let baseId = '';
  let baseDistance = 0;
  if (code === ID_DELTA) {
    baseId = bytes.slice(at, at + idSizeBytes);
    at += idSizeBytes;
  } else if (code === OFFSET_DELTA) {
    byte = bytes.charCodeAt(at++);
    baseDistance = byte & 0x7f;
    while ((byte & 0x80) !== 0) {
      byte = bytes.charCodeAt(at++);
      baseDistance = (baseDistance + 1) * 128 + (byte & 0x7f);
    }
  }
  return { code, sizeBytes, headerBytes: at, baseId, baseDistance };
}

function applyDeltas(base: ByteString, deltas: ByteString[]): ByteString | undefined {
  let body: ByteString | undefined = base;
  let leftBytes = MOST_PATCHED_BYTES;
  for (let i = deltas.length - 1; i >= 0 && body !== undefined; i--) {
    body = applyGitDelta(body, deltas[i], Math.min(LARGEST_OBJECT_BYTES, leftBytes));
    leftBytes -= body === undefined ? 0 : body.length;
  }
  return body;
}

/** The target of a delta; undefined if it does not fit its base, or comes to more than `mostBytes`. */
export function applyGitDelta(base: ByteString, delta: ByteString, mostBytes = LARGEST_OBJECT_BYTES): ByteString | undefined {
  let at = 0;
  const readSize = (): number => {
    let size = 0;
    let unit = 1;
    let byte: number;
    do {
      byte = delta.charCodeAt(at++);
      size += (byte & 0x7f) * unit;
      unit *= 128;
    } while ((byte & 0x80) !== 0);
    return size;
  };
  if (readSize() !== base.length) return undefined;
  const targetSize = readSize();
  if (targetSize > mostBytes) return undefined;
  const parts: ByteString[] = [];
  let written = 0;
  while (at < delta.length) {
    const order = delta.charCodeAt(at++);
    if (order === 0) return undefined; // kept for later versions of the format
    if ((order & 0x80) === 0) {
      if (at + order > delta.length || written + order > targetSize) return undefined;
      parts.push(delta.slice(at, at + order));
      at += order;
      written += order;
      continue;
    }
    let offset = 0;
    let size = 0;
    for (let i = 0; i < 4; i++) if ((order & (1 << i)) !== 0) offset += delta.charCodeAt(at++) * Math.pow(256, i);
    for (let i = 0; i < 3; i++) if ((order & (16 << i)) !== 0) size += delta.charCodeAt(at++) * Math.pow(256, i);
    if (size === 0) size = 0x10000;
    if (!(offset + size <= base.length && written + size <= targetSize)) return undefined;
    parts.push(base.slice(offset, offset + size));
    written += size;
  }
  const target = parts.join('');
  return target.length === targetSize ? target : undefined;
}
