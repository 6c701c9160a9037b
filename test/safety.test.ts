// safety.test.ts - rr killed, failing, crowded or shut out: earlier records hold, the command runs.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import childProcess from 'child_process';
import fs from 'fs';
import os from 'os';
import path from 'path';
import { errorCode, isUnwritable } from '../src/sys/files.ts';
import { runCommand } from '../src/sys/process.ts';
import { checkDerived, checkSeals, CLEAN_ENV, hasProgram, IS_ROOT, listLeftovers, listRecords, makeLeftoversOld, makeProject, makeTemporary, pathsOf, readOnlyRecord, readRecord, rr, RR_JS, run, sleep, startProgram, startRr, waitUntil } from './rig.ts';
import type { Done } from './rig.ts';

const NEEDS_STRACE = hasProgram('strace') && run(undefined, ['strace', '-o', '/dev/null', 'true']).status === 0 ? false : 'strace is missing or may not trace';
const NEEDS_MOUNT = IS_ROOT && run(undefined, ['unshare', '-m', 'true']).status === 0 ? false : 'needs root that may mount';
const NEEDS_OTHER_USER = IS_ROOT && hasProgram('setpriv') ? false : 'needs root and setpriv';

// ---- killed or failing at every step ----------------------------------------------------------------

type Site = { call: string; when: number };

const CHAIN_ORACLE = path.resolve(__dirname, '..', '..', '..', 'test', 'chainoracle.sh');
const CHANGING = 'write,rename,fsync,openat,mkdir,unlink,link,chmod,utime,utimensat';

/** A line of strace -y without the current folder, which stands at every name: Node's own files are none of the project. */
function withoutCurrent(line: string): string {
  return line.replace(/AT_FDCWD<[^>]*>/g, 'AT_FDCWD');
}

