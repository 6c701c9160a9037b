// main.ts - "make fuzz": random and mutated inputs to all readers; any fault is made small and told with how to repeat it.
//
// Environment:
//   MINUTES=N   real time of all, shared by the targets that are left (preset 18)
//   CASES=N     cases of a target with a whole share, at most (preset 400000)
//   SECONDS=N   CPU time of a target, at most
//   SHAPES=N    pairs of long inputs of a target, the second four times the first (preset 60)
//   SEED=TEXT   another seed gives other cases (preset 1)
//   ONLY=NAMES  only these targets, by comma; a "*" at the end stands for anything
//   CASE=N      only this case of the seed
//   INPUT=FILE  only this input, of one target
//   TOGETHER=1  several targets a process: for a few cases each, with SHAPES=0
//   HANG_MS=N, MOST_MIB=N   limits of a case and of a process (preset 2000, 1024)
//   TRIES=N     processes in which a hang is made small, at most (preset 40)
// Exit status 1: a fault was found.
import fs from 'fs';
import os from 'os';
import path from 'path';
import childProcess from 'child_process';
import type { ByteString } from '../../src/core/bytes.ts';
import { fromBase64, STAGE, toBase64 } from './child.ts';
import type { FuzzJob, Told } from './child.ts';
import { makeCase, searchSmaller } from './mutate.ts';
import { countPairs, SCALING_FROM } from './scaling.ts';
import { findTarget, listTargets } from './targets.ts';
import { watchJobs, watchOne } from './watchdog.ts';
import type { OneResult, WatchEnd, WatchLimits } from './watchdog.ts';

type Tally = { cases: number; accepted: number; judged: number; cpuS: number; slowestMs: number; faults: number; lacks: string };
type Fault = { name: string; place: number; what: string; input: ByteString; first: ByteString };

const env = process.env;
const SEED = env.SEED || '1';
const LIMITS: WatchLimits = { hangMs: Number(env.HANG_MS || 2000), mostBytes: Number(env.MOST_MIB || 1024) * 2 ** 20 };
const KEPT = path.resolve(__dirname, '..', '..', '..', 'fuzz');
// Each is made small in many processes, which takes long.
const MOST_DEATHS = 2;
const SHRINK_MS = 60000;
const MOST_TRIES = Number(env.TRIES || 40);
const MINUTES = Number(env.MINUTES || 18);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rr-fuzz-'));

function say(text: string): void {
  fs.writeSync(1, text + '\n');
}

function spell(bytes: ByteString): string {
  return JSON.stringify(bytes).replace(/[\x7f-\xff]/g, (c) => '\\x' + c.charCodeAt(0).toString(16));
}

/** A message may quote its input. */
function clipText(text: string): string {
  return text.length > 1000 ? text.slice(0, 700) + ' ... ' + text.slice(-200) : text;
}

/** The fault, its smallest input, and how to see it again. */
function sayFault(fault: Fault): void {
  fs.mkdirSync(KEPT, { recursive: true });
  const file = path.join(KEPT, fault.name + '-' + SEED.replace(/\W/g, '_') + '-' + fault.place);
  fs.writeFileSync(file, Buffer.from(fault.input, 'latin1'));
  const shown = fault.input.length > 2000 ? spell(fault.input.slice(0, 400)) + '...' : spell(fault.input);
  say(['', 'FAULT ' + fault.name + ' case ' + fault.place + ' of seed ' + SEED + ': ' + clipText(fault.what),
    '  input, ' + fault.input.length + ' bytes of ' + fault.first.length + ': ' + shown,
    ...(fault.input.length > 2000 ? [] : ['  base64: ' + toBase64(fault.input)]),
    '  again: make fuzz ONLY=' + fault.name + ' INPUT=' + file,
    '  first: make fuzz ONLY=' + fault.name + ' SEED=' + SEED + ' CASE=' + fault.place].join('\n'));
}

/** What a process of its own says of an input: '' if it is not at fault. */
function faultOf({ end, told }: OneResult): string {
  if (end.kind !== 'ended') return end.kind + (end.stage === STAGE.judging ? ' (judge)' : '');
  if (told === undefined) return 'died';
  if (told.outcome.kind === 'fault') return told.outcome.key;
  return told.cpuMs > LIMITS.hangMs ? 'hung' : '';
}

/** The smallest input that still hangs, dies or grows. */
async function shrinkOutside(name: string, input: ByteString, isStill: (result: OneResult) => boolean): Promise<ByteString> {
  const search = searchSmaller(input);
  const startedMs = Date.now();
  let best = input;
  let step = search.next();
  for (let tries = 0; step.done !== true && tries < MOST_TRIES && Date.now() - startedMs < SHRINK_MS; tries++) {
    const is = isStill(await watchOne(name, toBase64(step.value), LIMITS, folder));
    if (is) best = step.value;
    step = search.next(is);
  }
  return best;
}

class Fuzzing {
  readonly tallies = new Map<string, Tally>();

  tallyOf(name: string): Tally {
    const tally = this.tallies.get(name) ?? { cases: 0, accepted: 0, judged: 0, cpuS: 0, slowestMs: 0, faults: 0, lacks: '' };
    this.tallies.set(name, tally);
    return tally;
  }

