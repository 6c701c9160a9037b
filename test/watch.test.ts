// watch.test.ts - small commands whose inputs and outputs are written down by hand; the record has these, no more and no less.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import { IS_ROOT, listRecords, makeTemporary, rr, run, startRr, waitUntil } from './rig.ts';
import { copyProject, decode, hashAll, kindAndPath, missingOf, NO_PYTHON, NO_TRACER, PYTHON, readTraced, shell, traceArguments, traceRun } from './watchrig.ts';
import type { Traced } from './watchrig.ts';

// Every case starts with these files, and may make more.
const SETUP = 'mkdir d; printf alpha > a; printf beta > b; printf dx > d/x; printf dy > d/y; ';

type Case = {
  name: string;
  setup?: string;
  /** A line of shell, or the words of a command. */
  command: string | string[];
  /** A line of shell that calls rr by "$@". */
  outer?: string;
  /** Own rules for classes of files. */
  rules?: string;
  /** Paths as in a record; "l:" a link, "d:" a folder, "p:" a FIFO, "s:" a socket. @OUT@ is a folder outside the project. */
  inputs?: string[];
  outputs?: string[];
  removed?: string[];
  absent?: string[];
  /** Files made and gone again, not names; undefined: none. */
  temporary?: number;
  /** Exit status of rr, 0 if not given. */
  status?: number;
  skip?: string | false;
};

/** Python that starts quickly and finds no module in the project. */
function python(...lines: string[]): string[] {
  return [PYTHON, '-I', '-S', '-c', ['import os, sys'].concat(lines).join('\n')];
}

/** The hashes in the record are those of the contents before and after, or a warning says why one is not known. */
function checkHashes(traced: Traced, before: Map<string, string>, after: Map<string, string>, name: string): void {
  const check = (role: string, files: Traced['inputs'], contents: Map<string, string>): void => {
    for (const file of files) {
      if (file.path[0] === '/' || file.hash === '-') continue;
      const isTold = file.hash === '?' && traced.warnings.some((warning) => warning.indexOf(file.path) >= 0);
      assert.ok(isTold || file.hash === contents.get(decode(file.path)), name + ': ' + role + ' ' + file.path + ' has the hash ' + file.hash);
    }
  };
  check('input', traced.inputs, before);
  check('output', traced.outputs, after);
}

function runCase(one: Case): void {
  const folder = copyProject();
  const outside = makeTemporary();
  const fill = (text: string): string => text.split('@OUT@').join(outside);
  shell(folder, fill(SETUP + (one.setup ?? '')));
  if (one.rules !== undefined) fs.writeFileSync(folder + '/provenance/files.txt', fill(one.rules));
  const before = hashAll(folder);
  const argv = (typeof one.command === 'string' ? ['sh', '-c', one.command] : one.command).map(fill);
  const traced = traceRun(folder, argv, { outer: one.outer });
  const list = (paths: string[] | undefined): string[] => (paths ?? []).map(fill).sort();
  const found = {
    status: traced.done.status, inputs: traced.inputs.map(kindAndPath).sort(), outputs: traced.outputs.map(kindAndPath).sort(), removed: traced.removed.slice().sort(), absent: traced.absent.slice().sort(),
    temporary: traced.temporary,
  };
  const truth = { status: one.status ?? 0, inputs: list(one.inputs), outputs: list(one.outputs), removed: list(one.removed), absent: list(one.absent), temporary: one.temporary ?? 0 };
  assert.deepEqual(found, truth, one.name + '\n' + traced.done.stderr + traced.warnings.join('\n'));
  assert.match(traced.fields.Observed[0], /^strace \d/);
  checkHashes(traced, before, hashAll(folder), one.name);
}

function testCases(title: string, cases: Case[]): void {
  for (const one of cases) test('record ' + title + ': ' + one.name, { skip: NO_TRACER !== false ? NO_TRACER : one.skip ?? false, timeout: 60000 }, () => runCase(one));
}

function pythonCases(title: string, cases: Case[]): void {
  testCases(title, cases.map((one) => ({ ...one, skip: NO_PYTHON !== false ? NO_PYTHON : one.skip })));
}

testCases('reads', [
  { name: 'cat a > out', command: 'cat a > out', inputs: ['a'], outputs: ['out'] },
  { name: 'standard input of a command', command: 'cat < a > out', inputs: ['a'], outputs: ['out'] },
  { name: 'standard input and output of rr itself', command: ['cat'], outer: '"$@" < a > out', inputs: ['a'], outputs: ['out'] },
  { name: 'words of the command that are not read are no inputs', command: 'echo a b d/x > out', outputs: ['out'] },
  { name: 'a file read twice, by two programs, is one input', command: 'cat a a > out; wc a >> out', inputs: ['a'], outputs: ['out'] },
  { name: 'opened for reading and writing, only read', command: 'exec 3<>a; cat <&3 > out', inputs: ['a'], outputs: ['out'] },
  { name: 'a folder that is listed is no input', command: 'ls -l d . > out', outputs: ['out'] },
  { name: 'a folder that is opened as a file is no input', command: 'cat d || :' },
  { name: '/dev/stdin and /dev/fd lead to the file', command: 'cat /dev/stdin < a > out; exec 3< b; cat /dev/fd/3 >> out', inputs: ['a', 'b'], outputs: ['out'] },
  { name: '/dev, /proc and /sys are no inputs', command: 'head -c 9 /dev/zero > /dev/null; cat /proc/self/status /proc/cpuinfo > /dev/null; ls /sys > /dev/null' },
  { name: 'files of the system are no inputs', command: 'cat /etc/hostname /etc/fstab /etc/os-release > /dev/null 2>&1 || :' },
  { name: 'a file in /tmp from before is an input from outside', setup: 'printf o > @OUT@/o; ', command: 'cat @OUT@/o > out', inputs: ['@OUT@/o'], outputs: ['out'] },
  { name: 'provenance, .rr and .git are left out', setup: 'mkdir .git; printf x > .git/x; ', command: 'cat provenance/README.txt .git/x > /dev/null; ls .rr > /dev/null; printf y > .git/y' },
  { name: 'a removed file that is still read', command: 'exec 3< a; rm a; cat <&3 > out', inputs: ['a'], outputs: ['out'], removed: ['a'] },
  { name: 'what the run itself wrote is no input', command: 'printf x > out; cat out out > more', outputs: ['out', 'more'] },
  { name: 'cd in a subshell', command: '(cd d && cat x > ../out; cd .. && cat a >> out); cat b >> out', inputs: ['d/x', 'a', 'b'], outputs: ['out'] },
  { name: 'an empty environment', command: ['env', '-i', '/bin/sh', '-c', 'cat a > out'], inputs: ['a'], outputs: ['out'] },
  { name: 'a pipeline', command: 'cat a | tr a-z A-Z | tee c > out', inputs: ['a'], outputs: ['c', 'out'] },
  { name: 'background jobs that are waited for', command: 'cat a > o1 & cat b > o2 & wait', inputs: ['a', 'b'], outputs: ['o1', 'o2'] },
  { name: 'tar reads a folder', command: 'tar cf t.tar d', inputs: ['d/x', 'd/y'], outputs: ['t.tar'] },
]);

