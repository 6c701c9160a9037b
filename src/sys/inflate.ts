// inflate.ts - undoes deflate (RFC 1950, 1951, 1952) up to a limit. Knows no formats that hold it.
import type { ByteString } from '../core/bytes.ts';
import type { Unpack } from '../core/comparison.ts';
import { errorCode } from './files.ts';
import { zlib } from './node.ts';

// With the option "info", zlib's functions tell how much they used; @types/node does not say so.
type Inflated = { buffer: Buffer; engine: { bytesWritten: number } };

/** See Unpack. A gzip file is all its members together and then, at most, bytes that are zero (unused). */
export const unpackBytes: Unpack = (data: ByteString, format, limitBytes) => {
  const inflate = { zlib: zlib().inflateSync, raw: zlib().inflateRawSync, gzip: zlib().gunzipSync }[format];
  const options = { maxOutputLength: Math.max(limitBytes, 1), info: true };
  try {
    const inflated = inflate(Buffer.from(data, 'latin1'), options) as Buffer | Inflated;
    // Deno does not tell how much it used.
    if (Buffer.isBuffer(inflated)) return { kind: 'inflated', content: inflated.toString('latin1'), usedBytes: data.length };
    return { kind: 'inflated', content: inflated.buffer.toString('latin1'), usedBytes: inflated.engine.bytesWritten };
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return { kind: errorCode(error) === 'ERR_BUFFER_TOO_LARGE' ? 'too large' : 'damaged' };
  }
};
