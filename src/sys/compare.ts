// compare.ts - compares two contents, files or bytes, by their kind. Decides nothing of what is accepted.
import type { ByteString } from '../core/bytes.ts';
import type { CauseHints, Comparison, Tolerance } from '../core/comparison.ts';
import { compareByKind } from '../formats/comparekind.ts';
import { describeByteCount } from '../formats/comparebytes.ts';
import { errorCode, toFsPath } from './files.ts';
import { inflateRawAtMost, inflateZlibAtMost, unpackBytes } from './inflate.ts';
import { fs } from './node.ts';

/** A content is a file on the disk or bytes. */
export type Content = { kind: 'file'; name: ByteString } | { kind: 'bytes'; content: ByteString };

/** `path` is the name of both inside the project: it may tell the kind where the content does not. */
export type CompareOptions = CauseHints & { path: ByteString; tolerance: Tolerance | undefined };

// Two contents of this size and what is inflated of them fit into the memory of a small machine.
const MOST_COMPARED_BYTES = 256 << 20;
const COMPARE_CHUNK_BYTES = 1 << 20;

type OpenContent = { sizeBytes: number; fd: number } | { sizeBytes: number; content: ByteString };

/**
 * How the second content stands to the first. Contents up to 256 MiB are compared by their kind
 * (docs/comparison.txt), larger ones byte for byte. What cannot be read is 'unchecked'. Throws nothing.
 */
export function compareFiles(first: Content, second: Content, options: CompareOptions): Comparison {
  const opened: OpenContent[] = [];
  try {
    for (const content of [first, second]) {
      const open = openContent(content);
      if (typeof open === 'string') return { kind: 'unchecked', why: (content === first ? 'the first ' : 'the second ') + open };
      opened.push(open);
    }
    return compareOpen(opened[0], opened[1], options);
  } catch (error) {
    // Read errors and files that shrink meanwhile; anything without a code is a mistake of ours.
    if (errorCode(error) === '') throw error;
    return { kind: 'unchecked', why: 'it cannot be read: ' + errorCode(error) };
  } finally {
    for (const open of opened) if ('fd' in open) fs.closeSync(open.fd);
  }
}

function openContent(content: Content): OpenContent | string {
  if (content.kind === 'bytes') return { sizeBytes: content.content.length, content: content.content };
  let fd: number;
  try {
    fd = fs.openSync(toFsPath(content.name), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return errorCode(error) === 'ENOENT' ? 'is gone' : 'cannot be read: ' + errorCode(error);
  }
  const stat = fs.fstatSync(fd);
  if (stat.isFile()) return { sizeBytes: stat.size, fd };
  fs.closeSync(fd);
  return 'is no regular file';
}

function compareOpen(first: OpenContent, second: OpenContent, options: CompareOptions): Comparison {
  if (first.sizeBytes > MOST_COMPARED_BYTES || second.sizeBytes > MOST_COMPARED_BYTES) return compareAsStreams(first, second);
  const { path, tolerance } = options;
  return compareByKind(readContent(first), readContent(second), { path, tolerance, hints: options, unpack: unpackBytes, inflateZlib: inflateZlibAtMost, inflateRaw: inflateRawAtMost });
}

function readContent(open: OpenContent): ByteString {
  return 'fd' in open ? fs.readFileSync(open.fd, 'latin1') : open.content;
}

function compareAsStreams(first: OpenContent, second: OpenContent): Comparison {
  const buffers = [Buffer.allocUnsafe(COMPARE_CHUNK_BYTES), Buffer.allocUnsafe(COMPARE_CHUNK_BYTES)];
  let at = 0;
  let firstAt = -1;
  let count = 0;
  for (;;) {
    const a = readPart(first, at, buffers[0]);
    const b = readPart(second, at, buffers[1]);
    const common = Math.min(a.length, b.length);
    if (common === 0) break;
    if (!a.subarray(0, common).equals(b.subarray(0, common))) {
      for (let i = 0; i < common; i++) {
        if (a[i] === b[i]) continue;
        if (firstAt < 0) firstAt = at + i;
        count += 1;
      }
    }
    at += common;
  }
  const sizes: [number, number] = [first.sizeBytes, second.sizeBytes];
  if (count === 0 && sizes[0] === sizes[1]) return { kind: 'identical' };
  return { kind: 'different', rule: 'byte for byte', detail: describeByteCount(sizes, count, firstAt) + '; too large to compare by kind', causes: [] };
}

/** The bytes from `at`, fewer only at the end. */
function readPart(open: OpenContent, at: number, buffer: Buffer): Buffer {
  if ('content' in open) return Buffer.from(open.content.slice(at, at + buffer.length), 'latin1');
  let done = 0;
  while (done < buffer.length) {
    const count = fs.readSync(open.fd, buffer, done, buffer.length - done, at + done);
    if (count === 0) break;
    done += count;
  }
  return buffer.subarray(0, done);
}
