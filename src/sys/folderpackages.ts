// folderpackages.ts - packages of R, Node.js, Ruby and Julia: each has a folder of its own. Starts no program.
import type { ByteString } from '../core/bytes.ts';
import { parseHeaders } from '../formats/headers.ts';
import { stripUrlCredentials } from '../formats/gitconfig.ts';
import type { FilesRead, LanguagePackage, PackageClaim } from './packagefiles.ts';
import { lastPartOf, cleanValue, findNearest, folderOf, isBelow, isFileQuietly, nameFolder, readQuietly } from './packagefiles.ts';

/** Claims for the files below folders; `describe` is asked once for each folder, and may know no package there. */
export function claimFolders(names: ByteString[], folderOfFile: (name: ByteString) => ByteString | undefined,
  describe: (folder: ByteString) => LanguagePackage | undefined): PackageClaim[] {
  const claims = new Map<ByteString, PackageClaim>();
  for (const name of names) {
    const folder = folderOfFile(name);
    if (folder === undefined) continue;
    let claim = claims.get(folder);
    if (claim === undefined) {
      claim = { package: describe(folder), paths: [] };
      claims.set(folder, claim);
    }
    if (claim.package !== undefined) claim.paths.push(name);
  }
  return Array.from(claims.values()).filter((claim) => claim.package !== undefined);
}

// Whatever reads a package of R reads one of these: its name is twice in the path, or Meta/ is there.
const R_PACKAGE = /^(.*\/([A-Za-z][A-Za-z0-9.]*))\/(?:Meta\/[A-Za-z]+\.rds|R\/\2(?:\.rd[bx])?|libs\/(?:[^/]+\/)?\2\.so)$/;
const R_LIKE = /\/(?:Meta|R|libs|library|site-library)\//;
const R_LIBRARY = /^(.*\/(?:site-)?library\/[A-Za-z][A-Za-z0-9.]*)\//;
const R_PROGRAM = /^(.*)\/bin\/(?:exec\/)?(?:R|Rscript)$/;

/** The packages of R itself (Priority: base) have its version and count as R. */
export function findRPackages(files: FilesRead): PackageClaim[] {
  const roots = new Map<ByteString, ByteString>();
  for (const name of files.paths) {
    if (!R_LIKE.test(name)) continue; // quick: the other patterns look at every folder of a path
    const root = R_PACKAGE.exec(name)?.[1] ?? R_LIBRARY.exec(name)?.[1];
    if (root !== undefined) roots.set(root, root);
  }
  const homes = new Map<ByteString, ByteString[]>();
  for (const program of files.programs) {
    const home = R_PROGRAM.exec(program)?.[1];
    if (home !== undefined && isFileQuietly(home + '/library/base/DESCRIPTION')) homes.set(home, []);
  }
  const claims = claimFolders(files.paths, (name) => findNearest(name, roots), (root) => {
    const one = describeRPackage(root);
    if (one?.isBase !== true) return one?.package;
    const home = folderOf(folderOf(root));
    homes.set(home, (homes.get(home) ?? []).concat(lastPartOf(root)));
    return undefined;
  });
  for (const [home, names] of homes) {
    const paths = files.paths.filter((name) => isBelow(name, home) && !claims.some((claim) => isBelow(name, (claim.package as LanguagePackage).covers)));
    claims.push({ package: makeR(home, names), paths });
  }
  return claims;
}

function makeR(home: ByteString, names: ByteString[]): LanguagePackage {
  const version = parseHeaders(readQuietly(home + '/library/base/DESCRIPTION') ?? '').get('version');
  const used = names.filter((name) => name !== 'base').sort();
  return { manager: 'r', name: 'R', version: cleanValue(version), detail: used.length === 0 ? '' : 'with ' + used.join(' '), covers: home };
}

function describeRPackage(root: ByteString): { isBase: boolean; package: LanguagePackage } | undefined {
  const fields = parseHeaders(readQuietly(root + '/DESCRIPTION') ?? '');
  const name = cleanValue(fields.get('package'));
  // Only an installed package was built; a folder of sources is not what R loads.
  if (name === '' || !fields.has('built')) return undefined;
  const detail = ['built ' + cleanValue((fields.get('built') as ByteString).split(';')[0])];
  const commit = cleanValue(fields.get('remotesha'));
  if (/^[0-9a-f]{7,}$/.test(commit)) {
    const place = cleanValue(fields.get('remoteurl')) || ['remotetype', 'remoteusername', 'remoterepo'].map((key) => cleanValue(fields.get(key))).filter((part) => part !== '').join('/');
    detail.push('git ' + commit + ' ' + stripUrlCredentials(place));
  }
  return {
    isBase: fields.get('priority') === 'base',
    package: { manager: 'r', name, version: cleanValue(fields.get('version')), detail: detail.join(' '), covers: root },
  };
}

const NODE_PACKAGE = /^(.*\/(?:node_modules|(?:share|lib|lib\/[^/]+)\/nodejs)\/((?:@[^/]+\/)?[^/.@][^/]*))\//;
const NODE_FILE = /\.(?:[cm]?js|json|node|wasm)$/;
const NODE_PROGRAM = /^(.*)\/bin\/node(?:js)?$/;

