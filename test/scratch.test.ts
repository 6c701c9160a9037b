// scratch.test.ts - records, commits and patches of strangers, repeated: nothing outside of the scratch tree is written, moved or removed.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'child_process';
import fs from 'fs';
import path from 'path';
import { listRecords, makeTemporary, readRecord, run } from './rig.ts';
import { GIT_ENV, NO_TOOLS, assertSame, commit, git, hashOf, listScratch, makeRepository, recordShell, rerun, rrIn, survey, tamper, write } from './rerunrig.ts';

/** A folder beside the project that nothing may touch, and a project in which "out" leads there by the commit. */
function makeTrap(): { outer: string; victim: string; root: string; check: (use: () => void, what?: string) => void } {
  const outer = makeTemporary();
  const victim = path.join(outer, 'victim');
  write(victim, 'file', 'precious\n');
  write(victim, 'folder/inner', 'precious, too\n');
  fs.chmodSync(path.join(victim, 'file'), 0o754);
  const root = makeRepository({ 'in.txt': 'input\n' }, path.join(outer, 'project'));
  fs.symlinkSync(victim, path.join(root, 'out'));
  fs.symlinkSync('../victim', path.join(root, 'relative'));
  fs.symlinkSync(path.join(victim, 'new'), path.join(root, 'dangling'));
  fs.symlinkSync(path.join(victim, 'file'), path.join(root, 'single'));
  commit(root, 'links');
  const check = (use: () => void, what = ''): void => {
    const before = survey(victim).concat(fs.readdirSync(outer));
    use();
    assertSame(survey(victim).concat(fs.readdirSync(outer)), before, what);
    assert.deepEqual(listScratch(root), [], what);
  };
  return { outer, victim, root, check };
}

/** A record of "echo hello > r.txt" with these lines changed. */
function forge(root: string, change: (text: string) => string): string {
  fs.rmSync(path.join(root, 'r.txt'), { force: true });
  const done = run(root, ['sh', '-c', 'exec "$0" "$1" record -q -- sh -c "cat in.txt; echo hello" > r.txt', process.execPath, process.env.RR_JS ?? path.resolve(__dirname, '..', '..', '..', 'rr.js')], { env: GIT_ENV });
  assert.equal(done.status, 0, done.stderr);
  return tamper(root, (text) => {
    const changed = change(text);
    assert.notEqual(changed, text);
    return changed;
  });
}

test('rr rerun writes through no redirection that a link of the commit leads out of the tree', { skip: NO_TOOLS }, () => {
  const { root, check, outer } = makeTrap();
  for (const target of ['out/file', 'out/new', 'out/folder/inner', 'relative/file', 'dangling', 'single', '../victim/file', '../victim/new', outer + '/victim/file', 'a/../../victim/file', './../victim/file', '.', '..', '/', '.rr/key', 'provenance/Makefile', '.git/config']) {
    for (const sign of /new|dangling/.test(target) ? ['>'] : ['>>', '>']) {
      for (const withOutput of sign === '>' && /^out/.test(target) ? [true, false] : [false]) {
        const id = forge(root, (text) => {
          const redirected = text.replace(/^Redirect: 1 > r\.txt$/m, 'Redirect: 1 ' + sign + ' ' + target);
          return withOutput ? redirected.replace(/^(Output: .*) r\.txt$/m, '$1 ' + target) : redirected.replace(/^Output: .* r\.txt\n/m, '').replace(/^Process.*\n/mg, '');
        });
        const own = ['.rr/key', '.git/config', 'provenance/rerun.sh'].map((name) => fs.existsSync(path.join(root, name)) ? fs.readFileSync(path.join(root, name), 'latin1') : '');
        check(() => {
          const done = rrIn(root, ['rerun', id]);
          assert.doesNotMatch(done.stderr, /internal error/, target + done.stderr);
        }, sign + ' ' + target);
        assert.deepEqual(['.rr/key', '.git/config', 'provenance/rerun.sh'].map((name) => fs.existsSync(path.join(root, name)) ? fs.readFileSync(path.join(root, name), 'latin1') : ''), own, target);
        fs.unlinkSync(path.join(root, listRecords(root).find((name) => name.indexOf(id) >= 0) as string));
      }
    }
  }
});

