// reuse.test.ts - outputs put back instead of running: when, what, and never when something differs.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import childProcess from 'child_process';
import fs from 'fs';
import path from 'path';
import { checkDerived, checkSeals, hasProgram, listRecords, makeProject, makeTemporary, readRecord, rr, RR_JS, run } from './rig.ts';
import type { Done } from './rig.ts';
import { emptyRun } from '../src/core/run.ts';
import type { Run } from '../src/core/run.ts';
import { executeStep } from '../src/sys/execute.ts';
import type { StepEnd } from '../src/sys/execute.ts';
import { projectAt } from '../src/sys/project.ts';
import { checkObjects, isReused, lastRecord, listEntries, listFiles, listObjects, read, reuse, reuseTwice, UNIQUE, write } from './reuserig.ts';

const NEEDS_STRACE = hasProgram('strace') && run(undefined, ['strace', '-o', '/dev/null', 'true']).status === 0 ? false : 'strace is missing or may not trace';
// ---- found ------------------------------------------------------------------------------------------

test('rr record --reuse with parameters A, B, A runs the third not: its bytes are those of the first', () => {
  const folder = makeProject();
  write(folder, 'data.txt', '1\n2\n');
  write(folder, 'fit.sh', 'cat data.txt > /dev/null; { echo $1; ' + UNIQUE + '; } > fit.txt; echo shown; echo told >&2\n');
  const args = (gamma: string): string[] => ['-l', 'fit', '-p', 'gamma=' + gamma, '--', 'sh', 'fit.sh', gamma];
  assert.equal(isReused(reuse(folder, args('A'))), false);
  const first = read(folder, 'fit.txt');
  assert.equal(isReused(reuse(folder, args('B'))), false);
  assert.notEqual(read(folder, 'fit.txt'), first);
  const third = reuse(folder, args('A').slice(0, 1).concat(['fit3', '-m', 'once more']).concat(args('A').slice(2)));
  assert.equal(isReused(third), true);
  assert.equal(read(folder, 'fit.txt'), first);
  assert.equal(third.stdout, 'shown\n');
  assert.match(third.stderr, /^told\n/);
  const records = listRecords(folder);
  const origin = readRecord(folder, records[0]);
  const record = lastRecord(folder);
  assert.deepEqual(record.Reused, origin.Id);
  for (const field of ['Command', 'Directory', 'Parameter', 'Status', 'Exit', 'Observed', 'Input', 'Output', 'Environment', 'Code_file']) assert.deepEqual(record[field], origin[field], field);
  assert.deepEqual([record.Label, record.Reason, record.Wall_s, record.Process], [['fit3'], ['once more'], undefined, undefined]);
  assert.equal(record.Log.length, 3);
  checkSeals(folder, records);
  checkDerived(folder, 'after a reuse');
  checkObjects(path.join(folder, '.rr'));
  assert.equal(rr(folder, ['verify', '-q']).status, 0);
  // The new run owns its result, and is repeated like any other.
  assert.equal(rr(folder, ['why', 'fit.txt']).stdout.indexOf(record.Id[0]) > 0, true);
  assert.match(read(folder, 'provenance/Makefile'), new RegExp('rerun.sh run ' + record.Id[0]));
});

