// packagefile.ts - reads what pyproject.toml, DESCRIPTION of R, Project.toml of Julia, package.json and a README tell of a project. Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { isUtf8, trimBlanks } from '../core/bytes.ts';
import type { Creator, ToldMetadata } from '../core/metadata.ts';
import { emptyTold } from '../core/metadata.ts';
import type { ParameterNode } from '../core/parameters.ts';
import { stripUrlCredentials } from './gitconfig.ts';
import { parseHeaders } from './headers.ts';
import { readJsonValues } from './jsonvalues.ts';
import { normalizeLicense } from './license.ts';
import { MetadataFile, personOfAddress } from './metadatafile.ts';
import { readToml } from './toml.ts';

// A package's version and license are told on purpose; its name, summary and people by the way: the
// work that is published may be called otherwise and have other authors.
const BY_THE_WAY = ['title', 'description', 'creators', 'keywords', 'repository', 'url'];

function markByTheWay(told: ToldMetadata): ToldMetadata {
  for (const field of BY_THE_WAY) told.byTheWay.add(field);
  return told;
}

/** An identifier, not the words of a sentence and not "SEE LICENSE IN ...". */
function isLicenseIdentifier(text: ByteString): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9.+-]*$/.test(text) && !/^(?:UNLICENSED|proprietary|none|custom)$/i.test(text);
}

const REPOSITORY_WORDS = /^(?:repository|source|source[ _-]?code|code|github|gitlab)$/i;
const PAGE_WORDS = /^(?:homepage|home[ _-]page|website)$/i;

function takeAddress(file: MetadataFile, field: 'repository' | 'url', address: ByteString | undefined, key: ByteString): void {
  const url = stripUrlCredentials((address ?? '').replace(/^git\+/, ''));
  if (!/^https?:\/\/[!-~]+$/.test(url) || file.told[field] !== undefined) return;
  file.told[field] = url;
  file.tell(field, key);
}

function readPeople(file: MetadataFile, nodes: ParameterNode[], key: ByteString): Creator[] {
  return nodes.map((node): Creator | undefined => {
    if (node.kind !== 'mapping') return personOfAddress(file.textOf(node, key) ?? '');
    const name = file.text(node, 'name');
    const person = name === undefined ? undefined : personOfAddress(name);
    const email = file.text(node, 'email');
    if (person !== undefined && email !== undefined) person.email = email;
    return person;
  }).filter((one): one is Creator => one !== undefined);
}

/** [project] of pyproject.toml (PEP 621, 639). Throws Failure with file and line. */
export function readPyproject(text: ByteString, name: ByteString): ToldMetadata {
  const outer = new MetadataFile(text, name, readToml);
  const project = outer.root.entries.get('project');
  if (project?.kind !== 'mapping') return outer.told;
  const file = new MetadataFile(text, name, () => project);
  file.takeText('title', 'name');
  file.takeText('description', 'description');
  file.takeText('version', 'version');
  file.takeKeywords('keywords');
  file.takeCreators('authors', readPeople(file, file.nodes(project, 'authors'), 'authors'));
  const license = project.entries.get('license');
  const identifier = license?.kind === 'mapping' ? file.text(license, 'text') : file.text(project, 'license');
  if (identifier !== undefined && isLicenseIdentifier(identifier)) {
    file.told.license = normalizeLicense(identifier);
    file.tell('license', 'license', project);
  }
  const urls = project.entries.get('urls');
  if (urls?.kind === 'mapping') {
    for (const key of urls.entries.keys()) {
      if (REPOSITORY_WORDS.test(key)) takeAddress(file, 'repository', file.text(urls, key), 'urls');
      if (PAGE_WORDS.test(key)) takeAddress(file, 'url', file.text(urls, key), 'urls');
    }
  }
  return markByTheWay(file.told);
}

/** Project.toml of Julia (Pkg.jl). Throws Failure with file and line. */
export function readJuliaProject(text: ByteString, name: ByteString): ToldMetadata {
  const file = new MetadataFile(text, name, readToml);
  file.takeText('title', 'name');
  file.takeText('version', 'version');
  file.takeCreators('authors', readPeople(file, file.nodes(file.root, 'authors'), 'authors'));
  return markByTheWay(file.told);
}

/** package.json of npm; what is marked private has no version that counts. Throws Failure with file and line. */
export function readPackageJson(text: ByteString, name: ByteString): ToldMetadata {
  const file = new MetadataFile(text, name, (source) => readJsonValues(source, false));
  const { root, told } = file;
  const secluded = root.entries.get('private');
  const isPrivate = secluded?.kind === 'scalar' && secluded.value === 'true';
  file.takeText('title', 'name');
  file.takeText('description', 'description');
  if (!isPrivate) file.takeText('version', 'version');
  file.takeKeywords('keywords');
  file.takeCreators('author', readPeople(file, file.nodes(root, 'author'), 'author'));
  const license = root.entries.get('license');
  const identifier = license?.kind === 'scalar' ? file.text(root, 'license') : undefined;
  if (identifier !== undefined && isLicenseIdentifier(identifier)) {
    told.license = normalizeLicense(identifier);
    file.tell('license', 'license');
  }
  const repository = root.entries.get('repository');
  takeAddress(file, 'repository', repository?.kind === 'mapping' ? file.text(repository, 'url') : repository === undefined ? undefined : file.text(root, 'repository'), 'repository');
  if (root.entries.get('homepage')?.kind === 'scalar') takeAddress(file, 'url', file.text(root, 'homepage'), 'homepage');
  return markByTheWay(told);
}

