// provmodel.ts - runs as W3C PROV: activities, entities, agents and how they stand to each other (PROV-DM). Knows no spelling of PROV.
import type { ByteString } from '../core/bytes.ts';
import type { AnnotatedRun } from '../core/notes.ts';
import type { Publication } from '../core/publication.ts';
import type { FileState, Run } from '../core/run.ts';
import { spanOfRun } from '../core/run.ts';
import { splitAt } from '../core/rundiff.ts';
import { jsonTextOf } from './json.ts';

// 1. A file is an entity by path and content: another content is another entity.
// 2. No entity is generated twice, or used before it is generated (PROV-CONSTRAINTS, 5.3). Where runs
//    made the same content at the same path again, or read it before, each made one of its own, which
//    is a specialization of that content; who read it later used that of the last maker before.
// 3. That an output was derived from an input is not claimed: a run may have read what it did not use.
// 4. Names of attributes are PROV's own, or of the namespace of rr.

/** A namespace that nobody else can have (RFC 4122); its terms are the fields of records (docs/record-format.txt) in lower case. */
export const PROV_NAMESPACE = 'urn:uuid:4d8bb1a6-6b5e-4a0e-9a3c-0f6d8c2a7e51#';

/** 'text' is a string; 'name' a qualified name; the others are of XML Schema. Values are UTF-8. */
export type ProvValue = { type: 'text' | 'name' | 'integer' | 'decimal'; value: ByteString };
/** A qualified name, such as 'prov:label', and its value. */
export type ProvAttribute = [string, ProvValue];

/** `attributes` gives them when they are printed: most walks through a document print few of its elements. */
export type ProvElement =
  | { kind: 'entity' | 'agent'; id: string; attributes: () => ProvAttribute[] }
  | { kind: 'activity'; id: string; startUtc: string; endUtc: string | undefined; attributes: () => ProvAttribute[] };

/** The kinds of relation that are used, and what stands in their places: the formal attributes of PROV-DM in its order. */
export const PROV_RELATIONS = {
  used: ['activity', 'entity', 'time'],
  wasGeneratedBy: ['entity', 'activity', 'time'],
  wasAssociatedWith: ['activity', 'agent', 'plan'],
  wasAttributedTo: ['entity', 'agent'],
  specializationOf: ['specificEntity', 'generalEntity'],
  hadMember: ['collection', 'entity'],
} as const;

/** `places`: ids in the order of PROV_RELATIONS; what is missing at the end is not known. */
export type ProvRelation = { kind: keyof typeof PROV_RELATIONS; places: string[] };

export type ProvPart = ProvElement | ProvRelation;

/**
 * `walk` gives all parts, those of a run at a time, no element twice. It may be asked several times, as notations have
 * them in an order by kinds, and those of 100,000 runs are too many to be held.
 */
export type ProvDocument = { walk: () => Iterable<ProvPart[]>; left: ByteString[] };

