// chartcurves.js - metrics over steps or time, many runs in one drawing; and what a run used while it ran.
'use strict';

const CHART_DASHES = ['', '7 3', '2 3', '9 3 2 3', '14 4'];
const CHART_MOST_LABELS = 8;
/** More points of a line than this are drawn without marks. */
const CHART_MOST_MARKS = 40;
/** More lines than this are drawn with half the detail across. */
const CHART_MANY_LINES = 25;
/** An index of chartExplore() is a line and a point of it. */
const CHART_LINE = 16777216;

/** Class and dashes of line number `index`: eight colours by five dashes make forty that differ. */
function chartLineLook(index) {
  return { className: 'chart-line chart-c' + (index % 8), dash: CHART_DASHES[index % CHART_DASHES.length] || undefined };
}

/** Runs of one name are told apart by the ends of their ids. */
function chartLineNames(series) {
  const counts = new Map();
  for (const one of series) counts.set(one.name, (counts.get(one.name) || 0) + 1);
  return series.map((one) => (counts.get(one.name) > 1 && one.run ? one.name + ' (' + one.run.slice(one.run.lastIndexOf('-') + 1) + ')' : one.name));
}

/** Points around a stretch of x, where x never falls; else all. */
function chartWindow(points, zoom) {
  if (zoom === undefined) return points;
  let first = 0;
  let last = points.length - 1;
  for (let i = 1; i < points.length; i++) {
    if (points[i][0] < points[i - 1][0]) return points;
    if (points[i][0] < zoom.low) first = i;
    if (points[points.length - 1 - i][0] > zoom.high) last = points.length - 1 - i;
  }
  return points.slice(first, last + 1);
}

/** Extents along both axes of the points that have a place on both; others are counted, but for those without an x. */
function chartExtentsOf(lines, isLogX, isLogY, within) {
  const x = { low: Infinity, high: -Infinity, isEmpty: true };
  const y = { low: Infinity, high: -Infinity, isEmpty: true };
  let left = 0;
  const has = (value, isLog) => Number.isFinite(value) && !(isLog && value <= 0);
  const take = (extent, value) => {
    if (value < extent.low) extent.low = value;
    if (value > extent.high) extent.high = value;
    extent.isEmpty = false;
  };
  for (const line of lines) {
    for (const point of line.points) {
      if (point[0] === null || point[0] === undefined) continue;
      if (!has(point[0], isLogX) || !has(point[1], isLogY)) left += 1;
      else {
        take(x, point[0]);
        if (within === undefined || (point[0] >= within.low && point[0] <= within.high)) take(y, point[1]);
      }
    }
  }
  return { x, y, left };
}

/** Buttons that show and hide lines. */
function chartLegend(view, lines, memory, paint) {
  const add = (text, act) => {
    const button = chartElement('button', { type: 'button', class: 'chart-button' }, text);
    button.addEventListener('click', act);
    view.legend.append(button);
  };
  lines.forEach((line) => {
    const swatch = chartShape('svg', { class: 'chart-swatch', width: 26, height: 12, viewBox: '0 0 26 12', 'aria-hidden': 'true' },
      chartShape('path', { d: 'M1 6h24', class: line.look.className, 'stroke-dasharray': line.look.dash }),
      chartShape('path', { d: chartMark(line.index, 13, 6, 3), class: 'chart-mark chart-c' + (line.index % 8) }));
    const button = chartElement('button', { type: 'button', class: 'chart-key', 'aria-pressed': String(!memory.hidden.has(line.key)), title: line.label }, swatch, chartElement('bdi', { class: 'name' }, chartCut(line.label, 40)));
    button.addEventListener('click', () => {
      if (memory.hidden.has(line.key)) memory.hidden.delete(line.key);
      else memory.hidden.add(line.key);
      paint(line.index);
    });
    view.legend.append(button);
  });
  if (lines.length > 3) {
    add('Show all', () => { memory.hidden.clear(); paint(); });
    add('Hide all', () => { for (const line of lines) memory.hidden.add(line.key); paint(); });
  }
}

