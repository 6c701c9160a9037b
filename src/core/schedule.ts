// schedule.ts - what is to be done next, as state. Knows no commands, files or clocks.

/** Something that is to be done once, after what must come before it. */
export type ScheduledTask = {
  /** Unique among the tasks. */
  key: string;
  /** Keys of the tasks that must be settled before. There is no cycle. */
  before: string[];
  /** Seconds that it took the last time; undefined: not known. */
  expectedS: number | undefined;
  /** Slots that it takes, 1 or more; never more than there are. */
  cpus: number;
  /** Memory that it is expected to need; undefined: not known. */
  memoryBytes: number | undefined;
};

/** done: carried out. skipped: there was no need. failed: carried out without success. blocked: not carried out, as one before it failed. */
export type TaskOutcome = 'done' | 'skipped' | 'failed' | 'blocked';
