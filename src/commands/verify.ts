// verify.ts - rr verify: is everything as it was recorded?
import type { ByteString } from '../core/bytes.ts';
import { detachString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { judgeRecordChain, listSignedFiles } from '../core/signature.ts';
import type { ChainFinding, DatedRecord, Statement } from '../core/signature.ts';
import { notePath } from '../core/notes.ts';
import { recordPath, RUN_ID } from '../core/run.ts';
import type { FileState, Run } from '../core/run.ts';
import { countThings } from '../formats/amounts.ts';
import { RecordClaims } from '../formats/claims.ts';
import type { Claim } from '../formats/claims.ts';
import { encodeText } from '../formats/percent.ts';
import { parseNote } from '../formats/note.ts';
import { holdOutsideHeap, lstatIfThere, readBytesIfThere } from '../sys/files.ts';
import { describeFile, hashBytes, hashFiles } from '../sys/hash.ts';
import { HashCache } from '../sys/hashcache.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { toRecordPath } from '../sys/observe.ts';
import { pickRun } from '../sys/pickrun.ts';
import { absoluteOf, requireProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { refreshHeads } from '../sys/heads.ts';
import { checkRecord, checkRunRecords } from '../sys/recordcheck.ts';
import { listRecordFiles, readEachRecord } from '../sys/recordfiles.ts';
import { readNotes } from '../sys/notes.ts';
import { listRecords, readRun } from '../sys/records.ts';
import { compareSignedFiles, readSignedStatements } from '../sys/signatures.ts';
import type { SignedStatement } from '../sys/signatures.ts';
import { fingerprintOf, readAllowedSigners } from '../sys/signing.ts';
import { printOut, tell } from '../sys/terminal.ts';

export type VerifyOptions = { project: ByteString | undefined; quick: boolean; /** File of keys whose signatures count. */ signer: ByteString | undefined; quiet: boolean };

function checkNamedByHash(project: Project, folder: string, hash: string, ending: string): string | undefined {
  const name = 'provenance/' + folder + '/' + hash + ending;
  const text = readBytesIfThere(absoluteOf(project, name));
  if (text === undefined) return name + ': expected ' + hash + ', found nothing';
  const found = hashBytes(text);
  return found === hash ? undefined : name + ': expected ' + hash + ', found ' + found;
}

function describeFound(expected: FileState, found: FileState): string {
  const kindWord = (file: FileState): string => (file.kind === '' ? 'file' : file.kind === 'x' ? 'executable file' : 'kind ' + file.kind);
  if (expected.hash === found.hash) return 'expected ' + kindWord(expected) + ', found ' + kindWord(found);
  return 'expected ' + expected.hash + ' (' + String(expected.size) + ' bytes), found ' + found.hash + ' (' + String(found.size) + ' bytes)';
}

// So many files are asked for at once: what is known of them is not held for all of 100,000.
const MOST_WAITING = 8192;

type WaitingClaim = { claim: Claim; found: FileState };

/** Failures of files that must be read. */
async function readClaimed(project: Project, waiting: WaitingClaim[], cache: HashCache): Promise<string[]> {
  const failures: string[] = [];
  const outcomes = await hashFiles(waiting.map(({ claim, found }) => ({ name: absoluteOf(project, claim.expected.path), sizeBytes: found.size })));
  waiting.forEach(({ claim, found }, i) => {
    const outcome = outcomes[i];
    const state = outcome.kind === 'hashed' ? { ...found, hash: outcome.hash, size: outcome.size } : { ...found, hash: outcome.kind };
    const stat = lstatIfThere(absoluteOf(project, claim.expected.path));
    if (outcome.kind === 'hashed' && stat !== undefined && stat.size === outcome.size) cache.add(stat, claim.expected.path, outcome.hash);
    const isSameKind = claim.what === 'log' || state.kind === claim.expected.kind;
    if (state.hash !== claim.expected.hash || !isSameKind) failures.push(claim.what + ' ' + encodeText(claim.expected.path) + ': ' + describeFound(claim.expected, state));
  });
  cache.save();
  return failures;
}

type CheckedClaims = { failures: string[]; counts: { [what in Claim['what']]: number } };

async function checkClaims(project: Project, claims: Iterable<Claim>, isQuick: boolean): Promise<CheckedClaims> {
  const failures: string[] = [];
  const readFailures: string[] = [];
  const counts = { result: 0, input: 0, log: 0 };
  const cache = new HashCache(project.own + '/seen');
  let waiting: WaitingClaim[] = [];
  for (const claim of claims) {
    counts[claim.what] += 1;
    const found = describeFile(absoluteOf(project, claim.expected.path), claim.expected.path);
    const name = claim.what + ' ' + encodeText(claim.expected.path) + ': ';
    if (found === undefined) {
      if (!claim.mayBeGone) failures.push(name + 'expected ' + claim.expected.hash + ', found nothing');
    } else if (found.hash !== '?') {
      if (found.hash !== claim.expected.hash || found.size !== claim.expected.size) failures.push(name + describeFound(claim.expected, found));
    } else if (claim.expected.hash !== '?' && !(isQuick && isKnown(cache, project, claim))) waiting.push({ claim, found });
    if (waiting.length < MOST_WAITING) continue;
    readFailures.push(...await readClaimed(project, waiting, cache));
    waiting = [];
  }
  return { failures: failures.concat(readFailures, await readClaimed(project, waiting, cache)), counts };
}

/** Ids of the notes to look at: all, or those that can be read and are on one of these runs. */
function chooseNotes(project: Project, runIds: Set<string> | undefined): string[] {
  if (runIds === undefined) return listRecordFiles(project, 'notes').ids;
  return readNotes(project).notes.filter((note) => note.runs.some((id) => runIds.has(id))).map((note) => note.id);
}

/** Has the file the claimed hash, to go by its size and times and an earlier reading? */
function isKnown(cache: HashCache, project: Project, claim: Claim): boolean {
  const stat = lstatIfThere(absoluteOf(project, claim.expected.path));
  return stat !== undefined && cache.find(stat, claim.expected.path) === claim.expected.hash;
}

/** What records name by hash beside runs: environments, patches, sources. */
type NamedByHash = { environments: Set<string>; patches: Set<string>; sources: Set<string> };

function addNamed(named: NamedByHash, run: Run): void {
  // A part of a record's text would keep all of it.
  const add = (hashes: Set<string>, hash: string): void => { if (!hashes.has(hash)) hashes.add(detachString(hash)); };
  if (run.environment !== undefined) add(named.environments, run.environment);
  for (const code of [run.code ?? ''].concat(run.codeOthers)) {
    const patch = /^\S+ \S+ dirty ([0-9a-f]{64})(?: |$)/.exec(code);
    if (patch !== null) add(named.patches, patch[1]);
  }
  for (const hash of listKeptSources(run)) add(named.sources, hash);
}

/** Failures of these. */
function checkNamed(project: Project, named: NamedByHash): string[] {
  const failures: string[] = [];
  const check = (hashes: Set<string>, folder: string, ending: string): void => {
    for (const hash of hashes) {
      const failure = checkNamedByHash(project, folder, hash, ending);
      if (failure !== undefined) failures.push(failure);
    }
  };
  check(named.environments, 'environments', '.rec');
  check(named.patches, 'code', '.patch');
  check(named.sources, 'code', '.src');
  return failures;
}

/** Does a signature count? One whose key is in `allowed`, if that is there. */
function judgeSignature(one: SignedStatement, allowed: Map<ByteString, ByteString> | undefined): { failure?: string; told: string } {
  const key = one.publicKey === '' ? '' : ', key ' + fingerprintOf(one.publicKey);
  if (one.fault !== undefined) return { failure: one.name + ': not a good signature: ' + one.fault, told: '' };
  const { signer, signedUtc } = one.statement as Statement;
  const who = allowed?.get(one.publicKey);
  if (allowed !== undefined && who === undefined) return { failure: one.name + ': signed by a key that is not expected' + key, told: '' };
  const vouched = allowed === undefined ? '; nobody vouches for this key (--signer)' : ', expected' + (who === '' ? '' : ' of ' + String(who));
  return { told: one.name + ': good signature; as it says, by ' + signer + ' at ' + signedUtc.slice(0, 19) + 'Z' + key + vouched };
}

function describeFinding(finding: ChainFinding): string {
  const by = (finding.bySignature ? 'signature ' : '') + finding.by;
  const name = 'provenance/' + recordPath(finding.id);
  if (finding.kind === 'removed') return name + ': removed: ' + by + ' names it';
  if (finding.kind === 'altered') return name + ': altered: ' + by + ' names it with ' + finding.expected + ', found ' + finding.found;
  return name + ': inserted: dated before ' + by + ', which does not cover it, as no signature does';
}

// People edit it, and it tells of no run.
const MAY_CHANGE = 'provenance/plan.rec';

/** What the chain of the records and the signatures tell. */
async function checkChain(project: Project, records: DatedRecord[], allowed: Map<ByteString, ByteString> | undefined): Promise<{ failures: string[]; told: string[] }> {
  const failures: string[] = [];
  const told: string[] = [];
  const counting: Statement[] = [];
  for (const one of readSignedStatements(project)) {
    const judged = judgeSignature(one, allowed);
    if (judged.failure !== undefined) failures.push(judged.failure);
    else {
      told.push(judged.told);
      counting.push(one.statement as Statement);
    }
  }
  if (allowed !== undefined && counting.length === 0) failures.push('provenance/signatures: no signature by an expected key');
  const verdict = judgeRecordChain(records, counting);
  failures.push(...verdict.findings.map(describeFinding));
  for (const { path, by, expected, found } of await compareSignedFiles(project, counting)) {
    const line = encodeText(path) + ': ' + (found === undefined ? 'removed' : 'altered') + ' since signature ' + by + ': ' + (found === undefined ? 'expected ' + expected.hash + ', found nothing' : describeFound(expected, found));
    (path === MAY_CHANGE ? told : failures).push(line);
  }
  if (verdict.gaps.length > 0) told.push(countThings(verdict.gaps.length, 'record') + ' gone, as a signature acknowledges: ' + verdict.gaps.slice(0, 5).join(', ') + (verdict.gaps.length > 5 ? ' ...' : ''));
  if (verdict.late.length > 0) told.push(countThings(verdict.late.length, 'record') + ' dated before a signature that does not cover them, and covered by another one');
  // Behind what is gone or altered nobody can tell what was signed.
  if (counting.length === 0 || verdict.findings.some((one) => one.kind !== 'inserted')) return { failures, told };
  const signed = listSignedFiles(counting);
  const newNotes = listRecordFiles(project, 'notes').ids.filter((id) => !signed.has('provenance/' + notePath(id))).length;
  if (verdict.unsigned.length + newNotes > 0) told.push('new since the last signature: ' + countThings(verdict.unsigned.length, 'record') + ', ' + countThings(newNotes, 'note'));
  return { failures, told };
}

/** Hashes of the sources of a run that no version control has, and that no warning says are not kept. */
function listKeptSources(run: Run): string[] {
  const kept = run.codeFiles.filter(({ state, path }) => (state === 'untracked' || state === 'unversioned')
    && !run.warnings.some((warning) => warning.startsWith('the source ' + path + ' is not kept')));
  const paths = new Set(kept.map((file) => file.path));
  return paths.size === 0 ? [] : run.inputs.filter((file) => paths.has(file.path)).map((file) => file.hash);
}

function readTargets(project: Project, current: ByteString, targets: ByteString[]): { ids: Set<string>; paths: Set<ByteString> } {
  const ids = new Set<string>();
  const paths = new Set<ByteString>();
  for (const target of targets) {
    const path = toRecordPath(project, current, target);
    if (!RUN_ID.test(target) && lstatIfThere(absoluteOf(project, path)) !== undefined) paths.add(path);
    else ids.add(pickRun(project, current, target).id);
  }
  return { ids, paths };
}

/** The records of these ids, and with `chain` what binds all of them. What is known of them is not held any longer. */
async function checkRecords(project: Project, ids: string[], chain: { allowed: Map<ByteString, ByteString> | undefined } | undefined, see: (run: Run) => void): Promise<{ failures: string[]; told: string[] }> {
  const { records, failures } = checkRunRecords(project, ids, see);
  if (chain === undefined) return { failures, told: [] };
  const found = await checkChain(project, records, chain.allowed);
  refreshHeads(project, records);
  return { failures: failures.concat(found.failures), told: found.told };
}

/** Takes all runs into `claims`, and to the ids the runs that claim a wanted file. Throws Failure if no run tells of a path. */
function chooseChecked(project: Project, all: string[], claims: RecordClaims, isWanted: (id: string, path: ByteString) => boolean, { ids, paths }: { ids: Set<string>; paths: Set<ByteString> }): void {
  readEachRecord(all, [], (id) => {
    const run = readRun(project, id);
    if (run !== undefined) claims.add(run);
    return undefined;
  });
  const told = new Set<ByteString>();
  const telling = new Set<string>();
  for (const { expected, runId } of claims.list(isWanted)) {
    told.add(expected.path);
    telling.add(runId);
  }
  for (const path of paths) if (!told.has(path)) throw new Failure('cannot verify "' + path + '": no run made it or read it', 'run "rr list"', EXIT.differs);
  telling.forEach((id) => ids.add(id));
}

/**
 * Compares results, inputs, logs and records with their hashes; all of them, or those of the runs
 * and files named. One line for each failure; status 0 only if there is none. `quick`: a file whose
 * size and times are as when it was last read is not read again.
 */
export async function verifyProject(targets: ByteString[], options: VerifyOptions): Promise<number> {
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  const allowed = options.signer === undefined ? undefined : readAllowedSigners(options.signer[0] === '/' ? options.signer : current + '/' + options.signer, options.signer);
  const { ids, paths } = readTargets(project, current, targets);
  const isAll = targets.length === 0;
  const listed = listRecords(project);
  const claims = new RecordClaims(holdOutsideHeap);
  const namedIds = new Set(ids);
  const isWanted = (id: string, path: ByteString): boolean => isAll || namedIds.has(id) || paths.has(path);
  if (!isAll) chooseChecked(project, listed.ids, claims, isWanted, { ids, paths });
  const checkedIds = isAll ? listed.ids : Array.from(ids).sort();
  const noteIds = chooseNotes(project, isAll ? undefined : ids);
  const strays = isAll ? listed.strays.concat(listRecordFiles(project, 'notes').strays).map((name) => name + ': not where a record of that id belongs') : [];
  const noteFailures = noteIds.map((id) => checkRecord(project, id, notePath(id), parseNote)).filter((failure): failure is string => failure !== undefined);
  const named: NamedByHash = { environments: new Set(), patches: new Set(), sources: new Set() };
  const ofRecords = await checkRecords(project, checkedIds, isAll ? { allowed } : undefined, (run) => {
    if (isAll) claims.add(run);
    addNamed(named, run);
  });
  const ofFiles = await checkClaims(project, claims.list(isWanted), options.quick);
  const failures = strays.concat(ofRecords.failures, checkNamed(project, named), noteFailures, ofFiles.failures);
  for (const failure of failures) printOut(failure + '\n');
  if (!options.quiet) for (const line of ofRecords.told) tell('rr: ' + line);
  if (!options.quiet) tell('rr: ' + (failures.length === 0 ? 'all as recorded: ' : String(failures.length) + ' not as recorded, of ') + String(ofFiles.counts.result) + ' results, ' + String(ofFiles.counts.input) + ' inputs, ' + String(ofFiles.counts.log) + ' logs, ' + String(checkedIds.length) + ' records' + (noteIds.length === 0 ? '' : ', ' + String(noteIds.length) + ' notes') + (options.quick ? ' (unchanged files not read again)' : ''));
  return failures.length === 0 ? 0 : EXIT.differs;
}
