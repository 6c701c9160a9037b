// status.test.ts - which results are stale, missing or changed: each cause by itself, in real projects.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { printStatus } from '../src/views/status.ts';
import { hasProgram, IS_ROOT, listRecords, makeProject, makeTemporary, readRecord, rr, RR_JS, run, sleep, startRr, waitUntil } from './rig.ts';

type Report = {
  fine: boolean; results: number; inputs: number; runs: number;
  stale: { path: string; run: string; causes: { cause: string; path?: string; run?: string; what?: string }[] }[];
  missing: { path: string; run: string }[]; changed: { path: string; run: string; overwritten_by?: string }[];
  inputs_changed: { path: string }[]; inputs_gone: { path: string }[]; unreadable: string[]; orphans: string[];
  uncommitted: { path: string; state: string }[]; lost: { id: string; label?: string }[]; running: { id: string; label?: string }[];
};

/** What status says, as JSON; its exit status must agree with it, and be that of -q. */
function statusOf(folder: string, args: string[] = []): Report {
  const done = rr(folder, ['status', '--json'].concat(args));
  assert.equal(done.stderr, '');
  const report = JSON.parse(done.stdout) as Report;
  assert.equal(done.status, report.fine ? 0 : 1);
  const quiet = rr(folder, ['status', '-q'].concat(args));
  assert.deepEqual([quiet.status, quiet.stdout, quiet.stderr], [done.status, '', '']);
  return report;
}

/** Everything that is to be told, one line a fact. */
function factsOf(folder: string, args: string[] = []): string[] {
  const report = statusOf(folder, args);
  const facts: string[] = [];
  for (const one of report.stale) for (const cause of one.causes) facts.push('stale ' + one.path + ': ' + cause.cause + ' ' + String(cause.path ?? cause.what) + (cause.cause !== 'producer' && cause.run !== undefined ? ' made anew' : ''));
  for (const one of report.missing) facts.push('missing ' + one.path);
  for (const one of report.changed) facts.push('changed ' + one.path + (one.overwritten_by === undefined ? '' : ' overwritten'));
  for (const one of report.inputs_changed) facts.push('input changed ' + one.path);
  for (const one of report.inputs_gone) facts.push('input gone ' + one.path);
  for (const one of report.unreadable) facts.push('unreadable ' + one);
  for (const one of report.orphans) facts.push('orphan ' + one);
  for (const one of report.uncommitted) facts.push('uncommitted ' + one.state + ' ' + one.path);
  for (const one of report.lost) facts.push('lost ' + String(one.label));
  for (const one of report.running) facts.push('running ' + String(one.label));
  return facts;
}

function record(folder: string, args: string[], command: string, status = 0): void {
  const done = rr(folder, ['record', '-q', '--trace', 'scan'].concat(args, '--', command));
  assert.equal(done.status, status, done.stderr);
}

function write(folder: string, name: string, content: string): void {
  fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  fs.writeFileSync(path.join(folder, name), content);
}

/** raw.txt -> step1.sh -> mid/mid.txt -> mid/final.txt */
function makeChain(): string {
  const folder = makeProject();
  write(folder, 'raw.txt', '1\n2\n# comment\n');
  write(folder, 'step1.sh', 'mkdir -p mid; grep -v "^#" raw.txt > mid/mid.txt\n');
  recordFirst(folder);
  record(folder, ['-l', 'second', '-i', 'mid/mid.txt', '-o', 'mid/final.txt'], 'sed s/1/one/ mid/mid.txt > mid/final.txt');
  return folder;
}

function recordFirst(folder: string): void {
  record(folder, ['-l', 'first', '-i', 'raw.txt', '-i', 'step1.sh', '-o', 'mid/mid.txt'], 'sh step1.sh; true');
}

test('status: nothing to tell, whatever the times of files say', () => {
  const folder = makeChain();
  assert.deepEqual(factsOf(folder), []);
  const { results, inputs, runs } = statusOf(folder);
  assert.deepEqual([results, inputs, runs], [2, 2, 2]);
  for (const name of ['raw.txt', 'mid/mid.txt', 'mid/final.txt']) run(folder, ['touch', '-d', '2001-01-01', name]);
  assert.deepEqual(factsOf(folder), []);
  run(folder, ['cp', 'raw.txt', 'copy.txt']);
  run(folder, ['mv', 'copy.txt', 'raw.txt']);
  assert.deepEqual(factsOf(folder), [], 'another file with the same content');
});

