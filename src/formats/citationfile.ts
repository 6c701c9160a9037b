// citationfile.ts - reads CITATION.cff, codemeta.json and .zenodo.json (docs/rr.1, METADATA). Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd, dropAtEnds, lookUp } from '../core/bytes.ts';
import type { Creator, ToldMetadata } from '../core/metadata.ts';
import type { ParameterMapping, ParameterNode } from '../core/parameters.ts';
import { readJsonValues } from './jsonvalues.ts';
import { normalizeLicense } from './license.ts';
import { dayIn, MetadataFile, normalizeDoi, normalizeOrcid, personOf } from './metadatafile.ts';
import { readYaml } from './yaml.ts';

/** Puts in what is known of a person or organisation beside the name. */
function addCreatorDetails(creator: Creator, details: { orcid?: ByteString; email?: ByteString; affiliation?: ByteString }): Creator {
  if (details.orcid !== undefined) creator.orcid = details.orcid;
  if (details.email !== undefined) creator.email = details.email;
  if (details.affiliation !== undefined) creator.affiliation = details.affiliation;
  return creator;
}

// ---- CITATION.cff (Citation File Format 1.2.0, https://citation-file-format.github.io) -----------------

function readCffCreator(file: MetadataFile, node: ParameterNode): Creator {
  if (node.kind !== 'mapping') return file.refuse(node, 'authors', 'an author who is no "key: value"');
  const text = (key: ByteString): ByteString | undefined => file.text(node, key);
  const orcid = text('orcid');
  const details = { orcid: orcid === undefined ? undefined : normalizeOrcid(orcid) ?? file.refuse(node.entries.get('orcid'), 'orcid', 'no ORCID'), email: text('email'), affiliation: text('affiliation') };
  const name = text('name');
  if (name !== undefined) return addCreatorDetails({ kind: 'organisation', name: name.replace(/[ \t\n]+/g, ' ') }, details);
  const family = [text('name-particle'), text('family-names'), text('name-suffix')].filter((part) => part !== undefined).join(' ');
  const person = personOf(text('given-names'), family === '' ? undefined : family, text('alias'));
  return person === undefined ? file.refuse(node, 'authors', 'an author without a name') : addCreatorDetails(person, details);
}

const CFF_KEYS = ['cff-version', 'message', 'type', 'title', 'abstract', 'version', 'url', 'repository-code', 'keywords', 'authors', 'license', 'license-url', 'date-released', 'doi', 'identifiers', 'commit'];

/** Throws Failure with file and line. */
export function readCitationFile(text: ByteString, name: ByteString): ToldMetadata {
  const file = new MetadataFile(text, name, readYaml);
  const { root, told } = file;
  file.takeText('title', 'title');
  file.takeText('description', 'abstract');
  file.takeText('version', 'version');
  file.takeText('url', 'url');
  file.takeText('repository', 'repository-code');
  file.takeKeywords('keywords');
  file.takeCreators('authors', file.nodes(root, 'authors').map((node) => readCffCreator(file, node)));
  const licenses = file.texts(root, 'license').map(normalizeLicense);
  if (licenses.length > 0) {
    told.license = licenses.sort().join(' OR ');
    file.tell('license', 'license');
  }
  const released = file.text(root, 'date-released');
  if (released !== undefined) {
    told.released = dayIn(released) ?? file.refuse(root.entries.get('date-released'), 'date-released', 'no day as YYYY-MM-DD');
    file.tell('released', 'date-released');
  }
  const doi = file.text(root, 'doi');
  if (doi !== undefined) {
    told.doi = normalizeDoi(doi) ?? file.refuse(root.entries.get('doi'), 'doi', 'no DOI');
    file.tell('doi', 'doi');
  }
  for (const node of file.nodes(root, 'identifiers')) {
    if (node.kind !== 'mapping') return file.refuse(node, 'identifiers', 'an identifier that is no "key: value"');
    const other = file.text(node, 'type') === 'doi' ? normalizeDoi(file.text(node, 'value') ?? '') : undefined;
    if (other !== undefined) told.otherDois.push(other);
  }
  if (told.doi === undefined && told.otherDois.length > 0) {
    told.doi = told.otherDois[0];
    file.tell('doi', 'identifiers');
  }
  file.tellUnread(CFF_KEYS);
  return told;
}

// ---- codemeta.json (https://codemeta.github.io) --------------------------------------------------------

