// gc.test.ts - rr gc: what goes, and what never does.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { listRecords, makeProject, makeTemporary, readRecord, rr, run } from './rig.ts';
import type { Done } from './rig.ts';
import { checkObjects, isReused, lastRecord, listEntries, listObjects, read, reuse, write } from './reuserig.ts';

/** Records a run whose output has `kilobytes`, untraced; returns its id. */
function make(folder: string, name: string, kilobytes: number, inputs: string[] = []): string {
  const command = 'yes ' + name + ' | head -c ' + String(kilobytes * 1024) + ' > ' + name;
  const declared = inputs.reduce((all: string[], input) => all.concat('-i', input), []);
  const done = reuse(folder, ['-l', name, '--trace', 'none', '-o', name].concat(declared, '--', 'sh', '-c', command));
  assert.equal(isReused(done), false, done.stderr);
  return lastRecord(folder).Id[0];
}

function isThere(folder: string, name: string): boolean {
  const hash = run(folder, ['sha256sum', name]).stdout.slice(0, 64);
  return fs.existsSync(path.join(folder, '.rr', 'objects', hash.slice(0, 2), hash.slice(2)));
}

/** Has all of a store pass for used so many hours ago. */
function age(store: string, hours: number, match = ''): void {
  run(store, ['sh', '-c', 'find objects entries -type f | grep -F -e "$0" | xargs -r touch -d "$1 hours ago"', match, String(hours)]);
}

function gc(folder: string, args: string[]): Done {
  const done = rr(folder, ['gc'].concat(args));
  assert.equal(done.status, 0, done.stderr);
  return done;
}

