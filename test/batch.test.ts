// batch.test.ts - many records of one process: whole, on the disk, in the Makefile; killed, crowded.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { checkDerived, checkSeals, hasProgram, listLeftovers, listRecords, makeLeftoversOld, makeProject, readRecord, rr, run, sleep, startProgram, startRr } from './rig.ts';
import type { Done } from './rig.ts';

const NEEDS_STRACE = hasProgram('strace') && run(undefined, ['strace', '-o', '/dev/null', 'true']).status === 0 ? false : 'strace is missing or may not trace';
const DRIVER = path.join(__dirname, 'batchdriver.js');
const CHAIN_ORACLE = path.resolve(__dirname, '..', '..', '..', 'test', 'chainoracle.sh');
const CHANGING = 'write,pwrite64,rename,fsync,openat,mkdir,unlink,link,ftruncate';

function driverArguments(folder: string, count: number, seed: number): string[] {
  return [process.execPath, DRIVER, folder, String(count), String(seed)];
}

function idsOf(done: Done, word: string): string[] {
  return done.stdout.split('\n').filter((line) => line.startsWith(word + ' ')).map((line) => line.slice(word.length + 1));
}

function recordName(id: string): string {
  return 'provenance/runs/' + id.slice(0, 4) + '-' + id.slice(4, 6) + '/' + id + '.rec';
}

/** Nothing is left of writers that have ended but what the next one needs. */
function checkSettled(folder: string, what: string): void {
  makeLeftoversOld(folder);
  // Killed when its mark was not yet written.
  run(folder, ['find', '.rr/running', '-type', 'f', '-empty', '-exec', 'touch', '-d', '2 hours ago', '{}', '+']);
  assert.equal(rr(folder, ['record', '-q', '--', 'true']).status, 0, what);
  assert.deepEqual(fs.readdirSync(path.join(folder, '.rr', 'pending')), [], what);
  assert.deepEqual(listLeftovers(folder), [], what);
  checkSeals(folder, listRecords(folder));
  checkDerived(folder, what);
}

test('Batch: records are those that were saved, and the Makefile is theirs', { timeout: 60000 }, () => {
  const folder = makeProject();
  for (const [count, seed] of [[1, 1], [37, 2], [3, 2], [120, 3]]) {
    const done = run(folder, driverArguments(folder, count, seed));
    assert.equal(done.status, 0, done.stderr);
    assert.equal(idsOf(done, 'saved').length, count);
    for (const id of idsOf(done, 'saved')) assert.equal(readRecord(folder, recordName(id)).Label[0], 'batch-' + String(seed));
    assert.doesNotMatch(done.stdout, /^(?:fault|problem)/m);
    assert.deepEqual(fs.readdirSync(path.join(folder, '.rr', 'running')), []);
    assert.deepEqual(fs.readdirSync(path.join(folder, '.rr', 'pending')), []);
    const ids = idsOf(done, 'claimed');
    assert.deepEqual(ids.slice().sort(), ids, 'ids grow');
    checkDerived(folder, String(count));
    checkSeals(folder, listRecords(folder));
    const sums = path.join(folder, 'provenance/SHA256SUMS');
    if (fs.statSync(sums).size > 0) assert.equal(run(folder, ['sha256sum', '-c', '--quiet', sums]).status, 0);
  }
  assert.equal(listRecords(folder).length, 161);
});

