// diff.ts - rr diff: in what runs differ.
import type { ByteString } from '../core/bytes.ts';
import type { Comparison } from '../core/comparison.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { isSecretFile } from '../core/filerules.ts';
import { isResultPath } from '../core/graph.ts';
import { diffTexts, isBinaryContent } from '../core/linediff.ts';
import { findTolerance } from '../core/notes.ts';
import type { AnnotatedRun, RunNotes } from '../core/notes.ts';
import { spanOfRun } from '../core/run.ts';
import type { FileState, Run } from '../core/run.ts';
import { compareRuns, hasDifference, isSameRow } from '../core/rundiff.ts';
import type { ContentDifference, DiffRow, RunDifference } from '../core/rundiff.ts';
import { findCounterpart } from '../core/select.ts';
import { alignFileParameters } from '../formats/parameterfile.ts';
import type { RecordedCode } from '../sys/codestates.ts';
import { countCommitsBetween, findRecordedCode, listChangedNames, readRecordedFile, readSubject } from '../sys/codestates.ts';
import { compareFiles } from '../sys/compare.ts';
import type { CompareOptions } from '../sys/compare.ts';
import { ContentFinder, readFound } from '../sys/contents.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { filterKnownRunsByFiles, pickAnnotatedRun, readKnownRun, readKnownRuns } from '../sys/pickrun.ts';
import type { Project } from '../sys/project.ts';
import { relativeTo, requireProject } from '../sys/project.ts';
import { makeResultTester } from '../sys/store.ts';
import { readEnvironment } from '../sys/records.ts';
import { printOut, readColumns, tell } from '../sys/terminal.ts';
import { MOST_DIFFERENCE_ROWS, printRunDifference } from '../views/rundiff.ts';
import { printJsonDifference } from '../views/rundiffjson.ts';

export type DiffOptions = {
  project: ByteString | undefined;
  origin: ByteString | undefined;
  all: boolean;
  json: boolean;
};

/** Larger texts are not compared line by line. */
const LARGEST_TEXT_BYTES = 16 << 20;
/** Tracked files, not seen to be read, that are looked into. */
const MOST_UNSEEN = 200;
/** Of these the contents are compared, too; of the second list by their kind. */
const WITH_CONTENTS = ['code_files', 'inputs', 'outputs', 'uncertain', 'logs', 'environment.lock_files'];
const WITH_KINDS = ['inputs', 'outputs', 'uncertain'];

/** Prints in what runs differ from the first, or from the one of --origin; status 0 only if they do not. */
export function diffRuns(references: ByteString[], options: DiffOptions): number {
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  const compared = chooseCompared(project, (reference) => pickAnnotatedRun(project, current, reference), references, options.origin);
  const runs = compared.map((one) => one.run);
  const finder = new ContentFinder(project);
  const unseen = findUnseenCode(project, finder, runs);
  const difference = compareRuns(alignFileParameters(runs), runs.map((run) => (run.environment === undefined ? undefined : readEnvironment(project, run.environment))), unseen.files);
  tellOfCode(finder, difference, unseen);
  compareRunContents({ project, finder, runs, notes: compared[0].notes }, difference, options.all ? Infinity : MOST_DIFFERENCE_ROWS);
  finder.close();
  if (options.json) printOut(printJsonDifference(difference, options.all));
  else printOut(printRunDifference(difference, { width: readColumns(1), isComplete: options.all }));
  return hasDifference(difference) ? EXIT.differs : 0;
}

/** The runs, the origin first. One that stands alone gets another to be compared with. */
function chooseCompared(project: Project, pick: (reference: ByteString) => AnnotatedRun, references: ByteString[], origin: ByteString | undefined): AnnotatedRun[] {
  const named = references.map(pick);
  if (origin !== undefined) {
    const first = pick(origin);
    const others = named.filter(({ run }) => run.id !== first.run.id);
    return [first].concat(others.length > 0 ? others : named.slice(0, 1));
  }
  if (named.length > 1) return named;
  const known = readKnownRuns(project);
  const counterpart = findCounterpart(named[0].run, known.summaries, (path) => filterKnownRunsByFiles(project, known, known.summaries, [path], []));
  const other = counterpart === undefined ? undefined : readKnownRun(project, known, counterpart.id);
  if (counterpart === undefined || other === undefined) {
    throw new Failure('cannot compare "' + references[0] + '": no earlier run has its label or wrote one of its files', 'name two runs: rr diff RUN RUN', EXIT.usage);
  }
  tell('rr: compared with ' + counterpart.id + ', ' + counterpart.why);
  return [other].concat(named);
}

