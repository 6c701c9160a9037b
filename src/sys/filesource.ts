// filesource.ts - files that are read in parts. Knows no formats.
import type { ByteString } from '../core/bytes.ts';
import type { FileParts } from '../formats/fileparts.ts';
import { errorCode, toFsPath } from './files.ts';
import { fs } from './node.ts';

const SOURCE_BLOCK_BYTES = 1 << 16;
const SOURCE_KEPT_BLOCKS = 512; // 32 MiB

/**
 * Lets `use` read parts of a file; undefined if it is no regular file that can be opened. What cannot
 * be read of it is missing as if the file ended there.
 */
export function readFileInParts<T>(name: ByteString, use: (source: FileParts) => T): T | undefined {
  let fd: number;
  try {
    fd = fs.openSync(toFsPath(name), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return undefined;
  }
  try {
    const stat = fs.fstatSync(fd);
    return stat.isFile() ? use(makeSource(fd, stat.size)) : undefined;
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
