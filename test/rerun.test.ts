// rerun.test.ts - what rr rerun promises: the project stays as it was, the run is repeated as it was, the verdict is true.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { IS_ROOT, hasProgram, listRecords, makeTemporary, readRecord, run, sleep, startRr, waitUntil } from './rig.ts';
import { GIT_ENV, NO_TOOLS, assertSame, assertUntouched, commit, git, listScratch, makeRepository, recordShell, rerun, rrIn, surveyRepository, wordsOf, write } from './rerunrig.ts';

/** A work tree with everything that a day leaves: staged, unstaged and untracked changes, a stash, no branch. */
function makeDirty(root: string): void {
  write(root, 'stashed.txt', 'for later\n');
  git(root, 'add', 'stashed.txt');
  git(root, 'stash', '-q');
  git(root, 'checkout', '-q', '--detach');
  write(root, 'staged.txt', 'staged\n');
  git(root, 'add', 'staged.txt');
  write(root, 'staged.txt', 'staged, and changed\n');
  write(root, 'data.txt', 'changed data\n');
  write(root, 'untracked/file.txt', 'untracked\n');
  fs.unlinkSync(path.join(root, 'gone.txt'));
  fs.chmodSync(path.join(root, 'mode.txt'), 0o755);
  fs.symlinkSync('data.txt', path.join(root, 'a link'));
  // Times that nobody would have by chance, of files and folders.
  for (const name of ['data.txt', 'untracked/file.txt', 'untracked', 'sub']) fs.utimesSync(path.join(root, name), 1e9, 1e9 + 0.123456);
}

const TRACKED = { 'data.txt': 'data\n', 'gone.txt': 'gone\n', 'mode.txt': 'mode\n', 'sub/part.txt': 'part\n', 'script.sh': 'cat data.txt sub/part.txt > result.txt\n' };

test('rr rerun leaves status, HEAD, references, index and every file with its times as they were on a dirty tree', { skip: NO_TOOLS }, () => {
  const root = makeRepository(TRACKED);
  recordShell(root, 'plain', 'sh script.sh');
  recordShell(root, 'set', 'echo "gamma=0.5" > set.txt');
  recordShell(root, 'fails', 'cat data.txt; echo partial > partial.txt; exit 3', 3);
  recordShell(root, 'wild', 'cat data.txt; rm -rf data.txt sub mode.txt; mkdir sub; echo new > script.sh; chmod 700 .; ln -s / all; touch -d 2001-01-01 .; echo end > end.txt');
  git(root, 'checkout', '-q', '--', 'data.txt', 'sub', 'mode.txt', 'script.sh');
  fs.unlinkSync(path.join(root, 'all'));
  recordShell(root, 'by git', 'cat data.txt; git add -A >/dev/null 2>&1; git commit -qm mine; git checkout -q -b branch; git tag mine; git stash list; git gc -q; git config user.mine x; git log --oneline | wc -l > count.txt');
  git(root, 'checkout', '-q', 'main');
  makeDirty(root);
  const calls = [['plain'], ['--full', 'plain'], ['--set', 'gamma=0.7', 'set'], ['fails'], ['wild'], ['by git'], ['--full', 'by git'], ['-n', 'plain', 'wild'], ['--onto', 'main', 'plain'], ['--all'], ['--since', '']];
  for (const call of calls) {
    assertUntouched(root, () => {
      const done = rrIn(root, ['rerun'].concat(call));
      assert.match(done.stdout, /^\d{8}T\d{6}Z/, call.join(' ') + done.stderr);
      assert.equal(done.status === 0 || done.status === 1, true, done.stderr);
    }, call.join(' '));
    assert.deepEqual(listScratch(root), [], call.join(' '));
  }
  assert.equal(rrIn(root, ['verify', '-q', 'fails']).status === 125, false);
});

test('rr rerun --dry-run and a refusal write no record and no other file', { skip: NO_TOOLS }, () => {
  const root = makeRepository(TRACKED);
  recordShell(root, 'plain', 'cat data.txt loose.txt > result.txt', 1);
  write(root, 'loose.txt', 'loose\n');
  recordShell(root, 'loose', 'cat data.txt loose.txt > result.txt');
  write(root, 'loose.txt', 'changed\n');
  const whole = (): string => run(root, ['sh', '-c', 'find . -printf "%p %s %T@ %C@\\n" | grep -v " \\|/\\.rr/seen" ; find . -printf "%p %s %T@\\n" | grep -v "^./.rr" | sort']).stdout;
  const before = whole();
  assert.equal(rrIn(root, ['rerun', '-n', 'plain']).status, 0);
  assert.equal(rrIn(root, ['rerun', '-n', 'loose']).status, 1);
  assert.equal(rrIn(root, ['rerun', 'loose']).status, 1);
  assert.equal(whole(), before);
});