// ---- code ---------------------------------------------------------------------------------------------

/** Is it known what the run read? */
function isTraced(run: Run): boolean {
  return /^(?:strace|atime)/.test(run.observed);
}

/** Names of tracked files, no results, in which the code of some run differs from that of the first, by their paths; sorted. */
function listChangedPaths(project: Project, finder: ContentFinder, codes: (RecordedCode | undefined)[]): Map<ByteString, ByteString> {
  const isCurrentResult = makeResultTester(project);
  const [first, ...others] = codes;
  const names = new Map<ByteString, ByteString>();
  for (const other of others) {
    if (first === undefined || other === undefined) continue;
    for (const name of listChangedNames(finder, first, other) ?? []) {
      const path = relativeTo(project, first.repository.top + '/' + name);
      if ((path[0] === '/' || isResultPath(path)) && !isCurrentResult(path) && !isSecretFile(path)) names.set(path, name);
    }
  }
  return names;
}

/** Code that a run was not seen to read: its files, and how many more there are. */
type UnseenCode = { files: FileState[][]; count: number };

/**
 * Tracked files that differ between the recorded states and that the runs were not seen to read: of
 * runs of which it is not known what they read, with their hashes; of others only their number.
 */
function findUnseenCode(project: Project, finder: ContentFinder, runs: Run[]): UnseenCode {
  const seen = new Set<ByteString>();
  for (const run of runs) {
    const code = new Set(run.codeFiles.map((file) => file.path));
    for (const file of run.outputs) seen.add(file.path);
    for (const file of run.inputs) if (isTraced(run) || !code.has(file.path)) seen.add(file.path);
  }
  const codes = runs.map((run) => findRecordedCode(finder, run));
  const names = Array.from(listChangedPaths(project, finder, codes)).filter(([path]) => !seen.has(path));
  if (runs.every(isTraced)) return { files: runs.map(() => []), count: names.length };
  const files = codes.map((code) => {
    const states: FileState[] = [];
    for (const [path, name] of code === undefined ? [] : names.slice(0, MOST_UNSEEN)) {
      const found = readRecordedFile(finder, code as RecordedCode, name, path);
      if (found !== undefined) states.push(found.file);
    }
    return states;
  });
  return { files, count: Math.max(0, names.length - MOST_UNSEEN) };
}

function countCommits(count: number): string {
  return String(count) + (count === 1 ? ' commit' : ' commits');
}

function describeDistance(first: RecordedCode, other: RecordedCode): string {
  const counts = countCommitsBetween(first, other);
  if (counts === undefined || (counts.first === 0 && counts.second === 0)) return '';
  if (counts.first === 0) return ', ' + countCommits(counts.second) + ' later';
  return counts.second === 0 ? ', ' + countCommits(counts.first) + ' earlier' : ', on another branch: ' + countCommits(counts.second) + ' after the two parted, the first has ' + String(counts.first);
}

function describeRecordedCommit(code: RecordedCode): ByteString {
  if (code.commit === 'none') return 'nothing was committed yet';
  const subject = readSubject(code);
  return code.commit.slice(0, 12) + (subject === undefined ? ' is not in the repository any more' : ' "' + subject + '"');
}

/** Adds what the commits are called and how far they lie apart, and what else differs in the code. */
function tellOfCode(finder: ContentFinder, difference: RunDifference, unseen: UnseenCode): void {
  const { runs } = difference;
  const files = difference.aspects.find((one) => one.name === 'code_files');
  if (files !== undefined && unseen.files.some((list) => list.length > 0)) {
    files.told.push({ run: undefined, text: 'not traced: of the tracked files that differ some may not have been read' });
  }
  const aspect = difference.aspects.find((one) => one.name === 'code');
  if (aspect === undefined) return;
  const codes = runs.map((run) => findRecordedCode(finder, run));
  const [first] = codes;
  if (first !== undefined && codes.some((code) => code !== undefined && code.commit !== first.commit)) {
    codes.forEach((code, run) => {
      if (code === undefined || (run > 0 && code.commit === first.commit)) return;
      aspect.told.push({ run, text: describeRecordedCommit(code) + (run === 0 ? '' : describeDistance(first, code)) });
    });
  }
  if (unseen.count > 0) {
    const some = unseen.count === 1 ? '1 tracked file' : String(unseen.count) + ' tracked files';
    aspect.told.push({ run: undefined, text: runs.every(isTraced) ? some + ', which none of the runs read, differ' + (unseen.count === 1 ? 's' : '') : some + ' more of the code are not looked into' });
  }
}

