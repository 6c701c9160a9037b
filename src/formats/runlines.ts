// runlines.ts - a run as a line of the index: what lists show, what the graph needs. Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import type { NotedFacts } from '../core/notes.ts';
import type { FileState, Run, RunStatus, RunSummary, VerdictWord } from '../core/run.ts';
import { NO_FACTS, stepFactsOf } from '../core/steps.ts';
import type { StepFacts, StepRun } from '../core/steps.ts';
import { parseFile, printFile } from './fields.ts';
import { decodeText, decodeWithheld, encodeText, encodeWithheld } from './percent.ts';
import { decodeParameter, encodeParameter } from './record.ts';

// A line is cells, each ended by TAB, then LF. Cells are encoded as in a record, so they hold neither;
// what is absent is an empty cell. The line is kept as it is and cells are read when they are asked
// for: of 100,000 runs most are looked at for one or two things only.

const ID_LENGTH_IN_LINE = 23;
// In a cell of several texts; none has it in it, encoded.
const BETWEEN_TEXTS = '\r';

// Starts of the first cells of the line that was looked at last: most are asked for several cells.
const seen = { text: '', start: -1, count: 0, cells: new Array<number>(32).fill(0) };

/** Start of a cell of the line that begins at `start`; cells are counted from 0. */
function findCell(text: ByteString, start: number, cell: number): number {
  if (seen.start !== start || seen.text !== text) {
    seen.text = text;
    seen.start = start;
    seen.cells[0] = start;
    seen.count = 1;
  }
  for (; seen.count <= cell; seen.count++) seen.cells[seen.count] = text.indexOf('\t', seen.cells[seen.count - 1]) + 1;
  return seen.cells[cell];
}

function readCell(text: ByteString, start: number, cell: number): ByteString {
  const end = findCell(text, start, cell + 1) - 1;
  return text.slice(seen.cells[cell], end);
}

function readTextCell(text: ByteString, start: number, cell: number): ByteString | undefined {
  const value = readCell(text, start, cell);
  return value === '' ? undefined : decodeText(value);
}

function readNumberCell(text: ByteString, start: number, cell: number): number | undefined {
  const value = readCell(text, start, cell);
  return value === '' ? undefined : Number(value);
}

function readListCell(text: ByteString, start: number, cell: number): ByteString[] {
  const value = readCell(text, start, cell);
  if (value === '') return [];
  return value.indexOf(BETWEEN_TEXTS) < 0 ? [decodeText(value)] : value.split(BETWEEN_TEXTS).map(decodeText);
}

/** The cells from `cell` on, to the end of the line. */
function readLastCells(text: ByteString, start: number, cell: number): ByteString[] {
  const at = findCell(text, start, cell);
  const end = text.indexOf('\n', at) - 1;
  return end < at ? [] : text.slice(at, end).split('\t');
}

function printLine(cells: (ByteString | number | undefined)[]): ByteString {
  return cells.map((cell) => (cell === undefined ? '\t' : String(cell) + '\t')).join('') + '\n';
}

/** A cell of several texts. None of them is empty. */
function joinTexts(texts: ByteString[]): ByteString {
  return texts.map(encodeText).join(BETWEEN_TEXTS);
}

function encodeCell(text: ByteString | undefined): ByteString | undefined {
  return text === undefined ? undefined : encodeText(text);
}

/** The id that the line at `start` begins with. */
export function readLineId(text: ByteString, start: number): string {
  return text.slice(start, start + ID_LENGTH_IN_LINE);
}

// ---- what lists show ------------------------------------------------------------------------------

// What is asked for most stands first.
const AT = { status: 1, wallS: 2, label: 3, command: 4, parameters: 5, metrics: 6, startedUtc: 7, tags: 8, exit: 9, signal: 10, userS: 11, systemS: 12, peakMemoryBytes: 13,
  reason: 14, directory: 15, code: 16, environment: 17, repeats: 18, parent: 19, tree: 20, verdicts: 21, sweep: 22, reused: 23 };

export type SummaryNotes = NotedFacts & Pick<RunSummary, 'outcome' | 'comments'>;

/** A line that SummaryLine reads. */
export function printSummaryLine(run: Run): ByteString {
  return printLine([run.id, run.status, run.wallS, encodeCell(run.label), encodeWithheld(run.command), joinTexts(run.parameters), joinTexts(run.metrics), run.startedUtc, joinTexts(run.tags),
    run.exit, run.signal, run.userS, run.systemS, run.peakMemoryBytes, encodeCell(run.reason), encodeText(run.directory), encodeCell(run.code),
    run.environment, run.repeats, run.parent, run.tree, joinTexts(Array.from(new Set(run.verdicts.map((verdict) => verdict.word)))),
    run.sweep === undefined ? undefined : String(run.sweep.number) + ' ' + encodeText(run.sweep.label), run.reused]);
}

