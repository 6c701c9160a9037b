// charttime.js - when runs ran: a bar for each, or how many in each stretch of time.
'use strict';

const CHART_STATUSES = ['succeeded', 'failed', 'interrupted', 'lost', 'running'];
/** More runs than this are counted instead of drawn one by one. */
const CHART_MOST_BARS = 2000;
const CHART_MOST_LANES = 40;

function chartStatusClass(status) {
  return 'chart-run' + (status === 'succeeded' ? '' : ' chart-' + status);
}

/** Lanes so that no two runs of one lane overlap, by `gap` pixels: each run takes the first that is free. */
function chartLanes(bars, gap) {
  const ends = [];
  for (const bar of bars) {
    let lane = ends.findIndex((end) => end + gap <= bar.left);
    if (lane < 0) lane = ends.length < CHART_MOST_LANES ? ends.length : bar.order % CHART_MOST_LANES;
    ends[lane] = Math.max(ends[lane] === undefined ? -Infinity : ends[lane], bar.right);
    bar.lane = lane;
  }
  return ends.length;
}

/** A bar that also without colour tells how the run ended: failed ones are struck, the others hollow. */
function chartRunBar(left, top, width, height, status) {
  const bar = chartShape('g', {}, chartShape('rect', { x: chartPixel(left), y: chartPixel(top), width: chartPixel(width), height: chartPixel(height), rx: 1.5, class: chartStatusClass(status) }));
  if (status === 'failed') bar.append(chartShape('path', { d: 'M' + chartPixel(left) + ' ' + chartPixel(top + height / 2) + 'h' + chartPixel(width), class: 'chart-strike' }));
  return bar;
}

function chartStatusLegend(view, runs) {
  for (const status of CHART_STATUSES) {
    const count = runs.filter((run) => run.status === status).length;
    if (count === 0) continue;
    view.legend.append(chartElement('span', { class: 'chart-key' },
      chartShape('svg', { class: 'chart-swatch', width: 22, height: 12, viewBox: '0 0 22 12', 'aria-hidden': 'true' }, chartRunBar(1, 1.5, 20, 9, status)), status + ' ' + count));
  }
}

/** data: { runs: [{ id, name, startMs, endMs or null, status }] }; options: { onPick(id) }. Times are UTC. */
function drawTimeline(container, data, options) {
  const title = 'Runs over time (UTC)';
  const runs = data.runs.filter((run) => Number.isFinite(run.startMs)).sort((a, b) => a.startMs - b.startMs || (a.id < b.id ? -1 : 1));
  if (runs.length === 0) {
    chartEmpty(container, title, 'No run has a start that can be read.');
    return;
  }
  const memory = chartMemory(container, { kind: 'timeline', zoom: undefined });
  const paint = () => {
    const endOf = (run) => (Number.isFinite(run.endMs) && run.endMs !== null ? Math.max(run.endMs, run.startMs) : run.startMs);
    const seen = memory.zoom === undefined ? runs : runs.filter((run) => endOf(run) >= memory.zoom.low && run.startMs <= memory.zoom.high);
    const low = memory.zoom === undefined ? runs[0].startMs : memory.zoom.low;
    const high = memory.zoom === undefined ? runs.reduce((most, run) => Math.max(most, endOf(run)), low) : memory.zoom.high;
    const range = high > low ? { low, high } : { low: low - 30000, high: high + 30000 };
    const draw = seen.length > CHART_MOST_BARS ? chartCountRuns : chartBarRuns;
    draw(container, { title, runs: seen, range, endOf, memory, paint, onPick: options.onPick, left: data.runs.length - runs.length });
  };
  paint();
}

