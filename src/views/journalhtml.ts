// journalhtml.ts - a journal as one page of HTML that needs nothing else. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { Journal, JournalItem, JournalParagraphs } from './journal.ts';

/** Text that is nothing but text in an element and in an attribute between double quotes. */
export function escapeHtml(text: ByteString): ByteString {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;').replace(/'/g, '&#39;');
}

// No script, no link, no picture, no font, no network: what is hostile in a record has nothing to work with.
const PAGE_HEAD = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Journal</title>
<style>
:root { color-scheme: light dark; --ink: #1b1b1b; --quiet: #5a5a5a; --paper: #fdfdfb; --line: #d8d8d2; --shade: #f2f2ec; --bad: #a31515 }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e6e6e1; --quiet: #a3a39c; --paper: #191a1b; --line: #3c3d3d; --shade: #242526; --bad: #ff9a8d } }
body { margin: 2rem auto; padding: 0 1rem; max-width: 44rem; color: var(--ink); background: var(--paper); font: 1rem/1.5 Georgia, "Times New Roman", serif }
h1 { font-size: 1.6rem; margin: 0 }
h2 { font-size: 1.2rem; margin: 2.5rem 0 0; padding-bottom: .2rem; border-bottom: 1px solid var(--line) }
h3 { font-size: 1rem; margin: 1.6rem 0 .2rem }
.id, .name { color: var(--quiet); font-weight: normal }
.id { font-family: monospace; font-size: .85rem }
.failed h3 { color: var(--bad) }
p { margin: .3rem 0; overflow-wrap: anywhere }
pre { margin: .4rem 0; padding: .4rem .6rem; background: var(--shade); font-size: .85rem; white-space: pre-wrap; overflow-wrap: anywhere }
pre.printed { border-left: 3px solid var(--bad) }
@media print { body { margin: 0; max-width: none; font-size: 10pt } article { break-inside: avoid } h2, h3 { break-after: avoid } }
</style>
</head>
<body>
<h1>Journal</h1>
`;

function printHtmlItem(item: JournalItem): ByteString {
  const lines = item.lines.map(escapeHtml);
  if (item.kind === 'command') return '<pre><code>' + lines.join('\n') + '</code></pre>\n';
  if (item.kind === 'printed') return '<pre class="printed"><samp>' + lines.join('\n') + '</samp></pre>\n';
  return '<p dir="auto">' + (item.name === '' ? '' : '<span class="name">' + escapeHtml(item.name) + ':</span> ') + lines.join('<br>\n') + '</p>\n';
}

function printHtmlEntry(entry: JournalParagraphs): ByteString {
  const title = '<time>' + escapeHtml(entry.time) + '</time>' + (entry.label === undefined ? '' : ' <bdi>' + escapeHtml(entry.label) + '</bdi>');
  return '<article' + (entry.hasFailed ? ' class="failed"' : '') + '>\n<h3>' + title + (entry.id === undefined ? '' : ' <span class="id">' + entry.id + '</span>') + '</h3>\n' + entry.items.map(printHtmlItem).join('') + '</article>\n';
}

export function printJournalHtml(journal: Journal): ByteString {
  return PAGE_HEAD + '<p>' + escapeHtml(journal.summary) + '. Times are UTC.</p>\n'
    + journal.days.map((day) => '<section>\n<h2>' + escapeHtml(day.date) + '</h2>\n' + day.entries.map(printHtmlEntry).join('') + '</section>\n').join('')
    + '</body>\n</html>\n';
}
