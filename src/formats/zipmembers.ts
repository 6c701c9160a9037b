// zipmembers.ts - the members of a zip archive (APPNOTE.TXT 6.3.10, and Info-ZIP's extra fields). Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { dropEndSlashes } from '../core/names.ts';
import { textOfBytes } from './bytewindow.ts';
import type { Archive, ArchiveReading, Member } from './members.ts';
import type { ZipDirectory, ZipEntry } from './zip.ts';
import { ZIP_LOCAL_HEADER_BYTES, ZIP_TAIL_BYTES, findZipData, findZipLocalExtra, parseZip64Record, parseZipEnd, parseZipEntries, parseZipExtra } from './zip.ts';

const MOST_DIRECTORY_PART_BYTES = 1 << 26;

// Systems that keep a Unix mode: Unix itself and macOS.
const SYSTEMS_WITH_MODE = [3, 19];
const TYPE_BITS = 0o170000;
const LINK_BITS = 0o120000;
const FOLDER_BITS = 0o040000;

/** What extra fields tell that may differ; that of the sizes of Zip64 tells nothing else. */
const EXTRA_FACTS: { [id: number]: string } = {
  1: '', 0x000a: 'modification times', 0x5455: 'modification times', 0x5855: 'modification times', 0x7855: 'owners', 0x7875: 'owners',
};

/** All members, in the order of the directory; no more than `mostMembers`. Never throws. */
export function readZip(bytes: Uint8Array, mostMembers: number): ArchiveReading {
  const tailBytes = Math.min(bytes.length, ZIP_TAIL_BYTES);
  const end = parseZipEnd(textOfBytes(bytes.subarray(bytes.length - tailBytes)));
  const directory = end === undefined || end.kind === 'directory' ? end?.directory : parseZip64Record(textOfBytes(bytes.subarray(end.recordOffset, end.recordOffset + 56)));
  if (directory === undefined || directory.offset + directory.sizeBytes > bytes.length) return { kind: 'unreadable', why: 'it is cut off' };
  // With anything between, others take the directory to lie that much later: which of two archives it is, nobody can say.
  const directoryEnd = end?.kind === 'zip64' ? end.recordOffset : bytes.length - tailBytes + (end?.endAt ?? 0);
  if (directory.offset + directory.sizeBytes !== directoryEnd) return { kind: 'unreadable', why: 'its directory is not where it says' };
  if (directory.sizeBytes > MOST_DIRECTORY_PART_BYTES) return { kind: 'unreadable', why: 'its directory is too large' };
  const entries = parseZipEntries(textOfBytes(bytes.subarray(directory.offset, directory.offset + directory.sizeBytes)));
  if (entries.reduce((sum, entry) => sum + entry.entryBytes, 0) !== directory.sizeBytes) return { kind: 'unreadable', why: 'its directory is damaged' };
  if (entries.length > mostMembers) return { kind: 'unreadable', why: 'it has more than ' + String(mostMembers) + ' members' };
  // Members that share bytes make an archive that unpacks to any size, and takes as long to read.
  if (entries.reduce((sum, entry) => sum + entry.packedBytes, 0) > bytes.length) return { kind: 'unreadable', why: 'its members overlap' };
  return makeArchive(bytes, directory, entries);
}

function makeArchive(bytes: Uint8Array, directory: ZipDirectory, entries: ZipEntry[]): ArchiveReading {
  const archive: Archive = { members: [], facts: new Map() };
  for (const entry of entries) {
    const start = textOfBytes(bytes.subarray(entry.offset, entry.offset + ZIP_LOCAL_HEADER_BYTES));
    const skip = findZipData(start);
    if (skip === undefined || entry.offset + skip + entry.packedBytes > bytes.length) return { kind: 'unreadable', why: 'one of its members is cut off' };
    const dataAt = entry.offset + skip;
    const localExtra = textOfBytes(bytes.subarray(entry.offset + findZipLocalExtra(start), dataAt));
    archive.members.push(makeZipMember(entry, bytes.subarray(dataAt, dataAt + entry.packedBytes), localExtra));
  }
  // The comment of the archive is the last thing in it.
  const rest = textOfBytes(bytes.subarray(directory.offset + directory.sizeBytes));
  archive.facts.set('comments', rest.slice(rest.lastIndexOf('PK\x05\x06') + 22));
  return { kind: 'archive', archive };
}

function makeZipMember(entry: ZipEntry, packed: Uint8Array, localExtra: ByteString): Member {
  const { name, method, sizeBytes, crc } = entry;
  const bits = SYSTEMS_WITH_MODE.indexOf(entry.system) >= 0 ? entry.attributes >>> 16 : 0;
  const isEncrypted = (entry.flags & 1) === 1;
  const isFolder = (bits & TYPE_BITS) === FOLDER_BITS || name.endsWith('/');
  const packing = method === 0 ? 'stored' : method === 8 ? 'deflated' : 'packed by method ' + String(method);
  return {
    name: isFolder ? dropEndSlashes(name) || '/' : name,
    type: isFolder ? 'folder' : (bits & TYPE_BITS) === LINK_BITS ? 'link' : 'file',
    mode: bits === 0 ? undefined : bits & 0o7777, facts: findZipFacts(entry, localExtra),
    packed, packing: isEncrypted ? 'encrypted, ' + packing : packing, sizeBytes, crc, obstacle: isEncrypted ? 'it is encrypted' : 'it is ' + packing,
  };
}

function findZipFacts(entry: ZipEntry, localExtra: ByteString): Map<string, ByteString> {
  const facts = new Map<string, ByteString>([['system of origin', String(entry.system)], ['compression', String(entry.method)]]);
  facts.set('comments', entry.comment);
  facts.set('modification times', entry.time);
  for (const { id, data } of parseZipExtra(entry.extra)) {
    const fact = EXTRA_FACTS[id] ?? 'extra fields';
    if (fact !== '') facts.set(fact, (facts.get(fact) ?? '') + String(id) + '=' + data);
  }
  // In front of the data these fields say more: owners, and times of access and creation.
  for (const { id, data } of parseZipExtra(localExtra)) {
    const fact = id === 0x5455 ? 'times of access and creation' : EXTRA_FACTS[id] ?? 'extra fields';
    // Flags and modification time, which the directory has too.
    if (fact !== '') facts.set(fact, (facts.get(fact) ?? '') + String(id) + '=' + (id === 0x5455 ? data.slice(5) : data));
  }
  return facts;
}
