// child.ts - runs cases in a process of its own, which may crash, hang and grow; tells of them line by line.
//
// usage: node child.js JOBS.json     (a Jobs; prints a line of JSON for each thing to be told)
//        node child.js --one ONE.json   (a OneCase; prints one line: an Outcome)
import fs from 'fs';
import { performance } from 'perf_hooks';
import type { ByteString } from '../../src/core/bytes.ts';
import { makeCase, searchSmaller } from './mutate.ts';
import { LEAST_MS, makeThirdCase, MOST_RATIO, SCALING_FROM, SURE_MS } from './scaling.ts';
import { isRefusal, WrongValue } from './target.ts';
import type { FuzzTarget } from './target.ts';
import { findTarget } from './targets.ts';

/** Cases from `from` to before `to`. None starts when so much CPU time or real time is spent. */
export type FuzzJob = { name: string; from: number; to: number; seconds: number; realSeconds: number };
export type Jobs = { jobs: FuzzJob[]; seed: string; progress: string; hangMs: number };
/** One input; `asCase`: is it a case of the target, and so may be judged? */
export type OneCase = { name: string; input: string; progress: string };

export type Outcome = { kind: 'accepted' | 'refused' } | { kind: 'fault'; key: string; message: string };
export type Told =
  | { tell: 'fault'; job: number; place: number; key: string; message: string; input: string }
  | { tell: 'smaller'; job: number; place: number; key: string; input: string; message: string }
  | { tell: 'grown'; job: number; place: number; bytes: number; most: number; input: string }
  | { tell: 'slow'; job: number; place: number; ms: number; input: string }
  | { tell: 'done'; job: number; cases: number; accepted: number; judged: number; slowestMs: number; cpuS: number; lacks: string }
  | { tell: 'one'; outcome: Outcome; grownBytes: number; cpuMs: number };

/** What the process is at, as the parent reads it from the progress file. */
export const STAGE = { starting: 0, running: 1, judging: 2, shrinking: 3, growing: 4 } as const;

const MOST_KEYS = 5;
// The parent looks at each in a process of its own.
const MOST_SUSPECTS = 2;
const FREE_BYTES = 64 << 20;

function tell(told: Told): void {
  fs.writeSync(1, JSON.stringify(told) + '\n');
}

/** May it grow by so much for this input? */
function mostGrowth(target: FuzzTarget, input: ByteString): number {
  return FREE_BYTES + (target.memoryPerByte ?? 400) * input.length;
}

/** The same for the same fault: the error without what is of this case, and where in rr it arose. */
function keyOf(error: unknown): string {
  if (error instanceof WrongValue) return error.claim;
  if (!(error instanceof Error)) return 'thrown: ' + typeof error;
  const frame = (error.stack ?? '').split('\n').find((line) => /[\\/]src[\\/]\w+[\\/]/.test(line)) ?? '';
  const place = /([\w.]+:\d+):\d+\)?$/.exec(frame);
  return error.name + ' ' + (place === null ? error.message.replace(/\d+|"[^"]*"/g, '') : place[1]);
}

function describe(error: unknown): string {
  if (error instanceof WrongValue) return error.message;
  return error instanceof Error ? String(error.stack).split('\n').slice(0, 6).join('\n') : String(error);
}

function runCheck(target: FuzzTarget, input: ByteString): Outcome {
  try {
    return { kind: target.check(input) === false ? 'refused' : 'accepted' };
  } catch (error) {
    if (!(error instanceof WrongValue) && isRefusal(target, error)) return { kind: 'refused' };
    return { kind: 'fault', key: keyOf(error), message: describe(error) };
  }
}

function askJudge(target: FuzzTarget, inputs: ByteString[]): (string | undefined)[] {
  if (target.judge === undefined) return [];
  try {
    return target.judge.find(inputs);
  } catch (error) {
    return inputs.map((_, i) => (i === 0 ? 'the judge failed: ' + describe(error) : undefined));
  }
}

/** The check, then the judge. */
function runOne(target: FuzzTarget, input: ByteString): Outcome {
  const outcome = runCheck(target, input);
  if (outcome.kind !== 'accepted' || target.judge === undefined || target.judge.lacks() !== false) return outcome;
  const [wrong] = askJudge(target, [input]);
  return wrong === undefined ? outcome : { kind: 'fault', key: 'judge', message: wrong };
}

const MOST_TRIES = 4000;

