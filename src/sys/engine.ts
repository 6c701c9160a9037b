// engine.ts - has steps carried out, in their order, several at once. Chooses none, and knows not why.
//
// Invariants
// 1. What a step has come to is on record before anything that comes after it is decided.
// 2. Main starts, waits and tells; with several slots each step runs in a worker (workers.ts). So whatever a step's
//    recording needs of a process it has for itself.
// 3. After a signal nothing new is started. What runs gets it, is recorded, and its results are put back; then
//    this ends. A second signal kills what runs.
// 4. As many slots are used as there are tokens for (jobserver.ts), and always at least one.
//
//   take -> decide -> (skip, or cannot)
//             '-> wait for load and tokens -> run, here or in a worker -> settle -> tell
import type { ByteString } from '../core/bytes.ts';
import { Schedule } from '../core/schedule.ts';
import type { ScheduledTask, TaskOutcome } from '../core/schedule.ts';
import { printProgress, printStepFailure, printStepStart } from '../views/progress.ts';
import { endLostCommand, isGoodRun, recoverAside } from './aside.ts';
import { beginBatch } from './batch.ts';
import type { Batch } from './batch.ts';
import { readMonotonicMs } from './clock.ts';
import { executeStep, nameOfStep, stepNotStarted } from './execute.ts';
import type { StepEnd, StepJob } from './execute.ts';
import { toBytes } from './files.ts';
import { openJobTokens } from './jobserver.ts';
import type { JobTokens } from './jobserver.ts';
import { LiveLine } from './liveline.ts';
import { enterMaking } from './making.ts';
import { os } from './node.ts';
import { CommandStopper } from './process.ts';
import type { Project } from './project.ts';
import { UNCLAIMED_ID } from './recording.ts';
import { readRun } from './records.ts';
import { hasPrinted, printStepOutput, readOutputTail } from './steplog.ts';
import { removeLostFifos } from './shells.ts';
import { ShortSteps } from './shortsteps.ts';
import { isHangupIgnored } from './signals.ts';
import { settleLostRuns } from './store.ts';
import { isSharingForeground, isTerminal, printOut, tell } from './terminal.ts';
import { ENDING_SIGNALS, offerSlots, startStepWorker } from './workers.ts';
import type { EndingSignal, OfferedSlots, Worker } from './workers.ts';

export type EngineRequest = {
  project: Project;
  tasks: ScheduledTask[];
  /**
   * Asked when all that is before the task is settled: what to run, that there is no need, or that it cannot be
   * carried out, which the caller has said then.
   */
  decide: (key: string) => Promise<StepJob | 'skip' | 'failed'>;
  /** Told of each step that was carried out. */
  onEnd: (end: StepEnd) => void;
  slots: number;
  maxLoad: number | undefined;
  memoryBytes: number | undefined;
  keepGoing: boolean;
  retries: number;
  timeoutS: number | undefined;
  quiet: boolean;
  /** Of steps that are all alike nothing is said when they begin, and what they print is only kept; of one that fails the end of it is shown. */
  isTerse?: boolean;
};

/**
 * `blockedBy`: of tasks that were not carried out because one before them failed, the key of that one. `signal`: the
 * one that ended it. `isRecorded`: are all that came to a good end recorded in full?
 */
export type EngineResult = { outcomes: Map<string, TaskOutcome>; blockedBy: Map<string, string>; signal: string | undefined; isRecorded: boolean };

const TOKEN_POLL_MS = 20;
const LOAD_POLL_MS = 500;
// The system tells of the load every 5 s: what was started since is not in it.
const LOAD_LAG_MS = 5000;

const MOST_KEPT_TOLD = 4;

/** A step that runs. */
type Running = { job: StepJob; startMs: number; stop: (signal: NodeJS.Signals | undefined, isNote: boolean) => void };

