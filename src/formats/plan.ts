// plan.ts - steps that are to be run, as a file that people edit, printed and parsed (docs/plan.txt). Runs nothing.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd, lookUp, trimBlanks, utf8SequenceLength } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { isResultPath } from '../core/graph.ts';
import { findNameFault } from '../core/plan.ts';
import type { PlannedStep } from '../core/plan.ts';
import { DURATION_WORDS, parseDuration, parseSize, SIZE_WORDS } from '../core/quantities.ts';
import { emptyRun } from '../core/run.ts';
import type { Run } from '../core/run.ts';
import { isDeclarableVariable, splitVariable } from '../core/variables.ts';
import { findRuleFault, METRICS_FROM_HINT } from './metricrule.ts';
import { decodeText, encodeText } from './percent.ts';
import { isSecretName, maskText } from './secrets.ts';
import { quoteCommand, splitSimpleCommand } from './shell.ts';

/** Format this version writes, and the newest it reads. */
export const PLAN_FORMAT = 1;

/** What a new file begins with. */
export const PLAN_HEAD = '# rr plan, format 1; described in provenance/README.txt\n#\n# Steps that "rr make" runs.  Edit it: a line is "Field: value", an empty line ends\n'
  + '# a step.  Paths are relative to the project.  Fields: Plan (its name), Command,\n# Directory, Label, Reason, Tag, Parameter, Declared_input, Declared_output,\n# Declared_variable, Variable, Timeout_s, Asked, Observed.\n'
  + '\n%rec: Step\n%key: Plan\n%mandatory: Command\n';

/** One fact of a step, its value as it is meant; and where it stands in the file, from 1. */
export type PlanField = { name: string; value: ByteString; line: number };

/** Does not return: what is wrong at a line, as a sentence, and what to do. */
export type PlanFault = (line: number, what: ByteString, hint: string) => never;

/** A step of a file, its lines being first..last; `kept`: those of its lines that are comments and fields of others. */
export type PlanEntry = PlannedStep & { last: number; kept: ByteString[] };

// ---- lines and fields -------------------------------------------------------------------------------

const MANY = ['Tag', 'Parameter', 'Parameter_file', 'Metrics_file', 'Metrics_from', 'Declared_input', 'Declared_output', 'Declared_variable', 'Variable', 'Redirect', 'Asked'];
const ONE = ['Plan', 'Command', 'Directory', 'Label', 'Reason', 'Timeout_s', 'Observed', 'Encoding'];
const KNOWN = ONE.concat(MANY);
// What a person may mean by another name, in lower case and without an "s" at its end.
const MEANT: { [name: string]: string } = {
  name: 'Plan', step: 'Plan', cmd: 'Command', run: 'Command', wdir: 'Directory', folder: 'Directory', dir: 'Directory', input: 'Declared_input', dep: 'Declared_input',
  output: 'Declared_output', out: 'Declared_output', param: 'Parameter', metric: 'Metrics_file', env: 'Variable', environment: 'Variable', timeout: 'Timeout_s', trace: 'Observed',
};

function hintForName(name: ByteString): string {
  const plain = name.toLowerCase().replace(/-/g, '_').replace(/s$/, '');
  const meant = KNOWN.find((one) => one.toLowerCase().replace(/s$/, '') === plain) ?? lookUp(MEANT, plain);
  return meant === undefined ? 'one of ' + KNOWN.join(', ') + '; a field of your own begins with X_' : 'write "' + meant + ':"';
}

/** A field as it stands: lines joined, nothing decoded. */
type RawField = PlanField & { last: number };
type RawRecord = { fields: RawField[]; /** Lines of comments. */ comments: number[] };

const FIELD_START = /^[ \t]*([A-Za-z%][A-Za-z0-9_]*):/;

function checkLine(line: ByteString, number: number, fault: PlanFault): void {
  if (/^[\t -~]*$/.test(line)) return;
  if (line.indexOf('\0') >= 0) fault(number, 'a byte 0', 'save the file as UTF-8');
  if (/[\x01-\x08\x0a-\x1f\x7f]|\xc2[\x80-\x9f]/.test(line)) fault(number, 'a control character', 'remove it, or write it as %XX in a step with "Encoding: percent"');
  for (let at = 0; at < line.length;) {
    const length = utf8SequenceLength(line, at);
    if (length === 0) fault(number, 'a byte that is not UTF-8', 'save the file as UTF-8, or write the byte as %XX in a step with "Encoding: percent"');
    at += length;
  }
}

