// metadata.ts - reads title, authors and license of a project where projects keep them. Guesses nothing.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import type { ProjectMetadata, ToldMetadata } from '../core/metadata.ts';
import { emptyTold, joinMetadata, nameOfField } from '../core/metadata.ts';
import type { Run } from '../core/run.ts';
import { joinWords } from '../core/words.ts';
import { readCitationFile, readCodemetaFile, readZenodoFile } from '../formats/citationfile.ts';
import { findRemoteUrl, stripUrlCredentials } from '../formats/gitconfig.ts';
import { findSpdxLine, LARGEST_LICENSE_BYTES, normalizeLicense, recognizeLicense } from '../formats/license.ts';
import { METADATA_HINT } from '../formats/metadatafile.ts';
import { readJuliaProject, readPackageJson, readPyproject, readRDescription, readReadme } from '../formats/packagefile.ts';
import { makeHarmless } from '../formats/percent.ts';
import { findLinkOut } from './bounds.ts';
import { listFolder, readRegularIfThere, statIfThere } from './files.ts';
import { findRepository } from './gitrepo.ts';
import type { Project } from './project.ts';

type MetadataReading = (text: ByteString, name: ByteString) => ToldMetadata;

/** In the order in which they count. */
const METADATA_FILES: [string, MetadataReading][] = [
  ['CITATION.cff', readCitationFile], ['codemeta.json', readCodemetaFile], ['.zenodo.json', readZenodoFile],
];
const PACKAGE_FILES: [string, MetadataReading][] = [
  ['pyproject.toml', readPyproject], ['DESCRIPTION', readRDescription], ['Project.toml', readJuliaProject], ['package.json', readPackageJson],
];
const README_NAME = /^readme(?:\.(?:md|markdown|rst|org|txt))?$/i;
const LICENSE_NAME = /^(?:licen[sc]e|copying|unlicense)(?:\.(?:md|txt|rst))?$/i;
const LARGEST_METADATA_BYTES = 1 << 20;

/**
 * A regular file of the project, or a link to one; undefined if there is none. A link out of it would tell what is not of the
 * project, so that it counts as not there. Throws Failure if the file is too large to be read.
 */
function readIfFile(project: Project, name: ByteString): ByteString | undefined {
  const path = project.root + '/' + name;
  const stat = statIfThere(path);
  if (stat === undefined || !stat.isFile() || findLinkOut(project.root, path) !== undefined) return undefined;
  if (stat.size > LARGEST_METADATA_BYTES) throw new Failure('cannot read "' + name + '": it has more than 1 MiB', METADATA_HINT);
  return readRegularIfThere(path);
}

function licenseTold(license: ByteString, source: ByteString): ToldMetadata {
  const told = emptyTold();
  told.license = license;
  told.sources.set('license', source);
  return told;
}

/** What one file of a license tells. */
function readLicenseFile(name: ByteString, text: ByteString): ToldMetadata {
  const line = text.length <= LARGEST_LICENSE_BYTES ? findSpdxLine(text.slice(0, 4096)) : undefined;
  if (line !== undefined) return licenseTold(normalizeLicense(line.license), name + ':' + String(line.line));
  const found = recognizeLicense(text);
  if (found !== undefined && !found.isVersionOpen) return licenseTold(found.id, name);
  const told = emptyTold();
  if (found !== undefined) {
    told.openLicense = found.id;
    told.sources.set('license', name);
  } else told.licenseDoubt = 'the license in ' + name + ' is none of those that are known by their text';
  return told;
}

/**
 * Of files called LICENSE or COPYING; without any, of the folder LICENSES (https://reuse.software), in
 * which each file is named by its identifier. Several may hold for different parts: they tell nothing.
 */
