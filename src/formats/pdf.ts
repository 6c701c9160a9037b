// pdf.ts - cuts a PDF (ISO 32000-1) into what counts and what does not. Knows no decompressor and no files.
import type { ByteString } from '../core/bytes.ts';
import type { Unpack } from '../core/comparison.ts';
import { looksLikeText } from './comparetext.ts';
import type { Segment } from './segments.ts';
import { SegmentList, keepBut } from './segments.ts';

// What does not count: CreationDate and ModDate, the ID of the file, dates and identifiers of XMP
// metadata; what follows from them: lengths and offsets; and how streams are compressed. All else is
// kept byte for byte, also what is not understood.

export type PdfReading = { kind: 'cut'; segments: Segment[] } | { kind: 'unreadable'; why: string };

export const PDF_MAGIC = '%PDF-';

const LENGTHS = 'lengths and offsets';
const SPACE = '[ \\t\\r\\n\\f\\0]';
const STRUCTURE = new RegExp('\\b(\\d{1,10})' + SPACE + '{1,20}(\\d{1,10})' + SPACE + '{1,20}obj\\b|\\bxref\\b|\\btrailer\\b|\\bstartxref\\b', 'g');
const STRING = '\\((?:[^()\\\\]|\\\\[^]){0,200}\\)|<[0-9A-Fa-f \\r\\n]{0,400}>';
// A date that is not written as one (D:20261125..., in bytes, UTF-16 or hexadecimal digits) is kept.
const DATE = '\\((?:D:|\\xfe\\xff\\0D\\0:|\\\\376\\\\377)(?:[^()\\\\]|\\\\[^]){0,200}\\)|<(?:443[aA]|[fF][eE][fF][fF]0044)[0-9A-Fa-f \\r\\n]{0,400}>';
const FILE_ID = '\\[(?:' + SPACE + '{0,20}(?:' + STRING + ')){0,2}' + SPACE + '{0,20}\\]';
const LEFT_OF_DICTIONARY = new RegExp('/(CreationDate|ModDate)' + SPACE + '{0,20}(' + DATE + ')|/(ID)' + SPACE + '{0,20}(' + FILE_ID + ')'
  + '|/(Length|Prev|XRefStm|First)' + SPACE + '{1,20}(\\d{1,20})(?!' + SPACE + '{1,20}\\d{1,10}' + SPACE + '{1,20}R)', 'g');

type PdfCut = { text: ByteString; list: SegmentList; unpack: Unpack; bytesLeft: number; lengthObjects: Set<string> };

/** What `bytesLeft` bytes of unpacked streams are not enough for is unreadable, and so is what is encrypted. */
export function cutPdf(text: ByteString, unpack: Unpack, bytesLeft: number): PdfReading {
  if (new RegExp('/Encrypt' + SPACE + '{0,20}(?:\\d|<<)').test(text)) return { kind: 'unreadable', why: 'it is encrypted' };
  const cut: PdfCut = { text, list: new SegmentList('the head'), unpack, bytesLeft, lengthObjects: listLengthObjects(text) };
  const structure = new RegExp(STRUCTURE.source, 'g');
  let at = 0;
  for (let match = structure.exec(text); match !== null; match = structure.exec(text)) {
    cut.list.keep(text.slice(at, match.index));
    at = match[1] !== undefined ? cutObject(cut, match) : cutTail(cut, match);
    if (at < 0) return { kind: 'unreadable', why: 'its streams are too large unpacked' };
    structure.lastIndex = at;
  }
  cut.list.keep(text.slice(at));
  return { kind: 'cut', segments: cut.list.segments };
}

/** The objects that hold the length of a stream: "/Length 12 0 R". */
function listLengthObjects(text: ByteString): Set<string> {
  const found = new Set<string>();
  const reference = new RegExp('/Length' + SPACE + '{1,20}(\\d{1,10})' + SPACE + '{1,20}(\\d{1,10})' + SPACE + '{1,20}R', 'g');
  for (let match = reference.exec(text); match !== null; match = reference.exec(text)) found.add(match[1] + ' ' + match[2]);
  return found;
}

