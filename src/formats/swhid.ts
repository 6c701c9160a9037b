// swhid.ts - Software Hash Identifiers (ISO/IEC 18670, SWHID 1.2) printed and parsed, and what they are hashes of. Hashes nothing.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { bytesFromHex, GIT_FOLDER } from './gitindex.ts';

/** Content, directory, revision (commit), release (annotated tag), snapshot (all references of a repository). */
export type SwhidKind = 'cnt' | 'dir' | 'rev' | 'rel' | 'snp';

/** First and last, counted from 1 for lines and from 0 for bytes; the last may be left out. */
export type SwhidRange = { first: number; last: number | undefined };

/** Where it was seen, and which part of it is meant. Texts are as they are, not encoded. */
export type SwhidQualifiers = {
  /** URL of the repository. */
  origin?: ByteString;
  /** Core identifier of a snapshot. */
  visit?: string;
  /** Core identifier of the dir, rev, rel or snp that `path` begins at. */
  anchor?: string;
  /** From the anchor's root, with a first "/". */
  path?: ByteString;
  lines?: SwhidRange;
  bytes?: SwhidRange;
};

export type Swhid = { kind: SwhidKind; /** 40 lower-case hexadecimal digits. */ hex: string; qualifiers: SwhidQualifiers };

/** The kind of git's object that has this identifier; a snapshot is none of git's. */
export const SWHID_OBJECTS: { [kind in SwhidKind]: string } = { cnt: 'blob', dir: 'tree', rev: 'commit', rel: 'tag', snp: 'snapshot' };

