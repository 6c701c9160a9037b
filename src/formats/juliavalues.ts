// juliavalues.ts - values that are assigned at top level of a Julia file (docs/parameters.txt, 5). Runs nothing.
import type { ByteString } from '../core/bytes.ts';
import { canonicalFloat, canonicalInteger } from '../core/parameters.ts';
import type { ParameterMapping, ParameterNode, ParameterScalar } from '../core/parameters.ts';
import { AssignmentBook, isSign, LiteralCursor, matchAt, makeLiteralList, NoLiteral, readWholeLiteral, replaceEscapes, splitTokens } from './assignments.ts';
import type { CodeToken, TokenRules } from './assignments.ts';
import { encodeCodePoint } from './parametersource.ts';
import type { ParameterSource } from './parametersource.ts';

// ---- words --------------------------------------------------------------------------------------------

const JULIA_CHARACTER = /'(?:[^'\\\n]{1,4}|\\[^\n][^'\n]{0,8})'/y;
const JULIA_STRING_START = /(?:[A-Za-z_][A-Za-z0-9_]*)?(?="|`)/y;

/** Strings, with the name of a string macro before them; commands; characters. What is put in by "$(...)" may hold strings itself. */
function findJuliaStringEnd(text: ByteString, at: number, before: CodeToken | undefined): number {
  if (text[at] === '\'') {
    // Behind a value it is the sign of the adjoint.
    const isAdjoint = before !== undefined && before.end === at && (before.kind !== 'sign' || ')]}\'.'.indexOf(before.text) >= 0);
    JULIA_CHARACTER.lastIndex = at;
    return isAdjoint || !JULIA_CHARACTER.test(text) ? 0 : JULIA_CHARACTER.lastIndex;
  }
  JULIA_STRING_START.lastIndex = at;
  if (!JULIA_STRING_START.test(text)) return 0;
  const open = JULIA_STRING_START.lastIndex;
  const isRaw = open > at;
  const mark = text.startsWith(text[open].repeat(3), open) ? text[open].repeat(3) : text[open];
  let depth = 0;
  for (let end = open + mark.length; end < text.length; end++) {
    if (text[end] === '\\') end += 1;
    else if (!isRaw && text[end] === '$' && text[end + 1] === '(') depth += 1;
    else if (depth > 0 && (text[end] === '(' || text[end] === ')')) depth += text[end] === '(' && text[end - 1] !== '$' ? 1 : text[end] === ')' ? -1 : 0;
    else if (depth === 0 && text.startsWith(mark, end)) return end + mark.length;
  }
  return -1;
}

const JULIA_RULES: TokenRules = {
  skip: /(?:[ \t\r]|#(?!=)[^\n]*)+/y,
  number: /(?:0x[0-9a-fA-F_]+|0b[01_]+|0o[0-7_]+|(?:[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?|\.[0-9][0-9_]*)(?:[eEf][+-]?[0-9]+)?)[A-Za-z0-9_\x80-\xff]*/y,
  name: /[A-Za-z_\x80-\xff][A-Za-z0-9_!\x80-\xff]*/y,
  sign: /===|!==|\.\.\.|<<=|>>>=|>>=|\/\/=|<:|>:|\|>|->|=>|::|&&|\|\||\.?[-+*/\\^%&|!=<>\xf7]?=|\.[-+*/\\^%<>!]/y,
  findStringEnd: findJuliaStringEnd,
};

/** The text with its comments in #= =#, which nest, made spaces: places stay as they are. */
function blankComments(source: ParameterSource): ByteString {
  const { text } = source;
  if (text.indexOf('#=') < 0) return text;
  // Found again by going through the words, as "#=" may stand in a string or behind another "#".
  const pieces: ByteString[] = [];
  let from = 0;
  let at = source.start;
  while (at < text.length) {
    // Of the word before a "'" only its end counts, which tells it from the sign of the adjoint.
    const before: CodeToken | undefined = /[\w)\]}'.\x80-\xff]/.test(text[at - 1] ?? ' ') ? { kind: 'name', text: '', start: at, end: at } : undefined;
    const end = findJuliaStringEnd(text, at, before);
    if (end > 0) at = end;
    else if (text.startsWith('#=', at)) {
      const close = findCommentEnd(source, at);
      pieces.push(text.slice(from, at), text.slice(at, close).replace(/[^\n]/g, ' '));
      from = close;
      at = close;
    } else if (text[at] === '#') at = text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at);
    // The whole of a name: to look for quotes behind it from each of its letters takes the square of its length.
    else at = Math.max(at + 1, matchAt(JULIA_RULES.name, text, at));
  }
  return pieces.join('') + text.slice(from);
}

function findCommentEnd(source: ParameterSource, start: number): number {
  const marks = /#=|=#/g;
  marks.lastIndex = start;
  let depth = 0;
  for (let found = marks.exec(source.text); found !== null; found = marks.exec(source.text)) {
    depth += found[0] === '#=' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return source.refuse(start, 'a comment that does not end');
}

// ---- values -------------------------------------------------------------------------------------------

function readJuliaNumber(cursor: LiteralCursor, token: CodeToken, sign: string, start: number): ParameterScalar {
  if (/__|_$|_[.eE]|[.eE]_/.test(token.text)) throw new NoLiteral();
  const plain = token.text.replace(/_/g, '');
  // Of 0x10 and the like the number of digits tells the type: that is more than the value.
  if (/^[0-9]+$/.test(plain)) return cursor.source.scalar('integer', canonicalInteger(sign + plain), start, token.end);
  if (!/^(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?$/.test(plain)) throw new NoLiteral();
  return cursor.source.scalar('float', canonicalFloat(Number(sign + plain)), start, token.end);
}

function unescapeJulia(text: ByteString, at: number): { length: number; value: ByteString } {
  const found = /^\\(?:u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8}))/.exec(text.slice(at, at + 10));
  if (text[at + 1] === '$') return { length: 2, value: '$' };
  const point = found === null ? -1 : parseInt(found[1] ?? found[2], 16);
  if (point < 0 || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) throw new NoLiteral();
  return { length: (found as RegExpExecArray)[0].length, value: encodeCodePoint(point) };
}

function readJuliaString(cursor: LiteralCursor, token: CodeToken): ParameterScalar {
  const { text } = token;
  // A text in three quotation marks loses the spaces that its lines begin with: it is not read.
  if (text[0] !== '"' || text.startsWith('"""') || /[\r\n]/.test(text)) throw new NoLiteral();
  const inner = text.slice(1, -1);
  if (/(?:^|[^\\])(?:\\\\)*\$/.test(inner)) throw new NoLiteral();
  return cursor.source.scalar('string', replaceEscapes(inner, unescapeJulia), token.start, token.end);
}

const JULIA_WORDS: { [word: string]: [ParameterScalar['type'], ByteString] } = {
  true: ['boolean', 'true'], false: ['boolean', 'false'], nothing: ['null', 'null'], Inf: ['float', 'inf'], NaN: ['float', 'nan'],
};

/** A number, string, truth, nothing, or an array [a, b] or tuple (a, b) of such. */
function readJuliaLiteral(cursor: LiteralCursor): ParameterNode {
  const token = cursor.take();
  if (token.kind === 'number') return readJuliaNumber(cursor, token, '', token.start);
  if (token.kind === 'string') return readJuliaString(cursor, token);
  if (token.kind === 'name' && Object.prototype.hasOwnProperty.call(JULIA_WORDS, token.text)) return cursor.source.scalar(...JULIA_WORDS[token.text], token.start, token.end);
  if (isSign(token, '-') || isSign(token, '+')) {
    const next = cursor.take();
    if (next.start !== token.end) throw new NoLiteral();
    if (next.kind === 'number') return readJuliaNumber(cursor, next, token.text, token.start);
    if (next.text === 'Inf') return cursor.source.scalar('float', token.text === '-' ? '-inf' : 'inf', token.start, next.end);
  }
  if (!isSign(token, '[') && !isSign(token, '(')) throw new NoLiteral();
  const items: ParameterNode[] = [];
  const { end, commas } = cursor.readBracketed(token.text === '[' ? ']' : ')', () => { items.push(readJuliaLiteral(cursor)); });
  if (token.text === '(' && items.length === 1 && commas === 0) throw new NoLiteral();
  // An array has one type: of a whole number among others it makes a floating-point number.
  const types = new Set(items.map((item) => (item.kind === 'scalar' ? item.type : item.kind)));
  if (token.text === '[' && types.size > 1) throw new NoLiteral();
  return makeLiteralList(items, token.start, end);
}

// ---- statements ---------------------------------------------------------------------------------------

const JULIA_BLOCKS = ['function', 'macro', 'if', 'for', 'while', 'let', 'try', 'begin', 'quote', 'do', 'struct', 'module', 'baremodule'];
/** Names in these are their own. */
const JULIA_BODIES = ['function', 'macro', 'let', 'do', 'struct', 'quote'];
const JULIA_UPDATES = /^(?:\.?[-+*/\\^%&|\xf7]?=|<<=|>>>?=|\/\/=)$/;

class JuliaReader {
  private readonly source: ParameterSource;
  private readonly tokens: CodeToken[];
  private readonly book: AssignmentBook;
  private readonly open: { sign: string; isCall: boolean; at: number }[] = [];
  private bodies = 0;
  private from = 0;
  // What keeps the time linear: from a closing bracket to its opening, and from a sign that was looked at to
  // the beginning of its statement; from a name that was changed to the next that was not; the last search for a word.
  private readonly before = new Map<number, number>();
  private readonly changed = new Map<number, number>();
  private found = { from: -1, words: '', to: -1 };
  constructor(source: ParameterSource, tokens: CodeToken[]) {
    this.source = source;
    this.tokens = tokens;
    this.book = new AssignmentBook(source);
  }

  read(): ParameterMapping {
    for (let i = 0; i < this.tokens.length; i++) this.look(i);
    if (this.open.length > 0) this.source.refuse(this.source.text.length, 'a block or bracket that is not closed');
    this.endStatement(this.tokens.length);
    return this.book.finish();
  }

  private openAt(at: number, isCall: boolean): void {
    const sign = this.tokens[at].text;
    this.open.push({ sign, isCall, at });
    if (JULIA_BODIES.indexOf(sign) >= 0) this.bodies += 1;
  }

  private closeLast(): { sign: string; at: number } | undefined {
    const last = this.open.pop();
    if (last !== undefined && JULIA_BODIES.indexOf(last.sign) >= 0) this.bodies -= 1;
    return last;
  }

  private get inner(): string {
    return this.open[this.open.length - 1]?.sign ?? '';
  }

  private get isInBracket(): boolean {
    return '([{'.indexOf(this.inner) >= 0 && this.inner !== '';
  }

  private look(i: number): void {
    const token = this.tokens[i];
    const before = this.tokens[i - 1];
    if (token.kind === 'end') {
      if (!this.isInBracket && (token.text === ';' || !this.goesOn(i))) this.endStatement(i);
    } else if (token.kind === 'sign' && '([{'.indexOf(token.text) >= 0) {
      const isCall = token.text === '(' && before !== undefined && before.end === token.start && (before.kind === 'name' || (before.kind === 'sign' && ')]}!.'.indexOf(before.text) >= 0));
      this.openAt(i, isCall);
    } else if (token.kind === 'sign' && ')]}'.indexOf(token.text) >= 0) {
      const opened = this.closeLast();
      if (opened !== undefined) this.before.set(i, opened.at);
      if (opened === undefined || '([{'.indexOf(opened.sign) !== ')]}'.indexOf(token.text)) this.source.refuse(token.start, 'a bracket that was not opened, or around a block that is not closed');
    } else if (token.kind === 'name' && !isSign(before, '.') && !(isSign(before, ':') && before.end === token.start)) this.lookAtWord(i);
    else if (token.kind === 'sign' && JULIA_UPDATES.test(token.text)) this.lookAtSign(i);
  }

  private lookAtWord(i: number): void {
    const { text } = this.tokens[i];
    const isType = (text === 'type' && /^(?:abstract|primitive)$/.test(this.tokens[i - 1]?.text ?? ''));
    // In brackets "for" and "if" belong to a generator, and "end" is the last index.
    const isGenerator = this.isInBracket && (text === 'for' || text === 'if');
    if (isType || (JULIA_BLOCKS.indexOf(text) >= 0 && !isGenerator)) {
      this.openAt(i, false);
      if (text === 'for') this.changeNames(i + 1, this.findWord(i, ['in', '=', '\xe2\x88\x88']));
    } else if (text === 'end' && !this.isInBracket) {
      if (this.open.length === 0) this.source.refuse(this.tokens[i].start, 'an "end" of no block');
      this.closeLast();
    } else if (text === 'global') this.changeNames(i + 1, this.findWord(i, ['=']));
  }

  private findWord(i: number, words: string[]): number {
    const { found } = this;
    if (found.words === words.join() && found.from <= i && i < found.to) return found.to;
    let to = i + 1;
    while (to < this.tokens.length && this.tokens[to].kind !== 'end' && words.indexOf(this.tokens[to].text) < 0) to += 1;
    this.found = { from: i, words: words.join(), to };
    return to;
  }

  private goesOn(i: number): boolean {
    const before = this.tokens[i - 1];
    if (before === undefined || before.kind === 'end') return false;
    return before.kind === 'sign' && ')]}\'!...'.indexOf(before.text) < 0;
  }

  private lookAtSign(i: number): void {
    const isArgument = this.open[this.open.length - 1]?.isCall === true;
    if (this.bodies > 0 || isArgument || this.isPlain(i)) return;
    let start = i;
    while (start > 0) {
      const { kind, text } = this.tokens[start - 1];
      if (kind === 'end' || (kind === 'sign' && '([{'.indexOf(text) >= 0)) break;
      start = this.before.get(start - 1) ?? start - 1;
    }
    this.before.set(i, start);
    this.changeNames(start, i);
  }

  /** Is the sign that of a statement at top level which endStatement() looks at? */
  private isPlain(i: number): boolean {
    return this.open.length === 0 && this.tokens[i].text === '=' && this.findTarget(i) !== undefined;
  }

  /** NAME = ..., const NAME = ..., NAME::Type = ... at the beginning of a statement. */
  private findTarget(i: number): CodeToken | undefined {
    const start = this.tokens[this.from]?.text === 'const' ? this.from + 1 : this.from;
    const name = this.tokens[start];
    const isTyped = i === start + 3 && isSign(this.tokens[start + 1], '::') && this.tokens[start + 2].kind === 'name';
    return name?.kind === 'name' && (i === start + 1 || isTyped) ? name : undefined;
  }

  /** All names between these; those that were changed before are passed over at once. */
  private changeNames(from: number, to: number): void {
    const passed: number[] = [];
    for (let at = from; at < to;) {
      const next = this.changed.get(at);
      passed.push(at);
      if (next === undefined && this.tokens[at].kind === 'name') this.book.change(this.tokens[at].text, this.tokens[at].start);
      at = next ?? at + 1;
    }
    for (const at of passed) this.changed.set(at, Math.max(to, this.changed.get(at) ?? 0));
  }

  private endStatement(i: number): void {
    if (this.open.length === 0) {
      const sign = this.tokens.slice(this.from, Math.min(i, this.from + 6)).findIndex((token) => isSign(token, '=')) + this.from;
      const name = sign < this.from ? undefined : this.findTarget(sign);
      if (name !== undefined) this.assign(name, sign, i);
    }
    this.from = i + 1;
  }

  private assign(name: CodeToken, sign: number, end: number): void {
    const cursor = new LiteralCursor(this.source, this.tokens, sign + 1);
    while (cursor.at < end && this.tokens[cursor.at].kind === 'end') cursor.at += 1;
    // With a type the value is converted to it: what it becomes is not told here.
    const isTyped = sign > this.from + 1 && isSign(this.tokens[sign - 2], '::');
    const node = readWholeLiteral(cursor, end, readJuliaLiteral);
    const isConverted = isTyped && !(node.kind === 'scalar' && JULIA_TYPES[this.tokens[sign - 1].text] === node.type);
    this.book.assign([name.text], isConverted ? this.source.unreadable(name.start, 'its value is converted to ' + this.tokens[sign - 1].text) : node, name.start);
  }
}

const JULIA_TYPES: { [type: string]: string } = { Int: 'integer', Int64: 'integer', Float64: 'float', String: 'string', Bool: 'boolean', Nothing: 'null' };

/** The values that a Julia file gives to names at top level. */
export function readJuliaValues(source: ParameterSource): ParameterMapping {
  source.checkBytes(/\0/g, 'a NUL');
  source.checkBytes(/\r(?!\n)/g, 'a carriage return that ends no line');
  source.checkUtf8(() => false);
  const tokens = splitTokens(source.withText(blankComments(source)), JULIA_RULES);
  return new JuliaReader(source, tokens).read();
}
