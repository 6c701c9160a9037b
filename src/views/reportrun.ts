// reportrun.ts - a run as an article of the report's page. Knows no files and no script.
//
// Each table of facts names its group (data-facts); a comparison of runs is made of the rows of these
// tables, by their first cell, so that nothing of a run is told in two ways.
import type { ByteString } from '../core/bytes.ts';
import type { Comment } from '../core/notes.ts';
import type { LogExcerpt, ReportedRun } from '../core/report.ts';
import { thinOut } from '../core/report.ts';
import type { FileState, Run, RunProcess, Verdict } from '../core/run.ts';
import { countThings, groupDigits } from '../formats/amounts.ts';
import { describeStop, showPrinted, summarizeVerdicts } from './journal.ts';
import { escapeHtml } from './journalhtml.ts';
import { describeComment, showLines, showText } from './page.ts';
import { formatBytes, formatSeconds } from './table.ts';

/** Html is text that is markup already. */
type Html = ByteString;

/** Where the page has what several runs share: the key of an entry, and the part that it is in. */
export type SharedPlace = { entry: string; part: string; /** What it is a preview of. */ kind: 'picture' | 'text' | 'table' | 'patch' | 'environment' };

export type SharedPlaces = {
  preview: (file: FileState) => SharedPlace | undefined;
  patch: SharedPlace | undefined;
  environment: SharedPlace | undefined;
};

const MOST_ROWS = 200;
const MOST_PROCESSES = 60;
const SPARK = { width: 120, height: 22, points: 120 };

/** A text of a record between elements. */
export function htmlText(text: ByteString): Html {
  return escapeHtml(showText(text));
}

/** A name of a record, apart from what is written around it. */
export function htmlName(text: ByteString): Html {
  return '<bdi>' + htmlText(text) + '</bdi>';
}

function htmlLines(text: ByteString): Html {
  return showLines(text).map(escapeHtml).join('<br>');
}

/** A row of a table of facts. `isOwn`: it is another in every run, and so no difference. */
type FactRow = { name: Html; cells: Html[]; isOwn?: boolean };

function factRow(name: Html, ...cells: (Html | undefined)[]): FactRow[] {
  const shown = cells.filter((cell): cell is Html => cell !== undefined && cell !== '');
  return shown.length === 0 ? [] : [{ name, cells: shown }];
}

function ownRow(name: Html, cell: Html | undefined): FactRow[] {
  return factRow(name, cell).map((row) => ({ ...row, isOwn: true }));
}

/** A table of facts; '' if there are none. `heads`: of its columns, if they need some. */
export function printFacts(group: string, rows: FactRow[], heads: string[] = []): Html {
  if (rows.length === 0) return '';
  const shown = rows.slice(0, MOST_ROWS);
  const head = heads.length === 0 ? '' : '<thead><tr>' + heads.map((one) => '<th scope="col">' + one + '</th>').join('') + '</tr></thead>';
  const body = shown.map((row) => '<tr' + (row.isOwn === true ? ' data-own' : '') + '><th scope="row">' + row.name + '</th>' + row.cells.map((cell) => '<td>' + cell + '</td>').join('') + '</tr>').join('\n');
  const more = rows.length > shown.length ? '<p class="left">and ' + countThings(rows.length - shown.length, 'more row') + '</p>\n' : '';
  return '<div class="scroll"><table class="facts" data-facts="' + group + '">\n<caption>' + group + (heads.length > 0 ? ' <span class="count">' + groupDigits(rows.length) + '</span>' : '')
    + '</caption>' + head + '<tbody>\n' + body + '\n</tbody></table></div>\n' + more;
}

/** A link to a run of the page. */
export function linkRun(id: string, text: Html = '<code>' + id + '</code>'): Html {
  return '<a href="#run-' + id + '">' + text + '</a>';
}

function optionalLink(id: string | undefined): Html | undefined {
  return id === undefined ? undefined : linkRun(id);
}

function words(values: ByteString[]): Html | undefined {
  return values.length === 0 ? undefined : values.map(htmlName).join(', ');
}

function seconds(value: number | undefined): Html | undefined {
  return value === undefined ? undefined : formatSeconds(value);
}