// ---- as it was ----------------------------------------------------------------------------------------------

/** How the script stood to git when the run was recorded, and what became of it since. */
const STANDINGS: { [what: string]: (root: string, name: string) => void } = {
  'clean': (root) => { commit(root, 'script'); },
  'changed': (root, name) => {
    const now = fs.readFileSync(path.join(root, name));
    write(root, name, 'echo first version\n');
    commit(root, 'script');
    fs.writeFileSync(path.join(root, name), now);
  },
  'staged': (root, name) => { git(root, 'add', name); },
  'untracked': () => undefined,
};

const FATES: { [what: string]: (root: string, name: string) => void } = {
  'edited': (root, name) => fs.appendFileSync(path.join(root, name), 'echo more >> out.txt\n'),
  'committed over': (root, name) => { write(root, name, 'false\n'); commit(root, 'later'); },
  'deleted': (root, name) => { fs.unlinkSync(path.join(root, name)); git(root, 'rm', '-q', '--cached', '--ignore-unmatch', name); },
  'now a folder': (root, name) => { fs.unlinkSync(path.join(root, name)); fs.mkdirSync(path.join(root, name)); write(root, name + '/x', 'x'); },
};

for (const standing of Object.keys(STANDINGS)) {
  test('rr rerun repeats a script that was ' + standing + ' as it was, when it was edited, committed over, deleted or became a folder', { skip: NO_TOOLS }, () => {
    for (const fate of Object.keys(FATES)) {
      const root = makeRepository({ 'data.txt': 'one\n' });
      write(root, 'my script.sh', '. ./help.sh\nhelp data.txt > out.txt\n# \xe9\n');
      write(root, 'help.sh', 'help() { tr a-z A-Z < "$1"; }\n');
      for (const name of ['my script.sh', 'help.sh']) STANDINGS[standing](root, name);
      recordShell(root, 'all', 'sh "my script.sh"');
      for (const name of ['my script.sh', 'help.sh', 'data.txt']) FATES[fate](root, name);
      fs.writeFileSync(path.join(root, 'out.txt'), 'something else\n');
      assertUntouched(root, () => {
        const { status, stories, stderr } = rerun(root, ['all']);
        assert.deepEqual(wordsOf(stories[0]), ['identical out.txt'], fate + JSON.stringify(stories) + stderr);
        assert.equal(status, 0, fate);
      }, fate);
    }
  });
}

test('rr rerun gives the command its arguments, folder, variables and streams again, whatever bytes are in their names', { skip: NO_TOOLS }, () => {
  const odd = Buffer.from('a b\'"$x\\\n\xff\xc3\xa9', 'latin1');
  const root = makeRepository({ 'in.txt': 'input\n' });
  const folder = Buffer.concat([Buffer.from(root + '/'), odd]);
  fs.mkdirSync(folder);
  fs.writeFileSync(Buffer.concat([folder, Buffer.from('/'), odd]), 'odd input\n');
  const script = 'cat "$odd" - > "new $odd"; printf "%s|" "$TZ" "$OMP_NUM_THREADS" "${SECRET_TOKEN-none}" "$PWD" > said.txt; echo to err >&2; cat said.txt "$odd" ; pwd | tail -c 6';
  write(root, 'go.sh', 'cd "$(printf "a b\'\\"\\$x\\\\\\\\\\n\\377\\303\\251")" || exit 9\nodd=$(basename "$(pwd; echo x)" "\nx")\nodd="$(printf "a b\'\\"\\$x\\\\\\\\\\n\\377\\303\\251")"\n'
    + 'exec node "$RR" record -q -l odd -- sh -c \'odd=$(printf "a b\\047\\"\\$x\\\\\\\\\\n\\377\\303\\251"); ' + script.replace(/"\$PWD" /, '') + '\' < "$odd" > "out $odd" 2>> "err $odd"\n');
  const recorded = run(root, ['sh', 'go.sh'], { env: { ...GIT_ENV, RR: process.env.RR_JS ?? path.resolve(__dirname, '..', '..', '..', 'rr.js'), TZ: 'Asia/Tokyo', OMP_NUM_THREADS: '3' } });
  assert.equal(recorded.status, 0, recorded.stderr);
  const names = pathsIn(root);
  assertUntouched(root, () => {
    const { status, stories, stderr } = rerun(root, ['odd'], { env: { TZ: 'UTC', OMP_NUM_THREADS: '9', LANG: 'C' } });
    assert.deepEqual((stories[0].verdicts ?? []).map(({ word }) => word), names.map(() => 'identical'), JSON.stringify(stories) + stderr);
    assert.equal(status, 0);
  });
});

