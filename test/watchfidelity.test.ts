// watchfidelity.test.ts - a traced command behaves as one that is not traced; what it cannot do is said.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { IS_ROOT, listRecords, makeSlowTracer, makeTemporary, readOnlyRecord, readRecord, rr, RR_JS, run, sleep, startRr, waitUntil } from './rig.ts';
import type { RunOptions } from './rig.ts';
import { copyProject, kindAndPath, missingOf, NO_TRACER, PYTHON, readTraced, shell, traceArguments, traceRun } from './watchrig.ts';

const TRACED = { skip: NO_TRACER, timeout: 60000 };

// ---- the same with and without the tracer -----------------------------------------------------------

for (const method of ['none', 'scan', 'strace']) {
  test('record --trace ' + method + ' passes on descriptors that rr was given', TRACED, () => {
    const folder = copyProject();
    shell(folder, 'echo three > in3; echo nine > in9');
    const done = run(folder, ['sh', '-c', '"$@" 3< in3 4> out4 9< in9', 'sh', process.execPath, RR_JS, 'record', '-q', '--trace', method, '--', 'sh', '-c', 'cat <&3; cat <&9; echo four >&4']);
    assert.deepEqual([done.status, done.stdout, fs.readFileSync(folder + '/out4', 'latin1')], [0, 'three\nnine\n', 'four\n'], done.stderr);
  });
}

test('a make below rr record shares the jobs of the make above it', { skip: missingOf('make'), timeout: 60000 }, () => {
  const folder = copyProject();
  fs.writeFileSync(folder + '/above.mk', 'all:\n\t+' + process.execPath + ' ' + RR_JS + ' record -q -- $(MAKE) -f below.mk\n');
  fs.writeFileSync(folder + '/below.mk', 'all:\n\ttrue\n');
  const done = run(folder, ['make', '-j3', '-f', 'above.mk']);
  assert.equal(done.status, 0, done.stderr);
  assert.doesNotMatch(done.stderr, /jobserver/);
});

const SAME: [string, string[], RunOptions?][] = [
  ['umask', ['sh', '-c', 'umask; : > new; ls -l new | cut -c1-10']],
  ['limits', ['sh', '-c', 'ulimit -a; cat /proc/self/limits']],
  ['signals that are blocked, ignored and caught', ['grep', '^Sig\\(Blk\\|Ign\\|Cgt\\)\\|^Shd\\|^Cap\\|^Threads', '/proc/self/status']],
  ['variables', ['env']],
  ['open files', ['sh', '-c', 'for file in /proc/$$/fd/*; do echo "${file##*/}"; readlink "$file"; done']],
  ['priority', ['nice']],
  ['groups and session', ['sh', '-c', 'set -- $(cut -d " " -f 5,6 /proc/$$/stat) $(cut -d " " -f 5,6 /proc/$PPID/stat); [ $1 = $3 ] && echo group of rr; [ $2 = $4 ] && echo session of rr; [ $1 = $$ ] && echo leads its group; :']],
  ['the parent', ['sh', '-c', 'tr "\\0" "\\n" < /proc/$PPID/cmdline | grep -c "rr.js$"']],
  ['children', ['sh', '-c', 'read children < /proc/$$/task/$$/children; echo "($children)"; wait; echo waited']],
  ['the name of the program', ['sh', '-c', 'cat /proc/$$/comm; readlink /proc/$$/exe; printf %s "$0"', 'zero']],
  ['standard input', ['sh', '-c', 'read a; read b; printf "%s\\n" "$b" "$a"; cat'], { input: 'one\ntwo\nthree\n' }],
  ['bytes of standard input', ['sha256sum'], { input: Buffer.from(Array.from({ length: 70000 }, (_, i) => i % 251)) }],
  ['both streams', ['sh', '-c', 'echo out; echo err >&2; echo more; exit 9']],
  ['a core dump', ['sh', '-c', 'ulimit -c unlimited 2>/dev/null; sh -c "kill -SEGV \\$\\$"; echo $?; sh -c "kill -ABRT \\$\\$"; echo $?; rm -f core*']],
  ['a signal', ['sh', '-c', 'kill -USR1 $$']],
  ['stopped and continued', ['sh', '-c', '(sleep 0.1; kill -CONT $$) & kill -STOP $$; wait; echo on']],
  ['a trap', ['sh', '-c', 'trap "echo got" TERM; kill -TERM $$; trap "echo end" EXIT; exit 4']],
  ['a child that ends by a signal', ['sh', '-c', 'sleep 9 & kill -KILL $!; wait $!; echo $?']],
  ['a command that is not there', ['rr-no-such-program']],
  ['a command that cannot be started', ['./text']],
  ['a broken pipe', ['sh', '-c', 'yes | head -n 1']],
  ['alarms and timers', ['timeout', '0.2', 'sleep', '9']],
  ['a file system call that fails', ['sh', '-c', 'mkdir /proc/x; rmdir /nowhere; cat < none; : > /proc/none']],
  ['descriptors by number', ['sh', '-c', 'exec 7< text; cat <&7; exec 9> o; ls /proc/$$/fd']],
];

