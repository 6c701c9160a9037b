// swhid.ts - rr swhid: by which identifiers an archive of software knows files, folders, code and runs.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { joinNames } from '../core/names.ts';
import type { Run } from '../core/run.ts';
import { RUN_ID } from '../core/run.ts';
import { encodeText, makeHarmless } from '../formats/percent.ts';
import { parseSwhid, parseSwhidRange, printSwhid, swhidOfCode } from '../formats/swhid.ts';
import type { Swhid, SwhidKind, SwhidQualifiers, SwhidRange } from '../formats/swhid.ts';
import { lstatIfThere } from '../sys/files.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { pickAnnotatedRuns } from '../sys/pickrun.ts';
import type { Project } from '../sys/project.ts';
import { requireProject } from '../sys/project.ts';
import { hasTag, nameRelease, nameRevision, nameSnapshot, originOfRepository, requireRepository } from '../sys/swhidgit.ts';
import type { NamedObject } from '../sys/swhidgit.ts';
import { nameUpToThree, PathNamer } from '../sys/swhidpath.ts';
import { nameFilesOfRun } from '../sys/swhidrun.ts';
import { printOut, tell } from '../sys/terminal.ts';

export type SwhidOptions = {
  project: ByteString | undefined;
  revisions: ByteString[]; releases: ByteString[]; snapshot: boolean;
  tracked: boolean; link: boolean; core: boolean; quiet: boolean;
  check: ByteString | undefined; origin: ByteString | undefined; visit: ByteString | undefined; lines: ByteString | undefined; bytes: ByteString | undefined;
};

/** What is the same for all that is named. */
type Naming = { options: SwhidOptions; folder: ByteString; given: SwhidQualifiers; namer: PathNamer };

function readRange(option: string, text: ByteString | undefined): SwhidRange | undefined {
  const range = text === undefined ? undefined : parseSwhidRange(text);
  if (text !== undefined && range === undefined) throw new Failure('cannot use --' + option + ' "' + text + '": not N or N-M', 'such as --' + option + ' 5-10', EXIT.usage);
  if (option === 'lines' && text !== undefined && /^0*(?:-|$)/.test(text)) throw new Failure('cannot use --lines "' + text + '": lines are counted from 1', '', EXIT.usage);
  return range;
}

function readGiven(options: SwhidOptions): SwhidQualifiers {
  const { origin, visit } = options;
  if (origin !== undefined && !/^[A-Za-z][A-Za-z0-9+.-]*:[!-~\x80-\xff]+$/.test(origin)) throw new Failure('cannot use --origin "' + origin + '": not a URL', '', EXIT.usage);
  if (visit !== undefined) {
    const snapshot = parseSwhid(visit);
    if (snapshot.kind !== 'snp' || visit.indexOf(';') >= 0) throw new Failure('cannot use --visit "' + visit + '": not swh:1:snp:HEX', '', EXIT.usage);
  }
  if (options.lines !== undefined && options.bytes !== undefined) throw new Failure('cannot use --lines and --bytes at once', '', EXIT.usage);
  return { origin, visit, lines: readRange('lines', options.lines), bytes: readRange('bytes', options.bytes) };
}

/** Prints "SWHID TAB WHAT". What is found of qualifiers goes behind what was given. */
function printNamed(naming: Naming, kind: SwhidKind, hex: string, found: SwhidQualifiers, what: ByteString): void {
  const { given, options } = naming;
  if (kind !== 'cnt' && (given.lines !== undefined || given.bytes !== undefined)) {
    throw new Failure('cannot name a part of "' + makeHarmless(what) + '": only contents have lines and bytes', '', EXIT.usage);
  }
  const whole: SwhidQualifiers = options.core ? {} : { ...found, ...(given.origin === undefined ? {} : { origin: given.origin }), visit: given.visit };
  printOut(printSwhid(kind, hex, { ...whole, lines: given.lines, bytes: given.bytes }) + '\t' + makeHarmless(encodeText(what)) + '\n');
}

