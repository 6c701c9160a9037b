// signature.ts - what a signed statement says of the records, and what contradicts it or the chain. Knows no files and no keys.
import type { ByteString } from './bytes.ts';
import { compareBytes } from './bytes.ts';
import { findHeads } from './chain.ts';
import type { ChainedRecord } from './chain.ts';
import type { FileState, RecordLink } from './run.ts';

/** What somebody signed (docs/record-format.txt, 13). Its heads name, by hash and one by another, all records of that time. */
export type Statement = {
  id: string;
  signedUtc: string;
  signer: ByteString;
  /** How many records there were. */
  records: number;
  heads: RecordLink[];
  /** Records that others name and that were not there. */
  gaps: RecordLink[];
  /** Runs that had begun and had no record yet. */
  unfinished: string[];
  /** Files under provenance/ whose content no record fixes. */
  files: FileState[];
  /** Files that an earlier statement has and that were not there. */
  gone: ByteString[];
  rr: string;
  unknown: { name: string; value: ByteString }[];
};

/** A record as it lies there. endMs: when its run ended, as it says, in milliseconds since 1970. */
export type DatedRecord = ChainedRecord & { endMs: number };

/**
 * One thing that is not as it was, or 'uncovered': dated before a signature, and no signature covers it. That is what
 * an insertion looks like, and a record that came from another branch: nothing tells them apart, as who inserts
 * chooses what a record names and when it was. `by`: the record or signature that tells.
 */
export type ChainFinding = { kind: 'altered' | 'removed' | 'uncovered'; id: string; by: string; bySignature: boolean; expected: string; found: string };

/** `late`: records that are dated before a signature that does not cover them, and that a signature covers. `unsigned`: that none covers. `broken`: statements of which a record that they cover is altered or gone. */
export type ChainVerdict = { findings: ChainFinding[]; gaps: string[]; late: string[]; unsigned: string[]; broken: Set<string> };

/**
 * All records that these heads reach along links whose hashes hold; `isWhole`: all that they name are there and as
 * named; `isAsSigned`: but for what the statement itself says is gone.
 */
function reachRecords(records: Map<string, DatedRecord>, { heads, gaps }: Statement): { reached: Set<string>; isWhole: boolean; isAsSigned: boolean } {
  const reached = new Set<string>();
  const waiting = heads.slice();
  const known = new Set(gaps.map((gap) => gap.id));
  let isWhole = true;
  let isAsSigned = true;
  for (let link = waiting.pop(); link !== undefined; link = waiting.pop()) {
    if (reached.has(link.id)) continue;
    const record = records.get(link.id);
    if (record === undefined || record.hash !== link.hash) {
      isWhole = false;
      if (record !== undefined || !known.has(link.id)) isAsSigned = false;
    }
    if (record === undefined) continue;
    // What was altered is told of by itself; what it names now says nothing.
    reached.add(link.id);
    if (record.hash === link.hash) for (const one of record.previous) waiting.push(one);
  }
  return { reached, isWhole, isAsSigned };
}

