// timestamps.ts - finds dates and times in texts and whether they alone differ. Knows no clock.
import type { ByteString } from './bytes.ts';
import type { CauseHints } from './comparison.ts';

const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const LONG_MONTH = '(?:January|February|March|April|May|June|July|August|September|October|November|December)';
const WEEKDAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}';
const YEAR = '(?:19|20)\\d\\d';
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:[.,]\\d{1,9})?)?';
const ZONE = '(?: ?(?:Z|[A-Z]{3,4}|[+-]\\d\\d:?\\d\\d)\\b)?';

/** Spellings of a moment, all with a year or, the last two, without: a number in a line that speaks of time, a time of day. */
const SHAPES: { name: string; pattern: string }[] = [
  { name: 'iso', pattern: YEAR + '-[01]\\d-[0-3]\\d(?:[T _]' + TIME + ZONE + ')?' },
  { name: 'slashes', pattern: YEAR + '/[01]?\\d/[0-3]?\\d(?:[ T]' + TIME + ZONE + ')?' },
  { name: 'day first', pattern: '[0-3]?\\d[./][0-3]?\\d[./]' + YEAR + '(?:,? ' + TIME + ZONE + ')?' },
  { name: 'ctime', pattern: '(?:' + WEEKDAY + ',? )?' + MONTH + ' {1,2}[0-3]?\\d ' + TIME + '(?: [A-Z]{3,4}| [+-]\\d{4})? ' + YEAR },
  { name: 'mail', pattern: '(?:' + WEEKDAY + ',? )?[0-3]?\\d[ -](?:' + LONG_MONTH + '|' + MONTH + ')[ -]' + YEAR + '(?:,? ' + TIME + ZONE + ')?' },
  { name: 'month first', pattern: '(?:' + WEEKDAY + ',? )?(?:' + LONG_MONTH + '|' + MONTH + ') {1,2}[0-3]?\\d,? ' + YEAR + '(?:,? ' + TIME + ZONE + ')?' },
  { name: 'compact', pattern: YEAR + '[01]\\d[0-3]\\d[T_-]?[0-2]\\d[0-5]\\d[0-5]\\d(?:Z|[+-]\\d\\d\'?\\d\\d\'?)?' },
  { name: 'compact day', pattern: YEAR + '[01]\\d[0-3]\\d' },
  { name: 'epoch', pattern: '1\\d{9}(?:\\d{3}(?:\\d{3}){0,2})?(?:\\.\\d+)?' },
  { name: 'time', pattern: TIME },
];

// A stamp is no part of a longer word or number; "_" may stand around it in file names.
/** Finds stamps; group 2 of a match is one. */
export const STAMP_PATTERN = new RegExp('(^|[^A-Za-z0-9.])(' + SHAPES.map(({ pattern }) => '(?:' + pattern + ')').join('|') + ')(?![A-Za-z0-9]|\\.\\d)', 'g');
const WHOLE_SHAPES = SHAPES.map(({ name, pattern }) => ({ name, whole: new RegExp('^(?:' + pattern + ')$') }));

type Stamp = { text: string; shape: string; isNamed: boolean };
type SplitText = { between: string; stamps: Stamp[] };

/**
 * Do the two texts differ in dates and times alone, each the same way spelled in both? Where the spans of the runs are
 * known, what differs must lie in them; a bare number of seconds or a time of day counts only then, or
 * the number where its line calls it a time.
 */
export function haveStampsAsOnlyDifference(first: ByteString, second: ByteString, hints: CauseHints): boolean {
  const [split, other] = [splitAtStamps(first), splitAtStamps(second)];
  if (split.stamps.length === 0 || split.stamps.length !== other.stamps.length || split.between !== other.between) return false;
  return split.stamps.every((stamp, i) => {
    const pair = other.stamps[i];
    if (stamp.text === pair.text) return true;
    return stamp.shape === pair.shape && isPlausible(stamp, hints.firstSpan) && isPlausible(pair, hints.secondSpan);
  });
}

