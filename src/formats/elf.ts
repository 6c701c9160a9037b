// elf.ts - what a program or library is, what it needs and how it was compiled, out of its ELF file
// (System V ABI, gABI 4.1). Reads only the parts that tell. Knows no files and no decompressor.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import type { ByteReader, ByteSource } from './bytewindow.ts';
import { bytesAt, isSpent, openSource, startCursor, takeUint, textAt, textOfBytes, uintAt } from './bytewindow.ts';
import type { Producer } from './dwarf.ts';
import { readProducers } from './dwarf.ts';
import type { Decompressors } from './elfdebug.ts';
import { findDebugSection, makeSectionOpener } from './elfdebug.ts';
import type { ElfFile, ElfSection } from './elffile.ts';
import { ELF_FILE_TYPE, SECTION_FLAG, SECTION_TYPE, SEGMENT_TYPE, findOffset, hasFlag, isOnlyDebug, openElf, sourceOfSection, takeWord } from './elffile.ts';
import { hexFromBytes } from './gitindex.ts';
import type { GoFacts } from './gobuildinfo.ts';
import { readGoFacts } from './gobuildinfo.ts';

export type ElfFacts = {
  /** A position-independent program is 'executable', though its file says shared. */
  type: 'executable' | 'shared' | 'object' | 'core' | 'other';
  bits: 32 | 64;
  /** 'x86-64', 'aarch64', ...; 'machine N' where there is no name. */
  machine: string;
  /** Undefined for what is not loaded: objects, cores. */
  linking: 'dynamic' | 'static' | 'static-pie' | undefined;
  interpreter: ByteString | undefined;
  needed: ByteString[];
  soname: ByteString | undefined;
  rpath: ByteString[];
  runpath: ByteString[];
  /** Lower-case hexadecimal digits. */
  buildId: string | undefined;
  /** It has no .symtab. */
  isStripped: boolean;
  hasDebug: boolean;
  /** Name of the file that holds the debug information (.gnu_debuglink). */
  debugLink: ByteString | undefined;
  /** The different texts of .comment: a compiler or linker each, in the order of the file. */
  comments: ByteString[];
  producers: Producer[];
  /** The different texts of .GCC.command.line (-frecord-gcc-switches, clang's -frecord-command-line). */
  commandLines: ByteString[];
  go: GoFacts | undefined;
  /** What could not be read, a phrase each. */
  problems: ByteString[];
};

const DYNAMIC_TAG = { needed: 1, stringTable: 5, stringTableBytes: 10, soname: 14, rpath: 15, runpath: 29, flags1: 0x6ffffffb } as const;
const FLAG_1_PIE = 0x08000000;
const NOTE_BUILD_ID = 3;

const MOST_DYNAMIC_ENTRIES = 20000;
const MOST_ELF_NAMES = 4096;
const LONGEST_ELF_NAME_BYTES = 4096;
const MOST_NOTES = 1000;
const LONGEST_VERSION_BYTES = 200;
const MOST_ELF_TEXTS = 1000;
const MOST_ELF_TEXT_BYTES = 1 << 20;

const ELF_MACHINES: { [code: number]: string } = {
  2: 'sparc', 3: 'i386', 4: 'm68k', 8: 'mips', 15: 'parisc', 18: 'sparc32plus', 20: 'ppc', 21: 'ppc64', 22: 's390', 40: 'arm',
  42: 'sh', 43: 'sparcv9', 50: 'ia64', 62: 'x86-64', 164: 'hexagon', 183: 'aarch64', 190: 'cuda', 224: 'amdgpu', 243: 'riscv',
  247: 'bpf', 258: 'loongarch', 0x9026: 'alpha',
};

/** What the file of `sizeBytes` bytes tells; undefined if it is no ELF file. Never throws, whatever the file holds. */
export function readElf(read: ByteReader, sizeBytes: number, decompressors: Decompressors): ElfFacts | undefined {
  const file = openElf(read, sizeBytes);
  if (file === undefined) return undefined;
  const dynamic = readDynamic(file);
  const interpreter = readInterpreter(file);
  const hasSegment = (type: number): boolean => file.segments.some((segment) => segment.type === type);
  const isProgram = file.fileType === ELF_FILE_TYPE.executable
    || (file.fileType === ELF_FILE_TYPE.shared && (dynamic.isPie || (hasSegment(SEGMENT_TYPE.interpreter) && dynamic.soname === undefined)));
  const sectionNamed = (name: ByteString): ElfSection | undefined => file.sections.find((section) => section.name === name);
  const facts: ElfFacts = {
    type: isProgram ? 'executable' : nameFileType(file.fileType),
    bits: file.bits,
    machine: ELF_MACHINES[uintAt(file.whole, 18, 2)] ?? 'machine ' + uintAt(file.whole, 18, 2),
    linking: nameLinking(file, isProgram, hasSegment),
    interpreter,
    needed: dynamic.needed,
    soname: dynamic.soname,
    rpath: dynamic.rpath,
    runpath: dynamic.runpath,
    buildId: file.fileType === ELF_FILE_TYPE.core ? undefined : readBuildId(file),
    isStripped: !file.sections.some((section) => section.type === SECTION_TYPE.symbols),
    hasDebug: findDebugSection(file, 'info') !== undefined,
    debugLink: readDebugLink(file, sectionNamed('.gnu_debuglink')),
    comments: readElfTexts(file, sectionNamed('.comment')),
    producers: readProducers(makeSectionOpener(file, decompressors), file.problems),
    commandLines: readElfTexts(file, sectionNamed('.GCC.command.line')),
    go: readGoFacts(file, sectionNamed('.go.buildinfo')),
    problems: [],
  };
  facts.problems = Array.from(file.problems).sort(compareBytes);
  return facts;
}

