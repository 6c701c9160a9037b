// lineagetree.ts - where a file comes from, or what depends on it, as a tree of text. Knows no files and no terminal.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes, dropAtEnd } from '../core/bytes.ts';
import { makeHarmless } from '../formats/percent.ts';
import type { LineageStory, Neighbours } from './lineagestory.ts';
import { describeCodeOf, describeMark, describeParameters, describeReproducible, describeRunName, listNeighbours, resolveCopy, shortHash } from './lineagestory.ts';
import { showText } from './page.ts';
import { cutToWidth, displayWidth, wrapText } from './table.ts';

export type LineageTreeOptions = {
  /** Columns of the terminal; Infinity: lines are not cut. */
  width: number;
  /** Are long lists of files shown in full? */
  isComplete: boolean;
};

type TreeLine = { tree: string; text: ByteString; note: ByteString };

/** A file or a run of the tree: its branch, and where its own branches hang. */
type TreePlace = { kind: 'file' | 'run' | 'more'; node: number; level: number; trunk: string; isLast: boolean };

const FILES_LISTED = 10;
const TREE_STEP = 3;
/** Levels that are drawn, least and most: a chain of a thousand runs would be nothing but its branches. */
const LEVELS_DRAWN = [3, 16];
const TEXT_COLUMNS = 48;

class LineageWriter {
  private lines: TreeLine[] = [];
  private readonly story: LineageStory;
  private readonly options: LineageTreeOptions;
  private readonly near: Neighbours;
  private readonly drawn: number;
  private readonly waiting: TreePlace[] = [];
  private readonly seenRuns = new Set<number>();

  constructor(story: LineageStory, options: LineageTreeOptions) {
    this.story = story;
    this.options = options;
    this.near = listNeighbours(story.graph);
    this.drawn = Math.min(LEVELS_DRAWN[1], Math.max(LEVELS_DRAWN[0], Math.floor((options.width - TEXT_COLUMNS) / TREE_STEP)));
  }

  /** Writes all of it. Without recursion: a chain can be of any length. */
  * write(): Generator<TreeLine> {
    const { start } = this.story.graph;
    this.waiting.push({ kind: start.kind, node: start.node, level: 0, trunk: '', isLast: true });
    for (let place = this.waiting.pop(); place !== undefined; place = this.waiting.pop()) {
      const isDrawn = place.level > 0 && place.level <= this.drawn;
      const branch = place.level === 0 ? '' : isDrawn ? place.trunk + (place.isLast ? '`- ' : '|- ') : place.trunk + '(level ' + String(place.level) + ') ';
      const trunk = isDrawn ? place.trunk + (place.isLast ? '   ' : '|  ') : place.trunk;
      if (place.kind === 'more') this.add(branch, 'and ' + String(place.node) + ' more (--all)', '');
      else if (place.kind === 'run') this.writeRun(place, branch, trunk);
      else if (this.story.graph.direction === 'up') this.writeUp(place, branch, trunk);
      else this.writeDown(place, branch, trunk);
      yield* this.lines;
      this.lines = [];
    }
  }

  private add(tree: string, text: ByteString, note: ByteString): void {
    this.lines.push({ tree, text, note: note === '' ? '' : '  [' + note + ']' });
  }

  /** Puts the children of a place on the list, in this order. */
  private hang(children: { kind: 'file' | 'run'; node: number }[], level: number, trunk: string): void {
    const most = this.options.isComplete ? Infinity : FILES_LISTED;
    const shown: { kind: TreePlace['kind']; node: number }[] = children.slice(0, most);
    if (children.length > shown.length) shown.push({ kind: 'more', node: children.length - shown.length });
    for (let i = shown.length - 1; i >= 0; i--) this.waiting.push({ ...shown[i], level, trunk, isLast: i === shown.length - 1 });
  }

  private fileText(node: number): ByteString {
    const { file } = this.story.graph.files[node];
    return makeHarmless(file.path) + '  ' + shortHash(file);
  }

  /** A file, the run that made it, and below that the files which that read. */
  private writeUp(place: TreePlace, branch: string, trunk: string): void {
    const { graph } = this.story;
    const made = resolveCopy(graph, place.node);
    const { origin } = made;
    const notes = [describeMark(this.story, place.node)];
    if (graph.files[place.node].origin.kind === 'copy') notes.push('same bytes as ' + makeHarmless(made.file.path));
    const isSeen = origin.kind === 'run' && this.seenRuns.has(origin.node);
    if (isSeen && origin.kind === 'run') notes.push('by ' + this.story.nameOf(graph.runs[origin.node].run).id + ', see above');
    this.add(branch, this.fileText(place.node), notes.filter((note) => note !== '').join(', '));
    if (origin.kind === 'cut') this.add(trunk, 'by ' + this.nameRun(origin.run), 'not followed: --depth');
    if (origin.kind !== 'run' || isSeen) return;
    this.writeFacts(origin.node, trunk + 'by ', trunk);
    this.hangReads(origin.node, place.level + 1, trunk);
  }

  private nameRun(run: number): ByteString {
    const { id, label } = this.story.nameOf(run);
    return id + (label === undefined ? '' : '  ' + showText(label));
  }

  /** The files that a run read: those with a story first, then data, then code. */
  private hangReads(node: number, level: number, trunk: string): void {
    const { files, runs } = this.story.graph;
    const rank = (file: number): number => (files[file].origin.kind !== 'raw' ? 0 : this.story.isCode[file] ? 2 : 1);
    const reads = runs[node].reads.slice().sort((a, b) => rank(a) - rank(b) || compareBytes(files[a].file.path, files[b].file.path));
    this.hang(reads.map((file) => ({ kind: 'file', node: file })), level, trunk);
  }