function listRunFacts(run: Run): FactRow[] {
  const optional = (text: ByteString | undefined): Html | undefined => (text === undefined ? undefined : htmlName(text));
  return [
    ...factRow('status', run.status), ...factRow('exit', run.exit === undefined ? undefined : String(run.exit)), ...factRow('signal', optional(run.signal)),
    ...ownRow('started', escapeHtml(run.startedUtc.slice(0, 19).replace('T', ' ')) + ' UTC'), ...ownRow('time', seconds(run.wallS)),
    ...ownRow('processor time', run.userS === undefined ? undefined : formatSeconds(run.userS) + ' user, ' + formatSeconds(run.systemS) + ' system'),
    ...ownRow('peak memory', run.peakMemoryBytes === undefined ? undefined : formatBytes(run.peakMemoryBytes)),
    ...factRow('label', optional(run.label)), ...factRow('tags', words(run.tags)), ...factRow('folder', run.directory === '.' ? undefined : htmlName(run.directory)),
    ...factRow('redirections', words(run.redirects)), ...factRow('step', optional(run.plan)),
    ...factRow('sweep', run.sweep === undefined ? undefined : 'point ' + String(run.sweep.number) + ' of ' + htmlName(run.sweep.label)),
    ...factRow('because', optional(run.because)), ...factRow('repeats', optionalLink(run.repeats)), ...factRow('made from', optionalLink(run.parent)),
    ...factRow('redoes', optionalLink(run.redoes)), ...factRow('outputs reused from', optionalLink(run.reused)),
    ...factRow('ran in', run.tree === undefined ? undefined : 'a copy made for it'), ...factRow('asked for', words(run.asked)), ...ownRow('job', optional(run.job)),
    ...factRow('limit', seconds(run.timeoutS)), ...factRow('files observed by', htmlText(run.observed)), ...factRow('rr', htmlText(run.rr)),
    ...run.unknown.map((field) => ({ name: htmlText(field.name), cells: [htmlText(field.value)] })),
  ];
}

/** 'NAME VALUE' or 'NAME=VALUE' lines. */
function listNamed(lines: ByteString[], sign: string): FactRow[] {
  return lines.map((line) => {
    const at = line.indexOf(sign);
    return { name: htmlName(at < 0 ? line : line.slice(0, at)), cells: ['<bdi class="value">' + htmlText(at < 0 ? '' : line.slice(at + 1)) + '</bdi>'] };
  });
}

function listCode(run: Run): FactRow[] {
  const parts = /^(\S+) (\S+)( dirty)?/.exec(run.code ?? '');
  const version = parts === null ? (run.code === undefined ? undefined : htmlText(run.code)) : htmlText(parts[1]) + ' <code>' + htmlText(parts[2].slice(0, 12)) + '</code>' + (parts[3] === undefined ? '' : ' with changes');
  return [
    ...factRow('version', version), ...factRow('branch', run.codeBranch && htmlName(run.codeBranch)), ...factRow('remote', run.codeRemote && htmlName(run.codeRemote)),
    ...factRow('submodules', words(run.codeSubmodules)), ...factRow('other checkouts', words(run.codeOthers)),
    ...factRow('compilers', run.compilers.length === 0 ? undefined : run.compilers.map((one) => htmlName(one.path) + ' ' + htmlText(one.producer)).join('<br>')),
  ];
}

const KIND_NAMES: { [kind: string]: string } = { x: 'executable', l: 'link', d: 'folder', p: 'FIFO', s: 'socket', c: 'device', b: 'device' };

/** Size, and hash as far as people compare it. */
function fileCells(file: FileState): Html[] {
  const hash = file.hash.length === 64 ? '<code>' + file.hash.slice(0, 12) + '</code>' : file.hash === '?' ? 'not known' : '';
  return [(file.kind === 'd' ? '' : formatBytes(file.size)) + (KIND_NAMES[file.kind] === undefined ? '' : ' ' + KIND_NAMES[file.kind]), hash];
}

