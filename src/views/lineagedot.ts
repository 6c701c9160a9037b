// lineagedot.ts - a lineage in the language of Graphviz (dot(1)). Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { makeHarmless } from '../formats/percent.ts';
import type { LineageStory } from './lineagestory.ts';
import { describeMark, shortHash, shortTime } from './lineagestory.ts';
import { showText } from './page.ts';
import { cutToWidth } from './table.ts';

const DOT_LABEL_WIDTH = 60;

/** A string of dot: besides the quotes, "\" begins an escape in labels, and "&" an entity of HTML. */
function quoteDot(lines: ByteString[]): ByteString {
  return '"' + lines.map((line) => line.replace(/&/g, '&amp;').replace(/\\/g, '\\\\').replace(/"/g, '\\"')).join('\\n') + '"';
}

function describeRunNode(story: LineageStory, node: number): ByteString[] {
  const name = story.nameOf(story.graph.runs[node].run);
  const record = story.records[node];
  const first = name.label === undefined ? name.id : showText(name.label) + '  ' + name.id;
  if (record === undefined) return [first];
  return [first, cutToWidth('$ ' + showText(record.command), DOT_LABEL_WIDTH), shortTime(record.startedUtc) + (record.status === 'succeeded' ? '' : ' ' + record.status)];
}

/** `rr why --dot`: files are boxes, runs are ellipses, arrows go the way of the data. */
export function printLineageDot(story: LineageStory): ByteString {
  const { graph } = story;
  const lines = ['digraph lineage {', '  rankdir=' + (graph.runs.length > graph.files.length / 3 ? 'TB' : 'LR') + ';', '  node [fontname="sans-serif", fontsize=11];'];
  graph.files.forEach((file, node) => {
    const mark = describeMark(story, node);
    const isStart = graph.start.kind === 'file' && graph.start.node === node;
    const label = quoteDot([makeHarmless(file.file.path), shortHash(file.file) + (mark === '' ? '' : '  ' + mark)]);
    lines.push('  f' + String(node) + ' [shape=' + (story.isCode[node] ? 'note' : 'box') + (isStart ? ', penwidth=2' : file.origin.kind === 'raw' ? ', style=filled, fillcolor="#eeeeee"' : '') + ', label=' + label + '];');
  });
  graph.runs.forEach((run, node) => {
    lines.push('  r' + String(node) + ' [shape=ellipse, label=' + quoteDot(describeRunNode(story, node)) + '];');
    for (const file of run.reads) lines.push('  f' + String(file) + ' -> r' + String(node) + ';');
  });
  graph.files.forEach(({ origin }, node) => {
    if (origin.kind === 'run') lines.push('  r' + String(origin.node) + ' -> f' + String(node) + ';');
    else if (origin.kind === 'copy' || origin.kind === 'other') lines.push('  f' + String(origin.node) + ' -> f' + String(node) + ' [style=dashed, label="' + (origin.kind === 'copy' ? 'same bytes' : 'other content') + '"];');
  });
  return lines.concat('}').join('\n') + '\n';
}
