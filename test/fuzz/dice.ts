// dice.ts - random choices that are the same for the same seed, and choices read from bytes.
import type { ByteString } from '../../src/core/bytes.ts';

/** Whole numbers from 0 to below `below` (at most 2 ** 31). */
export type Dice = (below: number) => number;

/** FNV-1a, 32 bits. */
function hashText(text: string, start: number): number {
  let hash = start >>> 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash >>> 0;
}

/** Dice of one case: sfc32 (Doty-Humphrey, PractRand), 128 bits of state, from the words of the seed. */
export function makeCaseDice(seed: string, name: string, place: number): Dice {
  let a = hashText(seed, 0x811c9dc5);
  let b = hashText(name, a ^ 0x9e3779b9);
  let c = place | 0;
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return (below) => Math.floor((next() / 2 ** 32) * below);
}

/**
 * Choices that an input's bytes make, for targets whose input is a value and no text: the same
 * mutations and the same search for a smaller case serve both. Behind the end all choices are 0.
 */
export function choicesOf(input: ByteString): Dice & { left: () => number } {
  let at = 0;
  const dice = (below: number): number => {
    let value = 0;
    for (let range = 1; range < below; range *= 256) {
      value = value * 256 + (at < input.length ? input.charCodeAt(at) : 0);
      at += 1;
    }
    return value % below;
  };
  return Object.assign(dice, { left: () => Math.max(0, input.length - at) });
}

export function pick<T>(dice: Dice, values: ArrayLike<T>): T {
  return values[dice(values.length)];
}

/** A length: mostly short, seldom up to `most`. */
export function pickLength(dice: Dice, most: number): number {
  let bound = Math.min(most, 4);
  while (bound < most && dice(3) === 0) bound = Math.min(most, bound * 4);
  return dice(bound + 1);
}

export function randomBytes(dice: Dice, length: number): ByteString {
  let bytes = '';
  for (let i = 0; i < length; i++) bytes += String.fromCharCode(dice(256));
  return bytes;
}

/** Bytes that trouble readers of text more often than others. */
const TROUBLE = ['\0', '\n', '\r', '\t', ' ', '\\', '"', "'", '$', '`', '%', '#', ':', '=', '-', '--', '/', '..', '~', '*', '?', '[', ']', '{', '}', '(', ')', '<', '>', '|', '&', ';', '!', '^', '@', '+', ',', '.',
  '\x1b', '\x1b[31m', '\x07', '\x7f', '\x80', '\x9b', '\xff', '\xfe', '\xc3\xa9', '\xc3\xa0', '\xe2\x80\xae', '\xe2\x80\xa8', '\xef\xbb\xbf', '\xc0\x80', '\xed\xa0\x80', '\xf0\x9f\x98\x80', '\xc2\x85', '\xc2\xa0', '0', '1', '9', 'a', 'Z', 'e', 'x', '\\n', '%00', '%0A', '$(', '${', '$$', 'constructor', '__proto__', 'toString'];

/** A text of up to `most` pieces: letters, trouble, any bytes. Never with a byte that `without` matches. */
export function randomText(dice: Dice, most: number, without?: RegExp): ByteString {
  let text = '';
  for (let i = pickLength(dice, most); i > 0; i--) {
    const kind = dice(8);
    text += kind < 3 ? String.fromCharCode(97 + dice(26)) : kind < 7 ? pick(dice, TROUBLE) : String.fromCharCode(dice(256));
  }
  return without === undefined ? text : text.replace(without, '');
}

/** The same for what has to hold something. */
export function randomWord(dice: Dice, most: number, without?: RegExp): ByteString {
  const text = randomText(dice, most, without);
  return text === '' ? String.fromCharCode(97 + dice(26)) : text;
}