function splitAtStamps(text: ByteString): SplitText {
  const stamps: Stamp[] = [];
  const between = text.replace(STAMP_PATTERN, (_, before: string, stamp: string, at: number) => {
    const found = WHOLE_SHAPES.find(({ whole }) => whole.test(stamp));
    const line = text.slice(Math.max(at - LONGEST_NAMING, 0), at + 1);
    stamps.push({ text: stamp, shape: found === undefined ? '' : found.name, isNamed: NAMES_TIME.test(line.slice(line.lastIndexOf('\n') + 1)) });
    return before + '\0';
  });
  return { between, stamps };
}

const LONGEST_NAMING = 200;
const NAMES_TIME = /time|date|stamp|epoch|created|modified|started|finished|built/i;

const HOUR_MS = 3600000;
// Local time is at most 14 hours away from UTC.
const MOST_ZONE_MS = 15 * HOUR_MS;
const CLOCK_SLACK_MS = 2000;

/** Can the stamp be of this run, or if its span is not known, be a moment at all? */
function isPlausible(stamp: Stamp, span: [number, number] | undefined): boolean {
  const isBare = stamp.shape === 'epoch' || stamp.shape === 'compact day';
  if (span === undefined) return isBare ? stamp.isNamed : stamp.shape !== 'time';
  if (stamp.shape === 'time') return isTimeWithin(stamp.text, span);
  if (stamp.shape === 'epoch') {
    const whole = stamp.text.split('.')[0];
    const timeMs = Number(stamp.text) * 1000 / 10 ** (whole.length - 10);
    return timeMs >= span[0] - CLOCK_SLACK_MS && timeMs <= span[1] + CLOCK_SLACK_MS;
  }
  return listPossibleDays(stamp.text).some((dayMs) => dayMs + 24 * HOUR_MS >= span[0] - MOST_ZONE_MS && dayMs <= span[1] + MOST_ZONE_MS);
}

/** Start of the day, as if UTC; none if there is no such month or day. */
function startOfDay(year: number, month: number, day: number): number[] {
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 ? [Date.UTC(year, month - 1, day)] : [];
}

/** Starts of the days, as if UTC, that the date may mean: 03/04/2026 is two, 17/04/2026 one. */
function listPossibleDays(text: ByteString): number[] {
  const yearFirst = /^(\d{4})[-/]?(\d\d?)[-/]?(\d\d?)/.exec(text);
  if (yearFirst !== null) return startOfDay(Number(yearFirst[1]), Number(yearFirst[2]), Number(yearFirst[3]));
  const numeric = /^(\d\d?)[./](\d\d?)[./](\d{4})/.exec(text);
  if (numeric !== null) {
    const [day, month, year] = numeric.slice(1).map(Number);
    return startOfDay(year, month, day).concat(startOfDay(year, day, month));
  }
  const named = /(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/.exec(text);
  const year = /\b(?:19|20)\d\d\b(?!:)/.exec(text);
  const day = /\b\d\d?\b(?!:)/.exec(text.replace(/\d\d:\d\d(?::\d\d)?/, ' '));
  if (named === null || year === null || day === null) return [];
  return [Date.UTC(Number(year[0]), MONTH.slice(3, -1).split('|').indexOf(named[0]), Number(day[0]))];
}

/** Zones differ by quarters of hours, so in a short run the time of day tells at least the minute in a quarter. */
function isTimeWithin(text: ByteString, span: [number, number]): boolean {
  const quarterMs = HOUR_MS / 4;
  const [hours, minutes, seconds] = text.replace(',', '.').split(':').map(Number);
  const timeMs = (hours * 60 + minutes) * 60000 + (seconds ?? 0) * 1000;
  const precisionMs = seconds === undefined ? 60000 : 1000;
  const start = span[0] - CLOCK_SLACK_MS;
  const behindStart = (((timeMs + precisionMs - start) % quarterMs) + quarterMs) % quarterMs;
  return behindStart <= span[1] - span[0] + 2 * CLOCK_SLACK_MS + precisionMs;
}
