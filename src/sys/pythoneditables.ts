// pythoneditables.ts - Python packages that are used from the folder they are written in. Starts no Python.
import type { ByteString } from '../core/bytes.ts';
import { dropEndSlashes } from '../core/names.ts';
import { parseHeaders } from '../formats/headers.ts';
import { normalizePythonName, parseEditableMapping, parseNameLines, topModuleOf } from '../formats/pythonmetadata.ts';
import { findRepository, readHead } from './gitrepo.ts';
import type { FilesRead, PackageClaim } from './packagefiles.ts';
import { lastPartOf, cleanValue, findNearest, isBelow, joinFolders, listQuietly, nameFolder, readQuietly } from './packagefiles.ts';
import type { PythonDistribution, PythonSite } from './pythonsites.ts';
import { readDistributionFacts, readDistributionFiles, readDistributionOrigin, readTopLevel } from './pythonsites.ts';

/** `folder` is the checkout; `modules` are its top-level modules, [] if not known; `roots` are folders that Python searches, or modules themselves. */
type Editable = { name: ByteString; version: ByteString; folder: ByteString; roots: ByteString[]; modules: ByteString[] };

/** Claims of the files that lie in folders which the sites refer to. */
export function findPythonEditables(sites: PythonSite[], others: ByteString[], files: FilesRead): PackageClaim[] {
  const byRoot = new Map<ByteString, Editable>();
  for (const site of sites) {
    for (const one of listEditables(site)) for (const root of one.roots) if (!byRoot.has(root)) byRoot.set(root, one);
  }
  if (byRoot.size === 0) return [];
  const claimed = new Map<Editable, ByteString[]>();
  for (const name of others) {
    const one = findNearest(name, byRoot);
    if (one === undefined || !isModuleOf(name, one, files.projectRoot)) continue;
    claimed.set(one, (claimed.get(one) ?? []).concat(name));
  }
  return Array.from(claimed, ([one, paths]) => {
    const detail = 'editable ' + nameFolder(one.folder, files.projectRoot) + describeCommit(one.folder);
    return { package: { manager: 'python', name: one.name, version: one.version, detail, covers: one.folder }, paths };
  });
}

/** Scripts that lie beside a package in the project are no use of the package. */
function isModuleOf(name: ByteString, one: Editable, projectRoot: ByteString): boolean {
  const root = one.roots.find((folder) => isBelow(name, folder)) as ByteString;
  if (root !== projectRoot || name === root) return true;
  const module = topModuleOf(name.slice(root.length + 1));
  if (one.modules.length > 0) return one.modules.indexOf(module) >= 0;
  return normalizePythonName(module) === normalizePythonName(one.name);
}

function listEditables(site: PythonSite): Editable[] {
  const found: Editable[] = [];
  const explainedLinks = new Set<ByteString>();
  for (const one of site.distributions) {
    const origin = readDistributionOrigin(one);
    if (origin === null || !origin.isEditable || origin.folder === undefined) continue;
    found.push(makeFromDistribution(one, origin.folder, explainedLinks));
  }
  for (const name of site.names) {
    if (!name.endsWith('.egg-link')) continue;
    const folder = parseNameLines(readQuietly(site.folder + '/' + name) ?? '')[0] ?? '';
    if (folder[0] === '/') found.push(makeFromSource(dropEndSlashes(folder) || '/', lastPartOf(name).slice(0, -9)));
  }
  for (const name of site.names) {
    if (!name.endsWith('.pth') || explainedLinks.has(name)) continue;
    for (const folder of readPathLines(site.folder, name)) {
      if (!found.some((one) => one.roots.indexOf(folder) >= 0)) found.push(makeFromSource(folder, lastPartOf(folder)));
    }
  }
  return found;
}

/** PEP 660: the distribution's own list has the .pth file or the finder that leads to its modules. */
function makeFromDistribution(one: PythonDistribution, folder: ByteString, explainedLinks: Set<ByteString>): Editable {
  const roots: ByteString[] = [];
  for (const name of readDistributionFiles(one) ?? []) {
    if (name.indexOf('/') >= 0) continue;
    if (name.endsWith('.pth')) {
      explainedLinks.add(name);
      roots.push(...readPathLines(one.site, name));
    } else if (/^__editable__.*_finder\.py$/.test(name)) {
      roots.push(...parseEditableMapping(readQuietly(one.site + '/' + name) ?? ''));
    }
  }
  if (roots.length === 0) roots.push(folder);
  const facts = readDistributionFacts(one);
  return { name: facts.name, version: facts.version, folder, roots, modules: readTopLevel(one) };
}

/** The folder a link leads to; its *.egg-info tells the name, unless it has several. */
function makeFromSource(folder: ByteString, preset: ByteString): Editable {
  const entries = listQuietly(folder).filter((name) => name.endsWith('.egg-info'));
  const fitting = entries.filter((name) => normalizePythonName(name.slice(0, -9)) === normalizePythonName(preset));
  const entry = fitting[0] ?? (entries.length === 1 ? entries[0] : undefined);
  if (entry === undefined) return { name: preset, version: '', folder, roots: [folder], modules: [] };
  const fields = parseHeaders(readQuietly(folder + '/' + entry + '/PKG-INFO') ?? '');
  const modules = parseNameLines(readQuietly(folder + '/' + entry + '/top_level.txt') ?? '');
  return { name: cleanValue(fields.get('name')) || preset, version: cleanValue(fields.get('version')), folder, roots: [folder], modules };
}

/** Folders that a .pth file adds to the search (site.py): neither comments nor code; none of the site itself. */
function readPathLines(site: ByteString, name: ByteString): ByteString[] {
  const lines = parseNameLines(readQuietly(site + '/' + name) ?? '').filter((line) => !/^import[ \t]/.test(line));
  return lines.map((line) => joinFolders(site, line)).filter((folder) => folder !== '/' && !isBelow(folder, site) && !isBelow(site, folder));
}

function describeCommit(folder: ByteString): ByteString {
  try {
    const repository = findRepository(folder);
    const commit = repository === undefined ? undefined : readHead(repository).commit;
    return commit === undefined ? '' : ' git ' + commit;
  } catch (error) {
    return ''; // a damaged repository: the folder is named without a commit
  }
}
