// shortsteps.test.ts - short steps through shells: the same command, the same record, as if rr had started it by itself.
//
// RR_SOAK=N kills N times instead of 10 ("make torture": 100).
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import type { Run } from '../src/core/run.ts';
import { emptyRun } from '../src/core/run.ts';
import { quoteCommand } from '../src/formats/shell.ts';
import { recoverAside } from '../src/sys/aside.ts';
import { beginBatch } from '../src/sys/batch.ts';
import { ALONE, executeStep } from '../src/sys/execute.ts';
import type { StepEnd, StepJob } from '../src/sys/execute.ts';
import { projectAt } from '../src/sys/project.ts';
import { ShortSteps } from '../src/sys/shortsteps.ts';
import { removeLostFifos, Shells } from '../src/sys/shells.ts';
import { checkDerived, checkSeals, hasProgram, listLeftovers, listRecords, makeLeftoversOld, makeProject, makeTemporary, readRecord, rr, run, sleep, startProgram, waitUntil } from './rig.ts';
import { listAside, readTree, redoStep } from './enginerig.ts';

const KILL_ROUNDS = Number(process.env.RR_SOAK ?? '10');
const NEEDS_PYTHON = hasProgram('python3') ? false : 'python3 is missing';

// ---- rig --------------------------------------------------------------------------------------------------

/** A step that runs these words, and of which only declared files are looked at. */
function step(key: string, argv: string[], more: Partial<Run> = {}): StepJob {
  const template = { ...emptyRun('20260101T000000Z-aaaaaa', quoteCommand(argv, '/nowhere', more.directory ?? '.'), '2026-01-01T00:00:00.000000Z', '0'), label: key, observed: 'none', ...more };
  return { key, template, prior: undefined, restore: [], isReused: false };
}

type Given = { short: ShortSteps; project: string };

/** Has `act` done with short steps; all is on record afterwards. */
async function withShort<T>(project: string, slots: number, act: (given: Given) => Promise<T>): Promise<T> {
  const batch = beginBatch(projectAt(project));
  const short = new ShortSteps(projectAt(project), batch, slots);
  await short.begin();
  try {
    return await act({ short, project });
  } finally {
    await short.close();
    assert.deepEqual(await batch.end(), []);
    assert.deepEqual(batch.problems, []);
  }
}

async function runShort(project: string, jobs: StepJob[], slots = 1): Promise<StepEnd[]> {
  return withShort(project, slots, async ({ short }) => {
    const ends: StepEnd[] = [];
    for (const job of jobs) {
      assert.ok(short.canTake(job), job.key + ' is a short step');
      ends.push(await short.run(job) as StepEnd);
    }
    return ends;
  });
}

async function runPlain(project: string, jobs: StepJob[]): Promise<StepEnd[]> {
  const ends: StepEnd[] = [];
  for (const job of jobs) ends.push(await executeStep(projectAt(project), job, ALONE));
  return ends;
}

/** What of a record must be the same: all but its identity, times and costs. Of logs the content. */
function factsOf(project: string, made: Run): string {
  const text = fs.readFileSync(path.join(project, 'provenance/runs', made.id.slice(0, 4) + '-' + made.id.slice(4, 6), made.id + '.rec'), 'latin1');
  const logs = ['.out', '.err'].map((ending) => path.join(project, 'provenance/logs', made.id + ending)).map((name) => (fs.existsSync(name) ? fs.readFileSync(name, 'latin1') : ''));
  const lines = text.split('\n').filter((line) => !/^(?:Started|Wall_s|User_s|System_s|Peak_memory_bytes|Sha256|Log|Redoes): /.test(line));
  const prior = made.redoes ?? '';
  // The record before is another one in each project, with another hash.
  if (lines.some((line) => line.startsWith('Previous: ') && line.slice(10, 33) !== prior)) throw new Error('names another record: ' + text);
  return lines.map((line) => line.replace(/^(Previous: \S+) [0-9a-f]{64}$/, '$1 HASH')).join('\n').split(made.id).join('ID').split(prior === '' ? 'no id' : prior).join('PRIOR') + logs.join('\n---\n').split(project).join('PROJECT');
}