/** The calls by which the main thread of rr changes the project, counted as strace counts them. */
function findSites(folder: string): Site[] {
  const trace = path.join(folder, '..', path.basename(folder) + '.trace');
  const done = run(folder, ['strace', '-y', '-o', trace, '-e', 'trace=' + CHANGING, process.execPath, RR_JS].concat(recordArguments(0)));
  assert.equal(done.status, 0, done.stderr);
  const counts: { [call: string]: number } = {};
  const sites: Site[] = [];
  for (const line of fs.readFileSync(trace, 'latin1').split('\n')) {
    const parts = /^(\w+)\((.*)$/.exec(line);
    if (parts === null) continue;
    const [, call, rest] = parts;
    counts[call] = (counts[call] ?? 0) + 1;
    if (withoutCurrent(rest).indexOf(folder) >= 0 && !(call === 'openat' && !/O_CREAT|O_WRONLY/.test(rest))) sites.push({ call, when: counts[call] });
  }
  fs.unlinkSync(trace);
  return sites;
}

/** Each run writes a file of its own, prints to both streams, and has a secret, so that the key is used. */
function recordArguments(n: number): string[] {
  return ['record', '-q', '--', 'sh', '-c', 'echo shown; echo told >&2; echo ' + String(n) + ' > f' + String(n % 3) + '.txt', '--password=' + String(n)];
}

type StoredRun = { Id?: string; id?: string; Status?: string; status?: string };

function listStatuses(folder: string): Map<string, string> {
  const done = rr(folder, ['list', '--json']);
  assert.equal(done.status, 0, 'rr list: ' + done.stderr);
  const parsed = JSON.parse(done.stdout === '' ? '[]' : done.stdout) as StoredRun[] | { runs: StoredRun[] };
  const runs = Array.isArray(parsed) ? parsed : parsed.runs;
  return new Map(runs.map((one) => [one.Id ?? one.id ?? '', one.Status ?? one.status ?? '']));
}

/** One project in which rr is hurt again and again. */
class Patient {
  readonly folder = makeProject();
  private manifest = '';
  private sealed: string[] = [];
  private runs = 1;

  /**
   * Runs `rr record` with a fault at a site; the command's own doings are told apart by its number.
   * isHit: the fault met the project, not one of Node's own pipes, whose writes have no fixed number.
   */
  async hurt(site: Site, fault: string): Promise<{ done: Done; n: number; isHit: boolean }> {
    const n = this.runs++;
    const inject = '--inject=' + site.call + ':' + fault + ':when=' + String(site.when);
    const trace = this.folder + '.trace';
    const done = await startProgram(this.folder, ['strace', '-y', '-o', trace, '-e', 'trace=' + CHANGING, inject, process.execPath, RR_JS].concat(recordArguments(n))).ended;
    const injected = fs.readFileSync(trace, 'latin1').split('\n').filter((line) => /\(INJECTED/.test(line));
    fs.unlinkSync(trace);
    return { done, n, isHit: injected.length > 0 && withoutCurrent(injected[0]).indexOf(this.folder) >= 0 };
  }

  /** Earlier records are the bytes they were; new ones have a seal that holds; make takes the Makefile. */
  checkRecords(what: string): void {
    const old = run(this.folder, ['sha256sum', '-c', '--quiet', '-'], { input: this.manifest });
    if (this.manifest !== '') assert.equal(old.status, 0, what + ': a record was changed: ' + old.stdout + old.stderr);
    const fresh = listRecords(this.folder).filter((name) => this.sealed.indexOf(name) < 0);
    if (fresh.length === 0) return;
    checkSeals(this.folder, fresh);
    this.manifest += run(this.folder, ['sha256sum'].concat(fresh)).stdout;
    this.sealed = this.sealed.concat(fresh);
  }

  checkMakefile(what: string): void {
    const make = run(this.folder, ['make', '-n', '-f', 'provenance/Makefile', 'verify']);
    assert.equal(make.status, 0, what + ': make -n: ' + make.stderr);
  }

  /** After the fault: all is readable, the run in doubt is told as what it is, and all goes on. Returns all runs. */
  checkAfter(what: string, before: Map<string, string>): Map<string, string> {
    this.checkRecords(what);
    this.checkMakefile(what);
    const doubtful = Array.from(listStatuses(this.folder)).filter(([id]) => !before.has(id));
    assert.ok(doubtful.length <= 1, what + ': one run at most is new');
    for (const [id, status] of doubtful) {
      const isRecorded = listRecords(this.folder).some((name) => name.indexOf(id) >= 0);
      assert.equal(status, isRecorded ? 'succeeded' : 'lost', what);
    }
    makeLeftoversOld(this.folder);
    const next = rr(this.folder, recordArguments(this.runs++));
    assert.equal(next.status, 0, what + ': the next record: ' + next.stderr);
    this.checkRecords(what);
    checkDerived(this.folder, what);
    const after = new Map(listRecords(this.folder).map((name) => [path.basename(name, '.rec'), readRecord(this.folder, name).Status[0]]));
    for (const [id, status] of doubtful) assert.equal(after.get(id), status, what);
    assert.deepEqual(listLeftovers(this.folder), [], what + ': nothing is left over');
    assert.deepEqual(fs.readdirSync(path.join(this.folder, '.rr', 'pending')), [], what + ': no mark is left over');
    return after;
  }
}

test('rr record killed at any of its changes leaves what was, and at most a lost run', { skip: NEEDS_STRACE, timeout: 120000 }, async () => {
  const patient = new Patient();
  rr(patient.folder, recordArguments(0));
  const sites = findSites(patient.folder);
  assert.ok(sites.length > 15, 'found ' + String(sites.length) + ' sites');
  let known = listStatuses(patient.folder);
  for (const site of sites) {
    await patient.hurt(site, 'signal=SIGKILL');
    known = patient.checkAfter('killed at ' + site.call + ' ' + String(site.when), known);
  }
});

test('rr record killed in a new project leaves one that the next record completes', { skip: NEEDS_STRACE, timeout: 60000 }, () => {
  const trial = makeTemporary();
  const sites = findSites(trial).filter((site, i) => i % 3 === 0 || site.call === 'openat').slice(0, 14);
  for (const site of sites) {
    const folder = makeTemporary();
    const what = 'killed at ' + site.call + ' ' + String(site.when);
    run(folder, ['strace', '-o', '/dev/null', '-e', 'trace=' + CHANGING, '--inject=' + site.call + ':signal=SIGKILL:when=' + String(site.when), process.execPath, RR_JS].concat(recordArguments(0)));
    if (fs.existsSync(path.join(folder, '.rr', 'running'))) makeLeftoversOld(folder);
    const next = rr(folder, recordArguments(1));
    assert.equal(next.status, 0, what + next.stderr);
    checkSeals(folder, listRecords(folder));
    checkDerived(folder, what);
    for (const name of ['README.txt', 'rerun.sh', 'Makefile']) assert.ok(fs.statSync(path.join(folder, 'provenance', name)).size > 0, what + ': ' + name + ' is whole');
    const key = fs.readFileSync(path.join(folder, '.rr', 'key'), 'latin1');
    assert.match(key, /^[0-9a-f]{64}\n$/, what + ': the key is whole');
    assert.deepEqual(listLeftovers(folder), [], what);
  }
});

test('rr record whose changes fail runs the command, says so, and keeps what was', { skip: NEEDS_STRACE, timeout: 120000 }, async () => {
  const patient = new Patient();
  rr(patient.folder, recordArguments(0));
  // Not write(): some are Node's own, between its threads, and it waits for ever for one that fails.
  // The tests of the full disk below stand for them.
  const sites = findSites(patient.folder).filter((site) => site.call !== 'write');
  let isEio = false;
  let hits = 0;
  for (const site of sites) {
    isEio = !isEio;
    const what: string = (isEio ? 'EIO' : 'ENOSPC') + ' at ' + site.call + ' ' + String(site.when);
    const { done, n, isHit } = await patient.hurt(site, 'error=' + (isEio ? 'EIO' : 'ENOSPC'));
    if (!isHit) continue;
    hits += 1;
    assert.equal(done.stdout, 'shown\n', what);
    assert.equal(fs.readFileSync(path.join(patient.folder, 'f' + String(n % 3) + '.txt'), 'latin1'), String(n) + '\n', what + ': the command ran');
    assert.doesNotMatch(done.stderr, /internal error/, what);
    assert.ok(done.status === 0 || done.status === 122, what + ': status ' + String(done.status) + ' ' + done.stderr);
    if (done.status === 122) assert.match(done.stderr, /not recorded in full/, what);
    patient.checkRecords(what);
    patient.checkMakefile(what);
    makeLeftoversOld(patient.folder);
    const next = rr(patient.folder, recordArguments(n + 1));
    assert.equal(next.status, 0, what + ': the next record: ' + next.stderr);
    patient.checkRecords(what);
    checkDerived(patient.folder, what);
    assert.deepEqual(listLeftovers(patient.folder), [], what + ': nothing is left over');
  }
  assert.ok(hits > 10, 'hit ' + String(hits) + ' sites');
});

// ---- many at once -----------------------------------------------------------------------------------

const WORKER = 'sleep 0.02; echo "$N" > "own$N.txt"\n';

/** Starts `count` records at once, run n with the options of `argumentsOf`; kills each whose number `isKilled`. */
async function crowd(folder: string, from: number, count: number, argumentsOf: (n: number) => string[], isKilled: (n: number) => boolean): Promise<Done[]> {
  const started = Array.from({ length: count }, (_, i) => startRr(folder, argumentsOf(from + i), { env: { N: String(from + i) } }));
  started.forEach(({ child }, i) => {
    if (isKilled(from + i)) setTimeout(() => child.kill('SIGKILL'), 40 + ((i * 97) % (count * 45)));
  });
  return Promise.all(started.map(({ ended }) => ended));
}

function checkOwnership(folder: string, isNamed: boolean): void {
  for (const name of listRecords(folder)) {
    const record = readRecord(folder, name);
    if (record.Parameter === undefined) continue;
    const own = 'own' + record.Parameter[0].split(' ')[1] + '.txt';
    for (const output of pathsOf(record.Output)) assert.equal(output, own, name + ' credits itself with what is not its own');
    if (isNamed && record.Status[0] === 'succeeded') assert.deepEqual(pathsOf(record.Output), [own], name);
    if (record.Status[0] === 'succeeded') assert.ok(pathsOf(record.Output).concat(pathsOf(record.Uncertain)).indexOf(own) >= 0, name + ' knows of its own file');
  }
}

function checkSettled(folder: string): void {
  const marks = fs.readdirSync(path.join(folder, '.rr', 'running')).filter((name) => name[0] !== '.');
  assert.deepEqual(marks, []);
  for (const name of fs.readdirSync(path.join(folder, '.rr', 'pending'))) assert.match(name, /\.done$/);
  makeLeftoversOld(folder);
  assert.equal(rr(folder, ['record', '-q', '--', 'true']).status, 0);
  assert.deepEqual(fs.readdirSync(path.join(folder, '.rr', 'pending')), []);
  assert.deepEqual(listLeftovers(folder), []);
}

test('64 records at once, in a folder without a project, are 64 records, each with its own file', { timeout: 120000 }, async () => {
  const folder = makeTemporary();
  fs.writeFileSync(path.join(folder, 'w.sh'), WORKER);
  const argumentsOf = (n: number): string[] => ['record', '-q', '-p', 'n=' + String(n)].concat(n % 2 === 0 ? ['-o', 'own' + String(n) + '.txt'] : [], ['--', 'sh', 'w.sh', 'own' + String(n) + '.txt']);
  const all = await crowd(folder, 0, 64, argumentsOf, () => false);
  all.forEach((done, n) => assert.equal(done.status, 0, String(n) + ': ' + done.stderr));
  const names = listRecords(folder);
  assert.equal(names.length, 64);
  assert.equal(new Set(names.map((name) => readRecord(folder, name).Id[0])).size, 64);
  checkOwnership(folder, true);
  checkDerived(folder, '64 at once');
  const sums = run(folder, ['sha256sum', '-c', '--quiet', 'provenance/SHA256SUMS']);
  assert.equal(sums.status, 0, sums.stdout + sums.stderr);
  const verify = run(folder, ['make', '-f', 'provenance/Makefile', 'verify']);
  assert.equal(verify.status, 0, verify.stdout + verify.stderr);
  checkSettled(folder);
});

test('rounds of 16 records at once that name no file never take another\'s, nor do they when some are killed', { timeout: 120000 }, async () => {
  const folder = makeProject();
  fs.writeFileSync(path.join(folder, 'w.sh'), WORKER);
  const argumentsOf = (n: number): string[] => ['record', '-q', '-p', 'n=' + String(n), '--', 'sh', 'w.sh'];
  for (let round = 0; round < 3; round++) {
    const all = await crowd(folder, round * 16, 16, argumentsOf, (n) => round > 0 && n % 4 === 0);
    all.forEach((done, i) => { if (round === 0 || i % 4 !== 0) assert.equal(done.status, 0, done.stderr); });
    await sleep(60); // the commands of killed ones may still write
    if (round === 0) assert.equal(listRecords(folder).length, 16);
    assert.equal(rr(folder, ['record', '-q', '--', 'true']).status, 0);
    checkOwnership(folder, false);
    checkSeals(folder, listRecords(folder));
    checkDerived(folder, 'round ' + String(round));
  }
  checkSettled(folder);
});

test('rr makefile beside records never leaves an older Makefile', { timeout: 60000 }, async () => {
  const folder = makeProject();
  fs.writeFileSync(path.join(folder, 'w.sh'), WORKER);
  for (let round = 0; round < 3; round++) {
    const records = Array.from({ length: 5 }, (_, i) => startRr(folder, ['record', '-q', '--', 'sh', 'w.sh', 'own' + String(round * 5 + i) + '.txt'], { env: { N: String(round * 5 + i) } }).ended);
    const rebuilds = Array.from({ length: 5 }, async (_, i) => { await sleep(i * 60); return startRr(folder, ['makefile', '-q']).ended; });
    for (const done of await Promise.all(records.concat(rebuilds))) assert.equal(done.status, 0, done.stderr);
    checkDerived(folder, 'round ' + String(round));
  }
});

// ---- where nothing can be written ---------------------------------------------------------------------

const BIG = 'head -c 300000 /dev/zero | tr "\\0" x; echo err >&2; echo result > "$OUT"';

function checkUnrecorded(done: Done, stdout: string): void {
  assert.equal(done.stdout, stdout);
  assert.equal(done.status, 122, done.stderr);
  assert.match(done.stderr, /^rr: cannot .*(?:no space left|read-only|permission denied|too large|quota)/m);
  assert.match(done.stderr, /^rr: the run was not recorded in full$/m);
  assert.doesNotMatch(done.stderr, /internal error|\n +at /);
}

/** A copy of a project on a file system of 400 KiB; only in the shell that mounts it. */
function onSmallDisk(script: string): Done {
  const folder = makeTemporary();
  const prelude = 'set -e; mount -t tmpfs -o size=400k none "$1"; cd "$1"; rr() { "$NODE" "$RR" "$@"; }; rr init -q; rr record -q -- sh -c "echo 1 > first.txt"; sha256sum provenance/runs/*/*.rec > ../sums.$$; set +e\n';
  const epilogue = '\nsha256sum -c --quiet ../sums.$$ || echo CHANGED; rm ../sums.$$';
  return run(folder, ['unshare', '-m', 'sh', '-c', prelude + script + epilogue, 'sh', folder], { env: { NODE: process.execPath, RR: RR_JS, OUT: '/dev/null' } });
}

test('errorCode() knows a quota that is used up, for which Node.js has no name', () => {
  const unnamed: [{ code?: string; errno?: number }, string][] = [
    [{ code: 'UNKNOWN', errno: -122 }, 'EDQUOT'], [{ code: 'UNKNOWN', errno: -69 }, 'EDQUOT'], [{ code: 'Unknown system error -122', errno: -122 }, 'EDQUOT'], [{ code: 'EDQUOT', errno: -122 }, 'EDQUOT'],
    [{ code: 'UNKNOWN', errno: -133 }, 'UNKNOWN'], [{ code: 'UNKNOWN', errno: 122 }, 'UNKNOWN'], [{ code: 'UNKNOWN' }, 'UNKNOWN'], [{ code: 'Unknown system error -1220' }, 'Unknown system error -1220'], [{ errno: -122 }, ''], [{}, ''],
  ];
  for (const [given, code] of unnamed) {
    const error = Object.assign(new Error('write'), given);
    assert.deepEqual([errorCode(error), isUnwritable(error)], [code, code === 'EDQUOT'], JSON.stringify(given));
  }
});

test('a full disk: the command ends as it would, rr says 122, earlier records stay', { skip: NEEDS_MOUNT, timeout: 30000 }, () => {
  const done = onSmallDisk('head -c 1000000 /dev/zero > filler 2>/dev/null; exec 3>&1; { rr record -- sh -c "$BIG"; echo "status $?" >&3; } | wc -c; rm filler; rr record -q -- sh -c "echo 2 > second.txt"; echo "status $?"; cp provenance/Makefile m1; rr makefile -q; cmp m1 provenance/Makefile && echo same; rr list | tail -n +2 | wc -l'.replace('$BIG', BIG.replace(/[\\"$]/g, '\\$&')));
  assert.doesNotMatch(done.stdout, /CHANGED/);
  assert.match(done.stdout, /^status 122\n300000\nstatus 0\nsame\n/, done.stdout + done.stderr);
  assert.match(done.stderr, /^rr: cannot .*no space left/m);
  assert.doesNotMatch(done.stderr, /internal error/);
});

test('a disk that fills during the run: streams whole, 122, what is missing is named', { skip: NEEDS_MOUNT, timeout: 30000 }, () => {
  const done = onSmallDisk('exec 3>&1; { rr record -- sh -c "head -c 2000000 /dev/zero | tr \'\\0\' x"; echo "status $?" >&3; } | wc -c; rr list | grep -c .');
  assert.doesNotMatch(done.stdout, /CHANGED/);
  assert.match(done.stdout, /^status 122\n2000000\n/, done.stdout + done.stderr);
  assert.match(done.stderr, /log is incomplete/);
});

test('a limit on the size of files: streams whole, 122', { timeout: 30000 }, () => {
  const folder = makeProject();
  const done = run(folder, ['sh', '-c', 'ulimit -f 16; "$0" "$1" record -- sh -c "$2"', process.execPath, RR_JS, BIG], { env: { OUT: '/dev/null' } });
  assert.equal(done.stdout.length, 300000);
  assert.equal(done.status, 122, done.stderr);
  assert.doesNotMatch(done.stderr, /internal error/);
  assert.equal(rr(folder, ['record', '-q', '--', 'true']).status, 0);
});

/** Runs rr as a user who owns nothing here. */
function asNobody(folder: string, args: string[], env: NodeJS.ProcessEnv = {}): Done {
  return run(folder, ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, RR_JS].concat(args), { env });
}

test('provenance/ or .rr/ of another user: the command runs, 122, nothing changed', { skip: NEEDS_OTHER_USER, timeout: 30000 }, () => {
  const folder = makeProject();
  rr(folder, ['record', '-q', '--', 'sh', '-c', 'echo 1 > first.txt', '--password=x']);
  fs.chmodSync(folder, 0o777);
  const before = run(folder, ['find', 'provenance', '.rr', '-type', 'f', '-exec', 'sha256sum', '{}', '+']).stdout;
  const secrets = { API_TOKEN: 'very-secret-value-1234', OUT: folder + '/by-nobody.txt' };
  checkUnrecorded(asNobody(folder, ['record', '--', 'sh', '-c', 'echo shown; echo 1 > "$OUT"', '--password=hunter2hunter2'], secrets), 'shown\n');
  assert.ok(fs.existsSync(folder + '/by-nobody.txt'));
  assert.equal(asNobody(folder, ['record', '--', 'sh', '-c', 'exit 7']).status, 7, 'the status of the command goes first');
  assert.equal(run(folder, ['find', 'provenance', '.rr', '-type', 'f', '-exec', 'sha256sum', '{}', '+']).stdout, before);
  assert.equal(asNobody(folder, ['list']).status, 0);
  run(folder, ['chown', '-R', '65534', 'provenance']);
  checkUnrecorded(asNobody(folder, ['record', '--', 'sh', '-c', 'echo shown'], secrets), 'shown\n');
  run(folder, ['chown', '-R', '65534', '.rr']);
  run(folder, ['chown', '-R', '0', 'provenance']);
  checkUnrecorded(asNobody(folder, ['record', '--', 'sh', '-c', 'echo shown'], secrets), 'shown\n');
});

test('a project on a read-only mount: the command runs, 122; looking works', { skip: NEEDS_MOUNT, timeout: 30000 }, () => {
  const folder = makeProject();
  rr(folder, ['record', '-q', '--', 'sh', '-c', 'echo 1 > first.txt']);
  const script = 'mount --bind "$PWD" "$PWD" && mount -o remount,ro,bind "$PWD" && cd "$PWD" && ';
  const done = run(folder, ['unshare', '-m', 'sh', '-c', script + '"$0" "$1" list >/dev/null && "$0" "$1" verify -q && "$0" "$1" record -- sh -c "echo shown"', process.execPath, RR_JS], { env: { API_TOKEN: 'very-secret-value-1234' } });
  checkUnrecorded(done, 'shown\n');
});

test('no project and none can be made: a line and a hint, nothing half made, the command is not run', { skip: NEEDS_OTHER_USER, timeout: 30000 }, () => {
  const folder = makeTemporary();
  fs.chmodSync(folder, 0o755);
  const marker = path.join(makeTemporary(), 'ran');
  fs.chmodSync(path.dirname(marker), 0o777);
  const done = asNobody(folder, ['record', '--', 'touch', marker]);
  assert.match(done.stderr, /^rr: cannot set up a project in ".*": permission denied\nrr: hint: .*\n$/);
  assert.ok(done.status === 121 || done.status === 125, String(done.status));
  assert.deepEqual(fs.readdirSync(folder), []);
  assert.ok(!fs.existsSync(marker));
});

// ---- lost runs ----------------------------------------------------------------------------------------

function snapshotOf(folder: string): string {
  return run(folder, ['sh', '-c', 'find . -printf "%p %s %m %T@\\n" | sort; find . -type f -exec sha256sum {} + | sort']).stdout;
}

async function loseRun(folder: string): Promise<string> {
  const { child, ended } = startRr(folder, ['record', '-l', 'doomed', '--', 'sh', '-c', 'echo said; exec sleep 30'], { stdio: ['ignore', 'ignore', 'ignore'] });
  const running = path.join(folder, '.rr', 'running');
  await waitUntil('a log', () => fs.readdirSync(running).some((name) => name.endsWith('.out')));
  const command = run(undefined, ['pgrep', '-P', String(child.pid)]).stdout.trim().split('\n').map(Number);
  child.kill('SIGKILL');
  await ended;
  for (const pid of command) if (pid > 1) process.kill(pid, 'SIGKILL');
  return fs.readdirSync(running).filter((name) => /^\d{8}T\d{6}Z-\w{6}$/.test(name))[0];
}

test('a run whose rr was killed is told as lost by rr list, which writes nothing, and recorded by the next', { skip: hasProgram('pgrep') ? false : 'pgrep is missing', timeout: 30000 }, async () => {
  const folder = makeProject();
  const id = await loseRun(folder);
  const before = snapshotOf(folder);
  assert.equal(listStatuses(folder).get(id), 'lost');
  assert.equal(rr(folder, ['verify', '-q']).status, 0);
  assert.equal(rr(folder, ['show', id]).status, 0);
  assert.equal(snapshotOf(folder), before);
  const next = rr(folder, ['record', '--', 'true']);
  assert.match(next.stderr, new RegExp(id + ' was lost'));
  const record = readRecord(folder, 'provenance/runs/' + id.slice(0, 4) + '-' + id.slice(4, 6) + '/' + id + '.rec');
  assert.deepEqual([record.Status, record.Label, record.Exit], [['lost'], ['doomed'], undefined]);
  assert.match(record.Command[0], /sleep 30/);
  checkSeals(folder, listRecords(folder));
  checkDerived(folder, 'lost');
  assert.deepEqual(fs.readdirSync(path.join(folder, '.rr', 'running')), []);
});

test('what is killed while it records a lost run leaves no half of that record beside its name', { skip: NEEDS_STRACE !== false ? NEEDS_STRACE : hasProgram('pgrep') ? false : 'pgrep is missing', timeout: 60000 }, async () => {
  for (const args of [['sweep', '-l', 'scan', '-p', 'x=1,2', '--', 'true', '{x}'], ['makefile']]) {
    const folder = makeProject();
    const id = await loseRun(folder);
    // The record gets its name by link(2), as the first of all files.
    const killed = await startProgram(folder, ['strace', '-f', '-o', folder + '.trace', '-e', 'trace=link', '--inject=link:signal=SIGKILL:when=1', process.execPath, RR_JS].concat(args)).ended;
    assert.match(fs.readFileSync(folder + '.trace', 'latin1'), new RegExp('link\\("[^"]*' + id + '[^"]*\\.tmp", "[^"]*/' + id + '\\.rec"'), args[0] + ': ' + killed.stderr);
    assert.deepEqual(run(folder, ['find', 'provenance', '-name', '.*']).stdout, '', args[0]);
    makeLeftoversOld(folder);
    assert.equal(rr(folder, ['record', '--', 'true']).status, 0, args[0]);
    assert.deepEqual(listLeftovers(folder), [], args[0]);
    assert.equal(listStatuses(folder).get(id), 'lost', args[0]);
    checkSeals(folder, listRecords(folder));
  }
});

test('a record whose writer was killed before it was the head of the chain is named by the next', { skip: NEEDS_STRACE }, async () => {
  const folder = makeProject();
  const record = ['record', '--trace', 'none', '--', 'true'];
  const trace = folder + '.trace';
  const listRenames = (): string[] => fs.readFileSync(trace, 'latin1').split('\n').filter((line) => line.startsWith('rename('));
  // The second leaves the pipes that the third finds, and takes the place of a head, as the third does.
  for (let n = 0; n < 3; n++) assert.equal(run(folder, ['strace', '-o', trace, '-e', 'trace=rename', process.execPath, RR_JS].concat(record)).status, 0);
  const at = listRenames().findIndex((line) => line.indexOf('/heads/') >= 0) + 1;
  assert.ok(at > 0, listRenames().join('\n'));
  await startProgram(folder, ['strace', '-o', trace, '-e', 'trace=rename', '--inject=rename:signal=SIGKILL:when=' + String(at), process.execPath, RR_JS].concat(record)).ended;
  assert.match(listRenames().slice(-1)[0], /\/heads\//, 'killed there');
  assert.equal(listRecords(folder).length, 4);
  assert.equal(rr(folder, record).status, 0);
  const heads = run(folder, ['sh', CHAIN_ORACLE, 'provenance']).stdout.split('\n').filter((line) => line.startsWith('head '));
  assert.deepEqual(heads, ['head ' + path.basename(listRecords(folder)[4], '.rec')]);
});

test('runCommand() starts the command without its tracer if that has nowhere to write to, and says why', async () => {
  const gone = path.join(makeTemporary(), 'gone');
  const told: string[] = [];
  const tracer = { prefix: () => ['false'], feed: () => undefined, isMainBegun: () => false, isMainEnded: () => false, mainSignal: () => undefined, countAlive: () => 0, giveUp: (error: unknown) => { told.push(String((error as NodeJS.ErrnoException).code)); } };
  const end = await runCommand({
    argv: ['sh', '-c', 'exit 7'], isShielded: false, descriptors: { stdin: 0, stdout: 1, stderr: 2 }, stdout: 'inherit', stderr: 'inherit', terminal: undefined, logName: gone + '/log', pipePool: gone, timeoutMs: undefined,
    onStart: () => undefined, meanwhile: () => undefined, tracer, inherited: [], step: undefined, beforeOutput: undefined, afterOutput: undefined, isSampled: false,
  });
  assert.deepEqual([end.exit, told], [7, ['ENOENT']]);
});

/** Writes another holder into a mark and seals it again; what stands there is "PID TICKS BOOT HOST". */
function editHolder(folder: string, id: string, edit: (parts: string[]) => string[]): void {
  const name = path.join(folder, '.rr', 'running', id);
  const body = fs.readFileSync(name, 'latin1').replace(/^Sha256: .*\n/m, '').replace(/^Holder: (.*)$/m, (_, holder: string) => 'Holder: ' + edit(holder.split(' ')).join(' '));
  const hash = run(undefined, ['sha256sum'], { input: Buffer.from(body, 'latin1') }).stdout.slice(0, 64);
  fs.writeFileSync(name, Buffer.from(body + 'Sha256: ' + hash + '\n', 'latin1'));
}

test('a mark is judged by process, start, boot and host', { skip: hasProgram('pgrep') ? false : 'pgrep is missing', timeout: 30000 }, async () => {
  const folder = makeProject();
  const id = await loseRun(folder);
  const statusAfter = (edit: (parts: string[]) => string[]): string | undefined => {
    editHolder(folder, id, edit);
    return listStatuses(folder).get(id);
  };
  const stat = fs.readFileSync('/proc/' + String(process.pid) + '/stat', 'latin1');
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const [, , boot, ...host] = /^Holder: (.*)$/m.exec(fs.readFileSync(path.join(folder, '.rr', 'running', id), 'latin1'))![1].split(' ');
  const own = [String(process.pid), ticks, boot, ...host];
  assert.equal(statusAfter(() => own), 'running', 'a living process');
  assert.equal(statusAfter(() => [own[0], String(Number(ticks) + 1), boot, ...host]), 'lost', 'its number was used again');
  assert.equal(statusAfter(() => [own[0], ticks, '00000000-0000-0000-0000-000000000000', ...host]), 'lost', 'another boot');
  assert.equal(statusAfter(() => ['1', '1', 'other-boot', 'elsewhere']), 'running', 'another machine, fresh mark');
  const longAgo = Date.now() / 1000 - 3600;
  fs.utimesSync(path.join(folder, '.rr', 'running', id), longAgo, longAgo);
  assert.equal(listStatuses(folder).get(id), 'lost', 'another machine, silent for an hour');
  rr(folder, ['record', '-q', '--', 'true']);
  assert.ok(fs.existsSync(path.join(folder, '.rr', 'running', id)), 'the mark of another machine is left to it');
});

test('a mark with no end, no seal or no bytes harms nobody', { timeout: 20000 }, () => {
  const folder = makeProject();
  for (const [name, text] of [['20260101T000000Z-aaaaaa', ''], ['20260101T000000Z-bbbbbb', 'Id: 2'], ['junk', 'x'], ['20260101T000000Z-cccccc', '\0\xff\n']]) {
    fs.writeFileSync(path.join(folder, '.rr', 'running', name), text, 'latin1');
  }
  assert.equal(rr(folder, ['list']).status, 0);
  const done = rr(folder, ['record', '--', 'sh', '-c', 'echo 1 > f']);
  assert.equal(done.status, 0, done.stderr);
});

// ---- odd contents ---------------------------------------------------------------------------------------

test('FIFOs, sockets, devices, loops, deep paths and odd names do not stop a run', { timeout: 30000 }, () => {
  const folder = makeProject();
  const sh = run(folder, ['sh', '-c', 'mkfifo fifo; ln -s loop loop; ln -s . self; ln -s gone dangling; mkdir shut; [ "$(id -u)" != 0 ] || mknod null c 1 3']);
  assert.equal(sh.status, 0, sh.stderr);
  const python = 'import os,socket\ns=socket.socket(socket.AF_UNIX); s.bind("sock")\n'
    + 'd=os.getcwd()\nfor i in range(18): os.mkdir("d"*250); os.chdir("d"*250)\nopen("end","w").write("x")\n'
    + 'os.chdir(d)\nfor i in range(1,256):\n  if i not in (47,46): open(b"n"+bytes([i]),"w").write(str(i))\n';
  assert.equal(run(folder, ['python3', '-c', python]).status, 0);
  const done = rr(folder, ['record', '--', 'sh', '-c', 'mkfifo fifo2; ln -s x link2; echo 1 > out; rm n!; for f in n*; do echo 2 > "$f"; done; cat "n%" loop fifo2.no 2>/dev/null; true']);
  assert.equal(done.status, 0, done.stderr);
  const record = readOnlyRecord(folder);
  checkSeals(folder, listRecords(folder));
  assert.equal(record.Status[0], 'succeeded');
  const outputs = pathsOf(record.Output);
  for (const name of ['out', 'fifo2', 'link2', 'n%25', 'n%0A', 'n%FF', 'n%5C', 'n%20']) assert.ok(outputs.indexOf(name) >= 0, name + ' in ' + outputs.slice(0, 20).join(' '));
  assert.deepEqual(record.Removed, ['n!']);
  checkDerived(folder, 'odd names');
  assert.equal(run(folder, ['make', '-n', '-f', 'provenance/Makefile', 'verify']).status, 0);
});

test('paths of every length up to the limit of the system do not stop a run', { timeout: 30000 }, () => {
  const folder = makeProject();
  const python = 'import os\nn=4096-len(os.getcwd())\nd=os.getcwd()\nwhile len(d)<4096-400: d+="/"+"d"*200; os.mkdir(d)\nfor k in range(4096-len(d)-12, 4096-len(d)-0):\n  if k>2:\n    for j in range(0,1):\n      os.chdir(d)\n      p=d\n      a="a"*min(k//2,250)+str(k)\n      os.mkdir(a); os.chdir(a)\n      b="b"*max(1,k-len(a)-1); os.mkdir(b[:255]); os.chdir(b[:255]); open("f","w").write("1")\n';
  const made = run(folder, ['python3', '-c', python]);
  assert.equal(made.status, 0, made.stderr);
  const done = rr(folder, ['record', '--', 'sh', '-c', 'echo 1 > out']);
  assert.equal(done.status, 0, done.stderr);
  assert.deepEqual(pathsOf(readOnlyRecord(folder).Output), ['out']);
});

test('a folder that cannot be looked into is named, a file that vanishes does not stop a run', { skip: NEEDS_OTHER_USER, timeout: 30000 }, () => {
  const folder = makeTemporary();
  run(folder, ['sh', '-c', 'mkdir shut; echo 1 > shut/f; chmod 700 shut; chmod 777 .']);
  const done = asNobody(folder, ['record', '--trace', 'scan', '--', 'sh', '-c', '(i=0; while [ $i -lt 300 ]; do echo $i > v$i; rm v$i; i=$((i+1)); done) & echo 1 > out; wait']);
  assert.equal(done.status, 0, done.stderr);
  const record = readOnlyRecord(folder);
  assert.ok((record.Warning ?? []).some((line) => /cannot look at shut/.test(line)), done.stderr);
  assert.deepEqual(pathsOf(record.Output), ['out']);
});

test('a project path with spaces, newline, quote and bytes that are not UTF-8', { timeout: 30000 }, () => {
  const names = ['with space', 'new\nline', 'qu\'o"te$x`', 'donn\xc3\xa9es', 'latin\xe9'];
  for (const name of names) {
    const folder = Buffer.from(path.join(makeTemporary(), name), 'latin1');
    fs.mkdirSync(folder);
    for (const withGit of [false, true]) {
      const script = 'cd "$(printf %b "$2x")" 2>/dev/null; cd "${3%x}" || exit 9; ' + (withGit ? 'git init -q . ; ' : '') + '"$0" "$1" record -- sh -c \'echo shown; cat in > out; : > /dev/stderr\' < /dev/null';
      fs.writeFileSync(Buffer.concat([folder, Buffer.from('/in')]), 'data');
      // The name goes to the shell through its standard input: a Node argument must be UTF-8.
      const done = run(undefined, ['sh', '-c', 'IFS= read -r -d "" d 2>/dev/null || d=$(cat; echo x); ' + script.replace('cd "$(printf %b "$2x")" 2>/dev/null; cd "${3%x}"', 'cd "${d%x}"'), process.execPath, RR_JS], { input: folder });
      assert.equal(done.status, 0, JSON.stringify(name) + ' ' + String(withGit) + ': ' + done.stderr + done.stdout);
      assert.equal(done.stdout, 'shown\n');
      const months = fs.readdirSync(Buffer.concat([folder, Buffer.from('/provenance/runs')]));
      assert.equal(months.length, 1);
    }
    if (name === 'new\nline') continue; // to grep these are two patterns
    const grep = childProcess.spawnSync('sh', ['-c', 'd=$(cat; echo x); cd "${d%x}" && grep -rlF "${d%x}" provenance | head'], { input: folder, env: CLEAN_ENV, encoding: 'latin1' });
    assert.equal(grep.stdout.replace(/provenance\/rerun.sh\n/, ''), '', 'nothing names the place of the project');
  }
});

test('a current folder that was deleted: a line, the command is not run', { timeout: 20000 }, () => {
  const folder = makeTemporary();
  const done = run(folder, ['sh', '-c', 'mkdir gone; cd gone; rmdir ../gone; "$0" "$1" record -- echo ran', process.execPath, RR_JS]);
  assert.equal(done.stdout, '');
  assert.ok(done.status === 121 || done.status === 125, String(done.status));
  assert.match(done.stderr, /^rr: cannot .*\n(rr: hint: .*\n)?$/);
});

test('a record is not run into os.tmpdir() or home', { timeout: 20000 }, () => {
  const folder = makeProject();
  const home = makeTemporary();
  assert.equal(rr(folder, ['record', '--', 'true'], { env: { HOME: home, TMPDIR: home } }).status, 0);
  assert.deepEqual(fs.readdirSync(home), []);
  assert.notEqual(os.tmpdir(), folder);
});

test('where .rr, records or signatures may not be read, what looks names it and tells the rest, and a command is run all the same', { skip: !IS_ROOT || hasProgram('setpriv') ? false : 'no setpriv', timeout: 60000 }, () => {
  const folder = makeProject();
  for (const label of ['first', 'second']) assert.equal(rr(folder, ['record', '-q', '-l', label, '-o', label, '--', 'sh', '-c', 'echo ' + label + ' | tee ' + label]).status, 0);
  for (const args of [['list'], ['status'], ['verify']]) assert.equal(rr(folder, args).status, 0);
  const program = path.join(folder, 'rr.js');
  fs.copyFileSync(RR_JS, program);
  fs.chmodSync(folder, 0o755);
  const asAnother = (args: string[]): Done => run(folder, (IS_ROOT ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : []).concat(process.execPath, program, args), { env: { HOME: '/nonexistent' } });
  const looks = [['list'], ['status'], ['verify'], ['show', '@'], ['why', 'first'], ['journal'], ['make', '-n'], ['rerun', '-n', '--all'], ['makefile', '--check'], ['archive', '-n'], ['gc', '-n']];
  for (const shut of ['.rr -type f', '.rr -mindepth 1 -type d', '.rr -maxdepth 0']) {
    run(folder, ['sh', '-c', 'find ' + shut + ' -exec chmod 000 {} +']);
    for (const args of looks) {
      if (args[0] === 'gc' && shut !== '.rr -type f') continue; // asks what lies there
      const done = asAnother(args);
      assert.equal(done.status, 0, shut + ' ' + args.join(' ') + ': ' + done.stderr);
      assert.doesNotMatch(done.stderr, /permission denied/, shut + ' ' + args.join(' '));
    }
    const recorded = asAnother(['record', '-q', '--', 'sh', '-c', 'echo it ran']);
    assert.equal(recorded.stdout, 'it ran\n', shut);
    if (shut === '.rr -maxdepth 0') assert.equal(recorded.status, 122, recorded.stderr);
    run(folder, ['chmod', '-R', 'u+rwX,go+rX', '.rr']);
  }
  const [first] = listRecords(folder);
  const [environment] = fs.readdirSync(path.join(folder, 'provenance/environments'));
  for (const name of [first, 'provenance/environments/' + environment]) fs.chmodSync(path.join(folder, name), 0o000);
  const listed = asAnother(['list']);
  assert.equal(listed.status, 1);
  assert.match(listed.stdout, /second/);
  assert.equal(listed.stderr, 'rr: cannot read "' + first + '": permission denied\n');
  const verified = asAnother(['verify']);
  assert.equal(verified.status, 1);
  for (const name of [first, 'provenance/environments/' + environment]) assert.ok(verified.stdout.indexOf('cannot read "' + name + '": permission denied') >= 0, verified.stdout);
  assert.match(verified.stderr, /2 files not as recorded; compared: 1 results/);
  assert.match(asAnother(['gc', '-n']).stderr, /cannot tell what is to be kept: cannot read/);
});

test('a user of whom the system has nothing but a number, as in some containers, records and publishes as others', { skip: NEEDS_OTHER_USER }, () => {
  const project = path.join(makeTemporary(), 'p');
  fs.mkdirSync(project);
  fs.chmodSync(path.dirname(project), 0o755);
  fs.chmodSync(project, 0o777);
  const number = ['54321', '54322', '54323'].find((one) => run(undefined, ['getent', 'passwd', one]).status !== 0) as string;
  const asNumber = (args: string[]): Done => run(project, ['setpriv', '--reuid=' + number, '--regid=' + number, '--clear-groups', 'env', '-u', 'HOME', '-u', 'USER', '-u', 'LOGNAME', process.execPath, RR_JS].concat(args));
  for (const args of [['init', '-q'], ['record', '-q', '-o', 'x', '--', 'sh', '-c', 'echo 1 > x'], ['note', '-q', '@', 'hello'], ['status', '-q'], ['make', '-q'], ['rerun', '-q', '@'], ['report', '-q'], ['archive', '-q', 'a.tar'], ['verify', '-q']]) {
    const done = asNumber(args);
    assert.deepEqual([done.status, done.stderr], [0, ''], args.join(' '));
  }
  assert.deepEqual(listRecords(project).map((name) => readRecord(project, name).Status[0]), ['succeeded', 'succeeded']);
});

test('without PATH a program is found as execvp(3) finds it, traced or not', () => {
  for (const [words, argv] of [[['env', '-i'], ['sh', '-c', 'cat ./in']], [['env', '-i', 'PATH='], ['own', './in']]]) {
    const project = makeProject();
    fs.writeFileSync(path.join(project, 'in'), 'from in\n');
    fs.copyFileSync('/bin/cat', path.join(project, 'own'));
    fs.chmodSync(path.join(project, 'own'), 0o755);
    for (const trace of ['auto', 'none']) {
      const done = run(project, words.concat(process.execPath, RR_JS, 'record', '-q', '--trace', trace, '--', argv));
      assert.deepEqual([done.status, done.stdout, done.stderr], [0, 'from in\n', ''], trace + words.join(' '));
    }
  }
});

test('in a folder that is gone rr says so', () => {
  const folder = makeTemporary();
  const done = run(folder, ['sh', '-c', 'mkdir gone; cd gone; rmdir ../gone; exec "$@"', 'sh', process.execPath, RR_JS, 'record', '-q', '--', 'true']);
  assert.deepEqual([done.status, done.stderr], [125, 'rr: cannot tell the current folder: no such file or folder\n']);
});
