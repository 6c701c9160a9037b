// processes.test.ts - the processes of a run: printed, parsed and shown, held against recutils, awk and python.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { Failure } from '../src/core/failure.ts';
import { emptyRun } from '../src/core/run.ts';
import type { Run, RunProcess } from '../src/core/run.ts';
import { MAX_PROCESS_FILES, printProcesses, printRanges, printSeconds, readProcesses } from '../src/formats/processes.ts';
import { sealRecord } from '../src/formats/fields.ts';
import { parseRun, printRunBody } from '../src/formats/record.ts';
import { printJsonRun } from '../src/views/json.ts';
import { printProcessTree } from '../src/views/processes.ts';
import { displayWidth } from '../src/views/table.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

const NO_RECUTILS = hasProgram('recfix') && hasProgram('recsel') && hasProgram('python3') ? false : 'no recutils or python3';
const FORMAT = path.resolve(__dirname, '..', '..', '..', 'docs', 'record-format.txt');

function makeRun(inputs: string[], outputs: string[]): Run {
  const made = emptyRun('20261122T052039Z-k3f5q2', 'make -j2', '2026-11-22T05:20:39.123456Z', '0.1.0');
  const file = (name: string): Run['inputs'][0] => ({ hash: '0'.repeat(64), size: 1, kind: '', path: name });
  made.inputs = inputs.map(file);
  made.outputs = outputs.map(file);
  return made;
}

function makeProcess(given: Partial<RunProcess>): RunProcess {
  return { parent: undefined, startS: 0, endS: 1, exit: 0, signal: undefined, directory: '.', command: '', later: [], read: [], wrote: [], ...given };
}

/** A run as a record tells of it. */
function throughRecord(made: Run): Run {
  return parseRun(sealRecord(printRunBody(made), '0'.repeat(64)), 'x.rec');
}

/** A build in which all stands that a process can have. */
function makeBuild(): Run {
  const made = makeRun(['Makefile', 'a.c', 'a.h', 'b c.h', 'odd\n\xff.h', 'z.h'], ['a.o', 'b c.o']);
  made.processes = [
    makeProcess({ startS: 0.0012, endS: 2.31, command: 'make -j2', read: [0] }),
    makeProcess({ parent: 0, startS: 0.01, endS: 0.41, command: "cc -O2 '-DNAME=\"x y\"' -c a.c -o a.o", read: [1, 2, 3, 5], wrote: [6] }),
    makeProcess({ parent: 0, startS: 0.5, endS: undefined, exit: undefined, directory: 'sub dir', command: "sh -c 'exec sleep 99' sh \0{0123456789abcdef}",
      later: [{ startS: 0.6, directory: 'sub dir', command: 'sleep 99' }, { startS: 0.7, directory: '.', command: '\x1b[31mred' }] }),
    makeProcess({ parent: 2, startS: 0.55, endS: 0.6, exit: undefined, signal: 'SIGSEGV', directory: 'sub dir' }),
    makeProcess({ parent: 0, startS: 1, endS: 1.5, exit: 2, command: 'ld -o %41 \xe4\xb8\xad', read: [4], wrote: [6, 7] }),
  ];
  return made;
}

test('printProcesses() prints the lines of the format', () => {
  assert.equal(printProcesses(makeBuild().processes), `Process: 1 0 0.0012 2.31 0 . make -j2
Process_read: 1 1
Process: 2 1 0.01 0.41 0 . cc -O2 '-DNAME="x y"' -c a.c -o a.o
Process_read: 2 2-4,6
Process_wrote: 2 7
Process: 3 1 0.5 - - sub%20dir sh -c 'exec sleep 99' sh%20%{0123456789abcdef}
Process_exec: 3 0.6 sub%20dir sleep 99
Process_exec: 3 0.7 . %1B[31mred
Process: 4 3 0.55 0.6 SIGSEGV sub%20dir
Process: 5 1 1 1.5 2 . ld -o %2541 \xe4\xb8\xad
Process_read: 5 5
Process_wrote: 5 7-8
`);
});

test('parseRun() gives back the processes that were printed', () => {
  assert.deepEqual(throughRecord(makeBuild()).processes, makeBuild().processes);
});

test('printSeconds() keeps microseconds, drops zeros and is never negative', () => {
  const table: [number, string][] = [[0, '0'], [2, '2'], [10, '10'], [100.5, '100.5'], [0.01, '0.01'], [0.1234567, '0.123457'], [1e-9, '0'], [-0.5, '0'], [86400.000001, '86400.000001']];
  for (const [seconds, text] of table) assert.equal(printSeconds(seconds), text);
});

