// hostileproject.ts - a project whose names, labels and reasons are made to break what is made of them, with runs that failed or were overtaken.
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { makeProject, makeTemporary, rr } from './rig.ts';

/** Names of files, as bytes. */
export const HOSTILE_NAMES = ['a b.txt', '100%.csv', '%41.txt', 'q"uo\'te.txt', 'back\\slash.txt', '\xc3\xbc\xe4\xb8\xad.txt', '<script>alert(1)<', 'http:x.txt', '_:b0', '@id', '#frag?x=1', '[x]{y}|^`.txt',
  'new\nline.txt', 'tab\t.txt', 'rtl\xe2\x80\xaetxt.exe', 'x &amp; y;.txt', '(a),b=c.'];

/** One that is not UTF-8. */
export const ODD_NAME = 'latin1-\xe9\xff.txt';

function toFile(folder: string, name: string): Buffer {
  return Buffer.concat([Buffer.from(folder + '/'), Buffer.from(name, 'latin1')]);
}

function record(folder: string, options: string[], script: string, status = 0): void {
  const done = rr(folder, ['record', '-q', '--trace', 'scan'].concat(options, ['--', 'sh', '-c', script]));
  assert.equal(done.status, status, done.stderr);
}

const made = new Map<boolean, string>();

/**
 * Made once for all tests of a file, as it takes seconds: who changes records copies it first. A run reads and writes files of all these names (and, isOdd, of one that is not UTF-8); others fail,
 * are stopped, write what another overwrites, write the same bytes again, change a file in place, and
 * read one outside of the project.
 */
export function makeHostileProject(isOdd: boolean): string {
  const known = made.get(isOdd);
  if (known !== undefined) return known;
  const folder = makeProject();
  fs.mkdirSync(path.join(folder, 'in'));
  const names = HOSTILE_NAMES.concat(isOdd ? [ODD_NAME] : []);
  for (const name of names) fs.writeFileSync(toFile(folder + '/in', name), name, 'latin1');
  const outside = path.join(makeTemporary(), 'outside data.txt');
  fs.writeFileSync(outside, 'outside');
  record(folder, ['-l', '<script>alert("label")</script>', '-m', 'reason: "quotes" \\ back\nsecond line </title> {{x}} $(id) ]]>', '-t', 'tag,1', '-p', 'a/b=<1 & 2>', '-i', 'in', '-o', 'out'],
    'mkdir out; cp in/* out; echo "it\'s; done" # </script> 100%');
  record(folder, ['-o', 'broken.txt', '-l', 'fails'], 'echo half > broken.txt; exit 3', 3);
  record(folder, ['-o', 'never.txt'], 'true', 123);
  record(folder, ['--timeout', '0.2', '-l', 'stopped'], 'exec sleep 10', 124);
  record(folder, ['-o', 'twice.txt', '-l', 'first'], 'echo one > twice.txt');
  record(folder, ['-o', 'twice.txt', '-l', 'second'], 'echo two > twice.txt');
  record(folder, ['-i', 'twice.txt', '-o', 'again.txt', '-l', 'reader'], 'cp twice.txt again.txt');
  record(folder, ['-o', 'twice.txt', '-l', 'third'], 'echo two > twice.txt');
  record(folder, ['-i', 'twice.txt', '-o', 'later.txt', '-l', 'later reader'], 'cat twice.txt twice.txt > later.txt');
  record(folder, ['-i', outside, '-o', 'copy.txt', '--metrics', 'm.json', '-l', 'outside'], 'cp "' + outside + '" copy.txt; echo \'{"loss": 0.5, "\\"<b>": 2}\' > m.json');
  record(folder, ['-i', 'copy.txt', '-o', 'copy.txt', '-l', 'in place'], 'echo more >> copy.txt');
  const noted = rr(folder, ['note', '-q', '-c', 'a comment: <b>"bold"</b>\n\\ends', '--outcome', 'useless \u0001', 'reader']);
  assert.equal(noted.status, 0, noted.stderr);
  made.set(isOdd, folder);
  return folder;
}
