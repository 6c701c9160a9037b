// plan.ts - steps that are planned: what they may be called, and whether a run did as planned. Knows no files.
import type { ByteString } from './bytes.ts';
import { utf8SequenceLength } from './bytes.ts';
import type { Run } from './run.ts';
import { splitVariable } from './variables.ts';

/** Where the plan is, relative to the project. */
export const PLAN_PATH = 'provenance/plan.rec';

/** A step of provenance/plan.rec (docs/plan.txt). */
export type PlannedStep = {
  name: ByteString;
  /**
   * What is to be run, as the record of the run would tell it: plan, command, directory, redirects, parameters,
   * parameterFiles, metricsFiles, metricsFrom, variables (to be set), declaredVariables (these included), declaredInputs,
   * declaredOutputs, timeoutS, asked, label, reason, tags; in `observed` how files are to be found: auto,
   * strace, scan, atime or none. Of a parameter in a file ('PATH:KEY ', PATH in parameterFiles) the value
   * is empty: it stands in the file. Nothing else is there, not even an id.
   */
  template: Run;
  /** Where it begins in the file, from 1. */
  line: number;
};

// ---- names --------------------------------------------------------------------------------------------

const LONGEST_NAME = 100;
// The beginning of an id, as a RUN argument can be.
const LIKE_ID = /^\d{4,8}(?:T\d{0,6}(?:Z(?:-[a-z2-7]{0,6})?)?)?$/;

/** Why a step cannot be called so, as a part of a sentence; undefined if it can. */
export function findNameFault(name: ByteString): string | undefined {
  if (name.length > LONGEST_NAME) return 'it is longer than ' + String(LONGEST_NAME) + ' bytes';
  if (LIKE_ID.test(name)) return 'it is like the beginning of a run\'s id';
  if (!/^[A-Za-z0-9_\x80-\xff][A-Za-z0-9_.\x80-\xff-]*$/.test(name)) return 'only letters, digits, "_", "-" and "." may be in it, the last two not at its beginning';
  for (let at = 0; at < name.length;) {
    const length = utf8SequenceLength(name, at);
    // U+0080..U+00BF, U+2000..U+206F, U+3000 and U+FE00..U+FEFF: spaces, controls, marks that turn or hide what stands beside them.
    if (length === 0 || /^(?:\xc2|\xe2\x80|\xe2\x81[\x80-\xaf]|\xe3\x80\x80|\xef\xb8[\x80-\x8f]|\xef\xbb\xbf)/.test(name.slice(at, at + length)) || length === 4) return 'it holds what is no letter';
    at += length;
  }
  return undefined;
}

// ---- is it as planned? ----------------------------------------------------------------------------------

// A withheld secret of a record (NUL { 16 digits }) stands for any text: what it was is not known.
const WITHHELD = /\0\{[0-9a-f]{16}\}/;