/** Part of a qualified name: letters, digits, "-", "_", "." and "/" stand as they are, all other bytes are %XX. */
function encodeProvName(text: ByteString): string {
  const encoded = text.replace(/[^A-Za-z0-9._/-]/g, (byte) => '%' + byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0'));
  return encoded.replace(/\.$/, '%2E');
}

/** What is said of a run, but for its times: attributes of one value, then lists. */
function attributesOfRun({ run, notes }: AnnotatedRun): ProvAttribute[] {
  const attributes: ProvAttribute[] = [['prov:label', { type: 'text', value: jsonTextOf(run.label ?? run.id) }]];
  const add = (name: string, value: ByteString | undefined): void => { if (value !== undefined) attributes.push(['rr:' + name, { type: 'text', value: jsonTextOf(value) }]); };
  const addNumber = (name: string, value: number | undefined, type: 'integer' | 'decimal'): void => { if (value !== undefined) attributes.push(['rr:' + name, { type, value: String(value) }]); };
  add('id', run.id);
  add('command', run.command);
  add('directory', run.directory);
  add('status', run.status);
  addNumber('exit', run.exit, 'integer');
  add('signal', run.signal);
  add('reason', run.reason);
  for (const tag of run.tags) add('tag', tag);
  for (const variable of run.variables) add('variable', variable);
  addNumber('wall_s', run.wallS, 'decimal');
  addNumber('user_s', run.userS, 'decimal');
  addNumber('system_s', run.systemS, 'decimal');
  addNumber('peak_memory_bytes', run.peakMemoryBytes, 'integer');
  add('code', run.code);
  add('code_remote', run.codeRemote);
  add('environment', run.environment);
  add('observed', run.observed);
  add('repeats', run.repeats);
  add('parent', run.parent);
  add('redoes', run.redoes);
  add('reused', run.reused);
  add('tree', run.tree);
  add('outcome', notes.outcome);
  for (const comment of notes.comments) add('comment', comment.text);
  for (const warning of run.warnings) add('warning', warning);
  return attributes;
}

/** Start with microseconds as recorded, and end. */
function timesOfRun(run: Run): { startUtc: string; endUtc: string | undefined } {
  const [, endMs] = spanOfRun(run);
  return { startUtc: run.startedUtc, endUtc: run.wallS === undefined ? undefined : new Date(Math.round(endMs)).toISOString().slice(0, 23) + run.startedUtc.slice(23) };
}

/** All runs that wrote one content at one path, and those that read it, by start. */
type ContentUse = { makers: Run[]; readers: Run[]; isMadeOnce: boolean };

function provContentKey(file: FileState): string {
  return file.hash + (file.kind === 'l' ? 'l ' : '  ') + file.path;
}

function isOneContent(file: FileState): boolean {
  return file.hash.length === 64;
}

/** Did the run leave what it wrote at its place in the project? */
function leavesOutputs(run: Run): boolean {
  return run.tree === undefined && run.aside === undefined;
}

/** The list with one more. A list that grows has room for 16 more, of which most contents would use none. */
function addUser(users: Run[], run: Run): Run[] {
  if (users.length < 2) return users.concat(run);
  users.push(run);
  return users;
}

function collectUses(runs: Run[]): Map<string, ContentUse> {
  const uses = new Map<string, ContentUse>();
  const note = (file: FileState, run: Run, what: 'makers' | 'readers'): void => {
    const key = provContentKey(file);
    const use = uses.get(key);
    if (use === undefined) uses.set(key, { makers: what === 'makers' ? [run] : [], readers: what === 'readers' ? [run] : [], isMadeOnce: false });
    else use[what] = addUser(use[what], run);
  };
  for (const run of runs.slice().sort((a, b) => (a.startedUtc < b.startedUtc ? -1 : a.startedUtc > b.startedUtc ? 1 : a.id < b.id ? -1 : 1))) {
    for (const file of run.inputs) if (isOneContent(file)) note(file, run, 'readers');
    if (leavesOutputs(run)) for (const file of run.outputs) if (isOneContent(file)) note(file, run, 'makers');
  }
  uses.forEach((use) => { use.isMadeOnce = isMadeOnce(use); });
  return uses;
}

/** Rule 2: has this content one maker, and was it read only after that had begun? */
function isMadeOnce(use: ContentUse): boolean {
  return use.makers.length === 0 || (use.makers.length === 1 && use.readers.every((reader) => reader.startedUtc > use.makers[0].startedUtc));
}

const textAttribute = (name: string, text: ByteString): ProvAttribute => [name, { type: 'text', value: jsonTextOf(text) }];
const typeAttribute = (name: string): ProvAttribute => ['prov:type', { type: 'name', value: name }];

/** One walk through the parts of a document. */
class ProvWalk {
  private readonly uses: Map<string, ContentUse>;
  private parts: ProvPart[] = [];
  /** Ids of elements that several runs may name, and of those that the run at hand has named. */
  private readonly shared = new Set<string>();
  private readonly own = new Set<string>();

  constructor(uses: Map<string, ContentUse>) {
    this.uses = uses;
  }

  * walk(publication: Publication): Generator<ProvPart[]> {
    for (const one of publication.runs) {
      this.addRun(one);
      yield this.takeParts();
    }
    this.addProject(publication);
    yield this.takeParts();
  }

  private takeParts(): ProvPart[] {
    const { parts } = this;
    this.parts = [];
    this.own.clear();
    return parts;
  }

  private relate(kind: ProvRelation['kind'], ...places: string[]): void {
    this.parts.push({ kind, places });
  }

  private put(known: Set<string>, kind: 'entity' | 'agent', id: string, attributes: () => ProvAttribute[]): string {
    if (!known.has(id)) this.parts.push({ kind, id, attributes });
    known.add(id);
    return id;
  }

  private putValueEntity(id: string, line: ByteString, type: string): string {
    const [name, value] = splitAt(line, ' ');
    let own = id + '/' + encodeProvName(name);
    for (let n = 2; this.own.has(own); n++) own = id + '/' + encodeProvName(name) + '/' + String(n);
    return this.put(this.own, 'entity', own, () => [textAttribute('prov:label', name), typeAttribute('rr:' + type), textAttribute('prov:value', value)]);
  }

  private putFileEntity(known: Set<string>, id: string, file: FileState): string {
    return this.put(known, 'entity', id, () => {
      const attributes = [textAttribute('prov:label', file.path), typeAttribute('rr:File')];
      if (file.kind !== '') attributes.push(['rr:kind', { type: 'text', value: file.kind }]);
      if (isOneContent(file)) attributes.push(['rr:sha256', { type: 'text', value: file.hash }], ['rr:size', { type: 'integer', value: String(file.size) }]);
      return attributes;
    });
  }

  /** The entity of this content as the run wrote it (isOutput) or read it. */
  private putFile(run: Run, file: FileState, isOutput: boolean): string {
    const own = 'rr:run/' + run.id + (isOutput ? '/output/' : '/input/') + encodeProvName(file.path);
    if (!isOneContent(file) || (isOutput && !leavesOutputs(run))) return this.putFileEntity(isOutput ? this.shared : this.own, own, file);
    const use = this.uses.get(provContentKey(file)) as ContentUse;
    const general = this.putFileEntity(this.shared, 'rr:file/' + file.hash + (file.kind === 'l' ? '/link/' : '/content/') + encodeProvName(file.path), file);
    if (use.isMadeOnce) return general;
    if (isOutput) return this.specialize(own, general, file);
    const before = use.makers.filter((maker) => maker.startedUtc < run.startedUtc);
    const maker = before[before.length - 1];
    return maker === undefined ? general : this.specialize('rr:run/' + maker.id + '/output/' + encodeProvName(file.path), general, file);
  }

  private specialize(id: string, general: string, file: FileState): string {
    if (!this.shared.has(id)) this.relate('specializationOf', id, general);
    return this.putFileEntity(this.shared, id, file);
  }

  private putSecretEntity(run: Run, line: ByteString): string {
    const [, path] = splitAt(line, ' ');
    return this.put(this.own, 'entity', 'rr:run/' + run.id + '/withheld/' + encodeProvName(path), () => [textAttribute('prov:label', path), typeAttribute('rr:Withheld')]);
  }

  private addRun(one: AnnotatedRun): void {
    const { run } = one;
    const id = 'rr:run/' + run.id;
    this.parts.push({ kind: 'activity', id, ...timesOfRun(run), attributes: () => attributesOfRun(one) });
    for (const file of run.inputs) this.relate('used', id, this.putFile(run, file, false));
    for (const line of run.secretInputs) this.relate('used', id, this.putSecretEntity(run, line));
    for (const line of run.parameters) this.relate('used', id, this.putValueEntity(id + '/parameter', line, 'Parameter'));
    for (const file of run.outputs) this.relate('wasGeneratedBy', this.putFile(run, file, true), id);
    for (const line of run.secretOutputs) this.relate('wasGeneratedBy', this.putSecretEntity(run, line), id);
    for (const line of run.metrics) this.relate('wasGeneratedBy', this.putValueEntity(id + '/metric', line, 'Metric'), id);
    const plan = this.put(this.own, 'entity', id + '/command', () => [textAttribute('prov:label', run.command), typeAttribute('prov:Plan')]);
    const agent = this.put(this.shared, 'agent', 'rr:software/rr/' + encodeProvName(run.rr), () => [['prov:label', { type: 'text', value: 'rr ' + jsonTextOf(run.rr) }], typeAttribute('prov:SoftwareAgent')]);
    this.relate('wasAssociatedWith', id, agent, plan);
  }

  /** The current results as a collection, which those made who made the project. */
  private addProject({ metadata, results, runs }: Publication): void {
    if (metadata.creators.length === 0 && metadata.title === undefined) return;
    const made = new Map(runs.map(({ run }): [string, Run] => [run.id, run]));
    const project = this.put(this.shared, 'entity', 'rr:project', () => [textAttribute('prov:label', metadata.title ?? 'Current results'), typeAttribute('prov:Collection')]);
    for (const { file, runId } of results) this.relate('hadMember', project, this.putFile(made.get(runId) as Run, file, true));
    metadata.creators.forEach((creator, n) => {
      const id = this.put(this.shared, 'agent', 'rr:agent/' + String(n + 1), () => {
        const attributes = [textAttribute('prov:label', creator.name), typeAttribute(creator.kind === 'person' ? 'prov:Person' : 'prov:Organization')];
        return creator.orcid === undefined ? attributes : attributes.concat([textAttribute('rr:orcid', creator.orcid)]);
      });
      this.relate('wasAttributedTo', project, id);
    });
  }
}

/** The published runs in PROV's terms, and what those do not express. */
export function makeProvDocument(publication: Publication): ProvDocument {
  const runs = publication.runs.map(({ run }) => run);
  const left: ByteString[] = [
    'that an output was derived from an input is not claimed: a run may have read what it did not use',
    'who started the runs is not recorded: each is associated with rr alone',
  ];
  const silent: [string, (run: Run) => boolean][] = [
    ['processes', (run) => run.processes.length > 0], ['files that were removed', (run) => run.removed.length > 0], ['files that may be of another run', (run) => run.uncertain.length > 0],
    ['files that were looked for and not there', (run) => run.absent.length > 0], ['verdicts of repeats', (run) => run.verdicts.length > 0], ['what environments consist of', (run) => run.environment !== undefined],
  ];
  for (const [what, test] of silent) if (runs.some(test)) left.push('PROV has no word for ' + what + ': see the records');
  const uses = collectUses(runs);
  return { walk: () => new ProvWalk(uses).walk(publication), left };
}
