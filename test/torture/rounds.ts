// rounds.ts - one round of torture: a command, a fault, and what holds afterwards.
import childProcess from 'child_process';
import fs from 'fs';
import path from 'path';
import { CLEAN_ENV, RR_JS, sleep } from '../rig.ts';
import { ageLeftovers, check, enterWorld, fillDisk, freeDisk, leaveWorld, remount, runScript, sumOf } from './world.ts';
import type { Place, Tortured } from './world.ts';

/**
 * `how` as fault.c has it, `at` the number of the change; or signal:N after `at` ms; disk: that has room for `at` KiB;
 * readonly; files: no more than `at` open; clock: put by `at` s; leap: put by `at` s while it runs; none. `where`: of
 * changes only those count of which "CALL PATH" fits this extended regular expression.
 */
export type Fault = { how: string; at: number; where?: string };

export type Ended = { status: number | null; signal: string | null; stdout: string; stderr: string; isHung: boolean; /** The fault was met. */ isHit: boolean };

export type Reference = { changes: number; status: number | null; sums: Map<string, string> };

const HANG_MS = 60000;

export function nameRound(one: Tortured, fault: Fault): string {
  return one.name + '/' + fault.how + '/' + String(fault.at);
}

export type Started = { child: childProcess.ChildProcess; ended: Promise<Ended> };

/** Starts rr in a process group of its own, under the library of fault.c. */
export function startTortured(library: string, place: Place, args: string[], fault: Fault): Started {
  const [count, log] = ['count', 'log'].map((name) => path.join(place.base, name));
  fs.writeFileSync(count, Buffer.alloc(16));
  fs.writeFileSync(log, '');
  const env: NodeJS.ProcessEnv = { ...CLEAN_ENV, LD_PRELOAD: library, TORTURE_ROOT: place.project, TORTURE_COUNT: count, TORTURE_LOG: log };
  if (isOfLibrary(fault.how)) Object.assign(env, { TORTURE_AT: String(fault.at), TORTURE_DO: fault.how }, fault.where === undefined ? {} : { TORTURE_WHERE: fault.where });
  if (fault.how === 'clock' || fault.how === 'leap') fakeClock(place, env, fault);
  const argv = (fault.how === 'files' ? ['prlimit', '--nofile=' + String(fault.at)] : []).concat(process.execPath, RR_JS, args);
  const child = childProcess.spawn(argv[0], argv.slice(1), { cwd: place.project, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  return { child, ended: waitForEnd(child, log, fault) };
}

function isOfLibrary(how: string): boolean {
  return /^(kill|group|tear|stop|error|eintr|short)/.test(how);
}

const FAKETIME = ['/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1', '/usr/lib/faketime/libfaketime.so.1'].find((name) => fs.existsSync(name));
export const NEEDS_FAKETIME = FAKETIME === undefined ? 'libfaketime is missing' : false;
const LEAP_MS = 250;

/** The clock of the day is another; that of durations, and times of files, are as they are. */
function fakeClock(place: Place, env: NodeJS.ProcessEnv, fault: Fault): void {
  const file = path.join(place.base, 'clock');
  const say = (seconds: number): void => fs.writeFileSync(file, (seconds < 0 ? '' : '+') + String(seconds) + '\n');
  Object.assign(env, { LD_PRELOAD: String(FAKETIME) + ':' + String(env.LD_PRELOAD), FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1' });
  say(fault.how === 'clock' ? fault.at : 0);
  if (fault.how === 'leap') setTimeout(() => { if (fs.existsSync(file)) say(fault.at); }, LEAP_MS);
}

export function killGroup(child: childProcess.ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid as number), signal);
  } catch (error) {
    return; // it has ended
  }
}

function waitForEnd(child: childProcess.ChildProcess, log: string, fault: Fault): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  let isHung = false;
  child.stdout?.on('data', (data: Buffer) => { stdout += data.toString('latin1'); });
  child.stderr?.on('data', (data: Buffer) => { stderr += data.toString('latin1'); });
  const timer = setTimeout(() => { isHung = true; killGroup(child, 'SIGKILL'); }, HANG_MS);
  const signalTimer = fault.how.startsWith('signal:') ? setTimeout(() => child.kill(Number(fault.how.slice(7))), fault.at) : undefined;
  return new Promise((resolve) => {
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      if (signalTimer !== undefined) clearTimeout(signalTimer);
      const isHit = !isOfLibrary(fault.how) || / !$/m.test(fs.readFileSync(log, 'latin1'));
      resolve({ status, signal, stdout, stderr, isHung, isHit });
    });
  });
}

