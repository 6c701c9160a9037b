// hashcache.test.ts - the table of lines of .rr/seen, held against a Map made by splitting the text; and what verify adds to that file.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { LineTable } from '../src/sys/hashcache.ts';
import { makeProject } from './bench/projects.ts';
import { evaluateApart, makeTemporary, RR_JS, rr, sleep } from './rig.ts';

const SAME_START = ' 2049 1234567890123 4096 1764000000000.1234 1764000000000.1234 results/';

/** Numbers from 0 up to `below`, the same each time (Park and Miller). */
function makeNumbers(): (below: number) => number {
  let state = 20261126;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

const hashOf = (n: number): string => n.toString(16).padStart(64, 'f');

/** Keys as rr writes them, many of whose first 64 bytes, by which they are found, are the same; keys that begin with others; odd ones. */
function listKeys(): string[] {
  const number = makeNumbers();
  const keys: string[] = ['', ' ', ' ' + 'x'.repeat(5000), '\x80\xff', ' 1 2 3 4 5 caf\xc3\xa9'];
  for (let n = 0; n < 60000; n++) keys.push(' ' + [2049, number(1 << 30), number(100000), 1764000000000 + number(1 << 30) / 16, 1764000000000 + number(1 << 30) / 16].join(' ') + ' data/f' + String(n));
  for (let n = 0; n < 1500; n++) keys.push(SAME_START + String(n));
  for (let length = 1; length < 200; length++) keys.push(' ' + 'p'.repeat(length));
  return keys;
}

test('LineTable finds the last line of each key, and no line of another one', () => {
  const keys = listKeys();
  const lines = keys.map((key, n) => hashOf(n) + key);
  // Noted again with another hash; cut short; without an end.
  for (let n = 0; n < keys.length; n += 7) lines.push(hashOf(keys.length + n) + keys[n]);
  lines.splice(100, 0, '', 'short', 'f'.repeat(63), 'f'.repeat(64));
  const text = lines.join('\n') + '\n' + hashOf(1) + ' not ended';
  const judge = new Map<string, string>();
  for (const line of text.split('\n').slice(0, -1)) if (line.length > 64) judge.set(line.slice(64), line.slice(0, 64));
  assert.ok(judge.size > 61000);
  const table = new LineTable(Buffer.from(text, 'latin1'));
  const find = (key: string): string | undefined => table.find(Buffer.from(key, 'latin1'));
  for (const [key, hash] of judge) if (find(key) !== hash) assert.equal(find(key), hash, JSON.stringify(key.slice(0, 100)));
  const others = [' not ended', SAME_START, SAME_START + '1500', SAME_START + '00', 'f', ' 2049'];
  for (let n = 5; n < keys.length; n += 11) others.push(keys[n] + '0', keys[n] + '\n', keys[n].slice(0, -1), keys[n].slice(1), keys[n].replace('2049', '2050'));
  for (const key of others) if (find(key) !== judge.get(key)) assert.equal(find(key), judge.get(key), JSON.stringify(key.slice(0, 100)));
});

test('LineTable ends with lines of which each was made to be looked for in the same place', () => {
  // What is hashed is the same in all: time by the square of 100,000 lines would be minutes.
  const program = 'Array.from({ length: 100000 }, (_, n) => "0".repeat(64) + " 1 2 3 4 5 " + "a".repeat(60) + String(n).padStart(6, "0") + "z".repeat(32) + "\\n").join("")';
  const first = ' 1 2 3 4 5 ' + 'a'.repeat(60) + '000000' + 'z'.repeat(32);
  assert.equal(evaluateApart('sys/hashcache.ts', 'new source.LineTable(Buffer.from(' + program + ')).find(Buffer.from(' + JSON.stringify(first) + '))'), '0'.repeat(64));
});

test('LineTable of a text without lines finds nothing', () => {
  for (const text of ['', '\n', 'x', '\n\n\n', 'f'.repeat(64), 'f'.repeat(64) + ' key']) {
    const table = new LineTable(Buffer.from(text, 'latin1'));
    for (const key of ['', ' key', '\n']) assert.equal(table.find(Buffer.from(key, 'latin1')), undefined, JSON.stringify(text));
  }
});

test('rr verify notes a file that it read once, and again only when it has changed', async () => {
  const folder = path.join(makeTemporary(), 'p');
  makeProject(RR_JS, folder, { runs: 40, hasResults: true, isMade: true });
  await sleep(100); // what was written just now is not noted
  const seen = path.join(folder, '.rr/seen');
  const verify = (...options: string[]): string[] => {
    // The environment that these records name is not there.
    assert.match(rr(folder, ['verify', '-q'].concat(options)).stdout, /^provenance\/environments\/\S+ expected \S+ found nothing\n$/);
    return fs.readFileSync(seen, 'latin1').split('\n').slice(0, -1);
  };
  const first = verify();
  assert.equal(first.length, 42, 'results, and two raw inputs');
  assert.deepEqual(verify(), first);
  assert.deepEqual(verify('--quick'), first);
  const result = path.join(folder, 'results/w0000/s7.csv');
  fs.writeFileSync(result, fs.readFileSync(result));
  await sleep(100);
  const after = verify();
  assert.deepEqual(after.slice(0, 42), first);
  assert.equal(after.length, 43);
  assert.match(after[42], / results\/w0000\/s7\.csv$/);
});
