// parameterfile.ts - values in files of all formats: their text in records, what means the same, and putting another in place (docs/parameters.txt). Touches no file.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes, isPlainText } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { fileParametersOf, findParameter, isSameNode } from '../core/parameters.ts';
import type { ParameterList, ParameterMapping, ParameterNode, ParameterScalar, ParameterTree } from '../core/parameters.ts';
import type { Run } from '../core/run.ts';
import { readJuliaValues } from './juliavalues.ts';
import { readJsonValues } from './jsonvalues.ts';
import { readIni, readKeyLines, readProperties } from './keylines.ts';
import { ParameterSource } from './parametersource.ts';
import { readPythonValues } from './pythonvalues.ts';
import { readRValues } from './rvalues.ts';
import { readShellValues } from './shellvalues.ts';
import { readToml } from './toml.ts';
import { readYaml } from './yaml.ts';

/** What is different from format to format. */
type ParameterFormat = {
  name: string;
  endings: string[];
  isFlat: boolean;
  isTyped: boolean;
  read: (source: ParameterSource) => ParameterMapping | ParameterList;
  /** What stands before a value that is read by itself, and behind it; there if values have types. */
  frame: [ByteString, ByteString];
  /** The spellings of a string to be tried, in this order. `old`: how the value that was there is spelled; '': there was none. */
  spell: (value: ByteString, old: ByteString) => ByteString[];
};

const spellAsIs = (value: ByteString): ByteString[] => [value];
const spellAsJson = (value: ByteString): ByteString[] => [JSON.stringify(value)];

/** Single quotes where they stood before, else double ones. */
function spellInYaml(value: ByteString, old: ByteString): ByteString[] {
  const single = '\'' + value.replace(/'/g, '\'\'') + '\'';
  if (old[0] === '"') return [JSON.stringify(value)];
  return old[0] === '\'' ? [single, JSON.stringify(value)] : [value, single, JSON.stringify(value)];
}

function spellInToml(value: ByteString, old: ByteString): ByteString[] {
  return old[0] === '\'' ? ['\'' + value + '\'', JSON.stringify(value)] : [JSON.stringify(value)];
}

/** In the quotes that stood before; what may not stand in them is escaped. */
function spellInPython(value: ByteString, old: ByteString): ByteString[] {
  const mark = /^[A-Za-z]*'/.test(old) ? '\'' : '"';
  const escaped = value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t').split(mark).join('\\' + mark);
  return [mark + escaped + mark];
}

function spellInJulia(value: ByteString): ByteString[] {
  return [spellInPython(value, '"')[0].replace(/\$/g, '\\$')];
}

function spellInShell(value: ByteString, old: ByteString): ByteString[] {
  const quoted = ['\'' + value + '\'', '"' + value + '"'];
  return old[0] === '"' ? quoted.reverse() : old[0] === '\'' ? quoted : [value].concat(quoted);
}

const FORMATS: ParameterFormat[] = [
  { name: 'YAML', endings: ['yaml', 'yml'], isFlat: false, isTyped: true, read: readYaml, frame: ['k: ', '\n'], spell: spellInYaml },
  { name: 'TOML', endings: ['toml'], isFlat: false, isTyped: true, read: readToml, frame: ['k = ', '\n'], spell: spellInToml },
  { name: 'JSON', endings: ['json'], isFlat: false, isTyped: true, read: (source) => readJsonValues(source, false), frame: ['{"k":', '}'], spell: spellAsJson },
  { name: 'JSON with comments', endings: ['jsonc'], isFlat: false, isTyped: true, read: (source) => readJsonValues(source, true), frame: ['{"k":', '}'], spell: spellAsJson },
  { name: 'Python', endings: ['py'], isFlat: false, isTyped: true, read: readPythonValues, frame: ['k = ', '\n'], spell: spellInPython },
  { name: 'R', endings: ['r'], isFlat: false, isTyped: true, read: readRValues, frame: ['k <- ', '\n'], spell: spellInPython },
  { name: 'Julia', endings: ['jl'], isFlat: false, isTyped: true, read: readJuliaValues, frame: ['k = ', '\n'], spell: spellInJulia },
  { name: 'shell', endings: ['sh', 'bash', 'env'], isFlat: true, isTyped: false, read: readShellValues, frame: ['', ''], spell: spellInShell },
  { name: 'INI', endings: ['ini', 'cfg'], isFlat: true, isTyped: false, read: readIni, frame: ['', ''], spell: spellAsIs },
  { name: 'properties', endings: ['properties'], isFlat: true, isTyped: false, read: readProperties, frame: ['', ''], spell: spellAsIs },
  { name: '"key = value"', endings: ['txt', 'par', 'param', 'params', 'conf', 'dat', 'in', 'inp', ''], isFlat: true, isTyped: false, read: readKeyLines, frame: ['', ''], spell: spellAsIs },
];

