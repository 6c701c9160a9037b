// process.ts - runs the command: its streams, signals, end and cost. Knows no records.
import type { ByteString } from '../core/bytes.ts';
import type { ResourceSample } from '../core/series.ts';
import { childProcess, fs, net } from './node.ts';
import { errorCode, listFolder, lstatIfThere, makeFolder, removeIfThere, toFsPath, writeAll } from './files.ts';
import { readMonotonicMs } from './clock.ts';
import { listDescendants, readChildrenCpu, readFatalSignal, UsageSampler } from './usage.ts';
import type { ChildrenCpu } from './usage.ts';
import { FIRST_UNNAMED_SIGNAL, isHangupIgnored, shieldFromHangup, signalAll, signalName, signalNumber } from './signals.ts';
import { toSpawn, toSpawnArguments } from './spawnwords.ts';
import type { SpawnWords } from './spawnwords.ts';
import { holdTerminalModes, isSharingForeground } from './terminal.ts';
import type { TerminalPlan } from './terminal.ts';

export type CommandRequest = {
  /** Runs in rr's own current folder: Node can name no folder whose name is not UTF-8. */
  argv: ByteString[];
  /** What the command gets, or gets in the end, as its standard streams: rr's own are 0, 1 and 2. */
  descriptors: { stdin: number; stdout: number; stderr: number };
  /** 'inherit': the command has the descriptor itself. 'keep': rr passes on to it and keeps a copy. 'keep-only': rr keeps it and passes nothing on. */
  stdout: StreamPlan;
  stderr: StreamPlan;
  /** Is it to ignore SIGHUP, as rr was told to (signals.ts)? */
  isShielded: boolean;
  /** Give the command a terminal of its own through script(1) where rr's output is a terminal. */
  terminal: TerminalPlan | undefined;
  /** Name without extension of the files that keep the streams: + .out, .err, .order. */
  logName: ByteString;
  /** Folder of FIFOs that runs leave for one another. */
  pipePool: ByteString;
  timeoutMs: number | undefined;
  /** Called once with the command's process id, if it could be started. */
  onStart: (pid: number) => void;
  /** Called once while the command runs, or at its end; for work that need not wait for the end. */
  meanwhile: () => void;
  /** A tracer that starts the command and writes what it sees to a file. */
  tracer: TracerRequest | undefined;
  /** Descriptors from 3 up that rr was given and the command is to have, too. */
  inherited: number[];
  /** There if it is a step that the engine carries out: variables of its own, what can stop it, is it in a job of a cluster? */
  step: { variables: { [name: string]: string }; stopper: CommandStopper | undefined; isInJob: boolean } | undefined;
  /** Called with what the command printed, before and after it is passed on. */
  beforeOutput: ((data: Buffer) => void) | undefined;
  afterOutput: ((stream: StreamName, data: Buffer) => void) | undefined;
  /** Is what its processes use to be sampled over time? */
  isSampled: boolean;
};

type StopperAct = (signal: NodeJS.Signals | undefined, isNote: boolean) => void;

/**
 * Stops one command from elsewhere in rr, with all that it started; at once when it starts, if that is still to
 * come. A command that has one leaves to its owner the signals that end rr.
 */
export class CommandStopper {
  private act: StopperAct | undefined;
  private early: { signal: NodeJS.Signals | undefined } | undefined;
  /** For runCommand(): what is to be called while the command runs. */
  attach(act: StopperAct): void {
    this.act = act;
    if (this.early !== undefined) act(this.early.signal, false);
  }
  /** The command has ended. */
  detach(): void {
    this.act = () => undefined;
  }
  /** Sends the signal to the command and all that it started; the run counts as interrupted. */
  stop(signal: NodeJS.Signals): void {
    if (this.act === undefined) this.early = { signal };
    else this.act(signal, false);
  }
  /** If it runs, the command has had this signal already, from the keyboard. */
  note(signal: NodeJS.Signals): void {
    if (this.act === undefined) this.early = { signal };
    else this.act(signal, true);
  }
  /** SIGKILL to all of them. */
  kill(): void {
    if (this.act === undefined) this.early = { signal: undefined };
    else this.act(undefined, false);
  }
}

export type StreamPlan = 'inherit' | 'keep' | 'keep-only';

export type TracerRequest = {
  /** Command line of the tracer that writes to `output`; the command's own words follow. */
  prefix: (output: ByteString) => ByteString[];
  /** Gets what the tracer writes, as it comes. */
  feed: (text: ByteString) => void;
  /** Has the tracer seen the command begin, and its end? */
  isMainBegun: () => boolean;
  isMainEnded: () => boolean;
  /** Signal that ended the command, if the tracer saw one. */
  mainSignal: () => string | undefined;
  /** Number of processes that the tracer still sees. */
  countAlive: () => number;
  /** Called before the command is started, without the tracer then: it has nowhere to write to, by this error. */
  giveUp: (error: unknown) => void;
};

