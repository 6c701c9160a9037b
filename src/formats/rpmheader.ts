// rpmheader.ts - the header of an installed package in a database of rpm. Knows no database.
//
// A header (rpm's docs/manual/format_header) is two big-endian numbers, how many entries and how many
// bytes of data; then the entries, of four numbers: tag, type, where in the data, how many; then the data.
import type { ByteString } from '../core/bytes.ts';
import type { PackageIdentity } from '../core/packagefact.ts';
import { readUint32 } from './gitindex.ts';
import type { LineSearch } from './linesearch.ts';

const RPM_TAG = { name: 1000, version: 1001, release: 1002, epoch: 1003, architecture: 1022, states: 1029, folderIndexes: 1116, baseNames: 1117, folders: 1118 } as const;
const RPM_ENTRIES_LIMIT = 0xffff; // as in rpm's lib/header.c

// Types of rpm's lib/rpmtag.h: 1 characters, 2 to 5 integers of 1 to 8 bytes, 6 a text, 8 texts, 9 a text in several languages.
const RPM_TYPE_BYTES: { [type: number]: number } = { 3: 2, 4: 4, 5: 8 };
const RPM_TYPES: { [tag: number]: number[] } = {
  1000: [6], 1001: [6], 1002: [6], 1003: [4], 1022: [6], 1029: [1, 2], 1116: [4], 1117: [8], 1118: [8],
};

type RpmEntry = { at: number; count: number };

function readRpmEntries(blob: ByteString): Map<number, RpmEntry> | undefined {
  const count = readUint32(blob, 0);
  const dataAt = 8 + 16 * count;
  const dataBytes = readUint32(blob, 4);
  if (!(count <= RPM_ENTRIES_LIMIT && dataAt + dataBytes <= blob.length)) return undefined;
  const entries = new Map<number, RpmEntry>();
  for (let i = 0; i < count; i++) {
    const at = 8 + 16 * i;
    const [tag, type, place, length] = [0, 4, 8, 12].map((field) => readUint32(blob, at + field));
    // What is of another type than its tag wants, or lies outside, tells nothing.
    const unitBytes = RPM_TYPE_BYTES[type] ?? 1;
    if (RPM_TYPES[tag] === undefined || RPM_TYPES[tag].indexOf(type) < 0 || !(length > 0 && place + length * unitBytes <= dataBytes)) continue;
    entries.set(tag, { at: dataAt + place, count: length });
  }
  return entries;
}

function readRpmText(blob: ByteString, entry: RpmEntry | undefined): ByteString {
  if (entry === undefined) return '';
  const end = blob.indexOf('\0', entry.at);
  return end < 0 ? '' : blob.slice(entry.at, end);
}

function identifyRpm(blob: ByteString, entries: Map<number, RpmEntry>): PackageIdentity {
  const epoch = entries.get(RPM_TAG.epoch);
  return {
    name: readRpmText(blob, entries.get(RPM_TAG.name)),
    // As rpm prints %{EVR}.
    version: (epoch === undefined ? '' : String(readUint32(blob, epoch.at)) + ':')
      + readRpmText(blob, entries.get(RPM_TAG.version)) + '-' + readRpmText(blob, entries.get(RPM_TAG.release)),
    architecture: readRpmText(blob, entries.get(RPM_TAG.architecture)),
  };
}

/** The folders of a header's files, by number; each is found at the first use. */
function makeFolderReader(blob: ByteString, entry: RpmEntry): (index: number) => ByteString | undefined {
  let folders: ByteString[] | undefined;
  return (index) => {
    folders = folders ?? blob.slice(entry.at).split('\0', entry.count);
    return folders[index];
  };
}

// Normal and on a shared disk. The others were replaced by another package's, or not installed.
function isInstalledState(state: number): boolean {
  return !(state > 0) || state === 3;
}

/** Paths to look for, and a search for their last parts, which end with NUL. */
export type RpmQuestion = { paths: Set<ByteString>; baseNames: LineSearch };

/** Calls `visit` for each wanted path that is installed as a file of this package. A malformed header has no files. */
export function findInRpmHeader(blob: ByteString, wanted: RpmQuestion, visit: (path: ByteString, identity: PackageIdentity) => void): void {
  const entries = readRpmEntries(blob);
  const names = entries?.get(RPM_TAG.baseNames);
  const indexes = entries?.get(RPM_TAG.folderIndexes);
  const folderEntry = entries?.get(RPM_TAG.folders);
  if (entries === undefined || names === undefined || indexes === undefined || folderEntry === undefined) return;
  const states = entries.get(RPM_TAG.states);
  const readFolder = makeFolderReader(blob, folderEntry);
  let identity: PackageIdentity | undefined;
  wanted.baseNames.find(blob, (name, index) => {
    const folder = readFolder(readUint32(blob, indexes.at + 4 * index));
    if (folder === undefined || !wanted.paths.has(folder + name)) return;
    if (states !== undefined && index < states.count && !isInstalledState(blob.charCodeAt(states.at + index))) return;
    identity = identity ?? identifyRpm(blob, entries);
    if (identity.name !== '') visit(folder + name, identity);
  }, { start: names.at, count: names.count });
}
