// dwarf.ts - which compiler, with which flags, made each unit of a program, out of its debug information
// (DWARF 2 to 5, dwarfstd.org). Knows no ELF, no compression and no files.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import type { ByteCursor, ByteSource, Fuel } from './bytewindow.ts';
import { isSpent, skipBytes, takeText, takeUint, takeUleb128, textAt, uintAt } from './bytewindow.ts';

/** A compiler as it names itself (DW_AT_producer) in `units` compile units of one source language. */
export type Producer = { text: ByteString; language: string | undefined; units: number };

export type DwarfSectionName = 'info' | 'abbrev' | 'str' | 'line_str' | 'str_offsets';

/**
 * A section as it is when unpacked. `relocate` gives the value meant where an offset into another
 * section stands: in object files that number is written only by the linker.
 */
export type DwarfSection = { source: ByteSource; relocate: (at: number, value: number) => number };

/** A section; undefined where there is none. Asked only for what is needed, again and again. */
export type OpenDwarfSection = (name: DwarfSectionName) => DwarfSection | undefined;

const MOST_DWARF_UNITS = 100000;
const MOST_DEBUG_BYTES = 64 << 20;
const MOST_PRODUCERS = 1000;
const MOST_ATTRIBUTES = 64;
const MOST_KEPT_DECLARATIONS = 10000;
const LONGEST_PRODUCER_BYTES = 1 << 16;

// Names as in DWARF 5, without DW_UT_, DW_TAG_, DW_AT_ and DW_FORM_.
const DWARF_UNIT_TYPE = { compile: 1, type: 2, partial: 3, skeleton: 4, splitCompile: 5, splitType: 6 } as const;
const TAG_COMPILE_UNIT = 0x11;
const TAG_SKELETON_UNIT = 0x4a;
const DWARF_ATTRIBUTE = { language: 0x13, producer: 0x25, strOffsetsBase: 0x72, dwoName: 0x76, gnuDwoName: 0x2130 } as const;
const DWARF_FORM = {
  addr: 0x01, block2: 0x03, block4: 0x04, string: 0x08, block: 0x09, block1: 0x0a, strp: 0x0e, refAddr: 0x10, indirect: 0x16,
  exprloc: 0x18, strx: 0x1a, strpSup: 0x1d, data16: 0x1e, lineStrp: 0x1f, implicitConst: 0x21,
  strx1: 0x25, strx2: 0x26, strx3: 0x27, strx4: 0x28, gnuStrIndex: 0x1f02, gnuStrpAlt: 0x1f21,
} as const;

/** Forms that are numbers of so many bytes. */
const FIXED_FORMS: { [form: number]: number } = {
  0x05: 2, 0x06: 4, 0x07: 8, 0x0b: 1, 0x0c: 1, 0x11: 1, 0x12: 2, 0x13: 4, 0x14: 8, 0x19: 0, 0x1c: 4, 0x20: 8, 0x24: 8,
  0x25: 1, 0x26: 2, 0x27: 3, 0x28: 4, 0x29: 1, 0x2a: 2, 0x2b: 3, 0x2c: 4,
};
/** Forms that are LEB128: sdata, udata, ref_udata, strx, addrx, loclistx, rnglistx, GNU_addr_index, GNU_str_index. */
const LEB128_FORMS = [0x0d, 0x0f, 0x15, 0x1a, 0x1b, 0x22, 0x23, 0x1f01, 0x1f02];
/** Forms that are offsets of 4 bytes, or 8 in 64-bit DWARF: strp, sec_offset, strp_sup, line_strp, GNU_ref_alt, GNU_strp_alt. */
const OFFSET_FORMS = [0x0e, 0x17, 0x1d, 0x1f, 0x1f20, 0x1f21];

