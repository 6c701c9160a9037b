// status.ts - the state of a project as text and as JSON. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd } from '../core/bytes.ts';
import { isSourceName } from '../core/sources.ts';
import type { ChangedResult, OpenStep, RawInput, StaleResult } from '../core/staleness.ts';
import { describeCause } from '../core/stepcauses.ts';
import type { StepCause } from '../core/stepcauses.ts';
import { encodeText, encodeWithheld, makeHarmless } from '../formats/percent.ts';
import { jsonBatches, listBatchGroups } from './clusterstatus.ts';
import type { StatusBatch } from './clusterstatus.ts';
import { printJsonValue } from './json.ts';
import { showText } from './page.ts';
import { displayWidth, wrapText } from './table.ts';

export type StatusRunName = { id: string; label?: ByteString };

/** All that `rr status` tells. */
export type StatusReport = {
  /** How many there are: current results and raw inputs, of the paths asked for; records that can be read. */
  results: number;
  inputs: number;
  runs: number;
  stale: StaleResult[];
  missing: RawInput[];
  edited: ChangedResult[];
  changedInputs: RawInput[];
  goneInputs: RawInput[];
  open: OpenStep[];
  /** Messages on records. */
  unreadable: ByteString[];
  orphans: ByteString[];
  uncommitted: { path: ByteString; state: 'changed' | 'untracked' }[];
  lost: StatusRunName[];
  running: (StatusRunName & { startedUtc: string })[];
  /** What was handed over to a cluster; and why that could not be asked. */
  batches: StatusBatch[];
  clusterProblem: ByteString | undefined;
};

/** Is something not as it should be? Lost runs, orphans and code that is not committed are told, but are no fault of a result. */
export function isAllFine(report: StatusReport): boolean {
  return [report.stale, report.missing, report.edited, report.changedInputs, report.goneInputs, report.open, report.unreadable].every((list) => list.length === 0);
}

const ROWS_SHOWN = 10;
const NAME_COLUMNS = 40;

function listCauses(causes: StepCause[]): ByteString {
  return makeHarmless(causes.map(describeCause).join('; '));
}

function nameOf(run: StatusRunName): ByteString {
  return run.label === undefined ? '' : showText(run.label);
}

type Group = { title: ByteString; rows: [ByteString, ByteString][] };

function listGroups(report: StatusReport): Group[] {
  const by = (word: string) => (one: RawInput): [ByteString, ByteString] => [makeHarmless(one.path), word + ' ' + one.run];
  return [
    { title: 'stale: would not come out the same', rows: report.stale.map((one) => [makeHarmless(one.path), listCauses(one.causes)]) },
    { title: 'planned steps to be run', rows: report.open.map((one) => [makeHarmless(one.name), listCauses(one.causes)]) },
    { title: 'missing', rows: report.missing.map(by('made by')) },
    { title: 'changed since recorded', rows: report.edited.map((one) => [makeHarmless(one.path), one.overwrittenBy === undefined ? 'not as made by ' + one.run : 'overwritten by ' + one.overwrittenBy + ', which did not succeed']) },
    { title: 'inputs changed', rows: report.changedInputs.map(by('not as read by')) },
    { title: 'inputs gone', rows: report.goneInputs.map(by('read by')) },
    { title: 'records that cannot be read', rows: report.unreadable.map((message) => [makeHarmless(message), '']) },
    { title: 'code that is not committed', rows: report.uncommitted.map((one) => [makeHarmless(one.path), one.state === 'untracked' ? 'not tracked' : 'changed']) },
    { title: 'files beside results that no run made or read', rows: report.orphans.map((path) => [makeHarmless(path), '']) },
    { title: 'lost: rr was killed while they ran', rows: report.lost.map((run) => [run.id, nameOf(run)]) },
    { title: 'running', rows: report.running.map((run) => [run.id, nameOf(run)]) },
    { title: 'Slurm could not be asked: what follows is as far as is known', rows: report.clusterProblem === undefined ? [] : [[makeHarmless(report.clusterProblem), '']] },
  ];
}

/** Fewest columns in which a text stands beside its name. */
const LEAST_TEXT_COLUMNS = 24;

/** A name and what is said of it, in full: what does not fit goes on below. */
function printRow(name: ByteString, text: ByteString, column: number, width: number): ByteString {
  const lead = '  ' + name + ' '.repeat(Math.max(0, column - displayWidth(name))) + '  ';
  const line = dropAtEnd(lead + text, ' ');
  if (displayWidth(line) <= width) return line + '\n';
  const wrap = (words: ByteString, indent: number): ByteString[] => (words === '' ? [] : wrapText(words, Math.max(LEAST_TEXT_COLUMNS, width - indent)).map((part) => ' '.repeat(indent) + part));
  const indent = displayWidth(lead);
  const lines = width - indent < LEAST_TEXT_COLUMNS ? wrap(name, 2).concat(wrap(text, 4)) : wrap(text, indent).map((part, i) => (i === 0 ? lead + part.slice(indent) : part));
  return lines.map((one) => one + '\n').join('');
}