test('status: a raw input that changed makes stale what was made from it, and no more when it is back', () => {
  const folder = makeChain();
  write(folder, 'raw.txt', '1\n3\n');
  assert.deepEqual(factsOf(folder), ['stale mid/final.txt: producer mid/mid.txt', 'stale mid/mid.txt: input raw.txt', 'input changed raw.txt']);
  write(folder, 'raw.txt', '1\n2\n# comment\n');
  assert.deepEqual(factsOf(folder), []);
});

test('status: code that changed is called code', () => {
  const folder = makeChain();
  fs.appendFileSync(path.join(folder, 'step1.sh'), '# more\n');
  assert.deepEqual(factsOf(folder), ['stale mid/final.txt: producer mid/mid.txt', 'stale mid/mid.txt: code step1.sh', 'input changed step1.sh']);
});

test('status: a change that does not come through ends there once the step was repeated', () => {
  const folder = makeChain();
  write(folder, 'raw.txt', '1\n2\n# another comment\n');
  assert.equal(factsOf(folder).length, 3);
  recordFirst(folder);
  assert.deepEqual(factsOf(folder), [], 'mid.txt came out the same, so final.txt is what it would be');
});

test('status: an input that was made anew with other content is told by its run', () => {
  const folder = makeChain();
  write(folder, 'raw.txt', '1\n5\n');
  recordFirst(folder);
  assert.deepEqual(factsOf(folder), ['stale mid/final.txt: input mid/mid.txt made anew']);
  assert.equal(rr(folder, ['status']).stdout.split('\n').filter((line) => /^ {2}mid\/final\.txt {2}input mid\/mid\.txt was made anew by \d{8}T\d{6}Z-[a-z2-7]{6}$/.test(line)).length, 1);
});

test('status: results that are missing, changed by hand, or overwritten by a run that failed', () => {
  const folder = makeChain();
  fs.unlinkSync(path.join(folder, 'mid/final.txt'));
  assert.deepEqual(factsOf(folder), ['missing mid/final.txt']);
  fs.unlinkSync(path.join(folder, 'mid/mid.txt'));
  assert.deepEqual(factsOf(folder), ['missing mid/final.txt', 'missing mid/mid.txt'], 'what is missing makes nothing stale: it can be made again');
  write(folder, 'mid/mid.txt', '1\n2\n');
  write(folder, 'mid/final.txt', 'by hand\n');
  assert.deepEqual(factsOf(folder), ['changed mid/final.txt']);
  record(folder, ['-l', 'bad', '-o', 'mid/final.txt'], 'echo half > mid/final.txt; false', 1);
  assert.deepEqual(factsOf(folder), ['changed mid/final.txt overwritten']);
  write(folder, 'mid/mid.txt', '1\n2\n3\n');
  assert.deepEqual(factsOf(folder), ['stale mid/final.txt: input mid/mid.txt', 'changed mid/final.txt overwritten', 'changed mid/mid.txt']);
});

test('status: a raw input that is gone is told, unless a run removed it', () => {
  const folder = makeChain();
  fs.unlinkSync(path.join(folder, 'raw.txt'));
  assert.deepEqual(factsOf(folder), ['input gone raw.txt']);
  write(folder, 'raw.txt', '1\n2\n# comment\n');
  record(folder, ['-i', 'raw.txt', '-o', 'moved.txt'], 'mv raw.txt moved.txt');
  assert.deepEqual(factsOf(folder), []);
});

test('status: a file that a run changed in place makes that run no stale one, but those that read it before', () => {
  const folder = makeProject();
  write(folder, 'all.csv', 'start\n');
  record(folder, ['-i', 'all.csv', '-o', 'all.csv', '-o', 'one.txt'], 'echo 1 >> all.csv; echo 1 > one.txt');
  assert.deepEqual(factsOf(folder), []);
  record(folder, ['-i', 'all.csv', '-o', 'sum.txt'], 'wc -l < all.csv > sum.txt');
  assert.deepEqual(factsOf(folder), []);
  record(folder, ['-i', 'all.csv', '-o', 'all.csv', '-o', 'two.txt'], 'echo 2 >> all.csv; echo 2 > two.txt');
  assert.deepEqual(factsOf(folder), ['stale sum.txt: input all.csv made anew']);
});

test('status: two steps that read each other do not go round for ever', () => {
  const folder = makeProject();
  write(folder, 'x.txt', 'x\n');
  write(folder, 'raw.txt', 'r\n');
  record(folder, ['-i', 'x.txt', '-i', 'raw.txt', '-o', 'y.txt'], 'cp x.txt y.txt');
  record(folder, ['-i', 'y.txt', '-o', 'x.txt'], 'cp y.txt x.new; mv x.new x.txt');
  assert.deepEqual(factsOf(folder), []);
  write(folder, 'raw.txt', 'changed\n');
  assert.deepEqual(factsOf(folder), ['stale x.txt: producer y.txt', 'stale y.txt: input raw.txt', 'input changed raw.txt']);
});

