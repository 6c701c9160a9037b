// picturetargets.ts - fuzzes the readers of PNG and NumPy's arrays; Pillow and NumPy read the same.
import zlib from 'zlib';
import type { ByteString } from '../../src/core/bytes.ts';
import { bytesOfText } from '../../src/formats/bytewindow.ts';
import { crc32 } from '../../src/formats/crc32.ts';
import { compareNpy } from '../../src/formats/npy.ts';
import type { NpyHeader } from '../../src/formats/npyheader.ts';
import { readNpyHeader } from '../../src/formats/npyheader.ts';
import { PARTS_OF_NUMBER, readNpyNumber, sumOfParts } from '../../src/formats/npynumbers.ts';
import type { PngImage } from '../../src/formats/png.ts';
import { decodePng, encodePng, readPngRow } from '../../src/formats/png.ts';
import { comparePng } from '../../src/formats/pngcomparison.ts';
import { drawPngDifference } from '../../src/formats/pngpicture.ts';
import { deflateZlib, inflateZlibAtMost } from '../../src/sys/inflate.ts';
import { judgeByPython } from './archivetargets.ts';
import type { Dice } from './dice.ts';
import { pick, pickLength, randomBytes } from './dice.ts';
import type { PythonAnswer } from './structure.ts';
import { spellNumber } from './structure.ts';
import type { FuzzTarget } from './target.ts';
import { failCase } from './target.ts';

const SIGNATURE = '\x89PNG\r\n\x1a\n';

// ---- PNG

function spellChunk(type: string, data: ByteString, dice?: Dice): ByteString {
  const bytes = bytesOfText(type + data);
  const length = dice !== undefined && dice(60) === 0 ? pick(dice, [0, 1, 0x7fffffff, 0x80000000, 0xffffffff]) : data.length;
  return spellNumber(BigInt(length), 4, false) + type + data + spellNumber(BigInt(crc32(bytes, 0, bytes.length)) ^ (dice !== undefined && dice(100) === 0 ? 1n : 0n), 4, false);
}

const SAMPLES: { [type: number]: number } = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** A picture whose parts mostly fit together. */
function makePng(dice: Dice): ByteString {
  const type = dice(40) === 0 ? dice(8) : pick(dice, [0, 2, 3, 4, 6]);
  const depth = dice(40) === 0 ? dice(20) : pick(dice, type === 0 ? [1, 2, 4, 8, 16] : type === 3 ? [1, 2, 4, 8] : [8, 16]);
  const size = (): number => (dice(25) === 0 ? pick(dice, [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 10000, 100000]) : 1 + pickLength(dice, 40));
  const [width, height] = [size(), size()];
  const isInterlaced = dice(4) === 0;
  const rowBytes = Math.ceil(width * (SAMPLES[type] ?? 1) * depth / 8);
  let raw = '';
  const isSmall = width < 100 && height < 100;
  if (isSmall && !isInterlaced) for (let y = 0; y < height; y++) raw += String.fromCharCode(dice(60) === 0 ? dice(256) : dice(5)) + (dice(3) === 0 ? '\0'.repeat(rowBytes) : randomBytes(dice, rowBytes));
  else if (isSmall) raw = makePasses(dice, width, height, (SAMPLES[type] ?? 1) * depth);
  else raw = '\0'.repeat(dice(4) === 0 ? 30000000 : 1000);
  if (dice(40) === 0) raw = raw.slice(0, dice(raw.length + 1)) + randomBytes(dice, dice(3));
  const head = spellNumber(BigInt(width), 4, false) + spellNumber(BigInt(height), 4, false) + String.fromCharCode(depth, type, dice(80) === 0 ? 1 : 0, dice(80) === 0 ? 1 : 0, isInterlaced ? (dice(40) === 0 ? 2 : 1) : 0);
  const chunks: ByteString[] = [];
  if (type === 3 || dice(12) === 0) chunks.push(spellChunk('PLTE', randomBytes(dice, dice(20) === 0 ? dice(800) : 3 * (type === 3 ? 1 << Math.min(depth, 8) : 1 + dice(8))), dice));
  if (dice(3) === 0) chunks.push(spellChunk('tRNS', randomBytes(dice, dice(20) === 0 ? dice(10) : type === 3 ? 1 + dice(2) : type === 0 ? 2 : 6), dice));
  if (dice(6) === 0) chunks.push(spellChunk(pick(dice, ['tEXt', 'tIME', 'gAMA', 'pHYs', 'zTXt', 'ABCD', 'abcd', 'tExt']), pick(dice, ['Key\0value', '\x07\xe8\x01\x05\x0a\x14\x1e', '\0\0\xb1\x8f']), dice));
  const packed = deflateText(raw);
  const cut = dice(3) === 0 ? dice(packed.length + 1) : packed.length;
  const data = [spellChunk('IDAT', packed.slice(0, cut), dice)];
  if (cut < packed.length) data.push(spellChunk('IDAT', packed.slice(cut), dice));
  if (dice(60) === 0) data.splice(1, 0, spellChunk('tEXt', 'k\0v'));
  const text = SIGNATURE + spellChunk('IHDR', head, dice) + chunks.join('') + data.join('') + (dice(80) === 0 ? '' : spellChunk('IEND', '', dice));
  return dice(12) === 0 ? text + randomBytes(dice, dice(20)) : text;
}

