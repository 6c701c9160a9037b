// replay.test.ts - the script of rr list --sh repeats runs without rr: in many shells, and judged by sha256sum.
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { emptyRun, recordPath } from '../src/core/run.ts';
import type { Run } from '../src/core/run.ts';
import { printReplay, printReplayEnd, printReplayHead } from '../src/views/replayscript.ts';
import { printRecord } from '../src/sys/store.ts';
import { hasProgram, makeProject, makeTemporary, rr, run } from './rig.ts';
import type { Done } from './rig.ts';

const SHELLS = [['dash'], ['bash'], ['bash', '--posix'], ['busybox', 'sh'], ['mksh'], ['ksh93'], ['posh']];

/** Records a run that must succeed. */
function record(folder: string, args: string[], env: NodeJS.ProcessEnv = {}): void {
  const done = rr(folder, ['record', '-q'].concat(args), { env });
  assert.equal(done.status, 0, args.join(' ') + ': ' + done.stderr);
}

/** Results in the project are made by these runs from "in put.txt". */
function recordRuns(folder: string): void {
  fs.writeFileSync(path.join(folder, 'in put.txt'), 'a b\n');
  fs.mkdirSync(path.join(folder, 'sub'));
  record(folder, ['-l', 'one', '-m', "why 'not' $(touch bad) `touch bad`", '-i', 'in put.txt', '-o', 'out/a.txt', '--', 'sh', '-c', 'mkdir -p out; tr a-z A-Z <"in put.txt" >out/a.txt']);
  const redirected = run(folder, ['sh', '-c', '"$0" "$1" record -q -l two -i out/a.txt -- sh -c \'cat; echo "$LC_ALL$TZ"; echo oops >&2\' <out/a.txt >two.out 2>&1', process.execPath, process.env.RR_JS ?? path.join(__dirname, '..', '..', '..', 'rr.js')], { env: { TZ: 'Asia/Tokyo' } });
  assert.equal(redirected.status, 0, redirected.stderr);
  record(folder, ['-l', 'odd\nlabel', '--', 'sh', '-c', 'cp out/a.txt "$(printf "new\\nline \'q\' \\377 \\$x \\001.txt")"']);
  record(folder, ['--', 'ln', '-s', 'out/a.txt', 'link']);
  record(folder, ['--', 'sh', '-c', 'echo hi >x.sh; chmod +x x.sh']);
  record(path.join(folder, 'sub'), ['--', 'sh', '-c', 'echo $OMP_NUM_THREADS >n.txt; echo 1 >-x; pwd | sed "s/.*\\///" >where'], { OMP_NUM_THREADS: '3' });
  record(folder, ['--', 'sh', '-c', 'mkdir made; echo 1 >made/f']);
  record(folder, ['--', 'sh', '-c', 'echo more >>out/a.txt']); // changed in place
  record(folder, ['--', 'sh', '-c', 'echo x >replaced; echo y >made/f']); // another's result is written anew
}

/** The same project without results, as somebody else has it. */
function copyInputs(project: string): string {
  const copy = makeTemporary();
  fs.writeFileSync(path.join(copy, 'in put.txt'), 'a b\n');
  fs.mkdirSync(path.join(copy, 'sub'));
  fs.mkdirSync(path.join(copy, 'provenance'));
  fs.copyFileSync(path.join(project, 'provenance/SHA256SUMS'), path.join(copy, 'provenance/SHA256SUMS'));
  return copy;
}

function writeScript(project: string, args: string[] = []): string {
  const done = rr(project, ['list', '--sh'].concat(args));
  assert.equal(done.status, 0, done.stderr);
  const file = path.join(makeTemporary(), 'replay.sh');
  fs.writeFileSync(file, done.stdout, 'latin1');
  return file;
}

function skipWithout(context: TestContext, programs: string[]): boolean {
  const missing = programs.find((name) => !hasProgram(name));
  if (missing !== undefined) context.skip('no ' + missing);
  return missing !== undefined;
}


let recorded: { project: string; script: string } | undefined;

/** Made once: a project with runs of many kinds, and the script of all of them. */
function recordOnce(): { project: string; script: string } {
  if (recorded === undefined) {
    const project = makeProject();
    recordRuns(project);
    recorded = { project, script: writeScript(project) };
  }
  return recorded;
}

