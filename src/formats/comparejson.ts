// comparejson.ts - compares two JSON texts by value. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { CompareContext, Comparison } from '../core/comparison.ts';
import { findCauses } from '../core/causes.ts';
import { describeTolerance } from '../core/comparison.ts';
import { countThings, groupDigits } from './amounts.ts';
import { findFirstDifference } from './comparebytes.ts';
import { quoteExcerpt } from './comparetext.ts';
import type { JsonTape } from './jsontape.ts';
import { decodeJsonString, parseJson } from './jsontape.ts';
import { NumberTally } from './numbertally.ts';
import { makeHarmless } from './percent.ts';

/** Members or elements that stand in the same place of two containers, and which pair is looked at. */
type OpenPair = { tape: JsonTape; isArray: boolean; pairs: number[]; at: number };

type JsonTally = { numbers: NumberTally; values: number; first: string; isOrderChanged: boolean };

/** undefined if the two are not both JSON (one value or JSON lines). */
export function compareJson(first: ByteString, second: ByteString, context: Pick<CompareContext, 'tolerance' | 'hints'>): Comparison | undefined {
  const tape = parseJson(first);
  const other = tape === undefined ? undefined : parseJson(second);
  if (tape === undefined || other === undefined) return undefined;
  const tally: JsonTally = { numbers: new NumberTally(context.tolerance), values: 0, first: '', isOrderChanged: false };
  compareRoots(tape, other, tally);
  const numbers = tally.numbers.describe();
  if (tally.values === 0 && tally.numbers.beyond === 0) return describeEqualJson(tally, context);
  const beside = numbers === '' ? '' : ' in more than numbers';
  const values = tally.values === 0 ? [] : [countThings(tally.values, 'value') + (tally.values === 1 ? ' differs' : ' differ') + beside + ', first ' + tally.first];
  const rule = 'JSON by value' + (context.tolerance === undefined ? '' : ', ' + describeTolerance(context.tolerance));
  return { kind: 'different', rule, detail: values.concat(numbers === '' ? [] : numbers).join('; '), causes: findCauses(first, second, context.hints) };
}

function describeEqualJson(tally: JsonTally, context: Pick<CompareContext, 'tolerance'>): Comparison {
  const order = tally.isOrderChanged ? ', keys in any order' : '';
  const isTolerated = tally.numbers.apart > 0 && context.tolerance !== undefined;
  const rule = 'JSON by value' + order + (isTolerated ? ', ' + describeTolerance(context.tolerance as NonNullable<typeof context.tolerance>) : '');
  const detail = tally.numbers.describe();
  return { kind: 'equivalent', rule, detail: detail !== '' ? detail : tally.isOrderChanged ? 'the keys are in another order' : 'white space or escapes are different' };
}

function compareRoots(tape: JsonTape, other: JsonTape, tally: JsonTally): void {
  const common = Math.min(tape.roots.length, other.roots.length);
  const isAlone = tape.roots.length === 1 && other.roots.length === 1;
  for (let i = 0; i < common; i++) compareTrees(tape, other, tape.roots[i], other.roots[i], isAlone ? '$' : 'value ' + (i + 1) + ', $', tally);
  if (common === tape.roots.length && common === other.roots.length) return;
  addDifference(tally, () => 'value ' + (common + 1) + ': ' + countThings(tape.roots.length, 'value') + ' against ' + groupDigits(other.roots.length));
}

/** Walks two values and what is in them side by side; a stack of its own, as they may be nested deeply. */
function compareTrees(tape: JsonTape, other: JsonTape, root: number, otherRoot: number, name: string, tally: JsonTally): void {
  const open: OpenPair[] = [];
  const place = (): string => name + describePath(open);
  comparePair(tape, other, root, otherRoot, open, place, tally);
  while (open.length > 0) {
    const top = open[open.length - 1];
    top.at += 2;
    if (top.at >= top.pairs.length) open.pop();
    else comparePair(tape, other, top.pairs[top.at], top.pairs[top.at + 1], open, place, tally);
  }
}

const MOST_LABELS = 6;

/** The way into nested values, without its middle where it is long. */
function describePath(open: OpenPair[]): string {
  if (open.length <= 2 * MOST_LABELS) return open.map(labelOf).join('');
  return open.slice(0, MOST_LABELS).map(labelOf).join('') + '...' + open.slice(-MOST_LABELS).map(labelOf).join('');
}

function labelOf(pair: OpenPair): string {
  if (pair.at < 0) return '';
  if (pair.isArray) return '[' + pair.at / 2 + ']';
  const key = decodeJsonString(pair.tape.spell(pair.pairs[pair.at] - 1));
  return /^[A-Za-z_][\w-]*$/.test(key) ? '.' + key : '[' + quoteExcerpt(key, 0) + ']';
}

function addDifference(tally: JsonTally, describe: () => string): void {
  if (tally.values === 0) tally.first = describe();
  tally.values += 1;
}

