// yaml.ts - reads the part of YAML that all its versions read alike (docs/parameters.txt, 3), with places. Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd } from '../core/bytes.ts';
import type { ParameterList, ParameterMapping, ParameterNode, ParameterScalar } from '../core/parameters.ts';
import { DEEPEST_NESTING } from '../core/parameters.ts';
import type { ParameterSource } from './parametersource.ts';
import { readYamlQuoted, resolveYamlPlain } from './yamlscalars.ts';

// 1. What is not understood is refused with its line: a wrong value is worse than none.
// 2. A plain word that YAML 1.1 and 1.2 take for different things is 'undecided' (yamlscalars.ts).
// 3. Lines are looked at one by one; a value in several lines is a block scalar, in brackets or plain, or it is refused.

/** A line without its end. `indent`: spaces before the first other character; `content`: place of that. */
type YamlLine = { start: number; end: number; indent: number; content: number; isBlank: boolean };

const REFUSED_STARTS: { [first: string]: string } = {
  '&': 'an anchor (&)', '*': 'an alias (*)', '!': 'a tag (!)', '@': 'a text that begins with @', '`': 'a text that begins with `', '%': 'a text that begins with %',
  ',': 'a text that begins with a comma', ']': 'a bracket that was not opened', '}': 'a brace that was not opened', '#': 'a # where a value was to be', '|': 'a | in brackets', '>': 'a > in brackets',
};

function splitYamlLines(source: ParameterSource): YamlLine[] {
  const { text } = source;
  const lines: YamlLine[] = [];
  for (let start = source.start; start < text.length;) {
    const feed = text.indexOf('\n', start);
    const next = feed < 0 ? text.length : feed + 1;
    const end = feed < 0 ? text.length : text[feed - 1] === '\r' && feed > start ? feed - 1 : feed;
    let content = start;
    while (content < end && text[content] === ' ') content += 1;
    lines.push({ start, end, indent: content - start, content, isBlank: content === end || text[content] === '#' });
    start = next;
  }
  return lines;
}

class YamlReader {
  private readonly source: ParameterSource;
  private readonly text: ByteString;
  private readonly lines: YamlLine[];
  /** The line that is looked at. */
  private at = 0;
  constructor(source: ParameterSource) {
    this.source = source;
    this.text = source.text;
    this.lines = splitYamlLines(source);
  }

  refuse(at: number, what: string): never {
    return this.source.refuse(at, what);
  }

  /** The next line with something on it, from the one that is looked at on. */
  private look(): YamlLine | undefined {
    while (this.at < this.lines.length && this.lines[this.at].isBlank) this.at += 1;
    const line = this.lines[this.at];
    if (line !== undefined && this.text[line.content] === '\t') this.refuse(line.content, 'a tab before the text');
    return line;
  }

  readDocument(): ParameterMapping | ParameterList {
    let line = this.look();
    if (line !== undefined && line.indent === 0 && this.text[line.content] === '%') this.refuse(line.content, 'a directive (%)');
    if (line !== undefined && this.isMark(line, '---')) {
      this.at += 1;
      line = this.look();
    }
    if (line === undefined) return { kind: 'mapping', entries: new Map(), start: -1, end: -1 };
    const root = this.readBlock(-1, 1);
    const rest = this.look();
    if (rest !== undefined && this.isMark(rest, '...')) this.at += 1;
    const more = this.look();
    if (more !== undefined) this.refuse(more.content, this.isMark(more, '---') ? 'a second document (---)' : 'a line that does not belong to what is above it');
    if (root.kind !== 'mapping' && root.kind !== 'list') return this.refuse(line.content, 'neither "key: value" nor a list');
    return root;
  }