/** Of the last record the outputs. */
function pathsIn(root: string): string[] {
  const names = listRecords(root);
  const record = readRecord(root, names[names.length - 1]);
  assert.ok((record.Output ?? []).length >= 3, JSON.stringify(record));
  return record.Output;
}

test('rr rerun is the same under any umask, and knows an executable output from one that is not', { skip: NO_TOOLS }, () => {
  const root = makeRepository({ 'tool.sh': '#!/bin/sh\necho made by tool\n' });
  fs.chmodSync(path.join(root, 'tool.sh'), 0o755);
  recordShell(root, 'modes', './tool.sh > plain.txt; cp tool.sh made.sh; chmod +x made.sh');
  for (const umask of ['000', '022', '077', '027']) {
    const done = run(root, ['sh', '-c', 'umask ' + umask + '; exec node "$0" rerun modes', process.env.RR_JS ?? path.resolve(__dirname, '..', '..', '..', 'rr.js')], { env: GIT_ENV });
    assert.match(done.stdout, /2 identical/, umask + done.stdout + done.stderr);
    assert.equal(done.status, 0);
  }
  write(root, 'flag', '+x');
  recordShell(root, 'flag', 'cp tool.sh other.sh; chmod "$(cat flag)" other.sh');
  write(root, 'flag', '-x');
  const { status, stories } = rerun(root, ['-f', 'flag']);
  assert.deepEqual(wordsOf(stories[0]), ['different other.sh']);
  assert.equal(status, 1);
});

// ---- the verdict --------------------------------------------------------------------------------------------

test('rr rerun tells identical, different, missing and extra outputs, links, folders and removals, and is not content with less', { skip: NO_TOOLS }, () => {
  const root = makeRepository({ 'in.txt': 'x\n', 'old.txt': 'old\n' });
  const cases: { [what: string]: [string, string[]] } = {
    'the same': ['echo a > a.txt', ['identical a.txt']],
    'another content': ['cat now in.txt > a.txt', ['different a.txt']],
    'one more': ['echo a > a.txt; if [ "$(cat now)" = 2 ]; then echo b > b.txt; fi', ['identical a.txt', 'extra b.txt']],
    'one less': ['echo a > a.txt; if [ "$(cat now)" = 1 ]; then echo b > b.txt; fi', ['identical a.txt', 'missing b.txt']],
    'an empty one': ['if [ "$(cat now)" = 1 ]; then : > a.txt; else echo > a.txt; fi', ['different a.txt']],
    'a link instead': ['if [ "$(cat now)" = 1 ]; then echo x > a.txt; else ln -sf in.txt a.txt; fi', ['different a.txt']],
    'a link elsewhere': ['ln -sf "to $(cat now)" l', ['different l']],
    'the same link': ['cat now > /dev/null; ln -sf nowhere l', ['identical l']],
    'a file in another folder': ['mkdir -p "d$(cat now)"; echo a > "d$(cat now)/a.txt"', ['missing d1', 'missing d1/a.txt', 'extra d2/a.txt']],
    'not removed': ['if [ "$(cat now)" = 1 ]; then rm old.txt; fi; echo a > a.txt', ['identical a.txt', 'different old.txt']],
  };
  for (const what of Object.keys(cases)) {
    const [script, expected] = cases[what];
    for (const name of ['a.txt', 'b.txt', 'l', 'd1', 'd2']) fs.rmSync(path.join(root, name), { recursive: true, force: true });
    write(root, 'old.txt', 'old\n');
    write(root, 'now', '1');
    recordShell(root, what, 'cat now old.txt >/dev/null; ' + script);
    write(root, 'old.txt', 'old\n');
    write(root, 'now', '2');
    const { status, stories } = rerun(root, ['-f', what]);
    assert.deepEqual(wordsOf(stories[0]).sort(), expected.sort(), what);
    assert.equal(status, expected.every((word) => word.startsWith('identical')) ? 0 : 1, what);
    assert.equal(stories[0].accepted, status === 0, what);
  }
});

