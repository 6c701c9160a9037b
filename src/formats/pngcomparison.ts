// pngcomparison.ts - two PNG pictures compared by pixel. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import type { Comparison, Tolerance } from '../core/comparison.ts';
import { groupDigits, joinSome, percentOf, tellDiffering } from './amounts.ts';
import { areSameBytes, textOfBytes } from './bytewindow.ts';
import { makeHarmless } from './percent.ts';
import type { InflateAtMost, PngChunk, PngImage } from './png.ts';
import { decodePng, readPngRow } from './png.ts';

/** Where two pictures differ in what both cover, edges included. Channels count 0 to 65535. */
export type PixelDifference = {
  differing: number;
  /** Pixels of which a channel differs by more than was allowed. */
  beyond: number;
  greatest: number;
  left: number; top: number; right: number; bottom: number;
};

// Colour space, light and movement: with another of these the same pixels look otherwise.
const CHUNKS_THAT_SHOW = ['acTL', 'cHRM', 'cICP', 'cLLI', 'fcTL', 'fdAT', 'gAMA', 'iCCP', 'mDCV', 'sRGB'];
const MOST_CHUNKS_NAMED = 6;
const MOST_TEXTS = 3;
const LONGEST_TEXT = 60;

/**
 * Two contents that are not the same bytes, as pictures. The absolute tolerance is the largest
 * difference of a channel, 0 to 255; a relative one means nothing here. Alpha counts as a channel,
 * and so does the colour under a transparent pixel.
 */
export function comparePng(first: Uint8Array, second: Uint8Array, inflateZlib: InflateAtMost, tolerance: Tolerance | undefined): Comparison {
  const readings = [decodePng(first, inflateZlib), decodePng(second, inflateZlib)];
  const [one, other] = readings;
  if (one.kind === 'unreadable') return { kind: 'unchecked', why: 'the first PNG cannot be read: ' + one.why };
  if (other.kind === 'unreadable') return { kind: 'unchecked', why: 'the second PNG cannot be read: ' + other.why };
  const allowed = tolerance === undefined ? 0 : tolerance.absolute;
  const found = measurePixels(one.image, other.image, allowed * 257);
  const isDeep = one.image.bitDepth === 16 || other.image.bitDepth === 16;
  const words = describePixels(one.image, other.image, found, isDeep);
  const isSameSize = one.image.width === other.image.width && one.image.height === other.image.height;
  const within = allowed > 0 ? ', channels within ' + String(allowed) + ' of 255' : '';
  if (!isSameSize || found.beyond > 0) {
    const beyond = allowed > 0 && found.differing > 0 ? ', ' + groupDigits(found.beyond) + ' of them by more than that' : '';
    return { kind: 'different', rule: 'PNG by pixel' + within, detail: words + beyond, causes: [] };
  }
  return judgeWrapping(one.image, other.image, words, found.differing > 0 ? within : '');
}

/** The pixels are the same, or near enough: what else is different? */
function judgeWrapping(one: PngImage, other: PngImage, words: string, within: string): Comparison {
  const names = findDifferingChunks(one.chunks, other.chunks);
  const showing = names.filter((name) => CHUNKS_THAT_SHOW.indexOf(name) >= 0);
  if (showing.length > 0) {
    const detail = words + ', but not what says how they look: chunk ' + joinSome(showing, MOST_CHUNKS_NAMED);
    return { kind: 'different', rule: 'PNG by pixel' + within, detail, causes: [] };
  }
  const parts: string[] = [];
  if (one.colourType !== other.colourType) parts.push('colour type');
  if (one.bitDepth !== other.bitDepth) parts.push('bit depth');
  if (one.isInterlaced !== other.isInterlaced) parts.push('interlacing');
  if (names.length > 0) parts.push((names.length === 1 ? 'chunk ' : 'chunks ') + joinSome(names, MOST_CHUNKS_NAMED));
  if (parts.length === 0 || (parts.length === 1 && names.length > 0)) {
    // With other pixels within the tolerance the packed ones say nothing.
    if (within === '' && !areSameBytes(one.packed, other.packed)) parts.push('compression');
    if (one.restBytes !== other.restBytes) parts.push('bytes behind the picture');
  }
  if (parts.length === 0 && within === '') parts.push('layout of chunks');
  const differ = parts.length === 0 ? '' : ': ' + tellDiffering(parts, MOST_CHUNKS_NAMED);
  return { kind: 'equivalent', rule: 'PNG by pixel' + within + differ, detail: [words].concat(describeTexts(one.chunks, other.chunks)).join('; ') };
}

/** Over what both pictures cover; `allowed` is that of a channel of 65535. */
export function measurePixels(one: PngImage, other: PngImage, allowed: number): PixelDifference {
  const found: PixelDifference = { differing: 0, beyond: 0, greatest: 0, left: Infinity, top: -1, right: -1, bottom: -1 };
  const [width, height] = [Math.min(one.width, other.width), Math.min(one.height, other.height)];
  const [row, otherRow] = [new Uint16Array(one.width * 4), new Uint16Array(other.width * 4)];
  const isSameForm = hasSameForm(one, other);
  for (let y = 0; y < height; y++) {
    if (isSameForm && areSameRows(one, other, y)) continue;
    readPngRow(one, y, row);
    readPngRow(other, y, otherRow);
    for (let x = 0; x < width; x++) {
      const apart = channelsApart(row, otherRow, x * 4);
      if (apart === 0) continue;
      found.differing += 1;
      if (apart > allowed) found.beyond += 1;
      if (apart > found.greatest) found.greatest = apart;
      if (x < found.left) found.left = x;
      if (x > found.right) found.right = x;
      if (found.top < 0) found.top = y;
      found.bottom = y;
    }
  }
  return found;
}