const R_LICENSES: [RegExp, string][] = [
  [/^([AL]?GPL)-(\d(?:\.\d)?)$/, '-only'], [/^([AL]?GPL) ?\((?:==|=) ?(\d(?:\.\d)?)\)$/, '-only'], [/^([AL]?GPL) ?\(>= ?(\d(?:\.\d)?)\)$/, '-or-later'],
];

/** A license as R's DESCRIPTION spells it ("Writing R Extensions", 1.1.2); undefined if it is not certain which is meant. */
export function licenseOfR(text: ByteString): ByteString | undefined {
  const plain = trimBlanks(text.replace(/\+ *file +LICEN[SC]E$/i, ''));
  for (const [pattern, end] of R_LICENSES) {
    const parts = pattern.exec(plain);
    if (parts !== null) return parts[1] + '-' + (parts[2].indexOf('.') < 0 ? parts[2] + '.0' : parts[2]) + end;
  }
  // Of MIT and BSD, R's file LICENSE holds only year and holder.
  if (plain === 'MIT' || plain === 'Apache-2.0' || plain === 'CC0' || plain === 'MPL-2.0') return plain === 'CC0' ? 'CC0-1.0' : plain;
  if (/^Apache License (?:2\.0|\(== 2(?:\.0)?\)|\(>= 2(?:\.0)?\))$/.test(plain)) return 'Apache-2.0';
  return plain === 'BSD_3_clause' ? 'BSD-3-Clause' : plain === 'BSD_2_clause' ? 'BSD-2-Clause' : undefined;
}

/** DESCRIPTION of an R package: none if it names no package. */
export function readRDescription(text: ByteString, name: ByteString): ToldMetadata {
  const told = emptyTold();
  const fields = parseHeaders(text);
  if (!fields.has('package') || !isUtf8(text)) return told;
  const take = (field: string, header: string): ByteString | undefined => {
    const value = fields.get(header);
    if (value === undefined || value === '') return undefined;
    const line = text.split(/\r\n|\n|\r/).findIndex((one) => one.toLowerCase().startsWith(header + ':'));
    told.sources.set(field, name + ':' + String(line + 1));
    return trimBlanks(value.replace(/[ \t\n]+/g, ' '));
  };
  told.title = take('title', 'title');
  told.description = take('description', 'description');
  told.version = take('version', 'version');
  told.license = licenseOfR(fields.get('license') ?? '');
  if (told.license !== undefined) take('license', 'license');
  return markByTheWay(told);
}

/** A heading without the signs of markup and pictures. */
function plainHeading(text: ByteString): ByteString {
  // What is no whole link is taken, too, and left as it is: nothing that begins inside of it is one, either.
  const plain = text.replace(/!\[[^\]]*(?:\](?:\([^)]*(\)?))?)?/g, (whole, end) => (end === ')' ? '' : whole))
    .replace(/\[([^\]]*)(?:\](?:\([^)]*(\)?))?)?/g, (whole, words, end) => (end === ')' ? words : whole));
  return trimBlanks(plain.replace(/<[^<>]*>/g, '').replace(/[*`]+/g, '').replace(/ #+$/, '').replace(/[ \t]+/g, ' '));
}

/** The first heading of a README (Markdown, reStructuredText, Org, or underlined) as a title, told by the way. */
export function readReadme(text: ByteString, name: ByteString): ToldMetadata {
  const told = emptyTold();
  const lines = text.slice(0, 1 << 16).replace(/^\xef\xbb\xbf/, '').split(/\r\n|\n|\r/);
  let isCode = false;
  for (let i = 0; i < lines.length; i++) {
    if (/^(?:```|~~~)/.test(lines[i])) isCode = !isCode;
    if (isCode) continue;
    const marked = /^ {0,3}#[ \t]+([^]*)$/.exec(lines[i]) ?? /^(?:#\+TITLE:|\*)[ \t]+([^]*)$/i.exec(lines[i]);
    const isUnderlined = /^ {0,3}([=~*#-])\1{2,}[ \t]*$/.test(lines[i + 1] ?? '') && /[A-Za-z\x80-\xff]/.test(lines[i]) && !/^[ \t]*[-*+>|]/.test(lines[i]);
    const heading = marked !== null ? plainHeading(marked[1]) : isUnderlined ? plainHeading(lines[i]) : '';
    if (heading === '' || /^(?:read ?me|introduction|overview|about)$/i.test(heading)) continue;
    if (!isUtf8(heading) || /[\0-\x1f\x7f]/.test(heading)) return told;
    told.title = heading;
    told.sources.set('title', name + ':' + String(i + 1));
    told.byTheWay.add('title');
    return told;
  }
  return told;
}
