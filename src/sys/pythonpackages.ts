// pythonpackages.ts - the Python distributions that files belong to, and Python itself. Starts no Python.
import type { ByteString } from '../core/bytes.ts';
import { addPathTo } from './packages.ts';
import { normalizePythonName, pythonSourceOf, topModuleOf } from '../formats/pythonmetadata.ts';
import type { FilesRead, LanguagePackage, PackageClaim } from './packagefiles.ts';
import { lastPartOf, folderOf, isBelow, isFileQuietly, listQuietly, readQuietly } from './packagefiles.ts';
import { findPythonEditables } from './pythoneditables.ts';
import type { PythonDistribution, PythonSite } from './pythonsites.ts';
import { openPythonSite, readDistributionFacts, readDistributionFiles, readDistributionOrigin, readNamespaces, readTopLevel } from './pythonsites.ts';

const PYTHON_SITE = /^(.*\/(?:site|dist)-packages)\/(.+)$/;
const PYTHON_LIBRARY = /^(.*\/(?:python(\d+\.\d+)t?|pypy(\d+\.\d+)))\//;
const PYTHON_PROGRAM = /^(.*)\/bin\/(python(\d+\.\d+)t?)[a-z]*$/;
const PYTHON_FILE = /\.(?:py|pyc|so|pyd|egg)$|\.egg\//;
const PYTHON_METADATA = /^[^/]+\.(?:dist-info|egg-info|egg\/EGG-INFO)(?:\/|$)|^[^/]+\.(?:pth|egg-link)$|^(?:__pycache__\/)?__editable__|^README\.txt$/;
const MOST_BINARY_BYTES = 1 << 26;

/** Files of one distribution, or with `distribution` undefined of a module that none owns. */
type Owned = { distribution: PythonDistribution | undefined; module: ByteString; files: ByteString[]; isShared: boolean };

export function findPythonPackages(files: FilesRead): PackageClaim[] {
  const libraries = new Map<ByteString, ByteString[]>();
  const sites = new Map<ByteString, ByteString[]>();
  const others: ByteString[] = [];
  for (const name of files.paths) {
    const site = PYTHON_SITE.exec(name);
    const library = site === null ? PYTHON_LIBRARY.exec(name) : null;
    if (site !== null) addPathTo(sites, site[1], name);
    else if (library !== null && isFileQuietlyOnce(library[1] + '/os.py', libraries.get(library[1]))) addPathTo(libraries, library[1], name);
    else if (PYTHON_FILE.test(name)) others.push(name);
  }
  for (const name of files.programs) addProgramLibrary(libraries, name);
  const claims = Array.from(libraries, ([folder, paths]) => claimLibrary(folder, paths, files));
  const opened = Array.from(sites.keys(), openPythonSite);
  if (libraries.size + sites.size > 0 && others.length > 0) claims.push(...claimOthers(others, opened, sites, files));
  for (const site of opened) claims.push(...claimSite(site, sites.get(site.folder) as ByteString[], files));
  return claims;
}

/** What is known of a library's folder needs no second look. */
function isFileQuietlyOnce(name: ByteString, known: ByteString[] | undefined): boolean {
  return known !== undefined || isFileQuietly(name);
}

/** A run that was not traced has read nothing that is known, but its interpreter tells of the library. */
function addProgramLibrary(libraries: Map<ByteString, ByteString[]>, program: ByteString): void {
  const parts = PYTHON_PROGRAM.exec(program);
  if (parts === null) return;
  for (const folder of [parts[1] + '/lib/' + parts[2], parts[1] + '/lib64/' + parts[2]]) {
    if (!libraries.has(folder) && isFileQuietly(folder + '/os.py')) libraries.set(folder, []);
  }
}

function claimLibrary(folder: ByteString, paths: ByteString[], files: FilesRead): PackageClaim {
  const isPypy = lastPartOf(folder).startsWith('pypy');
  const minor = lastPartOf(folder).replace(/^[a-z]+|t$/g, '');
  const version = isPypy ? minor : findPythonVersion(folder, minor, files);
  return { package: { manager: 'python', name: isPypy ? 'pypy' : 'python', version, detail: '', covers: folder }, paths };
}

/**
 * "3.11.2": from the C header beside the library, else from the interpreter, whose Py_GetVersion()
 * holds it as a string of its own; "3.11" where neither says. pyvenv.cfg is not asked: it has the
 * version of the day when the environment was made.
 */