/** A smaller input with the same fault: at most 8 s, or 60 questions to a judge. */
function shrink(target: FuzzTarget, input: ByteString, fault: { key: string }): { input: ByteString; message: string } {
  const started = performance.now();
  const run = fault.key === 'judge' ? runOne : runCheck;
  const most = fault.key === 'judge' ? 60 : MOST_TRIES;
  const search = searchSmaller(input);
  let best = { input, message: '' };
  let step = search.next();
  for (let tries = 0; step.done !== true && tries < most && performance.now() - started < 8000; tries++) {
    const outcome = run(target, step.value);
    const isStill = outcome.kind === 'fault' && outcome.key === fault.key;
    if (isStill) best = { input: step.value, message: outcome.message };
    step = search.next(isStill);
  }
  return best;
}

const TURN_EACH = 1024;

class Runner {
  private readonly progress: Int32Array = new Int32Array(4);
  private readonly file: number;
  private readonly jobs: Jobs;

  constructor(jobs: Jobs) {
    this.jobs = jobs;
    this.file = fs.openSync(jobs.progress, 'w');
  }

  /** One write a case: the parent must know which case it was, whatever becomes of this process. */
  private mark(job: number, place: number, stage: number): void {
    this.progress[0] = job;
    this.progress[1] = place;
    this.progress[2] = stage;
    fs.writeSync(this.file, this.progress, 0, 16, 0);
  }

  async runJob(number: number): Promise<void> {
    const job = this.jobs.jobs[number];
    this.mark(number, job.from, STAGE.starting);
    const target = findTarget(job.name);
    const corpus = target.corpus();
    const keys = new Set<string>();
    const lacks = target.judge === undefined ? '' : target.judge.lacks() || '';
    const done = { tell: 'done' as const, job: number, cases: 0, accepted: 0, judged: 0, slowestMs: 0, cpuS: 0, lacks };
    let suspects = 0;
    let waiting: { input: ByteString; place: number }[] = [];
    const started = process.cpuUsage();
    const startedMs = performance.now();
    const judge = (): void => {
      if (waiting.length === 0) return;
      this.mark(number, waiting[0].place, STAGE.judging);
      const wrong = askJudge(target, waiting.map(({ input }) => input));
      done.judged += waiting.length;
      wrong.forEach((message, i) => {
        if (message !== undefined) this.fault(target, number, waiting[i], { key: 'judge', message }, keys);
      });
      waiting = [];
    };
    let peak = process.resourceUsage().maxRSS;
    const hasTime = (): boolean => process.cpuUsage(started).user < job.seconds * 1e6 && performance.now() - startedMs < job.realSeconds * 1000;
    for (let place = job.from; place < job.to && keys.size < MOST_KEYS && hasTime(); place++) {
      // What failed to be inflated Node.js lets go of when its loop turns: 9 KB each.
      if (place % TURN_EACH === 0) await new Promise((resolve) => setImmediate(resolve));
      const input = makeCase(target, corpus, this.jobs.seed, place);
      this.mark(number, place, STAGE.running);
      const before = performance.now();
      const outcome = runCheck(target, input);
      const tookMs = performance.now() - before;
      done.cases += 1;
      if (tookMs > done.slowestMs) done.slowestMs = tookMs;
      if (tookMs > this.jobs.hangMs && (suspects += 1) <= MOST_SUSPECTS) tell({ tell: 'slow', job: number, place, ms: tookMs, input: toBase64(input) });
      const grown = process.resourceUsage().maxRSS;
      if ((grown - peak) * 1024 > mostGrowth(target, input) && (suspects += 1) <= MOST_SUSPECTS) tell({ tell: 'grown', job: number, place, bytes: (grown - peak) * 1024, most: mostGrowth(target, input), input: toBase64(input) });
      peak = grown;
      if (outcome.kind === 'fault') this.fault(target, number, { input, place }, outcome, keys);
      if (outcome.kind !== 'accepted') continue;
      done.accepted += 1;
      if (target.judge === undefined || lacks !== '') continue;
      waiting.push({ input, place });
      if (waiting.length >= target.judge.batch) judge();
    }
    judge();
    done.cpuS = process.cpuUsage(started).user / 1e6;
    tell(done);
  }

