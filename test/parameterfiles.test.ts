// parameterfiles.test.ts - values of parameter files as records have them, and putting others in place.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fs from 'fs';
import { fileParametersOf, nameFileParameter, parseKeyParts, printKey } from '../src/core/parameters.ts';
import { isSameValue, writeParameter } from '../src/formats/parameterfile.ts';
import { projectAt } from '../src/sys/project.ts';
import { readFileParameters, readParameterNow, writeFileParameters } from '../src/sys/parameterfiles.ts';
import { makeProject } from './rig.ts';

const YAML = '# all\ntrain:\n  lr: 0.1   # rate\n  name: adam\n  layers: [64, 32]\n  on_off: yes\n  text: \'3\'\ndb:\n  password: hunter22\n';

test('readParameterNow() gives the text of a record, and undefined where file or key is gone', () => {
  const root = makeProject();
  const project = projectAt(root);
  fs.writeFileSync(root + '/p.yaml', YAML);
  const now = (key: string): string | undefined => readParameterNow(project, 'p.yaml', key);
  assert.deepEqual(['train.lr', 'train.name', 'train.layers', 'train.layers[1]', 'train.layers.0', 'train.on_off', 'train.text'].map(now), ['0.1', 'adam', '[64,32]', '32', '64', 'yes', '"3"']);
  assert.equal(now('train'), undefined, 'holds a word that is not the same to all');
  assert.deepEqual([now('train.nolr'), readParameterNow(project, 'q.yaml', 'a')], [undefined, undefined]);
  assert.match(String(now('db.password')), /^\0\{[0-9a-f]{16}\}$/);
  assert.deepEqual(readFileParameters(project, [{ path: 'p.yaml', key: 'train.lr' }]), ['p.yaml:train.lr 0.1']);
  assert.throws(() => readFileParameters(project, [{ path: 'p.yaml', key: 'train.lrr' }]), { message: 'cannot find the key "train.lrr" in "p.yaml"', hint: 'did you mean "train.lr"?' });
});

test('isSameValue() goes by type and value, not by spelling', () => {
  const same: [string, string, string, boolean][] = [
    ['a.yaml', '0.1', '.1', true], ['a.yaml', '3', '3.0', false], ['a.yaml', '3', '"3"', false], ['a.yaml', 'true', 'True', true], ['a.yaml', '~', 'null', true],
    ['a.yaml', '1e-1', '0.1', false], ['a.yaml', 'yes', 'true', false], ['a.yaml', '0x10', '16', true], ['a.yaml', 'adam', 'sgd', false],
    ['a.toml', '0.1', '1e-1', true], ['a.toml', '1_000', '1000', true], ['a.toml', '1979-05-27 07:32:00', '1979-05-27T07:32:00', true], ['a.json', '1E2', '100.0', true],
    ['a.ini', '0.1', '1e-1', false], ['a.ini', '1', '1', true], ['a.unknown', '1', '1.0', false], ['a.yaml', '\0{0123456789abcdef}', 'x', false],
  ];
  for (const [path, first, second, expected] of same) assert.equal(isSameValue(path, first, second), expected, path + ' ' + first + ' ' + second);
});

