// report.ts - rr report: all that is recorded as one page, to look at in a browser.
import type { ByteString } from '../core/bytes.ts';
import type { Environment } from '../core/environment.ts';
import { RR_VERSION } from '../core/version.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { countStatuses } from '../core/journal.ts';
import { parseSize, printSize, SIZE_WORDS } from '../core/quantities.ts';
import { findLastRepeats, orderDetails } from '../core/report.ts';
import type { ReportedRun } from '../core/report.ts';
import { listReadings } from '../core/lineage.ts';
import { findRunBefore } from '../core/steps.ts';
import type { FileState, Run, RunSummary } from '../core/run.ts';
import { countThings, groupDigits } from '../formats/amounts.ts';
import { makeHarmless } from '../formats/percent.ts';
import { lstatIfThere, makeFolder, readFirstBytes, replaceFile } from '../sys/files.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { readMetadata } from '../sys/metadata.ts';
import { toRecordPath } from '../sys/observe.ts';
import { readKnownRun, readKnownRuns, selectKnownRuns } from '../sys/pickrun.ts';
import type { KnownRuns } from '../sys/pickrun.ts';
import { absoluteOf, requireProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { readEnvironment } from '../sys/records.ts';
import { PartFolder, readCourse, readLogExcerpts, readPatchExcerpt, readPreview } from '../sys/report.ts';
import { readGraphRuns } from '../sys/runindex.ts';
import { printOut, tell } from '../sys/terminal.ts';
import { keyOfEnvironment, keyOfPatch, keyOfPreview, printEnvironmentEntry, printPatchEntry, printPreviewEntry } from '../views/reportentries.ts';
import { makeReportColumns, makeReportGraph, printReportIndex, printStaticResults, printStaticTable, traceReport } from '../views/reportindex.ts';
import type { Reported } from '../views/reportindex.ts';
import { printReportPage, REPORT_MARK } from '../views/reportpage.ts';
import { ReportParts } from '../views/reportparts.ts';
import type { RunEntries, SharedEntry } from '../views/reportparts.ts';
import { formatBytes } from '../views/table.ts';

export type ReportOptions = { project: ByteString | undefined; output: ByteString | undefined; maxSize: ByteString | undefined; oneFile: boolean; force: boolean; quiet: boolean };

const DEFAULT_MAX_SIZE = '200M';
const UNTITLED = 'Recorded runs';
const MOST_PREVIEWS_OF_RUN = 12;
const MOST_ROWS_WITHOUT_SCRIPT = 500;

/** What is read of a project for its report. */
type ReportSources = {
  project: Project;
  known: KnownRuns;
  reported: Reported;
  /** Of each run that has a graph its place in the report, and of each place its run; -1: none. */
  placesOfRuns: Int32Array;
  runsOfPlaces: Int32Array;
  readings: ReturnType<typeof listReadings>;
  lastRepeats: Map<string, string>;
  /** By key, those that are in no part yet; undefined: there is nothing to be seen. */
  entries: Map<string, SharedEntry | undefined>;
};

/** Ids of the runs that read an output. */
function listReaders({ readings, reported: { lineage } }: ReportSources, output: number): string[] {
  const runs = readings.inputsOf(output).map((input) => readings.runsOfInputs[input]);
  return Array.from(new Set(runs), (run) => lineage.runs[run].id);
}

/** Both are in the order of ids. */
function placeRunsOfReport(runs: { id: string }[], chosen: RunSummary[]): Pick<ReportSources, 'placesOfRuns' | 'runsOfPlaces'> {
  const placesOfRuns = new Int32Array(runs.length).fill(-1);
  const runsOfPlaces = new Int32Array(chosen.length).fill(-1);
  let index = 0;
  chosen.forEach(({ id }, place) => {
    while (index < runs.length && runs[index].id < id) index += 1;
    if (index === runs.length || runs[index].id !== id) return;
    placesOfRuns[index] = place;
    runsOfPlaces[place] = index;
  });
  return { placesOfRuns, runsOfPlaces };
}

function readReportSources(project: Project, known: KnownRuns, chosen: RunSummary[]): ReportSources {
  const reported = traceReport(readGraphRuns(project).runs);
  const { lineage } = reported;
  return { project, known, reported, readings: listReadings(lineage), ...placeRunsOfReport(lineage.runs, chosen), lastRepeats: findLastRepeats(known.summaries), entries: new Map() };
}

/** An entry by its key, made by `find` the first time that it is asked for. */
function findShared(sources: ReportSources, parts: ReportParts, key: string, find: () => SharedEntry | undefined): SharedEntry | undefined {
  const placed = parts.entryOf(key);
  if (placed !== undefined) return placed;
  if (!sources.entries.has(key)) sources.entries.set(key, find());
  return sources.entries.get(key);
}

function findPreview({ project }: ReportSources, file: FileState): SharedEntry | undefined {
  const preview = readPreview(project, file);
  if (preview === undefined) return undefined;
  const html = printPreviewEntry(file, preview);
  return { key: keyOfPreview(file.hash), kind: preview.kind, print: () => html };
}

function findPatch({ project }: ReportSources, hash: string): SharedEntry | undefined {
  const patch = readPatchExcerpt(project, hash);
  return patch === undefined ? undefined : { key: keyOfPatch(hash), kind: 'patch', print: () => printPatchEntry(hash, patch.text, patch.leftBytes) };
}

function findEnvironment({ project }: ReportSources, hash: string): SharedEntry | undefined {
  const environment: Environment | undefined = readEnvironment(project, hash);
  return environment === undefined ? undefined : { key: keyOfEnvironment(hash), kind: 'environment', print: () => printEnvironmentEntry(hash, environment) };
}

function findRunEntries(sources: ReportSources, parts: ReportParts, run: Run): RunEntries {
  const previews = new Map<ByteString, SharedEntry>();
  for (const file of run.tree === undefined ? run.outputs.concat(run.inputs) : run.inputs) {
    if (previews.size >= MOST_PREVIEWS_OF_RUN) break;
    const found = file.hash.length !== 64 ? undefined : findShared(sources, parts, keyOfPreview(file.hash), () => findPreview(sources, file));
    if (found !== undefined) previews.set(file.path, found);
  }
  const patch = /^\S+ \S+ dirty ([0-9a-f]{64})$/.exec(run.code ?? '');
  return {
    previews, patch: patch === null ? undefined : findShared(sources, parts, keyOfPatch(patch[1]), () => findPatch(sources, patch[1])),
    environment: run.environment === undefined ? undefined : findShared(sources, parts, keyOfEnvironment(run.environment), () => findEnvironment(sources, run.environment as string)),
  };
}

/** The run at a place with what is read beside its record; undefined if that has gone. */
function readStory(sources: ReportSources, id: string, place: number): ReportedRun | undefined {
  const { project, known, reported: { lineage }, runsOfPlaces } = sources;
  const one = readKnownRun(project, known, id);
  if (one === undefined) return undefined;
  const index = runsOfPlaces[place];
  const repeat = sources.lastRepeats.get(id);
  const makerOf = (input: number): string | undefined => (lineage.origins[input] < 0 ? undefined : lineage.runs[lineage.runsOfOutputs[lineage.origins[input]]].id);
  const lostLogs: ByteString[] = [];
  return {
    one, lastRepeat: repeat === undefined ? undefined : readKnownRun(project, known, repeat)?.run, logs: readLogExcerpts(project, one.run, lostLogs), ...readCourse(project, one.run, lostLogs), lostLogs,
    makers: one.run.inputs.map((_, i) => (index < 0 ? undefined : makerOf(lineage.firstInputs[index] + i))),
    readers: one.run.outputs.map((_, i) => (index < 0 ? [] : listReaders(sources, lineage.firstOutputs[index] + i))),
  };
}

/** Puts the details of runs into `parts`, those first that matter most; gives the faults met. */
function addRunDetails(sources: ReportSources, chosen: RunSummary[], parts: ReportParts): Failure[] {
  const { runsOfPlaces, entries, reported: { isLive } } = sources;
  const faults: Failure[] = [];
  for (const place of orderDetails(chosen.length, (one) => runsOfPlaces[one] >= 0 && isLive[runsOfPlaces[one]] === 1)) {
    if (parts.isFull) break;
    try {
      const story = readStory(sources, chosen[place].id, place);
      if (story === undefined) continue;
      const found = findRunEntries(sources, parts, story.one.run);
      parts.add(place, story, found);
      for (const entry of [...found.previews.values(), found.patch, found.environment]) if (entry !== undefined && parts.entryOf(entry.key) !== undefined) entries.delete(entry.key);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      faults.push(error);
    }
  }
  return faults;
}

function chooseReported(known: KnownRuns, project: Project, folder: ByteString, references: ByteString[]): RunSummary[] {
  if (references.length === 0) return known.summaries;
  const chosen = new Set<string>();
  for (const reference of references) for (const run of selectKnownRuns(known, project, folder, reference)) chosen.add(run.id);
  return known.summaries.filter((run) => chosen.has(run.id));
}

function summarizeRuns(runs: RunSummary[]): ByteString {
  if (runs.length === 0) return 'No runs. rr ' + RR_VERSION;
  const days = [runs[0], runs[runs.length - 1]].map((run) => makeHarmless(run.startedUtc.slice(0, 10)));
  return countThings(runs.length, 'run') + ', ' + (days[0] === days[1] ? days[0] : days.join(' to ')) + ': ' + countStatuses(runs).map((one) => groupDigits(one.count) + ' ' + one.status).join(', ') + '. Times are UTC. rr ' + RR_VERSION;
}

/** The page's absolute name and its folder of parts. Throws Failure if something else than a report is there. */
function placeReport(project: Project, folder: ByteString, options: ReportOptions): { name: ByteString; shown: ByteString; partsFolder: ByteString } {
  if (options.output === '') throw new Failure('cannot write "": that is no name', 'name a file: -o FILE', EXIT.usage);
  const path = options.output === undefined ? 'report.html' : toRecordPath(project, folder, options.output);
  const name = absoluteOf(project, path);
  const there = lstatIfThere(name);
  const isReport = there !== undefined && there.isFile() && readFirstBytes(name, REPORT_MARK.length) === REPORT_MARK;
  if (there !== undefined && !isReport && (!options.force || !(there.isFile() || there.isSymbolicLink()))) {
    throw new Failure('cannot write "' + (options.output ?? path) + '": something else than a report is there', there.isFile() || there.isSymbolicLink() ? 'say --force to write over it, or name another by --output' : 'name a file by --output', EXIT.differs);
  }
  const partsFolder = name.replace(/\.html?$/i, '') + '_files';
  // Nobody named what a link of this name leads to.
  if (lstatIfThere(partsFolder)?.isDirectory() === false) throw new Failure('cannot write "' + (options.output ?? path) + '": "' + partsFolder + '", where parts of it go, is there and no folder', 'name another file by --output', EXIT.differs);
  return { name, shown: options.output ?? path, partsFolder };
}

function readTitle(project: Project, faults: Failure[]): ByteString {
  try {
    return makeHarmless(readMetadata(project).title ?? UNTITLED);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    faults.push(error);
    return UNTITLED;
  }
}

function printVerdictWords(words: { word: string }[]): ByteString {
  return Array.from(new Set(words.map((one) => (one.word === 'tolerance' ? 'within tolerance' : one.word)))).join(', ');
}

/** What the page says that it does not have. */
function describeLeft(count: number, detailed: number, maxSize: number, faults: number): ByteString[] {
  const left: ByteString[] = [];
  if (faults > 0) left.push(countThings(faults, 'record or note').replace(/record or notes$/, 'records or notes') + ' could not be read: run "rr verify"');
  if (detailed + faults < count) left.push('Of ' + countThings(count - detailed, 'run') + ' there is only the line in the table: what all of them tell is more than ' + printSize(maxSize) + ' (rr report --max-size)');
  return left;
}

/** Writes the report of the runs that `references` name, by default of all. Status 1 if a record or note could not be read. */
export function writeReport(references: ByteString[], options: ReportOptions): number {
  const folder = readCurrentFolder();
  const project = requireProject(folder, options.project);
  const maxSize = parseSize(options.maxSize ?? DEFAULT_MAX_SIZE);
  if (maxSize === undefined) throw new Failure('cannot use --max-size "' + String(options.maxSize) + '": not a size', 'write it as ' + SIZE_WORDS, EXIT.usage);
  const place = placeReport(project, folder, options);
  const known = readKnownRuns(project);
  const chosen = chooseReported(known, project, folder, references);
  const beside = new PartFolder(place.partsFolder);
  let written: { bytes: number; faults: Failure[] };
  try {
    written = writePage(project, known, chosen, { ...place, maxSize, beside }, options);
  } catch (error) {
    beside.keepOld();
    throw error;
  }
  if (!beside.keepNew()) return writeReport(references, options);
  const { bytes, faults } = written;
  if (!options.quiet) printOut(makeHarmless(place.shown) + ': ' + countThings(chosen.length, 'run') + ', ' + formatBytes(bytes) + (beside.names.length > 0 ? ' and ' + countThings(beside.names.length, 'file') + ' in ' + lastOf(place.partsFolder) : '') + '\n');
  for (const fault of faults) tell('rr: ' + fault.message);
  return faults.length > 0 ? EXIT.differs : 0;
}

type ReportPlace = { name: ByteString; partsFolder: ByteString; maxSize: number; beside: PartFolder };

/** Gives the page its name, and what is told of it: its size, and what could not be read. */
function writePage(project: Project, known: KnownRuns, chosen: RunSummary[], { name, partsFolder, maxSize, beside }: ReportPlace, options: ReportOptions): { bytes: number; faults: Failure[] } {
  const sources = readReportSources(project, known, chosen);
  const parts = new ReportParts({ count: chosen.length, isOneFile: options.oneFile, mostBytes: maxSize, write: (number, text) => beside.write(number, text) });
  const faults = known.runFaults.concat(known.noteFaults, addRunDetails(sources, chosen, parts));
  const { count, isBeside, printed } = parts.close();
  const left = describeLeft(chosen.length, parts.detailed, maxSize, faults.length);
  const title = readTitle(project, faults);
  const columns = makeReportColumns(chosen, (id) => {
    const repeat = sources.lastRepeats.get(id);
    return repeat === undefined ? undefined : printVerdictWords(known.summaries[findRunBefore(known.summaries, repeat, known.summaries.length)].verdicts);
  });
  const inOrder = (places: Set<number>): number[] => Array.from(places).sort((a, b) => a - b);
  const graph = makeReportGraph(sources.reported, sources.placesOfRuns, chosen.length);
  const placesOfParts = { count, of: Array.from(parts.partOf), folder: isBeside ? lastOf(partsFolder) : '', names: beside.names };
  const facts = { title, rr: RR_VERSION, left, series: inOrder(parts.withSeries), pictures: inOrder(parts.withPictures) };
  const page = {
    title, summary: summarizeRuns(chosen), left, articles: parts.articles, entries: parts.entries, parts: printed, hasPartFiles: isBeside,
    table: chosen.length === 0 ? '' : printStaticTable(columns, chosen.length, MOST_ROWS_WITHOUT_SCRIPT, (id) => parts.staticIds.has(id)),
    results: printStaticResults(sources.reported, sources.placesOfRuns, MOST_ROWS_WITHOUT_SCRIPT),
    index: () => printReportIndex(columns, graph, placesOfParts, facts),
  };
  let bytes = 0;
  makeFolder(name.slice(0, name.lastIndexOf('/')) || '/');
  replaceFile(name, function* pieces(): Generator<ByteString> {
    bytes = 0;
    for (const piece of printReportPage(page)) {
      bytes += piece.length;
      yield piece;
    }
  }, false);
  return { bytes, faults };
}

function lastOf(name: ByteString): ByteString {
  return name.slice(name.lastIndexOf('/') + 1);
}
