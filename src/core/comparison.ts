// comparison.ts - what a comparison of two contents can say. Knows no formats and no files.
import type { ByteString } from './bytes.ts';

/** Numbers a and b count as equal if |a - b| <= max(absolute, relative * max(|a|, |b|)) (PEP 485). */
export type Tolerance = { absolute: number; relative: number };

/** Why two contents may differ, as far as the contents themselves tell. */
export type Cause = 'time stamp' | 'build path' | 'order of lines' | 'locale' | 'randomness' | 'thread order';

/**
 * How a second content stands to a first.
 * 'equivalent': not the same bytes, but the same once `rule` is applied (a sentence part such as
 * "PDF without CreationDate, ModDate, ID" or "numbers within 1e-9 absolute, 1e-6 relative").
 * 'different': `detail` tells where and by how much, in one line ("3 of 120 numbers differ, at most 2.1e-16 relative, first at line 4").
 * 'unchecked': it cannot be compared further than by its hash, and why.
 */
export type Comparison =
  | { kind: 'identical' }
  | { kind: 'equivalent'; rule: string; detail: string }
  | { kind: 'different'; rule: string; detail: string; causes: Cause[] }
  | { kind: 'unchecked'; why: string };

/**
 * What is known of the two runs that made the contents; without it fewer causes can be told.
 * Places are absolute folders (project, home, temporary folder); those with the same index stand for
 * each other. A span is the start and the end of a run in milliseconds since 1970 (UTC).
 */
export type CauseHints = {
  firstPlaces?: ByteString[];
  secondPlaces?: ByteString[];
  firstSpan?: [number, number];
  secondSpan?: [number, number];
};

/**
 * Undoes a compression of at most `limitBytes`; `usedBytes` is how much of `data` it was, so that what
 * follows can be compared too. Never throws.
 */
export type Unpack = (data: ByteString, format: 'zlib' | 'raw' | 'gzip', limitBytes: number) =>
  | { kind: 'inflated'; content: ByteString; usedBytes: number }
  | { kind: 'damaged' }
  | { kind: 'too large' };

/** What the comparison of a kind is given besides the two contents. `path` may tell the kind. */
export type CompareContext = {
  path: ByteString;
  tolerance: Tolerance | undefined;
  hints: CauseHints;
  unpack: Unpack;
  /** Compares two contents that lie inside of the two (a member, what was packed) by their own kind. */
  compareInner: (first: ByteString, second: ByteString, path: ByteString) => Comparison;
};

/** "numbers within 1e-9 absolute, 1e-6 relative", the part of a rule that names a tolerance. */
export function describeTolerance(tolerance: Tolerance): string {
  const parts = [];
  if (tolerance.absolute > 0) parts.push(formatMagnitude(tolerance.absolute) + ' absolute');
  if (tolerance.relative > 0) parts.push(formatMagnitude(tolerance.relative) + ' relative');
  return parts.length === 0 ? 'numbers by value' : 'numbers within ' + parts.join(', ');
}

/** A positive number as short as it is exact: 0.25, 1e-6, 1.5e+21. */
export function formatMagnitude(value: number): string {
  return value > 0 && value < 1e-3 ? value.toExponential() : String(value);
}

/** Are two doubles, neither of them an overflow, within the tolerance? All NaN count as the same; an infinity is only near to itself. */
export function isWithin(first: number, second: number, tolerance: Tolerance): boolean {
  if (first === second || (first !== first && second !== second)) return true;
  const difference = Math.abs(first - second);
  if (!(difference < Infinity)) return isFarWithin(first, second, tolerance);
  return difference <= Math.max(tolerance.absolute, tolerance.relative * Math.max(Math.abs(first), Math.abs(second)));
}

/** The same where the difference of two finite numbers is more than the largest double. */
function isFarWithin(first: number, second: number, tolerance: Tolerance): boolean {
  if (!Number.isFinite(first) || !Number.isFinite(second)) return false;
  const half = { absolute: tolerance.absolute / 2, relative: tolerance.relative };
  return isWithin(first / 2, second / 2, half);
}
