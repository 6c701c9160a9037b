// observe.ts - which files a run read and wrote, and their hashes. Knows no records' spelling.
import type { ByteString } from '../core/bytes.ts';
import { isSecretFile } from '../core/filerules.ts';
import { compileGlob, fixedFolder, isGlob } from '../core/glob.ts';
import { joinNames, normalizeName } from '../core/names.ts';
import type { FileState } from '../core/run.ts';
import { isUnfinished, lstatIfThere, readBytesIfThere, readLinkTarget, statIfThere } from './files.ts';
import { describeFile, hashFiles } from './hash.ts';
import type { HashOutcome } from './hash.ts';
import { HashCache } from './hashcache.ts';
import { resolveLinks } from './machine.ts';
import { absoluteOf, relativeTo } from './project.ts';
import type { Project } from './project.ts';
import { isLeftOut, lookAgain, resetAccessTimes, takeSnapshot } from './scan.ts';
import type { SecondLook, Snapshot } from './scan.ts';

export const TRACE_METHODS = ['strace', 'scan', 'atime', 'none'] as const;
export type TraceMethod = typeof TRACE_METHODS[number];

export type ObservationRequest = {
  project: Project;
  method: TraceMethod;
  /** Absolute; patterns and arguments are relative to it. */
  folder: ByteString;
  argv: ByteString[];
  declaredInputs: ByteString[];
  declaredOutputs: ByteString[];
  /** Paths (as in a record) of regular files that are standard input, output and error. */
  redirectedFrom: ByteString[];
  redirectedTo: ByteString[];
  /** Paths of files that grow because a script around this run prints to them; '' is none. */
  surroundingLogs: ByteString[];
};

/** What is known before the run. */
export type Observation = {
  request: ObservationRequest;
  method: TraceMethod;
  /** The first look, where there is one. */
  before: Snapshot | undefined;
  declaredPaths: ByteString[];
  argumentPaths: ByteString[];
  /** Known hashes of files that have not changed. */
  cache: HashCache;
  /** Stat and, if it was hashed, state of each candidate before the run. */
  earlier: Map<ByteString, { stamp: string; state: FileState | undefined }>;
  /** Stamps of what -o named before the run, also of the folders themselves. */
  outputStamps: Map<ByteString, string>;
  warnings: ByteString[];
};

export type Observed = {
  inputs: FileState[];
  outputs: FileState[];
  uncertain: FileState[];
  removed: ByteString[];
  missingOutputs: ByteString[];
  warnings: ByteString[];
  undeclared: ByteString[];
};

// An argument larger than this is hashed after the run, if it is still the same then; a declared
// input is always hashed before.
const QUICK_HASH_BYTES = 16 << 20;

// Below this it is as fast to hash a file as to look it up.
const CACHED_FROM_BYTES = 1 << 20;

function stampOfFile(name: ByteString): string {
  const stat = lstatIfThere(name);
  return stat === undefined ? '' : [stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs, stat.mode].join(' ');
}