testCases('writes', [
  { name: '> existing', command: 'printf new > a', outputs: ['a'] },
  { name: '> existing, with the same bytes', command: 'printf alpha > a', outputs: ['a'] },
  { name: '> existing, with nothing', command: ': > a', outputs: ['a'] },
  { name: 'read, then replaced, then read', command: 'cat a > out; printf x > a; cat a >> out', inputs: ['a'], outputs: ['a', 'out'] },
  { name: '>> existing', command: 'printf more >> a', inputs: ['a'], outputs: ['a'] },
  { name: '>> new', command: 'printf more >> out', outputs: ['out'] },
  { name: '>> existing, and nothing is written', command: ': >> a' },
  { name: '<> existing, the same bytes', command: 'printf alpha 1<> a', inputs: ['a'], outputs: ['a'] },
  { name: '<> new', command: 'printf x 1<> out', outputs: ['out'] },
  { name: 'dd edits in place', command: 'printf X | dd of=a bs=1 seek=2 conv=notrunc status=none', inputs: ['a'], outputs: ['a'] },
  { name: 'a write whose time is hidden', command: 'printf more >> a; touch -d 2001-01-01 a', inputs: ['a'], outputs: ['a'] },
  { name: 'sed -i', command: 'sed -i s/alpha/gamma/ a', inputs: ['a'], outputs: ['a'] },
  { name: 'perl -i', command: "perl -pi -e 's/alpha/gamma/' a", inputs: ['a'], outputs: ['a'] },
  { name: 'sort -o onto its own input', command: 'sort -o a a', inputs: ['a'], outputs: ['a'] },
  { name: 'truncate to 0', command: 'truncate -s 0 a', outputs: ['a'] },
  { name: 'truncate to less', command: 'truncate -s 3 a', inputs: ['a'], outputs: ['a'] },
  { name: 'truncate to more', command: 'truncate -s 99 a', inputs: ['a'], outputs: ['a'] },
  { name: 'truncate a new file', command: 'truncate -s 99 out', outputs: ['out'] },
  { name: 'cp to a new name', command: 'cp a out', inputs: ['a'], outputs: ['out'] },
  { name: 'cp over an existing file', command: 'cp a b', inputs: ['a'], outputs: ['b'] },
  { name: 'cp -p of an old file', setup: 'touch -d 2001-01-01 a; ', command: 'cp -p a out', inputs: ['a'], outputs: ['out'] },
  { name: 'cp -r of a folder', command: 'cp -r d e', inputs: ['d/x', 'd/y'], outputs: ['d:e', 'e/x', 'e/y'] },
  { name: 'install', command: 'install -m 755 a out; install -m 644 a b', inputs: ['a'], outputs: ['out', 'b'] },
  { name: 'tar unpacks old files', setup: 'touch -d 2001-01-01 d/x; tar cf t.tar d; rm -r d; mkdir e; ', command: 'tar xf t.tar', inputs: ['t.tar'], outputs: ['d:d', 'd/x', 'd/y'] },
  { name: 'tar unpacks over existing files', setup: 'touch -d 2001-01-01 d/x; tar cf t.tar d; ', command: 'tar xf t.tar', inputs: ['t.tar'], outputs: ['d/x', 'd/y'] },
  { name: 'gzip puts another file in its place', command: 'gzip -n a', inputs: ['a'], outputs: ['a.gz'], removed: ['a'] },
  { name: 'mkdir and files below', command: 'mkdir -p n/m; printf f > n/m/f', outputs: ['d:n', 'd:n/m', 'n/m/f'] },
  { name: 'an empty folder', command: 'mkdir n', outputs: ['d:n'] },
  { name: 'own rules: a folder elsewhere is data', rules: '# data\noutside @OUT@/\n', command: 'cat a > @OUT@/new', inputs: ['a'], outputs: ['@OUT@/new'] },
  { name: 'own rules: a kind of file in the project is left out', rules: 'ignored **/*.log\n', command: 'cat a > out; cat a > d/x.log', inputs: ['a'], outputs: ['out'] },
]);

testCases('temporary files', [
  { name: 'made, read and removed', command: 'printf x > t; cat t > out; rm t', outputs: ['out'], temporary: 1 },
  { name: 'removed while open', command: 'exec 3> t; rm t; printf x >&3; printf y > out', outputs: ['out'], temporary: 1 },
  { name: 'mktemp in /tmp', command: 't=$(mktemp); cat a > "$t"; cat "$t" > out; rm "$t"', inputs: ['a'], outputs: ['out'], temporary: 1 },
  { name: 'written, then renamed to its name', command: 'cat a > t; mv t out', inputs: ['a'], outputs: ['out'] },
  { name: 'written, then renamed over an existing file', command: 'printf x > t; mv t a', outputs: ['a'] },
  { name: 'renamed twice', command: 'cat a > t; mv t u; mv u out', inputs: ['a'], outputs: ['out'] },
  { name: 'renamed while it is written', command: 'exec 3> t; mv t out; cat a >&3', inputs: ['a'], outputs: ['out'] },
  { name: 'moved from /tmp into the project', command: 't=$(mktemp); cat a > "$t"; mv "$t" out', inputs: ['a'], outputs: ['out'] },
  { name: 'made below a new folder that is renamed', command: 'mkdir t; cat a > t/f; mv t n', inputs: ['a'], outputs: ['d:n', 'n/f'] },
  { name: 'made twice, removed twice, then made', command: 'for i in 1 2; do printf $i > t; rm t; done; printf x > t', outputs: ['t'], temporary: 2 },
]);

