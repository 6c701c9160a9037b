// tex.ts - commands of interest in a LaTeX source, with their lines; comments and verbatim text passed over. Expands nothing.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd } from '../core/bytes.ts';

/** One use of a command, without its backslash. Arguments are without their braces, comments in them taken out. */
export type TexUse = { name: string; line: number; options: ByteString; args: ByteString[] };

/**
 * What stands behind a command: "*" a star that may be there, "o" an argument in brackets that may be
 * there, "+" a sign or number that may be there, "t" the word "table", "m" one in braces (or a single token), "f" the name of a file in braces or up to a blank.
 */
export type TexCommands = { [name: string]: string };

const VERBATIM_ENVIRONMENTS = ['verbatim', 'verbatim*', 'Verbatim', 'Verbatim*', 'BVerbatim', 'LVerbatim', 'lstlisting', 'lstlisting*', 'minted', 'comment', 'filecontents', 'filecontents*', 'alltt', 'tcblisting', 'luacode', 'luacode*'];

/** The text in one line: an end of line, with the blanks around it, is a blank. */
function joinTexLines(text: ByteString): ByteString {
  const lines = text.split('\n');
  return lines.map((line, i) => {
    const ended = i === lines.length - 1 ? line : dropAtEnd(line.endsWith('\r') ? line.slice(0, -1) : line, ' \t');
    return i === 0 ? ended : ended.replace(/^[ \t]+/, '');
  }).join(' ');
}

/** Commands in arguments of commands in arguments: deeper they are not looked for. */
const DEEPEST_ARGUMENT = 16;

class TexScanner {
  readonly uses: TexUse[] = [];
  private readonly text: ByteString;
  private readonly commands: TexCommands;
  private at = 0;
  private line = 1;
  private countedTo = 0;
  // What keeps the time linear: openings that nothing closes, characters that do not come again, the
  // end of the line last looked for, and the ends of arguments that are gone through once more.
  private readonly unclosed = new Set<number>();
  private readonly past = new Set<string>();
  private lineEnd = -1;
  private readonly argumentEnds: number[] = [];

  constructor(text: ByteString, commands: TexCommands) {
    this.text = text;
    this.commands = commands;
  }

  scan(): void {
    const { text } = this;
    while (this.at < text.length) {
      const next = /[\\%]/g;
      next.lastIndex = this.at;
      const found = next.exec(text);
      if (found === null) return;
      this.at = found.index;
      if (text[this.at] === '%') this.passComment();
      else if (!this.takeCommand()) return;
    }
  }

  private lineAt(at: number): number {
    for (; this.countedTo < at; this.countedTo++) if (this.text[this.countedTo] === '\n') this.line += 1;
    return this.line;
  }

  private passComment(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end < 0 ? this.text.length : end + 1;
  }

  /** Blanks, ends of lines but no empty line, and comments. */
  private passBlanks(): void {
    for (let ends = 0; this.at < this.text.length;) {
      const character = this.text[this.at];
      if (character === '%') this.passComment();
      else if (character === ' ' || character === '\t' || character === '\r') this.at += 1;
      else if (character === '\n' && ends === 0) {
        ends += 1;
        this.at += 1;
      } else return;
    }
  }

  /** False at the end of what is read of the file. */
  private takeCommand(): boolean {
    const start = this.at;
    const name = /^[A-Za-z@]+/.exec(this.text.slice(start + 1, start + 64))?.[0];
    this.at += name === undefined ? 2 : 1 + name.length;
    if (name === undefined) return true;
    if (name === 'endinput') return false;
    if (name === 'verb' || name === 'lstinline' || name === 'mintinline') this.passInline(name);
    else if (name === 'begin') this.passEnvironment();
    else if (name === 'iffalse') this.passFalse();
    else if (name === 'end') return !this.text.startsWith('{document}', this.at);
    else if (Object.prototype.hasOwnProperty.call(this.commands, name)) this.takeUse(name, start);
    return true;
  }

  private takeUse(name: string, start: number): void {
    const use: TexUse = { name, line: this.lineAt(start), options: '', args: [] };
    for (const what of this.commands[name]) {
      const before = this.at;
      this.passBlanks();
      if (what === '*' || what === '+') {
        if (what === '*' ? this.text[this.at] === '*' : /[+3]/.test(this.text[this.at] ?? '')) this.at += 1;
        else this.at = before;
      } else if (what === 't') {
        if (!/^table(?![A-Za-z])/.test(this.text.slice(this.at, this.at + 6))) {
          this.at = before;
          return;
        }
        this.at += 5;
      } else if (what === 'o') {
        const options = this.text[this.at] === '[' ? this.takeGroup('[', ']') : undefined;
        if (options === undefined) this.at = before;
        else use.options = options;
      } else {
        const argument = this.takeArgument(what);
        if (argument === undefined) {
          this.at = before;
          return;
        }
        use.args.push(argument);
      }
    }
    this.uses.push(use);
    // A command within an argument is one, too; the arguments are gone through once more.
    const ends = this.argumentEnds;
    while (ends.length > 0 && ends[ends.length - 1] <= start) ends.pop();
    if (ends.length >= DEEPEST_ARGUMENT || use.args.every((argument) => argument.indexOf('\\') < 0)) return;
    ends.push(this.at);
    this.at = start + 1 + name.length;
  }