test('rr rerun is content with a failure only if it is the same failure', { skip: NO_TOOLS }, () => {
  const root = makeRepository({ 'in.txt': 'x\n' });
  const ends = ['exit 3', 'kill -9 $$', 'kill -15 $$', 'exit 0'];
  ends.forEach((end, i) => {
    write(root, 'end', end);
    const done = rrIn(root, ['record', '-q', '-l', 'end ' + String(i), '--', 'sh', '-c', 'echo a > a.txt; . ./end']);
    assert.notEqual(done.status, 125, done.stderr);
  });
  ends.forEach((_, i) => {
    ends.forEach((end, j) => {
      write(root, 'end', end);
      const { status, stories } = rerun(root, ['-f', 'end ' + String(i)]);
      assert.deepEqual(wordsOf(stories[0]), ['identical a.txt']);
      assert.equal(status, i === j ? 0 : 1, ends[i] + ' against ' + end);
    });
  });
});

test('rr rerun makes again what is gone, through a chain, and refuses where a raw input is gone', { skip: NO_TOOLS }, () => {
  const root = makeRepository({ 'raw.txt': 'raw\n' });
  recordShell(root, 'first', 'tr a-z A-Z < raw.txt > first.txt');
  recordShell(root, 'second', 'cat first.txt first.txt > second.txt');
  recordShell(root, 'third', 'wc -l < second.txt > third.txt');
  for (const name of ['first.txt', 'second.txt', 'third.txt']) fs.unlinkSync(path.join(root, name));
  assertUntouched(root, () => {
    const { status, stories } = rerun(root, ['third']);
    assert.deepEqual(stories.map(wordsOf), [['identical first.txt'], ['identical second.txt'], ['identical third.txt']]);
    assert.equal(status, 0);
  });
  git(root, 'rm', '-q', 'raw.txt');
  assert.equal(rerun(root, ['third']).status, 0, 'raw.txt is in the commit');
  const other = makeRepository({ 'x': 'x' });
  write(other, 'raw.txt', 'raw\n');
  recordShell(other, 'first', 'tr a-z A-Z < raw.txt > first.txt');
  recordShell(other, 'second', 'cat first.txt first.txt > second.txt');
  for (const name of ['first.txt', 'second.txt', 'raw.txt']) fs.unlinkSync(path.join(other, name));
  assertUntouched(other, () => {
    const refused = rrIn(other, ['rerun', 'second']);
    assert.equal(refused.status, 1);
    assert.match(refused.stdout, /raw\.txt/);
  });
});

test('rr rerun --onto takes the code of another commit and hands on what earlier runs of the call made', { skip: NO_TOOLS }, () => {
  const root = makeRepository({ 'a.sh': 'echo one > mid.txt\n', 'b.sh': 'cat mid.txt mid.txt > end.txt\n' });
  recordShell(root, 'a', 'sh a.sh');
  recordShell(root, 'b', 'sh b.sh');
  write(root, 'a.sh', 'echo two > mid.txt\n');
  git(root, 'commit', '-q', '-m', 'two', '--', 'a.sh');
  git(root, 'checkout', '-q', 'HEAD~1');
  write(root, 'a.sh', 'echo three > mid.txt\n');
  assertUntouched(root, () => {
    const { status, stories } = rerun(root, ['--onto', 'main', 'a', 'b']);
    assert.deepEqual(stories.map(wordsOf), [['different mid.txt'], ['different end.txt']]);
    assert.equal(status, 1);
    const kept = run(root, ['sh', '-c', 'cat .rr/different/*/mid.txt .rr/different/*/end.txt']).stdout;
    assert.equal(kept, 'two\ntwo\ntwo\n');
    assert.equal(rerun(root, ['a', 'b']).status, 0, 'as recorded they are as they were');
  });
});

