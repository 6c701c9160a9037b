// parameters.ts - values in files as a tree of keys, and how keys are written (docs/parameters.txt). Knows no format and no file.
import type { ByteString } from './bytes.ts';
import { compareBytes } from './bytes.ts';
import type { Run } from './run.ts';
import { editDistance } from './words.ts';

/** 'undecided': a word that some readers of its format take for a number, a truth or a date, and others for a text. */
export type ScalarType = 'string' | 'integer' | 'float' | 'boolean' | 'null' | 'date' | 'undecided';

/** A single value. It stands in the text from `start` to `end`, quotes included; start is -1 if it cannot be replaced there. */
export type ParameterScalar = {
  kind: 'scalar';
  type: ScalarType;
  /** Of a string its bytes; of all others one spelling for whatever means the same. */
  value: ByteString;
  /** As it stands there. */
  spelled: ByteString;
  start: number;
  end: number;
};

/** A list in brackets has its place; start is -1 if it is in no single piece, or not in brackets. */
export type ParameterList = { kind: 'list'; items: ParameterNode[]; start: number; end: number };

export type ParameterMapping = { kind: 'mapping'; entries: Map<ByteString, ParameterNode>; start: number; end: number };

/** A key whose value cannot be told from the text alone. `why` is a part of a sentence. */
export type UnreadableParameter = { kind: 'unreadable'; why: ByteString; line: number };

export type ParameterNode = ParameterScalar | ParameterList | ParameterMapping | UnreadableParameter;

/** `isFlat`: keys have no parts, a "." in one is a part of it. `isTyped`: values have types; otherwise all are texts. */
export type ParameterTree = { root: ParameterMapping | ParameterList; isFlat: boolean; isTyped: boolean };

/** Deeper nesting is refused: no file for people has it, and it would exhaust the stack. */
export const DEEPEST_NESTING = 100;

// ---- keys -------------------------------------------------------------------------------------------

/** A part of a key: a name, or the number of an item of a list. */
export type KeyPart = ByteString | number;

const BARE_PART = /^[^."[\]\0-\x20\x7f][^."[\]\0-\x1f\x7f]*$/;

/** The key as rr writes it: a.b[0]."c.d" */
export function printKey(parts: KeyPart[]): ByteString {
  return parts.map((part, i) => {
    if (typeof part === 'number') return '[' + String(part) + ']';
    return (i === 0 ? '' : '.') + (BARE_PART.test(part) && !part.endsWith(' ') ? part : JSON.stringify(part));
  }).join('');
}

const QUOTED_PART = /"(?:[^"\\]|\\[^])*"/y;

