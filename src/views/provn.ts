// provn.ts - PROV in the notation for people (PROV-N, W3C recommendation of 30 April 2013). Knows no runs.
import type { ByteString } from '../core/bytes.ts';
import { PROV_NAMESPACE, PROV_RELATIONS } from './provmodel.ts';
import type { ProvAttribute, ProvDocument, ProvElement, ProvRelation } from './provmodel.ts';

const PROVN_ESCAPES: { [letter: string]: string } = { '\t': '\\t', '\b': '\\b', '\n': '\\n', '\r': '\\r', '\f': '\\f', '"': '\\"', '\\': '\\\\' };

/** A string literal (PROV-N, 3.7.3: STRING_LITERAL2 of SPARQL). */
export function quoteProvN(text: ByteString): ByteString {
  return '"' + text.replace(/[\t\b\n\r\f"\\]/g, (letter) => PROVN_ESCAPES[letter]) + '"';
}

function provNAttributes(attributes: ProvAttribute[]): ByteString {
  const printed = attributes.map(([name, { type, value }]) => name + '=' + (type === 'name' ? "'" + value + "'" : quoteProvN(value) + (type === 'text' ? '' : ' %% xsd:' + type)));
  return printed.length === 0 ? '' : ', [' + printed.join(', ') + ']';
}

function provNElement(element: ProvElement): ByteString {
  const times = element.kind !== 'activity' ? '' : ', ' + element.startUtc + ', ' + (element.endUtc ?? '-');
  return element.kind + '(' + element.id + times + provNAttributes(element.attributes()) + ')';
}

function provNRelation({ kind, places }: ProvRelation): ByteString {
  const missing = PROV_RELATIONS[kind].slice(places.length).map(() => '-');
  return kind + '(' + places.concat(missing).join(', ') + ')';
}

/** One PROV-N document as UTF-8, an expression a line: entities, activities, agents, relations. In pieces. */
export function* printProvN({ walk }: ProvDocument): Generator<ByteString> {
  const line = (expression: ByteString): ByteString => '  ' + expression + '\n';
  yield 'document\n  prefix rr <' + PROV_NAMESPACE + '>\n\n';
  for (const parts of walk()) for (const part of parts) if (part.kind === 'entity') yield line(provNElement(part));
  let agents = ''; // one for each version of rr and each author
  for (const parts of walk()) {
    for (const part of parts) {
      if (part.kind === 'activity') yield line(provNElement(part));
      else if (part.kind === 'agent') agents += line(provNElement(part));
    }
  }
  yield agents;
  for (const parts of walk()) for (const part of parts) if ('places' in part) yield line(provNRelation(part));
  yield 'endDocument\n';
}