// ---- contents -----------------------------------------------------------------------------------------

/** `notes` are those on the origin: they may say which differences of numbers are accepted. */
type ContentRequest = { project: Project; finder: ContentFinder; runs: Run[]; notes: RunNotes };

/**
 * Finds the contents of files that changed, and tells in what they differ; of each aspect no more than
 * `most`, as to look for a content that is nowhere any more takes its time.
 */
function compareRunContents(request: ContentRequest, difference: RunDifference, most: number): void {
  for (const aspect of difference.aspects) {
    if (WITH_CONTENTS.indexOf(aspect.name) < 0) continue;
    const isByKind = WITH_KINDS.indexOf(aspect.name) >= 0;
    for (const row of aspect.rows.filter((one) => !isSameRow(one)).slice(0, most)) {
      row.changes.forEach((change, run) => {
        // What another run had already is not told twice.
        if (change === 'changed' && row.values.indexOf(row.values[run]) === run) row.contents.push(...compareRow(request, row, run, isByKind));
      });
    }
  }
}

function compareRow(request: ContentRequest, row: DiffRow, run: number, isByKind: boolean): ContentDifference[] {
  const { finder, runs } = request;
  const [before, after] = [row.files?.[0], row.files?.[run]];
  if (before === undefined || after === undefined) return [];
  if (before.hash === after.hash && before.hash !== '?') return [{ run, told: ['the same bytes, of another kind of file'], lines: [] }];
  if (before.hash.length !== 64 || after.hash.length !== 64) return [];
  const first = finder.find(before, runs[0]);
  const second = finder.find(after, runs[run]);
  if (first === undefined || second === undefined) {
    const missing = [first === undefined ? runs[0].id : '', second === undefined ? runs[run].id : ''].filter((id) => id !== '');
    return [{ run, told: ['its content in ' + missing.join(' and in ') + ' is not to be found any more'], lines: [] }];
  }
  const comparison = isByKind ? compareFiles(first, second, optionsOf(request, after.path, run)) : undefined;
  const { told, lines } = compareLines(readFound(first, LARGEST_TEXT_BYTES), readFound(second, LARGEST_TEXT_BYTES));
  return [{ run, told: describeComparison(comparison).concat(told), lines }];
}

/** What is accepted, and what tells causes: the place and the times of both runs. */
function optionsOf({ project, runs, notes }: ContentRequest, path: ByteString, run: number): CompareOptions {
  return {
    path, tolerance: findTolerance(notes, path), firstPlaces: [project.root], secondPlaces: [project.root],
    firstSpan: spanOfRun(runs[0]), secondSpan: spanOfRun(runs[run]),
  };
}

function describeComparison(comparison: Comparison | undefined): ByteString[] {
  if (comparison === undefined || comparison.kind === 'identical') return [];
  if (comparison.kind === 'unchecked') return [comparison.why];
  if (comparison.kind === 'equivalent') return ['the same by the rule "' + comparison.rule + '": ' + comparison.detail];
  return [comparison.detail + (comparison.causes.length === 0 ? '' : '; may come from: ' + comparison.causes.join(', '))];
}

function compareLines(first: ByteString | undefined, second: ByteString | undefined): { told: ByteString[]; lines: ByteString[] } {
  if (first === undefined || second === undefined) return { told: ['too large to be compared line by line'], lines: [] };
  if (isBinaryContent(first) || isBinaryContent(second)) return { told: [], lines: [] };
  const { lines, isCoarse } = diffTexts(first, second);
  return { told: isCoarse ? ['so many lines differ that more of them than necessary may be shown'] : [], lines };
}
