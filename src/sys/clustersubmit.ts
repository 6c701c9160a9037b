// clustersubmit.ts - hands tasks over to Slurm as a batch of job arrays. Judges no step.
import type { ByteString } from '../core/bytes.ts';
import { countJobs, planArrays } from '../core/clusterplan.ts';
import type { ClusterArray, ClusterTask } from '../core/clusterplan.ts';
import { Failure } from '../core/failure.ts';
import type { Run } from '../core/run.ts';
import type { BatchTask, ClusterBatch } from '../formats/clusterbatch.ts';
import { quoteWord } from '../formats/shell.ts';
import { printAskedOptions } from '../formats/slurm.ts';
import { recoverAside } from './aside.ts';
import { createBatch, noteArrayJob, removeBatch, removeUnfinishedBatches } from './clusterbatch.ts';
import { declareLostTasks, listInFlight, nameOfArray, readCluster, removeOver } from './clusterstate.ts';
import type { ClusterReport } from './clusterstate.ts';
import { formatUtcMicros, makeRunId, readUtcMicros } from './clock.ts';
import { toBytes } from './files.ts';
import { resolveLinks } from './machine.ts';
import { prepareOwnFolder } from './project.ts';
import type { Project } from './project.ts';
import { readMaxArraySize, runSbatch } from './slurm.ts';
import { settleLostRuns } from './store.ts';

/** Something to be handed over. */
export type SubmittedTask = ClusterTask & {
  name: ByteString;
  isForced: boolean;
  /** What is to be run; undefined: the step of that key is judged when its turn has come. */
  template: Run | undefined;
  /** The run whose results a run of the template takes the place of. */
  prior: string | undefined;
};

export type SubmitRequest = {
  project: Project;
  verb: ClusterBatch['verb'];
  title: ByteString;
  tasks: SubmittedTask[];
  /** For the tasks, as in ClusterBatch. */
  options: ByteString[];
  /** What is asked for a task that does not ask for it itself. */
  asked: ByteString[];
  /** Tasks that a job does one after the other. */
  pack: number;
  /** Further options of sbatch, as they are. */
  sbatchOptions: ByteString[];
};

/** `inFlight`: how many of the tasks were in flight already. `problem`: why not all could be handed over, and how many were not. */
export type Submitted = { batch: ClusterBatch | undefined; jobs: string[]; submitted: number; inFlight: number; problem: { why: ByteString; left: number } | undefined };

/** What is asked: what the task says, and of the rest what is asked for all. */
function mergeAsked(own: ByteString[], general: ByteString[]): ByteString[] {
  const word = (line: ByteString): ByteString => line.split(' ')[0];
  const known = new Set(own.map(word));
  return own.concat(general.filter((line) => !known.has(word(line))));
}

/** Settles what jobs that are over have left, and tells what is in flight. Throws Failure if the cluster cannot be asked. */
export async function settleCluster(project: Project, say: (line: ByteString) => void): Promise<ClusterReport> {
  const cluster = readCluster(project);
  if (cluster.problem !== undefined) throw new Failure('cannot tell what is still queued or running: ' + cluster.problem, 'try again when Slurm answers');
  declareLostTasks(project, cluster);
  for (const run of settleLostRuns(project, '')) say('the run ' + run.id + ' was lost' + (run.job === undefined ? '' : ' with its job (' + run.job + ')'));
  await recoverAside(project, say);
  removeUnfinishedBatches(project, readUtcMicros() / 1000);
  removeOver(project, cluster, () => true);
  return cluster;
}

// ---- the script ---------------------------------------------------------------------------------------

/** What a job of an array starts: this very rr, on the same Node.js if it is there. */
function printJobScript(batch: string, place: number): ByteString {
  const node = toBytes(process.execPath);
  const program = resolveLinks(toBytes(process.argv[1]));
  return [
    '#!/bin/sh', '# Written by rr: the jobs of array ' + String(place + 1) + ' of the batch ' + batch + '.', 'node=' + quoteWord(node), '[ -x "$node" ] || node=node',
    'exec "$node" ' + quoteWord(program) + ' --cluster-job ' + batch + ' ' + String(place) + ' "$SLURM_ARRAY_TASK_ID"', '',
  ].join('\n');
}

// ---- handing over -------------------------------------------------------------------------------------

/** Slurm's own limit where it does not tell it. */
const USUAL_ARRAY_SIZE = 1001;

