// reproduce.test.ts - results made again with real makes, shells, awks and SHA-256 programs, without rr.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import * as childProcess from 'child_process';
import * as crypto from 'crypto';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { findLiveRuns } from '../src/core/graph.ts';
import { emptyRun } from '../src/core/run.ts';
import type { FileState, Run } from '../src/core/run.ts';
import { recordPath } from '../src/core/run.ts';
import { printChecksums } from '../src/formats/checksums.ts';
import { encodeText } from '../src/formats/percent.ts';
import { sealRecord } from '../src/formats/fields.ts';
import { printRunBody } from '../src/formats/record.ts';
import { printMakefile } from '../src/views/makefile.ts';
import { RERUN_SCRIPT } from '../src/views/rerunscript.ts';

// ---- tools ----------------------------------------------------------------------------------------

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'rr-reproduce-'));
after(() => { fs.rmSync(scratch, { recursive: true, force: true }); });

/** Where a program is, or undefined. */
function findProgram(name: string): string | undefined {
  const places = (process.env.PATH ?? '').split(':').map((folder) => path.join(folder, name));
  return places.find((place) => fs.existsSync(place));
}

/** All that rerun.sh and the commands of these tests may find, beside sh, awk and a SHA-256 program. */
const UTILITIES = ['[', 'cat', 'chmod', 'cp', 'echo', 'env', 'false', 'find', 'grep', 'kill', 'ln', 'ls', 'mkdir', 'mv', 'printf', 'pwd', 'rm', 'rmdir', 'sed',
  'sleep', 'sort', 'test', 'touch', 'tr', 'true', 'uname', 'xargs'];

type Tools = { make: string; shell: string; awk: string; hash: string };
const USUAL: Tools = { make: 'make', shell: 'dash', awk: 'mawk', hash: 'sha256sum' };
let folders = 0;

function newFolder(): string {
  folders += 1;
  const folder = path.join(scratch, String(folders));
  fs.mkdirSync(folder);
  return folder;
}

const toolFolders = new Map<string, string>();

/** A folder for PATH with just these tools; what is missing is named. */
function findTools(tools: Tools): { folder: string; missing: string | undefined } {
  const key = JSON.stringify(tools);
  const wanted: [string, string][] = UTILITIES.map((name) => [name, name]);
  wanted.push(['make', tools.make], ['sh', tools.shell], ['awk', tools.awk]);
  wanted.push(tools.hash === 'busybox' ? ['sha256sum', 'busybox'] : [tools.hash, tools.hash]);
  const places = wanted.map(([name, program]) => [name, findProgram(program)] as const);
  const missing = wanted.map(([, program]) => program).find((program) => findProgram(program) === undefined);
  if (missing !== undefined) return { folder: '', missing };
  let folder = toolFolders.get(key);
  if (folder === undefined) {
    folder = newFolder();
    for (const [name, place] of places) fs.symlinkSync(fs.realpathSync(place!), path.join(folder, name));
    toolFolders.set(key, folder);
  }
  return { folder, missing };
}

// ---- a project ------------------------------------------------------------------------------------

type Project = { folder: string; runs: Run[]; tools: Tools };

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function fsPath(project: Project, name: string): Buffer {
  return bytes(project.folder + '/' + name);
}

function write(project: Project, name: string, content: string): void {
  fs.mkdirSync(bytes(path.posix.dirname(project.folder + '/' + name)), { recursive: true });
  fs.writeFileSync(fsPath(project, name), content, 'latin1');
}

function read(project: Project, name: string): string {
  return fs.readFileSync(fsPath(project, name), 'latin1');
}

function isThere(project: Project, name: string): boolean {
  return fs.existsSync(fsPath(project, name));
}

function remove(project: Project, ...names: string[]): void {
  for (const name of names) fs.unlinkSync(fsPath(project, name));
}

function sha256(content: Buffer): string {
  return crypto.createHash('sha256').update(content).digest('hex');
}

function stateOf(project: Project, name: string): FileState {
  const file = fsPath(project, name);
  const stat = fs.lstatSync(file);
  if (stat.isDirectory()) return { hash: '-', size: 0, kind: 'd', path: name };
  const content = stat.isSymbolicLink() ? fs.readlinkSync(file, 'buffer') : fs.readFileSync(file);
  return { hash: sha256(content), size: content.length, kind: stat.isSymbolicLink() ? 'l' : (stat.mode & 0o100) > 0 ? 'x' : '', path: name };
}

function newProject(tools: Tools = USUAL): Project {
  return { folder: newFolder(), runs: [], tools };
}