  private report(fault: Fault): void {
    this.tallyOf(fault.name).faults += 1;
    sayFault(fault);
  }

  /** Runs jobs in one process after another: the next goes on behind the case at which the last one ended. */
  async runJobs(jobs: FuzzJob[]): Promise<void> {
    let left = jobs;
    for (let deaths = 0; left.length > 0;) {
      const told: Told[] = [];
      const end = await watchJobs(left, SEED, LIMITS, folder, (one) => told.push(one));
      for (const one of told) if (one.tell === 'done') this.count(left[one.job].name, one);
      await this.judgeTold(left, told);
      if (end.kind === 'ended') return;
      await this.judgeEnd(left[end.job].name, end);
      deaths += 1;
      const tally = this.tallyOf(left[end.job].name);
      tally.cases += end.place - left[end.job].from;
      const isSpent = deaths >= MOST_DEATHS || end.stage !== STAGE.running;
      const next = isSpent ? [] : [{ ...left[end.job], from: end.place + 1 }];
      if (isSpent) deaths = 0;
      left = next.concat(left.slice(end.job + 1));
    }
  }

  private count(name: string, done: Extract<Told, { tell: 'done' }>): void {
    const tally = this.tallyOf(name);
    tally.cases += done.cases;
    tally.accepted += done.accepted;
    tally.judged += done.judged;
    tally.cpuS += done.cpuS;
    tally.slowestMs = Math.max(tally.slowestMs, done.slowestMs);
    tally.lacks = done.lacks;
  }

  private async judgeTold(jobs: FuzzJob[], told: Told[]): Promise<void> {
    for (const one of told) {
      if (one.tell === 'fault') {
        const smaller = told.find((other) => other.tell === 'smaller' && other.job === one.job && other.place === one.place && other.key === one.key);
        const [input, what] = smaller !== undefined && smaller.tell === 'smaller' ? [smaller.input, smaller.message] : [one.input, one.message];
        this.report({ name: jobs[one.job].name, place: one.place, what, input: fromBase64(input), first: fromBase64(one.input) });
      } else if (one.tell === 'slow') await this.judgeSlow(jobs[one.job].name, one.place, one.input);
      else if (one.tell === 'grown') await this.judgeGrown(jobs[one.job].name, one);
    }
  }

  /** It took long: by itself, or was the machine busy? */
  private async judgeSlow(name: string, place: number, base64: string): Promise<void> {
    const isSlow = (result: OneResult): boolean => /^hung/.test(faultOf(result));
    if (!isSlow(await watchOne(name, base64, LIMITS, folder))) return;
    const first = fromBase64(base64);
    this.report({ name, place, what: 'hang: more than ' + LIMITS.hangMs + ' ms of CPU time', input: await shrinkOutside(name, first, isSlow), first });
  }

  /** The process grew: by this case, or by what was left of others? */
  private async judgeGrown(name: string, told: Extract<Told, { tell: 'grown' }>): Promise<void> {
    const isGrown = ({ told: one, end }: OneResult): boolean => end.kind === 'grown' || (one !== undefined && one.grownBytes > told.most);
    if (!isGrown(await watchOne(name, told.input, LIMITS, folder))) return;
    const first = fromBase64(told.input);
    this.report({ name, place: told.place, what: 'memory: grew by ' + Math.round(told.bytes / 2 ** 20) + ' MiB', input: await shrinkOutside(name, first, isGrown), first });
  }

  private async judgeEnd(name: string, end: Exclude<WatchEnd, { kind: 'ended' }>): Promise<void> {
    const target = findTarget(name);
    const what = ({ hung: 'hang', died: 'death', grown: 'memory' })[end.kind] + ': ' + end.detail;
    if (end.stage !== STAGE.running) {
      this.report({ name, place: end.place, what: what + (end.stage === STAGE.judging ? ' (while its judge was asked)' : end.stage === STAGE.starting ? ' (before the first case)' : end.stage === STAGE.growing ? ' (with a third input, four times as long again)' : ' (in the search for a smaller case)'), input: '', first: '' });
      return;
    }
    const first = makeCase(target, target.corpus(), SEED, end.place);
    const isStill = (result: OneResult): boolean => result.end.kind === end.kind;
    const isAlone = isStill(await watchOne(name, toBase64(first), LIMITS, folder));
    // The time of a processor grows with what runs beside it; as with what was slow, it is a hang if it is one alone.
    if (end.kind === 'hung' && !isAlone) return say(name + ' case ' + end.place + ': ' + end.detail + ', not when it is run alone: passed over');
    const input = isAlone ? await shrinkOutside(name, first, isStill) : first;
    this.report({ name, place: end.place, what: what + (isAlone ? '' : ' (not when it is run alone)'), input, first });
  }
}

function pickNames(): string[] {
  const all = listTargets().map(({ name }) => name);
  if (!env.ONLY) return all;
  return env.ONLY.split(',').flatMap((word) => {
    if (word.slice(-1) === '*') return all.filter((name) => name.startsWith(word.slice(0, -1)));
    return [findTarget(word).name];
  });
}

