// png.test.ts - pictures in PNG: what is read of them, how two are compared, and the picture of the difference.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import zlib from 'zlib';
import type { Comparison } from '../src/core/comparison.ts';
import { crc32 } from '../src/formats/crc32.ts';
import type { PngImage } from '../src/formats/png.ts';
import { decodePng, encodePng, readPngRow } from '../src/formats/png.ts';
import { drawPngDifference } from '../src/formats/pngpicture.ts';
import { PYTHON, assertSurvives, compareBytesOf, inflateZlib, makeDice } from './binaryrig.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

// Others have a program of that name, too.
const NO_CONVERT = hasProgram('convert') && /ImageMagick/.test(run(undefined, ['convert', '-version']).stdout) ? false : 'no ImageMagick';
const NO_PILLOW = fs.existsSync('/usr/lib/python3/dist-packages/PIL') ? false : 'no python3-pil';

const DEPTHS: { [colourType: number]: number[] } = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };
const SAMPLES: { [colourType: number]: number } = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

function chunk(type: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(named, 0, named.length), 4);
  return Buffer.concat([ends.subarray(0, 4), named, ends.subarray(4)]);
}

type Form = { width: number; height: number; colourType: number; bitDepth: number; isInterlaced: boolean; hasTransparency: boolean };

function headerOf({ width, height, bitDepth, colourType, isInterlaced }: Form): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, bitDepth, colourType, 0, 0, isInterlaced ? 1 : 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  return header;
}

function wrap(chunks: Buffer[]): Uint8Array {
  return Uint8Array.from(Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...chunks, chunk('IEND', Buffer.alloc(0))]));
}

/**
 * A legal picture of bytes by chance: any byte behind any filter is some pixel. Its IDAT is in pieces.
 * One in two has so few colours that the transparent one is among them.
 */
function makePng(form: Form, dice: (limit: number) => number): Uint8Array {
  const { width, height, colourType, bitDepth } = form;
  const isPoor = bitDepth >= 8 && dice(2) === 0;
  const sizes = form.isInterlaced ? listPassSizes(width, height) : [[width, height]];
  const raw: number[] = [];
  for (const [columns, rows] of sizes) {
    for (let y = 0; y < rows && columns > 0; y++) {
      raw.push(isPoor ? 0 : dice(5));
      for (let i = 0; i < Math.ceil(columns * SAMPLES[colourType] * bitDepth / 8); i++) raw.push(dice(isPoor ? 2 : 256));
    }
  }
  const packed = zlib.deflateSync(Buffer.from(raw));
  const cut = dice(packed.length);
  const some = (count: number): Buffer => Buffer.from(Array.from({ length: count }, () => dice(256)));
  // Of tRNS's samples only as many bits count as the picture has; the rest must be 0.
  const clear = (count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => {
    const value = dice(isPoor ? 2 : 1 << Math.min(bitDepth, 8));
    return Buffer.from(bitDepth === 16 ? [dice(isPoor ? 2 : 256), value] : [0, value]);
  }));
  const chunks = [chunk('IHDR', headerOf(form))];
  if (colourType === 3) chunks.push(chunk('PLTE', some(3 << bitDepth)));
  if (form.hasTransparency) chunks.push(chunk('tRNS', colourType === 3 ? some(1 + dice(1 << bitDepth)) : clear(SAMPLES[colourType])));
  return wrap(chunks.concat([packed.subarray(0, cut), packed.subarray(cut), Buffer.alloc(0)].map((data) => chunk('IDAT', data))));
}

/** Columns and rows of the seven passes, counted in the standard's 8 by 8 pattern. */
function listPassSizes(width: number, height: number): number[][] {
  const pattern = ['16462646', '77777777', '56565656', '77777777', '36463646', '77777777', '56565656', '77777777'];
  return [1, 2, 3, 4, 5, 6, 7].map((pass) => {
    const rows = new Set<number>();
    const columns = new Set<number>();
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) if (pattern[y % 8][x % 8] === String(pass)) rows.add(y), columns.add(x);
    return [columns.size, rows.size];
  });
}

function decode(bytes: Uint8Array): PngImage {
  const reading = decodePng(bytes, inflateZlib);
  assert.ok(reading.kind === 'image', JSON.stringify(reading));
  return reading.image;
}

