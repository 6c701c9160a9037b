// shortsteps.ts - carries out short steps through a few long-lived shells, and records each as executeStep() would. Chooses no steps.
//
// Only steps of which nothing but declared files and those of the run before is looked at, and that have no
// limit of time: neither a tracer nor a process of rr is needed beside the command. What makes it fast:
// commands go through shells (shells.ts); a record is written by a few calls and synced with others
// (batch.ts); what all steps have in common is found out once (shortfacts.ts), and a file that has not
// changed is not read again (shortfiles.ts); earlier results are held in folders that are used again
// (aside.ts, HeldSlot). All facts are those of a run that is recorded by itself, but for these:
//
// - Cost is not told of a command that takes less than 10 ms, by which the system charges time; nor the
//   time of one whose end is learned of in the same moment as that of the next.
// - Which of two lines came first on standard output and error is seen only every 10 ms.
// - Signal is not told of SIGINT and SIGPIPE, as shells do not tell them from an exit of that status.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { isSecretFile } from '../core/filerules.ts';
import { isGlob } from '../core/glob.ts';
import { isResultPath } from '../core/graph.ts';
import { fileParametersOf } from '../core/parameters.ts';
import { emptyRun } from '../core/run.ts';
import type { FileState, Run } from '../core/run.ts';
import { RR_VERSION } from '../core/version.ts';
import type { LineStream } from '../formats/shellline.ts';
import { dropHeld, HeldSlot, holdResults, isGoodRun, noteHeldRun, putBack, settleHeld } from './aside.ts';
import type { Held, HeldNews } from './aside.ts';
import type { Batch, ClaimedRun } from './batch.ts';
import { findLinkOut } from './bounds.ts';
import { formatUtcMicros, readMonotonicMs, readUtcMicros } from './clock.ts';
import { argumentsOf } from './commandplace.ts';
import { describeFault, failUnmade, fillStep, listDeclared, nameOfStep, noteGood, stepNotStarted, putBackSafely } from './execute.ts';
import type { StepEnd, StepJob } from './execute.ts';
import { errorCode, makeFolder, statIfThere } from './files.ts';
import { noteMeasures, RunMeasures } from './measures.ts';
import { expandDeclared, findArgumentFiles, findLinkIn, toRecordPath, withholdSecretFiles } from './observe.ts';
import { readFileParameters } from './parameterfiles.ts';
import { LogKeeper } from './process.ts';
import { absoluteOf } from './project.ts';
import type { Project } from './project.ts';
import { replaceByName } from './recording.ts';
import { findWayOut } from './scratch.ts';
import { LONGEST_SHELL_LINE, Shells } from './shells.ts';
import type { ShellEnd } from './shells.ts';
import { ShortFacts } from './shortfacts.ts';
import type { ShortVariables } from './shortfacts.ts';
import { isSameSeen, ShortFiles } from './shortfiles.ts';
import type { ShortSeen } from './shortfiles.ts';
import { makeResultTester, runningLogName, saveLogs } from './store.ts';

/** What commands have besides what rr itself has: variables of which no record tells, and descriptors above 2. */
export type ShortSurroundings = { variables: { [name: string]: string }; inherited: number[] };

/** Where the streams of a command go. */
type ShortStreams = { stdin: ByteString | undefined; stdout: LineStream | 'keep'; stderr: LineStream | 'keep' | 'stdout'; from: ByteString[]; to: ByteString[] };

/** A step as it will be run, found out by canTake(). Paths are as in a record. */
type ShortPlan = {
  argv: ByteString[];
  folder: ByteString;
  variables: ShortVariables;
  streams: ShortStreams;
  /** Declared inputs, those of the run before, parameter files, and streams. */
  inputs: ByteString[];
  /** Declared outputs, those of the run before, metrics files. */
  outputs: ByteString[];
};

type ShortStat = import('fs').Stats;

/** A step that is at work. */
type Flying = {
  job: StepJob;
  plan: ShortPlan;
  held: Held;
  /** Inputs and files that the command names, as they were before. */
  before: Map<ByteString, ShortSeen>;
  /** What was at the place of each output. */
  places: Map<ByteString, ShortStat | undefined>;
  parameters: ByteString[];
  claimed: ClaimedRun | undefined;
  log: LogKeeper | undefined;
  measures: RunMeasures | undefined;
  startedMicros: number;
};