function tellAll(options: SwhidOptions, what: ByteString, remarks: ByteString[]): void {
  if (!options.quiet) for (const one of remarks) tell('rr: ' + makeHarmless(what) + ': ' + one);
}

/** Is this operand a name on the disk? An id of a run and "@" never are. */
function isPath(folder: ByteString, operand: ByteString): boolean {
  return operand !== '' && !RUN_ID.test(operand) && !/^@(?:-\d+)?$/.test(operand) && lstatIfThere(joinNames(folder, operand)) !== undefined;
}

/** The runs that an operand means; says what it could have been, too. */
function pickOperand(naming: Naming, operand: ByteString): { project: Project; runs: Run[] } {
  const { folder, options } = naming;
  try {
    const project = requireProject(folder, options.project);
    return { project, runs: pickAnnotatedRuns(project, folder, operand).map((one) => one.run) };
  } catch (error) {
    if (!(error instanceof Failure) || error.exitStatus === EXIT.usage) throw error;
    throw new Failure(error.message + '; and no file is called "' + makeHarmless(operand) + '"', error.hint, error.exitStatus);
  }
}

/** The code of a run, then its files. False if one of them has no content any more. */
function printRun(naming: Naming, project: Project, run: Run): boolean {
  const swhid = swhidOfCode(run.code, run.codeRemote);
  const remarks: ByteString[] = [];
  if (swhid !== undefined) {
    const { kind, hex, qualifiers } = parseSwhid(swhid);
    printNamed({ ...naming, given: { ...naming.given, lines: undefined, bytes: undefined } }, kind, hex, qualifiers, run.id);
  } else if (run.code === undefined) remarks.push('its code was under no version control: no revision is it');
  else if (/^git [0-9a-f]{40} dirty/.test(run.code)) remarks.push('its code had changes that were not committed: no revision is it');
  else remarks.push('its code is "' + makeHarmless(run.code) + '": no commit of git with SHA-1');
  const { files, lost } = nameFilesOfRun(project, run);
  for (const file of files) printNamed(naming, 'cnt', file.hex, file.qualifiers, file.path);
  if (lost.count > 0) remarks.push(nameUpToThree(lost, 'file is nowhere as it was', 'files are nowhere as they were'));
  tellAll(naming.options, run.id, remarks);
  return lost.count === 0;
}

function printPath(naming: Naming, operand: ByteString): void {
  const { options, folder } = naming;
  const { kind, hex, qualifiers, remarks } = naming.namer.name(joinNames(folder, operand), { isTracked: options.tracked, isLink: options.link });
  printNamed(naming, kind, hex, qualifiers, operand);
  tellAll(options, operand, remarks);
}

/** The absolute name without "/" and "/." at its end. Not before one of them: else each of many inside would be tried. */
function nameOperand(folder: ByteString, operand: ByteString): ByteString {
  return joinNames(folder, operand).replace(/(?<!\/\.?)(?:\/\.?)+$/, '') || '/';
}

/** What --revision, --release and --snapshot ask for. */
function printObjects(naming: Naming, operands: ByteString[]): void {
  const { options, folder } = naming;
  if (operands.length > 1) throw new Failure('cannot name objects of ' + String(operands.length) + ' repositories at once', 'say one', EXIT.usage);
  const repository = requireRepository(nameOperand(folder, operands[0] ?? '.'));
  const origin = originOfRepository(repository);
  const print = (named: NamedObject, what: ByteString): void => {
    printNamed(naming, named.kind, named.hex, named.isOfCloneAlone === true ? {} : { origin }, what);
    tellAll(options, what, named.remarks);
  };
  for (const revision of options.revisions) print(nameRevision(repository, revision), revision);
  for (const release of options.releases) print(nameRelease(repository, release), release);
  if (options.snapshot) print(nameSnapshot(repository), operands[0] ?? '.');
}

