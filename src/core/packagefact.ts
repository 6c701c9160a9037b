// packagefact.ts - the package that a file came with. Knows no database.
import type { ByteString } from './bytes.ts';
import { compareBytes } from './bytes.ts';

/** What a package manager calls a package; '' where it does not say. */
export type PackageIdentity = { name: ByteString; version: ByteString; architecture: ByteString };

export type PackageManager = 'dpkg' | 'rpm' | 'apk' | 'pacman' | 'guix' | 'nix' | 'conda';

export type PackageFact = PackageIdentity & { manager: PackageManager };

/**
 * The one to name of two packages that hold the same file, as those of one name for two
 * architectures may: that of the machine's own architecture, else the first by name, architecture
 * and version. Does not depend on the order in which they were met.
 */
export function choosePackage(a: PackageIdentity | undefined, b: PackageIdentity, ownArchitecture: ByteString): PackageIdentity {
  if (a === undefined) return b;
  const isOwnA = a.architecture === ownArchitecture;
  if (isOwnA !== (b.architecture === ownArchitecture)) return isOwnA ? a : b;
  const order = compareBytes(a.name, b.name) || compareBytes(a.architecture, b.architecture) || compareBytes(a.version, b.version);
  return order <= 0 ? a : b;
}
