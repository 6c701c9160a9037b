// engine.ts - has steps carried out, in their order. Chooses none, and knows not why.
import type { ScheduledTask, TaskOutcome } from '../core/schedule.ts';
import { executeStep } from './execute.ts';
import type { StepEnd, StepJob } from './execute.ts';
import type { Project } from './project.ts';
import { tell } from './terminal.ts';

export type EngineRequest = {
  project: Project;
  tasks: ScheduledTask[];
  /** Asked when all that is before the task is settled: what to run, or that there is no need. */
  decide: (key: string) => Promise<StepJob | 'skip'>;
  /** Told of each step that was carried out. */
  onEnd: (end: StepEnd) => void;
  slots: number;
  maxLoad: number | undefined;
  memoryBytes: number | undefined;
  keepGoing: boolean;
  retries: number;
  timeoutS: number | undefined;
  quiet: boolean;
};

/** `signal`: the one that ended it. */
export type EngineResult = { outcomes: Map<string, TaskOutcome>; signal: string | undefined };

/** Carries out the tasks, one after the other. */
export async function runTasks(request: EngineRequest): Promise<EngineResult> {
  const outcomes = new Map<string, TaskOutcome>();
  const left = new Map(request.tasks.map((task) => [task.key, task]));
  let isStopped = false;
  while (left.size > 0) {
    const next = Array.from(left.values()).find((task) => task.before.every((key) => !left.has(key)));
    if (next === undefined) throw new Error('the tasks are a cycle');
    left.delete(next.key);
    const isFree = next.before.every((key) => outcomes.get(key) === 'done' || outcomes.get(key) === 'skipped');
    const job = isFree && !isStopped ? await request.decide(next.key) : undefined;
    if (job === undefined) outcomes.set(next.key, 'blocked');
    else if (job === 'skip') outcomes.set(next.key, 'skipped');
    else {
      const { template } = job;
      if (!request.quiet) tell('rr: ' + (template.plan ?? template.label ?? job.key) + (template.because === undefined ? '' : ': ' + template.because));
      const end = await executeStep(request.project, job);
      outcomes.set(next.key, end.isGood ? 'done' : 'failed');
      isStopped = isStopped || (!end.isGood && !request.keepGoing);
      request.onEnd(end);
    }
  }
  return { outcomes, signal: undefined };
}
