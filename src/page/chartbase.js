// chartbase.js - what all drawings of the report share: numbers as text, ticks, scales, thinning, and the frame of a figure.
'use strict';

// Runs in a browser, in one scope with the other scripts of the page; the functions above "Elements" touch no document.
// All that a record says goes in by textContent or setAttribute, never as markup. Colours are classes of charts.css.

// ---- numbers ----------------------------------------------------------------------------------------

/** '1.2500e+7' as '1.25e7'. */
function chartTidy(text) {
  const [digits, power] = text.split('e');
  const short = digits.indexOf('.') < 0 ? digits : digits.replace(/\.?0+$/, '');
  return power === undefined ? short : short + 'e' + String(Number(power));
}

/** Short text of a number: at most 4 significant digits, the same in every locale. */
function chartNumber(value) {
  if (typeof value !== 'number' || Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 999950 || size < 1e-4) return chartTidy(value.toExponential(3));
  if (size >= 1000) return String(Math.round(value));
  return chartTidy(value.toPrecision(4));
}

/** Bytes with a binary unit: '1.5 GiB'. */
function chartBytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
  let unit = 0;
  let size = value;
  while (Math.abs(size) >= (unit === 0 ? 1024 : 999.5) && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return (unit === 0 ? chartNumber(size) : chartTidy(size.toPrecision(3))) + ' ' + units[unit];
}

/** Seconds as people say them: '0.25 s', '2 min 3 s', '5 h 10 min', '3 d 4 h'. */
function chartSeconds(value) {
  const size = Math.abs(value);
  const sign = value < 0 ? '-' : '';
  if (size === 0) return '0 s';
  if (size < 59.95) return sign + chartTidy(size.toPrecision(3)) + ' s';
  const pairs = [[86400, 'd', 3600, 'h', 60], [3600, 'h', 60, 'min', 1], [60, 'min', 1, 's', 1]];
  const [big, bigName, small, smallName] = pairs.find(([least, , , , grain]) => Math.round(size / grain) * grain >= least) || pairs[2];
  const count = Math.round(size / small);
  const rest = count % (big / small);
  return sign + String((count - rest) * small / big) + ' ' + bigName + (rest === 0 ? '' : ' ' + String(rest) + ' ' + smallName);
}

/** A moment in ms since 1970 as '2026-11-26 06:37:12' (UTC). */
function chartMoment(ms) {
  const at = new Date(ms);
  return Number.isNaN(at.getTime()) ? '?' : at.toISOString().slice(0, 19).replace('T', ' ');
}

function chartCut(text, letters) {
  const all = Array.from(text);
  return all.length <= letters ? text : all.slice(0, letters - 1).join('') + '\u2026';
}

function chartCount(count, one, many) {
  return String(count) + ' ' + (count === 1 ? one : many);
}

// ---- ticks ------------------------------------------------------------------------------------------

/** The step of 1, 2 or 5 times a power of ten that gives about `count` ticks, as { digit, power }. */
function chartStep(low, high, count) {
  const raw = high / count - low / count;
  let power = Math.floor(Math.log10(raw));
  const ratio = raw / Math.pow(10, power);
  let digit = ratio < 1.5 ? 1 : ratio < 3.5 ? 2 : ratio < 7.5 ? 5 : 10;
  if (digit === 10) {
    digit = 1;
    power += 1;
  }
  return { digit, power };
}

/** `index` steps; not a sum of roundings. */
function chartMultiple(step, index) {
  const count = index * step.digit;
  return step.power >= 0 ? count * Math.pow(10, step.power) : step.power < -300 ? count * Math.pow(10, step.power) : count / Math.pow(10, -step.power);
}

/** A text for each tick: as many decimals as tell them apart. */
function chartTickTexts(ticks, step) {
  const most = ticks.reduce((sum, tick) => Math.max(sum, Math.abs(tick)), 0);
  if (most === 0 || (most < 1e6 && step.power >= -4)) return ticks.map((tick) => (Object.is(tick, -0) ? 0 : tick).toFixed(Math.max(0, -step.power)));
  const digits = Math.min(15, Math.max(0, Math.floor(Math.log10(most)) - step.power));
  return ticks.map((tick) => (tick === 0 ? '0' : chartTidy(tick.toExponential(digits))));
}

