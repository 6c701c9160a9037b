// signals.test.ts - signals sent to rr reach the command, once; its end is told as a shell would.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { hasProgram, listRecords, makeProject, readOnlyRecord, readRecord, rr, RR_JS, run, sleep, startProgram, startRr, waitUntil } from './rig.ts';
import type { Done } from './rig.ts';

const NEEDS_PYTHON = hasProgram('python3') ? false : 'python3 is missing';

function isThere(folder: string, name: string): boolean {
  return fs.existsSync(path.join(folder, name));
}

/** Starts a command under rr, waits until it says it is ready, and sends rr a signal. */
async function signalRr(folder: string, script: string, signals: NodeJS.Signals[]): Promise<number | null> {
  const { child, ended } = startRr(folder, ['record', '-q', '--', 'sh', '-c', script]);
  await waitUntil('the command', () => isThere(folder, 'ready'));
  for (const signal of signals) {
    child.kill(signal);
    await sleep(60);
  }
  const done = await ended;
  assert.equal(done.signal, null, 'rr itself is not killed');
  fs.unlinkSync(path.join(folder, 'ready'));
  return done.status;
}

test('SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 to rr reach the command', { timeout: 30000 }, async () => {
  for (const [signal, number] of [['SIGINT', 2], ['SIGTERM', 15], ['SIGHUP', 1], ['SIGQUIT', 3], ['SIGUSR1', 10], ['SIGUSR2', 12]] as [NodeJS.Signals, number][]) {
    const folder = makeProject();
    assert.equal(await signalRr(folder, 'ulimit -c 0; : > ready; exec sleep 20', [signal]), 128 + number, signal);
    const record = readOnlyRecord(folder);
    assert.deepEqual([record.Signal[0], record.Exit[0]], [signal, String(128 + number)]);
    assert.equal(record.Status[0], signal.startsWith('SIGUSR') ? 'failed' : 'interrupted');
  }
});

test('a command that a signal for real time ended has not succeeded, though Node.js reports its status as 0', { timeout: 60000, skip: NEEDS_PYTHON }, () => {
  const both = ['-c', 'import os, sys; print("both", flush=True); os.kill(os.getpid(), int(sys.argv[1]))'];
  // Other threads live on until the signal ends them all; the reader is behind with what is printed.
  const threads = ['-c', 'import os, sys, threading, time; threading.Thread(target=time.sleep, args=(9,)).start(); print("x" * 300000, flush=True); os.kill(os.getpid(), int(sys.argv[1]))'];
  const traces = ['none', 'scan'].concat(hasProgram('strace') ? ['strace'] : []);
  for (const [i, trace] of traces.entries()) {
    for (const argv of [both, threads]) {
      const number = [34, 50, 64][i];
      const folder = makeProject();
      // What a shell says of it is the judge.
      const judged = run(folder, ['sh', '-c', 'python3 "$@" > /dev/null; echo $?', 'sh'].concat(argv, String(number))).stdout.trim();
      assert.equal(judged, String(128 + number));
      assert.equal(String(rr(folder, ['record', '-q', '--trace', trace, '--', 'python3'].concat(argv, String(number))).status), judged, trace);
      const record = readOnlyRecord(folder);
      assert.deepEqual([record.Signal[0], record.Exit[0], record.Status[0]], ['SIG' + String(number), judged, 'failed'], trace);
    }
  }
});

test('a point of a sweep that a signal for real time ended has failed', { timeout: 60000 }, () => {
  for (const options of [[], ['--trace', 'none', '-o', '{k}.txt']]) {
    const folder = makeProject();
    const done = rr(folder, ['sweep', '-l', 'ended', '-j', '2', '-p', 'k=0,34'].concat(options, '--', 'sh', '-c', 'echo {k} > {k}.txt; test {k} = 0 || kill -{k} $$'));
    assert.notEqual(done.status, 0, done.stderr);
    const ends = listRecords(folder).map((name) => readRecord(folder, name)).map(({ Status, Exit }) => [Status[0], Exit[0]]).sort();
    assert.deepEqual(ends, [['failed', '162'], ['succeeded', '0']], done.stderr);
  }
});

