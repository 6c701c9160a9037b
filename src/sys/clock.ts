// clock.ts - the only place that reads a clock or random numbers.
import { crypto } from './node.ts';

// In the order of their bytes, so that ids of one second sort by the fraction they begin with.
const ID_LETTERS = '234567abcdefghijklmnopqrstuvwxyz';

let wallOffsetMs: number | undefined;

/** Milliseconds of a clock that never goes back, for durations. */
export function readMonotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Microseconds since 1970 in UTC. The system's wall clock is read once; later readings add the
 * monotonic clock, so that the times of one process never go back and have microseconds.
 */
export function readUtcMicros(): number {
  if (wallOffsetMs === undefined) wallOffsetMs = Date.now() - readMonotonicMs();
  return Math.round((wallOffsetMs + readMonotonicMs()) * 1000);
}

/** What another process of this machine needs to have the same time as this one, to the microsecond. */
export function shareClock(): number {
  readUtcMicros();
  return wallOffsetMs as number;
}

const MOST_APART_MS = 60000;

/** Takes over the time of another process, so that ids of both are in one order, also if the wall clock is set meanwhile. */
export function adoptClock(offsetMs: number): void {
  const ownMs = Date.now() - readMonotonicMs();
  // Not where each process has a monotonic clock of its own.
  if (Math.abs(ownMs - offsetMs) < MOST_APART_MS) wallOffsetMs = offsetMs;
}

/** 2026-11-22T05:20:39.123456Z (ISO 8601) */
export function formatUtcMicros(micros: number): string {
  const millis = Math.floor(micros / 1000);
  const rest = String(micros - millis * 1000).padStart(3, '0');
  return new Date(millis).toISOString().replace('Z', rest + 'Z');
}

/** Does nothing for so long, and lets nothing else of this process go on. */
export function pauseMs(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Six random digits of base 32, for names that nobody else chooses. */
export function makeRandomDigits(): string {
  return Array.from(crypto().randomBytes(6), (byte) => ID_LETTERS[byte & 31]).join('');
}

/** A new id of a run that started then (docs/record-format.txt, 1). */
export function makeRunId(startedMicros: number): string {
  const stamp = formatUtcMicros(startedMicros).replace(/[-:]|\.\d+/g, '');
  const fraction = Math.floor(((startedMicros % 1e6) / 1e6) * 32768);
  const digits = [fraction >> 10, (fraction >> 5) & 31, fraction & 31].concat(Array.from(crypto().randomBytes(3), (byte) => byte & 31));
  return stamp + '-' + digits.map((digit) => ID_LETTERS[digit]).join('');
}

/** Microseconds since 1970 that an id tells of, rounded up to a whole one. */
export function readIdMicros(id: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-(...)/.exec(id);
  if (parts === null) throw new Error('not an id: ' + id);
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number);
  const fraction = Array.from(parts[7], (letter) => ID_LETTERS.indexOf(letter)).reduce((sum, digit) => sum * 32 + digit, 0);
  return Date.UTC(year, month - 1, day, hour, minute, second) * 1000 + Math.ceil((fraction / 32768) * 1e6);
}