for (const [name, argv, options] of SAME) {
  test('record --trace strace does not change: ' + name, TRACED, () => {
    const outcomes = ['none', 'strace'].map((method) => {
      const folder = copyProject();
      shell(folder, 'printf text > text; printf "echo plain \\$1\\n" > plain.sh; chmod +x plain.sh');
      const done = rr(folder, ['record', '-q', '--trace', method, '--'].concat(argv), options);
      const hide = (text: string): string => text.split(folder).join('FOLDER').replace(/:\[\d+\]/g, '').replace(/\d{8}T\d{6}Z-\w{6}/g, 'ID');
      return { status: done.status, stdout: hide(done.stdout), stderr: hide(done.stderr) };
    });
    assert.deepEqual(outcomes[1], outcomes[0]);
  });
}

test('record of a script without #! leaves the tracer out, as only a shell can start it', TRACED, () => {
  const folder = copyProject();
  shell(folder, 'printf "echo plain \\$1\\n" > plain.sh; chmod +x plain.sh');
  const done = rr(folder, ['record', '-q', '--', './plain.sh', 'x']);
  assert.deepEqual([done.status, done.stdout, done.stderr], [0, 'plain x\n', '']);
  assert.equal(readOnlyRecord(folder).Observed[0], 'scan');
});

test('record --trace strace: the parent of the command is rr', TRACED, async () => {
  const folder = copyProject();
  const { child, ended } = startRr(folder, traceArguments().slice(2).concat(['sh', '-c', 'echo $PPID']));
  assert.equal((await ended).stdout, String(child.pid) + '\n');
});

// ---- signals and terminals --------------------------------------------------------------------------

test('record --trace strace: a signal to rr reaches the command, and ends it', TRACED, async () => {
  for (const [signal, number] of [['SIGTERM', 15], ['SIGINT', 2], ['SIGUSR1', 10]] as [NodeJS.Signals, number][]) {
    const folder = copyProject();
    const { child, ended } = startRr(folder, traceArguments().slice(2).concat(['sh', '-c', 'cat Makefile > out; : > ready; exec sleep 20']));
    await waitUntil('the command', () => fs.existsSync(path.join(folder, 'ready')));
    await sleep(60);
    child.kill(signal);
    assert.equal((await ended).status, 128 + number, signal);
    const traced = readTraced(folder, listRecords(folder)[0], { status: 0, signal: null, stdout: '', stderr: '' });
    assert.deepEqual([traced.fields.Signal[0], traced.outputs.map(kindAndPath), traced.processes[0].end], [signal, ['out', 'ready'], signal]);
  }
});

test('record --trace strace: a signal that is caught comes once', TRACED, async () => {
  const folder = copyProject();
  const script = 'trap "echo t >> got" TERM; : > ready; i=0; while [ $i -lt 12 ]; do sleep 0.05; i=$((i+1)); done; exit 7';
  const { child, ended } = startRr(folder, traceArguments().slice(2).concat(['sh', '-c', script]));
  await waitUntil('the command', () => fs.existsSync(path.join(folder, 'ready')));
  await sleep(60);
  child.kill('SIGTERM');
  assert.equal((await ended).status, 7);
  assert.equal(fs.readFileSync(path.join(folder, 'got'), 'latin1'), 't\n');
});