test('rr rerun starts no command in a folder that a link leads out of the tree', { skip: NO_TOOLS }, () => {
  const { root, check, outer } = makeTrap();
  for (const folder of ['out', 'out/folder', 'relative', 'single', '..', '../victim', outer + '/victim', 'a/../../victim', '.git', '.rr', 'provenance']) {
    const id = forge(root, (text) => text.replace(/^Directory: \.$/m, 'Directory: ' + folder).replace(/^Command: .*$/m, 'Command: sh -c \'echo x > made; rm -f file\''));
    check(() => {
      const done = rrIn(root, ['rerun', id]);
      assert.equal(done.status, 1, folder + done.stdout + done.stderr);
      assert.match(done.stdout, /not repeated/, folder);
    }, folder);
  }
});

test('rr rerun neither changes nor moves a file that an input or a declared output reaches through a link', { skip: NO_TOOLS }, () => {
  const { root, check, victim } = makeTrap();
  const precious = hashOf('precious\n') + '  9 ';
  for (const name of ['out/file', 'relative/file', 'single', 'out/new', '../victim/file', path.join(victim, 'file')]) {
    const input = forge(root, (text) => text.replace(/^(Input: .* in\.txt)$/m, '$1\nInput: ' + precious + name).replace(/^Process.*\n/mg, ''));
    check(() => { assert.doesNotMatch(rrIn(root, ['rerun', input]).stderr, /internal error/); }, 'input ' + name);
    const output = forge(root, (text) => text.replace(/^(Observed: .*)$/m, '$1\nDeclared_output: ' + name).replace(/^(Output: .* r\.txt)$/m, '$1\nOutput: ' + precious + name).replace(/^Process.*\n/mg, ''));
    check(() => { assert.doesNotMatch(rrIn(root, ['rerun', output]).stderr, /internal error/); }, 'output ' + name);
    check(() => { assert.doesNotMatch(rrIn(root, ['rerun', '--full', output]).stderr, /internal error/); }, 'output, full ' + name);
    const declared = forge(root, (text) => text.replace(/^(Observed: .*)$/m, '$1\nDeclared_output: ' + name.replace(/[^/]*$/, '*')).replace(/^Process.*\n/mg, ''));
    check(() => { assert.doesNotMatch(rrIn(root, ['rerun', declared]).stderr, /internal error/); }, 'declared ' + name);
  }
});

test('rr rerun moves nothing out of a folder to which the command itself made a link', { skip: NO_TOOLS }, () => {
  const { root, check, victim } = makeTrap();
  for (const method of ['auto', 'scan']) {
    fs.mkdirSync(path.join(root, 'made'), { recursive: true });
    const done = rrIn(root, ['record', '-q', '-l', method, '--trace', method, '-o', 'made/*', '--', 'sh', '-c', 'if [ -e evil ]; then rmdir made; ln -s "' + victim + '" made; else echo other > made/file; fi; cat in.txt']);
    assert.equal(done.status, 0, done.stderr);
    write(root, 'evil', '');
    check(() => {
      const { status, stories } = rerun(root, ['--full', method]);
      assert.equal(status, 1, JSON.stringify(stories));
    }, method);
    fs.unlinkSync(path.join(root, 'evil'));
    fs.rmSync(path.join(root, 'made'), { recursive: true });
  }
});

test('rr rerun takes from a commit and a patch no name that leaves the tree', { skip: NO_TOOLS }, () => {
  const { root, check, victim } = makeTrap();
  const names = ['../victim/file', '../../victim/new', 'a/../../victim/new', victim + '/new', 'out/new', 'out/file', 'dangling', 'relative/folder/new', '.git/hooks/post-checkout', '.git/config', '.rr/key', 'provenance/rerun.sh', '..', '.', ''];
  const code = path.join(root, 'provenance', 'code');
  const head = git(root, 'rev-parse', 'HEAD').trim();
  const section = (name: string, mode: string): string => 'diff --git a/' + name + ' b/' + name + '\nnew file mode ' + mode + '\nindex 0000000..1111111\n--- /dev/null\n+++ b/' + name + '\n@@ -0,0 +1 @@\n+pwned\n';
  fs.mkdirSync(code, { recursive: true });
  for (const mode of ['100644', '100755', '120000']) {
    const patch = names.map((name) => section(name, mode)).join('');
    fs.writeFileSync(path.join(code, hashOf(patch) + '.patch'), patch);
    const script = fs.readFileSync(path.join(root, 'provenance', 'rerun.sh'), 'latin1');
    const id = forge(root, (text) => text.replace(/^Code: .*$/m, 'Code: git ' + head + ' dirty ' + hashOf(patch)));
    check(() => {
      const done = rrIn(root, ['rerun', id]);
      assert.doesNotMatch(done.stderr, /internal error/, done.stderr);
    }, mode);
    assert.equal(fs.readFileSync(path.join(root, 'provenance', 'rerun.sh'), 'latin1'), script);
  }
});

