// npy.ts - two NumPy arrays compared element by element. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { Comparison, Tolerance } from '../core/comparison.ts';
import { describeTolerance } from '../core/comparison.ts';
import { groupDigits, roundNumber, tellDiffering } from './amounts.ts';
import { areSameBytes } from './bytewindow.ts';
import type { NpyField, NpyHeader } from './npyheader.ts';
import { readNpyHeader } from './npyheader.ts';
import type { LongForm, NumberParts } from './npynumbers.ts';
import { PARTS_OF_NUMBER, findLongForm, isNumericField, readNpyNumber, sumOfParts } from './npynumbers.ts';
import { makeHarmless } from './percent.ts';

type NpyArray = { header: NpyHeader; bytes: Uint8Array; view: DataView };

/** The same field of both arrays, and what was found of it. `at` counts elements in the order of C. */
type FieldTally = {
  one: NpyField;
  other: NpyField;
  forms: [LongForm, LongForm];
  values: number;
  differing: number;
  /** Of those, how many are farther apart than the tolerance. */
  beyond: number;
  /** Of those, how many have a NaN or an infinity on one side, and so no distance. */
  endless: number;
  /** Equal values of other bytes: 0 and -0, kinds of NaN. */
  respelled: number;
  firstAt: number;
  worstAt: number;
  greatest: number;
  greatestRelative: number;
  worstValues: string;
};

const MOST_FIELDS_NAMED = 3;
const EXACT: Tolerance = { absolute: 0, relative: 0 };

/**
 * Two contents that are not the same bytes, as arrays. Numbers are compared as math.isclose and, for
 * complex ones by their modulus, cmath.isclose do, but NaN equals NaN; all else must be the same.
 */
export function compareNpy(first: Uint8Array, second: Uint8Array, tolerance: Tolerance | undefined): Comparison {
  const arrays: NpyArray[] = [];
  for (const bytes of [first, second]) {
    const reading = readNpyHeader(bytes);
    if (reading.kind === 'unreadable') return { kind: 'unchecked', why: (bytes === first ? 'the first' : 'the second') + ' NumPy array cannot be read: ' + reading.why };
    arrays.push({ header: reading.header, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) });
  }
  const [one, other] = arrays;
  const rule = 'npy by element';
  if (one.header.shape.join() !== other.header.shape.join()) {
    return { kind: 'different', rule, detail: 'shape ' + describeShape(one.header.shape) + ' and ' + describeShape(other.header.shape), causes: [] };
  }
  const types = describeTypes(one.header.fields, other.header.fields);
  if (types !== '') return { kind: 'different', rule, detail: types + describeAsNumbers(one, other), causes: [] };
  const tallies = one.header.fields.map((field, i) => startTally(field, other.header.fields[i]));
  tallyElements(one, other, tallies, tolerance ?? EXACT);
  const said = tallies.filter((tally) => tally.one.kind !== 'padding');
  const changed = said.filter((tally) => tally.differing > 0);
  const isBeyond = said.some((tally) => tally.beyond > 0);
  const within = tolerance === undefined ? '' : describeWithin(tolerance, said);
  if (isBeyond) {
    return { kind: 'different', rule: rule + within, detail: joinFieldLines(changed.map((tally) => describeTally(tally, one.header, within !== ''))), causes: [] };
  }
  return judgeForm(one, other, tallies, changed.length > 0 ? within : '');
}

/** The part of the rule that names the tolerance; '' where it applies to no number. */
function describeWithin(tolerance: Tolerance, tallies: FieldTally[]): string {
  if (!tallies.some((tally) => isNumericField(tally.one)) || (tolerance.absolute <= 0 && tolerance.relative <= 0)) return '';
  return ', ' + describeTolerance(tolerance) + (tallies.some((tally) => tally.one.kind === 'complex') ? ', complex ones by modulus' : '');
}