/** Lines as they stand, without their ends. */
function splitPlanLines(text: ByteString): ByteString[] {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (lines[0].startsWith('\xef\xbb\xbf')) lines[0] = lines[0].slice(3);
  return lines;
}

/** Spaces and tabs at the end of a line are nothing; but behind a "\" nobody can tell what is meant. */
function trimLineEnd(line: ByteString, number: number, fault: PlanFault): ByteString {
  const trimmed = dropAtEnd(line, ' \t');
  if (trimmed.endsWith('\\') && trimmed !== line) fault(number, 'a space or tab behind "\\" at the end of the line', 'remove it, or put both between quotes');
  return trimmed;
}

/** The line at `at` (from 0) with those that a "\" joins to it, and the last of these. */
function joinPlanLines(lines: ByteString[], at: number, fault: PlanFault): { text: ByteString; last: number } {
  const parts = [trimLineEnd(lines[at], at + 1, fault)];
  let last = at;
  for (let text = parts[0]; text.endsWith('\\');) {
    const next = lines[last + 1] ?? '';
    const isMore = /^[ \t]+[^ \t]/.test(next) && KNOWN.indexOf((FIELD_START.exec(next) ?? ['', ''])[1]) < 0;
    if (!isMore) fault(last + 1, 'the line ends in "\\", which would join the next one to it', 'begin the next line with a space if it belongs to this one; else put the "\\" between quotes');
    last += 1;
    checkLine(next, last + 1, fault);
    parts[parts.length - 1] = text.slice(0, -1);
    text = trimLineEnd(next, last + 1, fault);
    parts.push(text);
  }
  return { text: parts.join(''), last };
}

/** Fields and comments by records. A record without fields is none. */
function splitRecords(text: ByteString, fault: PlanFault): RawRecord[] {
  const lines = splitPlanLines(text);
  const records: RawRecord[] = [];
  let record: RawRecord = { fields: [], comments: [] };
  let open: RawField | undefined;
  for (let at = 0; at <= lines.length; at++) {
    const line = lines[at] ?? '';
    if (line[0] === '#') {
      if (record.fields.length > 0) record.comments.push(at + 1);
      open = undefined;
      continue;
    }
    checkLine(line, at + 1, fault);
    if (trimBlanks(line) === '') {
      if (record.fields.length > 0) records.push(record);
      record = { fields: [], comments: [] };
      open = undefined;
      continue;
    }
    const joined = joinPlanLines(lines, at, fault);
    if (line[0] === '+') {
      if (open === undefined) return fault(at + 1, 'a "+" line that continues nothing', 'no comment and no empty line may stand before it');
      open.value += '\n' + joined.text.slice(joined.text[1] === ' ' ? 2 : 1);
      open.last = joined.last + 1;
    } else {
      const start = FIELD_START.exec(joined.text);
      if (start === null) return fault(at + 1, 'no "Field: value"', trimBlanks(line)[0] === '#' ? 'a comment begins with "#" at the very start of the line' : 'a further line of a value begins with "+ "');
      if (start[0][0] === ' ' || start[0][0] === '\t') fault(at + 1, 'a space or tab before ' + start[1], 'begin the line with the field, or, if it belongs to the value above, with "+ "');
      open = { name: start[1], value: joined.text.slice(start[0].length), line: at + 1, last: joined.last + 1 };
      record.fields.push(open);
    }
    at = joined.last;
  }
  for (const one of records) for (const field of one.fields) field.value = trimBlanks(field.value);
  return records;
}

// ---- one step ---------------------------------------------------------------------------------------

// As a record has them, and a command of today hardly (docs/plan.txt, 4).
const LIKE_ENCODED = /%(?:09|0[A-F]|1[A-F]|7F|[89A-F][0-9A-F]|25[0-9A-F]{2}|\{[0-9a-f]{16}\})/;
// "gamma = 0.5", where a value that begins with "=" is hardly meant.
const LIKE_ASSIGNED = /^[^ ]+ [=:](?: |$)/;
const TRACE_WORD = /^(?:auto|strace|scan|atime|none)$/;

