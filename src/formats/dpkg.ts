// dpkg.ts - the texts of dpkg's database: status, diversions (deb822(5), dpkg-divert(1)). Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { PackageIdentity } from '../core/packagefact.ts';

/** What `by` has as `from` lies at `to` if another package brought it; `by` is ':' for the administrator. */
export type DpkgDiversion = { from: ByteString; to: ByteString; by: ByteString };

/** The diversions; an incomplete last one is left out. */
export function parseDpkgDiversions(text: ByteString): DpkgDiversion[] {
  const lines = text.split('\n');
  const diversions: DpkgDiversion[] = [];
  for (let i = 0; i + 2 < lines.length; i += 3) diversions.push({ from: lines[i], to: lines[i + 1], by: lines[i + 2] });
  return diversions;
}

/** Names of fields are the same in any case, as deb822(5) has it; dpkg writes them as they are asked for here. */
function readStanzaField(stanza: ByteString, name: string): ByteString {
  const usual = stanza.indexOf('\n' + name + ':');
  const at = usual >= 0 ? usual : stanza.search(new RegExp('\\n' + name + ':', 'i'));
  if (at < 0) return '';
  const end = stanza.indexOf('\n', at + 1);
  return stanza.slice(at + name.length + 2, end < 0 ? stanza.length : end).trim();
}

/**
 * Packages of a status file by the names that their file lists have: `bash`, and `libc6:amd64` where
 * several architectures of a package can be installed together. Only those with a name in `wanted`.
 */
export function parseDpkgStatus(text: ByteString, wanted: Set<ByteString>): Map<ByteString, PackageIdentity> {
  const packages = new Map<ByteString, PackageIdentity>();
  for (let at = 0; at < text.length;) {
    const found = text.indexOf('\n\n', at);
    const end = found < 0 ? text.length : found;
    const stanza = '\n' + text.slice(at, end);
    at = end + 2;
    const name = readStanzaField(stanza, 'Package');
    const architecture = readStanzaField(stanza, 'Architecture');
    const isWanted = wanted.has(name);
    if (!isWanted && !wanted.has(name + ':' + architecture)) continue;
    const identity = { name, version: readStanzaField(stanza, 'Version'), architecture };
    packages.set(name + ':' + architecture, identity);
    if (isWanted && !packages.has(name)) packages.set(name, identity);
  }
  return packages;
}
