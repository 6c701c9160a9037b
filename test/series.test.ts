// series.test.ts - series of what a run prints and of its metrics files; their text is read by python3, too.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execFileSync } from 'child_process';
import fs from 'fs';
import { MOST_SERIES_POINTS, MOST_SERIES, SeriesCollector } from '../src/core/series.ts';
import { readMetricRule } from '../src/formats/metricrule.ts';
import { readMetricSeries } from '../src/formats/metrics.ts';
import { readPrintedLine } from '../src/formats/printedline.ts';
import { PrintedReader } from '../src/formats/printedreader.ts';
import { numberOfValue, parseSeries, printSeries } from '../src/formats/series.ts';
import { makeDice } from './comparerig.ts';
import { hasProgram, listRecords, makeProject, readRecord, rr } from './rig.ts';

const needsPython = { skip: hasProgram('python3') ? false : 'python3 is not here' };

/** name=value of each pair, then counters as "outer 3/50", then "45%". */
function tell(line: string): string {
  const said = readPrintedLine(line);
  if (said === undefined) return '';
  return said.pairs.map(({ name, value }) => name + '=' + value).concat(
    said.counters.map((one) => (one.isOuter ? 'outer ' : 'inner ') + String(one.at) + (one.of === undefined ? '' : '/' + String(one.of))), said.percent === undefined ? [] : [String(said.percent) + '%'],
  ).join(' ');
}

test('readPrintedLine() reads lines of pairs, counters, bars and JSON', () => {
  const cases: [string, string][] = [
    ['loss: 0.5', 'loss=0.5'], ['loss=0.5, acc=0.9', 'loss=0.5 acc=0.9'], ['loss:0.5 acc:.9', 'loss=0.5 acc=.9'], ['a: 1 b: 2', 'a=1 b=2'], ['x = -3e-05', 'x=-3e-05'], ['acc: 92.5%', 'acc=92.5'], ['loss: nan', 'loss=nan'],
    ['EPOCH 3/50', 'outer 3/50'], ['STEP 91/291', 'inner 91/291'], ['Epoch 3/50 - loss: 0.41', 'loss=0.41 outer 3/50'], ['Epoch [3/10], Step [100/600], Loss: 0.1234', 'Loss=0.1234 outer 3/10 inner 100/600'],
    ['Iteration 100, loss = 0.25', 'loss=0.25 inner 100'], ['step 0: train loss 4.28, val loss 4.27', 'train_loss=4.28 val_loss=4.27 inner 0'], ['iter 10: loss 3.2, time 12.5ms, mfu -100.00%', 'loss=3.2 mfu=-100.00 inner 10'],
    [' 45%|####  | 91/200 [00:10<00:12, 8.20it/s, loss=0.3]', 'loss=0.3 inner 91/200'], ['Epoch 3:  45%|\xe2\x96\x88\xe2\x96\x8c   | 91/200 [00:10<00:12,  8.20it/s, v_num=1, train_loss=0.3]', 'train_loss=0.3 outer 3 inner 91/200'],
    ['1/5 [=>....] - ETA: 0s - loss: 0.1667', 'loss=0.1667 inner 1/5'], ['200/200 [=====] - 2s 12ms/step - loss: 0.3 - val_loss: 0.2', 'loss=0.3 val_loss=0.2 inner 200/200'],
    ['200/200 \xe2\x94\x81\xe2\x94\x81\xe2\x94\x81 5s 12ms/step - accuracy: 0.9', 'accuracy=0.9 inner 200/200'], ['Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.30', 'Loss=2.30 outer 1 inner 640/60000'],
    ['{"loss": 0.5, "epoch": 3, "val": {"acc": 1e-3}, "name": "x"}', 'loss=0.5 val.acc=1e-3 outer 3'], ["{'loss': 0.5, 'learning_rate': 5e-05, 'epoch': 1.0}", 'loss=0.5 learning_rate=5e-05 outer 1'],
    ['\x1b[32mloss: \x1b[1m0.5\x1b[0m', 'loss=0.5'], ['10%\b\b\bloss: 1', 'loss=1'], ['2026-05-01 12:00:00,123 INFO trainer: loss=0.5', 'loss=0.5'], ['[91/291] Building CXX object a.o', 'inner 91/291'], ['[ 45%] Building CXX object', '45%'],
  ];
  for (const [line, expected] of cases) assert.equal(tell(line), expected, line);
});

