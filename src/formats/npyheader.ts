// npyheader.ts - what a NumPy file says of its array (NEP 1, numpy.lib.format). Reads no elements.
import { isUtf8 } from '../core/bytes.ts';
import type { ByteString } from '../core/bytes.ts';
import { textOfBytes } from './bytewindow.ts';

/** 'exact' compares as bytes: text, dates, raw data. */
export type NpyField = {
  /** Names from the outermost in, joined by "."; '' if the array has no fields. */
  name: ByteString;
  kind: 'bool' | 'int' | 'uint' | 'float' | 'complex' | 'exact' | 'padding';
  /** Of a single value; of a complex number, of both parts together. */
  sizeBytes: number;
  isLittleEndian: boolean;
  /** Of the first value from the beginning of the element. */
  offset: number;
  /** More than 1 for an array inside of the element. */
  count: number;
  /** The type without the order of its bytes: what two arrays must have in common. */
  type: ByteString;
};

export type NpyHeader = {
  fields: NpyField[];
  itemBytes: number;
  isFortran: boolean;
  shape: number[];
  /** Of the product of the shape. */
  elements: number;
  dataAt: number;
  /** As the file spells them, with the version of its format. */
  text: ByteString;
};

export type NpyReading = { kind: 'array'; header: NpyHeader } | { kind: 'unreadable'; why: string };

export const NPY_MAGIC = '\x93NUMPY';

const MOST_HEADER_BYTES = 1 << 20;
const MOST_NPY_FIELDS = 10000;
const MOST_LITERAL_DEPTH = 40;
const MOST_DIMENSIONS = 64;
// NumPy's int in C
const MOST_INNER_LENGTH = 0x7fffffff;
const MOST_ELEMENTS = 2 ** 63;

/** What Python's literals become; a tuple is a list. */
type Literal = ByteString | number | boolean | undefined | LiteralList | Map<ByteString, Literal>;
type LiteralList = { isTuple: boolean; items: Literal[] };

class NpyProblem extends Error {}

/** The header, checked against the size of the file; or why there is none. Never throws. */
export function readNpyHeader(bytes: Uint8Array): NpyReading {
  try {
    return { kind: 'array', header: parseNpyHeader(bytes) };
  } catch (error) {
    if (!(error instanceof NpyProblem)) throw error;
    return { kind: 'unreadable', why: error.message };
  }
}

function parseNpyHeader(bytes: Uint8Array): NpyHeader {
  if (textOfBytes(bytes.subarray(0, 6)) !== NPY_MAGIC) throw new NpyProblem('it does not begin as a NumPy array');
  const version = bytes[6];
  if (!(version >= 1 && version <= 3) || bytes[7] !== 0) throw new NpyProblem('its format is none of 1.0, 2.0 and 3.0');
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) throw new NpyProblem('it is cut off');
  const lengthBytes = bytes[8] + bytes[9] * 256 + (version === 1 ? 0 : bytes[10] * 65536 + bytes[11] * 16777216);
  if (lengthBytes > MOST_HEADER_BYTES) throw new NpyProblem('its header is longer than ' + String(MOST_HEADER_BYTES) + ' bytes');
  const dataAt = start + lengthBytes;
  if (bytes.length < dataAt) throw new NpyProblem('its header is cut off');
  const text = textOfBytes(bytes.subarray(start, dataAt));
  if (version === 3 && !isUtf8(text)) throw new NpyProblem('its header is not UTF-8');
  const said = parseLiteral(text, version < 3);
  if (!(said instanceof Map) || Array.from(said.keys()).sort().join() !== 'descr,fortran_order,shape') throw new NpyProblem('its header is not {descr, fortran_order, shape}');
  const isFortran = said.get('fortran_order');
  if (typeof isFortran !== 'boolean') throw new NpyProblem('its fortran_order is neither True nor False');
  const shape = readShape(said.get('shape'));
  const fields: NpyField[] = [];
  const itemBytes = addFields(said.get('descr'), '', 0, fields);
  if (itemBytes > MOST_INNER_LENGTH) throw new NpyProblem('its elements are larger than NumPy has them');
  // In this order, or a shape of immense lengths and a zero were no number.
  const elements = shape.indexOf(0) >= 0 ? 0 : shape.reduce((product, length) => product * length, 1);
  // NumPy counts so of an array without elements, too.
  if (shape.reduce((product, length) => product * Math.max(length, 1), Math.max(itemBytes, 1)) >= MOST_ELEMENTS) throw new NpyProblem('it has more elements than NumPy counts');
  const neededBytes = itemBytes === 0 ? 0 : elements * itemBytes;
  if (neededBytes > bytes.length - dataAt) throw new NpyProblem('it has ' + String(bytes.length - dataAt) + ' bytes of the ' + String(neededBytes) + ' that its shape needs');
  return { fields, itemBytes, isFortran, shape, elements, dataAt, text: 'format ' + String(version) + ' ' + text };
}

