// page.ts - one run as a page of text for a person. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { Comment, Note, RunNotes } from '../core/notes.ts';
import type { FileState, Run, Verdict } from '../core/run.ts';
import { decodeText, encodeText, makeHarmless } from '../formats/percent.ts';
import { formatBytes, formatSeconds } from './table.ts';

const NAME_WIDTH = 13;
/** Lines of one kind that are shown unless all are asked for. */
const LIST_LENGTH = 10;

/** Text of a run made harmless for a terminal, what was withheld by words. */
export function showText(text: ByteString): ByteString {
  return makeHarmless(text.replace(/\0(\{[0-9a-f]{16}\})/g, '<withheld $1>'));
}

function line(name: string, value: ByteString | undefined): ByteString {
  return value === undefined || value === '' ? '' : name.padEnd(NAME_WIDTH) + makeHarmless(value) + '\n';
}

/** A line for each value, the first with the name before it; no more than `most` values. */
function printList(name: string, values: ByteString[], most: number): ByteString {
  const shown = values.slice(0, most).map((value, i) => line(i === 0 ? name : '', value)).join('');
  return shown + (values.length > most ? line('', 'and ' + String(values.length - most) + ' more (--all)') : '');
}

const KIND_WORDS: { [kind: string]: string } = { x: ' executable', l: ' link', d: ' folder', p: ' FIFO', s: ' socket', c: ' device', b: ' device' };

/** "HASH12        SIZE  PATH KIND" */
export function showFile(file: FileState): ByteString {
  const hash = file.hash.length === 64 ? file.hash.slice(0, 12) : file.hash === '?' ? 'unknown' : '';
  const size = file.kind === 'd' ? '' : formatBytes(file.size);
  return hash.padEnd(13) + size.padStart(10) + '  ' + makeHarmless(file.path) + (KIND_WORDS[file.kind] ?? '');
}

function showCost(run: Run): ByteString | undefined {
  if (run.wallS === undefined) return undefined;
  const cpu = run.userS === undefined ? '' : ', CPU ' + formatSeconds(run.userS) + ' user ' + formatSeconds(run.systemS) + ' system';
  return formatSeconds(run.wallS) + cpu + (run.peakMemoryBytes === undefined ? '' : ', peak memory ' + formatBytes(run.peakMemoryBytes));
}

/** What a person wants of an environment record at first sight; the rest is counted. */
function showEnvironment(text: ByteString | undefined, most: number): ByteString {
  const values = new Map<string, ByteString[]>();
  const valuesOf = (name: string): ByteString[] => values.get(name) ?? [];
  for (const field of (text ?? '').split('\n')) {
    const colon = field.indexOf(': ');
    const name = field.slice(0, Math.max(0, colon));
    values.set(name, valuesOf(name));
    valuesOf(name).push(decodeText(field.slice(colon + 2).replace(/^([0-9a-f]{12})[0-9a-f]{52} {2}\d+x? /, '$1  ')));
  }
  const count = (name: string, one: string, several: string): string[] => {
    const length = valuesOf(name).length;
    return length === 0 ? [] : [String(length) + ' ' + (length === 1 ? one : several)];
  };
  const counts = count('Library', 'library', 'libraries').concat(count('Package', 'package', 'packages'));
  return ['Os', 'Kernel', 'Cpu', 'Gpu', 'Executable', 'Interpreter'].map((name) => printList(name.toLowerCase(), valuesOf(name).map(makeHarmless), most)).join('')
    + (counts.length === 0 ? '' : line('software', counts.join(', ') + ' (--environment)'));
}

/** The code that was read: how many files of each state, and those that the commit does not have. */
function showCodeFiles(run: Run, most: number): ByteString {
  const counts: string[] = [];
  for (const state of ['clean', 'changed', 'untracked', 'unversioned']) {
    const count = run.codeFiles.filter((file) => file.state === state).length;
    if (count > 0) counts.push(String(count) + ' ' + state);
  }
  const listed = run.codeFiles.filter((file) => file.state === 'changed' || file.state === 'untracked');
  return line('code files', counts.join(', ')) + printList('', listed.map((file) => file.state.padEnd(11) + makeHarmless(file.path)), most);
}

/** One line: the word, the file, and the rule, the difference or the reason. */
export function printVerdict(verdict: Verdict): ByteString {
  return verdict.word.padEnd(11) + verdict.path + (verdict.detail === '' ? '' : ': ' + verdict.detail);
}

function showProcessCount(run: Run): ByteString {
  const count = run.processes.length;
  if (count === 0) return '';
  const failed = run.processes.filter((one) => (one.exit !== undefined && one.exit !== 0) || one.signal !== undefined).length;
  const outlived = run.processes.filter((one) => one.endS === undefined).length;
  return line('processes', String(count) + (failed === 0 ? '' : ', ' + String(failed) + ' failed')
    + (outlived === 0 ? '' : ', ' + String(outlived) + ' outlived the command') + ' (--processes)');
}

/**
 * A run for a person: every fact the record has, names and values harmless for a terminal; of long
 * lists the beginning unless `isComplete`.
 */
