// report.test.ts - rr report: what the page holds, that it stays text, and that it is the same everywhere. Judges: Python's html.parser and hashlib, html5lib, sh.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fs from 'fs';
import path from 'path';
import { makeProject as makeManyRuns } from './bench/projects.ts';
import { HOSTILE, makeHostileProject, makeReportProject } from './reportrig.ts';
import { hasProgram, judge, listRecords, makeProject, makeTemporary, readRecord, RR_JS, rr, run } from './rig.ts';
import type { Done } from './rig.ts';
import { missingOf } from './watchrig.ts';

const NO_PYTHON = hasProgram('python3') ? false : 'no python3';

/** What a parser that shares nothing with rr makes of the page. */
type Seen = {
  /** Start tags with their attributes. */
  tags: [string, { [name: string]: string | null }][];
  /** Text outside of script and style. */
  text: string;
  scripts: { type: string | null; text: string; sha256: string }[];
  styles: { sha256: string }[];
  comments: string[];
};

const PARSER = `
import sys, json, hashlib, base64
from html.parser import HTMLParser
seen = {'tags': [], 'text': '', 'scripts': [], 'styles': [], 'comments': []}
class Page(HTMLParser):
    inside = None
    def handle_starttag(self, tag, attrs):
        seen['tags'].append([tag, dict(attrs)])
        if tag in ('script', 'style'):
            self.inside = {'kind': tag, 'type': dict(attrs).get('type'), 'text': ''}
    def handle_endtag(self, tag):
        if self.inside is not None and tag == self.inside['kind']:
            digest = base64.b64encode(hashlib.sha256(self.inside['text'].encode()).digest()).decode()
            seen[tag + 's'].append({'type': self.inside['type'], 'text': self.inside['text'] if self.inside['type'] else '', 'sha256': digest})
            self.inside = None
    def handle_data(self, data):
        if self.inside is not None: self.inside['text'] += data
        else: seen['text'] += data
    def handle_comment(self, data): seen['comments'].append(data)
page = Page(convert_charrefs=True)
page.feed(open(sys.argv[1], encoding='utf-8').read())
page.close()
json.dump(seen, sys.stdout)
`;

function look(file: string): Seen {
  const done = run(undefined, ['python3', '-c', PARSER, file]);
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(Buffer.from(done.stdout, 'latin1').toString('utf8')) as Seen;
}

function makeReport(project: string, args: string[] = [], status = 0): string {
  const done = rr(project, ['report', '-q'].concat(args));
  assert.equal(done.status, status, done.stderr);
  return path.join(project, 'report.html');
}

/** The JSON that the script of the page reads. */
function readIndex(seen: Seen): any {
  return JSON.parse(seen.scripts.filter((script) => script.type === 'application/json')[0].text);
}

function valuesOf(index: any, key: string): unknown[] {
  const column = index.columns.find((one: { key: string }) => one.key === key);
  return column.values ?? column.at.map((at: number) => (at < 0 ? null : column.words[at]));
}