function readLicenses(project: Project, names: ByteString[]): ToldMetadata[] {
  const several = (files: ByteString[]): ToldMetadata[] => [{ ...emptyTold(), licenseDoubt: 'which of the licenses ' + joinWords(files, 'and') + ' holds for what is not told' }];
  const files = names.filter((name) => LICENSE_NAME.test(name));
  const told = files.map((name) => [readIfFile(project, name)].filter((text): text is ByteString => text !== undefined).map((text) => readLicenseFile(name, text))).flat();
  const isOne = told.every((one) => one.license === told[0].license && one.openLicense === told[0].openLicense && one.licenseDoubt === undefined);
  if (told.length > 0) return told.length === 1 || isOne ? told.slice(0, 1) : several(files);
  const others = names.filter((name) => /^licen[sc]e-/i.test(name));
  if (others.length > 0) return several(others);
  const reuse = listFolder(project.root + '/LICENSES').filter((name) => name.endsWith('.txt')).sort(compareBytes);
  if (reuse.length === 1) return [licenseTold(normalizeLicense(reuse[0].slice(0, -4)), 'LICENSES/' + reuse[0])];
  return reuse.length === 0 ? [] : several(reuse.map((name) => 'LICENSES/' + name));
}

const WEB_HOSTS = /^(?:ssh:\/\/)?(?:[^@/:]+@)?(github\.com|gitlab\.com|codeberg\.org|bitbucket\.org|git\.sr\.ht|framagit\.org|salsa\.debian\.org)[:/]([^]+)$/;

/** The address of a remote as a page can have it; undefined of a folder, or of a host of which that is not known. */
export function addressOfRemote(remote: ByteString): ByteString | undefined {
  const url = stripUrlCredentials(remote);
  if (/^https?:\/\/[!-~]+$/.test(url)) return url.replace(/\.git\/?$/, '');
  const parts = WEB_HOSTS.exec(url);
  return parts === null || !/^[!-~]+$/.test(parts[2]) ? undefined : 'https://' + parts[1] + '/' + parts[2].replace(/\.git\/?$/, '');
}

/** The last run that was recorded with a remote of its code. */
export type RemoteOfRun = Pick<Run, 'id' | 'codeRemote'>;

/** The remote of the run `last`; without it, that of the repository as it is. */
function readRemote(project: Project, last: RemoteOfRun | undefined): ToldMetadata {
  const told = emptyTold();
  let remote = last?.codeRemote;
  if (remote === undefined) {
    try {
      remote = findRemoteUrl(findRepository(project.root)?.settings ?? [], undefined);
    } catch (error) {
      if (!(error instanceof Failure)) throw error; // a repository that cannot be read has no say
    }
  }
  const address = remote === undefined || remote.indexOf('\0') >= 0 ? undefined : addressOfRemote(remote);
  if (address !== undefined) {
    told.repository = address;
    told.sources.set('repository', last === undefined ? 'the remote of git' : 'Code_remote of ' + last.id);
    told.byTheWay.add('repository');
  }
  return told;
}

/**
 * What CITATION.cff, codemeta.json, .zenodo.json, a license file, files of packages, a README and the
 * remote of the code tell, and before them what is `said`. `last`: for the remote.
 * Throws Failure if one of the files cannot be read, or two places contradict each other: it names
 * both with what they say.
 */
export function readMetadata(project: Project, last?: RemoteOfRun, said?: ToldMetadata): ProjectMetadata {
  const places: ToldMetadata[] = said === undefined ? [] : [said];
  const readAll = (files: [string, MetadataReading][]): void => {
    for (const [name, read] of files) {
      const text = readIfFile(project, name);
      if (text !== undefined) places.push(read(text, name));
    }
  };
  const names = listFolder(project.root).sort(compareBytes);
  readAll(METADATA_FILES);
  places.push(...readLicenses(project, names));
  readAll(names.filter((name) => README_NAME.test(name)).map((name): [string, MetadataReading] => [name, readReadme]));
  readAll(PACKAGE_FILES);
  places.push(readRemote(project, last));
  const { metadata, disagreements } = joinMetadata(places);
  if (disagreements.length === 0) return metadata;
  const told = disagreements.map(({ field, first, second }) => 'the ' + nameOfField(field) + ': ' + first.source + ' has "' + first.value + '", ' + second.source + ' has "' + second.value + '"');
  throw new Failure('cannot tell ' + makeHarmless(told.join('; ')), 'make the two agree, or tell it in one place only', EXIT.differs);
}