function chartTimeAxis(view, range, box) {
  const span = range.high - range.low;
  const place = (at) => box.left + ((at - range.low) / span) * (box.right - box.left);
  const { ticks, texts } = chartTimeTicks(range.low, range.high, Math.max(2, Math.round((box.right - box.left) / 110)));
  const scale = { kind: 'time', place, value: (pixel) => range.low + ((pixel - box.left) / (box.right - box.left)) * span, ticks: ticks.map((at, i) => ({ at, text: texts[i] })) };
  for (const at of ticks) view.drawing.append(chartShape('line', { x1: chartPixel(place(at)), x2: chartPixel(place(at)), y1: box.top, y2: box.bottom, class: 'chart-grid' }));
  chartAxisX(view.drawing, scale, box, '');
  return scale;
}

function chartTellRun(run, endOf) {
  const took = endOf(run) - run.startMs;
  return run.name + ': ' + run.status + ', from ' + chartMoment(run.startMs) + (run.status === 'running' ? '' : ', ' + chartSeconds(took / 1000));
}

function chartBarRuns(container, request) {
  const { runs, range, endOf } = request;
  const width = chartWidth(container);
  const box = { left: 8, right: width - 8, top: 8, bottom: 0, width };
  const span = range.high - range.low;
  const place = (at) => box.left + ((at - range.low) / span) * (box.right - box.left);
  const bars = runs.map((run, order) => {
    const left = Math.max(box.left, place(run.startMs));
    return { run, order, left, right: Math.max(left + 3, Math.min(box.right, place(endOf(run)))), lane: 0, x: 0, y: 0 };
  });
  const lanes = chartLanes(bars, 2);
  const each = lanes > 20 ? 9 : lanes > 8 ? 13 : 18;
  box.bottom = box.top + Math.max(60, lanes * each + 6);
  const view = chartFigure(container, request.title, width, box.bottom + 24, request.title + ': ' + chartCount(runs.length, 'run', 'runs') + ' from ' + chartMoment(range.low) + ' to ' + chartMoment(range.high) + '.');
  chartStatusLegend(view, runs);
  const scale = chartTimeAxis(view, range, box);
  for (const bar of bars) {
    const top = box.top + 3 + bar.lane * each;
    bar.x = (bar.left + bar.right) / 2;
    bar.y = top + (each - 4) / 2;
    view.drawing.append(chartRunBar(bar.left, top, bar.right - bar.left, each - 4, bar.run.status));
  }
  const order = bars.map((_, i) => i);
  chartZoom(view, scale, box, request.memory, request.paint);
  chartExplore(view, {
    nearest: (x, y) => {
      let best = -1;
      let least = 14;
      bars.forEach((bar, i) => {
        const far = Math.max(bar.left - x, x - bar.right, 0) + Math.abs(bar.y - y);
        if (far < least) {
          least = far;
          best = i;
        }
      });
      return best;
    },
    next: chartWalk(order, order),
    show: (i) => {
      const bar = bars[i];
      view.overlay.replaceChildren(chartShape('rect', { x: chartPixel(bar.left - 2.5), y: chartPixel(bar.y - each / 2), width: chartPixel(bar.right - bar.left + 5), height: each, rx: 3, class: 'chart-frame' }));
      view.tip.textContent = chartTellRun(bar.run, endOf);
    },
    hide: () => chartHideReadout(view),
    pick: request.onPick === undefined ? undefined : (i) => request.onPick(bars[i].run.id),
  });
  chartSay(view, chartLeftRuns(request.left));
  chartTable(view, ['Run', 'Status', 'Started (UTC)', 'Took'], runs.length, (i) => [runs[i].name, runs[i].status, chartMoment(runs[i].startMs), runs[i].status === 'running' ? '' : chartSeconds((endOf(runs[i]) - runs[i].startMs) / 1000)]);
}

function chartLeftRuns(left) {
  return left === 0 ? '' : chartCount(left, 'run is', 'runs are') + ' left out: without a start that can be read.';
}

/** Stretches of time for a histogram: round ones, at most `most`. */
function chartStretches(range, most) {
  const span = range.high - range.low;
  const steps = CHART_TIME_STEPS.map((step) => step * 1000).concat([14, 28, 91, 182, 364, 1820].map((days) => days * 86400000));
  const step = steps.find((one) => span / one <= most) || Math.ceil(span / most);
  const first = Math.floor(range.low / step) * step;
  return { step, first, count: Math.floor((range.high - first) / step) + 1 };
}