type Case = { what: string; files?: { [name: string]: string }; jobs: (prior: Run | undefined) => StepJob; between?: { [name: string]: string } };

function put(project: string, files: { [name: string]: string }): void {
  for (const name of Object.keys(files)) {
    fs.mkdirSync(path.dirname(path.join(project, name)), { recursive: true });
    fs.writeFileSync(path.join(project, name), Buffer.from(files[name], 'latin1'));
  }
}

/** Carries out a step twice, by itself and through shells, in two projects; records, files and what is kept aside must agree. */
async function checkSame(given: Case): Promise<Run> {
  const projects = [makeProject(), makeProject()];
  const ends: StepEnd[][] = [[], []];
  for (const [i, project] of projects.entries()) {
    put(project, given.files ?? {});
    // Under one key secrets have one hash.
    fs.writeFileSync(path.join(project, '.rr/key'), 'ab'.repeat(32) + '\n', { mode: 0o600 });
    const carryOut = i === 0 ? runPlain : runShort;
    ends[i].push(...await carryOut(project, [given.jobs(undefined)]));
    if (given.between === undefined) continue;
    put(project, given.between);
    const job = given.jobs(ends[i][0].run);
    ends[i].push(...await carryOut(project, [redoStep(job, ends[i][0].run)]));
  }
  ends[0].forEach((plain, n) => {
    const short = ends[1][n];
    const what = given.what + ', time ' + String(n + 1);
    assert.equal(factsOf(projects[1], short.run), factsOf(projects[0], plain.run), what);
    assert.deepEqual([short.isGood, short.problems, short.kept], [plain.isGood, plain.problems, plain.kept], what);
  });
  assert.deepEqual(readTree(projects[1]), readTree(projects[0]), given.what);
  assert.deepEqual(listAside(projects[1]), listAside(projects[0]), given.what);
  assert.deepEqual(fs.readdirSync(path.join(projects[1], '.rr/running')), [], given.what);
  checkDerived(projects[1], given.what);
  checkSeals(projects[1], listRecords(projects[1]));
  return ends[1][ends[1].length - 1].run;
}

const sh = (script: string): string[] => ['sh', '-c', script];

// ---- the same record ----------------------------------------------------------------------------------------

