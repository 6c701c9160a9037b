// progress.test.ts - what a person sees while steps are carried out: the line as text, and on a real terminal.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { emptyRun } from '../src/core/run.ts';
import type { Run } from '../src/core/run.ts';
import { describeFailedRun, formatWholeSeconds, printProgress, printStepStart } from '../src/views/progress.ts';
import { displayWidth } from '../src/views/table.ts';
import type { GraphStep } from './enginedriver.ts';
import { hasProgram, listRecords, makeProject, readRecord, RR_JS, run } from './rig.ts';

const RUNNING = [{ name: 'fit', elapsedS: 75.9 }, { name: 'plot-everything-there-is-to-see', elapsedS: 3 }, { name: '\xe6\x97\xa5\xe6\x9c\xac', elapsedS: 0 }];

const LINES: [number, string][] = [
  [120, 'rr: 3/10, 1 failed: fit 1 m 15 s, plot-everything-there-i~ 3 s, \xe6\x97\xa5\xe6\x9c\xac 0 s; about 1 h 01 m left'],
  [80, 'rr: 3/10, 1 failed: fit 1 m 15 s, +2; about 1 h 01 m left'],
  [50, 'rr: 3/10, 1 failed: 3 running; about 1 h 01 m left'],
  [40, 'rr: 3/10, 1 failed: 3 running'],
  [10, 'rr: 3/10,~'], [1, '~'],
];

test('printProgress() is as wide as there is room, and never wider', () => {
  const state = { done: 3, failed: 1, total: 10, running: RUNNING, leftS: 3660 };
  for (const [columns, line] of LINES) assert.equal(printProgress(state, columns), line);
  for (let columns = 1; columns < 150; columns++) assert.ok(displayWidth(printProgress(state, columns)) <= columns, String(columns));
  assert.equal(printProgress({ done: 0, failed: 0, total: 1, running: [{ name: 'a\x1b[2J', elapsedS: 1 }], leftS: undefined }, 80).indexOf('\x1b'), -1);
  assert.equal(printProgress({ done: 0, failed: 0, total: 1, running: [], leftS: undefined }, 80), 'rr: 0/1');
});

test('formatWholeSeconds(), printStepStart()', () => {
  assert.deepEqual([0, 59.9, 60, 3599, 3600, 86400].map(formatWholeSeconds), ['0 s', '59 s', '1 m 00 s', '59 m 59 s', '1 h 00 m', '24 h 00 m']);
  assert.deepEqual([printStepStart('a', 'never run', 0), printStepStart('a', undefined, 1), printStepStart('a', '', 3)], ['a: never run', 'a (once more, after a failure)', 'a (once more, after 3 failures)']);
});

test('describeFailedRun() says in what way a run did not succeed', () => {
  const describe = (facts: Partial<Run>): string => describeFailedRun({ ...emptyRun('x', 'x', '', ''), ...facts });
  assert.deepEqual([
    describe({ status: 'failed', exit: 2 }), describe({ status: 'failed', exit: 139, signal: 'SIGSEGV' }), describe({ status: 'interrupted', exit: 130, signal: 'SIGINT' }), describe({ status: 'interrupted', exit: 130 }),
    describe({ status: 'interrupted', exit: 143, signal: 'SIGTERM', timeoutS: 5, wallS: 5.1 }), describe({ status: 'succeeded', exit: 0, missingOutputs: ['a', 'b'] }), describe({ status: 'lost' }),
    describe({ status: 'failed', exit: 127, warnings: ['the command was not started: not found'] }),
  ], ['exit 2', 'killed by SIGSEGV', 'interrupted by SIGINT', 'interrupted, exit 130', 'stopped after 5 s', 'declared output "a" did not appear (and 1 more)', 'rr was killed while it ran', 'the command was not started: not found']);
});

// Runs a program in a terminal of 70 columns that becomes one of 40 after a while; marks where that was.
const TERMINAL = `
import os, pty, sys, time, fcntl, termios, struct, select, signal
master, slave = pty.openpty()
def size(columns): fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
size(70)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2): os.dup2(slave, fd)
    os.close(master); os.close(slave)
    os.execvp(sys.argv[2], sys.argv[2:])
out = b""; end = None; deadline = time.time() + 60; keys = sys.argv[1] == "ctrl-c"; resized = False
while time.time() < deadline:
    r, _, _ = select.select([master], [], [], 0.05)
    if r: out += os.read(master, 65536)
    elif end is not None: break
    if b"NOW" in out and not resized:
        resized = True
        time.sleep(0.6)
        while select.select([master], [], [], 0)[0]: out += os.read(master, 65536)
        size(40)
        out += b"<40>"
        if keys: os.write(master, b"\\x03")
    if end is None:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done: end = os.waitstatus_to_exitcode(status)
sys.stdout.buffer.write(out + b"\\n" + str(end).encode())
`;

