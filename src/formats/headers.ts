// headers.ts - "Name: value" lines as in Python's METADATA, R's DESCRIPTION and a jar's MANIFEST.MF. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { trimBlanks } from '../core/bytes.ts';

/**
 * The fields up to the first empty line, by name in lower case; of a field that is there twice, the
 * first. A line that begins with a blank goes on with the one before, less that blank, as the jar
 * specification has it; fields that RFC 822 folds are not needed here.
 */
export function parseHeaders(text: ByteString): Map<ByteString, ByteString> {
  const fields = new Map<ByteString, ByteString>();
  let name = '';
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line === '') {
      if (fields.size > 0) break;
      continue;
    }
    if (line[0] === ' ' || line[0] === '\t') {
      if (name !== '') fields.set(name, (fields.get(name) as ByteString) + line.slice(1));
      continue;
    }
    const colon = line.indexOf(':');
    const next = line.slice(0, colon).toLowerCase();
    name = colon > 0 && !fields.has(next) ? next : '';
    if (name !== '') fields.set(name, trimBlanks(line.slice(colon + 1)));
  }
  return fields;
}