function quote(word: string): string {
  return "'" + word.replace(/'/g, "'\\''") + "'";
}

/** `sh -c SCRIPT` as one recorded command. */
function shell(script: string): string {
  return 'sh -c ' + quote(script);
}

/** Runs a command in the project and writes its record, as rr would. */
function record(project: Project, command: string, inputs: string[], outputs: string[], change: (run: Run) => void = () => undefined): Run {
  const n = project.runs.length;
  const id = '20261122T05' + String(Math.floor(n / 60)).padStart(2, '0') + String(n % 60).padStart(2, '0') + 'Z-aaaaaa';
  const run = emptyRun(id, command, '2026-11-22T05:20:39.123456Z', '0.1.0');
  run.status = 'succeeded';
  run.exit = 0;
  change(run);
  run.inputs = run.inputs.concat(inputs.map((name) => stateOf(project, name)));
  const file = newFolder() + '/command';
  const redirects = run.redirects.map((redirect) => redirect.replace(/ /, '').replace('& ', '&').replace(/ (.*)$/, (_, name: string) => quote(project.folder + '/' + name)));
  fs.writeFileSync(file, 'cd ' + quote(project.folder) + '\ncd ' + quote(run.directory) + '\n' + command.replace(/\0\{.*\}/, 'secret') + ' ' + redirects.join(' ') + '\n', 'latin1');
  const done = childProcess.spawnSync('dash', [file], { encoding: 'latin1' });
  assert.equal(done.status, run.exit, done.stderr);
  run.outputs = run.outputs.concat(outputs.map((name) => stateOf(project, name)));
  project.runs.push(run);
  return run;
}

function finish(project: Project): void {
  for (const run of project.runs) {
    const body = printRunBody(run);
    write(project, 'provenance/' + recordPath(run.id), sealRecord(body, sha256(bytes(body))));
  }
  const graph = findLiveRuns(project.runs);
  write(project, 'provenance/Makefile', printMakefile(graph));
  write(project, 'provenance/SHA256SUMS', printChecksums(graph));
  write(project, 'provenance/rerun.sh', RERUN_SCRIPT);
  write(project, 'Makefile', 'include provenance/Makefile\n');
}

type Outcome = { status: number | null; text: string };

function run(project: Project, program: string, ...args: string[]): Outcome {
  const { folder } = findTools(project.tools);
  const done = childProcess.spawnSync(path.join(folder, program), args, {
    cwd: project.folder, encoding: 'latin1', env: { PATH: folder, HOME: scratch, LC_ALL: 'C.UTF-8', OMP_NUM_THREADS: '7' }, timeout: 60000,
  });
  return { status: done.status, text: done.stdout + done.stderr };
}

function make(project: Project, ...args: string[]): Outcome {
  return run(project, 'make', ...args);
}

function assertPasses(outcome: Outcome): void {
  assert.equal(outcome.status, 0, outcome.text);
}

function assertFails(outcome: Outcome, message: RegExp): void {
  assert.notEqual(outcome.status, 0, outcome.text);
  assert.match(outcome.text, message);
}

/** Data, two steps, several outputs, a count of how often each step ran. */
function newChain(tools: Tools = USUAL): Project {
  const project = newProject(tools);
  write(project, 'data/a.dat', 'one\ntwo\n');
  write(project, 'clean.sh', 'echo clean >>../count 2>/dev/null\ntr a-z A-Z <data/a.dat >mid.csv\necho 7 >log.txt\n');
  record(project, 'sh ./clean.sh', ['data/a.dat', 'clean.sh'], ['mid.csv', 'log.txt'], (one) => { one.label = 'clean'; });
  fs.mkdirSync(project.folder + '/out');
  record(project, shell('echo fig >>../count; cat mid.csv mid.csv >out/fig.txt'), ['mid.csv'], ['out/fig.txt'], (one) => { one.label = 'figure'; });
  finish(project);
  // "../count" of the scratch copy in .rr/reproduce is .rr/count.
  return project;
}

function countRuns(project: Project): { [name: string]: number } {
  // make runs commands in a copy, .rr/build/NAME, so their "../count" is .rr/build/count.
  const inBuild = project.folder + '/.rr/build/count';
  const text = fs.readFileSync(path.join(scratch, 'count'), 'latin1') + (fs.existsSync(inBuild) ? fs.readFileSync(inBuild, 'latin1') : '');
  clearCount();
  if (fs.existsSync(inBuild)) fs.unlinkSync(inBuild);
  const counts: { [name: string]: number } = {};
  for (const line of text.split('\n')) if (line !== '') counts[line] = (counts[line] ?? 0) + 1;
  assert.ok(project.folder.startsWith(scratch));
  return counts;
}

function clearCount(): void {
  fs.writeFileSync(path.join(scratch, 'count'), '');
}

// ---- what make does -------------------------------------------------------------------------------

test('make runs nothing in a clone, whatever the times of its files', () => {
  const project = newChain();
  clearCount();
  run(project, 'sh', '-c', 'find . -exec touch -t 202601010000 {} +');
  assertPasses(make(project));
  run(project, 'touch', 'data/a.dat', 'mid.csv');
  assertPasses(make(project));
  assertPasses(make(project, '-f', 'provenance/Makefile'));
  assert.deepEqual(countRuns(project), {});
});

test('make makes what is missing, also with stamps there and what comes before missing too', () => {
  const project = newChain();
  clearCount();
  assertPasses(make(project));
  remove(project, 'out/fig.txt');
  assertPasses(make(project));
  assert.deepEqual(countRuns(project), { fig: 1 });
  remove(project, 'out/fig.txt', 'mid.csv');
  assertPasses(make(project));
  assert.deepEqual(countRuns(project), { clean: 1, fig: 1 });
  remove(project, 'log.txt');
  assertPasses(make(project, '-j8'));
  assert.deepEqual(countRuns(project), { clean: 1 });
  assert.equal(read(project, 'out/fig.txt'), 'ONE\nTWO\nONE\nTWO\n');
  assertPasses(make(project, 'verify'));
});

test('make names an input that is not as recorded, and fails', () => {
  const project = newChain();
  write(project, 'data/a.dat', 'three\n');
  clearCount();
  assertFails(make(project), /input data\/a\.dat is not as run .* read it/);
  remove(project, 'mid.csv');
  assertFails(make(project), /input data\/a\.dat is not as recorded/);
  assertFails(make(project, 'mid.csv'), /input data\/a\.dat is not as recorded/);
  remove(project, 'data/a.dat');
  assertFails(make(project), /input data\/a\.dat is not here/);
  assert.deepEqual(countRuns(project), {});
  assert.ok(!isThere(project, 'mid.csv'));
});

test('make leaves a result alone that was edited by hand, and fails', () => {
  const project = newChain();
  assertPasses(make(project));
  write(project, 'mid.csv', 'mine\n');
  clearCount();
  for (const target of ['all', 'mid.csv', 'clean']) assertFails(make(project, target), /mid\.csv is different; nothing is overwritten/);
  assertFails(make(project, 'verify'), /different +mid\.csv/);
  assert.equal(read(project, 'mid.csv'), 'mine\n');
  assert.deepEqual(countRuns(project), {});
});

test('make sees whatever is not as recorded, in a look at all files at once', () => {
  const project = newChain();
  const first = 'provenance/' + recordPath(project.runs[0].id);
  const alterations: [string, RegExp][] = [
    // Where content that a run left stands otherwise, it is made again.
    ['chmod +x mid.csv', /run \S+: sh \.\/clean\.sh/],
    ['chmod u+x mid.csv', /run \S+: sh \.\/clean\.sh/],
    ['mv mid.csv real; ln -s real mid.csv', /mid\.csv is different/],
    ['rm mid.csv; mkdir mid.csv', /mid\.csv is different/],
    ['mv mid.csv swap; mv log.txt mid.csv; mv swap log.txt', /mid\.csv is different[^]*log\.txt is different|log\.txt is different[^]*mid\.csv is different/],
    ['echo x >>clean.sh', /input clean\.sh is not as run/],
    ['mv clean.sh real; ln -s real clean.sh', /input clean\.sh is not as run/],
    ['rm ' + first, /the record of run \S+ is not there, or was cut/],
    [': >' + first, /the record of run \S+ is not there, or was cut/],
    ['sed 1,9d ' + first + ' >cut; sed \'$d\' cut >' + first, /the record of run \S+ is not there, or was cut/],
  ];
  run(project, 'sh', '-c', 'mkdir -p ../whole; cp -RPp . ../whole/project');
  for (const [command, message] of alterations) {
    assertPasses(make(project));
    run(project, 'sh', '-c', command);
    assert.match(make(project).text, message, command);
    run(project, 'sh', '-c', 'rm -rf ./* .rr; cp -RPp ../whole/project/. .');
  }
  assertPasses(run(project, 'chmod', '+x', 'data/a.dat', 'clean.sh'));
  assertPasses(make(project));
});

test('make -t deceives neither make verify nor the next make', () => {
  const project = newChain();
  remove(project, 'out/fig.txt');
  make(project, '-t', '.rr/made/20261122T050001Z-aaaaaa');
  make(project, '-t');
  assertFails(make(project, 'verify'), /missing +out\/fig\.txt/);
  assertPasses(make(project));
  assert.ok(isThere(project, 'out/fig.txt'));
});

test('make -n runs nothing', () => {
  const project = newChain();
  remove(project, 'out/fig.txt', 'mid.csv');
  clearCount();
  for (const target of ['all', 'reproduce', 'figure', 'mid.csv']) assertPasses(make(project, '-n', target));
  assertPasses(make(project, '-nk', 'all'));
  assert.deepEqual(countRuns(project), {});
});

test('make FILE, LABEL and ID make one run and what it needs', () => {
  for (const target of ['out/fig.txt', 'figure', '20261122T050001Z-aaaaaa']) {
    const project = newChain();
    remove(project, 'out/fig.txt', 'mid.csv', 'log.txt');
    clearCount();
    assertPasses(make(project, 'mid.csv'));
    assert.deepEqual(countRuns(project), { clean: 1 });
    assertPasses(make(project, target));
    assertPasses(make(project, target));
    assert.deepEqual(countRuns(project), { fig: 1 });
    assertPasses(make(project, 'verify'));
  }
});

test('make -j8 of several outputs runs their command once', () => {
  const project = newChain();
  remove(project, 'out/fig.txt', 'mid.csv', 'log.txt');
  clearCount();
  const outcome = make(project, '-j8', 'log.txt', 'out/fig.txt', 'mid.csv', 'figure', 'clean');
  assertPasses(outcome);
  assert.doesNotMatch(outcome.text, /warning/);
  assert.deepEqual(countRuns(project), { clean: 1, fig: 1 });
});

test('makes at once do not disturb one another', async () => {
  const project = newProject();
  record(project, shell('echo slow >>../count; sleep 1; echo 1 >slow.txt'), [], ['slow.txt']);
  finish(project);
  remove(project, 'slow.txt');
  clearCount();
  const { folder } = findTools(USUAL);
  const statuses = await Promise.all([0, 1, 2].map(() => new Promise((resolve) => {
    childProcess.spawn(path.join(folder, 'make'), [], { cwd: project.folder, env: { PATH: folder }, stdio: 'ignore' }).on('close', resolve);
  })));
  assert.deepEqual(statuses, [0, 0, 0]);
  assert.equal(read(project, 'slow.txt'), '1\n');
  assertPasses(make(project, 'verify'));
});

test('a lock whose process is gone is no lock', () => {
  const project = newChain();
  remove(project, 'out/fig.txt');
  write(project, '.rr/made/20261122T050001Z-aaaaaa.lock/process', os.hostname() + ' 999999\n');
  assertPasses(make(project));
});

test('a command that fails half way leaves what was there, and no stamp', () => {
  const project = newProject();
  const { id } = record(project, shell('echo a >a.txt; echo "$BROKEN" >c.txt; test ! -e broken && echo b >b.txt'), [], ['a.txt', 'c.txt', 'b.txt']);
  finish(project);
  assertPasses(make(project));
  remove(project, 'b.txt');
  fs.utimesSync(fsPath(project, 'a.txt'), 1, 1);
  write(project, 'broken', '');
  assertFails(make(project), /failed: exit status 1/);
  assert.equal(read(project, 'a.txt'), 'a\n');
  assert.equal(fs.statSync(fsPath(project, 'a.txt')).mtimeMs, 1000);
  assert.ok(!isThere(project, '.rr/made/' + id));
  assert.ok(!isThere(project, '.rr/made/' + id + '.old'));
  assert.equal(read(project, '.rr/different/' + id + '/a.txt'), 'a\n');
  remove(project, 'broken');
  assertPasses(make(project));
});

test('a make that is interrupted or killed loses nothing that was there', async () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    const project = newProject();
    const { id } = record(project, shell('echo a >a.txt; if test -e slow; then sleep 5; fi; echo b >b.txt'), [], ['a.txt', 'b.txt']);
    finish(project);
    remove(project, 'b.txt');
    write(project, 'slow', '');
    fs.utimesSync(fsPath(project, 'a.txt'), 1, 1);
    const { folder } = findTools(USUAL);
    const child = childProcess.spawn(path.join(folder, 'make'), [], { cwd: project.folder, env: { PATH: folder }, stdio: 'ignore', detached: true });
    const closed = new Promise((resolve) => { child.on('close', resolve); });
    const isAtWork = (): boolean => isThere(project, '.rr/build') && fs.readdirSync(project.folder + '/.rr/build').some((name) => isThere(project, '.rr/build/' + name + '/.rr/made/' + id + '.old/1'));
    for (let n = 0; n < 100 && !isAtWork(); n++) await new Promise((resolve) => { setTimeout(resolve, 50); });
    await new Promise((resolve) => { setTimeout(resolve, 200); });
    process.kill(-child.pid!, signal);
    await closed;
    remove(project, 'slow');
    if (signal !== 'SIGKILL') {
      for (let n = 0; n < 100 && fs.readdirSync(project.folder + '/.rr/build').length > 0; n++) await new Promise((resolve) => { setTimeout(resolve, 50); });
      assert.equal(fs.statSync(fsPath(project, 'a.txt')).mtimeMs, 1000, signal);
      assert.deepEqual(fs.readdirSync(project.folder + '/.rr/made'), [], signal);
    }
    assertPasses(make(project));
    assertPasses(make(project, 'verify'));
  }
});