test('a command that handles a signal gets it once and has its own status', { timeout: 20000 }, async () => {
  const folder = makeProject();
  const script = 'trap "echo t >> got" TERM; trap "echo i >> got" INT; : > ready; i=0; while [ $i -lt 12 ]; do sleep 0.05; i=$((i+1)); done; exit 7';
  assert.equal(await signalRr(folder, script, ['SIGTERM', 'SIGINT']), 7);
  // A shell that finds both at once serves them by their numbers.
  assert.deepEqual(fs.readFileSync(path.join(folder, 'got'), 'latin1').split('\n').sort(), ['', 'i', 't']);
});

// A process group of its own in a session that has another one, so that it can be stopped; or (orphaned) one
// that is all of its session. Prints the process id.
const GROUP = `
import os, sys
os.setsid()
pid = os.fork()
if pid == 0:
    if sys.argv[1] == "apart": os.setpgid(0, 0)
    else: os.setsid()
    os.execv(sys.argv[2], sys.argv[2:])
os.write(1, b"%d\\n" % pid)
os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

const TICKING = 'while :; do echo x >> ticks; sleep 0.02; [ ! -e stop ] || exit 0; done';

/** rr that records what ticks in a group of that kind; its process id. */
async function startTicking(folder: string, kind: string): Promise<{ pid: number; ended: Promise<Done> }> {
  const { child, ended } = startProgram(folder, ['python3', '-c', GROUP, kind, process.execPath, RR_JS, 'record', '-q', '--', 'sh', '-c', TICKING]);
  const pid = await new Promise<number>((resolve) => child.stdout!.once('data', (data: Buffer) => resolve(Number(data.toString()))));
  await waitUntil('the command', () => isThere(folder, 'ticks'));
  return { pid, ended };
}

test('SIGTSTP stops neither the command nor rr where the system ignores it: in an orphaned process group', { skip: NEEDS_PYTHON, timeout: 20000 }, async (context) => {
  const folder = makeProject();
  const { pid, ended } = await startTicking(folder, 'orphaned');
  context.after(() => fs.writeFileSync(path.join(folder, 'stop'), ''));
  process.kill(pid, 'SIGTSTP');
  const size = fs.statSync(path.join(folder, 'ticks')).size;
  await waitUntil('the command goes on', () => fs.statSync(path.join(folder, 'ticks')).size > size + 20);
  fs.writeFileSync(path.join(folder, 'stop'), '');
  assert.equal((await ended).status, 0);
});

test('SIGTSTP stops the command and rr, SIGCONT lets both go on', { skip: NEEDS_PYTHON, timeout: 20000 }, async (context) => {
  const folder = makeProject();
  const { pid, ended } = await startTicking(folder, 'apart');
  context.after(() => run(undefined, ['sh', '-c', 'kill -KILL "-$1" 2>/dev/null; :', 'sh', String(pid)]));
  process.kill(pid, 'SIGTSTP');
  const stateOf = (): string => /^State:\s+(\w)/m.exec(fs.readFileSync('/proc/' + String(pid) + '/status', 'latin1'))![1];
  await waitUntil('rr stopped', () => stateOf() === 'T');
  const sizeOf = (): number => fs.statSync(path.join(folder, 'ticks')).size;
  let size = -1;
  // Where it is traced, the tracer has to see the signal first.
  for (let round = 0; round < 50 && size !== sizeOf(); round++) {
    size = sizeOf();
    await sleep(100);
  }
  await sleep(200);
  assert.equal(fs.statSync(path.join(folder, 'ticks')).size, size, 'the command stands still');
  process.kill(pid, 'SIGCONT');
  await waitUntil('the command goes on', () => fs.statSync(path.join(folder, 'ticks')).size > size);
  fs.writeFileSync(path.join(folder, 'stop'), '');
  assert.equal((await ended).status, 0);
});

// What the keyboard does: a session with a terminal, and SIGINT for its foreground group.
const KEYBOARD = `
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
out = b""
deadline = time.time() + 15
sent = False
while time.time() < deadline:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data: break
    out += data
    if b"ready" in out and not sent:
        sent = True
        time.sleep(0.3)
        os.write(fd, b"\\x03")
