// torture.ts - plans rounds, has them run, and says what came of them.
import childProcess from 'child_process';
import path from 'path';
import { runMix } from './mixes.ts';
import { NEEDS_FAKETIME, nameRound, refer, runRound } from './rounds.ts';
import type { Fault, Outcome, Reference } from './rounds.ts';
import { makeWorlds, SOURCES, TORTURED } from './world.ts';
import type { Tortured } from './world.ts';

export type TortureOptions = {
  work: string; seed: number; rounds: number; only: string; jobs: number; minutes: number; /** A world in which there is only what `record` needs. */ isSmall: boolean; isKept: boolean; /** May it mount a small disk? */ isMounting: boolean;
  tell: (line: string) => void;
};

export type TortureResult = { done: Round[]; hits: number; failed: string[]; left: number };

/** Numerical Recipes' generator. */
export function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

export type Round = { name: string; /** Kind of fault, without its number. */ how: string; command: string; run: () => Promise<Outcome> };

const [ENOSPC, EIO, EROFS, EDQUOT, EMFILE, EACCES] = [28, 5, 30, 122, 24, 13];

/** At each change in turn. */
const AT_EACH = ['kill:9', 'tear:9', 'errors:' + String(ENOSPC), 'error:' + String(EIO), 'stop', 'errors:' + String(EROFS), 'error:' + String(ENOSPC), 'errors:' + String(EIO), 'short', 'shorts', 'eintr', 'error:' + String(EDQUOT), 'error:' + String(EMFILE), 'error:' + String(EACCES), 'kill:15', 'kill:2', 'kill:1', 'group:9'];

/** Compiles fault.c. Throws if that cannot be. */
export function compileLibrary(work: string): string {
  const library = path.join(work, 'fault.so');
  childProcess.execFileSync('cc', ['-O1', '-shared', '-fPIC', '-o', library, path.join(SOURCES, 'fault.c'), '-ldl'], { stdio: 'pipe' });
  return library;
}

/** A round for each way at each change. */
function planEach(library: string, options: TortureOptions, references: Map<Tortured, Reference>): Round[] {
  const rounds: Round[] = [];
  for (const how of AT_EACH) {
    const most = Math.max(...Array.from(references.values()).map((one) => one.changes));
    for (let at = 1; at <= most; at++) {
      for (const [one, reference] of references) {
        const fault: Fault = { how, at };
        if (at <= reference.changes) rounds.push({ name: nameRound(one, fault), how: fault.how, command: one.name, run: () => runRound(library, options.work, one, fault, reference, options.isKept) });
      }
    }
  }
  return rounds;
}

const SIGNALS = [9, 15, 2, 1];
const LEFT_KIB = [0, 4, 8, 12, 16, 24, 32, 48, 64, 100, 200, 400];
const LEAST_FILES = 18;
const CLOCKS_S = [-86400, -3600, -2, 3600, 400 * 86400];

/** Rounds that hurt a command from outside. */
function planOthers(library: string, options: TortureOptions, references: Map<Tortured, Reference>): Round[] {
  const random = makeRandom(options.seed);
  const rounds: Round[] = [];
  for (const [one, reference] of references) {
    const faults: Fault[] = [];
    for (const signal of SIGNALS) for (let i = 0; i < 6; i++) faults.push({ how: 'signal:' + String(signal), at: Math.floor(random() * 1200) });
    for (let at = LEAST_FILES; at < LEAST_FILES + 30; at += 3) faults.push({ how: 'files', at });
    if (NEEDS_FAKETIME === false) for (const how of ['clock', 'leap']) for (const at of CLOCKS_S) faults.push({ how, at });
    if (options.isMounting && one.world !== 'pictures') faults.push({ how: 'readonly', at: 0 }, ...LEFT_KIB.map((at) => ({ how: 'disk', at })));
    for (const fault of faults) rounds.push({ name: nameRound(one, fault), how: fault.how, command: one.name, run: () => runRound(library, options.work, one, fault, reference, options.isKept) });
  }
  return rounds;
}

/** What ends every mix. */
const LAST = 'record';

function planMixes(library: string, options: TortureOptions, references: Map<Tortured, Reference>): Round[] {
  const last = Array.from(references).find(([one]) => one.name === LAST);
  if (last === undefined) return [];
  return Array.from({ length: options.rounds }, (_, i) => {
    const seed = options.seed + i;
    return { name: 'mix/' + String(seed), how: 'mix', command: '', run: () => runMix(library, options.work, seed, makeRandom(seed * 7919), references, last, options.isKept) };
  });
}

function shuffle<T>(items: T[], random: () => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]];
  }
  return items;
}