/** A path as a record has it, of a name given relative to `folder`; '.' and '..' are taken out. */
export function toRecordPath(project: Project, folder: ByteString, name: ByteString): ByteString {
  const plain = normalizeName(joinNames(folder, name));
  const inside = relativeTo(project, plain);
  if (inside[0] !== '/') return inside;
  // The project may have been named through a link: compare the real folder.
  const cut = plain.lastIndexOf('/');
  return relativeTo(project, (resolveLinks(plain.slice(0, cut) || '/') + plain.slice(cut)).replace(/^\/\//, '/'));
}

// ---- declared files ---------------------------------------------------------------------------------

/** Files, links and so on below a folder, as paths of a record. */
export function listBelow(project: Project, folder: ByteString): ByteString[] {
  const base = absoluteOf(project, folder);
  const found: ByteString[] = [];
  for (const [path, seen] of takeSnapshot(base, [])) if (!seen.isFolder) found.push(folder === '.' ? path : folder + '/' + path);
  return found.filter((path) => path[0] === '/' || !isLeftOut(path));
}

/**
 * What a declaration (file, folder or glob) names now: the files, as paths of a record, sorted by
 * bytes, those below a folder included; and whether it names anything, if only an empty folder.
 */
export function expandDeclared(project: Project, folder: ByteString, pattern: ByteString): { paths: ByteString[]; isThere: boolean } {
  const literal = toRecordPath(project, folder, pattern);
  const stat = statIfThere(absoluteOf(project, literal));
  if (stat !== undefined) return { paths: stat.isDirectory() ? listBelow(project, literal).sort() : [literal], isThere: true };
  if (lstatIfThere(absoluteOf(project, literal)) !== undefined) return { paths: [literal], isThere: true };
  return isGlob(pattern) ? expandGlob(project, folder, pattern) : { paths: [], isThere: false };
}

/** The same of a glob, also if there is a file of that very name. */
export function expandGlob(project: Project, folder: ByteString, pattern: ByteString): { paths: ByteString[]; isThere: boolean } {
  const literal = toRecordPath(project, folder, pattern);
  const matches = compileGlob(literal);
  const from = fixedFolder(literal);
  const base = from === '' && literal[0] !== '/' ? '.' : from === '' ? '/' : from;
  const folders: ByteString[] = [];
  const paths: ByteString[] = [];
  for (const [name, seen] of takeSnapshot(absoluteOf(project, base), [])) {
    const path = base === '.' ? name : base + '/' + name;
    if (path[0] !== '/' && isLeftOut(path)) continue;
    if (seen.isFolder && matches(path)) folders.push(path + '/');
    else if (!seen.isFolder && (matches(path) || folders.some((below) => path.startsWith(below)))) paths.push(path);
  }
  return { paths: paths.sort(), isThere: paths.length + folders.length > 0 };
}

/** Does a path fall under a declaration: is it that file, in that folder, or matched by that glob? */
export function isDeclared(project: Project, folder: ByteString, pattern: ByteString): (path: ByteString) => boolean {
  const literal = toRecordPath(project, folder, pattern);
  const matches = compileGlob(literal);
  const isBelowMatch = (path: ByteString): boolean => {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) if (matches(path.slice(0, end))) return true;
    return false;
  };
  return (path) => path === literal || literal === '.' || path.startsWith(literal + '/') || matches(path) || (isGlob(pattern) && isBelowMatch(path));
}

// ---- arguments --------------------------------------------------------------------------------------

// Words of a shell script that an argument of "sh -c" holds: good enough to find names of files.
const WORD_ENDS = /[\s;|&<>()`"'$={},:]+/;
const NO_DATA = /^\/(dev|proc|sys)(\/|$)/;

/** Words of the command that may name files: arguments, what follows "=", words of a script text. */
export function listCandidateWords(argv: ByteString[]): ByteString[] {
  const words = new Set<ByteString>();
  argv.forEach((argument, position) => {
    if (position === 0 && argument.indexOf('/') < 0) return;
    words.add(argument);
    const sign = argument.indexOf('=');
    if (sign > 0) words.add(argument.slice(sign + 1));
    if (argument.length >= 65536) return;
    for (const word of argument.split(WORD_ENDS)) words.add(word);
    for (const quoted of argument.match(/'[^']*'|"[^"]*"/g) ?? []) words.add(quoted.slice(1, -1));
    for (const word of argument.match(/(?:[^\s;|&<>()`"'\\]|\\[^])+/g) ?? []) if (word.indexOf('\\') >= 0) words.add(word.replace(/\\([^])/g, '$1'));
  });
  return Array.from(words).filter((word) => word !== '' && word.length < 4096 && word.indexOf('\0') < 0);
}

/** Arguments that name files which are there, as paths of a record, sorted by bytes; without those of which all is known. */
export function findArgumentFiles(request: Pick<ObservationRequest, 'project' | 'folder' | 'argv'>, isKnown: (path: ByteString) => boolean = () => false): ByteString[] {
  const found = new Set<ByteString>();
  const program = request.argv[0];
  for (const word of listCandidateWords(request.argv)) {
    const path = toRecordPath(request.project, request.folder, word);
    if (path === '.' || NO_DATA.test(path) || (path[0] !== '/' && isLeftOut(path))) continue;
    if (word === program && path[0] === '/') continue; // the program itself belongs to the environment
    if (isKnown(path)) continue;
    const stat = lstatIfThere(absoluteOf(request.project, path));
    if (stat === undefined || (!stat.isFile() && !stat.isSymbolicLink())) continue;
    if (stat.isSymbolicLink() || (path[0] !== '/' && findLinkIn(request.project, path) !== undefined)) addLinks(request, path, found);
    else found.add(path);
  }
  return Array.from(found).sort();
}

