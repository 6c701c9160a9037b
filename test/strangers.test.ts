// strangers.test.ts - projects made by an attacker: what looks at one neither runs, writes, publishes nor waits for what it plants (docs/security.txt).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { sh, TOP } from './archiverig.ts';
import { hasProgram, listRecords, makeProject, makeTemporary, rr, RR_JS, run } from './rig.ts';
import type { Done, RunOptions } from './rig.ts';

/** A project of two runs, in a repository of git, and beside it what must stay as it is and stay unseen. */
type Trap = { project: string; outside: string; before: string };

const SECRET = 'SECRET-OF-THE-REVIEWER';

/** Names, kinds, modes, times and contents of all in a folder. Asked after each command of rr: no program is started for it. */
function survey(folder: string): string {
  const lines: string[] = [];
  const open = [folder];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const stat = fs.lstatSync(name, { bigint: true });
    const content = stat.isSymbolicLink() ? fs.readlinkSync(name) : stat.isFile() ? fs.readFileSync(name, 'latin1') : '';
    lines.push([path.relative(folder, name), stat.mode, stat.mtimeNs, content].join(' '));
    if (stat.isDirectory()) for (const entry of fs.readdirSync(name)) open.push(path.join(name, entry));
  }
  return lines.sort().join('\n');
}

let made: string | undefined;

function makeTrap(): Trap {
  if (made === undefined) {
    made = makeProject();
    sh(made, 'git init -q -b main .; git config user.name A; git config user.email a@example.org; echo in > in.txt; echo "cat in.txt in.txt > out.txt; echo shown; echo told >&2" > make.sh; git add -A; git commit -qm x');
    fs.writeFileSync(path.join(made, 'params.yaml'), 'a: 1\n');
    const record = (args: string[]): void => assert.equal(rr(made as string, ['record', '-q', '--trace', 'none'].concat(args)).status, 0);
    record(['-l', 'first', '-p', 'a=1', '-i', 'in.txt', '-i', 'make.sh', '-o', 'out.txt', '--', 'sh', 'make.sh']);
    record(['-l', 'second', '-i', 'out.txt', '-o', 'end.txt', '--', 'sh', '-c', 'for i in 1 2 3 4 5 6 7 8 9; do echo "EPOCH $i/9 loss: 0.$i"; done; cp out.txt end.txt']);
    assert.equal(rr(made, ['note', '-q', '-c', 'good', 'first']).status, 0);
    assert.equal(rr(made, ['record', '-q', '--plan', 'later', '-i', 'end.txt', '-o', 'last.txt', '--', 'cp', 'end.txt', 'last.txt']).status, 0);
  }
  const base = makeTemporary();
  const project = path.join(base, 'study');
  sh(base, 'cp -a "' + made + '" study; mkdir outside outside/folder');
  const outside = path.join(base, 'outside');
  fs.writeFileSync(path.join(outside, 'secret'), SECRET + '\n');
  fs.writeFileSync(path.join(outside, 'secret.out'), SECRET + '\n');
  fs.writeFileSync(path.join(outside, 'program'), '#!/bin/sh\ntouch "' + outside + '/executed"\ncat\n', { mode: 0o755 });
  return { project, outside, before: survey(outside) };
}

const FORMS = ['ro-crate', 'prov-json', 'prov-n', 'dockerfile', 'apt', 'conda', 'pip', 'guix', 'nix', 'binder', 'codeocean', 'spack', 'latex', 'appendix', 'badges'];

/** What a reviewer types before anything is run. */
const LOOKS: string[][] = [
  ['list'], ['list', '--json'], ['list', '--csv', '--full'], ['list', '--latex'], ['list', '--sh'], ['list', '--made', 'out.txt'], ['show', '@'], ['show', '@-1', '--json'], ['show', 'first', '--raw'],
  ['show', 'first', '--logs'], ['show', 'first', '--environment'], ['show', 'first', '--all'], ['show', 'second', '--plot', 'loss'], ['diff', 'first', 'second'], ['why', 'end.txt'], ['why', 'end.txt', '--svg'], ['used', 'in.txt'],
  ['status'], ['status', '--environment'], ['status', '--json'], ['journal'], ['journal', '--markdown'], ['journal', '--org'], ['journal', '--html'], ['verify'], ['verify', '--quick'], ['report', '-q', '-o', 'r.html', '--force'],
  ['archive', '-n'], ['archive', '-q', '--allow-changed', '--force', 'a.tar'], ['swhid', '--tracked', '.'], ['swhid', '--snapshot'], ['swhid', 'first'], ['swhid', 'in.txt'], ['make', '-n'], ['make', '-n', '--why', 'end.txt'],
  ['rerun', '-n', '--all'], ['gc', '-n'], ['makefile', '--print'], ['export', 'citation', '-q'], ['export', 'codemeta', '-q'], ['export', 'zenodo', '-q'],
].concat(FORMS.map((form) => ['export', form, '-q', '--all', '-o', 'x-' + form + (/binder|codeocean|guix/.test(form) ? '/' : ''), '--force']));

const IS_ALL = process.env.RR_STRANGERS === 'all';

/** Those of LOOKS that a test is about, of each verb all forms or the first; all of them with RR_STRANGERS=all ("make strangers"). */
function chooseLooks(verbs: string, forms: 'all' | 'first'): string[][] {
  const verbOf = (look: string[]): string => look.slice(0, look[0] === 'export' ? 2 : 1).join(':');
  const chosen = LOOKS.filter((look) => verbs.split(' ').indexOf(verbOf(look)) >= 0);
  return IS_ALL ? LOOKS : forms === 'all' ? chosen : chosen.filter((look, i) => chosen.findIndex((one) => verbOf(one) === verbOf(look)) === i);
}

function assertUnharmed(trap: Trap, what: string, done: Done): void {
  assert.equal(done.signal, null, what + ' hangs');
  assert.doesNotMatch(done.stderr, /\n {4}at |internal error|heap out of memory/, what);
  assert.ok((done.stdout + done.stderr).indexOf(SECRET) < 0, what + ' shows what lies outside');
  assert.equal(survey(trap.outside), trap.before, what + ' wrote outside, or ran a program');
  for (const name of fs.readdirSync(trap.project)) {
    if (/^(?:r\.html|a\.tar|x-)/.test(name) && fs.lstatSync(path.join(trap.project, name)).isFile()) assert.ok(fs.readFileSync(path.join(trap.project, name), 'latin1').indexOf(SECRET) < 0, what + ' publishes what lies outside');
  }
}

/** Looks, and says what each look said. Terminal codes reach nobody's screen: what is told is on standard error. */
function look(trap: Trap, verbs: string, forms: 'all' | 'first' = 'first'): { [look: string]: Done } {
  const answers: { [look: string]: Done } = {};
  for (const args of chooseLooks(verbs, forms)) {
    const what = args.join(' ');
    answers[what] = rr(trap.project, args, { timeoutMs: 60000 });
    if (process.env.RR_STRANGERS_SHOW !== undefined) process.stderr.write(what + ' -> ' + String(answers[what].status) + ' ' + answers[what].stderr.slice(0, 300) + '\n');
    assertUnharmed(trap, what, answers[what]);
  }
  return answers;
}

/** Puts another text into a record, under a seal that holds: an attacker can seal, too. */
function forge(project: string, name: string, change: (text: string) => string): void {
  const file = path.join(project, name);
  const body = change(fs.readFileSync(file, 'latin1')).replace(/Sha256: .*\n$/, '');
  fs.rmSync(file);
  fs.writeFileSync(file, body + 'Sha256: ' + crypto.createHash('sha256').update(Buffer.from(body, 'latin1')).digest('hex') + '\n', 'latin1');
}

function addLines(project: string, lines: string): void {
  forge(project, listRecords(project)[0], (text) => text.replace(/^Rr: /m, lines.replace(/\$/g, '$$$$') + 'Rr: '));
}

const HASH = 'a'.repeat(64);
const MOST = 'list show diff why used status journal verify report archive make rerun swhid export:ro-crate export:prov-json export:latex';