test('writeParameter() changes the value and no other byte', () => {
  const cases: [string, string, string, string, string][] = [
    ['a.yaml', YAML, 'train.lr', '0.25', YAML.replace('0.1 ', '0.25 ')],
    ['a.yaml', YAML, 'train.name', '0.2', YAML.replace('adam', '\'0.2\'')],
    ['a.yaml', YAML, 'train.text', 'it\'s', YAML.replace('\'3\'', '\'it\'\'s\'')],
    ['a.yaml', YAML, 'train.layers[1]', 'a, b', YAML.replace('32', '\'a, b\'')],
    ['a.yaml', YAML, 'train.layers', '[1, 2]', YAML.replace('[64, 32]', '[1, 2]')],
    ['a.yaml', '\xef\xbb\xbfa:  # none\r\nb: 1\r\n', 'a', 'x', '\xef\xbb\xbfa: x  # none\r\nb: 1\r\n'],
    ['a.toml', 'a.b = "x" # c\n[t]\nk = [1, 2]\n', 'a.b', 'say "hi"', 'a.b = "say \\"hi\\"" # c\n[t]\nk = [1, 2]\n'],
    ['a.toml', 'a = \'x\'\n', 'a', 'it\'s', 'a = "it\'s"\n'],
    ['a.json', '{ "a" : {"b": [1,\t2]}}', 'a.b[1]', 'true', '{ "a" : {"b": [1,\ttrue]}}'],
    ['a.jsonc', '{"a": 1, // one\n}', 'a', 'uno', '{"a": "uno", // one\n}'],
    ['a.ini', '[s]\nx = 1 ; old\ny=\n', 's.x', '2', '[s]\nx = 2 ; old\ny=\n'],
    ['a.txt', 'nx: 4\n', 'nx', '8', 'nx: 8\n'], ['a.properties', 'a.b=1\n', 'a.b', 'two words', 'a.b=two words\n'],
  ];
  for (const [path, text, key, value, expected] of cases) assert.equal(writeParameter(text, path, key, value), expected, path + ' ' + key);
  assert.throws(() => writeParameter(YAML, 'a.yaml', 'train', '1'), /it is a list or mapping that is not in brackets/);
  assert.throws(() => writeParameter('[s]\nx=1\n', 'a.ini', 's.x', ' 2'), /cannot stand there in INI/);
  assert.throws(() => writeParameter('x=1\n', 'a.txt', 'x', 'a\nb = 2'), /cannot stand there/);
});

test('writeFileParameters() keeps mode and place, and writes nothing outside of the project', () => {
  const root = makeProject();
  const project = projectAt(root);
  fs.writeFileSync(root + '/p.yaml', YAML, { mode: 0o600 });
  fs.mkdirSync(root + '/sub');
  fs.symlinkSync('../p.yaml', root + '/sub/p.yaml');
  writeFileParameters(project, [{ path: 'sub/p.yaml', key: 'train.lr', value: '0.5' }, { path: 'sub/p.yaml', key: 'train.name', value: 'sgd' }]);
  assert.equal(fs.readFileSync(root + '/p.yaml', 'latin1'), YAML.replace('0.1 ', '0.5 ').replace('adam', 'sgd'));
  assert.equal(fs.statSync(root + '/p.yaml').mode & 0o777, 0o600);
  assert.ok(fs.lstatSync(root + '/sub/p.yaml').isSymbolicLink());
  fs.symlinkSync('/etc/hosts.yaml', root + '/out.yaml');
  for (const path of ['../p.yaml', '/etc/p.yaml', 'out.yaml', 'sub/../../p.yaml']) assert.throws(() => writeFileParameters(project, [{ path, key: 'a', value: '1' }]), /outside of the project/);
});

test('printKey() and parseKeyParts() are each other\'s inverse, whatever a key holds', () => {
  for (const parts of [['a'], ['a', 'b', 3, 'c'], ['a.b', 0], ['x y', 'z"'], ['', 'q'], ['a[0]'], ['\xc3\xa4', '-']]) assert.deepEqual(parseKeyParts(printKey(parts)), parts, JSON.stringify(parts));
  for (const bad of ['', '.', 'a.', 'a..b', '[x]', 'a[', '"a']) assert.equal(parseKeyParts(bad), undefined, bad);
});

test('fileParametersOf() finds path and key again, whatever they hold', () => {
  const one = { path: 'my %dir/a:b.yaml', key: 'k."x: 20%"' };
  const run = { parameters: [nameFileParameter(one) + ' 1', 'plain 2', 'my%20%25dir/a:b 3'], parameterFiles: ['my %dir/a', one.path] };
  assert.deepEqual(fileParametersOf(run).map(({ path, key, value }) => ({ path, key, value })), [{ ...one, value: '1' }, { path: 'my %dir/a', key: 'b', value: '3' }]);
});
