// binaries.ts - what ELF files say of themselves, remembered as long as they do not change. Knows no records.
//
// Lines of "1 DEV INO SIZE MTIME CTIME PATH<TAB>FACTS" in JSON, appended; "1" is the version of the
// facts. Without this cache all is the same, later.
import type { ByteString } from '../core/bytes.ts';
import { folderOfName, joinNames } from '../core/names.ts';
import { describeProducer, findSeparateDebugName, readElf } from '../formats/elf.ts';
import type { ElfFacts } from '../formats/elf.ts';
import { isSettled, statKeyOf } from './hashcache.ts';
import { errorCode, passOverForbidden, readBytesIfThere, removeIfThere, statIfThere, toFsPath } from './files.ts';
import { fs, zlib } from './node.ts';

/** The part of an ELF file's facts that a record or the search for its libraries needs. */
export type BinaryFacts = Pick<ElfFacts, 'bits' | 'machine' | 'interpreter' | 'needed' | 'soname' | 'rpath' | 'runpath' | 'buildId'> & {
  /** How it was compiled, a line per compiler and its flags; [] if nothing is known of the compiler. */
  compiled: ByteString[];
  /** The same where nothing is known: "stripped, ...". */
  unknown: ByteString;
  /** Absolute name that its separate debug information would have; '' if it has its own, or no build-id. */
  debugName: ByteString;
  /** Name in .gnu_debuglink; '' if there is none. */
  debugLink: ByteString;
};

const FACTS_VERSION = '1';
const FACTS_LIMIT_BYTES = 32 << 20;
// A program put together from many libraries can name hundreds of sets of flags.
const MOST_COMPILER_LINES = 16;
const LONGEST_LINE_BYTES = 4000;

function openBinary(name: ByteString): number | undefined {
  try {
    return fs.openSync(toFsPath(name), fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
  } catch (error) {
    return undefined; // gone, or not ours to read
  }
}

type Decompress = (data: Uint8Array, sizeBytes: number) => Uint8Array | undefined;
type NodeDecompress = (data: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

/** Undefined for what is malformed. */
function guardDecompress(pick: () => NodeDecompress): Decompress {
  return (data, sizeBytes) => {
    try {
      return pick()(data, { maxOutputLength: Math.max(sizeBytes, 1) });
    } catch (error) {
      return undefined;
    }
  };
}

// Both as late as they are needed: to load zlib costs more than to read most files. Node.js has zstd since 22.15.
const DECOMPRESSORS = {
  zlib: guardDecompress(() => zlib().inflateSync as unknown as NodeDecompress),
  get zstd(): Decompress | undefined {
    const { zstdDecompressSync } = zlib() as unknown as { zstdDecompressSync?: NodeDecompress };
    return zstdDecompressSync === undefined ? undefined : guardDecompress(() => zstdDecompressSync);
  },
};

function readElfFile(name: ByteString): ElfFacts | undefined {
  const fd = openBinary(name);
  if (fd === undefined) return undefined;
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) return undefined;
    const read = (offset: number, length: number): Uint8Array => {
      const buffer = new Uint8Array(Math.max(0, Math.min(length, stat.size - offset)));
      if (buffer.length === 0) return buffer;
      try {
        return buffer.subarray(0, fs.readSync(fd, buffer, 0, buffer.length, offset));
      } catch (error) {
        return buffer.subarray(0, 0);
      }
    };
    return readElf(read, stat.size, DECOMPRESSORS);
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return undefined;
  } finally {
    fs.closeSync(fd);
  }
}

function shortenLines(lines: ByteString[]): ByteString[] {
  const shown = lines.slice(0, MOST_COMPILER_LINES).map((line) => (line.length > LONGEST_LINE_BYTES ? line.slice(0, LONGEST_LINE_BYTES) + '...' : line));
  return lines.length > shown.length ? shown.concat('and ' + String(lines.length - shown.length) + ' more') : shown;
}

// What describeProducer() says of the file as a whole.
const OF_THE_WHOLE = ['statically linked', 'stripped'];
const NOT_RECORDED = 'compiler not recorded';

