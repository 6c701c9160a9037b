// watchtree.test.ts - the tree of processes in a record: who started whom, where, how it ended, what it read and wrote.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { run } from './rig.ts';
import { copyProject, decode, missingOf, NO_PYTHON, NO_TRACER, PYTHON, shell, traceRun } from './watchrig.ts';
import type { Traced, TracedNode } from './watchrig.ts';

const SETUP = 'mkdir d; printf alpha > a; printf beta > b; printf dx > d/x; ';

/** The words that a command of a record gives to its program, asked of a shell. */
function wordsOf(folder: string, command: string): string[] {
  const done = run(folder, ['sh', '-c', 'for word in ' + decode(command) + '; do printf "%s\\0" "$word"; done']);
  assert.equal(done.status, 0, command + ': ' + done.stderr);
  return done.stdout.split('\0').slice(0, -1);
}

type Show = (words: string[]) => string;

const inFull: Show = (words) => words.join(' ');
const programOnly: Show = (words) => words[0].replace(/^.*\//, '');

/** A line for each process, children after their parent and deeper; those of one parent in the order of the text if `isSorted`. */
function printTree(folder: string, traced: Traced, show: Show, isSorted: boolean): string {
  const print = (node: TracedNode, depth: number): string => {
    const command = node.command === '' ? '(copy)' : show(wordsOf(folder, node.command));
    const later = node.later.map((image) => ', then ' + show(wordsOf(folder, image.command)) + (image.folder === node.folder ? '' : ' in ' + image.folder)).join('');
    const files = (node.read.length > 0 ? ' reads ' + node.read.join(',') : '') + (node.wrote.length > 0 ? ' writes ' + node.wrote.join(',') : '');
    const children = node.children.map((child) => print(child, depth + 1));
    return '  '.repeat(depth) + command + (node.folder === '.' ? '' : ' in ' + node.folder) + later + (node.end === '0' ? '' : ' -> ' + node.end) + files + '\n' + (isSorted ? children.sort() : children).join('');
  };
  return traced.processes.filter((node) => node.parent === 0).map((node) => print(node, 0)).join('');
}

/** What holds of every tree: a child starts within its parent's time, nobody ends before its start. */
function checkTimes(traced: Traced): void {
  const wallS = Number(traced.fields.Wall_s[0]);
  for (const node of traced.processes) {
    const what = 'process ' + String(node.number) + ' of ' + String(traced.processes.length);
    const parent = node.parent === 0 ? undefined : traced.processes[node.parent - 1];
    assert.ok(node.startS >= (parent?.startS ?? 0), what + ' starts after its parent');
    assert.ok(parent?.endS === undefined || node.startS <= parent.endS, what + ' is started by a living parent');
    assert.ok(node.endS === undefined || node.endS >= node.startS, what + ' ends after its start');
    assert.ok(node.endS === undefined || node.parent !== 0 || node.endS <= wallS + 1, what + ' ends with the run');
    for (const image of node.later) assert.ok(image.startS >= node.startS && (node.endS === undefined || image.startS <= node.endS), what + ' becomes another program while it lives');
  }
}

type Case = { name: string; setup?: string; command: string[]; status?: number; show?: Show; isSorted?: boolean; tree: string[]; skip?: string | false };

// A shell may open what a command is redirected to by itself or by the process that becomes the command:
// programs that open their files tell who it was.
const SCRIPT = 'cp a c; (cd d; cp x ../e; :); (cp b e; exec cat d/x > f); exec cp c g';

const CASES: Case[] = [
  { name: 'one program', command: ['cat', 'a'], tree: ['cat a reads a'] },
  { name: 'a program that is not there', command: ['sh', '-c', './none; exit 0'], tree: ['sh -c ./none; exit 0', '  (copy) -> 127'] },
  {
    name: 'sh -c with subshells, redirections and exec', command: ['sh', '-c', SCRIPT],
    tree: ['sh -c ' + SCRIPT + ', then cp c g reads c writes g', '  cp a c reads a writes c', '  (copy)', '    cp x ../e in d reads d/x writes e', '  cat d/x reads d/x writes f', '    cp b e reads b writes e'],
  },
  {
    name: 'a pipeline', command: ['sh', '-c', 'cat a b | tr a-z A-Z | tee c > e; :'], isSorted: true,
    tree: ['sh -c cat a b | tr a-z A-Z | tee c > e; :', '  cat a b reads a,b', '  tee c writes c,e', '  tr a-z A-Z'],
  },
  {
    name: 'statuses and signals', command: ['sh', '-c', 'sh -c "exit 3"; sh -c "ulimit -c 0; kill -SEGV \\$\\$"; sh -c "kill -TERM \\$\\$"; sh -c "trap : TERM; kill -TERM \\$\\$; exit 5"; exit 7'], status: 7, show: programOnly,
    tree: ['sh -> 7', '  sh -> 3', '  sh -> SIGSEGV', '  sh -> SIGTERM', '  sh -> 5'],
  },
  { name: 'arguments of every kind', command: ['sh', '-c', 'printf %s "$@" > out', '', 'two words', 'it\'s', '$HOME', 'new\nline', '*', 'back\\', '100%'], tree: ["sh -c printf %s \"$@\" > out  two words it's $HOME new\nline * back\\ 100% writes out"] },
  {
    name: 'a script by its #! line', setup: "printf '#!/bin/sh\\ncp a c\\n:\\n' > run.sh; chmod +x run.sh; ", command: ['./run.sh'],
    tree: ['./run.sh reads run.sh', '  cp a c reads a writes c'],
  },
  {
    name: 'a chain of programs in one process', command: ['env', 'X=1', 'nice', '-n', '1', 'sh', '-c', 'exec cat a'],
    tree: ['env X=1 nice -n 1 sh -c exec cat a, then nice -n 1 sh -c exec cat a, then sh -c exec cat a, then cat a reads a'],
  },
  {
    name: 'threads are part of their process', skip: NO_PYTHON, show: programOnly,
    command: [PYTHON, '-I', '-S', '-c', 'import threading\ndef f(n): open(n).read()\nts = [threading.Thread(target=f, args=(n,)) for n in "ab"]\nfor t in ts: t.start()\nfor t in ts: t.join()\nimport os\nif os.fork() == 0:\n t = threading.Thread(target=f, args=("d/x",)); t.start(); t.join(); os._exit(4)\nos.wait()'],
    tree: ['python3 reads a,b', '  (copy) -> 4 reads d/x'],
  },
  {
    name: 'a child whose parent ends first', command: ['sh', '-c', '(sh -c "while [ ! -e go ]; do sleep 0.02; done; cp a c; > done" &) ; : > go; while [ ! -e done ]; do sleep 0.02; done'], show: (words) => words.filter((word) => word.length < 5).join(' '),
    tree: ['sh -c writes go', '  (copy)', '    sh -c writes done', '      cp a c reads a writes c'], isSorted: true,
  },
  {
    name: 'what inherits an open file is not told apart from who opened it', command: ['sh', '-c', 'exec 3< a 4> c; cat <&3 >&4; :'],
    tree: ['sh -c exec 3< a 4> c; cat <&3 >&4; : reads a writes c', '  cat'],
  },
];

/** Waiting loops start any number of these. */
function withoutSleeps(tree: string): string {
  return tree.replace(/^ *sleep( 0\.02)?\n| *0\.02\n/gm, '');
}

for (const one of CASES) {
  test('record the tree of processes: ' + one.name, { skip: NO_TRACER !== false ? NO_TRACER : one.skip ?? false, timeout: 60000 }, () => {
    const folder = copyProject();
    shell(folder, SETUP + (one.setup ?? ''));
    const traced = traceRun(folder, one.command);
    assert.equal(traced.done.status, one.status ?? 0, traced.done.stderr);
    const sleepless = { ...traced, processes: traced.processes.map((node) => ({ ...node, children: node.children.filter((child) => !child.command.startsWith('sleep ')) })) };
    assert.equal(withoutSleeps(printTree(folder, sleepless, one.show ?? inFull, one.isSorted === true)), one.tree.join('\n') + '\n', traced.warnings.join('\n'));
    checkTimes(traced);
  });
}

// ---- make -------------------------------------------------------------------------------------------

const SOURCES = `
printf '#define ONE 1\\n' > one.h; printf '#include "one.h"\\n#define TWO 2\\n' > two.h
printf '#include "one.h"\\nint one(void) { return ONE; }\\n' > one.c
printf '#include "two.h"\\nint two(void) { return TWO; }\\n' > two.c
printf 'int one(void), two(void);\\nint main(void) { return one() + two(); }\\n' > main.c
printf 'prog: main.o one.o two.o\\n\\tcc -o prog main.o one.o two.o\\n%%.o: %%.c\\n\\tcc -O1 -c -o $@ $<\\n' > Makefile
`;

/** GCC's programs but its driver; others have other names. */
const MAKE_TREE = [
  'make reads Makefile',
  '  cc',
  '    as writes main.o',
  '    cc1 reads main.c',
  '  cc',
  '    as writes one.o',
  '    cc1 reads one.c,one.h',
  '  cc',
  '    as writes two.o',
  '    cc1 reads one.h,two.c,two.h',
  '  cc',
  '    collect2',
  '      ld reads main.o,one.o,two.o writes prog',
];

function isGcc(): boolean {
  return /Free Software Foundation/.test(run(undefined, ['cc', '--version']).stdout);
}

for (const jobs of ['-j1', '-j4']) {
  test('record the tree of processes: make ' + jobs + ' with three compiler calls', { skip: missingOf('make', 'cc') || (isGcc() ? false : 'cc is not GCC'), timeout: 60000 }, () => {
    const folder = copyProject();
    shell(folder, SOURCES);
    const traced = traceRun(folder, ['make', '-s', jobs, 'prog']);
    assert.equal(traced.done.status, 0, traced.done.stderr);
    assert.equal(printTree(folder, traced, programOnly, true), MAKE_TREE.join('\n') + '\n');
    assert.ok(traced.processes.slice(1).every((node) => node.folder === '.'));
    checkTimes(traced);
  });
}

test('record the tree of processes: 600 of them, each with its own file', { skip: NO_TRACER, timeout: 60000 }, () => {
  const folder = copyProject();
  shell(folder, 'mkdir in out; i=0; while [ $i -lt 600 ]; do : > in/$i; i=$((i+1)); done');
  const traced = traceRun(folder, ['sh', '-c', 'i=0; while [ $i -lt 600 ]; do cat in/$i > out/$i & i=$((i+1)); [ $((i % 50)) -ne 0 ] || wait; done; wait']);
  assert.equal(traced.processes.length, 601);
  for (const node of traced.processes.slice(1)) {
    const words = node.command.split(' ');
    assert.deepEqual([words[0], node.read, node.wrote, node.end, node.parent], ['cat', [words[1]], [words[1].replace('in/', 'out/')], '0', 1]);
  }
});
