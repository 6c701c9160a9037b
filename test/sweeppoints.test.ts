// sweeppoints.test.ts - the points of a sweep, held against seq, bash, Python's decimal, csv and itertools, and NumPy.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { printRatio, readExactDecimal } from '../src/core/decimals.ts';
import { Failure } from '../src/core/failure.ts';
import { SplitMix64 } from '../src/core/random.ts';
import { crossAxes, drawPoints, findSharedOutput, keyOfParameters, makeRowAxis, numberPoints, readParameterAxis, zipAxes } from '../src/core/sweep.ts';
import type { PointList, SweepAxis } from '../src/core/sweep.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

const NO_PYTHON = hasProgram('python3') ? false : 'no python3';
const NO_NUMPY = NO_PYTHON === false && run(undefined, ['python3', '-c', 'import numpy']).status === 0 ? false : 'no NumPy';

function listAxis(axis: SweepAxis): string[] {
  return Array.from({ length: axis.count }, (_, i) => axis.at(i)[0]);
}

function listPoints(points: PointList): string[] {
  return Array.from({ length: points.count }, (_, i) => points.at(i).join(' '));
}

const valuesOf = (text: string): string[] => listAxis(readParameterAxis('p', text));

/** What a Python program prints for these lines on its standard input. */
function askPython(program: string, lines: string[]): string[] {
  const done = run(makeTemporary(), ['python3', '-c', program], { input: lines.join('\n') + '\n', env: { PYTHONIOENCODING: 'latin-1' } });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout.replace(/\n$/, '').split('\n');
}

test('readParameterAxis() reads lists, texts in quotes and ranges', () => {
  const table: [string, string[]][] = [
    ['0.1,0.2,0.5', ['0.1', '0.2', '0.5']], ['a', ['a']], ['', ['']], ['a,', ['a', '']], [',,', ['', '', '']], ['a b,c', ['a b', 'c']],
    ['"a,b",c', ['a,b', 'c']], ['"say ""hi""",x', ['say "hi"', 'x']], ['""', ['']], ['5",6"', ['5"', '6"']], ['"1..3"', ['1..3']],
    ['1..3', ['1', '2', '3']], ['3..1', ['3', '2', '1']], ['-1..1', ['-1', '0', '1']], ['1..9..4', ['1', '5', '9']], ['9..1..-4', ['9', '5', '1']], ['9..1..4', ['9', '5', '1']],
    ['1..8..4', ['1', '5']], ['7..7', ['7']], ['0.1..0.5..0.1', ['0.1', '0.2', '0.3', '0.4', '0.5']], ['1..2..0.25', ['1.00', '1.25', '1.50', '1.75', '2.00']],
    ['.5..1.5..0.5', ['0.5', '1.0', '1.5']], ['1e-5..3e-5..1e-5', ['0.00001', '0.00002', '0.00003']], ['1e3..3e3..1e3', ['1000', '2000', '3000']],
    ['0.5..-0.5..0.5', ['0.5', '0.0', '-0.5']], ['-0.1..0.1..0.1', ['-0.1', '0.0', '0.1']], ['08..11', ['08', '09', '10', '11']], ['-05..5..5', ['-05', '000', '005']],
    ['1..3,10,20..21', ['1', '2', '3', '10', '20', '21']], ['../a,./b', ['../a', './b']], ['a..b', ['a..b']], ['x1..2', ['x1..2']], ['lin:0..1:3', ['0', '0.5', '1']],
    ['lin:0..1:4', ['0', '0.333333333333333', '0.666666666666667', '1']], ['lin:5..1:1', ['5']], ['lin:1e20..3e20:3', ['1e20', '2e20', '3e20']],
    ['log:1e-5..1e-1:5', ['1e-5', '0.0001', '0.001', '0.01', '0.1']], ['log:-1..-100:3', ['-1', '-10', '-100']], ['log:100..1:3', ['100', '10', '1']],
    ['log:1..1024:11', ['1', '2', '4', '8', '16', '32', '64', '128', '256', '512', '1024']], ['none,lin:0..1:2', ['none', '0', '1']],
  ];
  for (const [text, expected] of table) assert.deepEqual(valuesOf(text), expected, text);
});

