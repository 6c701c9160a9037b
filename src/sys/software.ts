// software.ts - the software behind a run: programs, libraries, their packages and compilers. Starts nothing.
import type { ByteString } from '../core/bytes.ts';
import { folderOfName } from '../core/names.ts';
import { compareBytes } from '../core/bytes.ts';
import { isSecretFile } from '../core/filerules.ts';
import type { PackageFact } from '../core/packagefact.ts';
import type { FileState } from '../core/run.ts';
import { RR_VERSION } from '../core/version.ts';
import { encodeText, encodeWord } from '../formats/percent.ts';
import { printFile } from '../formats/fields.ts';
import { BinaryCache, describeCompilers } from './binaries.ts';
import { errorCode, listFolder, readBytesIfThere, removeIfThere, replaceFile, statIfThere, toBytes, toFsPath } from './files.ts';
import { describeGpus, isGpuLibrary } from './gpu.ts';
import { describeFile, hashBytes, hashFiles } from './hash.ts';
import { HashCache, isSettled } from './hashcache.ts';
import { findLanguagePackages } from './languages.ts';
import type { LanguageFacts } from './languages.ts';
import { findLinkedLibraries } from './linking.ts';
import type { LinkedLibraries } from './linking.ts';
import { findInterpreters, resolveLinks } from './machine.ts';
import { fs } from './node.ts';
import { findOwners } from './packages.ts';
import { relativeTo } from './project.ts';
import type { Project } from './project.ts';

/** What a run loaded; all names absolute, links resolved. */
export type LoadedSoftware = {
  /** False: `read` is not known, and what the programs load is found by their headers. */
  isTraced: boolean;
  /** All that was executed; interpreters that #! lines name may be left out. */
  programs: ByteString[];
  /** Files of the system's class that were read (core/filerules.ts). */
  read: ByteString[];
  /** What was executed or loaded of the project's own. */
  projectBinaries: ByteString[];
  /** Other files that were read and may belong to a package of a language: installed elsewhere, or editable. */
  modules: ByteString[];
};

export type SoftwareOptions = {
  project: Project;
  /** The project's .rr; need not be there, nor writable. */
  cacheFolder: ByteString;
  /** Of an absolute name: is it the project's? Then it is an input of the run and none of the environment. */
  isInside: (path: ByteString) => boolean;
};

export type SoftwareFacts = {
  /** Lines of the environment record (docs/record-format.txt, 6); the same for the same facts. */
  text: ByteString;
  /** Of each project binary; paths as in a file line. */
  compilers: { path: ByteString; producer: ByteString }[];
  /** Untraced: libraries in the project that its programs would load; absolute. */
  ownLibraries: ByteString[];
  warnings: ByteString[];
};

const MOST_FILES = 200;
const MOST_MISSING = 5;

/** Is a file of this name likely to belong to a package of a language? */
export function isModuleName(name: ByteString): boolean {
  return /\.(?:py|pyc|pm|pl|R|rdb|jl|js|mjs|cjs|json|rb|jar)$/.test(name);
}

/** Is a file of this name likely to be a shared library, or a module that an interpreter loads? */
export function isSharedObjectName(name: ByteString): boolean {
  return /\.(?:so(?:\.\d[\w.+-]*)?|node)$/.test(name);
}

// ---- gathering --------------------------------------------------------------------------------------

/** What the lines are made of, before anything is hashed. */
type Gathered = {
  executables: ByteString[];
  interpreters: ByteString[];
  libraries: ByteString[];
  owners: Map<ByteString, PackageFact>;
  languages: LanguageFacts;
  ownLibraries: ByteString[];
  /** System files that no package explains. */
  unexplained: ByteString[];
  warnings: ByteString[];
  /** Names that the answer depends on, beyond those that the caller gave. */
  looked: ByteString[];
};

function sortUnique(names: ByteString[]): ByteString[] {
  return Array.from(new Set(names)).sort(compareBytes);
}

/** The source that a compiled Python module stands for; packages list only that. */
function sourceOfBytecode(name: ByteString): ByteString | undefined {
  const parts = /^(.*)\/__pycache__\/([^/]+?)\.[^/.]+(?:\.opt-\d)?\.pyc$/.exec(name);
  return parts === null ? undefined : parts[1] + '/' + parts[2] + '.py';
}

