// numbertally.ts - counts how far the numbers of two contents are apart. Knows no formats.
import type { ByteString } from '../core/bytes.ts';
import type { Tolerance } from '../core/comparison.ts';
import { countThings, groupDigits, roundNumber } from './amounts.ts';
import { compareNumbers } from './numbers.ts';

const EXACTLY: Tolerance = { absolute: 0, relative: 0 };

type NumberCounts = Pick<NumberTally, 'pairs' | 'unequal' | 'apart' | 'beyond' | 'firstPlace' | 'largestAbsolute' | 'largestRelative'>;

/** What was seen of the pairs of numbers of two contents; `place` is where, such as "line 4". */
export class NumberTally {
  readonly tolerance: Tolerance | undefined;
  /** Pairs of numbers, pairs not of the same bytes, of another value, beyond the tolerance. */
  pairs = 0;
  unequal = 0;
  apart = 0;
  beyond = 0;
  firstPlace = '';
  largestAbsolute = { value: 0, place: '' };
  largestRelative = { value: 0, place: '' };

  constructor(tolerance: Tolerance | undefined) {
    this.tolerance = tolerance;
  }

  /** What restore() takes back to. */
  save(): NumberCounts {
    const { pairs, unequal, apart, beyond, firstPlace, largestAbsolute, largestRelative } = this;
    return { pairs, unequal, apart, beyond, firstPlace, largestAbsolute, largestRelative };
  }

  restore(counts: NumberCounts): void {
    Object.assign(this, counts);
  }

  /** Takes a pair in; false if it is beyond the tolerance, or of another value where there is none. */
  add(first: ByteString, second: ByteString, place: () => string): boolean {
    this.pairs += 1;
    if (first === second) return true;
    this.unequal += 1;
    const distance = compareNumbers(first, second, this.tolerance ?? EXACTLY);
    // NaN against NaN and decimals that are the same double count as the same value.
    if (distance.absolute > 0) {
      this.apart += 1;
      if (this.firstPlace === '') this.firstPlace = place();
      if (distance.absolute > this.largestAbsolute.value) this.largestAbsolute = { value: distance.absolute, place: place() };
      if (distance.relative > this.largestRelative.value) this.largestRelative = { value: distance.relative, place: place() };
    }
    if (!distance.isWithin) this.beyond += 1;
    return distance.isWithin;
  }

  /** "3 of 120 numbers differ, by up to 0.2 absolute (line 4), 1e-3 relative (line 2), first at line 2"; '' if none is unequal. */
  describe(): string {
    if (this.unequal === 0) return '';
    const ofAll = ' of ' + countThings(this.pairs, 'number');
    if (this.apart === 0) return groupDigits(this.unequal) + ofAll + ' written otherwise, all of the same value';
    const { largestAbsolute, largestRelative } = this;
    const [absolute, relative] = [largestAbsolute, largestRelative].map(({ value }) => formatDistance(value));
    if (this.apart === 1) return 1 + ofAll + ' differs, by ' + absolute + ' absolute, ' + relative + ' relative, at ' + this.firstPlace;
    const beyond = this.tolerance === undefined || this.beyond === 0 ? '' : ', ' + groupDigits(this.beyond) + ' of them too much';
    return groupDigits(this.apart) + ofAll + ' differ' + beyond + ', by up to ' + absolute + ' absolute (' + largestAbsolute.place + '), '
      + relative + ' relative (' + largestRelative.place + '), first at ' + this.firstPlace;
  }
}

function formatDistance(value: number): string {
  return value === Infinity ? 'infinite' : roundNumber(value);
}