class Engine {
  signal: EndingSignal | undefined;
  isRecorded = true;
  readonly schedule: Schedule;
  private readonly request: EngineRequest;
  private readonly tokens: JobTokens;
  private readonly batch: Batch;
  private readonly slots: number;
  private isInProcess: boolean;
  /** Only failures are told one by one. */
  private readonly isQuiet: boolean;
  private readonly live: LiveLine;
  private readonly running = new Map<string, Running>();
  private readonly again = new Map<string, StepJob>();
  private readonly idle: Worker[] = [];
  private short: ShortSteps | undefined;
  /** Ends of steps whose output was not passed on as it came. */
  private readonly unprinted = new WeakSet<StepEnd>();
  /** Decided, and waiting for tokens. */
  private waiting: { task: ScheduledTask; job: StepJob } | undefined;
  private startedMs: number[] = [];
  private counts = { done: 0, failed: 0, skipped: 0 };
  private wake: () => void = () => undefined;
  private pollMs: number | undefined;
  private mistake: Error | undefined;

  constructor(request: EngineRequest, slots: number, tokens: JobTokens, batch: Batch) {
    this.request = request;
    this.tokens = tokens;
    this.batch = batch;
    this.slots = slots;
    this.isQuiet = request.quiet || request.isTerse === true;
    this.isInProcess = slots === 1 || request.tasks.length === 1;
    this.schedule = new Schedule(request.tasks, { slots, memoryBytes: request.memoryBytes, keepGoing: request.keepGoing, retries: request.retries });
    this.live = new LiveLine(!request.quiet, (columns) => this.printLive(columns));
  }

  // ---- the loop -------------------------------------------------------------------------------------------

  async work(): Promise<void> {
    const release = this.hearSignals();
    try {
      for (;;) {
        this.pollMs = undefined;
        await this.startSome();
        if (this.mistake !== undefined) throw this.mistake;
        if (this.running.size === 0 && this.waiting === undefined && this.schedule.isOver()) return;
        await this.awaitNews();
      }
    } finally {
      release();
      this.live.close();
      await Promise.all(this.idle.map((worker) => worker.close()));
      await this.short?.close();
    }
  }

