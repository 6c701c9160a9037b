// sign.ts - rr sign: signs what the records are now, so that what is changed later can be told.
import type { ByteString } from '../core/bytes.ts';
import { detachString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { notePath } from '../core/notes.ts';
import { judgeRecordChain, listSignedFiles, stateRecords } from '../core/signature.ts';
import type { ChainVerdict, Statement } from '../core/signature.ts';
import { RR_VERSION } from '../core/version.ts';
import { countThings } from '../formats/amounts.ts';
import { parseNote } from '../formats/note.ts';
import { encodeText, makeHarmless } from '../formats/percent.ts';
import { findAuthor } from '../sys/author.ts';
import { formatUtcMicros, makeRunId, readUtcMicros } from '../sys/clock.ts';
import { refreshHeads } from '../sys/heads.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { requireProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { checkRecord, checkRunRecords } from '../sys/recordcheck.ts';
import { listRecordFiles } from '../sys/recordfiles.ts';
import { listRecords } from '../sys/records.ts';
import { compareSignedFiles, printStatement, readSignedStatements, readUnfixedFiles, removeHalfStatements, saveStatement } from '../sys/signatures.ts';
import type { ChangedFile } from '../sys/signatures.ts';
import { fingerprintOf, readSigningKey } from '../sys/signing.ts';
import { readMarks } from '../sys/store.ts';
import { printOut, tell } from '../sys/terminal.ts';

export type SignOptions = { project: ByteString | undefined; key: ByteString | undefined; signer: ByteString | undefined; quiet: boolean };

/** Says what is not to be signed, and refuses. */
function refuseUnsound(faults: ByteString[]): void {
  if (faults.length === 0) return;
  for (const fault of faults) printOut(makeHarmless(fault) + '\n');
  throw new Failure('cannot sign: ' + countThings(faults.length, 'file') + (faults.length === 1 ? ' is' : ' are') + ' not as recorded', 'put them back, or take them away: then it is signed that they are gone', EXIT.differs);
}

function listUnsound(project: Project, faults: Map<string, string>, verdict: ChainVerdict, changed: ChangedFile[]): ByteString[] {
  const noteFaults = new Map<ByteString, string>();
  for (const id of listRecordFiles(project, 'notes').ids) {
    const fault = checkRecord(project, id, notePath(id), parseNote);
    if (fault !== undefined) noteFaults.set('provenance/' + notePath(id), fault);
  }
  const altered = verdict.findings.filter((finding) => finding.kind === 'altered' && !faults.has(finding.id)).map((one) => one.id + ': altered: ' + one.by + ' names it with the hash ' + one.expected + ', found ' + one.found);
  const files = changed.filter((one) => one.found !== undefined && /^provenance\/(?:notes|logs|signatures)\//.test(one.path) && !noteFaults.has(one.path)).map((one) => encodeText(one.path) + ': altered since ' + one.by);
  return Array.from(faults.values()).concat(altered, Array.from(noteFaults.values()), files);
}

function tellChanges(verdict: ChainVerdict, statement: Statement, changed: ChangedFile[]): void {
  const told = (count: number, what: string, rest: string): void => { if (count > 0) tell('rr: ' + countThings(count, what) + ' ' + rest); };
  told(statement.gaps.length, 'record', 'that others name, not there: signed as a gap');
  told(verdict.findings.filter((one) => one.kind === 'uncovered').length, 'record', 'dated before a signature that does not cover them: covered from now on');
  told(changed.filter((one) => one.found === undefined).length, 'file', 'signed earlier, not there: signed as gone');
  told(changed.filter((one) => one.found !== undefined).length, 'file', 'signed earlier, with other content now');
  told(statement.unfinished.length, 'run', 'at work, without a record yet');
}

/** Signs the state of all records and what lies beside them. Status 1 if something is not as recorded. */
export async function signProject(options: SignOptions): Promise<number> {
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  if (options.key === undefined) throw new Failure('cannot sign: no key is named', 'name one: rr sign --key ~/.ssh/id_ed25519', EXIT.usage);
  if (options.signer === '') throw new Failure('cannot use --as "": it is no name', 'leave it out', EXIT.usage);
  const signing = readSigningKey(options.key[0] === '/' ? options.key : current + '/' + options.key, options.key);
  if (signing.isLoose) tell('rr: others may read "' + options.key + '": run "chmod 600" on it');
  const signedMicros = readUtcMicros();
  // Before the records are listed: a run is in one of both.
  const unfinished = readMarks(project).map((mark) => mark.run.id);
  const { ids, strays } = listRecords(project);
  const logs = new Set<ByteString>();
  const { records, faults } = checkRunRecords(project, ids, (run) => { for (const log of run.logs) logs.add(detachString(log.path)); });
  if (records.length === 0) throw new Failure('cannot sign: no run is recorded here', 'record one: rr record -- COMMAND');
  removeHalfStatements(project);
  const earlier = readSignedStatements(project);
  for (const one of earlier) if (one.fault !== undefined) tell('rr: ' + one.name + ' does not count: ' + one.fault);
  const good = earlier.filter((one) => one.fault === undefined).map((one) => one.statement as Statement);
  const verdict = judgeRecordChain(records, good);
  const changed = await compareSignedFiles(project, good);
  refuseUnsound(strays.map((stray) => stray + ': not where a record of that id belongs').concat(listUnsound(project, faults, verdict, changed)));
  const files = await readUnfixedFiles(project, logs);
  const unknown = files.filter((file) => file.hash === '?');
  if (unknown.length > 0) throw new Failure('cannot sign: "' + unknown[0].path + '" cannot be read', 'see who may read it');
  const there = new Set(files.map((file) => file.path));
  const stated = stateRecords(records);
  const statement: Statement = {
    id: makeRunId(signedMicros), signedUtc: formatUtcMicros(signedMicros), signer: options.signer ?? findAuthor(project), ...stated, gaps: addEarlierGaps(stated.gaps, good, records),
    unfinished: unfinished.filter((id) => ids.indexOf(id) < 0), files, gone: Array.from(listSignedFiles(good).keys()).filter((path) => !there.has(path)).sort(), rr: RR_VERSION, unknown: [],
  };
  const text = printStatement(statement);
  const made = signing.sign(text);
  const path = saveStatement(project, statement.id, text, made);
  refreshHeads(project, records);
  if (!options.quiet) {
    tellChanges(verdict, statement, changed);
    tell('rr: signed ' + countThings(records.length, 'record') + ' and ' + countThings(files.length, 'file') + ' with the key ' + fingerprintOf(made.publicKey));
  }
  printOut(path + '\n');
  return 0;
}

/** Gaps also where nobody but an earlier signature names what is gone. */
function addEarlierGaps(gaps: Statement['gaps'], good: Statement[], records: { id: string }[]): Statement['gaps'] {
  const known = new Set(gaps.map((gap) => gap.id).concat(records.map((record) => record.id)));
  const found = gaps.slice();
  for (const statement of good) {
    for (const link of statement.heads.concat(statement.gaps)) {
      if (!known.has(link.id)) found.push(link);
      known.add(link.id);
    }
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}
