// percent.ts - text of a record's field, percent-encoded (docs/record-format.txt, 2). Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { utf8SequenceLength } from '../core/bytes.ts';

const HEX = '0123456789ABCDEF';
// Most text has nothing to encode, and one test of this kind is cheaper than a look at every byte.
const PLAIN = /^[!-$&-[\]-~](?:[ -$&-~]*[!-$&-[\]-~])?$/;

function escapeByte(code: number): string {
  return '%' + HEX[code >> 4] + HEX[code & 15];
}

/** Is the sequence at `at` a C1 control character (U+0080..U+009F), which terminals obey? */
function isC1Control(text: ByteString, at: number): boolean {
  return text.charCodeAt(at) === 0xc2 && text.charCodeAt(at + 1) < 0xa0;
}

/**
 * The text with "%", control bytes, bytes that are not UTF-8, spaces at either end and a final "\"
 * written as %XX. Never empty for a non-empty text; '' stays ''.
 */
export function encodeText(text: ByteString): ByteString {
  if (PLAIN.test(text)) return text;
  let encoded = '';
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    const length = code < 0x80 ? 1 : utf8SequenceLength(text, at);
    const isEdge = at === 0 || at === text.length - 1;
    if (length === 0 || code < 0x20 || code === 0x25 || code === 0x7f || (code === 0x20 && isEdge)
      || (code === 0x5c && at === text.length - 1)) {
      encoded += escapeByte(code);
      at += 1;
    } else if (isC1Control(text, at)) {
      encoded += escapeByte(code) + escapeByte(text.charCodeAt(at + 1));
      at += 2;
    } else {
      encoded += text.slice(at, at + length);
      at += length;
    }
  }
  return encoded;
}

/** Undoes encodeText. A "%" that no two hexadecimal digits follow stands for itself. */
export function decodeText(text: ByteString): ByteString {
  if (text.indexOf('%') < 0) return text;
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}

/** Text as one word: a space in it is written as %20, too. decodeText undoes it. */
export function encodeWord(text: ByteString): ByteString {
  const encoded = encodeText(text);
  return encoded.indexOf(' ') < 0 ? encoded : encoded.replace(/ /g, '%20');
}

/**
 * In a Run a withheld secret is spelled NUL { 16 hex digits }: no argument can hold a NUL, so it
 * cannot be mistaken. In the record it is %{...}. Any other NUL, which only a stranger's record can
 * have brought, is a byte like others.
 */
export function encodeWithheld(value: ByteString): ByteString {
  if (value.indexOf('\0') < 0) return encodeText(value);
  return value.split(/\0(?=\{[0-9a-f]{16}\})/).map((part, i) => (i === 0 ? encodeText(part) : encodeMarked(part))).join('%');
}

function encodeMarked(part: ByteString): ByteString {
  const mark = part.slice(0, 18);
  return mark + (part.length > 18 ? encodeText(part.slice(18)) : '');
}

/** Undoes encodeWithheld. */
export function decodeWithheld(value: ByteString): ByteString {
  if (value.indexOf('%') < 0) return value;
  return value.split(/%(?=\{[0-9a-f]{16}\})/).map(decodeText).join('\0');
}

/**
 * Text from a record made harmless for a terminal: control bytes, C1 controls, bytes that are not
 * UTF-8 and the marks that turn the direction of writing are shown as %XX; newlines and tabs too.
 */
export function makeHarmless(text: ByteString): ByteString {
  if (/^[ -~]*$/.test(text)) return text;
  let shown = '';
  for (let at = 0; at < text.length;) {
    const length = utf8SequenceLength(text, at);
    const part = text.slice(at, at + Math.max(length, 1));
    const isControl = length === 0 || part < ' ' || part === '\x7f' || /^\xc2[\x80-\x9f]$/.test(part)
      || /^\xe2\x80[\x8e\x8f\xaa-\xae]$/.test(part) || /^\xe2\x81[\xa6-\xa9]$/.test(part) || part === '\xd8\x9c';
    shown += isControl ? Array.from(part, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')).join('') : part;
    at += part.length;
  }
  return shown;
}

/** Text of many lines made harmless for a terminal: newlines, tabs, returns and colours (SGR) pass, all else is as makeHarmless() has it. */
export function makeLinesHarmless(text: ByteString): ByteString {
  return text.replace(/\x1b\[[0-9;]*m|\x1b|[^\t\n\r\x1b -~]+/g, (part) => (part.length > 1 && part[0] === '\x1b' ? part : makeHarmless(part)));
}