test('a run that gives other bytes is named, and its results are not taken for the recorded ones', () => {
  const project = newProject();
  write(project, 'hidden', '1');
  const { id } = record(project, shell('cat hidden >a.txt; echo b >b.txt'), [], ['a.txt', 'b.txt']);
  finish(project);
  write(project, 'hidden', '2');
  remove(project, 'b.txt');
  assertFails(make(project), /is not reproduced: it made a\.txt with other bytes/);
  assert.equal(read(project, 'a.txt'), '1');
  assert.equal(read(project, '.rr/different/' + id + '/a.txt'), '2');
});

test('make enters no folder obj, and labels may be names of files', () => {
  const project = newProject();
  fs.mkdirSync(project.folder + '/obj');
  record(project, shell('echo 1 >one'), [], ['one'], (one) => { one.label = 'two'; });
  record(project, shell('echo 2 >two'), ['one'], ['two'], (one) => { one.label = 'one'; });
  finish(project);
  for (const program of ['make', 'bmake']) {
    if (findTools({ ...USUAL, make: program }).missing !== undefined) continue;
    project.tools = { ...USUAL, make: program };
    remove(project, 'one', 'two');
    assertPasses(make(project, 'two'));
    assert.equal(read(project, 'two'), '2\n');
    assertPasses(make(project));
  }
});

