// statuscache.ts - an answer on many files, good as long as none of them has changed. Knows not what the answer says.
//
// .rr/status, .rr/make: a line of text, which names .rr/place (describeOwnPlace in project.ts), so that none that
// came with a stranger's project counts; the answer in JSON; the names of all files and folders that it depends
// on, each with a NUL after it, relative to the project; then, from a multiple of 8 bytes on, four
// numbers of 64 bits for each: size, mtime, ctime in ms, inode; all NaN if there is nothing of that
// name. As long as all of them are so, nothing is read again: neither a record nor a result.
//
// 1. What was so fresh when it was looked at that it may change again within the same tick of the
//    clock is not kept, and then nothing is (hashcache.ts, isSettled).
// 2. A folder has its times changed by every name that comes or goes in it.
import type { ByteString } from '../core/bytes.ts';
import { NumberList } from '../core/numberlists.ts';
import { PLAN_PATH } from '../core/plan.ts';
import { RR_VERSION } from '../core/version.ts';
import { errorCode, lstatIfThere, readRegularBytesIfThere, replaceFile, statIfThere } from './files.ts';
import { isSettled } from './hashcache.ts';
import { fs } from './node.ts';
import type { Project } from './project.ts';
import { absoluteOf, describeOwnPlace, makePlace } from './project.ts';
import { listMonths } from './recordfiles.ts';
import { shareWork } from './threads.ts';

type StoredStats = import('fs').Stats;

const NUMBERS = 4;
const PIECE_BYTES = 1 << 16;
// Below this a second thread costs more to start than it saves.
const WORKER_MIN_NAMES = 20000;
const HEAD_FIELDS = /^rr status 2 (\S+) (\d+ \d+) (\d+) (\d+) (\d+) (\d+)\n/;
// The same number is other bytes where the order of bytes differs.
const BYTE_ORDER = String(new Uint8Array(new Float64Array([1]).buffer)[7]);

/** What the answer depends on: names relative to the project (links not followed), and what was seen there. */
export type Dependence = { path: ByteString; stat: Pick<StoredStats, 'ino' | 'size' | 'mtimeMs' | 'ctimeMs'> | undefined };

type KeptAnswer = { answer: string; names: ByteString; count: number; numbers: Float64Array };

function readKeptStatus(name: ByteString, place: string): KeptAnswer | undefined {
  let data: Buffer | undefined;
  try {
    data = readRegularBytesIfThere(name);
  } catch (error) {
    if (errorCode(error) === '') throw error;
  }
  if (data === undefined) return undefined;
  const head = HEAD_FIELDS.exec(data.toString('latin1', 0, 200));
  if (head === null || head[1] !== RR_VERSION || head[2] !== place || head[6] !== BYTE_ORDER) return undefined;
  const [answerBytes, namesBytes, count] = head.slice(3, 6).map(Number);
  const namesAt = head[0].length + answerBytes;
  const numbersAt = (namesAt + namesBytes + 7) & ~7;
  if (data.length !== numbersAt + count * NUMBERS * 8) return undefined;
  const numbers = new Float64Array(new SharedArrayBuffer(count * NUMBERS * 8));
  Buffer.from(numbers.buffer).set(data.subarray(numbersAt));
  return { answer: data.toString('latin1', head[0].length, namesAt), names: data.toString('latin1', namesAt, namesAt + namesBytes), count, numbers };
}

/** What the threads share. next: first name that nobody has taken; changed: 1 if a name was found that is not as it was. */
type ComparingWork = { names: ByteString; base: ByteString; numbers: Float64Array; state: Int32Array };

/**
 * Compares names with their numbers, a chunk at a time, until all are taken or one differs. The worker
 * gets this function as text: it must not use anything of this file.
 */
