// makefile.ts - rr makefile: makes provenance/Makefile and SHA256SUMS again from the records.
import type { ByteString } from '../core/bytes.ts';
import { EXIT } from '../core/failure.ts';
import type { Failure } from '../core/failure.ts';
import { keepTemporariesIn, makeFolder } from '../sys/files.ts';
import { refreshHeads } from '../sys/heads.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { requireProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { includeAllRuns, rebuildDerived, settleLostRuns } from '../sys/store.ts';
import { printPieces, tell } from '../sys/terminal.ts';

/** Writes both files anew, or prints the Makefile. A record that cannot be read is named: status 1. */
export function rebuildMakefile(projectFolder: ByteString | undefined, isPrinted: boolean, quiet: boolean): number {
  const project = requireProject(readCurrentFolder(), projectFolder);
  const faults = isPrinted ? printAnew(project) : writeAnew(project);
  if (!isPrinted && !quiet) tell('rr: wrote provenance/Makefile and provenance/SHA256SUMS');
  for (const fault of faults) tell('rr: ' + fault.message);
  return faults.length > 0 ? EXIT.differs : 0;
}

function printAnew(project: Project): Failure[] {
  const { makefile, faults } = rebuildDerived(project);
  printPieces(makefile());
  return faults;
}

function writeAnew(project: Project): Failure[] {
  makeFolder(project.own + '/running');
  keepTemporariesIn(project.own + '/running');
  settleLostRuns(project, '');
  refreshHeads(project, undefined);
  return includeAllRuns(project);
}
