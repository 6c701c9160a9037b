// scaling.ts - inputs of one shape in two sizes, the second four times the first: a reader whose time
// grows by the square of its input takes sixteen times as long for the second.
import type { ByteString } from '../../src/core/bytes.ts';
import { makeCaseDice, pick } from './dice.ts';
import type { Dice } from './dice.ts';
import type { FuzzTarget } from './target.ts';

/** Cases from this number on are of this file: an even one is small, the odd one behind it large. */
export const SCALING_FROM = 1000000000;
export const LARGE_BYTES = 1 << 19;
const SMALL_BYTES = LARGE_BYTES / 4;
/** More than this times as long is more than linear, if the large one takes the CPU time below at all. */
export const MOST_RATIO = 8;
export const LEAST_MS = 200;
/**
 * Below this the large one alone convicts nobody: a small one of 30 ms may have been compiled already and have
 * left no garbage to be collected, while the large one waits for both. Then a third one, four times as long
 * again, must show the same ratio: by the square of its length it takes sixteen times as long, too; what is
 * linear has by then paid for all of that.
 */
export const SURE_MS = 1000;

const WORDS: ByteString[] = ['<', '>', '<!--', '-->', '<a ', '<script>', '</', '&', '&#', '"', "'", '(', ')', '[', ']', '[[', '{', '}', '\\', '/', '//', '/*', '*/', '#', '=', ':', ': ', '@', '://', '%', '$', '$(', '`', ' ', '\t', '\n', '\r', '\r\n', '\n\n', ' \n', '\n ', '-', '- ', '_', '.', ',', ';', '|', '0', '1', 'e', '1e', 'a', 'a=', '\0', '\xff', '\xc3\xa9', '\xe2\x80\x8d', '"""', "'''", '\\n', '<<', '>>'];

/** A text of about so many bytes. */
type Shape = (fill: (word: ByteString) => ByteString, words: [ByteString, ByteString, ByteString], ends: [ByteString, ByteString]) => ByteString;

const SHAPES: Shape[] = [
  (fill, [one], [head]) => head + fill(one),
  (fill, [one], [head, tail]) => head + fill(one) + tail,
  (fill, [one, two], [head, tail]) => head + fill(one + two) + tail,
  (fill, [one, two]) => one + fill(two),
  (fill, [one, two, three]) => one + fill(two) + three,
  (fill, [one, two]) => fill(one + '\n') + two,
  // Half of it opens, the other half closes.
  (fill, [one, two], [head]) => { const [opening, closing] = [fill(one), fill(two)]; return head + opening.slice(0, opening.length >> 1) + closing.slice(closing.length >> 1); },
  // Each time another name or number.
  (fill, [one, two], [head, tail]) => { let number = 0; return head + fill(one + '\x01' + two).replace(/\x01/g, () => String(number++)) + tail; },
  (fill, [one, two, three]) => fill(one + two + three),
];

/** How many pairs a target gets: those it names, and so many others if its input is a text or has words. */
export function countPairs(target: FuzzTarget, others: number): number {
  const hasWords = target.dictionary !== undefined && target.dictionary.length > 0;
  return (target.long ?? []).length + (hasWords ? others : 0);
}

function pickWord(dice: Dice, target: FuzzTarget, corpus: ByteString[]): ByteString {
  const kind = dice(8);
  if (kind < 4 && target.dictionary !== undefined) return pick(dice, target.dictionary);
  if (kind < 7 || corpus.length === 0) return pick(dice, WORDS);
  const text = pick(dice, corpus);
  return text.substr(dice(text.length + 1), 1 + dice(16)) || 'a';
}

/** The input of a case of this file. The same seed, name and place give the same input. */
export function makeScalingCase(target: FuzzTarget, corpus: ByteString[], seed: string, place: number): ByteString {
  return makeLongCase(target, corpus, { seed, place, mostBytes: (place & 1) === 0 ? SMALL_BYTES : LARGE_BYTES });
}

/** The third of a pair: four times as long as its large one. */
export function makeThirdCase(target: FuzzTarget, corpus: ByteString[], seed: string, place: number): ByteString {
  return makeLongCase(target, corpus, { seed, place, mostBytes: 4 * LARGE_BYTES });
}

function makeLongCase(target: FuzzTarget, corpus: ByteString[], { seed, place, mostBytes }: { seed: string; place: number; mostBytes: number }): ByteString {
  const number = (place - SCALING_FROM) >> 1;
  const dice = makeCaseDice(seed, target.name + ' scaling', number);
  const fill = (word: ByteString): ByteString => word.repeat(Math.max(1, Math.floor(mostBytes / word.length)));
  if (target.long !== undefined && number < target.long.length) {
    const [head, piece, tail] = target.long[number];
    return head + fill(piece) + tail;
  }
  const word = (): ByteString => pickWord(dice, target, corpus);
  const cut = (): [ByteString, ByteString] => {
    const text = dice(2) === 0 || corpus.length === 0 ? '' : pick(dice, corpus).slice(0, SMALL_BYTES >> 3);
    const at = dice(text.length + 1);
    return [text.slice(0, at), text.slice(at)];
  };
  return pick(dice, SHAPES)(fill, [word(), word(), word()], cut());
}