const MOST_LINKS = 40; // as Linux has it

/** Every link on the way from a name to its file, and that file: each can be pointed elsewhere. */
export function addLinks(request: Pick<ObservationRequest, 'project'>, path: ByteString, found: Set<ByteString>): void {
  const { project } = request;
  const target = statIfThere(absoluteOf(project, path));
  if (target === undefined || !target.isFile()) return;
  let at = path;
  for (let count = 0; count < MOST_LINKS; count++) {
    const link = findLinkIn(project, at);
    if (link === undefined) break;
    if (link[0] !== '/') found.add(link);
    const text = readLinkTarget(absoluteOf(project, link));
    const cut = link.lastIndexOf('/');
    const base = text[0] === '/' ? '' : absoluteOf(project, cut > 0 ? link.slice(0, cut) : cut === 0 ? '/' : '.') + '/';
    at = toRecordPath(project, project.root, base + text + at.slice(link.length));
  }
  const real = relativeTo(project, resolveLinks(absoluteOf(project, path)));
  if (!NO_DATA.test(real)) found.add(real);
}

/** The first part of a path, from the left, that is a link. Parts above the project do not count. */
export function findLinkIn(project: Project, path: ByteString): ByteString | undefined {
  for (let end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
    const part = end < 0 ? path : path.slice(0, end);
    if (lstatIfThere(absoluteOf(project, part))?.isSymbolicLink() === true) return part;
    if (end < 0) return undefined;
  }
}

// ---- before the run ---------------------------------------------------------------------------------

/** Looks at the project before the run. `missing` are declared inputs that name nothing. */
export async function beginObservation(request: ObservationRequest): Promise<{ observation: Observation; missing: ByteString[] }> {
  const { project, folder } = request;
  const warnings: ByteString[] = [];
  const missing: ByteString[] = [];
  const declared = new Set<ByteString>(request.redirectedFrom);
  for (const pattern of request.declaredInputs) {
    const { paths, isThere } = expandDeclared(project, folder, pattern);
    if (!isThere) missing.push(pattern);
    for (const path of paths) declared.add(path);
  }
  const argumentPaths = findArgumentFiles(request).filter((path) => !declared.has(path));
  const observation: Observation = { request, method: request.method, before: undefined, declaredPaths: Array.from(declared).sort(), argumentPaths, cache: new HashCache(project.own + '/seen'), earlier: new Map(), outputStamps: new Map(), warnings };
  if (missing.length > 0) return { observation, missing };
  for (const path of observation.declaredPaths) observation.earlier.set(path, lookBefore(observation, path));
  for (const path of argumentPaths) observation.earlier.set(path, lookBefore(observation, path));
  await hashBefore(observation);
  noteDeclaredOutputs(observation);
  if (request.method === 'none' || request.method === 'strace') return { observation, missing };
  const unreadable: ByteString[] = [];
  observation.before = takeSnapshot(project.root, unreadable);
  for (const path of unreadable) warnings.push('cannot look at ' + path);
  return { observation, missing };
}

function noteDeclaredOutputs(observation: Observation): void {
  const { project, folder, declaredOutputs } = observation.request;
  for (const pattern of declaredOutputs) {
    const literal = toRecordPath(project, folder, pattern);
    for (const path of expandDeclared(project, folder, pattern).paths.concat(literal)) {
      const stamp = stampOfOutput(observation, path);
      if (stamp !== '') observation.outputStamps.set(path, stamp);
    }
  }
}

/** A candidate before the run; its hash is '?' unless it is known without reading the file. */
function lookBefore(observation: Observation, path: ByteString): { stamp: string; state: FileState | undefined } {
  const name = absoluteOf(observation.request.project, path);
  const stamp = stampOfFile(name);
  const state = describeFile(name, path);
  if (state === undefined || state.hash !== '?' || state.size < CACHED_FROM_BYTES) return { stamp, state };
  const stat = lstatIfThere(name);
  const known = stat === undefined ? undefined : observation.cache.find(stat, path);
  return { stamp, state: known === undefined ? state : { ...state, hash: known } };
}

