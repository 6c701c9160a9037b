// verdicts.ts - what came of repeats, for a person and as JSON. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { fileParametersOf, nameFileParameter } from '../core/parameters.ts';
import type { GraphRun } from '../core/graph.ts';
import type { ParameterSetting } from '../core/parameters.ts';
import { describeOtherEnd } from '../core/repeat.ts';
import type { Run, Verdict } from '../core/run.ts';
import { encodeText, encodeWithheld, makeHarmless } from '../formats/percent.ts';
import { cutToWidth, wrapText } from './table.ts';

/** One repeat that was made, or why it was not. */
export type RepeatStory =
  | { kind: 'repeated'; original: Run; repeat: Run; isAccepted: boolean; kept: ByteString | undefined }
  | { kind: 'refused'; original: TitledRun; why: string };

/** What names a run to a person. */
export type TitledRun = Pick<Run, 'id' | 'label' | 'command'>;

const WORDS: Verdict['word'][] = ['identical', 'tolerance', 'different', 'missing', 'extra', 'unchecked'];
const WORD_WIDTH = 11;

/** A log stands for what the command printed. */
function nameOutput(path: ByteString): ByteString {
  return /^provenance\/logs\/[^/]*\.out$/.test(path) ? '(standard output)' : makeHarmless(path);
}

/** The command of a run on one line, cut. */
function nameRun(run: TitledRun, width: number): ByteString {
  const label = run.label === undefined ? '' : ' ' + makeHarmless(run.label);
  return cutToWidth(run.id + label + ': ' + makeHarmless(encodeWithheld(run.command).replace(/%0A/g, ' ').replace(/%25/g, '%')), width);
}

function printVerdictLines(verdict: Verdict, width: number): ByteString {
  const head = '  ' + verdict.word.padEnd(WORD_WIDTH) + cutToWidth(nameOutput(verdict.path), Math.max(10, width - WORD_WIDTH - 2)) + '\n';
  if (verdict.detail === '') return head;
  const indent = ' '.repeat(WORD_WIDTH + 2);
  return head + wrapText(makeHarmless(verdict.detail), Math.max(20, width - indent.length)).map((line) => indent + line + '\n').join('');
}

/** "3 outputs: 2 identical, 1 different" */
function countVerdicts(verdicts: Verdict[]): string {
  const files = verdicts.filter((verdict) => !verdict.path.startsWith('provenance/logs/'));
  const counted = files.length > 0 ? files : verdicts;
  const counts = WORDS.map((word) => ({ word, count: counted.filter((verdict) => verdict.word === word).length })).filter(({ count }) => count > 0);
  if (counts.length === 0) return 'no outputs to compare';
  return String(counted.length) + (counted.length === 1 ? ' output: ' : ' outputs: ') + counts.map(({ word, count }) => String(count) + ' ' + (word === 'tolerance' ? 'within tolerance' : word)).join(', ');
}

/** One repeat: the run, a line for each output with what there is to say, and the sum. */
export function printRepeatStory(story: RepeatStory, width: number): ByteString {
  const head = nameRun(story.original, width) + '\n';
  if (story.kind === 'refused') return head + wrapText('not repeated: ' + makeHarmless(story.why), width - 2).map((line) => '  ' + line + '\n').join('');
  const { original, repeat } = story;
  const changed = repeat.parent === undefined ? '' : printNow(original, repeat.command, listSetInFiles(original, repeat), width);
  const otherEnd = describeOtherEnd(original, repeat);
  return head + changed + repeat.verdicts.map((verdict) => printVerdictLines(verdict, width)).join('')
    + (otherEnd === '' ? '' : '  ' + otherEnd + '\n')
    + repeat.warnings.map((warning) => wrapText('warning: ' + makeHarmless(warning), width - 2).map((line) => '  ' + line + '\n').join('')).join('')
    + '  ' + countVerdicts(repeat.verdicts) + (story.isAccepted ? '' : repeat.parent === undefined ? ': not accepted' : '') + '\n'
    + (story.kept === undefined ? '' : '  to look at: ' + makeHarmless(story.kept) + '\n');
}