function findPythonVersion(folder: ByteString, minor: ByteString, files: FilesRead): ByteString {
  const prefix = folder.replace(/\/lib(?:64)?\/[^/]*$/, '');
  for (const abi of ['', 'm', 't']) {
    const header = readQuietly(prefix + '/include/python' + minor + abi + '/patchlevel.h', 1 << 16);
    const said = header === undefined ? undefined : /^#define\s+PY_VERSION\s+"(\d[\w.+]*)"/m.exec(header)?.[1];
    if (said !== undefined) return said;
  }
  const library = files.paths.filter((name) => isBelow(name, prefix) && lastPartOf(name).startsWith('libpython' + minor));
  const pattern = new RegExp('\\0(' + minor.replace('.', '\\.') + '\\.\\d+(?:(?:a|b|rc)\\d+)?\\+?)\\0');
  for (const name of library.concat([prefix + '/bin/python' + minor])) {
    const said = pattern.exec(readQuietly(name, MOST_BINARY_BYTES) ?? '')?.[1];
    if (said !== undefined) return said;
  }
  return minor;
}

/** Files outside of the usual folders: of editable installs, and of folders made by "pip install --target". */
function claimOthers(others: ByteString[], opened: PythonSite[], sites: Map<ByteString, ByteString[]>, files: FilesRead): PackageClaim[] {
  const claims = findPythonEditables(opened, others, files);
  const taken = new Set<ByteString>();
  for (const claim of claims) for (const name of claim.paths) taken.add(name);
  const bases = new Map<ByteString, PythonSite>();
  for (const name of others) {
    if (taken.has(name)) continue;
    const base = findModuleBase(name, files);
    let site = bases.get(base);
    if (site === undefined) {
      site = base === '' ? { folder: base, names: [], distributions: [] } : openTarget(base);
      bases.set(base, site);
      if (site.distributions.length > 0 && !sites.has(base)) opened.push(site);
    }
    if (site.distributions.length > 0) addPathTo(sites, base, name);
  }
  return claims;
}

/** Only *.dist-info and eggs: an *.egg-info also lies beside the source of a package that is being written. */
function openTarget(base: ByteString): PythonSite {
  if (!listQuietly(base).some((name) => /\.(?:dist-info|egg)$/.test(name))) return { folder: base, names: [], distributions: [] };
  return openPythonSite(base);
}

/** The folder from which Python imported a file: above all that have an __init__ which was read. */
function findModuleBase(name: ByteString, files: FilesRead): ByteString {
  const egg = /^(.*)\/[^/]+\.egg(?:\/|$)/.exec(name);
  if (egg !== null) return egg[1];
  let folder = folderOf(name).replace(/\/__pycache__$/, '');
  while (folder !== '' && hasInit(folder, files)) folder = folderOf(folder);
  return folder;
}

function hasInit(folder: ByteString, files: FilesRead): boolean {
  return files.isRead.has(folder + '/__init__.py') || isFileQuietly(folder + '/__init__.py');
}

function claimSite(site: PythonSite, paths: ByteString[], files: FilesRead): PackageClaim[] {
  const byModule = new Map<ByteString, ByteString[]>();
  const metadata: ByteString[] = [];
  const inEggs = new Map<PythonDistribution, ByteString[]>();
  for (const name of paths) {
    const relative = name.slice(site.folder.length + 1);
    const egg = /^([^/]+\.egg)(?:\/|$)/.exec(relative);
    const distribution = egg === null ? undefined : site.distributions.find((one) => one.entry === egg[1]);
    if (PYTHON_METADATA.test(relative)) metadata.push(name);
    else if (distribution !== undefined) inEggs.set(distribution, (inEggs.get(distribution) ?? []).concat(relative));
    else addPathTo(byModule, topModuleOf(relative), relative);
  }
  const owned: Owned[] = Array.from(inEggs, ([distribution, its]) => ({ distribution, module: distribution.entry, files: its, isShared: false }));
  for (const [module, relatives] of byModule) owned.push(...findModuleOwners(site, module, relatives));
  const claims = mergeOwned(owned).map((one) => claimOwned(site, one, files));
  claims.push({ package: undefined, paths: metadata });
  return claims;
}

/**
 * Who owns the files of one top-level module. First those with its name or that say they have it: by
 * their lists of files, then, as Debian's have no lists, by what they say. Then the lists of all. What
 * is still left (made after the installation, such as a parser's tables) goes with the rest.
 */