function listInputFacts(story: ReportedRun): FactRow[] {
  const { run } = story.one;
  const states = new Map(run.codeFiles.map((file): [ByteString, string] => [file.path, file.state]));
  return run.inputs.map((file, i) => {
    const maker = story.makers[i];
    const state = states.get(file.path);
    const from = maker !== undefined ? 'made by ' + linkRun(maker) : state !== undefined ? 'code, ' + state : '';
    return { name: htmlName(file.path), cells: fileCells(file).concat(from) };
  });
}

function listOutputFacts(story: ReportedRun): FactRow[] {
  return story.one.run.outputs.map((file, i) => {
    const readers = story.readers[i];
    const read = readers.slice(0, 3).map((id) => linkRun(id)).join(', ') + (readers.length > 3 ? ' and ' + countThings(readers.length - 3, 'more run') : '');
    return { name: htmlName(file.path), cells: fileCells(file).concat(read === '' ? '' : 'read by ' + read) };
  });
}

function listOtherFiles(run: Run): FactRow[] {
  const secret = (lines: ByteString[], what: string): FactRow[] => lines.map((line) => ({ name: htmlName(line.slice(line.indexOf(' ') + 1)), cells: [what] }));
  const paths = (list: ByteString[], what: string): FactRow[] => list.map((path) => ({ name: htmlName(path), cells: [what] }));
  return [
    ...paths(run.missingOutputs, 'declared, not made'), ...paths(run.removed, 'removed'), ...secret(run.secretInputs, 'read; may hold secrets, only its keyed hash is kept'),
    ...secret(run.secretOutputs, 'written; may hold secrets, only its keyed hash is kept'), ...paths(run.uncertain.map((file) => file.path), 'changed meanwhile; may be of another run'),
    ...paths(run.absent, 'looked for, not there'), ...run.leftOut.map((one) => ({ name: htmlText(one.what) + ' files', cells: [String(one.count) + ' seen and left out'] })),
  ];
}

/** Of what only some runs see: a place that the script fills, with a link for readers without it. */
function printShared(place: SharedPlace, text: Html): Html {
  return '<div class="shared" data-entry="' + place.entry + '" data-part="' + place.part + '" data-kind="' + place.kind + '"><a href="#' + place.entry + '">' + text + '</a></div>\n';
}

function printPreviews(files: FileState[], places: SharedPlaces): Html {
  return files.map((file) => {
    const place = places.preview(file);
    return place === undefined ? '' : printShared(place, htmlName(file.path));
  }).join('');
}

const LOG_NAMES = { out: 'Standard output', err: 'Standard error' };

function showLogLines(text: ByteString): Html {
  return text.split('\n').map((line) => escapeHtml(showPrinted(line))).join('\n');
}

function printLog(log: LogExcerpt): Html {
  const cut = log.leftBytes === 0 ? '' : '</samp></pre>\n<p class="left">' + formatBytes(log.leftBytes) + ' left out here</p>\n<pre><samp>';
  return '<details class="log"' + (log.kind === 'err' ? ' open' : '') + '><summary>' + LOG_NAMES[log.kind] + ' <span class="count">' + formatBytes(log.sizeBytes) + '</span></summary>\n<pre><samp>'
    + showLogLines(log.head) + cut + (log.leftBytes === 0 ? '' : showLogLines(log.tail)) + '</samp></pre></details>\n';
}

function printCommentItem(comment: Comment): Html {
  return '<li><p dir="auto">' + htmlLines(comment.text) + '</p><p class="by">' + escapeHtml(describeComment(comment)) + '</p></li>\n';
}

function printNotes({ one: { notes } }: ReportedRun): Html {
  const outcome = notes.outcome === undefined ? '' : '<p class="outcome" data-fact="outcome" dir="auto">' + htmlLines(notes.outcome) + '</p>\n';
  const comments = notes.comments.length === 0 ? '' : '<ul class="comments">\n' + notes.comments.map(printCommentItem).join('') + '</ul>\n';
  const tolerances = printFacts('Tolerances', notes.tolerances.map((limit) => ({ name: htmlName(limit.pattern), cells: [String(limit.absolute) + ' absolute, ' + String(limit.relative) + ' relative', htmlLines(limit.reason)] })));
  return outcome + comments + tolerances;
}