/** Nothing in it may load, run or lead anywhere but what its policy names. */
function checkInert(seen: Seen): void {
  const policy = seen.tags.find(([tag, attributes]) => tag === 'meta' && attributes['http-equiv'] === 'Content-Security-Policy');
  const content = String(policy?.[1].content);
  const programs = seen.scripts.filter((script) => script.type === null);
  assert.equal(programs.length, 1);
  assert.match(content, /^default-src 'none'; /);
  assert.ok(content.includes("script-src 'sha256-" + programs[0].sha256 + "'"), 'the policy names the script by its hash: ' + content);
  assert.ok(content.includes("style-src 'sha256-" + seen.styles[0].sha256 + "'"), 'and the style');
  assert.doesNotMatch(content, /unsafe|https?:|\*/);
  assert.equal(seen.styles.length, 1);
  for (const [tag, attributes] of seen.tags) {
    assert.ok(['iframe', 'object', 'embed', 'link', 'base', 'form', 'video', 'audio'].indexOf(tag) < 0, tag);
    for (const [name, value] of Object.entries(attributes)) {
      assert.doesNotMatch(name, /^on|^style$|^srcset$/, tag + ' ' + name);
      if (name === 'src') assert.match(String(value), /^data:image\//);
      if (name === 'href') assert.match(String(value), /^#/);
    }
  }
}

test('rr report makes one page that needs nothing else', { skip: NO_PYTHON }, () => {
  const project = makeReportProject();
  const seen = look(makeReport(project));
  checkInert(seen);
  assert.deepEqual(fs.readdirSync(project).filter((name) => name.startsWith('report')), ['report.html']);
  const ids = listRecords(project).map((name) => path.basename(name, '.rec'));
  const articles = seen.tags.filter(([tag, attributes]) => tag === 'article' && attributes.id !== undefined).map(([, attributes]) => String(attributes.id).replace('run-', ''));
  assert.deepEqual(articles.slice().sort(), ids, 'each run has its page, without a script, too');
  for (const words of ['Drop what was not measured', 'How fast does it settle?', 'Settles for every rate below 0.6', 'As in the draft of the second version.', 'A. Author', 'diverged: loss is nan', '+# train.sh RATE DEPTH FOLDER', 'checked, twice']) {
    assert.ok(seen.text.includes(words), 'told: ' + words);
  }
  const pictures = seen.tags.filter(([tag]) => tag === 'img').map(([, attributes]) => String(attributes.src).slice(0, 18));
  assert.ok(pictures.includes('data:image/png;bas') && pictures.includes('data:image/svg+xml'), pictures.join(' '));
});

test('rr report tells the script what the records say', { skip: NO_PYTHON }, () => {
  const project = makeReportProject();
  const index = readIndex(look(makeReport(project)));
  const names = listRecords(project);
  const records = names.map((name) => readRecord(project, name));
  assert.deepEqual(valuesOf(index, 'id'), names.map((name) => path.basename(name, '.rec')));
  assert.deepEqual(valuesOf(index, 'status'), records.map((record) => record.Status[0]));
  assert.deepEqual(valuesOf(index, 'time'), records.map((record) => Number(record.Wall_s[0])));
  const metricOf = (record: { [field: string]: string[] }): number | null => {
    const line = (record.Metric ?? []).find((one) => one.startsWith('loss '));
    return line === undefined ? null : Number(line.slice(5));
  };
  assert.deepEqual(valuesOf(index, 'metric:loss').map((value) => (value === null ? null : Number(value))), records.map(metricOf));
  // The repeat of the first run was the same; no other was repeated.
  assert.deepEqual(valuesOf(index, 'verdict').map((value) => value !== null), records.map((record) => record.Label?.[0] === 'clean' && record.Repeats === undefined));
  // data/clean.csv was made by the first run, and read by all fits.
  const { graph } = index;
  const cleaned = graph.writes[0].find((file: number) => graph.paths[graph.pathOf[file]] === 'data/clean.csv');
  const readers = graph.reads.map((files: number[], i: number) => (files.includes(cleaned) ? i : -1)).filter((i: number) => i >= 0);
  assert.deepEqual(readers, records.map((record, i) => (record.Label?.[0] === 'rates' ? i : -1)).filter((i) => i >= 0));
  assert.ok(graph.current.includes(cleaned));
});

test('what a run gave while it ran is in the page as it was printed', { skip: NO_PYTHON }, () => {
  const project = makeReportProject();
  const seen = look(makeReport(project));
  const index = readIndex(seen);
  const parts = seen.scripts.filter((script) => script.type === 'application/json').slice(1).map((script) => JSON.parse(script.text) as { [key: string]: { series?: [string, number[][], number][] } });
  const fitted = listRecords(project).map((name) => path.basename(name, '.rec')).filter((id) => fs.existsSync(path.join(project, 'provenance/logs', id + '.series')));
  assert.ok(fitted.length >= 12);
  assert.deepEqual(index.series.map((i: number) => valuesOf(index, 'id')[i]), fitted);
  for (const id of fitted) {
    const printed = fs.readFileSync(path.join(project, 'provenance/logs', id + '.out'), 'latin1').split('\n').filter((line) => line.startsWith('loss: ')).map((line) => Number(line.slice(6)));
    const loss = parts.map((part) => part['run-' + id]?.series?.find(([name]) => name === 'loss')).find((one) => one !== undefined);
    assert.deepEqual(loss?.[1].map((point) => point[2]), printed, id);
  }
});

test('hostile texts stay texts', { skip: NO_PYTHON }, () => {
  const project = makeHostileProject();
  const seen = look(makeReport(project));
  checkInert(seen);
  assert.deepEqual(seen.comments, []);
  const allowed = 'html head meta title style script body a header h1 p nav main div ul li section h2 h3 table caption thead tbody tr th td article pre code samp details summary span bdi time noscript img br svg polyline'.split(' ');
  assert.deepEqual(Array.from(new Set(seen.tags.map(([tag]) => tag))).filter((tag) => allowed.indexOf(tag) < 0), []);
  const harmless = (text: string): string => text.replace(/[\u202e\u0007\u001b]/g, (mark) => Buffer.from(mark).toString('hex').toUpperCase().replace(/../g, '%$&'));
  for (const text of HOSTILE) assert.ok(seen.text.includes(harmless(text)), 'told as it is: ' + text);
  assert.doesNotMatch(fs.readFileSync(path.join(project, 'report.html'), 'utf8'), /[\u202a-\u202e\u2066-\u2069\u0007\u001b]/);
  assert.ok(readIndex(seen).columns.some((column: { name: string }) => column.name === '<i>m</i>'));
  // The table of the CSV file holds what it holds; the SVG is a picture, nothing else.
  assert.ok(seen.text.includes('<script>alert(10)</script>'));
  assert.deepEqual(seen.tags.filter(([tag]) => tag === 'img').map(([, attributes]) => attributes.alt), ['x.svg']);
});

const HTML5LIB = 'import sys, html5lib\nparser = html5lib.HTMLParser()\nparser.parse(open(sys.argv[1], "rb"))\nprint([str(error) for error in parser.errors])';
const PYTHON = judge('python');
const NO_HTML5LIB = PYTHON !== undefined && run(undefined, [PYTHON, '-c', 'import html5lib']).status === 0 ? false : 'no html5lib (make interop)';

test('the page is HTML without an error', { skip: NO_HTML5LIB }, () => {
  for (const project of [makeReportProject(), makeHostileProject(), makeProject()]) assert.equal(run(undefined, [PYTHON as string, '-c', HTML5LIB, makeReport(project)]).stdout, '[]\n');
});

test('the same records and files make the same bytes', () => {
  const project = makeReportProject();
  const first = fs.readFileSync(makeReport(project));
  const other = path.join(makeTemporary(), 'somewhere else');
  run(undefined, ['cp', '-a', project, other]);
  fs.rmSync(path.join(other, '.rr'), { recursive: true });
  fs.unlinkSync(path.join(other, 'report.html'));
  const done = run(other, ['sh', '-c', 'umask 077; exec "$0" "$@"', process.execPath, RR_JS, 'report', '-q'], { env: { TZ: 'Asia/Tokyo', LC_ALL: 'tr_TR.UTF-8', HOME: '/nonexistent' } });
  assert.equal(done.status, 0, done.stderr);
  assert.ok(first.equals(fs.readFileSync(path.join(other, 'report.html'))));
});

test('a file is shown only as it was recorded, and nothing else is opened', { skip: NO_PYTHON }, () => {
  const project = makeProject();
  const outside = path.join(makeTemporary(), 'outside.txt');
  fs.writeFileSync(outside, 'kept');
  const names = ['kept.txt', 'changed.txt', 'fifo.txt', 'linked.txt', 'folder/inner.txt', 'gone.txt', '.env', 'binary.dat'];
  const done = rr(project, ['record', '-q', '--', 'sh', '-c', 'mkdir folder; for f; do printf "word of %s" "$f" > "$f"; done; printf "a\\000b" > binary.dat', 'sh'].concat(names));
  assert.equal(done.status, 0, done.stderr);
  run(project, ['sh', '-c', 'printf "other of changed" > changed.txt; rm fifo.txt linked.txt gone.txt; mkfifo fifo.txt; ln -s "$1" linked.txt; mv folder real; mkdir -p "$1.d"; mv real/* "$1.d"; ln -s "$1.d" folder', 'sh', outside]);
  const { text } = look(makeReport(project));
  const shown = names.filter((name) => text.includes('word of ' + name));
  assert.deepEqual(shown, ['kept.txt']);
});

test('a log that is not as it was recorded is not shown, and that is said', { skip: NO_PYTHON }, () => {
  const project = makeProject();
  rr(project, ['record', '-q', '--', 'printf "loss: 0.5\\nloss: 0.25\\n"']);
  const folder = path.join(project, 'provenance/logs');
  const names = fs.readdirSync(folder).filter((name) => /\.(?:out|series)$/.test(name)).sort();
  assert.equal(names.length, 2);
  assert.equal(rr(project, ['report', '-q']).status, 0);
  assert.ok(!look(path.join(project, 'report.html')).text.includes('Not there as recorded'));
  for (const name of names) {
    const file = path.join(folder, name);
    fs.chmodSync(file, 0o644);
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('0.25', '0.26'));
  }
  assert.equal(rr(project, ['report', '-q']).status, 0);
  const { text } = look(path.join(project, 'report.html'));
  assert.ok(text.includes('Not there as recorded: ' + names.map((name) => 'provenance/logs/' + name).join(', ')), text);
  assert.ok(!text.includes('loss: 0.26'));
});

test('nothing but a report is written over', () => {
  const project = makeProject();
  rr(project, ['record', '-q', '--', 'true']);
  fs.writeFileSync(path.join(project, 'report.html'), '<p>mine</p>');
  const refused = rr(project, ['report']);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /^rr: cannot write "report\.html": something else than a report is there\nrr: hint: say --force/);
  assert.equal(fs.readFileSync(path.join(project, 'report.html'), 'utf8'), '<p>mine</p>');
  assert.equal(rr(project, ['report', '-q', '--force']).status, 0);
  assert.equal(rr(project, ['report', '-q']).status, 0, 'a report is');
  fs.mkdirSync(path.join(project, 'folder'));
  assert.equal(rr(project, ['report', '-q', '-f', '-o', 'folder']).status, 1);
  const below = makeTemporary();
  assert.equal(rr(path.join(project, 'folder'), ['report', '-q', '-o', path.join(below, 'x.html')]).status, 0);
  assert.deepEqual(fs.readdirSync(below), ['x.html']);
  assert.equal(rr(project, ['report', '-q', '-o', path.join(below, 'a/b/x.html')]).status, 0);
  assert.deepEqual(fs.readdirSync(path.join(below, 'a/b')), ['x.html']);
  const blocked = rr(project, ['report', '-q', '-o', path.join(below, 'x.html/x.html')]);
  assert.equal(blocked.status, 125);
  assert.ok(!blocked.stderr.includes('.tmp'), blocked.stderr);
});

