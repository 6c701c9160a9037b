// why.ts - rr why and rr used: where a file comes from, would it come out the same, and what depends on it.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import type { Lineage, LineageGraph, LineageStart, MakerAnswer } from '../core/lineage.ts';
import { findMaker, findReaders, isKnownContent, outputState, traceDown, traceLineage, traceUp } from '../core/lineage.ts';
import { isSameContent, listOwners } from '../core/graph.ts';
import type { GraphRun } from '../core/graph.ts';
import { RunHolder } from '../core/heldrun.ts';
import type { ChainLink, Leaf, LeafState, Reproducible } from '../core/reproducible.ts';
import { judgeReproducible } from '../core/reproducible.ts';
import type { FileState, Run } from '../core/run.ts';
import { RUN_ID } from '../core/run.ts';
import { EnvironmentComparer } from '../sys/environmentnow.ts';
import { readFileStates } from '../sys/filestates.ts';
import type { SeenFiles } from '../sys/filestates.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { toRecordPath } from '../sys/observe.ts';
import { pickRun } from '../sys/pickrun.ts';
import type { Project } from '../sys/project.ts';
import { requireProject } from '../sys/project.ts';
import { readRunOrNot } from '../sys/records.ts';
import { readGraphRuns } from '../sys/runindex.ts';
import { isTerminal, printPieces, readColumns, tell } from '../sys/terminal.ts';
import { printLineageDot } from '../views/lineagedot.ts';
import { printLineageJson } from '../views/lineagejson.ts';
import type { FileMark, LineageStory, ToldRun } from '../views/lineagestory.ts';
import { foldStory, toldOfRun } from '../views/lineagestory.ts';
import { printLineageSvg } from '../views/lineagesvg.ts';
import { printLineageTree } from '../views/lineagetree.ts';

export type WhyOptions = {
  project: ByteString | undefined;
  isDown: boolean;
  depth: ByteString | undefined;
  all: boolean;
  dot: boolean; svg: boolean; json: boolean;
};

type History = { project: Project; runs: GraphRun[]; lineage: Lineage };

/** What was asked for: a file as it is now (undefined: it is not there), or a run. */
type Question = { kind: 'file'; path: ByteString; now: FileState | undefined } | { kind: 'run'; run: number };

const FILES_IN_PICTURE = 10;

function parseDepth(text: ByteString | undefined): number {
  if (text === undefined) return Infinity;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Failure('cannot use --depth "' + text + '": not a number of runs', 'write 1, 2, ...', EXIT.usage);
  return Number(text);
}

// ---- the question -----------------------------------------------------------------------------------

function indexOfRun(history: History, id: string): number {
  const index = history.runs.findIndex((run) => run.id === id);
  if (index < 0) throw new Failure('cannot explain the run "' + id + '": it has no record yet', 'wait for its end', EXIT.differs);
  return index;
}

/** A word that names a file which is there, or was, is that file; else it is a RUN argument. */
async function readQuestion(history: History, current: ByteString, word: ByteString): Promise<Question> {
  const { project, lineage } = history;
  if (RUN_ID.test(word) || word[0] === '@') return { kind: 'run', run: indexOfRun(history, pickRun(project, current, word).id) };
  const path = toRecordPath(project, current, word);
  const now = (await readFileStates(project, [path])).stateOf(path);
  if (now !== undefined) {
    if (now.kind === 'd') throw new Failure('cannot explain "' + word + '": it is a folder', 'name a file in it', EXIT.usage);
    if (now.hash === '?') throw new Failure('cannot read "' + word + '"', '', EXIT.failed);
    return { kind: 'file', path, now };
  }
  if (findMaker(lineage, path, undefined).kind === 'gone' || findReaders(lineage, path, undefined).other.length > 0) return { kind: 'file', path, now: undefined };
  return { kind: 'run', run: indexOfRun(history, pickRunFor(history, current, word).id) };
}

function pickRunFor(history: History, current: ByteString, word: ByteString): Run {
  try {
    return pickRun(history.project, current, word);
  } catch (error) {
    if (!(error instanceof Failure) || error.exitStatus !== EXIT.differs) throw error;
    throw new Failure('cannot explain "' + word + '": there is no such file, no run made or read it, and no run is called so', 'run "rr list"', EXIT.differs);
  }
}

