// archive.ts - which files an archive must have, and as what; what a bag cannot carry. Knows no files, no tar and no zip.
import { codePointAt, compareBytes, isUtf8, utf8SequenceLength } from './bytes.ts';
import type { ByteString } from './bytes.ts';
import { isResultPath } from './graph.ts';
import type { Publication } from './publication.ts';
import type { FileState } from './run.ts';

/** Why a file goes in; of several reasons the first of this list. */
export type ArchiveReason = 'asked for' | 'provenance' | 'result' | 'code' | 'input' | 'tracked' | 'source' | 'document' | 'lock file' | 'link target';

/** A file that goes in. `path`: relative to the project; of a link size and hash are those of what it leads to. */
export type ArchivedFile = {
  path: ByteString;
  kind: '' | 'x' | 'l';
  sizeBytes: number;
  /** SHA-256; '-' of a link to a folder. */
  hash: string;
  /** Text of a link, else ''. */
  target: ByteString;
  reason: ArchiveReason;
};

/** A file that belongs to the project and does not go in. */
export type OmittedFile = {
  /** Relative to the project, or absolute. */
  path: ByteString;
  /** What keeps it out: the rest of a sentence that begins with the path. */
  why: ByteString;
  /** Undefined if nobody has it, or of what may be secret. */
  hash: string | undefined;
  sizeBytes: number | undefined;
  /** Ids of the runs that read it, and of that which made it. */
  readers: string[];
  maker: string | undefined;
};

/** A file that must be as a run left or read it. `runs`: ids. */
export type ArchiveClaim = { file: FileState; role: 'result' | 'input' | 'log'; runs: string[] };

/** Has the file a content by which it can be told whether it changed? */
function hasHash(file: FileState): boolean {
  return file.hash.length === 64;
}

/** A file that a run printed to. */
export type RecordedLog = { file: FileState; runId: string };

/**
 * What the records say of files of the project: current results, inputs that no run made, and what runs printed. An
 * input of which another content is now the current result of its path is left to that; it is among `overwritten`.
 */
export function listArchiveClaims(publication: Publication, logs: RecordedLog[]): { claims: ArchiveClaim[]; overwritten: ArchiveClaim[] } {
  const claims: ArchiveClaim[] = publication.results.map(({ file, runId }) => ({ file, role: 'result', runs: [runId] }));
  const owned = new Set(publication.results.map(({ file }) => file.path));
  const overwritten: ArchiveClaim[] = [];
  for (const { file, readers } of publication.inputs) {
    if (!isResultPath(file.path) || !hasHash(file)) continue;
    (owned.has(file.path) ? overwritten : claims).push({ file, role: 'input', runs: readers });
  }
  for (const { file, runId } of logs) if (/^provenance\/logs\/[^/]+$/.test(file.path)) claims.push({ file, role: 'log', runs: [runId] });
  return { claims, overwritten };
}

function describeRole({ role, runs }: ArchiveClaim): string {
  return role === 'result' ? 'which made it' : role === 'input' ? 'which read it' + (runs.length > 1 ? ' (as did ' + String(runs.length - 1) + ' more)' : '') : 'which printed it';
}

/** Says in what a file is not as claimed; undefined if it is. `found`: as it is now, hash '?' if it cannot be read. */
export function judgeClaim(claim: ArchiveClaim, found: FileState | undefined): { kind: 'missing' | 'changed'; text: ByteString } | undefined {
  const { file, role, runs } = claim;
  const run = 'run ' + runs[runs.length - 1] + ', ' + describeRole(claim);
  if (found === undefined) return { kind: 'missing', text: '"' + file.path + '" is missing: ' + run };
  if (found.hash === '?') return { kind: 'changed', text: '"' + file.path + '" cannot be read: ' + run };
  if (found.hash !== file.hash) return { kind: 'changed', text: '"' + file.path + '" changed since ' + run };
  if (role !== 'log' && found.kind !== file.kind) return { kind: 'changed', text: '"' + file.path + '" has another mode or type since ' + run };
  return undefined;
}

const CONTROLS = /[\0-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]/;
// Space, and what Unicode has as such (White_Space), at either end: readers of manifests take it off.
const EDGE_SPACE = '(?: |\xc2\xa0|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xaf]|\xe2\x81\x9f|\xe3\x80\x80)';
const EDGE_SPACES = new RegExp('^' + EDGE_SPACE + '|' + EDGE_SPACE + '$');

/**
 * Why a bag cannot carry a file of this name; undefined if it can. RFC 8493 would encode LF, CR and "%", but no two
 * programs agree on that; other control characters end a line for some, and a manifest is UTF-8.
 */
export function findBagFault(path: ByteString): string | undefined {
  if (/[\n\r]/.test(path)) return 'the name has a line break';
  if (path.indexOf('%') >= 0) return 'the name has a "%"';
  if (!isUtf8(path)) return 'the name is not UTF-8';
  if (CONTROLS.test(path)) return 'the name has a control character';
  return EDGE_SPACES.test(path) ? 'the name begins or ends in a space' : undefined;
}

/** What of a name counts where neither case nor Unicode normalization does. */
function foldName(path: ByteString): string {
  if (/^[\x00-\x7f]*$/.test(path)) return path.toLowerCase();
  let text = '';
  for (let at = 0; at < path.length; at += Math.max(1, utf8SequenceLength(path, at))) text += String.fromCodePoint(codePointAt(path, at));
  return text.normalize('NFD').toLowerCase();
}

/** Names that are the same where neither case nor Unicode normalization counts: groups of two and more, in the order of the first. */
export function findNameClashes(paths: ByteString[]): ByteString[][] {
  const firsts = new Map<string, ByteString>();
  const groups = new Map<string, ByteString[]>();
  for (const path of paths) {
    const folded = foldName(path);
    const first = firsts.get(folded);
    if (first === undefined) firsts.set(folded, path);
    else if (groups.has(folded)) (groups.get(folded) as ByteString[]).push(path);
    else groups.set(folded, [first, path]);
  }
  return Array.from(firsts.keys()).map((folded) => groups.get(folded)).filter((group): group is ByteString[] => group !== undefined);
}

const DOCUMENT_NAME = /^(?:(?:readme|licen[cs]e|copying|copyright|notice|authors|contributors|citation|changes|changelog|news|install)(?:[._-][^/]*)?|codemeta\.json|\.zenodo\.json)$/i;

/** Is it what tells a stranger of a project: README, LICENSE, CITATION.cff and their like? `name`: without folders. */
export function isDocumentName(name: ByteString): boolean {
  return DOCUMENT_NAME.test(name);
}

/** Names by which make finds rules without being told. */
export const TOP_MAKEFILE_NAMES = ['GNUmakefile', 'makefile', 'Makefile', 'BSDmakefile'];

/** Does the text of a project's own Makefile bring in that of rr? */
export function includesProvenance(makefile: ByteString): boolean {
  return makefile.split('\n').some((line) => /^[ ]*-?s?include(?=[ \t])[^#]*[ \t](?:\.\/)?provenance\/Makefile(?:[ \t\r]|$)/.test(line));
}

export function compareOmitted(a: OmittedFile, b: OmittedFile): number {
  return compareBytes(a.path, b.path) || compareBytes(a.hash ?? '', b.hash ?? '') || compareBytes(a.why, b.why);
}