/** DW_LANG_*, as https://dwarfstd.org/languages.html has them. */
const DWARF_LANGUAGES: { [code: number]: string } = {
  0x01: 'C89', 0x02: 'C', 0x03: 'Ada 83', 0x04: 'C++', 0x05: 'COBOL 74', 0x06: 'COBOL 85', 0x07: 'Fortran 77',
  0x08: 'Fortran 90', 0x09: 'Pascal', 0x0a: 'Modula-2', 0x0b: 'Java', 0x0c: 'C99', 0x0d: 'Ada 95', 0x0e: 'Fortran 95',
  0x0f: 'PL/I', 0x10: 'Objective-C', 0x11: 'Objective-C++', 0x12: 'UPC', 0x13: 'D', 0x14: 'Python', 0x15: 'OpenCL',
  0x16: 'Go', 0x17: 'Modula-3', 0x18: 'Haskell', 0x19: 'C++03', 0x1a: 'C++11', 0x1b: 'OCaml', 0x1c: 'Rust',
  0x1d: 'C11', 0x1e: 'Swift', 0x1f: 'Julia', 0x20: 'Dylan', 0x21: 'C++14', 0x22: 'Fortran 2003', 0x23: 'Fortran 2008',
  0x24: 'RenderScript', 0x25: 'BLISS', 0x26: 'Kotlin', 0x27: 'Zig', 0x28: 'Crystal', 0x2a: 'C++17', 0x2b: 'C++20',
  0x2c: 'C17', 0x2d: 'Fortran 2018', 0x2e: 'Ada 2005', 0x2f: 'Ada 2012', 0x30: 'HIP', 0x31: 'assembly', 0x32: 'C#',
  0x33: 'Mojo', 0x34: 'GLSL', 0x35: 'GLSL ES', 0x36: 'HLSL', 0x37: 'OpenCL C++', 0x38: 'C++ for OpenCL', 0x39: 'SYCL',
  0x3a: 'C++23', 0x3b: 'Odin', 0x3c: 'P4', 0x3d: 'Metal', 0x3e: 'C23', 0x3f: 'Fortran 2023', 0x8001: 'assembly',
};

type DwarfReading = {
  open: OpenDwarfSection;
  fuel: Fuel;
  problems: Set<ByteString>;
  /** By place of the table and code. */
  declarations: Map<string, DwarfDeclaration | undefined>;
  /** Texts by section and offset: a linker keeps one copy of the flags of all units. */
  texts: Map<string, ByteString>;
  producers: Map<ByteString, Producer>;
};

/** What an abbreviation stands for; attributes and forms take turns in `attributes`. */
type DwarfDeclaration = { tag: number; attributes: number[] };

type DwarfUnit = {
  version: number;
  kind: number;
  offsetBytes: 4 | 8;
  addressBytes: number;
  abbreviationsAt: number;
  firstEntryAt: number;
  endAt: number;
};

/** A text, or where it is found. */
type TextPlace = { form: number; value: number; text: ByteString };

/**
 * The producers of all compile units, most units first, then in the order of bytes; [] without debug
 * information. What could not be read is told once each in `problems`. At most 100,000 units and
 * 64 MiB are looked at.
 */
export function readProducers(open: OpenDwarfSection, problems: Set<ByteString>): Producer[] {
  const info = open('info');
  if (info === undefined) return [];
  const fuel = { bytesLeft: MOST_DEBUG_BYTES };
  const reading: DwarfReading = { open, fuel, problems, declarations: new Map(), texts: new Map(), producers: new Map() };
  let at = 0;
  for (let count = 0; at < info.source.sizeBytes; count++) {
    if (count === MOST_DWARF_UNITS || fuel.bytesLeft < 0 || reading.producers.size > MOST_PRODUCERS) {
      problems.add('only the first ' + count + ' units of the debug information were read');
      break;
    }
    const unit = readUnit(reading, info, at);
    if (unit === undefined) break;
    if (unit.kind === DWARF_UNIT_TYPE.compile || unit.kind === DWARF_UNIT_TYPE.skeleton || unit.kind === DWARF_UNIT_TYPE.splitCompile) {
      readFirstEntry(reading, info, unit);
    }
    at = unit.endAt;
  }
  return Array.from(reading.producers.values()).sort((a, b) =>
    b.units - a.units || compareBytes(a.text, b.text) || compareBytes(a.language ?? '', b.language ?? ''));
}

