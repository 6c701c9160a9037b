// pythonvalues.ts - values that are assigned in a Python module: names, class attributes, self.NAME in __init__ (docs/parameters.txt, 5). Runs nothing.
import type { ByteString } from '../core/bytes.ts';
import { canonicalFloat, canonicalInteger } from '../core/parameters.ts';
import type { ParameterMapping, ParameterNode, ParameterScalar } from '../core/parameters.ts';
import { AssignmentBook, isSign, LiteralCursor, makeLiteralList, makeLiteralMapping, NoLiteral, readWholeLiteral, replaceEscapes, splitTokens } from './assignments.ts';
import type { CodeToken, TokenRules } from './assignments.ts';
import { encodeCodePoint } from './parametersource.ts';
import type { ParameterSource } from './parametersource.ts';

// ---- words --------------------------------------------------------------------------------------------

const PYTHON_PREFIX = /[A-Za-z]{0,2}(?='''|"""|'|")/y;

/** Behind the string that begins at `at`, which has its prefix first. */
function findPythonStringEnd(text: ByteString, at: number): number {
  PYTHON_PREFIX.lastIndex = at;
  const prefix = PYTHON_PREFIX.exec(text);
  if (prefix === null || !/^(?:|[rubft]|[bft]r|r[bft])$/i.test(prefix[0])) return 0;
  const open = at + prefix[0].length;
  const mark = text.startsWith(text[open].repeat(3), open) ? text[open].repeat(3) : text[open];
  for (let end = open + mark.length; end < text.length; end++) {
    if (text[end] === '\\') end += text.startsWith('\r\n', end + 1) ? 2 : 1;
    else if (mark.length === 1 && text[end] === '\n') return -1;
    else if (text.startsWith(mark, end)) return end + mark.length;
  }
  return -1;
}

const PYTHON_RULES: TokenRules = {
  skip: /(?:[ \t\f\r]|\\\r?\n)+(?:#[^\n]*)?|#[^\n]*/y,
  number: /(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?)[A-Za-z0-9_]*/y,
  name: /[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*/y,
  sign: /\*\*=|\/\/=|>>=|<<=|\.\.\.|[-+*/%&|^@:!=<>]=|->|\*\*|\/\/|<<|>>/y,
  findStringEnd: findPythonStringEnd,
};

const OPENING = '([{';
const CLOSING = ')]}';

/** A line of the program, which may stand on several lines of the file. */
type LogicalLine = { tokens: CodeToken[]; indent: number };

function columnOf(text: ByteString, at: number): number {
  let column = 0;
  for (let i = text.lastIndexOf('\n', at - 1) + 1; i < at; i++) column = text[i] === '\t' ? column - (column % 8) + 8 : text[i] === '\f' ? 0 : column + 1;
  return column;
}

function splitLogicalLines(source: ParameterSource): LogicalLine[] {
  const lines: LogicalLine[] = [];
  let tokens: CodeToken[] = [];
  let depth = 0;
  const end = (): void => {
    if (tokens.length > 0) lines.push({ tokens, indent: tokens[0].start === source.start ? 0 : columnOf(source.text, tokens[0].start) });
    tokens = [];
  };
  for (const token of splitTokens(source, PYTHON_RULES)) {
    if (token.kind === 'sign' && OPENING.indexOf(token.text) >= 0) depth += 1;
    else if (token.kind === 'sign' && CLOSING.indexOf(token.text) >= 0) depth -= 1;
    if (depth < 0) source.refuse(token.start, 'a bracket that was not opened');
    if (token.kind === 'end' && token.text === '\n') {
      if (depth === 0) end();
    } else tokens.push(token);
  }
  if (depth > 0) source.refuse(source.text.length, 'a bracket that is not closed');
  end();
  return lines;
}

/** Places of the words outside of brackets of which `test` holds. */
function findOutside(tokens: CodeToken[], test: (token: CodeToken) => boolean): number[] {
  const found: number[] = [];
  let depth = 0;
  tokens.forEach((token, i) => {
    if (token.kind === 'sign' && OPENING.indexOf(token.text) >= 0) depth += 1;
    else if (token.kind === 'sign' && CLOSING.indexOf(token.text) >= 0) depth -= 1;
    else if (depth === 0 && test(token)) found.push(i);
  });
  return found;
}

// ---- values -------------------------------------------------------------------------------------------

function readPythonNumber(cursor: LiteralCursor, token: CodeToken, sign: string, start: number): ParameterScalar {
  const plain = token.text.replace(/_/g, '');
  const isSpaced = /__|_$|_\.|\._|_[eE]|[eE]_/.test(token.text);
  if (isSpaced) throw new NoLiteral();
  if (/^(?:0+|[1-9][0-9]*|0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+)$/.test(plain)) {
    const value = canonicalInteger(plain.toLowerCase());
    return cursor.source.scalar('integer', sign === '-' && value !== '0' ? '-' + value : value, start, token.end);
  }
  if (!/^(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?$/.test(plain)) throw new NoLiteral();
  return cursor.source.scalar('float', canonicalFloat(Number(sign + plain)), start, token.end);
}

function unescapePython(text: ByteString, at: number): { length: number; value: ByteString } {
  const rest = text.slice(at + 1, at + 10);
  const octal = /^[0-7]{1,3}/.exec(rest);
  const hex = /^x([0-9a-fA-F]{2})|^u([0-9a-fA-F]{4})|^U([0-9a-fA-F]{8})/.exec(rest);
  if (rest.startsWith('\n') || rest.startsWith('\r\n')) return { length: rest[0] === '\n' ? 2 : 3, value: '' };
  const point = octal !== null ? parseInt(octal[0], 8) : hex !== null ? parseInt(hex[1] ?? hex[2] ?? hex[3], 16) : -1;
  if (point >= 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)) return { length: 1 + (octal ?? hex as RegExpExecArray)[0].length, value: encodeCodePoint(point) };
  // Python keeps a "\" before another letter; of these it makes more, or nothing.
  if (/^[xuUN]/.test(rest) || rest === '') throw new NoLiteral();
  return { length: 1, value: '\\' };
}

function readPythonString(cursor: LiteralCursor, token: CodeToken): ParameterScalar {
  const parts = /^([A-Za-z]*)('''|"""|'|")([^]*)\2$/.exec(token.text);
  if (parts === null || !/^[rRuU]?$/.test(parts[1]) || cursor.tokens[cursor.at]?.kind === 'string') throw new NoLiteral();
  const text = parts[3].replace(/\r\n/g, '\n');
  return cursor.source.scalar('string', /^[rR]$/.test(parts[1]) ? text : replaceEscapes(text, unescapePython), token.start, token.end);
}

function readPythonDict(cursor: LiteralCursor, start: number): ParameterMapping {
  const pairs: [ByteString, ParameterNode][] = [];
  const { end } = cursor.readBracketed('}', () => {
    const key = readPythonLiteral(cursor);
    if (key.kind !== 'scalar' || (key.type !== 'string' && key.type !== 'integer') || !cursor.skip(':')) throw new NoLiteral();
    pairs.push([key.value, readPythonLiteral(cursor)]);
  });
  return makeLiteralMapping(pairs, start, end);
}

const PYTHON_WORDS: { [word: string]: ['boolean' | 'null', ByteString] } = { True: ['boolean', 'true'], False: ['boolean', 'false'], None: ['null', 'null'] };

/** A number, string, truth, None, or a list, tuple or dict of such. */
function readPythonLiteral(cursor: LiteralCursor): ParameterNode {
  const token = cursor.take();
  if (token.kind === 'number') return readPythonNumber(cursor, token, '', token.start);
  if (token.kind === 'string') return readPythonString(cursor, token);
  if (token.kind === 'name' && Object.prototype.hasOwnProperty.call(PYTHON_WORDS, token.text)) return cursor.source.scalar(...PYTHON_WORDS[token.text], token.start, token.end);
  if (isSign(token, '-') || isSign(token, '+')) {
    const number = cursor.take();
    if (number.kind === 'number') return readPythonNumber(cursor, number, token.text, token.start);
  }
  if (isSign(token, '{')) return readPythonDict(cursor, token.start);
  if (!isSign(token, '[') && !isSign(token, '(')) throw new NoLiteral();
  const items: ParameterNode[] = [];
  const { end, commas } = cursor.readBracketed(token.text === '[' ? ']' : ')', () => { items.push(readPythonLiteral(cursor)); });
  if (token.text === '(' && items.length === 1 && commas === 0) throw new NoLiteral();
  return makeLiteralList(items, token.start, end);
}

// ---- statements ---------------------------------------------------------------------------------------

type PythonScope = { kind: 'class' | 'def' | 'other'; name: ByteString; indent: number };

const COMPOUND = ['if', 'elif', 'else', 'for', 'while', 'try', 'except', 'finally', 'with', 'def', 'class', 'async', 'match', 'case'];
const AUGMENTED = ['+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '@=', '**=', '//=', '>>=', '<<='];

class PythonReader {
  private readonly source: ParameterSource;
  private readonly book: AssignmentBook;
  private scopes: PythonScope[] = [];
  private readonly classes = new Set<ByteString>();
  constructor(source: ParameterSource) {
    this.source = source;
    this.book = new AssignmentBook(source);
  }

  read(): ParameterMapping {
    for (const line of splitLogicalLines(this.source)) {
      while (this.scopes.length > 0 && this.scopes[this.scopes.length - 1].indent >= line.indent) this.scopes.pop();
      this.readLine(line.tokens, line.indent);
    }
    return this.book.finish();
  }

  private readLine(tokens: CodeToken[], indent: number): void {
    const first = tokens[0];
    const isSoft = first.text === 'match' || first.text === 'case';
    const colons = findOutside(tokens, (token) => isSign(token, ':'));
    const isHeader = first.kind === 'name' && COMPOUND.indexOf(first.text) >= 0 && colons.length > 0 && (!isSoft || colons[0] > 1 || isSign(tokens[tokens.length - 1], ':'));
    if (!isHeader) {
      this.readStatements(tokens);
      return;
    }
    const cut = isSoft ? colons[colons.length - 1] : colons[0];
    this.enter(tokens.slice(0, cut), indent);
    this.readStatements(tokens.slice(cut + 1));
  }

  /** What a header binds, and the scope that it begins. */
  private enter(header: CodeToken[], indent: number): void {
    const word = header[0].text === 'async' ? header[1]?.text : header[0].text;
    const name = header[header[0].text === 'async' ? 2 : 1];
    if (word === 'def' || word === 'class') {
      const isFirst = word === 'class' && name !== undefined && this.scopes.length === 0 && !this.classes.has(name.text) && !this.book.has(name.text);
      if (isFirst) this.classes.add(name.text);
      else if (name !== undefined) this.change(name);
      this.scopes.push({ kind: word, name: name?.text ?? '', indent });
      return;
    }
    if (word === 'for' || word === 'case') {
      const last = word === 'case' ? header.length : header.findIndex((token) => token.kind === 'name' && token.text === 'in');
      for (const token of header.slice(1, last)) this.change(token);
    } else this.changeBehindAs(header);
    this.changeWalrus(header);
    this.scopes.push({ kind: 'other', name: '', indent });
  }

  private get isInFunction(): boolean {
    return this.scopes.some(({ kind }) => kind === 'def');
  }

  private change(token: CodeToken): void {
    if (token.kind !== 'name' || this.isInFunction) return;
    const inner = this.scopes.find(({ kind }) => kind === 'class');
    this.book.change((inner === undefined ? '' : inner.name + '.') + token.text, token.start);
  }

  private changeBehindAs(tokens: CodeToken[]): void {
    const at = tokens.findIndex((token) => token.kind === 'name' && token.text === 'as');
    if (at >= 0) for (const token of tokens.slice(at + 1)) this.change(token);
  }

  private changeWalrus(tokens: CodeToken[]): void {
    tokens.forEach((token, i) => { if (isSign(token, ':=') && i > 0) this.change(tokens[i - 1]); });
  }

  private readStatements(tokens: CodeToken[]): void {
    let from = 0;
    for (let i = 0; i <= tokens.length; i++) {
      if (i < tokens.length && tokens[i].kind !== 'end') continue;
      if (i > from) this.readStatement(tokens.slice(from, i));
      from = i + 1;
    }
  }

  private readStatement(tokens: CodeToken[]): void {
    const first = tokens[0];
    this.changeWalrus(tokens);
    if (first.kind === 'name' && first.text === 'global') {
      for (const token of tokens.slice(1)) if (token.kind === 'name') this.book.change(token.text, token.start);
    } else if (first.kind === 'name' && (first.text === 'import' || first.text === 'from')) this.readImport(tokens);
    else if (first.kind === 'name' && first.text === 'del') for (const token of tokens.slice(1)) this.change(token);
    else this.readAssignment(tokens);
  }

  private readImport(tokens: CodeToken[]): void {
    const from = tokens[0].text === 'from' ? tokens.findIndex((token) => token.text === 'import') : 0;
    const names = tokens.slice(from + 1);
    // "import a.b" binds a, "import a as b" binds b; it does no harm to name both.
    names.forEach((token, i) => { if (!isSign(names[i - 1], '.')) this.change(token); });
  }

  private readAssignment(tokens: CodeToken[]): void {
    const signs = findOutside(tokens, (token) => isSign(token, '=') || (token.kind === 'sign' && AUGMENTED.indexOf(token.text) >= 0));
    if (signs.length === 0) {
      if (tokens[0].text !== 'print' && tokens[0].text !== 'assert') for (const token of tokens) if (token.kind === 'name' && !this.isInFunction && this.scopes.every(({ kind }) => kind !== 'class')) this.book.changeContents(token.text, token.start);
      return;
    }
    const target = this.findTarget(tokens, signs);
    if (target === undefined) {
      this.changeTargets(tokens, signs[signs.length - 1]);
      return;
    }
    const cursor = new LiteralCursor(this.source, tokens, signs[0] + 1);
    this.book.assign(target, readWholeLiteral(cursor, tokens.length, readPythonLiteral), tokens[0].start);
  }

  /** The one name that is assigned in a place where that counts. */
  private findTarget(tokens: CodeToken[], signs: number[]): ByteString[] | undefined {
    if (signs.length !== 1 || !isSign(tokens[signs[0]], '=')) return undefined;
    const colon = findOutside(tokens.slice(0, signs[0]), (token) => isSign(token, ':'))[0];
    const left = tokens.slice(0, colon ?? signs[0]);
    const [outer, inner, ...more] = this.scopes;
    if (more.length > 0 || left[0]?.kind !== 'name') return undefined;
    const isSelf = left.length === 3 && left[0].text === 'self' && isSign(left[1], '.') && left[2].kind === 'name';
    if (outer?.kind === 'class' && inner?.kind === 'def') return inner.name === '__init__' && isSelf ? [outer.name, left[2].text] : undefined;
    if (left.length !== 1 || inner !== undefined) return undefined;
    return outer === undefined ? [left[0].text] : outer.kind === 'class' ? [outer.name, left[0].text] : undefined;
  }

  /** Whatever stands left of the last "=" is changed: names, and things in them. */
  private changeTargets(tokens: CodeToken[], last: number): void {
    const isInInit = this.scopes.some(({ kind, name }) => kind === 'def' && name === '__init__');
    tokens.slice(0, last).forEach((token, i) => {
      if (!isSign(tokens[i - 1], '.')) this.change(token);
      else if (isInInit && tokens[i - 2]?.text === 'self' && this.scopes[0].kind === 'class') this.book.change(this.scopes[0].name + '.' + token.text, token.start);
    });
  }
}

/** The values that a Python module gives to names at top level, and to attributes of classes. */
export function readPythonValues(source: ParameterSource): ParameterMapping {
  source.checkBytes(/\0/g, 'a NUL');
  source.checkBytes(/\r(?!\n)/g, 'a carriage return that ends no line');
  const head = source.text.slice(0, 1000).split('\n').slice(0, 2).join('\n');
  const coding = /^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)/m.exec(head);
  if (coding !== null && !/^utf-?8(?:-sig)?$/i.test(coding[1])) source.refuse(0, 'the encoding ' + coding[1]);
  source.checkUtf8(() => false);
  return new PythonReader(source).read();
}