test('rr rerun --set makes a run of its own, whose results are none of the project, and the old one stays', { skip: NO_TOOLS }, () => {
  const root = makeRepository({ 'fit.sh': 'echo "$1" "$2" > fit.txt\n' });
  const done = rrIn(root, ['record', '-q', '-l', 'fit', '-p', 'gamma=0.5', '--', 'sh', 'fit.sh', 'gamma=0.5', 'x']);
  assert.equal(done.status, 0, done.stderr);
  const sums = fs.readFileSync(path.join(root, 'provenance', 'SHA256SUMS'));
  assertUntouched(root, () => {
    for (const value of ['0.7', '', ' ', "'; touch pwned; '", '$(touch pwned)', '-x', '\xc3\xa9 \xff']) {
      const set = rrIn(root, ['rerun', '-q', '--set', 'gamma=' + value, 'fit']);
      assert.equal(set.status, 0, value + set.stdout + set.stderr);
      const names = listRecords(root);
      const record = readRecord(root, names[names.length - 1]);
      assert.equal(record.Output, undefined);
      assert.equal(record.Scratch_output.length, 1, value);
      assert.equal(record.Parent.length, 1);
      assert.equal(record.Repeats, undefined);
    }
  });
  assert.ok(fs.readFileSync(path.join(root, 'provenance', 'SHA256SUMS')).equals(sums));
  assert.equal(rrIn(root, ['verify', '-q']).status, 0);
  assert.equal(rerun(root, ['fit']).status, 0, 'a label means the run that has it');
});

test('rr rerun --in-place repeats in the project, and only where the inputs are as they were', { skip: NO_TOOLS }, () => {
  const root = makeRepository({ 'in.txt': 'x\n' });
  recordShell(root, 'a', 'cat in.txt in.txt > out.txt');
  fs.unlinkSync(path.join(root, 'out.txt'));
  const { status, stories } = rerun(root, ['--in-place', 'a']);
  assert.equal(fs.readFileSync(path.join(root, 'out.txt'), 'latin1'), 'x\nx\n');
  assert.deepEqual(wordsOf(stories[0]), ['identical out.txt']);
  assert.equal(status, 0);
  write(root, 'in.txt', 'y\n');
  assertUntouched(root, () => assert.equal(rrIn(root, ['rerun', '--in-place', 'a']).status, 1));
});

test('rr rerun repeats a project that is a folder of its repository, in a linked worktree, in SHA-256, and with .rr elsewhere', { skip: NO_TOOLS }, () => {
  const make = (root: string, top: string): void => {
    write(root, 'in.txt', 'x\n');
    write(top, 'shared/lib.sh', 'double() { cat "$1" "$1"; }\n');
    commit(top, 'all');
    write(top, 'shared/lib.sh', 'double() { cat "$1" "$1" "$1"; }\n');
    const up = root === top ? '' : '../'.repeat(path.relative(top, root).split('/').length);
    recordShell(root, 'a', '. ' + (up === '' ? './' : up) + 'shared/lib.sh; double in.txt > out.txt');
    write(top, 'shared/lib.sh', 'double() { false; }\n');
    write(root, 'in.txt', 'y\n');
    const before = surveyRepository(top);
    const { status, stories, stderr } = rerun(root, ['a']);
    assert.deepEqual(wordsOf(stories[0]), ['identical out.txt'], JSON.stringify(stories) + stderr);
    assert.equal(status, 0);
    assertSame(surveyRepository(top), before);
  };
  const top = makeTemporary();
  git(top, 'init', '-q');
  const inner = path.join(top, 'sub', 'project');
  fs.mkdirSync(inner, { recursive: true });
  assert.equal(rrIn(inner, ['init', '-q']).status, 0);
  make(inner, top);
  const main = makeRepository({ 'y': 'y' });
  const linked = path.join(makeTemporary(), 'linked');
  git(main, 'worktree', 'add', '-q', linked);
  make(linked, linked);
  const other = makeTemporary();
  git(other, 'init', '-q', '--object-format=sha256');
  assert.equal(rrIn(other, ['init', '-q']).status, 0);
  make(other, other);
  const elsewhere = makeRepository({ 'y': 'y' });
  const away = path.join(makeTemporary(), 'away');
  fs.renameSync(path.join(elsewhere, '.rr'), away);
  fs.symlinkSync(away, path.join(elsewhere, '.rr'));
  assert.match(rrIn(elsewhere, ['list']).stderr, /"\.rr" is a link that leads out of it/);
});

