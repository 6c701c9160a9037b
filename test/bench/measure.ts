// measure.ts - times programs against each other, round by round in one run. Knows no row.
import { spawnSync } from 'child_process';
import type { SpawnSyncOptionsWithStringEncoding, SpawnSyncReturns } from 'child_process';
import fs from 'fs';
import path from 'path';
import { toBytes, toText } from '../../src/sys/files.ts';
import { quoteArgument } from '../../src/formats/shell.ts';
import type { Bench, Line, Part } from './lines.ts';
import { median, ratiosOf, takesPart } from './statistics.ts';
import { printFigure } from './table.ts';

/** A program in the race. */
export type Entrant = {
  name: string;
  argv: string[];
  folder: string;
  /** Needed beside argv[0], which is always. */
  needs?: string[];
  /** The program that its version is asked of, where that is not argv[0]. */
  program?: string;
  does?: string;
  /** Runs once before the race. */
  setUp?: () => void;
  /** Runs before each start, untimed. */
  prepare?: () => void;
  /** Runs after each end, untimed. */
  cleanUp?: () => void;
  /** Its time is what it prints ("12.345" ms), not that of the process. */
  isSelfTimed?: boolean;
  /** Text on its standard input. */
  input?: string;
};

/** The parts of a race, by name of the entrant. */
export type Race = Map<string, Part>;

const LEAST_ROUNDS = 3;
const SHORT_MS = 5000;
// A first start that took so long counts as a round; one that took this much longer is the only one.
const SLOW_MS = 10000;
const ONCE_MS = 40000;

// NODE_EXTRA_CA_CERTS adds 32 ms to every start of Node; make's and Node's own settings change what is measured.
const LEFT_OUT = ['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'ROW', 'ROUNDS', 'STEPS', 'RUNS', 'FILES', 'MIB', 'POINTS', 'PEERS'];

export function cleanEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const name of Object.keys(process.env)) {
    if (LEFT_OUT.indexOf(name) < 0 && !name.startsWith('npm_')) env[name] = process.env[name];
  }
  env.LC_ALL = 'C';
  return env;
}

export function isInstalled(program: string): boolean {
  return program.startsWith('/') || (process.env.PATH ?? '').split(':').some((folder) => fs.existsSync(path.join(folder, program)));
}

/** A group of processes of its own, so that none of it outlives a program that was stopped. */
function spawnLimited(argv: string[], options: SpawnSyncOptionsWithStringEncoding, limitMs: number): SpawnSyncReturns<string> {
  const limited = { ...options, detached: true, timeout: limitMs, killSignal: 'SIGKILL' as const, maxBuffer: 1 << 30, env: cleanEnvironment() };
  const done = spawnSync(argv[0], argv.slice(1), limited);
  if ((done.error as { code?: string } | undefined)?.code !== 'ETIMEDOUT') return done;
  try {
    process.kill(-done.pid, 'SIGKILL');
  } catch (error) {
    if ((error as { code?: string }).code !== 'ESRCH') throw error;
  }
  throw new Error('stopped after ' + String(limitMs / 1000) + ' s');
}

