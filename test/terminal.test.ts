// terminal.test.ts - on a terminal the command sees a terminal, and the person sees what it prints.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { hasProgram, makeProject, makeTemporary, pathsOf, readOnlyRecord, RR_JS, run } from './rig.ts';
import type { Done, RunOptions } from './rig.ts';

const SKIP = !hasProgram('python3') ? 'python3 is missing' : !hasProgram('script') ? 'script(1) is missing' : false;

// Runs a program in a new terminal of 100 columns and 30 rows. Each argument "AFTER=TEXT" after "%%"
// types TEXT when AFTER was seen. Prints what the terminal showed; last the status and whether the
// terminal's modes are those of the start.
const DRIVER = `
import os, pty, sys, time, fcntl, termios, struct, select
at = sys.argv.index("%%")
steps = [s.split("=", 1) for s in sys.argv[at + 1:]]
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
before = termios.tcgetattr(slave)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2): os.dup2(slave, fd)
    os.close(master); os.close(slave)
    os.execvp(sys.argv[1], sys.argv[1:at])
out = b""; seen = 0; end = None; deadline = time.time() + 20
while time.time() < deadline:
    r, _, _ = select.select([master], [], [], 0.05)
    if r:
        out += os.read(master, 65536)
        while steps and steps[0][0].encode() in out[seen:]:
            seen = out.index(steps[0][0].encode(), seen) + len(steps[0][0])
            time.sleep(0.15)
            os.write(master, steps.pop(0)[1].encode().decode("unicode_escape").encode())
    elif end is not None: break
    if end is None:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done: end = os.waitstatus_to_exitcode(status)
same = termios.tcgetattr(slave) == before
sys.stdout.buffer.write(out)
sys.stdout.write("\\n%s %s\\n" % (end, "restored" if same else "CHANGED"))
`;

type Shown = { text: string; end: string };

function onTerminal(folder: string, argv: string[], steps: string[] = [], options: RunOptions = {}): Shown {
  const done: Done = run(folder, ['python3', '-c', DRIVER].concat(argv, ['%%'], steps), options);
  assert.equal(done.status, 0, done.stderr);
  const cut = done.stdout.lastIndexOf('\n', done.stdout.length - 2);
  return { text: done.stdout.slice(0, cut), end: done.stdout.slice(cut + 1, -1) };
}

const RECORD = [process.execPath, RR_JS, 'record', '-q'];
const SEE = 'for f in 0 1 2; do [ -t $f ] && printf "tty%s " $f; done; stty size; printf "\\033[31mred\\033[0m %s %s\\n" "$TERM" "$SHELL"';
const ENV = { TERM: 'xterm-256color', SHELL: '/bin/sh' };

