// elftargets.ts - fuzzes the readers of ELF, DWARF and Go's build information; readelf reads the same.
import fs from 'fs';
import path from 'path';
import type { ByteString } from '../../src/core/bytes.ts';
import { describeProducer, findSeparateDebugName, readElf } from '../../src/formats/elf.ts';
import type { ElfFacts } from '../../src/formats/elf.ts';
import type { Decompressors } from '../../src/formats/elfdebug.ts';
import { isOnlyDebug, openElf } from '../../src/formats/elffile.ts';
import { bytesFromHex } from '../../src/formats/gitindex.ts';
import { inflateZlibAtMost } from '../../src/sys/inflate.ts';
import { makeElf, makeUnit, makeWriter } from '../elfmaker.ts';
import type { MadeAttribute, MadeSection } from '../elfmaker.ts';
import { hasProgram, makeTemporary, run } from '../rig.ts';
import type { Dice } from './dice.ts';
import { pick, pickLength, randomBytes } from './dice.ts';
import type { BinaryStructure, NumberField } from './structure.ts';
import { listFields, makeGenerator, putBytes, readField } from './structure.ts';
import type { FuzzTarget } from './target.ts';
import { failCase } from './target.ts';

const DECOMPRESSORS: Decompressors = { zlib: (data, sizeBytes) => inflateZlibAtMost(data, sizeBytes), zstd: undefined };
const MOST_FACTS_BYTES = 40 << 20;

function factsOf(input: ByteString): ElfFacts | undefined {
  const bytes = Buffer.from(input, 'latin1');
  const read = (offset: number, lengthBytes: number): Uint8Array => {
    if (!(offset >= 0 && lengthBytes >= 0)) failCase('a place in a file is a number', String(offset) + ' ' + String(lengthBytes));
    return bytes.subarray(offset, offset + lengthBytes);
  };
  return readElf(read, bytes.length, DECOMPRESSORS);
}

function checkElf(input: ByteString): boolean {
  const facts = factsOf(input);
  if (facts === undefined) return false;
  const lines = describeProducer(facts);
  findSeparateDebugName(facts);
  if (facts.buildId !== undefined && !/^([0-9a-f]{2}){0,64}$/.test(facts.buildId)) failCase('a build id is digits', facts.buildId);
  if (facts.producers.some(({ units, text }) => !(units >= 1) || text === '')) failCase('a producer has a name and units');
  if (JSON.stringify(facts).length + lines.join('').length > MOST_FACTS_BYTES) failCase('facts are no more than can be held');
  return true;
}

// ---- real programs, small ones

function compileSeeds(): ByteString[] {
  if (!hasProgram('gcc')) return [];
  const folder = makeTemporary();
  fs.writeFileSync(path.join(folder, 'a.c'), 'int half(int x) { return x / 2; }\n');
  fs.writeFileSync(path.join(folder, 'm.c'), 'extern int half(int); int main(void) { return half(4); }\n');
  const made: ByteString[] = [];
  const compile = (args: string): void => {
    if (run(folder, ['sh', '-c', 'gcc ' + args + ' -o out']).status === 0) made.push(fs.readFileSync(path.join(folder, 'out'), 'latin1'));
  };
  compile('-g -O2 -c a.c');
  compile('-g -gz -gdwarf-4 -shared -fPIC -Wl,-soname,liba.so.1,--build-id,-rpath,/opt/lib a.c');
  compile('-g -frecord-gcc-switches a.c m.c -Wl,--enable-new-dtags,-rpath,/opt/a:/opt/b');
  return made;
}

function elfFields(text: ByteString): NumberField[] {
  const is64 = text.charCodeAt(4) === 2;
  const isLittle = text.charCodeAt(5) === 1;
  const word = is64 ? 8 : 4;
  const number = (at: number, sizeBytes: number): number => Number(readField(text, { at, sizeBytes, isLittle }));
  const fields = [...listFields(16, 2, 2, isLittle), ...listFields(24, word, 3, isLittle), ...listFields(is64 ? 54 : 42, 2, 5, isLittle)];
  const sectionsAt = number(is64 ? 40 : 32, word);
  for (let i = 0; i < number(is64 ? 60 : 48, 2); i++) {
    const at = sectionsAt + i * (is64 ? 64 : 40);
    fields.push(...listFields(at, 4, 2, isLittle), ...listFields(at + 8, word, 4, isLittle), ...listFields(at + 8 + 4 * word, 4, 2, isLittle));
    // What sections begin with: notes, tables, headers of compression, units and abbreviations.
    const dataAt = number(at + 8 + 2 * word, word);
    if (dataAt + 64 < text.length && number(at + 4, 4) !== 8) fields.push(...listFields(dataAt, 4, 4, isLittle), ...listFields(dataAt, 1, 40, isLittle), ...listFields(dataAt, word, 8, isLittle));
  }
  const segmentsAt = number(is64 ? 32 : 28, word);
  for (let i = 0; i < number(is64 ? 56 : 44, 2); i++) fields.push(...listFields(segmentsAt + i * (is64 ? 56 : 32), 4, 2, isLittle), ...listFields(segmentsAt + i * (is64 ? 56 : 32) + 8, word, 6, isLittle));
  return fields.filter(({ at, sizeBytes }) => at + sizeBytes <= text.length);
}

