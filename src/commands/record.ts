// record.ts - rr record: runs a command and writes its record.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { DURATION_WORDS, parseDuration } from '../core/quantities.ts';
import type { FileState } from '../core/run.ts';
import { isDeclarableVariable, splitVariable } from '../core/variables.ts';
import { readAsked, spellTyped } from '../formats/plan.ts';
import { maskArguments, maskValue } from '../formats/secrets.ts';
import { hasShellSyntax } from '../formats/shell.ts';
import { printJsonRun } from '../views/json.ts';
import { initialFiles } from '../views/texts.ts';
import { lstatIfThere, toBytes, toText } from '../sys/files.ts';
import { findInheritedDescriptors, findProgram, readCurrentFolder } from '../sys/machine.ts';
import { TRACE_METHODS, toRecordPath } from '../sys/observe.ts';
import { addToPlan, PLAN_PATH } from '../sys/planfile.ts';
import type { NewStep } from '../sys/planfile.ts';
import { absoluteOf, findProject, relativeTo, requireProject, setUpProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { readRedirects, recordCommand, UNCLAIMED_ID } from '../sys/recording.ts';
import type { Recorded, RecordingRequest } from '../sys/recording.ts';
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
  /** 'NAME' or 'NAME=VALUE' */
  variables: ByteString[];
  timeout: ByteString | undefined;
  cpus: ByteString | undefined;
  memory: ByteString | undefined;
  time: ByteString | undefined;
  partition: ByteString | undefined;
  /** Name of the step that is planned instead of running the command. */
  plan: ByteString | undefined;
  force: boolean;
  trace: ByteString | undefined;
  requireClean: boolean;
  noLogs: boolean;
  quiet: boolean;
  json: boolean;
  printId: boolean;
};

// ---- options ----------------------------------------------------------------------------------------

function parseTimeout(text: ByteString): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw new Failure('cannot use --timeout "' + text + '": not a time', 'write ' + DURATION_WORDS, EXIT.usage);
  return seconds;
}

const ASKED_WORDS = { cpus: 'not a number of processors', memory: 'not a size', time: 'not a time', partition: 'not the name of a partition' };

/** What is asked for the run, as a record has it. */
function readAskedOptions(options: RecordOptions): ByteString[] {
  const asked: ByteString[] = [];
  for (const what of ['cpus', 'memory', 'time', 'partition'] as const) {
    const value = options[what];
    if (value === undefined) continue;
    const refuse = (hint: string): never => { throw new Failure('cannot use --' + what + ' "' + value + '": ' + ASKED_WORDS[what], hint, EXIT.usage); };
    // To one a number is bytes, to another megabytes.
    if (what === 'memory' && /^\d+$/.test(value)) refuse('write its unit: ' + value + 'M, or ' + value + 'B for bytes');
    asked.push(readAsked(what + ' ' + value, (_, hint) => refuse(hint)));
  }
  return asked;
}

