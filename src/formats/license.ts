// license.ts - tells by its text which license a file has. Never guesses: an altered text is none that it knows.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd, trimBlanks } from '../core/bytes.ts';
import { crc32 } from './crc32.ts';

// 1. Of a text only its words count, in lower case: not how it is wrapped, quoted or titled.
// 2. Left out are whose the copyright is and the names of the parties, in the places where a license has them.
// 3. What is left is one of the texts in LICENSE_TEXTS, word for word, or the license is not known.

/** `id`: of the SPDX list. isVersionOpen: the text does not tell whether later versions may be chosen: '-only' or '-or-later' is lacking. */
export type RecognizedLicense = { id: string; isVersionOpen: boolean };

const COPYRIGHT_LINE = /^[^A-Za-z0-9(\xc2]*(?:(?:portions )?copyright(?: holder| notice)?:?|\(c\)|\xc2\xa9)[ \t]*(?:\(c\)|\xc2\xa9|&copy;|[\d[{<:]|$)/i;
const RIGHTS_LINE = /^\W*all rights reserved\W*$/i;
const LICENSE_TITLE = /^(?:(?:the|mit|expat|isc|bsd|new|or|revised|simplified|modified|license|licence|[0234]|two|three|four|clause|text) )*(?=permission |redistribution )/;
const NAMED_PARTIES: [RegExp, string][] = [
  [/\bneither the names? (?:of )?(?:\w+ ){1,20}?nor the names of (?:its|their|his|her|any) (?:\w+ ){0,4}?(?:contributors|authors)\b/g, 'neither the name nor the names of contributors'],
  [/\bthis software is provided by (?:\w+ ){1,14}?as is and any\b/g, 'this software is provided as is and any'],
  [/\bin no event shall (?:\w+ ){1,14}?be liable for any\b/g, 'in no event shall be liable for any'],
  [/\bprovided as is and (?:\w+ ){1,8}?disclaims? all\b/g, 'provided as is and disclaim all'],
  [/\b(?:inc )?(?:59 temple place(?: suite 330)?|51 franklin st(?:reet)?(?: fifth floor| suite 500)?|675 mass ave) (?:boston|cambridge) ma \d{5}(?: \d{4})?(?: usa)?/g, ''],
];

/** The words of a license that tell which it is; '' if there are none. */
export function condenseLicense(text: ByteString): ByteString {
  const lines = text.replace(/^\xef\xbb\xbf/, '').split(/\r\n|\n|\r/).filter((line) => !COPYRIGHT_LINE.test(line) && !RIGHTS_LINE.test(line));
  let words = lines.join('\n').toLowerCase().replace(/https?:\/\//g, ' ').replace(/&(?:quot|lt|gt|amp);/g, ' ').replace(/[^a-z0-9]+/g, ' ').trim();
  for (const [pattern, instead] of NAMED_PARTIES) words = words.replace(pattern, instead);
  return words.replace(/ {2,}/g, ' ').trim().replace(LICENSE_TITLE, '');
}

/** Length and CRC-32 of the condensed text, which together no two of them share. */
export function fingerprintLicense(text: ByteString): string {
  const words = condenseLicense(text);
  const bytes = new Uint8Array(words.length);
  for (let i = 0; i < words.length; i++) bytes[i] = words.charCodeAt(i);
  return String(words.length) + ' ' + crc32(bytes, 0, bytes.length).toString(16);
}

/** Larger files are none. */
export const LARGEST_LICENSE_BYTES = 1 << 18;


// Fingerprints of the texts of the SPDX list and of their usual variants: without the appendix that
// tells how to apply a license, without numbers before the conditions.
const LICENSE_TEXTS: string[][] = [
  ['0BSD', '567 600b6dbd'], ['AFL-3.0', '9978 c708e33c'], ['AGPL-3.0', '32852 3b6a7ceb', '30879 98f7b73c', '30907 3cd2b461'],
  ['Apache-2.0', '9872 99a687cd', '8833 1f2e61e3', '8861 aa11084a'], ['Artistic-2.0', '8361 9d638597'], ['BlueOak-1.0.0', '1455 795bef5e'],
  ['BSD-2-Clause', '1118 add02050', '1114 d5221c45'], ['BSD-3-Clause', '1279 287c1ba2', '1273 3d427304'], ['BSD-4-Clause', '1455 8cc9d2ab'], ['BSL-1.0', '1236 6122d848'],
  ['CC-BY-3.0', '18009 2c627ed'], ['CC-BY-4.0', '15990 ebbc96c9'], ['CC-BY-NC-4.0', '16601 60fcecc'], ['CC-BY-NC-ND-4.0', '16415 55ce86d7'],
  ['CC-BY-NC-SA-4.0', '17876 5c66fa2c'], ['CC-BY-ND-4.0', '15802 fe2421ee'], ['CC-BY-SA-4.0', '17245 fa2002a1'], ['CC0-1.0', '6692 d4f198d'],
  ['CDDL-1.0', '15837 3d9c1209'], ['CECILL-2.1', '20897 cc580935'], ['CECILL-B', '20430 44bbb810'], ['CECILL-C', '20896 307181c7'],
  ['ECL-2.0', '10649 83e6fd13', '9589 9a1dacb8', '9617 656c192'], ['EPL-1.0', '10959 2ce4247f'], ['EPL-2.0', '13588 b0520fba'],
  ['EUPL-1.1', '12728 d84e2bc2'], ['EUPL-1.2', '13195 99de6dbf'],
  ['GPL-2.0', '16675 77226a83', '14372 ad825a5b', '14400 b4f3a76c', '17001 bf93c502', '14399 871440b6', '14427 b5e4d228'],
  ['GPL-3.0', '33393 c3a39cd4', '30940 76749599', '30968 f76bce78', '33391 b435bd30'], ['ISC', '656 6f1cd767'],
  ['LGPL-2.1', '25096 d6eaea43', '23281 b260032f', '23309 14aeb728', '25101 6f988fb9'], ['LGPL-3.0', '40498 1ef98e77', '38045 b7b9c509', '38073 772e19fd', '7104 639f9deb'],
  ['MIT', '955 575515fc'], ['MIT-0', '812 41e155f8'], ['MPL-2.0', '14336 b4e0cf9'], ['MulanPSL-2.0', '5291 d2199f12'], ['NCSA', '1463 780ca1b0'],
  ['ODbL-1.0', '24135 15819f48'], ['ODC-By-1.0', '19128 ed94257'], ['PDDL-1.0', '15032 3b87a029'], ['PostgreSQL', '1012 cfd881d5'],
  ['Unlicense', '1154 8a6d390f'], ['UPL-1.0', '1691 97ebbd40'], ['WTFPL', '370 11547c05'], ['Zlib', '797 3cf57d35'],
];

/** The texts of the GNU licenses leave open whether later versions may be chosen. */
const OPEN_VERSION = /^[AL]?GPL-\d\.\d$/;

/** The license whose text this is; undefined if it is none of those that are known, or altered. */
export function recognizeLicense(text: ByteString): RecognizedLicense | undefined {
  if (text.length > LARGEST_LICENSE_BYTES) return undefined;
  const found = fingerprintLicense(text);
  const entry = LICENSE_TEXTS.find((one) => one.indexOf(found) > 0);
  return entry === undefined ? undefined : { id: entry[0], isVersionOpen: OPEN_VERSION.test(entry[0]) };
}

/** What the first line "SPDX-License-Identifier: ..." of a text says, without the end of a comment; undefined if there is none. */
export function findSpdxLine(text: ByteString): { license: ByteString; line: number } | undefined {
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const found = /SPDX-License-Identifier:[ \t]*((?:[(-][( -]*)?[A-Za-z0-9.+)][A-Za-z0-9.+() -]*)/.exec(lines[i]);
    if (found !== null) return { license: dropAtEnd(found[1], ' (-'), line: i + 1 };
  }
  return undefined;
}

const KNOWN_IDS = new Map(LICENSE_TEXTS.flatMap(([id]) => (OPEN_VERSION.test(id) ? [id + '-only', id + '-or-later', id] : [id])).map((id) => [id.toLowerCase(), id]));

/** An identifier as the SPDX list spells it: of one that is known its letters, of any other as it is; an address at spdx.org is one, too. */
export function normalizeLicense(text: ByteString): ByteString {
  const id = trimBlanks(text).replace(/^https?:\/\/(?:www\.)?spdx\.org\/licenses\//i, '').replace(/(?:\.html|\.json|\/)$/, '');
  const newer = id.replace(/^([AL]?GPL-\d\.\d)\+$/i, '$1-or-later');
  return KNOWN_IDS.get(newer.toLowerCase()) ?? newer;
}

/** Is it an identifier of which the spelling is known for certain? */
export function isKnownLicense(id: ByteString): boolean {
  return KNOWN_IDS.has(id.toLowerCase());
}