testCases('names', [
  { name: 'mv to a new name', command: 'mv a out', inputs: ['a'], outputs: ['out'], removed: ['a'] },
  { name: 'mv over an existing file', command: 'mv a b', inputs: ['a'], outputs: ['b'], removed: ['a'] },
  { name: 'mv over a file that was read', command: 'cat b > out; mv a b', inputs: ['a', 'b'], outputs: ['b', 'out'], removed: ['a'] },
  { name: 'mv into a folder', command: 'mv a b d', inputs: ['a', 'b'], outputs: ['d/a', 'd/b'], removed: ['a', 'b'] },
  { name: 'mv of a folder with files', command: 'mv d e', inputs: ['d/x', 'd/y'], outputs: ['d:e', 'e/x', 'e/y'], removed: ['d', 'd/x', 'd/y'] },
  { name: 'mv of a folder after one of its files was written', command: 'printf 1 > d/x; mv d e; cat e/y > out', inputs: ['d/y'], outputs: ['d:e', 'e/x', 'e/y', 'out'], removed: ['d', 'd/x', 'd/y'] },
  // What comes back unchanged to where it was is no output.
  { name: 'mv and back', command: 'mv a t; mv t a', inputs: ['a'] },
  { name: 'two files swapped by three renames', command: 'mv a t; mv b a; mv t b', inputs: ['a', 'b'], outputs: ['a', 'b'] },
  { name: 'mv of a file from outside', setup: 'printf o > @OUT@/o; touch -d 2001-01-01 @OUT@/o; ', command: 'mv @OUT@/o out', inputs: ['@OUT@/o'], outputs: ['out'], removed: ['@OUT@/o'] },
  { name: 'rm', command: 'rm a', removed: ['a'] },
  { name: 'rm of a file that was read', command: 'cat a > out; rm a', inputs: ['a'], outputs: ['out'], removed: ['a'] },
  { name: 'rm, and made again', command: 'rm a; printf x > a', outputs: ['a'] },
  { name: 'rm -r', command: 'rm -r d', removed: ['d', 'd/x', 'd/y'] },
  { name: 'rmdir', setup: 'mkdir e; ', command: 'rmdir e', removed: ['e'] },
  { name: 'ln', command: 'ln a out', inputs: ['a'], outputs: ['out'] },
  { name: 'ln, then rm of the first name', command: 'ln a out; rm a', inputs: ['a'], outputs: ['out'], removed: ['a'] },
  { name: 'ln -s', command: 'ln -s a out', outputs: ['l:out'] },
  { name: 'ln -sf over a link', setup: 'ln -s a l; ', command: 'ln -sf b l', outputs: ['l:l'] },
  { name: 'a link is read through', setup: 'ln -s a l; ', command: 'cat l > out', inputs: ['a', 'l:l'], outputs: ['out'] },
  { name: 'a chain of links', setup: 'ln -s a l; ln -s ../l d/m; ', command: 'cat d/m > out', inputs: ['a', 'l:l', 'l:d/m'], outputs: ['out'] },
  { name: 'a linked folder is read through', setup: 'ln -s d e; ', command: 'cat e/x > out', inputs: ['d/x', 'l:e'], outputs: ['out'] },
  { name: 'a link is written through', setup: 'ln -s a l; ', command: 'printf x > l', inputs: ['l:l'], outputs: ['a'] },
  { name: 'a link to a file outside', setup: 'printf o > @OUT@/o; ln -s @OUT@/o l; ', command: 'cat l > out', inputs: ['l:l', '@OUT@/o'], outputs: ['out'] },
  { name: 'a link that leads nowhere', setup: 'ln -s nowhere l; ', command: 'cat l || :', inputs: ['l:l'], absent: ['nowhere'] },
  { name: 'readlink', setup: 'ln -s a l; ', command: 'readlink l > out', inputs: ['l:l'], outputs: ['out'] },
  { name: 'rm of a link', setup: 'ln -s a l; ', command: 'rm l', removed: ['l'] },
  { name: 'mv of a link', setup: 'ln -s a l; ', command: 'mv l m', inputs: ['l:l'], outputs: ['l:m'], removed: ['l'] },
  { name: 'chmod +x', command: 'chmod +x a', inputs: ['a'], outputs: ['a'] },
  { name: 'chmod that changes nothing a record has', command: 'chmod 600 a' },
  { name: 'chmod of a new file', command: 'printf x > out; chmod +x out', outputs: ['out'] },
  { name: 'touch of a new file', command: 'touch out', outputs: ['out'] },
  { name: 'touch of an existing file', command: 'touch a' },
  { name: 'a FIFO between two processes', command: 'mkfifo p; cat a > p & cat p > out; wait; rm p', inputs: ['a'], outputs: ['out'], temporary: 1 },
  { name: 'a FIFO that stays', command: 'mkfifo p; cat a > p & cat p > out; wait', inputs: ['a'], outputs: ['out', 'p:p'] },
]);