test('readParameterAxis() refuses what looks like a range and is none', () => {
  for (const text of ['1..', '1..x', '1..2..', '1..2..0', '0.1..0.5', '1..9..-2', '"a', '"a"b', 'lin:0..1,5', 'lin:0..1:0', 'lin:0..1:x', 'log:0..1:3', 'log:-1..1:3', 'log:', 'lin:a..b:3', '1.2.3..4', '1..' + '9'.repeat(90)]) {
    assert.throws(() => valuesOf(text), (error) => error instanceof Failure && error.exitStatus === 2, text);
  }
});

test('a range in steps is what seq prints', () => {
  for (const [first, step, last] of [['1', '1', '100'], ['0.1', '0.1', '0.9'], ['1', '0.05', '3'], ['10', '-0.5', '2'], ['-3', '0.7', '3'], ['0.001', '0.001', '0.1'], ['100', '-7', '-100']]) {
    const done = run(undefined, ['seq', first, step, last]);
    assert.deepEqual(valuesOf(first + '..' + last + '..' + step), done.stdout.trim().split('\n'), first + ' ' + step + ' ' + last);
  }
});

test('a range with leading zeros is what bash makes of it', { skip: hasProgram('bash') ? false : 'no bash' }, () => {
  for (const range of ['001..100', '08..12', '1..010', '100..001..9', '-05..15..5', '10..-10..5']) {
    const done = run(undefined, ['bash', '-c', 'printf "%s\\n" {' + range + '}']);
    assert.deepEqual(valuesOf(range), done.stdout.trim().split('\n'), range);
  }
});

test('a range in steps is exact decimal arithmetic', { skip: NO_PYTHON }, () => {
  const ranges = [['0.1', '100', '0.1'], ['0.7', '-20', '0.13'], ['1e-9', '1e-7', '3e-10'], ['-1.005', '1.005', '0.001'], ['123456789012345678901234567890', '123456789012345678901234567990', '7']];
  const program = 'import sys\nfrom decimal import *\ngetcontext().prec = 200\nfor line in sys.stdin:\n  a, b, s = map(Decimal, line.split())\n  d = max(0, -a.as_tuple().exponent, -s.as_tuple().exponent)\n'
    + '  n = int(abs(b - a) // s)\n  print(" ".join(format((a + (s if b > a else -s) * i).quantize(Decimal(1).scaleb(-d)) + 0, "f") for i in range(n + 1)))';
  const expected = askPython(program, ranges.map((range) => range.join(' ')));
  ranges.forEach(([a, b, s], i) => assert.deepEqual(valuesOf([a, b, s].join('..')), expected[i].split(' '), a + '..' + b));
});

const EVEN_RANGES = ['0 1 11', '0 1 7', '-1 1 9', '0.1 0.9 33', '5 -5 4', '1e-300 1e300 5', '1e-5 0.1 1000', '1 3 100', '123.456 123.457 50', '0.001 1e15 17', '-7 -1e-9 23', '2 1e-4 6'];