/** Writes an object that git would not make; gives its id. */
function writeObject(root: string, kind: string, body: Buffer): string {
  return execFileSync('git', ['hash-object', '-t', kind, '--literally', '-w', '--stdin'], { cwd: root, input: body, env: { PATH: process.env.PATH, ...GIT_ENV }, encoding: 'latin1' }).trim();
}

test('rr rerun takes nothing from a commit whose trees hold names that climb, and never the content of a file through a link beside it', { skip: NO_TOOLS }, () => {
  const { root, check, victim } = makeTrap();
  const blob = writeObject(root, 'blob', Buffer.from('pwned\n'));
  const raw = Buffer.from(blob, 'hex');
  const entry = (mode: string, name: string, id: Buffer): Buffer => Buffer.concat([Buffer.from(mode + ' ' + name + '\0', 'latin1'), id]);
  const inner = Buffer.from(writeObject(root, 'tree', entry('100644', 'new', raw)), 'hex');
  const link = Buffer.from(writeObject(root, 'blob', Buffer.from(victim)), 'hex');
  const trees: { [what: string]: Buffer } = {
    'a folder ".."': entry('40000', '..', inner), 'a folder "."': entry('40000', '.', inner), 'a name with "/"': entry('100644', '../victim/new', raw), 'an absolute name': entry('100644', victim + '/new', raw),
    'a folder ".git"': entry('40000', '.git', inner), 'an empty name': entry('40000', '', inner),
    'a link and a folder of one name': Buffer.concat([entry('120000', 'trap', link), entry('40000', 'trap', inner)]),
    'a folder and a link of one name': Buffer.concat([entry('40000', 'trap', inner), entry('120000', 'trap', link)]),
  };
  const input = Buffer.from(writeObject(root, 'blob', Buffer.from('input\n')), 'hex');
  for (const what of Object.keys(trees)) {
    const tree = writeObject(root, 'tree', Buffer.concat([trees[what], entry('100644', 'in.txt', input)]));
    const head = git(root, 'commit-tree', '-m', 'x', tree).trim();
    const id = forge(root, (text) => text.replace(/^Code: git [0-9a-f]+/m, 'Code: git ' + head));
    check(() => { assert.doesNotMatch(rrIn(root, ['rerun', id]).stderr, /internal error/); }, what);
    check(() => { assert.doesNotMatch(rrIn(root, ['rerun', '--onto', head, id]).stderr, /internal error/); }, what);
  }
});

test('rr rerun uses no .rr/scratch that is a link, and removes nothing through links that lie in it', { skip: NO_TOOLS }, () => {
  const { root, check, victim } = makeTrap();
  recordShell(root, 'a', 'cat in.txt > a.txt');
  fs.mkdirSync(path.join(root, '.rr', 'scratch', 's-abandoned', 't'), { recursive: true });
  // Nobody has the process number 0; the boot is another one.
  fs.writeFileSync(path.join(root, '.rr', 'scratch', 's-abandoned', 'holder'), '1 1 another-boot ' + fs.readFileSync('/proc/sys/kernel/hostname', 'latin1').trim() + '\n');
  fs.symlinkSync(victim, path.join(root, '.rr', 'scratch', 's-abandoned', 't', 'link'));
  fs.symlinkSync(victim, path.join(root, '.rr', 'scratch', 's-link'));
  fs.mkdirSync(path.join(root, '.rr', 'scratch', 's-abandoned', 'closed', 'inner'), { recursive: true });
  fs.chmodSync(path.join(root, '.rr', 'scratch', 's-abandoned', 'closed'), 0);
  fs.writeFileSync(path.join(victim, 'holder'), '1 1 another-boot x\n');
  const before = survey(victim);
  assert.equal(rerun(root, ['a']).status, 0);
  assert.deepEqual(listScratch(root), ['s-link']);
  assertSame(survey(victim), before);
  fs.rmSync(path.join(root, '.rr', 'scratch'), { recursive: true });
  fs.symlinkSync(victim, path.join(root, '.rr', 'scratch'));
  const done = rrIn(root, ['rerun', 'a']);
  assert.equal(done.status, 125);
  assert.match(done.stderr, /^rr: cannot /m);
  assertSame(survey(victim), before);
  fs.unlinkSync(path.join(root, '.rr', 'scratch'));
  check(() => assert.equal(rerun(root, ['a']).status, 0));
});

