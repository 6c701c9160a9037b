// inflate.ts - packs and unpacks deflate (RFC 1950, 1951, 1952) up to a limit. Knows no formats that hold it.
import type { ByteString } from '../core/bytes.ts';
import type { Unpack } from '../core/comparison.ts';
import type { DeflateBytes, InflateAtMost } from '../formats/png.ts';
import { errorCode } from './files.ts';
import { zlib } from './node.ts';

/** `usedBytes`: how much of the packed bytes it was. */
type Unpacked = { kind: 'inflated'; buffer: Buffer; usedBytes: number } | { kind: 'damaged' } | { kind: 'too large' };

/** A gzip file is all its members together and then, at most, bytes that are zero, which are not used. */
function unpackBuffer(data: Uint8Array, format: 'zlib' | 'raw' | 'gzip', limitBytes: number): Unpacked {
  const inflate = { zlib: zlib().inflateSync, raw: zlib().inflateRawSync, gzip: zlib().gunzipSync }[format];
  try {
    // With "info" they tell how much they used, which @types/node does not know; Deno does not.
    const options = { maxOutputLength: Math.max(limitBytes, 1), info: true };
    const result = inflate(data, options) as Buffer | { buffer: Buffer; engine: { bytesWritten: number } };
    if (Buffer.isBuffer(result)) return { kind: 'inflated', buffer: result, usedBytes: data.length };
    return { kind: 'inflated', buffer: result.buffer, usedBytes: result.engine.bytesWritten };
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return { kind: errorCode(error) === 'ERR_BUFFER_TOO_LARGE' ? 'too large' : 'damaged' };
  }
}

/** See Unpack. */
export const unpackBytes: Unpack = (data: ByteString, format, limitBytes) => {
  const unpacked = unpackBuffer(Buffer.from(data, 'latin1'), format, limitBytes);
  return unpacked.kind === 'inflated' ? { kind: 'inflated', content: unpacked.buffer.toString('latin1'), usedBytes: unpacked.usedBytes } : unpacked;
};

/** See InflateAtMost: zlib's stream and a bare one. */
export const inflateZlibAtMost: InflateAtMost = (packed, mostBytes) => {
  const unpacked = unpackBuffer(packed, 'zlib', mostBytes);
  return unpacked.kind === 'inflated' ? unpacked.buffer : undefined;
};

export const inflateRawAtMost: InflateAtMost = (packed, mostBytes) => {
  const unpacked = unpackBuffer(packed, 'raw', mostBytes);
  return unpacked.kind === 'inflated' ? unpacked.buffer : undefined;
};

/** See DeflateBytes. */
export const deflateZlib: DeflateBytes = (bytes) => zlib().deflateSync(bytes);
