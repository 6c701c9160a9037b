// gitindex.ts - git's index file, versions 2 to 4 (gitformat-index(5)). Knows no files and no hashes.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';

/** One entry. Times are in ms as fs.Stats has them; a `stage` over 0 is a side of a conflict. */
export type GitEntry = {
  name: ByteString;
  mode: number;
  /** The blob, or a submodule's commit, as raw bytes. */
  id: ByteString;
  stage: number;
  sizeBytes: number;
  mtimeMs: number;
  ctimeMs: number;
  inode: number;
  /** "assume unchanged" or "skip worktree": git was told not to look at the file. */
  isAssumed: boolean;
  isSkipped: boolean;
  /** "git add -N": in the index without content. */
  isIntended: boolean;
};

/** `rootTree` is the raw id of the tree the index would write, where the TREE extension holds it. */
export type GitIndex = { entries: GitEntry[]; rootTree?: ByteString };

const LONGEST_ENTRY_NAME = 4096;

export const GIT_LINK = 0o160000;
export const GIT_SYMLINK = 0o120000;
export const GIT_FOLDER = 0o040000;

/** A big-endian number of 32 bits. */
export function readUint32(bytes: ByteString, at: number): number {
  return bytes.charCodeAt(at) * 0x1000000
    + ((bytes.charCodeAt(at + 1) << 16) | (bytes.charCodeAt(at + 2) << 8) | bytes.charCodeAt(at + 3));
}

/** The raw bytes of hexadecimal digits. */
export function bytesFromHex(hex: string): ByteString {
  let bytes = '';
  for (let i = 0; i + 1 < hex.length; i += 2) bytes += String.fromCharCode(parseInt(hex.slice(i, i + 2), 16));
  return bytes;
}

/** Bytes as lower-case hexadecimal digits. */
export function hexFromBytes(bytes: ByteString): string {
  let hex = '';
  for (let i = 0; i < bytes.length; i++) hex += (bytes.charCodeAt(i) + 256).toString(16).slice(1);
  return hex;
}

function readTimeMs(bytes: ByteString, at: number): number {
  // The same expression as in Node's fs.Stats, so that equal times are equal numbers.
  return readUint32(bytes, at) * 1000 + readUint32(bytes, at + 4) / 1e6;
}

/**
 * The index; 'unsupported' if it holds only a part of the entries (split or sparse index, a folder as
 * an entry) or is of an unknown version, so that git must be asked. `hashSizeBytes` is 20 (SHA-1) or 32 (SHA-256).
 * Throws Failure on a file that is cut off.
 */
export function parseGitIndex(bytes: ByteString, hashSizeBytes: number): GitIndex | 'unsupported' {
  if (bytes.length < 12 + hashSizeBytes || bytes.slice(0, 4) !== 'DIRC') {
    throw new Failure('cannot read the index of git: not an index file');
  }
  const version = readUint32(bytes, 4);
  if (version < 2 || version > 4) return 'unsupported';
  const count = readUint32(bytes, 8);
  const end = bytes.length - hashSizeBytes;
  const entries: GitEntry[] = [];
  let at = 12;
  let previous = '';
  for (let i = 0; i < count; i++) {
    const fixed = 42 + hashSizeBytes + ((bytes.charCodeAt(at + 40 + hashSizeBytes) & 0x40) !== 0 ? 2 : 0);
    const name = readEntryName(bytes, at + fixed, version === 4 ? previous : undefined, end);
    // A folder stands for all that its tree holds, be there an extension "sdir" or not.
    if (readUint32(bytes, at + 24) === GIT_FOLDER || isUnlikeGit(bytes, at + 40 + hashSizeBytes, version, name.text)) return 'unsupported';
    entries.push(readIndexEntry(bytes, at, hashSizeBytes, name.text));
    // Versions 2 and 3 pad with 1 to 8 NUL bytes to a multiple of 8 from the entry's start.
    at = version === 4 ? name.end + 1 : at + ((fixed + name.text.length + 8) & ~7);
    previous = name.text;
    if (at > end) throw cutOff();
  }
  return readExtensions(bytes, at, end, hashSizeBytes, entries);
}

/**
 * An entry that git refuses, or reads otherwise: with flags of a later version, a name of another
 * length than the entry says, none at all, or one longer than any system takes, which in version 4 costs that much
 * for each entry that shares its beginning.
 */
function isUnlikeGit(bytes: ByteString, flagsAt: number, version: number, name: ByteString): boolean {
  const flags = bytes.charCodeAt(flagsAt) * 256 + bytes.charCodeAt(flagsAt + 1);
  const said = flags & 0xfff;
  if (name === '' || name.length > LONGEST_ENTRY_NAME || (said < 0xfff ? said !== name.length : name.length < 0xfff)) return true;
  if ((flags & 0x4000) === 0) return false;
  return version < 3 || ((bytes.charCodeAt(flagsAt + 2) & 0x9f) | bytes.charCodeAt(flagsAt + 3)) !== 0;
}