/** Cuts what begins with "N G obj"; where it ends, -1 if a stream is too large. */
function cutObject(cut: PdfCut, match: RegExpExecArray): number {
  const { text, list } = cut;
  const name = Number(match[1]) + ' ' + Number(match[2]);
  list.place = 'object ' + name;
  list.keep(match[0]);
  const start = match.index + match[0].length;
  const body = findBodyEnd(text, start);
  const dictionary = text.slice(start, body.at);
  if (body.keyword !== 'stream') {
    const number = cut.lengthObjects.has(name) ? new RegExp('^' + SPACE + '*(\\d+)' + SPACE + '*$').exec(dictionary) : null;
    if (number === null) keepDictionary(list, dictionary, false, false);
    else list.leave(LENGTHS, dictionary);
    return body.at;
  }
  const isReferences = new RegExp('/Type' + SPACE + '*/XRef\\b').test(dictionary);
  keepDictionary(list, dictionary, true, isReferences);
  return cutStream(cut, dictionary, body.at, isReferences);
}

/** Keeps a dictionary but for dates, and the file's ID and offsets where `isTrailer`, lengths where it has a stream. */
function keepDictionary(list: SegmentList, dictionary: ByteString, hasStream: boolean, isTrailer: boolean): void {
  const isOfObjects = hasStream && new RegExp('/Type' + SPACE + '*/ObjStm\\b').test(dictionary);
  keepBut(list, dictionary, LEFT_OF_DICTIONARY, (match) => {
    if (match[1] !== undefined) return { what: match[1], value: match[2] };
    if (match[3] !== undefined) return isTrailer ? { what: 'ID', value: match[4] } : undefined;
    const isLeft = match[5] === 'Length' ? hasStream : match[5] === 'First' ? isOfObjects : isTrailer;
    return isLeft ? { what: LENGTHS, value: match[6] } : undefined;
  });
}