test('readPrintedLine() takes no prose, place, time, date or version for a metric', () => {
  const lines = [
    'localhost:8080', 'see http://x.org:80/a=3', 'main.c:12: error: no', 'Loaded file: 3 items', '12:30:05', 'time: 12:30:05', 'date=2026-01-01', 'version: 1.2.3', 'port: 8080', '10.0.0.1:8080', '3/4 of the files',
    'see step 3 of 4 for x=3', 'HOME=/root', 'mem: 12 MB', 'a/b/c.txt', 'foo bar baz qux: 3', '', '=', ':::', '{"a": [1, 2]}', '{"a": ', 'x=' + '1'.repeat(100), 'y'.repeat(60) + '=1', 'loss: 0.5' + ' '.repeat(2000), 'x=0x1f', 'x=1,000,000 y',
  ];
  for (const line of lines) assert.equal(tell(line), '', line);
});

function readAll(pieces: string[], rules: string[] = []): PrintedReader {
  const reader = new PrintedReader(readMetricRule(rules));
  pieces.forEach((piece) => reader.feed('out', piece, undefined));
  reader.end(undefined);
  return reader;
}

test('PrintedReader gives the same series however the bytes are cut', () => {
  const dice = makeDice(7);
  const some = (all: string[]): string => all[dice(all.length)];
  for (let round = 0; round < 300; round++) {
    let text = '';
    for (let i = 0; i < 30; i++) {
      const n = String(dice(50));
      text += some(['loss: ' + n, 'epoch ' + n + '/50', '\x1b[1mstep ' + n + '/60\x1b[0m, acc=0.' + n, 'prose', '', 'epoch ' + n, '\xff\xfe', 'x'.repeat(1990 + dice(20)), ' ' + n + '%|##| 5/9 [loss=' + n + ']']) + some(['\n', '\n', '\r', '\r\n', '\r\r\n', '\n\n']);
    }
    const pieces: string[] = [];
    for (let at = 0; at < text.length;) {
      const length = 1 + dice(some(['a', 'b']) === 'a' ? 5 : 900);
      pieces.push(text.slice(at, at + length));
      at += length;
    }
    const [whole, cut] = [readAll([text]), readAll(pieces)];
    assert.deepEqual([cut.found.series(), cut.found.lastValues(), cut.progress], [whole.found.series(), whole.found.lastValues(), whole.progress], JSON.stringify(text));
  }
});

test('PrintedReader.pass() takes only what gives nothing: series and progress are those of feed()', () => {
  const dice = makeDice(11);
  const some = (all: string[]): string => all[dice(all.length)];
  let passed = 0;
  for (let round = 0; round < 400; round++) {
    const pieces: string[] = [];
    for (let i = 0; i < 40; i++) pieces.push(some(['abc\n', '17 4\r\n', 'x', '\r', '\n', 'loss', '=0.5\n', 'e', 'poch 3/9\n', '\xff\r', 'acc: ', '0.25', 'y'.repeat(1995), 'y\n'.repeat(300), ' 45', '%|##| 4/9\n', 'Step', ' 7 of 9\n', '']));
    const reader = new PrintedReader(readMetricRule([]));
    for (const piece of pieces) {
      const data = Buffer.from(piece, 'latin1');
      if (reader.pass('out', data, (from) => data.toString('latin1', from))) passed++;
      else reader.feed('out', piece, undefined);
    }
    reader.end(undefined);
    const fed = readAll(pieces);
    assert.deepEqual([reader.found.series(), reader.found.lastValues(), reader.progress], [fed.found.series(), fed.found.lastValues(), fed.progress], JSON.stringify(pieces));
  }
  assert.ok(passed > 1000, String(passed));
});