const CASES: Case[] = [
  { what: 'a copy', files: { in: 'x\n' }, jobs: () => step('a', ['cp', 'in', 'out'], { declaredInputs: ['in'], declaredOutputs: ['out'], because: 'never run', reason: 'why\nnot', tags: ['t'], parameters: ['n 3', 'e '], sweep: { label: 's', number: 2 }, asked: ['cpus 2'] }) },
  { what: 'arguments that name files', files: { in: 'x\n', other: 'y\n', 'd/z': 'z\n' }, jobs: () => step('a', sh('cat in ./other d/z > /dev/null'), {}) },
  { what: 'links among the arguments', files: { in: 'x\n' }, jobs: () => step('a', sh('ln -sf in link; cat link > out'), { declaredOutputs: ['out', 'link'] }) },
  { what: 'a redone step', files: { in: 'x\n' }, jobs: () => step('a', sh('cat in > out; echo hi'), { declaredInputs: ['in'], declaredOutputs: ['out'] }), between: { in: 'y\n' } },
  { what: 'a redone step that fails', files: { in: 'x\n' }, jobs: () => step('a', sh('cat in > out; echo other > new; test "$(cat in)" = x'), { declaredInputs: ['in'], declaredOutputs: ['out', 'new'] }), between: { in: 'y\n' } },
  { what: 'a result edited by hand', files: { in: 'x\n' }, jobs: () => step('a', ['cp', 'in', 'out'], { declaredInputs: ['in'], declaredOutputs: ['out'] }), between: { out: 'mine\n' } },
  { what: 'a result that is not made any more', files: { in: 'x\n' }, jobs: (prior) => step('a', sh(prior === undefined ? 'echo 1 > a; echo 2 > b' : 'echo 1 > a'), { declaredOutputs: prior === undefined ? ['a', 'b'] : ['a'] }), between: {} },
  { what: 'an edit in place', files: { log: '1\n' }, jobs: () => step('a', sh('echo 2 >> log'), { declaredInputs: ['log'], declaredOutputs: ['log'] }), between: {} },
  { what: 'an output in a folder that is not there', jobs: () => step('a', sh('echo 1 > deep/er/out'), { declaredOutputs: ['deep/er/out'] }), between: {} },
  { what: 'a folder as a declared output', jobs: () => step('a', sh('mkdir d; echo 1 > d/a; echo 2 > d/b'), { declaredOutputs: ['d'] }) },
  { what: 'an empty folder as a declared output', jobs: () => step('a', ['mkdir', 'd'], { declaredOutputs: ['d'] }) },
  { what: 'a declared output that does not appear', jobs: () => step('a', ['true'], { declaredOutputs: ['d/out'] }) },
  { what: 'an exit status', jobs: () => step('a', sh('echo half > out; exit 3'), { declaredOutputs: ['out'] }) },
  { what: 'the status 143 of no signal', jobs: () => step('a', sh('exit 143')) },
  { what: 'SIGKILL', jobs: () => step('a', sh('echo half > out; kill -9 $$'), { declaredOutputs: ['out'] }) },
  { what: 'SIGTERM', jobs: () => step('a', sh('kill $$')) },
  { what: 'SIGSEGV', jobs: () => step('a', sh('ulimit -c 0; kill -SEGV $$')) },
  { what: 'both streams', jobs: () => step('a', sh('echo out; echo err >&2')) },
  { what: 'much output', jobs: () => step('a', sh('head -c 300000 /dev/zero | tr "\\0" x; head -c 100000 /dev/zero | tr "\\0" y >&2')) },
  { what: 'output that says Terminated', jobs: () => step('a', sh('echo Terminated >&2; exit 143')) },
  { what: 'streams reopened by name', jobs: () => step('a', sh('echo one > /dev/stdout; echo two > /dev/stderr; echo three > /dev/stdout')) },
  { what: 'standard output to a file', jobs: () => step('a', sh('echo out; echo err >&2'), { redirects: ['1 > d/out'] }) },
  { what: 'both to a file', jobs: () => step('a', sh('echo out; echo err >&2; echo out'), { redirects: ['1 > out', '2 >& 1'] }) },
  { what: 'appending', files: { log: '1\n' }, jobs: () => step('a', ['echo', '2'], { redirects: ['1 >> log'] }) },
  { what: 'standard input', files: { 'in put': 'x\n' }, jobs: () => step('a', ['tr', 'x', 'y'], { redirects: ['0 < in put', '1 > out'] }), between: { 'in put': 'xx\n' } },
  { what: 'no standard input', jobs: () => step('a', ['cat']) },
  { what: 'an input that the command changes', files: { in: 'x\n' }, jobs: () => step('a', sh('echo y > in; echo 1 > out'), { declaredInputs: ['in'], declaredOutputs: ['out'] }) },
  { what: 'files that may hold secrets', files: { '.env': 'KEY=hunter2\n' }, jobs: () => step('a', sh('cp .env id_rsa'), { declaredInputs: ['.env'], declaredOutputs: ['id_rsa'] }) },
  { what: 'an argument that is a secret', jobs: () => step('a', ['true', '--password=hunter2hunter2']) },
  { what: 'a command in a folder', files: { 'sub dir/in': 'x\n' }, jobs: () => step('a', sh('cat in > out; pwd; echo "$PWD $OLDPWD"'), { directory: 'sub dir', declaredInputs: ['sub dir/in'], declaredOutputs: ['sub dir/out'] }) },
  { what: 'recorded variables', jobs: () => step('a', sh('echo "$LC_ALL $TZ ${LANG-unset} ${OMP_NUM_THREADS-unset}"'), { variables: ['LC_ALL=C', "TZ=it's $odd \\ \n"] }) },
  { what: 'declared variables', jobs: () => step('a', sh('echo "$MINE ${OTHER-unset}"'), { variables: ['MINE=a b'], declaredVariables: ['MINE', 'OTHER'] }) },
  { what: 'a program of the project', files: { 'do it': '#!/bin/sh\necho did "$@"\n' }, jobs: () => step('a', ['sh', './do it', '1 2']) },
  { what: 'parameters in a file', files: { 'p.json': '{"a": {"b": 3}, "c": 4}\n' }, jobs: () => step('a', ['cat', 'p.json'], { parameters: ['p.json:a.b 2'], parameterFiles: ['p.json'] }) },
  { what: 'metrics', jobs: () => step('a', sh('echo \'{"loss": 0.5}\' > m.json'), { metricsFiles: ['m.json'] }) },
];

