// checksums.ts - SHA256SUMS as sha256sum and shasum write it (docs/makefile.txt, 5). Hashes nothing.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import type { LiveGraph } from '../core/graph.ts';
import type { FileState } from '../core/run.ts';
import { findBackward, findForward, spliceText } from './longtext.ts';
import type { LongText } from './longtext.ts';

// A line is HASH, two spaces, "./", NAME, LF; the lines are sorted by the bytes of NAME, so that one
// is found by halving the text. A NAME with LF, CR or "\" makes the line begin with "\".

const NAME_AT = 64 + 2 + 2;

/** One line with its LF. */
export function printChecksumLine(hash: string, name: ByteString): ByteString {
  if (!/[\n\r\\]/.test(name)) return hash + '  ./' + name + '\n';
  const escaped = name.replace(/[\n\r\\]/g, (byte) => (byte === '\n' ? '\\n' : byte === '\r' ? '\\r' : '\\\\'));
  return '\\' + hash + '  ./' + escaped + '\n';
}

function readName(line: ByteString): ByteString {
  if (!line.startsWith('\\')) return line.slice(NAME_AT);
  return line.slice(1 + NAME_AT).replace(/\\([nr\\])/g, (_, letter: string) => (letter === 'n' ? '\n' : letter === 'r' ? '\r' : '\\'));
}

function hasLine(file: FileState): boolean {
  return file.kind !== 'l';
}

/** SHA256SUMS of all current results that are regular files. */
export function printChecksums(graph: LiveGraph): ByteString {
  return Array.from(printChecksumPieces(graph)).join('');
}

const LINES_OF_PIECE = 1000;

/** The same in pieces. */
export function* printChecksumPieces(graph: LiveGraph): Generator<ByteString> {
  const files: FileState[] = [];
  for (const live of graph.runs) for (const file of live.owned) if (hasLine(file)) files.push(file);
  files.sort((a, b) => compareBytes(a.path, b.path));
  for (let from = 0; from < files.length; from += LINES_OF_PIECE) yield files.slice(from, from + LINES_OF_PIECE).map((file) => printChecksumLine(file.hash, file.path)).join('');
}

/** Where the line of `name` is, [start, end), or would be: then start is end and hash is undefined. */
export function findChecksum(sums: LongText, name: ByteString): { start: number; end: number; hash: string | undefined } {
  let low = 0;
  let high = sums.length;
  while (low < high) {
    const start = findBackward(sums, '\n', ((low + high) >> 1) - 1) + 1;
    const end = findForward(sums, '\n', start) + 1 || sums.length;
    const line = sums.slice(start, end - 1);
    const order = compareBytes(readName(line), name);
    if (order === 0) return { start, end, hash: line.startsWith('\\') ? line.slice(1, 65) : line.slice(0, 64) };
    if (order < 0) low = end;
    else high = start;
  }
  return { start: low, end: low, hash: undefined };
}

/** The text with the lines of these files as they are now: each replaced, put in, or (a link) taken out; the same object if it stays as it is. */
export function putChecksums(sums: LongText, files: FileState[]): LongText {
  const sorted = files.slice().sort((a, b) => compareBytes(a.path, b.path));
  const splices = sorted.map((file) => {
    const { start, end } = findChecksum(sums, file.path);
    return { start, end, text: hasLine(file) ? printChecksumLine(file.hash, file.path) : '' };
  });
  const changes = splices.filter(({ start, end, text }) => sums.slice(start, end) !== text);
  return changes.length === 0 ? sums : spliceText(sums, changes);
}
