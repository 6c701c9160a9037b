// cache.test.ts - a cache that several projects, people and machines share: several at once, cut off, full, forged.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { hasProgram, IS_ROOT, makeProject, makeTemporary, rr, RR_JS, run, sleep, startRr } from './rig.ts';
import type { Done } from './rig.ts';
import { checkObjects, isReused, lastRecord, listEntries, listFiles, listObjects, read, reuse, UNIQUE, write } from './reuserig.ts';

const NEEDS_STRACE = hasProgram('strace') && run(undefined, ['strace', '-o', '/dev/null', 'true']).status === 0 ? false : 'strace is missing or may not trace';
const NEEDS_MOUNT = IS_ROOT && run(undefined, ['unshare', '-m', 'true']).status === 0 ? false : 'needs root that may mount';
const NEEDS_OTHER_USER = IS_ROOT && hasProgram('setpriv') ? false : 'needs root and setpriv';

const COMMAND = ['-o', 'out.txt', '--', 'sh', '-c', '{ ' + UNIQUE + '; } > out.txt; echo shown'];

/** `rr record --cache` without standard input. */
function cached(folder: string, cache: string, args: string[]): Done {
  return rr(folder, ['record', '--cache', cache].concat(args), { stdio: ['ignore', 'pipe', 'pipe'] });
}

test('rr record --cache: what one project made is put back in another, with what was printed and the environment', { skip: NEEDS_STRACE }, () => {
  const cache = makeTemporary();
  const [one, two] = [makeProject(), makeProject()];
  for (const folder of [one, two]) write(folder, 'data.txt', '1\n');
  const command = ['--', 'sh', '-c', 'cat data.txt; { ' + UNIQUE + '; } > out.txt; echo told >&2'];
  assert.equal(isReused(cached(one, cache, command)), false);
  const done = cached(two, cache, command);
  assert.equal(isReused(done), true);
  assert.equal(read(two, 'out.txt'), read(one, 'out.txt'));
  assert.equal(done.stdout, '1\n');
  assert.match(done.stderr, /^told\n/);
  const [first, second] = [lastRecord(one), lastRecord(two)];
  assert.deepEqual(second.Reused, first.Id);
  assert.deepEqual(second.Environment, first.Environment);
  assert.equal(rr(two, ['verify', '-q']).status, 0);
  assert.match(rr(two, ['show', '@']).stdout, /^reused +\d{8}T/m);
  assert.equal(rr(two, ['why', 'out.txt']).status, 0);
  assert.deepEqual(listObjects(path.join(one, '.rr')), []);
  checkObjects(cache);
  write(two, 'data.txt', '2\n');
  assert.equal(isReused(cached(two, cache, command)), false);
});

test('rr record --cache: no secret, nor what depends on one, gets into a shared cache', { skip: NEEDS_STRACE }, () => {
  const cache = makeTemporary();
  const folder = makeProject();
  write(folder, '.netrc', 'password hunter2hunter2\n');
  const env = { API_TOKEN: 'very-secret-value-1234' };
  const cases: [string[], NodeJS.ProcessEnv][] = [
    [['--', 'sh', '-c', 'date > a.txt', 'sh', '--password=hunter2hunter2'], {}],
    [['-p', 'token=very-secret-value-1234', '--', 'sh', '-c', 'date > b.txt'], {}],
    [['--', 'sh', '-c', 'cat .netrc | wc -c > c.txt'], {}],
    [['--variable', 'API_TOKEN', '--', 'sh', '-c', 'date > d.txt'], env],
  ];
  for (const [args, variables] of cases) {
    const record = (more: string[]): Done => rr(folder, ['record'].concat(more, args), { stdio: ['ignore', 'pipe', 'pipe'], env: variables });
    const shared = record(['--cache', cache]);
    assert.match(shared.stderr, /^rr: not kept for reuse: it depends on secrets, which no shared cache is told of/m, args.join(' '));
    // In the project's own store, under its own key, it can be.
    assert.equal(isReused(record(['--reuse'])), false);
    assert.equal(isReused(record(['--reuse'])), true, args.join(' '));
  }
  assert.deepEqual(listFiles(cache), []);
  // A secret that the run is not said to depend on does no harm, and leaves no trace.
  const done = rr(folder, ['record', '--cache', cache, '--', 'sh', '-c', 'date > e.txt'], { stdio: ['ignore', 'pipe', 'pipe'], env });
  assert.equal(done.status, 0, done.stderr);
  assert.equal(listEntries(cache).length, 1);
  const hashed = (lastRecord(folder).Variable_hash ?? []).map((line) => line.split(' ')[1]);
  assert.equal(hashed.length, 1);
  assert.equal(run(cache, ['grep', '-r', '-e', hashed[0], '-e', 'very-secret', '.']).status, 1);
  write(folder, '.netrc', 'password another-one\n');
  assert.equal(isReused(reuse(folder, cases[2][0])), false, 'another secret');
});

