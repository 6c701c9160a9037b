// javapackages.ts - what jars say of themselves, and which Java read them. Starts no Java.
import type { ByteString } from '../core/bytes.ts';
import { parseHeaders } from '../formats/headers.ts';
import type { ZipDirectory, ZipEntry } from '../formats/zip.ts';
import { ZIP_LOCAL_HEADER_BYTES, ZIP_TAIL_BYTES, findZipData, parseZip64Record, parseZipEnd, parseZipEntries } from '../formats/zip.ts';
import { toFsPath } from './files.ts';
import { fs, zlib } from './node.ts';
import type { FilesRead, LanguagePackage, PackageClaim } from './packagefiles.ts';
import { lastPartOf, cleanValue, isBelow, readQuietly } from './packagefiles.ts';

const JAVA_ARCHIVE = /\.(?:jar|war|ear)$/;
const JAVA_HOME = /^(.*?)(?:\/jre)?\/(?:lib\/(?:modules|rt\.jar|(?:[^/]+\/)?server\/libjvm\.so|libjli\.so|[^/]+\/jli\/libjli\.so)|bin\/java[a-z]*)$/;
const POM_PROPERTIES = /^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/;
const JAR_NAME = /^(.+?)-(\d[\w.+-]*)$/;
const MOST_DIRECTORY_BYTES = 1 << 26;
const MOST_ENTRY_BYTES = 1 << 20;
const MOST_PROPERTIES = 500;

export function findJavaPackages(files: FilesRead): PackageClaim[] {
  const claims: PackageClaim[] = [];
  const homes = new Map<ByteString, ByteString>();
  for (const name of files.paths.concat(files.programs)) {
    const home = JAVA_HOME.exec(name)?.[1];
    if (home === undefined || homes.has(home)) continue;
    const release = readQuietly(home + '/release', MOST_ENTRY_BYTES);
    if (release !== undefined) homes.set(home, release);
  }
  for (const [home, release] of homes) {
    const said = (key: string): ByteString => cleanValue(new RegExp('^' + key + '="([^"\n]*)"', 'm').exec(release)?.[1]);
    if (said('JAVA_VERSION') === '') continue;
    const version = said('JAVA_RUNTIME_VERSION') || said('JAVA_VERSION');
    const paths = files.paths.filter((name) => isBelow(name, home));
    claims.push({ package: { manager: 'java', name: 'java', version, detail: said('IMPLEMENTOR'), covers: home }, paths });
  }
  const covered = Array.from(homes.keys());
  for (const name of files.paths) {
    if (JAVA_ARCHIVE.test(name) && !covered.some((home) => isBelow(name, home))) claims.push({ package: describeJavaArchive(name), paths: [name] });
  }
  return claims;
}

/** The name of the file is all that is known of a jar that says nothing, or that is damaged. */
function describeJavaArchive(name: ByteString): LanguagePackage {
  const placed = readRepositoryPath(name);
  if (placed !== undefined) return { manager: 'java', name: placed.name, version: placed.version, detail: '', covers: name };
  const stem = lastPartOf(name).replace(/\.[a-z]+$/, '');
  const inName = JAR_NAME.exec(stem);
  const said = readJavaArchive(name, stem);
  return { manager: 'java', name: said.name || (inName?.[1] ?? stem), version: said.version || (inName?.[2] ?? ''), detail: '', covers: name };
}

// Maven's and Coursier's repositories, and Gradle's: they keep each file under the name it was asked for by.
const REPOSITORIES = ['repository', 'maven2', 'm2'];
const IN_GRADLE = /\/files-2\.1\/([^/]+)\/([^/]+)\/([^/]+)\/[0-9a-f]+\/[^/]+$/;

/** REPOSITORY/GROUP/ARTIFACT/VERSION/ARTIFACT-VERSION[-CLASSIFIER].ENDING; GROUP may be several parts, from the first folder of that name on. */
function splitRepositoryPath(name: ByteString): [ByteString, ByteString, ByteString, ByteString] | undefined {
  const parts = name.split('/');
  const [artifact, version, file] = parts.slice(-3);
  const start = artifact + '-' + version;
  if (parts.length < 6 || artifact === '' || version === '' || !file.startsWith(start) || !/^(?:-[^]*)?\.[a-z]+$/.test(file.slice(start.length))) return undefined;
  let top = 0;
  for (let at = parts.length - 4; at > 0 && parts[at] !== ''; at--) if (at < parts.length - 4 && REPOSITORIES.indexOf(parts[at]) >= 0) top = at;
  return top === 0 ? undefined : [name, parts.slice(top + 1, -3).join('/'), artifact, version];
}

