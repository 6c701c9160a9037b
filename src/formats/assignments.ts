// assignments.ts - what readers of programs have in common: their words, and the values that names get once (docs/parameters.txt, 5). Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { DEEPEST_NESTING } from '../core/parameters.ts';
import type { ParameterList, ParameterMapping, ParameterNode } from '../core/parameters.ts';
import type { ParameterSource } from './parametersource.ts';

// 1. A program is not run. A name has a value only if it is assigned once, at top level, and the value
//    is written out: a number, a text, a truth, or a list of such.
// 2. Whatever else in the file could change it makes it unreadable. What functions do to their own
//    names, and what other files do, is not looked at.

/** 'end' ends a statement. */
export type CodeToken = { kind: 'name' | 'number' | 'string' | 'sign' | 'end'; text: ByteString; start: number; end: number };

/** How a language's words are told apart, by expressions that begin at a place; they are tried in this order. */
export type TokenRules = {
  /** Spaces, comments, and ends of lines that end nothing. */
  skip: RegExp;
  number: RegExp;
  name: RegExp;
  sign: RegExp;
  /** Where the string that begins here ends; 0 if none begins; -1 if it does not end. `before`: the word before it. */
  findStringEnd: (text: ByteString, at: number, before: CodeToken | undefined) => number;
};