test('rr rerun removes what the repeat left, however it is closed, and follows no link of it', { skip: NO_TOOLS }, () => {
  const { root, check, victim } = makeTrap();
  recordShell(root, 'closed', 'mkdir -p d/e; echo x > d/e/f; ln -s "' + victim + '" d/l; ln -s / r; mkfifo p; mkdir z; chmod 0 d/e/f d/e z; chmod 500 d; ln in.txt hard; echo a > a.txt');
  run(root, ['sh', '-c', 'chmod -R u+rwX d z; rm -rf d r p z hard']);
  check(() => { assert.match(rrIn(root, ['rerun', 'closed']).stdout, /identical {2}a\.txt/); });
});

test('a command in the scratch tree that uses the project by its absolute name is told of', { skip: NO_TOOLS }, () => {
  const { root } = makeTrap();
  write(root, 'use.sh', 'cat "$(cat where)/in.txt" > a.txt\n');
  write(root, 'where', root);
  recordShell(root, 'absolute', 'sh use.sh');
  const { stories } = rerun(root, ['absolute']);
  assert.match(JSON.stringify(stories), /in\.txt/);
  const names = listRecords(root);
  assert.match(readRecord(root, names[names.length - 1]).Warning.join('\n'), /absolute names.*in\.txt/);
});

test('the scratch tree is a repository of its own at the recorded commit, with the recorded changes, whose branch and index are none of the user\'s', { skip: NO_TOOLS }, () => {
  const root = makeRepository({ 'a.txt': 'one\n', 'b.txt': 'two\n' });
  git(root, 'tag', 'v1');
  write(root, 'b.txt', 'changed\n');
  recordShell(root, 'ask', 'git describe --always --dirty > d.txt; git rev-parse HEAD --abbrev-ref HEAD; git status --short -- a.txt b.txt; git diff --stat; git log --oneline; git show HEAD:a.txt; git tag; git rev-parse --show-prefix; git stash list');
  write(root, 'a.txt', 'later\n');
  git(root, 'commit', '-q', '-m', 'later', '--', 'a.txt', 'b.txt');
  git(root, 'checkout', '-q', '-b', 'elsewhere');
  const { status, stories, stderr } = rerun(root, ['ask'], { env: { GIT_DIR: path.join(root, '.git'), GIT_WORK_TREE: root, GIT_INDEX_FILE: path.join(root, '.git', 'index') } });
  assert.deepEqual((stories[0].verdicts ?? []).map(({ word }) => word), ['identical', 'identical'], JSON.stringify(stories) + stderr);
  assert.equal(status, 0);
});

test('rr rerun prints nothing of a record that a terminal would obey, and JSON that is JSON', { skip: NO_TOOLS }, () => {
  const { root, check } = makeTrap();
  const evil = '%1B]0;pwned%07%1B[31m%C2%9B1m%0Anew%0D%E2%80%AE%FF';
  const forged = [
    (text: string) => text.replace(/^Command: .*$/m, (line) => 'Label: ' + evil + '\nReason: ' + evil + '\nTag: ' + evil + '\n' + line + evil),
    (text: string) => text.replace(/^(Output: .* )r\.txt$/m, '$1r.txt\n$1' + evil).replace(/^Process.*\n/mg, ''),
    (text: string) => text.replace(/^(Input: .* )in\.txt$/m, '$1in.txt\n$1' + evil).replace(/^Process.*\n/mg, ''),
    (text: string) => text.replace(/^Redirect: .*$/m, 'Redirect: 1 > ' + evil),
    (text: string) => text.replace(/^Redirect: .*$/m, 'Redirect: 0 < ' + evil),
    (text: string) => text.replace(/^Directory: .*$/m, 'Directory: ' + evil),
    (text: string) => text.replace(/^Code: .*$/m, 'Code: git ' + evil + '\nCode_other: git ' + '0'.repeat(40) + ' ' + evil + '\nCode_submodule: ' + '0'.repeat(40) + ' ' + evil),
  ];
  for (const change of forged) {
    const id = forge(root, change);
    for (const words of [['-n'], [], ['-f', '--json'], ['-n', '--json'], ['--set', '1=x']]) {
      check(() => {
        const done = rrIn(root, ['rerun'].concat(words, id));
        assert.doesNotMatch(done.stderr, /internal error/, done.stderr);
        const isJson = words.indexOf('--json') >= 0;
        assert.match(done.stderr, /^[\n -~]*$/, words.join(' ') + JSON.stringify(done.stderr));
        // JSON is text in UTF-8, in which marks of direction may stand.
        assert.match(done.stdout, isJson ? /^(?:[\n -~]|[\xc3-\xf4][\x80-\xbf]+)*$/ : /^[\n -~]*$/, words.join(' ') + JSON.stringify(done.stdout));
        if (isJson && done.stdout !== '') JSON.parse(done.stdout);
      });
    }
  }
});