test('PrintedReader gives values their step, and knows how far the run is', () => {
  const steps = (text: string): (number | undefined)[] => readAll([text]).found.series().map(({ points }) => points.map((point) => point.step))[0];
  assert.deepEqual(steps('a: 1\na: 2\n'), [undefined, undefined]);
  assert.deepEqual(steps('EPOCH 1/50\nloss: 3\nEPOCH 2/50\nloss: 2\n'), [1, 2]);
  assert.deepEqual(steps('EPOCH 1/3\nSTEP 1/10 loss=3\nSTEP 10/10 loss=3\nEPOCH 3/3\nSTEP 1/10 loss=2\n'), [1, 10, 21]);
  assert.deepEqual(steps('Epoch 0\nstep 9/10 loss=3\nEpoch 1\nstep 2/10 loss=2\n'), [9, 12]);
  // One that goes on counting in the next epoch counts from the start.
  assert.deepEqual(steps('epoch 1/2\nstep 5/20 loss=3\nstep 10/20 loss=3\nepoch 2/2\nstep 11/20 loss=2\n'), [5, 10, 11]);
  // What is drawn over for the same step is one value.
  assert.deepEqual(readAll(['step 1/2 loss=3\rstep 1/2 loss=4\rstep 2/2 loss=5\r']).found.series()[0].points.map((point) => point.value), ['4', '5']);
  assert.deepEqual(readAll(['EPOCH 2/4\nSTEP 5/10\n']).progress, { fraction: 0.375, at: 2, of: 4 });
  assert.deepEqual(readAll(['[3/4] Building a.o\n']).progress, { fraction: 0.75, at: 3, of: 4 });
});

test('--metrics-from turns reading off, narrows it and widens it', () => {
  const last = (text: string, ...rules: string[]): string => readAll([text], rules).found.lastValues().map(({ name, value }) => name + '=' + value).join(' ');
  const text = 'loss: 1\nval_loss: 2\nbest 0.93 at step 7, good\nacc -> 0.5\n';
  assert.equal(last(text), 'loss=1 val_loss=2');
  assert.equal(last(text, 'off'), '');
  assert.equal(last(text, 'val_*,x'), 'val_loss=2');
  assert.equal(last(text, 'best {accuracy} at step {step}'), 'loss=1 val_loss=2 accuracy=0.93');
  assert.equal(last(text, 'off', '{name} -> {value}'), 'acc=0.5');
  assert.equal(last(text, 'off', '*at step {when}'), 'when=7');
  for (const rule of ['', 'a b', '{', '{step}', 'x {a', '{name} {name} {value}', 'x'.repeat(300)]) assert.throws(() => readMetricRule([rule]), /cannot use --metrics-from/, rule);
  // A pattern of many stars is no longer at work on a long line than on others: cut at the first place, never gone back.
  const line = 'a'.repeat(1990) + '\n';
  assert.equal(last(line, '*a'.repeat(90) + '*b {x}'), '');
});

test('SeriesCollector keeps a long series in bounded memory, its first and last value, and its order', () => {
  const found = new SeriesCollector();
  for (let i = 1; i <= 100000; i++) found.add('x', { atS: i, step: i, value: String(i) }, false);
  for (let i = 0; i < 2000; i++) for (const value of ['1', '2']) found.add('n' + String(i), { atS: 0, step: undefined, value }, false);
  const all = found.series();
  assert.equal(all.length, MOST_SERIES);
  const steps = all[0].points.map((point) => point.step as number);
  assert.ok(steps.length <= MOST_SERIES_POINTS && steps.length >= MOST_SERIES_POINTS / 2, String(steps.length));
  assert.deepEqual([steps[0], steps[steps.length - 1]], [1, 100000]);
  const gaps = new Set(steps.slice(1, -1).map((step, i) => step - steps[i]));
  assert.equal(gaps.size, 1);
  assert.equal(found.lastValues().length, 1000);
});

