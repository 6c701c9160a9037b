// makefile.ts - provenance/Makefile, whole and run by run (docs/makefile.txt). Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { isResult, isSameContent, makeLiveRun, resultsOf } from '../core/graph.ts';
import type { GraphRun, LiveGraph, LiveRun } from '../core/graph.ts';
import type { FileState, Run } from '../core/run.ts';
import { findChecksum, putChecksums } from '../formats/checksums.ts';
import { findBackward, findForward, spliceText } from '../formats/longtext.ts';
import type { LongText, TextSplice } from '../formats/longtext.ts';
import { encodeText, encodeWithheld } from '../formats/percent.ts';

const SCRIPT = 'provenance/rerun.sh';
const STAMP = '.rr/made/';
/** Begin and end of the last line of a block, around the id. */
const LAST_LINE = '\n\t@sh ' + SCRIPT + ' make ';
const LAST_END = ' $(MAKE)\n';
const ID_LENGTH = 23;
const LONGEST_COMMENT = 200;
/** A run of more dependents than this is left to the full rebuild. */
const MOST_DEPENDENTS = 64;

// .SUFFIXES keeps GNU make from making run out of run.sh; all stands before every other special
// target, for pdpmake builds nothing otherwise; .OBJDIR keeps bmake from entering a folder obj.
const HEAD = `# Made by rr from the records in provenance/runs.
#
# make -f provenance/Makefile            make what is missing, check all results
# make -f provenance/Makefile verify     compare results and inputs; run nothing
# make -f provenance/Makefile reproduce  make everything again in a copy
# make -f provenance/Makefile NAME       one result, label or run
#
# First every name and the run it belongs to (a name is a result, a link or a
# label; "#:" stands before one that is no target, "#-" before one that is no
# result any more), then the runs.  A run has a stamp, .rr/made/ID; its
# prerequisites are the runs that must come before.  What is in the files is
# compared by ${SCRIPT}.

.POSIX:
.SUFFIXES:
all:
	@sh ${SCRIPT} all $(MAKE)
.OBJDIR: ./
.PHONY: all verify reproduce clean-reproduce rr-force
verify:
	@sh ${SCRIPT} verify
reproduce:
	@sh ${SCRIPT} reproduce $(MAKE)
clean-reproduce:
	@sh ${SCRIPT} clean
rr-force:
`;

// Targets of the head, files that make itself reads, and words that begin a directive.
const RESERVED = new Set([
  'all', 'verify', 'reproduce', 'clean-reproduce', 'rr-force', 'rr-todo',
  'Makefile', 'makefile', 'GNUmakefile', 'BSDmakefile', 'FORCE',
  'include', 'sinclude', '-include', 'define', 'endef', 'undefine', 'ifdef', 'ifndef', 'ifeq', 'ifneq', 'else', 'endif',
  'override', 'export', 'unexport', 'private', 'vpath', 'load', 'if', 'elif', 'for', 'endfor',
]);
const ID_LIKE = /^\d{8}T\d{6}Z-/;

/** Can every make have a target of this name? */
function isSafeName(name: ByteString): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._/-]*$/.test(name) && !name.includes('//') && !name.endsWith('/')
    && !RESERVED.has(name) && !ID_LIKE.test(name);
}

/** A label that becomes a target: no "." and no "/", so that few results have such a name. */
function isSafeLabel(label: ByteString): boolean {
  return isSafeName(label) && !/[./]/.test(label);
}

// ---- names ----------------------------------------------------------------------------------------
//
// An entry is a line that ends in the id of its run, and a second one if it is a target:
//
//   NAME: ID  <tab>@:         a result         #: NAME: ID  one whose name is no target
//   NAME: ID  <tab>@: link    a symbolic link  #l NAME: ID  the same of a link
//   NAME: ID  <tab>@: label   a label          #- NAME: ID  written or removed by ID, not its result now
//   NAME: ID                  the same label again, of another run: a target has one recipe
//
// NAME is encoded text. The recipe keeps make from finding a rule of its own (GNU make would copy
// "x" to "x.out"); that of a label always runs, as ID is never there. (A line .PHONY for each takes
// GNU make time in the square of their number.) Entries are sorted by NAME, these kinds, ID: halving
// the text finds one.

