// progress.ts - what a person is told while steps are carried out. Knows no terminal and no clock.
import type { ByteString } from '../core/bytes.ts';
import type { Run } from '../core/run.ts';
import { makeHarmless } from '../formats/percent.ts';
import { cutToWidth, displayWidth } from './table.ts';

export type ProgressState = {
  /** Settled, of all that are not skipped; failures among them. */
  done: number;
  failed: number;
  total: number;
  /** In the order in which they began. */
  running: { name: ByteString; elapsedS: number }[];
  /** Undefined: it cannot be told. */
  leftS: number | undefined;
};

/** 5 -> "5 s", 75 -> "1 m 15 s", 3700 -> "1 h 02 m": whole seconds, which do not flicker. */
export function formatWholeSeconds(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return String(whole) + ' s';
  if (whole < 3600) return String(Math.floor(whole / 60)) + ' m ' + String(whole % 60).padStart(2, '0') + ' s';
  return String(Math.floor(whole / 3600)) + ' h ' + String(Math.floor((whole % 3600) / 60)).padStart(2, '0') + ' m';
}

/** How far one run is: `fraction` 0..1; `at` of `of` where it counts; `leftS` undefined if it cannot be told. */
export type OneRunProgress = { fraction: number; at: number | undefined; of: number | undefined; elapsedS: number; leftS: number | undefined };

/** "rr: 45 %, 91/200, 8.2 a second, about 13 s left", at most `columns` wide: what there is no room for at the end is left out. */
export function printRunProgress(state: OneRunProgress, columns: number): ByteString {
  const parts = [String(Math.floor(state.fraction * 100)) + ' %'];
  if (state.at !== undefined && state.of !== undefined) parts.push(String(state.at) + '/' + String(state.of));
  if (state.leftS !== undefined) {
    const rate = state.of === undefined ? 0 : state.of * (1 - state.fraction) / state.leftS;
    if (state.at !== undefined && rate > 0 && Number.isFinite(rate)) parts.push(rate >= 0.1 ? rate.toFixed(rate < 10 ? 1 : 0) + ' a second' : 'one in ' + formatWholeSeconds(1 / rate));
    parts.push('about ' + formatWholeSeconds(state.leftS) + ' left');
  }
  while (parts.length > 1 && displayWidth('rr: ' + parts.join(', ')) > columns) parts.splice(1, 1);
  return cutToWidth('rr: ' + parts.join(', '), Math.max(1, columns));
}

const LONGEST_SHOWN_NAME = 24;

/** One line, at most `columns` wide: counts first, then what runs, as many as there is room for, then the time left. */
export function printProgress(state: ProgressState, columns: number): ByteString {
  let line = 'rr: ' + String(state.done) + '/' + String(state.total) + (state.failed === 0 ? '' : ', ' + String(state.failed) + ' failed');
  const left = state.leftS === undefined ? '' : '; about ' + formatWholeSeconds(state.leftS) + ' left';
  const names = state.running.map(({ name, elapsedS }) => cutToWidth(makeHarmless(name), LONGEST_SHOWN_NAME) + ' ' + formatWholeSeconds(elapsedS));
  let shown = 0;
  while (shown < names.length) {
    const more = (shown === 0 ? ': ' : ', ') + names[shown];
    const after = names.length - shown - 1;
    const rest = after === 0 ? '' : ', +' + String(after);
    if (displayWidth(line + more + rest + left) > columns) break;
    line += more;
    shown += 1;
  }
  if (shown < names.length) line += (shown === 0 ? ': ' : ', +') + String(names.length - shown) + (shown === 0 ? ' running' : '');
  return cutToWidth(displayWidth(line + left) <= columns ? line + left : line, Math.max(1, columns));
}

/** "fit: data.csv changed": what is said when a step begins. */
export function printStepStart(name: ByteString, because: ByteString | undefined, tries: number): ByteString {
  return name + (because === undefined || because === '' ? '' : ': ' + because) + (tries === 0 ? '' : ' (once more, after ' + (tries === 1 ? 'a failure' : String(tries) + ' failures') + ')');
}

/** In what way a run did not succeed: "exit 2". */
export function describeFailedRun(run: Run): ByteString {
  if (run.exit === 0 && run.status !== 'interrupted' && run.missingOutputs.length > 0) {
    return 'declared output "' + run.missingOutputs[0] + '" did not appear' + (run.missingOutputs.length > 1 ? ' (and ' + String(run.missingOutputs.length - 1) + ' more)' : '');
  }
  if (run.status === 'lost') return 'rr was killed while it ran';
  const notStarted = run.warnings.find((warning) => warning.startsWith('the command was not started'));
  if (notStarted !== undefined) return notStarted;
  if (run.status === 'interrupted' && run.timeoutS !== undefined && (run.wallS ?? 0) >= run.timeoutS) return 'stopped after ' + String(run.timeoutS) + ' s';
  if (run.signal !== undefined) return (run.status === 'interrupted' ? 'interrupted by ' : 'killed by ') + run.signal;
  return (run.status === 'interrupted' ? 'interrupted, ' : '') + 'exit ' + String(run.exit ?? '-');
}

/** What is said of a step that did not succeed. */
export function printStepFailure(name: ByteString, run: Run): ByteString {
  return name + ' failed: ' + describeFailedRun(run) + (run.aside === undefined ? '' : '; what it wrote is in ' + run.aside);
}
