// rig.ts - runs the built rr.js in temporary projects and checks what it left by other programs.
import assert from 'node:assert/strict';
import childProcess from 'child_process';
import fs from 'fs';
import os from 'os';
import path from 'path';

/** The built file: at the top of the checkout, or where RR_JS says. */
export const RR_JS = path.resolve(process.env.RR_JS ?? path.join(__dirname, '..', '..', '..', 'rr.js'));

export const IS_ROOT = process.getuid() === 0;

// Nothing of the tester's own environment may matter; some of it slows the start of Node.
export const CLEAN_ENV: NodeJS.ProcessEnv = { PATH: process.env.PATH, HOME: os.tmpdir(), LANG: 'C.UTF-8' };

export type Done = { status: number | null; signal: string | null; stdout: string; stderr: string };

export type RunOptions = { env?: NodeJS.ProcessEnv; input?: string | Buffer; stdio?: (number | 'pipe' | 'ignore')[]; timeoutMs?: number };

export function run(folder: string | undefined, argv: string[], options: RunOptions = {}): Done {
  const done = childProcess.spawnSync(argv[0], argv.slice(1), {
    cwd: folder, env: { ...CLEAN_ENV, ...options.env }, input: options.input, stdio: options.stdio,
    encoding: 'latin1', maxBuffer: 1 << 28, timeout: options.timeoutMs ?? 60000, killSignal: 'SIGKILL',
  });
  if (done.error !== undefined && (done.error as { code?: string }).code !== 'ETIMEDOUT') throw done.error;
  return { status: done.status, signal: done.signal, stdout: done.stdout ?? '', stderr: done.stderr ?? '' };
}

export function rr(folder: string, args: string[], options: RunOptions = {}): Done {
  return run(folder, [process.execPath, RR_JS].concat(args), options);
}

/** The same without waiting; its standard error goes to the end. */
export function startRr(folder: string, args: string[], options: RunOptions = {}): { child: childProcess.ChildProcess; ended: Promise<Done> } {
  return startProgram(folder, [process.execPath, RR_JS].concat(args), options);
}

export function startProgram(folder: string, argv: string[], options: RunOptions = {}): { child: childProcess.ChildProcess; ended: Promise<Done> } {
  const child = childProcess.spawn(argv[0], argv.slice(1), { cwd: folder, env: { ...CLEAN_ENV, ...options.env }, stdio: options.stdio ?? ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (data: Buffer) => { stdout += data.toString('latin1'); });
  child.stderr?.on('data', (data: Buffer) => { stderr += data.toString('latin1'); });
  const ended = new Promise<Done>((resolve) => child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr })));
  return { child, ended };
}

/**
 * An expression over what a source file ("formats/tar.ts") exports as `source`, in a process of its own
 * that is killed after 20 s and may hold 1 GiB: for what may have no end.
 */
export function evaluateApart(file: string, expression: string): unknown {
  const name = path.join(__dirname, '..', 'src', file.replace(/\.ts$/, '.js'));
  const program = 'const source = require(' + JSON.stringify(name) + '); process.stdout.write(JSON.stringify(' + expression + '))';
  const done = run(undefined, [process.execPath, '--max-old-space-size=1024', '-e', program], { timeoutMs: 20000 });
  assert.equal(done.status, 0, 'it ends, and fits into memory: ' + expression.slice(0, 300) + done.stderr.slice(0, 500));
  return JSON.parse(done.stdout);
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until `check` holds; fails the test after 10 s. */
export async function waitUntil(what: string, check: () => boolean): Promise<void> {
  for (let waitedMs = 0; !check(); waitedMs += 10) {
    assert.ok(waitedMs < 10000, 'waited in vain: ' + what);
    await sleep(10);
  }
}

const made: string[] = [];
process.on('exit', () => {
  // Node's rmSync stops at paths longer than the system takes in one piece.
  childProcess.spawnSync('rm', ['-rf', '--'].concat(made), { stdio: 'ignore' });
});

/** A new temporary folder, removed at the end of the tests. */
export function makeTemporary(): string {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'rr-test-')));
  made.push(folder);
  return folder;
}

let newProject: string | undefined;

/** A new project: a copy of one that rr init made, in which nothing names its folder or its time. */
export function makeProject(): string {
  if (newProject === undefined) {
    const folder = makeTemporary();
    assert.equal(rr(folder, ['init', '-q']).status, 0);
    newProject = folder;
  }
  const folder = makeTemporary();
  assert.equal(childProcess.spawnSync('cp', ['-R', newProject + '/.', folder]).status, 0);
  return folder;
}

/** Is there such a program on PATH? */
export function hasProgram(name: string): boolean {
  return childProcess.spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name], { stdio: 'ignore' }).status === 0;
}

const JUDGES = path.resolve(__dirname, '..', '..', 'judges');

