// rvalues.ts - values that are assigned at top level of an R script (docs/parameters.txt, 5). Runs nothing.
import type { ByteString } from '../core/bytes.ts';
import { canonicalFloat, canonicalInteger } from '../core/parameters.ts';
import type { ParameterMapping, ParameterNode, ParameterScalar } from '../core/parameters.ts';
import { AssignmentBook, isSign, LiteralCursor, makeLiteralList, makeLiteralMapping, NoLiteral, readWholeLiteral, replaceEscapes, splitTokens } from './assignments.ts';
import type { CodeToken, TokenRules } from './assignments.ts';
import { encodeCodePoint } from './parametersource.ts';
import type { ParameterSource } from './parametersource.ts';

// ---- words --------------------------------------------------------------------------------------------

const R_RAW_STRING = /[rR](["'])(-*)([([{])/y;
const R_CLOSE: { [open: string]: string } = { '(': ')', '[': ']', '{': '}' };

function findRStringEnd(text: ByteString, at: number): number {
  R_RAW_STRING.lastIndex = at;
  const raw = R_RAW_STRING.exec(text);
  if (raw !== null) {
    const close = R_CLOSE[raw[3]] + raw[2] + raw[1];
    const end = text.indexOf(close, at + raw[0].length);
    return end < 0 ? -1 : end + close.length;
  }
  if (text[at] !== '"' && text[at] !== '\'') return 0;
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === '\\') end += 1;
    else if (text[end] === text[at]) return end + 1;
  }
  return -1;
}

const R_RULES: TokenRules = {
  skip: /[ \t\f\r]+(?:#[^\n]*)?|#[^\n]*/y,
  number: /(?:0[xX][0-9a-fA-F]*(?:\.[0-9a-fA-F]*)?(?:[pP][+-]?[0-9]+)?|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]*)?)[A-Za-z0-9_.]*/y,
  name: /`[^`]*`|(?:[A-Za-z\x80-\xff]|\.(?![0-9]))[A-Za-z0-9._\x80-\xff]*/y,
  sign: /<<-|->>|<-|->|<=|>=|==|!=|&&|\|\||\|>|:::|::|:=|%[^%\n]*%/y,
  findStringEnd: findRStringEnd,
};

// ---- values -------------------------------------------------------------------------------------------

const LARGEST_R_INTEGER = 2147483647;

function readRNumber(cursor: LiteralCursor, token: CodeToken, sign: string, start: number): ParameterScalar {
  const parts = /^(0[xX][0-9a-fA-F]{1,13}|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?(L?)$/.exec(token.text);
  if (parts === null) throw new NoLiteral();
  const [, digits, exponent, suffix] = parts;
  const value = Number(digits + (exponent === undefined ? '' : 'e' + exponent));
  if (Number.isNaN(value)) throw new NoLiteral();
  if (suffix === '') return cursor.source.scalar('float', canonicalFloat(sign === '-' ? -value : value), start, token.end);
  if (exponent !== undefined || digits.indexOf('.') >= 0 || value > LARGEST_R_INTEGER) throw new NoLiteral();
  return cursor.source.scalar('integer', canonicalInteger((sign === '-' && value !== 0 ? '-' : '') + String(value)), start, token.end);
}

function unescapeR(text: ByteString, at: number): { length: number; value: ByteString } {
  const found = /^\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u\{?([0-9a-fA-F]{1,4})|U\{?([0-9a-fA-F]{1,8}))(\})?/.exec(text.slice(at, at + 13));
  if (text[at + 1] === '`' || text[at + 1] === ' ' || text[at + 1] === '\n') return { length: 2, value: text[at + 1] };
  if (found === null) throw new NoLiteral();
  const [all, octal, hex, short, long, brace] = found;
  const point = octal !== undefined ? parseInt(octal, 8) : parseInt(hex ?? short ?? long, 16);
  // \x and octal numbers are bytes there; what they are above 7F goes by the locale.
  const isWrong = (octal ?? hex) !== undefined ? point > 0x7f || brace !== undefined : point > 0x10ffff || (point >= 0xd800 && point < 0xe000) || (all.indexOf('{') >= 0) !== (brace !== undefined);
  if (point === 0 || isWrong) throw new NoLiteral();
  return { length: all.length, value: encodeCodePoint(point) };
}