test('rr rerun repeats in a project without version control, and one without git on PATH', { skip: NO_TOOLS }, () => {
  const plain = makeTemporary();
  assert.equal(rrIn(plain, ['init', '-q']).status, 0);
  write(plain, 'in.txt', 'x\n');
  recordShell(plain, 'a', 'cat in.txt in.txt > out.txt');
  fs.unlinkSync(path.join(plain, 'out.txt'));
  assertUntouched(plain, () => assert.equal(rerun(plain, ['a']).status, 0));
  const root = makeRepository({ 's.sh': 'cat in.txt > out.txt\n', 'in.txt': 'x\n' });
  recordShell(root, 'a', 'sh s.sh');
  write(root, 's.sh', 'false\n');
  const bin = makeTemporary();
  for (const name of ['sh', 'cat', 'strace', 'node', 'env']) fs.symlinkSync(run(root, ['sh', '-c', 'command -v ' + name]).stdout.trim(), path.join(bin, name));
  assertUntouched(root, () => {
    const { status, stories, stderr } = rerun(root, ['a'], { env: { PATH: bin } });
    assert.equal(status, 0, JSON.stringify(stories) + stderr);
  });
});

test('rr rerun takes for an order of threads neither the clock, nor a seed from it, nor what was printed', { skip: NO_TOOLS !== false ? NO_TOOLS : hasProgram('taskset') ? false : 'no taskset' }, () => {
  const root = makeRepository({ 'x': 'x' });
  const details = (script: string): string => {
    recordShell(root, script, script);
    run(root, ['sleep', '1']); // a seed from the clock would be the same one
    return (rerun(root, [script]).stories[0].verdicts ?? []).map(({ word, detail }) => word + ': ' + String(detail)).join('\n');
  };
  for (const script of ['awk "BEGIN { srand(); print rand() }" > a.txt', 'date +%N', 'od -An -tu8 -N8 /dev/urandom', 'od -An -tu8 -N8 /dev/urandom > a.txt; echo fixed']) {
    const told = details(script);
    assert.match(told, /different: .*cause: randomness without a fixed seed, or the time/, script + told);
    assert.doesNotMatch(told, /threads/, script + told);
  }
  write(root, 'n', '1');
  recordShell(root, 'say', 'cat n');
  write(root, 'n', '2');
  assert.match(String((rerun(root, ['-f', 'say']).stories[0].verdicts ?? [])[0].detail), /not random/);
});

// ---- faults -------------------------------------------------------------------------------------------------

test('rr rerun, killed at any moment, leaves the project whole, and the next one cleans up', { skip: NO_TOOLS }, async () => {
  const root = makeRepository({ ...TRACKED, 'slow.sh': 'cat data.txt > out.txt; sleep 0.2; cat sub/part.txt >> out.txt\n' });
  recordShell(root, 'slow', 'sh slow.sh');
  makeDirty(root);
  const before = surveyRepository(root);
  for (const delayMs of [40, 80, 120, 180, 250, 350, 450, 600]) {
    const { child, ended } = startRr(root, ['rerun', 'slow'], { env: GIT_ENV });
    await sleep(delayMs);
    child.kill('SIGKILL');
    await ended;
    assertSame(surveyRepository(root), before, String(delayMs));
  }
  // Once more, when it surely runs: then a run is lost, whatever the times above met on a slow machine.
  const { child, ended } = startRr(root, ['rerun', 'slow'], { env: GIT_ENV });
  const isRunning = (): boolean => fs.readdirSync(path.join(root, '.rr/running')).some((name) => /^\d{8}T\d{6}Z-[a-z2-7]{6}$/.test(name) && /^Command_process: /m.test(fs.readFileSync(path.join(root, '.rr/running', name), 'latin1')));
  await waitUntil('the repeat', isRunning);
  child.kill('SIGKILL');
  await ended;
  // What the killed had started is over soon.
  await sleep(500);
  // A tree whose rr was killed before it could say whose it is may be of one that is about to: it stays for an hour.
  for (const name of listScratch(root)) {
    const folder = path.join(root, '.rr/scratch', name);
    const holder = path.join(folder, 'holder');
    if (!fs.existsSync(holder) || fs.statSync(holder).size === 0) assert.equal(run(root, ['touch', '-d', '2 hours ago', folder].concat(fs.existsSync(holder) ? holder : [])).status, 0);
  }
  recordShell(root, 'next', 'true');
  assert.deepEqual(listScratch(root), [], 'a run was lost, so its tree is removed');
  const { status, stories } = rerun(root, ['slow']);
  assert.equal(status, 0, JSON.stringify(stories));
  assert.deepEqual(listScratch(root), []);
  assert.equal(rrIn(root, ['verify', '-q', 'slow']).status, 0);
  assertSame(surveyRepository(root), before);
});