test('record --trace strace: a signal, and the end of the time, wait until the tracer has begun', TRACED, async () => {
  for (const [option, status] of [[[], 143], [['--timeout', '0.2'], 124]] as [string[], number][]) {
    const folder = copyProject();
    const { child, ended } = startRr(folder, traceArguments(...option).slice(2).concat(['sh', '-c', 'exec sleep 20', 'wait-here']), { env: makeSlowTracer() });
    await waitUntil('the tracer', () => fs.existsSync(path.join(folder, 'waiting')));
    if (option.length === 0) child.kill('SIGTERM');
    await sleep(400);
    fs.writeFileSync(path.join(folder, 'go'), '');
    assert.equal((await ended).status, status);
    assert.deepEqual([readOnlyRecord(folder).Signal[0], fs.existsSync(path.join(folder, 'signalled'))], ['SIGTERM', false]);
  }
});

test('record --trace strace --timeout ends all that was started', TRACED, () => {
  const folder = copyProject();
  const done = run(folder, traceArguments('--timeout', '0.4').concat(['sh', '-c', 'cat Makefile > out; sleep 983 & sleep 984']), { timeoutMs: 20000 });
  assert.equal(done.status, 124, done.stderr);
  assert.equal(run(undefined, ['sh', '-c', 'ps -eo args | grep -c "^sleep 98[34]$"']).stdout.trim(), '0');
  assert.deepEqual(readOnlyRecord(folder).Status, ['interrupted']);
});

