// comparetext.ts - compares two texts line by line, their numbers by value. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { CompareContext, Comparison } from '../core/comparison.ts';
import { findCauses } from '../core/causes.ts';
import { describeTolerance } from '../core/comparison.ts';
import { countThings, groupDigits } from './amounts.ts';
import { findFirstDifference } from './comparebytes.ts';
import { NumberScanner } from './numbers.ts';
import { NumberTally } from './numbertally.ts';
import { makeHarmless } from './percent.ts';

/** What two texts came to, line by line. `lines` are pairs that differ in more than numbers. */
export type TextTally = {
  numbers: NumberTally;
  lines: number;
  firstLine: number;
  excerpt: string;
  lineCounts: [number, number];
  isPaddingChanged: boolean;
};

/** Is it text: no control bytes but white space, backspace, bell and ESC? Empty is text. */
export function looksLikeText(content: ByteString): boolean {
  return !/[\0-\x06\x0e-\x1a\x1c-\x1f\x7f]/.test(content);
}

/**
 * Two texts that are not the same. With a tolerance they are equivalent if they differ only in
 * numbers within it, and in the spaces that pad such a number to the width of its field.
 */
export function compareText(first: ByteString, second: ByteString, context: Pick<CompareContext, 'tolerance' | 'hints'>): Comparison {
  const tally = tallyText(first, second, context);
  const { tolerance } = context;
  const detail = describeTextTally(tally);
  if (tolerance !== undefined && tally.lines === 0 && tally.numbers.beyond === 0) {
    const padding = tally.isPaddingChanged ? ', without the spaces that pad them' : '';
    return { kind: 'equivalent', rule: describeTolerance(tolerance) + padding, detail };
  }
  const rule = tolerance === undefined ? 'text, byte for byte' : 'text with ' + describeTolerance(tolerance);
  return { kind: 'different', rule, detail: describeLineEnds(first, second) ?? detail, causes: findCauses(first, second, context.hints) };
}

/** Compares line by line. If one has more lines, those that both end with are set against each other. */
export function tallyText(first: ByteString, second: ByteString, context: Pick<CompareContext, 'tolerance'>): TextTally {
  const lineCounts: [number, number] = [countLines(first), countLines(second)];
  const tally: TextTally = {
    numbers: new NumberTally(context.tolerance), lines: 0, firstLine: 0, excerpt: '', lineCounts, isPaddingChanged: false,
  };
  const common = lineCounts[0] === lineCounts[1] ? 0 : measureCommonEnd(first, second);
  const [end, otherEnd] = [first.length - common, second.length - common];
  let [at, otherAt] = [0, 0];
  let line = 1;
  for (; at < end && otherAt < otherEnd; line++) {
    const [next, otherNext] = [findNextLine(first, at), findNextLine(second, otherAt)];
    compareLine(first.slice(at, next), second.slice(otherAt, otherNext), line, tally);
    [at, otherAt] = [next, otherNext];
  }
  addExtraLines(first.slice(at, end), 'the first', line, tally);
  addExtraLines(second.slice(otherAt, otherEnd), 'the second', line, tally);
  return tally;
}

function countLines(text: ByteString): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return text === '' || text[text.length - 1] === '\n' ? count : count + 1;
}

