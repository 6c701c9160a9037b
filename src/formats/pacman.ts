// pacman.ts - the description of a package installed by Arch Linux's pacman (alpm-db-desc(5)). Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { PackageIdentity } from '../core/packagefact.ts';

/**
 * The package of a `desc` file of pacman's local database: sections of a line %NAME% and lines of
 * values, each ended by an empty line. Undefined if it has no name.
 */
export function parsePacmanDescription(text: ByteString): PackageIdentity | undefined {
  const values: { [section: string]: ByteString } = {};
  for (const parts of text.matchAll(/^%(NAME|VERSION|ARCH)%\n(.+)$/gm)) values[parts[1]] = values[parts[1]] ?? parts[2];
  if (values.NAME === undefined) return undefined;
  return { name: values.NAME, version: values.VERSION ?? '', architecture: values.ARCH ?? '' };
}