/** In groups of one key, in a random order. */
function group(rounds: Round[], keyOf: (round: Round) => string, random: () => number): Round[][] {
  const groups = new Map<string, Round[]>();
  for (const round of rounds) groups.set(keyOf(round), (groups.get(keyOf(round)) ?? []).concat(round));
  return shuffle(Array.from(groups.values()), random);
}

/**
 * Whatever the time allows is a fair share of all: in turn one of each kind of fault, whose turns go over the commands,
 * each kind beginning with another; which change, size or time it is says the seed. All of them, if there is time.
 */
export function spread<R extends Round>(rounds: R[], seed: number): R[] {
  const random = makeRandom(seed);
  const commands = shuffle(Array.from(new Set(rounds.map((round) => round.command))), random);
  const queues = group(rounds, (round) => round.how, random).map((ofKind, k) => {
    const ofCommands = group(ofKind, (round) => round.command, random).map((one) => shuffle(one, random));
    const rank = (one: Round[]): number => (commands.indexOf(one[0].command) + k) % commands.length;
    ofCommands.sort((one, other) => rank(one) - rank(other));
    return takeInTurn(ofCommands);
  });
  return takeInTurn(queues) as R[];
}

function takeInTurn(queues: Round[][]): Round[] {
  const taken: Round[] = [];
  for (let i = 0, isMore = true; isMore; i++) {
    isMore = false;
    for (const queue of queues) {
      if (i >= queue.length) continue;
      taken.push(queue[i]);
      isMore = true;
    }
  }
  return taken;
}

/** "kill:9 12, mix 3": how many there were of each. */
function tally(words: string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Array.from(counts.keys()).sort().map((word) => word + ' ' + String(counts.get(word))).join(', ');
}

async function runAll(rounds: Round[], options: TortureOptions, untilMs: number): Promise<TortureResult> {
  const result: TortureResult = { done: [], hits: 0, failed: [], left: 0 };
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < rounds.length && Date.now() < untilMs) {
      const round = rounds[next++];
      const { isHit, wrong } = await round.run();
      result.done.push(round);
      if (isHit) result.hits += 1;
      if (wrong.length > 0) {
        result.failed.push(round.name);
        options.tell('FAILED ' + round.name + '\n' + wrong.map((line) => '    ' + line.replace(/\n/g, '\n      ')).join('\n') + '\n    again: make torture ' + (round.name.startsWith('mix/') ? 'SEED=' + round.name.slice(4) + ' ROUNDS=1 ' : '') + 'ONLY=' + round.name);
      }
      if (result.done.length % 100 === 0) options.tell(String(result.done.length) + ' rounds, ' + String(result.hits) + ' faults met, ' + String(result.failed.length) + ' failed');
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  result.left = rounds.length - result.done.length;
  return result;
}

export async function runTorture(options: TortureOptions): Promise<TortureResult> {
  const library = compileLibrary(options.work);
  await makeWorlds(options.work, options.isSmall);
  const isMix = options.only.startsWith('mix');
  const references = new Map<Tortured, Reference>();
  const asked = TORTURED.filter((one) => options.only === '' || isMix || one.name === options.only.split('/')[0]);
  const waiting = asked.slice();
  const found = new Map<Tortured, Reference>();
  await Promise.all(Array.from({ length: options.jobs }, async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) found.set(one, await refer(library, options.work, one));
  }));
  // In the order of the table, whichever came first: the seed is to mean the same again.
  for (const one of asked) references.set(one, found.get(one) as Reference);
  options.tell('seed ' + String(options.seed) + '; changes: ' + Array.from(references).map(([one, { changes }]) => one.name + ' ' + String(changes)).join(', '));
  if (!options.isMounting) options.tell('skipped: full and read-only disks: needs root that may mount');
  if (NEEDS_FAKETIME !== false) options.tell('skipped: clocks: ' + NEEDS_FAKETIME);
  const planned = planEach(library, options, references).concat(planOthers(library, options, references), planMixes(library, options, references));
  const rounds = spread(planned.filter((round) => isAsked(round.name, options.only)), options.seed);
  const result = await runAll(rounds, options, Date.now() + options.minutes * 60000);
  options.tell('rounds by fault: ' + tally(result.done.map((round) => round.how)));
  options.tell('rounds by command: ' + tally(result.done.map((round) => round.command === '' ? 'mix' : round.command)));
  options.tell(String(result.done.length) + ' rounds, ' + String(result.hits) + ' faults met, ' + String(result.failed.length) + ' failed, ' + String(result.left) + ' left out');
  return result;
}

/** Is this round asked for by the beginning of its name, in whole words? */
function isAsked(name: string, only: string): boolean {
  return only === '' || name === only || name.startsWith(only + '/');
}
