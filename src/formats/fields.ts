// fields.ts - what all records have in common: head, fields, seal (docs/record-format.txt, 3). Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { lookUp } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { RUN_ID } from '../core/run.ts';
import type { FileKind, FileState } from '../core/run.ts';
import { decodeText, encodeText, encodeWithheld } from './percent.ts';

export type Field = { name: string; value: ByteString; line: number };

/** `HASH  SIZE[KIND] PATH` */
export function printFile(file: FileState): ByteString {
  return file.hash + '  ' + String(file.size) + file.kind + ' ' + encodeText(file.path);
}

/** Undoes printFile; undefined if the line is none. */
export function parseFile(line: ByteString): FileState | undefined {
  const parts = /^([0-9a-f]{64}|-|\?) {2}(\d+)([xldpscb]?) (.+)$/.exec(line);
  if (parts === null || Number(parts[2]) > Number.MAX_SAFE_INTEGER) return undefined;
  return { hash: parts[1], size: Number(parts[2]), kind: parts[3] as FileKind, path: decodeText(parts[4]) };
}

/** Gathers the text of a record, beginning with its head. */
export class FieldWriter {
  text: ByteString;
  constructor(kind: string, format: number) {
    this.text = '# rr ' + kind + ', format ' + String(format) + '; described in provenance/README.txt\n';
  }
  raw(name: string, value: ByteString | number | undefined): void {
    if (value !== undefined && value !== '') this.text += name + ': ' + String(value) + '\n';
  }
  encoded(name: string, value: ByteString | undefined): void {
    if (value !== undefined) this.raw(name, encodeText(value));
  }
  /** Text in which withheld secrets stand as %{HMAC}: they are put back after encoding. */
  withheld(name: string, value: ByteString | undefined): void {
    if (value !== undefined) this.raw(name, encodeWithheld(value));
  }
  each(name: string, values: ByteString[]): void {
    for (const value of values) this.encoded(name, value);
  }
  /** Values of which `start` matches the words that stand before the last, which is encoded by itself. */
  worded(name: string, values: ByteString[], start: RegExp): void {
    for (const value of values) {
      const length = start.exec(value)?.[0].length ?? 0;
      const words = length === 0 ? '' : encodeText(value.slice(0, length - 1)) + ' ';
      this.raw(name, words + encodeWithheld(value.slice(length)));
    }
  }
  files(name: string, files: FileState[]): void {
    for (const file of files) this.raw(name, printFile(file));
  }
}

/** The whole file: the body and the line with the body's SHA-256. */
export function sealRecord(body: ByteString, hash: string): ByteString {
  return body + 'Sha256: ' + hash + '\n';
}

/** Body and hash of a sealed record; undefined if the last line is no Sha256 line. */
export function unsealRecord(text: ByteString): { body: ByteString; hash: string } | undefined {
  const seal = text.slice(-73);
  if (!/^Sha256: [0-9a-f]{64}\n$/.test(seal)) return undefined;
  return { body: text.slice(0, -73), hash: seal.slice(8, 72) };
}

/** Throws the Failure that a record is damaged at a line. */
export function failRecord(file: string, line: number, what: string): never {
  throw new Failure('cannot read "' + file + '": line ' + String(line) + ': ' + what, 'the file was changed after it was written; restore it from version control or an archive');
}

/** Number of the format that a record of this kind claims; fails if the first line is not that of one. */
export function readFormatNumber(text: ByteString, kind: string, file: string): number {
  const head = '# rr ' + kind + ', format ';
  const parts = text.startsWith(head) ? /^(\d+)[;\n]/.exec(text.slice(head.length, head.length + 32)) : null;
  if (parts === null) return failRecord(file, 1, 'not "' + head + 'N"');
  return Number(parts[1]);
}

/** Lines of a record that are read. Each takes up to 0.6 KB of memory; a record of so many names of files is 200 MB. */
export const MOST_RECORD_LINES = 1 << 21;

function hasTooManyLines(text: ByteString): boolean {
  let count = 0;
  if (text.length <= MOST_RECORD_LINES) return false;
  for (let at = text.indexOf('\n'); at >= 0 && count <= MOST_RECORD_LINES; at = text.indexOf('\n', at + 1)) count += 1;
  return count > MOST_RECORD_LINES;
}