/** Round bounds around low..high, and the ticks from one to the other. */
function chartLinearTicks(low, high, count) {
  const step = chartStep(low, high, count);
  const size = chartMultiple(step, 1);
  const ticks = [];
  const first = Math.floor(low / size + 1e-9);
  // Where numbers are so large that a step is lost in their rounding, ticks would be equal.
  for (let i = 0; i < 100; i++) {
    const tick = chartMultiple(step, first + i);
    if (ticks.length === 0 || tick > ticks[ticks.length - 1]) ticks.push(tick);
    if (tick >= high - size * 1e-9) break;
  }
  return { low: Math.min(low, ticks[0]), high: Math.max(high, ticks[ticks.length - 1]), ticks, texts: chartTickTexts(ticks, step) };
}

/** The same for a logarithmic axis, 0 < low < high. */
function chartLogTicks(low, high, count) {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.ceil(Math.log10(high) - 1e-9);
  const digits = high / low <= 1000 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil((last - first) / count));
  let ticks = [];
  for (let power = first; power <= last + every - 1; power += every) {
    for (const digit of digits) ticks.push(chartMultiple({ digit, power }, 1));
  }
  const from = ticks.reduce((best, tick, i) => (tick <= low * (1 + 1e-9) ? i : best), 0);
  const to = ticks.findIndex((tick) => tick >= high * (1 - 1e-9));
  ticks = ticks.slice(from, to < 0 ? ticks.length : to + 1);
  return { low: Math.min(low, ticks[0]), high: Math.max(high, ticks[ticks.length - 1]), ticks, texts: ticks.map(chartNumber) };
}

const CHART_TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];

/** Ticks inside low..high at round spans of time, { at, text }. */
function chartSecondTicks(low, high, count) {
  const wanted = (high - low) / count;
  const step = wanted > 604800 ? chartMultiple(chartStep(0, wanted / 86400, 1), 1) * 86400 : wanted < 0.75 ? chartMultiple(chartStep(0, wanted, 1), 1) : CHART_TIME_STEPS.find((one) => one >= wanted * 0.75) || 604800;
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-9) && ticks.length < 100; i++) ticks.push({ at: i * step, text: chartSeconds(i * step) });
  return ticks;
}

/** Ticks of months or years, UTC: the first day of every `months`-th month. */
function chartMonthTicks(low, high, months) {
  const ticks = [];
  const start = new Date(low);
  let month = start.getUTCFullYear() * 12 + Math.floor(start.getUTCMonth() / months) * months;
  for (; ticks.length < 200; month += months) {
    const at = Date.UTC(Math.floor(month / 12), month % 12, 1);
    if (at > high) break;
    if (at >= low) ticks.push(at);
  }
  return { ticks, texts: ticks.map((at) => new Date(at).toISOString().slice(0, months >= 12 ? 4 : 7)) };
}

/** Ticks inside low..high (ms since 1970) at round moments of UTC. A day is named where it begins. */
function chartTimeTicks(low, high, count) {
  const wanted = (high - low) / 1000 / count;
  const days = wanted / 86400;
  if (days > 7) {
    const months = [1, 3, 6, 12, 24, 60, 120, 240, 600, 1200].find((one) => one * 30 >= days) || 12000;
    return chartMonthTicks(low, high, months);
  }
  const step = (CHART_TIME_STEPS.find((one) => one >= wanted) || 604800) * 1000;
  const ticks = [];
  // Weeks begin on Monday; 1970 began on a Thursday.
  const offset = step === 604800000 ? 4 * 86400000 : 0;
  for (let at = Math.ceil((low - offset) / step) * step + offset; at <= high; at += step) ticks.push(at);
  const texts = ticks.map((at, i) => {
    const text = new Date(at).toISOString();
    if (step >= 86400000) return text.slice(0, 10);
    const isNewDay = i === 0 || text.slice(0, 10) !== new Date(ticks[i - 1]).toISOString().slice(0, 10);
    return (isNewDay ? text.slice(5, 10) + ' ' : '') + text.slice(11, step < 60000 ? 19 : 16);
  });
  return { ticks, texts };
}