/** All samples, 16 bits each, most significant byte first. */
function pixelsOf(image: PngImage): Buffer {
  const row = new Uint16Array(image.width * 4);
  const pixels = Buffer.alloc(image.width * image.height * 8);
  for (let y = 0; y < image.height; y++) {
    readPngRow(image, y, row);
    row.forEach((value, i) => pixels.writeUInt16BE(value, (y * image.width * 4 + i) * 2));
  }
  return pixels;
}

test('crc32() gives what the standard and zlib give', { skip: fs.existsSync(PYTHON) ? false : 'no python3' }, () => {
  assert.equal(crc32(Buffer.from('IEND'), 0, 4), 0xae426082);
  const dice = makeDice(1);
  const bytes = Buffer.from(Array.from({ length: 1000 }, () => dice(256)));
  const name = path.join(makeTemporary(), 'bytes');
  fs.writeFileSync(name, bytes);
  const said = run(undefined, [PYTHON, '-c', 'import zlib,sys\nb=open(sys.argv[1],"rb").read()\nfor n in range(1000): print(zlib.crc32(b[3:n]))', name]).stdout.trim().split('\n').map(Number);
  assert.deepEqual(said.slice(3), said.slice(3).map((_, i) => crc32(bytes, 3, i + 3)));
});

for (const colourType of [0, 2, 3, 4, 6]) {
  test('decodePng() reads the pixels that ImageMagick reads, colour type ' + String(colourType), { skip: NO_CONVERT }, () => {
    const folder = makeTemporary();
    const dice = makeDice(colourType + 10);
    const mine: Buffer[] = [];
    const names: string[] = [];
    for (const bitDepth of DEPTHS[colourType]) {
      for (const [width, height] of [[1, 1], [3, 5], [8, 8], [33, 17], [4, 1], [2, 9]]) {
        for (const isInterlaced of [false, true]) {
          for (const hasTransparency of colourType < 4 ? [false, true] : [false]) {
            const bytes = makePng({ width, height, colourType, bitDepth, isInterlaced, hasTransparency }, dice);
            names.push(String(names.length) + '.png');
            fs.writeFileSync(path.join(folder, names[names.length - 1]), bytes);
            mine.push(pixelsOf(decode(bytes)));
          }
        }
      }
    }
    const done = run(folder, ['convert'].concat(names, ['-depth', '16', '-endian', 'MSB', 'rgba:all']));
    assert.equal(done.status, 0, done.stderr);
    const theirs = fs.readFileSync(path.join(folder, 'all'));
    assert.equal(theirs.length, mine.reduce((sum, pixels) => sum + pixels.length, 0));
    let at = 0;
    mine.forEach((pixels, i) => {
      assert.equal(Buffer.compare(pixels, theirs.subarray(at, at + pixels.length)), 0, names[i] + ' of ' + String(mine.length));
      at += pixels.length;
    });
  });
}

test('encodePng() writes what Pillow reads', { skip: NO_PILLOW }, () => {
  const folder = makeTemporary();
  const dice = makeDice(5);
  const read = 'import sys\nfrom PIL import Image\nfor n in sys.argv[1:]:\n i=Image.open(n); print(i.mode, i.size[0], i.size[1], i.convert("RGBA").tobytes().hex())';
  const expected: string[] = [];
  const names: string[] = [];
  for (const [width, height, isOpaque] of [[1, 1, 1], [7, 3, 0], [40, 30, 1], [31, 33, 0]]) {
    const rgba = Uint8Array.from({ length: width * height * 4 }, (_, i) => (i % 4 === 3 && isOpaque === 1 ? 255 : i % 5 === 0 ? dice(256) : i >> 2));
    names.push(path.join(folder, String(names.length) + '.png'));
    fs.writeFileSync(names[names.length - 1], encodePng({ width, height, rgba }, (bytes) => zlib.deflateSync(bytes)));
    expected.push([isOpaque === 1 ? 'RGB' : 'RGBA', width, height, Buffer.from(rgba).toString('hex')].join(' '));
  }
  assert.deepEqual(run(undefined, [PYTHON, '-c', read].concat(names)).stdout.trim().split('\n'), expected);
});

