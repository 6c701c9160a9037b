// comparetext.test.ts - texts with numbers and tables, held against python3; where they differ and why.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import type { CompareOptions } from '../src/sys/compare.ts';
import { NumberScanner } from '../src/formats/numbers.ts';
import { askPython, causesOf, compareContents, compareTwoFiles, detailOf, makeDice, ruleOf } from './comparerig.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

const WIDE = { tolerance: { absolute: 1e12, relative: 0 } };
const needsPython = { skip: hasProgram('python3') ? false : 'python3 is not here' };

function listNumbers(text: string): string[] {
  const scanner = new NumberScanner(text);
  const found: string[] = [];
  while (scanner.next()) found.push(text.slice(scanner.start, scanner.end));
  return found;
}

test('NumberScanner finds numbers and takes what only looks like one as text', () => {
  const cases: [string, string[]][] = [
    ['x = -3.5e-7, y=+.5 z:12', ['-3.5e-7', '+.5', '12']],
    ['1.0D+05 2d-3 3E4', ['1.0D+05', '2d-3', '3E4']],
    ['nan NaN -inf Infinity', ['nan', 'NaN', '-inf', 'Infinity']],
    ['(1+2j) 1.5-2e3j', ['1', '+2', '1.5', '-2e3']],
    ['3.1+/-0.2 3.1+-0.2 3\xc2\xb10.1 2\xc3\x975', ['3.1', '0.2', '3.1', '0.2', '3', '0.1', '2', '5']],
    ['It is 3.14. Step 12: 5% [1,2;3]', ['3.14', '12', '5', '1', '2', '3']],
    ['version 1.2.3 v1.2 x86_64 3D 2nd 0x1F 1_000', []],
    ['2024-01-31 20240131 10:30:05 31.12.2024 1/2/2024 192.168.0.1', []],
    ['1,234,567.8 and 12,345', []],
    ['0.5,123,7.25', ['0.5', '123', '7.25']],
    ['10-20 a-5 --5 1e5x http://host:8080/7', []],
    ['20241332 host:8080', ['20241332', '8080']],
    ['9'.repeat(400), []],
  ];
  for (const [text, numbers] of cases) assert.deepEqual(listNumbers(text), numbers, text);
});

const NEAR = `
import json, math, sys
def near(a, b, absolute, relative):
    if a.lstrip('+-').isdigit() and b.lstrip('+-').isdigit():
        return abs(int(a) - int(b)) <= max(absolute, relative * max(abs(int(a)), abs(int(b))))
    a, b = (float(w.replace('d', 'e').replace('D', 'e')) if 'n' not in w.lower() else float(w) for w in (a, b))
    return math.isclose(a, b, rel_tol=relative, abs_tol=absolute) or (math.isnan(a) and math.isnan(b))
print(json.dumps([near(*case) for case in json.load(open(sys.argv[1]))]))`;

function makeNumber(dice: (below: number) => number): string {
  const digits = (most: number): string => Array.from({ length: 1 + dice(most) }, () => dice(10)).join('');
  const sign = ['', '', '-', '+'][dice(4)];
  switch (dice(6)) {
    case 0: return sign + digits(25);
    case 1: return sign + digits(4) + '.' + (dice(2) === 0 ? digits(17) : '');
    case 2: return sign + '.' + digits(6);
    case 3: return sign + digits(1) + '.' + digits(9) + 'eEdD'[dice(4)] + ['', '-', '+'][dice(3)] + digits(2);
    case 4: return sign + ['nan', 'inf', 'Infinity', 'NaN'][dice(4)];
    default: return sign + digits(3);
  }
}

/** Another number not far from the first, often so near that the tolerance decides. */
function moveNumber(word: string, dice: (below: number) => number): string {
  const at = dice(word.length);
  return /\d/.test(word[at]) ? word.slice(0, at) + dice(10) + word.slice(at + 1) : word + (/^[+-]?\d+$/.test(word) && dice(2) === 0 ? '0' : '');
}

