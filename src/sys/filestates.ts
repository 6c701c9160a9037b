// filestates.ts - what files of a project are now, by content; what has not changed is not read again. Judges nothing.
import type { ByteString } from '../core/bytes.ts';
import { isSecretFile } from '../core/filerules.ts';
import { NumberList } from '../core/numberlists.ts';
import type { FileKind, FileState } from '../core/run.ts';
import { lstatIfThere } from './files.ts';
import { describeStat, hashFiles, hashWithRetry } from './hash.ts';
import { HashCache } from './hashcache.ts';
import type { Project } from './project.ts';
import { absoluteOf } from './project.ts';

/** Of the stats of a file what is kept. */
export type KeptStats = Pick<import('fs').Stats, 'dev' | 'ino' | 'mode' | 'size' | 'mtimeMs' | 'ctimeMs'>;

export function keepStats({ dev, ino, mode, size, mtimeMs, ctimeMs }: KeptStats): KeptStats {
  return { dev, ino, mode, size, mtimeMs, ctimeMs };
}

/** A file as it is now. Hash '?': it cannot be read, or it changed while it was. */
export type SeenFile = { state: FileState; stat: KeptStats };

const FILE_KINDS: FileKind[] = ['', 'x', 'l', 'd', 'p', 's', 'c', 'b'];
const UNHASHED = ['', '?', '-']; // '': there is a hash
const NUMBERS_OF_FILE = 8;
const BYTES_OF_HASH = 32;
const HASHES_OF_PIECE = 1024;

/** Files as they were when they were looked at, by their paths: of 100,000 objects are several times as much. */
export class SeenFiles {
  /** Of each path the number of its file; -1: there is none. */
  private readonly places = new Map<ByteString, number>();
  private readonly numbers = new NumberList();
  private readonly hashes: Buffer[] = [];

  has(path: ByteString): boolean {
    return this.places.has(path);
  }

  /** Undefined also if there was no such file. */
  get(path: ByteString): SeenFile | undefined {
    const place = this.places.get(path) ?? -1;
    return place < 0 ? undefined : { state: this.stateAt(place, path), stat: this.statAt(place) };
  }

  stateOf(path: ByteString): FileState | undefined {
    const place = this.places.get(path) ?? -1;
    return place < 0 ? undefined : this.stateAt(place, path);
  }

  statOf(path: ByteString): KeptStats | undefined {
    const place = this.places.get(path) ?? -1;
    return place < 0 ? undefined : this.statAt(place);
  }

  /** All paths, also of files that were not there. */
  paths(): Iterable<ByteString> {
    return this.places.keys();
  }

  private statAt(place: number): KeptStats {
    const { numbers } = this;
    const first = place * NUMBERS_OF_FILE;
    return { dev: numbers.get(first), ino: numbers.get(first + 1), mode: numbers.get(first + 2), size: numbers.get(first + 3), mtimeMs: numbers.get(first + 4), ctimeMs: numbers.get(first + 5) };
  }

  private stateAt(place: number, path: ByteString): FileState {
    const code = this.numbers.get(place * NUMBERS_OF_FILE + 7);
    const hash = UNHASHED[code % UNHASHED.length] || this.readHash(place);
    return { hash, size: this.numbers.get(place * NUMBERS_OF_FILE + 6), kind: FILE_KINDS[Math.floor(code / UNHASHED.length)], path };
  }

  set(path: ByteString, file: SeenFile | undefined): void {
    const known = this.places.get(path) ?? -1;
    if (file === undefined) this.places.set(path, -1);
    else if (known >= 0) this.put(known, file);
    else {
      const place = this.numbers.length / NUMBERS_OF_FILE;
      for (let i = 0; i < NUMBERS_OF_FILE; i++) this.numbers.push(0);
      if (place % HASHES_OF_PIECE === 0) this.hashes.push(Buffer.alloc(HASHES_OF_PIECE * BYTES_OF_HASH));
      this.places.set(path, place);
      this.put(place, file);
    }
  }

  private put(place: number, { state, stat }: SeenFile): void {
    const code = FILE_KINDS.indexOf(state.kind) * UNHASHED.length + Math.max(0, UNHASHED.indexOf(state.hash));
    [stat.dev, stat.ino, stat.mode, stat.size, stat.mtimeMs, stat.ctimeMs, state.size, code].forEach((number, i) => this.numbers.set(place * NUMBERS_OF_FILE + i, number));
    if (state.hash.length === 2 * BYTES_OF_HASH) this.hashes[Math.floor(place / HASHES_OF_PIECE)].write(state.hash, (place % HASHES_OF_PIECE) * BYTES_OF_HASH, 'hex');
  }

  private readHash(place: number): string {
    const from = (place % HASHES_OF_PIECE) * BYTES_OF_HASH;
    return this.hashes[Math.floor(place / HASHES_OF_PIECE)].toString('hex', from, from + BYTES_OF_HASH);
  }

  delete(path: ByteString): void {
    this.places.delete(path);
  }
}

/**
 * The files at these paths (as in a record) that are there. Hashes come from .rr/seen where size and
 * times are as when the file was last read; what is read anew is remembered there, if that can be.
 * Of `seen`, to which they are added, nothing is read again.
 */
export async function readFileStates(project: Project, paths: Iterable<ByteString>, seen = new SeenFiles()): Promise<SeenFiles> {
  const cache = new HashCache(project.own + '/seen');
  const pending: { name: ByteString; path: ByteString; sizeBytes: number }[] = [];
  for (const path of paths) {
    if (seen.has(path)) continue;
    const name = absoluteOf(project, path);
    const stat = lstatIfThere(name);
    if (stat === undefined) continue;
    const state = describeStat(stat, name, path);
    const known = state.hash === '?' ? cache.find(stat, path) : undefined;
    if (state.hash === '?' && known === undefined) pending.push({ name, path, sizeBytes: stat.size });
    seen.set(path, { state: { ...state, hash: known ?? state.hash }, stat });
  }
  const outcomes = await hashFiles(pending);
  pending.forEach(({ path }, i) => {
    const outcome = outcomes[i];
    const file = seen.get(path);
    if (outcome.kind !== 'hashed' || file === undefined) return;
    seen.set(path, { state: { ...file.state, hash: outcome.hash, size: outcome.size }, stat: file.stat });
    // Of what may hold a secret not even the hash is kept: a short one could be found by trying.
    if (outcome.size === file.stat.size && !isSecretFile(path)) cache.add(file.stat, path, outcome.hash);
  });
  cache.save();
  return seen;
}

/** The same of one file, read anew. */
export function readFileState(project: Project, path: ByteString): SeenFile | undefined {
  const name = absoluteOf(project, path);
  const stat = lstatIfThere(name);
  if (stat === undefined) return undefined;
  const state = describeStat(stat, name, path);
  if (state.hash === '?' && stat.isFile()) {
    const outcome = hashWithRetry(name);
    if (outcome.kind === 'hashed') Object.assign(state, { hash: outcome.hash, size: outcome.size });
  }
  return { state, stat: keepStats(stat) };
}