export type CommandEnd = {
  /** As a shell gives it: 127 not found, 126 not executable, 128+n signal n. */
  exit: number;
  signal?: string;
  /** It could not be started at all: why. */
  startFailure?: string;
  wallMs: number;
  userS?: number;
  systemS?: number;
  peakMemoryBytes?: number;
  /** Over time; [] of a short run, and where the system does not tell. */
  samples: ResourceSample[];
  /** Signals that reached rr while it ran. */
  signalsSeen: string[];
  isTimedOut: boolean;
  /** Something that the command started goes on and holds its streams. */
  isHeld: boolean;
  /** What was not kept of the streams, or not passed on, as sentences. */
  logProblems: string[];
};

// ---- streams ------------------------------------------------------------------------------------

export type StreamName = 'out' | 'err';

/** Keeps what the command prints, with the order in which the two streams were seen. */
export class LogKeeper {
  /** What was not kept or not passed on, as sentences. */
  problems: string[] = [];
  private isBroken = false;
  private readonly name: ByteString;
  private readonly files: { [stream: string]: number } = {};
  private order = '';
  private last: StreamName | undefined;
  private lastBytes = 0;
  constructor(name: ByteString) {
    this.name = name;
  }
  keep(stream: StreamName, data: Buffer): void {
    if (this.isBroken) return;
    try {
      if (this.files[stream] === undefined) this.files[stream] = fs.openSync(toFsPath(this.name + '.' + stream), 'w');
      writeAll(this.files[stream], data);
      this.note(stream, data.length);
    } catch (error) {
      this.isBroken = true;
      this.problems.push('the log is incomplete: cannot write it: ' + (error as Error).message);
    }
  }
  private note(stream: StreamName, bytes: number): void {
    if (this.last !== stream) this.flushOrder();
    this.last = stream;
    this.lastBytes += bytes;
  }
  private flushOrder(): void {
    if (this.last !== undefined) this.order += this.last + ' ' + String(this.lastBytes) + '\n';
    this.lastBytes = 0;
    // A program that alternates for days must not fill the memory.
    if (this.order.length > 1 << 16) this.writeOrder();
  }
  private writeOrder(): void {
    fs.appendFileSync(toFsPath(this.name + '.order'), this.order);
    this.order = '';
  }
  /** Without `isDurable` the caller sees to it that the files are synced. */
  close(isDurable = true): void {
    try {
      if (this.files.out !== undefined && this.files.err !== undefined) {
        this.flushOrder();
        this.writeOrder();
      }
      for (const stream of Object.keys(this.files)) {
        if (isDurable) fs.fsyncSync(this.files[stream]);
        fs.closeSync(this.files[stream]);
      }
    } catch (error) {
      this.problems.push('the log is incomplete: cannot write it: ' + (error as Error).message);
    }
  }
}

/** A pipe with both ends open in this process: read end for rr, write end for the command. */
type Pipe = { read: number; write: number; name: ByteString; isAtEnd: boolean };

/** What came with a stranger's .rr may be a link, through which the command's output would be written elsewhere, or open to others. */
function isOwnFifo(name: ByteString): boolean {
  const stat = lstatIfThere(name);
  return stat !== undefined && stat.isFIFO() && stat.uid === process.getuid?.() && (stat.mode & 0o77) === 0;
}

/** Takes FIFOs that an earlier run has left, and makes what is missing. Their names are now logName.pN. */
export function claimFifos(logName: ByteString, pool: ByteString, count: number): ByteString[] {
  const names: ByteString[] = [];
  for (const spare of listFolder(pool)) {
    if (names.length === count) return names;
    const name = logName + '.p' + String(names.length + 1);
    try {
      fs.renameSync(toFsPath(pool + '/' + spare), toFsPath(name));
      if (isOwnFifo(name)) names.push(name);
      else removeIfThere(name);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error; // another run took it
    }
  }
  const missing: ByteString[] = [];
  while (names.length + missing.length < count) missing.push(logName + '.p' + String(names.length + missing.length + 1));
  const maker = toSpawnArguments(['mkfifo', '-m', '600'].concat(missing));
  if (missing.length > 0 && childProcess().spawnSync(maker[0], maker.slice(1), { stdio: 'ignore' }).status !== 0) return [];
  return names.concat(missing);
}

/**
 * Real pipes, by way of FIFOs. Those that spawn() makes are sockets, and a command cannot open
 * /dev/stdout or /dev/stderr if that is a socket. [] where FIFOs cannot be had. They are used again
 * by later runs, because a process to make one costs as much as the rest of a short recording.
 */