/** All endings that parameters are read from, for people. */
export function listParameterEndings(): string[] {
  return FORMATS.reduce((all: string[], format) => all.concat(format.endings), []).filter((ending) => ending !== '').map((ending) => '.' + ending);
}

/** What stands behind the last dot of a name; of .env "env". */
export function parameterEnding(path: ByteString): ByteString {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? (dot === 0 ? name.slice(1) : '') : name.slice(dot + 1);
}

function findFormat(path: ByteString): ParameterFormat | undefined {
  const ending = parameterEnding(path).toLowerCase();
  return FORMATS.find((format) => format.endings.indexOf(ending) >= 0);
}

function requireFormat(path: ByteString): ParameterFormat {
  return findFormat(path) ?? fail(path, 'parameters are not read from files of this ending', 'they are read from ' + listParameterEndings().join(', '));
}

function fail(path: ByteString, what: ByteString, hint = ''): never {
  throw new Failure('cannot read "' + path + '": ' + what, hint, EXIT.refused);
}

/** Larger files hold data. */
export const LARGEST_PARAMETER_FILE_BYTES = 16 << 20;

/** The values of a file: `path` tells its format by its ending. Throws Failure, with the line, for what is not read. */
export function readParameters(text: ByteString, path: ByteString): ParameterTree {
  const { read, isFlat, isTyped } = requireFormat(path);
  if (text.length > LARGEST_PARAMETER_FILE_BYTES) fail(path, 'it has more than 16 MiB');
  return { root: read(new ParameterSource(text, path)), isFlat, isTyped };
}

/** Can parameters be read from files of this ending? */
export function hasParameterFormat(path: ByteString): boolean {
  return findFormat(path) !== undefined;
}

// ---- the text of a value -------------------------------------------------------------------------

/** What a text without quotes is in this format; undefined if it is no value by itself. */
function readBareValue(format: ParameterFormat, text: ByteString): ParameterNode | undefined {
  if (/[\r\n]/.test(text)) return undefined;
  try {
    const root = format.read(new ParameterSource(format.frame[0] + text + format.frame[1], ''));
    const node = root.kind === 'mapping' && root.entries.size === 1 ? root.entries.get('k') : undefined;
    const isWhole = node !== undefined && node.kind !== 'unreadable' && node.start === format.frame[0].length && node.end === node.start + text.length;
    return isWhole ? node : undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return undefined;
  }
}