// The list of what is held is to be written by one call.
const MOST_PATHS_BYTES = 3000;
// Rr hashes in the process that feeds the shells.
const LARGEST_INPUT_BYTES = 32 << 20;
const BEAT_OF_SLOTS_MS = 60000;

export class ShortSteps {
  private readonly project: Project;
  private readonly batch: Batch;
  private readonly shells: Shells;
  private readonly facts: ShortFacts;
  private readonly files: ShortFiles;
  private readonly plans = new WeakMap<StepJob, ShortPlan>();
  private readonly isResultBefore: (path: ByteString) => boolean;
  private readonly results = new Set<ByteString>();
  private readonly freeSlots: HeldSlot[] = [];
  private readonly slots: HeldSlot[] = [];
  private readonly beat: ReturnType<typeof setInterval>;
  private readonly plainFolders = new Set<ByteString>();
  private readonly secrets = new Map<ByteString, boolean>();
  private isReady = false;
  private stopSignal: NodeJS.Signals | undefined;

  /** `slots`: how many commands run at the same time. Records go into the batch, which the caller ends. */
  constructor(project: Project, batch: Batch, slots: number, surroundings: ShortSurroundings = { variables: {}, inherited: [] }) {
    this.project = project;
    this.batch = batch;
    this.facts = new ShortFacts(project, surroundings.variables);
    this.files = new ShortFiles(project);
    this.shells = new Shells(project, slots, this.facts.environment, surroundings.inherited);
    this.isResultBefore = makeResultTester(project);
    this.beat = setInterval(() => { for (const slot of this.slots) slot.touch(); }, BEAT_OF_SLOTS_MS);
    this.beat.unref();
  }

  /** Starts the shells; until this has resolved, and where it cannot be done, canTake() says no. */
  async begin(): Promise<void> {
    this.isReady = await this.shells.begin();
  }

  // ---- which steps --------------------------------------------------------------------------------------

  /** May this step be given to run()? All that comes before it must have ended. */
  canTake(job: StepJob): boolean {
    const { template } = job;
    if (!this.isReady || this.stopSignal !== undefined || template.observed !== 'none' || template.timeoutS !== undefined) return false;
    if (job.isReused || job.restore.length > 0 || template.job !== undefined) return false;
    const plan = this.plan(job);
    if (plan !== undefined) this.plans.set(job, plan);
    return plan !== undefined;
  }

  private plan(job: StepJob): ShortPlan | undefined {
    const { template, prior } = job;
    const { project } = this;
    if (template.command.indexOf('\0') >= 0 || template.parameters.some((parameter) => parameter.indexOf('\0') >= 0)) return undefined;
    const argv = argumentsOf(template, project.root);
    const variables = this.facts.variablesOf(template);
    const { folder } = variables;
    const isPlain = variables.changes !== undefined && argv[0] !== '' && argv[0][0] !== '-' && argv.every((word) => word.indexOf('\0') < 0);
    if (!isPlain || (folder !== project.root && statIfThere(folder)?.isDirectory() !== true) || !this.facts.canStart(argv, folder)) return undefined;
    const streams = this.planStreams(template);
    if (streams === undefined) return undefined;
    const priorOutputs = prior?.outputs ?? [];
    if (priorOutputs.some((file) => file.kind !== '' && file.kind !== 'x') || (prior?.secretOutputs ?? []).length > 0) return undefined;
    const declared = template.declaredInputs.concat(template.declaredOutputs, template.metricsFiles);
    if (declared.some((pattern) => isGlob(pattern) || pattern === '.' || toRecordPath(project, project.root, pattern) !== pattern)) return undefined;
    const inputs = new Set(template.declaredInputs.concat(template.parameterFiles, streams.from));
    for (const path of inputs) if (!this.isFile(path, false)) return undefined;
    for (const { path } of prior?.inputs ?? []) {
      if (inputs.has(path)) continue;
      if (!this.isFile(path, true)) return undefined;
      if (this.files.wasFile(path) || this.files.stat(path) !== undefined) inputs.add(path);
    }
    const outputs = new Set(template.declaredOutputs.concat(template.metricsFiles, priorOutputs.map((file) => file.path)));
    for (const path of outputs) if (!this.isFile(path, true)) return undefined;
    const plan = { argv, folder, variables, streams, inputs: Array.from(inputs).sort(compareBytes), outputs: Array.from(outputs).sort(compareBytes) };
    const isShort = plan.outputs.concat(streams.to).reduce((sum, path) => sum + path.length * 3 + 20, 0) < MOST_PATHS_BYTES;
    return isShort && isShortLine(plan) ? plan : undefined;
  }