function makePasses(dice: Dice, width: number, height: number, bits: number): ByteString {
  let raw = '';
  for (const [x, y, stepX, stepY] of [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]]) {
    const columns = Math.ceil((width - x) / stepX);
    if (columns <= 0) continue;
    for (let row = y; row < height; row += stepY) raw += String.fromCharCode(dice(5)) + randomBytes(dice, Math.ceil(columns * bits / 8));
  }
  return raw;
}

function deflateText(text: ByteString): ByteString {
  return zlib.deflateSync(Buffer.from(text, 'latin1')).toString('latin1');
}

function decode(input: ByteString): PngImage | undefined {
  const reading = decodePng(bytesOfText(input), inflateZlibAtMost);
  return reading.kind === 'image' ? reading.image : undefined;
}

function listPixels(image: PngImage): number[] {
  const pixels: number[] = [];
  const row = new Uint16Array(image.width * 4);
  for (let y = 0; y < image.height; y++) {
    readPngRow(image, y, row);
    for (let i = 0; i < row.length; i++) pixels.push(row[i]);
  }
  return pixels;
}

const MOST_LISTED_PIXELS = 10000;

function checkPng(input: ByteString): boolean {
  const image = decode(input);
  if (image === undefined) return false;
  const bytes = bytesOfText(input);
  if (image.width * image.height > MOST_LISTED_PIXELS) return true;
  const pixels = listPixels(image);
  // What is written anew has the same pixels, if 8 bits are enough for them.
  if (image.bitDepth < 16) {
    const again = encodePng({ width: image.width, height: image.height, rgba: Uint8Array.from(pixels, (value) => value / 257) }, deflateZlib);
    const compared = comparePng(bytes, again, inflateZlibAtMost, undefined);
    if (compared.kind !== 'equivalent' && !(compared.kind === 'different' && /how they look/.test(compared.detail))) failCase('a picture written anew is the same', compared.kind);
    if (drawPngDifference(bytes, again, inflateZlibAtMost, deflateZlib) === undefined) failCase('a difference can be drawn');
  }
  return true;
}

const PYTHON_PNG = `
import io
from PIL import Image, ImageFile
ImageFile.LOAD_TRUNCATED_IMAGES = False
Image.MAX_IMAGE_PIXELS = None
def read(data):
    im = Image.open(io.BytesIO(data), formats=['PNG'])
    if im.width * im.height > ${String(MOST_LISTED_PIXELS)}: return None
    im.load()
    return [im.width, im.height, im.mode, latin(im.convert('RGBA').tobytes())]
`;

