// table.js - the table of runs: sorted, filtered, chosen from; only the rows in sight are on the page.

const ROW_HEIGHT = 30;
const ROWS_AROUND = 12;
const MOST_NAMED_COLUMNS = 8;
const FIRST_COLUMNS = ['label', 'status', 'verdict', 'started', 'time'];
const LAST_COLUMNS = ['command'];

/** What the person asked for; it outlives the view. */
const table = { query: '', status: '', sortKey: 'started', isDescending: true, shown: undefined, chosen: new Set(), rows: [] };

/** <name class="..."> with attributes and children; texts become text. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children);
  return element;
}

/** Columns in the order of the table. */
function orderColumns() {
  const key = (name) => report.columns.filter((column) => column.key === name);
  const named = report.columns.filter((column) => column.of !== 'run');
  const others = report.columns.filter((column) => column.of === 'run' && column.key !== 'id' && !FIRST_COLUMNS.includes(column.key) && !LAST_COLUMNS.includes(column.key));
  return [].concat(...FIRST_COLUMNS.map(key), named, ...LAST_COLUMNS.map(key), others);
}

/** Those that are shown at first: of parameters those that differ between runs before others. */
function chooseColumns() {
  const named = report.columns.filter((column) => column.of !== 'run');
  const isVarying = (column) => column.values !== undefined || column.words.length > 1 || column.at.includes(-1);
  const metrics = named.filter((column) => column.of === 'metric').slice(0, MOST_NAMED_COLUMNS);
  const parameters = named.filter((column) => column.of === 'parameter').sort((a, b) => isVarying(b) - isVarying(a)).slice(0, MOST_NAMED_COLUMNS);
  return new Set(FIRST_COLUMNS.concat(LAST_COLUMNS, parameters.map((column) => column.key), metrics.map((column) => column.key)));
}

/** Which runs there are in the table, in its order. */
function selectRows() {
  const test = makeQueryTest(table.query);
  const rows = [];
  const status = columnsByKey.get('status');
  for (let run = 0; run < report.count; run++) if ((table.status === '' || valueOf(status, run) === table.status) && test(run)) rows.push(run);
  const column = columnsByKey.get(table.sortKey) || columnsByKey.get('id');
  const sign = table.isDescending ? -1 : 1;
  const values = rows.length === 0 ? [] : rows.map((run) => valueOf(column, run));
  const order = rows.map((_, i) => i);
  // What is missing stays last, whichever way it is sorted.
  order.sort((a, b) => (values[a] === null || values[b] === null ? compareCells(values[a], values[b]) : sign * compareCells(values[a], values[b])) || rows[b] - rows[a]);
  table.rows = order.map((i) => rows[i]);
}

/** Width of a column in characters, by its name and the values of some runs. */
function measureColumn(column) {
  let width = column.name.length + 3;
  const step = Math.max(1, Math.floor(report.count / 300));
  for (let run = 0; run < report.count; run += step) width = Math.max(width, showValue(column, valueOf(column, run)).length + (column.key === 'status' ? 3 : 1));
  return Math.min(width, column.key === 'command' ? 50 : 26);
}

function makeSortHead(column, redraw) {
  const isSorted = table.sortKey === column.key;
  const button = make('button', { type: 'button', class: 'sort', onclick: () => {
    table.isDescending = table.sortKey === column.key ? !table.isDescending : column.kind === 'time';
    table.sortKey = column.key;
    redraw();
    document.querySelector('th[data-key="' + CSS.escape(column.key) + '"] button').focus();
  } }, make('bdi', {}, column.name), make('span', { class: 'arrow', 'aria-hidden': 'true' }, isSorted ? (table.isDescending ? '\u2193' : '\u2191') : ''));
  const kind = column.of === 'run' ? '' : ' ' + column.of;
  return make('th', { scope: 'col', 'data-key': column.key, class: (isNumeric(column) ? 'number' : '') + kind, title: column.of === 'run' ? undefined : column.of,
    'aria-sort': isSorted ? (table.isDescending ? 'descending' : 'ascending') : 'none' }, button);
}

function isNumeric(column) {
  if (column.isNumeric === undefined) {
    const values = (column.words || column.values).filter((value) => value !== null);
    column.isNumeric = values.length > 0 && values.slice(0, 200).every((value) => numberOf(value) !== undefined);
  }
  return column.isNumeric;
}

