// charts.test.ts - what the drawings of the report compute: ticks, texts of numbers, thinning, lanes, places; Python judges.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import vm from 'vm';
import { layOut } from '../src/core/layers.ts';
import { CHART_SCRIPTS, PAGE_FOLDER, makeRandom } from './chartrig.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

const NO_PYTHON = hasProgram('python3') ? false : 'no python3';
const NO_NUMPY = fs.existsSync('/usr/lib/python3/dist-packages/numpy') ? false : 'no python3-numpy';

type Ticks = { low: number; high: number; ticks: number[]; texts: string[] };
type Scale = { low: number; high: number; ticks: { at: number; text: string }[]; place: (value: number) => number; value: (pixel: number) => number; has: (value: unknown) => boolean };
type Point = [number | null, number];
type Box = { x: number; y: number; width: number; height: number; layer: number; middle: number };
type Charts = {
  chartNumber: (value: number) => string;
  chartBytes: (value: number) => string;
  chartSeconds: (value: number) => string;
  chartMoment: (ms: number) => string;
  chartLinearTicks: (low: number, high: number, count: number) => Ticks;
  chartLogTicks: (low: number, high: number, count: number) => Ticks;
  chartTimeTicks: (low: number, high: number, count: number) => { ticks: number[]; texts: string[] };
  chartScale: (extent: { low: number; high: number; isEmpty: boolean }, isLog: boolean, from: number, to: number, count: number, isTight: boolean) => Scale;
  chartThin: (points: Point[], scaleX: Scale, scaleY: Scale, columnPx?: number) => number[][];
  chartSpread: (wanted: number[], gap: number, low: number, high: number) => number[];
  chartLanes: (bars: { left: number; right: number; order: number; lane: number }[], gap: number) => number;
  chartStretches: (range: { low: number; high: number }, most: number) => { step: number; first: number; count: number };
  chartPlanGraph: (data: unknown, isUpright: boolean) => { boxes: Box[]; ways: { path: string }[]; width: number; height: number };
  chartIsPicture: (src: string) => boolean;
  chartWindow: (points: Point[], zoom: { low: number; high: number }) => Point[];
  chartLineLook: (index: number) => { className: string; dash: string | undefined };
};

/** The scripts as a page has them, without a document. */
function loadCharts(): Charts {
  const context = vm.createContext({ layOut });
  for (const name of CHART_SCRIPTS) vm.runInContext(fs.readFileSync(path.join(PAGE_FOLDER, name), 'utf8'), context, { filename: name });
  return context as unknown as Charts;
}

const charts = loadCharts();

/** What a program in Python says of values; an empty text is consent. */
function judge(program: string, values: unknown): void {
  const file = path.join(makeTemporary(), 'values.json');
  fs.writeFileSync(file, JSON.stringify(values));
  const done = run(undefined, ['python3', '-c', 'import json, sys\nvalues = json.load(open(sys.argv[1]))\n' + program, file]);
  assert.equal(done.stdout + done.stderr, '');
}

/** Pairs low < high of all magnitudes, some far from 0 and near one another. */
function makeRanges(count: number): [number, number][] {
  const random = makeRandom(7);
  return Array.from({ length: count }, (_, i) => {
    const size = Math.pow(10, random() * 24 - 12);
    const low = (random() - 0.5) * 2 * size;
    const span = i % 3 === 0 ? Math.abs(low) * (1e-6 + random() * 1e-3) + size * 1e-9 : size * random() + size * 1e-6;
    return [low, low + span];
  });
}

test('chartLinearTicks(): round, evenly apart, over the whole range, and their texts say so exactly', { skip: NO_PYTHON }, () => {
  const cases = makeRanges(2000).map(([low, high], i) => ({ count: 2 + (i % 8), range: charts.chartLinearTicks(low, high, 2 + (i % 8)), low, high }))
    .map((one) => ({ ...one, ticks: one.range.ticks, texts: one.range.texts }));
  for (const one of cases) {
    assert.ok(one.ticks.length >= 2 && one.ticks.length <= 2.2 * one.count + 3, JSON.stringify(one));
    assert.ok(one.range.low <= Math.min(one.low, one.ticks[0]) && one.range.high >= Math.max(one.high, one.ticks[one.ticks.length - 1]));
  }
  judge(`
from decimal import Decimal
for v in values:
    texts = [Decimal(t) for t in v['texts']]
    steps = {b - a for a, b in zip(texts, texts[1:])}
    if len(steps) != 1: print('uneven', v); continue
    step = steps.pop()
    digits = step.normalize().as_tuple().digits
    if step <= 0 or digits not in ((1,), (2,), (5,)): print('step', step, v)
    if any(t % step != 0 for t in texts): print('not round', v)
    slack = step * Decimal('1e-6')
    if texts[0] > Decimal(v['low']) + slack or texts[-1] < Decimal(v['high']) - slack: print('not over', v)
    if any(abs(Decimal(x) - t) > slack for x, t in zip(v['ticks'], texts)): print('text', v)
`, cases);
});

