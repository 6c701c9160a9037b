// show.ts - rr show: one run, all that is known of it.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import type { AnnotatedRun } from '../core/notes.ts';
import type { Run } from '../core/run.ts';
import { recordPath, RUN_ID } from '../core/run.ts';
import type { ResourceSample, Series, SeriesPoint } from '../core/series.ts';
import { makeHarmless } from '../formats/percent.ts';
import { numberOfValue } from '../formats/series.ts';
import { printJsonRun } from '../views/json.ts';
import { printEnvironmentPage, printNotesPage, printRunPage } from '../views/page.ts';
import { printPlot } from '../views/plot.ts';
import { printProcessTree } from '../views/processes.ts';
import { findLinkOut } from '../sys/bounds.ts';
import { readBytesIfThere, seeFileIfThere } from '../sys/files.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { pickAnnotatedRun } from '../sys/pickrun.ts';
import type { Project } from '../sys/project.ts';
import { absoluteOf, requireProject } from '../sys/project.ts';
import { readRecordFile } from '../sys/recordfiles.ts';
import { readRecordText } from '../sys/records.ts';
import { readResourcesOf, readSeriesOf } from '../sys/series.ts';
import { printRecord } from '../sys/store.ts';
import { isTerminal, printWholeFile, printOut, readColumns } from '../sys/terminal.ts';

export type ShowOptions = {
  project: ByteString | undefined;
  json: boolean; raw: boolean; logs: boolean; processes: boolean; files: boolean; environment: boolean;
  /** Long lists in full. */
  all: boolean;
  /** Series to be drawn, of all the runs named; and how. */
  plots: ByteString[]; isLog: boolean; isPlain: boolean;
};

/** Draws series of runs, or prints one run. */
export function showRuns(references: ByteString[], options: ShowOptions): number {
  if (options.plots.length > 0) return plotRuns(references, options);
  if (options.isLog || options.isPlain) throw new Failure('cannot use --' + (options.isLog ? 'log' : 'ascii') + ' without --plot', '', EXIT.usage);
  if (references.length > 1) throw new Failure('cannot show several runs but with --plot', 'name one, or run "rr diff" or "rr list"', EXIT.usage);
  return showRun(references[0], options);
}

// What every run that is long enough has.
const RESOURCES = ['cpus', 'memory', 'read', 'written', 'processes', 'gpu', 'gpu_memory'];

/** A resource as a series: its values over the time. */
function resourceSeries(samples: ResourceSample[], name: string): Series[] {
  const valueOf = (one: ResourceSample): number | undefined => [one.cpus, one.memoryBytes, one.readBytes, one.writtenBytes, one.processes, one.gpuPercent, one.gpuMemoryBytes][RESOURCES.indexOf(name)];
  const points = samples.filter((one) => valueOf(one) !== undefined).map((one) => ({ atS: one.atS, step: undefined, value: String(valueOf(one)) }));
  return points.length === 0 ? [] : [{ name, points }];
}

type Drawable = { run: Run; series: Series[] };

/** What a curve goes over: steps if all points of all of them have one, else the time, else the order. */
function chooseAxis(all: Series[]): { title: string; valueOf: (point: SeriesPoint, i: number) => number } {
  const every = (test: (point: SeriesPoint) => boolean): boolean => all.every(({ points }) => points.every(test));
  if (every((point) => point.step !== undefined)) return { title: 'step', valueOf: (point) => point.step as number };
  if (every((point) => point.atS !== undefined)) return { title: 'seconds', valueOf: (point) => point.atS as number };
  return { title: 'values, in their order', valueOf: (_, i) => i + 1 };
}

