// recording.ts - runs a command and writes its record: the steps of docs/architecture.txt, 4. Chooses no exit status.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { endingOfLog } from '../core/reuse.ts';
import type { FileParameter } from '../core/parameters.ts';
import { emptyRun, recordPath } from '../core/run.ts';
import type { RecordLink, Run, RunProcess } from '../core/run.ts';
import type { ResourceSample } from '../core/series.ts';
import { REPLAYED_VARIABLES } from '../core/variables.ts';
import type { TraceSummary } from '../core/trace.ts';
import { RR_VERSION } from '../core/version.ts';
import { MOST_RECORD_LINES } from '../formats/fields.ts';
import { encodeWithheld } from '../formats/percent.ts';
import { isSecretName, maskArguments, maskValue } from '../formats/secrets.ts';
import type { SecretHasher } from '../formats/secrets.ts';
import { quoteCommand, respellRoot } from '../formats/shell.ts';
import { formatUtcMicros, readUtcMicros } from './clock.ts';
import { keepOwnText } from './late.ts';
import { errorCode, readFirstBytes, removeIfThere, statIfThere, toBytes } from './files.ts';
import type { VariableSet } from './spawnwords.ts';
import { argumentsForTracer, describeEnvironment, findInterpreters, findProgram, readCurrentFolder, readRedirect, readSurroundingLog, readVariables, resolveLinks } from './machine.ts';
import type { Includer } from './batch.ts';
import { BinaryCache } from './binaries.ts';
import { beginObservation, endObservation, toRecordPath, watchReads, withholdSecretFiles } from './observe.ts';
import type { Observation, Observed, TraceMethod } from './observe.ts';
import { runCommand } from './process.ts';
import type { CommandEnd, CommandRequest, CommandStopper } from './process.ts';
import { noteMeasures, readPrintedAgain, RunMeasures } from './measures.ts';
import type { PrintedMetrics } from './printed.ts';
import { readFileParameters } from './parameterfiles.ts';
import { absoluteOf, describeSystemError, isInProject, prepareOwnFolder, relativeTo } from './project.ts';
import type { Project } from './project.ts';
import { advanceHeads } from './heads.ts';
import { beginCode, endCode, findUnclean, noteCode, readEarlierContent } from './code.ts';
import type { BegunCode } from './code.ts';
import { listSecretVariables, makeSecretHasher, makeWithholder, SHORTEST_SECRET_BYTES } from './secretkey.ts';
import { removeAbandonedScratch } from './scratch.ts';
import { printAgain } from './putback.ts';
import type { Reusable, Reuse } from './reuse.ts';
import { isHangupIgnored } from './signals.ts';
import { findStrace } from './strace.ts';
import { beginWatch, tracerRequest } from './tracing.ts';
import type { Watch } from './tracing.ts';
import { endWatch } from './watch.ts';
import type { Watched, WatchedProcess } from './watch.ts';
import { claimRun, forgetRun, hasOverlap, includeRun, makeResultTester, noteEnded, noteRunningLogs, readEndedBytes, refreshMark, runningLogName, saveByContent, saveLogs, saveRecord, settleLostRuns, touchMark } from './store.ts';
import { describeSoftware, isModuleName, isSharedObjectName } from './software.ts';
import type { LoadedSoftware } from './software.ts';
import { isPipe, isSharingForeground, isTerminal, planTerminal, tell } from './terminal.ts';

/** A command to run and record. */
export type RecordingRequest = {
  /** Paths are relative to its root, where the command runs; its provenance/ and .rr/ may lie elsewhere. */
  project: Project;
  /** Absolute, links resolved: rr's own current folder. */
  folder: ByteString;
  argv: ByteString[];
  label: ByteString | undefined;
  reason: ByteString | undefined;
  tags: ByteString[];
  /** Declared files, folders and globs, relative to `folder`. */
  inputs: ByteString[];
  outputs: ByteString[];
  /** 'NAME=VALUE' */
  parameters: ByteString[];
  /** Names of variables that it depends on. */
  variables: ByteString[];
  /** Values in files: read before the command starts. Their files are inputs. */
  fileParameters: FileParameter[];
  /** Paths of files that metrics are read from when the command has ended; those that it wrote are outputs. */
  metricsFiles: ByteString[];
  /** What of that which it prints is taken for metrics, as --metrics-from has it. */
  metricsFrom: ByteString[];
  timeoutS: number | undefined;
  /** What is asked for it, as a record has it. */
  asked: ByteString[];
  trace: TraceMethod | 'auto';
  requireClean: boolean;
  noLogs: boolean;
  quiet: boolean;
  /** Descriptors above 2 that the command is to have. */
  inherited: number[];
  /** There if the command is run as a record tells: it repeats a run, or is a step. */
  repeat: RepeatRequest | undefined;
  /** There if the run is one of many, which all together are put into the derived files. */
  batch?: Includer;
  /** There if the outputs of an earlier run may be put back instead, and those of this one are to be kept. */
  reuse?: Reuse;
};

