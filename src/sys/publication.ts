// publication.ts - gathers what of the records is published: runs, results, inputs, environments, metadata. Prints nothing.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { findLiveRuns, placeRuns, resultsOf } from '../core/graph.ts';
import type { ToldMetadata } from '../core/metadata.ts';
import { annotateRuns } from '../core/notes.ts';
import { emptyMetadata } from '../core/metadata.ts';
import type { AnnotatedRun } from '../core/notes.ts';
import type { Publication, PublishedInput, PublishedResult } from '../core/publication.ts';
import { spanOfRun } from '../core/run.ts';
import type { Run } from '../core/run.ts';
import { RR_VERSION } from '../core/version.ts';
import { readMetadata } from './metadata.ts';
import { readNotes } from './notes.ts';
import { pickAnnotatedRuns } from './pickrun.ts';
import type { Project } from './project.ts';
import { readEnvironment, readRuns } from './records.ts';

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

/**
 * What is to be published. Faults are records and notes that cannot be read. Throws Failure for a RUN
 * argument that means nothing, and for metadata that contradict each other.
 */
export function readPublication(project: Project, choice: PublicationChoice): { publication: Publication; faults: Failure[] } {
  const { runs: recorded, faults } = readRuns(project);
  const { notes, faults: noteFaults } = readNotes(project);
  const annotated = new Map(annotateRuns(recorded, notes).map((one): [string, AnnotatedRun] => [one.run.id, one]));
  const live = findLiveRuns(recorded).runs;
  const wanted = new Set<string>();
  for (const reference of choice.references) for (const one of pickAnnotatedRuns(project, choice.folder, reference)) wanted.add(one.run.id);
  if (choice.references.length === 0) for (const run of choice.isAll ? recorded : live.map((one) => one.run)) wanted.add(run.id);
  const places = placeRuns(recorded).map((run) => run.id);
  // What another run stands in the place of has none: by its id.
  const placed = new Set(places);
  const order = places.concat(Array.from(wanted).filter((id) => !placed.has(id)).sort());
  const runs = order.filter((id) => wanted.has(id)).map((id) => annotated.get(id)).filter((one): one is AnnotatedRun => one !== undefined);
  const results: PublishedResult[] = [];
  for (const one of live) if (wanted.has(one.run.id)) for (const file of one.owned) results.push({ file, runId: one.run.id });
  results.sort((a, b) => compareBytes(a.file.path, b.file.path));
  const plain = runs.map((one) => one.run);
  const publication: Publication = {
    metadata: choice.hasNoMetadata === true ? emptyMetadata() : readMetadata(project, recorded, choice.said), runs, recorded, results, inputs: collectUnmade(plain), environments: new Map(), momentUtc: readMomentUtc(plain), rr: RR_VERSION,
  };
  for (const { environment } of plain) {
    if (environment === undefined || publication.environments.has(environment)) continue;
    const read = readEnvironment(project, environment);
    if (read !== undefined) publication.environments.set(environment, read);
  }
  return { publication, faults: faults.concat(noteFaults) };
}