test('lin: and log: are numbers to 15 digits, as exact arithmetic rounds them', { skip: NO_PYTHON }, () => {
  const program = 'import sys\nfrom decimal import *\ngetcontext().prec = 80\nfifteen = Context(prec=15, rounding=ROUND_HALF_EVEN)\ndef show(x): return str(fifteen.plus(x).normalize())\n'
    + 'for line in sys.stdin:\n  k, a, b, n = line.split()\n  a, b, n = Decimal(a), Decimal(b), int(n)\n  out = []\n  for i in range(n):\n    t = Decimal(i) / (n - 1)\n'
    + '    if i in (0, n - 1): v = a if i == 0 else b\n    elif k == "lin": v = (a * (n - 1 - i) + b * i) / (n - 1)\n    else: v = (abs(a).ln() + (abs(b).ln() - abs(a).ln()) * t).exp() * (1 if a > 0 else -1)\n    out.append(show(v))\n  print(" ".join(out))';
  const lines = EVEN_RANGES.map((range) => 'lin ' + range).concat(EVEN_RANGES.filter((range) => !/^0 |^-1 1|^5 -5/.test(range)).map((range) => 'log ' + range));
  const expected = askPython(program, lines);
  lines.forEach((line, i) => {
    const [kind, a, b, n] = line.split(' ');
    const values = valuesOf(kind + ':' + a + '..' + b + ':' + n);
    assert.equal(values.length, Number(n));
    expected[i].split(' ').forEach((text, j) => {
      assert.deepEqual(strip(values[j]), strip(text), line + ' [' + String(j) + ']');
      assert.match(values[j], /^-?(?:0|0\.\d*[1-9]|[1-9]\d{0,14}(?:\.\d*[1-9])?|[1-9](?:\.\d*[1-9])?e-?\d+)$/);
    });
  });
});

/** Digits and exponent without the zeros at the end, in whatever way it is spelled. */
function strip(text: string): [string, number] {
  const number = readExactDecimal(text);
  assert.ok(number !== undefined, text);
  const digits = number.digits.toString();
  const short = digits.replace(/0+$/, '');
  return digits === '0' ? ['0', 0] : [short, number.exponent + digits.length - short.length];
}

test('lin: and log: agree with NumPy', { skip: NO_NUMPY }, () => {
  const program = 'import sys, numpy\nfor line in sys.stdin:\n  k, a, b, n = line.split()\n  f = numpy.linspace if k == "lin" else numpy.geomspace\n  print(" ".join(repr(float(x)) for x in f(float(a), float(b), int(n))))';
  const lines = EVEN_RANGES.map((range) => 'lin ' + range).concat(EVEN_RANGES.filter((range) => !/^0 |^-1 1|^5 -5/.test(range)).map((range) => 'log ' + range));
  const expected = askPython(program, lines);
  lines.forEach((line, i) => {
    const [kind, a, b, n] = line.split(' ');
    const scale = Math.max(Math.abs(Number(a)), Math.abs(Number(b)));
    valuesOf(kind + ':' + a + '..' + b + ':' + n).forEach((value, j) => {
      const other = Number(expected[i].split(' ')[j]);
      // NumPy rounds at each step; near the middle of lin -1..1 that is as large as the value.
      const tolerance = kind === 'lin' ? 1e-15 * scale + 1e-14 * Math.abs(other) : 1e-12 * Math.abs(other);
      assert.ok(Math.abs(Number(value) - other) <= tolerance, line + ' [' + String(j) + '] ' + value + ' ' + String(other));
    });
  });
});

test('printRatio() rounds half to even and goes over to the next power of ten', () => {
  const table: [bigint, bigint, string][] = [
    [0n, 1n, '0'], [1n, 3n, '0.333333333333333'], [2n, 3n, '0.666666666666667'], [9999999999999995n, 10n ** 16n, '1'], [1000000000000005n, 1n, '1e15'], [1000000000000015n, 1n, '1.00000000000002e15'],
    [999999999999999n, 1n, '999999999999999'], [1n, 10000n, '0.0001'], [1n, 100000n, '1e-5'], [-1n, 8n, '-0.125'], [10n ** 30n, 1n, '1e30'], [123n, 1n, '123'], [100n, 1n, '100'],
  ];
  for (const [numerator, denominator, text] of table) assert.equal(printRatio(numerator, denominator), text);
});