// ---- several at once --------------------------------------------------------------------------------

test('rr record --cache: two machines at once, killed at any moment, leave nothing half made in the cache', { timeout: 120000 }, async () => {
  const cache = makeTemporary();
  const folders = [makeProject(), makeProject()];
  const command = (n: number): string[] => ['record', '-q', '--cache', cache, '--trace', 'none', '-o', 'big' + String(n) + '.txt', '--', 'sh', '-c', 'yes ' + String(n) + ' | head -c 300000 > big' + String(n) + '.txt'];
  const work = async (folder: string): Promise<void> => {
    for (let round = 0; round < 24; round++) {
      const { child, ended } = startRr(folder, command(round % 4), { stdio: ['ignore', 'pipe', 'pipe'] });
      if (round % 3 !== 2) {
        await sleep(20 + ((round * 37) % 170));
        child.kill('SIGKILL');
      }
      await ended;
      for (let n = 0; n < 4; n++) fs.rmSync(path.join(folder, 'big' + String(n) + '.txt'), { force: true });
    }
  };
  await Promise.all(folders.map(work));
  checkObjects(cache);
  for (const folder of folders) {
    for (let n = 0; n < 4; n++) {
      const done = rr(folder, command(n), { stdio: ['ignore', 'pipe', 'pipe'] });
      assert.equal(done.status, 0, done.stderr);
      assert.doesNotMatch(done.stderr, /damaged|cannot/);
      assert.equal(run(folder, ['sh', '-c', 'yes ' + String(n) + ' | head -c 300000 | cmp - big' + String(n) + '.txt']).status, 0);
    }
    assert.equal(rr(folder, ['verify', '-q']).status, 0);
  }
  for (const folder of folders) assert.equal(isReused(rr(folder, command(1).filter((word) => word !== '-q'), { stdio: ['ignore', 'pipe', 'pipe'] })), true);
});

test('rr gc while others put and take: each gets its bytes', { timeout: 120000 }, async () => {
  const cache = makeTemporary();
  const folders = [makeProject(), makeProject()];
  const command = (n: number): string[] => ['record', '-q', '--cache', cache, '--trace', 'none', '-o', 'f.txt', '--', 'sh', '-c', 'yes ' + String(n) + ' | head -c 50000 > f.txt'];
  let isOver = false;
  const sweep = async (): Promise<void> => {
    while (!isOver) {
      const done = await startRr(folders[0], ['gc', '-q', '--cache', cache, '--size', '0'], { stdio: ['ignore', 'pipe', 'pipe'] }).ended;
      assert.ok(done.status === 0 || /no objects/.test(done.stderr), done.stderr);
    }
  };
  const work = async (folder: string): Promise<void> => {
    for (let round = 0; round < 20; round++) {
      const done = await startRr(folder, command(round % 2), { stdio: ['ignore', 'pipe', 'pipe'] }).ended;
      assert.equal(done.status, 0, done.stderr);
      assert.equal(done.stderr, '');
      assert.equal(run(folder, ['sh', '-c', 'yes ' + String(round % 2) + ' | head -c 50000 | cmp - f.txt']).status, 0);
    }
  };
  const sweeping = sweep();
  await Promise.all(folders.map(work)).finally(() => { isOver = true; });
  await sweeping;
  checkObjects(cache);
});

// ---- a cache that cannot be used --------------------------------------------------------------------

test('rr record --cache: a folder that is not there is told, never made, and ends nothing', () => {
  const folder = makeProject();
  const cache = path.join(makeTemporary(), 'gone');
  const done = cached(folder, cache, COMMAND);
  assert.equal(done.status, 0);
  assert.equal(done.stdout, 'shown\n');
  assert.match(done.stderr, /^rr: cannot use the cache "[^"]*gone": no such file or folder; going on without it$/m);
  assert.equal(fs.existsSync(cache), false);
  fs.writeFileSync(cache, 'a file\n');
  assert.equal(cached(folder, cache, COMMAND).status, 0);
  assert.equal(read(cache, ''), 'a file\n');
});

