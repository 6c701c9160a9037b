// repeat.ts - repeats one recorded run, in a scratch tree or in the project, and compares what it leaves. Plans nothing.
import type { ByteString } from '../core/bytes.ts';
import type { Comparison, Tolerance } from '../core/comparison.ts';
import { isResultPath } from '../core/graph.ts';
import { fileParametersOf, nameFileParameter } from '../core/parameters.ts';
import type { FileParameter, ParameterSetting } from '../core/parameters.ts';
import { judgeRepeat } from '../core/repeat.ts';
import type { Judgement, RepeatSurroundings } from '../core/repeat.ts';
import { spanOfRun } from '../core/run.ts';
import type { FileState, Run, Verdict } from '../core/run.ts';
import { recognizeBinary } from '../formats/binarykind.ts';
import { bytesOfText } from '../formats/bytewindow.ts';
import { drawPngDifference } from '../formats/pngpicture.ts';
import { swhidOfCode } from '../formats/swhid.ts';
import { findLinkAbove } from './bounds.ts';
import { pauseMs } from './clock.ts';
import { argumentsOf, enterFolder, listChangedInputs, methodOf, openStreams, setVariables } from './commandplace.ts';
import type { Streams } from './commandplace.ts';
import { compareFiles } from './compare.ts';
import type { Content } from './compare.ts';
import { readFound } from './contents.ts';
import type { ContentFinder } from './contents.ts';
import { copyContent } from './copying.ts';
import { errorCode, lstatIfThere, makeFolder, readFirstBytes, toFsPath } from './files.ts';
import { deflateZlib, inflateZlibAtMost } from './inflate.ts';
import { readCurrentFolder } from './machine.ts';
import { fs } from './node.ts';
import { absoluteOf } from './project.ts';
import type { Project } from './project.ts';
import { recordCommand } from './recording.ts';
import type { Recorded } from './recording.ts';
import { GIT_PLACES } from './scratchgit.ts';
import { makeHeldFolder, removeHeldFolder } from './scratch.ts';
import type { Scratch } from './scratch.ts';

/** A repeat of `run`, or of what `changed` makes of it. */
export type OneRepeat = {
  /** Where the records are. */
  origin: Project;
  run: Run;
  finder: ContentFinder;
  /** Undefined: in the project itself. */
  scratch: Scratch | undefined;
  /** Other arguments than the recorded ones, and the parameters that go with them; values that were put into its files. */
  changed: { argv: ByteString[]; parameters: ByteString[]; inFiles: ParameterSetting[]; label: ByteString | undefined; reason: ByteString | undefined } | undefined;
  /** A commit whose code is in the tree instead of the recorded one. */
  commit: string | undefined;
  surroundings: RepeatSurroundings;
  /** Tolerances of the outputs of the run; the first whose pattern fits holds. */
  toleranceOf: (path: ByteString) => Tolerance | undefined;
  isKept: boolean;
  quiet: boolean;
  /** Called with the verdicts before they are recorded; may complete them. */
  onJudged: (repeat: Run, judgement: Judgement) => Promise<void>;
};

export type Repeated = Recorded & { judgement: Judgement };

// ---- comparing ----------------------------------------------------------------------------------------------

/** Folders of the two runs that stand for each other, and their times: by these some causes are told. */
function hintsOf(request: OneRepeat, tree: Project, repeat: Run): { firstPlaces: ByteString[]; secondPlaces: ByteString[]; firstSpan: [number, number]; secondSpan: [number, number] } {
  return { firstPlaces: [request.origin.root], secondPlaces: [tree.root], firstSpan: spanOfRun(request.run), secondSpan: spanOfRun(repeat) };
}

function compareOutput(request: OneRepeat, tree: Project, repeat: Run, first: FileState, second: FileState, kept: Map<ByteString, ByteString>): Comparison {
  const copy = kept.get(first.path);
  const found: Content | undefined = copy === undefined ? request.finder.find(first, request.run) : { kind: 'file', name: copy };
  if (found === undefined) return { kind: 'unchecked', why: 'other bytes; those of the run are not at hand' };
  const name = second.path[0] === '/' ? second.path : absoluteOf(tree, second.path);
  return compareFiles(found, { kind: 'file', name }, { path: first.path, tolerance: request.toleranceOf(first.path), ...hintsOf(request, tree, repeat) });
}

