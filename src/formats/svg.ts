// svg.ts - cuts SVG into what counts, dates and random identifiers. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { STAMP_PATTERN } from '../core/timestamps.ts';
import type { Segment } from './segments.ts';
import { SegmentList, keepBut } from './segments.ts';

/** Is it an SVG document, or the beginning of one? */
export function looksLikeSvg(text: ByteString): boolean {
  return /^(?:\xef\xbb\xbf)?\s{0,100}</.test(text) && /<(?:svg:)?svg[\s>]/.test(text.slice(0, 4096));
}

/**
 * Everything but dates in comments and in <metadata>, and random identifiers, which are numbered in
 * the order in which they appear: what has the same number in both must be the same thing.
 */
export function cutSvg(text: ByteString): Segment[] {
  const list = new SegmentList('the file');
  const numbers = new Map<ByteString, number>();
  let at = 0;
  const findRegion = makeRegionFinder(text);
  for (let region = findRegion(0); region !== undefined; region = findRegion(at)) {
    keepIdentifiers(list, text.slice(at, region.start), numbers);
    keepBut(list, text.slice(region.start, region.end), STAMP_PATTERN, (match) => ({ what: 'dates', value: match[2] }), true);
    at = region.end;
  }
  keepIdentifiers(list, text.slice(at), numbers);
  return list.segments;
}

type SvgRegion = { start: number; end: number };

/** Finds the next comment or <metadata> from a place on; places only go on, so each part of the text is searched once. */
function makeRegionFinder(text: ByteString): (from: number) => SvgRegion | undefined {
  const kinds = ([['<!--', '-->'], ['<metadata', '</metadata>']] as [string, string][]).map(([open, close]) => {
    let next: SvgRegion | undefined = { start: -1, end: 0 };
    return (from: number): SvgRegion | undefined => {
      if (next === undefined || next.start >= from) return next;
      const start = text.indexOf(open, from);
      const end = start < 0 ? -1 : text.indexOf(close, start);
      next = end < 0 ? undefined : { start, end: end + close.length };
      return next;
    };
  });
  return (from) => {
    const [comment, metadata] = kinds.map((find) => find(from));
    return comment === undefined || (metadata !== undefined && metadata.start < comment.start) ? metadata : comment;
  };
}

const IDENTIFIER = /(?:\bid="|\bid='|\burl\(["']?#|\bhref="#|\bhref='#)([^"')<>]{1,200})(?=["')])/g;
// As matplotlib, plotly and others make them: a few letters and then hexadecimal digits, or a UUID.
const RANDOM_END = /(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8,}|(?=[a-f]*\d)[0-9a-f]{6,7})$/i;

function keepIdentifiers(list: SegmentList, text: ByteString, numbers: Map<ByteString, number>): void {
  keepBut(list, text, IDENTIFIER, (match) => {
    const id = match[1];
    const end = RANDOM_END.exec(id);
    if (end === null) return undefined;
    const number = numbers.get(id) ?? numbers.size;
    numbers.set(id, number);
    return { what: 'random identifiers', value: id, standsFor: id.slice(0, end.index) + '#' + number };
  }, true);
}
