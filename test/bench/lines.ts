// lines.ts - what a row gives: lines of the table. Measures nothing.

/** Where things are, and how often a short program is run. */
export type Bench = { rr: string; call: string; scratch: string; rounds: number };

/** A line of the table. Without a budget it is for information. */
export type Line =
  | { kind: 'ratio'; what: string; ratios: number[]; ms: number; againstMs: number; budget?: number; floor?: string }
  | { kind: 'megabytes'; what: string; megabytes: number; budget?: number }
  | { kind: 'absent'; what: string; why: string };

export type Row = {
  name: string;
  help: string;
  /** Only run if it is named: it takes minutes. */
  isLong: boolean;
  measure: (bench: Bench) => Line[];
};