test('SplitMix64 gives its published numbers', () => {
  // From the reference implementation in C, seed 1234567 (as in the test vectors of several libraries).
  const random = new SplitMix64(1234567n);
  assert.deepEqual([1, 2, 3, 4, 5].map(() => random.next()), [6457827717110365317n, 3203168211198807973n, 9817491932198370423n, 4593380528125082431n, 16408922859458223821n]);
});

test('SplitMix64.below() is even', () => {
  const random = new SplitMix64(7n);
  const counts = new Array(7).fill(0);
  for (let i = 0; i < 70000; i++) counts[random.below(7)] += 1;
  for (const count of counts) assert.ok(count > 9600 && count < 10400, counts.join(' '));
  assert.equal(new SplitMix64(0n).below(1), 0);
  assert.ok(new SplitMix64(0n).below(2 ** 53) < 2 ** 53);
});

test('crossAxes() is the product with the last axis fastest', { skip: NO_PYTHON }, () => {
  const axes = [readParameterAxis('a', '1..3'), readParameterAxis('b', 'x,y'), makeRowAxis(['c', 'd'], [['p', 'q'], ['r', 's']]), readParameterAxis('e', '5..7')];
  const [expected] = askPython('import itertools\nprint(";".join(" ".join(p) for p in itertools.product("123", "xy", ["p q", "r s"], "567")))', []);
  const points = crossAxes(axes);
  assert.deepEqual(points.names, ['a', 'b', 'c', 'd', 'e']);
  assert.deepEqual(listPoints(points), expected.split(';'));
});

test('crossAxes() lists nothing before it is asked', () => {
  const points = crossAxes([readParameterAxis('a', '1..1000000'), readParameterAxis('b', '0..999999'), readParameterAxis('c', '1..3')]);
  assert.equal(points.count, 3e12);
  assert.deepEqual(points.at(3e12 - 1), ['1000000', '999999', '3']);
  assert.equal(crossAxes([readParameterAxis('a', '1..1e30..1'), readParameterAxis('b', '1..2')]).count, Infinity);
  assert.throws(() => crossAxes([readParameterAxis('a', 'lin:0..1')]), /does not say how many/);
});

test('zipAxes() goes side by side and refuses different lengths', () => {
  const axis = (name: string, text: string): SweepAxis => readParameterAxis(name, text);
  assert.deepEqual(listPoints(zipAxes([axis('a', '1..3'), axis('b', 'x,y,z'), axis('c', 'one')])), ['1 x one', '2 y one', '3 z one']);
  assert.throws(() => zipAxes([axis('a', '1..3'), axis('b', 'x,y')]), /a has 3 values, b has 2/);
  assert.deepEqual(listPoints(zipAxes([axis('a', '1')])), ['1']);
});

test('drawPoints() draws each combination once, the same ones for the same seed', () => {
  const axes = [readParameterAxis('a', '1..20'), readParameterAxis('b', '1..10')];
  const all = listPoints(drawPoints(axes, 500, 3n));
  assert.equal(all.length, 200);
  assert.deepEqual(all.slice().sort(), listPoints(crossAxes(axes)).sort());
  assert.deepEqual(listPoints(drawPoints(axes, 50, 3n)), all.slice(0, 50), 'the first points do not depend on how many there are');
  assert.notDeepEqual(listPoints(drawPoints(axes, 50, 4n)), all.slice(0, 50));
});

test('drawPoints() draws from ranges without a number, within their ends', () => {
  const axes = [readParameterAxis('u', 'lin:-1..3'), readParameterAxis('v', 'log:1e-6..1'), readParameterAxis('w', 'a,b')];
  const points = drawPoints(axes, 2000, 11n);
  assert.equal(points.count, 2000);
  const rows = Array.from({ length: 2000 }, (_, i) => points.at(i));
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  for (const [u, v, w] of rows) assert.ok(Number(u) >= -1 && Number(u) <= 3 && Number(v) >= 1e-6 && Number(v) <= 1 && /^[ab]$/.test(w), [u, v, w].join(' '));
  assert.ok(Math.abs(mean(rows.map(([u]) => Number(u))) - 1) < 0.15);
  assert.ok(Math.abs(mean(rows.map(([, v]) => Math.log10(Number(v)))) + 3) < 0.25);
  assert.deepEqual(listPoints(drawPoints(axes, 10, 11n)), rows.slice(0, 10).map((row) => row.join(' ')));
  // Written down once: they are to be these on every runtime and for ever.
  assert.deepEqual(listPoints(drawPoints(axes, 3, 1n)), GOLDEN);
  assert.equal(drawPoints([readParameterAxis('u', 'lin:2..2')], 5, 1n).count, 1, 'no more than there are');
});