test('compareFiles() takes two numbers for equal when math.isclose() of python3 does', needsPython, () => {
  const dice = makeDice(7);
  const cases: [string, string, number, number][] = [];
  while (cases.length < 5000) {
    const first = makeNumber(dice);
    const second = dice(4) === 0 ? makeNumber(dice) : moveNumber(first, dice);
    const isUsable = (word: string): boolean => listNumbers(word)[0] === word;
    if (first !== second && isUsable(first) && isUsable(second)) cases.push([first, second, [0, 1e-9, 0.001, 1, 1e6][dice(5)], [0, 1e-12, 1e-6, 0.01, 0.5][dice(5)]]);
  }
  const near = askPython(NEAR, cases) as boolean[];
  assert.ok(near.filter((isNear) => isNear).length > 500 && near.filter((isNear) => !isNear).length > 500, 'both happen often');
  cases.forEach(([first, second, absolute, relative], i) => {
    const compared = compareContents('x ' + first + ' y', 'x ' + second + ' y', { tolerance: { absolute, relative } });
    assert.equal(compared.kind, near[i] ? 'equivalent' : 'different', JSON.stringify(cases[i]));
  });
});

test('compareFiles() tells integers apart that are the same double', () => {
  const options = { tolerance: { absolute: 0.5, relative: 0 } };
  assert.equal(compareContents('9007199254740993\n', '9007199254740992\n', options).kind, 'different');
  assert.equal(compareContents('9007199254740993\n', '9007199254740992\n', { tolerance: { absolute: 1, relative: 0 } }).kind, 'equivalent');
  assert.equal(compareContents('1e400\n', '1e401\n', { tolerance: { absolute: 0, relative: 1 } }).kind, 'different');
});

const TALLY = `
import json, sys
def tally(texts):
    lines = zip(*(text.splitlines() for text in texts))
    pairs = [(float(a), float(b), n + 1) for n, (x, y) in enumerate(lines) for a, b in zip(x.split(), y.split())]
    apart = [p for p in pairs if p[0] != p[1]]
    far = max(apart, key=lambda p: abs(p[0] - p[1]))
    return [len(apart), len(pairs), float('%.2g' % abs(far[0] - far[1])), far[2], apart[0][2]]
print(json.dumps([tally(texts) for texts in json.load(open(sys.argv[1]))]))`;

test('compareFiles() counts numbers that differ and finds the largest difference as python3 does', needsPython, () => {
  const dice = makeDice(3);
  const cases = Array.from({ length: 50 }, () => {
    const rows = Array.from({ length: 30 }, () => Array.from({ length: 4 }, () => (dice(2000000) / 1000 - 1000)));
    const others = rows.map((row) => row.map((value) => (dice(10) === 0 ? value + dice(1000) / 997 : value)));
    return [rows, others].map((table) => table.map((row) => row.join(' ') + '\n').join(''));
  });
  const tallies = askPython(TALLY, cases) as number[][];
  cases.forEach(([first, second], i) => {
    const detail = detailOf(compareContents(first, second));
    const parts = /^(\d+) of (\d+) numbers differ, by up to (\S+) absolute \(line (\d+)\), \S+ relative \(line \d+\), first at line (\d+)$/.exec(detail);
    assert.ok(parts !== null, detail);
    assert.deepEqual(parts.slice(1).map(Number), tallies[i], detail);
  });
});

test('compareFiles() passes over spaces only where they pad a number that changed its width', () => {
  const tolerance = { absolute: 1, relative: 0 };
  const kindOf = (first: string, second: string): string => compareContents(first, second, { tolerance }).kind;
  assert.equal(kindOf('a   9.9 m\n', 'a  10.1 m\n'), 'equivalent');
  assert.equal(kindOf('a 9.9   m\n', 'a 10.1  m\n'), 'equivalent');
  assert.equal(kindOf('  9.9  9.8\n', ' 10.1 10.2\n'), 'equivalent');
  assert.match(ruleOf(compareContents('a   9.9 m\n', 'a  10.1 m\n', { tolerance })), /without the spaces that pad them/);
  assert.equal(kindOf('a  9.9 m\n', 'a  10.1  m\n'), 'different');
  assert.equal(kindOf('a  9.9 m\n', 'a   9.8 m\n'), 'different');
  assert.equal(kindOf('a\t9.9\n', 'a 10.1\n'), 'different');
  assert.equal(kindOf('a  b 9.9\n', 'a b 9.9\n'), 'different');
});

