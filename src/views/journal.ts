// journal.ts - what a journal says of each run, before it becomes text, markup or a page. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd } from '../core/bytes.ts';
import { isResult } from '../core/graph.ts';
import { countStatuses, distinctTexts, spanParameters } from '../core/journal.ts';
import type { JournalDay, JournalEntry } from '../core/journal.ts';
import type { AnnotatedRun, Comment } from '../core/notes.ts';
import type { FileState, Run, Verdict } from '../core/run.ts';
import { makeHarmless } from '../formats/percent.ts';
import { showLines, showText } from './page.ts';
import { formatBytes, formatSeconds } from './table.ts';

/**
 * A paragraph: `name` stands before a text that needs one; a command; what a command printed last.
 * Lines are harmless, not escaped for any markup, and not wrapped.
 */
export type JournalItem = { kind: 'text' | 'command' | 'printed'; name: ByteString; lines: ByteString[] };

/** time: 05:20, or 05:20 to 07:11. id: of the run; of a series none. */
export type JournalParagraphs = { time: ByteString; label: ByteString | undefined; id: string | undefined; hasFailed: boolean; items: JournalItem[] };

export type Journal = { summary: ByteString; days: { date: string; entries: JournalParagraphs[] }[] };

/** Files, failures, and different texts of a series that are named; the rest is counted. */
const MOST_NAMED = 5;
const MOST_FAILURES = 3;

/** The last lines of what a failed run printed: raw, at most a few. */
export type ReadTail = (run: Run) => ByteString[];

function textItem(name: ByteString, lines: ByteString[]): JournalItem[] {
  return lines.length === 0 ? [] : [{ kind: 'text', name, lines }];
}

function nameSome(texts: ByteString[], what: string): ByteString {
  const more = texts.length - MOST_NAMED;
  return texts.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ' and ' + String(more) + ' more' + (what === '' ? '' : ' ' + what) : '');
}

/** '1 run', '2 runs' */
export function countOf(count: number, word: string): string {
  return String(count) + ' ' + word + (count === 1 ? '' : 's');
}

/** How a run ended; '' if it succeeded or runs. */
export function describeStop(run: Run): ByteString {
  const after = run.wallS === undefined ? '' : ' after ' + formatSeconds(run.wallS);
  if (run.status === 'lost') return 'lost: rr was killed while it ran';
  if (run.status === 'running') return 'running';
  if (run.status === 'succeeded') return '';
  const how = run.signal !== undefined ? makeHarmless(run.signal) : run.exit === undefined ? 'its end is not known' : 'exit ' + String(run.exit);
  return run.status + ': ' + how + (run.timeoutS !== undefined && run.status === 'interrupted' ? ', limit ' + formatSeconds(run.timeoutS) : '') + after;
}

function describeResult(file: FileState): ByteString {
  return makeHarmless(file.path) + ' (' + formatBytes(file.size) + ', ' + file.hash.slice(0, 12) + ')';
}

/** "3 identical, 1 different (out.csv)": words in the order met, files of those that are not as they were. */
export function summarizeVerdicts(verdicts: Verdict[]): ByteString {
  const words = distinctTexts(verdicts.map((one) => one.word));
  return words.map((word) => {
    const paths = verdicts.filter((one) => one.word === word).map((one) => makeHarmless(one.path));
    return String(paths.length) + ' ' + (word === 'tolerance' ? 'within tolerance' : word) + (word === 'identical' ? '' : ' (' + nameSome(paths, '') + ')');
  }).join(', ');
}

function describeSpans(runs: Run[]): ByteString[] {
  return spanParameters(runs).map(({ name, values, isRange }) => {
    const shown = values.map((value) => (value === '' ? '""' : showText(value)));
    return showText(name) + ' ' + (isRange ? shown.join(' to ') : shown.length > MOST_NAMED ? countOf(shown.length, 'value') : shown.join(', '));
  });
}

/** A line that a command printed without the terminal's codes and what a carriage return overwrote; harmless. */
export function showPrinted(line: ByteString): ByteString {
  return makeHarmless(dropAtEnd(line, '\r').replace(/^[^]*\r/, '').replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '').replace(/\t/g, ' '));
}

