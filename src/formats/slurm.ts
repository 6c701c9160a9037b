// slurm.ts - what Slurm's programs print, and what they are asked: sbatch, squeue, sacct, scontrol. Starts nothing.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnds } from '../core/bytes.ts';
import type { JobState } from '../core/clusterplan.ts';
import { splitWord } from './fields.ts';

// ---- answers ------------------------------------------------------------------------------------------

/** One job, or a range of jobs of an array. */
export type SlurmJob = {
  /** Number that sbatch gave. */
  id: string;
  /** Places in the array; undefined: it is no array. */
  places: [number, number][] | undefined;
  /** PENDING, RUNNING, COMPLETED, "CANCELLED by 0" ... */
  state: ByteString;
  node: ByteString;
  reason: ByteString;
  name: ByteString;
};

/** What squeue is to print of each job, and with which signs between: only the last may hold them. */
export const SQUEUE_FORMAT = '%F|%K|%T|%N|%r|%j';
/** The same of sacct --parsable2. */
export const SACCT_FORMAT = 'JobID,State,NodeList,ExitCode';

/** "3", "3-7,9", with "%5" behind it (so many at once) or cut off by "..."; undefined if it is none of these. */
function parsePlaces(text: ByteString): [number, number][] | undefined {
  const places: [number, number][] = [];
  for (const part of text.replace(/%\d+$/, '').split(',')) {
    if (part === '...') continue;
    const ends = /^(\d{1,9})(?:-(\d{1,9})(?::\d+)?)?$/.exec(part);
    if (ends === null) return undefined;
    places.push([Number(ends[1]), Number(ends[2] ?? ends[1])]);
  }
  return places;
}

function splitLine(line: ByteString, cells: number): ByteString[] | undefined {
  const parts = line.split('|');
  return parts.length < cells ? undefined : parts.slice(0, cells - 1).concat(parts.slice(cells - 1).join('|'));
}

/** Lines of squeue --noheader --format=SQUEUE_FORMAT. What is no such line is passed over. */
export function parseSqueue(text: ByteString): SlurmJob[] {
  const jobs: SlurmJob[] = [];
  for (const line of text.split('\n')) {
    const cells = splitLine(line, 6);
    if (cells === undefined || !/^\d+$/.test(cells[0])) continue;
    const places = cells[1] === 'N/A' ? undefined : parsePlaces(cells[1]);
    if (cells[1] === 'N/A' || places !== undefined) jobs.push({ id: cells[0], places, state: cells[2], node: cells[3], reason: cells[4], name: cells[5] });
  }
  return jobs;
}

/** Lines of sacct --noheader --parsable2 --format=SACCT_FORMAT. Parts of jobs ("12_3.batch") are passed over. */
export function parseSacct(text: ByteString): SlurmJob[] {
  const jobs: SlurmJob[] = [];
  for (const line of text.split('\n')) {
    const cells = splitLine(line, 4);
    const parts = cells === undefined ? null : /^(\d+)(?:_(?:(\d+)|\[([^\]]*)\]))?$/.exec(cells[0]);
    if (cells === undefined || parts === null) continue;
    const places = parts[2] === undefined && parts[3] === undefined ? undefined : parsePlaces(parts[2] ?? parts[3]);
    if (parts[3] !== undefined && places === undefined) continue;
    jobs.push({ id: parts[1], places, state: cells[1], node: cells[2] === 'None assigned' ? '' : cells[2], reason: '', name: '' });
  }
  return jobs;
}

const WAITING = ['PENDING', 'REQUEUED', 'REQUEUE_HOLD', 'REQUEUE_FED', 'SPECIAL_EXIT', 'CONFIGURING', 'RESV_DEL_HOLD'];
const AT_WORK = ['RUNNING', 'COMPLETING', 'SUSPENDED', 'STOPPED', 'SIGNALING', 'STAGE_OUT', 'RESIZING'];

/** What a state of Slurm comes to. What it may call a state in later versions counts as over only if it is one of its ends. */
export function readJobState(job: SlurmJob): JobState {
  const word = splitWord(job.state)[0].replace(/\+$/, '');
  if (AT_WORK.indexOf(word) >= 0) return { kind: 'running', node: job.node };
  if (WAITING.indexOf(word) >= 0) return { kind: 'queued', reason: job.reason === 'None' ? '' : job.reason };
  return { kind: 'over', word: job.state };
}

/** The number in what sbatch --parsable prints: "12" or "12;cluster". */
export function parseSbatch(text: ByteString): string | undefined {
  return /^(\d+)(?:;\S+)?\s*$/.exec(text.split('\n').find((line) => /^\d/.test(line)) ?? '')?.[1];
}

/** How many jobs an array may have, by what scontrol show config prints. */
export function parseMaxArraySize(text: ByteString): number | undefined {
  const size = Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(text)?.[1] ?? 0);
  return size >= 1 ? size : undefined;
}

// ---- questions ----------------------------------------------------------------------------------------

/** D-HH:MM:SS, rounded up to whole seconds. */
export function printSlurmTime(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds));
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return String(Math.floor(whole / 86400)) + '-' + two((whole % 86400) / 3600) + ':' + two((whole % 3600) / 60) + ':' + two(whole % 60);
}

/** Options of sbatch for what is asked ('cpus 4', 'memory BYTES', 'time SECONDS', 'partition NAME'), for so many tasks one after the other. What is none of these is left out. */
export function printAskedOptions(asked: ByteString[], pack: number): ByteString[] {
  const options: ByteString[] = [];
  for (const line of asked) {
    const [what, value] = splitWord(line);
    const isNumber = /^\d+(?:\.\d+)?$/.test(value);
    if (what === 'cpus' && /^\d+$/.test(value)) options.push('--cpus-per-task=' + value);
    if (what === 'memory' && isNumber) options.push('--mem=' + String(Math.max(1, Math.ceil(Number(value) / 1024))) + 'K');
    if (what === 'time' && isNumber) options.push('--time=' + printSlurmTime(Number(value) * pack));
    if (what === 'partition' && /^[A-Za-z0-9_][A-Za-z0-9_.,-]*$/.test(value)) options.push('--partition=' + value);
  }
  return options;
}

/** Name for a job that nobody takes for another's and by which it is found again. */
export function printJobName(title: ByteString, batch: string, array: number): ByteString {
  const plain = dropAtEnds(title.replace(/[^A-Za-z0-9._-]+/g, '-'), '-').slice(0, 40);
  return (plain === '' ? 'rr' : plain) + '-' + batch.slice(-6) + '.' + String(array + 1);
}
