// lineagestory.ts - a lineage with all that is told of its files and runs: what the views of it have in common. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { FileNode, LineageGraph, MakerAnswer } from '../core/lineage.ts';
import type { Reproducible } from '../core/reproducible.ts';
import type { FileState, Run } from '../core/run.ts';
import { makeHarmless } from '../formats/percent.ts';
import { showText } from './page.ts';

/**
 * How a file is now. Of raw data: as it was read, not so, gone. Of what a run made: the current
 * result, not the current one any more, changed by hand, gone. '': not looked at.
 */
export type FileMark = '' | 'as read' | 'changed since' | 'gone' | 'current' | 'superseded' | 'not readable';

export type RunName = { id: string; label: ByteString | undefined };

/** What is told of a run. */
export type ToldRun = Pick<Run, 'startedUtc' | 'status' | 'reused' | 'command' | 'directory' | 'parameters' | 'code' | 'codeFiles' | 'environment'>;

/** That alone: of 100,000 runs the rest cannot be held. */
export function toldOfRun({ startedUtc, status, reused, command, directory, parameters, code, codeFiles, environment }: ToldRun): ToldRun {
  return { startedUtc, status, reused, command, directory, parameters, code, codeFiles, environment };
}

export type LineageStory = {
  /** What was asked for; undefined if that is a run. */
  asked: FileState | undefined;
  /** 'run': a run was asked for, not a file. */
  answer: MakerAnswer['kind'] | 'run';
  graph: LineageGraph;
  /** Of each run node; undefined if its record cannot be read. */
  records: (ToldRun | undefined)[];
  /** Name of a run by its number in the lineage. */
  nameOf: (run: number) => RunName;
  /** Of each file node. */
  marks: FileMark[];
  /** Is a file a script or module that a run read? */
  isCode: boolean[];
  /** Runs that read the file; only where no run made it. */
  readers: RunName[];
  /** Up only. */
  reproducible: Reproducible | undefined;
};

/** The node that a file is a copy of, through any number of copies; itself if it is none. */
export function resolveCopy(graph: LineageGraph, node: number): FileNode {
  let file = graph.files[node];
  for (let i = 0; file.origin.kind === 'copy' && i < graph.files.length; i++) file = graph.files[file.origin.node];
  return file;
}

export type Neighbours = { readers: number[][]; copies: number[][]; made: number[][] };

/** Of each file node the run nodes that read it and the file nodes that are copies or other contents of it; of each run node the file nodes that it made. */
export function listNeighbours(graph: LineageGraph): Neighbours {
  const readers: number[][] = graph.files.map(() => []);
  const copies: number[][] = graph.files.map(() => []);
  const made: number[][] = graph.runs.map(() => []);
  graph.runs.forEach((run, node) => {
    for (const file of run.reads) readers[file].push(node);
  });
  graph.files.forEach(({ origin }, node) => {
    if (origin.kind === 'run') made[origin.node].push(node);
    else if (origin.kind === 'copy' || origin.kind === 'other') copies[origin.node].push(node);
  });
  return { readers, copies, made };
}

/** First digits of a hash, as in `rr show`; words where there is none. */
export function shortHash(file: FileState): string {
  return file.hash.length === 64 ? file.hash.slice(0, 12) : file.hash === '?' ? 'unknown' : '-';
}

function shortenIds(text: ByteString): ByteString {
  return text.replace(/\b([0-9a-f]{12})(?:[0-9a-f]{28}|[0-9a-f]{52})\b/g, '$1');
}

/** "git 21b95ecfa091, with changes in fit.py; not tracked: lib.py"; undefined if nothing is known of the code. */
export function describeCodeOf(run: Pick<ToldRun, 'code' | 'codeFiles'>): ByteString | undefined {
  const named = (state: string): ByteString => run.codeFiles.filter((file) => file.state === state).map((file) => showText(file.path)).join(', ');
  const changed = named('changed');
  const untracked = named('untracked');
  const version = run.code === undefined ? '' : shortenIds(showText(run.code.replace(/ dirty \S+$/, '')));
  const isDirty = run.code !== undefined && / dirty \S+$/.test(run.code);
  const parts = [version + (changed !== '' ? ', changed: ' + changed : isDirty ? ', with changes in other files' : '')];
  if (untracked !== '') parts.push('not tracked: ' + untracked);
  const text = parts.filter((part) => part !== '').join('; ');
  return text === '' ? undefined : text;
}

/** "n=10 gamma=0.5" */
export function describeParameters(run: Pick<ToldRun, 'parameters'>): ByteString {
  return run.parameters.map((one) => showText(one.replace(' ', '='))).join(' ');
}

