// rocrateruns.ts - the runs of an RO-Crate as actions (Process Run Crate 0.5), with programs, parameters and notes. Knows no files but those named.
import type { ByteString } from '../core/bytes.ts';
import { dropEndSlashes } from '../core/names.ts';
import type { Environment } from '../core/environment.ts';
import type { AnnotatedRun, Comment } from '../core/notes.ts';
import type { Publication } from '../core/publication.ts';
import { spanOfRun } from '../core/run.ts';
import type { Run } from '../core/run.ts';
import { splitAt } from '../core/rundiff.ts';
import { encodeIri, isWebAddress } from '../formats/iri.ts';
import { swhidOfCode } from '../formats/swhid.ts';
import { jsonTextOf } from './json.ts';
import type { CrateFiles } from './rocratefiles.ts';
import { crateListOf } from './rocrategraph.ts';
import type { CrateEntity, CrateGraph, CrateReference } from './rocrategraph.ts';
import { programOfRun } from './runprograms.ts';

/** UTC with milliseconds, as the profile's judge reads it: 2026-11-23T02:11:41.525+00:00. */
export function crateTimeOf(ms: number): string {
  return new Date(Math.round(ms)).toISOString().replace('Z', '+00:00');
}

/** Why a run did not succeed; undefined if it did, or if nobody knows. */
function errorOfRun(run: Run): string | undefined {
  if (run.status === 'succeeded' || run.status === 'running') return undefined;
  if (run.status === 'lost') return 'It ended without leaving word';
  if (run.missingOutputs.length > 0) return 'It did not write ' + run.missingOutputs.map((path) => '"' + jsonTextOf(path) + '"').join(', ');
  const limit = run.timeoutS === undefined ? '' : ', with a limit of ' + String(run.timeoutS) + ' s';
  return run.signal !== undefined ? 'Ended by ' + run.signal + limit : run.exit !== undefined ? 'Exit status ' + String(run.exit) : undefined;
}

export class CrateRuns {
  private readonly graph: CrateGraph;
  private readonly files: CrateFiles;
  private readonly publication: Publication;
  /** Programs of which no version is told. */
  readonly unversioned = new Set<string>();

  constructor(graph: CrateGraph, files: CrateFiles, publication: Publication) {
    this.graph = graph;
    this.files = files;
    this.publication = publication;
  }

  /** Puts the runs, and gives the entities. */
  * putAll(): Generator<CrateEntity[]> {
    for (const one of this.publication.runs) {
      this.putRun(one);
      yield this.graph.take();
    }
  }

  private putRun({ run, notes }: AnnotatedRun): void {
    const id = '#run/' + run.id;
    this.graph.beginRun(id);
    const [startMs, endMs] = spanOfRun(run);
    const isDone = run.status === 'succeeded';
    const action: CrateEntity = {
      '@id': id, '@type': 'CreateAction', identifier: run.id, name: run.label === undefined ? 'Run ' + run.id : jsonTextOf(run.label),
      description: (run.reused === undefined ? '' : 'Outputs of run ' + run.reused + ' were put back and this was not run: ') + jsonTextOf(run.command),
      disambiguatingDescription: run.reason === undefined ? undefined : jsonTextOf(run.reason),
      keywords: crateListOf(run.tags.map(jsonTextOf)),
      startTime: crateTimeOf(startMs), endTime: run.wallS === undefined ? undefined : crateTimeOf(endMs),
      actionStatus: run.status === 'running' ? undefined : 'http://schema.org/' + (isDone ? 'Completed' : 'Failed') + 'ActionStatus', error: errorOfRun(run),
    };
    this.graph.addAction(this.graph.put(action));
    action.instrument = crateListOf(this.putInstruments(run));
    action.object = crateListOf(this.putObjects(run));
    action.result = crateListOf(this.putResults(run));
    action.environment = crateListOf(run.variables.map((line) => this.putValue(id + '/variable/', splitAt(line, '='))));
    action.resourceUsage = crateListOf(this.putUsage(run));
    const comments = notes.comments.map((comment, n) => this.putComment(id, comment, n));
    if (notes.outcome !== undefined) comments.push(this.graph.put({ '@id': id + '/outcome', '@type': 'Comment', name: 'Outcome', text: jsonTextOf(notes.outcome), about: { '@id': id } }));
    action.subjectOf = crateListOf(comments);
  }

  private putObjects(run: Run): CrateReference[] {
    const objects = run.inputs.map((file) => this.files.referenceOf(run, file, false));
    for (const line of run.secretInputs) objects.push(this.files.putSecret(run, splitAt(line, ' ')[1]));
    for (const line of run.parameters) objects.push(this.putValue('#run/' + run.id + '/parameter/', splitAt(line, ' ')));
    return objects;
  }

  private putResults(run: Run): CrateReference[] {
    const results = run.outputs.map((file) => this.files.referenceOf(run, file, true));
    for (const line of run.secretOutputs) results.push(this.files.putSecret(run, splitAt(line, ' ')[1]));
    for (const line of run.metrics) results.push(this.putValue('#run/' + run.id + '/metric/', splitAt(line, ' ')));
    return results;
  }

  private putValue(prefix: string, [name, value]: [ByteString, ByteString]): CrateReference {
    return this.graph.putNew({ '@id': prefix + encodeIri(name), '@type': 'PropertyValue', name: jsonTextOf(name), value: jsonTextOf(value) });
  }

