// reproducible.ts - would this file come out the same if it were made again? Told from records and from what changed. Knows no files on a disk.
import type { ByteString } from './bytes.ts';
import { findRepeatObstacle, isFaithfulRepeat } from './repeat.ts';
import type { FileState, Run, Verdict } from './run.ts';

// 1. "no": the last repeat of a run that tells of a needed file came to other bytes, or to none. A repeat
//    with other code or inputs tells nothing.
// 2. "yes": each run of the chain has a repeat that came to the same bytes, or within a stated
//    tolerance; and nothing that the runs need is known to have changed or gone since.
// 3. "unknown": all else, with every reason.
// What could keep a run from being repeated (a withheld secret, reads that were not watched) counts
// only as long as no repeat has shown that it does not.

/** How an input that no run made is now, against what was read. */
export type LeafState = 'same' | 'changed' | 'gone' | 'unknown';

/** A run of the chain. */
export type ChainLink = {
  id: string;
  /** Undefined if its record cannot be read. */
  run: Run | undefined;
  /** Paths of those of its outputs that the file was made from, or is. */
  needed: ByteString[];
  /** Its repeats in the order of their ids. */
  repeats: Run[];
};

export type Leaf = { file: FileState; state: LeafState; isCode: boolean; /** Ids of the runs that read it. */ readers: string[] };

export type ReasonWord = 'came out differently' | 'changed since' | 'gone' | 'content not known' | 'never repeated' | 'not compared' | 'environment differs'
  | 'withheld secret' | 'cannot be repeated' | 'reads not watched' | 'did not succeed' | 'record not readable';

/** What a person can do something about first. */
const REASON_ORDER: ReasonWord[] = ['changed since', 'gone', 'content not known', 'environment differs', 'withheld secret', 'did not succeed', 'cannot be repeated', 'record not readable',
  'reads not watched', 'not compared', 'never repeated'];

export type Reason = { word: ReasonWord; /** What it is true of: a path, an id, a program; with words that explain. */ subject: ByteString; /** Of which run, if the subject does not tell. */ id: string };

export type Reproducible =
  | { kind: 'yes'; /** All bytes were the same; else some were within a stated tolerance. */ isExact: boolean; /** The repeats that show it; first that of the run that made the file. */ shownBy: string[] }
  | { kind: 'no' | 'unknown'; reasons: Reason[] };

/** What the last repeat that tells says of the needed files of a run. */
type Shown = { kind: 'shown'; isExact: boolean; by: Run } | { kind: 'denied'; by: Run; verdict: Verdict } | { kind: 'open'; reason: Reason };

/** The worst verdict on the needed files; undefined if not all have one that tells. */
function worstVerdict(repeat: Run, needed: ByteString[]): Verdict | undefined {
  const byPath = new Map(repeat.verdicts.map((verdict) => [verdict.path, verdict]));
  let worst: Verdict | undefined;
  let isWhole = true;
  for (const path of needed) {
    const verdict = byPath.get(path);
    if (verdict === undefined || verdict.word === 'unchecked' || verdict.word === 'extra') isWhole = false;
    else if (verdict.word === 'different' || verdict.word === 'missing') return verdict;
    else if (worst === undefined || verdict.word === 'tolerance') worst = verdict;
  }
  return isWhole ? worst : undefined;
}

function judgeRepeats(link: ChainLink): Shown {
  const { run } = link;
  const repeats = run === undefined ? link.repeats : link.repeats.filter((repeat) => isFaithfulRepeat(run, repeat));
  for (let i = repeats.length - 1; i >= 0; i--) {
    const by = repeats[i];
    const verdict = worstVerdict(by, link.needed);
    if (verdict === undefined) continue;
    if (verdict.word === 'different' || verdict.word === 'missing') return { kind: 'denied', by, verdict };
    return { kind: 'shown', isExact: verdict.word === 'identical', by };
  }
  const last = repeats[repeats.length - 1];
  if (last === undefined) return { kind: 'open', reason: { word: 'never repeated', subject: link.id, id: link.id } };
  return { kind: 'open', reason: { word: 'not compared', subject: link.id + ' (repeated by ' + last.id + ')', id: link.id } };
}

