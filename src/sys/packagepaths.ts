// packagepaths.ts - names that a package's list may have for a file. Knows no package manager.
import type { ByteString } from '../core/bytes.ts';
import { errorCode, lstatIfThere, readRegularIfThere } from './files.ts';
import { resolveLinks } from './machine.ts';

/** Folders that are links in some systems ("merged /usr"), while packages still list files in them. */
const LINKED_FOLDERS = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/usr/sbin', '/usr/lib64', '/usr/libexec', '/var/run'];

type FolderAlias = { link: ByteString; target: ByteString };

/** The files that are asked for, in a system whose root folder is `root` ('' normally). */
export type PackageQuestion = {
  root: ByteString;
  /** Absolute in that system, links resolved. */
  paths: ByteString[];
  aliases: FolderAlias[];
  /** Names that lists may have for a file: its own first, then through links to folders. */
  spell: (path: ByteString) => ByteString[];
};

/** The whole of a file of a database; '' if it cannot be read. */
export function readPackageText(name: ByteString): ByteString {
  try {
    return readRegularIfThere(name) ?? '';
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return '';
  }
}

export function findFolderAliases(root: ByteString): FolderAlias[] {
  const realRoot = root === '' ? '' : resolveLinks(root);
  const aliases: FolderAlias[] = [];
  for (const link of LINKED_FOLDERS) {
    if (lstatIfThere(root + link)?.isSymbolicLink() !== true) continue;
    const target = resolveLinks(root + link);
    if (target.startsWith(realRoot + '/')) aliases.push({ link, target: target.slice(realRoot.length) });
  }
  return aliases;
}

export function makePackageQuestion(root: ByteString, paths: ByteString[], aliases: FolderAlias[]): PackageQuestion {
  const spell = (path: ByteString): ByteString[] => {
    const names = [path];
    for (const alias of aliases) if (path.startsWith(alias.target + '/')) names.push(alias.link + path.slice(alias.target.length));
    return names;
  };
  return { root, paths, aliases, spell };
}

/** What a name in a list stands for, as far as links to folders are known. */
export function findRealPath(question: PackageQuestion, name: ByteString): ByteString {
  for (const alias of question.aliases) if (name.startsWith(alias.link + '/')) return alias.target + name.slice(alias.link.length);
  return name;
}

/** Every name that lists may have for the files, without `cut` bytes in front -> the file. */
export function spellPaths(question: PackageQuestion, cut: number): Map<ByteString, ByteString> {
  const names = new Map<ByteString, ByteString>();
  for (const path of question.paths) for (const name of question.spell(path)) names.set(name.slice(cut), path);
  return names;
}
