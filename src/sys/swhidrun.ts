// swhidrun.ts - SWHIDs of what a run ran, read and wrote, as far as the contents are still to be had. Prints nothing.
import type { ByteString } from '../core/bytes.ts';
import type { FileState, Run } from '../core/run.ts';
import { isComparable } from '../core/run.ts';
import { originOfRemote, printSwhid } from '../formats/swhid.ts';
import type { SwhidQualifiers } from '../formats/swhid.ts';
import { ContentFinder } from './contents.ts';
import { findCommitEntry } from './gitobjects.ts';
import type { KnownTrees } from './gitobjects.ts';
import { absoluteOf } from './project.ts';
import type { Project } from './project.ts';
import { hashSwhidObject, identifyContent } from './swhid.ts';
import type { Remark } from './swhid.ts';

/** `lost`: files whose content is nowhere any more. */
export type NamedRun = { files: { path: ByteString; hex: string; qualifiers: SwhidQualifiers }[]; lost: Remark };

function hexOf(finder: ContentFinder, file: FileState, run: Run): string | undefined {
  const found = finder.find(file, run);
  if (found === undefined) return undefined;
  if (found.kind === 'bytes') return hashSwhidObject('blob', found.content);
  // What it was found by may be some time old.
  const identity = identifyContent(found.name, true);
  return identity.sha256 === file.hash ? identity.hex : undefined;
}

/**
 * The contents of a run's inputs and outputs, in the order of the record. One that the commit of the run
 * has under the same name has that as its anchor, whatever else was changed.
 */
export function nameFilesOfRun(project: Project, run: Run): NamedRun {
  const named: NamedRun = { files: [], lost: { count: 0, paths: [] } };
  const finder = new ContentFinder(project);
  const trees: KnownTrees = { roots: new Map(), entries: new Map() };
  const repository = finder.ownRepository();
  const commit = /^git ([0-9a-f]{40})(?: |$)/.exec(run.code ?? '')?.[1];
  for (const file of run.inputs.concat(run.outputs)) {
    if (!isComparable(file)) continue;
    const hex = hexOf(finder, file, run);
    if (hex === undefined) {
      named.lost.count += 1;
      if (named.lost.paths.length < 3) named.lost.paths.push(file.path);
      continue;
    }
    const name = absoluteOf(project, file.path);
    const inTop = repository !== undefined && name.startsWith(repository.top + '/') ? name.slice(repository.top.length + 1) : undefined;
    const isThere = inTop !== undefined && commit !== undefined && repository !== undefined && findCommitEntry(repository, commit, inTop, trees)?.id === hex;
    const qualifiers = isThere ? { origin: originOfRemote(run.codeRemote), anchor: printSwhid('rev', commit as string), path: '/' + String(inTop) } : {};
    named.files.push({ path: file.path, hex, qualifiers });
  }
  finder.close();
  return named;
}