/** 2026-11-22 05:20 */
export function shortTime(startedUtc: string): string {
  return startedUtc.slice(0, 10) + ' ' + startedUtc.slice(11, 16);
}

/** Id, label, time, and how it ended if not well. */
export function describeRunName(name: RunName, run: ToldRun | undefined): ByteString {
  const parts = [name.id].concat(name.label === undefined ? [] : showText(name.label));
  if (run === undefined) return parts.join('  ') + '  (its record cannot be read)';
  return parts.concat(shortTime(run.startedUtc), run.status === 'succeeded' ? [] : run.status, run.reused === undefined ? [] : 'reused from ' + run.reused).join('  ');
}

/** What is said of a file in brackets, its origin left out. */
export function describeMark(story: LineageStory, node: number): string {
  const { origin } = story.graph.files[node];
  const mark = story.marks[node];
  const isStart = story.graph.start.kind === 'file' && story.graph.start.node === node;
  const kind = origin.kind !== 'raw' || isStart ? '' : story.isCode[node] ? 'code' : story.graph.direction === 'up' ? 'raw data' : '';
  return [kind, mark === 'as read' ? '' : mark].filter((part) => part !== '').join(', ');
}

/** The answer on reproducibility, in lines. */
export function describeReproducible(answer: Reproducible): ByteString[] {
  if (answer.kind === 'yes') {
    const first = answer.shownBy[0];
    const oldest = answer.shownBy.slice().sort()[0];
    const date = (id: string): string => id.slice(0, 4) + '-' + id.slice(4, 6) + '-' + id.slice(6, 8);
    const more = answer.shownBy.length > 1 ? ' (' + String(answer.shownBy.length) + ' runs repeated, the first on ' + date(oldest) + ')' : '';
    return ['reproducible: yes, ' + (answer.isExact ? '' : 'within the stated tolerance, ') + 'last shown ' + date(first) + ' by ' + first + more];
  }
  return ['reproducible: ' + answer.kind + ', because'].concat(answer.reasons.map((reason) => '  ' + (reason.word === 'came out differently' ? '' : reason.word + ': ') + makeHarmless(reason.subject)));
}

/** The same in one line, reasons counted. */
export function summarizeReproducible(answer: Reproducible): ByteString {
  if (answer.kind === 'yes') return describeReproducible(answer)[0];
  const counts = new Map<string, number>();
  for (const { word } of answer.reasons) counts.set(word, (counts.get(word) ?? 0) + 1);
  return 'reproducible: ' + answer.kind + ', because ' + Array.from(counts, ([word, count]) => word + (count > 1 ? ' (' + String(count) + ')' : '')).join(', ');
}

/**
 * The story without the ends of long lists, for pictures: of each run at most `most` files that lead
 * nowhere else are kept. `folded` counts the others of each run node.
 */
export function foldStory(story: LineageStory, most: number): { story: LineageStory; folded: number[] } {
  const { graph } = story;
  const { readers, copies, made } = listNeighbours(graph);
  const folded: number[] = graph.runs.map(() => 0);
  const isLeftOut = new Uint8Array(graph.files.length);
  const isEnd = (node: number): boolean => !(graph.start.kind === 'file' && graph.start.node === node) && copies[node].length === 0
    && (graph.direction === 'up' ? graph.files[node].origin.kind === 'raw' && readers[node].length === 1 : readers[node].length === 0);
  graph.runs.forEach((run, node) => {
    const ends = (graph.direction === 'up' ? run.reads : made[node]).filter(isEnd);
    // Data before code, as in the tree.
    ends.sort((a, b) => Number(story.isCode[a]) - Number(story.isCode[b]) || a - b);
    if (ends.length <= most) return;
    folded[node] = ends.length - most;
    for (const file of ends.slice(most)) isLeftOut[file] = 1;
  });
  const kept = graph.files.map((_, node) => node).filter((node) => isLeftOut[node] === 0);
  const numbers = new Map(kept.map((node, i) => [node, i]));
  const files = kept.map((node) => {
    const { file, origin } = graph.files[node];
    return { file, origin: origin.kind === 'copy' || origin.kind === 'other' ? { kind: origin.kind, node: numbers.get(origin.node) as number } : origin };
  });
  const runs = graph.runs.map((run) => ({ ...run, reads: run.reads.filter((file) => numbers.has(file)).map((file) => numbers.get(file) as number) }));
  const start = graph.start.kind === 'file' ? { kind: 'file' as const, node: numbers.get(graph.start.node) as number } : graph.start;
  return { story: { ...story, graph: { ...graph, start, files, runs }, marks: kept.map((node) => story.marks[node]), isCode: kept.map((node) => story.isCode[node]) }, folded };
}
