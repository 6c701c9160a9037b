// code.ts - the code of a run: the project's repository before it, the sources that it read after it. Knows no records' spelling.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { isSecretFile } from '../core/filerules.ts';
import type { CodeFileState, FileState, Run } from '../core/run.ts';
import { isScriptCandidate, isSourceName, LARGEST_SOURCE_BYTES } from '../core/sources.ts';
import { swhidOfCode } from '../formats/swhid.ts';
import { errorCode, lstatIfThere, readBytesIfThere, readFirstBytes, statIfThere } from './files.ts';
import type { GitState } from './git.ts';
import { findGitFileState, readCode, readEarlierBlob } from './git.ts';
import { describeFile, hashBytes } from './hash.ts';
import { resolveLinks } from './machine.ts';
import type { OtherState, OtherSystem } from './othervcs.ts';
import { findOtherFileState, readOtherCode } from './othervcs.ts';
import { absoluteOf, relativeTo } from './project.ts';
import type { Project } from './project.ts';
import { saveByContent } from './store.ts';

// Rules, and why they hold:
// 1. The state of the project's own repository is that of before the run; what the run changed is no
//    change of the code that it ran.
// 2. The states of other checkouts are read after it, as nobody knows before which ones it will read.
//    What changed in them since the start is named.
// 3. Content is stored only if its SHA-256 is that of the input in the record, and under that name: so
//    what is stored is what was read, and is found from the record.

export type CodeRequest = {
  project: Project;
  /** Of a path relative to the project: is it a result, or kept by rr itself? */
  excluded: (path: ByteString) => boolean;
  /** Time of the start of the run, in milliseconds. */
  startMs: number;
};

type Checkout = GitState | OtherState;

/** Where a checkout of some system begins. */
type Place = { system: 'git' | OtherSystem; top: ByteString };

export type BegunCode = {
  request: CodeRequest;
  /** The project's own checkout, as it was before the run; undefined if it lies in none. */
  own: Checkout | undefined;
  /** Of each folder asked so far (without final slash): the checkout that it lies in. */
  places: Map<ByteString, Place | undefined>;
  /** Folders with the links in their names resolved. */
  folders: Map<ByteString, ByteString>;
};

export type EndedCode = Pick<Run, 'codeFiles' | 'codeOthers' | 'warnings'>;

// ---- checkouts ----------------------------------------------------------------------------------

function placeAt(folder: ByteString): Place | undefined {
  const git = statIfThere(folder + '/.git');
  // An empty .git is nothing to git either; a file names the repository of a submodule or a worktree.
  if (git !== undefined && (git.isFile() || statIfThere(folder + '/.git/HEAD') !== undefined)) return { system: 'git', top: folder };
  if (statIfThere(folder + '/.hg')?.isDirectory() === true) return { system: 'hg', top: folder };
  if (statIfThere(folder + '/.svn')?.isDirectory() === true) return { system: 'svn', top: folder };
  const isFossil = statIfThere(folder + '/.fslckout')?.isFile() === true || statIfThere(folder + '/_FOSSIL_')?.isFile() === true;
  return isFossil ? { system: 'fossil', top: folder } : undefined;
}

/** The innermost checkout that a folder (without final slash, '' for /) lies in. */
function findPlace(places: BegunCode['places'], folder: ByteString): Place | undefined {
  if (places.has(folder)) return places.get(folder);
  const place = placeAt(folder) ?? (folder === '' ? undefined : findPlace(places, folder.slice(0, folder.lastIndexOf('/'))));
  places.set(folder, place);
  return place;
}

function readCheckout(request: CodeRequest, place: Place): Checkout | undefined {
  const { project, excluded } = request;
  const root = project.root === '/' ? '' : project.root;
  const isExcluded = (name: ByteString): boolean => {
    const path = relativeTo(project, place.top + '/' + name);
    return path[0] !== '/' && excluded(path);
  };
  if (place.system !== 'git') return readOtherCode(place.system, place.top, { isExcluded, ownFolder: project.own });
  if (root === place.top || root.startsWith(place.top + '/')) return readCode(project.root, { excluded });
  return readCode(place.top === '' ? '/' : place.top, { excluded: isExcluded });
}