const GOLDEN = ['1.26624630068912 0.0298325614298402 a', '0.777436868223088 0.00046300769082314 a', '2.50939474705669 0.00137531784825746 b'];

test('the numbers drawn are those that Python computes from the documented rule', { skip: NO_PYTHON }, () => {
  const program = 'from decimal import *\ngetcontext().prec = 60\nM = (1 << 64) - 1\ns = 42\ndef bits():\n  global s\n  s = (s + 0x9e3779b97f4a7c15) & M\n  z = s\n  z = ((z ^ (z >> 30)) * 0xbf58476d1ce4e5b9) & M\n  z = ((z ^ (z >> 27)) * 0x94d049bb133111eb) & M\n'
    + '  return (z ^ (z >> 31)) >> 11\nfor i in range(20):\n  u = Decimal(bits()) / 2**53\n  v = Decimal(bits()) / 2**53\n  print(format(2 + 3 * u, ".15g"), format(Decimal("0.001") * Decimal(1000) ** v, ".15g"))';
  const points = drawPoints([readParameterAxis('u', 'lin:2..5'), readParameterAxis('v', 'log:0.001..1')], 20, 42n);
  askPython(program, []).forEach((line, i) => assert.deepEqual(points.at(i).map(strip), line.split(' ').map(strip)));
});

test('numberPoints() keeps recorded numbers and gives new ones in order', () => {
  const known = new Map([['a', 1], ['b', 2], ['gone', 7]]);
  const table: [string[], number[]][] = [[['a', 'b'], [1, 2]], [['b', 'c', 'a', 'd'], [2, 8, 1, 9]], [['x'], [8]], [[], []]];
  for (const [keys, numbers] of table) assert.deepEqual(numberPoints(keys, known), numbers);
  assert.deepEqual(numberPoints(['p', 'q', 'r'], new Map()), [1, 2, 3]);
  assert.deepEqual(numberPoints(['p', 'q'], new Map([['p', 3], ['q', 3]])), [3, 4], 'of two branches that both gave the number 3');
});

test('keyOfParameters() tells parameters apart, in any order', () => {
  assert.equal(keyOfParameters(['a 1', 'b 2']), keyOfParameters(['b 2', 'a 1']));
  assert.notEqual(keyOfParameters(['a 1', 'b 2']), keyOfParameters(['a 1b', ' 2']));
  assert.notEqual(keyOfParameters(['a 1\nb 2']), keyOfParameters(['a 1', 'b 2']));
});

test('findSharedOutput() finds paths that two points write', () => {
  const point = (number: number, ...outputs: string[]): { number: number; outputs: string[] } => ({ number, outputs });
  assert.equal(findSharedOutput([point(1, 'a/1', 'b/1'), point(2, 'a/2', 'b/2'), point(3, 'a/3', 'a/3')]), undefined);
  assert.deepEqual(findSharedOutput([point(1, 'a'), point(2, 'b'), point(3, 'a')]), { path: 'a', first: 1, second: 3 });
  assert.deepEqual(findSharedOutput([point(1, 'o/x/y'), point(2, 'o')]), { path: 'o', first: 2, second: 1 });
  assert.equal(findSharedOutput([point(1, 'o/x', 'o'), point(2, 'ox')]), undefined);
});