function openPipes(logName: ByteString, pool: ByteString, count: number): Pipe[] {
  // Bun loses what comes through a descriptor that it was given, Deno refuses it.
  if (process.versions.bun !== undefined || process.versions.deno !== undefined) return [];
  try {
    const pipes = claimFifos(logName, pool, count).map((name) => {
      const read = fs.openSync(toFsPath(name), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
      return { read, write: fs.openSync(toFsPath(name), fs.constants.O_WRONLY), name, isAtEnd: false };
    });
    if (pipes.every((pipe) => fs.fstatSync(pipe.read).isFIFO())) return pipes;
    for (const pipe of pipes) releasePipe(pipe, pool);
    return [];
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return [];
  }
}

/** Leaves a FIFO for a later run if nobody can write to it any more, else removes it. */
export function releasePipe(pipe: Pick<Pipe, 'name' | 'isAtEnd'>, pool: ByteString): void {
  try {
    if (!pipe.isAtEnd) removeIfThere(pipe.name);
    else {
      makeFolder(pool);
      fs.renameSync(toFsPath(pipe.name), toFsPath(pool + pipe.name.slice(pipe.name.lastIndexOf('/'))));
    }
  } catch (error) {
    if (errorCode(error) === '') throw error; // a FIFO that is left over harms nothing
  }
}

/** Reads a pipe as it comes. */
export function openReader(fd: number): import('net').Socket {
  return new (net().Socket)({ fd, readable: true, writable: false });
}

type Reader = import('stream').Readable;

/** Writes all of it; meanwhile signals and timers are served, even if nobody reads for hours. */
function writeLater(descriptor: number, data: Buffer): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const go = (from: number): void => fs.write(descriptor, data, from, data.length - from, null, (error, written) => {
      if (error !== null && errorCode(error) === 'EAGAIN') setTimeout(() => go(from), 1);
      else if (error !== null) resolve(error);
      else if (from + written < data.length) go(from + written);
      else resolve(undefined);
    });
    go(0);
  });
}

/**
 * Passes a stream on to `descriptor`, if there is one, and into the log. When nobody reads rr's output any
 * more, the command's pipe is closed too, so that it meets SIGPIPE as it would without rr. `line`
 * is where the streams queue that go to the same file, to come out in the order they came in.
 */
function passOn(output: Output, descriptor: number | undefined, log: LogKeeper, line: { last: Promise<void> }): void {
  const { reader } = output;
  reader.on('error', () => reader.destroy());
  if (descriptor === undefined) {
    reader.on('data', (data: Buffer) => log.keep(output.stream, data));
    return;
  }
  let isRefused = false;
  const write = async (data: Buffer): Promise<void> => {
    const error = isRefused ? undefined : await writeLater(descriptor, data);
    output.isBusy = false;
    if (error === undefined) reader.resume();
    else {
      if (errorCode(error) !== 'EPIPE') log.problems.push('not all of the output could be passed on: ' + error.message);
      isRefused = errorCode(error) === 'EIO'; // the terminal is gone: the command goes on, and the log has it all
      if (isRefused) reader.resume();
      else reader.destroy();
    }
  };
  reader.on('data', (data: Buffer) => {
    log.keep(output.stream, data);
    output.isBusy = true;
    reader.pause();
    line.last = line.last.then(() => write(data));
    output.written = line.last;
  });
}

// After the command's own end, what it started in the background may hold the pipes open for ever.
const QUIET_AFTER_EXIT_MS = 100;

/** A stream of the command that rr reads. isBusy: what came last is not yet passed on. */
type Output = { stream: StreamName; reader: Reader; isClosed: boolean; isBusy: boolean; written: Promise<void> };

function isSameFile(one: number, other: number): boolean {
  try {
    const [a, b] = [fs.fstatSync(one), fs.fstatSync(other)];
    return a.dev === b.dev && a.ino === b.ino;
  } catch (error) {
    return false; // one of them is closed
  }
}

/** `noteEnd`: called when a stream is at its end, which is before the command's own is known. */
function openOutputs(plumbing: Plumbing, child: import('child_process').ChildProcess, log: LogKeeper, { beforeOutput, afterOutput }: CommandRequest, noteEnd: () => void): Output[] {
  const lineOfOut = { last: Promise.resolve() };
  const lineOfErr = isSameFile(1, 2) ? lineOfOut : { last: Promise.resolve() };
  return plumbing.kept.map(({ stream, descriptor, from }) => {
    const reader = typeof from === 'object' ? openReader(from.read) : (from === 'child-stdout' ? child.stdout : child.stderr) as Reader;
    const output: Output = { stream, reader, isClosed: false, isBusy: false, written: Promise.resolve() };
    reader.on('end', () => {
      if (typeof from === 'object') from.isAtEnd = true;
      noteEnd();
    });
    reader.on('close', () => { output.isClosed = true; });
    if (beforeOutput !== undefined && descriptor !== undefined) reader.on('data', beforeOutput);
    passOn(output, descriptor, log, stream === 'out' ? lineOfOut : lineOfErr);
    if (afterOutput !== undefined) reader.on('data', (data: Buffer) => afterOutput(stream, data));
    return output;
  });
}