/** A path of a plan without what says nothing: "./", "//", "/" at its end. */
function tidyPath(path: ByteString): ByteString {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return (path[0] === '/' ? '/' : '') + parts.join('/') || '.';
}

type FieldFault = (what: ByteString, hint: string) => never;

function readInputPath(value: ByteString, fault: FieldFault): ByteString {
  const path = tidyPath(value);
  if (/(?:^|\/)\.\.(?:\/|$)/.test(path)) fault(value + ' has a part ".."', 'write it relative to the project, or as an absolute path');
  if (path === '.' || path === '/') fault(value + ' is everything', 'name files or folders');
  if (path[0] !== '/' && !isResultPath(path)) fault(value + ' is a file of rr or git', '');
  return path;
}

function readOutputPath(value: ByteString, fault: FieldFault): ByteString {
  const path = readInputPath(value, fault);
  return path[0] === '/' ? fault(value + ' is not in the project', 'only files of the project can be made') : path;
}

function readDirectory(value: ByteString, fault: FieldFault): ByteString {
  return tidyPath(value) === '.' && value[0] !== '/' ? '.' : readOutputPath(value, fault);
}

function readRedirectText(value: ByteString, fault: FieldFault): ByteString {
  if (/^2[ \t]*>&[ \t]*1$/.test(value)) return '2 >& 1';
  const parts = /^([012]) (<|>>?) ([^]+)$/.exec(value);
  if (parts === null || (parts[1] === '0') !== (parts[2] === '<')) return fault('not "0 < PATH", "1 > PATH", "2 >> PATH" or "2 >& 1"', 'or write it in the Command, as you would type it');
  return parts[1] + ' ' + parts[2] + ' ' + (parts[2] === '<' ? readInputPath(parts[3], fault) : readOutputPath(parts[3], fault));
}

/** What is asked for a step, as a record has it: 'cpus 4', 'memory BYTES', 'time SECONDS', 'partition NAME'; of "memory 4G", "time 2h". */
export function readAsked(value: ByteString, fault: FieldFault): ByteString {
  const [, what = '', text = ''] = /^([a-z]+)[ \t]+([^]+)$/.exec(value) ?? [];
  const isWhole = /^[1-9]\d{0,15}$/.test(text) && Number(text) <= Number.MAX_SAFE_INTEGER;
  if (what === 'cpus') return isWhole ? 'cpus ' + text : fault('cpus ' + text + ' is no number of processors', 'write "cpus 4"');
  if (what === 'memory') return 'memory ' + String((isWhole ? Number(text) : parseSize(text)) ?? fault('memory ' + text + ' is no size', 'write bytes, or ' + SIZE_WORDS));
  if (what === 'time') return 'time ' + String(parseDuration(text) ?? fault('time ' + text + ' is no time', 'write ' + DURATION_WORDS));
  if (what === 'partition') return /^[A-Za-z0-9_][A-Za-z0-9_.,-]*$/.test(text) ? 'partition ' + text : fault('partition ' + text + ' is no name of a partition', '');
  return fault('not "cpus N", "memory SIZE", "time TIME" or "partition NAME"', '');
}

function readVariableName(name: ByteString, fault: FieldFault): ByteString {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return fault(name + ' is no name of a variable', '');
  return isDeclarableVariable(name) ? name : fault('the variable ' + name + ' cannot be declared', 'it says where programs are or how they start, and is not set for a step; see "Declared variables" in the manual');
}

const NOT_PARAMETER = 'not "NAME VALUE" or "PATH:KEY"';
const PARAMETER_HINT = 'write "gamma 0.5", or "params.yaml:gamma" for a value in a file';