/** Every set of numbers below `count`, as lists. */
function allSubsets(count: number): number[][] {
  return Array.from({ length: 1 << count }, (_, bits) => Array.from({ length: count }, (_, i) => i).filter((i) => (bits >> i) % 2 === 1));
}

test('readProcesses() reads the ranges of every set of files that printRanges() prints', () => {
  for (const subset of allSubsets(9)) {
    if (subset.length === 0) continue;
    const fields = [{ name: 'Process', value: '1 0 0 1 0 . x' }, { name: 'Process_wrote', value: '1 ' + printRanges(subset) }];
    const read = readProcesses(fields, 9, (_, what) => assert.fail(what));
    assert.deepEqual(read.processes[0].wrote, subset);
  }
});

test('the awk program of docs/record-format.txt names the files of a process', () => {
  const text = fs.readFileSync(FORMAT, 'latin1');
  const program = /awk -v n=N '\n([^']*)' ID\.rec/.exec(text);
  assert.ok(program !== null, 'finds the program');
  const folder = makeTemporary();
  fs.writeFileSync(path.join(folder, 'x.rec'), sealRecord(printRunBody(makeBuild()), '0'.repeat(64)), 'latin1');
  const done = run(folder, ['awk', '-v', 'n=2', program[1], 'x.rec'], { env: { LC_ALL: 'C' } });
  const hash = '0'.repeat(64);
  assert.equal(done.stdout, ['Process_read: Input: ' + hash + '  1 a.c', 'Process_read: Input: ' + hash + '  1 a.h', 'Process_read: Input: ' + hash + '  1 b c.h',
    'Process_read: Input: ' + hash + '  1 z.h', 'Process_wrote: Output: ' + hash + '  1 a.o', ''].join('\n'));
});

test('recfix accepts processes, and recsel with python gives the same words and commands', { skip: NO_RECUTILS }, () => {
  const folder = makeTemporary();
  const made = makeBuild();
  made.processes.push(makeProcess({ command: 'echo end\\' }), makeProcess({ command: '+ plus', directory: ' odd\n%20' }));
  fs.writeFileSync(path.join(folder, 'x.rec'), sealRecord(printRunBody(made), '0'.repeat(64)), 'latin1');
  const check = run(folder, ['recfix', '--check', 'x.rec']);
  assert.equal(check.status, 0, check.stderr);
  const script = 'import subprocess, json, urllib.parse\n'
    + 'text = lambda word: urllib.parse.unquote_to_bytes(word).decode("latin1")\n'
    + 'out = []\n'
    + 'for line in subprocess.run(["recsel", "-P", "Process", "x.rec"], stdout=subprocess.PIPE).stdout.split(b"\\n"):\n'
    + '  if line: words = line.split(b" ", 6); out.append([text(words[5]), text(words[6]) if len(words) > 6 else ""])\n'
    + 'print(json.dumps(out))\n';
  const done = run(folder, ['python3', '-c', script]);
  assert.equal(done.stderr, '');
  // What is withheld stands as %{...}, which has no meaning to python.
  assert.deepEqual(JSON.parse(done.stdout), made.processes.map((one) => [one.directory, one.command.replace('\0', '%')]));
});

