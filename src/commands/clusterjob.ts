// clusterjob.ts - what a job of a cluster starts ("rr --cluster-job BATCH ARRAY PLACE"): does its tasks. No verb, for nobody types it.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { RUN_ID } from '../core/run.ts';
import { decideTask } from '../sys/clustersteps.ts';
import { requireBatch, runClusterJob } from '../sys/clustertask.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { requireProject } from '../sys/project.ts';

/** Does the tasks of one job. Returns the exit status: 0 if all of them came to a good end. */
export async function workAtClusterJob(words: ByteString[]): Promise<number> {
  const [id = '', place = '', index = ''] = words;
  if (words.length !== 3 || !RUN_ID.test(id) || !/^\d{1,9}$/.test(place) || !/^\d{1,9}$/.test(index)) throw new Failure('cannot use --cluster-job: it is for the jobs that "rr make --on slurm" hands over', '', EXIT.usage);
  const project = requireProject(readCurrentFolder(), undefined);
  const batch = requireBatch(project, id, Number(place));
  return runClusterJob({ project, batch, place: Number(place), index: Number(index), decide: (read) => decideTask(project, batch, read) });
}