/** The run that a line of printSummaryLine() tells of: `text` holds it at `start`. `noted`: what notes make of it. */
export class SummaryLine implements RunSummary {
  private readonly text: ByteString;
  private readonly start: number;
  private readonly noted: SummaryNotes | undefined;
  constructor(text: ByteString, start: number, noted?: SummaryNotes) {
    this.text = text;
    this.start = start;
    this.noted = noted;
  }

  get id(): string { return readLineId(this.text, this.start); }
  get status(): RunStatus { return readCell(this.text, this.start, AT.status) as RunStatus; }
  get wallS(): number | undefined { return readNumberCell(this.text, this.start, AT.wallS); }
  get label(): ByteString | undefined { return this.noted === undefined ? readTextCell(this.text, this.start, AT.label) : this.noted.label; }
  get command(): ByteString { return decodeWithheld(readCell(this.text, this.start, AT.command)); }
  get startedUtc(): string { return readCell(this.text, this.start, AT.startedUtc); }
  get tags(): ByteString[] { return this.noted === undefined ? readListCell(this.text, this.start, AT.tags) : this.noted.tags; }
  get exit(): number | undefined { return readNumberCell(this.text, this.start, AT.exit); }
  get signal(): string | undefined { return readCell(this.text, this.start, AT.signal) || undefined; }
  get userS(): number | undefined { return readNumberCell(this.text, this.start, AT.userS); }
  get systemS(): number | undefined { return readNumberCell(this.text, this.start, AT.systemS); }
  get peakMemoryBytes(): number | undefined { return readNumberCell(this.text, this.start, AT.peakMemoryBytes); }
  get reason(): ByteString | undefined { return this.noted === undefined ? readTextCell(this.text, this.start, AT.reason) : this.noted.reason; }
  get directory(): ByteString { return decodeText(readCell(this.text, this.start, AT.directory)); }
  get code(): ByteString | undefined { return readTextCell(this.text, this.start, AT.code); }
  get environment(): string | undefined { return readCell(this.text, this.start, AT.environment) || undefined; }
  get repeats(): string | undefined { return readCell(this.text, this.start, AT.repeats) || undefined; }
  get parent(): string | undefined { return readCell(this.text, this.start, AT.parent) || undefined; }
  get reused(): string | undefined { return readCell(this.text, this.start, AT.reused) || undefined; }
  get tree(): 'scratch' | undefined { return readCell(this.text, this.start, AT.tree) === '' ? undefined : 'scratch'; }
  get verdicts(): { word: VerdictWord }[] {
    return readListCell(this.text, this.start, AT.verdicts).map((word) => ({ word: word as VerdictWord }));
  }
  get sweep(): Run['sweep'] {
    const value = readCell(this.text, this.start, AT.sweep);
    const space = value.indexOf(' ');
    return value === '' ? undefined : { number: Number(value.slice(0, space)), label: decodeText(value.slice(space + 1)) };
  }
  get outcome(): ByteString | undefined { return this.noted?.outcome; }
  get comments(): ByteString[] | undefined { return this.noted?.comments; }
  get metrics(): ByteString[] { return readListCell(this.text, this.start, AT.metrics); }
  get parameters(): ByteString[] { return readListCell(this.text, this.start, AT.parameters); }
}

// ---- what the graph needs -------------------------------------------------------------------------

const GRAPH_AT = { status: 1, repeats: 2, parent: 3, tree: 4, label: 5, reason: 6, tags: 7, command: 8, files: 9 };

/** A line that GraphLine reads. */
export function printGraphLine(run: Run): ByteString {
  return printLine([run.id, run.status, run.repeats, run.parent, run.tree, encodeCell(run.label), encodeCell(run.reason), joinTexts(run.tags),
    encodeWithheld(run.command), ...run.inputs.map((file) => 'i' + printFile(file)), ...run.outputs.map((file) => 'o' + printFile(file)),
    ...run.removed.map((path) => 'r' + encodeText(path)), ...listFactCells(stepFactsOf(run))]);
}

// Facts of steps stand last, so that the last cell tells whether there are any.
const FACT_CELLS = 'PRSasfpnvhd';

function listFactCells(facts: StepFacts): ByteString[] {
  const each = (letter: string, values: ByteString[]): ByteString[] => values.map((value) => letter + encodeText(value));
  return (facts.plan === undefined ? [] : ['P' + encodeText(facts.plan)]).concat(facts.redoes === undefined ? [] : ['R' + facts.redoes],
    facts.sweep === undefined ? [] : ['S' + String(facts.sweep.number) + ' ' + encodeText(facts.sweep.label)], each('a', facts.absent), each('s', facts.secretInputs),
    each('f', facts.parameterFiles), facts.parameters.map((parameter) => 'p' + encodeParameter(parameter)), each('n', facts.declaredVariables), each('v', facts.variables),
    each('h', facts.variableHashes), each('d', facts.inputPatterns));
}

