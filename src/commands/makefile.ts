// makefile.ts - rr makefile: makes provenance/Makefile and SHA256SUMS again from the records.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { makeHarmless } from '../formats/percent.ts';
import { lstatIfThere, readRegularIfThere } from '../sys/files.ts';
import { refreshHeads } from '../sys/heads.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { absoluteOf, prepareOwnFolder, requireProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { includeAllRuns, rebuildDerived, settleLostRuns } from '../sys/store.ts';
import { printOut, printPieces, tell } from '../sys/terminal.ts';
import { initialFiles } from '../views/texts.ts';

/** Writes both files anew, prints the Makefile, or compares them with what is there. A record that cannot be read is named: status 1. */
export function rebuildMakefile(projectFolder: ByteString | undefined, options: { isPrinted: boolean; isCheck: boolean; quiet: boolean }): number {
  const { isPrinted, isCheck, quiet } = options;
  if (isPrinted && isCheck) throw new Failure('cannot use --print with --check', 'say one of them', EXIT.usage);
  const project = requireProject(readCurrentFolder(), projectFolder);
  if (isCheck) return checkAgainstRecords(project, quiet);
  const faults = isPrinted ? printAnew(project) : writeAnew(project);
  if (!isPrinted && !quiet) tell('rr: wrote provenance/Makefile and provenance/SHA256SUMS');
  for (const fault of faults) tell('rr: ' + fault.message);
  return faults.length > 0 ? EXIT.differs : 0;
}

/** Is the text these pieces, one after the other? */
function isMadeOf(text: ByteString | undefined, pieces: Iterable<ByteString>): boolean {
  let at = 0;
  for (const piece of pieces) {
    if (text?.startsWith(piece, at) !== true) return false;
    at += piece.length;
  }
  return text?.length === at;
}

/** Says which of the files that "make" runs or "sha256sum -c" reads are not what this rr makes of the records; writes nothing. */
function checkAgainstRecords(project: Project, quiet: boolean): number {
  const { makefile, sums, faults } = rebuildDerived(project);
  const { topMakefile, rerunScript } = initialFiles();
  const wanted: [ByteString, Iterable<ByteString>, string][] = [
    ['provenance/Makefile', makefile(), 'not what the records give: "rr makefile" makes it anew'],
    ['provenance/SHA256SUMS', sums(), 'not what the records give: "rr makefile" makes it anew'],
    ['provenance/rerun.sh', [rerunScript], 'not that of this version of rr: read it before make runs it; "rr init" makes it anew where it is not'],
  ];
  // make takes the first of these that is there; a project may well have one of its own.
  const top = ['GNUmakefile', 'makefile', 'Makefile'].find((name) => lstatIfThere(absoluteOf(project, name)) !== undefined);
  if (top !== undefined) wanted.push([top, [topMakefile], 'not from rr: read it before you type "make", or say "make -f provenance/Makefile"']);
  let count = faults.length;
  for (const fault of faults) printOut(makeHarmless(fault.message) + '\n');
  for (const [name, text, why] of wanted) {
    const file = absoluteOf(project, name);
    if (lstatIfThere(file)?.isFile() === true && isMadeOf(readRegularIfThere(file), text)) continue;
    printOut(name + ': ' + (lstatIfThere(file) === undefined ? 'not there' : why) + '\n');
    count += 1;
  }
  if (!quiet && count === 0) tell('rr: Makefile, SHA256SUMS and rerun.sh are those of the records and of this rr');
  return count === 0 ? 0 : EXIT.differs;
}

function printAnew(project: Project): Failure[] {
  const { makefile, faults } = rebuildDerived(project);
  printPieces(makefile());
  return faults;
}

function writeAnew(project: Project): Failure[] {
  prepareOwnFolder(project);
  settleLostRuns(project, '');
  refreshHeads(project, undefined);
  return includeAllRuns(project);
}