function findModuleOwners(site: PythonSite, module: ByteString, relatives: ByteString[]): Owned[] {
  const owned: Owned[] = [];
  const normalized = normalizePythonName(module);
  let left = relatives;
  const takeListed = (candidates: PythonDistribution[]): void => {
    for (const one of candidates) {
      if (left.length === 0) return;
      const list = readDistributionFiles(one);
      if (list === null) continue;
      const isListed = (name: ByteString): boolean => list.has(name) || list.has(pythonSourceOf(name));
      const its = left.filter(isListed);
      if (its.length === 0) continue;
      owned.push({ distribution: one, module, files: its, isShared: false });
      left = left.filter((name) => !isListed(name));
    }
  };
  takeListed(site.distributions.filter((one) => one.guessedName === normalized));
  if (left.length === 0) return owned;
  const claiming = site.distributions.filter((one) => one.guessedName === normalized || readTopLevel(one).indexOf(module) >= 0);
  takeListed(claiming);
  const unlisted = claiming.filter((one) => readDistributionFiles(one) === null);
  if (left.length > 0 && unlisted.length > 0) left = takeUnlisted(unlisted, module, left, owned);
  takeListed(site.distributions);
  if (left.length > 0) {
    if (owned.length === 1) owned[0].files = owned[0].files.concat(left);
    else owned.push({ distribution: undefined, module, files: left, isShared: owned.length > 0 });
  }
  for (const one of owned) one.isShared = owned.length > 1;
  return owned;
}

/** Files for which only names speak. Gives those that no name fits. */
function takeUnlisted(candidates: PythonDistribution[], module: ByteString, left: ByteString[], owned: Owned[]): ByteString[] {
  const own = candidates.filter((one) => readNamespaces(one).indexOf(module) < 0);
  if (candidates.length === 1 || own.length === 1) {
    owned.push({ distribution: candidates.length === 1 ? candidates[0] : own[0], module, files: left, isShared: false });
    return [];
  }
  // "lazr/uri/x.py" is of "lazr.uri", and "lazr/restfulclient/x.py" of "lazr.restfulclient".
  const rest: ByteString[] = [];
  const byName = new Map(candidates.map((one) => [one.guessedName, one]));
  for (const name of left) {
    const parts = pythonSourceOf(name).replace(/\.[^/]*$/, '').split('/');
    let found: PythonDistribution | undefined;
    for (let count = parts.length; count > 0 && found === undefined; count--) found = byName.get(normalizePythonName(parts.slice(0, count).join('-')));
    if (found === undefined) rest.push(name);
    else owned.push({ distribution: found, module, files: [name], isShared: true });
  }
  return rest;
}

/** One for each distribution, whatever modules it has; the module with most files first. */
function mergeOwned(owned: Owned[]): Owned[] {
  const merged: Owned[] = [];
  const byDistribution = new Map<PythonDistribution, Owned>();
  for (const one of owned.slice().sort((a, b) => b.files.length - a.files.length)) {
    const first = one.distribution === undefined ? undefined : byDistribution.get(one.distribution);
    if (first !== undefined) {
      for (const name of one.files) first.files.push(name);
      continue;
    }
    const copy = { distribution: one.distribution, module: one.module, files: one.files.slice(), isShared: one.isShared };
    merged.push(copy);
    if (one.distribution !== undefined) byDistribution.set(one.distribution, copy);
  }
  return merged;
}

function claimOwned(site: PythonSite, owned: Owned, files: FilesRead): PackageClaim {
  const covers = site.folder + '/' + coverOf(owned);
  const paths = owned.files.map((name) => site.folder + '/' + name);
  const one = owned.distribution;
  if (one === undefined) return { package: makePython(owned.module, '', '', covers), paths };
  const facts = readDistributionFacts(one);
  // Scripts and data lie outside of the site, and are listed as "../../../bin/NAME".
  for (const listed of one.files ?? []) {
    if (!listed.startsWith('../')) continue;
    const up = /^(?:\.\.\/)+/.exec(listed) as RegExpExecArray;
    let folder = site.folder;
    for (let i = 0; i < up[0].length; i += 3) folder = folderOf(folder);
    if (files.isRead.has(folder + '/' + listed.slice(up[0].length))) paths.push(folder + '/' + listed.slice(up[0].length));
  }
  return { package: makePython(facts.name, facts.version, readDistributionOrigin(one)?.text ?? '', covers), paths };
}

/** The module's folder or file; of a module that several share, the folder that has all of the files. */
function coverOf(owned: Owned): ByteString {
  const first = pythonSourceOf(owned.files[0]);
  const ofModule = owned.files.filter((name) => topModuleOf(name) === owned.module).map(pythonSourceOf);
  if (owned.distribution?.entry === owned.module) return owned.module;
  if (ofModule.length === 0 || ofModule[0].indexOf('/') < 0) return ofModule[0] ?? first;
  if (!owned.isShared) return owned.module;
  let folder = folderOf(ofModule[0]);
  while (!ofModule.every((name) => isBelow(name, folder))) folder = folderOf(folder);
  return folder;
}

function makePython(name: ByteString, version: ByteString, detail: ByteString, covers: ByteString): LanguagePackage {
  return { manager: 'python', name, version, detail, covers };
}