function parseFactCells(cells: ByteString[]): StepFacts {
  const facts: StepFacts = { absent: [], secretInputs: [], parameterFiles: [], parameters: [], declaredVariables: [], variables: [], variableHashes: [], inputPatterns: [] };
  const lists: { [letter: string]: ByteString[] } = {
    a: facts.absent, s: facts.secretInputs, f: facts.parameterFiles, n: facts.declaredVariables, v: facts.variables, h: facts.variableHashes, d: facts.inputPatterns,
  };
  for (const cell of cells) {
    const rest = cell.slice(1);
    if (cell[0] === 'P') facts.plan = decodeText(rest);
    else if (cell[0] === 'R') facts.redoes = rest;
    else if (cell[0] === 'S') facts.sweep = { number: parseInt(rest, 10), label: decodeText(rest.slice(rest.indexOf(' ') + 1)) };
    else if (cell[0] === 'p') facts.parameters.push(decodeParameter(rest));
    else if (lists[cell[0]] !== undefined) lists[cell[0]].push(decodeText(rest));
  }
  return facts;
}

/** Does the line at `start` have the path, encoded, as an output (a result or none) or an input? `hit` is where in the line " PATH<TAB>" stands. */
export function isFileCell(text: ByteString, hit: number, kind: 'input' | 'output'): boolean {
  const cell = text.lastIndexOf('\t', hit) + 1;
  return text[cell] === (kind === 'input' ? 'i' : 'o') && text.indexOf(' ', text.indexOf(' ', cell) + 2) === hit;
}

/** Did the run of the line at `start` run in the project, not in a scratch tree? */
export function isLineOfProject(text: ByteString, start: number): boolean {
  return readCell(text, start, GRAPH_AT.tree) === '';
}

type LineFiles = { inputs: FileState[]; outputs: FileState[]; removed: ByteString[] };

// Of so many files in all GraphLines keep what they read; then they begin anew.
const MOST_KEPT_FILES = 1 << 8;
let keepers: GraphLine[] = [];
let keptFiles = 0;

/** The run that a line of printGraphLine() tells of. Its files and facts are read when they are asked for. */
export class GraphLine implements StepRun {
  private readonly text: ByteString;
  private readonly start: number;
  private readonly noted: NotedFacts | undefined;
  private files: LineFiles | undefined;
  constructor(text: ByteString, start: number, noted?: NotedFacts) {
    this.text = text;
    this.start = start;
    this.noted = noted;
    this.files = undefined; // or V8 finds room for it elsewhere, 32 bytes more
  }

  get id(): string { return readLineId(this.text, this.start); }
  get status(): RunStatus { return readCell(this.text, this.start, GRAPH_AT.status) as RunStatus; }
  get repeats(): string | undefined { return readCell(this.text, this.start, GRAPH_AT.repeats) || undefined; }
  get parent(): string | undefined { return readCell(this.text, this.start, GRAPH_AT.parent) || undefined; }
  get tree(): 'scratch' | undefined { return readCell(this.text, this.start, GRAPH_AT.tree) === '' ? undefined : 'scratch'; }
  get label(): ByteString | undefined { return this.noted === undefined ? readTextCell(this.text, this.start, GRAPH_AT.label) : this.noted.label; }
  get reason(): ByteString | undefined { return this.noted === undefined ? readTextCell(this.text, this.start, GRAPH_AT.reason) : this.noted.reason; }
  get tags(): ByteString[] { return this.noted === undefined ? readListCell(this.text, this.start, GRAPH_AT.tags) : this.noted.tags; }
  get command(): ByteString { return decodeWithheld(readCell(this.text, this.start, GRAPH_AT.command)); }
  get inputs(): FileState[] { return this.readFiles().inputs; }
  get outputs(): FileState[] { return this.readFiles().outputs; }
  get removed(): ByteString[] { return this.readFiles().removed; }

  get redoes(): string | undefined { return this.facts.redoes; }
  get facts(): StepFacts {
    const end = this.text.indexOf('\n', this.start) - 1;
    if (FACT_CELLS.indexOf(this.text[this.text.lastIndexOf('\t', end - 1) + 1]) < 0) return NO_FACTS;
    return parseFactCells(readLastCells(this.text, this.start, GRAPH_AT.files));
  }

  private readFiles(): LineFiles {
    if (this.files !== undefined) return this.files;
    const files: LineFiles = { inputs: [], outputs: [], removed: [] };
    const cells = readLastCells(this.text, this.start, GRAPH_AT.files);
    for (const cell of cells) {
      const rest = cell.slice(1);
      if (cell[0] === 'i' || cell[0] === 'o') (cell[0] === 'i' ? files.inputs : files.outputs).push(parseFile(rest) as FileState);
      else if (cell[0] === 'r') files.removed.push(decodeText(rest));
    }
    keptFiles += cells.length;
    if (keptFiles > MOST_KEPT_FILES) {
      for (const line of keepers) line.files = undefined;
      keepers = [];
      keptFiles = cells.length;
    }
    keepers.push(this);
    this.files = files;
    return files;
  }
}