/** The largest difference of a channel of the pixel at `at` in both rows. */
export function channelsApart(row: Uint16Array, other: Uint16Array, at: number): number {
  let apart = 0;
  for (let i = at; i < at + 4; i++) {
    const difference = row[i] < other[i] ? other[i] - row[i] : row[i] - other[i];
    if (difference > apart) apart = difference;
  }
  return apart;
}

/** Do the same bytes in a row mean the same pixels? */
function hasSameForm(one: PngImage, other: PngImage): boolean {
  const isSame = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean => (a === undefined || b === undefined ? a === b : areSameBytes(a, b));
  return one.width === other.width && one.colourType === other.colourType && one.bitDepth === other.bitDepth
    && isSame(one.palette, other.palette) && isSame(one.transparency, other.transparency);
}

function areSameRows(one: PngImage, other: PngImage, y: number): boolean {
  const at = y * one.strideBytes + one.skipBytes;
  const otherAt = y * other.strideBytes + other.skipBytes;
  const rowBytes = one.strideBytes - one.skipBytes;
  for (let i = 0; i < rowBytes; i++) if (one.rows[at + i] !== other.rows[otherAt + i]) return false;
  return true;
}

function describePixels(one: PngImage, other: PngImage, found: PixelDifference, isDeep: boolean): string {
  const isSameSize = one.width === other.width && one.height === other.height;
  const pixels = Math.min(one.width, other.width) * Math.min(one.height, other.height);
  const sizes = isSameSize ? '' : describeSize(one) + ' and ' + describeSize(other) + ' pixels; ';
  const common = isSameSize ? '' : ' that both have';
  if (found.differing === 0) return sizes + groupDigits(pixels) + (pixels === 1 ? ' pixel' : ' pixels') + common + (pixels === 1 ? ' is the same' : ' are the same');
  const most = isDeep ? groupDigits(found.greatest) + ' of 65,535' : String(found.greatest / 257) + ' of 255';
  const place = found.left === found.right && found.top === found.bottom ? 'at ' + String(found.left) + ',' + String(found.top)
    : 'within the rectangle ' + String(found.left) + ',' + String(found.top) + ' to ' + String(found.right) + ',' + String(found.bottom);
  return sizes + groupDigits(found.differing) + ' of ' + groupDigits(pixels) + (pixels === 1 ? ' pixel' : ' pixels') + common
    + (found.differing === 1 ? ' differs (' : ' differ (') + percentOf(found.differing, pixels) + '), at most ' + most + ', ' + place;
}

function describeSize({ width, height }: PngImage): string {
  return String(width) + ' x ' + String(height);
}

/** Names of the chunks that are not in both as often and with the same content in the same order. */
function findDifferingChunks(chunks: PngChunk[], others: PngChunk[]): ByteString[] {
  const names = new Set(chunks.concat(others).map((chunk) => chunk.type));
  const isSame = (name: ByteString): boolean => {
    const [mine, theirs] = [chunks, others].map((list) => list.filter((chunk) => chunk.type === name));
    return mine.length === theirs.length && mine.every((chunk, i) => areSameBytes(chunk.data, theirs[i].data));
  };
  return Array.from(names).filter((name) => !isSame(name)).sort(compareBytes);
}

/** What the differing texts and dates say, of the chunks tEXt and tIME. */
function describeTexts(chunks: PngChunk[], others: PngChunk[]): string[] {
  const [mine, theirs] = [readPngTexts(chunks), readPngTexts(others)];
  const keys = Array.from(new Set(Array.from(mine.keys()).concat(Array.from(theirs.keys())))).sort(compareBytes);
  const differing = keys.filter((key) => mine.get(key) !== theirs.get(key));
  const lines = differing.slice(0, MOST_TEXTS).map((key) => quoteText(key) + ' is ' + quoteText(mine.get(key)) + ' and ' + quoteText(theirs.get(key)));
  return differing.length > MOST_TEXTS ? lines.concat('and ' + String(differing.length - MOST_TEXTS) + ' more texts') : lines;
}

function quoteText(text: ByteString | undefined): string {
  if (text === undefined) return 'not there';
  return '"' + makeHarmless(text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) + '...' : text) + '"';
}

function readPngTexts(chunks: PngChunk[]): Map<ByteString, ByteString> {
  const texts = new Map<ByteString, ByteString>();
  for (const { type, data } of chunks) {
    if (type === 'tIME' && data.length === 7) texts.set('tIME', readTime(data));
    if (type !== 'tEXt') continue;
    const text = textOfBytes(data);
    const end = text.indexOf('\0');
    if (end >= 0) texts.set(text.slice(0, end), text.slice(end + 1));
  }
  return texts;
}

function readTime(data: Uint8Array): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return String((data[0] << 8) | data[1]) + '-' + two(data[2]) + '-' + two(data[3]) + ' ' + two(data[4]) + ':' + two(data[5]) + ':' + two(data[6]);
}
