// rerun.ts - rr rerun: repeats recorded runs and compares what they leave with what they left.
import type { ByteString } from '../core/bytes.ts';
import type { Tolerance } from '../core/comparison.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { compileGlob } from '../core/glob.ts';
import { findLiveRuns, isResultPath } from '../core/graph.ts';
import type { GraphRun } from '../core/graph.ts';
import { applyNotes, findTolerance } from '../core/notes.ts';
import type { Note, OutputTolerance } from '../core/notes.ts';
import type { ParameterSetting } from '../core/parameters.ts';
import { changeRun, describeOtherEnd, findRepeatObstacle, isRepeatAccepted, ResultHistory, shareSettings, USUAL_SURROUNDINGS } from '../core/repeat.ts';
import type { Judgement, RepeatSurroundings, Setting } from '../core/repeat.ts';
import { ACCEPTANCES } from '../core/run.ts';
import type { Acceptance, FileState, Run } from '../core/run.ts';
import { findRunBefore } from '../core/steps.ts';
import { judgeVariations, listVariations, needsControl } from '../core/variations.ts';
import type { TrialOutcome, VariedTrial } from '../core/variations.ts';
import { parseToleranceOption } from '../formats/note.ts';
import { quoteCommand, quoteWord } from '../formats/shell.ts';
import { makeRandomDigits, pauseMs, readUtcMicros } from '../sys/clock.ts';
import { argumentsOf } from '../sys/commandplace.ts';
import { ContentFinder } from '../sys/contents.ts';
import { copyContent } from '../sys/copying.ts';
import { errorCode, lstatIfThere, makeFolder } from '../sys/files.ts';
import { resolveCommit } from '../sys/gitobjects.ts';
import { hashWithRetry } from '../sys/hash.ts';
import { writeFileParameters } from '../sys/parameterfiles.ts';
import { findProgram, readCurrentFolder } from '../sys/machine.ts';
import { listCandidateWords, toRecordPath } from '../sys/observe.ts';
import { pickRun, pickRunIds } from '../sys/pickrun.ts';
import { absoluteOf, describeSystemError, requireProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { drawDifferences, keepForLook, repeatRun } from '../sys/repeat.ts';
import type { OneRepeat, Repeated } from '../sys/repeat.ts';
import { findWayOut, makeHeldFolder, makeScratch, putNamed, removeAbandonedScratch, removeHeldFolder, removeTree } from '../sys/scratch.ts';
import type { Scratch } from '../sys/scratch.ts';
import { isLeftOut } from '../sys/scan.ts';
import { readRun } from '../sys/records.ts';
import { readGraphRuns } from '../sys/runindex.ts';
import { readVariationGround } from '../sys/surroundings.ts';
import { printOut, printPieces, readColumns, tell } from '../sys/terminal.ts';
import { printJsonVariations, printVariations } from '../views/variations.ts';
import { printJsonPlan, printJsonStories, printJsonStory, printRepeatPlan, printRepeatStory, printStorySum } from '../views/verdicts.ts';
import type { PlannedRepeat, RepeatStory } from '../views/verdicts.ts';

export type RerunOptions = {
  project: ByteString | undefined;
  inPlace: boolean;
  /** 'NAME=VALUE' */
  settings: ByteString[];
  label: ByteString | undefined;
  reason: ByteString | undefined;
  /** A run: all after it. '' is the beginning. */
  since: ByteString | undefined;
  all: boolean;
  onto: ByteString | undefined;
  dryRun: boolean;
  accept: ByteString | undefined;
  /** 'PATH=ABSOLUTE[,RELATIVE]' */
  tolerances: ByteString[];
  explain: boolean;
  vary: boolean;
  full: boolean;
  force: boolean;
  json: boolean;
  quiet: boolean;
};

/** What one call carries from step to step. */
type RerunSession = {
  options: RerunOptions;
  project: Project;
  /** All recorded runs, with what notes say, in the order of their ids. The record of one is read when its turn comes. */
  runs: GraphRun[];
  /** Runs that are meant and have no record. */
  unrecorded: Map<string, Run>;
  /** Made when it is first asked. */
  history: ResultHistory | undefined;
  finder: ContentFinder;
  settings: Setting[];
  commit: string | undefined;
  accept: Acceptance;
  /** Of the options; those of notes come after them. */
  tolerances: OutputTolerance[];
  notes: Map<string, Note[]>;
  /** Keeps what runs of this call made for those that come after them. */
  folder: ByteString | undefined;
  /** Of all trees of --vary, or what names its folder would differ each time. */
  folderDigits: string | undefined;
  /** What each run wanted takes of the settings; a run that another needs takes none. */
  settingsOf: Map<string, Setting[]>;
  /** Runs that this call made otherwise: with something set, or from what such a one made. */
  changed: Set<string>;
  /** All repeats so far in full. */
  isRecorded: boolean;
  /** Paths that a run of this call made anew, for the runs that read them from that run: its id + NUL + path -> absolute name. */
  made: Map<string, ByteString>;
};

// ---- options ------------------------------------------------------------------------------------------------

function parseSetting(text: ByteString): Setting {
  const parts = /^([^ \t-\r=][^\t-\r=]*)=([^]*)$/.exec(text);
  if (parts === null) throw new Failure('cannot use --set "' + text + '": not NAME=VALUE', 'such as --set gamma=0.3', EXIT.usage);
  return { name: parts[1], value: parts[2] };
}

function checkOptions(references: ByteString[], options: RerunOptions): void {
  const refuse = (what: string, hint: string): never => { throw new Failure('cannot rerun: ' + what, hint, EXIT.usage); };
  const ways = [references.length > 0, options.since !== undefined, options.all].filter((isGiven) => isGiven).length;
  if (ways === 0) refuse('no run is named', 'rr rerun RUN, rr rerun --all, rr rerun --since RUN');
  if (ways > 1) refuse('RUN, --since and --all exclude one another', '');
  if (options.inPlace && options.onto !== undefined) refuse('--onto takes code of another commit, which --in-place would have to put into your files', '');
  if (options.vary && (options.inPlace || options.settings.length > 0)) refuse('--vary repeats in scratch trees, with nothing else changed', '');
  if ((options.label ?? options.reason) !== undefined && options.settings.length === 0) refuse((options.label === undefined ? '--reason' : '--label') + ' is for a new run, which --set makes', 'rr rerun --set NAME=VALUE ..., or "rr note" to name the run that is there');
  if (options.inPlace && options.full) refuse('--full fills a scratch tree, and --in-place uses none', '');
}

function beginSession(references: ByteString[], options: RerunOptions): RerunSession {
  checkOptions(references, options);
  const project = requireProject(readCurrentFolder(), options.project);
  const { runs, notes, faults } = readGraphRuns(project);
  for (const fault of faults) tell('rr: ' + fault.message);
  const finder = new ContentFinder(project);
  const repository = options.onto === undefined ? undefined : finder.ownRepository();
  const commit = options.onto === undefined || repository === undefined ? undefined : resolveCommit(repository, options.onto);
  if (options.onto !== undefined && commit === undefined) {
    throw new Failure('cannot use --onto "' + options.onto + '": ' + (repository === undefined ? 'the project is in no git repository' : 'no such commit'), repository === undefined ? '' : 'run "git log --oneline"', EXIT.usage);
  }
  return {
    options, project, runs, unrecorded: new Map(), history: undefined, finder, settings: options.settings.map(parseSetting), commit, accept: ACCEPTANCES.find((one) => one === options.accept) ?? 'identical',
    tolerances: options.tolerances.map((text) => parseToleranceOption(text, (name) => toRecordPath(project, readCurrentFolder(), name))), notes, folder: undefined, folderDigits: options.vary ? makeRandomDigits() : undefined, made: new Map(), settingsOf: new Map(), changed: new Set(), isRecorded: true,
  };
}

// ---- which runs -----------------------------------------------------------------------------------------------

/** The whole of a run with what notes say, or why it cannot be had. */
function readRepeatable(session: RerunSession, { id }: { id: string }): Run | string {
  try {
    const run = session.unrecorded.get(id) ?? readRun(session.project, id);
    return run === undefined ? 'its record is gone' : applyNotes(run, session.notes.get(id)).run;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.message;
  }
}

function historyOf(session: RerunSession): ResultHistory {
  session.history = session.history ?? new ResultHistory(session.runs);
  return session.history;
}

function findMakerOf(session: RerunSession, run: GraphRun, file: FileState): GraphRun | undefined {
  return historyOf(session).findProducer(run.id, file);
}

/** The run that is meant; of a repeat the run that it repeats, so that its verdict is against that. */
function findRepeated(session: RerunSession, id: string): GraphRun {
  const { runs, project, unrecorded } = session;
  const at = findRunBefore(runs, id, runs.length);
  if (at < 0) unrecorded.set(id, pickRun(project, readCurrentFolder(), id));
  const run = at < 0 ? unrecorded.get(id) as Run : runs[at];
  const original = run.repeats === undefined ? -1 : findRunBefore(runs, run.repeats, runs.length);
  return original < 0 ? run : runs[original];
}

function selectWanted(session: RerunSession, references: ByteString[]): GraphRun[] {
  const { options, runs, project } = session;
  if (options.all) {
    const live = new Set(findLiveRuns(runs).runs.map((one) => one.run.id));
    return runs.filter((run) => live.has(run.id));
  }
  if (options.since !== undefined) {
    const [after] = options.since === '' ? [undefined] : pickRunIds(project, readCurrentFolder(), options.since).slice(-1);
    return runs.filter((run) => (after === undefined || run.id > after) && run.status === 'succeeded' && run.repeats === undefined && run.tree === undefined);
  }
  const wanted = new Map<string, GraphRun>();
  for (const reference of references) {
    for (const id of pickRunIds(project, readCurrentFolder(), reference)) {
      const run = findRepeated(session, id);
      wanted.set(run.id, run);
    }
  }
  return Array.from(wanted.values());
}

/** Inputs in the project whose content of then is nowhere. */
function listLacking(session: RerunSession, run: Run): FileState[] {
  return run.inputs.filter((file) => isResultPath(file.path) && file.hash.length === 64 && session.finder.find(file, run) === undefined);
}

/** The runs wanted, and those that must be repeated before them because what they made is gone; in the order of their ids. */
function planRepeats(session: RerunSession, wanted: GraphRun[]): PlannedRepeat[] {
  const plan = new Map<string, PlannedRepeat>();
  const open: { run: GraphRun; reason: string }[] = wanted.map((run) => ({ run, reason: 'asked for' }));
  const isWanted = new Set(wanted.map((run) => run.id));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { run, reason } = next;
    if (plan.has(run.id)) continue;
    const whole = readRepeatable(session, run);
    const why = typeof whole === 'string' ? whole : findObstacle(session, whole, isWanted, (producer, what) => { open.push({ run: producer, reason: what }); });
    plan.set(run.id, why === undefined ? { run, action: 'repeat', reason } : { run, action: 'cannot', reason: why });
  }
  return Array.from(plan.values()).sort((a, b) => (a.run.id < b.run.id ? -1 : 1));
}

