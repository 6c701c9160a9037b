// export.ts - rr export: what the records tell, in forms that others read.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import type { Exported, ExportedFile, Publication } from '../core/publication.ts';
import { joinWords } from '../core/words.ts';
import { listFolder, lstatIfThere, makeFolder, replaceFile, statIfThere } from '../sys/files.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import type { Project } from '../sys/project.ts';
import { requireProject } from '../sys/project.ts';
import { readPublication } from '../sys/publication.ts';
import { printOut, tell } from '../sys/terminal.ts';
import { printAptExport } from '../views/exportapt.ts';
import { printBinderExport } from '../views/exportbinder.ts';
import { printCodeOceanExport } from '../views/exportcodeocean.ts';
import { printCondaExport } from '../views/exportconda.ts';
import { printDockerfileExport } from '../views/exportdockerfile.ts';
import { printGuixExport } from '../views/exportguix.ts';
import { printNixExport } from '../views/exportnix.ts';
import { printPipExport } from '../views/exportpip.ts';
import { printSpackExport } from '../views/exportspack.ts';

export type ExportOptions = { project: ByteString | undefined; output: ByteString | undefined; all: boolean; force: boolean; quiet: boolean };

/** A form; `print` may read the project, and writes nothing. */
export type ExportFormat = { name: string; summary: string; print: (publication: Publication, project: Project) => Exported | Promise<Exported> };

/** In the order of the manual. */
export const EXPORT_FORMATS: ExportFormat[] = [
  { name: 'dockerfile', summary: 'Dockerfile: an image with the recorded packages', print: printDockerfileExport },
  { name: 'apt', summary: 'packages of Debian or Ubuntu with versions', print: printAptExport },
  { name: 'conda', summary: 'environment.yml', print: printCondaExport },
  { name: 'pip', summary: 'requirements.txt', print: printPipExport },
  { name: 'guix', summary: 'channels.scm and manifest.scm', print: printGuixExport },
  { name: 'nix', summary: 'shell.nix', print: printNixExport },
  { name: 'binder', summary: 'binder/, for repo2docker and mybinder.org', print: (publication, project) => printBinderExport(publication, listFolder(project.root), listFolder(project.root + '/binder')) },
  { name: 'codeocean', summary: 'a capsule of Code Ocean', print: printCodeOceanExport },
  { name: 'spack', summary: 'spack.yaml', print: printSpackExport },
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