// ---- scales -----------------------------------------------------------------------------------------

/** Least and greatest number that can be placed; undefined where there is none. Others are counted. */
function chartExtent(values, isLog) {
  let low = Infinity;
  let high = -Infinity;
  let left = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === null || value === undefined) continue;
    if (!Number.isFinite(value) || (isLog && value <= 0)) {
      left += 1;
      continue;
    }
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high, left, isEmpty: low > high };
}

/** Of low..high that is a single value, a range around it. */
function chartWiden(low, high, isLog) {
  if (low < high) return { low, high };
  if (isLog) return { low: low / 2, high: high * 2 };
  const by = low === 0 ? 1 : Math.abs(low) * 0.1;
  return { low: low - by, high: high + by };
}

/**
 * From values to pixels: place(value), and back: value(pixel). Round bounds unless `isTight`.
 * from and to are the pixels of the least and the greatest value.
 */
function chartScale(extent, isLog, from, to, count, isTight) {
  const wide = extent.isEmpty ? { low: isLog ? 1 : 0, high: isLog ? 10 : 1 } : chartWiden(extent.low, extent.high, isLog);
  const nice = isLog ? chartLogTicks(wide.low, wide.high, count) : chartLinearTicks(wide.low, wide.high, count);
  const low = isTight ? wide.low : nice.low;
  const high = isTight ? wide.high : nice.high;
  const kept = [];
  nice.ticks.forEach((at, i) => { if (at >= low && at <= high) kept.push({ at, text: nice.texts[i] }); });
  // Of the largest numbers halves, so that their difference is a number too.
  const part = Math.max(Math.abs(low), Math.abs(high)) > 8e307 ? 2 : 1;
  const bend = isLog ? Math.log10 : (value) => value / part;
  const unbend = isLog ? (value) => Math.pow(10, value) : (value) => value * part;
  const start = bend(low);
  const span = bend(high) - start;
  return {
    kind: isLog ? 'log' : 'linear', low, high, from, to, ticks: kept,
    place: (value) => from + ((bend(value) - start) / span) * (to - from),
    value: (pixel) => unbend(start + ((pixel - from) / (to - from)) * span),
    has: (value) => typeof value === 'number' && Number.isFinite(value) && !(isLog && value <= 0),
    show: chartNumber,
  };
}

const CHART_MOST_NAMES = 30;

/** Places for names, evenly spread; of many names a part is written. */
function chartNameScale(names, from, to) {
  const width = (to - from) / Math.max(1, names.length);
  const every = Math.max(1, Math.ceil(names.length / CHART_MOST_NAMES));
  const index = new Map(names.map((name, i) => [name, i]));
  return {
    kind: 'names', low: 0, high: names.length - 1, from, to, band: Math.abs(width),
    ticks: names.map((name, at) => ({ at: name, text: name, isKept: at % every === 0 })).filter((tick) => tick.isKept),
    place: (value) => from + ((index.get(String(value)) || 0) + 0.5) * width,
    value: (pixel) => names[Math.max(0, Math.min(names.length - 1, Math.floor((pixel - from) / width)))],
    has: (value) => index.has(String(value)),
    show: String,
  };
}

/** Are these numbers, or names? Names in order of appearance. */
function chartColumn(values) {
  const isNames = values.some((value) => typeof value === 'string');
  if (!isNames) return { isNames, names: [] };
  const names = new Set();
  for (const value of values) if (value !== null && value !== undefined) names.add(String(value));
  return { isNames, names: Array.from(names) };
}

function chartColumnScale(values, isLog, from, to, count) {
  const column = chartColumn(values);
  return column.isNames ? chartNameScale(column.names, from, to) : chartScale(chartExtent(values, isLog), isLog, from, to, count, false);
}

