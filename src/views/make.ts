// make.ts - what rr make would do, and what it did, as text and as JSON. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { describeCauses } from '../core/stepcauses.ts';
import type { StepCause } from '../core/stepcauses.ts';
import { joinWords } from '../core/words.ts';
import { encodeText, makeHarmless } from '../formats/percent.ts';
import { printJsonValue } from './json.ts';
import { jsonCauseOf } from './status.ts';

/** What becomes, or became, of a step. `on`, `by`: names of steps. `why`: a part of a sentence. */
export type MadeStep = {
  name: ByteString;
  /** Id of the run that stands for it; undefined: it was never run. */
  run: string | undefined;
} & (
  | { state: 'up to date'; why: ByteString }
  | { state: 'to do' | 'done' | 'failed'; causes: StepCause[] }
  | { state: 'perhaps'; on: ByteString[] }
  | { state: 'cannot be made'; why: ByteString }
  | { state: 'not run'; why: ByteString }
);

const MOST_STEPS_NAMED = 3;

function describeMade(step: MadeStep): ByteString {
  switch (step.state) {
    case 'up to date': return 'up to date: ' + step.why;
    case 'perhaps': return 'perhaps, if it comes out otherwise: ' + step.on.slice(0, MOST_STEPS_NAMED).join(', ') + (step.on.length > MOST_STEPS_NAMED ? ' and ' + String(step.on.length - MOST_STEPS_NAMED) + ' more' : '');
    case 'cannot be made': return 'cannot be made: ' + step.why;
    case 'not run': return 'not run: ' + step.why;
    default: return describeCauses(step.causes);
  }
}

/** One line, without its end. */
export function printMadeStep(step: MadeStep): ByteString {
  return makeHarmless(step.name + ': ' + describeMade(step));
}

const SUM_ORDER: MadeStep['state'][] = ['done', 'to do', 'perhaps', 'up to date', 'failed', 'cannot be made', 'not run'];

/** How many of each, in one line: "3 done, 2 up to date, 1 failed". */
export function printMakeSum(states: MadeStep['state'][]): ByteString {
  const counts = new Map<MadeStep['state'], number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  const parts = SUM_ORDER.filter((state) => counts.has(state)).map((state) => String(counts.get(state)) + ' ' + state);
  return parts.length === 0 ? 'nothing to do' : parts.join(', ');
}

/** All is as it should be: the line that says so. */
export function printAllCurrent(count: number): string {
  return count === 1 ? 'the one step is up to date' : 'all ' + String(count) + ' steps are up to date';
}

/** `rr make --json`. Texts are percent-encoded as in the records. */
export function printMakeJson(steps: MadeStep[]): ByteString {
  return printJsonValue({
    fine: steps.every((step) => step.state === 'done' || step.state === 'up to date'),
    steps: steps.map((step) => ({
      name: encodeText(step.name), run: step.run, state: step.state, causes: 'causes' in step ? step.causes.map(jsonCauseOf) : undefined,
      on: 'on' in step ? step.on.map(encodeText) : undefined, why: 'why' in step ? encodeText(step.why) : undefined,
    })),
  }) + '\n';
}

/** Why a step is not run: those before it that are to blame, by their names. */
export function describeBlame(names: ByteString[], what: 'failed' | 'cannot be made'): ByteString {
  return joinWords(names.slice(0, MOST_STEPS_NAMED), 'and') + (names.length > MOST_STEPS_NAMED ? ' and ' + String(names.length - MOST_STEPS_NAMED) + ' more' : '') + ' ' + what;
}
