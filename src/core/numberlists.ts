// numberlists.ts - many numbers without an object for any of them. Knows not what they count.

const FIRST_ROOM = 256;

/** A list of numbers that grows, outside of the heap: V8 lets that grow to several times what is in use. */
export class NumberList {
  length = 0;
  private numbers = new Float64Array(FIRST_ROOM);

  get(at: number): number {
    return this.numbers[at];
  }

  set(at: number, value: number): void {
    this.numbers[at] = value;
  }

  push(value: number): void {
    if (this.length === this.numbers.length) {
      const before = this.numbers;
      this.numbers = new Float64Array(Math.ceil(before.length * 1.5));
      this.numbers.set(before);
    }
    this.numbers[this.length++] = value;
  }

  /** The numbers themselves, until one more is pushed. */
  values(): Float64Array {
    return this.numbers.subarray(0, this.length);
  }
}

/** The places at which each number from 0 to `count` - 1 stands in `numbers`, ascending. Others, as -1, are left out. */
export function groupPlaces(numbers: ArrayLike<number>, count: number): (number: number) => Int32Array {
  const firsts = new Int32Array(count + 1);
  for (let place = 0; place < numbers.length; place++) if (numbers[place] >= 0) firsts[numbers[place] + 1] += 1;
  for (let number = 0; number < count; number++) firsts[number + 1] += firsts[number];
  const places = new Int32Array(firsts[count]);
  const next = firsts.slice();
  for (let place = 0; place < numbers.length; place++) if (numbers[place] >= 0) places[next[numbers[place]]++] = place;
  return (number) => places.subarray(firsts[number], firsts[number + 1]);
}
