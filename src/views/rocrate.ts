// rocrate.ts - runs as an RO-Crate 1.1: Process Run Crate 0.5 and, with the Makefile, Workflow Run Crate 0.5. Touches no disk.
import type { ByteString } from '../core/bytes.ts';
import { findLiveRuns } from '../core/graph.ts';
import type { Creator } from '../core/metadata.ts';
import type { Publication } from '../core/publication.ts';
import { recordPath, spanOfRun } from '../core/run.ts';
import type { Run } from '../core/run.ts';
import { encodeIri, isWebAddress } from '../formats/iri.ts';
import { countOf } from './journal.ts';
import { jsonTextOf } from './json.ts';
import { CRATE_DESCRIPTOR, CrateFiles, indexCrateFiles, listNamedFiles } from './rocratefiles.ts';
import type { CrateFile, CrateIndex } from './rocratefiles.ts';
import { CrateFacts, crateListOf, CrateGraph, printCrate } from './rocrategraph.ts';
import type { CrateEntity, CrateReference } from './rocrategraph.ts';
import { CrateRuns, crateTimeOf } from './rocrateruns.ts';

/** What a crate is made of. */
export type CrateRequest = {
  publication: Publication;
  /** All that lies beside the crate; undefined: the current results and inputs that the records name. */
  files: CrateFile[] | undefined;
  /** Path of the Makefile that carries out all of these runs again; undefined: there is none, and it is no Workflow Run Crate. */
  workflow: ByteString | undefined;
  /** Sentences without full stop on files that are not as they were run. */
  changed?: ByteString[];
};

const PROFILES: [string, string, string][] = [
  ['https://w3id.org/ro/wfrun/process/0.5', 'Process Run Crate', '0.5'], ['https://w3id.org/ro/wfrun/workflow/0.5', 'Workflow Run Crate', '0.5'],
  ['https://w3id.org/workflowhub/workflow-ro-crate/1.0', 'Workflow RO-Crate', '1.0'],
];

function putCreator(graph: CrateGraph, creator: Creator): CrateReference {
  const id = creator.orcid !== undefined && isWebAddress(creator.orcid) ? creator.orcid : '#author/' + encodeIri(creator.name);
  const text = (value: ByteString | undefined): ByteString | undefined => (value === undefined ? undefined : jsonTextOf(value));
  if (creator.kind === 'organisation') return graph.put({ '@id': id, '@type': 'Organization', name: jsonTextOf(creator.name), email: text(creator.email) });
  const affiliation = creator.affiliation === undefined ? undefined : graph.put({ '@id': '#organisation/' + encodeIri(creator.affiliation), '@type': 'Organization', name: jsonTextOf(creator.affiliation) });
  return graph.put({ '@id': id, '@type': 'Person', name: jsonTextOf(creator.name), givenName: text(creator.given), familyName: text(creator.family), email: text(creator.email), affiliation });
}

function putLicense(graph: CrateGraph, license: ByteString | undefined): CrateReference | string {
  if (license === undefined) return 'No license is recorded. Ask those who hold the rights before you use this';
  if (!/^[A-Za-z0-9.+-]+$/.test(license)) return jsonTextOf(license);
  return graph.put({ '@id': 'https://spdx.org/licenses/' + license, '@type': 'CreativeWork', name: license, identifier: license, description: 'The license ' + license + ' of the SPDX list' });
}

/** Facts of the root that the project's own files tell; what RO-Crate asks for and they do not tell is said to be so. */
function describeRoot(graph: CrateGraph, { publication, changed }: CrateRequest): { [key: string]: unknown } {
  const { metadata, runs, results } = publication;
  const text = (value: ByteString | undefined): ByteString | undefined => (value === undefined ? undefined : jsonTextOf(value));
  const repository = text(metadata.repository);
  const hasAddress = repository !== undefined && isWebAddress(repository);
  const told = metadata.description === undefined ? countOf(runs.length, 'recorded run') + ' and ' + countOf(results.length, 'current result') + '. The project tells no description' : jsonTextOf(metadata.description);
  return {
    name: text(metadata.title) ?? 'Recorded runs of a project that tells no title',
    description: told + (changed === undefined || changed.length === 0 ? '' : '. Not as it was run: ' + changed.map(jsonTextOf).join('; ')),
    datePublished: metadata.released ?? publication.momentUtc, license: putLicense(graph, metadata.license),
    author: crateListOf(metadata.creators.map((creator) => putCreator(graph, creator))),
    keywords: crateListOf(metadata.keywords.map(jsonTextOf)), version: text(metadata.version), url: text(metadata.url),
    identifier: metadata.doi === undefined ? undefined : 'https://doi.org/' + jsonTextOf(metadata.doi),
    isBasedOn: repository === undefined ? undefined : graph.put({
      '@id': hasAddress ? repository : '#repository', '@type': 'SoftwareSourceCode', name: 'Code of the project', codeRepository: repository, url: hasAddress ? repository : undefined, version: text(metadata.version),
    }),
  };
}

