// shortdriver.ts - a program that carries out chains of short steps; shortsteps.test.ts starts it, and kills it.
//
// node shortdriver.js PROJECT CHAINS LENGTH SALT: step N of chain C makes cC/sN of what was made before and a
// line SALT. Steps take the place of the runs that made these files. Prints "ended ID" of each.
import fs from 'fs';
import path from 'path';
import { emptyRun } from '../src/core/run.ts';
import type { Run } from '../src/core/run.ts';
import { recoverAside } from '../src/sys/aside.ts';
import { beginBatch } from '../src/sys/batch.ts';
import type { StepJob } from '../src/sys/execute.ts';
import { projectAt } from '../src/sys/project.ts';
import { readRuns } from './recordsrig.ts';
import { ShortSteps } from '../src/sys/shortsteps.ts';

const [root, chains, length, salt] = process.argv.slice(2);

function makeJob(chain: number, n: number, prior: Run | undefined): StepJob {
  const folder = 'c' + String(chain);
  const from = n === 1 ? 'in' + String(chain) : folder + '/s' + String(n - 1);
  const to = folder + '/s' + String(n);
  const template: Run = {
    ...emptyRun('20260101T000000Z-aaaaaa', "sh -c 'cat " + from + ' > ' + to + '; echo ' + salt + ' >> ' + to + "'", '', '0'), plan: to, observed: 'none', declaredInputs: [from], declaredOutputs: [to], redoes: prior?.id,
  };
  return { key: to, template, prior, restore: [], isReused: false };
}

async function drive(): Promise<void> {
  const project = projectAt(root);
  await recoverAside(project, () => undefined);
  const priors = new Map<string, Run>();
  for (const run of readRuns(project).runs) if (run.status === 'succeeded' && run.plan !== undefined) priors.set(run.plan, run);
  const batch = beginBatch(project);
  const short = new ShortSteps(project, batch, 2);
  await short.begin();
  const next = Array.from({ length: Number(chains) }, () => 1);
  const busy = new Set<number>();
  await new Promise<void>((resolve) => {
    const pump = (): void => {
      for (let chain = 0; chain < next.length && short.room() > 0; chain++) {
        if (busy.has(chain) || next[chain] > Number(length)) continue;
        busy.add(chain);
        const job = makeJob(chain, next[chain], priors.get('c' + String(chain) + '/s' + String(next[chain])));
        if (!short.canTake(job)) throw new Error('refused ' + job.key);
        void short.run(job).then((end) => {
          if (end === undefined || !end.isGood || end.problems.length > 0) throw new Error(JSON.stringify(end));
          fs.writeSync(1, 'ended ' + end.run.id + '\n');
          busy.delete(chain);
          next[chain] += 1;
          pump();
        });
      }
      if (busy.size === 0) resolve();
    };
    pump();
  });
  await short.close();
  for (const fault of await batch.end()) throw fault;
  if (batch.problems.length > 0) throw new Error(batch.problems.join('; '));
}

fs.mkdirSync(path.join(root, '.rr'), { recursive: true });
void drive();
