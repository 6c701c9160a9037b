// toml.ts - reads TOML 1.0 (toml.io) with places. Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import type { ParameterList, ParameterMapping, ParameterNode, ParameterScalar } from '../core/parameters.ts';
import { canonicalFloat, canonicalInteger, DEEPEST_NESTING } from '../core/parameters.ts';
import { encodeCodePoint } from './parametersource.ts';
import type { ParameterSource } from './parametersource.ts';
import { isDayOfCalendar } from './yamlscalars.ts';

// A table is defined once: by its own header, by dotted keys, or in braces. What a header only passes
// through ('implicit') may still get a header of its own.
type TableOrigin = 'implicit' | 'header' | 'dotted' | 'inline';

const BARE_KEY = /[A-Za-z0-9_-]+/y;
const WORD = /[^\s,\]}#=]+(?: \d\d:[^\s,\]}#=]+)?/y;
const TOML_ESCAPES: { [letter: string]: string } = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', '"': '"', '\\': '\\' };

class TomlReader {
  private readonly source: ParameterSource;
  private readonly text: ByteString;
  private at: number;
  private readonly root: ParameterMapping = { kind: 'mapping', entries: new Map(), start: -1, end: -1 };
  private readonly origins = new Map<ParameterMapping, TableOrigin>();
  /** Lists made by [[headers]]: only these may grow. */
  private readonly tableLists = new Set<ParameterList>();
  constructor(source: ParameterSource) {
    this.source = source;
    this.text = source.text;
    this.at = source.start;
  }

  refuse(what: string, at = this.at): never {
    return this.source.refuse(at, what);
  }

  readDocument(): ParameterMapping {
    let table = this.root;
    for (;;) {
      this.skipBlank();
      if (this.at >= this.text.length) return this.root;
      if (this.text[this.at] === '[') table = this.readHeader();
      else this.readKeyValue(table, 1);
      this.endLine();
    }
  }

  // ---- space --------------------------------------------------------------------------------------------

  private skipSpaces(): void {
    while (this.text[this.at] === ' ' || this.text[this.at] === '\t') this.at += 1;
  }

  private skipComment(): void {
    if (this.text[this.at] !== '#') return;
    const feed = this.text.indexOf('\n', this.at);
    this.at = feed < 0 ? this.text.length : this.text[feed - 1] === '\r' ? feed - 1 : feed;
  }

  private skipNewline(): boolean {
    if (this.text[this.at] === '\n') this.at += 1;
    else if (this.text[this.at] === '\r' && this.text[this.at + 1] === '\n') this.at += 2;
    else return false;
    return true;
  }

  /** Spaces, comments and ends of lines. */
  private skipBlank(): void {
    do {
      this.skipSpaces();
      this.skipComment();
    } while (this.skipNewline());
  }

  private endLine(): void {
    this.skipSpaces();
    this.skipComment();
    if (this.at < this.text.length && !this.skipNewline()) this.refuse('something behind the value');
  }

  // ---- keys and tables ----------------------------------------------------------------------------------

  private readKeyPart(): ByteString {
    const first = this.text[this.at];
    if (first === '"' || first === '\'') {
      if (this.text.startsWith(first.repeat(3), this.at)) this.refuse('a key in three quotation marks');
      return this.readString(first).value;
    }
    BARE_KEY.lastIndex = this.at;
    const bare = BARE_KEY.exec(this.text);
    if (bare === null) return this.refuse('no key');
    this.at += bare[0].length;
    return bare[0];
  }

  private readKeyParts(): ByteString[] {
    const parts: ByteString[] = [];
    for (;;) {
      this.skipSpaces();
      parts.push(this.readKeyPart());
      if (parts.length > DEEPEST_NESTING) this.refuse('nested more than ' + String(DEEPEST_NESTING) + ' deep');
      this.skipSpaces();
      if (this.text[this.at] !== '.') return parts;
      this.at += 1;
    }
  }

  private makeTable(origin: TableOrigin): ParameterMapping {
    const table: ParameterMapping = { kind: 'mapping', entries: new Map(), start: -1, end: -1 };
    this.origins.set(table, origin);
    return table;
  }

  private readHeader(): ParameterMapping {
    const from = this.at;
    const isList = this.text.startsWith('[[', from);
    this.at += isList ? 2 : 1;
    const parts = this.readKeyParts();
    if (!this.text.startsWith(isList ? ']]' : ']', this.at)) this.refuse('a table header that is not closed');
    this.at += isList ? 2 : 1;
    const last = parts.pop() as ByteString;
    let table = this.root;
    for (const part of parts) table = this.enterByHeader(table, part, from);
    const there = table.entries.get(last);
    return isList ? this.appendTable(table, last, there, from) : this.defineTable(table, last, there, from);
  }

