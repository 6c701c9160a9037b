// shortfacts.ts - what the records of many short steps have in common: variables, software, code. Each is found out once. Knows no files of steps.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { emptyRun } from '../core/run.ts';
import type { FileState, Run } from '../core/run.ts';
import { RR_VERSION } from '../core/version.ts';
import type { SecretHasher } from '../formats/secrets.ts';
import { maskArguments } from '../formats/secrets.ts';
import { quoteCommand } from '../formats/shell.ts';
import { isShellName } from '../formats/shellline.ts';
import { formatUtcMicros, readUtcMicros } from './clock.ts';
import { beginCode, endCode, noteCode } from './code.ts';
import type { BegunCode, EndedCode } from './code.ts';
import { planVariables, setVariables } from './commandplace.ts';
import type { VariablePlan } from './commandplace.ts';
import { readFirstBytes, statIfThere, toBytes } from './files.ts';
import { findProgram } from './machine.ts';
import type { VariableSet } from './spawnwords.ts';
import { absoluteOf, isInProject, relativeTo } from './project.ts';
import type { Project } from './project.ts';
import { attempt, guessSoftware, listVariables, spellCommand, storeEnvironment } from './recording.ts';
import { listSecretVariables, makeSecretHasher, makeWithholder } from './secretkey.ts';
import { describeSoftware } from './software.ts';
import { isSameSeen } from './shortfiles.ts';
import { makeResultTester } from './store.ts';

const AS_TOLD: VariablePlan = { without: [], more: {} };

/** Variables of some steps. */
export type ShortVariables = {
  /** What is different from what all commands have; undefined: a shell cannot be told so. */
  changes: Map<string, ByteString | undefined> | undefined;
  /** As the record has them. */
  listed: Pick<Run, 'variables' | 'variableHashes'>;
  /** A run and a folder that have them, for setVariables(). */
  run: Run;
  folder: ByteString;
};

/** What a record says of the software. */
export type ShortSoftware = { environment: string | undefined; compilers: Run['compilers']; ownLibraries: ByteString[]; warnings: ByteString[] };

type KnownProgram = { name: ByteString; stat: import('fs').Stats | undefined; software: Map<ShortVariables, Promise<ShortSoftware>> };

type CodeFacts = Pick<Run, 'code' | 'codeBranch' | 'codeRemote' | 'codeSwhid' | 'codeSubmodules' | 'warnings'>;

export class ShortFacts {
  /** What commands have that want no other variables. */
  readonly environment: { [name: string]: string } = {};
  readonly hash: SecretHasher;
  /** What could not be recorded, as sentences. */
  readonly problems: string[] = [];
  private readonly project: Project;
  private readonly now: VariableSet;
  private readonly withhold: (text: ByteString) => ByteString;
  private readonly secrets: Set<ByteString>;
  private readonly variables = new Map<string, ShortVariables>();
  private readonly programs = new Map<string, KnownProgram>();
  private begun: BegunCode | undefined;
  private code: CodeFacts | undefined;
  private readonly plain = new Set<string>();
  private readonly ended = new Map<string, EndedCode>();

  /** `more`: variables that commands have and no record tells of. */
  constructor(project: Project, more: { [name: string]: string }) {
    this.project = project;
    this.now = Object.assign({}, process.env);
    const base = emptyRun('', '', '', '');
    base.variables = listVariables(this.now, [], () => '').variables;
    const planned = Object.assign(planVariables(base, project.root, AS_TOLD, this.now), more);
    for (const name of Object.keys(planned)) this.environment[name] = String(planned[name]);
    const underKey = makeSecretHasher(project.own + '/key');
    this.hash = (secret) => {
      let hashed = '0000000000000000';
      attempt(this.problems, 'use .rr/key', () => { hashed = underKey(secret); });
      return hashed;
    };
    this.secrets = listSecretVariables();
    this.withhold = makeWithholder(this.hash, this.secrets);
  }

  /** The command as a record has it. */
  spell(argv: ByteString[], folder: ByteString): ByteString {
    const learned: ByteString[] = [];
    const masked = maskArguments(argv, (secret) => { learned.push(secret); return '0000000000000000'; });
    const isPlain = learned.length === 0 && this.secrets.size === 0 && masked.every((word, i) => word === argv[i]) && argv.every((word) => word.indexOf(this.project.root) < 0);
    if (isPlain) return quoteCommand(argv, this.project.root, relativeTo(this.project, folder));
    return spellCommand({ argv, folder, project: this.project, hash: this.hash, withhold: this.withhold, secrets: this.secrets, request: { repeat: undefined } });
  }

  /** Text without what is known to be a secret. */
  mask(text: ByteString): ByteString {
    return this.withhold(text);
  }

  /** Of what the template says, with those of rr itself as they were at the start. */
  variablesOf(template: Run): ShortVariables {
    const key = [template.directory, template.declaredVariables.join('\0'), template.variableHashes.join('\0'), template.variables.join('\0')].join('\0\0');
    const known = this.variables.get(key);
    if (known !== undefined) return known;
    const folder = absoluteOf(this.project, template.directory);
    const planned = planVariables(template, folder, AS_TOLD, this.now);
    const changes = new Map<string, ByteString | undefined>();
    for (const name of Object.keys(planned)) if (this.environment[name] !== planned[name]) changes.set(name, toBytes(String(planned[name])));
    for (const name of Object.keys(this.environment)) if (this.now[name] !== undefined && planned[name] === undefined) changes.set(name, undefined);
    const found: ShortVariables = {
      changes: Array.from(changes.keys()).every(isShellName) ? changes : undefined, listed: listVariables(planned, template.declaredVariables, this.hash), run: template, folder,
    };
    this.variables.set(key, found);
    return found;
  }

