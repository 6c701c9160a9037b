// citation.ts - what is known of a project as CITATION.cff, codemeta.json and .zenodo.json. Touches no file.
import type { ByteString } from '../core/bytes.ts';
import { lookUp } from '../core/bytes.ts';
import type { Environment } from '../core/environment.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { familyFirst, nameOfField } from '../core/metadata.ts';
import type { Creator, ProjectMetadata } from '../core/metadata.ts';
import { oneFile } from '../core/publication.ts';
import type { Exported, Publication } from '../core/publication.ts';
import { joinWords } from '../core/words.ts';
import { isKnownLicense } from '../formats/license.ts';
import { escapeHtml } from './journalhtml.ts';

/** Throws Failure if nothing tells the title or the authors: without them there is nothing to cite. */
function requireCitable(metadata: ProjectMetadata, file: string): void {
  const missing = (metadata.title === undefined ? ['title'] : []).concat(metadata.creators.length === 0 ? ['authors'] : []);
  if (missing.length === 0) return;
  const set = missing.map((one) => (one === 'title' ? "--set title='...'" : "--set author='Family, Given'")).join(' ');
  throw new Failure('cannot make ' + file + ': nothing tells ' + joinWords(missing.map((one) => 'the ' + one), 'and'), 'say ' + set, EXIT.failed);
}

/** The fields of these that nothing tells, as a sentence. */
function tellMissing(metadata: ProjectMetadata, fields: ('description' | 'version' | 'license' | 'doi' | 'released' | 'repository')[]): ByteString[] {
  const missing = fields.filter((field) => metadata[field] === undefined).map(nameOfField);
  return missing.length === 0 ? [] : ['nothing tells ' + joinWords(missing.map((one) => 'the ' + one), 'and')];
}

/** One identifier; undefined of none or of several to choose from. */
function singleLicense(metadata: ProjectMetadata): ByteString | undefined {
  return /^[A-Za-z0-9.+-]+$/.test(metadata.license ?? '') ? metadata.license : undefined;
}

/** Sentences on a license that is told and is not an identifier known here. */
function tellLicense(metadata: ProjectMetadata): ByteString[] {
  const ids = (metadata.license ?? '').split(' OR ').filter((id) => id !== '' && !isKnownLicense(id));
  return ids.length === 0 ? [] : ['whether ' + joinWords(ids.map((id) => '"' + id + '"'), 'and') + ' is of the SPDX list was not checked'];
}

// ---- CITATION.cff 1.2.0 ---------------------------------------------------------------------------------

// What may not stand in YAML as it is, or ends a line in some of its versions: DEL, C1 controls, line
// and paragraph separators, byte order marks, no characters.
const CFF_ESCAPED = /\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]|\xef\xbb\xbf|\xef\xbf[\xbe\xbf]/g;

/** A text as YAML of every version reads it: in double quotes, as JSON writes it. */
export function quoteYaml(text: ByteString): ByteString {
  return JSON.stringify(text).replace(CFF_ESCAPED, (bytes) => {
    const codes = Array.from(bytes, (byte) => byte.charCodeAt(0) & (byte < '\xc0' ? 0x7f : bytes.length === 2 ? 0x1f : 0x0f));
    const point = bytes.length === 1 ? 0x7f : codes.slice(1).reduce((sum, code) => sum * 64 + (code & 0x3f), codes[0]);
    return '\\u' + point.toString(16).padStart(4, '0');
  });
}

const CFF_DOI = /^10\.\d{4,9}(?:\.\d+)?\/[A-Za-z0-9:/_;\-.()[\]\\]+$/;
const CFF_EMAIL = /^\S[^\s@]*@\S[^\s.]*\.\S{2,}$/;
const CFF_URL = /^(?:https?|s?ftp):\/\/[!-~]+$/;