/** Is the planned text the recorded one, if secrets are left out of account? */
function isSameText(recorded: ByteString, planned: ByteString): boolean {
  if (recorded === planned) return true;
  if (recorded.indexOf('\0') < 0) return false;
  // The quotes around a word depend on what is in it.
  const bare = (text: ByteString): ByteString => text.replace(/['\\]/g, '');
  const pieces = bare(recorded).split(WITHHELD);
  const text = bare(planned);
  const last = pieces[pieces.length - 1];
  if (!text.startsWith(pieces[0]) || !text.endsWith(last) || text.length < pieces[0].length + last.length) return false;
  let at = pieces[0].length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return at <= text.length - last.length;
}

function isEqualList(a: ByteString[], b: ByteString[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}

/** What one list has that the other lacks, as sentences. */
function comparePlannedNames(what: string, recorded: ByteString[], planned: ByteString[]): ByteString[] {
  if (isEqualList(recorded, planned)) return [];
  const before = new Set(recorded);
  const now = new Set(planned);
  return Array.from(now).filter((one) => !before.has(one)).map((one) => what + ' ' + one + ' was added')
    .concat(Array.from(before).filter((one) => !now.has(one)).map((one) => what + ' ' + one + ' was removed'));
}

type Parameters = { values: Map<ByteString, ByteString[]>; inFiles: Set<ByteString> };

function sortParameters(run: Run): Parameters {
  const found: Parameters = { values: new Map(), inFiles: new Set() };
  for (const parameter of run.parameters) {
    const space = parameter.indexOf(' ');
    const name = parameter.slice(0, space);
    if (run.parameterFiles.some((file) => name.startsWith(file + ':'))) found.inFiles.add(name);
    else found.values.set(name, (found.values.get(name) ?? []).concat(parameter.slice(space + 1)));
  }
  return found;
}

function isSameList(recorded: ByteString[], planned: ByteString[]): boolean {
  const left = planned.slice();
  for (const value of recorded) {
    const at = left.findIndex((one) => isSameText(value, one));
    if (at < 0) return false;
    left.splice(at, 1);
  }
  return left.length === 0;
}

function compareParameters(run: Run, template: Run): ByteString[] {
  if (isEqualList(run.parameters, template.parameters) && isEqualList(run.parameterFiles, template.parameterFiles)) return [];
  const recorded = sortParameters(run);
  const planned = sortParameters(template);
  const told = comparePlannedNames('parameter', Array.from(recorded.values.keys()).concat(Array.from(recorded.inFiles)), Array.from(planned.values.keys()).concat(Array.from(planned.inFiles)));
  for (const [name, values] of planned.values) {
    const before = recorded.values.get(name);
    if (before !== undefined && !isSameList(before, values)) told.push('parameter ' + name + ': ' + values.join(', ') + ', was ' + before.map(showWithheld).join(', '));
    else if (before === undefined && recorded.inFiles.has(name)) told.push('parameter ' + name + ' does not stand in a file any more');
  }
  for (const name of planned.inFiles) if (recorded.values.has(name) && !recorded.inFiles.has(name)) told.push('parameter ' + name + ' stands in a file now');
  return told;
}

function showWithheld(value: ByteString): ByteString {
  return value.indexOf('\0') < 0 ? value : '(withheld)';
}

function compareVariables(run: Run, template: Run): ByteString[] {
  const told = comparePlannedNames('variable', run.declaredVariables, template.declaredVariables);
  if (template.variables.length === 0) return told;
  const before = new Map(run.variables.map((line) => [splitVariable(line).name, splitVariable(line).value ?? '']));
  const withheld = new Set(run.variableHashes.map((line) => line.split(' ')[0]));
  for (const line of template.variables) {
    const { name, value = '' } = splitVariable(line);
    const old = before.get(name);
    if (run.declaredVariables.indexOf(name) < 0 || withheld.has(name) || (old !== undefined && isSameText(old, value))) continue;
    told.push('variable ' + name + ' is set to ' + value + ', was ' + (old === undefined ? 'not set' : showWithheld(old)));
  }
  return told;
}

/**
 * In what a run differs from what is planned now, a sentence each; [] if it did what is planned (docs/plan.txt,
 * 6). Contents of files, values of parameters in files and of variables that the plan does not set are not looked at.
 */
export function isSameAsPlanned(run: Run, planned: PlannedStep): ByteString[] {
  const { template } = planned;
  const told: ByteString[] = [];
  if (!isSameText(run.command, template.command)) told.push('its command is changed');
  if (run.directory !== template.directory) told.push('its folder is ' + template.directory + ', was ' + run.directory);
  if (!isSameList(run.redirects, template.redirects)) told.push('its redirections are changed');
  return told.concat(
    compareParameters(run, template), comparePlannedNames('metrics file', run.metricsFiles, template.metricsFiles),
    comparePlannedNames('input', run.declaredInputs, template.declaredInputs), comparePlannedNames('output', run.declaredOutputs, template.declaredOutputs),
    compareVariables(run, template),
  );
}
