// placeholders.ts - {NAME} in words of a command and in names of files, and values put in their place. Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { isGlob } from '../core/glob.ts';

// {NAME} is a placeholder if NAME is known; {n:4} is the number of the point with zeros to four digits;
// {{NAME}} is the text {NAME}. All other braces stand for themselves: awk '{print $1}' needs no thought.
// The byte A0 is no blank here: in it ends "a" with a grave accent.
const PLACEHOLDER = /\{\{([^{} \t-\r=]+)\}\}|\{([^{} \t-\r=]+)\}/g;
const PADDED = /^(n):([1-9]|1\d|20)$/;

/** A piece of text, or a value to be put there; `width`: so many digits, with zeros in front. */
export type TextPart = { kind: 'text'; text: ByteString } | { kind: 'value'; name: ByteString; width: number };

/** A text with placeholders. `unknown`: words in braces that are none. */
export type ParsedText = { parts: TextPart[]; unknown: ByteString[] };

/** Reads a text for the placeholders of these names. */
export function parsePlaceholders(text: ByteString, names: ReadonlySet<ByteString>): ParsedText {
  const parsed: ParsedText = { parts: [], unknown: [] };
  let from = 0;
  const addText = (to: number, more = ''): void => {
    if (to > from || more !== '') parsed.parts.push({ kind: 'text', text: text.slice(from, to) + more });
  };
  PLACEHOLDER.lastIndex = 0;
  for (let found = PLACEHOLDER.exec(text); found !== null; found = PLACEHOLDER.exec(text)) {
    const [all, escaped, word] = found;
    const padded = word === undefined || names.has(word) ? null : PADDED.exec(word);
    const name = escaped ?? padded?.[1] ?? word;
    if (!names.has(name)) {
      parsed.unknown.push(name);
      continue;
    }
    addText(found.index, escaped === undefined ? '' : '{' + escaped + '}');
    if (escaped === undefined) parsed.parts.push({ kind: 'value', name, width: padded === null ? 0 : Number(padded[2]) });
    from = found.index + all.length;
  }
  addText(text.length);
  return parsed;
}

/** The names of the placeholders in it. */
export function placeholderNamesIn(parts: TextPart[]): ByteString[] {
  return parts.map((part) => (part.kind === 'value' ? part.name : '')).filter((name) => name !== '');
}

/** The values of a point, by name. */
export type PointValues = ReadonlyMap<ByteString, ByteString>;

export function valueOfPart(part: TextPart, values: PointValues): ByteString {
  if (part.kind === 'text') return part.text;
  return (values.get(part.name) as ByteString).padStart(part.width, '0');
}

/** The text with the values put in. */
export function fillText(parts: TextPart[], values: PointValues): ByteString {
  if (parts.length === 1) return valueOfPart(parts[0], values);
  return parts.map((part) => valueOfPart(part, values)).join('');
}

/**
 * The same of a pattern of file names: what is a sign of patterns in a value stands for itself there.
 * Where nothing is a pattern nothing is escaped.
 */
export function fillPattern(parts: TextPart[], values: PointValues): ByteString {
  const plain = fillText(parts, values);
  if (!isGlob(plain)) return plain;
  return parts.map((part) => (part.kind === 'text' ? part.text : valueOfPart(part, values).replace(/[*?[\]\\]/g, '\\$&'))).join('');
}
