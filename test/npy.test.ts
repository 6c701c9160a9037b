// npy.test.ts - NumPy arrays compared element by element, held against NumPy and Python's math.isclose.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import type { Comparison } from '../src/core/comparison.ts';
import { readNpyHeader } from '../src/formats/npyheader.ts';
import { PYTHON, assertSurvives, compareBytesOf, makeDice } from './binaryrig.ts';
import { makeTemporary, run } from './rig.ts';

const NO_NUMPY = fs.existsSync('/usr/lib/python3/dist-packages/numpy') ? false : 'no python3-numpy';

/** Runs a script in a new folder; returns a reader of the files it made, and what it printed. */
function runNumpy(script: string): { read(name: string): Uint8Array; lines: string[] } {
  const folder = makeTemporary();
  fs.writeFileSync(path.join(folder, 'make.py'), 'import sys, json, math, cmath\nimport numpy as np\n' + script);
  const done = run(folder, [PYTHON, 'make.py'], { env: { PYTHONWARNINGS: 'ignore' } });
  assert.equal(done.status, 0, done.stderr);
  return { read: (name) => Uint8Array.from(fs.readFileSync(path.join(folder, name))), lines: done.stdout.trim().split('\n') };
}

// Pairs of random arrays of every type, order and byte order, some values changed a little or a lot,
// with what Python says of them: one JSON a line.
const RANDOM_PAIRS = `
rng = np.random.RandomState(4)
types = ['i1','i2','i4','i8','u1','u2','u4','u8','f2','f4','f8','c8','c16','f16','c32','b1','S3','U2','M8[s]','m8[ns]']
def close(a, b, rel, abs_):
    if isinstance(a, (complex, np.complexfloating)):
        if a == b: return True
        part = lambda x, y: x == y or (x != x and y != y)
        if part(a.real, b.real) and part(a.imag, b.imag): return True
        return cmath.isclose(complex(a), complex(b), rel_tol=rel, abs_tol=abs_)
    if a == b or (a != a and b != b): return True
    if isinstance(a, (int, np.integer)):
        a, b = int(a), int(b)
        return abs(a - b) <= max(abs_, rel * max(abs(a), abs(b)))
    return math.isclose(float(a), float(b), rel_tol=rel, abs_tol=abs_)
def same(a, b):
    if isinstance(a, (complex, np.complexfloating)):
        return all(x == y or (x != x and y != y) for x, y in ((a.real, b.real), (a.imag, b.imag)))
    return bool(a == b or (a != a and b != b))
def fill(t, n):
    d = np.dtype(t)
    if d.kind in 'iu':
        return np.frombuffer(rng.bytes(n * d.itemsize), d).copy() if rng.rand() < .5 else rng.randint(0, 100, n).astype(d)
    if d.kind == 'b': return rng.rand(n) < .5
    if d.kind == 'S': return np.array([rng.bytes(2).hex()[:3].encode() for _ in range(n)], 'S3').reshape(n)
    if d.kind == 'U': return np.array([chr(rng.randint(33, 0x2000)) for _ in range(n)], 'U2').reshape(n)
    if d.kind in 'mM': return rng.randint(0, 2**40, n).astype('i8').view(d)
    x = rng.randn(n) * 10.0 ** rng.randint(-4, 5)
    if d.kind == 'c': x = x + 1j * rng.randn(n)
    x = x.astype(d)
    if d.kind == 'f' and d.itemsize == 16: x = x / 3
    for i in range(n):
        r = rng.rand()
        if r < .03: x[i] = np.nan
        elif r < .06: x[i] = np.inf * rng.choice([-1, 1])
        elif r < .08: x[i] = 0
    return x
def change(a):
    b = a.copy(); d = a.dtype
    for i in range(len(b)):
        if rng.rand() > .3: continue
        if d.kind in 'iu': b[i] = b[i] ^ d.type(rng.randint(1, 4))
        elif d.kind == 'b': b[i] = not b[i]
        elif d.kind in 'SU': b[i] = 'q'
        elif d.kind in 'mM': b[i] = b[i] + np.array(1, 'i8').view('m8[%s]' % str(d)[-3:].strip('8[]'))
        else:
            r = rng.rand()
            if r < .05: b[i] = np.nan
            elif r < .1: b[i] = np.inf
            elif r < .2: b[i] = -b[i]
            elif d.itemsize >= 16 and r < .6: b[i] = b[i] * (1 + np.finfo(d).eps * 4)
            else: b[i] = b[i] * d.type(1 + rng.choice([1e-2, 1e-3, 1e-6])) + d.type(rng.choice([0, 1e-3]))
    return b
def save(name, a, order, swap):
    if swap: a = a.astype(a.dtype.newbyteorder('>'))
    np.save(name, np.array(a, order=order))
for n in range(400):
    t = types[n % len(types)]
    shape = [(7,), (3, 4), (2, 3, 4), (), (1, 5), (4, 1, 3)][rng.randint(6)]
    count = int(np.prod(shape))
    a = fill(t, count); b = change(a) if rng.rand() < .9 else a.copy()
    rel, abs_ = [(0, 0), (1e-3, 0), (0, 2e-3), (1e-2, 1e-3), (0, 1.0), (0, 3.0)][rng.randint(6)]
    exact = a.dtype.kind not in 'iufc'
    differing = [i for i in range(count) if not same(a[i], b[i])]
    beyond = differing if exact else [i for i in range(count) if not close(a[i], b[i], rel, abs_)]
    orders = [rng.choice(['C', 'F']) for _ in 'ab']; swaps = [bool(rng.rand() < .3) and a.dtype.kind != 'b' and a.dtype.itemsize > 1 and a.dtype.itemsize // (2 if a.dtype.kind == 'c' else 1) <= 8 for _ in 'ab']
    save('a%d.npy' % n, a.reshape(shape), orders[0], swaps[0]); save('b%d.npy' % n, b.reshape(shape), orders[1], swaps[1])
    # Extended numbers are told apart by more than a double has.
    def far(i):
        x = abs(a[i] - b[i])
        return float(x) if math.isfinite(float(x)) else None
    distances = [] if exact else [d for d in map(far, differing) if d is not None] if a.dtype.kind in 'fc' else [abs(int(a[i]) - int(b[i])) for i in differing]
    first = [int(x) for x in np.unravel_index(differing[0], shape)] if differing and shape else None
    print(json.dumps([t, count, len(differing), len(beyond), float(max(distances)) if distances else None, first, rel, abs_, open('a%d.npy' % n, 'rb').read() == open('b%d.npy' % n, 'rb').read()]))
`;

