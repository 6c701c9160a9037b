// signatures.ts - signed statements on the disk: reading and checking all, what a new one says, writing one. Judges no records.
//
//   provenance/signatures/ID.rec            the statement
//                         ID.rec.sig        its signature of SSH, ID.rec.pub the public key
//                         ID.rec.ed25519    or 64 bytes of Ed25519, ID.rec.pem the public key
//   .rr/signing/ID                          who writes these now (describeSelf in store.ts), or was killed meanwhile
//
// A signature without its statement is half written if .rr/signing has it, else its statement was taken away.
// What lies there may be a stranger's: only regular files of bounded size are read, and no name from them is opened
// that is not under provenance/.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { RUN_ID } from '../core/run.ts';
import type { FileState } from '../core/run.ts';
import type { Statement } from '../core/signature.ts';
import { listSignedFiles } from '../core/signature.ts';
import { sealRecord, unsealRecord } from '../formats/fields.ts';
import { parseStatement, printStatementBody } from '../formats/statement.ts';
import { createFile, isForbidden, isUnfinished, isUnwritable, listFolder, lstatIfThere, makeFolder, readRegularIfThere, removeIfThere, syncFolder } from './files.ts';
import { describeFile, hashBytes, hashFiles } from './hash.ts';
import { absoluteOf, describeSystemError, prepareOwnFolder } from './project.ts';
import type { Project } from './project.ts';
import { takeSnapshot } from './scan.ts';
import { checkRawSignature, checkSshSignature } from './signing.ts';
import type { CheckedSignature, MadeSignature } from './signing.ts';
import { describeSelf, isHolderAlive } from './store.ts';

const SIGNATURES = 'provenance/signatures/';
const LARGEST_STATEMENT = 1 << 28;
const LARGEST_SIGNATURE = 1 << 16;
const LARGEST_MARK = 4096;

/** A statement, by whose key; `fault`: why it does not count, as a part of a sentence. */
export type SignedStatement = { name: string; statement: Statement | undefined; publicKey: ByteString; fault: string | undefined };

/** A regular file of at most so many bytes; a Failure says what else it is. undefined: it is not there. */
function readBounded(project: Project, path: string, mostBytes: number): ByteString | undefined {
  const stat = lstatIfThere(absoluteOf(project, path));
  if (stat === undefined) return undefined;
  if (!stat.isFile()) throw new Failure('it is no regular file');
  if (stat.size > mostBytes) throw new Failure('it is too large (' + String(stat.size) + ' bytes)');
  try {
    return readRegularIfThere(absoluteOf(project, path));
  } catch (error) {
    throw isForbidden(error) ? new Failure('it cannot be read: ' + describeSystemError(error)) : error;
  }
}

function checkBeside(project: Project, path: string, text: ByteString): CheckedSignature {
  const ssh = readBounded(project, path + '.sig', LARGEST_SIGNATURE);
  if (ssh !== undefined) return checkSshSignature(text, ssh, readBounded(project, path + '.pub', LARGEST_SIGNATURE), absoluteOf(project, path + '.sig'));
  const raw = readBounded(project, path + '.ed25519', LARGEST_SIGNATURE);
  if (raw === undefined) return { publicKey: '', fault: 'no signature lies beside it' };
  return checkRawSignature(text, raw, readBounded(project, path + '.pem', LARGEST_SIGNATURE) ?? '');
}

function readSigned(project: Project, name: string): SignedStatement {
  const path = SIGNATURES + name;
  const signed: SignedStatement = { name: path, statement: undefined, publicKey: '', fault: undefined };
  try {
    const text = readBounded(project, path, LARGEST_STATEMENT);
    if (text === undefined) return { ...signed, fault: 'the statement is not there: it was removed, or rr sign was killed before it stood there; then the next one takes this away' };
    const parts = unsealRecord(text);
    if (parts === undefined || hashBytes(parts.body) !== parts.hash) return { ...signed, fault: 'it is not what its last line says' };
    const { publicKey, fault } = checkBeside(project, path, text);
    const statement = parseStatement(text, path);
    return { name: path, statement, publicKey, fault: fault ?? (statement.id + '.rec' === name ? undefined : 'it claims the id ' + statement.id) };
  } catch (error) {
    if (error instanceof Failure) return { ...signed, fault: error.message };
    throw error;
  }
}

/** All statements in the order of their ids, with what is wrong with each; also signatures without one. */
export function readSignedStatements(project: Project): SignedStatement[] {
  const folder = absoluteOf(project, SIGNATURES.slice(0, -1));
  if (lstatIfThere(folder)?.isDirectory() !== true) return [];
  const names = new Set(listFolder(folder).map((name) => name.replace(/\.(?:sig|pub|ed25519|pem)$/, '')).filter((name) => name.endsWith('.rec')));
  return Array.from(names).sort(compareBytes).map((name) => (RUN_ID.test(name.slice(0, -4)) ? readSigned(project, name)
    : { name: SIGNATURES + name, statement: undefined, publicKey: '', fault: 'it is not of rr' }));
}

// ---- files -------------------------------------------------------------------------------------------------

/** Files that others make anew from the records. */
const DERIVED_FILES = ['Makefile', 'SHA256SUMS'];

/** Does a record, or its own name, say what is in this file under provenance/? */
function isFixed(path: ByteString, logs: Set<ByteString>): boolean {
  const run = /^runs\/(\d{4}-\d\d)\/([^/]*)\.rec$/.exec(path);
  if (run !== null && RUN_ID.test(run[2]) && run[1] === run[2].slice(0, 4) + '-' + run[2].slice(4, 6)) return true;
  return /^(?:environments\/[0-9a-f]{64}\.rec|code\/[0-9a-f]{64}\.(?:patch|src))$/.test(path) || logs.has('provenance/' + path) || DERIVED_FILES.indexOf(path) >= 0
    || isUnfinished(path);
}