test('rr rerun, interrupted by a signal, ends the command and leaves no tree', { skip: NO_TOOLS }, async () => {
  const root = makeRepository(TRACKED);
  recordShell(root, 'slow', 'cat data.txt > out.txt; if [ -e wait ]; then exec sleep 30; fi');
  write(root, 'wait', '');
  const before = surveyRepository(root);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const { child, ended } = startRr(root, ['rerun', '--full', 'slow'], { env: GIT_ENV });
    await waitUntil('the command runs', () => run(root, ['sh', '-c', 'cat .rr/scratch/*/t/tmp/*/out.txt .rr/scratch/*/t' + root + '/out.txt 2>/dev/null']).stdout.indexOf('data') >= 0);
    child.kill(signal);
    const done = await ended;
    assert.notEqual(done.status, 0, signal);
    assert.deepEqual(listScratch(root), [], signal);
    assertSame(surveyRepository(root), before, signal);
  }
});

test('rr rerun, twice and more at once, is as it would be alone', { skip: NO_TOOLS }, async () => {
  const root = makeRepository(TRACKED);
  recordShell(root, 'plain', 'sh script.sh; sleep 0.1');
  makeDirty(root);
  const before = surveyRepository(root);
  const all = await Promise.all(Array.from({ length: 4 }, () => startRr(root, ['rerun', 'plain'], { env: GIT_ENV }).ended));
  for (const done of all) {
    assert.match(done.stdout, /1 identical/, done.stderr);
    assert.equal(done.status, 0);
  }
  assert.equal(listRecords(root).length, 5);
  assert.deepEqual(listScratch(root), []);
  assertSame(surveyRepository(root), before);
});

test('rr rerun says what it may not do in a folder that is read-only, and runs nothing', { skip: NO_TOOLS !== false ? NO_TOOLS : IS_ROOT && !hasProgram('setpriv') ? 'no setpriv' : false }, () => {
  const root = makeRepository(TRACKED);
  recordShell(root, 'plain', 'sh script.sh');
  run(root, ['chmod', '-R', 'a+rX', root]);
  const user = IS_ROOT ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
  if (!IS_ROOT) run(root, ['chmod', '-R', 'a-w', root]);
  const before = surveyRepository(root);
  const done = run(root, user.concat(process.execPath, process.env.RR_JS ?? path.resolve(__dirname, '..', '..', '..', 'rr.js'), 'rerun', 'plain'), { env: GIT_ENV });
  if (!IS_ROOT) run(root, ['chmod', '-R', 'u+w', root]);
  assert.equal(done.status, 125, done.stdout + done.stderr);
  assert.match(done.stderr, /^rr: cannot /m);
  assert.doesNotMatch(done.stderr, /internal error/);
  if (IS_ROOT) assertSame(surveyRepository(root), before);
});

test('rr rerun copies files that nobody may write, for a user who is no root', { skip: NO_TOOLS !== false ? NO_TOOLS : IS_ROOT && !hasProgram('setpriv') ? 'no setpriv' : false }, () => {
  const root = makeRepository({ 'x': 'x' });
  write(root, 'protected.txt', 'protected\n');
  write(root, 'closed/inner.txt', 'inner\n');
  for (const name of ['protected.txt', 'closed/inner.txt']) fs.chmodSync(path.join(root, name), 0o444);
  fs.chmodSync(path.join(root, 'closed'), 0o555);
  const user = IS_ROOT ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
  if (IS_ROOT) run(root, ['chown', '-R', '65534:65534', root]);
  const rrJs = process.env.RR_JS ?? path.resolve(__dirname, '..', '..', '..', 'rr.js');
  const asUser = (...words: string[]) => run(root, user.concat(process.execPath, rrJs, ...words), { env: { ...GIT_ENV, HOME: '/nonexistent' } });
  const recorded = asUser('record', '-q', '-l', 'a', '--trace', 'scan', '-i', 'protected.txt', '--', 'sh', '-c', 'cat protected.txt $(find . -path "./clos*" -type f) > out.txt; ls -l closed | cut -c 1-10 > modes.txt');
  assert.equal(recorded.status, 0, recorded.stderr);
  const done = asUser('rerun', 'a');
  assert.match(done.stdout, /2 identical/, done.stdout + done.stderr);
  assert.equal(done.status, 0);
  assert.deepEqual(listScratch(root), []);
});