test('compareNpy() counts what Python counts, over all types, orders and tolerances', { skip: NO_NUMPY }, () => {
  const { read, lines } = runNumpy(RANDOM_PAIRS);
  assert.equal(lines.length, 400);
  const kinds = new Map<string, number>();
  lines.forEach((line, n) => {
    const [type, count, differing, beyond, most, first, relative, absolute, isSame] = JSON.parse(line) as [string, number, number, number, number | null, number[] | null, number, number, boolean];
    const comparison = compareBytesOf(read('a' + String(n) + '.npy'), read('b' + String(n) + '.npy'), { absolute, relative });
    const shown = line + ' ' + JSON.stringify(comparison);
    kinds.set(comparison.kind, (kinds.get(comparison.kind) ?? 0) + 1);
    assert.equal(comparison.kind, isSame ? 'identical' : beyond > 0 ? 'different' : 'equivalent', shown);
    if (comparison.kind !== 'different' && comparison.kind !== 'equivalent') return;
    if (differing === 0) {
      assert.match(comparison.detail, / the same$/, shown);
      return;
    }
    const thing = /^[iufc]/.test(type) ? 'number' : 'value';
    assert.ok(comparison.detail.startsWith(String(differing) + ' of ' + String(count) + ' ' + thing), shown);
    if (thing === 'number' && (relative > 0 || absolute > 0) && beyond > 0) assert.ok(comparison.detail.includes(', ' + String(beyond) + ' by more than that'), shown);
    if (first !== null) assert.ok(comparison.detail.includes(', first at [' + first.join(', ') + ']'), shown);
    const said = /at most (\S+) absolute/.exec(comparison.detail);
    assert.equal(said === null, most === null || most === 0, shown);
    if (said !== null && most !== null) assert.ok(Math.abs(Number(said[1]) - most) <= Math.abs(most) * 0.06, shown);
  });
  for (const kind of ['identical', 'different', 'equivalent']) assert.ok((kinds.get(kind) ?? 0) > 20, JSON.stringify(Array.from(kinds)));
});

