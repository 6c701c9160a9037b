// jsontape.ts - parses JSON (RFC 8259) into a flat list of where its values stand. Knows no meaning of them.
import type { ByteString } from '../core/bytes.ts';

// JSON.parse will not do: it loses digits, duplicate keys and, when nested deeply, the stack.

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'literal';

const JSON_KINDS: JsonKind[] = ['object', 'array', 'string', 'number', 'literal'];
const CODE_OF = { object: 0, array: 1, string: 2, number: 3, literal: 4 } as const;
const FIELDS = 4;
const MOST_VALUES = 4 << 20;

const JSON_SPACE = /[ \t\r\n]*/y;
// NaN and Infinity are no JSON, but Python and others write them.
const JSON_NUMBER = /-?(?:(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|Infinity)|NaN/y;
const JSON_LITERAL = /true|false|null/y;

/**
 * The values of a text in the order in which they begin: a container, then what is in it; in an
 * object each key (a string) before its value. Values are named by their number.
 */
export class JsonTape {
  readonly text: ByteString;
  /** Each value's kind, where it starts and ends in the text, and the number of the value behind all that is in it. */
  private fields = new Int32Array(1 << 10);
  count = 0;
  /** The values that stand on their own: one, or with JSON lines several. */
  roots: number[] = [];

  constructor(text: ByteString) {
    this.text = text;
  }

  kindOf(value: number): JsonKind { return JSON_KINDS[this.fields[value * FIELDS]]; }
  /** As it is spelled. */
  spell(value: number): ByteString { return this.text.slice(this.fields[value * FIELDS + 1], this.fields[value * FIELDS + 2]); }
  startOf(value: number): number { return this.fields[value * FIELDS + 1]; }
  nextOf(value: number): number { return this.fields[value * FIELDS + 3]; }

  add(kind: JsonKind, start: number, end: number): number {
    if ((this.count + 1) * FIELDS > this.fields.length) {
      const grown = new Int32Array(this.fields.length * 2);
      grown.set(this.fields);
      this.fields = grown;
    }
    this.fields.set([CODE_OF[kind], start, end, this.count + 1], this.count * FIELDS);
    this.count += 1;
    return this.count - 1;
  }

  close(value: number, end: number): void {
    this.fields[value * FIELDS + 2] = end;
    this.fields[value * FIELDS + 3] = this.count;
  }
}

/**
 * The values of a text that is one object or array, or several (JSON lines); undefined if it is no such
 * text or has more than 4 million values.
 */
export function parseJson(text: ByteString): JsonTape | undefined {
  const tape = new JsonTape(text);
  let at = skipSpace(text, 0);
  while (at < text.length) {
    if (text[at] !== '{' && text[at] !== '[') return undefined;
    tape.roots.push(tape.count);
    const end = parseRoot(tape, at);
    if (end < 0) return undefined;
    at = skipSpace(text, end);
  }
  return tape.roots.length === 0 ? undefined : tape;
}

function skipSpace(text: ByteString, at: number): number {
  JSON_SPACE.lastIndex = at;
  JSON_SPACE.test(text);
  return JSON_SPACE.lastIndex;
}

/** Parses one object or array; where it ends, -1 if it is none. The open containers are on a stack of our own. */
function parseRoot(tape: JsonTape, start: number): number {
  const { text } = tape;
  const open: number[] = [];
  let at = start;
  for (;;) {
    // Here a value, or in an object a key and its value, or the end of an empty container must follow.
    const isInside = open.length > 0;
    const container = isInside ? open[open.length - 1] : -1;
    const isEmptyEnd = isInside && container === tape.count - 1 && text[at] === endMark(tape, container);
    if (!isEmptyEnd) {
      if (isInside && tape.kindOf(container) === 'object') at = parseKey(tape, at);
      if (at < 0 || tape.count >= MOST_VALUES) return -1;
      if (text[at] === '{' || text[at] === '[') {
        open.push(tape.add(text[at] === '{' ? 'object' : 'array', at, at));
        at = skipSpace(text, at + 1);
        continue;
      }
      at = parseScalar(tape, at);
      if (at < 0) return -1;
    }
    // A value is complete; so may be the containers that it is the last of.
    at = skipSpace(text, at);
    while (open.length > 0 && text[at] === endMark(tape, open[open.length - 1])) {
      tape.close(open.pop() as number, at + 1);
      if (open.length === 0) return at + 1;
      at = skipSpace(text, at + 1);
    }
    if (text[at] !== ',') return -1;
    at = skipSpace(text, at + 1);
  }
}

function endMark(tape: JsonTape, container: number): string {
  return tape.kindOf(container) === 'object' ? '}' : ']';
}

/** A key, ":" and the space around; -1 if there is none. */
function parseKey(tape: JsonTape, at: number): number {
  const end = findStringEnd(tape.text, at);
  if (end < 0) return -1;
  tape.add('string', at, end);
  const colon = skipSpace(tape.text, end);
  return tape.text[colon] === ':' ? skipSpace(tape.text, colon + 1) : -1;
}

function parseScalar(tape: JsonTape, at: number): number {
  const { text } = tape;
  if (text[at] === '"') {
    const end = findStringEnd(text, at);
    if (end >= 0) tape.add('string', at, end);
    return end;
  }
  for (const [kind, pattern] of [['number', JSON_NUMBER], ['literal', JSON_LITERAL]] as [JsonKind, RegExp][]) {
    pattern.lastIndex = at;
    if (!pattern.test(text)) continue;
    tape.add(kind, at, pattern.lastIndex);
    return pattern.lastIndex;
  }
  return -1;
}

/** RFC 8259, 7: control characters stand only as escapes, and of these there are nine. */
function isJsonString(text: ByteString): boolean {
  if (/[\0-\x1f]/.test(text)) return false;
  for (let at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', at + 2)) {
    if (!/^\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/.test(text.slice(at, at + 6))) return false;
  }
  return true;
}

/** Behind the quotation mark that ends the string at `at`; -1 if there is no string. */
function findStringEnd(text: ByteString, at: number): number {
  if (text[at] !== '"') return -1;
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return isJsonString(text.slice(at, end)) ? end + 1 : -1;
  }
  return -1;
}

const ESCAPES: { [letter: string]: string } = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** What a string means, as UTF-8, without its quotation marks. Half a pair of surrogates is kept as it would be encoded. */
export function decodeJsonString(spelled: ByteString): ByteString {
  const inner = spelled.slice(1, -1);
  if (inner.indexOf('\\') < 0) return inner;
  return inner.replace(/\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[^]/g, (escape) => {
    if (escape.length === 12) {
      return encodePoint(0x10000 + ((parseInt(escape.slice(2, 6), 16) - 0xd800) << 10) + parseInt(escape.slice(8), 16) - 0xdc00);
    }
    return escape.length === 6 ? encodePoint(parseInt(escape.slice(2), 16)) : ESCAPES[escape[1]] ?? escape[1];
  });
}

function encodePoint(point: number): ByteString {
  if (point < 0x80) return String.fromCharCode(point);
  const bytes: number[] = [];
  let rest = point;
  for (const limit of [0x3f, 0x1f, 0x0f]) {
    if (rest <= limit && bytes.length > 0) break;
    bytes.unshift(0x80 | (rest & 0x3f));
    rest >>= 6;
  }
  bytes.unshift([0xc0, 0xe0, 0xf0][bytes.length - 1] | rest);
  return String.fromCharCode(...bytes);
}
