// data.js - what the page holds of runs, and how values look. Changes nothing on the page.

/** All texts are harmless already; on the page they are text, never markup. */
let report;
let columnsByKey;
let staticEntries;
const partTexts = new Map();
const waitingParts = new Map();

/** Reads what the page holds; takes what is for readers without this script off the page. */
function readReport() {
  report = JSON.parse(document.getElementById('rr-data').textContent);
  report.count = report.parts.of.length;
  columnsByKey = new Map(report.columns.map((column) => [column.key, column]));
  staticEntries = new Map();
  const old = document.getElementById('static');
  for (const entry of old.querySelectorAll('article.run, section.entry')) staticEntries.set(entry.id, entry);
  old.remove();
  report.placeOf = new Map();
  const ids = columnsByKey.get('id');
  for (let run = 0; run < report.count; run++) report.placeOf.set(valueOf(ids, run), run);
  const { graph } = report;
  report.makers = new Int32Array(graph.pathOf.length).fill(-1);
  graph.writes.forEach((files, run) => { for (const file of files) report.makers[file] = run; });
}

/** null: it has none. */
function valueOf(column, run) {
  if (column === undefined) return null;
  if (column.values !== undefined) return column.values[run];
  return column.at[run] < 0 ? null : column.words[column.at[run]];
}

function idOf(run) {
  return valueOf(columnsByKey.get('id'), run);
}

/** What people call a run: its label, with its point in the sweep or the end of its id where several have that; else its id. */
function nameOf(run) {
  const label = valueOf(columnsByKey.get('label'), run);
  const id = idOf(run);
  if (label === null) return id;
  const point = valueOf(columnsByKey.get('n'), run);
  return point !== null ? label + ' ' + point : countLabel(label) > 1 ? label + ' ' + id.slice(-6) : label;
}

/** How many runs have a label. */
function countLabel(label) {
  if (report.labels === undefined) {
    report.labels = new Map();
    for (let run = 0; run < report.count; run++) {
      const one = valueOf(columnsByKey.get('label'), run);
      report.labels.set(one, (report.labels.get(one) || 0) + 1);
    }
  }
  return report.labels.get(label);
}

function startOf(run) {
  const text = valueOf(columnsByKey.get('started'), run);
  const ms = text === null ? NaN : Date.parse(text.replace(' ', 'T') + 'Z');
  return Number.isFinite(ms) ? ms : Date.parse(idOf(run).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d).*/, '$1-$2-$3T$4:$5:$6Z'));
}

function showSeconds(seconds) {
  if (seconds < 59.95) return seconds.toFixed(seconds < 9.995 ? 2 : 1) + ' s';
  const whole = Math.round(seconds);
  if (whole < 3600) return Math.floor(whole / 60) + 'm' + String(whole % 60).padStart(2, '0') + 's';
  return Math.floor(whole / 3600) + 'h' + String(Math.floor((whole % 3600) / 60)).padStart(2, '0') + 'm';
}

function showBytes(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; bytes >= 1024 && unit < units.length - 1; unit++) bytes /= 1024;
  return (unit === 0 ? String(bytes) : bytes.toFixed(1)) + ' ' + units[unit];
}

