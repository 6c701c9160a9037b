// elfmaker.ts - makes ELF files and debug information byte by byte, for tests. No test of its own.

/** Collects bytes; numbers in the byte order given. */
export type ByteWriter = {
  uint(value: number, lengthBytes: number): ByteWriter;
  uleb(value: number): ByteWriter;
  text(bytes: string): ByteWriter;
  length(): number;
  done(): Buffer;
};

export function makeWriter(isLittle: boolean): ByteWriter {
  const bytes: number[] = [];
  const writer: ByteWriter = {
    uint(value, lengthBytes) {
      const number: number[] = [];
      for (let i = 0; i < lengthBytes; i++) number.push(Math.floor(value / Math.pow(256, i)) % 256);
      bytes.push(...(isLittle ? number : number.reverse()));
      return writer;
    },
    uleb(value) {
      for (; value >= 0x80; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
      bytes.push(value);
      return writer;
    },
    text(text) {
      for (const char of Buffer.from(text, 'latin1')) bytes.push(char);
      return writer;
    },
    length: () => bytes.length,
    done: () => Buffer.from(bytes),
  };
  return writer;
}

export type MadeSection = { name: string; type?: number; flags?: number; data: Buffer; segment?: number; sizeBytes?: number };

export type MadeElf = { bits: 32 | 64; isLittle: boolean; type: number; machine: number; sections: MadeSection[]; hasSectionTable?: boolean };

/** Every file is loaded to here in one piece. */
export const LOAD_ADDRESS = 0x10000;

/** Where each section's data comes to lie, in the order given: multiples of 16 behind the header and segments. */
export function placeSections(elf: MadeElf): number[] {
  const segments = 1 + elf.sections.filter((section) => section.segment !== undefined).length;
  let at = (elf.bits === 64 ? 64 : 52) + segments * (elf.bits === 64 ? 56 : 32);
  return elf.sections.map((section) => {
    const place = Math.ceil(at / 16) * 16;
    at = place + section.data.length;
    return place;
  });
}

export function makeElf(elf: MadeElf): Buffer {
  const word = elf.bits / 8;
  const is64 = elf.bits === 64;
  const names = makeWriter(true).text('\0');
  const nameAt = elf.sections.concat({ name: '.shstrtab', data: Buffer.alloc(0) }).map((section) => {
    const at = names.length();
    names.text(section.name + '\0');
    return at;
  });
  const all: MadeSection[] = elf.sections.concat({ name: '.shstrtab', type: 3, data: names.done() });
  const places = placeSections({ ...elf, sections: all });
  const tableAt = Math.ceil((places[places.length - 1] + names.length()) / 16) * 16;
  const parts = all.filter((section) => section.segment !== undefined);
  const out = makeWriter(elf.isLittle).text('\x7fELF').uint(is64 ? 2 : 1, 1).uint(elf.isLittle ? 1 : 2, 1).uint(1, 1).uint(0, 1).uint(0, 8);
  out.uint(elf.type, 2).uint(elf.machine, 2).uint(1, 4).uint(LOAD_ADDRESS, word).uint(is64 ? 64 : 52, word);
  out.uint(elf.hasSectionTable === false ? 0 : tableAt, word).uint(0, 4).uint(is64 ? 64 : 52, 2).uint(is64 ? 56 : 32, 2).uint(parts.length + 1, 2);
  out.uint(is64 ? 64 : 40, 2).uint(elf.hasSectionTable === false ? 0 : all.length + 1, 2).uint(elf.hasSectionTable === false ? 0 : all.length, 2);
  const writeSegment = (type: number, offset: number, sizeBytes: number): void => {
    out.uint(type, 4);
    if (is64) out.uint(4, 4);
    out.uint(offset, word).uint(LOAD_ADDRESS + offset, word).uint(LOAD_ADDRESS + offset, word).uint(sizeBytes, word).uint(sizeBytes, word);
    if (!is64) out.uint(4, 4);
    out.uint(type === 1 ? 16 : 4, word);
  };
  writeSegment(1, 0, tableAt);
  for (const part of parts) writeSegment(part.segment as number, places[all.indexOf(part)], part.data.length);
  all.forEach((section, i) => out.text('\0'.repeat(places[i] - out.length()) + section.data.toString('latin1')));
  out.text('\0'.repeat(tableAt - out.length()));
  out.text('\0'.repeat(is64 ? 64 : 40));
  all.forEach((section, i) => {
    out.uint(nameAt[i], 4).uint(section.type ?? 1, 4).uint(section.flags ?? 0, word);
    out.uint(section.segment === undefined ? 0 : LOAD_ADDRESS + places[i], word).uint(places[i], word).uint(section.sizeBytes ?? section.data.length, word);
    // .dynamic's names are in the section behind it; only readelf asks.
    out.uint(section.type === 6 ? i + 2 : 0, 4).uint(0, 4).uint(1, word).uint(section.type === 6 ? word * 2 : 0, word);
  });
  return out.done();
}

export type MadeAttribute = { attribute: number; form: number; write: (out: ByteWriter) => void };

export type MadeUnit = { version: number; offsetBytes: 4 | 8; isLittle: boolean; tag?: number; kind?: number; attributes: MadeAttribute[] };

/** A unit with one entry, and the table that declares it with code 300, behind another. */
export function makeUnit(unit: MadeUnit, abbreviationsAt: number): { info: Buffer; abbrev: Buffer } {
  const kind = unit.kind ?? 1;
  const body = makeWriter(unit.isLittle).uint(unit.version, 2);
  if (unit.version === 5) body.uint(kind, 1).uint(8, 1).uint(abbreviationsAt, unit.offsetBytes);
  else body.uint(abbreviationsAt, unit.offsetBytes).uint(8, 1);
  if (kind === 4 || kind === 5) body.uint(0x1234, 8);
  body.uleb(300);
  unit.attributes.forEach((one) => one.write(body));
  const head = makeWriter(unit.isLittle);
  if (unit.offsetBytes === 8) head.uint(0xffffffff, 4);
  head.uint(body.length(), unit.offsetBytes).text(body.done().toString('latin1'));
  const abbrev = makeWriter(unit.isLittle).uleb(7).uleb(0x2e).uint(0, 1).uleb(0x03).uleb(0x21).text('\x80\x7f').text('\0\0');
  abbrev.uleb(300).uleb(unit.tag ?? 0x11).uint(0, 1);
  for (const one of unit.attributes) {
    abbrev.uleb(one.attribute).uleb(one.form);
    if (one.form === 0x21) abbrev.text('\xff\x7f');
  }
  abbrev.text('\0\0\0');
  return { info: head.done(), abbrev: abbrev.done() };
}
