// metadata.ts - what is known of a project as a publication: title, authors, license; what several places tell, joined. Knows no files and no spelling.
import type { ByteString } from './bytes.ts';
import { dropEndSlashes } from './names.ts';

// 1. What is told first counts; what others tell adds to it where it is silent.
// 2. Title, version, authors, license, DOI, repository and date of release are the same wherever they
//    are told, or the places disagree. Of descriptions, keywords and pages several may be true at once.
// 3. What is told only by the way (the heading of a README, the name of a package) counts where nothing
//    else tells it, and disagrees with nothing.

/** Who made it: a person, or an organisation that has only a name. Texts are UTF-8. */
export type Creator = {
  kind: 'person' | 'organisation';
  /** Of a person as it is spelled in full: given and family name. */
  name: ByteString;
  given?: ByteString;
  family?: ByteString;
  /** 'https://orcid.org/0000-0002-1825-0097' */
  orcid?: ByteString;
  email?: ByteString;
  affiliation?: ByteString;
};

/** Where a fact stands, for messages: 'CITATION.cff:3', 'LICENSE', 'git log'. */
export type MetadataSource = ByteString;

/** Facts that no file tells are undefined or empty, never guessed. */
export type ProjectMetadata = {
  title?: ByteString;
  description?: ByteString;
  version?: ByteString;
  creators: Creator[];
  /** Identifier of the SPDX list, exact case: 'MIT', 'GPL-3.0-or-later'; of several that one may choose from 'Apache-2.0 OR MIT'. */
  license?: ByteString;
  keywords: ByteString[];
  /** Without 'https://doi.org/': '10.5281/zenodo.1234'. */
  doi?: ByteString;
  /** URL of the repository of the code, without credentials. */
  repository?: ByteString;
  /** Page about it. */
  url?: ByteString;
  /** YYYY-MM-DD */
  released?: string;
  /** Where each fact that is there was found, by the name of its field here. */
  sources: Map<string, MetadataSource>;
  /** What is there and does not tell a fact for certain, or tells it only by the way: a sentence each, without a full stop. */
  doubts: ByteString[];
};

/** A project of which nothing is known. */
export function emptyMetadata(): ProjectMetadata {
  return { creators: [], keywords: [], sources: new Map(), doubts: [] };
}

// ---- what several places tell ------------------------------------------------------------------------

/** What one place tells. */
export type ToldMetadata = ProjectMetadata & {
  /** Fields that are told only by the way. */
  byTheWay: Set<string>;
  /** Further DOIs of the same: of another version, or of all versions. */
  otherDois: ByteString[];
  /** A license of which it is open whether later versions may be chosen: 'GPL-3.0'. */
  openLicense?: ByteString;
  /** Why it tells no license though it has something of the kind: a sentence without a full stop. */
  licenseDoubt?: ByteString;
};

export function emptyTold(): ToldMetadata {
  return { ...emptyMetadata(), byTheWay: new Set(), otherDois: [] };
}

/** Two places that tell different things of one field. Values as text. */
export type Disagreement = { field: string; first: { value: ByteString; source: MetadataSource }; second: { value: ByteString; source: MetadataSource } };

const SINGLE_FIELDS = ['title', 'description', 'version', 'license', 'doi', 'repository', 'url', 'released'] as const;
type SingleField = typeof SINGLE_FIELDS[number];

function plainSpaces(text: ByteString): ByteString {
  return text.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '');
}

/** 'Family, Given', or the only name there is. */
export function familyFirst(creator: Creator): ByteString {
  return creator.family !== undefined && creator.given !== undefined ? creator.family + ', ' + creator.given : creator.name;
}

/** One author: by ORCID where both have one, else by the name in any of its spellings. */
export function isSameCreator(a: Creator, b: Creator): boolean {
  if (a.orcid !== undefined && b.orcid !== undefined) return a.orcid === b.orcid;
  const spellings = (one: Creator): ByteString[] => [one.name, familyFirst(one)].map(plainSpaces);
  return spellings(a).some((spelling) => spellings(b).indexOf(spelling) >= 0);
}

