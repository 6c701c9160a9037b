// streams.test.ts - what the command reads and prints passes through rr byte for byte, and is kept.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import childProcess from 'child_process';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { CLEAN_ENV, hasProgram, listRecords, makeProject, makeTemporary, pathsOf, readOnlyRecord, readRecord, rr, RR_JS, run, sleep, startProgram, startRr, waitUntil } from './rig.ts';

const RR = [process.execPath, RR_JS];
const ENV = { NODE: process.execPath, RR: RR_JS };

function hashOf(data: Buffer | string): string {
  return crypto.createHash('sha256').update(typeof data === 'string' ? Buffer.from(data, 'latin1') : data).digest('hex');
}

/** A kept stream of the only run; undefined if there is none. */
function readLog(project: string, ending: string): Buffer | undefined {
  const logs = pathsOf(readOnlyRecord(project).Log).filter((name) => name.endsWith(ending));
  return logs.length === 0 ? undefined : fs.readFileSync(path.join(project, logs[0]));
}

test('a megabyte of random bytes on both streams arrives and is kept whole', { timeout: 30000 }, () => {
  const folder = makeProject();
  const sources = makeTemporary();
  const data = ['a', 'b'].map((name) => {
    const bytes = crypto.randomBytes(1 << 20);
    fs.writeFileSync(path.join(sources, name), bytes);
    return bytes;
  });
  const done = rr(folder, ['record', '-q', '--', 'sh', '-c', 'cat "$1" & cat "$2" >&2; wait', 'sh', path.join(sources, 'a'), path.join(sources, 'b')]);
  assert.deepEqual([done.status, hashOf(done.stdout), hashOf(done.stderr)], [0, hashOf(data[0]), hashOf(data[1])]);
  assert.deepEqual([hashOf(readLog(folder, '.out')!), hashOf(readLog(folder, '.err')!)], [hashOf(data[0]), hashOf(data[1])]);
  let sums = [0, 0];
  for (const line of readLog(folder, '.order')!.toString('latin1').trim().split('\n')) {
    assert.match(line, /^(out|err) [1-9]\d*$/);
    const [stream, bytes] = line.split(' ');
    sums = [sums[0] + (stream === 'out' ? Number(bytes) : 0), sums[1] + (stream === 'err' ? Number(bytes) : 0)];
  }
  assert.deepEqual(sums, [1 << 20, 1 << 20]);
});

test('the order of the streams recomposes what was seen', { timeout: 20000 }, () => {
  const folder = makeProject();
  const script = 'for i in 1 2 3; do echo "out $i"; sleep 0.06; echo "err $i" >&2; sleep 0.06; done';
  const done = run(folder, ['sh', '-c', '"$NODE" "$RR" record -q -- sh -c "$1" 2>&1', 'sh', script], { env: ENV });
  assert.equal(done.stdout, 'out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n');
  const rest: { [stream: string]: Buffer } = { out: readLog(folder, '.out')!, err: readLog(folder, '.err')! };
  let seen = '';
  for (const line of readLog(folder, '.order')!.toString('latin1').trim().split('\n')) {
    const [stream, bytes] = line.split(' ');
    seen += rest[stream].subarray(0, Number(bytes)).toString('latin1');
    rest[stream] = rest[stream].subarray(Number(bytes));
  }
  assert.equal(seen, done.stdout);
});

test('one stream alone has no order file, --no-logs and silence keep nothing', { timeout: 20000 }, () => {
  const folder = makeProject();
  rr(folder, ['record', '-q', '--', 'sh', '-c', 'echo hi']);
  rr(folder, ['record', '-q', '--', 'true']);
  assert.equal(rr(folder, ['record', '-q', '--no-logs', '--', 'sh', '-c', 'echo hi; echo ho >&2']).stdout, 'hi\n');
  const logs = listRecords(folder).map((name) => pathsOf(readRecord(folder, name).Log).map((log) => log.slice(-4)));
  assert.deepEqual(logs, [['.out'], [], []]);
  assert.equal(fs.readdirSync(path.join(folder, 'provenance', 'logs')).length, 1);
});

test('a slow reader gets all, and meanwhile signals and the time limit work', { timeout: 30000 }, async () => {
  const folder = makeProject();
  const slow = run(folder, ['sh', '-c', '"$NODE" "$RR" record -q -- head -c 1000000 /dev/zero | { sleep 0.7; wc -c; }'], { env: ENV });
  assert.equal(slow.stdout.trim(), '1000000');
  const limited = run(folder, ['sh', '-c', '{ "$NODE" "$RR" record -q --timeout 0.3 -- yes; echo $? > status; } | { sleep 1.5; kill -0 $(cat .rr/yes.pid 2>/dev/null || echo 999999) 2>/dev/null; ps -eo args | grep -c "^[y]es$" ; cat > /dev/null; }'], { env: ENV });
  assert.equal(fs.readFileSync(path.join(folder, 'status'), 'latin1'), '124\n');
  assert.equal(limited.stdout.trim(), '0', 'the command was stopped though nobody read');
  const { child, ended } = startProgram(folder, RR.concat(['record', '-q', '--', 'yes', 'for signals']));
  child.stdout!.pause();
  await sleep(500);
  child.kill('SIGTERM');
  await sleep(300);
  const alive = run(undefined, ['sh', '-c', 'ps -eo args | grep -c "^[y]es for signals$"']).stdout.trim();
  child.stdout!.resume();
  assert.equal((await ended).status, 143);
  assert.equal(alive, '0', 'the command was stopped though nobody read');
});

