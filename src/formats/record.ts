// record.ts - a run as a recutils record, printed and parsed (docs/record-format.txt). Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { readRecordLink } from '../core/chain.ts';
import { emptyRun, RUN_ID, RUN_STATUSES } from '../core/run.ts';
import type { CodeFileState, FileState, Run, VerdictWord } from '../core/run.ts';
import { failRecord, FieldWriter, NOT_UNDERSTOOD, parseFile, readFormatNumber, readId, readNumber, readWhole, requireFields, setFields, splitFields, splitWord } from './fields.ts';
import type { Field, FieldSetter } from './fields.ts';
import { decodeText, decodeWithheld, encodeText, encodeWithheld, encodeWord } from './percent.ts';
import { printProcesses, PROCESS_FIELDS, readProcesses } from './processes.ts';

/** Format this version writes, and the newest it understands in full. */
export const RECORD_FORMAT = 1;

const RECORD_KIND = 'run record';
const VERDICT_WORDS = ['identical', 'tolerance', 'different', 'missing', 'extra', 'unchecked'];
const CODE_FILE_STATES = ['clean', 'changed', 'untracked', 'unversioned'];

/**
 * "NAME VALUE", each encoded by itself: a space at either end of the value would be lost otherwise.
 * NAME alone if the value is empty.
 */
export function encodeParameter(parameter: ByteString): ByteString {
  const space = parameter.indexOf(' ');
  const name = encodeText(parameter.slice(0, space));
  return space === parameter.length - 1 ? name : name + ' ' + encodeWithheld(parameter.slice(space + 1));
}

/** Undoes encodeParameter. */
export function decodeParameter(value: ByteString): ByteString {
  return decodeWithheld(value) + (value.indexOf(' ') < 0 ? ' ' : '');
}

function printDecimal(value: number | undefined, digits: number): string | undefined {
  return value === undefined ? undefined : value.toFixed(digits);
}

/**
 * The text of a record without its Sha256 line. The writer of the file appends that line
 * (sealRecord), because hashing is not for this folder.
 */
export function printRunBody(run: Run): ByteString {
  const out = new FieldWriter(RECORD_KIND, RECORD_FORMAT);
  out.raw('Id', run.id);
  out.raw('Repeats', run.repeats);
  out.raw('Parent', run.parent);
  out.raw('Tree', run.tree);
  out.encoded('Plan', run.plan);
  if (run.sweep !== undefined) out.raw('Sweep', String(run.sweep.number) + ' ' + encodeText(run.sweep.label));
  out.encoded('Because', run.because);
  out.raw('Redoes', run.redoes);
  out.raw('Reused', run.reused);
  out.encoded('Label', run.label);
  out.encoded('Reason', run.reason);
  out.each('Tag', run.tags);
  out.withheld('Command', run.command);
  out.encoded('Directory', run.directory);
  out.worded('Redirect', run.redirects, /^[012] (?:<|>|>>) /);
  for (const parameter of run.parameters) out.raw('Parameter', encodeParameter(parameter));
  out.each('Parameter_file', run.parameterFiles);
  for (const metric of run.metrics) out.raw('Metric', encodeParameter(metric));
  out.each('Metrics_file', run.metricsFiles);
  out.each('Metrics_from', run.metricsFrom);
  out.raw('Started', run.startedUtc);
  out.raw('Wall_s', printDecimal(run.wallS, 3));
  out.raw('User_s', printDecimal(run.userS, 2));
  out.raw('System_s', printDecimal(run.systemS, 2));
  out.raw('Peak_memory_bytes', run.peakMemoryBytes);
  out.raw('Exit', run.exit);
  out.raw('Signal', run.signal);
  out.raw('Timeout_s', run.timeoutS);
  out.worded('Asked', run.asked, /^[a-z]+ /);
  out.encoded('Job', run.job);
  out.raw('Status', run.status);
  out.encoded('Code', run.code);
  out.encoded('Code_branch', run.codeBranch);
  out.encoded('Code_remote', run.codeRemote);
  out.encoded('Code_swhid', run.codeSwhid);
  out.worded('Code_submodule', run.codeSubmodules, /^[^ ]+ (?:dirty )?/);
  // A path may begin with "dirty", too; no path is a hash.
  out.worded('Code_other', run.codeOthers, /^[^ ]+ [^ ]+ (?:dirty (?:[0-9a-f]{64}|-) )?/);
  for (const file of run.codeFiles) out.raw('Code_file', file.state + ' ' + encodeText(file.path));
  for (const compiler of run.compilers) out.raw('Compiler', encodeWord(compiler.path) + (compiler.producer === '' ? '' : ' ' + encodeText(compiler.producer)));
  out.raw('Environment', run.environment);
  out.each('Variable', run.variables);
  out.each('Variable_hash', run.variableHashes);
  out.each('Declared_variable', run.declaredVariables);
  out.raw('Observed', run.observed);
  out.each('Declared_input', run.declaredInputs);
  out.each('Declared_output', run.declaredOutputs);
  out.each('Missing_output', run.missingOutputs);
  out.files('Input', run.inputs);
  // Under other names, so that no reader, old or new, takes them for results of the project.
  out.files(run.tree === undefined ? 'Output' : 'Scratch_output', run.outputs);
  out.encoded('Aside', run.aside);
  out.files('Uncertain', run.uncertain);
  out.each(run.tree === undefined ? 'Removed' : 'Scratch_removed', run.removed);
  out.each('Absent', run.absent);
  out.worded('Secret_input', run.secretInputs, /^[0-9a-f]+ /);
  out.worded('Secret_output', run.secretOutputs, /^[0-9a-f]+ /);
  for (const { what, count } of run.leftOut) out.raw('Left_out', encodeWord(what) + ' ' + String(count));
  out.files('Log', run.logs);
  for (const { word, path, detail } of run.verdicts) out.raw('Verdict', word + ' ' + encodeWord(path) + (detail === '' ? '' : ' ' + encodeText(detail)));
  out.each('Warning', run.warnings);
  out.text += printProcesses(run.processes);
  for (const { id, hash } of run.previous) out.raw('Previous', id + ' ' + hash);
  out.raw('Rr', run.rr);
  for (const field of run.unknown) out.raw(field.name, field.value);
  return out.text;
}

