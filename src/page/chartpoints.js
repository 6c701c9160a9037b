// chartpoints.js - parameters against metrics: a scatter of runs, and parallel coordinates.
'use strict';

const CHART_SHADES = 9;
/** Places of parallel coordinates that are drawn as one. */
const CHART_GRAIN_PX = 2;

/** How runs are coloured: classOf(i), markOf(i), show(i), and a legend. Numbers have shades, names have colours and marks. */
function chartColouring(values) {
  if (values === undefined) return { count: 1, groupOf: () => 0, classes: ['chart-c0'], marks: [0], column: undefined };
  const column = chartColumn(values);
  if (column.isNames) {
    const index = new Map(column.names.map((name, i) => [name, i]));
    const last = Math.min(column.names.length, 8);
    const classes = column.names.slice(0, 8).map((_, i) => 'chart-c' + i).concat('chart-none');
    return { groupOf: (i) => (values[i] === null || values[i] === undefined ? last : Math.min(last, index.get(String(values[i])))), classes, marks: classes.map((_, i) => i % 6), column };
  }
  const extent = chartExtent(values, false);
  const span = extent.high - extent.low;
  const classes = Array.from({ length: CHART_SHADES }, (_, i) => 'chart-q' + i).concat('chart-none');
  const groupOf = (i) => (!Number.isFinite(values[i]) || values[i] === null ? CHART_SHADES : span > 0 ? Math.min(CHART_SHADES - 1, Math.floor(((values[i] - extent.low) / span) * CHART_SHADES)) : 4);
  return { groupOf, classes, marks: classes.map(() => 0), column, extent };
}

/** Says what the colours mean. */
function chartColourLegend(view, name, values, colouring) {
  if (colouring.column === undefined) return;
  const title = chartElement('bdi', { class: 'name' }, name);
  view.legend.append(chartElement('span', { class: 'chart-key' }, title));
  const add = (className, mark, text) => view.legend.append(chartElement('span', { class: 'chart-key' },
    chartShape('svg', { class: 'chart-swatch', width: 12, height: 12, viewBox: '0 0 12 12', 'aria-hidden': 'true' }, chartShape('path', { d: chartMark(mark, 6, 6, 4), class: 'chart-mark ' + className })), chartElement('bdi', {}, text)));
  const isAny = (group) => values.some((_, i) => colouring.groupOf(i) === group);
  if (colouring.column.isNames) {
    colouring.column.names.slice(0, 8).forEach((text, i) => add('chart-c' + i, colouring.marks[i], chartCut(text, 30)));
    if (colouring.column.names.length > 8) add('chart-none', colouring.marks[8], chartCount(colouring.column.names.length - 8, 'other', 'others'));
    else if (isAny(colouring.classes.length - 1)) add('chart-none', colouring.marks[colouring.classes.length - 1], 'none');
    return;
  }
  const ramp = chartShape('svg', { class: 'chart-swatch', width: 126, height: 12, viewBox: '0 0 126 12', 'aria-hidden': 'true' });
  for (let i = 0; i < CHART_SHADES; i++) ramp.append(chartShape('rect', { x: i * 14, y: 1, width: 14, height: 10, class: 'chart-shade chart-q' + i }));
  if (!colouring.extent.isEmpty) view.legend.append(chartElement('span', { class: 'chart-key' }, chartNumber(colouring.extent.low), ramp, chartNumber(colouring.extent.high)));
  if (isAny(CHART_SHADES)) add('chart-none', 0, 'none');
}

/** The nth of evenly scattered numbers in -0.5..0.5, so that runs of one name do not lie on one line. */
function chartJitter(n) {
  return ((n * 0.6180339887498949) % 1) - 0.5;
}

