// versions.ts - which of two versions of a package is the later one, as its manager sees it. Knows no packages.
import type { ByteString } from './bytes.ts';

/**
 * Below 0 if `a` is the earlier version, 0 if neither is. The rule is that of the manager: dpkg's for
 * dpkg, rpm and pacman, Semantic Versioning for npm and julia, and for all others that of Python
 * (PEP 440), which takes in what most people write. Any text is taken; nothing fails.
 */
export function compareVersions(manager: string, a: ByteString, b: ByteString): number {
  if (manager === 'dpkg' || manager === 'rpm' || manager === 'pacman') return compareDebianVersions(a, b);
  return manager === 'npm' || manager === 'julia' ? compareSemanticVersions(a, b) : comparePythonVersions(a, b);
}

/** Digits as numbers of any length. */
function compareDigits(a: string, b: string): number {
  const x = a.replace(/^0+/, '');
  const y = b.replace(/^0+/, '');
  return x.length - y.length || (x < y ? -1 : x > y ? 1 : 0);
}

// ---- dpkg (deb-version(7)) ------------------------------------------------------------------------------

function splitDebianVersion(version: ByteString): { epoch: string; upstream: ByteString; revision: ByteString } {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: colon < 0 ? '0' : version.slice(0, colon),
    upstream: dash < 0 ? rest : rest.slice(0, dash), revision: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

/** "~" comes before the end, the end before letters, letters before all else. */
function rankOfCharacter(character: string): number {
  if (character === '~') return -1;
  if (character === '') return 0;
  return character.charCodeAt(0) + (/[A-Za-z]/.test(character) ? 0 : 256);
}

/** Parts that are no digits and parts that are, in turn. */
function compareDebianParts(a: ByteString, b: ByteString): number {
  // The first part is one without digits, if only an empty one.
  const [partsA, partsB] = [a, b].map((text) => (/^\d/.test(text) ? [''] : []).concat(text.match(/\d+|\D+/g) ?? []));
  for (let i = 0; i < Math.max(partsA.length, partsB.length); i++) {
    const x = partsA[i] ?? '';
    const y = partsB[i] ?? '';
    if (i % 2 === 1) {
      const order = compareDigits(x, y);
      if (order !== 0) return order;
    } else {
      for (let j = 0; j < Math.max(x.length, y.length); j++) {
        const order = rankOfCharacter(x.charAt(j)) - rankOfCharacter(y.charAt(j));
        if (order !== 0) return order;
      }
    }
  }
  return 0;
}

function compareDebianVersions(a: ByteString, b: ByteString): number {
  const x = splitDebianVersion(a);
  const y = splitDebianVersion(b);
  return compareDebianParts(x.epoch, y.epoch) || compareDebianParts(x.upstream, y.upstream) || compareDebianParts(x.revision, y.revision);
}

// ---- Semantic Versioning 2.0.0, 11 ------------------------------------------------------------------------

function compareSemanticParts(a: string, b: string): number {
  const isNumber = [a, b].map((part) => /^\d+$/.test(part));
  if (isNumber[0] && isNumber[1]) return compareDigits(a, b);
  if (isNumber[0] !== isNumber[1]) return isNumber[0] ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareSemanticVersions(a: ByteString, b: ByteString): number {
  const [x, y] = [a, b].map((version) => /^[v=]*([^-+]*)(?:-([^+]*))?/.exec(version) ?? ['', '', '']);
  const release = compareReleases(x[1].split('.'), y[1].split('.'));
  if (release !== 0) return release;
  const [preA, preB] = [x, y].map((parts) => (parts[2] === undefined ? [] : parts[2].split('.')));
  if (preA.length === 0 || preB.length === 0) return preB.length - preA.length;
  for (let i = 0; i < Math.min(preA.length, preB.length); i++) {
    const order = compareSemanticParts(preA[i], preB[i]);
    if (order !== 0) return order;
  }
  return preA.length - preB.length;
}

/** Parts of a release; one that is missing counts as 0. */
function compareReleases(a: string[], b: string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const order = compareSemanticParts(a[i] ?? '0', b[i] ?? '0');
    if (order !== 0) return order;
  }
  return 0;
}

// ---- PEP 440, "Summary of permitted suffixes and relative ordering" ----------------------------------------

const SUFFIX_WORDS = new Map([['alpha', 'a'], ['beta', 'b'], ['c', 'rc'], ['pre', 'rc'], ['preview', 'rc'], ['snapshot', 'dev'], ['rev', 'post'], ['r', 'post'], ['p', 'post']]);
/** What stands before the end of a version, and what after it. */
const ORDER_OF_SUFFIXES = ['dev', 'a', 'b', 'rc', '', 'post'];

type PythonVersion = { epoch: string; release: string[]; /** Words and numbers in turn. */ suffix: string[]; local: string[] };

function splitPythonVersion(version: ByteString): PythonVersion {
  const parts = /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)?([^+]*)(?:\+([^]*))?$/.exec(version.toLowerCase().replace(/\s+/g, '')) ?? ['', '', '', version, ''];
  const suffix: string[] = [];
  // "-1" is a post-release, too; a word without a number has number 0.
  for (const [, word, digits] of (parts[3] ?? '').replace(/^-(?=\d)/, 'post').matchAll(/([^\d._-]+?(?=post|rev|dev|[\d._-]|$))?[._-]?(\d+)?/g)) {
    if (word !== undefined || digits !== undefined) suffix.push(word === undefined ? '' : SUFFIX_WORDS.get(word) ?? word, digits ?? '0');
  }
  return { epoch: parts[1] ?? '0', release: (parts[2] ?? '0').split('.'), suffix, local: (parts[4] ?? '').split(/[._-]/).filter((part) => part !== '') };
}

function rankOfWord(word: string | undefined): number {
  const rank = ORDER_OF_SUFFIXES.indexOf(word ?? '');
  return rank < 0 ? ORDER_OF_SUFFIXES.length : rank;
}

function comparePythonVersions(a: ByteString, b: ByteString): number {
  const x = splitPythonVersion(a);
  const y = splitPythonVersion(b);
  const order = compareDigits(x.epoch, y.epoch) || compareReleases(x.release, y.release);
  if (order !== 0) return order;
  for (let i = 0; i < Math.max(x.suffix.length, y.suffix.length); i += 2) {
    const [word, other] = [x.suffix[i], y.suffix[i]];
    const byWord = rankOfWord(word) - rankOfWord(other) || compareSemanticParts(word ?? '', other ?? '');
    const bySuffix = byWord || compareDigits(x.suffix[i + 1] ?? '', y.suffix[i + 1] ?? '');
    if (bySuffix !== 0) return bySuffix;
  }
  for (let i = 0; i < Math.max(x.local.length, y.local.length); i++) {
    const [part, other] = [x.local[i], y.local[i]];
    if (part === undefined || other === undefined) return part === undefined ? -1 : 1;
    // Of the local part numbers come after words.
    const byLocal = /^\d+$/.test(part) === /^\d+$/.test(other) ? compareSemanticParts(part, other) : /^\d+$/.test(part) ? 1 : -1;
    if (byLocal !== 0) return byLocal;
  }
  return 0;
}
