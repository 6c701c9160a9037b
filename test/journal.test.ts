// journal.test.ts - rr journal: what is told, and its four formats as other programs read them.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { arrangeJournal, spanParameters } from '../src/core/journal.ts';
import { applyNotes, emptyNote } from '../src/core/notes.ts';
import type { AnnotatedRun, Note } from '../src/core/notes.ts';
import { emptyRun } from '../src/core/run.ts';
import type { Run } from '../src/core/run.ts';
import { displayWidth, wrapText } from '../src/views/table.ts';
import { describeJournal, summarizeVerdicts } from '../src/views/journal.ts';
import type { Journal } from '../src/views/journal.ts';
import { escapeHtml, printJournalHtml } from '../src/views/journalhtml.ts';
import { escapeMarkdown, escapeOrg, printJournalMarkdown, printJournalOrg } from '../src/views/journalmarkup.ts';
import { printJournalText } from '../src/views/journaltext.ts';
import { NO_CHROMIUM, withChromium } from './chromium.ts';
import { hasProgram, makeProject, makeTemporary, rr, run } from './rig.ts';

const NO_PANDOC = hasProgram('pandoc') ? false : 'no pandoc';
const NO_EMACS = hasProgram('emacs') ? false : 'no emacs';
const NO_PYTHON = hasProgram('python3') ? false : 'no python3';

let count = 0;

/** A run at "2026-11-22T05:20" or so. */
function runAt(time: string, what: Partial<Run>): Run {
  count += 1;
  const id = time.replace(/[-:]/g, '') + '00Z-aaa' + ('aa' + String(count)).slice(-3).replace(/[01]/g, 'b').replace(/[89]/g, 'c');
  return { ...emptyRun(id, 'true', time + ':00.000000Z', '0.1.0'), status: 'succeeded', exit: 0, wallS: 1.5, ...what };
}

function noted(one: Run, notes: Partial<Note>[] = []): AnnotatedRun {
  return applyNotes(one, notes.map((what, n) => ({ ...emptyNote('20261123T10150' + String(n) + 'Z-aaaaaa', [one.id], one.startedUtc.slice(0, 10) + 'T12:00:00.000000Z', 'Ada', '0.1.0'), ...what })));
}

function tell(runs: AnnotatedRun[], isComplete = false, tail: string[] = []): Journal {
  return describeJournal(arrangeJournal(runs, isComplete), () => tail);
}

// ---- what is told -----------------------------------------------------------------------------------

test('arrangeJournal() folds four and more runs of one label on one day, at the place of the first', () => {
  const runs = [runAt('2026-11-22T23:58', { label: 's' }), runAt('2026-11-23T00:01', { label: 's' }), runAt('2026-11-23T00:02', {}), runAt('2026-11-23T00:03', { label: 's' }),
    runAt('2026-11-23T00:04', { label: 't' }), runAt('2026-11-23T00:05', { label: 's' }), runAt('2026-11-23T00:06', { label: 's' })].map((one) => noted(one));
  const shape = (isComplete: boolean): unknown => arrangeJournal(runs, isComplete).map((day) => [day.date, day.entries.map((entry) => [entry.label, entry.runs.length])]);
  assert.deepEqual(shape(false), [['2026-11-22', [['s', 1]]], ['2026-11-23', [['s', 4], [undefined, 1], ['t', 1]]]]);
  assert.deepEqual(shape(true), [['2026-11-22', [['s', 1]]], ['2026-11-23', [['s', 1], [undefined, 1], ['s', 1], ['t', 1], ['s', 1], ['s', 1]]]]);
});

test('spanParameters() gives the least and greatest of three numbers and more, else all values', () => {
  const runs = ['g 0.5', 'g 1e1', 'g -2', 'g 0.5', 'mode a', 'mode b', 'empty ', 'big 3', 'big '].map((parameter) => runAt('2026-11-22T05:20', { parameters: [parameter] }));
  assert.deepEqual(spanParameters(runs), [
    { name: 'g', values: ['-2', '1e1'], isRange: true }, { name: 'mode', values: ['a', 'b'], isRange: false },
    { name: 'empty', values: [''], isRange: false }, { name: 'big', values: ['3', ''], isRange: false }]);
});

test('summarizeVerdicts() counts, and names what is not identical', () => {
  const verdicts = (['identical', 'identical', 'different', 'tolerance', 'missing'] as const).map((word, i) => ({ word, path: 'f' + String(i), detail: '' }));
  assert.equal(summarizeVerdicts(verdicts), '2 identical, 1 different (f2), 1 within tolerance (f3), 1 missing (f4)');
});