function plotOne(name: ByteString, drawables: Drawable[], options: ShowOptions): ByteString {
  const found = drawables.map(({ run, series }) => ({ run, one: series.find((other) => other.name === name) })).filter((one): one is { run: Run; one: Series } => one.one !== undefined);
  const known = Array.from(new Set(drawables.reduce<ByteString[]>((names, { series }) => names.concat(series.map((one) => one.name)), []))).sort(compareBytes);
  if (found.length === 0) {
    const hint = known.length === 0 ? '' : 'there are ' + known.slice(0, 20).map(makeHarmless).join(', ') + (known.length > 20 ? ' and ' + String(known.length - 20) + ' more' : '');
    throw new Failure('cannot plot "' + name + '": ' + (drawables.length === 1 ? 'the run has' : 'none of the runs has') + ' no series of that name', hint, EXIT.differs);
  }
  const axis = chooseAxis(found.map(({ one }) => one));
  const curves = found.map(({ run, one }) => ({ label: run.id + (run.label === undefined ? '' : ' ' + makeHarmless(run.label)), points: one.points.map((point, i) => ({ x: axis.valueOf(point, i), y: numberOfValue(point.value) ?? NaN })) }));
  const isUtf8 = /utf-?8/i.test(process.env.LC_ALL || process.env.LC_CTYPE || process.env.LANG || '');
  const picture = printPlot(curves, { columns: readColumns(1), rows: PLOT_ROWS, isPlain: options.isPlain || !isUtf8, isLog: options.isLog, xTitle: axis.title });
  const points = found[0].one.points;
  const title = makeHarmless(name) + (found.length === 1 ? ': ' + String(points.length) + ' values, the last ' + points[points.length - 1].value : ' of ' + String(found.length) + ' runs');
  return title + '\n' + (picture === '' ? 'no value of it can be drawn' + (options.isLog ? ' on a logarithmic scale' : '') + '\n' : picture);
}

const PLOT_ROWS = 16;

function plotRuns(references: ByteString[], options: ShowOptions): number {
  if (options.json || options.raw) throw new Failure('cannot use --plot with --json or --raw', 'the values are in provenance/logs/ID.series, a table of tabs', EXIT.usage);
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  const drawables = references.map((reference): Drawable => {
    const { run } = pickAnnotatedRun(project, current, reference);
    const series = readSeriesOf(project, run);
    const samples = readResourcesOf(project, run);
    // A metric of the same name is what the run said itself.
    for (const name of RESOURCES) if (!series.some((one) => one.name === name)) series.push(...resourceSeries(samples, name));
    return { run, series };
  });
  printOut(options.plots.map((name) => plotOne(name, drawables, options)).join('\n'));
  return 0;
}

/** Prints a run, or of it what `options` ask for: the first of them that is set, in their order. */
function showRun(reference: ByteString, options: ShowOptions): number {
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  // The record as it is needs no parsing, and is wanted most when that fails.
  const raw = options.raw && RUN_ID.test(reference) ? readRecordText(project, reference) : undefined;
  if (raw !== undefined) {
    printOut(raw);
    return 0;
  }
  const annotated = pickAnnotatedRun(project, current, reference);
  const { run } = annotated;
  if (options.logs && !options.json && !options.raw) {
    for (const log of run.logs) printKeptLog(project, log.path);
  } else printOut(printAsked(project, annotated, options));
  return 0;
}

/** What it printed, as it is: of the files that rr keeps of it, and never through a link of a stranger. */
function printKeptLog(project: Project, path: ByteString): void {
  if (!/^provenance\/logs\/[^/]+\.(?:out|err)$/.test(path)) return;
  const name = absoluteOf(project, path);
  if (findLinkOut(project.root, name) !== undefined) throw new Failure('cannot show "' + path + '": it is a link that leads out of the project', 'run "rr verify"', EXIT.differs);
  seeFileIfThere(name, printWholeFile);
}

function printAsked(project: Project, { run, notes }: AnnotatedRun, options: ShowOptions): ByteString {
  if (options.json) return printJsonRun(run, notes) + '\n';
  if (options.raw) return readBytesIfThere(project.provenance + '/' + recordPath(run.id)) ?? printRecord(run);
  if (options.processes || options.files) return printProcessesAsked(run, options);
  if (options.environment) return readEnvironmentPage(project, run);
  const environment = run.environment === undefined ? undefined : readRecordFile(project, 'environments/' + run.environment + '.rec');
  return printRunPage(run, environment, options.all) + printNotesPage(notes, options.all);
}

function printProcessesAsked(run: Run, options: ShowOptions): ByteString {
  if (run.processes.length === 0) {
    throw new Failure('cannot show processes and their files of "' + run.id + '": its record has none (observed by ' + run.observed + ')', 'record it with --trace strace', EXIT.differs);
  }
  const width = isTerminal(1) ? readColumns(1) : Infinity;
  return printProcessTree(run, { width, hasFiles: options.files, isComplete: options.all });
}

function readEnvironmentPage(project: Project, run: Run): ByteString {
  if (run.environment === undefined) throw new Failure('cannot show the environment of "' + run.id + '": its record names none', '', EXIT.differs);
  const text = readRecordFile(project, 'environments/' + run.environment + '.rec');
  if (text === undefined) throw new Failure('cannot show the environment of "' + run.id + '": "provenance/environments/' + run.environment + '.rec" is not there', 'run "rr verify"', EXIT.differs);
  return printEnvironmentPage(text);
}
