// make.ts - rr make: brings results up to date, by content: redoes what must be redone, in its order.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { DURATION_WORDS, parseDuration, parseSize, SIZE_WORDS } from '../core/quantities.ts';
import type { TaskOutcome } from '../core/schedule.ts';
import { describeCauses } from '../core/stepcauses.ts';
import type { StepCause } from '../core/stepcauses.ts';
import { sortSteps, withAllAfter, withAllBefore } from '../core/steps.ts';
import { recoverAside } from '../sys/aside.ts';
import { readClusterOptions, refuseInFlight, runOnCluster } from '../sys/clusterrun.ts';
import type { ClusterOptions, ClusterWish } from '../sys/clusterrun.ts';
import type { ClusterReport } from '../sys/clusterstate.ts';
import { listStepTasks, listTaskOptions } from '../sys/clustersteps.ts';
import { settleCluster } from '../sys/clustersubmit.ts';
import { runTasks } from '../sys/engine.ts';
import type { StepEnd, StepJob } from '../sys/execute.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { os } from '../sys/node.ts';
import { PresentFacts } from '../sys/present.ts';
import type { Project } from '../sys/project.ts';
import { requireProject } from '../sys/project.ts';
import { chooseReuse } from '../sys/settings.ts';
import type { ReuseChoice } from '../sys/settings.ts';
import { dependOnRecords, findKeptAnswer, keepAnswer } from '../sys/statuscache.ts';
import type { Dependence } from '../sys/statuscache.ts';
import { readStepGraph, StepBook } from '../sys/steps.ts';
import type { StepForecast } from '../sys/steps.ts';
import { findTargets, findUsers } from '../sys/targets.ts';
import { printOut, tell } from '../sys/terminal.ts';
import { printAllCurrent, printMadeStep, printMakeJson, printMakeSum } from '../views/make.ts';
import type { MadeStep } from '../views/make.ts';

export type MakeOptions = ClusterOptions & {
  project: ByteString | undefined;
  jobs: ByteString | undefined;
  keepGoing: boolean;
  dryRun: boolean;
  why: boolean;
  force: boolean;
  down: ByteString[];
  retries: ByteString | undefined;
  timeout: ByteString | undefined;
  environment: boolean;
  reuse: boolean;
  noReuse: boolean;
  cache: ByteString | undefined;
  load: ByteString | undefined;
  json: boolean;
  quiet: boolean;
};

/** The numbers among the options. */
type MakeLimits = { slots: number; retries: number; timeoutS: number | undefined; maxLoad: number | undefined; memoryBytes: number | undefined };

/** What one call carries from round to round. */
type MakeSession = {
  project: Project;
  folder: ByteString;
  words: ByteString[];
  options: MakeOptions;
  limits: MakeLimits;
  /** Where outputs of earlier runs are looked for, to be put back instead of running a step. */
  reuse: ReuseChoice | undefined;
  facts: PresentFacts;
  book: StepBook;
  /** The steps that are wanted and all before them, and those of them that are redone in any case; by place. */
  selected: Set<number>;
  forced: Set<number>;
  /** Of each key that a step got by being carried out, the one that it had at first. */
  roots: Map<string, string>;
  /** What became of steps so far, and how often they were carried out; by the key at first. */
  made: Map<string, MadeStep>;
  times: Map<string, number>;
  /** Steps that must wait for another round, as what they read must be made again before. */
  postponed: Set<string>;
  /** A step has failed, or cannot be made, and the rest is not to go on. */
  isStopped: boolean;
  signal: string | undefined;
  /** All that was made so far in full. */
  isRecorded: boolean;
};

// ---- options ----------------------------------------------------------------------------------------

function readLimit<T>(name: string, text: ByteString | undefined, parse: (text: ByteString) => T | undefined, what: string, hint: string): T | undefined {
  const value = text === undefined ? undefined : parse(text);
  if (text !== undefined && value === undefined) throw new Failure('cannot use --' + name + ' "' + text + '": not ' + what, hint, EXIT.usage);
  return value;
}

