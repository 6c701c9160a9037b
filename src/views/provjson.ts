// provjson.ts - PROV as JSON (PROV-JSON, W3C member submission of 24 April 2013). Knows no runs.
import type { ByteString } from '../core/bytes.ts';
import { PROV_NAMESPACE, PROV_RELATIONS } from './provmodel.ts';
import type { ProvAttribute, ProvDocument, ProvElement, ProvRelation, ProvValue } from './provmodel.ts';

function provJsonValue({ type, value }: ProvValue): unknown {
  return type === 'text' ? value : { $: value, type: type === 'name' ? 'prov:QUALIFIED_NAME' : 'xsd:' + type };
}

/** Several values of one name are a list. */
function provJsonAttributes(attributes: ProvAttribute[]): { [name: string]: unknown } {
  const values = new Map<string, unknown[]>();
  for (const [name, value] of attributes) values.set(name, (values.get(name) ?? []).concat([provJsonValue(value)]));
  const object: { [name: string]: unknown } = {};
  for (const [name, list] of values) object[name] = list.length === 1 ? list[0] : list;
  return object;
}

function provJsonElement(element: ProvElement): unknown {
  const attributes = provJsonAttributes(element.attributes());
  return element.kind === 'activity' ? { 'prov:startTime': element.startUtc, 'prov:endTime': element.endUtc, ...attributes } : attributes;
}

function provJsonRelation({ kind, places }: ProvRelation): unknown {
  const relation: { [name: string]: string } = {};
  places.forEach((id, place) => { relation['prov:' + PROV_RELATIONS[kind][place]] = id; });
  return relation;
}

/** A member of an object that stands `level` levels deep in the document, as printJsonDocument() would print it. */
function printMember(name: string, value: unknown, level: number): ByteString {
  const indent = '  '.repeat(level);
  return indent + JSON.stringify(name) + ': ' + JSON.stringify(value, undefined, 2).replace(/\n/g, '\n' + indent);
}

/** The members that the parts of one kind are. Relations have numbers for names, counted through all of them. */
function* printKind({ walk }: ProvDocument, kind: string): Generator<ByteString> {
  let before = ',\n  ' + JSON.stringify(kind) + ': {\n';
  let relations = 0;
  for (const parts of walk()) {
    for (const part of parts) {
      if ('places' in part) relations += 1;
      if (part.kind !== kind) continue;
      yield before + ('places' in part ? printMember('_:r' + String(relations), provJsonRelation(part), 2) : printMember(part.id, provJsonElement(part), 2));
      before = ',\n';
    }
  }
  if (before === ',\n') yield '\n  }';
}

/** One PROV-JSON document as UTF-8: the kinds of elements, then those of relations, each where the first of it stands. In pieces. */
export function* printProvJson(document: ProvDocument): Generator<ByteString> {
  yield '{\n' + printMember('prefix', { rr: PROV_NAMESPACE }, 1);
  const relations = new Set<string>();
  for (const parts of document.walk()) for (const part of parts) if ('places' in part) relations.add(part.kind);
  for (const kind of ['entity', 'activity', 'agent'].concat(Array.from(relations))) yield* printKind(document, kind);
  yield '\n}\n';
}
