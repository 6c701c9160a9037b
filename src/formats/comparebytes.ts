// comparebytes.ts - says where two contents differ as bytes. Knows no formats.
import type { ByteString } from '../core/bytes.ts';
import type { Comparison } from '../core/comparison.ts';
import { countThings, groupDigits } from './amounts.ts';

/** "3 of 100 bytes differ, first at byte 4" (from 1); `firstAt` counts from 0 and is -1 if only the sizes differ. */
export function describeByteCount(sizes: [number, number], count: number, firstAt: number): string {
  if (sizes[0] === sizes[1]) return groupDigits(count) + ' of ' + countThings(sizes[0], 'byte') + (count === 1 ? ' differs' : ' differ') + ', first at byte ' + groupDigits(firstAt + 1);
  const start = countThings(sizes[0], 'byte') + ' against ' + groupDigits(sizes[1]) + ', ';
  return start + (firstAt < 0 ? 'the same up to byte ' + groupDigits(Math.min(sizes[0], sizes[1])) : 'first different at byte ' + groupDigits(firstAt + 1));
}

/** Index of the first byte that differs or that only one of the two has; -1 if they are the same. */
export function findFirstDifference(first: ByteString, second: ByteString): number {
  if (first === second) return -1;
  const common = Math.min(first.length, second.length);
  // Comparing large slices is much faster than single bytes.
  let at = 0;
  for (let step = 1 << 16; step > 1; step >>= 4) {
    while (at + step <= common && first.slice(at, at + step) === second.slice(at, at + step)) at += step;
  }
  while (at < common && first.charCodeAt(at) === second.charCodeAt(at)) at += 1;
  return at;
}

/** Two contents of unknown kind. */
export function compareAsBytes(first: ByteString, second: ByteString): Comparison {
  if (first === second) return { kind: 'identical' };
  const firstAt = findFirstDifference(first, second);
  const common = Math.min(first.length, second.length);
  let count = 0;
  for (let i = firstAt; i < common; i++) if (first.charCodeAt(i) !== second.charCodeAt(i)) count += 1;
  const detail = describeByteCount([first.length, second.length], count, firstAt < common ? firstAt : -1);
  return { kind: 'different', rule: 'byte for byte', detail, causes: [] };
}