/** Why a run cannot be repeated; undefined if it can, once the runs are repeated that `need` is called with, and why they are. */
function findObstacle(session: RerunSession, run: Run, isWanted: Set<string>, need: (producer: GraphRun, why: string) => void): string | undefined {
  const obstacle = findRepeatObstacle(run);
  const lacking = obstacle === undefined && !session.options.inPlace ? listLacking(session, run) : [];
  const nowhere: ByteString[] = [];
  for (const file of lacking) {
    const producer = findMakerOf(session, run, file);
    if (producer === undefined) nowhere.push(file.path);
    else need(producer, 'its output ' + file.path + ' is needed by ' + run.id + ' and is not at hand');
  }
  const changed = obstacle === undefined && session.options.inPlace && !session.options.force ? listChangedInPlace(session, run, isWanted) : [];
  if (obstacle !== undefined) return obstacle;
  if (changed.length > 0) return sumUp(changed);
  return nowhere.length > 0 && !session.options.force ? 'its input ' + nowhere[0] + ' is not at hand as it was read' + (nowhere.length > 1 ? ' (and ' + String(nowhere.length - 1) + ' more)' : '') + ', and no run made it' : undefined;
}

// ---- one repeat -------------------------------------------------------------------------------------------------

function makeTree(session: RerunSession, run: Run, surroundings: RepeatSurroundings): Scratch {
  const replaced = new Map<ByteString, ByteString>();
  if (session.made.size > 0) {
    for (const file of run.inputs) {
      const producer = findMakerOf(session, run, file);
      const name = producer === undefined ? undefined : session.made.get(producer.id + '\0' + file.path);
      if (name !== undefined) replaced.set(file.path, name);
    }
  }
  // What an untraced run read is not known in full.
  const isFull = session.options.full || !run.observed.startsWith('strace');
  return makeScratch({
    project: session.project, run, finder: session.finder, commit: session.commit, replaced, folderName: surroundings.folderName, folderDigits: session.folderDigits, isReversed: surroundings.isReversed,
    isFull, isLaterResult: (path) => historyOf(session).isLater(run.id, path), isForced: session.options.force,
  });
}