_, status = os.waitpid(pid, 0)
sys.stdout.write("%d\\n" % (os.waitstatus_to_exitcode(status)))
`;

test('Ctrl-C comes to the command once, with and without logs', { timeout: 30000, skip: NEEDS_PYTHON }, () => {
  for (const option of ['-q', '--no-logs']) {
    const folder = makeProject();
    const script = 'trap "echo i >> got" INT; echo ready; i=0; while [ $i -lt 25 ]; do sleep 0.05; i=$((i+1)); done; exit 7';
    const done = run(folder, ['python3', '-c', KEYBOARD, process.execPath, RR_JS, 'record', option, '--', 'sh', '-c', script]);
    assert.equal(done.stdout, '7\n', option + done.stderr);
    assert.equal(fs.readFileSync(path.join(folder, 'got'), 'latin1'), 'i\n', option);
    assert.equal(run(folder, ['python3', '-c', KEYBOARD, process.execPath, RR_JS, 'record', option, '--', 'sh', '-c', 'echo ready; exec sleep 10']).stdout, '130\n');
    const record = readRecord(folder, listRecords(folder)[1]);
    assert.deepEqual([record.Status[0], record.Signal[0]], ['interrupted', 'SIGINT'], option);
  }
});

test('--timeout stops the command and what it started; who ignores SIGTERM is killed after 5 s', { timeout: 30000 }, () => {
  const folder = makeProject();
  const started = Date.now();
  const done = run(folder, [process.execPath, RR_JS, 'record', '-q', '--timeout', '0.3', '--', 'sh', '-c', 'sleep 987 & (sleep 986; :) ; wait']);
  assert.equal(done.status, 124, done.stderr);
  assert.ok(Date.now() - started < 3000);
  const left = run(undefined, ['sh', '-c', 'ps -eo args | grep -c "^sleep 98[67]$"']).stdout.trim();
  assert.equal(left, '0', 'nothing goes on');
  const stubborn = Date.now();
  assert.equal(run(folder, [process.execPath, RR_JS, 'record', '-q', '--timeout', '0.2', '--', 'sh', '-c', 'trap "" TERM; while :; do sleep 0.2; done']).status, 124);
  const tookMs = Date.now() - stubborn;
  assert.ok(tookMs > 5000 && tookMs < 8000, String(tookMs));
  const record = readRecord(folder, listRecords(folder)[1]);
  assert.deepEqual([record.Status[0], record.Timeout_s[0]], ['interrupted', '0.2']);
});

test('a signal before, at or after the command harms no record', { timeout: 40000 }, async () => {
  const folder = makeProject();
  for (let i = 0; i < 12; i++) {
    const { child, ended } = startRr(folder, ['record', '-q', '--', 'sh', '-c', 'echo hi > made']);
    await sleep(20 + i * 8);
    child.kill('SIGTERM');
    const done = await ended;
    assert.ok(done.status === 0 || done.status === 143 || done.signal === 'SIGTERM', String(i) + ': ' + String(done.status) + ' ' + done.stderr);
    assert.doesNotMatch(done.stderr, /internal error/);
  }
  assert.equal(run(folder, [process.execPath, RR_JS, 'record', '-q', '--', 'true']).status, 0);
  assert.equal(run(folder, [process.execPath, RR_JS, 'list']).status, 0);
});

// A session with a terminal that goes as soon as there are as many files "ready..." as are asked for.
const HANGUP = `
import glob, os, pty, signal, sys, time
pid, fd = pty.fork()
if pid == 0:
    for number in (signal.SIGPIPE, signal.SIGXFSZ): signal.signal(number, signal.SIG_DFL)
    os.execvp(sys.argv[2], sys.argv[2:])
