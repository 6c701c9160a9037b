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
  for (let region = findRegion(text, 0); region !== undefined; region = findRegion(text, at)) {
    keepIdentifiers(list, text.slice(at, region.start), numbers);
    keepBut(list, text.slice(region.start, region.end), STAMP_PATTERN, (match) => ({ what: 'dates', value: match[2] }), true);
    at = region.end;
  }
  keepIdentifiers(list, text.slice(at), numbers);
  return list.segments;
}

/** The next comment or <metadata> from `from` on. */
function findRegion(text: ByteString, from: number): { start: number; end: number } | undefined {
  const found = ([['<!--', '-->'], ['<metadata', '</metadata>']] as [string, string][]).map(([open, close]) => {
    const start = text.indexOf(open, from);
    return { start, end: start < 0 ? -1 : text.indexOf(close, start), length: close.length };
  }).filter(({ start, end }) => start >= 0 && end >= 0).sort((a, b) => a.start - b.start);
  return found.length === 0 ? undefined : { start: found[0].start, end: found[0].end + found[0].length };
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