function sumUp(obstacles: string[]): string {
  return obstacles[0] + (obstacles.length > 1 ? ' (and ' + String(obstacles.length - 1) + ' more)' : '');
}

/** In the project: inputs that are not as the run read them, but for those that these runs make before. */
function listChangedInPlace(session: RerunSession, run: Run, before: Set<string>): string[] {
  const changed: string[] = [];
  for (const file of run.inputs) {
    if (file.hash.length !== 64 || file.kind === 'l') continue;
    const producer = before.size === 0 ? undefined : findMakerOf(session, run, file);
    if (producer !== undefined && before.has(producer.id)) continue;
    const name = absoluteOf(session.project, file.path);
    const outcome = hashWithRetry(name);
    if (outcome.kind !== 'hashed' || outcome.hash !== file.hash) changed.push('the input ' + file.path + (lstatIfThere(name) === undefined ? ' is gone' : ' has changed since'));
  }
  return changed;
}

type Trial = { scratch: Scratch | undefined; request: OneRepeat };

/** Files that the changed arguments name and the recorded ones do not, as paths of the project. */
function listNewlyNamed(scratch: Scratch, run: Run, before: ByteString[], after: ByteString[]): ByteString[] {
  const known = new Set(listCandidateWords(before));
  const folder = absoluteOf(scratch.project, run.directory);
  const words = listCandidateWords(after).filter((word) => !known.has(word));
  return words.map((word) => toRecordPath(scratch.project, folder, word)).filter((path) => isResultPath(path) && !isLeftOut(path));
}