// ---- files that were written more than once -------------------------------------------------------

test('make keeps a result that a later run overwrote, and makes the earlier content only where it is needed', () => {
  const project = newProject();
  record(project, shell('echo first >>../count; echo 1 >f; echo own >own'), [], ['f', 'own']);
  record(project, shell('echo reader >>../count; cat f f >ff'), ['f'], ['ff']);
  record(project, shell('echo second >>../count; echo 2 >f'), [], ['f']);
  finish(project);
  clearCount();
  assertPasses(make(project));
  assert.deepEqual(countRuns(project), {});
  remove(project, 'own');
  assertPasses(make(project));
  assert.deepEqual(countRuns(project), { first: 1 });
  assert.equal(read(project, 'f'), '2\n');
  remove(project, 'ff');
  assertPasses(make(project, '-j4'));
  assert.deepEqual(countRuns(project), { first: 1, reader: 1 });
  assert.equal(read(project, 'f'), '2\n');
  assert.equal(read(project, 'ff'), '1\n1\n');
  remove(project, 'f', 'ff', 'own');
  assertPasses(make(project, '-j4'));
  assert.deepEqual(countRuns(project), { first: 1, reader: 1, second: 1 });
  assertPasses(make(project, 'verify'));
  assertPasses(make(project, '-j4', 'reproduce'));
  assert.ok(!isThere(project, '.rr/aside'));
});

