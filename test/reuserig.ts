// reuserig.ts - what the tests of reuse have in common: running rr with it, looking into a store.
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { listRecords, readRecord, rr, run } from './rig.ts';
import type { Done, RunOptions } from './rig.ts';

// What it writes is never the same twice: only what was put back is.
export const UNIQUE = 'date +%s%N; echo $$';

/** `rr record --reuse` without standard input. */
export function reuse(folder: string, args: string[], options: RunOptions = {}): Done {
  return rr(folder, ['record', '--reuse'].concat(args), { stdio: ['ignore', 'pipe', 'pipe'], ...options });
}

export function write(folder: string, name: string, content: string): void {
  fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  fs.writeFileSync(path.join(folder, name), content);
}

export function read(folder: string, name: string): string {
  return fs.readFileSync(path.join(folder, name), 'latin1');
}

export function isReused(done: Done): boolean {
  assert.equal(done.status, 0, done.stderr);
  return /^rr: reused the outputs of /m.test(done.stderr);
}

/** Runs it once, which must not be reused, and again, which must; returns what it gave. */
export function reuseTwice(folder: string, args: string[], output: string): string {
  const first = reuse(folder, args);
  assert.equal(isReused(first), false, first.stderr);
  const content = read(folder, output);
  fs.unlinkSync(path.join(folder, output));
  const second = reuse(folder, args);
  assert.equal(isReused(second), true, second.stderr);
  assert.equal(read(folder, output), content);
  return content;
}

export function lastRecord(folder: string): { [field: string]: string[] } {
  return readRecord(folder, listRecords(folder).slice(-1)[0]);
}

export function listFiles(folder: string): string[] {
  return run(folder, ['find', '.', '-type', 'f']).stdout.split('\n').filter((name) => name !== '').map((name) => name.slice(2)).sort();
}

export function listObjects(store: string): string[] {
  return fs.existsSync(path.join(store, 'objects')) ? listFiles(store).filter((name) => /^objects\/[0-9a-f]{2}\//.test(name)) : [];
}

export function listEntries(store: string): string[] {
  return fs.existsSync(path.join(store, 'entries')) ? listFiles(store).filter((name) => name.startsWith('entries/')) : [];
}

/** Each object has the hash that its name tells. Asked of sha256sum. */
export function checkObjects(store: string): void {
  const names = listObjects(store);
  const sums = names.map((name) => name.replace(/^objects\/(..)\/(.*)$/, '$1$2') + '  ' + name + '\n').join('');
  if (names.length > 0) assert.equal(run(store, ['sha256sum', '-c', '--quiet', '-'], { input: sums }).status, 0);
}
