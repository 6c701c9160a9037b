// comparison.ts - what a comparison of two contents can say. Knows no formats and no files.

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
