// linesearch.ts - which of some hundred lines occur in megabytes of text. Knows no format.
import type { ByteString } from '../core/bytes.ts';

/** Parts of a text to look at: `count` of them from position `start` on. */
export type PartRange = { start: number; count: number };

/**
 * Finds wanted parts of texts that are parts with a separator. Most parts are told apart by their
 * length and last byte, without making a string of them: 9 MB of file lists take 6 ms.
 */
export class LineSearch {
  private readonly separator: ByteString;
  private readonly wanted: Set<ByteString>;
  private readonly mayOccur = new Uint8Array(256 * 256);
  constructor(separator: ByteString, wanted: Iterable<ByteString>) {
    this.separator = separator;
    this.wanted = new Set(wanted);
    for (const line of this.wanted) this.mayOccur[((line.length & 255) << 8) | line.charCodeAt(line.length - 1)] = 1;
  }

  /**
   * Calls `visit` with each part that is wanted and its number, from 0. The last one need not end with
   * the separator. The empty part is never found.
   */
  find(text: ByteString, visit: (line: ByteString, index: number) => void, range: PartRange = { start: 0, count: Infinity }): void {
    let at = range.start;
    for (let index = 0; index < range.count && at < text.length; index++) {
      const found = text.indexOf(this.separator, at);
      const end = found < 0 ? text.length : found;
      if (end > at && this.mayOccur[(((end - at) & 255) << 8) | text.charCodeAt(end - 1)] === 1) {
        const line = text.slice(at, end);
        if (this.wanted.has(line)) visit(line, index);
      }
      at = end + 1;
    }
  }
}
