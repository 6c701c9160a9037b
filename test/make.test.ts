// make.test.ts - rr make in real projects: what is redone, what is not, and that a kept answer is no old one.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { hasProgram, listRecords, makeProject, rr, run, sleep } from './rig.ts';
import type { RunOptions } from './rig.ts';

function write(folder: string, name: string, content: string): void {
  fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  fs.writeFileSync(path.join(folder, name), content);
}

function read(folder: string, name: string): string {
  return fs.readFileSync(path.join(folder, name), 'latin1');
}

function record(folder: string, args: string[], options: RunOptions = {}): void {
  const done = rr(folder, ['record', '-q', '--trace', 'scan'].concat(args), options);
  assert.equal(done.status, 0, done.stderr);
}

type Told = { name: string; state: string; causes?: { cause: string; path?: string; key?: string; name?: string; now?: string }[] };

/** "NAME STATE: CAUSES" of each step that was not up to date; the exit status is as expected. */
function makeJson(folder: string, args: string[] = [], status = 0, options: RunOptions = {}): string[] {
  const done = rr(folder, ['make', '-j1', '--json'].concat(args), options);
  assert.equal(done.status, status, done.stderr);
  return (JSON.parse(done.stdout) as { steps: Told[] }).steps.filter((step) => step.state !== 'up to date')
    .map((step) => step.name + ' ' + step.state + (step.causes === undefined ? '' : ': ' + step.causes.map((cause) => [cause.cause, cause.path, cause.key, cause.name].filter((part) => part !== undefined).join(' ')).join(', ')));
}

/** big.bin and cut.sh -> part -> sum */
function makeChain(): string {
  const folder = makeProject();
  write(folder, 'big.bin', 'x'.repeat(2 << 20));
  write(folder, 'cut.sh', 'head -c 10 big.bin > part\n');
  record(folder, ['-i', 'big.bin', '-i', 'cut.sh', '-o', 'part', '--', 'sh', 'cut.sh']);
  record(folder, ['-i', 'part', '-o', 'sum', '--', 'cksum part > sum']);
  return folder;
}

test('make: a touch redoes nothing; what does not come through ends there; what does, goes on', () => {
  const folder = makeChain();
  run(folder, ['touch', 'big.bin', 'cut.sh', 'part']);
  run(folder, ['cp', 'big.bin', 'copy']);
  run(folder, ['mv', 'copy', 'big.bin']);
  assert.deepEqual(makeJson(folder), []);
  fs.appendFileSync(path.join(folder, 'cut.sh'), '# a comment\n');
  assert.deepEqual(makeJson(folder), ['part done: code cut.sh']);
  fs.appendFileSync(path.join(folder, 'big.bin'), 'y');
  assert.deepEqual(makeJson(folder), ['part done: input big.bin'], 'it is cut off');
  write(folder, 'big.bin', 'z'.repeat(20));
  assert.deepEqual(makeJson(folder), ['part done: input big.bin', 'sum done: input part']);
  assert.equal(read(folder, 'sum'), run(folder, ['cksum', 'part']).stdout);
  assert.equal(rr(folder, ['status', '-q']).status, 0);
});

test('make: nothing is an old answer: each change is noticed after one was kept', async () => {
  const folder = makeChain();
  const settle = async (): Promise<void> => {
    assert.equal(rr(folder, ['make', '-q']).status, 0);
    await sleep(100);
    assert.match(rr(folder, ['make']).stderr, /^rr: all \d steps are up to date\n$/);
    assert.match(rr(folder, ['make']).stderr, /^rr: all \d steps are up to date\n$/);
    assert.ok(fs.existsSync(path.join(folder, '.rr/make')), 'it was kept');
  };
  await settle();
  const changes: [() => void, string[]][] = [
    [() => write(folder, 'big.bin', 'w'.repeat(20)), ['part to do: input big.bin', 'sum perhaps']],
    [() => write(folder, 'part', 'by hand'), ['part to do: changed part', 'sum to do: input part']],
    [() => fs.unlinkSync(path.join(folder, 'sum')), ['sum to do: missing sum']],
    [() => { assert.equal(rr(folder, ['record', '-q', '--plan', 'more', '-i', 'sum', '-o', 'more', '--', 'cp', 'sum', 'more']).status, 0); }, ['more to do: never run']],
    [() => write(folder, 'provenance/plan.rec', read(folder, 'provenance/plan.rec').replace('cp sum', 'cp -f sum')), ['more to do: plan']],
  ];
  for (const [change, expected] of changes) {
    change();
    assert.deepEqual(makeJson(folder, ['-n']), expected);
    assert.notEqual(rr(folder, ['make', '-n']).stdout, 'all 2 steps are up to date\n');
    await settle();
  }
});

