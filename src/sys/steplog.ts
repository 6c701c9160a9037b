// steplog.ts - prints what a step has printed, from its logs. Judges nothing.
import type { ByteString } from '../core/bytes.ts';
import type { Run } from '../core/run.ts';
import { errorCode, readBytesIfThere, readLastBytes, toFsPath, writeAll } from './files.ts';
import { fs } from './node.ts';
import { absoluteOf } from './project.ts';
import type { Project } from './project.ts';

const CHUNK_OF_LOG_BYTES = 1 << 16;

type LogPart = { stream: 'out' | 'err'; bytes: number };

/** The parts of the two logs in the order in which they came. What the list of parts lacks follows at the end. */
function listParts(project: Project, run: Run): LogPart[] {
  const order = run.logs.find((log) => log.path.endsWith('.order'));
  const text = order === undefined ? '' : readBytesIfThere(absoluteOf(project, order.path)) ?? '';
  const parts: LogPart[] = [];
  for (const line of text.split('\n')) {
    const words = /^(out|err) (\d{1,15})$/.exec(line);
    if (words !== null) parts.push({ stream: words[1] as LogPart['stream'], bytes: Number(words[2]) });
  }
  return parts.concat({ stream: 'out', bytes: Infinity }, { stream: 'err', bytes: Infinity });
}

/** Has the step printed anything? */
export function hasPrinted(run: Run): boolean {
  return run.logs.some((log) => log.size > 0 && /\.(?:out|err)$/.test(log.path));
}

/** Passes on what the step printed to standard output and standard error, in the order in which it came. True if its last byte is no LF. */
export function printStepOutput(project: Project, run: Run): boolean {
  const opened = new Map<LogPart['stream'], number>();
  const buffer = Buffer.alloc(CHUNK_OF_LOG_BYTES);
  let last = 10;
  try {
    for (const stream of ['out', 'err'] as const) {
      const log = run.logs.find((one) => one.path.endsWith('.' + stream));
      if (log !== undefined) opened.set(stream, fs.openSync(toFsPath(absoluteOf(project, log.path)), 'r'));
    }
    for (const { stream, bytes } of listParts(project, run)) {
      const from = opened.get(stream);
      for (let left = bytes; left > 0 && from !== undefined;) {
        const count = fs.readSync(from, buffer, 0, Math.min(left, buffer.length), null);
        if (count === 0) break;
        writeAll(stream === 'out' ? 1 : 2, buffer.subarray(0, count));
        last = buffer[count - 1];
        left -= count;
      }
    }
  } catch (error) {
    // A reader that has gone away, or a log that cannot be read: the records are what counts.
    if (errorCode(error) === '') throw error;
  } finally {
    for (const descriptor of opened.values()) fs.closeSync(descriptor);
  }
  return last !== 10;
}

const MOST_TAIL_BYTES = 4096;
const MOST_TAIL_LINES = 20;

/** The last lines of what the step printed, standard error first if there is any: for whoever wants to hear of failures alone. */
export function readOutputTail(project: Project, run: Run): ByteString[] {
  for (const stream of ['.err', '.out']) {
    const log = run.logs.find((one) => one.path.endsWith(stream) && one.size > 0);
    if (log === undefined) continue;
    const lines = readLastBytes(absoluteOf(project, log.path), MOST_TAIL_BYTES).replace(/\r/g, '').split('\n');
    if (lines[lines.length - 1] === '') lines.pop();
    return lines.slice(-MOST_TAIL_LINES);
  }
  return [];
}
