// views.js - the views beside the table: a run, runs side by side, curves, points, pictures, times, the graph.

const MOST_COMPARED = 40;
const MOST_CURVES = 40;
const MOST_PICTURED = 60;
const MOST_NODES = 150;
const MOST_READERS = 12;

function heading(text, ...more) {
  return make('h2', { tabindex: '-1' }, text, ...more);
}

function empty(text) {
  return make('p', { class: 'empty' }, text);
}

/** Runs that a view is of: those that are chosen, else those of the table. */
function runsInView() {
  if (table.chosen.size > 0) return Array.from(table.chosen).sort((a, b) => a - b);
  selectRows();
  return table.rows.slice().sort((a, b) => a - b);
}

function tellRunsInView(runs) {
  const what = table.chosen.size > 0 ? 'the ' + showRuns(runs.length) + ' chosen in the table' : runs.length === report.count ? 'all ' + showRuns(runs.length) : 'the ' + showRuns(runs.length) + ' that the table shows';
  return make('p', { class: 'told' }, 'Of ' + what + '. ', make('a', { href: '#runs' }, 'Choose others'));
}

function pickRun(id) {
  location.hash = '#run-' + id;
}

function select(label, names, value, onchange) {
  const id = 'choice-' + label.replace(/\W+/g, '-').toLowerCase();
  const element = make('select', { id, onchange: () => onchange(element.value) }, ...names.map(([key, text]) => make('option', { value: key }, text)));
  element.value = value;
  return make('span', { class: 'choice' }, make('label', { for: id }, label), ' ', element);
}

function toggle(label, isOn, onchange) {
  const box = make('input', { type: 'checkbox', onchange: () => onchange(box.checked) });
  box.checked = isOn;
  return make('label', { class: 'choice' }, box, ' ' + label);
}

// ---- one run -------------------------------------------------------------------------------------------

/** Puts what several runs share where the article has a place for it. A picture is shown at once, the rest when it is asked for. */
async function fillShared(article) {
  for (const place of article.querySelectorAll('.shared')) {
    const { entry, part, kind } = place.dataset;
    const title = place.textContent;
    const take = async () => {
      const found = await loadEntry(entry, part);
      if (found === null) return [empty('not in this report')];
      found.removeAttribute('id');
      const head = found.querySelector('h3');
      if (head !== null) head.remove();
      return Array.from(found.childNodes);
    };
    if (kind === 'picture') {
      place.replaceChildren(make('figure', {}, ...await take(), make('figcaption', {}, make('bdi', {}, title))));
      continue;
    }
    const details = make('details', { class: 'entry' }, make('summary', {}, make('bdi', {}, title)));
    details.addEventListener('toggle', async () => {
      if (details.childElementCount === 1) details.append(...await take());
    });
    place.replaceChildren(details);
  }
}

/** The run that this one is best compared with: what it repeats or was made from, else the one before it with its label. */
function findOrigin(run) {
  for (const key of ['repeats', 'parent']) {
    const origin = report.placeOf.get(valueOf(columnsByKey.get(key), run));
    if (origin !== undefined) return origin;
  }
  const label = valueOf(columnsByKey.get('label'), run);
  for (let other = run - 1; label !== null && other >= 0; other--) if (valueOf(columnsByKey.get('label'), other) === label) return other;
  return undefined;
}

/** Runs before and after it in the table. */
function neighboursInTable(run) {
  if (!table.rows.includes(run)) selectRows();
  const at = table.rows.indexOf(run);
  return at < 0 ? [run - 1, run + 1] : [table.rows[at - 1], table.rows[at + 1]];
}

function makeRunBar(run) {
  const origin = findOrigin(run);
  const [before, after] = neighboursInTable(run);
  const choose = make('input', { type: 'checkbox', onchange: () => { if (choose.checked) table.chosen.add(run); else table.chosen.delete(run); } });
  choose.checked = table.chosen.has(run);
  const step = (text, rel, other) => (other === undefined || other < 0 || other >= report.count ? make('span', { class: 'off' }, text) : make('a', { href: '#run-' + idOf(other), rel }, text));
  return make('nav', { class: 'bar', 'aria-label': 'Run' }, make('a', { href: '#runs' }, '\u2190 Runs'), step('Previous', 'prev', before), step('Next', 'next', after),
    ...(origin === undefined ? [] : [make('a', { href: '#compare=' + idOf(origin) + ',' + idOf(run) }, 'Compare with ' + nameOf(origin))]),
    ...(report.graph.reads[run].length + report.graph.writes[run].length > 0 ? [make('a', { href: '#graph=' + idOf(run) }, 'Graph')] : []), make('label', { class: 'choice' }, choose, ' Chosen'));
}