const KINDS = ['result', 'link', 'label', 'again', 'gone'] as const;
type Entry = { name: ByteString; kind: (typeof KINDS)[number]; id: string };

function printEntry(entry: Entry): ByteString {
  const { name, kind, id } = entry;
  const line = name + ': ' + id + '\n';
  if (kind === 'gone') return '#- ' + line;
  if (kind === 'again') return line;
  if (kind === 'label') return line + '\t@: label\n';
  if (!isSafeName(name)) return (kind === 'link' ? '#l ' : '#: ') + line;
  return line + (kind === 'link' ? '\t@: link\n' : '\t@:\n');
}

function compareEntries(a: Entry, b: Entry): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return rankOf(a) - rankOf(b) || compareBytes(a.id, b.id);
}

/** A path has one owner, so a link and a file are of one rank. */
function rankOf(entry: Entry): number {
  return KINDS.indexOf(entry.kind === 'link' ? 'result' : entry.kind === 'again' ? 'label' : entry.kind);
}

/** Entries in their order, with the recipe of a label at the first that has it. */
function markLabels(entries: Entry[]): Entry[] {
  return entries.map((entry, i): Entry => {
    if (entry.kind !== 'label' && entry.kind !== 'again') return entry;
    const isAgain = i > 0 && entries[i - 1].name === entry.name && rankOf(entries[i - 1]) === rankOf(entry);
    return { ...entry, kind: isAgain ? 'again' : 'label' };
  });
}

function entriesOf(live: LiveRun, isFile: (name: ByteString) => boolean): Entry[] {
  const { run } = live;
  const entries: Entry[] = live.owned.map((file) => ({ name: encodeText(file.path), kind: file.kind === 'l' ? 'link' : 'result', id: run.id }));
  const gone = live.lost.map((index) => run.outputs[index].path).concat(run.removed);
  for (const path of new Set(gone)) entries.push({ name: encodeText(path), kind: 'gone', id: run.id });
  if (run.label !== undefined && isSafeLabel(run.label) && !isFile(run.label)) entries.push({ name: run.label, kind: 'label', id: run.id });
  return entries;
}

// ---- runs -----------------------------------------------------------------------------------------

/** Text for a comment: make joins a line that ends in "\" with the next. */
function printComment(text: ByteString): ByteString {
  if (text.length <= LONGEST_COMMENT) return '# ' + text + '\n';
  const cut = text.slice(0, LONGEST_COMMENT - 3);
  // Not within a character of UTF-8.
  return '# ' + cut.replace(/[\xc0-\xff][\x80-\xbf]*$/, '') + '...\n';
}

function printTitle(run: GraphRun): ByteString {
  const label = run.label === undefined ? '' : ' ' + encodeText(run.label);
  return printComment(run.id + label + (run.reason === undefined ? '' : ': ' + encodeText(run.reason)));
}

function printBlock(live: LiveRun, title = printTitle(live.run)): ByteString {
  const { run } = live;
  const stamp = STAMP + run.id;
  const before = live.producers.concat(live.after).map((id) => ' ' + STAMP + id).join('');
  return '\n' + title + printComment(encodeWithheld(run.command))
    + (live.after.length > 0 ? '# after: ' + live.after.join(' ') + '\n' : '')
    + stamp + ':' + before + '\n\t@sh ' + SCRIPT + ' run ' + run.id + live.lost.map((index) => ' ' + String(index + 1)).join('') + '\n'
    + run.id + ': rr-force' + LAST_LINE + run.id + LAST_END;
}

// The runs are not in the order of their ids then: such a text is not spliced.
const PLACED = '# A run that redoes an earlier one stands in its place.\n';

const LINES_A_PIECE = 1000;

function* printInPieces<T>(all: T[], print: (one: T) => ByteString): Generator<ByteString> {
  for (let from = 0; from < all.length; from += LINES_A_PIECE) yield all.slice(from, from + LINES_A_PIECE).map(print).join('');
}