/** Of each run its place, or undefined where it has none on both axes. */
function chartPlaces(data, scaleX, scaleY) {
  return data.runs.map((_, i) => {
    const x = data.x.values[i];
    const y = data.y.values[i];
    if (x === null || x === undefined || y === null || y === undefined || !scaleX.has(x) || !scaleY.has(y)) return undefined;
    const shift = (scale) => (scale.kind === 'names' ? chartJitter(i) * Math.min(60, scale.band * 0.55) : 0);
    return { x: scaleX.place(x) + shift(scaleX), y: scaleY.place(y) + shift(scaleY) };
  });
}

/** A path for each colour; of points on one pixel the last is drawn. */
function chartPaintPoints(svg, places, colouring) {
  const cells = new Map();
  let count = 0;
  places.forEach((place, i) => {
    if (place === undefined) return;
    count += 1;
    cells.set(Math.round(place.x) * 65536 + Math.round(place.y), i);
  });
  const radius = count > 5000 ? 1.8 : count > 800 ? 2.6 : 4;
  const paths = colouring.classes.map(() => []);
  for (const i of cells.values()) {
    const group = colouring.groupOf(i);
    const { x, y } = places[i];
    paths[group].push(count > 5000 ? 'M' + chartPixel(x - radius) + ' ' + chartPixel(y) + 'h' + 2 * radius : chartMark(colouring.marks[group], x, y, radius));
  }
  paths.forEach((parts, group) => {
    if (parts.length > 0) svg.append(chartShape('path', { d: parts.join(''), class: (count > 5000 ? 'chart-speck ' : 'chart-mark ') + colouring.classes[group] }));
  });
  return count;
}

function chartOrder(places, way) {
  const order = [];
  places.forEach((place, i) => { if (place !== undefined) order.push(i); });
  return order.sort((a, b) => (way === 'x' ? places[a].x - places[b].x : places[b].y - places[a].y) || a - b);
}

/** A value as a reader is told it. */
function chartValue(value) {
  return value === null || value === undefined ? 'none' : typeof value === 'number' ? chartNumber(value) : String(value);
}

/** data: { x: { name, values }, y, colour or undefined, runs: [{ id, name }] }; options: { onPick(id), logX, logY }. */
function drawScatter(container, data, options) {
  const title = data.y.name + ' by ' + data.x.name;
  const width = chartWidth(container);
  const height = Math.round(Math.min(480, Math.max(280, width * 0.55)));
  const column = { x: chartColumn(data.x.values), y: chartColumn(data.y.values) };
  const box = { left: 0, right: width - 14, top: 26, bottom: height - 42, width };
  const logY = Boolean(options.logY) && !column.y.isNames;
  const logX = Boolean(options.logX) && !column.x.isNames;
  const scaleY = chartColumnScale(data.y.values, logY, box.bottom - 4, box.top + 4, Math.max(3, Math.round(height / 70)));
  box.left = chartRoom(scaleY);
  const scaleX = chartColumnScale(data.x.values, logX, box.left + 6, box.right - 6, Math.max(2, Math.round((box.right - box.left) / 90)));
  const places = chartPlaces(data, scaleX, scaleY);
  const count = places.reduce((sum, place) => sum + (place === undefined ? 0 : 1), 0);
  if (count === 0) {
    chartEmpty(container, title, 'No run has a value for both that can be drawn.');
    return;
  }
  const colouring = chartColouring(data.colour === undefined ? undefined : data.colour.values);
  const view = chartFigure(container, title, width, height, title + ', ' + chartCount(count, 'run', 'runs') + '.');
  if (data.colour !== undefined) chartColourLegend(view, data.colour.name, data.colour.values, colouring);
  chartAxisY(view.drawing, scaleY, box, data.y.name);
  chartAxisX(view.drawing, scaleX, box, data.x.name);
  chartPaintPoints(view.drawing, places, colouring);
  const axes = [data.x, data.y].concat(data.colour === undefined || data.colour.name === data.x.name || data.colour.name === data.y.name ? [] : [data.colour]);
  chartExplore(view, {
    nearest: (x, y) => chartNearestPlace(places, x, y, 24),
    next: chartWalk(chartOrder(places, 'x'), chartOrder(places, 'y')),
    show: (i) => {
      view.overlay.replaceChildren(chartShape('circle', { cx: chartPixel(places[i].x), cy: chartPixel(places[i].y), r: 6, class: 'chart-ring' }));
      chartReadout(view, data.runs[i].name, axes.map((axis) => ({ look: undefined, name: axis.name, value: chartCut(chartValue(axis.values[i]), 24), isNear: false })), places[i].x, places[i].y);
      view.tip.textContent = data.runs[i].name + ': ' + axes.map((axis) => axis.name + ' ' + chartValue(axis.values[i])).join(', ');
    },
    hide: () => chartHideReadout(view),
    pick: options.onPick === undefined ? undefined : (i) => options.onPick(data.runs[i].id),
  });
  if (count < data.runs.length) chartSay(view, chartCount(data.runs.length - count, 'run is', 'runs are') + ' left out: without a value' + (logX || logY ? ', or with one that is not above 0 on a logarithmic axis.' : ' on one of the axes.'));
  chartTable(view, ['Run'].concat(axes.map((axis) => axis.name)), data.runs.length, (i) => [data.runs[i].name].concat(axes.map((axis) => chartValue(axis.values[i]))));
}