/** The text of a value, or the name or address of an object in its place; undefined of what has neither. */
function readNamed(file: MetadataFile, node: ParameterNode | undefined, key: ByteString): ByteString | undefined {
  if (node === undefined || node.kind === 'list') return undefined;
  if (node.kind !== 'mapping') return file.textOf(node, key);
  return file.text(node, 'name') ?? file.text(node, '@id') ?? file.text(node, 'id') ?? file.text(node, 'url');
}

function readCodemetaCreator(file: MetadataFile, node: ParameterNode): Creator[] {
  if (node.kind !== 'mapping') {
    const alone = personOf(undefined, undefined, file.textOf(node, 'author'));
    return alone === undefined ? [] : [alone];
  }
  const text = (key: ByteString): ByteString | undefined => file.text(node, key);
  const type = file.texts(node, '@type').concat(file.texts(node, 'type'));
  // A role says what a person who stands there, too, did.
  if (type.some((one) => /(?:^|:)Role$/.test(one))) return [];
  const id = text('@id') ?? text('id') ?? '';
  const details = { orcid: normalizeOrcid(id) ?? normalizeOrcid(readNamed(file, node.entries.get('identifier'), 'identifier') ?? ''), email: text('email')?.replace(/^mailto:/, ''), affiliation: readNamed(file, node.entries.get('affiliation'), 'affiliation') };
  const name = text('name');
  if (type.some((one) => /(?:^|:)Organi[sz]ation$/.test(one))) return name === undefined ? file.refuse(node, 'author', 'an organisation without a name') : [addCreatorDetails({ kind: 'organisation', name }, details)];
  const person = personOf(text('givenName'), text('familyName'), name);
  return person === undefined ? file.refuse(node, 'author', 'an author without a name') : [addCreatorDetails(person, details)];
}

const CODEMETA_KEYS = [
  'type', 'id', 'name', 'description', 'version', 'softwareVersion', 'url', 'codeRepository', 'keywords', 'author', 'license', 'datePublished', 'identifier',
  // What rr writes from records.
  'operatingSystem', 'softwareRequirements',
];