// A terminal: types what stands after each text that it waits for, and gives all that was printed, and the status.
const TYPIST = `
import os, pty, select, sys, time, json
steps = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
seen, at, deadline = b"", 0, time.time() + 25
while time.time() < deadline:
    try:
        data = os.read(fd, 4096) if select.select([fd], [], [], 0.2)[0] else None
    except OSError:
        break
    if data == b"":
        break
    seen += data or b""
    while steps and seen.find(steps[0][0].encode(), at) >= 0:
        at = seen.find(steps[0][0].encode(), at) + len(steps[0][0])
        time.sleep(0.3)
        os.write(fd, steps.pop(0)[1].encode())
sys.stdout.write(seen.decode("latin1").replace("\\r", ""))
if steps:
    sys.stdout.write("\\nwaited in vain: " + steps[0][0])
if time.time() >= deadline:
    os.kill(pid, 9)
sys.stdout.flush()
sys.stdout.write("\\nstatus %d\\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

function typeInto(folder: string, steps: [string, string][], argv: string[]): string {
  return run(folder, [PYTHON, '-I', '-c', TYPIST, JSON.stringify(steps)].concat(argv), { env: { TERM: 'dumb' } }).stdout;
}

for (const options of [[], ['--no-logs']]) {
  const title = options.join(' ') || 'with logs';
  test('record --trace strace on a terminal, ' + title + ': Ctrl-C comes to the command', { skip: missingOf(PYTHON), timeout: 60000 }, () => {
    const folder = copyProject();
    const shown = typeInto(folder, [['ready', '\x03']], traceArguments(...options).concat(['sh', '-c', 'trap "echo caught" INT; cat Makefile > out; echo ready; i=0; while [ $i -lt 25 ]; do sleep 0.05; i=$((i+1)); done; exit 7']));
    assert.match(shown, /caught[^]*status 7\n$/);
    assert.equal(shown.split('caught').length, 2, 'once');
    const record = readOnlyRecord(folder);
    assert.match(record.Observed[0], /^strace/);
    assert.equal(record.Exit[0], '7');
  });

  test('record --trace strace on a terminal, ' + title + ': an interactive shell has job control', { skip: missingOf(PYTHON), timeout: 60000 }, () => {
    const folder = copyProject();
    const steps: [string, string][] = [['', 'PS1=p""rompt\\ \n'], ['prompt ', 'sleep 71\n'], ['sleep 71', '\x1a'], ['Stopped', 'kill -KILL %1; wait; cat Makefile > out; exit 5\n']];
    const shown = typeInto(folder, steps, traceArguments(...options).concat(['sh', '-i']));
    assert.match(shown, /status 5\n$/, shown);
    const record = readOnlyRecord(folder);
    assert.match(record.Observed[0], /^strace/);
    assert.equal(record.Exit[0], '5');
    assert.ok((record.Output ?? []).some((line) => / out$/.test(line)));
  });
}

// ---- what a traced command cannot do ----------------------------------------------------------------

test('record --trace strace warns of a debugger', { skip: missingOf('gdb'), timeout: 60000 }, () => {
  const folder = copyProject();
  const traced = traceRun(folder, ['gdb', '-nx', '-batch', '-ex', 'run', '/bin/true']);
  assert.match(traced.warnings.join('\n'), /trace/);
});

test('record --trace strace warns of strace within', TRACED, () => {
  const folder = copyProject();
  const traced = traceRun(folder, ['sh', '-c', 'strace -o log true; cat Makefile > out']);
  assert.match(traced.warnings.join('\n'), /trace/);
  assert.ok(traced.outputs.some((file) => file.path === 'out'));
});

test('record --trace strace warns of a leak sanitizer', { skip: missingOf('cc'), timeout: 60000 }, (t) => {
  const folder = copyProject();
  fs.writeFileSync(folder + '/leak.c', '#include <stdlib.h>\nint main(void) { volatile char *p = malloc(9); p = 0; return p != 0; }\n');
  if (run(folder, ['cc', '-g', '-fsanitize=address', '-o', 'leak', 'leak.c']).status !== 0 || !/detected memory leaks/.test(run(folder, ['./leak']).stderr)) return t.skip('the compiler has no leak sanitizer');
  const traced = traceRun(folder, ['./leak']);
  assert.match(traced.warnings.join('\n'), /trace/);
  const untraced = rr(folder, ['record', '-q', '--trace', 'scan', '--', './leak']);
  assert.match(untraced.stderr, /detected memory leaks/, 'scan lets it work, as the warning says');
});

test('record --trace strace warns of a set-user-id program, as an ordinary user', { skip: NO_TRACER !== false ? NO_TRACER : !IS_ROOT ? 'only root can make one' : missingOf('setpriv'), timeout: 60000 }, (t) => {
  const folder = copyProject();
  shell(folder, 'cp /usr/bin/id who; chown -R 65534:65534 .; chown 0:0 who; chmod 4755 who');
  const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  if (!/euid=0/.test(run(folder, asNobody.concat('./who')).stdout)) return t.skip('the file system allows no set-user-id programs');
  const done = run(folder, asNobody.concat(traceArguments(), 'sh', '-c', './who'), { env: { HOME: folder } });
  if (done.status === 121) return t.skip('an ordinary user may not trace here');
  assert.equal(done.status, 0, done.stderr);
  assert.doesNotMatch(done.stdout, /euid=0/);
  // As the command itself it is not traced: it would lose its rights for nothing.
  const alone = run(folder, asNobody.concat(process.execPath, RR_JS, 'record', '-q', '--', './who'), { env: { HOME: folder } });
  assert.match(alone.stdout, /euid=0/);
  assert.equal(readRecord(folder, listRecords(folder)[1]).Observed[0], 'scan');
  assert.match((readRecord(folder, listRecords(folder)[0]).Warning ?? []).join('\n'), /set-user-id.*who/);
});

test('record within a recorded run: it uses scan, and says so in one line', TRACED, () => {
  const folder = copyProject();
  shell(folder, 'printf alpha > a');
  const traced = traceRun(folder, [process.execPath, RR_JS, 'record', '--', 'sh', '-c', 'cat a > out']);
  assert.equal(traced.done.status, 0, traced.done.stderr);
  assert.match(traced.done.stderr, /^rr: [^\n]*trac[^\n]*\n/);
  const records = listRecords(folder).map((name) => readRecord(folder, name));
  assert.deepEqual(records.map((record) => record.Observed[0].replace(/ .*/, '')).sort(), ['scan', 'strace']);
  for (const record of records) assert.ok(record.Output.some((line) => / out$/.test(line)), record.Observed[0]);
});

// ---- where tracing is not possible ------------------------------------------------------------------

function observedOf(folder: string): string[] {
  return listRecords(folder).map((name) => readRecord(folder, name).Observed[0]);
}

/** --trace auto uses scan and says so in one line; --trace strace refuses and starts nothing. `call` runs rr with these arguments. */
function checkFallback(folder: string, call: (args: string[]) => { status: number | null; stderr: string }): void {
  const first = call(['record', '--', 'sh', '-c', ': > out']);
  assert.equal(first.status, 0, first.stderr);
  assert.deepEqual(observedOf(folder), ['scan']);
  assert.match(first.stderr, /^rr: [^\n]*not traced[^\n]*\n$/, 'one line');
  const refused = call(['record', '--trace', 'strace', '--', 'sh', '-c', ': > never']);
  assert.equal(refused.status, 121, refused.stderr);
  assert.match(refused.stderr, /^rr: cannot use --trace strace[^\n]*\nrr: hint: [^\n]*\n$/);
  assert.equal(fs.existsSync(folder + '/never'), false, 'nothing was started');
}

test('record where rr itself is traced', TRACED, () => {
  const folder = copyProject();
  checkFallback(folder, (args) => run(folder, ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=none', process.execPath, RR_JS].concat(args)));
});

test('record where ptrace is forbidden', TRACED, () => {
  const folder = copyProject();
  const programs = makeTemporary();
  fs.writeFileSync(programs + '/strace', '#!/bin/sh\necho "strace: test_ptrace_get_syscall_info: PTRACE_TRACEME: Operation not permitted" >&2\nexit 1\n', { mode: 0o755 });
  const env = { PATH: programs + ':' + (process.env.PATH ?? '') };
  checkFallback(folder, (args) => rr(folder, args, { env }));
  const again = rr(folder, ['record', '--', 'sh', '-c', ': > out'], { env });
  assert.deepEqual([again.status, again.stderr], [0, ''], 'said once, not at every run');
});

test('record where there is no strace', TRACED, () => {
  const folder = copyProject();
  const programs = makeTemporary();
  for (const name of ['sh', 'mkfifo', 'cat']) fs.symlinkSync(run(undefined, ['sh', '-c', 'command -v ' + name]).stdout.trim(), programs + '/' + name);
  checkFallback(folder, (args) => rr(folder, args, { env: { PATH: programs } }));
});

test('record where strace cannot filter system calls', TRACED, () => {
  const folder = copyProject();
  const programs = makeTemporary();
  const real = run(undefined, ['sh', '-c', 'command -v strace']).stdout.trim();
  fs.writeFileSync(programs + '/strace', '#!/bin/sh\nfor word; do [ "$word" != --seccomp-bpf ] || { echo "strace: unrecognized option" >&2; exit 1; }; done\nexec ' + real + ' "$@"\n', { mode: 0o755 });
  shell(folder, 'printf alpha > a');
  const traced = traceRun(folder, ['sh', '-c', 'cat a > out'], { env: { PATH: programs + ':' + (process.env.PATH ?? '') } });
  assert.deepEqual([traced.done.status, traced.inputs.map(kindAndPath), traced.outputs.map(kindAndPath)], [0, ['a'], ['out']], traced.done.stderr);
});

test('record of a command with an argument as long as the system allows', TRACED, () => {
  const folder = copyProject();
  fs.writeFileSync(folder + '/long.sh', 'x=$(head -c 130000 /dev/zero | tr "\\\\0" x)\nfor i in 1 2 3 4; do env "$x" true 2> /dev/null; sh -c : "$x" "https://$x"; done\ncat Makefile > out\n');
  const traced = traceRun(folder, ['sh', 'long.sh'], { timeoutMs: 30000 });
  assert.equal(traced.done.status, 0, 'ended in time');
  assert.deepEqual(traced.outputs.map(kindAndPath), ['out']);
});