test('the content that was moved out of the way comes back when the run that needed it fails', () => {
  const project = newProject();
  record(project, shell('echo 1 >f'), [], ['f']);
  record(project, shell('test ! -e broken && cat f f >ff'), ['f'], ['ff']);
  record(project, shell('echo 2 >f'), [], ['f']);
  finish(project);
  write(project, 'broken', '');
  remove(project, 'ff');
  assertFails(make(project), /failed: exit status/);
  assert.equal(read(project, 'f'), '2\n');
  assertFails(make(project, 'verify'), /missing +ff/);
});

test('make and make reproduce follow edits in place', () => {
  const project = newProject();
  record(project, shell('echo edit1 >>../count; echo 1 >t'), [], ['t']);
  record(project, shell('echo edit2 >>../count; echo 2 >>t'), ['t'], ['t']);
  record(project, shell('echo edit3 >>../count; echo 3 >>t; echo x >side'), ['t'], ['t', 'side']);
  finish(project);
  clearCount();
  assertPasses(make(project));
  remove(project, 'side');
  assertPasses(make(project));
  assert.deepEqual(countRuns(project), { edit1: 1, edit2: 1, edit3: 1 });
  assert.equal(read(project, 't'), '1\n2\n3\n');
  remove(project, 't');
  assertPasses(make(project));
  assertPasses(make(project, '-j3', 'reproduce'));
  assert.equal(read(project, 't'), '1\n2\n3\n');
});

