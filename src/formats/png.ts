// png.ts - pictures in PNG (W3C "Portable Network Graphics", third edition; ISO/IEC 15948): pixels out
// of them and into them. Knows no files, no inflate and no deflate.
import type { ByteString } from '../core/bytes.ts';
import { bytesOfText, textOfBytes } from './bytewindow.ts';
import { crc32 } from './crc32.ts';

/** Unpacks one stream; undefined if it is damaged or unpacks to more than `mostBytes`. */
export type InflateAtMost = (packed: Uint8Array, mostBytes: number) => Uint8Array | undefined;

/** Packs bytes as a zlib stream. */
export type DeflateBytes = (bytes: Uint8Array) => Uint8Array;

export type PngChunk = { type: ByteString; data: Uint8Array };

export type PngImage = {
  width: number;
  height: number;
  /** 0 grey, 2 red green blue, 3 palette, 4 grey and alpha, 6 red green blue and alpha. */
  colourType: number;
  /** Of a sample: 1, 2, 4, 8 or 16. */
  bitDepth: number;
  isInterlaced: boolean;
  palette: Uint8Array | undefined;
  /** Data of the chunk tRNS. */
  transparency: Uint8Array | undefined;
  /** Row y begins at y * strideBytes + skipBytes; samples are packed as in the file, filters undone. */
  rows: Uint8Array;
  strideBytes: number;
  skipBytes: number;
  /** All IDAT chunks joined. */
  packed: Uint8Array;
  /** Every chunk but IHDR, IDAT and IEND, in the order of the file. */
  chunks: PngChunk[];
  /** How many bytes stand behind IEND. */
  restBytes: number;
};

export type PngReading = { kind: 'image'; image: PngImage } | { kind: 'unreadable'; why: string };

/** Red, green, blue and alpha, 8 bits each, row by row from the top. */
export type Picture = { width: number; height: number; rgba: Uint8Array };

export const PNG_SIGNATURE = '\x89PNG\r\n\x1a\n';

/** 10,000 by 10,000. With 16 bits a sample this unpacks to 800 MB, hence the second bound: 8 bits of three colours fit. */
const MOST_PNG_PIXELS = 100000000;
const MOST_PNG_RAW_BYTES = 320 << 20;
const MOST_PNG_CHUNKS = 10000;

const SAMPLES_OF_COLOUR_TYPE: { [colourType: number]: number } = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const DEPTHS_OF_COLOUR_TYPE: { [colourType: number]: number[] } = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };

// First column and row, and steps to the next, of the seven passes (8.1, "Adam7").
const ADAM7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

type PngHeader = Pick<PngImage, 'width' | 'height' | 'colourType' | 'bitDepth' | 'isInterlaced'>;
type PngParts = Pick<PngImage, 'palette' | 'transparency' | 'chunks' | 'restBytes' | 'packed'> & { header: PngHeader };

class Unreadable extends Error {}

/** The picture in `bytes`, every checksum of it checked; or why it is none. Never throws. */
export function decodePng(bytes: Uint8Array, inflateZlib: InflateAtMost): PngReading {
  try {
    return { kind: 'image', image: readImage(bytes, inflateZlib) };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { kind: 'unreadable', why: error.message };
  }
}

function readImage(bytes: Uint8Array, inflateZlib: InflateAtMost): PngImage {
  const { header, ...parts } = readParts(bytes);
  const { width, height } = header;
  if (width * height > MOST_PNG_PIXELS) throw new Unreadable(String(width) + ' x ' + String(height) + ' pixels are more than are compared');
  const bitsPerPixel = SAMPLES_OF_COLOUR_TYPE[header.colourType] * header.bitDepth;
  const passes = header.isInterlaced ? ADAM7 : [[0, 0, 1, 1]];
  const sizes = passes.map(([x, y, stepX, stepY]) => {
    const columns = Math.ceil((width - x) / stepX);
    return { rowBytes: Math.ceil(columns * bitsPerPixel / 8), rowCount: columns > 0 ? Math.max(0, Math.ceil((height - y) / stepY)) : 0 };
  });
  const rawBytes = sizes.reduce((sum, size) => sum + size.rowCount * (size.rowBytes + 1), 0);
  if (rawBytes > MOST_PNG_RAW_BYTES) throw new Unreadable('its pixels take more than ' + String(MOST_PNG_RAW_BYTES >> 20) + ' MiB');
  const raw = inflateZlib(parts.packed, rawBytes);
  if (raw === undefined || raw.length !== rawBytes) throw new Unreadable('its pixels do not unpack to ' + String(rawBytes) + ' bytes');
  let at = 0;
  for (const { rowBytes, rowCount } of sizes) {
    undoFilters(raw, at, rowBytes, rowCount, Math.max(1, bitsPerPixel >> 3));
    at += rowCount * (rowBytes + 1);
  }
  const rowBytes = Math.ceil(width * bitsPerPixel / 8);
  if (!header.isInterlaced) return { ...header, ...parts, rows: raw, strideBytes: rowBytes + 1, skipBytes: 1 };
  return { ...header, ...parts, rows: joinPasses(raw, header, bitsPerPixel), strideBytes: rowBytes, skipBytes: 0 };
}