/** Holds the records against what others name them by, and against statements whose signatures are good. */
export function judgeRecordChain(records: DatedRecord[], statements: Statement[]): ChainVerdict {
  const byId = new Map(records.map((record) => [record.id, record]));
  const acknowledged = new Set<string>();
  for (const statement of statements) for (const gap of statement.gaps) acknowledged.add(gap.id);
  const findings = new Map<string, ChainFinding>();
  const gaps = new Set<string>();
  const compare = (link: RecordLink, by: string, bySignature: boolean): void => {
    const found = byId.get(link.id);
    if (found?.hash === link.hash || findings.has(link.id)) return;
    if (found === undefined && acknowledged.has(link.id)) gaps.add(link.id);
    else findings.set(link.id, { kind: found === undefined ? 'removed' : 'altered', id: link.id, by, bySignature, expected: link.hash, found: found?.hash ?? '' });
  };
  for (const record of records) for (const link of record.previous) compare(link, record.id, false);
  for (const statement of statements) for (const head of statement.heads) compare(head, statement.id, true);
  const covered = new Set<string>();
  const dated = new Map<string, string>();
  const broken = new Set<string>();
  for (const statement of statements) {
    const { reached, isWhole, isAsSigned } = reachRecords(byId, statement);
    if (!isAsSigned) broken.add(statement.id);
    const known = new Set(statement.unfinished);
    const signedMs = Date.parse(statement.signedUtc.slice(0, 23) + 'Z');
    reached.forEach((id) => covered.add(id));
    // Behind a record that is gone or altered nobody can tell what the signature covered.
    if (!isWhole) continue;
    for (const record of records) if (record.endMs < signedMs && !reached.has(record.id) && !known.has(record.id)) dated.set(record.id, statement.id);
  }
  const late: string[] = [];
  dated.forEach((by, id) => {
    if (covered.has(id)) late.push(id);
    else if (!findings.has(id)) findings.set(id, { kind: 'uncovered', id, by, bySignature: true, expected: '', found: '' });
  });
  const sorted = Array.from(findings.values()).sort((a, b) => compareBytes(a.id, b.id));
  return { findings: sorted, gaps: Array.from(gaps).sort(), late: late.sort(), unsigned: records.filter((record) => !covered.has(record.id)).map((record) => record.id), broken };
}

/** What records name and is not there, by id. */
export function findGaps(records: ChainedRecord[]): RecordLink[] {
  const there = new Set(records.map((record) => record.id));
  const gaps = new Map<string, RecordLink>();
  for (const record of records) for (const link of record.previous) if (!there.has(link.id)) gaps.set(link.id, link);
  return Array.from(gaps.values()).sort((a, b) => compareBytes(a.id, b.id));
}

/** What a statement made now says of the records. */
export function stateRecords(records: ChainedRecord[]): Pick<Statement, 'records' | 'heads' | 'gaps'> {
  return { records: records.length, heads: findHeads(records).map(({ id, hash }) => ({ id, hash })), gaps: findGaps(records) };
}

/** Ids of the statements that were there when this one was made, or that it knows to be gone. */
function listKnownStatements({ files, gone }: Statement): string[] {
  return files.map(({ path }) => path).concat(gone).map((path) => /^provenance\/signatures\/([^/]*)\.rec$/.exec(path)?.[1]).filter((id): id is string => id !== undefined).sort();
}

/**
 * Each after those that it knows, as a clock may have been wrong; else by their ids. What its files say of others is
 * theirs by name: where a forger has some that know each other, the first of them comes last.
 */
function orderStatements(statements: Statement[]): Statement[] {
  const byId = new Map(statements.map((statement) => [statement.id, statement]));
  const ordered: Statement[] = [];
  const seen = new Set<string>();
  const open: { statement: Statement; waiting: string[] }[] = [];
  const enter = (id: string): void => {
    const statement = byId.get(id);
    if (statement === undefined || seen.has(id)) return;
    seen.add(id);
    open.push({ statement, waiting: listKnownStatements(statement).reverse() });
  };
  for (const id of Array.from(byId.keys()).sort(compareBytes)) {
    enter(id);
    while (open.length > 0) {
      const last = open[open.length - 1];
      const next = last.waiting.pop();
      if (next !== undefined) enter(next);
      else ordered.push((open.pop() as { statement: Statement }).statement);
    }
  }
  return ordered;
}

/** What the last statement that has a word on it says of each file: its state, or undefined if it was gone. */
export function listSignedFiles(statements: Statement[]): Map<ByteString, { state: FileState | undefined; by: string }> {
  const files = new Map<ByteString, { state: FileState | undefined; by: string }>();
  for (const statement of orderStatements(statements)) {
    for (const path of statement.gone) files.set(path, { state: undefined, by: statement.id });
    for (const state of statement.files) files.set(state.path, { state, by: statement.id });
  }
  return files;
}