/** Where the next keyword that ends a dictionary stands, outside of strings and comments. */
function findBodyEnd(text: ByteString, start: number): { at: number; keyword: string } {
  const mark = /[(%]|\b(?:stream|endobj|startxref)\b/g;
  mark.lastIndex = start;
  for (let match = mark.exec(text); match !== null; match = mark.exec(text)) {
    if (match[0].length > 1) return { at: match.index, keyword: match[0] };
    mark.lastIndex = match[0] === '(' ? findPdfStringEnd(text, match.index) : findLineEnd(text, match.index);
  }
  return { at: text.length, keyword: '' };
}

function findLineEnd(text: ByteString, at: number): number {
  const end = /[\r\n]/g;
  end.lastIndex = at;
  const match = end.exec(text);
  return match === null ? text.length : match.index;
}

/** Behind the ")" that ends the string at `start`; strings hold pairs of them. */
function findPdfStringEnd(text: ByteString, start: number): number {
  const mark = /\\[^]|[()]/g;
  mark.lastIndex = start;
  let depth = 0;
  for (let match = mark.exec(text); match !== null; match = mark.exec(text)) {
    depth += match[0] === '(' ? 1 : match[0] === ')' ? -1 : 0;
    if (depth === 0) return mark.lastIndex;
  }
  return text.length;
}

function cutStream(cut: PdfCut, dictionary: ByteString, keywordAt: number, isReferences: boolean): number {
  const { text, list } = cut;
  const intro = /stream(?:\r\n|\n|\r)?/y;
  intro.lastIndex = keywordAt;
  intro.test(text);
  const start = intro.lastIndex;
  const end = findStreamEnd(text, dictionary, start);
  list.keep(text.slice(keywordAt, start));
  const data = text.slice(start, end);
  if (isReferences) {
    list.leave(LENGTHS, data);
    return end;
  }
  const filter = new RegExp('/Filter' + SPACE + '{0,20}\\[?' + SPACE + '{0,20}/Fl(?:ateDecode)?' + SPACE + '*(?:\\]|/|>>|' + SPACE + ')').exec(dictionary);
  const hasOthers = new RegExp('/Filter' + SPACE + '*\\[[^\\]]*/[^\\]/]*/').test(dictionary);
  if (filter === null || hasOthers) {
    keepContent(list, data, dictionary);
    return end;
  }
  const unpacked = cut.unpack(data, 'zlib', cut.bytesLeft);
  if (unpacked.kind === 'too large') return -1;
  if (unpacked.kind === 'damaged') {
    list.keep(data);
    return end;
  }
  cut.bytesLeft -= unpacked.content.length;
  keepContent(list, unpacked.content, dictionary);
  list.leave('compression', data.slice(0, unpacked.usedBytes));
  list.keep(data.slice(unpacked.usedBytes));
  return end;
}

function findStreamEnd(text: ByteString, dictionary: ByteString, start: number): number {
  const length = new RegExp('/Length' + SPACE + '+(\\d{1,10})(?!' + SPACE + '+\\d+' + SPACE + '+R)').exec(dictionary);
  if (length !== null) {
    const end = start + Number(length[1]);
    if (new RegExp('^' + SPACE + '{0,4}endstream').test(text.slice(end, end + 20))) return end;
  }
  const found = text.indexOf('endstream', start);
  if (found < 0) return text.length;
  const before = /(?:\r\n|\n|\r)$/.exec(text.slice(Math.max(found - 2, start), found));
  return found - (before === null ? 0 : before[0].length);
}

/** A stream's content, unpacked. */
function keepContent(list: SegmentList, content: ByteString, dictionary: ByteString): void {
  const type = new RegExp('/Type' + SPACE + '*/(\\w+)').exec(dictionary)?.[1];
  if (type === 'ObjStm') keepObjects(list, content, dictionary);
  else if (type === 'Metadata' || content.startsWith('<?xpacket')) keepXmp(list, content);
  else list.keep(content, type !== 'XRef' && looksLikeText(content));
}

/** Objects that are packed together: numbers and offsets of all, then all of them. */
function keepObjects(list: SegmentList, content: ByteString, dictionary: ByteString): void {
  const first = Number(new RegExp('/First' + SPACE + '+(\\d{1,10})').exec(dictionary)?.[1] ?? NaN);
  const numbers = content.slice(0, first).split(/[ \t\r\n\f\0]+/).filter((word) => word !== '').map(Number);
  const starts = numbers.filter((_, i) => i % 2 === 1).map((offset) => first + offset);
  const isOrdered = starts.every((start, i) => start <= content.length && start >= (i === 0 ? first : starts[i - 1]));
  if (!(first >= 0) || !isOrdered) return list.keep(content);
  list.leave(LENGTHS, content.slice(0, first), numbers.filter((_, i) => i % 2 === 0).join(' '));
  list.keep(content.slice(first, starts[0]));
  const container = list.place;
  starts.forEach((start, i) => {
    list.place = 'object ' + numbers[2 * i] + ' 0';
    keepDictionary(list, content.slice(start, starts[i + 1]), false, false);
  });
  list.place = container;
}

const XMP_LEFT = new RegExp('\\b(?:(?:xmp|xap):(CreateDate|ModifyDate|MetadataDate)|(?:xmpMM|xapMM):(DocumentID|InstanceID|OriginalDocumentID)'
  + '|stEvt:(when|instanceID)|rdf:(about))(?:>([^<]{1,100})<|\\s{0,5}=\\s{0,5}"([^"<]{1,100})"|\\s{0,5}=\\s{0,5}\'([^\'<]{1,100})\')', 'g');

/** Dates and identifiers of XMP metadata (ISO 16684-1). */
function keepXmp(list: SegmentList, content: ByteString): void {
  keepBut(list, content, XMP_LEFT, (match) => {
    const value = match[5] ?? match[6] ?? match[7];
    if (match[4] !== undefined && !/^(?:uuid:)?[0-9a-f]{8}-/i.test(value)) return undefined;
    return { what: 'XMP ' + (match[1] ?? match[2] ?? match[3] ?? match[4]), value };
  });
}

/** "trailer" and "startxref", and the table of offsets that begins with "xref". */
function cutTail(cut: PdfCut, match: RegExpExecArray): number {
  const { text, list } = cut;
  list.place = 'the ' + match[0];
  list.keep(match[0]);
  const start = match.index + match[0].length;
  if (match[0] === 'trailer') {
    const end = findBodyEnd(text, start).at;
    keepDictionary(list, text.slice(start, end), false, true);
    return end;
  }
  const numbers = match[0] === 'xref' ? /(?:[ \t\r\n\f\0]|\d|[nf](?=[ \r\n]))*/y : /[ \t\r\n\f\0]*\d+/y;
  numbers.lastIndex = start;
  if (!numbers.test(text)) return start;
  const table = text.slice(start, numbers.lastIndex);
  list.leave(LENGTHS, table, match[0] === 'xref' ? table.replace(/\d{10}(?= )/g, '') : '');
  return start + table.length;
}