test('rr record --cache: one that may only be read is read', { skip: NEEDS_OTHER_USER }, () => {
  const cache = makeTemporary();
  const folder = makeProject();
  run(cache, ['chmod', '755', '.']);
  assert.equal(isReused(cached(folder, cache, COMMAND)), false);
  const content = read(folder, 'out.txt');
  const other = makeTemporary();
  run(other, ['chown', '65534', '.']);
  const asNobody = (args: string[]): Done => run(other, ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, RR_JS, 'record', '--cache', cache].concat(args), { stdio: ['ignore', 'pipe', 'pipe'] });
  assert.equal(isReused(asNobody(COMMAND)), true);
  assert.equal(read(other, 'out.txt'), content);
  const new1 = asNobody(['-o', 'x.txt', '--', 'sh', '-c', 'date > x.txt']);
  assert.equal(new1.status, 0);
  assert.match(new1.stderr, /^rr: cannot use the cache "[^"]*": permission denied; going on without it$/m);
  // Shared by a group: who may write in the cache may write in its folders.
  run(cache, ['sh', '-c', 'rm -rf objects entries; chmod 2777 .']);
  assert.equal(cached(folder, cache, COMMAND).status, 0);
  const shared = asNobody(['-o', 'y.txt', '--', 'sh', '-c', 'date > y.txt']);
  assert.doesNotMatch(shared.stderr, /cannot/);
  assert.equal(listEntries(cache).length, 2);
});

test('rr record --cache: a full disk is told once, the record is whole', { skip: NEEDS_MOUNT }, () => {
  const folder = makeProject();
  const cache = makeTemporary();
  const script = 'mount -t tmpfs -o size=256k none "$2"; '
    + '"$0" "$1" record --cache "$2" -o big.txt -o small.txt -- sh -c "yes | head -c 2000000 > big.txt; date > small.txt" </dev/null; echo "status $?"; '
    + '"$0" "$1" verify -q; echo "verify $?"; find "$2" -type f | wc -l; '
    + '"$0" "$1" record --cache "$2" -o small.txt -- sh -c "date +%N > small.txt" </dev/null; cp small.txt kept; "$0" "$1" record --cache "$2" -o small.txt -- sh -c "date +%N > small.txt" </dev/null; cmp kept small.txt && echo same';
  const done = run(folder, ['unshare', '-m', 'sh', '-c', script, process.execPath, RR_JS, cache]);
  assert.match(done.stdout, /^status 0\nverify 0\n0\nsame\n$/, done.stdout + done.stderr);
  assert.equal(done.stderr.split('cannot use the cache').length, 2, done.stderr);
  assert.match(done.stderr, /no space left; going on without it/);
});

test('rr record --reuse: no space for what is to be put back runs the command', { skip: NEEDS_MOUNT }, () => {
  const folder = makeProject();
  const cache = makeTemporary();
  const command = ['-o', 'big.txt', '--', 'sh', '-c', 'echo ran; yes | head -c 2000000 > big.txt'];
  assert.equal(isReused(cached(folder, cache, command)), false);
  const small = makeTemporary();
  const script = 'mount -t tmpfs -o size=1m none "$2"; cd "$2"; "$0" "$1" init -q; "$0" "$1" record --cache "$3" -o big.txt -- sh -c "echo ran; yes | head -c 2000000 > big.txt" </dev/null; echo "status $?"; find . -name "*.tmp"';
  const done = run(small, ['unshare', '-m', 'sh', '-c', script, process.execPath, RR_JS, small, cache]);
  assert.match(done.stdout, /^ran\n(?:.*\n)*status \d+\n$/);
  assert.match(done.stderr, /^rr: cannot write ".*": no space left$/m);
  assert.doesNotMatch(done.stderr, /internal error/);
});

// ---- forged -----------------------------------------------------------------------------------------

/** Rewrites the only entry of a cache and seals it anew, as whoever may write there can. */
function forge(cache: string, change: (text: string) => string): void {
  const name = path.join(cache, listEntries(cache)[0]);
  const body = change(fs.readFileSync(name, 'latin1').replace(/^Sha256: .*\n/m, ''));
  fs.chmodSync(name, 0o644);
  fs.writeFileSync(name, body, 'latin1');
  const sum = run(cache, ['sha256sum', name]).stdout.slice(0, 64);
  fs.appendFileSync(name, 'Sha256: ' + sum + '\n');
}