/** An undisturbed run: how many changes there are, and what comes of it. Throws if it fails. */
export async function refer(library: string, work: string, one: Tortured): Promise<Reference> {
  const place = await enterWorld(work, path.join(work, 'reference-' + one.name), one);
  const before = await check('remember', place);
  const done = await startTortured(library, place, one.args, { how: 'none', at: 0 }).ended;
  const faults = before.concat(judgeSuccess(one, done, done.status), await check('settled', place));
  if (faults.length > 0) throw new Error(one.name + ' fails without a fault: ' + faults.join('; '));
  const sums = new Map<string, string>();
  for (const target of one.targets) sums.set(target, await sumOf(place.project, target));
  const changes = fs.readFileSync(path.join(place.base, 'log'), 'latin1').split('\n').length - 1;
  fs.renameSync(path.join(place.base, 'log'), path.join(work, 'changes-' + one.name));
  fs.rmSync(place.base, { recursive: true, force: true });
  return { changes, status: done.status, sums };
}

// ---- what a command may do under a fault ------------------------------------------------------------------

function judgeSuccess(one: Tortured, done: Ended, status: number | null): string[] {
  const wrong: string[] = [];
  const { promised } = one;
  if (done.status !== (promised?.status ?? status) || done.status === null) wrong.push('status ' + String(done.status ?? done.signal) + ': ' + done.stderr.slice(0, 400));
  if (promised !== undefined && done.stdout !== promised.stdout) wrong.push('the command\'s output is ' + JSON.stringify(done.stdout.slice(0, 200)));
  if (promised !== undefined && done.stderr.indexOf(promised.stderr) < 0) wrong.push('what the command said on standard error is gone: ' + JSON.stringify(done.stderr.slice(0, 200)));
  return wrong.concat(judgeWords(done));
}

/** No fault of the machine is an error of the program. */
export function judgeWords(done: Ended): string[] {
  return /internal error|^ +at |Node\.js v\d|node:internal|UnhandledPromise/m.test(done.stderr) ? ['it breaks: ' + done.stderr.slice(0, 1200)] : [];
}

/** A change failed: the user's command is not harmed, and what rr could not do it says. */
async function judgeFailing(one: Tortured, fault: Fault, done: Ended, reference: Reference, place: Place): Promise<string[]> {
  const wrong = judgeWords(done);
  const own = one.promised?.status ?? reference.status;
  const isSaid = /^rr: .*(cannot|not )/m.test(done.stderr);
  if (done.status === null) wrong.push('killed by ' + String(done.signal));
  else if (one.isLooking) {
    if (done.status !== own) wrong.push('a look failed, status ' + String(done.status) + ': ' + done.stderr.slice(0, 400));
  } else if (one.promised !== undefined && one.world === 'full') {
    if (done.stdout !== one.promised.stdout || done.stderr.indexOf(one.promised.stderr) < 0) wrong.push('the command\'s streams: ' + JSON.stringify([done.stdout.slice(0, 200), done.stderr.slice(0, 400)]));
    // On such a disk the user's command itself may fail, and says so in words of its own.
    const isOwnFailure = isOfDisk(fault.how) && /^(?:sh: \d+|cat|echo): .*(?:Read-only file system|No space left on device|I\/O error)/m.test(done.stderr);
    if (done.status !== own && !isOwnFailure && !(own === 0 && done.status === 122)) wrong.push('status ' + String(done.status) + ': ' + done.stderr.slice(0, 400));
    if (done.status === 122 && !/^rr: the run was not recorded in full$/m.test(done.stderr)) wrong.push('status 122 without a word: ' + done.stderr.slice(0, 400));
  } else if (done.status !== own && !isSaid) wrong.push('status ' + String(done.status) + ' without a word: ' + JSON.stringify(done.stderr.slice(0, 400)));
  if (done.status === own && own === 0) for (const target of one.targets) if (await sumOf(place.project, target) !== reference.sums.get(target)) wrong.push(target + ' is not what it is to be, and nothing was said');
  return wrong;
}

export function isFatal(how: string): boolean {
  return /^(kill|group|tear|signal|files)/.test(how);
}

// ---- a round -------------------------------------------------------------------------------------------------

async function rememberTargets(place: Place, one: Tortured, reference: Reference): Promise<void> {
  if (one.targets.length === 0) return;
  const lines: string[] = [];
  for (const target of one.targets) lines.push(await sumOf(place.project, target) + ' ' + target + '\n', String(reference.sums.get(target)) + ' ' + target + '\n');
  fs.writeFileSync(path.join(place.memory, 'targets'), lines.join(''));
}

