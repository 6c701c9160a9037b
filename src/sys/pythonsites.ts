// pythonsites.ts - the distributions installed in one folder of Python modules. Knows no runs and starts no Python.
import type { ByteString } from '../core/bytes.ts';
import { parseHeaders } from '../formats/headers.ts';
import { normalizePythonName, parseDirectUrl, parseNameLines, parseRecordPaths } from '../formats/pythonmetadata.ts';
import type { PythonOrigin } from '../formats/pythonmetadata.ts';
import { cleanValue, joinFolders, listQuietly, readQuietly } from './packagefiles.ts';

/** One *.dist-info, *.egg-info or egg; what it says is read when it is first asked for, and once. */
export type PythonDistribution = {
  site: ByteString;
  /** Of the folder or file with the metadata, in `site`. */
  entry: ByteString;
  /** Normalized, as the entry's name has it: a first guess. */
  guessedName: ByteString;
  facts: { name: ByteString; version: ByteString } | undefined;
  origin: PythonOrigin | null | undefined;
  topLevel: ByteString[] | undefined;
  files: Set<ByteString> | null | undefined;
};

export type PythonSite = { folder: ByteString; names: ByteString[]; distributions: PythonDistribution[] };

const MOST_LIST_BYTES = 1 << 25;
const METADATA_ENTRY = /^([^/]+)\.(?:dist-info|egg-info|egg)$/;

export function openPythonSite(folder: ByteString): PythonSite {
  const names = listQuietly(folder);
  const distributions: PythonDistribution[] = [];
  for (const entry of names) {
    const stem = METADATA_ENTRY.exec(entry)?.[1];
    if (stem === undefined) continue;
    // Both kinds write "-" in a name as "_", so that the version begins at the first one.
    const guessedName = normalizePythonName(stem.split('-')[0]);
    distributions.push({ site: folder, entry, guessedName, facts: undefined, origin: undefined, topLevel: undefined, files: undefined });
  }
  return { folder, names, distributions };
}

/** The metadata's own name and version: the entry's name may be wrong, as in "kiwisolver-0.0.0.dist-info". */
export function readDistributionFacts(one: PythonDistribution): { name: ByteString; version: ByteString } {
  if (one.facts !== undefined) return one.facts;
  const folder = one.site + '/' + one.entry;
  const inEgg = one.entry.endsWith('.egg') ? '/EGG-INFO/PKG-INFO' : '/PKG-INFO';
  const text = one.entry.endsWith('.dist-info') ? readQuietly(folder + '/METADATA')
    : readQuietly(folder + inEgg) ?? readQuietly(folder);
  const fields = parseHeaders(text ?? '');
  const guessed = one.entry.replace(METADATA_ENTRY, '$1').split('-');
  const name = cleanValue(fields.get('name')) || guessed[0];
  one.facts = { name, version: cleanValue(fields.get('version')) || (fields.has('name') ? '' : guessed[1] ?? '') };
  return one.facts;
}

/** Where it was installed from; null if that is not said. */
export function readDistributionOrigin(one: PythonDistribution): PythonOrigin | null {
  if (one.origin === undefined) {
    const text = one.entry.endsWith('.dist-info') ? readQuietly(one.site + '/' + one.entry + '/direct_url.json') : undefined;
    one.origin = (text === undefined ? undefined : parseDirectUrl(text)) ?? null;
  }
  return one.origin;
}

/** The modules it says it has; [] if it does not say. */
export function readTopLevel(one: PythonDistribution): ByteString[] {
  if (one.topLevel === undefined) one.topLevel = parseNameLines(readQuietly(metadataFolder(one) + '/top_level.txt') ?? '');
  return one.topLevel;
}

/**
 * Its files, relative to the site (RECORD, or installed-files.txt of older pip); null if there is no
 * such list. Debian packages have none.
 */
export function readDistributionFiles(one: PythonDistribution): Set<ByteString> | null {
  if (one.files !== undefined) return one.files;
  const record = one.entry.endsWith('.dist-info') ? readQuietly(one.site + '/' + one.entry + '/RECORD', MOST_LIST_BYTES) : undefined;
  if (record !== undefined) {
    one.files = new Set(parseRecordPaths(record));
    return one.files;
  }
  const listed = one.entry.endsWith('.egg-info') ? readQuietly(one.site + '/' + one.entry + '/installed-files.txt', MOST_LIST_BYTES) : undefined;
  one.files = listed === undefined ? null : new Set(parseNameLines(listed).map((line) => fromMetadataFolder(one, line)));
  return one.files;
}

/** "../numpy/core.py" in installed-files.txt is "numpy/core.py". */
function fromMetadataFolder(one: PythonDistribution, line: ByteString): ByteString {
  const absolute = joinFolders(one.site + '/' + one.entry, line);
  return absolute.startsWith(one.site + '/') ? absolute.slice(one.site.length + 1) : absolute;
}

function metadataFolder(one: PythonDistribution): ByteString {
  return one.site + '/' + one.entry + (one.entry.endsWith('.egg') ? '/EGG-INFO' : '');
}

/** The packages that several distributions share ("google", "zope"): those that this one says are so. */
export function readNamespaces(one: PythonDistribution): ByteString[] {
  return parseNameLines(readQuietly(metadataFolder(one) + '/namespace_packages.txt') ?? '');
}