// ---- thinning ---------------------------------------------------------------------------------------

/**
 * Of points that follow one another in one column of pixels (or of a few), the first, least, greatest and last are kept: the
 * line looks the same. `points` are [x, y]; gaps (a y or x that is no number) part the result into pieces of indexes.
 */
function chartThin(points, scaleX, scaleY, columnPx = 1) {
  const pieces = [];
  let piece = [];
  let column;
  let held = [];
  const flush = () => {
    if (held.length > 0) for (const at of Array.from(new Set(held)).sort((a, b) => a - b)) piece.push(at);
    held = [];
    column = undefined;
  };
  const end = () => {
    flush();
    if (piece.length > 0) pieces.push(piece);
    piece = [];
  };
  for (let i = 0; i < points.length; i++) {
    const x = points[i][0];
    const y = points[i][1];
    if (!scaleX.has(x) || !scaleY.has(y)) {
      if (x !== null && x !== undefined) end();
      continue;
    }
    const at = Math.floor(scaleX.place(x) / columnPx);
    if (at !== column) {
      flush();
      column = at;
      held = [i, i, i, i];
      continue;
    }
    if (y < points[held[1]][1]) held[1] = i;
    if (y > points[held[2]][1]) held[2] = i;
    held[3] = i;
  }
  end();
  return pieces;
}

/** A pixel with one decimal. */
function chartPixel(value) {
  return String(Math.round(value * 10) / 10);
}

/** What a path needs to draw the pieces of chartThin(). */
function chartPathOf(points, pieces, scaleX, scaleY) {
  const parts = [];
  for (const piece of pieces) {
    piece.forEach((at, i) => parts.push((i === 0 ? 'M' : 'L') + chartPixel(scaleX.place(points[at][0])) + ' ' + chartPixel(scaleY.place(points[at][1]))));
    // A lone point is seen as a dot, by its round ends.
    if (piece.length === 1) parts.push('h0');
  }
  return parts.join('');
}

/** Places as near as can be to the wanted ones, `gap` apart, within low..high: for labels beside lines. */
function chartSpread(wanted, gap, low, high) {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  const places = wanted.slice();
  let floor = low;
  for (const i of order) {
    places[i] = Math.max(places[i], floor);
    floor = places[i] + gap;
  }
  let roof = high;
  for (const i of order.slice().reverse()) {
    places[i] = Math.min(places[i], roof);
    roof = places[i] - gap;
  }
  return places;
}

const CHART_MARKS = [
  (x, y, r) => 'M' + chartPixel(x - r) + ' ' + chartPixel(y) + 'a' + r + ' ' + r + ' 0 1 0 ' + 2 * r + ' 0a' + r + ' ' + r + ' 0 1 0 ' + -2 * r + ' 0z',
  (x, y, r) => 'M' + chartPixel(x - r) + ' ' + chartPixel(y - r) + 'h' + 2 * r + 'v' + 2 * r + 'h' + -2 * r + 'z',
  (x, y, r) => 'M' + chartPixel(x) + ' ' + chartPixel(y - 1.25 * r) + 'l' + 1.25 * r + ' ' + 2.25 * r + 'h' + -2.5 * r + 'z',
  (x, y, r) => 'M' + chartPixel(x) + ' ' + chartPixel(y - 1.4 * r) + 'l' + 1.4 * r + ' ' + 1.4 * r + 'l' + -1.4 * r + ' ' + 1.4 * r + 'l' + -1.4 * r + ' ' + -1.4 * r + 'z',
  (x, y, r) => 'M' + chartPixel(x - 1.25 * r) + ' ' + chartPixel(y - r) + 'h' + 2.5 * r + 'l' + -1.25 * r + ' ' + 2.25 * r + 'z',
  (x, y, r) => 'M' + chartPixel(x - 1.3 * r) + ' ' + chartPixel(y - 0.5 * r) + 'h' + 0.8 * r + 'v' + -0.8 * r + 'h' + r + 'v' + 0.8 * r + 'h' + 0.8 * r + 'v' + r + 'h' + -0.8 * r
    + 'v' + 0.8 * r + 'h' + -r + 'v' + -0.8 * r + 'h' + -0.8 * r + 'z',
];