export function findNodePackages(files: FilesRead): PackageClaim[] {
  // A linked package (npm link, workspaces) really lies elsewhere; Node reads its package.json then.
  const linked = new Map<ByteString, ByteString>();
  for (const name of files.paths) {
    const folder = folderOf(name);
    if (lastPartOf(name) === 'package.json' && !NODE_PACKAGE.test(name) && folder !== files.projectRoot) linked.set(folder, folder);
  }
  const claims = claimFolders(files.paths, (name) => {
    return NODE_PACKAGE.exec(name)?.[1] ?? (NODE_FILE.test(name) ? findNearest(name, linked) : undefined);
  }, (folder) => describeNodePackage(folder, linked.has(folder), files.projectRoot));
  for (const program of files.programs) {
    const prefix = NODE_PROGRAM.exec(program)?.[1];
    const header = prefix === undefined ? undefined : readQuietly(prefix + '/include/node/node_version.h');
    if (header === undefined) continue;
    const [major, minor, patch] = ['MAJOR', 'MINOR', 'PATCH'].map((part) => new RegExp('#define NODE_' + part + '_VERSION (\\d+)').exec(header)?.[1]);
    if (patch === undefined) continue;
    const version = [major, minor, patch].join('.');
    claims.push({ package: { manager: 'npm', name: 'node', version, detail: '', covers: program }, paths: files.isRead.has(program) ? [program] : [] });
  }
  return claims;
}

function describeNodePackage(folder: ByteString, isLinked: boolean, projectRoot: ByteString): LanguagePackage | undefined {
  const content = parseJsonObject(readQuietly(folder + '/package.json') ?? '');
  const name = cleanValue(content.name);
  const version = cleanValue(content.version);
  if (isLinked && (name === '' || version === '')) return undefined;
  const inPath = NODE_PACKAGE.exec(folder + '/')?.[2] ?? lastPartOf(folder);
  return { manager: 'npm', name: name || inPath, version, detail: isLinked ? 'linked ' + nameFolder(folder, projectRoot) : '', covers: folder };
}

/** {} for what is no JSON or no object. */
function parseJsonObject(text: ByteString): { [key: string]: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value as { [key: string]: unknown } : {};
  } catch (error) {
    return {}; // JSON.parse has no other failure
  }
}

const GEM = /^(.*\/gems\/[^/]+)\//;
const GEM_NAME = /^(.+?)-(\d[\w.]*)(?:-([A-Za-z].*))?$/;
const GEM_DESCRIPTION = /\/specifications\/(?:default\/)?[^/]+\.gemspec$/;
const RUBY_LIBRARY = /^(.*\/ruby\/(\d+\.\d+\.\d+))\//;

export function findRubyPackages(files: FilesRead): PackageClaim[] {
  const claims = claimFolders(files.paths, findGemFolder, describeGem);
  const libraries = claimFolders(files.paths.filter((name) => findGemFolder(name) === undefined), findRubyLibrary, (folder) => {
    return { manager: 'ruby', name: 'ruby', version: findRubyVersion(folder, files), detail: '', covers: folder };
  });
  // RubyGems reads the descriptions of all gems, whichever it loads.
  const described = { package: undefined, paths: files.paths.filter((name) => GEM_DESCRIPTION.test(name)) };
  return claims.concat(libraries, [described]);
}

/** The standard library; "vendor_ruby" and "site_ruby" are not of it. */
function findRubyLibrary(name: ByteString): ByteString | undefined {
  const folder = RUBY_LIBRARY.exec(name)?.[1];
  return folder === undefined || /\/(?:vendor_ruby|site_ruby|gems)\//.test(folder + '/') ? undefined : folder;
}

function findGemFolder(name: ByteString): ByteString | undefined {
  const folder = GEM.exec(name)?.[1];
  if (folder === undefined) return undefined;
  const isNamed = GEM_NAME.test(lastPartOf(folder)) || /\/bundler\/gems\/[^/]+-[0-9a-f]{7,40}$/.test(folder);
  return isNamed ? folder : undefined;
}

function describeGem(folder: ByteString): LanguagePackage {
  const fromGit = /\/bundler\/gems\/([^/]+)-([0-9a-f]{7,40})$/.exec(folder);
  if (fromGit !== null) return { manager: 'ruby', name: fromGit[1], version: '', detail: 'git ' + fromGit[2], covers: folder };
  const parts = GEM_NAME.exec(lastPartOf(folder)) as RegExpExecArray;
  return { manager: 'ruby', name: parts[1], version: parts[2], detail: parts[3] ?? '', covers: folder };
}

/** The folder is named after the version of the interface, "3.1.0"; rbconfig.rb has Ruby's own. */
function findRubyVersion(folder: ByteString, files: FilesRead): ByteString {
  const config = files.paths.find((name) => lastPartOf(name) === 'rbconfig.rb' && RUBY_LIBRARY.exec(name)?.[2] === lastPartOf(folder));
  const text = config === undefined ? '' : readQuietly(config) ?? '';
  const parts = ['MAJOR', 'MINOR', 'TEENY'].map((part) => new RegExp('CONFIG\\["' + part + '"\\] = "(\\d+)"').exec(text)?.[1]);
  return parts.every((part) => part !== undefined) ? parts.join('.') : lastPartOf(folder);
}
