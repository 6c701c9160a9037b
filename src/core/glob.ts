// glob.ts - patterns of file names (POSIX.1-2017, Shell Command Language, 2.13, and **). Knows no files.
import type { ByteString } from './bytes.ts';
import { lookUp } from './bytes.ts';

/** Does it hold a character that makes a pattern of it? */
export function isGlob(pattern: ByteString): boolean {
  return /[*?[]/.test(pattern);
}

function escapeForRegExp(text: ByteString): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

// [:NAME:] in brackets, as the C locale has it (POSIX.1-2017, Base Definitions, 7.3.1).
const CLASSES: { [name: string]: string } = {
  alnum: 'A-Za-z0-9', alpha: 'A-Za-z', blank: ' \\t', cntrl: '\\0-\\x1f\\x7f', digit: '0-9', graph: '!-~', lower: 'a-z',
  print: ' -~', punct: '!-\\/:-@\\[-`{-~', space: '\\t-\\r ', upper: 'A-Z', xdigit: '0-9A-Fa-f',
};

/** A character of a bracket expression, "\\" before it taken away, and where the next one begins. */
function readBracketCharacter(pattern: ByteString, at: number): { text: ByteString; next: number } {
  const isEscaped = pattern[at] === '\\' && at + 1 < pattern.length;
  return { text: pattern[isEscaped ? at + 1 : at] ?? '', next: at + (isEscaped ? 2 : 1) };
}

/** A bracket expression as a regular expression, and where it ends; undefined if it has no end. */
function translateBracket(pattern: ByteString, at: number): { source: string; end: number } | undefined {
  const isNegated = pattern[at + 1] === '!' || pattern[at + 1] === '^';
  const from = at + (isNegated ? 2 : 1);
  let end = from;
  let set = '';
  while (pattern[end] !== ']' || end === from) {
    if (end >= pattern.length || pattern[end] === '/') return undefined;
    const named = /^\[:([a-z]+):\]/.exec(pattern.slice(end, end + 16));
    const letters = named === null ? undefined : lookUp(CLASSES, named[1]);
    if (named !== null && letters !== undefined) {
      set += letters;
      end += named[0].length;
      continue;
    }
    const first = readBracketCharacter(pattern, end);
    const isRange = pattern[first.next] === '-' && pattern[first.next + 1] !== ']' && first.next + 1 < pattern.length;
    const last = isRange ? readBracketCharacter(pattern, first.next + 1) : first;
    if (first.text === '/' || last.text === '/') return undefined;
    if (first.text <= last.text) set += escapeForRegExp(first.text) + (isRange ? '-' + escapeForRegExp(last.text) : '');
    end = last.next;
  }
  return { source: '(?!/)[' + (isNegated ? '^' : '') + set + ']', end };
}

/** Counts the names of groups, which are unique in an expression. */
export type GroupNames = { count: number };

/** What has matched `source` stays: no other match of it is tried when the rest does not match. */
function makeAtomic(source: string, names: GroupNames): string {
  names.count += 1;
  const name = 'a' + String(names.count);
  return '(?=(?<' + name + '>' + source + '))\\k<' + name + '>';
}

/**
 * The source of an expression for a part of a path with a "*" between each two of these sources. The
 * first match of each is taken for good, which loses none but saves trying all: "*a*a*a*a*b" against
 * "aaaa..." takes time by the product of their lengths, not by a power. A "/" or the end has to follow.
 */
export function joinAtStars(sources: string[], names: GroupNames): string {
  const inner = sources.slice(1, -1).filter((one) => one !== '').map((one) => makeAtomic('[^/]*?' + one, names));
  return sources[0] + inner.join('') + (sources.length > 1 ? '[^/]*' + sources[sources.length - 1] : '');
}

/** Longer than a path may be (PATH_MAX of Linux). */
export const LONGEST_PATTERN = 4096;

/** The sources of an expression between each two "**" that stand for parts of a path. */
function translateGlob(pattern: ByteString, names: GroupNames): string[] {
  const sections = [''];
  let part = [''];
  const add = (source: string): void => { part[part.length - 1] += source; };
  const endPart = (): void => {
    sections[sections.length - 1] += joinAtStars(part, names);
    part = [''];
  };
  for (let at = 0; at < pattern.length; at++) {
    const atStart = at === 0 || pattern[at - 1] === '/';
    const noDot = atStart ? '(?!\\.)' : '';
    if (atStart && pattern.startsWith('**/', at)) {
      sections.push('');
      at += 2;
    } else if (atStart && pattern.slice(at) === '**') {
      sections.push('(?!\\.)[^/]+');
      at += 1;
    } else if (pattern[at] === '*') {
      add(noDot);
      part.push('');
    } else if (pattern[at] === '?') add(noDot + '[^/]');
    else if (pattern[at] === '/' || (pattern[at] === '\\' && pattern[at + 1] === '/')) {
      if (pattern[at] === '\\') at += 1;
      endPart();
      sections[sections.length - 1] += '/';
    } else if (pattern[at] === '\\' && at + 1 < pattern.length) add(escapeForRegExp(pattern[++at]));
    else {
      const bracket = pattern[at] === '[' ? translateBracket(pattern, at) : undefined;
      add(bracket === undefined ? escapeForRegExp(pattern[at]) : noDot + bracket.source);
      if (bracket !== undefined) at = bracket.end;
    }
  }
  endPart();
  return sections;
}

/**
 * The pattern as a test of a path. "*" and "?" match no "/"; "**" as a whole part of the path
 * matches any number of parts. As in a shell, a part that begins with "." needs a "." in the pattern.
 * A pattern of more than LONGEST_PATTERN bytes matches nothing.
 */
export function compileGlob(pattern: ByteString): (path: ByteString) => boolean {
  if (pattern.length > LONGEST_PATTERN) return () => false;
  const names = { count: 0 };
  const [first, ...others] = translateGlob(pattern, names);
  // What "**" passes over is as little as can be, as with "*": parts with a "." none of them passes over.
  const inner = others.slice(0, -1).map((one) => makeAtomic('(?:(?!\\.)[^/]+/)*?' + one, names));
  const last = others.length === 0 ? '' : '(?:(?!\\.)[^/]+/)*' + others[others.length - 1];
  const expression = new RegExp('^' + first + inner.join('') + last + '$');
  return (path) => expression.test(path);
}

/** The folders before the first part that is a pattern: where a search has to begin. '' if none. */
export function fixedFolder(pattern: ByteString): ByteString {
  const fixed: ByteString[] = [];
  for (const part of pattern.split('/').slice(0, -1)) {
    if (isGlob(part)) break;
    fixed.push(part);
  }
  return fixed.join('/');
}