function comparePixels(input: ByteString, answer: PythonAnswer): string | undefined {
  const image = decode(input);
  if (image === undefined || answer.yes === undefined || answer.yes === null) return undefined;
  const [width, height, mode, bytes] = answer.yes as [number, number, string, string];
  if (image.width !== width || image.height !== height) return 'another size';
  // Of 16 bits, of a transparent grey and of colours that the palette lacks Pillow makes something else.
  const isShort = image.palette !== undefined && image.palette.length < 3 << image.bitDepth;
  if (image.bitDepth === 16 || mode === 'I' || isShort || (image.transparency !== undefined && image.colourType === 0)) return undefined;
  const pixels = listPixels(image);
  for (let i = 0; i < pixels.length; i++) if (pixels[i] !== bytes.charCodeAt(i) * 257) return 'channel ' + String(i % 4) + ' of pixel ' + String(i >> 2) + ' is ' + String(pixels[i] / 257) + ' for ' + String(bytes.charCodeAt(i));
  return undefined;
}

// ---- NumPy

const TYPES = ['<f8', '>f8', '<f4', '<f2', '<i8', '>i4', '|i1', '<u8', '<u2', '|b1', '<c16', '<c8', '|S5', '<U3', '<M8[s]', '|V7', '<f16', '|O', '<q9', '|S0', '|V0', '|S999999999', '<i4x', '<m8', 'f8', '=f8'];

function makeDescr(dice: Dice, depth: number): string {
  if (depth > 3 || dice(6) > 0) return "'" + pick(dice, TYPES.slice(0, dice(5) === 0 ? TYPES.length : 13)) + "'";
  const fields = Array.from({ length: dice(4) }, (_, i) => '(' + (dice(9) === 0 ? "('title', 'n" + String(i) + "')" : "'n" + String(i) + "'") + ', ' + makeDescr(dice, depth + 1) + (dice(4) === 0 ? ', ' + makeShape(dice, 3) : '') + ')');
  return '[' + fields.join(', ') + ']';
}

function makeShape(dice: Dice, most: number): string {
  const lengths = Array.from({ length: dice(4) }, () => (dice(30) === 0 ? pick(dice, ['999999999999999', '0', '4294967296', '2147483648', '-1', '1L', 'None', '1e3', '0x10']) : String(dice(most))));
  return '(' + lengths.join(', ') + (lengths.length === 1 || (lengths.length > 0 && dice(9) === 0) ? ',)' : ')');
}

function makeNpy(dice: Dice): ByteString {
  const version = dice(20) === 0 ? dice(5) : pick(dice, [1, 1, 2, 3]);
  const parts = ["'descr': " + makeDescr(dice, 0), "'fortran_order': " + pick(dice, ['False', 'True', dice(20) === 0 ? '1' : 'False']), "'shape': " + makeShape(dice, 6)];
  let text = '{' + (dice(30) === 0 ? parts.slice(1) : dice(30) === 0 ? parts.concat(parts[0]) : parts).join(', ') + ', }';
  if (dice(20) === 0) text = pick(dice, ['('.repeat(100) + text, '['.repeat(100000), text + text, text.replace(/ /g, '\n'), text + '#']);
  const start = version === 1 ? 10 : 12;
  text = text.padEnd(Math.ceil((text.length + start + 1) / 64) * 64 - start - 1) + '\n';
  const length = dice(40) === 0 ? pick(dice, [0, 1, 0xffff, 0xffffffff, text.length + 1]) : text.length;
  return '\x93NUMPY' + String.fromCharCode(version, dice(60) === 0 ? 1 : 0) + spellNumber(BigInt(length), version === 1 ? 2 : 4, true) + text + randomBytes(dice, dice(3) === 0 ? dice(300) : 2000);
}

function readNpy(input: ByteString): NpyHeader | undefined {
  const reading = readNpyHeader(bytesOfText(input));
  return reading.kind === 'array' ? reading.header : undefined;
}

function checkNpy(input: ByteString): boolean {
  const header = readNpy(input);
  if (header === undefined) return false;
  if (!(header.elements >= 0 && header.itemBytes >= 0) || header.dataAt + header.elements * header.itemBytes > input.length) failCase('an array is no larger than its file', JSON.stringify(header.shape));
  const bytes = bytesOfText(input);
  const other = Uint8Array.from(bytes);
  if (other.length > header.dataAt) other[header.dataAt] ^= 0x40;
  const compared = [compareNpy(bytes, other, undefined), compareNpy(other, bytes, undefined)];
  if (compared[0].kind !== compared[1].kind) failCase('a comparison is the same both ways', compared[0].kind + ' and ' + compared[1].kind);
  if (/Infinity elem|NaN elem|undefined/.test(JSON.stringify(compared))) failCase('a comparison names numbers', JSON.stringify(compared[0]));
  return true;
}

