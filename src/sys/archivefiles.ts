// archivefiles.ts - chooses the files of a project that go into an archive, and holds them against the records. Writes nothing but the cache.
//
// Invariants
// 1. Names come from records and repositories of strangers: none is looked at that is not below the project by its text.
// 2. No file is chosen whose folders are links: what lies behind a link goes in under its own name, and the link beside it.
// 3. A link that goes in is relative, stays in the project, and what it leads to is in the archive.
// 4. Only regular files are opened.
import { compareOmitted, findBagFault, includesProvenance, isDocumentName, judgeClaim, listArchiveClaims, TOP_MAKEFILE_NAMES } from '../core/archive.ts';
import type { ArchiveClaim, ArchivedFile, ArchiveReason, OmittedFile, RecordedLog } from '../core/archive.ts';
import { compareBytes, detachString } from '../core/bytes.ts';
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { isSecretFile, makeClassifier } from '../core/filerules.ts';
import { isResultPath } from '../core/graph.ts';
import type { Publication } from '../core/publication.ts';
import { recordPath } from '../core/run.ts';
import type { FileState } from '../core/run.ts';
import { isSourceName, LARGEST_SOURCE_BYTES } from '../core/sources.ts';
import { unsealRecord } from '../formats/fields.ts';
import { GIT_LINK } from '../formats/gitindex.ts';
import { CRATE_DESCRIPTOR } from '../views/rocratefiles.ts';
import { pathOfSecret } from './aside.ts';
import { isUnfinished, listFolder, lstatIfThere, readLinkTarget, readRegularIfThere } from './files.ts';
import { readFileStates } from './filestates.ts';
import { readGitKnowledge } from './gitknown.ts';
import { hashBytes } from './hash.ts';
import { expandDeclared, isDeclared } from './observe.ts';
import type { Project } from './project.ts';
import { absoluteOf, relativeTo } from './project.ts';
import { listRecordFiles, readRecordFile } from './recordfiles.ts';
import { readRunOrNot } from './records.ts';
import { isLeftOut, takeSnapshot } from './scan.ts';

export type ArchiveChoice = {
  /** What --include and --exclude are relative to. */
  folder: ByteString;
  includes: ByteString[];
  excludes: ByteString[];
  /** Of files that are not of provenance/ and not named by --include. */
  mostBytes: number | undefined;
  /** Absolute: what is written. It does not go into itself. */
  target: ByteString;
};

export type ArchiveContents = {
  /** By path. */
  files: ArchivedFile[];
  omitted: OmittedFile[];
  /** What is not as recorded, a sentence each, and what makes an archive impossible. */
  changes: ByteString[];
  obstacles: ByteString[];
  /** Has the project a Makefile of its own, and does that have the rules of rr? */
  makefile: 'none' | 'own' | 'includes';
};

const MOST_HOPS = 40;
const NO_NEEDS: ByteString[] = [];

type Chosen = { reason: ArchiveReason; target: ByteString; /** Of a link: all that must be there for it to lead on; the last is where it leads. */ needs: ByteString[] };

/** Is this what a killed rr left beside the archive's name, or in it? The next archive removes it (archivewriter.ts). */
function isUnfinishedOf(target: ByteString, name: ByteString): boolean {
  const cut = target.lastIndexOf('/');
  const start = target.slice(0, cut) + '/.' + target.slice(cut + 1, cut + 201) + '.';
  return name.startsWith(start) && /^[a-z2-7]{6}\.(?:tmp|old)(?:\/|$)/.test(name.slice(start.length));
}

class ArchiveSelection {
  readonly chosen = new Map<ByteString, Chosen>();
  readonly omitted = new Map<ByteString, OmittedFile>();
  readonly obstacles = new Map<ByteString, ByteString>();
  private readonly project: Project;
  private readonly choice: ArchiveChoice;
  private readonly secrets: Set<ByteString>;
  private readonly claims: Map<ByteString, ArchiveClaim>;
  private readonly isExcluded: (path: ByteString) => boolean;
  private readonly realFolders = new Set<ByteString>(['']);

  constructor(project: Project, choice: ArchiveChoice, secrets: Set<ByteString>, claims: ArchiveClaim[]) {
    this.project = project;
    this.choice = choice;
    this.secrets = secrets;
    this.claims = new Map(claims.map((claim) => [claim.file.path, claim]));
    const tests = choice.excludes.map((pattern) => isDeclared(project, choice.folder, pattern));
    this.isExcluded = (path) => tests.some((test) => test(path));
  }

