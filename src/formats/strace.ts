// strace.ts - the lines of strace, as they stream in, to events. Knows no files, no processes and not what a call means.
import { detachString } from '../core/bytes.ts';
import type { ByteString } from '../core/bytes.ts';
import type { TraceArgument, TraceCall, TraceEvent } from '../core/traceevents.ts';

/**
 * For strace's `-e trace=`: calls that open, name, rename and remove files or make processes. Not
 * stat, read, write and close, of which there are too many. `?`: unknown to a machine is no error.
 */
export const TRACED_CALLS = ('open openat openat2 creat execve execveat fork vfork clone clone3 chdir fchdir rename renameat renameat2 '
  + 'link linkat symlink symlinkat unlink unlinkat rmdir mkdir mkdirat mknod mknodat truncate ftruncate chmod fchmod fchmodat fchmodat2 '
  + 'readlink readlinkat ptrace chroot pivot_root unshare utime utimes futimesat utimensat bind').split(' ').map((name) => '?' + name).join(',');

// A longer line is no call of a sane program: strace itself prints up to 128 KiB of a string.
const LONGEST_LINE = 1 << 23;
const UNFINISHED = ' <unfinished ...>';
const PID_CHANGED = ' <pid changed to ';
// The execve that changed the process id has succeeded, whatever strace 6.1 prints as its result.
const TAKEN_OVER = '\0';
const NO_ITEMS: ByteString[] = [];

/** strace calls the signals from 32 on SIGRTMIN, SIGRT_1 ...; their numbers are what is the same everywhere. */
function nameSignal(name: string): string {
  const number = /^SIGRT(?:MIN|_(\d{1,2}))$/.exec(name);
  return number === null ? detachString(name) : 'SIG' + String(32 + Number(number[1] ?? 0));
}

/**
 * Reads what `strace -f -q -y -ttt -o FILE` writes, in pieces of any size; each line that tells
 * something goes to `onEvent`. Keeps at most a line, and of each thread the call it is in.
 * Takes any bytes.
 */
export class StraceReader {
  private readonly onEvent: (event: TraceEvent) => void;
  // The beginning of a line, in the pieces in which it came.
  private rest: ByteString[] = [];
  private restBytes = 0;
  private isSkipping = false;
  /** By thread: the beginning of the line of a call that has not returned, its time before it. */
  private readonly unfinished = new Map<number, { timeMs: number; text: ByteString }>();
  private second = '';
  private secondMs = 0;

  constructor(onEvent: (event: TraceEvent) => void) {
    this.onEvent = onEvent;
  }

  feed(chunk: ByteString): void {
    let end = chunk.indexOf('\n');
    if (end < 0) {
      this.keep(chunk);
      return;
    }
    let start = 0;
    if (this.isSkipping || this.restBytes > 0) {
      this.keep(chunk.slice(0, end));
      this.finishRest();
      start = end + 1;
      end = chunk.indexOf('\n', start);
    }
    while (end >= 0) {
      this.readLine(chunk, start, end);
      start = end + 1;
      end = chunk.indexOf('\n', start);
    }
    if (start < chunk.length) this.keep(chunk.slice(start));
  }

  /** No more comes: what is left without a line feed was cut off. */
  end(): void {
    if (this.isSkipping || this.restBytes > 0) this.finishRest();
  }

  private keep(text: ByteString): void {
    if (this.isSkipping) return;
    this.rest.push(detachString(text));
    this.restBytes += text.length;
    if (this.restBytes <= LONGEST_LINE) return;
    this.dropRest();
    this.isSkipping = true;
  }

  private dropRest(): void {
    this.rest = [];
    this.restBytes = 0;
  }

  private finishRest(): void {
    const line = this.rest.join('');
    this.dropRest();
    if (this.isSkipping) this.onEvent({ kind: 'unreadable', pid: 0, timeMs: 0 });
    else this.readLine(line, 0, line.length);
    this.isSkipping = false;
  }

  private readLine(text: ByteString, start: number, end: number): void {
    let at = start;
    let pid = 0;
    let code = text.charCodeAt(at);
    while (code >= 48 && code <= 57 && at < end) {
      pid = pid * 10 + code - 48;
      code = text.charCodeAt(++at);
    }
    while (code === 32) code = text.charCodeAt(++at);
    // No further than the line goes: it is one of many of a chunk.
    let space = at;
    while (space < end && text.charCodeAt(space) !== 32) space += 1;
    const timeMs = space > at && space < end ? this.readTime(text, at, space) : NaN;
    if (pid === 0 || !(timeMs >= 0) || !(pid < 1e9)) {
      // strace -q still prints "[ Process PID=1 runs in 32 bit mode. ]" without a time.
      if (end > start && !text.startsWith('[ ', at)) this.onEvent({ kind: 'unreadable', pid: 0, timeMs: 0 });
      return;
    }
    at = space + 1;
    code = text.charCodeAt(at);
    if (code === 43) this.readEnd(pid, timeMs, text.slice(at, end));
    else if (code === 60) this.readResumed(pid, timeMs, text.slice(at, end));
    else if (code !== 45 && code !== 91) this.readCall(pid, timeMs, text, at, end);
  }