/** Index of the place nearest to a point within `reach` pixels, or -1. */
function chartNearestPlace(places, x, y, reach) {
  let best = -1;
  let least = reach * reach;
  for (let i = 0; i < places.length; i++) {
    const place = places[i];
    if (place === undefined) continue;
    const far = (place.x - x) * (place.x - x) + (place.y - y) * (place.y - y);
    if (far < least) {
      least = far;
      best = i;
    }
  }
  return best;
}

// ---- parallel coordinates ---------------------------------------------------------------------------

/** Of each run its height on each axis, NaN where it has none. */
function chartHeights(axes, scales, count) {
  return axes.map((axis, n) => {
    const heights = new Float64Array(count).fill(NaN);
    for (let i = 0; i < count; i++) if (axis.values[i] !== null && axis.values[i] !== undefined && scales[n].has(axis.values[i])) heights[i] = scales[n].place(axis.values[i]);
    return heights;
  });
}

/**
 * Runs as lines, a path for each colour. Stretches that lie on one another, to two pixels, are drawn once: 10,000
 * runs are then no more ink than the drawing has room for.
 */
function chartRunPaths(heights, xs, runs, groupOf, groups) {
  const paths = Array.from({ length: groups }, () => []);
  for (let n = 0; n + 1 < xs.length; n++) {
    const seen = Array.from({ length: groups }, () => new Set());
    for (const i of runs) {
      const from = Math.round(heights[n][i] / CHART_GRAIN_PX);
      const to = Math.round(heights[n + 1][i] / CHART_GRAIN_PX);
      if (Number.isNaN(from) || Number.isNaN(to)) continue;
      const group = groupOf(i);
      const key = from * 4096 + to;
      if (seen[group].has(key)) continue;
      seen[group].add(key);
      paths[group].push('M' + xs[n] + ' ' + from * CHART_GRAIN_PX + 'L' + xs[n + 1] + ' ' + to * CHART_GRAIN_PX);
    }
  }
  return paths.map((parts) => parts.join(''));
}

/** Is the run within all brushes? A brush is { high, low } in pixels from the top. */
function chartIsWithin(heights, brushes, i) {
  for (let n = 0; n < brushes.length; n++) {
    const brush = brushes[n];
    if (brush !== undefined && !(heights[n][i] >= brush.high - 0.5 && heights[n][i] <= brush.low + 0.5)) return false;
  }
  return true;
}

/** Numbers over orders of magnitude, as rates are, most of them small: better seen on a logarithmic axis. */
function chartIsSpread(values, extent) {
  if (!(extent.low > 0 && extent.high / extent.low >= 100)) return false;
  const sorted = values.filter((value) => Number.isFinite(value) && value !== null).sort((a, b) => a - b);
  return sorted[sorted.length >> 1] < extent.low + (extent.high - extent.low) / 10;
}