/**
 * The programs with those that their #! lines name, which the kernel starts by itself. `named` are the
 * interpreters; what env(1) starts for a script is known from PATH, or, if traced, from its own start.
 */
function addInterpreters(loaded: LoadedSoftware, options: SoftwareOptions, cache: BinaryCache): { programs: ByteString[]; named: Set<ByteString> } {
  const programs = loaded.programs.slice();
  const named = new Set<ByteString>();
  for (let i = 0; i < programs.length; i++) {
    if (cache.find(programs[i]) !== undefined) continue;
    const interpreters = findInterpreters(programs[i], options.project.root);
    for (const name of interpreters) named.add(name);
    programs.push(...interpreters.slice(0, loaded.isTraced ? 1 : 4).filter((name) => programs.indexOf(name) < 0));
  }
  return { programs: sortUnique(programs), named };
}

function findLibraries(loaded: LoadedSoftware, options: SoftwareOptions, cache: BinaryCache): Pick<Gathered, 'libraries' | 'ownLibraries' | 'looked' | 'warnings'> {
  const roots = sortUnique(loaded.programs.concat(loaded.projectBinaries));
  if (loaded.isTraced) {
    // The kernel opens a program's loader by itself, which no trace shows.
    const loaders = roots.map((name) => cache.find(name)?.interpreter).filter((name) => name !== undefined && statIfThere(name) !== undefined) as ByteString[];
    const read = loaded.read.filter((name) => isSharedObjectName(name) && cache.find(name) !== undefined);
    return { libraries: sortUnique(read.concat(loaders.map(resolveLinks))).filter((name) => !options.isInside(name)), ownLibraries: [], looked: loaders, warnings: [] };
  }
  const linked = findLinkedLibraries({
    programs: roots, read: (name) => cache.find(name), folder: options.project.root,
    libraryPath: toBytes(process.env.LD_LIBRARY_PATH ?? ''), preload: toBytes(process.env.LD_PRELOAD ?? ''),
  });
  return {
    libraries: linked.libraries.filter((name) => !options.isInside(name)), ownLibraries: linked.libraries.filter(options.isInside), looked: linked.looked.concat(linked.libraries),
    warnings: describeMissing(linked.missing, options.project),
  };
}

function describeMissing(missing: LinkedLibraries['missing'], project: Project): ByteString[] {
  const warnings = missing.slice(0, MOST_MISSING).map(({ name, neededBy }) => 'the library "' + name + '", which "' + relativeTo(project, neededBy) + '" needs, was not found');
  return missing.length > MOST_MISSING ? warnings.concat(String(missing.length - MOST_MISSING) + ' more libraries were not found') : warnings;
}

/**
 * System files that are to be listed one by one: those that no package has, and those of /etc, which
 * a package puts there once and people change.
 */
function selectUnexplained(read: ByteString[], isListed: Set<ByteString>, owners: Map<ByteString, PackageFact>, languages: LanguageFacts): ByteString[] {
  return read.filter((name) => {
    if (isListed.has(name) || languages.explained.has(name)) return false;
    const isOwned = owners.has(name) || owners.has(sourceOfBytecode(name) ?? '');
    return !isOwned || name.startsWith('/etc/');
  });
}

function gatherSoftware(given: LoadedSoftware, options: SoftwareOptions, cache: BinaryCache): Gathered {
  const { programs: all, named } = addInterpreters(given, options, cache);
  const loaded: LoadedSoftware = { ...given, programs: all };
  const { libraries, ownLibraries, looked, warnings } = findLibraries(loaded, options, cache);
  const programs = all.filter((name) => !options.isInside(name) && statIfThere(name) !== undefined);
  const interpreters = programs.filter((name) => named.has(name));
  const executables = programs.filter((name) => !named.has(name));
  const binaries = programs.concat(libraries);
  // A folder that was listed belongs to many packages: that says nothing of any.
  const read = loaded.read.filter((name) => statIfThere(name)?.isFile() ?? false);
  const sources = read.map(sourceOfBytecode).filter((name) => name !== undefined) as ByteString[];
  const owners = findOwners(sortUnique(binaries.concat(read, sources)), { root: '', cacheFolder: options.cacheFolder });
  const languages = findLanguagePackages(read.concat(loaded.modules), { programs: loaded.programs, projectRoot: options.project.root });
  const unexplained = selectUnexplained(read, new Set(binaries), owners, languages);
  return { executables, interpreters, libraries: libraries.filter((name) => programs.indexOf(name) < 0), owners, languages, ownLibraries, unexplained, warnings, looked: looked.concat(all, listSites(read.concat(loaded.modules))) };
}