test('a title that contradicts itself is told, and is no record', { skip: NO_PYTHON }, () => {
  const project = makeProject();
  rr(project, ['record', '-q', '--', 'true']);
  fs.writeFileSync(path.join(project, 'CITATION.cff'), 'title: One\n');
  fs.writeFileSync(path.join(project, '.zenodo.json'), '{"title": "Other"}\n');
  const done = rr(project, ['report', '-q']);
  assert.equal(done.status, 1);
  assert.match(done.stderr, /CITATION\.cff:1 has "One", \.zenodo\.json:1 has "Other"/);
  assert.ok(!look(path.join(project, 'report.html')).text.includes('could not be read'));
});

test('a record that cannot be read is named, the rest is told', { skip: NO_PYTHON }, () => {
  const project = makeProject();
  for (const label of ['first', 'second']) rr(project, ['record', '-q', '-l', label, '--', 'true']);
  const [name] = listRecords(project);
  fs.chmodSync(path.join(project, name), 0o644);
  fs.writeFileSync(path.join(project, name), 'nonsense\n');
  const done = rr(project, ['report', '-q']);
  assert.equal(done.status, 1);
  assert.ok(done.stderr.includes(name), done.stderr);
  const { text } = look(path.join(project, 'report.html'));
  assert.match(text, /1 record or note could not be read/);
  assert.match(text, /second/);
});

