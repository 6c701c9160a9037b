// dwarf.test.ts - ELF and debug information made byte by byte: all word sizes, byte orders, versions and forms; damaged and hostile files.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import zlib from 'zlib';
import { readElf } from '../src/formats/elf.ts';
import type { ElfFacts } from '../src/formats/elf.ts';
import type { ByteReader } from '../src/formats/bytewindow.ts';
import type { Decompressors } from '../src/formats/elfdebug.ts';
import { LOAD_ADDRESS, makeElf, makeUnit, makeWriter, placeSections } from './elfmaker.ts';
import type { ByteWriter, MadeAttribute, MadeElf, MadeSection, MadeUnit } from './elfmaker.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

const NONE: Decompressors = { zlib: () => undefined, zstd: undefined };
const ZLIB: Decompressors = {
  zlib: (data, sizeBytes) => {
    try {
      return zlib.inflateSync(data, { finishFlush: zlib.constants.Z_SYNC_FLUSH, maxOutputLength: sizeBytes });
    } catch {
      return undefined;
    }
  },
  zstd: undefined,
};

function readerOf(bytes: Uint8Array): ByteReader {
  return (offset, lengthBytes) => bytes.subarray(offset, offset + lengthBytes);
}

function factsOf(bytes: Uint8Array, decompressors = NONE): ElfFacts {
  const facts = readElf(readerOf(bytes), bytes.length, decompressors);
  assert.ok(facts !== undefined);
  return facts;
}

const FLAGS = 'GNU C17 12.2.0 -O3 -funroll-loops \xfe';

/** The program with this debug information, of 64 bits and little-endian. */
function withDebug(sections: MadeSection[]): Buffer {
  return makeElf({ bits: 64, isLittle: true, type: 2, machine: 62, sections });
}

function withUnits(units: MadeUnit[], others: MadeSection[] = []): Buffer {
  const info: Buffer[] = [];
  const abbrev: Buffer[] = [];
  for (const unit of units) {
    const made = makeUnit(unit, Buffer.concat(abbrev).length);
    info.push(made.info);
    abbrev.push(made.abbrev);
  }
  return withDebug([{ name: '.debug_info', data: Buffer.concat(info) }, { name: '.debug_abbrev', data: Buffer.concat(abbrev) }, ...others]);
}

function producerText(text: string): MadeAttribute {
  return { attribute: 0x25, form: 0x08, write: (out) => out.text(text + '\0') };
}

const LANGUAGE_C11: MadeAttribute = { attribute: 0x13, form: 0x05, write: (out) => out.uint(0x1d, 2) };

function makeProgram(bits: 32 | 64, isLittle: boolean, unit: { info: Buffer; abbrev: Buffer }): MadeElf {
  const word = bits / 8;
  const note = makeWriter(isLittle).uint(4, 4).uint(2, 4).uint(9, 4).text('GNU\0ab\0\0').uint(4, 4).uint(5, 4).uint(3, 4).text('GNU\0\x00\x9f\xab\xcd\xef\0\0\0').done();
  const names = '\0libone.so\0libtwo.so.2\0/run:$ORIGIN/../lib\0';
  const dynamic = (namesAt: number): Buffer => makeWriter(isLittle).uint(1, word).uint(1, word).uint(1, word).uint(11, word)
    .uint(29, word).uint(names.indexOf('/run'), word).uint(5, word).uint(LOAD_ADDRESS + namesAt, word).uint(10, word).uint(names.length, word)
    .uint(0, word).uint(0, word).done();
  const elf: MadeElf = {
    bits, isLittle, type: 2, machine: bits === 64 ? 21 : 20,
    sections: [
      { name: '.interp', segment: 3, data: Buffer.from('/lib/ld.so.1\0') },
      { name: '.note', type: 7, segment: 4, data: note },
      { name: '.dynamic', type: 6, segment: 2, data: dynamic(0) },
      { name: '.dynstr', type: 3, data: Buffer.from(names) },
      { name: '.comment', data: Buffer.from('GCC: (X) 12.2.0\0\0GCC: (X) 12.2.0\0Linker: Y\0') },
      { name: '.GCC.command.line', data: Buffer.from('-O3\0') },
      { name: '.debug_info', data: unit.info },
      { name: '.debug_abbrev', data: unit.abbrev },
      { name: '.debug_str', data: Buffer.from('x\0' + FLAGS + '\0', 'latin1') },
    ],
  };
  elf.sections[2].data = dynamic(placeSections(elf)[3]);
  return elf;
}

