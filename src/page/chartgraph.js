// chartgraph.js - who made what from what: runs and files as a graph to walk in. layOut() is core/layers.ts's.
'use strict';

const CHART_LETTER_PX = 6.9;
const CHART_NODE_PX = 40;
const CHART_NODE_GAP_PX = 12;

/** Of a path the end tells most. */
function chartCutPath(text, letters) {
  const all = Array.from(text);
  return all.length <= letters ? text : '\u2026' + all.slice(all.length - letters + 1).join('');
}

function chartNodeLetters(text) {
  let width = 0;
  // Letters of East Asia are twice as wide.
  for (const letter of text) width += letter.codePointAt(0) >= 0x1100 ? 1.9 : 1;
  return width;
}

/** Boxes with their places: x and y of the left upper corner; the picture's size; the way of each edge. */
function chartPlanGraph(data, isUpright) {
  const most = isUpright ? 20 : 30;
  const boxes = data.nodes.map((node) => {
    const name = node.kind === 'file' ? chartCutPath(node.name, most) : chartCut(node.name, most);
    const detail = chartCut(node.detail || '', most + 4);
    const letters = Math.max(chartNodeLetters(name) + (node.more > 0 ? 4 : 0), chartNodeLetters(detail) * 0.92, 6);
    return { node, name, detail, width: Math.ceil(letters * CHART_LETTER_PX) + 22, height: CHART_NODE_PX, x: 0, y: 0, layer: 0, middle: 0 };
  });
  const layering = layOut({ nodeCount: boxes.length, edges: data.edges, extents: boxes.map((box) => (isUpright ? box.width : box.height)), gap: CHART_NODE_GAP_PX });
  const depths = new Array(layering.layerCount).fill(0);
  const counts = new Array(layering.layerCount).fill(0);
  boxes.forEach((box, i) => {
    box.layer = layering.layerOf[i];
    depths[box.layer] = Math.max(depths[box.layer], isUpright ? box.height : box.width);
  });
  for (const [from, to] of data.edges) for (let layer = boxes[from].layer; layer < boxes[to].layer; layer++) counts[layer] += 1;
  const starts = [];
  let at = 8;
  depths.forEach((depth, layer) => {
    starts.push(at);
    at += depth + 40 + Math.min(80, Math.max(0, counts[layer] - 8));
  });
  const length = layering.layerCount === 0 ? 0 : starts[starts.length - 1] + depths[depths.length - 1] + 8;
  boxes.forEach((box, i) => {
    box.middle = layering.middles[i] + 8;
    box.x = isUpright ? box.middle - box.width / 2 : starts[box.layer];
    box.y = isUpright ? starts[box.layer] : box.middle - box.height / 2;
  });
  const ways = data.edges.map(([from, to], i) => chartEdgeWay(boxes[from], boxes[to], layering.bends[i].map((bend) => bend + 8), starts, depths, isUpright));
  const extent = layering.extent + 16;
  return { boxes, ways, isUpright, width: Math.ceil(isUpright ? extent : length), height: Math.ceil(isUpright ? length : extent) };
}

/** A curve from box to box that goes straight through the layers between, and its head. */
function chartEdgeWay(from, to, bends, starts, depths, isUpright) {
  const point = (along, across) => (isUpright ? chartPixel(across) + ' ' + chartPixel(along) : chartPixel(along) + ' ' + chartPixel(across));
  const stops = [{ start: 0, end: isUpright ? from.y + from.height : from.x + from.width, across: from.middle }];
  bends.forEach((bend, i) => {
    const layer = from.layer + 1 + i;
    stops.push({ start: starts[layer], end: starts[layer] + depths[layer], across: bend });
  });
  stops.push({ start: (isUpright ? to.y : to.x) - 6, end: 0, across: to.middle });
  let path = 'M' + point(stops[0].end, stops[0].across);
  for (let i = 1; i < stops.length; i++) {
    const half = (stops[i - 1].end + stops[i].start) / 2;
    path += 'C' + point(half, stops[i - 1].across) + ' ' + point(half, stops[i].across) + ' ' + point(stops[i].start, stops[i].across);
    if (i + 1 < stops.length) path += 'L' + point(stops[i].end, stops[i].across);
  }
  const tip = stops[stops.length - 1];
  return { path, head: 'M' + point(tip.start + 6, tip.across) + 'L' + point(tip.start - 1, tip.across - 3.5) + 'L' + point(tip.start - 1, tip.across + 3.5) + 'z' };
}

/** What is said of a node. */
function chartTellNode(data, node, sources, targets) {
  const names = (list) => list.slice(0, 6).map((i) => data.nodes[i].name).join(', ') + (list.length > 6 ? ' and ' + (list.length - 6) + ' more' : '');
  const parts = [node.kind + ' ' + node.name];
  if (node.kind === 'run' && node.status) parts[0] += ', ' + node.status;
  if (node.isCurrent) parts[0] += ', a current result';
  if (node.detail) parts.push(node.detail);
  if (sources.length > 0) parts.push((node.kind === 'run' ? 'reads ' : 'made by ') + names(sources));
  if (targets.length > 0) parts.push((node.kind === 'run' ? 'writes ' : 'read by ') + names(targets));
  if (node.more > 0) parts.push(String(node.more) + ' more beside it are not shown');
  return parts.join('; ');
}