const SITE_FOLDER = /^.*?\/(?:site|dist)-packages(?=\/)/;

/** Folders of packages of Python that were used, as paths of records. */
function listPythonSites(languages: LanguageFacts, project: Project): ByteString[] {
  const sites = new Set<ByteString>();
  for (const [name, owner] of languages.owners) {
    const site = owner.manager === 'python' ? SITE_FOLDER.exec(name) : null;
    if (site !== null) sites.add(relativeTo(project, site[0]));
  }
  return sortUnique(Array.from(sites).map(encodeText));
}

/** Folders in which a package's version can change without a change in the files that were read. */
function listSites(names: ByteString[]): ByteString[] {
  const sites = new Set<ByteString>();
  for (const name of names) {
    const parts = SITE_FOLDER.exec(name);
    if (parts !== null) sites.add(parts[0]);
    else if (isModuleName(name) && !name.startsWith('/usr/')) sites.add(folderOfName(name)).add(folderOfName(folderOfName(name)));
  }
  return Array.from(sites);
}

// ---- hashing ----------------------------------------------------------------------------------------

/** States of files, from the cache where they have not changed; files that are gone are left out. */
async function describeFiles(names: ByteString[], project: Project, cache: HashCache): Promise<Map<ByteString, FileState>> {
  const states = new Map<ByteString, FileState>();
  const pending: { name: ByteString; stat: import('fs').Stats; state: FileState }[] = [];
  for (const name of sortUnique(names)) {
    const stat = statIfThere(name);
    const state = describeFile(name, relativeTo(project, name));
    if (stat === undefined || state === undefined) continue;
    states.set(name, state);
    // Not even the hash of what may hold a secret is kept: a short one could be found by trying.
    if (state.hash !== '?' || isSecretFile(name)) continue;
    const known = cache.find(stat, name);
    if (known === undefined) pending.push({ name, stat, state });
    else state.hash = known;
  }
  const outcomes = await hashFiles(pending.map(({ name, stat }) => ({ name, sizeBytes: stat.size })));
  pending.forEach(({ name, stat, state }, i) => {
    const outcome = outcomes[i];
    if (outcome.kind !== 'hashed') return;
    state.hash = outcome.hash;
    state.size = outcome.size;
    if (outcome.size === stat.size) cache.add(stat, name, outcome.hash);
  });
  cache.save();
  return states;
}

// ---- lines ------------------------------------------------------------------------------------------

function packageLine(manager: string, name: ByteString, version: ByteString, rest: ByteString): ByteString {
  return manager + ' ' + encodeWord(name) + ' ' + (version === '' ? '-' : encodeWord(version)) + (rest === '' ? '' : ' ' + encodeText(rest));
}

function listPackages(gathered: Gathered): ByteString[] {
  const lines: ByteString[] = [];
  for (const fact of gathered.owners.values()) lines.push(packageLine(fact.manager, fact.name, fact.version, fact.architecture));
  for (const fact of gathered.languages.packages) lines.push(packageLine(fact.manager, fact.name, fact.version, fact.detail));
  return sortUnique(lines);
}

function printSoftware(gathered: Gathered, states: Map<ByteString, FileState>, cache: BinaryCache, project: Project): ByteString {
  let text = '';
  const add = (name: string, lines: ByteString[]): void => {
    for (const line of lines) text += name + ': ' + line + '\n';
  };
  const files = (names: ByteString[]): ByteString[] => {
    const there = sortUnique(names).map((name) => states.get(name)).filter((state) => state !== undefined) as FileState[];
    return there.sort((a, b) => compareBytes(a.path, b.path)).map(printFile);
  };
  const binaries = sortUnique(gathered.executables.concat(gathered.interpreters, gathered.libraries));
  const owned: ByteString[] = [];
  const compiled: ByteString[] = [];
  const identified: ByteString[] = [];
  for (const name of binaries) {
    const owner = gathered.owners.get(name);
    if (owner !== undefined) owned.push(owner.manager + ' ' + encodeWord(owner.name) + ' ' + encodeText(name));
    const facts = cache.find(name);
    if (facts === undefined) continue;
    for (const line of describeCompilers(facts, cache, name)) compiled.push(encodeWord(name) + ' ' + encodeText(line));
    if (facts.buildId !== undefined) identified.push(facts.buildId + ' ' + encodeText(name));
  }
  add('Executable', files(gathered.executables));
  add('Interpreter', files(gathered.interpreters));
  add('Library', files(gathered.libraries));
  add('Package', listPackages(gathered));
  add('Site', listPythonSites(gathered.languages, project));
  add('Owner', sortUnique(owned));
  add('Compiler', sortUnique(compiled));
  add('Build_id', sortUnique(identified));
  add('File', files(gathered.unexplained.slice(0, MOST_FILES)));
  if (gathered.unexplained.length > MOST_FILES) add('Files_not_listed', [String(gathered.unexplained.length - MOST_FILES)]);
  add('Lock_file', files(gathered.languages.lockFiles));
  return text;
}

