// record.ts - rr record: runs a command and writes its record.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { nameFileParameter } from '../core/parameters.ts';
import type { FileParameter } from '../core/parameters.ts';
import { findNameFault, PLAN_PATH } from '../core/plan.ts';
import type { FileState } from '../core/run.ts';
import { readMetricRule } from '../formats/metricrule.ts';
import { spellTyped } from '../formats/plan.ts';
import { maskArguments, maskValue } from '../formats/secrets.ts';
import { printJsonRun } from '../views/json.ts';
import { lstatIfThere } from '../sys/files.ts';
import { findInheritedDescriptors, findProgram, readCurrentFolder } from '../sys/machine.ts';
import { TRACE_METHODS, toRecordPath } from '../sys/observe.ts';
import { readParameterOption } from '../sys/parameterfiles.ts';
import { addToPlan, checkNewStep } from '../sys/planfile.ts';
import type { NewStep } from '../sys/planfile.ts';
import { absoluteOf, findProject, projectAt, relativeTo, requireProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { readRedirects, recordCommand, UNCLAIMED_ID } from '../sys/recording.ts';
import type { Recorded, RecordingRequest } from '../sys/recording.ts';
import { openReuse } from '../sys/reuse.ts';
import { chooseReuse } from '../sys/settings.ts';
import type { ReuseWish } from '../sys/settings.ts';
import { openOrMakeProject, parseTimeout, readAskedOptions, readVariableOptions, resolveCommand, setDeclared } from '../sys/runoptions.ts';
import { isTerminal, tell } from '../sys/terminal.ts';

export type RecordOptions = {
  argv: ByteString[];
  project: ByteString | undefined;
  label: ByteString | undefined;
  reason: ByteString | undefined;
  tags: ByteString[];
  inputs: ByteString[];
  outputs: ByteString[];
  /** NAME=VALUE, FILE:KEY, or FILE for all of its keys. */
  parameters: ByteString[];
  /** 'NAME' or 'NAME=VALUE' */
  variables: ByteString[];
  metrics: ByteString[];
  /** What of the printed lines are metrics. */
  metricsFrom: ByteString[];
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
  reuse: ReuseWish;
};

// ---- options ----------------------------------------------------------------------------------------

type GivenParameters = { given: ByteString[]; inFiles: FileParameter[]; left: ByteString[] };

/** What -p says: values given here, and those in files. Throws Failure before anything is made. */
function readGivenParameters(options: RecordOptions, folder: ByteString): GivenParameters {
  const project = options.project !== undefined ? requireProject(folder, options.project) : findProject(folder) ?? projectAt(folder);
  const parameters: GivenParameters = { given: [], inFiles: [], left: [] };
  const names = new Set<ByteString>();
  for (const text of options.parameters) {
    const named = readParameterOption(project, folder, text);
    if (named === undefined) {
      if (!/^[^ \t-\r=]+=/.test(text)) throw new Failure('cannot use -p "' + text + '": not NAME=VALUE', '', EXIT.usage);
      parameters.given.push(text);
      continue;
    }
    parameters.left.push(...named.left.map(({ why }) => why));
    for (const one of named.parameters) if (!names.has(nameFileParameter(one))) parameters.inFiles.push(one);
    for (const one of named.parameters) names.add(nameFileParameter(one));
  }
  return parameters;
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

// ---- the plan ---------------------------------------------------------------------------------------

const NOT_PLANNED: [keyof RecordOptions, string][] = [['requireClean', '--require-clean'], ['noLogs', '--no-logs'], ['json', '--json'], ['printId', '--print-id']];

/** Refuses what a plan cannot hold. */
function checkPlanned(options: RecordOptions, name: ByteString): void {
  const refuse = (what: string, hint: string): never => { throw new Failure('cannot plan "' + name + '": ' + what, hint, EXIT.usage); };
  const why = findNameFault(name);
  if (why !== undefined) refuse('no step can be called so: ' + why, '');
  for (const [key, option] of NOT_PLANNED) if (options[key] === true) refuse('nothing is run, so ' + option + ' has no meaning', 'leave it out');
  const empty = options.parameters.find((one) => /^[^=:]*:[^=]*=$/.test(one));
  if (empty !== undefined) refuse('the parameter ' + empty.slice(0, -1) + ' without a value would be taken for one that stands in a file', 'give it a value, or a name without ":"');
  const argv = maskArguments(options.argv, () => '');
  const isSecret = argv.some((word, i) => word !== options.argv[i]) || options.parameters.some((one) => {
    const sign = one.indexOf('=');
    return sign >= 0 && maskValue(one.slice(0, sign), one.slice(sign + 1), () => '') !== one.slice(sign + 1);
  });
  if (isSecret) refuse('it holds what may be a secret, and the plan is a file for everybody', 'let the command read it from a file or a variable');
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
  const { given, inFiles } = readGivenParameters(options, folder);
  for (const parameter of given) add('Parameter', parameter.replace('=', ' ').replace(/^([^ ]+) $/, '$1'));
  for (const parameter of inFiles) add('Parameter', nameFileParameter(parameter));
  for (const metrics of options.metrics) add('Metrics_file', path(metrics));
  for (const rule of options.metricsFrom) add('Metrics_from', rule);
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
  // As it will be: nothing is made for a step that is refused.
  const planned = options.project === undefined ? findProject(folder) ?? projectAt(folder) : requireProject(folder, options.project);
  if (relativeTo(planned, folder)[0] === '/') throw new Failure('cannot plan "' + name + '": this folder is not in the project', 'go to the folder that it is to run in', EXIT.usage);
  const step = describeStep(options, planned, folder, name);
  checkNewStep(planned, step);
  const done = addToPlan(openOrMakeProject(options, folder), step, options.force);
  if (!options.quiet) tell('rr: "' + name + '" ' + { added: 'is planned', replaced: 'is planned anew', same: 'is planned so already' }[done] + ' in ' + PLAN_PATH + '; "rr make" runs it');
  return 0;
}

/** Runs the command and records it. Returns the exit status for rr. */
export async function recordRun(options: RecordOptions): Promise<number> {
  if (options.plan !== undefined) return planStep(options, options.plan);
  if (options.force) throw new Failure('cannot use --force without --plan', '', EXIT.usage);
  // Anything but a method is 'auto': the table of options lets no other word through.
  const trace = TRACE_METHODS.find((method) => method === options.trace) ?? 'auto';
  const timeoutS = options.timeout === undefined ? undefined : parseTimeout(options.timeout);
  const asked = readAskedOptions(options);
  if (options.metricsFrom.length > 0) readMetricRule(options.metricsFrom);
  const declared = readVariableOptions(options.variables);
  // First of all, as long as rr has opened nothing itself.
  const inherited = findInheritedDescriptors();
  const folder = readCurrentFolder();
  const { given, inFiles, left } = readGivenParameters(options, folder);
  const { label, reason, tags, inputs, outputs, metricsFrom, requireClean, noLogs, quiet } = options;
  const argv = resolveCommand(options.argv, folder);
  const project = openOrMakeProject(options, folder);
  if (!quiet) for (const why of left) tell('rr: ' + why);
  const reuse = chooseReuse(project, folder, options.reuse);
  const request: RecordingRequest = {
    argv, project, folder, label, reason, tags, inputs, outputs, parameters: given, fileParameters: inFiles, variables: Array.from(declared.keys()),
    metricsFiles: options.metrics.map((name) => toRecordPath(project, folder, name)), metricsFrom, timeoutS, asked, trace, requireClean, noLogs, quiet, inherited, repeat: undefined,
    reuse: reuse && openReuse(project, reuse),
  };
  setDeclared(declared);
  const recorded = await recordCommand(request);
  report(options, request, recorded);
  return chooseExit(recorded);
}
