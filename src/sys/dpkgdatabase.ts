// dpkgdatabase.ts - which package of Debian's dpkg a file came with. Knows no other package manager.
import type { ByteString } from '../core/bytes.ts';
import type { PackageIdentity } from '../core/packagefact.ts';
import { choosePackage } from '../core/packagefact.ts';
import type { DpkgDiversion } from '../formats/dpkg.ts';
import { parseDpkgDiversions, parseDpkgStatus } from '../formats/dpkg.ts';
import { LineSearch } from '../formats/linesearch.ts';
import { listFolder } from './files.ts';
import type { PackageQuestion } from './packagepaths.ts';
import { findRealPath, readPackageText } from './packagepaths.ts';

/** Files and folders that change whenever an answer may. */
export const DPKG_STAMPED = ['/var/lib/dpkg/status', '/var/lib/dpkg/info', '/var/lib/dpkg/diversions', '/var/lib/dpkg/arch', '/var/lib/dpkg/status.d'];

/** A name in file lists: the file it stands for, and whose lists count (diversions). */
type ListedName = { path: ByteString; only: ByteString | undefined; except: ByteString | undefined };

function packageOfList(list: ByteString): ByteString {
  const colon = list.indexOf(':');
  return colon < 0 ? list : list.slice(0, colon);
}

/**
 * The lines of file lists that stand for the wanted files. A file that was diverted is listed under
 * the name that another package's file has now (dpkg-divert(1)).
 */
function findListedNames(question: PackageQuestion, diversions: DpkgDiversion[]): Map<ByteString, ListedName[]> {
  const from = new Map<ByteString, DpkgDiversion>();
  const to = new Map<ByteString, DpkgDiversion>();
  for (const diversion of diversions) {
    from.set(findRealPath(question, diversion.from), diversion);
    to.set(findRealPath(question, diversion.to), diversion);
  }
  const listed = new Map<ByteString, ListedName[]>();
  for (const path of question.paths) {
    const here = to.get(path);
    const over = from.get(path);
    const name = here === undefined ? path : findRealPath(question, here.from);
    const entry = { path, only: here === undefined && over !== undefined ? over.by : undefined, except: here?.by };
    for (const spelling of question.spell(name)) listed.set(spelling, (listed.get(spelling) ?? []).concat(entry));
  }
  return listed;
}

/** File -> names of the lists that it is in: `bash`, `libc6:amd64`. */
function findLists(question: PackageQuestion): Map<ByteString, ByteString[]> {
  const listed = findListedNames(question, parseDpkgDiversions(readPackageText(question.root + '/var/lib/dpkg/diversions')));
  const search = new LineSearch('\n', listed.keys());
  const found = new Map<ByteString, ByteString[]>();
  const folder = question.root + '/var/lib/dpkg/info';
  for (const file of listFolder(folder)) {
    if (!file.endsWith('.list')) continue;
    const list = file.slice(0, -5);
    search.find(readPackageText(folder + '/' + file), (line) => {
      for (const name of listed.get(line) ?? []) {
        const base = packageOfList(list);
        if ((name.only === undefined || name.only === base) && name.except !== base) found.set(name.path, (found.get(name.path) ?? []).concat(list));
      }
    });
  }
  return found;
}

/**
 * Images without dpkg itself ("distroless") have a status file for each package, and sums of its files
 * in place of lists.
 */
function findInStatusFolder(question: PackageQuestion, found: Map<ByteString, PackageIdentity>): void {
  const folder = question.root + '/var/lib/dpkg/status.d';
  const listed = findListedNames(question, []);
  const search = new LineSearch('\n', listed.keys());
  for (const file of listFolder(folder)) {
    if (!file.endsWith('.md5sums')) continue;
    const status = readPackageText(folder + '/' + file.slice(0, -8));
    const name = /^Package: *(\S+)/m.exec(status)?.[1];
    const identity = name === undefined ? undefined : parseDpkgStatus(status, new Set([name])).get(name);
    if (identity === undefined) continue;
    search.find(readPackageText(folder + '/' + file).replace(/^[0-9a-f]{32} [ *]/gm, '/'), (line) => {
      for (const entry of listed.get(line) ?? []) found.set(entry.path, choosePackage(found.get(entry.path), identity, ''));
    });
  }
}

/** The packages that own these files; a file without one is not in the map. */
export function findDpkgOwners(question: PackageQuestion): Map<ByteString, PackageIdentity> {
  const owners = new Map<ByteString, PackageIdentity>();
  const lists = findLists(question);
  const names = new Set<ByteString>();
  for (const entry of lists.values()) for (const name of entry) names.add(name);
  const packages = names.size === 0 ? new Map<ByteString, PackageIdentity>() : parseDpkgStatus(readPackageText(question.root + '/var/lib/dpkg/status'), names);
  const ownArchitecture = readPackageText(question.root + '/var/lib/dpkg/arch').split('\n')[0];
  for (const [path, entry] of lists) {
    let chosen: PackageIdentity | undefined;
    for (const name of entry) chosen = choosePackage(chosen, packages.get(name) ?? { name: packageOfList(name), version: '', architecture: name.slice(packageOfList(name).length + 1) }, ownArchitecture);
    if (chosen !== undefined) owners.set(path, chosen);
  }
  findInStatusFolder(question, owners);
  return owners;
}