test('a raw file edited in place is not passed off as reproduced', () => {
  const project = newProject();
  write(project, 't', '0\n');
  record(project, shell('echo 1 >>t'), ['t'], ['t']);
  finish(project);
  assertPasses(make(project));
  assertPasses(make(project, 'verify'));
  assertFails(make(project, 'reproduce'), /^t +not run because input t is not as recorded$/m);
  write(project, 't', '0\n');
  assertPasses(make(project, 'reproduce'));
  assertPasses(make(project));
  assert.equal(read(project, 't'), '0\n1\n');
});

// ---- reproduce ------------------------------------------------------------------------------------

test('make reproduce gives each result its verdict and leaves the project alone', () => {
  const project = newProject();
  write(project, 'hidden', '1');
  write(project, 'raw', '1');
  record(project, shell('echo 1 >same'), [], ['same']);
  record(project, shell('cat hidden >differs'), [], ['differs']);
  record(project, shell('if test -e hidden2; then echo 1 >gone; fi'), [], [], (one) => { one.outputs = [{ hash: sha256(bytes('1\n')), size: 2, kind: '', path: 'gone' }]; });
  record(project, shell('cat raw >fromraw'), ['raw'], ['fromraw']);
  record(project, shell('cat differs >next'), ['differs'], ['next']);
  finish(project);
  write(project, 'gone', '1\n');
  write(project, 'hidden', '2');
  write(project, 'raw', '2');
  const before = fs.readdirSync(project.folder).map((name) => name + (name.startsWith('.') || name === 'provenance' ? '' : read(project, name)));
  const outcome = make(project, 'reproduce');
  assertFails(outcome, /5 results: 1 identical, 1 different, 1 missing, 2 not run/);
  assert.ok(outcome.text.includes(`RESULT   VERDICT
same     identical
differs  different
gone     missing
fromraw  not run because input raw is not as recorded
next     not run because its input differs was not reproduced
`), outcome.text);
  assert.deepEqual(fs.readdirSync(project.folder).filter((name) => name !== '.rr').map((name) => name + (name.startsWith('.') || name === 'provenance' ? '' : read(project, name))), before);
  assert.equal(read(project, '.rr/.gitignore'), '*\n');
  assertPasses(make(project, 'clean-reproduce'));
  assert.ok(!isThere(project, '.rr/reproduce'));
});

test('make reproduce writes into a copy, not through a link to a folder', () => {
  const project = newProject();
  const elsewhere = newFolder();
  fs.symlinkSync(elsewhere, project.folder + '/results');
  write(project, 'results/raw', '1\n');
  record(project, shell('cat results/raw >results/out'), ['results/raw'], ['results/out']);
  finish(project);
  fs.utimesSync(elsewhere + '/out', 1, 1);
  assertPasses(make(project, 'reproduce'));
  assert.equal(fs.statSync(elsewhere + '/out').mtimeMs, 1000);
});

test('make reproduce goes on without what cannot be copied', () => {
  const project = newChain();
  childProcess.spawnSync('mkfifo', [project.folder + '/pipe']);
  const outcome = make(project, 'reproduce');
  assertPasses(outcome);
  assert.match(outcome.text, /not all of \.\/pipe could be copied/);
});

// ---- what a record can hold -----------------------------------------------------------------------

const ODD_NAMES = ['new\nline', 'end\n', 'cr\r', 'quo\'te"', '$HOME `id`', 'back\\slash\\', '%41 %', '\xff\xfe', '\x01\x7f', '-rf', ' edges ', '*?[a]',
  '\xc3\xa9\xe2\x82\xac', 'a=b', '#x', '~', '{a,b}', '!', 'x -> y', '\\n\\', ('d'.repeat(200) + '/').repeat(17) + 'long'];

test('odd names of inputs, outputs and arguments come out byte for byte', () => {
  const project = newOdd(USUAL);
  checkOdd(project, ODD_NAMES);
});

function newOdd(tools: Tools, names = ODD_NAMES): Project {
  const project = newProject(tools);
  write(project, 'echo.sh', 'printf "%s\\n" "$@"\n');
  for (const name of names) {
    write(project, 'in/' + name, name);
    write(project, 'out/' + name, '');
    record(project, 'cp -- ' + quote('in/' + name) + ' ' + quote('out/' + name), ['in/' + name], ['out/' + name]);
  }
  record(project, 'sh echo.sh ' + names.map(quote).join(' ') + ' ' + quote(('x\\y\x01' + names[0]).repeat(600)), [], ['-args'], (one) => { one.redirects = ['1 > -args']; });
  finish(project);
  return project;
}