const ELF: BinaryStructure = { seeds: compileSeeds, fields: elfFields };

/** What readelf tells without a word of complaint; undefined for the others. */
function askReadelf(inputs: ByteString[]): (string[] | undefined)[] {
  const folder = makeTemporary();
  const names = inputs.map((input, i) => {
    const name = path.join(folder, String(i));
    fs.writeFileSync(name, input, 'latin1');
    return name;
  });
  const said = run(folder, ['sh', '-c', 'for name; do echo "@@ $name"; timeout 10 readelf -W -l -d -n "$name" 2>&1; done', 'sh', ...names], { timeoutMs: 600000 });
  const answers = said.stdout.split('@@ ' + folder + '/').slice(1).map((part) => {
    // A name that is not there readelf shows as its number.
    if (/readelf: (?:Warning|Error)|<corrupt|<unknown|bad |out of range|unrecognized|\((?:NEEDED|SONAME|RPATH|RUNPATH)\) +0x/i.test(part)) return undefined;
    const all = (pattern: RegExp, name: string): string[] => Array.from(part.matchAll(pattern), (match) => name + ' ' + match[1]);
    return [
      ...all(/\(NEEDED\) +Shared library: \[(.*)\]$/gm, 'needed'), ...all(/\(SONAME\) +Library soname: \[(.*)\]$/gm, 'soname'),
      ...all(/\(RPATH\) +Library rpath: \[(.*)\]$/gm, 'rpath'), ...all(/\(RUNPATH\) +Library runpath: \[(.*)\]$/gm, 'runpath'),
      ...all(/\[Requesting program interpreter: (.*)\]$/gm, 'interpreter'), ...all(/Build ID: ([0-9a-f]+)$/gm, 'build-id').slice(0, 1),
    ];
  });
  fs.rmSync(folder, { recursive: true });
  return answers;
}

function spellFacts(facts: ElfFacts): string[] {
  const join = (folders: ByteString[]): string[] => (folders.length === 0 ? [] : [folders.join(':')]);
  const list = (name: string, values: (ByteString | undefined)[]): string[] => values.filter((value) => value !== undefined).map((value) => name + ' ' + String(value));
  return [...list('needed', facts.needed), ...list('soname', [facts.soname]), ...list('rpath', join(facts.rpath)), ...list('runpath', join(facts.runpath)), ...list('interpreter', [facts.interpreter]), ...list('build-id', [facts.buildId])];
}

/**
 * Names of libraries and notes readelf reads where the table of sections says, unless there is none; rr, as
 * loaders do, where the segments say. What readelf tells of the file without that table.
 */
function askReadelfOfSegments(input: ByteString): string[] | undefined {
  const is64 = input.charCodeAt(4) === 2;
  return askReadelf([putBytes(putBytes(input, is64 ? 40 : 32, '\0'.repeat(is64 ? 8 : 4)), is64 ? 60 : 48, '\0'.repeat(4))])[0];
}

function isNoteOfGnu(input: ByteString, id: ByteString): boolean {
  const at = input.indexOf('GNU\0' + id);
  return at >= 12 && [true, false].some((isLittle) => readField(input, { at: at - 12, sizeBytes: 4, isLittle }) === 4n);
}

/** An empty folder of a search path, the working directory, rr leaves out. */
function withoutEmptyFolders(line: string): string {
  const parts = /^((?:rpath|runpath) )([^]*)$/.exec(line);
  return parts === null ? line : parts[1] + parts[2].split(':').filter((folder) => folder !== '').join(':');
}

const DYNAMIC_LINE = /^(?:needed|soname|rpath|runpath) /;

/** Tables of sections that say there is no code: rr takes such a file for one of debug information. */
function isOnlyDebugText(input: ByteString): boolean {
  const bytes = Buffer.from(input, 'latin1');
  const file = openElf((offset, lengthBytes) => bytes.subarray(offset, offset + lengthBytes), bytes.length);
  return file !== undefined && isOnlyDebug(file);
}

