// json.ts - runs as JSON (RFC 8259). Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { utf8SequenceLength } from '../core/bytes.ts';
import type { FileState, Run, RunProcess } from '../core/run.ts';
import type { RunNotes } from '../core/notes.ts';
import { encodeText, encodeWithheld } from '../formats/percent.ts';
import { printRanges } from '../formats/processes.ts';

/** JSON text of a value whose strings are percent-encoded bytes: ASCII and UTF-8 stay readable. */
export function printJsonValue(value: unknown): ByteString {
  // JSON.stringify sees each byte as one character below U+0100, and so leaves UTF-8 as it is.
  return JSON.stringify(value);
}

/** A JSON text for people and programs: two spaces for each level, LF at the end. Strings must hold UTF-8; what is undefined is left out. */
export function printJsonDocument(value: unknown): ByteString {
  return JSON.stringify(value, undefined, 2) + '\n';
}

/** Text of a record as a string of JSON that is not read back: UTF-8 as it is, all else percent-encoded; a withheld secret is %{16 digits}. */
export function jsonTextOf(text: ByteString): ByteString {
  for (let at = 0; at < text.length;) {
    const length = utf8SequenceLength(text, at);
    if (length === 0) return encodeWithheld(text);
    at += length;
  }
  return text.replace(/\0(?=\{[0-9a-f]{16}\})/g, '%');
}

export function jsonFileOf(file: FileState): unknown {
  return { hash: file.hash, size: file.size, kind: file.kind === '' ? 'f' : file.kind, path: encodeText(file.path) };
}

/** Numbers of processes and files, and lists of these, are those of the record: a list of 10,000 files stays short. */
function jsonProcessOf(one: RunProcess, at: number): unknown {
  return {
    number: at + 1, parent: one.parent === undefined ? 0 : one.parent + 1, start_s: one.startS, end_s: one.endS,
    exit: one.exit, signal: one.signal, directory: encodeText(one.directory), command: encodeWithheld(one.command),
    later: one.later.map((later) => ({ start_s: later.startS, directory: encodeText(later.directory), command: encodeWithheld(later.command) })),
    read: printRanges(one.read), wrote: printRanges(one.wrote),
  };
}

/** 'NAME VALUE' lines as an object. */
function jsonNamedValues(lines: ByteString[]): { [name: string]: string } {
  // Not by assignment: to an object "__proto__" is no name like others.
  return Object.fromEntries(lines.map((line) => {
    const space = line.indexOf(' ');
    return [encodeText(line.slice(0, space)), encodeWithheld(line.slice(space + 1))];
  }));
}

/** A run as an object whose keys are the record's field names in lower case; lists are arrays. */
function jsonObjectOf(run: Run): { [key: string]: unknown } {
  const text = (value: ByteString | undefined): string | undefined => (value === undefined ? undefined : encodeText(value));
  return {
    id: run.id, repeats: run.repeats, parent: run.parent, tree: run.tree,
    plan: text(run.plan), sweep: run.sweep === undefined ? undefined : { label: encodeText(run.sweep.label), number: run.sweep.number }, because: text(run.because), redoes: run.redoes, reused: run.reused,
    label: text(run.label), reason: text(run.reason), tags: run.tags.map(encodeText),
    command: encodeWithheld(run.command), directory: encodeText(run.directory), redirects: run.redirects.map(encodeText),
    parameters: jsonNamedValues(run.parameters), parameter_files: run.parameterFiles.map(encodeText), metrics: jsonNamedValues(run.metrics), metrics_files: run.metricsFiles.map(encodeText), metrics_from: run.metricsFrom.map(encodeText),
    asked: jsonNamedValues(run.asked), job: text(run.job), started: run.startedUtc, wall_s: run.wallS, user_s: run.userS, system_s: run.systemS,
    peak_memory_bytes: run.peakMemoryBytes, exit: run.exit, signal: run.signal, timeout_s: run.timeoutS, status: run.status,
    code: text(run.code), code_branch: text(run.codeBranch), code_remote: text(run.codeRemote), code_swhid: text(run.codeSwhid),
    code_submodules: run.codeSubmodules.map(encodeText), code_others: run.codeOthers.map(encodeText),
    code_files: run.codeFiles.map((file) => ({ state: file.state, path: encodeText(file.path) })),
    compilers: run.compilers.map((compiler) => ({ path: encodeText(compiler.path), producer: encodeText(compiler.producer) })), environment: run.environment,
    variables: run.variables.map(encodeText), variable_hashes: run.variableHashes.map(encodeText), declared_variables: run.declaredVariables.map(encodeText), observed: run.observed,
    declared_inputs: run.declaredInputs.map(encodeText), declared_outputs: run.declaredOutputs.map(encodeText),
    missing_outputs: run.missingOutputs.map(encodeText), inputs: run.inputs.map(jsonFileOf), outputs: run.outputs.map(jsonFileOf), aside: text(run.aside),
    uncertain: run.uncertain.map(jsonFileOf), removed: run.removed.map(encodeText), absent: run.absent.map(encodeText),
    secret_inputs: run.secretInputs.map(encodeText), secret_outputs: run.secretOutputs.map(encodeText), left_out: run.leftOut.map((one) => ({ what: encodeText(one.what), count: one.count })),
    logs: run.logs.map(jsonFileOf), verdicts: run.verdicts.map((one) => ({ word: one.word, path: encodeText(one.path), detail: encodeText(one.detail) })), warnings: run.warnings.map(encodeText), processes: run.processes.map(jsonProcessOf),
    previous: run.previous, rr: run.rr,
    unknown: run.unknown.length === 0 ? undefined : run.unknown,
  };
}

function jsonObjectOfNotes(notes: RunNotes): { [key: string]: unknown } {
  return {
    outcome: notes.outcome === undefined ? undefined : encodeText(notes.outcome),
    comments: notes.comments.map(({ noteId, author, writtenUtc, text, edited }) => ({
      note: noteId, author: encodeText(author), written: writtenUtc, text: encodeText(text),
      edited: edited === undefined ? undefined : { note: edited.noteId, author: encodeText(edited.author), written: edited.writtenUtc },
    })),
    tolerances: notes.tolerances.map((one) => ({
      absolute: one.absolute, relative: one.relative, path: encodeText(one.pattern), reason: encodeText(one.reason),
      note: one.noteId, author: encodeText(one.author), written: one.writtenUtc,
    })),
  };
}

/** One run as one line of JSON, with what is noted on it. Texts are percent-encoded as in the record. */
export function printJsonRun(run: Run, notes?: RunNotes): ByteString {
  return printJsonValue(notes === undefined ? jsonObjectOf(run) : { ...jsonObjectOf(run), ...jsonObjectOfNotes(notes) });
}