for (const given of CASES) test('a short step has the record of any other: ' + given.what, { timeout: 60000 }, async () => { await checkSame(given); });

test('a short step is what execvp() would run: names of builtins, and what a shell would expand', { timeout: 60000 }, async () => {
  for (const argv of [['test', '-n', 'x'], ['[', 'a', '=', 'b', ']'], ['echo', '-n', 'a\\nb'], ['printf', '%s|', 'a', ''], ['kill', '-l'], ['false'], ['pwd'], ['env', 'X=1', 'true'], ['echo', '$HOME', '`id`', '~', '*', '{a,b}', '#', '!', '-e', "it's", '"', '\\', '\n', '\t', '&&', ';', '']]) {
    const made = await checkSame({ what: argv.join(' '), jobs: () => step('a', argv) });
    assert.equal(made.command, quoteCommand(argv, '/nowhere', '.'));
  }
});

test('a short step that is no program is left to others', async () => {
  const project = makeProject();
  put(project, { noshebang: 'echo hi\n', plain: 'text\n' });
  fs.chmodSync(path.join(project, 'noshebang'), 0o755);
  fs.mkdirSync(path.join(project, 'folder'));
  await withShort(project, 1, async ({ short }) => {
    const refused: StepJob[] = [
      step('a', ['exit', '3']), step('a', ['cd', '/']), step('a', ['./noshebang']), step('a', ['./plain']), step('a', ['no-such-program']), step('a', ['-x']), step('a', ['']),
      step('a', ['true'], { observed: 'scan' }), step('a', ['true'], { timeoutS: 5 }), step('a', ['true'], { declaredInputs: ['*.txt'] }), step('a', ['true'], { declaredInputs: ['folder'] }),
      step('a', ['true'], { directory: 'no/such' }), step('a', ['true'], { redirects: ['1 > /dev/null'] }), step('a', ['true', 'x'.repeat(70000)]), { ...step('a', ['true']), isReused: true },
      step('a', ['true'], { declaredInputs: ['missing'] }), step('a', ['true'], { redirects: ['2 >& 1'] }), step('a', ['true'], { redirects: ['1 > ../out'] }),
    ];
    for (const job of refused) assert.equal(short.canTake(job), false, job.template.command.slice(0, 80) + JSON.stringify(job.template.redirects));
    assert.equal(short.canTake(step('a', ['true'])), true);
  });
});

