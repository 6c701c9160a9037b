// rocrategraph.ts - the entities of an RO-Crate: flat, each once, in the order in which they were put (RO-Crate 1.1, appendix JSON-LD). Knows no runs.
import type { ByteString } from '../core/bytes.ts';
import { printJsonDocument } from './json.ts';

// 1. Each entity stands once, under one @id; what refers to it has { "@id": ... } alone.
// 2. A key is in one of the two contexts, or begins with "@". No key of another origin is used.
// 3. A list of one is the one itself; a list of none is left out.

export const CRATE_CONTEXTS = ['https://w3id.org/ro/crate/1.1/context', 'https://w3id.org/ro/terms/workflow-run/context'];

export type CrateReference = { '@id': ByteString };
export type CrateEntity = { '@id': ByteString; '@type': string | string[]; [key: string]: unknown };

/** Rule 3. */
export function crateListOf<T>(values: T[]): T | T[] | undefined {
  return values.length === 0 ? undefined : values.length === 1 ? values[0] : values;
}

export class CrateGraph {
  private readonly entities = new Map<ByteString, CrateEntity>();

  has(id: ByteString): boolean {
    return this.entities.has(id);
  }

  /** Puts an entity, unless there is one of that id. */
  put(entity: CrateEntity): CrateReference {
    if (!this.entities.has(entity['@id'])) this.entities.set(entity['@id'], entity);
    return { '@id': entity['@id'] };
  }

  /** Puts an entity under this id, or if that is taken under the first free one of ID/2, ID/3, ... */
  putNew(entity: CrateEntity): CrateReference {
    let id = entity['@id'];
    for (let n = 2; this.entities.has(id); n++) id = entity['@id'] + '/' + String(n);
    return this.put({ ...entity, '@id': id });
  }

  /** Says that an entity is of this type, too. */
  addType(reference: CrateReference, type: string): void {
    const entity = this.entities.get(reference['@id']) as CrateEntity;
    const types = Array.isArray(entity['@type']) ? entity['@type'] : [entity['@type']];
    if (types.indexOf(type) < 0) entity['@type'] = types.concat(type);
  }

  /** Adds facts to an entity. */
  tell(reference: CrateReference, facts: { [key: string]: unknown }): void {
    Object.assign(this.entities.get(reference['@id']) as CrateEntity, facts);
  }

  /** JSON, in which a reference is on one line: no string of JSON holds an end of line. */
  print(): ByteString {
    const text = printJsonDocument({ '@context': CRATE_CONTEXTS, '@graph': Array.from(this.entities.values()) });
    return text.replace(/\{\n +("@id": "[^"\n]*")\n +\}/g, '{ $1 }');
  }
}
