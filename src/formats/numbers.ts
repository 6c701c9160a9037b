// numbers.ts - finds the numbers in a text and compares them. Knows no lines, tables or files.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd } from '../core/bytes.ts';
import type { Tolerance } from '../core/comparison.ts';
import { isWithin } from '../core/comparison.ts';

const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eEdD][+-]?\d+)?$/;
const SPECIAL_NUMBER = /^[+-]?(?:nan|inf|infinity)$/i;
const INTEGER = /^[+-]?\d+$/;
/** The date 20240131 is no number. */
const COMPACT_DATE = /^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$/;
const COMPLEX = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([+-][\d.]+(?:[eE][+-]?\d+)?)[ij]$/;
const SPLITTING_SIGN = /\xc2[\xb0\xb1]|\xc3\x97|\+\/?-/;
/** Longer ones are text: work on them would grow with the square of their length. */
const MOST_DIGITS = 300;

/** Is this word, all of it, a number? */
export function isNumber(word: ByteString): boolean {
  return word.length <= MOST_DIGITS && (DECIMAL.test(word) ? word.length !== 8 || !COMPACT_DATE.test(word) : SPECIAL_NUMBER.test(word));
}

/**
 * Goes through the numbers of a text. A number is a word that is one from end to end, where a word
 * is what letters, digits and . _ + - : / \ @ # make up, so versions (1.2.3), dates (2024-01-31),
 * times (10:30), hexadecimal numbers, ranges and identifiers (x86_64, 3D) are text. A word may end
 * in "." or ":", begin with a name and ":", be complex (1.5+2j) or have +-, +/-, or the signs of
 * plus-minus, times or degree between numbers. Groups of thousands (1,234) are text.
 */
