// runoptions.ts - options that rr record and rr sweep share, as they mean for a run. Runs nothing.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { DURATION_WORDS, parseDuration, SIZE_WORDS } from '../core/quantities.ts';
import { isDeclarableVariable, splitVariable } from '../core/variables.ts';
import { readAsked } from '../formats/plan.ts';
import { hasShellSyntax } from '../formats/shell.ts';
import { initialFiles } from '../views/texts.ts';
import { lstatIfThere } from './files.ts';
import { setOwnVariable } from './spawnwords.ts';
import { findProject, requireProject, setUpProject } from './project.ts';
import type { Project } from './project.ts';
import { tell } from './terminal.ts';

/** Seconds of --timeout. */
export function parseTimeout(text: ByteString): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw new Failure('cannot use --timeout "' + text + '": not a time', 'write ' + DURATION_WORDS, EXIT.usage);
  return seconds;
}

const ASKED_WORDS = {
  cpus: ['not a number of processors', 'such as 4'], memory: ['not a size', 'write ' + SIZE_WORDS], time: ['not a time', 'write ' + DURATION_WORDS],
  partition: ['not the name of a partition', 'run "sinfo" on the cluster'],
};

export type AskedOptions = { cpus: ByteString | undefined; memory: ByteString | undefined; time: ByteString | undefined; partition: ByteString | undefined };

/** What is asked for the run, as a record has it. */
export function readAskedOptions(options: AskedOptions): ByteString[] {
  const asked: ByteString[] = [];
  for (const what of ['cpus', 'memory', 'time', 'partition'] as const) {
    const value = options[what];
    if (value === undefined) continue;
    const [why, usual] = ASKED_WORDS[what];
    const refuse = (hint: string): never => { throw new Failure('cannot use --' + what + ' "' + value + '": ' + why, hint, EXIT.usage); };
    // To one a number is bytes, to another megabytes.
    if (what === 'memory' && /^\d+$/.test(value)) refuse('write its unit: ' + value + 'M, or ' + value + 'B for bytes');
    asked.push(readAsked(what + ' ' + value, () => refuse(usual)));
  }
  return asked;
}

/** The variables declared, by name, and the values that some are given. */
export function readVariableOptions(variables: ByteString[]): Map<ByteString, ByteString | undefined> {
  const declared = new Map<ByteString, ByteString | undefined>();
  for (const given of variables) {
    const { name, value } = splitVariable(given);
    if (!isDeclarableVariable(name)) {
      const isName = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
      throw new Failure('cannot declare the variable "' + name + '": ' + (isName ? 'it says where programs are or how they start' : 'no variable can be called so'), isName ? 'what describes the machine is in the record anyway; see "Declared variables" in the manual' : 'write NAME or NAME=VALUE', EXIT.usage);
    }
    declared.set(name, value ?? declared.get(name));
  }
  return declared;
}

/** The command's arguments; a single one that holds shell syntax is given to a shell. */
export function resolveCommand(argv: ByteString[], folder: ByteString): ByteString[] {
  if (argv.length === 0) throw new Failure('cannot record: no command', 'rr record [options] -- COMMAND [ARG...]', EXIT.usage);
  if (argv.length > 1 || !hasShellSyntax(argv[0])) return argv;
  const named = argv[0][0] === '/' ? argv[0] : folder + '/' + argv[0];
  return argv[0].indexOf('/') >= 0 && lstatIfThere(named) !== undefined ? argv : ['sh', '-c', argv[0]];
}

/** The project that is named or found upward, or a new one here. */
export function openOrMakeProject(options: { project: ByteString | undefined; quiet: boolean }, current: ByteString): Project {
  if (options.project !== undefined) return requireProject(current, options.project);
  const found = findProject(current);
  if (found !== undefined) return found;
  const { project } = setUpProject(current, initialFiles());
  if (!options.quiet) tell('rr: made provenance/ in ' + current);
  return project;
}

/** Sets for the command the variables that are given a value. */
export function setDeclared(declared: Map<ByteString, ByteString | undefined>): void {
  for (const [name, value] of declared) if (value !== undefined) setOwnVariable(name, value);
}