/** What a terminal shows in the end: CR goes to the beginning of the line, ESC [ K erases what is right of it. */
function showText(text: string): string[] {
  const lines = [''];
  let at = 0;
  for (const part of text.match(/\x1b\[K|\r|\n|[^\x1b\r\n]+/g) ?? []) {
    const last = lines[lines.length - 1];
    if (part === '\r') at = 0;
    else if (part === '\n') { lines.push(''); at = 0; }
    else if (part === '\x1b[K') lines[lines.length - 1] = last.slice(0, at);
    else {
      lines[lines.length - 1] = last.slice(0, at) + part + last.slice(at + part.length);
      at += part.length;
    }
  }
  return lines.map((line) => line.trimEnd()).filter((line) => line !== '');
}

const SKIP = hasProgram('python3') ? false : 'python3 is missing';
const STEPS: GraphStep[] = [
  { key: 'first-of-all', before: [], script: 'echo NOW; sleep 3; echo x > a', outputs: ['a'] },
  { key: 'second', before: [], script: 'sleep 2.6; echo said by second; exit 4', outputs: [] },
  { key: 'third', before: ['first-of-all'], script: 'printf "in a line"; echo > c', outputs: ['c'], expectedS: 90 },
];

const ZERO: GraphStep = { key: 'zero', before: [], script: 'echo NOW', outputs: [] };

for (const slots of [1, 2]) {
  test('on a terminal one line tells how far it is, also when that is resized; ' + String(slots) + ' slots', { skip: SKIP }, () => {
    const project = makeProject();
    fs.writeFileSync(path.join(project, '.rr/graph.json'), JSON.stringify({ steps: slots === 1 ? STEPS : [ZERO].concat(STEPS), slots, keepGoing: true }));
    const done = run(project, ['python3', '-c', TERMINAL, '', process.execPath, path.join(__dirname, 'enginedriver.js'), '.rr/graph.json'], { env: { TERM: 'xterm' } });
    const cut = done.stdout.lastIndexOf('\n');
    const text = done.stdout.slice(0, cut).replace(/\r\n/g, '\n');
    assert.equal(done.stdout.slice(cut + 1), '1', text);
    const drawn = text.split(/(<40>)/);
    const linesOf = (part: string): string[] => (part.match(/\r\x1b\[Krr: \d+\/\d+[^\r\n]*/g) ?? []).map((line) => line.slice(4));
    assert.ok(linesOf(drawn[0]).length > 0 && linesOf(drawn[2]).length > 1, JSON.stringify(text));
    assert.match(linesOf(text).join('\n'), /first-of-all \d s/);
    for (const line of linesOf(drawn[0])) assert.ok(line.length < 70, line);
    // The first may have been under way.
    for (const line of linesOf(drawn[2]).slice(1)) assert.ok(line.length < 40, line);
    const shown = showText(text.replace('<40>', ''));
    assert.deepEqual(shown.filter((line) => /^rr: \d+\//.test(line)), [], 'the line is gone in the end');
    for (const line of ['rr: first-of-all: never run', 'said by second', 'rr: second failed: exit 4', 'in a line', '=third done', '=second failed']) assert.ok(shown.indexOf(line) >= 0, line + ' in ' + JSON.stringify(shown));
  });
}

for (const slots of [1, 3]) {
  test('Ctrl-C reaches the steps once, and ends it; ' + String(slots) + ' slots', { skip: SKIP }, () => {
    const project = makeProject();
    const script = 'n=0; trap "n=\\$((n+1))" INT; echo NOW; i=0; while test $i -lt 30; do sleep 0.1; i=$((i+1)); test $n = 0 || break; done; sleep 0.3; echo "interrupts: $n"; exit 3';
    const steps = Array.from({ length: slots }, (_, i) => ({ key: 's' + String(i), before: [], script: i === 0 ? script : 'sleep 50', outputs: [] }));
    if (slots > 1) steps.push({ key: 'now', before: [], script: 'sleep 0.3; echo NOW', outputs: [] });
    fs.writeFileSync(path.join(project, '.rr/graph.json'), JSON.stringify({ steps: slots > 1 ? steps.slice(1).concat(steps[0]) : steps, slots }));
    const done = run(project, ['python3', '-c', TERMINAL, 'ctrl-c', process.execPath, path.join(__dirname, 'enginedriver.js'), '.rr/graph.json'], { env: { TERM: 'xterm' } });
    const shown = showText(done.stdout.replace(/\r\n/g, '\n'));
    assert.ok(shown.indexOf('interrupts: 1') >= 0, JSON.stringify(shown));
    assert.ok(shown.indexOf('=signal SIGINT') >= 0, JSON.stringify(shown));
  });
}

// ---- the line of a run that tells how far it is --------------------------------------------------------------

/** What the terminal got, and the exit status. */
function runInTerminal(project: string, argv: string[]): { text: string; status: number } {
  const done = run(project, ['python3', '-c', TERMINAL, ''].concat(argv), { env: { TERM: 'xterm' } });
  const cut = done.stdout.lastIndexOf('\n');
  return { text: done.stdout.slice(0, cut).replace('<40>', ''), status: Number(done.stdout.slice(cut + 1)) };
}

const SKIP_RUN = SKIP !== false ? SKIP : hasProgram('script') ? false : 'script is missing';
// A line drawn by rr, and what takes it away: nothing of the command's comes between them.
const DRAWN_LINE = /(?:\r\x1b\[Krr: \d+ %[^\r\n\x1b]*)+\r\x1b\[K/g;
const STEPPING = String.raw`printf 'step 1/4\n'; sleep 0.7; printf '\033[31mstep 2/4 loss=0.5\033[0m\n\377\376\n' >&2; sleep 0.7; printf 'in a line'; sleep 0.5; printf ' still\n'; printf 'step 3/4\n'; sleep 0.7; exit 3`;

test('rr record shows on a terminal how far a run is, and the terminal has what the command prints, byte by byte', { skip: SKIP_RUN }, () => {
  const project = makeProject();
  const alone = runInTerminal(project, ['sh', '-c', STEPPING]);
  const shown = runInTerminal(project, [process.execPath, RR_JS, 'record', '--trace', 'none', '--', 'sh', '-c', STEPPING]);
  assert.deepEqual([alone.status, shown.status], [3, 3], JSON.stringify(shown.text));
  const drawn = shown.text.match(DRAWN_LINE) ?? [];
  assert.match(drawn.join(), /rr: 25 %, 1\/4.*rr: 50 %, 2\/4.*about \d+ s left.*rr: 75 %/s);
  const bare = shown.text.replace(DRAWN_LINE, '');
  assert.equal(bare.slice(0, alone.text.length), alone.text);
  assert.doesNotMatch(bare.slice(alone.text.length), /rr: \d+ %|\x1b/);
  const log = readRecord(project, listRecords(project)[0]).Log.map((line) => line.split(' ').slice(3).join(' ')).find((name) => name.endsWith('.out')) as string;
  assert.equal(fs.readFileSync(path.join(project, log), 'latin1'), alone.text.replace(/\r\n/g, fs.readFileSync(path.join(project, log), 'latin1').indexOf('\r') < 0 ? '\n' : '\r\n'));
});

const QUIET_RUNS: [string, string[], string][] = [
  ['draws in its line itself', [], String.raw`printf 'step 1/4\n'; printf '10%%\r20%%'; sleep 0.5; printf '\nstep 2/4\n'; sleep 0.5`],
  ['moves the cursor', [], String.raw`printf 'step 1/4\n\033[2Jx\n'; sleep 0.5; printf 'step 2/4\n'; sleep 0.5`],
  ['has no steps', [], String.raw`printf 'loss=1\n'; sleep 0.5; printf 'loss=0\n'; sleep 0.5`],
  ['is recorded with -q', ['-q'], String.raw`printf 'step 1/4\n'; sleep 0.5; printf 'step 2/4\n'; sleep 0.5`],
  ['has no logs', ['--no-logs'], String.raw`printf 'step 1/4\n'; sleep 0.5; printf 'step 2/4\n'; sleep 0.5`],
];

for (const [what, options, script] of QUIET_RUNS) {
  test('rr record draws nothing on a terminal for a run that ' + what, { skip: SKIP_RUN }, () => {
    const project = makeProject();
    const printed = run(project, ['sh', '-c', script.replace(/sleep [0-9.]+/g, ':')]).stdout.replace(/\n/g, '\r\n');
    const shown = runInTerminal(project, [process.execPath, RR_JS, 'record', '--trace', 'none'].concat(options, '--', 'sh', '-c', script));
    assert.equal(shown.text.slice(0, printed.length), printed);
    assert.doesNotMatch(shown.text.slice(printed.length), /rr: \d+ %|\x1b/);
  });
}

test('rr record draws nothing where its standard error is no terminal', { skip: SKIP_RUN }, () => {
  const project = makeProject();
  const shown = runInTerminal(project, ['sh', '-c', '"$@" 2> errors', 'sh', process.execPath, RR_JS, 'record', '--trace', 'none', '--', 'sh', '-c', 'echo step 1/4; sleep 0.5; echo step 2/4 >&2; sleep 0.5']);
  assert.equal(shown.text, 'step 1/4\r\n');
  assert.match(fs.readFileSync(path.join(project, 'errors'), 'latin1'), /^step 2\/4\n/);
  assert.doesNotMatch(fs.readFileSync(path.join(project, 'errors'), 'latin1'), /\x1b|rr: \d+ %/);
});