/** The fields in the order of the file; fails if they are more than 2,097,152. */
export function splitFields(text: ByteString, file: string): Field[] {
  if (text === '') failRecord(file, 1, 'the file is empty');
  if (hasTooManyLines(text)) failRecord(file, MOST_RECORD_LINES + 1, 'more lines than are taken from a record');
  if (!text.endsWith('\n')) failRecord(file, text.split('\n').length, 'the last line has no end: the file was cut');
  const lines = text.split('\n');
  const fields: Field[] = [];
  for (let i = 0; i < lines.length - 1; i++) {
    const text1 = lines[i];
    if (i === 0 && text1.startsWith('#')) continue;
    const colon = text1.indexOf(': ');
    if (colon <= 0 || !/^[A-Z][A-Za-z0-9_]*$/.test(text1.slice(0, colon))) failRecord(file, i + 1, 'no "Name: value"');
    if (/[\0-\x1f\x7f]|\xc2[\x80-\x9f]/.test(text1)) failRecord(file, i + 1, 'a control character that is not encoded');
    if (text1.length === colon + 2) failRecord(file, i + 1, text1.slice(0, colon) + ': no value');
    fields.push({ name: text1.slice(0, colon), value: text1.slice(colon + 2), line: i + 1 });
  }
  return fields;
}

/**
 * The first field of each name. Fails if the last one is not Sha256, if one of `required` is not
 * there, or if one of `single` stands twice, which one program would read so, another otherwise.
 */
export function requireFields(fields: Field[], file: string, single: string[], required: string[]): Map<string, Field> {
  const last = fields[fields.length - 1];
  if (last === undefined || last.name !== 'Sha256') failRecord(file, fields.length + 1, 'no Sha256 at the end');
  const first = new Map<string, Field>();
  for (const field of fields) {
    if (!first.has(field.name)) first.set(field.name, field);
    else if (single.indexOf(field.name) >= 0) failRecord(file, field.line, field.name + ' stands twice');
  }
  for (const name of required) if (!first.has(name)) failRecord(file, fields.length + 1, 'no ' + name);
  return first;
}

export type UnknownField = { name: string; value: ByteString };

/** Puts the value of a field into a record; `fault` is called, and does not return, if it cannot be read. */
export type FieldSetter<T> = (record: T, value: ByteString, fault: (what: string) => never) => void;

/** Thrown and caught within one reading: a value of a newer format that is not understood. */
export const NOT_UNDERSTOOD = new Error('a value of a newer format');

/**
 * Puts the fields into a record. One without setter that is not read `elsewhere` is kept as unknown.
 * Of a newer format so is a value that is not understood, which otherwise is a fault.
 */
export function setFields<T extends { unknown: UnknownField[] }>(
  record: T, fields: Field[], setters: { [name: string]: FieldSetter<T> }, elsewhere: string[], source: { file: string; isNewer: boolean },
): void {
  for (const field of fields) {
    const setter = lookUp(setters, field.name);
    if (setter === undefined) {
      if (elsewhere.indexOf(field.name) < 0) record.unknown.push({ name: field.name, value: field.value });
      continue;
    }
    try {
      setter(record, field.value, (what) => {
        if (source.isNewer) throw NOT_UNDERSTOOD;
        return failRecord(source.file, field.line, field.name + ': ' + what);
      });
    } catch (error) {
      if (error !== NOT_UNDERSTOOD) throw error;
      record.unknown.push({ name: field.name, value: field.value });
    }
  }
}

/** A decimal number, not negative. */
export function readNumber(value: ByteString, fault: (what: string) => never): number {
  return /^\d+(\.\d+)?$/.test(value) && Number(value) <= Number.MAX_SAFE_INTEGER ? Number(value) : fault('not a number: ' + value);
}

export function readWhole(value: ByteString, most: number, fault: (what: string) => never): number {
  return /^\d+$/.test(value) && Number(value) <= most ? Number(value) : fault('not a whole number up to ' + String(most) + ': ' + value);
}

export function readId(value: ByteString, fault: (what: string) => never): string {
  return RUN_ID.test(value) ? value : fault('not an id: ' + value);
}

/** The first word and what follows on it: '' if nothing does. */
export function splitWord(value: ByteString): [ByteString, ByteString] {
  const space = value.indexOf(' ');
  return space < 0 ? [value, ''] : [value.slice(0, space), value.slice(space + 1)];
}
