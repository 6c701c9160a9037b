// shell.ts - words of POSIX shell source (POSIX.1-2017, Shell Command Language, 2.2). Decides nothing.
import type { ByteString } from '../core/bytes.ts';

const SAFE_WORD = /^[A-Za-z0-9_@+:,./-][A-Za-z0-9_@+=:,./-]*$/;
// Words that mean something at the start of a command (2.4), and assignments.
const SPECIAL_FIRST = /^(?:if|then|else|elif|fi|do|done|case|esac|while|until|for|in|function|select|time|coproc|namespace|[A-Za-z_][A-Za-z0-9_]*\+?=[^]*)$/;

/** One argument as one shell word. */
export function quoteWord(argument: ByteString): ByteString {
  if (SAFE_WORD.test(argument)) return argument;
  // A quote within single quotes cannot be; it ends them, stands escaped, and begins new ones.
  return "'" + argument.replace(/'/g, "'\\''") + "'";
}

/** Where an absolute path of the project stands in an argument: [start, end) pairs. */
function findRoot(argument: ByteString, root: ByteString): number[] {
  const found: number[] = [];
  if (root.length < 2) return found;
  let at = argument.indexOf(root);
  while (at >= 0) {
    const before = argument.slice(0, at);
    const next = argument[at + root.length];
    const startsThere = /(?:^|[^A-Za-z0-9._/-]|^-[A-Za-z]+|:\/\/)$/.test(before);
    const endsThere = next === undefined || !/[A-Za-z0-9._-]/.test(next);
    if (startsThere && endsThere) found.push(at);
    at = argument.indexOf(root, at + root.length);
  }
  return found;
}

/**
 * One argument as one shell word in which the project's folder is spelled `rootWord` (shell source
 * in double quotes, such as "$PWD"), so that a record names no place of its project.
 */
export function quoteArgument(argument: ByteString, root: ByteString, rootWord: string): ByteString {
  let word = '';
  let from = 0;
  for (const at of findRoot(argument, root)) {
    if (at > from) word += quoteWord(argument.slice(from, at));
    word += rootWord;
    from = at + root.length;
  }
  if (from === 0) return quoteWord(argument);
  return from < argument.length ? word + quoteWord(argument.slice(from)) : word;
}

/** The argument with the project's folder given as `to` where it was given as `from`, another name of it. */
export function respellRoot(argument: ByteString, from: ByteString, to: ByteString): ByteString {
  let text = '';
  let done = 0;
  for (const at of findRoot(argument, from)) {
    text += argument.slice(done, at) + to;
    done = at + from.length;
  }
  return text + argument.slice(done);
}

/**
 * How shell source spells the project's folder when it runs in `directory` of the project; outside
 * of it (an absolute one) whoever repeats the command must say where the project is.
 */
export function spellRoot(directory: ByteString): string {
  if (directory === '.') return '"$PWD"';
  if (directory[0] === '/') return '"${RR_PROJECT:?}"';
  return '"$(cd ' + directory.split('/').map(() => '..').join('/') + ' && pwd -P)"';
}

/**
 * POSIX shell source that gives a command exactly these argument bytes when it runs in `directory`
 * of the project `root`.
 */
export function quoteCommand(argv: ByteString[], root: ByteString, directory: ByteString): ByteString {
  const rootWord = spellRoot(directory);
  return argv.map((argument, position) => {
    const word = quoteArgument(argument, root, rootWord);
    // A quoted letter is enough: it is then neither a reserved word nor the name of an assignment.
    return position === 0 && SPECIAL_FIRST.test(argument) ? word.replace(/^[A-Za-z_][A-Za-z0-9_]*/, "'$&'") : word;
  }).join(' ');
}

/**
 * Undoes quoteCommand(): the argument bytes, with the project's folder given as `root`. undefined if
 * the source is not in the form that quoteCommand() gives, and so may mean anything to a shell.
 */
export function splitCommand(source: ByteString, root: ByteString, directory: ByteString): ByteString[] | undefined {
  const rootWord = spellRoot(directory);
  const argv: ByteString[] = [];
  for (let at = 0; at <= source.length; at++) {
    const start = at;
    let word = '';
    while (at < source.length && source[at] !== ' ') {
      const quoted = /^(?:'[^']*'|\\'|[A-Za-z0-9_@+=:,./-]+)/.exec(source.slice(at, at + 1) === "'" ? source.slice(at) : source.slice(at, at + 4096));
      if (source.startsWith(rootWord, at)) {
        word += root;
        at += rootWord.length;
      } else if (quoted === null) return undefined;
      else {
        word += quoted[0][0] === "'" ? quoted[0].slice(1, -1) : quoted[0][0] === '\\' ? "'" : quoted[0];
        at += quoted[0].length;
      }
    }
    if (at === start || (argv.length === 0 && SPECIAL_FIRST.test(source.slice(start, at)))) return undefined;
    argv.push(word);
  }
  return argv;
}