/** The parts of a drawing of parallel coordinates, and what is chosen in it. */
function chartParallelState(container, data) {
  const width = chartWidth(container);
  const count = data.axes.length;
  const isTight = width / count < 90;
  const height = 400;
  const box = { left: 46, right: width - (isTight ? 30 : 60), top: isTight ? 64 : 44, bottom: height - 16, width };
  const xs = data.axes.map((_, n) => Math.round(count === 1 ? (box.left + box.right) / 2 : box.left + ((box.right - box.left) * n) / (count - 1)));
  const scales = data.axes.map((axis) => {
    const column = chartColumn(axis.values);
    if (column.isNames) return chartNameScale(column.names, box.bottom, box.top);
    const extent = chartExtent(axis.values, false);
    return chartScale(extent, axis.kind === 'parameter' && chartIsSpread(axis.values, extent), box.bottom, box.top, 5, false);
  });
  return { data, width, height, box, xs, scales, isTight, heights: chartHeights(data.axes, scales, data.runs.length), room: count < 2 ? width : xs[1] - xs[0] };
}

/** data: { axes: [{ name, kind, values }], runs: [{ id, name }] }; options: { onPick(id), onChoose(ids or undefined) }. */
function drawParallel(container, data, options) {
  const title = chartCount(data.runs.length, 'run', 'runs') + ' by ' + chartCount(data.axes.length, 'value', 'values');
  if (data.axes.length < 2 || data.runs.length === 0) {
    chartEmpty(container, title, 'Two axes and a run are needed for this drawing.');
    return;
  }
  const state = chartParallelState(container, data);
  const memory = chartMemory(container, { kind: 'parallel ' + state.height + data.axes.map((axis) => axis.name).join('\n'), brushes: data.axes.map(() => undefined) });
  const last = data.axes[data.axes.length - 1];
  const colouring = chartColouring(last.values);
  const view = chartFigure(container, title, state.width, state.height, 'Parallel coordinates of ' + data.axes.map((axis) => axis.name).join(', ') + ', ' + chartCount(data.runs.length, 'run', 'runs') + '.');
  // Its handles are for everybody, so the drawing cannot be hidden from those who listen.
  view.drawing.removeAttribute('aria-hidden');
  chartColourLegend(view, last.name, last.values, colouring);
  const behind = chartShape('g', { class: 'chart-behind' });
  const front = chartShape('g', {});
  view.drawing.append(behind, front);
  const everyone = data.runs.map((_, i) => i);
  for (const path of chartRunPaths(state.heights, state.xs, everyone, () => 0, 1)) behind.append(chartShape('path', { d: path, class: 'chart-strand' }));
  const chosenLine = chartElement('p', { class: 'chart-note', 'aria-live': 'polite' });
  let chosen = everyone;
  const paint = () => {
    const isBrushed = memory.brushes.some((brush) => brush !== undefined);
    chosen = isBrushed ? everyone.filter((i) => chartIsWithin(state.heights, memory.brushes, i)) : everyone;
    behind.setAttribute('class', isBrushed ? 'chart-behind' : 'chart-gone');
    const paths = chartRunPaths(state.heights, state.xs, chosen, colouring.groupOf, colouring.classes.length);
    front.replaceChildren(...paths.map((path, group) => chartShape('path', { d: path, class: 'chart-strand ' + colouring.classes[group] + (chosen.length > 500 ? ' chart-fine' : '') })));
    chosenLine.textContent = isBrushed ? chartCount(chosen.length, 'run', 'runs') + ' of ' + data.runs.length + ' within the marked ranges.' : 'Drag along an axis, or move its handles by the arrow keys, to choose runs.';
  };
  paint();
  const change = () => {
    paint();
    if (options.onChoose !== undefined) options.onChoose(memory.brushes.some((brush) => brush !== undefined) ? chosen.map((i) => data.runs[i].id) : undefined);
  };
  data.axes.forEach((axis, n) => chartBrushAxis(view, state, memory, n, change));
  chartExploreStrands(view, state, () => chosen, options.onPick);
  view.figure.append(chosenLine);
  const missing = everyone.filter((i) => state.heights.some((heights) => Number.isNaN(heights[i]))).length;
  if (missing > 0) chartSay(view, chartCount(missing, 'run lacks', 'runs lack') + ' a value on an axis: the line has a gap there.');
  chartTable(view, ['Run'].concat(data.axes.map((axis) => axis.name)), data.runs.length, (i) => [data.runs[i].name].concat(data.axes.map((axis) => chartValue(axis.values[i]))));
}

