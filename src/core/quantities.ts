// quantities.ts - sizes and times as a person writes them: 4G, 90m. Knows no clock.
import type { ByteString } from './bytes.ts';

const UNIT_BYTES: { [unit: string]: number } = { B: 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };
const UNIT_SECONDS: { [unit: string]: number } = { s: 1, m: 60, h: 3600, d: 86400 };
const LONGEST_DURATION_S = 1e9;

/** What a size is, for a hint. */
export const SIZE_WORDS = '4096B, 512K, 512M, 4G, 1.5T (K is 1024 bytes)';
/** What a time is, for a hint. */
export const DURATION_WORDS = 'seconds, or 90s, 5m, 2h, 1d';

/**
 * Bytes of "512M", "1.5G", "4GiB": whole, more than 0. undefined for anything else: also for a number
 * without a unit, which is bytes to one and megabytes to another, and for "MB", which is two things.
 */
export function parseSize(text: ByteString): number | undefined {
  const parts = /^(\d{1,16}(?:\.\d{1,9})?)(?:([KMGT])(?:iB)?|(B))$/i.exec(text);
  if (parts === null) return undefined;
  const bytes = Math.round(Number(parts[1]) * UNIT_BYTES[(parts[2] ?? parts[3]).toUpperCase()]);
  return bytes > 0 && bytes <= Number.MAX_SAFE_INTEGER ? bytes : undefined;
}

/** The shortest text that parseSize() reads as so many bytes. */
export function printSize(bytes: number): string {
  const unit = ['T', 'G', 'M', 'K'].find((one) => bytes % UNIT_BYTES[one] === 0) ?? 'B';
  return String(bytes / UNIT_BYTES[unit]) + unit;
}

/** Seconds, in whole milliseconds, of "90", "1.5m", "2h", "1d"; undefined for anything else. */
export function parseDuration(text: ByteString): number | undefined {
  const parts = /^(\d{1,15}(?:\.\d{1,9})?)([smhd])?$/.exec(text);
  if (parts === null) return undefined;
  const seconds = Math.round(Number(parts[1]) * UNIT_SECONDS[parts[2] ?? 's'] * 1000) / 1000;
  return seconds > 0 && seconds <= LONGEST_DURATION_S ? seconds : undefined;
}
