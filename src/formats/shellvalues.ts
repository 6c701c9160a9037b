// shellvalues.ts - variables that a shell script sets at top level (docs/parameters.txt, 5). Runs nothing.
import type { ByteString } from '../core/bytes.ts';
import { DEEPEST_NESTING } from '../core/parameters.ts';
import type { ParameterMapping, ParameterNode } from '../core/parameters.ts';
import { AssignmentBook } from './assignments.ts';
import type { ParameterSource } from './parametersource.ts';

// All values are texts. Looked at are commands that only set variables, outside of if, for, while, case,
// { } and ( ), in the syntax that POSIX sh and bash have in common.

/** A word of a command, or a sign: an end of a line, ";", "&&", "(" and so on. */
type ShellToken = { kind: 'word' | 'sign'; text: ByteString; start: number; end: number };

const SHELL_SIGN = /&&|\|\||;;&?|;&|<<-?|<<<|>>|[<>]&|>\||<>|[\n;&|()<>]/y;
const SHELL_SKIP = /(?:[ \t\r]|\\\r?\n)+/y;

class ShellLexer {
  private readonly source: ParameterSource;
  private readonly text: ByteString;
  private at: number;
  /** Of $( ) and ${ } in one another, in quotes or not. */
  private depth = 0;
  readonly tokens: ShellToken[] = [];
  /** Ends of here-documents that begin behind this line. */
  private waiting: { end: ByteString; isIndented: boolean }[] = [];
  constructor(source: ParameterSource) {
    this.source = source;
    this.text = source.text;
    this.at = source.start;
  }

  split(): ShellToken[] {
    while (this.at < this.text.length) {
      SHELL_SKIP.lastIndex = this.at;
      if (SHELL_SKIP.test(this.text)) {
        this.at = SHELL_SKIP.lastIndex;
        continue;
      }
      if (this.text[this.at] === '#') {
        const feed = this.text.indexOf('\n', this.at);
        this.at = feed < 0 ? this.text.length : feed;
        continue;
      }
      this.takeToken();
    }
    return this.tokens;
  }