function selectFacts(facts: ElfFacts): BinaryFacts {
  const { bits, machine, interpreter, needed, soname, rpath, runpath, buildId } = facts;
  const all = describeProducer(facts);
  // On each line, so that each can be read by itself.
  const whole = [''].concat(all.filter((line) => OF_THE_WHOLE.indexOf(line) >= 0), facts.problems).join('; ');
  const known = all.filter((line) => OF_THE_WHOLE.indexOf(line) < 0 && line !== NOT_RECORDED);
  const debug = facts.producers.length > 0 ? undefined : findSeparateDebugName(facts);
  return {
    bits, machine, interpreter, needed, soname, rpath, runpath, buildId,
    compiled: shortenLines(known).map((line) => line + whole), unknown: known.length > 0 ? '' : NOT_RECORDED + whole, debugName: debug === undefined ? '' : '/' + debug,
    debugLink: facts.producers.length > 0 ? '' : facts.debugLink ?? '',
  };
}

/** Facts of binaries by their names. */
export class BinaryCache {
  private readonly name: ByteString;
  private kept: Map<ByteString, ByteString> | undefined;
  private readonly seen = new Map<ByteString, BinaryFacts | undefined>();
  private added = '';
  constructor(name: ByteString) {
    this.name = name;
  }

  /** Facts of the file as it is now; undefined if it is no ELF file or cannot be read. */
  find(name: ByteString): BinaryFacts | undefined {
    if (this.seen.has(name)) return this.seen.get(name);
    const stat = statIfThere(name);
    const facts = stat === undefined || !stat.isFile() ? undefined : this.findByStat(stat, name);
    this.seen.set(name, facts);
    return facts;
  }

  private findByStat(stat: import('fs').Stats, name: ByteString): BinaryFacts | undefined {
    const key = FACTS_VERSION + statKeyOf(stat, name);
    const kept = this.readKept().get(key);
    const known = kept === undefined ? undefined : parseFacts(kept);
    if (known !== undefined) return known.facts;
    const elf = readElfFile(name);
    const facts = elf === undefined ? undefined : selectFacts(elf);
    if (isSettled(stat)) this.added += key + '\t' + JSON.stringify(facts ?? null) + '\n';
    return facts;
  }

  private readKept(): Map<ByteString, ByteString> {
    if (this.kept === undefined) {
      this.kept = new Map();
      for (const line of (passOverForbidden(() => readBytesIfThere(this.name)) ?? '').split('\n')) {
        const tab = line.indexOf('\t');
        if (tab > 0) this.kept.set(line.slice(0, tab), line.slice(tab + 1));
      }
    }
    return this.kept;
  }

  /** Writes what was found. Where that cannot be, it is forgotten: it is only a cache. */
  save(): void {
    if (this.added === '') return;
    try {
      fs.appendFileSync(toFsPath(this.name), Buffer.from(this.added, 'latin1'));
      if (fs.statSync(toFsPath(this.name)).size > FACTS_LIMIT_BYTES) removeIfThere(this.name);
    } catch (error) {
      if (errorCode(error) === '') throw error;
    }
    this.added = '';
  }
}

/** Undefined if the line was cut or is not ours. */
function parseFacts(line: ByteString): { facts: BinaryFacts | undefined } | undefined {
  try {
    const facts = JSON.parse(line) as BinaryFacts | null;
    if (facts === null) return { facts: undefined };
    const lists = [facts.needed, facts.rpath, facts.runpath, facts.compiled];
    return lists.every((list) => Array.isArray(list)) ? { facts } : undefined;
  } catch (error) {
    return undefined;
  }
}

/**
 * How a binary was compiled, a line per compiler and flags; from its separate debug information where
 * that is installed, which the line then names. [] if nothing tells.
 */
export function describeCompilers(facts: BinaryFacts, cache: BinaryCache, name: ByteString): ByteString[] {
  const folder = folderOfName(name);
  // Where gdb(1) looks for them, in its order ("Debugging Information in Separate Files").
  const beside = facts.debugLink === '' || facts.debugLink.indexOf('/') >= 0 ? [] : ['', '/.debug'].map((below) => folder + below).concat('/usr/lib/debug' + folder).map((place) => joinNames(place, facts.debugLink));
  for (const debugName of (facts.debugName === '' ? [] : [facts.debugName]).concat(beside)) {
    const debug = cache.find(debugName);
    if (debug !== undefined && debug.compiled.length > 0 && debug.buildId === facts.buildId) return debug.compiled.map((line) => line + ' (from ' + debugName + ')');
  }
  return facts.compiled;
}