function printedItem(lines: ByteString[]): JournalItem[] {
  const clean = lines.map(showPrinted);
  return clean.length === 0 ? [] : [{ kind: 'printed', name: '', lines: clean }];
}

/** Who commented, with the date unless it is that of the entry. */
function commentItem(comment: Comment, date: string): JournalItem {
  const { author, writtenUtc, edited } = comment;
  const day = writtenUtc.slice(0, 10) === date ? '' : ', ' + makeHarmless(writtenUtc.slice(0, 10));
  const changed = edited === undefined ? '' : ', changed' + (edited.author === author ? '' : ' by ' + makeHarmless(edited.author)) + (edited.writtenUtc.slice(0, 10) === date ? '' : ' ' + makeHarmless(edited.writtenUtc.slice(0, 10)));
  return { kind: 'text', name: makeHarmless(author) + day + changed, lines: showLines(comment.text) };
}

/** A comment of one note on several runs is told once. */
function commentItems(of: AnnotatedRun[], date: string): JournalItem[] {
  const seen = new Set<string>();
  const items: JournalItem[] = [];
  for (const { notes } of of) {
    for (const comment of notes.comments) {
      const key = comment.noteId + '\n' + (comment.edited?.noteId ?? '') + '\n' + comment.text;
      if (!seen.has(key)) items.push(commentItem(comment, date));
      seen.add(key);
    }
  }
  return items;
}

function describeRun(one: AnnotatedRun, date: string, readTail: ReadTail): JournalItem[] {
  const { run, notes } = one;
  const results = run.tree === undefined && run.status === 'succeeded' ? run.outputs.filter(isResult) : [];
  const end = describeStop(run);
  const verdicts = summarizeVerdicts(run.verdicts);
  return [
    ...textItem('', run.reason === undefined ? [] : showLines(run.reason)),
    { kind: 'command' as const, name: '', lines: [showText(run.command)] },
    ...textItem('', run.directory === '.' ? [] : ['in ' + makeHarmless(run.directory)]),
    ...textItem('parameters', run.parameters.length === 0 ? [] : [describeSpans([run]).join(', ')]),
    ...textItem('', end === '' ? [] : [end]),
    ...printedItem(run.status === 'failed' || run.status === 'interrupted' ? readTail(run) : []),
    ...textItem('made', results.length === 0 ? [] : [nameSome(results.map(describeResult), '')]),
    ...textItem('removed', run.removed.length === 0 || run.tree !== undefined ? [] : [nameSome(run.removed.map(makeHarmless), '')]),
    ...textItem('not made', run.missingOutputs.length === 0 ? [] : [nameSome(run.missingOutputs.map(makeHarmless), '')]),
    ...textItem('repeats', run.repeats === undefined ? [] : [run.repeats + (verdicts === '' ? '' : ': ' + verdicts)]),
    ...textItem('reused from', run.reused === undefined ? [] : [run.reused]),
    ...textItem('made from', run.parent === undefined ? [] : [run.parent]),
    ...textItem('outcome', notes.outcome === undefined ? [] : showLines(notes.outcome)),
    ...commentItems([one], date),
    ...textItem('tolerance', notes.tolerances.map((limit) => makeHarmless(limit.pattern) + ': ' + String(limit.absolute) + ' absolute, ' + String(limit.relative) + ' relative')),
    ...textItem('tags', run.tags.length === 0 ? [] : [run.tags.map(showText).join(', ')]),
  ];
}

/** Of the runs of a series that did not succeed each how, the first few with what they printed. */
function describeFailures(runs: Run[], readTail: ReadTail): JournalItem[] {
  const failed = runs.filter((run) => run.status !== 'succeeded' && run.status !== 'running');
  const items: JournalItem[] = [];
  for (const run of failed.slice(0, MOST_FAILURES)) {
    const parameters = describeSpans([run]).join(', ');
    items.push(...textItem('', [run.id + (parameters === '' ? '' : ', ' + parameters) + ', ' + describeStop(run)]));
    if (run.status !== 'lost') items.push(...printedItem(readTail(run)));
  }
  return items.concat(textItem('', failed.length > MOST_FAILURES ? ['and ' + String(failed.length - MOST_FAILURES) + ' more that did not succeed'] : []));
}