  /** Puts a path of the project into the archive, if it is there and may go in. */
  add(path: ByteString, reason: ArchiveReason): void {
    if (this.isSettled(path) || !(reason === 'provenance' || isResultPath(path)) || isLeftOut(path) !== (reason === 'provenance')) return;
    if (isSecretFile(path) || this.secrets.has(path)) return this.omit(path, 'may hold secrets');
    if (reason !== 'provenance' && this.isExcluded(path)) return this.omit(path, 'is left out by --exclude');
    const fault = findBagFault(path);
    if (fault !== undefined) return this.refuse(path, '"' + path + '" cannot go into a bag: ' + fault);
    const real = this.findReal(path);
    if (real === undefined) return this.leadOut(path, reason);
    for (const link of real.links) this.add(link, reason);
    if (real.path !== path) return this.add(real.path, reason);
    const name = absoluteOf(this.project, path);
    if (name === this.choice.target || name.startsWith(this.choice.target + '/')) return this.omit(path, 'is the archive itself');
    if (isUnfinishedOf(this.choice.target, name)) return this.omit(path, 'is an archive that was never finished');
    const stat = lstatIfThere(name);
    if (stat === undefined || stat.isDirectory()) return;
    if (stat.isSymbolicLink()) return this.addLink(path, reason);
    if (!stat.isFile()) return this.omit(path, 'is no regular file');
    const { mostBytes } = this.choice;
    if (mostBytes !== undefined && stat.size > mostBytes && reason !== 'provenance' && reason !== 'asked for') return this.omit(path, 'is larger than --max-size', stat.size);
    this.chosen.set(path, { reason, target: '', needs: NO_NEEDS });
  }

  isSettled(path: ByteString): boolean {
    return this.chosen.has(path) || this.omitted.has(path) || this.obstacles.has(path);
  }

  omit(path: ByteString, why: ByteString, sizeBytes?: number): void {
    if (this.omitted.has(path)) return;
    const claim = why === 'may hold secrets' ? undefined : this.claims.get(path);
    const readers = claim?.role === 'input' ? claim.runs : [];
    this.omitted.set(path, { path, why, hash: claim?.file.hash, sizeBytes: claim?.file.size ?? sizeBytes, readers, maker: claim?.role === 'result' ? claim.runs[0] : undefined });
  }

  refuse(path: ByteString, text: ByteString): void {
    this.obstacles.set(path, text);
  }

  /** Of an input it is as with those outside of the project. */
  private leadOut(path: ByteString, reason: ArchiveReason): void {
    if (reason === 'input' || reason === 'code') this.omit(path, 'lies behind a link that leads out of the project');
    else this.refuse(path, '"' + path + '" cannot go in: a link leads out of the project');
  }

  /** The path without links in its folders, and these links; undefined if one leads out of the project. */
  findReal(path: ByteString): { path: ByteString; links: ByteString[] } | undefined {
    const slash = path.lastIndexOf('/');
    const folder = path.slice(0, Math.max(slash, 0));
    if (this.realFolders.has(folder)) return { path, links: [] };
    const found = this.follow([], path, false);
    if (found !== undefined && found.path === path) this.realFolders.add(folder);
    return found;
  }