/** The header of a unit (DWARF 5, 7.5.1); undefined if nothing can be found behind it. */
function readUnit(reading: DwarfReading, info: DwarfSection, at: number): DwarfUnit | undefined {
  const cursor: ByteCursor = { source: info.source, at, fuel: reading.fuel };
  let lengthBytes = takeUint(cursor, 4);
  const offsetBytes = lengthBytes === 0xffffffff ? 8 : 4;
  if (offsetBytes === 8) lengthBytes = takeUint(cursor, 8);
  else if (lengthBytes >= 0xfffffff0) lengthBytes = Infinity;
  const unit: DwarfUnit = {
    version: 0, kind: 0, offsetBytes, addressBytes: 0, abbreviationsAt: 0, firstEntryAt: 0, endAt: cursor.at + lengthBytes,
  };
  if (unit.endAt > info.source.sizeBytes) reading.problems.add('the debug information is cut off');
  if (lengthBytes === 0) return unit; // padding
  unit.version = takeUint(cursor, 2);
  if (isSpent(cursor)) return undefined;
  if (unit.version < 2 || unit.version > 5) {
    reading.problems.add('debug information of DWARF version ' + unit.version + ' cannot be read');
    return unit;
  }
  unit.kind = unit.version === 5 ? takeUint(cursor, 1) : DWARF_UNIT_TYPE.compile;
  if (unit.version === 5) unit.addressBytes = takeUint(cursor, 1);
  const placeAt = cursor.at;
  unit.abbreviationsAt = info.relocate(placeAt, takeUint(cursor, offsetBytes));
  if (unit.version < 5) unit.addressBytes = takeUint(cursor, 1);
  if (unit.kind === DWARF_UNIT_TYPE.skeleton || unit.kind === DWARF_UNIT_TYPE.splitCompile) skipBytes(cursor, 8); // dwo_id
  unit.firstEntryAt = cursor.at;
  return isSpent(cursor) ? undefined : unit;
}

/** Counts the unit whose first entry tells a producer. */
function readFirstEntry(reading: DwarfReading, info: DwarfSection, unit: DwarfUnit): void {
  const cursor: ByteCursor = { source: info.source, at: unit.firstEntryAt, fuel: reading.fuel };
  const code = takeUleb128(cursor);
  if (code === 0 || isSpent(cursor)) return;
  const declaration = findDeclaration(reading, unit.abbreviationsAt, code);
  if (declaration === undefined) {
    reading.problems.add('the debug information has a unit without description');
    return;
  }
  if (declaration.tag !== TAG_COMPILE_UNIT && declaration.tag !== TAG_SKELETON_UNIT) return;
  let producer: TextPlace | undefined;
  let language: number | undefined;
  let isElsewhere = declaration.tag === TAG_SKELETON_UNIT;
  // Without DW_AT_str_offsets_base (only split units may lack it) the table begins behind its header.
  let textTableAt = unit.version < 5 ? 0 : unit.offsetBytes * 2;
  for (let i = 0; i + 1 < declaration.attributes.length; i += 2) {
    const attribute = declaration.attributes[i];
    const value = takeAttributeValue(reading, info, unit, cursor, declaration.attributes[i + 1]);
    // What lies behind the end belongs to the next unit.
    if (cursor.at > unit.endAt) reading.problems.add('the debug information has a unit that is cut off');
    if (value === undefined || cursor.at > unit.endAt) break;
    if (attribute === DWARF_ATTRIBUTE.producer) producer = value;
    else if (attribute === DWARF_ATTRIBUTE.language) language = value.value;
    else if (attribute === DWARF_ATTRIBUTE.strOffsetsBase) textTableAt = value.value;
    else if (attribute === DWARF_ATTRIBUTE.dwoName || attribute === DWARF_ATTRIBUTE.gnuDwoName) isElsewhere = true;
  }
  if (producer !== undefined) countProducer(reading, resolveText(reading, unit, producer, textTableAt), language);
  else if (isElsewhere && unit.kind !== DWARF_UNIT_TYPE.splitCompile) reading.problems.add('debug information lies in .dwo files');
}

function countProducer(reading: DwarfReading, text: ByteString | undefined, languageCode: number | undefined): void {
  if (text === undefined || text === '') return;
  const language = languageCode === undefined ? undefined : DWARF_LANGUAGES[languageCode] ?? 'language ' + languageCode;
  const key = (language ?? '') + '\0' + text;
  const known = reading.producers.get(key);
  if (known === undefined) reading.producers.set(key, { text, language, units: 1 });
  else known.units++;
}

/** The declaration of an abbreviation's code in the table at `tableAt` (DWARF 5, 7.5.3). */
function findDeclaration(reading: DwarfReading, tableAt: number, code: number): DwarfDeclaration | undefined {
  const key = tableAt + ' ' + code;
  if (reading.declarations.has(key)) return reading.declarations.get(key);
  const table = reading.open('abbrev');
  if (table === undefined) return undefined;
  const cursor: ByteCursor = { source: table.source, at: tableAt, fuel: reading.fuel };
  let found: DwarfDeclaration | undefined;
  while (found === undefined && !isSpent(cursor)) {
    const own = takeUleb128(cursor);
    if (own === 0) break;
    const declaration = takeDeclaration(cursor);
    if (own === code && !isSpent(cursor)) found = declaration;
  }
  if (reading.declarations.size < MOST_KEPT_DECLARATIONS) reading.declarations.set(key, found);
  return found;
}

