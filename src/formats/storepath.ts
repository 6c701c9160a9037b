// storepath.ts - the package in a path of the store of Guix or Nix. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { PackageFact } from '../core/packagefact.ts';

// 160 bits in Nix's base 32, which has no e, o, t and u.
const STORE_PATH = /^\/(gnu|nix)\/store\/[0-9a-df-np-sv-z]{32}-([^/]+)(?:\/|$)/;

/**
 * The package that built this file of a store, by the name of its folder, /gnu/store/HASH-NAME-VERSION
 * or /nix/store/HASH-NAME-VERSION; undefined if the path is not of that form. The version begins
 * after the first '-' that a digit follows (Guix, package-name->name+version), or anything but a
 * letter (Nix, builtins.parseDrvName).
 */
export function parseStorePath(path: ByteString): PackageFact | undefined {
  const parts = STORE_PATH.exec(path);
  if (parts === null) return undefined;
  const isGuix = parts[1] === 'gnu';
  const cut = parts[2].search(isGuix ? /-[0-9]/ : /-[^A-Za-z]/);
  return {
    manager: isGuix ? 'guix' : 'nix',
    name: cut < 0 ? parts[2] : parts[2].slice(0, cut),
    version: cut < 0 ? '' : parts[2].slice(cut + 1),
    architecture: '',
  };
}