test('rr record --reuse tells steps apart by folder, redirections, parameters and variables', () => {
  const folder = makeProject();
  for (const name of ['a', 'b']) fs.mkdirSync(path.join(folder, name));
  const command = ['--', 'sh', '-c', '{ ' + UNIQUE + '; } > out.txt'];
  const inA = ((): string => { assert.equal(isReused(reuse(path.join(folder, 'a'), command)), false); return read(folder, 'a/out.txt'); })();
  assert.equal(isReused(reuse(path.join(folder, 'b'), command)), false);
  assert.notEqual(read(folder, 'b/out.txt'), inA);
  fs.unlinkSync(path.join(folder, 'a/out.txt'));
  assert.equal(isReused(reuse(path.join(folder, 'a'), command)), true);
  assert.equal(read(folder, 'a/out.txt'), inA);
  assert.equal(isReused(reuse(path.join(folder, 'a'), ['-p', 'x=1'].concat(command))), false);
  assert.equal(isReused(reuse(path.join(folder, 'a'), ['-p', 'x=1'].concat(command))), true);
  assert.equal(isReused(reuse(path.join(folder, 'a'), ['-p', 'x=2'].concat(command))), false);
  assert.equal(isReused(reuse(path.join(folder, 'a'), command, { env: { OMP_NUM_THREADS: '3' } })), false);
  assert.equal(isReused(reuse(path.join(folder, 'a'), command, { env: { OMP_NUM_THREADS: '3' } })), true);
  const declared = ['--variable', 'DEPTH'].concat(command);
  assert.equal(isReused(reuse(path.join(folder, 'a'), declared, { env: { DEPTH: '1' } })), false);
  assert.equal(isReused(reuse(path.join(folder, 'a'), declared, { env: { DEPTH: '2' } })), false);
  assert.equal(isReused(reuse(path.join(folder, 'a'), declared)), false);
  assert.equal(isReused(reuse(path.join(folder, 'a'), declared, { env: { DEPTH: '1' } })), true);
});

test('rr record --reuse runs again if an input has other content, another mode or is gone; times do not matter', { skip: NEEDS_STRACE }, () => {
  const folder = makeProject();
  write(folder, 'data.txt', 'one\n');
  write(folder, 'run.sh', '#!/bin/sh\ncat data.txt > /dev/null\n{ ' + UNIQUE + '; } > out.txt\n');
  fs.chmodSync(path.join(folder, 'run.sh'), 0o755);
  const command = ['--', './run.sh'];
  const content = reuseTwice(folder, command, 'out.txt');
  fs.utimesSync(path.join(folder, 'data.txt'), 1, 1);
  assert.equal(isReused(reuse(folder, command)), true);
  write(folder, 'data.txt', 'two\n');
  assert.equal(isReused(reuse(folder, command)), false);
  assert.notEqual(read(folder, 'out.txt'), content);
  write(folder, 'data.txt', 'one\n');
  assert.equal(isReused(reuse(folder, command)), true);
  assert.equal(read(folder, 'out.txt'), content);
  fs.chmodSync(path.join(folder, 'run.sh'), 0o644);
  assert.equal(reuse(folder, command).status, 126);
  fs.chmodSync(path.join(folder, 'run.sh'), 0o755);
  fs.unlinkSync(path.join(folder, 'data.txt'));
  assert.notEqual(reuse(folder, command).status, 1);
  assert.equal(lastRecord(folder).Reused, undefined);
});

test('rr record --reuse runs again if a file appears that was looked for in vain', { skip: NEEDS_STRACE }, () => {
  const folder = makeProject();
  write(folder, 'run.sh', 'cat config.ini > /dev/null 2>&1\n{ ' + UNIQUE + '; } > out.txt\n');
  const command = ['--', 'sh', 'run.sh'];
  reuseTwice(folder, command, 'out.txt');
  write(folder, 'config.ini', 'x\n');
  assert.equal(isReused(reuse(folder, command)), false);
  fs.unlinkSync(path.join(folder, 'config.ini'));
  assert.equal(isReused(reuse(folder, command)), true);
});

