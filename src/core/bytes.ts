// bytes.ts - names and arguments as bytes. Knows no files and no encodings of characters.

/**
 * A sequence of bytes: each UTF-16 code unit is one byte, 0..255 (what Node calls latin1).
 * File names, arguments and record text are ByteStrings everywhere inside rr, because POSIX names
 * are bytes, not characters. Comparing two with `<` compares them by bytes.
 */
export type ByteString = string;

/** The order of `LC_ALL=C sort`. */
export function compareBytes(a: ByteString, b: ByteString): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const BLANKS = ' \t\r\n';

/** The text without the spaces, tabs and ends of lines at its ends. trim() would take the byte A0, too, in which "\u00e0" ends. */
export function trimBlanks(text: ByteString): ByteString {
  return dropAtEnds(text, BLANKS);
}

/**
 * The text without those of the given bytes that stand at its end. replace(/ +$/, '') tries each
 * blank of a run inside the text as a beginning: its time grows by the square of the run.
 */
export function dropAtEnd(text: ByteString, bytes: ByteString): ByteString {
  let to = text.length;
  while (to > 0 && bytes.indexOf(text[to - 1]) >= 0) to -= 1;
  return text.slice(0, to);
}

/** The same at both ends. */
export function dropAtEnds(text: ByteString, bytes: ByteString): ByteString {
  let from = 0;
  while (from < text.length && bytes.indexOf(text[from]) >= 0) from += 1;
  return dropAtEnd(text.slice(from), bytes);
}

/**
 * Length in bytes of the well-formed UTF-8 sequence that starts at `at` (RFC 3629), 0 if there is
 * none. Overlong forms, surrogates and code points over U+10FFFF are not well-formed.
 */
export function utf8SequenceLength(text: ByteString, at: number): number {
  const first = text.charCodeAt(at);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const second = text.charCodeAt(at + 1);
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (!(second >= low && second <= high)) return 0;
  for (let i = 2; i < length; i++) {
    const next = text.charCodeAt(at + i);
    if (!(next >= 0x80 && next <= 0xbf)) return 0;
  }
  return length;
}

/** Is it well-formed UTF-8? */
export function isUtf8(bytes: ByteString): boolean {
  for (let at = 0; at < bytes.length;) {
    const length = utf8SequenceLength(bytes, at);
    if (length === 0) return false;
    at += length;
  }
  return true;
}

/** Is it UTF-8 without control characters but tabs and ends of lines? */
export function isPlainText(text: ByteString): boolean {
  return isUtf8(text) && !/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text);
}

/** The code point of the UTF-8 sequence that starts at `at`; of what is none, the byte. */
export function codePointAt(text: ByteString, at: number): number {
  const length = Math.max(1, utf8SequenceLength(text, at));
  if (length === 1) return text.charCodeAt(at);
  let code = text.charCodeAt(at) & (0xff >> (length + 1));
  for (let i = 1; i < length; i++) code = code * 64 + (text.charCodeAt(at + i) & 0x3f);
  return code;
}

/** What a table has for a name that may be anybody's; an object by itself has "constructor" and others. */
export function lookUp<T>(table: { readonly [name: string]: T }, name: string): T | undefined {
  return Object.prototype.hasOwnProperty.call(table, name) ? table[name] : undefined;
}

/** A copy that does not keep a larger string alive, of which it is a part. Joined, as V8 holds what is cut off as a part of another one: 40 bytes more. */
export function detachString(text: ByteString): ByteString {
  const middle = text.length >> 1;
  return text.length < 13 ? text : [text.slice(0, middle), text.slice(middle)].join('');
}
