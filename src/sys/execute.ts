// execute.ts - carries out one step in the project itself, and records it. Chooses no steps.
import type { ByteString } from '../core/bytes.ts';
import type { Run } from '../core/run.ts';

/** A step to be carried out. */
export type StepJob = {
  /** Key of its task. */
  key: string;
  /**
   * What is to be run, as a record would tell it: command, directory, redirects, parameters,
   * parameterFiles, metricsFiles, variables (set for the command), declaredVariables,
   * declaredInputs, declaredOutputs, timeoutS, asked, label, reason, tags, plan, sweep, because,
   * job, and in `observed` how files are to be found: as in a record, 'auto' where nothing is said
   * (so 'none', 'scan', 'atime', 'strace 6.1', 'auto'). All other facts are not looked at.
   */
  template: Run;
  /** The run whose results this one takes the place of. What of it is there is set aside while the command runs, and put back if that fails. */
  prior: Run | undefined;
  /** Contents to be put into the project before, at the path of each: inputs that were overwritten since (found by their hash). */
  restore: { hash: string; size: number; kind: Run['inputs'][number]['kind']; path: ByteString }[];
  /** Put back the outputs of an earlier run with the same key instead of running the command, if there is one. */
  isReused: boolean;
};

/** How a step ended. `problems`: what could not be recorded, as sentences. */
export type StepEnd = {
  key: string;
  run: Run;
  /** Did it succeed, and leave every output that was declared? */
  isGood: boolean;
  problems: string[];
};