/** May the two identifiers, spelled as the SPDX list has them, mean the same? 'GPL-3.0' leaves open which of '-only' and '-or-later' is meant. */
export function isSameLicense(a: ByteString, b: ByteString): boolean {
  const sorted = (text: ByteString): string => text.toLowerCase().split(' or ').sort().join(' or ');
  if (sorted(a) === sorted(b)) return true;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return /^[AL]?GPL-\d\.\d$/i.test(short) && long.toLowerCase().replace(/-(?:only|or-later)$/, '') === short.toLowerCase();
}

/** An address without what can be spelled in several ways. */
function plainAddress(url: ByteString): ByteString {
  return dropEndSlashes(url.replace(/^[a-z+]+:\/\/(?:www\.)?/i, '')).replace(/\.git$/, '').toLowerCase();
}

const IS_SAME: { [field in SingleField]?: (a: ToldMetadata, b: ToldMetadata) => boolean } = {
  title: (a, b) => plainSpaces(a.title ?? '') === plainSpaces(b.title ?? ''),
  version: (a, b) => (a.version ?? '').replace(/^v(?=\d)/, '') === (b.version ?? '').replace(/^v(?=\d)/, ''),
  license: (a, b) => isSameLicense(a.license ?? '', b.license ?? ''),
  doi: (a, b) => {
    const all = (one: ToldMetadata): string[] => one.otherDois.concat(one.doi ?? '').map((doi) => doi.toLowerCase());
    return all(a).some((doi) => all(b).indexOf(doi) >= 0);
  },
  repository: (a, b) => plainAddress(a.repository ?? '') === plainAddress(b.repository ?? ''),
  released: (a, b) => a.released === b.released,
};

function sourceIn(told: ToldMetadata, field: string): MetadataSource {
  return told.sources.get(field) ?? '';
}

/** An author with what another place tells of the same one. */
function completeCreator(one: Creator, other: Creator | undefined): Creator {
  const { kind: _kind, name: _name, given, family, ...details } = other ?? one;
  void [_kind, _name];
  const parts = one.kind === 'person' && one.given === undefined && given !== undefined ? { given, family } : {};
  return { ...details, ...parts, ...one };
}

/** Takes over what `told` has and `joined` has not. Of authors that both have, what each tells of one. */
function addTold(joined: ToldMetadata, told: ToldMetadata): void {
  const take = (field: string): void => {
    joined.sources.set(field, sourceIn(told, field));
    if (told.byTheWay.has(field)) joined.byTheWay.add(field);
  };
  for (const field of SINGLE_FIELDS) {
    const isMoreExact = field === 'license' && /GPL-\d\.\d$/.test(joined.license ?? '') && (told.license ?? '').length > (joined.license ?? '').length;
    if (told[field] === undefined || (joined[field] !== undefined && !isMoreExact)) continue;
    joined[field] = told[field];
    take(field);
  }
  joined.otherDois = joined.otherDois.concat(told.doi ?? [], told.otherDois);
  if (joined.keywords.length === 0 && told.keywords.length > 0) {
    joined.keywords = told.keywords;
    take('keywords');
  }
  if (joined.creators.length === 0 && told.creators.length > 0) {
    joined.creators = told.creators.map((one) => ({ ...one }));
    take('creators');
  } else if (!told.byTheWay.has('creators')) {
    // Both are the same authors in the same order, or they disagree.
    joined.creators = joined.creators.map((one, i) => completeCreator(one, told.creators[i]));
  }
  joined.doubts.push(...told.doubts);
}

