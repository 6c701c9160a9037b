// pointtable.ts - a table of points: a header with names, and a row of values for each point (RFC 4180). Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { TableReader } from './comparetable.ts';
import { BYTE_ORDER_MARK } from './parametersource.ts';

/** A tab in files called so; else the first of comma, semicolon and tab that is in the header. */
function chooseDelimiter(text: ByteString, file: ByteString): string {
  if (/\.(?:tsv|tab)$/i.test(file)) return '\t';
  const end = text.indexOf('\n');
  const header = (end < 0 ? text : text.slice(0, end)).replace(/"[^"]*"/g, '');
  return [',', ';', '\t'].find((sign) => header.indexOf(sign) >= 0) ?? ',';
}

/**
 * The names and rows of a table; rows without any text are left out. `file` names it in faults.
 * Throws Failure for names that are none or stand there twice, and for rows that do not fit.
 */
export function readPointTable(given: ByteString, file: ByteString): { names: ByteString[]; rows: ByteString[][] } {
  const fail = (what: string, hint = ''): never => { throw new Failure('cannot use --from "' + file + '": ' + what, hint, EXIT.usage); };
  const text = given.startsWith(BYTE_ORDER_MARK) ? given.slice(BYTE_ORDER_MARK.length) : given;
  if (text.indexOf('\0') >= 0) fail('it is no text');
  const reader = new TableReader(text, chooseDelimiter(text, file));
  const names = reader.next();
  if (names === undefined) return fail(reader.isMalformed ? 'its first line is no header: a double quote is out of place' : 'it is empty', 'the first line has the names of the parameters');
  const seen = new Set<ByteString>();
  for (const name of names) {
    if (name === '' || /[ \t-\r{}=]/.test(name)) fail('"' + name + '" in its first line is no name of a parameter', 'a name has no blank, brace or "="');
    if (seen.has(name)) fail('its first line has "' + name + '" twice');
    seen.add(name);
  }
  const rows: ByteString[][] = [];
  for (let row = reader.next(); row !== undefined; row = reader.next()) {
    if (row.length === 1 && row[0] === '') continue;
    if (row.length !== names.length) fail('row ' + String(rows.length + 1) + ' has ' + String(row.length) + (row.length === 1 ? ' value' : ' values') + ' for ' + String(names.length) + ' names');
    rows.push(row);
  }
  if (reader.isMalformed) fail('a double quote is out of place in the row after row ' + String(rows.length));
  return { names, rows };
}