test('rr record --reuse runs again if there are other names in a folder that was listed', { skip: NEEDS_STRACE }, () => {
  const folder = makeProject();
  write(folder, 'data/a.csv', '1\n');
  write(folder, 'gather.sh', 'cat data/*.csv > /dev/null\n{ ' + UNIQUE + '; } > out.txt\n');
  const command = ['--', 'sh', 'gather.sh'];
  reuseTwice(folder, command, 'out.txt');
  write(folder, 'data/b.csv', '2\n');
  assert.equal(isReused(reuse(folder, command)), false, 'new raw data');
  assert.equal(isReused(reuse(folder, command)), true);
  write(folder, 'notes.txt', 'in a folder that was not listed\n');
  assert.equal(isReused(reuse(folder, command)), true);
  // Results of other runs, gathered.
  write(folder, 'collect.sh', 'cat res/*.txt > /dev/null\n{ ' + UNIQUE + '; } > all.txt\n');
  const point = (n: number): Done => rr(folder, ['record', '-q', '--', 'mkdir -p res; echo ' + String(n) + ' > res/' + String(n) + '.txt']);
  assert.equal(point(1).status, 0);
  reuseTwice(folder, ['--', 'sh', 'collect.sh'], 'all.txt');
  assert.equal(point(2).status, 0);
  assert.equal(isReused(reuse(folder, ['--', 'sh', 'collect.sh'])), false, 'a new result among those that it read');
  write(folder, 'count.sh', 'ls data | wc -l > count.txt; { ' + UNIQUE + '; } > seen.txt\n');
  reuseTwice(folder, ['--', 'sh', 'count.sh'], 'seen.txt');
  write(folder, 'data/c.dat', '');
  assert.equal(isReused(reuse(folder, ['--', 'sh', 'count.sh'])), false, 'any name, where it read nothing');
});

test('rr record --reuse: a Python script is not run again for results that lie beside it, but for modules', { skip: NEEDS_STRACE || (hasProgram('python3') ? false : 'needs python3') }, () => {
  const folder = makeProject();
  write(folder, 'helper.py', 'import time\ndef stamp(): return str(time.time_ns())\n');
  write(folder, 'fit.py', 'import sys, helper\nopen("fit_%s.txt" % sys.argv[1], "w").write(helper.stamp())\n');
  const command = (gamma: string): string[] => ['--', 'python3', 'fit.py', gamma];
  reuseTwice(folder, command('A'), 'fit_A.txt');
  reuseTwice(folder, command('B'), 'fit_B.txt');
  const content = read(folder, 'fit_A.txt');
  assert.equal(isReused(reuse(folder, command('A'))), true);
  assert.equal(read(folder, 'fit_A.txt'), content);
  write(folder, 'time.py', 'def time_ns(): return 1\n');
  assert.equal(isReused(reuse(folder, command('A'))), false, 'a module that takes the place of another');
});

test('rr record --reuse compares of a parameter file only the keys that are named', { skip: NEEDS_STRACE }, () => {
  const folder = makeProject();
  write(folder, 'params.yaml', 'train:\n  lr: 0.1\n  epochs: 5\n');
  write(folder, 'train.sh', 'cat params.yaml > /dev/null; { ' + UNIQUE + '; } > model.txt\n');
  const command = ['-p', 'params.yaml:train.lr', '--', 'sh', 'train.sh'];
  const content = reuseTwice(folder, command, 'model.txt');
  write(folder, 'params.yaml', '# another comment\ntrain:\n  lr: 0.1\n  epochs: 7\n');
  assert.equal(isReused(reuse(folder, command)), true);
  assert.equal(read(folder, 'model.txt'), content);
  assert.match(lastRecord(folder).Input.join('\n'), new RegExp(run(folder, ['sha256sum', 'params.yaml']).stdout.slice(0, 64)), 'the record has the file as it is now');
  write(folder, 'params.yaml', 'train:\n  lr: 0.2\n  epochs: 7\n');
  assert.equal(isReused(reuse(folder, command)), false);
  write(folder, 'params.yaml', 'train:\n  lr: 0.1\n');
  assert.equal(isReused(reuse(folder, command)), true);
  assert.equal(read(folder, 'model.txt'), content);
});

test('rr record --reuse --environment runs again if a program that was used has changed', { skip: NEEDS_STRACE }, () => {
  const folder = makeProject();
  const tools = fs.mkdtempSync(path.join('/var/lib', 'rr-test-'));
  try {
    fs.writeFileSync(path.join(tools, 'tool'), '#!/bin/sh\necho 1\n', { mode: 0o755 });
    const command = ['--environment', '--', 'sh', '-c', path.join(tools, 'tool') + ' > /dev/null; { ' + UNIQUE + '; } > out.txt'];
    reuseTwice(folder, command, 'out.txt');
    fs.writeFileSync(path.join(tools, 'tool'), '#!/bin/sh\necho 2\n', { mode: 0o755 });
    assert.equal(isReused(reuse(folder, command.slice(1))), true, 'it was not asked for');
    assert.equal(isReused(reuse(folder, command)), false);
  } finally {
    fs.rmSync(tools, { recursive: true });
  }
});

