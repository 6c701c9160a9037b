// gitapply.ts - a patch of git applied to the contents that it was made from (git-diff(1)). Reads no files, guesses nothing.
import type { ByteString } from '../core/bytes.ts';
import { applyGitDelta } from './gitpack.ts';
import { splitPatchSections } from './gitpatch.ts';

/** What a patch says of one file. `path` has no "a/"; `mode` is there if the patch tells the new one. */
export type PatchSection = { path: ByteString; kind: 'changed' | 'added' | 'deleted'; mode: number | undefined; body: ByteString };

export const LARGEST_PATCHED_BYTES = 1 << 28;

/** Undoes zlib's deflate; undefined if it is damaged. */
export type InflateWhole = (bytes: ByteString) => ByteString | undefined;

const PATH_ESCAPES: { [letter: string]: string } = { a: '\x07', b: '\b', t: '\t', n: '\n', v: '\v', f: '\f', r: '\r', '"': '"', '\\': '\\' };

/** Undoes quoteGitPath() of a name in double quotes. */
function unquoteGitPath(quoted: ByteString): ByteString {
  if (!quoted.startsWith('"')) return quoted;
  return quoted.slice(1, -1).replace(/\\([0-7]{3}|[abtnvfr"\\])/g, (_, code: string) => PATH_ESCAPES[code] ?? String.fromCharCode(parseInt(code, 8)));
}

/** Of "diff --git a/NAME b/NAME" the name: both are the same, as the patch was made without renames. */
function readPatchedName(head: ByteString): ByteString | undefined {
  const names = head.slice('diff --git '.length);
  if (names.startsWith('"')) {
    const end = /^"(?:[^"\\]|\\.)*"/.exec(names);
    return end === null ? undefined : unquoteGitPath(end[0]).slice(2);
  }
  const half = (names.length - 1) / 2;
  return names.slice(2, half) === names.slice(half + 3) && names.startsWith('a/') ? names.slice(2, half) : undefined;
}

/** The sections of a patch made by `git diff --binary --full-index --no-renames`; undefined if it is none. */
export function splitGitPatch(patch: ByteString): PatchSection[] | undefined {
  const sections: PatchSection[] = [];
  for (const text of splitPatchSections(patch)) {
    if (text === '') continue;
    const firstEnd = text.indexOf('\n');
    const path = text.startsWith('diff --git ') && firstEnd > 0 ? readPatchedName(text.slice(0, firstEnd)) : undefined;
    if (path === undefined) return undefined;
    const bodyAt = text.search(/\n(?:@@ |GIT binary patch\n|Binary files )/) + 1;
    const header = bodyAt === 0 ? text : text.slice(0, bodyAt);
    const mode = /^(?:new mode|new file mode) ([0-7]+)$/m.exec(header);
    const kind = /^deleted file mode /m.test(header) ? 'deleted' : /^new file mode /m.test(header) ? 'added' : 'changed';
    sections.push({ path, kind, mode: mode === null ? undefined : parseInt(mode[1], 8), body: bodyAt === 0 ? '' : text.slice(bodyAt) });
  }
  return sections;
}

/**
 * The content that a section makes of `original`, of which an added file has none, not even where a file
 * of another kind had the name; undefined if it was made from another content. A binary patch may hold the
 * whole content, and then fits any.
 */
export function applyPatchSection(section: PatchSection, original: ByteString, inflate: InflateWhole): ByteString | undefined {
  const old = section.kind === 'added' ? '' : original;
  if (section.kind === 'deleted') return '';
  if (section.body === '') return old;
  return section.body.startsWith('GIT binary patch') ? applyBinary(section.body, old, inflate) : applyHunks(section.body, old);
}

// ---- text -------------------------------------------------------------------------------------------

/** Lines with their ends. */
function splitPatchLines(text: ByteString): ByteString[] {
  return text === '' ? [] : text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** `context`: how many lines at its end are the same before and after. */
type Hunk = { start: number; oldLines: ByteString[]; newLines: ByteString[]; context: number };

// As many as the patch was made with; a hunk has fewer at its end only where the file ends.
const CONTEXT_LINES = 3;

/** The hunk whose "@@" line is at `from`, and where the next one is; undefined if it has not as many lines as it says. */
function readHunk(lines: ByteString[], from: number): { hunk: Hunk; next: number } | undefined {
  const head = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(lines[from]);
  if (head === null) return undefined;
  const oldCount = Number(head[2] ?? 1);
  const newCount = Number(head[3] ?? 1);
  const hunk: Hunk = { start: Number(head[1]) - (oldCount > 0 ? 1 : 0), oldLines: [], newLines: [], context: 0 };
  let at = from + 1;
  while (at < lines.length && (hunk.oldLines.length < oldCount || hunk.newLines.length < newCount)) {
    // With diff.suppressBlankEmpty an empty line that has not changed stands without its space.
    const line = lines[at] === '\n' ? ' \n' : lines[at];
    at += 1;
    const isLast = at < lines.length && lines[at].startsWith('\\ '); // "\ No newline at end of file"
    if (isLast) at += 1;
    const text = isLast ? line.slice(1, -1) : line.slice(1);
    if (' -+'.indexOf(line[0]) < 0) return undefined;
    hunk.context = line[0] === ' ' ? hunk.context + 1 : 0;
    if (line[0] !== '+') hunk.oldLines.push(text);
    if (line[0] !== '-') hunk.newLines.push(text);
  }
  return hunk.oldLines.length === oldCount && hunk.newLines.length === newCount ? { hunk, next: at } : undefined;
}

/** Applies hunks strictly: at their place, every line as it says. */
function applyHunks(body: ByteString, original: ByteString): ByteString | undefined {
  const old = splitPatchLines(original);
  const lines = splitPatchLines(body);
  const made: ByteString[] = [];
  let at = 0;
  if (!body.endsWith('\n')) return undefined; // cut short
  for (let from = 0; from < lines.length;) {
    const read = readHunk(lines, from);
    if (read === undefined) return undefined;
    const { start, oldLines, newLines } = read.hunk;
    if (start < at || start > old.length) return undefined;
    while (at < start) made.push(old[at++]);
    for (const line of oldLines) if (old[at++] !== line) return undefined;
    for (const line of newLines) made.push(line);
    if (read.hunk.context < CONTEXT_LINES && at < old.length) return undefined;
    from = read.next;
  }
  while (at < old.length) made.push(old[at++]);
  // Only the last line of a file may be without its end.
  return made.slice(0, -1).every((line) => line.endsWith('\n')) ? made.join('') : undefined;
}

// ---- binary -----------------------------------------------------------------------------------------

const BASE85 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~';

/** One line: a letter for its length in bytes, then groups of five digits for four bytes; undefined if it is not that. */
function decodeLine(line: ByteString): ByteString | undefined {
  const length = /^[A-Z]/.test(line) ? line.charCodeAt(0) - 64 : /^[a-z]/.test(line) ? line.charCodeAt(0) - 70 : 0;
  if (length === 0 || line.length !== 1 + Math.ceil(length / 4) * 5) return undefined;
  let bytes = '';
  for (let at = 1; at < line.length; at += 5) {
    let value = 0;
    for (let k = 0; k < 5; k++) {
      const digit = BASE85.indexOf(line[at + k]);
      if (digit < 0) return undefined;
      value = value * 85 + digit;
    }
    if (value > 0xffffffff) return undefined;
    bytes += String.fromCharCode(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  }
  return bytes.slice(0, length);
}

/** The first of the two parts, which leads forward: the whole content, or a delta to the old one. */
function applyBinary(body: ByteString, original: ByteString, inflate: InflateWhole): ByteString | undefined {
  const lines = body.split('\n');
  const head = /^(literal|delta) (\d+)$/.exec(lines[1] ?? '');
  if (head === null) return undefined;
  const packed: ByteString[] = [];
  let at = 2;
  for (; at < lines.length && lines[at] !== ''; at++) {
    const bytes = decodeLine(lines[at]);
    if (bytes === undefined) return undefined;
    packed.push(bytes);
  }
  if (at >= lines.length - 1) return undefined; // no empty line: cut short
  const data = inflate(packed.join(''));
  if (data === undefined || data.length !== Number(head[2])) return undefined;
  return head[1] === 'literal' ? data : applyGitDelta(original, data, LARGEST_PATCHED_BYTES);
}