/** A small drawing of finite values in their order. */
function printSpark(values: number[]): Html {
  const drawn = thinOut(values, SPARK.points);
  if (drawn.length < 2) return '';
  const least = drawn.reduce((a, b) => Math.min(a, b));
  const span = drawn.reduce((a, b) => Math.max(a, b)) - least;
  const points = drawn.map((value, i) => String(Math.round(10 * i * SPARK.width / (drawn.length - 1)) / 10) + ',' + String(Math.round(10 * (span === 0 ? SPARK.height / 2 : SPARK.height - 1 - (value - least) / span * (SPARK.height - 2))) / 10));
  return '<svg class="spark" width="' + String(SPARK.width) + '" height="' + String(SPARK.height) + '" viewBox="0 0 ' + String(SPARK.width) + ' ' + String(SPARK.height) + '" aria-hidden="true"><polyline points="' + points.join(' ') + '"/></svg>';
}

function listSeries(story: ReportedRun): FactRow[] {
  return story.series.map(({ name, points }) => {
    const values = points.map((point) => Number(point.value)).filter((value) => Number.isFinite(value));
    const told = values.length === 0 ? ['', '', ''] : [points[points.length - 1].value, String(values.reduce((a, b) => Math.min(a, b))), String(values.reduce((a, b) => Math.max(a, b)))];
    return { name: htmlName(name), cells: [String(points.length), ...told.map(htmlText), printSpark(values)] };
  });
}

function listVerdicts(verdicts: Verdict[]): FactRow[] {
  return verdicts.map((one) => ({ name: htmlName(one.path), cells: ['<span class="verdict ' + one.word + '">' + (one.word === 'tolerance' ? 'within tolerance' : one.word) + '</span>', htmlText(one.detail)] }));
}

function printVerdicts(story: ReportedRun): Html {
  const { run } = story.one;
  const judged = run.verdicts.length > 0 ? '<p>It repeats ' + (run.repeats === undefined ? 'a run' : linkRun(run.repeats)) + ': ' + escapeHtml(summarizeVerdicts(run.verdicts)) + '.</p>\n' + printFacts('Verdicts', listVerdicts(run.verdicts)) : '';
  const { lastRepeat } = story;
  if (lastRepeat === undefined) return judged;
  return judged + '<p>Last repeated by ' + linkRun(lastRepeat.id) + ', ' + escapeHtml(lastRepeat.startedUtc.slice(0, 10)) + ': ' + escapeHtml(summarizeVerdicts(lastRepeat.verdicts)) + '.</p>\n'
    + printFacts('Last repeat', listVerdicts(lastRepeat.verdicts));
}

function depthOf(processes: RunProcess[], at: number): number {
  let depth = 0;
  for (let parent = processes[at].parent; parent !== undefined && depth < 40; parent = processes[parent].parent) depth += 1;
  return depth;
}

/** The processes in the order in which they started, indented under their parents. */
function printProcessList(processes: RunProcess[]): Html {
  if (processes.length === 0) return '';
  const line = (one: RunProcess, at: number): ByteString => {
    const end = one.signal !== undefined ? one.signal : one.exit === undefined ? '-' : 'exit ' + String(one.exit);
    const last = one.later.length > 0 ? one.later[one.later.length - 1].command : one.command;
    return (one.endS === undefined ? '' : formatSeconds(one.endS - one.startS)).padStart(8) + '  ' + end.padEnd(8) + ' ' + '  '.repeat(depthOf(processes, at)) + (last === '' ? '(copy of its parent)' : last);
  };
  const shown = processes.slice(0, MOST_PROCESSES).map((one, at) => htmlText(line(one, at))).join('\n');
  const more = processes.length > MOST_PROCESSES ? '<p class="left">and ' + groupDigits(processes.length - MOST_PROCESSES) + ' more</p>\n' : '';
  return '<details><summary>Processes <span class="count">' + String(processes.length) + '</span></summary>\n<pre><code>' + shown + '</code></pre>\n' + more + '</details>\n';
}

function section(title: string, content: Html): Html {
  return content === '' ? '' : '<section>\n<h3>' + title + '</h3>\n' + content + '</section>\n';
}

/** Two tables beside each other where there is room. */
function printBeside(first: Html, second: Html): Html {
  return first === '' || second === '' ? first + second : '<div class="pair">\n' + first + second + '</div>\n';
}