const PLAIN: Form = { width: 20, height: 10, colourType: 2, bitDepth: 8, isInterlaced: false, hasTransparency: false };

test('decodePng() names what is wrong with a picture', () => {
  const why = (bytes: Uint8Array): string => {
    const reading = decodePng(bytes, inflateZlib);
    return reading.kind === 'image' ? 'nothing' : reading.why;
  };
  const header = (form: Partial<Form>): Buffer => chunk('IHDR', headerOf({ ...PLAIN, ...form }));
  const pixels = (bytes: number): Buffer => chunk('IDAT', zlib.deflateSync(Buffer.alloc(bytes)));
  const good = wrap([header({}), pixels(610)]);
  const changed = (at: number): Uint8Array => good.map((byte, i) => (i === at ? byte ^ 1 : byte));
  assert.equal(why(good), 'nothing');
  assert.equal(why(changed(0)), 'it does not begin as a PNG');
  assert.equal(why(changed(20)), 'the checksum of its chunk IHDR is wrong');
  assert.equal(why(changed(45)), 'the checksum of its chunk IDAT is wrong');
  assert.equal(why(good.subarray(0, good.length - 12)), 'it is cut off');
  assert.equal(why(good.subarray(0, 50)), 'its chunk IDAT is cut off');
  assert.equal(why(wrap([header({}), pixels(609)])), 'its pixels do not unpack to 610 bytes');
  assert.equal(why(wrap([header({}), pixels(611)])), 'its pixels do not unpack to 610 bytes');
  assert.equal(why(wrap([header({})])), 'its pixels do not unpack to 610 bytes');
  assert.equal(why(wrap([header({ bitDepth: 4 }), pixels(610)])), 'its IHDR says what no PNG can be');
  assert.equal(why(wrap([header({ width: 0 }), pixels(610)])), 'its IHDR says what no PNG can be');
  assert.equal(why(wrap([header({ colourType: 3 }), pixels(210)])), 'its palette is missing or wrong');
  assert.equal(why(wrap([header({ colourType: 3 }), chunk('PLTE', Buffer.alloc(4)), pixels(210)])), 'its palette is missing or wrong');
  assert.equal(why(wrap([header({ colourType: 3 }), chunk('PLTE', Buffer.alloc(3)), chunk('tRNS', Buffer.alloc(2)), pixels(210)])), 'its chunk tRNS is wrong');
  assert.equal(why(wrap([header({}), pixels(610), chunk('tRNS', Buffer.alloc(6))])), 'its chunk tRNS is out of place');
  assert.equal(why(wrap([header({}), chunk('ABcD', Buffer.alloc(0)), pixels(610)])), 'nobody can show it who does not know its chunk ABcD');
  assert.equal(why(wrap([header({}), pixels(610), chunk('tIME', Buffer.alloc(7)), pixels(610)])), 'its IDAT chunks are apart');
  assert.equal(why(wrap([header({}), chunk('IDAT', zlib.deflateSync(Buffer.alloc(610, 7)))])), 'row 0 has an unknown filter');
  // A header may promise anything; nothing is made ready for it.
  assert.equal(why(wrap([header({ width: 10001, height: 10000 }), pixels(610)])), '10001 x 10000 pixels are more than are compared');
  assert.equal(why(wrap([header({ width: 10000, height: 10000, colourType: 6, bitDepth: 16 }), pixels(610)])), 'its pixels take more than 320 MiB');
});

function ruleOf(comparison: Comparison): string {
  assert.equal(comparison.kind, 'equivalent', JSON.stringify(comparison));
  return comparison.kind === 'equivalent' ? comparison.rule : '';
}

/** Runs commands in a new folder; returns a reader of what they made. */
function makeFiles(commands: string[][]): (name: string) => Uint8Array {
  const folder = makeTemporary();
  for (const command of commands) {
    const done = run(folder, command);
    assert.equal(done.status, 0, command.join(' ') + ': ' + done.stderr);
  }
  return (name) => Uint8Array.from(fs.readFileSync(path.join(folder, name)));
}

const NO_CRUSHER = NO_CONVERT || (hasProgram('pngcrush') && hasProgram('optipng') ? false : 'no pngcrush or optipng');