/** Strings stand as they are, unless that would be another value: then as JSON has them. */
function describeString(format: ParameterFormat, value: ByteString): ByteString {
  if (!format.isTyped) return value;
  if (value === '' || /^["[{]/.test(value)) return JSON.stringify(value);
  const bare = readBareValue(format, value);
  return bare === undefined || (bare.kind === 'scalar' && bare.type === 'string' && bare.value === value) ? value : JSON.stringify(value);
}

function compactScalar(node: ParameterScalar): ByteString {
  switch (node.type) {
    case 'string': case 'date': return JSON.stringify(node.value);
    case 'float': return node.value === 'nan' ? 'NaN' : node.value.endsWith('inf') ? node.value.replace('inf', 'Infinity') : node.value;
    default: return node.value;
  }
}

/** Compact JSON, keys in the order of their bytes. `fault` is called for what it cannot tell. */
function compact(node: ParameterNode, fault: (what: ByteString) => never): ByteString {
  switch (node.kind) {
    case 'scalar': return node.type === 'undecided' ? fault(node.spelled + ' in it is no text to some programs: put it in quotes') : compactScalar(node);
    case 'list': return '[' + node.items.map((item) => compact(item, fault)).join(',') + ']';
    case 'mapping': {
      const names = Array.from(node.entries.keys()).sort(compareBytes);
      return '{' + names.map((name) => JSON.stringify(name) + ':' + compact(node.entries.get(name) as ParameterNode, fault)).join(',') + '}';
    }
    case 'unreadable': return fault('line ' + String(node.line) + ': ' + node.why);
  }
}

/**
 * The text of a value in records: a string as it is, anything else as it is spelled there, a list or
 * mapping as compact JSON. A string that would read as something else stands in quotes, so that the
 * text tells value and type. Throws Failure for what cannot be told.
 */
export function describeParameter(node: ParameterNode, path: ByteString, key: ByteString): ByteString {
  const fault = (what: ByteString): never => fail(path, 'the value of "' + key + '" cannot be told: ' + what);
  if (node.kind !== 'scalar') return compact(node, fault);
  if (node.type === 'string') return describeString(requireFormat(path), node.value);
  return node.spelled === '' ? node.value : node.spelled;
}

/** What a text of describeParameter() means; undefined of a list or mapping, which has one text only. */
function parseDescribed(format: ParameterFormat, text: ByteString): { type: string; value: ByteString } | undefined {
  const string = { type: 'string', value: text };
  if (!format.isTyped) return string;
  if (text[0] === '[' || text[0] === '{') return undefined;
  if (text[0] === '"') {
    const quoted = readBareValue(FORMATS.find((one) => one.name === 'JSON') as ParameterFormat, text);
    return quoted?.kind === 'scalar' ? { type: 'string', value: quoted.value } : string;
  }
  const node = readBareValue(format, text);
  return node?.kind === 'scalar' ? node : string;
}

/**
 * Do two texts of describeParameter() for the same key of a file mean the same, by type and value?
 * What is not known (a withheld value, a format that is gone) is the same only if the text is.
 */
export function isSameValue(path: ByteString, first: ByteString, second: ByteString): boolean {
  if (first === second) return true;
  const format = findFormat(path);
  if (format === undefined || first.indexOf('\0') >= 0 || second.indexOf('\0') >= 0) return false;
  const [a, b] = [parseDescribed(format, first), parseDescribed(format, second)];
  return a !== undefined && b !== undefined && a.type === b.type && a.value === b.value;
}

/** The runs with values in files that mean the same as those of the first run spelled as there. */
export function alignFileParameters(runs: Run[]): Run[] {
  const origin = new Map(fileParametersOf(runs[0]).map((one) => [one.name, one.value]));
  return runs.map((run) => {
    const same = new Map<ByteString, ByteString>();
    for (const { name, path, value } of fileParametersOf(run)) {
      const first = origin.get(name);
      if (first !== undefined && first !== value && isSameValue(path, first, value)) same.set(name + ' ' + value, name + ' ' + first);
    }
    return same.size === 0 ? run : { ...run, parameters: run.parameters.map((line) => same.get(line) ?? line) };
  });
}

// ---- putting another value in place ---------------------------------------------------------------

/**
 * What `text`, as a person gives it, is to be in the place of `old`: what was a string stays one; in
 * the place of anything else it is what it is in this format: a number, say, or else a string.
 */
function chooseSpellings(format: ParameterFormat, text: ByteString, old: ParameterNode): { spellings: ByteString[]; wanted: ParameterNode } {
  const bare = format.isTyped && (old.kind !== 'scalar' || old.type !== 'string') ? readBareValue(format, text) : undefined;
  if (bare !== undefined && (bare.kind !== 'scalar' || bare.type !== 'string')) return { spellings: [text], wanted: bare };
  const wanted: ParameterScalar = { kind: 'scalar', type: 'string', value: text, spelled: text, start: -1, end: -1 };
  return { spellings: format.spell(text, old.kind === 'scalar' && old.type === 'string' ? old.spelled : ''), wanted };
}

/** Has `after` this value under the key, and is it as `before` in everything else? */
function isOnlyChange(before: ParameterTree, after: ParameterTree, key: ByteString, wanted: ParameterNode): boolean {
  const found = findParameter(after, key);
  const old = findParameter(before, key);
  if (found.kind !== 'found' || old.kind !== 'found' || !isSameNode(found.node, wanted)) return false;
  // With the new value in the place of the old one both are alike.
  const put = (node: ParameterNode): ParameterNode => {
    if (node === old.node) return found.node;
    if (node.kind === 'list') return { ...node, items: node.items.map(put) };
    if (node.kind !== 'mapping') return node;
    const entries = new Map<ByteString, ParameterNode>();
    for (const [name, value] of node.entries) entries.set(name, put(value));
    return { ...node, entries };
  };
  return isSameNode(put(before.root), after.root);
}

/** A key with nothing behind its colon needs a space before the value. */
function spliceValue(text: ByteString, node: ParameterScalar | ParameterList | ParameterMapping, spelled: ByteString): ByteString {
  const gap = node.start === node.end && /[:=-]$/.test(text.slice(0, node.start)) ? ' ' : '';
  return text.slice(0, node.start) + gap + spelled + text.slice(node.end);
}

/**
 * The text of the file with another value under the key; every other byte is as it was. That it reads
 * so, and all else as before, is checked. Throws Failure if that cannot be had.
 */
export function writeParameter(text: ByteString, path: ByteString, key: ByteString, value: ByteString): ByteString {
  const format = requireFormat(path);
  const before = readParameters(text, path);
  const cannot = (why: ByteString, hint = ''): never => { throw new Failure('cannot set "' + key + '" in "' + path + '": ' + why, hint, EXIT.refused); };
  const found = requireParameter(before, path, key);
  const { node } = found;
  if (node.kind === 'unreadable') return cannot('line ' + String(node.line) + ': ' + node.why);
  if (node.start < 0) return cannot(node.kind === 'scalar' ? 'it stands there over several lines' : 'it is a list or mapping that is not in brackets', node.kind === 'scalar' ? '' : 'set what is in it, one by one');
  if (!isPlainText(value)) return cannot('the new value is not UTF-8, or has a control character in it');
  const { spellings, wanted } = chooseSpellings(format, value, node);
  if (node.kind !== 'scalar' && wanted.kind !== node.kind) return cannot('it is a ' + node.kind + ', and "' + value + '" is none in ' + format.name);
  for (const spelled of spellings) {
    const after = spliceValue(text, node, spelled);
    try {
      if (isOnlyChange(before, readParameters(after, path), found.key, wanted)) return after;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  }
  return cannot('"' + value + '" cannot stand there in ' + format.name);
}

/** The value of a key. Throws Failure that names the file, the key and those that may have been meant. */
export function requireParameter(tree: ParameterTree, path: ByteString, key: ByteString): { node: ParameterNode; key: ByteString } {
  const found = findParameter(tree, key);
  if (found.kind === 'found') return found;
  throw new Failure('cannot find the key "' + key + '" in "' + path + '"', found.nearest.length === 0 ? '' : 'did you mean ' + found.nearest.map((one) => '"' + one + '"').join(' or ') + '?', EXIT.refused);
}