// ---- put back ---------------------------------------------------------------------------------------

test('rr record --reuse puts back links, folders, executable bits, empty files and any names', { skip: NEEDS_STRACE }, () => {
  const folder = makeProject();
  const odd = Buffer.from('od\xffd \n"\'', 'latin1');
  write(folder, 'make.sh', [
    'mkdir -p out/deep out/empty', ': > out/nothing', '{ ' + UNIQUE + '; } > out/deep/file', 'echo "echo hi" > out/tool', 'chmod +x out/tool',
    'ln -s deep/file out/link', 'ln -s nowhere out/dangling', 'ln -s ../data.txt out/deep/up', '{ ' + UNIQUE + '; } > "out/$1"', '',
  ].join('\n'));
  write(folder, 'data.txt', 'x\n');
  const argv = [process.execPath, '-e', 'const c=require("child_process");const r=c.spawnSync("sh",["-c",process.argv[1],"sh"].concat(process.argv.slice(2)),{stdio:["ignore",1,2]});process.exit(r.status)'];
  const record = (): Done => run(folder, argv.concat('exec "$@" -- sh make.sh "$(printf \'od\\377d \\n"\'"\'"\'\')"', process.execPath, RR_JS, 'record', '--reuse'));
  assert.equal(isReused(record()), false);
  const describe = (): string => run(folder, ['sh', '-c', 'cd out && find . -printf "%P|%y|%l|%m\\n" | LC_ALL=C sort; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum']).stdout;
  const before = describe();
  assert.ok(fs.existsSync(Buffer.concat([Buffer.from(folder + '/out/'), odd])));
  fs.rmSync(path.join(folder, 'out'), { recursive: true });
  assert.equal(isReused(record()), true);
  assert.equal(describe(), before);
  assert.equal(rr(folder, ['verify', '-q']).status, 0);
  assert.deepEqual(listFiles(path.join(folder, '.rr', 'running')), []);
});

test('rr record --reuse gives files the mode that the umask leaves, and never a link to the store', () => {
  const folder = makeProject();
  const command = ['--', 'sh', '-c', '{ ' + UNIQUE + '; } > out.txt; cp out.txt tool; chmod 755 tool'];
  assert.equal(isReused(reuse(folder, command)), false);
  for (const name of ['out.txt', 'tool']) fs.unlinkSync(path.join(folder, name));
  const done = run(folder, ['sh', '-c', 'umask 027; exec "$@"', 'sh', process.execPath, RR_JS, 'record', '--reuse'].concat(command), { stdio: ['ignore', 'pipe', 'pipe'] });
  assert.equal(isReused(done), true);
  assert.equal((fs.statSync(path.join(folder, 'out.txt')).mode & 0o777).toString(8), '640');
  assert.equal((fs.statSync(path.join(folder, 'tool')).mode & 0o777).toString(8), '750');
  for (const name of listObjects(path.join(folder, '.rr'))) {
    const stat = fs.statSync(path.join(folder, '.rr', name));
    assert.equal((stat.mode & 0o777).toString(8), '444');
    assert.equal(stat.nlink, 1);
  }
  fs.writeFileSync(path.join(folder, 'out.txt'), 'changed by hand');
  checkObjects(path.join(folder, '.rr'));
  assert.equal(isReused(reuse(folder, command)), true, 'what is changed by hand is put back');
  assert.notEqual(read(folder, 'out.txt'), 'changed by hand');
});

