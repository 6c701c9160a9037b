// failure.ts - the one error type for what a user can meet. Knows no output.

/** Exit statuses of rr itself; `record` otherwise passes on the command's. See docs/rr.1, EXIT STATUS. */
export const EXIT = {
  /** The question was answered with no: something is not as recorded. */
  differs: 1,
  usage: 2,
  /** `make` could not make a step: an input is gone, say. */
  unmakeable: 120,
  /** `record` refused before the command started. */
  refused: 121,
  /** The command succeeded, its record could not be written in full. */
  notRecorded: 122,
  /** The command succeeded, a declared output did not appear. */
  outputMissing: 123,
  timeout: 124,
  /** rr could not do its work. */
  failed: 125,
} as const;

/**
 * An expected failure: `message` says cannot + act + the thing quoted + its state, `hint` the next
 * command to try. Only main prints it, as `rr: MESSAGE` and `rr: hint: HINT`.
 */
export class Failure extends Error {
  readonly hint: string;
  readonly exitStatus: number;
  constructor(message: string, hint = '', exitStatus: number = EXIT.failed) {
    super(message);
    this.hint = hint;
    this.exitStatus = exitStatus;
  }
}