  /** Pairs of inputs, the second four times as long: does it take much more than four times as long? */
  runScaling(number: number): void {
    const job = this.jobs.jobs[number];
    this.mark(number, job.from, STAGE.starting);
    const target = findTarget(job.name);
    const corpus = target.corpus();
    const keys = new Set<string>();
    const done = { tell: 'done' as const, job: number, cases: 0, accepted: 0, judged: 0, slowestMs: 0, cpuS: 0, lacks: '' };
    const started = process.cpuUsage();
    const startedMs = performance.now();
    const measure = (input: ByteString, place: number, stage: number = STAGE.running): number => {
      this.mark(number, place, stage);
      const before = process.cpuUsage();
      const outcome = runCheck(target, input);
      const used = process.cpuUsage(before);
      done.cases += 1;
      if (outcome.kind === 'accepted') done.accepted += 1;
      if (outcome.kind === 'fault') this.fault(target, number, { input, place }, outcome, keys);
      return (used.user + used.system) / 1000;
    };
    // An odd first case is the large one of a pair whose small one was run before.
    for (let place = job.from + (job.from & 1); place < job.to && keys.size < MOST_KEYS && performance.now() - startedMs < job.realSeconds * 1000; place += 2) {
      const [small, large] = [makeCase(target, corpus, this.jobs.seed, place), makeCase(target, corpus, this.jobs.seed, place + 1)];
      let [smallMs, largeMs] = [measure(small, place), measure(large, place + 1)];
      let most = largeMs;
      // Whatever else the machine and the collector of garbage did: twice more the same.
      for (let again = 0; again < 2 && largeMs > LEAST_MS && largeMs > MOST_RATIO * smallMs; again++) {
        smallMs = Math.max(smallMs, measure(small, place));
        const againMs = measure(large, place + 1);
        largeMs = Math.min(largeMs, againMs);
        most = Math.max(most, againMs);
      }
      if (largeMs > done.slowestMs) done.slowestMs = largeMs;
      if (largeMs <= LEAST_MS || largeMs <= MOST_RATIO * smallMs || keys.has('scaling')) continue;
      const third = largeMs > SURE_MS ? '' : makeThirdCase(target, corpus, this.jobs.seed, place);
      const thirdMs = third === '' ? 0 : measure(third, place + 1, STAGE.growing);
      if (third !== '' && thirdMs <= MOST_RATIO * most) continue;
      keys.add('scaling');
      const message = 'scaling: ' + String(large.length) + ' bytes take ' + largeMs.toFixed(0) + ' ms of CPU time, ' + String(small.length) + ' bytes ' + smallMs.toFixed(0) + ' ms' + (third === '' ? '' : ', ' + String(third.length) + ' bytes ' + thirdMs.toFixed(0) + ' ms');
      tell({ tell: 'fault', job: number, place: place + 1, key: 'scaling', message, input: toBase64(large) });
    }
    done.cpuS = process.cpuUsage(started).user / 1e6;
    tell(done);
  }

  private fault(target: FuzzTarget, job: number, { input, place }: { input: ByteString; place: number }, fault: { key: string; message: string }, keys: Set<string>): void {
    const key = fault.key === 'judge' ? 'judge: ' + fault.message.replace(/[^a-z ]+/gi, ' ').slice(0, 60) : fault.key;
    if (keys.has(key) || keys.size >= MOST_KEYS) return;
    keys.add(key);
    tell({ tell: 'fault', job, place, key: fault.key, message: fault.message, input: toBase64(input) });
    this.mark(job, place, STAGE.shrinking);
    const smaller = shrink(target, input, fault);
    if (smaller.input !== input) tell({ tell: 'smaller', job, place, key: fault.key, input: toBase64(smaller.input), message: smaller.message });
  }
}

export function toBase64(bytes: ByteString): string {
  return Buffer.from(bytes, 'latin1').toString('base64');
}

export function fromBase64(text: string): ByteString {
  return Buffer.from(text, 'base64').toString('latin1');
}

function runOneCase(one: OneCase): void {
  const target = findTarget(one.name);
  const input = fromBase64(one.input);
  const warm = target.corpus()[0];
  if (warm !== undefined && warm !== input) runCheck(target, warm);
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect !== undefined) collect();
  const peak = process.resourceUsage().maxRSS;
  const progress = new Int32Array([0, 0, STAGE.running, 0]);
  fs.writeFileSync(one.progress, progress);
  const started = process.cpuUsage();
  const outcome = runCheck(target, input);
  const used = process.cpuUsage(started);
  const grownBytes = (process.resourceUsage().maxRSS - peak) * 1024;
  progress[2] = STAGE.judging;
  fs.writeFileSync(one.progress, progress);
  tell({ tell: 'one', outcome: outcome.kind === 'accepted' ? runOne(target, input) : outcome, grownBytes, cpuMs: (used.user + used.system) / 1000 });
}

if (require.main === module) {
  const isOne = process.argv[2] === '--one';
  const given = JSON.parse(fs.readFileSync(process.argv[isOne ? 3 : 2], 'utf8')) as unknown;
  if (isOne) runOneCase(given as OneCase);
  else {
    const jobs = given as Jobs;
    const runner = new Runner(jobs);
    void (async () => {
      for (const [i, { from }] of jobs.jobs.entries()) await (from >= SCALING_FROM ? runner.runScaling(i) : runner.runJob(i));
    })();
  }
}
