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

/** A bracket expression as a regular expression, and where it ends; undefined if it has no end. */
function translateBracket(pattern: ByteString, at: number): { source: string; end: number } | undefined {
  const isNegated = pattern[at + 1] === '!' || pattern[at + 1] === '^';
  const from = at + (isNegated ? 2 : 1);
  let end = from;
  let set = '';
  while (pattern[end] !== ']' || end === from) {
    if (end >= pattern.length || pattern[end] === '/') return undefined;
    const named = /^\[:([a-z]+):\]/.exec(pattern.slice(end, end + 16));
    const range = /^([^])-([^\]/])/.exec(pattern.slice(end, end + 3));
    const letters = named === null ? undefined : lookUp(CLASSES, named[1]);
    if (letters !== undefined) set += letters;
    else if (range !== null) set += range[1] <= range[2] ? escapeForRegExp(range[1]) + '-' + escapeForRegExp(range[2]) : '';
    else set += escapeForRegExp(pattern[end]);
    end += named !== null && letters !== undefined ? named[0].length : range !== null ? 3 : 1;
  }
  return { source: '(?!/)[' + (isNegated ? '^' : '') + set + ']', end };
}

/**
 * The pattern as a test of a path. "*" and "?" match no "/"; "**" as a whole part of the path
 * matches any number of parts. As in a shell, a part that begins with "." needs a "." in the pattern.
 */
export function compileGlob(pattern: ByteString): (path: ByteString) => boolean {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const atStart = at === 0 || pattern[at - 1] === '/';
    const noDot = atStart && pattern[at] !== '.' ? '(?!\\.)' : '';
    if (atStart && pattern.startsWith('**/', at)) {
      source += '(?:(?!\\.)[^/]+/)*';
      at += 2;
    } else if (atStart && pattern.slice(at) === '**') {
      source += '(?:(?!\\.)[^/]+/)*(?!\\.)[^/]+';
      at += 1;
    } else if (pattern[at] === '*') source += noDot + '[^/]*';
    else if (pattern[at] === '?') source += noDot + '[^/]';
    else if (pattern[at] === '\\' && at + 1 < pattern.length) source += escapeForRegExp(pattern[++at]);
    else {
      const bracket = pattern[at] === '[' ? translateBracket(pattern, at) : undefined;
      source += bracket === undefined ? escapeForRegExp(pattern[at]) : noDot + bracket.source;
      if (bracket !== undefined) at = bracket.end;
    }
  }
  const expression = new RegExp('^' + source + '$');
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