function compareNames(work: ComparingWork, files: typeof import('fs')): void {
  const { names, base, numbers, state } = work;
  const chunk = 256;
  const isPlain = /^[\x00-\x7f]*$/.test(names) && /^[\x00-\x7f]*$/.test(base);
  const count = numbers.length / 4;
  const quiet = { throwIfNoEntry: false };
  const lstat = files.lstatSync as unknown as (name: string | Buffer, options: { throwIfNoEntry: boolean }) => StoredStats | undefined;
  // Chunks come in ascending order, so one walk through the text finds all their names.
  let index = 0;
  let start = 0;
  for (let from = Atomics.add(state, 0, chunk); from < count && Atomics.load(state, 1) === 0; from = Atomics.add(state, 0, chunk)) {
    for (; index < from; index++) start = names.indexOf('\0', start) + 1;
    const last = Math.min(count, from + chunk);
    for (; index < last; index++) {
      const end = names.indexOf('\0', start);
      const name = names.charCodeAt(start) === 47 ? names.slice(start, end) : base + names.slice(start, end);
      start = end + 1;
      let stat: StoredStats | undefined;
      try {
        stat = lstat(isPlain ? name : Buffer.from(name, 'latin1'), quiet);
      } catch (error) {
        stat = undefined;
      }
      const at = index * 4;
      const isSame = stat === undefined ? numbers[at] !== numbers[at]
        : stat.mtimeMs === numbers[at + 1] && stat.size === numbers[at] && stat.ctimeMs === numbers[at + 2] && stat.ino === numbers[at + 3];
      if (!isSame) {
        Atomics.store(state, 1, 1);
        return;
      }
    }
  }
}

/** What the answer is to. */
export type KeptQuestion = 'status' | 'make';

/** The answer that was kept, if all that it depends on is as it was. */
export async function findKeptAnswer(project: Project, question: KeptQuestion): Promise<string | undefined> {
  const place = describeOwnPlace(project);
  const kept = place === undefined ? undefined : readKeptStatus(project.own + '/' + question, place);
  if (kept === undefined) return undefined;
  const base = process.cwd() === project.root ? '' : absoluteOf(project, '');
  const work: ComparingWork = { names: kept.names, base, numbers: kept.numbers, state: new Int32Array(new SharedArrayBuffer(8)) };
  const compareHere = (): void => compareNames(work, fs);
  if (kept.count < WORKER_MIN_NAMES) compareHere();
  else if (!await shareWork(compareNames, work, compareHere)) {
    work.state[0] = 0;
    compareHere();
  }
  return work.state[1] === 0 ? kept.answer : undefined;
}

/** Keeps an answer. Where that cannot be, or something is too fresh, nothing is kept. */
export function keepAnswer(project: Project, question: KeptQuestion, answer: string, depends: Iterable<Dependence>): void {
  if (statIfThere(project.own) === undefined) return;
  const names: ByteString[] = [''];
  const numbers = new NumberList();
  let namesBytes = 0;
  for (const { path, stat } of depends) {
    if (stat !== undefined && !isSettled(stat)) return;
    if (names[names.length - 1].length >= PIECE_BYTES) names.push('');
    names[names.length - 1] += path + '\0';
    namesBytes += path.length + 1;
    for (const number of stat === undefined ? [NaN, NaN, NaN, NaN] : [stat.size, stat.mtimeMs, stat.ctimeMs, stat.ino]) numbers.push(number);
  }
  const place = makePlace(project);
  if (place === undefined) return;
  const head = 'rr status 2 ' + RR_VERSION + ' ' + [place, answer.length, namesBytes, numbers.length / NUMBERS, BYTE_ORDER].join(' ') + '\n';
  const textBytes = head.length + answer.length + namesBytes;
  const pieces = [head, answer].concat(names, '\0'.repeat(((textBytes + 7) & ~7) - textBytes), numbers.pieces().map((piece) => Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('latin1')));
  try {
    replaceFile(project.own + '/' + question, () => pieces, false);
  } catch (error) {
    if (errorCode(error) === '') throw error; // it is only a cache
  }
}

/** Every record, every note and every change of the plan changes the times of one of these. */
export function dependOnRecords(project: Project): Dependence[] {
  const paths: ByteString[] = [PLAN_PATH];
  for (const kind of ['runs', 'notes'] as const) paths.push('provenance/' + kind, ...listMonths(project, kind).map((month) => 'provenance/' + kind + '/' + month));
  return paths.map((path) => dependOn(project, path));
}

/** A name with what is there now. */
export function dependOn(project: Project, path: ByteString): Dependence {
  return { path, stat: lstatIfThere(absoluteOf(project, path)) };
}
