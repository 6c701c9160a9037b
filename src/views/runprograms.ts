// runprograms.ts - which program a run started, and in which version, as far as its records tell. Knows no form of publication.
import type { ByteString } from '../core/bytes.ts';
import type { Environment } from '../core/environment.ts';
import { joinNames, normalizeName } from '../core/names.ts';
import type { FileState, Run } from '../core/run.ts';
import { splitCommand, splitSimpleCommand } from '../formats/shell.ts';
import { baseName } from '../formats/shelltext.ts';

/** The program that a command names. */
export type RunProgram = {
  /** Its name without folders; '' if the command is not plain words. */
  name: ByteString;
  /** As an input of the run (in the project) or an executable of the environment. */
  file: FileState | undefined;
  isInProject: boolean;
  /** Of the package that it came with. */
  version: ByteString | undefined;
  /** Inputs that are sources, and that an argument names: scripts. */
  scripts: FileState[];
};

// No argument holds a NUL, so it can stand for the project's folder, whose place the records do not tell.
const PROJECT_MARK = '\0';

/** Arguments in which the project's folder is NUL; undefined if the command is not plain words. */
function plainArgumentsOf(run: Run): ByteString[] | undefined {
  return splitCommand(run.command, PROJECT_MARK, run.directory) ?? splitSimpleCommand(run.command, PROJECT_MARK, run.directory);
}

/** The path that a record would have for this argument as a file name. */
function pathOfArgument(run: Run, argument: ByteString): ByteString {
  if (argument.startsWith(PROJECT_MARK + '/')) return normalizeName(argument.slice(1)).slice(1);
  if (argument[0] === '/' || run.directory[0] === '/') return normalizeName(joinNames(run.directory, argument));
  return normalizeName('/' + (run.directory === '.' ? '' : run.directory + '/') + argument).slice(1);
}

/** The executable of that name; one under another name (what a link leads to) only if no other was executed. */
function findInEnvironment(name: ByteString, path: ByteString, environment: Environment | undefined): FileState | undefined {
  if (environment === undefined) return undefined;
  const files = environment.executables.concat(environment.interpreters);
  return files.find((file) => file.path === path) ?? files.find((file) => baseName(file.path) === name) ?? (environment.executables.length === 1 ? environment.executables[0] : undefined);
}

/** Version of the package that the file came with, if the environment tells it. */
export function versionOfFile(path: ByteString, environment: Environment | undefined): ByteString | undefined {
  const owner = environment?.owners.find((one) => one.path === path);
  const found = owner === undefined ? undefined : environment?.packages.find((one) => one.manager === owner.manager && one.name === owner.name);
  return found === undefined || found.version === '' ? undefined : found.version;
}

/** What is known of the program that the run's command names. */
export function programOfRun(run: Run, environment: Environment | undefined): RunProgram {
  const argv = plainArgumentsOf(run);
  if (argv === undefined || argv.length === 0) return { name: '', file: undefined, isInProject: false, version: undefined, scripts: [] };
  const sources = new Set(run.codeFiles.map((file) => file.path));
  const named = new Set(argv.slice(1).map((argument) => pathOfArgument(run, argument)));
  const scripts = run.inputs.filter((file) => sources.has(file.path) && named.has(file.path));
  const name = baseName(argv[0]);
  const path = argv[0].indexOf('/') < 0 ? '' : pathOfArgument(run, argv[0]);
  const own = path === '' ? undefined : run.inputs.find((file) => file.path === path);
  if (own !== undefined) return { name, file: own, isInProject: true, version: undefined, scripts };
  const file = findInEnvironment(name, path, environment);
  return { name, file, isInProject: false, version: file === undefined ? undefined : versionOfFile(file.path, environment), scripts };
}
