// stepcauses.ts - why a step must be redone, exactly. Knows no files on a disk and no clock.
import type { ByteString } from './bytes.ts';
import { isSameContent } from './graph.ts';
import type { FileState } from './run.ts';
import { isSourceName } from './sources.ts';
import { splitFileParameter } from './steps.ts';
import type { StepFacts, StepGraph, StepNode, StepRun } from './steps.ts';

// 1. Content decides, never a time. What cannot be read, or was not known, is taken for what it was.
// 2. A step is to be redone if one of its results is not there or not as recorded; if what it read has
//    other content, is gone, or was not there and is; or if what it was told otherwise differs: plan,
//    parameters, declared variables, and the environment where that is asked for.
// 3. Of a parameter file only its keys count, and these not in a point of a sweep, which set them.
// 4. A transient input is compared with what its supplier gave (steps.ts, 5).
// 5. A variable that is not set now is as it was recorded. One that the plan sets is as planned.

/** Why a step must be redone. `by`: id of the run that made or wrote it; undefined: raw, or by hand. */
export type StepCause =
  | { kind: 'never run' }
  | { kind: 'plan'; what: ByteString }
  | { kind: 'input'; path: ByteString; by: string | undefined }
  /** It was not among the files that a declared folder or glob named. */
  | { kind: 'new input'; path: ByteString }
  /** It was read and is gone, and nothing makes it. */
  | { kind: 'gone'; path: ByteString }
  /** It was looked for in vain. */
  | { kind: 'appeared'; path: ByteString }
  | { kind: 'secret'; path: ByteString }
  /** undefined: it is gone. */
  | { kind: 'parameter'; path: ByteString; key: ByteString; was: ByteString; now: ByteString | undefined }
  /** undefined: it was not set, or its value is withheld. */
  | { kind: 'variable'; name: ByteString; was: ByteString | undefined; now: ByteString | undefined }
  | { kind: 'missing'; path: ByteString }
  | { kind: 'changed'; path: ByteString; by: string | undefined }
  | { kind: 'environment'; what: ByteString }
  /** What the input is made by must be redone; whether it itself must depends on what that gives. */
  | { kind: 'producer'; path: ByteString; by: string }
  /** As it was, it is needed by another step, and it was overwritten. */
  | { kind: 'needed'; path: ByteString; by: ByteString }
  | { kind: 'forced' };

/** A file as it is now: undefined if it is gone; hash '?' if it cannot be read. */
export type StateNow = (path: ByteString) => FileState | undefined;

/** What is there now. */
export type Present = {
  stateOf: StateNow;
  /** Is there the key under which secrets were withheld? Else they cannot be compared. */
  hasKey: boolean;
  /** HMAC of a file that may hold a secret; undefined: it is gone; '?': it cannot be told. */
  secretOf: (path: ByteString) => string | undefined;
  /** As a record has it; undefined: the file or the key is gone. */
  parameterOf: (path: ByteString, key: ByteString) => ByteString | undefined;
  /** As a line of a record, 'NAME=VALUE' or 'NAME HMAC'; undefined: it is not set. */
  variableOf: (name: ByteString) => ByteString | undefined;
  /** The files that a declared folder or glob names. */
  filesOf: (pattern: ByteString) => ByteString[];
  /** What of the software of a run, by its id, is not any more what it was. */
  environmentOf: (id: string) => ByteString[];
  /** The last run of a step, by its number. */
  runOf: (node: number) => Pick<StepRun, 'id' | 'outputs'> | undefined;
  /** Was the step redone after all this was recorded? */
  isRedone: (node: number) => boolean;
  /** The run other than its owner that left in this place what is there now, if that is known. */
  writerOf: (path: ByteString) => string | undefined;
};

/** Called with each input that is what it was, by its number among the inputs of the run, and the step that gives it. */
export type NoteRead = (writer: number, input: number) => void;

type Judging = { graph: StepGraph; at: number; node: StepNode; run: StepRun; facts: StepFacts; present: Present; noteRead: NoteRead; causes: StepCause[] };