function readRString(cursor: LiteralCursor, token: CodeToken): ParameterScalar {
  // R reads a line's CR LF as LF, in a string as elsewhere.
  const written = token.text.replace(/\r\n/g, '\n');
  const raw = /^[rR]["'](-*)[([{]([^]*)[)\]}]\1["']$/.exec(written);
  const value = raw !== null ? raw[2] : replaceEscapes(written.slice(1, -1), unescapeR);
  return cursor.source.scalar('string', value, token.start, token.end);
}

const R_WORDS: { [word: string]: [ParameterScalar['type'], ByteString] } = {
  TRUE: ['boolean', 'true'], FALSE: ['boolean', 'false'], NULL: ['null', 'null'], Inf: ['float', 'inf'], NaN: ['float', 'nan'],
};

/** c(...) and list(...): a list if no item has a name, a mapping if all have. In c() all must be of one type, or R would turn some into others. */
function readRCall(cursor: LiteralCursor, name: CodeToken): ParameterNode {
  const isVector = name.text === 'c';
  const pairs: [ByteString | undefined, ParameterNode][] = [];
  cursor.take();
  const { end, commas } = cursor.readBracketed(')', () => {
    const key = cursor.next;
    const isNamed = key !== undefined && (key.kind === 'name' || key.kind === 'string') && isSign(cursor.tokens[cursor.at + 1], '=');
    if (isNamed) cursor.at += 2;
    pairs.push([isNamed ? nameOfR(cursor, key as CodeToken) : undefined, readRLiteral(cursor)]);
  });
  if (commas >= pairs.length && commas > 0) throw new NoLiteral();
  const types = new Set(pairs.map(([, node]) => (node.kind === 'scalar' && node.type !== 'null' ? node.type : '')));
  if (isVector && (types.size !== 1 || types.has(''))) throw new NoLiteral();
  if (pairs.every(([key]) => key === undefined)) return makeLiteralList(pairs.map(([, node]) => node), name.start, end);
  return makeLiteralMapping(pairs.map(([key, node]): [ByteString, ParameterNode] => {
    if (key === undefined) throw new NoLiteral();
    return [key, node];
  }), name.start, end);
}

function nameOfR(cursor: LiteralCursor, token: CodeToken): ByteString {
  return token.kind === 'string' ? readRString(cursor, token).value : token.text.replace(/^`|`$/g, '');
}

/** A number, string, TRUE, FALSE, NULL, or c(...) or list(...) of such. */
function readRLiteral(cursor: LiteralCursor): ParameterNode {
  const token = cursor.take();
  if (token.kind === 'number') return readRNumber(cursor, token, '', token.start);
  if (token.kind === 'string') return readRString(cursor, token);
  if (token.kind === 'name' && (token.text === 'c' || token.text === 'list') && isSign(cursor.next, '(')) return readRCall(cursor, token);
  if (token.kind === 'name' && Object.prototype.hasOwnProperty.call(R_WORDS, token.text)) return cursor.source.scalar(...R_WORDS[token.text], token.start, token.end);
  if (!isSign(token, '-') && !isSign(token, '+')) throw new NoLiteral();
  const next = cursor.take();
  if (next.kind === 'number') return readRNumber(cursor, next, token.text, token.start);
  if (next.text !== 'Inf') throw new NoLiteral();
  return cursor.source.scalar('float', token.text === '-' ? '-inf' : 'inf', token.start, next.end);
}

// ---- statements ---------------------------------------------------------------------------------------

const R_LEFT = ['<-', '<<-', '=', ':='];
const R_RIGHT = ['->', '->>'];
/** Calls that change what they name. */
const R_CHANGING = /^(?:assign|delayedAssign|rm|remove|makeActiveBinding)$/;
/** Words that R gives no value to (its help on Reserved); in backquotes they are names as others. */
const R_RESERVED = /^(?:if|else|repeat|while|function|for|in|next|break|TRUE|FALSE|NULL|Inf|NaN|NA|NA_(?:integer|real|complex|character)_)$/;
const R_HEADS = ['if', 'for', 'while', 'function'];

/** `isBody`: of a function. `isHead`: of if, for, while or function. */
type RBracket = { sign: string; isBody: boolean; head: string };

class RReader {
  private readonly source: ParameterSource;
  private readonly tokens: CodeToken[];
  private readonly book: AssignmentBook;
  private readonly open: RBracket[] = [];
  /** Where the statement begins that is looked at, and whether the last bracket closed a head. */
  private from = 0;
  private closedHead = '';
  /** How many of the open brackets are of bodies. */
  private bodies = 0;
  /** The last answers of findStart() and findEnd(): in a chain of assignments every sign has the same, and finding it anew takes the square of its length. */
  private start = { of: -1, at: 0 };
  private end = { of: -1, at: -1 };
  /** The tokens whose names were changed last. */
  private changed = { from: 0, to: 0 };
  constructor(source: ParameterSource) {
    this.source = source;
    this.tokens = splitTokens(source, R_RULES);
    this.book = new AssignmentBook(source);
  }

  read(): ParameterMapping {
    for (let i = 0; i < this.tokens.length; i++) this.look(i);
    if (this.open.length > 0) this.source.refuse(this.source.text.length, 'a bracket that is not closed');
    this.endStatement(this.tokens.length);
    return this.book.finish();
  }

  private look(i: number): void {
    const token = this.tokens[i];
    const inner = this.open[this.open.length - 1];
    if (token.kind === 'end') {
      if (this.open.length === 0 && skipEnds(this.tokens, this.from, i) === i) this.from = i + 1;
      const isInList = inner !== undefined && inner.sign !== '{';
      if (!isInList && (token.text === ';' || !this.goesOn(i))) this.endStatement(i);
      return;
    }
    if (token.kind === 'sign' && '([{'.indexOf(token.text) >= 0) this.enter(i);
    else if (token.kind === 'sign' && ')]}'.indexOf(token.text) >= 0) this.leave(i);
    else {
      if (token.kind === 'sign') this.lookAtSign(i, inner);
      else if (token.kind === 'name' && R_CHANGING.test(token.text) && isSign(this.tokens[i + 1], '(')) this.changeNames(i + 2, this.findEnd(i));
      this.closedHead = '';
    }
  }

  private get isInBody(): boolean {
    return this.bodies > 0;
  }

  private enter(i: number): void {
    const before = this.tokens[i - 1];
    const head = this.tokens[i].text === '(' && before !== undefined && (R_HEADS.indexOf(before.text) >= 0 || isSign(before, '\\')) ? before.text : '';
    const isBody = this.tokens[i].text === '{' && (this.closedHead === 'function' || this.closedHead === '\\');
    this.open.push({ sign: this.tokens[i].text, isBody, head });
    if (isBody) this.bodies += 1;
    this.closedHead = '';
    const name = this.tokens[i + 1];
    if (head === 'for' && name !== undefined && !this.isInBody) this.book.change(name.text, name.start);
  }

  private leave(i: number): void {
    const closed = this.open.pop();
    if (closed === undefined || R_CLOSE[closed.sign] !== this.tokens[i].text) this.source.refuse(this.tokens[i].start, 'a bracket that was not opened');
    const { head, isBody } = closed as RBracket;
    if (isBody) this.bodies -= 1;
    this.closedHead = head;
  }

  /** Does the statement go on behind the end of the line at `i`? */
  private goesOn(i: number): boolean {
    const before = this.tokens[i - 1];
    if (before === undefined || before.kind === 'end' || i <= this.from) return true;
    if (before.text === 'else' || before.text === 'repeat' || before.text === 'in' || before.text === 'function') return before.kind === 'name';
    if (isSign(before, ')')) return this.closedHead !== '';
    return before.kind === 'sign' && ')]}'.indexOf(before.text) < 0;
  }

  /** Something is assigned: what stands left (or right) of the sign is changed, unless it is the whole of a statement at top level, which endStatement() looks at. */
  private lookAtSign(i: number, inner: RBracket | undefined): void {
    const { text } = this.tokens[i];
    const isArgument = text === '=' && inner !== undefined && inner.sign !== '{';
    const isGlobal = text === '<<-' || text === '->>';
    if (isArgument || (this.isInBody && !isGlobal)) return;
    if (R_RIGHT.indexOf(text) >= 0) this.changeNames(i + 1, this.findEnd(i));
    if (R_LEFT.indexOf(text) >= 0 && !this.isPlain(i)) this.changeNames(this.findStart(i), i);
  }

  /** Is it NAME <- at the beginning of a statement at top level? */
  private isPlain(i: number): boolean {
    return this.open.length === 0 && i === this.from + 1 && this.tokens[this.from].kind === 'name' && this.tokens[i].text !== '<<-' && this.tokens[i].text !== ':=';
  }

  private findStart(i: number): number {
    const at = this.walkToStart(i);
    this.start = { of: i, at };
    return at;
  }

  private walkToStart(i: number): number {
    let depth = 0;
    for (let at = i - 1; at >= 0; at--) {
      if (depth === 0 && at === this.start.of) return this.start.at;
      const { kind, text } = this.tokens[at];
      if (kind === 'sign' && ')]}'.indexOf(text) >= 0) depth += 1;
      if (kind === 'sign' && '([{'.indexOf(text) >= 0) depth -= 1;
      if (depth < 0 || (depth === 0 && (kind === 'end' || text === ','))) return at + 1;
    }
    return 0;
  }

  private findEnd(i: number): number {
    if (this.end.of <= i && i < this.end.at) return this.end.at;
    let at = i + 1;
    while (at < this.tokens.length && this.tokens[at].kind !== 'end') at += 1;
    this.end = { of: i, at };
    return at;
  }

  private changeNames(from: number, to: number): void {
    const isKnown = from >= this.changed.from && from <= this.changed.to;
    const first = isKnown ? Math.max(from, this.changed.to) : from;
    this.changed = { from: isKnown ? this.changed.from : from, to: Math.max(to, isKnown ? this.changed.to : to) };
    for (let at = first; at < to; at++) {
      const token = this.tokens[at];
      if (token.kind === 'name') this.book.change(token.text.replace(/^`|`$/g, ''), token.start);
      if (token.kind === 'string') this.book.change(token.text.slice(1, -1), token.start);
    }
  }

  private endStatement(i: number): void {
    this.closedHead = '';
    // A line that ends in a block ends no statement at top level: "f <- {" goes on.
    // Of several ends the first has skipped the others.
    if (this.open.length > 0 || i < this.from) return;
    const start = skipEnds(this.tokens, this.from, i);
    const name = this.tokens[start];
    const sign = this.tokens[start + 1];
    if (start + 2 < i + 1 && name?.kind === 'name' && !R_RESERVED.test(name.text) && (isSign(sign, '<-') || isSign(sign, '='))) {
      const cursor = new LiteralCursor(this.source, this.tokens, skipEnds(this.tokens, start + 2, i));
      this.book.assign([name.text.replace(/^`|`$/g, '')], readWholeLiteral(cursor, i, readRLiteral), name.start);
    }
    this.from = skipEnds(this.tokens, i, this.tokens.length);
  }
}

function skipEnds(tokens: CodeToken[], from: number, to: number): number {
  let at = from;
  while (at < to && tokens[at].kind === 'end') at += 1;
  return at;
}

/** The values that an R script gives to names at top level. */
export function readRValues(source: ParameterSource): ParameterMapping {
  source.checkBytes(/\0/g, 'a NUL');
  source.checkBytes(/\r(?!\n)/g, 'a carriage return that ends no line');
  return new RReader(source).read();
}