testCases('names that change their kind or place', [
  { name: 'a file becomes a folder', command: 'rm a; mkdir a', outputs: ['d:a'] },
  { name: 'a folder becomes a file', command: 'rm -r d; printf 1 > d', outputs: ['d'], removed: ['d/x', 'd/y'] },
  { name: 'a file becomes a link', command: 'rm a; ln -s b a', outputs: ['l:a'] },
  { name: 'a link becomes a file', setup: 'ln -s a l; ', command: 'rm l; printf x > l', outputs: ['l'] },
  { name: 'a folder is removed and made again', command: 'rm -r d; mkdir d; printf n > d/x', outputs: ['d:d', 'd/x'], removed: ['d/y'] },
  { name: 'a linked folder is pointed elsewhere after a read', setup: 'mkdir v1 v2; echo 1 > v1/x; ln -s v1 cur; ', command: 'cat cu*/x > o1; sleep 0.1; ln -sfn v2 cur', inputs: ['v1/x', 'l:cur'], outputs: ['l:cur', 'o1'] },
  { name: 'a link is removed after a read', setup: 'ln -s a l; ', command: 'cat [l]; sleep 0.1; rm [l]', inputs: ['a', 'l:l'], removed: ['l'] },
  { name: 'a hard link that comes and goes changes nothing', command: 'for f in [a]; do cat $f; ln $f t; rm t; done', inputs: ['a'] },
  { name: 'a link is pointed elsewhere between two reads', setup: 'ln -s a l; ', command: 'cat l; ln -sfn b l; cat l', inputs: ['a', 'b', 'l:l'], outputs: ['l:l'] },
  { name: 'a linked folder is written into', setup: 'ln -s d e; ', command: 'printf n > e/n', inputs: ['l:e'], outputs: ['d/n'] },
  { name: 'a link is copied', setup: 'ln -s a l; ', command: 'cp -a l m', inputs: ['l:l'], outputs: ['l:m'] },
  { name: 'a link is packed by tar', setup: 'ln -s a l; ', command: 'tar cf t.tar l', inputs: ['l:l'], outputs: ['t.tar'] },
  { name: 'a file is moved into a new folder that is moved', command: 'mkdir n; mv a n; mv n m', inputs: ['a'], outputs: ['d:m', 'm/a'], removed: ['a'] },
  { name: 'a folder is moved onto an empty one', setup: 'mkdir e; ', command: 'mv -T d e', inputs: ['d/x', 'd/y'], outputs: ['d:e', 'e/x', 'e/y'], removed: ['d', 'd/x', 'd/y'] },
  { name: 'a folder is moved and comes back', command: 'mv d e; cat e/x > out; mv e d', inputs: ['d/x'], outputs: ['out'] },
  { name: 'names with dots and slashes', command: 'cat ./d/../a d//x > ./out; cat /proc/self/cwd/b >> out', inputs: ['a', 'b', 'd/x'], outputs: ['out'] },
  { name: 'names through a link to the project', setup: 'ln -s "$PWD" @OUT@/here; ', command: 'cat @OUT@/here/a > @OUT@/here/out', inputs: ['a'], outputs: ['out'] },
  { name: 'a command in a folder that is a link', setup: 'ln -s d e; ', command: ['sh', '-c', 'cat x ../a > n'], outer: 'cd e && "$@"', inputs: ['a', 'd/x'], outputs: ['d/n'] },
  { name: 'standard output of rr is appended to a file', command: ['cat', 'a'], outer: '"$@" >> b', inputs: ['a', 'b'], outputs: ['b'] },
  { name: 'a file that is linked is edited under its other name', setup: 'ln a h; ', command: 'printf A 1<> h', inputs: ['h'], outputs: ['h'] },
  { name: 'a file is removed and comes out the same', command: 'cat a > t; rm a; cp t a; rm t', inputs: ['a'], outputs: ['a'], temporary: 1 },
  { name: 'three thousand files', setup: 'mkdir m; seq 3000 | split -l 1 -a 3 - m/; ', command: 'cat m/* > out', inputs: Array.from({ length: 3000 }, (_, i) => 'm/' + [676, 26, 1].map((unit) => String.fromCharCode(97 + Math.floor(i / unit) % 26)).join('')), outputs: ['out'] },
]);

testCases('what is not there', [
  { name: 'a missing file is told', command: 'cat config || :', absent: ['config'] },
  { name: 'a file in a missing folder', command: 'cat no/such || :', absent: ['no/such'] },
  { name: 'a file below a file', command: 'cat a/x || :', absent: ['a/x'] },
  { name: 'missing, then made', command: 'cat out; printf x > out', outputs: ['out'] },
  { name: 'missing, made and removed', command: 'cat t; printf x > t; rm t', temporary: 1 },
  { name: 'removed, then looked for', command: 'rm a; cat a || :', removed: ['a'] },
  { name: 'a missing program', command: './prog || :', absent: ['prog'] },
  { name: 'missing elsewhere is not told', command: 'cat /etc/rr-no-such-file @OUT@/x || :' },
]);

testCases('programs', [
  { name: 'a script is run by its #! line', setup: "printf '#!/bin/sh\\ncat a > out\\n' > run.sh; chmod +x run.sh; ", command: ['./run.sh'], inputs: ['a', 'run.sh'], outputs: ['out'] },
  { name: 'a script is an argument of its interpreter', setup: "printf 'cat a > out\\n' > run.sh; ", command: ['sh', 'run.sh'], inputs: ['a', 'run.sh'], outputs: ['out'] },
  { name: 'a program in the project', setup: 'cp /bin/cat prog; ', command: './prog a > out', inputs: ['a', 'prog'], outputs: ['out'] },
  { name: 'a program found in a PATH of the project', setup: 'cp /bin/cat d/prog; ', command: 'PATH=$PWD/e:$PWD/d:$PATH; prog a > out', inputs: ['a', 'd/prog'], outputs: ['out'] },
  { name: 'a program that the run made', command: 'cp /bin/cat prog; ./prog a > out', inputs: ['a'], outputs: ['out', 'prog'] },
  { name: 'a failure is recorded', command: 'cat a > out; exit 3', inputs: ['a'], outputs: ['out'], status: 3 },
  { name: 'a segmentation fault is recorded', command: 'ulimit -c 0; cat a > out; kill -SEGV $$; cat b', inputs: ['a'], outputs: ['out'], status: 139 },
  { name: 'a killed command is recorded', command: 'cat a > out; kill -KILL $$; cat b', inputs: ['a'], outputs: ['out'], status: 137 },
  { name: 'a child that is killed in mid run', command: 'sh -c \'cat a > out; kill -KILL $$\'; cat b > two', inputs: ['a', 'b'], outputs: ['out', 'two'] },
  { name: 'a hundred processes', command: 'i=0; while [ $i -lt 100 ]; do cat a > d/$i; i=$((i+1)); done', inputs: ['a'], outputs: Array.from({ length: 100 }, (_, i) => 'd/' + String(i)) },
]);