test('comparePng() finds the same pixels in what other programs made of a picture, and names what they changed', { skip: NO_CRUSHER }, () => {
  const read = makeFiles([
    ['convert', '-size', '64x48', 'gradient:#204060-#f0a030', '-depth', '8', '-strip', 'png24:a.png'],
    ['convert', 'a.png', '-strip', '-quality', '11', 'png24:filtered.png'],
    ['convert', 'a.png', '-strip', '-interlace', 'PNG', 'png24:interlaced.png'],
    ['convert', 'a.png', '-strip', 'png48:deep.png'],
    ['convert', 'a.png', '-strip', 'png32:alpha.png'],
    ['convert', 'a.png', '-strip', '-colors', '200', 'png8:palette.png'],
    ['convert', 'palette.png', '-strip', 'png24:unpaletted.png'],
    ['pngcrush', '-q', '-brute', 'filtered.png', 'crushed.png'],
    ['optipng', '-quiet', '-o2', 'interlaced.png', '-i0', '-out', 'optimized.png'],
  ]);
  const a = read('a.png');
  assert.equal(ruleOf(compareBytesOf(a, read('filtered.png'))), 'PNG by pixel: compression differs');
  assert.equal(ruleOf(compareBytesOf(a, read('interlaced.png'))), 'PNG by pixel: interlacing differs');
  assert.match(ruleOf(compareBytesOf(a, read('deep.png'))), /^PNG by pixel: bit depth differs$/);
  assert.match(ruleOf(compareBytesOf(a, read('alpha.png'))), /^PNG by pixel: colour type differs$/);
  assert.match(ruleOf(compareBytesOf(read('palette.png'), read('unpaletted.png'))), /^PNG by pixel: colour type and chunk PLTE differ$/);
  for (const name of ['crushed.png', 'optimized.png']) assert.match(ruleOf(compareBytesOf(a, read(name))), /^PNG by pixel: /);
});

test('comparePng() names chunks that differ and what texts and dates say', { skip: NO_PILLOW }, () => {
  const make = 'from PIL import Image, PngImagePlugin as P\nimport os\n'
    + 'def w(name, texts, **more):\n i=P.PngInfo()\n for k,v in texts: i.add_text(k,v)\n'
    + ' if "time" in more: i.add(b"tIME", bytes(more.pop("time")))\n if "gama" in more: i.add(b"gAMA", more.pop("gama"))\n'
    + ' if "comment" in more: i.add_itxt("Comment", more.pop("comment"))\n'
    + ' Image.new("RGB",(4,3),(1,2,3)).save(name, "PNG", pnginfo=i, **more)\n'
    + 'w("a",[("Software","plot 1.0"),("b","x")],time=[7,232,2,3,4,5,6])\nw("b",[("Software","plot 1.1"),("b","x")],time=[7,233,2,3,4,5,6])\n'
    + 'w("c",[],dpi=(100,100))\nw("d",[],dpi=(200,200))\nw("e",[],gama=b"\\0\\0\\1\\0")\nw("f",[],gama=b"\\0\\0\\2\\0")\nw("g",[("k\\x1b","\\x1b[2J")])\n'
    + 'w("h",[],comment="one")\nw("i",[],comment="two")\nopen("j","wb").write(open("h","rb").read()+b"more")\n';
  const read = makeFiles([[PYTHON, '-c', make]]);
  assert.deepEqual(compareBytesOf(read('a'), read('b')), {
    kind: 'equivalent', rule: 'PNG by pixel: chunks tEXt and tIME differ',
    detail: '12 pixels are the same; "Software" is "plot 1.0" and "plot 1.1"; "tIME" is "2024-02-03 04:05:06" and "2025-02-03 04:05:06"',
  });
  assert.equal(ruleOf(compareBytesOf(read('c'), read('d'))), 'PNG by pixel: chunk pHYs differs');
  assert.equal(ruleOf(compareBytesOf(read('h'), read('i'))), 'PNG by pixel: chunk iTXt differs');
  assert.equal(ruleOf(compareBytesOf(read('h'), read('j'))), 'PNG by pixel: bytes behind the picture differ');
  assert.deepEqual(compareBytesOf(read('e'), read('f')), {
    kind: 'different', rule: 'PNG by pixel', detail: '12 pixels are the same, but not what says how they look: chunk gAMA', causes: [],
  });
  const hostile = compareBytesOf(read('c'), read('g'));
  assert.ok(hostile.kind === 'equivalent' && hostile.detail.includes('"k%1B" is not there and "%1B[2J"'), JSON.stringify(hostile));
});