/**
 * Path of a judge that test/install-judges.sh brought: a program of one of its Python environments
 * ('bagit.py', 'python' of the first), or the folder of an npm package. Undefined if it is not there.
 */
export function judge(name: string): string | undefined {
  const places = [['python', 'bin', name], ['cff', 'bin', name], ['software', 'bin', name], ['node_modules', name]];
  return places.map((place) => path.join(JUDGES, ...place)).find((place) => fs.existsSync(place));
}

/** Why a test that needs these judges is skipped; false if all are there. */
export function lacksJudges(...names: string[]): string | false {
  const missing = names.find((name) => judge(name) === undefined);
  return missing === undefined ? false : 'no ' + missing + ' (make interop brings it)';
}

const SLOW_TRACER = `#!/bin/sh
case "$*" in -V|*--version*) ;; *wait-here*)
  trap ': > signalled' INT TERM HUP
  : > waiting
  while ! test -e go; do :; done ;;
esac
exec REAL "$@"
`;

/**
 * Variables with a strace on PATH that takes its time where "wait-here" is said to it: there is a file "waiting", and it
 * begins once there is "go". "signalled" is there if it was sent a signal meanwhile.
 */
export function makeSlowTracer(): NodeJS.ProcessEnv {
  const bin = path.join(makeTemporary(), 'bin');
  fs.mkdirSync(bin);
  const real = run(undefined, ['sh', '-c', 'command -v strace']).stdout.trim();
  fs.writeFileSync(path.join(bin, 'strace'), SLOW_TRACER.replace('REAL', real), { mode: 0o755 });
  return { PATH: bin + ':' + String(process.env.PATH) };
}

/** Names of all records, relative to the project, sorted. */
export function listRecords(project: string): string[] {
  const runs = path.join(project, 'provenance', 'runs');
  const found: string[] = [];
  for (const month of fs.readdirSync(runs)) for (const name of fs.readdirSync(path.join(runs, month))) if (name[0] !== '.') found.push('provenance/runs/' + month + '/' + name);
  return found.sort();
}

export function readRecord(project: string, name: string): { [field: string]: string[] } {
  const fields: { [field: string]: string[] } = {};
  for (const line of fs.readFileSync(path.join(project, name), 'latin1').split('\n')) {
    const parts = /^([A-Z]\w*): (.*)$/.exec(line);
    if (parts !== null) fields[parts[1]] = (fields[parts[1]] ?? []).concat(parts[2]);
  }
  return fields;
}

/** Paths of file lines, as they stand. */
export function pathsOf(lines: string[] | undefined): string[] {
  return (lines ?? []).map((line) => line.replace(/^\S+ {2}\d+[a-z]? /, ''));
}

/** The only record of a project. */
export function readOnlyRecord(project: string): { [field: string]: string[] } {
  const names = listRecords(project);
  assert.equal(names.length, 1, names.join(' '));
  return readRecord(project, names[0]);
}

const SEAL_CHECK = 'for f; do a=$(sed -n \'$s/^Sha256: //p\' "$f"); b=$(sed \'$d\' "$f" | sha256sum); [ "$a" = "${b%% *}" ] || { echo "bad seal: $f"; exit 1; }; done';

/** Does the checksum inside each of these records hold? Asked of sed and sha256sum. */
export function checkSeals(project: string, names: string[]): void {
  const done = run(project, ['sh', '-c', SEAL_CHECK, 'sh'].concat(names));
  assert.equal(done.status, 0, done.stdout + done.stderr);
}

/** Are Makefile and SHA256SUMS the same as made anew from the records? */
export function checkDerived(project: string, what: string): void {
  const read = (): string[] => ['Makefile', 'SHA256SUMS'].map((name) => fs.readFileSync(path.join(project, 'provenance', name), 'latin1'));
  const before = read();
  const done = rr(project, ['makefile', '-q']);
  assert.equal(done.status, 0, what + ': ' + done.stderr);
  assert.deepEqual(before, read(), what + ': Makefile and SHA256SUMS are those of the records');
}

/**
 * Files left over from unfinished writes. rr leaves those of the last hour alone, as they may be
 * another's that is at work; makeLeftoversOld() has them pass for older.
 */
export function listLeftovers(project: string): string[] {
  return run(project, ['find', '.rr', 'provenance', '-name', '.*.tmp', '-o', '-path', '.rr/running/?*']).stdout.split('\n').filter((name) => name !== '');
}

export function makeLeftoversOld(project: string): void {
  for (const name of listLeftovers(project)) assert.match(name, /^\.rr\/running\//, 'unfinished files lie in one place');
  // A mark without a word is of an rr that was killed before it could write it.
  run(project, ['find', '.rr/running', '(', '-name', '*.*', '-o', '-type', 'f', '-size', '0', ')', '-exec', 'touch', '-d', '2 hours ago', '{}', '+']);
}
