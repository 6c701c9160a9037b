// signals.ts - names and numbers of signals, sending them, and whether rr was told to outlive its terminal. Waits for nothing.
import type { ByteString } from '../core/bytes.ts';
import { errorCode, passOverForbidden, readAccessMode, readBytesIfThere } from './files.ts';
import { fs, os } from './node.ts';

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

// ---- hangup -----------------------------------------------------------------------------------------------

let isShielded: boolean | undefined;

/** Of /proc/PID/status: does the process ignore SIGHUP? */
function hasHangupIgnored(process1: ByteString): boolean {
  const mask = /^SigIgn:\s*[0-9a-f]*([0-9a-f])$/m.exec(passOverForbidden(() => readBytesIfThere(process1 + '/status')) ?? '');
  return mask !== null && (parseInt(mask[1], 16) & 1) !== 0;
}

/** nohup(1) of GNU puts this in the place of a terminal as standard input: /dev/null, opened for writing alone. */
function hasInputOfNohup(): boolean {
  try {
    return fs.readlinkSync('/proc/self/fd/0') === '/dev/null' && readAccessMode(0) === 1;
  } catch (error) {
    return false;
  }
}

/**
 * Was rr started so that it lives on when its terminal goes (nohup(1), trap '' HUP)? Node.js has set the signal back
 * to its default by now, so it is told by what else there is: "_", in which bash, zsh and ksh name the program they
 * started; what nohup(1) made of a terminal; a parent that ignores the signal, such as the shell of a script under
 * nohup(1), whose commands inherit that; and rr itself where the runtime is another one.
 */
export function isHangupIgnored(): boolean {
  if (isShielded === undefined) isShielded = /(?:^|\/)nohup$/.test(process.env._ ?? '') || hasInputOfNohup() || hasHangupIgnored('/proc/' + String(process.ppid)) || hasHangupIgnored('/proc/self');
  return isShielded;
}

/** Has rr live on when its terminal goes, if it was told to; `isTold`: by another process of rr, which knows. */
export function surviveHangup(isTold: boolean): void {
  isShielded = isTold || isHangupIgnored();
  if (isShielded) process.on('SIGHUP', () => undefined);
}

/** A command that ignores SIGHUP from its start on: Node.js can only start one with the default. */
export function shieldFromHangup(argv: ByteString[]): ByteString[] {
  return ['/bin/sh', '-c', 'trap "" HUP; exec "$@"', 'sh'].concat(argv);
}
