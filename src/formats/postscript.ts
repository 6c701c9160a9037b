// postscript.ts - cuts PostScript and EPS into what counts and dates. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { looksLikeText } from './comparetext.ts';
import type { Segment } from './segments.ts';
import { SegmentList, keepBut } from './segments.ts';

export const POSTSCRIPT_MAGIC = '%!';

const DATES = /^%%(CreationDate|ModDate):[ \t]*(\S[^\r\n]{0,200})|\/(CreationDate|ModDate)[ \t\r\n]{0,20}\(([^()\\\r\n]{1,200})\)|^%DVIPSSource:[ \t]+(?:TeX|XeTeX) output ([^\r\n:]{1,40}:\d{1,4})/gm;

/** Everything but the dates in comments (Document Structuring Conventions) and in what is said to pdfmark. */
export function cutPostScript(text: ByteString): Segment[] {
  const list = new SegmentList('the file');
  keepBut(list, text, DATES, (match) => {
    if (match[5] !== undefined) return { what: 'DVIPSSource', value: match[5] };
    return { what: match[1] ?? match[3], value: match[2] ?? match[4] };
  }, looksLikeText(text));
  return list.segments;
}