pythonCases('system calls', [
  { name: 'O_RDWR without O_CREAT, only read', command: python('f = os.open("a", os.O_RDWR)', 'os.read(f, 9)'), inputs: ['a'] },
  { name: 'O_RDWR, and the same bytes are written', command: python('f = os.open("a", os.O_RDWR)', 'x = os.read(f, 9)', 'os.pwrite(f, x, 0)'), inputs: ['a'], outputs: ['a'] },
  { name: 'O_WRONLY without O_TRUNC', command: python('f = os.open("a", os.O_WRONLY)', 'os.write(f, b"A")'), inputs: ['a'], outputs: ['a'] },
  { name: 'O_PATH reads nothing', command: python('os.open("a", os.O_PATH)') },
  { name: 'O_PATH, opened again through /proc', command: python('f = os.open("a", os.O_PATH)', 'os.open("/proc/self/fd/%d" % f, os.O_RDONLY)'), inputs: ['a'] },
  { name: 'O_TMPFILE without a name', command: python('f = os.open(".", os.O_TMPFILE | os.O_RDWR)', 'os.write(f, b"x")'), temporary: 1 },
  { name: 'O_TMPFILE that gets a name', command: python('f = os.open(".", os.O_TMPFILE | os.O_RDWR)', 'os.write(f, b"x")', 'os.link("/proc/self/fd/%d" % f, "out", src_dir_fd=os.open(".", os.O_RDONLY), follow_symlinks=True)'), outputs: ['out'] },
  { name: 'O_EXCL that fails', command: python('try: os.open("a", os.O_CREAT | os.O_EXCL | os.O_WRONLY)', 'except FileExistsError: pass') },
  { name: 'O_NOFOLLOW on a link fails', setup: 'ln -s a l; ', command: python('try: os.open("l", os.O_RDONLY | os.O_NOFOLLOW)', 'except OSError: pass') },
  { name: 'a missing file opened for reading and writing', command: python('try: os.open("none", os.O_RDWR)', 'except FileNotFoundError: pass'), absent: ['none'] },
  { name: 'a file in /tmp from before is edited', setup: 'printf old > @OUT@/o; ', command: python('f = os.open("@OUT@/o", os.O_RDWR)', 'os.write(f, b"new")'), inputs: ['@OUT@/o'], outputs: ['@OUT@/o'] },
  { name: 'ftruncate to 0 and rewritten', command: python('f = os.open("a", os.O_WRONLY)', 'os.ftruncate(f, 0)', 'os.write(f, b"new")'), outputs: ['a'] },
  { name: 'names relative to a folder descriptor', command: python('f = os.open("d", os.O_RDONLY)', 'g = os.open("x", os.O_RDONLY, dir_fd=f)', 'h = os.open("new", os.O_CREAT | os.O_WRONLY, dir_fd=f)', 'os.rename("y", "z", src_dir_fd=f, dst_dir_fd=f)',
    'os.unlink("new", dir_fd=f)', 'os.symlink("x", "s", dir_fd=f)', 'os.mkdir("m", dir_fd=f)'), inputs: ['d/x', 'd/y'], outputs: ['d/z', 'l:d/s', 'd:d/m'], removed: ['d/y'], temporary: 1 },
  { name: 'missing names relative to a folder descriptor', command: python('f = os.open("d", os.O_RDONLY)', 'try: os.open("none", os.O_RDONLY, dir_fd=f)', 'except FileNotFoundError: pass'), absent: ['d/none'] },
  { name: 'chdir, fchdir and fork keep their folders apart', command: python('top = os.open(".", os.O_RDONLY)', 'os.chdir("d")', 'if os.fork() == 0:', ' os.rename("x", "x1")', ' os.fchdir(top)', ' os.rename("a", "a1")', ' os._exit(0)', 'os.wait()', 'os.rename("y", "y1")', 'os.fchdir(top)',
    'os.rename("b", "b1")'), inputs: ['a', 'b', 'd/x', 'd/y'], outputs: ['a1', 'b1', 'd/x1', 'd/y1'], removed: ['a', 'b', 'd/x', 'd/y'] },
  { name: 'threads share their folder', command: python('import threading', 'def f():', ' os.chdir("d")', 't = threading.Thread(target=f)', 't.start()', 't.join()', 'os.rename("x", "z")'), inputs: ['d/x'], outputs: ['d/z'], removed: ['d/x'] },
  { name: 'a thread with a folder of its own', command: python('import threading, ctypes', 'c = ctypes.CDLL(None)', 'def f():', ' c.unshare(0x200)', ' os.chdir("d")', ' os.rename("x", "z")', 't = threading.Thread(target=f)', 't.start()', 't.join()', 'os.rename("a", "c")'),
    inputs: ['a', 'd/x'], outputs: ['c', 'd/z'], removed: ['a', 'd/x'] },
  { name: 'threads that read and write', command: python('import threading', 'def f(i):', ' open("o%d" % i, "w").write(open("a").read())', 'ts = [threading.Thread(target=f, args=(i,)) for i in range(8)]', 'for t in ts: t.start()', 'for t in ts: t.join()'), inputs: ['a'],
    outputs: ['o0', 'o1', 'o2', 'o3', 'o4', 'o5', 'o6', 'o7'] },
  { name: 'a thread becomes another program', command: python('import threading', 'def f():', ' open("b").read()', ' os.execv("/bin/cat", ["cat", "a"])', 't = threading.Thread(target=f)', 't.start()', 't.join()'), inputs: ['a', 'b'] },
  { name: 'vfork', command: [PYTHON, '-I', '-c', 'import subprocess\nsubprocess.run(["cat", "a"], stdout=open("out", "w"))'], inputs: ['a'], outputs: ['out'] },
  { name: 'posix_spawn', command: python('os.waitpid(os.posix_spawn("/bin/cp", ["cp", "a", "out"], {}), 0)'), inputs: ['a'], outputs: ['out'] },
  { name: 'fexecve', setup: 'cp /bin/cat prog; ', command: python('f = os.open("prog", os.O_RDONLY)', 'os.execve(f, ["prog", "a"], {})'), inputs: ['a', 'prog'] },
  { name: 'execveat relative to a folder', setup: 'cp /bin/cat d/prog; ', command: python('import ctypes', 'f = os.open("d", os.O_RDONLY)', 'v = (ctypes.c_char_p * 3)(b"prog", b"a", None)', 'ctypes.CDLL(None).syscall(322, f, b"prog", v, None, 0)', 'os._exit(9)'), inputs: ['a', 'd/prog'],
    skip: process.arch === 'x64' ? false : 'the number of execveat is known for x86-64' },
  { name: 'openat2', command: python('import ctypes', 'how = (ctypes.c_uint64 * 3)(os.O_RDONLY, 0, 0)', 'c = ctypes.CDLL(None)', 'assert c.syscall(437, -100, b"a", how, 24) >= 0', 'how[0] = os.O_WRONLY | os.O_CREAT | os.O_TRUNC', 'how[1] = 0o644', 'assert c.syscall(437, -100, b"out", how, 24) >= 0',
    'how[0] = how[1] = 0', 'c.syscall(437, -100, b"none", how, 24)'), inputs: ['a'], outputs: ['out'], absent: ['none'] },
  { name: 'memfd_create and sendfile', command: python('m = os.memfd_create("a")', 'os.write(m, b"x")', 'o = os.open("out", os.O_WRONLY | os.O_CREAT)', 'os.sendfile(o, m, 0, 1)'), outputs: ['out'] },
  { name: 'copy_file_range and sendfile', command: python('o = os.open("out", os.O_WRONLY | os.O_CREAT)', 'os.copy_file_range(os.open("a", 0), o, 9)', 'os.sendfile(o, os.open("b", 0), 0, 9)'), inputs: ['a', 'b'], outputs: ['out'] },
  { name: 'a shared mapping is written', command: [PYTHON, '-I', '-c', 'import mmap\nf = open("a", "r+b")\nm = mmap.mmap(f.fileno(), 0)\nm[0:1] = b"A"\nm.close()'], inputs: ['a'], outputs: ['a'] },
  { name: 'RENAME_EXCHANGE', command: python('import ctypes', 'assert ctypes.CDLL(None).renameat2(-100, b"a", -100, b"d/x", 2) == 0'), inputs: ['a', 'd/x'], outputs: ['a', 'd/x'] },
  { name: 'RENAME_NOREPLACE that fails', command: python('import ctypes', 'assert ctypes.CDLL(None).renameat2(-100, b"a", -100, b"b", 1) != 0') },
  { name: 'a rename that fails', command: python('try: os.rename("a", "none/a")', 'except FileNotFoundError: pass') },
  { name: 'a socket with a name', command: python('import _socket', 's = _socket.socket(1, 1)', 's.bind("so")'), outputs: ['s:so'] },
  { name: 'utime', command: python('os.utime("a", (1, 1))') },
  { name: 'a file that is made again under an open one', command: python('f = open("a")', 'os.unlink("a")', 'open("a", "w").write("new")', 'open("out", "w").write(f.read())'), inputs: ['a'], outputs: ['a', 'out'] },
  { name: 'chroot', skip: IS_ROOT ? false : 'only root may chroot', command: python('os.chroot("d")', 'os.chdir("/")', 'open("/x").read()', 'open("new", "w").write("n")', 'os.rename("/y", "/z")', 'try: open("/none")', 'except FileNotFoundError: pass'), inputs: ['d/x', 'd/y'], outputs: ['d/new', 'd/z'],
    removed: ['d/y'], absent: ['d/none'] },
]);

