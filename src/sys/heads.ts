// heads.ts - the records that no other names yet: .rr/heads has an empty file ID-HASH-PLACE for each. Judges nothing.
//
// PLACE: 16 digits of the SHA-256 of what .rr/place is known by. A head with another came along with a copy of the
// project or an archive of it, and could name a record with a hash that it never had: it counts for nothing.
//
// Invariants, for any number of writers at once and a kill at any instant
// 1. A head is that of a record that is in place, or about to be given its name with these very bytes.
//    HASH is that of the bytes that its writer wrote.
// 2. A head goes only after a record is in place that names it.
// 3. A record without a head that none names has its mark in .rr/running, and whoever settles that makes the
//    head (store.ts), or it came from elsewhere (a clone, a pull), or was there before .rr/heads.
// So at worst a head is named twice. .rr/heads says nothing that cannot be found again in the records; without
// it, and where none of its records is there, heads are looked for among the newest records.
//
// Nothing here keeps a run from being recorded. What fails is told to the caller, who leaves the mark for the next
// one (invariant 3); where .rr/heads may not be written, or is a link, heads are looked for each time.
import type { ByteString } from '../core/bytes.ts';
import { findHeads, findPrevious, readRecordLink } from '../core/chain.ts';
import type { ChainedRecord } from '../core/chain.ts';
import { Failure } from '../core/failure.ts';
import { recordPath } from '../core/run.ts';
import type { RecordLink } from '../core/run.ts';
import { readUtcMicros } from './clock.ts';
import { errorCode, listFolder, lstatIfThere, makeFolder, readRegularIfThere, removeIfThere, toFsPath } from './files.ts';
import { hashBytes } from './hash.ts';
import { fs } from './node.ts';
import { describeOwnPlace, makePlace } from './project.ts';
import type { Project } from './project.ts';
import { listMonth, listMonths } from './recordfiles.ts';

/** More a record does not name; the next one names the rest. */
const MOST_PREVIOUS = 256;
/** Among so many of the newest records heads are looked for. */
const NEWEST_LOOKED_AT = 256;
const LARGEST_LOOKED_AT = 16 << 20;
const STALE_MS = 86400000;

/** Of what looks, and of what can come later, failures of the file system are passed over; a mistake of rr's is not. */
function passOverFaults(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Failure) && errorCode(error) === '') throw error;
  }
}

/** PLACE in the names of this project's own heads, with '-' before it; '' if no head is its own. */
function placeEnding(place: string | undefined): string {
  return place === undefined ? '' : '-' + hashBytes(place).slice(0, 16);
}

function headName(project: Project, { id, hash }: RecordLink): ByteString {
  return project.own + '/heads/' + id + '-' + hash + placeEnding(makePlace(project));
}

/** `isThere`: is its record? isOwn: was it made here? */
type HeadFile = RecordLink & { file: ByteString; isThere: boolean; isOwn: boolean };

/** The heads whose files are there, in the order of ids. */
function listHeadFiles(project: Project): HeadFile[] {
  const folder = project.own + '/heads';
  if (lstatIfThere(folder)?.isDirectory() !== true) return []; // a link would lead out of the project
  const ending = placeEnding(describeOwnPlace(project));
  const heads: HeadFile[] = [];
  for (const name of listFolder(folder).sort()) {
    const parts = /^(.*)-([0-9a-f]{64})(-[0-9a-f]{16})?$/.exec(name);
    const link = parts === null ? undefined : readRecordLink(parts[1] + ' ' + parts[2]);
    if (link === undefined || parts === null) continue;
    heads.push({ ...link, file: folder + '/' + name, isThere: lstatIfThere(project.provenance + '/' + recordPath(link.id)) !== undefined, isOwn: ending !== '' && parts[3] === ending });
  }
  return heads;
}

/** A record as it lies there; undefined if it cannot be read. */
function readChained(project: Project, id: string): ChainedRecord | undefined {
  const name = project.provenance + '/' + recordPath(id);
  const stat = lstatIfThere(name);
  if (stat === undefined || !stat.isFile() || stat.size > LARGEST_LOOKED_AT) return undefined;
  const text = readRegularIfThere(name);
  return text === undefined ? undefined : { id, hash: hashBytes(text), previous: findPrevious(text) };
}