/** The values are the same, or near enough, which `within` then says: how else are the files different? */
function judgeForm(one: NpyArray, other: NpyArray, tallies: FieldTally[], within: string): Comparison {
  const parts: string[] = [];
  if (one.header.isFortran !== other.header.isFortran) parts.push('memory order');
  if (tallies.some((tally) => tally.one.isLittleEndian !== tally.other.isLittleEndian && unitOf(tally.one) > 1)) parts.push('byte order');
  if (tallies.some((tally) => tally.one.kind === 'padding' && tally.differing > 0)) parts.push('padding');
  if (tallies.some((tally) => tally.respelled > 0)) parts.push('spelling of zeros, NaNs or padded numbers');
  const [rest, otherRest] = [one, other].map(({ header, bytes }) => bytes.subarray(header.dataAt + header.elements * header.itemBytes));
  if (!areSameBytes(rest, otherRest)) parts.push('bytes behind the array');
  if (one.header.text !== other.header.text && parts.length === 0) parts.push('spelling of the header');
  const differ = parts.length === 0 ? '' : ': ' + tellDiffering(parts, parts.length);
  const changed = tallies.filter((tally) => tally.one.kind !== 'padding' && tally.differing > 0);
  const detail = within === '' ? groupDigits(one.header.elements) + (one.header.elements === 1 ? ' element is' : ' elements are') + ' the same'
    : joinFieldLines(changed.map((tally) => describeTally(tally, one.header, false)));
  return { kind: 'equivalent', rule: 'npy by element' + within + differ, detail };
}

function describeShape(shape: number[]): string {
  return '(' + shape.join(', ') + (shape.length === 1 ? ',)' : ')');
}

function joinFieldLines(lines: string[]): string {
  const shown = lines.slice(0, MOST_FIELDS_NAMED);
  return (lines.length > shown.length ? shown.concat('and ' + String(lines.length - shown.length) + ' more fields') : shown).join('; ');
}

/** How the types differ, the order of bytes aside; '' if they do not. */
function describeTypes(fields: NpyField[], others: NpyField[]): ByteString {
  const spell = (field: NpyField | undefined): ByteString => (field === undefined ? 'missing' : field.type);
  const lines: ByteString[] = [];
  for (let i = 0; i < Math.max(fields.length, others.length) && lines.length <= MOST_FIELDS_NAMED; i++) {
    const [one, other] = [fields[i], others[i]];
    if (one?.name === other?.name && spell(one) === spell(other) && one?.offset === other?.offset) continue;
    if (one?.name === '' && other?.name === '') return 'type ' + makeHarmless(one.type) + ' and ' + makeHarmless(other.type);
    const names = one === undefined || other === undefined || one.name === other.name ? (one ?? other).name : one.name + '" and "' + other.name;
    lines.push('field "' + makeHarmless(names) + '": ' + makeHarmless(spell(one)) + ' and ' + makeHarmless(spell(other)));
  }
  return joinFieldLines(lines);
}

/** Of two plain arrays of numbers of different types, how near they are nevertheless. */
function describeAsNumbers(one: NpyArray, other: NpyArray): string {
  const [fields, others] = [one.header.fields, other.header.fields];
  const isPlain = [fields, others].every((list) => list.length === 1 && list[0].name === '' && list[0].count === 1 && isNumericField(list[0]));
  if (!isPlain) return '';
  const tally = startTally(fields[0], others[0]);
  tallyElements(one, other, [tally], EXACT);
  return tally.differing === 0 ? '; the numbers are the same' : '; ' + describeTally(tally, one.header, false);
}

function startTally(one: NpyField, other: NpyField): FieldTally {
  return {
    one, other, forms: ['x87', 'x87'], values: 0, differing: 0, beyond: 0, endless: 0, respelled: 0,
    firstAt: -1, worstAt: -1, greatest: -1, greatestRelative: 0, worstValues: '',
  };
}

/** Goes over all elements in the order of C and fills the tallies. */
function tallyElements(one: NpyArray, other: NpyArray, tallies: FieldTally[], tolerance: Tolerance): void {
  // What has no bytes is the same, however often it is there.
  const filled = tallies.filter((tally) => tally.one.sizeBytes * tally.one.count > 0);
  if (filled.length === 0 || one.header.elements === 0) return;
  for (const tally of filled) {
    tally.values = one.header.elements * tally.one.count;
    if (isNumericField(tally.one) && isNumericField(tally.other)) tally.forms = [formOf(one, tally.one), formOf(other, tally.other)];
  }
  const parts = [newParts(), newParts()];
  forEachDifferingPair(one, other, (at, otherAt, index) => {
    for (const tally of filled) {
      for (let i = 0; i < tally.one.count; i++) {
        const place = at + tally.one.offset + i * tally.one.sizeBytes;
        const otherPlace = otherAt + tally.other.offset + i * tally.other.sizeBytes;
        tallyValue(one, other, tally, place, otherPlace, index, tolerance, parts);
      }
    }
  });
}

function newParts(): NumberParts {
  return { real: new Float64Array(PARTS_OF_NUMBER), imaginary: new Float64Array(PARTS_OF_NUMBER) };
}