/** The axis itself, its texts, and the brush with its two handles. */
function chartBrushAxis(view, state, memory, n, change) {
  const { box, data } = state;
  const x = state.xs[n];
  const scale = state.scales[n];
  const svg = view.drawing;
  svg.append(chartShape('line', { x1: x, x2: x, y1: box.top, y2: box.bottom, class: 'chart-axis' }));
  const isLast = n === data.axes.length - 1;
  for (const tick of scale.ticks) {
    const y = scale.place(tick.at);
    svg.append(chartText(x + (isLast && !state.isTight ? 8 : -8), y + 4, tick.text, 'chart-tick chart-over', isLast && !state.isTight ? 'start' : 'end', Math.max(4, Math.floor((Math.min(state.room, 130) - 14) / 6.6))));
  }
  const anchor = n === 0 ? 'start' : isLast ? 'end' : 'middle';
  svg.append(chartText(n === 0 ? 2 : isLast ? state.width - 2 : x, (state.isTight ? [16, 32, 48][n % 3] : 22), data.axes[n].name, 'chart-name name', anchor, Math.max(6, Math.floor((state.isTight ? 2.6 : 1) * state.room / 7))));
  const band = chartShape('rect', { x: x - 7, width: 14, class: 'chart-brush' });
  const handles = ['high', 'low'].map((end) => chartShape('rect', { x: x - 9, width: 18, height: 6, rx: 3, class: 'chart-handle', tabindex: 0, role: 'slider', 'aria-orientation': 'vertical',
    'aria-label': data.axes[n].name + ', ' + (end === 'high' ? 'greatest' : 'least') }));
  const show = () => {
    const brush = memory.brushes[n] || { high: box.top, low: box.bottom };
    band.setAttribute('class', memory.brushes[n] === undefined ? 'chart-brush chart-gone' : 'chart-brush');
    chartFill(band, { y: chartPixel(brush.high), height: chartPixel(Math.max(1, brush.low - brush.high)) }, []);
    handles.forEach((handle, i) => {
      const y = i === 0 ? brush.high : brush.low;
      chartFill(handle, { y: chartPixel(i === 0 ? y - 6 : y), 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': Math.round(((box.bottom - y) / (box.bottom - box.top)) * 100), 'aria-valuetext': chartValue(scale.value(y)) }, []);
    });
  };
  const set = (high, low) => {
    const top = Math.max(box.top, Math.min(high, low));
    const bottom = Math.min(box.bottom, Math.max(high, low));
    memory.brushes[n] = top <= box.top && bottom >= box.bottom ? undefined : { high: top, low: bottom };
    show();
    change();
  };
  handles.forEach((handle, i) => handle.addEventListener('keydown', (event) => {
    const step = { ArrowUp: -1, ArrowRight: -1, ArrowDown: 1, ArrowLeft: 1, PageUp: -10, PageDown: 10, Home: 100, End: -100 }[event.key];
    if (event.key === 'Escape') set(box.top, box.bottom);
    else if (step === undefined) return;
    else {
      const brush = memory.brushes[n] || { high: box.top, low: box.bottom };
      const by = (step * (box.bottom - box.top)) / 50;
      if (i === 0) set(Math.min(Math.max(box.top, brush.high + by), brush.low), brush.low);
      else set(brush.high, Math.max(Math.min(box.bottom, brush.low + by), brush.high));
    }
    event.preventDefault();
    event.stopPropagation();
  }));
  const hit = chartShape('rect', { x: x - 14, y: box.top - 6, width: 28, height: box.bottom - box.top + 12, class: 'chart-hit' });
  svg.append(band, hit, ...handles);
  chartDragBrush(view, hit, box, set, () => memory.brushes[n], undefined);
  handles.forEach((handle, i) => chartDragBrush(view, handle, box, set, undefined, () => (memory.brushes[n] === undefined ? [box.bottom, box.top] : [memory.brushes[n].low, memory.brushes[n].high])[i]));
  show();
}

/**
 * A press on the axis begins a brush, one on a handle moves that end (startAt() gives the other); where nothing was
 * dragged, a brush under the press is forgotten.
 */
function chartDragBrush(view, target, box, set, current, startAt) {
  let pressed;
  let from;
  target.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    target.setPointerCapture(event.pointerId);
    pressed = chartPointer(view, event).y;
    from = startAt === undefined ? pressed : startAt();
    event.preventDefault();
    event.stopPropagation();
  });
  target.addEventListener('pointermove', (event) => {
    if (pressed === undefined) return;
    const to = chartPointer(view, event).y;
    if (Math.abs(to - pressed) > 3) set(from, to);
    event.stopPropagation();
  });
  target.addEventListener('pointerup', (event) => {
    if (pressed !== undefined && startAt === undefined && Math.abs(chartPointer(view, event).y - pressed) <= 3 && current() !== undefined) set(box.top, box.bottom);
    pressed = undefined;
  });
  target.addEventListener('click', (event) => event.stopPropagation());
}