function printCffCreator(creator: Creator): ByteString {
  const names: [string, ByteString | undefined][] = creator.kind === 'organisation' ? [['name', creator.name]]
    : creator.given !== undefined && creator.family !== undefined ? [['family-names', creator.family], ['given-names', creator.given]] : [['alias', creator.name]];
  const email = CFF_EMAIL.test(creator.email ?? '') ? creator.email : undefined;
  const all = names.concat([['affiliation', creator.kind === 'organisation' ? undefined : creator.affiliation], ['email', email], ['orcid', creator.orcid]]);
  return all.filter(([, text]) => text !== undefined).map(([key, text], i) => (i === 0 ? '  - ' : '    ') + key + ': ' + quoteYaml(text ?? '') + '\n').join('');
}

/** CITATION.cff (Citation File Format 1.2.0). Throws Failure without title or authors. */
export function printCitation({ metadata }: Publication): Exported {
  requireCitable(metadata, 'CITATION.cff');
  const left = metadata.doubts.concat(tellMissing(metadata, ['version', 'license', 'doi', 'released', 'repository']), tellLicense(metadata));
  const line = (key: string, text: ByteString | undefined): ByteString => (text === undefined ? '' : key + ': ' + quoteYaml(text) + '\n');
  const fitting = (field: 'doi' | 'repository' | 'url', pattern: RegExp): ByteString | undefined => {
    const text = metadata[field];
    if (text === undefined || pattern.test(text)) return text;
    left.push('CITATION.cff cannot hold the ' + nameOfField(field) + ' "' + text + '"');
    return undefined;
  };
  for (const one of metadata.creators) {
    if (one.email !== undefined && !CFF_EMAIL.test(one.email)) left.push('CITATION.cff cannot hold the address "' + one.email + '"');
    if (one.kind === 'organisation' && one.affiliation !== undefined) left.push('CITATION.cff has no affiliation of an organisation: "' + one.affiliation + '"');
  }
  const licenses = metadata.license?.split(' OR ') ?? [];
  const text = 'cff-version: 1.2.0\nmessage: "If you use this work, please cite it as told here."\n' + line('title', metadata.title) + line('abstract', metadata.description)
    + 'authors:\n' + metadata.creators.map(printCffCreator).join('') + line('version', metadata.version) + line('doi', fitting('doi', CFF_DOI)) + line('date-released', metadata.released)
    + (licenses.length < 2 ? line('license', licenses[0]) : 'license:\n' + licenses.map((id) => '  - ' + quoteYaml(id) + '\n').join(''))
    + (metadata.keywords.length === 0 ? '' : 'keywords:\n' + metadata.keywords.map((word) => '  - ' + quoteYaml(word) + '\n').join(''))
    + line('repository-code', fitting('repository', CFF_URL)) + line('url', fitting('url', CFF_URL));
  return oneFile('CITATION.cff', text, left);
}

// ---- codemeta.json 3.0 ----------------------------------------------------------------------------------

function codemetaCreator(one: Creator): unknown {
  const parts = one.kind === 'person' && one.given !== undefined ? { givenName: one.given, familyName: one.family } : { name: one.name };
  return {
    '@type': one.kind === 'organisation' ? 'Organization' : 'Person', '@id': one.orcid, ...parts, email: one.email,
    affiliation: one.affiliation === undefined ? undefined : { '@type': 'Organization', name: one.affiliation },
  };
}

/** What packages of languages run on. An operating system brings the others. */
const PLATFORMS: { [manager: string]: string } = { python: 'Python', r: 'R', julia: 'Julia', npm: 'Node.js', perl: 'Perl', java: 'Java', ruby: 'Ruby' };

/** The packages of languages in all environments: each with each of its versions once. */
function listRequirements(environments: Map<string, Environment>): unknown[] {
  const found = new Map<string, unknown>();
  for (const { packages } of environments.values()) {
    for (const { manager, name, version } of packages) {
      const platform = lookUp(PLATFORMS, manager);
      if (platform !== undefined) found.set(platform + ' ' + name + ' ' + version, { '@type': 'SoftwareApplication', name, version: version === '' ? undefined : version, runtimePlatform: platform });
    }
  }
  return Array.from(found.keys()).sort().map((key) => found.get(key));
}

