// measure.ts - times programs against each other, round by round in one run. Knows no row.
import { spawnSync } from 'child_process';
import fs from 'fs';
import os from 'os';
import path from 'path';

/** A program in the race. */
export type Entrant = {
  name: string;
  argv: string[];
  folder: string;
  /** Runs before each start, untimed. */
  prepare?: () => void;
  /** Its time is what it prints ("12.345" ms), not that of the process. */
  isSelfTimed?: boolean;
  /** Text on its standard input. */
  input?: string;
};

/** Milliseconds of each round, by name. */
export type Times = Map<string, number[]>;

// NODE_EXTRA_CA_CERTS adds 32 ms to every start of Node; make's and Node's own settings change what is measured.
const LEFT_OUT = ['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'ROW', 'ROUNDS'];

export function cleanEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const name of Object.keys(process.env)) {
    if (LEFT_OUT.indexOf(name) < 0 && !name.startsWith('npm_')) env[name] = process.env[name];
  }
  env.LC_ALL = 'C';
  return env;
}

/** Runs a program to its end; throws with what it said if it fails. Its standard output. */
export function runProgram(argv: string[], folder: string, input = ''): string {
  const done = spawnSync(argv[0], argv.slice(1), { cwd: folder, env: cleanEnvironment(), input, encoding: 'latin1', maxBuffer: 1 << 30 });
  if (done.status !== 0) throw new Error('"' + argv.join(' ').slice(0, 200) + '" failed: ' + (done.error?.message ?? done.stderr.slice(0, 500)));
  return done.stdout;
}

function timeOnce(entrant: Entrant): number {
  entrant.prepare?.();
  const started = process.hrtime.bigint();
  const done = spawnSync(entrant.argv[0], entrant.argv.slice(1), {
    cwd: entrant.folder, env: cleanEnvironment(), input: entrant.input, encoding: 'latin1',
    stdio: [entrant.input === undefined ? 'ignore' : 'pipe', entrant.isSelfTimed === true ? 'pipe' : 'ignore', 'pipe'],
  });
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  if (done.status !== 0) throw new Error('"' + entrant.argv.join(' ').slice(0, 200) + '" failed: ' + (done.error?.message ?? done.stderr.slice(0, 500)));
  return entrant.isSelfTimed === true ? Number(done.stdout) : ms;
}

/**
 * Each entrant once a round, after one round that does not count. The order turns round every
 * time, so that neither a drift of the machine nor a neighbour favours one of them.
 */
export function race(entrants: Entrant[], rounds: number): Times {
  const times: Times = new Map();
  for (const entrant of entrants) times.set(entrant.name, []);
  for (let round = 0; round <= rounds; round++) {
    const order = round % 2 === 0 ? entrants : entrants.slice().reverse();
    for (const entrant of order) {
      const ms = timeOnce(entrant);
      if (round > 0) times.get(entrant.name)!.push(ms);
    }
  }
  return times;
}

/** Ratio of two entrants in each round. */
export function ratiosOf(times: Times, name: string, against: string): number[] {
  const base = times.get(against)!;
  return times.get(name)!.map((ms, round) => ms / base[round]);
}

export function median(values: number[]): number {
  const sorted = values.slice().sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => fs.existsSync(path.join(folder, program)));
}

/** Peak resident memory in megabytes (10^6 bytes) of a Node script run to its end. */
export function peakMemory(script: string[], folder: string, scratch: string): number {
  const hook = path.join(scratch, 'peak.cjs');
  const told = path.join(scratch, 'peak.txt');
  // maxRSS is in KiB on every system of libuv.
  fs.writeFileSync(hook, 'process.on("exit", () => require("fs").writeFileSync(' + JSON.stringify(told) + ', String(process.resourceUsage().maxRSS * 1024)));\n');
  const done = spawnSync(process.execPath, ['--require', hook].concat(script), { cwd: folder, env: cleanEnvironment(), stdio: ['ignore', 'ignore', 'pipe'], encoding: 'latin1' });
  if (done.status !== 0) throw new Error('"' + script.join(' ') + '" failed: ' + done.stderr.slice(0, 500));
  return Number(fs.readFileSync(told, 'utf8')) / 1e6;
}

/** The machine in a line. */
export function describeMachine(scratch: string): string {
  const cpus = os.cpus();
  const disk = isInstalled('stat') ? spawnSync('stat', ['-f', '-c', '%T', scratch], { encoding: 'utf8' }).stdout.trim() : '';
  return 'Node.js ' + process.version + ', ' + String(cpus.length) + ' x ' + (cpus[0]?.model ?? '?').trim() + ', load ' + os.loadavg()[0].toFixed(1)
    + (disk === '' ? '' : ', ' + disk);
}