function chartNodeShape(box, label) {
  const { node } = box;
  const isBad = node.kind === 'run' && node.status !== undefined && node.status !== 'succeeded';
  const names = ['chart-node', node.kind === 'run' ? 'chart-is-run' : 'chart-is-file'];
  if (node.isCurrent) names.push('chart-is-current');
  if (isBad) names.push('chart-is-bad');
  if (node.isFocus) names.push('chart-is-focus');
  const shape = chartShape('g', { class: names.join(' '), tabindex: '-1', role: 'link', 'aria-label': label, transform: 'translate(' + chartPixel(box.x) + ' ' + chartPixel(box.y) + ')' },
    chartShape('rect', { width: box.width, height: box.height, rx: node.kind === 'run' ? 14 : 2 }),
    chartShape('text', { x: 11, y: box.detail === '' ? 25 : 17, class: 'name' }, box.name));
  if (box.detail !== '') shape.append(chartShape('text', { x: 11, y: 32, class: 'chart-tick name' }, box.detail));
  if (node.more > 0) shape.append(chartShape('text', { x: box.width - 8, y: 17, 'text-anchor': 'end', class: 'chart-tick chart-more' }, '+' + node.more));
  shape.append(chartShape('title', {}, label));
  return shape;
}

/** The neighbour that an arrow key leads to: along the edges, or to the next of the layer. */
function chartStepNode(plan, sources, targets, at, key) {
  const along = plan.isUpright ? { ArrowDown: 1, ArrowUp: -1 } : { ArrowRight: 1, ArrowLeft: -1 };
  const across = plan.isUpright ? { ArrowRight: 1, ArrowLeft: -1 } : { ArrowDown: 1, ArrowUp: -1 };
  const { boxes } = plan;
  const nearest = (list) => list.reduce((best, i) => (best === undefined || Math.abs(boxes[i].middle - boxes[at].middle) < Math.abs(boxes[best].middle - boxes[at].middle) ? i : best), undefined);
  if (along[key] !== undefined) return nearest((along[key] > 0 ? targets : sources)[at]);
  const way = across[key];
  if (way === undefined) return undefined;
  return nearest(boxes.map((_, i) => i).filter((i) => i !== at && boxes[i].layer === boxes[at].layer && (boxes[i].middle - boxes[at].middle) * way > 0));
}

/** data: { nodes: [{ key, kind, name, detail, status, isCurrent, isFocus, more }], edges: [[from, to]] }; options: { onPick(key) }. */
function drawGraph(container, data, options) {
  const count = (kind) => data.nodes.filter((node) => node.kind === kind).length;
  const title = chartCount(count('run'), 'run', 'runs') + ' and ' + chartCount(count('file'), 'file', 'files');
  if (data.nodes.length === 0) {
    chartEmpty(container, title, 'No run made or read a file.');
    return;
  }
  const width = chartWidth(container);
  const plan = chartPlanGraph(data, width < 620);
  const sources = data.nodes.map(() => []);
  const targets = data.nodes.map(() => []);
  for (const [from, to] of data.edges) {
    targets[from].push(to);
    sources[to].push(from);
  }
  const svg = chartShape('svg', { viewBox: '0 0 ' + plan.width + ' ' + plan.height, width: plan.width, height: plan.height, role: 'group', 'aria-label': 'Who made what: ' + title + '. Arrow keys go along the lines.' });
  const edges = plan.ways.map((way) => chartShape('g', {}, chartShape('path', { d: way.path, class: 'chart-edge' }), chartShape('path', { d: way.head, class: 'chart-head' })));
  const labels = data.nodes.map((node, i) => chartTellNode(data, node, sources[i], targets[i]));
  const shapes = plan.boxes.map((box, i) => chartNodeShape(box, labels[i]));
  svg.append(...edges, ...shapes);
  const map = chartElement('div', { class: 'chart-map' }, svg);
  const bar = chartElement('div', { class: 'chart-bar' });
  const tip = chartElement('p', { class: 'chart-tip', 'aria-live': 'polite' });
  container.replaceChildren(chartElement('figure', { class: 'chart' }, chartElement('figcaption', {}, title), bar, map, tip));
  const focus = Math.max(0, data.nodes.findIndex((node) => node.isFocus));
  chartWalkGraph({ data, plan, sources, targets, edges, shapes, labels, map, tip, focus, onPick: options.onPick });
  chartZoomGraph({ plan, svg, map, bar, width, focus });
  chartListGraph(container.firstElementChild, labels);
}