for (const shell of SHELLS) {
  test('rr list --sh repeats runs to the same hashes in ' + shell.join(' '), (context) => {
    if (skipWithout(context, [shell[0], 'sha256sum'])) return;
    const { project, script } = recordOnce();
    const copy = copyInputs(project);
    // The caller's own variables must not matter.
    const done = run(copy, shell.concat(script), { env: { TZ: 'UTC', LC_ALL: 'POSIX', OMP_NUM_THREADS: '9', CDPATH: '/', SOURCE_DATE_EPOCH: '1' } });
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stderr, /runs: 9 as recorded, 0 not, 0 left out\n$/);
    const judged = run(copy, ['sha256sum', '-c', '--quiet', 'provenance/SHA256SUMS']);
    assert.equal(judged.status, 0, judged.stdout + judged.stderr);
    assert.equal(fs.readlinkSync(path.join(copy, 'link')), 'out/a.txt');
    assert.ok(!fs.existsSync(path.join(copy, 'bad')), 'a reason is no command');
    assert.equal(run(copy, ['find', '.rr', '-type', 'f']).stdout, '', 'what was moved away was put back');
  });
}

for (const tool of ['sha256sum', 'shasum', 'openssl', 'busybox', 'cksum']) {
  test('rr list --sh compares by ' + tool + ' alone', (context) => {
    if (skipWithout(context, [tool])) return;
    const project = makeProject();
    fs.writeFileSync(path.join(project, 'in'), '1\n');
    record(project, ['-i', 'in', '-o', 'out', '--', 'cp', 'in', 'out']);
    const script = writeScript(project);
    const folder = makeTemporary();
    fs.writeFileSync(path.join(folder, 'in'), '1\n');
    fs.mkdirSync(path.join(folder, 'bin'));
    for (const name of ['cp', 'mkdir', 'mv', 'rm', 'tr', 'find', 'rmdir', 'readlink', 'perl', 'env', tool]) {
      const place = run(undefined, ['sh', '-c', 'command -v "$1"', 'sh', name]).stdout.trim();
      if (place !== '') fs.symlinkSync(place, path.join(folder, 'bin', name));
    }
    const done = run(folder, ['/bin/sh', script], { env: { PATH: path.join(folder, 'bin') } });
    if (tool === 'cksum' && /cannot compute SHA-256/.test(done.stderr)) return context.skip('cksum here knows no SHA-256');
    assert.equal(done.status, 0, done.stderr);
    fs.writeFileSync(path.join(folder, 'in'), '2\n');
    assert.equal(run(folder, ['/bin/sh', script], { env: { PATH: path.join(folder, 'bin') } }).status, 1, 'and it does compare');
  });
}

function replay(folder: string, script: string, args: string[] = []): Done {
  return run(folder, ['sh', script].concat(args));
}

function read(folder: string, name: string): string {
  return fs.readFileSync(path.join(folder, name), 'latin1');
}

test('rr list --sh: what is there already is made again, and is as before', () => {
  const project = makeProject();
  fs.writeFileSync(path.join(project, 'in'), '1\n');
  record(project, ['--', 'sh', '-c', 'cat in >>out']); // would be longer were the old one not moved away
  record(project, ['--', 'sh', '-c', 'test ! -e second && cp out second']);
  const script = writeScript(project);
  for (let round = 0; round < 2; round++) {
    const done = replay(project, script);
    assert.equal(done.status, 0, done.stderr);
    assert.deepEqual([read(project, 'out'), read(project, 'second')], ['1\n', '1\n']);
  }
  assert.equal(rr(project, ['verify', '-q']).status, 0);
});

test('rr list --sh stops at the first run that is not as recorded; -k goes on', () => {
  const project = makeProject();
  fs.writeFileSync(path.join(project, 'in'), '1\n');
  record(project, ['-l', 'random', '--', 'sh', '-c', 'date +%s%N >random']);
  record(project, ['-l', 'next', '--', 'sh', '-c', 'cat in >next']);
  const script = writeScript(project);
  const recorded = read(project, 'random');
  fs.unlinkSync(path.join(project, 'next'));
  const stopped = replay(project, script);
  assert.equal(stopped.status, 1);
  assert.match(stopped.stderr, /it made random with other bytes\n.*stopped/);
  assert.ok(!fs.existsSync(path.join(project, 'next')), 'the run after it was not begun');
  assert.equal(read(project, 'random'), recorded, 'the recorded result came back');
  assert.match(run(project, ['find', '.rr/different', '-type', 'f']).stdout, /^\.rr\/different\/[^/]*\/random\n$/);
  const gone = replay(project, script, ['-k']);
  assert.equal(gone.status, 1);
  assert.match(gone.stderr, /runs: 1 as recorded, 1 not, 0 left out/);
  assert.equal(read(project, 'next'), '1\n');
});