test('what is large lies beside the page; --one-file, --max-size', { skip: NO_PYTHON }, () => {
  const project = makeTemporary();
  makeManyRuns(RR_JS, project, { runs: 5500, hasResults: true, isMade: false });
  const index = readIndex(look(makeReport(project)));
  const parts = fs.readdirSync(path.join(project, 'report_files')).sort();
  assert.equal(parts.length, index.parts.count);
  assert.match(String(look(path.join(project, 'report.html')).tags.find(([, attributes]) => attributes['http-equiv'] !== undefined)?.[1].content), /script-src '\S+' 'self' file:;/);
  // Each run is in the part that the page looks for it in, or in the page.
  const held: { [part: string]: string[] } = {};
  for (const name of parts) {
    const call = /^rrPart\((\d+),([^]*)\);\n$/.exec(fs.readFileSync(path.join(project, 'report_files', name), 'utf8'));
    assert.equal(index.parts.names[Number(call?.[1])], name);
    assert.equal('part-' + String(call?.[1]) + '-' + run(path.join(project, 'report_files'), ['sha256sum', name]).stdout.slice(0, 16) + '.js', name);
    held[String(call?.[1])] = Object.keys(JSON.parse(String(call?.[2])) as object);
  }
  const page = fs.readFileSync(path.join(project, 'report.html'), 'utf8');
  valuesOf(index, 'id').forEach((id, i) => {
    assert.ok((held[String(index.parts.of[i])] ?? []).includes('run-' + String(id)) || page.includes('<article class="run" id="run-' + String(id) + '"'), String(id));
  });
  makeReport(project, ['--one-file']);
  assert.equal(fs.existsSync(path.join(project, 'report_files')), false, 'parts of the report before are gone');
  assert.ok(fs.statSync(path.join(project, 'report.html')).size > 16 << 20);
  const small = look(makeReport(project, ['--max-size', '1M']));
  assert.ok(fs.statSync(path.join(project, 'report.html')).size < 4 << 20);
  assert.match(small.text, /Of 5,\d{3} runs there is only the line in the table: what all of them tell is more than 1M/);
  assert.equal(valuesOf(readIndex(small), 'id').length, 5500);
});