  /** Is the line "---" or "..."? With more on it, it is refused. */
  private isMark(line: YamlLine, mark: string): boolean {
    if (line.indent > 0 || !this.text.startsWith(mark, line.start)) return false;
    const rest = this.text.slice(line.start + 3, line.end);
    if (/^ *(?: #.*)?$/.test(rest)) return true;
    if (/^[ \t]/.test(rest)) this.refuse(line.start, 'something behind ' + mark);
    return false;
  }

  /** The node on the line that is looked at, which is indented by more than `parent`. Behind it, the next line is looked at. */
  private readBlock(parent: number, depth: number): ParameterNode {
    const line = this.look() as YamlLine;
    return this.readNodeAt(line.content, line.indent, parent, depth);
  }

  /** The node at `at` in the line that is looked at, in this column; a block scalar in it is indented by more than `parent`. */
  private readNodeAt(at: number, column: number, parent: number, depth: number): ParameterNode {
    if (depth > DEEPEST_NESTING) this.refuse(at, 'nested more than ' + String(DEEPEST_NESTING) + ' deep');
    const line = this.lines[this.at];
    if (this.isMark(line, '---') || this.isMark(line, '...')) this.refuse(at, 'the end of the document where a value was to be');
    if (this.isDash(at, line)) return this.readSequence(column, depth);
    if (this.findColon(at, line) !== undefined) return this.readMapping(at, column, depth);
    return this.readInline(at, parent, depth);
  }

  private isDash(at: number, line: YamlLine): boolean {
    if (this.text[at] !== '-') return false;
    if (this.text[at + 1] === '\t') this.refuse(at + 1, 'a tab');
    return at + 1 === line.end || this.text[at + 1] === ' ';
  }

  /** Of a line that is "key: ..." the key and the place behind the colon; undefined if it is none. */
  private findColon(at: number, line: YamlLine): { key: ByteString; end: number } | undefined {
    const { text } = this;
    const first = text[at];
    if (first === '?' && (at + 1 === line.end || text[at + 1] === ' ')) this.refuse(at, 'a key behind "?"');
    if (first === '[' || first === '{' || first === '|' || first === '>') return undefined;
    if (first === '"' || first === '\'') {
      const quoted = readYamlQuoted(this.source, at, line.end);
      let colon = quoted.end;
      while (text[colon] === ' ') colon += 1;
      if (text[colon] !== ':' || colon >= line.end) return undefined;
      if (colon + 1 < line.end && text[colon + 1] !== ' ') this.refuse(colon, 'no space behind the colon');
      return { key: quoted.value, end: colon + 1 };
    }
    // Never to be looked for beyond the line: in a long list that would take quadratic time.
    const rest = text.slice(at, line.end);
    const sign = /:(?= |\t|$)/.exec(rest);
    const comment = rest.indexOf(' #');
    if (sign === null || (comment >= 0 && comment < sign.index)) return undefined;
    const colon = at + sign.index;
    if (text[colon + 1] === '\t' && colon + 1 < line.end) this.refuse(colon + 1, 'a tab');
    let end = colon;
    while (end > at && text[end - 1] === ' ') end -= 1;
    return { key: this.readPlainKey(at, end), end: colon + 1 };
  }

  private readPlainKey(at: number, end: number): ByteString {
    if (end === at) this.refuse(at, 'no key before the colon');
    const scalar = this.readPlain(at, end, 'key');
    if (scalar.value === '<<') this.refuse(at, 'a merge key (<<)');
    const isAddress = scalar.type === 'string' || (scalar.type === 'integer' && scalar.value === scalar.spelled) || /^[yYnN]$/.test(scalar.spelled);
    if (!isAddress) this.refuse(at, 'the key ' + scalar.spelled + ', which to some programs is no text: put it in quotes');
    return scalar.value;
  }

  /** A plain scalar that stands from `at` to `end`. */
  private readPlain(at: number, end: number, what: 'key' | 'value'): ParameterScalar {
    const spelled = this.text.slice(at, end);
    this.checkPlainStart(at, end);
    if (spelled.indexOf('\t') >= 0) this.refuse(at + spelled.indexOf('\t'), 'a tab');
    if (what === 'value' && /:(?: |$)/.test(spelled)) this.refuse(at, 'a second colon in the line: put the text in quotes');
    if (spelled === '=') this.refuse(at, 'a single =');
    if (/^[-+]?(?:0[box]?)?_+$/.test(spelled)) this.refuse(at, 'the word ' + spelled + ', at which some programs fail: put it in quotes');
    if (what === 'value' && spelled === '<<') this.refuse(at, 'a merge key (<<)');
    return resolveYamlPlain(this.source, at, end);
  }

  private checkPlainStart(at: number, end: number): void {
    const first = this.text[at];
    if (REFUSED_STARTS[first] !== undefined) this.refuse(at, REFUSED_STARTS[first]);
    if ((first === '-' || first === '?' || first === ':') && (at + 1 >= end || /[ ,[\]{}]/.test(this.text[at + 1]))) this.refuse(at, 'a "' + first + '" that begins nothing');
    if (first === '?' || first === ':') this.refuse(at, 'a text that begins with ' + first);
  }

  // ---- blocks -----------------------------------------------------------------------------------------

  private readMapping(first: number, column: number, depth: number): ParameterMapping {
    const mapping: ParameterMapping = { kind: 'mapping', entries: new Map(), start: -1, end: -1 };
    let at = first;
    for (;;) {
      const line = this.lines[this.at];
      if (this.isDash(at, line)) this.refuse(at, 'an item of a list among keys');
      const found = this.findColon(at, line);
      if (found === undefined) return this.refuse(at, 'neither "key: value" nor an item of a list, or a text that goes on over several lines');
      if (found.end - at > 1000) this.refuse(at, 'a key of more than 1000 bytes');
      if (mapping.entries.has(found.key)) this.refuse(at, 'the key "' + found.key + '" stands twice');
      mapping.entries.set(found.key, this.readEntryValue(found.end, column, depth));
      const next = this.look();
      if (next === undefined || next.indent < column || this.isMark(next, '---') || this.isMark(next, '...')) return mapping;
      if (next.indent > column) this.refuse(next.content, 'a line that is indented more than the keys above it, or a text that goes on over several lines');
      at = next.content;
    }
  }

  /** The value behind a colon. */
  private readEntryValue(behind: number, column: number, depth: number): ParameterNode {
    const line = this.lines[this.at];
    const at = this.skipSpaces(behind, line);
    if (at < line.end) return this.readInline(at, column, depth);
    this.at += 1;
    const next = this.look();
    if (next === undefined || this.isMark(next, '---') || this.isMark(next, '...')) return this.source.scalar('null', 'null', behind, behind);
    if (next.indent > column) return this.readBlock(column, depth + 1);
    if (next.indent === column && this.isDash(next.content, next)) return this.readSequence(column, depth + 1);
    return this.source.scalar('null', 'null', behind, behind);
  }

  /** Behind the spaces; at the end of the line if only a comment follows. */
  private skipSpaces(from: number, line: YamlLine): number {
    let at = from;
    while (at < line.end && this.text[at] === ' ') at += 1;
    if (this.text[at] === '\t' && at < line.end) this.refuse(at, 'a tab');
    return this.text[at] === '#' && at > from ? line.end : at;
  }

  private readSequence(column: number, depth: number): ParameterList {
    if (depth > DEEPEST_NESTING) this.refuse(this.lines[this.at].content, 'nested more than ' + String(DEEPEST_NESTING) + ' deep');
    const list: ParameterList = { kind: 'list', items: [], start: -1, end: -1 };
    let dash = this.lines[this.at].start + column;
    for (;;) {
      const line = this.lines[this.at];
      const at = this.skipSpaces(dash + 1, line);
      if (at < line.end) list.items.push(this.readNodeAt(at, at - line.start, column, depth + 1));
      else {
        this.at += 1;
        const next = this.look();
        const isBelow = next !== undefined && next.indent > column;
        list.items.push(isBelow ? this.readBlock(column, depth + 1) : this.source.scalar('null', 'null', dash + 1, dash + 1));
      }
      const next = this.look();
      if (next === undefined || next.indent < column || this.isMark(next, '---') || this.isMark(next, '...')) return list;
      if (next.indent > column) this.refuse(next.content, 'a line that is indented more than the items above it, or a text that goes on over several lines');
      if (!this.isDash(next.content, next)) return list;
      dash = next.content;
    }
  }

  // ---- values in a line -------------------------------------------------------------------------------

  /** A value that begins at `at` in the line that is looked at and, but for block scalars and brackets, ends in it. */
  private readInline(at: number, parent: number, depth: number): ParameterNode {
    const first = this.text[at];
    if (first === '|' || first === '>') return this.readBlockScalar(at, parent);
    if (first === '[' || first === '{') {
      const node = this.readFlow(at, depth);
      this.endLine(node.end);
      return node;
    }
    const line = this.lines[this.at];
    if (first === '"' || first === '\'') {
      const quoted = readYamlQuoted(this.source, at, line.end);
      this.endLine(quoted.end);
      return quoted;
    }
    const comment = this.text.slice(at, line.end).indexOf(' #');
    let end = comment >= 0 ? at + comment : line.end;
    while (this.text[end - 1] === ' ') end -= 1;
    const scalar = this.readPlain(at, end, 'value');
    this.at += 1;
    return comment >= 0 ? scalar : this.readFurther(scalar, { at, end, parent });
  }

  /** A plain text that goes on in lines indented by more than `parent`: their ends are spaces, blank lines are ends (YAML 1.2, 7.3.3). */
  private readFurther(scalar: ParameterScalar, { at, end, parent }: { at: number; end: number; parent: number }): ParameterScalar {
    const parts = [this.text.slice(at, end)];
    let last = end;
    let isOver = false;
    for (let next = this.at; next < this.lines.length && !isOver; next++) {
      const line = this.lines[next];
      if (line.content === line.end) continue;
      if (line.indent <= parent || line.isBlank) break;
      const whole = this.text.slice(line.content, line.end);
      if (/^[-?:](?: |$)/.test(whole)) this.refuse(line.content, 'a text that goes on with "' + whole[0] + '" in the next line: put it in quotes');
      if (/:(?: |\t|$)/.test(whole.split(' #')[0])) this.refuse(line.content, 'a text that goes on with a colon in the next line: put it in quotes');
      if (whole.indexOf('\t') >= 0) this.refuse(line.content + whole.indexOf('\t'), 'a tab');
      const comment = whole.indexOf(' #');
      isOver = comment >= 0;
      const part = dropAtEnd(isOver ? whole.slice(0, comment) : whole, ' ');
      const blanks = next - this.at;
      parts.push(blanks === 0 ? ' ' : '\n'.repeat(blanks), part);
      last = line.content + part.length;
      this.at = next + 1;
    }
    if (parts.length === 1) return scalar;
    const value = parts.join('');
    if (/^\d{4}-/.test(value)) this.refuse(at, 'a date that goes on in the next line');
    return { ...this.source.scalar('string', value, at, last), start: -1 };
  }

  /** Nothing but a comment follows in the line; the next one is looked at. */
  private endLine(from: number): void {
    const line = this.lines[this.at];
    const rest = this.skipSpaces(from, line);
    if (rest < line.end) this.refuse(rest, 'something behind the value');
    this.at += 1;
  }

  /** A text behind "|" or ">": its lines as they are, or folded. */
  private readBlockScalar(at: number, parent: number): ParameterScalar {
    const head = this.lines[this.at];
    const parts = /^([|>])([+-]?)( +#.*| *)$/.exec(this.text.slice(at, head.end));
    if (parts === null) return this.refuse(at, 'a block scalar with more than | or > and + or -');
    this.at += 1;
    const first = this.at;
    while (this.at < this.lines.length && this.lines[this.at].content === this.lines[this.at].end) this.at += 1;
    const indent = this.lines[this.at]?.indent ?? 0;
    if (this.at === this.lines.length || indent <= parent || indent === 0) {
      if (parts[2] === '+' && this.at > first) this.refuse(at, 'a text of blank lines');
      return { ...this.source.scalar('string', '', at, at), start: -1 };
    }
    for (let i = first; i < this.at; i++) if (this.lines[i].indent > indent) this.refuse(this.lines[i].start, 'a blank line with more spaces than the text that begins below it');
    let last = this.at;
    for (; this.at < this.lines.length; this.at++) {
      const line = this.lines[this.at];
      if (line.content < line.end && line.indent < indent) break;
      if (line.end - line.start > indent || (line.content < line.end)) last = this.at;
    }
    if (this.at < this.lines.length && this.text[this.lines[this.at].content] === '\t') this.refuse(this.lines[this.at].content, 'a tab before the text');
    const end = this.lines[last].end;
    if (parts[2] !== '-' && this.text[end] === undefined) this.refuse(end, 'the end of the file within a text behind ' + parts[1] + ', without an end of the line');
    if (parts[2] === '+' && this.lines[this.at - 1].end === this.text.length) this.refuse(end, 'a last line of spaces without an end');
    const value = foldBlock(this.lines.slice(first, this.at).map((line) => this.text.slice(Math.min(line.start + indent, line.end), line.end)), parts[1] === '>', parts[2]);
    return { ...this.source.scalar('string', value, at, end), start: -1 };
  }

  // ---- brackets ---------------------------------------------------------------------------------------

  /** A list or mapping in brackets; the line in which it ends is looked at. */
  private readFlow(start: number, depth: number): ParameterList | ParameterMapping {
    if (depth > DEEPEST_NESTING) this.refuse(start, 'nested more than ' + String(DEEPEST_NESTING) + ' deep');
    const isList = this.text[start] === '[';
    const close = isList ? ']' : '}';
    const list: ParameterList = { kind: 'list', items: [], start, end: start };
    const mapping: ParameterMapping = { kind: 'mapping', entries: new Map(), start, end: start };
    let at = this.skipFlowSpace(start + 1);
    while (this.text[at] !== close) {
      if (isList) {
        const item = this.readFlowValue(at, depth);
        list.items.push(item.node);
        at = this.skipFlowSpace(item.end);
        if (this.text[at] === ':') this.refuse(at, 'a key in a list');
      } else at = this.readFlowEntry(mapping, at, depth);
      if (this.text[at] === ',') at = this.skipFlowSpace(at + 1);
      else if (this.text[at] !== close) this.refuse(Math.min(at, this.text.length), 'neither a comma nor "' + close + '" behind a value');
    }
    const node = isList ? list : mapping;
    node.end = at + 1;
    return node;
  }

  private readFlowEntry(mapping: ParameterMapping, at: number, depth: number): number {
    let key: ByteString;
    let behind: number;
    if (this.text[at] === '"' || this.text[at] === '\'') {
      const quoted = readYamlQuoted(this.source, at, this.lines[this.at].end);
      key = quoted.value;
      behind = quoted.end;
    } else {
      behind = this.findFlowPlainEnd(at);
      key = this.readPlainKey(at, behind);
    }
    behind = this.skipSpaces(behind, this.lines[this.at]);
    if (this.text[behind] !== ':') this.refuse(at, 'a key without a value, or with its colon in another line');
    if (mapping.entries.has(key)) this.refuse(at, 'the key "' + key + '" stands twice');
    const from = this.skipFlowSpace(behind + 1);
    if (this.text[from] === ',' || this.text[from] === '}') {
      mapping.entries.set(key, this.source.scalar('null', 'null', behind + 1, behind + 1));
      return from;
    }
    const value = this.readFlowValue(from, depth);
    mapping.entries.set(key, value.node);
    return this.skipFlowSpace(value.end);
  }

  private readFlowValue(at: number, depth: number): { node: ParameterNode; end: number } {
    const first = this.text[at];
    if (first === '[' || first === '{') {
      const node = this.readFlow(at, depth + 1);
      return { node, end: node.end };
    }
    if (first === '"' || first === '\'') {
      const node = readYamlQuoted(this.source, at, this.lines[this.at].end);
      return { node, end: node.end };
    }
    if (first === undefined) this.refuse(this.text.length, 'a bracket that is not closed');
    const end = this.findFlowPlainEnd(at);
    return { node: this.readPlain(at, end, 'value'), end };
  }

  /** Where a plain scalar in brackets ends: it goes on to a comma, a bracket, a colon or a comment. */
  private findFlowPlainEnd(at: number): number {
    const line = this.lines[this.at];
    let end = at;
    while (end < line.end && !/[,[\]{}]/.test(this.text[end])) {
      if (this.text[end] === ':' && /[,[\]{}]/.test(this.text[end + 1] ?? ' ')) this.refuse(end, 'no space behind the colon');
      if (this.text[end] === ':' && (end + 1 >= line.end || this.text[end + 1] === ' ')) break;
      if (this.text[end] === '#' && this.text[end - 1] === ' ') break;
      if (this.text[end] === '?') this.refuse(end, 'a "?" in brackets: put the text in quotes');
      end += 1;
    }
    while (end > at && this.text[end - 1] === ' ') end -= 1;
    if (end === at) this.refuse(at, REFUSED_STARTS[this.text[at]] ?? 'no value');
    return end;
  }

  /** Behind spaces, ends of lines and comments; the line where that is is looked at. */
  private skipFlowSpace(from: number): number {
    let at = from;
    for (;;) {
      const line = this.lines[this.at];
      const next = this.skipSpaces(at, line);
      const isComment = this.text[next] === '#' && next === line.start;
      if (next < line.end && !isComment) return next;
      this.at += 1;
      if (this.at >= this.lines.length) this.refuse(this.text.length, 'a bracket that is not closed');
      if (this.isMark(this.lines[this.at], '---') || this.isMark(this.lines[this.at], '...')) this.refuse(this.lines[this.at].start, 'the end of the document within brackets');
      at = this.lines[this.at].start;
    }
  }
}

/** The text of a block scalar's lines, without their indentation (YAML 1.2, 8.1). */
function foldBlock(lines: ByteString[], isFolded: boolean, chomping: string): ByteString {
  const isIndented = (line: ByteString): boolean => line[0] === ' ' || line[0] === '\t';
  let text = '';
  let breaks = '';
  let previous: ByteString | undefined;
  for (const line of lines) {
    if (line === '') {
      breaks += '\n';
      continue;
    }
    if (previous === undefined) text += breaks;
    else if (!isFolded || isIndented(previous) || isIndented(line)) text += '\n' + breaks;
    else text += breaks === '' ? ' ' : breaks;
    text += line;
    breaks = '';
    previous = line;
  }
  if (chomping === '-') return text;
  return text + '\n' + (chomping === '+' ? breaks : '');
}

/** The values of a YAML document. Throws Failure with the line for whatever is outside of the part that is read. */
export function readYaml(source: ParameterSource): ParameterMapping | ParameterList {
  source.checkBytes(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g, 'a control character');
  source.checkBytes(/\r(?!\n)/g, 'a carriage return that ends no line');
  // These end lines in YAML 1.1 and not in 1.2; or stand in no text at all.
  source.checkUtf8((point) => point < 0xa0 || point === 0x2028 || point === 0x2029 || point === 0xfeff || (point & 0xfffe) === 0xfffe);
  return new YamlReader(source).readDocument();
}
