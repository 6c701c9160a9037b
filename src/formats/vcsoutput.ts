// vcsoutput.ts - what Mercurial, Subversion and Fossil print of a checkout. Runs none of them.
import type { ByteString } from '../core/bytes.ts';
import { lookUp } from '../core/bytes.ts';

/** A tracked file or folder; 'missing' is gone without having been removed from version control, an added one not committed yet. */
export type TrackedFile = { name: ByteString; state: 'clean' | 'changed' | 'missing'; isAdded: boolean };

/** Of `hg status -mardc -0`: a letter, a space and a name that ends in NUL. */
export function parseHgStatus(output: ByteString): TrackedFile[] {
  const files: TrackedFile[] = [];
  for (const line of output.split('\0')) {
    if (!/^[MARC!] /.test(line)) continue;
    files.push({ name: line.slice(2), state: line[0] === 'C' ? 'clean' : line[0] === '!' ? 'missing' : 'changed', isAdded: line[0] === 'A' });
  }
  return files;
}

const XML_NAMES: { [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Text of XML as bytes: entities and character references undone. */
function decodeXml(text: ByteString): ByteString {
  return text.replace(/&(?:([a-z]+)|#x([0-9A-Fa-f]+)|#([0-9]+));/g, (whole, name: string | undefined, hex: string | undefined, decimal: string) => {
    if (name !== undefined) return lookUp(XML_NAMES, name) ?? whole;
    const code = hex === undefined ? Number(decimal) : parseInt(hex, 16);
    return code < 0x80 ? String.fromCharCode(code) : whole; // svn writes other characters as they are
  });
}

function findAttribute(tag: ByteString, name: string): ByteString | undefined {
  const found = new RegExp('\\s' + name + '\\s*=\\s*"([^"]*)"').exec(tag);
  return found === null ? undefined : decodeXml(found[1]);
}

export type SvnStatus = { files: TrackedFile[]; lowest: number; highest: number; hasSwitched: boolean };

const NOT_IN_SVN = ['unversioned', 'ignored', 'external', 'none'];

/**
 * Of `svn status -v --xml --ignore-externals .`: the files with the lowest and the highest revision
 * that any of them is at (0 if none is).
 */
export function parseSvnStatus(xml: ByteString): SvnStatus {
  const status: SvnStatus = { files: [], lowest: 0, highest: 0, hasSwitched: false };
  for (const part of xml.split(/<entry(?=\s)/).slice(1)) {
    const name = findAttribute(part.slice(0, part.indexOf('>')), 'path');
    const tag = /<wc-status\s[^<>]*>/.exec(part)?.[0] ?? '';
    const item = findAttribute(tag, 'item') ?? 'none';
    if (name === undefined || NOT_IN_SVN.indexOf(item) >= 0) continue;
    const revision = Number(findAttribute(tag, 'revision') ?? '-1');
    if (revision >= 0) {
      status.lowest = status.highest === 0 ? revision : Math.min(status.lowest, revision);
      status.highest = Math.max(status.highest, revision);
    }
    if (findAttribute(tag, 'switched') === 'true') status.hasSwitched = true;
    const isPropertyChanged = ['none', 'normal', undefined].indexOf(findAttribute(tag, 'props')) < 0;
    status.files.push({
      name, state: item === 'missing' ? 'missing' : item !== 'normal' || isPropertyChanged ? 'changed' : 'clean', isAdded: item === 'added' && !isPropertyChanged,
    });
  }
  return status;
}

/** Of `svn info --xml`: URL of the folder, and its place in the repository ('' is the top). */
export function parseSvnInfo(xml: ByteString): { url: ByteString; place: ByteString } | undefined {
  const url = /<url>([^<]*)<\/url>/.exec(xml);
  const root = /<root>([^<]*)<\/root>/.exec(xml);
  if (url === null) return undefined;
  const place = root !== null && url[1].startsWith(root[1] + '/') ? url[1].slice(root[1].length + 1) : '';
  return { url: decodeXml(url[1]), place: decodeXml(place) };
}

/** Of `fossil ls -v`: a word in capitals, spaces and a name. */
export function parseFossilList(output: ByteString): TrackedFile[] {
  const files: TrackedFile[] = [];
  for (const line of output.split('\n')) {
    const parts = /^([A-Z_]+) +([^]+?)\r?$/.exec(line);
    // fossil diff shows what is MISSING as removed, so it is a change like others.
    if (parts !== null) files.push({ name: parts[2], state: parts[1] === 'UNCHANGED' ? 'clean' : 'changed', isAdded: parts[1] === 'ADDED' });
  }
  return files;
}

/** Of `fossil info`: the check-in. */
export function parseFossilInfo(output: ByteString): string | undefined {
  return /^checkout:\s+([0-9a-f]{40,64})\b/m.exec(output)?.[1];
}

/** Two paths, of which none is longer than 4096 bytes, and what stands between them. */
const LONGEST_HEAD = 8200;

/**
 * Names whose change a diff of hg ("diff --git") or of svn and fossil ("Index: ") shows. A section
 * that only says that a file is binary shows nothing. No line of content begins like a section.
 */
export function listShownNames(patch: ByteString): Set<ByteString> {
  const names = new Set<ByteString>();
  for (const section of patch.split(/^(?=diff --git a\/|Index: )/m)) {
    const indexed = /^Index: ([^\n]*)\n/.exec(section);
    if (indexed !== null && !/^(?:Cannot display: |cannot compute difference between binary files)/m.test(section)) names.add(indexed[1]);
    if (!section.startsWith('diff --git a/')) continue;
    const head = section.slice(13, section.indexOf('\n'));
    if (head.length > LONGEST_HEAD) continue;
    // "a/OLD b/NEW": names may hold " b/", so all ways to cut are taken; a name too many does no harm.
    for (let at = head.indexOf(' b/'); at >= 0; at = head.indexOf(' b/', at + 1)) names.add(head.slice(0, at)).add(head.slice(at + 3));
  }
  return names;
}

/** A diff of fossil in which names with a space end in a TAB, as diff(1) has them: patch(1) would cut them. */
export function closeSpacedNames(patch: ByteString): ByteString {
  return patch.replace(/(?<![^\n])(Index: ([^\n]*)\n=+\n--- [^\t\n]*)\n(\+\+\+ [^\t\n]*)\n/g, (whole, before: ByteString, name: ByteString, after: ByteString) =>
    (name.indexOf(' ') < 0 ? whole : before + '\t\n' + after + '\t\n'));
}
