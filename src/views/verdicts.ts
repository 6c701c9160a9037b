// verdicts.ts - what came of repeats, for a person and as JSON. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { describeOtherEnd } from '../core/repeat.ts';
import type { Run, Verdict } from '../core/run.ts';
import { encodeText, encodeWithheld, makeHarmless } from '../formats/percent.ts';
import { cutToWidth, wrapText } from './table.ts';

/** One repeat that was made, or why it was not. */
export type RepeatStory =
  | { kind: 'repeated'; original: Run; repeat: Run; isAccepted: boolean; kept: ByteString | undefined }
  | { kind: 'refused'; original: Run; why: string };

const WORDS: Verdict['word'][] = ['identical', 'tolerance', 'different', 'missing', 'extra', 'unchecked'];
const WORD_WIDTH = 11;

/** A log stands for what the command printed. */
function nameOutput(path: ByteString): ByteString {
  return /^provenance\/logs\/[^/]*\.out$/.test(path) ? '(standard output)' : makeHarmless(path);
}

/** The command of a run on one line, cut. */
function nameRun(run: Run, width: number): ByteString {
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
  const changed = repeat.parent === undefined ? '' : printNow(repeat.command, width);
  const otherEnd = describeOtherEnd(original, repeat);
  return head + changed + repeat.verdicts.map((verdict) => printVerdictLines(verdict, width)).join('')
    + (otherEnd === '' ? '' : '  ' + otherEnd + '\n')
    + repeat.warnings.map((warning) => wrapText('warning: ' + makeHarmless(warning), width - 2).map((line) => '  ' + line + '\n').join('')).join('')
    + '  ' + countVerdicts(repeat.verdicts) + (story.isAccepted ? '' : repeat.parent === undefined ? ': not accepted' : '') + '\n'
    + (story.kept === undefined ? '' : '  to look at: ' + makeHarmless(story.kept) + '\n');
}

/** The sum over several repeats. */
export function printStorySum(stories: RepeatStory[]): ByteString {
  if (stories.length < 2) return '';
  const accepted = stories.filter((story) => story.kind === 'repeated' && story.isAccepted).length;
  const refused = stories.filter((story) => story.kind === 'refused').length;
  return '\n' + String(stories.length) + ' runs: ' + String(accepted) + ' accepted, ' + String(stories.length - accepted - refused) + ' not accepted'
    + (refused === 0 ? '' : ', ' + String(refused) + ' not repeated') + '\n';
}

/** What would be done: an action and a reason for each run. */
export type PlannedRepeat = { run: Run; action: 'repeat' | 'cannot'; reason: string; /** If it is another than that of the run. */ command?: ByteString };

function printNow(command: ByteString, width: number): ByteString {
  return cutToWidth('  now        ' + makeHarmless(encodeWithheld(command).replace(/%25/g, '%')), width) + '\n';
}

export function printRepeatPlan(plan: PlannedRepeat[], width: number): ByteString {
  return plan.map(({ run, action, reason, command }) => nameRun(run, width) + '\n' + (command === undefined ? '' : printNow(command, width)) + wrapText(action + ': ' + makeHarmless(reason), width - 2).map((line) => '  ' + line + '\n').join('')).join('');
}

export function printJsonPlan(plan: PlannedRepeat[]): ByteString {
  return printJsonLines(plan.map(({ run, action, reason, command }) => ({ run: run.id, action, reason, command: command === undefined ? undefined : encodeWithheld(command) })));
}

function printJsonLines(values: unknown[]): ByteString {
  return '[' + values.map((value, i) => (i === 0 ? '\n' : ',\n') + JSON.stringify(value)).join('') + '\n]\n';
}

/** Texts are percent-encoded as in records. */
export function printJsonStories(stories: RepeatStory[]): ByteString {
  return printJsonLines(stories.map((story) => {
    if (story.kind === 'refused') return { run: story.original.id, repeat: null, accepted: false, why: story.why, verdicts: [] };
    const { original, repeat, isAccepted, kept } = story;
    return {
      run: original.id, repeat: repeat.id, accepted: isAccepted, command: encodeWithheld(repeat.command), exit: repeat.exit, signal: repeat.signal, original_exit: original.exit, original_signal: original.signal,
      verdicts: repeat.verdicts.map(({ word, path, detail }) => ({ word, path: encodeText(path), detail: encodeText(detail) })),
      warnings: repeat.warnings.map(encodeText), kept: kept === undefined ? undefined : encodeText(kept),
    };
  }));
}
