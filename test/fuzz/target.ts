// target.ts - what can be fuzzed: a reader, what it is fed, and who else reads the same.
import type { ByteString } from '../../src/core/bytes.ts';
import { Failure } from '../../src/core/failure.ts';
import type { Dice } from './dice.ts';

/** A second reader, asked about many inputs at once because it is another program. */
export type FuzzJudge = {
  /** Why it cannot be asked here; false if it can. */
  lacks: () => string | false;
  /** How many inputs at once. */
  batch: number;
  /** For each input that the target accepted: what is wrong, undefined if nothing is. */
  find: (inputs: ByteString[]) => (string | undefined)[];
};

export type FuzzTarget = {
  name: string;
  /** Inputs to start from, made by code or by real programs; read once by each process. */
  corpus: () => ByteString[];
  /** Words of the format, to be put in. */
  dictionary?: ByteString[];
  /** An input from nothing, by the format's grammar. */
  generate?: (dice: Dice) => ByteString;
  /** Are numbers at their edges (0, -1, 7fffffff) put in as bytes? */
  isBinary?: boolean;
  /**
   * Reads the input. A Failure, or false, is a refusal; failCase() is a wrong value; whatever else is
   * thrown is a crash.
   */
  check: (input: ByteString) => boolean | void;
  /** Is this error the reader's own way to refuse? Preset: a Failure is. */
  isRefusal?: (error: unknown) => boolean;
  judge?: FuzzJudge;
  /** Long inputs that once took time by the square of their length: head, the piece repeated, tail. */
  long?: [ByteString, ByteString, ByteString][];
  /** No input is longer. Preset: 256 KiB. */
  mostBytes?: number;
  /** What a byte of input may cost in memory. Preset: 400; 64 MiB are free. */
  memoryPerByte?: number;
  /** How many of the cases it gets, 1 being all: less for what is slow, such as a judge a case. */
  share?: number;
};

/** A wrong value: thrown by failCase(). */
export class WrongValue extends Error {
  /** What was promised and not kept; the same for the same fault. */
  readonly claim: string;
  constructor(claim: string, detail: string) {
    super(claim + (detail === '' ? '' : ': ' + detail));
    this.claim = claim;
  }
}

/** Says that a case is at fault: `claim` names the promise, `detail` is of this case. */
export function failCase(claim: string, detail: string = ''): never {
  throw new WrongValue(claim, detail);
}

/** Fails unless the texts are the same. */
export function claimSame(claim: string, found: unknown, wanted: unknown): void {
  if (found === wanted) return;
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (one !== other || typeof found === 'string') failCase(claim, clip(String(one)) + ' is not ' + clip(String(other)));
}

function clip(text: string): string {
  return text.length > 600 ? text.slice(0, 400) + ' ... ' + text.slice(-150) : text;
}

/** Did the reader refuse by its own error? */
export function isRefusal(target: FuzzTarget, error: unknown): boolean {
  return target.isRefusal === undefined ? error instanceof Failure : target.isRefusal(error);
}