const HASH = 'ab12cd34ef56'.padEnd(64, '0');

test('printJournalText(): golden', () => {
  const made = runAt('2026-11-22T05:20', {
    label: 'Sgamma', reason: 'Test a smaller gamma', command: './my_code --cfg=magical_param:0.94572 --output foo.csv data/a.dat data/b.dat', parameters: ['gamma 0.1'], tags: ['figure-6'],
    outputs: [{ hash: HASH, size: 2048, kind: '', path: 'foo.csv' }, { hash: '-', size: 0, kind: 'd', path: 'dir' }],
  });
  const failed = runAt('2026-11-22T06:00', { status: 'failed', exit: 3, command: './fit' });
  const repeat = runAt('2026-11-23T07:00', { repeats: made.id, tree: 'scratch', outputs: made.outputs, verdicts: [{ word: 'different', path: 'foo.csv', detail: 'bytes' }] });
  const series = [1, 2, 3, 4].map((n) => runAt('2026-11-23T08:0' + String(n), { label: 'sweep', reason: 'how it scales', command: './f ' + String(n), parameters: ['n ' + String(n)], ...(n === 3 ? { status: 'interrupted' as const, signal: 'SIGINT', exit: 130 } : {}), outputs: [{ hash: HASH, size: 10, kind: '' as const, path: 'o' + String(n) }] }));
  const text = printJournalText(tell([
    noted(made, [{ outcome: 'converges' }, { comments: ['as in the draft,\nbut with the data of 2025 in place of those of 2024, which were lost in the move'] }, { comments: ['and so on'], author: 'Bob', writtenUtc: '2026-11-25T00:00:00.000000Z' }]),
    noted(failed), noted(repeat), ...series.map((one) => noted(one, [{ comments: ['one note for all'] }])),
  ], false, ['\x1b[31mboom\x1b[0m', '10%\r100%']));
  assert.equal(text, `Journal: 7 runs, 2026-11-22 to 2026-11-23

2026-11-22
----------

05:20 Sgamma  (${made.id})
  Test a smaller gamma
  $ ./my_code --cfg=magical_param:0.94572 --output foo.csv data/a.dat
      data/b.dat
  parameters: gamma 0.1
  made: foo.csv (2.0 KiB, ab12cd34ef56)
  outcome: converges
  Ada: as in the draft,
    but with the data of 2025 in place of those of 2024, which were lost in the
    move
  Bob, 2026-11-25: and so on
  tags: figure-6

06:00  (${failed.id})
  $ ./fit
  failed: exit 3 after 1.50s
  | boom
  | 100%

2026-11-23
----------

07:00  (${repeat.id})
  $ true
  repeats: ${made.id}: 1 different (foo.csv)

08:01 to 08:04 sweep
  how it scales
  4 runs, n 1 to 4, 1 interrupted
  $ ./f 1
  and 3 other commands
  ${series[2].id}, n 3, interrupted: SIGINT after 1.50s
  | boom
  | 100%
  made: o1 (10 B, ab12cd34ef56), o2 (10 B, ab12cd34ef56), o4 (10 B,
    ab12cd34ef56)
  Ada: one note for all
`);
});

// ---- formats ----------------------------------------------------------------------------------------

type Random = (below: number) => number;

function makeRandom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const SIGNS = ['a', 'b', 'word', ' ', ' ', '1', '1.', '(a)', '*', '**', '_', '__', '`', '```', '~', '~~', '=', '==', '+', '-', '--', '---', '#', '# ', '#+begin_src', ':', '::', ':smile:', '|', '\\', '\\\\', '\\alpha', '$', '$$', '^', '^2', '[', ']', '[[x]]', '[x](y)', '![', '<', '>', '<b>', '</p>', '<!--', '&', '&amp;', '&#65;', '"', "'", '@cite', '@@', '{', '}', '{{{m}}}', 'src_sh{x}', 'call_f()', '[fn:1]', '<2026-11-22>', 'http://x.org/a_b', 'mailto:a@b.org', 'a@b.org', 'www.x.org', 'file:x', '!', '%%(x)', '\xc3\xa9', '\xe4\xb8\xad', '/', '/it/', 'H~2~O', 'x^2^', '\\(x\\)', '\\begin{x}', 'DEADLINE:', 'TODO', '...', 'i.', 'A.'];