/** Puts a content into the cache; returns its hash and size as a file line has them. */
function plant(cache: string, content: string): string {
  const file = path.join(makeTemporary(), 'content');
  fs.writeFileSync(file, content);
  const hash = run(undefined, ['sha256sum', file]).stdout.slice(0, 64);
  fs.mkdirSync(path.join(cache, 'objects', hash.slice(0, 2)), { recursive: true });
  fs.copyFileSync(file, path.join(cache, 'objects', hash.slice(0, 2), hash.slice(2)));
  return hash + '  ' + String(content.length);
}

const NOT_REFUSED = 'a content of its own';

test('rr record --cache: a forged entry writes nothing outside of the project, nor to rr and git in it', () => {
  const evil = 'evil\n';
  const around = makeTemporary();
  const cases: [string, (line: string, link: (target: string) => string) => string][] = [
    // That what is forged can be taken at all.
    [NOT_REFUSED, (line) => 'Output: ' + line + ' out.txt\n'],
    ['above', (line) => 'Output: ' + line + ' ../evil.txt\n'],
    ['far above', (line) => 'Output: ' + line + ' a/../../../evil.txt\n'],
    ['absolute', (line) => 'Output: ' + line + ' ' + around + '/evil.txt\n'],
    ['.git', (line) => 'Output: ' + line + 'x .git/hooks/post-commit\n'],
    ['.git deeper', (line) => 'Output: ' + line + 'x sub/.git/hooks/post-commit\n'],
    ['.rr', (line) => 'Output: ' + line + ' .rr/settings\n'],
    ['provenance', (line) => 'Output: ' + line + ' provenance/rerun.sh\n'],
    ['dots', (line) => 'Output: ' + line + ' ./evil.txt\n'],
    ['two slashes', (line) => 'Output: ' + line + ' a//evil.txt\n'],
    ['a slash at the end', (line) => 'Output: ' + line + ' evil.txt/\n'],
    ['the project', (line) => 'Output: ' + line + ' .\n'],
    ['NUL', (line) => 'Output: ' + line + ' ev%00il.txt\n'],
    ['a link out', (_, link) => 'Output: ' + link('../evil.txt') + ' out.txt\n'],
    ['an absolute link', (_, link) => 'Output: ' + link(around + '/evil.txt') + ' out.txt\n'],
    ['a link to .git', (_, link) => 'Output: ' + link('.git/config') + ' out.txt\n'],
    ['through a link', (line, link) => 'Output: ' + link('..') + ' out.txt\nOutput: ' + line + ' out.txt/evil.txt\n'],
    ['through a folder and a link', (line, link) => 'Output: -  0d out.txt\nOutput: ' + link('..') + ' out.txt\nOutput: ' + line + ' out.txt/evil.txt\n'],
    ['through a link that is there', (line) => 'Output: ' + line + ' way/evil.txt\n'],
    ['over a link that is there', (line) => 'Output: ' + line + ' victim\n'],
    ['a log', (line) => 'Output: ' + line + ' out.txt\nLog: ' + line + ' x./../../../../evil.txt\n'],
    ['a log of no kind', (line) => 'Output: ' + line + ' out.txt\nLog: ' + line + ' provenance/logs/x.rec\n'],
    ['a device', () => 'Output: -  0c out.txt\n'],
    ['removed', (line) => 'Output: ' + line + ' out.txt\nRemoved: mine.txt\n'],
  ];
  for (const [what, forged] of cases) {
    const cache = makeTemporary();
    const project = path.join(around, 'project');
    fs.mkdirSync(project);
    run(project, ['git', 'init', '-q']);
    fs.writeFileSync(path.join(around, 'victim.txt'), 'untouched\n');
    fs.symlinkSync('..', path.join(project, 'way'));
    fs.symlinkSync('../victim.txt', path.join(project, 'victim'));
    fs.writeFileSync(path.join(project, 'mine.txt'), 'mine\n');
    assert.equal(rr(project, ['init', '-q']).status, 0);
    assert.equal(cached(project, cache, COMMAND).status, 0);
    const content = plant(cache, evil);
    forge(cache, (text) => text.replace(/^Output: .*\n/m, forged(content, (target) => plant(cache, target) + 'l')));
    const before = run(around, ['find', '.', '-path', './project/.rr', '-prune', '-o', '-path', './project/provenance', '-prune', '-o', '-path', './project/out.txt', '-prune', '-o', '-printf', '%p %y %l %s\n']).stdout;
    const done = cached(project, cache, COMMAND);
    assert.equal(isReused(done), what === NOT_REFUSED, what + ': ' + done.stderr);
    assert.doesNotMatch(done.stderr, /internal error/, what);
    const after = run(around, ['find', '.', '-path', './project/.rr', '-prune', '-o', '-path', './project/provenance', '-prune', '-o', '-path', './project/out.txt', '-prune', '-o', '-printf', '%p %y %l %s\n']).stdout;
    assert.equal(after, before, what);
    assert.equal(fs.lstatSync(path.join(project, 'out.txt')).isFile(), true, what);
    assert.equal(read(project, 'out.txt') === evil, what === NOT_REFUSED, what);
    assert.equal(run(project, ['grep', '-rl', 'evil', 'provenance', '.rr/running']).stdout, '', what);
    assert.equal(read(around, 'victim.txt'), 'untouched\n', what);
    assert.equal(rr(project, ['verify', '-q']).status, 0, what);
    fs.rmSync(project, { recursive: true });
  }
});

