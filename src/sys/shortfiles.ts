// shortfiles.ts - states of files for many short steps in a row: what has not changed since it was hashed is not read again. Knows no steps.
import type { ByteString } from '../core/bytes.ts';
import type { FileState } from '../core/run.ts';
import { lstatIfThere } from './files.ts';
import { describeStat, hashWithRetry } from './hash.ts';
import { HashCache } from './hashcache.ts';
import { absoluteOf } from './project.ts';
import type { Project } from './project.ts';

type FileStat = import('fs').Stats;

/** A file at one moment. `problem`: why its hash is not known, as a part of a sentence. */
export type ShortSeen = { stat: FileStat; state: FileState; problem: string | undefined };

// Below this it is as fast to hash a file as to look it up in the cache on the disk.
const LOOKED_UP_BYTES = 1 << 20;
const MOST_KEPT = 50000;

/** Is it the same file, and nothing was written to it meanwhile? */
export function isSameSeen(one: FileStat | undefined, other: FileStat | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.ino === other.ino && one.size === other.size && one.mtimeMs === other.mtimeMs && one.ctimeMs === other.ctimeMs && one.mode === other.mode && one.dev === other.dev;
}

export class ShortFiles {
  private readonly project: Project;
  private readonly seen = new Map<ByteString, ShortSeen>();
  private readonly cache: HashCache;

  constructor(project: Project) {
    this.project = project;
    this.cache = new HashCache(project.own + '/seen');
  }

  stat(path: ByteString): FileStat | undefined {
    return lstatIfThere(absoluteOf(this.project, path));
  }

  /** The file as it is now; undefined if it is not there. */
  look(path: ByteString, stat = this.stat(path)): ShortSeen | undefined {
    if (stat === undefined) return undefined;
    const known = this.seen.get(path);
    if (known !== undefined && isSameSeen(known.stat, stat)) return known;
    const seen = this.read(path, stat);
    // Of a file that was written to while it was read nothing is known afterwards.
    if (seen.problem !== undefined) return seen;
    if (this.seen.size >= MOST_KEPT) this.seen.clear();
    this.seen.set(path, seen);
    return seen;
  }

  private read(path: ByteString, stat: FileStat): ShortSeen {
    const name = absoluteOf(this.project, path);
    const state = describeStat(stat, name, path);
    if (state.hash !== '?') return { stat, state, problem: undefined };
    const found = stat.size < LOOKED_UP_BYTES ? undefined : this.cache.find(stat, path);
    if (found !== undefined) return { stat, state: { ...state, hash: found }, problem: undefined };
    const outcome = hashWithRetry(name);
    if (outcome.kind !== 'hashed') return { stat, state, problem: outcome.kind === 'changing' ? 'was written to while it was hashed' : outcome.kind === 'gone' ? 'vanished while it was looked at' : 'cannot be read' };
    if (stat.size >= LOOKED_UP_BYTES) this.cache.add(stat, path, outcome.hash);
    return { stat, state: { ...state, hash: outcome.hash, size: outcome.size }, problem: undefined };
  }

  /** Of a path that a step writes. */
  forget(path: ByteString): void {
    this.seen.delete(path);
  }

  /** Keeps hashes of large files for other commands of rr. */
  save(): void {
    this.cache.save();
  }
}