/** The newest records, at most so many, in the order of ids. */
function readNewest(project: Project, most: number): ChainedRecord[] {
  let ids: string[] = [];
  const months = listMonths(project, 'runs');
  for (let at = months.length - 1; at >= 0 && ids.length < most; at--) ids = listMonth(project, 'runs', months[at]).ids.concat(ids);
  const records: ChainedRecord[] = [];
  for (const id of ids.slice(-most)) {
    const record = readChained(project, id);
    if (record !== undefined) records.push(record);
  }
  return records;
}

/** What the record of this run is to name. */
export function readHeads(project: Project, self: string): RecordLink[] {
  let heads: RecordLink[] = [];
  passOverFaults(() => {
    heads = listHeadFiles(project).filter((head) => head.isThere && head.isOwn);
    if (heads.length === 0) heads = findHeads(readNewest(project, NEWEST_LOOKED_AT));
  });
  return heads.filter((head) => head.id !== self).slice(0, MOST_PREVIOUS).map(({ id, hash }) => ({ id, hash }));
}

function touchHead(project: Project, head: RecordLink): void {
  const create = (): void => fs.closeSync(fs.openSync(toFsPath(headName(project, head)), 'a'));
  try {
    create();
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    makeFolder(project.own + '/heads');
    create();
  }
}

function hasPlainFolder(project: Project): boolean {
  return lstatIfThere(project.own + '/heads')?.isSymbolicLink() !== true;
}

const CLOSED = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ELOOP'];

/** Does that in .rr/heads, if rr may write there. Throws what the system says of a full disk and its like. */
function changeHeads(project: Project, change: () => void): void {
  if (!hasPlainFolder(project)) return;
  try {
    change();
  } catch (error) {
    if (CLOSED.indexOf(errorCode(error)) < 0) throw error;
  }
}

/** Makes the head of a record (invariant 1). Throws what the system says. */
export function addHead(project: Project, head: RecordLink): void {
  changeHeads(project, () => touchHead(project, head));
}

/** Takes away the heads of records that a record in place names (invariant 2). */
export function dropHeads(project: Project, named: RecordLink[]): void {
  passOverFaults(() => { if (hasPlainFolder(project)) for (const head of named) removeIfThere(headName(project, head)); });
}

/** A record is in place: its head takes the place of those that it names. Throws what the system says if it cannot be made. */
export function advanceHeads(project: Project, record: RecordLink, named: RecordLink[]): void {
  changeHeads(project, () => {
    // By rename where that can be, as it costs half of making one file and removing another.
    const isRenamed = named.length > 0 && renameHead(project, named[0], record);
    if (!isRenamed) touchHead(project, record);
    dropHeads(project, named.slice(isRenamed ? 1 : 0));
  });
}

/** False if that cannot be: perhaps another writer named the one before, too. */
function renameHead(project: Project, before: RecordLink, record: RecordLink): boolean {
  try {
    fs.renameSync(toFsPath(headName(project, before)), toFsPath(headName(project, record)));
    return true;
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return false;
  }
}

/** Makes the head of a record that is in place and that perhaps none names. Throws what the system says. */
export function addHeadOf(project: Project, id: string): void {
  const record = readChained(project, id);
  if (record !== undefined) addHead(project, record);
}

/**
 * Finds the heads again, of all records (`records`, in the order of ids) or of the newest, so that those that
 * came from elsewhere are named by the next record. Of records that neither name one nor are named, as rr wrote
 * them before, only the newest count.
 */
export function refreshHeads(project: Project, records: ChainedRecord[] | undefined): void {
  passOverFaults(() => {
    if (lstatIfThere(project.own)?.isDirectory() !== true) return;
    const there = listHeadFiles(project);
    const looked = records ?? readNewest(project, NEWEST_LOOKED_AT * 16);
    const newest = looked.slice(-NEWEST_LOOKED_AT)[0]?.id ?? '';
    const heads = findHeads(looked).filter((record) => record.previous.length > 0 || record.id >= newest);
    const isHead = new Set(heads.map((head) => head.id));
    const known = new Set(there.filter((head) => head.isOwn).map((head) => head.id));
    const named = new Set<string>();
    for (const record of looked) for (const link of record.previous) named.add(link.id);
    for (const head of heads) if (!known.has(head.id)) addHead(project, head);
    for (const head of there) {
      const isStale = !head.isThere && readUtcMicros() / 1000 - (lstatIfThere(head.file)?.mtimeMs ?? Infinity) > STALE_MS;
      if (!head.isOwn || isStale || (named.has(head.id) && !isHead.has(head.id))) removeIfThere(head.file);
    }
  });
}