deadline = time.time() + 20
while len(glob.glob("ready*")) < int(sys.argv[1]) and time.time() < deadline: time.sleep(0.02)
os.close(fd)
sys.stdout.write("%d\\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** Has the terminal of a command go; what it ended with. */
function hangUp(folder: string, ready: number, argv: string[]): string {
  for (const name of fs.readdirSync(folder)) if (name.startsWith('ready')) fs.unlinkSync(path.join(folder, name));
  const done = run(folder, ['python3', '-c', HANGUP, String(ready)].concat(argv));
  assert.equal(done.stderr, '');
  return done.stdout.trim();
}

// By what rr can tell of each: the terminal that GNU nohup replaces, the shell that names what it started, a parent that ignores it.
const OUTLIVING: [string, string[]][] = [
  ['nohup', ['nohup']],
  ['nohup, with everything redirected', ['bash', '-c', 'trap : HUP; nohup "$@" < /dev/null > log 2>&1', 'bash']],
  ['a script under nohup', ['nohup', 'sh', '-c', '"$@" < in > log 2>&1; exit $?', 'sh']],
  // Node.js aborts where a terminal that it found is gone at its end.
  ["trap '' HUP", ['sh', '-c', 'trap "" HUP; "$@" > log 2>&1; exit $?', 'sh']],
];

test('a run lives on when its terminal goes, if that is asked for as it is of any command', { timeout: 120000, skip: NEEDS_PYTHON }, () => {
  const script = 'grep SigIgn /proc/self/status > ignored; : > ready; sleep 0.5; echo said; echo end > after';
  for (const [what, words] of OUTLIVING) {
    const folder = makeProject();
    fs.writeFileSync(path.join(folder, 'in'), 'x\n');
    const ignored = (argv: string[]): string => {
      assert.equal(hangUp(folder, 1, words.concat(argv)), '0', what);
      return fs.readFileSync(path.join(folder, 'ignored'), 'latin1');
    };
    // Without rr is the judge.
    const judged = ignored(['sh', '-c', script]);
    fs.unlinkSync(path.join(folder, 'after'));
    for (const trace of ['none', 'auto']) {
      assert.equal(ignored([process.execPath, RR_JS, 'record', '-q', '--trace', trace, '--', 'sh', '-c', script]), judged, what);
      fs.unlinkSync(path.join(folder, 'after'));
    }
    assert.deepEqual(listRecords(folder).map((name) => readRecord(folder, name).Status[0]), ['succeeded', 'succeeded'], what);
  }
});

test('a run ends with its terminal otherwise, and what cannot be started is told of by rr under nohup, too', { timeout: 60000, skip: NEEDS_PYTHON }, () => {
  const folder = makeProject();
  assert.equal(hangUp(folder, 1, [process.execPath, RR_JS, 'record', '-q', '--', 'sh', '-c', ': > ready; exec sleep 20']), '129');
  const record = readOnlyRecord(folder);
  assert.deepEqual([record.Status[0], record.Signal[0]], ['interrupted', 'SIGHUP']);
  const done = run(folder, ['nohup', process.execPath, RR_JS, 'record', '-q', '--', 'no-such-program']);
  assert.deepEqual([done.status, done.stderr], [127, 'rr: cannot run "no-such-program": not found\n']);
});

test('rr make and rr sweep under nohup go on without their terminal, with steps of all kinds', { timeout: 120000, skip: NEEDS_PYTHON }, () => {
  for (const [, words] of OUTLIVING) {
    const folder = makeProject();
    fs.writeFileSync(path.join(folder, 'in'), '1\n');
    const step = (n: number): string => ': > ready' + String(n) + '; sleep 0.5; cat in > out' + String(n);
    for (const n of [1, 2]) assert.equal(rr(folder, ['record', '-q', '--trace', 'none', '-i', 'in', '-o', 'out' + String(n), '--', 'sh', '-c', step(n)]).status, 0);
    for (const n of [3, 4]) assert.equal(rr(folder, ['record', '-q', '-i', 'in', '-o', 'out' + String(n), '--', 'sh', '-c', step(n)]).status, 0);
    fs.writeFileSync(path.join(folder, 'in'), '2\n');
    assert.equal(hangUp(folder, 2, words.concat(process.execPath, RR_JS, 'make', '-q', '-j', '2')), '0');
    for (const n of [1, 2, 3, 4]) assert.equal(fs.readFileSync(path.join(folder, 'out' + String(n)), 'latin1'), '2\n');
    assert.equal(hangUp(folder, 2, words.concat(process.execPath, RR_JS, 'sweep', '-q', '-l', 's', '-j', '2', '-p', 'k=5..8', '--', 'sh', '-c', ': > ready{k}; sleep 0.5; echo {k}')), '0');
    assert.deepEqual(Array.from(new Set(listRecords(folder).map((name) => readRecord(folder, name).Status[0]))), ['succeeded']);
  }
});
