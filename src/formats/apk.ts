// apk.ts - the list of installed packages of Alpine's apk (as apk-tools' src/database.c writes it). Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { PackageIdentity } from '../core/packagefact.ts';

/**
 * Calls `visit` for each wanted file, named from the root without '/' in front, with its package. The
 * list has a paragraph for each package, with lines of a letter, ':' and a value: P name, V version,
 * A architecture, F a folder, R a file in the folder named last.
 */
export function findInApkList(text: ByteString, wanted: Set<ByteString>, visit: (path: ByteString, identity: PackageIdentity) => void): void {
  const folders = new Set<ByteString>();
  for (const path of wanted) folders.add(path.slice(0, path.lastIndexOf('/') + 1));
  let identity = { name: '', version: '', architecture: '' };
  let folder: ByteString | undefined;
  for (let at = 0; at < text.length;) {
    const found = text.indexOf('\n', at);
    const end = found < 0 ? text.length : found;
    const letter = end === at ? '' : text[at + 1] === ':' ? text[at] : ' ';
    if (letter === 'R') {
      const path: ByteString = folder === undefined ? '' : folder + text.slice(at + 2, end);
      if (wanted.has(path)) visit(path, identity);
    } else if (letter === 'F') {
      const name = text.slice(at + 2, end);
      folder = name === '' ? '' : name + '/';
      if (!folders.has(folder)) folder = undefined;
    } else if (letter === 'P') {
      identity.name = text.slice(at + 2, end);
    } else if (letter === 'V') {
      identity.version = text.slice(at + 2, end);
    } else if (letter === 'A') {
      identity.architecture = text.slice(at + 2, end);
    } else if (letter === '') {
      identity = { name: '', version: '', architecture: '' };
      folder = undefined;
    }
    at = end + 1;
  }
}