/** Different values of a fact in all environments, sorted. */
export function listFacts(environments: Map<string, Environment>, name: string): ByteString[] {
  const values = new Set<ByteString>();
  for (const { facts } of environments.values()) for (const fact of facts) if (fact.name === name) values.add(fact.value);
  return Array.from(values).sort();
}

/** codemeta.json (CodeMeta 3.0, JSON-LD), with the packages that the runs used. Throws Failure without title or authors. */
export function printCodemeta({ metadata, environments }: Publication): Exported {
  requireCitable(metadata, 'codemeta.json');
  const left = metadata.doubts.concat(tellMissing(metadata, ['description', 'version', 'license', 'doi', 'released', 'repository']), tellLicense(metadata));
  const license = singleLicense(metadata);
  if (metadata.license !== undefined && license === undefined) left.push('codemeta.json cannot hold a choice of licenses: "' + metadata.license + '"');
  const systems = listFacts(environments, 'Os');
  const requirements = listRequirements(environments);
  const value = {
    '@context': 'https://w3id.org/codemeta/3.0', '@type': 'SoftwareSourceCode', name: metadata.title, description: metadata.description,
    author: metadata.creators.map(codemetaCreator), version: metadata.version, identifier: metadata.doi === undefined ? undefined : 'https://doi.org/' + metadata.doi,
    datePublished: metadata.released, license: license === undefined ? undefined : 'https://spdx.org/licenses/' + license,
    keywords: metadata.keywords.length === 0 ? undefined : metadata.keywords, codeRepository: metadata.repository, url: metadata.url,
    operatingSystem: systems.length === 0 ? undefined : systems, softwareRequirements: requirements.length === 0 ? undefined : requirements,
  };
  return oneFile('codemeta.json', JSON.stringify(value, null, 2) + '\n', left);
}

// ---- .zenodo.json -----------------------------------------------------------------------------------------

/** Text as the HTML of Zenodo's descriptions: paragraphs and ends of lines stay. */
function printZenodoText(text: ByteString): ByteString {
  return text.split(/\n{2,}/).map((part) => '<p>' + escapeHtml(part).replace(/\n/g, '<br>') + '</p>').join('');
}

/** .zenodo.json, with keys that Zenodo knows and no others. Throws Failure without title or authors. */
export function printZenodo({ metadata }: Publication): Exported {
  requireCitable(metadata, '.zenodo.json');
  const left = metadata.doubts.concat(tellMissing(metadata, ['description', 'version', 'license']), tellLicense(metadata));
  const license = singleLicense(metadata);
  const isOwn = /^10\.5281\/zenodo\./i.test(metadata.doi ?? '');
  if (metadata.license !== undefined && license === undefined) left.push('.zenodo.json cannot hold a choice of licenses: "' + metadata.license + '"');
  if (isOwn) left.push('.zenodo.json is without the DOI ' + String(metadata.doi) + ', which is Zenodo\'s own: Zenodo writes the DOI of a deposit itself');
  if (metadata.url !== undefined) left.push('.zenodo.json has no place for the page "' + metadata.url + '"');
  for (const one of metadata.creators) if (one.email !== undefined) left.push('.zenodo.json has no place for the address "' + one.email + '"');
  const value = {
    upload_type: 'software', title: metadata.title, description: metadata.description === undefined ? undefined : printZenodoText(metadata.description),
    creators: metadata.creators.map((one) => ({ name: one.kind === 'organisation' ? one.name : familyFirst(one), affiliation: one.affiliation, orcid: one.orcid?.replace(/^.*\//, '') })),
    version: metadata.version, publication_date: metadata.released, license, keywords: metadata.keywords.length === 0 ? undefined : metadata.keywords,
    doi: isOwn ? undefined : metadata.doi,
    related_identifiers: metadata.repository === undefined ? undefined : [{ identifier: metadata.repository, relation: 'isSupplementTo', scheme: 'url' }],
  };
  return oneFile('.zenodo.json', JSON.stringify(value, null, 2) + '\n', left);
}