/** Lets pointer and keys choose a run's line among those within the brushes. */
function chartExploreStrands(view, state, listChosen, onPick) {
  const { xs, heights, data } = state;
  const order = () => listChosen().slice().sort((a, b) => heights[xs.length - 1][a] - heights[xs.length - 1][b] || a - b);
  chartExplore(view, {
    nearest: (x, y) => {
      let n = 0;
      while (n + 2 < xs.length && x > xs[n + 1]) n += 1;
      const part = (x - xs[n]) / (xs[n + 1] - xs[n]);
      let best = -1;
      let least = 12;
      for (const i of listChosen()) {
        const far = Math.abs(heights[n][i] + (heights[n + 1][i] - heights[n][i]) * part - y);
        if (far < least) {
          least = far;
          best = i;
        }
      }
      return best;
    },
    next: (current, key) => {
      const sorted = order();
      if (sorted.length === 0) return undefined;
      const at = sorted.indexOf(current);
      const to = { ArrowUp: at - 1, ArrowLeft: at - 1, ArrowDown: at + 1, ArrowRight: at + 1, Home: 0, End: sorted.length - 1, PageUp: at - 10, PageDown: at + 10 }[key];
      return to === undefined ? undefined : sorted[at < 0 ? 0 : Math.max(0, Math.min(sorted.length - 1, to))];
    },
    show: (i) => {
      const path = chartRunPaths(heights, xs, [i], () => 0, 1)[0];
      view.overlay.replaceChildren(chartShape('path', { d: path, class: 'chart-halo' }), chartShape('path', { d: path, class: 'chart-strand chart-picked' }));
      const y = heights[xs.length - 1][i];
      chartReadout(view, data.runs[i].name, data.axes.map((axis) => ({ look: undefined, name: axis.name, value: chartCut(chartValue(axis.values[i]), 24), isNear: false })), xs[Math.floor(xs.length / 2)], Number.isNaN(y) ? 60 : y);
      view.tip.textContent = data.runs[i].name + ': ' + data.axes.map((axis) => axis.name + ' ' + chartValue(axis.values[i])).join(', ');
    },
    hide: () => chartHideReadout(view),
    pick: onPick === undefined ? undefined : (i) => onPick(data.runs[i].id),
  });
}