function makeCell(column, run) {
  const value = valueOf(column, run);
  const text = showValue(column, value);
  if (column.key === 'status') return make('td', {}, make('span', { class: 'status ' + text }, text));
  if (column.key === 'verdict') return make('td', {}, ...(text === '' ? [] : [make('span', { class: 'verdict ' + (/different|missing/.test(text) ? 'different' : 'identical') }, text)]));
  return make('td', { class: isNumeric(column) ? 'number' : column.key === 'command' || column.key === 'code' ? 'code' : undefined, title: text.length > 24 ? text : undefined }, make('bdi', {}, text));
}

function linkTo(run, ...children) {
  const id = idOf(run);
  return make('a', { href: '#run-' + id, class: 'run' }, ...(children.length > 0 ? children : [make('span', { class: 'idhead' }, id.slice(0, -6)), id.slice(-6)]));
}

/** A table that shows `table.rows` in a box that scrolls. */
function makeRunTable(redraw) {
  const columns = orderColumns().filter((column) => table.shown.has(column.key));
  const widths = columns.map(measureColumn);
  const body = make('tbody');
  const all = make('input', { type: 'checkbox', 'aria-label': 'Choose all runs of the table', onchange: () => {
    for (const run of table.rows) if (all.checked) table.chosen.add(run); else table.chosen.delete(run);
    drawRows(true);
    showChosen();
  } });
  all.checked = table.rows.length > 0 && table.rows.every((run) => table.chosen.has(run));
  const element = make('table', { class: 'runs virtual', 'aria-rowcount': String(table.rows.length + 1) },
    make('caption', { class: 'hidden-visually' }, 'Runs'),
    make('colgroup', {}, make('col', { class: 'choice' }), make('col', { class: 'id' }), ...columns.map((_, i) => {
      const col = make('col');
      col.style.width = 'calc(' + widths[i] + 'ch + 1.3rem)';
      return col;
    })),
    make('thead', {}, make('tr', { 'aria-rowindex': '1' }, make('th', { scope: 'col', class: 'choice' }, all), makeSortHead({ ...columnsByKey.get('id'), name: 'run' }, redraw), ...columns.map((column) => makeSortHead(column, redraw)))), body);
  element.style.minWidth = 'calc(' + widths.reduce((sum, width) => sum + width, 0) + 'ch + ' + (16 + 1.3 * widths.length) + 'rem)';
  const box = make('div', { class: 'box', role: 'region', 'aria-label': 'Table of runs', tabindex: '0' }, element);
  const above = make('tr', { 'aria-hidden': 'true', class: 'space' }, make('td', { colspan: String(columns.length + 2) }));
  const below = above.cloneNode(true);
  let range = [-1, -1];

  function makeRow(at) {
    const run = table.rows[at];
    const choice = make('input', { type: 'checkbox', 'aria-label': 'Choose ' + nameOf(run), onchange: () => {
      if (choice.checked) table.chosen.add(run); else table.chosen.delete(run);
      row.classList.toggle('chosen', choice.checked);
      showChosen();
    } });
    choice.checked = table.chosen.has(run);
    const row = make('tr', { 'aria-rowindex': String(at + 2), class: choice.checked ? 'chosen' : undefined },
      make('td', { class: 'choice' }, choice), make('th', { scope: 'row', class: 'id' }, linkTo(run)), ...columns.map((column) => makeCell(column, run)));
    return row;
  }

  function drawRows(isForced, isAll) {
    // Before it has rows the box is lower than it will be.
    const height = Math.max(box.clientHeight, innerHeight);
    const first = isAll ? 0 : Math.max(0, Math.floor(box.scrollTop / ROW_HEIGHT) - ROWS_AROUND);
    const end = Math.min(table.rows.length, isAll ? 2000 : Math.ceil((box.scrollTop + height) / ROW_HEIGHT) + ROWS_AROUND);
    if (!isForced && first >= range[0] && end <= range[1] && end - first > range[1] - range[0] - 2 * ROWS_AROUND) return;
    range = [first, end];
    const hadFocus = body.contains(document.activeElement) ? document.activeElement.closest('tr').getAttribute('aria-rowindex') : '';
    const part = document.activeElement.tagName === 'A' ? 'a' : 'input';
    const rows = [];
    for (let at = first; at < end; at++) rows.push(makeRow(at));
    above.firstChild.style.height = first * ROW_HEIGHT + 'px';
    below.firstChild.style.height = (table.rows.length - end) * ROW_HEIGHT + 'px';
    body.replaceChildren(...(first > 0 ? [above] : []), ...rows, ...(end < table.rows.length ? [below] : []));
    // The rows are new, but the person is where they were.
    if (hadFocus !== '') {
      const row = body.querySelector('tr[aria-rowindex="' + hadFocus + '"]');
      (row === null ? box : row.querySelector(part)).focus({ preventScroll: true });
    }
  }

  box.addEventListener('scroll', () => requestAnimationFrame(() => drawRows(false)), { passive: true });
  return { box, draw: (isAll) => drawRows(true, isAll) };
}