test('chartLinearTicks() and chartScale() end with the largest, the least and equal numbers', () => {
  for (const [low, high] of [[-1e308, 1e308], [0, 5e-324], [-Number.MAX_VALUE, Number.MAX_VALUE], [1e17, 1e17 + 16], [0, 1e-310], [-1e-300, 1e-300]]) {
    const { ticks } = charts.chartLinearTicks(low, high, 5);
    assert.ok(ticks.length >= 1 && ticks.length <= 100, String(low));
    const scale = charts.chartScale({ low, high, isEmpty: false }, false, 0, 100, 5, true);
    assert.deepEqual([scale.place(low), scale.place(high)], [0, 100], String(low));
  }
  for (const value of [0, 5, -3e200, 1e-200]) {
    const scale = charts.chartScale({ low: value, high: value, isEmpty: false }, false, 0, 100, 5, true);
    assert.ok(Math.abs(scale.place(value) - 50) < 1e-6, String(value));
  }
});

test('chartLogTicks(): ascending, over the whole range, of 1, 2 and 5 times powers of ten', { skip: NO_PYTHON }, () => {
  const random = makeRandom(3);
  const cases = Array.from({ length: 1000 }, (_, i) => {
    const low = Math.pow(10, random() * 40 - 20);
    const high = low * (1.01 + Math.pow(10, random() * (i % 12)));
    const { ticks, texts } = charts.chartLogTicks(low, high, 6);
    return { low, high, ticks, texts };
  });
  judge(`
from decimal import Decimal
for v in values:
    if not 2 <= len(v['ticks']) <= 13: print('count', v)
    if sorted(set(v['ticks'])) != v['ticks'] or v['ticks'][0] > v['low'] * 1.0001 or v['ticks'][-1] < v['high'] * 0.9999: print('range', v)
    for t, x in zip(v['texts'], v['ticks']):
        if Decimal(t).normalize().as_tuple().digits not in ((1,), (2,), (5,)) or abs(float(t) - x) > x * 1e-9: print('text', t, v)
`, cases);
});

test('chartNumber() has four digits as printf has them', { skip: NO_PYTHON }, () => {
  const random = makeRandom(11);
  const cases = Array.from({ length: 3000 }, () => (random() - 0.5) * Math.pow(10, random() * 40 - 20)).map((value) => ({ value, text: charts.chartNumber(value) }));
  judge(`
for v in values:
    wanted = round(v['value']) if 1000 <= abs(v['value']) < 999950 else float('%.4g' % v['value'])
    if float(v['text']) != wanted or len(v['text']) > 11: print(v, wanted)
`, cases);
  assert.deepEqual([0, -0, NaN, Infinity, -Infinity, 1e21, 0.00001234, 123456, 0.1 + 0.2, 100, 1e-320].map(charts.chartNumber), ['0', '0', 'nan', 'inf', '-inf', '1e21', '1.234e-5', '123456', '0.3', '100', '1e-320']);
});

test('chartBytes(), chartSeconds() and chartMoment() say amounts as people do', () => {
  assert.deepEqual([0, 1, 1023, 1024, 1536, 1048576, 5.5e9, 1e18, 1e30].map(charts.chartBytes), ['0 B', '1 B', '1023 B', '1 KiB', '1.5 KiB', '1 MiB', '5.12 GiB', '888 PiB', '8.67e11 EiB']);
  assert.deepEqual([0, 0.25, 59.9, 59.99, 60, 119.6, 3599.6, 3600, 5400, 86399, 86400, 1e6, -61].map(charts.chartSeconds),
    ['0 s', '0.25 s', '59.9 s', '1 min', '1 min', '2 min', '1 h', '1 h', '1 h 30 min', '1 d', '1 d', '11 d 14 h', '-1 min 1 s']);
  assert.deepEqual([0, 1795674234567, NaN, 1e300].map(charts.chartMoment), ['1970-01-01 00:00:00', '2026-11-26 06:23:54', '?', '?']);
});

