// publication.ts - gathers what of the records is published: runs, results, inputs, environments, metadata. Prints nothing.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { findLiveRuns, placeRuns, resultsOf } from '../core/graph.ts';
import type { GraphRun, LiveRun } from '../core/graph.ts';
import { RunHolder } from '../core/heldrun.ts';
import type { ToldMetadata } from '../core/metadata.ts';
import { emptyMetadata } from '../core/metadata.ts';
import { applyNotes } from '../core/notes.ts';
import type { AnnotatedRun, Note } from '../core/notes.ts';
import type { Publication, PublishedInput, PublishedResult } from '../core/publication.ts';
import { spanOfRun } from '../core/run.ts';
import type { Run } from '../core/run.ts';
import { RR_VERSION } from '../core/version.ts';
import { readMetadata } from './metadata.ts';
import type { RemoteOfRun } from './metadata.ts';
import { pickRunIds } from './pickrun.ts';
import type { Project } from './project.ts';
import { readEachRecord } from './recordfiles.ts';
import { readEnvironment, readRun, readRunOrNot } from './records.ts';
import { readGraphRuns } from './runindex.ts';

/** `references`: RUN arguments; none means the runs that current results need, or (isAll) all. */
export type PublicationChoice = { references: ByteString[]; isAll: boolean; /** The current folder, for RUN arguments that are files. */ folder: ByteString; /** Facts of the project that the person gives, beside what files tell. */ said?: ToldMetadata; /** Nobody asks for title, authors and the like: what is wrong with them does not matter. */ hasNoMetadata?: boolean };

/** UTC, whole seconds. Throws Failure if SOURCE_DATE_EPOCH is set to something else than seconds since 1970. */
export function readMomentUtc(runs: Run[]): string {
  const set = process.env.SOURCE_DATE_EPOCH;
  // The year 9999 is the last of four digits.
  if (set !== undefined && set !== '' && (!/^\d{1,12}$/.test(set) || Number(set) > 253402300799)) throw new Failure('cannot use SOURCE_DATE_EPOCH "' + set + '": not seconds since 1970', '', EXIT.usage);
  const lastMs = runs.reduce((last, run) => Math.max(last, spanOfRun(run)[1]), 0);
  const ms = set !== undefined && set !== '' ? Number(set) * 1000 : Math.floor(lastMs / 1000) * 1000;
  return new Date(ms).toISOString().slice(0, 19) + 'Z';
}

function collectUnmade(runs: Run[]): PublishedInput[] {
  const made = new Set<string>();
  const keyOf = (file: { path: ByteString; hash: string }): string => file.hash + ' ' + file.path;
  for (const run of runs) for (const file of resultsOf(run)) made.add(keyOf(file));
  const inputs = new Map<string, PublishedInput>();
  for (const run of runs) {
    for (const file of run.inputs) {
      const key = keyOf(file);
      if (made.has(key)) continue;
      const known = inputs.get(key);
      if (known === undefined) inputs.set(key, { file, readers: [run.id] });
      else known.readers.push(run.id);
    }
  }
  return Array.from(inputs.values()).sort((a, b) => compareBytes(a.file.path, b.file.path) || compareBytes(a.file.hash, b.file.hash));
}

/** Ids of the runs wanted, in the order of their places. */
function chooseOrder(project: Project, choice: PublicationChoice, recorded: GraphRun[], live: LiveRun[]): string[] {
  const wanted = new Set<string>();
  for (const reference of choice.references) for (const id of pickRunIds(project, choice.folder, reference)) wanted.add(id);
  if (choice.references.length === 0) for (const run of choice.isAll ? recorded : live.map((one) => one.run)) wanted.add(run.id);
  const places = placeRuns(recorded).map((run) => run.id);
  // What another run stands in the place of has none: by its id.
  const placed = new Set(places);
  return places.concat(Array.from(wanted).filter((id) => !placed.has(id)).sort()).filter((id) => wanted.has(id));
}

const UNNOTED: AnnotatedRun['notes'] = { comments: [], tolerances: [], history: [] };

function readPublished(project: Project, ids: string[], notes: Map<string, Note[]>, faults: Failure[]): AnnotatedRun[] {
  const holder = new RunHolder();
  return readEachRecord(ids, faults, (id) => {
    const run = readRun(project, id);
    if (run === undefined) return undefined;
    const noted = notes.has(id) ? applyNotes(run, notes.get(id)) : { run, notes: UNNOTED };
    const { processes, absent } = noted.run;
    return { run: holder.hold({ ...noted.run, processes: processes.slice(0, 1), absent: absent.slice(0, 1) }), notes: noted.notes };
  });
}

/** Of the published runs and those recorded after the last of them that tells a remote, the last that does. */
function findLastRemote(project: Project, runs: AnnotatedRun[], recorded: GraphRun[]): RemoteOfRun | undefined {
  let last: RemoteOfRun | undefined;
  const published = new Set<string>();
  for (const { run } of runs) {
    published.add(run.id);
    if (run.codeRemote !== undefined && (last === undefined || run.id > last.id)) last = run;
  }
  for (let at = recorded.length - 1; at >= 0 && (last === undefined || recorded[at].id > last.id); at--) {
    const run = published.has(recorded[at].id) ? undefined : readRunOrNot(project, recorded[at].id);
    if (run?.codeRemote !== undefined) return run;
  }
  return last;
}

/**
 * What is to be published. Faults are records and notes that cannot be read. Throws Failure for a RUN
 * argument that means nothing, and for metadata that contradict each other.
 */
export function readPublication(project: Project, choice: PublicationChoice): { publication: Publication; faults: Failure[] } {
  const { runs: recorded, notes, faults, noteFaults } = readGraphRuns(project);
  const live = findLiveRuns(recorded).runs;
  const runs = readPublished(project, chooseOrder(project, choice, recorded, live), notes, faults);
  const plain = runs.map((one) => one.run);
  const published = new Set(plain.map((run) => run.id));
  const results: PublishedResult[] = [];
  for (const one of live) if (published.has(one.run.id)) for (const file of one.owned) results.push({ file, runId: one.run.id });
  results.sort((a, b) => compareBytes(a.file.path, b.file.path));
  const publication: Publication = {
    metadata: choice.hasNoMetadata === true ? emptyMetadata() : readMetadata(project, findLastRemote(project, runs, recorded), choice.said), runs, recorded, results, inputs: collectUnmade(plain), environments: new Map(), momentUtc: readMomentUtc(plain), rr: RR_VERSION,
  };
  for (const { environment } of plain) {
    if (environment === undefined || publication.environments.has(environment)) continue;
    const read = readEnvironment(project, environment);
    if (read !== undefined) publication.environments.set(environment, read);
  }
  return { publication, faults: faults.concat(noteFaults) };
}
