// moment.ts - a moment as a person gives it. Reads no clock.
import type { ByteString } from './bytes.ts';

const UNIT_MS: { [unit: string]: number } = { s: 1000, m: 60000, h: 3600000, d: 86400000, w: 604800000 };
const DAY_MS = 86400000;

/** 2026-11-22T05:20:39.123 */
function printMs(ms: number): string | undefined {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() < 0 ? undefined : date.toISOString().replace('Z', '');
}

function isOnCalendar(text: ByteString): boolean {
  const [, month, day, hour, minute, second] = text.split(/[-T:Z]/).map(Number);
  return (month === undefined || (month >= 1 && month <= 12)) && (!(day >= 0) || (day >= 1 && day <= 31)) && !(hour > 23) && !(minute > 59) && !(second >= 61);
}

/**
 * The beginning of what a person means, as UTC in ISO 8601 to be compared as text: 2026-11,
 * 2026-11-22, 2026-11-22T05:20; 7d, 12h, 90m, 30s, 2w before `nowMs`; today, yesterday (UTC).
 * undefined if it is none of these.
 */
export function readMoment(text: ByteString, nowMs: number): string | undefined {
  if (text === 'today' || text === 'yesterday') return printMs(Math.floor(nowMs / DAY_MS) * DAY_MS - (text === 'today' ? 0 : DAY_MS));
  const back = /^(\d+)([smhdw])$/.exec(text);
  if (back !== null) return printMs(nowMs - Number(back[1]) * UNIT_MS[back[2]]);
  if (!/^\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d(\.\d+)?)?)?)?)?)?Z?$/.test(text) || !isOnCalendar(text)) return undefined;
  return text.replace(/Z$/, '');
}