/** What is different where a command is run as a record tells. */
export type RepeatRequest = {
  /** The project of the records, whose own files a command in a scratch tree must leave alone. */
  origin: Project;
  /** Puts into the record what is known beforehand: what it repeats, its parameters, the code. Called again if its id is taken. */
  fill: (run: Run) => void;
  /** For the command's standard streams; of 'keep' a copy is kept and nothing is passed on, of 'pass' a copy is kept and it is passed on. */
  streams: { stdin: number; stdout: number | 'keep' | 'pass'; stderr: number | 'keep' | 'pass' };
  /** The same as a record has it; and the paths of the files, those that are read and those that are written. */
  redirects: { spelled: ByteString[]; from: ByteString[]; to: ByteString[] };
  /** Called when all is known of the run, before it is written. */
  judge: (run: Run) => Promise<void>;
  /** No: nothing is left of it but what the call returns. */
  isKept: boolean;
  /** There if it is a step that the engine carries out. */
  step: StepSurroundings | undefined;
};

/** What is different for a step that the engine carries out. */
export type StepSurroundings = {
  /** Variables that the command alone has, and no record: of the jobserver. */
  variables: { [name: string]: string };
  /** What is looked at if it is not traced; undefined: the whole project. */
  untraced: { inputs: ByteString[]; outputs: ByteString[]; warning: ByteString | undefined } | undefined;
  stopper: CommandStopper | undefined;
  /** Is it in a job of a cluster? */
  isInJob: boolean;
  /** Called with what the command printed before it is passed on. */
  beforeOutput: (data: Buffer) => void;
};

/** `problems`: what could not be recorded, as sentences. `notReused`: why it can take the place of no later run, or no earlier one its own, as a part of a sentence. */
export type Recorded = { run: Run; end: CommandEnd; problems: string[]; notReused?: string };


/** What one recording carries from step to step. */
type Session = {
  request: RecordingRequest;
  project: Project;
  folder: ByteString;
  argv: ByteString[];
  hash: SecretHasher;
  /** Masks what is known to be a secret, wherever it stands. */
  withhold: (text: ByteString) => ByteString;
  /** What is known to be a secret; grows as arguments are looked at. */
  secrets: Set<ByteString>;
  run: Run;
  /** What could not be recorded, as sentences; not empty = exit status says so. */
  problems: string[];
  endedBytes: number;
  isShared: boolean;
  /** Not traced: libraries of the project that the program's headers ask for. */
  ownLibraries: ByteString[];
  /** There if strace watches the run. */
  watch: Watch | undefined;
  /** There if the state of the code could be read. */
  code: BegunCode | undefined;
  /** Folders of the project that a traced run listed. */
  listed: ByteString[];
  /** Why neither an earlier run can take its place nor it that of a later one, as a part of a sentence. */
  notReused: string | undefined;
  /** There once the command runs. */
  measures: RunMeasures | undefined;
};

// ---- before the run ---------------------------------------------------------------------------------

/** The regular files that standard input, output and error are, as a record has them. */
export function readRedirects(project: Project): { spelled: ByteString[]; from: ByteString[]; to: ByteString[]; warnings: ByteString[] } {
  const result = { spelled: [] as ByteString[], from: [] as ByteString[], to: [] as ByteString[], warnings: [] as ByteString[] };
  for (const descriptor of [0, 1, 2]) {
    const redirect = readRedirect(descriptor);
    if (redirect === undefined) continue;
    if (redirect.path === undefined) {
      result.warnings.push('descriptor ' + String(descriptor) + ' is a file whose name is not known');
      continue;
    }
    const path = relativeTo(project, redirect.path);
    // What is appended to is read in the sense that the outcome depends on it.
    if (descriptor === 0 || (redirect.isAppending && (statIfThere(redirect.path)?.size ?? 0) > 0)) result.from.push(path);
    if (descriptor === 0) {
      result.spelled.push('0 < ' + path);
      continue;
    }
    if (result.to.indexOf(path) < 0) result.to.push(path);
    else {
      result.spelled.push('2 >& 1');
      continue;
    }
    result.spelled.push(String(descriptor) + (redirect.isAppending ? ' >> ' : ' > ') + path);
  }
  return result;
}

/** Runs a part of the recording that must not stop the command: what fails is named. */
export function attempt(problems: string[], what: string, part: () => void): void {
  try {
    part();
  } catch (error) {
    if (!(error instanceof Failure) && errorCode(error) === '') throw error;
    const problem = error instanceof Failure ? error.message : 'cannot ' + what + ': ' + describeSystemError(error);
    if (problems.indexOf(problem) < 0) problems.push(problem);
  }
}

/** The same for a part that takes its time. */
async function attemptLater(problems: string[], what: string, part: () => Promise<void>): Promise<void> {
  try {
    await part();
  } catch (error) {
    attempt(problems, what, () => { throw error; });
  }
}

/** The command as the record of a run of it has it, that is to be run in `folder`. */
export function spellForRecord(project: Project, folder: ByteString, argv: ByteString[]): ByteString {
  const hash = makeSecretHasher(project.own + '/key');
  const secrets = listSecretVariables();
  return spellCommand({ argv, project, folder, hash, withhold: makeWithholder(hash, secrets), secrets, request: { repeat: undefined } });
}

/** What a command is spelled by: without secrets and without the place of the project. */
export type Spelling = Pick<Session, 'project' | 'hash' | 'withhold' | 'secrets'> & { request: Pick<RecordingRequest, 'repeat'> };

