// sweep.ts - what a sweep is about to do, and what came of it. Knows no files and no terminal.
import type { ByteString } from '../core/bytes.ts';
import type { Run } from '../core/run.ts';
import { countThings, groupDigits, joinSome } from '../formats/amounts.ts';
import { encodeWithheld, makeHarmless } from '../formats/percent.ts';
import { quoteWord } from '../formats/shell.ts';
import { printTable } from './table.ts';
import type { Column } from './table.ts';

/** A point that is shown before it is run. `why`: a word or clause. */
export type PlannedPoint = { number: number; why: ByteString; template: Pick<Run, 'parameters' | 'command'> };

/** What would be done: `shown` are the first of those to run; counts undefined where there are too many to look at. */
export type SweepForecast = { label: ByteString; points: number; toRun: number | undefined; recorded: number | undefined; shown: PlannedPoint[]; orphans: { path: ByteString; of: ByteString; isAsLeft: boolean }[] };

function showPointText(text: ByteString): ByteString {
  return makeHarmless(text.indexOf('\0') < 0 ? text : encodeWithheld(text));
}

function printPoints(shown: PlannedPoint[], width: number): ByteString {
  const names = shown[0].template.parameters.map((parameter) => parameter.slice(0, parameter.indexOf(' ')));
  const columns: Column[] = [{ title: 'N', align: 'right', isFlexible: false }, { title: 'WHY', align: 'left', isFlexible: true }];
  for (const name of names) columns.push({ title: showPointText(name), align: 'left', isFlexible: true });
  columns.push({ title: 'COMMAND', align: 'left', isFlexible: true });
  const rows = shown.map(({ number, why, template }) => [String(number), makeHarmless(why)].concat(template.parameters.map((parameter) => showPointText(parameter.slice(parameter.indexOf(' ') + 1))), showPointText(template.command)));
  return printTable(columns, rows, width);
}

/** `rr sweep -n` */
export function printSweepForecast(forecast: SweepForecast, width: number): ByteString {
  const { label, points, toRun, recorded, shown, orphans } = forecast;
  const counts = toRun === undefined ? ': too many to look at each; the first ones' : toRun === 0 ? ', all of them recorded' : ': ' + groupDigits(toRun) + ' to run, ' + groupDigits(recorded as number) + ' recorded';
  let text = makeHarmless(label) + ': ' + (points === Infinity ? 'more points than can be counted' : countThings(points, 'point')) + counts + '\n';
  if (shown.length > 0) text += printPoints(shown, width);
  const more = (toRun ?? points) - shown.length;
  if (shown.length > 0 && more > 0) text += '... and ' + (more === Infinity ? 'more' : groupDigits(more) + ' more') + '\n';
  for (const { path, of, isAsLeft } of orphans) text += (isAsLeft ? 'remove ' : 'keep ') + makeHarmless(path) + ': ' + makeHarmless(of) + ' is gone' + (isAsLeft ? '' : ', but it was changed by hand') + '\n';
  return text;
}

/** How the points came out; of those that failed their numbers. */
export type SweepSum = { label: ByteString; points: number; /** `reused` of them by putting back what an earlier run gave. */ succeeded: number; reused: number; recorded: number; failed: number[]; notRun: number };

const MOST_NUMBERS = 10;

/** The last line of `rr sweep`, without "rr: ". */
export function printSweepSum({ label, points, succeeded, reused, recorded, failed, notRun }: SweepSum): ByteString {
  const parts = [groupDigits(succeeded - reused) + ' run'];
  if (reused > 0) parts.push(groupDigits(reused) + ' reused');
  if (recorded > 0) parts.push(groupDigits(recorded) + ' recorded before');
  if (notRun > 0) parts.push(groupDigits(notRun) + ' not run');
  if (failed.length > 0) parts.push(groupDigits(failed.length) + ' failed: ' + joinSome(failed.map(String), MOST_NUMBERS) + ' (rr list --sweep ' + quoteWord(label) + ' -s failed)');
  return label + ': ' + countThings(points, 'point') + ': ' + parts.join(', ');
}