function describeProjectBinaries(names: ByteString[], project: Project, cache: BinaryCache): SoftwareFacts['compilers'] {
  const compilers: SoftwareFacts['compilers'] = [];
  for (const name of sortUnique(names)) {
    const facts = cache.find(name);
    if (facts === undefined) continue;
    const lines = describeCompilers(facts, cache, name);
    for (const producer of lines.length > 0 ? lines : [facts.unknown]) compilers.push({ path: relativeTo(project, name), producer });
  }
  return compilers;
}

function printGpus(loaded: LoadedSoftware): ByteString {
  if (loaded.isTraced && !loaded.read.some(isGpuLibrary)) return '';
  const { gpus, drivers } = describeGpus('');
  return gpus.map((gpu) => 'Gpu: ' + encodeText(gpu) + '\n').concat(drivers.map((driver) => 'Gpu_driver: ' + encodeText(driver) + '\n')).join('');
}

// ---- the answer as a whole, remembered ----------------------------------------------------------------
//
// .rr/software/KEY: KEY is of the question (names, variables that the search obeys), the file holds a
// stamp of all files it depends on, and the answer. As long as the stamp is the same nothing is done
// again: no ELF file, no package database and no library is read.

type RememberedSoftware = { looked: ByteString[]; stamp: string; facts: SoftwareFacts };

const MOST_REMEMBERED = 64;
const SEARCH_VARIABLES = ['LD_LIBRARY_PATH', 'LD_PRELOAD', 'PATH', 'HOME', 'VIRTUAL_ENV', 'CONDA_PREFIX', 'PYTHONPATH', 'PYTHONHOME', 'R_LIBS', 'R_LIBS_USER',
  'R_LIBS_SITE', 'JULIA_PROJECT', 'JULIA_LOAD_PATH', 'JULIA_DEPOT_PATH', 'PERL5LIB', 'RUBYLIB', 'GEM_PATH', 'GEM_HOME', 'NODE_PATH', 'CLASSPATH'];

// A package can become another version without a change in the file that was read (rpm leaves alike files alone).
const DATABASES = ['/var/lib/dpkg/status', '/lib/apk/db/installed', '/usr/lib/apk/db/installed', '/var/lib/pacman/local', '/var/lib/rpm/rpmdb.sqlite', '/var/lib/rpm/rpmdb.sqlite-wal',
  '/var/lib/rpm/Packages', '/var/lib/rpm/Packages.db', '/usr/lib/sysimage/rpm/rpmdb.sqlite', '/usr/lib/sysimage/rpm/rpmdb.sqlite-wal', '/usr/lib/sysimage/rpm/Packages.db',
  '/usr/lib/debug/.build-id'];

// Wider than the names of lock files (sys/languages.ts): one more stat costs nothing.
const LOCK_LIKE = /lock|shrinkwrap|requirements|environment|Manifest|Project|go\.sum|snapshot|Gemfile|Pipfile|\.toml$/;

function keyOfQuestion(loaded: LoadedSoftware, project: Project): string {
  const variables = SEARCH_VARIABLES.map((name) => name + '=' + toBytes(process.env[name] ?? ''));
  const lists = [loaded.programs, loaded.read, loaded.projectBinaries, loaded.modules].map((names) => names.join('\0'));
  return hashBytes([RR_VERSION, String(loaded.isTraced), project.root].concat(variables, lists).join('\0\0')).slice(0, 32);
}