export function printRunPage(run: Run, environment: ByteString | undefined, isComplete: boolean): ByteString {
  const most = isComplete ? Infinity : LIST_LENGTH;
  const list = (name: string, values: ByteString[]): ByteString => printList(name, values.map(showText), most);
  const files = (name: string, states: FileState[]): ByteString => printList(name, states.map(showFile), most);
  const exit = run.exit === undefined ? '' : ', exit ' + String(run.exit) + (run.signal === undefined ? '' : ' (' + run.signal + ')');
  return line('run', run.id) + line('repeats', run.repeats) + line('parent', run.parent) + line('tree', run.tree)
    + line('step', run.plan && showText(run.plan)) + line('sweep', run.sweep && String(run.sweep.number) + ' of ' + showText(run.sweep.label)) + line('because', run.because && showText(run.because)) + line('redoes', run.redoes) + line('reused', run.reused)
    + line('label', run.label && showText(run.label)) + line('reason', run.reason && showText(run.reason))
    + list('tags', run.tags) + line('command', showText(run.command))
    + line('folder', showText(run.directory)) + list('redirect', run.redirects) + list('parameter', run.parameters) + list('only keys of', run.parameterFiles)
    + list('metric', run.metrics) + list('metrics file', run.metricsFiles) + list('metrics from', run.metricsFrom) + list('asked for', run.asked) + line('job', run.job && showText(run.job))
    + line('started', run.startedUtc) + line('status', run.status + exit) + line('cost', showCost(run))
    + line('code', run.code && showText(run.code)) + line('branch', run.codeBranch && showText(run.codeBranch))
    + line('remote', run.codeRemote && showText(run.codeRemote)) + line('swhid', run.codeSwhid && showText(run.codeSwhid)) + list('submodule', run.codeSubmodules)
    + list('other code', run.codeOthers) + showCodeFiles(run, most)
    + list('compiler', run.compilers.map((compiler) => compiler.path + '  ' + compiler.producer))
    + list('variable', run.variables) + list('depends on', run.declaredVariables) + list('withheld', run.variableHashes) + showEnvironment(environment, most)
    + line('observed', run.observed) + showProcessCount(run) + files('input', run.inputs) + files('output', run.outputs)
    + line('moved to', run.aside && showText(run.aside))
    + files('uncertain', run.uncertain) + list('removed', run.removed) + list('absent', run.absent)
    + list('secret input', run.secretInputs) + list('secret out', run.secretOutputs) + list('missing', run.missingOutputs)
    + line('left out', run.leftOut.map((one) => String(one.count) + ' ' + makeHarmless(one.what)).join(', '))
    + list('verdict', run.verdicts.map(printVerdict)) + files('log', run.logs) + printList('warning', run.warnings.map(showText), Infinity)
    + (isComplete ? printList('after', run.previous.map(({ id, hash }) => id + '  ' + hash.slice(0, 12)), Infinity) : '')
    + run.unknown.map((field) => line(encodeText(field.name), showText(field.value))).join('');
}

/** An environment record for a person: its lines decoded, harmless for a terminal. */
export function printEnvironmentPage(text: ByteString): ByteString {
  return text.split('\n').filter((field) => field !== '' && field[0] !== '#').map((field) => makeHarmless(decodeText(field)) + '\n').join('');
}

/** The lines of a text that people wrote, each harmless. */
export function showLines(text: ByteString): ByteString[] {
  return text.replace(/\r\n/g, '\n').split('\n').map((one) => makeHarmless(one.replace(/\t/g, ' ')));
}

/** Who wrote it and when, and who wrote the text that stands there now. */
export function describeComment({ author, writtenUtc, edited }: Comment): ByteString {
  const changed = edited === undefined ? '' : ', changed ' + (edited.author === author ? '' : 'by ' + makeHarmless(edited.author) + ' ') + edited.writtenUtc.slice(0, 10);
  return makeHarmless(author) + ', ' + writtenUtc.slice(0, 10) + changed;
}

/** What a note says, a line each, in the words of its record. */
function showNote(note: Note): ByteString[] {
  const words = (name: string, values: ByteString[]): ByteString[] => values.map((value) => name + ' ' + showText(value));
  const single = (name: string, value: ByteString | undefined): ByteString[] => words(name, value === undefined ? [] : [value]);
  return [note.id + '  ' + makeHarmless(note.author) + ', ' + note.writtenUtc + (note.runs.length > 1 ? ', on ' + String(note.runs.length) + ' runs' : '')].concat(
    words('unset', note.unset), single('label', note.label), words('untag', note.untags), words('tag', note.tags), single('reason', note.reason),
    single('outcome', note.outcome), words('comment', note.comments), words('tolerance', note.tolerances.map((one) => String(one.absolute) + ' ' + String(one.relative) + ' ' + one.pattern)),
    words('replaces', note.replaces.map((one) => one.id + (one.text === undefined ? '' : ' ' + one.text))), words('removes', note.removes),
    words('warning', note.warnings), note.unknown.map((field) => field.name + ' ' + showText(field.value)));
}

/** What is noted on a run; with `isComplete` the notes themselves in their order, those that count no more too. */
export function printNotesPage(notes: RunNotes, isComplete: boolean): ByteString {
  const under = (name: string, heads: ByteString[]): ByteString => heads.map((head, i) => line(i === 0 ? name : '', head)).join('');
  const history = !isComplete ? '' : notes.history.map((note) => under('note', showNote(note).map((one, i) => (i === 0 ? one : '  ' + one)))).join('');
  return under('outcome', notes.outcome === undefined ? [] : showLines(notes.outcome))
    + notes.comments.map((comment) => under('comment', [comment.noteId + '  ' + describeComment(comment)].concat(showLines(comment.text).map((one) => '  ' + one)))).join('')
    + notes.tolerances.map((one) => under('tolerance', ['absolute ' + String(one.absolute) + ', relative ' + String(one.relative) + ': ' + makeHarmless(one.pattern) + ' (' + one.noteId + ')'])).join('')
    + history;
}