/**
 * The usual name, below "/", of the file with the debug information of a stripped program; undefined
 * if the program has no build id. See GDB's manual, "Separate Debug Files".
 */
export function findSeparateDebugName(facts: ElfFacts): ByteString | undefined {
  if (facts.buildId === undefined || facts.buildId.length < 4) return undefined;
  return 'usr/lib/debug/.build-id/' + facts.buildId.slice(0, 2) + '/' + facts.buildId.slice(2) + '.debug';
}

/** Lines for people: each compiler with its flags, then how the file was linked and stripped. */
export function describeProducer(facts: ElfFacts): ByteString[] {
  const lines = facts.producers.map((producer) => describeUnits(producer, facts.commandLines.length > 0));
  lines.push(...facts.commandLines.map((line) => 'command line: ' + line));
  if (facts.go !== undefined) lines.push('Go ' + [facts.go.version].concat(facts.go.settings).join(' '));
  // Versions stand at the beginning; whole lines, of which a hostile file can have many, would take minutes.
  const known = lines.map((line) => line.slice(0, LONGEST_VERSION_BYTES));
  for (const comment of facts.comments) {
    if (comment.startsWith('Linker: ')) lines.push(comment);
    else if (!known.some((line) => line.includes(versionOfComment(comment)))) lines.push(comment + describeLack(facts));
  }
  if (lines.length === 0) lines.push('compiler not recorded');
  if (facts.linking === 'static' || facts.linking === 'static-pie') lines.push('statically linked');
  if (facts.isStripped && facts.linking !== undefined) lines.push('stripped');
  return lines;
}

function describeUnits(producer: Producer, hasCommandLines: boolean): ByteString {
  const { text, units } = producer;
  // The texts of GCC and Go begin with the language and hold the flags that matter.
  const isComplete = /^(GNU|Go) /.test(text);
  const language = producer.language === undefined || isComplete ? '' : ', ' + producer.language;
  const lack = isComplete || hasCommandLines || text.includes(' -') ? '' : ', flags not recorded';
  return text + language + lack + ' (' + units + (units === 1 ? ' unit)' : ' units)');
}

/** Why there are no flags with a compiler that only .comment names. */
function describeLack(facts: ElfFacts): ByteString {
  if (facts.commandLines.length > 0) return '';
  if (!facts.hasDebug) return ', flags not recorded (no debug information)';
  return facts.producers.length > 0 || facts.problems.length === 0 ? ', flags not recorded' : ', flags unknown (' + facts.problems.join('; ') + ')';
}

/** What a comment and a producer have in common: of "GCC: (Debian 12.2.0-14) 12.2.0" the version, else all of it. */
function versionOfComment(comment: ByteString): ByteString {
  const match = /^GCC: \(.*\) ([0-9.]+)/.exec(comment);
  return match === null ? comment : ' ' + match[1];
}

function nameFileType(type: number): ElfFacts['type'] {
  if (type === ELF_FILE_TYPE.shared) return 'shared';
  if (type === ELF_FILE_TYPE.object) return 'object';
  return type === ELF_FILE_TYPE.core ? 'core' : 'other';
}

function nameLinking(file: ElfFile, isProgram: boolean, hasSegment: (type: number) => boolean): ElfFacts['linking'] {
  if (file.fileType === ELF_FILE_TYPE.shared && !isProgram) return 'dynamic';
  if (!isProgram) return undefined;
  if (hasSegment(SEGMENT_TYPE.interpreter)) return 'dynamic';
  return file.fileType === ELF_FILE_TYPE.shared ? 'static-pie' : 'static';
}

function readInterpreter(file: ElfFile): ByteString | undefined {
  const segment = file.segments.find((each) => each.type === SEGMENT_TYPE.interpreter);
  if (segment === undefined || isOnlyDebug(file)) return undefined;
  const name = textAt(file.whole, segment.offset, Math.min(segment.sizeBytes, LONGEST_ELF_NAME_BYTES));
  return name === '' ? undefined : name;
}

type ElfDynamic = { needed: ByteString[]; soname: ByteString | undefined; rpath: ByteString[]; runpath: ByteString[]; isPie: boolean };