/** After whatever happened: the same command goes through, the next record too, and all is as if nothing had been. */
export async function recover(library: string, place: Place, one: Tortured, reference: Reference): Promise<string[]> {
  const wrong: string[] = [];
  await ageLeftovers(place.project);
  for (const args of [one.again ?? one.args, ['record', '-q', '--trace', 'none', '-l', 'next', '--', 'sh', '-c', ':']]) {
    const done = await startTortured(library, place, args, { how: 'none', at: 0 }).ended;
    const isSame = args !== one.args || one.isLooking || done.status === (one.promised?.status ?? reference.status);
    if (done.isHung || done.status === null || (args[1] === '-q' && args[0] === 'record' && done.status !== 0) || !isSame) wrong.push('afterwards rr ' + args.join(' ') + ': status ' + String(done.status) + (done.isHung ? ', it hangs' : '') + ': ' + done.stderr.slice(0, 400));
    wrong.push(...judgeWords(done));
  }
  const kept = await runScript(place.project, 'cp provenance/Makefile ../../m; cp provenance/SHA256SUMS ../../s; rr makefile -q; cmp provenance/Makefile ../../m; cmp provenance/SHA256SUMS ../../s');
  if (kept.text !== '') wrong.push('derived: not what a rebuild gives: ' + kept.text);
  fs.writeFileSync(path.join(place.memory, 'joined'), '');
  return wrong.concat(await check('settled', place));
}

async function waitUntilStopped(child: childProcess.ChildProcess): Promise<boolean> {
  for (let waitedMs = 0; child.exitCode === null && child.signalCode === null && waitedMs < HANG_MS; waitedMs += 10) {
    const states = childProcess.spawnSync('ps', ['-o', 'stat=', '-g', String(child.pid)], { encoding: 'latin1' }).stdout;
    if (/^T/m.test(states)) return true;
    await sleep(10);
  }
  return false;
}

const PARTNERS = [['record', '-q', '--trace', 'none', '-o', 'partner.txt', '--', 'sh', '-c', 'echo partner > partner.txt'], ['note', '-q', '-l', 'noted', '@', 'by a partner'], ['makefile', '-q'], ['status', '-q']];

/** While it is stopped in the middle of a change others work as ever. */
async function workMeanwhile(library: string, place: Place, one: Tortured, child: childProcess.ChildProcess): Promise<string[]> {
  const wrong: string[] = [];
  if (!await waitUntilStopped(child)) return wrong;
  for (const args of PARTNERS.concat(one.partners)) {
    const done = await startTortured(library, { ...place, base: path.join(place.base, 'partner') }, args, { how: 'none', at: 0 }).ended;
    if (done.isHung || (done.status !== 0 && args[0] !== 'status')) wrong.push('beside one that is stopped: rr ' + args.join(' ') + ': status ' + String(done.status) + ': ' + done.stderr.slice(0, 400));
  }
  killGroup(child, 'SIGCONT');
  return wrong;
}

export type Outcome = { isHit: boolean; wrong: string[] };

export async function runRound(library: string, work: string, one: Tortured, fault: Fault, reference: Reference, isKept: boolean): Promise<Outcome> {
  const base = path.join(work, 'round-' + nameRound(one, fault).replace(/\W/g, '-'));
  const isMounted = isOfDisk(fault.how);
  const place = await enterWorld(work, base, one, isMounted);
  fs.mkdirSync(path.join(base, 'partner'));
  if (fault.how === 'disk') await fillDisk(place, fault.at);
  const wrong = await check('remember', place);
  await rememberTargets(place, one, reference);
  if (fault.how === 'readonly') await remount(place, 'ro');
  const { child, ended } = startTortured(library, place, one.args, fault);
  if (fault.how === 'stop') wrong.push(...await workMeanwhile(library, place, one, child));
  const done = await ended;
  if (fault.how === 'disk') await freeDisk(place);
  if (fault.how === 'readonly') await remount(place, 'rw');
  if (done.isHung) wrong.push('it hangs');
  else if (fault.how === 'stop' && one.targets.length > 0) wrong.push(...await judgeFailing(one, fault, done, reference, place));
  else if (['stop', 'short', 'shorts', 'eintr', 'clock', 'leap'].indexOf(fault.how) >= 0) wrong.push(...judgeSuccess(one, done, reference.status));
  else if (!isFatal(fault.how)) wrong.push(...await judgeFailing(one, fault, done, reference, place));
  else if (fault.how !== 'files') wrong.push(...judgeWords(done));
  wrong.push(...await check('hurt', place));
  fs.rmSync(path.join(place.memory, 'targets'), { force: true });
  wrong.push(...await recover(library, place, one, reference));
  if (wrong.length === 0 || !isKept) await leaveWorld(place, isMounted);
  return { isHit: done.isHit, wrong };
}

export function isOfDisk(how: string): boolean {
  return how === 'disk' || how === 'readonly';
}