function comparePair(tape: JsonTape, other: JsonTape, a: number, b: number, open: OpenPair[], place: () => string, tally: JsonTally): void {
  const kind = tape.kindOf(a);
  const differ = (): void => addDifference(tally, () => place() + ': ' + quoteUnlike(tape.spell(a), other.spell(b)));
  if (kind !== other.kindOf(b)) return differ();
  if (kind === 'number') {
    tally.numbers.add(tape.spell(a), other.spell(b), place);
  } else if (kind === 'literal') {
    if (tape.spell(a) !== other.spell(b)) differ();
  } else if (kind === 'string') {
    if (tape.spell(a) !== other.spell(b) && decodeJsonString(tape.spell(a)) !== decodeJsonString(other.spell(b))) differ();
  } else {
    const pairs = kind === 'array' ? pairElements(tape, other, a, b, place, tally) : pairMembers(tape, other, a, b, place, tally);
    if (pairs.length > 0) open.push({ tape, isArray: kind === 'array', pairs, at: -2 });
  }
}

function quoteUnlike(spelled: ByteString, other: ByteString): string {
  const at = findFirstDifference(spelled, other);
  const shown = [spelled, other].map((text) => (text.length <= 24 ? makeHarmless(text) : quoteExcerpt(text, at)));
  return shown.join(' against ');
}

function pairElements(tape: JsonTape, other: JsonTape, a: number, b: number, place: () => string, tally: JsonTally): number[] {
  const [end, otherEnd] = [tape.nextOf(a), other.nextOf(b)];
  const pairs: number[] = [];
  let [value, otherValue] = [a + 1, b + 1];
  while (value < end && otherValue < otherEnd) {
    pairs.push(value, otherValue);
    [value, otherValue] = [tape.nextOf(value), other.nextOf(otherValue)];
  }
  if (value < end || otherValue < otherEnd) {
    addDifference(tally, () => place() + ': ' + countThings(countElements(tape, a), 'element') + ' against ' + groupDigits(countElements(other, b)));
  }
  return pairs;
}

function countElements(tape: JsonTape, array: number): number {
  let count = 0;
  for (let value = array + 1; value < tape.nextOf(array); value = tape.nextOf(value)) count += 1;
  return count;
}

/** Values with the same key; of several with one key the first goes with the first. */
function pairMembers(tape: JsonTape, other: JsonTape, a: number, b: number, place: () => string, tally: JsonTally): number[] {
  const inOrder = pairMembersInOrder(tape, other, a, b);
  if (inOrder !== undefined) return inOrder;
  const waiting = new Map<ByteString, number[]>();
  const keys = listKeys(other, b);
  for (let i = keys.length - 1; i >= 0; i--) {
    const name = decodeJsonString(other.spell(keys[i]));
    const values = waiting.get(name);
    if (values === undefined) waiting.set(name, [keys[i] + 1]);
    else values.push(keys[i] + 1);
  }
  const pairs: number[] = [];
  const onlyInFirst: ByteString[] = [];
  for (const key of listKeys(tape, a)) {
    const name = decodeJsonString(tape.spell(key));
    const value = (waiting.get(name) ?? []).pop();
    if (value === undefined) onlyInFirst.push(name);
    else pairs.push(key + 1, value);
  }
  const onlyInSecond = Array.from(waiting.keys()).filter((name) => (waiting.get(name) ?? []).length > 0);
  if (onlyInFirst.length > 0) addDifference(tally, () => place() + ': key ' + quoteExcerpt(onlyInFirst[0], 0) + ' only in the first');
  if (onlyInSecond.length > 0) addDifference(tally, () => place() + ': key ' + quoteExcerpt(onlyInSecond[0], 0) + ' only in the second');
  tally.isOrderChanged = tally.isOrderChanged || isOrderChanged(pairs);
  return pairs;
}

function isOrderChanged(pairs: number[]): boolean {
  for (let i = 3; i < pairs.length; i += 2) if (pairs[i] < pairs[i - 2]) return true;
  return false;
}

function listKeys(tape: JsonTape, object: number): number[] {
  const keys: number[] = [];
  for (let key = object + 1; key < tape.nextOf(object); key = tape.nextOf(key + 1)) keys.push(key);
  return keys;
}

function pairMembersInOrder(tape: JsonTape, other: JsonTape, a: number, b: number): number[] | undefined {
  const [end, otherEnd] = [tape.nextOf(a), other.nextOf(b)];
  const pairs: number[] = [];
  let [key, otherKey] = [a + 1, b + 1];
  while (key < end && otherKey < otherEnd) {
    if (tape.spell(key) !== other.spell(otherKey)) return undefined;
    pairs.push(key + 1, otherKey + 1);
    [key, otherKey] = [tape.nextOf(key + 1), other.nextOf(otherKey + 1)];
  }
  return key < end || otherKey < otherEnd ? undefined : pairs;
}