/** Puts the values into the files of the tree. Throws Failure if that cannot be; the tree is gone then. */
function setInFiles(scratch: Scratch, settings: ParameterSetting[]): void {
  try {
    writeFileParameters(scratch.project, settings);
  } catch (error) {
    removeHeldFolder(scratch.folder);
    throw error;
  }
}

/** Is it to be a run of its own rather than a repeat? */
function isMadeOtherwise(session: RerunSession, run: GraphRun): boolean {
  if ((session.settingsOf.get(run.id) ?? []).length > 0) return true;
  return session.changed.size > 0 && run.inputs.some((file) => {
    const producer = findMakerOf(session, run, file);
    return producer !== undefined && session.changed.has(producer.id);
  });
}

/** Says what is set where; throws Failure before anything is run. */
function settleSettings(session: RerunSession, wanted: GraphRun[]): void {
  if (session.settings.length === 0) return;
  const root = session.project.root;
  const listRepeatable = function* (): Generator<Run> {
    for (const run of wanted) {
      const whole = readRepeatable(session, run);
      if (typeof whole !== 'string' && findRepeatObstacle(whole) === undefined) yield whole;
    }
  };
  const shared = shareSettings({ [Symbol.iterator]: listRepeatable }, session.settings, (run) => argumentsOf(run, root), quoteWord);
  if (shared.kind === 'refused') throw new Failure(shared.why, 'run "rr show ' + shared.id + '" for its command', EXIT.usage);
  session.settingsOf = shared.ofRuns;
  if (!session.options.inPlace) return;
  for (const { id } of wanted) {
    const settings = shared.ofRuns.get(id);
    const run = settings === undefined ? '' : readRepeatable(session, { id });
    const set = typeof run === 'string' ? undefined : changeRun(argumentsOf(run, root), run, settings ?? [], quoteWord);
    const inFile = set?.kind === 'changed' ? set.inFiles[0] : undefined;
    if (inFile === undefined) continue;
    throw new Failure('cannot set "' + inFile.key + '" in "' + inFile.path + '" with --in-place: that would change your file', 'leave out --in-place, or change the file yourself and record the command', EXIT.usage);
  }
}

/** The command that is made of each run planned, if it is another. */
function* nameChanges(session: RerunSession, plan: PlannedRepeat[]): Generator<PlannedRepeat> {
  for (const one of plan) {
    const run = one.action === 'cannot' || !isMadeOtherwise(session, one.run) ? '' : readRepeatable(session, one.run);
    if (typeof run === 'string') {
      yield one;
      continue;
    }
    session.changed.add(run.id);
    const set = changeRun(argumentsOf(run, session.project.root), run, session.settingsOf.get(run.id) ?? [], quoteWord);
    yield set.kind === 'refused' ? one : { ...one, inFiles: set.inFiles, command: quoteCommand(set.argv, session.project.root, absoluteOf(session.project, run.directory)) };
  }
}

