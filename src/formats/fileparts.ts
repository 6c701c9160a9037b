// fileparts.ts - parts of a large binary file, on demand. Knows no format.
import type { ByteString } from '../core/bytes.ts';

/** A file that is read in parts: `read` gives the bytes from a position on, fewer at its end. */
export type FileParts = { sizeBytes: number; read(at: number, length: number): ByteString };

/** A little-endian number of 32 bits; NaN or a part of it behind the end. */
export function readLittle32(bytes: ByteString, at: number): number {
  return (bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8) | (bytes.charCodeAt(at + 2) << 16)) + bytes.charCodeAt(at + 3) * 0x1000000;
}

/** A little-endian number of 16 bits. */
export function readLittle16(bytes: ByteString, at: number): number {
  return bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8);
}

/** A big-endian number of 16 bits. */
export function readBig16(bytes: ByteString, at: number): number {
  return (bytes.charCodeAt(at) << 8) | bytes.charCodeAt(at + 1);
}
