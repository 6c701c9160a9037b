// shells.ts - a few long-lived shells that run one command after the other, without a word from rr in between. Knows no records.
//
// A shell is fed on its standard input, a FIFO, with lines as formats/shellline.ts has them, and writes the
// status of each command into one FIFO that all shells share. As long as commands are short each
// shell has two lines at a time. The second is in the FIFO until the first has ended: rr, too, can read
// it there, and so take it back. What commands print comes through FIFOs of their own, which are used
// again when nobody has them open any more: a FIFO without a writer tells that by an end of file.
//
// 1. A command has what it would have if rr had started it by itself: program, arguments, environment,
//    folder, standard streams and no other descriptors, mask of files, signals as they are by default.
//    begin() has a program tell what it got, and where that is anything else there are no shells.
// 2. A signal that a shell is sent ends it before its next command, not before the end of the one it runs.
//    If it is killed, so is its command, and the next one goes to another shell.
// 3. If rr is killed, a shell ends at the end of the command it runs, for nobody reads the status.
import type { ByteString } from '../core/bytes.ts';
import { quoteWord } from '../formats/shell.ts';
import { isShellName, printLineCommand } from '../formats/shellline.ts';
import type { LineCommand, LineStream } from '../formats/shellline.ts';
import { makeRandomDigits, readMonotonicMs } from './clock.ts';
import { enterFolder } from './commandplace.ts';
import { errorCode, listFolder, makeFolder, removeIfThere, toBytes, toFsPath, toText, writeAll } from './files.ts';
import { readCurrentFolder } from './machine.ts';
import { childProcess, fs } from './node.ts';
import { claimFifos, openReader, releasePipe } from './process.ts';
import { isHangupIgnored, signalAll, signalName, signalNumber } from './signals.ts';
import { CLOCK_TICKS_PER_S, listDescendants, readPeakMemoryBytes } from './usage.ts';
import type { StreamName } from './process.ts';
import type { Project } from './project.ts';
import { identifyProcess, isShellFifo } from './store.ts';

/** A command for a shell. What it prints to a stream that is 'keep' is given to `keep`. */
export type ShellRequest = Omit<LineCommand, 'stdout' | 'stderr'> & {
  stdout: LineStream | 'keep';
  stderr: LineStream | 'keep' | 'stdout';
  keep: (stream: StreamName, data: Buffer) => void;
  /** Called when it is given to a shell, with that shell as of identifyProcess(); it begins then, or after the one before it. */
  onSend: (shell: string) => void;
};

export type ShellEnd = {
  /** As a shell gives it: 128+n for signal n. */
  exit: number;
  /** Only if the shell tells it from an exit with such a status: not of SIGINT and SIGPIPE. */
  signal: string | undefined;
  /** It was not started: what the shell said. */
  startFailure: string | undefined;
  /** On the monotonic clock. */
  startMs: number;
  /** undefined if rr learned of its end together with that of the one before or after it. */
  wallMs: number | undefined;
  /** undefined if it took less than a tick of the clock by which processes are charged. */
  cost: { userS: number; systemS: number; peakMemoryBytes: number } | undefined;
  /** Something that it started goes on and holds its streams. */
  isHeld: boolean;
};

const FIFOS_AT_ONCE = 16;
const SHELL_TICK_MS = 10;
// While commands take less than this on average, shells have the next one beforehand.
const SHORT_MS = 20;
/** What a write into a pipe does not break up (PIPE_BUF of Linux); what a pipe holds. */
const ATOMIC_BYTES = 4096;
const PIPE_BYTES = 65536;
const QUIET_MS = 100;
const ORPHAN_MS = 2000;
const MOST_DEATHS = 5;
const CAUGHT = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
/** First line of each command: a shell that was sent a signal goes no further. */
const CHECK = '${rr_t:+exit}\n';
// SHLVL and OLDPWD some shells set by themselves.
const PREPARE = 'unset rr_t; trap rr_t=1 INT TERM QUIT; trap ';
const OWN_VARIABLES = ['SHLVL', 'OLDPWD'];

