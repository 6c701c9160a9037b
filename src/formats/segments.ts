// segments.ts - compares contents of which some parts do not count: dates, identifiers, offsets. Knows no formats.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import type { CompareContext, Comparison } from '../core/comparison.ts';
import { findCauses } from '../core/causes.ts';
import { describeTolerance } from '../core/comparison.ts';
import { countThings } from './amounts.ts';
import { compareAsBytes } from './comparebytes.ts';
import { describeTextTally, looksLikeText, tallyText } from './comparetext.ts';
import { makeHarmless } from './percent.ts';

/**
 * A content is cut into segments that together hold every byte of it, so that nothing is left out
 * unseen. A 'kept' segment counts; `place` is where it is, and it is kept as text with numbers, to
 * which a tolerance applies, if `isText`. A 'left' one does not: `what` names it in the rule, but
 * `standsFor`, if not '', must be the same in both. What was packed stands unpacked, as kept.
 */
export type Segment =
  | { kind: 'kept'; place: string; text: ByteString; isText: boolean }
  | { kind: 'left'; what: string; value: ByteString; standsFor: string };

/** Segments of one content, in order. */
export class SegmentList {
  readonly segments: Segment[] = [];
  place: string;

  constructor(place: string) {
    this.place = place;
  }

  keep(text: ByteString, isText = false): void {
    if (text !== '') this.segments.push({ kind: 'kept', place: this.place, text, isText });
  }

  leave(what: string, value: ByteString, standsFor = ''): void {
    this.segments.push({ kind: 'left', what, value, standsFor });
  }
}

/** Keeps a text but for what a pattern finds: `leave` says what of a match, at which offset in it, does not count. */
export function keepBut(list: SegmentList, text: ByteString, pattern: RegExp, leave: (match: RegExpExecArray) => { what: string; value: ByteString; standsFor?: string } | undefined, isText = false): void {
  let at = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const left = leave(match);
    if (left === undefined) continue;
    const start = match.index + match[0].lastIndexOf(left.value);
    list.keep(text.slice(at, start), isText);
    list.leave(left.what, left.value, left.standsFor);
    at = start + left.value.length;
  }
  list.keep(text.slice(at), isText);
}

/**
 * Two contents of the kind that `name` says. Equivalent if all kept segments are the same, or within
 * the tolerance where they are text; the rule then names exactly what else was not the same.
 */
export function compareSegments(name: string, segments: Segment[], others: Segment[], context: Pick<CompareContext, 'tolerance' | 'hints'>): Comparison {
  const isText = segments.concat(others).every((segment) => segment.kind === 'left' || segment.isText);
  const kept = isText ? compareKeptText(segments, others, context) : compareKeptParts(segments, others, context);
  const left = listLeftOut(segments, others);
  const { tolerance } = context;
  const rule = name + (left.names.length === 0 ? '' : ' without ' + left.names.join(', '));
  const within = tolerance === undefined ? '' : ', ' + describeTolerance(tolerance);
  if (kept.isSame) {
    return { kind: 'equivalent', rule: rule + (kept.detail === '' ? '' : within), detail: [left.example, kept.detail].filter((part) => part !== '').join('; ') };
  }
  return { kind: 'different', rule: rule + within, detail: kept.detail, causes: findCauses(joinKept(segments), joinKept(others), context.hints) };
}

/** `detail` is '' if not even a number differs. */
type KeptComparison = { isSame: boolean; detail: string };

// No text has a NUL, so nothing in a text can pass for what was left out.
function joinKept(segments: Segment[]): ByteString {
  return segments.map((segment) => (segment.kind === 'kept' ? segment.text : '\0' + segment.standsFor)).join('');
}

function compareKeptText(segments: Segment[], others: Segment[], context: Pick<CompareContext, 'tolerance'>): KeptComparison {
  const tally = tallyText(joinKept(segments), joinKept(others), context);
  const isSameText = tally.lines === 0 && (context.tolerance === undefined ? tally.numbers.unequal === 0 && !tally.isPaddingChanged : tally.numbers.beyond === 0);
  const [left, otherLeft] = [segments, others].map((list) => list.filter((segment) => segment.kind === 'left').map((segment) => (segment.kind === 'left' ? segment.what : '')).join('\0'));
  const detail = describeTextTally(tally);
  return isSameText && left !== otherLeft ? { isSame: false, detail: 'other parts would have to be left out of one than of the other' } : { isSame: isSameText, detail };
}

/** Segment by segment; from where the two are built differently on, nothing is said. */
function compareKeptParts(segments: Segment[], others: Segment[], context: Pick<CompareContext, 'tolerance'>): KeptComparison {
  let unlike = 0;
  let first = '';
  let tolerated = '';
  for (let i = 0; i < segments.length || i < others.length; i++) {
    const [segment, other] = [segments[i], others[i]];
    if (!isSamePlace(segment, other)) {
      unlike += 1;
      if (first === '') first = nameSegment(segment ?? other) + ' is in one alone or in another place';
      break;
    }
    if (segment.kind === 'left' || other.kind === 'left' || segment.text === other.text) continue;
    const detail = describeUnlikePart(segment.text, other.text, context, segment.isText && other.isText);
    if (detail.isSame) tolerated = tolerated === '' ? segment.place + ': ' + detail.detail : tolerated;
    else if (first === '') first = segment.place + ': ' + detail.detail;
    if (!detail.isSame) unlike += 1;
  }
  if (unlike === 0) return { isSame: true, detail: tolerated };
  return { isSame: false, detail: countThings(unlike, 'part') + (unlike === 1 ? ' differs, ' : ' differ, first ') + first };
}

function isSamePlace(segment: Segment | undefined, other: Segment | undefined): boolean {
  if (segment === undefined || other === undefined) return false;
  if (segment.kind === 'left') return other.kind === 'left' && other.what === segment.what && other.standsFor === segment.standsFor;
  return other.kind === 'kept' && other.place === segment.place;
}

function nameSegment(segment: Segment): string {
  return segment.kind === 'kept' ? segment.place : segment.what;
}

/** A tolerance applies only if `isNumeric`. */
function describeUnlikePart(text: ByteString, other: ByteString, context: Pick<CompareContext, 'tolerance'>, isNumeric: boolean): KeptComparison {
  if (!looksLikeText(text) || !looksLikeText(other)) {
    const bytes = compareAsBytes(text, other);
    return { isSame: false, detail: bytes.kind === 'different' ? bytes.detail : '' };
  }
  const tolerance = isNumeric ? context.tolerance : undefined;
  const tally = tallyText(text, other, { tolerance });
  return { isSame: tolerance !== undefined && tally.lines === 0 && tally.numbers.beyond === 0, detail: describeTextTally(tally) };
}

const LONGEST_EXAMPLE = 80;

/** What was not the same and does not count: its names, and the first that can be shown. */
function listLeftOut(segments: Segment[], others: Segment[]): { names: string[]; example: string } {
  const names: string[] = [];
  let example = '';
  const otherLeft = others.filter((segment) => segment.kind === 'left');
  segments.filter((segment) => segment.kind === 'left').forEach((segment, i) => {
    const other = otherLeft[i];
    if (segment.kind !== 'left' || other === undefined || other.kind !== 'left' || segment.value === other.value) return;
    if (names.indexOf(segment.what) < 0) names.push(segment.what);
    const isShort = segment.value.length <= LONGEST_EXAMPLE && other.value.length <= LONGEST_EXAMPLE;
    if (example === '' && isShort) example = segment.what + ' ' + makeHarmless(segment.value) + ' against ' + makeHarmless(other.value);
  });
  return { names: names.sort(compareBytes), example };
}
