// keylines.ts - reads texts with a key and its value in each line: INI, properties, "key = value" (docs/parameters.txt, 6). Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd } from '../core/bytes.ts';
import type { ParameterMapping, ParameterNode } from '../core/parameters.ts';
import type { ParameterSource } from './parametersource.ts';

// 1. All values are texts: quotes are a part of them, and 1 is not 1.0.
// 2. Keys are flat: SECTION.KEY, or KEY. What is in a key or section, a "." too, is a part of it.
// 3. A value that readers of such files take differently (a comment behind it, a reference to another
//    value, further lines) is unreadable; the others are not touched by that.

type KeyLine = { start: number; end: number };

/** What kind of lines these are. */
type LineRules = {
  /** Signs that begin a comment. */
  comments: string[];
  /** Lines that are indented more than a key go on with its value (Python's configparser). */
  hasContinuation: boolean;
};

const INI_RULES: LineRules = { comments: ['#', ';'], hasContinuation: true };
const TEXT_RULES: LineRules = { comments: ['#', ';', '!', '//', '%'], hasContinuation: false };

function* splitKeyLines(source: ParameterSource): Generator<KeyLine> {
  const { text } = source;
  for (let start = source.start; start < text.length;) {
    const feed = text.indexOf('\n', start);
    const next = feed < 0 ? text.length : feed + 1;
    const end = feed < 0 ? text.length : text[feed - 1] === '\r' && feed > start ? feed - 1 : feed;
    yield { start, end };
    start = next;
  }
}

function isBlankByte(byte: string | undefined): boolean {
  return byte === ' ' || byte === '\t';
}

/** The part of a line without the spaces and tabs at its ends. */
function trimLine(text: ByteString, line: KeyLine): KeyLine {
  let { start, end } = line;
  while (start < end && isBlankByte(text[start])) start += 1;
  while (end > start && isBlankByte(text[end - 1])) end -= 1;
  return { start, end };
}

// Some take these for spaces, others for a part of the text: controls, U+0085, U+00A0, U+1680, U+2000.. and U+3000.
const ODD_SPACE = '(?:[\\x0b\\x0c\\x1c-\\x1f]|\\xc2[\\x85\\xa0]|\\xe1\\x9a\\x80|\\xe2\\x80[\\x80-\\x8a\\xa8\\xa9\\xaf]|\\xe2\\x81\\x9f|\\xe3\\x80\\x80)';
const ODD_EDGE = new RegExp('^' + ODD_SPACE + '|' + ODD_SPACE + '$');
const NUMBER_TEXT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eEdD][+-]?\d+)?$/;