/** The longest line that may be given to a shell. */
export const LONGEST_SHELL_LINE = 60000;

/** FIFOs of one command, with rr's read ends. */
type LogPair = { names: [ByteString, ByteString]; reads: [number, number] };

type Flight = {
  request: ShellRequest;
  pair: LogPair | undefined;
  line: Buffer;
  startMs: number;
  /** CPU ticks of the shell's earlier children, when it was first looked at. */
  ticks: [number, number] | undefined;
  peakBytes: number;
  sampleAtMs: number;
  resolve: (end: ShellEnd | undefined) => void;
};

type Shell = { number: number; child: import('child_process').ChildProcess; identity: string; names: [ByteString, ByteString]; input: number; back: number; errors: number; flights: Flight[]; signal: string | undefined };

export class Shells {
  private readonly project: Project;
  private readonly slots: number;
  private readonly program: string;
  private readonly inherited: number[];
  private readonly spare: string;
  private readonly environment: { [name: string]: string };
  private readonly shells = new Map<number, Shell>();
  private count = 0;
  private stock: ByteString[] = [];
  private pairs: LogPair[] = [];
  private waiting: Flight[] = [];
  private statusName: ByteString = '';
  private statusWrite = -1;
  private status: import('net').Socket | undefined;
  private rest = '';
  private timer: ReturnType<typeof setInterval> | undefined;
  private usualMs: number | undefined;
  private ended = 0;
  private deaths = 0;
  private isStopping = false;
  private stopSignal: NodeJS.Signals | undefined;
  private readonly signalled = new Set<number>();
  private buffer = Buffer.allocUnsafe(PIPE_BYTES);
  private onAllGone: (() => void) | undefined;

  /** `environment`: what commands have that ask for no other variables. `inherited`: descriptors above 2 that they have. */
  constructor(project: Project, slots: number, environment: { [name: string]: string }, inherited: number[] = [], program = '/bin/sh') {
    this.program = program;
    this.inherited = inherited;
    this.spare = ['8', '9', '7', '6', '5', '4', '3'].find((digit) => inherited.indexOf(Number(digit)) < 0) ?? '';
    this.project = project;
    this.slots = slots;
    this.environment = environment;
  }