function readMakeLimits(options: MakeOptions): MakeLimits {
  const whole = (least: number) => (text: ByteString): number | undefined => (/^\d{1,6}$/.test(text) && Number(text) >= least ? Number(text) : undefined);
  const decimal = (text: ByteString): number | undefined => (/^\d{1,6}(?:\.\d{1,6})?$/.test(text) && Number(text) > 0 ? Number(text) : undefined);
  return {
    slots: readLimit('jobs', options.jobs, whole(1), 'a number of steps at once', 'a whole number from 1') ?? Math.max(1, os().cpus().length),
    retries: readLimit('retries', options.retries, whole(0), 'a number', 'a whole number') ?? 0,
    timeoutS: readLimit('timeout', options.timeout, parseDuration, 'a time', 'write ' + DURATION_WORDS),
    maxLoad: readLimit('load', options.load, decimal, 'a load', 'a number such as 3.5'),
    memoryBytes: readLimit('memory', options.memory, parseSize, 'a size', 'write ' + SIZE_WORDS),
  };
}

// ---- nothing to do ------------------------------------------------------------------------------------

/** That all was up to date when it was last looked at. */
type KeptMake = { steps: number; variables: [ByteString, ByteString][] };

function parseKeptMake(text: string | undefined): KeptMake | undefined {
  try {
    const kept = text === undefined ? undefined : JSON.parse(text) as KeptMake;
    return kept !== undefined && typeof kept.steps === 'number' && Array.isArray(kept.variables) ? kept : undefined;
  } catch (error) {
    return undefined;
  }
}

function isAskedForAll(words: ByteString[], options: MakeOptions): boolean {
  return words.length + options.down.length === 0 && !options.environment;
}

/** The number of steps, if all are known to be up to date without looking at more than the times of files. */
async function findAllCurrent(project: Project, words: ByteString[], options: MakeOptions): Promise<number | undefined> {
  if (!isAskedForAll(words, options) || options.force || options.why || options.json) return undefined;
  const kept = parseKeptMake(await findKeptAnswer(project, 'make'));
  if (kept === undefined) return undefined;
  const facts = kept.variables.length === 0 ? undefined : new PresentFacts(project, false);
  return kept.variables.every(([name, line]) => (facts?.variableOf(name) ?? '') === line) ? kept.steps : undefined;
}

function keepAllCurrent(session: MakeSession, depends: Dependence[]): void {
  const { book, facts, project } = session;
  const kept: KeptMake = { steps: book.steps.length, variables: facts.listVariables() };
  keepAnswer(project, 'make', JSON.stringify(kept), depends.concat(facts.listDependences()));
}

// ---- what is wanted -----------------------------------------------------------------------------------

function selectSteps(session: MakeSession): void {
  const { project, folder, book, words, options } = session;
  const { graph } = book;
  const all = graph.nodes.map((_, at) => at);
  const targets = words.reduce((found: number[], word) => found.concat(findTargets(project, folder, book, word)), []);
  const users = options.down.reduce((found: number[], word) => found.concat(findUsers(project, folder, book, word)), []);
  const wanted = words.length + options.down.length === 0 ? all : targets.concat(Array.from(withAllAfter(graph, users)));
  session.selected = wanted === all ? new Set(all) : withAllBefore(graph, wanted);
  session.forced = new Set(options.force ? wanted : []);
}

function openBook(project: Project, facts: PresentFacts): StepBook {
  const source = readStepGraph(project);
  if (source.planFault !== undefined) throw source.planFault;
  if (source.graph.nodes.length === 0) {
    throw new Failure('cannot make anything: ' + (source.records === 0 ? 'nothing was recorded yet' : 'no run has left a result that is current') + ', and no step is planned',
      'rr record -o FILE -- COMMAND, or rr record --plan NAME -o FILE -- COMMAND', EXIT.unmakeable);
  }
  return new StepBook(project, source, facts);
}

async function beginMake(words: ByteString[], options: MakeOptions, project: Project): Promise<MakeSession> {
  const limits = readMakeLimits(options);
  const facts = new PresentFacts(project, options.environment);
  const book = openBook(project, facts);
  for (const fault of book.source.faults) tell('rr: ' + fault.message);
  const session: MakeSession = {
    project, folder: readCurrentFolder(), words, options, limits, facts,
    reuse: chooseReuse(project, readCurrentFolder(), { isAsked: options.reuse, isRefused: options.noReuse, cache: options.cache, hasEnvironment: options.environment }),
    book, selected: new Set(), forced: new Set(), roots: new Map(), made: new Map(), times: new Map(), postponed: new Set(), isStopped: false, signal: undefined, isRecorded: true,
  };
  selectSteps(session);
  await book.look(session.selected);
  return session;
}

// ---- what became of steps -------------------------------------------------------------------------------

function baseOf(book: StepBook, at: number): Pick<MadeStep, 'name' | 'run'> {
  const { name, runId } = book.steps[at];
  return { name, run: runId };
}

