// verify.ts - rr verify: is everything as it was recorded?
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { findLiveRuns, isResultPath } from '../core/graph.ts';
import type { GraphRun } from '../core/graph.ts';
import { judgeRecordChain, listSignedFiles } from '../core/signature.ts';
import type { ChainFinding, DatedRecord, Statement } from '../core/signature.ts';
import { notePath } from '../core/notes.ts';
import { recordPath, RUN_ID } from '../core/run.ts';
import type { FileState, Run } from '../core/run.ts';
import { countThings } from '../formats/amounts.ts';
import { encodeText } from '../formats/percent.ts';
import { parseNote } from '../formats/note.ts';
import { lstatIfThere, readBytesIfThere } from '../sys/files.ts';
import { describeFile, hashBytes, hashFiles } from '../sys/hash.ts';
import { HashCache } from '../sys/hashcache.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { toRecordPath } from '../sys/observe.ts';
import { pickRun } from '../sys/pickrun.ts';
import { absoluteOf, requireProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { refreshHeads } from '../sys/heads.ts';
import { checkRecord, checkRunRecords } from '../sys/recordcheck.ts';
import { listRecordFiles } from '../sys/recordfiles.ts';
import { readNotes } from '../sys/notes.ts';
import { listRecords, readRuns } from '../sys/records.ts';
import { compareSignedFiles, readSignedStatements } from '../sys/signatures.ts';
import type { SignedStatement } from '../sys/signatures.ts';
import { fingerprintOf, readAllowedSigners } from '../sys/signing.ts';
import { printOut, tell } from '../sys/terminal.ts';

export type VerifyOptions = { project: ByteString | undefined; quick: boolean; /** File of keys whose signatures count. */ signer: ByteString | undefined; quiet: boolean };

/** A file that must be as it was. `mayBeGone`: an input that is no longer at hand is no failure. */
type Claim = { expected: FileState; what: string; mayBeGone: boolean; /** The run that says so. */ run: GraphRun };

function checkNamedByHash(project: Project, folder: string, hash: string, ending: string): string | undefined {
  const name = 'provenance/' + folder + '/' + hash + ending;
  const text = readBytesIfThere(absoluteOf(project, name));
  if (text === undefined) return name + ': expected ' + hash + ', found nothing';
  const found = hashBytes(text);
  return found === hash ? undefined : name + ': expected ' + hash + ', found ' + found;
}

/** What the runs claim of files: current results, raw inputs at hand, logs. */
function collectClaims(runs: Run[], wanted: (run: GraphRun, path: ByteString) => boolean): Claim[] {
  const claims: Claim[] = [];
  const owned = new Set<ByteString>();
  for (const live of findLiveRuns(runs).runs) {
    for (const file of live.owned) {
      owned.add(file.path);
      if (wanted(live.run, file.path)) claims.push({ expected: file, what: 'result', mayBeGone: false, run: live.run });
    }
  }
  const inputs = new Map<ByteString, { file: FileState; run: GraphRun }>();
  for (const run of runs) {
    for (const file of run.inputs) if (!owned.has(file.path) && file.hash !== '?') inputs.set(file.path, { file, run });
    for (const file of run.outputs) if (!isResultPath(file.path)) inputs.delete(file.path);
  }
  for (const { file, run } of inputs.values()) if (wanted(run, file.path)) claims.push({ expected: file, what: 'input', mayBeGone: true, run });
  for (const run of runs) for (const log of run.logs) if (wanted(run, log.path)) claims.push({ expected: log, what: 'log', mayBeGone: false, run });
  return claims;
}

function describeFound(expected: FileState, found: FileState): string {
  const kindWord = (file: FileState): string => (file.kind === '' ? 'file' : file.kind === 'x' ? 'executable file' : 'kind ' + file.kind);
  if (expected.hash === found.hash) return 'expected ' + kindWord(expected) + ', found ' + kindWord(found);
  return 'expected ' + expected.hash + ' (' + String(expected.size) + ' bytes), found ' + found.hash + ' (' + String(found.size) + ' bytes)';
}

async function checkClaims(project: Project, claims: Claim[], isQuick: boolean): Promise<string[]> {
  const failures: string[] = [];
  const cache = new HashCache(project.own + '/seen');
  const waiting: { claim: Claim; found: FileState }[] = [];
  for (const claim of claims) {
    const found = describeFile(absoluteOf(project, claim.expected.path), claim.expected.path);
    const name = claim.what + ' ' + encodeText(claim.expected.path) + ': ';
    if (found === undefined) {
      if (!claim.mayBeGone) failures.push(name + 'expected ' + claim.expected.hash + ', found nothing');
    } else if (found.hash !== '?') {
      if (found.hash !== claim.expected.hash || found.size !== claim.expected.size) failures.push(name + describeFound(claim.expected, found));
    } else if (claim.expected.hash !== '?' && !(isQuick && isKnown(cache, project, claim))) waiting.push({ claim, found });
  }
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

/** Failures of what the records name by hash: their environments, patches and sources. */
function checkNamed(project: Project, runs: Run[]): string[] {
  const failures: string[] = [];
  const add = (failure: string | undefined): void => { if (failure !== undefined) failures.push(failure); };
  const environments = new Set<string>();
  const patches = new Set<string>();
  for (const run of runs) {
    if (run.environment !== undefined) environments.add(run.environment);
    for (const code of [run.code ?? ''].concat(run.codeOthers)) {
      const patch = /^\S+ \S+ dirty ([0-9a-f]{64})(?: |$)/.exec(code);
      if (patch !== null) patches.add(patch[1]);
    }
  }
  for (const hash of environments) add(checkNamedByHash(project, 'environments', hash, '.rec'));
  for (const hash of patches) add(checkNamedByHash(project, 'code', hash, '.patch'));
  for (const hash of findKeptSources(runs)) add(checkNamedByHash(project, 'code', hash, '.src'));
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
  if (counting.length === 0) return { failures, told };
  const signed = listSignedFiles(counting);
  const newNotes = listRecordFiles(project, 'notes').ids.filter((id) => !signed.has('provenance/' + notePath(id))).length;
  if (verdict.unsigned.length + newNotes > 0) told.push('new since the last signature: ' + countThings(verdict.unsigned.length, 'record') + ', ' + countThings(newNotes, 'note'));
  return { failures, told };
}

/** Hashes of the sources of these runs that no version control has, and that no warning says are not kept. */
function findKeptSources(runs: Run[]): Set<string> {
  const hashes = new Set<string>();
  for (const run of runs) {
    const kept = run.codeFiles.filter(({ state, path }) => (state === 'untracked' || state === 'unversioned')
      && !run.warnings.some((warning) => warning.startsWith('the source ' + path + ' is not kept')));
    const paths = new Set(kept.map((file) => file.path));
    for (const file of paths.size === 0 ? [] : run.inputs) if (paths.has(file.path)) hashes.add(file.hash);
  }
  return hashes;
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

/**
 * Compares results, inputs, logs and records with their hashes; all of them, or those of the runs
 * and files named. One line for each failure; status 0 only if there is none. `quick`: a file whose
 * size and times are as when it was last read is not read again.
 */
export async function verifyProject(targets: ByteString[], options: VerifyOptions): Promise<number> {
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  const allowed = options.signer === undefined ? undefined : readAllowedSigners(options.signer[0] === '/' ? options.signer : current + '/' + options.signer, options.signer);
  const { runs } = readRuns(project);
  const { ids, paths } = readTargets(project, current, targets);
  const isAll = targets.length === 0;
  const claims = collectClaims(runs, (run, path) => isAll || ids.has(run.id) || paths.has(path));
  for (const path of paths) {
    if (!claims.some((claim) => claim.expected.path === path)) throw new Failure('cannot verify "' + path + '": no run made it or read it', 'run "rr list"', EXIT.differs);
  }
  for (const claim of claims) ids.add(claim.run.id);
  const checkedIds = isAll ? listRecords(project).ids : Array.from(ids).sort();
  const wantedRuns = runs.filter((run) => isAll || ids.has(run.id));
  const noteIds = chooseNotes(project, isAll ? undefined : ids);
  const strays = isAll ? listRecords(project).strays.concat(listRecordFiles(project, 'notes').strays).map((name) => name + ': not where a record of that id belongs') : [];
  const noteFailures = noteIds.map((id) => checkRecord(project, id, notePath(id), parseNote)).filter((failure): failure is string => failure !== undefined);
  const checked = checkRunRecords(project, checkedIds);
  const chain = isAll ? await checkChain(project, checked.records, allowed) : { failures: [], told: [] };
  const failures = strays.concat(checked.failures, chain.failures, checkNamed(project, wantedRuns), noteFailures, await checkClaims(project, claims, options.quick));
  if (isAll) refreshHeads(project, checked.records);
  for (const failure of failures) printOut(failure + '\n');
  if (!options.quiet) for (const line of chain.told) tell('rr: ' + line);
  const count = (what: string): string => String(claims.filter((claim) => claim.what === what).length);
  if (!options.quiet) tell('rr: ' + (failures.length === 0 ? 'all as recorded: ' : String(failures.length) + ' not as recorded, of ') + count('result') + ' results, ' + count('input') + ' inputs, ' + count('log') + ' logs, ' + String(checkedIds.length) + ' records' + (noteIds.length === 0 ? '' : ', ' + String(noteIds.length) + ' notes') + (options.quick ? ' (unchanged files not read again)' : ''));
  return failures.length === 0 ? 0 : EXIT.differs;
}