test('make: of a parameter file only its keys; declared variables as they are set', () => {
  const folder = makeProject();
  write(folder, 'p.json', '{"a": 1, "b": 2}\n');
  record(folder, ['-p', 'p.json:a', '-o', 'x', '--', 'cat p.json > x']);
  record(folder, ['--variable', 'GREETING', '-o', 'y', '--', 'echo "$GREETING" > y'], { env: { GREETING: 'hello' } });
  assert.deepEqual(makeJson(folder), [], 'a variable that is not set is as it was');
  write(folder, 'p.json', '{"a": 1, "b": 3}\n');
  assert.deepEqual(makeJson(folder), []);
  write(folder, 'p.json', '{"a": 7, "b": 3}\n');
  assert.deepEqual(makeJson(folder), ['x done: parameter p.json a']);
  assert.equal(read(folder, 'x'), '{"a": 7, "b": 3}\n');
  assert.deepEqual(makeJson(folder, [], 0, { env: { GREETING: 'hello' } }), []);
  assert.deepEqual(makeJson(folder, [], 0, { env: { GREETING: 'good day' } }), ['y done: variable GREETING']);
  assert.equal(read(folder, 'y'), 'good day\n');
  assert.deepEqual(makeJson(folder), []);
});

test('make: a file that was looked for in vain, and is there', { skip: hasProgram('strace') ? false : 'no strace' }, () => {
  const folder = makeProject();
  const done = rr(folder, ['record', '-q', '--trace', 'strace', '-o', 'x', '--', 'cat extra > x 2> note; echo >> x']);
  if (done.status !== 0) return;
  assert.deepEqual(makeJson(folder), []);
  write(folder, 'extra', 'more\n');
  assert.match(makeJson(folder, ['-n'])[0], /to do: appeared extra$/);
  makeJson(folder);
  assert.equal(read(folder, 'x'), 'more\n\n');
  assert.equal(rr(folder, ['status', '-q']).status, 0);
});

test('make: a diamond with one failure: what is good stays, what does not depend on it is made, then the rest', () => {
  const folder = makeProject();
  write(folder, 'raw', '1\n');
  for (const name of ['left', 'right']) {
    write(folder, name + '.sh', 'cat raw > ' + name + '\n');
    record(folder, ['-i', 'raw', '-i', name + '.sh', '-o', name, '--', 'sh', name + '.sh']);
  }
  record(folder, ['-i', 'left', '-i', 'right', '-o', 'top', '--', 'cat left right > top']);
  write(folder, 'raw', '2\n');
  write(folder, 'left.sh', 'echo half > left; exit 3\n');
  const states = makeJson(folder, ['-k', '-j8'], 1).map((line) => line.split(':')[0]).sort();
  assert.deepEqual(states, ['left failed', 'right done', 'top not run']);
  assert.deepEqual([read(folder, 'left'), read(folder, 'right'), read(folder, 'top')], ['1\n', '2\n', '1\n1\n']);
  write(folder, 'left.sh', 'cat raw > left\n');
  assert.deepEqual(makeJson(folder).map((line) => line.split(':')[0]).sort(), ['left done', 'top done']);
  assert.equal(read(folder, 'top'), '2\n2\n');
  assert.equal(rr(folder, ['status', '-q']).status, 0);
});

test('make: targets, --down, --force', () => {
  const folder = makeProject();
  for (const name of ['a', 'b', 'c']) write(folder, name, name);
  record(folder, ['-l', 'first', '-i', 'a', '-o', 'out/x', '--', 'mkdir -p out; cp a out/x']);
  record(folder, ['-l', 'second', '-i', 'out/x', '-i', 'b', '-o', 'out/y', '--', 'cat out/x b > out/y']);
  record(folder, ['-l', 'third', '-i', 'c', '-o', 'z', '--', 'cp c z']);
  const ids = listRecords(folder).map((name) => path.basename(name, '.rec'));
  const forced = (args: string[]): string => makeJson(folder, ['-n', '--force'].concat(args)).map((line) => line.split(' ')[0]).join(' ');
  assert.equal(forced([]), 'out/x out/y z');
  assert.equal(forced(['z']), 'z');
  assert.equal(forced(['out']), 'out/x out/y');
  assert.equal(forced(['second']), 'out/y');
  assert.equal(forced([ids[0]]), 'out/x');
  assert.equal(forced(['--down', 'a']), 'out/x out/y');
  assert.equal(forced(['--down', 'b', 'z']), 'out/y z');
  assert.equal(forced(['--down', 'c']), 'z');
  assert.deepEqual(makeJson(folder, ['--force', 'out/x']), ['out/x done: forced']);
  assert.equal(forced([ids[0]]), 'out/x', 'by the run in whose place another stands');
  assert.equal(rr(folder, ['make', '--down', 'nothing']).status, 120);
  assert.equal(rr(folder, ['make', '-j', '0']).status, 2);
});