/** Names beside the ends of few lines. */
function chartEndLabels(svg, shown, scaleY, box) {
  const ends = shown.filter((line) => line.spots.length > 0).map((line) => ({ line, spot: line.spots.reduce((last, spot) => (spot.x >= last.x ? spot : last)) }));
  const places = chartSpread(ends.map((end) => end.spot.y), 15, box.top + 4, box.bottom);
  ends.forEach(({ line, spot }, i) => {
    svg.append(chartShape('path', { d: 'M' + chartPixel(spot.x + 2) + ' ' + chartPixel(spot.y) + 'L' + (box.right + 8) + ' ' + chartPixel(places[i]), class: 'chart-leader' }));
    svg.append(chartText(box.right + 11, places[i] + 4, line.label, 'chart-label name', 'start', Math.floor((box.width - box.right - 12) / 6.6)));
  });
}

/** A few spots of a long line, at other places than those of the lines beside it. */
function chartSomeSpots(line, box) {
  const every = (box.right - box.left) / 6;
  let free = box.left + every * (((line.index * 0.382) % 1) + 0.1);
  return line.spots.filter((spot) => {
    if (spot.x < free) return false;
    free += every * Math.ceil((spot.x - free + 0.01) / every);
    return true;
  });
}

/** Lines and marks inside the box; each line learns where its points are seen (spots). */
function chartPaintLines(view, shown, scaleX, scaleY, box, zoom) {
  const inner = chartShape('svg', { x: box.left - 4, y: box.top - 6, width: box.right - box.left + 8, height: box.bottom - box.top + 12,
    viewBox: [box.left - 4, box.top - 6, box.right - box.left + 8, box.bottom - box.top + 12].join(' ') });
  for (const line of shown) {
    const points = chartWindow(line.points, zoom);
    const pieces = chartThin(points, scaleX, scaleY, shown.length > CHART_MANY_LINES ? 2 : 1);
    line.spots = [];
    for (const piece of pieces) for (const at of piece) line.spots.push({ x: scaleX.place(points[at][0]), y: scaleY.place(points[at][1]), point: points[at] });
    line.isRightward = line.spots.every((spot, i) => i === 0 || spot.x >= line.spots[i - 1].x);
    line.path = chartPathOf(points, pieces, scaleX, scaleY);
    // Dashes are lost in a line that goes up and down in every column; its marks tell it apart.
    if (line.spots.length >= 0.9 * (box.right - box.left)) line.look = { className: line.look.className + (shown.length > CHART_MANY_LINES ? ' chart-dense chart-many' : ' chart-dense'), dash: undefined };
    inner.append(chartShape('path', { d: line.path, class: line.look.className, 'stroke-dasharray': line.look.dash }));
  }
  for (const line of shown) {
    const marked = line.spots.length <= CHART_MOST_MARKS ? line.spots : chartSomeSpots(line, box);
    inner.append(chartShape('path', { d: marked.map((spot) => chartMark(line.index, spot.x, spot.y, 3.2)).join(''), class: 'chart-mark chart-c' + (line.index % 8) }));
  }
  view.drawing.append(inner);
}

