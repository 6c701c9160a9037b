// threads.ts - a second thread that shares the work of the first. Knows not what the work is.
//
// Threads share an Int32Array: index of the first piece that nobody has taken, which each takes by
// Atomics.add(). So no thread waits for the other but at the end.
import { workerThreads } from './node.ts';

/**
 * Starts a thread that runs `source`, with `workerData`. Resolves when it is through: with false if it could not
 * be had or broke, and what it did not do is to be done by others.
 */
export function startThread(source: string, workerData: unknown): Promise<boolean> {
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