/**
 * After the command's end: resolves when all streams are at theirs, or no more came for a while; then
 * with true, because something that the command started still holds them.
 */
function drain(outputs: Output[]): Promise<boolean> {
  return new Promise((resolve) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const finish = (isHeld: boolean): void => {
      if (timer !== undefined) clearTimeout(timer);
      for (const output of outputs) output.reader.destroy();
      void Promise.all(outputs.map((output) => output.written)).then(() => resolve(isHeld));
    };
    const rearm = (): void => {
      if (timer !== undefined) clearTimeout(timer);
      timer = setTimeout(() => (outputs.some((output) => output.isBusy) ? rearm() : finish(true)), QUIET_AFTER_EXIT_MS);
    };
    const check = (): void => { if (outputs.every((output) => output.isClosed)) finish(false); };
    for (const output of outputs) {
      output.reader.on('data', rearm);
      output.reader.on('close', check);
    }
    rearm();
    check();
  });
}

// ---- the trace ----------------------------------------------------------------------------------

// The tracer sees the command's end before rr does; this is for a machine that is very busy.
const LONGEST_WAIT_FOR_TRACE_MS = 10000;
const TRACE_POLL_MS = 20;

/** Where the tracer writes, and what reads it: a FIFO, or a file where FIFOs cannot be had. */
class TraceFeed {
  readonly name: ByteString;
  private readonly tracer: TracerRequest;
  private readonly pool: ByteString;
  private readonly pipe: Pipe | undefined;
  private reader: import('net').Socket | undefined;
  private file = -1;
  private timer: ReturnType<typeof setInterval> | undefined;
  constructor(tracer: TracerRequest, logName: ByteString, pool: ByteString) {
    this.tracer = tracer;
    this.pool = pool;
    this.pipe = openPipes(logName + '.trace', pool, 1)[0];
    this.name = this.pipe?.name ?? logName + '.strace';
    if (this.pipe !== undefined) this.readPipe(this.pipe);
    else this.readFile();
  }
  private take(data: Buffer): void {
    this.tracer.feed(data.toString('latin1'));
  }
  private readPipe(pipe: Pipe): void {
    this.reader = openReader(pipe.read);
    this.reader.on('data', (data: Buffer) => this.take(data));
    this.reader.on('end', () => { pipe.isAtEnd = true; });
    this.reader.on('error', () => { pipe.isAtEnd = true; });
  }
  private readFile(): void {
    this.file = fs.openSync(toFsPath(this.name), 'w+');
    const buffer = Buffer.allocUnsafe(1 << 18);
    this.timer = setInterval(() => {
      for (let count = fs.readSync(this.file, buffer, 0, buffer.length, null); count > 0; count = fs.readSync(this.file, buffer, 0, buffer.length, null)) this.take(buffer.subarray(0, count));
    }, TRACE_POLL_MS);
  }
  hasBegun(): boolean {
    return this.tracer.isMainBegun();
  }
  private isComplete(): boolean {
    if (this.pipe?.isAtEnd === true) return true;
    return this.tracer.isMainEnded() && this.tracer.countAlive() === 0;
  }
  /** After the command's end: waits for the rest, but not for what the command left in the background. */
  async finish(): Promise<void> {
    // Opened while this process still holds the other end, or open() would wait for a writer.
    const spare = this.pipe === undefined ? -1 : fs.openSync(toFsPath(this.pipe.name), fs.constants.O_RDONLY);
    if (this.pipe !== undefined) fs.closeSync(this.pipe.write);
    let endMs = readMonotonicMs() + LONGEST_WAIT_FOR_TRACE_MS;
    while (!this.isComplete()) {
      const nowMs = readMonotonicMs();
      if (this.tracer.isMainEnded()) endMs = Math.min(endMs, nowMs + QUIET_AFTER_EXIT_MS);
      if (nowMs > endMs) break;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    this.release(spare);
  }
  private release(spare: number): void {
    if (this.timer !== undefined) clearInterval(this.timer);
    if (this.file >= 0) fs.closeSync(this.file);
    if (this.pipe === undefined) return removeIfThere(this.name);
    // The tracer must live on as long as what it traces, or the filter of system calls would have
    // every open() of it fail with ENOSYS; and it complains aloud when nobody reads.
    if (!this.pipe.isAtEnd && this.tracer.countAlive() > 0) {
      try {
        childProcess().spawn('cat', [], { stdio: [spare, 'ignore', 'ignore'], detached: true, cwd: '/' }).unref();
      } catch (error) {
        if (errorCode(error) === '') throw error; // no process to be had: it complains
      }
    }
    this.reader?.destroy();
    fs.closeSync(spare);
    // A FIFO that the tracer still writes to is not used again.
    if (this.tracer.countAlive() === 0) this.pipe.isAtEnd = true;
    releasePipe(this.pipe, this.pool);
  }
}

// ---- signals ------------------------------------------------------------------------------------

const BEGIN_POLL_MS = 2;
const LONGEST_BEGIN_MS = 5000;

/**
 * Holds back what is sent to a traced command until it has begun; what has ended is sent nothing. The process that
 * becomes the command is strace before, which has children of its own find out what the kernel can do. Of these one
 * whose parent a signal has ended waits for ever, or is traced by init, stopped, until somebody kills it.
 */
class SignalGate {
  private readonly trace: TraceFeed | undefined;
  private readonly startMs = readMonotonicMs();
  private held: (() => void)[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isClosed = false;
  constructor(trace: TraceFeed | undefined) {
    this.trace = trace;
  }
  isOpen(): boolean {
    return this.trace === undefined || this.trace.hasBegun() || readMonotonicMs() - this.startMs > LONGEST_BEGIN_MS;
  }
  pass(send: () => void): void {
    if (this.isClosed) return;
    this.held.push(send);
    if (this.timer === undefined) this.serve();
  }
  private serve(): void {
    this.timer = this.isOpen() ? undefined : setTimeout(() => this.serve(), BEGIN_POLL_MS);
    if (this.timer === undefined) for (const send of this.held.splice(0)) send();
  }
  close(): void {
    this.isClosed = true;
    if (this.timer !== undefined) clearTimeout(this.timer);
  }
}

const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
const FROM_KEYBOARD = ['SIGINT', 'SIGQUIT'] as const;

type Forwarding = { targetPid: () => number; gate: SignalGate; isApart: boolean; seen: string[]; isOwned: boolean };

/**
 * Makes signals sent to rr reach the command. Those of the keyboard come to both by themselves,
 * as both are in the terminal's foreground group; forwarding them would deliver them twice, unless
 * `isApart`. With `isOwned` those that end rr are left to another. Returns a function that ends this.
 */
function forwardSignals({ targetPid, gate, isApart, seen, isOwned }: Forwarding): () => void {
  const send = (signal: NodeJS.Signals): void => {
    try {
      process.kill(targetPid(), signal);
    } catch (error) {
      if (errorCode(error) !== 'ESRCH') throw error;
    }
  };
  const pass = (signal: NodeJS.Signals): void => gate.pass(() => send(signal));
  const handlers: [NodeJS.Signals, () => void][] = [];
  for (const signal of FORWARDED) {
    if (isOwned && !signal.startsWith('SIGUSR')) continue;
    handlers.push([signal, () => {
      // A command that ignores it as well is not ended by it.
      if (signal !== 'SIGHUP' || !isHangupIgnored()) seen.push(signal);
      pass(signal);
    }]);
  }
  for (const signal of isOwned ? [] : FROM_KEYBOARD) handlers.push([signal, () => { seen.push(signal); if (isApart || !isSharingForeground()) pass(signal); }]);
  // By the signal itself, not SIGSTOP: in a process group that nobody could continue (an orphaned one,
  // POSIX.1, 2.4.3) the system ignores it for the command, and rr must go on, too.
  const stop = (): void => {
    send('SIGTSTP');
    process.removeListener('SIGTSTP', stop);
    process.kill(process.pid, 'SIGTSTP');
    process.on('SIGTSTP', stop);
  };
  handlers.push(['SIGTSTP', stop]);
  handlers.push(['SIGCONT', () => send('SIGCONT')]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.removeListener(signal, handler);
  };
}

const KILL_AFTER_MS = 5000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Lets `stopper` reach the command, until the function is called that this returns. */
function obeyStopper(stopper: CommandStopper | undefined, pid: number, gate: SignalGate, seen: string[]): () => void {
  stopper?.attach((signal, isNote) => {
    if (signal !== undefined) seen.push(signal);
    // If the command has not begun, the signal has not come to it.
    if (isNote && gate.isOpen()) return;
    gate.pass(() => {
      const pids = listDescendants(pid);
      signalAll(pids, signal ?? 'SIGKILL');
      // What is stopped would not hear of it.
      if (signal !== undefined) signalAll(pids, 'SIGCONT');
    });
  });
  return () => stopper?.detach();
}

/** At the limit: SIGTERM to the command and all it started, and SIGKILL 5 s later. */
function armTimeout({ pid, timeoutMs, isInTerminal, gate }: { pid: number; timeoutMs: number; isInTerminal: boolean; gate: SignalGate }, onHit: () => void): () => void {
  let killer: ReturnType<typeof setTimeout> | undefined;
  // script(1), told to end, kills the command after 2 s: it is left to end by itself.
  const signalTree = (signal: NodeJS.Signals): void => gate.pass(() => signalAll(listDescendants(pid).slice(isInTerminal ? 1 : 0), signal));
  let timer: ReturnType<typeof setTimeout>;
  // A timer holds at most 2^31 - 1 ms, 24.8 days: a longer limit is waited for in parts.
  const wait = (leftMs: number): void => {
    timer = setTimeout(() => {
      if (leftMs > LONGEST_TIMER_MS) return wait(leftMs - LONGEST_TIMER_MS);
      onHit();
      signalTree('SIGTERM');
      signalTree('SIGCONT');
      killer = setTimeout(() => signalTree('SIGKILL'), KILL_AFTER_MS);
    }, Math.min(leftMs, LONGEST_TIMER_MS));
  };
  wait(timeoutMs);
  return () => {
    clearTimeout(timer);
    if (killer !== undefined) clearTimeout(killer);
  };
}

// ---- the command --------------------------------------------------------------------------------

/** The command as it runs in a terminal of its own: descriptors that were no terminal pass round it. */
function wrapInTerminal(argv: string[], plan: TerminalPlan, isHeld: boolean): string[] {
  const quote = (word: string): string => "'" + word.replace(/'/g, "'\\''") + "'";
  const shell = process.env.SHELL;
  let line = shell === undefined ? 'unset SHELL; ' : 'SHELL=' + quote(shell) + '; export SHELL; ';
  // Without a terminal to read from, script(1) leaves the outer one as it is, and that one turns LF
  // into CR LF: the inner one must not do so as well.
  if (isHeld) line += 'stty onlcr <&' + (plan.stdout ? '1' : '2') + ' 2>/dev/null; ';
  if (!plan.stdin) line += 'stty -onlcr <&' + (plan.stdout ? '1' : '2') + ' 2>/dev/null; ';
  line += 'exec ' + argv.map(quote).join(' ');
  if (!plan.stdin) line += ' <&3';
  if (!plan.stdout) line += ' >&4';
  if (!plan.stderr) line += ' 2>&5';
  line += ' 3<&- 4>&- 5>&-';
  if (plan.flavour === 'bsd') return ['script', '-q', '/dev/null', '/bin/sh', '-c', line];
  return ['script', '-qefc', line, '/dev/null'];
}

/** A stream that is kept: its log, the descriptor that it is passed on to, and where it comes from. */
type Kept = { stream: StreamName; descriptor: number | undefined; from: Pipe | 'child-stdout' | 'child-stderr' };

type Plumbing = SpawnWords & { trace: TraceFeed | undefined; stdio: (number | 'pipe' | 'ignore')[]; kept: Kept[]; release: (() => void) | undefined; isApart: boolean };

/** undefined if the command is not to be watched, or cannot be. */
function openTrace({ tracer, logName, pipePool }: CommandRequest): TraceFeed | undefined {
  try {
    return tracer && new TraceFeed(tracer, logName, pipePool);
  } catch (error) {
    if (errorCode(error) === '') throw error;
    tracer?.giveUp(error);
    return undefined;
  }
}

function layPipes(request: CommandRequest): Plumbing {
  const trace = openTrace(request);
  const variables = request.step === undefined ? process.env : Object.assign({}, process.env, request.step.variables);
  const words = trace === undefined ? request.argv : (request.tracer as TracerRequest).prefix(trace.name).concat(request.argv);
  const shielded = request.isShielded ? shieldFromHangup(words) : words;
  const spawned = toSpawn(shielded, variables, { scriptName: request.logName + '.sh', isOneWord: request.terminal !== undefined });
  const terminal = request.terminal;
  if (terminal !== undefined) return layTerminal(request, spawned, terminal, trace);
  const wanted: StreamName[] = [];
  if (request.stdout !== 'inherit') wanted.push('out');
  if (request.stderr !== 'inherit') wanted.push('err');
  const pipes = wanted.length === 0 ? [] : openPipes(request.logName, request.pipePool, wanted.length);
  const { stdin, stdout, stderr } = request.descriptors;
  const stdio: (number | 'pipe' | 'ignore')[] = [stdin, stdout, stderr];
  const kept = wanted.map((stream, i): Kept => {
    const [number, how, own] = stream === 'out' ? [1, request.stdout, stdout] : [2, request.stderr, stderr];
    stdio[number] = pipes.length === 0 ? 'pipe' : pipes[i].write;
    return { stream, descriptor: how === 'keep' ? own : undefined, from: pipes[i] ?? (stream === 'out' ? 'child-stdout' : 'child-stderr') };
  });
  for (const descriptor of request.inherited) {
    while (stdio.length < descriptor) stdio.push('ignore');
    stdio[descriptor] = descriptor;
  }
  return { ...spawned, trace, stdio, kept, release: undefined, isApart: false };
}

/**
 * script(1) gives the command a terminal for those of its streams that were one; what it prints
 * there comes out of script's standard output. The other streams pass script by on 3, 4 and 5.
 * Unless script reads the keyboard it is set apart from it: Ctrl-C would have it kill the command.
 */
function layTerminal(request: CommandRequest, spawned: SpawnWords, terminal: TerminalPlan, trace: TraceFeed | undefined): Plumbing {
  const release = terminal.stdin ? holdTerminalModes() : undefined;
  const kept: Kept[] = [{ stream: terminal.stdout ? 'out' : 'err', descriptor: terminal.stdout ? 1 : 2, from: 'child-stdout' }];
  const stdio: (number | 'pipe' | 'ignore')[] = [terminal.stdin ? 0 : 'ignore', 'pipe', 2, 0, 1, 2];
  const isOutBeside = !terminal.stdout && request.stdout === 'keep';
  if (isOutBeside || (!terminal.stderr && request.stderr === 'keep')) {
    const pipe = openPipes(request.logName, request.pipePool, 1)[0] as Pipe | undefined;
    if (pipe !== undefined) {
      stdio[isOutBeside ? 4 : 5] = pipe.write;
      kept.push({ stream: isOutBeside ? 'out' : 'err', descriptor: isOutBeside ? 1 : 2, from: pipe });
    }
  }
  return { ...spawned, trace, stdio, argv: wrapInTerminal(spawned.argv, terminal, release !== undefined), release, isApart: !terminal.stdin, env: Object.assign({}, spawned.env, { SHELL: '/bin/sh' }), kept };
}

/** The FIFOs among the streams that are kept. */
function pipesOf(plumbing: Plumbing): Pipe[] {
  return plumbing.kept.map((kept) => kept.from).filter((from): from is Pipe => typeof from === 'object');
}

const MEANWHILE_AFTER_MS = 30;

type Ended = { code: number | null; signal: string | null; error?: Error };

function startFailureOf(error: Error): { exit: number; startFailure: string } {
  const code = errorCode(error);
  // Node refuses an empty name by a code of its own.
  const isNotFound = code === 'ENOENT' || code === 'ENOTDIR' || code === 'ERR_INVALID_ARG_VALUE';
  const exit = isNotFound ? 127 : 126;
  const what: { [code: string]: string } = { EACCES: 'permission denied', E2BIG: 'argument list too long', ENOEXEC: 'not a program' };
  return { exit, startFailure: isNotFound ? 'not found' : what[code] ?? error.message };
}

function startCommand(plumbing: Plumbing): { child: import('child_process').ChildProcess; ended: Promise<Ended> } | { error: Error } {
  try {
    const child = childProcess().spawn(plumbing.argv[0], plumbing.argv.slice(1), {
      stdio: plumbing.stdio, env: plumbing.env, detached: plumbing.isApart,
    });
    const ended = new Promise<Ended>((resolve) => {
      child.on('error', (error) => resolve({ code: null, signal: null, error }));
      child.on('exit', (code, signal) => resolve({ code, signal }));
    });
    return { child, ended };
  } catch (error) {
    return { error: error as Error };
  } finally {
    for (const pipe of pipesOf(plumbing)) fs.closeSync(pipe.write);
  }
}

/** Waits for the end; calls `meanwhile` if that takes some time. */
async function waitFor(ended: Promise<Ended>, meanwhile: () => void): Promise<Ended> {
  // Not at once: a short command is watched better, and ends before, if nothing else goes on.
  const later = setTimeout(meanwhile, MEANWHILE_AFTER_MS);
  const end = await ended;
  clearTimeout(later);
  return end;
}

/**
 * Node.js reports a command that a signal for real time ended as one that exited with 0: it knows no name for those.
 * The tracer tells, or what was read of the command before Node.js waited for it (of a traced one
 * that may be a signal that it stops for).
 */
function findHiddenSignal(end: Ended, fatal: number, tracer: TracerRequest | undefined): string | undefined {
  if (end.code !== 0) return undefined;
  return tracer !== undefined ? tracer.mainSignal() : fatal >= FIRST_UNNAMED_SIGNAL ? signalName(fatal) : undefined;
}

const SIGNAL_LATE_MS = 3000;

/**
 * A cluster ends a job by a signal to each of its processes, one after another. A shell can say with its status
 * that what it ran was ended so before the signal comes to rr: it is waited for.
 */
async function awaitOwnSignal(end: Ended, seen: string[]): Promise<void> {
  const isLikely = end.code !== null && [129, 130, 143].indexOf(end.code) >= 0;
  for (let waitedMs = 0; isLikely && seen.length === 0 && waitedMs < SIGNAL_LATE_MS; waitedMs += 20) await new Promise((resolve) => setTimeout(resolve, 20));
}

/**
 * Runs the command to its end. Its streams are passed on live; signals reach it; what it cost is
 * measured as far as the system tells. Never throws for what the command does.
 */
export async function runCommand(request: CommandRequest): Promise<CommandEnd> {
  const plumbing = layPipes(request);
  const log = new LogKeeper(request.logName);
  const cpuBefore = readChildrenCpu();
  const signalsSeen: string[] = [];
  let target = 0;
  let isTimedOut = false;
  // In a terminal of its own the command is the child of script(1), which would make SIGTERM of any signal.
  const findCommand = (): number => (request.terminal === undefined ? target : listDescendants(target)[1] ?? target);
  const gate = new SignalGate(plumbing.trace);
  const stopForwarding = forwardSignals({ targetPid: () => (target === 0 ? process.pid : findCommand()), gate, isApart: plumbing.isApart, seen: signalsSeen, isOwned: request.step?.stopper !== undefined });
  const startMs = readMonotonicMs();
  const started = startCommand(plumbing);
  if ('error' in started) {
    plumbing.release?.();
    if (plumbing.script !== undefined) removeIfThere(plumbing.script);
    await plumbing.trace?.finish();
    stopForwarding();
    return { ...startFailureOf(started.error), wallMs: 0, samples: [], signalsSeen, isTimedOut, isHeld: false, logProblems: [] };
  }
  const { child } = started;
  let fatal = 0;
  const outputs = openOutputs(plumbing, child, log, request, () => { if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) fatal = readFatalSignal(child.pid); });
  target = child.pid ?? 0;
  const disobey = obeyStopper(target === 0 ? undefined : request.step?.stopper, target, gate, signalsSeen);
  const sampler = target === 0 ? undefined : new UsageSampler(target, request.isSampled);
  const disarm = target === 0 || request.timeoutMs === undefined ? undefined : armTimeout({ pid: target, timeoutMs: request.timeoutMs, isInTerminal: request.terminal !== undefined, gate }, () => { isTimedOut = true; });
  if (target !== 0) request.onStart(target);
  let isMeanwhileDone = false;
  const meanwhile = (): void => { if (!isMeanwhileDone) { isMeanwhileDone = true; request.meanwhile(); } };
  const end = await waitFor(started.ended, meanwhile);
  const wallMs = readMonotonicMs() - startMs;
  gate.close();
  sampler?.stop();
  const samples = sampler?.end(wallMs) ?? [];
  disarm?.();
  const [isHeld] = await Promise.all([drain(outputs), plumbing.trace?.finish()]);
  plumbing.release?.();
  for (const pipe of pipesOf(plumbing)) releasePipe(pipe, request.pipePool);
  if (plumbing.script !== undefined) removeIfThere(plumbing.script);
  if (request.step?.isInJob === true) await awaitOwnSignal(end, signalsSeen);
  stopForwarding();
  disobey();
  log.close();
  meanwhile();
  return describeEnd({ ...end, signal: end.signal ?? findHiddenSignal(end, fatal, plumbing.trace === undefined ? undefined : request.tracer) ?? null }, { wallMs, cpuBefore, ownCpu: sampler?.ownCpu ?? { userS: 0, systemS: 0 }, samples, peak: sampler?.peakBytes ?? 0, signalsSeen, isTimedOut, logProblems: log.problems, isInTerminal: request.terminal !== undefined, isHeld });
}

type Measured = { wallMs: number; cpuBefore: ChildrenCpu | undefined; ownCpu: ChildrenCpu; samples: ResourceSample[]; peak: number; signalsSeen: string[]; isTimedOut: boolean; logProblems: string[]; isInTerminal: boolean; isHeld: boolean };

function describeEnd(end: Ended, measured: Measured): CommandEnd {
  const { wallMs, cpuBefore, peak, signalsSeen, isTimedOut, logProblems } = measured;
  const facts = { wallMs, samples: measured.samples, signalsSeen, isTimedOut, logProblems, isHeld: measured.isHeld };
  if (end.error !== undefined) return { ...startFailureOf(end.error), ...facts };
  const cpuAfter = readChildrenCpu();
  const cost: { userS?: number; systemS?: number; peakMemoryBytes?: number } = {};
  if (cpuBefore !== undefined && cpuAfter !== undefined) {
    cost.userS = Math.round((cpuAfter.userS - cpuBefore.userS - measured.ownCpu.userS) * 100) / 100;
    cost.systemS = Math.round((cpuAfter.systemS - cpuBefore.systemS - measured.ownCpu.systemS) * 100) / 100;
  }
  if (peak > 0) cost.peakMemoryBytes = peak;
  // script(1) tells of a signal only by the status.
  const signal = end.signal ?? (measured.isInTerminal && end.code !== null && end.code < 128 + FIRST_UNNAMED_SIGNAL ? signalName(end.code - 128) : undefined);
  if (signal !== undefined) return { exit: 128 + signalNumber(signal), signal, ...facts, ...cost };
  return { exit: end.code ?? 0, ...facts, ...cost };
}