let seedSegments: string[] | undefined;

function hasSeedSegments(input: ByteString): boolean {
  seedSegments = seedSegments ?? compileSeeds().slice(1).map((seed) => seed.slice(24, 64 + 56 * seed.charCodeAt(56)));
  return seedSegments.some((head) => input.startsWith(head, 24));
}

const hasOddByte = (lines: string[]): boolean => lines.some((line) => /[^ -~]/.test(line));

/** Of a file that readelf has nothing against, both tell the same. */
function compareElf(inputs: ByteString[]): (string | undefined)[] {
  const answers = askReadelf(inputs);
  return inputs.map((input, i) => {
    const facts = factsOf(input) as ElfFacts;
    const theirs = answers[i];
    // Names of other bytes readelf spells in its own way; cores have build ids of others.
    if (theirs === undefined || facts.problems.length > 0 || facts.type === 'core' || facts.type === 'other') return undefined;
    const mine = spellFacts(facts);
    // readelf takes any note for GNU's whose owner begins so, be its name of four bytes or not.
    const isOwned = theirs.every((line) => !line.startsWith('build-id ') || isNoteOfGnu(input, bytesFromHex(line.slice(9))));
    // Of two the last one holds.
    const isTwice = ['soname ', 'rpath ', 'runpath '].some((name) => theirs.filter((line) => line.startsWith(name)).length > 1);
    if (!isOwned || isTwice) return undefined;
    if (hasOddByte(mine) || hasOddByte(theirs)) return undefined;
    // What is loaded where tells rr, as it tells the loader, where names are; readelf asks the table of sections.
    const isMoved = !hasSeedSegments(input) || !theirs.some((line) => DYNAMIC_LINE.test(line)) || isOnlyDebugText(input);
    const spell = (lines: string[], isWanted: (line: string) => boolean): string => Array.from(new Set(lines.map(withoutEmptyFolders))).filter((line) => !/ $/.test(line) && isWanted(line)).sort().join('; ');
    const groups = [(line: string) => DYNAMIC_LINE.test(line) && !isMoved, (line: string) => line.startsWith('build-id '), (line: string) => line.startsWith('interpreter ')];
    const unlike = groups.filter((isWanted) => spell(mine, isWanted) !== spell(theirs, isWanted));
    const others = unlike.length === 0 ? undefined : askReadelfOfSegments(input);
    if (others === undefined || unlike.every((isWanted) => spell(mine, isWanted) === spell(others, isWanted))) return undefined;
    return JSON.stringify(mine.join('; ')) + ' for ' + JSON.stringify(theirs.join('; '));
  });
}

// ---- debug information made by chance

const FORMS = [0x01, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x25, 0x26, 0x29, 0x1f02, 0x1f21, 0x7f];

function chooseAttribute(dice: Dice): MadeAttribute {
  const form = dice(3) === 0 ? 0x0e : pick(dice, FORMS);
  const bytes = form === 0x08 ? 'GNU C17 made up -O2\0' : form === 0x0e || form === 0x1f || form === 0x17 ? '\0'.repeat(4) : randomBytes(dice, pickLength(dice, 20));
  return { attribute: dice(2) === 0 ? 0x25 : pick(dice, [0x13, 0x72, 0x76, 0x03, 0x2130]), form, write: (out) => { out.text(bytes); } };
}

