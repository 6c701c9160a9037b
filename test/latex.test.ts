// latex.test.ts - escaped text is LaTeX that pdflatex sets without an error and shows as it was.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { emptyRun } from '../src/core/run.ts';
import { escapeLatex, LATEX_DEFINITION } from '../src/formats/latex.ts';
import { findColumns } from '../src/views/columns.ts';
import { printRunLatex } from '../src/views/runlist.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** Sets a document with this body; returns what pdflatex wrote to its log. */
function typeset(body: string): string {
  const folder = makeTemporary();
  fs.writeFileSync(path.join(folder, 'a.tex'), '\\documentclass{article}\n\\begin{document}\n' + body + '\n\\end{document}\n', 'latin1');
  const done = run(folder, ['pdflatex', '-halt-on-error', '-interaction=nonstopmode', 'a.tex'], { timeoutMs: 120000 });
  const log = fs.existsSync(path.join(folder, 'a.log')) ? fs.readFileSync(path.join(folder, 'a.log'), 'latin1') : '';
  assert.equal(done.status, 0, done.stdout.slice(-1500));
  return log;
}

const NO_LATEX = hasProgram('pdflatex') ? false : 'no pdflatex';

test('escapeLatex() gives ASCII for any text', () => {
  const table: [string, string][] = [
    ['plain', 'plain'], ['a_b%c&d#e$f', 'a\\_b\\%c\\&d\\#e\\$f'], ['{x}^~\\', '\\{x\\}\\^{}\\~{}\\textbackslash{}'], ['--', '-{}-{}'], ["''", "'{}'{}"], ['caf\u00e9', "caf\\'{e}"],
    ['\u00ef', '\\"{\\i{}}'], ['\u1ec7', '\\^{\\d{e}}'], ['\u03b1\u2264\u00b5', '\\ensuremath{\\alpha}\\ensuremath{\\leq}\\ensuremath{\\mu}'], ['\u4e2d', '\\rrcharacter{4E2D}'], ['\u{1f600}', '\\rrcharacter{1F600}'], ['\u00df\u0141', '\\ss{}\\L{}'],
  ];
  for (const [text, expected] of table) assert.equal(escapeLatex(bytes(text)), expected, text);
  let all = '';
  for (let code = 0x20; code < 0x3000; code++) if (code !== 0x7f) all += String.fromCodePoint(code);
  assert.ok(/^[ -~]*$/.test(escapeLatex(bytes(all))));
});

test('pdflatex sets all that escapeLatex() gives', { skip: NO_LATEX }, () => {
  const ranges: [number, number][] = [[0x20, 0x7e], [0xa0, 0x24f], [0x300, 0x36f], [0x370, 0x3ff], [0x400, 0x45f], [0x1e00, 0x1eff], [0x2000, 0x206f], [0x2070, 0x22ff], [0x4e00, 0x4e20], [0x1f600, 0x1f610]];
  const lines = ranges.map(([from, to]) => {
    const words = [];
    for (let code = from; code <= to; code++) words.push(escapeLatex(bytes(String.fromCodePoint(code))) + escapeLatex('a' + bytes(String.fromCodePoint(code)) + bytes(String.fromCodePoint(code)) + 'b'));
    return words.join(' ') + '\n\n';
  });
  const log = typeset(LATEX_DEFINITION + lines.join(''));
  assert.ok(!/Missing character/.test(log), (/Missing character.*/.exec(log) ?? [''])[0]);
});

test('pdflatex sets the tabular of rr list --latex, and pdftotext reads the texts in it', { skip: NO_LATEX }, () => {
  const texts = ['plain', '50% & more_or less #1 $x^2$ {a} \\b ~c', '[1] in front', '* in front', '\u00dcber Stra\u00dfe, na\u00efve caf\u00e9', '\u4e2d\u6587', '\u03b1 \u2264 \u03b2', '<<x>> | "q" -- ---', "`it's` ?` !`", 'new\nline \x1b[31m', '\xff'];
  const runs = texts.map((text, n) => {
    const made = emptyRun('20261122T052039Z-k3f5q' + String(n % 6 + 2), 'true', '2026-11-22T05:20:39.123456Z', '0.1.0');
    return { ...made, label: n === 10 ? text : bytes(text), exit: n, parameters: ['p_1 ' + String(n)] };
  });
  const columns = findColumns(['label', 'exit', 'params', 'id'], runs);
  const folder = makeTemporary();
  const table = Array.from(printRunLatex({ columns, runs, filesOf: () => undefined })).join('');
  assert.match(table, /^[\n -~]*$/);
  const log = typeset(table + '\n\n' + table); // twice in one document
  assert.ok(!/^!/m.test(log));
  if (!hasProgram('pdftotext')) return;
  fs.writeFileSync(path.join(folder, 'a.tex'), '\\documentclass{article}\n\\begin{document}\n' + table + '\\end{document}\n');
  run(folder, ['pdflatex', '-interaction=nonstopmode', 'a.tex'], { timeoutMs: 120000 });
  const shown = run(folder, ['pdftotext', '-layout', 'a.pdf', '-']).stdout;
  for (const text of ['plain', '50% & more', '[1] in front', '* in front', '[U+4E2D]', 'new line %1B', '%FF']) assert.ok(shown.includes(text), text + ' in ' + shown);
});
