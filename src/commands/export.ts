// export.ts - rr export: what the records tell, in forms that others read.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import type { Exported, ExportedFile, Publication } from '../core/publication.ts';
import { oneFile } from '../core/publication.ts';
import { joinWords } from '../core/words.ts';
import { lstatIfThere, makeFolder, readBytesIfThere, replaceFile, statIfThere } from '../sys/files.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import type { Project } from '../sys/project.ts';
import { absoluteOf, requireProject } from '../sys/project.ts';
import { readPublication } from '../sys/publication.ts';
import { printOut, tell } from '../sys/terminal.ts';
import { printProvJson } from '../views/provjson.ts';
import { makeProvDocument } from '../views/provmodel.ts';
import type { ProvDocument } from '../views/provmodel.ts';
import { printProvN } from '../views/provn.ts';
import { printRoCrate } from '../views/rocrate.ts';

export type ExportOptions = { project: ByteString | undefined; output: ByteString | undefined; all: boolean; force: boolean; quiet: boolean };

/** A form; `print` may read the project, and writes nothing. */
export type ExportFormat = { name: string; summary: string; print: (publication: Publication, project: Project) => Exported | Promise<Exported> };

const MAKEFILE_PATH = 'provenance/Makefile';

/** The Makefile is the crate's workflow if it carries out no other runs than these. */
function exportCrate(publication: Publication, project: Project): Exported {
  const ids = new Set(publication.runs.map(({ run }) => run.id));
  const made = (readBytesIfThere(absoluteOf(project, MAKEFILE_PATH)) ?? '').match(/\.rr\/made\/\d{8}T\d{6}Z-[a-z2-7]{6}/g) ?? [];
  const isWorkflow = made.length > 0 && made.every((stamp) => ids.has(stamp.slice('.rr/made/'.length)));
  const { text, left } = printRoCrate({ publication, files: undefined, workflow: isWorkflow ? MAKEFILE_PATH : undefined });
  return oneFile('ro-crate-metadata.json', text, left);
}

function exportProv(publication: Publication, name: string, print: (document: ProvDocument) => ByteString): Exported {
  const document = makeProvDocument(publication);
  return oneFile(name, print(document), document.left);
}

/** In the order of the manual. */
export const EXPORT_FORMATS: ExportFormat[] = [
  { name: 'ro-crate', summary: 'ro-crate-metadata.json: RO-Crate 1.1, Process and Workflow Run Crate 0.5', print: exportCrate },
  { name: 'prov-json', summary: 'prov.json: W3C PROV as PROV-JSON', print: (publication) => exportProv(publication, 'prov.json', printProvJson) },
  { name: 'prov-n', summary: 'prov.provn: W3C PROV as PROV-N, to be read', print: (publication) => exportProv(publication, 'prov.provn', printProvN) },
];

function findExport(name: ByteString): ExportFormat {
  const found = EXPORT_FORMATS.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new Failure('cannot export "' + name + '": there is no such form', 'one of ' + joinWords(EXPORT_FORMATS.map((one) => one.name), 'and'), EXIT.usage);
}

/** Writes one file at `output`, several under it; nothing if one of them is there already, unless `force`. */
function writeExported(output: ByteString, files: ExportedFile[], force: boolean): void {
  const isFolder = files.length !== 1 || statIfThere(output)?.isDirectory() === true;
  const nameOf = (file: ExportedFile): ByteString => (isFolder ? output + '/' + file.path : output);
  const there = files.find((file) => lstatIfThere(nameOf(file)) !== undefined);
  if (there !== undefined && !force) throw new Failure('cannot write "' + nameOf(there) + '": it is there already', 'say --force to write it anew', EXIT.differs);
  for (const file of files) {
    const name = nameOf(file);
    if (name.indexOf('/') > 0) makeFolder(name.slice(0, name.lastIndexOf('/')));
    replaceFile(name, file.text, false, file.isExecutable ? 0o777 : 0o666);
  }
}

/**
 * Prints what `format` makes of the runs that `references` name, by default of those that current
 * results need; or writes it to --output, a file or, of several files, a folder. What the form cannot
 * express is told on standard error. Status 1 if a record could not be read.
 */
export async function exportRecords(format: ByteString, references: ByteString[], options: ExportOptions): Promise<number> {
  const folder = readCurrentFolder();
  const project = requireProject(folder, options.project);
  const { print } = findExport(format);
  const { publication, faults } = readPublication(project, { references, isAll: options.all, folder });
  const exported = await print(publication, project);
  if (options.output === undefined) {
    if (exported.files.length !== 1) throw new Failure('cannot print "' + format + '": it is ' + String(exported.files.length) + ' files', 'say where to: -o FOLDER', EXIT.usage);
    printOut(exported.files[0].text);
  } else {
    writeExported(options.output, exported.files, options.force);
  }
  if (!options.quiet) for (const one of exported.left) tell('rr: ' + one);
  for (const fault of faults) tell('rr: ' + fault.message);
  return faults.length > 0 ? EXIT.differs : 0;
}