/** What may keep a run from being repeated, by its record alone. */
function findObstacles(run: Run): Reason[] {
  const reasons: Reason[] = [];
  const add = (word: ReasonWord, subject: ByteString): void => { reasons.push({ word, subject, id: run.id }); };
  if (run.status !== 'succeeded') add('did not succeed', run.id + ' (' + run.status + ')');
  const obstacle = findRepeatObstacle(run);
  if (obstacle !== undefined) add('cannot be repeated', run.id + ': ' + obstacle);
  for (const one of run.variableHashes) add('withheld secret', 'variable ' + one.split(' ')[0] + ' of ' + run.id);
  for (const one of run.secretInputs) add('withheld secret', 'file ' + one.slice(one.indexOf(' ') + 1) + ', read by ' + run.id);
  if (!run.observed.startsWith('strace')) add('reads not watched', run.id + ' (' + run.observed + ')');
  for (const input of run.inputs) if (input.hash === '?') add('content not known', input.path + ', read by ' + run.id);
  return reasons;
}

/** Of a raw input that is not any more what was read. */
function findLeafReasons(leaf: Leaf): Reason[] {
  if (leaf.state === 'same' || leaf.state === 'unknown') return [];
  const readers = leaf.readers.length > 1 ? leaf.readers[0] + ' and ' + String(leaf.readers.length - 1) + ' more' : leaf.readers[0];
  return [{ word: leaf.state === 'gone' ? 'gone' : 'changed since', subject: (leaf.isCode ? 'code ' : 'input ') + leaf.file.path + ', read by ' + readers, id: leaf.readers[0] }];
}

/** A difference between the software of a run and what is there now. */
export type SoftwareChange = { subject: ByteString };

/**
 * The answer for the chain of a file, the run that made it first. `changesOf` tells what of an
 * environment (by the hash of its record) is not any more what it was.
 */
export function judgeReproducible(chain: ChainLink[], leaves: Leaf[], changesOf: (environment: string) => SoftwareChange[]): Reproducible {
  const denials: Reason[] = [];
  const doubts: Reason[] = [];
  const environments = new Set<string>();
  const shownBy: string[] = [];
  let isExact = true;
  for (const link of chain) {
    const shown = judgeRepeats(link);
    if (shown.kind === 'denied') denials.push({ word: 'came out differently', subject: describeDenial(shown.verdict, shown.by), id: link.id });
    else if (shown.kind === 'open') doubts.push(shown.reason);
    else {
      shownBy.push(shown.by.id);
      isExact = isExact && shown.isExact;
    }
    if (link.run === undefined) doubts.push({ word: 'record not readable', subject: link.id, id: link.id });
    else if (shown.kind !== 'shown') doubts.push(...findObstacles(link.run));
    const environment = shown.kind === 'shown' ? shown.by.environment : link.run?.environment;
    if (environment !== undefined) environments.add(environment);
  }
  for (const leaf of leaves) doubts.push(...findLeafReasons(leaf));
  doubts.push(...findSoftwareReasons(environments, changesOf));
  doubts.sort((a, b) => REASON_ORDER.indexOf(a.word) - REASON_ORDER.indexOf(b.word));
  if (denials.length > 0) return { kind: 'no', reasons: denials };
  return doubts.length > 0 ? { kind: 'unknown', reasons: doubts } : { kind: 'yes', isExact, shownBy };
}

function describeDenial(verdict: Verdict, by: Run): ByteString {
  return verdict.path + ' ' + (verdict.word === 'missing' ? 'was not made' : 'came out differently') + ' when ' + by.id + ' repeated ' + String(by.repeats)
    + (verdict.detail === '' ? '' : ': ' + verdict.detail);
}

function findSoftwareReasons(environments: Set<string>, changesOf: (environment: string) => SoftwareChange[]): Reason[] {
  const subjects = new Set<ByteString>();
  for (const environment of environments) for (const change of changesOf(environment)) subjects.add(change.subject);
  return Array.from(subjects).sort().map((subject) => ({ word: 'environment differs' as const, subject, id: '' }));
}
