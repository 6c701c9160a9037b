// sweepsteps.ts - the step of each point of a sweep: its command, files and parameters with the values put in. Runs nothing.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { isGlob } from '../core/glob.ts';
import { isResultPath } from '../core/graph.ts';
import { emptyRun } from '../core/run.ts';
import type { Run } from '../core/run.ts';
import { REPLAYED_VARIABLES } from '../core/variables.ts';
import { editDistance } from '../core/words.ts';
import { RR_VERSION } from '../core/version.ts';
import { fillCommand, namesInCommand, readCommandTemplate } from '../formats/commandtemplate.ts';
import type { CommandTemplate } from '../formats/commandtemplate.ts';
import { hasParameterFormat, writeParameter } from '../formats/parameterfile.ts';
import { fillPattern, fillText, placeholderNamesIn, parsePlaceholders } from '../formats/placeholders.ts';
import type { PointValues, TextPart } from '../formats/placeholders.ts';
import { maskValue } from '../formats/secrets.ts';
import { hasShellSyntax, quoteCommand } from '../formats/shell.ts';
import { findLinkOut } from './bounds.ts';
import { lstatIfThere, makeFolder, readBytesIfThere, replaceFile } from './files.ts';
import { readVariables } from './machine.ts';
import { toRecordPath } from './observe.ts';
import { readParameterText } from './parameterfiles.ts';
import { absoluteOf, relativeTo } from './project.ts';
import type { Project } from './project.ts';
import { listSecretVariables, makeSecretHasher, makeWithholder } from './secretkey.ts';
import { FILE_NAMES } from './sweeppoints.ts';
import type { SweepPoints, SweptFile } from './sweeppoints.ts';

/** What is to be run for each point: option values as given, with placeholders. */
export type SweepCommand = {
  argv: ByteString[];
  label: ByteString;
  reason: ByteString | undefined;
  tags: ByteString[];
  inputs: ByteString[];
  outputs: ByteString[];
  metrics: ByteString[];
  metricsFrom: ByteString[];
  writes: ByteString[];
  /** By name; the value that is set, if one is given. */
  variables: Map<ByteString, ByteString | undefined>;
  timeoutS: number | undefined;
  /** As a record has it. */
  asked: ByteString[];
  /** As a template has it. */
  observed: string;
};

/** A copy of a parameter file with the values of a point, at a path of its own. */
export type WrittenFile = { path: ByteString; text: ByteString };

export type SweepStep = { number: number; argv: ByteString[]; template: Run; written: WrittenFile[]; /** Paths that it declares to write, of which none may be another point's. */ own: ByteString[] };

/** The command's arguments; a single one that holds shell syntax beside placeholders is given to a shell. */
export function resolveSweepCommand(argv: ByteString[], names: ReadonlySet<ByteString>, folder: ByteString): ByteString[] {
  if (argv.length === 0) throw new Failure('cannot sweep: no command', 'rr sweep [options] -- COMMAND [ARG...]', EXIT.usage);
  if (argv.length > 1) return argv;
  const plain = parsePlaceholders(argv[0], names).parts.map((part) => (part.kind === 'text' ? part.text : 'x')).join('');
  if (!hasShellSyntax(plain)) return argv;
  const named = argv[0][0] === '/' ? argv[0] : folder + '/' + argv[0];
  return argv[0].indexOf('/') >= 0 && lstatIfThere(named) !== undefined ? argv : ['sh', '-c', argv[0]];
}

/** The parameter that was meant by a word in braces that is none; undefined if it is like none. */
function findMeant(word: ByteString, names: ByteString[]): ByteString | undefined {
  if (!/^[A-Za-z_][\w.:-]*$/.test(word)) return undefined;
  return names.find((name) => name.length > 2 && editDistance(word, name) <= (name.length > 6 ? 2 : 1));
}

type Write = { files: SweptFile[]; base: TextPart[]; parts: TextPart[] };

export class SweepSteps {
  readonly warnings: string[] = [];
  private readonly project: Project;
  private readonly folder: ByteString;
  private readonly command: SweepCommand;
  private readonly swept: SweepPoints;
  private readonly names: Set<ByteString>;
  private readonly template: CommandTemplate;
  private readonly inputs: TextPart[][];
  private readonly outputs: TextPart[][];
  private readonly metrics: TextPart[][];
  private readonly variables: { name: ByteString; parts: TextPart[] | undefined }[];
  private readonly writes: Write[];
  private readonly mask: (name: ByteString, value: ByteString) => ByteString;
  private readonly baseTexts = new Map<ByteString, ByteString>();
  private readonly surroundings: Pick<Run, 'variables' | 'variableHashes'>;