function readFileLine(value: ByteString, fault: (what: string) => never): FileState {
  const file = parseFile(value) ?? fault('not "HASH  SIZE PATH"');
  return file.path.indexOf('\0') < 0 ? file : fault('a NUL in a name');
}

/** A name of a file, or a text with one. No name holds a NUL, and no call of the system takes it. */
function readRecordedName(value: ByteString, fault: (what: string) => never): ByteString {
  const name = decodeText(value);
  return name.indexOf('\0') < 0 ? name : fault('a NUL in a name');
}

const SETTERS: { [name: string]: FieldSetter<Run> } = {
  Repeats: (run, value, fault) => { run.repeats = readId(value, fault); },
  Parent: (run, value, fault) => { run.parent = readId(value, fault); },
  Tree: (run, value, fault) => {
    if (value !== 'scratch') fault('not "scratch"');
    run.tree = 'scratch';
  },
  Plan: (run, value) => { run.plan = decodeText(value); },
  Sweep: (run, value, fault) => {
    const parts = splitWord(value);
    if (parts[1] === '') fault('not "NUMBER LABEL"');
    run.sweep = { number: readWhole(parts[0], Number.MAX_SAFE_INTEGER, fault), label: decodeText(parts[1]) };
  },
  Because: (run, value) => { run.because = decodeText(value); },
  Redoes: (run, value, fault) => { run.redoes = readId(value, fault); },
  Reused: (run, value, fault) => { run.reused = readId(value, fault); },
  Label: (run, value) => { run.label = decodeText(value); },
  Reason: (run, value) => { run.reason = decodeText(value); },
  Tag: (run, value) => { run.tags.push(decodeText(value)); },
  Directory: (run, value, fault) => { run.directory = readRecordedName(value, fault); },
  Redirect: (run, value, fault) => { run.redirects.push(readRecordedName(value, fault)); },
  Parameter: (run, value) => { run.parameters.push(decodeParameter(value)); },
  Parameter_file: (run, value, fault) => { run.parameterFiles.push(readRecordedName(value, fault)); },
  Metric: (run, value) => { run.metrics.push(decodeParameter(value)); },
  Metrics_file: (run, value, fault) => { run.metricsFiles.push(readRecordedName(value, fault)); },
  Metrics_from: (run, value) => { run.metricsFrom.push(decodeText(value)); },
  Wall_s: (run, value, fault) => { run.wallS = readNumber(value, fault); },
  User_s: (run, value, fault) => { run.userS = readNumber(value, fault); },
  System_s: (run, value, fault) => { run.systemS = readNumber(value, fault); },
  Peak_memory_bytes: (run, value, fault) => { run.peakMemoryBytes = readWhole(value, Number.MAX_SAFE_INTEGER, fault); },
  Exit: (run, value, fault) => { run.exit = readWhole(value, 255, fault); },
  Signal: (run, value, fault) => { run.signal = /^SIG[A-Z0-9+-]{1,16}$/.test(value) ? value : fault('not the name of a signal'); },
  Timeout_s: (run, value, fault) => { run.timeoutS = readNumber(value, fault); },
  Asked: (run, value, fault) => {
    if (!/^[a-z]+ ./.test(value)) fault('not "WHAT VALUE"');
    run.asked.push(decodeText(value));
  },
  Job: (run, value) => { run.job = decodeText(value); },
  Status: (run, value, fault) => {
    run.status = RUN_STATUSES.find((status) => status === value) ?? fault('unknown status "' + value + '"');
  },
  Code: (run, value) => { run.code = decodeText(value); },
  Code_branch: (run, value) => { run.codeBranch = decodeText(value); },
  Code_remote: (run, value) => { run.codeRemote = decodeText(value); },
  Code_swhid: (run, value) => { run.codeSwhid = decodeText(value); },
  Code_submodule: (run, value, fault) => { run.codeSubmodules.push(readRecordedName(value, fault)); },
  Code_other: (run, value, fault) => { run.codeOthers.push(readRecordedName(value, fault)); },
  Code_file: (run, value, fault) => {
    const parts = splitWord(value);
    if (CODE_FILE_STATES.indexOf(parts[0]) < 0 || parts[1] === '') fault('not "STATE PATH" with one of ' + CODE_FILE_STATES.join(', '));
    run.codeFiles.push({ state: parts[0] as CodeFileState, path: readRecordedName(parts[1], fault) });
  },
  Compiler: (run, value, fault) => {
    const parts = splitWord(value);
    run.compilers.push({ path: readRecordedName(parts[0], fault), producer: decodeText(parts[1]) });
  },
  Environment: (run, value, fault) => {
    if (!/^[0-9a-f]{64}$/.test(value)) fault('not a hash');
    run.environment = value;
  },
  Variable: (run, value) => { run.variables.push(decodeText(value)); },
  Variable_hash: (run, value) => { run.variableHashes.push(decodeText(value)); },
  Declared_variable: (run, value) => { run.declaredVariables.push(decodeText(value)); },
  Observed: (run, value) => { run.observed = value; },
  Declared_input: (run, value, fault) => { run.declaredInputs.push(readRecordedName(value, fault)); },
  Declared_output: (run, value, fault) => { run.declaredOutputs.push(readRecordedName(value, fault)); },
  Missing_output: (run, value, fault) => { run.missingOutputs.push(readRecordedName(value, fault)); },
  Input: (run, value, fault) => { run.inputs.push(readFileLine(value, fault)); },
  Output: (run, value, fault) => { run.outputs.push(readFileLine(value, fault)); },
  Aside: (run, value, fault) => { run.aside = readRecordedName(value, fault); },
  Uncertain: (run, value, fault) => { run.uncertain.push(readFileLine(value, fault)); },
  Removed: (run, value, fault) => { run.removed.push(readRecordedName(value, fault)); },
  Scratch_output: (run, value, fault) => { run.outputs.push(readFileLine(value, fault)); },
  Scratch_removed: (run, value, fault) => { run.removed.push(readRecordedName(value, fault)); },
  Absent: (run, value, fault) => { run.absent.push(readRecordedName(value, fault)); },
  Secret_input: (run, value, fault) => {
    if (!/^[0-9a-f]+ ./.test(value)) fault('not "HASH PATH"');
    run.secretInputs.push(readRecordedName(value, fault));
  },
  Secret_output: (run, value, fault) => {
    if (!/^[0-9a-f]+ ./.test(value)) fault('not "HASH PATH"');
    run.secretOutputs.push(readRecordedName(value, fault));
  },
  Left_out: (run, value, fault) => {
    const parts = splitWord(value);
    run.leftOut.push({ what: decodeText(parts[0]), count: readWhole(parts[1], Number.MAX_SAFE_INTEGER, fault) });
  },
  Log: (run, value, fault) => { run.logs.push(readFileLine(value, fault)); },
  Verdict: (run, value, fault) => {
    const [word, rest] = splitWord(value);
    const [path, detail] = splitWord(rest);
    if (VERDICT_WORDS.indexOf(word) < 0 || path === '') fault('not "WORD PATH" with one of ' + VERDICT_WORDS.join(', '));
    run.verdicts.push({ word: word as VerdictWord, path: readRecordedName(path, fault), detail: decodeText(detail) });
  },
  Warning: (run, value) => { run.warnings.push(decodeText(value)); },
  Previous: (run, value, fault) => { run.previous.push(readRecordLink(value) ?? fault('not "ID HASH"')); },
};

