// plot.test.ts - curves drawn with characters, and rr show --plot.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listTicks, printPlot, printTick } from '../src/views/plot.ts';
import { makeDice } from './comparerig.ts';
import { listRecords, makeProject, rr } from './rig.ts';

const STYLE = { columns: 40, rows: 6, isPlain: true, isLog: false, xTitle: 'step' };

test('listTicks() gives round numbers within the range', () => {
  assert.deepEqual(listTicks(0, 1, 6), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(listTicks(-3, 17, 5), [0, 5, 10, 15]);
  assert.deepEqual(listTicks(5, 5, 5), [5]);
  const dice = makeDice(3);
  for (let i = 0; i < 2000; i++) {
    const low = (dice(2001) - 1000) * 10 ** (dice(20) - 10);
    const high = low + (1 + dice(1000)) * 10 ** (dice(20) - 10);
    const ticks = listTicks(low, high, 2 + dice(10));
    assert.ok(ticks.length >= 1 && ticks.length <= 13, String([low, high]));
    assert.ok(ticks.length === 1 || ticks.every((tick) => tick >= low - (high - low) * 1e-6 - Math.abs(low) * 1e-9 && tick <= high + (high - low) * 1e-6 + Math.abs(high) * 1e-9), String([low, high, ticks]));
  }
  assert.deepEqual([0, 0.1 + 0.2, 1e6, 123456, 1.5e-7, -2].map(printTick), ['0', '0.3', '1e6', '123500', '1.5e-7', '-2']);
});

test('printPlot() draws a curve with axes', () => {
  const points = [0, 1, 2, 3, 4].map((x) => ({ x, y: x }));
  assert.equal(printPlot([{ label: '', points }], STYLE), [
    '4 +                                   **', '  |                             ******', '  |                     ********', '  |             ********', '  |       ******', '0 +*******', '  +-------------------------------------', '   0                 2                 4', '                   step', '',
  ].join('\n').replace(/^[^]*$/, (text) => text));
});

test('printPlot() leaves gaps where a value is no number, and draws what there is', () => {
  const values = [1, NaN, Infinity, 2, -Infinity, 3];
  const text = printPlot([{ label: 'a', points: values.map((y, x) => ({ x, y })) }], STYLE);
  assert.equal((text.match(/\*/g) ?? []).length, 3);
  assert.equal(printPlot([{ label: 'a', points: [{ x: 1, y: NaN }] }], STYLE), '');
  assert.equal(printPlot([], STYLE), '');
  assert.match(printPlot([{ label: 'a', points: [{ x: 1, y: 7 }] }], STYLE), /\*/);
  assert.equal(printPlot([{ label: 'a', points: [{ x: 1, y: -7 }, { x: 2, y: 0 }] }], { ...STYLE, isLog: true }), '');
  for (const y of [5e-324, -1e308, 1e308]) assert.ok(printPlot([{ label: 'a', points: [{ x: 0, y: 0 }, { x: 1, y }] }], STYLE).length > 100, String(y));
  assert.doesNotThrow(() => printPlot([{ label: 'a', points: [{ x: 0, y: -1.7e308 }, { x: 1, y: 1.7e308 }] }], STYLE));
});

test('printPlot() keeps to the width, in ASCII if it is told so', () => {
  for (const columns of [1, 30, 80, 200]) {
    for (const count of [1, 3, 30]) {
      const curves = Array.from({ length: count }, (_, i) => ({ label: 'run ' + 'x'.repeat(300), points: Array.from({ length: 50 }, (__, x) => ({ x, y: Math.sin(x / 5 + i) * 1e5 })) }));
      const text = printPlot(curves, { ...STYLE, columns, rows: 12 });
      assert.match(text, /^[ -~\n]*$/);
      for (const line of text.split('\n')) assert.ok(line.length <= Math.max(30, columns), line);
      const dots = Buffer.from(printPlot(curves, { ...STYLE, columns, isPlain: false }), 'latin1').toString('utf8');
      assert.equal(/[\u2801-\u28ff]/.test(dots), count === 1);
      for (const line of dots.split('\n')) assert.ok(line.length <= Math.max(30, columns), line);
    }
  }
});

test('rr show --plot draws series of runs, and names those that there are', () => {
  const folder = makeProject();
  for (const label of ['one', 'two']) rr(folder, ['record', '-q', '-l', label, '--trace', 'none', '--', 'sh', '-c', 'for i in 1 2 3; do echo "step $i/3 loss=$((10 - i * i))"; done']);
  const env = { ...process.env, LC_ALL: 'C', COLUMNS: '60' };
  const one = rr(folder, ['show', '--plot', 'loss', '@'], { env });
  assert.match(one.stdout, /^loss: 3 values, the last 1\n[^]* step\n$/);
  const [first, second] = listRecords(folder).map((name) => name.replace(/^.*\/|\.rec$/g, ''));
  const two = rr(folder, ['show', '--plot', 'loss', first, second], { env });
  assert.ok(two.stdout.startsWith('loss of 2 runs\n') && two.stdout.endsWith('a  ' + first + ' one\nb  ' + second + ' two\n'), two.stdout);
  assert.match(rr(folder, ['show', '--plot', 'loss', '@'], { env: { ...env, LC_ALL: 'C.UTF-8' } }).stdout, /[\u2801-\u28ff]/);
  const unknown = rr(folder, ['show', '--plot', 'los', '@'], { env });
  assert.deepEqual([unknown.status, unknown.stderr], [1, 'rr: cannot plot "los": the run has no series of that name\nrr: hint: there are loss\n']);
  assert.equal(rr(folder, ['show', first, second]).status, 2);
  assert.equal(rr(folder, ['show', '--log', first]).status, 2);
});