/** The Makefile as workflow, and the action that stands for all runs together. */
function putWorkflow(graph: CrateGraph, files: CrateFiles, publication: Publication, workflow: ByteString): { main: CrateReference; action: CrateReference } {
  const main = files.putUnknown(workflow);
  const entity: { [key: string]: unknown } = {
    description: 'Rules that carry out again the runs that current results need; made from their records', encodingFormat: 'text/x-makefile',
    programmingLanguage: graph.put({ '@id': '#make', '@type': 'ComputerLanguage', name: 'make', version: 'POSIX.1-2017', url: 'https://pubs.opengroup.org/onlinepubs/9699919799/utilities/make.html' }),
  };
  graph.addType(main, 'SoftwareSourceCode');
  graph.addType(main, 'ComputationalWorkflow');
  graph.tell(main, entity);
  const runs = new Map(publication.runs.map(({ run }): [string, Run] => [run.id, run]));
  const live = findLiveRuns(Array.from(runs.values())).runs.map((one) => runs.get(one.run.id) as Run);
  const liveIds = new Set(live.map((run) => run.id));
  const spans = live.map(spanOfRun);
  const inputs = publication.inputs.map(({ file, readers }) => ({ file, reader: readers.find((id) => liveIds.has(id)) })).filter((one) => one.reader !== undefined);
  const objects = inputs.map(({ file, reader }) => files.referenceOf(runs.get(reader as string) as Run, file, false));
  const results = publication.results.map(({ file, runId }) => files.referenceOf(runs.get(runId) as Run, file, true));
  const action = graph.put({
    '@id': '#runs', '@type': 'CreateAction', name: 'The runs that current results need, together',
    description: 'These runs taken as one: each was carried out by itself and is an action of its own. The Makefile was made from their records afterwards and repeats them',
    startTime: spans.length === 0 ? undefined : crateTimeOf(spans.reduce((least, span) => Math.min(least, span[0]), Infinity)),
    endTime: spans.length === 0 ? undefined : crateTimeOf(spans.reduce((most, span) => Math.max(most, span[1]), 0)),
    instrument: main, object: crateListOf(objects), result: crateListOf(results),
  });
  return { main, action };
}

/** Of provenance/runs/... and provenance/logs/... the action that they tell of. */
function aboutRuns(publication: Publication): (path: ByteString) => { [key: string]: unknown } {
  const ids = new Set<string>();
  const logs = new Map<ByteString, string>();
  for (const { run } of publication.runs) {
    ids.add(run.id);
    for (const log of run.logs) logs.set(log.path, run.id);
  }
  return (path) => {
    const named = path.endsWith('.rec') ? path.slice(path.lastIndexOf('/') + 1, -4) : '';
    const id = ids.has(named) && path === 'provenance/' + recordPath(named) ? named : logs.get(path);
    if (id === undefined) return {};
    const isLog = path.startsWith('provenance/logs/');
    return { about: { '@id': '#run/' + id }, encodingFormat: 'text/plain', description: (isLog ? 'What the run printed or gave while it ran: run ' : 'Record of run ') + id };
  };
}