/** What there is of a run in the table, where the report has no more. */
function makeShortArticle(run) {
  const rows = report.columns.filter((column) => valueOf(column, run) !== null)
    .map((column) => make('tr', {}, make('th', { scope: 'row' }, make('bdi', {}, column.name)), make('td', {}, make('bdi', {}, showValue(column, valueOf(column, run))))));
  return make('article', { class: 'run' }, heading(nameOf(run)), empty('Details of this run are not in this report.'), make('div', { class: 'scroll' }, make('table', { class: 'facts' }, make('tbody', {}, ...rows))));
}

/** What the points of a series can be drawn by: [number of the part of a point, what it is]; the best first. -1 is their order. */
function waysAcross(points) {
  const has = (part) => points.every((point) => point[part] !== null);
  const times = has(0) ? new Set(points.map((point) => point[0])).size : 0;
  // What was printed in one piece has one time: then the order tells more.
  const isTelling = times * 2 > points.length;
  return [...(has(1) ? [[1, 'step']] : []), ...(isTelling ? [[0, 's']] : []), [-1, 'value number'], ...(times > 0 && !isTelling ? [[0, 's']] : [])];
}

/** Points for a curve; NaN where a value is no finite number. */
function pointsBy(points, part) {
  return points.map((point, i) => [part < 0 ? i + 1 : point[part], point[2] === null ? NaN : point[2]]);
}

async function viewRun(app, run) {
  const id = idOf(run);
  app.append(makeRunBar(run));
  let loaded;
  try {
    loaded = await loadRun(run);
  } catch (error) {
    app.append(empty(error.message));
    return { title: nameOf(run) };
  }
  const article = loaded.article || makeShortArticle(run);
  // The place of the anchor is the view's own; the browser must not go there by itself.
  article.removeAttribute('id');
  app.append(article);
  await fillShared(article);
  const redraw = () => {
    const curves = article.querySelector('[data-chart="curves"]');
    if (curves !== null) {
      curves.replaceChildren(...loaded.series.map(() => make('div', { class: 'small-chart' })));
      loaded.series.forEach((series, i) => {
        const [part, xName] = waysAcross(series.points)[0];
        const points = pointsBy(series.points, part);
        drawCurves(curves.children[i], { title: series.name, xName, yName: series.name, series: [{ run: id, name: series.name, points }] }, {});
      });
    }
    const resources = article.querySelector('[data-chart="resources"]');
    if (resources !== null && loaded.resources.length > 0) drawResources(resources, { samples: loaded.resources, wallS: loaded.wallS }, {});
  };
  redraw();
  return { title: nameOf(run), redraw };
}

// ---- side by side ----------------------------------------------------------------------------------------

function textOfCell(cell) {
  return cell.textContent.replace(/\s+/g, ' ').trim();
}

/** The rows of an article's tables of facts: group -> name -> { text, isOwn }. */
function collectFacts(article, groups) {
  const put = (group, name, text, isOwn) => {
    if (!groups.has(group)) groups.set(group, new Map());
    const rows = groups.get(group);
    const known = rows.get(name);
    rows.set(name, { text: known === undefined ? text : known.text + '; ' + text, isOwn });
  };
  for (const element of article.querySelectorAll('[data-fact]')) put('Run', element.dataset.fact, element.textContent, false);
  for (const facts of article.querySelectorAll('table.facts')) {
    const group = facts.dataset.facts;
    if (group === 'Series' || group === 'Verdicts' || group === 'Last repeat') continue;
    for (const row of facts.tBodies[0].rows) {
      // Of a file its size and content count, not who read it.
      const cells = Array.from(row.cells).slice(1, group === 'Inputs' || group === 'Outputs' ? 3 : undefined);
      put(group, textOfCell(row.cells[0]), cells.map(textOfCell).filter((text) => text !== '').join(' '), row.hasAttribute('data-own'));
    }
  }
}

