// conda.ts - the record of a package installed by conda: PREFIX/conda-meta/NAME.json. Knows no files.
import type { PackageIdentity } from '../core/packagefact.ts';

export type CondaPackage = PackageIdentity & {
  /** As JSON has them: text, relative to the prefix. */
  files: string[];
};

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/**
 * The package, in text; undefined if this is no record of one. The version is VERSION=BUILD, as conda
 * takes it for an exact package: two builds of one version are different binaries.
 */
export function parseCondaRecord(json: string): CondaPackage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as { [name: string]: unknown };
  const name = textOf(record.name);
  if (name === '' || !Array.isArray(record.files)) return undefined;
  const build = textOf(record.build);
  return {
    name,
    version: textOf(record.version) + (build === '' ? '' : '=' + build),
    architecture: textOf(record.subdir),
    files: record.files.filter((file) => typeof file === 'string') as string[],
  };
}

/** The ways in which a JSON text may spell this name between quotes: as it is, and in ASCII only. */
export function spellInJson(name: string): string[] {
  const quoted = JSON.stringify(name).slice(1, -1);
  const ascii = quoted.replace(/[\x7f-\uffff]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
  return quoted === ascii ? [quoted] : [quoted, ascii];
}