function describeSeries({ runs: of }: JournalEntry, date: string, readTail: ReadTail): JournalItem[] {
  const runs = of.map((one) => one.run);
  const statuses = countStatuses(runs).filter((one) => one.status !== 'succeeded').map((one) => String(one.count) + ' ' + one.status);
  const commands = distinctTexts(runs.map((run) => run.command));
  const results = new Map<ByteString, FileState>();
  for (const run of runs) if (run.tree === undefined && run.status === 'succeeded') for (const file of run.outputs) if (isResult(file)) results.set(file.path, file);
  const made = Array.from(results.values());
  const bytes = made.reduce((sum, file) => sum + file.size, 0);
  const outcomes = distinctTexts(of.map((one) => one.notes.outcome));
  const tags = distinctTexts(runs.reduce((all: ByteString[], run) => all.concat(run.tags), []));
  const reasons = distinctTexts(runs.map((run) => run.reason));
  const some = (texts: ByteString[]): ByteString[] => texts.slice(0, MOST_NAMED);
  const restOf = (texts: ByteString[], what: string): JournalItem[] => textItem('', texts.length > MOST_NAMED ? ['and ' + String(texts.length - MOST_NAMED) + ' more ' + what] : []);
  const verdicts = summarizeVerdicts(runs.reduce((all: Verdict[], run) => all.concat(run.verdicts), []));
  return [
    ...some(reasons).reduce((all: JournalItem[], text) => all.concat(textItem('', showLines(text))), []), ...restOf(reasons, 'reasons'),
    ...textItem('', [[countOf(runs.length, 'run')].concat(describeSpans(runs), statuses).join(', ')]),
    { kind: 'command' as const, name: '', lines: [showText(commands[0])] },
    ...textItem('', commands.length > 1 ? ['and ' + countOf(commands.length - 1, 'other command')] : []),
    ...describeFailures(runs, readTail),
    ...textItem('made', made.length === 0 ? [] : [made.length > MOST_NAMED ? countOf(made.length, 'file') + ', ' + formatBytes(bytes) : made.map(describeResult).join(', ')]),
    ...textItem('repeats', verdicts === '' ? [] : [verdicts]),
    ...some(outcomes).reduce((all: JournalItem[], text) => all.concat(textItem('outcome', showLines(text))), []), ...restOf(outcomes, 'outcomes'),
    ...commentItems(of, date),
    ...textItem('tags', tags.length === 0 ? [] : [tags.map(showText).join(', ')]),
  ];
}

function describeEntry(entry: JournalEntry, date: string, readTail: ReadTail): JournalParagraphs {
  const { runs, label } = entry;
  const timeOf = (one: AnnotatedRun): string => one.run.startedUtc.slice(11, 16);
  const last = runs[runs.length - 1];
  const time = timeOf(runs[0]) + (runs.length > 1 && timeOf(last) !== timeOf(runs[0]) ? ' to ' + timeOf(last) : '');
  return {
    time: makeHarmless(time), label: label === undefined ? undefined : showText(label), id: runs.length === 1 ? runs[0].run.id : undefined,
    hasFailed: runs.some(({ run }) => run.status !== 'succeeded' && run.status !== 'running'),
    items: runs.length === 1 ? describeRun(runs[0], date, readTail) : describeSeries(entry, date, readTail),
  };
}

/** What is to be told of the days. `readTail` is asked for runs that failed and are told of. */
export function describeJournal(days: JournalDay[], readTail: ReadTail): Journal {
  const runs = days.reduce((sum, day) => sum + day.entries.reduce((count, entry) => count + entry.runs.length, 0), 0);
  const span = days.length === 0 ? '' : ', ' + days[0].date + (days.length > 1 ? ' to ' + days[days.length - 1].date : '');
  return {
    summary: countOf(runs, 'run') + makeHarmless(span),
    days: days.map((day) => ({ date: makeHarmless(day.date), entries: day.entries.map((entry) => describeEntry(entry, day.date, readTail)) })),
  };
}
