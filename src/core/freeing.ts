// freeing.ts - which contents and entries of a store go, to free space. Knows no files and no clock.
import { compareBytes } from './bytes.ts';
import type { ByteString } from './bytes.ts';
import type { GraphRun } from './graph.ts';

/** A content in a store. `usedMs`: when it was last put or asked for, in milliseconds since 1970. */
export type StoredContent = { hash: string; sizeBytes: number; usedMs: number };

/** A run that can be reused as long as all of these contents are there. */
export type StoredEntry = { path: string; id: string; command: ByteString; hashes: string[]; sizeBytes: number; usedMs: number };

export type FreeingRequest = {
  contents: StoredContent[];
  entries: StoredEntry[];
  /** Runs whose entries stay, with their contents; and further contents that stay. */
  keptIds: Set<string>;
  keptHashes: Set<string>;
  /** What was not used since then goes. */
  beforeMs: number | undefined;
  /** The least recently used go, until no more than this is left. */
  mostBytes: number | undefined;
};

export type FreeingPlan = { contents: StoredContent[]; entries: StoredEntry[]; leftContents: number; leftEntries: number; leftBytes: number };

/**
 * What goes. An entry goes with the first of its contents, and also if one is not there any more. A
 * content was last used when it, or an entry that names it, was.
 */
export function planFreeing(request: FreeingRequest): FreeingPlan {
  const { contents, entries, keptIds, beforeMs, mostBytes } = request;
  const kept = new Set(request.keptHashes);
  const usedMs = new Map(contents.map((content) => [content.hash, content.usedMs]));
  for (const entry of entries) {
    for (const hash of entry.hashes) {
      if (keptIds.has(entry.id)) kept.add(hash);
      usedMs.set(hash, Math.max(usedMs.get(hash) ?? -Infinity, entry.usedMs));
    }
  }
  const lastUse = (content: StoredContent): number => usedMs.get(content.hash) as number;
  const isOld = (ms: number): boolean => beforeMs !== undefined && ms < beforeMs;
  const gone = new Set(contents.filter((content) => !kept.has(content.hash) && isOld(lastUse(content))).map((content) => content.hash));
  const there = new Set(contents.map((content) => content.hash));
  const isLeft = (entry: StoredEntry): boolean => entry.hashes.every((hash) => there.has(hash) && !gone.has(hash)) && (keptIds.has(entry.id) || !isOld(entry.usedMs));
  let left = sumBytes(contents.filter((content) => !gone.has(content.hash))) + sumBytes(entries.filter(isLeft));
  const byUse = contents.filter((content) => !kept.has(content.hash) && !gone.has(content.hash)).sort((a, b) => lastUse(a) - lastUse(b) || compareBytes(a.hash, b.hash));
  for (const content of byUse) {
    if (mostBytes === undefined || left <= mostBytes) break;
    gone.add(content.hash);
    left -= content.sizeBytes;
  }
  const leftContents = contents.filter((content) => !gone.has(content.hash));
  const leftEntries = entries.filter(isLeft);
  return {
    contents: contents.filter((content) => gone.has(content.hash)), entries: entries.filter((entry) => !isLeft(entry)),
    leftContents: leftContents.length, leftEntries: leftEntries.length, leftBytes: sumBytes(leftContents) + sumBytes(leftEntries),
  };
}

export function sumBytes(items: { sizeBytes: number }[]): number {
  return items.reduce((sum, item) => sum + item.sizeBytes, 0);
}

/** These runs, all runs that what they read came from, and the contents that any of them read or wrote. `runs` are in the order of their ids. */
export function listNeeded(runs: Pick<GraphRun, 'id' | 'inputs' | 'outputs'>[], wanted: Set<string>): { ids: Set<string>; hashes: Set<string> } {
  const ids = new Set<string>();
  const hashes = new Set<string>();
  const read = new Set<string>();
  // Whoever wrote such a content before may be where it came from: what is made is made from what was there.
  for (let at = runs.length - 1; at >= 0; at--) {
    const run = runs[at];
    if (!wanted.has(run.id) && !run.outputs.some((file) => read.has(file.hash))) continue;
    ids.add(run.id);
    for (const file of run.inputs) if (file.hash.length === 64) read.add(file.hash);
    for (const file of run.inputs.concat(run.outputs)) if (file.hash.length === 64) hashes.add(file.hash);
  }
  return { ids, hashes };
}
