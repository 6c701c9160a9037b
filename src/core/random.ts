// random.ts - random numbers that are the same on every runtime. Knows nothing of what they are for.

const MASK = (1n << 64n) - 1n;
const INCREMENT = 0x9e3779b97f4a7c15n;

/** How many values a number of `bits53()` can have: 2 ** 53. */
export const RANDOM_WHOLE = 1n << 53n;

/**
 * SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"; also the
 * seeding generator of xoshiro): a counter in steps of an odd constant, mixed.
 */
export class SplitMix64 {
  private state: bigint;

  /** `seed`: 0 .. 2 ** 64 - 1 */
  constructor(seed: bigint) {
    this.state = seed & MASK;
  }

  /** 0 .. 2 ** 64 - 1 */
  next(): bigint {
    this.state = (this.state + INCREMENT) & MASK;
    let mixed = this.state;
    mixed = ((mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    mixed = ((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn) & MASK;
    return mixed ^ (mixed >> 31n);
  }

  /** The upper 53 bits of the next number. */
  bits53(): bigint {
    return this.next() >> 11n;
  }

  /** 0 .. bound - 1, each as likely as the others; `bound` is at most 2 ** 53. */
  below(bound: number): number {
    // The numbers from the last whole multiple on would make the first ones likelier.
    const usable = RANDOM_WHOLE - RANDOM_WHOLE % BigInt(bound);
    for (;;) {
      const drawn = this.bits53();
      if (drawn < usable) return Number(drawn % BigInt(bound));
    }
  }
}
