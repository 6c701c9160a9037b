// perlpackages.ts - Perl's modules and Perl itself, from module files. Starts no Perl.
import type { ByteString } from '../core/bytes.ts';
import type { PerlModule } from '../formats/perlmodule.ts';
import { parsePerlModule } from '../formats/perlmodule.ts';
import type { FilesRead, LanguagePackage, PackageClaim } from './packagefiles.ts';
import { findNearest, folderOf, isBelow, isFileQuietly, listQuietly, readQuietly } from './packagefiles.ts';

const MOST_MODULE_BYTES = 1 << 18;
const PERL_MODULE = /\.pm$/;
const PERL_FILE = /\.(?:pm|pl|pod|al|ix|so|h|t)$|\/unicore\//;

/** A folder that Perl searches; `version` is Perl's if its own modules lie there. */
type PerlRoot = { folder: ByteString; version: ByteString | undefined };
type ReadModule = { path: ByteString; root: PerlRoot; module: PerlModule };

export function findPerlPackages(files: FilesRead): PackageClaim[] {
  const roots = new Map<ByteString, PerlRoot>();
  const modules: ReadModule[] = [];
  for (const path of files.paths) {
    if (!PERL_MODULE.test(path)) continue;
    const known = findNearest(folderOf(path), roots);
    if (known?.version !== undefined) continue;
    const module = parsePerlModule(readQuietly(path, MOST_MODULE_BYTES) ?? '', path);
    if (module === undefined) continue;
    const folder = path.slice(0, -(module.name.replace(/::/g, '/').length + 4));
    // A folder that another root holds, such as x86_64-linux/ of architecture's files, is its own root.
    const root = roots.get(folder) ?? { folder, version: findPerlVersion(folder) };
    roots.set(folder, root);
    if (root.version === undefined) modules.push({ path, root, module });
  }
  const rest = files.paths.filter((path) => PERL_FILE.test(path) && findNearest(folderOf(path), roots) !== undefined);
  return claimPerl(roots, rest).concat(claimModules(modules, roots, rest));
}

/**
 * Perl's version if the folder holds its own modules: those it cannot do without lie nowhere else.
 * Config.pm says the version; it lies there or in a folder named after the architecture.
 */
function findPerlVersion(folder: ByteString): ByteString | undefined {
  const isCore = isFileQuietly(folder + '/strict.pm') || isFileQuietly(folder + '/Config.pm');
  if (!isCore) return undefined;
  const places = [folder].concat(listQuietly(folder).filter((name) => /linux|bsd|darwin|solaris|gnu|thread|cygwin/.test(name)).map((name) => folder + '/' + name));
  for (const place of places) {
    const said = /Perl lib (?:version|was version) \((\d+\.\d+\.\d+)\)/.exec(readQuietly(place + '/Config.pm', MOST_MODULE_BYTES) ?? '')?.[1];
    if (said !== undefined) return said;
  }
  return /\/(5\.\d+\.\d+)(?:\/|$)/.exec(folder)?.[1] ?? '';
}

function claimPerl(roots: Map<ByteString, PerlRoot>, rest: ByteString[]): PackageClaim[] {
  const claims: PackageClaim[] = [];
  const byVersion = new Map<ByteString, PackageClaim>();
  const core = Array.from(roots.values()).filter((root) => root.version !== undefined);
  const newest = core.map((root) => root.version as ByteString).find((version) => version !== '') ?? '';
  for (const root of core) {
    const version = root.version === '' ? newest : root.version as ByteString;
    const claim = byVersion.get(version) ?? { package: { manager: 'perl', name: 'perl', version, detail: '', covers: root.folder } as LanguagePackage, paths: [] };
    if (!byVersion.has(version)) claims.push(claim);
    byVersion.set(version, claim);
    for (const path of rest) if (findNearest(folderOf(path), roots) === root) claim.paths.push(path);
  }
  return claims;
}

/**
 * A module without a version, or with that of one above it ("LWP::UserAgent" below "LWP"), is a part
 * of that one. What else lies in the folders (auto/List/Util/Util.so) is of the module it is named after.
 */
function claimModules(modules: ReadModule[], roots: Map<ByteString, PerlRoot>, rest: ByteString[]): PackageClaim[] {
  const claims = new Map<ByteString, PackageClaim>();
  const byName = new Map<ByteString, ReadModule>();
  for (const one of modules) byName.set(one.module.name, one);
  const claim = (one: ReadModule, path: ByteString): void => {
    const owner = findMainModule(one, byName);
    const made = claims.get(owner.module.name) ?? { package: makePerl(owner), paths: [] };
    claims.set(owner.module.name, made);
    made.paths.push(path);
  };
  for (const one of modules) claim(one, one.path);
  const claimed = new Set(modules.map((one) => one.path));
  for (const path of rest) {
    const root = findNearest(folderOf(path), roots);
    if (root === undefined || root.version !== undefined || claimed.has(path)) continue;
    const parts = path.slice(root.folder.length + 1).replace(/^auto\//, '').split('/').slice(0, -1);
    for (let count = parts.length; count > 0; count--) {
      const one = byName.get(parts.slice(0, count).join('::'));
      if (one === undefined) continue;
      claim(one, path);
      break;
    }
  }
  return Array.from(claims.values());
}

function findMainModule(one: ReadModule, byName: Map<ByteString, ReadModule>): ReadModule {
  let main = one;
  for (let name = one.module.name; name.indexOf('::') > 0;) {
    name = name.slice(0, name.lastIndexOf('::'));
    const above = byName.get(name);
    if (above === undefined || above.module.version === '' || !isBelow(one.path, above.root.folder)) continue;
    if (main.module.version === '' || main.module.version === above.module.version) main = above;
  }
  return main;
}

function makePerl(one: ReadModule): LanguagePackage {
  return { manager: 'perl', name: one.module.name, version: one.module.version, detail: '', covers: one.path };
}
