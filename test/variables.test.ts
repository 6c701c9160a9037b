// variables.test.ts - declared variables: recorded, set as recorded when a run is repeated, and no way in for a stranger's record.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { REFUSED_PREFIXES, REFUSED_VARIABLES } from '../src/core/variables.ts';
import { hasProgram, listRecords, makeProject, makeTemporary, readOnlyRecord, readRecord, rr, RR_JS, run } from './rig.ts';

const SHELLS = ['dash', 'busybox', 'bash', 'mksh', 'ksh93', 'posh', 'yash', 'zsh'];

/** The PATH of a system whose sh is this shell. */
function pathWith(shell: string): string {
  const folder = makeTemporary();
  fs.symlinkSync(run(undefined, ['sh', '-c', 'command -v "$1"', 'sh', shell]).stdout.trim(), path.join(folder, 'sh'));
  return folder + ':' + String(process.env.PATH);
}

/** The bytes of a file's lines that a record is sealed with, and the seal. */
function reseal(file: string, change: (body: string) => string): void {
  const body = change(fs.readFileSync(file, 'latin1').replace(/Sha256: .*\n$/, ''));
  fs.writeFileSync(file, body + 'Sha256: ' + crypto.createHash('sha256').update(body, 'latin1').digest('hex') + '\n', 'latin1');
}

// Values with everything that a shell could take for something else.
const VALUES: { [name: string]: string } = { SEED: '7', ODD: ' a\'b "c" $x `id` \\ %41 * \t#', LINES2: 'one\ntwo\\', EMPTY: '', lower_1: 'x=y' };
const SHOW = 'for n in SEED ODD LINES2 EMPTY lower_1 GONE OMP_NUM_THREADS; do eval "v=\\${$n-unset}"; printf "%s=%s.\\n" "$n" "$v"; done > shown.txt';

/** A project with one run that depends on these variables, two of which were not set, and what it wrote. */
function makeDependent(): { project: string; shown: string } {
  const project = makeProject();
  fs.writeFileSync(path.join(project, 'show.sh'), SHOW + '\n');
  const options = Object.keys(VALUES).reduce((all: string[], name, i) => all.concat('--variable', i % 2 === 0 ? name : name + '=' + VALUES[name]), []);
  const done = rr(project, ['record', '-q'].concat(options, '--variable', 'GONE', '--variable', 'OMP_NUM_THREADS=3', '--', 'sh', 'show.sh'), { env: VALUES });
  assert.equal(done.status, 0, done.stderr);
  return { project, shown: fs.readFileSync(path.join(project, 'shown.txt'), 'latin1') };
}

const OTHERS = { SEED: '8', ODD: 'other', GONE: 'set', OMP_NUM_THREADS: '9', UNDECLARED: 'stays' };

test('rr record --variable records name and value, and sets for the command what is given a value', () => {
  const { project, shown } = makeDependent();
  assert.equal(shown, 'SEED=7.\nODD= a\'b "c" $x `id` \\ %41 * \t#.\nLINES2=one\ntwo\\.\nEMPTY=.\nlower_1=x=y.\nGONE=unset.\nOMP_NUM_THREADS=3.\n');
  const record = readOnlyRecord(project);
  assert.deepEqual(record.Declared_variable, ['SEED', 'ODD', 'LINES2', 'EMPTY', 'lower_1', 'GONE', 'OMP_NUM_THREADS']);
  assert.deepEqual(record.Variable.filter((line) => !/^LANG=/.test(line)), ['OMP_NUM_THREADS=3', 'SEED=7', 'ODD= a\'b "c" $x `id` \\ %2541 * %09#', 'LINES2=one%0Atwo%5C', 'EMPTY=', 'lower_1=x=y']);
});

