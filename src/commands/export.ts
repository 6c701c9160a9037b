// export.ts - rr export: what the records tell, in forms that others read.
import type { ByteString } from '../core/bytes.ts';
import type { ExportName } from '../core/exportforms.ts';
import { EXPORT_FORMS } from '../core/exportforms.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { dropEndSlashes, joinNames } from '../core/names.ts';
import { UsedKeys } from '../core/paper.ts';
import type { Paper, PaperFinding } from '../core/paper.ts';
import type { Exported, ExportedFile, Publication } from '../core/publication.ts';
import { oneFile } from '../core/publication.ts';
import { joinWords } from '../core/words.ts';
import { makeHarmless } from '../formats/percent.ts';
import { readSaidMetadata } from '../formats/saidmetadata.ts';
import { findLinkAbove } from '../sys/bounds.ts';
import { readEvidence } from '../sys/evidence.ts';
import { listFolder, lstatIfThere, makeFolder, readRegularIfThere, replaceFile, statIfThere } from '../sys/files.ts';
import { readCurrentFolder, resolveLinks } from '../sys/machine.ts';
import { readPaper } from '../sys/paper.ts';
import { checkPaper } from '../sys/papercheck.ts';
import type { PaperCheck } from '../sys/papercheck.ts';
import type { Project } from '../sys/project.ts';
import { absoluteOf, requireProject } from '../sys/project.ts';
import { readPublication } from '../sys/publication.ts';
import { printOut, printPieces, tell } from '../sys/terminal.ts';
import { printAppendix } from '../views/appendix.ts';
import { printBadges } from '../views/badges.ts';
import { printCitation, printCodemeta, printZenodo } from '../views/citation.ts';
import { printAptExport } from '../views/exportapt.ts';
import { printBinderExport } from '../views/exportbinder.ts';
import { printCodeOceanExport } from '../views/exportcodeocean.ts';
import { printCondaExport } from '../views/exportconda.ts';
import { printDockerfileExport } from '../views/exportdockerfile.ts';
import { printGuixExport } from '../views/exportguix.ts';
import { printNixExport } from '../views/exportnix.ts';
import { printPipExport } from '../views/exportpip.ts';
import { printSpackExport } from '../views/exportspack.ts';
import { collectLatexValues, printLatexValues } from '../views/latexvalues.ts';
import { printProvJson } from '../views/provjson.ts';
import { makeProvDocument } from '../views/provmodel.ts';
import type { ProvDocument } from '../views/provmodel.ts';
import { printProvN } from '../views/provn.ts';
import { printRoCrate } from '../views/rocrate.ts';
import { listNamedFiles } from '../views/rocratefiles.ts';
import { printChoices } from '../views/table.ts';

export type ExportOptions = { project: ByteString | undefined; settings: ByteString[]; output: ByteString | undefined; check: ByteString | undefined; macros: ByteString | undefined; paper: ByteString | undefined; all: boolean; force: boolean; quiet: boolean };

/** What makes a form; it may read the project, and writes nothing. */
type PrintExport = (publication: Publication, project: Project, options: ExportOptions, folder: ByteString) => Exported | Promise<Exported>;

const MAKEFILE_PATH = 'provenance/Makefile';

/** The Makefile is the crate's workflow if it carries out no other runs than these. */
function exportCrate(publication: Publication, project: Project): Exported {
  const ids = new Set(publication.runs.map(({ run }) => run.id));
  const made = (readRegularIfThere(absoluteOf(project, MAKEFILE_PATH)) ?? '').match(/\.rr\/made\/\d{8}T\d{6}Z-[a-z2-7]{6}/g) ?? [];
  const isWorkflow = made.length > 0 && made.every((stamp) => ids.has(stamp.slice('.rr/made/'.length)));
  const { text, left } = printRoCrate({ publication, files: undefined, workflow: isWorkflow ? MAKEFILE_PATH : undefined });
  // A content of the same size may differ, too; telling would take as long as "rr verify" does.
  const missing = listNamedFiles(publication).filter((file) => statIfThere(absoluteOf(project, file.path))?.size !== file.size);
  if (missing.length > 0) left.push(String(missing.length) + ' of the files that the crate names ' + (missing.length === 1 ? 'is' : 'are') + ' not there as recorded, such as "' + missing[0].path + '"');
  return oneFile('ro-crate-metadata.json', text, left);
}