function arrayOptions(request: SubmitRequest, batch: ClusterBatch, place: number, after: string[]): ByteString[] {
  const array = batch.arrays[place];
  return [
    '--array=0-' + String(countJobs(array) - 1), '--job-name=' + nameOfArray(batch, place), '--chdir=' + request.project.root,
    '--output=.rr/slurm/' + batch.id + '/log/%A_%a', '--open-mode=append', '--input=/dev/null', '--requeue', ...(after.length === 0 ? [] : ['--dependency=afterany:' + after.join(':')]),
    ...printAskedOptions(array.asked, array.pack), ...request.sbatchOptions,
  ];
}

/** Slurm may have taken the job all the same if it did not answer in time: then the job's name tells, later. */
function isUncertain(why: ByteString): boolean {
  return /gave no answer/.test(why);
}

/** Hands the arrays over in their order, up to the first that is refused. `elsewhere`: jobs of other batches that each array comes after. */
function handOver(request: SubmitRequest, batch: ClusterBatch, scripts: ByteString[], elsewhere: string[][]): Pick<Submitted, 'jobs' | 'submitted' | 'problem'> {
  const jobs: string[] = [];
  let submitted = 0;
  for (let place = 0; place < batch.arrays.length; place++) {
    const array = batch.arrays[place];
    noteArrayJob(request.project, batch.id, place, 'trying', '');
    const after = array.after.map((one) => jobs[one]).concat(elsewhere[place]);
    const answer = runSbatch(arrayOptions(request, batch, place, after), scripts[place]);
    if (answer.kind === 'refused') {
      if (!isUncertain(answer.why)) noteArrayJob(request.project, batch.id, place, 'refused', answer.why);
      return { jobs, submitted, problem: { why: answer.why, left: batch.arrays.slice(place).reduce((sum, one) => sum + one.count, 0) } };
    }
    noteArrayJob(request.project, batch.id, place, 'submitted', answer.job);
    jobs.push(answer.job);
    submitted += array.count;
  }
  return { jobs, submitted, problem: undefined };
}

/** For each array the jobs of other batches that one of its tasks comes after. */
function listElsewhere(arrays: ClusterArray[], tasks: SubmittedTask[], flying: ReturnType<typeof listInFlight>): string[][] {
  return arrays.map((array) => {
    const jobs = new Set<string>();
    for (const task of tasks.slice(array.first - 1, array.first - 1 + array.count)) {
      for (const key of task.before) {
        const job = flying.get(key)?.job;
        if (job !== undefined && job !== '') jobs.add(job);
      }
    }
    return Array.from(jobs);
  });
}

/**
 * Hands over what is not in flight already. `cluster` is what settleCluster() gave. Throws Failure if
 * there is no Slurm; what it refuses otherwise is told in the answer, and the rest stays handed over.
 */
export function submitTasks(request: SubmitRequest, cluster: ClusterReport): Submitted {
  const { project } = request;
  const flying = listInFlight(cluster);
  const tasks = request.tasks.filter((task) => !flying.has(task.key)).map((task) => ({ ...task, asked: mergeAsked(task.asked, request.asked) }));
  const inFlight = request.tasks.length - tasks.length;
  if (tasks.length === 0) return { batch: undefined, jobs: [], submitted: 0, inFlight, problem: undefined };
  const madeMicros = readUtcMicros();
  const plan = planArrays(tasks, readMaxArraySize() ?? USUAL_ARRAY_SIZE, request.pack);
  const ordered = plan.order.slice(1).map((place) => tasks[place]);
  const numbers = new Map(ordered.map((task, index): [string, number] => [task.key, index + 1]));
  const batch: ClusterBatch = { id: makeRunId(madeMicros), verb: request.verb, title: request.title, madeUtc: formatUtcMicros(madeMicros), options: request.options, arrays: plan.arrays };
  const files = ordered.map((task): { task: BatchTask; template: Run | undefined } => ({
    task: {
      key: task.key, name: task.name, isForced: task.isForced, prior: task.prior,
      before: task.before.map((key) => (numbers.has(key) ? String(numbers.get(key)) : flying.get(key)?.reference)).filter((one): one is string => one !== undefined),
    },
    template: task.template,
  }));
  prepareOwnFolder(project);
  const scripts = plan.arrays.map((_, place) => printJobScript(batch.id, place));
  createBatch(project, batch, files, scripts);
  const handed = handOver(request, batch, scripts, listElsewhere(plan.arrays, ordered, flying));
  if (handed.submitted === 0 && handed.problem !== undefined && !isUncertain(handed.problem.why)) {
    removeBatch(project, batch.id);
    throw new Failure('cannot hand anything over to Slurm: ' + handed.problem.why, '');
  }
  return { batch, inFlight, ...handed };
}
