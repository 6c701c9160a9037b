// archive.ts - the texts of an archive: README.txt for a stranger, what is not in it, what would go in. Touches no disk.
import type { ArchivedFile, OmittedFile } from '../core/archive.ts';
import type { ByteString } from '../core/bytes.ts';
import type { ProjectMetadata } from '../core/metadata.ts';
import type { Publication } from '../core/publication.ts';
import { countThings } from '../formats/amounts.ts';
import { encodeText, makeHarmless } from '../formats/percent.ts';
import { formatBytes, printTable, wrapText } from './table.ts';

export const NOT_INCLUDED_FILE = 'not-included.txt';

/** What README.txt tells of. */
export type ArchiveStory = {
  publication: Publication;
  files: ArchivedFile[];
  omitted: OmittedFile[];
  /** What is not as recorded, a sentence each. */
  changes: ByteString[];
  /** What make must be told for the rules of rr: 'make' or 'make -f provenance/Makefile'. */
  make: string;
  hasProgram: boolean;
};

const README_WIDTH = 78;
const LIST_INDENT = 31;

function paragraph(text: ByteString, indent = ''): ByteString {
  return wrapText(makeHarmless(text.replace(/[\s]+/g, ' ')).trim(), README_WIDTH - indent.length).map((line) => indent + line + '\n').join('');
}

function listItem(name: string, text: string): string {
  const [first, ...more] = wrapText(text, README_WIDTH - LIST_INDENT);
  return '  ' + name.padEnd(LIST_INDENT - 2) + first + '\n' + more.map((line) => ' '.repeat(LIST_INDENT) + line + '\n').join('');
}

function describeProject({ title, description, creators, license, version, doi, url, repository }: ProjectMetadata): ByteString {
  const head = title === undefined ? 'AN ARCHIVE OF RESULTS, WITH ALL THAT IS NEEDED TO MAKE THEM AGAIN\n' : paragraph(title);
  const facts: [string, ByteString | undefined][] = [
    ['By', creators.map((creator) => creator.name).join(', ') || undefined], ['Version', version], ['License', license], ['DOI', doi], ['Page', url], ['Code', repository],
  ];
  const told = facts.filter(([, value]) => value !== undefined).map(([label, value]) => paragraph(label + ': ' + (value as ByteString))).join('');
  return head + '\n' + (description === undefined ? '' : paragraph(description) + '\n') + told + (told === '' ? '' : '\n');
}

function describeContents({ files, publication, omitted, hasProgram }: ArchiveStory): string {
  const bytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return '1. WHAT IS HERE\n\n'
    + listItem('data/', 'the project: ' + countThings(files.length, 'file') + ', ' + formatBytes(bytes))
    + listItem('data/provenance/', 'how each result was made; begin with README.txt in it')
    + listItem('data/ro-crate-metadata.json', 'the same for programs (RO-Crate)')
    + listItem('bagit.txt, bag-info.txt', 'say that this folder is a bag (BagIt, RFC 8493)')
    + listItem('manifest-sha256.txt', 'the SHA-256 of each file in data/')
    + listItem('tagmanifest-sha256.txt', 'the same of the files beside data/')
    + (omitted.length === 0 ? '' : listItem(NOT_INCLUDED_FILE, countThings(omitted.length, 'file') + ' of the project that ' + (omitted.length === 1 ? 'is' : 'are') + ' not here'))
    + (hasProgram ? listItem('rr.js', 'the program that wrote all this, version ' + publication.rr + '; nothing below needs it') : '');
}