/** Path of a mark around a point; its shape tells series apart where colours do not. */
function chartMark(index, x, y, radius) {
  return CHART_MARKS[index % CHART_MARKS.length](x, y, radius);
}

// ---- Elements ---------------------------------------------------------------------------------------

const CHART_SVG = 'http://www.w3.org/2000/svg';

function chartFill(element, attributes, children) {
  for (const name of Object.keys(attributes)) if (attributes[name] !== undefined) element.setAttribute(name, String(attributes[name]));
  for (const child of children) element.append(child);
  return element;
}

/** An element of HTML; children are elements or texts. */
function chartElement(tag, attributes, ...children) {
  return chartFill(document.createElement(tag), attributes, children);
}

/** An element of SVG. */
function chartShape(tag, attributes, ...children) {
  return chartFill(document.createElementNS(CHART_SVG, tag), attributes, children);
}

/** A text in a drawing, with all of it as a title if it had to be cut. */
function chartText(x, y, text, className, anchor, letters) {
  const shown = letters === undefined ? text : chartCut(text, letters);
  const element = chartShape('text', { x: chartPixel(x), y: chartPixel(y), class: className, 'text-anchor': anchor }, shown);
  if (shown !== text) element.append(chartShape('title', {}, text));
  return element;
}

/** What a figure was told by its reader, kept when it is drawn again at another width. */
const chartMemories = typeof WeakMap === 'undefined' ? undefined : new WeakMap();

function chartMemory(container, fresh) {
  const known = chartMemories.get(container);
  if (known !== undefined && known.kind === fresh.kind) return known;
  chartMemories.set(container, fresh);
  return fresh;
}

/**
 * A figure: caption, legend, stage (drawing and, above it, an overlay that follows the pointer), a line that
 * tells what is pointed at. The stage takes the keys: one stop of the Tab key for a whole drawing.
 */
function chartFigure(container, title, width, height, label) {
  container.replaceChildren();
  const drawing = chartShape('svg', { class: 'chart-drawing', viewBox: '0 0 ' + width + ' ' + height, width, height, 'aria-hidden': 'true' });
  const overlay = chartShape('svg', { class: 'chart-overlay', viewBox: '0 0 ' + width + ' ' + height, width, height, 'aria-hidden': 'true' });
  const stage = chartElement('div', { class: 'chart-stage', role: 'img', 'aria-label': label }, drawing, overlay);
  const legend = chartElement('div', { class: 'chart-legend' });
  const tip = chartElement('p', { class: 'chart-tip', 'aria-live': 'polite' });
  const figure = chartElement('figure', { class: 'chart' }, chartElement('figcaption', {}, title), legend, stage, tip);
  container.append(figure);
  return { figure, legend, stage, drawing, overlay, tip, width, height };
}

/** Says why there is no drawing. */
function chartEmpty(container, title, why) {
  container.replaceChildren(chartElement('figure', { class: 'chart' }, chartElement('figcaption', {}, title), chartElement('p', { class: 'empty' }, why)));
}

/** A sentence under a drawing: what is left out of it. */
function chartSay(view, text) {
  if (text !== '') view.figure.append(chartElement('p', { class: 'chart-note' }, text));
}

const CHART_MOST_ROWS = 1000;

/** The numbers of a drawing as a table, made when it is opened. rowAt(i) gives texts. */
function chartTable(view, heads, count, rowAt) {
  const details = chartElement('details', { class: 'chart-values' }, chartElement('summary', {}, 'Values'));
  details.addEventListener('toggle', () => {
    if (!details.open || details.childElementCount > 1) return;
    const body = chartElement('tbody', {});
    for (let i = 0; i < Math.min(count, CHART_MOST_ROWS); i++) {
      const cells = rowAt(i);
      const row = chartElement('tr', {}, chartElement('th', { scope: 'row' }, chartElement('bdi', {}, cells[0])));
      for (const cell of cells.slice(1)) row.append(chartElement('td', {}, chartElement('bdi', {}, cell)));
      body.append(row);
    }
    const head = chartElement('tr', {});
    for (const name of heads) head.append(chartElement('th', { scope: 'col' }, chartElement('bdi', {}, name)));
    details.append(chartElement('div', { class: 'chart-scroll', tabindex: '0', role: 'region', 'aria-label': 'Values' }, chartElement('table', {}, chartElement('thead', {}, head), body)));
    if (count > CHART_MOST_ROWS) details.append(chartElement('p', { class: 'chart-note' }, String(count - CHART_MOST_ROWS) + ' more rows are left out.'));
  });
  view.figure.append(details);
}

