// npynumbers.ts - the numbers in the elements of a NumPy array, of every size it knows. Compares nothing.
import type { NpyField } from './npyheader.ts';

/**
 * How floats of more than 8 bytes are spelled, which their type does not say: x87 has 80 bits and
 * padding (NumPy on x86), binary128 is IEEE 754's (NumPy on AArch64 and others).
 */
export type LongForm = 'x87' | 'binary128';

/** A number as a sum from large to small, so that a difference of two is exact where doubles are not. */
export type NumberParts = { real: Float64Array; imaginary: Float64Array };

export const PARTS_OF_NUMBER = 3;

const X87_BYTES = 10;
const EXPONENT_BIAS = 16383;
// Longs beyond the range of doubles are rare; in bytes that are no x87 number such exponents are the rule.
const LIKELY_EXPONENTS = 1100;

export function isNumericField(field: NpyField): boolean {
  return field.kind === 'int' || field.kind === 'uint' || field.kind === 'float' || field.kind === 'complex';
}

/** Puts the number at `at` into `parts`; the imaginary part of a real one is 0. */
export function readNpyNumber(view: DataView, at: number, field: NpyField, form: LongForm, parts: NumberParts): void {
  if (field.kind !== 'complex') {
    setParts(parts.imaginary, 0);
    readReal(view, at, field.sizeBytes, field, form, parts.real);
    return;
  }
  readReal(view, at, field.sizeBytes / 2, field, form, parts.real);
  readReal(view, at + field.sizeBytes / 2, field.sizeBytes / 2, field, form, parts.imaginary);
}

/** The nearest double. */
export function sumOfParts(parts: Float64Array): number {
  // From the small end: Infinity and NaN stand in the first.
  return parts[0] + (parts[1] + parts[2]);
}

// fill() takes longer than all else that is done with a number.
function setParts(parts: Float64Array, value: number): void {
  parts[0] = value;
  parts[1] = 0;
  parts[2] = 0;
}

function readReal(view: DataView, at: number, sizeBytes: number, field: NpyField, form: LongForm, real: Float64Array): void {
  const isLittle = field.isLittleEndian;
  setParts(real, 0);
  if (field.kind === 'int' || field.kind === 'uint') {
    readInteger(view, at, sizeBytes, isLittle, field.kind === 'int', real);
  } else if (sizeBytes === 8) {
    real[0] = view.getFloat64(at, isLittle);
  } else if (sizeBytes === 4) {
    real[0] = view.getFloat32(at, isLittle);
  } else if (sizeBytes === 2) {
    real[0] = toHalf(view.getUint16(at, isLittle));
  } else {
    readLong(view, at, sizeBytes, isLittle, form, real);
  }
}

function readInteger(view: DataView, at: number, sizeBytes: number, isLittle: boolean, isSigned: boolean, real: Float64Array): void {
  if (sizeBytes === 1) {
    real[0] = isSigned ? view.getInt8(at) : view.getUint8(at);
  } else if (sizeBytes === 2) {
    real[0] = isSigned ? view.getInt16(at, isLittle) : view.getUint16(at, isLittle);
  } else if (sizeBytes === 4) {
    real[0] = isSigned ? view.getInt32(at, isLittle) : view.getUint32(at, isLittle);
  } else {
    const high = at + (isLittle ? 4 : 0);
    real[0] = (isSigned ? view.getInt32(high, isLittle) : view.getUint32(high, isLittle)) * 0x100000000;
    real[1] = view.getUint32(at + (isLittle ? 0 : 4), isLittle);
  }
}

/** IEEE 754 binary16. */
function toHalf(bits: number): number {
  const sign = bits >= 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Byte number `i` of a number of `sizeBytes`, counted from the least one. */
function byteOf(view: DataView, at: number, sizeBytes: number, isLittle: boolean, i: number): number {
  return view.getUint8(isLittle ? at + i : at + sizeBytes - 1 - i);
}

function uintOf(view: DataView, at: number, sizeBytes: number, isLittle: boolean, from: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + byteOf(view, at, sizeBytes, isLittle, from + i);
  return value;
}

/** Values beyond the range of doubles are infinite here, smaller ones 0. */
function readLong(view: DataView, at: number, sizeBytes: number, isLittle: boolean, form: LongForm, real: Float64Array): void {
  const top = form === 'x87' ? X87_BYTES - 2 : sizeBytes - 2;
  const head = uintOf(view, at, sizeBytes, isLittle, top, 2);
  const sign = head >= 0x8000 ? -1 : 1;
  const exponent = head & 0x7fff;
  // Of x87 the whole part is a bit of its own; of binary128 it is understood.
  const pieces: [number, number][] = form === 'x87' ? [[4, 4], [0, 4]] : [[8, 6], [4, 4], [0, 4]];
  const scaled = form === 'x87' ? 63 : 112;
  let isZero = true;
  for (let i = 0; i < pieces.length; i++) {
    const [from, count] = pieces[i];
    let value = uintOf(view, at, sizeBytes, isLittle, from, count);
    // The whole part of an infinity does not tell it from a NaN.
    if (value !== 0 && !(form === 'x87' && from === 4 && exponent === 0x7fff && value === 0x80000000)) isZero = false;
    if (form === 'binary128' && from === 8 && exponent !== 0) value += 0x1000000000000;
    real[i] = sign * scaleByPower(value, Math.max(exponent, 1) - EXPONENT_BIAS - scaled + from * 8);
  }
  if (exponent === 0x7fff) setParts(real, isZero ? sign * Infinity : NaN);
  else if (Math.abs(real[0]) === Infinity) setParts(real, real[0]);
}

/** value * 2^power, in two steps so that neither overflows before the result does. */
function scaleByPower(value: number, power: number): number {
  if (value === 0) return 0;
  const half = Math.trunc(Math.max(-1400, Math.min(1400, power)) / 2);
  return value * 2 ** half * 2 ** (Math.max(-1400, Math.min(1400, power)) - half);
}

/** Which form the long floats of a field have; `places` calls back with the place of each of its values. */
export function findLongForm(field: NpyField, view: DataView, places: (visit: (at: number) => void) => void): LongForm {
  const partBytes = field.kind === 'complex' ? field.sizeBytes / 2 : field.sizeBytes;
  if (partBytes === 12) return 'x87';
  let isLegal = true;
  let isLikely = true;
  let isPadded = true;
  let isEmpty = true;
  places((start) => {
    for (let at = start; at < start + field.sizeBytes; at += partBytes) {
      const exponent = uintOf(view, at, partBytes, field.isLittleEndian, 8, 2) & 0x7fff;
      const hasWhole = byteOf(view, at, partBytes, field.isLittleEndian, 7) >= 0x80;
      if (hasWhole !== exponent > 0) isLegal = false;
      if (exponent !== 0 && exponent !== 0x7fff && Math.abs(exponent - EXPONENT_BIAS) > LIKELY_EXPONENTS) isLikely = false;
      if (hasWhole) isEmpty = false;
      if (uintOf(view, at, partBytes, field.isLittleEndian, X87_BYTES, 6) !== 0) isPadded = false;
    }
  });
  return isLegal && (isPadded || (isLikely && !isEmpty)) ? 'x87' : 'binary128';
}