pythonCases('Python', [
  { name: 'modules of the project are inputs, __pycache__ is nothing', setup: "printf 'v = 1\\n' > mod.py; printf 'import mod\\n' > main.py; ", command: [PYTHON, 'main.py'], inputs: ['main.py', 'mod.py'] },
  { name: 'modules that are compiled already are inputs', setup: "printf 'v = 1\\n' > mod.py; printf 'import mod\\n' > main.py; " + PYTHON + ' main.py; ', command: [PYTHON, 'main.py'], inputs: ['main.py', 'mod.py'] },
  { name: 'a module that was edited after it was compiled', setup: "printf 'v = 1\\n' > mod.py; printf 'import mod\\n' > main.py; " + PYTHON + " main.py; printf 'v = 22\\n' > mod.py; ", command: [PYTHON, 'main.py'], inputs: ['main.py', 'mod.py'] },
]);

// ---- names of every kind ----------------------------------------------------------------------------

// As shell's printf writes them, and as a record spells them (docs/record-format.txt, 2).
const ODD_NAMES: [string, string][] = [
  ['caf\\303\\251', 'caf\xc3\xa9'],
  ['\\377\\001\\376', '%FF%01%FE'],
  ['new\\nline', 'new%0Aline'],
  ['tab\\tbell\\007', 'tab%09bell%07'],
  ['quote\\042 and\\047', 'quote" and\''],
  ['a > b', 'a > b'],
  ['3\\076', '3>'],
  ['\\074unfinished ...\\076', '<unfinished ...>'],
  ['name (deleted)', 'name (deleted)'],
  ['back\\134slash\\134n', 'back\\slash\\n'],
  ['end\\134', 'end%5C'],
  ['100%%', '100%25'],
  ['%%41', '%2541'],
  [' space ', '%20space%20'],
  ['x, O_RDONLY) = 3', 'x, O_RDONLY) = 3'],
  ['\\043 comment', '# comment'],
  ['-dash', '-dash'],
  ['\\342\\200\\250', '\xe2\x80\xa8'],
  ['\\302\\205', '%C2%85'],
  ['x'.repeat(255), 'x'.repeat(255)],
];

