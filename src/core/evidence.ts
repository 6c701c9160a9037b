// evidence.ts - what in a project and its records speaks for a claim that reviewers check. Knows no files and no spelling.
import type { ByteString } from './bytes.ts';
import { isFaithfulRepeat, isRepeatAccepted } from './repeat.ts';
import type { Acceptance, Run } from './run.ts';

/** What lies in the project's own folder; names, sorted. */
export type ProjectNames = { readmes: ByteString[]; licenses: ByteString[]; tests: ByteString[]; automation: ByteString[]; documents: ByteString[] };

/** How the last repeat of a run came out; undefined if none is recorded that had the same code and inputs. */
export type RepeatEvidence = { run: Run; repeat: Pick<Run, 'id' | 'environment' | 'verdicts'> | undefined; isIdentical: boolean; isAccepted: boolean };

/** What is known beside the publication itself. */
export type Evidence = {
  names: ProjectNames;
  /** Of each published run, in its order. */
  repeats: RepeatEvidence[];
  /** Paths of results whose file is not as recorded now, or gone. */
  changedResults: ByteString[];
};

/** The last faithful repeat of each of these runs among all that are recorded, of which `readRecord` gives the whole. */
export function judgeLastRepeats(runs: Run[], recorded: Pick<Run, 'id' | 'repeats'>[], readRecord: (id: string) => Run | undefined): RepeatEvidence[] {
  const repeats = new Map<string, string[]>();
  for (const { id, repeats: original } of recorded) if (original !== undefined) repeats.set(original, (repeats.get(original) ?? []).concat(id));
  const findLast = (run: Run): Run | undefined => {
    for (const id of (repeats.get(run.id) ?? []).sort().reverse()) {
      const repeat = readRecord(id);
      if (repeat !== undefined && isFaithfulRepeat(run, repeat)) return repeat;
    }
    return undefined;
  };
  return runs.map((run) => {
    const repeat = findLast(run);
    if (repeat === undefined) return { run, repeat, isIdentical: false, isAccepted: false };
    const { id, environment, verdicts } = repeat;
    const isAcceptedAs = (accept: Acceptance): boolean => verdicts.length > 0 && isRepeatAccepted(run, repeat, accept);
    return { run, repeat: { id, environment, verdicts }, isIdentical: isAcceptedAs('identical'), isAccepted: isAcceptedAs('tolerance') };
  });
}

/** Sources that the runs read and that no version control has as they were: paths, sorted. */
export function listUnkeptSources(runs: Run[]): ByteString[] {
  const paths = new Set<ByteString>();
  for (const run of runs) for (const file of run.codeFiles) if (file.state !== 'clean') paths.add(file.path);
  return Array.from(paths).sort();
}

/** The commits that the runs were made with: 'SYSTEM COMMIT', and whether it was changed. */
export function listCommits(runs: Run[]): { commit: ByteString; isChanged: boolean; count: number }[] {
  const found = new Map<string, { commit: ByteString; isChanged: boolean; count: number }>();
  for (const { code } of runs) {
    if (code === undefined) continue;
    const [system, commit] = code.split(' ');
    if (commit === undefined || commit === 'none') continue; // before the first commit
    const isChanged = / dirty\b/.test(code);
    const key = system + ' ' + commit + (isChanged ? ' changed' : '');
    const entry = found.get(key);
    if (entry === undefined) found.set(key, { commit: system + ' ' + commit, isChanged, count: 1 });
    else entry.count += 1;
  }
  return Array.from(found.values());
}