/** 1234567 is "1,234,567", in every language. */
function showCount(count) {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

function showRuns(count) {
  return showCount(count) + (count === 1 ? ' run' : ' runs');
}

function showValue(column, value) {
  if (value === null) return '';
  if (typeof value !== 'number') return value;
  return column.kind === 'seconds' ? showSeconds(value) : column.kind === 'bytes' ? showBytes(value) : String(value);
}

const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The number that a value is; undefined if it is none. */
function numberOf(value) {
  if (typeof value === 'number') return value;
  return value !== null && DECIMAL.test(value) ? Number(value) : undefined;
}

/** Numbers by size, before texts by their letters; what is missing last. */
function compareCells(a, b) {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const numbers = [numberOf(a), numberOf(b)];
  if (numbers[0] !== undefined && numbers[1] !== undefined) return numbers[0] - numbers[1];
  if (numbers[0] !== undefined || numbers[1] !== undefined) return numbers[0] !== undefined ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

// ---- which runs are wanted -----------------------------------------------------------------------------

const CONDITION = /^([^<>=!]+)(!=|<=|>=|=|<|>)(.*)$/;

/** A column as a person names it: its key, its name, or the end of a name PATH:KEY. */
function findColumn(word) {
  const lower = word.toLowerCase();
  return report.columns.find((column) => column.key.toLowerCase() === lower) || report.columns.find((column) => column.name.toLowerCase() === lower)
    || report.columns.find((column) => column.name.toLowerCase().endsWith(':' + lower));
}

function makeConditionTest(column, operator, wanted) {
  const limit = numberOf(wanted);
  const test = (value) => {
    if (value === null) return operator === '!=' ? wanted !== '' : operator === '=' && wanted === '';
    const number = limit === undefined ? undefined : numberOf(value);
    const order = number !== undefined ? number - limit : compareTexts(String(value).toLowerCase(), wanted.toLowerCase());
    return operator === '=' ? order === 0 : operator === '!=' ? order !== 0 : operator === '<' ? order < 0 : operator === '<=' ? order <= 0 : operator === '>' ? order > 0 : order >= 0;
  };
  return testColumn(column, test);
}

function compareTexts(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A test of runs by one column; of what many runs share each value is tested once. */
function testColumn(column, test) {
  if (column.values !== undefined) return (run) => test(column.values[run]);
  const answers = column.words.map((word) => test(word));
  const none = test(null);
  return (run) => (column.at[run] < 0 ? none : answers[column.at[run]]);
}

function makeWordTest(word) {
  const lower = word.toLowerCase();
  const tests = report.columns.map((column) => testColumn(column, (value) => value !== null && String(value).toLowerCase().includes(lower)));
  return (run) => tests.some((test) => test(run));
}

/** A test for what a person typed: words that must be somewhere in the run, and conditions such as gamma<0.5. "..." holds together. */
function makeQueryTest(query) {
  const terms = query.match(/[^\s"]*"[^"]*"?|\S+/g) || [];
  const tests = terms.map((term) => {
    const plain = term.replace(/"/g, '');
    const parts = CONDITION.exec(plain);
    const column = parts === null ? undefined : findColumn(parts[1]);
    return column === undefined ? makeWordTest(plain) : makeConditionTest(column, parts[2], parts[3]);
  });
  return (run) => tests.every((test) => test(run));
}

// ---- details -------------------------------------------------------------------------------------------

/** Takes a part that lies beside the page. */
window.rrPart = function (number, part) {
  const waiting = waitingParts.get(number);
  if (waiting !== undefined) waiting(part);
};

function loadPartFile(number) {
  return new Promise((resolve, reject) => {
    const name = report.parts.folder + '/' + report.parts.names[number];
    const script = document.createElement('script');
    waitingParts.set(number, (part) => {
      waitingParts.delete(number);
      resolve(part);
    });
    script.onload = () => script.remove();
    script.onerror = () => reject(new Error('cannot read "' + name + '": it must lie beside this page'));
    script.src = encodeURIComponent(report.parts.folder) + '/' + report.parts.names[number];
    document.head.append(script);
  });
}

/** Entries of a part by their keys. */
function loadPart(number) {
  let part = partTexts.get(number);
  if (part === undefined) {
    const element = document.getElementById('part-' + number);
    part = element !== null ? Promise.resolve(JSON.parse(element.textContent)) : report.parts.folder !== '' ? loadPartFile(number) : Promise.resolve({});
    partTexts.set(number, part);
  }
  return part;
}

/** Markup that rr wrote, with all that comes from records escaped; as a document of its own it runs nothing and loads nothing. */
function parseMarkup(html) {
  return document.importNode(new DOMParser().parseFromString(html, 'text/html').body.firstElementChild, true);
}

/** An element of the page by its key: a copy. null: there is none. */
async function loadEntry(key, part) {
  const there = staticEntries.get(key);
  if (there !== undefined) return there.cloneNode(true);
  if (part === 'page') return null;
  const entry = (await loadPart(Number(part)))[key];
  return entry === undefined || entry.html === undefined ? null : parseMarkup(entry.html);
}

/** { article, series, resources, wallS } of a run; article is null if the report has no details of it. */
async function loadRun(run) {
  const number = report.parts.of[run];
  const key = 'run-' + idOf(run);
  if (number < 0) return { article: null, series: [], resources: [] };
  const entry = report.parts.count > number ? (await loadPart(number))[key] || {} : {};
  const series = (entry.series || []).map(([name, points, count]) => ({ name, points, count }));
  const resources = (entry.resources || []).map(([atS, cpus, memoryBytes, readBytes, writtenBytes, processes, gpuPercent, gpuMemoryBytes]) => (
    { atS, cpus, memoryBytes, readBytes, writtenBytes, processes, gpuPercent, gpuMemoryBytes }));
  return { article: await loadEntry(key, String(number)), series, resources, wallS: entry.wallS };
}
