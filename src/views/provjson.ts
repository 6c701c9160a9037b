// provjson.ts - PROV as JSON (PROV-JSON, W3C member submission of 24 April 2013). Knows no runs.
import type { ByteString } from '../core/bytes.ts';
import { printJsonDocument } from './json.ts';
import { PROV_NAMESPACE, PROV_RELATIONS } from './provmodel.ts';
import type { ProvAttribute, ProvDocument, ProvElement, ProvValue } from './provmodel.ts';

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
  const attributes = provJsonAttributes(element.attributes);
  return element.kind === 'activity' ? { 'prov:startTime': element.startUtc, 'prov:endTime': element.endUtc, ...attributes } : attributes;
}

/** One PROV-JSON document as UTF-8. */
export function printProvJson(document: ProvDocument): ByteString {
  const printed: { [kind: string]: { [id: string]: unknown } } = { prefix: { rr: PROV_NAMESPACE } };
  for (const element of document.elements) (printed[element.kind] = printed[element.kind] ?? {})[element.id] = provJsonElement(element);
  document.relations.forEach(({ kind, places }, n) => {
    const relation: { [name: string]: string } = {};
    places.forEach((id, place) => { relation['prov:' + PROV_RELATIONS[kind][place]] = id; });
    (printed[kind] = printed[kind] ?? {})['_:r' + String(n + 1)] = relation;
  });
  return printJsonDocument(printed);
}