/** Standard output, where it was no file, is compared, too: of a run without outputs it is what counts. */
function judgeLog(request: OneRepeat, tree: Project, repeat: Run, judgement: Judgement): void {
  const isOut = (file: FileState): boolean => file.path.endsWith('.out');
  const first = request.run.logs.find(isOut);
  const second = repeat.logs.find(isOut);
  if (first === undefined && second === undefined) return;
  const path = first?.path ?? 'provenance/logs/' + request.run.id + '.out';
  const say = (word: Verdict['word'], detail: ByteString): void => { judgement.verdicts.push({ word, path, detail }); };
  if (first === undefined || second === undefined) return say(first === undefined ? 'extra' : 'missing', '');
  if (first.hash === second.hash) return say('identical', '');
  const comparison = compareOutput(request, tree, repeat, first, { ...second, path: second.path }, new Map());
  judgement.comparisons.set(path, comparison);
  if (comparison.kind === 'equivalent') say('tolerance', comparison.rule);
  else say('different', comparison.kind === 'different' ? comparison.detail : comparison.kind === 'unchecked' ? comparison.why : '');
}

/** In the project: copies of the outputs as they are, so that what the repeat makes can be compared with them. */
function keepOutputs(request: OneRepeat, folder: ByteString): Map<ByteString, ByteString> {
  const kept = new Map<ByteString, ByteString>();
  for (const file of request.run.outputs) {
    const found = file.kind === 'l' || !isResultPath(file.path) ? undefined : request.finder.find(file, request.run);
    if (found === undefined || found.kind !== 'file') continue;
    const name = folder + '/' + String(kept.size);
    copyContent(found.name, name);
    kept.set(file.path, name);
  }
  return kept;
}

// ---- the repeat -----------------------------------------------------------------------------------------------

/** What the record of the repeat says beforehand: the code is the one that was put into the tree. */
function fillRepeat(request: OneRepeat, repeat: Run): void {
  const { run, changed, commit, scratch } = request;
  if (changed === undefined) repeat.repeats = run.id;
  else repeat.parent = run.id;
  if (scratch !== undefined) repeat.tree = 'scratch';
  repeat.parameters = changed?.parameters ?? run.parameters;
  repeat.declaredVariables = run.declaredVariables;
  if (scratch === undefined) {
    // Its results take the place of those of the run, and are to be found by the same label.
    if (changed === undefined) {
      repeat.label = run.label;
      repeat.plan = run.plan;
    }
    return;
  }
  repeat.code = commit === undefined ? run.code : 'git ' + commit;
  repeat.codeSwhid = swhidOfCode(repeat.code, commit === undefined ? run.codeRemote : undefined);
  if (commit === undefined) {
    repeat.codeBranch = run.codeBranch;
    repeat.codeRemote = run.codeRemote;
    repeat.codeSubmodules = run.codeSubmodules;
    repeat.codeOthers = run.codeOthers;
    repeat.codeFiles = run.codeFiles;
  }
  repeat.warnings.push(...scratch.notes, ...scratch.lacking.map(({ file, why }) => 'the input ' + file.path + ' is not as the run read it: ' + why));
}

/** The values in files that are recorded: those of the run, and those that were set. */
function listFileParameters(run: Run, set: FileParameter[]): FileParameter[] {
  const recorded: FileParameter[] = fileParametersOf(run);
  const names = new Set(recorded.map(nameFileParameter));
  return recorded.concat(set.filter((one) => !names.has(nameFileParameter(one)))).map(({ path, key }) => ({ path, key }));
}

// Times of files go by ticks of 1 to 10 ms: what was put into the tree must not seem to be as young as the run.
const TICK_OF_FILES_MS = 12;

/**
 * Repeats the run and judges its outputs; resolves when its record is written. Standard streams,
 * variables and the current folder of rr itself are as before when this returns. Throws Failure as
 * recordCommand() does, and if the command's folder cannot be entered.
 */
