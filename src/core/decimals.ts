// decimals.ts - exact decimal numbers, for ranges without the dust of binary fractions. Knows no parameters.
//
// All of it is whole-number arithmetic: the same text on every runtime, whatever its floating point
// does beyond IEEE 754 (the standard leaves pow, exp and log open).
import { dropAtEnd } from './bytes.ts';

/** digits * 10 ** exponent, exactly. */
export type Decimal = { digits: bigint; exponent: number };

const EXACT_DECIMAL = /^([+-]?)(\d*)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/;
const MOST_EXACT_DIGITS = 60;
const LARGEST_EXPONENT = 400;

/** Reads "12", "-0.5", ".5", "1e-5"; undefined for anything else, and for what is out of all proportion. */
export function readExactDecimal(text: string): Decimal | undefined {
  const parts = text.length > 2 * MOST_EXACT_DIGITS ? null : EXACT_DECIMAL.exec(text);
  if (parts === null) return undefined;
  const [, sign, whole, fraction = '', power = '0'] = parts;
  if (whole + fraction === '' || (whole + fraction).length > MOST_EXACT_DIGITS || Math.abs(Number(power)) > LARGEST_EXPONENT) return undefined;
  const digits = BigInt(whole + fraction);
  return { digits: sign === '-' ? -digits : digits, exponent: Number(power) - fraction.length };
}

function powerOfTen(exponent: number): bigint {
  return 10n ** BigInt(exponent);
}

/** The digits that the number has with this exponent, which is not above its own. */
function digitsAt(number: Decimal, exponent: number): bigint {
  return number.digits * powerOfTen(number.exponent - exponent);
}

function lengthOf(whole: bigint): number {
  return whole.toString().length;
}

/** A value of digits * 10 ** -decimals with all of these decimals. */
function printFixed(digits: bigint, decimals: number): string {
  const text = (digits < 0n ? -digits : digits).toString().padStart(decimals + 1, '0');
  const cut = text.length - decimals;
  return (digits < 0n ? '-' : '') + text.slice(0, cut) + (decimals > 0 ? '.' + text.slice(cut) : '');
}

/** The values of a range; `count` is Infinity if there are more than can be counted. */
export type Values = { count: number; at: (index: number) => string };

/**
 * first, first + step, ... up to and with last, if it is met; downward if last is less. Each has as
 * many decimals as first and step have, as seq(1) prints them. `step` is not 0; its sign does not
 * count.
 */
export function stepRange(first: Decimal, last: Decimal, step: Decimal): Values {
  const exponent = Math.min(first.exponent, last.exponent, step.exponent);
  const from = digitsAt(first, exponent);
  const to = digitsAt(last, exponent);
  const size = digitsAt({ digits: step.digits < 0n ? -step.digits : step.digits, exponent: step.exponent }, exponent);
  const signed = to < from ? -size : size;
  const steps = (to < from ? from - to : to - from) / size;
  const decimals = Math.max(0, -first.exponent, -step.exponent);
  // What is cut off or put on here are zeros: the values are multiples of the decimals printed.
  const print = (digits: bigint): string => (exponent < -decimals ? printFixed(digits / powerOfTen(-decimals - exponent), decimals) : printFixed(digits * powerOfTen(exponent + decimals), decimals));
  return { count: steps < BigInt(Number.MAX_SAFE_INTEGER) ? Number(steps) + 1 : Infinity, at: (index) => print(from + signed * BigInt(index)) };
}

// ---- numbers that no decimal is exactly -----------------------------------------------------------------

/** Significant digits of computed numbers: as many as an IEEE 754 double keeps of any decimal. */
const PRINTED_DIGITS = 15;

/**
 * numerator / denominator (> 0) to 15 significant digits, half to even, without the zeros at the end;
 * with an exponent below 0.0001 and from 10 ** 15 on: "0.25", "1e-5", "3.16227766016838e-5".
 */
export function printRatio(numerator: bigint, denominator: bigint): string {
  if (numerator === 0n) return '0';
  const size = numerator < 0n ? -numerator : numerator;
  let exponent = lengthOf(size) - lengthOf(denominator);
  if (exponent >= 0 ? size < denominator * powerOfTen(exponent) : size * powerOfTen(-exponent) < denominator) exponent -= 1;
  const shift = PRINTED_DIGITS - 1 - exponent;
  const [top, bottom] = shift >= 0 ? [size * powerOfTen(shift), denominator] : [size, denominator * powerOfTen(-shift)];
  let digits = top / bottom;
  const twice = (top % bottom) * 2n;
  if (twice > bottom || (twice === bottom && digits % 2n === 1n)) digits += 1n;
  const rounded = digits.toString();
  if (rounded.length > PRINTED_DIGITS) exponent += 1;
  return (numerator < 0n ? '-' : '') + placePoint(dropAtEnd(rounded, '0'), exponent);
}

