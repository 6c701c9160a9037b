// processes.ts - the processes of a run as a tree of text. Knows no files and no terminal.
import type { ByteString } from '../core/bytes.ts';
import type { Run, RunProcess } from '../core/run.ts';
import { makeHarmless } from '../formats/percent.ts';
import { showText } from './page.ts';
import { cutToWidth, displayWidth, formatSeconds } from './table.ts';

export type ProcessTreeOptions = {
  /** Columns of the terminal; Infinity: lines are not cut. */
  width: number;
  /** Are the files that each process read and wrote named? */
  hasFiles: boolean;
  /** Are all of them, or the first ones? */
  isComplete: boolean;
};

/** `columns`: start, time, files read, files written; none where the line goes on with what is above. */
type TreeRow = { columns: string[]; tree: string; text: ByteString; note: string };

const TITLES = ['START', 'TIME', 'READ', 'WROTE'];
const FILES_SHOWN = 10;
const LEVEL_WIDTH = 3;
/** Levels that are drawn, least and most: a tree a thousand deep would be nothing but its branches. */
const DRAWN_LEVELS = [3, 24];
/** Bytes of file names after which no more are shown; lists in a hostile record are short, what they stand for is not. */
const MAX_NAMES_BYTES = 1 << 26;
/** Columns that a command should have, whatever stands before it. */
const TEXT_WIDTH = 32;
/** Of a terminal's columns, those before the tree: about what START, TIME, READ and WROTE take. */
const LEFT_WIDTH = 26;

/** Positions of the children of each process, and at the end those of rr's. */
function findChildren(processes: RunProcess[]): number[][] {
  const children: number[][] = processes.map(() => []);
  children.push([]);
  processes.forEach((one, at) => children[one.parent ?? processes.length].push(at));
  return children;
}

function describeOutcome(one: RunProcess): string {
  if (one.signal !== undefined) return one.signal;
  if (one.exit !== undefined && one.exit !== 0) return 'exit ' + String(one.exit);
  return one.endS === undefined ? 'outlived the command' : '';
}

/** What is to be said after the command: how it ended, and where it ran if that is not where its parent did. */
function describeProcess(run: Run, one: RunProcess): ByteString {
  const above = one.parent === undefined ? run.directory : run.processes[one.parent].directory;
  const notes = [describeOutcome(one), one.directory === above ? '' : 'in ' + showText(one.directory)].filter((note) => note !== '');
  return notes.length === 0 ? '' : '  [' + notes.join(', ') + ']';
}

class TreeWriter {
  readonly rows: TreeRow[] = [];
  private readonly run: Run;
  private readonly options: ProcessTreeOptions;
  private readonly names: ByteString[];
  private namesBytes = 0;

  constructor(run: Run, options: ProcessTreeOptions) {
    this.run = run;
    this.options = options;
    this.names = options.hasFiles ? run.inputs.concat(run.outputs).map((file) => makeHarmless(file.path)) : [];
  }

  /** The lines of one process; `branch` leads to it, `below` goes on under it. */
  add(one: RunProcess, branch: string, below: string): void {
    const time = one.endS === undefined ? '-' : formatSeconds(Math.max(0, one.endS - one.startS));
    const columns = [one.startS.toFixed(2), time, String(one.read.length), String(one.wrote.length)];
    const text = one.command === '' ? '(copy of its parent)' : showText(one.command);
    this.rows.push({ columns, tree: branch, text, note: describeProcess(this.run, one) });
    let folder = one.directory;
    for (const later of one.later) {
      const note = later.directory === folder ? '' : '  [in ' + showText(later.directory) + ']';
      folder = later.directory;
      this.rows.push({ columns: [later.startS.toFixed(2), '', '', ''], tree: below, text: 'then ' + showText(later.command), note });
    }
    if (!this.options.hasFiles) return;
    this.addFiles('read', one.read, below);
    this.addFiles('wrote', one.wrote, below);
  }

