// sweep.ts - the points of a sweep: values of parameters, and how they are put together. Knows no files, records or commands.
//
// 1. Values come in the order in which they are given; of all combinations the last parameter varies
//    fastest. So the points of a sweep, and their order, follow from its options alone.
// 2. Nothing is listed before it is asked for: a sweep of a million points is a rule and a number.
// 3. A point is its parameters. It keeps its number as long as a run of it is recorded.
import type { ByteString } from './bytes.ts';
import { compareBytes } from './bytes.ts';
import { mixGeometrically, mixLinearly, readExactDecimal, stepRange } from './decimals.ts';
import type { Decimal, Fraction, Values } from './decimals.ts';
import { EXIT, Failure } from './failure.ts';
import { RANDOM_WHOLE, SplitMix64 } from './random.ts';
import type { Run } from './run.ts';

/** One or several parameters that are set together. */
export type SweepAxis = {
  names: ByteString[];
  /** Infinity: any number between two, which only `draw` gives. */
  count: number;
  /** A value for each name. */
  at: (index: number) => ByteString[];
  draw?: (fraction: Fraction) => ByteString;
};

/** PointList in their order: a value for each name. `count` is Infinity if there are more than can be counted. */
export type PointList = { names: ByteString[]; count: number; at: (index: number) => ByteString[] };

// ---- values of one parameter ------------------------------------------------------------------------------

const POINT_NUMBER = '[+-]?(?:\\d+(?:\\.\\d+)?|\\.\\d+)(?:[eE][+-]?\\d+)?';
const STEPS = new RegExp('^(' + POINT_NUMBER + ')\\.\\.(' + POINT_NUMBER + ')(?:\\.\\.(' + POINT_NUMBER + '))?$');
const EVEN = new RegExp('^(lin|log):(' + POINT_NUMBER + ')\\.\\.(' + POINT_NUMBER + ')(?::(\\d{1,15}))?$');
const LIKE_RANGE = /^(?:lin:|log:|[+-]?[\d.]*\d\.\.)/;

/** The items between commas; one in double quotes is a text as it stands, with "" for a quote (RFC 4180). */
function splitItems(text: ByteString, fail: (why: string, hint: string) => never): { text: ByteString; isQuoted: boolean }[] {
  const items: { text: ByteString; isQuoted: boolean }[] = [];
  let at = 0;
  for (;;) {
    const isQuoted = text[at] === '"';
    let end = at;
    if (isQuoted) {
      end = text.indexOf('"', at + 1);
      while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
      if (end < 0) fail('a double quote has no end', 'a value that begins with one is written "like ""this"""');
      end += 1;
      if (end < text.length && text[end] !== ',') fail('there is something between a double quote and the next comma', 'write "a,b" for the value a,b');
      items.push({ text: text.slice(at + 1, end - 1).replace(/""/g, '"'), isQuoted });
    } else {
      end = text.indexOf(',', at);
      if (end < 0) end = text.length;
      items.push({ text: text.slice(at, end), isQuoted });
    }
    if (end >= text.length) return items;
    at = end + 1;
  }
}

function isWhole(text: string): boolean {
  return /^[+-]?\d+$/.test(text);
}

/** 1..10, 1..10..3, 10..1, 0.1..0.5..0.1; 001..100 keeps its width, as bash has it. */
function readStepped(parts: RegExpExecArray, fail: (why: string, hint: string) => never): Values {
  const [text, first, last, given] = parts;
  if (given === undefined && !(isWhole(first) && isWhole(last))) fail('"' + text + '" has no step', 'write such as ' + text + '..0.1');
  const [from, to, step] = [first, last, given ?? '1'].map((word) => readExactDecimal(word) ?? fail('"' + word + '" is too long a number', ''));
  if (step.digits === 0n) fail('the step of "' + text + '" is 0', '');
  const values = stepRange(from, to, step);
  const isUp = values.count > 1 && Number(last) > Number(first);
  if (step.digits < 0n && isUp) fail('"' + text + '" goes up with a step down', 'write ' + first + '..' + last + '..' + (given as string).slice(1));
  const isPadded = [first, last].some((word) => /^[+-]?0\d+$/.test(word)) && isWhole(first) && isWhole(last);
  if (!isPadded) return values;
  const width = Math.max(...[first, last].map((word) => word.replace('+', '').length));
  return { count: values.count, at: (index) => values.at(index).replace(/^(-?)(\d+)$/, (_, sign: string, digits: string) => sign + digits.padStart(width - sign.length, '0')) };
}

type EvenRange = { mix: (first: Decimal, last: Decimal, fraction: Fraction) => string; first: Decimal; last: Decimal; count: number | undefined };

