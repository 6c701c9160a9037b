// packages.ts - which package a file came with, read from the package managers' databases. Starts no process.
import type { ByteString } from '../core/bytes.ts';
import type { PackageFact, PackageIdentity, PackageManager } from '../core/packagefact.ts';
import { choosePackage } from '../core/packagefact.ts';
import { findInApkList } from '../formats/apk.ts';
import { LineSearch } from '../formats/linesearch.ts';
import { parsePacmanDescription } from '../formats/pacman.ts';
import { parseStorePath } from '../formats/storepath.ts';
import { CONDA_STAMPED, CondaPrefixes, findCondaOwners } from './condaprefix.ts';
import { DPKG_STAMPED, findDpkgOwners } from './dpkgdatabase.ts';
import { listFolder } from './files.ts';
import type { DatabaseStamp } from './ownercache.ts';
import { OwnerCache, stampDatabases } from './ownercache.ts';
import type { PackageQuestion } from './packagepaths.ts';
import { findFolderAliases, makePackageQuestion, readPackageText, spellPaths } from './packagepaths.ts';
import { findRpmOwners, RPM_STAMPED } from './rpmdatabase.ts';

const APK_LISTS = ['/lib/apk/db/installed', '/usr/lib/apk/db/installed'];
const PACMAN_FOLDER = '/var/lib/pacman/local';

type SystemDatabase = { manager: PackageManager; find: (question: PackageQuestion) => Map<ByteString, PackageIdentity> };

// Where one system has several, as Debian with the program rpm, the first that knows a file is right.
const SYSTEM_DATABASES: SystemDatabase[] = [
  { manager: 'dpkg', find: findDpkgOwners },
  { manager: 'rpm', find: findRpmOwners },
  { manager: 'apk', find: findApkOwners },
  { manager: 'pacman', find: findPacmanOwners },
];
const SYSTEM_STAMPED = DPKG_STAMPED.concat(RPM_STAMPED, APK_LISTS, PACMAN_FOLDER);

/**
 * The packages that own these files (absolute, links resolved); a file without one is not in the map.
 * What cannot be read of a database owns nothing. `root` is the folder of the system, '' normally;
 * answers are kept in `cacheFolder`, if it can be written to, until a database changes.
 */
export function findOwners(paths: ByteString[], options: { root: ByteString; cacheFolder: ByteString }): Map<ByteString, PackageFact> {
  const owners = new Map<ByteString, PackageFact>();
  const cache = new OwnerCache(options.cacheFolder + '/owners');
  const prefixes = new CondaPrefixes(options.root);
  const byPrefix = new Map<ByteString, ByteString[]>();
  const others: ByteString[] = [];
  for (const path of new Set(paths)) {
    const fact = parseStorePath(path);
    const prefix = fact === undefined ? prefixes.find(path) : undefined;
    if (fact !== undefined) owners.set(path, fact);
    else if (prefix !== undefined) addPathTo(byPrefix, prefix, path);
    else others.push(path);
  }
  for (const [prefix, files] of byPrefix) {
    const stamp = stampDatabases(CONDA_STAMPED.map((name) => options.root + prefix + name), 'conda');
    const without = lookUpPackages({ paths: files, stamp, cache, owners }, (unknown) => askConda(options.root, prefix, unknown));
    for (const path of without) others.push(path);
  }
  const aliases = findFolderAliases(options.root);
  const system = stampDatabases(SYSTEM_STAMPED.map((name) => options.root + name), JSON.stringify(aliases));
  lookUpPackages({ paths: others, stamp: system, cache, owners }, (unknown) => askSystem(makePackageQuestion(options.root, unknown, aliases)));
  cache.save();
  return owners;
}

export function addPathTo(groups: Map<ByteString, ByteString[]>, key: ByteString, path: ByteString): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [path]);
  else group.push(path);
}

type LookUp = { paths: ByteString[]; stamp: DatabaseStamp | undefined; cache: OwnerCache; owners: Map<ByteString, PackageFact> };

/** Adds the owners from the cache, and those that `ask` finds of the rest; returns the files without one. */
function lookUpPackages(look: LookUp, ask: (unknown: ByteString[]) => Map<ByteString, PackageFact>): ByteString[] {
  const { stamp, cache, owners } = look;
  if (stamp === undefined) return look.paths;
  const without: ByteString[] = [];
  const unknown: ByteString[] = [];
  for (const path of look.paths) {
    const owner = cache.find(stamp, path);
    if (owner === undefined) unknown.push(path);
    else if (owner === 'none') without.push(path);
    else owners.set(path, owner);
  }
  if (unknown.length === 0) return without;
  const found = ask(unknown);
  for (const path of unknown) {
    const owner = found.get(path);
    cache.add(stamp, path, owner);
    if (owner === undefined) without.push(path);
    else owners.set(path, owner);
  }
  return without;
}

function askSystem(question: PackageQuestion): Map<ByteString, PackageFact> {
  const facts = new Map<ByteString, PackageFact>();
  for (const database of SYSTEM_DATABASES) {
    const rest = { ...question, paths: question.paths.filter((path) => !facts.has(path)) };
    if (rest.paths.length === 0) break;
    for (const [path, identity] of database.find(rest)) facts.set(path, { manager: database.manager, ...identity });
  }
  return facts;
}

function askConda(root: ByteString, prefix: ByteString, paths: ByteString[]): Map<ByteString, PackageFact> {
  const facts = new Map<ByteString, PackageFact>();
  const found = findCondaOwners(root + prefix, paths.map((path) => path.slice(prefix.length + 1)));
  for (const [file, identity] of found) facts.set(prefix + '/' + file, { manager: 'conda', ...identity });
  return facts;
}

function findApkOwners(question: PackageQuestion): Map<ByteString, PackageIdentity> {
  const owners = new Map<ByteString, PackageIdentity>();
  const names = spellPaths(question, 1);
  const wanted = new Set(names.keys());
  for (const list of APK_LISTS) {
    findInApkList(readPackageText(question.root + list), wanted, (name, identity) => {
      const path = names.get(name);
      if (path !== undefined) owners.set(path, choosePackage(owners.get(path), identity, ''));
    });
  }
  return owners;
}

function findPacmanOwners(question: PackageQuestion): Map<ByteString, PackageIdentity> {
  const owners = new Map<ByteString, PackageIdentity>();
  const names = spellPaths(question, 1);
  const search = new LineSearch('\n', names.keys());
  const folder = question.root + PACMAN_FOLDER;
  for (const entry of listFolder(folder)) {
    const found: ByteString[] = [];
    search.find(readPackageText(folder + '/' + entry + '/files'), (line) => found.push(names.get(line) ?? ''));
    const identity = found.length === 0 ? undefined : parsePacmanDescription(readPackageText(folder + '/' + entry + '/desc'));
    if (identity !== undefined) for (const path of found) owners.set(path, choosePackage(owners.get(path), identity, ''));
  }
  return owners;
}
