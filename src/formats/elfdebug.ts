// elfdebug.ts - finds, unpacks and relocates the sections of debug information of an ELF file.
// Knows no DWARF and no decompressor.
import { bytesAt, openSource, sourceOfBytes, startCursor, takeUint, textOfBytes, uintAt } from './bytewindow.ts';
import type { ByteCursor, ByteSource } from './bytewindow.ts';
import type { DwarfSection, DwarfSectionName, OpenDwarfSection } from './dwarf.ts';
import type { ElfFile, ElfSection } from './elffile.ts';
import { ELF_FILE_TYPE, SECTION_FLAG, SECTION_TYPE, hasFlag, sourceOfSection, takeWord } from './elffile.ts';

/**
 * Undoes a compression: at most `sizeBytes` bytes, fewer where `data` is only a beginning, undefined
 * if nothing comes out. Never throws. `zstd` is undefined where this Node.js cannot.
 */
export type Decompressors = { zlib: Decompressor; zstd: Decompressor | undefined };

export type Decompressor = (data: Uint8Array, sizeBytes: number) => Uint8Array | undefined;

const COMPRESSION = { zlib: 1, zstd: 2 } as const;
// Each of the five sections of interest; more is not worth the memory.
const MOST_INFLATED_BYTES = 32 << 20;
const MOST_RELOCATIONS = 200000;
const RELOCATION_NONE = 0;

/** The section .debug_NAME, .zdebug_NAME or, in a split unit's file, .debug_NAME.dwo; undefined if none has content. */
export function findDebugSection(file: ElfFile, name: DwarfSectionName): ElfSection | undefined {
  const names = ['.debug_' + name, '.zdebug_' + name, '.debug_' + name + '.dwo'];
  // In object files a group holds units of types, which have no compiler.
  return file.sections.find((section) =>
    names.includes(section.name) && section.type !== SECTION_TYPE.noBits && !hasFlag(section, SECTION_FLAG.group));
}

/** Opens each section once. What cannot be unpacked becomes a problem of the file. */
export function makeSectionOpener(file: ElfFile, decompressors: Decompressors): OpenDwarfSection {
  const opened = new Map<DwarfSectionName, DwarfSection | undefined>();
  return (name) => {
    if (!opened.has(name)) opened.set(name, openDebugSection(file, name, decompressors));
    return opened.get(name);
  };
}

function openDebugSection(file: ElfFile, name: DwarfSectionName, decompressors: Decompressors): DwarfSection | undefined {
  const section = findDebugSection(file, name);
  if (section === undefined) return undefined;
  const source = unpackSection(file, section, decompressors);
  if (source === undefined) return undefined;
  const relocations = file.fileType === ELF_FILE_TYPE.object ? readRelocations(file, section) : new Map<number, number>();
  return { source, relocate: (at, value) => relocations.get(at) ?? value };
}

/** The two ways to mark compressed sections: a header with a flag (gABI), and before that names with a "z" (GNU). */
function unpackSection(file: ElfFile, section: ElfSection, decompressors: Decompressors): ByteSource | undefined {
  const source = sourceOfSection(file, section);
  if (hasFlag(section, SECTION_FLAG.compressed)) {
    const cursor = startCursor(source, 0);
    const type = takeUint(cursor, 4);
    if (file.bits === 64) takeUint(cursor, 4); // reserved
    const sizeBytes = takeWord(file, cursor);
    takeWord(file, cursor); // alignment
    return inflateSection(file, section, { source, dataAt: cursor.at, type, sizeBytes }, decompressors);
  }
  if (!section.name.startsWith('.zdebug_')) return source;
  if (textOfBytes(bytesAt(source, 0, 4)) !== 'ZLIB') return source;
  // The size is big-endian in all files.
  const header = openSource(source.read, source.startAt, source.sizeBytes, false);
  return inflateSection(file, section, { source, dataAt: 12, type: COMPRESSION.zlib, sizeBytes: uintAt(header, 4, 8) }, decompressors);
}