function prepareRepeat(session: RerunSession, run: Run, surroundings: RepeatSurroundings): Trial | string {
  const { options, project, finder, commit } = session;
  let lacking: string[];
  let scratch: Scratch | undefined;
  if (options.inPlace) lacking = listChangedInPlace(session, run, new Set());
  else {
    scratch = makeTree(session, run, surroundings);
    lacking = scratch.lacking.map(({ file, why }) => 'the input ' + file.path + ' is not as it was read: ' + why);
  }
  const wayOut = scratch === undefined ? undefined : findWayOut(scratch.project, run);
  if (wayOut !== undefined || (lacking.length > 0 && !options.force)) {
    if (scratch !== undefined) removeHeldFolder(scratch.folder);
    if (wayOut !== undefined) return wayOut;
    return sumUp(lacking);
  }
  const root = scratch?.project.root ?? project.root;
  const set = changeRun(argumentsOf(run, root), run, session.settingsOf.get(run.id) ?? [], quoteWord);
  if (set.kind === 'refused') {
    if (scratch !== undefined) removeHeldFolder(scratch.folder);
    throw new Failure(set.why, 'run "rr show ' + run.id + '" for its command', EXIT.usage);
  }
  if (scratch !== undefined) putNamed(project, scratch, listNewlyNamed(scratch, run, argumentsOf(run, root), set.argv));
  if (scratch !== undefined) setInFiles(scratch, set.inFiles);
  const changed = !isMadeOtherwise(session, run) ? undefined : { argv: set.argv, parameters: set.parameters, inFiles: set.inFiles, label: options.label, reason: options.reason };
  const noted = applyNotes(run, session.notes.get(run.id)).notes;
  const toleranceOf = (path: ByteString): Tolerance | undefined => session.tolerances.find((one) => compileGlob(one.pattern)(path)) ?? findTolerance(noted, path);
  return { scratch, request: { origin: project, run, finder, scratch, changed, commit, surroundings, toleranceOf, isKept: true, quiet: true, onJudged: async () => undefined } };
}

/** A repeat that leaves no record. */
async function runTrial(session: RerunSession, run: Run, surroundings: RepeatSurroundings): Promise<TrialOutcome> {
  const trial = prepareRepeat(session, run, surroundings);
  if (typeof trial === 'string') return { kind: 'lacking', why: trial };
  try {
    let outputs = new Map<ByteString, string>();
    // When it is judged, and not later, what it printed is known, too.
    const repeated = await repeatRun({ ...trial.request, isKept: false, onJudged: async (repeat) => { outputs = hashesOf(repeat); } });
    const otherEnd = describeOtherEnd(run, repeated.run);
    return otherEnd !== '' ? { kind: 'ended', how: otherEnd } : { kind: 'ran', outputs };
  } finally {
    if (trial.scratch !== undefined) removeHeldFolder(trial.scratch.folder);
  }
}

function hashesOf(repeat: Run): Map<ByteString, string> {
  return new Map(repeat.outputs.concat(repeat.logs.filter((log) => nameForTrials(log.path) !== log.path)).map((file) => [nameForTrials(file.path), file.hash]));
}

/** Logs have another name in each repeat. */
function nameForTrials(path: ByteString): ByteString {
  const log = /\/[0-9TZ]+-[a-z2-7]{6}(\.out|\.err|\.order)$/.exec(path);
  return log === null ? path : '\0' + log[1];
}

/** A generator that takes its seed from the clock gives the same twice in one second, and would not seem random. */
function awaitNextSecond(): void {
  pauseMs(1001 - (readUtcMicros() / 1000) % 1000);
}

const LONGEST_EXPLAINED_S = 60;

/** What a repeat had that was not as the run had it, and may be why it made something else every time: ': ...', or ''. */
function describeOtherGround(run: Run, repeat: Run, isFull: boolean): string {
  const hashes = new Map(repeat.inputs.map((file) => [file.path, file.hash]));
  const changed = run.inputs.filter((file) => hashes.has(file.path) && hashes.get(file.path) !== file.hash);
  if (changed.length > 0) return ': the input ' + changed[0].path + ' is not as the run read it' + (changed.length > 1 ? ' (and ' + String(changed.length - 1) + ' more)' : '');
  if (repeat.environment !== run.environment) return ': the software or machine is not that of the run (rr diff)';
  return '; not on record are a folder that it lists' + (isFull ? '' : ' (try --full)') + ', what came by a pipe, and variables of its own';
}