export class NumberScanner {
  readonly text: ByteString;
  /** The number that next() found. */
  start = 0;
  end = 0;
  private readonly word = /[\w.+\-:/\\@#\x80-\xff]+/g;
  /** Starts and ends of those found with an earlier one in the same word. */
  private waiting: number[] = [];
  private waitingAt = 0;

  constructor(text: ByteString) {
    this.text = text;
  }

  /** Finds the next number; false if there is none. */
  next(): boolean {
    while (this.waitingAt === this.waiting.length) {
      if (this.waitingAt > 0) this.waiting.length = this.waitingAt = 0;
      const found = this.word.exec(this.text);
      if (found === null) return false;
      if (found[0].length <= 4 * MOST_DIGITS) this.addNumbers(found[0], found.index);
    }
    this.start = this.waiting[this.waitingAt];
    this.end = this.waiting[this.waitingAt + 1];
    this.waitingAt += 2;
    return true;
  }

  private addNumbers(word: ByteString, at: number): void {
    if (isNumber(word)) {
      if (!isThousandsGroup(this.text, at, at + word.length)) this.waiting.push(at, at + word.length);
      return;
    }
    if (!/\d|nan|inf/i.test(word)) return;
    const last = word[word.length - 1];
    if (last === '.' || last === ':') return this.addNumbers(dropAtEnd(word, '.:'), at);
    const complex = COMPLEX.exec(word);
    if (complex !== null && isNumber(complex[1]) && isNumber(complex[2])) {
      this.waiting.push(at, at + complex[1].length, at + complex[1].length, at + word.length - 1);
      return;
    }
    const sign = SPLITTING_SIGN.exec(word);
    if (sign !== null) {
      const rest = sign.index + sign[0].length;
      this.addNumbers(word.slice(0, sign.index), at);
      return this.addNumbers(word.slice(rest), at + rest);
    }
    const colon = word.lastIndexOf(':');
    if (colon > 0 && !/\d/.test(word[colon - 1])) this.addNumbers(word.slice(colon + 1), at + colon + 1);
  }
}

/** Is this number a part of one like 1,234,567.8? */
function isThousandsGroup(text: ByteString, start: number, end: number): boolean {
  if (text[end] !== ',' && text[start - 1] !== ',') return false;
  const number = text.slice(start, end);
  if (/^[+-]?[1-9]\d{0,2}$/.test(number) && /^,\d{3}(?!\d)/.test(text.slice(end, end + 5))) return true;
  return text[start - 1] === ',' && /^\d{3}(?:\.\d*)?$/.test(number)
    && /(?:^|[^\w.])[+-]?\d{1,3}$/.test(text.slice(Math.max(start - 6, 0), start - 1));
}

/** NaN also for what Number() does not take, such as the exponents of Fortran. */
function toDouble(word: ByteString): number {
  const value = Number(word);
  if (value === value) return value;
  if (!SPECIAL_NUMBER.test(word)) return Number(word.replace(/[dD]/, 'e'));
  return /nan/i.test(word) ? NaN : word[0] === '-' ? -Infinity : Infinity;
}

/** How far two numbers are from each other; `relative` is to the larger one of the two. */
export type NumberDistance = { isWithin: boolean; absolute: number; relative: number };

const NO_DISTANCE: NumberDistance = { isWithin: true, absolute: 0, relative: 0 };
const ENDLESS_DISTANCE: NumberDistance = { isWithin: false, absolute: Infinity, relative: Infinity };

/**
 * Compares two numbers as isNumber() or JSON takes them: integers exactly (then `tolerance` decides),
 * others as doubles (IEEE 754). What is too large for a double or too long is near only to its own value.
 */
export function compareNumbers(first: ByteString, second: ByteString, tolerance: Tolerance): NumberDistance {
  if (first.length > MOST_DIGITS || second.length > MOST_DIGITS) return isSameDecimal(first, second) ? NO_DISTANCE : ENDLESS_DISTANCE;
  if (first.length + second.length > 30 && INTEGER.test(first) && INTEGER.test(second)) return compareIntegers(first, second, tolerance);
  const [a, b] = [toDouble(first), toDouble(second)];
  const difference = Math.abs(a - b);
  if (difference < Infinity) {
    const largest = Math.max(Math.abs(a), Math.abs(b));
    return { isWithin: isWithin(a, b, tolerance), absolute: difference, relative: difference === 0 ? 0 : difference / largest };
  }
  if (isOverflow(first, a) || isOverflow(second, b)) return isSameDecimal(first, second) ? NO_DISTANCE : ENDLESS_DISTANCE;
  // Infinities, NaN, and two finite ones so far apart that only their halves can be told.
  if (a === b || (a !== a && b !== b)) return NO_DISTANCE;
  return { ...ENDLESS_DISTANCE, isWithin: isWithin(a, b, tolerance) };
}

function isOverflow(word: ByteString, value: number): boolean {
  return (value === Infinity || value === -Infinity) && !SPECIAL_NUMBER.test(word);
}

function compareIntegers(first: ByteString, second: ByteString, tolerance: Tolerance): NumberDistance {
  const [a, b] = [toBigInteger(first), toBigInteger(second)];
  if (a === b) return NO_DISTANCE;
  const absolute = Number(a > b ? a - b : b - a);
  const largest = Math.max(Math.abs(Number(a)), Math.abs(Number(b)));
  return { isWithin: absolute <= Math.max(tolerance.absolute, tolerance.relative * largest), absolute, relative: absolute / largest };
}

function toBigInteger(word: ByteString): bigint {
  const digits = BigInt(word.replace(/^[+-]/, ''));
  return word[0] === '-' ? -digits : digits;
}

/** Are two numbers the same value exactly, however they are spelled (1.50, 15e-1)? Never true of NaN or infinities. */
export function isSameDecimal(first: ByteString, second: ByteString): boolean {
  const [a, b] = [normalizeDecimal(first), normalizeDecimal(second)];
  return a !== undefined && a === b;
}

/** Sign, digits without zeros at either end, and exponent. */
function normalizeDecimal(word: ByteString): string | undefined {
  // Each digit belongs to one part only: where no part has to be there, a number that does not match is
  // cut at every two of its digits.
  const parts = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eEdD]([+-]?\d{1,15}))?$/.exec(word);
  if (parts === null) return undefined;
  const fraction = parts[3] ?? '';
  const digits = (parts[2] + fraction).replace(/^0+/, '');
  if (digits === '') return '0';
  const end = lastNonZero(digits) + 1;
  const exponent = Number(parts[4] ?? 0) - fraction.length + digits.length - end;
  return (parts[1] === '-' ? '-' : '') + digits.slice(0, end) + 'e' + exponent;
}

function lastNonZero(digits: string): number {
  let at = digits.length - 1;
  while (digits[at] === '0') at -= 1;
  return at;
}