type PackedSection = { source: ByteSource; dataAt: number; type: number; sizeBytes: number };

function inflateSection(file: ElfFile, section: ElfSection, packed: PackedSection, decompressors: Decompressors): ByteSource | undefined {
  const decompress = packed.type === COMPRESSION.zlib ? decompressors.zlib : packed.type === COMPRESSION.zstd ? decompressors.zstd : undefined;
  if (decompress === undefined) {
    const method = packed.type === COMPRESSION.zstd ? 'zstd, which this Node.js cannot undo' : 'the unknown method ' + packed.type;
    file.problems.add(section.name + ' is compressed with ' + method);
    return undefined;
  }
  let packedBytes = Math.max(0, packed.source.sizeBytes - packed.dataAt);
  if (packed.sizeBytes > MOST_INFLATED_BYTES) {
    file.problems.add('only the beginning of ' + section.name + ' was read, which is large and compressed');
    // Half of what would give the most, because a part may be packed more densely than the whole.
    packedBytes = Math.floor(packedBytes * MOST_INFLATED_BYTES / 2 / packed.sizeBytes);
  }
  const data = bytesAt(packed.source, packed.dataAt, Math.min(packedBytes, MOST_INFLATED_BYTES));
  const bytes = decompress(data, Math.min(packed.sizeBytes, MOST_INFLATED_BYTES));
  if (bytes === undefined) {
    file.problems.add(section.name + ' cannot be decompressed');
    return undefined;
  }
  if (bytes.length < packed.sizeBytes && packed.sizeBytes <= MOST_INFLATED_BYTES) file.problems.add(section.name + ' is damaged');
  return sourceOfBytes(bytes, file.whole.isLittleEndian);
}

/**
 * The values that an object file's linker would write, by their place in the section. Only entries
 * with an addend: where it stands in the section itself, it is the value already, because the symbols
 * of debug sections are 0 until linked. Relocations of the type 0 change nothing (R_X86_64_NONE, and
 * so in all supplements of the System V ABI); the others are taken for those of a whole address.
 */
function readRelocations(file: ElfFile, target: ElfSection): Map<number, number> {
  const values = new Map<number, number>();
  const table = file.sections.find((section) => section.type === SECTION_TYPE.relocationsAddend && section.info === target.index);
  const symbols = table === undefined ? undefined : file.sections[table.link];
  if (table === undefined || symbols === undefined) return values;
  const symbolSource = sourceOfSection(file, symbols);
  const source = sourceOfSection(file, table);
  const cursor = startCursor(source, 0);
  const entryBytes = file.bits === 64 ? 24 : 12;
  const count = Math.min(Math.floor(source.sizeBytes / entryBytes), MOST_RELOCATIONS);
  for (let i = 0; i < count; i++) {
    const at = takeWord(file, cursor);
    const { symbol, type } = takeRelocationInfo(file, cursor);
    const addend = takeWord(file, cursor);
    if (type === RELOCATION_NONE) continue;
    const symbolAt = file.bits === 64 ? symbol * 24 + 8 : symbol * 16 + 4;
    values.set(at, addend + (symbolAt < symbolSource.sizeBytes ? uintAt(symbolSource, symbolAt, file.bits / 8) : 0));
  }
  return values;
}

/** Little-endian 64-bit MIPS has the two in another order: it names no symbol and no type here, and the symbols it means are 0. */
function takeRelocationInfo(file: ElfFile, cursor: ByteCursor): { symbol: number; type: number } {
  if (file.bits === 32) {
    const info = takeUint(cursor, 4);
    return { symbol: Math.floor(info / 0x100), type: info % 0x100 };
  }
  // In halves, because the type is lost where a number of 64 bits is rounded.
  const halves = [takeUint(cursor, 4), takeUint(cursor, 4)];
  const [type, symbol] = file.whole.isLittleEndian ? halves : halves.reverse();
  return { symbol, type };
}