  /** Resolves when a step has ended, a signal came, or it is time to look again whether something may be started. */
  private awaitNews(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.pollMs === undefined ? undefined : setTimeout(resolve, this.pollMs);
      this.wake = () => {
        if (timer !== undefined) clearTimeout(timer);
        resolve();
      };
    });
  }

  private async startSome(): Promise<void> {
    while (this.signal === undefined && this.mistake === undefined) {
      if (this.running.size > 0 && this.isLoadTooHigh()) return this.pollAfter(LOAD_POLL_MS);
      if (this.isInProcess && this.running.size > 0) return;
      this.waiting = this.waiting ?? await this.takeNext();
      const { waiting } = this;
      if (waiting === undefined) return;
      if (this.signal !== undefined) break;
      if (!this.tokens.holdFor(this.schedule.countUsedSlots()) && this.running.size > 0) return this.pollAfter(TOKEN_POLL_MS);
      this.waiting = undefined;
      await this.start(waiting.task, waiting.job);
    }
    if (this.waiting !== undefined) this.schedule.release(this.waiting.task.key);
    this.waiting = undefined;
  }

  private pollAfter(ms: number): void {
    this.pollMs = ms;
  }

  /** Load as the system has it, with what was started so lately that it is not in it. */
  private isLoadTooHigh(): boolean {
    const { maxLoad } = this.request;
    if (maxLoad === undefined) return false;
    const nowMs = readMonotonicMs();
    this.startedMs = this.startedMs.filter((ms) => nowMs - ms < LOAD_LAG_MS);
    return os().loadavg()[0] + this.startedMs.length >= maxLoad;
  }

  /** The next step that must be carried out; those that need not be are settled. */
  private async takeNext(): Promise<{ task: ScheduledTask; job: StepJob } | undefined> {
    while (this.signal === undefined) {
      const task = this.schedule.take();
      if (task === undefined) return undefined;
      const decided = this.again.get(task.key) ?? await this.request.decide(task.key);
      if (typeof decided === 'object') {
        const { template } = decided;
        return { task, job: { ...decided, template: { ...template, timeoutS: this.request.timeoutS ?? template.timeoutS } } };
      }
      this.schedule.settle(task.key, decided === 'skip' ? 'skipped' : 'failed');
      if (decided === 'skip') this.counts.skipped += 1;
      else this.counts.failed += 1;
    }
    return undefined;
  }

  // ---- one step -------------------------------------------------------------------------------------------

  private async start(task: ScheduledTask, job: StepJob): Promise<void> {
    const short = await this.findShort(task, job);
    const worker = this.isInProcess || short !== undefined ? undefined : this.idle.pop() ?? await startStepWorker(this.request.project, this.tokens.place);
    if (!this.isInProcess && worker === undefined && short === undefined) {
      if (!this.isInProcess) this.say('rr: so one step after the other is carried out');
      this.isInProcess = true;
      // Others that run in workers come to their end first.
      if (this.running.size > 0) {
        this.waiting = { task, job };
        return;
      }
    }
    if (this.signal !== undefined) {
      this.schedule.release(task.key);
      if (worker !== undefined) this.idle.push(worker);
      return;
    }
    if (!this.isQuiet) this.say('rr: ' + printStepStart(nameOfStep(job), job.template.because, this.schedule.triesOf(task.key)));
    this.startedMs.push(readMonotonicMs());
    const ended = short !== undefined ? this.runShort(task, job, short) : worker === undefined ? this.runHere(task, job) : this.runInWorker(task, job, worker);
    const fail = (error: unknown): void => {
      this.mistake = error as Error;
      this.running.delete(task.key);
    };
    void ended.then((end) => (end === undefined ? this.forget(task) : this.settle(task, job, end))).catch(fail).then(() => this.wake());
  }

  /** The shells that can carry it out, which need no process of rr beside the command; undefined if it is no step for them. */
  private async findShort(task: ScheduledTask, job: StepJob): Promise<ShortSteps | undefined> {
    if (job.template.observed !== 'none' || job.template.timeoutS !== undefined || this.schedule.slotsOf(task.key) > 1) return undefined;
    if (this.short === undefined) {
      const { variables, inherited } = offerSlots(this.request.project, this.offeredTo(task), this.tokens.place);
      this.short = new ShortSteps(this.request.project, this.batch, this.slots, { variables, inherited });
      await this.short.begin();
    }
    return this.signal === undefined && this.short.room() > 0 && this.short.canTake(job) ? this.short : undefined;
  }

  private async runShort(task: ScheduledTask, job: StepJob, short: ShortSteps): Promise<StepEnd | undefined> {
    this.running.set(task.key, { job, startMs: readMonotonicMs(), stop: (signal, isNote) => short.stop(signal, isNote) });
    const end = await short.run(job);
    if (end !== undefined) this.unprinted.add(end);
    return end;
  }

  /** A step that a signal kept from being begun. */
  private forget(task: ScheduledTask): void {
    this.running.delete(task.key);
    this.schedule.release(task.key);
  }

  private offeredTo(task: ScheduledTask): OfferedSlots {
    if (this.tokens.place === undefined) return { kind: 'none' };
    const slots = this.schedule.slotsOf(task.key);
    return slots > 1 ? { kind: 'own', slots } : { kind: 'shared', slots: this.slots };
  }

  private async runHere(task: ScheduledTask, job: StepJob): Promise<StepEnd> {
    const stopper = new CommandStopper();
    const stop: Running['stop'] = (signal, isNote) => (signal === undefined ? stopper.kill() : isNote ? stopper.note(signal) : stopper.stop(signal));
    this.running.set(task.key, { job, startMs: readMonotonicMs(), stop });
    const { close, ...slots } = offerSlots(this.request.project, this.offeredTo(task), this.tokens.place);
    try {
      return await executeStep(this.request.project, job, {
        ...slots, isAlone: true, isPassedOn: !this.isQuiet, stopper, beforeOutput: (data) => this.live.noteOutput(data), onClaim: () => undefined, batch: this.batch,
      });
    } finally {
      close();
    }
  }

  private async runInWorker(task: ScheduledTask, job: StepJob, worker: Worker): Promise<StepEnd> {
    this.running.set(task.key, { job, startMs: readMonotonicMs(), stop: (signal, isNote) => worker.stop(signal, isNote) });
    const end = await worker.run(job, false, this.offeredTo(task));
    const words = worker.takeWords();
    if (words !== '') this.say(words.replace(/\n$/, ''));
    if (worker.broken !== undefined) throw new Error('in the process of rr that carried out ' + task.key + ': ' + worker.broken);
    if (end.kind === 'end') {
      this.idle.push(worker);
      if (end.end.run.id !== UNCLAIMED_ID) this.batch.adopt(end.end.run);
      return end.end;
    }
    return this.settleDied(job, end.id);
  }

  /** The worker was killed while it carried out the step: what it leaves is settled as the next rr make would. */
  private async settleDied(job: StepJob, id: string | undefined): Promise<StepEnd> {
    const { project } = this.request;
    if (id !== undefined) await endLostCommand(project, id);
    await recoverAside(project, (line) => this.say('rr: ' + line), false);
    settleLostRuns(project, '');
    const run = id === undefined ? undefined : readRun(project, id);
    const problem = 'the process of rr that carried it out was killed';
    if (run === undefined) return stepNotStarted(job, problem);
    return { key: job.key, run, isGood: isGoodRun(run), problems: isGoodRun(run) ? [] : [problem], kept: [] };
  }

  private settle(task: ScheduledTask, job: StepJob, end: StepEnd): void {
    this.running.delete(task.key);
    const isSettled = this.schedule.settle(task.key, end.isGood ? 'done' : 'failed');
    if (isSettled) this.again.delete(task.key);
    else this.again.set(task.key, job);
    if (isSettled && end.isGood) this.counts.done += 1;
    else if (isSettled) this.counts.failed += 1;
    if (end.isGood && end.problems.length > 0) this.isRecorded = false;
    this.tokens.holdFor(this.schedule.countUsedSlots());
    this.tellEnd(job, end, isSettled);
    this.request.onEnd(end);
  }

  // ---- signals --------------------------------------------------------------------------------------------

  private hearSignals(): () => void {
    const handlers = ENDING_SIGNALS.filter((signal) => signal !== 'SIGHUP' || !isHangupIgnored()).map((signal): [EndingSignal, () => void] => [signal, () => this.hear(signal)]);
    for (const [signal, handler] of handlers) process.on(signal, handler);
    return () => { for (const [signal, handler] of handlers) process.removeListener(signal, handler); };
  }

  private hear(signal: EndingSignal): void {
    const isSecond = this.signal !== undefined;
    // From the keyboard it has come to the commands by itself.
    const isNote = (signal === 'SIGINT' || signal === 'SIGQUIT') && isSharingForeground();
    this.signal = this.signal ?? signal;
    this.schedule.stop();
    for (const { stop } of this.running.values()) stop(isSecond ? undefined : signal, isNote && !isSecond);
    if (!isSecond && this.running.size > 0 && !this.request.quiet) this.say('rr: waiting for ' + (this.running.size === 1 ? 'the step that runs' : String(this.running.size) + ' steps that run') + ' to stop; once more kills ' + (this.running.size === 1 ? 'it' : 'them'));
    this.wake();
  }

  // ---- telling --------------------------------------------------------------------------------------------

  private say(line: ByteString): void {
    this.live.erase();
    tell(line);
  }

  private printLive(columns: number): ByteString {
    const nowMs = readMonotonicMs();
    const elapsedS = (key: string): number => (nowMs - (this.running.get(key)?.startMs ?? nowMs)) / 1000;
    const running = Array.from(this.running.values(), ({ job, startMs }) => ({ name: nameOfStep(job), elapsedS: (nowMs - startMs) / 1000 }));
    const { done, failed, skipped } = this.counts;
    return printProgress({ done: done + failed, failed, total: this.request.tasks.length - skipped, running, leftS: this.schedule.estimateLeftS(elapsedS) }, columns);
  }

  private tellEnd(job: StepJob, end: StepEnd, isSettled: boolean): void {
    const { project } = this.request;
    const { run } = end;
    const name = nameOfStep(job);
    this.live.erase();
    const isInLine = this.live.endOutput();
    if (this.isQuiet) for (const line of end.isGood ? [] : readOutputTail(project, run)) tell(line);
    else if (this.isInProcess) this.endLine(this.unprinted.has(end) && hasPrinted(run) ? printStepOutput(project, run) : isInLine);
    else if (hasPrinted(run)) {
      tell('rr: ' + name + ' printed:');
      this.endLine(printStepOutput(project, run));
    }
    const isStarted = run.id !== UNCLAIMED_ID;
    if (run.reused !== undefined && !this.isQuiet) tell('rr: ' + name + ': the outputs of ' + run.reused + ' are put back');
    if (!end.isGood && isStarted) tell('rr: ' + printStepFailure(name, run) + (isSettled ? '' : '; it is tried again'));
    for (const problem of end.problems) tell('rr: ' + (isStarted ? name + ': ' : '') + problem);
    const kept = end.kept.length === 0 ? [] : run.warnings.filter((warning) => warning.endsWith('kept in .rr/aside/' + run.id));
    const shown = kept.slice(0, kept.length > MOST_KEPT_TOLD ? MOST_KEPT_TOLD - 1 : MOST_KEPT_TOLD);
    for (const warning of shown) tell('rr: ' + name + ': ' + warning);
    if (kept.length > shown.length) tell('rr: ' + name + ': and ' + String(kept.length - shown.length) + ' more are kept in .rr/aside/' + run.id);
  }

  /** What comes next begins a line of its own, on a terminal. */
  private endLine(isInLine: boolean): void {
    if (isInLine && isTerminal(1)) printOut('\n');
  }
}