test('printSeries() is a table that python3 reads, and parseSeries() undoes it', needsPython, () => {
  const series = [
    { name: 'loss', points: [{ atS: 0.8124, step: 1, value: '0.693' }, { atS: undefined, step: undefined, value: 'nan' }, { atS: 1e6, step: 2.5, value: '-inf' }] },
    { name: 'a\tb\n"c% \xc3\xa4\x1b[2J', points: [{ atS: 1, step: 1, value: '1e-05' }] },
  ];
  const text = printSeries(series);
  const program = 'import csv, json, sys\ntext = sys.stdin.buffer.read().decode().split("\\n", 1)[1]\nprint(json.dumps([[row["time"], row["step"], row["name"], float(row["value"])] for row in csv.DictReader(text.splitlines(), delimiter="\\t", quoting=csv.QUOTE_NONE)]))';
  const read = execFileSync('python3', ['-c', program], { input: Buffer.from(text, 'latin1'), encoding: 'utf8' });
  assert.equal(read.trim(), '[["0.812", "1", "loss", 0.693], ["", "", "loss", NaN], ["1000000", "2.5", "loss", -Infinity], ["1", "1", "a%09b%0A\\"c%25 \\u00e4%1B[2J", 1e-05]]');
  const parsed = parseSeries(text);
  assert.deepEqual(parsed.map(({ name }) => name), series.map(({ name }) => name));
  assert.deepEqual(parsed[0].points[1], { atS: undefined, step: undefined, value: 'nan' });
  assert.deepEqual([numberOfValue('nan'), numberOfValue('-inf'), numberOfValue('0x1'), numberOfValue('')], [NaN, -Infinity, undefined, undefined]);
});

test('parseSeries() passes over what it does not understand', () => {
  const head = '# rr series, format 1\ntime\tstep\tname\tvalue\n';
  assert.deepEqual(parseSeries(head + '1\t2\tx\t3\nx\n\t\t\t\n1\t2\tx\t<b>\n-1\t2\tx\t3\n\t\ty\t4\tmore\tcells\n1\t2\tx\t5'), [{ name: 'x', points: [{ atS: 1, step: 2, value: '3' }] }, { name: 'y', points: [{ atS: undefined, step: undefined, value: '4' }] }]);
  assert.deepEqual(parseSeries('time\tstep\n1\t2\tx\t3\n'), []);
  assert.deepEqual(parseSeries(''), []);
});

test('readMetricSeries() has the rows of tables as series', () => {
  const told = (text: string, path: string): string => readMetricSeries(text, path).map(({ name, points }) => name + ':' + points.map(({ step, value }) => String(step) + '=' + value).join(',')).join(' ');
  assert.equal(told('epoch,loss,note\n1,0.5,a\n2,0.25,b\nbad\n3,nan,\n', 'm.csv'), 'loss:1=0.5,2=0.25,3=nan');
  assert.equal(told('loss\tacc\n1\t2\n3\t4\n', 'm.tsv'), 'loss:undefined=1,undefined=3 acc:undefined=2,undefined=4');
  assert.equal(told('{"step": 10, "loss": 1}\n{"step": 20, "loss": 2, "v": {"a": 1}}\n{"broken\n', 'm.jsonl'), 'loss:10=1,20=2');
  assert.equal(told('{"loss": 1}', 'm.json'), '');
});

const TRAINING = 'import sys\nfor e in (1, 2):\n    print(f"Epoch {e}/2")\n    for s in (1, 2, 3):\n        sys.stdout.write(f"\\r{s}/3 [{\'=\' * s}>{\'.\' * (3 - s)}] - loss: {1 / (e * 3 + s):.4f}")\n    sys.stdout.write("\\n")\n    sys.stdout.flush()\nprint("Test accuracy: 0.93")\nopen("m.csv", "w").write("epoch,rmse\\n1,5\\n2,4\\n")\n';