function findNextLine(text: ByteString, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

/** Length of the whole lines that both texts end with. */
function measureCommonEnd(first: ByteString, second: ByteString): number {
  const most = Math.min(first.length, second.length);
  let common = 0;
  for (let step = 1 << 16; step > 0; step >>= 2) {
    while (common + step <= most && isSamePart(first, second, common, step)) common += step;
  }
  const isWholeLine = (text: ByteString): boolean => text.length === common || text[text.length - common - 1] === '\n';
  if (isWholeLine(first) && isWholeLine(second)) return common;
  return first.length - findNextLine(first, first.length - common);
}

function isSamePart(first: ByteString, second: ByteString, behind: number, step: number): boolean {
  const [end, otherEnd] = [first.length - behind, second.length - behind];
  return first.slice(end - step, end) === second.slice(otherEnd - step, otherEnd);
}

function addExtraLines(lines: ByteString, whose: string, line: number, tally: TextTally): void {
  if (lines === '') return;
  if (tally.lines === 0) {
    tally.firstLine = line;
    tally.excerpt = quoteExcerpt(lines.slice(0, findNextLine(lines, 0)), 0) + ' only in ' + whose;
  }
  tally.lines += countLines(lines);
}

/** A line, its end included. */
function compareLine(first: ByteString, second: ByteString, line: number, tally: TextTally): void {
  const alike = addNumbersOfText(first, second, tally.numbers, () => 'line ' + line);
  tally.isPaddingChanged = tally.isPaddingChanged || (alike.unlikeAt < 0 && alike.isPaddingChanged);
  if (alike.unlikeAt < 0) return;
  if (tally.lines === 0) {
    tally.firstLine = line;
    tally.excerpt = quoteExcerpt(first, alike.unlikeAt) + ' against ' + quoteExcerpt(second, alike.otherUnlikeAt);
  }
  tally.lines += 1;
}

/** Adds the numbers of two texts to the tally, if they are alike but for numbers and the spaces that pad them. */
export function addNumbersOfText(first: ByteString, second: ByteString, numbers: NumberTally, place: () => string): TextLikeness {
  if (first === second) {
    const scanner = new NumberScanner(first);
    if (/[\dnN]/.test(first)) while (scanner.next()) numbers.pairs += 1;
    return { unlikeAt: -1, otherUnlikeAt: -1, isPaddingChanged: false };
  }
  const before = numbers.save();
  const alike = addNumbersWhileAlike(first, second, numbers, place);
  if (alike.unlikeAt >= 0) numbers.restore(before);
  return alike;
}

/** Where two lines differ in more than numbers and the spaces that pad them; -1 if nowhere. */
export type TextLikeness = { unlikeAt: number; otherUnlikeAt: number; isPaddingChanged: boolean };

function addNumbersWhileAlike(first: ByteString, second: ByteString, tally: NumberTally, place: () => string): TextLikeness {
  const [numbers, others] = [new NumberScanner(first), new NumberScanner(second)];
  let [at, otherAt, width, otherWidth] = [0, 0, 0, 0];
  let isPaddingChanged = false;
  for (;;) {
    const [isFound, isOtherFound] = [numbers.next(), others.next()];
    const [end, otherEnd] = [isFound ? numbers.start : first.length, isOtherFound ? others.start : second.length];
    const [nextWidth, otherNextWidth] = [isFound ? numbers.end - end : 0, isOtherFound ? others.end - otherEnd : 0];
    const [gap, otherGap] = [first.slice(at, end), second.slice(otherAt, otherEnd)];
    if (gap !== otherGap) {
      const alike = findFirstDifference(gap, otherGap);
      const isSame = isPadding(gap, otherGap, width - otherWidth, nextWidth - otherNextWidth);
      if (!isSame) return { unlikeAt: at + alike, otherUnlikeAt: otherAt + alike, isPaddingChanged };
      isPaddingChanged = true;
    }
    if (isFound !== isOtherFound) return { unlikeAt: end, otherUnlikeAt: otherEnd, isPaddingChanged };
    if (!isFound) return { unlikeAt: -1, otherUnlikeAt: -1, isPaddingChanged };
    tally.add(first.slice(end, numbers.end), second.slice(otherEnd, others.end), place);
    [at, otherAt, width, otherWidth] = [numbers.end, others.end, nextWidth, otherNextWidth];
  }
}

/**
 * Do two texts between numbers differ only in spaces that make up for the widths of the numbers beside
 * them? `before` and `after` is how much wider the first's number is there.
 */
function isPadding(gap: ByteString, otherGap: ByteString, before: number, after: number): boolean {
  const [parts, others] = [splitSpaces(gap), splitSpaces(otherGap)];
  if (parts.text !== others.text) return false;
  const [lead, trail] = [others.lead - parts.lead, others.trail - parts.trail];
  if (parts.text === '') return lead === before || lead === after;
  return (lead === 0 || lead === before) && (trail === 0 || trail === after);
}

/** Counts the spaces at either end; of spaces alone, all are in front. */
function splitSpaces(gap: ByteString): { lead: number; text: ByteString; trail: number } {
  let lead = 0;
  while (gap[lead] === ' ') lead += 1;
  let end = gap.length;
  while (end > lead && gap[end - 1] === ' ') end -= 1;
  return { lead, text: gap.slice(lead, end), trail: gap.length - end };
}

const EXCERPT_BEFORE = 12;
const EXCERPT_BYTES = 36;

/** A few bytes around `at`, harmless and in quotes. */
export function quoteExcerpt(text: ByteString, at: number): string {
  let start = Math.max(at - EXCERPT_BEFORE, 0);
  let end = Math.min(start + EXCERPT_BYTES, text.length);
  for (let i = 0; i < 3 && start > 0 && isContinuation(text, start); i++) start -= 1;
  for (let i = 0; i < 3 && end < text.length && isContinuation(text, end); i++) end += 1;
  if (end === text.length && text[end - 1] === '\n' && at < end - 1) end -= 1;
  const shown = makeHarmless(text.slice(start, end));
  return '"' + (start > 0 ? '...' : '') + shown + (end < text.length && text[end] !== '\n' ? '...' : '') + '"';
}

function isContinuation(text: ByteString, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x80 && code < 0xc0;
}

/** "2 of 10 lines differ in more than numbers, first line 3: "a" against "b"; 3 of 120 numbers differ, ..." */
export function describeTextTally(tally: TextTally): string {
  const numbers = tally.numbers.describe();
  if (tally.lines === 0) return numbers;
  const [count, other] = tally.lineCounts;
  const isOneLine = tally.lines === 1 && (count !== other || count === 1);
  const of = count === other ? ' of ' + groupDigits(count) : '';
  const beside = numbers === '' ? '' : ' in more than numbers';
  const verb = tally.lines === 1 ? ' differs' : ' differ';
  const lines = groupDigits(tally.lines) + of + (isOneLine ? ' line' : ' lines') + verb + beside;
  const lengths = count === other ? '' : countThings(count, 'line') + ' against ' + groupDigits(other) + '; ';
  return lengths + lines + ', first line ' + tally.firstLine + ': ' + tally.excerpt + (numbers === '' ? '' : '; ' + numbers);
}

/** A text with other line ends, and nothing else, is told apart in a word. */
function describeLineEnds(first: ByteString, second: ByteString): string | undefined {
  if (first.indexOf('\r') < 0 && second.indexOf('\r') < 0) return undefined;
  const isSame = first.replace(/\r\n/g, '\n') === second.replace(/\r\n/g, '\n');
  if (!isSame) return undefined;
  return 'only line ends differ: ' + (first.indexOf('\r\n') < 0 ? 'LF against CR LF' : second.indexOf('\r\n') < 0 ? 'CR LF against LF' : 'LF and CR LF otherwise mixed');
}
