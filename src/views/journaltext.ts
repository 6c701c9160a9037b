// journaltext.ts - a journal as plain text, 80 columns wide. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { utf8SequenceLength } from '../core/bytes.ts';
import type { Journal, JournalItem } from './journal.ts';
import { displayWidth } from './table.ts';

const JOURNAL_WIDTH = 80;

/** The first part of a word that fits the width, at least one character. */
function cutWord(word: ByteString, width: number): ByteString {
  let cut = '';
  for (let at = 0; at < word.length;) {
    const part = word.slice(at, at + Math.max(1, utf8SequenceLength(word, at)));
    if (cut !== '' && displayWidth(cut + part) > width) break;
    cut += part;
    at += part.length;
  }
  return cut;
}

/** Lines of at most `width` columns; broken at spaces, a word that is longer than a line within it. */
export function wrapText(text: ByteString, width: number): ByteString[] {
  const lines: ByteString[] = [];
  let line = '';
  for (let word of text.split(' ')) {
    if (line !== '' && displayWidth(line + ' ' + word) <= width) {
      line += ' ' + word;
      continue;
    }
    if (line !== '') lines.push(line);
    while (displayWidth(word) > width) {
      const cut = cutWord(word, width);
      lines.push(cut);
      word = word.slice(cut.length);
    }
    line = word;
  }
  return line !== '' || lines.length === 0 ? lines.concat(line) : lines;
}

/** A paragraph: its first line after `first`, the others after `rest`. */
function printParagraph(first: string, rest: string, lines: ByteString[]): ByteString {
  let printed = '';
  for (const text of lines) {
    for (const line of wrapText(text, JOURNAL_WIDTH - rest.length)) printed += ((printed === '' ? first : rest) + line).replace(/ +$/, '') + '\n';
  }
  return printed;
}

function printItem(item: JournalItem): ByteString {
  switch (item.kind) {
    case 'command': return printParagraph('  $ ', '      ', item.lines);
    case 'printed': return item.lines.map((line) => printParagraph('  | ', '  | ', [line])).join('');
    case 'text': {
      const lines = item.name === '' ? item.lines : [item.name + ': ' + item.lines[0]].concat(item.lines.slice(1));
      return printParagraph('  ', item.name === '' ? '  ' : '    ', lines);
    }
  }
}

export function printJournalText(journal: Journal): ByteString {
  return printParagraph('', '', ['Journal: ' + journal.summary]) + journal.days.map((day) => '\n' + day.date + '\n' + '-'.repeat(displayWidth(day.date)) + '\n'
    + day.entries.map((entry) => '\n' + printParagraph('', '    ', [entry.time + (entry.label === undefined ? '' : ' ' + entry.label) + (entry.id === undefined ? '' : '  (' + entry.id + ')')])
      + entry.items.map(printItem).join('')).join('')).join('');
}