function checkOdd(project: Project, names: string[]): void {
  assertPasses(make(project, 'verify'));
  assertPasses(make(project));
  for (const name of names) remove(project, 'out/' + name);
  remove(project, '-args');
  assertPasses(make(project));
  assertPasses(make(project, 'verify'));
  for (const name of names) assert.equal(read(project, 'out/' + name), name);
  remove(project, 'out/' + names[1]);
  assertFails(make(project, 'verify'), new RegExp('missing +' + encodeText('out/' + names[1]).replace(/[\\$*?[\]+]/g, '\\$&')));
  const outcome = make(project, 'reproduce');
  assertPasses(outcome);
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(outcome.text, /[\x00-\x09\x0b-\x1f\x7f]/);
}

test('sha256sum and recorded checksums agree on odd names', () => {
  const project = newOdd(USUAL);
  assertPasses(run(project, 'sha256sum', '--quiet', '-c', 'provenance/SHA256SUMS'));
});

test('variables are as recorded, those of the list that were not set are unset', () => {
  const project = newProject();
  write(project, 'env.sh', 'echo "TZ=${TZ-unset} OMP=${OMP_NUM_THREADS-unset} LC_ALL=${LC_ALL-unset} LANG=${LANG-unset} F=${MAKEFLAGS-}$RR_REPRODUCE" >env.txt\n');
  const expected = 'TZ=a\'b\\ \xc3\xa9 OMP=unset LC_ALL=C LANG=unset F=\n';
  record(project, 'sh env.sh', [], [], (one) => {
    one.variables = ['TZ=a\'b\\ \xc3\xa9', 'LC_ALL=C'];
    one.outputs = [{ hash: sha256(bytes(expected)), size: 0, kind: '', path: 'env.txt' }];
  });
  finish(project);
  remove(project, 'env.txt');
  assertPasses(make(project));
  assert.equal(read(project, 'env.txt'), expected);
});

test('redirections, folders, links and executable files are made again', () => {
  const project = newProject();
  write(project, 'sub/in', 'b\na\n');
  record(project, 'sort', ['sub/in'], ['sub/out'], (one) => { one.directory = 'sub'; one.redirects = ['0 < sub/in', '1 > sub/out', '2 >& 1']; });
  record(project, shell('echo err >&2; echo out'), ['sub/out'], ['sub/out', 'errors'], (one) => { one.redirects = ['1 >> sub/out', '2 > errors']; });
  record(project, shell('mkdir made made/deep; ln -s ../x made/link; echo 1 >made/deep/tool; chmod +x made/deep/tool'), [], ['made', 'made/deep', 'made/link', 'made/deep/tool']);
  record(project, shell('cat made/deep/tool made/link >last 2>/dev/null || true'), ['made/link', 'made/deep/tool'], ['last']);
  finish(project);
  assertPasses(make(project));
  remove(project, 'sub/out', 'errors', 'made/link', 'made/deep/tool', 'last');
  assertPasses(make(project));
  assert.equal(fs.readlinkSync(project.folder + '/made/link'), '../x');
  assertPasses(make(project, 'reproduce'));
  fs.chmodSync(project.folder + '/made/deep/tool', 0o644);
  assertFails(make(project, 'verify'), /different +made\/deep\/tool/);
  fs.chmodSync(project.folder + '/made/deep/tool', 0o755);
  remove(project, 'made/link');
  fs.symlinkSync('../y', project.folder + '/made/link');
  assertFails(make(project, 'verify'), /different +made\/link/);
});

test('a run with a withheld secret says that it cannot be repeated', () => {
  const project = newProject();
  record(project, "echo '\0{0123456789abcdef}'", [], ['a'], (one) => { one.redirects = ['1 > a']; });
  finish(project);
  assertPasses(make(project));
  remove(project, 'a');
  assertFails(make(project), /its command holds a secret that was not recorded/);
});

test('a record changed after it was written is not repeated', () => {
  const project = newChain();
  remove(project, 'out/fig.txt');
  const file = 'provenance/' + recordPath(project.runs[1].id);
  write(project, file, read(project, file).replace('echo fig', 'echo evil'));
  clearCount();
  assertFails(make(project), /was changed or cut after it was written/);
  assert.deepEqual(countRuns(project), {});
});