/** The Makefile of all live runs. */
export function printMakefile(graph: LiveGraph): ByteString {
  return Array.from(printMakefilePieces(graph)).join('');
}

/** The same in pieces: to make one text of 100,000 runs takes several times the memory that it needs. */
export function* printMakefilePieces(graph: LiveGraph): Generator<ByteString> {
  const files = new Set<ByteString>();
  for (const live of graph.runs) for (const file of live.owned) files.add(file.path);
  const entries: Entry[] = [];
  for (const live of graph.runs) entries.push(...entriesOf(live, (name) => files.has(name)));
  entries.sort(compareEntries);
  yield graph.isPlaced ? HEAD + PLACED : HEAD;
  yield* printInPieces(markLabels(entries), printEntry);
  yield* printInPieces(graph.runs, (live) => printBlock(live));
}

// ---- one more run ---------------------------------------------------------------------------------
//
// The Makefile of n + 1 runs differs from that of n only in the names and the block of the new run
// and of the runs whose results it took over. So these are found in the text, nothing is parsed.
// Where more would change, addRunToMakefile gives up, and the caller prints all from the records.

type Block = { id: string; start: number; end: number; text: ByteString; before: string[]; after: string[] };
/** Those of one place go by key, one without a key is last. */
type Splice = TextSplice & { key?: Entry };
/** blocksAt: where the names end and the blocks begin. */
type Texts = { makefile: LongText; sums: LongText; blocksAt: number };
type ReadRun = (id: string) => Run | undefined;

/** Thrown within this file: the change is not a small one. */
const TOO_MUCH = new Error('the Makefile must be made from all records');

function giveUp(): never {
  throw TOO_MUCH;
}

function readOr(readRun: ReadRun, id: string): Run {
  return readRun(id) ?? giveUp();
}

/** Start of the entry or line of a block that `at` lies in. */
function findLine(makefile: LongText, at: number): number {
  const start = findBackward(makefile, '\n', at - 1) + 1;
  return makefile.slice(start, start + 3) === '\t@:' ? findBackward(makefile, '\n', start - 2) + 1 : start;
}

/** Where the line from `start` ends, behind its LF; gives up if it has none. */
function findEntryLineEnd(makefile: LongText, start: number): number {
  return findForward(makefile, '\n', start) + 1 || giveUp();
}