test('parseRun() names the line of each kind of damage in processes', () => {
  const text = sealRecord(printRunBody(makeBuild()), '0'.repeat(64));
  const first = text.split('\n').indexOf('Process: 1 0 0.0012 2.31 0 . make -j2') + 1;
  const table: [string, string, number, RegExp][] = [
    ['Process: 2 1 ', 'Process: 3 1 ', 2, /Process: not number 2: 3/],
    ['Process: 1 0 ', 'Process: 1 1 ', 0, /a parent that does not stand before it: 1/],
    ['Process: 3 1 ', 'Process: 3 4 ', 5, /a parent that does not stand before it: 4/],
    ['Process: 3 1 ', 'Process: 3 ' + '9'.repeat(400) + ' ', 5, /a parent that does not/],
    ['0.0012 2.31 0', '0.0012 2.31 256', 0, /not an exit status: 256/],
    ['0.0012 2.31 0', '-1 2.31 0', 0, /not "N PARENT/],
    ['0.0012 2.31 0', '1e3 2.31 0', 0, /not "N PARENT/],
    ['0.0012 2.31 0', '9'.repeat(400) + ' 2.31 0', 0, /not "N PARENT/],
    ['SIGSEGV', 'sigsegv', 8, /not "N PARENT/],
    ['Process: 1 0 0.0012 2.31 0 . make -j2', 'Process: 1 0 0.0012 2.31 0', 0, /not "N PARENT/],
    ['Process_exec: 3', 'Process_exec: 9', 6, /Process_exec: no process 9/],
    ['Process_exec: 3', 'Process_exec: 0', 6, /Process_exec: not "N START/],
    ['Process_read: 5 5', 'Process_read: 6 5', 10, /Process_read: no process 6/],
    ['Process_read: 5 5', 'Process_read: 5 9', 10, /not ascending numbers of files, 1 to 8/],
    ['Process_read: 5 5', 'Process_read: 5 0', 10, /not ascending/],
    ['Process_read: 5 5', 'Process_read: 5 3-2', 10, /not ascending/],
    ['Process_read: 5 5', 'Process_read: 5 3,3', 10, /not ascending/],
    ['Process_read: 5 5', 'Process_read: 5 4-5,5', 10, /not ascending/],
    ['Process_read: 5 5', 'Process_read: 5 1,', 10, /not ascending/],
    ['Process_read: 5 5', 'Process_read: 5 1-2-3', 10, /not ascending/],
    ['Process_read: 5 5', 'Process_read: 5 1-' + '9'.repeat(400), 10, /not ascending/],
    ['Process_read: 5 5', 'Process_read: 5 x', 10, /not "N RANGES"/],
    ['Process_read: 5 5', 'Process_read: 2 5', 10, /stands twice/],
  ];
  for (const [from, to, after, message] of table) {
    assert.ok(text.includes(from), from);
    assert.throws(() => parseRun(text.replace(from, () => to), 'x.rec'), (error) => error instanceof Failure
      && error.message.startsWith('cannot read "x.rec": line ' + String(first + after) + ': Process') && message.test(error.message), to);
  }
});

test('parseRun() takes the lines of processes before those of files', () => {
  const lines = printRunBody(makeBuild()).split('\n').slice(0, -1);
  const isProcess = (line: string): boolean => line.startsWith('Process');
  const turned = lines.slice(0, 1).concat(lines.filter((line) => line.startsWith('Process_')), lines.filter((line) => line.startsWith('Process:')), lines.slice(1).filter((line) => !isProcess(line)));
  assert.deepEqual(parseRun(sealRecord(turned.join('\n') + '\n', '0'.repeat(64)), 'x.rec').processes, makeBuild().processes);
});

test('parseRun() of a newer format keeps lines on processes that it does not understand', () => {
  const body = printRunBody(makeBuild()).replace('format 1', 'format 2').replace('Process: 2 1 0.01', 'Process: 2 1 soon');
  const read = parseRun(sealRecord(body, '0'.repeat(64)), 'x.rec');
  assert.deepEqual(read.processes, []);
  assert.deepEqual(read.unknown.map((field) => field.name + ': ' + field.value), body.split('\n').filter((line) => line.startsWith('Process')));
});

test('parseRun() leaves out lists of files beyond MAX_PROCESS_FILES and says so', () => {
  const count = 1 << 16;
  const made = makeRun(Array.from({ length: count }, (_, i) => 'f' + String(i)), []);
  const fitting = MAX_PROCESS_FILES / count;
  const lines: string[] = [];
  for (let number = 1; number <= fitting + 2; number++) lines.push('Process: ' + String(number) + ' 0 0 1 0 . x', 'Process_read: ' + String(number) + ' 1-' + String(count));
  const read = parseRun(sealRecord(printRunBody(made) + lines.join('\n') + '\n', '0'.repeat(64)), 'x.rec');
  assert.deepEqual(read.warnings, ['too long to be read here: 2 lists of the files that processes read or wrote']);
  assert.deepEqual(read.processes.map((one) => one.read.length), Array.from({ length: fitting }, () => count).concat(0, 0));
});

test('printProcessTree() is not cut without a terminal', () => {
  assert.equal(printProcessTree(makeBuild(), { width: Infinity, hasFiles: false, isComplete: false }), `START   TIME  READ  WROTE  COMMAND
 0.00  2.31s     1      0  make -j2
 0.01  0.40s     4      1  |- cc -O2 '-DNAME="x y"' -c a.c -o a.o
 0.50      -     0      0  |- sh -c 'exec sleep 99' sh <withheld {0123456789abcdef}>  [outlived the command, in sub dir]
 0.60                      |  |  then sleep 99
 0.70                      |  |  then %1B[31mred  [in .]
 0.55  0.05s     0      0  |  \`- (copy of its parent)  [SIGSEGV]
 1.00  0.50s     1      2  \`- ld -o %41 \xe4\xb8\xad  [exit 2]
`);
});

test('printProcessTree() cuts commands to the width of a terminal, and keeps how they ended', () => {
  const text = printProcessTree(makeBuild(), { width: 60, hasFiles: false, isComplete: false });
  assert.equal(text, `START   TIME  READ  WROTE  COMMAND
 0.00  2.31s     1      0  make -j2
 0.01  0.40s     4      1  |- cc -O2 '-DNAME="x y"' -c a.c ~
 0.50      -     0      0  |- sh -c 'exec sle~  [outlived t~
 0.60                      |  |  then sleep 99
 0.70                      |  |  then %1B[31mred  [in .]
 0.55  0.05s     0      0  |  \`- (copy of its pa~  [SIGSEGV]
 1.00  0.50s     1      2  \`- ld -o %41 \xe4\xb8\xad  [exit 2]
`);
  for (let width = 40; width < 130; width++) {
    for (const line of printProcessTree(makeBuild(), { width, hasFiles: true, isComplete: false }).split('\n')) assert.ok(displayWidth(line) <= width, line);
  }
});

test('printProcessTree() leaves out the folder of a program before it cuts a command', () => {
  const made = makeRun([], []);
  made.processes = [makeProcess({ command: '/usr/lib/gcc/cc1 -quiet a.c', later: [{ startS: 0, directory: '.', command: '/usr/bin/ld -o /tmp/very/long' }] })];
  const texts = (width: number): string[] => printProcessTree(made, { width, hasFiles: false, isComplete: false }).split('\n').slice(1, 3).map((line) => line.slice(27).trim());
  assert.deepEqual(texts(80), ['/usr/lib/gcc/cc1 -quiet a.c', 'then /usr/bin/ld -o /tmp/very/long']);
  assert.deepEqual(texts(52), ['cc1 -quiet a.c', 'then ld -o /tmp/very/~']);
});

test('printProcessTree() names the files, ten of each kind unless all are asked for', () => {
  const made = makeBuild();
  const files = (isComplete: boolean): string[] => printProcessTree(made, { width: Infinity, hasFiles: true, isComplete }).split('\n').filter((line) => /^ {27}/.test(line)).map((line) => line.slice(27));
  assert.deepEqual(files(false), ['|  read  Makefile', '|     read  a.c', '|     read  a.h', '|     read  b c.h', '|     read  z.h', '|     wrote a.o',
    '      read  odd%0A%FF.h', '      wrote a.o', '      wrote b c.o']);
  const many = makeRun(Array.from({ length: 12 }, (_, i) => 'f' + String(i)), []);
  many.processes = [makeProcess({ command: 'x', read: many.inputs.map((_, i) => i) })];
  const show = (isComplete: boolean): string[] => printProcessTree(many, { width: 80, hasFiles: true, isComplete }).trimEnd().split('\n').slice(2).map((line) => line.trim());
  assert.deepEqual(show(false), many.inputs.slice(0, 10).map((file) => 'read  ' + file.path).concat('and 2 more (--all)'));
  assert.deepEqual(show(true), many.inputs.map((file) => 'read  ' + file.path));
});

test('printProcessTree() draws a chain of any length, and numbers its deep levels', () => {
  const made = makeRun([], []);
  for (let i = 0; i < 20000; i++) made.processes.push(makeProcess({ parent: i === 0 ? undefined : i - 1, command: 'level' + String(i) }));
  const lines = printProcessTree(made, { width: 80, hasFiles: false, isComplete: false }).split('\n');
  assert.equal(lines.length, 20002);
  assert.equal(lines[2].slice(27), '`- level1');
  assert.equal(lines[8].slice(27), '                  `- level7');
  assert.equal(lines[9].slice(27), '                     (level 8) level8');
  assert.equal(lines[20000].slice(27), '                     (level 19999) level19999');
});

test('printJsonRun() has processes with the numbers of the record', () => {
  const processes = (JSON.parse(printJsonRun(makeBuild())) as { processes: unknown[] }).processes;
  assert.deepEqual(processes[1], { number: 2, parent: 1, start_s: 0.01, end_s: 0.41, exit: 0, directory: '.', command: "cc -O2 '-DNAME=\"x y\"' -c a.c -o a.o", later: [], read: '2-4,6', wrote: '7' });
  assert.deepEqual(processes[2], { number: 3, parent: 1, start_s: 0.5, directory: 'sub dir', command: "sh -c 'exec sleep 99' sh%20%{0123456789abcdef}",
    later: [{ start_s: 0.6, directory: 'sub dir', command: 'sleep 99' }, { start_s: 0.7, directory: '.', command: '%1B[31mred' }], read: '', wrote: '' });
});