test('chartTimeTicks() stand at round moments of UTC, as datetime knows them', { skip: NO_PYTHON }, () => {
  const random = makeRandom(5);
  const cases = Array.from({ length: 600 }, () => {
    const low = random() * 2e12;
    const high = low + 2000 + Math.pow(10, 3 + random() * 9);
    return { low, high, ...charts.chartTimeTicks(low, high, 6) };
  });
  judge(`
from datetime import datetime, timezone, timedelta
epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
for v in values:
    if not 1 <= len(v['ticks']) <= 20 or len(v['ticks']) != len(v['texts']): print('count', len(v['ticks']), v)
    days = set()
    for x, text in zip(v['ticks'], v['texts']):
        at = epoch + timedelta(milliseconds=x)
        if not v['low'] <= x <= v['high'] or at.microsecond: print('place', v)
        forms = ['%Y', '%Y-%m', '%Y-%m-%d', '%H:%M', '%H:%M:%S', '%m-%d %H:%M', '%m-%d %H:%M:%S']
        if text not in [at.strftime(f) for f in forms]: print('text', text, at)
        if len(text) in (4, 7) and at != at.replace(day=1, hour=0, minute=0, second=0): print('month', text, at)
        if len(text) == 4 and '-' not in text and at.month != 1: print('year', text, at)
`, cases);
});

test('chartScale() goes back and forth', () => {
  for (const [low, high] of makeRanges(500)) {
    const scale = charts.chartScale({ low, high, isEmpty: false }, false, 400, 20, 5, false);
    for (const part of [0, 0.3, 1]) {
      const value = low + (high - low) * part;
      assert.ok(Math.abs(scale.value(scale.place(value)) - value) <= (high - low) * 1e-3 + Math.abs(value) * 1e-12);
      assert.ok(scale.place(value) <= 400.01 && scale.place(value) >= 19.99);
    }
    assert.ok(scale.place(low) > scale.place(high));
  }
  const log = charts.chartScale({ low: 0.001, high: 1000, isEmpty: false }, true, 0, 600, 6, true);
  assert.deepEqual([0.001, 1, 1000].map((value) => Math.round(log.place(value))), [0, 300, 600]);
  assert.deepEqual([1, 0, -1, NaN, null, 'x'].map(log.has), [true, false, false, false, false, false]);
});

test('chartThin() keeps of each column the first, least, greatest and last, as numpy finds them', { skip: NO_NUMPY }, () => {
  const random = makeRandom(13);
  const cases = [1, 2, 3].map((columnPx) => {
    const points: Point[] = Array.from({ length: 20000 }, (_, i) => [i, random() < 0.001 ? NaN : random() * random() + Math.sin(i / 900)]);
    const scaleX = charts.chartScale({ low: 0, high: 19999, isEmpty: false }, false, 40, 540, 5, true);
    const scaleY = charts.chartScale({ low: -1, high: 2, isEmpty: false }, false, 300, 0, 5, true);
    const pieces = charts.chartThin(points, scaleX, scaleY, columnPx);
    const kept = pieces.reduce((sum, piece) => sum + piece.length, 0);
    assert.ok(kept <= 4 * (500 / columnPx + 2 + pieces.length), String(kept));
    return { ys: points.map((point) => (Number.isNaN(point[1]) ? null : point[1])), columns: points.map((point) => Math.floor(scaleX.place(point[0] as number) / columnPx)), pieces };
  });
  judge(`
import numpy as np
for v in values:
    ys = np.array([np.nan if y is None else y for y in v['ys']])
    columns = np.array(v['columns'])
    good = np.flatnonzero(~np.isnan(ys))
    parts = np.split(good, np.flatnonzero(np.diff(good) > 1) + 1)
    if len(parts) != len(v['pieces']): print('pieces', len(parts), len(v['pieces']))
    for part, piece in zip(parts, v['pieces']):
        wanted = set()
        for column in np.unique(columns[part]):
            of = part[columns[part] == column]
            wanted |= {of[0], of[-1], of[np.argmin(ys[of])], of[np.argmax(ys[of])]}
        if sorted(int(i) for i in wanted) != piece: print('differs', len(wanted), len(piece))
`, cases);
});