/** What is there in the place of what was asked for; of revisions and releases what the repository has. */
function findActual(naming: Naming, wanted: Swhid, operand: ByteString): { core: string; how: string }[] {
  const { options, folder } = naming;
  const name = nameOperand(folder, operand);
  const choice = { isTracked: options.tracked, isLink: options.link };
  if (wanted.kind === 'cnt' || wanted.kind === 'dir') {
    const named = naming.namer.name(name, choice);
    const found = [{ core: printSwhid(named.kind, named.hex), how: '' }];
    if (wanted.kind !== 'dir' || named.kind !== 'dir' || choice.isTracked || named.hex === wanted.hex) return found;
    // Archives took it out of git, most of the time.
    try {
      return found.concat({ core: printSwhid('dir', naming.namer.name(name, { ...choice, isTracked: true }).hex), how: ', as git tracks it' });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return found;
    }
  }
  const repository = requireRepository(name);
  if (wanted.kind === 'snp') return [{ core: printSwhid('snp', nameSnapshot(repository).hex), how: '' }];
  if (wanted.kind === 'rel') return hasTag(repository, wanted.hex) ? [{ core: printSwhid('rel', wanted.hex), how: '' }] : [];
  return [{ core: printSwhid('rev', nameRevision(repository, 'HEAD').hex), how: '' }];
}

/** Status 0 if it is what the identifier says, else 1, and what it is. */
function checkSwhid(naming: Naming, text: ByteString, operands: ByteString[]): number {
  if (operands.length > 1) throw new Failure('cannot check ' + String(operands.length) + ' operands against one SWHID', '', EXIT.usage);
  const wanted = parseSwhid(text);
  const core = printSwhid(wanted.kind, wanted.hex);
  const operand = operands[0] ?? '.';
  let actual: { core: string; how: string }[];
  if (isPath(naming.folder, operand)) actual = findActual(naming, wanted, operand);
  else {
    const { runs } = pickOperand(naming, operand);
    if (wanted.kind !== 'rev') throw new Failure('cannot check a run against "' + core + '": the code of a run is a revision', 'name a file or a folder', EXIT.usage);
    actual = runs.map((run) => ({ core: printSwhid('rev', /^git ([0-9a-f]{40})$/.exec(run.code ?? '')?.[1] ?? ''), how: '' })).filter((one) => one.core !== 'swh:1:rev:');
    if (actual.some((one) => one.core !== core) || actual.length < runs.length) actual = actual.filter((one) => one.core !== core);
  }
  const shown = makeHarmless(operand);
  const match = actual.find((one) => one.core === core);
  if (match !== undefined) {
    if (!naming.options.quiet) printOut(shown + ' is ' + core + match.how + '\n');
    return 0;
  }
  tell('rr: ' + shown + ' is not ' + core + (actual.length === 0 ? '' : ' but ' + actual[0].core));
  return EXIT.differs;
}

/**
 * Prints the SWHID of each file, folder and run, or of what is asked for of a git repository. Status 1
 * if a content of a run is nowhere any more, or (--check) if it is not what the identifier says.
 */
export function printSwhids(operands: ByteString[], options: SwhidOptions): number {
  const naming: Naming = { options, folder: readCurrentFolder(), given: readGiven(options), namer: new PathNamer() };
  const isOfRepository = options.snapshot || options.revisions.length + options.releases.length > 0;
  if (options.check !== undefined) {
    if (isOfRepository) throw new Failure('cannot use --check with --revision, --release or --snapshot: the SWHID tells of what it is', '', EXIT.usage);
    return checkSwhid(naming, options.check, operands);
  }
  if (isOfRepository) {
    printObjects(naming, operands);
    return 0;
  }
  let isComplete = true;
  for (const operand of operands.length === 0 ? ['.'] : operands) {
    if (isPath(naming.folder, operand)) printPath(naming, operand);
    else {
      const { project, runs } = pickOperand(naming, operand);
      for (const run of runs) isComplete = printRun(naming, project, run) && isComplete;
    }
  }
  return isComplete ? 0 : EXIT.differs;
}
