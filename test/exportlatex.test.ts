// exportlatex.test.ts - macros of recorded values, set by TeX itself, and papers that are not as recorded.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { scanTex } from '../src/formats/tex.ts';
import { hasProgram, listRecords, makeProject, rr, run } from './rig.ts';

const LABEL = 'a#b%c\\d{e}f~g^h_i"j  k&$l=m\'/x:\u00fc';
const KEY = 'a=23b=25c=5Cd=7Be=7Df=7Eg=5Eh_i=22j=20=20k=26=24l=3Dm=27=2Fx=3A\u00fc';

function write(project: string, name: string, text: string): void {
  fs.mkdirSync(path.dirname(path.join(project, name)), { recursive: true });
  fs.writeFileSync(path.join(project, name), text);
}

function record(project: string, label: string, metrics: { [name: string]: unknown }, more: string[] = [], also = 'true'): void {
  write(project, 'in.json', JSON.stringify(metrics));
  const done = rr(project, ['record', '-q', '--trace', 'scan', '-l', label, '--metrics', 'm.json', '-o', 'm.json', ...more, '--', 'cat in.json > m.json; ' + also]);
  assert.equal(done.status, 0, done.stderr);
}

function exportValues(project: string, more: string[] = []): string {
  const done = rr(project, ['export', 'latex', '-f', '-o', 'values.tex', ...more]);
  assert.equal(done.status, 0, done.stderr);
  return fs.readFileSync(path.join(project, 'values.tex'), 'utf8');
}

function setPaper(project: string, body: string, before = ''): void {
  write(project, 'paper.tex', '\\documentclass{article}\n' + before + '\\input{values}\n\\begin{document}\n' + body + '\\end{document}\n');
}

function check(project: string, more: string[] = []): { status: number | null; found: string[]; told: string } {
  const done = rr(project, ['export', 'latex', '--check', 'paper.tex', ...more]);
  return { status: done.status, found: done.stdout.split('\n').filter((line) => line !== ''), told: done.stderr };
}

const BODY = 'A \\rr{' + KEY + '/rmse} B \\rr{fit/val/loss} C \\rr{fit/best=20model} D \\rr{fit/param:name} E \\rr{scan:2/y} F\n\n'
  + '\\rrresult{fig/a_b.txt}\\rrnote{fit/rmse}\n\n\\section{On \\rr{fit/rmse}}\n\n\\edef\\x{\\rr{fit/rmse}}\\ifdim\\x pt>0.12pt bigger\\fi\n';

function makePaper(): string {
  const project = makeProject();
  record(project, 'fit', { rmse: 0.125, 'val/loss': -1e-9, 'best model': '50% of #1 \\x {y} _z' }, ['-p', 'name=50% & {x}~^', '-o', 'fig/a_b.txt'], 'mkdir -p fig; echo 1 > fig/a_b.txt');
  record(project, LABEL, { rmse: 7.25 });
  const sweep = rr(project, ['sweep', '-q', '-l', 'scan', '-p', 'x=1,2', '--metrics', 'o/{n}.json', '-o', 'o/{n}.json', '--', 'mkdir -p o; echo "{\\"y\\": 0.{x}5}" > o/{n}.json']);
  assert.equal(sweep.status, 0, sweep.stderr);
  exportValues(project);
  setPaper(project, BODY);
  return project;
}

