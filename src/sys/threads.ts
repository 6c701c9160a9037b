// threads.ts - a second thread that shares the work of the first. Knows not what the work is.
//
// Threads share an Int32Array: index of the first piece that nobody has taken, which each takes by
// Atomics.add(). So no thread waits for the other but at the end.
import { workerThreads } from './node.ts';

/**
 * Has a second thread run `work` on what both share, while this one does `own`. The thread gets `work` as text: it
 * must not use anything of its file, but `require`. False if no thread could be had, or it broke: then what it had
 * taken is not done, and is to be done by the caller.
 */
export async function shareWork<Shared>(work: (shared: Shared, files: typeof import('fs')) => void, shared: Shared, own: () => void): Promise<boolean> {
  const finished = startThread('(' + work.toString() + ')(require("worker_threads").workerData, require("fs"))', shared);
  // The thread is started by the next turn; this one leaves no time for that.
  await new Promise((resolve) => setImmediate(resolve));
  own();
  return finished;
}

function startThread(source: string, workerData: unknown): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      const thread = new (workerThreads().Worker)(source, { eval: true, workerData });
      thread.on('exit', () => resolve(true));
      thread.on('error', () => resolve(false));
    } catch (error) {
      resolve(false);
    }
  });
}