const EXPECTED: ElfFacts = {
  type: 'executable', bits: 64, machine: 'ppc64', linking: 'dynamic', interpreter: '/lib/ld.so.1', needed: ['libone.so', 'libtwo.so.2'],
  soname: undefined, rpath: [], runpath: ['/run', '$ORIGIN/../lib'], buildId: '009fabcdef', isStripped: true, hasDebug: true, debugLink: undefined,
  comments: ['GCC: (X) 12.2.0', 'Linker: Y'], producers: [{ text: FLAGS, language: 'C11', units: 1 }], commandLines: ['-O3'], go: undefined, problems: [],
};

test('readElf() reads both word sizes and byte orders with DWARF 2 to 5 of 32 and 64 bits', () => {
  const folder = makeTemporary();
  let judged = 0;
  for (const bits of [32, 64] as const) {
    for (const isLittle of [true, false]) {
      for (const version of [2, 3, 4, 5]) {
        for (const offsetBytes of [4, 8] as const) {
          const unit = makeUnit({
            version, offsetBytes, isLittle,
            attributes: [{ attribute: 0x25, form: 0x0e, write: (out) => out.uint(2, offsetBytes) }, LANGUAGE_C11],
          }, 0);
          const bytes = makeElf(makeProgram(bits, isLittle, unit));
          assert.deepEqual(factsOf(bytes), { ...EXPECTED, bits, machine: bits === 64 ? 'ppc64' : 'ppc' });
          if (!hasProgram('readelf')) continue;
          fs.writeFileSync(path.join(folder, 'made'), bytes);
          const said = run(folder, ['readelf', '-W', '-h', '-l', '-d', '-n', '--debug-dump=info', 'made']);
          assert.equal(said.stderr, '', 'the file of the test is sound');
          for (const line of ['Shared library: [libtwo.so.2]', 'Build ID: 009fabcdef', 'interpreter: /lib/ld.so.1]', '): GNU C17 12.2.0 -O3']) {
            assert.ok(said.stdout.includes(line), line + '\n' + said.stdout);
          }
          judged++;
        }
      }
    }
  }
  assert.ok(judged === 0 || judged === 32);
});

test('readElf() does without a table of sections', () => {
  const elf = makeProgram(32, false, { info: Buffer.alloc(0), abbrev: Buffer.alloc(0) });
  const facts = factsOf(makeElf({ ...elf, hasSectionTable: false }));
  assert.deepEqual(facts, { ...EXPECTED, bits: 32, machine: 'ppc', hasDebug: false, comments: [], producers: [], commandLines: [] });
});

test('readElf() asks the segments for a build id that no section of notes has', () => {
  const elf = makeProgram(64, true, { info: Buffer.alloc(0), abbrev: Buffer.alloc(0) });
  elf.sections[1].type = 0xa19;
  elf.sections.push({ name: '.note.other', type: 7, data: makeWriter(true).uint(4, 4).uint(4, 4).uint(1, 4).text('GNU\0\0\0\0\0').done() });
  const bytes = makeElf(elf);
  assert.equal(factsOf(bytes).buildId, EXPECTED.buildId);
  if (!hasProgram('readelf')) return;
  const folder = makeTemporary();
  const ask = (made: Buffer): boolean => {
    fs.writeFileSync(path.join(folder, 'made'), made);
    return run(folder, ['readelf', '-n', 'made']).stdout.includes('Build ID: 009fabcdef');
  };
  assert.deepEqual([ask(bytes), ask(makeElf({ ...elf, hasSectionTable: false }))], [false, true], 'readelf asks the segments only of a file without sections of notes');
});