test('rr list --sh refuses arguments that it does not know, and runs nothing', () => {
  const project = makeProject();
  record(project, ['--', 'sh', '-c', 'echo 1 >out']);
  const script = writeScript(project);
  fs.unlinkSync(path.join(project, 'out'));
  for (const args of [['-x'], ['-k', '.', 'more'], ['--help']]) {
    const done = replay(project, script, args);
    assert.equal(done.status, 1);
    assert.match(done.stderr, /^rr: cannot understand "(?:-x|more|--help)"\nrr: hint: sh FILE \[-k\] \[PROJECT\]\n$/);
  }
  assert.ok(!fs.existsSync(path.join(project, 'out')));
});

test('rr list --sh overwrites no file that none of the runs left so, and begins with the recorded input only', () => {
  const project = makeProject();
  fs.writeFileSync(path.join(project, 'in'), '1\n');
  record(project, ['-i', 'in', '--', 'sh', '-c', 'cat in >out']);
  const script = writeScript(project);
  fs.writeFileSync(path.join(project, 'out'), 'my own\n');
  const kept = replay(project, script);
  assert.equal(kept.status, 1);
  assert.match(kept.stderr, /out is there and is not as any of these runs left it; nothing is overwritten/);
  assert.equal(read(project, 'out'), 'my own\n');
  fs.unlinkSync(path.join(project, 'out'));
  fs.writeFileSync(path.join(project, 'in'), '2\n');
  const changed = replay(project, script);
  assert.equal(changed.status, 1);
  assert.match(changed.stderr, /its input in is not as recorded/);
  assert.ok(!fs.existsSync(path.join(project, 'out')));
  fs.unlinkSync(path.join(project, 'in'));
  assert.match(replay(project, script).stderr, /its input in is not here/);
  fs.mkdirSync(path.join(project, 'other'));
  assert.equal(run(path.join(project, 'other'), ['sh', script, '-k', project]).status, 1);
});

test('rr list --sh takes other kinds, missing outputs and other exit statuses for differences', () => {
  const project = makeProject();
  fs.writeFileSync(path.join(project, 'mode'), 'a');
  record(project, ['--', 'sh', '-c', 'case $(cat mode) in a) echo 1 >out; chmod +x out ;; b) echo 1 >out ;; c) ln -s elsewhere out ;; d) : ;; e) echo 1 >out; chmod +x out; exit 7 ;; esac']);
  const script = writeScript(project).toString();
  // The script of a record that does not know of the input "mode".
  const text = fs.readFileSync(script, 'latin1').replace(/^rr_input mode .*\n/m, '');
  fs.writeFileSync(script, text, 'latin1');
  const expected: [string, RegExp][] = [['a', /runs: 1 as recorded/], ['b', /with another kind or mode/], ['c', /with other bytes/], ['d', /did not make out/], ['e', /exited with 7/]];
  for (const [mode, what] of expected) {
    fs.rmSync(path.join(project, 'out'), { force: true });
    fs.writeFileSync(path.join(project, 'mode'), mode);
    const done = replay(project, script);
    assert.match(done.stderr, what);
    assert.equal(done.status, mode === 'a' ? 0 : 1, mode);
  }
});