test('compareNpy() says what is different where, and which rule makes two the same', { skip: NO_NUMPY }, () => {
  const { read } = runNumpy(`
a = np.arange(12, dtype='f8').reshape(3, 4); b = a.copy(); b[1, 2] += .5; b[2, 0] *= 1.1
np.save('a', a); np.save('b', b); np.save('fortran', np.asfortranarray(a)); np.save('big', a.astype('>f8')); np.save('single', a.astype('f4'))
np.save('third', (a / 3)); np.save('third4', (a / 3).astype('f4')); np.save('row', a.reshape(12)); np.save('longer', np.arange(13.0))
z = np.zeros(3); z[1] = np.nan; y = -z; y[1:2].view('u8')[0] = 0x7ff8000000000001; np.save('zero', z); np.save('minus', y)
np.save('scalar', np.float64(1.5)); np.save('scalar2', np.float64(1.75)); np.save('huge', np.array([2**63-1, 5], 'i8')); np.save('huge2', np.array([2**63-2, 5], 'i8'))
t = np.dtype([('x', 'f8'), ('p', [('y', '>i4'), ('z', 'S2')]), ('m', 'f4', (2, 2))], align=True)
s = np.zeros(3, t); s['x'] = 1; u = s.copy(); u['x'][2] = 1.25; u['m'][1, 0, 1] = 7; u['p']['z'][0] = b'k'; np.save('s', s); np.save('u', u)
w = s.copy(); w['x'][1] = 1 + 1e-9; np.save('w', w)
raw = bytearray(open('s.npy', 'rb').read()); raw[-17] ^= 1; open('r.npy', 'wb').write(raw)
np.save('fields', np.zeros(3, [('x', 'f8'), ('q', 'i4')])); np.save('fields2', np.zeros(3, [('x', 'f4'), ('q', 'i4'), ('r', 'i1')]))
np.lib.format.write_array(open('v2.npy', 'wb'), a, version=(2, 0)); np.lib.format.write_array(open('v3.npy', 'wb'), a, version=(3, 0))
np.save('object', np.array([1, 'a', None], object), allow_pickle=True); np.save('object2', np.array([1, 'b', None], object), allow_pickle=True)
open('longtail.npy', 'wb').write(open('a.npy', 'rb').read() + b'tail'); open('cut.npy', 'wb').write(open('a.npy', 'rb').read()[:-8])
np.save('c', np.array([1+1j, 2])); np.save('d', np.array([1+1.0001j, 2])); np.save('e', np.array([np.nan+1j, 2])); np.save('f', np.array([np.nan+1.0001j, 2]))
np.save('little', np.array([1, 256], '<i2')); np.save('large', np.array([256, 1], '>i2')); np.save('empty', np.zeros((0, 3))); np.save('empty2', np.zeros((3, 0))); np.save('i4', np.arange(3, dtype='i4')); np.save('f4', np.arange(3, dtype='f4')); np.save('U', np.array(['ab'])); np.save('V', np.array(['ab']).astype('>U2'))
`);
  const compare = (first: string, second: string, absolute = 0, relative = 0): Comparison => compareBytesOf(read(first + '.npy'), read(second + '.npy'), absolute + relative === 0 ? undefined : { absolute, relative });
  const different = (detail: string, rule = 'npy by element'): Comparison => ({ kind: 'different', rule, detail, causes: [] });
  const same = (rule: string, detail = '12 elements are the same'): Comparison => ({ kind: 'equivalent', rule, detail });
  assert.deepEqual(compare('a', 'b'), different('2 of 12 numbers differ, at most 0.8 absolute, 0.091 relative, first at [1, 2], worst at [2, 0] (8 and 8.8)'));
  assert.deepEqual(compare('a', 'b', 0.6), different('2 of 12 numbers differ, 1 by more than that, at most 0.8 absolute, 0.091 relative, first at [1, 2], worst at [2, 0] (8 and 8.8)', 'npy by element, numbers within 0.6 absolute'));
  assert.deepEqual(compare('a', 'b', 0, 0.1), same('npy by element, numbers within 0.1 relative', '2 of 12 numbers differ, at most 0.8 absolute, 0.091 relative, first at [1, 2], worst at [2, 0] (8 and 8.8)'));
  assert.deepEqual(compare('a', 'fortran'), same('npy by element: memory order differs'));
  assert.deepEqual(compare('a', 'big'), same('npy by element: byte order differs'));
  assert.deepEqual(compare('fortran', 'big'), same('npy by element: memory order and byte order differ'));
  assert.deepEqual(compare('a', 'v2'), same('npy by element: spelling of the header differs'));
  assert.deepEqual(compare('v2', 'v3'), same('npy by element: spelling of the header differs'));
  assert.deepEqual(compare('a', 'longtail'), same('npy by element: bytes behind the array differ'));
  assert.deepEqual(compare('zero', 'minus'), same('npy by element: spelling of zeros, NaNs or padded numbers differs', '3 elements are the same'));
  assert.deepEqual(compare('U', 'V'), same('npy by element: byte order differs', '1 element is the same'));
  assert.deepEqual(compare('a', 'single'), different('type f8 and f4; the numbers are the same'));
  assert.deepEqual(compare('third', 'third4'), different('type f8 and f4; 8 of 12 numbers differ, at most 7.9e-8 absolute, 3.4e-8 relative, first at [0, 1], worst at [1, 3] (2.3333333333333335 and 2.3333333)'));
  assert.deepEqual(compare('i4', 'f4'), different('type i4 and f4; the numbers are the same'));
  assert.deepEqual(compare('little', 'large'), different('2 of 2 numbers differ, at most 260 absolute, 1 relative, first at [0] (1 and 256)'), 'the same bytes can be other numbers');
  assert.deepEqual(compare('a', 'row'), different('shape (3, 4) and (12,)'));
  assert.deepEqual(compare('row', 'longer'), different('shape (12,) and (13,)'));
  assert.deepEqual(compare('empty', 'empty2'), different('shape (0, 3) and (3, 0)'));
  assert.deepEqual(compare('scalar', 'scalar2'), different('1 of 1 number differs, at most 0.25 absolute, 0.14 relative (1.5 and 1.75)'));
  assert.deepEqual(compare('huge', 'huge2'), different('1 of 2 numbers differs, at most 1 absolute, 1.1e-19 relative, first at [0] (9223372036854775807 and 9223372036854775806)'));
  assert.deepEqual(compare('s', 'u'), different('field "x": 1 of 3 numbers differs, at most 0.25 absolute, 0.2 relative, first at [2] (1 and 1.25); '
    + 'field "p.z": 1 of 3 values differs, first at [0]; field "m": 1 of 12 numbers differs, at most 7 absolute, 1 relative, first at [1] (0 and 7)'));
  assert.equal(compare('s', 'w', 0, 1e-8).kind, 'equivalent');
  assert.deepEqual(compare('s', 'r'), same('npy by element: padding differs', '3 elements are the same'));
  assert.deepEqual(compare('fields', 'fields2'), different('field "x": f8 and f4; field "q": i4 and i4; field "r": missing and i1'));
  assert.deepEqual(compare('c', 'd', 1e-3), same('npy by element, numbers within 0.001 absolute, complex ones by modulus', '1 of 2 numbers differs, at most 0.0001 absolute, 0.000071 relative, first at [0] (1+1j and 1+1.0001j)'));
  assert.equal(compare('e', 'f', 1e-3).kind, 'equivalent', 'a NaN that both have does not hide the other part');
  assert.equal(compare('e', 'f', 1e-5).kind, 'different');
  assert.deepEqual(compare('object', 'object2'), { kind: 'unchecked', why: 'the first NumPy array cannot be read: its elements are pickled Python objects' });
  assert.deepEqual(compare('a', 'cut'), { kind: 'unchecked', why: 'the second NumPy array cannot be read: it has 88 bytes of the 96 that its shape needs' });
});