function readBig32(bytes: Uint8Array, at: number): number {
  return bytes[at] * 0x1000000 + ((bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]);
}

/** Walks over all chunks; their order and lengths are judged here (5.6, 11.2, 11.3.1). */
function readParts(bytes: Uint8Array): PngParts {
  if (textOfBytes(bytes.subarray(0, 8)) !== PNG_SIGNATURE) throw new Unreadable('it does not begin as a PNG');
  const chunks: PngChunk[] = [];
  // As much as there can be: the chunks are only known once all are walked over.
  const packed = new Uint8Array(bytes.length);
  let packedBytes = 0;
  let header: PngHeader | undefined;
  let previous = '';
  for (let at = 8; ;) {
    const chunk = readChunk(bytes, at);
    const { type, data } = chunk;
    at += 12 + data.length;
    if (header === undefined) {
      header = readPngHeader(chunk);
    } else if (type === 'IDAT') {
      if (packedBytes > 0 && previous !== 'IDAT') throw new Unreadable('its IDAT chunks are apart');
      packed.set(data, packedBytes);
      packedBytes += data.length;
    } else if (type === 'IEND') {
      return { header, chunks, packed: packed.subarray(0, packedBytes), restBytes: bytes.length - at, ...readColours(chunks, header) };
    } else {
      if (chunks.length >= MOST_PNG_CHUNKS) throw new Unreadable('it has more than ' + String(MOST_PNG_CHUNKS) + ' chunks');
      judgeChunk(chunk, chunks, packedBytes > 0);
      chunks.push(chunk);
    }
    previous = type;
  }
}

function readChunk(bytes: Uint8Array, at: number): PngChunk {
  if (at + 12 > bytes.length) throw new Unreadable('it is cut off');
  const type = textOfBytes(bytes.subarray(at + 4, at + 8));
  if (!/^[A-Za-z]{4}$/.test(type)) throw new Unreadable('its chunk at byte ' + String(at) + ' has no name');
  const end = at + 8 + readBig32(bytes, at);
  if (end + 4 > bytes.length) throw new Unreadable('its chunk ' + type + ' is cut off');
  if (crc32(bytes, at + 4, end) !== readBig32(bytes, end)) throw new Unreadable('the checksum of its chunk ' + type + ' is wrong');
  return { type, data: bytes.subarray(at + 8, end) };
}

function readPngHeader({ type, data }: PngChunk): PngHeader {
  if (type !== 'IHDR' || data.length !== 13) throw new Unreadable('its first chunk is no IHDR');
  const [width, height, bitDepth, colourType] = [readBig32(data, 0), readBig32(data, 4), data[8], data[9]];
  const depths = DEPTHS_OF_COLOUR_TYPE[colourType] ?? [];
  const isLegal = width > 0 && height > 0 && width < 0x80000000 && height < 0x80000000
    && depths.indexOf(bitDepth) >= 0 && data[10] === 0 && data[11] === 0 && data[12] < 2;
  if (!isLegal) throw new Unreadable('its IHDR says what no PNG can be');
  return { width, height, colourType, bitDepth, isInterlaced: data[12] === 1 };
}

function judgeChunk({ type }: PngChunk, earlier: PngChunk[], isAfterPixels: boolean): void {
  const isCritical = type[0] < 'a';
  if (isCritical && type !== 'PLTE') throw new Unreadable('nobody can show it who does not know its chunk ' + type);
  if (type !== 'PLTE' && type !== 'tRNS') return;
  const isFirst = !earlier.some((chunk) => chunk.type === type || (type === 'PLTE' && chunk.type === 'tRNS'));
  if (isAfterPixels || !isFirst) throw new Unreadable('its chunk ' + type + ' is out of place');
}

function readColours(chunks: PngChunk[], header: PngHeader): Pick<PngImage, 'palette' | 'transparency'> {
  const { colourType, bitDepth } = header;
  const palette = chunks.find((chunk) => chunk.type === 'PLTE')?.data;
  const transparency = chunks.find((chunk) => chunk.type === 'tRNS')?.data;
  const colours = palette === undefined ? 0 : palette.length / 3;
  const isPaletteLegal = palette === undefined ? colourType !== 3
    : colourType !== 0 && colourType !== 4 && colours % 1 === 0 && colours > 0 && colours <= (colourType === 3 ? 1 << bitDepth : 256);
  if (!isPaletteLegal) throw new Unreadable('its palette is missing or wrong');
  if (transparency !== undefined) {
    const isLegal = colourType === 3 ? transparency.length <= colours : transparency.length === { 0: 2, 2: 6 }[colourType];
    if (!isLegal) throw new Unreadable('its chunk tRNS is wrong');
  }
  return { palette, transparency };
}