test('whatever becomes of a report, the page that is there has its parts', { skip: NO_PYTHON || missingOf('prlimit', 'strace'), timeout: 120000 }, () => {
  const project = path.join(makeTemporary(), 'project');
  fs.mkdirSync(project);
  assert.equal(rr(project, ['init', '-q']).status, 0);
  const shell = (script: string, env = {}): Done => run(project, ['sh', '-c', script, 'sh', process.execPath, RR_JS], { env });
  const draw = 'for i in 1 2 3 4; do { printf "\\211PNG\\r\\n\\032\\n"; head -c 390000 /dev/urandom; } > $1-$i.png; done';
  assert.equal(shell('for run in 1 2 3 4 5 6 7 8 9 10 11 12; do "$@" record -q --trace scan -- sh -c "$DRAW" sh $run || exit; done', { DRAW: draw }).status, 0);
  const list = (): string[] => shell('sha256sum report.html report_files/* report_files/.*.tmp 2> /dev/null').stdout.split('\n');
  const named = (): string[] => readIndex(look(path.join(project, 'report.html'))).parts.names.map((name: string) => 'report_files/' + name);
  makeReport(project);
  const whole = list();
  assert.equal(whole.length - 2, named().length, 'there are parts');
  makeReport(project);
  assert.deepEqual(list(), whole, 'the same bytes and names again');
  // All parts are written; then it fails, as the page is larger than may be, or is killed.
  assert.equal(shell('"$@" record -q --trace scan -- sh -c "$DRAW" sh more', { DRAW: draw }).status, 0);
  const failed = shell('exec prlimit --fsize=3000000 "$@" report -q');
  assert.match(failed.stderr, /^rr: cannot write/);
  assert.deepEqual(list(), whole, 'all as it was');
  const renames = shell('strace -f -o ../renames -e trace=rename "$@" report -q -o ../other.html; grep -n "other.html\\"" ../renames | cut -d: -f1').stdout.trim();
  const killed = shell('exec strace -f -o /dev/null -e trace=rename -e inject=rename:signal=KILL:when=' + renames + ' "$@" report -q');
  assert.equal(killed.signal, 'SIGKILL', killed.stderr);
  const left = list();
  assert.deepEqual(whole.filter((line) => left.indexOf(line) < 0), [], 'the page before with its parts');
  assert.ok(left.length > whole.length, 'and what was written of the other');
  fs.writeFileSync(path.join(project, 'report_files/part-0.js'), 'named as once');
  fs.writeFileSync(path.join(project, 'report_files/.part-3-0123456789abcdef.js.abcdef.tmp'), 'of one that was killed');
  assert.equal(shell('find . -name ".*.tmp" -exec touch -d "2 hours ago" {} +').status, 0);
  makeReport(project);
  assert.deepEqual(shell('ls -A report_files').stdout.split('\n').filter((name) => name !== '').map((name) => 'report_files/' + name), named().sort());
  assert.equal(shell('find . -name "*.tmp"').stdout, '');
  for (const line of list().filter((one) => one.includes('_files/'))) assert.equal(/-([0-9a-f]{16})\.js$/.exec(line)?.[1], line.slice(0, 16));
});