  private enterByHeader(table: ParameterMapping, part: ByteString, from: number): ParameterMapping {
    const there = table.entries.get(part);
    if (there === undefined) {
      const made = this.makeTable('implicit');
      table.entries.set(part, made);
      return made;
    }
    if (there.kind === 'list' && this.tableLists.has(there)) return there.items[there.items.length - 1] as ParameterMapping;
    if (there.kind === 'mapping' && this.origins.get(there) !== 'inline') return there;
    return this.refuse('the key "' + part + '", which cannot be a table here', from);
  }

  private defineTable(table: ParameterMapping, name: ByteString, there: ParameterNode | undefined, from: number): ParameterMapping {
    if (there !== undefined && (there.kind !== 'mapping' || this.origins.get(there) !== 'implicit')) return this.refuse('the table "' + name + '", which is there already', from);
    const made = there ?? this.makeTable('header');
    this.origins.set(made, 'header');
    table.entries.set(name, made);
    return made;
  }

  private appendTable(table: ParameterMapping, name: ByteString, there: ParameterNode | undefined, from: number): ParameterMapping {
    let list = there;
    if (list === undefined) {
      list = { kind: 'list', items: [], start: -1, end: -1 };
      this.tableLists.add(list);
      table.entries.set(name, list);
    }
    if (list.kind !== 'list' || !this.tableLists.has(list)) return this.refuse('the key "' + name + '", which is no list of tables', from);
    const made = this.makeTable('header');
    list.items.push(made);
    return made;
  }

  private readKeyValue(table: ParameterMapping, depth: number): void {
    const from = this.at;
    const parts = this.readKeyParts();
    if (this.text[this.at] !== '=') this.refuse('no = behind the key');
    this.at += 1;
    const last = parts.pop() as ByteString;
    let inner = table;
    for (const part of parts) {
      const there = inner.entries.get(part);
      if (there !== undefined && (there.kind !== 'mapping' || this.origins.get(there) !== 'dotted')) this.refuse('the key "' + part + '", which is there already', from);
      const next = there ?? this.makeTable('dotted');
      inner.entries.set(part, next);
      inner = next as ParameterMapping;
    }
    if (inner.entries.has(last)) this.refuse('the key "' + last + '" stands twice', from);
    this.skipSpaces();
    inner.entries.set(last, this.readValue(depth));
  }

  // ---- values -------------------------------------------------------------------------------------------

  private readValue(depth: number): ParameterNode {
    if (depth > DEEPEST_NESTING) this.refuse('nested more than ' + String(DEEPEST_NESTING) + ' deep');
    const first = this.text[this.at];
    if (first === '"' || first === '\'') {
      return this.text.startsWith(first.repeat(3), this.at) ? this.readLongString(first) : this.readString(first);
    }
    if (first === '[') return this.readArray(depth);
    if (first === '{') return this.readInlineTable(depth);
    WORD.lastIndex = this.at;
    const word = WORD.exec(this.text);
    if (word === null) return this.refuse('no value');
    const start = this.at;
    const [type, value] = meaningOfTomlWord(word[0]) ?? this.refuse('the value ' + word[0]);
    this.at += word[0].length;
    return this.source.scalar(type, value, start, this.at);
  }

  private readArray(depth: number): ParameterList {
    const list: ParameterList = { kind: 'list', items: [], start: this.at, end: -1 };
    this.at += 1;
    for (;;) {
      this.skipBlank();
      if (this.text[this.at] === ']') break;
      list.items.push(this.readValue(depth + 1));
      this.skipBlank();
      if (this.text[this.at] === ']') break;
      if (this.text[this.at] !== ',') this.refuse('neither a comma nor "]" behind a value');
      this.at += 1;
    }
    this.at += 1;
    list.end = this.at;
    return list;
  }

  private readInlineTable(depth: number): ParameterMapping {
    const table = this.makeTable('inline');
    table.start = this.at;
    this.at += 1;
    this.skipSpaces();
    if (this.text[this.at] !== '}') {
      for (;;) {
        this.readKeyValue(table, depth + 1);
        this.skipSpaces();
        if (this.text[this.at] === '}') break;
        if (this.text[this.at] !== ',') this.refuse('neither a comma nor "}" behind a value, or a line that ends within braces');
        this.at += 1;
        this.skipSpaces();
      }
    }
    this.at += 1;
    table.end = this.at;
    for (const inner of table.entries.values()) this.closeDotted(inner);
    return table;
  }

  /** Nothing is added to a table in braces once it is closed. */
  private closeDotted(node: ParameterNode): void {
    if (node.kind !== 'mapping' || this.origins.get(node) !== 'dotted') return;
    this.origins.set(node, 'inline');
    for (const inner of node.entries.values()) this.closeDotted(inner);
  }

