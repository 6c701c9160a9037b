// shelltext.ts - values put into the text of a shell script so that none becomes a part of the script. Decides nothing.
//
// 1. A value of signs that mean nothing to any shell is put in as it is, whatever stands around it;
//    but not after $NAME, of whose name it would become a part. ${NAME} is the shell's own and stays.
// 2. Any other value is an argument of the shell, which the script takes into a variable at its
//    beginning: rr_path=$1; shift; ... "${rr_path}". What is in a variable is data.
// 3. How the variable must be written depends on the quotes around it (POSIX.1-2017, Shell Command
//    Language, 2.2). Where that cannot be told, or the quoted text looks like a program of its own
//    (awk '{ ... }', eval "...", ssh HOST "..."), the value is refused.
// A mistake in 3 can split a value at its spaces, but not run it.
import type { ByteString } from '../core/bytes.ts';
import { valueOfPart } from './placeholders.ts';
import type { PointValues, TextPart } from './placeholders.ts';

const SHELLS = /^(?:sh|bash|dash|ash|ksh|ksh93|mksh|zsh|yash|posh|rbash)$/;

/** What follows the last "/". */
export function baseName(word: ByteString): ByteString {
  return word.slice(word.lastIndexOf('/') + 1);
}

/** The word behind the options from `at` on that is the script of a shell (sh -c SCRIPT); -1 if they ask for none. */
function findScriptWord(words: ByteString[], from: number): number {
  let hasScript = false;
  let at = from;
  while (at < words.length && /^[-+][A-Za-z-]/.test(words[at])) {
    if (/^-[A-Zabd-z]*c[A-Za-z]*$/.test(words[at])) hasScript = true;
    at += /^(?:[-+][A-Za-z]*[oO]|--rcfile|--init-file)$/.test(words[at]) ? 2 : 1;
  }
  return hasScript && at < words.length ? at : -1;
}

/** Where the script of a shell is among the words of a command: `sh -c SCRIPT [NAME [ARG...]]`, also behind other programs (env, timeout). */
export function findShellScript(words: ByteString[]): { shell: number; script: number } | undefined {
  for (let shell = 0; shell < words.length; shell++) {
    const isBusybox = baseName(words[shell]) === 'busybox' && /^a?sh$/.test(words[shell + 1] ?? '');
    const script = isBusybox || SHELLS.test(baseName(words[shell])) ? findScriptWord(words, shell + (isBusybox ? 2 : 1)) : -1;
    if (script > 0) return { shell, script };
  }
  return undefined;
}

const INTERPRETERS = /^(?:python[\d.]*|pypy3?|perl[\d.]*|ruby[\d.]*|node|deno|bun|Rscript|R|julia|lua[\d.]*|php[\d.]*|octave(?:-cli)?|guile|osascript|su)$/;
const FILTERS = /^(?:[gmn]?awk|original-awk|sed)$/;

/** 'program': its text is a program in some language. 'remote': a shell reads it, on another machine perhaps. */
export type ProgramWord = 'program' | 'remote';

/**
 * Words that are a program, as far as that can be told: what follows -c, -e and the like of an
 * interpreter, the first plain word of awk and sed, all words of ssh.
 */
export function findProgramWords(words: ByteString[]): Map<number, ProgramWord> {
  const found = new Map<number, ProgramWord>();
  words.forEach((word, at) => {
    const name = baseName(word);
    if (name === 'ssh') for (let i = at + 1; i < words.length; i++) found.set(i, 'remote');
    if (INTERPRETERS.test(name)) {
      let option = at + 1;
      while (option < words.length && words[option][0] === '-' && !/^(?:-[A-Za-z]*[ceErp]|--eval|--execute|--print)$/.test(words[option])) option += /^-[WX]$/.test(words[option]) ? 2 : 1;
      if (words[option]?.[0] === '-' && option + 1 < words.length) found.set(option + 1, name === 'su' ? 'remote' : 'program');
    }
    if (!FILTERS.test(name)) return;
    const rest = words.slice(at + 1);
    rest.forEach((one, i) => { if (/^(?:-[A-Za-z]*e|--expression|--source)$/.test(one)) found.set(at + i + 2, 'program'); });
    const first = rest.findIndex((one, i) => one[0] !== '-' && !/^-[vF]$/.test(rest[i - 1] ?? ''));
    if (first >= 0 && !rest.some((one) => /^-[A-Za-z]*[ef]|^--(?:expression|file|source)/.test(one))) found.set(at + first + 1, 'program');
  });
  return found;
}

/** Signs that mean nothing to any shell, wherever they stand. (To zsh "=" at the beginning does.) */
export function isPlainShellValue(value: ByteString): boolean {
  return /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/.test(value);
}

/** May it stand in a string of a program in any language, and not end the string? */
export function isTameValue(value: ByteString): boolean {
  return /^[A-Za-z0-9_@%+=:,./ \x80-\xff-]*$/.test(value);
}

/** What a placeholder in a script stands in; 'unclear': no value but a plain one may be put there. */
type Quoting = 'bare' | 'double' | 'single' | 'unclear';