/** A command as a record has it. */
export function spellCommand(session: Spelling & Pick<Session, 'argv' | 'folder'>): ByteString {
  const directory = relativeTo(session.project, session.folder);
  // What is a secret in one process's arguments is one wherever else it stands.
  const learn = (secret: ByteString): string => {
    const bare = secret.replace(/^["']|["']$/g, '');
    if (bare.length >= SHORTEST_SECRET_BYTES) session.secrets.add(bare);
    return session.hash(secret);
  };
  const masked = maskArguments(session.argv, learn).map(session.withhold);
  const linked = readLinkedRoot(directory);
  const others = linked === undefined ? listRoots(session).slice(1) : listRoots(session).slice(1).concat(linked);
  const spelled = others.reduce((words, other) => words.map((argument) => respellRoot(argument, other, session.project.root)), masked);
  return quoteCommand(spelled, session.project.root, directory);
}

/** The project's folder as the shell names it, if that is by way of a link: $PWD without the folder in it. */
function readLinkedRoot(directory: ByteString): ByteString | undefined {
  const shown = toBytes(process.env.PWD ?? '');
  if (shown[0] !== '/' || resolveLinks(shown) === shown || resolveLinks(shown) !== readCurrentFolder()) return undefined;
  if (directory === '.') return shown;
  return shown.endsWith('/' + directory) ? shown.slice(0, -directory.length - 1) : undefined;
}

/** Of a run for which no mark could be written, so that nothing of it is kept. */
export const UNCLAIMED_ID = '00000000T000000Z-aaaaaa';

/** `fileParameters`: 'NAME VALUE' of those in files. */
function beginRun(request: RecordingRequest, fileParameters: ByteString[], problems: string[]): Session {
  const { project, folder, argv } = request;
  attempt(problems, 'make .rr', () => { prepareOwnFolder(project); });
  const underKey = makeSecretHasher(project.own + '/key');
  const hash: SecretHasher = (secret) => {
    let hashed = '0000000000000000';
    attempt(problems, 'use .rr/key', () => { hashed = underKey(secret); });
    return hashed;
  };
  const secrets = listSecretVariables();
  const withhold = makeWithholder(hash, secrets);
  const startedMicros = readUtcMicros();
  const fill = (id: string): Run => {
    const run = emptyRun(id, spellCommand({ argv, project, folder, hash, withhold, secrets, request }), formatUtcMicros(startedMicros), RR_VERSION);
    run.directory = relativeTo(project, folder);
    if (run.directory[0] === '/') run.warnings.push('the command ran outside of the project: it cannot be repeated elsewhere');
    run.label = request.label;
    run.reason = request.reason;
    run.tags = request.tags;
    run.parameters = request.parameters.map((parameter) => {
      const sign = parameter.indexOf('=');
      const name = parameter.slice(0, sign);
      return name + ' ' + withhold(maskValue(name, parameter.slice(sign + 1), hash));
    });
    run.declaredInputs = request.inputs.map((pattern) => toRecordPath(project, folder, pattern));
    run.declaredOutputs = request.outputs.map((pattern) => toRecordPath(project, folder, pattern));
    run.declaredVariables = request.variables;
    run.timeoutS = request.timeoutS;
    run.asked = request.asked;
    run.metricsFiles = request.metricsFiles;
    run.metricsFrom = request.metricsFrom;
    request.repeat?.fill(run);
    run.parameterFiles = listParameterFiles(request);
    run.parameters = replaceByName(run.parameters, fileParameters);
    return run;
  };
  let run: Run | undefined;
  attempt(problems, 'write "' + project.own + '"', () => { run = claimRun(project, startedMicros, fill); });
  return { request, project, folder, argv, hash, withhold, secrets, run: run ?? fill(UNCLAIMED_ID), problems, endedBytes: readEndedBytes(project), isShared: false, ownLibraries: [], watch: undefined, code: undefined, listed: [], notReused: undefined, measures: undefined };
}

function listParameterFiles(request: RecordingRequest): ByteString[] {
  return Array.from(new Set(request.fileParameters.map(({ path }) => path))).sort();
}

/** 'NAME VALUE' lines with others of the same names in the place of some, or behind them. */
export function replaceByName(lines: ByteString[], others: ByteString[]): ByteString[] {
  const nameOf = (line: ByteString): ByteString => line.slice(0, line.indexOf(' '));
  const byName = new Map(others.map((line) => [nameOf(line), line]));
  const replaced = lines.map((line) => byName.get(nameOf(line)) ?? line);
  const there = new Set(lines.map(nameOf));
  return replaced.concat(others.filter((line) => !there.has(nameOf(line))));
}

function recordCode(session: Session): void {
  const { project, run, request } = session;
  // In a scratch tree it is that of the run that is repeated, and has been filled in.
  if (request.repeat !== undefined && request.repeat.origin.root !== project.root) return;
  const isResultNow = makeResultTester(project);
  session.code = beginCode({
    project, excluded: (path) => path.startsWith('provenance/') || path.startsWith('.rr/') || isResultNow(path),
    startMs: session.watch?.startMs ?? readUtcMicros() / 1000,
  });
  noteCode(session.code, run);
}

/** Throws Failure if the code is not as version control has it (--require-clean). Nothing has been run. */
function refuseUnclean(session: Session, observation: Observation): void {
  const { code, project, run, problems } = session;
  const why = code === undefined ? problems[problems.length - 1] : findUnclean(code, observation.argumentPaths.concat(observation.declaredPaths));
  if (why === undefined) return;
  removeIfThere(project.own + '/running/' + run.id);
  throw new Failure('cannot start: ' + why, 'commit it, or leave out --require-clean', EXIT.refused);
}

/** Code among what was read and not written. */
function recordCodeFiles(session: Session): void {
  const { code, run } = session;
  if (code === undefined) return;
  const written = new Set(run.outputs.map((file) => file.path));
  const ended = endCode(code, run.inputs.filter((file) => !written.has(file.path)));
  run.codeFiles = ended.codeFiles;
  run.codeOthers = ended.codeOthers;
  run.warnings.push(...ended.warnings);
  if (!session.request.requireClean) return;
  const open = run.codeFiles.filter((file) => file.state !== 'clean').map((file) => file.path).concat(run.codeOthers.filter((other) => /^\S+ \S+ dirty /.test(other)));
  if (open.length > 0) run.warnings.push('code that is not committed was read, which --require-clean could not know beforehand: ' + shorten(open));
}

/** What a record says of variables: those that are replayed or declared, and of secrets that they are. */
export function listVariables(environment: VariableSet, declaredVariables: ByteString[], hash: SecretHasher): Pick<Run, 'variables' | 'variableHashes'> {
  const listed: Pick<Run, 'variables' | 'variableHashes'> = { variables: [], variableHashes: [] };
  const declared = declaredVariables.filter((name) => REPLAYED_VARIABLES.indexOf(name) < 0);
  for (const { name, value } of readVariables((REPLAYED_VARIABLES as readonly string[]).concat(declared), environment)) {
    const masked = maskValue(name, value, hash);
    if (masked === value) listed.variables.push(name + '=' + value);
    else listed.variableHashes.push(name + ' ' + hash(value));
  }
  for (const name of Object.keys(environment).sort()) {
    if (isSecretName(name) && declared.indexOf(toBytes(name)) < 0) listed.variableHashes.push(name + ' ' + hash(toBytes(String(environment[name]))));
  }
  return listed;
}

/** What the command would load, as far as its program's files tell. */
export function guessSoftware(session: Pick<Session, 'argv' | 'folder' | 'project'>): LoadedSoftware {
  const program = findProgram(session.argv[0], session.folder);
  const programs = program.kind === 'found' ? [program.name].concat(findInterpreters(program.name, session.folder)) : [];
  return { isTraced: false, programs, read: [], projectBinaries: programs.filter((name) => isInProject(session.project, name)), modules: [] };
}

/** What the command loaded; binaries are the project's if they are among the inputs. */
function listSoftware(session: Session, summary: TraceSummary, watched: Watched): LoadedSoftware {
  const { programs, systemReads } = summary;
  const projectBinaries = programs.filter((name) => isInProject(session.project, name)).concat(watched.readFiles.filter(isSharedObjectName));
  return { isTraced: true, programs: programs.map(resolveLinks), read: systemReads, projectBinaries, modules: watched.readFiles.filter(isModuleName) };
}

/** Folders that stand for the project: of a repeat in a scratch tree, that tree and then the project, in which it lies. */
function listRoots(session: Pick<Spelling, 'project' | 'request'>): ByteString[] {
  const roots = [session.project.root];
  if (session.request.repeat !== undefined) roots.push(session.request.repeat.origin.root);
  return roots.filter((root) => root !== '/');
}

function splitAtRoots(text: ByteString, roots: ByteString[]): ByteString[] {
  return roots.reduce((parts, root) => parts.reduce((all: ByteString[], part) => all.concat(part.split(root)), []), [text]);
}

/** Writes the environment's record, if it is not there. `software`: its lines on programs and libraries. Returns its name. */
export function storeEnvironment(session: Spelling, software: ByteString): string {
  const spell = (name: string, value: ByteString): ByteString => {
    const masked = session.withhold(maskValue(name, value, session.hash));
    return splitAtRoots(masked, listRoots(session)).map(encodeWithheld).join('%{project}');
  };
  return saveByContent(session.project, 'environments', describeEnvironment(software, spell), '.rec');
}

/** Facts of the environment. Where nothing is traced they need not wait for the end of the command. */
async function recordEnvironment(session: Session, loaded: LoadedSoftware): Promise<void> {
  const { project, run } = session;
  const software = await describeSoftware(loaded, { project, cacheFolder: project.own, isInside: (name) => isInProject(project, name) });
  run.environment = storeEnvironment(session, software.text);
  run.compilers = software.compilers;
  session.ownLibraries = software.ownLibraries.map((name) => relativeTo(project, name));
  run.warnings.push(...software.warnings);
}

// ---- watching ---------------------------------------------------------------------------------------

/** Is it linked with a sanitizer that traces its own process at the end? */
function hasLeakCheck(project: Project, program: ByteString): boolean {
  const cache = new BinaryCache(project.own + '/binaries');
  const needed = cache.find(program)?.needed ?? [];
  cache.save();
  return needed.some((name) => /^lib(?:clang_rt\.)?(?:asan|lsan|hwasan)/.test(name));
}

/** Can strace start it? The system takes what begins with "#!" or is ELF; of the rest execvp(3) makes a shell script. */
function isTraceable(project: Project, argv: ByteString[], folder: ByteString, isAsked: boolean): string | undefined {
  const program = findProgram(argv[0], folder);
  if (program.kind !== 'found') return 'the program is not found';
  const stat = statIfThere(program.name);
  if (stat !== undefined && (stat.mode & 0o6000) !== 0 && process.getuid?.() !== 0) return 'the program has a set-user-id bit, which has no effect in a traced process';
  if (!isAsked && isInProject(project, program.name) && hasLeakCheck(project, program.name)) return 'its leak check does not work in a traced process';
  const head = readFirstBytes(program.name, 4);
  return head === '\x7fELF' || head.startsWith('#!') || head === '' ? undefined : 'the program has no #! line';
}

/** The method to use, and the tracer if there is one. Throws Failure if strace was asked for and cannot be had. */
function chooseMethod(session: Session, wanted: TraceMethod | 'auto'): TraceMethod {
  const { project, folder, argv, request } = session;
  if (wanted !== 'auto' && wanted !== 'strace') return wanted;
  if (session.run.id === UNCLAIMED_ID) return 'none';
  const obstacle = isTraceable(project, argv, folder, wanted === 'strace');
  const search = findStrace(project);
  if (search.kind === 'works' && obstacle === undefined) {
    session.watch = beginWatch({ project, folder, origin: request.repeat?.origin, runId: session.run.id }, search);
    return 'strace';
  }
  const why = search.kind === 'works' ? obstacle as string : search.why;
  if (wanted === 'strace' && obstacle !== 'the program is not found') {
    removeIfThere(project.own + '/running/' + session.run.id);
    throw new Failure('cannot use --trace strace: ' + why, 'leave the option out, or --trace scan', EXIT.refused);
  }
  if (!request.quiet && search.kind === 'fails' && search.isNews) tell('rr: the run is not traced, only the project is compared before and after: ' + why);
  return 'scan';
}

/** Of a step that is not traced only some files are looked at, where others change files at the same time. */
function narrowMethod(session: Session, method: TraceMethod): TraceMethod {
  const untraced = session.request.repeat?.step?.untraced;
  if (method === 'strace' || untraced === undefined) return method;
  session.request = { ...session.request, inputs: untraced.inputs, outputs: untraced.outputs };
  if (untraced.warning !== undefined) session.run.warnings.push(untraced.warning);
  return 'none';
}

/** The processes as the record has them: their commands spelled and without secrets. */
function noteProcesses(session: Session, watched: Watched): void {
  const { project, run } = session;
  const startedMs = Date.parse(run.startedUtc.slice(0, 23) + 'Z') + Number(run.startedUtc.slice(23, 26)) / 1000;
  const since = (ms: number): number => Math.max(0, Math.round((ms - startedMs) * 1000) / 1e6);
  const spell = (image: { argv: ByteString[]; folder: ByteString }): ByteString => spellCommand({ ...session, argv: image.argv, folder: image.folder });
  const spellAll = (): RunProcess[] => watched.processes.map((traced): RunProcess => {
    const [first, ...later] = traced.images;
    return {
      parent: traced.parent < 0 ? undefined : traced.parent, startS: since(traced.startMs), endS: traced.endMs === undefined ? undefined : since(traced.endMs),
      exit: traced.exit, signal: traced.signal, directory: relativeTo(project, first?.folder ?? session.folder), command: first === undefined ? '' : spell(first),
      later: later.map((image) => ({ startS: since(image.startMs), directory: relativeTo(project, image.folder), command: spell(image) })),
      read: traced.read, wrote: traced.wrote,
    };
  });
  const known = session.secrets.size;
  run.processes = spellAll();
  if (session.secrets.size === known) return;
  run.processes = spellAll();
  run.command = spellCommand(session);
}

// ---- the run ----------------------------------------------------------------------------------------

function planStreams(session: Session): Pick<CommandRequest, 'descriptors' | 'stdout' | 'stderr' | 'terminal'> {
  const { repeat } = session.request;
  if (repeat !== undefined) return planRepeatStreams(repeat);
  const descriptors = { stdin: 0, stdout: 1, stderr: 2 };
  const keep = (descriptor: number): 'inherit' | 'keep' => {
    if (session.request.noLogs || session.run.id === UNCLAIMED_ID) return 'inherit';
    return session.run.redirects.some((redirect) => redirect.startsWith(String(descriptor) + ' ')) ? 'inherit' : 'keep';
  };
  // What cannot be started needs no terminal, and script(1) would tell of it in words of its own.
  const isProgram = findProgram(session.argv[0], session.folder).kind === 'found';
  // In the background, script(1) would be stopped as soon as it touches the terminal's modes.
  const onTerminal = isProgram && isSharingForeground() && [1, 2].some((descriptor) => isTerminal(descriptor));
  if (session.request.noLogs || session.run.id === UNCLAIMED_ID || !onTerminal) return { descriptors, stdout: keep(1), stderr: keep(2), terminal: undefined };
  const terminal = planTerminal();
  if (terminal !== undefined) return { descriptors, stdout: keep(1), stderr: keep(2), terminal };
  session.run.warnings.push('what the command printed to the terminal was not kept: there is no script(1) here, or the output goes on to another program');
  return { descriptors, stdout: isTerminal(1) ? 'inherit' : keep(1), stderr: isTerminal(2) ? 'inherit' : keep(2), terminal: undefined };
}

function planRepeatStreams(repeat: RepeatRequest): Pick<CommandRequest, 'descriptors' | 'stdout' | 'stderr' | 'terminal'> {
  const { stdin, stdout, stderr } = repeat.streams;
  const how = (stream: number | 'keep' | 'pass'): 'inherit' | 'keep-only' | 'keep' => (stream === 'keep' ? 'keep-only' : stream === 'pass' ? 'keep' : 'inherit');
  const number = (stream: number | 'keep' | 'pass', own: number): number => (stream === 'keep' ? -1 : stream === 'pass' ? own : stream);
  return { descriptors: { stdin, stdout: number(stdout, 1), stderr: number(stderr, 2) }, stdout: how(stdout), stderr: how(stderr), terminal: undefined };
}

/** The command runs all the same: of its files, those are known that are declared or stand among its words. */
function stopWatching(session: Session, error: unknown): void {
  session.watch = undefined;
  session.problems.push('cannot watch the command: ' + describeSystemError(error));
}

const HEARTBEAT_MS = 60000;

async function runIt(session: Session): Promise<CommandEnd> {
  const { run, project } = session;
  const heartbeat = setInterval(() => attempt([], 'touch', () => touchMark(project, run)), HEARTBEAT_MS);
  let environment: Promise<void> | undefined;
  const streams = planStreams(session);
  const isKept = streams.terminal !== undefined || streams.stdout !== 'inherit' || streams.stderr !== 'inherit';
  const step = session.request.repeat?.step;
  session.measures = new RunMeasures(run, { isKept, isDrawn: streams.terminal !== undefined && !session.request.quiet });
  const { measures } = session;
  const end = await runCommand({
    // Of what cannot be started a shell on the way would tell in words of its own.
    argv: session.watch === undefined ? session.argv : argumentsForTracer(session.argv, session.folder), isShielded: isHangupIgnored() && findProgram(session.argv[0], session.folder).kind === 'found', ...streams, logName: runningLogName(project, run.id), pipePool: project.own + '/pipes',
    timeoutMs: run.timeoutS === undefined ? undefined : run.timeoutS * 1000,
    onStart: (pid) => { if (run.id !== UNCLAIMED_ID) attempt(session.problems, 'write "' + project.own + '"', () => refreshMark(project, run, pid)); },
    meanwhile: () => { keepOwnText(); if (session.watch === undefined) environment = attemptLater(session.problems, 'record the environment', () => recordEnvironment(session, guessSoftware(session))); },
    tracer: session.watch && tracerRequest(session.watch, (error) => stopWatching(session, error)), inherited: session.request.inherited, step,
    beforeOutput: step?.beforeOutput ?? measures.beforeOutput, afterOutput: measures.afterOutput, isSampled: hasMeasureFiles(session),
  });
  measures.end();
  await environment;
  clearInterval(heartbeat);
  return end;
}

const INTERRUPTING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

function noteEnd(run: Run, end: CommandEnd): void {
  run.wallS = Math.round(end.wallMs) / 1000;
  run.userS = end.userS;
  run.systemS = end.systemS;
  run.peakMemoryBytes = end.peakMemoryBytes;
  run.exit = end.exit;
  run.signal = end.signal;
  const isInterrupted = end.isTimedOut || (end.signal !== undefined && INTERRUPTING.indexOf(end.signal) >= 0)
    || (end.exit !== 0 && end.signalsSeen.some((signal) => INTERRUPTING.indexOf(signal) >= 0));
  run.status = isInterrupted ? 'interrupted' : end.exit === 0 ? 'succeeded' : 'failed';
  if (end.startFailure !== undefined) run.warnings.push('the command was not started: ' + end.startFailure);
  run.warnings.push(...end.logProblems);
}

// ---- after the run ----------------------------------------------------------------------------------

function noteObserved(session: Session, observed: Observed, processes: WatchedProcess[]): void {
  const { run, project, folder } = session;
  const withheld = withholdSecretFiles(observed, processes, (path) => absoluteOf(project, path), session.hash);
  run.secretInputs = withheld.inputs;
  run.secretOutputs = withheld.outputs;
  run.inputs = observed.inputs;
  run.outputs = observed.outputs;
  run.uncertain = observed.uncertain;
  run.removed = observed.removed;
  // A metrics file that is missing is told by a warning, others by the exit status.
  const metrics = listMetricsNames(session).filter((name) => session.request.outputs.indexOf(name) < 0);
  run.missingOutputs = observed.missingOutputs.filter((pattern) => metrics.indexOf(pattern) < 0).map((pattern) => toRecordPath(project, folder, pattern));
  run.warnings.push(...observed.warnings);
  if (observed.undeclared.length > 0 && session.request.outputs.length > 0) run.warnings.push('written but not declared: ' + shorten(observed.undeclared));
  if (observed.uncertain.length > 0) run.warnings.push('changed while another run was active, so not counted as outputs: ' + shorten(observed.uncertain.map((file) => file.path)));
}

function listMetricsNames(session: Session): ByteString[] {
  return session.request.metricsFiles.map((path) => absoluteOf(session.project, path));
}

/** Are series and resources kept beside the logs? */
function hasMeasureFiles({ request, run }: Session): boolean {
  return !request.noLogs && run.id !== UNCLAIMED_ID;
}

function noteMetrics(session: Session, samples: ResourceSample[], printed: PrintedMetrics | undefined): void {
  const { run, project, withhold } = session;
  noteMeasures(run, { project, withhold, samples, printed, logName: hasMeasureFiles(session) ? runningLogName(project, run.id) : undefined });
}

function noteWatched(session: Session, watched: Watched): void {
  const { run } = session;
  noteObserved(session, watched, watched.processes);
  if (watched.unread.length > 0) run.warnings.push('declared as inputs, but not read: ' + shorten(watched.unread));
  const leaks = Array.from(session.watch?.leaks ?? []).sort();
  if (leaks.length > 0) run.warnings.push('it used files of the project itself by their absolute names, not those of the scratch tree: ' + shorten(leaks));
  run.absent = watched.absent;
  session.listed = watched.listed;
  run.leftOut = watched.leftOut;
  noteProcesses(session, watched);
}

function shorten(paths: ByteString[]): ByteString {
  return paths.slice(0, 5).join(', ') + (paths.length > 5 ? ' and ' + String(paths.length - 5) + ' more' : '');
}

/** Writes everything; each part that fails is named and does not keep the others from being tried. */
function save(session: Session): void {
  const { project, run, problems, request } = session;
  if (run.id === UNCLAIMED_ID) return;
  attempt(problems, 'keep the logs', () => saveLogs(project, run));
  // First, so that this record names theirs: a chain has one end, however it was torn before.
  if (request.batch === undefined) attempt(problems, 'settle lost runs', () => settleLost(session));
  const before = problems.length;
  // The other lines of a record are far fewer than this leaves.
  if (run.inputs.length + run.outputs.length > MOST_RECORD_LINES - 100000) run.warnings.push('these are more files than rr reads from a record; provenance/files.txt can leave folders out');
  let record: RecordLink | undefined;
  attempt(problems, 'write provenance/' + recordPath(run.id), () => { record = saveRecord(project, run); });
  // If that fails, whoever settles the mark does it: the record is in place.
  attempt(problems, 'write in .rr/heads', () => { if (record !== undefined) advanceHeads(project, record, run.previous); });
  // In a scratch tree it has changed nothing that another run could take for its own.
  if (run.tree === undefined) attempt(problems, 'note the end', () => noteEnded(project, run));
  if (problems.length > before) return;
  const { batch } = request;
  if (batch !== undefined) return attempt(problems, 'write "' + project.own + '"', () => batch.include(run));
  attempt(problems, 'bring provenance/Makefile up to date', () => {
    for (const fault of includeRun(project, run)) tell('rr: ' + fault.message);
  });
}

function settleLost({ project, run, request }: Session): void {
  const lost = settleLostRuns(project, run.id);
  if (lost.length > 0) removeAbandonedScratch(project);
  for (const one of lost) if (!request.quiet) tell('rr: the run ' + one.id + ' was lost: rr was killed while it ran');
}

async function observe(session: Session, method: TraceMethod): Promise<Observation> {
  const { project, folder, run, request } = session;
  const redirects = request.repeat === undefined ? readRedirects(project) : { ...request.repeat.redirects, warnings: [] };
  run.redirects = redirects.spelled;
  run.warnings.push(...redirects.warnings);
  const { observation, missing } = await beginObservation({
    project, method, folder, argv: session.argv,
    declaredInputs: request.inputs.concat(run.parameterFiles.map((path) => absoluteOf(project, path))), declaredOutputs: request.outputs.concat(listMetricsNames(session)),
    redirectedFrom: redirects.from, redirectedTo: redirects.to,
    surroundingLogs: (request.repeat === undefined ? [1, 2] : []).map(readSurroundingLog).map((name) => (name === undefined ? '' : relativeTo(project, name))),
  });
  if (missing.length > 0) {
    removeIfThere(project.own + '/running/' + run.id);
    throw new Failure('cannot start: declared input "' + (request.repeat === undefined ? missing[0] : toRecordPath(project, folder, missing[0])) + '" is not there' + (missing.length > 1 ? ' (and ' + String(missing.length - 1) + ' more)' : ''), '', EXIT.refused);
  }
  return observation;
}

/** Looks at what the run left. The command has run: what cannot be looked at is named, the rest is recorded. */
async function lookAfter(session: Session, observation: Observation, isShared: () => boolean): Promise<void> {
  try {
    const { watch, code } = session;
    if (watch === undefined) observation.argumentPaths.push(...session.ownLibraries.filter((path) => !observation.earlier.has(path)));
    if (watch === undefined) return noteObserved(session, await endObservation(observation, isShared), []);
    watch.reader.end();
    const summary = watch.trace.summarize();
    const watched = await endWatch(observation, summary, { startMs: watch.startMs, links: watch.links, readEarlier: (path) => (code === undefined ? undefined : readEarlierContent(code, path)) });
    noteWatched(session, watched);
    await attemptLater(session.problems, 'record the environment', () => recordEnvironment(session, listSoftware(session, summary, watched)));
  } catch (error) {
    if (errorCode(error) === '') throw error;
    session.problems.push('cannot look at the files after the run: ' + describeSystemError(error));
  }
}

/**
 * Runs the command and records it; resolves when all is written. What fails on the way is named in
 * `problems` and does not stop the command. Throws Failure, before anything was run, for a parameter
 * that its file does not have, a declared input that is missing, a tracer that cannot be had and code
 * that is not clean.
 */
export async function recordCommand(request: RecordingRequest): Promise<Recorded> {
  const problems: string[] = [];
  const inFiles = request.fileParameters.length === 0 ? [] : readFileParameters(request.project, request.fileParameters);
  const session = beginRun(request, inFiles, problems);
  // Results that no record tells of would be nobody's.
  if (request.repeat?.step !== undefined && session.run.id === UNCLAIMED_ID) throw new Failure(problems[0], '');
  const observation = await observe(session, narrowMethod(session, chooseMethod(session, request.trace)));
  session.isShared = isAmongOthers(session);
  attempt(problems, 'record the code', () => recordCode(session));
  if (request.requireClean) refuseUnclean(session, observation);
  Object.assign(session.run, listVariables(process.env, session.run.declaredVariables, session.hash));
  const reused = await reuseEarlier(session);
  if (reused !== undefined) return reused;
  if (problems.length > 0) tell('rr: ' + problems[0] + '; the command runs all the same');
  watchReads(observation);
  const end = await runIt(session);
  if (session.watch === undefined && observation.method === 'strace') observation.method = 'none';
  noteEnd(session.run, end);
  if (end.isHeld && session.watch === undefined) session.run.warnings.push('something that the command started goes on: what it does now is not recorded, or is taken for the next run\'s');
  problems.push(...end.logProblems);
  // Asked once more after the last look at the project: what was changed until then may be another's.
  const isShared = (): boolean => session.isShared || isAmongOthers(session);
  session.run.observed = session.watch === undefined ? observation.method : 'strace ' + session.watch.version;
  await lookAfter(session, observation, isShared);
  attempt(problems, 'record the code', () => recordCodeFiles(session));
  attempt(problems, 'read the metrics', () => noteMetrics(session, end.samples, session.measures?.printed));
  const removed = session.run.removed;
  await finish(session);
  await keepForReuse(session, end, removed);
  return { run: session.run, end, problems, notReused: session.notReused };
}

/** Is another run of the project active, or was one since this one began? In a scratch tree it is alone. */
function isAmongOthers(session: Session): boolean {
  return session.run.tree === undefined && hasOverlap(session.project, session.run.id, session.endedBytes);
}

async function finish(session: Session): Promise<void> {
  const { repeat } = session.request;
  if (repeat === undefined) return save(session);
  if (repeat.step === undefined) attempt(session.problems, 'keep the logs', () => noteRunningLogs(session.project, session.run));
  await attemptLater(session.problems, 'compare the outputs', () => repeat.judge(session.run));
  session.run.logs = [];
  if (repeat.isKept) save(session);
  else forgetRun(session.project, session.run);
}

// ---- reuse ------------------------------------------------------------------------------------------

/** Standard streams that are files of their own, by path: what is put back there goes through the descriptor. */
function findOpenedOutputs(run: Run): Map<ByteString, number> {
  const opened = new Map<ByteString, number>();
  for (const redirect of run.redirects) {
    const parts = /^([12]) >>? ([^]+)$/.exec(redirect);
    if (parts !== null) opened.set(parts[2], Number(parts[1]));
  }
  return opened;
}

// Of a command that was not run.
const NOT_RUN: CommandEnd = { exit: 0, wallMs: 0, samples: [], signalsSeen: [], isTimedOut: false, isHeld: false, logProblems: [] };

/** Whatever goes wrong with a store or a cache is told, and the run is recorded as without it. */
async function attemptReuse(part: () => Promise<void>): Promise<void> {
  const problems: string[] = [];
  await attemptLater(problems, 'reuse runs', part);
  for (const problem of problems) tell('rr: ' + problem + '; going on without');
}

/** Puts back what an earlier run with the same outcome left, and records that. undefined if there is none, or if that cannot be. */
async function reuseEarlier(session: Session): Promise<Recorded | undefined> {
  const { request, run, project, problems } = session;
  const { reuse } = request;
  if (reuse === undefined || run.id === UNCLAIMED_ID) return undefined;
  const isOwn = request.repeat === undefined;
  // What comes through a pipe is not known before it is read, and then it is gone.
  if (isOwn && isPipe(0)) session.notReused = 'what comes through its standard input is not known; write "< /dev/null" if it reads nothing';
  const logs = runningLogName(project, run.id);
  let found: Reusable | undefined;
  await attemptReuse(async () => {
    const one = session.notReused === undefined ? await reuse.find(run) : undefined;
    if (one !== undefined && reuse.restore(one, { opened: isOwn ? findOpenedOutputs(run) : new Map(), logs })) found = one;
  });
  if (found === undefined) return undefined;
  reuse.fill(run, found);
  if (isOwn) printAgain(logs);
  const printed = readPrintedAgain(run, logs);
  if (request.noLogs) for (const log of found.entry.run.logs) removeIfThere(logs + String(endingOfLog(log)));
  attempt(problems, 'record the code', () => recordCodeFiles(session));
  attempt(problems, 'read the metrics', () => noteMetrics(session, [], printed));
  await finish(session);
  return { run, end: NOT_RUN, problems };
}

/** Keeps the outputs for later runs, if the run is on record in full. `removed`: what the command removed itself. */
async function keepForReuse(session: Session, end: CommandEnd, removed: ByteString[]): Promise<void> {
  const { request, run, problems, listed } = session;
  const { reuse } = request;
  if (reuse === undefined || session.notReused !== undefined || problems.length > 0 || run.status !== 'succeeded') return;
  if (end.isHeld && session.watch === undefined) session.notReused = 'something that it started goes on';
  else await attemptReuse(async () => { session.notReused = await reuse.keep(run, { listed, removedByOthers: run.removed.filter((path) => removed.indexOf(path) < 0) }); });
}