test('make: an input that is gone stops it, unless the code is other, too', () => {
  const folder = makeProject();
  write(folder, 'helper', '1\n');
  write(folder, 'x.sh', 'cat helper > x\n');
  const done = rr(folder, ['record', '-q', '-o', 'x', '--', 'sh', 'x.sh']);
  assert.equal(done.status, 0, done.stderr);
  if (!read(folder, listRecords(folder)[0]).includes(' helper\n')) return; // not watched here
  fs.unlinkSync(path.join(folder, 'helper'));
  assert.deepEqual(makeJson(folder, [], 120), ['x cannot be made']);
  assert.equal(read(folder, 'x'), '1\n');
  write(folder, 'x.sh', 'echo 2 > x\n');
  assert.deepEqual(makeJson(folder), ['x done: gone helper, code x.sh']);
  assert.equal(rr(folder, ['status', '-q']).status, 0);
});

for (const method of ['none', 'scan']) {
  test('make: a step that leaves a declared output unmade has failed, and takes over nothing (--trace ' + method + ')', () => {
    const folder = makeProject();
    write(folder, 'in', '1\n');
    const plan = (name: string, args: string[], command: string): void => {
      assert.equal(rr(folder, ['record', '-q', '--trace', method, '--plan', name].concat(args, '--', command)).status, 0);
    };
    plan('two', ['-i', 'in', '-o', 'a', '-o', 'b'], 'cp in a; test -e bad || cp in b');
    plan('use', ['-i', 'b', '-o', 'c'], 'cp b c');
    plan('never', ['-o', 'd'], 'true');
    for (let i = 0; i < 2; i++) assert.deepEqual(makeJson(folder, ['-k'], 1).filter((line) => line.startsWith('never')), ['never failed: never run']);
    write(folder, 'bad', '');
    write(folder, 'in', '2\n');
    for (let i = 0; i < 2; i++) assert.deepEqual(makeJson(folder, ['two', 'use'], 1), ['two failed: input in', 'use not run']);
    assert.deepEqual([read(folder, 'a'), read(folder, 'b')], ['1\n', '1\n']);
    assert.doesNotMatch(rr(folder, ['status']).stdout, /changed since|not as made/);
    fs.unlinkSync(path.join(folder, 'bad'));
    assert.deepEqual(makeJson(folder, ['two', 'use']), ['two done: input in', 'use done: input b']);
    assert.deepEqual(makeJson(folder, ['two', 'use']), []);
  });
}

for (const isCut of [false, true]) {
  test('make: the files of a step have other names now: what read them all reads these' + (isCut ? ', also by another rr make' : ''), () => {
    const folder = makeProject();
    write(folder, 'names', 'a b\n');
    record(folder, ['-i', 'names', '-o', 'parts', '--', 'for name in $(cat names); do echo $name > parts/$name; done'].map((word) => word.replace(/^for/, 'mkdir -p parts; for')));
    record(folder, ['-i', 'parts', '-o', 'all', '--', 'cat parts/* > all']);
    write(folder, 'names', 'c d\n');
    if (isCut) assert.deepEqual(makeJson(folder, ['parts']), ['parts/a done: input names']);
    assert.equal(makeJson(folder).length, isCut ? 1 : 2);
    assert.equal(read(folder, 'all'), 'c\nd\n');
    assert.deepEqual(makeJson(folder), []);
  });
}

test('make: FIFOs of shells are no leftovers to others, however old; those of a make that was killed go with the next', () => {
  const folder = makeChain();
  run(folder, ['mkfifo', '.rr/running/shells-abcdef.p1']);
  run(folder, ['touch', '-d', '3 hours ago', '.rr/running/shells-abcdef.p1']);
  record(folder, ['--', 'true']);
  assert.ok(fs.existsSync(path.join(folder, '.rr/running/shells-abcdef.p1')));
  assert.deepEqual(makeJson(folder, ['--force', 'part']), ['part done: forced']);
  assert.equal(fs.existsSync(path.join(folder, '.rr/running/shells-abcdef.p1')), false);
});