  /** `1795520003.799471` as milliseconds, NaN if it is none. */
  private readTime(text: ByteString, start: number, end: number): number {
    let point = start;
    while (point < end && point - start <= 12 && text.charCodeAt(point) !== 46) point += 1;
    if (point > end - 2 || point - start > 12) return NaN;
    if (this.second.length !== point - start || !text.startsWith(this.second, start)) {
      this.second = detachString(text.slice(start, point));
      this.secondMs = Number(this.second) * 1000;
    }
    let fraction = 0;
    let scale = 1000;
    for (let at = point + 1; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code < 48 || code > 57) return NaN;
      fraction = fraction * 10 + code - 48;
      scale /= 10;
    }
    return this.secondMs + fraction * scale;
  }

  /** `+++ exited with 0 +++` and its like. */
  private readEnd(pid: number, timeMs: number, line: ByteString): void {
    let match = /^\+\+\+ exited with (\d+) \+\+\+$/.exec(line);
    if (match !== null) {
      this.unfinished.delete(pid);
      this.onEvent({ kind: 'exited', pid, timeMs, status: Number(match[1]) });
      return;
    }
    match = /^\+\+\+ killed by (\S{1,30})(?: \(core dumped\))? \+\+\+$/.exec(line);
    if (match !== null) {
      this.unfinished.delete(pid);
      this.onEvent({ kind: 'killed', pid, timeMs, signal: nameSignal(match[1]) });
      return;
    }
    match = /^\+\+\+ superseded by execve in pid (\d{1,9}) \+\+\+$/.exec(line);
    if (match !== null) this.onEvent({ kind: 'superseded', pid, timeMs, byPid: Number(match[1]) });
    else this.onEvent({ kind: 'unreadable', pid, timeMs });
  }

  /** `<... openat resumed>) = 3</a>`: the second half of a call. */
  private readResumed(pid: number, timeMs: number, line: ByteString): void {
    const first = this.unfinished.get(pid);
    const at = line.indexOf(' resumed>');
    const name = line.slice(5, at);
    if (at < 0) {
      this.onEvent({ kind: 'unreadable', pid, timeMs });
    } else if (first !== undefined) {
      this.unfinished.delete(pid);
      if (!first.text.startsWith(name + '(')) return;
      const isTakenOver = first.text.endsWith(TAKEN_OVER);
      const whole = isTakenOver ? first.text.slice(0, -1) + ') = 0' : first.text + line.slice(at + 9);
      this.readCall(pid, first.timeMs, whole, 0, whole.length);
    }
  }

  private readCall(pid: number, timeMs: number, text: ByteString, start: number, end: number): void {
    if (text.charCodeAt(end - 1) === 62 && text.charCodeAt(end - 2) === 46) {
      if (text.startsWith(UNFINISHED, end - UNFINISHED.length)) {
        const isKept = /^[a-z]/.test(text[start]) && end - start < LONGEST_LINE;
        if (isKept) this.unfinished.set(pid, { timeMs, text: detachString(text.slice(start, end - UNFINISHED.length)) });
        return;
      }
      const changed = start + text.slice(start, end).lastIndexOf(PID_CHANGED);
      const match = changed < start ? null : / <pid changed to (\d{1,9}) \.\.\.>$/.exec(text.slice(changed, end));
      if (match !== null) {
        this.unfinished.set(Number(match[1]), { timeMs, text: text.slice(start, changed) + TAKEN_OVER });
        return;
      }
      if (text.startsWith(' <detached ...>', end - 15)) return;
    }
    const open = start + text.slice(start, Math.min(end, start + 41)).indexOf('(');
    if (open < start) {
      this.onEvent({ kind: 'unreadable', pid, timeMs });
      return;
    }
    // A call that was never traced to its end: "???", "syscall_0x1c5", "restart_syscall".
    if (text.charCodeAt(start) === 63) return;
    const call: TraceCall = { kind: 'call', pid, timeMs, name: text.slice(start, open), arguments: [], status: 0, error: '', path: undefined, isDeleted: false };
    const close = scanArguments(text, open + 1, end, call.arguments);
    const outcome = close < 0 ? 'unreadable' : readResult(text, close + 1, end, call);
    if (outcome === 'known') this.onEvent(call);
    else if (outcome === 'unreadable') this.onEvent({ kind: 'unreadable', pid, timeMs });
  }
}

