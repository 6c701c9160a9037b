// printed.ts - reads what a run prints for metrics and for how far it is, at a cost that is bounded. Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { PrintedReader } from '../formats/printedreader.ts';
import type { RunProgress } from '../formats/printedreader.ts';
import type { MetricRule } from '../formats/metricrule.ts';
import { fs } from './node.ts';
import { readMonotonicMs } from './clock.ts';
import { errorCode, toFsPath } from './files.ts';

// What reading may cost: this, and this share of the run's time. What comes faster than that is not read, but for its end.
const ALLOWED_MS = 60;
const ALLOWED_SHARE = 0.01;
// And of what has nothing to be read, which is told ten times as quick.
const PASSING_MS = 10;
const PASSING_SHARE = 0.005;
const TAIL_KEPT_BYTES = 1 << 16;
// A program that flushes each byte makes a chunk of each.
const MOST_TAIL_CHUNKS = 256;

/** The last of what was not read of a stream. */
type UnreadTail = { chunks: Buffer[]; sizeBytes: number };

export class PrintedMetrics {
  readonly reader: PrintedReader;
  /** Bytes that came too fast to be read. */
  unreadBytes = 0;
  private spentMs = 0;
  private passingMs = 0;
  private readonly startMs: number;
  private readonly tails = new Map<string, UnreadTail>();

  private readonly hasTimes: boolean;

  /** `hasTimes`: it is printed now, by what began at `startMs`. */
  constructor(rule: MetricRule, hasTimes: boolean, startMs: number) {
    this.hasTimes = hasTimes;
    this.startMs = startMs;
    this.reader = new PrintedReader(rule);
  }

  get progress(): RunProgress | undefined {
    return this.reader.progress;
  }

  /** The next bytes of a stream. */
  take(stream: string, data: Buffer): void {
    const beginMs = readMonotonicMs();
    const ageMs = beginMs - this.startMs;
    if (this.spentMs > ALLOWED_MS + ALLOWED_SHARE * ageMs || this.passingMs > PASSING_MS + PASSING_SHARE * ageMs) return this.keepTail(stream, data);
    if (!this.tails.has(stream) && this.reader.pass(stream, data, (from) => data.toString('latin1', from))) {
      this.passingMs += readMonotonicMs() - beginMs;
      return;
    }
    const atS = this.hasTimes ? ageMs / 1000 : undefined;
    this.readTail(stream, atS);
    this.reader.feed(stream, data.toString('latin1'), atS);
    this.spentMs += readMonotonicMs() - beginMs;
  }

  private keepTail(stream: string, data: Buffer): void {
    let tail = this.tails.get(stream);
    if (tail === undefined) {
      tail = { chunks: [], sizeBytes: 0 };
      this.tails.set(stream, tail);
    }
    tail.chunks.push(data);
    tail.sizeBytes += data.length;
    this.unreadBytes += data.length;
    while (tail.sizeBytes - tail.chunks[0].length > TAIL_KEPT_BYTES) tail.sizeBytes -= (tail.chunks.shift() as Buffer).length;
    if (tail.chunks.length > MOST_TAIL_CHUNKS) tail.chunks = [Buffer.concat(tail.chunks)];
  }

  private readTail(stream: string, atS: number | undefined): void {
    const tail = this.tails.get(stream);
    if (tail === undefined) return;
    this.tails.delete(stream);
    const text = Buffer.concat(tail.chunks).toString('latin1');
    this.reader.skip(stream);
    this.reader.feed(stream, text, atS);
    this.unreadBytes -= text.length;
  }

  /** The streams have ended. */
  end(): void {
    const atS = this.hasTimes ? (readMonotonicMs() - this.startMs) / 1000 : undefined;
    for (const stream of Array.from(this.tails.keys())) this.readTail(stream, atS);
    this.reader.end(atS);
  }
}

/** For what a run prints that began at `startMs` of the monotonic clock. */
export function beginPrinted(rule: MetricRule, startMs: number): PrintedMetrics {
  return new PrintedMetrics(rule, true, startMs);
}

const CHUNK_OF_PRINTED_BYTES = 1 << 16;

/** Reads what a run has printed from its logs, NAME.out and NAME.err; of large ones the end. When each value came is not known. */
export function readPrintedLogs(rule: MetricRule, name: ByteString): PrintedMetrics {
  const printed = new PrintedMetrics(rule, false, readMonotonicMs());
  const buffer = Buffer.alloc(CHUNK_OF_PRINTED_BYTES);
  for (const stream of ['out', 'err']) {
    try {
      const descriptor = fs.openSync(toFsPath(name + '.' + stream), 'r');
      try {
        for (let count = fs.readSync(descriptor, buffer, 0, buffer.length, null); count > 0; count = fs.readSync(descriptor, buffer, 0, buffer.length, null)) printed.take(stream, Buffer.from(buffer.subarray(0, count)));
      } finally {
        fs.closeSync(descriptor);
      }
    } catch (error) {
      if (errorCode(error) === '') throw error; // it printed nothing there
    }
  }
  printed.end();
  return printed;
}