/** The end of the part in quotes that begins at `at`, and what it means; undefined if there is none. */
function readQuotedPart(key: ByteString, at: number): { part: ByteString; end: number } | undefined {
  QUOTED_PART.lastIndex = at;
  const found = QUOTED_PART.exec(key);
  if (found === null) return undefined;
  try {
    return { part: JSON.parse(found[0]) as ByteString, end: at + found[0].length };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

/** The parts of a key as a person writes it; undefined if it is none. */
export function parseKeyParts(key: ByteString): KeyPart[] | undefined {
  const parts: KeyPart[] = [];
  let at = 0;
  while (at < key.length) {
    const index = /^\[(\d{1,9})\]/.exec(key.slice(at, at + 12));
    if (index !== null) {
      parts.push(Number(index[1]));
      at += index[0].length;
      continue;
    }
    if (parts.length > 0) {
      if (key[at] !== '.') return undefined;
      at += 1;
    }
    if (key[at] === '"') {
      const quoted = readQuotedPart(key, at);
      if (quoted === undefined) return undefined;
      parts.push(quoted.part);
      at = quoted.end;
    } else {
      const bare = /^[^."[\]]+/.exec(key.slice(at));
      if (bare === null) return undefined;
      parts.push(bare[0]);
      at += bare[0].length;
    }
  }
  return parts.length === 0 ? undefined : parts;
}

export type FoundParameter = { kind: 'found'; node: ParameterNode; /** As rr writes it. */ key: ByteString } | { kind: 'missing'; nearest: ByteString[] };

/** The value of a key. Of a list an item may be named a.0, too. */
export function findParameter(tree: ParameterTree, key: ByteString): FoundParameter {
  if (tree.isFlat) {
    const node = tree.root.kind === 'mapping' ? tree.root.entries.get(key) : undefined;
    return node === undefined ? { kind: 'missing', nearest: findNearestKeys(tree, key) } : { kind: 'found', node, key };
  }
  let node: ParameterNode | undefined = tree.root;
  const met: KeyPart[] = [];
  for (const part of parseKeyParts(key) ?? ['']) {
    if (node?.kind === 'list') {
      const index: number = typeof part === 'number' ? part : /^\d{1,9}$/.test(part) ? Number(part) : -1;
      node = node.items[index];
      met.push(index);
    } else if (node?.kind === 'mapping') {
      node = node.entries.get(String(part));
      met.push(String(part));
    } else node = undefined;
  }
  if (node === undefined || met.length === 0) return { kind: 'missing', nearest: findNearestKeys(tree, key) };
  return { kind: 'found', node, key: printKey(met) };
}

/** A list of single values is one value to a person; other lists are told item by item. */
function isPlainList(node: ParameterList): boolean {
  return node.items.every((item) => item.kind === 'scalar');
}

/**
 * All values with their keys, in the order of the file: those of mappings one by one, a list of
 * single values as a whole. No more than `most` of them.
 */
export function listParameters(tree: ParameterTree, most: number): { key: ByteString; node: ParameterNode }[] {
  const found: { key: ByteString; node: ParameterNode }[] = [];
  const visit = (node: ParameterNode, parts: KeyPart[]): void => {
    if (found.length >= most) return;
    const isWhole = node.kind === 'list' ? isPlainList(node) : node.kind !== 'mapping' || node.entries.size === 0;
    if (isWhole && parts.length > 0) found.push({ key: tree.isFlat ? String(parts[0]) : printKey(parts), node });
    else if (node.kind === 'list') node.items.forEach((item, i) => visit(item, parts.concat(i)));
    else if (node.kind === 'mapping') for (const [name, value] of node.entries) visit(value, parts.concat(name));
  };
  visit(tree.root, []);
  return found;
}

const MOST_NEAR = 3;
const MOST_COMPARED = 2000;

/** Keys that may have been meant: spelled much the same, or with the same last part. */
function findNearestKeys(tree: ParameterTree, key: ByteString): ByteString[] {
  const last = (text: ByteString): ByteString => text.slice(text.lastIndexOf('.') + 1);
  const scored: { key: ByteString; distance: number }[] = [];
  for (const one of listParameters(tree, MOST_COMPARED)) {
    if (one.key.length > 200 || key.length > 200) continue;
    const distance = last(one.key) === last(key) ? 0 : editDistance(key, one.key);
    if (distance <= Math.max(1, Math.floor(key.length / 3))) scored.push({ key: one.key, distance });
  }
  scored.sort((a, b) => a.distance - b.distance || compareBytes(a.key, b.key));
  return scored.slice(0, MOST_NEAR).map((one) => one.key);
}

// ---- meaning ----------------------------------------------------------------------------------------

/** Do the two mean the same? The order of keys means nothing. */
export function isSameNode(a: ParameterNode, b: ParameterNode): boolean {
  if (a.kind === 'scalar' && b.kind === 'scalar') return a.type === b.type && a.value === b.value;
  if (a.kind === 'list' && b.kind === 'list') return a.items.length === b.items.length && a.items.every((item, i) => isSameNode(item, b.items[i]));
  if (a.kind !== 'mapping' || b.kind !== 'mapping' || a.entries.size !== b.entries.size) return a.kind === 'unreadable' && b.kind === 'unreadable' && a.why === b.why;
  for (const [name, value] of a.entries) {
    const other = b.entries.get(name);
    if (other === undefined || !isSameNode(value, other)) return false;
  }
  return true;
}

/** A whole number of any size in one spelling: decimal, without "+" and leading zeros. */
export function canonicalInteger(text: ByteString): ByteString {
  const digits = text.replace(/^\+/, '');
  return String(digits[0] === '-' ? -BigInt(digits.slice(1)) : BigInt(digits));
}

/** A floating-point number (IEEE 754, 64 bits) in one spelling; never one of a whole number. */
export function canonicalFloat(value: number): ByteString {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const text = Object.is(value, -0) ? '-0' : String(value);
  return /^-?\d+$/.test(text) ? text + '.0' : text;
}

// ---- parameters of runs -------------------------------------------------------------------------------

/** A value that stood in a file: `path` as in a record, `key` as printKey() has it. */
export type FileParameter = { path: ByteString; key: ByteString };

/**
 * The name that it has among the parameters of a run: PATH:KEY. A name holds no space, so that one is
 * "%20", and a "%" is "%25".
 */
export function nameFileParameter({ path, key }: FileParameter): ByteString {
  return (path + ':' + key).replace(/[ %]/g, (sign) => (sign === ' ' ? '%20' : '%25'));
}

/** Another value for it. */
export type ParameterSetting = FileParameter & { value: ByteString };

/** Path and key of a PATH:KEY, if PATH is one of these; the longest that fits. */
export function splitParameterName(name: ByteString, paths: ByteString[]): FileParameter | undefined {
  let found: ByteString | undefined;
  for (const path of paths) if (name.startsWith(nameFileParameter({ path, key: '' })) && (found === undefined || path.length > found.length)) found = path;
  if (found === undefined) return undefined;
  const key = name.slice(nameFileParameter({ path: found, key: '' }).length);
  return { path: found, key: key.replace(/%(20|25)/g, (_, digits: string) => (digits === '20' ? ' ' : '%')) };
}

/** Those of a run's parameters that stood in files, with their values in the record. */
export function fileParametersOf(run: Pick<Run, 'parameters' | 'parameterFiles'>): (FileParameter & { name: ByteString; value: ByteString })[] {
  const found: (FileParameter & { name: ByteString; value: ByteString })[] = [];
  for (const parameter of run.parameters) {
    const space = parameter.indexOf(' ');
    const name = parameter.slice(0, space);
    const split = splitParameterName(name, run.parameterFiles);
    if (split !== undefined) found.push({ ...split, name, value: parameter.slice(space + 1) });
  }
  return found;
}