test('rr record --reuse writes to a redirected standard output as the command would', { skip: NEEDS_STRACE }, () => {
  const folder = makeProject();
  const record = (line: string): Done => run(folder, ['sh', '-c', line.replace(/RR/g, () => '"$0" "$1" record --reuse -- sh -c \'{ ' + UNIQUE + '; }\' < /dev/null'), process.execPath, RR_JS]);
  assert.equal(isReused(record('RR > out.txt')), false);
  const content = read(folder, 'out.txt');
  const inode = fs.statSync(path.join(folder, 'out.txt')).ino;
  assert.equal(isReused(record('RR > out.txt')), true);
  assert.equal(read(folder, 'out.txt'), content);
  assert.equal(fs.statSync(path.join(folder, 'out.txt')).ino, inode);
  // Appended: what is there must be what was there.
  write(folder, 'log.txt', 'first\n');
  assert.equal(isReused(record('RR >> log.txt')), false);
  const log = read(folder, 'log.txt');
  assert.equal(isReused(record('RR >> log.txt')), false, 'there is more in it now');
  write(folder, 'log.txt', 'first\n');
  assert.equal(isReused(record('RR >> log.txt')), true);
  assert.equal(read(folder, 'log.txt'), log);
  // A script that prints to the same file before and after.
  const around = '{ echo before; RR; echo after; } > out.txt';
  assert.equal(isReused(record(around)), false);
  const whole = read(folder, 'out.txt');
  assert.match(whole, /^before\n\d+\n\d+\nafter\n$/);
  assert.equal(isReused(record(around)), true);
  assert.equal(read(folder, 'out.txt'), whole);
});

test('rr record --reuse puts back what was changed in place only over what was there', { skip: NEEDS_STRACE }, () => {
  const folder = makeProject();
  write(folder, 'state.txt', 'one\n');
  const command = ['-i', 'state.txt', '--', 'sh', '-c', '{ ' + UNIQUE + '; } >> state.txt'];
  assert.equal(isReused(reuse(folder, command)), false);
  const content = read(folder, 'state.txt');
  assert.equal(isReused(reuse(folder, command)), false, 'it has grown');
  write(folder, 'state.txt', 'one\n');
  assert.equal(isReused(reuse(folder, command)), true);
  assert.equal(read(folder, 'state.txt'), content);
});

test('rr record --reuse runs again where a link or a folder stands in the way', () => {
  const folder = makeProject();
  const outside = makeTemporary();
  const command = ['-o', 'res/out.txt', '--', 'sh', '-c', 'mkdir -p res; { ' + UNIQUE + '; } > res/out.txt'];
  reuseTwice(folder, command, 'res/out.txt');
  fs.rmSync(path.join(folder, 'res'), { recursive: true });
  fs.symlinkSync(outside, path.join(folder, 'res'));
  assert.equal(/reused/.test(reuse(folder, command).stderr), false);
  fs.unlinkSync(path.join(folder, 'res'));
  fs.mkdirSync(path.join(folder, 'res/out.txt'), { recursive: true });
  assert.notEqual(reuse(folder, command).status, 0);
  fs.rmdirSync(path.join(folder, 'res/out.txt'));
  fs.symlinkSync(path.join(outside, 'victim'), path.join(folder, 'res/out.txt'));
  assert.equal(/reused/.test(reuse(folder, command).stderr), false, 'the command would write through it');
});

// ---- never kept -------------------------------------------------------------------------------------