/** Throws Failure with file and line. */
export function readCodemetaFile(text: ByteString, name: ByteString): ToldMetadata {
  const file = new MetadataFile(text, name, (source) => readJsonValues(source, false));
  const { root, told } = file;
  file.takeText('title', 'name');
  file.takeText('description', 'description');
  file.takeText('version', 'version');
  file.takeText('version', 'softwareVersion');
  file.takeText('url', 'url');
  file.takeText('repository', 'codeRepository');
  const keywords = root.entries.get('keywords');
  file.takeKeywords('keywords');
  if (keywords?.kind === 'scalar') told.keywords = told.keywords.flatMap((one) => one.split(',').map((word) => dropAtEnds(word, ' '))).filter((one) => one !== '');
  file.takeCreators('author', file.nodes(root, 'author').flatMap((node) => readCodemetaCreator(file, node)));
  const licenses = file.nodes(root, 'license').map((node) => readNamed(file, node, 'license'));
  const known = licenses.filter((one): one is ByteString => one !== undefined && (!/^[a-z]+:/i.test(one) || /^https?:\/\/(?:www\.)?spdx\.org\/licenses\//i.test(one)) && one.indexOf(' ') < 0).map(normalizeLicense);
  if (known.length === 1 && licenses.length === 1) {
    told.license = known[0];
    file.tell('license', 'license');
  } else if (licenses.length > 0) {
    told.licenseDoubt = 'the license in ' + name + ':' + String(file.lineOf(root.entries.get('license'), 'license')) + ' is not one identifier of the SPDX list';
  }
  const released = dayIn(file.text(root, 'datePublished') ?? '');
  if (released !== undefined) {
    told.released = released;
    file.tell('released', 'datePublished');
  }
  const dois = file.nodes(root, 'identifier').map((node) => normalizeDoi((node.kind === 'mapping' ? file.text(node, 'value') : undefined) ?? readNamed(file, node, 'identifier') ?? ''));
  const id = normalizeDoi(file.text(root, '@id') ?? file.text(root, 'id') ?? '');
  told.otherDois = dois.concat(id).filter((doi): doi is ByteString => doi !== undefined);
  if (told.otherDois.length > 0) {
    told.doi = told.otherDois[0];
    file.tell('doi', dois.some((doi) => doi !== undefined) ? 'identifier' : root.entries.has('@id') ? '@id' : 'id');
  }
  file.tellUnread(CODEMETA_KEYS);
  return told;
}

// ---- .zenodo.json (https://developers.zenodo.org, "Deposit metadata") ----------------------------------

const ENTITIES: { [name: string]: string } = { lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', amp: '&' };

/** Zenodo's descriptions are HTML: their text. */
export function textOfHtml(html: ByteString): ByteString {
  const paragraphs = html.split(/<\/p>[ \t\n]*<p\b[^<>]*>[ \t\n]*/i);
  const joined = paragraphs.map((one, i) => (i < paragraphs.length - 1 ? dropAtEnd(one, ' \t\n') : one)).join('\n\n');
  const text = joined.replace(/<br[ \t]*\/?>\n?/gi, '\n').replace(/<\/?[A-Za-z][^<>]*>/g, '');
  const plain = text.replace(/&(?:#(\d{1,3})|([a-z]+));/g, (whole, code: string | undefined, name: string | undefined) => {
    if (code !== undefined) return Number(code) >= 32 && Number(code) < 127 ? String.fromCharCode(Number(code)) : whole;
    return lookUp(ENTITIES, name ?? '') ?? whole;
  });
  return dropAtEnds(plain, ' \t\n');
}

function readZenodoCreator(file: MetadataFile, node: ParameterNode): Creator {
  if (node.kind !== 'mapping') return file.refuse(node, 'creators', 'a creator who is no object');
  const name = file.text(node, 'name') ?? file.refuse(node, 'creators', 'a creator without a name');
  const comma = /^([^,]+), *([^ ,][^,]*)$/.exec(name);
  const person = (comma === null ? personOf(undefined, undefined, name) : personOf(comma[2], comma[1], undefined)) as Creator;
  const orcid = file.text(node, 'orcid');
  return addCreatorDetails(person, { orcid: orcid === undefined ? undefined : normalizeOrcid(orcid) ?? file.refuse(node.entries.get('orcid'), 'orcid', 'no ORCID'), affiliation: file.text(node, 'affiliation') });
}

/** Address of the code among related identifiers: what it supplements is on GitHub and the like. */
function readZenodoRepository(file: MetadataFile, root: ParameterMapping): ByteString | undefined {
  for (const node of file.nodes(root, 'related_identifiers')) {
    if (node.kind !== 'mapping') continue;
    const address = file.text(node, 'identifier') ?? '';
    if (file.text(node, 'relation') === 'isSupplementTo' && /^https?:\/\//.test(address)) return address.replace(/\/(?:tree|releases\/tag|-\/tree)\/[^/]+\/?$/, '');
  }
  return undefined;
}

const ZENODO_KEYS = ['upload_type', 'title', 'description', 'version', 'keywords', 'creators', 'license', 'doi', 'publication_date', 'related_identifiers'];

/** Throws Failure with file and line. */
export function readZenodoFile(text: ByteString, name: ByteString): ToldMetadata {
  const file = new MetadataFile(text, name, (source) => readJsonValues(source, false));
  const { root, told } = file;
  file.takeText('title', 'title');
  file.takeText('description', 'description');
  if (told.description !== undefined) told.description = textOfHtml(told.description);
  file.takeText('version', 'version');
  file.takeKeywords('keywords');
  file.takeCreators('creators', file.nodes(root, 'creators').map((node) => readZenodoCreator(file, node)));
  const license = root.entries.get('license');
  const identifier = license?.kind === 'mapping' ? file.text(license, 'id') : file.text(root, 'license');
  if (identifier !== undefined && !/^other-/i.test(identifier)) {
    told.license = normalizeLicense(identifier);
    file.tell('license', 'license');
  }
  const doi = file.text(root, 'doi');
  if (doi !== undefined) {
    told.doi = normalizeDoi(doi) ?? file.refuse(root.entries.get('doi'), 'doi', 'no DOI');
    file.tell('doi', 'doi');
  }
  told.released = dayIn(file.text(root, 'publication_date') ?? '');
  if (told.released !== undefined) file.tell('released', 'publication_date');
  told.repository = readZenodoRepository(file, root);
  if (told.repository !== undefined) {
    file.tell('repository', 'related_identifiers');
    told.byTheWay.add('repository');
  }
  file.tellUnread(ZENODO_KEYS);
  return told;
}