/** Many runs: how many began in each stretch of time, and how they ended. */
function chartCountRuns(container, request) {
  const { runs, range, memory } = request;
  const width = chartWidth(container);
  const height = 230;
  const box = { left: 0, right: width - 8, top: 26, bottom: height - 26, width };
  const stretches = chartStretches(range, Math.max(20, Math.floor(width / 8)));
  const bins = Array.from({ length: stretches.count }, (_, i) => ({ at: stretches.first + i * stretches.step, total: 0, counts: new Map() }));
  for (const run of runs) {
    const bin = bins[Math.max(0, Math.min(bins.length - 1, Math.floor((run.startMs - stretches.first) / stretches.step)))];
    bin.total += 1;
    bin.counts.set(run.status, (bin.counts.get(run.status) || 0) + 1);
  }
  const scaleY = chartScale({ low: 0, high: bins.reduce((most, bin) => Math.max(most, bin.total), 1), isEmpty: false }, false, box.bottom, box.top, 4, false);
  box.left = chartRoom(scaleY);
  const view = chartFigure(container, request.title, width, height, request.title + ': ' + chartCount(runs.length, 'run', 'runs') + ', counted in stretches of ' + chartSeconds(stretches.step / 1000) + '.');
  chartStatusLegend(view, runs);
  chartAxisY(view.drawing, scaleY, box, 'runs begun in ' + chartSeconds(stretches.step / 1000));
  const wide = { low: stretches.first, high: stretches.first + stretches.count * stretches.step };
  const scale = chartTimeAxis(view, wide, box);
  const each = (box.right - box.left) / bins.length;
  bins.forEach((bin, i) => {
    let below = 0;
    for (const status of CHART_STATUSES) {
      const count = bin.counts.get(status) || 0;
      if (count === 0) continue;
      const top = scaleY.place(below + count);
      view.drawing.append(chartShape('rect', { x: chartPixel(box.left + i * each + 1), width: chartPixel(Math.max(1, each - 2)), y: chartPixel(top), height: chartPixel(Math.max(0.5, scaleY.place(below) - top)), class: chartStatusClass(status) + ' chart-flat' }));
      below += count;
    }
  });
  const filled = bins.map((_, i) => i).filter((i) => bins[i].total > 0);
  const tell = (bin) => 'from ' + chartMoment(bin.at) + ': ' + chartCount(bin.total, 'run', 'runs') + ' (' + CHART_STATUSES.filter((status) => bin.counts.has(status)).map((status) => status + ' ' + bin.counts.get(status)).join(', ') + ')';
  chartZoom(view, scale, box, memory, request.paint);
  chartExplore(view, {
    nearest: (x) => {
      const i = Math.floor((x - box.left) / each);
      return i >= 0 && i < bins.length && bins[i].total > 0 ? i : -1;
    },
    next: chartWalk(filled, filled),
    show: (i) => {
      view.overlay.replaceChildren(chartShape('rect', { x: chartPixel(box.left + i * each), width: chartPixel(each), y: box.top, height: box.bottom - box.top, class: 'chart-band' }));
      view.tip.textContent = tell(bins[i]);
    },
    hide: () => chartHideReadout(view),
    pick: (i) => {
      memory.zoom = { low: bins[i].at, high: bins[i].at + stretches.step - 1 };
      request.paint();
      container.querySelector('.chart-stage').focus();
    },
  });
  view.stage.setAttribute('aria-label', view.stage.getAttribute('aria-label').replace('Enter opens the run', 'Enter shows the stretch alone'));
  chartSay(view, chartLeftRuns(request.left));
  chartTable(view, ['From (UTC)', 'Runs'].concat(CHART_STATUSES), filled.length, (i) => [chartMoment(bins[filled[i]].at), String(bins[filled[i]].total)].concat(CHART_STATUSES.map((status) => String(bins[filled[i]].counts.get(status) || 0))));
}
