// binaryrig.ts - what the tests of binary formats share: bytes by chance, damage, a context to compare in.
import assert from 'node:assert/strict';
import zlib from 'zlib';
import type { Comparison, Tolerance } from '../src/core/comparison.ts';
import type { BinaryContext } from '../src/formats/binarykind.ts';
import { BINARY_DEPTH, compareBinary, recognizeBinary, startUnpackBudget } from '../src/formats/binarykind.ts';
import type { InflateAtMost } from '../src/formats/png.ts';

/** Debian's, for which install-tools.sh brings NumPy and Pillow; another one may come first on PATH. */
export const PYTHON = '/usr/bin/python3';

/** Whole numbers from 0 to `limit` - 1, the same ones for the same seed. */
export function makeDice(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

function guardInflate(inflate: (data: Uint8Array, options: { maxOutputLength: number }) => Buffer): InflateAtMost {
  return (packed, mostBytes) => {
    try {
      return new Uint8Array(inflate(packed, { maxOutputLength: Math.max(mostBytes, 1) }));
    } catch (error) {
      return undefined;
    }
  };
}

export const inflateZlib = guardInflate(zlib.inflateSync);
export const inflateRaw = guardInflate(zlib.inflateRawSync);

/** Members that are of no binary kind only are the same or not. */
export function makeContext(tolerance?: Tolerance): BinaryContext {
  return {
    tolerance, inflateZlib, inflateRaw, budget: startUnpackBudget(), depthLeft: BINARY_DEPTH,
    compareMember(_, first, second, inner) {
      const kind = recognizeBinary(first);
      if (kind !== undefined && kind === recognizeBinary(second)) return compareBinary(kind, first, second, inner);
      return { kind: 'different', rule: 'byte for byte', detail: String(first.length) + ' and ' + String(second.length) + ' bytes', causes: [] };
    },
  };
}

/** Both must be of the same kind. */
export function compareBytesOf(first: Uint8Array, second: Uint8Array, tolerance?: Tolerance): Comparison {
  const kind = recognizeBinary(first);
  assert.ok(kind !== undefined && kind === recognizeBinary(second), 'both are ' + String(kind));
  return compareBinary(kind, first, second, makeContext(tolerance));
}

/** A copy with some bytes changed, left out or doubled. */
export function damageBytes(bytes: Uint8Array, dice: (limit: number) => number): Uint8Array {
  let damaged = Uint8Array.from(bytes);
  for (let i = dice(8); i >= 0; i--) {
    const at = dice(3) === 0 ? dice(Math.min(600, damaged.length)) : dice(damaged.length);
    const act = dice(8);
    if (act === 0) damaged = damaged.subarray(0, Math.max(1, at));
    else if (act === 1) damaged = Uint8Array.from([...damaged.subarray(0, at), ...damaged.subarray(Math.max(0, at - dice(40)))]);
    else damaged[at] = [0, 1, 0xff, 0x7f, 0x80, 0x39, dice(256), dice(256)][dice(8)];
  }
  return damaged;
}

/**
 * Comparing any bytes that look like `bases` says something, throws nothing and has an end; a content
 * compared with itself is identical. Returns which kinds of comparison came out.
 */
export function assertSurvives(bases: Uint8Array[], rounds: number, seed: number): Set<string> {
  const dice = makeDice(seed);
  const kinds = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    const base = bases[dice(bases.length)];
    const damaged = damageBytes(base, dice);
    const kind = recognizeBinary(base);
    assert.ok(kind !== undefined);
    const context = makeContext(dice(2) === 0 ? undefined : { absolute: dice(3), relative: dice(2) / 10 });
    const comparison = compareBinary(kind, base, damaged, context);
    kinds.add(comparison.kind);
    const text = JSON.stringify(comparison);
    assert.ok(/^[ -~]*$/.test(text) && text.length < 10000, 'round ' + String(round) + ': ' + text);
    assert.deepEqual(compareBinary(kind, damaged, Uint8Array.from(damaged), makeContext()), { kind: 'identical' });
    const back = compareBinary(kind, damaged, base, makeContext(context.tolerance));
    assert.equal(back.kind, comparison.kind, 'round ' + String(round) + ': the other way round it is the same');
  }
  return kinds;
}