/** Two pictures of 8 bits, of which about `percent` of 100 pixels differ by up to `most`. */
function makePair(seed: number, percent: number, most: number): { first: Uint8Array; second: Uint8Array; width: number; height: number; rgba: Uint8Array; other: Uint8Array } {
  const dice = makeDice(seed);
  const [width, height] = [20 + dice(60), 20 + dice(60)];
  const rgba = Uint8Array.from({ length: width * height * 4 }, () => dice(256));
  const other = Uint8Array.from(rgba);
  for (let pixel = 0; pixel < width * height; pixel++) {
    if (dice(100) < percent) other[pixel * 4 + dice(4)] = Math.max(0, Math.min(255, other[pixel * 4] + dice(2 * most + 1) - most));
  }
  const encode = (pixels: Uint8Array): Uint8Array => encodePng({ width, height, rgba: pixels }, (bytes) => zlib.deflateSync(bytes));
  return { first: encode(rgba), second: encode(other), width, height, rgba, other };
}

test('comparePng() counts the pixels that Pillow finds different, and says by how much and where', { skip: NO_PILLOW }, () => {
  const folder = makeTemporary();
  const judge = 'import sys\nfrom PIL import Image, ImageChops\nfor n in range(int(sys.argv[1])):\n'
    + ' a,b=[Image.open("%s%d.png"%(c,n)).convert("RGBA") for c in "ab"]\n'
    + ' m=ImageChops.difference(a,b).split(); m=[max(t) for t in zip(*[list(x.getdata()) for x in m])]\n'
    + ' w=a.size[0]; p=[(i%w,i//w) for i,v in enumerate(m) if v]\n x=[q[0] for q in p]; y=[q[1] for q in p]\n'
    + ' print(len(p), len(m), max(m), min(x), min(y), max(x), max(y), sum(1 for v in m if v>9))\n';
  const pairs = Array.from({ length: 20 }, (_, i) => makePair(i, 1 + i * 4, 1 + i * 3));
  pairs.forEach(({ first, second }, i) => {
    fs.writeFileSync(path.join(folder, 'a' + String(i) + '.png'), first);
    fs.writeFileSync(path.join(folder, 'b' + String(i) + '.png'), second);
  });
  const said = run(folder, [PYTHON, '-c', judge, String(pairs.length)]).stdout.trim().split('\n').map((line) => line.split(' ').map(Number));
  const digits = (value: number): string => (value > 999 ? String(Math.floor(value / 1000)) + ',' + String(value % 1000).padStart(3, '0') : String(value));
  pairs.forEach(({ first, second }, i) => {
    const [differing, pixels, most, left, top, right, bottom, beyond] = said[i];
    const comparison = compareBytesOf(first, second);
    assert.ok(comparison.kind === 'different');
    const parts = /^(\S+) of (\S+) pixels differ \((\S+) %\), at most (\d+) of 255, within the rectangle (\d+),(\d+) to (\d+),(\d+)$/.exec(comparison.detail);
    assert.ok(parts !== null, comparison.detail);
    assert.deepEqual(parts.slice(1), [digits(differing), digits(pixels), parts[3], most, left, top, right, bottom].map(String));
    assert.ok(Math.abs(Number(parts[3]) - 100 * differing / pixels) <= 0.05, comparison.detail);
    const tolerated = compareBytesOf(first, second, { absolute: 9, relative: 0 });
    assert.equal(tolerated.kind, beyond > 0 ? 'different' : 'equivalent');
    if (tolerated.kind === 'different') assert.ok(tolerated.detail.endsWith(', ' + digits(beyond) + ' of them by more than that'), tolerated.detail);
    assert.equal(compareBytesOf(first, second, { absolute: most, relative: 0 }).kind, 'equivalent', 'a tolerance includes its bound');
    assert.equal(compareBytesOf(first, second, { absolute: most - 1, relative: 1 }).kind, 'different', 'a relative tolerance means nothing');
  });
});