export function matchAt(pattern: RegExp, text: ByteString, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** The words of a program, "\n" and ";" among them as 'end'. */
export function splitTokens(source: ParameterSource, rules: TokenRules): CodeToken[] {
  const { text } = source;
  const tokens: CodeToken[] = [];
  for (let at = source.start; at < text.length;) {
    const skipped = matchAt(rules.skip, text, at);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    let kind: CodeToken['kind'] = text[at] === '\n' || text[at] === ';' ? 'end' : 'string';
    let end = kind === 'end' ? at + 1 : rules.findStringEnd(text, at, tokens[tokens.length - 1]);
    if (end < 0) source.refuse(at, 'a text in quotes that does not end');
    if (end === 0) {
      kind = 'number';
      end = matchAt(rules.number, text, at);
      if (end === at) [kind, end] = ['name', matchAt(rules.name, text, at)];
      if (end === at) [kind, end] = ['sign', Math.max(at + 1, matchAt(rules.sign, text, at))];
    }
    tokens.push({ kind, text: text.slice(at, end), start: at, end });
    at = end;
  }
  return tokens;
}

/** Is the word this sign? */
export function isSign(token: CodeToken | undefined, text: string): boolean {
  return token !== undefined && token.kind === 'sign' && token.text === text;
}

/** Thrown and caught within one reading: what stands there is no value that is written out. */
export class NoLiteral extends Error {}

/** Goes through the words of one value. */
export class LiteralCursor {
  readonly source: ParameterSource;
  readonly tokens: CodeToken[];
  at: number;
  private depth = 0;
  constructor(source: ParameterSource, tokens: CodeToken[], at: number) {
    this.source = source;
    this.tokens = tokens;
    this.at = at;
  }

  /** The next word that is no end of a line. */
  get next(): CodeToken | undefined {
    while (this.depth > 0 && this.tokens[this.at]?.kind === 'end') this.at += 1;
    return this.tokens[this.at];
  }

  take(): CodeToken {
    const token = this.next;
    if (token === undefined) throw new NoLiteral();
    this.at += 1;
    return token;
  }

  /** Takes the sign if it comes next. */
  skip(sign: string): boolean {
    const isThere = isSign(this.next, sign);
    if (isThere) this.at += 1;
    return isThere;
  }

  /** What is in brackets, the first of which has been taken, up to `close`: each read by `readOne`, apart by commas. */
  readBracketed(close: string, readOne: () => void): { end: number; commas: number } {
    this.depth += 1;
    if (this.depth > DEEPEST_NESTING) throw new NoLiteral();
    let commas = 0;
    while (!isSign(this.next, close)) {
      readOne();
      if (this.skip(',')) commas += 1;
      else if (!isSign(this.next, close)) throw new NoLiteral();
    }
    this.depth -= 1;
    const { end } = this.tokens[this.at];
    this.at += 1;
    return { end, commas };
  }
}

export function makeLiteralList(items: ParameterNode[], start: number, end: number): ParameterList {
  return { kind: 'list', items, start, end };
}

/** A mapping of entries, in which no name may stand twice. */
export function makeLiteralMapping(pairs: [ByteString, ParameterNode][], start: number, end: number): ParameterMapping {
  const entries = new Map(pairs);
  if (entries.size < pairs.length) throw new NoLiteral();
  return { kind: 'mapping', entries, start, end };
}

/** The value that `read` reads, if it is all that there is up to `end`; else why it cannot be told. */
export function readWholeLiteral(cursor: LiteralCursor, end: number, read: (cursor: LiteralCursor) => ParameterNode): ParameterNode {
  const first = cursor.tokens[cursor.at];
  try {
    const node = read(cursor);
    if (cursor.at === end) return node;
  } catch (error) {
    if (!(error instanceof NoLiteral)) throw error;
  }
  return cursor.source.unreadable(first?.start ?? cursor.source.text.length, 'its value is not written out there');
}

/** What becomes of each name of a program. */
export class AssignmentBook {
  private readonly source: ParameterSource;
  private readonly values = new Map<ByteString, { path: ByteString[]; node: ParameterNode; at: number; again: number | undefined }>();
  private readonly changes = new Map<ByteString, number>();
  constructor(source: ParameterSource) {
    this.source = source;
  }

  /** A name, or that of a class and one in it, gets this value. */
  assign(path: ByteString[], node: ParameterNode, at: number): void {
    const key = path.join('\0');
    const known = this.values.get(key);
    if (known === undefined) this.values.set(key, { path, node, at, again: undefined });
    else known.again = at;
  }

  /** Something may change the name, or what is in it. */
  change(name: ByteString, at: number): void {
    this.changes.set(name, at);
  }

  /** Something may change what is in the name if it is a list or mapping. */
  changeContents(name: ByteString, at: number): void {
    const known = this.values.get(name);
    if (known !== undefined && (known.node.kind === 'list' || known.node.kind === 'mapping')) this.change(name, at);
  }

  has(name: ByteString): boolean {
    return this.values.has(name);
  }

  finish(): ParameterMapping {
    const root: ParameterMapping = { kind: 'mapping', entries: new Map(), start: -1, end: -1 };
    // A name of a class that is one of a value, too, is neither.
    for (const { path, at } of this.values.values()) if (path.length > 1 && this.values.has(path[0])) this.change(path[0], at);
    for (const { path, node, at, again } of this.values.values()) {
      const changed = again ?? this.changes.get(path[0]) ?? this.changes.get(path.join('.'));
      const told = changed === undefined ? node : this.source.unreadable(at, 'it may be changed at line ' + String(this.source.lineAt(changed)));
      this.put(root, path, told);
    }
    return root;
  }

  private put(root: ParameterMapping, path: ByteString[], node: ParameterNode): void {
    const name = path[path.length - 1];
    if (path.length === 1 && !root.entries.has(name)) root.entries.set(name, node);
    if (path.length === 1) return;
    const inner = root.entries.get(path[0]) ?? { kind: 'mapping', entries: new Map<ByteString, ParameterNode>(), start: -1, end: -1 };
    root.entries.set(path[0], inner);
    if (inner.kind === 'mapping') inner.entries.set(name, node);
  }
}

const LITERAL_ESCAPES: { [letter: string]: string } = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\x0b', '\\': '\\', '\'': '\'', '"': '"' };

/** The text with each "\" and what belongs to it replaced by what `unescape` makes of the part that begins there: its length and its meaning. */
export function replaceEscapes(text: ByteString, unescape: (text: ByteString, at: number) => { length: number; value: ByteString }): ByteString {
  let value = '';
  let from = 0;
  for (let at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', from)) {
    const letter = LITERAL_ESCAPES[text[at + 1]];
    const found = letter === undefined ? unescape(text, at) : { length: 2, value: letter };
    value += text.slice(from, at) + found.value;
    from = at + found.length;
  }
  return value + text.slice(from);
}