function readDynamic(file: ElfFile): ElfDynamic {
  const dynamic: ElfDynamic = { needed: [], soname: undefined, rpath: [], runpath: [], isPie: false };
  const segment = file.segments.find((each) => each.type === SEGMENT_TYPE.dynamic);
  if (segment === undefined || isOnlyDebug(file)) return dynamic;
  const cursor = startCursor(file.whole, segment.offset);
  const values: { tag: number; value: number }[] = [];
  let namesAt: number | undefined;
  let namesBytes = Infinity;
  const count = Math.min(segment.sizeBytes / (file.bits / 4), MOST_DYNAMIC_ENTRIES);
  for (let i = 0; i + 1 <= count && !isSpent(cursor); i++) {
    const tag = takeWord(file, cursor);
    const value = takeWord(file, cursor);
    if (tag === 0) break;
    if (tag === DYNAMIC_TAG.stringTable) namesAt = findOffset(file, value);
    else if (tag === DYNAMIC_TAG.stringTableBytes) namesBytes = value;
    else if (tag === DYNAMIC_TAG.flags1) dynamic.isPie = Math.floor(value / FLAG_1_PIE) % 2 === 1;
    else if (values.length < MOST_ELF_NAMES) values.push({ tag, value });
  }
  if (isSpent(cursor)) file.problems.add('the file is cut off');
  if (namesAt === undefined) return dynamic;
  const names = openSource(file.whole.read, namesAt, Math.max(0, Math.min(namesBytes, file.whole.sizeBytes - namesAt)), file.whole.isLittleEndian);
  for (const { tag, value } of values) {
    if (tag === DYNAMIC_TAG.needed) dynamic.needed.push(textAt(names, value, LONGEST_ELF_NAME_BYTES));
    else if (tag === DYNAMIC_TAG.soname) dynamic.soname = textAt(names, value, LONGEST_ELF_NAME_BYTES) || undefined;
    else if (tag === DYNAMIC_TAG.rpath) dynamic.rpath = splitFolders(textAt(names, value, LONGEST_ELF_NAME_BYTES));
    else if (tag === DYNAMIC_TAG.runpath) dynamic.runpath = splitFolders(textAt(names, value, LONGEST_ELF_NAME_BYTES));
  }
  return dynamic;
}

function splitFolders(text: ByteString): ByteString[] {
  return text.split(':').filter((folder) => folder !== '');
}

function readBuildId(file: ElfFile): string | undefined {
  // Without its segments a file has notes in sections; without sections, in segments.
  for (const section of file.sections) {
    if (section.type !== SECTION_TYPE.note) continue;
    const id = findBuildId(sourceOfSection(file, section), 4);
    if (id !== undefined) return id;
  }
  for (const segment of isOnlyDebug(file) ? [] : file.segments) {
    if (segment.type !== SEGMENT_TYPE.note) continue;
    const sizeBytes = Math.max(0, Math.min(segment.sizeBytes, file.whole.sizeBytes - segment.offset));
    const source = openSource(file.whole.read, segment.offset, sizeBytes, file.whole.isLittleEndian);
    const id = findBuildId(source, segment.alignBytes === 8 ? 8 : 4);
    if (id !== undefined) return id;
  }
  return undefined;
}

function findBuildId(source: ByteSource, alignBytes: number): string | undefined {
  const cursor = startCursor(source, 0);
  for (let i = 0; i < MOST_NOTES && cursor.at + 12 <= source.sizeBytes; i++) {
    const nameBytes = takeUint(cursor, 4);
    const bodyBytes = takeUint(cursor, 4);
    const type = takeUint(cursor, 4);
    const name = textAt(source, cursor.at, Math.min(nameBytes, 8));
    const bodyAt = Math.ceil((cursor.at + nameBytes) / alignBytes) * alignBytes;
    if (type === NOTE_BUILD_ID && name === 'GNU' && nameBytes === 4 && bodyBytes <= 64 && bodyAt + bodyBytes <= source.sizeBytes) {
      return hexFromBytes(textOfBytes(bytesAt(source, bodyAt, bodyBytes)));
    }
    cursor.at = Math.ceil((bodyAt + bodyBytes) / alignBytes) * alignBytes;
  }
  return undefined;
}

function readDebugLink(file: ElfFile, section: ElfSection | undefined): ByteString | undefined {
  if (section === undefined) return undefined;
  const name = textAt(sourceOfSection(file, section), 0, LONGEST_ELF_NAME_BYTES);
  return name === '' ? undefined : name;
}

/** The different texts of a section of texts that end with a NUL each. */
function readElfTexts(file: ElfFile, section: ElfSection | undefined): ByteString[] {
  if (section === undefined || hasFlag(section, SECTION_FLAG.compressed)) return [];
  const bytes = bytesAt(sourceOfSection(file, section), 0, MOST_ELF_TEXT_BYTES);
  const texts = new Set(textOfBytes(bytes).split('\0'));
  texts.delete('');
  if (texts.size > MOST_ELF_TEXTS || section.sizeBytes > MOST_ELF_TEXT_BYTES) file.problems.add('only the beginning of ' + section.name + ' was read');
  return Array.from(texts).slice(0, MOST_ELF_TEXTS);
}