/** `end`: what closes it. */
type Frame = { kind: 'bare' | 'double' | 'backquote' | 'brace' | 'arithmetic'; end: string };

// What reads its arguments as a script, or as arithmetic in which bash runs commands: a variable is no data there.
const READS_AGAIN = /(?:^|[^\w./-])(?:eval|trap|ssh|su|watch|parallel|xargs|let|declare|typeset)(?![\w.-])/;

/** The same, and "sh -c" in one command, and a comparison of numbers within [[ ]]. In parts, for one pattern would look to the end from each "sh" and "[[". */
function isReadAgain(text: ByteString): boolean {
  if (READS_AGAIN.test(text)) return true;
  const isFollowed = (part: ByteString, start: RegExp, end: RegExp): boolean => {
    const found = start.exec(part);
    return found !== null && end.test(part.slice(found.index + found[0].length));
  };
  return text.split(/[\n;&|]/).some((part) => isFollowed(part, /(?:^|[^\w./-])(?:sh|bash|dash|ash|ksh|mksh|zsh|yash)[ \t]/, /-[A-Za-z]*c(?![\w.-])/))
    || text.split(']').some((part) => isFollowed(part, /\[\[/, /-(?:eq|ne|lt|le|gt|ge)[ \t]/));
}

// No argument can hold it, so it can stand for the placeholders of a script.
const SHELL_MARK = '\0';

// What may stand beside a value in quotes: the rest of the name of a file, and variables.
const WORD_IN_QUOTES = /^(?:[A-Za-z0-9_@%+=:,.\/~#\0\x80-\xff-]|\$[A-Za-z_]|\$\{[A-Za-z_][A-Za-z0-9_]*\})*$/;

/** Follows the quotes of a script and tells what each SHELL_MARK stands in. */
class QuoteReader {
  readonly quotings: Quoting[] = [];
  private readonly text: ByteString;
  private readonly frames: Frame[] = [];
  private at = 0;
  private hasHereDocument = false;
  /** Up to where what judgeDouble() found holds, and what it found. */
  private judgedTo = 0;
  private judged: Quoting = 'unclear';
  constructor(text: ByteString) {
    this.text = text;
    while (this.at < text.length) this.step();
    // The quotes do not match, or were misread: nothing is known of any of them.
    if (this.frames.length > 0 || isReadAgain(text)) this.quotings.fill('unclear');
  }

  private get top(): Frame { return this.frames.length === 0 ? { kind: 'bare', end: '' } : this.frames[this.frames.length - 1]; }

  private isInDouble(): boolean {
    for (let i = this.frames.length - 1; i >= 0; i--) if (this.frames[i].kind !== 'brace') return this.frames[i].kind === 'double';
    return false;
  }

  private mark(quoting: Quoting): void {
    this.quotings.push(this.hasHereDocument ? 'unclear' : quoting);
    this.at += 1;
  }

  private open(kind: Frame['kind'], length: number, end: string): void {
    this.frames.push({ kind, end });
    this.at += length;
  }

  private step(): void {
    const { text, at, top } = this;
    const sign = text[at];
    if (top.end !== '' && text.startsWith(top.end, at)) {
      this.frames.pop();
      this.at += top.end.length;
    } else if (sign === '\\') this.at += 2;
    else if (top.kind === 'backquote' || top.kind === 'arithmetic') this.passOver(sign);
    else if (sign === '$' && text.startsWith('$((', at)) this.open('arithmetic', 3, '))');
    else if (sign === '$' && text[at + 1] === '(') this.open('bare', 2, ')');
    else if (sign === '$' && text[at + 1] === '{') this.open('brace', 2, '}');
    else if (sign === '`') this.open('backquote', 1, '`');
    else if (sign === SHELL_MARK) this.mark(top.kind === 'brace' ? 'unclear' : top.kind === 'double' ? this.judgeDouble() : 'bare');
    else if (this.isInDouble()) this.openDouble(sign);
    else this.stepBare(sign);
  }

  /** Within backquotes and arithmetic nothing is followed. */
  private passOver(sign: string): void {
    if (sign === SHELL_MARK) this.mark('unclear');
    else this.at += 1;
  }

  private openDouble(sign: string): void {
    // In "${x:-"y"}" the inner quotes mean different things to different shells.
    if (sign === '"') this.open('double', 1, '"');
    else this.at += 1;
  }

  private stepBare(sign: string): void {
    const { text, at } = this;
    if (sign === "'") this.passSingle();
    else if (sign === '"') this.open('double', 1, '"');
    else if (text.startsWith('((', at)) this.open('arithmetic', 2, '))');
    else if (sign === '(') this.open('bare', 1, ')');
    else if (sign === '#' && (at === 0 || /[\s;&|(]/.test(text[at - 1]))) this.passComment();
    else {
      if (text.startsWith('<<', at) && text[at + 2] !== '<') this.hasHereDocument = true;
      this.at += text.startsWith('<<<', at) ? 3 : 1;
    }
  }

  /** Single quotes, up to the next one. */
  private passSingle(): void {
    const { text, at } = this;
    const end = text.indexOf("'", at + 1);
    const isDollar = text[at - 1] === '$';
    const inside = text.slice(at + 1, end < 0 ? text.length : end);
    const quoting = !isDollar && WORD_IN_QUOTES.test(inside) && inside.indexOf('$') < 0 ? 'single' : 'unclear';
    for (const sign of inside) if (sign === SHELL_MARK) this.quotings.push(this.hasHereDocument ? 'unclear' : quoting);
    if (end < 0 || isDollar) this.frames.push({ kind: 'bare', end: '' });
    this.at = end < 0 ? text.length : end + 1;
  }

  /** What stands in a comment does nothing. */
  private passComment(): void {
    for (; this.at < this.text.length && this.text[this.at] !== '\n'; this.at++) if (this.text[this.at] === SHELL_MARK) this.quotings.push('bare');
  }

  /** Is the text in these double quotes the name of a file, and no program? */
  private judgeDouble(): Quoting {
    const { text, at } = this;
    // Those of one pair of quotes are judged once: there may be many.
    if (at >= this.judgedTo) {
      const start = text.lastIndexOf('"', at) + 1;
      const end = text.indexOf('"', at);
      this.judgedTo = end < 0 ? text.length : end;
      this.judged = end >= 0 && WORD_IN_QUOTES.test(text.slice(start, end)) ? 'double' : 'unclear';
    }
    return this.judged;
  }
}

/** A script with placeholders, and what each of them stands in. `ownVariables`: names that stand there as ${NAME}. */
export type ShellScript = { parts: TextPart[]; quotings: Quoting[]; ownVariables: ByteString[] };

function isDollar(text: ByteString): boolean {
  return /(?:^|[^\\])(?:\\\\)*\$$/.test(text);
}

export function readShellScript(given: TextPart[]): ShellScript {
  const parts: TextPart[] = [];
  const ownVariables: ByteString[] = [];
  for (const part of given) {
    const before = parts[parts.length - 1];
    const isOwn = part.kind === 'value' && before?.kind === 'text' && isDollar(before.text);
    if (isOwn) ownVariables.push(part.name);
    const piece: TextPart = isOwn ? { kind: 'text', text: '{' + part.name + '}' } : part;
    if (piece.kind === 'text' && before?.kind === 'text') parts[parts.length - 1] = { kind: 'text', text: before.text + piece.text };
    else parts.push(piece);
  }
  const text = parts.map((part) => (part.kind === 'text' ? part.text : SHELL_MARK)).join('');
  return { parts, quotings: new QuoteReader(text).quotings, ownVariables };
}

/** Would these signs become a part of the name of the variable before them? */
function isAfterVariable(before: TextPart | undefined, value: ByteString): boolean {
  return before?.kind === 'text' && /\$[A-Za-z_][A-Za-z0-9_]*$/.test(before.text) && /^[A-Za-z0-9_]/.test(value);
}

/** The script for a point: its text, and the values that the shell must be given as its first arguments. */
export type FilledScript = { kind: 'filled'; text: ByteString; values: ByteString[] } | { kind: 'refused'; name: ByteString };

function variableOf(name: ByteString, known: ByteString[]): ByteString {
  const at = known.indexOf(name);
  const word = 'rr_' + name.replace(/[^A-Za-z0-9_]/g, '_');
  return known.some((other, i) => i < at && 'rr_' + other.replace(/[^A-Za-z0-9_]/g, '_') === word) ? word + '_' + String(at) : word;
}

/** Puts the values of a point into a script (rules 1 to 3). */
export function fillShellScript({ parts, quotings }: ShellScript, values: PointValues): FilledScript {
  const spelled: ByteString[] = [];
  const names: ByteString[] = [];
  const passed: ByteString[] = [];
  let count = 0;
  for (const [i, part] of parts.entries()) {
    const value = valueOfPart(part, values);
    if (part.kind === 'text') {
      spelled.push(value);
      continue;
    }
    const quoting = quotings[count++];
    const isPlain = isPlainShellValue(value);
    if (isPlain && (quoting === 'unclear' || !isAfterVariable(parts[i - 1], value))) {
      spelled.push(value);
      continue;
    }
    if (quoting === 'unclear') return { kind: 'refused', name: part.name };
    if (names.indexOf(part.name) < 0) {
      names.push(part.name);
      passed.push(value);
    }
    const reference = '${' + variableOf(part.name, names) + '}';
    spelled.push(quoting === 'double' ? reference : quoting === 'bare' ? '"' + reference + '"' : '\'"' + reference + '"\'');
  }
  if (names.length === 0) return { kind: 'filled', text: spelled.join(''), values: [] };
  const taken = names.map((name, i) => variableOf(name, names) + '=$' + (i < 9 ? String(i + 1) : '{' + String(i + 1) + '}') + '; ').join('');
  return { kind: 'filled', text: taken + 'shift' + (names.length > 1 ? ' ' + String(names.length) : '') + '; ' + spelled.join(''), values: passed };
}