  private takeArgument(what: string): ByteString | undefined {
    const { text } = this;
    if (text[this.at] === '{') return this.takeGroup('{', '}');
    if (what === 'f') {
      const word = /^[^\s\\{}%~#$&]+/.exec(text.slice(this.at, this.at + 4096))?.[0];
      this.at += word?.length ?? 0;
      return word;
    }
    const token = /^(?:\\[A-Za-z@]+|\\[^]|[^\s{}%])/.exec(text.slice(this.at, this.at + 64))?.[0];
    this.at += token?.length ?? 0;
    return token;
  }

  /** What stands between the opening here and the closing that belongs to it, with `at` behind it; undefined, and `at` as it was, if there is none. */
  private takeGroup(open: string, close: string): ByteString | undefined {
    const { text } = this;
    const start = this.at;
    const openings: number[] = [];
    let inner = '';
    for (let at = start; at < text.length; at++) {
      const character = text[at];
      if ((character === open || character === '{') && this.unclosed.has(at)) break;
      if (character === '\\') {
        inner += text.slice(at, at + 2);
        at += 1;
        continue;
      }
      if (character === '%') {
        const end = text.indexOf('\n', at);
        if (end < 0) break;
        // The blanks that begin the next line go, too.
        for (at = end; /[ \t]/.test(text[at + 1] ?? ''); at++);
        continue;
      }
      if (open === '[' && character === '{') {
        this.at = at;
        const braced = this.takeGroup('{', '}');
        if (braced === undefined) break;
        inner += '{' + braced + '}';
        at = this.at - 1;
        continue;
      }
      if (open === '[' && character === '}') break;
      if (character === open) openings.push(at);
      if (character === close) openings.pop();
      if (openings.length === 0) {
        this.at = at + 1;
        return joinTexLines(inner.slice(1));
      }
      inner += character;
    }
    for (const one of openings) this.unclosed.add(one);
    this.at = start;
    return undefined;
  }

  /** \verb|...|, \lstinline[...]{...}, \mintinline{python}|...| */
  private passInline(name: string): void {
    const { text } = this;
    if (text[this.at] === '*') this.at += 1;
    if (name !== 'verb' && text[this.at] === '[') this.takeGroup('[', ']');
    if (name === 'mintinline' && text[this.at] === '{') this.takeGroup('{', '}');
    const delimiter = text[this.at];
    if (delimiter === undefined || delimiter === '\n') return;
    if (name !== 'verb' && delimiter === '{') {
      this.takeGroup('{', '}');
      return;
    }
    if (this.lineEnd < this.at) this.lineEnd = (text.indexOf('\n', this.at) + 1 || text.length + 1) - 1;
    const end = this.past.has(delimiter) ? -1 : text.indexOf(delimiter, this.at + 1);
    if (end < 0) this.past.add(delimiter);
    else if (end < this.lineEnd) this.at = end + 1;
  }

  private passEnvironment(): void {
    const name = /^[ \t]*\{([^{}\n]{1,40})\}/.exec(this.text.slice(this.at, this.at + 60));
    if (name === null || VERBATIM_ENVIRONMENTS.indexOf(name[1]) < 0) return;
    const end = this.text.indexOf('\\end{' + name[1] + '}', this.at);
    this.at = end < 0 ? this.text.length : end + 6 + name[1].length;
  }

  /** Up to the \fi that belongs to \iffalse. */
  private passFalse(): void {
    const word = /%[^\n]*|\\(?:(if[A-Za-z@]*|else|fi)(?![A-Za-z@])|[^])/g;
    word.lastIndex = this.at;
    let depth = 1;
    for (let found = word.exec(this.text); found !== null; found = word.exec(this.text)) {
      if (found[1] === 'fi' || (found[1] === 'else' && depth === 1)) depth -= 1;
      else if (found[1] !== undefined && found[1] !== 'else' && found[1] !== 'iff') depth += 1;
      this.at = word.lastIndex;
      if (depth === 0) return;
    }
    this.at = this.text.length;
  }
}

/** The uses of `commands`, in the order of the text; nothing behind \endinput or \end{document}. */
export function scanTex(text: ByteString, commands: TexCommands): TexUse[] {
  const scanner = new TexScanner(text, commands);
  scanner.scan();
  return scanner.uses;
}
