// record.ts - rr record: runs a command and writes its record.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import type { FileState } from '../core/run.ts';
import { hasShellSyntax } from '../formats/shell.ts';
import { printJsonRun } from '../views/json.ts';
import { initialFiles } from '../views/texts.ts';
import { lstatIfThere } from '../sys/files.ts';
import { findInheritedDescriptors, findProgram, readCurrentFolder } from '../sys/machine.ts';
import { TRACE_METHODS } from '../sys/observe.ts';
import { absoluteOf, findProject, requireProject, setUpProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { recordCommand, UNCLAIMED_ID } from '../sys/recording.ts';
import type { Recorded, RecordingRequest } from '../sys/recording.ts';
import { openReuse } from '../sys/reuse.ts';
import { chooseReuse } from '../sys/settings.ts';
import type { ReuseWish } from '../sys/settings.ts';
import { isTerminal, tell } from '../sys/terminal.ts';

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
  reuse: ReuseWish;
};

// ---- options ----------------------------------------------------------------------------------------

const LONGEST_TIMEOUT_S = 1e9;

/** Seconds, in whole milliseconds, of "90", "1.5m", "2h", "1d"; throws Failure for anything else. */
function parseDurationS(text: ByteString): number {
  const parts = /^(\d+(?:\.\d+)?)(s|m|h|d)?$/.exec(text);
  const seconds = parts === null ? 0 : Math.round(Number(parts[1]) * { s: 1, m: 60, h: 3600, d: 86400 }[parts[2] ?? 's' as string]! * 1000) / 1000;
  if (seconds === 0 || seconds > LONGEST_TIMEOUT_S) throw new Failure('cannot use --timeout "' + text + '": not a time', 'write seconds, or 90s, 5m, 2h, 1d', EXIT.usage);
  return seconds;
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

function openProject(options: RecordOptions, current: ByteString): Project {
  if (options.project !== undefined) return requireProject(current, options.project);
  const found = findProject(current);
  if (found !== undefined) return found;
  const { project } = setUpProject(current, initialFiles());
  if (!options.quiet) tell('rr: made provenance/ in ' + current);
  return project;
}

/** A script whose #! line names a program that is not there is "not found" to the system, too. */
function explainStart(request: RecordingRequest, failure: string): string {
  return failure === 'not found' && findProgram(request.argv[0], request.folder).kind === 'found' ? 'the program in its #! line is not found' : failure;
}

function report(options: RecordOptions, request: RecordingRequest, recorded: Recorded): void {
  const { run, end, problems } = recorded;
  if (end.startFailure !== undefined) tell('rr: cannot run "' + request.argv[0] + '": ' + explainStart(request, end.startFailure));
  if (run.reused !== undefined && !options.quiet) tell('rr: reused the outputs of ' + run.reused);
  if (recorded.notReused !== undefined && !options.quiet) tell('rr: not kept for reuse: ' + recorded.notReused);
  if (end.isTimedOut) tell('rr: stopped after ' + String(run.timeoutS) + ' s (--timeout)');
  for (const problem of problems) tell('rr: ' + problem);
  if (problems.length > 0) tell('rr: the run was not recorded in full');
  for (const path of run.missingOutputs) tell('rr: declared output "' + path + (lstatIfThere(absoluteOf(request.project, path)) === undefined ? '" did not appear' : '" was not written: it is as it was before'));
  if (!options.quiet && end.startFailure === undefined) for (const warning of run.warnings) if (problems.indexOf(warning) < 0) tell('rr: warning: ' + warning);
  if (options.json) tell(printJsonRun(run));
  else if (!options.quiet && problems.length === 0 && isTerminal(2)) {
    const count = (files: FileState[], word: string): string => String(files.length) + ' ' + word + (files.length === 1 ? '' : 's');
    tell('rr: recorded ' + run.id + ': ' + run.status + ', ' + count(run.inputs, 'input') + ', ' + count(run.outputs, 'output'));
  }
  if (options.printId && run.id !== UNCLAIMED_ID) tell(run.id);
}

function chooseExit(recorded: Recorded): number {
  const { run, end, problems } = recorded;
  if (end.isTimedOut) return EXIT.timeout;
  if (end.exit !== 0) return end.exit;
  if (problems.length > 0) return EXIT.notRecorded;
  return run.missingOutputs.length > 0 ? EXIT.outputMissing : 0;
}

/** Runs the command and records it. Returns the exit status for rr. */
export async function recordRun(options: RecordOptions): Promise<number> {
  checkParameters(options.parameters);
  // Anything but a method is 'auto': the table of options lets no other word through.
  const trace = TRACE_METHODS.find((method) => method === options.trace) ?? 'auto';
  const timeoutS = options.timeout === undefined ? undefined : parseDurationS(options.timeout);
  // First of all, as long as rr has opened nothing itself.
  const inherited = findInheritedDescriptors();
  const folder = readCurrentFolder();
  const { label, reason, tags, inputs, outputs, parameters, requireClean, noLogs, quiet } = options;
  const argv = resolveCommand(options.argv, folder);
  const project = openProject(options, folder);
  const reuse = chooseReuse(project, folder, options.reuse);
  const request: RecordingRequest = {
    argv, project, folder, label, reason, tags, inputs, outputs, parameters,
    timeoutS, trace, requireClean, noLogs, quiet, inherited, repeat: undefined, reuse: reuse && openReuse(project, reuse.cache, reuse.hasEnvironment),
  };
  const recorded = await recordCommand(request);
  report(options, request, recorded);
  return chooseExit(recorded);
}