function exportProv(publication: Publication, name: string, print: (document: ProvDocument) => Iterable<ByteString>): Exported {
  const document = makeProvDocument(publication);
  return oneFile(name, () => print(document), document.left);
}

const PRINTERS: { [name in ExportName]: PrintExport } = {
  'ro-crate': exportCrate,
  'prov-json': (publication) => exportProv(publication, 'prov.json', printProvJson),
  'prov-n': (publication) => exportProv(publication, 'prov.provn', printProvN),
  'citation': printCitation,
  'codemeta': printCodemeta,
  'zenodo': printZenodo,
  'dockerfile': printDockerfileExport,
  'apt': printAptExport,
  'conda': printCondaExport,
  'pip': printPipExport,
  'guix': printGuixExport,
  'nix': printNixExport,
  'binder': (publication, project) => printBinderExport(publication, listFolder(project.root), listFolder(project.root + '/binder')),
  'codeocean': printCodeOceanExport,
  'spack': printSpackExport,
  'latex': (publication, project, { paper }, folder) => exportLatex(publication, paper === undefined ? undefined : readPaper(project, folder, paper, undefined)),
  'appendix': async (publication, project) => printAppendix(publication, await readEvidence(publication, project)),
  'badges': async (publication, project) => printBadges(publication, await readEvidence(publication, project)),
};

/** Forms that tell neither title nor authors nor license of the project. */
const WITHOUT_METADATA: ExportName[] = ['dockerfile', 'apt', 'conda', 'pip', 'guix', 'nix', 'binder', 'spack', 'latex'];

/** Values of all runs, or of those that a paper uses. */
function exportLatex(publication: Publication, paper: Paper | undefined): Exported {
  const used = paper === undefined ? undefined : new UsedKeys(paper.uses);
  const values = collectLatexValues(publication, (kind, key) => used === undefined || used.has(kind, key));
  return oneFile('rr-values.tex', () => printLatexValues(values), values.left);
}

/** Status 1 if a value, a picture or data of the paper is not as recorded. */
function tellOfPaper(given: ByteString, { findings, values, files }: PaperCheck, isQuiet: boolean): number {
  const print = (one: PaperFinding): ByteString => makeHarmless(one.file) + ':' + String(one.line) + ': ' + one.text;
  const faults = findings.filter((one) => one.isFault);
  for (const one of findings) if (!one.isFault && !isQuiet) tell('rr: ' + print(one));
  printOut(faults.map((one) => print(one) + '\n').join(''));
  if (faults.length > 0) return EXIT.differs;
  if (!isQuiet) printOut(makeHarmless(given) + ': ' + String(values) + (values === 1 ? ' value' : ' values') + ' and ' + String(files) + (files === 1 ? ' file' : ' files') + ', as recorded\n');
  return 0;
}

function refuseLatexOptions(format: ByteString, options: ExportOptions): void {
  const option = options.check !== undefined ? 'check' : options.macros !== undefined ? 'macros' : options.paper !== undefined ? 'paper' : undefined;
  if (option !== undefined && format !== 'latex') throw new Failure('cannot use --' + option + ' with "' + makeHarmless(format) + '": it is for latex', '', EXIT.usage);
  if (options.macros !== undefined && options.check === undefined) throw new Failure('cannot use --macros without --check', 'say -o FILE to name the file to be written', EXIT.usage);
  if (options.check !== undefined && options.output !== undefined) throw new Failure('cannot use --check and --output at once', '--check writes nothing', EXIT.usage);
  if (options.check !== undefined && options.paper !== undefined) throw new Failure('cannot use --check and --paper at once', '', EXIT.usage);
}