// Variables whose values or names Node.js cannot pass on as they are, and one that no shell knows by its name.
const NOT_UTF8 = 'X=$(printf \'\\377a\\303\\251\\355\\240\\200\'); export X; exec env "N-$(printf \'\\375\')=1" "f%%=() { echo f; }" "$@"';
// All variables but those of the shells and of env on the way.
const PRINT_VARIABLES = ['python3', '-c', 'import os, sys; open(sys.argv[1], "wb").write(b"\\n".join(sorted(n + b"=" + v for n, v in os.environb.items() if n not in (b"_", b"SHLVL", b"LC_CTYPE", b"SHELL"))))'];
const NO_PYTHON = hasProgram('python3') ? false : 'python3 is missing';

test('a command has each variable with the bytes that rr was given, also those that are not UTF-8', { skip: NO_PYTHON }, () => {
  const project = makeProject();
  const start = (argv: string[]): void => {
    const done = run(project, ['sh', '-c', NOT_UTF8, 'sh'].concat(argv));
    assert.equal(done.status, 0, done.stderr);
  };
  const judge = path.join(makeTemporary(), 'alone.txt');
  start(PRINT_VARIABLES.concat(judge));
  const alone = fs.readFileSync(judge, 'latin1');
  assert.ok(alone.includes('\nX=\xffa\xc3\xa9\xed\xa0\x80') && alone.includes('N-\xfd=1\n') && alone.endsWith('f%%=() { echo f; }'), alone);
  const traces = ['none', 'scan'].concat(hasProgram('strace') ? ['strace'] : []);
  for (const trace of traces) {
    start([process.execPath, RR_JS, 'record', '-q', '--trace', trace, '--'].concat(PRINT_VARIABLES, trace + '.txt'));
    assert.equal(fs.readFileSync(path.join(project, trace + '.txt'), 'latin1'), alone, trace);
  }
});

test('a declared variable that is not UTF-8 is recorded, and set by rr rerun, rr make, rr sweep and make', () => {
  const project = makeProject();
  const value = '\xff\xc3\xa9';
  const export1 = 'X=$(printf \'\\377\\303\\251\'); export X; exec "$@"';
  const record = (options: string[], name: string): void => {
    const done = run(project, ['sh', '-c', export1, 'sh', process.execPath, RR_JS, 'record', '-q'].concat(options, '-o', name, '--', 'sh', '-c', 'printf %s "$X$Y" > ' + name));
    assert.equal(done.status, 0, done.stderr);
  };
  record(['--variable', 'X'], 'x.txt');
  record(['--variable', 'X', '--trace', 'none'], 'plain.txt');
  const given = run(project, ['sh', '-c', 'exec "$@" --variable "Y=$(printf \'\\376\')" --trace none -o y.txt -- sh -c \'printf %s "$Y" > y.txt\'', 'sh', process.execPath, RR_JS, 'record', '-q']);
  assert.equal(given.status, 0, given.stderr);
  const read = (name: string): string => fs.readFileSync(path.join(project, name), 'latin1');
  const check = (): void => assert.deepEqual(['x.txt', 'plain.txt', 'y.txt'].map(read), [value, value, '\xfe']);
  check();
  assert.deepEqual(listRecords(project).map((name) => readRecord(project, name).Variable.filter((line) => /^[XY]=/.test(line)).join()), ['X=%FF\xc3\xa9', 'X=%FF\xc3\xa9', 'Y=%FE']);
  const makers = [['make', '-f', 'provenance/Makefile'], [process.execPath, RR_JS, 'make', '-q', '-j2'], [process.execPath, RR_JS, 'make', '-q']];
  for (const argv of makers) {
    for (const name of ['x.txt', 'plain.txt', 'y.txt']) fs.unlinkSync(path.join(project, name));
    const made = run(project, argv);
    assert.equal(made.status, 0, made.stdout + made.stderr);
    check();
  }
  const again = rr(project, ['rerun', '-q', '@']);
  assert.match(again.stdout, /identical/);
  assert.equal(again.status, 0, again.stdout + again.stderr);
  const swept = run(project, ['sh', '-c', export1, 'sh', process.execPath, RR_JS, 'sweep', '-q', '-l', 's', '-j', '2', '-p', 'k=1,2,3', '-o', '{k}.txt', '--', 'sh', '-c', 'printf "%s{k}" "$X" > {k}.txt']);
  assert.equal(swept.status, 0, swept.stderr);
  assert.deepEqual(['1.txt', '2.txt', '3.txt'].map(read), [value + '1', value + '2', value + '3']);
});