type Tracing = { answer: LineageStory['answer']; asked: FileState | undefined; start: LineageStart };

/** The content last read at a path that is gone and that no run made. */
function lastRead(lineage: Lineage, path: ByteString): FileState {
  const { other } = findReaders(lineage, path, undefined);
  return other[other.length - 1].input;
}

function planTracing(lineage: Lineage, question: Question): Tracing {
  if (question.kind === 'run') return { answer: 'run', asked: undefined, start: { kind: 'run', run: question.run } };
  const { path, now } = question;
  const maker: MakerAnswer = findMaker(lineage, path, now);
  if (maker.kind === 'unmade') {
    const file = now ?? lastRead(lineage, path);
    return { answer: 'unmade', asked: file, start: { kind: 'file', file, output: -1 } };
  }
  const file = maker.kind === 'made' ? now as FileState : outputState(lineage, maker.output);
  return { answer: maker.kind, asked: now ?? file, start: { kind: 'file', file, output: maker.output } };
}

// ---- what is told of it -------------------------------------------------------------------------------

/** What `choose` takes of the records of the runs of a graph, by node; undefined where one cannot be read. */
function readRecords<Part extends Partial<Run>>(project: Project, history: History, graph: LineageGraph, choose: (run: Run) => Part): (Part | undefined)[] {
  const holder = new RunHolder();
  return graph.runs.map(({ run }) => {
    const record = readRunOrNot(project, history.runs[run].id);
    return record === undefined ? undefined : holder.hold(choose(record));
  });
}

/** Of each file node: did a run that read it take it for code? */
function markCode(graph: LineageGraph, records: (ToldRun | undefined)[]): boolean[] {
  const isCode = graph.files.map(() => false);
  graph.runs.forEach((run, node) => {
    const paths = new Set((records[node]?.codeFiles ?? []).map((file) => file.path));
    if (paths.size > 0) for (const file of run.reads) if (paths.has(graph.files[file].file.path)) isCode[file] = true;
  });
  return isCode;
}

function compareNow(file: FileState, seen: SeenFiles): LeafState {
  const now = seen.stateOf(file.path);
  if (now === undefined) return 'gone';
  if (!isKnownContent(file) || now.hash === '?') return 'unknown';
  return isSameContent(file, now) ? 'same' : 'changed';
}

const LEAF_MARKS: { [state: string]: FileMark } = { same: 'as read', changed: 'changed since', gone: 'gone', unknown: '' };

/** Of each file node how it is now. Up: only raw data, for the rest is told by its run. */
function markFiles(history: History, graph: LineageGraph, seen: SeenFiles): FileMark[] {
  if (graph.direction === 'up') {
    return graph.files.map(({ file, origin }) => (origin.kind === 'raw' ? LEAF_MARKS[compareNow(file, seen)] : ''));
  }
  const owners = listOwners(history.runs);
  return graph.files.map(({ file, origin }) => {
    const state = compareNow(file, seen);
    if (origin.kind !== 'run') return state === 'same' || origin.kind === 'other' ? '' : LEAF_MARKS[state];
    const owner = owners.get(file.path);
    if (owner !== undefined && owner.index !== graph.runs[origin.node].run) return 'superseded';
    return state === 'same' ? 'current' : LEAF_MARKS[state];
  });
}