  /** Is it a regular file that may be looked at here, or not there? */
  private isFile(path: ByteString, mayLack: boolean): boolean {
    // What has become of it meanwhile shows when it is looked at.
    if (this.files.wasFile(path)) return true;
    const stat = this.files.stat(path);
    if (stat === undefined) return mayLack;
    return stat.isFile() && stat.size <= LARGEST_INPUT_BYTES;
  }

  private planStreams(template: Run): ShortStreams | undefined {
    const { project } = this;
    const plan: ShortStreams = { stdin: undefined, stdout: 'keep', stderr: 'keep', from: [], to: [] };
    for (const redirect of template.redirects) {
      const parts = /^([012]) (<|>>?|>&) ([^]+)$/.exec(redirect);
      if (parts === null) return undefined;
      const [, descriptor, how, path] = parts;
      const name = absoluteOf(project, path);
      const isInside = isResultPath(path) && findLinkOut(project.root, name) === undefined;
      if (how === '>&') {
        if (redirect !== '2 >& 1') return undefined;
        plan.stderr = 'stdout';
      } else if (how === '<') {
        plan.from.push(path);
        plan.stdin = name;
      } else if (!isInside || plan.to.indexOf(path) >= 0) return undefined;
      else {
        plan.to.push(path);
        if (how === '>>' && (statIfThere(name)?.size ?? 0) > 0) plan.from.push(path);
        const stream: LineStream = { name, how: how === '>>' ? 'append' : 'write' };
        if (descriptor === '1') plan.stdout = stream;
        else plan.stderr = stream;
      }
    }
    // What both streams print to one FIFO cannot be told apart afterwards.
    return plan.stderr === 'stdout' && plan.stdout === 'keep' ? undefined : plan;
  }

  private folderOf(plan: ShortPlan): ByteString | undefined {
    return plan.folder === this.project.root ? undefined : plan.folder;
  }

  /**
   * How many more steps run() should be given now. More than the slots, as long as steps are short, so that
   * the next command begins without a word from rr; never are more than `slots` commands at work.
   */
  room(): number {
    return this.isReady ? this.shells.room() : 0;
  }

  // ---- one step -----------------------------------------------------------------------------------------

  /** Carries out one step. Resolves when its record is safe from a crash of rr; undefined if stop() came before its command began. */
  async run(job: StepJob): Promise<StepEnd | undefined> {
    const plan = this.plans.get(job) ?? this.plan(job);
    if (plan === undefined) throw new Error('a step that canTake() refuses');
    this.plans.delete(job);
    let flying: Flying;
    try {
      flying = this.prepare(job, plan);
    } catch (error) {
      return stepNotStarted(job, describeFault(error, 'cannot run "' + nameOfStep(job) + '"'));
    }
    let end: ShellEnd | undefined;
    try {
      end = await this.shells.run({
        argv: plan.argv, folder: this.folderOf(plan), variables: plan.variables.changes as Map<string, ByteString | undefined>, stdin: plan.streams.stdin, stdout: plan.streams.stdout,
        stderr: plan.streams.stderr, keep: (stream, data) => this.keep(flying, stream, data), onSend: (shell) => this.claim(flying, shell),
      });
    } catch (error) {
      return this.giveUp(flying, describeFault(error, 'cannot run "' + nameOfStep(job) + '"'));
    }
    if (end === undefined) {
      this.giveUp(flying, '');
      return undefined;
    }
    return this.conclude(flying, end);
  }