/** Width to draw at, in pixels. */
function chartWidth(container) {
  return Math.max(260, Math.min(1600, Math.floor(container.clientWidth) || 640));
}

/** Room for what is written beside an axis. */
function chartRoom(scale) {
  const letters = scale.ticks.reduce((most, tick) => Math.max(most, Math.min(18, Array.from(tick.text).length)), 1);
  return Math.ceil(letters * 6.6) + 12;
}

/** The axis at the left: lines across, texts, and its name above. */
function chartAxisY(svg, scale, box, name) {
  const letters = Math.floor((box.left - 10) / 6.4);
  for (const tick of scale.ticks) {
    const y = scale.place(tick.at);
    svg.append(chartShape('line', { x1: box.left, x2: box.right, y1: chartPixel(y), y2: chartPixel(y), class: 'chart-grid' }));
    svg.append(chartText(box.left - 6, y + 4, tick.text, 'chart-tick', 'end', Math.max(3, letters)));
  }
  svg.append(chartText(2, box.top - 9, name, 'chart-name', 'start', Math.floor((box.right - 2) / 6.8)));
}

/** The axis below. Texts that would touch are left out. */
function chartAxisX(svg, scale, box, name) {
  let free = -Infinity;
  for (const tick of scale.ticks) {
    const x = scale.place(tick.at);
    const letters = scale.kind === 'names' ? Math.max(4, Math.floor(Math.max(scale.band, 40) / 6.8)) : 40;
    const half = (Math.min(letters, Array.from(tick.text).length) * 6.6) / 2;
    svg.append(chartShape('line', { x1: chartPixel(x), x2: chartPixel(x), y1: box.bottom, y2: box.bottom + 4, class: 'chart-axis' }));
    if (x - half < free) continue;
    const middle = Math.max(half, Math.min(box.width - half, x));
    svg.append(chartText(middle, box.bottom + 17, tick.text, 'chart-tick', 'middle', letters));
    free = x + half + 8;
  }
  svg.append(chartShape('line', { x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom, class: 'chart-axis' }));
  if (name !== '') svg.append(chartText((box.left + box.right) / 2, box.bottom + 34, name, 'chart-name', 'middle', Math.floor((box.right - box.left) / 6.8)));
}

/** Where in the drawing the pointer is, though the page may show it smaller. */
function chartPointer(view, event) {
  const place = view.drawing.getBoundingClientRect();
  const ratio = place.width === 0 ? 1 : view.width / place.width;
  return { x: (event.clientX - place.left) * ratio, y: (event.clientY - place.top) * ratio };
}

/**
 * Lets pointer and keys choose among points. `points`: { nearest(x, y) -> index or -1, next(index, key) -> index or
 * undefined, show(index), hide(), pick(index) or undefined }. One Tab stop; arrows, Home and End move; Enter picks.
 */
