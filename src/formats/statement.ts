// statement.ts - a signed statement as a recutils record, printed and parsed (docs/record-format.txt, 13). Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { readRecordLink } from '../core/chain.ts';
import { RUN_ID } from '../core/run.ts';
import type { Statement } from '../core/signature.ts';
import { failRecord, FieldWriter, parseFile, readFormatNumber, readId, readWhole, requireFields, setFields, splitFields } from './fields.ts';
import type { Field, FieldSetter } from './fields.ts';
import { decodeText, encodeText } from './percent.ts';

const STATEMENT_FORMAT = 1;
const STATEMENT_KIND = 'signed statement';

/** The text of a statement without its Sha256 line (sealRecord). */
export function printStatementBody(statement: Statement): ByteString {
  const out = new FieldWriter(STATEMENT_KIND, STATEMENT_FORMAT);
  out.raw('Id', statement.id);
  out.raw('Signed', statement.signedUtc);
  out.encoded('Signer', statement.signer);
  out.raw('Records', statement.records);
  for (const { id, hash } of statement.heads) out.raw('Head', id + ' ' + hash);
  for (const { id, hash } of statement.gaps) out.raw('Gap', id + ' ' + hash);
  for (const id of statement.unfinished) out.raw('Unfinished', id);
  out.files('File', statement.files);
  for (const path of statement.gone) out.raw('Gone', encodeText(path));
  out.raw('Rr', statement.rr);
  for (const field of statement.unknown) out.raw(field.name, field.value);
  return out.text;
}

/** A path that a statement may name: under provenance/, and nowhere else. */
function readSignedPath(path: ByteString, fault: (what: string) => never): ByteString {
  const isBelow = path.startsWith('provenance/') && path.indexOf('\0') < 0 && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  return isBelow ? path : fault('not a path under provenance/');
}

const STATEMENT_SETTERS: { [name: string]: FieldSetter<Statement> } = {
  Signed: (statement, value, fault) => {
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(value)) fault('not a time');
    statement.signedUtc = value;
  },
  Signer: (statement, value) => { statement.signer = decodeText(value); },
  Records: (statement, value, fault) => { statement.records = readWhole(value, Number.MAX_SAFE_INTEGER, fault); },
  Head: (statement, value, fault) => { statement.heads.push(readRecordLink(value) ?? fault('not "ID HASH"')); },
  Gap: (statement, value, fault) => { statement.gaps.push(readRecordLink(value) ?? fault('not "ID HASH"')); },
  Unfinished: (statement, value, fault) => { statement.unfinished.push(readId(value, fault)); },
  File: (statement, value, fault) => {
    const state = parseFile(value) ?? fault('not "HASH  SIZE PATH"');
    statement.files.push({ ...state, path: readSignedPath(state.path, fault) });
  },
  Gone: (statement, value, fault) => { statement.gone.push(readSignedPath(decodeText(value), fault)); },
};

/** A statement from its text, as parseRun() does it. */
export function parseStatement(text: ByteString, file: string): Statement {
  const format = readFormatNumber(text, STATEMENT_KIND, file);
  const fields = splitFields(text, file);
  const first = requireFields(fields, file, ['Id', 'Signed', 'Signer', 'Records', 'Rr', 'Sha256'], ['Id', 'Signed', 'Records', 'Rr']);
  const value = (name: string): ByteString => (first.get(name) as Field).value;
  if (!RUN_ID.test(value('Id'))) failRecord(file, (first.get('Id') as Field).line, 'not an id');
  const statement: Statement = { id: value('Id'), signedUtc: '', signer: 'unknown', records: 0, heads: [], gaps: [], unfinished: [], files: [], gone: [], rr: value('Rr'), unknown: [] };
  setFields(statement, fields, STATEMENT_SETTERS, ['Id', 'Rr', 'Sha256'], { file, isNewer: format > STATEMENT_FORMAT });
  return statement;
}