for (const engine of ['pdflatex', 'lualatex', 'xelatex']) {
  const isThere = hasProgram(engine) && hasProgram('pdftotext');
  test(engine + ' sets the values of hostile labels and texts as they were recorded', { skip: isThere ? false : 'no ' + engine + ' or no pdftotext' }, () => {
    const project = makePaper();
    const done = run(project, [engine, '-halt-on-error', '-interaction=nonstopmode', 'paper.tex'], { timeoutMs: 300000 });
    // A machine may have the engine without what it needs to start.
    assert.equal(done.status, 0, done.stdout.slice(-1500));
    const text = run(project, ['pdftotext', '-raw', 'paper.pdf', '-']).stdout.replace(/\s+/g, ' ');
    // An underscore of the old fonts is a rule, no character; their "~" and "^" are accents.
    assert.match(text, /A 7\.25 B -1e-9 C 50% of #1 \\x \{y\} _?z D 50% & \{x\}\S{2,6} E 0\.25 F/);
    assert.match(text, /fig\/a[_ ]b\.txt \(SHA-256 [0-9a-f]{12}, run \d{8}T\d{6}Z-[a-z2-7]{6}\)/);
    assert.match(text, /On 0\.125 bigger/);
  });
}

test('TeX stops at a name that nothing recorded has', { skip: hasProgram('pdflatex') ? false : 'no pdflatex' }, () => {
  const project = makePaper();
  setPaper(project, '\\rr{fit/rmze}\n');
  const done = run(project, ['pdflatex', '-halt-on-error', '-interaction=nonstopmode', 'paper.tex'], { timeoutMs: 120000 });
  assert.notEqual(done.status, 0);
  assert.match(done.stdout.replace(/\n/g, ''), /nothing recorded is called "fit\/rmze"/);
});

test('rr export latex gives the same bytes in other surroundings, and the last run of a label', () => {
  const project = makePaper();
  const text = exportValues(project);
  const other = path.join(project, '..', path.basename(project) + '-other');
  assert.equal(run(undefined, ['cp', '-a', project, other]).status, 0);
  try {
    assert.equal(rr(other, ['export', 'latex'], { env: { TZ: 'Asia/Tokyo', LANG: 'tr_TR.UTF-8', LC_ALL: '' } }).stdout, Buffer.from(text, 'utf8').toString('latin1'));
  } finally {
    fs.rmSync(other, { recursive: true });
  }
  record(project, 'fit', { rmse: 0.5 });
  assert.match(exportValues(project), /\\rrvalue\{fit\/rmse\}\{0\.5\}/);
  assert.doesNotMatch(exportValues(project), /\\rrvalue\{fit\/rmse\}\{0\.125\}/);
  const used = exportValues(project, ['--paper', 'paper.tex']);
  assert.match(used, /\{scan:2\/y\}/);
  assert.doesNotMatch(used, /\{scan:1\/y\}/);
});

test('rr export latex --check tells stale, edited, unused and undefined by file and line', () => {
  const project = makeProject();
  record(project, 'fit', { rmse: 0.125, loss: 2 });
  exportValues(project);
  setPaper(project, '% \\rr{not/this}\n\\verb|\\rr{nor/this}|\n\\begin{verbatim}\n\\rr{nor/that}\n\\end{verbatim}\n\\iffalse \\rr{nor/here} \\fi\n50\\% \\rr{fit/rmse} \\input{parts/two}\n');
  write(project, 'parts/two.tex', 'Text\n\\rr{fit/loss}\n');
  assert.deepEqual(check(project), { status: 0, found: ['paper.tex: 2 values and 0 files, as recorded'], told: '' });
  const macros = fs.readFileSync(path.join(project, 'values.tex'), 'utf8');
  const lineOf = (text: string): string => String(macros.split('\n').findIndex((line) => line.startsWith('\\rrvalue{' + text)) + 1);
  write(project, 'values.tex', macros.replace('{fit/rmse}{0.125}', '{fit/rmse}{0.12}'));
  assert.match(check(project).found.join('\n'), new RegExp('^values\\.tex:' + lineOf('fit/rmse') + ': \\\\rr\\{fit/rmse\\}: "0\\.12" was changed by hand: run \\S+ recorded "0\\.125"$'));
  assert.equal(check(project).status, 1);
  write(project, 'values.tex', macros);
  write(project, 'parts/two.tex', '\n\n\\rr{fit/los}\n');
  assert.deepEqual(check(project).found, ['parts/two.tex:3: \\rr{fit/los}: not defined, and nothing recorded is called so', 'values.tex:' + lineOf('fit/loss') + ': \\rr{fit/loss}: used nowhere in the paper']);
  write(project, 'parts/two.tex', '\\newcommand\\v[1]{\\rr{fit/#1}}\n');
  assert.equal(check(project).status, 0, 'a name that a macro puts together may be any');
  record(project, 'fit', { rmse: 0.25, loss: 2 });
  const stale = check(project);
  assert.equal(stale.found.length, 1, stale.found.join('\n'));
  assert.match(stale.found[0], new RegExp('^values\\.tex:' + lineOf('fit/rmse') + ': \\\\rr\\{fit/rmse\\}: "0\\.125" is stale: run \\S+ recorded "0\\.25"$'));
  write(project, 'values.tex', macros.replace('\\newcommand\\rrid', '\\newcommand\\rrids'));
  assert.match(check(project).found[0], /^values\.tex:\d+: changed by hand: not as/);
  fs.unlinkSync(path.join(project, 'values.tex'));
  assert.match(check(project).told, /it takes in no file that "rr export latex" made\nrr: hint: say which: --macros FILE/);
});

test('rr export latex --check compares pictures, data and tables with what was recorded', () => {
  const project = makeProject();
  write(project, 'raw.csv', 'x,y\n1,2\n');
  write(project, 'logo.png', 'by hand');
  record(project, 'plot', { n: 1 }, ['-i', 'raw.csv', '-o', 'fig', '-o', 'tab'], 'mkdir -p fig tab; echo 1 > fig/a.pdf; echo 1 > fig/b.png; echo 1 > tab/t.tex; cat raw.csv > tab/d.dat');
  exportValues(project);
  const body = '\\rr{plot/n}\n\\includegraphics[width=3cm]{a}\n\\includegraphics* [a] [b] {b.png} % \\includegraphics{c}\n\\input{tab/t}\n\\addplot+ [red] table [x=a] {tab/d.dat};\n\\csvautotabular{raw.csv}\n\\includegraphics{logo}\n\\includegraphics{#1}\n';
  setPaper(project, body, '\\graphicspath{{./fig/}{other/}}\n');
  const fine = check(project);
  assert.equal(fine.status, 0, fine.found.join('\n'));
  assert.deepEqual(fine.told.split('\n'), ['rr: paper.tex:11: "logo.png": no recorded run made it', 'rr: paper.tex:12: \\includegraphics{#1}: which file that is cannot be told here; not looked at', '']);
  for (const name of ['fig/a.pdf', 'fig/b.png', 'tab/t.tex', 'tab/d.dat', 'raw.csv']) fs.appendFileSync(path.join(project, name), '%x\n');
  const found = check(project, ['-q']);
  const id = path.basename(listRecords(project)[0], '.rec');
  assert.equal(found.status, 1);
  assert.deepEqual(found.found, [
    'paper.tex:6: "fig/a.pdf" is not as run ' + id + ' made it', 'paper.tex:7: "fig/b.png" is not as run ' + id + ' made it', 'paper.tex:8: "tab/t.tex" is not as run ' + id + ' made it',
    'paper.tex:9: "tab/d.dat" is not as run ' + id + ' made it', 'paper.tex:10: "raw.csv" is not as any run read it',
  ]);
  assert.equal(found.told, '');
  // pdfLaTeX takes a.pdf, not a.png; what is not there is said; nothing outside the project is read.
  setPaper(project, '\\rr{plot/n}\\includegraphics{none}\\lstinputlisting{/etc/hostname}\\input{../../etc/passwd}\n');
  assert.deepEqual(check(project).found, ['paper.tex:4: "none": there is no such file']);
  assert.match(check(project).told, /"\/etc\/hostname": it lies outside the project\n/);
});

test('scanTex() knows arguments, comments in them and what is no command', () => {
  const uses = scanTex('\\\\rr{no} \\% \\rr{a%c\n  b} \\rr {c}\\rrx{d} \\input e \\input{f\\g{h}} \\lstinline[x]{\\rr{no}} \\verb*!\\rr{no}! \\begin{lstlisting}[a]\n\\rr{no}\n\\end{lstlisting}\n\\if1\\iffalse\\ifx a\\rr{no}\\fi\\else\\rr{yes}\\fi\\fi\n\\rr{last}\\end{document}\\rr{no}', { rr: 'm', input: 'f' });
  assert.deepEqual(uses.map((use) => use.name + ' ' + use.args.join() + ' ' + String(use.line)), ['rr ab 1', 'rr c 2', 'input e 2', 'input f\\g{h} 2', 'rr yes 5', 'rr last 6']);
});