/** The last that a program said, as a line of printable ASCII. */
function lastWords(done: SpawnSyncReturns<string>): string {
  const said = (done.stderr ?? '').trim() !== '' ? done.stderr : done.stdout ?? '';
  const lines = said.replace(/\x1b\[[0-9;]*m/g, '').replace(/[^\n -~]/g, '?').trim().split('\n');
  return done.error?.message ?? ('status ' + String(done.status ?? done.signal) + ': ' + lines[lines.length - 1].slice(-200));
}

/** Runs a program to its end; throws with what it said if it fails. Its standard output. */
export function runProgram(argv: string[], folder: string, input = '', limitMs = 600000): string {
  const done = spawnLimited(argv, { cwd: folder, input, encoding: 'latin1' }, limitMs);
  if (done.status !== 0) throw new Error('"' + argv.join(' ').slice(0, 100) + '" failed: ' + lastWords(done));
  return done.stdout;
}

/** Says in the account how the work was made ready; once, however often it is. */
export function tell(bench: Bench, what: string): void {
  if (bench.account.prepared.indexOf(what) < 0) bench.account.prepared.push(what);
}

/** The words of a command for a shell in which T is the row's folder. */
function spell(bench: Bench, argv: string[]): string[] {
  // No place of this machine: a peer's interpreter by its name.
  const named = argv.map((word, i) => (i === 0 && word.startsWith(process.cwd() + '/') ? path.basename(word) : word));
  const words = named.map((word) => quoteArgument(toBytes(word), toBytes(bench.scratch), '"$T"'));
  if (argv[0] !== process.execPath) return words;
  if (argv[1] === bench.rr) return ['rr'].concat(words.slice(2));
  return ['node'].concat(argv[1] === bench.call ? ['call.js'] : words.slice(1, 2), words.slice(2));
}

function placeOf(bench: Bench, folder: string): string {
  return folder === bench.scratch ? '$T' : '$T/' + path.relative(bench.scratch, folder);
}

/** Runs what makes the work ready, and tells it. */
export function runAndTell(bench: Bench, argv: string[], folder: string): void {
  tell(bench, 'in ' + placeOf(bench, folder) + ': ' + toText(spell(bench, argv).join(' ')));
  runProgram(argv, folder, '', bench.limitMs);
}

function timeOnce(bench: Bench, entrant: Entrant, argv: string[]): number {
  entrant.prepare?.();
  const started = process.hrtime.bigint();
  const done = spawnLimited(argv, {
    cwd: entrant.folder, input: entrant.input, encoding: 'latin1',
    stdio: [entrant.input === undefined ? 'ignore' : 'pipe', entrant.isSelfTimed === true ? 'pipe' : 'ignore', 'pipe'],
  }, bench.limitMs);
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  entrant.cleanUp?.();
  if (done.status !== 0) throw new Error(lastWords(done));
  return entrant.isSelfTimed === true ? Number(done.stdout) : ms;
}

/** The first start, with the most memory that one of its processes took, as the system counted it. */
function startFirst(bench: Bench, entrant: Entrant): { ms: number; peakBytes: number | undefined } {
  if (!isInstalled('time')) return { ms: timeOnce(bench, entrant, entrant.argv), peakBytes: undefined };
  const told = path.join(bench.scratch, 'peak.txt');
  const ms = timeOnce(bench, entrant, ['time', '-q', '-f', '%M', '-o', told].concat(entrant.argv));
  return { ms, peakBytes: Number(fs.readFileSync(told, 'latin1')) * 1024 };
}

function begin(bench: Bench, entrant: Entrant): Part {
  const program = entrant.program ?? (entrant.argv[1] === bench.rr ? 'rr' : path.basename(entrant.argv[0]));
  const programs = [program].concat(entrant.needs ?? []);
  const part: Part = { name: entrant.name, words: spell(bench, entrant.argv), programs, does: entrant.does ?? '', rounds: [], peakBytes: undefined, failure: undefined };
  const missing = [entrant.argv[0]].concat(entrant.needs ?? []).find((name) => !isInstalled(name));
  if (missing !== undefined) part.failure = missing + ' is not installed';
  return part;
}

/** Does something of a part; if that fails the part is over, and says why. */
function attempt(part: Part, act: () => void): void {
  try {
    act();
  } catch (error) {
    part.failure = (error as Error).message;
  }
}

/** In how many rounds a program is whose first start took so long. */
function countRounds(bench: Bench, firstMs: number): number {
  if (firstMs > ONCE_MS) return 1;
  return Math.min(bench.sizes.rounds, Math.max(LEAST_ROUNDS, Math.floor(bench.spendMs / firstMs)));
}

/**
 * Each entrant once a round, after a first start that does not count if it was short. Slow ones take part
 * in fewer rounds, spread evenly. The order turns round every time, so that neither a drift of the machine
 * nor a neighbour favours one of them. One that fails, or is not installed, is left out and says why.
 * With no rounds the first start is all.
 */
export function race(bench: Bench, entrants: Entrant[]): Race {
  const parts: Race = new Map();
  const counts = new Map<string, number>();
  // When the time is over, what is short still comes to its least rounds.
  const leasts = new Map<string, number>();
  for (const entrant of entrants) {
    const part = begin(bench, entrant);
    parts.set(entrant.name, part);
    bench.account.parts.push(part);
    if (part.failure === undefined) attempt(part, () => entrant.setUp?.());
  }
  for (const entrant of entrants) {
    const part = parts.get(entrant.name)!;
    if (part.failure === undefined) attempt(part, () => {
      const { ms, peakBytes } = startFirst(bench, entrant);
      part.peakBytes = peakBytes;
      if (ms > SLOW_MS || bench.sizes.rounds === 0) part.rounds.push({ round: -1, ms });
      leasts.set(entrant.name, ms > SHORT_MS ? 1 : LEAST_ROUNDS);
      counts.set(entrant.name, Math.max(0, countRounds(bench, ms) - part.rounds.length));
    });
  }
  const all = Math.max(0, ...counts.values());
  for (let round = 0; round < all; round++) {
    for (const entrant of round % 2 === 0 ? entrants : entrants.slice().reverse()) {
      const part = parts.get(entrant.name)!;
      const isLate = part.rounds.length >= leasts.get(entrant.name)! && Date.now() > bench.endMs;
      if (part.failure !== undefined || isLate || !takesPart(round, counts.get(entrant.name)!, all)) continue;
      attempt(part, () => part.rounds.push({ round, ms: timeOnce(bench, entrant, entrant.argv) }));
    }
  }
  return parts;
}

export type Judged = { what: string; budget?: number; floor?: string };

/** A line: how long the one takes against the other. */
export function compare(parts: Race, name: string, against: string, judged: Judged): Line {
  const [one, other] = [parts.get(name)!, parts.get(against)!];
  const why = one.failure ?? other.failure;
  if (why !== undefined) return { kind: 'absent', what: judged.what, why };
  return { kind: 'ratio', ...judged, ratios: ratiosOf(one.rounds, other.rounds) };
}

/** The floor that a line of this run shows; "*" tells these from those that are known from before. */
export function floorOf(line: Line): string {
  return line.kind === 'ratio' ? printFigure(median(line.ratios)) + '*' : '-';
}

/** Lines against each of several, with what has no budget. */
export function compareAll(parts: Race, name: string, others: string[], prefix: string): Line[] {
  return others.map((other) => compare(parts, name, other, { what: prefix + ' / ' + other }));
}

export function medianOf(part: Part): number {
  return median(part.rounds.map((one) => one.ms));
}

/** A line: the most memory that a part took. */
export function memoryOf(parts: Race, name: string, judged: { what: string; budget?: number }): Line {
  const part = parts.get(name)!;
  if (part.failure !== undefined) return { kind: 'absent', what: judged.what, why: part.failure };
  if (part.peakBytes === undefined) return { kind: 'absent', what: judged.what, why: 'time is not installed' };
  return { kind: 'megabytes', ...judged, megabytes: part.peakBytes / 1e6 };
}

/** rr as it is built. */
export function rrEntrant(bench: Bench, name: string, folder: string, args: string[]): Entrant {
  return { name, argv: [process.execPath, bench.rr].concat(args), folder };
}

/** One thing of rr's own code (call.ts). */
export function callEntrant(bench: Bench, name: string, folder: string, args: string[]): Entrant {
  return { name, argv: [process.execPath, bench.call].concat(args), folder, program: 'node' };
}

/** New times for files, so that no hash kept from an earlier round serves. */
export function touchAll(names: string[]): void {
  const nowS = Date.now() / 1000;
  for (const name of names) fs.utimesSync(name, nowS, nowS);
}

/** Removes a folder, also one that a program made read-only. */
export function removeFolder(folder: string): void {
  if (!fs.existsSync(folder)) return;
  if (isInstalled('chmod')) spawnSync('chmod', ['-R', 'u+w', folder], { stdio: 'ignore' });
  fs.rmSync(folder, { recursive: true, force: true });
}