  /** Holds what the step makes anew, and looks at what it will find. */
  private prepare(job: StepJob, plan: ShortPlan): Flying {
    const { project } = this;
    const { template, prior } = job;
    const wayOut = findWayOut(project, prior === undefined ? template : { ...template, outputs: prior.outputs });
    if (wayOut !== undefined) throw Object.assign(new Error(wayOut), { code: 'ELOOP' });
    const slot = this.freeSlots.pop() ?? this.makeSlot();
    let held: Held | undefined;
    try {
      held = holdResults({ project, prior, declared: listDeclared(project, template), lent: [], isResultNow: (path) => this.results.has(path) || this.isResultBefore(path), job: undefined }, slot);
      for (const path of plan.streams.to) if (path.indexOf('/') >= 0) makeFolder(absoluteOf(project, path.slice(0, path.lastIndexOf('/'))));
      const fileParameters = fileParametersOf(template);
      const parameters = fileParameters.length === 0 ? template.parameters : replaceByName(template.parameters, readFileParameters(project, fileParameters));
      const before = new Map<ByteString, ShortSeen>();
      for (const path of plan.inputs) this.lookBefore(before, path, template);
      // What was not there, or has just been taken away, is not there now.
      const places = new Map<ByteString, ShortStat | undefined>();
      for (const { how, path } of held.entries) if (how === 'absent' || how === 'moved') places.set(path, undefined);
      for (const path of plan.outputs) if (!places.has(path)) places.set(path, this.files.stat(path));
      const isKnown = (path: ByteString): boolean => (before.has(path) && this.hasNoLink(path)) || (places.has(path) && places.get(path) === undefined);
      for (const path of findArgumentFiles({ project, folder: plan.folder, argv: plan.argv }, isKnown)) this.lookBefore(before, path, template);
      return { job, plan, held, before, places, parameters, claimed: undefined, log: undefined, measures: undefined, startedMicros: 0 };
    } catch (error) {
      if (held !== undefined) {
        putBack(held, undefined);
        dropHeld(held);
      }
      this.freeSlots.push(slot);
      throw error;
    }
  }

  private lookBefore(before: Map<ByteString, ShortSeen>, path: ByteString, template: Run): void {
    const seen = this.files.look(path);
    if (seen !== undefined) before.set(path, seen);
    else if (template.declaredInputs.indexOf(path) >= 0) throw new Failure('cannot start: declared input "' + path + '" is not there', '');
  }

  /** Is no folder in this path a link? */
  private hasNoLink(path: ByteString): boolean {
    const cut = path.lastIndexOf('/');
    if (cut < 0) return true;
    const folder = path.slice(0, cut);
    if (this.plainFolders.has(folder)) return true;
    const isPlain = findLinkIn(this.project, folder) === undefined;
    if (isPlain) this.plainFolders.add(folder);
    return isPlain;
  }

  private makeSlot(): HeldSlot {
    const slot = new HeldSlot(this.project);
    this.slots.push(slot);
    return slot;
  }

  private claim(flying: Flying, shell: string): void {
    const { plan, held } = flying;
    if (flying.claimed !== undefined) this.batch.forget(flying.claimed); // its first shell was killed before it began
    flying.startedMicros = readUtcMicros();
    const command = this.facts.spell(plan.argv, plan.folder);
    flying.claimed = this.batch.claim(flying.startedMicros, shell, (id) => {
      const run = emptyRun(id, command, formatUtcMicros(flying.startedMicros), RR_VERSION);
      this.fill(run, flying);
      noteHeldRun(held, id);
      return run;
    });
  }

  /** What is known before the command runs. */
  private fill(run: Run, flying: Flying): void {
    const { template } = flying.job;
    const { variables } = flying.plan;
    run.directory = template.directory;
    run.label = template.label;
    run.reason = template.reason;
    run.tags = template.tags;
    run.asked = template.asked;
    run.redirects = template.redirects;
    run.declaredVariables = template.declaredVariables;
    fillStep(template, run);
    run.parameters = flying.parameters;
    run.parameterFiles = Array.from(new Set(template.parameterFiles)).sort(compareBytes);
    run.variables = variables.listed.variables;
    run.variableHashes = variables.listed.variableHashes;
    this.facts.noteCode(run);
  }

  private keep(flying: Flying, stream: 'out' | 'err', data: Buffer): void {
    if (flying.claimed === undefined) return;
    flying.log = flying.log ?? new LogKeeper(runningLogName(this.project, flying.claimed.run.id));
    flying.log.keep(stream, data);
    flying.measures = flying.measures ?? new RunMeasures(flying.claimed.run, { isKept: true, isDrawn: false });
    flying.measures.afterOutput?.(stream, data);
  }

  /** Of a step whose command was not started: all is as before. */
  private giveUp(flying: Flying, problem: string): StepEnd {
    const problems: string[] = [];
    if (flying.claimed !== undefined) this.batch.forget(flying.claimed);
    putBackSafely(flying.held, undefined, problems);
    this.freeSlots.push(flying.held.slot as HeldSlot);
    const end = stepNotStarted(flying.job, problem);
    return { ...end, problems: end.problems.concat(problems) };
  }

