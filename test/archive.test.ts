// archive.test.ts - rr archive: a bag by the words of RFC 8493 and by bagit-python, the same bytes everywhere, reproduced where it is unpacked.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { ALWAYS, archive, archiveToFolder, assertBag, hashOf, listPayload, makeSmall, sh, TOP } from './archiverig.ts';
import { askCrateValidator, NO_CRATE_JUDGE } from './craterig.ts';
import { hasProgram, IS_ROOT, judge, lacksJudges, makeTemporary, rr, RR_JS, run, sleep, startRr } from './rig.ts';

const EXAMPLE = path.join(TOP, 'docs', 'example');

function copyExample(place = path.join(makeTemporary(), 'example')): string {
  assert.equal(run(undefined, ['cp', '-R', EXAMPLE, place]).status, 0);
  return place;
}

// ---- a bag --------------------------------------------------------------------------------------------------

/** A project with names that are hard to write, and all kinds of links that may go in. */
function makeOddProject(): string {
  const project = makeSmall();
  sh(project, `mkdir -p 'a b' d/e ${'long/'.repeat(60)}; printf 1 > 'a b/  two  spaces'; printf 2 > 'quo"te'; printf 3 > "it's"; printf 4 > 'back\\slash'; printf 5 > '*'; printf 6 > '\$(touch x)'
    printf 7 > -dash; printf 8 > '#hash'; printf 9 > d/e/n\u00e4me; printf 10 > '~'; printf 11 > ${'long/'.repeat(60)}deep; : > empty; printf 12 > run; chmod 700 run
    ln -s ../in.txt d/link; ln -s e d/folder-link; ln -s link d/link2; ln -s ../../run d/e/run-link`);
  return project;
}

const ODD = ['--include', 'a b', '--include', 'd', '--include', 'long', '--include', 'quo"te', '--include', "it's", '--include', 'back\\slash', '--include', '[*]', '--include', '$(touch x)', '--include', '-dash',
  '--include', '#hash', '--include', '~', '--include', 'empty', '--include', 'run'];

test('rr archive writes what RFC 8493 says that a bag must be, whatever the names', () => {
  assertBag(archiveToFolder(copyExample()));
  const bag = archiveToFolder(makeOddProject(), ODD);
  assertBag(bag);
  assert.deepEqual(listPayload(bag).filter((name) => ALWAYS.indexOf(name) < 0), [
    '#hash', '$(touch x)', '*', '-dash', 'a b/  two  spaces', 'back\\slash', 'd/e/n\xc3\xa4me', 'd/e/run-link', 'd/folder-link', 'd/link', 'd/link2', 'empty', 'in.txt', "it's",
    'long/'.repeat(60) + 'deep', 'make.sh', 'out.txt', 'quo"te', 'run', '~',
  ].sort());
  assert.equal(fs.readlinkSync(path.join(bag, 'data/d/folder-link')), 'e');
  assert.equal(fs.statSync(path.join(bag, 'data/run')).mode & 0o777, 0o755);
});

test('rr archive writes what bagit-python calls a valid bag, and it notices damage', { skip: lacksJudges('bagit.py') }, () => {
  const bag = archiveToFolder(makeOddProject(), ODD);
  const status = (): number | null => run(bag, [judge('bagit.py') as string, '--validate', '--quiet', bag]).status;
  assert.equal(status(), 0);
  fs.appendFileSync(path.join(bag, 'data/empty'), 'x');
  assert.notEqual(status(), 0);
  fs.truncateSync(path.join(bag, 'data/empty'), 0);
  assert.equal(status(), 0);
  fs.appendFileSync(path.join(bag, 'README.txt'), 'x');
  assert.notEqual(status(), 0);
});

test('rr archive writes what roc-validator calls a crate, all files with their SHA-256 and SWHID', { skip: NO_CRATE_JUDGE }, () => {
  const bag = archiveToFolder(copyExample());
  const crate = JSON.parse(fs.readFileSync(path.join(bag, 'data/ro-crate-metadata.json'), 'utf8')) as { '@graph': { '@id': string; sha256?: string; identifier?: unknown; contentSize?: string }[] };
  const entities = new Map(crate['@graph'].map((entity) => [entity['@id'], entity]));
  for (const name of listPayload(bag).filter((one) => one !== 'ro-crate-metadata.json')) {
    const blob = sh(bag, 'git hash-object --no-filters "data/' + name + '"').trim();
    assert.ok(JSON.stringify(entities.get(name)).includes('swh:1:cnt:' + blob), name + ': ' + JSON.stringify(entities.get(name)));
    assert.equal(entities.get(name)?.sha256, hashOf(path.join(bag, 'data', name)), name);
  }
  const asked = ['process-run-crate', 'workflow-run-crate'].map((profile) => ({ folder: path.join(bag, 'data'), profile, severity: 'REQUIRED' as const }));
  assert.deepEqual(askCrateValidator(asked), [[], []]);
});

