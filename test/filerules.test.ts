// filerules.test.ts - which class a path has, and which names tell of secrets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSecretFile, makeClassifier } from '../src/core/filerules.ts';

const PLACES = { project: '/home/u/pro.ject', home: '/home/u', temporary: '/scratch/t' };

test('makeClassifier() tells project, outside, system, temporary and ignored files apart', () => {
  const classOf = makeClassifier(PLACES, '', 'files.txt');
  const expected: { [path: string]: string } = {
    '/home/u/pro.ject/a': 'project', '/home/u/pro.ject/.x/.y': 'project', '/home/u/proXject/a': 'outside', '/data/a.csv': 'outside',
    '/home/u/other/a.py': 'outside', '/usr/include/math.h': 'system', '/usrx': 'outside', '/bin': 'system', '/tmp': 'temporary', '/home/u/pro.ject': 'project', '/etc/ld.so.cache': 'ignored', '/etc/fstab': 'system',
    '/dev/null': 'ignored', '/dev/shm/x': 'temporary', '/dev/shm/sem.x': 'ignored', '/dev/shm/sem': 'temporary', '/dev/shm/xsem.x': 'temporary', '/dev/shm/d/sem.x': 'temporary', '/proc/self/maps': 'ignored', '/tmp/x/y': 'temporary', '/scratch/t/x': 'temporary',
    '/scratch/tx': 'outside', '/home/u/.pyenv/versions/3/lib/os.py': 'system', '/home/u/.cache/x': 'ignored',
    '/home/u/pro.ject/.venv/lib/python3/site-packages/numpy/__init__.py': 'system', '/home/u/.texlive2022/texmf-var/ls-R': 'ignored',
    '/home/u/pro.ject/\xff\n': 'project',
  };
  for (const path of Object.keys(expected)) assert.equal(classOf(path), expected[path], path);
});

test('makeClassifier() lets the last line of the project\'s own rules decide', () => {
  const classOf = makeClassifier(PLACES, '# ours\noutside /opt/data/\n\n  ignored *.log\r\nsystem lib/*/vendor/\nproject **/keep.log\n', 'files.txt');
  assert.equal(classOf('/opt/data/a'), 'outside');
  assert.equal(classOf('/opt/tool/a'), 'system');
  assert.equal(classOf('/home/u/pro.ject/x.log'), 'ignored');
  assert.equal(classOf('/home/u/pro.ject/keep.log'), 'project');
  assert.equal(classOf('/home/u/pro.ject/d/x.log'), 'project');
  assert.equal(classOf('/home/u/pro.ject/lib/q/vendor/a'), 'system');
  assert.equal(classOf('/home/u/pro.ject/lib/q/r/vendor/a'), 'project');
});

test('makeClassifier() works where the project is the root folder, or lies below a system folder', () => {
  assert.equal(makeClassifier({ ...PLACES, project: '/' }, '', 'f')('/data/a'), 'project');
  assert.equal(makeClassifier({ ...PLACES, project: '/usr/src/p' }, '', 'f')('/usr/src/p/a'), 'project');
});

test('makeClassifier() has no rules of the home of a user who has none', () => {
  const classOf = makeClassifier({ ...PLACES, home: '' }, '', 'f');
  assert.deepEqual(['/R/a', '/go/pkg/a', '/.cache/a', '/home/u/pro.ject/a', '/usr/lib/a'].map(classOf), ['outside', 'outside', 'outside', 'project', 'system']);
});

test('makeClassifier() names the line it cannot read', () => {
  assert.throws(() => makeClassifier(PLACES, 'system /a\nsytem /b\n', 'provenance/files.txt'), /"provenance\/files.txt": line 2: not "CLASS PATTERN"/);
  assert.throws(() => makeClassifier(PLACES, 'system\n', 'f'), /line 1/);
});

test('isSecretFile() knows files of credentials and no others', () => {
  for (const path of ['/home/u/.netrc', '.env', '.env.local', 'config/secrets.yml', '/home/u/.aws/credentials', '/home/u/.ssh/id_ed25519', 'a/server.key', '.Renviron']) {
    assert.ok(isSecretFile(path), path);
  }
  for (const path of ['environment.yml', 'env', 'keys.txt', 'data/netrc.csv', 'src/secret.py', 'key']) assert.ok(!isSecretFile(path), path);
});