  // ---- and its end --------------------------------------------------------------------------------------

  private async conclude(flying: Flying, end: ShellEnd): Promise<StepEnd> {
    const { job, plan, held } = flying;
    const claimed = flying.claimed as ClaimedRun;
    const { run } = claimed;
    const problems: string[] = [];
    const software = this.facts.softwareOf(plan.argv, plan.variables);
    this.noteEnd(run, end, flying);
    const observed = this.observe(flying);
    this.noteFiles(run, observed);
    const { environment, compilers, ownLibraries, warnings } = await software;
    run.environment = environment;
    run.compilers = compilers;
    run.warnings.push(...warnings);
    for (const path of ownLibraries) if (!run.inputs.some((file) => file.path === path)) this.addInput(run, this.files.look(path));
    this.facts.noteCodeFiles(run);
    try {
      this.noteMetrics(run, flying);
    } catch (error) {
      problems.push(describeFault(error, 'cannot keep the series'));
    }
    const news = this.judge(flying, run, problems);
    try {
      flying.log?.close(false);
      if (flying.log !== undefined || job.template.metricsFiles.length > 0) saveLogs(this.project, run);
    } catch (error) {
      problems.push(describeFault(error, 'cannot keep the logs'));
    }
    problems.push(...(flying.log?.problems ?? []));
    this.batch.save(claimed);
    if (news !== undefined) {
      for (const file of run.outputs) this.results.add(file.path);
      try {
        settleHeld(held, run, news);
      } catch (error) {
        problems.push(describeFault(error, 'cannot put away the earlier results of "' + nameOfStep(job) + '"'));
      }
    }
    this.freeSlots.push(held.slot as HeldSlot);
    problems.push(...this.facts.problems.splice(0));
    return { key: job.key, run, isGood: news !== undefined, problems, kept: news === undefined ? [] : news.edited.concat(news.unmade) };
  }

