// run.ts - what a run is. Knows no files, clocks or processes, and not how a record is spelled.
import type { ByteString } from './bytes.ts';

/** Regular, regular and executable by its owner, symbolic link, directory, FIFO, socket, devices. */
export type FileKind = '' | 'x' | 'l' | 'd' | 'p' | 's' | 'c' | 'b';

/** One file as it was at one moment (docs/record-format.txt, 5). */
export type FileState = {
  /** SHA-256 of the content in 64 lower-case hex digits, '-' if the kind has none, '?' if unknown. */
  hash: string;
  /** Bytes; of a link, bytes of the target's text. */
  size: number;
  kind: FileKind;
  /** Relative to the project, without './'; absolute if outside of it. */
  path: ByteString;
};

export type RunStatus = 'running' | 'succeeded' | 'failed' | 'interrupted' | 'lost';

/** One execution of a command (docs/rr.1, RECORDS). Absent facts are undefined, never guessed. */
export type Run = {
  id: string;
  label?: ByteString;
  reason?: ByteString;
  tags: ByteString[];
  /** POSIX shell source that gives the command its exact argument bytes. */
  command: ByteString;
  /** Relative to the project; '.' is the project. */
  directory: ByteString;
  /** '0 < PATH', '1 > PATH', '1 >> PATH', '2 >& 1' */
  redirects: ByteString[];
  /** 'NAME VALUE' */
  parameters: ByteString[];
  /** UTC, ISO 8601 with microseconds. */
  startedUtc: string;
  wallS?: number;
  userS?: number;
  systemS?: number;
  peakMemoryBytes?: number;
  /** 0..255 as a shell gives it. */
  exit?: number;
  signal?: string;
  timeoutS?: number;
  status: RunStatus;
  code?: ByteString;
  codeBranch?: ByteString;
  codeRemote?: ByteString;
  codeSubmodules: ByteString[];
  environment?: string;
  /** 'NAME=VALUE' */
  variables: ByteString[];
  /** 'NAME HMAC' */
  variableHashes: ByteString[];
  observed: string;
  declaredInputs: ByteString[];
  declaredOutputs: ByteString[];
  missingOutputs: ByteString[];
  inputs: FileState[];
  outputs: FileState[];
  uncertain: FileState[];
  removed: ByteString[];
  logs: FileState[];
  warnings: ByteString[];
  /** Version of rr. */
  rr: string;
  /** Fields this version does not know, in the order met. */
  unknown: { name: string; value: ByteString }[];
};

/** A run with no facts but its identity; what is found out is filled in. */
export function emptyRun(id: string, command: ByteString, startedUtc: string, rr: string): Run {
  return {
    id, tags: [], command, directory: '.', redirects: [], parameters: [], startedUtc, status: 'running',
    codeSubmodules: [], variables: [], variableHashes: [], observed: 'none', declaredInputs: [],
    declaredOutputs: [], missingOutputs: [], inputs: [], outputs: [], uncertain: [], removed: [], logs: [],
    warnings: [], rr, unknown: [],
  };
}

/** YYYYMMDDTHHMMSSZ-xxxxxx */
export const RUN_ID = /^(\d{4})(\d\d)\d\dT\d{6}Z-[a-z2-7]{6}$/;

/** Path of the run's record under provenance/: runs/YYYY-MM/ID.rec. Throws if `id` is no id. */
export function recordPath(id: string): string {
  const parts = RUN_ID.exec(id);
  if (parts === null) throw new Error('not a run id: ' + id);
  return 'runs/' + parts[1] + '-' + parts[2] + '/' + id + '.rec';
}

/** Has this state content that can be made again and compared: a regular file or a link? */
export function isComparable(file: FileState): boolean {
  return file.kind === '' || file.kind === 'x' || file.kind === 'l';
}
