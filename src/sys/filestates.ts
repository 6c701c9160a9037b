// filestates.ts - what files of a project are now, by content; what has not changed is not read again. Judges nothing.
import type { ByteString } from '../core/bytes.ts';
import { isSecretFile } from '../core/filerules.ts';
import type { FileState } from '../core/run.ts';
import { lstatIfThere } from './files.ts';
import { describeStat, hashFiles, hashWithRetry } from './hash.ts';
import { HashCache } from './hashcache.ts';
import type { Project } from './project.ts';
import { absoluteOf } from './project.ts';

/** Of the stats of a file what is kept: with its dates and the rest an object of Node.js takes ten times as much. */
export type KeptStats = Pick<import('fs').Stats, 'dev' | 'ino' | 'mode' | 'size' | 'mtimeMs' | 'ctimeMs'>;

export function keepStats({ dev, ino, mode, size, mtimeMs, ctimeMs }: KeptStats): KeptStats {
  return { dev, ino, mode, size, mtimeMs, ctimeMs };
}

/** A file as it is now. Hash '?': it cannot be read, or it changed while it was. */
export type SeenFile = { state: FileState; stat: KeptStats };

/**
 * The files at these paths (as in a record) that are there. Hashes come from .rr/seen where size and
 * times are as when the file was last read; what is read anew is remembered there, if that can be.
 */
export async function readFileStates(project: Project, paths: Iterable<ByteString>): Promise<Map<ByteString, SeenFile>> {
  const cache = new HashCache(project.own + '/seen');
  const seen = new Map<ByteString, SeenFile>();
  const pending: { name: ByteString; file: SeenFile }[] = [];
  for (const path of paths) {
    if (seen.has(path)) continue;
    const name = absoluteOf(project, path);
    const stat = lstatIfThere(name);
    if (stat === undefined) continue;
    const file = { state: describeStat(stat, name, path), stat: keepStats(stat) };
    seen.set(path, file);
    if (file.state.hash !== '?') continue;
    const known = cache.find(file.stat, path);
    if (known === undefined) pending.push({ name, file });
    else file.state.hash = known;
  }
  const outcomes = await hashFiles(pending.map(({ name, file }) => ({ name, sizeBytes: file.stat.size })));
  pending.forEach(({ file }, i) => {
    const outcome = outcomes[i];
    if (outcome.kind !== 'hashed') return;
    file.state.hash = outcome.hash;
    file.state.size = outcome.size;
    // Of what may hold a secret not even the hash is kept: a short one could be found by trying.
    if (outcome.size === file.stat.size && !isSecretFile(file.state.path)) cache.add(file.stat, file.state.path, outcome.hash);
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