function describeUse({ make, hasProgram }: ArchiveStory): string {
  return '\n2. IS IT ALL HERE, AND UNCHANGED?\n\nIn this folder:\n\n  sha256sum -c manifest-sha256.txt\n  sha256sum -c tagmanifest-sha256.txt\n\n'
    + 'Any program that computes SHA-256 will do.\n'
    + '\n3. MAKE THE RESULTS AGAIN\n\n'
    + paragraph('This takes sh, make, a program that computes SHA-256, and the software that the runs had (data/provenance/environments). It takes neither rr nor Node.js. What is run are the commands of the records, on your machine and with your rights: read the lines "Command:" in data/provenance/runs before. make writes into the folder it is in; so take a copy, and this one stays what its checksums say:')
    + '\n  cp -R data work\n  cd work\n'
    + ('  ' + make + ' verify').padEnd(44) + 'compares files with their hashes\n'
    + ('  ' + make + ' reproduce').padEnd(44) + 'makes all again, aside, and compares\n'
    + ('  ' + make + ' FILE').padEnd(44) + 'one file\n'
    + '  sh provenance/rerun.sh help'.padEnd(44) + 'what else there is\n'
    + (hasProgram ? '\n' + paragraph('With Node.js 14 or later, in the copy: "node ../rr.js list" lists the runs, "node ../rr.js why FILE" tells what a file was made from.') : '');
}

/** README.txt at the top of an archive, for somebody who has nothing but the archive. */
export function printArchiveReadme(story: ArchiveStory): ByteString {
  const { publication, changes, omitted } = story;
  const { runs, results, momentUtc } = publication;
  const intro = 'This folder is an archive, as of ' + momentUtc.slice(0, 10) + ', of ' + countThings(results.length, 'result') + ', of the data and the code that '
    + (results.length === 1 ? 'it was' : 'they were') + ' made from, and of the records of ' + countThings(runs.length, 'run') + ' that made ' + (results.length === 1 ? 'it' : 'them') + '. The records are plain text.';
  const changed = changes.length === 0 ? '' : '\n4. WHAT IS NOT AS IT WAS RUN\n\n' + changes.map((change) => paragraph(change, '  ')).join('');
  const left = omitted.length === 0 ? '' : '\n' + (changes.length === 0 ? '4' : '5') + '. WHAT IS NOT HERE\n\n'
    + paragraph(NOT_INCLUDED_FILE + ' names what belongs to the project and is not in this archive, with its SHA-256 where that is known, so that it can be recognized. A result that needs it cannot be made again without it.');
  return describeProject(publication.metadata) + paragraph(intro) + '\n' + describeContents(story) + describeUse(story) + changed + left;
}

/** not-included.txt, in the syntax of recutils as all records. */
export function printNotIncluded(omitted: OmittedFile[]): ByteString {
  const head = '# Files of the project that are not in this archive. In a path %XX is a byte in\n# hexadecimal; Read_by and Made_by name runs in data/provenance/runs.\n';
  return head + omitted.map((file) => {
    const lines = ['Path: ' + encodeText(file.path), 'Why: it ' + encodeText(file.why)];
    if (file.sizeBytes !== undefined) lines.push('Size: ' + String(file.sizeBytes));
    if (file.hash !== undefined) lines.push('Sha256: ' + file.hash);
    for (const id of file.readers) lines.push('Read_by: ' + id);
    if (file.maker !== undefined) lines.push('Made_by: ' + file.maker);
    return '\n' + lines.join('\n') + '\n';
  }).join('');
}

/** What would go in, a line a file, and what would not. */
export function printArchivePlan(files: ArchivedFile[], omitted: OmittedFile[]): ByteString {
  const columns = [{ title: 'bytes', align: 'right' as const, isFlexible: false }, { title: 'as', align: 'left' as const, isFlexible: false }, { title: 'path', align: 'left' as const, isFlexible: false }];
  const rows = files.map((file) => [String(file.sizeBytes), file.reason, makeHarmless(file.path) + (file.target === '' ? '' : ' -> ' + makeHarmless(file.target))]);
  return printTable(columns, rows, Infinity)
    + omitted.map((file) => 'not in it: ' + makeHarmless(file.path) + (file.sizeBytes === undefined ? '' : ' (' + formatBytes(file.sizeBytes) + ')') + ' ' + makeHarmless(file.why) + '\n').join('');
}
