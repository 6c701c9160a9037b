// gc.ts - rr gc: frees space in .rr or in a cache: contents kept for reuse, what repeats and failed steps left.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { listNeeded, planFreeing, sumBytes } from '../core/freeing.ts';
import type { FreeingPlan } from '../core/freeing.ts';
import { DURATION_WORDS, parseDuration, parseSize, SIZE_WORDS } from '../core/quantities.ts';
import { RUN_ID } from '../core/run.ts';
import { countThings } from '../formats/amounts.ts';
import { readUtcMicros } from '../sys/clock.ts';
import { errorCode, listFolder, lstatIfThere, statIfThere } from '../sys/files.ts';
import { readCurrentFolder, resolveLinks } from '../sys/machine.ts';
import { pickAnnotatedRuns } from '../sys/pickrun.ts';
import { describeSystemError, requireProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { readRun } from '../sys/records.ts';
import { readGraphRuns } from '../sys/runindex.ts';
import { removeAbandonedScratch, removeTree } from '../sys/scratch.ts';
import { readMarks } from '../sys/store.ts';
import { listStored, removeStored } from '../sys/stored.ts';
import type { Leftover } from '../sys/stored.ts';
import { printOut, tell } from '../sys/terminal.ts';
import { printFreed, printWouldGo } from '../views/freed.ts';
import type { Freed } from '../views/freed.ts';

export type GcOptions = {
  project: ByteString | undefined;
  older: ByteString | undefined;
  size: ByteString | undefined;
  keep: ByteString[];
  cache: ByteString | undefined;
  aside: boolean;
  dryRun: boolean;
  quiet: boolean;
};

/** Runs with this tag are kept as if --keep named them. */
const KEEP_TAG = 'keep';

function readFreeingLimits(options: GcOptions): { beforeMs: number | undefined; mostBytes: number | undefined } {
  const olderS = options.older === undefined ? undefined : parseDuration(options.older);
  if (options.older !== undefined && olderS === undefined) throw new Failure('cannot use --older "' + options.older + '": not a time', 'write ' + DURATION_WORDS, EXIT.usage);
  const mostBytes = options.size === undefined ? undefined : options.size === '0' ? 0 : parseSize(options.size);
  if (options.size !== undefined && mostBytes === undefined) throw new Failure('cannot use --size "' + options.size + '": not a size', 'write ' + SIZE_WORDS, EXIT.usage);
  return { beforeMs: olderS === undefined ? undefined : readUtcMicros() / 1000 - olderS * 1000, mostBytes };
}

/** What --keep and the tag want to stay, with all that it was made from. */
function findKept(project: Project, current: ByteString, keep: ByteString[]): { ids: Set<string>; hashes: Set<string> } {
  const { runs, faults } = readGraphRuns(project);
  if (faults.length > 0) throw new Failure('cannot tell what is to be kept: ' + faults[0].message, 'run "rr verify"');
  const wanted = new Set(runs.filter((run) => run.tags.indexOf(KEEP_TAG) >= 0).map((run) => run.id));
  for (const reference of keep) for (const { run } of pickAnnotatedRuns(project, current, reference)) wanted.add(run.id);
  const needed = listNeeded(runs, wanted);
  // Of a run whose outputs were put back the entry is that of the other.
  for (const id of Array.from(needed.ids)) {
    const { reused } = readRun(project, id) ?? {};
    if (reused !== undefined) needed.ids.add(reused);
  }
  return needed;
}

/** Folders .rr/different/ID and .rr/aside/ID that may go: those of runs that are over and not kept, and not younger than asked for. */
function listSideFolders(project: Project, options: GcOptions, keptIds: Set<string>, beforeMs: number | undefined): { path: string; sizeBytes: number }[] {
  if (options.cache !== undefined) return [];
  const active = new Set(readMarks(project).map((mark) => mark.run.id));
  const found: { path: string; sizeBytes: number }[] = [];
  for (const kind of beforeMs === undefined ? [] : ['different']) found.push(...listRunFolders(project, kind));
  for (const kind of options.aside ? ['aside'] : []) found.push(...listRunFolders(project, kind));
  return found.filter(({ path }) => {
    const id = path.slice(path.indexOf('/') + 1);
    const stat = lstatIfThere(project.own + '/' + path);
    return !active.has(id) && !keptIds.has(id) && stat !== undefined && (beforeMs === undefined || stat.mtimeMs < beforeMs);
  });
}

function listRunFolders(project: Project, kind: string): { path: string; sizeBytes: number }[] {
  const base = project.own + '/' + kind;
  if (lstatIfThere(base)?.isDirectory() !== true) return [];
  return listFolder(base).filter((name) => RUN_ID.test(name)).sort().map((name) => ({ path: kind + '/' + name, sizeBytes: measureTree(base + '/' + name) }));
}

function measureTree(name: ByteString): number {
  const stat = lstatIfThere(name);
  if (stat === undefined || !stat.isDirectory()) return stat?.size ?? 0;
  return listFolder(name).reduce((sum, entry) => sum + measureTree(name + '/' + entry), 0);
}

/** Takes away what the plan says, entries first: what is found until then is whole. */
function carryOut(folder: ByteString, plan: FreeingPlan, leftovers: Leftover[]): Freed {
  const freed: Freed = { contents: 0, entries: 0, leftovers: 0, folders: 0, bytes: 0, failed: 0 };
  const remove = (kind: 'contents' | 'entries' | 'leftovers', path: string, sizeBytes: number, usedMs: number | undefined): void => {
    const end = removeStored(folder, path, usedMs);
    if (end === 'failed') freed.failed += 1;
    if (end !== 'removed') return;
    freed[kind] += 1;
    freed.bytes += sizeBytes;
  };
  for (const { path, sizeBytes, usedMs } of plan.entries) remove('entries', path, sizeBytes, usedMs);
  for (const { hash, sizeBytes, usedMs } of plan.contents) remove('contents', 'objects/' + hash.slice(0, 2) + '/' + hash.slice(2), sizeBytes, usedMs);
  for (const { path, sizeBytes } of leftovers) remove('leftovers', path, sizeBytes, undefined);
  return freed;
}

function removeFolders(project: Project, folders: { path: string; sizeBytes: number }[], freed: Freed): void {
  for (const { path, sizeBytes } of folders) {
    try {
      removeTree(project.own + '/' + path);
      freed.folders += 1;
      freed.bytes += sizeBytes;
    } catch (error) {
      if (errorCode(error) === '') throw error;
      freed.failed += 1;
      tell('rr: cannot remove ".rr/' + path + '": ' + describeSystemError(error));
    }
  }
}

function findStore(project: Project, current: ByteString, cache: ByteString | undefined): ByteString {
  if (cache === undefined) return project.own;
  const folder = resolveLinks(cache[0] === '/' ? cache : current + '/' + cache);
  if (statIfThere(folder + '/objects') === undefined) throw new Failure('cannot use the cache "' + cache + '": it has no objects/', 'name the folder that --cache named before', EXIT.usage);
  return folder;
}

/** Frees space, and prints how much. Nothing that a run named by --keep needs is touched. */
export function freeSpace(options: GcOptions): number {
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  const { beforeMs, mostBytes } = readFreeingLimits(options);
  const folder = findStore(project, current, options.cache);
  const kept = findKept(project, current, options.keep);
  const stored = listStored(folder, options.cache !== undefined);
  const plan = planFreeing({ contents: stored.contents, entries: stored.entries, keptIds: kept.ids, keptHashes: kept.hashes, beforeMs, mostBytes });
  const folders = listSideFolders(project, options, kept.ids, beforeMs);
  if (options.dryRun) {
    const { contents, entries } = plan;
    const bytes = [contents, entries, stored.leftovers, folders].reduce((sum, list) => sum + sumBytes(list), 0);
    printOut(printWouldGo(entries, folders.map(({ path }) => '.rr/' + path)));
    printOut(printFreed({ contents: contents.length, entries: entries.length, leftovers: stored.leftovers.length, folders: folders.length, bytes, failed: 0 }, plan, true));
    return 0;
  }
  const freed = carryOut(folder, plan, stored.leftovers);
  removeFolders(project, folders, freed);
  if (options.cache === undefined) removeAbandonedScratch(project);
  if (!options.quiet) printOut(printFreed(freed, plan, false));
  else if (freed.failed > 0) tell('rr: not removed: ' + countThings(freed.failed, 'file'));
  return freed.failed > 0 ? EXIT.failed : 0;
}