function rootOf(session: MakeSession, at: number): string {
  const { key } = session.book.steps[at];
  return session.roots.get(key) ?? key;
}

/** What is to be told of a forecast; `nameOf` gives the name of a step by its key. */
function tellForecast(book: StepBook, at: number, forecast: StepForecast, causesOf: (at: number) => StepCause[]): MadeStep {
  const base = baseOf(book, at);
  const nameOf = (key: string): ByteString => book.steps[book.placeOf(key) as number].name;
  switch (forecast.kind) {
    case 'fresh': return { ...base, state: 'up to date', why: book.describeFresh(at) };
    case 'redo': return { ...base, state: 'to do', causes: forecast.causes };
    case 'waits': return { ...base, state: 'to do', causes: causesOf(at) };
    case 'perhaps': return { ...base, state: 'perhaps', on: forecast.on.map(nameOf) };
    case 'unmakeable': return { ...base, state: 'cannot be made', why: forecast.why };
    case 'blocked': return { ...base, state: 'not run', why: nameOf(forecast.by) + ' cannot be made' };
  }
}

/** A step before this one that keeps it from being carried out: it failed, cannot be made, or was not run for such a reason. */
function findBlame(session: MakeSession, at: number): ByteString | undefined {
  const { book, made } = session;
  for (const one of book.graph.nodes[at].before.concat(book.graph.nodes[at].after)) {
    const step = made.get(rootOf(session, one));
    if (step?.state === 'failed') return step.name + ' failed';
    if (step?.state === 'cannot be made') return step.name + ' cannot be made';
    if (step?.state === 'not run') return step.why;
  }
  return undefined;
}

const STOPPED = 'an earlier step came to nothing (--keep-going goes on)';

// ---- a round --------------------------------------------------------------------------------------------

async function decideStep(session: MakeSession, key: string): Promise<StepJob | 'skip'> {
  const { book, options, forced, made } = session;
  const at = book.placeOf(key) as number;
  const root = rootOf(session, at);
  const base = baseOf(book, at);
  const blame = findBlame(session, at) ?? (session.isStopped ? STOPPED : undefined);
  if (blame !== undefined) {
    made.set(root, { ...base, state: 'not run', why: blame });
    return 'skip';
  }
  if (book.graph.nodes[at].before.some((one) => session.postponed.has(rootOf(session, one)))) {
    session.postponed.add(root);
    return 'skip';
  }
  const decision = await book.decide(key, forced.has(at));
  if (decision.kind === 'redo') {
    made.set(root, { ...base, state: 'to do', causes: decision.causes });
    // What is forced is to be run.
    const reuse = forced.has(at) ? undefined : session.reuse;
    return { ...book.jobOf(key, describeCauses(decision.causes), reuse !== undefined), reuse };
  }
  if (decision.kind === 'waits') session.postponed.add(root);
  else if (decision.kind === 'fresh') {
    // One that was made in an earlier round stays so.
    if (!made.has(root)) tellIfAsked(session, root, { ...base, state: 'up to date', why: book.describeFresh(at) });
  } else {
    made.set(root, { ...base, state: 'cannot be made', why: decision.why });
    tell('rr: ' + printMadeStep(made.get(root) as MadeStep));
    if (!options.keepGoing) session.isStopped = true;
  }
  return 'skip';
}

function tellIfAsked(session: MakeSession, root: string, step: MadeStep): void {
  session.made.set(root, step);
  if (session.options.why && !session.options.quiet) tell('rr: ' + printMadeStep(step));
}

function noteStepEnd(session: MakeSession, end: StepEnd): void {
  const { book, made, times, roots } = session;
  const at = book.placeOf(end.key) as number;
  const root = rootOf(session, at);
  const step = made.get(root);
  book.noteEnd(end);
  times.set(root, (times.get(root) ?? 0) + 1);
  made.set(root, { name: book.steps[at].name, run: end.run.id, state: end.isGood ? 'done' : 'failed', causes: step !== undefined && 'causes' in step ? step.causes : [] });
  if (end.isGood && book.steps[at].plan === undefined) roots.set(end.run.id, root);
}

/** What the engine did not carry out. */
function noteBlocked(session: MakeSession, outcomes: Map<string, TaskOutcome>, open: number[]): void {
  const { book, made } = session;
  for (const at of sortSteps(book.graph, open)) {
    if (outcomes.get(book.steps[at].key) !== 'blocked') continue;
    made.set(rootOf(session, at), { ...baseOf(book, at), state: 'not run', why: findBlame(session, at) ?? (session.signal === undefined ? STOPPED : 'it was interrupted') });
  }
}