function printGroup(group: Group, width: number, isComplete: boolean): ByteString {
  if (group.rows.length === 0) return '';
  const shown = isComplete ? group.rows : group.rows.slice(0, ROWS_SHOWN);
  const column = Math.min(NAME_COLUMNS, shown.reduce((most, [name]) => Math.max(most, displayWidth(name)), 0));
  const lines = shown.map(([name, text]) => printRow(name, text, column, width));
  const more = group.rows.length - shown.length;
  return group.title + '\n' + lines.join('') + (more > 0 ? '  and ' + String(more) + ' more (--all)\n' : '');
}

function count(list: unknown[], words: string): string[] {
  return list.length === 0 ? [] : [String(list.length) + ' ' + words];
}

function plural(number: number, one: string): string {
  return String(number) + ' ' + one + (number === 1 ? '' : 's');
}

/** The counts, in one line or two. */
function printCounts(report: StatusReport): string {
  const results = count(report.stale, 'stale').concat(count(report.missing, 'missing'), count(report.edited, 'changed'));
  const inputs = count(report.changedInputs, 'changed').concat(count(report.goneInputs, 'gone'));
  const rest = count(report.lost, 'lost').concat(count(report.running, 'running'), count(report.unreadable, 'unreadable'));
  const others = count(report.orphans, report.orphans.length === 1 ? 'file that no run made' : 'files that no run made')
    .concat(count(report.uncommitted, report.uncommitted.length === 1 ? 'code file not committed' : 'code files not committed'));
  const line = (head: string, list: string[], fine: string): string => head + ': ' + (list.length === 0 ? fine : list.join(', ')) + '\n';
  return line(plural(report.results, 'result'), results, report.results === 0 ? (report.runs === 0 ? 'none yet' : 'none') : 'all current')
    + line(plural(report.inputs, 'raw input'), inputs, report.inputs === 0 ? 'none' : 'all as read')
    + line(plural(report.runs, 'run'), rest, 'none lost, none running')
    + (report.open.length === 0 ? '' : plural(report.open.length, 'planned step') + ' to be run\n')
    + (others.length === 0 ? '' : others.join(', ') + '\n');
}

/** `rr status` for a person: counts, then what is to be told, group by group. Harmless for a terminal. */
export function printStatus(report: StatusReport, width: number, isComplete: boolean): ByteString {
  return printCounts(report) + listGroups(report).map((group) => printGroup(group, width, isComplete)).join('')
    + listBatchGroups(report.batches).map((group) => (group.rows.length === 0 ? group.title + '\n' : printGroup(group, width, isComplete))).join('');
}

/** A cause as JSON has it: its kind, and what there is of path, run, name and values. */
export function jsonCauseOf(cause: StepCause): unknown {
  const text = (value: ByteString | undefined): ByteString | undefined => (value === undefined ? undefined : encodeWithheld(value));
  const { what, path, by, name, key, was, now } = cause as { what?: ByteString; path?: ByteString; by?: string; name?: ByteString; key?: ByteString; was?: ByteString; now?: ByteString };
  const isCode = cause.kind === 'input' && isSourceName(cause.path);
  const needs = cause.kind === 'needed' ? { step: text(by) } : { run: by };
  return { cause: isCode ? 'code' : cause.kind, what: text(what), path: text(path), ...needs, name: text(name), key: text(key), was: text(was), now: text(now) };
}

/** `rr status --json`. Texts are percent-encoded as in the records. */
export function printStatusJson(report: StatusReport): ByteString {
  const pairs = (list: RawInput[]): unknown[] => list.map((one) => ({ path: encodeText(one.path), run: one.run }));
  const names = (list: StatusRunName[]): unknown[] => list.map((run) => ({ id: run.id, label: run.label === undefined ? undefined : encodeText(run.label) }));
  return printJsonValue({
    fine: isAllFine(report), results: report.results, inputs: report.inputs, runs: report.runs,
    stale: report.stale.map((one) => ({ path: encodeText(one.path), run: one.run, causes: one.causes.map(jsonCauseOf) })),
    missing: pairs(report.missing), changed: report.edited.map((one) => ({ path: encodeText(one.path), run: one.run, overwritten_by: one.overwrittenBy })),
    inputs_changed: pairs(report.changedInputs), inputs_gone: pairs(report.goneInputs), planned: report.open.map((one) => ({ plan: encodeText(one.name), causes: one.causes.map(jsonCauseOf) })), unreadable: report.unreadable.map(encodeText), orphans: report.orphans.map(encodeText),
    uncommitted: report.uncommitted.map((one) => ({ path: encodeText(one.path), state: one.state })), lost: names(report.lost), running: names(report.running),
    batches: report.batches.length === 0 ? undefined : jsonBatches(report.batches), cluster_problem: report.clusterProblem === undefined ? undefined : encodeText(report.clusterProblem),
  }) + '\n';
}