function listLeft(request: CrateRequest, files: CrateFiles, runs: CrateRuns): ByteString[] {
  const { metadata, runs: published } = request.publication;
  const lacking: [string, boolean][] = [['title', metadata.title === undefined], ['description', metadata.description === undefined], ['license', metadata.license === undefined], ['author', metadata.creators.length === 0]];
  const left: ByteString[] = [];
  for (const [word, isLacking] of lacking) if (isLacking) left.push('RO-Crate asks for ' + (word === 'author' ? 'an ' : 'a ') + word + ', which no file of the project tells');
  left.push(...metadata.doubts);
  if (metadata.released === undefined) left.push('RO-Crate asks for a date of publication: it is the end of the last run, or SOURCE_DATE_EPOCH');
  left.push('RO-Crate has an agent for each run: the records do not tell who started them');
  if (runs.unversioned.size > 0) left.push('the version of ' + countOf(runs.unversioned.size, 'program') + ' is not recorded');
  if (files.odd.size > 0) left.push(countOf(files.odd.size, 'name') + ' that are not UTF-8 are percent-encoded');
  const some = (test: (run: typeof published[0]['run']) => boolean): number => published.filter(({ run }) => test(run)).length;
  const silent: [string, number][] = [
    ['processes', some((run) => run.processes.length > 0)], ['files that were removed', some((run) => run.removed.length > 0)], ['files that may be of another run', some((run) => run.uncertain.length > 0)],
    ['files that were looked for and not there', some((run) => run.absent.length > 0)], ['verdicts of repeats', some((run) => run.verdicts.length > 0)], ['variables whose value is withheld', some((run) => run.variableHashes.length > 0)],
    ['libraries and limits of the machine', some((run) => run.environment !== undefined)], ['which run another one repeats or changes', some((run) => run.repeats !== undefined || run.parent !== undefined || run.redoes !== undefined)], ['warnings', some((run) => run.warnings.length > 0)],
  ];
  for (const [what, count] of silent) if (count > 0) left.push('RO-Crate has no word for ' + what + ' (of ' + countOf(count, 'run') + '): see the records');
  return left;
}

/** One walk through all entities, and what it learns beside them. */
class CrateWalk {
  readonly files: CrateFiles;
  readonly runs: CrateRuns;
  private readonly graph: CrateGraph;
  private readonly request: CrateRequest;
  private readonly known: CrateFacts;

  constructor(request: CrateRequest, index: CrateIndex, known: CrateFacts) {
    this.request = request;
    this.known = known;
    this.graph = new CrateGraph(known);
    this.files = new CrateFiles(this.graph, index);
    this.runs = new CrateRuns(this.graph, this.files, request.publication);
  }

  * walk(about: ReturnType<typeof aboutRuns>): Generator<CrateEntity[]> {
    const { graph, files, runs, known } = this;
    const { publication, workflow } = this.request;
    const profiles = PROFILES.slice(0, workflow === undefined || publication.runs.length === 0 ? 1 : 3);
    const specifications = ['https://w3id.org/ro/crate/1.1'].concat(profiles.length > 1 ? [PROFILES[2][0]] : []);
    graph.put({ '@id': CRATE_DESCRIPTOR, '@type': 'CreativeWork', about: { '@id': './' }, conformsTo: crateListOf(specifications.map((id) => ({ '@id': id }))), creator: { '@id': '#rr/' + encodeIri(publication.rr) } });
    const root = graph.put({ '@id': './', '@type': 'Dataset' });
    graph.tell(root, { conformsTo: crateListOf(profiles.map(([id, name, version]) => graph.put({ '@id': id, '@type': 'CreativeWork', name, version, url: id }))) });
    graph.tell(root, describeRoot(graph, this.request));
    runs.putRecorder(publication.rr);
    yield graph.take();
    yield* files.putAll(about);
    yield* runs.putAll();
    const whole = profiles.length > 1 && workflow !== undefined ? putWorkflow(graph, files, publication, workflow) : undefined;
    graph.tell(root, { mainEntity: whole?.main, mentions: crateListOf((whole === undefined ? [] : [whole.action]).concat(known.actions)), hasPart: crateListOf(known.parts) });
    yield graph.take();
  }
}

/**
 * ro-crate-metadata.json as UTF-8, and what it cannot express or asks for in vain. With `files` each of
 * them is a data entity; all other contents that runs read or wrote are described without one.
 */
export function printRoCrate(request: CrateRequest): { text: () => Iterable<ByteString>; left: ByteString[] } {
  const { publication } = request;
  const index = indexCrateFiles(request.files ?? listNamedFiles(publication));
  const about = aboutRuns(publication);
  const known = new CrateFacts();
  const first = new CrateWalk(request, index, known);
  // Rule 4 of rocrategraph.ts.
  const walk = first.walk(about);
  while (walk.next().done !== true);
  known.isWhole = true;
  return { text: () => printCrate(new CrateWalk(request, index, known).walk(about)), left: listLeft(request, first.files, first.runs) };
}