function formOf(array: NpyArray, field: NpyField): LongForm {
  if ((field.kind === 'complex' ? field.sizeBytes / 2 : field.sizeBytes) < 12) return 'x87';
  const { dataAt, elements, itemBytes } = array.header;
  return findLongForm(field, array.view, (visit) => {
    for (let i = 0; i < elements; i++) {
      for (let k = 0; k < field.count; k++) visit(dataAt + i * itemBytes + field.offset + k * field.sizeBytes);
    }
  });
}

/** Calls back with the places of an element in both files, but not for every one that has the same bytes. */
function forEachDifferingPair(one: NpyArray, other: NpyArray, visit: (at: number, otherAt: number, index: number) => void): void {
  const { shape, itemBytes, elements, dataAt } = one.header;
  const isInOrder = shape.length < 2 || (!one.header.isFortran && !other.header.isFortran);
  // Otherwise the same bytes can be other values.
  const isSameForm = one.header.fields.every((field, i) => field.type === other.header.fields[i].type && field.isLittleEndian === other.header.fields[i].isLittleEndian);
  if (isInOrder && isSameForm) {
    const [bytes, others, shift, end] = [one.bytes, other.bytes, other.header.dataAt - dataAt, dataAt + elements * itemBytes];
    for (let at = dataAt; at < end;) {
      while (at < end && bytes[at] === others[at + shift]) at += 1;
      if (at >= end) return;
      const index = Math.floor((at - dataAt) / itemBytes);
      visit(dataAt + index * itemBytes, other.header.dataAt + index * itemBytes, index);
      at = dataAt + (index + 1) * itemBytes;
    }
    return;
  }
  const [strides, otherStrides] = [stridesOf(one.header), stridesOf(other.header)];
  const position = shape.map(() => 0);
  let [at, otherAt] = [dataAt, other.header.dataAt];
  for (let index = 0; index < elements; index++) {
    visit(at, otherAt, index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position[axis] += 1;
      at += strides[axis];
      otherAt += otherStrides[axis];
      if (position[axis] < shape[axis]) break;
      position[axis] = 0;
      at -= strides[axis] * shape[axis];
      otherAt -= otherStrides[axis] * shape[axis];
    }
  }
}

