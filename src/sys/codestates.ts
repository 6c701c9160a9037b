// codestates.ts - the code of a run as its record tells it: a commit of git with a patch on it. Writes nothing.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import type { FileState, Run } from '../core/run.ts';
import { applyPatchSection, LARGEST_PATCHED_BYTES } from '../formats/gitapply.ts';
import { GIT_LINK, GIT_SYMLINK } from '../formats/gitindex.ts';
import type { ContentFinder } from './contents.ts';
import { findCommitFile, readObjectBody } from './gitobjects.ts';
import { runGit } from './gitprocess.ts';
import type { GitRepository } from './gitrepo.ts';
import { inflateBytes } from './gitrepo.ts';
import { hashBytes } from './hash.ts';

/** `commit` is 'none' before the first one. */
export type RecordedCode = { repository: GitRepository; commit: string; patch: string | undefined };

/** The project's own checkout as it was when the run began; undefined if git had none, or it is not there any more. */
export function findRecordedCode(finder: ContentFinder, run: Run): RecordedCode | undefined {
  const words = /^git (none|[0-9a-f]{40}|[0-9a-f]{64})(?: dirty ([0-9a-f]{64}|-))?$/.exec(run.code ?? '');
  const repository = words === null ? undefined : finder.ownRepository();
  return words === null || repository === undefined ? undefined : { repository, commit: words[1], patch: words[2] };
}

/**
 * A tracked file as the recorded code has it, with its hash; undefined if it is none of it, or not to be
 * had. What a filter or another end of line makes of it in a work tree is not in it. `name` is relative
 * to the top of the work tree, `path` to the project.
 */
export function readRecordedFile(finder: ContentFinder, code: RecordedCode, name: ByteString, path: ByteString): { file: FileState; content: ByteString } | undefined {
  const entry = code.commit === 'none' ? undefined : findCommitFile(code.repository, code.commit, name);
  if (entry?.mode === GIT_LINK || entry?.mode === GIT_SYMLINK) return undefined;
  const committed = entry === undefined ? undefined : readObjectBody(code.repository, entry.id, 'blob');
  const section = code.patch === undefined ? undefined : finder.readPatch(code.patch).get(name);
  if (section?.kind === 'deleted' || (entry !== undefined && committed === undefined)) return undefined;
  const content = section === undefined ? committed : applyPatchSection(section, committed ?? '', (bytes) => inflateBytes(bytes, LARGEST_PATCHED_BYTES));
  if (content === undefined) return undefined;
  const mode = section?.mode ?? entry?.mode ?? 0;
  return { file: { hash: hashBytes(content), size: content.length, kind: (mode & 0o100) === 0 ? '' : 'x', path }, content };
}

/** First line of the commit's message; undefined if it is not to be had. */
export function readSubject(code: RecordedCode): ByteString | undefined {
  const body = code.commit === 'none' ? undefined : readObjectBody(code.repository, code.commit, 'commit');
  const blank = (body ?? '').indexOf('\n\n');
  return body === undefined || blank < 0 ? undefined : body.slice(blank + 2).split('\n')[0];
}

/** How many commits only the first has in its history, and how many only the second; undefined if git cannot tell. */
export function countCommitsBetween(first: RecordedCode, second: RecordedCode): { first: number; second: number } | undefined {
  if (first.commit === 'none' || second.commit === 'none') return undefined;
  const answer = runGit(first.repository, ['rev-list', '--count', '--left-right', first.commit + '...' + second.commit, '--']);
  const counts = answer.kind === 'done' ? /^(\d+)\t(\d+)\n$/.exec(answer.output) : null;
  return counts === null ? undefined : { first: Number(counts[1]), second: Number(counts[2]) };
}

/** Names of tracked files, relative to the top, in which the two may differ, sorted; undefined if git cannot tell. */
export function listChangedNames(finder: ContentFinder, first: RecordedCode, second: RecordedCode): ByteString[] | undefined {
  const names = new Set<ByteString>();
  if (first.commit !== second.commit) {
    if (first.commit === 'none' || second.commit === 'none') return undefined;
    const answer = runGit(first.repository, ['diff-tree', '-r', '-z', '--name-only', '--no-renames', first.commit, second.commit, '--']);
    if (answer.kind !== 'done') return undefined;
    for (const name of answer.output.split('\0')) if (name !== '') names.add(name);
  }
  if (first.patch !== second.patch) {
    for (const { patch } of [first, second]) if (patch !== undefined) for (const name of finder.readPatch(patch).keys()) names.add(name);
  }
  return Array.from(names).sort(compareBytes);
}