/** lin:0..1:11, log:1e-5..1e-1:9; without the number at the end anything in between. */
function readEven(parts: RegExpExecArray, fail: (why: string, hint: string) => never): EvenRange {
  const [text, kind, from, to, number] = parts;
  const [first, last] = [from, to].map((word) => readExactDecimal(word) ?? fail('"' + word + '" is too long a number', ''));
  if (kind === 'log' && (first.digits === 0n || last.digits === 0n || first.digits < 0n !== last.digits < 0n)) fail('"' + text + '" has no equal factors: both ends must be above 0, or both below', '');
  if (number !== undefined && Number(number) === 0) fail('"' + text + '" is of no values', '');
  return { mix: kind === 'lin' ? mixLinearly : mixGeometrically, first, last, count: number === undefined ? undefined : Number(number) };
}

function listEven({ mix, first, last }: EvenRange, count: number): Values {
  const whole = BigInt(Math.max(1, count - 1));
  return { count, at: (index) => mix(first, last, { part: BigInt(index), whole }) };
}

/** Several lists of values as one. */
function joinValues(parts: Values[]): Values {
  if (parts.length === 1) return parts[0];
  const starts: number[] = [];
  let count = 0;
  for (const part of parts) {
    starts.push(count);
    count += part.count;
  }
  return { count, at: (index) => {
    let part = parts.length - 1;
    while (starts[part] > index) part -= 1;
    return parts[part].at(index - starts[part]);
  } };
}

/**
 * The values that the option `-p NAME=TEXT` gives a parameter: items between commas, each a text, a
 * range in steps, or numbers spread evenly. Throws Failure for what looks like a range and is none.
 */
export function readParameterAxis(name: ByteString, text: ByteString): SweepAxis {
  const fail = (why: string, hint: string): never => { throw new Failure('cannot use -p "' + name + '=' + text + '": ' + why, hint, EXIT.usage); };
  const items = splitItems(text, fail);
  const parts: Values[] = [];
  let texts: ByteString[] = [];
  const addTexts = (): void => {
    const list = texts;
    if (list.length > 0) parts.push({ count: list.length, at: (index) => list[index] });
    texts = [];
  };
  for (const item of items) {
    const steps = item.isQuoted ? null : STEPS.exec(item.text);
    const even = item.isQuoted ? null : EVEN.exec(item.text);
    if (steps === null && even === null) {
      if (!item.isQuoted && LIKE_RANGE.test(item.text)) fail('"' + item.text + '" is no range', 'write 1..10, 1..10..2, lin:0..1:11 or log:1e-5..1e-1:9; for the text itself \'"' + item.text + '"\'');
      texts.push(item.text);
      continue;
    }
    addTexts();
    const range = even === null ? undefined : readEven(even, fail);
    if (range === undefined) parts.push(readStepped(steps as RegExpExecArray, fail));
    else if (range.count !== undefined) parts.push(listEven(range, range.count));
    else if (items.length > 1) fail('"' + item.text + '" does not say how many values it has', 'write such as ' + item.text + ':11');
    else return { names: [name], count: Infinity, at: () => fail('"' + item.text + '" does not say how many values it has', 'write such as ' + item.text + ':11, or --random N'), draw: (fraction) => range.mix(range.first, range.last, fraction) };
  }
  addTexts();
  const values = joinValues(parts);
  return { names: [name], count: values.count, at: (index) => [values.at(index)] };
}

/** Rows that are given: the columns of a table, or files with their names' parts. */
export function makeRowAxis(names: ByteString[], rows: ByteString[][]): SweepAxis {
  return { names, count: rows.length, at: (index) => rows[index] };
}

// ---- points -----------------------------------------------------------------------------------------------

function namesOf(axes: SweepAxis[]): ByteString[] {
  return axes.reduce((names: ByteString[], axis) => names.concat(axis.names), []);
}

function gather(axes: SweepAxis[], indexOf: (axis: SweepAxis, place: number) => number): ByteString[] {
  const values: ByteString[] = [];
  axes.forEach((axis, place) => { values.push(...axis.at(indexOf(axis, place))); });
  return values;
}

/** A range without a number of values has none that could be listed. */
function requireCounted(axes: SweepAxis[]): void {
  for (const axis of axes) if (axis.draw !== undefined) axis.at(0);
}

function countCombinations(axes: SweepAxis[]): number {
  const count = axes.reduce((product, axis) => product * axis.count, 1);
  return count <= Number.MAX_SAFE_INTEGER ? count : Infinity;
}

/** All combinations; the last axis varies fastest. */
export function crossAxes(axes: SweepAxis[]): PointList {
  requireCounted(axes);
  return { names: namesOf(axes), count: countCombinations(axes), at: (index) => combinationAt(axes, index) };
}

function combinationAt(axes: SweepAxis[], index: number): ByteString[] {
  const places: number[] = new Array(axes.length);
  let rest = index;
  for (let i = axes.length - 1; i >= 0; i--) {
    places[i] = rest % axes[i].count;
    rest = (rest - places[i]) / axes[i].count;
  }
  return gather(axes, (_, place) => places[place]);
}