// Everything that a process can tell of how it was started.
const TELL = `
import os, re, resource, sys
out = open(sys.argv[1], 'wb')
out.write(b'\\n'.join(os.fsencode(a) for a in sys.argv[2:]) + b'\\n')
for name in sorted(os.environb): out.write(name + b'=' + os.environb[name] + b'\\n')
out.write(os.getcwdb() + b'\\n')
status = open('/proc/self/status').read()
for field in ('Umask', 'SigBlk', 'SigIgn', 'SigPnd', 'NoNewPrivs', 'Seccomp', 'CapEff', 'Groups'): out.write(re.search('^' + field + ':.*$', status, re.M).group().encode() + b'\\n')
for fd in sorted(os.listdir('/proc/self/fd'), key=int):
    try:
        target = os.readlink('/proc/self/fd/' + fd)
        flags = re.search('flags:\\\\s+(\\\\d+)', open('/proc/self/fdinfo/' + fd).read()).group(1)
    except OSError: continue
    if int(fd) == out.fileno(): continue
    out.write(('%s %s %s\\n' % (fd, oct(os.fstat(int(fd)).st_mode), target if target.startswith('/dev') else flags)).encode())
out.write(('%d %d %d\\n' % (os.getpgrp() == os.getpgid(PARENT), os.getsid(0) == os.getsid(PARENT), os.nice(0))).encode())
for limit in range(16): out.write(str(resource.getrlimit(limit)).encode() + b'\\n')
`.replace(/PARENT/g, String(process.pid));

test('a short step has the arguments, variables, folder, mask, descriptors, signals and limits that it would have otherwise', { skip: NEEDS_PYTHON, timeout: 60000 }, async () => {
  const every = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).join('');
  const umask = process.umask(0o027);
  process.env.RR_TEST_ODD = " quo'te \" $x `y` \\ \n new line \xe9 ";
  try {
    const told: string[] = [];
    for (const carryOut of [runPlain, runShort]) {
      const project = makeProject();
      put(project, { 'tell.py': TELL, 'd/x': '' });
      const ends = await carryOut(project, [
        step('a', ['python3', '-S', 'tell.py', 'one', every, '', 'a b', '\xff\xfe', '-'], { declaredOutputs: ['one'] }), step('b', ['python3', '-S', '../tell.py', '../two'], { directory: 'd', declaredOutputs: ['two'] }),
        step('c', ['/usr/bin/python3', '-S', 'tell.py', 'three'], { variables: ['LANG=C', 'TZ=UTC'], declaredOutputs: ['three'] }),
      ]);
      assert.deepEqual(ends.map((end) => end.isGood), [true, true, true]);
      const tree = readTree(project);
      told.push(['one', 'two', 'three'].map((name) => tree[name].split(project).join('PROJECT')).join('\n====\n'));
    }
    assert.equal(told[1], told[0]);
    assert.ok(told[1].indexOf(every + '\n\na b\n\xff\xfe\n-\n') > 0 || told[1].startsWith(every), 'the argument with every byte');
    assert.match(told[1], /^Umask:\t0027$/m);
    assert.match(told[1], /^PWD=PROJECT\/d$/m);
  } finally {
    process.umask(umask);
    delete process.env.RR_TEST_ODD;
  }
});

for (const program of ['dash', 'bash', 'busybox', 'mksh', 'yash', 'ksh93', 'posh', 'zsh']) {
  test('Shells: a command has what it should with ' + program + ' as the shell', { skip: hasProgram(program) ? false : program + ' is missing', timeout: 60000 }, async () => {
    const project = makeProject();
    let name = run(undefined, ['sh', '-c', 'command -v ' + program]).stdout.trim();
    if (program === 'busybox') {
      // By its name it knows what it is to be.
      fs.symlinkSync(name, path.join(project, 'sh'));
      name = path.join(project, 'sh');
    }
    const environment: { [name: string]: string } = { PATH: String(process.env.PATH), PWD: project, HOME: '/', SHLVL: '7', ODD: "'\n" };
    const shells = new Shells(projectAt(project), 1, environment, [], name);
    const isFaithful = await shells.begin();
    // These have variables of their own, or are no POSIX shells under this name; then there are no short steps.
    if (['zsh', 'ksh93'].indexOf(program) < 0) assert.equal(isFaithful, true);
    if (isFaithful) {
      for (const [script, exit, signal] of [['exit 3', 3, undefined], ['kill -9 $$', 137, 'SIGKILL'], ['kill $$', 143, 'SIGTERM'], ['exit 143', 143, undefined], ['echo hi', 0, undefined]] as const) {
        let printed = '';
        const end = await shells.run({ argv: ['sh', '-c', script], folder: undefined, variables: new Map(), stdin: undefined, stdout: 'keep', stderr: 'keep', keep: (_, data) => { printed += data.toString('latin1'); }, onSend: () => undefined });
        assert.deepEqual([end?.exit, end?.signal, printed], [exit, signal, script === 'echo hi' ? 'hi\n' : ''], program + ' ' + script);
      }
    }
    await shells.close();
    assert.deepEqual(fs.readdirSync(path.join(project, '.rr/running')), []);
  });
}

