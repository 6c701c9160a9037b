// slurm.ts - asks Slurm's own programs: hands arrays over, learns what became of them. Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import type { JobState } from '../core/clusterplan.ts';
import { parseMaxArraySize, parseSacct, parseSbatch, parseSqueue, readJobState, SACCT_FORMAT, SQUEUE_FORMAT } from '../formats/slurm.ts';
import type { SlurmJob } from '../formats/slurm.ts';
import { errorCode, toBytes } from './files.ts';
import { childProcess } from './node.ts';
import { toSpawnArguments } from './spawnwords.ts';

/** `why`: a sentence. `isAbsent`: there is no such program. */
export type SlurmAnswer = { kind: 'done'; output: ByteString } | { kind: 'refused'; why: ByteString; isAbsent: boolean };

const ANSWER_WITHIN_MS = 10000;
const LARGEST_SLURM_ANSWER_BYTES = 256 << 20;

/** The environment without what changes what these programs print, or has them wait. What says for whom sbatch submits stays. */
function slurmEnvironment(): { [name: string]: string | undefined } {
  const environment: { [name: string]: string | undefined } = {};
  for (const name of Object.keys(process.env)) if (!/^(?:SQUEUE_|SACCT_|SLURM_TIME_FORMAT$|SLURM_JSON$|SBATCH_WAIT$|SBATCH_TEST_ONLY$|SBATCH_ARRAY_INX$|SBATCH_HOLD$)/.test(name)) environment[name] = process.env[name];
  return environment;
}

function runSlurm(argv: ByteString[], input: ByteString, withinMs: number): SlurmAnswer {
  const [program, ...words] = toSpawnArguments(argv);
  const ended = childProcess().spawnSync(program, words, {
    env: slurmEnvironment(), input: Buffer.from(input, 'latin1'), timeout: withinMs, killSignal: 'SIGKILL', maxBuffer: LARGEST_SLURM_ANSWER_BYTES, windowsHide: true,
  });
  const refuse = (why: ByteString, isAbsent = false): SlurmAnswer => ({ kind: 'refused', why, isAbsent });
  if (ended.error !== undefined && errorCode(ended.error) !== 'EPIPE') {
    const code = errorCode(ended.error);
    if (code === 'ENOENT') return refuse(argv[0] + ' is not there', true);
    return refuse(code === 'ETIMEDOUT' ? argv[0] + ' gave no answer within ' + String(withinMs / 1000) + ' s' : argv[0] + ' cannot be run: ' + toBytes(code));
  }
  if (ended.status === 0) return { kind: 'done', output: ended.stdout.toString('latin1') };
  const said = ended.stderr.toString('latin1').split('\n').map((line) => line.replace(/^(?:sbatch|squeue|sacct|scontrol): (?:error: )?/, '')).filter((line) => line !== '');
  return refuse(argv[0] + ' says: ' + (said.length === 0 ? 'exit status ' + String(ended.status) : said.slice(-2).join('; ')));
}

/** How many jobs an array may have at most; undefined if Slurm does not tell. */
export function readMaxArraySize(): number | undefined {
  const answer = runSlurm(['scontrol', 'show', 'config'], '', ANSWER_WITHIN_MS);
  return answer.kind === 'done' ? parseMaxArraySize(answer.output) : undefined;
}

// A controller that has much to do may take its time, and it is not known then what it did.
const SUBMIT_WITHIN_MS = 120000;

/** Hands a script over; its number. */
export function runSbatch(options: ByteString[], script: ByteString): { kind: 'submitted'; job: string } | { kind: 'refused'; why: ByteString; isAbsent: boolean } {
  const answer = runSlurm(['sbatch', '--parsable'].concat(options), script, SUBMIT_WITHIN_MS);
  if (answer.kind === 'refused') return answer;
  const job = parseSbatch(answer.output);
  return job === undefined ? { kind: 'refused', why: 'sbatch gave no number of a job', isAbsent: false } : { kind: 'submitted', job };
}

/** What Slurm knows of jobs. */
export class SlurmJobs {
  private readonly single = new Map<string, SlurmJob>();
  private readonly ranges = new Map<string, { from: number; to: number; job: SlurmJob }[]>();

  add(jobs: SlurmJob[]): void {
    for (const job of jobs) {
      for (const [from, to] of job.places ?? [[0, 0]]) {
        if (from === to) this.single.set(job.id + '_' + String(from), job);
        else this.ranges.set(job.id, (this.ranges.get(job.id) ?? []).concat({ from, to, job }));
      }
    }
  }

  /** Of one place in an array. */
  stateOf(id: string, place: number): JobState {
    const job = this.single.get(id + '_' + String(place)) ?? (this.ranges.get(id) ?? []).find(({ from, to }) => from <= place && place <= to)?.job;
    return job === undefined ? { kind: 'unknown' } : readJobState(job);
  }
}

/** Jobs in the queue, and those that have left it lately. */
function askSqueue(words: ByteString[]): SlurmAnswer {
  const answer = runSlurm(['squeue', '--noheader', '--array', '--states=all', '--format=' + SQUEUE_FORMAT].concat(words), '', ANSWER_WITHIN_MS);
  // It says so if it knows none of them.
  return answer.kind === 'refused' && /Invalid job id/i.test(answer.why) ? { kind: 'done', output: '' } : answer;
}

/** What Slurm knows of the arrays with these numbers; or why it does not tell. */
export function askForJobs(ids: string[]): { kind: 'told'; jobs: SlurmJobs } | { kind: 'refused'; why: ByteString } {
  const jobs = new SlurmJobs();
  if (ids.length === 0) return { kind: 'told', jobs };
  const queue = askSqueue(['--jobs=' + ids.join(',')]);
  if (queue.kind === 'refused') return queue;
  // What has left the queue only the accounting knows, if there is one. It lags behind, so the queue overrules it.
  const accounting = runSlurm(['sacct', '--noheader', '--parsable2', '--allocations', '--array', '--format=' + SACCT_FORMAT, '--jobs=' + ids.join(',')], '', ANSWER_WITHIN_MS);
  if (accounting.kind === 'done') jobs.add(parseSacct(accounting.output).filter((job) => readJobState(job).kind === 'over'));
  jobs.add(parseSqueue(queue.output));
  return { kind: 'told', jobs };
}

/** The number of the job of this name that is in the queue; undefined if there is none. */
export function findJobByName(name: ByteString): { kind: 'told'; id: string | undefined } | { kind: 'refused'; why: ByteString } {
  const queue = askSqueue(['--name=' + name]);
  return queue.kind === 'refused' ? queue : { kind: 'told', id: parseSqueue(queue.output).find((job) => job.name === name)?.id };
}
