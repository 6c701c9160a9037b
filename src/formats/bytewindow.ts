// bytewindow.ts - numbers and texts out of binary data that is read piece by piece. Knows no format and no files.
import type { ByteString } from '../core/bytes.ts';

/** Bytes of a file from an offset; fewer, or none, at its end. Never throws. */
export type ByteReader = (offset: number, lengthBytes: number) => Uint8Array;

/**
 * A part of a file, or bytes in memory. Positions count from its start. Bytes beyond its end are 0,
 * so that who reads a damaged file gets numbers and has to check only where it loops.
 */
export type ByteSource = {
  read: ByteReader;
  startAt: number;
  sizeBytes: number;
  isLittleEndian: boolean;
  window: Uint8Array;
  windowAt: number;
};

/** How many bytes may still be looked at: what ends the reading of a file made to take for ever. */
export type Fuel = { bytesLeft: number };

/** A place in a source that moves on as values are taken. */
export type ByteCursor = { source: ByteSource; at: number; fuel: Fuel };

// A unit of debug information begins with some hundred bytes that matter; the next lies far behind.
const WINDOW_BYTES = 4096;
const LONGEST_LEB128_BYTES = 16;
const TEXT_PIECE_BYTES = 8192;

/** The part [startAt, startAt + sizeBytes) of what `read` reads. */
export function openSource(read: ByteReader, startAt: number, sizeBytes: number, isLittleEndian: boolean): ByteSource {
  return { read, startAt, sizeBytes, isLittleEndian, window: new Uint8Array(0), windowAt: 0 };
}

export function sourceOfBytes(bytes: Uint8Array, isLittleEndian: boolean): ByteSource {
  const read = (offset: number, lengthBytes: number): Uint8Array => bytes.subarray(offset, offset + lengthBytes);
  return { read, startAt: 0, sizeBytes: bytes.length, isLittleEndian, window: bytes, windowAt: 0 };
}

function isInWindow(source: ByteSource, at: number, lengthBytes: number): boolean {
  return at >= source.windowAt && at + lengthBytes <= source.windowAt + source.window.length;
}

function moveWindow(source: ByteSource, at: number): void {
  const lengthBytes = Math.max(0, Math.min(WINDOW_BYTES, source.sizeBytes - at));
  source.window = lengthBytes === 0 ? new Uint8Array(0) : source.read(source.startAt + at, lengthBytes);
  source.windowAt = at;
  // The file has become shorter than its size said: without this each byte behind its end were a read.
  if (source.window.length < lengthBytes) source.sizeBytes = at + source.window.length;
}

/** An unsigned number of 1 to 8 bytes in the source's byte order; over 2^53 it is rounded. */
export function uintAt(source: ByteSource, at: number, lengthBytes: number): number {
  if (!isInWindow(source, at, lengthBytes)) moveWindow(source, at);
  const { window } = source;
  const from = at - source.windowAt;
  let value = 0;
  for (let i = 0; i < lengthBytes; i++) {
    const place = from + (source.isLittleEndian ? lengthBytes - 1 - i : i);
    value = value * 256 + (place < window.length ? window[place] : 0);
  }
  return value;
}

/** The bytes up to the next NUL, the end of the source or `mostBytes`. */
export function textAt(source: ByteSource, at: number, mostBytes: number): ByteString {
  let text = '';
  while (text.length < mostBytes && at < source.sizeBytes) {
    if (!isInWindow(source, at, 1)) moveWindow(source, at);
    const from = at - source.windowAt;
    const until = Math.min(source.window.length, from + mostBytes - text.length);
    if (until <= from) break;
    const end = source.window.indexOf(0, from);
    if (end >= 0 && end < until) return text + textOfBytes(source.window.subarray(from, end));
    text += textOfBytes(source.window.subarray(from, until));
    at += until - from;
  }
  return text;
}

/** Up to `lengthBytes` bytes from a position, by one read. */
export function bytesAt(source: ByteSource, at: number, lengthBytes: number): Uint8Array {
  const most = Math.max(0, Math.min(lengthBytes, source.sizeBytes - at));
  if (isInWindow(source, at, most)) return source.window.subarray(at - source.windowAt, at - source.windowAt + most);
  return source.read(source.startAt + at, most);
}

export function textOfBytes(bytes: Uint8Array): ByteString {
  let text = '';
  for (let at = 0; at < bytes.length; at += TEXT_PIECE_BYTES) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + TEXT_PIECE_BYTES) as unknown as number[]);
  }
  return text;
}

export function bytesOfText(text: ByteString): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

export function areSameBytes(first: Uint8Array, second: Uint8Array): boolean {
  if (first.length !== second.length) return false;
  for (let i = 0; i < first.length; i++) if (first[i] !== second[i]) return false;
  return true;
}

/** A cursor with as much fuel as it takes: for what has its own bound. */
export function startCursor(source: ByteSource, at: number): ByteCursor {
  return { source, at, fuel: { bytesLeft: Infinity } };
}

/** Has the cursor left its source, or used up the fuel? Values taken from then on mean nothing. */
export function isSpent(cursor: ByteCursor): boolean {
  return cursor.at > cursor.source.sizeBytes || cursor.fuel.bytesLeft < 0;
}

export function takeUint(cursor: ByteCursor, lengthBytes: number): number {
  const value = uintAt(cursor.source, cursor.at, lengthBytes);
  cursor.at += lengthBytes;
  cursor.fuel.bytesLeft -= lengthBytes;
  return value;
}

export function skipBytes(cursor: ByteCursor, lengthBytes: number): void {
  cursor.at += lengthBytes;
}

/** An unsigned LEB128 (DWARF 5, 7.6); over 2^53 it is rounded. One without end leaves the cursor spent. */
export function takeUleb128(cursor: ByteCursor): number {
  let value = 0;
  let unit = 1;
  for (let i = 0; i < LONGEST_LEB128_BYTES; i++) {
    const byte = takeUint(cursor, 1);
    value += (byte & 0x7f) * unit;
    if (byte < 0x80) return value;
    unit *= 128;
  }
  cursor.at = Infinity;
  return 0;
}

/** A text that ends with a NUL; what is longer than `mostBytes` is left out, but stepped over. */
export function takeText(cursor: ByteCursor, mostBytes: number): ByteString {
  const text = textAt(cursor.source, cursor.at, mostBytes);
  cursor.at += text.length;
  cursor.fuel.bytesLeft -= text.length;
  while (!isSpent(cursor) && takeUint(cursor, 1) !== 0) continue;
  return text;
}
