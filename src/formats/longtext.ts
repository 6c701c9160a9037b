// longtext.ts - a long text that is looked at in few places, and others put into it. Knows no files.
import type { ByteString } from '../core/bytes.ts';

/** Bytes of which parts are read: a ByteString, or those of a file. slice() is as that of a string, for 0 <= start <= end. */
export type LongText = { readonly length: number; slice(start: number, end: number): ByteString };

/** What comes in the place of [start, end). */
export type TextSplice = { start: number; end: number; text: ByteString };

/** [start, end) of `text`, or of the text in which others were put; `at`: where that stands now. */
export type SplicedPart = { at: number; start: number; end: number; text: ByteString | undefined };

// Most of what is looked for is a line's end.
const FIRST_WINDOW = 256;
const LARGEST_WINDOW = 1 << 16;

/** Where `sought` stands first, at `from` or behind it; -1 if nowhere. */
export function findForward(text: LongText, sought: ByteString, from: number): number {
  let at = Math.max(0, from);
  for (let size = FIRST_WINDOW; at + sought.length <= text.length; size = Math.min(2 * size, LARGEST_WINDOW)) {
    const end = Math.min(text.length, at + size + sought.length - 1);
    const found = text.slice(at, end).indexOf(sought);
    if (found >= 0) return at + found;
    at = end - sought.length + 1;
  }
  return -1;
}

/** Where `sought` stands last, at `from` or before it; -1 if nowhere. */
export function findBackward(text: LongText, sought: ByteString, from: number): number {
  let end = Math.min(text.length, from + sought.length);
  for (let size = FIRST_WINDOW; end >= sought.length; size = Math.min(2 * size, LARGEST_WINDOW)) {
    const start = Math.max(0, end - size - sought.length + 1);
    const found = text.slice(start, end).lastIndexOf(sought);
    if (found >= 0) return start + found;
    end = start + sought.length - 1;
  }
  return -1;
}

/** A text with others put in, of which no copy is made. */
class SplicedText implements LongText {
  readonly base: LongText;
  readonly parts: SplicedPart[] = [];
  length = 0;
  constructor(base: LongText) {
    this.base = base;
  }

  add(text: ByteString | undefined, start: number, end: number): void {
    if (start >= end) return;
    this.parts.push({ at: this.length, start, end, text });
    this.length += end - start;
  }

  /** The parts of [start, end) of `text`, which has the same base or is it. */
  addFrom(text: LongText, start: number, end: number): void {
    if (!(text instanceof SplicedText)) {
      this.add(undefined, start, end);
      return;
    }
    for (let i = text.findPart(start); i < text.parts.length && text.parts[i].at < end; i++) {
      const part = text.parts[i];
      this.add(part.text, part.start + Math.max(0, start - part.at), Math.min(part.end, part.start + end - part.at));
    }
  }

  slice(start: number, end: number): ByteString {
    let text = '';
    for (let i = this.findPart(start); i < this.parts.length && this.parts[i].at < end; i++) {
      const part = this.parts[i];
      text += (part.text ?? this.base).slice(part.start + Math.max(0, start - part.at), Math.min(part.end, part.start + end - part.at));
    }
    return text;
  }

  /** Index of the part that has the byte at `at`. */
  private findPart(at: number): number {
    let low = 0;
    let high = this.parts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const part = this.parts[middle];
      if (part.at + part.end - part.start <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The text with these put in, in order of their places. */
export function spliceText(text: LongText, splices: TextSplice[]): LongText {
  const spliced = new SplicedText(text instanceof SplicedText ? text.base : text);
  let from = 0;
  for (const splice of splices) {
    spliced.addFrom(text, from, splice.start);
    spliced.add(splice.text, 0, splice.text.length);
    from = splice.end;
  }
  spliced.addFrom(text, from, text.length);
  return spliced;
}

/** The parts that a text is put together of, in order. */
export function listSplicedParts(text: LongText): SplicedPart[] {
  return text instanceof SplicedText ? text.parts : [{ at: 0, start: 0, end: text.length, text: undefined }];
}