function printRunHead(run: Run): Html {
  const stop = describeStop(run);
  const status = '<span class="status ' + run.status + '">' + run.status + '</span>' + (stop === '' || run.status === 'running' ? (run.wallS === undefined ? '' : ' after ' + formatSeconds(run.wallS)) : htmlText(stop.slice(run.status.length).replace(/^:/, ',')));
  return '<header>\n<h2 id="title-' + run.id + '" tabindex="-1">' + (run.label === undefined ? '' : htmlName(run.label) + (run.sweep === undefined ? '' : ' ' + String(run.sweep.number)) + ' ') + '<code class="id">' + run.id + '</code></h2>\n'
    + '<p class="summary">' + status + ' &middot; <time datetime="' + escapeHtml(run.startedUtc) + '">' + escapeHtml(run.startedUtc.slice(0, 16).replace('T', ' ')) + ' UTC</time>'
    + run.tags.map((tag) => ' <span class="tag">' + htmlName(tag) + '</span>').join('') + '</p>\n'
    + (run.reason === undefined ? '' : '<p class="reason" data-fact="reason" dir="auto">' + htmlLines(run.reason) + '</p>\n')
    + '<pre class="command" data-fact="command"><code>' + run.command.split('\n').map(htmlText).join('\n') + '</code></pre>\n</header>\n';
}

function printLostLogs({ lostLogs }: ReportedRun): Html {
  return lostLogs.length === 0 ? '' : '<p class="left">Not there as recorded: ' + lostLogs.map((path) => htmlName(path)).join(', ') + '</p>\n';
}

/** The article of a run: everything that its record, its notes and what lies beside them tell. */
export function printRunArticle(story: ReportedRun, places: SharedPlaces): Html {
  const { run } = story.one;
  const others = printFacts('Other files', listOtherFiles(run));
  return '<article class="run" id="run-' + run.id + '" aria-labelledby="title-' + run.id + '">\n' + printRunHead(run)
    + section('Notes', printNotes(story))
    + section('Warnings', run.warnings.length === 0 ? '' : '<ul class="warnings">\n' + run.warnings.map((one) => '<li>' + htmlText(one) + '</li>\n').join('') + '</ul>\n')
    + section('Parameters and metrics', printBeside(printFacts('Parameters', listNamed(run.parameters, ' ')), printFacts('Metrics', listNamed(run.metrics, ' '))))
    + section('While it ran', printFacts('Series', listSeries(story), ['metric', 'values', 'last', 'least', 'most', 'course']) + (story.series.length > 0 ? '<div data-chart="curves"></div>\n' : '') + (story.resources.length > 0 ? '<div data-chart="resources"></div>\n' : ''))
    + section('Outputs', printFacts('Outputs', listOutputFacts(story), ['file', 'size', 'SHA-256', '']) + printPreviews(run.outputs, places))
    + section('Inputs', printFacts('Inputs', listInputFacts(story), ['file', 'size', 'SHA-256', '']) + printPreviews(run.inputs, places))
    + section('Other files', others)
    + section('Printed', story.logs.map(printLog).join('') + printLostLogs(story))
    + section('Reproduction', printVerdicts(story))
    + section('Code', printFacts('Code', listCode(run)) + (places.patch === undefined ? '' : printShared(places.patch, 'changes since the commit')))
    + section('Run', printFacts('Run', listRunFacts(run)) + printProcessList(run.processes))
    + section('Environment', printFacts('Variables', listNamed(run.variables, '=').concat(listNamed(run.variableHashes, ' ').map((row) => ({ name: row.name, cells: ['withheld, keyed hash ' + row.cells[0]] }))))
      + (places.environment === undefined ? '' : printShared(places.environment, 'software and machine')))
    + '</article>\n';
}

/**
 * JSON as it may stand in an element script: nothing in it ends the element, or begins what would have
 * to be ended first (HTML, 4.12.1.3, "Restrictions for contents of script elements").
 */
export function escapeScriptJson(json: ByteString): ByteString {
  return json.replace(/<(?=!|\/?script)/gi, '\\u003c');
}
