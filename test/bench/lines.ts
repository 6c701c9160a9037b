// lines.ts - what a row gives: lines of the table, and an account of how they came about. Measures nothing.

/** How large the work is. Budgets are for the sizes that main.ts has for a full run. */
export type Sizes = { rounds: number; steps: number; runs: number; files: number; mebibytes: number; points: number };

/** One program's part in a row. */
export type Part = {
  name: string;
  /** Words of its command, for a shell. */
  words: string[];
  /** Those whose versions are told. */
  programs: string[];
  /** What it does that the others do not, or leaves out. */
  does: string;
  /** Milliseconds, each of the round it was taken in. */
  rounds: { round: number; ms: number }[];
  /** Most memory of one of its processes. */
  peakBytes: number | undefined;
  /** Why it was left out. */
  failure: string | undefined;
};

/** What is told of a row beside its lines: how the work was made ready, and each program's part in it. */
export type Account = { prepared: string[]; parts: Part[] };

/** Where things are, how large the work is, and how long it may take. */
export type Bench = {
  rr: string;
  call: string;
  scratch: string;
  sizes: Sizes;
  /** What the rounds of one program may take, but for the first three. */
  spendMs: number;
  /** A program that takes longer is stopped. */
  limitMs: number;
  /** No round begins after it (milliseconds of the system's clock). */
  endMs: number;
  account: Account;
};

/** A line of the table. Without a budget it is for information. */
export type Line =
  | { kind: 'ratio'; what: string; ratios: number[]; budget?: number; floor?: string }
  | { kind: 'megabytes'; what: string; megabytes: number; budget?: number }
  | { kind: 'growth'; what: string; points: GrowthPoint[] }
  | { kind: 'absent'; what: string; why: string };

/** Median time of work of this size. */
export type GrowthPoint = { size: number; ms: number };

/** A number with its thousands set apart. */
export function printCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

export type Row = {
  name: string;
  help: string;
  measure: (bench: Bench) => Line[];
};
