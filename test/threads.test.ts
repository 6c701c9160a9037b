// threads.test.ts - work shared with a second thread is whole, also where none can be had or it dies.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import workerThreads from 'worker_threads';
import { hashFiles } from '../src/sys/hash.ts';
import { projectAt } from '../src/sys/project.ts';
import { lookAgain, takeSnapshot } from '../src/sys/scan.ts';
import { findKeptAnswer, keepAnswer } from '../src/sys/statuscache.ts';
import { makeProject, makeTemporary, run } from './rig.ts';

type Threads = { Worker: unknown };

/** What becomes of the second thread. */
const FATES: [string, unknown][] = [
  ['as it is', undefined],
  ['it cannot be had', class { constructor() { throw new Error('no threads here'); } }],
  ['it breaks at once', class extends workerThreads.Worker { constructor() { super('throw new Error("broken")', { eval: true }); } }],
  ['it breaks after it has taken work', class extends workerThreads.Worker {
    constructor(source: string, options: object) {
      super('const add = Atomics.add; let turns = 0; Atomics.add = (...given) => { if (++turns === 3) throw new Error("broken"); return add(...given); };' + source, options);
    }
  }],
];

async function withWorker(fate: unknown, act: () => Promise<void>): Promise<void> {
  const threads = workerThreads as unknown as Threads;
  const real = threads.Worker;
  if (fate !== undefined) threads.Worker = fate;
  try {
    await act();
  } finally {
    threads.Worker = real;
  }
}

const folder = makeTemporary();
run(folder, ['sh', '-c', 'mkdir a b; seq -f a/%.0f 12000 | xargs touch; seq -f b/%.0f 12000 | xargs touch; for i in 1 2 3; do echo $i > a/$i; done']);

for (const [what, fate] of FATES) {
  test('hashFiles() gives what sha256sum gives; the second thread: ' + what, async () => {
    const names = Array.from({ length: 1600 }, (_, i) => folder + '/a/' + String(i + 1));
    const judged = run(folder, ['sha256sum'].concat(names)).stdout.split('\n').map((line) => line.slice(0, 64));
    await withWorker(fate, async () => {
      const outcomes = await hashFiles(names.map((name) => ({ name, sizeBytes: fs.statSync(name).size })));
      assert.deepEqual(outcomes.map((one) => (one.kind === 'hashed' ? one.hash : one.kind)), judged.slice(0, names.length));
    });
  });

  test('lookAgain() finds what was written, made and removed; the second thread: ' + what, async () => {
    const before = takeSnapshot(folder, []);
    const [written, made, removed] = ['b/7777', 'a/made', 'b/11999'];
    fs.writeFileSync(path.join(folder, written), what);
    fs.writeFileSync(path.join(folder, made), '');
    fs.unlinkSync(path.join(folder, removed));
    await withWorker(fate, async () => {
      const { changes } = await lookAgain(folder, before, false);
      assert.deepEqual(changes, { written: [made, written], removed: [removed], newFolders: [] });
    });
    fs.unlinkSync(path.join(folder, made));
    fs.writeFileSync(path.join(folder, removed), '');
  });

  test('findKeptAnswer() gives the answer until something changes; the second thread: ' + what, async () => {
    const root = makeProject();
    const project = projectAt(root);
    keepAnswer(project, 'status', 'the answer', Array.from({ length: 40000 }, (_, i) => ({ path: 'no-' + String(i), stat: undefined })));
    await withWorker(fate, async () => {
      assert.equal(await findKeptAnswer(project, 'status'), 'the answer');
      fs.writeFileSync(path.join(root, 'no-300'), '');
      assert.equal(await findKeptAnswer(project, 'status'), undefined);
    });
  });
}