// ---- links --------------------------------------------------------------------------------------------

for (const name of ['.rr', '.rr/seen', '.rr/programs', '.rr/status', '.rr/index', '.rr/running', '.rr/key', 'provenance', 'provenance/runs', 'provenance/notes', 'provenance/logs', 'provenance/environments', 'provenance/Makefile', 'provenance/plan.rec']) {
  test('strangers: ' + name + ' is a link out of the project', () => {
    const trap = makeTrap();
    const file = path.join(trap.project, name);
    fs.rmSync(file, { recursive: true, force: true });
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.symlinkSync(path.join(trap.outside, path.extname(name) !== '' || /seen|programs|status|key|Makefile/.test(name) ? 'secret' : 'folder'), file);
    const answers = look(trap, 'list status verify');
    for (const [what, done] of Object.entries(answers)) {
      // Not all that look with RR_STRANGERS=all have a use for it.
      if (name !== 'provenance' && name !== 'provenance/runs' && /^(?:list|status|verify)\b/.test(what)) assert.match(done.stderr, /is a link that leads out of it|is neither a file nor a folder/, what);
    }
    if (!IS_ALL && ['.rr', '.rr/pipes', 'provenance/runs', 'provenance/Makefile'].indexOf(name) < 0) return;
    for (const args of [['record', '-q', '--', 'true'], ['note', '-q', '-c', 'x', '@'], ['makefile'], ['make'], ['rerun', 'first'], ['init'], ['gc'], ['sweep', '-q', '-p', 'a=1..2', '--', 'true', '{a}']]) {
      assertUnharmed(trap, args.join(' '), rr(trap.project, args, { timeoutMs: 30000 }));
    }
    for (const args of [['make', 'verify'], ['make'], ['make', 'reproduce']]) assertUnharmed(trap, args.join(' '), run(trap.project, args, { timeoutMs: 60000 }));
  });
}

test('strangers: links deeper in .rr and provenance lead no writer out', () => {
  const trap = makeTrap();
  const month = path.dirname(listRecords(trap.project)[0]);
  const to = (name: string, target: string): void => {
    fs.rmSync(path.join(trap.project, name), { recursive: true, force: true });
    fs.mkdirSync(path.dirname(path.join(trap.project, name)), { recursive: true });
    fs.symlinkSync(path.join(trap.outside, target), path.join(trap.project, name));
  };
  for (const name of fs.readdirSync(path.join(trap.project, '.rr/pipes')).concat('x', 'y', 'z')) to('.rr/pipes/' + name, 'secret');
  for (const name of ['.rr/making/1', '.rr/plan/1', '.rr/running/x.tmp', '.rr/made/make.lock/process']) to(name, 'secret');
  for (const name of ['.rr/objects/aa', '.rr/objects/sha256', '.rr/reuse/aa', '.rr/index/' + path.basename(month) + '.runs', '.rr/scratch/s-x', '.rr/aside/x', '.rr/different/x', '.rr/made/x.old']) to(name, 'folder');
  for (const args of [['record', '-q', '--', 'sh', '-c', 'echo LOUD; echo LOUD >&2'], ['make'], ['sweep', '-q', '-p', 'a=1..3', '--', 'echo', '{a}'], ['make', '--reuse', '--force'], ['rerun', 'first'], ['gc', '--older', '0s'], ['note', '-q', '-c', 'x', 'first']]) {
    assertUnharmed(trap, args.join(' '), rr(trap.project, args, { timeoutMs: 30000 }));
  }
  to(month, 'folder');
  for (const args of [['record', '-q', '--', 'true'], ['list']]) assertUnharmed(trap, args.join(' '), rr(trap.project, args, { timeoutMs: 30000 }));
  for (const name of ['.rr/different', '.rr/aside', '.rr/build', '.rr/reproduce']) to(name, 'folder');
  fs.rmSync(path.join(trap.project, 'end.txt'));
  for (const args of [['make'], ['make', 'reproduce'], ['make', 'verify']]) assertUnharmed(trap, args.join(' '), run(trap.project, args, { timeoutMs: 60000 }));
});

test('strangers: logs, series, environments, patches, results and inputs that are links are neither shown nor published', () => {
  const trap = makeTrap();
  const project = trap.project;
  const records = listRecords(project).map((name) => fs.readFileSync(path.join(project, name), 'latin1')).join('');
  const names = records.split('\n').map((line) => /^(?:Log|Input|Output): \S+ {2}\S+ (.*)$/.exec(line)?.[1]).concat(fs.readdirSync(path.join(project, 'provenance/environments')).map((name) => 'provenance/environments/' + name));
  for (const name of names) {
    if (name === undefined || name[0] === '/') continue;
    fs.rmSync(path.join(project, name), { force: true });
    fs.symlinkSync(path.join(trap.outside, 'secret'), path.join(project, name));
  }
  for (const name of ['README.md', 'LICENSE', 'CITATION.cff', 'codemeta.json', '.zenodo.json', 'package.json']) fs.symlinkSync(path.join(trap.outside, 'secret'), path.join(project, name));
  look(trap, MOST, 'all');
});

// ---- what cannot be read to its end -------------------------------------------------------------------

test('strangers: a FIFO, socket or device where rr reads is waited for by nobody', { skip: hasProgram('python3') ? false : 'no python3' }, () => {
  const trap = makeTrap();
  const { project } = trap;
  const kept = path.join(path.dirname(project), 'kept');
  const sets = [
    ['provenance/plan.rec', 'provenance/SHA256SUMS', 'provenance/Makefile', 'provenance/rerun.sh', 'provenance/README.txt'],
    fs.readdirSync(path.join(project, 'provenance/environments')).map((name) => 'provenance/environments/' + name).concat(fs.readdirSync(path.join(project, 'provenance/logs')).map((name) => 'provenance/logs/' + name)),
    listRecords(project), ['in.txt', 'out.txt', 'params.yaml', 'CITATION.cff', 'LICENSE', 'README.md', 'codemeta.json', 'package.json', 'Makefile'], ['.rr/index', '.rr/seen', '.rr/status'], ['.rr/running/20260101T000000Z-aaaaaa', '.rr/making/1', '.rr/scratch/s-a/holder', '.rr/aside/x/list', '.rr/objects/aa', '.rr/slurm/x'],
    ['.git/config'], ['.git/HEAD', '.git/index'], ['.gitignore', '.git/info/exclude'],
  ];
  sh(path.dirname(project), 'cp -a study kept');
  for (const [i, set] of sets.entries()) {
    for (const kind of IS_ALL ? ['fifo', 'socket', 'device'] : ['fifo']) {
      for (const name of set) {
        fs.rmSync(path.join(project, name), { recursive: true, force: true });
        fs.mkdirSync(path.dirname(path.join(project, name)), { recursive: true });
        const made = kind === 'fifo' ? ['mkfifo', name] : kind === 'device' ? ['ln', '-s', '/dev/zero', name] : ['python3', '-c', 'import socket,sys,os; os.chdir(os.path.dirname(sys.argv[1]) or "."); socket.socket(socket.AF_UNIX).bind(os.path.basename(sys.argv[1]))', name];
        assert.equal(run(project, made).status, 0, name);
      }
      look(trap, ['status verify list', 'show', 'list status verify', 'status export:citation make', 'list', 'list make', 'status', 'swhid', 'status'][i]);
      for (const args of [['record', '-q', '--', 'true'], ['make', '-n'], ['rerun', 'first']]) assertUnharmed(trap, args.join(' '), rr(project, args, { timeoutMs: 30000 }));
      fs.rmSync(project, { recursive: true });
      sh(path.dirname(project), 'cp -a ' + path.basename(kept) + ' study');
    }
  }
});