/** "NAME VALUE", or "PATH:KEY" for a value in a file. */
function readPlannedParameter(template: Run, value: ByteString, fault: FieldFault): void {
  const space = value.indexOf(' ');
  const name = space < 0 ? value : value.slice(0, space);
  const rest = space < 0 ? '' : value.slice(space + 1);
  if (!/^[^ \t-\r=:](?:[^ \t-\r=]*[^ \t-\r=:])?$/.test(name)) fault(NOT_PARAMETER, PARAMETER_HINT);
  let file = template.parameterFiles.find((one) => name.startsWith(one + ':'));
  if (file === undefined && space < 0 && name.indexOf(':') > 0) {
    file = readInputPath(name.slice(0, name.lastIndexOf(':')), fault);
    template.parameterFiles.push(file);
    template.parameters.push(file + name.slice(name.lastIndexOf(':')) + ' ');
    return;
  }
  if (file !== undefined && rest !== '') fault(name + ' has a value', 'it stands in ' + file + ': write "' + name + '"');
  template.parameters.push(name + ' ' + rest);
}

function addOnce(list: ByteString[], value: ByteString): void {
  if (list.indexOf(value) < 0) list.push(value);
}

type StepSetter = (template: Run, value: ByteString, fault: FieldFault) => void;

const STEP_SETTERS: { [name: string]: StepSetter } = {
  Plan: (template, value, fault) => {
    const why = findNameFault(value);
    if (why !== undefined) fault('cannot be called "' + value + '": ' + why, '');
    template.plan = value;
  },
  Label: (template, value) => { template.label = value; },
  Reason: (template, value) => { template.reason = value; },
  Tag: (template, value) => { addOnce(template.tags, value); },
  Parameter: readPlannedParameter,
  Metrics_file: (template, value, fault) => { addOnce(template.metricsFiles, readOutputPath(value, fault)); },
  Metrics_from: (template, value, fault) => {
    const why = findRuleFault(value);
    if (why !== undefined) fault('"' + value + '": ' + why, METRICS_FROM_HINT);
    addOnce(template.metricsFrom, value);
  },
  Declared_input: (template, value, fault) => { addOnce(template.declaredInputs, readInputPath(value, fault)); },
  Declared_output: (template, value, fault) => { addOnce(template.declaredOutputs, readOutputPath(value, fault)); },
  Declared_variable: (template, value, fault) => {
    if (value.indexOf('=') > 0) fault('"' + value + '" has a value', 'write "Variable: ' + value + '"');
    addOnce(template.declaredVariables, readVariableName(value, fault));
  },
  Variable: (template, value, fault) => {
    const { name, value: text } = splitVariable(value);
    if (text === undefined) return fault('not NAME=VALUE', 'write "Declared_variable: ' + value + '" if the step is to take it as it is set');
    readVariableName(name, fault);
    if (isSecretName(name) || maskText(text, () => '') !== text) fault('the value of ' + name + ' may be a secret, and this file is for everybody', 'write "Declared_variable: ' + name + '" and set it in your environment');
    if (template.variables.some((one) => splitVariable(one).name === name)) fault(name + ' is set twice', '');
    template.variables.push(value);
    addOnce(template.declaredVariables, name);
  },
  Redirect: (template, value, fault) => { template.redirects.push(readRedirectText(value, fault)); },
  Timeout_s: (template, value, fault) => { template.timeoutS = parseDuration(value) ?? fault('"' + value + '" is no time', 'write ' + DURATION_WORDS); },
  Asked: (template, value, fault) => {
    const asked = readAsked(value, fault);
    if (template.asked.some((one) => one.split(' ')[0] === asked.split(' ')[0])) fault(asked.split(' ')[0] + ' is asked for twice', '');
    template.asked.push(asked);
  },
  Observed: (template, value, fault) => {
    const word = value.replace(/^strace [0-9.]+$/, 'strace');
    template.observed = TRACE_WORD.test(word) ? word : fault('"' + value + '" is no way to find files', 'one of auto, strace, scan, atime, none');
  },
};

/** The command that a person typed as a record would tell it. */
function spellPlanned(text: ByteString, root: ByteString, directory: ByteString): ByteString {
  return quoteCommand(splitSimpleCommand(text, root, directory) ?? ['sh', '-c', text], root, directory);
}