  /** Resolves with false if commands cannot be run this way here. */
  async begin(): Promise<boolean> {
    if (process.platform !== 'linux' || process.versions.bun !== undefined || process.versions.deno !== undefined || this.spare === '' || !Object.keys(this.environment).every(isShellName)) return false;
    try {
      makeFolder(this.project.own + '/running');
      this.statusName = this.takeFifo();
      const read = fs.openSync(toFsPath(this.statusName), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
      this.statusWrite = fs.openSync(toFsPath(this.statusName), fs.constants.O_WRONLY);
      this.status = openReader(read);
    } catch (error) {
      if (errorCode(error) === '') throw error;
      return false;
    }
    this.status.on('error', () => undefined);
    this.status.on('data', (data: Buffer) => this.takeStatus(data.toString('latin1')));
    this.timer = setInterval(() => this.tick(), SHELL_TICK_MS);
    return this.isFaithful();
  }

  /** Does a command get what it would get from rr itself? */
  private async isFaithful(): Promise<boolean> {
    let told = '';
    const end = await this.run({
      argv: ['cat', '/proc/self/environ', '/proc/self/status'], folder: undefined, variables: new Map(), stdin: undefined, stdout: 'keep', stderr: 'keep',
      keep: (stream, data) => { told += stream + data.toString('latin1'); }, onSend: () => undefined,
    });
    const cut = told.lastIndexOf('\0') + 1;
    const got = told.slice('out'.length, cut).split('\0').slice(0, -1).filter((one) => !one.startsWith('_=')).sort();
    // "_" is of no meaning to a program: some shells put its name there. Of a folder that is not UTF-8 they know
    // the name, which Node.js cannot pass on.
    const { root } = this.project;
    const valueOf = (name: string): ByteString => (name === 'PWD' && toBytes(toText(root)) !== root ? root : toBytes(this.environment[name]));
    const wanted = Object.keys(this.environment).filter((name) => name !== '_').map((name) => name + '=' + valueOf(name)).sort();
    const status = told.slice(cut);
    const umask = /^Umask:\s+([0-7]+)$/m.exec(status);
    // Signals 1 to 31, which rr sets back for a command of its own: posix_spawn() of glibc, so GNU make, has 32 and 33 ignored.
    const ignored = /^SigIgn:\s+[0-9a-f]*([0-9a-f]{8})$/m.exec(status);
    const areSignalsPlain = /^SigBlk:\s+0+$/m.test(status) && ignored !== null && (parseInt(ignored[1], 16) & 0x7fffffff) === (isHangupIgnored() ? 1 : 0);
    return end?.exit === 0 && told.startsWith('out') && got.join('\0') === wanted.join('\0') && umask !== null && parseInt(umask[1], 8) === process.umask() && areSignalsPlain;
  }

  private takeFifo(): ByteString {
    if (this.stock.length === 0) this.stock = claimFifos(this.project.own + '/running/shells-' + makeRandomDigits(), this.project.own + '/pipes', FIFOS_AT_ONCE);
    const name = this.stock.pop();
    if (name === undefined) throw Object.assign(new Error('no FIFOs'), { code: 'ENOSYS' });
    return name;
  }

  private takePair(): LogPair {
    const spare = this.pairs.pop();
    if (spare !== undefined) return spare;
    const names: LogPair['names'] = [this.takeFifo(), this.takeFifo()];
    const open = (name: ByteString): number => fs.openSync(toFsPath(name), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    return { names, reads: [open(names[0]), open(names[1])] };
  }

  // ---- commands go in -----------------------------------------------------------------------------------

  private depth(): number {
    return this.usualMs !== undefined && this.usualMs < SHORT_MS && this.ended > this.slots ? 2 : 1;
  }

  /** How many more commands may be given to run() now. */
  room(): number {
    let count = this.waiting.length;
    for (const shell of this.shells.values()) count += shell.flights.length;
    return this.isStopping ? 0 : this.slots * this.depth() - count;
  }

  /** Resolves at the command's end; with undefined if stop() came before it began. */
  run(request: ShellRequest): Promise<ShellEnd | undefined> {
    return new Promise((resolve) => {
      const isKept = request.stdout === 'keep' || request.stderr === 'keep';
      const pair = isKept ? this.takePair() : undefined;
      this.waiting.push({ request, pair, line: Buffer.alloc(0), startMs: 0, ticks: undefined, peakBytes: 0, sampleAtMs: 0, resolve });
      this.dispatch();
    });
  }

  private dispatch(): void {
    while (this.waiting.length > 0) {
      if (this.isStopping || this.deaths > MOST_DEATHS) {
        const flight = this.waiting.shift() as Flight;
        this.dropPair(flight.pair);
        flight.resolve(this.isStopping ? undefined : endNotStarted('the shell ends again and again'));
        continue;
      }
      const shell = this.findShell(this.depth());
      if (shell === undefined) return;
      this.send(shell, this.waiting.shift() as Flight);
    }
  }

  private findShell(depth: number): Shell | undefined {
    let best: Shell | undefined;
    for (const shell of this.shells.values()) if (best === undefined || shell.flights.length < best.flights.length) best = shell;
    if (best !== undefined && best.flights.length === 0) return best;
    if (this.shells.size < this.slots) return this.startShell();
    // A long line would come in pieces, and could not be taken back whole.
    return best !== undefined && best.flights.length < depth && best.flights.every((flight) => flight.line.length < ATOMIC_BYTES) ? best : undefined;
  }

  private send(shell: Shell, flight: Flight): void {
    const { request, pair } = flight;
    const kept = (stream: 0 | 1): LineStream => ({ name: (pair as LogPair).names[stream], how: 'fifo' });
    const text = printLineCommand({ ...request, stdout: request.stdout === 'keep' ? kept(0) : request.stdout, stderr: request.stderr === 'keep' ? kept(1) : request.stderr }, this.spare);
    flight.line = Buffer.from(CHECK + text + '\necho ' + String(shell.number) + ' $?\n', 'latin1');
    flight.startMs = readMonotonicMs();
    request.onSend(shell.identity);
    shell.flights.push(flight);
    writeAll(shell.input, flight.line);
  }

  private startShell(): Shell | undefined {
    const number = ++this.count;
    const names: Shell['names'] = [this.takeFifo(), this.takeFifo()];
    const { O_RDONLY, O_WRONLY, O_NONBLOCK } = fs.constants;
    // In this order, so that none waits for the other end.
    const back = fs.openSync(toFsPath(names[0]), O_RDONLY | O_NONBLOCK);
    const input = fs.openSync(toFsPath(names[0]), O_WRONLY);
    const errors = fs.openSync(toFsPath(names[1]), O_RDONLY | O_NONBLOCK);
    const given: (number | 'ignore')[] = [fs.openSync(toFsPath(names[0]), O_RDONLY), this.statusWrite, fs.openSync(toFsPath(names[1]), O_WRONLY)];
    for (const descriptor of this.inherited) {
      while (given.length < descriptor) given.push('ignore');
      given[descriptor] = descriptor;
    }
    const came = readCurrentFolder();
    let child: Shell['child'];
    try {
      enterFolder(this.project.root);
      child = childProcess().spawn(this.program, [], { stdio: given, env: this.environment });
    } finally {
      enterFolder(came);
      fs.closeSync(given[0] as number);
      fs.closeSync(given[2] as number);
    }
    const shell: Shell = { number, child, identity: child.pid === undefined ? '' : identifyProcess(child.pid), names, input, back, errors, flights: [], signal: undefined };
    // By way of the FIFO, behind what the shell itself has written there.
    const noteDeath = (signal: string | null): void => {
      shell.signal = signal ?? undefined;
      try {
        writeAll(this.statusWrite, Buffer.from(String(number) + ' gone\n'));
      } catch (error) {
        if (errorCode(error) === '') throw error;
        this.endShell(shell);
        this.dispatch();
      }
    };
    child.on('error', () => noteDeath(null));
    child.on('exit', (_, signal) => noteDeath(signal));
    this.shells.set(number, shell);
    writeAll(input, Buffer.from(this.prepare(), 'latin1'));
    return shell;
  }

  private prepare(): ByteString {
    const own = OWN_VARIABLES.map((name) => (this.environment[name] === undefined ? '; unset ' + name : '; ' + name + '=' + quoteWord(toBytes(this.environment[name]))));
    return PREPARE + (isHangupIgnored() ? '""' : 'rr_t=1') + ' HUP' + own.join('') + '\n';
  }

  // ---- and come to their end ----------------------------------------------------------------------------

  private takeStatus(data: string): void {
    const lines = (this.rest + data).split('\n');
    this.rest = lines.pop() as string;
    let lastNumber = '';
    lines.forEach((line, i) => {
      const [number, status] = line.split(' ');
      const shell = this.shells.get(Number(number));
      if (shell === undefined) return;
      const isTimed = lastNumber !== number && !lines.slice(i + 1).some((other) => other.startsWith(number + ' ') && other !== number + ' gone');
      lastNumber = number;
      if (status === 'gone') this.endShell(shell);
      else this.endFlight(shell, Number(status), isTimed);
    });
    this.dispatch();
  }

  /** `isTimed`: there was no other end of this shell in the same moment. */
  private endFlight(shell: Shell, status: number, isTimed: boolean): void {
    const flight = shell.flights.shift();
    if (flight === undefined) return;
    const nowMs = readMonotonicMs();
    if (shell.flights.length > 0) shell.flights[0].startMs = nowMs;
    const wallMs = nowMs - flight.startMs;
    this.usualMs = this.usualMs === undefined ? wallMs : this.usualMs * 0.75 + wallMs * 0.25;
    this.ended += 1;
    this.deaths = 0;
    const said = status === 0 ? '' : this.readAll(shell.errors);
    const end = { ...describeStatus(status, said), startMs: flight.startMs, wallMs: isTimed ? wallMs : undefined, cost: readCost(shell, flight), isHeld: false };
    this.conclude(flight, end);
  }

  private conclude(flight: Flight, end: ShellEnd): void {
    if (flight.pair === undefined || this.drain(flight)) {
      this.dropPair(flight.pair);
      flight.resolve(end);
    } else void this.awaitQuiet(flight).then((isHeld) => flight.resolve({ ...end, isHeld }));
  }

  /** Takes all that was printed so far. True if nobody is there who could print more. */
  private drain(flight: Flight): boolean {
    const pair = flight.pair as LogPair;
    let isOver = true;
    for (const stream of [0, 1] as const) {
      for (;;) {
        const count = this.readSome(pair.reads[stream]);
        if (count === undefined) isOver = false;
        if (count === undefined || count === 0) break;
        flight.request.keep(stream === 0 ? 'out' : 'err', this.buffer.subarray(0, count));
      }
    }
    return isOver;
  }

  /** Into the buffer; 0 at the end of file, undefined if there is nothing now. */
  private readSome(descriptor: number): number | undefined {
    try {
      return fs.readSync(descriptor, this.buffer, 0, PIPE_BYTES, null);
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') throw error;
      return undefined;
    }
  }

  private readAll(descriptor: number): string {
    let text = '';
    for (let count = this.readSome(descriptor); count !== undefined && count > 0; count = this.readSome(descriptor)) text += this.buffer.toString('latin1', 0, count);
    return text;
  }

  /** The command has ended, but something has its streams: true if it still has them when nothing came for a while. */
  private async awaitQuiet(flight: Flight): Promise<boolean> {
    let seenMs = readMonotonicMs();
    const keep = flight.request.keep;
    flight.request.keep = (stream, data) => { seenMs = readMonotonicMs(); keep(stream, data); };
    while (readMonotonicMs() - seenMs < QUIET_MS) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (this.drain(flight)) {
        this.dropPair(flight.pair);
        return false;
      }
    }
    this.retirePair(flight.pair as LogPair);
    return true;
  }

  private dropPair(pair: LogPair | undefined): void {
    if (pair !== undefined) this.pairs.push(pair);
  }

  /** Somebody may still write there, and is to find that nobody reads it. */
  private retirePair(pair: LogPair): void {
    for (const descriptor of pair.reads) fs.closeSync(descriptor);
    for (const name of pair.names) releasePipe({ name, isAtEnd: false }, '');
  }

  // ---- long ones ----------------------------------------------------------------------------------------

  private tick(): void {
    const nowMs = readMonotonicMs();
    let idle: Shell | undefined;
    let loaded: Shell | undefined;
    for (const shell of this.shells.values()) {
      const flight = shell.flights[0] as Flight | undefined;
      if (flight === undefined) idle = shell;
      else if (nowMs - flight.startMs >= SHELL_TICK_MS) {
        this.watch(shell, flight, nowMs);
        if (this.stopSignal !== undefined) this.signalChildren(shell);
        if (shell.flights.length > 1) loaded = shell;
      }
    }
    if (loaded !== undefined && this.waiting.length === 0 && (idle !== undefined || this.shells.size < this.slots)) {
      this.waiting.push(...this.takeBack(loaded));
      this.dispatch();
    }
  }

  private watch(shell: Shell, flight: Flight, nowMs: number): void {
    if (flight.pair !== undefined) this.drain(flight);
    flight.ticks = flight.ticks ?? readTicks(shell);
    if (nowMs < flight.sampleAtMs) return;
    for (const pid of listDescendants(shell.child.pid as number).slice(1)) flight.peakBytes = Math.max(flight.peakBytes, readPeakMemoryBytes(pid));
    const afterMs = readMonotonicMs();
    // As in process.ts: at most the last twentieth goes unseen, and looking costs a fiftieth.
    flight.sampleAtMs = afterMs + Math.max(SHELL_TICK_MS, Math.min(100, (afterMs - flight.startMs) / 20), (afterMs - nowMs) * 50);
  }

  /** What the shell has not read yet does not begin there any more. */
  private takeBack(shell: Shell): Flight[] {
    const count = this.readSome(shell.back);
    if (count === undefined || count === 0) return [];
    const unread = Buffer.from(this.buffer.subarray(0, count));
    for (let from = 0; from < shell.flights.length; from++) {
      if (Buffer.concat(shell.flights.slice(from).map((flight) => flight.line)).equals(unread)) return shell.flights.splice(from);
    }
    // Some shells read byte by byte: this one has begun to.
    writeAll(shell.input, unread);
    return [];
  }

  // ---- the end ------------------------------------------------------------------------------------------

  /**
   * From now on nothing begins. Commands at work are sent the signal, unless it has come to them already
   * (isNote); undefined is SIGKILL, to all that they have started, too.
   */
  stop(signal: NodeJS.Signals | undefined, isNote: boolean): void {
    this.isStopping = true;
    this.stopSignal = signal ?? 'SIGKILL';
    for (const shell of this.shells.values()) {
      this.waiting.push(...this.takeBack(shell));
      if (shell.child.pid === undefined) continue;
      // First, or it goes on to its next command meanwhile.
      if (!isNote) sendSignal(shell.child.pid, signal !== undefined && CAUGHT.indexOf(signal) >= 0 ? signal : 'SIGTERM');
      if (isNote) for (const pid of readChildren(shell.child.pid)) this.signalled.add(pid);
      else if (signal === undefined) signalAll(listDescendants(shell.child.pid).slice(1), 'SIGKILL');
      else this.signalChildren(shell);
    }
    this.dispatch();
  }

  /** Also those that had just not begun when stop() was called. */
  private signalChildren(shell: Shell): void {
    for (const pid of readChildren(shell.child.pid as number)) {
      if (!this.signalled.has(pid)) sendSignal(pid, this.stopSignal as NodeJS.Signals);
      this.signalled.add(pid);
    }
  }

  /** A shell is gone: if it did not end by itself, so is its command; what it had not begun goes elsewhere. */
  private endShell(shell: Shell): void {
    const unread = this.takeBack(shell);
    this.shells.delete(shell.number);
    this.deaths += 1;
    const [current, ...others] = shell.flights;
    for (const descriptor of [shell.input, shell.back, shell.errors]) fs.closeSync(descriptor);
    for (const name of shell.names) releasePipe({ name, isAtEnd: true }, this.project.own + '/pipes');
    const isBegun = current !== undefined && shell.signal !== undefined;
    this.waiting.unshift(...shell.flights.slice(0, isBegun ? 0 : 1), ...others, ...unread);
    if (isBegun) void this.killOrphan(current, shell.signal as string);
    if (this.shells.size === 0) this.onAllGone?.();
  }

  /** Ends the command of a shell that was killed: nobody would learn how it ends. */
  private async killOrphan(flight: Flight, signal: string): Promise<void> {
    const { pair, startMs } = flight;
    const endMs = readMonotonicMs() + ORPHAN_MS;
    while (pair !== undefined && !this.drain(flight) && readMonotonicMs() < endMs) {
      for (const pid of findWriters(pair.names)) sendSignal(pid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    if (pair !== undefined) this.retirePair(pair);
    flight.resolve({ exit: 128 + signalNumber(signal), signal, startFailure: undefined, startMs, wallMs: readMonotonicMs() - startMs, cost: undefined, isHeld: false });
  }

  /** Resolves when all shells have ended. No command may be at work. */
  async close(): Promise<void> {
    this.isStopping = true;
    if (this.timer !== undefined) clearInterval(this.timer);
    if (this.shells.size > 0) {
      const gone = new Promise<void>((resolve) => { this.onAllGone = resolve; });
      // At the end of their input shells end; the descriptor itself is closed with the shell.
      for (const shell of this.shells.values()) writeAll(shell.input, Buffer.from('exit\n'));
      await gone;
    }
    this.status?.destroy();
    if (this.statusWrite >= 0) fs.closeSync(this.statusWrite);
    for (const pair of this.pairs) for (const descriptor of pair.reads) fs.closeSync(descriptor);
    const names = this.pairs.reduce((all: ByteString[], pair) => all.concat(pair.names), this.stock.concat(this.statusName === '' ? [] : [this.statusName]));
    for (const name of names) releasePipe({ name, isAtEnd: true }, this.project.own + '/pipes');
    this.pairs = [];
    this.stock = [];
  }
}

/** Removes the FIFOs of shells whose rr was killed. Nobody else may have shells in the project. */
export function removeLostFifos(project: Project): void {
  const folder = project.own + '/running';
  for (const name of listFolder(folder)) if (isShellFifo(name)) removeIfThere(folder + '/' + name);
}

function endNotStarted(why: string): ShellEnd {
  return { exit: 126, signal: undefined, startFailure: why, startMs: readMonotonicMs(), wallMs: 0, cost: undefined, isHeld: false };
}

/** What `$?` and the shell's own words tell. Some shells have 256 and more for a signal. */
function describeStatus(status: number, said: string): Pick<ShellEnd, 'exit' | 'signal' | 'startFailure'> {
  if (status > 256) return { exit: 128 + (status & 127), signal: signalName(status & 127), startFailure: undefined };
  // Shells tell of commands that a signal ended ("Terminated"), and of redirections that failed.
  if (said === '') return { exit: status, signal: undefined, startFailure: undefined };
  if (status > 128) return { exit: status, signal: signalName(status - 128), startFailure: undefined };
  return { exit: 126, signal: undefined, startFailure: said.trim().split('\n')[0] };
}

function readChildren(pid: number): number[] {
  try {
    return fs.readFileSync('/proc/' + String(pid) + '/task/' + String(pid) + '/children', 'latin1').split(' ').filter((word) => word !== '').map(Number);
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return [];
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (['ESRCH', 'EPERM'].indexOf(errorCode(error)) < 0) throw error;
  }
}

/** CPU ticks of all commands that the shell has waited for. */
function readTicks(shell: Shell): [number, number] | undefined {
  try {
    const stat = fs.readFileSync('/proc/' + String(shell.child.pid) + '/stat', 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return [Number(fields[13]), Number(fields[14])];
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return undefined;
  }
}

function readCost(shell: Shell, flight: Flight): ShellEnd['cost'] {
  const before = flight.ticks;
  const after = before === undefined ? undefined : readTicks(shell);
  if (before === undefined || after === undefined) return undefined;
  return { userS: (after[0] - before[0]) / CLOCK_TICKS_PER_S, systemS: (after[1] - before[1]) / CLOCK_TICKS_PER_S, peakMemoryBytes: flight.peakBytes };
}

/** Processes that have one of these FIFOs as standard output or error. */
function findWriters(names: ByteString[]): number[] {
  const wanted = new Set(names);
  const isWriter = (pid: string): boolean => ['1', '2'].some((descriptor) => {
    try {
      return wanted.has(fs.readlinkSync('/proc/' + pid + '/fd/' + descriptor, 'latin1' as BufferEncoding) as unknown as ByteString);
    } catch (error) {
      return false;
    }
  });
  return listFolder('/proc').filter((name) => /^\d+$/.test(name) && isWriter(name)).map(Number);
}
