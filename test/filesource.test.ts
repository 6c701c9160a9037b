// filesource.test.ts - files that are written anew with texts put in: whole or not at all, whoever writes meanwhile.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { findForward, spliceText } from '../src/formats/longtext.ts';
import type { LongText } from '../src/formats/longtext.ts';
import { changeFiles } from '../src/sys/filesource.ts';
import { makeTemporary, run } from './rig.ts';

/** Two files of long ago in a new folder; `second` may be something else. */
function makePair(first: Buffer, makeSecond: (name: string) => void = (name) => fs.writeFileSync(name, 'second\n')): { folder: string; names: string[] } {
  const folder = makeTemporary();
  const names = ['first', 'second'].map((name) => path.join(folder, name));
  fs.writeFileSync(names[0], first);
  makeSecond(names[1]);
  if (fs.existsSync(names[1])) for (const name of names) fs.utimesSync(name, 1, 1);
  return { folder, names };
}

/** The first text with a line put in behind its first, and the second as it is. */
function putLine([first, second]: LongText[]): LongText[] {
  const at = findForward(first, '\n', 0) + 1;
  return [spliceText(first, [{ start: at, end: at, text: 'put in\n' }]), second];
}

test('changeFiles() copies what stays of a file of megabytes', () => {
  const content = Buffer.concat([Buffer.from('one\n'), crypto.randomBytes(3000017)]);
  const { folder, names } = makePair(content);
  const places = [[0, 0], [4, 4], [4096, 8192], [1500000, 1500001], [content.length, content.length]];
  const wanted = Buffer.concat(places.map(([start], i) => Buffer.concat([content.subarray(i === 0 ? 0 : places[i - 1][1], start), Buffer.from('\xfe' + String(i), 'latin1')])));
  const inode = fs.statSync(names[1]).ino;
  assert.equal(changeFiles(names, ([first, second]) => [spliceText(first, places.map(([start, end], i) => ({ start, end, text: '\xfe' + String(i) }))), second]), true);
  fs.writeFileSync(path.join(folder, 'wanted'), wanted);
  assert.equal(run(folder, ['cmp', 'wanted', 'first']).status, 0);
  assert.equal(fs.statSync(names[1]).ino, inode, 'what stays as it is is not written');
  assert.deepEqual(fs.readdirSync(folder).sort(), ['first', 'second', 'wanted']);
});

test('changeFiles() reads any part of a file as it is', () => {
  const content = crypto.randomBytes(20001);
  const { names } = makePair(content);
  const text = content.toString('latin1');
  changeFiles(names, ([first]) => {
    assert.equal(first.length, text.length);
    for (const start of [0, 1, 4095, 4096, 4097, 12288, 20000, 20001]) for (const end of [start, start + 1, start + 4096, start + 5000, 20001]) assert.equal(first.slice(start, Math.max(start, end)), text.slice(start, Math.max(start, end)));
    return undefined;
  });
});

test('changeFiles() leaves files that somebody writes to meanwhile to that one', () => {
  const content = Buffer.from('one\n' + 'two\n'.repeat(100000));
  const harm: { [what: string]: (names: string[]) => void } = {
    'one byte longer': (names) => fs.appendFileSync(names[0], 'x'),
    'cut': (names) => fs.truncateSync(names[0], 5),
    'other bytes': (names) => {
      const fd = fs.openSync(names[0], 'r+');
      fs.writeSync(fd, 'T', 4);
      fs.closeSync(fd);
    },
    'the other one': (names) => fs.appendFileSync(names[1], 'x'),
  };
  for (const what of Object.keys(harm)) {
    const { folder, names } = makePair(content);
    let after: Buffer[] = [];
    const isChanged = changeFiles(names, (texts) => {
      harm[what](names);
      after = names.map((name) => fs.readFileSync(name));
      return putLine(texts);
    });
    assert.equal(isChanged, false, what);
    assert.deepEqual(names.map((name) => fs.readFileSync(name)), after, what);
    assert.deepEqual(fs.readdirSync(folder).sort(), ['first', 'second'], what);
  }
});

test('changeFiles() changes nothing if one is no regular file, or nothing is to change', () => {
  const content = Buffer.from('one\ntwo\n');
  const kinds: { [what: string]: (name: string) => void } = {
    missing: () => undefined, folder: (name) => fs.mkdirSync(name), fifo: (name) => assert.equal(run(undefined, ['mkfifo', name]).status, 0),
  };
  for (const what of Object.keys(kinds)) {
    const { names } = makePair(content, kinds[what]);
    assert.equal(changeFiles(names, putLine), false, what);
    assert.deepEqual(fs.readFileSync(names[0]), content, what);
  }
  const { names } = makePair(content);
  const inode = fs.statSync(names[0]).ino;
  assert.equal(changeFiles(names, () => undefined), false);
  assert.equal(changeFiles(names, (texts) => texts), true);
  assert.equal(fs.statSync(names[0]).ino, inode);
});