function readRepositoryPath(name: ByteString): JavaTitle | undefined {
  const parts = splitRepositoryPath(name) ?? IN_GRADLE.exec(name);
  return parts === null ? undefined : { name: parts[1].replace(/\//g, '.') + ':' + parts[2], version: parts[3] };
}

type JavaTitle = { name: ByteString; version: ByteString };
const NO_TITLE: JavaTitle = { name: '', version: '' };

function readJavaArchive(name: ByteString, stem: ByteString): JavaTitle {
  let fd: number | undefined;
  try {
    fd = fs.openSync(toFsPath(name), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const stat = fs.fstatSync(fd);
    return stat.isFile() ? readOpenArchive(fd, stat.size, stem) : NO_TITLE;
  } catch (error) {
    return NO_TITLE; // unreadable or damaged: nothing to learn, and no reason to stop a run
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

function readOpenArchive(fd: number, sizeBytes: number, stem: ByteString): JavaTitle {
  const directory = findDirectory(fd, sizeBytes);
  if (directory === undefined || directory.sizeBytes > MOST_DIRECTORY_BYTES) return NO_TITLE;
  const entries = parseZipEntries(readZipBytes(fd, directory.offset, directory.sizeBytes));
  const projects: JavaTitle[] = [];
  for (const entry of entries.filter((one) => POM_PROPERTIES.test(one.name)).slice(0, MOST_PROPERTIES)) {
    const text = readZipEntry(fd, entry);
    const said = (key: string): ByteString => cleanValue(new RegExp('^' + key + '[ \\t]*[=:][ \\t]*(.*)$', 'm').exec(text)?.[1]);
    if (said('artifactId') !== '') projects.push({ name: said('groupId') + ':' + said('artifactId'), version: said('version') });
  }
  // A jar that holds others' classes has their properties too: its own are those it is named after.
  const own = projects.filter((one) => stem === one.name.split(':')[1] || stem.startsWith(one.name.split(':')[1] + '-' + one.version));
  if (own.length > 0) return own[0];
  const version = JAR_NAME.exec(stem)?.[2];
  if (projects.length === 1 && (version === undefined || version === projects[0].version)) return projects[0];
  const manifest = entries.find((one) => one.name === 'META-INF/MANIFEST.MF');
  return manifest === undefined ? NO_TITLE : readJarManifest(parseHeaders(readZipEntry(fd, manifest)));
}

function readJarManifest(fields: Map<ByteString, ByteString>): JavaTitle {
  const value = (key: string): ByteString => cleanValue(fields.get(key)).replace(/^"(.*)"$/, '$1');
  // A title for people, "Apache Commons IO", is no name.
  const title = value('implementation-title').indexOf(' ') < 0 ? value('implementation-title') : '';
  const version = value('implementation-version') || value('bundle-version') || value('specification-version');
  return { name: title || value('bundle-symbolicname').split(';')[0] || value('automatic-module-name'), version: version.split(' ')[0] };
}

function findDirectory(fd: number, sizeBytes: number): ZipDirectory | undefined {
  const tailBytes = Math.min(sizeBytes, ZIP_TAIL_BYTES);
  const end = parseZipEnd(readZipBytes(fd, sizeBytes - tailBytes, tailBytes));
  if (end === undefined || end.kind === 'directory') return end?.directory;
  return end.recordOffset > sizeBytes ? undefined : parseZip64Record(readZipBytes(fd, end.recordOffset, 56));
}

function readZipEntry(fd: number, entry: ZipEntry): ByteString {
  if (entry.packedBytes > MOST_ENTRY_BYTES || entry.sizeBytes > MOST_ENTRY_BYTES) return '';
  const skip = findZipData(readZipBytes(fd, entry.offset, ZIP_LOCAL_HEADER_BYTES));
  if (skip === undefined) return '';
  const packed = readZipBytes(fd, entry.offset + skip, entry.packedBytes);
  if (entry.method === 0) return packed;
  return entry.method === 8 ? zlib().inflateRawSync(Buffer.from(packed, 'latin1'), { maxOutputLength: MOST_ENTRY_BYTES }).toString('latin1') : '';
}

function readZipBytes(fd: number, offset: number, sizeBytes: number): ByteString {
  const area = Buffer.alloc(sizeBytes);
  return area.toString('latin1', 0, fs.readSync(fd, area, 0, sizeBytes, offset));
}