test('a short step in a project whose path is no plain word', { timeout: 60000 }, async () => {
  const base = makeTemporary();
  const project = Buffer.from(base + "/it's \"a\"\n$x \xff", 'latin1');
  fs.mkdirSync(project);
  run(undefined, ['sh', '-c', 'cd "$(printf "$0")" && "$1" "$2" init -q', base + "/it's \"a\"\\n$x \\377", process.execPath, path.resolve(__dirname, '../../../rr.js')]);
  const root = project.toString('latin1');
  const batch = beginBatch(projectAt(root));
  const short = new ShortSteps(projectAt(root), batch, 1);
  await short.begin();
  fs.mkdirSync(Buffer.concat([project, Buffer.from('/d')]));
  for (const more of [{}, { directory: 'd' }]) {
    const job = step('a', ['sh', '-c', 'echo 1 > out'], { declaredOutputs: [more.directory === undefined ? 'out' : 'd/out'], ...more });
    assert.ok(short.canTake(job));
    assert.equal((await short.run(job) as StepEnd).isGood, true);
  }
  await short.close();
  await batch.end();
  assert.equal(fs.readFileSync(Buffer.concat([project, Buffer.from('/d/out')]), 'latin1'), '1\n');
});

// ---- several at once ------------------------------------------------------------------------------------------

test('ShortSteps: never more commands at work than slots, and ids in the order of starts', { timeout: 60000 }, async () => {
  const project = makeProject();
  const count = 60;
  await withShort(project, 3, async ({ short }) => {
    let next = 0;
    const made: string[] = [];
    await new Promise<void>((resolve) => {
      const pump = (): void => {
        while (next < count && short.room() > 0) {
          const job = step('s' + String(next), sh('mkdir at$$; set -- at*; [ $# -le 3 ] || echo "$#" > toomany; rmdir at$$; echo ' + String(next) + ' > out' + String(next)), { declaredOutputs: ['out' + String(next)] });
          next += 1;
          assert.ok(short.canTake(job));
          void short.run(job).then((end) => {
            assert.equal(end?.isGood, true);
            made.push(String(end?.run.id));
            if (made.length === count) resolve();
            else pump();
          });
        }
      };
      pump();
    });
    assert.equal(new Set(made).size, count);
  });
  assert.equal(fs.existsSync(path.join(project, 'toomany')), false);
  assert.equal(listRecords(project).length, count);
  checkDerived(project, 'many');
  for (const name of listRecords(project)) assert.equal(readRecord(project, name).Status[0], 'succeeded');
  assert.equal(run(project, ['sha256sum', '-c', '--quiet', 'provenance/SHA256SUMS']).status, 0);
});

test('ShortSteps: what waits behind a long command goes to a shell that is free', { timeout: 60000 }, async () => {
  const project = makeProject();
  await withShort(project, 2, async ({ short }) => {
    for (let n = 0; n < 6; n++) await short.run(step('w' + String(n), ['true']));
    assert.equal(short.room(), 4);
    const long = short.run(step('long', ['sleep', '1.5']));
    const other = short.run(step('other', ['sleep', '0.2']));
    const behind = [short.run(step('b1', ['true'])), short.run(step('b2', ['true']))];
    const ends = await Promise.all(behind.concat(other));
    assert.ok(ends.every((end) => end?.isGood === true));
    const isOver = await Promise.race([long.then(() => true), sleep(1).then(() => false)]);
    assert.equal(isOver, false, 'neither waited for it');
    await long;
  });
});

