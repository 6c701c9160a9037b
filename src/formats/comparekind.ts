// comparekind.ts - finds the kind of two contents and compares them by it. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { CompareContext, Comparison } from '../core/comparison.ts';
import { compareAsBytes } from './comparebytes.ts';
import { compareJson } from './comparejson.ts';
import { compareTables } from './comparetable.ts';
import { compareText, looksLikeText } from './comparetext.ts';

/** How `second` stands to `first`, by the rules of their kind (docs/comparison.txt). Never throws. */
export function compareByKind(first: ByteString, second: ByteString, context: Omit<CompareContext, 'compareInner'>): Comparison {
  if (first === second) return { kind: 'identical' };
  if (looksLikeText(first) && looksLikeText(second)) return compareTexts(first, second, context);
  return compareAsBytes(first, second);
}

/** JSON and tables are told by what is in them: a name may be anything. */
function compareTexts(first: ByteString, second: ByteString, context: Omit<CompareContext, 'compareInner'>): Comparison {
  const isNamedTable = /\.(?:csv|tsv|tab)$/i.test(context.path);
  return compareJson(first, second, context) ?? compareTables(first, second, context, isNamedTable) ?? compareText(first, second, context);
}
