// percent.test.ts - percent-encoding of fields, held against awk and python3.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { decodeText, encodeText, makeHarmless } from '../src/formats/percent.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

const ALL_BYTES = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
// Bytes at which a rule begins or ends.
const EDGES = '\0\t\n\r\x1b\x1f !%/09@AFGaf[\\]^~\x7f\x80\x9f\xa0\xbf\xc0\xc1\xc2\xc3\xdf\xe0\xe2\xed\xef\xf0\xf4\xf5\xff'.split('');

/** Random byte strings, the same for the same seed. */
function makeRandom(seed: number, count: number): string[] {
  let state = seed;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: count }, () => Array.from({ length: 1 + next(40) }, () => (next(2) === 0 ? EDGES[next(EDGES.length)] : ALL_BYTES[next(256)])).join(''));
}

const PAIRS = ([] as string[]).concat(...EDGES.map((first) => EDGES.map((second) => first + second)));
const CASES = ALL_BYTES.concat(PAIRS, PAIRS.map((pair) => 'a' + pair + 'z'), PAIRS.map((pair) => pair + '\x80\x80'), makeRandom(1, 3000));

/** The rules of docs/record-format.txt, 2, once more and otherwise: by characters that TextDecoder finds. */
function encodeByTheBook(bytes: string): string {
  const escape = (code: number): string => '%' + code.toString(16).toUpperCase().padStart(2, '0');
  let text = '';
  for (let at = 0; at < bytes.length;) {
    let length = 0;
    for (let n = 1; n <= 4 && at + n <= bytes.length && length === 0; n++) {
      const decoded = Buffer.from(bytes.slice(at, at + n), 'latin1').toString('utf8');
      const isWhole = decoded.indexOf('\ufffd') < 0 || bytes.slice(at, at + n) === '\xef\xbf\xbd';
      if (isWhole && Array.from(decoded).length === 1) length = n;
    }
    const part = bytes.slice(at, at + Math.max(length, 1));
    const code = length === 0 ? -1 : Buffer.from(part, 'latin1').toString('utf8').codePointAt(0) as number;
    const isEnd = at === 0 || at + 1 === bytes.length;
    const isEscaped = code < 0x20 || code === 0x25 || (code >= 0x7f && code <= 0x9f) || (part === ' ' && isEnd) || (part === '\\' && at + 1 === bytes.length);
    text += isEscaped ? Array.from(part, (byte) => escape(byte.charCodeAt(0))).join('') : part;
    at += part.length;
  }
  return text;
}

test('decodeText() undoes encodeText() for every byte, pairs at the edges of the rules and random bytes', () => {
  for (const bytes of CASES) assert.equal(decodeText(encodeText(bytes)), bytes, JSON.stringify(bytes));
});

test('encodeText() encodes what the format says and nothing else', () => {
  for (const bytes of CASES) assert.equal(encodeText(bytes), encodeByTheBook(bytes), JSON.stringify(bytes));
});

test('encodeText() gives well-formed UTF-8 without control bytes, spaces at the ends or a final backslash', () => {
  for (const bytes of CASES) {
    const encoded = encodeText(bytes);
    assert.ok(!/[\0-\x1f\x7f]|\xc2[\x80-\x9f]|^ | $|\\$|%(?![0-9A-F]{2})/.test(encoded), JSON.stringify(encoded));
    const text = Buffer.from(encoded, 'latin1');
    assert.ok(Buffer.from(text.toString('utf8'), 'utf8').equals(text), JSON.stringify(encoded));
  }
});

test('encodeText() of the empty text is empty, of any other is not', () => {
  assert.equal(encodeText(''), '');
  for (const bytes of CASES) assert.notEqual(encodeText(bytes), '');
});

test('decodeText() leaves a "%" that no two digits follow', () => {
  const table: [string, string][] = [['%', '%'], ['%4', '%4'], ['%zz', '%zz'], ['%%41', '%A'], ['%41%', 'A%'], ['%2541', '%41'], ['%c3%a9', '\xc3\xa9'], ['', '']];
  for (const [encoded, bytes] of table) assert.equal(decodeText(encoded), bytes);
});

test('awk and python3 decode what encodeText() wrote to the same bytes', () => {
  const folder = makeTemporary();
  const texts = CASES.filter((bytes) => bytes !== '\n');
  fs.writeFileSync(path.join(folder, 'encoded'), texts.map((bytes) => encodeText(bytes) + '\n').join(''), 'latin1');
  const whole = texts.map((bytes) => bytes + '\n').join('');
  // One pass from the left: what comes out of a %25 must not be taken for the begin of another.
  const awk = 'BEGIN { for (i = 0; i < 256; i++) byte[sprintf("%02X", i)] = i } '
    + '{ while ((at = index($0, "%")) > 0) { printf "%s", substr($0, 1, at - 1); printf "%c", byte[substr($0, at + 1, 2)]; $0 = substr($0, at + 3) } printf "%s\\n", $0 }';
  const python = "import sys, urllib.parse\nfor line in open('encoded', 'rb'): sys.stdout.buffer.write(urllib.parse.unquote_to_bytes(line))";
  const judges: [string, string[]][] = [['gawk', ['gawk', '-b', awk, 'encoded']], ['original-awk', ['original-awk', awk, 'encoded']], ['python3', ['python3', '-c', python]]];
  let judged = 0;
  for (const [program, argv] of judges) {
    if (!hasProgram(program)) continue;
    const isCut = program === 'original-awk'; // it prints no NUL
    const done = run(folder, argv, { env: { LC_ALL: 'C' } });
    assert.equal(isCut ? done.stdout.replace(/\0/g, '') : done.stdout, isCut ? whole.replace(/\0/g, '') : whole, program);
    judged += 1;
  }
  assert.ok(judged > 0, 'no judge is installed');
});

test('makeHarmless() lets no control character and no change of direction through', () => {
  const table: [string, string][] = [
    ['plain text', 'plain text'], ['\x1b[31m', '%1B[31m'], ['a\nb\tc\r', 'a%0Ab%09c%0D'], ['\x7f', '%7F'], ['\xc2\x9b2J', '%C2%9B2J'],
    ['\xff', '%FF'], ['caf\xc3\xa9', 'caf\xc3\xa9'], ['\xe2\x80\xae', '%E2%80%AE'], ['\xe2\x81\xa6', '%E2%81%A6'], ['\xd8\x9c', '%D8%9C'], ['\0', '%00'], ['100%', '100%'],
  ];
  for (const [bytes, shown] of table) assert.equal(makeHarmless(bytes), shown);
  for (const bytes of CASES) assert.ok(!/[\0-\x1f\x7f]|\xc2[\x80-\x9f]/.test(makeHarmless(bytes)), JSON.stringify(bytes));
});