test('rr show --logs prints a log that is larger than any text may be', { timeout: 60000 }, () => {
  const folder = makeProject();
  assert.equal(rr(folder, ['record', '-q', '--trace', 'none', '--', 'echo', 'begins']).status, 0);
  const [log] = pathsOf(readOnlyRecord(folder).Log);
  fs.truncateSync(path.join(folder, log), 300 << 20);
  fs.appendFileSync(path.join(folder, log), 'ends');
  const done = run(folder, ['sh', '-c', '"$NODE" "$RR" show @ --logs | cmp - "$1"', 'sh', log], { env: ENV });
  assert.deepEqual([done.status, done.stdout, done.stderr], [0, '', '']);
});

test('a reader that goes away ends the command by SIGPIPE, as without rr', { timeout: 20000 }, () => {
  const folder = makeProject();
  const script = '{ "$@"; echo $? > status; } | head -n 1 > /dev/null';
  const status = (argv: string[]): string => {
    run(folder, ['sh', '-c', script, 'sh'].concat(argv), { timeoutMs: 10000 });
    return fs.readFileSync(path.join(folder, 'status'), 'latin1').trim();
  };
  assert.equal(status(RR.concat(['record', '-q', '--', 'yes'])), status(['yes']));
  assert.equal(readOnlyRecord(folder).Signal[0], 'SIGPIPE');
});

