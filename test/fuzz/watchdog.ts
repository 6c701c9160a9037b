// watchdog.ts - starts the processes that run cases, and ends those that hang or grow without bound.
import childProcess from 'child_process';
import fs from 'fs';
import path from 'path';
import { STAGE } from './child.ts';
import type { FuzzJob, Jobs, OneCase, Told } from './child.ts';

export type WatchLimits = {
  /** CPU time that one case may take. */
  hangMs: number;
  /** Memory that a process may have. */
  mostBytes: number;
};

/** What became of a process: it ended by itself, or at this job, case and stage it did not. */
export type WatchEnd = { kind: 'ended' } | { kind: 'died' | 'hung' | 'grown'; job: number; place: number; stage: number; detail: string };

const LOOK_MS = 100;
/** A judge, a corpus or the search for a smaller case may wait for other programs: real time. */
const WAITING_MS = 180000;

type Progress = { job: number; place: number; stage: number };

function readProgress(file: string): Progress {
  try {
    const bytes = fs.readFileSync(file);
    return bytes.length < 12 ? { job: 0, place: 0, stage: STAGE.starting } : { job: bytes.readInt32LE(0), place: bytes.readInt32LE(4), stage: bytes.readInt32LE(8) };
  } catch (error) {
    return { job: 0, place: 0, stage: STAGE.starting };
  }
}

/** CPU time and memory of a process, of Linux's /proc; elsewhere the time that has passed, and no memory. */
function lookAt(pid: number, startedMs: number): { cpuMs: number; bytes: number } {
  try {
    const stat = fs.readFileSync('/proc/' + pid + '/stat', 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { cpuMs: (Number(fields[11]) + Number(fields[12])) * 10, bytes: Number(fields[21]) * 4096 };
  } catch (error) {
    return { cpuMs: Date.now() - startedMs, bytes: 0 };
  }
}

/** Runs a child to its end, its hang or its death; passes on what it tells. */
export function watchChild(args: string[], progressFile: string, limits: WatchLimits, folder: string, onTold: (told: Told) => void): Promise<WatchEnd> {
  const script = path.join(__dirname, 'child.js');
  const heap = Math.max(64, Math.floor(limits.mostBytes / 2 ** 20));
  const child = childProcess.spawn(process.execPath, ['--expose-gc', '--max-semi-space-size=4', '--max-old-space-size=' + heap, script].concat(args), { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: folder, NODE_OPTIONS: '' } });
  const startedMs = Date.now();
  let ended: WatchEnd = { kind: 'ended' };
  let seen = { key: '', cpuMs: 0, atMs: startedMs };
  const timer = setInterval(() => {
    const at = readProgress(progressFile);
    const now = lookAt(child.pid ?? 0, startedMs);
    const key = [at.job, at.place, at.stage].join(' ');
    if (key !== seen.key) seen = { key, cpuMs: now.cpuMs, atMs: Date.now() };
    const isHung = at.stage === STAGE.running ? now.cpuMs - seen.cpuMs > limits.hangMs : Date.now() - seen.atMs > WAITING_MS;
    const isGrown = now.bytes > limits.mostBytes;
    if (ended.kind !== 'ended' || !(isHung || isGrown)) return;
    ended = { kind: isGrown ? 'grown' : 'hung', ...at, detail: isGrown ? 'more than ' + Math.floor(limits.mostBytes / 2 ** 20) + ' MiB' : 'more than ' + (now.cpuMs - seen.cpuMs) + ' ms of CPU time' };
    child.kill('SIGKILL');
  }, LOOK_MS);
  let errors = '';
  let rest = '';
  child.stderr.on('data', (data: Buffer) => { errors = (errors + data.toString('latin1')).slice(-4000); });
  child.stdout.on('data', (data: Buffer) => {
    const lines = (rest + data.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onTold(JSON.parse(line) as Told);
  });
  return new Promise((resolve) => child.on('close', (status, signal) => {
    clearInterval(timer);
    if (ended.kind !== 'ended' || status === 0) return resolve(ended);
    const words = errors.split('\n').filter((line) => /FATAL|Error|error/.test(line));
    resolve({ kind: 'died', ...readProgress(progressFile), detail: (signal ?? 'exit status ' + status) + ': ' + (words[0] ?? errors.slice(0, 300)) });
  }));
}

let filesMade = 0;

/** Runs jobs in one process. */
export function watchJobs(jobs: FuzzJob[], seed: string, limits: WatchLimits, folder: string, onTold: (told: Told) => void): Promise<WatchEnd> {
  const name = path.join(folder, 'jobs-' + (filesMade += 1));
  const given: Jobs = { jobs, seed, progress: name + '.progress', hangMs: limits.hangMs };
  fs.writeFileSync(name, JSON.stringify(given));
  return watchChild([name], given.progress, limits, folder, onTold);
}

export type OneResult = { end: WatchEnd; told: Extract<Told, { tell: 'one' }> | undefined };

/** Runs one input in a process of its own. */
export async function watchOne(target: string, input: string, limits: WatchLimits, folder: string): Promise<OneResult> {
  const name = path.join(folder, 'one-' + (filesMade += 1));
  const given: OneCase = { name: target, input, progress: name + '.progress' };
  fs.writeFileSync(name, JSON.stringify(given));
  let one: OneResult['told'];
  const end = await watchChild(['--one', name], given.progress, limits, folder, (told) => { if (told.tell === 'one') one = told; });
  return { end, told: one };
}
