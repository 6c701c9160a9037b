// metrics.test.ts - metrics files, held against python3; and what a run records of them.
import { LONGEST_METRIC_BYTES, MOST_METRICS } from '../src/core/series.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fs from 'fs';
import { readMetricValues } from '../src/formats/metrics.ts';
import { readMetrics } from '../src/sys/metrics.ts';
import { projectAt } from '../src/sys/project.ts';
import { askPython, makeDice } from './comparerig.ts';
import { listRecords, hasProgram, makeProject, readRecord, rr } from './rig.ts';

const needsPython = { skip: hasProgram('python3') ? false : 'python3 is not here' };

function valuesOf(text: string, path: string): [string, string][] {
  return readMetricValues(text, path).values.map(({ name, value }) => [name, value]);
}

test('readMetricValues() finds every single value, by its key, in files of all kinds', () => {
  const cases: [string, string, [string, string][]][] = [
    ['m.json', '{"loss": 0.25, "val": {"acc": 9e-1, "n": NaN, "conf": [1, [2]]}, "x y": "a\\u00e4", "e": {}, "t": true, "u": null}', [['loss', '0.25'], ['val.acc', '9e-1'], ['val.n', 'NaN'], ['val.conf[0]', '1'], ['val.conf[1][0]', '2'], ['x y', 'a\xc3\xa4'], ['t', 'true'], ['u', 'null']]],
    ['m.json', '[1, {"a": 2}]', [['[0]', '1'], ['[1].a', '2']]],
    ['m.jsonl', '{"step": 1, "loss": 2}\n{"step": 2, "loss": 1.5}\n\n', [['step', '2'], ['loss', '1.5']]],
    ['m.yaml', 'loss: 1e-3\nval: {acc: 0.9}\nword: yes\n', [['loss', '1e-3'], ['val.acc', '0.9'], ['word', 'yes']]],
    ['m.toml', '[val]\nacc = 0.9\nd = 2024-01-01\n', [['val.acc', '0.9'], ['val.d', '2024-01-01']]],
    ['m.txt', 'loss = 0.25\nacc: 0.9 # best\n', [['loss', '0.25'], ['acc', '0.9']]],
    ['m.csv', 'epoch,loss,"note, long"\r\n1,0.5,a\r\n2,0.25,"say ""hi"""\r\n', [['epoch', '2'], ['loss', '0.25'], ['note, long', 'say "hi"']]],
    ['m.tsv', 'epoch\tloss\n1\t0.5\n2\t\n', [['epoch', '2']]],
  ];
  for (const [path, text, expected] of cases) assert.deepEqual(valuesOf(text, path), expected, path + ' ' + text);
});

test('readMetricValues() says what is wrong with a file', () => {
  for (const [path, text, why] of [['m.json', '{', /not JSON/], ['m.jsonl', '{"a": 1}\n{"a"', /not JSON/], ['m.csv', 'a,b\n', /no row/], ['m.csv', 'a,b\n1\n', /last row has 1 cells, its first 2/], ['m.yaml', 'a: &x 1\n', /an anchor/], ['m.xyz', 'a', /of this ending/], ['m.csv', '', /not a table/]] as [string, string, RegExp][]) {
    assert.throws(() => readMetricValues(text, path), why, path + ' ' + text);
  }
});

test('readMetricValues() keeps what is no metric out, and counts it', () => {
  const many = readMetricValues(JSON.stringify(Array.from({ length: MOST_METRICS + 5 }, (_, i) => i)), 'm.json');
  assert.deepEqual([many.values.length, many.leftOut], [MOST_METRICS, 5]);
  const long = readMetricValues(JSON.stringify({ a: 'x'.repeat(LONGEST_METRIC_BYTES), b: 'x'.repeat(LONGEST_METRIC_BYTES + 1) }), 'm.json');
  assert.deepEqual([long.values.length, long.leftOut], [1, 1]);
  readMetricValues('['.repeat(50000) + ']'.repeat(50000), 'm.json');
});

const FLATTEN = `
import json, sys
def leaves(value, name):
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, name + ("." if name else "") + key)
    elif isinstance(value, list):
        for i, one in enumerate(value):
            yield from leaves(one, name + "[%d]" % i)
    else:
        yield [name, value]
print(json.dumps([list(leaves(json.loads(text), "")) for text in json.load(open(sys.argv[1]))]))
`;

test('readMetricValues() has of random JSON the values that python3 has', needsPython, () => {
  const dice = makeDice(3);
  const make = (depth: number): unknown => {
    const kind = depth > 3 ? 2 + dice(4) : dice(6);
    if (kind === 0) return Array.from({ length: dice(4) }, () => make(depth + 1));
    if (kind === 1) return Object.fromEntries(Array.from({ length: dice(4) }, (_, i) => ['k' + String(i), make(depth + 1)]));
    return [dice(1000) / 8, 'w' + String(dice(9)), dice(2) === 0, null][kind - 2];
  };
  const texts = Array.from({ length: 500 }, () => JSON.stringify({ a: make(0) }, null, dice(3)));
  const theirs = askPython(FLATTEN, texts) as [string, unknown][][];
  texts.forEach((text, i) => assert.deepEqual(valuesOf(text, 'm.json'), theirs[i].map(([name, value]) => [name, value === null ? 'null' : String(value)]), text));
});

test('readMetrics() tells names of several files apart, and withholds what may be a secret but no number', () => {
  const root = makeProject();
  fs.writeFileSync(root + '/a.json', '{"loss": 1, "token": "abcdefgh", "max_token": 12, "x y%": 2}');
  fs.writeFileSync(root + '/b c.json', '{"loss": 3}');
  const { metrics, warnings } = readMetrics(projectAt(root), ['a.json', 'b c.json', 'none.json']);
  assert.deepEqual(metrics.map((line) => line.replace(/\{[0-9a-f]{16}\}/, '{}')), ['loss 1', 'token \0{}', 'max_token 12', 'x%20y%25 2', 'b%20c.json:loss 3']);
  assert.deepEqual(warnings, ['cannot read "none.json": no such file']);
});

test('rr record --metrics takes no metrics from a file that the command did not write', () => {
  for (const trace of ['auto', 'scan', 'none']) {
    const root = makeProject();
    fs.writeFileSync(root + '/old.json', '{"loss": 9}');
    const done = rr(root, ['record', '--trace', trace, '--metrics', 'old.json', '--metrics', 'new.json', '--', 'sh', '-c', 'echo "{\\"acc\\": 1}" > new.json']);
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stderr, /the metrics file old.json was not written/);
    const [name] = listRecords(root);
    const record = readRecord(root, name);
    assert.deepEqual([record.Metric, record.Metrics_file], [['acc 1'], ['old.json', 'new.json']], trace);
    assert.equal(record.Output?.length, 1, trace);
    assert.equal(record.Missing_output, undefined);
  }
});

test('rr record -p FILE:KEY has the value as it was when the command started, and the file as an input', () => {
  for (const trace of ['auto', 'scan', 'none']) {
    const root = makeProject();
    fs.writeFileSync(root + '/p.json', '{"a": 1}');
    const done = rr(root, ['record', '-q', '--trace', trace, '-p', 'p.json:a', '--', 'sh', '-c', 'echo "{\\"a\\": 2}" > p.json']);
    assert.equal(done.status, 0, done.stderr);
    const record = readRecord(root, listRecords(root)[0]);
    assert.deepEqual([record.Parameter, record.Parameter_file], [['p.json:a 1'], ['p.json']], trace);
    assert.match(record.Input[0], / {2}8 p\.json$/, trace);
  }
});
