// lineagesvg.ts - a lineage as a picture (SVG 1.1). Knows no files.
import type { ByteString } from '../core/bytes.ts';
import type { Layering } from '../core/layers.ts';
import { layOut } from '../core/layers.ts';
import { makeHarmless } from '../formats/percent.ts';
import type { LineageStory } from './lineagestory.ts';
import { describeMark, describeParameters, describeRunName, shortHash, shortTime, summarizeReproducible } from './lineagestory.ts';
import { showText } from './page.ts';
import { cutToWidth, displayWidth } from './table.ts';

// Sizes in pixels. The font has one width for all letters, so that the width of a text is known here.
const FONT_SIZE = 12;
const LETTER_WIDTH = 7.25;
const LINE_HEIGHT = 16;
const PADDING = 8;
const BOX_GAP = 14;
const LAYER_GAP = 48;
const MOST_EXTRA_GAP = 90;
const MARGIN = 24;
const HEAD_HEIGHT = 44;
const MOST_LETTERS = 44;
const TIP_LENGTH = 5;
/** What a screen shows; a picture is turned so that it is the fewest screens long. */
const SCREEN = { width: 1200, height: 800 };

const STYLE = 'svg{background:#ffffff}text{font-family:"DejaVu Sans Mono","Liberation Mono",Menlo,Consolas,monospace;font-size:12px;fill:#1b1f24}'
  + '.file rect{fill:#ffffff;stroke:#8c959f}.raw rect{fill:#eef4fb;stroke:#5b8db8}.code rect{fill:#f5f0fa;stroke:#8a6bb0}.start rect{stroke:#1b1f24;stroke-width:2}'
  + '.run rect{fill:#e9f3ec;stroke:#4f9468}.bad rect{fill:#fdeeec;stroke:#c2483b}.dim{fill:#57606a}.head{font-weight:bold}'
  + '.edge{fill:none;stroke:#8c959f}.dashed{stroke-dasharray:5 4}.tip{fill:#8c959f;stroke:none}'
  + '@media (prefers-color-scheme:dark){svg{background:#0f1419}text{fill:#e2e6ea}.file rect{fill:#171d24;stroke:#6b7682}.raw rect{fill:#14263a;stroke:#5b8db8}'
  + '.code rect{fill:#231b30;stroke:#9a7cc0}.start rect{stroke:#e2e6ea}.run rect{fill:#14291d;stroke:#4f9468}.bad rect{fill:#331917;stroke:#d4675b}.dim{fill:#9aa4ae}.edge{stroke:#6b7682}.tip{fill:#6b7682}}';

