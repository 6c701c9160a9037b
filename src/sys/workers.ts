// workers.ts - processes of rr that carry out one step at a time each, for one that has several at once. Chooses no steps.
//
// recordCommand() uses what a process has once: current folder, environment, signals. So each step that runs
// beside another has a process of its own: rr.js once more, which is told of its steps through a channel.
//
//   main                                worker
//     start   (clock, descriptors)  ->
//                                   <-  ready
//     job     (step, how)           ->
//                                   <-  claimed (id of the run)
//     stop    (signal)              ->           any number of times
//                                   <-  end     (how the step ended)  or  broken (a mistake of rr's)
//
// If the channel breaks, main is gone: the worker stops its command, SIGTERM first, puts the results back, writes
// the record, and ends.
import type { StepEnd, StepJob } from './execute.ts';
import { executeStep } from './execute.ts';
import { leaveToBatch } from './batch.ts';
import { adoptClock, shareClock } from './clock.ts';
import { closeTokenPipe, makeTokenPipe, offerJobserver } from './jobserver.ts';
import { toBytes } from './files.ts';
import type { JobserverPlace } from '../formats/makeflags.ts';
import { childProcess } from './node.ts';
import { CommandStopper } from './process.ts';
import type { Project } from './project.ts';
import { isHangupIgnored, surviveHangup } from './signals.ts';
import { setOwnVariables } from './spawnwords.ts';
import type { VariableSet } from './spawnwords.ts';
import { tell } from './terminal.ts';

/** How makes in a step are offered slots: those of all steps, or so many of the step's own. */
export type OfferedSlots = { kind: 'none' } | { kind: 'shared'; slots: number } | { kind: 'own'; slots: number };

type ToWorker =
  | { kind: 'start'; project: Project; clockMs: number; place: JobserverPlace | undefined; /** Of main, with the bytes that Node.js could not pass on. */ variables: VariableSet; isHangupIgnored: boolean }
  | { kind: 'job'; job: StepJob; isAlone: boolean; offered: OfferedSlots }
  | { kind: 'stop'; signal: NodeJS.Signals | undefined; isNote: boolean };

type FromWorker =
  | { kind: 'ready' }
  | { kind: 'claimed'; id: string }
  | { kind: 'end'; end: StepEnd }
  | { kind: 'broken'; text: string };

// No name that a person sets, and it must name the parent's process: nobody gets into this by accident.
const PARENT_VARIABLE = 'RR_WORKER_OF_PROCESS';

/** Signals that end rr. What becomes of steps then, main decides. */
export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
export type EndingSignal = typeof ENDING_SIGNALS[number];

/** The slots that a step's makes are offered, and what takes them away again. */
export function offerSlots(project: Project, offered: OfferedSlots, shared: JobserverPlace | undefined): { variables: { [name: string]: string }; inherited: number[]; close: () => void } {
  const nothing = (): void => undefined;
  if (offered.kind === 'none') return { variables: {}, inherited: [], close: nothing };
  if (offered.kind === 'shared') return { ...offerJobserver(offered.slots, shared), close: nothing };
  const pipe = makeTokenPipe(project, offered.slots - 1);
  const place: JobserverPlace | undefined = pipe === undefined ? undefined : { kind: 'pipe', read: pipe.read, write: pipe.write };
  return { ...offerJobserver(offered.slots, place), close: pipe === undefined ? nothing : () => closeTokenPipe(pipe) };
}

// ---- in the worker ----------------------------------------------------------------------------------------

/** Was this process started by startStepWorker()? */
export function isStepWorker(): boolean {
  return process.env[PARENT_VARIABLE] !== undefined && process.send !== undefined && Number(process.env[PARENT_VARIABLE]) === process.ppid;
}

const KILL_ORPHAN_MS = 5000;

class StepWorker {
  private project: Project | undefined;
  private place: JobserverPlace | undefined;
  private stopper: CommandStopper | undefined;
  private isOrphan = false;
  private onOver: () => void = () => undefined;

  /** Serves until main lets go of the channel, and its last step has ended. */
  async serve(): Promise<void> {
    const over = new Promise<void>((resolve) => { this.onOver = resolve; });
    delete process.env[PARENT_VARIABLE];
    for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, () => this.stopper?.note(signal));
    process.on('SIGTERM', () => this.stopper?.stop('SIGTERM'));
    process.on('SIGHUP', () => { if (!isHangupIgnored()) this.stopper?.stop('SIGHUP'); });
    process.on('message', (message: ToWorker) => this.hear(message));
    process.on('disconnect', () => this.endAsOrphan());
    await over;
  }

  private tellMain(message: FromWorker): void {
    // Main may have gone this very moment: 'disconnect' tells of that.
    if (process.connected) process.send?.(message, () => undefined);
  }

  private hear(message: ToWorker): void {
    if (message.kind === 'start') {
      adoptClock(message.clockMs);
      this.project = message.project;
      this.place = message.place;
      setOwnVariables(message.variables);
      surviveHangup(message.isHangupIgnored);
      this.tellMain({ kind: 'ready' });
    } else if (message.kind === 'stop') {
      if (message.signal === undefined) this.stopper?.kill();
      else if (message.isNote) this.stopper?.note(message.signal);
      else this.stopper?.stop(message.signal);
    } else void this.work(message);
  }

  private async work(request: ToWorker & { kind: 'job' }): Promise<void> {
    const project = this.project as Project;
    const stopper = new CommandStopper();
    this.stopper = stopper;
    try {
      const { close, ...slots } = offerSlots(project, request.offered, this.place);
      const end = await executeStep(project, request.job, {
        ...slots, isAlone: request.isAlone, isPassedOn: false, stopper, beforeOutput: () => undefined, batch: leaveToBatch(project),
        onClaim: (id) => this.tellMain({ kind: 'claimed', id }),
      });
      close();
      this.tellMain({ kind: 'end', end });
    } catch (error) {
      this.tellMain({ kind: 'broken', text: String((error as Error).stack ?? error) });
    }
    this.stopper = undefined;
    if (this.isOrphan) this.onOver();
  }

  private endAsOrphan(): void {
    this.isOrphan = true;
    const { stopper } = this;
    if (stopper === undefined) return this.onOver();
    stopper.stop('SIGTERM');
    setTimeout(() => stopper.kill(), KILL_ORPHAN_MS).unref();
  }
}

