// traceevents.ts - what a tracer tells, a call at a time. Knows no tracer and not what a call means.
import type { ByteString } from './bytes.ts';

/** One argument of a call, as the tracer prints it. */
export type TraceArgument = {
  /** As printed; of a quoted string, without what is in it: ''. */
  text: ByteString;
  /** Of a quoted string: its bytes. */
  value: ByteString | undefined;
  /** The strings inside an array or a structure. */
  items: ByteString[];
  /** Of a file descriptor or AT_FDCWD followed by <...>: what is in it. */
  path: ByteString | undefined;
  /** Was the path followed by "(deleted)"? */
  isDeleted: boolean;
};

export type TraceCall = {
  kind: 'call';
  pid: number;
  /** When it began: milliseconds of the epoch, with fraction. */
  timeMs: number;
  name: string;
  arguments: TraceArgument[];
  /** What it returned; -1 with `error`. */
  status: number;
  /** Such as ENOENT, '' of a call that succeeded. */
  error: string;
  /** Of a returned file descriptor. */
  path: ByteString | undefined;
  isDeleted: boolean;
};

/**
 * What a tracer told. `exited`: with `status`. `killed`: by `signal`. `superseded`: the thread
 * `byPid` took over the id `pid` by an exec. `unreadable`: a line that cannot be read.
 * Calls without a result (interrupted, to be restarted) make no event.
 */
export type TraceEvent =
  | TraceCall
  | { kind: 'exited'; pid: number; timeMs: number; status: number }
  | { kind: 'killed'; pid: number; timeMs: number; signal: string }
  | { kind: 'superseded'; pid: number; timeMs: number; byPid: number }
  | { kind: 'unreadable'; pid: number; timeMs: number };