/** Kibibytes of memory that the program took at most, and how it ended. */
function measure(project: string, args: string[]): { done: Done; peakKib: number } {
  const script = 'import resource,subprocess,sys\nr=subprocess.run(sys.argv[1:],timeout=100,stdout=subprocess.DEVNULL,stderr=subprocess.PIPE)\nprint(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\nsys.stderr.buffer.write(r.stderr[:100000])\nsys.exit(r.returncode if r.returncode>=0 else 200)\n';
  const done = run(project, ['python3', '-c', script, process.execPath, RR_JS].concat(args), { timeoutMs: 110000 });
  assert.notEqual(done.status, 200, args.join(' ') + ' was killed: ' + done.stderr);
  assert.doesNotMatch(done.stderr, /\n {4}at |internal error|Traceback/, args.join(' '));
  return { done, peakKib: Number(done.stdout.trim()) };
}

test('strangers: sparse files of a terabyte, and a line of 30 MB, take neither time nor memory', { skip: hasProgram('python3') ? false : 'no python3' }, () => {
  const trap = makeTrap();
  const { project } = trap;
  const [first, second] = listRecords(project);
  for (const name of [first, 'provenance/plan.rec', 'provenance/rerun.sh', 'CITATION.cff', 'README.md', 'params.yaml', '.rr/seen', '.rr/status', '.rr/index/2026-11.runs', 'provenance/environments/' + fs.readdirSync(path.join(project, 'provenance/environments'))[0]]) {
    fs.mkdirSync(path.dirname(path.join(project, name)), { recursive: true });
    sh(project, 'rm -rf "' + name + '"; truncate -s 1T "' + name + '"');
  }
  for (const args of [['list'], ['show', '@'], ['show', '@', '--environment'], ['status'], ['verify', second.slice(-26, -4)], ['export', 'citation', '-q'], ['archive', '-n'], ['make', '-n']]) {
    const { done, peakKib } = measure(project, args);
    assert.ok(peakKib < 400000, args.join(' ') + ': ' + String(peakKib) + ' KiB');
    if (args[0] === 'list') assert.match(done.stderr, /1099511627776 bytes/);
  }
  fs.rmSync(path.join(project, 'provenance/plan.rec'));
  fs.rmSync(path.join(project, first));
  forge(project, second, (text) => text.replace(/^Rr: /m, 'Reason: ' + 'x'.repeat(30 << 20) + '\nUnknown_a: ' + '%41'.repeat(1 << 20) + '\nRr: '));
  for (const args of [['list'], ['show', '@'], ['journal'], ['report', '-q']]) {
    const { peakKib } = measure(project, args);
    assert.ok(peakKib < 1200000, args.join(' ') + ': ' + String(peakKib) + ' KiB');
  }
});

test('strangers: very many files in the place of records are told in few lines, and counted', () => {
  const trap = makeTrap();
  const { project } = trap;
  const month = path.dirname(listRecords(project)[0]);
  const count = IS_ALL ? 1000000 : 3000;
  for (const script of ['seq -f x%.0f.rec ' + String(count), 'seq -f ' + path.basename(month).replace('-', '') + '01T%06.0fZ-aaaaaa.rec 0 ' + String(Math.min(count, 235959) - 1)]) {
    const folder = path.join(makeTemporary(), 'many');
    sh(project, 'cp -a . ' + folder + '; cd ' + folder + '/' + month + '; ' + script + ' | xargs touch');
    const { done, peakKib } = measure(folder, ['list']);
    assert.equal(done.status, 1);
    assert.ok(done.stderr.split('\n').length < 220 && /^rr: cannot (?:use|read) \d+ more /m.test(done.stderr), done.stderr.slice(-500));
    assert.ok(peakKib < 1200000, String(peakKib) + ' KiB');
    if (!IS_ALL) assert.match(rr(folder, ['verify']).stderr, /^rr: [0-9,]+ files not as recorded; compared: /m);
  }
});

test('strangers: very many files and folders that are nobody\'s are looked through in bounded memory', { skip: hasProgram('python3') ? false : 'no python3' }, () => {
  const trap = makeTrap();
  const { project } = trap;
  const count = IS_ALL ? 1000000 : 20000;
  sh(project, 'mkdir many; cd many; seq -f d%.0f ' + String(count / 100) + ' | xargs mkdir; seq -f f%.0f ' + String(count / 2) + ' | xargs touch; for d in d?; do (cd $d; seq -f g%.0f ' + String(count / 20) + ' | xargs touch); done');
  for (const args of [['record', '-q', '--trace', 'scan', '--', 'true'], ['status'], ['archive', '-n']]) {
    const { done, peakKib } = measure(project, args);
    if (args[0] === 'record') assert.equal(done.status, 0, done.stderr);
    assert.ok(done.stderr.length < 5000, args.join(' ') + ' tells of each');
    assert.ok(peakKib < (IS_ALL ? 1600000 : 300000), args.join(' ') + ': ' + String(peakKib) + ' KiB');
  }
});

test('strangers: a record with more lines than are taken is refused in one line, one with many inputs costs time in proportion', { skip: hasProgram('python3') ? false : 'no python3' }, () => {
  const trap = makeTrap();
  const { project } = trap;
  forge(project, listRecords(project)[0], (text) => text.replace(/^Rr: /m, Array.from({ length: IS_ALL ? 1000000 : 60000 }, (_, i) => 'Input: ' + HASH + '  1 f/' + String(i) + '\n').join('') + 'Rr: '));
  const many = measure(project, ['verify']); // within 100 s; a square of 60,000 takes more
  assert.match(many.done.stderr, /^rr: 1 file not as recorded; compared: 2 results, (?:60002|1000002) inputs/m); // the record itself
  assert.ok(many.peakKib < 1200000, String(many.peakKib) + ' KiB');
  forge(project, listRecords(project)[1], (text) => text.replace(/^Rr: /m, 'Z: x\n'.repeat(IS_ALL ? 50 << 20 : 1 << 21) + 'Rr: '));
  for (const args of [['list'], ['verify']]) {
    const { done, peakKib } = measure(project, args);
    assert.equal(done.status, 1);
    if (args[0] === 'list') assert.match(done.stderr, /line 2097153: more lines than are taken from a record/);
    // Of all: a million inputs beside a record of 250 MB.
    assert.ok(peakKib < (IS_ALL ? 1600000 : 1200000), args[0] + ': ' + String(peakKib) + ' KiB');
  }
});

test('strangers: an object whose bytes are not its name\'s hash is not put back', () => {
  for (const isLie of [false, true]) {
    const trap = makeTrap();
    const { project } = trap;
    const command = ['record', '--reuse', '--trace', 'none', '-i', 'out.txt', '-o', 'kept.txt', '--', 'cp', 'out.txt', 'kept.txt'];
    const options: RunOptions = { stdio: ['ignore', 'pipe', 'pipe'] };
    assert.equal(rr(project, command, options).status, 0);
    const kept = path.join(project, 'kept.txt');
    const content = fs.readFileSync(kept, 'latin1');
    const hash = crypto.createHash('sha256').update(content).digest('hex');
    const object = path.join(project, '.rr/objects', hash.slice(0, 2), hash.slice(2));
    if (isLie) {
      fs.chmodSync(object, 0o644);
      fs.writeFileSync(object, 'x'.repeat(content.length));
    }
    fs.rmSync(kept);
    const done = rr(project, command, options);
    assertUnharmed(trap, 'record --reuse', done);
    assert.match(done.stderr, isLie ? /was damaged, and is not used/ : /^rr: reused the outputs of /m, 'the object was taken, or looked at');
    assert.equal(fs.readFileSync(kept, 'latin1'), content);
  }
});

test('strangers: .rr/key and all else of a .rr that came along make no verify say good', () => {
  const trap = makeTrap();
  const { project } = trap;
  for (const args of [['verify'], ['status'], ['make', '-n']]) rr(project, args);
  const copy = path.join(path.dirname(project), 'copy');
  sh(path.dirname(project), 'mkdir copy; tar -c -f - -C study . | tar -x -f - -C copy');
  const size = fs.statSync(path.join(copy, 'out.txt')).size;
  fs.writeFileSync(path.join(copy, 'out.txt'), 'F'.repeat(size));
  sh(copy, 'touch -r ../study/out.txt out.txt; printf 0000 > .rr/key; for f in $(find .rr -type f); do touch -d @0 "$f"; done');
  for (const args of [['verify'], ['verify', '--quick']]) {
    const done = rr(copy, args);
    assert.equal(done.status, 1, args.join(' '));
    assert.match(done.stdout, /^result out\.txt: /m, args.join(' '));
  }
});

