// mutate.ts - makes an input of others: flips, edits, splices, tokens, edges of numbers, growth.
import type { ByteString } from '../../src/core/bytes.ts';
import { makeCaseDice, pick, pickLength, randomBytes, randomText } from './dice.ts';
import type { Dice } from './dice.ts';
import { makeScalingCase, SCALING_FROM } from './scaling.ts';
import type { FuzzTarget } from './target.ts';

const MOST_BYTES = 1 << 18;

const EDGES = [0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 129, 254, 255, 256, 511, 512, 1023, 1024, 4095, 4096, 32767, 32768, 65534, 65535, 65536, 0xffffff, 0x1000000, 0x7ffffffe, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const TEXT_EDGES = ['0', '-1', '1', '-0', '00', '08', '0x7f', '255', '256', '2147483647', '2147483648', '4294967295', '4294967296', '9007199254740991', '9007199254740993', '18446744073709551615', '18446744073709551616', '1e400', '1e-400', '-1e400', '0.1', '.5', '5.', '1_000', 'NaN', 'inf', '99999999999999999999999999'];

/** A number of 1, 2, 4 or 8 bytes, in either order. */
function edgeBytes(dice: Dice): ByteString {
  const size = pick(dice, [1, 2, 4, 4, 8]);
  const value = dice(4) === 0 ? dice(2 ** 31) : pick(dice, EDGES);
  const fill = dice(4) === 0 ? '\xff' : '\0';
  let bytes = '';
  for (let i = 0; i < size; i++) bytes += i < 4 ? String.fromCharCode((value >>> (8 * i)) & 255) : fill;
  return dice(2) === 0 ? bytes : bytes.split('').reverse().join('');
}

type Mutation = (text: ByteString, dice: Dice, given: MutationGiven) => ByteString;
export type MutationGiven = { corpus: ByteString[]; dictionary: ByteString[]; isBinary: boolean; mostBytes: number };

function cutAt(text: ByteString, at: number, removed: number, put: ByteString): ByteString {
  return text.slice(0, at) + put + text.slice(at + removed);
}

/** A place and length within the text. */
function pickSpan(text: ByteString, dice: Dice, most: number): [number, number] {
  const at = dice(text.length + 1);
  return [at, Math.min(text.length - at, 1 + pickLength(dice, most))];
}

const MUTATIONS: Mutation[] = [
  // a bit, a byte, a number plus or minus a little
  (text, dice) => { const at = dice(text.length); return cutAt(text, at, 1, String.fromCharCode((text.charCodeAt(at) ^ (1 << dice(8))) & 255)); },
  (text, dice) => cutAt(text, dice(text.length), 1, String.fromCharCode(dice(256))),
  (text, dice) => { const at = dice(text.length); return cutAt(text, at, 1, String.fromCharCode((text.charCodeAt(at) + pick(dice, [1, 255, 2, 254, 16, 240, 128])) & 255)); },
  // a span is removed, doubled, moved
  (text, dice) => { const [at, length] = pickSpan(text, dice, 64); return cutAt(text, at, length, ''); },
  (text, dice) => { const [at, length] = pickSpan(text, dice, 256); return cutAt(text, at, 0, text.substr(at, length)); },
  (text, dice) => { const [at, length] = pickSpan(text, dice, 64); const moved = text.substr(at, length); return cutAt(cutAt(text, at, length, ''), dice(text.length - length + 1), 0, moved); },
  // a line is removed, doubled, moved elsewhere
  (text, dice) => { const lines = text.split('\n'); const from = dice(lines.length); const [line] = lines.splice(from, 1); if (dice(3) > 0) lines.splice(dice(lines.length + 1), 0, line); if (dice(3) === 0) lines.splice(dice(lines.length + 1), 0, line); return lines.join('\n'); },
  // something is put in, or stands in the place of something
  (text, dice) => cutAt(text, dice(text.length + 1), 0, randomText(dice, 8)),
  (text, dice) => cutAt(text, dice(text.length + 1), 0, randomBytes(dice, 1 + pickLength(dice, 32))),
  (text, dice, given) => cutAt(text, dice(text.length + 1), dice(2) * dice(8), given.dictionary.length === 0 ? randomText(dice, 3) : pick(dice, given.dictionary)),
  (text, dice, given) => cutAt(text, dice(text.length + 1), dice(2) * dice(4), given.dictionary.length === 0 ? randomText(dice, 3) : pick(dice, given.dictionary)),
  // a number at the edge of its range
  (text, dice, given) => putNumber(text, dice, given.isBinary),
  // spliced with another
  (text, dice, given) => { const other = pickOther(dice, given, text); return text.slice(0, dice(text.length + 1)) + other.slice(dice(other.length + 1)); },
  (text, dice, given) => { const other = pickOther(dice, given, text); const [at, length] = pickSpan(other, dice, 256); return cutAt(text, dice(text.length + 1), dice(2) * length, other.substr(at, length)); },
  // the end is missing, or the beginning
  (text, dice) => text.slice(0, dice(text.length + 1)),
  (text, dice) => (dice(4) === 0 ? text.slice(dice(text.length + 1)) : text.slice(0, text.length - Math.min(text.length, 1 + dice(8)))),
  // one byte everywhere is another
  (text, dice) => { const from = text[dice(text.length)]; const to = String.fromCharCode(dice(256)); return text.split(from).join(dice(3) === 0 ? '' : to); },
];

function pickOther(dice: Dice, given: MutationGiven, text: ByteString): ByteString {
  return given.corpus.length === 0 ? text : pick(dice, given.corpus);
}

function putNumber(text: ByteString, dice: Dice, isBinary: boolean): ByteString {
  if (isBinary && dice(4) > 0) {
    const bytes = edgeBytes(dice);
    return cutAt(text, dice(text.length + 1), dice(4) === 0 ? 0 : bytes.length, bytes);
  }
  // In a text a number stands where one was.
  const numbers = [...text.slice(0, 4096).matchAll(/\d+/g)];
  if (numbers.length === 0) return cutAt(text, dice(text.length + 1), 0, pick(dice, TEXT_EDGES));
  const place = pick(dice, numbers);
  return cutAt(text, place.index ?? 0, place[0].length, pick(dice, TEXT_EDGES));
}

/** A piece many times over: finds what takes time or memory by the square of its input. */
function grow(text: ByteString, dice: Dice, given: MutationGiven): ByteString {
  const piece = given.dictionary.length > 0 && dice(2) === 0 ? pick(dice, given.dictionary) + (dice(2) === 0 ? '' : pick(dice, given.dictionary)) : text.substr(...pickSpan(text, dice, 64)) || 'a';
  const most = dice(8) === 0 ? given.mostBytes : given.mostBytes >> 4;
  const times = 1 + dice(Math.max(1, Math.floor((most - text.length) / piece.length)));
  return cutAt(text, dice(text.length + 1), 0, piece.repeat(times));
}

export function mutate(text: ByteString, dice: Dice, given: MutationGiven): ByteString {
  let mutated = text;
  let times = 1;
  while (times < 12 && dice(2) === 0) times += 1;
  for (let i = 0; i < times; i++) mutated = mutated === '' ? randomText(dice, 8) : pick(dice, MUTATIONS)(mutated, dice, given);
  return mutated.slice(0, given.mostBytes);
}

/** The input of a case: the corpus as it is comes first. The same seed, name and place give the same input. */
export function makeCase(target: FuzzTarget, corpus: ByteString[], seed: string, place: number): ByteString {
  if (place >= SCALING_FROM) return makeScalingCase(target, corpus, seed, place);
  if (place < corpus.length) return corpus[place];
  const dice = makeCaseDice(seed, target.name, place);
  const given: MutationGiven = { corpus, dictionary: target.dictionary ?? [], isBinary: target.isBinary === true, mostBytes: target.mostBytes ?? MOST_BYTES };
  const isMade = target.generate !== undefined && (corpus.length === 0 || dice(2) === 0);
  let text = isMade && target.generate !== undefined ? target.generate(dice) : corpus.length > 0 && dice(100) > 0 ? pick(dice, corpus) : randomText(dice, 64);
  if (!isMade || dice(3) === 0) text = mutate(text, dice, given);
  if (dice(400) === 0) text = grow(text, dice, given);
  return text.slice(0, given.mostBytes);
}

/**
 * Ever smaller inputs: yields one to be tried, is told whether the fault is still there, returns the
 * smallest. Spans are left out, from halves down to bytes; then bytes are made plain.
 */
export function* searchSmaller(input: ByteString): Generator<ByteString, ByteString, boolean> {
  let best = input;
  for (let size = best.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.length;) {
      const tried = best.slice(0, at) + best.slice(at + size);
      if (tried.length < best.length && (yield tried)) best = tried;
      else at += size;
    }
  }
  for (let at = 0; at < best.length; at++) {
    if (/[a0 \n]/.test(best[at])) continue;
    const tried = best.slice(0, at) + (/\d/.test(best[at]) ? '0' : 'a') + best.slice(at + 1);
    if (yield tried) best = tried;
  }
  return best;
}
