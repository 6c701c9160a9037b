// journaltext.ts - a journal as plain text, 80 columns wide. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd } from '../core/bytes.ts';
import type { Journal, JournalItem } from './journal.ts';
import { displayWidth, wrapText } from './table.ts';

const JOURNAL_WIDTH = 80;

/** A paragraph: its first line after `first`, the others after `rest`. */
function printParagraph(first: string, rest: string, lines: ByteString[]): ByteString {
  let printed = '';
  for (const text of lines) {
    for (const line of wrapText(text, JOURNAL_WIDTH - rest.length)) printed += dropAtEnd((printed === '' ? first : rest) + line, ' ') + '\n';
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