/** Hash of what tells whether one of these files changed. */
function stampFiles(names: ByteString[]): string {
  let text = '';
  for (const name of names) {
    const stat = statIfThere(name);
    text += stat === undefined ? '-' : String(stat.dev) + ' ' + String(stat.ino) + ' ' + String(stat.size) + ' ' + String(stat.mtimeMs) + ' ' + String(stat.ctimeMs);
    text += ' ' + name + '\0';
  }
  return hashBytes(text);
}

function isSettledFile(name: ByteString): boolean {
  const stat = statIfThere(name);
  return stat === undefined || isSettled(stat);
}

function listGiven(loaded: LoadedSoftware, project: Project): ByteString[] {
  const base = project.root === '/' ? '/' : project.root + '/';
  const locks = listFolder(project.root).filter((name) => LOCK_LIKE.test(name)).sort(compareBytes).map((name) => base + name);
  return loaded.programs.concat(loaded.read, loaded.projectBinaries, locks, DATABASES);
}

function findRemembered(name: ByteString, given: ByteString[]): SoftwareFacts | undefined {
  const text = readBytesIfThere(name);
  if (text === undefined) return undefined;
  try {
    const kept = JSON.parse(text) as RememberedSoftware;
    const isWhole = Array.isArray(kept.looked) && typeof kept.facts.text === 'string' && Array.isArray(kept.facts.compilers) && Array.isArray(kept.facts.ownLibraries) && Array.isArray(kept.facts.warnings);
    return isWhole && stampFiles(given.concat(kept.looked)) === kept.stamp ? kept.facts : undefined;
  } catch (error) {
    return undefined; // cut short, or not ours
  }
}

function rememberSoftware(folder: ByteString, key: string, given: ByteString[], looked: ByteString[], facts: SoftwareFacts): void {
  const names = given.concat(looked);
  const stamp = stampFiles(names);
  // The commit of an editable package can change without a change in any file that was read.
  if (/^Package: \S+ \S+ \S+ editable /m.test(facts.text) || !names.every(isSettledFile)) return;
  try {
    // Not with the folders above it: where there is no .rr, none is wanted.
    if (statIfThere(folder) === undefined) fs.mkdirSync(toFsPath(folder));
    const kept = listFolder(folder);
    if (kept.length >= MOST_REMEMBERED) for (const name of kept) removeIfThere(folder + '/' + name);
    replaceFile(folder + '/' + key, JSON.stringify({ looked, stamp, facts } as RememberedSoftware), false);
  } catch (error) {
    if (errorCode(error) === '') throw error; // it is only a cache
  }
}

/**
 * The software environment of a run, and how the project's own binaries were compiled. The order of
 * the names given does not matter. What has vanished or cannot be read is left out, or has the hash "?".
 */
export async function describeSoftware(loaded: LoadedSoftware, options: SoftwareOptions): Promise<SoftwareFacts> {
  const sorted: LoadedSoftware = {
    isTraced: loaded.isTraced, programs: sortUnique(loaded.programs), read: sortUnique(loaded.read), projectBinaries: sortUnique(loaded.projectBinaries),
    modules: sortUnique(loaded.modules),
  };
  const folder = options.cacheFolder + '/software';
  const key = keyOfQuestion(sorted, options.project);
  const given = listGiven(sorted, options.project);
  const gpus = printGpus(sorted);
  const remembered = findRemembered(folder + '/' + key, given);
  if (remembered !== undefined) return { ...remembered, text: remembered.text + gpus };
  const cache = new BinaryCache(options.cacheFolder + '/binaries');
  const gathered = gatherSoftware(sorted, options, cache);
  const names = gathered.executables.concat(gathered.interpreters, gathered.libraries, gathered.unexplained.slice(0, MOST_FILES), gathered.languages.lockFiles);
  const states = await describeFiles(names, options.project, new HashCache(options.cacheFolder + '/programs'));
  const facts: SoftwareFacts = { text: printSoftware(gathered, states, cache, options.project), compilers: describeProjectBinaries(sorted.projectBinaries.concat(gathered.ownLibraries), options.project, cache), ownLibraries: gathered.ownLibraries, warnings: gathered.warnings };
  cache.save();
  rememberSoftware(folder, key, given, gathered.looked, facts);
  return { ...facts, text: facts.text + gpus };
}
