// makefile.ts - rr makefile: makes provenance/Makefile and SHA256SUMS again from the records.
import type { ByteString } from '../core/bytes.ts';
import { EXIT } from '../core/failure.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { requireProject } from '../sys/project.ts';
import { rebuildDerived, settleLostRuns, writeDerived } from '../sys/store.ts';
import { printOut, tell } from '../sys/terminal.ts';

/** Writes both files anew, or prints the Makefile. A record that cannot be read is named: status 1. */
export function rebuildMakefile(projectFolder: ByteString | undefined, isPrinted: boolean, quiet: boolean): number {
  const project = requireProject(readCurrentFolder(), projectFolder);
  if (!isPrinted) settleLostRuns(project, '');
  const derived = rebuildDerived(project);
  if (isPrinted) printOut(derived.makefile);
  else {
    writeDerived(project, derived);
    if (!quiet) tell('rr: wrote provenance/Makefile and provenance/SHA256SUMS');
  }
  for (const fault of derived.faults) tell('rr: ' + fault.message);
  return derived.faults.length > 0 ? EXIT.differs : 0;
}