test('rr record --reuse says what is not kept, and why', { skip: NEEDS_STRACE }, () => {
  const folder = makeProject();
  write(folder, 'data.txt', 'x\n');
  write(folder, 'append.sh', 'echo x >> data.txt\n');
  const cases: [string[], RegExp][] = [
    [['--', 'true'], /it left nothing, in files or in print/],
    [['--trace', 'scan', '--', 'sh', '-c', 'date > a.txt'], /it was not traced, and neither inputs nor outputs are declared \(-i, -o\)/],
    [['--trace', 'none', '--', 'sh', '-c', 'date; echo > a.txt'], /it was not traced/],
    [['-o', '../outside.txt', '--', 'sh', '-c', 'echo 1 > ../outside.txt'], /it wrote .*outside.txt, which is not in the project/],
    [['--', 'sh', '-c', 'ln -s ../../elsewhere gone.txt'], /the link gone.txt, which leads out of the project/],
    [['--', 'sh', '-c', 'ln -s /etc/passwd abs.txt'], /the link abs.txt, which leads out of the project/],
    [['--', 'sh', '-c', 'mkfifo pipe'], /it wrote pipe, which is no regular file/],
    [['--', 'sh', '-c', 'echo TOKEN=1 > .env'], /it wrote .env, which may hold a secret/],
    [['--', 'sh', 'append.sh'], /the content that data.txt had is not known/],
    [['--', 'sh', '-c', 'sleep 1 >/dev/null 2>&1 & date > b.txt'], /a process that it started goes on/],
  ];
  for (const [args, why] of cases) {
    const done = reuse(folder, args);
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stderr, /^rr: not kept for reuse: /m, args.join(' '));
    assert.match(done.stderr, why, args.join(' '));
  }
  assert.deepEqual(listEntries(path.join(folder, '.rr')), []);
  const piped = rr(folder, ['record', '--reuse', '-q', '--', 'cat'], { input: 'x' });
  assert.equal(piped.stdout, 'x');
  assert.match(rr(folder, ['record', '--reuse', '--', 'cat'], { input: 'y' }).stderr, /its standard input is not known; write "< \/dev\/null"/);
  assert.equal(reuse(folder, ['--', 'sh', '-c', 'date > f.txt; exit 3']).status, 3);
  assert.deepEqual(listEntries(path.join(folder, '.rr')), []);
});

test('rr record --reuse: what a run removed must not be there again', { skip: NEEDS_STRACE }, () => {
  const folder = makeProject();
  write(folder, 'old.txt', 'x\n');
  const command = ['--', 'sh', '-c', 'rm -f old.txt; { ' + UNIQUE + '; } > new.txt'];
  assert.equal(isReused(reuse(folder, command)), false);
  const content = read(folder, 'new.txt');
  fs.unlinkSync(path.join(folder, 'new.txt'));
  assert.equal(isReused(reuse(folder, command)), true);
  assert.equal(read(folder, 'new.txt'), content);
  write(folder, 'old.txt', 'x\n');
  assert.equal(isReused(reuse(folder, command)), false);
  assert.equal(fs.existsSync(path.join(folder, 'old.txt')), false);
});

test('rr record --reuse untraced goes by what is declared and named in arguments', () => {
  const folder = makeProject();
  write(folder, 'in.txt', '1\n');
  const command = ['--trace', 'none', '-i', 'in*.txt', '-o', 'out.txt', '--', 'sh', '-c', '{ ' + UNIQUE + '; } > out.txt', 'sh', 'extra.txt'];
  reuseTwice(folder, command, 'out.txt');
  write(folder, 'in2.txt', '1\n');
  assert.equal(isReused(reuse(folder, command)), false, 'another file fits the pattern');
  fs.unlinkSync(path.join(folder, 'in2.txt'));
  assert.equal(isReused(reuse(folder, command)), true);
  write(folder, 'extra.txt', '1\n');
  assert.equal(isReused(reuse(folder, command)), false, 'an argument names a file now');
  const more = command.slice(0, 4).concat('-o', 'more.txt', command.slice(4));
  assert.equal(reuse(folder, more).status, 123, 'an output is declared that the other run did not make');
});

// ---- damaged and hostile ----------------------------------------------------------------------------