/** Where spots that go from left to right pass an x; 0 where they do not go so. */
function chartPassing(line, x) {
  if (!line.isRightward) return 0;
  let low = 0;
  let high = line.spots.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (line.spots[middle].x < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The spot of a line nearest to a point; a pixel across counts as much as `weight` down. */
function chartNearestSpot(line, x, y, weight) {
  const { spots } = line;
  let best = -1;
  let least = Infinity;
  const look = (i) => {
    const across = Math.abs(spots[i].x - x);
    const far = across + weight * Math.abs(spots[i].y - y);
    if (far < least) {
      least = far;
      best = i;
    }
    return across > least;
  };
  const from = chartPassing(line, x);
  for (let i = from; i < spots.length; i++) if (look(i) && line.isRightward) break;
  for (let i = from - 1; i >= 0; i--) if (look(i)) break;
  return { at: best, far: least };
}

/** A box beside the pointer with the values of the lines at one x. */
function chartReadout(view, head, rows, x, y) {
  let box = view.stage.querySelector('.chart-box');
  if (box === null) {
    box = chartElement('div', { class: 'chart-box', 'aria-hidden': 'true' });
    view.stage.append(box);
  }
  const list = chartElement('table', {});
  for (const row of rows) {
    const cell = chartElement('td', {});
    if (row.look !== undefined) cell.append(chartShape('svg', { class: 'chart-swatch', width: 20, height: 10, viewBox: '0 0 20 10' }, chartShape('path', { d: 'M0 5h20', class: row.look.className, 'stroke-dasharray': row.look.dash })));
    list.append(chartElement('tr', row.isNear ? { class: 'chart-near' } : {}, cell, chartElement('th', {}, chartElement('bdi', {}, chartCut(row.name, 28))), chartElement('td', {}, row.value)));
  }
  box.replaceChildren(chartElement('p', {}, head), list);
  const ratio = view.drawing.getBoundingClientRect().width / view.width || 1;
  const room = box.getBoundingClientRect();
  const left = x * ratio + 16 + room.width > view.width * ratio ? Math.max(0, x * ratio - 16 - room.width) : x * ratio + 16;
  box.style.left = String(Math.round(left)) + 'px';
  box.style.top = String(Math.round(Math.max(0, Math.min(view.height * ratio - room.height, y * ratio - room.height / 2)))) + 'px';
}

function chartHideReadout(view) {
  view.overlay.replaceChildren();
  const box = view.stage.querySelector('.chart-box');
  if (box !== null) box.remove();
  view.tip.textContent = '';
}

const CHART_MOST_READ = 10;

/** What chartExplore() asks of the lines of a drawing. */
function chartLinePoints(view, shown, box, names, onPick) {
  const split = (index) => ({ line: shown[Math.floor(index / CHART_LINE)], at: index % CHART_LINE });
  const nearest = (x, y) => {
    let best = -1;
    let least = Infinity;
    shown.forEach((line, n) => {
      const { at, far } = chartNearestSpot(line, x, y, 0.3);
      if (at >= 0 && far < least) {
        least = far;
        best = n * CHART_LINE + at;
      }
    });
    return best;
  };
  const show = (index) => {
    const { line, at } = split(index);
    const spot = line.spots[at];
    const rows = shown.map((one) => ({ line: one, spot: one.spots[chartNearestSpot(one, spot.x, spot.y, 0.001).at] }))
      .filter((row) => row.spot !== undefined && (row.line === line || Math.abs(row.spot.x - spot.x) < 12));
    rows.sort((a, b) => a.spot.y - b.spot.y);
    const first = Math.max(0, Math.min(rows.length - CHART_MOST_READ, rows.findIndex((row) => row.line === line) - CHART_MOST_READ / 2));
    view.overlay.replaceChildren(
      chartShape('line', { x1: chartPixel(spot.x), x2: chartPixel(spot.x), y1: box.top, y2: box.bottom, class: 'chart-cross' }),
      chartShape('path', { d: line.path, class: 'chart-halo' + (line.look.dash === undefined ? ' chart-dense' : '') }),
      chartShape('path', { d: line.path, class: line.look.className + ' chart-thick', 'stroke-dasharray': line.look.dash }),
      chartShape('circle', { cx: chartPixel(spot.x), cy: chartPixel(spot.y), r: 5, class: 'chart-ring' }));
    chartReadout(view, names.x + ' ' + chartNumber(spot.point[0]), rows.slice(first, first + CHART_MOST_READ).map((row) => ({
      look: row.line.look, name: row.line.label, value: chartNumber(row.line === line ? spot.point[1] : row.spot.point[1]), isNear: row.line === line,
    })), spot.x, spot.y);
    view.tip.textContent = line.label + ', ' + names.x + ' ' + chartNumber(spot.point[0]) + ': ' + names.y + ' ' + chartNumber(spot.point[1]);
  };
  const next = (current, key) => {
    if (current < 0) return /^(Arrow|Home)/.test(key) ? nearest(box.left, box.top) : key === 'End' ? nearest(box.right, box.top) : undefined;
    const { line, at } = split(current);
    const base = current - at;
    const last = line.spots.length - 1;
    const far = Math.ceil(line.spots.length / 10);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last, PageUp: at - far, PageDown: at + far }[key];
    if (to !== undefined) return base + Math.max(0, Math.min(last, to));
    if (key !== 'ArrowUp' && key !== 'ArrowDown') return undefined;
    const here = line.spots[at];
    let best = current;
    let least = Infinity;
    shown.forEach((one, n) => {
      const { at: other } = chartNearestSpot(one, here.x, here.y, 0.001);
      if (one === line || other < 0) return;
      const up = (here.y - one.spots[other].y) * (key === 'ArrowUp' ? 1 : -1) + (one.index > line.index ? 0.001 : -0.001);
      if (up > 0 && up < least) {
        least = up;
        best = n * CHART_LINE + other;
      }
    });
    return best;
  };
  return { nearest, next, show, hide: () => chartHideReadout(view), pick: onPick === undefined ? undefined : (index) => onPick(split(index).line.run) };
}

/** data: { title, xName, yName, series: [{ run, name, points: [[x, y], ...] }] }; options: { onPick(run), logX, logY }. */
function drawCurves(container, data, options) {
  const names = chartLineNames(data.series);
  const memory = chartMemory(container, { kind: 'curves ' + data.title, hidden: new Set(), zoom: undefined });
  const lines = data.series.map((one, index) => ({ ...one, index, label: names[index], key: one.run + '\n' + one.name, look: chartLineLook(index), spots: [], path: '' }));
  const paint = (focused) => {
    const shown = lines.filter((line) => !memory.hidden.has(line.key));
    const width = chartWidth(container);
    const height = Math.round(Math.min(440, Math.max(260, width * 0.5)));
    const extents = chartExtentsOf(shown, Boolean(options.logX), Boolean(options.logY), memory.zoom);
    if (lines.length === 0 || (shown.length === lines.length && extents.x.isEmpty)) {
      chartEmpty(container, data.title, 'No values to draw.');
      return;
    }
    const view = chartFigure(container, data.title, width, height, data.title + ': ' + data.yName + ' by ' + data.xName + ', ' + chartCount(lines.length, 'line', 'lines') + '.');
    const hasLabels = shown.length <= CHART_MOST_LABELS && width >= 560;
    const longest = shown.reduce((most, line) => Math.max(most, Math.min(20, Array.from(line.label).length)), 0);
    const box = { left: 0, right: width - (hasLabels ? Math.ceil(longest * 6.8) + 20 : 12), top: 26, bottom: height - 42, width };
    const scaleY = chartScale(extents.y, Boolean(options.logY), box.bottom, box.top, Math.max(3, Math.round(height / 70)), false);
    box.left = chartRoom(scaleY);
    const isTight = !options.logX || memory.zoom !== undefined;
    const scaleX = chartScale(memory.zoom === undefined ? extents.x : { ...memory.zoom, isEmpty: false }, Boolean(options.logX), box.left + 4, box.right - 4, Math.max(2, Math.round((box.right - box.left) / 90)), isTight);
    chartAxisY(view.drawing, scaleY, box, data.yName);
    chartAxisX(view.drawing, scaleX, box, data.xName);
    chartPaintLines(view, shown, scaleX, scaleY, box, memory.zoom);
    if (hasLabels) chartEndLabels(view.drawing, shown, scaleY, box);
    chartLegend(view, lines, memory, paint);
    chartZoom(view, scaleX, box, memory, paint);
    chartExplore(view, chartLinePoints(view, shown, box, { x: data.xName, y: data.yName }, options.onPick));
    if (extents.left > 0) chartSay(view, chartCount(extents.left, 'value is', 'values are') + ' left out: not a number' + (options.logX || options.logY ? ', or not above 0 on a logarithmic axis.' : '.'));
    chartCurveTable(view, lines, data);
    if (focused !== undefined) view.legend.querySelectorAll('.chart-key')[focused].focus();
  };
  paint(undefined);
}

/** Of each line what a reader asks first, then where to find the rest. */
function chartCurveTable(view, lines, data) {
  chartTable(view, ['Run', 'Values', 'First', 'Last', 'Least', 'Greatest', data.xName + ' of the least', data.xName + ' of the greatest'], lines.length, (i) => {
    const points = lines[i].points.filter((point) => Number.isFinite(point[1]));
    if (points.length === 0) return [lines[i].label, '0', '', '', '', '', '', ''];
    const least = points.reduce((best, point) => (point[1] < best[1] ? point : best));
    const most = points.reduce((best, point) => (point[1] > best[1] ? point : best));
    const shown = [points[0][1], points[points.length - 1][1], least[1], most[1], least[0], most[0]].map(chartNumber);
    return [lines[i].label, String(lines[i].points.length)].concat(shown);
  });
}

// ---- resources --------------------------------------------------------------------------------------

/** Panels of drawResources() that have something to show. */
function chartPanels(samples) {
  const rate = (name) => samples.map((sample, i) => {
    const tookS = sample.atS - (i === 0 ? 0 : samples[i - 1].atS);
    return typeof sample[name] === 'number' && tookS > 0 ? sample[name] / tookS : null;
  });
  const plain = (name) => samples.map((sample) => (typeof sample[name] === 'number' ? sample[name] : null));
  const perSecond = (value) => chartBytes(value) + '/s';
  const panels = [
    { name: 'Processors', show: chartNumber, lines: [{ name: 'processors', values: plain('cpus') }] },
    { name: 'Memory', show: chartBytes, isBytes: true, lines: [{ name: 'memory', values: plain('memoryBytes') }] },
    { name: 'Read and written', show: perSecond, isBytes: true, lines: [{ name: 'read', values: rate('readBytes') }, { name: 'written', values: rate('writtenBytes') }] },
    { name: 'Processes', show: chartNumber, lines: [{ name: 'processes', values: plain('processes') }] },
    { name: 'GPU, percent', show: chartNumber, lines: [{ name: 'GPU', values: plain('gpuPercent') }] },
    { name: 'GPU memory', show: chartBytes, isBytes: true, lines: [{ name: 'GPU memory', values: plain('gpuMemoryBytes') }] },
  ];
  return panels.filter((panel) => panel.lines.some((line) => line.values.some((value) => value !== null)));
}

/** A scale from 0 whose ticks are round in the unit that they are written in. */
function chartAmountScale(panel, from, to) {
  let high = 0;
  for (const line of panel.lines) high = Math.max(high, chartExtent(line.values, false).high);
  if (high <= 0) high = 1;
  let unit = 1;
  while (panel.isBytes && high / unit >= 999.5) unit *= 1024;
  const scale = chartScale({ low: 0, high: high / unit, isEmpty: false }, false, from, to, 2, false);
  return { ...scale, ticks: scale.ticks.map((tick) => ({ at: tick.at * unit, text: panel.isBytes ? panel.show(tick.at * unit) : tick.text })), place: (value) => scale.place(value / unit) };
}

/** data: { samples: [{ atS, cpus, memoryBytes, readBytes, ... }], wallS }. */
function drawResources(container, data, options) {
  const title = (options && options.title) || 'Resources over time';
  const samples = data.samples.filter((sample) => Number.isFinite(sample.atS));
  const panels = chartPanels(samples);
  if (panels.length === 0) {
    chartEmpty(container, title, 'No samples of processors, memory or files.');
    return;
  }
  const width = chartWidth(container);
  const each = 106;
  const height = panels.length * each + 40;
  const view = chartFigure(container, title, width, height, title + ': ' + panels.map((panel) => panel.name.toLowerCase()).join(', ') + ', ' + chartCount(samples.length, 'sample', 'samples') + '.');
  const box = { left: 74, right: width - 12, top: 30, bottom: panels.length * each - 4, width };
  const end = Math.max(data.wallS || 0, samples[samples.length - 1].atS);
  const scaleX = chartScale({ low: 0, high: end, isEmpty: false }, false, box.left, box.right, Math.max(2, Math.round(width / 110)), true);
  scaleX.ticks = chartSecondTicks(0, end, Math.max(2, Math.round(width / 110)));
  panels.forEach((panel, n) => {
    const part = { ...box, top: n * each + 30, bottom: (n + 1) * each - 4 };
    panel.scale = chartAmountScale(panel, part.bottom, part.top);
    chartAxisY(view.drawing, panel.scale, part, panel.name);
    panel.lines.forEach((line, i) => {
      line.look = chartLineLook(i);
      const points = samples.map((sample, at) => [sample.atS, line.values[at]]);
      const hasScale = { has: (value) => typeof value === 'number' && Number.isFinite(value), place: panel.scale.place };
      const pieces = chartThin(points, scaleX, hasScale);
      view.drawing.append(chartShape('path', { d: chartPathOf(points, pieces, scaleX, hasScale), class: line.look.className, 'stroke-dasharray': line.look.dash }));
    });
    if (panel.lines.length > 1) {
      const labels = chartShape('g', {});
      panel.lines.forEach((line, i) => labels.append(
        chartShape('path', { d: 'M' + (box.right - 150 + i * 74) + ' ' + (part.top - 13) + 'h18', class: line.look.className, 'stroke-dasharray': line.look.dash }),
        chartText(box.right - 128 + i * 74, part.top - 9, line.name, 'chart-tick', 'start')));
      view.drawing.append(labels);
    }
  });
  chartAxisX(view.drawing, scaleX, box, '');
  chartSampleReader(view, samples, panels, scaleX, box);
  chartTable(view, ['Second'].concat(...panels.map((panel) => panel.lines.map((line) => line.name))), samples.length, (i) => [chartNumber(samples[i].atS)].concat(
    ...panels.map((panel) => panel.lines.map((line) => (line.values[i] === null ? '' : panel.show(line.values[i]))))));
}

function chartSampleReader(view, samples, panels, scaleX, box) {
  const order = samples.map((_, i) => i);
  const spots = samples.map((sample) => ({ x: scaleX.place(sample.atS), y: 0 }));
  chartExplore(view, {
    nearest: (x) => chartNearestSpot({ spots, isRightward: false }, x, 0, 0).at,
    next: chartWalk(order, order),
    show: (i) => {
      view.overlay.replaceChildren(chartShape('line', { x1: chartPixel(spots[i].x), x2: chartPixel(spots[i].x), y1: box.top, y2: box.bottom, class: 'chart-cross' }));
      const rows = [];
      for (const panel of panels) for (const line of panel.lines) if (line.values[i] !== null) {
        view.overlay.append(chartShape('circle', { cx: chartPixel(spots[i].x), cy: chartPixel(panel.scale.place(line.values[i])), r: 3.5, class: 'chart-ring' }));
        rows.push({ look: line.look, name: line.name, value: panel.show(line.values[i]), isNear: false });
      }
      chartReadout(view, chartSeconds(samples[i].atS), rows, spots[i].x, box.top + 40);
      view.tip.textContent = chartSeconds(samples[i].atS) + ': ' + rows.map((row) => row.name + ' ' + row.value).join(', ');
    },
    hide: () => chartHideReadout(view),
    pick: undefined,
  });
}