/** Hashes the candidates that are to be hashed before the run; the others have no state yet. */
async function hashBefore(observation: Observation): Promise<void> {
  const declared = new Set(observation.declaredPaths);
  const waiting: { path: ByteString; stamp: string; state: FileState }[] = [];
  for (const [path, { stamp, state }] of observation.earlier) {
    if (state === undefined || state.hash !== '?') continue;
    if (declared.has(path) || state.size <= QUICK_HASH_BYTES) waiting.push({ path, stamp, state });
    else observation.earlier.set(path, { stamp, state: undefined });
  }
  const outcomes = await hashFiles(waiting.map(({ path, state }) => ({ name: absoluteOf(observation.request.project, path), sizeBytes: state.size })));
  waiting.forEach(({ path, stamp, state }, i) => {
    const outcome = outcomes[i];
    observation.earlier.set(path, { stamp, state: outcome.kind === 'hashed' ? { ...state, hash: outcome.hash, size: outcome.size } : undefined });
  });
}

/**
 * With --trace atime: from here on, reads show. The last thing before the command, because what rr
 * itself reads in between (the code, say) would count as read by the command.
 */
export function watchReads(observation: Observation): void {
  if (observation.method !== 'atime' || observation.before === undefined) return;
  const { project } = observation.request;
  const problem = resetAccessTimes(project.root, observation.before, project.own + '/atime-probe');
  if (problem === undefined) return;
  observation.method = 'scan';
  observation.warnings.push('reads were not watched: ' + problem);
  // Some may have been set back, which moved their ctime: the scan must start from there.
  observation.before = takeSnapshot(project.root, []);
  for (const [path, seen] of observation.earlier) seen.stamp = stampOfFile(absoluteOf(project, path));
}

// ---- after the run ----------------------------------------------------------------------------------

type Task = { path: ByteString; role: 'input' | 'output' | 'uncertain' };

export function noObservation(warnings: ByteString[]): Observed {
  return { inputs: [], outputs: [], uncertain: [], removed: [], missingOutputs: [], warnings, undeclared: [] };
}

/** Looks at the project after the run. `checkShared`, called after that look: was another run active? */
export async function endObservation(observation: Observation, checkShared: () => boolean): Promise<Observed> {
  const { request } = observation;
  const observed = noObservation(observation.warnings.slice());
  // Without a first look there is none either: what is there is not new.
  const { before } = observation;
  const look = before === undefined ? undefined : await lookAgain(request.project.root, before, observation.method === 'atime');
  const isShared = checkShared();
  const changes = look === undefined ? { written: [], removed: [], newFolders: [] } : look.changes;
  // What another rr is about to write there, an archive perhaps, is not of this run.
  const isOfAnother = (path: ByteString): boolean => path.split('/').some(isUnfinished) && !tests.some((test) => test(path));
  const tests = request.declaredOutputs.map((pattern) => isDeclared(request.project, request.folder, pattern));
  const named = nameTester(request, tests);
  const outputs = new Set<ByteString>(request.redirectedTo);
  const tasks: Task[] = [];
  for (const path of changes.written) {
    if ((request.surroundingLogs.indexOf(path) >= 0 && !tests.some((test) => test(path))) || isOfAnother(path)) continue;
    if (isShared && !named(path)) tasks.push({ path, role: 'uncertain' });
    else outputs.add(path);
  }
  addDeclaredOutputs(observation, outputs, observed);
  for (const path of Array.from(outputs).sort()) {
    tasks.push({ path, role: 'output' });
    if (tests.length > 0 && request.redirectedTo.indexOf(path) < 0 && !tests.some((test) => test(path))) observed.undeclared.push(path);
  }
  const removed = changes.removed.filter((path) => !isOfAnother(path));
  observed.removed = isShared ? removed.filter(named) : removed;
  for (const path of listInputs(observation, look, outputs)) tasks.push({ path, role: 'input' });
  await fillStates(observation, tasks, observed);
  addNewFolders(observed, changes.newFolders.filter((path) => !isOfAnother(path)), isShared);
  return observed;
}