test('status: orphans are what no run made or read, git does not track and is not told to ignore', { skip: hasProgram('git') ? false : 'no git' }, () => {
  const folder = makeChain();
  for (const name of ['mid/old.txt', 'mid/.hidden', 'mid/kept.txt', 'mid/x.log', 'mid/sub/deep.txt', 'elsewhere.txt', 'README.txt']) write(folder, name, name);
  assert.deepEqual(factsOf(folder), ['orphan mid/kept.txt', 'orphan mid/old.txt', 'orphan mid/x.log']);
  run(folder, ['git', 'init', '-q', '.']);
  write(folder, '.gitignore', '*.log\n');
  run(folder, ['git', 'add', 'mid/kept.txt', 'step1.sh']);
  assert.deepEqual(factsOf(folder).filter((fact) => !fact.startsWith('uncommitted')), ['orphan mid/old.txt']);
  write(folder, 'top.txt', '');
  record(folder, ['-o', 'result.txt'], 'echo r > result.txt');
  assert.deepEqual(statusOf(folder).orphans, ['elsewhere.txt', 'mid/old.txt', 'top.txt'], 'in the project itself, what ends like a result');
  record(folder, ['-i', 'top.txt'], 'cat top.txt');
  assert.deepEqual(statusOf(folder).orphans, ['elsewhere.txt', 'mid/old.txt']);
  write(folder, 'mid/own.html', '<p>mine</p>');
  rr(folder, ['report', '-q', '-o', 'mid/report.html']);
  assert.deepEqual(statusOf(folder).orphans, ['elsewhere.txt', 'mid/old.txt', 'mid/own.html'], 'a report is made of records, not of data');
});

test('status: code that is changed, staged or not tracked is told, and is no fault', { skip: hasProgram('git') ? false : 'no git' }, () => {
  const folder = makeChain();
  const git = (...args: string[]): void => {
    const done = run(folder, ['git', '-c', 'user.name=n', '-c', 'user.email=e@example.org'].concat(args));
    assert.equal(done.status, 0, done.stderr);
  };
  git('init', '-q', '.');
  assert.deepEqual(statusOf(folder).uncommitted, [{ path: 'step1.sh', state: 'untracked' }]);
  assert.equal(statusOf(folder).fine, true);
  git('add', 'step1.sh');
  assert.deepEqual(statusOf(folder).uncommitted, [{ path: 'step1.sh', state: 'changed' }], 'staged, before the first commit');
  git('commit', '-qm', 'one');
  assert.deepEqual(statusOf(folder).uncommitted, []);
  fs.appendFileSync(path.join(folder, 'step1.sh'), '#\n');
  assert.deepEqual(statusOf(folder).uncommitted, [{ path: 'step1.sh', state: 'changed' }]);
  git('add', 'step1.sh');
  assert.deepEqual(statusOf(folder).uncommitted, [{ path: 'step1.sh', state: 'changed' }], 'staged');
  git('commit', '-qm', 'two');
  assert.deepEqual(statusOf(folder).uncommitted, []);
});

test('status: a run is running, and lost when rr was killed', async () => {
  const folder = makeProject();
  const { child, ended } = startRr(folder, ['record', '-q', '-l', 'long', '--trace', 'none', '--', 'sleep', '60']);
  await waitUntil('it runs', () => statusOf(folder).running.length === 1);
  assert.deepEqual(factsOf(folder), ['running long']);
  const pids = run(folder, ['pgrep', '-P', String(child.pid)]).stdout.trim().split('\n').map(Number);
  child.kill('SIGKILL');
  await ended;
  for (const pid of pids) if (pid > 1) process.kill(pid, 'SIGKILL');
  assert.deepEqual(factsOf(folder), ['lost long'], 'status looks, and leaves the mark as it is');
  assert.deepEqual(listRecords(folder), []);
  record(folder, [], 'true');
  assert.deepEqual(factsOf(folder), ['lost long'], 'from its record now');
});

