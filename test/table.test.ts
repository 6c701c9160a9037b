// table.test.ts - tables for a terminal and CSV.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { emptyRun } from '../src/core/run.ts';
import type { RunSummary } from '../src/core/run.ts';
import { findColumns } from '../src/views/columns.ts';
import { printRunCsv, printRunTable } from '../src/views/runlist.ts';
import type { RunList } from '../src/views/runlist.ts';
import { cutToWidth, displayWidth, formatSeconds, printTable } from '../src/views/table.ts';
import { hasProgram, run } from './rig.ts';

const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** A list with these columns. */
function listOf(runs: RunSummary[], names: string[]): RunList {
  return { columns: findColumns(names, runs), runs, filesOf: () => undefined };
}

test('displayWidth() counts columns, not bytes', () => {
  const table: [string, number][] = [['', 0], ['abc', 3], ['caf\u00e9', 4], ['e\u0301', 1], ['\u4e2d\u6587', 4], ['\u{1f600}', 2], ['\u20ac', 1], ['a\u200bb', 2]];
  for (const [text, width] of table) assert.equal(displayWidth(bytes(text)), width, text);
  assert.equal(displayWidth('\xff\xfe'), 2);
});

test('cutToWidth() never cuts a character and never exceeds the width', () => {
  const texts = ['abcdefgh', '\u4e2d\u6587\u4e2d\u6587', 'caf\u00e9 cr\u00e8me', 'a\u0301b\u0301c\u0301d\u0301', '\u{1f600}\u{1f600}\u{1f600}'].map(bytes);
  for (const text of texts) {
    for (let width = 1; width < 12; width++) {
      const cut = cutToWidth(text, width);
      assert.ok(displayWidth(cut) <= width, text);
      assert.equal(Buffer.from(cut, 'latin1').toString('utf8').indexOf('\ufffd'), -1);
      assert.equal(cut === text, displayWidth(text) <= width);
    }
  }
});

test('printTable() fits the width by cutting the flexible columns, the widest first', () => {
  const columns = [{ title: 'A', align: 'right' as const, isFlexible: false }, { title: 'LONG', align: 'left' as const, isFlexible: true }, { title: 'C', align: 'left' as const, isFlexible: true }];
  const text = printTable(columns, [['1', 'x'.repeat(50), 'short'], ['22', 'y', 'z']], 30);
  assert.equal(text, ' A  LONG                 C\n 1  ' + 'x'.repeat(18) + '~  short\n22  y                    z\n');
  assert.equal(printTable(columns, [], 30), 'A  LONG  C\n');
});

test('formatSeconds() takes the unit that fits', () => {
  const table: [number | undefined, string][] = [[undefined, '-'], [0, '0.00s'], [0.004, '0.00s'], [1.234, '1.23s'], [9.994, '9.99s'], [9.996, '10.0s'], [59.94, '59.9s'], [59.96, '1m00s'], [75, '1m15s'],
    [3599.4, '59m59s'], [3599.6, '1h00m'], [3700, '1h01m'], [360000, '100h00m']];
  for (const [seconds, text] of table) assert.equal(formatSeconds(seconds), text, String(seconds));
});

test('printRunTable() and printRunCsv() let no control character through', () => {
  const made = emptyRun('20261122T052039Z-k3f5q2', "printf 'a\nb\x1b[31m\xc2\x9b\xff'", '2026-11-22T05:20:39.123456Z', '0.1.0');
  made.label = 'x\x1b]0;y\x07';
  made.tags = ['a\rb'];
  made.parameters = ['p\x01 v\x02'];
  const list = listOf([made], ['id', 'label', 'tags', 'command', 'params']);
  for (const lines of [printRunTable(list, 200), printRunCsv(list)]) {
    const text = Array.from(lines).join('');
    assert.ok(!/[\0-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]/.test(text), JSON.stringify(text));
    assert.equal(text.split('\n').length, 3);
  }
});

test('printRunCsv() is read by python3 as it was meant, and starts no formula', { skip: hasProgram('python3') ? false : 'no python3' }, () => {
  const texts = ['a, "b"', '=1+1', '+1', '@x', '-x', '-1.5', "'x", 'plain', 'caf\xc3\xa9'];
  const runs = texts.map((text) => {
    const made = emptyRun('20261122T052039Z-k3f5q2', 'true', '2026-11-22T05:20:39.123456Z', '0.1.0');
    made.parameters = ['p ' + text];
    return made;
  });
  const script = 'import csv, io, sys\nprint("\\n".join(row["parameter p"] for row in csv.DictReader(io.TextIOWrapper(sys.stdin.buffer, "latin-1"))).encode("latin-1").decode("utf-8"))';
  const done = run(undefined, ['python3', '-c', script], { input: Buffer.from(Array.from(printRunCsv(listOf(runs, ['id', 'params']))).join(''), 'latin1'), env: { PYTHONIOENCODING: 'utf-8' } });
  assert.deepEqual(done.stdout.split('\n').slice(0, -1), ['a, "b"', "'=1+1", "'+1", "'@x", "'-x", '-1.5', "'x", 'plain', 'caf\xc3\xa9']);
});
