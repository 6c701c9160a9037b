// jsonvalues.ts - reads JSON (RFC 8259), and JSON with comments and trailing commas, with places. Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import type { ParameterList, ParameterMapping, ParameterNode, ParameterScalar } from '../core/parameters.ts';
import { canonicalFloat, canonicalInteger, DEEPEST_NESTING } from '../core/parameters.ts';
import { decodeJsonString } from './jsontape.ts';
import type { ParameterSource } from './parametersource.ts';

// jsontape.ts compares data: it takes what Python writes (NaN), keeps keys that stand twice and tells
// no place of a fault. Parameters must mean the same to every reader.

const JSON_ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/g;
const STRICT_NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?(?![\w.+-])/y;
const STRICT_WORD = /(?:true|false|null)(?!\w)/y;

/** How many "\" stand right before `at`. */
function countSlashes(text: ByteString, at: number): number {
  let count = 0;
  while (text[at - 1 - count] === '\\') count += 1;
  return count;
}

/** Is there one half of a pair of surrogates without the other? */
function hasHalfPair(spelled: ByteString): boolean {
  if (!/\\u[dD][89a-fA-F]/.test(spelled)) return false;
  const single = spelled.replace(/\\\\/g, '').replace(/\\u[dD][89abAB]..\\u[dD][c-fC-F]../g, '');
  return /\\u[dD][89a-fA-F]/.test(single);
}

class JsonReader {
  private readonly source: ParameterSource;
  private readonly text: ByteString;
  private readonly hasComments: boolean;
  private at: number;
  constructor(source: ParameterSource, hasComments: boolean) {
    this.source = source;
    this.text = source.text;
    this.hasComments = hasComments;
    this.at = source.start;
  }

  refuse(what: string, at = this.at): never {
    return this.source.refuse(at, what);
  }

  readDocument(): ParameterMapping | ParameterList {
    this.skipSpace();
    const root = this.readValue(1);
    this.skipSpace();
    if (this.at < this.text.length) this.refuse('something behind the value');
    if (root.kind !== 'mapping' && root.kind !== 'list') return this.refuse('neither an object nor an array', 0);
    return root;
  }

  private skipSpace(): void {
    for (;;) {
      while (' \t\r\n'.indexOf(this.text[this.at] ?? '-') >= 0) this.at += 1;
      if (this.text[this.at] !== '/') return;
      if (!this.hasComments) this.refuse('a comment, which JSON has none of (name the file .jsonc)');
      const isLong = this.text[this.at + 1] === '*';
      if (!isLong && this.text[this.at + 1] !== '/') this.refuse('a / that begins no comment');
      const end = this.text.indexOf(isLong ? '*/' : '\n', this.at + 2);
      if (end < 0 && isLong) this.refuse('a comment that does not end');
      this.at = end < 0 ? this.text.length : end + (isLong ? 2 : 1);
    }
  }

  private readString(): ParameterScalar {
    const start = this.at;
    let end = start;
    do {
      end = this.text.indexOf('"', end + 1);
      if (end < 0) return this.refuse('a string that does not end');
    } while (countSlashes(this.text, end) % 2 === 1);
    const spelled = this.text.slice(start, end + 1);
    if (/[\0-\x1f]/.test(spelled)) this.refuse('a string that does not end in its line, or has a control character in it');
    if (spelled.indexOf('\\') >= 0 && spelled.replace(JSON_ESCAPE, '').indexOf('\\') >= 0) this.refuse('an unknown escape in a string');
    if (hasHalfPair(spelled)) this.refuse('half of a pair of surrogates');
    this.at = end + 1;
    return this.source.scalar('string', decodeJsonString(spelled), start, this.at);
  }

  private readValue(depth: number): ParameterNode {
    if (depth > DEEPEST_NESTING) this.refuse('nested more than ' + String(DEEPEST_NESTING) + ' deep');
    const first = this.text[this.at];
    if (first === '{') return this.readObject(depth);
    if (first === '[') return this.readArray(depth);
    if (first === '"') return this.readString();
    const start = this.at;
    STRICT_WORD.lastIndex = start;
    const word = STRICT_WORD.exec(this.text);
    STRICT_NUMBER.lastIndex = start;
    const number = word === null ? STRICT_NUMBER.exec(this.text) : null;
    if (word === null && number === null) this.refuse('no value of JSON');
    this.at += (word ?? number as RegExpExecArray)[0].length;
    if (word !== null) return this.source.scalar(word[0] === 'null' ? 'null' : 'boolean', word[0], start, this.at);
    const [spelled, fraction, exponent] = number as RegExpExecArray;
    const isWhole = fraction === undefined && exponent === undefined;
    return this.source.scalar(isWhole ? 'integer' : 'float', isWhole ? canonicalInteger(spelled) : canonicalFloat(Number(spelled)), start, this.at);
  }

  /** Behind a comma or a value: is there one more? A comma before the end is for JSON with comments only. */
  private hasMore(close: string, isFirst: boolean): boolean {
    this.skipSpace();
    if (this.text[this.at] === close && isFirst) return false;
    if (isFirst) return true;
    if (this.text[this.at] === close) return false;
    if (this.text[this.at] !== ',') this.refuse('neither a comma nor "' + close + '" behind a value');
    this.at += 1;
    this.skipSpace();
    if (this.text[this.at] !== close) return true;
    if (!this.hasComments) this.refuse('a comma before "' + close + '"');
    return false;
  }

  private readArray(depth: number): ParameterList {
    const list: ParameterList = { kind: 'list', items: [], start: this.at, end: -1 };
    this.at += 1;
    while (this.hasMore(']', list.items.length === 0)) list.items.push(this.readValue(depth + 1));
    this.at += 1;
    list.end = this.at;
    return list;
  }

  private readObject(depth: number): ParameterMapping {
    const mapping: ParameterMapping = { kind: 'mapping', entries: new Map(), start: this.at, end: -1 };
    this.at += 1;
    while (this.hasMore('}', mapping.entries.size === 0)) {
      if (this.text[this.at] !== '"') this.refuse('no key in quotes');
      const from = this.at;
      const key = this.readString().value;
      if (mapping.entries.has(key)) this.refuse('the key "' + key + '" stands twice', from);
      this.skipSpace();
      if (this.text[this.at] !== ':') this.refuse('no colon behind the key');
      this.at += 1;
      this.skipSpace();
      mapping.entries.set(key, this.readValue(depth + 1));
    }
    this.at += 1;
    mapping.end = this.at;
    return mapping;
  }
}

/** The values of a JSON text that is an object or an array. Throws Failure with the line for what is none. */
export function readJsonValues(source: ParameterSource, hasComments: boolean): ParameterMapping | ParameterList {
  source.checkUtf8(() => false);
  return new JsonReader(source, hasComments).readDocument();
}
