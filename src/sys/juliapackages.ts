// juliapackages.ts - Julia's packages, from its depots and manifests. Starts no Julia.
import type { ByteString } from '../core/bytes.ts';
import { stripUrlCredentials } from '../formats/gitconfig.ts';
import type { JuliaEntry, JuliaManifest } from '../formats/juliamanifest.ts';
import { parseJuliaManifest, parseJuliaProject } from '../formats/juliamanifest.ts';
import type { FilesRead, LanguagePackage, PackageClaim } from './packagefiles.ts';
import { findNearest, folderOf, isFileQuietly, joinFolders, listQuietly, nameFolder, readQuietly } from './packagefiles.ts';

const JULIA_SOURCE = /^(.*)\/packages\/([\w!]+)\/[A-Za-z0-9]{4,8}\//;
const JULIA_COMPILED = /^(.*)\/compiled\/v(\d+\.\d+)\/([\w!]+)\/[^/]+\.(?:ji|so|dylib)$/;
const JULIA_STANDARD = /^(.*)\/(?:share\/julia\/(?:stdlib\/v(\d+\.\d+)|base|compiled\/v(\d+\.\d+))\/|lib\/julia\/sys\.so$)/;
const JULIA_ARTIFACT = /^(.*)\/artifacts\/([0-9a-f]{40})\//;
const JULIA_PROGRAM = /^(.*)\/bin\/julia$/;

type Depots = { manifests: { folder: ByteString; manifest: JuliaManifest }[]; byName: Map<ByteString, { entry: JuliaEntry; folder: ByteString }> };
type Claims = Map<ByteString, { package: LanguagePackage; paths: ByteString[] }>;

export function findJuliaPackages(files: FilesRead): PackageClaim[] {
  const ofJulia = files.paths.filter((name) => JULIA_SOURCE.test(name) || JULIA_COMPILED.test(name) || JULIA_STANDARD.test(name) || JULIA_ARTIFACT.test(name));
  const isUsed = ofJulia.some((name) => !JULIA_ARTIFACT.test(name)) || files.programs.some((name) => JULIA_PROGRAM.test(name));
  if (!isUsed) return [];
  const depots = readManifests(ofJulia, files);
  const claims: Claims = new Map();
  for (const name of files.programs) {
    const prefix = JULIA_PROGRAM.exec(name)?.[1];
    if (prefix !== undefined) claimFile(claims, makeJulia(prefix, '', depots), files.isRead.has(name) ? name : undefined);
  }
  for (const name of ofJulia) claimJuliaFile(claims, name, depots);
  claimDeveloped(claims, depots, files);
  claimArtifacts(claims, ofJulia);
  return Array.from(claims.values());
}

function claimFile(claims: Claims, one: LanguagePackage, path: ByteString | undefined): void {
  const key = one.name + '\n' + one.version;
  const claim = claims.get(key);
  if (claim === undefined) claims.set(key, { package: one, paths: path === undefined ? [] : [path] });
  else if (path !== undefined) claim.paths.push(path);
}

function claimJuliaFile(claims: Claims, name: ByteString, depots: Depots): void {
  const standard = JULIA_STANDARD.exec(name);
  if (standard !== null) {
    claimFile(claims, makeJulia(standard[1], standard[2] ?? standard[3] ?? '', depots), name);
    return;
  }
  const source = JULIA_SOURCE.exec(name);
  if (source !== null) {
    claimFile(claims, describeSource(source[0].slice(0, -1), source[2], depots), name);
    return;
  }
  const compiled = JULIA_COMPILED.exec(name);
  if (compiled === null) return;
  // Julia compares only the times of the sources behind a compiled file: the manifest has the version.
  const known = depots.byName.get(compiled[3]);
  const version = known?.entry.version ?? '';
  claimFile(claims, { manager: 'julia', name: compiled[3], version, detail: describeJuliaOrigin(known?.entry), covers: folderOf(name) }, name);
}