test('record names of every kind: read, written, renamed, missing, as a folder', { skip: NO_TRACER, timeout: 60000 }, () => {
  const folder = copyProject();
  fs.writeFileSync(folder + '/names.sh', 'cd "$1"\n' + ODD_NAMES.map(([name]) => [
    "n=$(printf -- '" + name + "x'); n=${n%x}", 'cat "./in/$n" > "./out/$n"', 'printf x > "./t/$n"', 'mv "./t/$n" "./to/$n"', 'cat "./none/$n" 2> /dev/null', 'mkdir "./made/$n"', 'printf y > "./made/$n/f"', 'ln -s -- "$n" "./link/$n"',
  ].join('\n') + '\n').join(''), 'latin1');
  shell(folder, 'mkdir in out t to none made link; ' + ODD_NAMES.map(([name]) => "n=$(printf -- '" + name + "x'); n=${n%x}; printf content > \"./in/$n\"").join('; '));
  const before = hashAll(folder);
  const traced = traceRun(folder, ['sh', 'names.sh', '.']);
  assert.equal(traced.done.status, 0, traced.done.stderr);
  // A leading space or a trailing backslash is encoded where it is the first or last byte of the path only.
  const inFolder = (name: string): string => name.replace(/^%20/, ' ');
  const below = (name: string): string => inFolder(name).replace(/%20$/, ' ').replace(/%5C$/, '\\');
  const names = ODD_NAMES.map(([, name]) => name);
  assert.deepEqual(traced.inputs.map(kindAndPath).sort(), names.map((name) => 'in/' + inFolder(name)).concat('names.sh').sort());
  assert.deepEqual(traced.outputs.map(kindAndPath).sort(), names.map((name) => ['out/' + inFolder(name), 'to/' + inFolder(name), 'd:made/' + inFolder(name), 'made/' + below(name) + '/f', 'l:link/' + inFolder(name)]).reduce((a, b) => a.concat(b)).sort());
  assert.deepEqual(traced.absent.slice().sort(), names.map((name) => 'none/' + inFolder(name)).sort());
  assert.deepEqual([traced.removed, traced.temporary], [[], 0]);
  checkHashes(traced, before, hashAll(folder), 'names');
});

test('record names of every kind: a project and a folder of the command with odd names', { skip: NO_TRACER, timeout: 60000 }, () => {
  const odd = makeTemporary() + '/a "b" > (deleted)\n%41';
  fs.mkdirSync(odd + '/sub dir', { recursive: true });
  assert.equal(rr(odd, ['init', '-q']).status, 0);
  fs.writeFileSync(odd + '/sub dir/in', 'x');
  const done = traceRun(odd, ['sh', '-c', 'cd "sub dir"; cat in > ../out; cat none']);
  assert.deepEqual([done.inputs.map(kindAndPath), done.outputs.map(kindAndPath), done.absent], [['sub dir/in'], ['out'], ['sub dir/none']]);
});

// ---- what is shared between processes ---------------------------------------------------------------

test('record leaves out named semaphores, which another run would meet in another state; data in shared memory are inputs', { skip: missingOf(PYTHON), timeout: 60000 }, (t) => {
  const folder = copyProject();
  shell(folder, SETUP);
  const name = 'rr-test-' + String(process.pid);
  const [semaphore, data] = ['/dev/shm/sem.' + name, '/dev/shm/' + name];
  t.after(() => { for (const one of [semaphore, data]) fs.rmSync(one, { force: true }); });
  const open = ['import ctypes', 'c = ctypes.CDLL(None, use_errno=True)', 'c.sem_open.restype = ctypes.c_void_p', 's = c.sem_open(b"/' + name + '", os.O_CREAT, 0o600, 1)', 'assert s'];
  assert.equal(run(folder, python(...open)).status, 0);
  fs.writeFileSync(data, 'data');
  const command = python(...open, 'assert c.sem_wait(ctypes.c_void_p(s)) == 0', 'open("out", "w").write(open("' + data + '").read() + open("a").read())');
  // That it is opened says strace: without that the record had nothing to leave out.
  const seen = run(folder, ['strace', '-f', '-e', 'trace=openat,open'].concat(command));
  assert.match(seen.stderr, new RegExp('"' + semaphore + '"[^\\n]* = \\d'));
  assert.equal(run(folder, python(...open, 'assert c.sem_post(ctypes.c_void_p(s)) == 0')).status, 0);
  fs.unlinkSync(folder + '/out');
  const traced = traceRun(folder, command);
  assert.equal(traced.done.status, 0, traced.done.stderr);
  assert.deepEqual([traced.inputs.map(kindAndPath).sort(), traced.outputs.map(kindAndPath)], [[data, 'a'], ['out']]);
});

// ---- programs of another kind -----------------------------------------------------------------------

// Without a library, so that the compiler needs none for 32 bits.
const THIRTY_TWO_BITS = `
static int call(int n, int a, int b, int c) { int r; __asm__ volatile("int $0x80" : "=a"(r) : "a"(n), "b"(a), "c"(b), "d"(c) : "memory"); return r; }
void _start(void) {
  char bytes[16];
  int in = call(5, (int)"a", 0, 0), out = call(8, (int)"out", 0644, 0), n = call(3, in, (int)bytes, 16);
  call(4, out, (int)bytes, n);
  call(5, (int)"none", 0, 0);
  call(38, (int)"b", (int)"c", 0);
  call(12, (int)"d", 0, 0);
  call(5, (int)"x", 0, 0);
  call(1, 0, 0, 0);
}
`;

test('record programs: a 32-bit child', { skip: NO_TRACER, timeout: 60000 }, (t) => {
  const folder = copyProject();
  shell(folder, SETUP);
  fs.writeFileSync(folder + '/small.c', THIRTY_TWO_BITS);
  try {
    shell(folder, 'cc -m32 -O1 -ffreestanding -fno-stack-protector -nostdlib -static -no-pie -o small small.c && rm small.c && cp a a0 && ./small && mv c b && rm a0');
  } catch {
    t.skip('no compiler for 32 bits, or the kernel runs no such programs');
    return;
  }
  fs.unlinkSync(folder + '/out');
  const traced = traceRun(folder, ['sh', '-c', './small; cat a > after']);
  assert.deepEqual([traced.inputs.map(kindAndPath), traced.outputs.map(kindAndPath), traced.removed, traced.absent], [['a', 'b', 'd/x', 'small'], ['after', 'c', 'out'], ['b'], ['none']], traced.warnings.join('\n'));
});

test('record programs: rr does not wait for a daemon, and says that there is one', { skip: NO_TRACER, timeout: 30000 }, async () => {
  const folder = copyProject();
  shell(folder, SETUP);
  // It goes on only when the record is there: were rr to wait, neither would end.
  const daemon = 'cat a > early; while [ ! -e go ]; do sleep 0.05; done; cat b > late';
  const traced = traceRun(folder, ['sh', '-c', "setsid sh -c '" + daemon + "' > /dev/null 2>&1 < /dev/null & while [ ! -s early ]; do sleep 0.02; done"], { timeoutMs: 8000 });
  assert.equal(traced.done.status, 0, 'rr waited');
  assert.deepEqual([traced.inputs.map(kindAndPath), traced.outputs.map(kindAndPath)], [['a'], ['early']]);
  assert.match(traced.warnings.join('\n'), /outlived/);
  assert.ok(traced.processes.some((one) => one.end === '-'), 'a process without an end');
  fs.writeFileSync(folder + '/go', '');
  await waitUntil('the daemon goes on', () => fs.existsSync(folder + '/late') && fs.readFileSync(folder + '/late', 'latin1') === 'beta');
});

