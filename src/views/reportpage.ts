// reportpage.ts - the page of a report, and the files beside it. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { escapeHtml } from './journalhtml.ts';
import { escapeScriptJson } from './reportrun.ts';
import { REPORT_SCRIPT, REPORT_SCRIPT_HASH, REPORT_STYLE, REPORT_STYLE_HASH } from './reportscripts.ts';

/** By this a report is known, so that nothing else is written over. */
export const REPORT_MARK = '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="generator" content="rr report">\n';

/** What a part says for an entry: its markup unless the page has it, series and resources as the script reads them. */
export type PartEntry = { html?: ByteString; series?: unknown; resources?: unknown; wallS?: number };

/** Entries by their keys. */
export type ReportPart = { [key: string]: PartEntry };

/** A part in the page. */
export function printPartElement(number: number, part: ReportPart): ByteString {
  return '<script type="application/json" id="part-' + String(number) + '">' + escapeScriptJson(JSON.stringify(part)) + '</script>\n';
}

/** A part as a file that the page loads: what file:// lets a page read of its neighbours is scripts only. */
export function printPartFile(number: number, part: ReportPart): ByteString {
  return 'rrPart(' + String(number) + ',' + escapeScriptJson(JSON.stringify(part)) + ');\n';
}

/**
 * Nothing may be loaded but this very script and style, and pictures that are in the page; where parts
 * lie beside it, scripts of the same server, or files. So nothing is asked of the network.
 */
function printPolicy(hasPartFiles: boolean): string {
  return "default-src 'none'; script-src '" + REPORT_SCRIPT_HASH + "'" + (hasPartFiles ? " 'self' file:" : '') + "; style-src '" + REPORT_STYLE_HASH + "'; img-src data:; base-uri 'none'; form-action 'none'";
}

export type ReportPage = {
  title: ByteString;
  /** A line under the title. */
  summary: ByteString;
  /** What is left out, a sentence each. */
  left: ByteString[];
  /** Markup for readers without the script: tables, articles of runs, what these share. */
  table: ByteString;
  results: ByteString;
  articles: ByteString[];
  entries: ByteString[];
  /** JSON for the script, in pieces that begin and end between values; from the start each time. */
  index: () => Iterable<ByteString>;
  /** Parts in the page, printed. */
  parts: ByteString[];
  hasPartFiles: boolean;
};

function printLeft(left: ByteString[]): ByteString {
  return left.length === 0 ? '' : '<ul class="left-out">\n' + left.map((one) => '<li>' + escapeHtml(one) + '</li>\n').join('') + '</ul>\n';
}

/** The page in pieces. Of `page` all texts are harmless. */
export function* printReportPage(page: ReportPage): Generator<ByteString> {
  yield REPORT_MARK + '<meta http-equiv="Content-Security-Policy" content="' + printPolicy(page.hasPartFiles) + '">\n'
    + '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
    + '<title>' + escapeHtml(page.title) + '</title>\n<style>' + REPORT_STYLE + '</style>\n<script>' + REPORT_SCRIPT + '</script>\n</head>\n<body>\n'
    + '<a class="skip" href="#main">Skip to the content</a>\n'
    + '<header class="page">\n<h1 dir="auto">' + escapeHtml(page.title) + '</h1>\n<p>' + escapeHtml(page.summary) + '</p>\n<nav id="nav" aria-label="Views" hidden></nav>\n</header>\n<main id="main" tabindex="-1">\n'
    + '<div id="app"></div>\n<div id="static">\n' + printLeft(page.left)
    + '<nav class="contents" aria-label="Contents"><a href="#runs">Runs</a>' + (page.results === '' ? '' : ' <a href="#results">Results</a>') + (page.articles.length === 0 ? '' : ' <a href="#details">Details</a>') + '</nav>\n'
    + '<section id="runs">\n<h2>Runs</h2>\n' + page.table + '</section>\n'
    + (page.results === '' ? '' : '<section id="results">\n<h2>Results</h2>\n' + page.results + '</section>\n');
  if (page.articles.length > 0) yield '<section id="details">\n<h2>Details</h2>\n<noscript><p>Of these runs everything can be read here; of others only with JavaScript.</p></noscript>\n';
  yield* page.articles;
  if (page.articles.length > 0) yield '</section>\n';
  if (page.entries.length > 0) yield '<section id="shared">\n<h2>Files, changes, environments</h2>\n';
  yield* page.entries;
  if (page.entries.length > 0) yield '</section>\n';
  yield '</div>\n</main>\n<script type="application/json" id="rr-data">';
  for (const piece of page.index()) yield escapeScriptJson(piece);
  yield '</script>\n';
  yield* page.parts;
  yield '</body>\n</html>\n';
}
