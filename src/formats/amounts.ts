// amounts.ts - counts, parts and numbers in words, as a line of a comparison has them. Knows no locale.
import { joinWords } from '../core/words.ts';

/** 1234567 is "1,234,567". */
export function groupDigits(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** "1 pixel", "1,234 pixels". */
export function countThings(count: number, thing: string): string {
  return groupDigits(count) + ' ' + thing + (count === 1 ? '' : 's');
}

/** A part of a whole as "0.26 %"; never rounded to nothing, nor to all of it. */
export function percentOf(part: number, whole: number): string {
  const percent = 100 * part / whole;
  if (part === 0 || part === whole) return String(percent) + ' %';
  if (percent < 0.01) return 'less than 0.01 %';
  if (percent > 99.99) return 'more than 99.99 %';
  return String(Number(percent.toFixed(percent < 10 ? 2 : percent < 99 ? 1 : 2))) + ' %';
}

/** Two significant digits, as "2.1e-16", "0.035", "17". */
export function roundNumber(value: number): string {
  return String(Number(value.toPrecision(2)));
}

/** "a", "a and b", "a, b and c"; of more than `most` only as many, and how many more. */
export function joinSome(words: string[], most: number): string {
  return words.length > most ? words.slice(0, most).join(', ') + ' and ' + String(words.length - most) + ' more' : joinWords(words, 'and');
}

/** "compression differs", "owners differ", "compression and owners differ"; no more than `most` are named. */
export function tellDiffering(names: string[], most: number): string {
  // "order of members", "chunk tEXt", "extended header NAME": what follows does not count.
  const head = names.join().split(/ (?:of|behind|around|at) |(?<=chunk|header) /)[0];
  return joinSome(names, most) + (names.length > 1 || /(?:s|^chunks .*)$/.test(head) ? ' differ' : ' differs');
}
