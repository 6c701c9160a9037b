// gitapply.ts - a patch of git applied to the contents that it was made from (git-diff(1)). Reads no files, guesses nothing.
import type { ByteString } from '../core/bytes.ts';
import { applyGitDelta } from './gitpack.ts';

/** What a patch says of one file. `path` has no "a/"; `mode` is there if the patch tells the new one. */
export type PatchSection = { path: ByteString; kind: 'changed' | 'added' | 'deleted'; mode: number | undefined; body: ByteString };

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
  for (const text of patch.split(/^(?=diff --git )/m)) {
    if (text === '') continue;
    const firstEnd = text.indexOf('\n');
    const path = text.startsWith('diff --git ') && firstEnd > 0 ? readPatchedName(text.slice(0, firstEnd)) : undefined;
    if (path === undefined) return undefined;
    const bodyAt = text.search(/^(?:@@ |GIT binary patch$)/m);
    const header = bodyAt < 0 ? text : text.slice(0, bodyAt);
    const mode = /^(?:new mode|new file mode) ([0-7]+)$/m.exec(header);
    const kind = /^deleted file mode /m.test(header) ? 'deleted' : /^new file mode /m.test(header) ? 'added' : 'changed';
    sections.push({ path, kind, mode: mode === null ? undefined : parseInt(mode[1], 8), body: bodyAt < 0 ? '' : text.slice(bodyAt) });
  }
  return sections;
}

/** The content that a section makes of `original` ('' for an added file); undefined if it was made from another content. */
export function applyPatchSection(section: PatchSection, original: ByteString, inflate: InflateWhole): ByteString | undefined {
  if (section.kind === 'deleted') return '';
  if (section.body === '') return original;
  return section.body.startsWith('GIT binary patch') ? applyBinary(section.body, original, inflate) : applyHunks(section.body, original);
}

// ---- text -------------------------------------------------------------------------------------------

/** Lines with their ends. */
function splitPatchLines(text: ByteString): ByteString[] {
  return text === '' ? [] : text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Applies hunks strictly: at their place, every line as it says. */
function applyHunks(body: ByteString, original: ByteString): ByteString | undefined {
  const old = splitPatchLines(original);
  const made: ByteString[] = [];
  let at = 0;
  const lines = splitPatchLines(body);
  for (let i = 0; i < lines.length;) {
    const head = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(lines[i]);
    if (head === null) return undefined;
    let oldLeft = Number(head[2] ?? 1);
    let newLeft = Number(head[3] ?? 1);
    const start = Number(head[1]) - (oldLeft > 0 ? 1 : 0);
    if (start < at || start > old.length) return undefined;
    while (at < start) made.push(old[at++]);
    for (i += 1; i < lines.length && (oldLeft > 0 || newLeft > 0); i++) {
      const sign = lines[i][0];
      // "\ No newline at end of file" after a line takes its end away.
      const text = i + 1 < lines.length && lines[i + 1].startsWith('\\ ') ? lines[i].slice(1, -1) : lines[i].slice(1);
      if (sign !== ' ' && sign !== '-' && sign !== '+') {
        if (sign === '\\') continue;
        return undefined;
      }
      if (sign !== '+' && (oldLeft-- === 0 || old[at++] !== text)) return undefined;
      if (sign !== '-' && newLeft-- === 0) return undefined;
      if (sign !== '-') made.push(text);
    }
    if (oldLeft > 0 || newLeft > 0) return undefined;
    while (i < lines.length && lines[i].startsWith('\\ ')) i += 1;
  }
  return made.concat(old.slice(at)).join('');
}

// ---- binary -----------------------------------------------------------------------------------------

const BASE85 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~';

/** One line: a letter for its length in bytes, then groups of five digits for four bytes. */
function decodeLine(line: ByteString): ByteString | undefined {
  const letter = line.charCodeAt(0);
  const length = letter >= 97 ? letter - 97 + 27 : letter - 65 + 1;
  let bytes = '';
  for (let at = 1; at + 5 <= line.length; at += 5) {
    let value = 0;
    for (let k = 0; k < 5; k++) {
      const digit = BASE85.indexOf(line[at + k]);
      if (digit < 0) return undefined;
      value = value * 85 + digit;
    }
    bytes += String.fromCharCode(Math.floor(value / 0x1000000) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  }
  return length > 0 && length <= bytes.length ? bytes.slice(0, length) : undefined;
}

/** The first of the two parts, which leads forward: the whole content, or a delta to the old one. */
function applyBinary(body: ByteString, original: ByteString, inflate: InflateWhole): ByteString | undefined {
  const lines = body.split('\n');
  const head = /^(literal|delta) (\d+)$/.exec(lines[1] ?? '');
  if (head === null) return undefined;
  let packed = '';
  for (let i = 2; i < lines.length && lines[i] !== ''; i++) {
    const bytes = decodeLine(lines[i]);
    if (bytes === undefined) return undefined;
    packed += bytes;
  }
  const data = inflate(packed);
  if (data === undefined || data.length !== Number(head[2])) return undefined;
  return head[1] === 'literal' ? data : applyGitDelta(original, data);
}