/** The number whose first digit stands for 10 ** exponent. */
function placePoint(digits: string, exponent: number): string {
  if (exponent < -4 || exponent >= PRINTED_DIGITS) return digits[0] + (digits.length > 1 ? '.' + digits.slice(1) : '') + 'e' + String(exponent);
  if (exponent < 0) return '0.' + '0'.repeat(-exponent - 1) + digits;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return digits.length > exponent + 1 ? whole + '.' + digits.slice(exponent + 1) : whole;
}

/** A part of a whole: part / whole, with 0 <= part <= whole, whole > 0. */
export type Fraction = { part: bigint; whole: bigint };

/** The number that lies this part of the way from first to last. */
export function mixLinearly(first: Decimal, last: Decimal, { part, whole }: Fraction): string {
  const exponent = Math.min(first.exponent, last.exponent);
  const sum = digitsAt(first, exponent) * (whole - part) + digitsAt(last, exponent) * part;
  return exponent >= 0 ? printRatio(sum * powerOfTen(exponent), whole) : printRatio(sum, whole * powerOfTen(-exponent));
}

// Fixed point: a whole number of these units. About 60 decimals, of which 15 are printed.
const UNIT_BITS = 200n;
const UNIT = 1n << UNIT_BITS;

/** 2 * artanh(y / UNIT) in units, by its series; |y| is at most a third of a unit. */
function twiceArtanh(y: bigint): bigint {
  const square = (y * y) >> UNIT_BITS;
  let sum = 0n;
  let power = y;
  for (let odd = 1n; power !== 0n && power !== -1n; odd += 2n) {
    sum += power / odd;
    power = (power * square) >> UNIT_BITS;
  }
  return 2n * sum;
}

let logarithmOfTwo = 0n;

/** ln 2 in units. */
function lnTwo(): bigint {
  if (logarithmOfTwo === 0n) logarithmOfTwo = twiceArtanh(UNIT / 3n);
  return logarithmOfTwo;
}

/** The natural logarithm of a positive ratio, in units. */
function lnOfRatio(numerator: bigint, denominator: bigint): bigint {
  const bits = (whole: bigint): number => whole.toString(2).length;
  let shift = bits(numerator) - bits(denominator);
  let mantissa = shift >= 0 ? (numerator << UNIT_BITS) / (denominator << BigInt(shift)) : (numerator << (UNIT_BITS + BigInt(-shift))) / denominator;
  // Between 1/2 and 2; the series wants it near 1.
  if (mantissa * 2n > UNIT * 3n) {
    mantissa >>= 1n;
    shift += 1;
  }
  return twiceArtanh(((mantissa - UNIT) << UNIT_BITS) / (mantissa + UNIT)) + BigInt(shift) * lnTwo();
}

/** e to the power of so many units, as a ratio. */
function powerOfE(exponent: bigint): [bigint, bigint] {
  const shift = exponent / lnTwo();
  const rest = exponent - shift * lnTwo();
  let sum = UNIT;
  let term = UNIT;
  for (let n = 1n; term !== 0n && term !== -1n; n += 1n) {
    term = ((term * rest) >> UNIT_BITS) / n;
    sum += term;
  }
  return shift >= 0n ? [sum << shift, UNIT] : [sum, UNIT << -shift];
}

function ratioOf(number: Decimal): [bigint, bigint] {
  const size = number.digits < 0n ? -number.digits : number.digits;
  return number.exponent >= 0 ? [size * powerOfTen(number.exponent), 1n] : [size, powerOfTen(-number.exponent)];
}

/** The number that lies this part of the way in equal factors. Both have the same sign, and neither is 0. */
export function mixGeometrically(first: Decimal, last: Decimal, { part, whole }: Fraction): string {
  if (part === 0n || part === whole) return mixLinearly(first, last, { part, whole });
  const from = lnOfRatio(...ratioOf(first));
  const [numerator, denominator] = powerOfE(from + ((lnOfRatio(...ratioOf(last)) - from) * part) / whole);
  return printRatio(first.digits < 0n ? -numerator : numerator, denominator);
}
