// indexfile.ts - a file of the index in .rr/index, printed and parsed. Decides nothing and hashes nothing.
import type { ByteString } from '../core/bytes.ts';

//   HASH                          SHA-256 of all that follows on this line
//   # rr index, format 3, WHAT    WHAT: which version of rr, of which records
//   TAG FOLDER TIMES              TAG is the file's own, or of the file that this one adds to
//   LINES                         a line a record, in the order of ids
//
// FOLDER and TIMES tell the state of the folder of records of which these are all; TIMES is "-" if
// there may be more. No cell of a line holds LF.

export type IndexHead = { tag: string; folder: string; times: string };

/** Bytes before those that HASH is of. */
export const INDEX_HASH_BYTES = 65;

function printFirst(what: string): string {
  return '# rr index, format 3, ' + what + '\n';
}

/** All but HASH. */
export function printIndexBody(what: string, head: IndexHead, lines: ByteString): ByteString {
  return printFirst(what) + head.tag + ' ' + head.folder + ' ' + head.times + '\n' + lines;
}

/** `starts`: where in `text` the lines begin. */
export type IndexFile = { head: IndexHead; text: ByteString; starts: number[] };

/** undefined if what stands in `text` from `from` to `to` is not a file of this form and of `what`. */
export function parseIndexFile(text: ByteString, from: number, to: number, what: string): IndexFile | undefined {
  const first = printFirst(what);
  const headAt = from + INDEX_HASH_BYTES + first.length;
  if (headAt >= to || !text.startsWith(first, from + INDEX_HASH_BYTES) || text[to - 1] !== '\n') return undefined;
  const end = text.indexOf('\n', headAt);
  const words = text.slice(headAt, end).split(' ');
  if (words.length !== 3) return undefined;
  const starts: number[] = [];
  for (let at = end + 1; at < to; at = text.indexOf('\n', at) + 1) starts.push(at);
  return { head: { tag: words[0], folder: words[1], times: words[2] }, text, starts };
}