  /** A string within its line. */
  private readString(mark: string): ParameterScalar {
    const start = this.at;
    let value = '';
    this.at += 1;
    for (;;) {
      const next = this.text[this.at];
      if (next === undefined || next === '\n' || next === '\r') return this.refuse('a text in quotes that does not end in its line', start);
      if (next === mark) break;
      value += mark === '"' && next === '\\' ? this.readEscape() : this.take();
    }
    this.at += 1;
    return this.source.scalar('string', value, start, this.at);
  }

  private take(): string {
    this.at += 1;
    return this.text[this.at - 1];
  }

  private readEscape(): ByteString {
    const letter = this.text[this.at + 1];
    const length = letter === 'u' ? 4 : letter === 'U' ? 8 : 0;
    const digits = this.text.slice(this.at + 2, this.at + 2 + length);
    const point = /^[0-9a-fA-F]*$/.test(digits) && digits.length === length ? parseInt(digits, 16) : -1;
    const isPoint = point >= 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    if (length === 0 ? TOML_ESCAPES[letter] === undefined : !isPoint) this.refuse('the escape \\' + String(letter));
    this.at += 2 + length;
    return length === 0 ? TOML_ESCAPES[letter] : encodeCodePoint(point);
  }

  /** A string in three quotation marks, which may go on over several lines. */
  private readLongString(mark: string): ParameterScalar {
    const start = this.at;
    let value = '';
    this.at += 3;
    this.skipNewline();
    for (;;) {
      const next = this.text[this.at];
      if (next === undefined) return this.refuse('a text in three quotation marks that does not end', start);
      if (next === mark && this.text.startsWith(mark.repeat(3), this.at)) {
        // Up to two marks may stand before the three that end it.
        let count = 3;
        while (count < 5 && this.text[this.at + count] === mark) count += 1;
        value += mark.repeat(count - 3);
        this.at += count;
        return this.source.scalar('string', value, start, this.at);
      }
      if (mark === '"' && next === '\\') value += this.skipFoldedLine() ? '' : this.readEscape();
      else value += this.skipNewline() ? '\n' : this.take();
    }
  }

  /** A "\" at the end of a line takes all space up to the next text with it. */
  private skipFoldedLine(): boolean {
    const folded = /\\[ \t]*\r?\n/y;
    folded.lastIndex = this.at;
    const found = folded.exec(this.text);
    if (found === null) return false;
    this.at += found[0].length;
    do this.skipSpaces(); while (this.skipNewline());
    return true;
  }
}

function isTomlDate(word: ByteString): boolean {
  const parts = /^(?:(\d{4})-(\d\d)-(\d\d))?(?:(^|[Tt ])(\d\d):(\d\d):(\d\d)(?:\.\d+)?([Zz]|[+-](\d\d):(\d\d))?)?$/.exec(word);
  if (parts === null || word === '') return false;
  const [, year, month, day, , hour, minute, second, zone, zoneHour, zoneMinute] = parts;
  if (year !== undefined && !isDayOfCalendar(Number(year), Number(month), Number(day))) return false;
  if (hour === undefined) return true;
  if (year === undefined && zone !== undefined) return false;
  return Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60 && (zoneHour === undefined || (Number(zoneHour) < 24 && Number(zoneMinute) < 60));
}

/** What a word without quotes means; undefined if it is none of TOML. */
function meaningOfTomlWord(word: ByteString): [ParameterScalar['type'], ByteString] | undefined {
  if (word === 'true' || word === 'false') return ['boolean', word];
  if (/^[+-]?(?:inf|nan)$/.test(word)) return ['float', canonicalFloat(word.endsWith('nan') ? NaN : word[0] === '-' ? -Infinity : Infinity)];
  const plain = word.replace(/_/g, '');
  if (/^[+-]?(?:0|[1-9](?:_?\d)*)$/.test(word)) return ['integer', canonicalInteger(plain)];
  if (/^0x[0-9a-fA-F](?:_?[0-9a-fA-F])*$/.test(word) || /^0o[0-7](?:_?[0-7])*$/.test(word) || /^0b[01](?:_?[01])*$/.test(word)) return ['integer', canonicalInteger(plain)];
  if (/^[+-]?(?:0|[1-9](?:_?\d)*)(?:\.\d(?:_?\d)*)?(?:[eE][+-]?\d(?:_?\d)*)?$/.test(word)) return ['float', canonicalFloat(Number(plain))];
  return isTomlDate(word) ? ['date', word.replace(/^(\d{4}-\d\d-\d\d)[t ]/, '$1T').replace(/z$/, 'Z')] : undefined;
}

/** The values of a TOML document. Throws Failure with the line for what is none. */
export function readToml(source: ParameterSource): ParameterMapping {
  source.checkBytes(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g, 'a control character');
  source.checkBytes(/\r(?!\n)/g, 'a carriage return that ends no line');
  source.checkUtf8(() => false);
  return new TomlReader(source).readDocument();
}
