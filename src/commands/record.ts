// record.ts - rr record: runs a command and writes its record.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { emptyRun } from '../core/run.ts';
import type { FileState, Run, RunProcess } from '../core/run.ts';
import { REPLAYED_VARIABLES } from '../core/variables.ts';
import type { PathClass } from '../core/filerules.ts';
import { makeClassifier } from '../core/filerules.ts';
import { Trace } from '../core/trace.ts';
import type { TraceSummary } from '../core/trace.ts';
import { StraceReader } from '../formats/strace.ts';
import { encodeWithheld } from '../formats/percent.ts';
import { isSecretName, maskArguments, maskKnown, maskValue } from '../formats/secrets.ts';
import type { SecretHasher } from '../formats/secrets.ts';
import { hasShellSyntax, quoteCommand, respellRoot } from '../formats/shell.ts';
import { printJsonRun } from '../views/json.ts';
import { formatUtcMicros, readUtcMicros } from '../sys/clock.ts';
import { errorCode, keepTemporariesIn, lstatIfThere, makeFolder, readBytesIfThere, readFirstBytes, removeIfThere, statIfThere, toBytes } from '../sys/files.ts';
import { describeEnvironment, findInheritedDescriptors, findInterpreters, findProgram, readCurrentFolder, readRedirect, readSurroundingLog, readVariables, resolveLinks } from '../sys/machine.ts';
import { BinaryCache } from '../sys/binaries.ts';
import { beginObservation, endObservation, toRecordPath, watchReads } from '../sys/observe.ts';
import type { Observation, Observed, TraceMethod } from '../sys/observe.ts';
import { runCommand } from '../sys/process.ts';
import type { CommandEnd, CommandRequest, TracerRequest } from '../sys/process.ts';
import { absoluteOf, describeSystemError, findProject, hideFromGit, relativeTo, requireProject, setUpProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { beginCode, endCode, findUnclean, noteCode, readEarlierContent } from '../sys/code.ts';
import type { BegunCode } from '../sys/code.ts';
import { makeSecretHasher } from '../sys/secretkey.ts';
import { isLeftOut } from '../sys/scan.ts';
import { findStrace, straceCommand } from '../sys/strace.ts';
import { endWatch, keepLinks, withholdSecretFiles } from '../sys/watch.ts';
import type { Watched, WatchedProcess } from '../sys/watch.ts';
import { os } from '../sys/node.ts';
import { claimRun, hasOverlap, includeRun, makeResultTester, noteEnded, readEndedBytes, refreshMark, runningLogName, saveByContent, saveLogs, saveRecord, settleLostRuns, touchMark } from '../sys/store.ts';
import { describeSoftware, isModuleName, isSharedObjectName } from '../sys/software.ts';
import type { LoadedSoftware } from '../sys/software.ts';
import { isSharingForeground, isTerminal, planTerminal, tell } from '../sys/terminal.ts';
import { initialFiles, RR_VERSION } from '../views/texts.ts';

export type RecordOptions = {
  argv: ByteString[];
  project: ByteString | undefined;
  label: ByteString | undefined;
  reason: ByteString | undefined;
  tags: ByteString[];
  inputs: ByteString[];
  outputs: ByteString[];
  parameters: ByteString[];
  timeout: ByteString | undefined;
  trace: ByteString | undefined;
  requireClean: boolean;
  noLogs: boolean;
  quiet: boolean;
  json: boolean;
  printId: boolean;
};

/** What one recording carries from step to step. */
type Session = {
  options: RecordOptions;
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
};

type Watch = { trace: Trace; reader: StraceReader; program: ByteString; hasFilter: boolean; version: string; startMs: number; links: Map<ByteString, FileState> };

// ---- options ----------------------------------------------------------------------------------------

const LONGEST_TIMEOUT_S = 1e9;

/** Seconds, in whole milliseconds, of "90", "1.5m", "2h", "1d"; throws Failure for anything else. */
function parseDurationS(text: ByteString): number {
  const parts = /^(\d+(?:\.\d+)?)(s|m|h|d)?$/.exec(text);
  const seconds = parts === null ? 0 : Math.round(Number(parts[1]) * { s: 1, m: 60, h: 3600, d: 86400 }[parts[2] ?? 's' as string]! * 1000) / 1000;
  if (seconds === 0 || seconds > LONGEST_TIMEOUT_S) throw new Failure('cannot use --timeout "' + text + '": not a time', 'write seconds, or 90s, 5m, 2h, 1d', EXIT.usage);
  return seconds;
}

function parseTrace(text: ByteString | undefined): TraceMethod | 'auto' {
  if (text === undefined || text === 'auto') return 'auto';
  if (text === 'strace' || text === 'scan' || text === 'atime' || text === 'none') return text;
  throw new Failure('cannot use --trace "' + text + '": no such method', 'one of auto, strace, scan, atime, none', EXIT.usage);
}

function checkParameters(parameters: ByteString[]): void {
  for (const parameter of parameters) {
    if (!/^[^ \t-\r=]+=/.test(parameter)) throw new Failure('cannot use -p "' + parameter + '": not NAME=VALUE', '', EXIT.usage);
  }
}

/** The command's arguments; a single one that holds shell syntax is given to a shell. */
function resolveCommand(argv: ByteString[], folder: ByteString): ByteString[] {
  if (argv.length === 0) throw new Failure('cannot record: no command', 'rr record [options] -- COMMAND [ARG...]', EXIT.usage);
  if (argv.length > 1 || !hasShellSyntax(argv[0])) return argv;
  const named = argv[0][0] === '/' ? argv[0] : folder + '/' + argv[0];
  return argv[0].indexOf('/') >= 0 && lstatIfThere(named) !== undefined ? argv : ['sh', '-c', argv[0]];
}

// ---- before the run ---------------------------------------------------------------------------------

function openProject(options: RecordOptions, current: ByteString): Project {
  if (options.project !== undefined) return requireProject(current, options.project);
  const found = findProject(current);
  if (found !== undefined) return found;
  const { project } = setUpProject(current, initialFiles());
  if (!options.quiet) tell('rr: made provenance/ in ' + current);
  return project;
}

function readRedirects(project: Project): { spelled: ByteString[]; from: ByteString[]; to: ByteString[]; warnings: ByteString[] } {
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
function attempt(problems: string[], what: string, part: () => void): void {
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

// A shorter value is no secret ("1", "yes"), and would be found where it is none.
const SHORTEST_SECRET_BYTES = 8;

/** Values withheld so far that would be recognised anywhere: of secret variables, and of arguments. */
function listSecretVariables(): Set<ByteString> {
  const values = Object.keys(process.env).filter(isSecretName).map((name) => toBytes(String(process.env[name])));
  return new Set(values.filter((secret) => secret.length >= SHORTEST_SECRET_BYTES));
}

/** Withholds in a text all that is known to be a secret, which a shell may have put there. */
function makeWithholder(hash: SecretHasher, secrets: Set<ByteString>): (text: ByteString) => ByteString {
  return (text) => maskKnown(text, Array.from(secrets).sort((a, b) => b.length - a.length), hash);
}

function spellCommand(session: Pick<Session, 'argv' | 'project' | 'folder' | 'hash' | 'withhold' | 'secrets'>): ByteString {
  const directory = relativeTo(session.project, session.folder);
  // What is a secret in one process's arguments is one wherever else it stands.
  const learn = (secret: ByteString): string => {
    const bare = secret.replace(/^["']|["']$/g, '');
    if (bare.length >= SHORTEST_SECRET_BYTES) session.secrets.add(bare);
    return session.hash(secret);
  };
  const masked = maskArguments(session.argv, learn).map(session.withhold);
  const linked = readLinkedRoot(directory);
  const spelled = linked === undefined ? masked : masked.map((argument) => respellRoot(argument, linked, session.project.root));
  return quoteCommand(spelled, session.project.root, directory);
}

/** The project's folder as the shell names it, if that is by way of a link: $PWD without the folder in it. */
function readLinkedRoot(directory: ByteString): ByteString | undefined {
  const shown = toBytes(process.env.PWD ?? '');
  if (shown[0] !== '/' || resolveLinks(shown) === shown || resolveLinks(shown) !== readCurrentFolder()) return undefined;
  if (directory === '.') return shown;
  return shown.endsWith('/' + directory) ? shown.slice(0, -directory.length - 1) : undefined;
}

// Of a run for which no mark could be written, so that nothing of it is kept.
const UNCLAIMED_ID = '00000000T000000Z-aaaaaa';

function beginRun(options: RecordOptions, project: Project, folder: ByteString, argv: ByteString[], problems: string[]): Session {
  attempt(problems, 'make .rr', () => { makeFolder(project.own + '/running'); keepTemporariesIn(project.own + '/running'); hideFromGit(project); });
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
    const run = emptyRun(id, spellCommand({ argv, project, folder, hash, withhold, secrets }), formatUtcMicros(startedMicros), RR_VERSION);
    run.directory = relativeTo(project, folder);
    if (run.directory[0] === '/') run.warnings.push('the command ran outside of the project: it cannot be repeated elsewhere');
    run.label = options.label;
    run.reason = options.reason;
    run.tags = options.tags;
    run.parameters = options.parameters.map((parameter) => {
      const sign = parameter.indexOf('=');
      const name = parameter.slice(0, sign);
      return name + ' ' + withhold(maskValue(name, parameter.slice(sign + 1), hash));
    });
    run.declaredInputs = options.inputs.map((pattern) => toRecordPath(project, folder, pattern));
    run.declaredOutputs = options.outputs.map((pattern) => toRecordPath(project, folder, pattern));
    if (options.timeout !== undefined) run.timeoutS = parseDurationS(options.timeout);
    return run;
  };
  let run: Run | undefined;
  attempt(problems, 'write "' + project.own + '"', () => { run = claimRun(project, startedMicros, fill); });
  return { options, project, folder, argv, hash, withhold, secrets, run: run ?? fill(UNCLAIMED_ID), problems, endedBytes: readEndedBytes(project), isShared: false, ownLibraries: [], watch: undefined, code: undefined };
}

function recordCode(session: Session): void {
  const { project, run } = session;
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
  if (!session.options.requireClean) return;
  const open = run.codeFiles.filter((file) => file.state !== 'clean').map((file) => file.path).concat(run.codeOthers.filter((other) => /^\S+ \S+ dirty /.test(other)));
  if (open.length > 0) run.warnings.push('code that is not committed was read, which --require-clean could not know beforehand: ' + shorten(open));
}

function recordVariables(session: Session): void {
  for (const { name, value } of readVariables(REPLAYED_VARIABLES)) {
    const masked = maskValue(name, value, session.hash);
    if (masked === value) session.run.variables.push(name + '=' + value);
    else session.run.variableHashes.push(name + ' ' + session.hash(value));
  }
  for (const name of Object.keys(process.env).sort()) {
    if (isSecretName(name)) session.run.variableHashes.push(name + ' ' + session.hash(toBytes(String(process.env[name]))));
  }
}

/** What the command would load, as far as its program's files tell. */
function guessSoftware(session: Session): LoadedSoftware {
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

function isInProject(project: Project, name: ByteString): boolean {
  return relativeTo(project, name)[0] !== '/';
}

/** Facts of the environment. Where nothing is traced they need not wait for the end of the command. */
async function recordEnvironment(session: Session, loaded: LoadedSoftware): Promise<void> {
  const { project, run } = session;
  const software = await describeSoftware(loaded, { project, cacheFolder: project.own, isInside: (name) => isInProject(project, name) });
  const spell = (name: string, value: ByteString): ByteString => {
    const masked = session.withhold(maskValue(name, value, session.hash));
    const parts = masked.split(project.root);
    return parts.length === 1 || project.root === '/' ? encodeWithheld(masked) : parts.map(encodeWithheld).join('%{project}');
  };
  run.environment = saveByContent(project, 'environments', describeEnvironment(software.text, spell), '.rec');
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
  const { project, folder, argv, options } = session;
  if (wanted !== 'auto' && wanted !== 'strace') return wanted;
  if (session.run.id === UNCLAIMED_ID) return 'none';
  const obstacle = isTraceable(project, argv, folder, wanted === 'strace');
  const search = findStrace(project);
  if (search.kind === 'works' && obstacle === undefined) {
    session.watch = beginWatch(session, search);
    return 'strace';
  }
  const why = search.kind === 'works' ? obstacle as string : search.why;
  if (wanted === 'strace' && obstacle !== 'the program is not found') {
    removeIfThere(project.own + '/running/' + session.run.id);
    throw new Failure('cannot use --trace strace: ' + why, 'leave the option out, or --trace scan', EXIT.refused);
  }
  if (!options.quiet && search.kind === 'fails' && search.isNews) tell('rr: the run is not traced, only the project is compared before and after: ' + why);
  return 'scan';
}

function beginWatch(session: Session, tracer: { program: ByteString; version: string; hasFilter: boolean }): Watch {
  const { project, folder, run } = session;
  const file = project.provenance + '/files.txt';
  const home = toBytes(os().homedir());
  const classify = makeClassifier({ project: project.root, home, temporary: resolveLinks(toBytes(process.env.TMPDIR ?? '/tmp')) }, readBytesIfThere(file) ?? '', 'provenance/files.txt');
  const classOf = (name: ByteString): PathClass => {
    const found = classify(name);
    const path = found === 'project' ? relativeTo(project, name) : name;
    return path[0] !== '/' && isLeftOut(path) ? 'ignored' : found;
  };
  const startMs = statIfThere(project.own + '/running/' + run.id)?.mtimeMs ?? readUtcMicros() / 1000;
  const links = new Map<ByteString, FileState>();
  const trace = new Trace({ folder, classOf, resolveFolder: resolveLinks, onLink: (name) => keepLinks(project, name, startMs, links) });
  return { ...tracer, trace, links, reader: new StraceReader((event) => trace.handle(event)), startMs };
}

function tracerRequest(watch: Watch | undefined): TracerRequest | undefined {
  if (watch === undefined) return undefined;
  return {
    prefix: (output) => straceCommand(watch.program, watch.hasFilter, output), feed: (text) => watch.reader.feed(text),
    isMainEnded: () => watch.trace.isMainEnded(), countAlive: () => watch.trace.countAlive(),
  };
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

function planStreams(session: Session): Pick<CommandRequest, 'stdout' | 'stderr' | 'terminal'> {
  const keep = (descriptor: number): 'inherit' | 'keep' => {
    if (session.options.noLogs || session.run.id === UNCLAIMED_ID) return 'inherit';
    return session.run.redirects.some((redirect) => redirect.startsWith(String(descriptor) + ' ')) ? 'inherit' : 'keep';
  };
  // What cannot be started needs no terminal, and script(1) would tell of it in words of its own.
  const isProgram = findProgram(session.argv[0], session.folder).kind === 'found';
  // In the background, script(1) would be stopped as soon as it touches the terminal's modes.
  const onTerminal = isProgram && isSharingForeground() && [1, 2].some((descriptor) => isTerminal(descriptor));
  if (session.options.noLogs || session.run.id === UNCLAIMED_ID || !onTerminal) return { stdout: keep(1), stderr: keep(2), terminal: undefined };
  const terminal = planTerminal();
  if (terminal !== undefined) return { stdout: keep(1), stderr: keep(2), terminal };
  session.run.warnings.push('what the command printed to the terminal was not kept: there is no script(1) here, or the output goes on to another program');
  return { stdout: isTerminal(1) ? 'inherit' : keep(1), stderr: isTerminal(2) ? 'inherit' : keep(2), terminal: undefined };
}

const HEARTBEAT_MS = 60000;

async function runIt(session: Session, inherited: number[]): Promise<CommandEnd> {
  const { run, project } = session;
  const heartbeat = setInterval(() => attempt([], 'touch', () => touchMark(project, run)), HEARTBEAT_MS);
  let environment: Promise<void> | undefined;
  const end = await runCommand({
    argv: session.argv, ...planStreams(session), logName: runningLogName(project, run.id), pipePool: project.own + '/pipes',
    timeoutMs: run.timeoutS === undefined ? undefined : run.timeoutS * 1000,
    onStart: (pid) => { if (run.id !== UNCLAIMED_ID) attempt(session.problems, 'write "' + project.own + '"', () => refreshMark(project, run, pid)); },
    meanwhile: () => { if (session.watch === undefined) environment = attemptLater(session.problems, 'record the environment', () => recordEnvironment(session, guessSoftware(session))); },
    tracer: tracerRequest(session.watch), inherited,
  });
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
  run.missingOutputs = observed.missingOutputs.map((pattern) => toRecordPath(project, folder, pattern));
  run.warnings.push(...observed.warnings);
  if (observed.undeclared.length > 0) run.warnings.push('written but not declared: ' + shorten(observed.undeclared));
  if (observed.uncertain.length > 0) run.warnings.push('changed while another run was active, so not counted as outputs: ' + shorten(observed.uncertain.map((file) => file.path)));
}

function noteWatched(session: Session, watched: Watched): void {
  const { run } = session;
  noteObserved(session, watched, watched.processes);
  if (watched.unread.length > 0) run.warnings.push('declared as inputs, but not read: ' + shorten(watched.unread));
  run.absent = watched.absent;
  run.leftOut = watched.leftOut;
  noteProcesses(session, watched);
}

function shorten(paths: ByteString[]): ByteString {
  return paths.slice(0, 5).join(', ') + (paths.length > 5 ? ' and ' + String(paths.length - 5) + ' more' : '');
}

/** Writes everything; each part that fails is named and does not keep the others from being tried. */
function save(session: Session): void {
  const { project, run, problems } = session;
  if (run.id === UNCLAIMED_ID) return;
  attempt(problems, 'keep the logs', () => saveLogs(project, run));
  const before = problems.length;
  attempt(problems, 'write the record', () => saveRecord(project, run));
  attempt(problems, 'note the end', () => noteEnded(project, run));
  if (problems.length > before) return;
  attempt(problems, 'bring provenance/Makefile up to date', () => {
    const lost = settleLostRuns(project, run.id);
    for (const one of lost) if (!session.options.quiet) tell('rr: the run ' + one.id + ' was lost: rr was killed while it ran');
    for (const fault of includeRun(project, run)) tell('rr: ' + fault.message);
  });
}

/** A script whose #! line names a program that is not there is "not found" to the system, too. */
function explainStart(session: Session, failure: string): string {
  return failure === 'not found' && findProgram(session.argv[0], session.folder).kind === 'found' ? 'the program in its #! line is not found' : failure;
}

function report(session: Session, end: CommandEnd): void {
  const { run, options, problems } = session;
  if (end.startFailure !== undefined) tell('rr: cannot run "' + session.argv[0] + '": ' + explainStart(session, end.startFailure));
  if (end.isTimedOut) tell('rr: stopped after ' + String(run.timeoutS) + ' s (--timeout)');
  for (const problem of problems) tell('rr: ' + problem);
  if (problems.length > 0) tell('rr: the run was not recorded in full');
  for (const path of run.missingOutputs) tell('rr: declared output "' + path + (lstatIfThere(absoluteOf(session.project, path)) === undefined ? '" did not appear' : '" was not written: it is as it was before'));
  if (!options.quiet && end.startFailure === undefined) for (const warning of run.warnings) if (problems.indexOf(warning) < 0) tell('rr: warning: ' + warning);
  if (options.json) tell(printJsonRun(run));
  else if (!options.quiet && problems.length === 0 && isTerminal(2)) {
    const count = (files: FileState[], word: string): string => String(files.length) + ' ' + word + (files.length === 1 ? '' : 's');
    tell('rr: recorded ' + run.id + ': ' + run.status + ', ' + count(run.inputs, 'input') + ', ' + count(run.outputs, 'output'));
  }
  if (options.printId && run.id !== UNCLAIMED_ID) tell(run.id);
}

function chooseExit(session: Session, end: CommandEnd): number {
  if (end.isTimedOut) return EXIT.timeout;
  if (end.exit !== 0) return end.exit;
  if (session.problems.length > 0) return EXIT.notRecorded;
  return session.run.missingOutputs.length > 0 ? EXIT.outputMissing : 0;
}

async function observe(session: Session, method: TraceMethod): Promise<Observation> {
  const { options, project, folder, run } = session;
  const redirects = readRedirects(project);
  run.redirects = redirects.spelled;
  run.warnings.push(...redirects.warnings);
  const { observation, missing } = await beginObservation({
    project, method, folder, argv: session.argv, declaredInputs: options.inputs, declaredOutputs: options.outputs,
    redirectedFrom: redirects.from, redirectedTo: redirects.to,
    surroundingLogs: [1, 2].map(readSurroundingLog).map((name) => (name === undefined ? '' : relativeTo(project, name))),
  });
  if (missing.length > 0) {
    removeIfThere(project.own + '/running/' + run.id);
    throw new Failure('cannot start: declared input "' + missing[0] + '" is not there' + (missing.length > 1 ? ' (and ' + String(missing.length - 1) + ' more)' : ''), '', EXIT.refused);
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

/** Runs the command and records it. Returns the exit status for rr. */
export async function recordRun(options: RecordOptions): Promise<number> {
  checkParameters(options.parameters);
  const wanted = parseTrace(options.trace);
  if (options.timeout !== undefined) parseDurationS(options.timeout);
  const inherited = findInheritedDescriptors();
  const folder = readCurrentFolder();
  const argv = resolveCommand(options.argv, folder);
  const project = openProject(options, folder);
  const problems: string[] = [];
  const session = beginRun(options, project, folder, argv, problems);
  const observation = await observe(session, chooseMethod(session, wanted));
  session.isShared = hasOverlap(project, session.run.id, session.endedBytes);
  attempt(problems, 'record the code', () => recordCode(session));
  if (options.requireClean) refuseUnclean(session, observation);
  recordVariables(session);
  if (problems.length > 0) tell('rr: ' + problems[0] + '; the command runs all the same');
  watchReads(observation);
  const end = await runIt(session, inherited);
  noteEnd(session.run, end);
  if (end.isHeld && session.watch === undefined) session.run.warnings.push('something that the command started goes on: what it does now is not recorded, or is taken for the next run\'s');
  problems.push(...end.logProblems);
  // Asked once more after the last look at the project: what was changed until then may be another's.
  const isShared = (): boolean => session.isShared || hasOverlap(project, session.run.id, session.endedBytes);
  session.run.observed = session.watch === undefined ? observation.method : 'strace ' + session.watch.version;
  await lookAfter(session, observation, isShared);
  attempt(problems, 'record the code', () => recordCodeFiles(session));
  save(session);
  report(session, end);
  return chooseExit(session, end);
}