/** Reads the state of the project's own repository, before the run. */
export function beginCode(request: CodeRequest): BegunCode {
  const begun: BegunCode = { request, own: undefined, places: new Map(), folders: new Map() };
  const place = findPlace(begun.places, request.project.root.replace(/\/$/, ''));
  if (place !== undefined) begun.own = readCheckout(request, place);
  return begun;
}

/** As the record has it: "git COMMIT" or "git COMMIT dirty HASH". Stores the patch. */
function describeCheckout(project: Project, checkout: Checkout): ByteString {
  const { patch } = checkout;
  const version = checkout.system + ' ' + checkout.commit;
  if (patch === undefined) return version;
  return version + ' dirty ' + (patch === '' ? '-' : saveByContent(project, 'code', patch, '.patch'));
}

/** Puts what is known before the run into its record, and stores the patch. */
export function noteCode(begun: BegunCode, run: Run): void {
  const { own, request } = begun;
  if (own === undefined) return;
  run.codeBranch = own.branch;
  run.codeRemote = own.remote;
  run.codeSubmodules = own.submodules.map((submodule) => submodule.commit + (submodule.isDirty ? ' dirty ' : ' ') + submodule.path);
  run.warnings.push(...own.warnings);
  // Of a patch that cannot be stored the record says at least that there was one.
  run.code = own.system + ' ' + own.commit + (own.patch === undefined ? '' : ' dirty -');
  run.code = describeCheckout(request.project, own);
  run.codeSwhid = swhidOfCode(run.code, own.remote);
}

function findFileState(checkout: Checkout, name: ByteString): 'clean' | 'changed' | 'untracked' {
  return checkout.system === 'git' ? findGitFileState(checkout, name) : findOtherFileState(checkout, name);
}

/**
 * A tracked file of the project's repository as it was before the run; undefined if it was changed,
 * or if nothing tells. `path` as in a record.
 */
export function readEarlierContent(begun: BegunCode, path: ByteString): FileState | undefined {
  const { own, request } = begun;
  if (own === undefined || own.system !== 'git') return undefined;
  const name = absoluteOf(request.project, path);
  const state = name.startsWith(own.top + '/') ? readEarlierBlob(own, name.slice(own.top.length + 1)) : undefined;
  return state === undefined ? undefined : { ...state, path };
}

// ---- a clean beginning --------------------------------------------------------------------------

/**
 * Why the code could not be had again from version control, as a sentence; undefined if it could be.
 * `paths` are files that the command names, as in a record.
 */
export function findUnclean(begun: BegunCode, paths: ByteString[]): ByteString | undefined {
  const { own, request } = begun;
  if (own === undefined) return 'the project is under no version control';
  const spell = (name: ByteString): ByteString => '"' + relativeTo(request.project, own.top + '/' + name) + '"';
  const changed = Array.from(own.changed).sort(compareBytes);
  if (changed.length > 0) return spell(changed[0]) + ' has changes that are not committed' + countMore(changed);
  const dirty = own.submodules.filter((submodule) => submodule.isDirty).map((submodule) => submodule.path);
  if (dirty.length > 0) return spell(dirty[0]) + ' has changes that are not committed' + countMore(dirty);
  if (own.patch !== undefined || own.commit === 'unknown') return own.warnings[0] ?? 'the state of the code is not known';
  if (own.commit === 'none') return 'nothing is committed yet';
  const untracked = paths.filter((path) => isUntrackedSource(begun, own, path)).sort(compareBytes);
  return untracked.length === 0 ? undefined : '"' + untracked[0] + '" is not tracked' + countMore(untracked);
}