/** Why the step must be redone; empty if it need not. */
export function findStepCauses(graph: StepGraph, at: number, present: Present, noteRead: NoteRead = () => undefined): StepCause[] {
  const node = graph.nodes[at];
  if (node.run < 0) return [{ kind: 'never run' }];
  const run = graph.runs[node.run];
  const judging: Judging = { graph, at, node, run, facts: run.facts, present, noteRead, causes: [] };
  for (const what of node.plan < 0 ? [] : graph.planned[node.plan].differences) judging.causes.push({ kind: 'plan', what });
  judgeInputs(judging);
  judgeFacts(judging);
  judgeResults(judging);
  for (const what of present.environmentOf(run.id)) judging.causes.push({ kind: 'environment', what });
  return judging.causes;
}

function judgeInputs(judging: Judging): void {
  const { node, run, facts } = judging;
  run.inputs.forEach((input, number) => {
    if (input.hash === '?' || input.kind === 'd') return;
    if (facts.parameterFiles.length > 0 && facts.parameterFiles.indexOf(input.path) >= 0) return;
    const supplier = node.transient?.get(input.path);
    if (supplier === undefined) judgeInput(judging, input, number);
    else if (supplier >= 0) judgeTransient(judging, input, number, supplier);
  });
}

function judgeInput(judging: Judging, input: FileState, number: number): void {
  const { graph, present, causes } = judging;
  const now = present.stateOf(input.path);
  const owner = graph.owners.get(input.path);
  const writer = owner === undefined ? -1 : graph.nodeOfRun[owner.index];
  const isRedone = writer >= 0 && present.isRedone(writer);
  const made = isRedone ? present.runOf(writer)?.outputs.find((file) => file.path === input.path) : owner;
  // What a step makes it makes again, unless it has just been redone without it.
  if (now === undefined && (writer < 0 || isRedone)) causes.push({ kind: 'gone', path: input.path });
  else if (now !== undefined && now.hash !== '?' && !isSameContent(now, input)) causes.push({ kind: 'input', path: input.path, by: made !== undefined && isSameContent(made, now) ? present.runOf(writer)?.id : undefined });
  else if (made !== undefined && isSameContent(made, input)) judging.noteRead(writer, number);
}

function judgeTransient(judging: Judging, input: FileState, number: number, supplier: number): void {
  const { graph, present, causes } = judging;
  const writer = graph.nodeOfRun[supplier];
  const last = present.runOf(writer);
  const made = last?.outputs.find((file) => file.path === input.path);
  if (made === undefined) causes.push({ kind: 'gone', path: input.path });
  else if (!isSameContent(made, input)) causes.push({ kind: 'input', path: input.path, by: last?.id });
  else judging.noteRead(writer, number);
}

/** All that is told besides files: in the order in which a person would look. */
function judgeFacts({ graph, node, run, facts, present, causes }: Judging): void {
  for (const parameter of facts.sweep === undefined ? facts.parameters : []) {
    const parts = splitFileParameter(parameter, facts.parameterFiles);
    if (parts === undefined || node.transient?.has(parts.path) === true) continue;
    const isGone = present.stateOf(parts.path) === undefined;
    const now = isGone ? undefined : present.parameterOf(parts.path, parts.key);
    if (isGone && !graph.owners.has(parts.path) && !causes.some((cause) => cause.kind === 'gone' && cause.path === parts.path)) causes.push({ kind: 'gone', path: parts.path });
    const isUnknown = parts.value.indexOf('\0') >= 0 && !present.hasKey;
    if (!isGone && !isUnknown && now !== parts.value) causes.push({ kind: 'parameter', path: parts.path, key: parts.key, was: parts.value, now });
  }
  const fixed = node.plan < 0 ? [] : graph.planned[node.plan].template.variables;
  for (const name of facts.declaredVariables) {
    const now = present.variableOf(name);
    if (now === undefined || fixed.some((line) => line.startsWith(name + '='))) continue;
    const was = facts.variables.find((line) => line.startsWith(name + '=')) ?? facts.variableHashes.find((line) => line.startsWith(name + ' '));
    const shown = (line: ByteString | undefined): ByteString | undefined => (line !== undefined && line[name.length] === '=' ? line.slice(name.length + 1) : undefined);
    if (now !== was) causes.push({ kind: 'variable', name, was: shown(was), now: shown(now) });
  }
  for (const line of facts.secretInputs) {
    const space = line.indexOf(' ');
    const path = line.slice(space + 1);
    if (node.transient?.has(path) === true) continue;
    const now = present.secretOf(path);
    if (now === undefined) causes.push({ kind: 'gone', path });
    else if (now !== '?' && now !== line.slice(0, space)) causes.push({ kind: 'secret', path });
  }
  for (const path of facts.absent) if (node.transient?.has(path) !== true && present.stateOf(path) !== undefined) causes.push({ kind: 'appeared', path });
  if (facts.inputPatterns.length === 0) return;
  const known = new Set(run.inputs.concat(run.outputs).map((file) => file.path).concat(run.removed, facts.secretInputs.map((line) => line.slice(line.indexOf(' ') + 1))));
  for (const pattern of facts.inputPatterns) {
    for (const path of present.filesOf(pattern)) {
      if (known.has(path) || node.transient?.has(path) === true) continue;
      known.add(path);
      causes.push({ kind: 'new input', path });
    }
  }
}