  constructor(project: Project, folder: ByteString, command: SweepCommand, swept: SweepPoints) {
    this.project = project;
    this.folder = folder;
    this.command = command;
    this.swept = swept;
    const keys = swept.files.map((file) => file.key).filter((key, i, all) => all.indexOf(key) === i && swept.points.names.indexOf(key) < 0);
    this.names = new Set(swept.points.names.concat('n', keys.filter((key) => swept.files.filter((file) => file.key === key).length === 1), command.writes.length === 1 ? 'params' : []));
    const unknown: ByteString[] = [];
    const parse = (text: ByteString): TextPart[] => {
      const parsed = parsePlaceholders(text, this.names);
      unknown.push(...parsed.unknown);
      return parsed.parts;
    };
    this.template = readCommandTemplate(resolveSweepCommand(command.argv, this.names, folder), this.names);
    unknown.push(...this.template.unknown);
    this.inputs = command.inputs.map(parse);
    this.outputs = command.outputs.map(parse);
    this.metrics = command.metrics.map(parse);
    this.variables = Array.from(command.variables, ([name, value]) => ({ name, parts: value === undefined ? undefined : parse(value) }));
    this.writes = this.readWrites(parse);
    const hash = makeSecretHasher(project.own + '/key');
    const withhold = makeWithholder(hash, listSecretVariables());
    this.mask = (name, value) => withhold(maskValue(name, value, hash));
    this.surroundings = this.readSurroundings();
    this.warn(unknown);
  }

  /** Which file of -p FILE:KEY is written where. */
  private readWrites(parse: (text: ByteString) => TextPart[]): Write[] {
    const { files } = this.swept;
    const sources = Array.from(new Set(files.map((file) => file.file)));
    const fail = (what: string, hint: string): never => { throw new Failure('cannot sweep a value in a file: ' + what, hint, EXIT.usage); };
    const writes = sources.map((source): Write => {
      const given = this.command.writes.filter((write) => write.startsWith(source + '=')).map((write) => write.slice(source.length + 1)).concat(sources.length === 1 ? this.command.writes.filter((write) => !write.startsWith(source + '=')) : []);
      if (given.length !== 1) fail(given.length === 0 ? 'each point needs a copy of ' + source + ' of its own' : source + ' is to be written twice', "say where: --write '" + (sources.length > 1 ? source + '=' : '') + 'runs/{n}/' + source.slice(source.lastIndexOf('/') + 1) + "', and give the command {params}");
      return { files: files.filter((file) => file.file === source), base: parse(source), parts: parse(given[0]) };
    });
    if (writes.length < this.command.writes.length) throw new Failure('cannot use --write "' + this.command.writes[this.command.writes.length - 1] + '": ' + (files.length === 0 ? 'no value in a file is swept' : 'no value in such a file is swept'), 'name one: -p params.yaml:rate=0.1,0.2', EXIT.usage);
    return writes;
  }

  /** The variables that are replayed, as they are now. */
  private readSurroundings(): Pick<Run, 'variables' | 'variableHashes'> {
    const found: Pick<Run, 'variables' | 'variableHashes'> = { variables: [], variableHashes: [] };
    const names = new Set((REPLAYED_VARIABLES as readonly string[]).concat(Array.from(this.command.variables.keys()).filter((name) => this.command.variables.get(name) === undefined)));
    for (const { name, value } of readVariables(Array.from(names))) {
      if (this.mask(name, value) === value) found.variables.push(name + '=' + value);
      else found.variableHashes.push(name + ' ' + '0'.repeat(16));
    }
    return found;
  }

  // ---- what to tell --------------------------------------------------------------------------------

  private warn(unknown: ByteString[]): void {
    const { names } = this.swept.points;
    const used = new Set(namesInCommand(this.template).concat(...[this.inputs, this.outputs, this.metrics, this.variables.map((variable) => variable.parts ?? []), this.writes.map((write) => write.parts), this.writes.map((write) => write.base)].map((texts) => texts.reduce((all: ByteString[], parts) => all.concat(placeholderNamesIn(parts)), []))));
    const isUsed = (name: ByteString): boolean => used.has(name) || this.swept.files.some((file) => file.name === name || (file.key === name && used.has(file.key)));
    for (const word of new Set(unknown)) {
      const meant = findMeant(word, Array.from(this.names));
      if (meant !== undefined) this.warnings.push('{' + word + '} is no parameter and stays as it is; was {' + meant + '} meant?');
    }
    for (const name of this.template.script?.text.ownVariables ?? []) this.warnings.push('${' + name + "} is the shell's own variable and stays as it is; {" + name + '} is the parameter');
    const isEach = this.swept.paths !== undefined;
    for (const name of names) {
      if (isUsed(name) || (isEach && FILE_NAMES.indexOf(name) >= 0)) continue;
      this.warnings.push('the command has no {' + name + '}: ' + (names.some(isUsed) ? 'it is not told that value' : 'its points differ in nothing else'));
    }
    if (isEach && !FILE_NAMES.some(isUsed)) this.warnings.push('the command has no {path}: it is not told which file to work on');
    const inCommand = new Set(namesInCommand(this.template).concat(...this.variables.map((variable) => placeholderNamesIn(variable.parts ?? []))));
    const isNamed = inCommand.has('params') || this.writes.every((write) => placeholderNamesIn(write.parts).every((name) => inCommand.has(name)));
    if (!isNamed) this.warnings.push('the command has no {params}: it is not told which file it is to read');
  }

  // ---- one point ------------------------------------------------------------------------------------

