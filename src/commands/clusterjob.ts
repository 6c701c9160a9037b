// clusterjob.ts - what a job of a cluster starts ("rr --cluster-job BATCH ARRAY PLACE"): does its tasks. No verb, for nobody types it.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import type { ReadTask } from '../sys/clusterbatch.ts';
import { requireBatch, runClusterJob } from '../sys/clustertask.ts';
import type { TaskDecision } from '../sys/clustertask.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import type { Project } from '../sys/project.ts';
import { requireProject } from '../sys/project.ts';
import { readRun } from '../sys/records.ts';
import { RUN_ID } from '../core/run.ts';

/** What a task is that says itself what is to be run. */
function decideTemplate(project: Project, read: ReadTask): TaskDecision {
  const { task, template } = read;
  if (template === undefined) return { kind: 'failed', why: 'its file does not say what is to be run' };
  const prior = task.prior === undefined ? undefined : readRun(project, task.prior);
  return { kind: 'run', job: { key: task.key, template, prior, restore: [], isReused: false } };
}

/** Does the tasks of one job. Returns the exit status: 0 if all of them came to a good end. */
export async function workAtClusterJob(words: ByteString[]): Promise<number> {
  const [id = '', place = '', index = ''] = words;
  if (words.length !== 3 || !RUN_ID.test(id) || !/^\d{1,9}$/.test(place) || !/^\d{1,9}$/.test(index)) throw new Failure('cannot use --cluster-job: it is for the jobs that "rr make --on slurm" hands over', '', EXIT.usage);
  const project = requireProject(readCurrentFolder(), undefined);
  const batch = requireBatch(project, id, Number(place));
  return runClusterJob({ project, batch, place: Number(place), index: Number(index), decide: async (read) => decideTemplate(project, read) });
}