function cutOff(): Failure {
  return new Failure('cannot read the index of git: it is cut off');
}

function readIndexEntry(bytes: ByteString, at: number, hashSizeBytes: number, name: ByteString): GitEntry {
  const flagsAt = at + 40 + hashSizeBytes;
  const flags = bytes.charCodeAt(flagsAt);
  const extended = (flags & 0x40) !== 0 ? bytes.charCodeAt(flagsAt + 2) : 0;
  return {
    name,
    mode: readUint32(bytes, at + 24),
    id: bytes.slice(at + 40, flagsAt),
    stage: (flags >> 4) & 3,
    sizeBytes: readUint32(bytes, at + 36),
    mtimeMs: readTimeMs(bytes, at + 8),
    ctimeMs: readTimeMs(bytes, at),
    inode: readUint32(bytes, at + 20),
    isAssumed: (flags & 0x80) !== 0,
    isSkipped: (extended & 0x40) !== 0,
    isIntended: (extended & 0x20) !== 0,
  };
}

/** In version 4 (`previous` given) a name begins with how much of the name before falls away. */
function readEntryName(bytes: ByteString, at: number, previous: ByteString | undefined, limit: number): { text: ByteString; end: number } {
  let kept = '';
  if (previous !== undefined) {
    let code = bytes.charCodeAt(at++);
    let dropped = code & 0x7f;
    while ((code & 0x80) !== 0) {
      code = bytes.charCodeAt(at++);
      dropped = (dropped + 1) * 128 + (code & 0x7f);
    }
    if (!(dropped <= previous.length)) throw cutOff();
    kept = previous.slice(0, previous.length - dropped);
  }
  const end = bytes.indexOf('\0', at);
  if (end < 0 || end >= limit) throw cutOff();
  return { text: kept + bytes.slice(at, end), end };
}

function readExtensions(bytes: ByteString, start: number, end: number, hashSizeBytes: number, entries: GitEntry[]): GitIndex | 'unsupported' {
  let rootTree: ByteString | undefined;
  let at = start;
  while (at + 8 <= end) {
    const name = bytes.slice(at, at + 4);
    // Extensions with a small first letter must be understood: "link" (split index), "sdir" (sparse).
    if (!/^[A-Z]/.test(name)) return 'unsupported';
    const size = readUint32(bytes, at + 4);
    if (name === 'TREE') {
      // PATH NUL COUNT SP SUBTREES LF ID; the root's path is empty, a COUNT under 0 means invalid.
      const root = /^\0([0-9]+) [0-9]+\n/.exec(bytes.slice(at + 8, at + 8 + Math.min(size, 64)));
      if (root !== null) rootTree = bytes.slice(at + 8 + root[0].length, at + 8 + root[0].length + hashSizeBytes);
    }
    at += 8 + size;
  }
  // What is said to go on behind the end git reads by what happens to be there.
  return at > end ? 'unsupported' : { entries, rootTree };
}

/** The place of `name` among entries in index order, or of the first entry after it. */
export function findEntryPlace(entries: GitEntry[], name: ByteString): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareBytes(entries[middle].name, name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The raw id of the tree that `git write-tree` would write: what the index holds if its TREE
 * extension is not valid, as after "git add" and "git reset". `hash` gives the raw object id of
 * ("tree", body). Entries without content (add -N) are left out; there must be no conflicts.
 */
export function computeTree(entries: GitEntry[], hash: (kind: string, body: ByteString) => ByteString): ByteString {
  let next = 0;
  const writeFolder = (prefix: ByteString): ByteString => {
    const parts: ByteString[] = [];
    while (next < entries.length && entries[next].name.startsWith(prefix)) {
      const entry = entries[next];
      const slash = entry.name.indexOf('/', prefix.length);
      if (slash >= 0) {
        const folder = entry.name.slice(0, slash + 1);
        const body = writeFolder(folder);
        if (body !== '') parts.push(treeLine(GIT_FOLDER, folder.slice(prefix.length, -1), hash('tree', body)));
      } else {
        next += 1;
        if (!entry.isIntended) parts.push(treeLine(entry.mode, entry.name.slice(prefix.length), entry.id));
      }
    }
    return parts.join('');
  };
  return hash('tree', writeFolder(''));
}

function treeLine(mode: number, name: ByteString, id: ByteString): ByteString {
  return mode.toString(8) + ' ' + name + '\0' + id;
}