test('readElf() steps over every form to the producer', () => {
  const block = (sizeBytes: number): MadeAttribute['write'] => (out) => out.uint(3, sizeBytes).text('\x01\x02\x03');
  for (const offsetBytes of [4, 8] as const) {
    const forms: [number, MadeAttribute['write']][] = [
      [0x03, block(2)], [0x04, block(4)], [0x0a, block(1)], [0x09, (out) => out.uleb(200).text('z'.repeat(200))], [0x18, (out) => out.uleb(2).text('zz')],
      [0x08, (out) => out.text('text\0')], [0x16, (out) => out.uleb(0x0f).uleb(70000)], [0x16, (out) => out.uleb(0x08).text('x\0')], [0x21, () => undefined],
    ];
    for (const [form, sizeBytes] of [[0x01, 8], [0x05, 2], [0x06, 4], [0x07, 8], [0x0b, 1], [0x0c, 1], [0x10, offsetBytes], [0x11, 1], [0x12, 2], [0x13, 4], [0x14, 8],
      [0x17, offsetBytes], [0x0e, offsetBytes], [0x19, 0], [0x1c, 4], [0x1d, offsetBytes], [0x1e, 16], [0x1f, offsetBytes], [0x20, 8], [0x24, 8], [0x25, 1], [0x26, 2], [0x27, 3],
      [0x28, 4], [0x29, 1], [0x2a, 2], [0x2b, 3], [0x2c, 4], [0x1f20, offsetBytes], [0x1f21, offsetBytes]]) {
      forms.push([form, (out) => out.text('\x01'.repeat(sizeBytes))]);
    }
    for (const form of [0x0d, 0x0f, 0x15, 0x1a, 0x1b, 0x22, 0x23, 0x1f01, 0x1f02]) forms.push([form, (out) => out.uleb(123456789)]);
    for (const [form, write] of forms) {
      const attributes = [{ attribute: 0x3fed, form, write }, producerText('X'), LANGUAGE_C11];
      const facts = factsOf(withUnits([{ version: 5, offsetBytes, isLittle: true, attributes }]));
      assert.deepEqual([facts.producers, facts.problems], [[{ text: 'X', language: 'C11', units: 1 }], []], 'form ' + form.toString(16));
    }
  }
});

test('readElf() finds a text by each form of reference', () => {
  const strings = Buffer.from('a\0bcd\0' + FLAGS + '\0', 'latin1');
  for (const offsetBytes of [4, 8] as const) {
    const table = makeWriter(true).text('#'.repeat(16)).text('#'.repeat(offsetBytes * 2)).uint(2, offsetBytes).uint(6, offsetBytes).done();
    const others: MadeSection[] = [{ name: '.debug_str', data: strings }, { name: '.debug_line_str', data: strings }, { name: '.debug_str_offsets', data: table }];
    const base: MadeAttribute = { attribute: 0x72, form: 0x17, write: (out) => out.uint(16 + offsetBytes * 2, offsetBytes) };
    const forms: [number, MadeAttribute['write']][] = [
      [0x08, (out) => out.text(FLAGS + '\0')], [0x0e, (out) => out.uint(6, offsetBytes)], [0x1f, (out) => out.uint(6, offsetBytes)], [0x1a, (out) => out.uleb(1)],
      [0x25, (out) => out.uint(1, 1)], [0x26, (out) => out.uint(1, 2)], [0x27, (out) => out.uint(1, 3)], [0x28, (out) => out.uint(1, 4)], [0x1f02, (out) => out.uleb(1)],
      [0x16, (out) => out.uleb(0x0e).uint(6, offsetBytes)],
    ];
    for (const [form, write] of forms) {
      const producer = { attribute: 0x25, form, write };
      for (const attributes of [[producer, base], [base, producer]]) {
        const facts = factsOf(withUnits([{ version: 5, offsetBytes, isLittle: true, attributes }], others));
        assert.deepEqual([facts.producers, facts.problems], [[{ text: FLAGS, language: undefined, units: 1 }], []], 'form ' + form.toString(16));
      }
    }
  }
});

