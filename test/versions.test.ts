// versions.test.ts - which version is the later one: judged by dpkg, Python's packaging and published examples.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { compareVersions } from '../src/core/versions.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

let state = 5;
function pick<T>(from: T[]): T {
  state = (state * 1103515245 + 12345) % 2147483648;
  return from[Math.floor(state / 65536) % from.length];
}

function makeWord(parts: string[], most: number): string {
  let text = '';
  for (let count = pick([1, 2, 3, most]); count > 0; count--) text += pick(parts);
  return text;
}

const SIGNS = ['<', '=', '>'];

function signOf(order: number): string {
  return SIGNS[Math.sign(order) + 1];
}

test('compareVersions() of dpkg agrees with dpkg --compare-versions', { skip: hasProgram('dpkg') ? false : 'there is no dpkg' }, () => {
  const pairs = [['1:1.2.13.dfsg-1', '1.2.14-1'], ['2.36-9+deb12u10', '2.36-9+deb12u9'], ['1.0~rc1-1', '1.0-1'], ['1.0', '1.0-0'], ['0:1', '1'], ['1.0', '1.00'], ['1', '1a'], ['1a', '1+'], ['1-1-1', '1-1-2']];
  const version = (): string => pick(['', '', '', '1:', '0:']) + pick(['0', '1', '09', '10']) + makeWord(['.', '1', '02', 'a', 'rc', '~', '+', '-', 'z', '10'], 6).replace(/-+$/, '');
  for (let i = 0; i < 500; i++) pairs.push([version(), version()]);
  const folder = makeTemporary();
  fs.writeFileSync(path.join(folder, 'pairs'), pairs.map((pair) => pair.join(' ') + '\n').join(''));
  const script = 'while read a b; do if dpkg --compare-versions "$a" lt "$b"; then echo "<"; elif dpkg --compare-versions "$a" gt "$b"; then echo ">"; else echo "="; fi; done < pairs';
  const judge = run(folder, ['sh', '-c', script]);
  assert.equal(judge.stderr, '');
  assert.deepEqual(pairs.map(([a, b]) => a + ' ' + signOf(compareVersions('dpkg', a, b)) + ' ' + b),
    judge.stdout.trim().split('\n').map((sign, i) => pairs[i][0] + ' ' + sign + ' ' + pairs[i][1]));
});

const PYTHON_JUDGE = `
import sys
from packaging.version import Version
for line in open(sys.argv[1]):
    a, b = (Version(word) for word in line.split())
    print('<' if a < b else '>' if a > b else '=')
`;

test('compareVersions() of Python packages agrees with the module packaging', (context) => {
  if (run(undefined, ['python3', '-c', 'import packaging.version']).status !== 0) return context.skip('there is no module packaging of python3');
  const numbers = ['0', '1', '2', '10'];
  const version = (): string => pick(['', '', '', '', '1!']) + makeWord(['1', '0', '2', '10'].map((one) => one + '.'), 4) + pick(numbers)
    + pick(['', '', '', 'a', 'b', 'rc', 'alpha', '.beta', '-c', 'pre']).replace(/.$/, '$&' + pick(['', '1', '.2']))
    + pick(['', '', '', '.post1', '-2', 'rev3', '.post0']) + pick(['', '', '', '.dev1', '.dev0', 'dev10']) + pick(['', '', '', '+cu118', '+1.2', '+1.a', '+deb']);
  const pairs = [['1.26.4', '2.0.0'], ['1.0', '1.0.0'], ['1.0rc1', '1.0'], ['1.0.dev1', '1.0a1'], ['1.0a1.dev1', '1.0a1'], ['1.0.post1', '1.0'], ['1.10', '1.9'], ['2!1', '1!9']];
  for (let i = 0; i < 1000; i++) pairs.push([version(), version()]);
  const folder = makeTemporary();
  fs.writeFileSync(path.join(folder, 'pairs'), pairs.map((pair) => pair.join(' ') + '\n').join(''));
  fs.writeFileSync(path.join(folder, 'judge.py'), PYTHON_JUDGE);
  const judge = run(folder, ['python3', 'judge.py', 'pairs']);
  assert.equal(judge.stderr, '');
  assert.deepEqual(pairs.map(([a, b]) => a + ' ' + signOf(compareVersions('python', a, b)) + ' ' + b),
    judge.stdout.trim().split('\n').map((sign, i) => pairs[i][0] + ' ' + sign + ' ' + pairs[i][1]));
});

test('compareVersions() of npm and julia orders as Semantic Versioning 2.0.0, 11, has it', () => {
  const ascending = ['0.9.0', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0-rc.1', '1.0.0', '2.0.0', '2.1.0', '2.1.1', '2.10.0'];
  ascending.forEach((a, i) => ascending.forEach((b, j) => assert.equal(Math.sign(compareVersions('npm', a, b)), Math.sign(i - j), a + ' ' + b)));
  assert.equal(compareVersions('julia', '1.2.3+4', '1.2.3+5'), 0);
});

test('compareVersions() of what other managers write', () => {
  const later: [string, string, string][] = [['r', '1.2-3', '1.2-2'], ['r', '1.2-3', '1.2'], ['perl', '1.302191', '1.302190'], ['java', '1.0', '1.0-SNAPSHOT'], ['apk', '1.2.4-r0', '1.2.4_rc1-r5'],
    ['guix', '13.2.0', '9.4'], ['rpm', '1:2.0-1.fc38', '3.0-1.fc38'], ['pacman', '6.1-1', '6.0.9-3'], ['conda', '2024.1', '2023.12']];
  for (const [manager, a, b] of later) {
    assert.ok(compareVersions(manager, a, b) > 0, manager + ' ' + a + ' ' + b);
    assert.ok(compareVersions(manager, b, a) < 0, manager + ' ' + b + ' ' + a);
  }
});

test('compareVersions() takes any text, in time', () => {
  const texts = ['', '-', ':', '~', '1'.repeat(50000), 'a'.repeat(50000), '-.'.repeat(50000), '\xff\0', '1constructor', '1.__proto__2', '1.'.repeat(20000), '+'.repeat(20000)];
  for (const manager of ['dpkg', 'npm', 'python']) {
    for (const a of texts) {
      assert.equal(compareVersions(manager, a, a), 0);
      for (const b of texts) assert.equal(Math.sign(compareVersions(manager, a, b)), -Math.sign(compareVersions(manager, b, a)) + 0);
    }
  }
});