/** Manifests that the run read, that of the project, and those of the depots' shared environments; the first that knows a name decides. */
function readManifests(ofJulia: ByteString[], files: FilesRead): Depots {
  const names = files.paths.filter((name) => /\/(?:Julia)?Manifest(?:-v[\d.]+)?\.toml$/.test(name));
  for (const name of listQuietly(files.projectRoot)) {
    if (/^(?:Julia)?Manifest(?:-v[\d.]+)?\.toml$/.test(name)) names.push(files.projectRoot + '/' + name);
  }
  const shared = new Set<ByteString>();
  for (const name of ofJulia) {
    const compiled = JULIA_COMPILED.exec(name);
    if (compiled !== null) shared.add(compiled[1] + '/environments/v' + compiled[2] + '/Manifest.toml');
  }
  const depots: Depots = { manifests: [], byName: new Map() };
  for (const name of new Set(names.concat(Array.from(shared).sort()))) {
    const text = readQuietly(name);
    if (text === undefined) continue;
    const manifest = parseJuliaManifest(text);
    depots.manifests.push({ folder: folderOf(name), manifest });
    for (const entry of manifest.entries) if (!depots.byName.has(entry.name)) depots.byName.set(entry.name, { entry, folder: folderOf(name) });
  }
  return depots;
}

/** A package's own Project.toml tells its version; those from before Julia 1.0 have none. */
function describeSource(folder: ByteString, name: ByteString, depots: Depots): LanguagePackage {
  const project = parseJuliaProject(readQuietly(folder + '/Project.toml') ?? readQuietly(folder + '/JuliaProject.toml') ?? '');
  const entry = depots.byName.get(name)?.entry;
  const version = project.version !== '' ? project.version : entry?.version ?? '';
  return { manager: 'julia', name, version, detail: entry?.version === version ? describeJuliaOrigin(entry) : '', covers: folder };
}

function describeJuliaOrigin(entry: JuliaEntry | undefined): ByteString {
  if (entry === undefined || entry.tree === '') return '';
  return 'tree ' + entry.tree + (entry.url === '' ? '' : ' ' + stripUrlCredentials(entry.url));
}

/** The header tells the version to the last digit, else the manifest that was made with it. */
function makeJulia(prefix: ByteString, minor: ByteString, depots: Depots): LanguagePackage {
  const header = readQuietly(prefix + '/include/julia/julia_version.h') ?? '';
  const fromHeader = /JULIA_VERSION_STRING\s+"([^"\n]+)"/.exec(header)?.[1];
  const fromManifest = depots.manifests.map((one) => one.manifest.juliaVersion).find((one) => one !== '' && one.startsWith(minor));
  return { manager: 'julia', name: 'julia', version: fromHeader ?? fromManifest ?? minor, detail: '', covers: prefix + '/share/julia' };
}

/** Packages that are used from a folder ("path" in the manifest, as Pkg.develop writes it). */
function claimDeveloped(claims: Claims, depots: Depots, files: FilesRead): void {
  const byFolder = new Map<ByteString, JuliaEntry>();
  for (const { folder, manifest } of depots.manifests) {
    for (const entry of manifest.entries) if (entry.path !== '') byFolder.set(joinFolders(folder, entry.path), entry);
  }
  if (byFolder.size === 0) return;
  for (const name of files.paths) {
    const entry = name.endsWith('.jl') ? findNearest(name, byFolder) : undefined;
    if (entry === undefined) continue;
    const folder = findDeveloped(name, byFolder);
    const detail = 'editable ' + nameFolder(folder, files.projectRoot);
    claimFile(claims, { manager: 'julia', name: entry.name, version: entry.version, detail, covers: folder }, name);
  }
}

function findDeveloped(name: ByteString, byFolder: Map<ByteString, JuliaEntry>): ByteString {
  let folder = folderOf(name);
  while (!byFolder.has(folder)) folder = folderOf(folder);
  return folder;
}

/** An artifact is of the package whose Artifacts.toml has its hash: mostly the wrapper of a library, NAME_jll. */
function claimArtifacts(claims: Claims, ofJulia: ByteString[]): void {
  const depotFolders = new Set<ByteString>();
  const lists: { text: ByteString; paths: ByteString[] }[] = [];
  for (const name of ofJulia) depotFolders.add(JULIA_COMPILED.exec(name)?.[1] ?? JULIA_SOURCE.exec(name)?.[1] ?? '');
  for (const claim of claims.values()) {
    const packageName = claim.package.name;
    for (const depot of depotFolders) {
      for (const slug of depot === '' ? [] : listQuietly(depot + '/packages/' + packageName)) {
        const name = depot + '/packages/' + packageName + '/' + slug + '/Artifacts.toml';
        if (isFileQuietly(name)) lists.push({ text: readQuietly(name) ?? '', paths: claim.paths });
      }
    }
  }
  for (const name of ofJulia) {
    const hash = JULIA_ARTIFACT.exec(name)?.[2];
    const list = hash === undefined ? undefined : lists.find((one) => one.text.indexOf(hash) >= 0);
    if (list !== undefined) list.paths.push(name);
  }
}