/** An object file of one unit, whose producer is relocated once, from "half" to FLAGS. */
function makeRelocated(bits: 32 | 64, isLittle: boolean, machine: number, info: (out: ByteWriter) => ByteWriter): Buffer {
  const word = bits / 8;
  const unit = makeUnit({ version: 4, offsetBytes: 4, isLittle, attributes: [{ attribute: 0x25, form: 0x0e, write: (out) => out.uint(0, 4) }] }, 0);
  const sections: MadeSection[] = [
    { name: '.debug_info', data: unit.info }, { name: '.debug_abbrev', data: unit.abbrev }, { name: '.debug_str', data: Buffer.from('half\0' + FLAGS + '\0', 'latin1') },
    { name: '.symtab', type: 2, data: Buffer.alloc(bits === 64 ? 48 : 32) },
    { name: '.rela.debug_info', type: 4, data: info(makeWriter(isLittle).uint(unit.info.length - 4, word)).uint(5, word).done() },
  ];
  const bytes = makeElf({ bits, isLittle, type: 1, machine, sections });
  // What the two tables say of each other, and the sizes of their entries.
  const headerBytes = bits === 64 ? 64 : 40;
  const tableAt = Number(bits === 64 ? bytes[isLittle ? 'readBigUInt64LE' : 'readBigUInt64BE'](40) : bytes[isLittle ? 'readUInt32LE' : 'readUInt32BE'](32));
  const put = (index: number, at: number, value: number): void => { makeWriter(isLittle).uint(value, 4).done().copy(bytes, tableAt + index * headerBytes + at); };
  const linkAt = bits === 64 ? 40 : 24;
  const entryAt = bits === 64 ? (isLittle ? 56 : 60) : 36;
  put(4, linkAt, 3);
  put(4, linkAt + 4, 1);
  put(4, entryAt, bits === 64 ? 24 : 16);
  put(5, linkAt, 4);
  put(5, linkAt + 4, 1);
  put(5, entryAt, bits === 64 ? 24 : 12);
  return bytes;
}

test('readElf() relocates as the type says: one that is none changes nothing', () => {
  const word = (value: number, sizeBytes: number) => (out: ByteWriter): ByteWriter => out.uint(value, sizeBytes);
  const halves = (symbol: number, type: number, isLittle: boolean) => (out: ByteWriter): ByteWriter => (isLittle ? out.uint(type, 4).uint(symbol, 4) : out.uint(symbol, 4).uint(type, 4));
  // x86-64, s390 of 64 bits, PowerPC, x86-64 of 32 bits, little-endian MIPS of 64 bits with the symbol first (R_MIPS_32).
  const table: [Buffer, boolean][] = [
    [makeRelocated(64, true, 62, halves(1, 10, true)), true], [makeRelocated(64, true, 62, halves(1, 0, true)), false],
    [makeRelocated(64, false, 22, halves(1, 4, false)), true], [makeRelocated(64, false, 22, halves(1, 0, false)), false],
    [makeRelocated(32, false, 20, word(0x101, 4)), true], [makeRelocated(32, false, 20, word(0x100, 4)), false],
    [makeRelocated(32, true, 62, word(0x10a, 4)), true], [makeRelocated(32, true, 62, word(0x100, 4)), false],
    [makeRelocated(64, true, 8, (out) => out.uint(1, 4).text('\0\0\0\x02')), true],
  ];
  const folder = makeTemporary();
  table.forEach(([bytes, isApplied], i) => {
    const facts = factsOf(bytes);
    assert.deepEqual([facts.type, facts.producers.map(({ text }) => text), facts.problems], ['object', [isApplied ? FLAGS : 'half'], []], String(i));
    if (!hasProgram('readelf')) return;
    fs.writeFileSync(path.join(folder, 'made'), bytes);
    const said = run(folder, ['readelf', '--debug-dump=info', 'made']);
    assert.equal(said.stderr, '', String(i));
    assert.match(said.stdout, isApplied ? /DW_AT_producer .*: GNU C17 12.2.0/ : /DW_AT_producer .*: half/, String(i));
  });
});