test('rr record --reuse sets a damaged content aside, says so, and runs', () => {
  const damage: [string, (name: string) => void][] = [
    ['a changed byte', (name) => { fs.chmodSync(name, 0o644); const bytes = fs.readFileSync(name); bytes[0] ^= 1; fs.writeFileSync(name, bytes); }],
    ['cut', (name) => { fs.chmodSync(name, 0o644); fs.truncateSync(name, 3); }],
    ['empty', (name) => { fs.chmodSync(name, 0o644); fs.truncateSync(name, 0); }],
    ['a link', (name) => { fs.unlinkSync(name); fs.symlinkSync('/etc/hostname', name); }],
    ['a FIFO', (name) => { fs.unlinkSync(name); childProcess.spawnSync('mkfifo', [name]); }],
    ['a folder', (name) => { fs.unlinkSync(name); fs.mkdirSync(name); }],
  ];
  for (const [what, hurt] of damage) {
    const folder = makeProject();
    const store = path.join(folder, '.rr');
    const command = ['-o', 'out.txt', '--', 'sh', '-c', '{ ' + UNIQUE + '; } > out.txt'];
    const content = reuseTwice(folder, command, 'out.txt');
    const [object] = listObjects(store);
    hurt(path.join(store, object));
    fs.unlinkSync(path.join(folder, 'out.txt'));
    const done = reuse(folder, command);
    assert.equal(isReused(done), false, what);
    assert.match(done.stderr, /^rr: a content in the store "[^"]*" was damaged, and is not used: "[^"]*\/objects\/corrupt\/[0-9a-f]{64}\./m, what);
    assert.notEqual(read(folder, 'out.txt'), content, what);
    assert.equal(fs.readdirSync(path.join(store, 'objects/corrupt')).length, 1, what);
    const again = read(folder, 'out.txt');
    fs.unlinkSync(path.join(folder, 'out.txt'));
    assert.equal(isReused(reuse(folder, command)), true, what + ': the new one is kept');
    assert.equal(read(folder, 'out.txt'), again);
    checkObjects(store);
  }
});

test('rr record --reuse passes over entries that are cut, changed, of another step or no files', () => {
  const hurt: [string, (name: string) => void][] = [
    ['cut', (name) => fs.truncateSync(name, fs.statSync(name).size - 20)],
    ['empty', (name) => fs.truncateSync(name, 0)],
    ['a changed byte', (name) => fs.writeFileSync(name, fs.readFileSync(name, 'latin1').replace('Exit: 0', 'Exit: 1'))],
    ['another id', (name) => fs.renameSync(name, name.replace(/[a-z2-7]{6}\.rec$/, 'aaaaaa.rec'))],
    ['a FIFO', (name) => { fs.unlinkSync(name); childProcess.spawnSync('mkfifo', [name]); }],
    ['a folder', (name) => { fs.unlinkSync(name); fs.mkdirSync(name); }],
    ['a link to itself', (name) => { fs.unlinkSync(name); fs.symlinkSync(path.basename(name), name); }],
  ];
  for (const [what, change] of hurt) {
    const folder = makeProject();
    const store = path.join(folder, '.rr');
    const command = ['-o', 'out.txt', '--', 'sh', '-c', '{ ' + UNIQUE + '; } > out.txt'];
    reuseTwice(folder, command, 'out.txt');
    const name = path.join(store, listEntries(store)[0]);
    fs.chmodSync(name, 0o644);
    change(name);
    const done = reuse(folder, command);
    assert.equal(isReused(done), false, what);
    assert.equal(isReused(reuse(folder, command)), true, what + ': the next one is kept');
  }
});

// ---- steps ------------------------------------------------------------------------------------------

test('executeStep() with isReused: A, B, A over one another, the third is put back, and the second set aside', { skip: NEEDS_STRACE }, async () => {
  const folder = makeProject();
  write(folder, 'fit.sh', '{ echo $1; ' + UNIQUE + '; } > out.txt\n');
  const project = projectAt(folder);
  let prior: Run | undefined;
  const step = async (gamma: string): Promise<StepEnd> => {
    const template = { ...emptyRun('20260101T000000Z-aaaaaa', 'sh fit.sh ' + gamma, '2026-01-01T00:00:00.000000Z', '0'), parameters: ['gamma ' + gamma], observed: 'auto', label: 'fit' };
    const end = await executeStep(project, { key: 'fit', template, prior, restore: [], isReused: true });
    assert.equal(end.isGood, true, end.problems.join());
    prior = end.run;
    return end;
  };
  const first = await step('A');
  const content = read(folder, 'out.txt');
  assert.equal((await step('B')).run.reused, undefined);
  assert.notEqual(read(folder, 'out.txt'), content);
  const third = await step('A');
  assert.equal(third.run.reused, first.run.id);
  assert.equal(read(folder, 'out.txt'), content);
  assert.deepEqual(lastRecord(folder).Reused, [first.run.id]);
  assert.deepEqual(lastRecord(folder).Removed, undefined);
  assert.equal(rr(folder, ['verify', '-q']).status, 0);
  checkDerived(folder, 'after steps');
});