/** How many repeats there were, and how they came out. */
export type StoryCounts = { all: number; accepted: number; refused: number };

/** The sum over several repeats. */
export function printStorySum({ all, accepted, refused }: StoryCounts): ByteString {
  if (all < 2) return '';
  return '\n' + String(all) + ' runs: ' + String(accepted) + ' accepted, ' + String(all - accepted - refused) + ' not accepted'
    + (refused === 0 ? '' : ', ' + String(refused) + ' not repeated') + '\n';
}

/** What would be done: an action and a reason for each run. */
export type PlannedRepeat = { run: GraphRun; action: 'repeat' | 'cannot'; reason: string; /** If it is another than that of the run. */ command?: ByteString; /** Values that are put into its files. */ inFiles?: ParameterSetting[] };

/** What is other than it was in the run: the command, unless it is the same, and values in files. */
function printNow(run: TitledRun, command: ByteString, inFiles: ByteString[], width: number): ByteString {
  const told = (inFiles.length > 0 && command === run.command ? [] : [command]).concat(inFiles);
  return told.map((text, i) => cutToWidth((i === 0 ? '  now        ' : '             ') + makeHarmless(encodeWithheld(text).replace(/%25/g, '%')), width) + '\n').join('');
}

/** Values in files that the one has otherwise than the other: NAME=VALUE. */
function listSetInFiles(original: Run, repeat: Run): ByteString[] {
  const known = new Set(original.parameters);
  return fileParametersOf(repeat).filter(({ name, value }) => !known.has(name + ' ' + value)).map(({ name, value }) => name + '=' + value);
}

/** For a person, a run at a time. */
export function* printRepeatPlan(plan: Iterable<PlannedRepeat>, width: number): Generator<ByteString> {
  for (const { run, action, reason, command, inFiles } of plan) {
    const now = command === undefined ? '' : printNow(run, command, (inFiles ?? []).map((one) => nameFileParameter(one) + '=' + one.value), width);
    yield nameRun(run, width) + '\n' + now + wrapText(action + ': ' + makeHarmless(reason), width - 2).map((line) => '  ' + line + '\n').join('');
  }
}

function jsonPlannedOf({ run, action, reason, command, inFiles }: PlannedRepeat): unknown {
  return {
    run: run.id, action, reason, command: command === undefined ? undefined : encodeWithheld(command),
    set: inFiles === undefined || inFiles.length === 0 ? undefined : inFiles.map(({ path, key, value }) => ({ path: encodeText(path), key: encodeText(key), value: encodeText(value) })),
  };
}

/** An array, a run a line. */
export function* printJsonPlan(plan: Iterable<PlannedRepeat>): Generator<ByteString> {
  let before = '[\n';
  for (const one of plan) {
    yield before + JSON.stringify(jsonPlannedOf(one));
    before = ',\n';
  }
  yield before === ',\n' ? '\n]\n' : '[\n]\n';
}

/** Texts are percent-encoded as in records. */
export function printJsonStory(story: RepeatStory): ByteString {
  if (story.kind === 'refused') return JSON.stringify({ run: story.original.id, repeat: null, accepted: false, why: story.why, verdicts: [] });
  const { original, repeat, isAccepted, kept } = story;
  return JSON.stringify({
    run: original.id, repeat: repeat.id, accepted: isAccepted, command: encodeWithheld(repeat.command), exit: repeat.exit, signal: repeat.signal, original_exit: original.exit, original_signal: original.signal,
    verdicts: repeat.verdicts.map(({ word, path, detail }) => ({ word, path: encodeText(path), detail: encodeText(detail) })),
    warnings: repeat.warnings.map(encodeText), kept: kept === undefined ? undefined : encodeText(kept),
  });
}

/** `printed`: what printJsonStory() gave of each. */
export function printJsonStories(printed: ByteString[]): ByteString {
  return '[' + printed.map((story, i) => (i === 0 ? '\n' : ',\n') + story).join('') + '\n]\n';
}