test('readElf() counts compile units alone, the most frequent producer first', () => {
  const unit = (text: string, more: Partial<MadeUnit> = {}): MadeUnit => ({ version: 5, offsetBytes: 4, isLittle: true, attributes: [producerText(text)], ...more });
  const facts = factsOf(withUnits([unit('b'), unit('a'), unit('c'), unit('c', { version: 4 }), unit('partial', { tag: 0x3c }), unit('type', { tag: 0x41 }),
    unit('kind', { kind: 3 }), unit('d', { attributes: [LANGUAGE_C11, producerText('a')] }), unit('e', { kind: 4, tag: 0x4a })]));
  assert.deepEqual(facts.producers.map((one) => [one.text, one.language, one.units]),
    [['c', undefined, 2], ['a', undefined, 1], ['a', 'C11', 1], ['b', undefined, 1], ['e', undefined, 1]]);
});

test('readElf() tells what it cannot read', () => {
  const unit = (attributes: MadeAttribute[], more: Partial<MadeUnit> = {}): MadeUnit => ({ version: 5, offsetBytes: 4, isLittle: true, attributes, ...more });
  const sound = unit([producerText('X')]);
  const table: [string, Buffer][] = [
    ['debug information of DWARF version 6 cannot be read', withUnits([unit([], { version: 6 }), sound])],
    ['debug information lies in .dwo files', withUnits([unit([{ attribute: 0x76, form: 0x08, write: (out) => out.text('x.dwo\0') }], { kind: 4, tag: 0x4a }), sound])],
    ['debug information lies in .dwo files', withUnits([unit([{ attribute: 0x2130, form: 0x08, write: (out) => out.text('x.dwo\0') }], { version: 4 }), sound])],
    ['names of compilers lie in a supplementary file of debug information', withUnits([unit([{ attribute: 0x25, form: 0x1f21, write: (out) => out.uint(1, 4) }]), sound])],
    ['the debug information has values of the unknown form 119', withUnits([unit([{ attribute: 0x25, form: 0x77, write: () => undefined }]), sound])],
    ['the debug information has a unit that is cut off', withUnits([unit([{ attribute: 0x25, form: 0x0e, write: (out) => out.uint(0, 2) }], { offsetBytes: 8 }), sound], [{ name: '.debug_str', data: Buffer.from('no\0') }])],
    ['the debug information lacks the name of a compiler', withUnits([unit([{ attribute: 0x25, form: 0x0e, write: (out) => out.uint(1, 4) }]), sound])],
  ];
  for (const [problem, bytes] of table) {
    const facts = factsOf(bytes);
    assert.deepEqual([facts.problems, facts.producers], [[problem], [{ text: 'X', language: undefined, units: 1 }]]);
  }
});

test('readElf() reads sections marked as compressed in both ways', () => {
  const made = makeUnit({ version: 4, offsetBytes: 4, isLittle: false, attributes: [producerText('X')] }, 0);
  for (const bits of [32, 64] as const) {
    const word = bits / 8;
    const header = makeWriter(false).uint(1, word).uint(made.info.length, word).uint(1, word).done();
    const reserved = bits === 64 ? makeWriter(false).uint(1, 4).uint(0, 4).uint(made.info.length, 8).uint(1, 8).done() : header;
    const info: MadeSection[] = [
      { name: '.debug_info', flags: 0x800, data: Buffer.concat([reserved, zlib.deflateSync(made.info)]) },
      { name: '.zdebug_info', data: Buffer.concat([Buffer.from('ZLIB'), makeWriter(false).uint(made.info.length, 8).done(), zlib.deflateSync(made.info)]) },
    ];
    for (const section of info) {
      const bytes = makeElf({ bits, isLittle: false, type: 3, machine: 43, sections: [section, { name: '.debug_abbrev', data: made.abbrev }] });
      const facts = factsOf(bytes, ZLIB);
      assert.deepEqual([facts.producers, facts.problems], [[{ text: 'X', language: undefined, units: 1 }], []], section.name);
      assert.deepEqual(factsOf(bytes).problems, [section.name + ' cannot be decompressed']);
    }
    const zstd = makeWriter(false).uint(2, 4).text(bits === 64 ? '\0\0\0\0' : '').uint(9, word).uint(1, word).text('data').done();
    const facts = factsOf(makeElf({ bits, isLittle: false, type: 3, machine: 43, sections: [{ name: '.debug_info', flags: 0x800, data: zstd }] }), ZLIB);
    assert.deepEqual([facts.hasDebug, facts.problems], [true, ['.debug_info is compressed with zstd, which this Node.js cannot undo']]);
  }
});

