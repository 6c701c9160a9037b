// paper.ts - what a paper takes from recorded runs, and what of it is not as recorded. Knows no files and no TeX.
import type { ByteString } from './bytes.ts';

/** Something to be told, with its place. `isFault`: the check fails. */
export type PaperFinding = { file: ByteString; line: number; text: ByteString; isFault: boolean };

/** A use of a macro that names a value, a run (by its label) or a result. A key with "#1" in it stands for any. */
export type PaperUse = { kind: 'value' | 'fact' | 'file'; key: ByteString; command: string; file: ByteString; line: number };

/** A file that the paper takes in: a picture, data, a listing or a part of the text. */
export type PaperInclusion = {
  kind: 'picture' | 'data' | 'listing' | 'text';
  /** As it stands in the paper. */
  name: ByteString;
  /** Absolute, and as a record has it; undefined if there is no such file in the project. */
  found: { name: ByteString; path: ByteString } | undefined;
  /** Why there is nothing found. */
  why: ByteString;
  file: ByteString;
  line: number;
};

/** Files of macros are those among the paper's files that rr made. `notes`: what could not be followed. */
export type Paper = {
  uses: PaperUse[];
  inclusions: PaperInclusion[];
  macros: { file: ByteString; text: ByteString }[];
  notes: PaperFinding[];
};

/** Does a key, in which "#1" stands for anything, fit this one? */
export function matchesKey(pattern: ByteString, key: ByteString): boolean {
  const [first, ...others] = pattern.split(/#\d?/);
  const last = others.pop();
  if (last === undefined) return pattern === key;
  if (!key.startsWith(first)) return false;
  // Each part where it stands first: to try the other places takes longer with each "#".
  let at = first.length;
  for (const part of others) {
    const found = key.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return key.length - last.length >= at && key.endsWith(last);
}

/** The keys that a paper uses, to be asked of many. */
export class UsedKeys {
  private readonly plain = new Set<string>();
  private readonly patterns: { kind: string; key: ByteString }[] = [];

  constructor(uses: PaperUse[]) {
    for (const { kind, key } of uses) {
      if (key.indexOf('#') < 0) this.plain.add(kind + ' ' + key);
      else this.patterns.push({ kind, key });
    }
  }

  has(kind: string, key: ByteString): boolean {
    return this.plain.has(kind + ' ' + key) || this.patterns.some((one) => one.kind === kind && matchesKey(one.key, key));
  }
}