// ---- what records claim -------------------------------------------------------------------------------

const CLIMBING = ['../outside/secret', '/etc/passwd', 'a/../../outside/secret', '%2E%2E/outside/secret', './/../outside/secret', '..', '.', '-rf', '--help', '-o', '$(touch x)', '`touch x`', 'a%0Ab', '"q\'', '#x', ':y', '%25', '$(shell touch x)', '.git/config', '.rr/key', 'provenance/Makefile', 'd/%C0%AE%C0%AE/x', 'x'.repeat(5000), 'd/'.repeat(3000) + 'f'];

test('strangers: names in records that climb, are options, or code of make or shell, are read, written and published nowhere', () => {
  const trap = makeTrap();
  const { project, outside } = trap;
  const hash = crypto.createHash('sha256').update(SECRET + '\n').digest('hex');
  const size = String(SECRET.length + 1);
  const names = CLIMBING.concat(outside + '/secret', outside + '/secret.out');
  const lines = names.map((name) => ['Input', 'Output', 'Uncertain', 'Log'].map((field) => field + ': ' + hash + '  ' + size + ' ' + name + '\n').join('')
    + ['Declared_input', 'Declared_output', 'Missing_output', 'Removed', 'Absent', 'Parameter_file', 'Metrics_file'].map((field) => field + ': ' + name + '\n').join('') + 'Code_file: unversioned ' + name + '\nCompiler: ' + name.replace(/ /g, '%20') + ' GNU C\n').join('');
  addLines(project, lines + 'Aside: ../outside/folder\nWarning: x\n');
  forge(project, listRecords(project)[1], (text) => text.replace(/^Directory: .*/m, 'Directory: ../outside').replace(/^Rr: /m, 'Redirect: 0 < ../outside/secret\nRedirect: 1 >> ../outside/secret\nVariable: LD_PRELOAD=/x.so\nVariable: PATH=/x\nVariable: GIT_DIR=../outside\nVariable: MAKEFLAGS=-n\nDeclared_variable: LD_PRELOAD\nDeclared_variable: PATH\nRr: '));
  look(trap, MOST, 'all');
  for (const args of [['makefile', '-q'], ['make'], ['rerun', '--all'], ['make', '--force', '--reuse'], ['gc', '--aside']]) assertUnharmed(trap, args.join(' '), rr(project, args, { timeoutMs: 60000 }));
  for (const args of [['make', 'verify'], ['make', '-k'], ['make', 'reproduce']]) assertUnharmed(trap, args.join(' '), run(project, args, { timeoutMs: 60000 }));
  assert.ok(!fs.existsSync(path.join(project, 'x')) && !fs.existsSync(path.join(project, '.rr/reproduce/x')), 'no name was run');
});