test('the command sees a terminal of the right size, colours pass, and the log has what was shown', { timeout: 30000, skip: SKIP }, () => {
  const folder = makeProject();
  const plain = onTerminal(folder, ['sh', '-c', SEE], [], { env: ENV });
  const shown = onTerminal(folder, RECORD.concat(['--', 'sh', '-c', SEE]), [], { env: ENV });
  assert.deepEqual(shown, plain);
  assert.match(shown.text, /tty0 tty1 tty2 30 100\r\n\x1b\[31mred\x1b\[0m xterm-256color \/bin\/sh\r\n/);
  const logs = pathsOf(readOnlyRecord(folder).Log);
  assert.equal(logs.length, 1);
  assert.equal(fs.readFileSync(path.join(folder, logs[0]), 'latin1'), shown.text);
});

test('an odd SHELL and TERM reach the command unchanged and break nothing', { timeout: 30000, skip: SKIP }, () => {
  for (const shell of ['/usr/bin/fish-like', '/bin/false', 'with space/and\'quote']) {
    const folder = makeProject();
    const env = { TERM: 'dumb', SHELL: shell };
    assert.deepEqual(onTerminal(folder, RECORD.concat(['--', 'sh', '-c', SEE]), [], { env }), onTerminal(folder, ['sh', '-c', SEE], [], { env }));
  }
});

test('typing is echoed once and read by the command; Ctrl-D ends its input', { timeout: 30000, skip: SKIP }, () => {
  const folder = makeProject();
  const line = 'printf "name? "; read x; echo "<$x>"; cat; echo end';
  const steps = ['name? =Ada\\r', '<Ada>=more\\r', 'more\r\nmore=\\x04'];
  const shown = onTerminal(folder, RECORD.concat(['--', 'sh', '-c', line]), steps, { env: ENV });
  assert.deepEqual(shown, onTerminal(folder, ['sh', '-c', line], steps, { env: ENV }));
  assert.match(shown.text, /^name\? Ada\r\n<Ada>\r\nmore\r\nmore\r\nend\r\n$/);
});

test('a status, Ctrl-C and the time limit end as without rr, and the terminal has its modes again', { timeout: 40000, skip: SKIP }, () => {
  const folder = makeProject();
  assert.equal(onTerminal(folder, RECORD.concat(['--', 'sh', '-c', 'exit 42'])).end, '42 restored');
  assert.equal(onTerminal(folder, RECORD.concat(['--', 'sh', '-c', 'echo ready; exec sleep 15']), ['ready=\\x03']).end, '130 restored');
  assert.equal(onTerminal(folder, RECORD.concat(['--timeout', '0.5', '--', 'sh', '-c', 'exec sleep 15'])).end, '124 restored');
  assert.equal(onTerminal(folder, RECORD.concat(['--timeout', '0.5', '--', 'sh', '-c', 'trap "" TERM HUP; while :; do sleep 0.2; done'])).end, '124 restored');
});

test('a pipe or a file beside the terminal stays what it is', { timeout: 40000, skip: SKIP }, () => {
  const shapes: [string, string][] = [
    ['cat in.txt | "$@"', 'cat; for f in 0 1 2; do [ -t $f ] && printf "tty%s " $f; done; echo'],
    ['"$@" 2> err.txt', 'echo shown; echo err >&2; for f in 0 1 2; do [ -t $f ] && printf "tty%s " $f; done; echo'],
    ['"$@" < in.txt', 'cat; [ -t 1 ] && echo tty1'],
    ['"$@" | cat', 'echo shown; echo err >&2; for f in 0 1 2; do [ -t $f ] && printf "tty%s " $f; done; echo'],
    ['"$@" > out.txt', 'echo kept; for f in 0 1 2; do [ -t $f ] && printf "tty%s " $f >&2; done; echo >&2'],
    ['"$@" 2>&1 | cat', 'echo shown; echo err >&2'],
  ];
  for (const [shape, script] of shapes) {
    const both = [[], RECORD.concat(['--'])].map((prefix) => {
      const folder = makeProject();
      fs.writeFileSync(path.join(folder, 'in.txt'), 'from file\n');
      const shown = onTerminal(folder, ['sh', '-c', shape, 'sh'].concat(prefix, ['sh', '-c', script]), [], { env: ENV });
      const files = ['err.txt', 'out.txt'].map((name) => (fs.existsSync(path.join(folder, name)) ? fs.readFileSync(path.join(folder, name), 'latin1') : ''));
      return { shown, files };
    });
    // What two programs show on one terminal at a time has no order.
    const lines = both.map(({ shown, files }) => ({ lines: shown.text.split('\n').sort(), end: shown.end, files }));
    assert.deepEqual(lines[1], lines[0], shape);
  }
});

test('Ctrl-C comes to a command whose input is a pipe', { timeout: 30000, skip: SKIP }, () => {
  const folder = makeProject();
  const script = 'trap "echo i >> got; exit 9" INT; echo ready; i=0; while [ $i -lt 60 ]; do sleep 0.05; i=$((i+1)); done; exit 7';
  const shown = onTerminal(folder, ['sh', '-c', 'trap : INT; { sleep 0.1; echo x; } | "$@"; echo "status $?"', 'sh'].concat(RECORD, ['--', 'sh', '-c', script]), ['ready=\\x03'], { env: ENV });
  assert.match(shown.text, /status 9\r\n/);
  assert.equal(fs.readFileSync(path.join(folder, 'got'), 'latin1'), 'i\n');
});

test('--no-logs gives the command the terminal itself', { timeout: 20000, skip: SKIP }, () => {
  const folder = makeProject();
  const shown = onTerminal(folder, RECORD.concat(['--no-logs', '--', 'sh', '-c', 'tty; ' + SEE]), [], { env: ENV });
  assert.match(shown.text, /^\/dev\/pts\/\d+\r\ntty0 tty1 tty2 30 100\r\n/);
  assert.equal(readOnlyRecord(folder).Log, undefined);
});

test('without script(1) the command has the terminal itself, and a warning says that no log was kept', { timeout: 20000, skip: SKIP }, () => {
  const folder = makeProject();
  const bin = makeTemporary();
  for (const name of ['sh', 'stty', 'mkfifo', 'git']) {
    const place = run(undefined, ['sh', '-c', 'command -v "$1"', 'sh', name]).stdout.trim();
    if (place !== '') fs.symlinkSync(place, path.join(bin, name));
  }
  const argv = [run(undefined, ['python3', '-c', 'import sys; print(sys.executable)']).stdout.trim(), '-c', DRIVER].concat(RECORD, ['--', 'sh', '-c', SEE], ['%%']);
  const shown = run(folder, argv, { env: { ...ENV, PATH: bin } });
  assert.equal(shown.status, 0, shown.stderr);
  assert.match(shown.stdout, /^tty0 tty1 tty2 30 100\r\n/);
  assert.match(shown.stdout, /0 restored\n$/);
  assert.match(readOnlyRecord(folder).Warning.join('\n'), /was not kept: there is no script/);
});

test('in the background of an interactive shell the command runs as it would', { timeout: 30000, skip: SKIP }, () => {
  const folder = makeProject();
  const prefix = RECORD.concat(['--']).map((word) => '\'' + word + '\'').join(' ');
  const steps = [': ready=' + prefix + ' sh -c "echo by; echo job > job.txt" & wait; jobs; echo o\'\'ver\\r', 'over=exit\\r'];
  onTerminal(folder, ['sh', '-c', 'PS1=": ready " exec sh -i'], steps, { env: ENV });
  assert.ok(fs.existsSync(path.join(folder, 'job.txt')), 'the job was not stopped by the terminal');
  assert.equal(readOnlyRecord(folder).Status[0], 'succeeded');
});

test('Ctrl-Z stops the job, fg lets it go on', { timeout: 30000, skip: SKIP }, () => {
  const folder = makeProject();
  const prefix = RECORD.concat(['--no-logs', '--']).map((word) => '\'' + word + '\'').join(' ');
  const steps = [': ready=' + prefix + ' sh -c "echo sta\'\'rted; sleep 1; echo do\'\'ne"\\r', 'started=\\x1a', ': ready=fg\\r', 'done=exit\\r'];
  const shown = onTerminal(folder, ['sh', '-c', 'PS1=": ready " exec sh -i'], steps, { env: ENV });
  assert.match(shown.text, /done/);
  assert.equal(readOnlyRecord(folder).Status[0], 'succeeded');
});

// What a command prints that is given 150,000 bytes of arguments: more than Linux takes in one.
const COUNT = 'echo "$# $(printf "%s\\n" "$@" | cksum)" > count.txt';

test('a command has as many arguments in a terminal as without rr, also if they are not UTF-8', { timeout: 60000, skip: SKIP }, () => {
  const makers = ['python3', '-c', 'import os, sys; os.execvp(sys.argv[2], [w.encode() for w in sys.argv[2:]] + [b"n=%d" % i + (b"\\xff\'" if sys.argv[1] == "odd" and i % 9 == 0 else "\u2014".encode() if i % 9 == 0 else b"") for i in range(20000)])'];
  for (const kind of ['plain', 'odd']) {
    const folder = makeProject();
    const counted = (): string => fs.readFileSync(path.join(folder, 'count.txt'), 'latin1');
    const command = ['sh', '-c', COUNT, 'sh'];
    assert.equal(run(folder, makers.concat(kind, command)).status, 0);
    const alone = counted();
    assert.match(alone, /^20000 \d+ \d{6} *\n$/);
    for (const trace of ['none'].concat(hasProgram('strace') ? ['strace'] : [])) {
      for (const way of ['terminal', 'plain']) {
        fs.unlinkSync(path.join(folder, 'count.txt'));
        const words = makers.concat(kind, RECORD, '--trace', trace, '-o', 'count.txt', '--', command);
        const end = way === 'terminal' ? onTerminal(folder, words).end : String(run(folder, words).status);
        assert.match(end, /^0/, kind + trace + way);
        assert.equal(counted(), alone, kind + trace + way);
        assert.deepEqual(fs.readdirSync(path.join(folder, '.rr', 'running')), [], kind + trace + way);
      }
    }
  }
});