/** All of the chain, whatever --depth says: the answer is on the whole. */
async function judgeChain(history: History, start: LineageStart): Promise<Reproducible> {
  const { project, runs, lineage } = history;
  const graph = traceUp(lineage, start, Infinity);
  const records = readRecords(project, history, graph, (run) => ({ ...run, processes: [] }));
  const isCode = markCode(graph, records);
  const needed: Set<ByteString>[] = graph.runs.map(() => new Set());
  const leaves: { node: number; readers: string[] }[] = [];
  graph.files.forEach(({ file, origin }, node) => {
    if (origin.kind === 'run') needed[origin.node].add(file.path);
    else if (origin.kind === 'raw') leaves[node] = { node, readers: [] };
  });
  if (start.kind === 'run') for (const output of runs[start.run].outputs) if (isKnownContent(output)) needed[0].add(output.path);
  for (const { run, reads } of graph.runs) for (const file of reads) leaves[file]?.readers.push(runs[run].id);
  const repeats = new Map<string, Run[]>();
  const inChain = new Set(graph.runs.map(({ run }) => runs[run].id));
  for (const run of runs) {
    const record = run.repeats !== undefined && inChain.has(run.repeats) ? readRunOrNot(project, run.id) : undefined;
    if (record !== undefined && record.repeats !== undefined) repeats.set(record.repeats, (repeats.get(record.repeats) ?? []).concat(record));
  }
  const chain: ChainLink[] = graph.runs.map(({ run }, node) => ({ id: runs[run].id, run: records[node], needed: Array.from(needed[node]), repeats: repeats.get(runs[run].id) ?? [] }));
  const there = leaves.filter((leaf) => leaf !== undefined);
  const seen = await readFileStates(project, there.map((leaf) => graph.files[leaf.node].file.path));
  const facts: Leaf[] = there.map(({ node, readers }) => ({ file: graph.files[node].file, state: compareNow(graph.files[node].file, seen), isCode: isCode[node], readers }));
  const comparer = new EnvironmentComparer(project);
  const answer = judgeReproducible(chain, facts, (environment) => comparer.changesOf(environment));
  comparer.save();
  return answer;
}

async function gatherStory(history: History, question: Question, options: WhyOptions): Promise<LineageStory> {
  const { project, runs, lineage } = history;
  const { answer, asked, start } = planTracing(lineage, question);
  const depth = parseDepth(options.depth);
  const graph = options.isDown ? traceDown(lineage, start, depth) : traceUp(lineage, start, depth);
  const records = readRecords(project, history, graph, toldOfRun);
  const nameOf = (run: number): { id: string; label: ByteString | undefined } => ({ id: runs[run].id, label: runs[run].label });
  const looked = options.isDown ? graph.files : graph.files.filter((file) => file.origin.kind === 'raw');
  const seen = await readFileStates(project, looked.map((file) => file.file.path));
  const readers = asked === undefined ? { same: [], other: [] } : findReaders(lineage, asked.path, asked);
  const unique = (list: { run: number }[]): number[] => Array.from(new Set(list.map((one) => one.run)));
  return {
    asked, answer, graph, records, nameOf, marks: markFiles(history, graph, seen), isCode: markCode(graph, records),
    readers: answer === 'unmade' && !options.isDown ? unique(readers.same.concat(readers.other)).map(nameOf) : [],
    reproducible: options.isDown || answer === 'unmade' ? undefined : await judgeChain(history, start),
  };
}

function printStory(story: LineageStory, options: WhyOptions): Iterable<ByteString> {
  if (options.json) return printLineageJson(story);
  if (options.dot || options.svg) {
    const { story: folded, folded: counts } = foldStory(story, options.all ? Infinity : FILES_IN_PICTURE);
    return [options.svg ? printLineageSvg(folded, counts) : printLineageDot(folded)];
  }
  return printLineageTree(story, { width: isTerminal(1) ? readColumns(1) : Infinity, isComplete: options.all });
}

/** Down: whether anything depends on it. Up: whether a run made the file as it is. */
function chooseStatus(story: LineageStory): number {
  if (story.graph.direction === 'down') return story.graph.runs.length === 0 ? EXIT.differs : 0;
  return story.answer === 'made' || story.answer === 'run' ? 0 : EXIT.differs;
}

/**
 * Prints where a file, or a run, comes from, or (isDown) what depends on it. Status 1 if no run made
 * the file as it is now; of isDown, if nothing depends on it.
 */
export async function explainFile(word: ByteString, options: WhyOptions): Promise<number> {
  if (Number(options.dot) + Number(options.svg) + Number(options.json) > 1) throw new Failure('cannot print in several forms at once', 'say --dot, --svg or --json', EXIT.usage);
  parseDepth(options.depth);
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  const { runs, faults } = readGraphRuns(project);
  const history: History = { project, runs, lineage: traceLineage(runs) };
  const story = await gatherStory(history, await readQuestion(history, current, word), options);
  printPieces(printStory(story, options));
  for (const fault of faults) tell('rr: ' + fault.message);
  return chooseStatus(story);
}
