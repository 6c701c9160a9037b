// signals.ts - names and numbers of signals, and sending them. Waits for nothing.
import { errorCode } from './files.ts';
import { os } from './node.ts';

/** From here on Node.js has no names, and they are for what programs agree on: real-time signals. */
export const FIRST_UNNAMED_SIGNAL = 32;
const LAST_SIGNAL = 64;

/** 15 of SIGTERM, 34 of SIG34; 0 if it is none. */
export function signalNumber(name: string): number {
  const numbers = os().constants.signals as unknown as { [name: string]: number };
  return numbers[name] ?? Number(/^SIG([3-6]\d)$/.exec(name)?.[1] ?? 0);
}

/** SIGTERM of 15; SIG34 of a signal for real time, which systems name differently; undefined if there is none of that number. */
export function signalName(number: number): string | undefined {
  if (number >= FIRST_UNNAMED_SIGNAL && number <= LAST_SIGNAL) return 'SIG' + String(number);
  const numbers = os().constants.signals as unknown as { [name: string]: number };
  return Object.keys(numbers).find((name) => numbers[name] === number);
}

/** Sends a signal to those of these processes that are there, and are the user's. */
export function signalAll(pids: number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (['ESRCH', 'EPERM'].indexOf(errorCode(error)) < 0) throw error;
    }
  }
}