test('compareFiles() accepts nothing but numbers within the tolerance', () => {
  for (const [first, second] of [['a 1', 'b 1'], ['1.2.3', '1.2.4'], ['2024-01-31', '2024-01-30'], ['x86_64', 'x86_65'], ['1', '1 2'], ['1,234', '1,235'], ['1\n', '1'], ['1\r\n', '1\n'], ['0x10', '0x11']]) {
    assert.equal(compareContents(first, second, WIDE).kind, 'different', first);
  }
});

test('compareFiles() without a tolerance calls every difference in a text one', () => {
  assert.deepEqual(compareContents('x 1.0\n', 'x 1.00\n'), {
    kind: 'different', rule: 'text, byte for byte', detail: '1 of 1 number written otherwise, all of the same value', causes: [],
  });
  assert.equal(detailOf(compareContents('a\nb\nc\n', 'a\nx\nb\nc\n')), '3 lines against 4; 1 line differs, first line 2: "x" only in the second');
  assert.equal(detailOf(compareContents('a\nb\n', 'a\r\nb\r\n')), 'only line ends differ: LF against CR LF');
  assert.equal(detailOf(compareContents('a\n\x1b[31m\n', 'a\n\x1b[32m\n')), '1 of 2 lines differs, first line 2: "%1B[31m" against "%1B[32m"');
  assert.equal(detailOf(compareContents('\0\x01abc', '\0\x01abd')), '1 of 5 bytes differs, first at byte 5');
  assert.equal(detailOf(compareContents('\0\x01abc', '\0\x01ab')), '5 bytes against 4, the same up to byte 4');
});

test('compareFiles() says what it cannot read', () => {
  const folder = makeTemporary();
  fs.writeFileSync(path.join(folder, 'a'), 'x');
  assert.deepEqual(compareTwoFiles(path.join(folder, 'a'), path.join(folder, 'none')), { kind: 'unchecked', why: 'the second is gone' });
  assert.deepEqual(compareTwoFiles(folder, path.join(folder, 'a')), { kind: 'unchecked', why: 'the first is no regular file' });
  assert.deepEqual(compareTwoFiles(path.join(folder, 'a'), path.join(folder, 'a')), { kind: 'identical' });
});

test('compareFiles() compares what is larger than 256 MiB as a stream', () => {
  const folder = makeTemporary();
  const [first, second] = ['a', 'b'].map((name) => path.join(folder, name));
  for (const name of [first, second]) {
    fs.closeSync(fs.openSync(name, 'w'));
    fs.truncateSync(name, (256 << 20) + 5000);
  }
  assert.deepEqual(compareTwoFiles(first, second), { kind: 'identical' });
  const fd = fs.openSync(second, 'r+');
  fs.writeSync(fd, 'xyz', 200000000);
  fs.closeSync(fd);
  assert.equal(detailOf(compareTwoFiles(first, second)), '3 of 268,440,456 bytes differ, first at byte 200,000,001; too large to compare by kind');
});

const WRITE_TABLES = `
import csv, io, json, sys
def write(rows, **how):
    out = io.StringIO(newline='')
    csv.writer(out, **how).writerows(rows)
    return out.getvalue()
styles = [dict(lineterminator=e, quoting=q, delimiter=d) for d in ',;\\t|' for e in ('\\n', '\\r\\n') for q in (csv.QUOTE_ALL, csv.QUOTE_MINIMAL)]
print(json.dumps([[write(rows, **style) for style in styles] for rows in json.load(open(sys.argv[1]))]))`;