function readShape(said: Literal): number[] {
  if (!isList(said) || !said.isTuple || said.items.length > MOST_DIMENSIONS) throw new NpyProblem('its shape is no tuple');
  for (const length of said.items) {
    if (typeof length !== 'number' || !(length >= 0)) throw new NpyProblem('its shape is no tuple of lengths');
  }
  return said.items as number[];
}

function isList(said: Literal): said is LiteralList {
  return typeof said === 'object' && !(said instanceof Map);
}

/** Adds the fields of a type that begins at `offset`; returns its size in bytes. */
function addFields(descr: Literal, name: ByteString, offset: number, fields: NpyField[]): number {
  if (fields.length >= MOST_NPY_FIELDS) throw new NpyProblem('it has more than ' + String(MOST_NPY_FIELDS) + ' fields');
  if (typeof descr === 'string') {
    fields.push({ ...readType(descr), name, offset, count: 1 });
    return fields[fields.length - 1].sizeBytes;
  }
  if (!isList(descr)) throw new NpyProblem('its descr is no type');
  // A type and a shape: an array in each element.
  if (descr.isTuple) return descr.items.length === 2 ? addArray(descr.items[0], readShape(descr.items[1]), name, offset, fields) : refuseField();
  let sizeBytes = 0;
  const names = new Set<ByteString>();
  for (const field of descr.items) {
    if (!isList(field) || !field.isTuple || field.items.length < 2 || field.items.length > 3) return refuseField();
    // A field can have a title beside its name.
    const [said, type, shape] = field.items;
    const title = isList(said) && said.isTuple && said.items.length === 2 ? said.items[1] : said;
    if (typeof title !== 'string') return refuseField();
    // Neither names nor titles are there twice.
    for (const one of isList(said) ? said.items : [said]) {
      if (typeof one !== 'string' || names.has(one)) return refuseField();
      if (one !== '') names.add(one);
    }
    const isPadding = title === '' && typeof type === 'string' && /^\|V\d+$/.test(type);
    const before = fields.length;
    const path = name === '' ? title : name + '.' + title;
    if (shape === undefined) sizeBytes += addFields(type, path, offset + sizeBytes, fields);
    else sizeBytes += addArray(type, typeof shape === 'number' ? [shape] : readShape(shape), path, offset + sizeBytes, fields);
    if (isPadding) fields[before].kind = 'padding';
  }
  return sizeBytes;
}

function refuseField(): never {
  throw new NpyProblem('its descr has a field that is none');
}

function addArray(type: Literal, shape: number[], name: ByteString, offset: number, fields: NpyField[]): number {
  const count = shape.reduce((product, length) => product * length, 1);
  if (!(count <= Number.MAX_SAFE_INTEGER) || shape.some((length) => length > MOST_INNER_LENGTH)) throw new NpyProblem('its descr has an array without end');
  if (typeof type === 'string') {
    const field = { ...readType(type), name, offset, count };
    fields.push({ ...field, type: field.type + '[' + shape.join(',') + ']' });
    return field.sizeBytes * count;
  }
  let sizeBytes = 0;
  // The fields of each: there is no need for names of their own.
  const inner: NpyField[] = [];
  const innerBytes = addFields(type, name, 0, inner);
  if (inner.length === 0) return 0;
  if (inner.length * count > MOST_NPY_FIELDS) throw new NpyProblem('it has more than ' + String(MOST_NPY_FIELDS) + ' fields');
  for (let i = 0; i < count; i++, sizeBytes += innerBytes) fields.push(...inner.map((field) => ({ ...field, offset: offset + sizeBytes + field.offset })));
  return sizeBytes;
}

const NPY_KINDS: { [letter: string]: NpyField['kind'] } = {
  b: 'bool', i: 'int', u: 'uint', f: 'float', c: 'complex', S: 'exact', a: 'exact', U: 'exact', V: 'exact', M: 'exact', m: 'exact',
};
const NPY_SIZES: { [letter: string]: number[] } = { b: [1], i: [1, 2, 4, 8], u: [1, 2, 4, 8], f: [2, 4, 8, 12, 16], c: [8, 16, 24, 32], M: [8], m: [8] };