/** Is this path one the command names: by -o, by redirection, or in its arguments? */
function nameTester(request: ObservationRequest, tests: ((path: ByteString) => boolean)[]): (path: ByteString) => boolean {
  const words = new Set(listCandidateWords(request.argv).map((word) => toRecordPath(request.project, request.folder, word)));
  for (const path of request.redirectedTo) words.add(path);
  return (path) => words.has(path) || tests.some((test) => test(path));
}

/** What -o names and this run wrote: what is as it was before has another maker, or none. */
export function addDeclaredOutputs(observation: Observation, outputs: Set<ByteString>, observed: Observed): void {
  const { project, folder, declaredOutputs } = observation.request;
  for (const pattern of declaredOutputs) {
    const { paths } = expandDeclared(project, folder, pattern);
    const written = paths.filter((path) => outputs.has(path) || observation.outputStamps.get(path) !== stampOfOutput(observation, path));
    const literal = toRecordPath(project, folder, pattern);
    const isNewFolder = !observation.outputStamps.has(literal) && lstatIfThere(absoluteOf(project, literal))?.isDirectory() === true;
    const isFilled = Array.from(outputs).some(isDeclared(project, folder, pattern));
    if (written.length === 0 && !isNewFolder && !isFilled) observed.missingOutputs.push(pattern);
    if (isNewFolder && written.length === 0) outputs.add(literal);
    for (const path of written) outputs.add(path);
  }
}

/** Like stampOfFile; where access times were set back, all times of change have moved. */
function stampOfOutput(observation: Observation, path: ByteString): string {
  const stamp = stampOfFile(absoluteOf(observation.request.project, path));
  return observation.method === 'atime' ? withoutCtime(stamp) : stamp;
}

/** Declared inputs always; arguments and files seen read unless the run wrote them. */
function listInputs(observation: Observation, look: SecondLook | undefined, outputs: Set<ByteString>): ByteString[] {
  const inputs = new Set<ByteString>(observation.declaredPaths);
  for (const path of observation.argumentPaths) if (!outputs.has(path)) inputs.add(path);
  if (observation.method === 'atime' && look !== undefined) for (const path of look.listRead()) inputs.add(path);
  return Array.from(inputs).sort();
}