/** Undoes the filters (9.2) of `rowCount` rows from `start`, each behind the byte that names its filter. */
function undoFilters(raw: Uint8Array, start: number, rowBytes: number, rowCount: number, pixelBytes: number): void {
  for (let y = 0; y < rowCount; y++) {
    const row = start + y * (rowBytes + 1) + 1;
    const filter = raw[row - 1];
    // The row above the first one counts as zeros.
    const up = y === 0 ? -1 : row - rowBytes - 1;
    if (filter > 4) throw new Unreadable('row ' + String(y) + ' has an unknown filter');
    if (filter === 1) undoSub(raw, row, rowBytes, pixelBytes);
    else if (filter === 2 && up >= 0) for (let i = 0; i < rowBytes; i++) raw[row + i] += raw[up + i];
    else if (filter === 3) undoAverage(raw, row, up, rowBytes, pixelBytes);
    else if (filter === 4 && up >= 0) undoPaeth(raw, row, up, rowBytes, pixelBytes);
    // Without a row above, Paeth's predictor is the byte to the left.
    else if (filter === 4) undoSub(raw, row, rowBytes, pixelBytes);
  }
}

function undoSub(raw: Uint8Array, row: number, rowBytes: number, pixelBytes: number): void {
  for (let i = pixelBytes; i < rowBytes; i++) raw[row + i] += raw[row + i - pixelBytes];
}

function undoAverage(raw: Uint8Array, row: number, up: number, rowBytes: number, pixelBytes: number): void {
  for (let i = 0; i < rowBytes; i++) {
    const left = i < pixelBytes ? 0 : raw[row + i - pixelBytes];
    raw[row + i] += (left + (up < 0 ? 0 : raw[up + i])) >> 1;
  }
}

function undoPaeth(raw: Uint8Array, row: number, up: number, rowBytes: number, pixelBytes: number): void {
  for (let i = 0; i < Math.min(pixelBytes, rowBytes); i++) raw[row + i] += raw[up + i];
  for (let i = pixelBytes; i < rowBytes; i++) {
    const a = raw[row + i - pixelBytes];
    const b = raw[up + i];
    const c = raw[up + i - pixelBytes];
    const toA = Math.abs(b - c);
    const toB = Math.abs(a - c);
    const toC = Math.abs(a + b - c - c);
    raw[row + i] += toA <= toB && toA <= toC ? a : toB <= toC ? b : c;
  }
}

/** The rows of the whole picture, of those of the seven passes. */
function joinPasses(raw: Uint8Array, { width, height }: PngHeader, bitsPerPixel: number): Uint8Array {
  const rowBytes = Math.ceil(width * bitsPerPixel / 8);
  const rows = new Uint8Array(rowBytes * height);
  let from = 0;
  for (const [firstX, firstY, stepX, stepY] of ADAM7) {
    const passBytes = Math.ceil(Math.ceil((width - firstX) / stepX) * bitsPerPixel / 8);
    if (passBytes <= 0) continue;
    for (let y = firstY; y < height; y += stepY) {
      for (let x = firstX, i = 0; x < width; x += stepX, i++) copyPixel(raw, from + 1, i, rows, y * rowBytes, x, bitsPerPixel);
      from += passBytes + 1;
    }
  }
  return rows;
}

/** Pixel number `source` of a row goes to number `target` of another that is zero there. */
function copyPixel(raw: Uint8Array, rawRow: number, source: number, rows: Uint8Array, row: number, target: number, bitsPerPixel: number): void {
  if (bitsPerPixel < 8) {
    const perByte = 8 / bitsPerPixel;
    const bits = (raw[rawRow + Math.floor(source / perByte)] >> (8 - bitsPerPixel * (source % perByte + 1))) & ((1 << bitsPerPixel) - 1);
    rows[row + Math.floor(target / perByte)] |= bits << (8 - bitsPerPixel * (target % perByte + 1));
    return;
  }
  const pixelBytes = bitsPerPixel >> 3;
  for (let i = 0; i < pixelBytes; i++) rows[row + target * pixelBytes + i] = raw[rawRow + source * pixelBytes + i];
}