  private addFiles(word: string, positions: number[], below: string): void {
    const most = this.options.isComplete ? Infinity : FILES_SHOWN;
    let shown = 0;
    for (; shown < positions.length && shown < most && this.namesBytes < MAX_NAMES_BYTES; shown++) {
      const name = this.names[positions[shown]];
      this.namesBytes += name.length + below.length;
      this.addNote(below, word.padEnd(6) + name);
    }
    if (shown === positions.length) return;
    const hint = this.options.isComplete ? ' (too many to be shown)' : ' (--all)';
    this.addNote(below, '      and ' + String(positions.length - shown) + ' more' + hint);
  }

  private addNote(below: string, text: ByteString): void {
    this.rows.push({ columns: ['', '', '', ''], tree: below, text, note: '' });
  }
}

function countDrawnLevels(width: number): number {
  return Math.min(DRAWN_LEVELS[1], Math.max(DRAWN_LEVELS[0], Math.floor((width - LEFT_WIDTH - TEXT_WIDTH) / LEVEL_WIDTH)));
}

/** Calls the writer for each process, children below their parent; `drawn` levels have branches. Without recursion: a chain can be of any length. */
function walkTree(processes: RunProcess[], writer: TreeWriter, drawn: number): void {
  const children = findChildren(processes);
  type Place = { at: number; level: number; /** What stands before the branches of its siblings. */ trunk: string; isLast: boolean };
  const waiting: Place[] = [];
  const enter = (parent: number, level: number, trunk: string): void => {
    const own = children[parent];
    for (let i = own.length - 1; i >= 0; i--) waiting.push({ at: own[i], level, trunk, isLast: i === own.length - 1 });
  };
  enter(processes.length, 0, '');
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const isDrawn = place.level > 0 && place.level <= drawn;
    const trunk = isDrawn ? place.trunk + (place.isLast ? '   ' : '|  ') : place.trunk;
    const branch = isDrawn ? place.trunk + (place.isLast ? '`- ' : '|- ') : place.level === 0 ? '' : place.trunk + '(level ' + String(place.level) + ') ';
    const hasChildren = children[place.at].length > 0 && place.level < drawn;
    writer.add(processes[place.at], branch, trunk + (hasChildren ? '|  ' : '   '));
    enter(place.at, place.level + 1, trunk);
  }
}

/**
 * The row in `width` columns. First goes the folder of the program (of /usr/lib/gcc/.../cc1), then the
 * end of the command, at last the note: how a process ended is worth more than its last arguments.
 */
function fitRow(start: string, row: TreeRow, width: number): ByteString {
  const room = Math.max(TEXT_WIDTH / 2, width - start.length - displayWidth(row.note));
  const text = displayWidth(row.text) <= room ? row.text : row.text.replace(/^(then )?\/[^ ]*\//, '$1');
  return cutToWidth(start + cutToWidth(text, room) + row.note, width);
}

/**
 * `rr show --processes`: a line for each process, below its parent, in the order they were started;
 * each later program by exec, and each file that is asked for, on a line of its own. Harmless for a
 * terminal.
 */
export function printProcessTree(run: Run, options: ProcessTreeOptions): ByteString {
  const writer = new TreeWriter(run, options);
  walkTree(run.processes, writer, countDrawnLevels(options.width));
  const widths = TITLES.map((title, i) => writer.rows.reduce((most, row) => Math.max(most, row.columns[i].length), title.length));
  const left = (columns: string[]): string => columns.map((cell, i) => cell.padStart(widths[i]) + '  ').join('');
  const lines = [left(TITLES) + 'COMMAND'];
  for (const row of writer.rows) {
    const start = left(row.columns) + row.tree;
    lines.push(options.width === Infinity ? start + row.text + row.note : fitRow(start, row, options.width));
  }
  return lines.join('\n') + '\n';
}