// Of these a record has at most one.
const SINGLE = ['Id', 'Repeats', 'Parent', 'Tree', 'Plan', 'Sweep', 'Because', 'Redoes', 'Reused', 'Label', 'Reason', 'Command', 'Directory', 'Started', 'Wall_s', 'User_s', 'System_s', 'Peak_memory_bytes', 'Exit', 'Signal',
  'Timeout_s', 'Job', 'Aside', 'Status', 'Code', 'Code_branch', 'Code_remote', 'Environment', 'Observed', 'Rr', 'Sha256'];
const REQUIRED = ['Id', 'Command', 'Directory', 'Started', 'Status', 'Observed', 'Rr'];

// What a run wrote and removed in a scratch tree; in the project it is Output and Removed.
const SCRATCH_FIELDS = ['Scratch_output', 'Scratch_removed'];
// Read by other means than SETTERS.
const ELSEWHERE = ['Id', 'Command', 'Started', 'Rr', 'Sha256'].concat(PROCESS_FIELDS);

/** The lines on processes, which make sense only together and with the files; of a newer format as in setFields. */
function readProcessFields(run: Run, fields: Field[], format: number, file: string): void {
  const own = fields.filter((field) => PROCESS_FIELDS.indexOf(field.name) >= 0);
  const fault = (field: Field, what: string): never => {
    if (format > RECORD_FORMAT) throw NOT_UNDERSTOOD;
    return failRecord(file, field.line, field.name + ': ' + what);
  };
  try {
    const read = readProcesses(own, run.inputs.length + run.outputs.length, fault);
    run.processes = read.processes;
    if (read.leftOut > 0) run.warnings.push('too long to be read here: ' + String(read.leftOut) + ' lists of the files that processes read or wrote');
  } catch (error) {
    if (error !== NOT_UNDERSTOOD) throw error;
    for (const field of own) run.unknown.push({ name: field.name, value: field.value });
  }
}

