// filesource.ts - files that are read in parts, and written anew with texts put in. Knows no formats.
import type { ByteString } from '../core/bytes.ts';
import type { FileParts } from '../formats/fileparts.ts';
import { listSplicedParts } from '../formats/longtext.ts';
import type { LongText } from '../formats/longtext.ts';
import { errorCode, replaceFile, toFsPath, writeAll } from './files.ts';
import { fs } from './node.ts';

const SOURCE_BLOCK_BYTES = 1 << 16;
const SOURCE_KEPT_BLOCKS = 512; // 32 MiB

/**
 * Lets `use` read parts of a file; undefined if it is no regular file that can be opened. What cannot
 * be read of it is missing as if the file ended there.
 */
export function readFileInParts<T>(name: ByteString, use: (source: FileParts) => T): T | undefined {
  return useOpenFile(name, (fd, stat) => use(makeSource(fd, stat.size)));
}

/** The same with the open file and what is known of it. */
function useOpenFile<T>(name: ByteString, use: (fd: number, stat: import('fs').Stats) => T): T | undefined {
  let fd: number;
  try {
    fd = fs.openSync(toFsPath(name), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return undefined;
  }
  try {
    const stat = fs.fstatSync(fd);
    return stat.isFile() ? use(fd, stat) : undefined;
  } finally {
    fs.closeSync(fd);
  }
}

function makeSource(fd: number, sizeBytes: number): FileParts {
  const blocks = new Map<number, ByteString>();
  const buffer = Buffer.alloc(SOURCE_BLOCK_BYTES);
  const readBlock = (number: number): ByteString => {
    let block = blocks.get(number);
    if (block !== undefined) return block;
    if (blocks.size >= SOURCE_KEPT_BLOCKS) blocks.clear();
    block = buffer.toString('latin1', 0, readBlockFully(fd, buffer, number * SOURCE_BLOCK_BYTES));
    blocks.set(number, block);
    return block;
  };
  const read = (at: number, length: number): ByteString => {
    const end = Math.min(at + length, sizeBytes);
    if (!(at >= 0 && at < end)) return '';
    const first = Math.floor(at / SOURCE_BLOCK_BYTES);
    const last = Math.floor((end - 1) / SOURCE_BLOCK_BYTES);
    const start = at - first * SOURCE_BLOCK_BYTES;
    if (first === last) return readBlock(first).slice(start, end - first * SOURCE_BLOCK_BYTES);
    const parts = [readBlock(first).slice(start)];
    for (let number = first + 1; number < last; number++) parts.push(readBlock(number));
    parts.push(readBlock(last).slice(0, end - last * SOURCE_BLOCK_BYTES));
    return parts.join('');
  };
  return { sizeBytes, read };
}

function readBlockFully(fd: number, buffer: Buffer, at: number): number {
  let done = 0;
  try {
    while (done < buffer.length) {
      const count = fs.readSync(fd, buffer, done, buffer.length - done, at + done);
      if (count === 0) break;
      done += count;
    }
  } catch (error) {
    if (errorCode(error) === '') throw error;
  }
  return done;
}

// ---- a text that is changed in few places -----------------------------------------------------------

const TEXT_BLOCK_BYTES = 4096;
const TEXT_KEPT_BLOCKS = 2048; // 8 MiB
const COPIED_BYTES = 1 << 18;

/** Thrown within this file: a file is no longer as it was when it was opened. */
const FILE_CHANGED = new Error('the file changed while it was read');

/** A regular file that is open. Short parts are kept, for a place is looked for by halving. */
class FileText implements LongText {
  readonly length: number;
  private readonly fd: number;
  private readonly mtimeMs: number;
  private readonly blocks = new Map<number, ByteString>();
  constructor(fd: number, stat: import('fs').Stats) {
    this.fd = fd;
    this.length = stat.size;
    this.mtimeMs = stat.mtimeMs;
  }

  slice(start: number, end: number): ByteString {
    const until = Math.min(end, this.length);
    if (until - start > TEXT_BLOCK_BYTES) return this.read(start, until);
    let text = '';
    for (let number = Math.floor(start / TEXT_BLOCK_BYTES); number * TEXT_BLOCK_BYTES < until; number++) {
      const at = number * TEXT_BLOCK_BYTES;
      text += this.readBlock(number).slice(Math.max(0, start - at), until - at);
    }
    return text;
  }

  /** Writes [start, end) to another open file. */
  copyTo(fd: number, start: number, end: number): void {
    const buffer = Buffer.allocUnsafe(Math.min(COPIED_BYTES, end - start));
    for (let at = start; at < end; at += buffer.length) writeAll(fd, this.fill(buffer.subarray(0, Math.min(buffer.length, end - at)), at));
  }

  requireUnchanged(): void {
    const stat = fs.fstatSync(this.fd);
    if (stat.size !== this.length || stat.mtimeMs !== this.mtimeMs) throw FILE_CHANGED;
  }

  private readBlock(number: number): ByteString {
    let block = this.blocks.get(number);
    if (block !== undefined) return block;
    if (this.blocks.size >= TEXT_KEPT_BLOCKS) this.blocks.clear();
    const at = number * TEXT_BLOCK_BYTES;
    block = this.read(at, Math.min(at + TEXT_BLOCK_BYTES, this.length));
    this.blocks.set(number, block);
    return block;
  }

  private read(start: number, end: number): ByteString {
    return this.fill(Buffer.allocUnsafe(end - start), start).toString('latin1');
  }

  private fill(buffer: Buffer, at: number): Buffer {
    for (let done = 0; done < buffer.length; ) {
      const count = fs.readSync(this.fd, buffer, done, buffer.length - done, at + done);
      if (count === 0) throw FILE_CHANGED;
      done += count;
    }
    return buffer;
  }
}

/**
 * Replaces those of these files for which `change` gives another text, by spliceText() out of what it is
 * given. None is held: what stays is copied. false, and nothing more is replaced, if one of them is no
 * regular file, or is written to meanwhile, or `change` gives undefined. Throws where one cannot be written.
 */
export function changeFiles(names: ByteString[], change: (texts: LongText[]) => LongText[] | undefined): boolean {
  try {
    return useTexts(names, [], (texts) => {
      const changed = change(texts);
      if (changed === undefined) return false;
      texts.forEach((text, i) => {
        if (changed[i] !== text) replaceFile(names[i], { writeTo: (fd) => writeChanged(fd, changed[i], text, texts) }, false);
      });
      return true;
    });
  } catch (error) {
    // NFS says ESTALE of an open file in whose place another machine has put its own.
    if (error !== FILE_CHANGED && errorCode(error) !== 'ESTALE') throw error;
    return false;
  }
}

function useTexts(names: ByteString[], opened: FileText[], use: (texts: FileText[]) => boolean): boolean {
  if (opened.length === names.length) return use(opened);
  return useOpenFile(names[opened.length], (fd, stat) => useTexts(names, opened.concat(new FileText(fd, stat)), use)) ?? false;
}

/** Writes a text out of parts of `old`, and looks whether all that it was made after is still as it was. */
function writeChanged(fd: number, text: LongText, old: FileText, all: FileText[]): void {
  for (const part of listSplicedParts(text)) {
    if (part.text === undefined) old.copyTo(fd, part.start, part.end);
    else writeAll(fd, Buffer.from(part.text.slice(part.start, part.end), 'latin1'));
  }
  for (const one of all) one.requireUnchanged();
}
