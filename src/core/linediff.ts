// linediff.ts - which lines differ between two texts, in unified format. Knows no files.
import type { ByteString } from './bytes.ts';

/** Lines of the first text, counted from 0, in whose place those of the second stand. Either count may be 0. */
export type LineChange = { oldStart: number; oldCount: number; newStart: number; newCount: number };

/** In ascending order, not touching each other. `isCoarse`: correct, but perhaps more than had to be. */
export type LineChanges = { changes: LineChange[]; isCoarse: boolean };

/** A difference in unified format (POSIX diff -u), from the first "@@" on; lines without their LF. */
export type UnifiedDiff = { lines: ByteString[]; removed: number; added: number; isCoarse: boolean };

const DIFF_CONTEXT_LINES = 3;
// About a tenth of a second. Two texts of 100,000 lines with 1,000 of them changed need less.
const MOST_STEPS = 1 << 24;
// Of a gap between lines that are fixed already: enough for some dozens of changes in it.
const GAP_STEPS_PER_LINE = 64;
const NO_NEWLINE = '\\ No newline at end of file';

/** The lines of a text, each with its LF, which the last may lack. */
export function splitAtLineEnds(text: ByteString): ByteString[] {
  const lines = text.split('\n');
  const last = lines.pop() as ByteString;
  return lines.map((line) => line + '\n').concat(last === '' ? [] : [last]);
}

/** Is it no text, as git and diff decide it: is there a NUL? */
export function isBinaryContent(content: ByteString): boolean {
  return content.indexOf('\0') >= 0;
}

// ---- the shortest script (E. W. Myers, "An O(ND) difference algorithm and its variations", 1986) -----
//
// Lines are numbers here, those that the other side does not have are left out: they are in no common
// subsequence, and without them two texts that have little in common cost little.
// Of a part in which the shortest script cannot be found within the steps allowed, lines that occur
// once on both sides are fixed, as many as keep their order, and the gaps between them get few steps.

/** The lines of both, and 1 for each that is part of the common subsequence. */
type Sides = { a: Int32Array; b: Int32Array; keptA: Uint8Array; keptB: Uint8Array };

type Matching = Sides & {
  /** Of each diagonal x - y, shifted by `shift`: the furthest x reached from the start, the least from the end. */
  forward: Int32Array;
  backward: Int32Array;
  shift: number;
  stepsLeft: number;
  isCoarse: boolean;
};

/** A part of both: lines aLow to aHigh - 1, and bLow to bHigh - 1. */
type Part = { aLow: number; aHigh: number; bLow: number; bHigh: number };

function keepLine(m: Sides, x: number, y: number): void {
  m.keptA[x] = 1;
  m.keptB[y] = 1;
}

/** Keeps what both begin and end with; returns what is left. */
function keepEnds(m: Sides, part: Part): Part {
  let { aLow, aHigh, bLow, bHigh } = part;
  while (aLow < aHigh && bLow < bHigh && m.a[aLow] === m.b[bLow]) keepLine(m, aLow++, bLow++);
  while (aLow < aHigh && bLow < bHigh && m.a[aHigh - 1] === m.b[bHigh - 1]) keepLine(m, --aHigh, --bHigh);
  return { aLow, aHigh, bLow, bHigh };
}

function matchPart(m: Matching, whole: Part, mayFix: boolean): void {
  const part = keepEnds(m, whole);
  if (part.aLow === part.aHigh || part.bLow === part.bHigh) return;
  const middle = findMiddle(m, part);
  if (middle !== undefined) {
    matchPart(m, { ...part, aHigh: middle.x, bHigh: middle.y }, mayFix);
    matchPart(m, { ...part, aLow: middle.x, bLow: middle.y }, mayFix);
    return;
  }
  m.isCoarse = true;
  if (mayFix) matchGaps(m, part);
}