function describeCreators(creators: Creator[]): ByteString {
  return creators.map((one) => familyFirst(one) + (one.orcid === undefined ? '' : ' (' + one.orcid.replace(/^.*\//, '') + ')')).join('; ');
}

/** Where `told` says something else than what is joined so far. */
function findDisagreements(joined: ToldMetadata, told: ToldMetadata): Disagreement[] {
  const found: Disagreement[] = [];
  const isComparable = (field: string): boolean => !joined.byTheWay.has(field) && !told.byTheWay.has(field);
  const add = (field: string, first: ByteString, second: ByteString): void => {
    found.push({ field, first: { value: first, source: sourceIn(joined, field) }, second: { value: second, source: sourceIn(told, field) } });
  };
  for (const field of SINGLE_FIELDS) {
    const [first, second] = [joined[field], told[field]];
    if (first === undefined || second === undefined || !isComparable(field)) continue;
    if (IS_SAME[field]?.(joined, told) === false) add(field, first, second);
  }
  if (joined.creators.length > 0 && told.creators.length > 0 && isComparable('creators')) {
    const isSame = joined.creators.length === told.creators.length && joined.creators.every((one, i) => isSameCreator(one, told.creators[i]));
    if (!isSame) add('creators', describeCreators(joined.creators), describeCreators(told.creators));
  }
  return found;
}

/**
 * What these places tell, the one that counts first before the others; what is told by the way stands
 * back behind all that is told on purpose. With disagreements the metadata are of no use.
 */
export function joinMetadata(places: ToldMetadata[]): { metadata: ProjectMetadata; disagreements: Disagreement[] } {
  const joined = emptyTold();
  const disagreements: Disagreement[] = [];
  for (const told of places.map((one) => pickFields(one, false)).concat(places.map((one) => pickFields(one, true)))) {
    disagreements.push(...findDisagreements(joined, told));
    addTold(joined, told);
  }
  if (joined.license === undefined) joined.doubts.push(...places.map((one) => one.licenseDoubt).filter((one): one is ByteString => one !== undefined));
  const open = places.find((one) => one.openLicense !== undefined);
  if (open !== undefined) checkOpenLicense(joined, open, disagreements);
  for (const field of ['title', 'creators', 'description']) {
    if (joined.byTheWay.has(field)) joined.doubts.push('the ' + nameOfField(field) + ' is told only by ' + sourceIn(joined, field));
  }
  const { byTheWay, otherDois, ...metadata } = joined;
  void [byTheWay, otherDois];
  return { metadata, disagreements };
}

/** The word of people for a field. */
export function nameOfField(field: string): string {
  switch (field) {
    case 'creators': return 'authors';
    case 'doi': return 'DOI';
    case 'released': return 'date of release';
    default: return field;
  }
}

/** The part of what a place tells that it tells by the way, or the other part. */
function pickFields(told: ToldMetadata, isByTheWay: boolean): ToldMetadata {
  const has = (field: string): boolean => told.byTheWay.has(field) === isByTheWay;
  const picked = emptyTold();
  for (const field of SINGLE_FIELDS) if (has(field)) picked[field] = told[field];
  if (has('creators')) picked.creators = told.creators;
  if (has('keywords')) picked.keywords = told.keywords;
  if (has('doi')) picked.otherDois = told.otherDois;
  for (const [field, source] of told.sources) if (has(field)) picked.sources.set(field, source);
  if (isByTheWay) picked.byTheWay = told.byTheWay;
  else picked.doubts = told.doubts;
  return picked;
}

/** Of the text of a license alone that leaves a part of its name open. */
function checkOpenLicense(joined: ToldMetadata, open: ToldMetadata, disagreements: Disagreement[]): void {
  const license = open.openLicense ?? '';
  const source = sourceIn(open, 'license');
  if (joined.license === undefined) joined.doubts.push('the license is ' + license + ' by the text in ' + source + ', which does not tell whether it is "-only" or "-or-later": a line "SPDX-License-Identifier: ..." in it would');
  else if (!isSameLicense(joined.license, license)) disagreements.push({ field: 'license', first: { value: joined.license, source: sourceIn(joined, 'license') }, second: { value: license, source } });
}