function takeDeclaration(cursor: ByteCursor): DwarfDeclaration {
  const declaration: DwarfDeclaration = { tag: takeUleb128(cursor), attributes: [] };
  takeUint(cursor, 1); // has it children?
  while (!isSpent(cursor)) {
    const attribute = takeUleb128(cursor);
    const form = takeUleb128(cursor);
    if (attribute === 0 && form === 0) break;
    if (form === DWARF_FORM.implicitConst) takeUleb128(cursor); // signed, but as long
    if (declaration.attributes.length < MOST_ATTRIBUTES * 2) declaration.attributes.push(attribute, form);
  }
  return declaration;
}

/** The value at the cursor, as far as it is a number or a text; undefined if it has no known end. */
function takeAttributeValue(reading: DwarfReading, info: DwarfSection, unit: DwarfUnit, cursor: ByteCursor, declaredForm: number): TextPlace | undefined {
  const form = declaredForm === DWARF_FORM.indirect ? takeUleb128(cursor) : declaredForm;
  const at = cursor.at;
  const place: TextPlace = { form, value: 0, text: '' };
  if (FIXED_FORMS[form] !== undefined) place.value = takeFixed(cursor, FIXED_FORMS[form]);
  else if (OFFSET_FORMS.includes(form)) place.value = info.relocate(at, takeUint(cursor, unit.offsetBytes));
  else if (LEB128_FORMS.includes(form)) place.value = takeUleb128(cursor);
  else if (form === DWARF_FORM.string) place.text = takeText(cursor, LONGEST_PRODUCER_BYTES);
  else if (form === DWARF_FORM.addr) skipBytes(cursor, unit.addressBytes);
  else if (form === DWARF_FORM.refAddr) skipBytes(cursor, unit.version === 2 ? unit.addressBytes : unit.offsetBytes);
  else if (form === DWARF_FORM.data16) skipBytes(cursor, 16);
  else if (form === DWARF_FORM.block || form === DWARF_FORM.exprloc) skipBytes(cursor, takeUleb128(cursor));
  else if (form === DWARF_FORM.block1) skipBytes(cursor, takeUint(cursor, 1));
  else if (form === DWARF_FORM.block2) skipBytes(cursor, takeUint(cursor, 2));
  else if (form === DWARF_FORM.block4) skipBytes(cursor, takeUint(cursor, 4));
  else if (form !== DWARF_FORM.implicitConst) {
    reading.problems.add('the debug information has values of the unknown form ' + form);
    return undefined;
  }
  return isSpent(cursor) ? undefined : place;
}

function takeFixed(cursor: ByteCursor, lengthBytes: number): number {
  return lengthBytes === 0 ? 0 : takeUint(cursor, lengthBytes);
}

function resolveText(reading: DwarfReading, unit: DwarfUnit, place: TextPlace, textTableAt: number): ByteString | undefined {
  switch (place.form) {
    case DWARF_FORM.string: return place.text;
    case DWARF_FORM.strp: return textOfSection(reading, 'str', place.value);
    case DWARF_FORM.lineStrp: return textOfSection(reading, 'line_str', place.value);
    case DWARF_FORM.strx: case DWARF_FORM.strx1: case DWARF_FORM.strx2: case DWARF_FORM.strx3: case DWARF_FORM.strx4: case DWARF_FORM.gnuStrIndex: {
      const table = reading.open('str_offsets');
      if (table === undefined) break;
      const at = textTableAt + place.value * unit.offsetBytes;
      return textOfSection(reading, 'str', table.relocate(at, uintAt(table.source, at, unit.offsetBytes)));
    }
    case DWARF_FORM.strpSup: case DWARF_FORM.gnuStrpAlt:
      reading.problems.add('names of compilers lie in a supplementary file of debug information');
      return undefined;
  }
  reading.problems.add('the debug information has a compiler\'s name of the unknown form ' + place.form);
  return undefined;
}

function textOfSection(reading: DwarfReading, name: 'str' | 'line_str', at: number): ByteString | undefined {
  const key = name + ' ' + at;
  const known = reading.texts.get(key);
  if (known !== undefined) return known;
  const section = reading.open(name);
  if (section === undefined || at >= section.source.sizeBytes) {
    reading.problems.add('the debug information lacks the name of a compiler');
    return undefined;
  }
  const text = textAt(section.source, at, LONGEST_PRODUCER_BYTES);
  reading.fuel.bytesLeft -= text.length;
  reading.texts.set(key, text);
  return text;
}
