// transcripts.test.ts - commands and what they print and leave, run by the built rr.js on any runtime.
//
// Environment: RR_JS, the file to test (rr.js at the top of the checkout); RR_RUNTIME, what runs it,
// words separated by single spaces (the Node.js of this test).
//
// Format of test/transcripts/*.txt:
//   # TEXT        a comment
//   == NAME       a case; it begins in a new folder, which is empty
//   needs TEST    a shell command; if it fails, the case is skipped (directly below "=="); "runtime" runs
//                 a script on what runs rr
//   $ COMMAND     run by /bin/sh in that folder
//   > MORE        a further line of the command
//   TEXT          a line of standard output
//   | TEXT        the same, for a TEXT that is empty or begins like another line of this list
//   ! TEXT        a line of standard error
//   ...           any number of lines of standard output; "! ..." of standard error
//   ? N           the exit status, if it is not 0
// An empty line is nothing. What changes from run to run is written <id>, <hash>, <short> (12 digits of
// a hash), <secret> (16), <utc>, <n>, <s> (seconds), <commit>, <version>, <any>; <p> is the folder.
//
// Commands find rr; "rec", which prints the newest record; "field NAME...", which prints these fields
// of it; $P, the folder. TZ is UTC0, LC_ALL is C, HOME is a folder beside.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import childProcess from 'child_process';
import fs from 'fs';
import os from 'os';
import path from 'path';

const TOP = path.resolve(__dirname, '..', '..', '..');
const RR_JS = path.resolve(process.env.RR_JS ?? path.join(TOP, 'rr.js'));
const RUNTIME = (process.env.RR_RUNTIME ?? process.execPath).split(' ');
const FOLDER = path.join(TOP, 'test', 'transcripts');

type Step = { line: number; command: string; out: string[]; err: string[]; status: number };
type Case = { file: string; name: string; needs: string | undefined; steps: Step[] };

const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'rr-transcript-')));
after(() => {
  childProcess.spawnSync('chmod', ['-R', 'u+rwX', base], { stdio: 'ignore' });
  fs.rmSync(base, { recursive: true, force: true });
});

const quote = (word: string): string => "'" + word.replace(/'/g, "'\\''") + "'";

function install(name: string, script: string): void {
  fs.writeFileSync(path.join(base, 'bin', name), '#!/bin/sh\n' + script + '\n', { mode: 0o755 });
}

for (const name of ['bin', 'home']) fs.mkdirSync(path.join(base, name));
install('rr', 'exec ' + RUNTIME.concat(RR_JS).map(quote).join(' ') + ' "$@"');
install('runtime', 'exec ' + RUNTIME.map(quote).join(' ') + ' "$@"');
install('rec', 'cat "$(ls provenance/runs/*/*.rec | tail -n 1)"');
install('field', 'for name; do rec | LC_ALL=C sed -n "/^$name: /p"; done');

const ENV: NodeJS.ProcessEnv = {
  PATH: path.join(base, 'bin') + ':' + String(process.env.PATH), HOME: path.join(base, 'home'), TZ: 'UTC0', LC_ALL: 'C',
  DENO_NO_UPDATE_CHECK: '1', DENO_DIR: path.join(base, 'home', 'deno'), NO_COLOR: '1',
};

function takeLine(step: Step, line: string): void {
  if (line.startsWith('> ')) step.command += '\n' + line.slice(2);
  else if (line.startsWith('? ')) step.status = Number(line.slice(2));
  else if (line.startsWith('!')) step.err.push(line.slice(2));
  else step.out.push(line.startsWith('| ') ? line.slice(2) : line === '|' ? '' : line);
}

function parseTranscript(file: string): Case[] {
  const cases: Case[] = [];
  fs.readFileSync(path.join(FOLDER, file), 'latin1').split('\n').forEach((line, i) => {
    const last = cases[cases.length - 1];
    if (line === '' || line.startsWith('#')) return;
    if (line.startsWith('== ')) cases.push({ file, name: line.slice(3), needs: undefined, steps: [] });
    else if (line.startsWith('needs ') && last.steps.length === 0) last.needs = line.slice(6);
    else if (line.startsWith('$ ')) last.steps.push({ line: i + 1, command: line.slice(2), out: [], err: [], status: 0 });
    else takeLine(last.steps[last.steps.length - 1], line);
  });
  return cases;
}

const WILDCARDS: { [name: string]: string } = {
  id: '\\d{8}T\\d{6}Z-[a-z2-7]{6}', hash: '[0-9a-f]{64}', short: '[0-9a-f]{12}', secret: '[0-9a-f]{16}',
  utc: '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z', n: '\\d+', s: '\\d+\\.\\d+', commit: '[0-9a-f]{40}', version: '\\d+\\.\\d+\\.\\d+', any: '.*',
};

/** Expected lines as one expression; `...` is any number of lines. */
function compileLines(lines: string[], folder: string): RegExp {
  const source = lines.map((line) => {
    if (line === '...') return '(?:.*\\n)*';
    return line.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replace(/<p>/g, folder.replace(/[.+]/g, '\\$&'))
      .replace(/<([a-z]+)>/g, (all, name: string) => (WILDCARDS[name] === undefined ? all : '(?:' + WILDCARDS[name] + ')')) + '\\n';
  });
  return new RegExp('^' + source.join('') + '$');
}

function endLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : text + '\n';
}

function runStep(step: Step, folder: string): void {
  const done = childProcess.spawnSync('/bin/sh', ['-c', step.command], {
    cwd: folder, env: { ...ENV, P: folder }, encoding: 'latin1', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60000, maxBuffer: 1 << 26,
  });
  const told = (what: string): string => 'line ' + String(step.line) + ': $ ' + step.command + '\n' + what + ':';
  const isAsExpected = (expected: string[], found: string): boolean => compileLines(expected, folder).test(endLine(found));
  const transcript = { out: done.stdout.split('\n'), err: done.stderr.split('\n'), status: done.status };
  if (!isAsExpected(step.out, done.stdout)) assert.deepEqual(transcript, { out: step.out.concat(''), err: step.err.concat(''), status: step.status }, told('standard output'));
  if (!isAsExpected(step.err, done.stderr)) assert.deepEqual(transcript, { out: step.out.concat(''), err: step.err.concat(''), status: step.status }, told('standard error'));
  assert.equal(done.status, step.status, told('exit status'));
}

function missingNeed(needs: string | undefined): string | false {
  if (needs === undefined) return false;
  return childProcess.spawnSync('/bin/sh', ['-c', needs], { cwd: base, env: ENV, stdio: 'ignore' }).status === 0 ? false : 'needs ' + needs;
}

fs.readdirSync(FOLDER).filter((name) => name.endsWith('.txt')).sort().forEach((file) => {
  parseTranscript(file).forEach((one, n) => {
    test(file.replace(/\.txt$/, '') + ': ' + one.name, { skip: missingNeed(one.needs) }, () => {
      const folder = path.join(base, file.replace(/\.txt$/, '') + String(n), 'p');
      fs.mkdirSync(folder, { recursive: true });
      assert.ok(one.steps.length > 0, 'no command');
      for (const step of one.steps) runStep(step, folder);
    });
  });
});
