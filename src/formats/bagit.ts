// bagit.ts - the files that make a folder a bag (BagIt 1.0, RFC 8493). Hashes nothing.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';

/** The file that says that the folder is a bag. */
export const BAGIT_TXT = 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n';

/** A line of a manifest; `name` is relative to the top of the bag and needs no encoding (core/archive.ts, findBagFault). */
export type BagLine = { hash: string; name: ByteString };

/** "HASH  NAME", sorted by name: also what `sha256sum -c` reads. */
export function printBagManifest(lines: BagLine[]): ByteString {
  return lines.slice().sort((a, b) => compareBytes(a.name, b.name)).map((line) => line.hash + '  ' + line.name + '\n').join('');
}

/** "LABEL: VALUE" lines in their order; a value of several lines is made one. */
export function printBagInfo(facts: [string, ByteString][]): ByteString {
  return facts.map(([label, value]) => label + ': ' + value.replace(/[\0-\x20\x7f]+/g, ' ').replace(/^ | $/g, '') + '\n').join('');
}