for (const shell of SHELLS) {
  test('rerun.sh sets declared variables as recorded, and unsets those that were not set: ' + shell, { skip: hasProgram(shell) ? false : 'no ' + shell }, () => {
    const { project, shown } = makeDependent();
    const env = { PATH: pathWith(shell), ...OTHERS };
    fs.unlinkSync(path.join(project, 'shown.txt'));
    const made = run(project, ['make', '-f', 'provenance/Makefile'], { env });
    assert.equal(made.status, 0, made.stdout + made.stderr);
    assert.equal(fs.readFileSync(path.join(project, 'shown.txt'), 'latin1'), shown);
    const script = path.join(makeTemporary(), 'replay.sh');
    fs.writeFileSync(script, rr(project, ['list', '--sh']).stdout, 'latin1');
    const replayed = run(project, ['sh', script], { env });
    assert.equal(replayed.status, 0, replayed.stdout + replayed.stderr);
    assert.match(replayed.stderr, /1 as recorded/);
  });
}

test('rr rerun sets declared variables as recorded, in its tree and in place, and its record declares them', () => {
  const { project, shown } = makeDependent();
  for (const options of [[], ['--in-place']]) {
    const done = rr(project, ['rerun'].concat(options, '@'), { env: OTHERS });
    assert.equal(done.status, 0, done.stdout + done.stderr);
    assert.equal(fs.readFileSync(path.join(project, 'shown.txt'), 'latin1'), shown);
  }
  const names = listRecords(project);
  assert.equal(names.length, 3);
  const lines = names.map((name) => fs.readFileSync(path.join(project, name), 'latin1').split('\n').filter((line) => /^(Declared_variable|Variable): /.test(line)).join('\n'));
  assert.equal(lines[1], lines[0]);
  assert.equal(lines[2], lines[0]);
});

test('a declared secret is recorded by its hash, and left as it is when the run is repeated', () => {
  const project = makeProject();
  const done = rr(project, ['record', '-q', '--variable', 'API_TOKEN', '--', 'sh', '-c', 'echo ${#API_TOKEN} > n'], { env: { API_TOKEN: 'abcdefghijkl' } });
  assert.equal(done.status, 0, done.stderr);
  const record = readOnlyRecord(project);
  assert.deepEqual(record.Declared_variable, ['API_TOKEN']);
  assert.equal(record.Variable_hash.length, 1);
  assert.match(record.Variable_hash[0], /^API_TOKEN [0-9a-f]{16}$/);
  assert.equal(run(project, ['grep', '-r', 'abcdefghijkl', '.']).stdout, '');
  fs.unlinkSync(path.join(project, 'n'));
  const made = run(project, ['make', '-f', 'provenance/Makefile'], { env: { API_TOKEN: 'mnopqrstuvwx' } });
  assert.equal(made.status, 0, made.stdout + made.stderr);
  assert.equal(rr(project, ['rerun', '@'], { env: { API_TOKEN: 'mnopqrstuvwx' } }).status, 0);
});

