// journalmarkup.ts - a journal as Markdown and as Org. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { trimBlanks } from '../core/bytes.ts';
import type { Journal, JournalItem, JournalParagraphs } from './journal.ts';

/** What the two have each in its own way. */
type Markup = {
  title: (text: ByteString) => ByteString;
  heading: (level: number, escaped: ByteString) => ByteString;
  /** A line of prose that means nothing but itself. */
  escape: (line: ByteString) => ByteString;
  strong: (escaped: ByteString) => ByteString;
  /** At the end of a line that is to end there. */
  lineBreak: string;
  /** Lines as they are. */
  literal: (lines: ByteString[]) => ByteString;
};

// ---- Markdown: CommonMark 0.31, and what GitHub and pandoc add --------------------------------------

/** Any ASCII punctuation may be escaped (CommonMark 2.4); escaped is what would begin something. */
export function escapeMarkdown(text: ByteString): ByteString {
  return trimBlanks(text).replace(/[\\`*_{}[\]<>#|~$^&@]/g, '\\$&').replace(/:(?=\S)/g, '\\:')
    .replace(/(www)\./gi, '$1\\.').replace(/-(?=-)|(?<=-)-/g, '\\-').replace(/^[-+=:]/, '\\$&')
    .replace(/^(\(?(?:\d+|[A-Za-z]+))([.)])(?= |$)/, '$1\\$2');
}

/** Lines as they are, between marks that none of them has. */
export function fence(lines: ByteString[]): ByteString {
  const longest = lines.join('\n').match(/`+/g)?.reduce((most, run) => Math.max(most, run.length), 0) ?? 0;
  const marks = '`'.repeat(Math.max(3, longest + 1));
  return marks + '\n' + lines.join('\n') + '\n' + marks + '\n';
}

const MARKDOWN: Markup = {
  title: (text) => '# ' + text + '\n',
  heading: (level, escaped) => '#'.repeat(level + 1) + ' ' + escaped + '\n',
  escape: escapeMarkdown,
  strong: (escaped) => '**' + escaped + '**',
  lineBreak: '\\',
  literal: fence,
};

// ---- Org: Org 9 syntax ------------------------------------------------------------------------------

// Org has no escape: something invisible has to keep two characters apart that would begin something. Not
// the zero width space that its manual advises, which counts as a space there, and so lets *this* be markup;
// a word joiner (U+2060) counts as a letter.
const APART = '\xe2\x81\xa0';

/** A line that is no heading, list, table, keyword, and holds no markup, link, macro, entity, footnote, timestamp or call. */
export function escapeOrg(text: ByteString): ByteString {
  return trimBlanks(text)
    .replace(/(?<![A-Za-z0-9])[*/=~+]|_/g, APART + '$&').replace(/[_^\\<[{@](?=\S)|\$/g, '$&' + APART)
    .replace(/(?<=\S):|:(?=\S)/g, APART + ':')
    .replace(/\\$/, '\\' + APART)
    .replace(/^(?=[*#|:+-]|\(?[0-9A-Za-z]+[.)](?: |$)|%%)/, APART);
}

const ORG: Markup = {
  title: (text) => '#+title: ' + text + '\n#+options: toc:nil num:nil ^:{} -:nil\n',
  heading: (level, escaped) => '*'.repeat(level) + ' ' + escaped + '\n',
  escape: escapeOrg,
  strong: (escaped) => escaped,
  lineBreak: '\\\\',
  literal: (lines) => lines.map((line) => ': ' + line + '\n').join(''),
};

// ---- both -------------------------------------------------------------------------------------------

function joinLines(markup: Markup, lines: ByteString[], indent: string): ByteString {
  return lines.map((line) => (trimBlanks(line) === '' ? '' : markup.escape(line))).map((line, i) => (i === 0 ? '' : indent) + line + (i < lines.length - 1 ? markup.lineBreak : '') + '\n').join('');
}

function printMarkupItem(markup: Markup, item: JournalItem): ByteString {
  if (item.kind === 'command') return markup.literal(item.lines.map((line) => '$ ' + line));
  if (item.kind === 'printed') return markup.literal(item.lines);
  if (item.name === '') return joinLines(markup, item.lines, '');
  return '- ' + markup.strong(markup.escape(item.name)) + ': ' + joinLines(markup, item.lines, '  ');
}

function printMarkupEntry(markup: Markup, entry: JournalParagraphs): ByteString {
  const title = entry.time + (entry.label === undefined ? '' : ' ' + markup.escape(entry.label));
  let printed = '\n' + markup.heading(2, title) + (entry.id === undefined ? '' : '\n' + entry.id + '\n');
  entry.items.forEach((item, i) => {
    const isNextInList = i > 0 && item.name !== '' && entry.items[i - 1].name !== '';
    printed += (isNextInList ? '' : '\n') + printMarkupItem(markup, item);
  });
  return printed;
}

function printMarkup(markup: Markup, journal: Journal): ByteString {
  return markup.title('Journal') + '\n' + markup.escape(journal.summary) + '\n' + journal.days.map((day) => '\n' + markup.heading(1, markup.escape(day.date)) + day.entries.map((entry) => printMarkupEntry(markup, entry)).join('')).join('');
}

export function printJournalMarkdown(journal: Journal): ByteString {
  return printMarkup(MARKDOWN, journal);
}

export function printJournalOrg(journal: Journal): ByteString {
  return printMarkup(ORG, journal);
}