test('rr list --sh leaves out what cannot be repeated, says why, and fails if a result lacks', () => {
  const project = makeProject();
  const outside = path.join(makeTemporary(), 'outside');
  record(project, ['--', 'sh', '-c', 'echo 1 >good']);
  assert.equal(rr(project, ['record', '-q', '--', 'false']).status, 1);
  const onlyFailed = replay(makeTemporary(), writeScript(project));
  assert.equal(onlyFailed.status, 0, 'a run that failed left no result: ' + onlyFailed.stderr);
  record(project, ['--', 'sh', '-c', 'echo "$0" >secret', '--api-token=ghp_0123456789abcdefghijABCDEFGHIJ012345']);
  record(project, ['-o', outside, '--', 'sh', '-c', 'echo 1 >"$0"', outside]);
  const script = writeScript(project);
  const text = fs.readFileSync(script, 'latin1');
  assert.ok(!text.includes('ghp_'));
  fs.unlinkSync(outside);
  const done = replay(makeTemporary(), script);
  assert.equal(done.status, 1);
  assert.match(done.stderr, /left out: its command holds a secret that was not recorded/);
  assert.match(done.stderr, /left out: its output .* is outside of the project/);
  assert.match(done.stderr, /runs: 1 as recorded, 0 not, 2 left out/);
  assert.ok(!fs.existsSync(outside));
});

test('rr list --sh: nothing in a stranger\'s record becomes a command or climbs out', (context) => {
  if (skipWithout(context, ['shellcheck'])) return;
  const made: Run = { ...emptyRun('20261122T052039Z-k3f5q2', 'true', '2026-11-22T05:20:39.123456Z', '0.1.0'), status: 'succeeded', exit: 0, observed: 'scan' };
  const hash = 'ab'.repeat(32);
  const evil = "x'$(touch bad)\n`touch bad`\n; touch bad #";
  const runs: Run[] = [
    { ...made, label: evil, reason: evil, tags: [evil] },
    { ...made, variables: ['A;touch bad=1', 'PATH=/nowhere', 'LANG=' + evil, 'rr_id=x', evil], variableHashes: ['TZ;touch bad 1234'] },
    { ...made, outputs: [{ hash, size: 1, kind: '', path: '../climbs' }] },
    { ...made, outputs: [{ hash, size: 1, kind: '', path: '.rr/key' }] },
    { ...made, directory: '../..', command: 'touch bad' },
    { ...made, redirects: ['1 > ../climbs', '2 >> /tmp/climbs', '3 < ' + evil, evil] },
    { ...made, status: 'failed', command: evil },
    { ...made, command: 'x\0{0123456789abcdef}\ntouch bad' },
    { ...made, inputs: [{ hash, size: 1, kind: '', path: evil }], outputs: [{ hash, size: 1, kind: '', path: evil }, { hash, size: 1, kind: 'd', path: '-rf' }] },
  ];
  const script = printReplayHead(new Set([hash])) + runs.map(printReplay).join('') + printReplayEnd();
  const folder = makeTemporary();
  fs.mkdirSync(path.join(folder, 'a/b'), { recursive: true });
  const file = path.join(folder, 'replay.sh');
  fs.writeFileSync(file, script, 'latin1');
  const checked = run(folder, ['shellcheck', '-s', 'sh', '-e', 'SC2016,SC1003', file]);
  assert.equal(checked.stdout, '');
  const done = run(path.join(folder, 'a/b'), ['sh', file, '-k']);
  assert.equal(done.status, 1);
  const left = run(folder, ['find', '.', '(', '-name', 'bad', '-o', '-name', 'climbs', ')']).stdout;
  assert.equal(left, '');
  assert.ok(!fs.existsSync('/tmp/climbs'));
});

test('rr list --sh leaves out repeats in a scratch tree, and is in the order of time', () => {
  const project = makeProject();
  record(project, ['-l', 'b', '--', 'sh', '-c', 'echo 1 >one']);
  record(project, ['-l', 'a', '--', 'sh', '-c', 'cat one >two']);
  const repeat: Run = { ...emptyRun('20301122T052039Z-k3f5q2', 'true', '2030-11-22T05:20:39.123456Z', '0.1.0'), status: 'succeeded', exit: 0, observed: 'scan', tree: 'scratch' };
  fs.mkdirSync(path.join(project, 'provenance/runs/2030-11'), { recursive: true });
  fs.writeFileSync(path.join(project, 'provenance', recordPath(repeat.id)), printRecord(repeat), 'latin1');
  const text = fs.readFileSync(writeScript(project, ['--sort', 'label']), 'latin1');
  assert.equal((text.match(/^rr_start /gm) ?? []).length, 2);
  assert.ok(text.indexOf('echo 1') < text.indexOf('cat one'));
});