function makeLine(random: Random): string {
  const text = Array.from({ length: 1 + random(7) }, () => SIGNS[random(SIGNS.length)]).join('').replace(/ +/g, ' ').replace(/^ | $/g, '');
  return text === '' ? 'x' : text;
}

/** The text of a document that pandoc read: what it has but text, spaces, breaks and blocks of ours is named in brackets. */
const FLATTEN = `
import json, sys
plain = {'Str', 'Space', 'SoftBreak', 'LineBreak'}
def flat(x):
    if isinstance(x, list): return ''.join(flat(y) for y in x)
    if not isinstance(x, dict): return ''
    t, c = x.get('t'), x.get('c')
    if t == 'Str': return c
    if t in ('Space', 'SoftBreak'): return ' '
    if t == 'LineBreak': return '\\n'
    if t == 'Strong' and ALLOW: return flat(c)
    if t in ('Para', 'Plain'): return flat(c) + '\\f'
    if t == 'BulletList': return flat(c)
    if t == 'Header': return 'H%d ' % c[0] + flat(c[2]) + '\\f'
    if t == 'CodeBlock': return 'CODE ' + c[1] + '\\f'
    return '[' + str(t) + flat(c) + ']'
ALLOW = True
sys.stdout.buffer.write(flat(json.load(sys.stdin)['blocks']).encode('utf-8'))
`;

function readByPandoc(format: string, text: string): string {
  const done = run(undefined, ['sh', '-c', 'pandoc -f "$1" -t json | python3 -c "$2"', 'sh', format, FLATTEN], { input: Buffer.from(text, 'latin1') });
  assert.equal(done.stderr, '');
  return done.stdout;
}

/** Lines of prose, each a paragraph, as a reader takes them. */
function readLines(format: string, escape: (line: string) => string, lines: string[]): string[] {
  return readByPandoc(format, (format === 'org-smart' ? '#+options: -:nil\n\n' : '') + lines.map((line) => escape(line) + '\n').join('\n')).replace(/\xe2\x81\xa0/g, '').split('\f').slice(0, -1);
}

for (const [format, escape] of [['commonmark', escapeMarkdown], ['gfm', escapeMarkdown], ['markdown-smart', escapeMarkdown], ['org-smart', escapeOrg]] as const) {
  test('what people wrote is text and nothing else to pandoc -f ' + format, { skip: NO_PANDOC || NO_PYTHON }, () => {
    const random = makeRandom(11);
    const lines = Array.from({ length: 1500 }, () => makeLine(random)).concat(SIGNS.map((sign) => sign.trim()).filter((sign) => sign !== ''), SIGNS.map((sign) => 'word ' + sign + ' word'.trim()).map((line) => line.replace(/ +/g, ' ')));
    const read = readLines(format, escape, lines);
    const wrong = lines.map((line, i) => [line, read[i]]).filter(([line, got]) => line !== got);
    assert.deepEqual(wrong.slice(0, 10), []);
    assert.equal(read.length, lines.length);
  });
}

// Prints, of each element of a buffer in Org, "TYPE" and what it holds: text, and in brackets the types of all else.
const READ_ORG = `(progn (require 'org) (require 'org-element)
  (let ((coding-system-for-read 'utf-8) (coding-system-for-write 'utf-8))
    (insert-file-contents "lines.org") (org-mode)
    (let ((texts nil))
      (org-element-map (org-element-parse-buffer) (append org-element-all-elements org-element-all-objects) (lambda (one)
        (let ((type (org-element-type one)))
          (unless (memq type '(section paragraph)) (push (format "[%s]" type) texts))
          (when (eq type 'paragraph) (push (buffer-substring-no-properties (org-element-property :contents-begin one) (org-element-property :contents-end one)) texts))))
        nil nil nil t)
      (with-temp-file "texts" (insert (mapconcat #'identity (nreverse texts) "\f"))))))`;