/** A point on a shortest script that halves its cost; undefined if the steps are used up. */
function findMiddle(m: Matching, part: Part): { x: number; y: number } | undefined {
  const { forward, backward, shift } = m;
  const lowest = part.aLow - part.bHigh;
  const highest = part.aHigh - part.bLow;
  const start = part.aLow - part.bLow;
  const end = part.aHigh - part.bHigh;
  const isOdd = ((start - end) & 1) !== 0;
  const ahead = { low: start, high: start };
  const back = { low: end, high: end };
  forward[start + shift] = part.aLow;
  backward[end + shift] = part.aHigh;
  while (m.stepsLeft > 0) {
    widen(ahead, lowest, highest, forward, shift, -1);
    for (let d = ahead.high; d >= ahead.low; d -= 2) {
      const x = followForward(m, part, d);
      if (isOdd && back.low <= d && d <= back.high && backward[d + shift] <= x) return { x, y: x - d };
    }
    widen(back, lowest, highest, backward, shift, 0x7fffffff);
    for (let d = back.high; d >= back.low; d -= 2) {
      const x = followBackward(m, part, d);
      if (!isOdd && ahead.low <= d && d <= ahead.high && x <= forward[d + shift]) return { x, y: x - d };
    }
  }
  return undefined;
}

/** One more edit reaches one more diagonal at either side, unless the part ends there; beyond lies `nothing`. */
function widen(reached: { low: number; high: number }, lowest: number, highest: number, line: Int32Array, shift: number, nothing: number): void {
  if (reached.low > lowest) {
    reached.low -= 1;
    line[reached.low - 1 + shift] = nothing;
  } else reached.low += 1;
  if (reached.high < highest) {
    reached.high += 1;
    line[reached.high + 1 + shift] = nothing;
  } else reached.high -= 1;
}

function followForward(m: Matching, part: Part, d: number): number {
  const { a, b, forward, shift } = m;
  const below = forward[d - 1 + shift];
  const above = forward[d + 1 + shift];
  const from = below < above ? above : below + 1;
  let x = from;
  for (let y = x - d; x < part.aHigh && y < part.bHigh && a[x] === b[y]; y++) x++;
  m.stepsLeft -= 1 + x - from;
  forward[d + shift] = x;
  return x;
}

function followBackward(m: Matching, part: Part, d: number): number {
  const { a, b, backward, shift } = m;
  const below = backward[d - 1 + shift];
  const above = backward[d + 1 + shift];
  const from = below < above ? below : above - 1;
  let x = from;
  for (let y = x - d; x > part.aLow && y > part.bLow && a[x - 1] === b[y - 1]; y--) x--;
  m.stepsLeft -= 1 + from - x;
  backward[d + shift] = x;
  return x;
}

// ---- the coarser answer -------------------------------------------------------------------------------

/** Fixes lines that occur once on either side, and matches what lies between them. */
function matchGaps(m: Matching, part: Part): void {
  const fixed = chooseAscending(findUnique(m, part));
  let { aLow, bLow } = part;
  for (const { x, y } of fixed.concat({ x: part.aHigh, y: part.bHigh })) {
    m.stepsLeft = (x - aLow + y - bLow) * GAP_STEPS_PER_LINE;
    matchPart(m, { aLow, aHigh: x, bLow, bHigh: y }, false);
    if (x < part.aHigh) keepLine(m, x, y);
    aLow = x + 1;
    bLow = y + 1;
  }
  m.stepsLeft = 0;
}

type Pair = { x: number; y: number };

/** Places of the lines that occur once in either side of the part, in the order of the first. */
function findUnique(m: Matching, part: Part): Pair[] {
  const places = new Map<number, { x: number; countA: number; y: number; countB: number }>();
  for (let x = part.aLow; x < part.aHigh; x++) {
    const place = places.get(m.a[x]);
    if (place === undefined) places.set(m.a[x], { x, countA: 1, y: 0, countB: 0 });
    else place.countA += 1;
  }
  for (let y = part.bLow; y < part.bHigh; y++) {
    const place = places.get(m.b[y]);
    if (place === undefined) continue;
    place.y = y;
    place.countB += 1;
  }
  return Array.from(places.values()).filter((place) => place.countA === 1 && place.countB === 1);
}

