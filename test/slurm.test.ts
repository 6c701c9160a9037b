// slurm.test.ts - steps as jobs of a real Slurm.
import { after, before, test } from 'node:test';
import fs from 'fs';
import path from 'path';
import { emptyRun } from '../src/core/run.ts';
import { projectAt } from '../src/sys/project.ts';
import { settleCluster, submitTasks } from '../src/sys/clustersubmit.ts';
import { readCluster } from '../src/sys/clusterstate.ts';
import { listRecords, makeProject, readRecord, rr, RR_JS, sleep } from './rig.ts';
import { NEEDS_SLURM, startCluster } from './slurmrig.ts';
import type { Cluster } from './slurmrig.ts';

let cluster: Cluster;

before(async () => { if (NEEDS_SLURM === false) cluster = await startCluster(3, true); });
after(async () => { if (NEEDS_SLURM === false) await cluster.stop(); });

test('proto', { skip: NEEDS_SLURM }, async () => {
  const folder = makeProject();
  const project = projectAt(folder);
  process.argv[1] = RR_JS;
  Object.assign(process.env, cluster.env);
  const N = Number(process.env.N ?? 20);
  const state = await settleCluster(project, (line) => console.log(line));
  const t0 = Date.now();
  const done = submitTasks({ project, verb: 'sweep', title: 'try', asked: ['memory 1000000'], pack: 1, options: [], sbatchOptions: [], tasks: Array.from({ length: N }, (_, i) => ({
    key: 't' + i, before: i === 5 ? ['t3'] : [], asked: [], expectedS: undefined, name: 'T' + i, isForced: false, prior: undefined,
    template: { ...emptyRun('', "sh -c 'hostname > out" + i + "'", '', '0'), declaredOutputs: ['out' + i], observed: 'auto' },
  })) }, state);
  console.log(JSON.stringify(done), Date.now() - t0);
  for (;;) {
    const tasks = readCluster(project).batches.map((batch) => batch.tasks.map((task) => task.status.what));
    const count: any = {};
    for (const t of tasks[0]) count[t] = (count[t] ?? 0) + 1;
    console.log(Date.now() - t0, JSON.stringify(count));
    if (!count.queued && !count.running) break;
    console.log(rr(folder, ['status'], { env: cluster.env }).stdout);
    await sleep(500);
  }
  console.log(rr(folder, ['status'], { env: cluster.env }));  console.log(JSON.stringify(readCluster(project).batches[0].tasks.slice(0, 2)));
  console.log(listRecords(folder).length, readRecord(folder, listRecords(folder)[0]));
  console.log(fs.readdirSync(path.join(folder, '.rr/slurm')), fs.readdirSync(path.join(folder, '.rr')));
});