test('comparePng() says what it does with one pixel, other sizes and 16 bits', () => {
  const draw = (width: number, height: number, at: number, value: number): Uint8Array => {
    const rgba = new Uint8Array(width * height * 4).fill(255);
    if (at >= 0) rgba[at] = value;
    return encodePng({ width, height, rgba }, (bytes) => zlib.deflateSync(bytes));
  };
  const one = draw(10, 10, 4 * 23 + 1, 238);
  assert.deepEqual(compareBytesOf(draw(10, 10, -1, 0), one), { kind: 'different', rule: 'PNG by pixel', detail: '1 of 100 pixels differs (1 %), at most 17 of 255, at 3,2', causes: [] });
  assert.deepEqual(compareBytesOf(draw(10, 10, -1, 0), one, { absolute: 17, relative: 0 }), {
    kind: 'equivalent', rule: 'PNG by pixel, channels within 17 of 255', detail: '1 of 100 pixels differs (1 %), at most 17 of 255, at 3,2',
  });
  assert.deepEqual(compareBytesOf(draw(10, 10, -1, 0), draw(9, 11, -1, 0), { absolute: 255, relative: 0 }), {
    kind: 'different', rule: 'PNG by pixel, channels within 255 of 255', detail: '10 x 10 and 9 x 11 pixels; 90 pixels that both have are the same', causes: [],
  });
  const deep = (value: number): Uint8Array => wrap([chunk('IHDR', headerOf({ ...PLAIN, width: 1, height: 1, colourType: 0, bitDepth: 16 })), chunk('IDAT', zlib.deflateSync(Buffer.from([0, value >> 8, value & 255])))]);
  assert.deepEqual(compareBytesOf(deep(0x1234), deep(0x1235)), { kind: 'different', rule: 'PNG by pixel', detail: '1 of 1 pixel differs (100 %), at most 1 of 65,535, at 0,0', causes: [] });
  const paletted = (red: number): Uint8Array => wrap([chunk('IHDR', headerOf({ ...PLAIN, width: 2, height: 1, colourType: 3 })), chunk('PLTE', Buffer.from([0, 0, 0, red, 0, 0])), chunk('IDAT', zlib.deflateSync(Buffer.from([0, 1, 0])))]);
  assert.deepEqual(compareBytesOf(paletted(1), paletted(3)), { kind: 'different', rule: 'PNG by pixel', detail: '1 of 2 pixels differs (50 %), at most 2 of 255, at 0,0', causes: [] });
  assert.equal(compareBytesOf(deep(0), deep(257), { absolute: 1, relative: 0 }).kind, 'equivalent');
  assert.equal(compareBytesOf(deep(0), deep(258), { absolute: 1, relative: 0 }).kind, 'different');
});

test('drawPngDifference() shows every differing pixel in colour, all others in grey or as a frame', () => {
  for (const [seed, percent] of [[1, 0.02], [2, 1], [3, 40], [4, 100]]) {
    const { first, second, width, height, rgba, other } = makePair(seed, percent < 1 ? 0 : percent, 200);
    const changed = Uint8Array.from(other);
    if (percent < 1) changed[4 * (width * 7 + 11) + 2] ^= 1;
    const drawn = drawPngDifference(first, percent < 1 ? encodePng({ width, height, rgba: changed }, (bytes) => zlib.deflateSync(bytes)) : second, inflateZlib, (bytes) => zlib.deflateSync(bytes));
    assert.ok(drawn !== undefined);
    const image = decode(drawn);
    assert.deepEqual([image.width, image.height], [width, height]);
    const pixels = pixelsOf(image);
    let framed = 0;
    for (let i = 0; i < width * height; i++) {
      const [red, green, blue] = [0, 2, 4].map((at) => pixels[i * 8 + at]);
      const isChanged = [0, 1, 2, 3].some((channel) => rgba[i * 4 + channel] !== changed[i * 4 + channel]);
      const isFrame = blue > 200 && red < 50;
      if (isFrame) framed += 1;
      if (isChanged) assert.ok(red > 80 && blue === 0 && green <= 165, 'pixel ' + String(i) + ' is marked');
      else if (!isFrame) assert.ok(red === green && green === blue && red > 160, 'pixel ' + String(i) + ' is pale');
    }
    if (percent < 40) assert.ok(framed > 10, 'there is a frame');
  }
});