/** The longest part of `pairs` in which y ascends, too (patience sorting). */
function chooseAscending(pairs: Pair[]): Pair[] {
  const tops: number[] = [];
  const before: number[] = [];
  pairs.forEach((pair, i) => {
    let low = 0;
    let high = tops.length;
    while (low < high) {
      const half = (low + high) >> 1;
      if (pairs[tops[half]].y < pair.y) low = half + 1;
      else high = half;
    }
    before[i] = low === 0 ? -1 : tops[low - 1];
    tops[low] = i;
  });
  const chosen: Pair[] = [];
  for (let i = tops.length === 0 ? -1 : tops[tops.length - 1]; i >= 0; i = before[i]) chosen.push(pairs[i]);
  return chosen.reverse();
}

// ---- lines ----------------------------------------------------------------------------------------------

/** A number for each line of both: the same for the same line. */
function numberLines(before: ByteString[], after: ByteString[]): { a: Int32Array; b: Int32Array; count: number } {
  const numbers = new Map<ByteString, number>();
  const numberOf = (line: ByteString): number => {
    const known = numbers.get(line);
    if (known !== undefined) return known;
    numbers.set(line, numbers.size);
    return numbers.size - 1;
  };
  const a = Int32Array.from(before, numberOf);
  const b = Int32Array.from(after, numberOf);
  return { a, b, count: numbers.size };
}

/** Places, from `start` on and before `end`, of the numbers that `other` has between start and otherEnd. */
function placesOfShared(own: Int32Array, end: number, other: Int32Array, otherEnd: number, start: number, count: number): Int32Array {
  const isThere = new Uint8Array(count);
  for (let i = start; i < otherEnd; i++) isThere[other[i]] = 1;
  const places: number[] = [];
  for (let i = start; i < end; i++) if (isThere[own[i]] === 1) places.push(i);
  return Int32Array.from(places);
}

/**
 * What turns the first lines into the second: the fewest lines removed and added, unless that takes
 * more than about `mostSteps` comparisons. Time grows with (lines x changes), memory with lines.
 */
export function diffLines(before: ByteString[], after: ByteString[], mostSteps = MOST_STEPS): LineChanges {
  const { a, b, count } = numberLines(before, after);
  const keptA = new Uint8Array(a.length);
  const keptB = new Uint8Array(b.length);
  const left = keepEnds({ a, b, keptA, keptB }, { aLow: 0, aHigh: a.length, bLow: 0, bHigh: b.length });
  const placesA = placesOfShared(a, left.aHigh, b, left.bHigh, left.aLow, count);
  const placesB = placesOfShared(b, left.bHigh, a, left.aHigh, left.bLow, count);
  const diagonals = placesA.length + placesB.length + 3;
  const m: Matching = {
    a: placesA.map((place) => a[place]), b: placesB.map((place) => b[place]),
    keptA: new Uint8Array(placesA.length), keptB: new Uint8Array(placesB.length),
    forward: new Int32Array(diagonals), backward: new Int32Array(diagonals), shift: placesB.length + 1, stepsLeft: mostSteps, isCoarse: false,
  };
  matchPart(m, { aLow: 0, aHigh: placesA.length, bLow: 0, bHigh: placesB.length }, true);
  placesA.forEach((place, i) => { keptA[place] = m.keptA[i]; });
  placesB.forEach((place, i) => { keptB[place] = m.keptB[i]; });
  return { changes: slideDown(collectChanges(keptA, keptB), a, b), isCoarse: m.isCoarse };
}

function collectChanges(keptA: Uint8Array, keptB: Uint8Array): LineChange[] {
  const changes: LineChange[] = [];
  let x = 0;
  let y = 0;
  while (x < keptA.length || y < keptB.length) {
    const oldStart = x;
    const newStart = y;
    while (x < keptA.length && keptA[x] === 0) x++;
    while (y < keptB.length && keptB[y] === 0) y++;
    if (x > oldStart || y > newStart) changes.push({ oldStart, oldCount: x - oldStart, newStart, newCount: y - newStart });
    // Kept lines of both sides come in pairs.
    while (x < keptA.length && y < keptB.length && keptA[x] === 1 && keptB[y] === 1) {
      x++;
      y++;
    }
  }
  return changes;
}

