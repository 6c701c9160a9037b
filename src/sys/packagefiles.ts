// packagefiles.ts - what the finders of language packages share. Knows no language.
import type { ByteString } from '../core/bytes.ts';
import { listFolder, readFirstBytes, statIfThere } from './files.ts';

/**
 * `version` is '' if unknown. `detail` says what name and version do not, such as "editable FOLDER
 * git COMMIT", or is ''. `covers` is the absolute folder or file that most of its files lie under.
 */
export type LanguagePackage = {
  manager: 'python' | 'r' | 'julia' | 'npm' | 'perl' | 'java' | 'ruby';
  name: ByteString;
  version: ByteString;
  detail: ByteString;
  covers: ByteString;
};

/** The files of a run that the finders look at: absolute, links resolved, sorted by bytes, each once. */
export type FilesRead = { paths: ByteString[]; isRead: Set<ByteString>; programs: ByteString[]; projectRoot: ByteString };

/** A package and those of the files that it explains; without a package, they are a language's but prove no use of one. */
export type PackageClaim = { package: LanguagePackage | undefined; paths: ByteString[] };

/** More of a file that describes a package is not read. */
export const MOST_METADATA_BYTES = 1 << 22;

/** The first bytes of a regular file; undefined if there is none that can be read. Never throws. */
export function readQuietly(name: ByteString, mostBytes = MOST_METADATA_BYTES): ByteString | undefined {
  try {
    const stat = statIfThere(name);
    if (stat === undefined || !stat.isFile()) return undefined;
    return readFirstBytes(name, Math.min(stat.size, mostBytes));
  } catch (error) {
    return undefined; // names from foreign files, on foreign mounts: whatever it is, there is nothing to learn
  }
}

/** Names in a folder, sorted by bytes; [] if it cannot be listed. Never throws. */
export function listQuietly(name: ByteString): ByteString[] {
  try {
    return listFolder(name).sort();
  } catch (error) {
    return [];
  }
}

/** Never throws. */
export function isFileQuietly(name: ByteString): boolean {
  try {
    return statIfThere(name)?.isFile() === true;
  } catch (error) {
    return false;
  }
}

/** "/a/b" of "/a/b/c"; '' at the root. */
export function folderOf(name: ByteString): ByteString {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}

export function lastPartOf(name: ByteString): ByteString {
  return name.slice(name.lastIndexOf('/') + 1);
}

export function isBelow(name: ByteString, folder: ByteString): boolean {
  return name.startsWith(folder) && (name.length === folder.length || name[folder.length] === '/');
}

/** The nearest of the folders that a file lies in, or that it is; undefined if none. */
export function findNearest<T>(name: ByteString, folders: Map<ByteString, T>): T | undefined {
  if (folders.size === 0) return undefined;
  for (let at = name; at !== ''; at = folderOf(at)) {
    const found = folders.get(at);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** "a/./b/../c" as "a/c"; a path below `folder` if it is relative. */
export function joinFolders(folder: ByteString, name: ByteString): ByteString {
  const parts: ByteString[] = [];
  for (const part of (name[0] === '/' ? name : folder + '/' + name).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return '/' + parts.join('/');
}

/** A folder as a record names it: relative where it lies in the project. */
export function nameFolder(folder: ByteString, projectRoot: ByteString): ByteString {
  if (folder === projectRoot) return '.';
  return isBelow(folder, projectRoot) ? folder.slice(projectRoot.length + 1) : folder;
}

/** A name or version from a foreign file: one line of at most 200 bytes. */
export function cleanValue(text: unknown): ByteString {
  return typeof text === 'string' ? text.replace(/[\0-\x20]+/g, ' ').trim().slice(0, 200) : '';
}