/** A file of format 1 with that header and no more data. */
function makeNpy(header: string, data = ''): Uint8Array {
  return Uint8Array.from(Buffer.from('\x93NUMPY\x01\0' + String.fromCharCode(header.length & 255, header.length >> 8) + header + data, 'latin1'));
}

test('compareNpy() reads a header only if it is one', () => {
  const why = (header: string): string => {
    const comparison = compareBytesOf(makeNpy(header, 'x'), makeNpy(header, 'y'));
    return comparison.kind === 'unchecked' ? comparison.why.replace(/^.*cannot be read: /, '') : comparison.kind;
  };
  const good = "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }";
  assert.equal(why(good), 'different');
  assert.equal(why(good + '   \n'), 'different');
  assert.equal(why('{"descr": "|u1", "fortran_order": False, "shape": (1L,)}'), 'different', 'as Python 2 wrote it');
  assert.equal(why("{'descr': '|u1', 'fortran_order': False, 'shape': (), }"), 'different');
  const bad = [
    ["{'descr': '|u1', 'fortran_order': False}", 'its header is not {descr, fortran_order, shape}'],
    [good.slice(0, -1) + " 'more': 1}", 'its header is not {descr, fortran_order, shape}'],
    [good + ' x', 'its header does not end where it should'],
    [good.replace('False', '0'), 'its fortran_order is neither True nor False'],
    [good.replace('False', '__import__("os")'), 'its header is no Python literal at byte 34'],
    [good.replace('(1,)', '(1)'), 'its shape is no tuple'],
    [good.replace('(1,)', '[1]'), 'its shape is no tuple'],
    [good.replace('(1,)', '(-1,)'), 'its header is no Python literal at byte 51'],
    [good.replace('(1,)', '(1.5,)'), 'its header is no Python literal at byte 51'],
    [good.replace('(1,)', '(999999999999999,' + ' 999999999999999,'.repeat(40) + ')'), 'it has more elements than NumPy counts'],
    [good.replace('(1,)', '(999999999999999, 4294967296, 0)'), 'it has more elements than NumPy counts'],
    [good.replace("'|u1'", "b'|u1'"), 'its header is no Python literal at byte 10'],
    [good.replace("'|u1'", "'|u3'"), 'it has elements of unknown type'],
    [good.replace("'|u1'", "'<f8 '"), 'it has elements of unknown type'],
    [good.replace("'|u1'", "'|O'"), 'its elements are pickled Python objects'],
    [good.replace("'|u1'", '('.repeat(100) + ')'.repeat(100)), 'its header is nested too deep'],
    [good.replace("'|u1'", "[('a', '|u1', (999999999, 999999999))]"), 'its descr has an array without end'],
    [good.replace("'|u1'", "[('a', [('b', '|u1')], (20000,))]"), 'it has more than 10000 fields'],
    [good.replace("'|u1'", "[('a',)]"), 'its descr has a field that is none'],
  ];
  for (const [header, said] of bad) assert.equal(why(header), said, header);
  // Nothing, however often, takes no time.
  const none = good.replace('(1,)', '(999999999999999, 9223)');
  for (const type of ["'|S0'", '[]', "[('a', '|S0', (99999999,))]", "[('a', [], (99999999,))]"]) assert.equal(why(none.replace("'|u1'", type)), 'equivalent', type);
  assert.equal(why(good.replace('(1,)', '(0, 999999999999999, 3)')), 'equivalent');
});