/**
 * A block that was only added, or only removed, can often stand some lines further down, too: there
 * it ends with what it was put before, as people read it ("... } NEW {", not "} NEW { ...").
 */
function slideDown(changes: LineChange[], a: Int32Array, b: Int32Array): LineChange[] {
  return changes.map((change, i) => {
    const { oldCount, newCount } = change;
    if (oldCount > 0 && newCount > 0) return change;
    const [lines, start, count] = oldCount > 0 ? [a, change.oldStart, oldCount] : [b, change.newStart, newCount];
    const next = changes[i + 1];
    const limit = next === undefined ? lines.length : (oldCount > 0 ? next.oldStart : next.newStart) - 1;
    let by = 0;
    while (start + count + by < limit && lines[start + by] === lines[start + count + by]) by++;
    return { oldStart: change.oldStart + by, oldCount, newStart: change.newStart + by, newCount };
  });
}

// ---- the unified format ---------------------------------------------------------------------------------

function printRange(start: number, count: number): string {
  // Of no lines: the one after which they would stand.
  return String(count === 0 ? start : start + 1) + (count === 1 ? '' : ',' + String(count));
}

/** A line with its mark; and a second one if it has no LF. */
function printMarked(mark: string, line: ByteString): ByteString[] {
  return line.endsWith('\n') ? [mark + line.slice(0, -1)] : [mark + line, NO_NEWLINE];
}

/** Changes that lie so close that their contexts touch, together. */
function groupChanges(changes: LineChange[]): LineChange[][] {
  const groups: LineChange[][] = [];
  let end = -Infinity;
  for (const change of changes) {
    if (change.oldStart - end > 2 * DIFF_CONTEXT_LINES) groups.push([]);
    groups[groups.length - 1].push(change);
    end = change.oldStart + change.oldCount;
  }
  return groups;
}

function printHunk(before: ByteString[], after: ByteString[], group: LineChange[]): ByteString[] {
  const first = group[0];
  const last = group[group.length - 1];
  const oldStart = Math.max(0, first.oldStart - DIFF_CONTEXT_LINES);
  const oldEnd = Math.min(before.length, last.oldStart + last.oldCount + DIFF_CONTEXT_LINES);
  const newStart = first.newStart - (first.oldStart - oldStart);
  const newEnd = last.newStart + last.newCount + (oldEnd - last.oldStart - last.oldCount);
  const lines: ByteString[] = ['@@ -' + printRange(oldStart, oldEnd - oldStart) + ' +' + printRange(newStart, newEnd - newStart) + ' @@'];
  const add = (mark: string, from: ByteString[], start: number, end: number): void => {
    for (let i = start; i < end; i++) lines.push(...printMarked(mark, from[i]));
  };
  let at = oldStart;
  for (const change of group) {
    add(' ', before, at, change.oldStart);
    at = change.oldStart + change.oldCount;
    add('-', before, change.oldStart, at);
    add('+', after, change.newStart, change.newStart + change.newCount);
  }
  add(' ', before, at, oldEnd);
  return lines;
}

/** The difference of two texts as "diff -u" prints it below its two lines of names; no lines if there is none. */
export function diffTexts(before: ByteString, after: ByteString): UnifiedDiff {
  const old = splitAtLineEnds(before);
  const fresh = splitAtLineEnds(after);
  const { changes, isCoarse } = diffLines(old, fresh);
  const lines: ByteString[] = [];
  for (const group of groupChanges(changes)) for (const line of printHunk(old, fresh, group)) lines.push(line);
  const count = (of: (change: LineChange) => number): number => changes.reduce((sum, change) => sum + of(change), 0);
  return { lines, removed: count((change) => change.oldCount), added: count((change) => change.newCount), isCoarse };
}