test('status: records that cannot be read are named', () => {
  const folder = makeChain();
  const name = listRecords(folder)[1];
  const text = fs.readFileSync(path.join(folder, name), 'latin1');
  fs.unlinkSync(path.join(folder, name));
  fs.writeFileSync(path.join(folder, name), text.slice(0, 100));
  const report = statusOf(folder);
  assert.equal(report.unreadable.length, 1);
  assert.match(report.unreadable[0], /^cannot read "provenance\/runs\/.*line \d+/);
  assert.equal(report.results, 1);
});

test('status PATH: only what lies there', () => {
  const folder = makeChain();
  record(folder, ['-i', 'raw.txt', '-o', 'other.txt'], 'cp raw.txt other.txt');
  write(folder, 'raw.txt', 'new\n');
  assert.deepEqual(factsOf(folder, ['other.txt']), ['stale other.txt: input raw.txt']);
  assert.deepEqual(factsOf(folder, ['mid']).map((fact) => fact.split(':')[0]), ['stale mid/final.txt', 'stale mid/mid.txt']);
  assert.deepEqual(factsOf(path.join(folder, 'mid'), ['.']).length, 2);
  assert.deepEqual(factsOf(folder, ['step1.sh']), []);
  assert.equal(factsOf(folder, ['.']).length, factsOf(folder).length);
});

test('status --environment: a program that is not what it was', () => {
  const folder = makeProject();
  const tool = path.join(makeTemporary(), 'tool');
  fs.copyFileSync('/bin/true', tool);
  record(folder, ['-o', 'a.txt'], 'echo a > a.txt');
  record(folder, ['-i', 'a.txt', '-o', 'b.txt'], 'cp a.txt b.txt');
  const first = readRecord(folder, listRecords(folder)[0]).Environment[0];
  const record1 = path.join(folder, 'provenance/environments', first + '.rec');
  const text = fs.readFileSync(record1, 'latin1');
  // As if the runs had been made by that program, too.
  const hash = run(folder, ['sha256sum', tool]).stdout.slice(0, 64);
  fs.writeFileSync(record1, text + 'Executable: ' + hash + '  1x ' + tool + '\n');
  assert.deepEqual(factsOf(folder, ['--environment']), []);
  fs.appendFileSync(tool, 'x');
  const facts = factsOf(folder, ['--environment']);
  assert.ok(facts.includes('stale a.txt: environment program ' + tool + ' has changed'), facts.join('\n'));
  assert.ok(facts.includes('stale b.txt: producer a.txt'));
  assert.deepEqual(factsOf(folder), [], 'only if asked');
  fs.unlinkSync(tool);
  assert.ok(factsOf(folder, ['--environment']).includes('stale a.txt: environment program ' + tool + ' is gone'));
});

/** Files that rr opens while it tells the status, below the project, as paths of it. */
function filesOpened(folder: string): string[] {
  const trace = path.join(makeTemporary(), 'trace');
  assert.equal(run(folder, ['strace', '-f', '-qq', '-o', trace, '-e', 'trace=open,openat', process.execPath, RR_JS, 'status', '-q']).signal, null);
  const names = Array.from(fs.readFileSync(trace, 'latin1').matchAll(/open(?:at)?\((?:AT_FDCWD, )?"([^"]*)"/g), (match) => path.resolve(folder, match[1]));
  return names.filter((name) => name.startsWith(folder + '/')).map((name) => name.slice(folder.length + 1));
}

test('status reads no record and no result again as long as nothing changes, and sees what does', { skip: hasProgram('strace') ? false : 'no strace' }, async () => {
  const folder = makeChain();
  await sleep(2300);
  assert.deepEqual(factsOf(folder), []);
  const opened = filesOpened(folder);
  assert.ok(opened.includes('.rr/status'), opened.join(' '));
  assert.deepEqual(opened.filter((name) => name.startsWith('mid/') || name.endsWith('.rec') || name === 'raw.txt'), []);
  // The same size and the same time of change: only ctime tells.
  run(folder, ['sh', '-c', 'touch -r raw.txt stamp; printf "1\\n3\\n# comment\\n" > raw.txt; touch -r stamp raw.txt; rm stamp']);
  assert.deepEqual(factsOf(folder).length, 3);
  write(folder, 'raw.txt', '1\n2\n# comment\n');
  await sleep(100);
  for (const [change, fact] of [['rm mid/final.txt', 'missing mid/final.txt'], ['echo > mid/orphan.txt', 'orphan mid/orphan.txt'], ['rm raw.txt', 'input gone raw.txt']]) {
    factsOf(folder);
    assert.equal(run(folder, ['sh', '-c', change]).status, 0);
    assert.ok(factsOf(folder).includes(fact), fact);
    await sleep(100);
  }
  factsOf(folder);
  record(folder, ['-o', 'new.txt'], 'echo > new.txt');
  assert.equal(statusOf(folder).results, 3);
});

test('status: a damaged .rr/status is as good as none', async () => {
  const folder = makeChain();
  write(folder, 'raw.txt', 'new\n');
  await sleep(2300);
  const expected = factsOf(folder);
  assert.equal(expected.length, 3);
  const kept = path.join(folder, '.rr/status');
  const whole = fs.readFileSync(kept);
  const respell = (from: string, to: string): Buffer => Buffer.from(whole.toString('latin1').replace(from, to), 'latin1');
  const damages = [Buffer.alloc(0), whole.subarray(0, 50), whole.subarray(0, whole.length - 8), Buffer.from('rr status 2 0.1.0 9 9 9 63\n'), Buffer.concat([whole, Buffer.from('x')]),
    respell('"stale"', '"sta\\e"'), respell('"stale"', '"steal"'), respell('{', '['), respell('rr status 2', 'rr status 3'), respell('raw.txt\0', 'raw.tx\0\0')];
  for (const damaged of damages) {
    assert.notDeepEqual(damaged, whole);
    fs.writeFileSync(kept, damaged);
    assert.deepEqual(factsOf(folder), expected);
  }
  fs.writeFileSync(kept, whole);
  write(folder, 'raw.txt', '1\n2\n# comment\n');
  assert.deepEqual(factsOf(folder), [], 'of an earlier state');
});

test('status writes nothing where there is no .rr, and works in a copy that may not be written', { skip: IS_ROOT && hasProgram('setpriv') ? false : 'needs root and setpriv' }, () => {
  const folder = makeChain();
  const copy = makeTemporary();
  run(folder, ['sh', '-c', 'cp -R . "$1" && rm -rf "$1"/.rr && chmod -R a+rX,a-w "$1"', 'sh', copy]);
  const list = (): string => run(copy, ['find', '.', '-printf', '%p %s %T@ %C@\n']).stdout;
  const before = list();
  assert.deepEqual(factsOf(copy), []);
  assert.equal(list(), before);
  const other = run(copy, ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, RR_JS, 'status']);
  assert.deepEqual([other.status, other.stderr], [0, '']);
  assert.match(other.stdout, /^2 results: all current\n2 raw inputs: all as read\n2 runs: none lost, none running\n$/);
});

test('status: names are hostile, and JSON is JSON for python3', { skip: hasProgram('python3') ? false : 'no python3' }, () => {
  const folder = makeProject();
  const names = ['a\x1b[31m.txt', 'b "\\\n.txt', '-c.txt', '\xe2\x80\xae.txt', 'd\xff.txt'];
  for (const name of names) fs.writeFileSync(Buffer.from(folder + '/' + name, 'latin1'), 'in\n');
  record(folder, ['-i', '*.txt', '-o', 'out'], 'cat ./*.txt > out');
  for (const name of names) fs.writeFileSync(Buffer.from(folder + '/' + name, 'latin1'), 'changed\n');
  const shown = rr(folder, ['status', '--all']);
  assert.equal(shown.status, 1);
  assert.doesNotMatch(shown.stdout, /[\0-\x09\x0b-\x1f\x7f]|\xe2\x80\xae/);
  const done = run(folder, ['sh', '-c', '"$1" "$2" status --json | python3 -c \'import json, sys, urllib.parse\nfor one in json.load(sys.stdin)["inputs_changed"]: sys.stdout.buffer.write(urllib.parse.unquote_to_bytes(one["path"].encode("latin1")) + b"\\0")\'', 'sh', process.execPath, RR_JS], { env: { PYTHONIOENCODING: 'latin1' } });
  assert.deepEqual(done.stdout.split('\0').slice(0, -1), names.slice().sort((a, b) => (a < b ? -1 : 1)));
});

test('printStatus() keeps within the columns and cuts no reason', () => {
  const long = 'results/2026/november/' + 'table-of-'.repeat(4) + 'means.csv';
  const causes = ['data/raw.csv', long].map((path) => ({ kind: 'input' as const, path, by: '20261126T013351Z-4nzifb' }));
  const report = {
    results: 2, inputs: 0, runs: 2, stale: ['a.csv', long].map((path) => ({ path, run: '', causes })), missing: [], edited: [], changedInputs: [], goneInputs: [], open: [],
    unreadable: [], orphans: [long], uncommitted: [], lost: [], running: [], batches: [], clusterProblem: undefined,
  };
  const whole = printStatus(report, Infinity, false);
  for (const width of [80, 60, 50]) {
    const shown = printStatus(report, width, false);
    assert.deepEqual(shown.split('\n').filter((line) => line.length > width), []);
    assert.equal(shown.replace(/\s/g, ''), whole.replace(/\s/g, ''));
  }
});