test('rr record --variable refuses what loads programs, what is the shell\'s own and what is no name; nothing is run', () => {
  const project = makeProject();
  for (const name of REFUSED_VARIABLES.concat(REFUSED_PREFIXES.map((prefix) => prefix + 'X')).filter((_, i) => i % 7 === 0).concat(['PATH', 'LD_PRELOAD', 'A B', 'A;touch y', '', '=x', '1'])) {
    const done = rr(project, ['record', '--variable', name, '--', 'touch', 'ran']);
    assert.equal(done.status, 2, name);
    assert.match(done.stderr, /^rr: cannot declare the variable "/);
  }
  assert.ok(!fs.existsSync(path.join(project, 'ran')));
});

// What a stranger could write to have something else run than the Command, or a command found elsewhere.
const HOSTILE = ['LD_PRELOAD=./evil.so', 'LD_LIBRARY_PATH=.', 'PATH=./evil', 'IFS=/', 'ENV=./evil.sh', 'BASH_ENV=./evil.sh', 'BASH_FUNC_env%%=() { touch pwned; }', 'SHELLOPTS=xtrace', 'PS4=$(touch pwned)', 'rr_id=x', 'rr_items=x', 'RR_REPRODUCE=yes',
  'HOME=/nowhere', 'PWD=/', 'CDPATH=/', 'GIT_DIR=/x', 'PYTHONPATH=./evil', 'NODE_OPTIONS=--require=./evil.js', 'A;touch pwned;B=1', '$(touch pwned)=1', '`touch pwned`=1', 'A B=1', '*=1', '1=2', '=x', '-f=1', "'=1", 'PERL5OPT=-Mevil', 'UID=0', 'RANDOM=1', 'TMOUT=1', 'OPTIND=x', '_=x', 'SHLVL=5', 'PPID=1'];

for (const shell of SHELLS) {
  test('no variable of a stranger\'s record runs anything or reaches its command but what can be declared: ' + shell, { skip: hasProgram(shell) ? false : 'no ' + shell }, () => {
    const project = makeProject();
    for (const name of ['evil', 'other']) fs.mkdirSync(path.join(project, name));
    fs.writeFileSync(path.join(project, 'evil.sh'), 'touch pwned\n');
    fs.writeFileSync(path.join(project, 'evil/env'), '#!/bin/sh\ntouch pwned\n', { mode: 0o755 });
    fs.writeFileSync(path.join(project, 'LD_PRELOAD'), '');
    assert.equal(rr(project, ['record', '-q', '--trace', 'none', '-o', 'out', '--variable', 'FINE=1', '--', 'sh', '-c', 'env > out; echo done > out']).status, 0);
    const [record] = listRecords(project);
    const encode = (text: string): string => text.replace(/%/g, '%25');
    reseal(path.join(project, record), (body) => {
      const lines = HOSTILE.map((one) => 'Variable: ' + encode(one) + '\n').join('');
      const names = HOSTILE.map((one) => encode(one.slice(0, one.indexOf('=')))).filter((name) => name !== '').map((name) => 'Declared_variable: ' + name + '\n').join('');
      // Set, or declared and not set: neither may do anything.
      return body.replace(/^Observed: /m, lines + names + 'Declared_variable: USER\nObserved: ').replace("'env > out; echo done > out'", "'env > seen.txt; echo done > out'");
    });
    const env = { PATH: pathWith(shell), USER: 'me' };
    const check = (what: string): void => {
      const found = run(project, ['find', '.', '-name', 'pwned']).stdout;
      assert.equal(found, '', what);
      const seen = run(project, ['sh', '-c', 'cat "$(find . -name seen.txt | head -n 1)"']).stdout;
      assert.match(seen, /^FINE=1$/m, what);
      assert.match(seen, /^USER=me$/m, what);
      for (const one of HOSTILE) if (/^[A-Za-z0-9_]+=/.test(one) && !/^(UID|RANDOM|PPID|_|SHLVL|OPTIND|PWD)=/.test(one)) assert.ok(('\n' + seen).indexOf('\n' + one + '\n') < 0, what + ': ' + one);
      run(project, ['sh', '-c', 'find . -name seen.txt -exec rm -f {} +']);
    };
    assert.equal(rr(project, ['makefile', '-q']).status, 0);
    fs.unlinkSync(path.join(project, 'out'));
    const made = run(project, ['sh', 'provenance/rerun.sh', 'reproduce', 'make'], { env });
    assert.equal(made.status, 0, made.stdout + made.stderr);
    check('rerun.sh');
    const script = path.join(makeTemporary(), 'replay.sh');
    fs.writeFileSync(script, rr(project, ['list', '--sh']).stdout, 'latin1');
    assert.equal(run(project, ['sh', script], { env }).status, 0);
    check('rr list --sh');
    const again = rr(project, ['rerun', '--in-place', '--force', '@'], { env });
    assert.equal(again.status, 0, again.stdout + again.stderr);
    check('rr rerun');
  });
}