function findExport(name: ByteString): PrintExport {
  const found = EXPORT_FORMS.find((one) => one.name === name);
  if (found !== undefined) return PRINTERS[found.name];
  throw new Failure('cannot export "' + makeHarmless(name) + '": there is no such form', 'one of ' + joinWords(EXPORT_FORMS.map((one) => one.name), 'or'), EXIT.usage);
}

/** `output` as given, for messages; written under its absolute name. */
function writeExported(folder: ByteString, output: ByteString, files: ExportedFile[], force: boolean): void {
  if (output === '') throw new Failure('cannot write "": that is no name', 'name a file or a folder: -o PATH', EXIT.usage);
  const isFolder = files.length !== 1 || output.endsWith('/') || statIfThere(joinNames(folder, output))?.isDirectory() === true;
  const base = resolveLinks(joinNames(folder, output.replace(/([^/])\/+$/, '$1')));
  const nameOf = (file: ExportedFile): ByteString => (isFolder ? dropEndSlashes(output) + '/' + file.path : output);
  for (const file of files) {
    const there = lstatIfThere(joinNames(folder, nameOf(file)));
    if (there?.isDirectory() === true) throw new Failure('cannot write "' + makeHarmless(nameOf(file)) + '": it is a folder', '', EXIT.differs);
    if (there !== undefined && !there.isFile() && !there.isSymbolicLink()) throw new Failure('cannot write "' + makeHarmless(nameOf(file)) + '": it is no regular file', 'name another file: -o FILE', EXIT.differs);
    // Into the folder that the person named, but not through links that lie in it.
    const link = isFolder ? findLinkAbove(base, base + '/' + file.path) : undefined;
    if (link !== undefined) throw new Failure('cannot write "' + makeHarmless(nameOf(file)) + '": "' + makeHarmless(link) + '" is a link that leads elsewhere', 'remove it, or name another folder: -o FOLDER', EXIT.differs);
    if (there !== undefined && !force) throw new Failure('cannot write "' + makeHarmless(nameOf(file)) + '": it is there already', 'say --force to write it anew', EXIT.differs);
  }
  for (const file of files) {
    const name = joinNames(folder, nameOf(file));
    makeFolder(name.slice(0, name.lastIndexOf('/')) || '/');
    replaceFile(name, file.text, false, file.isExecutable ? 0o777 : 0o666);
  }
}

/**
 * Prints what `format` makes of the runs that `references` name, by default of those that current
 * results need; or writes it to --output, a file or, of several files, a folder. Without a format,
 * lists them. What the form cannot express, or asks for and the records do not tell, is told on
 * standard error. Status 1 if a record could not be read, or a file is there and --force is not given.
 */
export async function exportRecords(format: ByteString | undefined, references: ByteString[], options: ExportOptions): Promise<number> {
  if (format === undefined) {
    printOut(printChoices(EXPORT_FORMS));
    return 0;
  }
  const folder = readCurrentFolder();
  const print = findExport(format);
  refuseLatexOptions(format, options);
  const project = requireProject(folder, options.project);
  const { publication, faults } = readPublication(project, { references, isAll: options.all || format === 'latex', folder, said: readSaidMetadata(options.settings), hasNoMetadata: WITHOUT_METADATA.some((name) => name === format) });
  if (options.check !== undefined) {
    const status = tellOfPaper(options.check, checkPaper(readPaper(project, folder, options.check, options.macros), publication), options.quiet);
    for (const fault of faults) tell('rr: ' + fault.message);
    return faults.length > 0 ? EXIT.differs : status;
  }
  const { files, left } = await print(publication, project, options, folder);
  if (options.output !== undefined) writeExported(folder, options.output, files, options.force);
  else if (files.length === 1) printPieces(typeof files[0].text === 'string' ? [files[0].text] : files[0].text());
  else throw new Failure('cannot print "' + format + '": it is ' + String(files.length) + ' files', 'name a folder for them: -o FOLDER', EXIT.usage);
  if (!options.quiet) for (const one of left) tell('rr: ' + makeHarmless(one));
  for (const fault of faults) tell('rr: ' + fault.message);
  return faults.length > 0 ? EXIT.differs : 0;
}
