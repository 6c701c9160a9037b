// names.ts - names of files as texts: their folders, joined and made plain. Knows no files.
import { dropAtEnd } from './bytes.ts';
import type { ByteString } from './bytes.ts';

/** The folder that an absolute name lies in; '/' at the root. */
export function folderOfName(path: ByteString): ByteString {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

export function joinNames(folder: ByteString, name: ByteString): ByteString {
  if (name.charCodeAt(0) === 47) return name;
  return folder.endsWith('/') ? folder + name : folder + '/' + name;
}

/** Without the slashes at its end; those of a name that is nothing else go too. */
export function dropEndSlashes(name: ByteString): ByteString {
  return dropAtEnd(name, '/');
}

/** Has it empty parts, "." or ".."? */
export function hasDots(path: ByteString): boolean {
  return path.indexOf('/.') >= 0 ? /\/\.\.?(?:\/|$)/.test(path) || path.indexOf('//') >= 0 : path.indexOf('//') >= 0;
}

/** An absolute path without empty parts, "." and "..", as text: links are not known. */
export function normalizeName(path: ByteString): ByteString {
  if (!hasDots(path) && (path === '/' || !path.endsWith('/'))) return path;
  const parts: ByteString[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return '/' + parts.join('/');
}