test('no path of a record leads out of the project', () => {
  for (const name of ['../evil', '/tmp/evil', 'a/../../evil', '.git/hooks/x', 'provenance/rerun.sh', '..', '']) {
    const project = newProject();
    record(project, shell('echo ran >>../count'), [], [], (one) => { one.outputs = [{ hash: sha256(bytes('x')), size: 1, kind: '', path: name }]; });
    record(project, shell('echo 1 >good'), [], ['good']);
    finish(project);
    clearCount();
    assertPasses(make(project, 'verify'));
    assertFails(run(project, 'sh', 'provenance/rerun.sh', 'run', project.runs[0].id), /is outside the project|no record|not repeated/);
    assert.deepEqual(countRuns(project), {});
  }
  const project = newChain();
  assertFails(run(project, 'sh', 'provenance/rerun.sh', 'run', '../../../evil'), /not the id of a run/);
  assertFails(run(project, 'sh', 'provenance/rerun.sh', 'make', '$(touch evil)', 'make'), /not the id of a run/);
});

test('make verify writes nothing', () => {
  const project = newChain();
  const before = fs.readdirSync(project.folder);
  assertPasses(make(project, 'verify'));
  assert.deepEqual(fs.readdirSync(project.folder), before);
});

test('a checkout without results or records verifies', () => {
  const project = newProject();
  finish(project);
  fs.mkdirSync(project.folder + '/provenance/runs');
  for (const target of ['verify', 'all', 'reproduce']) assertPasses(make(project, target));
});

// ---- every make, shell, awk and SHA-256 program ---------------------------------------------------

/** What a scenario asks of a set of tools, in little time. */
function checkTools(tools: Tools): void {
  const names = tools.shell === 'yash' ? ODD_NAMES.filter((name) => /^[ -~\n\r]*$/.test(name)).slice(0, 9) : ODD_NAMES.slice(0, 13);
  const project = newProject(tools);
  const list = names.map((name) => quote('o/' + name)).join(' ');
  write(project, 'data/a.dat', 'one\n');
  for (const name of names) write(project, 'o/' + name, '');
  record(project, shell('echo all >>../count; for f; do cat data/a.dat >"$f"; done') + ' sh ' + list, ['data/a.dat'], names.map((name) => 'o/' + name));
  record(project, 'cat ' + list, names.map((name) => 'o/' + name), ['joined'], (one) => { one.redirects = ['1 > joined']; one.label = 'join'; one.variables = ['TZ=UTC 1']; });
  record(project, shell('echo 2 >>joined'), ['joined'], ['joined']);
  finish(project);
  clearCount();
  assertPasses(make(project));
  assert.deepEqual(countRuns(project), {});
  remove(project, 'o/' + names[0], 'joined');
  assertPasses(make(project, '-j8'));
  assert.deepEqual(countRuns(project), { all: 1 });
  assertPasses(make(project, 'join'));
  write(project, 'o/' + names[0], 'edited');
  assertFails(make(project), /is different; nothing is overwritten/);
  const outcome = make(project, '-j2', 'reproduce');
  assertPasses(outcome);
  assert.match(outcome.text, new RegExp(String(names.length + 1) + ' results: ' + String(names.length + 1) + ' identical'));
  write(project, 'data/a.dat', 'two\n');
  assertFails(make(project, 'verify'), /different +o\//);
}

const ALL_TOOLS: Tools[] = [];
for (const program of ['make', 'bmake']) {
  for (const shellName of ['dash', 'busybox', 'bash', 'mksh', 'yash', 'ksh93', 'posh']) ALL_TOOLS.push({ ...USUAL, make: program, shell: shellName });
}
for (const awk of ['gawk', 'busybox', 'original-awk']) ALL_TOOLS.push({ ...USUAL, awk });
for (const hash of ['shasum', 'openssl', 'busybox', 'cksum']) ALL_TOOLS.push({ ...USUAL, hash });

for (const tools of ALL_TOOLS) {
  const { missing } = findTools(tools);
  const name = 'rerun.sh works with ' + tools.make + ', ' + tools.shell + ', ' + tools.awk + ', ' + tools.hash;
  test(name, { skip: missing === undefined ? false : missing + ' is missing' }, () => { checkTools(tools); });
}

test('yash, which loses bytes that are no text, is refused for them', { skip: findProgram('yash') === undefined ? 'yash is missing' : false }, () => {
  const project = newOdd({ ...USUAL, shell: 'yash' }, ['\xff', 'b']);
  assertFails(make(project, 'verify'), /holds bytes that this shell cannot/);
  remove(project, 'out/\xff');
  assertFails(make(project), /holds bytes that this shell cannot/);
});