/** One pass over the steps that may have to be redone. Is there reason for another? */
async function makeRound(session: MakeSession, forecast: Map<number, StepForecast>): Promise<boolean> {
  const { book, limits, options, project } = session;
  const open = listOpen(forecast);
  const done = new Set<number>();
  const result = await runTasks({
    project, tasks: book.tasksOf(open, () => true), ...limits, keepGoing: options.keepGoing, quiet: options.quiet,
    decide: (key) => decideStep(session, key),
    onEnd: (end) => {
      if (end.isGood) done.add(book.placeOf(end.key) as number);
      else if (!options.keepGoing) session.isStopped = true;
      noteStepEnd(session, end);
    },
  });
  session.signal = result.signal;
  session.isRecorded = session.isRecorded && result.isRecorded;
  noteBlocked(session, result.outcomes, open);
  return session.signal === undefined && !session.isStopped && done.size > 0 && (session.postponed.size > 0 || book.hasSurprise(done));
}

// A step that is out of date again each time it was made would be made for ever.
const MOST_TIMES = 2;

/** Steps that are left out of a further round: what came to nothing, and what does not settle. */
function dropSettled(session: MakeSession, forecast: Map<number, StepForecast>): void {
  const { book, made, times } = session;
  for (const at of sortSteps(book.graph, forecast.keys())) {
    const root = rootOf(session, at);
    const state = made.get(root)?.state;
    const next = forecast.get(at) as StepForecast;
    if (state === 'failed' || state === 'cannot be made' || state === 'not run') forecast.delete(at);
    else if (next.kind === 'redo' && (times.get(root) ?? 0) >= MOST_TIMES) {
      forecast.delete(at);
      const why = 'it was made ' + String(MOST_TIMES) + ' times and is out of date again (' + describeCauses(next.causes) + ')';
      made.set(root, { ...baseOf(book, at), state: 'cannot be made', why });
      tell('rr: ' + printMadeStep(made.get(root) as MadeStep));
    }
  }
}

/** Places of the steps that may have to be redone. */
function listOpen(forecast: Map<number, StepForecast>): number[] {
  return Array.from(forecast.keys()).filter((at) => ['redo', 'perhaps', 'waits'].indexOf((forecast.get(at) as StepForecast).kind) >= 0);
}

/** Hands them over to a cluster instead, where each is judged when its turn has come. */
async function handStepsOver(session: MakeSession, forecast: Map<number, StepForecast>, wish: ClusterWish, cluster: ClusterReport): Promise<number> {
  const { project, book, words, options, forced, limits } = session;
  const isNeeded = (at: number): boolean => {
    const one = forecast.get(at) as StepForecast;
    return one.kind === 'redo' && one.causes.some((cause) => cause.kind === 'needed');
  };
  const tasks = listStepTasks(project, book, listOpen(forecast), (at) => forced.has(at) || isNeeded(at));
  const batchOptions = listTaskOptions({ hasEnvironment: options.environment, retries: limits.retries, timeoutS: limits.timeoutS, reuse: session.reuse });
  const told = Array.from(session.made.values()).some((step) => step.state === 'cannot be made' || step.state === 'not run');
  return (await runOnCluster({ project, verb: 'make', title: words.join(' '), tasks, options: batchOptions }, wish, cluster, 'step', options.quiet)) || (told ? EXIT.unmakeable : 0);
}

async function makeAll(session: MakeSession, first: Map<number, StepForecast>): Promise<void> {
  for (let forecast = first, isMore = true; isMore;) {
    isMore = await makeRound(session, forecast);
    if (!isMore) break;
    session.book.close();
    session.facts.renew();
    session.book = openBook(session.project, session.facts);
    session.postponed.clear();
    selectSteps(session);
    session.forced = new Set();
    await session.book.look(session.selected);
    forecast = session.book.forecast(session.selected, () => false);
    dropSettled(session, forecast);
  }
}

// ---- the whole --------------------------------------------------------------------------------------------

function exitStatusOf(session: MakeSession): number {
  const states = new Set(Array.from(session.made.values(), (step) => step.state));
  if (session.signal !== undefined) return 128 + ((os().constants.signals as { [name: string]: number | undefined })[session.signal] ?? 15);
  return states.has('failed') ? EXIT.differs : states.has('cannot be made') || states.has('not run') ? EXIT.unmakeable : session.isRecorded ? 0 : EXIT.notRecorded;
}

