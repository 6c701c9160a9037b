// metricrule.ts - which values of what a run prints are metrics, as --metrics-from says it (docs/rr.1, METRICS). Reads no lines by itself.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { compileGlob } from '../core/glob.ts';
import type { PrintedPair } from './printedline.ts';
import { PRINTED_NUMBER } from './series.ts';

/** `isOff`: lines are not read as they are by default. `takes`: undefined takes all names. */
export type MetricRule = { isOff: boolean; takes: ((name: ByteString) => boolean) | undefined; patterns: LinePattern[] };

/** A text with places for values: pieces that must follow one another, `isApart` if anything may stand before one. */
export type LinePattern = { isApart: boolean; piece: RegExp; names: ByteString[] }[];

const LONGEST_RULE = 200;
const LONGEST_VALUE = 40;
const PLACE = /\{([A-Za-z_][A-Za-z0-9_.\/-]{0,39})\}|(\*)/g;
const VALUE_PLACE = '(' + PRINTED_NUMBER + ')';

/** What a rule may be, as a hint. */
export const METRICS_FROM_HINT = "write off, names such as loss,val_*, or a line with places such as 'best {accuracy} at step {step}'";

function failRule(text: ByteString, why: string): never {
  throw new Failure('cannot use --metrics-from "' + text + '": ' + why, METRICS_FROM_HINT, EXIT.usage);
}

/** Why this text is no rule; undefined if it is one. */
export function findRuleFault(text: ByteString): string | undefined {
  try {
    readMetricRule([text]);
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.message.slice(error.message.lastIndexOf('": ') + 3);
  }
}

/**
 * Pieces between stars are found one after another, each at the first place where it fits: the time that
 * takes grows with the length of the line only, whatever the pattern.
 */
function compileLinePattern(text: ByteString): LinePattern {
  const pattern: LinePattern = [];
  let piece = '';
  let names: ByteString[] = [];
  let isApart = false;
  const literal = (part: ByteString): string => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&').replace(/ +/g, '[ \\t]+');
  const close = (): void => {
    if (piece !== '') pattern.push({ isApart, piece: new RegExp(piece, isApart ? 'g' : 'y'), names });
    piece = '';
    names = [];
  };
  let at = 0;
  for (const place of text.matchAll(PLACE)) {
    piece += literal(text.slice(at, place.index));
    at = (place.index as number) + place[0].length;
    if (place[2] !== undefined) {
      close();
      isApart = true;
    } else {
      if (place[1] === 'name' && names.indexOf('name') >= 0) failRule(text, 'it has two places for a name');
      names.push(place[1]);
      piece += place[1] === 'name' ? '([A-Za-z_][A-Za-z0-9_.\\/@-]{0,39})' : VALUE_PLACE;
    }
  }
  piece += literal(text.slice(at));
  close();
  if (/[{}]/.test(text.replace(PLACE, ''))) failRule(text, 'a brace is not one of a place for a value');
  return pattern;
}

/** The rule of these texts; of none: all names, by default. Throws Failure for what is no rule. */
export function readMetricRule(texts: ByteString[]): MetricRule {
  const rule: MetricRule = { isOff: false, takes: undefined, patterns: [] };
  const names: ((name: ByteString) => boolean)[] = [];
  for (const text of texts) {
    if (text.length > LONGEST_RULE) failRule(text.slice(0, 40) + '...', 'longer than ' + String(LONGEST_RULE) + ' bytes');
    if (text === 'off') rule.isOff = true;
    else if (text.indexOf('{') >= 0) rule.patterns.push(compileLinePattern(text));
    else {
      if (!/^[A-Za-z0-9_.\/@*?%[\]!-]+(?:,[A-Za-z0-9_.\/@*?%[\]!-]+)*$/.test(text)) failRule(text, 'no list of names');
      names.push(...text.split(',').map(compileGlob));
    }
  }
  for (const pattern of rule.patterns) {
    const places = pattern.reduce<ByteString[]>((all, one) => all.concat(one.names), []);
    if (places.filter((place) => place !== 'step' && place !== 'name').length === 0) failRule(texts.filter((text) => text.indexOf('{') >= 0)[rule.patterns.indexOf(pattern)], 'it has no place for a value');
  }
  if (names.length > 0) rule.takes = (name) => names.some((takes) => takes(name));
  return rule;
}

/** What the pattern finds in a line, from its beginning; undefined if the line is not so. */
export function matchPattern(pattern: LinePattern, line: ByteString): { pairs: PrintedPair[]; step: number | undefined } | undefined {
  const found = new Map<ByteString, ByteString>();
  let at = 0;
  for (const { piece, names } of pattern) {
    piece.lastIndex = at;
    const match = piece.exec(line);
    if (match === null) return undefined;
    names.forEach((name, i) => { found.set(name, match[i + 1]); });
    at = piece.lastIndex;
  }
  const name = found.get('name');
  const step = found.get('step');
  const pairs: PrintedPair[] = [];
  for (const [place, value] of found) {
    if (place === 'name' || place === 'step' || value.length > LONGEST_VALUE) continue;
    pairs.push({ name: place === 'value' && name !== undefined ? name : place, value });
  }
  return { pairs, step: step === undefined || !(Number(step) >= 0) || !isFinite(Number(step)) ? undefined : Number(step) };
}
