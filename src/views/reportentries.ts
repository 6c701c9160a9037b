// reportentries.ts - what several runs of a report share: previews of files, patches, environments. Knows no files.
import { detachString } from '../core/bytes.ts';
import type { ByteString } from '../core/bytes.ts';
import type { Environment } from '../core/environment.ts';
import type { FilePreview } from '../core/report.ts';
import type { FileState } from '../core/run.ts';
import { makeHarmless } from '../formats/percent.ts';
import { escapeHtml } from './journalhtml.ts';
import { htmlName, htmlText, printFacts } from './reportrun.ts';
import { formatBytes } from './table.ts';

// 16 hex digits tell contents apart that one project has.
const KEY_DIGITS = 16;

/** Keys are held of all runs: not as a part of a record, of which V8 would keep the whole. */
function keyOf(kind: string, hash: string): string {
  return detachString(kind + '-' + hash.slice(0, KEY_DIGITS));
}

export function keyOfPreview(hash: string): string {
  return keyOf('file', hash);
}

export function keyOfPatch(hash: string): string {
  return keyOf('patch', hash);
}

export function keyOfEnvironment(hash: string): string {
  return keyOf('environment', hash);
}

function entryOf(key: string, title: ByteString, content: ByteString): ByteString {
  return '<section class="entry" id="' + key + '">\n<h3>' + title + '</h3>\n' + content + '</section>\n';
}

function showTextLines(text: ByteString): ByteString {
  return text.replace(/\r\n/g, '\n').split('\n').map((line) => escapeHtml(makeHarmless(line.replace(/\t/g, '    ')))).join('\n');
}

function printPreviewTable(preview: FilePreview & { kind: 'table' }): ByteString {
  const isNumber = (cell: ByteString): boolean => /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(cell);
  const [head, ...rows] = preview.rows;
  const cells = (row: ByteString[], tag: string): ByteString => row.map((cell) => '<' + tag + (isNumber(cell) ? ' class="number"' : '') + (tag === 'th' ? ' scope="col"' : '') + '>' + htmlText(cell) + '</' + tag.slice(0, 2) + '>').join('');
  const left = preview.hasMoreRows && preview.hasMoreColumns ? 'more rows and columns' : preview.hasMoreRows ? 'more rows' : preview.hasMoreColumns ? 'more columns' : '';
  return '<div class="scroll"><table class="preview">\n<thead><tr>' + cells(head, 'th') + '</tr></thead>\n<tbody>\n' + rows.map((row) => '<tr>' + cells(row, 'td') + '</tr>\n').join('') + '</tbody></table></div>\n'
    + (left === '' ? '' : '<p class="left">the file has ' + left + '</p>\n');
}

/** What is to be seen of a file. A picture is only ever an image, so that what an SVG holds never runs. */
export function printPreviewEntry(file: FileState, preview: FilePreview): ByteString {
  const content = preview.kind === 'picture'
    ? '<img loading="lazy" data-path="' + htmlText(file.path) + '" alt="' + htmlText(file.path) + '" src="data:' + preview.mediaType + ';base64,' + preview.base64 + '">\n'
    : preview.kind === 'table' ? printPreviewTable(preview)
      : '<pre class="text"><code>' + showTextLines(preview.text) + '</code></pre>\n' + (preview.leftBytes > 0 ? '<p class="left">' + formatBytes(preview.leftBytes) + ' more</p>\n' : '');
  return entryOf(keyOfPreview(file.hash), htmlName(file.path) + ' <span class="count">' + formatBytes(file.size) + '</span>', content);
}

const PATCH_CLASSES: { [start: string]: string } = { '+': 'added', '-': 'removed', '@': 'place' };

/** A patch with its lines told apart. A line that begins a file is told from one that was added by what stands before it. */
export function printPatchEntry(hash: string, patch: ByteString, leftBytes: number): ByteString {
  let isHead = true;
  const lines = patch.replace(/\n$/, '').split('\n').map((line) => {
    if (line.startsWith('diff ')) isHead = true;
    if (line.startsWith('@@')) isHead = false;
    const kind = isHead ? 'head' : PATCH_CLASSES[line[0]];
    const shown = escapeHtml(makeHarmless(line.replace(/\r$/, '').replace(/\t/g, '    ')));
    return kind === undefined ? shown : kind === 'added' ? '<ins>' + shown + '</ins>' : kind === 'removed' ? '<del>' + shown + '</del>' : '<span class="' + kind + '">' + shown + '</span>';
  });
  return entryOf(keyOfPatch(hash), 'Changes since the commit <code>' + hash.slice(0, 12) + '</code>', '<pre class="patch"><code>' + lines.join('\n') + '</code></pre>\n' + (leftBytes > 0 ? '<p class="left">' + formatBytes(leftBytes) + ' more</p>\n' : ''));
}

/** The software and the machine of a run. */
export function printEnvironmentEntry(hash: string, environment: Environment): ByteString {
  const owners = new Map(environment.owners.map((one): [ByteString, ByteString] => [one.path, one.manager + ' ' + one.name]));
  const files = (list: FileState[]): { name: ByteString; cells: ByteString[] }[] => list.map((file) => {
    const owner = owners.get(file.path);
    return { name: htmlName(file.path), cells: ['<code>' + htmlText(file.hash.slice(0, 12)) + '</code>' + (owner === undefined ? '' : ' ' + htmlText(owner))] };
  });
  const facts = environment.facts.map((fact) => ({ name: htmlText(fact.name.toLowerCase().replace(/_/g, ' ')), cells: [htmlText(fact.value)] }));
  const packages = environment.packages.map((one) => ({ name: htmlText(one.manager) + ' ' + htmlName(one.name), cells: [htmlText((one.version === '' ? 'version not known' : one.version) + (one.detail === '' ? '' : ' ' + one.detail))] }));
  const variables = environment.variables.map((line) => ({ name: htmlName(line.split('=')[0]), cells: ['<bdi>' + htmlText(line.slice(line.indexOf('=') + 1)) + '</bdi>'] }));
  return entryOf(keyOfEnvironment(hash), 'Environment <code>' + hash.slice(0, 12) + '</code>', printFacts('Machine', facts) + printFacts('Programs', files(environment.executables.concat(environment.interpreters)))
    + printFacts('Packages', packages) + printFacts('Libraries', files(environment.libraries)) + printFacts('System files', files(environment.files)) + printFacts('Lock files', files(environment.lockFiles)) + printFacts('Variables of the machine', variables));
}