const MOST_TOLD = 10;

/** What was not run and why, and the sum. */
function tellEnd(session: MakeSession): void {
  const { options, made, book, selected } = session;
  const steps = Array.from(made.values());
  for (const at of selected) if (!made.has(rootOf(session, at))) steps.push({ ...baseOf(book, at), state: 'up to date', why: book.describeFresh(at) });
  if (options.json) printOut(printMakeJson(steps));
  if (options.quiet || options.json) return;
  const left = steps.filter((step) => step.state === 'not run');
  for (const step of left.slice(0, MOST_TOLD)) tell('rr: ' + printMadeStep(step));
  if (left.length > MOST_TOLD) tell('rr: and ' + String(left.length - MOST_TOLD) + ' more that are not run');
  tell('rr: ' + printMakeSum(steps));
}

/** Tells what would be done. Status 0 unless something cannot be. */
function printDryRun(session: MakeSession, told: MadeStep[]): number {
  const { options } = session;
  if (options.json) printOut(printMakeJson(told));
  else if (!options.quiet) {
    for (const step of told) if (options.why || step.state !== 'up to date') printOut(printMadeStep(step) + '\n');
    printOut((told.every((step) => step.state === 'up to date') ? printAllCurrent(told.length) : printMakeSum(told)) + '\n');
  }
  return told.some((step) => step.state === 'cannot be made') ? EXIT.unmakeable : 0;
}

/** Tells what cannot be made, and what is up to date if that is asked for. May the rest be made? */
function tellBefore(session: MakeSession, forecast: Map<number, StepForecast>): boolean {
  const { book, options, made } = session;
  let isAll = true;
  for (const [at, one] of forecast) {
    const step = one.kind === 'fresh' && !options.why ? undefined : tellForecast(book, at, one, () => []);
    if (step === undefined) continue;
    if (step.state === 'up to date') tellIfAsked(session, rootOf(session, at), step);
    if (step.state !== 'cannot be made' && step.state !== 'not run') continue;
    made.set(rootOf(session, at), step);
    if (step.state === 'cannot be made') tell('rr: ' + printMadeStep(step));
    isAll = false;
  }
  return isAll || options.keepGoing;
}

/** Brings what is wanted up to date. Status 0 if all of it is then; EXIT.differs if a step failed, EXIT.unmakeable if one cannot be made, EXIT.notRecorded if one has no full record. */
export async function makeTargets(words: ByteString[], options: MakeOptions): Promise<number> {
  const project = requireProject(readCurrentFolder(), options.project);
  const say = (line: ByteString): void => { if (!options.quiet) tell('rr: ' + line); };
  // What an earlier call that was killed has left half done comes first.
  const wish = readClusterOptions(options);
  const cluster = wish === undefined || options.dryRun ? undefined : await settleCluster(project, say);
  if (!options.dryRun && cluster === undefined) await recoverAside(project, say);
  const current = await findAllCurrent(project, words, options);
  if (current !== undefined) {
    if (!options.dryRun) say(printAllCurrent(current));
    else if (!options.quiet) printOut(printAllCurrent(current) + '\n');
    return 0;
  }
  // Looked at before what is in them, so that a change meanwhile is noticed the next time.
  const depends = dependOnRecords(project);
  const session = await beginMake(words, options, project);
  const { book, selected, forced } = session;
  const forecast = book.forecast(selected, (at) => forced.has(at));
  book.close();
  const isAllFresh = Array.from(forecast.values()).every((one) => one.kind === 'fresh');
  if (isAllFresh && isAskedForAll(words, options) && book.source.faults.length === 0) keepAllCurrent(session, depends);
  if (options.dryRun) return printDryRun(session, Array.from(forecast, ([at, one]) => tellForecast(book, at, one, (place) => book.causesOf(place))));
  const mayGoOn = tellBefore(session, forecast);
  if (isAllFresh && !options.json) say(printAllCurrent(selected.size));
  if (!isAllFresh && mayGoOn && wish !== undefined && cluster !== undefined) return handStepsOver(session, forecast, wish, cluster);
  if (!isAllFresh && mayGoOn) {
    refuseInFlight(project, () => listOpen(forecast).map((at) => book.steps[at].key));
    await makeAll(session, forecast);
  }
  session.book.close();
  if (!isAllFresh && !mayGoOn) say('nothing was run (--keep-going makes what can be made)');
  if (options.json || (!isAllFresh && mayGoOn)) tellEnd(session);
  return exitStatusOf(session);
}
