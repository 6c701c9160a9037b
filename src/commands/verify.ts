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
import { encodeText, makeHarmless } from '../formats/percent.ts';
import { parseNote } from '../formats/note.ts';
import { holdOutsideHeap, lstatIfThere } from '../sys/files.ts';
import { describeFile, hashBytes, hashFiles } from '../sys/hash.ts';
import { HashCache } from '../sys/hashcache.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { toRecordPath } from '../sys/observe.ts';
import { pickRun } from '../sys/pickrun.ts';
import { absoluteOf, requireProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { refreshHeads } from '../sys/heads.ts';
import { checkRecord, checkRunRecords } from '../sys/recordcheck.ts';
import { listRecordFiles, readEachRecord, readRecordFile } from '../sys/recordfiles.ts';
import { readNotes } from '../sys/notes.ts';
import { listRecords, readRun } from '../sys/records.ts';
import { compareSignedFiles, readSignedStatements } from '../sys/signatures.ts';
import type { SignedStatement } from '../sys/signatures.ts';
import { fingerprintOf, readAllowedSigners } from '../sys/signing.ts';
import { printOut, tell } from '../sys/terminal.ts';

export type VerifyOptions = { project: ByteString | undefined; quick: boolean; /** File of keys whose signatures count. */ signer: ByteString | undefined; quiet: boolean };

/** A line for a person, and the file that it is about, if it is one. 'uncovered' is a record that may be as it was made, 'signature' what does not count as one. */
type VerifyFault = { kind: 'changed' | 'uncovered' | 'signature'; file: ByteString; line: ByteString };

function faultOf(file: ByteString, line: ByteString | undefined): VerifyFault[] {
  return line === undefined ? [] : [{ kind: 'changed', file, line }];
}

function checkNamedByHash(project: Project, folder: string, hash: string, ending: string): VerifyFault[] {
  const name = 'provenance/' + folder + '/' + hash + ending;
  try {
    const text = readRecordFile(project, folder + '/' + hash + ending);
    const found = text === undefined ? 'nothing' : hashBytes(text);
    return faultOf(name, found === hash ? undefined : name + ': expected ' + hash + ', found ' + found);
  } catch (error) {
    if (error instanceof Failure) return faultOf(name, error.message);
    throw error;
  }
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
async function readClaimed(project: Project, waiting: WaitingClaim[], cache: HashCache): Promise<VerifyFault[]> {
  const failures: VerifyFault[] = [];
  const outcomes = await hashFiles(waiting.map(({ claim, found }) => ({ name: absoluteOf(project, claim.expected.path), sizeBytes: found.size })));
  waiting.forEach(({ claim, found }, i) => {
    const outcome = outcomes[i];
    const state = outcome.kind === 'hashed' ? { ...found, hash: outcome.hash, size: outcome.size } : { ...found, hash: outcome.kind };
    const stat = lstatIfThere(absoluteOf(project, claim.expected.path));
    // What is known already would be there once more after each verify.
    if (outcome.kind === 'hashed' && stat !== undefined && stat.size === outcome.size && cache.find(stat, claim.expected.path) !== outcome.hash) cache.add(stat, claim.expected.path, outcome.hash);
    const isSameKind = claim.what === 'log' || state.kind === claim.expected.kind;
    if (state.hash !== claim.expected.hash || !isSameKind) failures.push(...faultOf(claim.expected.path, claim.what + ' ' + encodeText(claim.expected.path) + ': ' + describeFound(claim.expected, state)));
  });
  cache.save();
  return failures;
}

type CheckedClaims = { failures: VerifyFault[]; counts: { [what in Claim['what']]: number } };

async function checkClaims(project: Project, claims: Iterable<Claim>, isQuick: boolean): Promise<CheckedClaims> {
  const failures: VerifyFault[] = [];
  const readFailures: VerifyFault[] = [];
  const counts = { result: 0, input: 0, log: 0 };
  const cache = new HashCache(project.own + '/seen');
  let waiting: WaitingClaim[] = [];
  for (const claim of claims) {
    counts[claim.what] += 1;
    const found = describeFile(absoluteOf(project, claim.expected.path), claim.expected.path);
    const fail = (line: string): void => { failures.push(...faultOf(claim.expected.path, claim.what + ' ' + encodeText(claim.expected.path) + ': ' + line)); };
    if (found === undefined) {
      if (!claim.mayBeGone) fail('expected ' + claim.expected.hash + ', found nothing');
    } else if (found.hash !== '?') {
      if (found.hash !== claim.expected.hash || found.size !== claim.expected.size) fail(describeFound(claim.expected, found));
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
function checkNamed(project: Project, named: NamedByHash): VerifyFault[] {
  const failures: VerifyFault[] = [];
  const check = (hashes: Set<string>, folder: string, ending: string): void => {
    for (const hash of hashes) failures.push(...checkNamedByHash(project, folder, hash, ending));
  };
  check(named.environments, 'environments', '.rec');
  check(named.patches, 'code', '.patch');
  check(named.sources, 'code', '.src');
  return failures;
}

/** What is said beside the failures: a line, and lines that tell more of it. */
type Told = ByteString[];

/** Does a signature count? One whose key is in `allowed`, if that is there. */
function judgeSignature(one: SignedStatement, allowed: Map<ByteString, ByteString> | undefined): { failure?: string; told: Told } {
  const key = one.publicKey === '' ? '' : 'key ' + fingerprintOf(one.publicKey);
  if (one.fault !== undefined) return { failure: one.name + ': not a good signature: ' + one.fault, told: [] };
  const { signer, signedUtc } = one.statement as Statement;
  const who = allowed?.get(one.publicKey);
  if (allowed !== undefined && who === undefined) return { failure: one.name + ': signed by a key that is not expected, ' + key, told: [] };
  const vouched = allowed === undefined ? 'nobody vouches for this key (--signer)' : 'expected' + (who === '' ? '' : ' of ' + String(who));
  const covered = countThings((one.statement as Statement).records, 'record') + ' and ' + countThings((one.statement as Statement).files.length, 'file');
  return { told: [one.name + ': good signature', 'of a list of ' + covered + ' as they were then', 'as it says, by ' + signer + ' at ' + signedUtc.slice(0, 19) + 'Z', key, vouched] };
}

function describeFinding(finding: ChainFinding): string {
  const by = (finding.bySignature ? 'signature ' : '') + finding.by;
  const name = 'provenance/' + recordPath(finding.id);
  if (finding.kind === 'removed') return name + ': removed: ' + by + ' names it';
  if (finding.kind === 'altered') return name + ': altered: ' + by + ' names it with ' + finding.expected + ', found ' + finding.found;
  return name + ': not covered by any signature, though dated before ' + by + ': of another branch, or inserted since';
}

// People edit it, and it tells of no run.
const MAY_CHANGE = 'provenance/plan.rec';

/** What the chain of the records and the signatures tell. */
async function checkChain(project: Project, records: DatedRecord[], allowed: Map<ByteString, ByteString> | undefined): Promise<{ failures: VerifyFault[]; told: Told[] }> {
  const failures: VerifyFault[] = [];
  const told: Told[] = [];
  const counting: Statement[] = [];
  const toldOf = new Map<string, Told>();
  for (const one of readSignedStatements(project)) {
    const judged = judgeSignature(one, allowed);
    if (judged.failure !== undefined) failures.push({ kind: 'signature', file: one.name, line: judged.failure });
    else {
      toldOf.set((one.statement as Statement).id, judged.told);
      told.push(judged.told);
      counting.push(one.statement as Statement);
    }
  }
  if (allowed !== undefined && counting.length === 0) failures.push({ kind: 'signature', file: '', line: 'provenance/signatures: no signature by an expected key' });
  const verdict = judgeRecordChain(records, counting);
  for (const finding of verdict.findings) failures.push({ kind: finding.kind === 'uncovered' ? 'uncovered' : 'changed', file: 'provenance/' + recordPath(finding.id), line: describeFinding(finding) });
  for (const { path, by, expected, found } of await compareSignedFiles(project, counting)) {
    const line = encodeText(path) + ': ' + (found === undefined ? 'removed' : 'altered') + ' since signature ' + by + ': ' + (found === undefined ? 'expected ' + expected.hash + ', found nothing' : describeFound(expected, found));
    if (path === MAY_CHANGE) told.push([line]);
    else {
      verdict.broken.add(by);
      failures.push({ kind: 'changed', file: path, line });
    }
  }
  verdict.broken.forEach((id) => { toldOf.get(id)?.push('what is here now is not as on that list'); });
  if (verdict.gaps.length > 0) told.push([countThings(verdict.gaps.length, 'record') + ' gone, as a signature acknowledges:', ...verdict.gaps.slice(0, 5), ...(verdict.gaps.length > 5 ? ['...'] : [])]);
  if (verdict.late.length > 0) told.push([countThings(verdict.late.length, 'record') + ' dated before a signature that does not cover ' + (verdict.late.length === 1 ? 'it' : 'them') + ', and covered by another one']);
  // Behind what is gone or altered nobody can tell what was signed.
  if (counting.length === 0 || verdict.findings.some((one) => one.kind !== 'uncovered')) return { failures, told };
  const signed = listSignedFiles(counting);
  const newNotes = listRecordFiles(project, 'notes').ids.filter((id) => !signed.has('provenance/' + notePath(id))).length;
  const newRecords = verdict.unsigned.length - verdict.findings.filter((one) => one.kind === 'uncovered').length;
  if (newRecords + newNotes > 0) told.push(['new since the last signature: ' + countThings(newRecords, 'record') + ', ' + countThings(newNotes, 'note')]);
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
async function checkRecords(project: Project, ids: string[], chain: { allowed: Map<ByteString, ByteString> | undefined } | undefined, see: (run: Run) => void): Promise<{ failures: VerifyFault[]; told: Told[] }> {
  const { records, faults } = checkRunRecords(project, ids, see);
  const failures: VerifyFault[] = [];
  faults.forEach((line, id) => { failures.push({ kind: 'changed', file: 'provenance/' + recordPath(id), line }); });
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

/** One fault for each file: who reads them counts files. What else is said of it follows on the same line. */
function joinFaults(lists: VerifyFault[][]): VerifyFault[] {
  const joined = new Map<ByteString, VerifyFault>();
  for (const faults of lists) for (const fault of faults) {
    const known = fault.file === '' ? undefined : joined.get(fault.file);
    if (known === undefined) joined.set(fault.file === '' ? fault.line : fault.file, { ...fault });
    else {
      if (fault.kind === 'changed') known.kind = 'changed';
      const start = encodeText(fault.file) + ': ';
      known.line += '; ' + (fault.line.startsWith(start) ? fault.line.slice(start.length) : fault.line);
    }
  }
  return Array.from(joined.values());
}

/** "1 file not as recorded, 2 records not covered by a signature". */
function countFaults(faults: VerifyFault[]): string {
  const count = (kind: VerifyFault['kind']): number => faults.filter((fault) => fault.kind === kind).length;
  const parts: string[] = [];
  if (count('changed') > 0) parts.push(countThings(count('changed'), 'file') + ' not as recorded');
  if (count('uncovered') > 0) parts.push(countThings(count('uncovered'), 'record') + ' not covered by a signature');
  if (count('signature') > 0) parts.push(faults.some((fault) => fault.kind === 'signature' && fault.file === '') ? 'no signature that counts' : countThings(count('signature'), 'signature') + ' that ' + (count('signature') === 1 ? 'does' : 'do') + ' not count');
  return parts.join(', ');
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
  const strays = isAll ? listed.strays.concat(listRecordFiles(project, 'notes').strays) : [];
  const ofNotes = noteIds.map((id) => faultOf('provenance/' + notePath(id), checkRecord(project, id, notePath(id), parseNote)));
  const named: NamedByHash = { environments: new Set(), patches: new Set(), sources: new Set() };
  const ofRecords = await checkRecords(project, checkedIds, isAll ? { allowed } : undefined, (run) => {
    if (isAll) claims.add(run);
    addNamed(named, run);
  });
  const ofFiles = await checkClaims(project, claims.list(isWanted), options.quick);
  const ofStrays = strays.map((name) => faultOf(name, encodeText(name) + ': not where a record of that id belongs'));
  const failures = joinFaults(ofStrays.concat([ofRecords.failures, checkNamed(project, named)], ofNotes, [ofFiles.failures]));
  for (const failure of failures) printOut(makeHarmless(failure.line) + '\n');
  if (!options.quiet) for (const lines of ofRecords.told) lines.forEach((line, i) => { tell((i === 0 ? 'rr: ' : 'rr:   ') + line); });
  if (!options.quiet) tell('rr: ' + (failures.length === 0 ? 'all as recorded: ' : countFaults(failures) + '; compared: ') + String(ofFiles.counts.result) + ' results, ' + String(ofFiles.counts.input) + ' inputs, ' + String(ofFiles.counts.log) + ' logs, ' + String(checkedIds.length) + ' records' + (noteIds.length === 0 ? '' : ', ' + String(noteIds.length) + ' notes') + (options.quick ? ' (unchanged files not read again)' : ''));
  return failures.length === 0 ? 0 : EXIT.differs;
}
