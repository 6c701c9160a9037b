// archiverig.ts - projects to archive, and what a bag must be.
import assert from 'node:assert/strict';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { makeProject, makeTemporary, rr, run } from './rig.ts';

export const TOP = path.resolve(__dirname, '..', '..', '..');

export function sh(folder: string, script: string): string {
  const done = run(folder, ['sh', '-ec', script], { timeoutMs: 300000 });
  assert.equal(done.status, 0, script + ': ' + done.stderr);
  return done.stdout;
}

/** A project in which one run has made out.txt from in.txt by make.sh. */
export function makeSmall(): string {
  const project = makeProject();
  fs.writeFileSync(path.join(project, 'in.txt'), 'in\n');
  fs.writeFileSync(path.join(project, 'make.sh'), 'cat in.txt in.txt > out.txt\n');
  assert.equal(rr(project, ['record', '-q', '--trace', 'none', '-i', 'in.txt', '-i', 'make.sh', '-o', 'out.txt', '--', 'sh', 'make.sh']).status, 0);
  return project;
}

export function archive(project: string, args: string[], status = 0): { stdout: string; stderr: string } {
  const done = rr(project, ['archive'].concat(args));
  assert.equal(done.status, status, args.join(' ') + ': ' + done.stdout + done.stderr);
  return done;
}

/** The archive as a folder, somewhere else. */
export function archiveToFolder(project: string, args: string[] = []): string {
  const bag = path.join(makeTemporary(), 'bag');
  archive(project, ['-q', bag + '/'].concat(args));
  return bag;
}

export function listPayload(bag: string): string[] {
  return sh(path.join(bag, 'data'), 'LC_ALL=C; find . ! -type d | sed s,^./,, | sort').split('\n').filter((name) => name !== '' && !/^provenance\/(?:runs|environments|logs|code)\//.test(name));
}

export function hashOf(name: string | Buffer): string {
  return crypto.createHash('sha256').update(fs.readFileSync(name)).digest('hex');
}

export const ALWAYS = ['Makefile', 'provenance/Makefile', 'provenance/README.txt', 'provenance/SHA256SUMS', 'provenance/rerun.sh', 'ro-crate-metadata.json'];

const LINE = /^([0-9a-f]{64}) {2}([^\n\r%]+)$/;

/** What RFC 8493 says that a bag MUST be, section by section. */
export function assertBag(bag: string): void {
  const read = (name: string): string => fs.readFileSync(path.join(bag, name), 'latin1');
  // 2.1.1: exactly two lines, no byte order mark
  assert.equal(read('bagit.txt'), 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n');
  // 2.1.2: there is a folder data
  assert.ok(fs.lstatSync(path.join(bag, 'data')).isDirectory());
  const listed = (manifest: string): Map<string, string> => {
    const lines = read(manifest).split('\n');
    assert.equal(lines.pop(), '', manifest + ' ends in a line');
    const found = new Map<string, string>();
    for (const line of lines) {
      const parts = LINE.exec(line);
      assert.ok(parts !== null, manifest + ': ' + line);
      // 2.1.3: no file more than once, no path that climbs out
      assert.ok(!found.has(parts[2]) && !/(^|\/)\.\.?(\/|$)|^\/|^~/.test(parts[2]), parts[2]);
      found.set(parts[2], parts[1]);
      assert.equal(hashOf(Buffer.from(bag + '/' + parts[2], 'latin1')), parts[1], parts[2]);
    }
    return found;
  };
  const walk = (folder: string): string[] => sh(bag, 'LC_ALL=C; find ' + folder + ' ! -type d | sed s,^./,, | sort').split('\n').filter((name) => name !== '');
  const isFile = (name: string): boolean => fs.statSync(Buffer.from(bag + '/' + name, 'latin1')).isFile();
  // 3: complete: every payload file is in every manifest, and what is in a manifest is there
  const payload = walk('data').filter(isFile);
  const manifest = listed('manifest-sha256.txt');
  assert.deepEqual(Array.from(manifest.keys()), payload);
  for (const name of payload) assert.ok(name.startsWith('data/'));
  // 2.2.1: a tag manifest lists tag files, no payload and no tag manifest
  assert.deepEqual(Array.from(listed('tagmanifest-sha256.txt').keys()), walk('. -path ./data -prune -o').filter((name) => name !== 'tagmanifest-sha256.txt' && name !== 'data'));
  // 2.2.2: "LABEL: VALUE", and a Payload-Oxum that is right, once
  const info = read('bag-info.txt').split('\n');
  assert.equal(info.pop(), '');
  for (const line of info) assert.match(line, /^[A-Za-z-]+: \S(?:.*\S)?$/);
  const bytes = payload.reduce((sum, name) => sum + fs.statSync(Buffer.from(bag + '/' + name, 'latin1')).size, 0);
  assert.deepEqual(info.filter((line) => line.startsWith('Payload-Oxum')), ['Payload-Oxum: ' + String(bytes) + '.' + String(payload.length)]);
  assert.equal(info.filter((line) => /^Bagging-Date: \d{4}-\d\d-\d\d$/.test(line)).length, 1);
  for (const name of ['manifest-sha256.txt', 'tagmanifest-sha256.txt']) {
    const done = run(bag, ['sha256sum', '--strict', '--quiet', '-c', name]);
    assert.equal(done.status, 0, done.stdout + done.stderr);
  }
}