async function fillStates(observation: Observation, tasks: Task[], observed: Observed): Promise<void> {
  const { project } = observation.request;
  const waiting: { task: Task; state: FileState }[] = [];
  for (const task of tasks) {
    const name = absoluteOf(project, task.path);
    const earlier = task.role === 'input' ? observation.earlier.get(task.path) : undefined;
    if (task.role === 'input' && isInputSettled(observation, task.path, earlier, observed)) continue;
    const state = describeFile(name, task.path);
    if (state === undefined) observed.warnings.push(task.path + ' vanished while it was looked at');
    else if (state.hash === '?') waiting.push({ task, state });
    else put(observed, task.role, state);
  }
  const outcomes = await hashFiles(waiting.map(({ state }) => ({ name: absoluteOf(project, state.path), sizeBytes: state.size })));
  waiting.forEach(({ task, state }, i) => put(observed, task.role, withOutcome(state, outcomes[i], observed.warnings)));
  rememberHashes(observation, observed);
  for (const list of [observed.inputs, observed.outputs, observed.uncertain]) list.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Keeps the hashes of what is still as it was hashed, for the next run and for rr verify --quick. */
export function rememberHashes(observation: Observation, observed: Observed): void {
  const { project } = observation.request;
  for (const file of observed.inputs.concat(observed.outputs)) {
    if (file.hash.length !== 64 || file.kind === 'l' || file.size < CACHED_FROM_BYTES) continue;
    const stat = lstatIfThere(absoluteOf(project, file.path));
    const earlier = observation.earlier.get(file.path);
    const isAsHashed = earlier === undefined || earlier.state?.hash !== file.hash || earlier.stamp === stampOfFile(absoluteOf(project, file.path));
    if (stat !== undefined && stat.size === file.size && isAsHashed && observation.cache.find(stat, file.path) === undefined) observation.cache.add(stat, file.path, file.hash);
  }
  observation.cache.save();
}

function put(observed: Observed, role: Task['role'], state: FileState | undefined): void {
  if (state === undefined) return;
  (role === 'input' ? observed.inputs : role === 'output' ? observed.outputs : observed.uncertain).push(state);
}

export function withOutcome(state: FileState, outcome: HashOutcome, warnings: ByteString[]): FileState | undefined {
  if (outcome.kind === 'hashed') return { ...state, hash: outcome.hash, size: outcome.size };
  if (outcome.kind === 'gone') {
    warnings.push(state.path + ' vanished while it was looked at');
    return undefined;
  }
  warnings.push(state.path + (outcome.kind === 'changing' ? ' was written to while it was hashed' : ' cannot be read') + '; its hash is not known');
  return state;
}

/** Decides an input whose state before the run tells all; false if it is still to be hashed. */
function isInputSettled(observation: Observation, path: ByteString, earlier: { stamp: string; state: FileState | undefined } | undefined, observed: Observed): boolean {
  const name = absoluteOf(observation.request.project, path);
  const isSame = earlier !== undefined && (observation.method === 'atime' ? withoutCtime(earlier.stamp) === withoutCtime(stampOfFile(name)) : earlier.stamp === stampOfFile(name));
  if (earlier === undefined) {
    const then = observation.before?.find(path);
    const stat = lstatIfThere(name);
    if (then !== undefined && stat !== undefined && then.mtimeMs === stat.mtimeMs && then.size === stat.size) return false;
  } else if (isSame) {
    if (earlier.state !== undefined) put(observed, 'input', earlier.state);
    return earlier.state !== undefined;
  }
  observed.warnings.push('the input ' + path + ' was changed during the run' + (earlier?.state === undefined ? '; what it was before is not known' : ''));
  put(observed, 'input', earlier?.state ?? { hash: '?', size: observation.before?.find(path)?.size ?? 0, kind: '', path });
  return true;
}

function withoutCtime(stamp: string): string {
  const parts = stamp.split(' ');
  parts.splice(4, 1);
  return parts.join(' ');
}

/** Folders the run made count as outputs, so that who repeats it does not make them beforehand. */
export function addNewFolders(observed: Observed, newFolders: ByteString[], isShared: boolean): void {
  for (const folder of newFolders) {
    const isParent = observed.outputs.some((file) => file.path.startsWith(folder + '/'));
    const isThere = observed.outputs.some((file) => file.path === folder);
    if (!isThere && (!isShared || isParent)) observed.outputs.push({ hash: '-', size: 0, kind: 'd', path: folder });
  }
  observed.outputs.sort((a, b) => (a.path < b.path ? -1 : 1));
}

// ---- secrets ----------------------------------------------------------------------------------------

const LARGEST_SECRET_FILE_BYTES = 1 << 20;

/** Takes files that may hold secrets out of inputs and outputs, and gives "HMAC PATH" for each. `processes`: by their positions among all files. */
export function withholdSecretFiles(observed: Pick<Observed, 'inputs' | 'outputs'>, processes: { read: number[]; wrote: number[] }[], nameOf: (path: ByteString) => ByteString, hash: (secret: ByteString) => string): { inputs: ByteString[]; outputs: ByteString[] } {
  const places: (number | undefined)[] = [];
  let kept = 0;
  const take = (files: FileState[]): { kept: FileState[]; withheld: ByteString[] } => {
    const taken = { kept: [] as FileState[], withheld: [] as ByteString[] };
    for (const file of files) {
      const isSecret = (file.kind === '' || file.kind === 'x') && isSecretFile(file.path);
      places.push(isSecret ? undefined : kept++);
      if (!isSecret) taken.kept.push(file);
      else taken.withheld.push(hash(file.size > LARGEST_SECRET_FILE_BYTES ? file.hash : readBytesIfThere(nameOf(file.path)) ?? file.hash) + ' ' + file.path);
    }
    return taken;
  };
  const inputs = take(observed.inputs);
  const outputs = take(observed.outputs);
  const withheld = { inputs: inputs.withheld, outputs: outputs.withheld };
  if (inputs.withheld.length + outputs.withheld.length === 0) return withheld;
  const renumber = (positions: number[]): number[] => positions.map((at) => places[at]).filter((at): at is number => at !== undefined);
  for (const traced of processes) {
    traced.read = renumber(traced.read);
    traced.wrote = renumber(traced.wrote);
  }
  observed.inputs = inputs.kept;
  observed.outputs = outputs.kept;
  return withheld;
}
