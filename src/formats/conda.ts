// conda.ts - the record of a package installed by conda: PREFIX/conda-meta/NAME.json. Knows no files.
import { dropEndSlashes } from '../core/names.ts';
import type { PackageIdentity } from '../core/packagefact.ts';
import { stripUrlCredentials } from './gitconfig.ts';

export type CondaPackage = PackageIdentity & {
  /** As JSON has them: text, relative to the prefix. */
  files: string[];
};

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/**
 * The channel that a package came from, by its short name if it is one of anaconda.org's:
 * "conda-forge", "https://repo.anaconda.com/pkgs/main"; without tokens and passwords. '' if it is not
 * told, or is a folder of that machine.
 */
function readChannel(value: string, subdir: string): string {
  const whole = dropEndSlashes(stripUrlCredentials(value)).replace(/\/t\/[^/]+(?=\/)/, '');
  const channel = (subdir !== '' && whole.endsWith('/' + subdir) ? whole.slice(0, -subdir.length - 1) : whole).replace(/^https?:\/\/conda\.anaconda\.org\//, '');
  return /^(?:https?:\/\/)?[A-Za-z0-9][A-Za-z0-9._~:/-]*$/.test(channel) && !/^file:/.test(channel) ? channel : '';
}

/**
 * The package, in text; undefined if this is no record of one. The version is VERSION=BUILD, as conda
 * takes it for an exact package: two builds of one version are different binaries. The architecture
 * is the channel's subdirectory, and after it the channel: "linux-64 conda-forge".
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
  const subdir = textOf(record.subdir);
  const channel = readChannel(textOf(record.channel), subdir);
  return {
    name,
    version: textOf(record.version) + (build === '' ? '' : '=' + build),
    architecture: subdir === '' || channel === '' ? subdir : subdir + ' ' + channel,
    files: record.files.filter((file) => typeof file === 'string') as string[],
  };
}

/** The ways in which a JSON text may spell this name between quotes: as it is, and in ASCII only. */
export function spellInJson(name: string): string[] {
  const quoted = JSON.stringify(name).slice(1, -1);
  const ascii = quoted.replace(/[\x7f-\uffff]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
  return quoted === ascii ? [quoted] : [quoted, ascii];
}
