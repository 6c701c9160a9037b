// report.js - which view the page shows, by the part of its address behind "#"; what comes before all and after all.

// Before anything is painted: what is for readers without this script is not shown.
document.documentElement.classList.add('js');

const VIEWS = [['runs', 'Runs'], ['curves', 'Curves'], ['scatter', 'Scatter'], ['parallel', 'Parallel'], ['images', 'Images'], ['timeline', 'Timeline'], ['graph', 'Graph']];

let view = {};
let viewNumber = 0;

function viewsThere() {
  const hasAxes = report.columns.some((column) => column.of !== 'run');
  const isThere = { curves: report.series.length > 0, images: report.pictures.length > 0, scatter: hasAxes, parallel: hasAxes, graph: report.graph.pathOf.length > 0 };
  return VIEWS.filter(([key]) => isThere[key] !== false);
}

/** The runs of "ID,ID"; unknown ones are left out. */
function readRuns(text) {
  return text.split(',').map((id) => report.placeOf.get(id)).filter((run) => run !== undefined).slice(0, MOST_COMPARED);
}

function readFocus(text) {
  const run = report.placeOf.get(text);
  if (run !== undefined) return 'r' + run;
  return /^f\d+$/.test(text) && Number(text.slice(1)) < report.graph.pathOf.length ? text : undefined;
}

function open(app, hash) {
  const [, name, value] = /^#?([a-z]*)[-=]?([^]*)$/.exec(hash);
  if (name === 'run' && report.placeOf.has(value)) return viewRun(app, report.placeOf.get(value));
  if (name === 'compare') return viewCompare(app, readRuns(value));
  if (name === 'graph') return viewGraph(app, readFocus(value));
  const views = { curves: viewCurves, scatter: viewScatter, parallel: viewParallel, images: viewImages, timeline: viewTimeline };
  return Object.prototype.hasOwnProperty.call(views, name) ? views[name](app) : viewRuns(app);
}

function showNavigation(hash) {
  const name = (/^#?([a-z]*)/.exec(hash) || ['', ''])[1];
  const current = viewsThere().some(([key]) => key === name) ? name : name === '' ? 'runs' : '';
  const nav = document.getElementById('nav');
  nav.hidden = false;
  nav.replaceChildren(...viewsThere().map(([key, text]) => make('a', { href: '#' + key, 'aria-current': key === current ? 'page' : undefined }, text)));
  // On a phone the list is longer than the screen is wide.
  const link = nav.querySelector('[aria-current]');
  if (link !== null) nav.scrollLeft = link.offsetLeft - 40;
}

/** Shows the view that the address names. isFirst: the page was just opened, and the focus is left where it is. */
async function route(isFirst) {
  const number = ++viewNumber;
  const { hash } = location;
  if (hash === '#main') return;
  showNavigation(hash);
  const next = make('div', { id: 'app' });
  const old = document.getElementById('app');
  view = {};
  // It has to be on the page before anything is drawn in it: drawings ask for their width.
  old.replaceWith(next);
  const opened = await open(next, hash);
  if (number !== viewNumber) return;
  view = opened;
  next.setAttribute('aria-busy', 'false');
  document.title = (view.title === 'Runs' ? '' : view.title + ' - ') + report.title;
  const head = next.querySelector('h2');
  if (isFirst !== true && head !== null) {
    head.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

function start() {
  readReport();
  addEventListener('hashchange', () => route());
  let asked = false;
  let width = innerWidth;
  addEventListener('resize', () => {
    if (asked || width === innerWidth) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      width = innerWidth;
      if (view.redraw !== undefined) view.redraw();
    });
  });
  addEventListener('beforeprint', () => {
    for (const details of document.querySelectorAll('article details.log')) details.open = true;
    if (view.print !== undefined) view.print();
  });
  addEventListener('afterprint', () => { if (view.unprint !== undefined) view.unprint(); });
  route(true);
}

if (document.readyState === 'loading') addEventListener('DOMContentLoaded', start);
else start();