/** Focus, arrows, Enter and clicks; the edges of the node under focus or pointer stand out. */
function chartWalkGraph(graph) {
  const { shapes, data, edges, plan } = graph;
  let stop = graph.focus;
  shapes[stop].setAttribute('tabindex', '0');
  const mark = (at) => {
    edges.forEach((edge, i) => {
      const isNear = at !== undefined && (data.edges[i][0] === at || data.edges[i][1] === at);
      for (const part of edge.children) part.classList.toggle('chart-near', isNear);
    });
    shapes.forEach((shape, i) => shape.classList.toggle('chart-near', at !== undefined && (graph.sources[at].indexOf(i) >= 0 || graph.targets[at].indexOf(i) >= 0)));
    graph.tip.textContent = at === undefined ? '' : graph.labels[at];
  };
  shapes.forEach((shape, i) => {
    shape.addEventListener('focus', () => {
      shapes[stop].setAttribute('tabindex', '-1');
      stop = i;
      shape.setAttribute('tabindex', '0');
      mark(i);
    });
    shape.addEventListener('blur', () => mark(undefined));
    shape.addEventListener('pointerenter', () => mark(i));
    shape.addEventListener('pointerleave', () => mark(document.activeElement === shapes[stop] ? stop : undefined));
    shape.addEventListener('click', () => { if (graph.onPick !== undefined) graph.onPick(data.nodes[i].key); });
    shape.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key === 'Enter' && graph.onPick !== undefined) graph.onPick(data.nodes[i].key);
      else {
        const to = event.key === 'Home' ? graph.focus : chartStepNode(plan, graph.sources, graph.targets, i, event.key);
        if (to === undefined) {
          if (event.key.startsWith('Arrow')) event.preventDefault();
          return;
        }
        shapes[to].focus();
        shapes[to].scrollIntoView({ block: 'nearest', inline: 'nearest' });
      }
      event.preventDefault();
    });
  });
}

/** Buttons and the mouse: larger, smaller, all, and moving by dragging the ground. */
function chartZoomGraph({ plan, svg, map, bar, width, focus }) {
  let factor = 1;
  const show = (wanted) => {
    const ratio = wanted / factor;
    const middle = { x: map.scrollLeft + map.clientWidth / 2, y: map.scrollTop + map.clientHeight / 2 };
    factor = Math.max(0.1, Math.min(3, wanted));
    chartFill(svg, { width: Math.round(plan.width * factor), height: Math.round(plan.height * factor) }, []);
    map.scrollLeft = middle.x * ratio - map.clientWidth / 2;
    map.scrollTop = middle.y * ratio - map.clientHeight / 2;
  };
  const add = (text, label, act) => {
    const button = chartElement('button', { type: 'button', class: 'chart-button', 'aria-label': label }, text);
    button.addEventListener('click', act);
    bar.append(button);
  };
  add('+', 'Larger', () => show(factor * 1.25));
  add('\u2212', 'Smaller', () => show(factor / 1.25));
  add('All', 'Show all', () => show(Math.min(1, (map.clientWidth - 4) / plan.width, (window.innerHeight * 0.74) / plan.height)));
  add('1:1', 'Natural size', () => show(1));
  bar.append(chartElement('span', {}, 'Rounded boxes are runs, square ones files; arrows go from what was read to what was made.'));
  map.addEventListener('wheel', (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    show(factor * Math.pow(1.0015, -event.deltaY));
  }, { passive: false });
  let from;
  map.addEventListener('pointerdown', (event) => {
    if (event.button === 0 && event.pointerType === 'mouse' && event.target.closest('.chart-node') === null) from = { x: event.clientX + map.scrollLeft, y: event.clientY + map.scrollTop };
  });
  map.addEventListener('pointermove', (event) => {
    if ((event.buttons & 1) === 0) from = undefined;
    if (from === undefined) return;
    map.scrollLeft = from.x - event.clientX;
    map.scrollTop = from.y - event.clientY;
  });
  // All of it where that can still be read, else the part around the focus.
  show(Math.max(0.6, Math.min(1, (width - 4) / plan.width)));
  const box = plan.boxes[focus];
  map.scrollLeft = (box.x + box.width / 2) * factor - map.clientWidth / 2;
  map.scrollTop = (box.y + box.height / 2) * factor - map.clientHeight / 2;
}

/** The same in words. */
function chartListGraph(figure, labels) {
  const details = chartElement('details', { class: 'chart-values' }, chartElement('summary', {}, 'As a list'));
  details.addEventListener('toggle', () => {
    if (!details.open || details.childElementCount > 1) return;
    const list = chartElement('ul', { class: 'chart-list', tabindex: '0' });
    for (const label of labels.slice(0, CHART_MOST_ROWS)) list.append(chartElement('li', {}, chartElement('bdi', {}, label)));
    details.append(list);
    if (labels.length > CHART_MOST_ROWS) details.append(chartElement('p', { class: 'chart-note' }, String(labels.length - CHART_MOST_ROWS) + ' more are left out.'));
  });
  figure.append(details);
}