/** How many runs are chosen, and what can be done with them. */
function showChosen() {
  const bar = document.getElementById('chosen');
  if (bar === null) return;
  const count = table.chosen.size;
  bar.hidden = count === 0;
  const ids = Array.from(table.chosen).sort((a, b) => a - b).map(idOf);
  bar.replaceChildren(make('span', {}, showRuns(count) + ' chosen'),
    ...(count > 1 && count <= MOST_COMPARED ? [make('a', { href: '#compare=' + ids.join(',') }, 'Compare')] : []),
    ...(report.series.length > 0 ? [make('a', { href: '#curves' }, 'Curves')] : []),
    ...(report.pictures.length > 0 ? [make('a', { href: '#images' }, 'Images')] : []),
    make('button', { type: 'button', onclick: () => {
      table.chosen.clear();
      route();
      document.getElementById('query').focus();
    } }, 'Choose none'));
}

/** Which columns are shown. */
function makeColumnChooser(redraw) {
  const list = make('div', { class: 'columns' }, ...orderColumns().map((column) => {
    const box = make('input', { type: 'checkbox', onchange: () => {
      if (box.checked) table.shown.add(column.key); else table.shown.delete(column.key);
      redraw();
    } });
    box.checked = table.shown.has(column.key);
    return make('label', {}, box, ' ', make('bdi', {}, column.name), ...(column.of === 'run' ? [] : [make('span', { class: 'count' }, ' ' + column.of)]));
  }));
  return make('details', { class: 'chooser' }, make('summary', {}, 'Columns'), list);
}

function viewRuns(app) {
  if (table.shown === undefined) table.shown = chooseColumns();
  const told = make('p', { class: 'told', role: 'status' });
  const place = make('div');
  let shown;
  function redraw() {
    selectRows();
    shown = makeRunTable(redraw);
    place.replaceChildren(shown.box);
    shown.draw();
    told.textContent = table.rows.length === report.count ? showRuns(report.count) : showCount(table.rows.length) + ' of ' + showRuns(report.count);
  }
  const query = make('input', { id: 'query', type: 'search', placeholder: 'words, gamma<0.5, status=failed', autocomplete: 'off', spellcheck: 'false', 'aria-describedby': 'query-help', oninput: () => {
    table.query = query.value;
    redraw();
  } });
  query.value = table.query;
  const statuses = (columnsByKey.get('status').words || columnsByKey.get('status').values).filter((word, i, words) => words.indexOf(word) === i);
  const status = make('select', { id: 'status', onchange: () => {
    table.status = status.value;
    redraw();
  } }, make('option', { value: '' }, 'any'), ...statuses.map((word) => make('option', { value: word }, word)));
  status.value = table.status;
  app.append(make('h2', { class: 'hidden-visually', tabindex: '-1' }, 'Runs'));
  if (report.count === 0) {
    app.append(make('p', { class: 'empty' }, 'No runs are recorded yet.'));
    return { title: 'Runs' };
  }
  app.append(
    make('form', { class: 'tools', role: 'search', onsubmit: (event) => event.preventDefault() }, make('label', { for: 'query' }, 'Find'), query, make('label', { for: 'status' }, 'Status'), status, makeColumnChooser(redraw), told),
    make('p', { id: 'query-help', class: 'hidden-visually' }, 'Words that a run must hold, and conditions on columns: NAME=VALUE, also with !=, <, <=, > and >=.'),
    make('div', { id: 'chosen', class: 'chosen-bar', hidden: true, role: 'region', 'aria-label': 'Chosen runs' }), place,
    ...(report.left.length === 0 ? [] : [make('ul', { class: 'left-out' }, ...report.left.map((one) => make('li', {}, one)))]));
  redraw();
  showChosen();
  return { title: 'Runs', print: () => shown.draw(true), unprint: () => shown.draw(false) };
}