/** Units that share, repeat and misplace their tables; lengths that lie; a loop of abbreviations that has no end. */
function makeDwarf(dice: Dice): ByteString {
  const isLittle = dice(4) > 0;
  const bits = dice(4) > 0 ? 64 : 32;
  const info: Buffer[] = [];
  const abbrev: Buffer[] = [];
  let abbrevBytes = 0;
  for (let i = pickLength(dice, 40); i >= 0; i--) {
    const made = makeUnit({
      version: pick(dice, [2, 3, 4, 5, 5]), offsetBytes: dice(5) === 0 ? 8 : 4, isLittle, kind: pick(dice, [1, 1, 1, 4, 5, 2, 3, 9]), tag: pick(dice, [0x11, 0x11, 0x4a, 0x24]),
      attributes: Array.from({ length: 1 + dice(5) }, () => chooseAttribute(dice)),
    }, dice(4) === 0 ? dice(abbrevBytes + 20) : abbrevBytes);
    info.push(made.info);
    if (dice(10) === 0) abbrev.push(Buffer.from(pick(dice, ['\x80'.repeat(40), '\x01\x11\0' + '\x03\x08'.repeat(200), '\xff\xff\xff\xff\x0f', '\x01\x11']), 'latin1'));
    abbrev.push(made.abbrev);
    abbrevBytes = abbrev.reduce((sum, part) => sum + part.length, 0);
  }
  if (dice(4) === 0) info[0].writeUInt32LE(pick(dice, [0, 1, 11, 0x7fffffff, 0xfffffff0, 0xffffffff]), 0);
  const sections: MadeSection[] = [
    { name: '.debug_info', data: Buffer.concat(info) }, { name: '.debug_abbrev', data: Buffer.concat(abbrev) },
    { name: '.debug_str', data: Buffer.from('GNU C11 made up\0clang version 14\0' + (dice(9) === 0 ? 'x'.repeat(100000) : ''), 'latin1') }, { name: '.debug_line_str', data: Buffer.from('GNU Fortran made up\0') },
    { name: '.debug_str_offsets', data: makeWriter(isLittle).uint(12, 4).uint(5, 4).uint(0, 4).uint(16, 4).done() },
    { name: '.comment', data: Buffer.from('GCC: (made up) 12.2.0\0'.repeat(1 + dice(3))) },
    { name: '.go.buildinfo', data: Buffer.from('\xff Go buildinf:\x08' + String.fromCharCode(dice(4)) + '\0'.repeat(16) + String.fromCharCode(8) + 'go1.20.1' + String.fromCharCode(60) + 'm'.repeat(16) + 'mod\tm\tv1\nbuild\t-x=1\n' + 'm'.repeat(23), 'latin1') },
  ];
  return makeElf({ bits, isLittle, type: pick(dice, [1, 2, 3]), machine: 62, sections: dice(8) === 0 ? sections.slice(dice(sections.length)) : sections }).toString('latin1');
}

function dwarfSeeds(): ByteString[] {
  return compileSeeds().slice(0, 1);
}

/** Producers of the units, as readelf tells them; undefined where it complains. */
function askProducers(input: ByteString): string[] | undefined {
  const name = path.join(makeDwarfFolder(), 'x');
  fs.writeFileSync(name, input, 'latin1');
  const said = run(undefined, ['timeout', '10', 'readelf', '--debug-dump=info', '--dwarf-depth=1', name]);
  if (said.status !== 0 || said.stderr !== '' || /Type Offset|DW_UT_partial|corrupt|Unrecognized|<|Invalid|out of range|bad /i.test(said.stdout.replace(/<[0-9a-f]+>/g, ''))) return undefined;
  const texts: string[] = [];
  for (const part of said.stdout.split(/\n(?= <0>)/).slice(1)) {
    if (!/^ <0>.*DW_TAG_(compile|skeleton)_unit/.test(part)) continue;
    const found = Array.from(part.matchAll(/DW_AT_producer +: (?:\((?:indirect (?:line )?string|indexed string)[^)]*\): )?(.*)/g), (match) => match[1].trimEnd());
    if (found.length !== 1 || /^(?:0x[0-9a-f]+|\d+)$/.test(found[0])) return undefined;
    texts.push(found[0]);
  }
  return texts.sort();
}

let dwarfFolder: string | undefined;

function makeDwarfFolder(): string {
  dwarfFolder = dwarfFolder ?? makeTemporary();
  return dwarfFolder;
}

function compareDwarf(inputs: ByteString[]): (string | undefined)[] {
  return inputs.map((input) => {
    const facts = factsOf(input) as ElfFacts;
    // Without its symbols nobody can relocate an object file.
    const theirs = facts.problems.length > 0 || (facts.type === 'object' && facts.isStripped && facts.hasDebug && input.indexOf('.symtab') >= 0) ? undefined : askProducers(input);
    if (theirs === undefined) return undefined;
    const mine = facts.producers.flatMap(({ text, units }) => Array.from({ length: units }, () => text.trimEnd())).sort();
    return hasOddByte(mine) || hasOddByte(theirs) || mine.join() === theirs.join() ? undefined : JSON.stringify(mine) + ' for ' + JSON.stringify(theirs);
  });
}

const lacksReadelf = (): string | false => (hasProgram('readelf') ? false : 'no readelf');

export const ELF_TARGETS: FuzzTarget[] = [
  {
    name: 'elf', corpus: ELF.seeds, generate: makeGenerator(ELF), isBinary: true, share: 0.25, memoryPerByte: 4000,
    check: checkElf,
    judge: { lacks: lacksReadelf, batch: 100, find: compareElf },
  },
  {
    name: 'dwarf', corpus: dwarfSeeds, generate: makeDwarf, isBinary: true, share: 0.15, memoryPerByte: 4000,
    check: checkElf,
    judge: { lacks: lacksReadelf, batch: 50, find: compareDwarf },
  },
];