test('compareFiles() takes tables of python3\'s csv for the same, however quoted, and names the cell that differs', needsPython, () => {
  const dice = makeDice(11);
  const makeCell = (): string => Array.from({ length: 1 + dice(6) }, () => 'ab ,;|"\n\'x7.'[dice(12)]).join('');
  const tables = Array.from({ length: 20 }, () => [['name', 'fit', 'note']].concat(Array.from({ length: 3 + dice(6) }, () => [makeCell(), String(dice(1000) / 8), makeCell()])));
  const changed = tables.map((table) => table.map((row, i) => (i === 2 ? [row[0], row[1], row[2] + '!'] : row)));
  const written = askPython(WRITE_TABLES, tables.concat(changed)) as string[][];
  tables.forEach((table, i) => {
    for (let style = 0; style < 16; style += 4) {
      const variants = written[i].slice(style, style + 4);
      for (const variant of variants) {
        const compared = compareContents(variants[0], variant, { path: 'x.csv' });
        assert.ok(variant === variants[0] ? compared.kind === 'identical' : compared.kind === 'equivalent', JSON.stringify([variants[0], variant, compared]));
        const other = compareContents(variant, written[tables.length + i][style], { path: 'x.csv' });
        assert.equal(other.kind, 'different');
        assert.match(detailOf(other), /^1 of \d+ cells differs.*column note, row 3: /, JSON.stringify(table));
      }
    }
  });
});

test('compareFiles() compares tables by cell', () => {
  const table = 'x,fit,name\n1,0.5,a\n2,0.25,b\n';
  assert.equal(detailOf(compareContents(table, table.replace('0.25', '0.75'))), '1 of 4 numbers differs, by 0.5 absolute, 0.67 relative, at column fit, row 3');
  assert.equal(ruleOf(compareContents(table, table.replace('0.25', '0.250'))), 'table by cell, numbers by value');
  assert.equal(ruleOf(compareContents(table, table.replace(/\n/g, '\r\n'))), 'table by cell, without line ends');
  assert.equal(ruleOf(compareContents(table, table.replace('0.25', '0.26'), { tolerance: { absolute: 0.1, relative: 0 } })), 'table by cell, numbers within 0.1 absolute');
  assert.match(detailOf(compareContents(table, table + '3,1,c\n')), /^3 rows against 4, first at row 4$/);
  assert.match(detailOf(compareContents(table, table.replace('2,0.25,b', '2,0.25'), { path: 'x.csv' })), /row 3: 3 cells against 2/);
});

type Hinted = [first: string, second: string, causes: string[], hints?: Partial<CompareOptions>];