  /** The lines that tell of a run: the first after `first`, the others after `trunk`. */
  private writeFacts(node: number, first: string, trunk: string): void {
    this.seenRuns.add(node);
    const run = this.story.records[node];
    const below = trunk + (this.hasChildren(node) ? '|  ' : '   ');
    this.add(first, describeRunName(this.story.nameOf(this.story.graph.runs[node].run), run), '');
    if (run === undefined) return;
    this.add(below, '$ ' + showText(run.command), run.directory === '.' ? '' : 'in ' + showText(run.directory));
    const parameters = describeParameters(run);
    if (parameters !== '') this.add(below, 'with ' + parameters, '');
    const code = this.story.graph.direction === 'up' ? describeCodeOf(run) : undefined;
    if (code !== undefined) this.add(below, 'code ' + code, '');
  }

  private hasChildren(node: number): boolean {
    return this.story.graph.direction === 'up' ? this.story.graph.runs[node].reads.length > 0 : this.near.made[node].length > 0;
  }

  /** A run that was asked for, or that read a file; below it what it read, or made. */
  private writeRun(place: TreePlace, branch: string, trunk: string): void {
    if (this.seenRuns.has(place.node)) {
      this.add(branch, this.nameRun(this.story.graph.runs[place.node].run), 'see above');
      return;
    }
    this.writeFacts(place.node, branch, trunk);
    if (this.story.graph.runs[place.node].isCut) this.add(trunk + '|  ', 'more depends on these files (--depth)', '');
    if (this.story.graph.direction === 'up') this.hangReads(place.node, place.level + 1, trunk);
    else this.hang(this.near.made[place.node].map((file) => ({ kind: 'file', node: file })), place.level + 1, trunk);
  }

  /** A file, and below it the runs that read it and its copies. */
  private writeDown(place: TreePlace, branch: string, trunk: string): void {
    const { origin } = this.story.graph.files[place.node];
    const copied = origin.kind === 'copy' ? 'same bytes as ' + makeHarmless(this.story.graph.files[origin.node].file.path) : origin.kind === 'other' ? 'other content, read earlier' : '';
    this.add(branch, this.fileText(place.node), [describeMark(this.story, place.node), copied].filter((note) => note !== '').join(', '));
    const readers = this.near.readers[place.node].slice().sort((a, b) => this.story.graph.runs[a].run - this.story.graph.runs[b].run);
    const children: { kind: 'file' | 'run'; node: number }[] = readers.map((node) => ({ kind: 'run', node }));
    for (const node of this.near.copies[place.node]) children.push({ kind: 'file', node });
    this.hang(children, place.level + 1, trunk);
  }
}

/** The line in `width` columns: the text is cut before the note. */
function fitLine(line: TreeLine, width: number): ByteString {
  if (width === Infinity) return line.tree + line.text + line.note;
  const room = Math.max(TEXT_COLUMNS / 4, width - line.tree.length - displayWidth(line.note));
  return cutToWidth(line.tree + cutToWidth(line.text, room) + line.note, width);
}

function printHead(story: LineageStory): ByteString {
  const { asked } = story;
  if (asked === undefined || story.graph.direction === 'down') return '';
  const path = makeHarmless(asked.path);
  if (story.answer === 'unmade') return 'no run made this: ' + path + '\n';
  if (story.answer !== 'changed' && story.answer !== 'gone') return '';
  const { origin } = story.graph.files[story.graph.start.node];
  const by = origin.kind === 'run' ? story.nameOf(story.graph.runs[origin.node].run).id : '';
  return path + (story.answer === 'gone' ? ' is gone; as ' + by + ' made it:\n' : ' has changed since ' + by + ' made it; as it was then:\n');
}

function printNames(title: string, names: ByteString[], isComplete: boolean): ByteString {
  const shown = isComplete ? names : names.slice(0, FILES_LISTED);
  if (names.length === 0) return '';
  return title + '\n' + shown.map((name) => '  ' + name + '\n').join('') + (names.length > shown.length ? '  and ' + String(names.length - shown.length) + ' more (--all)\n' : '');
}

/** A line of the answer, which must be readable in full: what does not fit goes on below, further in. */
function printAnswerLine(line: ByteString, width: number): ByteString {
  if (displayWidth(line) <= width) return line + '\n';
  const indent = /^ */.exec(line)?.[0] ?? '';
  return wrapText(line.slice(indent.length), width - indent.length - 2).map((part, i) => indent + (i === 0 ? '' : '  ') + part + '\n').join('');
}

/** `rr why` and `rr used` for a person, in pieces of lines. Harmless for a terminal. */
export function* printLineageTree(story: LineageStory, options: LineageTreeOptions): Generator<ByteString> {
  const writer = new LineageWriter(story, options);
  yield printHead(story);
  if (story.answer !== 'unmade' || story.graph.direction === 'down') {
    for (const line of writer.write()) yield dropAtEnd(fitLine(line, options.width), ' ') + '\n';
  }
  const name = (one: { id: string; label: ByteString | undefined }): ByteString => one.id + (one.label === undefined ? '' : '  ' + showText(one.label));
  const answer = story.reproducible === undefined ? [] : describeReproducible(story.reproducible);
  const shown = options.isComplete ? answer : answer.slice(0, FILES_LISTED + 1);
  const more = answer.length > shown.length ? ['  and ' + String(answer.length - shown.length) + ' more reasons (--all)'] : [];
  yield printNames('read by', story.readers.map(name), options.isComplete) + shown.concat(more).map((line) => printAnswerLine(line, options.width)).join('');
}