function findBlocks(makefile: LongText): number {
  let low = HEAD.length;
  let high = makefile.length;
  while (low < high) {
    const start = findLine(makefile, (low + high) >> 1);
    const line = makefile.slice(start, start + ID_LENGTH);
    if (/^(?:[\n\t]|# |\.rr\/)/.test(line) || ID_LIKE.test(line)) high = start;
    else low = readEntry(makefile, start).end;
  }
  return low;
}

function readEntry(makefile: LongText, start: number): { entry: Entry; end: number } {
  const lineEnd = findEntryLineEnd(makefile, start);
  const line = makefile.slice(start, lineEnd);
  const isNote = line.startsWith('#');
  const name = line.slice(isNote ? 3 : 0, -1 - ID_LENGTH - 2);
  const id = line.slice(-1 - ID_LENGTH, -1);
  if (isNote) return { entry: { name, id, kind: line[1] === '-' ? 'gone' : line[1] === 'l' ? 'link' : 'result' }, end: lineEnd };
  if (makefile.slice(lineEnd, lineEnd + 1) !== '\t') return { entry: { name, id, kind: 'again' }, end: lineEnd };
  const end = findEntryLineEnd(makefile, lineEnd);
  const second = makefile.slice(lineEnd, end);
  return { entry: { name, id, kind: second === '\t@:\n' ? 'result' : second === '\t@: link\n' ? 'link' : 'label' }, end };
}

/** The first entry that is not before `key`; start is end if it is not of the same name and rank. */
function findEntry(texts: Texts, key: Entry): { start: number; end: number; entry: Entry | undefined } {
  let low = HEAD.length;
  let high = texts.blocksAt;
  while (low < high) {
    const start = findLine(texts.makefile, (low + high) >> 1);
    const { entry, end } = readEntry(texts.makefile, start);
    if (compareEntries(entry, key) < 0) low = end;
    else high = start;
  }
  if (low === texts.blocksAt) return { start: low, end: low, entry: undefined };
  const { entry, end } = readEntry(texts.makefile, low);
  if (entry.name !== key.name || rankOf(entry) !== rankOf(key)) return { start: low, end: low, entry: undefined };
  return { start: low, end, entry };
}

/** The entry of a path's owner, of a label, or the first that says that a path is gone. */
function findFirst(texts: Texts, path: ByteString, kind: Entry['kind']): Entry | undefined {
  return findEntry(texts, { name: encodeText(path), kind, id: '' }).entry;
}

/** Start of the line that ends the block of `id`; gives up if it has none. */
function findBlockEnd(texts: Texts, id: string): number {
  const { makefile } = texts;
  let low = texts.blocksAt;
  let high = makefile.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    // Blocks are sorted by id. One that begins before `middle` is found from its last line as well.
    const mark = findForward(makefile, LAST_LINE, middle - LAST_LINE.length);
    const found = mark < 0 ? '~' : makefile.slice(mark + LAST_LINE.length, mark + LAST_LINE.length + ID_LENGTH);
    if (found === id) return mark;
    if (found < id) low = mark + LAST_LINE.length + 1;
    else high = middle;
  }
  return giveUp();
}

function readBlock(texts: Texts, id: string): Block {
  const { makefile } = texts;
  const mark = findBlockEnd(texts, id);
  const start = findBackward(makefile, '\n\n', mark) + 1;
  const end = mark + LAST_LINE.length + ID_LENGTH + LAST_END.length;
  const text = makefile.slice(start, end);
  const edges = new RegExp('^' + STAMP.replace(/\./g, '\\.') + id + ':(.*)$', 'm').exec(text);
  if (edges === null) return giveUp();
  const after = /^# after: (.*)$/m.exec(text);
  const before = edges[1].split(' ').filter((word) => word !== '').map((word) => word.slice(STAMP.length));
  return { id, start, end, text, before, after: after === null ? [] : after[1].split(' ') };
}

/** The line of a block that has label and reason. */
function titleOf(block: Block): ByteString {
  return block.text.slice(1, block.text.indexOf('\n', 1) + 1);
}

/**
 * The label of a run in the names, if it has one there. A note may have given it, of which the record
 * does not tell; a label that is a target is a word, and stands whole in the title unless that is cut.
 */
function labelInTitle(block: Block): ByteString | undefined {
  const text = titleOf(block).slice('# '.length + ID_LENGTH);
  if (/^ [A-Za-z0-9_-]+\.\.\.\n/.test(text)) giveUp();
  return /^ ([A-Za-z0-9_-]+)[:\n]/.exec(text)?.[1];
}

/** Blocks after `block` that name its stamp among their prerequisites. */
function findDependents(texts: Texts, block: Block): Block[] {
  const { makefile } = texts;
  const found: Block[] = [];
  const word = ' ' + STAMP + block.id;
  let at = findForward(makefile, word, block.end);
  while (at >= 0) {
    if (found.length >= MOST_DEPENDENTS) giveUp();
    const start = findBackward(makefile, '\n', at) + 1 + STAMP.length;
    const dependent = readBlock(texts, makefile.slice(start, start + ID_LENGTH));
    found.push(dependent);
    at = findForward(makefile, word, dependent.end);
  }
  return found;
}

/** The owner of an input's path, if it made the content that was read. */
function findProducer(texts: Texts, input: FileState, readRun: ReadRun): string | undefined {
  const owner = findFirst(texts, input.path, 'result');
  if (owner === undefined || (owner.kind === 'link') !== (input.kind === 'l')) return undefined;
  if (owner.kind === 'result') return findChecksum(texts.sums, input.path).hash === input.hash ? owner.id : undefined;
  const made = readOr(readRun, owner.id).outputs.find((file) => file.path === input.path);
  return made !== undefined && isSameContent(made, input) ? owner.id : undefined;
}

/** Is nothing known of a path that has no owner? Otherwise a live run wrote it, or it is a label. */
function requireUnknown(texts: Texts, path: ByteString): void {
  if (findFirst(texts, path, 'gone') !== undefined || findFirst(texts, path, 'label') !== undefined) giveUp();
}

/** Paths among `results` that have an owner, by the owner's id. */
function mapOwners(texts: Texts, results: FileState[]): Map<string, ByteString[]> {
  const taken = new Map<string, ByteString[]>();
  for (const file of results) {
    const owner = findFirst(texts, file.path, 'result');
    if (owner === undefined) requireUnknown(texts, file.path);
    else taken.set(owner.id, (taken.get(owner.id) ?? []).concat(file.path));
  }
  return taken;
}

function putIn(texts: Texts, key: Entry): Splice {
  const { start, end, entry } = findEntry(texts, key);
  const isSame = entry !== undefined && entry.id === key.id;
  return { start, end: isSame ? end : start, text: printEntry(key), key };
}

function takeOut(texts: Texts, key: Entry): Splice {
  const { start, end, entry } = findEntry(texts, key);
  return { start, end: entry !== undefined && entry.id === key.id ? end : start, text: '', key };
}

/** The entry of a result that had another owner, or none. */
function putResult(texts: Texts, key: Entry): Splice {
  const { start, end } = findEntry(texts, { ...key, id: '' });
  return { start, end, text: printEntry(key), key };
}

function applySplices(text: LongText, splices: Splice[]): LongText {
  splices.sort((a, b) => a.start - b.start || (a.key === undefined ? 1 : b.key === undefined ? -1 : compareEntries(a.key, b.key)));
  return spliceText(text, splices);
}

/** The same text with the recipe of a label at its first entry: splices know only their own. */
function settleLabel(makefile: LongText, name: ByteString): LongText {
  const texts = { makefile, sums: '', blocksAt: findBlocks(makefile) };
  const { start } = findEntry(texts, { name, kind: 'label', id: '' });
  const entries: Entry[] = [];
  let end = start;
  while (end < texts.blocksAt) {
    const next = readEntry(makefile, end);
    if (next.entry.name !== name || (next.entry.kind !== 'label' && next.entry.kind !== 'again')) break;
    entries.push(next.entry);
    end = next.end;
  }
  return spliceText(makefile, [{ start, end, text: markLabels(entries).map(printEntry).join('') }]);
}

/** What a new run does to one earlier owner, and the runs that the new one comes after because of it. */
type Change = { block: Block; isGone: boolean; splices: Splice[]; after: string[] };

/** `taken`: paths that the new run took over from the run `id`. */
function takeOver(texts: Texts, id: string, taken: ByteString[], producers: string[], readRun: ReadRun): Change {
  const block = readBlock(texts, id);
  const owner = { ...readOr(readRun, id), label: labelInTitle(block) };
  const isTaken = new Set(taken);
  const dependents = findDependents(texts, block);
  const consumers = dependents.filter((dependent) => dependent.after.indexOf(id) < 0);
  const live = makeLiveRun(owner, (file) => (!isTaken.has(file.path) && findFirst(texts, file.path, 'result')?.id === id ? file : undefined),
    block.before.filter((before) => block.after.indexOf(before) < 0), block.after);
  if (live.owned.length === 0 && producers.indexOf(id) < 0 && consumers.length === 0) {
    if (dependents.length > 0 || block.after.length > 0) giveUp();
    requireNoTrace(texts, block, producers, isTaken, readRun);
    const names = entriesOf(live, () => false).map((entry) => takeOut(texts, entry));
    return { block, isGone: true, splices: [...names, { start: block.start, end: block.end, text: '' }], after: [] };
  }
  const readers = consumers.filter((consumer) => readOr(readRun, consumer.id).inputs.some((input) => isTaken.has(input.path)
    && owner.outputs.some((file) => file.path === input.path && isSameContent(file, input))));
  const lost = taken.map((path) => putIn(texts, { name: encodeText(path), kind: 'gone', id }));
  const splices = [...lost, { start: block.start, end: block.end, text: printBlock(live, titleOf(block)) }];
  return { block, isGone: false, splices, after: [id, ...readers.map((reader) => reader.id)] };
}

/** Gives up unless nothing but a run's own names and block go when it is live no more. */
function requireNoTrace(texts: Texts, block: Block, producers: string[], taken: Set<ByteString>, readRun: ReadRun): void {
  for (const path of taken) if (findFirst(texts, path, 'gone') !== undefined) giveUp();
  for (const id of block.before) {
    const isOwner = resultsOf(readOr(readRun, id)).some((file) => findFirst(texts, file.path, 'result')?.id === id);
    if (!isOwner && producers.indexOf(id) < 0) giveUp();
  }
}

function addLiveRun(texts: Texts, run: Run, readRun: ReadRun): LongText {
  const { makefile } = texts;
  const idEnd = makefile.length - LAST_END.length;
  if (texts.blocksAt < makefile.length && makefile.slice(idEnd - ID_LENGTH, idEnd) >= run.id) giveUp();
  const results = resultsOf(run);
  const found = run.inputs.map((input) => findProducer(texts, input, readRun));
  const producers = [...new Set(found.filter((id): id is string => id !== undefined))].sort();
  const changes: Change[] = [];
  for (const [id, paths] of mapOwners(texts, results)) changes.push(takeOver(texts, id, paths, producers, readRun));
  // What one change takes away may be what keeps another block as it is.
  if (changes.some((gone) => gone.isGone && changes.some((change) => gone.block.before.indexOf(change.block.id) >= 0))) giveUp();
  const after = new Set<string>();
  for (const change of changes) for (const id of change.after) if (producers.indexOf(id) < 0) after.add(id);
  const live = makeLiveRun(run, (file) => file, producers, [...after].sort());
  const own = new Set(results.map((file) => file.path));
  const entries = entriesOf(live, (name) => own.has(name) || findFirst(texts, name, 'result') !== undefined);
  const names = entries.map((entry) => (entry.kind === 'result' || entry.kind === 'link' ? putResult : putIn)(texts, entry));
  const splices = changes.reduce((all: Splice[], change) => all.concat(change.splices), names);
  splices.push({ start: makefile.length, end: makefile.length, text: printBlock(live) });
  const labels = new Set(splices.filter((splice) => splice.key !== undefined && splice.key.kind === 'label').map((splice) => splice.key!.name));
  const isShared = (name: ByteString): boolean => findFirst(texts, name, 'label') !== undefined;
  return [...labels].filter(isShared).reduce(settleLabel, applySplices(makefile, splices));
}

/** Does the run leave no path without owner that had one? */
function keepsOwners(texts: Texts, run: Run): boolean {
  const replaced = run.status === 'succeeded' ? run.outputs.filter((file) => !isResult(file)).map((file) => file.path) : [];
  return run.removed.concat(replaced).every((path) => findFirst(texts, path, 'result') === undefined);
}

/**
 * Makefile and SHA256SUMS of the same records and one more, byte for byte as printMakefile and
 * printChecksums give them; the same object where nothing changes. undefined if they must be made
 * from all records: the run is not the newest, removed a result, or changed more than a few blocks.
 * A run of a smaller id than a failed run that removed one of its results is not noticed: the texts
 * do not tell of such a run.
 */
export function addRunToMakefile(makefile: LongText, sums: LongText, run: Run, readRun: ReadRun): { makefile: LongText; sums: LongText } | undefined {
  if (makefile.slice(0, HEAD.length) !== HEAD || makefile.slice(HEAD.length, HEAD.length + PLACED.length) === PLACED || run.redoes !== undefined) return undefined;
  try {
    const texts = { makefile, sums, blocksAt: findBlocks(makefile) };
    if (!keepsOwners(texts, run)) return undefined;
    const results = resultsOf(run);
    if (results.length === 0) return { makefile, sums };
    if (new Set(results.map((file) => file.path)).size < results.length) return undefined;
    if (run.removed.some((path) => findFirst(texts, path, 'gone') !== undefined)) return undefined;
    return { makefile: addLiveRun(texts, run, readRun), sums: putChecksums(sums, results) };
  } catch (error) {
    if (error !== TOO_MUCH) throw error;
    return undefined;
  }
}
