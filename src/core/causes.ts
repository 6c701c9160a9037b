// causes.ts - why two texts differ, as far as the texts themselves tell. Knows no formats and no clock.
import type { ByteString } from './bytes.ts';
import { compareBytes } from './bytes.ts';
import type { Cause, CauseHints } from './comparison.ts';
import { haveStampsAsOnlyDifference } from './timestamps.ts';
import { isLocaleDifference, isSortedOtherwise } from './localecauses.ts';

/** More text than this is not searched for causes: several copies of it are made. */
const MOST_SEARCHED_BYTES = 16 << 20;

/**
 * The causes that together account for every difference; [] if they do not, for a wrong cause is worse
 * than none. Randomness and the order of threads cannot be told from two contents.
 */
export function findCauses(first: ByteString, second: ByteString, hints: CauseHints): Cause[] {
  if (first === second || first.length + second.length > MOST_SEARCHED_BYTES) return [];
  const withPlaces = explainBeyondPlaces(first, second, hints);
  if (withPlaces !== undefined) return withPlaces;
  const [known, otherKnown] = [replacePlaces(first, hints.firstPlaces), replacePlaces(second, hints.secondPlaces)];
  const isReplaced = known !== first || otherKnown !== second;
  const beyond = isReplaced ? explainBeyondPlaces(known, otherKnown, hints) : undefined;
  if (beyond !== undefined) return sortCauses(['build path', ...beyond]);
  if (hasPathsAsOnlyDifference(first, second)) return ['build path'];
  return isLocaleDifference(first, second) ? ['locale'] : [];
}

/** Causes other than 'build path'; undefined if they do not account for all. */
function explainBeyondPlaces(first: ByteString, second: ByteString, hints: CauseHints): Cause[] | undefined {
  if (first === second) return [];
  if (haveStampsAsOnlyDifference(first, second, hints)) return ['time stamp'];
  const [lines, others] = [splitLines(first), splitLines(second)];
  if (!haveOtherOrder(lines, others)) return undefined;
  return isSortedOtherwise(lines, others) ? ['locale'] : ['order of lines'];
}

function sortCauses(causes: Cause[]): Cause[] {
  return causes.sort(compareBytes);
}

/** The lines of a text, whether its last one is ended or not. */
function splitLines(text: ByteString): ByteString[] {
  return text.replace(/\n$/, '').split('\n');
}

/** The same lines, each as often, in another order. */
function haveOtherOrder(lines: ByteString[], others: ByteString[]): boolean {
  if (lines.length !== others.length || lines.every((line, i) => line === others[i])) return false;
  const [sorted, otherSorted] = [lines.slice().sort(compareBytes), others.slice().sort(compareBytes)];
  return sorted.every((line, i) => line === otherSorted[i]);
}

const PATH_GOES_ON = /[\w.+~-]/;

/** The text with each place, where it is a whole path or the beginning of one, as its number between NULs. */
export function replacePlaces(text: ByteString, places: ByteString[] | undefined): ByteString {
  const longestFirst = (places ?? []).map((place, i) => ({ place, mark: '\0' + i + '\0' })).filter(({ place }) => place.length > 1)
    .sort((a, b) => b.place.length - a.place.length || compareBytes(a.place, b.place));
  return longestFirst.reduce((replaced, { place, mark }) => replacePlace(replaced, place, mark), text);
}

function replacePlace(text: ByteString, place: ByteString, mark: string): ByteString {
  const parts = text.split(place);
  let replaced = parts[0];
  for (let i = 1; i < parts.length; i++) {
    const isPart = PATH_GOES_ON.test(parts[i].slice(0, 1)) || (parts[i] === '' && i < parts.length - 1) || /[\w.+~-]$/.test(parts[i - 1].slice(-1));
    replaced += (isPart ? place : mark) + parts[i];
  }
  return replaced;
}

const ABSOLUTE_PATH = /(?:\/[\w.+~@%-]+){2,}/g;

/** Do only absolute paths differ, each pair with the same end and all pairs with the same two beginnings? */
function hasPathsAsOnlyDifference(first: ByteString, second: ByteString): boolean {
  if (first.replace(ABSOLUTE_PATH, '/') !== second.replace(ABSOLUTE_PATH, '/')) return false;
  const [paths, others] = [first.match(ABSOLUTE_PATH) ?? [], second.match(ABSOLUTE_PATH) ?? []];
  if (paths.length !== others.length) return false;
  let beginnings: string | undefined;
  for (let i = 0; i < paths.length; i++) {
    if (paths[i] === others[i]) continue;
    const tail = measureCommonTail(paths[i], others[i]);
    if (tail === 0) return false;
    const pair = paths[i].slice(0, -tail) + '\0' + others[i].slice(0, -tail);
    if (beginnings !== undefined && beginnings !== pair) return false;
    beginnings = pair;
  }
  return beginnings !== undefined;
}

/** Length of the whole components that both paths end with, their slash included. */
function measureCommonTail(path: ByteString, other: ByteString): number {
  let tail = 0;
  for (let length = 1; length < Math.min(path.length, other.length); length++) {
    if (path[path.length - length] !== other[other.length - length]) break;
    if (path[path.length - length] === '/') tail = length;
  }
  return tail;
}