function isUntrackedSource(begun: BegunCode, own: Checkout, path: ByteString): boolean {
  const file = describeFile(absoluteOf(begun.request.project, path), path);
  const reading = file === undefined || isLeftAlone(path) ? undefined : locateReading(begun, file);
  if (reading === undefined || !reading.isSource || reading.place === undefined || !isTreeOf(own, reading.place)) return false;
  return findFileState(own, reading.name.slice(own.top.length + 1)) === 'untracked';
}

function countMore(names: ByteString[]): string {
  return names.length > 1 ? ' (and ' + String(names.length - 1) + ' more)' : '';
}

// ---- what the run read --------------------------------------------------------------------------

/** A file that the run read. `name` is absolute, links of its folder resolved. */
type Reading = { file: FileState; name: ByteString; place: Place | undefined; isSource: boolean };

function locateReading(begun: BegunCode, file: FileState): Reading | undefined {
  if (file.kind !== '' && file.kind !== 'x') return undefined;
  const given = absoluteOf(begun.request.project, file.path);
  const cut = given.lastIndexOf('/');
  const folder = given.slice(0, cut);
  let real = begun.folders.get(folder);
  if (real === undefined) {
    real = folder === '' ? '' : resolveLinks(folder).replace(/\/$/, '');
    begun.folders.set(folder, real);
  }
  const name = real + given.slice(cut);
  return { file, name, place: findPlace(begun.places, real), isSource: isSource(file, name) };
}

function isSource(file: FileState, name: ByteString): boolean {
  if (file.size > LARGEST_SOURCE_BYTES) return false;
  return isSourceName(file.path) || (isScriptCandidate(file.path, file.kind === 'x') && readFirstBytes(name, 2) === '#!');
}

/** Is it rr's own, or does it hold a secret? */
function isLeftAlone(path: ByteString): boolean {
  return isSecretFile(path) || /^(?:provenance|\.rr)\//.test(path) || (path[0] !== '/' && /(?:^|\/)\.(?:git|hg|svn)\//.test(path));
}

/** Is the checkout that begins at a place this one, or a submodule of it? */
function isTreeOf(checkout: Checkout, place: Place): boolean {
  if (place.top === checkout.top) return true;
  return checkout.system === 'git' && checkout.trees.some((tree) => checkout.top + '/' + tree.prefix === place.top + '/');
}

// No folder is called so: what lies in no checkout.
const NO_CHECKOUT = '?';

/**
 * What is known of the code after the run: the sources among `inputs` with their states, and the
 * other checkouts that any of these lie in. `inputs` are what the run read and did not write, as in
 * the record. Stores the content of what no version control has.
 */
export function endCode(begun: BegunCode, inputs: FileState[]): EndedCode {
  const ended: EndedCode = { codeFiles: [], codeOthers: [], warnings: [] };
  const groups = new Map<ByteString, Reading[]>();
  for (const file of inputs) {
    const reading = isLeftAlone(file.path) ? undefined : locateReading(begun, file);
    if (reading === undefined) continue;
    const { own } = begun;
    const isOwn = own !== undefined && reading.place !== undefined && isTreeOf(own, reading.place);
    // Data that its own checkout does not know says nothing of code; another checkout may be one of data.
    if ((isOwn || reading.place === undefined) && !reading.isSource) continue;
    const top = isOwn ? own.top : reading.place === undefined ? NO_CHECKOUT : reading.place.top;
    const group = groups.get(top);
    if (group === undefined) groups.set(top, [reading]);
    else group.push(reading);
  }
  noteGroups(begun, groups, ended);
  ended.codeFiles.sort((a, b) => compareBytes(a.path, b.path));
  ended.codeOthers.sort(compareBytes);
  return ended;
}

// Each costs a look at all its files, or some processes.
const MOST_CHECKOUTS = 64;