test('what the command left in the background does not hold rr up, nor is it harmed', { timeout: 20000 }, async () => {
  const folder = makeProject();
  const late = path.join(folder, 'late.txt');
  // It goes on until rr has returned and is seen to have.
  const { child, ended } = startProgram(folder, RR.concat(['record', '-q', '--', 'sh', '-c', '(while ! test -e seen; do sleep 0.05; done; echo late > late.txt) & echo hi']), { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = new Promise<number | null>((resolve) => child.on('exit', (status) => resolve(status)));
  assert.equal(await exited, 0);
  assert.ok(!fs.existsSync(late));
  fs.writeFileSync(path.join(folder, 'seen'), '');
  await waitUntil('what was left', () => fs.existsSync(late));
  assert.equal((await ended).stdout, 'hi\n');
});

// A reader that waits for streams which are closed long since takes 100 ms more, each time. The quickest
// of enough runs tells that, however busy the machine is.
test('a short command that prints is not waited for longer than one that does not', { timeout: 120000 }, () => {
  const folder = makeProject();
  const time = (line: string): number => {
    const startMs = Date.now();
    rr(folder, ['record', '-q', '--trace', 'none', '--', 'sh', '-c', line]);
    return Date.now() - startMs;
  };
  let silent = Infinity;
  let printing = Infinity;
  for (let round = 0; round < 60 && (round < 3 || printing >= silent + 60); round++) {
    silent = Math.min(silent, time(':'));
    printing = Math.min(printing, time('echo hi; echo ho >&2'));
  }
  assert.ok(printing < silent + 60, String(printing) + ' ms against ' + String(silent) + ' ms');
});

test('the command can open /dev/stdout and /dev/stderr', { timeout: 20000 }, () => {
  const folder = makeProject();
  const done = rr(folder, ['record', '-q', '--', 'sh', '-c', 'echo a > /dev/stdout; echo b > /dev/stderr; echo c >> /dev/fd/1; echo d | tee /dev/stderr']);
  assert.deepEqual([done.status, done.stdout, done.stderr], [0, 'a\nc\nd\n', 'b\nd\n']);
});

test('standard input passes through: pipe, file, nothing, closed, and what is left of it', { timeout: 20000 }, () => {
  const folder = makeProject();
  const sh = (line: string): string => run(folder, ['sh', '-c', 'rr() { "$NODE" "$RR" "$@"; }; ' + line], { env: ENV, timeoutMs: 10000 }).stdout;
  fs.writeFileSync(path.join(folder, 'in.txt'), 'one\ntwo\n');
  assert.equal(sh('printf "x\\0y" | rr record -q -- od -An -c'), sh('printf "x\\0y" | od -An -c'));
  assert.equal(sh('rr record -q -- cat < in.txt'), 'one\ntwo\n');
  assert.equal(sh('rr record -q -- cat < /dev/null; echo $?'), '0\n');
  assert.equal(sh('rr record -q -- sh -c "cat; true" <&- ; echo $?'), '0\n');
  assert.equal(sh('printf "a\\nb\\n" | { rr record -q -- sh -c "read x; echo got \\$x"; cat; }'), 'got a\nb\n', 'rr itself takes nothing');
  assert.deepEqual(readRecord(folder, listRecords(folder)[1]).Redirect, ['0 < in.txt']);
});

test('a closed standard output or error harms neither', { timeout: 20000 }, () => {
  const folder = makeProject();
  for (const [redirect, status] of [['>&-', 0], ['2>&-', 0], ['>&- 2>&-', 0], ['<&- >&- 2>&-', 0]] as [string, number][]) {
    const done = run(folder, ['sh', '-c', '"$NODE" "$RR" record -q -- sh -c "echo hi > made; exit 0" ' + redirect], { env: ENV });
    assert.equal(done.status, status, redirect + done.stderr);
    assert.equal(fs.readFileSync(path.join(folder, 'made'), 'latin1'), 'hi\n');
    fs.unlinkSync(path.join(folder, 'made'));
  }
});

test('a full device at standard output is the command\'s to meet', { timeout: 20000, skip: fs.existsSync('/dev/full') ? false : 'there is no /dev/full' }, () => {
  const folder = makeProject();
  const line = '"$@" > /dev/full';
  const plain = run(folder, ['sh', '-c', line, 'sh', 'cat', RR_JS], { env: ENV });
  const done = run(folder, ['sh', '-c', line, 'sh'].concat(RR, ['record', '-q', '--', 'cat', RR_JS]), { env: ENV });
  assert.notEqual(plain.status, 0);
  assert.notEqual(done.status, 0, done.stderr);
});

test('redirected to files: the command has the files themselves', { timeout: 20000 }, () => {
  const folder = makeProject();
  fs.writeFileSync(path.join(folder, 'log'), 'before\n');
  const done = run(folder, ['sh', '-c', '"$NODE" "$RR" record -q -- sh -c "echo out; echo err >&2; [ -f /dev/stdout ] && echo file" > new.txt 2>> log'], { env: ENV });
  assert.equal(done.status, 0);
  assert.equal(fs.readFileSync(path.join(folder, 'new.txt'), 'latin1'), 'out\nfile\n');
  assert.equal(fs.readFileSync(path.join(folder, 'log'), 'latin1'), 'before\nerr\n');
  const record = readOnlyRecord(folder);
  assert.deepEqual(record.Redirect, ['1 > new.txt', '2 >> log']);
  assert.deepEqual(pathsOf(record.Output), ['log', 'new.txt']);
  assert.equal(record.Log, undefined);
});

test('100 MB through rr take no more than a second and four times cat', { timeout: 60000 }, () => {
  const folder = makeProject();
  const time = (argv: string[]): number => {
    const startMs = Date.now();
    const done = run(folder, ['sh', '-c', '"$@" | wc -c', 'sh'].concat(argv));
    assert.equal(done.stdout.trim(), '100000000');
    return Date.now() - startMs;
  };
  const plain = time(['sh', '-c', 'head -c 100000000 /dev/zero | cat']);
  const recorded = time(RR.concat(['record', '-q', '--', 'sh', '-c', 'head -c 100000000 /dev/zero | cat']));
  assert.ok(recorded < 1000 + plain * 4 + 1500, 'plain ' + String(plain) + ' ms, recorded ' + String(recorded) + ' ms');
});

test('two programs that share rr\'s standard output without waiting meet no error', { timeout: 20000, skip: hasProgram('python3') ? false : 'python3 is missing' }, () => {
  const folder = makeProject();
  // The pipe is set non-blocking, as ssh and other Node programs do: rr must loop on EAGAIN.
  const python = 'import os,subprocess,time,sys\nr,w=os.pipe(); os.set_blocking(w,False)\np=subprocess.Popen(sys.argv[1:],stdout=w,stdin=subprocess.DEVNULL); os.close(w); time.sleep(0.5)\nn=0\nwhile True:\n  d=os.read(r,65536)\n  if not d: break\n  n+=len(d)\nprint(n,p.wait())\n';
  const done = run(folder, ['python3', '-c', python].concat(RR, ['record', '-q', '--', 'head', '-c', '3000000', '/dev/zero']));
  assert.equal(done.stdout, '3000000 0\n', done.stderr);
});

test('a command that cannot be started: 127 or 126, a line, a record', { timeout: 20000 }, async () => {
  const folder = makeProject();
  fs.writeFileSync(path.join(folder, 'plain'), 'text');
  const missing = await startRr(folder, ['record', '--', 'no-such-program-here']).ended;
  assert.equal(missing.status, 127);
  assert.match(missing.stderr, /^rr: cannot run "no-such-program-here": not found$/m);
  const denied = childProcess.spawnSync(RR[0], [RR[1], 'record', '--', './plain'], { cwd: folder, env: CLEAN_ENV, encoding: 'latin1' });
  assert.equal(denied.status, 126);
  assert.deepEqual(listRecords(folder).map((name) => readRecord(folder, name).Exit[0]), ['127', '126']);
});