test('compareNpy() tells the two forms of long numbers apart', () => {
  // 1/3 and its neighbour, as NumPy keeps them on AArch64 (binary128) and on x86 (x87, with padding that is anything).
  const header = "{'descr': '<f16', 'fortran_order': False, 'shape': (2,), }";
  const make = (...hex: string[]): Uint8Array => makeNpy(header, hex.map((one) => Buffer.from(one, 'hex').toString('latin1')).join(''));
  const quad = '555555555555555555555555' + '5555fd3f';
  const quadNext = '565555555555555555555555' + '5555fd3f';
  const one = '0000000000000000000000000000ff3f';
  assert.deepEqual(compareBytesOf(make(quad, one), make(quadNext, one)), {
    kind: 'different', rule: 'npy by element', detail: '1 of 2 numbers differs, at most 4.8e-35 absolute, 1.4e-34 relative, first at [0] (0.3333333333333333 and 0.3333333333333333)', causes: [],
  });
  const x87 = 'abaaaaaaaaaaaaaafd3f';
  const x87Next = 'acaaaaaaaaaaaaaafd3f';
  assert.deepEqual(compareBytesOf(make(x87 + '000000000000', x87 + '7f4a01000000'), make(x87 + '000000000000', x87Next + '000000000000')), {
    kind: 'different', rule: 'npy by element', detail: '1 of 2 numbers differs, at most 2.7e-20 absolute, 8.1e-20 relative, first at [1] (0.3333333333333333 and 0.3333333333333333)', causes: [],
  });
  assert.deepEqual(compareBytesOf(make(x87 + '000000000000', x87 + '7f4a01000000'), make(x87 + '000000000000', x87 + '000000000000')), {
    kind: 'equivalent', rule: 'npy by element: spelling of zeros, NaNs or padded numbers differs', detail: '2 elements are the same',
  });
  // 1 and 2 in binary128 would both be 0 with padding.
  assert.equal(compareBytesOf(make(one, one), make(one, '00000000000000000000000000000040')).kind, 'different');
});

