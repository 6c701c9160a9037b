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

/** How much of a source file version control has: 'clean' as committed, 'changed' since, not tracked, no version control. */
export type CodeFileState = 'clean' | 'changed' | 'untracked' | 'unversioned';

/** One process of the command, threads included (docs/record-format.txt, 8). */
export type RunProcess = {
  /** Position of its parent in the list; undefined if the parent is rr. A parent stands before its children. */
  parent: number | undefined;
  /** Seconds after the start of the run. */
  startS: number;
  /** Undefined if it outlived the command. */
  endS: number | undefined;
  /** 0..255; undefined if a signal killed it or it outlived the command. */
  exit: number | undefined;
  signal: string | undefined;
  /** As in a file line: relative to the project, '.' is the project, absolute if outside of it. */
  directory: ByteString;
  /** POSIX shell source; '' is a copy of its parent that became no other program (a subshell). */
  command: ByteString;
  /** What it became afterwards, by exec without fork. */
  later: { startS: number; directory: ByteString; command: ByteString }[];
  /** Positions in inputs followed by outputs, from 0, ascending. */
  read: number[];
  wrote: number[];
};

/** What a run can have come to, or that it goes on (docs/rr.1, STATES OF A RUN). */
export const RUN_STATUSES = ['succeeded', 'failed', 'interrupted', 'running', 'lost'] as const;
export type RunStatus = typeof RUN_STATUSES[number];

/** What a repeat says of one output: as the original's, so within a stated rule, not so, not made, made in addition, not told. */
export type VerdictWord = 'identical' | 'tolerance' | 'different' | 'missing' | 'extra' | 'unchecked';

/** What a person takes for a good repeat. */
export const ACCEPTANCES = ['identical', 'tolerance'] as const;
export type Acceptance = typeof ACCEPTANCES[number];

/** The verdict on one output of a repeat. `detail`: the rule that was applied, where it differs, or why it is not told; may be ''. */
export type Verdict = { word: VerdictWord; path: ByteString; detail: ByteString };

/** A record by its id and the SHA-256 of its whole file. */
export type RecordLink = { id: string; hash: string };

