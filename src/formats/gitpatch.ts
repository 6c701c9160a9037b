// gitpatch.ts - a new file as git's diff, and git's diff in parts. Reads no files, runs no git.
import type { ByteString } from '../core/bytes.ts';

const LETTERS: { [code: number]: string } = { 7: 'a', 8: 'b', 9: 't', 10: 'n', 11: 'v', 12: 'f', 13: 'r', 34: '"', 92: '\\' };
const BASE85 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~';

/** A name as git's diff has it (core.quotePath=true): in double quotes, C escapes, octal, where it must. */
export function quoteGitPath(name: ByteString): ByteString {
  if (/^[ !#-[\]-~]*$/.test(name)) return name;
  let quoted = '"';
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (LETTERS[code] !== undefined) quoted += '\\' + LETTERS[code];
    else if (code < 0x20 || code >= 0x7f) quoted += '\\' + (code + 512).toString(8).slice(1);
    else quoted += name[i];
  }
  return quoted + '"';
}

/** `mode` is '100644', '100755' or '120000' (content: the link's target); `id` the blob's in hexadecimal. */
export type NewFile = { name: ByteString; mode: string; content: ByteString; id: string };

/** A file that git does not track as the section of a diff that creates it. `deflate` is zlib's. */
export function formatNewFile(file: NewFile, deflate: (bytes: ByteString) => ByteString): ByteString {
  const target = quoteGitPath('b/' + file.name);
  const head = 'diff --git ' + quoteGitPath('a/' + file.name) + ' ' + target + '\n'
    + 'new file mode ' + file.mode + '\nindex ' + file.id.replace(/./g, '0') + '..' + file.id + '\n';
  if (file.content === '') return head;
  if (file.content.indexOf('\0') >= 0) return head + formatBinary(file.content, deflate(file.content));
  const isEnded = file.content.endsWith('\n');
  const lines = (isEnded ? file.content.slice(0, -1) : file.content).split('\n');
  // A TAB after a name with a space keeps patch(1) from taking what follows it for a date.
  return head + '--- /dev/null\n+++ ' + target + (/ /.test(target) && target[0] !== '"' ? '\t' : '') + '\n'
    + '@@ -0,0 +1' + (lines.length === 1 ? '' : ',' + String(lines.length)) + ' @@\n'
    + '+' + lines.join('\n+') + '\n' + (isEnded ? '' : '\\ No newline at end of file\n');
}

/** "GIT binary patch": lines of up to 52 deflated bytes in base 85, a letter for how many first. */
function formatBinary(content: ByteString, deflated: ByteString): ByteString {
  const lines: ByteString[] = ['GIT binary patch', 'literal ' + String(content.length)];
  for (let at = 0; at < deflated.length; at += 52) {
    const chunk = deflated.slice(at, at + 52);
    const size = chunk.length;
    lines.push(String.fromCharCode(size <= 26 ? 64 + size : 70 + size) + encodeBase85(chunk));
  }
  lines.push('', 'literal 0', 'HcmV?d00001', '', '');
  return lines.join('\n');
}

function encodeBase85(chunk: ByteString): ByteString {
  let text = '';
  for (let at = 0; at < chunk.length; at += 4) {
    let number = 0;
    for (let i = 0; i < 4; i++) number = number * 256 + (at + i < chunk.length ? chunk.charCodeAt(at + i) : 0);
    let digits = '';
    for (let i = 0; i < 5; i++) {
      digits = BASE85[number % 85] + digits;
      number = Math.floor(number / 85);
    }
    text += digits;
  }
  return text;
}

/**
 * git's diff without the sections that change nothing (a header line alone: the file was only
 * touched) and without "* Unmerged path" lines, which git apply does not read. A section begins with
 * "diff --git " at the start of a line; no line of content or of base 85 can be one.
 */
export function dropEmptySections(patch: ByteString): ByteString {
  return patch.split(/^(?=diff --git |\* Unmerged path )/m)
    .filter((section) => section.indexOf('\n') < section.length - 1 && !section.startsWith('* Unmerged path '))
    .join('');
}

/** The names in the output of `git diff-index --raw -z`: ":MODES IDS STATUS" NUL NAME NUL ..., each once. */
export function parseRawDiff(raw: ByteString): ByteString[] {
  const words = raw.split('\0');
  const names = new Set<ByteString>();
  for (let i = 0; i + 1 < words.length; i += 2) names.add(words[i + 1]);
  return Array.from(names);
}