function chartExplore(view, points) {
  let current = -1;
  const go = (index) => {
    current = index;
    if (index < 0) points.hide();
    else points.show(index);
  };
  view.stage.setAttribute('tabindex', '0');
  view.stage.setAttribute('role', 'application');
  view.stage.setAttribute('aria-roledescription', 'chart');
  view.stage.setAttribute('aria-label', view.stage.getAttribute('aria-label') + ' Arrow keys move' + (points.pick === undefined ? '.' : ', Enter opens the run.'));
  view.stage.addEventListener('pointermove', (event) => {
    const { x, y } = chartPointer(view, event);
    const index = points.nearest(x, y);
    if (index !== current) go(index);
  });
  view.stage.addEventListener('pointerleave', () => { if (document.activeElement !== view.stage) go(-1); });
  view.stage.addEventListener('blur', () => go(-1));
  view.stage.addEventListener('click', (event) => {
    const { x, y } = chartPointer(view, event);
    const index = points.nearest(x, y);
    if (view.isDragged) view.isDragged = false;
    else if (index >= 0 && points.pick !== undefined) points.pick(index);
  });
  view.stage.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target !== view.stage) return;
    if (event.key === 'Enter' && current >= 0 && points.pick !== undefined) points.pick(current);
    else {
      const index = points.next(current, event.key);
      if (index === undefined) return;
      go(index);
    }
    event.preventDefault();
  });
}

/**
 * Lets a stretch of the x axis be chosen by dragging; Escape, or a button among the legend's, gives the whole again.
 * `memory.zoom` holds the stretch; paint() draws anew.
 */
function chartZoom(view, scale, box, memory, paint) {
  let from;
  const band = chartShape('rect', { class: 'chart-band', y: box.top, height: box.bottom - box.top, width: 0, x: box.left });
  view.stage.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || event.pointerType === 'touch') return;
    from = chartPointer(view, event).x;
    view.isDragged = false;
  });
  view.stage.addEventListener('pointermove', (event) => {
    if (from === undefined) return;
    if ((event.buttons & 1) === 0) from = undefined;
    const to = Math.max(box.left, Math.min(box.right, chartPointer(view, event).x));
    if (from === undefined || Math.abs(to - from) < 6) {
      band.remove();
      return;
    }
    view.isDragged = true;
    view.overlay.append(band);
    chartFill(band, { x: chartPixel(Math.min(from, to)), width: chartPixel(Math.abs(to - from)) }, []);
  });
  view.stage.addEventListener('pointerup', (event) => {
    const to = Math.max(box.left, Math.min(box.right, chartPointer(view, event).x));
    if (from !== undefined && view.isDragged) {
      const ends = [scale.value(Math.max(box.left, Math.min(from, to))), scale.value(Math.max(from, to))];
      memory.zoom = { low: ends[0], high: ends[1] };
      paint();
    }
    from = undefined;
  });
  const reset = () => {
    memory.zoom = undefined;
    paint();
    const stage = view.figure.parentElement === null ? undefined : view.figure.parentElement.querySelector('.chart-stage');
    if (stage) stage.focus();
  };
  view.stage.addEventListener('keydown', (event) => { if (event.key === 'Escape' && memory.zoom !== undefined) reset(); });
  if (memory.zoom === undefined) return;
  const button = chartElement('button', { type: 'button', class: 'chart-button' }, 'Whole range');
  button.addEventListener('click', reset);
  view.legend.append(button);
}

/** next() of chartExplore() over indexes in the order along x, and in that along y. */
function chartWalk(byX, byY) {
  const rankX = new Map(byX.map((index, rank) => [index, rank]));
  const rankY = byY === byX ? rankX : new Map(byY.map((index, rank) => [index, rank]));
  return (current, key) => {
    if (byX.length === 0) return undefined;
    const last = byX.length - 1;
    if (key === 'Home' || (current < 0 && key.startsWith('Arrow'))) return byX[0];
    if (key === 'End') return byX[last];
    if (key === 'ArrowLeft' || key === 'ArrowRight') return byX[Math.max(0, Math.min(last, rankX.get(current) + (key === 'ArrowRight' ? 1 : -1)))];
    if (key === 'ArrowUp' || key === 'ArrowDown') return byY[Math.max(0, Math.min(last, rankY.get(current) + (key === 'ArrowUp' ? 1 : -1)))];
    if (key === 'PageUp' || key === 'PageDown') return byX[Math.max(0, Math.min(last, rankX.get(current) + (key === 'PageDown' ? 1 : -1) * Math.ceil(byX.length / 10)))];
    return undefined;
  };
}