/** Why the text may be another value to some readers; undefined if it is not. */
function findDoubt(value: ByteString): string | undefined {
  if (/\$[{(]|%\(|%%/.test(value)) return 'it may refer to another value';
  if (value.endsWith('\\')) return 'it may go on in the next line';
  if (/^[[{(]/.test(value) && !/[\]})]$/.test(value)) return 'it may go on in the next line';
  return ODD_EDGE.test(value) ? 'it begins or ends with an unusual space' : undefined;
}

/** The value that stands in this place: behind a number a comment may follow, behind another text it could be a part of that. */
function readLineValue(source: ParameterSource, place: KeyLine, rules: LineRules): ParameterNode {
  const text = source.text.slice(place.start, place.end);
  const comment = /(?:^|[ \t])(?:[#;!%]|\/\/)/.exec(text);
  const sign = comment === null ? '' : comment[0].replace(/^[ \t]/, '');
  if (comment !== null && rules.comments.indexOf(sign) >= 0) {
    const before = dropAtEnd(text.slice(0, comment.index), ' \t');
    if (NUMBER_TEXT.test(before)) return source.scalar('string', before, place.start, place.start + before.length);
    return source.unreadable(place.start, 'what stands behind "' + sign + '" may be a comment or a part of it; put the comment in a line of its own');
  }
  const doubt = findDoubt(text);
  return doubt === undefined ? source.scalar('string', text, place.start, place.end) : source.unreadable(place.start, doubt);
}

/** "[name]" or "[name] ; comment". */
function readSectionName(source: ParameterSource, place: KeyLine): ByteString {
  const found = /^\[([^[\]]+)\](?:[ \t]+[#;].*)?$/.exec(source.text.slice(place.start, place.end));
  if (found === null || isBlankByte(found[1][0]) || isBlankByte(found[1][found[1].length - 1])) return source.refuse(place.start, 'a section header that is not [NAME]');
  return found[1];
}

/** Where in a line the key ends and the value begins. */
function splitKey(source: ParameterSource, place: KeyLine, rules: LineRules): { key: ByteString; value: KeyLine } {
  const line = source.text.slice(place.start, place.end);
  const sign = /[=:]/.exec(line);
  if (sign === null) return source.refuse(place.start, 'neither "key = value" nor a comment');
  const isTight = sign[0] === ':' && !rules.hasContinuation && /^:[^ \t]/.test(line.slice(sign.index)) && line.indexOf('=', sign.index) >= 0;
  if (isTight) source.refuse(place.start, 'a ":" that may be a part of the key or end it');
  const key = dropAtEnd(line.slice(0, sign.index), ' \t');
  if (key === '') source.refuse(place.start, 'no key before "' + sign[0] + '"');
  if (ODD_EDGE.test(key)) source.refuse(place.start, 'a key that begins or ends with an unusual space');
  return { key, value: trimLine(source.text, { start: place.start + sign.index + 1, end: place.end }) };
}

class KeyLineReader {
  private readonly source: ParameterSource;
  private readonly rules: LineRules;
  private readonly entries = new Map<ByteString, ParameterNode>();
  /** To some readers keys that differ only in case are one. */
  private readonly folded = new Set<ByteString>();
  private readonly sections = new Set<ByteString>();
  private section = '';
  /** The key that was read last in this section, and how much it is indented. */
  private last: { name: ByteString; indent: number; at: number } | undefined;
  constructor(source: ParameterSource, rules: LineRules) {
    this.source = source;
    this.rules = rules;
  }

  read(): ParameterMapping {
    for (const line of splitKeyLines(this.source)) this.readLine(line);
    return { kind: 'mapping', entries: this.entries, start: -1, end: -1 };
  }

  private readLine(line: KeyLine): void {
    const { source, rules, last } = this;
    const place = trimLine(source.text, line);
    if (place.start === place.end || rules.comments.some((sign) => source.text.startsWith(sign, place.start))) return;
    const indent = place.start - line.start;
    if (rules.hasContinuation && last !== undefined && indent > last.indent) {
      this.entries.set(last.name, source.unreadable(last.at, 'it goes on over several lines'));
      return;
    }
    if (source.text[place.start] === '[') {
      this.section = readSectionName(source, place) + '.';
      if (this.sections.has(this.section)) source.refuse(place.start, 'the section "' + this.section.slice(0, -1) + '" stands twice');
      this.sections.add(this.section);
      this.last = undefined;
      return;
    }
    const { key, value } = splitKey(source, place, rules);
    const name = this.section + key;
    if (this.folded.has(name.toLowerCase())) source.refuse(place.start, 'the key "' + name + '" stands twice');
    this.folded.add(name.toLowerCase());
    this.entries.set(name, readLineValue(source, value, rules));
    this.last = { name, indent, at: place.start };
  }
}

function checkLines(source: ParameterSource): void {
  // Some of them are blanks to Python, and ends of lines, but to no other reader.
  source.checkBytes(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g, 'a control character');
  source.checkBytes(/\r(?!\n)/g, 'a carriage return that ends no line');
}

/** INI, as Python's configparser reads it without interpolation; keys before the first section are allowed. */
export function readIni(source: ParameterSource): ParameterMapping {
  checkLines(source);
  return new KeyLineReader(source, INI_RULES).read();
}

/** A "key = value" or "key: value" in each line. */
export function readKeyLines(source: ParameterSource): ParameterMapping {
  checkLines(source);
  return new KeyLineReader(source, TEXT_RULES).read();
}

/** Properties, as java.util.Properties reads them. */
export function readProperties(source: ParameterSource): ParameterMapping {
  checkLines(source);
  const { text } = source;
  const entries = new Map<ByteString, ParameterNode>();
  let open: ByteString | undefined;
  for (const line of splitKeyLines(source)) {
    let { start } = line;
    while (start < line.end && /[ \t\f]/.test(text[start])) start += 1;
    const rest = text.slice(start, line.end);
    const goesOn = /(?:^|[^\\])(?:\\\\)*\\$/.test(rest);
    if (open !== undefined) {
      if (!goesOn) open = undefined;
      continue;
    }
    if (rest === '' || rest[0] === '#' || rest[0] === '!') continue;
    const parts = /^([^ \t\f=:\\]+)([ \t\f]*[=:]?[ \t\f]*)/.exec(rest);
    if (parts === null) return source.refuse(start, 'a line without a key, or with an escape (\\) in it');
    const [all, key, sign] = parts;
    const value = rest.slice(all.length);
    if (entries.has(key)) source.refuse(start, 'the key "' + key + '" stands twice');
    const doubt = value.indexOf('\\') >= 0 ? 'it has an escape (\\) in it' : /[ \t\f]$/.test(value) ? 'it ends in spaces, which Java keeps and others do not'
      : /[ \t][#!;]/.test(value) ? 'what looks like a comment is a part of it to Java' : value !== '' && !/[=:]/.test(sign) ? 'no "=" stands before it' : findDoubt(value);
    const from = start + all.length;
    entries.set(key, doubt === undefined ? source.scalar('string', value, from, line.end) : source.unreadable(start, doubt));
    if (goesOn) open = key;
  }
  return { kind: 'mapping', entries, start: -1, end: -1 };
}