test('chartThin() leaves out what has no place, and takes points in the order in which they come', () => {
  const scale = charts.chartScale({ low: 1, high: 10, isEmpty: false }, true, 0, 900, 5, true);
  const points: Point[] = [[1, 1], [2, 0], [3, 3], [null, 4], [4, 4], [2, 2], [Infinity, 1], [5, 5]];
  assert.deepEqual(Array.from(charts.chartThin(points, scale, scale), (piece) => Array.from(piece)), [[0], [2, 4, 5], [7]]);
  assert.equal(charts.chartThin([], scale, scale).length, 0);
  const many: Point[] = Array.from({ length: 1000 }, (_, i) => [i, i]);
  assert.deepEqual(charts.chartWindow(many, { low: 100.5, high: 110 }).map((point) => point[0]), [100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111]);
});

test('chartSpread() keeps labels apart and in order', () => {
  const random = makeRandom(17);
  for (let round = 0; round < 300; round++) {
    const wanted = Array.from({ length: 8 }, () => random() * 300);
    const places = charts.chartSpread(wanted, 15, 0, 300);
    const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
    for (let i = 1; i < order.length; i++) assert.ok(places[order[i]] - places[order[i - 1]] >= 15 - 1e-9);
    assert.ok(Math.min(...places) >= 0 && Math.max(...places) <= 300);
  }
});

test('chartLanes() lets no two bars of a lane overlap while there is room', () => {
  const random = makeRandom(19);
  const bars = Array.from({ length: 300 }, (_, order) => ({ left: random() * 1000, right: 0, order, lane: -1 })).sort((a, b) => a.left - b.left);
  for (const bar of bars) bar.right = bar.left + 3 + random() * 60;
  const lanes = charts.chartLanes(bars, 2);
  assert.ok(lanes < 40, String(lanes));
  for (const one of bars) for (const other of bars) if (one !== other && one.lane === other.lane) assert.ok(one.right + 2 <= other.left || other.right + 2 <= one.left);
});

test('chartStretches() are few, and cover all', () => {
  const random = makeRandom(23);
  for (let round = 0; round < 500; round++) {
    const low = random() * 2e12;
    const high = low + Math.pow(10, random() * 12);
    const { step, first, count } = charts.chartStretches({ low, high }, 100);
    assert.ok(first <= low && first + count * step > high && count <= 102 && first % step === 0);
  }
});

test('chartPlanGraph(): no box on another, edges lead on, all is inside the picture', () => {
  const random = makeRandom(29);
  for (const isUpright of [false, true]) {
    const nodes = Array.from({ length: 120 }, (_, i) => ({ key: String(i), kind: i % 2 === 0 ? 'file' : 'run', name: 'n'.repeat(1 + Math.floor(random() * 60)), detail: i % 3 === 0 ? '' : 'd', more: i % 5 }));
    const edges: [number, number][] = [];
    for (let i = 1; i < nodes.length; i++) for (let k = 0; k < 2; k++) edges.push([Math.floor(random() * i), i]);
    const { boxes, ways, width, height } = charts.chartPlanGraph({ nodes, edges }, isUpright);
    assert.equal(ways.length, edges.length);
    boxes.forEach((one, i) => {
      assert.ok(one.x >= 0 && one.y >= 0 && one.x + one.width <= width && one.y + one.height <= height);
      for (const other of boxes.slice(i + 1)) assert.ok(one.x + one.width <= other.x || other.x + other.width <= one.x || one.y + one.height <= other.y || other.y + other.height <= one.y);
    });
    for (const [from, to] of edges) assert.ok(isUpright ? boxes[from].y + boxes[from].height < boxes[to].y : boxes[from].x + boxes[from].width < boxes[to].x);
    for (const way of ways) assert.doesNotMatch(way.path, /NaN|undefined|Infinity/);
  }
});

test('chartLineLook(): forty lines differ in colour or dashes, neighbours in both', () => {
  const looks = Array.from({ length: 40 }, (_, i) => charts.chartLineLook(i));
  assert.equal(new Set(looks.map((look) => look.className + String(look.dash))).size, 40);
  for (let i = 1; i < 40; i++) assert.ok(looks[i].className !== looks[i - 1].className && looks[i].dash !== looks[i - 1].dash);
});

test('chartIsPicture() takes pictures inside the page and nothing else', () => {
  const good = ['data:image/png;base64,AA', 'data:image/svg+xml,x', 'data:image/jpeg;base64,x'];
  const bad = ['http://a/b.png', 'data:text/html,x', 'javascript:1', '//a/b.png', 'a.png', ' data:image/png;base64,AA', 'data:image/pngx,', 'file:///etc/passwd', ''];
  assert.deepEqual(good.concat(bad).map(charts.chartIsPicture), good.map(() => true).concat(bad.map(() => false)));
});