/** Bytes from an element to the next one along each axis. */
function stridesOf({ shape, itemBytes, isFortran }: NpyHeader): number[] {
  const strides = shape.map(() => itemBytes);
  let step = itemBytes;
  for (let i = 0; i < shape.length; i++) {
    const axis = isFortran ? i : shape.length - 1 - i;
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

function tallyValue(one: NpyArray, other: NpyArray, tally: FieldTally, at: number, otherAt: number, index: number, tolerance: Tolerance, parts: NumberParts[]): void {
  const isSameType = tally.one.type === tally.other.type;
  if (isSameType && hasSameUnits(one.bytes, at, other.bytes, otherAt, tally)) return;
  if (!isNumericField(tally.one)) {
    tally.differing += 1;
    tally.beyond += 1;
    if (tally.firstAt < 0) tally.firstAt = index;
    return;
  }
  readNpyNumber(one.view, at, tally.one, tally.forms[0], parts[0]);
  readNpyNumber(other.view, otherAt, tally.other, tally.forms[1], parts[1]);
  const real = apartOf(parts[0].real, parts[1].real);
  const imaginary = apartOf(parts[0].imaginary, parts[1].imaginary);
  if (real === 0 && imaginary === 0) {
    if (isSameType) tally.respelled += 1;
    return;
  }
  const apart = imaginary === 0 ? real : Math.hypot(real, imaginary);
  const size = sizeOfParts(parts[0]);
  const otherSize = sizeOfParts(parts[1]);
  tally.differing += 1;
  if (!isNear(apart, size, otherSize, tolerance)) tally.beyond += 1;
  if (tally.firstAt < 0) tally.firstAt = index;
  if (!(apart < Infinity)) {
    tally.endless += 1;
    return;
  }
  const relative = apart / Math.max(size, otherSize);
  if (relative > tally.greatestRelative) tally.greatestRelative = relative;
  if (apart <= tally.greatest) return;
  tally.greatest = apart;
  tally.worstAt = index;
  tally.worstValues = spellNumber(tally.one, parts[0]) + ' and ' + spellNumber(tally.other, parts[1]);
}

/** Bytes that change their places with the byte order: of a complex number each part, of a text each character. */
function unitOf(field: NpyField): number {
  if (field.kind === 'complex') return field.sizeBytes / 2;
  if (field.kind !== 'exact' && field.kind !== 'padding') return field.sizeBytes;
  return field.type[0] === 'U' ? 4 : /^[mM]/.test(field.type) ? 8 : 1;
}

function hasSameUnits(bytes: Uint8Array, at: number, others: Uint8Array, otherAt: number, { one, other }: FieldTally): boolean {
  const unit = one.isLittleEndian === other.isLittleEndian ? 1 : unitOf(one);
  for (let i = 0; i < one.sizeBytes; i += unit) {
    for (let k = 0; k < unit; k++) if (bytes[at + i + k] !== others[otherAt + i + unit - 1 - k]) return false;
  }
  return true;
}

/** The distance of two numbers: 0 for two NaNs and for the same infinity, NaN or Infinity where there is none. */
function apartOf(one: Float64Array, other: Float64Array): number {
  if (one[0] === other[0]) return Math.abs(one[1] - other[1] + (one[2] - other[2]));
  if (one[0] !== one[0] && other[0] !== other[0]) return 0;
  return Math.abs(one[0] - other[0] + (one[1] - other[1]) + (one[2] - other[2]));
}

function sizeOfParts(parts: NumberParts): number {
  const real = sumOfParts(parts.real);
  const imaginary = sumOfParts(parts.imaginary);
  if (imaginary === 0 && real === real) return Math.abs(real);
  // A NaN that both have does not decide over the other part.
  return Math.hypot(real !== real ? 0 : real, imaginary !== imaginary ? 0 : imaginary);
}

/** As math.isclose and cmath.isclose: `apart` is the distance of two numbers of these magnitudes. Nothing infinite is near. */
function isNear(apart: number, size: number, otherSize: number, tolerance: Tolerance): boolean {
  const greater = Math.max(size, otherSize);
  return greater < Infinity && apart <= Math.max(tolerance.absolute, tolerance.relative * greater);
}

function spellNumber(field: NpyField, parts: NumberParts): string {
  const digits = field.kind === 'float' ? { 2: 4, 4: 8 }[field.sizeBytes] : field.sizeBytes === 8 && field.kind === 'complex' ? 8 : undefined;
  const spell = (part: Float64Array): string => {
    const sum = sumOfParts(part);
    if (field.kind !== 'float' && field.kind !== 'complex') return String(BigInt(part[0]) + BigInt(part[1]));
    return digits === undefined || !(Math.abs(sum) < Infinity) ? String(sum) : String(Number(sum.toPrecision(digits)));
  };
  const imaginary = spell(parts.imaginary);
  return field.kind !== 'complex' ? spell(parts.real) : spell(parts.real) + (imaginary[0] === '-' ? '' : '+') + imaginary + 'j';
}

/** "3 of 120 numbers differ, at most ..."; with how many are beyond the tolerance, where the rule names one. */
function describeTally(tally: FieldTally, header: NpyHeader, isLimited: boolean): ByteString {
  const thing = isNumericField(tally.one) ? 'number' : 'value';
  const field = tally.one.name === '' ? '' : 'field "' + makeHarmless(tally.one.name) + '": ';
  const count = groupDigits(tally.differing) + ' of ' + groupDigits(tally.values) + ' ' + thing + (tally.values === 1 ? '' : 's') + (tally.differing === 1 ? ' differs' : ' differ');
  const limited = isLimited && isNumericField(tally.one) ? ', ' + groupDigits(tally.beyond) + ' by more than that' : '';
  const most = tally.greatest <= 0 ? '' : ', at most ' + roundNumber(tally.greatest) + ' absolute, ' + roundNumber(tally.greatestRelative) + ' relative';
  const endless = tally.endless === 0 ? '' : ', ' + groupDigits(tally.endless) + ' with NaN or infinity on one side';
  const first = header.shape.length === 0 ? '' : ', first at ' + describeIndex(tally.firstAt, header.shape);
  if (tally.worstAt < 0) return field + count + limited + most + endless + first;
  const worst = header.shape.length === 0 || tally.worstAt === tally.firstAt ? '' : ', worst at ' + describeIndex(tally.worstAt, header.shape);
  return field + count + limited + most + endless + first + worst + ' (' + tally.worstValues + ')';
}

/** As Python spells the index of an element. */
function describeIndex(index: number, shape: number[]): string {
  const position: number[] = [];
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    position.unshift(rest % shape[axis]);
    rest = Math.floor(rest / shape[axis]);
  }
  return '[' + position.join(', ') + ']';
}