  /** Goes along a text from a folder of the project; with `isWhole` also where its last part leads. */
  private follow(start: ByteString[], text: ByteString, isWhole: boolean): { path: ByteString; links: ByteString[] } | undefined {
    const done = start.slice();
    const todo = text.split('/').reverse();
    const links: ByteString[] = [];
    for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        if (done.pop() === undefined) return undefined;
        continue;
      }
      done.push(part);
      const path = done.join('/');
      if ((todo.length === 0 && !isWhole) || lstatIfThere(absoluteOf(this.project, path))?.isSymbolicLink() !== true) continue;
      const target = readLinkTarget(absoluteOf(this.project, path));
      if (target[0] === '/' || links.length >= MOST_HOPS) return undefined;
      links.push(path);
      done.pop();
      todo.push(...target.split('/').reverse());
    }
    return { path: done.join('/'), links };
  }

  private addLink(path: ByteString, reason: ArchiveReason): void {
    const target = readLinkTarget(absoluteOf(this.project, path));
    const found = this.follow([], path, true);
    const told = '"' + path + '" cannot go in: it is a link to "' + target + '", ';
    if (found === undefined && (reason === 'input' || reason === 'code')) return this.leadOut(path, reason);
    if (target[0] === '/') return this.refuse(path, told + 'which is absolute');
    if (found === undefined) return this.refuse(path, told + 'which leads out of the project or nowhere');
    if (findBagFault(target.replace(/%/g, '')) !== undefined) return this.refuse(path, told + 'a name that a bag cannot carry');
    const there = lstatIfThere(absoluteOf(this.project, found.path === '' ? '.' : found.path));
    if (there === undefined) return this.refuse(path, told + 'which leads nowhere');
    this.chosen.set(path, { reason, target, needs: found.links.filter((link) => link !== path).concat(found.path) });
    for (const link of found.links) this.add(link, reason);
    if (!there.isDirectory()) this.add(found.path, 'link target');
  }

  /** The folders in which something goes in; '' is the project. */
  listFolders(): Set<ByteString> {
    const folders = new Set<ByteString>(['']);
    for (const path of this.chosen.keys()) for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1)) folders.add(path.slice(0, cut));
    return folders;
  }

  /** Takes links out that would lead nowhere in the archive. */
  settleLinks(): void {
    for (let isDone = false; !isDone;) {
      isDone = true;
      const folders = this.listFolders();
      for (const [path, { needs }] of Array.from(this.chosen)) {
        if (needs.every((need) => this.chosen.has(need) || folders.has(need))) continue;
        this.chosen.delete(path);
        this.omit(path, 'is a link to what is not in the archive');
        isDone = false;
      }
    }
  }

  /** The content of a chosen path is that of this one. */
  contentPath(path: ByteString): ByteString {
    const needs = this.chosen.get(path)?.needs ?? [];
    return needs.length === 0 ? path : needs[needs.length - 1];
  }
}

// ---- what goes in ---------------------------------------------------------------------------------------

function addProvenance(project: Project, selection: ArchiveSelection): void {
  const unreadable: ByteString[] = [];
  for (const [path, seen] of takeSnapshot(project.provenance, unreadable)) {
    // What a killed rr left unfinished.
    if (!seen.isFolder && !isUnfinished(path)) selection.add('provenance/' + path, 'provenance');
  }
  for (const path of unreadable) selection.refuse('provenance/' + path, '"provenance/' + path + '" cannot be read');
  for (const name of ['README.txt', 'Makefile', 'SHA256SUMS', 'rerun.sh']) {
    const path = 'provenance/' + name;
    if (!selection.isSettled(path)) selection.refuse(path, '"' + path + '" is missing: "rr init" and "rr makefile" make it again');
  }
}

/** Files that git tracks, in the project; false if none can be asked. */
function addTracked(project: Project, selection: ArchiveSelection): boolean {
  const git = readGitKnowledge(project);
  if (git === undefined) return false;
  for (const entry of git.entries.values()) {
    if (entry.stage !== 0 || !entry.name.startsWith(git.prefix)) continue;
    const path = entry.name.slice(git.prefix.length);
    if (isLeftOut(path)) continue;
    if (entry.mode === GIT_LINK) selection.omit(path, 'is a submodule of git; of its files those are here that runs read');
    selection.add(path, 'tracked');
    if (!selection.isSettled(path) && lstatIfThere(absoluteOf(project, path)) === undefined) selection.omit(path, 'is tracked by git and not there');
  }
  return true;
}

/** Where no version control tells what counts: sources and documents by their names. */
function addByName(project: Project, selection: ArchiveSelection): void {
  // With places that are the same everywhere: where a project lies must not matter.
  const classify = makeClassifier({ project: '/project', home: '/home', temporary: '/temporary' }, readRegularIfThere(project.provenance + '/files.txt') ?? '', 'provenance/files.txt');
  const bags: ByteString[] = [];
  const snapshot = Array.from(takeSnapshot(project.root, [])).sort((a, b) => compareBytes(a[0], b[0]));
  for (const [path] of snapshot) if (path.endsWith('/bagit.txt')) bags.push(path.slice(0, -'bagit.txt'.length));
  for (const [path, seen] of snapshot) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const isWanted = isDocumentName(name) || (isSourceName(path) && seen.size <= LARGEST_SOURCE_BYTES);
    if (seen.isFolder || !isWanted || bags.some((bag) => path.startsWith(bag)) || classify('/project/' + path) !== 'project') continue;
    selection.add(path, isDocumentName(name) ? 'document' : 'source');
  }
}

/** The Makefile that make would read and the documents of the top, tracked or not. */
function addTopFiles(project: Project, selection: ArchiveSelection): void {
  for (const name of listFolder(project.root).sort()) if (isDocumentName(name) || TOP_MAKEFILE_NAMES.indexOf(name) >= 0) selection.add(name, 'document');
}

