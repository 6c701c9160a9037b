// regexes.test.ts - no regular expression of src/ takes the square of a stranger's text: recheck attacks each, V8 judges.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import ts from 'typescript';
import { matchesKey } from '../src/core/paper.ts';
import type { Expression, Finding } from './regexasker.ts';
import { evaluateApart, judge, lacksJudges, run } from './rig.ts';

const TOP = path.resolve(__dirname, '..', '..', '..');
const COMPILED = path.join(__dirname, '..', 'src');

const NAME = 'a name that lies on the disk';
/** Expressions that do take longer, and what bounds the text they are given. */
const BOUNDED: { [expression: string]: string } = {
  '/\\B(?=(?:\\d{3})+$)/g': 'the digits of a number (groupDigits, showCount)',
  '/\\.?0+$/': 'a number printed by toFixed or toPrecision (printSeconds, chartTidy)',
  '/\\.?0+e/': 'a number printed by toExponential (printTick)',
  '/[A-Za-z][A-Za-z0-9+.-]*$/': '64 bytes before a colon (isUserKept)',
  "/(?:^|[\\s;({])\\$((?:\\w+(?:::|'))*)VERSION\\b\\s{0,40}\\)?\\s{0,40}=\\s*(.*)$/": 'a line of at most 4,000 bytes (parsePerlModule)',
  '/(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8,}|(?=[a-f]*\\d)[0-9a-f]{6,7})$/i': 'an identifier of at most 200 bytes (IDENTIFIER)',
  '/\\/(?:linux|darwin)-[a-z0-9_]+(?:-[a-z0-9_]+)?\\/(?:([a-z][a-z-]*)-(\\d[\\w.]*)\\/)?([a-z0-9][a-z0-9-]*?)-(\\d[\\w.-]*?|main|master|develop)-([a-z2-7]{32})\\//': 'a path whose parts have at most 255 bytes (listSpackSpecs)',
  '/^(.+?)-(\\d[\\w.]*)(?:-([A-Za-z].*))?$/': NAME + ' (GEM_NAME)',
  '/^(.+?)-(\\d[\\w.+-]*)$/': NAME + ' (JAR_NAME)',
  '/^(.*\\/(?:site|dist)-packages)\\/(.+)$/': NAME + ' (PYTHON_SITE)',
  '/\\.[^/]*$/': NAME + ' (takeUnlisted)',
  '/\\.(?:so(?:\\.\\d[\\w.+-]*)?|node)$/': NAME + ' (isSharedObjectName)',
  '/^(.*\\/)__pycache__\\/([^/]+)\\.cpython-[^/]*\\.pyc(?:\\.\\d+)?$/': NAME + ' (PYTHON_CACHE)',
};

function spell({ source, flags }: Expression): string {
  return '/' + source + '/' + flags;
}

function* listFiles(folder: string): Generator<string> {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* listFiles(name);
    else if (/\.(?:ts|js)$/.test(entry.name)) yield name;
  }
}

/** Those that stand in src/ but for src/tool, by their text; the value tells where. */
function listLiterals(): Map<string, { expression: Expression; place: string }> {
  const found = new Map<string, { expression: Expression; place: string }>();
  for (const file of listFiles(path.join(TOP, 'src'))) {
    if (file.startsWith(path.join(TOP, 'src', 'tool'))) continue;
    const source = ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), ts.ScriptTarget.ES2020, true);
    const look = (node: ts.Node): void => {
      if (node.kind === ts.SyntaxKind.RegularExpressionLiteral) {
        const text = node.getText(source);
        const end = text.lastIndexOf('/');
        const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
        found.set(text, { expression: { source: text.slice(1, end), flags: text.slice(end + 1) }, place: path.relative(TOP, file) + ':' + String(line) });
      }
      ts.forEachChild(node, look);
    };
    look(source);
  }
  return found;
}

const LIST_MADE = `
const made = [];
globalThis.RegExp = new Proxy(RegExp, { construct(target, words) { const one = new target(...words); made.push({ source: one.source, flags: one.flags }); return one; } });
for (const file of JSON.parse(require('fs').readFileSync(0, 'utf8'))) require(file);
process.stdout.write(JSON.stringify(made));
`;

/** Those that the modules make of constants when they are loaded. */
function listMade(): Expression[] {
  const files = ['core', 'formats', 'views', 'sys', 'commands'].flatMap((folder) => Array.from(listFiles(path.join(COMPILED, folder))));
  const done = run(undefined, [process.execPath, '-e', LIST_MADE], { input: JSON.stringify(files) });
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout) as Expression[];
}

const MATCH = `
const { source, flags, attack } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const expression = new RegExp(source, flags);
const before = process.cpuUsage();
if (expression.global) attack.replace(expression, '');
else expression.exec(attack);
const { user, system } = process.cpuUsage(before);
process.stdout.write(String((user + system) / 1000));
`;
/** By the square of 400,000 bytes it takes a minute and more; what is linear takes a tenth of a second. */
const LINEAR_MS = 2000;

