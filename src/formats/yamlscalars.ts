// yamlscalars.ts - what single values of YAML mean in its versions 1.1 and 1.2. Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import type { ParameterScalar, ScalarType } from '../core/parameters.ts';
import { canonicalFloat, canonicalInteger } from '../core/parameters.ts';
import { encodeCodePoint } from './parametersource.ts';
import type { ParameterSource } from './parametersource.ts';

type Meaning = { type: ScalarType; value: ByteString };

const NULL_WORD = /^(?:~|null|Null|NULL)$/;
const TRUE_WORD = /^(?:true|True|TRUE)$/;
const FALSE_WORD = /^(?:false|False|FALSE)$/;
const INFINITE = /^[-+]?\.(?:inf|Inf|INF)$/;
const NO_NUMBER = /^\.(?:nan|NaN|NAN)$/;

/** What both versions have words for. */
function meaningOfWord(text: ByteString): Meaning | undefined {
  if (NULL_WORD.test(text)) return { type: 'null', value: 'null' };
  if (TRUE_WORD.test(text) || FALSE_WORD.test(text)) return { type: 'boolean', value: text.toLowerCase() };
  if (INFINITE.test(text)) return { type: 'float', value: text[0] === '-' ? '-inf' : 'inf' };
  return NO_NUMBER.test(text) ? { type: 'float', value: 'nan' } : undefined;
}

/** The core schema of YAML 1.2, 10.3. */
function meaningIn12(text: ByteString): Meaning {
  const word = meaningOfWord(text);
  if (word !== undefined) return word;
  if (/^[-+]?[0-9]+$/.test(text) || /^0o[0-7]+$/.test(text) || /^0x[0-9a-fA-F]+$/.test(text)) return { type: 'integer', value: canonicalInteger(text) };
  if (/^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(text)) return { type: 'float', value: canonicalFloat(Number(text)) };
  return { type: 'string', value: text };
}

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Is there such a day (of the Gregorian calendar)? */
export function isDayOfCalendar(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1 || day > DAYS[month - 1]) return false;
  return month !== 2 || day < 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0));
}

const BOOLEAN_11 = /^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF)$/;
const TIMESTAMP_11 = /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:$|[Tt \t])/;
const FULL_TIMESTAMP_11 = /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2}).*)?$/;
const SIXTY_11 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const OTHER_INTEGER_11 = /^[-+]?(?:0b[01_]+|0[0-7_]+|0x[0-9a-fA-F_]+)$/;
/** Neither version has it with a sign or "_", but ruamel.yaml reads an integer. */
const NEW_OCTAL = /^[-+]?0o[0-7_]+$/;

/** The types of YAML 1.1, as its specification and as PyYAML have them. undefined: something that 1.2 does not have. */
function meaningIn11(text: ByteString): Meaning | undefined {
  const word = meaningOfWord(text);
  if (word !== undefined) return word;
  if (text.indexOf('_') >= 0 && (/^[-+]?[0-9._]+(?:[eE][-+]?[0-9_]+)?$/.test(text) || OTHER_INTEGER_11.test(text))) return undefined;
  if (BOOLEAN_11.test(text) || TIMESTAMP_11.test(text) || SIXTY_11.test(text) || NEW_OCTAL.test(text)) return undefined;
  if (/^0+$/.test(text)) return { type: 'integer', value: '0' };
  if (/^0x[0-9a-fA-F]+$/.test(text)) return { type: 'integer', value: canonicalInteger(text) };
  if (OTHER_INTEGER_11.test(text)) return undefined;
  if (/^[-+]?(?:0|[1-9][0-9]*)$/.test(text)) return { type: 'integer', value: canonicalInteger(text) };
  if (/^(?:[-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?$/.test(text)) {
    return text.indexOf('_') >= 0 ? undefined : { type: 'float', value: canonicalFloat(Number(text)) };
  }
  return { type: 'string', value: text };
}

/** The plain scalar from `start` to `end`: as both versions have it, or undecided. */
export function resolveYamlPlain(source: ParameterSource, start: number, end: number): ParameterScalar {
  const text = source.text.slice(start, end);
  // Most are words that begin with a letter.
  if (/^[A-Za-z][A-Za-z0-9_./-]{5,}$/.test(text)) return source.scalar('string', text, start, end);
  const date = FULL_TIMESTAMP_11.exec(text);
  if (date !== null) {
    const [year, month, day, hour, minute, second] = date.slice(1).map((part) => Number(part ?? 0));
    if (year === 0 || !isDayOfCalendar(year, month, day) || hour > 23 || minute > 59 || second > 59) source.refuse(start, 'the date ' + text + ', which there is not: put it in quotes');
  }
  const [old, recent] = [meaningIn11(text), meaningIn12(text)];
  const isSame = old !== undefined && old.type === recent.type && old.value === recent.value;
  return isSame ? source.scalar(recent.type, recent.value, start, end) : source.scalar('undecided', text, start, end);
}

const YAML_ESCAPES: { [letter: string]: number } = {
  '0': 0, a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, e: 27, ' ': 32, '"': 34, '/': 47, '\\': 92, N: 0x85, _: 0xa0, L: 0x2028, P: 0x2029,
};
const YAML_HEX: { [letter: string]: number } = { x: 2, u: 4, U: 8 };

/** The text in quotes that begins at `start` and must end in its line, which ends at `lineEnd`. */
export function readYamlQuoted(source: ParameterSource, start: number, lineEnd: number): ParameterScalar {
  const { text } = source;
  const mark = text[start];
  let value = '';
  let at = start + 1;
  for (;;) {
    if (at >= lineEnd) source.refuse(start, 'a text in quotes that does not end in its line');
    if (text[at] === mark) {
      if (mark === '"' || text[at + 1] !== mark) return source.scalar('string', value, start, at + 1);
      value += mark;
      at += 2;
    } else if (mark === '"' && text[at] === '\\') {
      const escape = text[at + 1];
      const digits = YAML_HEX[escape] === undefined ? '' : text.slice(at + 2, at + 2 + YAML_HEX[escape]);
      const point = digits === '' ? YAML_ESCAPES[escape] : /^[0-9a-fA-F]+$/.test(digits) && digits.length === YAML_HEX[escape] ? parseInt(digits, 16) : undefined;
      if (point === undefined || at + 1 >= lineEnd || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return source.refuse(at, 'the escape ' + text.slice(at, Math.min(at + 2, lineEnd)));
      value += encodeCodePoint(point);
      at += 2 + digits.length;
    } else {
      value += text[at];
      at += 1;
    }
  }
}