/**
 * A run from the text of its record. `file` names the text in faults. The Sha256 line is required
 * to be there, not compared: `rr verify` does that. Throws Failure with file:line.
 */
export function parseRun(text: ByteString, file: string): Run {
  const format = readFormatNumber(text, RECORD_KIND, file);
  const fields = splitFields(text, file);
  const first = requireFields(fields, file, SINGLE, REQUIRED);
  const value = (name: string): ByteString => (first.get(name) as Field).value;
  if (!RUN_ID.test(value('Id'))) failRecord(file, (first.get('Id') as Field).line, 'not an id');
  const run = emptyRun(value('Id'), decodeWithheld(value('Command')), value('Started'), value('Rr'));
  for (const field of fields) {
    const isOfScratch = SCRATCH_FIELDS.indexOf(field.name) >= 0;
    // rerun.sh goes by the names alone: what it takes for a result must be one here, too.
    if (isOfScratch || SCRATCH_FIELDS.indexOf('Scratch_' + field.name.toLowerCase()) >= 0) {
      if (isOfScratch !== first.has('Tree')) failRecord(file, field.line, field.name + ' in a record ' + (isOfScratch ? 'without' : 'with') + ' Tree');
    }
  }
  setFields(run, fields, SETTERS, ELSEWHERE, { file, isNewer: format > RECORD_FORMAT });
  // A status of a newer format is no "running", which would be waited for: the unknown field tells it.
  if (run.unknown.some((field) => field.name === 'Status')) run.status = 'lost';
  readProcessFields(run, fields, format, file);
  if (format > RECORD_FORMAT) {
    run.warnings.push('written in format ' + String(format) + ', newer than this rr understands in full (' + String(RECORD_FORMAT) + ')');
  }
  return run;
}