/** What V8 says of the attacks; '' if it takes linear time. recheck counts the steps of an engine that does less to avoid them. */
function judgeAttacks({ source, flags, attacks }: Finding): string {
  for (const attack of attacks) {
    const done = run(undefined, [process.execPath, '-e', MATCH], { input: JSON.stringify({ source, flags, attack }), timeoutMs: 20000 });
    if (done.signal !== null) return String(attack.length) + ' bytes take more than 20 s';
    assert.equal(done.status, 0, done.stderr);
    if (Number(done.stdout) > LINEAR_MS) return String(attack.length) + ' bytes take ' + done.stdout + ' ms of CPU time';
  }
  return '';
}

test('each expression that may take longer stands in src/', () => {
  const literals = listLiterals();
  assert.ok(literals.size > 1000, String(literals.size));
  assert.deepEqual(Object.keys(BOUNDED).filter((expression) => !literals.has(expression)), []);
});

// What took minutes or had no end: file, what is asked of it, and what it says.
const ONCE_SLOW: [string, string, unknown][] = [
  ['views/exportconda.ts', "source.spellCondaPackage({ name: '0-' + '0_0-'.repeat(100000) + '-', version: '1' }) === undefined", true],
  ['formats/shelltext.ts', "source.readShellScript([{ kind: 'text', text: 'cat \"' + '$AA'.repeat(100) }, { kind: 'value', name: 'x', width: 0 }, { kind: 'text', text: ' \"' }]).quotings", ['unclear']],
  ['formats/shelltext.ts', "source.readShellScript([{ kind: 'text', text: 'cat ' + 'sh '.repeat(150000) }, { kind: 'value', name: 'x', width: 0 }]).quotings", ['bare']],
  ['formats/shelltext.ts', "source.readShellScript([{ kind: 'text', text: 'cat ' + '[['.repeat(200000) }, { kind: 'value', name: 'x', width: 0 }]).quotings", ['bare']],
  ['formats/pythonmetadata.ts', "source.parseEditableMapping('MAPPING:\\r'.repeat(40000) + '\\n')", []],
  ['formats/license.ts', "source.findSpdxLine('SPDX-License-Identifier:' + ' '.repeat(400000)) === undefined", true],
  ['formats/secrets.ts', "source.maskText('-eyJ'.repeat(100000), () => 'x').length", 400000],
  ['formats/metrics.ts', "source.readMetricSeries('A'.repeat(300000) + ',b\\n' + '1,2\\n'.repeat(100000), 'm.csv').length", 1],
  ['formats/vcsoutput.ts', "source.closeSpacedNames('Index: \\r'.repeat(50000)).length", 400000],
  ['core/archive.ts', "source.includesProvenance('include \\r'.repeat(40000))", false],
  ['core/paper.ts', "source.matchesKey('#a'.repeat(30) + 'b', 'a'.repeat(100000))", false],
  ['views/citation.ts', "source.printCitation({ metadata: { title: 't', creators: [{ kind: 'person', name: 'A. Author', email: 'a' + '@.'.repeat(50000) + '.'.repeat(150000) + ' ' }], keywords: [], doubts: [], sources: new Map() } }).left.length > 0", true],
  ['views/exportspack.ts', "source.listSpackSpecs(['/linux-p/x' + '-2w'.repeat(130000)]).length", 0],
  ['views/exportleft.ts', "source.commentLine('# ', ' '.repeat(400000) + 'x').length", 400004],
];

test('texts that are a regular expression\'s worst case are read in linear time', () => {
  for (const [file, expression, expected] of ONCE_SLOW) assert.deepEqual(evaluateApart(file, expression), expected, file);
});

test('matchesKey() takes "#1" for anything, nothing too', () => {
  const keys: [string, string, boolean][] = [['a', 'a', true], ['a', 'ab', false], ['a#1', 'a', true], ['a#1b', 'aXb', true], ['ab#1b', 'ab', false], ['#1a#2a#3', 'aXa', true], ['#1a#2a', 'a', false], ['a.#', 'ab', false]];
  for (const [pattern, key, fits] of keys) assert.equal(matchesKey(pattern, key), fits, pattern + ' ' + key);
});

const isAsked = process.env.RR_REGEXES === 'all';
const why = isAsked ? lacksJudges('recheck') : 'make fuzz asks recheck of each expression, two minutes of CPU time';

test('every regular expression of src/ takes linear time, or its text is bounded', { skip: why }, (context) => {
  const literals = listLiterals();
  const all = new Map(Array.from(literals, ([text, { expression }]) => [text, expression]));
  for (const made of listMade()) all.set(spell(made), made);
  // That the judge judges: this one is planted.
  all.set('/ +$/', { source: ' +$', flags: '' });
  const done = run(undefined, [process.execPath, path.join(__dirname, 'regexasker.js'), String(judge('recheck'))], { input: JSON.stringify(Array.from(all.values())), timeoutMs: 1200000 });
  assert.equal(done.status, 0, done.stderr);
  const slow = new Set<string>();
  for (const finding of JSON.parse(Buffer.from(done.stdout, 'latin1').toString()) as Finding[]) {
    const verdict = finding.attacks.length === 0 ? 'recheck cannot tell' : judgeAttacks(finding);
    context.diagnostic(String(literals.get(spell(finding))?.place) + ' ' + spell(finding) + ': ' + finding.says + '; ' + (verdict || 'V8 takes linear time'));
    if (verdict !== '') slow.add(spell(finding));
  }
  assert.ok(slow.delete('/ +$/'), 'the planted one is found');
  assert.deepEqual(Array.from(slow).sort(), Object.keys(BOUNDED).sort());
});