test('rr gc --older frees what was not used for so long; each use counts', () => {
  const folder = makeProject();
  const store = path.join(folder, '.rr');
  make(folder, 'a.txt', 100);
  make(folder, 'b.txt', 50);
  age(store, 48);
  assert.equal(isReused(reuse(folder, ['-l', 'a.txt', '--trace', 'none', '-o', 'a.txt', '--', 'sh', '-c', 'yes a.txt | head -c 102400 > a.txt'])), true);
  const meant = gc(folder, ['--older', '1d', '-n']);
  assert.match(meant.stdout, /^\S+  sh -c 'yes b.txt [^\n]*\nwould free 5\d\.\d KiB: 1 content, 1 reusable run\nleft 10\d\.\d KiB: 1 content, 1 reusable run\n$/);
  assert.equal(listObjects(store).length, 2);
  assert.match(gc(folder, ['--older', '1d']).stdout, /^freed 5\d\.\d KiB: 1 content, 1 reusable run\n/);
  assert.deepEqual([isThere(folder, 'a.txt'), isThere(folder, 'b.txt')], [true, false]);
  assert.match(gc(folder, ['--older', '1d']).stdout, /^freed 0 B\n/);
  checkObjects(store);
});

test('rr gc --size frees the least recently used until so much is left', () => {
  const folder = makeProject();
  const store = path.join(folder, '.rr');
  for (const [i, name] of ['a.txt', 'b.txt', 'c.txt', 'd.txt'].entries()) {
    make(folder, name, 100);
    const id = lastRecord(folder).Id[0];
    const hash = run(folder, ['sha256sum', name]).stdout.slice(0, 64);
    age(store, 10 - i, id);
    age(store, 10 - i, hash.slice(2));
  }
  gc(folder, ['--size', '250K']);
  assert.deepEqual(['a.txt', 'b.txt', 'c.txt', 'd.txt'].map((name) => isThere(folder, name)), [false, false, true, true]);
  const left = Number(run(store, ['sh', '-c', 'find objects entries -type f -printf "%s\\n" | awk \'{ s += $1 } END { print s }\'']).stdout);
  assert.ok(left <= 250 * 1024 && left > 200 * 1024, String(left));
  assert.equal(listEntries(store).length, 2);
  gc(folder, ['--size', '0']);
  assert.deepEqual([listObjects(store), listEntries(store)], [[], []]);
  assert.equal(fs.readdirSync(path.join(store, 'objects')).length, 0, 'no empty folders are left');
});

test('rr gc never touches what a kept run, or what it was made from, needs', () => {
  const folder = makeProject();
  const store = path.join(folder, '.rr');
  const cases: [string[], string][] = [[['--keep', 'c.txt'], ''], [['--keep', '@'], ''], [[], 'keep']];
  const ids = [make(folder, 'a.txt', 10), make(folder, 'b.txt', 10, ['a.txt']), make(folder, 'x.txt', 10), make(folder, 'c.txt', 10, ['b.txt'])];
  // The chain's files change, so that only the store has their contents.
  for (const [keep, tag] of cases) {
    if (tag !== '') assert.equal(rr(folder, ['note', '-t', tag, ids[3]]).status, 0);
    const plan = gc(folder, ['--size', '0', '-n'].concat(keep)).stdout;
    assert.match(plan, new RegExp('^' + ids[2] + '  [^\\n]*\\nwould free'), plan);
  }
  gc(folder, ['--size', '0']);
  assert.deepEqual(['a.txt', 'b.txt', 'x.txt', 'c.txt'].map((name) => isThere(folder, name)), [true, true, false, true]);
  assert.deepEqual(listEntries(store).map((name) => path.basename(name, '.rec')).sort(), ids.filter((id) => id !== ids[2]).sort());
  // A run whose outputs were put back needs those of the other.
  rr(folder, ['note', '--untag', 'keep', ids[3]]);
  assert.equal(isReused(reuse(folder, ['--trace', 'none', '-o', 'a.txt', '--', 'sh', '-c', 'yes a.txt | head -c 10240 > a.txt'])), true);
  const again = lastRecord(folder);
  assert.deepEqual(again.Reused, [ids[0]]);
  gc(folder, ['--size', '0', '--keep', again.Id[0]]);
  assert.equal(listEntries(store).length, 1);
  assert.equal(isThere(folder, 'a.txt'), true);
  assert.equal(isThere(folder, 'c.txt'), false);
});

test('rr gc without options frees only what is of no use: unfinished, damaged, entries without contents', () => {
  const folder = makeProject();
  const store = path.join(folder, '.rr');
  make(folder, 'a.txt', 10);
  make(folder, 'b.txt', 10);
  const lost = run(folder, ['sha256sum', 'b.txt']).stdout.slice(0, 64);
  fs.unlinkSync(path.join(store, 'objects', lost.slice(0, 2), lost.slice(2)));
  const [object] = listObjects(store);
  const unfinished = path.join(store, path.dirname(object), '.' + path.basename(object) + '.abcdef.tmp');
  fs.writeFileSync(unfinished, 'half');
  fs.mkdirSync(path.join(store, 'objects', 'corrupt'));
  fs.writeFileSync(path.join(store, 'objects', 'corrupt', lost + '.abcdef'), 'bad');
  fs.writeFileSync(path.join(store, 'objects', 'mine.txt'), 'not of rr');
  const entry = path.join(store, listEntries(store)[0]);
  fs.writeFileSync(path.join(path.dirname(entry), '20261126T000000Z-aaaaaa.rec'), 'no record');
  assert.match(gc(folder, []).stdout, /^freed [^\n]*: 1 reusable run, 2 leftovers\nleft [^\n]*: 1 content, 1 reusable run\n$/);
  assert.equal(fs.existsSync(unfinished), true, 'one may still be at work');
  run(store, ['touch', '-d', '2 hours ago', unfinished]);
  assert.match(gc(folder, []).stdout, /: 1 leftover\n/);
  assert.equal(fs.existsSync(unfinished), false);
  assert.equal(read(store, 'objects/mine.txt'), 'not of rr');
  assert.equal(isThere(folder, 'a.txt'), true);
});

test('rr gc clears what repeats and failed steps left, the latter only if told to', () => {
  const folder = makeProject();
  const id = make(folder, 'a.txt', 1);
  for (const kind of ['different', 'aside']) write(folder, '.rr/' + kind + '/' + id + '/a.txt', 'other');
  write(folder, '.rr/different/mine/a.txt', 'not of rr');
  const old = (): void => { run(folder, ['touch', '-d', '3 days ago', '.rr/different/' + id, '.rr/aside/' + id]); };
  gc(folder, []);
  gc(folder, ['--older', '1d']);
  assert.ok(fs.existsSync(path.join(folder, '.rr/different', id)), 'it is young');
  old();
  gc(folder, ['--older', '1d', '--keep', id]);
  assert.ok(fs.existsSync(path.join(folder, '.rr/different', id)), 'it is kept');
  assert.match(gc(folder, ['--older', '1d', '-n']).stdout, new RegExp('^\\.rr/different/' + id + '/$', 'm'));
  gc(folder, ['--older', '1d']);
  assert.equal(fs.existsSync(path.join(folder, '.rr/different', id)), false);
  assert.ok(fs.existsSync(path.join(folder, '.rr/different/mine')));
  assert.ok(fs.existsSync(path.join(folder, '.rr/aside', id)), 'only with --aside');
  gc(folder, ['--aside']);
  assert.equal(fs.existsSync(path.join(folder, '.rr/aside', id)), false);
});

test('rr gc --cache frees in a cache, and touches nothing else there', () => {
  const folder = makeProject();
  const cache = makeTemporary();
  write(cache, 'mine.txt', 'x');
  write(cache, 'objects/zz/mine.txt', 'x');
  const refused = rr(folder, ['gc', '--cache', makeTemporary()]);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /it has no objects\//);
  assert.equal(rr(folder, ['record', '-q', '--cache', cache, '-o', 'a.txt', '--', 'sh', '-c', 'echo 1 > a.txt; echo shown'], { stdio: ['ignore', 'pipe', 'pipe'] }).status, 0);
  assert.equal(listEntries(cache).length, 1);
  write(folder, '.rr/objects/ab/' + 'c'.repeat(62), 'x');
  assert.match(gc(folder, ['--cache', cache, '--size', '0']).stdout, /^freed [^\n]*: \d contents, 1 reusable run\n/);
  assert.deepEqual([listObjects(cache).filter((name) => !/zz/.test(name)), listEntries(cache)], [[], []]);
  assert.deepEqual([read(cache, 'mine.txt'), read(cache, 'objects/zz/mine.txt')], ['x', 'x']);
  assert.equal(listObjects(path.join(folder, '.rr')).length, 1);
  assert.equal(rr(folder, ['gc', '--older', 'x']).status, 2);
  assert.equal(rr(folder, ['gc', '--size', '12']).status, 2);
  assert.equal(rr(folder, ['gc', '--keep', 'nosuch']).status, 1);
  assert.equal(readRecord(folder, listRecords(folder)[0]).Status[0], 'succeeded');
});