test('record programs: the next run sees nothing of a daemon of the last', { skip: NO_TRACER, timeout: 30000 }, async () => {
  const folder = copyProject();
  shell(folder, SETUP);
  traceRun(folder, ['sh', '-c', "setsid sh -c 'while [ ! -e go ]; do sleep 0.02; done; cat b > late; > done' > /dev/null 2>&1 < /dev/null & :"], { timeoutMs: 8000 });
  const second = traceRun(folder, ['sh', '-c', ': > go; while [ ! -e done ]; do sleep 0.02; done; cat a > out']);
  assert.deepEqual([second.inputs.map(kindAndPath), second.outputs.map(kindAndPath)], [['a'], ['go', 'out']]);
});

test('record declared files under the tracer: read, missing, not read', { skip: NO_TRACER, timeout: 30000 }, () => {
  const folder = copyProject();
  shell(folder, SETUP);
  const traced = traceRun(folder, ['sh', '-c', 'cat a > out; cat a > more'], { rr: ['-i', 'a', '-i', 'b', '-o', 'out', '-o', 'never'] });
  assert.equal(traced.done.status, 123, traced.done.stderr);
  assert.deepEqual([traced.inputs.map(kindAndPath), traced.outputs.map(kindAndPath), traced.fields.Missing_output], [['a', 'b'], ['more', 'out'], ['never']]);
  assert.match(traced.warnings.join('\n'), /\bb\b/, 'a declared input that was not read is named');
  assert.match(traced.warnings.join('\n'), /\bmore\b/, 'an output that was not declared is named');
});

test('record a file that the run changes and nothing named: the earlier hash is git\'s, or said to be unknown', { skip: NO_TRACER, timeout: 30000 }, () => {
  const folder = copyProject();
  shell(folder, SETUP + 'git init -q .; git add a; git -c user.name=n -c user.email=e commit -qm 1; printf "printf more >> a\\nprintf more >> b\\n" > change.sh');
  const before = hashAll(folder);
  const traced = traceRun(folder, ['sh', 'change.sh']);
  assert.deepEqual([traced.inputs.map(kindAndPath), traced.outputs.map(kindAndPath)], [['a', 'b', 'change.sh'], ['a', 'b']]);
  assert.deepEqual(traced.inputs.slice(0, 2).map((file) => file.hash), [before.get('a'), '?']);
  assert.ok(traced.warnings.some((warning) => /\bb\b/.test(warning)) && !traced.warnings.some((warning) => /\binput a\b/.test(warning)), traced.warnings.join('\n'));
});

test('record names an input that something else changes during the run', { skip: NO_TRACER, timeout: 30000 }, async () => {
  const folder = copyProject();
  shell(folder, SETUP);
  const before = hashAll(folder);
  const { ended } = startRr(folder, traceArguments().slice(2).concat(['sh', '-c', 'cat a b > out; : > ready; while [ ! -e go ]; do sleep 0.02; done']));
  await waitUntil('the command', () => fs.existsSync(folder + '/ready'));
  fs.writeFileSync(folder + '/a', 'changed');
  fs.writeFileSync(folder + '/go', '');
  const done = await ended;
  const traced = readTraced(folder, listRecords(folder)[0], done);
  assert.deepEqual([traced.inputs.map(kindAndPath), traced.outputs.map(kindAndPath)], [['a', 'b'], ['out', 'ready']]);
  assert.deepEqual(traced.inputs.map((file) => file.hash), [before.get('a'), before.get('b')]);
  assert.equal(traced.warnings.length, 1, traced.warnings.join('\n'));
  assert.match(traced.warnings[0], /\ba\b.*changed during the run/);
});

test('record without an option traces, where it can', { skip: NO_TRACER, timeout: 30000 }, () => {
  const folder = copyProject();
  shell(folder, SETUP);
  assert.equal(rr(folder, ['record', '-q', '--', 'sh', '-c', 'cat a > out']).status, 0);
  assert.match(readTraced(folder, listRecords(folder)[0], { status: 0, signal: null, stdout: '', stderr: '' }).fields.Observed[0], /^strace \d/);
});

test('record 16 traced runs at once: each has only its own files', { skip: NO_TRACER, timeout: 60000 }, async () => {
  const folder = copyProject();
  const numbers = Array.from({ length: 16 }, (_, i) => String(i));
  shell(folder, 'mkdir in out; for i in ' + numbers.join(' ') + '; do printf $i > in/$i; done; printf s > shared');
  const script = 'for k in 1 2 3 4 5; do cat in/$1 shared > t$1; cat t$1 >> out/$1; rm t$1; sleep 0.02; done; cat none$1; mkdir made$1; cp in/$1 made$1/f';
  const ends = await Promise.all(numbers.map((i) => startRr(folder, ['record', '-q', '-l', 'run' + i, '--trace', 'strace', '--', 'sh', '-c', script, 'sh', i]).ended));
  ends.forEach((done, i) => assert.equal(done.status, 0, String(i) + ': ' + done.stderr));
  const names = listRecords(folder);
  assert.equal(names.length, 16);
  for (const name of names) {
    const traced = readTraced(folder, name, ends[0]);
    const i = traced.fields.Label[0].slice(3);
    assert.deepEqual({ inputs: traced.inputs.map(kindAndPath), outputs: traced.outputs.map(kindAndPath), absent: traced.absent, removed: traced.removed, temporary: traced.temporary, uncertain: traced.fields.Uncertain ?? [], warnings: traced.warnings },
      { inputs: ['in/' + i, 'shared'], outputs: ['d:made' + i, 'made' + i + '/f', 'out/' + i], absent: ['none' + i], removed: [], temporary: 5, uncertain: [], warnings: [] }, 'run ' + i);
  }
});