/** A step from its fields. `root`: the project's folder, which the command may name. */
export function readStep(fields: PlanField[], root: ByteString, fault: PlanFault): PlannedStep {
  const template = emptyRun('', '', '', '');
  template.observed = 'auto';
  const first = new Map<string, PlanField>();
  for (const field of fields) {
    const { name, value, line } = field;
    if (/^X_/.test(name)) continue;
    if (KNOWN.indexOf(name) < 0) fault(line, name + ' is no field of a step', hintForName(name));
    const before = first.get(name);
    if (before !== undefined && ONE.indexOf(name) >= 0) fault(line, name + ' stands twice in this step, first in line ' + String(before.line), 'an empty line ends a step');
    if (before === undefined) first.set(name, field);
    if (value === '') fault(line, name + ' has no value', 'remove the line, or write one');
    if (value.indexOf('\0') >= 0) fault(line, name + ' holds a byte 0', '');
  }
  const start = fields[0].line;
  const plan = first.get('Plan') ?? fault(start, 'the step has no name', 'begin it with "Plan: NAME"; an empty line ends a step');
  const command = first.get('Command') ?? fault(start, 'the step ' + plan.value + ' has no Command', 'write "Command: ..." in it; an empty line ends a step');
  const directory = first.get('Directory');
  if (directory !== undefined) template.directory = readDirectory(directory.value, (what, hint) => fault(directory.line, 'Directory: ' + what, hint));
  for (const { name, value, line } of fields) if (name === 'Parameter_file') addOnce(template.parameterFiles, readInputPath(value, (what, hint) => fault(line, name + ': ' + what, hint)));
  for (const { name, value, line } of fields) lookUp(STEP_SETTERS, name)?.(template, value, (what, hint) => fault(line, name + ': ' + what, hint));
  template.command = spellPlanned(command.value, root, template.directory);
  return { name: plan.value, template, line: start };
}

// Values of which the last word may begin with a space, and so is encoded by itself; and the words before it as people write them.
const HEADS: { [name: string]: { head: RegExp; typed: RegExp; as: string } } = {
  Parameter: { head: /^[^ ]+ /, typed: /^([^ \t\n]+)[ \t]+/, as: '$1 ' },
  Redirect: { head: /^[012] (?:<|>>?) /, typed: /^([012])[ \t]*(<|>>|>(?!&))[ \t]*/, as: '$1 $2 ' },
};

/** What the fields of a record mean, by its Encoding. */
function decodeRecord(fields: RawField[], fault: PlanFault): PlanField[] {
  const encoding = fields.find((field) => field.name === 'Encoding');
  if (encoding !== undefined && encoding.value !== 'percent' && encoding.value !== 'none') fault(encoding.line, 'Encoding: "' + encoding.value + '" is none', '"percent" or "none"');
  return fields.map((given) => {
    if (/^X_/.test(given.name) || (encoding === undefined && given.name !== 'Parameter' && given.name !== 'Redirect' && given.value.indexOf('%') < 0)) return given;
    const head = lookUp(HEADS, given.name);
    const field = head === undefined ? given : { ...given, value: given.value.replace(head.typed, head.as) };
    const like = LIKE_ENCODED.exec(field.value);
    if (encoding?.value === 'percent') {
      if (/%\{[0-9a-f]{16}\}/.test(field.value)) fault(field.line, field.name + ' holds a secret that was withheld from a record', 'write what is to stand there');
      return { ...field, value: decodeText(field.value) };
    }
    if (encoding === undefined && LIKE_ASSIGNED.test(field.value) && field.name === 'Parameter') fault(field.line, 'Parameter: ' + NOT_PARAMETER, PARAMETER_HINT);
    if (like !== null && encoding === undefined) fault(field.line, field.name + ' holds "' + like[0] + '", as if it came from a record, where that is another text', 'add a line "Encoding: percent" to the step if so, or "Encoding: none" if it means itself');
    return field;
  });
}

// ---- the file ---------------------------------------------------------------------------------------

/** Is it a record of rules for recfix? Fails if it is half of one, or tells of other records. */
function isHeadRecord(record: RawRecord, isFirst: boolean, fault: PlanFault): boolean {
  const rules = record.fields.filter((field) => field.name[0] === '%');
  if (rules.length === 0) return false;
  const [first] = rules;
  if (rules.length < record.fields.length) fault(first.line, first.name + ' in a step', 'rules for recfix stand in a record of their own, before the first step');
  const sets = rules.filter((field) => field.name === '%rec');
  if (!isFirst || sets.length !== 1 || sets[0].value !== 'Step') fault(first.line, 'not the one "%rec: Step" at the beginning', 'a plan has no other sets of records');
  return true;
}