/** Row y as red, green, blue and alpha of 0 to 65535 each, whatever the depth: 8 bits are scaled by 257. */
export function readPngRow(image: PngImage, y: number, into: Uint16Array): void {
  const samples = readSamples(image, y);
  const scale = 65535 / ((1 << image.bitDepth) - 1);
  const { colourType, transparency, width } = image;
  const isGrey = colourType === 0 || colourType === 4;
  const hasAlpha = colourType === 4 || colourType === 6;
  // One colour, as samples, that is transparent: tRNS of the types without alpha.
  const clear = transparency === undefined || colourType === 3 ? [] : [0, 2, 4].map((at) => (transparency[at] << 8) | transparency[at + 1]);
  const count = SAMPLES_OF_COLOUR_TYPE[colourType];
  for (let x = 0, from = 0, to = 0; x < width; x++, from += count, to += 4) {
    if (colourType === 3) {
      readPaletteColour(image, samples[from], into, to);
      continue;
    }
    const green = from + (isGrey ? 0 : 1);
    const blue = from + (isGrey ? 0 : 2);
    into[to] = samples[from] * scale;
    into[to + 1] = samples[green] * scale;
    into[to + 2] = samples[blue] * scale;
    const isClear = clear.length > 0 && samples[from] === clear[0] && (isGrey || (samples[green] === clear[1] && samples[blue] === clear[2]));
    into[to + 3] = hasAlpha ? samples[from + count - 1] * scale : isClear ? 0 : 65535;
  }
}

/** A palette's colours have 8 bits. An index behind its end, which no legal picture has, is black. */
function readPaletteColour({ palette, transparency }: PngImage, index: number, into: Uint16Array, to: number): void {
  for (let i = 0; i < 3; i++) into[to + i] = palette === undefined || index * 3 >= palette.length ? 0 : palette[index * 3 + i] * 257;
  into[to + 3] = transparency === undefined || index >= transparency.length ? 65535 : transparency[index] * 257;
}

function readSamples(image: PngImage, y: number): Uint8Array | Uint16Array {
  const { bitDepth, rows, width } = image;
  const start = y * image.strideBytes + image.skipBytes;
  const count = width * SAMPLES_OF_COLOUR_TYPE[image.colourType];
  if (bitDepth === 8) return rows.subarray(start, start + count);
  const samples = new Uint16Array(count);
  if (bitDepth === 16) {
    for (let i = 0; i < count; i++) samples[i] = (rows[start + 2 * i] << 8) | rows[start + 2 * i + 1];
    return samples;
  }
  const mask = (1 << bitDepth) - 1;
  for (let i = 0; i < count; i++) {
    const bit = i * bitDepth;
    samples[i] = (rows[start + (bit >> 3)] >> (8 - bitDepth - (bit & 7))) & mask;
  }
  return samples;
}

/** The picture as a PNG: with alpha only where not all of it is opaque. */
export function encodePng(picture: Picture, deflateZlib: DeflateBytes): Uint8Array {
  const { width, height, rgba } = picture;
  let isOpaque = true;
  for (let i = 3; i < rgba.length && isOpaque; i += 4) isOpaque = rgba[i] === 255;
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, isOpaque ? 2 : 6], 8);
  const packed = deflateZlib(filterRows(picture, isOpaque ? 3 : 4));
  return joinArrays([bytesOfText(PNG_SIGNATURE), makeChunk('IHDR', header), makeChunk('IDAT', packed), makeChunk('IEND', new Uint8Array(0))]);
}

/** Each row behind its filter: Sub or Up, whichever leaves the smaller numbers, as the standard advises (12.7). */
function filterRows({ width, height, rgba }: Picture, pixelBytes: number): Uint8Array {
  const rowBytes = width * pixelBytes;
  const filtered = new Uint8Array((rowBytes + 1) * height);
  const [sub, up] = [new Uint8Array(rowBytes), new Uint8Array(rowBytes)];
  let [row, above] = [new Uint8Array(rowBytes), new Uint8Array(rowBytes)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) for (let i = 0; i < pixelBytes; i++) row[x * pixelBytes + i] = rgba[(y * width + x) * 4 + i];
    let [subSum, upSum] = [0, 0];
    for (let i = 0; i < rowBytes; i++) {
      sub[i] = row[i] - (i < pixelBytes ? 0 : row[i - pixelBytes]);
      up[i] = row[i] - above[i];
      subSum += sub[i] < 128 ? sub[i] : 256 - sub[i];
      upSum += up[i] < 128 ? up[i] : 256 - up[i];
    }
    filtered[y * (rowBytes + 1)] = subSum < upSum ? 1 : 2;
    filtered.set(subSum < upSum ? sub : up, y * (rowBytes + 1) + 1);
    [row, above] = [above, row];
  }
  return filtered;
}

function makeChunk(type: string, data: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(12 + data.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) chunk[4 + i] = type.charCodeAt(i);
  chunk.set(data, 8);
  view.setUint32(8 + data.length, crc32(chunk, 4, 8 + data.length));
  return chunk;
}

function joinArrays(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
