// late.test.ts - the files of rr.js that stand in comments come in wherever rr.js lies, and whatever becomes of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fs from 'fs';
import path from 'path';
import { listRecords, makeTemporary, readRecord, RR_JS, run } from './rig.ts';

const VERSION = process.versions.node.split('.').map(Number);
const TAKES_MODULES = VERSION[0] > 22 || (VERSION[0] === 22 && VERSION[1] >= 3) || (VERSION[0] === 20 && VERSION[1] >= 16);

/** A project, and beside it a copy of rr.js at `place` below the same folder. */
function placeCopy(place: string): { project: string; copy: string } {
  const top = makeTemporary();
  const copy = path.join(top, place);
  const project = path.join(top, 'project');
  fs.mkdirSync(path.dirname(copy), { recursive: true });
  fs.mkdirSync(project);
  fs.copyFileSync(RR_JS, copy);
  return { project, copy };
}

/** Uses verbs that are late, by rr.js under this name. */
function assertWorks(project: string, name: string): void {
  for (const args of [['init', '-q'], ['record', '-q', '--trace', 'none', '-o', 'o', '--', 'sh', '-c', 'echo 1 > o'], ['status', '-q'], ['make', '-n'], ['list']]) {
    const done = run(project, [process.execPath, name].concat(args));
    assert.deepEqual([done.status, done.stderr], [0, ''], args[0] + ' of ' + name);
  }
}

for (const place of ['a b/rr.js', 'x\n\'"$/rr.js', '\u65e5\u672c/rr.js', 'rr', 'renamed.cjs']) {
  test('rr.js works as ' + JSON.stringify(place), () => {
    const { project, copy } = placeCopy(place);
    fs.chmodSync(copy, 0o444);
    assertWorks(project, copy);
  });
}

test('rr.js works by way of a link', () => {
  const { project, copy } = placeCopy('lib/rr.js');
  fs.mkdirSync(path.join(project, '../bin'));
  fs.symlinkSync('../lib/rr.js', path.join(project, '../bin/rr'));
  assert.equal(run(project, [path.join(project, '../bin/rr'), 'init', '-q']).status, 0);
  assertWorks(project, path.join(project, '../bin/rr'));
  assertWorks(project, copy);
});

test('rr.js works as an ES module, called without its ".js", too', { skip: TAKES_MODULES ? false : 'this Node.js has no process.getBuiltinModule' }, () => {
  const { project, copy } = placeCopy('rr.js');
  fs.writeFileSync(path.join(project, '../package.json'), '{ "type": "module" }');
  assertWorks(project, copy);
  assertWorks(project, copy.replace(/\.js$/, ''));
});

test('a run is recorded in full although rr.js was replaced while it ran', () => {
  for (const change of ['rm ../rr.js', 'printf "#" > ../rr.js', 'printf "#" > ../new; mv ../new ../rr.js']) {
    const { project, copy } = placeCopy('rr.js');
    run(project, [process.execPath, copy, 'init', '-q']);
    const done = run(project, [process.execPath, copy, 'record', '-q', '--metrics', 'm.json', '--', 'sh', '-c', 'sleep 0.3; ' + change + '; echo "{\\"a\\": 1}" > m.json']);
    assert.deepEqual([done.status, done.stdout, done.stderr], [0, '', ''], change);
    const record = readRecord(project, listRecords(project)[0]);
    assert.deepEqual([record.Metric, record.Environment?.length, record.Status], [['a 1'], 1, ['succeeded']]);
  }
});

test('rr.js works where functions have no comments in their text, as in Bun, to its last file', () => {
  const { project, copy } = placeCopy('rr.js');
  const hook = path.join(project, '../hook.js');
  fs.writeFileSync(hook, 'const text = Function.prototype.toString; Function.prototype.toString = function () { return text.call(this).replace(/\\/\\*[^]*?\\*\\//g, ""); };\n');
  // Those of the last banners of the comment, and of others.
  const late = fs.readFileSync(copy, 'latin1').split('\n').filter((line) => line.startsWith('// ==== src/commands/')).map((line) => /commands\/(\w+)\.ts/.exec(line)![1]);
  assert.equal(late[late.length - 1], 'report');
  for (const args of [['init', '-q'], ['record', '-q', '-o', 'o', '--', 'sh', '-c', 'echo 1 > o'], ['report', '-q'], ['archive', '-q'], ['status', '-q'], ['swhid', 'o'], ['make', '-n']]) {
    const done = run(project, [process.execPath, '-r', hook, copy].concat(args));
    assert.deepEqual([done.status, done.stderr], [0, ''], args[0]);
  }
});