/**
 * Says of each difference the cause, if it can be told: by the contents, or by repeating once more,
 * and, if that differs again, elsewhere and on a single processor.
 */
async function explainDifferences(session: RerunSession, run: Run, repeat: Run, judgement: Judgement): Promise<void> {
  const unexplained: Run['verdicts'] = [];
  for (const verdict of repeat.verdicts) {
    if (verdict.word !== 'different') continue;
    const comparison = judgement.comparisons.get(verdict.path);
    if (comparison?.kind === 'different' && comparison.causes.length > 0) verdict.detail += '; cause: ' + comparison.causes.join(', ');
    else unexplained.push(verdict);
  }
  const isWanted = session.options.explain || (run.wallS ?? Infinity) <= LONGEST_EXPLAINED_S;
  if (unexplained.length === 0 || !isWanted || session.options.inPlace || repeat.parent !== undefined) return;
  const second = hashesOf(repeat);
  const digits = makeRandomDigits();
  awaitNextSecond();
  const third = await runTrial({ ...session, folderDigits: digits }, run, USUAL_SURROUNDINGS);
  if (third.kind !== 'ran') return;
  const differsAgain = ({ path }: { path: ByteString }): boolean => second.get(nameForTrials(path)) !== third.outputs.get(nameForTrials(path));
  for (const verdict of unexplained.filter((one) => !differsAgain(one))) verdict.detail += '; the same again on a third run, so it is not random' + describeOtherGround(run, repeat, session.options.full);
  await explainUnsteady(session, run, unexplained.filter(differsAgain), { digits, outputs: third.outputs });
}

type PlacedOutcome = { digits: string; outputs: Map<ByteString, string> };

/** The causes of what was different on a third run, too. */
async function explainUnsteady(session: RerunSession, run: Run, unsteady: Run['verdicts'], third: PlacedOutcome): Promise<void> {
  if (unsteady.length === 0) return;
  const followsFolder = await tryOtherFolder(session, run, third);
  for (const verdict of unsteady.filter(followsFolder)) verdict.detail += '; cause: build path (the same again in the same folder, and not in another)';
  const others = unsteady.filter((one) => !followsFolder(one));
  const single = others.length === 0 ? undefined : await runOnOneProcessor(session, run);
  for (const verdict of others) {
    const name = nameForTrials(verdict.path);
    if (single !== undefined && single[0].has(name) && single[0].get(name) === single[1].get(name)) verdict.detail += '; cause: order of threads (differs again on a third run, but not on one processor)';
    else verdict.detail += '; cause: randomness without a fixed seed, or the time (differs again on a third run)';
  }
}

/**
 * Which outputs follow the folder: the same again where the third run was, but not in another one. That
 * one comes between them in time, so that what follows a clock, however coarse, is not among them.
 */
async function tryOtherFolder(session: RerunSession, run: Run, third: PlacedOutcome): Promise<(verdict: { path: ByteString }) => boolean> {
  const elsewhere = await runTrial(session, run, USUAL_SURROUNDINGS);
  const again = await runTrial({ ...session, folderDigits: third.digits }, run, USUAL_SURROUNDINGS);
  return ({ path }) => {
    const name = nameForTrials(path);
    const hash = third.outputs.get(name);
    return hash !== undefined && elsewhere.kind === 'ran' && again.kind === 'ran' && again.outputs.get(name) === hash && elsewhere.outputs.get(name) !== hash;
  };
}