const PYTHON_NPY = `
import io, numpy
def read(data):
    a = numpy.load(io.BytesIO(data), allow_pickle=False)
    values = None
    if a.dtype.names is None and a.dtype.kind in 'iufcb' and a.dtype.itemsize <= 16 and a.dtype.char not in 'gG' and a.size < 3000:
        flat = a.reshape(-1, order='F' if a.flags.f_contiguous and not a.flags.c_contiguous else 'C')
        values = [repr(complex(x)) if a.dtype.kind == 'c' else repr(float(x)) for x in flat]
    return [list(a.shape), a.dtype.itemsize, bool(numpy.lib.format.read_magic and a.flags.f_contiguous), values]
`;

// Arrays without bytes; and what older versions of NumPy wrote: numbers as 1L, and NULs behind the header.
const UNLIKE_NUMPY = /too big|MemoryError|invalid itemsize in generic type|null bytes|\d+L\b/;

function compareArray(input: ByteString, answer: PythonAnswer): string | undefined {
  const header = readNpy(input);
  if (header === undefined) return undefined;
  if (answer.yes === undefined) return UNLIKE_NUMPY.test(String(answer.no)) ? undefined : 'taken, though NumPy says ' + String(answer.no);
  const [shape, itemBytes, , values] = answer.yes as [number[], number, boolean, string[] | null];
  if (header.shape.join() !== shape.join()) return 'shape ' + header.shape.join() + ' for ' + shape.join();
  if (header.itemBytes !== itemBytes) return String(header.itemBytes) + ' bytes an element for ' + String(itemBytes);
  const field = header.fields[0];
  if (values === null || header.fields.length !== 1 || field.kind === 'complex' || field.count !== 1 || field.kind === 'exact' || field.kind === 'bool') return undefined;
  const bytes = bytesOfText(input);
  const view = new DataView(bytes.buffer);
  const parts = { real: new Float64Array(PARTS_OF_NUMBER), imaginary: new Float64Array(PARTS_OF_NUMBER) };
  for (let i = 0; i < values.length; i++) {
    readNpyNumber(view, header.dataAt + i * itemBytes, field, 'x87', parts);
    const theirs = values[i] === 'nan' ? NaN : values[i] === 'inf' ? Infinity : values[i] === '-inf' ? -Infinity : Number(values[i]);
    if (!Object.is(sumOfParts(parts.real) + 0, theirs + 0)) return 'number ' + String(i) + ' is ' + String(sumOfParts(parts.real)) + ' for ' + values[i];
  }
  return undefined;
}

// ---- check sums

export const PICTURE_TARGETS: FuzzTarget[] = [
  {
    name: 'png', corpus: () => [], generate: makePng, isBinary: true, share: 0.3, memoryPerByte: 20000,
    check: checkPng,
    judge: judgeByPython(PYTHON_PNG, 'PIL', comparePixels),
  },
  {
    name: 'npy', corpus: () => [], generate: makeNpy, dictionary: ["'", '(', ')', '[', ']', ', ', '\\', '<f8', 'True'], share: 0.5,
    check: checkNpy,
    judge: judgeByPython(PYTHON_NPY, 'numpy', compareArray),
  },
  {
    name: 'crc32', corpus: () => ['', 'a', '123456789'],
    generate: (dice) => randomBytes(dice, dice(70)),
    check: (input) => {
      const bytes = bytesOfText(input);
      let wanted = 0xffffffff;
      for (const byte of bytes) {
        wanted ^= byte;
        for (let bit = 0; bit < 8; bit++) wanted = (wanted & 1) === 1 ? (wanted >>> 1) ^ 0xedb88320 : wanted >>> 1;
      }
      wanted = (wanted ^ 0xffffffff) >>> 0;
      const half = bytes.length >> 1;
      if (crc32(bytes, 0, bytes.length) !== wanted || crc32(bytes, half, bytes.length, crc32(bytes, 0, half)) !== wanted) failCase('a check sum is what the polynomial gives');
    },
  },
];