test('rr record --cache: folders of the cache that are links lead nowhere', () => {
  const folder = makeProject();
  for (const place of ['objects', 'entries']) {
    const cache = makeTemporary();
    const outside = makeTemporary();
    fs.symlinkSync(outside, path.join(cache, place));
    const done = cached(folder, cache, COMMAND);
    assert.equal(done.status, 0);
    assert.match(done.stderr, /^rr: cannot use the cache "[^"]*": a part of the path is no folder; going on without it$/m);
    assert.deepEqual(listFiles(outside), []);
  }
});

// ---- settings ---------------------------------------------------------------------------------------

test('rr init --reuse --cache: runs are reused without being asked to, but for --no-reuse', () => {
  const folder = makeProject();
  const cache = makeTemporary();
  const record = (options: string[]): Done => rr(folder, ['record'].concat(options, COMMAND), { stdio: ['ignore', 'pipe', 'pipe'] });
  assert.equal(isReused(record([])), false);
  assert.equal(isReused(record([])), false);
  assert.equal(rr(folder, ['init', '--reuse']).status, 0);
  assert.equal(isReused(record([])), false);
  assert.equal(isReused(record([])), true);
  assert.equal(isReused(record(['--no-reuse'])), false);
  assert.equal(rr(folder, ['init', '--reuse', '--cache', cache]).status, 0);
  assert.equal(isReused(record([])), false, 'the cache is empty');
  assert.equal(isReused(record([])), true);
  assert.equal(listEntries(cache).length, 1);
  fs.appendFileSync(path.join(folder, '.rr', 'settings'), '# edited by hand\n');
  assert.equal(isReused(record([])), true);
  const refused = rr(folder, ['init', '--reuse', '--cache', cache + '/gone']);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /there is no such folder/);
  assert.equal(rr(folder, ['init', '--no-reuse']).status, 0);
  assert.equal(isReused(record([])), false);
});

test('rr record: settings that came with an archive name no cache', () => {
  const folder = makeProject();
  const cache = makeTemporary();
  assert.equal(rr(folder, ['init', '--reuse', '--cache', cache]).status, 0);
  const elsewhere = makeTemporary();
  assert.equal(run(elsewhere, ['sh', '-c', 'tar -C "$0" -cf - . | tar -xpf -', folder]).status, 0);
  const done = rr(elsewhere, ['record'].concat(COMMAND), { stdio: ['ignore', 'pipe', 'pipe'] });
  assert.equal(done.status, 0);
  assert.match(done.stderr, /^rr: \.rr\/settings was not made for this copy of the project, and does not count/m);
  assert.deepEqual(listFiles(cache), []);
  assert.equal(rr(elsewhere, ['init', '--reuse']).status, 0);
  assert.doesNotMatch(rr(elsewhere, ['record'].concat(COMMAND), { stdio: ['ignore', 'pipe', 'pipe'] }).stderr, /settings/);
});

// ---- contents found again ---------------------------------------------------------------------------

test('ContentFinder finds in the store what was overwritten: rr diff and rr rerun compare with it', { skip: NEEDS_STRACE }, () => {
  const folder = makeProject();
  write(folder, 'data.txt', 'one\n');
  assert.equal(isReused(reuse(folder, ['-l', 'copy', '--', 'cp', 'data.txt', 'mid.txt'])), false);
  assert.equal(isReused(reuse(folder, ['-l', 'sort', '--', 'sh', '-c', 'sort mid.txt > out.txt'])), false);
  for (const name of ['data.txt', 'mid.txt', 'out.txt']) write(folder, name, 'other\n');
  const done = rr(folder, ['rerun', 'sort']);
  assert.equal(done.status, 0, done.stdout + done.stderr);
  assert.match(done.stdout, /identical +out\.txt/);
});
