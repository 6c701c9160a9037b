// archive.ts - rr archive: code, data, results and records in one file or folder, for a reader who has nothing else.
import { findBagFault, findNameClashes } from '../core/archive.ts';
import type { ArchivedFile } from '../core/archive.ts';
import { compareBytes, detachString } from '../core/bytes.ts';
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { normalizeName } from '../core/names.ts';
import type { Publication } from '../core/publication.ts';
import { parseSize, SIZE_WORDS } from '../core/quantities.ts';
import { countThings } from '../formats/amounts.ts';
import { printSwhid } from '../formats/swhid.ts';
import { BAGIT_TXT, printBagInfo, printBagManifest } from '../formats/bagit.ts';
import { chooseArchiveFiles } from '../sys/archivefiles.ts';
import type { ArchiveContents } from '../sys/archivefiles.ts';
import { checkArchiveTarget, writeArchive } from '../sys/archivewriter.ts';
import type { ArchiveForm, ArchiveMember } from '../sys/archivewriter.ts';
import { gatherPieces, lstatIfThere, readBytesIfThere, toBytes } from '../sys/files.ts';
import { hashBytes, hashPieces } from '../sys/hash.ts';
import { nameOfOwnFile } from '../sys/late.ts';
import { readCurrentFolder, resolveLinks } from '../sys/machine.ts';
import { absoluteOf, requireProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { readPublication } from '../sys/publication.ts';
import { hashSwhidObject, identifyContent } from '../sys/swhid.ts';
import { printOut, tell } from '../sys/terminal.ts';
import { NOT_INCLUDED_FILE, printArchivePlan, printArchiveReadme, printNotIncluded } from '../views/archive.ts';
import { printRoCrate } from '../views/rocrate.ts';
import { CRATE_DESCRIPTOR } from '../views/rocratefiles.ts';
import { formatBytes } from '../views/table.ts';
import { TOP_MAKEFILE } from '../views/texts.ts';

export type ArchiveOptions = {
  project: ByteString | undefined;
  name: ByteString | undefined;
  includes: ByteString[];
  excludes: ByteString[];
  maxSize: ByteString | undefined;
  allowChanged: boolean;
  dryRun: boolean;
  force: boolean;
  quiet: boolean;
};

const DEFAULT_ARCHIVE = 'archive.tar';
const MOST_OMITTED_TOLD = 10;

type ArchivePlace = { form: ArchiveForm; target: ByteString; top: ByteString };

/** What is to be written where. The name of the top folder never comes from the project's folder. */
function findArchivePlace(project: Project, folder: ByteString, named: ByteString | undefined, name: ByteString | undefined): ArchivePlace {
  if (named === '') throw new Failure('cannot write "": that is no name', 'name FILE.tar, FILE.zip or DIR/', EXIT.usage);
  const target = normalizeName(named === undefined ? absoluteOf(project, DEFAULT_ARCHIVE) : named[0] === '/' ? named : folder + '/' + named);
  const last = target.slice(target.lastIndexOf('/') + 1);
  const ending = /\.(tar|zip)$/.exec(last)?.[1] as ArchiveForm | undefined;
  const form = named !== undefined && named.endsWith('/') ? 'folder' : ending;
  if (form === undefined) throw new Failure('cannot tell what "' + String(named) + '" is to be: it ends in none of .tar, .zip and /', 'write "' + String(named) + '/" for a folder', EXIT.usage);
  if (form === 'folder' && name !== undefined) throw new Failure('cannot use --name for a folder: "' + last + '" is its name', 'name the folder as it is to be called', EXIT.usage);
  const top = name ?? (form === 'folder' ? last : last.slice(0, -4));
  const fault = top === '' || top === '.' || top === '..' || top.indexOf('/') >= 0 ? 'it is no name of a folder' : findBagFault(top);
  if (fault !== undefined) throw new Failure('cannot call the folder in the archive "' + top + '": ' + fault, 'give it another one: --name NAME', EXIT.usage);
  return { form, target: resolveFolder(target), top };
}

/** Without links in its folders, as the names of the project's files are. */
function resolveFolder(target: ByteString): ByteString {
  const slash = target.lastIndexOf('/');
  const folder = target.slice(0, slash);
  return (folder === '' ? '' : resolveLinks(folder)) + target.slice(slash);
}

function readMaxSize(text: ByteString | undefined): number | undefined {
  const bytes = text === undefined ? undefined : parseSize(text);
  if (text !== undefined && bytes === undefined) throw new Failure('cannot use --max-size "' + text + '": not a size', 'write ' + SIZE_WORDS, EXIT.usage);
  return bytes;
}

/** What the archive tells of: the runs that current results need, or, where there are none, all. */
function readArchived(project: Project, folder: ByteString): { publication: Publication; faults: ByteString[] } {
  const chosen = readPublication(project, { references: [], isAll: false, folder });
  if (chosen.publication.recorded.length === 0) throw new Failure('cannot archive: no run is recorded here', 'record one: rr record -- COMMAND');
  const { publication } = chosen.publication.runs.length > 0 ? chosen : readPublication(project, { references: [], isAll: true, folder });
  return { publication, faults: chosen.faults.map((fault) => fault.message) };
}

/** Refuses an archive that would not be what the records tell of. */
function refuseUnlikeRecorded({ obstacles, changes }: ArchiveContents, isAllowed: boolean): void {
  const told = obstacles.concat(isAllowed ? [] : changes);
  if (told.length === 0) return;
  for (const one of told) tell('rr: ' + one);
  if (obstacles.length > 0) throw new Failure('cannot archive: of ' + countThings(obstacles.length, 'file') + ' see above', 'make or rename them, or leave them out: --exclude GLOB', EXIT.differs);
  throw new Failure('cannot archive: ' + countThings(changes.length, 'file') + (changes.length === 1 ? ' is' : ' are') + ' not as recorded', 'run "rr make" or put them back; --allow-changed archives them as they are, and says so', EXIT.differs);
}

// ---- the bag ----------------------------------------------------------------------------------------------

type PayloadMember = ArchiveMember & { hash: string; sizeBytes: number };

function textMember(name: ByteString, text: ByteString, isExecutable = false): PayloadMember {
  return { kind: 'text', name, text, isExecutable, hash: hashBytes(text), sizeBytes: text.length };
}

function piecesMember(name: ByteString, pieces: () => Iterable<ByteString>): PayloadMember {
  return { kind: 'pieces', name, pieces, isExecutable: false, ...hashPieces(gatherPieces(pieces())) };
}

/** A regular file of the project. Its names are made when they are asked for: of 200,000 files they take much. */
class PayloadFile {
  readonly kind = 'file';
  readonly file: ArchivedFile;
  private readonly project: Project;

  constructor(project: Project, file: ArchivedFile) {
    this.project = project;
    this.file = file;
  }

  get name(): ByteString {
    return 'data/' + this.file.path;
  }

  get from(): ByteString {
    return absoluteOf(this.project, this.file.path);
  }

  get isExecutable(): boolean {
    return this.file.kind === 'x';
  }

  get hash(): string {
    return this.file.hash;
  }

  get sizeBytes(): number {
    return this.file.sizeBytes;
  }
}

function payloadMember(project: Project, file: ArchivedFile): PayloadMember {
  if (file.kind !== 'l') return new PayloadFile(project, file);
  return { kind: 'link', name: 'data/' + file.path, target: file.target, hash: file.hash, sizeBytes: file.sizeBytes };
}

function pathOfMember(member: PayloadMember): ByteString {
  return member instanceof PayloadFile ? member.file.path : member.name.slice('data/'.length);
}

/** Also reads what is chosen once more: what it is named by is what was chosen. */
function swhidOfMember(project: Project, member: PayloadMember): string {
  if (member.kind === 'text') return printSwhid('cnt', hashSwhidObject('blob', member.text));
  const path = pathOfMember(member);
  const { hex, sha256 } = identifyContent(absoluteOf(project, path), true);
  if (sha256 !== member.hash) throw new Failure('cannot archive "' + path + '": it changed while it was read', 'see that nothing writes to it, and do it again', EXIT.differs);
  return printSwhid('cnt', hex);
}

/** What lies below data/, sorted by name: the files, a Makefile if there is none, and the crate. */
function makePayload(project: Project, publication: Publication, contents: ArchiveContents): { payload: PayloadMember[]; left: ByteString[] } {
  const payload = contents.files.map((file) => payloadMember(project, file));
  if (contents.makefile === 'none') payload.push(textMember('data/Makefile', TOP_MAKEFILE));
  const files = payload.filter((member) => member.hash !== '-').sort((a, b) => compareBytes(a.name, b.name));
  const crate = printRoCrate({
    publication, workflow: 'provenance/Makefile', changed: contents.changes,
    files: files.map((member) => ({ path: pathOfMember(member), size: member.sizeBytes, hash: member.hash, isFolder: false, swhid: detachString(swhidOfMember(project, member)) })),
  });
  payload.push(piecesMember('data/' + CRATE_DESCRIPTOR, crate.text));
  return { payload, left: crate.left };
}

function printInfo(publication: Publication, payload: PayloadMember[], changes: ByteString[]): ByteString {
  const { metadata, momentUtc, rr } = publication;
  const files = payload.filter((member) => member.hash !== '-');
  const facts: [string, ByteString][] = [];
  for (const creator of metadata.creators) if (creator.kind === 'organisation') facts.push(['Source-Organization', creator.name]);
  const about = metadata.description ?? metadata.title;
  if (about !== undefined) facts.push(['External-Description', about]);
  if (metadata.doi !== undefined) facts.push(['External-Identifier', 'https://doi.org/' + metadata.doi]);
  facts.push(['Bagging-Date', momentUtc.slice(0, 10)], ['Bag-Software-Agent', 'rr ' + rr]);
  facts.push(['Payload-Oxum', String(files.reduce((sum, member) => sum + member.sizeBytes, 0)) + '.' + String(files.length)]);
  for (const change of changes) facts.push(['Not-As-Recorded', change]);
  return printBagInfo(facts);
}

/** rr.js as it runs; undefined where there is no such file (a program that it was compiled into). */
function readOwnProgram(): ByteString | undefined {
  const name = resolveLinks(toBytes(nameOfOwnFile()));
  return lstatIfThere(name)?.isFile() === true ? readBytesIfThere(name) : undefined;
}

function printManifestOf(members: PayloadMember[]): ByteString {
  return printBagManifest(members.filter((member) => member.hash !== '-').map(({ hash, name }) => ({ hash, name })));
}

/** All members of the archive in the order of their names. */
function makeMembers(project: Project, publication: Publication, contents: ArchiveContents): { members: ArchiveMember[]; left: ByteString[] } {
  const { files, omitted, changes, makefile } = contents;
  const { payload, left } = makePayload(project, publication, contents);
  const program = readOwnProgram();
  const readme = printArchiveReadme({ publication, files, omitted, changes, make: makefile === 'own' ? 'make -f provenance/Makefile' : 'make', hasProgram: program !== undefined });
  const tags = [
    textMember('README.txt', readme), textMember('bag-info.txt', printInfo(publication, payload, changes)), textMember('bagit.txt', BAGIT_TXT),
    textMember('manifest-sha256.txt', printManifestOf(payload)),
  ];
  if (omitted.length > 0) tags.push(textMember(NOT_INCLUDED_FILE, printNotIncluded(omitted)));
  if (program !== undefined) tags.push(textMember('rr.js', program, true));
  tags.push(textMember('tagmanifest-sha256.txt', printManifestOf(tags)));
  return { members: [...payload, ...tags].sort((a, b) => compareBytes(a.name, b.name)), left };
}

// ---- the verb ---------------------------------------------------------------------------------------------

function tellOmitted({ omitted }: ArchiveContents): void {
  for (const file of omitted.slice(0, MOST_OMITTED_TOLD)) tell('rr: not in the archive: "' + file.path + '" ' + file.why);
  if (omitted.length > MOST_OMITTED_TOLD) tell('rr: not in the archive: ' + String(omitted.length - MOST_OMITTED_TOLD) + ' more; ' + NOT_INCLUDED_FILE + ' in it names all');
}

function tellClashes({ files }: ArchiveContents): void {
  for (const group of findNameClashes(files.map((file) => file.path)).slice(0, MOST_OMITTED_TOLD)) {
    tell('rr: ' + group.map((path) => '"' + path + '"').join(' and ') + ' are one file where case or Unicode normalization does not count: unpacked there one is lost');
  }
}

/**
 * Writes the archive, and prints what was written; with --dry-run prints what would go in. Status 1 if
 * something is not as recorded, or the target is there.
 */
export async function archiveProject(named: ByteString | undefined, options: ArchiveOptions): Promise<number> {
  const folder = readCurrentFolder();
  const project = requireProject(folder, options.project);
  const place = findArchivePlace(project, folder, named, options.name);
  if (!options.dryRun) checkArchiveTarget(place.form, place.target, options.force);
  const mostBytes = readMaxSize(options.maxSize);
  const { publication, faults } = readArchived(project, folder);
  const contents = await chooseArchiveFiles(project, publication, { folder, includes: options.includes, excludes: options.excludes, mostBytes, target: place.target });
  for (const fault of faults) contents.changes.push(fault);
  const bytes = contents.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const told = countThings(contents.files.length, 'file') + ' of the project, ' + formatBytes(bytes) + '\n';
  if (options.dryRun) {
    printOut(printArchivePlan(contents.files, contents.omitted));
    if (!options.quiet) tellClashes(contents);
    refuseUnlikeRecorded(contents, options.allowChanged);
    printOut('would write ' + place.target.slice(place.target.lastIndexOf('/') + 1) + ': ' + told);
    return 0;
  }
  refuseUnlikeRecorded(contents, options.allowChanged);
  const { members, left } = makeMembers(project, publication, contents);
  writeArchive({ form: place.form, target: place.target, top: place.top, members, timeS: Date.parse(publication.momentUtc) / 1000, isForced: options.force });
  if (!options.quiet) {
    tellOmitted(contents);
    tellClashes(contents);
    if (left.length > 0) tell('rr: ' + countThings(left.length, 'thing') + ' of its RO-Crate ' + (left.length === 1 ? 'is' : 'are') + ' told by no record and no file: "rr export ro-crate" names them');
    printOut('wrote ' + place.target.slice(place.target.lastIndexOf('/') + 1) + ': ' + told);
  }
  return 0;
}