test('rr archive: tar, zip and folder hold the same', { skip: hasProgram('unzip') ? false : 'no unzip' }, () => {
  const project = makeOddProject();
  const out = makeTemporary();
  for (const name of ['bag.tar', 'bag.zip', 'bag/']) archive(project, ['-q', path.join(out, name) + (name.endsWith('/') ? '/' : '')].concat(ODD));
  sh(out, 'export LC_ALL=C.UTF-8; mkdir t z; tar -xf bag.tar -C t; cd z; unzip -q ../bag.zip');
  const list = (folder: string): string => sh(path.join(out, folder), 'find . ! -type d -printf "%p %y %m %l\\n" | sort');
  assert.equal(list('t/bag'), list('bag'));
  assert.equal(list('z/bag'), list('bag'));
  sh(out, 'diff -r --no-dereference t/bag bag; diff -r --no-dereference z/bag bag');
});

// ---- the same bytes -----------------------------------------------------------------------------------------

function findNodes(): string[][] {
  const base = path.join(TOP, '.scratch', 'matrix');
  const nodes = [14, 26, 24, 22].map((major) => path.join(base, 'node' + String(major), 'node_modules', 'node-' + process.platform + '-' + process.arch, 'bin', 'node')).filter((name) => fs.existsSync(name));
  return [process.execPath].concat(nodes).map((node) => [node, RR_JS]);
}

