// export.ts - rr export: what the records tell, in forms that others read.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { joinNames } from '../core/names.ts';
import type { Exported, ExportedFile, Publication } from '../core/publication.ts';
import { joinWords } from '../core/words.ts';
import { makeHarmless } from '../formats/percent.ts';
import { readSaidMetadata } from '../formats/saidmetadata.ts';
import { readEvidence } from '../sys/evidence.ts';
import { lstatIfThere, makeFolder, replaceFile, statIfThere } from '../sys/files.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import type { Project } from '../sys/project.ts';
import { requireProject } from '../sys/project.ts';
import { readPublication } from '../sys/publication.ts';
import { printOut, tell } from '../sys/terminal.ts';
import { printAppendix } from '../views/appendix.ts';
import { printBadges } from '../views/badges.ts';
import { printCitation, printCodemeta, printZenodo } from '../views/citation.ts';
import { printChoices } from '../views/table.ts';

export type ExportOptions = { project: ByteString | undefined; settings: ByteString[]; output: ByteString | undefined; all: boolean; force: boolean; quiet: boolean };

/** A form; `print` may read the project, and writes nothing. `summary` is for the list of forms. */
export type ExportFormat = { name: string; summary: string; print: (publication: Publication, project: Project) => Exported | Promise<Exported> };

/** In the order of the manual (docs/rr.1, EXPORTS), which has the words of each summary. */
export const EXPORT_FORMATS: ExportFormat[] = [
  // What was run, for programs: ro-crate, prov-json, prov-n.

  // What it is and who made it: citation, codemeta, zenodo.
  { name: 'citation', summary: 'CITATION.cff 1.2.0: how to cite the project', print: printCitation },
  { name: 'codemeta', summary: 'codemeta.json 3.0: what the software is, for indexes of software', print: printCodemeta },
  { name: 'zenodo', summary: '.zenodo.json: what Zenodo is to write into a deposit', print: printZenodo },

  // The software it ran with: dockerfile, apt, conda, pip, guix, nix, binder, codeocean, spack.

  // For a paper and its reviewers: latex, appendix, badges.
  { name: 'appendix', summary: 'artifact description, evaluation and checklist of a paper, as Markdown', print: async (publication, project) => printAppendix(publication, await readEvidence(publication, project)) },
  { name: 'badges', summary: 'what the ACM badges ask for, and what here is evidence for it', print: async (publication, project) => printBadges(publication, await readEvidence(publication, project)) },
];

function findExport(name: ByteString): ExportFormat {
  const found = EXPORT_FORMATS.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new Failure('cannot export "' + makeHarmless(name) + '": there is no such form', 'one of ' + joinWords(EXPORT_FORMATS.map((one) => one.name), 'or'), EXIT.usage);
}

/** `output` as given, for messages; written under its absolute name. */
function writeExported(folder: ByteString, output: ByteString, files: ExportedFile[], force: boolean): void {
  const isFolder = files.length !== 1 || output.endsWith('/') || statIfThere(joinNames(folder, output))?.isDirectory() === true;
  const nameOf = (file: ExportedFile): ByteString => (isFolder ? output.replace(/\/+$/, '') + '/' + file.path : output);
  for (const file of files) {
    const there = lstatIfThere(joinNames(folder, nameOf(file)));
    if (there?.isDirectory() === true) throw new Failure('cannot write "' + makeHarmless(nameOf(file)) + '": it is a folder', '', EXIT.differs);
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
    printOut(printChoices(EXPORT_FORMATS));
    return 0;
  }
  const folder = readCurrentFolder();
  const { print } = findExport(format);
  const project = requireProject(folder, options.project);
  const { publication, faults } = readPublication(project, { references, isAll: options.all, folder, said: readSaidMetadata(options.settings) });
  const { files, left } = await print(publication, project);
  if (options.output !== undefined) writeExported(folder, options.output, files, options.force);
  else if (files.length === 1) printOut(files[0].text);
  else throw new Failure('cannot print "' + format + '": it is ' + String(files.length) + ' files', 'name a folder for them: -o FOLDER', EXIT.usage);
  if (!options.quiet) for (const one of left) tell('rr: ' + makeHarmless(one));
  for (const fault of faults) tell('rr: ' + fault.message);
  return faults.length > 0 ? EXIT.differs : 0;
}