test('ShortSteps: something that goes on in the background is told of, and harms nobody', { timeout: 60000 }, async () => {
  const project = makeProject();
  const ends = await runShort(project, [step('a', sh('{ sleep 1; echo late; } & echo now')), step('b', sh('echo mine')), step('c', sh('sleep 1.3; echo third'))]);
  assert.match(ends[0].run.warnings.join(), /goes on/);
  assert.deepEqual(ends[1].run.warnings.concat(ends[2].run.warnings), []);
  assert.deepEqual(ends.map((end) => fs.readFileSync(path.join(project, end.run.logs[0].path), 'latin1')), ['now\n', 'mine\n', 'third\n']);
});

test('ShortSteps: cost is told of what takes longer than a tick', { timeout: 60000 }, async () => {
  const project = makeProject();
  const [quick, busy] = await runShort(project, [step('a', ['true']), step('b', sh('i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'))]);
  assert.ok((busy.run.userS ?? 0) > 0.05, String(busy.run.userS));
  assert.ok((busy.run.peakMemoryBytes ?? 0) > 100000);
  assert.ok((busy.run.wallS ?? 0) >= (busy.run.userS ?? 0) * 0.8);
  assert.ok(quick.run.userS === undefined || quick.run.userS < 0.05);
});

// ---- killed ---------------------------------------------------------------------------------------------------

test('ShortSteps: a shell that is killed takes its command with it, and others go on', { timeout: 60000 }, async () => {
  const project = makeProject();
  await withShort(project, 1, async ({ short }) => {
    for (let n = 0; n < 4; n++) await short.run(step('w' + String(n), ['true']));
    const killed = short.run(step('k', sh('echo half > out; echo said; kill -9 $PPID; sleep 30; echo never > out'), { declaredOutputs: ['out'] }));
    const behind = short.run(step('next', sh('echo 1 > next'), { declaredOutputs: ['next'] }));
    const [one, other] = await Promise.all([killed, behind]);
    assert.deepEqual([one?.isGood, one?.run.status, one?.run.exit, one?.run.signal], [false, 'failed', 137, 'SIGKILL']);
    assert.equal(other?.isGood, true);
    assert.equal(fs.readFileSync(path.join(project, String(one?.run.logs[0].path)), 'latin1'), 'said\n');
  });
  assert.deepEqual(readTree(project), { next: '1\n' });
  assert.deepEqual(listAside(project), ['*/out']);
  assert.equal(run(undefined, ['pgrep', '-f', 'echo never > out']).stdout, '', 'no command is left');
});

test('ShortSteps: stop() ends what runs with the signal and begins nothing more', { timeout: 60000 }, async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const project = makeProject();
    await withShort(project, 2, async ({ short }) => {
      for (let n = 0; n < 6; n++) await short.run(step('w' + String(n), ['true']));
      const all = ['a', 'b', 'c', 'd'].map((name) => short.run(step(name, sh('echo 1 > began-' + name + '; exec sleep 30'), { declaredOutputs: ['out-' + name] })));
      await waitUntil('two have begun', () => fs.readdirSync(project).filter((name) => name.startsWith('began')).length === 2);
      short.stop(signal, false);
      const ends = await Promise.all(all);
      const begun = ends.filter((end): end is StepEnd => end !== undefined);
      assert.deepEqual(begun.map((end) => end.run.status), ['interrupted', 'interrupted']);
      assert.deepEqual(begun.map((end) => end.run.exit), signal === 'SIGTERM' ? [143, 143] : [130, 130]);
      assert.equal(short.room(), 0);
      assert.equal(short.canTake(step('e', ['true'])), false);
    });
    assert.equal(fs.readdirSync(project).filter((name) => name.startsWith('began')).length, 2);
    assert.equal(listRecords(project).length, 8);
    assert.deepEqual(fs.readdirSync(path.join(project, '.rr/running')), []);
  }
});