const SURROUNDINGS: { umask: string; env: NodeJS.ProcessEnv }[] = [
  { umask: '022', env: { TZ: 'UTC0', LANG: 'C' } },
  { umask: '077', env: { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', HOME: '/nonexistent', USER: 'nobody' } },
  { umask: '002', env: { TZ: 'America/St_Johns', LANG: 'de_DE.UTF-8', TMPDIR: '/var/tmp' } },
];

test('rr archive of docs/example is the same bytes in any folder, time zone, locale, umask and Node.js', () => {
  const nodes = findNodes();
  for (const ending of ['tar', 'zip']) {
    const hashes = new Set<string>();
    SURROUNDINGS.concat(SURROUNDINGS.slice(0, Math.max(0, nodes.length - SURROUNDINGS.length))).forEach(({ umask, env }, i) => {
      const project = copyExample(path.join(makeTemporary(), ['x', 'a long name of a folder', '.hidden \u00e4'][i % 3]));
      sh(project, 'umask ' + umask + '; find . -type f -exec touch -d "2001-02-03 04:05:0' + String(i) + '" {} +; cp -R fit fit2; rm -r fit; mv fit2 fit; chmod -R go-rwx .');
      const out = path.join(makeTemporary(), 'co2.' + ending);
      const done = run(i === 1 ? makeTemporary() : project, ['sh', '-c', 'umask ' + umask + '; exec "$@"', 'sh', ...nodes[i % nodes.length], 'archive', '-q', ...(i === 1 ? ['--project', project] : []), out], { env });
      assert.equal(done.status, 0, nodes[i % nodes.length][0] + ': ' + done.stderr);
      hashes.add(hashOf(out));
    });
    assert.equal(hashes.size, 1, ending);
  }
});

test('rr archive takes its times from SOURCE_DATE_EPOCH, else from the end of the last run', () => {
  const project = copyExample();
  archive(project, ['-q', 'a.tar']);
  const times = (name: string): string[] => Array.from(new Set(sh(project, 'TZ=UTC0 tar --full-time -tvf ' + name).split('\n').filter((line) => line !== '').map((line) => line.split(/ +/).slice(3, 5).join(' '))));
  assert.deepEqual(times('a.tar'), ['2026-11-23 02:11:42'].map(() => times('a.tar')[0]));
  assert.match(times('a.tar')[0], /^2026-11-23 02:11:4\d/);
  assert.equal(rr(project, ['archive', '-q', 'b.tar'], { env: { SOURCE_DATE_EPOCH: '1000000000' } }).status, 0);
  assert.deepEqual(times('b.tar'), ['2001-09-09 01:46:40']);
  assert.match(sh(project, 'tar -xOf b.tar b/bag-info.txt'), /^Bagging-Date: 2001-09-09$/m);
});

// ---- reproduced without Node.js ---------------------------------------------------------------------------------

/** All programs of the system but those by which rr.js could run. */
function makePathWithoutNode(): string {
  const folder = makeTemporary();
  for (const from of ['/usr/bin', '/bin']) {
    for (const name of fs.readdirSync(from)) {
      if (/^(?:node|nodejs|npm|npx|rr|deno|bun)$/.test(name) || fs.existsSync(path.join(folder, name))) continue;
      try {
        fs.symlinkSync(path.join(from, name), path.join(folder, name));
      } catch (error) {
        if ((error as { code?: string }).code !== 'EEXIST') throw error;
      }
    }
  }
  return folder;
}

const UNPACKERS: [string, string, string][] = [
  ['tar', 'tar', 'tar -xf'], ['tar', 'bsdtar', 'bsdtar -xf'], ['tar', 'busybox', 'busybox tar -xf'], ['tar', 'pax', 'pax -rf'], ['tar', 'python3', 'python3 -m tarfile -e'],
  ['zip', 'unzip', 'unzip -q'], ['zip', 'bsdtar', 'bsdtar -xf'], ['zip', 'python3', 'python3 -m zipfile -e'],
];

test('rr archive: what is unpacked is verified and reproduced by make without Node.js', { skip: hasProgram('make') ? false : 'no make' }, (context) => {
  const out = makeTemporary();
  const project = copyExample();
  for (const ending of ['tar', 'zip']) archive(project, ['-q', path.join(out, 'co2.' + ending)]);
  const env = { PATH: makePathWithoutNode(), LANG: 'C' };
  assert.notEqual(run(out, ['sh', '-c', 'command -v node'], { env }).status, 0, 'node must not be there');
  for (const [ending, program, command] of UNPACKERS) {
    if (!hasProgram(program)) {
      context.diagnostic('no ' + program);
      continue;
    }
    const place = path.join(makeTemporary(), 'p');
    fs.mkdirSync(place);
    const unpacked = run(place, ['sh', '-c', command + ' "$1"' + (program === 'python3' ? ' .' : ''), 'sh', path.join(out, 'co2.' + ending)], { env });
    assert.equal(unpacked.status, 0, command + ': ' + unpacked.stderr);
    assertBag(path.join(place, 'co2'));
    const data = path.join(place, 'co2', 'data');
    const verified = run(data, ['make', 'verify'], { env });
    assert.match(verified.stdout + verified.stderr, /6 results: 6 as recorded, 0 different, 0 missing/, command);
    if (ending === 'tar' && program !== 'tar') continue;
    const done = run(data, ['make', 'reproduce'], { env });
    assert.equal(done.status, 0, command + ': ' + done.stdout + done.stderr);
    assert.match(done.stdout, /6 results: 6 identical/, command);
    assert.equal(run(data, ['sh', 'provenance/rerun.sh', 'verify'], { env }).status, 0, command);
  }
});

test('rr archive: a project without a Makefile gets one, and README.txt tells how a Makefile of its own is got around', () => {
  const project = makeSmall();
  fs.unlinkSync(path.join(project, 'Makefile'));
  const bag = archiveToFolder(project);
  assertBag(bag);
  assert.equal(run(path.join(bag, 'data'), ['make', 'verify']).status, 0);
  assert.match(fs.readFileSync(path.join(bag, 'README.txt'), 'latin1'), /^ {2}make verify /m);
  fs.writeFileSync(path.join(project, 'GNUmakefile'), 'all:\n\techo mine\n');
  const own = archiveToFolder(project);
  assert.deepEqual(listPayload(own).filter((name) => /makefile/i.test(name)), ['GNUmakefile', 'provenance/Makefile']);
  const told = /^ {2}(make .*) verify /m.exec(fs.readFileSync(path.join(own, 'README.txt'), 'latin1'));
  assert.ok(told !== null);
  assert.equal(run(path.join(own, 'data'), ['sh', '-c', told[1] + ' verify']).status, 0);
});

// ---- at any time ------------------------------------------------------------------------------------------------------

test('rr archive leaves no half archive under its name when it is killed', async () => {
  const project = makeSmall();
  for (let i = 0; i < 30; i++) fs.writeFileSync(path.join(project, 'f' + String(i)), crypto.randomBytes(1 << 20));
  const out = makeTemporary();
  archive(project, ['-q', path.join(out, 'whole.tar'), '--name', 'a', '--include', 'f*']);
  const whole = hashOf(path.join(out, 'whole.tar'));
  let killed = 0;
  for (let waitMs = 80; waitMs < 400; waitMs += 40) {
    const target = path.join(out, 'a.tar');
    const { child, ended } = startRr(project, ['archive', '-q', target, '--include', 'f*']);
    await sleep(waitMs);
    child.kill('SIGKILL');
    const done = await ended;
    if (done.signal !== null) killed += 1;
    if (fs.existsSync(target)) {
      assert.equal(hashOf(target), whole);
      fs.unlinkSync(target);
    }
  }
  assert.ok(killed > 0);
  archive(project, ['-q', path.join(out, 'a.tar'), '--include', 'f*']);
  assert.equal(hashOf(path.join(out, 'a.tar')), whole);
});

test('rr archive works in a project that is read-only, and writes nothing in it', { skip: !IS_ROOT || hasProgram('setpriv') ? false : 'no setpriv' }, () => {
  const project = makeSmall();
  const out = makeTemporary();
  sh(project, 'chmod 755 .; chmod 777 "' + out + '"; chmod -R a+rX,a-w .');
  try {
    const before = sh(project, 'find . -printf "%p %s %t %m\\n" | sort');
    const words = IS_ROOT ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
    const done = run(project, words.concat(process.execPath, RR_JS, 'archive', '-q', out + '/bag/'));
    assert.equal(done.status, 0, done.stderr);
    assertBag(path.join(out, 'bag'));
    const blocked = run(project, words.concat(process.execPath, RR_JS, 'archive', '-q', 'x.tar'));
    assert.deepEqual([blocked.status, blocked.stderr], [125, 'rr: cannot open "' + fs.realpathSync(project) + '/x.tar": permission denied\n']);
    assert.equal(sh(project, 'find . -printf "%p %s %t %m\\n" | sort'), before);
  } finally {
    sh(project, 'chmod -R u+w .');
  }
});