function addIncluded(project: Project, choice: ArchiveChoice, selection: ArchiveSelection): void {
  for (const pattern of choice.includes) {
    const { paths } = expandDeclared(project, choice.folder, pattern);
    const outside = paths.find((path) => path[0] === '/');
    if (outside !== undefined) throw new Failure('cannot include "' + outside + '": it lies outside of the project', 'copy it into the project, and have the runs read it there', EXIT.usage);
    if (paths.length === 0) throw new Failure('cannot include "' + pattern + '": no file of the project is named so', 'name files, folders or patterns', EXIT.usage);
    for (const path of paths) selection.add(path, 'asked for');
  }
}

/** What all records tell beside the graph: paths that may hold secrets, sources, logs. */
type RecordedFiles = { secrets: Set<ByteString>; sources: Set<ByteString>; logs: RecordedLog[] };

/** The records are read one after the other, and not held. */
function readRecordedFiles(project: Project, publication: Publication): RecordedFiles {
  const files: RecordedFiles = { secrets: new Set(), sources: new Set(), logs: [] };
  // A part of a record's text would keep all of it.
  const add = (paths: Set<ByteString>, path: ByteString): void => { if (!paths.has(path)) paths.add(detachString(path)); };
  for (const { id } of publication.recorded) {
    const run = readRunOrNot(project, id);
    if (run === undefined) continue;
    for (const line of run.secretInputs.concat(run.secretOutputs)) add(files.secrets, pathOfSecret(line));
    for (const { path } of run.codeFiles) add(files.sources, path);
    for (const { hash, size, kind, path } of run.logs) files.logs.push({ file: { hash: detachString(hash), size, kind, path: detachString(path) }, runId: id });
  }
  return files;
}

function addRecorded(publication: Publication, sources: Set<ByteString>, claims: ArchiveClaim[], selection: ArchiveSelection): void {
  for (const { file, role } of claims) if (role === 'result') selection.add(file.path, role);
  for (const path of sources) selection.add(path, 'code');
  for (const { file, role } of claims) if (role === 'input') selection.add(file.path, role);
  // Inputs whose content is not known cannot be held against it, but they belong to it.
  for (const { file } of publication.inputs) if (file.hash === '?' && file.path[0] !== '/') selection.add(file.path, 'input');
  for (const environment of publication.environments.values()) for (const { path } of environment.lockFiles) selection.add(path, 'lock file');
}

/** What the records name and is not in the project, or not any more. */
function omitRecorded(publication: Publication, overwritten: ArchiveClaim[], selection: ArchiveSelection): OmittedFile[] {
  const omitted: OmittedFile[] = [];
  for (const { file, readers } of publication.inputs) {
    if (file.path[0] !== '/' && !/(?:^|\/)\.\.(?:\/|$)/.test(file.path)) continue;
    if (file.kind === 'd') continue;
    omitted.push({ path: file.path, why: 'lies outside of the project', hash: file.hash.length === 64 ? file.hash : undefined, sizeBytes: file.size, readers, maker: undefined });
  }
  for (const { file, runs } of overwritten) {
    omitted.push({ path: file.path, why: 'had this content when it was read; a run has written another in its place', hash: file.hash, sizeBytes: file.size, readers: runs, maker: undefined });
  }
  const folders = selection.listFolders();
  for (const { run } of publication.runs) {
    for (const file of run.tree === undefined ? run.outputs : []) {
      if (file.kind !== 'd' || !isResultPath(file.path) || folders.has(file.path)) continue;
      omitted.push({ path: file.path, why: 'is a folder without a file that goes in; a bag holds no empty folders', hash: undefined, sizeBytes: undefined, readers: [], maker: run.id });
    }
  }
  return omitted;
}

// ---- as recorded? -----------------------------------------------------------------------------------------

/** The files that provenance/ names by their hashes, and that are not that. */
function findForged(states: Map<ByteString, FileState>): ByteString[] {
  const found: ByteString[] = [];
  for (const [path, { hash }] of states) {
    const named = /^provenance\/(?:environments|code)\/([0-9a-f]{64})\.(?:rec|patch|src)$/.exec(path);
    if (named !== null && named[1] !== hash) found.push('"' + path + '" is not what its name says');
  }
  return found;
}