const DRIVER = path.join(__dirname, 'shortdriver.js');

/** Of a folder whose holder was killed between making it and saying so. For an hour it may be of one that is about to say so. */
function isNameless(project: string, name: string): boolean {
  const folder = path.join(project, '.rr/aside', path.dirname(name));
  return path.basename(name) === 'holder' && fs.statSync(path.join(project, '.rr/aside', name)).size === 0 && fs.readdirSync(folder).length === 1;
}

test('rr killed in the middle of short steps: what had ended is on record, earlier results are there, nothing is left over', { timeout: 600000 }, async () => {
  const project = makeProject();
  const chains = 4;
  const length = 12;
  for (let c = 0; c < chains; c++) put(project, { ['in' + String(c)]: 'begin ' + String(c) + '\n' });
  const driverArguments = (salt: number): string[] => [process.execPath, DRIVER, project, String(chains), String(length), String(salt)];
  assert.equal(run(project, driverArguments(0)).status, 0);
  put(project, { '.rr/aside/held-aaaaaa/holder': '' });
  const checked = new Set<string>();
  for (let round = 1; round <= KILL_ROUNDS; round++) {
    const { child, ended } = startProgram(project, driverArguments(round));
    const delayMs = 120 + ((round * 67) % 500);
    await sleep(delayMs);
    // Everything, as when the machine's memory is short: the shells and commands, too, every other time.
    if (round % 2 === 0) run(undefined, ['pkill', '-KILL', '-P', String(child.pid)]);
    child.kill('SIGKILL');
    const done = await ended;
    await recoverAside(projectAt(project), () => undefined);
    const next = rr(project, ['record', '-q', '--', 'true']);
    assert.equal(next.status, 0, next.stderr);
    const what = 'round ' + String(round) + ', after ' + String(delayMs) + ' ms';
    const states = new Map<string, string>();
    for (const name of listRecords(project)) states.set(path.basename(name, '.rec'), readRecord(project, name).Status[0]);
    for (const id of done.stdout.split('\n').filter((line) => line.startsWith('ended ')).map((line) => line.slice(6))) assert.equal(states.get(id), 'succeeded', what + ': ' + id);
    const sums = run(project, ['sha256sum', '-c', '--quiet', 'provenance/SHA256SUMS']);
    assert.equal(sums.status, 0, what + ': every result is as recorded: ' + sums.stdout + sums.stderr);
    // Of each record once, and of all at the end: every time would take longer than all else.
    checkSeals(project, listRecords(project).filter((name) => !checked.has(name)));
    for (const name of listRecords(project)) checked.add(name);
    checkDerived(project, what);
    assert.deepEqual(listAside(project).filter((name) => name.startsWith('held') && !isNameless(project, name)), [], what);
  }
  checkSeals(project, listRecords(project));
  assert.equal(run(project, driverArguments(99)).status, 0);
  for (let c = 0; c < chains; c++) assert.match(fs.readFileSync(path.join(project, 'c' + String(c), 's' + String(length)), 'latin1'), new RegExp('^begin ' + String(c) + '\n(?:99\n){' + String(length) + '}$'));
  // As rr make does, under its lock.
  removeLostFifos(projectAt(project));
  makeLeftoversOld(project);
  assert.equal(fs.existsSync(path.join(project, '.rr/aside/held-aaaaaa')), true);
  for (const name of listAside(project)) if (isNameless(project, name)) run(project, ['touch', '-d', '2 hours ago', '.rr/aside/' + path.dirname(name)]);
  await recoverAside(projectAt(project), () => undefined);
  assert.deepEqual(listAside(project).filter((name) => name.startsWith('held')), []);
  assert.equal(rr(project, ['record', '-q', '--', 'true']).status, 0);
  assert.deepEqual(listLeftovers(project), []);
  assert.deepEqual(fs.readdirSync(path.join(project, '.rr/pending')), []);
});