async function readFacts(run) {
  const groups = new Map();
  const { article } = await loadRun(run);
  collectFacts(article || makeShortArticle(run), groups);
  const place = article === null ? null : article.querySelector('.shared[data-kind="environment"]');
  const environment = place === null ? null : await loadEntry(place.dataset.entry, place.dataset.part);
  if (environment !== null) collectFacts(environment, groups);
  return groups;
}

const GROUP_ORDER = ['Parameters', 'Metrics', 'Run', 'Code', 'Outputs', 'Inputs', 'Other files', 'Variables', 'Machine', 'Programs', 'Packages', 'Libraries'];

function orderGroups(facts) {
  const names = new Set();
  for (const groups of facts) for (const name of groups.keys()) names.add(name);
  const placeOf = (name) => (GROUP_ORDER.includes(name) ? GROUP_ORDER.indexOf(name) : GROUP_ORDER.length);
  return Array.from(names).sort((a, b) => placeOf(a) - placeOf(b));
}

const FILE_GROUPS = ['Inputs', 'Outputs'];

function lastPart(path) {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Files under the last part of their names where no path is in all runs, and that part is of one file in each: points of a sweep write to folders of their own. */
function alignFiles(facts, group) {
  return facts.map((groups) => {
    const rows = groups.get(group);
    if (rows === undefined) return groups;
    const aligned = new Map();
    for (const [path, cell] of rows) {
      const last = lastPart(path);
      const isEverywhere = facts.every((other) => (other.get(group) || new Map()).has(path));
      const isOne = facts.every((other) => Array.from((other.get(group) || new Map()).keys()).filter((one) => lastPart(one) === last).length === 1);
      aligned.set(!isEverywhere && isOne ? '\u2026/' + last : path, cell);
    }
    return new Map(groups).set(group, aligned);
  });
}

/** The rows of a group: name, the text of each run, and of each run whether it is another than that of the origin. */
function compareGroup(facts, group, origin) {
  const names = new Set();
  for (const groups of facts) for (const name of (groups.get(group) || new Map()).keys()) names.add(name);
  return Array.from(names).map((name) => {
    const cells = facts.map((groups) => (groups.get(group) || new Map()).get(name));
    const isOwn = cells.some((cell) => cell !== undefined && cell.isOwn);
    const texts = cells.map((cell) => (cell === undefined ? null : cell.text));
    return { name, texts, isOwn, changed: texts.map((text) => !isOwn && text !== texts[origin]) };
  });
}

/** "+12 %" where both are numbers. */
function tellChange(from, to) {
  const numbers = [numberOf(from), numberOf(to)];
  if (numbers[0] === undefined || numbers[1] === undefined || numbers[0] === 0 || numbers[0] === numbers[1]) return '';
  const percent = 100 * (numbers[1] - numbers[0]) / Math.abs(numbers[0]);
  return (percent > 0 ? '+' : '\u2212') + String(Number(Math.abs(percent).toPrecision(2))) + ' %';
}

function makeComparedRow(row, origin, group) {
  const cells = row.texts.map((text, i) => {
    if (text === null) return make('td', { class: row.changed[i] ? 'changed' : undefined }, make('span', { class: 'none' }, 'none'));
    const change = row.changed[i] && group === 'Metrics' ? tellChange(row.texts[origin], text) : '';
    return make('td', { class: row.changed[i] ? 'changed' : undefined }, ...(row.changed[i] ? [make('span', { class: 'hidden-visually' }, 'other: ')] : []), make('bdi', {}, text), ...(change === '' ? [] : [make('span', { class: 'count' }, ' ' + change)]));
  });
  return make('tr', {}, make('th', { scope: 'row' }, make('bdi', {}, row.name)), ...cells);
}

async function viewCompare(app, runs) {
  app.append(heading('Side by side'));
  if (runs.length < 2) {
    app.append(empty('Choose two or more runs in the table.'));
    return { title: 'Side by side' };
  }
  const facts = FILE_GROUPS.reduce(alignFiles, await Promise.all(runs.map(readFacts)));
  let origin = 0;
  let isAll = false;
  const place = make('div');
  function redraw() {
    const heads = runs.map((run, i) => {
      const choice = make('input', { type: 'radio', name: 'origin', id: 'origin-' + i, onchange: () => {
        origin = i;
        redraw();
        document.getElementById('origin-' + i).focus();
      } });
      choice.checked = i === origin;
      return make('th', { scope: 'col', class: i === origin ? 'origin' : undefined }, linkTo(run, make('bdi', {}, nameOf(run))), make('label', { class: 'choice' }, choice, ' origin'));
    });
    let hidden = 0;
    const bodies = orderGroups(facts).map((group) => {
      const rows = compareGroup(facts, group, origin);
      const shown = rows.filter((row) => isAll || row.changed.includes(true));
      hidden += rows.length - shown.length;
      return shown.length === 0 ? undefined : make('tbody', {}, make('tr', { class: 'group' }, make('th', { scope: 'rowgroup', colspan: String(runs.length + 1) }, group)), ...shown.map((row) => makeComparedRow(row, origin, group)));
    }).filter((body) => body !== undefined);
    place.replaceChildren(make('form', { class: 'tools', onsubmit: (event) => event.preventDefault() }, toggle('show what is the same, too', isAll, (isOn) => {
      isAll = isOn;
      redraw();
      place.querySelector('form input').focus();
    }), make('p', { class: 'told', role: 'status' }, hidden === 0 ? '' : showCount(hidden) + (hidden === 1 ? ' fact is' : ' facts are') + ' the same in all runs, or of each its own')),
    bodies.length === 0 ? empty('Nothing that is recorded of these runs differs.')
      : make('div', { class: 'scroll', role: 'region', tabindex: '0', 'aria-label': 'Runs side by side' }, make('table', { class: 'compared' }, make('caption', { class: 'hidden-visually' }, 'Runs side by side'), make('thead', {}, make('tr', {}, make('td'), ...heads)), ...bodies)));
  }
  app.append(place);
  redraw();
  return { title: 'Side by side' };
}

// ---- charts ----------------------------------------------------------------------------------------------

const charting = { metric: undefined, across: '', x: undefined, y: undefined, colour: '', logX: false, logY: false, axes: undefined };

async function viewCurves(app) {
  app.append(heading('Curves'));
  const withSeries = new Set(report.series);
  const all = runsInView();
  const runs = all.filter((run) => withSeries.has(run)).slice(-MOST_CURVES);
  app.append(tellRunsInView(all));
  if (runs.length === 0) {
    app.append(empty('None of these runs has values over time.'));
    return { title: 'Curves' };
  }
  const loaded = await Promise.all(runs.map(loadRun));
  const names = Array.from(new Set([].concat(...loaded.map((one) => one.series.map((series) => series.name)))));
  if (!names.includes(charting.metric)) charting.metric = names[0];
  const place = make('div', { class: 'chart' });
  const across = make('select', { id: 'choice-across', onchange: () => {
    charting.across = across.value;
    redraw();
  } });
  function redraw() {
    const of = loaded.map((one, i) => ({ run: runs[i], series: one.series.find((series) => series.name === charting.metric) })).filter((one) => one.series !== undefined);
    const ways = of.map((one) => waysAcross(one.series.points)).reduce((common, more) => common.filter(([part]) => more.some((way) => way[0] === part)));
    const way = ways.find(([part]) => String(part) === charting.across) || ways[0];
    const names = { 1: 'step', 0: 'time', '-1': 'order' };
    across.replaceChildren(...ways.map(([part]) => make('option', { value: String(part) }, names[part])));
    across.value = String(way[0]);
    drawCurves(place, { title: charting.metric, xName: way[1], yName: charting.metric, series: of.map((one) => ({ run: idOf(one.run), name: nameOf(one.run), points: pointsBy(one.series.points, way[0]) })) },
      { onPick: pickRun, logX: charting.logX, logY: charting.logY });
  }
  app.append(make('form', { class: 'tools', onsubmit: (event) => event.preventDefault() }, select('Metric', names.map((name) => [name, name]), charting.metric, (name) => {
    charting.metric = name;
    redraw();
  }), make('span', { class: 'choice' }, make('label', { for: 'choice-across' }, 'By'), ' ', across), ...makeLogToggles(redraw)), place);
  if (runs.length < all.length) app.append(make('p', { class: 'told' }, 'Drawn: ' + showRuns(runs.length) + ' with values over time' + (runs.length === MOST_CURVES ? ', the last of them.' : '.')));
  redraw();
  return { title: 'Curves', redraw };
}

function makeLogToggles(redraw) {
  return [toggle('log x', charting.logX, (isOn) => {
    charting.logX = isOn;
    redraw();
  }), toggle('log y', charting.logY, (isOn) => {
    charting.logY = isOn;
    redraw();
  })];
}

/** Columns that can be an axis. */
function listAxes() {
  const own = ['time', 'memory', 'user', 'status', 'label', 'n'];
  return report.columns.filter((column) => column.of !== 'run').concat(own.map((key) => columnsByKey.get(key)).filter((column) => column !== undefined));
}

function axisOf(key, runs) {
  const column = columnsByKey.get(key);
  return { name: column.name, kind: column.of === 'metric' ? 'metric' : 'parameter', values: runs.map((run) => {
    const value = valueOf(column, run);
    const number = numberOf(value);
    return number === undefined ? value : number;
  }) };
}

function viewScatter(app) {
  const axes = listAxes();
  app.append(heading('Scatter'));
  const runs = runsInView();
  app.append(tellRunsInView(runs));
  if (axes.length < 2) {
    app.append(empty('There are not two columns to draw.'));
    return { title: 'Scatter' };
  }
  const first = (of) => axes.find((column) => column.of === of);
  if (charting.x === undefined) charting.x = (first('parameter') || axes[0]).key;
  if (charting.y === undefined) charting.y = (first('metric') || columnsByKey.get('time') || axes[1]).key;
  const names = axes.map((column) => [column.key, column.of === 'run' ? column.name : column.of + ' ' + column.name]);
  const place = make('div', { class: 'chart' });
  function redraw() {
    drawScatter(place, { x: axisOf(charting.x, runs), y: axisOf(charting.y, runs), colour: charting.colour === '' ? undefined : axisOf(charting.colour, runs), runs: runs.map((run) => ({ id: idOf(run), name: nameOf(run) })) },
      { onPick: pickRun, logX: charting.logX, logY: charting.logY });
  }
  const set = (name) => (key) => {
    charting[name] = key;
    redraw();
  };
  app.append(make('form', { class: 'tools', onsubmit: (event) => event.preventDefault() }, select('Across', names, charting.x, set('x')), select('Up', names, charting.y, set('y')), select('Colour', [['', 'none']].concat(names), charting.colour, set('colour')), ...makeLogToggles(redraw)), place);
  redraw();
  return { title: 'Scatter', redraw };
}

function viewParallel(app) {
  const axes = listAxes();
  app.append(heading('Parallel coordinates'));
  const runs = runsInView();
  app.append(tellRunsInView(runs));
  if (charting.axes === undefined) {
    const isVarying = (column) => (column.words === undefined ? true : column.words.length > 1);
    const named = axes.filter((column) => column.of !== 'run' && isVarying(column));
    charting.axes = new Set(named.filter((column) => column.of === 'parameter').slice(0, 6).concat(named.filter((column) => column.of === 'metric').slice(0, 3)).map((column) => column.key));
    if (charting.axes.size < 3 && columnsByKey.has('time')) charting.axes.add('time');
  }
  const told = make('p', { class: 'told', role: 'status' });
  const place = make('div', { class: 'chart' });
  function redraw() {
    const drawn = axes.filter((column) => charting.axes.has(column.key)).map((column) => axisOf(column.key, runs));
    if (drawn.length < 2) place.replaceChildren(empty('Choose two axes or more.'));
    else drawParallel(place, { axes: drawn, runs: runs.map((run) => ({ id: idOf(run), name: nameOf(run) })) }, { onPick: pickRun, onChoose: (ids) => {
      told.textContent = ids === undefined ? '' : showRuns(ids.length) + ' within the chosen ranges';
      if (ids !== undefined && ids.length > 0) told.append(' ', make('button', { type: 'button', onclick: () => {
        table.chosen = new Set(ids.map((id) => report.placeOf.get(id)));
        location.hash = '#runs';
      } }, 'Choose them in the table'));
    } });
  }
  const chooser = make('details', { class: 'chooser' }, make('summary', {}, 'Axes'), make('div', { class: 'columns' }, ...axes.map((column) => toggle(column.name + (column.of === 'run' ? '' : ' (' + column.of + ')'), charting.axes.has(column.key), (isOn) => {
    if (isOn) charting.axes.add(column.key); else charting.axes.delete(column.key);
    redraw();
  }))));
  app.append(make('form', { class: 'tools', onsubmit: (event) => event.preventDefault() }, chooser, told), place);
  redraw();
  return { title: 'Parallel coordinates', redraw };
}

function viewTimeline(app) {
  app.append(heading('Timeline'));
  const runs = runsInView();
  const place = make('div', { class: 'chart' });
  app.append(tellRunsInView(runs), place);
  const time = columnsByKey.get('time');
  const data = { runs: runs.map((run) => ({ id: idOf(run), name: nameOf(run), startMs: startOf(run), endMs: startOf(run) + 1000 * (valueOf(time, run) || 0), status: valueOf(columnsByKey.get('status'), run) })) };
  const redraw = () => drawTimeline(place, data, { onPick: pickRun });
  redraw();
  return { title: 'Timeline', redraw };
}

async function viewImages(app) {
  app.append(heading('Images'));
  const withPictures = new Set(report.pictures);
  const all = runsInView();
  const runs = all.filter((run) => withPictures.has(run)).slice(-MOST_PICTURED);
  app.append(tellRunsInView(all));
  const images = [];
  for (const run of runs) {
    const { article } = await loadRun(run);
    for (const place of article === null ? [] : article.querySelectorAll('.shared[data-kind="picture"]')) {
      const entry = await loadEntry(place.dataset.entry, place.dataset.part);
      const image = entry === null ? null : entry.querySelector('img');
      if (image !== null) images.push({ run: idOf(run), name: nameOf(run), path: image.dataset.path, src: image.getAttribute('src'), note: '' });
    }
  }
  // Points of a sweep write to folders of their own: the same last part of the name is the same picture.
  if (images.length > 1 && new Set(images.map((image) => image.path)).size === images.length) {
    for (const image of images) {
      image.note = image.path;
      image.path = lastPart(image.path);
    }
  }
  const place = make('div', { class: 'chart' });
  app.append(place);
  if (images.length === 0) place.append(empty('None of these runs has a picture that is still as it was recorded.'));
  const caption = 'Pictures of ' + showRuns(runs.length);
  const redraw = () => { if (images.length > 0) drawImages(place, { images, caption }, { onPick: pickRun }); };
  redraw();
  return { title: 'Images', redraw };
}

// ---- who made what -----------------------------------------------------------------------------------------

/** Neighbours of a node of the graph, makers before readers. Files are 'f' and their number, runs 'r' and theirs. */
function neighboursOf(key, readers) {
  const number = Number(key.slice(1));
  const { graph } = report;
  if (key[0] === 'r') return graph.reads[number].map((file) => 'f' + file).concat(graph.writes[number].map((file) => 'f' + file));
  const maker = report.makers[number];
  return (maker < 0 ? [] : ['r' + maker]).concat((readers.get(number) || []).map((run) => 'r' + run));
}

function listReaders() {
  if (report.readers === undefined) {
    report.readers = new Map();
    report.graph.reads.forEach((files, run) => {
      for (const file of files) if (report.readers.has(file)) report.readers.get(file).push(run); else report.readers.set(file, [run]);
    });
  }
  return report.readers;
}

/** The nearest nodes around some, at most MOST_NODES; of each how many of its neighbours are left out. */
function cutNeighbourhood(starts) {
  const readers = listReaders();
  const taken = new Set(starts.slice(0, MOST_NODES));
  for (const key of taken) {
    if (taken.size >= MOST_NODES) break;
    // What very many runs read does not make them neighbours.
    const isHub = key[0] === 'f' && !starts.includes(key) && (readers.get(Number(key.slice(1))) || []).length > MOST_READERS;
    for (const next of neighboursOf(key, readers).slice(0, isHub ? 1 : MOST_NODES)) if (taken.size < MOST_NODES) taken.add(next);
  }
  const keys = Array.from(taken);
  const places = new Map(keys.map((key, i) => [key, i]));
  const edges = [];
  for (const key of keys) {
    if (key[0] !== 'r') continue;
    const run = Number(key.slice(1));
    for (const file of report.graph.reads[run]) if (places.has('f' + file)) edges.push([places.get('f' + file), places.get(key)]);
    for (const file of report.graph.writes[run]) if (places.has('f' + file)) edges.push([places.get(key), places.get('f' + file)]);
  }
  const current = new Set(report.graph.current);
  const nodes = keys.map((key) => {
    const number = Number(key.slice(1));
    const more = neighboursOf(key, readers).filter((next) => !places.has(next)).length;
    const isFocus = starts.length === 1 && starts[0] === key;
    if (key[0] === 'r') return { key, kind: 'run', name: nameOf(number), detail: valueOf(columnsByKey.get('command'), number) || '', status: valueOf(columnsByKey.get('status'), number), isFocus, more };
    return { key, kind: 'file', name: report.graph.paths[report.graph.pathOf[number]], detail: report.makers[number] < 0 ? 'made by no run' : current.has(number) ? 'current result' : '', isCurrent: current.has(number), isFocus, more };
  });
  return { nodes, edges };
}

function findNodes(word) {
  const lower = word.toLowerCase();
  const found = [];
  const { graph } = report;
  for (let file = graph.pathOf.length - 1; file >= 0 && found.length < 20; file--) if (graph.paths[graph.pathOf[file]].toLowerCase().includes(lower)) found.push(['f' + file, graph.paths[graph.pathOf[file]]]);
  for (let run = report.count - 1; run >= 0 && found.length < 40; run--) if (nameOf(run).toLowerCase().includes(lower) || idOf(run).includes(word)) found.push(['r' + run, nameOf(run)]);
  return found;
}

function hashOfNode(key) {
  return '#graph=' + (key[0] === 'r' ? idOf(Number(key.slice(1))) : key);
}

/** Where the graph begins if nobody said so: the runs that current results need, if they are few; else the last run that has files. */
function startNodes() {
  const { graph } = report;
  const live = graph.live.map((run) => 'r' + run);
  if (live.length > 0 && live.length <= 60) return live;
  const runs = live.length > 0 ? graph.live : graph.reads.map((_, run) => run).filter((run) => graph.reads[run].length + graph.writes[run].length > 0);
  return runs.length === 0 ? [] : ['r' + runs[runs.length - 1]];
}

function viewGraph(app, focus) {
  app.append(heading('Who made what'));
  const starts = focus === undefined ? startNodes() : [focus];
  if (starts.length === 0) {
    app.append(empty('No run of this report read or wrote a file.'));
    return { title: 'Graph' };
  }
  const { nodes, edges } = cutNeighbourhood(starts);
  const hits = make('ul', { class: 'hits' });
  const query = make('input', { id: 'graph-query', type: 'search', placeholder: 'a file or a run', autocomplete: 'off', oninput: () => {
    const found = query.value.trim() === '' ? [] : findNodes(query.value.trim());
    hits.replaceChildren(...found.map(([key, name]) => make('li', {}, make('a', { href: hashOfNode(key) }, make('bdi', {}, name)))));
    told.textContent = query.value.trim() === '' ? '' : found.length === 0 ? 'nothing found' : showCount(found.length) + ' found';
  } });
  const told = make('p', { class: 'told', role: 'status' });
  const isFile = focus !== undefined && focus[0] === 'f';
  const place = make('div', { class: 'chart' });
  app.append(make('form', { class: 'tools', role: 'search', onsubmit: (event) => event.preventDefault() }, make('label', { for: 'graph-query' }, 'Find'), query, told,
    ...(focus === undefined ? [] : [make('a', { href: '#graph' }, 'Current results')]), ...(focus === undefined || isFile ? [] : [make('a', { href: '#run-' + idOf(Number(focus.slice(1))) }, 'This run')])), hits, place);
  const redraw = () => drawGraph(place, { nodes, edges }, { onPick: (key) => {
    // A second choice of the same run leads to its page.
    location.hash = key === focus && key[0] === 'r' ? '#run-' + idOf(Number(key.slice(1))) : hashOfNode(key);
  } });
  redraw();
  return { title: 'Graph', redraw };
}