/** Takes the files of one checkout after the other, an outer one before its submodules. */
function noteGroups(begun: BegunCode, groups: Map<ByteString, Reading[]>, ended: EndedCode): void {
  const others = new Map<Checkout, boolean>();
  for (const top of Array.from(groups.keys()).sort(compareBytes)) {
    const readings = groups.get(top) as Reading[];
    const { place } = readings[0];
    let checkout = begun.own?.top === top ? begun.own : undefined;
    if (checkout === undefined && place !== undefined) {
      checkout = Array.from(others.keys()).find((one) => isTreeOf(one, place));
      if (checkout === undefined && others.size >= MOST_CHECKOUTS) {
        ended.warnings.push('the run read from more than ' + String(MOST_CHECKOUTS) + ' checkouts; not looked at are "' + relativeTo(begun.request.project, top) + '" and those after it');
        return;
      }
      checkout = checkout ?? readCheckout(begun.request, place);
      if (checkout !== undefined && !others.has(checkout)) others.set(checkout, false);
    }
    const isOfIt = noteReadings(begun, checkout, readings, ended);
    if (checkout === undefined || !isOfIt || others.get(checkout) !== false) continue;
    others.set(checkout, true);
    noteOther(begun, checkout, ended);
  }
}

/**
 * True if the checkout has any of the files. Its commit says nothing of those that it has not, and a
 * patch of all that is changed in it would tell more than is needed: of a home folder, say.
 */
function noteReadings(begun: BegunCode, checkout: Checkout | undefined, readings: Reading[], ended: EndedCode): boolean {
  let isOfIt = false;
  for (const reading of readings) {
    const { file, name } = reading;
    const state: CodeFileState = checkout === undefined ? 'unversioned' : findFileState(checkout, name.slice(checkout.top.length + 1));
    const isTracked = state === 'clean' || state === 'changed';
    if (isTracked || (reading.isSource && checkout?.commit === 'unknown')) isOfIt = true;
    // A source that a run made and that is not tracked can be made again: it is a result, not code.
    if (!reading.isSource || (!isTracked && file.path[0] !== '/' && begun.request.excluded(file.path))) continue;
    ended.codeFiles.push({ state, path: file.path });
    if (!isTracked || (state === 'changed' && checkout?.patch === '')) storeSource(begun, reading, ended);
  }
  return isOfIt;
}

/** Keeps the content of a source, if it is still what the record says that was read (rule 3). */
function storeSource(begun: BegunCode, reading: Reading, ended: EndedCode): void {
  const { file, name } = reading;
  let content: ByteString | undefined;
  try {
    content = lstatIfThere(name)?.isFile() === true ? readBytesIfThere(name) : undefined;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EIO', 'ESTALE'].indexOf(errorCode(error)) < 0) throw error;
  }
  if (content === undefined || hashBytes(content) !== file.hash) {
    ended.warnings.push('the source ' + file.path + ' is not kept: ' + (content === undefined ? 'it cannot be read after the run' : 'it is not any more what was read'));
    return;
  }
  saveByContent(begun.request.project, 'code', content, '.src');
}

function noteOther(begun: BegunCode, checkout: Checkout, ended: EndedCode): void {
  const { project, startMs } = begun.request;
  const path = relativeTo(project, checkout.top === '' ? '/' : checkout.top);
  ended.codeOthers.push(describeCheckout(project, checkout) + ' ' + path);
  for (const warning of checkout.warnings) ended.warnings.push(path + ': ' + warning);
  const late = Array.from(checkout.changed).filter((name) => (lstatIfThere(checkout.top + '/' + name)?.ctimeMs ?? 0) >= startMs).sort(compareBytes);
  if (late.length > 0) ended.warnings.push(path + ': "' + late[0] + '"' + countMore(late) + ' changed after the run began; the patch has it as it was at the end');
  const log = checkout.system === 'git' ? statIfThere(checkout.top + '/.git/logs/HEAD') : undefined;
  if (log !== undefined && log.mtimeMs >= startMs) ended.warnings.push(path + ': another commit was checked out after the run began; recorded is the one at the end');
}