/** The variables declared, by name, and the values that some are given. */
function readVariableOptions(variables: ByteString[]): Map<ByteString, ByteString | undefined> {
  const declared = new Map<ByteString, ByteString | undefined>();
  for (const given of variables) {
    const { name, value } = splitVariable(given);
    if (!isDeclarableVariable(name)) {
      const isName = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
      throw new Failure('cannot declare the variable "' + name + '": ' + (isName ? 'it says where programs are or how they start' : 'no variable can be called so'), isName ? 'what describes the machine is in the record anyway; see "Declared variables" in the manual' : 'write NAME or NAME=VALUE', EXIT.usage);
    }
    if (value !== undefined && toBytes(toText(value)) !== value) throw new Failure('cannot set the variable "' + name + '": its value is not UTF-8', 'set it in the shell, and declare its name alone', EXIT.usage);
    declared.set(name, value ?? declared.get(name));
  }
  return declared;
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

// ---- the plan ---------------------------------------------------------------------------------------

const NOT_PLANNED: [keyof RecordOptions, string][] = [['requireClean', '--require-clean'], ['noLogs', '--no-logs'], ['json', '--json'], ['printId', '--print-id']];

/** Refuses what a plan cannot hold. */
function checkPlanned(options: RecordOptions, name: ByteString): void {
  const refuse = (what: string, hint: string): never => { throw new Failure('cannot plan "' + name + '": ' + what, hint, EXIT.usage); };
  for (const [key, option] of NOT_PLANNED) if (options[key] === true) refuse('nothing is run, so ' + option + ' has no meaning', 'leave it out');
  const argv = maskArguments(options.argv, () => '');
  const isSecret = argv.some((word, i) => word !== options.argv[i]) || options.parameters.some((one) => {
    const sign = one.indexOf('=');
    return sign >= 0 && maskValue(one.slice(0, sign), one.slice(sign + 1), () => '') !== one.slice(sign + 1);
  });
  if (isSecret) refuse('it holds what may be a secret, and the plan is a file for everybody', 'let the command read it from a file or a variable');
}

/** NAME=VALUE, or PATH:KEY of a value in a file, as the plan has it. */
function spellParameter(project: Project, folder: ByteString, parameter: ByteString): ByteString {
  const sign = parameter.indexOf('=');
  if (sign >= 0) return parameter.slice(0, sign) + (sign === parameter.length - 1 ? '' : ' ' + parameter.slice(sign + 1));
  const colon = parameter.lastIndexOf(':');
  return toRecordPath(project, folder, parameter.slice(0, colon)) + parameter.slice(colon);
}

/** Streams that go to files of the project; what lies elsewhere is left as whoever runs the step has it. */
function listPlannedRedirects(project: Project): ByteString[] {
  return readRedirects(project).spelled.filter((redirect) => redirect === '2 >& 1' || redirect.startsWith('0 <') || !/^[12] >>? \//.test(redirect));
}

function describeStep(options: RecordOptions, project: Project, folder: ByteString, name: ByteString): NewStep {
  const directory = relativeTo(project, folder);
  const path = (pattern: ByteString): ByteString => toRecordPath(project, folder, pattern);
  const fields: NewStep['fields'] = [];
  const add = (field: string, value: ByteString | undefined): void => { if (value !== undefined && value !== '') fields.push({ name: field, value }); };
  add('Plan', name);
  add('Command', spellTyped(resolveCommand(options.argv, folder), project.root, directory));
  if (directory !== '.') add('Directory', directory);
  add('Label', options.label);
  add('Reason', options.reason);
  for (const tag of options.tags) add('Tag', tag);
  for (const parameter of options.parameters) add('Parameter', spellParameter(project, folder, parameter));
  for (const pattern of options.inputs) add('Declared_input', path(pattern));
  for (const pattern of options.outputs) add('Declared_output', path(pattern));
  for (const [variable, value] of readVariableOptions(options.variables)) add(value === undefined ? 'Declared_variable' : 'Variable', value === undefined ? variable : variable + '=' + value);
  for (const redirect of listPlannedRedirects(project)) add('Redirect', redirect);
  add('Timeout_s', options.timeout === undefined ? undefined : String(parseTimeout(options.timeout)));
  readAskedOptions(options);
  for (const what of ['cpus', 'memory', 'time', 'partition'] as const) if (options[what] !== undefined) add('Asked', what + ' ' + String(options[what]));
  if (options.trace !== undefined && options.trace !== 'auto') add('Observed', options.trace);
  return { name, fields };
}

/** Writes the step into the plan; runs nothing. */
function planStep(options: RecordOptions, name: ByteString): number {
  const folder = readCurrentFolder();
  checkPlanned(options, name);
  resolveCommand(options.argv, folder);
  const project = openProject(options, folder);
  if (relativeTo(project, folder)[0] === '/') throw new Failure('cannot plan "' + name + '": this folder is not in the project', 'go to the folder that it is to run in', EXIT.usage);
  const done = addToPlan(project, describeStep(options, project, folder, name), options.force);
  if (!options.quiet) tell('rr: "' + name + '" ' + { added: 'is planned', replaced: 'is planned anew', same: 'is planned so already' }[done] + ' in ' + PLAN_PATH + '; "rr make" runs it');
  return 0;
}

/** Sets for the command the variables that are given a value. */
function setDeclared(declared: Map<ByteString, ByteString | undefined>): void {
  for (const [name, value] of declared) if (value !== undefined) process.env[name] = toText(value);
}

/** Runs the command and records it. Returns the exit status for rr. */
export async function recordRun(options: RecordOptions): Promise<number> {
  checkParameters(options.parameters);
  if (options.plan !== undefined) return planStep(options, options.plan);
  if (options.force) throw new Failure('cannot use --force without --plan', '', EXIT.usage);
  // Anything but a method is 'auto': the table of options lets no other word through.
  const trace = TRACE_METHODS.find((method) => method === options.trace) ?? 'auto';
  const timeoutS = options.timeout === undefined ? undefined : parseTimeout(options.timeout);
  const asked = readAskedOptions(options);
  const declared = readVariableOptions(options.variables);
  // First of all, as long as rr has opened nothing itself.
  const inherited = findInheritedDescriptors();
  const folder = readCurrentFolder();
  const { label, reason, tags, inputs, outputs, parameters, requireClean, noLogs, quiet } = options;
  const request: RecordingRequest = {
    argv: resolveCommand(options.argv, folder), project: openProject(options, folder), folder, label, reason, tags, inputs, outputs, parameters,
    variables: Array.from(declared.keys()), timeoutS, asked, trace, requireClean, noLogs, quiet, inherited, repeat: undefined,
  };
  setDeclared(declared);
  const recorded = await recordCommand(request);
  report(options, request, recorded);
  return chooseExit(recorded);
}