test('rr record has series and last values of what a program prints, and of its metrics file', needsPython, () => {
  for (const trace of ['none', 'scan']) {
    const folder = makeProject();
    fs.writeFileSync(folder + '/train.py', TRAINING);
    const done = rr(folder, ['record', '-q', '--trace', trace, '--metrics', 'm.csv', '--', 'python3', 'train.py']);
    assert.equal(done.status, 0, done.stderr);
    const [record] = listRecords(folder).map((name) => readRecord(folder, name));
    assert.deepEqual(record.Metric, ['epoch 2', 'rmse 4', 'loss 0.1111', 'Test_accuracy 0.93']);
    const log = record.Log.find((line) => line.endsWith('.series')) as string;
    const series = parseSeries(fs.readFileSync(folder + '/' + log.split(' ').slice(3).join(' '), 'latin1'));
    assert.deepEqual(series.map(({ name, points }) => [name, points.map((point) => point.step), points.map((point) => point.value), points.every((point) => point.atS === undefined || point.atS >= 0)]), [
      ['rmse', [1, 2], ['5', '4'], true], ['loss', [1, 2, 3, 4, 5, 6], ['0.2500', '0.2000', '0.1667', '0.1429', '0.1250', '0.1111'], true],
    ]);
    assert.equal(rr(folder, ['verify', '-q']).status, 0);
    fs.appendFileSync(folder + '/' + log.split(' ').slice(3).join(' '), '1\t1\tloss\t0\n');
    assert.match(rr(folder, ['verify', '-q']).stdout, /^log provenance\/logs\/\S+\.series: expected/);
  }
});

test('what a command prints reaches its reader unchanged, and no series is made of nothing', () => {
  const folder = makeProject();
  const bytes = 'loss: 1\r\n\x1b[2K\xff\xfe\0loss=2\rloss: x\n';
  fs.writeFileSync(folder + '/bytes', bytes, 'latin1');
  const done = rr(folder, ['record', '-q', '--trace', 'none', '--', 'cat', 'bytes']);
  assert.equal(done.stdout, bytes);
  const quiet = makeProject();
  rr(quiet, ['record', '-q', '--trace', 'none', '--', 'echo', 'loss: 1']);
  rr(quiet, ['record', '-q', '--trace', 'none', '--no-logs', '--', 'echo', 'loss: 1']);
  rr(quiet, ['record', '-q', '--trace', 'none', '--metrics-from', 'off', '--', 'echo', 'loss: 1']);
  const records = listRecords(quiet).map((name) => readRecord(quiet, name));
  assert.deepEqual(records.map((record) => [record.Metric, (record.Log ?? []).map((line) => line.replace(/.*\./, '')), record.Metrics_from]), [[['loss 1'], ['out'], undefined], [undefined, [], undefined], [undefined, ['out'], ['off']]]);
  assert.match(rr(quiet, ['record', '--metrics-from', 'a b', '--', 'true']).stderr, /cannot use --metrics-from "a b"/);
});

test('a run whose outputs are put back has the metrics and the series of the earlier one', () => {
  const folder = makeProject();
  const command = ['record', '-q', '--trace', 'none', '--reuse', '-o', 'o.txt', '--', 'sh', '-c', 'echo loss: 2; echo loss: 1; echo x > o.txt'];
  rr(folder, command, { stdio: ['ignore', 'pipe', 'pipe'] });
  rr(folder, command, { stdio: ['ignore', 'pipe', 'pipe'] });
  const records = listRecords(folder).map((name) => readRecord(folder, name));
  const series = records.map((record) => (record.Log ?? []).filter((line) => line.endsWith('.series')).map((line) => line.split(' ')[0]));
  if (records[1]?.Reused === undefined) return assert.fail('not reused: ' + JSON.stringify(records[1]));
  assert.deepEqual(records.map((record) => record.Metric), [['loss 1'], ['loss 1']]);
  assert.equal(series[0].length, 1);
  assert.deepEqual(series[0], series[1]);
});