/** Does a single argument need a shell: does it hold anything but one plain word? */
export function hasShellSyntax(argument: ByteString): boolean {
  return /[ \t-\r|&;<>()$`"'\\*?[\]#~{}!]/.test(argument) || /^[A-Za-z_][A-Za-z0-9_]*=/.test(argument);
}

// Builtins that change the shell itself, or are no programs: a command of them means nothing without a shell.
const BUILTINS = ['.', ':', 'alias', 'bg', 'break', 'builtin', 'cd', 'command', 'continue', 'declare', 'eval', 'exec', 'exit', 'export', 'fc', 'fg', 'getopts',
  'hash', 'jobs', 'let', 'local', 'popd', 'pushd', 'read', 'readonly', 'return', 'set', 'shift', 'shopt', 'source', 'times', 'trap', 'type', 'typeset', 'ulimit',
  'umask', 'unalias', 'unset', 'wait'];

/** The word in double quotes that begins at `at`, and where it ends; undefined if a shell would have to look at it. */
function readDoubleQuoted(source: ByteString, at: number, root: ByteString, directory: ByteString): { text: ByteString; end: number } | undefined {
  let text = '';
  for (let end = at + 1; end < source.length; end++) {
    const letter = source[end];
    if (letter === '"') return { text, end: end + 1 };
    if (letter === '\\' && '$`"\\'.indexOf(source[end + 1]) >= 0) text += source[++end];
    else if (letter === '\\' && source[end + 1] === '\n') return undefined;
    else if (end === at + 1 && directory === '.' && /^\$PWD["/]/.test(source.slice(end, end + 5))) {
      text += root;
      end += 3;
    } else if (letter === '$' || letter === '`') return undefined;
    else text += letter;
  }
  return undefined;
}

// Unquoted, these are for the shell. "~" and "#" count where a word begins, braces unless they are alone.
const FOR_SHELL = /[|&;<>()$`*?[\]{}\n\r]/;

/**
 * The arguments of a command as a person types it, if it is plain words, quoted in any way of POSIX
 * (2.2), with "$PWD" as the project's folder; undefined if there is anything in it for a shell to do.
 */
export function splitSimpleCommand(source: ByteString, root: ByteString, directory: ByteString): ByteString[] | undefined {
  // Most have nothing quoted.
  if (/^[A-Za-z0-9_./-][A-Za-z0-9_./@%+,-]*(?: [A-Za-z0-9_./@%+,-]+)*$/.test(source)) {
    const words = source.split(' ');
    return SPECIAL_FIRST.test(words[0]) || BUILTINS.indexOf(words[0]) >= 0 ? undefined : words;
  }
  const rootWord = spellRoot(directory);
  const argv: ByteString[] = [];
  for (let at = 0; at < source.length;) {
    if (source[at] === ' ' || source[at] === '\t') {
      at += 1;
      continue;
    }
    const start = at;
    let word = '';
    while (at < source.length && source[at] !== ' ' && source[at] !== '\t') {
      const quoteEnd = source[at] === "'" ? source.indexOf("'", at + 1) : -1;
      const inDouble = source[at] === '"' ? readDoubleQuoted(source, at, root, directory) : undefined;
      if (source.startsWith(rootWord, at)) {
        word += root;
        at += rootWord.length;
      } else if (quoteEnd >= 0) {
        word += source.slice(at + 1, quoteEnd);
        at = quoteEnd + 1;
      } else if (inDouble !== undefined) {
        word += inDouble.text;
        at = inDouble.end;
      } else if (source[at] === '\\' && at + 1 < source.length && source[at + 1] !== '\n') {
        word += source[at + 1];
        at += 2;
      } else if (at === start && /^\{\}(?:[ \t]|$)/.test(source.slice(at, at + 3))) {
        word = '{}';
        at += 2;
      } else if (/['"\\]/.test(source[at]) || FOR_SHELL.test(source[at]) || (at === start && (source[at] === '#' || source[at] === '~')) || /^[=:]~/.test(source.slice(at, at + 2))) return undefined;
      else word += source[at++];
    }
    const raw = source.slice(start, at);
    if (argv.length === 0 && (SPECIAL_FIRST.test(raw) || raw === '!' || raw === '' || BUILTINS.indexOf(word) >= 0)) return undefined;
    argv.push(word);
  }
  return argv.length === 0 ? undefined : argv;
}
