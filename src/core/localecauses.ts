// localecauses.ts - whether two texts differ as if written in two locales. Knows no locale of the machine.
import type { ByteString } from './bytes.ts';
import { compareBytes } from './bytes.ts';

/**
 * Do the texts differ only in how numbers are punctuated (1.5 or 1,5; with ";" for "," between
 * fields), in quotation marks, or in the names of months and days?
 */
export function isLocaleDifference(first: ByteString, second: ByteString): boolean {
  return [withDecimalComma, withSwappedPunctuation, withPlainQuotes].some((rewrite) =>
    rewrite(first) === second || rewrite(second) === first) || haveNamesAsOnlyDifference(first, second);
}

/** 1,5;2,5 for 1.5,2.5 and 1.5;2.5. A text without a decimal point is none. */
function withDecimalComma(text: ByteString): ByteString | undefined {
  if (!/\d\.\d/.test(text)) return undefined;
  return text.replace(/,/g, ';').replace(/(\d)\.(?=\d)/g, '$1,');
}

/** 1.234,5 for 1,234.5 */
function withSwappedPunctuation(text: ByteString): ByteString | undefined {
  if (!/\d[.,]\d/.test(text)) return undefined;
  return text.replace(/(\d)([.,])(?=\d)/g, (_, digit: string, mark: string) => digit + (mark === '.' ? ',' : '.'));
}

/** Quotation marks of a UTF-8 locale as programs print them in the C locale. */
function withPlainQuotes(text: ByteString): ByteString | undefined {
  return text.indexOf('\xe2\x80') < 0 ? undefined : text.replace(/\xe2\x80[\x98\x99]/g, "'").replace(/\xe2\x80[\x9c\x9d]/g, '"');
}

// January to December, Monday to Sunday: English, German, French, Spanish, Italian, Portuguese, Dutch, in UTF-8.
const MONTH_NAMES = [
  'january february march april may june july august september october november december',
  'januar februar m\xc3\xa4rz april mai juni juli august september oktober november dezember',
  'janvier f\xc3\xa9vrier mars avril mai juin juillet ao\xc3\xbbt septembre octobre novembre d\xc3\xa9cembre',
  'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre',
  'gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre',
  'janeiro fevereiro mar\xc3\xa7o abril maio junho julho agosto setembro outubro novembro dezembro',
  'januari februari maart april mei juni juli augustus september oktober november december',
];
const DAY_NAMES = [
  'monday tuesday wednesday thursday friday saturday sunday',
  'montag dienstag mittwoch donnerstag freitag samstag sonntag',
  'lundi mardi mercredi jeudi vendredi samedi dimanche',
  'lunes martes mi\xc3\xa9rcoles jueves viernes s\xc3\xa1bado domingo',
  'luned\xc3\xac marted\xc3\xac mercoled\xc3\xac gioved\xc3\xac venerd\xc3\xac sabato domenica',
  'segunda ter\xc3\xa7a quarta quinta sexta s\xc3\xa1bado domingo',
  'maandag dinsdag woensdag donderdag vrijdag zaterdag zondag',
];
const NAME_WORD = /(?:[A-Za-z]|[\xc3][\x80-\xbf])+\.?/g;

/** Do words alone differ, each a name, or two or more letters of it, of the same month or day in two languages? */
function haveNamesAsOnlyDifference(first: ByteString, second: ByteString): boolean {
  if (first.replace(NAME_WORD, '\0') !== second.replace(NAME_WORD, '\0')) return false;
  const [words, others] = [first.match(NAME_WORD) ?? [], second.match(NAME_WORD) ?? []];
  if (words.length === 0 || words.length !== others.length) return false;
  return words.every((word, i) => word === others[i] || isSameName(word, others[i]));
}

function isSameName(word: ByteString, other: ByteString): boolean {
  return [MONTH_NAMES, DAY_NAMES].some((names) => {
    const places = listPlaces(word, names);
    return listPlaces(other, names).some((place) => places.indexOf(place) >= 0);
  });
}

function listPlaces(word: ByteString, languages: string[]): number[] {
  const start = word.replace(/\.$/, '').toLowerCase().replace(/\xe3/g, '\xc3');
  if (start.length < 2) return [];
  const places: number[] = [];
  for (const names of languages) names.split(' ').forEach((name, i) => { if (name.startsWith(start)) places.push(i); });
  return places;
}

/** Is one list of lines in the order of bytes, the other one in that of letters, whatever their case? A first line that both have may be a header. */
export function isSortedOtherwise(lines: ByteString[], others: ByteString[]): boolean {
  const skipped = lines[0] === others[0] ? 1 : 0;
  const [rows, otherRows] = [lines.slice(skipped), others.slice(skipped)];
  if (rows.length < 3) return false;
  return (isSorted(rows, compareBytes) && isSorted(otherRows, compareLetters)) || (isSorted(rows, compareLetters) && isSorted(otherRows, compareBytes));
}

function isSorted(rows: ByteString[], compare: (a: ByteString, b: ByteString) => number): boolean {
  return rows.every((row, i) => i === 0 || compare(rows[i - 1], row) <= 0);
}

function compareLetters(a: ByteString, b: ByteString): number {
  return compareBytes(letterKey(a), letterKey(b));
}

function letterKey(row: ByteString): ByteString {
  return row.replace(/[^A-Za-z0-9]/g, '').toLowerCase();
}