/** One execution of a command (docs/rr.1, RECORDS). Absent facts are undefined, never guessed. */
export type Run = {
  id: string;
  /** Id of the run that this one repeats. */
  repeats?: string;
  /** Id of the run that this one was made from with something changed. */
  parent?: string;
  /** 'scratch': it ran in a copy made for it, so what it wrote and removed is none of the project's. */
  tree?: 'scratch';
  /** Name of the step in provenance/plan.rec that it carries out. */
  plan?: ByteString;
  /** The sweep that it is a point of, and the number of the point in it, from 1. */
  sweep?: { label: ByteString; number: number };
  /** Why rr make carried it out. */
  because?: ByteString;
  /** Id of the run in whose place it stands, as rr make carried out the same step again. */
  redoes?: string;
  /** Id of the run whose outputs were put back instead of running the command. */
  reused?: string;
  label?: ByteString;
  reason?: ByteString;
  tags: ByteString[];
  /** POSIX shell source that gives the command its exact argument bytes. */
  command: ByteString;
  /** Relative to the project; '.' is the project. */
  directory: ByteString;
  /** '0 < PATH', '1 > PATH', '1 >> PATH', '2 >& 1' */
  redirects: ByteString[];
  /** 'NAME VALUE'; of a value in a file NAME is 'PATH:KEY'. */
  parameters: ByteString[];
  /** Inputs of which only the keys that parameters name count. */
  parameterFiles: ByteString[];
  /** 'NAME VALUE': what the run gave as numbers or words, by its metrics files and what it printed. */
  metrics: ByteString[];
  /** Paths of the files that metrics were read from. */
  metricsFiles: ByteString[];
  /** What of that which it printed was taken for metrics, as --metrics-from has it; [] is the rule by default. */
  metricsFrom: ByteString[];
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
  /** 'WHAT VALUE': what was asked for it: 'cpus 4', 'memory BYTES', 'time SECONDS', 'partition NAME'. */
  asked: ByteString[];
  /** 'slurm JOB NODE': the job of a cluster that it was. */
  job?: ByteString;
  status: RunStatus;
  code?: ByteString;
  codeBranch?: ByteString;
  codeRemote?: ByteString;
  /** SWHID of the revision, with its origin; only of a commit of git without changes. */
  codeSwhid?: ByteString;
  codeSubmodules: ByteString[];
  /** 'SYSTEM COMMIT PATH' or 'SYSTEM COMMIT dirty HASH PATH': other checkouts that the run read code from. */
  codeOthers: ByteString[];
  /** The scripts, modules and other sources that the run read; each is an input, too. */
  codeFiles: { state: CodeFileState; path: ByteString }[];
  /** Of each binary in the project that ran or was loaded: what is known of how it was compiled. */
  compilers: { path: ByteString; producer: ByteString }[];
  environment?: string;
  /** 'NAME=VALUE' */
  variables: ByteString[];
  /** Names of variables, in `variables` or `variableHashes` if they are set, whose value the run was said to depend on. */
  declaredVariables: ByteString[];
  /** 'NAME HMAC' */
  variableHashes: ByteString[];
  observed: string;
  declaredInputs: ByteString[];
  declaredOutputs: ByteString[];
  missingOutputs: ByteString[];
  inputs: FileState[];
  outputs: FileState[];
  /** Folder to which what it wrote was moved, as it did not succeed: FOLDER/PATH for each path of `outputs`. */
  aside?: ByteString;
  uncertain: FileState[];
  removed: ByteString[];
  /** Files in the project that the run looked for and that were not there. */
  absent: ByteString[];
  /** 'HMAC PATH': files that were read and may hold secrets. */
  secretInputs: ByteString[];
  /** The same of files that were written. */
  secretOutputs: ByteString[];
  /** What was seen and left out, by class: temporary, ignored. */
  leftOut: { what: ByteString; count: number }[];
  processes: RunProcess[];
  logs: FileState[];
  /** Of a repeat: its outputs compared with those of the run that it repeats. */
  verdicts: Verdict[];
  warnings: ByteString[];
  /** Records that were there when this one was written, and that its writer knew of no other that names them. */
  previous: RecordLink[];
  /** Version of rr. */
  rr: string;
  /** Fields this version does not know, in the order met. */
  unknown: { name: string; value: ByteString }[];
};

/** A run with no facts but its identity; what is found out is filled in. */
export function emptyRun(id: string, command: ByteString, startedUtc: string, rr: string): Run {
  return {
    id, tags: [], command, directory: '.', redirects: [], parameters: [], parameterFiles: [], metrics: [], metricsFiles: [], metricsFrom: [], asked: [], startedUtc, status: 'running',
    codeSubmodules: [], codeOthers: [], codeFiles: [], compilers: [], variables: [], declaredVariables: [], variableHashes: [], observed: 'none', declaredInputs: [],
    declaredOutputs: [], missingOutputs: [], inputs: [], outputs: [], uncertain: [], removed: [], absent: [], secretInputs: [], secretOutputs: [], leftOut: [], processes: [], logs: [],
    verdicts: [], warnings: [], previous: [], rr, unknown: [],
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

/** Of a run what lists show, filter and sort by; of its notes what changes or adds to that. */
export type RunSummary = Pick<Run, 'id' | 'repeats' | 'parent' | 'reused' | 'tree' | 'sweep' | 'label' | 'reason' | 'tags' | 'command' | 'directory' | 'parameters' | 'metrics' | 'startedUtc'
  | 'wallS' | 'userS' | 'systemS' | 'peakMemoryBytes' | 'exit' | 'signal' | 'status' | 'code' | 'environment'> & {
  verdicts: Pick<Verdict, 'word'>[];
  outcome?: ByteString;
  comments?: ByteString[];
};

// Later is no time in JavaScript; a record may claim any duration.
const LAST_MOMENT_MS = 253402300799999; // the end of the year 9999

/** Start and end of a run in milliseconds since 1970 (UTC); the same twice if the end is not known. */
export function spanOfRun(run: Run): [number, number] {
  const startMs = Date.parse(run.startedUtc.slice(0, 23) + 'Z');
  return [startMs, Math.min(startMs + (run.wallS ?? 0) * 1000, LAST_MOMENT_MS)];
}