/** Text of XML 1.0, which has no place for U+FFFE and U+FFFF; other odd characters are %XX by now. */
function escapeXml(text: ByteString): ByteString {
  return text.replace(/\xef\xbf[\xbe\xbf]/g, (bytes) => (bytes[2] === '\xbe' ? '%EF%BF%BE' : '%EF%BF%BF'))
    .replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

/** Of a path the end tells most: the beginning is cut. */
function cutPath(path: ByteString, width: number): ByteString {
  if (displayWidth(path) <= width) return path;
  const parts = path.split('/');
  let tail = parts[parts.length - 1];
  for (let i = parts.length - 2; i >= 0 && displayWidth(parts[i] + '/' + tail) + 2 <= width; i--) tail = parts[i] + '/' + tail;
  return displayWidth(tail) + 2 <= width ? '~/' + tail : cutToWidth(tail, width);
}

type LineageBox = { lines: ByteString[]; tip: ByteString; kind: string; width: number; height: number };

function makeBox(lines: ByteString[], tip: ByteString, kind: string): LineageBox {
  const letters = lines.reduce((most, line) => Math.max(most, displayWidth(line)), 0);
  return { lines, tip, kind, width: Math.ceil(letters * LETTER_WIDTH) + 2 * PADDING, height: lines.length * LINE_HEIGHT + PADDING };
}

const BAD_MARKS = ['changed since', 'gone', 'not readable'];

function makeFileBox(story: LineageStory, node: number): LineageBox {
  const { file, origin } = story.graph.files[node];
  const path = makeHarmless(file.path);
  const mark = describeMark(story, node);
  const isStart = story.graph.start.kind === 'file' && story.graph.start.node === node;
  const kind = BAD_MARKS.indexOf(story.marks[node]) >= 0 ? ' bad' : story.isCode[node] ? ' code' : origin.kind === 'raw' && story.graph.direction === 'up' ? ' raw' : '';
  return makeBox([cutPath(path, MOST_LETTERS), shortHash(file) + (mark === '' ? '' : '  ' + mark)], path + '\n' + file.hash + ', ' + String(file.size) + ' bytes', 'file' + kind + (isStart ? ' start' : ''));
}

function makeRunBox(story: LineageStory, node: number, folded: number): LineageBox {
  const { run, isCut } = story.graph.runs[node];
  const name = story.nameOf(run);
  const record = story.records[node];
  const lines = [name.label === undefined ? name.id : cutToWidth(showText(name.label), MOST_LETTERS)];
  if (record !== undefined) {
    lines.push(cutToWidth('$ ' + showText(record.command), MOST_LETTERS));
    lines.push(shortTime(record.startedUtc) + (record.status === 'succeeded' ? '' : '  ' + record.status));
  }
  if (folded > 0) lines.push('and ' + String(folded) + ' more files (--all)');
  if (isCut) lines.push('more depends on it (--depth)');
  const isBad = record === undefined || record.status !== 'succeeded';
  const tip = describeRunName(name, record) + (record === undefined ? '' : '\n$ ' + showText(record.command) + (record.parameters.length === 0 ? '' : '\nwith ' + describeParameters(record)));
  return makeBox(lines, tip, 'run' + (isBad ? ' bad' : ''));
}

type Link = { from: number; to: number; isDashed: boolean };

/** Edges away from the start; files come first, then runs. */
function listLinks(story: LineageStory): Link[] {
  const { graph } = story;
  const firstRun = graph.files.length;
  const links: Link[] = [];
  const add = (source: number, target: number, isDashed: boolean): void => { links.push(graph.direction === 'up' ? { from: target, to: source, isDashed } : { from: source, to: target, isDashed }); };
  graph.files.forEach(({ origin }, node) => {
    if (origin.kind === 'run') add(firstRun + origin.node, node, false);
    else if (origin.kind === 'copy' || origin.kind === 'other') add(origin.node, node, true);
  });
  graph.runs.forEach((run, node) => run.reads.forEach((file) => add(file, firstRun + node, false)));
  return links;
}

/** A layering turned into a picture: along the flow of the data (u), and across it (v). */
type Plan = { isUpright: boolean; layering: Layering; boxes: LineageBox[]; /** Of each layer where it begins and ends along the flow. */ starts: number[]; ends: number[]; width: number; height: number };

/** Room between each layer and the next: more where many lines go. */
function measureGaps(layering: Layering, links: Link[]): number[] {
  const counts: number[] = new Array(layering.layerCount).fill(0);
  for (const { from, to } of links) for (let layer = layering.layerOf[from]; layer < layering.layerOf[to]; layer++) counts[layer] += 1;
  return counts.map((count) => LAYER_GAP + Math.min(MOST_EXTRA_GAP, Math.max(0, count - 10)));
}

function makePlan(boxes: LineageBox[], links: Link[], isUpright: boolean, isReversed: boolean): Plan {
  const layering = layOut({
    nodeCount: boxes.length, edges: links.map(({ from, to }) => [from, to]), extents: boxes.map((box) => (isUpright ? box.width : box.height)), gap: BOX_GAP,
  });
  const depths: number[] = new Array(layering.layerCount).fill(0);
  boxes.forEach((box, node) => { depths[layering.layerOf[node]] = Math.max(depths[layering.layerOf[node]], isUpright ? box.height : box.width); });
  const gaps = measureGaps(layering, links);
  const starts: number[] = [];
  let at = 0;
  for (let i = 0; i < depths.length; i++) {
    const layer = isReversed ? depths.length - 1 - i : i;
    if (i > 0) at += gaps[isReversed ? layer : layer - 1];
    starts[layer] = at;
    at += depths[layer];
  }
  const length = at;
  return { isUpright, layering, boxes, starts, ends: starts.map((start, i) => start + depths[i]), width: isUpright ? layering.extent : length, height: isUpright ? length : layering.extent };
}

function screensOf(plan: Plan): number {
  return Math.max(plan.width / SCREEN.width, plan.height / SCREEN.height);
}

function pixel(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Where a box stands: the middle of its layer along the flow. */
function placeBox(plan: Plan, node: number): { x: number; y: number } {
  const box = plan.boxes[node];
  const layer = plan.layering.layerOf[node];
  const middle = (plan.starts[layer] + plan.ends[layer]) / 2;
  const across = plan.layering.middles[node];
  return plan.isUpright ? { x: across - box.width / 2, y: middle - box.height / 2 } : { x: middle - box.width / 2, y: across - box.height / 2 };
}

function drawBox(plan: Plan, node: number): ByteString {
  const box = plan.boxes[node];
  const { x, y } = placeBox(plan, node);
  const left = MARGIN + x;
  const top = MARGIN + HEAD_HEIGHT + y;
  const texts = box.lines.map((line, i) => '<text x="' + pixel(left + PADDING) + '" y="' + pixel(top + PADDING / 2 + LINE_HEIGHT * (i + 0.75)) + '"'
    + (i === 0 ? box.kind.startsWith('run') ? ' class="head"' : '' : ' class="dim"') + ' xml:space="preserve">' + escapeXml(line) + '</text>').join('');
  return '<g class="' + box.kind + '"><title>' + escapeXml(box.tip) + '</title><rect x="' + pixel(left) + '" y="' + pixel(top) + '" width="' + pixel(box.width) + '" height="' + pixel(box.height) + '" rx="'
    + (box.kind.startsWith('run') ? '9' : '2') + '"/>' + texts + '</g>\n';
}

/** From box to box the way the data go; straight across the layers that it passes, curved between them. */
function drawLink(plan: Plan, link: Link, bends: number[], isReversed: boolean): ByteString {
  const { layering, starts, ends } = plan;
  const borderOf = (node: number): [number, number] => {
    const place = placeBox(plan, node);
    const from = plan.isUpright ? place.y : place.x;
    return [from, from + (plan.isUpright ? plan.boxes[node].height : plan.boxes[node].width)];
  };
  // Along the flow; in a reversed picture the link leads against it.
  const source = isReversed ? link.to : link.from;
  const target = isReversed ? link.from : link.to;
  const first = layering.layerOf[link.from] + 1;
  const passed = bends.map((middle, i) => ({ layer: first + i, middle }));
  if (isReversed) passed.reverse();
  // Pairs of points: straight within a pair, which keeps clear of the boxes of the layer; curved between two.
  const points: [number, number][] = [[borderOf(source)[1], layering.middles[source]], [ends[layering.layerOf[source]], layering.middles[source]]];
  for (const { layer, middle } of passed) points.push([starts[layer], middle], [ends[layer], middle]);
  // The tip of the arrow takes the last pixels; the line must come from before them, or it would turn round.
  points.push([starts[layering.layerOf[target]] - TIP_LENGTH - 1, layering.middles[target]], [borderOf(target)[0] - TIP_LENGTH, layering.middles[target]]);
  const spell = ([u, v]: [number, number]): string => (plan.isUpright ? pixel(MARGIN + v) + ' ' + pixel(MARGIN + HEAD_HEIGHT + u) : pixel(MARGIN + u) + ' ' + pixel(MARGIN + HEAD_HEIGHT + v));
  let path = 'M' + spell(points[0]);
  for (let i = 1; i < points.length; i++) {
    const [u0, v0] = points[i - 1];
    const [u1, v1] = points[i];
    const half = (u0 + u1) / 2;
    path += i % 2 === 1 ? 'L' + spell(points[i]) : 'C' + spell([half, v0]) + ' ' + spell([half, v1]) + ' ' + spell(points[i]);
  }
  return '<path class="edge' + (link.isDashed ? ' dashed' : '') + '" d="' + path + '" marker-end="url(#tip)"/>\n';
}

function describeTitle(story: LineageStory): ByteString {
  const { graph } = story;
  const start = graph.start.kind === 'file' ? makeHarmless(graph.files[graph.start.node].file.path) : story.nameOf(graph.runs[graph.start.node].run).id;
  return graph.direction === 'up' ? 'Where ' + start + ' comes from' : 'What depends on ' + start;
}

/** `rr why --svg`: the data flow from left to right, or down where that makes the smaller picture. `folded` as of foldStory(). */
export function printLineageSvg(story: LineageStory, folded: number[]): ByteString {
  const { graph } = story;
  const boxes = graph.files.map((_, node) => makeFileBox(story, node)).concat(graph.runs.map((_, node) => makeRunBox(story, node, folded[node])));
  const links = listLinks(story);
  const isReversed = graph.direction === 'up';
  const plans = [false, true].map((isUpright) => makePlan(boxes, links, isUpright, isReversed));
  const plan = screensOf(plans[1]) < screensOf(plans[0]) ? plans[1] : plans[0];
  const title = describeTitle(story);
  const answer = story.reproducible === undefined ? '' : summarizeReproducible(story.reproducible);
  const textWidth = Math.ceil(Math.max(displayWidth(title), Math.min(displayWidth(answer), 100)) * LETTER_WIDTH);
  const width = Math.ceil(Math.max(plan.width, textWidth)) + 2 * MARGIN;
  const height = Math.ceil(plan.height) + 2 * MARGIN + HEAD_HEIGHT;
  return '<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="' + String(width) + '" height="' + String(height) + '" viewBox="0 0 ' + String(width) + ' ' + String(height) + '" role="img">\n'
    + '<title>' + escapeXml(title) + '</title>\n<style>' + escapeXml(STYLE).replace(/&quot;/g, '"') + '</style>\n'
    + '<defs><marker id="tip" viewBox="0 0 8 8" refX="3" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>\n'
    + '<text class="head" x="' + String(MARGIN) + '" y="' + String(MARGIN + FONT_SIZE) + '">' + escapeXml(title) + '</text>\n'
    + (answer === '' ? '' : '<text class="dim" x="' + String(MARGIN) + '" y="' + String(MARGIN + FONT_SIZE + LINE_HEIGHT + 2) + '">' + escapeXml(cutToWidth(answer, 100)) + '</text>\n')
    + links.map((link, i) => drawLink(plan, link, plan.layering.bends[i], isReversed)).join('') + boxes.map((_, node) => drawBox(plan, node)).join('') + '</svg>\n';
}
