// rocrategraph.ts - the entities of an RO-Crate: flat, each once, in the order in which they were put (RO-Crate 1.1, appendix JSON-LD). Knows no runs.
import type { ByteString } from '../core/bytes.ts';

// 1. Each entity stands once, under one @id; what refers to it has { "@id": ... } alone.
// 2. A key is in one of the two contexts, or begins with "@". No key of another origin is used.
// 3. A list of one is the one itself; a list of none is left out.
// 4. Of 100,000 runs there are a million entities, so they are not held: they are put anew for each time that they are
//    printed. What is told of an entity after it was put, the first walk has noted.
// 5. An entity whose @id begins with "#run/ID/" is put while that run is, and not by another.

export const CRATE_CONTEXTS = ['https://w3id.org/ro/crate/1.1/context', 'https://w3id.org/ro/terms/workflow-run/context'];

export type CrateReference = { '@id': ByteString };
export type CrateEntity = { '@id': ByteString; '@type': string | string[]; [key: string]: unknown };

/** Rule 3. */
export function crateListOf<T>(values: T[]): T | T[] | undefined {
  return values.length === 0 ? undefined : values.length === 1 ? values[0] : values;
}

/** What the first walk through all entities learns, and later ones need. */
export class CrateFacts {
  /** By @id: types that an entity gets beside its own, and facts that it gets after its own. */
  readonly told = new Map<ByteString, { types: string[]; facts: { [key: string]: unknown } }>();
  /** Data entities, for the root's hasPart. */
  readonly parts: CrateReference[] = [];
  /** Actions of single runs. */
  readonly actions: CrateReference[] = [];
  isWhole = false;

  toldOf(id: ByteString): { types: string[]; facts: { [key: string]: unknown } } {
    const told = this.told.get(id) ?? { types: [], facts: {} };
    this.told.set(id, told);
    return told;
  }
}

/** One walk through the entities. */
export class CrateGraph {
  private readonly known: CrateFacts;
  private readonly ids = new Set<ByteString>();
  /** "#run/ID/" of the run that is being put, and the ids that begin so. */
  private prefix = '';
  private readonly idsOfRun = new Set<ByteString>();
  private entities: CrateEntity[] = [];

  constructor(known: CrateFacts) {
    this.known = known;
  }

  /** Begins the entities of one run; the ids of the one before are forgotten. */
  beginRun(id: ByteString): void {
    this.prefix = id + '/';
    this.idsOfRun.clear();
  }

  has(id: ByteString): boolean {
    if (!id.startsWith('#run/')) return this.ids.has(id);
    // Rule 5. An action has its run's id, which is there once.
    return id.indexOf('/', 5) >= 0 && (!id.startsWith(this.prefix) || this.idsOfRun.has(id));
  }

  /** Puts an entity, unless there is one of that id. */
  put(entity: CrateEntity): CrateReference {
    const id = entity['@id'];
    if (this.has(id)) return { '@id': id };
    this.entities.push(entity);
    if (!id.startsWith('#run/')) this.ids.add(id);
    else if (id.startsWith(this.prefix)) this.idsOfRun.add(id);
    return { '@id': id };
  }

  /** Puts an entity under this id, or if that is taken under the first free one of ID/2, ID/3, ... */
  putNew(entity: CrateEntity): CrateReference {
    let id = entity['@id'];
    for (let n = 2; this.has(id); n++) id = entity['@id'] + '/' + String(n);
    return this.put({ ...entity, '@id': id });
  }

  /** Says that an entity is of this type, too. */
  addType(reference: CrateReference, type: string): void {
    if (this.known.isWhole) return;
    const { types } = this.known.toldOf(reference['@id']);
    if (types.indexOf(type) < 0) types.push(type);
  }

  /** Adds facts to an entity. */
  tell(reference: CrateReference, facts: { [key: string]: unknown }): void {
    if (!this.known.isWhole) Object.assign(this.known.toldOf(reference['@id']).facts, facts);
  }

  addPart(reference: CrateReference): void {
    if (!this.known.isWhole) this.known.parts.push(reference);
  }

  addAction(reference: CrateReference): void {
    if (!this.known.isWhole) this.known.actions.push(reference);
  }

  /** The entities that were put since this was last called, with what is told of them. */
  take(): CrateEntity[] {
    const taken = this.entities;
    this.entities = [];
    for (const entity of this.known.isWhole ? taken : []) {
      const told = this.known.told.get(entity['@id']);
      if (told === undefined) continue;
      for (const type of told.types) {
        const types = Array.isArray(entity['@type']) ? entity['@type'] : [entity['@type']];
        if (types.indexOf(type) < 0) entity['@type'] = types.concat(type);
      }
      Object.assign(entity, told.facts);
    }
    return taken;
  }
}

// ---- as JSON ----------------------------------------------------------------------------------------------

const LEVEL = '  ';

/** As printJsonDocument() would print it that deep, but a reference is on one line: no string of JSON holds an end of line. */
function printCrateValue(value: unknown, indent: string): ByteString {
  return JSON.stringify(value, undefined, 2).replace(/\{\n +("@id": "[^"\n]*")\n *\}/g, '{ $1 }').replace(/\n/g, '\n' + indent);
}

/** An entity with lists of 100,000 references is not made one text. */
function* printCrateEntity(entity: CrateEntity): Generator<ByteString> {
  const indent = LEVEL.repeat(3);
  let before = LEVEL.repeat(2) + '{\n';
  for (const key of Object.keys(entity)) {
    const value = entity[key];
    if (value === undefined) continue;
    before += indent + JSON.stringify(key) + ': ';
    if (Array.isArray(value) && value.length > 0) {
      before += '[\n';
      for (const one of value) {
        yield before + indent + LEVEL + printCrateValue(one, indent + LEVEL);
        before = ',\n';
      }
      before = '\n' + indent + '],\n';
    } else {
      yield before + printCrateValue(value, indent);
      before = ',\n';
    }
  }
  yield before.replace(/,\n$/, '\n') + LEVEL.repeat(2) + '}';
}

/** The crate, of the entities of one walk, in pieces. */
export function* printCrate(walk: Iterable<CrateEntity[]>): Generator<ByteString> {
  const context = LEVEL + '"@context": ' + printCrateValue(CRATE_CONTEXTS, LEVEL);
  let before = '{\n' + context + ',\n' + LEVEL + '"@graph": [\n';
  for (const entities of walk) {
    for (const entity of entities) {
      yield before;
      yield* printCrateEntity(entity);
      before = ',\n';
    }
  }
  yield '\n' + LEVEL + ']\n}\n';
}
