// condaprefix.ts - which package of conda a file came with. Knows no other package manager.
import type { ByteString } from '../core/bytes.ts';
import type { PackageIdentity } from '../core/packagefact.ts';
import { choosePackage } from '../core/packagefact.ts';
import { parseCondaRecord, spellInJson } from '../formats/conda.ts';
import { LineSearch } from '../formats/linesearch.ts';
import { listFolder, statIfThere, toBytes, toText } from './files.ts';
import { readPackageText } from './packagepaths.ts';

/** Files and folders in a prefix that change whenever an answer may. */
export const CONDA_STAMPED = ['/conda-meta', '/conda-meta/history'];

/** Finds the folders, in a system with this root folder, that conda installed files into. */
export class CondaPrefixes {
  private readonly root: ByteString;
  private readonly known = new Map<ByteString, ByteString | undefined>([['', undefined]]);
  constructor(root: ByteString) {
    this.root = root;
  }

  /** The nearest prefix above a file; undefined if there is none. */
  find(path: ByteString): ByteString | undefined {
    const folder = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    if (this.known.has(folder)) return this.known.get(folder);
    const isPrefix = statIfThere(this.root + folder + '/conda-meta')?.isDirectory() === true;
    const prefix = isPrefix ? folder : this.find(folder);
    this.known.set(folder, prefix);
    return prefix;
  }
}

/** The packages that own these files in `folder`, named relative to it; a file without one is not in the map. */
export function findCondaOwners(folder: ByteString, files: ByteString[]): Map<ByteString, PackageIdentity> {
  const owners = new Map<ByteString, PackageIdentity>();
  const wanted = new Set(files);
  const spellings: ByteString[] = [];
  for (const file of files) for (const spelling of spellInJson(toText(file))) spellings.push(toBytes(spelling));
  const search = new LineSearch('"', spellings);
  for (const name of listFolder(folder + '/conda-meta')) {
    if (!name.endsWith('.json')) continue;
    const json = readPackageText(folder + '/conda-meta/' + name);
    let mayOwn = false;
    search.find(json, () => { mayOwn = true; });
    const record = mayOwn ? parseCondaRecord(toText(json)) : undefined;
    if (record === undefined) continue;
    const identity = { name: toBytes(record.name), version: toBytes(record.version), architecture: toBytes(record.architecture) };
    for (const file of record.files.map(toBytes)) if (wanted.has(file)) owners.set(file, choosePackage(owners.get(file), identity, ''));
  }
  return owners;
}