/** Appends the arguments that start at `at`; the place of the closing parenthesis, -1 without one. */
function scanArguments(text: ByteString, at: number, end: number, into: TraceArgument[]): number {
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code === 41) return at;
    if (code === 32 || code === 44) {
      at++;
    } else if (code === 34) {
      const close = findClosing(text, at + 1, end, 34);
      if (close < 0) return -1;
      into.push({ text: '', value: decodeStraceText(text, at + 1, close), items: NO_ITEMS, path: undefined, isDeleted: false });
      // After a string that was cut: "...", which is passed over.
      at = close + 1;
      while (at < end && text.charCodeAt(at) !== 44 && text.charCodeAt(at) !== 41) at++;
    } else {
      at = scanPlain(text, at, end, into);
      if (at < 0) return -1;
    }
  }
  return -1;
}

/** One argument that is no string: a number, flags, a structure, a descriptor with its path. Where it ends. */
function scanPlain(text: ByteString, start: number, end: number, into: TraceArgument[]): number {
  let depth = 0;
  let path: ByteString | undefined;
  let isDeleted = false;
  let hasStrings = false;
  let textEnd = -1;
  let at = start;
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === 44 || code === 41) {
      if (depth === 0) break;
      if (code === 41) depth--;
    } else if (code === 34) {
      hasStrings = true;
      at = findClosing(text, at + 1, end, 34);
      if (at < 0) return -1;
    } else if (code === 60 && depth === 0 && path === undefined && text.charCodeAt(at + 1) !== 60) {
      const close = findClosing(text, at + 1, end, 62);
      if (close < 0) return -1;
      path = decodeStraceText(text, at + 1, close);
      textEnd = at;
      at = close;
      if (text.startsWith('(deleted)', at + 1)) {
        isDeleted = true;
        at += 9;
      }
    } else if (code === 40 || code === 91 || code === 123) {
      depth++;
    } else if ((code === 93 || code === 125) && depth > 0) {
      depth--;
    }
  }
  if (at >= end) return -1;
  const own = text.slice(start, textEnd < 0 ? at : textEnd);
  into.push({ text: own, value: undefined, items: hasStrings ? parseStrings(own) : NO_ITEMS, path, isDeleted });
  return at;
}

/** ` = 3</a>`, ` = -1 ENOENT (No such file or directory)`, ` = ?`; puts it into the call. */
function readResult(text: ByteString, at: number, end: number, call: TraceCall): 'known' | 'none' | 'unreadable' {
  while (at < end && text.charCodeAt(at) === 32) at++;
  if (at + 2 >= end || text.charCodeAt(at) !== 61 || text.charCodeAt(at + 1) !== 32) return 'unreadable';
  at += 2;
  const first = text.charCodeAt(at);
  if (first === 63) return 'none';
  if (first === 45) {
    const space = text.indexOf(' ', at);
    if (space < 0 || space >= end) return 'unreadable';
    let stop = text.indexOf(' ', space + 1);
    if (stop < 0 || stop > end) stop = end;
    call.status = -1;
    call.error = text.slice(space + 1, stop);
    return 'known';
  }
  let status = 0;
  let code = first;
  if (!(code >= 48 && code <= 57)) return 'unreadable';
  while (at < end && code >= 48 && code <= 57) {
    status = status * 10 + code - 48;
    code = text.charCodeAt(++at);
  }
  call.status = status;
  if (at < end && code === 60) {
    const close = findClosing(text, at + 1, end, 62);
    if (close < 0) return 'unreadable';
    call.path = decodeStraceText(text, at + 1, close);
    call.isDeleted = text.startsWith('(deleted)', close + 1);
  }
  return 'known';
}

/** The next `wanted` without a backslash before it; -1 if there is none before `end`. */
function findClosing(text: ByteString, at: number, end: number, wanted: number): number {
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === wanted) return at;
    if (code === 92) at++;
  }
  return -1;
}

const LETTER_ESCAPES: { [letter: string]: string } = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' };

/** The bytes that strace printed with C's escapes between two places. */
function decodeStraceText(text: ByteString, start: number, end: number): ByteString {
  const printed = text.slice(start, end);
  if (printed.indexOf('\\') < 0) return printed;
  return printed.replace(/\\(?:([0-7]{1,3})|x([0-9a-f]{2})|([^]))/g, (_, octal: string | undefined, hex: string | undefined, other: string) => {
    if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8) & 255);
    if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
    return LETTER_ESCAPES[other] === undefined ? other : LETTER_ESCAPES[other];
  });
}

/** The strings in an array or a structure, `["a", "b"...]`. */
function parseStrings(text: ByteString): ByteString[] {
  const found: ByteString[] = [];
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at)) {
    const close = findClosing(text, at + 1, text.length, 34);
    if (close < 0) break;
    found.push(detachString(decodeStraceText(text, at + 1, close)));
    at = close + 1;
  }
  return found;
}