test('drawPngDifference() draws no frame over a differing pixel', () => {
  const [width, height] = [200, 200];
  const [rgba, other] = [new Uint8Array(width * height * 4).fill(255), new Uint8Array(width * height * 4).fill(255)];
  const places: number[] = [60 * width + 194];
  // An L, whose box has empty corners; the frame around it goes over the pixel beside it.
  for (let at = 10; at <= 190; at++) places.push(at * width + 10, 190 * width + at);
  for (const place of places) other[place * 4] = 0;
  const encode = (pixels: Uint8Array): Uint8Array => encodePng({ width, height, rgba: pixels }, (bytes) => zlib.deflateSync(bytes));
  const drawn = drawPngDifference(encode(rgba), encode(other), inflateZlib, (bytes) => zlib.deflateSync(bytes));
  assert.ok(drawn !== undefined);
  const pixels = pixelsOf(decode(drawn));
  for (const place of places) assert.deepEqual([0, 2, 4].map((at) => pixels[place * 8 + at] > 80), [true, false, false], String(place));
  assert.ok(pixels[(62 * width + 194) * 8 + 4] > 200, 'the frame is there');
});

test('drawPngDifference() has room for both pictures, and gives none for what cannot be read', () => {
  const blank = (width: number, height: number): Uint8Array => encodePng({ width, height, rgba: new Uint8Array(width * height * 4).fill(255) }, (bytes) => zlib.deflateSync(bytes));
  const drawn = drawPngDifference(blank(10, 20), blank(30, 5), inflateZlib, (bytes) => zlib.deflateSync(bytes));
  assert.ok(drawn !== undefined);
  const image = decode(drawn);
  assert.deepEqual([image.width, image.height], [30, 20]);
  const pixels = pixelsOf(image);
  const colourAt = (x: number, y: number): number[] => [0, 2, 4].map((at) => pixels[(y * 30 + x) * 8 + at]);
  assert.deepEqual([colourAt(2, 2), colourAt(29, 19)], [[255, 255, 255], [255, 255, 255]]);
  assert.notDeepEqual(colourAt(2, 15), colourAt(25, 2), 'what only the first has is not what only the second has');
  assert.notDeepEqual(colourAt(2, 15), [255, 255, 255]);
  assert.equal(drawPngDifference(blank(1, 1), new Uint8Array(10), inflateZlib, (bytes) => bytes), undefined);
});

test('comparePng() survives damaged pictures', () => {
  const dice = makeDice(77);
  const bases: Uint8Array[] = [];
  for (const colourType of [0, 2, 3, 4, 6]) {
    for (const bitDepth of DEPTHS[colourType]) bases.push(makePng({ width: 9, height: 7, colourType, bitDepth, isInterlaced: dice(2) === 0, hasTransparency: colourType < 4 }, dice));
  }
  assert.ok(assertSurvives(bases, 1500, 1).has('unchecked'));
  // With their checksums made right again the damage comes further.
  const kinds = new Set<string>();
  for (let round = 0; round < 3000; round++) {
    const bytes = Uint8Array.from(bases[dice(bases.length)]);
    const view = new DataView(bytes.buffer);
    for (let i = dice(3); i >= 0; i--) bytes[16 + dice(bytes.length - 16)] = [0, 1, 2, 3, 4, 8, 16, 255, dice(256)][dice(9)];
    for (let at = 8; at + 12 <= bytes.length;) {
      const end = at + 8 + view.getUint32(at);
      if (end + 4 > bytes.length) break;
      view.setUint32(end, crc32(bytes, at + 4, end));
      at = end + 4;
    }
    const comparison = compareBytesOf(bases[0], bytes);
    kinds.add(comparison.kind);
    assert.ok(JSON.stringify(comparison).length < 10000);
  }
  assert.ok(kinds.has('unchecked') && kinds.has('different'), Array.from(kinds).join());
});