test('strangers: text in records reaches no terminal as its codes, no page as script', () => {
  const trap = makeTrap();
  const { project } = trap;
  const evil = '%1B]0;title%07%1B]52;c;AAAA%07%1B[2J%C2%9B31m%9B31m%E2%80%AE%E2%81%A6<script>alert(1)</script>\\input{/etc/passwd}%0D%08$(touch x)=cmd|calc';
  addLines(project, 'Reason: ' + evil + '\nTag: ' + evil + '\nParameter: ' + evil.replace(/ /g, '%20') + ' ' + evil + '\nMetric: m ' + evil + '\nCode: git ' + evil + '\nWarning: ' + evil + '\nJob: ' + evil + '\nBecause: ' + evil + '\nPlan: ' + evil + '\nCode_branch: ' + evil + '\nCode_remote: ' + evil + '\n');
  forge(project, listRecords(project)[0], (text) => text.replace(/^Label: .*/m, 'Label: ' + evil).replace(/^Command: .*/m, 'Command: sh make.sh ' + "'" + evil + "'"));
  forge(project, 'provenance/notes/' + sh(project, 'cd provenance/notes; ls */*').trim(), (text) => text.replace(/^Comment: .*/m, 'Comment: ' + evil));
  const answers = look(trap, 'list show diff why used status journal verify make rerun', 'all');
  for (const [what, done] of Object.entries(answers)) {
    if (/--json|--raw|--logs|--csv|^export/.test(what)) assert.doesNotMatch(done.stderr, /[\x00-\x08\x0b-\x1f\x7f]/, what);
    else assert.doesNotMatch(done.stdout + done.stderr, /[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae|\xe2\x81\xa6|(?:^|[ -~])[\x80-\x9f]/, what);
    if (/--html/.test(what)) assert.doesNotMatch(done.stdout, /<script>alert/);
  }
  assertUnharmed(trap, 'report', rr(project, ['report', '-q', '-o', 'r.html', '--force']));
  assert.doesNotMatch(fs.readFileSync(path.join(project, 'r.html'), 'latin1'), /<script>alert|\x1b/);
});

test('strangers: names of files and of records reach no terminal as its codes', { skip: hasProgram('python3') ? false : 'no python3' }, () => {
  const trap = makeTrap();
  const { project } = trap;
  const evil = 'x\u001b]0;title\u0007\u202e\u009b31m.rec';
  fs.writeFileSync(path.join(project, path.dirname(listRecords(project)[0]), evil), 'Label: never\n');
  addLines(project, 'Output: ' + HASH + '  3 x%1B]0;title%07\xe2\x80\xae.txt\n');
  const log = fs.readdirSync(path.join(project, 'provenance/logs')).find((name) => name.endsWith('.out')) as string;
  fs.appendFileSync(path.join(project, 'provenance/logs', log), '\u001b]52;c;AAAA\u0007\u001b[2J\u001b[31mred\u001b[0m caf\u00e9\ttab\n');
  const key = path.join(makeTemporary(), 'key.pem');
  fs.writeFileSync(key, crypto.generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  const codes = /[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae|(?:^|[ -~])[\x80-\x9f]/;
  for (const args of [['list'], ['verify'], ['sign', '--key', key], ['swhid', 'second']]) {
    const done = rr(project, args);
    assertUnharmed(trap, args[0], done);
    assert.match(done.stdout + done.stderr, /x%1B\]0;title%07|2 records|swh:1/, args[0]);
    assert.doesNotMatch(done.stdout + done.stderr, codes, args[0]);
  }
  // What is data is as it is, but not on a terminal.
  const terminal = 'import os,pty,sys\npid,fd=pty.fork()\nif pid==0: os.execvp(sys.argv[1],sys.argv[1:])\nout=b""\nwhile True:\n  try: part=os.read(fd,65536)\n  except OSError: break\n  if not part: break\n  out+=part\nsys.stdout.buffer.write(out.replace(b"\\r\\n",b"\\n"))\nos.waitpid(pid,0)\n';
  const id = path.basename(listRecords(project)[0], '.rec');
  for (const [args, shown] of [[['show', path.basename(log, '.out'), '--logs'], '%1B]52;c;AAAA%07%1B[2J\x1b[31mred\x1b[0m caf\xc3\xa9\ttab\n'], [['list', '--sh'], 'x%1B]0;title%07%E2%80%AE.txt'], [['show', id, '--raw'], '%1B]0;raw%07%9B31m\n']] as [string[], string][]) {
    if (args[2] === '--raw') fs.appendFileSync(path.join(project, listRecords(project)[0]), Buffer.from('\u001b]0;raw\u0007\x9b31m\n', 'latin1'));
    const onTerminal = run(project, ['python3', '-c', terminal, process.execPath, RR_JS].concat(args)).stdout;
    assert.ok(onTerminal.indexOf(shown) >= 0, args.join(' ') + ': ' + onTerminal);
    assert.doesNotMatch(onTerminal.replace(/\x1b\[\d+m/g, ''), codes, args.join(' '));
    assert.match(rr(project, args).stdout, codes, args.join(' ') + ' of data');
  }
});

test('strangers: two records of one id, ids that are not the file\'s, months that are none, times beyond all bounds, circles: named, and nothing hangs', () => {
  const trap = makeTrap();
  const { project } = trap;
  const [first, second] = listRecords(project);
  const [firstId, secondId] = [first, second].map((name) => path.basename(name, '.rec'));
  for (const month of ['1999-01', '2026-99', '..a', 'new%0Aline', 'A'.repeat(200), '9999-12']) {
    fs.mkdirSync(path.join(project, 'provenance/runs', month), { recursive: true });
    fs.copyFileSync(path.join(project, first), path.join(project, 'provenance/runs', month, path.basename(first)));
  }
  const future = '99991231T235959Z-aaaaaa';
  fs.copyFileSync(path.join(project, second), path.join(project, 'provenance/runs/9999-12', future + '.rec'));
  forge(project, 'provenance/runs/9999-12/' + future + '.rec', (text) => text.replace(/^Id: .*/m, 'Id: ' + future).replace(/^Started: .*/m, 'Started: 9999-12-31T23:59:59.999999Z').replace(/^Rr: /m, 'Repeats: ' + future + '\nParent: ' + firstId + '\nRedoes: ' + future + '\nReused: ' + secondId + '\nRr: '));
  forge(project, first, (text) => text.replace(/^Rr: /m, 'Repeats: ' + secondId + '\nParent: ' + future + '\nInput: ' + HASH + '  1 end.txt\nRr: '));
  forge(project, second, (text) => text.replace(/^Rr: /m, 'Repeats: ' + firstId + '\nParent: ' + firstId + '\nRr: ').replace(/^Wall_s: .*/m, 'Wall_s: 9007199254740991'));
  const note = 'provenance/notes/' + sh(project, 'cd provenance/notes; ls */*').trim();
  forge(project, note, (text) => text.replace(/^Run: .*/m, 'Run: 20200101T000000Z-zzzzzz\nRun: ' + future));
  const answers = look(trap, MOST);
  assert.equal(answers.verify.status, 1);
  assert.match(answers.verify.stdout, /provenance\/runs\/1999-01\/.*: not where a record of that id belongs/);
  for (const args of [['makefile', '-q'], ['make'], ['rerun', '--all']]) assertUnharmed(trap, args.join(' '), rr(project, args, { timeoutMs: 60000 }));
  for (const args of [['make', 'verify'], ['make'], ['make', 'reproduce']]) assertUnharmed(trap, args.join(' '), run(project, args, { timeoutMs: 60000 }));
  fs.writeFileSync(path.join(project, second), fs.readFileSync(path.join(project, first), 'latin1'), 'latin1');
  assert.match(rr(project, ['verify']).stdout, /claims the id/);
});

// ---- programs ------------------------------------------------------------------------------------------

test('strangers: no program that the repository names is run by looking, recording, or setting up', { skip: hasProgram('git') ? false : 'no git' }, () => {
  const trap = makeTrap();
  const { project, outside } = trap;
  const program = outside + '/program';
  sh(project, 'printf "* filter=evil diff=evil merge=evil text\\n" > .gitattributes; git add -A .gitattributes; git commit -qm y; echo changed >> make.sh; for h in pre-commit post-checkout post-index-change reference-transaction fsmonitor-watchman; do cp "' + program + '" .git/hooks/$h; done');
  fs.appendFileSync(path.join(project, '.git/config'), ['[core]', 'fsmonitor = P', 'hooksPath = .git/hooks', 'pager = P', 'editor = P', 'sshCommand = P', 'askPass = P', 'gitProxy = P', 'alternateRefsCommand = P', '[diff]', 'external = P', '[diff "evil"]', 'textconv = P', 'command = P', '[filter "evil"]', 'clean = P', 'smudge = P', 'process = P', 'required = true', '[merge "evil"]', 'driver = P', '[gpg]', 'program = P', '[credential]', 'helper = P', '[alias]', 'status = !P', 'diff = !P', '[uploadpack]', 'packObjectsHook = P', '[remote "origin"]', 'url = ext::P', 'promisor = true', '[extensions]', 'partialClone = origin', '[interactive]', 'diffFilter = P', '[trailer "x"]', 'command = P', ''].join('\n').replace(/= P$|!P$|::P$/gm, (text) => text.replace('P', program)));
  fs.mkdirSync(path.join(project, '.hg'));
  fs.writeFileSync(path.join(project, '.hg/hgrc'), '[hooks]\npre-status = ' + program + '\npre-parents = ' + program + '\n[extensions]\nevil = ' + program + '\n[extdiff]\n');
  fs.writeFileSync(path.join(project, 'Makefile'), 'X := $(shell ' + program + ')\nall:\n\t' + program + '\n');
  fs.writeFileSync(path.join(project, 'provenance/Makefile'), 'X := $(shell ' + program + ')\n');
  look(trap, MOST);
  const check = rr(project, ['makefile', '--check']);
  assertUnharmed(trap, 'makefile --check', check);
  assert.equal(check.status, 1);
  assert.match(check.stdout, /^provenance\/Makefile: not what[^]*^Makefile: not from rr/m);
  assert.doesNotMatch(check.stdout, /rerun\.sh/);
  assert.equal(rr(makeProject(), ['makefile', '--check', '-q']).status, 0);
  for (const args of [['record', '-q', '--', 'true'], ['record', '-q', '-i', 'in.txt', '--', 'cat', 'in.txt'], ['init'], ['rerun', '-n', 'first'], ['rerun', 'first'], ['note', '-q', '-c', 'x', 'first'], ['makefile', '-q']]) {
    assertUnharmed(trap, args.join(' '), rr(project, args, { timeoutMs: 60000, env: { PATH: String(process.env.PATH), EDITOR: '/bin/false' } }));
  }
  fs.rmSync(path.join(project, 'provenance'), { recursive: true });
  fs.rmSync(path.join(project, '.rr'), { recursive: true });
  assertUnharmed(trap, 'init', rr(project, ['init']));
});

test('strangers: .git that names another repository has nothing written into that', { skip: hasProgram('git') ? false : 'no git' }, () => {
  const trap = makeTrap();
  const other = path.join(path.dirname(trap.project), 'other');
  sh(path.dirname(other), 'mkdir other; cd other; git init -q .; git config user.name A; git config user.email a@example.org; echo 1 > f; git add f; git commit -qm x');
  const before = survey(other);
  for (const plant of ['rm -rf .git; echo "gitdir: ../other/.git" > .git', 'rm -rf .git; ln -s ../other/.git .git', 'rm -rf .git; cp -R ../other/.git .git; git config core.worktree ../../other', 'rm -rf .git; cp -R ../other/.git .git; rm -rf .git/info; ln -s ../../outside/folder .git/info']) {
    sh(trap.project, plant + '; rm -rf .rr provenance Makefile');
    for (const args of [['init', '-q'], ['record', '-q', '--', 'true'], ['status'], ['swhid', '--snapshot']]) {
      assertUnharmed(trap, plant + ' ' + args.join(' '), rr(trap.project, args, { timeoutMs: 60000 }));
      assert.equal(survey(other), before, plant + ': ' + args.join(' '));
    }
  }
});

// ---- .rr that came along ---------------------------------------------------------------------------------

test('strangers: caches that lie are not believed, and marks with others\' process numbers end nobody', async () => {
  const trap = makeTrap();
  const { project } = trap;
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (const args of [['status'], ['make', '-n'], ['verify'], ['list']]) rr(project, args);
  const version = rr(project, ['--version']).stdout.trim().slice(3);
  const byteOrder = String(new Uint8Array(new Float64Array([1]).buffer)[7]);
  const copy = path.join(path.dirname(project), 'copy');
  // What an archive can carry: contents, names and times of modification.
  sh(path.dirname(project), 'mkdir copy; tar -c -f - -C study . | tar -x -f - -C copy');
  fs.writeFileSync(path.join(copy, 'out.txt'), 'FORGED\n');
  sh(copy, 'touch -r ../study/out.txt out.txt; touch -r ../study/provenance/runs provenance/runs');
  for (const name of ['status', 'make']) {
    const kept = path.join(project, '.rr', name);
    const answer = fs.existsSync(kept) ? fs.readFileSync(kept, 'latin1').split('\n')[1].replace(/\0[^]*/, '') : '{}';
    for (const head of ['rr status 1 ' + version + ' ', 'rr status 2 ' + version + ' 1 1 ']) {
      fs.writeFileSync(path.join(copy, '.rr', name), head + [answer.length, 0, 0, byteOrder].join(' ') + '\n' + answer + '\0'.repeat(7), 'latin1');
      assert.match(rr(copy, ['status']).stdout, /out\.txt/, 'status tells of the change');
    }
  }
  for (const id of listRecords(copy).map((name) => path.basename(name, '.rec'))) fs.writeFileSync(path.join(copy, '.rr/made-' + id), '');
  sh(copy, 'mkdir -p .rr/made .rr/objects; for f in provenance/runs/*/*.rec; do n=$(basename $f .rec); sha256sum < $f | cut -c1-64 > .rr/made/$n; : > .rr/made/$n.own; done');
  for (const args of [['verify'], ['verify', '--quick'], ['status']]) {
    const done = rr(copy, args);
    assert.equal(done.status, 1, args.join(' '));
    assert.match(done.stdout, /out\.txt/, args.join(' '));
  }
  for (const args of [['make', 'verify'], ['make']]) {
    const done = run(copy, args, { timeoutMs: 60000 });
    assert.notEqual(done.status, 0, args.join(' '));
    assert.match(done.stdout + done.stderr, /out\.txt/, args.join(' '));
  }
  assert.doesNotMatch(rr(copy, ['rerun', 'second']).stdout, /FORGED/);
  const [pid, ticks] = sh(project, 'sleep 100 > /dev/null 2>&1 & p=$!; echo "$p $(sed "s/.*) //" /proc/$p/stat | cut -d" " -f20)"').trim().split(' ');
  const id = '20260101T000000Z-aaaaaa';
  const body = fs.readFileSync(path.join(copy, listRecords(copy)[0]), 'latin1').replace(/^Id: .*/m, 'Id: ' + id).replace(/^Status: .*/m, 'Status: running').replace(/^Sha256: .*\n/m, '') + 'Holder: ' + pid + ' 1 ' + fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim() + ' ' + sh(copy, 'uname -n').trim() + '\nCommand_process: ' + pid + ' ' + ticks + '\n';
  fs.writeFileSync(path.join(copy, '.rr/running', id), body + 'Sha256: ' + crypto.createHash('sha256').update(Buffer.from(body, 'latin1')).digest('hex') + '\n', 'latin1');
  for (const args of [['list'], ['record', '-q', '--', 'true'], ['gc'], ['make']]) rr(copy, args, { timeoutMs: 60000 });
  process.kill(Number(pid), 0); // throws if it is gone
  process.kill(Number(pid), 'SIGKILL');
});

test('strangers: marks of another machine with times in the future hold nobody up', () => {
  const trap = makeTrap();
  for (const folder of ['making', 'plan']) {
    fs.mkdirSync(path.join(trap.project, '.rr', folder), { recursive: true });
    const mark = path.join(trap.project, '.rr', folder, '1-aaaaaa');
    fs.writeFileSync(mark, '1 1 boot elsewhere\n');
    fs.utimesSync(mark, 4102444800, 4102444800);
  }
  assert.equal(rr(trap.project, ['make'], { timeoutMs: 30000 }).status, 0);
  assert.equal(rr(trap.project, ['record', '-q', '--plan', 'more', '-o', 'y', '--', 'touch', 'y'], { timeoutMs: 30000 }).status, 0);
});

/** Names below .rr that are read, and a folder for what is in one. DIGEST stands for 64 digits, ID for that of a run. */
const PLANTED = [
  'place', 'settings', 'key', 'seen', 'programs', 'binaries', 'owners', 'tracer', 'status', 'make', '.gitignore', 'atime-probe', 'software/DIGEST', 'index/2026-11.runs', 'index/2026-11.notes', 'heads/ID-DIGEST', 'running/ID', 'pending/ID', 'pending/ID.done', 'signing/ID', 'ended', 'note', 'running/x.tmp',
  'making/1-aaaaaa', 'plan/1-aaaaaa', 'scratch/s-aaaaaa/holder', 'aside/held-aaaaaa/holder', 'aside/held-aaaaaa/list', 'aside/held-aaaaaa/run', 'aside/held-aaaaaa/job', 'aside/DIGEST', 'objects/aa/DIGEST', 'entries/aa/DIGEST/ID.rec',
  'slurm/ID/batch', 'slurm/ID/jobs', 'made/ID', 'made/make.lock/process', 'different/ID', 'pipes/x', 'build/x', 'reproduce/x', 'todo', 'copy', 'replaced/ID', '.fossil',
].map((name) => '.rr/' + name.replace(/DIGEST/g, HASH).replace(/ID/g, '20260101T000000Z-aaaaaa'));

test('strangers: PLANTED has all names of .rr that the source knows', () => {
  const known = new Set(PLANTED.map((name) => name.split('/')[1]));
  const texts = ['sys', 'commands', '.'].map((folder) => path.join(TOP, 'src', folder)).map((folder) => fs.readdirSync(folder).filter((name) => /\.(?:ts|sh)$/.test(name)).map((name) => fs.readFileSync(path.join(folder, name), 'latin1')).join('\n'));
  let found = 0;
  for (const text of texts) {
    for (const [, name] of Array.from(text.matchAll(/(?:(?:\bown|cacheFolder|ownFolder) \+ '\/|\.rr\/)([a-z][a-z-]*)\b/g))) {
      assert.ok(known.has(name), '.rr/' + name);
      found += 1;
    }
  }
  assert.ok(found > 50, String(found));
});

/** Copies a project as an archive would, with one altered result, one altered record and one that is gone; what verify must say of each. */
function tamper(trap: Trap): string[] {
  const { project } = trap;
  for (const label of ['third', 'fourth']) assert.equal(rr(project, ['record', '-q', '--trace', 'none', '-l', label, '--', 'true']).status, 0);
  for (const args of [['list'], ['status'], ['verify'], ['make', '-n']]) rr(project, args);
  sh(path.dirname(project), 'mv study whole; mkdir study; tar -c -f - -C whole . | tar -x -f - -C study');
  const [, second, third] = listRecords(project);
  fs.writeFileSync(path.join(project, 'out.txt'), 'F'.repeat(fs.statSync(path.join(project, 'out.txt')).size));
  fs.writeFileSync(path.join(project, second), fs.readFileSync(path.join(project, second), 'latin1').replace('Label: second', 'Label: sec0nd'));
  fs.rmSync(path.join(project, third));
  sh(project, 'for f in out.txt ' + second + ' ' + path.dirname(third) + '; do touch -r ../whole/$f $f; done');
  return ['result out.txt: ', second + ': ', path.basename(third, '.rec')];
}

function plant(trap: Trap, name: string, kind: string): void {
  const file = path.join(trap.project, name);
  fs.rmSync(file, { recursive: true, force: true });
  fs.mkdirSync(path.dirname(file), { recursive: true });
  if (kind === 'FIFO') assert.equal(run(trap.project, ['mkfifo', name]).status, 0);
  else if (kind === 'link') fs.symlinkSync(path.join(trap.outside, 'secret'), file);
  else fs.writeFileSync(file, kind === 'garbage' ? Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919 + (i >> 3)) & 255)) : '');
  if (kind === 'sparse') fs.truncateSync(file, 2 ** 40);
}

for (const kind of ['lie', 'garbage', 'sparse', 'link', 'FIFO']) {
  test('strangers: verify finds what was altered whatever lies in .rr: ' + kind, () => {
    const trap = makeTrap();
    const { project } = trap;
    const lines = tamper(trap);
    // What lies at the top of .rr is refused in a line if it is no file (below).
    const isRefused = kind === 'link' || kind === 'FIFO';
    if (kind === 'lie') {
      const name = path.join(project, 'out.txt');
      const stat = fs.statSync(name);
      const recorded = crypto.createHash('sha256').update(fs.readFileSync(path.join(path.dirname(project), 'whole/out.txt'))).digest('hex');
      fs.appendFileSync(path.join(project, '.rr/seen'), recorded + ' ' + [stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(' ') + ' out.txt\n');
      for (const record of listRecords(project)) fs.writeFileSync(path.join(project, '.rr/heads', path.basename(record, '.rec') + '-' + HASH), '');
    } else {
      for (const name of PLANTED) if (!isRefused || name.split('/').length > 2) plant(trap, name, kind);
    }
    const done = rr(project, ['verify']);
    assertUnharmed(trap, 'verify', done);
    assert.equal(done.status, 1, done.stderr);
    for (const line of lines) assert.ok(done.stdout.indexOf(line) >= 0, line + ' in ' + done.stdout + done.stderr);
    for (const args of [['list'], ['status'], ['make', '-n'], ['record', '-q', '--', 'true'], ['record', '-q', '--reuse', '-o', 'z', '--', 'touch', 'z']].concat(IS_ALL ? LOOKS.concat([['gc', '--older', '0s'], ['make'], ['rerun', '--all']]) : [])) {
      assertUnharmed(trap, kind + ' ' + args.join(' '), rr(project, args, { timeoutMs: 60000 }));
    }
    assertUnharmed(trap, kind + ' make', run(project, ['make'], { timeoutMs: 60000 }));
    if (!isRefused) return;
    for (const name of PLANTED.filter((one) => one.split('/').length === 2).slice(0, IS_ALL ? undefined : 2)) {
      plant(trap, name, kind);
      const refused = rr(project, ['verify']);
      assertUnharmed(trap, name, refused);
      assert.match(refused.stderr, /is neither a file nor a folder/);
      fs.rmSync(path.join(project, name));
    }
  });
}

test('strangers: make of a project that pretends to be a copy, or has links in the way, moves and writes nothing outside', () => {
  const plants: [string, (trap: Trap) => void][] = [
    ['.rr/copy', ({ project }) => {
      // 64 bytes that are no hash but lead from .rr/aside to what lies outside.
      addLines(project, 'Output: ' + './'.repeat(20) + '..//../../outside/secret  23 lost.txt\n');
      sh(project, 'mkdir -p .rr/aside; touch .rr/copy; rm -f end.txt');
    }],
    ['.rr/.gitignore', ({ project, outside }) => sh(project, 'rm -f .rr/.gitignore end.txt; ln -s "' + outside + '/new" .rr/.gitignore')],
    ['locks', ({ project, outside }) => {
      sh(project, 'rm -f end.txt; mkdir -p .rr/made/make.lock; echo "$(uname -n) 99999999" > .rr/made/make.lock/process');
      for (let pid = process.pid; pid < process.pid + 3000; pid++) fs.symlinkSync(outside + '/folder', path.join(project, '.rr/made/make.lock.' + String(pid)));
    }],
    ['a folder of results', ({ project, outside }) => {
      assert.equal(rr(project, ['record', '-q', '--trace', 'none', '-i', 'out.txt', '-o', 'd/e.txt', '--', 'sh', '-c', 'mkdir -p d; cp out.txt d/e.txt']).status, 0);
      sh(project, 'rm -r d; ln -s "' + outside + '/folder" d');
    }],
  ];
  for (const [what, add] of plants) {
    for (const args of IS_ALL ? [['make'], ['make', 'reproduce'], ['make', 'verify']] : [['make']]) {
      const trap = makeTrap();
      add(trap);
      assertUnharmed(trap, what + ' ' + args.join(' '), run(trap.project, args, { timeoutMs: 60000 }));
      assert.equal(run(trap.project, ['grep', '-rl', SECRET, '.']).stdout, '', what + ' ' + args.join(' ') + ' brings in what lies outside');
    }
  }
});

// ---- working copies of other systems ----------------------------------------------------------------------

const SYSTEMS: { [system: string]: { make: string; configure: string; control: string[] | undefined; own: string[] } } = {
  hg: {
    make: 'hg init; hg add -q in.txt make.sh d/x.py; hg commit -q -u x -m x',
    configure: 'printf "open(\'%s/executed\', \'w\')\\n" "$O" > evil.py; printf "%s\\n" "[hooks]" "pre-status = $P" "pre-parents = $P" "pre-diff = $P" "[extensions]" "evil = $PWD/evil.py" "extdiff =" "fsmonitor =" "[alias]" "status = !$P" "parents = !$P" "diff = !$P" "[ui]" "editor = $P" "merge = $P" "ssh = $P" "[pager]" "pager = $P" "[extdiff]" "cmd.diff = $P" "[encode]" "** = pipe: $P" "[decode]" "** = pipe: $P" "[diff-tools]" "x.executable = $P" "[merge-tools]" "x.executable = $P" > .hg/hgrc',
    control: ['hg', 'status'], own: ['.hg/requires', '.hg/dirstate', '.hg/hgrc', '.hg/store/00changelog.i', '.hg'],
  },
  svn: {
    make: 'svnadmin create ../store; svn checkout -q "file://$(cd .. && pwd)/store" .; svn add -q in.txt make.sh d; svn commit -q -m x; svn update -q',
    configure: 'python3 -c "import sqlite3; c=sqlite3.connect(\'.svn/wc.db\'); c.execute(\'update REPOSITORY set root=?\', (\'svn+evil://host/\\$(touch $O/executed)\',)); c.execute(\'update NODES set local_relpath=?, parent_relpath=? where local_relpath=?\', (\'../outside/secret\', \'\', \'d/x.py\')); c.commit()"; mkdir -p .svn/conf; printf "[tunnels]\\nevil = %s\\n[helpers]\\ndiff-cmd = %s\\n" "$P" "$P" > .svn/config',
    control: undefined, own: ['.svn/wc.db', '.svn/entries', '.svn/format', '.svn'],
  },
  fossil: {
    make: 'fossil init ../store.fossil > /dev/null; fossil open --force ../store.fossil > /dev/null; fossil add in.txt make.sh d > /dev/null; fossil commit -m x --no-warnings > /dev/null',
    configure: 'for s in diff-command gdiff-command pager-command editor ssh-command; do fossil setting $s "$P" || :; FOSSIL_HOME=$PWD/.rr fossil setting --global $s "$P" || :; done > /dev/null 2>&1; mkdir -p .fossil-settings; for s in diff-command pager-command editor; do echo "$P" > .fossil-settings/$s; done',
    control: ['fossil', 'diff'], own: ['.fslckout', '_FOSSIL_'],
  },
};

for (const [system, { make, configure, control, own }] of Object.entries(SYSTEMS)) {
  const skip = ['python3', system].concat(system === 'svn' ? 'svnadmin' : []).find((name) => !hasProgram(name));
  const env = { USER: 'tester', HGRCPATH: '', FOSSIL_HOME: '' };
  const prepare = (): Trap => {
    const trap = makeTrap();
    env.FOSSIL_HOME = path.dirname(trap.project);
    const done = run(trap.project, ['sh', '-ec', 'rm -rf .git; mkdir d; echo 1 > d/x.py; ' + make], { env });
    assert.equal(done.status, 0, done.stderr);
    return trap;
  };
  const lookAt = (trap: Trap, what: string): string => {
    let told = '';
    for (const args of [['record', '-q', '-i', 'make.sh', '--', 'true'], ['record', '-q', '--trace', 'none', '-i', 'in.txt', '--', 'true'], ['status']].concat(IS_ALL ? LOOKS : [])) {
      const done = rr(trap.project, args, { env, timeoutMs: 60000 });
      assertUnharmed(trap, system + ' ' + what + ' ' + args.join(' '), done);
      told += done.stderr;
    }
    assert.equal(run(trap.project, ['grep', '-rl', SECRET, 'provenance']).stdout, '', what);
    return told + listRecords(trap.project).slice(2).map((name) => fs.readFileSync(path.join(trap.project, name), 'latin1')).join('');
  };

  test('strangers: a working copy of ' + system + ' that names programs, with links out in it, has none run and nothing shown', { skip: skip === undefined ? false : 'no ' + skip }, () => {
    const trap = prepare();
    const { project, outside } = trap;
    const script = 'P="$1"; O="$2"; ' + configure + '; rm -r in.txt d; ln -s "$O/secret" in.txt; ln -s "$O" d; cp "$O/secret" "$O/x.py"; echo more >> make.sh';
    const done = run(project, ['sh', '-ec', script, 'sh', outside + '/program', outside], { env });
    assert.equal(done.status, 0, done.stderr);
    trap.before = survey(outside);
    lookAt(trap, 'configured');
    if (control === undefined) return;
    run(project, control, { env });
    assert.ok(fs.existsSync(outside + '/executed'), control.join(' ') + ' runs none of them either: the test tests nothing');
  });

  test('strangers: a working copy of ' + system + ' whose own files are FIFOs, links out, garbage or huge', { skip: skip === undefined ? false : 'no ' + skip }, () => {
    for (const kind of IS_ALL ? ['FIFO', 'link', 'garbage', 'sparse'] : ['FIFO', 'link']) {
      for (const name of IS_ALL ? own : kind === 'FIFO' ? own.slice(0, 1) : own.slice(-1)) {
        const trap = prepare();
        if (kind === 'link' && fs.existsSync(path.join(trap.project, name))) {
          sh(trap.project, 'mv ' + name + ' ../outside/kept; ln -s ../' + (name.indexOf('/') > 0 ? '../' : '') + 'outside/kept ' + name);
          trap.before = survey(trap.outside);
        } else plant(trap, name, kind);
        const told = lookAt(trap, kind + ' ' + name);
        if (!IS_ALL && kind === 'FIFO' && system !== 'fossil') assert.match(told, /cannot read the state of the code: \S+ is not what \w+ makes/);
      }
    }
  });
}

// ---- completion -------------------------------------------------------------------------------------------

test('strangers: completion runs nothing that labels, tags, ids or names of files say, and prints no terminal code', { skip: hasProgram('bash') ? false : 'no bash' }, () => {
  const trap = makeTrap();
  const { project, outside } = trap;
  const touch = 'touch ' + outside + '/executed';
  const month = path.dirname(listRecords(project)[0]);
  const evils = ['$(' + touch + ')', '`' + touch + '`', '; ' + touch + ';', '"; ' + touch + '; "', "'; " + touch + "; '", '%1B]0;x%07', '%0A' + touch, '%C2%9B31m', '%9B31m', '%E2%80%AEx', '-rf', '*', '~', '\\', '!!', '${x:=$(' + touch + ')}', 'a[$(' + touch + ')]', '<(' + touch + ')'];
  evils.forEach((evil, i) => {
    const id = path.basename(month).replace('-', '') + '28T' + String(100000 + i) + 'Z-aaaaaa';
    fs.writeFileSync(path.join(project, month, id + '.rec'), '# rr run record, format 1\nId: ' + id + '\nLabel: ' + evil + '\nTag: t' + evil + '\nCommand: ' + evil + '\n', 'latin1');
    const name = Buffer.from('f' + evil.replace(/\//g, '_').replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))), 'latin1');
    // Of names of files the shell itself says what it takes for printable.
    if (evil.indexOf('%E2') < 0) fs.writeFileSync(Buffer.concat([Buffer.from(project + '/'), name]), '');
  });
  for (const name of ['$(' + touch.replace(/\//g, '_') + ').rec', '-rf', 'a\nb.rec', "'.rec"]) fs.writeFileSync(path.join(project, month, name), 'Label: never\n');
  for (const name of ['sh', 'awk', 'ls', 'sed', 'head', 'grep', 'rr']) fs.copyFileSync(outside + '/program', path.join(project, name));
  const lines = ['rr show ', 'rr show "', "rr show '", 'rr list --tag ', 'rr list --label=', 'rr note ', 'rr diff @ ', 'rr verify ', 'rr record --input=', 'rr record -i f', 'rr record --input=f', 'rr archive --include f', 'rr sweep -l ', 'rr make ', 'rr show 2026', 'rr record -- ', 'node ./rr.js show '];
  // Each candidate is then read by the shell as what stands in a line: it must be one word, and run nothing.
  const script = '. "$1"; COMP_LINE=$2; COMP_POINT=${#2}; read -ra COMP_WORDS <<<"$2"; [[ $2 == *[![:space:]] ]] || COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _rr 2>/dev/null; for reply in "${COMPREPLY[@]}"; do printf "%s\\n" "$reply"; [[ $2 == *[\\"\\\']* ]] || { eval "words=($reply)"; ((${#words[@]} == 1)) || echo "NOT ONE: $reply"; }; done';
  const file = path.join(makeTemporary(), 'rr.bash');
  fs.writeFileSync(file, rr(project, ['help', '--completion', 'bash']).stdout, 'latin1');
  let offered = '';
  for (const line of lines) {
    const done = run(project, ['bash', '--norc', '-c', script, 'bash', file, line], { timeoutMs: 20000 });
    assertUnharmed(trap, line, done);
    assert.equal(done.status === 0 ? '' : done.stderr, '', line);
    assert.doesNotMatch(done.stdout + done.stderr, /[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae|(?:^|[ -~])[\x80-\x9f]|NOT ONE/, line);
    offered += done.stdout;
  }
  for (const known of ['first', 'second', 'touch']) assert.ok(offered.indexOf(known) >= 0, known);
  if (!hasProgram('fish')) return;
  fs.writeFileSync(file, rr(project, ['help', '--completion', 'fish']).stdout, 'latin1');
  const done = run(project, ['fish', '--no-config', '-c', 'source $argv[1]; for line in $argv[2..-1]; complete -C $line --escape; end', file, 'rr show ', 'rr list --tag ', 'rr note '], { env: { HOME: path.dirname(file), XDG_CONFIG_HOME: path.dirname(file) } });
  assertUnharmed(trap, 'fish', done);
  assert.match(done.stdout, /^first\t/m);
  assert.doesNotMatch(done.stdout, /[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae/);
});

// ---- names that fall together -----------------------------------------------------------------------------

test('strangers: names that differ in case or Unicode normalization stay apart, are told by archive, and verify names one that was lost', { skip: ['python3', 'unzip', 'bsdtar'].map((name) => (hasProgram(name) ? '' : 'no ' + name)).find((why) => why !== '') ?? false }, () => {
  const { project } = makeTrap();
  const names = ['Data.csv', 'data.csv', 'caf\u00e9', 'cafe\u0301'];
  for (const name of names) assert.equal(rr(project, ['record', '-q', '--trace', 'none', '-o', name, '--', 'sh', '-c', 'echo "$1" > "$1"', 'sh', name]).status, 0);
  assert.equal(rr(project, ['verify', '-q']).status, 0);
  for (const target of ['a.tar', 'a.zip', 'a/', '-n']) {
    const done = rr(project, ['archive', target]);
    assert.equal(done.status, 0, done.stderr);
    assert.equal(done.stderr.split('\n').filter((line) => /are one file where case or Unicode normalization does not count: unpacked there one is lost$/.test(line)).length, 2, done.stderr);
    if (target === '-n') continue;
    for (const name of names) {
      const member = 'a/data/' + name;
      const content = target === 'a/' ? fs.readFileSync(path.join(project, member), 'utf8') : Buffer.from(run(project, target === 'a.zip' ? ['python3', '-c', 'import sys,zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))', target, member] : ['bsdtar', '-xOf', target, member]).stdout, 'latin1').toString('utf8');
      assert.equal(content, name + '\n', target + ' has ' + name);
    }
  }
  // As on a file system to which they are one: the later wins.
  for (const [kept, lost] of [['data.csv', 'Data.csv'], ['cafe\u0301', 'caf\u00e9']]) fs.copyFileSync(path.join(project, kept), path.join(project, lost));
  const done = rr(project, ['verify']);
  assert.equal(done.status, 1);
  assert.match(done.stdout, /^result Data\.csv: /m);
  assert.match(done.stdout, /^result caf\xc3\xa9: /m);
  assert.doesNotMatch(done.stdout, /^result (?:data\.csv|cafe)/m);
});