function printTable(tallies: Map<string, Tally>): void {
  say(['', 'target'.padEnd(22), 'cases'.padStart(10), 'accepted'.padStart(10), 'judged'.padStart(9), 'CPU s'.padStart(8), 'slowest ms'.padStart(12), 'faults'.padStart(8)].join(' ').trim());
  for (const [name, tally] of [...tallies].sort((a, b) => (a[0] < b[0] ? -1 : 1))) {
    say([name.padEnd(22), String(tally.cases).padStart(10), String(tally.accepted).padStart(10), String(tally.judged).padStart(9), tally.cpuS.toFixed(1).padStart(8), tally.slowestMs.toFixed(0).padStart(12), String(tally.faults).padStart(8)].join(' ') + (tally.lacks === '' ? '' : '  not judged: ' + tally.lacks));
  }
  const sum = (of: (tally: Tally) => number): number => [...tallies.values()].reduce((total, tally) => total + of(tally), 0);
  say('all: ' + sum((tally) => tally.cases) + ' cases, ' + sum((tally) => tally.judged) + ' judged by a second reader, ' + sum((tally) => tally.cpuS).toFixed(0) + ' s of CPU time, ' + sum((tally) => tally.faults) + ' faults; seed ' + SEED);
}

const SIDE_BY_SIDE = 2;

/** Two processes at a time; of the time that is left each takes its part. A line for each target that is done. */
async function runAll(work: FuzzJob[][], targets: number): Promise<Fuzzing> {
  const fuzzing = new Fuzzing();
  const waiting = work.slice();
  const endsMs = Date.now() + MINUTES * 60000;
  const ended = new Set<string>();
  const takeNext = async (): Promise<void> => {
    for (let jobs = waiting.shift(); jobs !== undefined; jobs = waiting.shift()) {
      const startedMs = Date.now();
      const partS = Math.max(0.5, (endsMs - startedMs) / 1000 / Math.ceil((waiting.length + 1) / SIDE_BY_SIDE));
      await fuzzing.runJobs(jobs.map((job) => ({ ...job, realSeconds: job.from >= SCALING_FROM ? partS / 4 : partS * 3 / 4 })));
      for (const { name } of jobs) {
        if (ended.has(name)) continue;
        ended.add(name);
        sayEnded(name, fuzzing.tallyOf(name), (Date.now() - startedMs) / 1000, String(ended.size) + '/' + String(targets));
      }
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, takeNext));
  return fuzzing;
}

/** One line for a target: how many, how long, what came out. */
function sayEnded(name: string, tally: Tally, seconds: number, place: string): void {
  const verdict = tally.faults > 0 ? String(tally.faults) + ' faults' : tally.lacks === '' ? 'clean' : 'clean, not judged: ' + tally.lacks;
  say([place.padStart(7), name.padEnd(20), String(tally.cases).padStart(8), 'cases', seconds.toFixed(1).padStart(6), 's ', verdict].join(' '));
}

async function runInput(names: string[], file: string): Promise<number> {
  if (names.length !== 1) throw new Error('INPUT= needs ONLY=NAME');
  const result = await watchOne(names[0], fs.readFileSync(file).toString('base64'), LIMITS, folder);
  say(JSON.stringify({ end: result.end, ...result.told }, undefined, 1));
  return faultOf(result) === '' ? 0 : 1;
}

/** The cases of a target, and then its long inputs. */
function makeJobs(name: string): FuzzJob[] {
  const target = findTarget(name);
  const bounds = { name, seconds: Number(env.SECONDS || 1e6), realSeconds: 1e6 };
  if (env.CASE) {
    const place = Number(env.CASE);
    return [place < SCALING_FROM ? { ...bounds, from: place, to: place + 1 } : { ...bounds, from: place - place % 2, to: place - place % 2 + 2 }];
  }
  const pairs = countPairs(target, env.TOGETHER ? 0 : Number(env.SHAPES || 60));
  const cases = { ...bounds, from: 0, to: Math.max(1, Math.ceil(Number(env.CASES || 400000) * (target.share ?? 1))) };
  return pairs === 0 ? [cases] : [cases, { ...bounds, from: SCALING_FROM, to: SCALING_FROM + 2 * pairs }];
}

async function main(): Promise<number> {
  const names = pickNames();
  if (env.INPUT) return runInput(names, env.INPUT);
  const jobs = names.map(makeJobs);
  const work = env.TOGETHER ? [jobs.filter((_, i) => i % 2 === 0).flat(), jobs.filter((_, i) => i % 2 === 1).flat()].filter((list) => list.length > 0) : jobs;
  const fuzzing = await runAll(work, names.length);
  printTable(fuzzing.tallies);
  return [...fuzzing.tallies.values()].some((tally) => tally.faults > 0) ? 1 : 0;
}

main().then((status) => { process.exitCode = status; }, (error) => {
  say(String((error as Error).stack));
  process.exitCode = 2;
}).finally(() => childProcess.spawnSync('rm', ['-rf', '--', folder]));
