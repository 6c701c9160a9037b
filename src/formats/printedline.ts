// printedline.ts - what one line that a program printed says: pairs of name and number, and how far it is (docs/rr.1, METRICS). Keeps nothing.
//
// A line is read if it consists of nothing but
//
//   NAME=VALUE  NAME: VALUE    a pair; up to three words are a name
//   WORD N/M  WORD N           a counter: WORD is one of OUTER_COUNTERS and INNER_COUNTERS
//   N/M  N%  [=====>....]      how far it is
//   12s  8.2it/s  00:10<00:12  times and rates
//
// with separators between them, or if it is a JSON object. What is of another kind, is prose: of that only a
// counter or N/M at its beginning counts.
import type { ByteString } from '../core/bytes.ts';
import { decodeJsonString, parseJson } from './jsontape.ts';
import { PRINTED_NUMBER, SERIES_VALUE } from './series.ts';

/** N of M: `of` is undefined where only N is told. `isOuter`: one that others repeat within, such as an epoch. */
export type PrintedCounter = { isOuter: boolean; at: number; of: number | undefined };

export type PrintedPair = { name: ByteString; value: ByteString };

/** What a line says; `percent` is there only if it has no counter. */
export type PrintedLine = { pairs: PrintedPair[]; counters: PrintedCounter[]; percent: number | undefined };

/** Longer lines are not read. */
export const LONGEST_PRINTED_LINE = 2000;
const LONGEST_PRINTED_NAME = 40;
const MOST_ITEMS = 200;

const OUTER_COUNTERS = ['epoch', 'round', 'generation', 'fold', 'trial', 'cycle'];
const INNER_COUNTERS = ['step', 'global_step', 'iteration', 'iter', 'batch', 'timestep', 'it', 'frame', 'sample'];
// Numbers of these names are no measurements.
const NO_METRICS = ['error', 'errors', 'warning', 'warnings', 'note', 'hint', 'line', 'column', 'port', 'pid', 'version', 'date', 'eta', 'year', 'usage', 'http', 'https', 'localhost', 'v_num', 'timestamp'];

const COUNTER_WORD = '(?:(?:train|training|val|valid|validation|eval|test) )?(' + OUTER_COUNTERS.concat(INNER_COUNTERS).join('|') + ')';
const PRINTED_WORD = '[A-Za-z_][A-Za-z0-9_./@-]{0,39}';
const PRINTED_NAME = '(' + PRINTED_WORD + '(?: ' + PRINTED_WORD + '){0,2})';
// A number ends where nothing follows that would make it a time, a date, a version, an address or another word.
const ENDED = '(?![A-Za-z0-9_./:\\\\-])';