function encodeBytesBut(text: ByteString, plain: RegExp): string {
  return text.replace(/[^]/g, (byte) => (plain.test(byte) ? byte : '%' + byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')));
}

function decodePercents(text: ByteString): ByteString {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}

function printQualifierRange(range: SwhidRange): string {
  return String(range.first) + (range.last === undefined ? '' : '-' + String(range.last));
}

/**
 * The identifier, in ASCII. Qualifiers stand in the order that the standard asks for. In an origin "%",
 * ";" and what no URL holds are encoded; in a path all but letters, digits, "_.-~" and "/" (RFC 3986,
 * unreserved), as the archive's own library does.
 */
export function printSwhid(kind: SwhidKind, hex: string, qualifiers: SwhidQualifiers = {}): string {
  const { origin, visit, anchor, path, lines, bytes } = qualifiers;
  return 'swh:1:' + kind + ':' + hex
    + (origin === undefined ? '' : ';origin=' + encodeBytesBut(origin, /[!-$&-:<-~]/))
    + (visit === undefined ? '' : ';visit=' + visit) + (anchor === undefined ? '' : ';anchor=' + anchor)
    + (path === undefined ? '' : ';path=' + encodeBytesBut(path, /[A-Za-z0-9_.~/-]/))
    + (lines === undefined ? '' : ';lines=' + printQualifierRange(lines)) + (bytes === undefined ? '' : ';bytes=' + printQualifierRange(bytes));
}

/** A range as `lines` and `bytes` have it; undefined if it is none. */
export function parseSwhidRange(text: ByteString): SwhidRange | undefined {
  const parts = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text);
  if (parts === null) return undefined;
  const range = { first: Number(parts[1]), last: parts[2] === undefined ? undefined : Number(parts[2]) };
  return range.last !== undefined && range.last < range.first ? undefined : range;
}

const CORE_SWHID = /^swh:1:(cnt|dir|rev|rel|snp):([0-9a-f]{40})$/;

/** Undoes printSwhid. Throws Failure (status 2) for what is none; the order of qualifiers does not matter. */
export function parseSwhid(text: ByteString): Swhid {
  const [core, ...rest] = text.split(';');
  const parts = CORE_SWHID.exec(core);
  const fail = (why: string): never => {
    throw new Failure('cannot understand the SWHID "' + text + '": ' + why, 'it looks like swh:1:cnt:94a9ed024d3859793618152ea559a168bbcbb5e2', EXIT.usage);
  };
  if (parts === null) return fail(/^swh:[^1]/.test(core) ? 'not of version 1' : 'not "swh:1:", one of cnt, dir, rev, rel and snp, ":" and 40 hexadecimal digits');
  const qualifiers: SwhidQualifiers = {};
  const seen = new Set<string>();
  for (const one of rest) {
    const sign = one.indexOf('=');
    const [name, value] = [one.slice(0, Math.max(0, sign)), one.slice(sign + 1)];
    if (seen.has(name)) fail('two of "' + name + '"');
    seen.add(name);
    if (value === '' || !setQualifier(qualifiers, name, value)) fail('no qualifier "' + one + '"');
  }
  return { kind: parts[1] as SwhidKind, hex: parts[2], qualifiers };
}

function setQualifier(qualifiers: SwhidQualifiers, name: string, value: ByteString): boolean {
  if (name === 'origin') qualifiers.origin = decodePercents(value);
  else if (name === 'path' && value[0] === '/') qualifiers.path = decodePercents(value);
  else if (name === 'visit' && CORE_SWHID.test(value) && value.startsWith('swh:1:snp:')) qualifiers.visit = value;
  else if (name === 'anchor' && CORE_SWHID.test(value) && !value.startsWith('swh:1:cnt:')) qualifiers.anchor = value;
  else if (name === 'lines' || name === 'bytes') return (qualifiers[name] = parseSwhidRange(value)) !== undefined;
  else return false;
  return true;
}

/**
 * The URL by which others know a repository, of what git has as a remote; undefined if it is none: a
 * folder of this machine, "host:path". What may let somebody in must have been taken out.
 */
export function originOfRemote(remote: ByteString | undefined): ByteString | undefined {
  return remote !== undefined && /^(?:https?|git|ssh|git\+ssh|ssh\+git|svn|svn\+ssh|ftps?):\/\/[^/\s]/i.test(remote) ? remote : undefined;
}

/** `code` is a record's field Code: the revision, with its origin, if it is a commit of git without changes; else undefined. */
export function swhidOfCode(code: ByteString | undefined, remote: ByteString | undefined): string | undefined {
  const parts = /^git ([0-9a-f]{40})$/.exec(code ?? '');
  return parts === null ? undefined : printSwhid('rev', parts[1], { origin: originOfRemote(remote) });
}

/** `mode` as in GitTreeEntry; `id` raw. */
export type SwhidEntry = { mode: number; name: ByteString; id: ByteString };

/** The body of a directory: a tree of git's. Entries are sorted as git does it, folders as if "/" followed their names. */
export function printSwhidFolder(entries: SwhidEntry[]): ByteString {
  const keyOf = (entry: SwhidEntry): ByteString => (entry.mode === GIT_FOLDER ? entry.name + '/' : entry.name);
  const sorted = entries.slice().sort((a, b) => compareBytes(keyOf(a), keyOf(b)));
  return sorted.map((entry) => entry.mode.toString(8) + ' ' + entry.name + '\0' + entry.id).join('');
}

/** A reference of a repository: what it points to; of an alias the name of the reference that it stands for. */
export type SwhidBranch = { name: ByteString } & ({ kind: SwhidKind; hex: string } | { kind: 'alias'; target: ByteString } | { kind: 'dangling' });

const BRANCH_WORDS: { [kind in SwhidKind]: string } = { cnt: 'content', dir: 'directory', rev: 'revision', rel: 'release', snp: 'snapshot' };

/** The body of a snapshot: of each reference, sorted by name, "TYPE NAME NUL LENGTH:TARGET". */
export function printSnapshot(branches: SwhidBranch[]): ByteString {
  return branches.slice().sort((a, b) => compareBytes(a.name, b.name)).map((one) => {
    const target = one.kind === 'dangling' ? '' : one.kind === 'alias' ? one.target : bytesFromHex(one.hex);
    const word = one.kind === 'dangling' || one.kind === 'alias' ? one.kind : BRANCH_WORDS[one.kind];
    return word + ' ' + one.name + '\0' + String(target.length) + ':' + target;
  }).join('');
}
