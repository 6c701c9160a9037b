// filteroptions.ts - what options say of which runs are wanted, checked. Reads no clock.
import type { ByteString } from './bytes.ts';
import { EXIT, Failure } from './failure.ts';
import { readMoment } from './moment.ts';

/** The moment that an option names, to be compared as text; undefined if it is not given. Throws Failure for what is none. */
export function requireMoment(option: string, text: ByteString | undefined, nowMs: number): string | undefined {
  if (text === undefined) return undefined;
  const moment = readMoment(text, nowMs);
  if (moment === undefined) throw new Failure('cannot use ' + option + ' "' + text + '": not a date', 'write 2026-11-22 or 2026-11-22T05:20 (UTC), today, yesterday, 7d, 12h', EXIT.usage);
  return moment;
}
