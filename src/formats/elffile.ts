// elffile.ts - the tables of an ELF file: which sections and segments lie where (System V ABI, gABI 4.1).
// Knows nothing of what is in them.
import type { ByteString } from '../core/bytes.ts';
import type { ByteCursor, ByteReader, ByteSource } from './bytewindow.ts';
import { isSpent, openSource, startCursor, takeUint, textAt, textOfBytes, uintAt } from './bytewindow.ts';

export type ElfSection = { index: number; name: ByteString; type: number; flags: number; offset: number; sizeBytes: number; link: number; info: number };

export type ElfSegment = { type: number; offset: number; address: number; sizeBytes: number; alignBytes: number };

export type ElfFile = {
  whole: ByteSource;
  bits: 32 | 64;
  fileType: number;
  sections: ElfSection[];
  segments: ElfSegment[];
  problems: Set<ByteString>;
};

export const ELF_FILE_TYPE = { object: 1, executable: 2, shared: 3, core: 4 } as const;
export const SECTION_TYPE = { symbols: 2, relocationsAddend: 4, note: 7, noBits: 8 } as const;
export const SECTION_FLAG = { group: 0x200, compressed: 0x800 } as const;
export const SEGMENT_TYPE = { load: 1, dynamic: 2, interpreter: 3, note: 4 } as const;

const MOST_SECTIONS = 200000;
const MOST_SEGMENTS = 1000;
const LONGEST_SECTION_NAME_BYTES = 64;

/** The header with the tables of sections and segments; what of them lies beyond the end is left out. */
export function openElf(read: ByteReader, sizeBytes: number): ElfFile | undefined {
  const ident = read(0, 16);
  if (ident.length < 16 || textOfBytes(ident.subarray(0, 4)) !== '\x7fELF') return undefined;
  if (ident[4] < 1 || ident[4] > 2 || ident[5] < 1 || ident[5] > 2) return undefined;
  const bits = ident[4] === 2 ? 64 : 32;
  const headerBytes = bits === 64 ? 64 : 52;
  if (sizeBytes < headerBytes) return undefined;
  const whole = openSource(read, 0, sizeBytes, ident[5] === 1);
  const file: ElfFile = { whole, bits, fileType: uintAt(whole, 16, 2), sections: [], segments: [], problems: new Set() };
  readSections(file);
  readSegments(file);
  return file;
}

/** Moved on by each call: a number of the file's own word size. */
export function takeWord(file: ElfFile, cursor: ByteCursor): number {
  return takeUint(cursor, file.bits / 8);
}

function readSections(file: ElfFile): void {
  const is64 = file.bits === 64;
  const tableAt = uintAt(file.whole, is64 ? 40 : 32, file.bits / 8);
  const entryBytes = uintAt(file.whole, is64 ? 58 : 46, 2);
  let count = uintAt(file.whole, is64 ? 60 : 48, 2);
  let namesIndex = uintAt(file.whole, is64 ? 62 : 50, 2);
  if (tableAt === 0 || entryBytes < (is64 ? 64 : 40)) return;
  // What does not fit into 16 bits stands in the first section, which is none.
  const first = readSection(file, tableAt);
  if (count === 0) count = first.sizeBytes;
  if (namesIndex === 0xffff) namesIndex = first.link;
  const fitting = Math.max(0, Math.floor((file.whole.sizeBytes - tableAt) / entryBytes));
  if (count > fitting) file.problems.add('the file is cut off');
  if (count > MOST_SECTIONS) file.problems.add('only the first ' + MOST_SECTIONS + ' sections were read');
  count = Math.min(count, fitting, MOST_SECTIONS);
  if (namesIndex >= count) return;
  const source = sourceOfSection(file, readSection(file, tableAt + namesIndex * entryBytes));
  for (let i = 0; i < count; i++) {
    const section = readSection(file, tableAt + i * entryBytes);
    section.index = i;
    section.name = textAt(source, section.nameAt, LONGEST_SECTION_NAME_BYTES);
    file.sections.push(section);
  }
}

function readSection(file: ElfFile, at: number): ElfSection & { nameAt: number } {
  const cursor = startCursor(file.whole, at);
  const nameAt = takeUint(cursor, 4);
  const type = takeUint(cursor, 4);
  const flags = takeWord(file, cursor);
  takeWord(file, cursor); // address
  const offset = takeWord(file, cursor);
  const sizeBytes = takeWord(file, cursor);
  return { index: -1, name: '', nameAt, type, flags, offset, sizeBytes, link: takeUint(cursor, 4), info: takeUint(cursor, 4) };
}

function readSegments(file: ElfFile): void {
  const is64 = file.bits === 64;
  const tableAt = uintAt(file.whole, is64 ? 32 : 28, file.bits / 8);
  const entryBytes = uintAt(file.whole, is64 ? 54 : 42, 2);
  const count = Math.min(uintAt(file.whole, is64 ? 56 : 44, 2), MOST_SEGMENTS);
  if (tableAt === 0 || entryBytes < (is64 ? 56 : 32)) return;
  for (let i = 0; i < count; i++) {
    const cursor = startCursor(file.whole, tableAt + i * entryBytes);
    const type = takeUint(cursor, 4);
    if (is64) takeUint(cursor, 4); // flags, which 32-bit files have further down
    const offset = takeWord(file, cursor);
    const address = takeWord(file, cursor);
    takeWord(file, cursor); // physical address
    const sizeBytes = takeWord(file, cursor);
    takeWord(file, cursor); // size in memory
    if (!is64) takeUint(cursor, 4);
    const alignBytes = takeWord(file, cursor);
    if (isSpent(cursor)) {
      file.problems.add('the file is cut off');
      return;
    }
    file.segments.push({ type, offset, address, sizeBytes, alignBytes });
  }
}

/** A section's bytes, as much of them as the file has. */
export function sourceOfSection(file: ElfFile, section: ElfSection): ByteSource {
  const claimedBytes = section.type === SECTION_TYPE.noBits ? 0 : section.sizeBytes;
  const sizeBytes = Math.max(0, Math.min(claimedBytes, file.whole.sizeBytes - section.offset));
  if (sizeBytes < claimedBytes) file.problems.add('the file is cut off');
  return openSource(file.whole.read, section.offset, sizeBytes, file.whole.isLittleEndian);
}

/** Files of debug information keep the table of segments, but not what it points to. */
export function isOnlyDebug(file: ElfFile): boolean {
  return file.sections.some((section) => section.type === SECTION_TYPE.noBits && /^\.(interp|dynamic|text)$/.test(section.name));
}

/** Where in the file the byte lies that is loaded to an address. */
export function findOffset(file: ElfFile, address: number): number | undefined {
  for (const segment of file.segments) {
    const distance = address - segment.address;
    if (segment.type === SEGMENT_TYPE.load && distance >= 0 && distance < segment.sizeBytes) return segment.offset + distance;
  }
  return undefined;
}

/** Flags may be of 64 bits, where "&" takes 32. */
export function hasFlag(section: ElfSection, flag: number): boolean {
  return Math.floor(section.flags / flag) % 2 === 1;
}