test('readElf() asks for a bounded part of what claims to be large when decompressed', () => {
  const asked: number[][] = [];
  const spy: Decompressors = { zlib: (data, sizeBytes) => { asked.push([data.length, sizeBytes]); return undefined; }, zstd: undefined };
  const header = makeWriter(true).uint(1, 4).uint(0, 4).uint(Math.pow(2, 45), 8).uint(1, 8).text('x'.repeat(5000)).done();
  const facts = factsOf(withDebug([{ name: '.debug_info', flags: 0x800, data: header }]), spy);
  assert.deepEqual(asked, [[0, 32 << 20]]);
  assert.deepEqual(facts.problems, ['.debug_info cannot be decompressed', 'only the beginning of .debug_info was read, which is large and compressed']);
});

/** A program whose debug information is this unit over and over, of as many bytes as told, which lie nowhere. */
function makeEndless(unit: Buffer, abbrev: Buffer, infoBytes: number): { read: ByteReader; sizeBytes: number; told: { reads: number; bytes: number } } {
  const told = { reads: 0, bytes: 0 };
  const elf: MadeElf = {
    bits: 64, isLittle: true, type: 2, machine: 62,
    sections: [{ name: '.debug_info', data: unit, sizeBytes: infoBytes }, { name: '.debug_abbrev', data: abbrev }],
  };
  const bytes = makeElf(elf);
  // The section's place, in its entry behind the empty first one, is set to far behind the file.
  const tableAt = Number(bytes.readBigUInt64LE(40));
  const farAt = Math.pow(2, 40);
  bytes.writeBigUInt64LE(BigInt(farAt), tableAt + 64 + 24);
  const read: ByteReader = (offset, lengthBytes) => {
    told.reads++;
    told.bytes += lengthBytes;
    const out = new Uint8Array(lengthBytes);
    if (offset < farAt) {
      out.set(bytes.subarray(offset, offset + lengthBytes));
      return out;
    }
    for (let i = 0; i < lengthBytes; i++) out[i] = unit[(offset - farAt + i) % unit.length];
    return out;
  };
  return { read, sizeBytes: farAt + infoBytes, told };
}

test('readElf() reads only the beginning of each unit', () => {
  const made = makeUnit({ version: 4, offsetBytes: 8, isLittle: true, attributes: [producerText('X'), { attribute: 3, form: 0x08, write: (out) => out.text('y'.repeat(10000) + '\0') }] }, 0);
  const endless = makeEndless(made.info, made.abbrev, made.info.length * 200);
  const facts = readElf(endless.read, endless.sizeBytes, NONE);
  assert.deepEqual(facts?.producers, [{ text: 'X', language: undefined, units: 200 }]);
  assert.ok(endless.told.bytes < 200 * 5 * 4096, String(endless.told.bytes));
  const long = makeUnit({ version: 4, offsetBytes: 8, isLittle: true, attributes: [producerText('X'), { attribute: 3, form: 0x04, write: (out) => out.uint(1 << 20, 4).text('y'.repeat(1 << 20)) }] }, 0);
  const skipped = makeEndless(long.info, long.abbrev, long.info.length * 200);
  assert.equal(readElf(skipped.read, skipped.sizeBytes, NONE)?.producers[0].units, 200);
  assert.ok(skipped.told.bytes < 202 * 4096 + 64 * 4096, String(skipped.told.bytes));
});