test('what people wrote is text and nothing else to Org itself', { skip: NO_EMACS }, () => {
  const folder = makeTemporary();
  const random = makeRandom(12);
  const lines = Array.from({ length: 1500 }, () => makeLine(random)).concat(SIGNS.map((sign) => sign.trim()).filter((sign) => sign !== ''));
  fs.writeFileSync(path.join(folder, 'lines.org'), lines.map((line) => escapeOrg(line) + '\n').join('\n'), 'latin1');
  const done = run(folder, ['emacs', '-Q', '--batch', '--eval', READ_ORG]);
  assert.equal(done.status, 0, done.stderr);
  const read = fs.readFileSync(path.join(folder, 'texts'), 'latin1').replace(/\xe2\x81\xa0/g, '').split('\f').map((text) => text.replace(/\n+$/, ''));
  const wrong = lines.map((line, i) => [line, read[i]]).filter(([line, got]) => line !== got);
  assert.deepEqual(wrong.slice(0, 10), []);
  assert.equal(read.length, lines.length);
});

/** A journal with everything that can be told, all of it odd. */
function oddJournal(seed: number): AnnotatedRun[] {
  const random = makeRandom(seed);
  const line = (): string => makeLine(random);
  const lines = (): string => [line(), line(), '', line()].slice(0, 1 + random(4)).join('\n');
  return Array.from({ length: 8 }, (_, n) => noted(runAt('2026-11-2' + String(2 + Math.floor(n / 6)) + 'T05:2' + String(n), {
    label: n < 5 ? 'series <i>' : line(), reason: lines(), command: 'x ' + line() + ' ``` y', parameters: ['n*m ' + line()], tags: [line(), line()], directory: line(),
    status: n % 3 === 0 ? 'failed' : 'succeeded', exit: n % 3, signal: n === 3 ? 'SIG<b>' : undefined, outputs: [{ hash: HASH, size: 1, kind: '', path: line() }], removed: [line()], missingOutputs: [line()],
    verdicts: [{ word: 'different', path: line(), detail: line() }], repeats: n === 7 ? '20261122T052039Z-k3f5q2' : undefined,
  }), [{ outcome: lines() }, { comments: [lines(), lines()], author: line() }]));
}