test('Batch: a record in place names only such as are in place, whichever gets no name', { skip: NEEDS_STRACE, timeout: 60000 }, () => {
  for (const more of ['', '+']) {
    const folder = makeProject();
    const trace = folder + '.trace';
    const traced = (...options: string[]): Done => run(folder, ['strace', '-o', trace, '-e', 'trace=rename'].concat(options, driverArguments(folder, 12, 1)));
    const listRenames = (): string[] => fs.readFileSync(trace, 'latin1').split('\n').filter((line) => line.startsWith('rename('));
    traced();
    const at = listRenames().findIndex((line) => /\.rec"/.test(line)) + 2;
    traced('--inject=rename:error=ENOSPC:when=' + String(at) + more);
    assert.match(listRenames()[at - 1], /running\/[^"]*", "[^"]*\.rec"\) = -1 ENOSPC .*\(INJECTED\)/);
    const links = run(folder, ['sh', CHAIN_ORACLE, 'provenance']).stdout;
    assert.doesNotMatch(links, /^(?:removed|altered)/m, 'when=' + String(at) + more);
    const count = listRecords(folder).length;
    if (more === '') assert.equal(count, 24, 'it is tried again');
    else assert.ok(count > 12 && count < 24, String(count));
    checkSettled(folder, 'when=' + String(at) + more);
    assert.equal(listRecords(folder).length, 25);
    assert.doesNotMatch(run(folder, ['sh', CHAIN_ORACLE, 'provenance']).stdout, /^(?:removed|altered)/m);
  }
});

test('Batch: what is named is synced before, its folder after', { skip: NEEDS_STRACE, timeout: 30000 }, () => {
  const folder = makeProject();
  const trace = path.join(folder, 'trace');
  const done = run(folder, ['strace', '-f', '-y', '-o', trace, '-e', 'trace=rename,fsync,openat,pwrite64,ftruncate'].concat(driverArguments(folder, 12, 1)));
  assert.equal(done.status, 0, done.stderr);
  const synced = new Set<string>();
  let open = 0;
  let named = 0;
  for (const line of fs.readFileSync(trace, 'latin1').split('\n')) {
    const sync = /fsync\(\d+<([^>]*)>/.exec(line);
    const rename = /rename\("([^"]*)", "([^"]*\.rec)"/.exec(line);
    const write = /(?:pwrite64|ftruncate)\(\d+<([^>]*running\/[^>]*)>/.exec(line);
    if (write !== null) assert.ok(!synced.has(write[1]), 'written before it is synced: ' + line);
    if (sync !== null) synced.add(sync[1]);
    if (sync !== null && /runs\/\d{4}-\d\d$/.test(sync[1])) open = 0;
    if (rename === null) continue;
    assert.ok(synced.has(rename[1]), 'not synced: ' + line);
    open += 1;
    named += 1;
  }
  assert.equal(named, 12);
  assert.equal(open, 0, 'the folder is synced after the last name was given');
});

/** Calls by which the driver changes the project, counted as strace counts them for its main thread. */
function findSites(folder: string, args: string[]): { call: string; when: number }[] {
  const trace = folder + '.trace';
  const done = run(folder, ['strace', '-y', '-o', trace, '-e', 'trace=' + CHANGING].concat(args));
  assert.equal(done.status, 0, done.stderr);
  const counts: { [call: string]: number } = {};
  const sites: { call: string; when: number }[] = [];
  for (const line of fs.readFileSync(trace, 'latin1').split('\n')) {
    const parts = /^(\w+)\((.*)$/.exec(line);
    if (parts === null) continue;
    counts[parts[1]] = (counts[parts[1]] ?? 0) + 1;
    const isChange = parts[1] !== 'openat' || /O_CREAT|O_WRONLY|O_RDWR/.test(parts[2]);
    if (isChange && parts[2].replace(/AT_FDCWD<[^>]*>/g, '').indexOf(folder) >= 0) sites.push({ call: parts[1], when: counts[parts[1]] });
  }
  fs.unlinkSync(trace);
  return sites;
}

test('Batch killed at any of its changes: what was saved is recorded, what was not is lost', { skip: NEEDS_STRACE, timeout: 240000 }, () => {
  const folder = makeProject();
  let seed = 0;
  const sites = findSites(folder, driverArguments(folder, 7, seed)).filter((site, i) => i % 3 === 0 || site.call === 'rename');
  assert.ok(sites.length > 15, String(sites.length));
  for (const site of sites) {
    seed += 1;
    const what = 'killed at ' + site.call + ' ' + String(site.when);
    const done = run(folder, ['strace', '-o', '/dev/null', '-e', 'trace=' + CHANGING, '--inject=' + site.call + ':signal=SIGKILL:when=' + String(site.when)].concat(driverArguments(folder, 7, seed)));
    const before = rr(folder, ['list', '--json']);
    assert.equal(before.status, 0, what + before.stderr);
    const next = run(folder, driverArguments(folder, 1, seed));
    assert.equal(next.status, 0, what + next.stderr);
    for (const id of idsOf(done, 'saved')) assert.match(readRecord(folder, recordName(id)).Status[0], /succeeded|failed/, what + ' ' + id);
    const doubtful = idsOf(done, 'claimed').filter((id) => idsOf(done, 'saved').indexOf(id) < 0);
    for (const id of doubtful) assert.match(readRecord(folder, recordName(id)).Status[0], /succeeded|failed|lost/, what + ' ' + id);
    assert.ok(before.stdout.indexOf(idsOf(done, 'saved')[0] ?? '') >= 0, what + ': listed before it is settled');
    checkDerived(folder, what);
  }
  checkSettled(folder, 'at the end');
});

test('batches and records at once, some of them killed, leave all records, and a Makefile that has them', { timeout: 120000 }, async () => {
  const folder = makeProject();
  const all: Promise<Done>[] = [];
  for (let n = 0; n < 8; n++) {
    const { child, ended } = startProgram(folder, driverArguments(folder, 60, n));
    if (n % 4 === 3) setTimeout(() => child.kill('SIGKILL'), 150 + n * 60);
    all.push(ended);
    const name = 'own' + String(n) + '.txt';
    all.push(startRr(folder, ['record', '-q', '-o', name, '--', 'sh', '-c', 'echo ' + String(n) + ' > ' + name]).ended);
    await sleep(30);
  }
  const done = await Promise.all(all);
  checkSettled(folder, 'all at once');
  for (const one of done) for (const id of idsOf(one, 'saved')) assert.match(readRecord(folder, recordName(id)).Status[0], /succeeded|failed/);
  for (const one of done) if (one.signal === null) assert.doesNotMatch(one.stdout, /^(?:fault|problem)/m);
});