test('readElf() ends where the debug information does not', () => {
  const table: [Buffer, Buffer, RegExp][] = [];
  const small = makeUnit({ version: 5, offsetBytes: 4, isLittle: true, attributes: [producerText('X')] }, 0);
  table.push([small.info, small.abbrev, /^only the first 100000 units of the debug information were read$/]);
  table.push([Buffer.alloc(16), small.abbrev, /^only the first 100000 units/]);
  // A text without end: the fuel is used up in it.
  const open = Buffer.from(small.info);
  open.writeUInt32LE(0xfffffff5, 0);
  table.push([Buffer.concat([small.info.subarray(0, 4), Buffer.alloc(1 << 16, 0x81)]), small.abbrev, /./]);
  // A table of abbreviations with many entries, none of them the unit's; each unit has another code.
  const abbrev = Buffer.from(('\x05\x11\0' + '\x03\x08'.repeat(50) + '\0\0').repeat(3000) + '\0', 'latin1');
  const units = Buffer.concat(Array.from({ length: 5000 }, (_, i) => makeWriter(true).uint(10, 4).uint(4, 2).uint(0, 4).uint(8, 1).text(makeWriter(true).uleb(10000 + i).done().toString('latin1')).done()));
  table.push([units.map((byte, i) => (i % 14 === 0 ? 10 : byte)) as Buffer, abbrev, /^only the first \d+ units|without description/]);
  for (const [info, declarations, problem] of table) {
    const endless = makeEndless(info, declarations, Math.pow(2, 42));
    const facts = readElf(endless.read, endless.sizeBytes, NONE);
    assert.ok(facts !== undefined);
    assert.ok(facts.problems.some((one) => problem.test(one)), facts.problems.join('; '));
    assert.ok(endless.told.reads < 1000000 && endless.told.bytes < 1 << 30, JSON.stringify(endless.told));
  }
});

/** A small generator of numbers below `limit`, the same on every machine. */
function makeRandom(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 4294967296 * limit);
  };
}

test('readElf() survives damaged files and reads a bounded part of them', () => {
  const bases: Buffer[] = [];
  for (const bits of [32, 64] as const) {
    for (const isLittle of [true, false]) {
      const unit = makeUnit({ version: 5, offsetBytes: 4, isLittle, attributes: [{ attribute: 0x25, form: 0x0e, write: (out) => out.uint(2, 4) }, LANGUAGE_C11] }, 0);
      bases.push(makeElf(makeProgram(bits, isLittle, unit)));
    }
  }
  for (let seed = 1; seed <= 4000; seed++) {
    const random = makeRandom(seed);
    const bytes = Buffer.from(bases[random(bases.length)]);
    const changes = random(12);
    for (let i = 0; i < changes; i++) bytes[16 + random(bytes.length - 16)] = [0, 0xff, 0x7f, 0x80, random(256)][random(5)];
    const shown = bytes.subarray(0, random(3) === 0 ? random(bytes.length) : bytes.length);
    const told = { reads: 0, bytes: 0 };
    const read: ByteReader = (offset, lengthBytes) => {
      assert.ok(Number.isInteger(offset) && offset >= 0 && Number.isInteger(lengthBytes) && lengthBytes >= 0, 'asks for a part that can be');
      told.reads++;
      told.bytes += lengthBytes;
      return shown.subarray(offset, offset + lengthBytes);
    };
    // Sometimes the file has become shorter since its size was taken.
    const facts = readElf(read, random(4) === 0 ? bytes.length * 1000000 : shown.length, ZLIB);
    assert.ok(told.reads < 10000 && told.bytes < 1 << 26, 'seed ' + seed + ': ' + JSON.stringify(told));
    if (facts !== undefined) assert.ok(facts.problems.length < 20 && JSON.stringify(facts).length < 1 << 20, 'seed ' + seed);
  }
});

test('readElf() tells a file that is cut off, and no ELF file from one', () => {
  const unit = makeUnit({ version: 5, offsetBytes: 4, isLittle: true, attributes: [producerText('X')] }, 0);
  const bytes = makeElf(makeProgram(64, true, unit));
  const facts = factsOf(bytes.subarray(0, bytes.length - 100));
  assert.deepEqual([facts.problems, facts.needed], [['the file is cut off'], EXPECTED.needed]);
  for (const text of ['', '\x7fELF', '#!/bin/sh\n', '\x7fELF\x03\x01'.padEnd(100), 'MZ'.padEnd(100)]) {
    assert.equal(readElf(readerOf(Buffer.from(text, 'latin1')), text.length, NONE), undefined);
  }
});