  private takeToken(): void {
    const start = this.at;
    SHELL_SIGN.lastIndex = start;
    const sign = SHELL_SIGN.exec(this.text);
    if (sign !== null) this.at = start + sign[0].length;
    else this.skipWord();
    const text = this.text.slice(start, this.at);
    const before = this.tokens[this.tokens.length - 1];
    this.tokens.push({ kind: sign === null ? 'word' : 'sign', text, start, end: this.at });
    if (sign === null && before?.kind === 'sign' && /^<<-?$/.test(before.text)) this.waiting.push({ end: text.replace(/\\(.)|['"]/g, '$1'), isIndented: before.text === '<<-' });
    if (text === '\n') this.skipDocuments();
  }

  private skipDocuments(): void {
    for (const { end, isIndented } of this.waiting) {
      for (;;) {
        if (this.at >= this.text.length) this.source.refuse(this.text.length, 'a here-document that does not end');
        const feed = this.text.indexOf('\n', this.at);
        const line = this.text.slice(this.at, feed < 0 ? this.text.length : feed);
        this.at = feed < 0 ? this.text.length : feed + 1;
        if ((isIndented ? line.replace(/^\t+/, '') : line) === end) break;
      }
    }
    this.waiting = [];
  }

  private skipWord(): void {
    const start = this.at;
    while (this.at < this.text.length && !/[ \t\r\n;&|()<>]/.test(this.text[this.at])) this.skipPiece(start);
  }

  /** A character of a word, or what is in quotes or brackets. */
  private skipPiece(start: number): void {
    const { text } = this;
    const next = text[this.at];
    if (next === '\\') this.at = Math.min(text.length, this.at + 2);
    else if (next === '\'') {
      const end = text.indexOf('\'', this.at + 1);
      if (end < 0) this.source.refuse(start, 'a text in quotes that does not end');
      this.at = end + 1;
    } else if (next === '"') this.skipQuoted(start, '"');
    else if (next === '`') this.skipQuoted(start, '`');
    else if (next === '$' && (text[this.at + 1] === '(' || text[this.at + 1] === '{')) this.skipExpansion(start);
    else this.at += 1;
  }

  private skipQuoted(start: number, mark: string): void {
    this.at += 1;
    while (this.text[this.at] !== mark) {
      if (this.at >= this.text.length) this.source.refuse(start, 'a text in quotes that does not end');
      if (mark === '"' && (this.text.startsWith('$(', this.at) || this.text.startsWith('${', this.at))) this.skipExpansion(start);
      else if (mark === '"' && this.text[this.at] === '`') this.skipQuoted(start, '`');
      else this.at += this.text[this.at] === '\\' ? 2 : 1;
    }
    this.at += 1;
  }

  /** Behind $( ) or ${ }, with whatever is in it. */
  private skipExpansion(start: number): void {
    this.depth += 1;
    if (this.depth > DEEPEST_NESTING) this.source.refuse(start, 'nested more than ' + String(DEEPEST_NESTING) + ' deep');
    const isCommand = this.text[this.at + 1] === '(';
    this.at += 2;
    for (let open = 1; open > 0;) {
      if (this.at >= this.text.length) this.source.refuse(start, 'a bracket that is not closed');
      const next = this.text[this.at];
      if (next === (isCommand ? '(' : '{')) open += 1;
      if (next === (isCommand ? ')' : '}')) open -= 1;
      if (next === '$' && (this.text[this.at + 1] === '(' || this.text[this.at + 1] === '{')) this.skipExpansion(start);
      else if (next === '\'' || next === '"' || next === '`' || next === '\\') this.skipPiece(start);
      else this.at += 1;
    }
    this.depth -= 1;
  }
}

// ---- commands -----------------------------------------------------------------------------------------

const SHELL_OPENING: { [word: string]: string } = { if: 'fi', for: 'done', while: 'done', until: 'done', select: 'done', case: 'esac', '{': '}' };
const SHELL_CLOSING = ['fi', 'done', 'esac', '}'];
/** Behind these a command begins. */
const SHELL_BEFORE_COMMAND = ['then', 'do', 'else', 'elif', '!', 'if', 'while', 'until', '{', 'time'];
const SHELL_NAMING = ['read', 'unset', 'local', 'getopts', 'mapfile', 'readarray', 'let', 'printf', 'eval'];
const SHELL_DECLARING = ['export', 'readonly', 'declare', 'typeset'];
const SHELL_ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)=([^]*)$/;

/** The value of a word without anything that the shell would replace. */
function readShellValue(source: ParameterSource, start: number, text: ByteString): ParameterNode {
  const plain = /^(?:[A-Za-z0-9_.,:@%+\/=^-]*|'([^']*)'|"([^"$`\\!]*)")$/.exec(text);
  if (plain === null) return source.unreadable(start, 'its value is neither a plain word nor a plain text in quotes');
  return { ...source.scalar('string', plain[1] ?? plain[2] ?? text, start, start + text.length) };
}

class ShellReader {
  private readonly source: ParameterSource;
  private readonly tokens: ShellToken[];
  private readonly book: AssignmentBook;
  private readonly open: string[] = [];
  private hasEnded = false;
  constructor(source: ParameterSource) {
    this.source = source;
    this.tokens = new ShellLexer(source).split();
    this.book = new AssignmentBook(source);
  }

  read(): ParameterMapping {
    let from = 0;
    for (let i = 0; i <= this.tokens.length; i++) {
      if (i < this.tokens.length && (this.tokens[i].kind === 'word' || /^(?:[<>]|<<-?|<<<|>>|[<>]&|>\||<>)$/.test(this.tokens[i].text))) continue;
      if (i > from) this.readCommand(from, i);
      if (i < this.tokens.length) this.lookAtSign(this.tokens[i]);
      from = i + 1;
    }
    if (this.open.length > 0) this.source.refuse(this.source.text.length, 'no "' + this.open[this.open.length - 1] + '"');
    return this.book.finish();
  }

  private lookAtSign(sign: ShellToken): void {
    if (sign.text === '(') this.open.push(')');
    // Behind the patterns of case stands one that closes nothing.
    else if (sign.text === ')' && this.open[this.open.length - 1] !== 'esac' && this.open.pop() !== ')') this.source.refuse(sign.start, 'a bracket that was not opened');
  }

  private readCommand(first: number, end: number): void {
    for (const token of this.tokens.slice(first, end)) this.lookIntoWord(token);
    let from = first;
    const isInCase = (): boolean => this.open[this.open.length - 1] === 'esac';
    while (from < end) {
      const { text, start } = this.tokens[from];
      if (SHELL_CLOSING.indexOf(text) >= 0) {
        if (this.open.pop() !== text) this.source.refuse(start, 'a "' + text + '" that closes nothing');
      } else if (SHELL_OPENING[text] !== undefined && Object.prototype.hasOwnProperty.call(SHELL_OPENING, text)) {
        this.open.push(SHELL_OPENING[text]);
        if (text === 'for' || text === 'select') this.changeWord(this.tokens[from + 1]);
        if (isInCase() || text === 'for' || text === 'select') return;
      } else if (SHELL_BEFORE_COMMAND.indexOf(text) < 0) break;
      from += 1;
    }
    if (from < end) this.readSimple(from, end, first);
  }

  private changeWord(token: ShellToken | undefined): void {
    if (token !== undefined && /^[A-Za-z_][A-Za-z0-9_]*$/.test(token.text)) this.book.change(token.text, token.start);
  }

  /** ${NAME:=...} sets a variable wherever it stands. */
  private lookIntoWord(token: ShellToken): void {
    const sets = /\$\{([A-Za-z_][A-Za-z0-9_]*):?=/g;
    for (let found = sets.exec(token.text); found !== null; found = sets.exec(token.text)) this.book.change(found[1], token.start);
    // Only in arithmetic: elsewhere --NAME is an option.
    const isArithmetic = /\$\(\(|\$\[/.test(token.text) || this.open.slice(-2).join('') === '))';
    if (!isArithmetic) return;
    const counts = /([A-Za-z_][A-Za-z0-9_]*)(?:\s*(\+\+|--|(?:<<|>>|[-+*\/%&^|])=))?|(?:\+\+|--)([A-Za-z_][A-Za-z0-9_]*)/g;
    for (let found = counts.exec(token.text); found !== null; found = counts.exec(token.text)) {
      const name = found[2] === undefined ? found[3] : found[1];
      if (name !== undefined) this.book.change(name, token.start);
    }
  }

  private readSimple(from: number, end: number, first: number): void {
    const words = this.tokens.slice(from, end);
    const isDeclared = SHELL_DECLARING.indexOf(words[0].text) >= 0;
    const rest = isDeclared ? words.slice(1).filter((word) => !/^-[rx]+$/.test(word.text)) : words;
    const isSetting = rest.every((word) => word.kind === 'word' && (SHELL_ASSIGNMENT.test(word.text) || (isDeclared && /^[A-Za-z_][A-Za-z0-9_]*$/.test(word.text))));
    const isAlone = [this.tokens[first - 1], this.tokens[end]].every((sign) => sign === undefined || sign.text === '\n' || sign.text === ';') && from === first && !this.isContinued(first);
    if (isSetting && isAlone && this.open.length === 0 && !this.hasEnded) {
      for (const word of rest) this.assign(word);
      return;
    }
    // Behind the name of a command, NAME=VALUE is an argument like any other.
    let isBefore = true;
    for (const word of words) {
      const name = /^([A-Za-z_][A-Za-z0-9_]*)(?:\+?=|\[)/.exec(word.text);
      isBefore = isBefore && (name !== null || word === words[0] && isDeclared || /^-/.test(word.text) && isDeclared);
      if (name !== null && (isBefore || isDeclared)) this.book.change(name[1], word.start);
      else if (SHELL_NAMING.indexOf(words[0].text) >= 0) this.changeNamed(word);
    }
    if (this.open.length === 0 && isAlone && /^(?:exit|exec|return)$/.test(words[0].text)) this.hasEnded = true;
  }

  /** Does the command, in a line of its own, belong to what stands above it: behind "&&", "|" and the like, or as the body of a function? */
  private isContinued(first: number): boolean {
    let at = first - 1;
    while (at >= 0 && this.tokens[at].kind === 'sign' && this.tokens[at].text === '\n') at -= 1;
    const before = this.tokens[at];
    if (before === undefined || before.kind === 'word') return false;
    return /^(?:&&|\|\|?)$/.test(before.text) || (before.text === ')' && this.tokens[at - 1]?.text === '(');
  }

  private changeNamed(word: ShellToken): void {
    for (const name of word.text.match(/[A-Za-z_][A-Za-z0-9_]*/g) ?? []) this.book.change(name, word.start);
  }

  /** Of an array this is not asked: its "(" ends the command, which so does not stand alone. */
  private assign(word: ShellToken): void {
    const parts = SHELL_ASSIGNMENT.exec(word.text);
    if (parts === null) return;
    const start = word.start + parts[1].length + 1;
    this.book.assign([parts[1]], readShellValue(this.source, start, parts[2]), word.start);
  }
}

/** The values that a shell script gives to variables at top level. */
export function readShellValues(source: ParameterSource): ParameterMapping {
  source.checkBytes(/\0/g, 'a NUL');
  source.checkBytes(/\r/g, 'a carriage return, which to the shell is a part of the value');
  return new ShellReader(source).read();
}