/**
 * The steps of a plan, in the order of the file, which `file` names in faults. Throws Failure with
 * FILE:LINE, what is wrong and what to do.
 */
export function parsePlan(text: ByteString, file: string, root: ByteString): PlanEntry[] {
  const fault: PlanFault = (line, what, hint) => { throw new Failure('cannot read the plan: ' + file + ':' + String(line) + ': ' + what, hint); };
  const format = /^(?:\xef\xbb\xbf)?# rr plan, format (\d+)/.exec(text);
  if (format !== null && Number(format[1]) !== PLAN_FORMAT) fault(1, 'it is written in format ' + format[1] + ', and this rr reads format ' + String(PLAN_FORMAT), 'use the rr that it was written for, or a newer one');
  const entries: PlanEntry[] = [];
  const lineOf = new Map<ByteString, number>();
  const lines = text.split('\n');
  splitRecords(text, fault).forEach((record, i) => {
    if (isHeadRecord(record, i === 0, fault)) return;
    const step = readStep(decodeRecord(record.fields, fault), root, fault);
    const before = lineOf.get(step.name);
    if (before !== undefined) fault(step.line, 'the name ' + step.name + ' is taken by the step in line ' + String(before), 'give one of them another name');
    lineOf.set(step.name, step.line);
    const comments = record.comments.map((line) => ({ line, last: line }));
    const kept = comments.concat(record.fields.filter((field) => /^X_/.test(field.name))).sort((a, b) => a.line - b.line);
    const last = Math.max(record.fields[record.fields.length - 1].last, ...record.comments);
    entries.push({ name: step.name, template: step.template, line: step.line, last, kept: kept.map((one) => lines.slice(one.line - 1, one.last).join('\n')) });
  });
  return entries;
}

// ---- printing ---------------------------------------------------------------------------------------

/** Can it stand in a plan as it is, on as many lines as it has? */
function isPlainValue(value: ByteString): boolean {
  if (/[\0-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|[ \t\\]\n|^[ \t\n]|[ \t\n\\]$/.test(value)) return false;
  for (let at = 0; at < value.length;) {
    const length = utf8SequenceLength(value, at);
    if (length === 0) return false;
    at += length;
  }
  return true;
}

/** The lines of a step. Values are as they are meant; of these it is found out whether they need an Encoding. */
export function printStep(fields: { name: string; value: ByteString }[]): ByteString {
  const parts = fields.map(({ name, value }) => {
    const head = lookUp(HEADS, name)?.head.exec(value)?.[0] ?? '';
    return { name, head, rest: value.slice(head.length) };
  });
  const isEncoded = parts.some(({ head, rest }) => !isPlainValue(head.slice(0, -1)) || !isPlainValue(rest));
  const isDoubtful = !isEncoded && fields.some(({ name, value }) => LIKE_ENCODED.test(value) || (name === 'Parameter' && LIKE_ASSIGNED.test(value)));
  const lines = parts.map(({ name, head, rest }) => {
    if (isEncoded) return name + ': ' + (head === '' ? '' : encodeText(head.slice(0, -1)) + ' ') + encodeText(rest) + '\n';
    return name + ': ' + head + rest.replace(/\n/g, '\n+ ').replace(/\n\+ (?=\n)/g, '\n+') + '\n';
  });
  if (isEncoded || isDoubtful) lines.push('Encoding: ' + (isEncoded ? 'percent' : 'none') + '\n');
  return lines.join('');
}

/** How a person would type a command: what is for a shell as it is, if that is read as the same again. */
export function spellTyped(argv: ByteString[], root: ByteString, directory: ByteString): ByteString {
  const command = quoteCommand(argv, root, directory);
  const isScript = argv.length === 3 && argv[0] === 'sh' && argv[1] === '-c';
  return isScript && trimBlanks(argv[2]) === argv[2] && spellPlanned(argv[2], root, directory) === command ? argv[2] : command;
}
