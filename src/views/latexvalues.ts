// latexvalues.ts - what the runs gave as macros of LaTeX, and such a file read again. Touches no disk.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes, utf8SequenceLength } from '../core/bytes.ts';
import type { Publication, PublishedResult } from '../core/publication.ts';
import { RUN_ID } from '../core/run.ts';
import type { Run } from '../core/run.ts';
import { escapeLatex, LATEX_DEFINITION } from '../formats/latex.ts';
import { decodeText, makeHarmless } from '../formats/percent.ts';

// Names of values (docs/rr.1, "Values in a paper"). LABEL/NAME is a metric, LABEL/param:NAME a parameter,
// both of the last run of that label that succeeded; LABEL:NUMBER/... of a point of a sweep; ID/... of
// a run without a label. No two things have one name: a "/" in a label and a ":" in a label or in the
// name of a metric are encoded, as is all that is no letter, digit or mark which TeX reads as itself.
// \detokenize takes the rest as it stands, UTF-8 too, with any engine and any language of babel's.

const PLAIN_IN_KEY = /[A-Za-z0-9._+,@()*!?;<>|/:[\]-]/;

/** A text as part of a name: bytes that are not plain, and those of `alsoEncoded`, are =XX; UTF-8 stays. */
function encodeKeyText(text: ByteString, alsoEncoded: string): ByteString {
  let key = '';
  for (let at = 0; at < text.length;) {
    const length = utf8SequenceLength(text, at);
    const isPlain = length > 1 ? !/^\xc2[\x80-\xa0]/.test(text.slice(at, at + 2)) : length === 1 && PLAIN_IN_KEY.test(text[at]) && alsoEncoded.indexOf(text[at]) < 0;
    const size = Math.max(1, length);
    key += isPlain ? text.slice(at, at + size) : Array.from(text.slice(at, at + size), (byte) => '=' + byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')).join('');
    at += size;
  }
  return key;
}

/** The name by which a paper asks for a result. */
export function keyOfPath(path: ByteString): ByteString {
  return encodeKeyText(path, '');
}

/** What stands before the "/" for a run: its label, with the number of a sweep's point; else its id. */
export function keyOfRun(run: Run): ByteString {
  if (run.sweep !== undefined) return encodeKeyText(run.label ?? run.sweep.label, '/:') + ':' + String(run.sweep.number);
  if (run.label === undefined) return run.id;
  // A label that looks like an id is not to be mistaken for one.
  return RUN_ID.test(run.label) ? '=3' + run.label : encodeKeyText(run.label, '/:');
}

const PLAIN_NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

function printLatexText(text: ByteString): ByteString {
  return PLAIN_NUMBER.test(text) ? text : escapeLatex(makeHarmless(text));
}

/** Of each metric and parameter what stands behind "KEY/", and its text for LaTeX. `withheld`: names of parameters that are secrets. */
export function listRunValues(run: Run): { values: Map<ByteString, ByteString>; withheld: ByteString[] } {
  const values = new Map<ByteString, ByteString>();
  const withheld: ByteString[] = [];
  const add = (line: ByteString, before: string, alsoEncoded: string): void => {
    const space = line.indexOf(' ');
    const [name, value] = [line.slice(0, space), line.slice(space + 1)];
    if (value.indexOf('\0') >= 0) withheld.push(name);
    // Of names that come out of files a space is %20 and a "%" is %25 in the record.
    else values.set(before + encodeKeyText(before === '' || name.indexOf(':') >= 0 ? decodeText(name) : name, alsoEncoded), printLatexText(value));
  };
  for (const metric of run.metrics) add(metric, '', ':');
  for (const parameter of run.parameters) add(parameter, 'param:', '');
  return { values, withheld };
}

/** A line of the file: a value, a fact of a run, or a result, under the name that the paper uses. */
export type LatexEntry =
  | { kind: 'value'; key: ByteString; text: ByteString; runId: string }
  | { kind: 'fact'; fact: string; key: ByteString; text: ByteString }
  | { kind: 'file'; key: ByteString; shown: ByteString; size: string; hash: string; runId: string };

/** `left`: what cannot be written down, a sentence each. */
export type LatexValues = { entries: LatexEntry[]; left: ByteString[] };

function listRunEntries(key: ByteString, run: Run): LatexEntry[] {
  const facts: [string, ByteString | undefined][] = [
    ['run', run.id], ['started', run.startedUtc.slice(0, 19) + 'Z'], ['date', run.startedUtc.slice(0, 10)], ['wall', run.wallS === undefined ? undefined : run.wallS.toFixed(3)],
    ['commit', /^[a-z]+ ([0-9a-f]{40,64})(?: dirty|$)/.exec(run.code ?? '')?.[1]], ['swhid', run.codeSwhid === undefined ? undefined : escapeLatex(run.codeSwhid)],
  ];
  return facts.filter((one): one is [string, ByteString] => one[1] !== undefined).map(([fact, text]) => ({ kind: 'fact', fact, key, text }));
}

function entryOfResult({ file, runId }: PublishedResult): LatexEntry {
  return { kind: 'file', key: keyOfPath(file.path), shown: escapeLatex(makeHarmless(file.path)), size: String(file.size), hash: file.hash, runId };
}

/** The last run of each name that succeeded, by the order of ids. */
function listLastRuns(publication: Publication): Map<ByteString, Run> {
  const last = new Map<ByteString, Run>();
  for (const { run } of publication.runs) {
    const known = last.get(keyOfRun(run));
    if (run.status === 'succeeded' && (run.tree === undefined || run.repeats === undefined) && (known === undefined || known.id < run.id)) last.set(keyOfRun(run), run);
  }
  return last;
}

/** All that a paper can ask for, in the order of the file; `isWanted` of names of values and of paths. */
export function collectLatexValues(publication: Publication, isWanted: (kind: 'value' | 'fact' | 'file', key: ByteString) => boolean = () => true): LatexValues {
  const values: LatexValues = { entries: [], left: [] };
  const last = listLastRuns(publication);
  for (const key of Array.from(last.keys()).sort(compareBytes)) {
    const run = last.get(key) as Run;
    const found = listRunValues(run);
    const names = Array.from(found.values.keys()).filter((name) => isWanted('value', key + '/' + name)).sort(compareBytes);
    for (const name of found.withheld) values.left.push('the parameter "' + makeHarmless(name) + '" of run ' + run.id + ' is withheld, as it may be a secret');
    if (names.length === 0 && (run.label === undefined || !isWanted('fact', key))) continue;
    values.entries.push(...listRunEntries(key, run));
    for (const name of names) values.entries.push({ kind: 'value', key: key + '/' + name, text: found.values.get(name) ?? '', runId: run.id });
  }
  for (const one of publication.results) if (isWanted('file', keyOfPath(one.file.path))) values.entries.push(entryOfResult(one));
  return values;
}

/** How the file begins: read by --check, to find such files and to see whether somebody changed them. */
export const LATEX_VALUES_HEAD = '% Values of recorded runs, made by "rr export latex"; not to be edited:\n';

const LATEX_VALUES_PREAMBLE = LATEX_VALUES_HEAD
  + '% "rr export latex --check PAPER.tex" finds what is stale, changed by hand, undefined or used nowhere.\n'
  + '% \\rr{LABEL/METRIC} \\rr{LABEL/param:NAME} \\rr{LABEL:NUMBER/METRIC}  a value\n'
  + '% \\rrid{LABEL/METRIC} \\rrnote{LABEL/METRIC}  the run that it is of; the same as a footnote\n'
  + '% \\rrrun{LABEL} \\rrdate{LABEL} \\rrstarted{LABEL} \\rrwall{LABEL} \\rrcommit{LABEL} \\rrswhid{LABEL}\n'
  + '% \\rrresult{PATH} \\rrsize{PATH} \\rrhash{PATH} \\rrmaker{PATH}  a result, its bytes, SHA-256, run\n'
  + '% \\rrlinks{URL}  makes ids of runs links to URL#ID, with hyperref\n'
  + '\\ifdefined\\rrget\\else\n'
  + LATEX_DEFINITION.replace(/\n$/, '%\n')
  + '\\newcommand\\rrget[2]{\\ifcsname rr@#1@\\detokenize{#2}\\endcsname\\csname rr@#1@\\detokenize{#2}\\endcsname\\else\\rrundefined{#2}\\fi}%\n'
  + '\\newcommand\\rrset[3]{\\expandafter\\def\\csname rr@#1@\\detokenize{#2}\\endcsname{#3}}%\n'
  + '\\protected\\def\\rrundefined#1{\\errmessage{rr: nothing recorded is called "\\detokenize{#1}"}\\textbf{??}}%\n'
  + '\\newcommand\\rr[1]{\\rrget{value}{#1}}%\n'
  + '\\newcommand\\rrid[1]{\\rrget{id}{#1}}%\n'
  + '\\newcommand\\rrnote[1]{\\footnote{Run \\rrshow{\\rrid{#1}}}}%\n'
  + ['run', 'date', 'started', 'wall', 'commit', 'swhid'].map((fact) => '\\newcommand\\rr' + fact + '[1]{\\rrget{' + fact + '}{#1}}%\n').join('')
  + ['size', 'hash', 'maker'].map((fact) => '\\newcommand\\rr' + fact + '[1]{\\rrget{' + fact + '}{#1}}%\n').join('')
  + '\\newcommand\\rrresult[1]{\\texttt{\\rrget{shown}{#1}} (SHA-256 \\texttt{\\rrget{short}{#1}}, run \\rrshow{\\rrmaker{#1}})}%\n'
  + '\\newcommand\\rrlinks[1]{\\def\\rrbase{#1}}%\n'
  + '\\newcommand\\rrshow[1]{\\ifdefined\\rrbase\\ifdefined\\href\\href{\\rrbase\\##1}{\\texttt{#1}}\\else\\texttt{#1}\\fi\\else\\texttt{#1}\\fi}%\n'
  + '\\newcommand\\rrvalue[3]{\\rrset{value}{#1}{#2}\\rrset{id}{#1}{#3}}%\n'
  + '\\newcommand\\rrfile[6]{\\rrset{shown}{#1}{#2}\\rrset{size}{#1}{#3}\\rrset{short}{#1}{#4}\\rrset{hash}{#1}{#4#5}\\rrset{maker}{#1}{#6}}%\n'
  + '\\fi\n';

const SHORT_HASH_DIGITS = 12;

function printLatexEntry(entry: LatexEntry): ByteString {
  if (entry.kind === 'value') return '\\rrvalue{' + entry.key + '}{' + entry.text + '}{' + entry.runId + '}%\n';
  if (entry.kind === 'fact') return '\\rrset{' + entry.fact + '}{' + entry.key + '}{' + entry.text + '}%\n';
  const { key, shown, size, hash, runId } = entry;
  return '\\rrfile{' + [key, shown, size, hash.slice(0, SHORT_HASH_DIGITS), hash.slice(SHORT_HASH_DIGITS), runId].join('}{') + '}%\n';
}

/** The file, to be \input before \begin{document} or behind it. In pieces. */
export function* printLatexValues(values: LatexValues): Generator<ByteString> {
  yield LATEX_VALUES_PREAMBLE;
  for (const entry of values.entries) yield printLatexEntry(entry);
}

/** Entries with the numbers of their lines. `foreign`: lines that are none, or a first part that is not as it was made. */
export type ReadLatexValues = { entries: { entry: LatexEntry; line: number }[]; foreign: number[] };

const VALUE_LINE = /^\\rrvalue\{([^{}]*)\}\{(.*)\}\{([^{}]*)\}%$/;
const FACT_LINE = /^\\rrset\{([a-z]+)\}\{([^{}]*)\}\{(.*)\}%$/;
const FILE_LINE = /^\\rrfile\{([^{}]*)\}\{(.*)\}\{(\d+)\}\{([0-9a-f]*)\}\{([0-9a-f]*)\}\{([^{}]*)\}%$/;

function parseEntry(line: ByteString): LatexEntry | undefined {
  const value = VALUE_LINE.exec(line);
  if (value !== null) return { kind: 'value', key: value[1], text: value[2], runId: value[3] };
  const fact = FACT_LINE.exec(line);
  if (fact !== null) return { kind: 'fact', fact: fact[1], key: fact[2], text: fact[3] };
  const file = FILE_LINE.exec(line);
  return file === null ? undefined : { kind: 'file', key: file[1], shown: file[2], size: file[3], hash: file[4] + file[5], runId: file[6] };
}

/** Undoes printLatexValues, as far as the text still is what that gives. Ends of lines may be CR LF. */
export function parseLatexValues(text: ByteString): ReadLatexValues {
  const read: ReadLatexValues = { entries: [], foreign: [] };
  const expected = LATEX_VALUES_PREAMBLE.split('\n');
  const lines = text.replace(/\r\n/g, '\n').replace(/\n$/, '').split('\n');
  const length = expected.length - 1;
  const isWhole = expected.slice(0, length).every((line, i) => lines[i] === line);
  const first = isWhole ? length : lines.findIndex((line) => parseEntry(line) !== undefined);
  if (!isWhole) read.foreign.push(expected.findIndex((line, i) => lines[i] !== line) + 1);
  lines.slice(Math.max(0, first)).forEach((line, i) => {
    const entry = parseEntry(line);
    if (entry !== undefined) read.entries.push({ entry, line: Math.max(0, first) + i + 1 });
    else if (isWhole && line !== '') read.foreign.push(Math.max(0, first) + i + 1);
  });
  return read;
}
