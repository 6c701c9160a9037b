// rerunrig.ts - projects for the tests of rerun, records that were tampered with, and whether anything was touched.
import assert from 'node:assert/strict';
import { execFileSync } from 'child_process';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { hasProgram, listRecords, makeTemporary, rr, run } from './rig.ts';
import type { Done, RunOptions } from './rig.ts';

export const NO_TOOLS = hasProgram('git') && hasProgram('strace') ? false : 'no git or no strace';

const home = makeTemporary();
fs.writeFileSync(path.join(home, '.gitconfig'), '[user]\n\tname = A\n\temail = a@example.org\n[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n');

/** What git finds of a user: nothing of the tester's. Reading takes no lock, so that asking changes no index. */
export const GIT_ENV: NodeJS.ProcessEnv = { HOME: home, XDG_CONFIG_HOME: home, GIT_OPTIONAL_LOCKS: '0' };

export function git(folder: string, ...words: string[]): string {
  return execFileSync('git', words, { cwd: folder, env: { PATH: process.env.PATH, ...GIT_ENV }, encoding: 'latin1', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** rr as a user with a git of their own runs it. */
export function rrIn(folder: string, args: string[], options: RunOptions = {}): Done {
  return rr(folder, args, { ...options, env: { HOME: home, XDG_CONFIG_HOME: home, ...options.env } });
}

export function write(folder: string, name: string, content: string | Buffer): void {
  fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  fs.writeFileSync(path.join(folder, name), content);
}

export function commit(folder: string, message: string): string {
  git(folder, 'add', '-A');
  git(folder, 'commit', '-q', '--allow-empty', '-m', message);
  return git(folder, 'rev-parse', 'HEAD').trim();
}

/** A project in a repository with a commit of these files. */
export function makeRepository(files: { [name: string]: string }, root = makeTemporary()): string {
  fs.mkdirSync(root, { recursive: true });
  git(root, 'init', '-q');
  assert.equal(rrIn(root, ['init', '-q']).status, 0);
  for (const name of Object.keys(files)) write(root, name, files[name]);
  commit(root, 'one');
  return root;
}

/** Records a shell command; `status` is what it ends with. */
export function recordShell(root: string, label: string, script: string, status = 0, options: RunOptions = {}): void {
  const done = rrIn(root, ['record', '-q', '-l', label, '--', 'sh', '-c', script], options);
  assert.equal(done.status, status, done.stderr);
}

export type Story = { accepted?: boolean; verdicts?: { word: string; path: string; detail?: string }[]; [field: string]: unknown };

/** Repeats, and gives what is told of each run, with exit status and standard error. */
export function rerun(root: string, args: string[], options: RunOptions = {}): { status: number | null; stderr: string; stories: Story[] } {
  const done = rrIn(root, ['rerun', '--json'].concat(args), options);
  assert.match(done.stdout, /^\[/, done.stdout + done.stderr);
  return { status: done.status, stderr: done.stderr, stories: JSON.parse(done.stdout) as Story[] };
}

/** "WORD PATH" of each verdict. */
export function wordsOf(story: Story): string[] {
  return (story.verdicts ?? []).map(({ word, path: name }) => word + ' ' + name);
}

/** Everything below a folder but .rr and provenance: names, kinds, modes, sizes, times, inodes, links and contents. Of .git's objects no times: git freshens them. */
export function survey(folder: string): string[] {
  const where = ['find', '.', '(', '-name', '.rr', '-o', '-name', 'provenance', ')', '-prune', '-o'];
  const listed = run(folder, where.concat('-path', './.git/objects', '-prune', '-o', '-printf', '%P|%y %m %s %T@ %C@ %i %l\\0')).stdout;
  const hashed = run(folder, where.concat('-type', 'f', '-exec', 'sha256sum', '-z', '{}', '+')).stdout;
  // Of the project itself the time changes when .rr and provenance are made, which both are there already.
  return (listed + hashed).split('\0').sort();
}

/** The same with what git says of it. */
export function surveyRepository(folder: string): string[] {
  const answers = ['status --porcelain=v2 --branch --ignored=no -- . :!provenance', 'for-each-ref', 'stash list', 'rev-parse HEAD', 'reflog'].map((words) => words + ':\n' + git(folder, ...words.split(' ')));
  return survey(folder).concat(answers);
}

export function assertSame(now: string[], before: string[], what = ''): void {
  assert.deepEqual([before.filter((line) => now.indexOf(line) < 0), now.filter((line) => before.indexOf(line) < 0)], [[], []], what);
}

/** Runs `use` and holds against what was there before: nothing outside of .rr and provenance is another. */
export function assertUntouched(folder: string, use: () => void, what = ''): void {
  const look = fs.existsSync(path.join(folder, '.git')) ? surveyRepository : survey;
  const before = look(folder);
  use();
  assertSame(look(folder), before, what);
}

/** The last record, changed and with a seal that holds: what a stranger may send. */
export function tamper(root: string, change: (text: string) => string): string {
  const names = listRecords(root);
  const name = names[names.length - 1];
  const body = change(fs.readFileSync(path.join(root, name), 'latin1').replace(/^Sha256: .*\n/m, ''));
  fs.writeFileSync(path.join(root, name), Buffer.from(body + 'Sha256: ' + crypto.createHash('sha256').update(body, 'latin1').digest('hex') + '\n', 'latin1'));
  assert.equal(rrIn(root, ['makefile', '-q']).status, 0);
  return path.basename(name, '.rec');
}

/** Names in .rr/scratch: trees that are left. */
export function listScratch(root: string): string[] {
  const folder = path.join(root, '.rr', 'scratch');
  return fs.existsSync(folder) ? fs.readdirSync(folder) : [];
}

export const hashOf = (content: string): string => crypto.createHash('sha256').update(content, 'latin1').digest('hex');