test('findCauses() names a cause when it accounts for every difference, and else none', () => {
  const noon = Date.UTC(2026, 10, 25, 12);
  const spans = { firstSpan: [noon, noon + 60000] as [number, number], secondSpan: [noon + 7200000, noon + 7260000] as [number, number] };
  const places = { firstPlaces: ['/home/a/proj', '/home/a'], secondPlaces: ['/tmp/x/proj', '/tmp/x'] };
  const cases: Hinted[] = [
    ['a\nb\nc\n', 'c\na\nb\n', ['order of lines']],
    ['a\nb\nb\n', 'b\na\na\n', []],
    ['a\nb\nc', 'a\nb\nc\n', []],
    ['on 2026-11-25T12:00:01\n', 'on 2026-11-25T14:00:01\n', ['time stamp']],
    ['on 2026-11-25T12:00:01\n', 'on 2026-11-25T14:00:01\n', ['time stamp'], spans],
    ['on 2020-01-05\n', 'on 2020-01-06\n', [], spans],
    ['on 2026-11-25 x\n', 'on 2026-11-26 y\n', []],
    ['t 1764072001\n', 't 1764079201\n', []],
    ['t ' + noon / 1000 + '\n', 't ' + (noon / 1000 + 7210) + '.5\n', ['time stamp'], spans],
    ['t ' + noon / 1000 + '\n', 't ' + (noon / 1000 + 9000) + '\n', [], spans],
    ['start time: 1764072001\n', 'start time: 1764079201\n', ['time stamp']],
    ['elapsed 00:01:23\n', 'elapsed 00:01:25\n', []],
    ['at 13:00:30\n', 'at 15:00:31\n', ['time stamp'], spans],
    ['at 13:07:30\n', 'at 15:00:31\n', [], spans],
    ['made in /home/a/proj/src.\n', 'made in /tmp/x/proj/src.\n', ['build path'], places],
    ['made in /home/a/proj2\n', 'made in /tmp/x/proj3\n', [], places],
    ['made in /home/a/proj at 2026-11-25\n', 'made in /tmp/x/proj at 2026-11-26\n', ['build path', 'time stamp'], places],
    ['b /home/a/proj\na\n', 'a\nb /tmp/x/proj\n', ['build path', 'order of lines'], places],
    ['/home/a/x.c:1\n/home/a/y.c\n', '/srv/b/x.c:1\n/srv/b/y.c\n', ['build path']],
    ['/home/a/x.c:1\n/home/a/y.c\n', '/srv/b/x.c:1\n/srv/c/y.c\n', []],
    ['/usr/bin/python3.9\n', '/usr/bin/python3.11\n', []],
    ['x 1.5 2.25\n', 'x 1,5 2,25\n', ['locale']],
    ['a,b\n1.5,2.5\n', 'a;b\n1,5;2,5\n', ['locale']],
    ['1,234.5\n', '1.234,5\n', ['locale']],
    ['cannot open \xe2\x80\x98x\xe2\x80\x99\n', "cannot open 'x'\n", ['locale']],
    ['May 5, Mon\n', 'Mai 5, lun.\n', ['locale']],
    ['May 5\n', 'Juni 5\n', []],
    ['abc\n', 'abd\n', []],
  ];
  for (const [first, second, causes, hints] of cases) {
    assert.deepEqual(causesOf(compareContents(first, second, hints)), causes, first + second);
    const turned = hints === undefined ? {} : { firstPlaces: hints.secondPlaces, secondPlaces: hints.firstPlaces, firstSpan: hints.secondSpan, secondSpan: hints.firstSpan };
    assert.deepEqual(causesOf(compareContents(second, first, turned)), causes, second + first);
  }
});

test('findCauses() knows the dates that date(1) prints, and the two orders of sort(1)', () => {
  const formats = ['%c', '%D %T', '%F %T', '%FT%T%z', '%a %b %e %H:%M:%S %Z %Y', '%A, %d %B %Y', '%Y%m%dT%H%M%SZ', '%B %d, %Y %H:%M', '%d.%m.%Y', '%Y/%m/%d %R', 'run-%Y%m%d-%H%M%S.log', 'time %s'];
  const print = (format: string, time: number): string => run(undefined, ['date', '-u', '-d', '@' + time, '+' + format], { env: { LC_ALL: 'C' } }).stdout;
  const times = [1795608000, 1795708333];
  const hints = { firstSpan: [times[0] * 1000, times[0] * 1000 + 999] as [number, number], secondSpan: [times[1] * 1000, times[1] * 1000 + 999] as [number, number] };
  for (const format of formats.filter((name) => name !== '%D %T')) {
    const [first, second] = times.map((time) => print(format, time));
    assert.notEqual(first, second);
    assert.deepEqual(causesOf(compareContents(first, second, hints)), ['time stamp'], first);
    assert.deepEqual(causesOf(compareContents(print(format, 1000000000), second, hints)), [], 'no date of the run: ' + first);
  }
  const day = print('%d.%m.%Y', 1652227200); // 11.05.2022
  const span: [number, number] = [1652227200000, 1652230000000];
  assert.deepEqual(causesOf(compareContents('17.02.2021', day, { firstSpan: span, secondSpan: span })), [], 'there is no month 17, which would be May of the next year');
  const words = 'beta\nAlpha\ngamma\nDelta\nalpha_2\nepsilon\n';
  const [bytes, letters] = [['sort'], ['sort', '-f', '-d']].map((argv) => run(undefined, argv, { input: words, env: { LC_ALL: 'C' } }).stdout);
  assert.deepEqual(causesOf(compareContents(bytes, letters)), ['locale']);
  assert.deepEqual(causesOf(compareContents(bytes, words)), ['order of lines']);
});
