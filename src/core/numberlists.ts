// numberlists.ts - many numbers without an object for any of them. Knows not what they count.

const CHUNK_NUMBERS = 4096;

/** A list of numbers, outside of the heap, which V8 lets grow to several times what is in use. In pieces: nothing is copied when it grows. */
export class NumberList {
  length = 0;
  private readonly chunks: Float64Array[] = [];

  get(at: number): number {
    return this.chunks[Math.floor(at / CHUNK_NUMBERS)][at % CHUNK_NUMBERS];
  }

  set(at: number, value: number): void {
    this.chunks[Math.floor(at / CHUNK_NUMBERS)][at % CHUNK_NUMBERS] = value;
  }

  push(value: number): void {
    if (this.length === this.chunks.length * CHUNK_NUMBERS) this.chunks.push(new Float64Array(CHUNK_NUMBERS));
    this.length += 1;
    this.set(this.length - 1, value);
  }

  /** All numbers, in their order. */
  pieces(): Float64Array[] {
    return this.chunks.map((chunk, i) => chunk.subarray(0, Math.min(CHUNK_NUMBERS, this.length - i * CHUNK_NUMBERS)));
  }
}

/** Of `length` numbers those places at which each from 0 to `count` - 1 stands, ascending. Others, as -1, are left out. */
export function groupPlaces(length: number, numberAt: (place: number) => number, count: number): (number: number) => Int32Array {
  const firsts = new Int32Array(count + 1);
  for (let place = 0; place < length; place++) if (numberAt(place) >= 0) firsts[numberAt(place) + 1] += 1;
  for (let number = 0; number < count; number++) firsts[number + 1] += firsts[number];
  const places = new Int32Array(firsts[count]);
  const next = firsts.slice();
  for (let place = 0; place < length; place++) if (numberAt(place) >= 0) places[next[numberAt(place)]++] = place;
  return (number) => places.subarray(firsts[number], firsts[number + 1]);
}

/** Rows of numbers, held the same way. */
export class NumberRows {
  private readonly numbers = new NumberList();
  private readonly ends = new NumberList();

  get length(): number {
    return this.ends.length;
  }

  add(row: number[]): void {
    for (const number of row) this.numbers.push(number);
    this.ends.push(this.numbers.length);
  }

  row(at: number): number[] {
    const from = at === 0 ? 0 : this.ends.get(at - 1);
    return Array.from({ length: this.ends.get(at) - from }, (_, i) => this.numbers.get(from + i));
  }
}