/** The files under provenance/ whose content no record fixes, as they are, sorted. `logs`: paths of the logs that records name. */
export async function readUnfixedFiles(project: Project, logs: Set<ByteString>): Promise<FileState[]> {
  const paths = Array.from(takeSnapshot(project.provenance, [])).filter(([path, seen]) => !seen.isFolder && !isFixed(path, logs)).map(([path]) => 'provenance/' + path);
  return readSignedStates(project, paths.sort(compareBytes));
}

/** These files as they are; those that are not there are left out. */
export async function readSignedStates(project: Project, paths: ByteString[]): Promise<FileState[]> {
  const states: FileState[] = [];
  for (const path of paths) {
    const state = describeFile(absoluteOf(project, path), path);
    if (state !== undefined) states.push(state);
  }
  const waiting = states.filter((state) => state.hash === '?');
  const outcomes = await hashFiles(waiting.map((state) => ({ name: absoluteOf(project, state.path), sizeBytes: state.size })));
  outcomes.forEach((outcome, i) => {
    if (outcome.kind === 'hashed') Object.assign(waiting[i], { hash: outcome.hash, size: outcome.size });
  });
  return states;
}

/** A signed file that is not as it was: `found` undefined is gone. */
export type ChangedFile = { path: ByteString; by: string; expected: FileState; found: FileState | undefined };

/** What of the files in these statements is not as the last word on it says, and which of `now` are in none. */
export async function compareSignedFiles(project: Project, statements: Statement[]): Promise<ChangedFile[]> {
  const changed: ChangedFile[] = [];
  const signed = listSignedFiles(statements);
  const now = new Map((await readSignedStates(project, Array.from(signed.keys()).sort(compareBytes))).map((state) => [state.path, state]));
  for (const [path, { state, by }] of Array.from(signed).sort((a, b) => compareBytes(a[0], b[0]))) {
    const found = now.get(path);
    if (state !== undefined && (found === undefined || found.hash !== state.hash || found.kind !== state.kind)) changed.push({ path, by, expected: state, found });
  }
  return changed;
}

// ---- writing -----------------------------------------------------------------------------------------------

/** Text of a statement, sealed: what is signed. */
export function printStatement(statement: Statement): ByteString {
  const body = printStatementBody(statement);
  return sealRecord(body, hashBytes(body));
}

/** The folder of marks; undefined if it is none of this project's own. */
function openMarks(project: Project): ByteString | undefined {
  const marks = project.own + '/signing';
  return lstatIfThere(marks)?.isDirectory() === true ? marks : undefined;
}

/** Says that a statement is about to be written. Returns what takes that back. */
function markSigning(project: Project, id: string): () => void {
  try {
    prepareOwnFolder(project);
    if (lstatIfThere(project.own + '/signing') === undefined) makeFolder(project.own + '/signing');
    const marks = openMarks(project);
    if (marks !== undefined) createFile(marks + '/' + id, describeSelf(), 0o666, true);
    return () => { if (marks !== undefined) removeIfThere(marks + '/' + id); };
  } catch (error) {
    if (!isUnwritable(error)) throw error;
    return () => undefined; // without a mark, rr verify names what one who is killed leaves
  }
}

/** Takes away the signatures and keys whose statement was never written, as who wrote them was killed. */
export function removeHalfStatements(project: Project): void {
  const marks = openMarks(project);
  for (const id of marks === undefined ? [] : listFolder(marks).filter((name) => RUN_ID.test(name))) {
    const mark = lstatIfThere(marks + '/' + id);
    if (mark === undefined || !mark.isFile()) continue;
    if (mark.size <= LARGEST_MARK && isHolderAlive(readRegularIfThere(marks + '/' + id) ?? '', marks + '/' + id)) continue;
    const name = absoluteOf(project, SIGNATURES + id + '.rec');
    if (lstatIfThere(absoluteOf(project, SIGNATURES.slice(0, -1)))?.isDirectory() === true && lstatIfThere(name) === undefined) {
      for (const ending of ['.sig', '.pub', '.ed25519', '.pem']) removeIfThere(name + ending);
    }
    removeIfThere(marks + '/' + id);
  }
}

/** Writes a signature, its key, and last the statement, under a mark. Returns the path. */
export function saveStatement(project: Project, id: string, text: ByteString, made: MadeSignature): ByteString {
  const path = SIGNATURES + id + '.rec';
  const folder = absoluteOf(project, SIGNATURES.slice(0, -1));
  if (lstatIfThere(folder)?.isSymbolicLink() === true) throw new Failure('cannot sign: "provenance/signatures" is a link', 'put a folder in its place');
  makeFolder(folder);
  syncFolder(project.provenance);
  const unmark = markSigning(project, id);
  const [signatureEnding, keyEnding] = made.kind === 'ssh' ? ['.sig', '.pub'] : ['.ed25519', '.pem'];
  const written: ByteString[] = [];
  try {
    for (const [ending, content] of [[keyEnding, made.publicText], [signatureEnding, made.signature], ['', text]]) {
      const name = absoluteOf(project, path + ending);
      const isThere = lstatIfThere(name) !== undefined;
      // It may have its name and not be on the disk: then it goes, too.
      if (!isThere) written.unshift(name);
      if (isThere || !createFile(name, content, 0o666, true)) throw new Failure('cannot sign: "' + path + ending + '" is there', 'sign again');
    }
  } catch (error) {
    // A key and a signature of nothing are told of as damage.
    for (const name of written) removeIfThere(name);
    throw error;
  } finally {
    unmark();
  }
  return path;
}