  private putUsage(run: Run): CrateReference[] {
    const usage: [string, string, number | undefined, string][] = [
      ['elapsed', 'Elapsed time', run.wallS, 's'], ['user', 'User CPU time', run.userS, 's'], ['system', 'System CPU time', run.systemS, 's'],
      ['memory', 'Peak resident memory of one process, at least', run.peakMemoryBytes, 'bytes'],
    ];
    const known = usage.filter(([, , value]) => value !== undefined);
    return known.map(([word, name, value, unitText]) => this.graph.put({ '@id': '#run/' + run.id + '/usage/' + word, '@type': 'PropertyValue', name, value: String(value), unitText }));
  }

  private putComment(id: string, comment: Comment, n: number): CrateReference {
    const person = this.graph.put({ '@id': '#author/' + encodeIri(comment.author), '@type': 'Person', name: jsonTextOf(comment.author) });
    return this.graph.put({
      '@id': id + '/comment/' + String(n + 1), '@type': 'Comment', name: 'Comment on ' + id.slice(5), text: jsonTextOf(comment.text),
      dateCreated: comment.writtenUtc, creator: person, about: { '@id': id },
    });
  }

  /** What was carried out: the program, sources that its arguments name, and the state of the code. */
  private putInstruments(run: Run): CrateReference[] {
    if (run.reused !== undefined) return [this.putRecorder(run.rr)];
    const environment = run.environment === undefined ? undefined : this.publication.environments.get(run.environment);
    const program = programOfRun(run, environment);
    const instruments: CrateReference[] = [];
    if (program.isInProject && program.file !== undefined) {
      const reference = this.files.referenceOf(run, program.file, false);
      this.graph.addType(reference, 'SoftwareApplication');
      instruments.push(reference);
    } else {
      instruments.push(this.putProgram(run, environment));
    }
    for (const script of program.scripts) {
      const reference = this.files.referenceOf(run, script, false);
      this.graph.addType(reference, 'SoftwareSourceCode');
      if (instruments.every((one) => one['@id'] !== reference['@id'])) instruments.push(reference);
    }
    const code = this.putCode(run);
    return code === undefined ? instruments : instruments.concat(code);
  }

  private putProgram(run: Run, environment: Environment | undefined): CrateReference {
    const { name, file, version } = programOfRun(run, environment);
    const id = (run.environment === undefined ? '#program/' : '#environment/' + run.environment + '/program/') + encodeIri(file === undefined ? name : file.path.replace(/^\/+/, ''));
    if (version === undefined) this.unversioned.add(id);
    if (this.graph.has(id)) return { '@id': id };
    const os = environment?.facts.find((fact) => fact.name === 'Os');
    return this.graph.put({
      '@id': id, '@type': 'SoftwareApplication', name: name === '' ? 'A program that the command does not name plainly' : jsonTextOf(name),
      alternateName: file === undefined ? undefined : jsonTextOf(file.path), softwareVersion: version === undefined ? undefined : jsonTextOf(version),
      sha256: file === undefined || file.hash.length !== 64 ? undefined : file.hash, operatingSystem: os === undefined ? undefined : jsonTextOf(os.value),
      softwareRequirements: crateListOf(this.putPackages(environment)), additionalProperty: crateListOf(this.putFacts(run, environment)),
    });
  }

  private putPackages(environment: Environment | undefined): CrateReference[] {
    return (environment?.packages ?? []).map(({ manager, name, version, detail }) => this.graph.put({
      '@id': '#package/' + dropEndSlashes([manager, name, version, detail].map((part) => encodeIri(part).replace(/\//g, '%2F')).join('/')), '@type': 'SoftwareApplication', name: jsonTextOf(name),
      softwareVersion: version === '' ? undefined : jsonTextOf(version), description: 'Package of ' + manager + (detail === '' ? '' : ', ' + jsonTextOf(detail)),
    }));
  }

  /** Machine and system, as the environment's record names them. */
  private putFacts(run: Run, environment: Environment | undefined): CrateReference[] {
    const facts = (environment?.facts ?? []).filter((fact) => fact.name !== 'Os');
    return facts.map((fact) => this.graph.putNew({ '@id': '#environment/' + String(run.environment) + '/' + fact.name, '@type': 'PropertyValue', name: fact.name, value: jsonTextOf(fact.value) }));
  }

  private putCode(run: Run): CrateReference | undefined {
    const words = run.code === undefined ? [] : run.code.split(' ');
    if (words.length < 2 || words[1] === 'none' || words[1] === 'unknown') return undefined;
    const isDirty = words[2] === 'dirty';
    const remote = run.codeRemote === undefined ? undefined : jsonTextOf(run.codeRemote);
    return this.graph.put({
      '@id': '#code/' + words.map((word) => encodeIri(word).replace(/\//g, '%2F')).join('/'), '@type': 'SoftwareSourceCode', name: 'Code of the project, ' + words[0] + ' ' + jsonTextOf(words[1]),
      version: jsonTextOf(words[1]), identifier: swhidOfCode(run.code, run.codeRemote), codeRepository: remote, url: remote !== undefined && isWebAddress(remote) ? remote : undefined,
      description: !isDirty ? undefined : words[3] === '-' ? 'With changes that were not committed and are not recorded' : 'With the changes of provenance/code/' + String(words[3]) + '.patch',
    });
  }

  /** rr itself, of that version. */
  putRecorder(version: string): CrateReference {
    return this.graph.put({ '@id': '#rr/' + encodeIri(version), '@type': 'SoftwareApplication', name: 'rr', softwareVersion: version, description: 'Recorder of runs, which wrote the records' });
  }
}