test('compareNpy() survives damaged arrays', { skip: NO_NUMPY }, () => {
  const { read } = runNumpy(`
for n, t in enumerate(['i1', '>i8', 'f2', '<f8', 'c16', 'f16', 'U3', 'M8[s]', [('x', 'f8'), ('p', [('y', '>i4'), ('', 'V3')]), ('m', 'f4', (2, 2))]]):
    a = np.zeros((4, 5), t); a.flat[3] = a.flat[4]; np.save('%d' % n, np.asfortranarray(a) if n % 2 else a)
`);
  const kinds = assertSurvives(Array.from({ length: 9 }, (_, i) => read(String(i) + '.npy')), 3000, 3);
  assert.deepEqual(Array.from(kinds).sort(), ['different', 'equivalent', 'identical', 'unchecked']);
  // Damage in the part that is parsed.
  const dice = makeDice(9);
  const signs = ["'", '"', '(', ')', '[', ']', '{', '}', ',', ':', ' ', '\\', '9', '<', 'S', 'L', 'None', "'a', "];
  for (let round = 0; round < 5000; round++) {
    let header = "{'descr': [('x', '<f8', (2,)), (('t', 'y'), [('z', '|S2')])], 'fortran_order': True, 'shape': (2, 3), }";
    for (let i = dice(4); i >= 0; i--) {
      const at = dice(header.length);
      header = header.slice(0, at) + signs[dice(signs.length)] + header.slice(at + dice(3));
    }
    const comparison = compareBytesOf(makeNpy(header, 'x'.repeat(108)), makeNpy(header, 'y'.repeat(108)));
    assert.ok(comparison.kind !== 'identical' && JSON.stringify(comparison).length < 5000, header);
  }
});

test('readNpyHeader() refuses types that NumPy refuses: names and titles twice, elements larger than 2 GiB', () => {
  const read = (descr: string): string => {
    const text = "{'descr': " + descr + ", 'fortran_order': False, 'shape': (0,), }\n";
    const reading = readNpyHeader(Buffer.concat([Buffer.from([0x93]), Buffer.from('NUMPY\x01\0' + String.fromCharCode(text.length, 0) + text, 'latin1')]));
    return reading.kind === 'array' ? '' : reading.why;
  };
  assert.equal(read("[('a', '<f8'), (('t', 'b'), '<f8'), ('', '|V4'), ('', '|V4')]"), '');
  for (const descr of ["[('a', '<f8'), ('a', '<i4')]", "[(('t', 'a'), '<f8'), (('t', 'b'), '<f8')]"]) assert.match(read(descr), /a field that is none/, descr);
  assert.match(read("[('a', '<f8', (0, 999999999999))]"), /an array without end/);
  assert.equal(read("'|S999999999'"), '');
  assert.match(read("'<U999999999'"), /larger than NumPy/);
});

test('readNpyHeader() refuses what NumPy refuses: a header of format 3 that is not UTF-8, more elements than 2^63', () => {
  const read = (version: number, name: string, shape: string): string => {
    const text = "{'descr': [('" + name + "', '|V0')], 'fortran_order': False, 'shape': " + shape + ', }\n';
    const lengthBytes = version === 1 ? [text.length, 0] : [text.length, 0, 0, 0];
    const reading = readNpyHeader(Buffer.concat([Buffer.from([0x93]), Buffer.from('NUMPY'), Buffer.from([version, 0].concat(lengthBytes)), Buffer.from(text, 'latin1')]));
    return reading.kind === 'array' ? '' : reading.why;
  };
  assert.deepEqual([read(1, 'n\xa3', '(3,)'), read(2, 'n\xa3', '(3,)'), read(3, 'n\xc2\xa3', '(3,)')], ['', '', '']);
  assert.match(read(3, 'n\xa3', '(3,)'), /not UTF-8/);
  assert.deepEqual([read(2, 'n', '(3L,)'), read(3, 'n', '(3L,)')], ['', 'its header is no Python literal at byte 60']);
  assert.equal(read(1, 'n', '(999999999999999, 9223)'), '');
  assert.match(read(1, 'n', '(999999999999999, 3, 999999999999999)'), /more elements/);
});