/** The records that somebody changed. */
function findBrokenSeals(project: Project, folder: 'runs' | 'notes'): ByteString[] {
  const found: ByteString[] = [];
  for (const id of listRecordFiles(project, folder).ids) {
    const path = recordPath(id).replace('runs', folder);
    const parts = unsealRecord(readRecordFile(project, path) ?? '');
    if (parts === undefined || hashBytes(parts.body) !== parts.hash) found.push('"provenance/' + path + '" was changed: it is not what its last line says');
  }
  return found;
}

function judgeClaims(claims: ArchiveClaim[], selection: ArchiveSelection, states: Map<ByteString, FileState>): { changes: ByteString[]; missing: ByteString[] } {
  const changes: ByteString[] = [];
  const missing: ByteString[] = [];
  for (const claim of claims) {
    const real = selection.findReal(claim.file.path)?.path ?? claim.file.path;
    if (selection.omitted.has(real) || selection.omitted.has(claim.file.path) || selection.obstacles.has(real) || selection.obstacles.has(claim.file.path)) continue;
    const verdict = judgeClaim(claim, states.get(real));
    if (verdict === undefined) continue;
    if (verdict.kind === 'missing' && claim.role === 'result') missing.push(verdict.text);
    else changes.push(verdict.text);
    if (verdict.kind === 'missing' && claim.role === 'input') selection.omit(claim.file.path, 'is missing');
  }
  return { changes, missing };
}

function findMakefile(project: Project, selection: ArchiveSelection): ArchiveContents['makefile'] {
  const name = TOP_MAKEFILE_NAMES.find((one) => selection.chosen.has(one));
  if (name === undefined) return 'none';
  return includesProvenance(readRegularIfThere(absoluteOf(project, name)) ?? '') ? 'includes' : 'own';
}

function describeChosen(selection: ArchiveSelection, states: Map<ByteString, FileState>): ArchivedFile[] {
  const files: ArchivedFile[] = [];
  for (const [path, { reason, target }] of selection.chosen) {
    const content = states.get(selection.contentPath(path));
    if (content?.hash === '?') selection.refuse(path, '"' + path + '" cannot be read');
    const kind = target !== '' ? 'l' : content?.kind === 'x' ? 'x' : '';
    files.push({ path, kind, sizeBytes: content?.size ?? 0, hash: content?.hash ?? '-', target, reason });
  }
  return files.sort((a, b) => compareBytes(a.path, b.path));
}

/** A crate that the project has itself: the archive is one, and its description has to lie in the same place. */
function leaveOutCrate(selection: ArchiveSelection, claims: ArchiveClaim[]): void {
  if (!selection.chosen.delete(CRATE_DESCRIPTOR)) return;
  if (claims.some((claim) => claim.file.path === CRATE_DESCRIPTOR)) selection.refuse(CRATE_DESCRIPTOR, '"' + CRATE_DESCRIPTOR + '" is a file of a run, and in its place lies that of the archive');
  else selection.omit(CRATE_DESCRIPTOR, 'is in the place where that of the archive lies');
}

/** What goes into an archive of the project and what does not. Throws Failure for a wrong --include. */
export async function chooseArchiveFiles(project: Project, publication: Publication, choice: ArchiveChoice): Promise<ArchiveContents> {
  const { secrets, sources, logs } = readRecordedFiles(project, publication);
  const { claims, overwritten } = listArchiveClaims(publication, logs);
  const selection = new ArchiveSelection(project, choice, secrets, claims);
  addIncluded(project, choice, selection);
  addProvenance(project, selection);
  addRecorded(publication, sources, claims, selection);
  addTopFiles(project, selection);
  if (!addTracked(project, selection)) addByName(project, selection);
  for (const path of secrets) if (!selection.isSettled(path)) selection.omit(path[0] === '/' ? path : relativeTo(project, absoluteOf(project, path)), 'may hold secrets');
  leaveOutCrate(selection, claims);
  selection.settleLinks();
  const seen = await readFileStates(project, selection.chosen.keys());
  const states = new Map(Array.from(seen.paths(), (path): [ByteString, FileState] => [path, seen.stateOf(path) as FileState]));
  const { changes, missing } = judgeClaims(claims, selection, states);
  const files = describeChosen(selection, states);
  return {
    files, changes: changes.concat(findForged(states), findBrokenSeals(project, 'runs'), findBrokenSeals(project, 'notes')), obstacles: Array.from(selection.obstacles.values()).concat(missing),
    omitted: Array.from(selection.omitted.values()).concat(omitRecorded(publication, overwritten, selection)).sort(compareOmitted), makefile: findMakefile(project, selection),
  };
}