/** Carries out the steps that main sends. Resolves when the process is to end. */
export function serveAsWorker(): Promise<void> {
  return new StepWorker().serve();
}

// ---- in main ----------------------------------------------------------------------------------------------

/** What became of a step that was given to a worker. `died`: the worker is no more, and the step is to be settled by others. */
export type WorkerEnd = { kind: 'end'; end: StepEnd } | { kind: 'died'; id: string | undefined };

/** One worker, as main sees it. */
export class Worker {
  private readonly child: import('child_process').ChildProcess;
  private readonly gone: Promise<void>;
  private onEnd: ((end: WorkerEnd) => void) | undefined;
  private onReady: ((isReady: boolean) => void) | undefined;
  private claimed: string | undefined;
  private isGone = false;
  private said = '';
  broken: string | undefined;

  constructor(child: import('child_process').ChildProcess) {
    this.child = child;
    child.on('message', (message) => this.hear(message as FromWorker));
    child.stderr?.on('data', (data: Buffer) => { this.said += data.toString('latin1'); });
    this.gone = new Promise((resolve) => {
      const end = (): void => { this.noteGone(); resolve(); };
      child.on('exit', end);
      child.on('error', end);
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isAlive(): boolean {
    return !this.isGone;
  }

  /** What it said of itself since the last call: nothing, unless something goes wrong. */
  takeWords(): string {
    const said = this.said;
    this.said = '';
    return said;
  }

  private hear(message: FromWorker): void {
    if (message.kind === 'ready') this.onReady?.(true);
    else if (message.kind === 'claimed') this.claimed = message.id;
    else if (message.kind === 'broken') this.broken = message.text;
    else this.finish({ kind: 'end', end: message.end });
    if (message.kind === 'broken') this.child.kill('SIGKILL');
  }

  private finish(end: WorkerEnd): void {
    const { onEnd } = this;
    this.onEnd = undefined;
    onEnd?.(end);
  }

  private noteGone(): void {
    this.isGone = true;
    this.onReady?.(false);
    this.finish({ kind: 'died', id: this.claimed });
  }

  private send(message: ToWorker): void {
    if (this.child.connected) this.child.send(message, () => undefined);
  }

  /** Resolves when it is ready, with false if it does not come to that. */
  begin(project: Project, place: JobserverPlace | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.child.kill('SIGKILL'), LONGEST_START_MS);
      this.onReady = (isReady) => {
        clearTimeout(timer);
        this.onReady = undefined;
        resolve(isReady);
      };
      if (this.isGone) this.onReady(false);
      this.send({ kind: 'start', project, clockMs: shareClock(), place, variables: Object.assign({}, process.env), isHangupIgnored: isHangupIgnored() });
    });
  }

  run(job: StepJob, isAlone: boolean, offered: OfferedSlots): Promise<WorkerEnd> {
    this.claimed = undefined;
    return new Promise((resolve) => {
      this.onEnd = resolve;
      if (this.isGone) this.noteGone();
      this.send({ kind: 'job', job, isAlone, offered });
    });
  }

  /** Stops its command; undefined is SIGKILL. isNote: the keyboard has sent the signal to it already. */
  stop(signal: NodeJS.Signals | undefined, isNote: boolean): void {
    this.send({ kind: 'stop', signal, isNote });
  }

  /** Lets go of it. Resolves when it has ended. */
  async close(): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    await this.gone;
  }
}

const LONGEST_START_MS = 30000;
// Where a worker has the pool of the jobserver. From 10 up, as scripts use those below for themselves.
const POOL_READ = 10;
const POOL_WRITE = 11;

/** Starts a worker; undefined, with the reason said, where that cannot be. */
export async function startStepWorker(project: Project, place: JobserverPlace | undefined): Promise<Worker | undefined> {
  const stdio: ('ignore' | 'pipe' | 'ipc' | number)[] = ['ignore', 'ignore', 'pipe', 'ipc'];
  if (place?.kind === 'pipe') {
    while (stdio.length < POOL_READ) stdio.push('ignore');
    stdio.push(place.read, place.write);
  }
  let worker: Worker;
  try {
    const env = Object.assign({}, process.env, { [PARENT_VARIABLE]: String(process.pid) });
    worker = new Worker(childProcess().fork(process.argv[1], [], { stdio, env }));
  } catch (error) {
    tell('rr: no further process of rr can be started: ' + toBytes((error as Error).message));
    return undefined;
  }
  const given: JobserverPlace | undefined = place?.kind === 'pipe' ? { kind: 'pipe', read: POOL_READ, write: POOL_WRITE } : place;
  if (await worker.begin(project, given)) return worker;
  const words = toBytes(worker.takeWords()).trim().split('\n');
  tell('rr: no further process of rr can be started' + (words[0] === '' ? '' : ': ' + words[words.length - 1]));
  return undefined;
}