async function runOnOneProcessor(session: RerunSession, run: Run): Promise<Map<ByteString, string>[] | undefined> {
  if (findProgram('taskset', session.project.root).kind !== 'found') return undefined;
  const surroundings = { ...USUAL_SURROUNDINGS, prefix: ['taskset', '-c', '0'], variables: { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' } };
  const first = await runTrial(session, run, surroundings);
  awaitNextSecond();
  const other = await runTrial(session, run, surroundings);
  return first.kind !== 'ran' || other.kind !== 'ran' ? undefined : [first.outputs, other.outputs];
}

// ---- what it depends on -------------------------------------------------------------------------------------

/**
 * Repeats the run twice as usual, then with one thing changed at a time, and prints what depends on
 * what. Nothing of it is recorded. True if no output depends on anything.
 */
async function varyRun(session: RerunSession, run: Run, width: number): Promise<boolean> {
  const { options } = session;
  const say = (what: string): void => { if (!options.quiet) tell('rr: repeating ' + run.id + ', ' + what); };
  session.folder = session.folder ?? makeHeldFolder(session.project, 'session');
  const ground = readVariationGround(run, session.folder);
  const plan = listVariations(ground);
  const repeat = (surroundings: RepeatSurroundings): Promise<TrialOutcome> => {
    removeTree(ground.emptyFolder);
    makeFolder(ground.emptyFolder);
    return runTrial(session, run, surroundings);
  };
  say('unvaried');
  const usual = [await repeat(USUAL_SURROUNDINGS)];
  awaitNextSecond();
  usual.push(await repeat(USUAL_SURROUNDINGS));
  const hashes: Map<ByteString, string>[] = [];
  for (const outcome of usual) {
    if (outcome.kind !== 'ran') throw new Failure('cannot vary "' + run.id + '": unvaried, ' + (outcome.kind === 'ended' ? 'it ends otherwise: ' + outcome.how : 'it cannot be repeated: ' + outcome.why), 'run "rr rerun ' + run.id + '"', EXIT.differs);
    hashes.push(outcome.outputs);
  }
  const isUnsteady = judgeVariations(hashes[0], hashes[1], []).unsteady.length > 0;
  const trials: VariedTrial[] = [];
  for (const variation of plan.variations) {
    say(variation.title);
    const outcomes = [await repeat(variation.change)];
    // What tells the second must not seem to be held still by whatever is.
    if (variation.isSteady && isUnsteady) awaitNextSecond();
    if (variation.isSteady) outcomes.push(await repeat(variation.change));
    const trial: VariedTrial = { variation, outcomes };
    const control = needsControl(trial, hashes[0], hashes[1]) ? await repeat(USUAL_SURROUNDINGS) : undefined;
    if (control?.kind === 'ran') trial.control = control.outputs;
    trials.push(trial);
  }
  const judgement = judgeVariations(hashes[0], hashes[1], trials);
  printOut(options.json ? printJsonVariations(judgement, plan) + '\n' : printVariations(judgement, plan, width));
  return judgement.dependent.length === 0 && judgement.unsteady.length === 0 && judgement.rows.every((row) => row.broken === undefined);
}

async function varyRuns(session: RerunSession, wanted: GraphRun[]): Promise<number> {
  let isSteady = true;
  for (const { id } of wanted) {
    const run = readRepeatable(session, { id });
    const obstacle = typeof run === 'string' ? run : findRepeatObstacle(run);
    if (typeof run === 'string' || obstacle !== undefined) throw new Failure('cannot vary "' + id + '": ' + String(obstacle), '', EXIT.differs);
    isSteady = await varyRun(session, run, readColumns(1)) && isSteady;
  }
  return isSteady ? 0 : EXIT.differs;
}

// ---- all of them ----------------------------------------------------------------------------------------------

/** Are runs that this call repeats read from as they came out, whatever that is? */
function isPassedOn(session: RerunSession): boolean {
  return session.commit !== undefined || session.settings.length > 0;
}

/** What tells that a run reads a file of another: its path, and its content unless that may be another. */
function keyOfReading(session: RerunSession, file: FileState): ByteString {
  return isPassedOn(session) ? file.path : file.hash + ' ' + file.path;
}

/** Of all that the planned runs read the place in the plan of the last that reads it. */
function findLastReadings(session: RerunSession, plan: PlannedRepeat[]): Map<ByteString, number> {
  const last = new Map<ByteString, number>();
  plan.forEach(({ run }, at) => {
    for (const file of run.inputs) last.set(keyOfReading(session, file), at);
  });
  return last;
}

/** Keeps what later runs of this call read, if it is not at hand otherwise, or if it is to be passed on as it came out. */
function handOn(session: RerunSession, run: Run, repeated: Repeated, tree: Project, isReadLater: (file: FileState) => boolean): void {
  for (const file of repeated.run.outputs) {
    if (file.hash.length !== 64 || file.kind === 'l' || !isResultPath(file.path) || !isReadLater(file)) continue;
    session.folder = session.folder ?? makeHeldFolder(session.project, 'session');
    const name = session.folder + '/' + makeRandomDigits();
    copyContent(absoluteOf(tree, file.path), name);
    session.finder.offer(file.hash, name);
    if (isPassedOn(session)) session.made.set(run.id + '\0' + file.path, name);
  }
}

function listForLook(repeat: Run): ByteString[] {
  if (repeat.parent !== undefined) return repeat.outputs.filter((file) => file.kind !== 'd').map((file) => file.path);
  return repeat.verdicts.filter(({ word }) => word === 'different' || word === 'tolerance' || word === 'extra').map(({ path }) => path);
}

async function repeatOne(session: RerunSession, run: Run, isReadLater: (file: FileState) => boolean): Promise<RepeatStory> {
  const { project, options } = session;
  const trial = prepareRepeat(session, run, USUAL_SURROUNDINGS);
  if (typeof trial === 'string') return { kind: 'refused', original: run, why: trial };
  const { scratch, request } = trial;
  if (!options.quiet) tell('rr: repeating ' + run.id + (run.label === undefined ? '' : ' ' + run.label));
  try {
    if (request.changed !== undefined) session.changed.add(run.id);
    const repeated = await repeatRun({ ...request, onJudged: (repeat, judgement) => explainDifferences(session, run, repeat, judgement) });
    for (const problem of repeated.problems) tell('rr: ' + problem);
    if (repeated.problems.length > 0) session.isRecorded = false;
    if (scratch === undefined) return { kind: 'repeated', original: run, repeat: repeated.run, isAccepted: isAccepted(session, run, repeated.run), kept: undefined };
    handOn(session, run, repeated, scratch.project, isReadLater);
    const paths = listForLook(repeated.run);
    const kept = paths.length === 0 ? undefined : keepForLook(project, scratch.project, repeated.run, paths);
    if (kept !== undefined) drawDifferences(request, kept, repeated.run);
    return { kind: 'repeated', original: run, repeat: repeated.run, isAccepted: isAccepted(session, run, repeated.run), kept };
  } finally {
    if (scratch !== undefined) removeHeldFolder(scratch.folder);
  }
}

/** Of a run made with something changed nothing is expected but that it succeeds. */
function isAccepted(session: RerunSession, run: Run, repeat: Run): boolean {
  return repeat.parent !== undefined ? repeat.status === 'succeeded' : isRepeatAccepted(run, repeat, session.accept);
}

/**
 * Repeats the runs meant, in the order of their ids, each in a scratch tree of its own unless it is to be
 * in place. Prints the verdict on each output. Status 0 only if all of them are as wanted.
 */
export async function rerunRuns(references: ByteString[], options: RerunOptions): Promise<number> {
  const session = beginSession(references, options);
  const wanted = selectWanted(session, references);
  if (wanted.length === 0) throw new Failure('cannot rerun: no run fits', 'run "rr list"', EXIT.differs);
  settleSettings(session, wanted);
  const plan = planRepeats(session, wanted);
  const width = readColumns(1);
  if (options.dryRun) {
    const changes = nameChanges(session, plan);
    printPieces(options.json ? printJsonPlan(changes) : printRepeatPlan(changes, width));
    return plan.some(({ action }) => action === 'cannot') ? EXIT.differs : 0;
  }
  makeFolder(session.project.own + '/scratch');
  removeAbandonedScratch(session.project);
  try {
    return options.vary ? await varyRuns(session, wanted) : await repeatAll(session, plan, width);
  } catch (error) {
    if (error instanceof Failure || errorCode(error) === '') throw error;
    throw new Failure('cannot rerun in "' + session.project.own + '": ' + describeSystemError(error), '');
  } finally {
    session.finder.close();
    if (session.folder !== undefined) removeHeldFolder(session.folder);
  }
}

async function repeatAll(session: RerunSession, plan: PlannedRepeat[], width: number): Promise<number> {
  const { options } = session;
  const counts = { all: 0, accepted: 0, refused: 0 };
  const printed: ByteString[] = [];
  const lastReadings = findLastReadings(session, plan);
  for (const [at, { run, action, reason }] of plan.entries()) {
    const whole = action === 'cannot' ? reason : readRepeatable(session, run);
    const story: RepeatStory = typeof whole === 'string' ? { kind: 'refused', original: run, why: whole } : await repeatOne(session, whole, (file) => (lastReadings.get(keyOfReading(session, file)) ?? -1) > at);
    counts.all += 1;
    if (story.kind === 'refused') counts.refused += 1;
    else if (story.isAccepted) counts.accepted += 1;
    if (options.json) printed.push(printJsonStory(story));
    else printOut(printRepeatStory(story, width));
  }
  printOut(options.json ? printJsonStories(printed) : printStorySum(counts));
  if (counts.accepted < counts.all) return EXIT.differs;
  return session.isRecorded ? 0 : EXIT.notRecorded;
}