  private noteEnd(run: Run, end: ShellEnd, flying: Flying): void {
    const behindMs = readMonotonicMs() - end.startMs;
    run.startedUtc = formatUtcMicros(Math.max(flying.startedMicros, Math.round(readUtcMicros() - behindMs * 1000)));
    run.wallS = end.wallMs === undefined ? undefined : Math.round(end.wallMs) / 1000;
    if (end.cost !== undefined) {
      run.userS = end.cost.userS;
      run.systemS = end.cost.systemS;
      run.peakMemoryBytes = end.cost.peakMemoryBytes > 0 ? end.cost.peakMemoryBytes : undefined;
    }
    run.exit = end.exit;
    run.signal = end.signal;
    const isInterrupted = (end.signal !== undefined && ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'].indexOf(end.signal) >= 0) || (end.exit !== 0 && this.stopSignal !== undefined);
    run.status = isInterrupted ? 'interrupted' : end.exit === 0 ? 'succeeded' : 'failed';
    if (end.startFailure !== undefined) run.warnings.push('the command was not started: ' + end.startFailure);
    if (end.isHeld) run.warnings.push('something that the command started goes on: what it does now is not recorded, or is taken for the next run\'s');
  }

  /** What the declared files and those of the run before are now, and what is no more what it was. */
  private observe(flying: Flying): { inputs: FileState[]; outputs: FileState[]; missing: ByteString[]; warnings: ByteString[] } {
    const { plan, before, places } = flying;
    const observed = { inputs: [] as FileState[], outputs: [] as FileState[], missing: [] as ByteString[], warnings: [] as ByteString[] };
    const outputs = new Set(plan.streams.to);
    const stats = new Map<ByteString, ShortStat>();
    for (const path of plan.outputs) {
      const stat = this.files.stat(path);
      if (stat === undefined || isSameSeen(places.get(path), stat)) observed.missing.push(path);
      else if (!stat.isDirectory()) {
        outputs.add(path);
        stats.set(path, stat);
      }
      else this.addBelow(path, places.get(path) === undefined, outputs, observed.missing);
    }
    for (const path of Array.from(outputs).sort(compareBytes)) {
      this.files.forget(path);
      const seen = this.files.look(path, stats.get(path) ?? this.files.stat(path));
      if (seen === undefined) observed.warnings.push(path + ' vanished while it was looked at');
      else observed.outputs.push(seen.state);
      if (seen?.problem !== undefined) observed.warnings.push(path + ' ' + seen.problem + '; its hash is not known');
    }
    const declared = new Set(plan.inputs);
    for (const path of Array.from(before.keys()).sort(compareBytes)) {
      const seen = before.get(path) as ShortSeen;
      if (outputs.has(path) && !declared.has(path)) continue;
      if (!isSameSeen(seen.stat, this.files.stat(path))) observed.warnings.push('the input ' + path + ' was changed during the run');
      observed.inputs.push(seen.state);
      if (seen.problem !== undefined) observed.warnings.push(path + ' ' + seen.problem + '; its hash is not known');
    }
    return observed;
  }

  /** A declared output turned out to be a folder. */
  private addBelow(path: ByteString, isNew: boolean, outputs: Set<ByteString>, missing: ByteString[]): void {
    const { paths } = expandDeclared(this.project, this.project.root, path);
    for (const below of paths) outputs.add(below);
    if (paths.length === 0 && isNew) outputs.add(path);
    else if (paths.length === 0) missing.push(path);
  }

  private noteFiles(run: Run, observed: ReturnType<ShortSteps['observe']>): void {
    const declared = new Set(run.declaredOutputs);
    run.missingOutputs = observed.missing.filter((path) => declared.has(path));
    run.warnings.push(...observed.warnings);
    run.inputs = observed.inputs;
    run.outputs = observed.outputs;
    if (!run.inputs.some((file) => this.isSecret(file.path)) && !run.outputs.some((file) => this.isSecret(file.path))) return;
    const withheld = withholdSecretFiles(observed, [], (path) => absoluteOf(this.project, path), this.facts.hash);
    run.inputs = observed.inputs;
    run.outputs = observed.outputs;
    run.secretInputs = withheld.inputs;
    run.secretOutputs = withheld.outputs;
  }

  private isSecret(path: ByteString): boolean {
    const known = this.secrets.get(path);
    if (known !== undefined) return known;
    const isSecret = isSecretFile(path);
    this.secrets.set(path, isSecret);
    return isSecret;
  }

  private addInput(run: Run, seen: ShortSeen | undefined): void {
    if (seen === undefined) return;
    run.inputs.push(seen.state);
    run.inputs.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  private noteMetrics(run: Run, { job, measures }: Flying): void {
    measures?.end();
    if (job.template.metricsFiles.length === 0 && measures === undefined) return;
    noteMeasures(run, { project: this.project, withhold: (text) => this.facts.mask(text), logName: runningLogName(this.project, run.id), samples: [], printed: measures?.printed });
  }

  /** Of a good run what has become of the earlier results; of another one these come back, and undefined is returned. */
  private judge(flying: Flying, run: Run, problems: string[]): HeldNews | undefined {
    const { held, job } = flying;
    failUnmade(run);
    if (isGoodRun(run)) return noteGood(this.project, job, run, held);
    if (run.outputs.length + run.secretOutputs.length === 0) run.aside = undefined;
    for (const path of flying.places.keys()) this.files.forget(path);
    putBackSafely(held, run, problems);
    return undefined;
  }

  // ---- the end ------------------------------------------------------------------------------------------

  /** From now on no command begins. Those at work are sent the signal (undefined: SIGKILL), unless it has come to them from the keyboard (isNote). */
  stop(signal: NodeJS.Signals | undefined, isNote: boolean): void {
    this.stopSignal = this.stopSignal ?? signal ?? 'SIGKILL';
    this.shells.stop(signal, isNote);
  }

  /** Resolves when all shells have ended. No step may be at work. */
  async close(): Promise<void> {
    clearInterval(this.beat);
    await this.shells.close();
    this.files.save();
    for (const slot of this.slots) {
      try {
        slot.close();
      } catch (error) {
        if (errorCode(error) === '') throw error; // the next rr make removes it
      }
    }
  }
}

/** Does its line fit, however it is quoted? */
function isShortLine(plan: ShortPlan): boolean {
  let length = 1000 + plan.folder.length * 4;
  for (const word of plan.argv) length += word.length * 4 + 3;
  for (const [name, value] of plan.variables.changes as Map<string, ByteString | undefined>) length += name.length + (value ?? '').length * 4 + 12;
  for (const path of plan.streams.to.concat(plan.streams.from)) length += path.length * 4 + plan.folder.length * 4;
  return length < LONGEST_SHELL_LINE;
}