/** The first values of all, the second ones, and so on. What has only one value has it in each point. */
export function zipAxes(axes: SweepAxis[]): PointList {
  requireCounted(axes);
  const long = axes.filter((axis) => axis.count !== 1);
  const other = long.find((axis) => axis.count !== long[0].count);
  if (other !== undefined) {
    throw new Failure('cannot use --zip: ' + long[0].names[0] + ' has ' + String(long[0].count) + ' values, ' + other.names[0] + ' has ' + String(other.count), 'give all the same number of values, or leave out --zip for all combinations', EXIT.usage);
  }
  return { names: namesOf(axes), count: long.length === 0 ? 1 : long[0].count, at: (index) => gather(axes, (axis) => (axis.count === 1 ? 0 : index)) };
}

// So many repetitions in a row, and there is nothing new to be drawn.
const MOST_REPETITIONS = 10000;

/**
 * `wanted` points drawn by SplitMix64 from its seed, none twice; fewer if there are no more. The
 * first points do not depend on how many are wanted.
 *
 * Of at most 2 ** 53 combinations it is the beginning of a shuffled list of them (Fisher and Yates,
 * from the front: the i-th place is exchanged with one of those from i on). Else the axes are drawn
 * one after the other for each point, and a point that was there is drawn again.
 */
export function drawPoints(axes: SweepAxis[], wanted: number, seed: bigint): PointList {
  const random = new SplitMix64(seed);
  const total = countCombinations(axes);
  const rows: ByteString[][] = total === Infinity ? drawApart(axes, wanted, random) : shuffleFirst(total, wanted, random).map((index) => combinationAt(axes, index));
  return { names: namesOf(axes), count: rows.length, at: (index) => rows[index] };
}

function shuffleFirst(total: number, wanted: number, random: SplitMix64): number[] {
  // Only the places that are not as they were at first.
  const moved = new Map<number, number>();
  const drawn: number[] = [];
  for (let i = 0; i < Math.min(total, wanted); i++) {
    const j = i + random.below(total - i);
    drawn.push(moved.get(j) ?? j);
    moved.set(j, moved.get(i) ?? i);
    moved.delete(i);
  }
  return drawn;
}

function drawApart(axes: SweepAxis[], wanted: number, random: SplitMix64): ByteString[][] {
  const rows: ByteString[][] = [];
  const known = new Set<string>();
  for (let repetitions = 0; rows.length < wanted && repetitions < MOST_REPETITIONS;) {
    const row: ByteString[] = [];
    for (const axis of axes) {
      if (axis.draw !== undefined) row.push(axis.draw({ part: random.bits53(), whole: RANDOM_WHOLE }));
      else row.push(...axis.at(random.below(axis.count)));
    }
    const key = keyOfTexts(row);
    repetitions = known.has(key) ? repetitions + 1 : 0;
    if (repetitions === 0) rows.push(row);
    known.add(key);
  }
  return rows;
}

// ---- which point is which ---------------------------------------------------------------------------------

function keyOfTexts(texts: ByteString[]): string {
  return texts.map((text) => String(text.length) + ':' + text).join('');
}

/** What tells a point from others: its parameters "NAME VALUE", in any order. */
export function keyOfParameters(parameters: ByteString[]): string {
  return keyOfTexts(parameters.slice().sort(compareBytes));
}

/**
 * The numbers of points with these keys, from 1. One that is recorded keeps its number; the others
 * get, in their order, those after the highest that was ever given. If two recorded points have the
 * same number (branches that were merged), the first keeps it.
 */
export function numberPoints(keys: string[], recorded: Map<string, number>): number[] {
  const taken = new Set<number>();
  let highest = 0;
  for (const number of recorded.values()) highest = Math.max(highest, number);
  return keys.map((key) => {
    const own = recorded.get(key);
    if (own !== undefined && !taken.has(own)) {
      taken.add(own);
      return own;
    }
    highest += 1;
    return highest;
  });
}

/** The runs of a sweep: of each point the last one; in the order of their numbers. `runs` are in the order of their ids. */
export function findLatestPoints<R extends Pick<Run, 'sweep' | 'parameters'>>(runs: R[], label: ByteString): R[] {
  const latest = new Map<string, { run: R; number: number }>();
  for (const run of runs) {
    const { sweep } = run;
    if (sweep !== undefined && sweep.label === label) latest.set(keyOfParameters(run.parameters), { run, number: sweep.number });
  }
  return Array.from(latest.values()).sort((a, b) => a.number - b.number).map(({ run }) => run);
}

/** A path that two points are to write, or that lies below one that another point is to write. */
export type SharedOutput = { path: ByteString; first: number; second: number };

/** The first output that two points share, of the paths that each declares; undefined if there is none. */
export function findSharedOutput(points: { number: number; outputs: ByteString[] }[]): SharedOutput | undefined {
  const owners = new Map<ByteString, number>();
  for (const { number, outputs } of points) {
    for (const path of outputs) {
      const owner = owners.get(path);
      if (owner !== undefined && owner !== number) return { path, first: owner, second: number };
      owners.set(path, number);
    }
  }
  for (const [path, number] of owners) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const owner = owners.get(path.slice(0, end));
      if (owner !== undefined && owner !== number) return { path: path.slice(0, end), first: owner, second: number };
    }
  }
  return undefined;
}
