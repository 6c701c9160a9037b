// gitpatch.ts - git's diff in parts, and names as it spells them. Reads no files, runs no git.
import type { ByteString } from '../core/bytes.ts';

const LETTERS: { [code: number]: string } = { 7: 'a', 8: 'b', 9: 't', 10: 'n', 11: 'v', 12: 'f', 13: 'r', 34: '"', 92: '\\' };

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

/**
 * A patch in its sections. One begins with "diff --git " at the start of a line; no line of content or of
 * base 85 can be one. Only LF ends a line: what stands behind a CR is content.
 */
export function splitPatchSections(patch: ByteString): ByteString[] {
  const parts = patch.split(/\n(?=diff --git |\* Unmerged path )/);
  return parts.map((part, i) => (i < parts.length - 1 ? part + '\n' : part));
}

/**
 * git's diff without the sections that change nothing (a header line alone: the file was only
 * touched) and without "* Unmerged path" lines, which git apply does not read.
 */
export function dropEmptySections(patch: ByteString): ByteString {
  return splitPatchSections(patch).filter((section) => section.indexOf('\n') < section.length - 1 && !section.startsWith('* Unmerged path ')).join('');
}

/** The names in the output of `git diff-index --raw -z`: ":MODES IDS STATUS" NUL NAME NUL ..., each once. */
export function parseRawDiff(raw: ByteString): ByteString[] {
  const words = raw.split('\0');
  const names = new Set<ByteString>();
  for (let i = 0; i + 1 < words.length; i += 2) names.add(words[i + 1]);
  return Array.from(names);
}

/** Those of `names` that have a section in a diff made with prefixes "a/" and "b/" + `prefix`, without renames. */
export function listPatchedNames(patch: ByteString, names: ByteString[], prefix: ByteString): ByteString[] {
  const heads = new Set(splitPatchSections(patch).map((section) => section.slice(0, section.indexOf('\n'))));
  return names.filter((name) => heads.has('diff --git ' + quoteGitPath('a/' + prefix + name) + ' ' + quoteGitPath('b/' + prefix + name)));
}