  /** The parameters of a point as its record has them. */
  parametersOf(values: ByteString[]): ByteString[] {
    const isEach = this.swept.paths !== undefined;
    const parameters: ByteString[] = [];
    this.swept.points.names.forEach((name, i) => {
      if (isEach && FILE_NAMES.indexOf(name) > 0) return;
      parameters.push(name + ' ' + this.mask(name, values[i]));
    });
    return parameters;
  }

  private valuesOf(values: ByteString[], number: number): Map<ByteString, ByteString> {
    const map = new Map<ByteString, ByteString>([['n', String(number)]]);
    this.swept.points.names.forEach((name, i) => {
      if (values[i].indexOf('\0') >= 0) throw new Failure('cannot use a value of "' + name + '": it holds a NUL, which no command can be given', '', EXIT.usage);
      map.set(name, values[i]);
    });
    for (const file of this.swept.files) if (!map.has(file.key)) map.set(file.key, map.get(file.name) as ByteString);
    return map;
  }

  /** Names of inputs; one without a pattern in it is that file, whatever signs are in a value. */
  private fillInput(parts: TextPart[], values: PointValues): ByteString {
    const plain = toRecordPath(this.project, this.folder, fillText(parts, values));
    const hasPattern = parts.some((part) => part.kind === 'text' && isGlob(part.text));
    if (!hasPattern && lstatIfThere(absoluteOf(this.project, plain)) !== undefined) return plain;
    return toRecordPath(this.project, this.folder, fillPattern(parts, values));
  }

  private readBase(path: ByteString): ByteString {
    const known = this.baseTexts.get(path);
    if (known !== undefined) return known;
    const text = readParameterText(this.project, path);
    this.baseTexts.set(path, text);
    return text;
  }

  /** The copy of a parameter file for a point. */
  private fillWrite({ files, base, parts }: Write, values: Map<ByteString, ByteString>): WrittenFile {
    const given = fillText(parts, values);
    const path = toRecordPath(this.project, this.folder, given);
    const from = toRecordPath(this.project, this.folder, fillText(base, values));
    const refuse = (why: string): never => { throw new Failure('cannot write "' + given + '": ' + why, '', EXIT.usage); };
    if (path === from) refuse('it is the file that the points are made from');
    if (!hasParameterFormat(from)) refuse('parameters are not read from "' + from + '"');
    if (!isResultPath(path) || findLinkOut(this.project.root, absoluteOf(this.project, path)) !== undefined) refuse('it is outside of the project');
    if (this.command.writes.length === 1) values.set('params', given);
    return { path, text: files.reduce((text, file) => writeParameter(text, from, file.key, values.get(file.name) as ByteString), this.readBase(from)) };
  }

  stepOf(given: ByteString[], number: number): SweepStep {
    const { project, folder, command } = this;
    const values = this.valuesOf(given, number);
    const written = this.writes.map((write) => this.fillWrite(write, values));
    const directory = relativeTo(project, folder);
    const argv = fillCommand(this.template, values);
    const template = emptyRun('', quoteCommand(argv, project.root, directory), '', RR_VERSION);
    template.directory = directory;
    template.sweep = { label: command.label, number };
    template.label = command.label;
    template.reason = command.reason;
    template.tags = command.tags;
    template.parameters = this.parametersOf(given);
    const path = this.swept.paths === undefined ? undefined : toRecordPath(project, folder, values.get('path') as ByteString);
    template.declaredInputs = (path === undefined ? [] : [path]).concat(written.map((file) => file.path), this.inputs.map((parts) => this.fillInput(parts, values)));
    template.declaredOutputs = this.outputs.map((parts) => toRecordPath(project, folder, fillPattern(parts, values)));
    template.metricsFiles = this.metrics.map((parts) => toRecordPath(project, folder, fillText(parts, values)));
    template.metricsFrom = command.metricsFrom;
    template.declaredVariables = this.variables.map((variable) => variable.name);
    const set = this.variables.filter((variable) => variable.parts !== undefined).map(({ name, parts }) => name + '=' + fillText(parts as TextPart[], values));
    template.variables = this.surroundings.variables.filter((line) => !set.some((other) => other.startsWith(line.slice(0, line.indexOf('=') + 1)))).concat(set);
    template.variableHashes = this.surroundings.variableHashes;
    template.timeoutS = command.timeoutS;
    template.asked = command.asked;
    template.observed = command.observed;
    return { number, argv, template, written, own: template.declaredOutputs.concat(written.map((file) => file.path)) };
  }
}

/** Is the copy of a parameter file there as it is to be? */
export function isWritten(project: Project, file: WrittenFile): boolean {
  const name = absoluteOf(project, file.path);
  return lstatIfThere(name)?.isFile() === true && readBytesIfThere(name) === file.text;
}

/** Writes the copies of parameter files that are not there as they are to be. */
export function writeFiles(project: Project, files: WrittenFile[]): void {
  for (const file of files) {
    if (isWritten(project, file)) continue;
    const name = absoluteOf(project, file.path);
    makeFolder(name.slice(0, name.lastIndexOf('/')));
    replaceFile(name, file.text, false);
  }
}