function readType(text: ByteString): Omit<NpyField, 'name' | 'offset' | 'count'> {
  const parts = /^([<>|=]?)([biufcSaUVMmO])(\d{0,9})(\[[0-9A-Za-z/]*\])?$/.exec(text);
  if (parts === null) throw new NpyProblem('it has elements of unknown type');
  const [, order, letter, digits, unit] = parts;
  if (letter === 'O') throw new NpyProblem('its elements are pickled Python objects');
  const size = digits === '' ? NaN : Number(digits);
  const sizes = NPY_SIZES[letter];
  const isDated = letter === 'M' || letter === 'm';
  if (!(size >= 0) || (sizes !== undefined && sizes.indexOf(size) < 0) || (unit !== undefined && !isDated)) throw new NpyProblem('it has elements of unknown type');
  const kind = NPY_KINDS[letter];
  // Of characters U counts four bytes each; their order is that of a number.
  return { kind, sizeBytes: letter === 'U' ? size * 4 : size, isLittleEndian: order !== '>', type: letter + digits + (unit ?? '') };
}

/** `hasLongs`: integers of Python 2, such as 5L. NumPy takes them where Python 2 can have written them. */
type LiteralReader = { text: ByteString; at: number; hasLongs: boolean };

/** Python's literals as far as a header can have them; anything else is refused. */
function parseLiteral(text: ByteString, hasLongs: boolean): Literal {
  const reader: LiteralReader = { text, at: 0, hasLongs };
  const value = takeLiteral(reader, 0);
  // Python refuses blanks in a line that does not end.
  if (!/^[ \t]*(?:\r?\n)?$/.test(text.slice(reader.at))) throw new NpyProblem('its header does not end where it should');
  return value;
}

function takeLiteral(reader: LiteralReader, depth: number): Literal {
  if (depth > MOST_LITERAL_DEPTH) throw new NpyProblem('its header is nested too deep');
  if (takeSign(reader, '{')) return takeDictionary(reader, depth);
  if (takeSign(reader, '(')) return takeItems(reader, ')', depth);
  if (takeSign(reader, '[')) return takeItems(reader, ']', depth);
  const rest = /(?:(0{1,15}|[1-9][0-9]{0,14})(L?)|(True|False|None)|u?('[^'\\\n\r]*(?:\\.[^'\\\n\r]*)*'|"[^"\\\n\r]*(?:\\.[^"\\\n\r]*)*"))(?![A-Za-z0-9_.])/y;
  rest.lastIndex = reader.at;
  const parts = rest.exec(reader.text);
  if (parts === null || (parts[2] === 'L' && !reader.hasLongs)) throw new NpyProblem('its header is no Python literal at byte ' + String(reader.at));
  reader.at = rest.lastIndex;
  if (parts[1] !== undefined) return Number(parts[1]);
  if (parts[3] !== undefined) return parts[3] === 'None' ? undefined : parts[3] === 'True';
  // Escapes stay as they are written: names are only compared.
  return parts[4].slice(1, -1);
}

/** White space, then `sign`? */
function takeSign(reader: LiteralReader, sign: string): boolean {
  while (reader.at < reader.text.length && ' \n\t\r'.indexOf(reader.text[reader.at]) >= 0) reader.at += 1;
  if (reader.text[reader.at] !== sign) return false;
  reader.at += 1;
  return true;
}

function takeDictionary(reader: LiteralReader, depth: number): Literal {
  const entries = new Map<ByteString, Literal>();
  while (!takeSign(reader, '}')) {
    const key = takeLiteral(reader, depth + 1);
    if (typeof key !== 'string' || entries.has(key) || !takeSign(reader, ':')) throw new NpyProblem('its header has a key that is none');
    entries.set(key, takeLiteral(reader, depth + 1));
    if (takeSign(reader, ',')) continue;
    if (takeSign(reader, '}')) break;
    throw new NpyProblem('its header is no Python literal at byte ' + String(reader.at));
  }
  return entries;
}

/** Of round brackets: "(x)" is x, "(x,)" a tuple. */
function takeItems(reader: LiteralReader, end: ')' | ']', depth: number): Literal {
  const items: Literal[] = [];
  let isLone = false;
  while (!takeSign(reader, end)) {
    items.push(takeLiteral(reader, depth + 1));
    isLone = items.length === 1 && end === ')';
    if (takeSign(reader, ',')) {
      isLone = false;
      continue;
    }
    if (takeSign(reader, end)) break;
    throw new NpyProblem('its header is no Python literal at byte ' + String(reader.at));
  }
  return isLone ? items[0] : { isTuple: end === ')', items };
}