  // ---- software -----------------------------------------------------------------------------------------

  /** Can a shell start it as rr would? It must be there, and no text without "#!", which each starts in its own way. */
  canStart(argv: ByteString[], folder: ByteString): boolean {
    return this.findKnown(argv, folder) !== undefined;
  }

  private findKnown(argv: ByteString[], folder: ByteString): KnownProgram | undefined {
    const key = argv[0].indexOf('/') < 0 || argv[0][0] === '/' ? argv[0] : folder + '/' + argv[0];
    const known = this.programs.get(key);
    if (known !== undefined && (!isInProject(this.project, known.name) || isSameSeen(known.stat, statIfThere(known.name)))) return known;
    const program = findProgram(argv[0], folder);
    if (program.kind !== 'found') return undefined;
    const head = readFirstBytes(program.name, 4);
    if (head !== '\x7fELF' && !head.startsWith('#!')) return undefined;
    const found: KnownProgram = { name: program.name, stat: statIfThere(program.name), software: new Map() };
    this.programs.set(key, found);
    return found;
  }

  /** What the command would load, as far as its program's files tell. */
  async softwareOf(argv: ByteString[], variables: ShortVariables): Promise<ShortSoftware> {
    const known = this.findKnown(argv, variables.folder);
    if (known === undefined) return this.describe(argv, variables);
    const found = known.software.get(variables) ?? this.describe(argv, variables);
    known.software.set(variables, found);
    return found;
  }

  private async describe(argv: ByteString[], variables: ShortVariables): Promise<ShortSoftware> {
    const { project } = this;
    const loaded = guessSoftware({ argv, folder: variables.folder, project });
    const software = await describeSoftware(loaded, { project, cacheFolder: project.own, isInside: (name) => isInProject(project, name) });
    const facts: ShortSoftware = { environment: undefined, compilers: software.compilers, ownLibraries: software.ownLibraries.map((name) => relativeTo(project, name)), warnings: software.warnings };
    attempt(this.problems, 'record the environment', () => {
      const putBack = setVariables(variables.run, variables.folder, AS_TOLD);
      try {
        facts.environment = storeEnvironment({ project, hash: this.hash, withhold: this.withhold, secrets: this.secrets, request: { repeat: undefined } }, software.text);
      } finally {
        putBack();
      }
    });
    return facts;
  }

  // ---- code ---------------------------------------------------------------------------------------------

  /** Puts the state of the code into a record. It is that of the first time: what steps write are results, and no code. */
  noteCode(run: Run): void {
    const { project } = this;
    if (this.code === undefined) {
      const seen = emptyRun('', '', formatUtcMicros(0), RR_VERSION);
      attempt(this.problems, 'record the code', () => {
        const isResultNow = makeResultTester(project);
        this.begun = beginCode({ project, excluded: (path) => path.startsWith('provenance/') || path.startsWith('.rr/') || isResultNow(path), startMs: readUtcMicros() / 1000 });
        noteCode(this.begun, seen);
      });
      this.code = { code: seen.code, codeBranch: seen.codeBranch, codeRemote: seen.codeRemote, codeSwhid: seen.codeSwhid, codeSubmodules: seen.codeSubmodules, warnings: seen.warnings };
    }
    run.code = this.code.code;
    run.codeBranch = this.code.codeBranch;
    run.codeRemote = this.code.codeRemote;
    run.codeSwhid = this.code.codeSwhid;
    run.codeSubmodules = this.code.codeSubmodules;
    run.warnings.push(...this.code.warnings);
  }

  /** The sources among what was read and not written. */
  noteCodeFiles(run: Run): void {
    const { begun } = this;
    if (begun === undefined) return;
    const written = new Set(run.outputs.map((file) => file.path));
    const read = run.inputs.filter((file) => !written.has(file.path) && !this.isPlain(begun, file));
    if (read.length === 0) return;
    const key = read.map(keyOfFile).sort(compareBytes).join('\0');
    let ended = this.ended.get(key);
    if (ended === undefined) {
      attempt(this.problems, 'record the code', () => { ended = endCode(begun, read); });
      if (ended === undefined) return;
      this.ended.set(key, ended);
    }
    run.codeFiles = ended.codeFiles;
    run.codeOthers = ended.codeOthers;
    run.warnings.push(...ended.warnings);
  }

  /** Is it no source, whatever else is read? */
  private isPlain(begun: BegunCode, file: FileState): boolean {
    const key = keyOfFile(file);
    if (this.plain.has(key)) return true;
    let isNothing = false;
    attempt(this.problems, 'record the code', () => {
      const ended = endCode(begun, [file]);
      isNothing = ended.codeFiles.length + ended.codeOthers.length + ended.warnings.length === 0;
    });
    if (isNothing) this.plain.add(key);
    return isNothing;
  }
}

function keyOfFile(file: FileState): string {
  return file.hash + file.kind + ' ' + file.path;
}