function judgeResults({ graph, node, run, present, causes }: Judging): void {
  for (const file of run.outputs) {
    if (graph.owners.get(file.path)?.index !== node.run) continue;
    const now = present.stateOf(file.path);
    if (now === undefined) causes.push({ kind: 'missing', path: file.path });
    else if (now.hash !== '?' && !isSameContent(file, now)) causes.push({ kind: 'changed', path: file.path, by: present.writerOf(file.path) });
  }
}

// ---- in words --------------------------------------------------------------------------------------

const MOST_VALUE_BYTES = 40;

function showCauseValue(value: ByteString): ByteString {
  return value === '' ? '(empty)' : value.length > MOST_VALUE_BYTES ? value.slice(0, MOST_VALUE_BYTES - 3) + '...' : value.replace(/\0\{[0-9a-f]+\}/g, '(withheld)');
}

/** The cause as a clause in one line. What it names may be hostile text. */
export function describeCause(cause: StepCause): ByteString {
  switch (cause.kind) {
    case 'never run': return 'never run';
    case 'plan': return cause.what;
    case 'input': return (isSourceName(cause.path) ? 'code ' : 'input ') + cause.path + (cause.by === undefined ? ' changed' : ' was made anew by ' + cause.by);
    case 'new input': return 'input ' + cause.path + ' is new';
    case 'gone': return 'input ' + cause.path + ' is gone';
    case 'appeared': return cause.path + ' is there now, and was not';
    case 'secret': return 'secret input ' + cause.path + ' changed';
    case 'parameter': return 'parameter ' + cause.path + ':' + cause.key + (cause.now === undefined ? ' is gone' : ': ' + showCauseValue(cause.now)) + ', was ' + showCauseValue(cause.was);
    case 'variable': return 'variable ' + cause.name + (cause.now === undefined ? ' changed' : ': ' + showCauseValue(cause.now) + (cause.was === undefined ? ', was not set' : ', was ' + showCauseValue(cause.was)));
    case 'missing': return 'result ' + cause.path + ' is missing';
    case 'changed': return 'result ' + cause.path + (cause.by === undefined ? ' was changed' : ' was overwritten by ' + cause.by);
    case 'environment': return cause.what;
    case 'producer': return 'its input ' + cause.path + ' is stale';
    case 'needed': return cause.path + ', as it was, is needed by ' + cause.by;
    case 'forced': return 'asked for';
  }
}

const MOST_CAUSES = 4;

/** All causes in one line. */
export function describeCauses(causes: StepCause[]): ByteString {
  const shown = causes.slice(0, causes.length > MOST_CAUSES ? MOST_CAUSES - 1 : MOST_CAUSES).map(describeCause);
  return shown.concat(causes.length > shown.length ? 'and ' + String(causes.length - shown.length) + ' more' : []).join('; ');
}

/** Does the cause lie in a result, which is there or not, rather than in what it is made from? */
export function isOfResult(cause: StepCause): boolean {
  return cause.kind === 'missing' || cause.kind === 'changed';
}