const SEPARATORS = /(?:[ \t,;|()[\]{}<>*]|[-=:](?=[ \t]|$)|\xe2\x80[\x93\x94\xa2]|\xc2\xb7)+/y;
const COUNTER_OF = new RegExp(COUNTER_WORD + ' ?[:=#]? ?[[(]?([0-9]{1,15}) ?(?:/|of) ?([0-9]{1,15})(?![0-9A-Za-z_./])', 'iy');
const COUNTER_ALONE = new RegExp(COUNTER_WORD + '(?: ?[:=#] ?| )\\[?([0-9]{1,15})(?![0-9A-Za-z_./%])', 'iy');
const FRACTION = /([0-9]{1,15}) ?\/ ?([0-9]{1,15})(?![0-9A-Za-z_./])/y;
const PERCENT = /([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%(?![0-9A-Za-z_])/y;
const PAIR = new RegExp(PRINTED_NAME + ' ?(=|:) *(' + PRINTED_NUMBER + ')' + ENDED + '( ?%| ?[a-zA-Z]{1,3}(?:/[a-z]{1,6})?(?=$|[ ,;|)\\]]))?', 'y');
const CLOSE_PAIR = new RegExp(PRINTED_NAME + '(=|:) *(' + PRINTED_NUMBER + ')([a-zA-Z/]{1,12})(?=$|[ ,;|)\\]])', 'y');
const WORD_PAIR = new RegExp(PRINTED_NAME + '(?: ?=|:(?=[ \\t])) *([^ \\t,;|()\\[\\]=]+)(?=$|[ \\t,;|)\\]])', 'y');
const LINE_HEADING = new RegExp(PRINTED_NAME + ':[ \\t]+(?=' + PRINTED_NAME + ' ?[:=])', 'y');
const BESIDE = new RegExp(PRINTED_NAME + ' {1,2}(' + PRINTED_NUMBER + ')' + ENDED + '( ?%)?', 'y');
const BESIDE_UNIT = new RegExp(PRINTED_NAME + ' (?:' + PRINTED_NUMBER + ') ?[a-zA-Z]{1,3}(?:/[a-z]{1,6})?(?=$|[ ,;|)\\]])', 'y');
const TIME_OR_RATE = /(?:[0-9?]+(?::[0-9?]{2}){1,2}|[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)? ?(?:[a-zA-Z]{1,7}\/[a-z]{1,8}|d|h|m|min|s|sec|ms|us|\xc2\xb5s)|\?[a-zA-Z]{0,7}\/[a-z]{1,8})(?![A-Za-z0-9_/])/y;
// tqdm's blocks and lines, keras's arrows and heavy lines, pip's and rich's.
const BAR = /[=>.# -]+(?=[\]|])|(?:\xe2[\x94-\x96][\x80-\xbf])+/y;

const TERMINAL_CODES = /\x1b(?:\[[0-9;:?<=>]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-Z\\^-~])/g;
const LOG_PREFIX = /^(?:\[?[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:Z|[-+][0-9]{2}:?[0-9]{2})?\]?[ \t:|-]*)?(?:\[?(?:DEBUG|INFO|NOTICE)\]?(?:[ \t:|-]+(?:[a-z_][A-Za-z0-9_.]*(?: -|:) )?|$))?/;

/** Is there anything in this text that a line could be read for? A quick look. */
export function isPromising(text: ByteString): boolean {
  return text.indexOf('=') >= 0 || text.indexOf(':') >= 0 || text.indexOf('%') >= 0 || text.indexOf('/') >= 0 || /epoch|step|iter/i.test(text);
}

// One of these bytes is in whatever isPromising().
const MARKS = Array.from('=:%/pPiI', (mark) => mark.charCodeAt(0));

/** Is it certain that isPromising() says no to any text that these bytes are a part of, as far as they go? Ten times as quick. */
export function isHopeless(data: Uint8Array): boolean {
  return MARKS.every((mark) => data.indexOf(mark) < 0);
}

type LineScan = { text: ByteString; at: number; line: PrintedLine };

function takeItem(scan: LineScan, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = scan.at;
  const found = pattern.exec(scan.text);
  if (found !== null) scan.at = pattern.lastIndex;
  return found;
}

function isOuterWord(word: string): boolean {
  return OUTER_COUNTERS.indexOf(word.toLowerCase()) >= 0;
}

function addPair(line: PrintedLine, words: ByteString, value: ByteString): void {
  const name = words.replace(/ /g, '_');
  const lower = name.toLowerCase();
  if (name.length > LONGEST_PRINTED_NAME || value.length > LONGEST_PRINTED_NAME || NO_METRICS.indexOf(lower) >= 0) return;
  line.pairs.push({ name, value });
}

/** Takes a counter, or N/M, with which a line may begin. */
function takeCounter(scan: LineScan): boolean {
  const { line } = scan;
  const found = takeItem(scan, COUNTER_OF) ?? takeItem(scan, COUNTER_ALONE);
  if (found !== null) {
    line.counters.push({ isOuter: isOuterWord(found[1]), at: Number(found[2]), of: found[3] === undefined ? undefined : Number(found[3]) });
    return true;
  }
  const fraction = takeItem(scan, FRACTION);
  if (fraction === null) return false;
  if (Number(fraction[1]) <= Number(fraction[2])) line.counters.push({ isOuter: false, at: Number(fraction[1]), of: Number(fraction[2]) });
  return true;
}

/** Takes one item of a line of pairs; false if what is here is none. */
function takeAny(scan: LineScan): boolean {
  const { line } = scan;
  if (takeItem(scan, BAR) !== null || takeCounter(scan)) return true;
  const percent = takeItem(scan, PERCENT);
  if (percent !== null) {
    if (line.percent === undefined && Number(percent[1]) <= 100) line.percent = Number(percent[1]);
    return true;
  }
  if (takeItem(scan, TIME_OR_RATE) !== null) return true;
  const pair = takeItem(scan, PAIR);
  if (pair !== null) {
    const [whole, name, sign, value, unit] = pair;
    // localhost:8080 and main.c:12 are no pairs; loss:0.5 is one.
    const isApart = sign === '=' || /[:] /.test(whole.slice(name.length)) || (/[.eE]/.test(value) && !/[./@]/.test(name));
    // A number with a unit is another number than the same with another unit.
    if (isApart && (unit === undefined || unit.trim() === '%')) addPair(line, name, value);
    return isApart;
  }
  if (takeItem(scan, CLOSE_PAIR) !== null || takeItem(scan, LINE_HEADING) !== null || takeItem(scan, WORD_PAIR) !== null) return true;
  const beside = line.counters.length === 0 ? null : takeItem(scan, BESIDE);
  if (beside !== null) addPair(line, beside[1], beside[2]);
  return beside !== null || (line.counters.length > 0 && takeItem(scan, BESIDE_UNIT) !== null);
}

/** Fields of an object, also in objects within it: numbers are pairs, those that count are counters. */
function readJsonLine(text: ByteString, line: PrintedLine): boolean {
  // Python prints a dict with its own quotes.
  const isDict = text[1] === '\'' && text.indexOf('"') < 0;
  const tape = parseJson(isDict ? text.replace(/'/g, '"').replace(/\b(?:nan|inf|None|True|False)\b/g, 'null') : text);
  if (tape === undefined || tape.roots.length !== 1 || tape.kindOf(tape.roots[0]) !== 'object') return false;
  const open: { end: number; prefix: ByteString }[] = [];
  const root = tape.roots[0];
  let prefix = '';
  for (let at = root + 1, items = 0; at < tape.nextOf(root) && items < MOST_ITEMS; items++) {
    while (open.length > 0 && at >= open[open.length - 1].end) prefix = (open.pop() as { prefix: ByteString }).prefix;
    const key = decodeJsonString(tape.spell(at));
    const value = at + 1;
    const kind = tape.kindOf(value);
    const name = prefix + key;
    if (kind === 'object') {
      open.push({ end: tape.nextOf(value), prefix });
      prefix = name + '.';
      at = value + 1;
      continue;
    }
    const spelled = kind === 'number' ? tape.spell(value) : '';
    const word = key.toLowerCase();
    if (prefix === '' && INNER_COUNTERS.concat(OUTER_COUNTERS).indexOf(word) >= 0 && Number(spelled) >= 0 && spelled !== '') line.counters.push({ isOuter: isOuterWord(word), at: Number(spelled), of: undefined });
    else if (SERIES_VALUE.test(spelled) && new RegExp('^' + PRINTED_WORD + '(?: ' + PRINTED_WORD + ')*$').test(name)) addPair(line, name, spelled);
    at = tape.nextOf(value);
  }
  return true;
}

/** The line as it is seen: without codes for the terminal; of what was deleted by backspaces only what took its place. */
export function plainLine(raw: ByteString): ByteString {
  let text = raw.indexOf('\x1b') >= 0 ? raw.replace(TERMINAL_CODES, '') : raw;
  if (text.indexOf('\b') >= 0) text = text.slice(text.lastIndexOf('\b') + 1);
  return text.trim();
}

/** tqdm: what stands before "45%|" is a text of the program's own, of which only a counter is read. */
function takeDescription(scan: LineScan): void {
  const bar = /^([^|%]{0,200}?[ :])?[ ]*[0-9]{1,3}(?:\.[0-9]+)?%\|/.exec(scan.text);
  if (bar === null || bar[1] === undefined) return;
  COUNTER_OF.lastIndex = 0;
  takeItem(scan, SEPARATORS);
  const found = takeItem(scan, COUNTER_OF) ?? takeItem(scan, COUNTER_ALONE);
  if (found !== null) scan.line.counters.push({ isOuter: isOuterWord(found[1]), at: Number(found[2]), of: found[3] === undefined ? undefined : Number(found[3]) });
  scan.at = bar[1].length;
}

/** What a line says, given without its end; undefined if nothing. */
export function readPrintedLine(raw: ByteString): PrintedLine | undefined {
  if (raw.length > LONGEST_PRINTED_LINE || !isPromising(raw)) return undefined;
  const line: PrintedLine = { pairs: [], counters: [], percent: undefined };
  let text = plainLine(raw);
  if (text[0] === '{' && text[text.length - 1] === '}' && readJsonLine(text, line)) return finishLine(line);
  text = text.slice((LOG_PREFIX.exec(text) as RegExpExecArray)[0].length);
  const scan: LineScan = { text, at: 0, line };
  takeDescription(scan);
  takeItem(scan, SEPARATORS);
  // Of prose only what it begins with counts: "(see step 3)" is no step, and "3/4 of them" only in brackets is how far it is.
  const isBracketed = line.counters.length > 0 || /[[(] *$/.test(text.slice(0, scan.at)) || !/^[0-9]/.test(text.slice(scan.at));
  let first: PrintedLine = { pairs: [], counters: line.counters.slice(), percent: undefined };
  for (let items = 0; scan.at < text.length; items++) {
    if (items >= MOST_ITEMS || !takeAny(scan)) return finishLine(first);
    if (items === 0 && isBracketed) first = { pairs: [], counters: line.counters.slice(), percent: line.percent };
    takeItem(scan, SEPARATORS);
  }
  return finishLine(line);
}

function finishLine(line: PrintedLine): PrintedLine | undefined {
  if (line.counters.length > 0) line.percent = undefined;
  return line.pairs.length + line.counters.length > 0 || line.percent !== undefined ? line : undefined;
}