export async function repeatRun(request: OneRepeat): Promise<Repeated> {
  const { run, origin, scratch, changed, surroundings } = request;
  const tree = scratch?.project ?? origin;
  const folder = absoluteOf(tree, run.directory);
  const came = readCurrentFolder();
  const beforeFolder = scratch === undefined ? makeHeldFolder(origin, 'before') : undefined;
  const kept = beforeFolder === undefined ? new Map<ByteString, ByteString>() : keepOutputs(request, beforeFolder);
  let streams: Streams | undefined;
  const restore = setVariables(run, folder, { without: scratch === undefined ? [] : GIT_PLACES, more: surroundings.variables });
  const umask = surroundings.umask === undefined ? undefined : process.umask(surroundings.umask);
  let judgement: Judgement = { verdicts: [], comparisons: new Map() };
  const judge = async (repeat: Run): Promise<void> => {
    judgement = judgeRepeat(run, repeat, (first, second) => compareOutput(request, tree, repeat, first, second, kept));
    judgeLog(request, tree, repeat, judgement);
    repeat.verdicts = judgement.verdicts;
    await request.onJudged(repeat, judgement);
  };
  try {
    streams = openStreams(run, tree, 'repeat ' + run.id);
    enterFolder(folder);
    if (scratch !== undefined) pauseMs(TICK_OF_FILES_MS);
    const recorded = await recordCommand({
      project: tree, folder: readCurrentFolder(), argv: surroundings.prefix.concat(changed?.argv ?? argumentsOf(run, tree.root)),
      label: changed?.label, reason: changed?.reason, tags: [], inputs: listChangedInputs(run).concat(run.declaredInputs).map((path) => absoluteOf(tree, path)), outputs: run.declaredOutputs.map((pattern) => absoluteOf(tree, pattern)),
      parameters: [], fileParameters: listFileParameters(run, changed?.inFiles ?? []), metricsFiles: run.metricsFiles, metricsFrom: run.metricsFrom, variables: [], timeoutS: run.timeoutS, asked: [], trace: methodOf(run), requireClean: false, noLogs: false, quiet: request.quiet, inherited: [],
      repeat: { origin, fill: (repeat) => fillRepeat(request, repeat), streams: streams.streams, redirects: streams.redirects, judge, isKept: request.isKept, step: undefined },
    });
    return { ...recorded, judgement };
  } finally {
    if (umask !== undefined) process.umask(umask);
    restore();
    enterFolder(came);
    streams?.close();
    if (beforeFolder !== undefined) removeHeldFolder(beforeFolder);
  }
}

/** Moves outputs of a repeat out of its tree, to be looked at: under .rr/different/ID/. Returns that folder, relative to the project; undefined if there are none. */
export function keepForLook(origin: Project, tree: Project, repeat: Run, paths: ByteString[]): ByteString | undefined {
  let isUsed = false;
  const folder = '.rr/different/' + repeat.id;
  for (const path of paths) {
    const from = absoluteOf(tree, path);
    if (!isResultPath(path) || lstatIfThere(from) === undefined || findLinkAbove(tree.root, from) !== undefined) continue;
    const to = absoluteOf(origin, folder + '/' + path);
    makeFolder(to.slice(0, to.lastIndexOf('/')));
    isUsed = true;
    try {
      fs.renameSync(toFsPath(from), toFsPath(to));
    } catch (error) {
      if (errorCode(error) !== 'EXDEV') throw error;
      copyContent(from, to);
    }
  }
  return isUsed ? folder : undefined;
}

// Twice this, as pixels and as text, must fit into memory.
const LARGEST_DRAWN_BYTES = 64 << 20;

/** Beside each PNG that is kept and differs, a picture that shows where: NAME.difference.png. `kept` is relative to the project. */
export function drawDifferences(request: OneRepeat, kept: ByteString, repeat: Run): void {
  for (const first of request.run.outputs) {
    if (!repeat.verdicts.some(({ word, path }) => word === 'different' && path === first.path)) continue;
    const name = absoluteOf(request.origin, kept + '/' + first.path);
    if (recognizeBinary(bytesOfText(readFirstBytes(name, 512))) !== 'PNG') continue;
    const found = request.finder.find(first, request.run);
    const before = found === undefined ? undefined : readFound(found, LARGEST_DRAWN_BYTES);
    const after = readFound({ kind: 'file', name }, LARGEST_DRAWN_BYTES);
    if (before === undefined || after === undefined) continue;
    const picture = drawPngDifference(bytesOfText(before), bytesOfText(after), inflateZlibAtMost, deflateZlib);
    if (picture !== undefined) fs.writeFileSync(toFsPath(name + '.difference.png'), picture);
  }
}