test('printJournalMarkdown() and printJournalOrg() have the headings and commands that were meant, and no other', { skip: NO_PANDOC || NO_PYTHON }, () => {
  for (let seed = 1; seed <= 5; seed++) {
    const journal = tell(oddJournal(seed), false, ['```', '* x', '#+end_example', '- y']);
    const wanted: string[] = [];
    for (const day of journal.days) {
      wanted.push('day ' + day.date);
      for (const entry of day.entries) {
        wanted.push(('run ' + entry.time + (entry.label === undefined ? '' : ' ' + entry.label)).replace(/ +/g, ' '));
        for (const item of entry.items) {
          if (item.kind === 'command') wanted.push('CODE $ ' + item.lines[0]);
          if (item.kind === 'printed') wanted.push('CODE ' + item.lines.join('\n'));
        }
      }
    }
    for (const [format, text, top] of [['commonmark', printJournalMarkdown(journal), 2], ['org-smart', printJournalOrg(journal), 1]] as const) {
      const read = readByPandoc(format, text).replace(/\xe2\x81\xa0/g, '');
      assert.doesNotMatch(read, /\[(?:Link|Image|RawInline|RawBlock|Emph|Code|Math|Quoted|Cite|Note|Table|DefinitionList|OrderedList|BlockQuote|HorizontalRule|Div|Span|Superscript|Subscript|Strikeout)/, format);
      const found = read.split('\f').filter((block) => /^(?:H\d|CODE) /.test(block)).map((block) => block.replace('H' + String(top) + ' ', 'day ').replace('H' + String(top + 1) + ' ', 'run ').replace(/\n$/, ''));
      assert.deepEqual(found.filter((block) => block !== 'H1 Journal'), wanted, format + ' of seed ' + String(seed));
    }
  }
});

const READ_HTML = `
import html.parser, json, sys
allowed = {'html', 'head', 'meta', 'title', 'style', 'body', 'h1', 'h2', 'h3', 'p', 'pre', 'code', 'samp', 'section', 'article', 'time', 'bdi', 'span', 'br'}
texts, stack, faults = [], [], []
class P(html.parser.HTMLParser):
    def handle_starttag(self, tag, attrs):
        if tag not in allowed: faults.append('tag ' + tag)
        for name, value in attrs:
            if name not in ('lang', 'charset', 'http-equiv', 'content', 'name', 'class', 'dir'): faults.append('attribute ' + name)
        if tag in ('meta',): return
        if tag == 'br': texts[-1][1] += '\\n'; return
        stack.append(tag)
        if tag in ('p', 'h3', 'code', 'samp'): texts.append([tag, ''])
    def handle_endtag(self, tag):
        if stack.pop() != tag: faults.append('end of ' + tag)
    def handle_data(self, data):
        if any(t in ('p', 'h3', 'code', 'samp') for t in stack): texts[-1][1] += data.replace('\\n', '') if 'p' in stack else data
    def handle_comment(self, data): faults.append('comment')
    def handle_pi(self, data): faults.append('instruction')
p = P(); p.feed(sys.stdin.buffer.read().decode('utf-8')); p.close()
json.dump([texts, stack, faults], sys.stdout)
`;

test('printJournalHtml(): python3 finds the texts as they were, in no other tags than ours', { skip: NO_PYTHON }, () => {
  for (let seed = 1; seed <= 5; seed++) {
    const journal = tell(oddJournal(seed), false, ['</samp></pre><script>alert(1)</script>', '&lt;']);
    const page = printJournalHtml(journal);
    const done = run(undefined, ['python3', '-c', READ_HTML], { input: Buffer.from(page, 'latin1') });
    assert.equal(done.stderr, '');
    const [texts, stack, faults] = JSON.parse(done.stdout) as [[string, string][], string[], string[]];
    assert.deepEqual([stack, faults], [[], []]);
    const wanted: [string, string][] = [];
    for (const day of journal.days) {
      for (const entry of day.entries) {
        wanted.push(['h3', entry.time + (entry.label === undefined ? '' : ' ' + entry.label) + (entry.id === undefined ? '' : ' ' + entry.id)]);
        for (const item of entry.items) wanted.push([{ text: 'p', command: 'code', printed: 'samp' }[item.kind], (item.name === '' ? '' : item.name + ': ') + item.lines.join('\n')]);
      }
    }
    assert.deepEqual(texts.slice(1).map(([tag, text]) => [tag, Buffer.from(text, 'utf8').toString('latin1')]), wanted, 'seed ' + String(seed));
  }
  assert.equal(escapeHtml('<a href="x\'y">&'), '&lt;a href=&quot;x&#39;y&quot;&gt;&amp;');
});

test('the page of HTML runs nothing and loads nothing in a browser', { skip: NO_CHROMIUM }, async () => {
  const project = makeProject();
  fs.writeFileSync(path.join(project, 'mark.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  const hostile = '<script>document.title="ran"</script><img src="mark.svg" onerror="document.title=\'ran\'">';
  rr(project, ['record', '-q', '--trace', 'none', '-l', hostile, '-m', hostile, '--', 'true']);
  rr(project, ['note', '@', hostile]);
  const html = rr(project, ['journal', '--html']).stdout;
  await withChromium(async (browser) => {
    const look = async (text: string): Promise<[title: string, faults: string[]]> => {
      fs.writeFileSync(path.join(project, 'page.html'), text, 'latin1');
      const page = await browser.makePage();
      await page.open(path.join(project, 'page.html'));
      return [await page.evaluate('document.title') as string, page.faults];
    };
    assert.deepEqual(await look(html), ['Journal', []]);
    // Even if the escaping failed the policy of the page would keep a script from running; without it one runs here.
    const open = '<script>document.title = "ran"</script>';
    assert.equal((await look(html.replace('</body>', open + '</body>')))[0], 'Journal');
    assert.equal((await look(html.replace(/<meta http-equiv[^\n]*\n/, '').replace('</body>', open + '</body>')))[0], 'ran');
  });
});

test('wrapText() keeps the words, and no line is wider, wide characters included', () => {
  const random = makeRandom(5);
  const words = ['a', 'longer', 'x'.repeat(50), '\xe4\xb8\xad'.repeat(30), '\xc3\xa9t\xc3\xa9', '', 'e\xcc\x81'];
  for (let i = 0; i < 500; i++) {
    const text = Array.from({ length: random(20) }, () => words[random(words.length)]).join(' ');
    const width = 10 + random(60);
    const lines = wrapText(text, width);
    assert.ok(lines.every((line) => displayWidth(line) <= width), JSON.stringify(lines));
    assert.equal(lines.join('').replace(/ /g, ''), text.replace(/ /g, ''));
  }
  assert.deepEqual(wrapText('', 10), ['']);
});

test('printJournalText() has no line over 80 columns, whatever it tells', () => {
  for (let seed = 1; seed <= 5; seed++) {
    for (const line of printJournalText(tell(oddJournal(seed), seed % 2 === 0, ['x'.repeat(300)])).split('\n')) assert.ok(displayWidth(line) <= 80, line);
  }
});