/**
 * Carries out tasks: each when all that is before it is settled, up to `slots` at once. Before that it puts back
 * what an earlier one that was killed has left aside. Throws Failure, before anything is carried out, if another
 * is at work in the project, or .rr cannot be written.
 */
export async function runTasks(request: EngineRequest): Promise<EngineResult> {
  const { project, quiet } = request;
  const leave = await enterMaking(project);
  try {
    await recoverAside(project, (line) => tell('rr: ' + line));
    removeLostFifos(project);
    const { tokens, problem } = openJobTokens(project, request.slots, toBytes(process.env.MAKEFLAGS ?? ''));
    try {
      if (problem !== undefined && !quiet) tell('rr: ' + problem);
      return await runWith(request, problem === undefined ? request.slots : 1, tokens);
    } finally {
      tokens.close();
    }
  } finally {
    leave();
  }
}

async function runWith(request: EngineRequest, slots: number, tokens: JobTokens): Promise<EngineResult> {
  const { project, quiet } = request;
  const batch = beginBatch(project);
  for (const lost of batch.lost) if (!quiet) tell('rr: the run ' + lost.id + ' was lost: rr was killed while it ran');
  const engine = new Engine(request, slots, tokens, batch);
  try {
    await engine.work();
  } finally {
    for (const fault of await batch.end()) tell('rr: ' + fault.message);
    for (const unwritten of batch.problems) tell('rr: ' + unwritten);
  }
  return { outcomes: engine.schedule.listOutcomes(), blockedBy: engine.schedule.blockedBy, signal: engine.signal, isRecorded: engine.isRecorded && batch.problems.length === 0 };
}
