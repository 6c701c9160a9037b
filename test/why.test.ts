// why.test.ts - rr why and rr used on recorded projects: trees, pictures, JSON, and whether a file is reproducible.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import type { Run, Verdict } from '../src/core/run.ts';
import { emptyRun } from '../src/core/run.ts';
import { parseRun } from '../src/formats/record.ts';
import { EnvironmentComparer } from '../src/sys/environmentnow.ts';
import { projectAt } from '../src/sys/project.ts';
import { printRecord, saveRecord } from '../src/sys/store.ts';
import { hasProgram, IS_ROOT, listRecords, makeProject, makeTemporary, rr, RR_JS, run } from './rig.ts';

type File = { path: string; hash: string; origin: { kind: string; run?: number; file?: number; id?: string }; state?: string; code?: boolean };
type Answer = {
  asked?: { path: string; hash: string }; answer: string; direction: string; start: { kind: string; node: number };
  files: File[]; runs: { id: string; label?: string; level: number; reads: number[]; made: number[]; cut?: boolean }[]; readers: { id: string; label?: string }[];
  reproducible?: { answer: string; exact?: boolean; shown_by?: string[]; reasons?: { reason: string; subject: string; run?: string }[] };
};

function ask(folder: string, verb: 'why' | 'used', args: string[], status = 0): Answer {
  const done = rr(folder, [verb, '--json'].concat(args));
  assert.equal(done.status, status, done.stderr);
  return JSON.parse(done.stdout) as Answer;
}

function record(folder: string, args: string[], command: string): string {
  const done = rr(folder, ['record', '-q', '--trace', 'scan'].concat(args, '--', command));
  assert.equal(done.status, 0, done.stderr);
  const name = listRecords(folder).pop()!;
  return path.basename(name, '.rec');
}

function write(folder: string, name: string, content: string): void {
  fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  fs.writeFileSync(path.join(folder, name), content);
}

/** raw.csv -> top -> left, right -> bottom, a diamond; with code that is read. */
function makeDiamond(): { folder: string; ids: string[] } {
  const folder = makeProject();
  write(folder, 'raw.csv', '3\n1\n');
  write(folder, 'top.sh', 'sort raw.csv > top.txt\n');
  const ids = [
    record(folder, ['-l', 'top', '-p', 'n=1', '-i', 'raw.csv', '-i', 'top.sh', '-o', 'top.txt'], 'sh top.sh; true'),
    record(folder, ['-l', 'left', '-i', 'top.txt', '-o', 'left.txt'], 'sed s/1/left/ top.txt > left.txt'),
    record(folder, ['-l', 'right', '-i', 'top.txt', '-o', 'right.txt'], 'sed s/3/right/ top.txt > right.txt'),
    record(folder, ['-l', 'bottom', '-i', 'left.txt', '-i', 'right.txt', '-o', 'bottom.txt'], 'cat left.txt right.txt > bottom.txt'),
  ];
  return { folder, ids };
}

const labelsOf = (answer: Answer): string[] => answer.runs.map((one) => String(one.label));

test('why tells the whole chain of a file, each run once', () => {
  const { folder, ids } = makeDiamond();
  const answer = ask(folder, 'why', ['bottom.txt']);
  assert.equal(answer.answer, 'made');
  assert.deepEqual(labelsOf(answer), ['bottom', 'left', 'right', 'top']);
  assert.deepEqual(answer.runs.map((one) => one.level), [0, 1, 1, 2]);
  assert.deepEqual(answer.files.filter((file) => file.origin.kind === 'raw').map((file) => file.path + ' ' + String(file.state) + (file.code ? ' code' : '')), ['raw.csv as read', 'top.sh as read code']);
  const text = rr(folder, ['why', 'bottom.txt']).stdout;
  assert.equal(text.split('\n').filter((line) => line.includes('$ ')).length, 4);
  assert.match(text, new RegExp('top\\.txt  [0-9a-f]{12}  \\[by ' + ids[0] + ', see above\\]'));
  assert.deepEqual(ask(folder, 'why', [ids[3]]).runs.map((one) => one.id), answer.runs.map((one) => one.id), 'a RUN, too');
  assert.deepEqual(labelsOf(ask(folder, 'why', ['--depth', '2', 'bottom.txt'])), ['bottom', 'left', 'right']);
});

test('used tells all that depends on a file, and what of it is current', () => {
  const { folder } = makeDiamond();
  const answer = ask(folder, 'used', ['raw.csv']);
  assert.deepEqual(labelsOf(answer), ['top', 'left', 'right', 'bottom']);
  assert.deepEqual(answer.files.filter((file) => file.origin.kind === 'run').map((file) => file.path + ' ' + String(file.state)), ['top.txt current', 'left.txt current', 'right.txt current', 'bottom.txt current']);
  assert.deepEqual(ask(folder, 'why', ['--down', 'raw.csv']), answer);
  fs.unlinkSync(path.join(folder, 'left.txt'));
  fs.appendFileSync(path.join(folder, 'right.txt'), 'x');
  record(folder, ['-l', 'again', '-o', 'bottom.txt'], 'echo > bottom.txt');
  const later = ask(folder, 'used', ['raw.csv']);
  assert.deepEqual(later.files.filter((file) => file.origin.kind === 'run').map((file) => file.path + ' ' + String(file.state)), ['top.txt current', 'left.txt gone', 'right.txt changed since', 'bottom.txt superseded']);
});

test('used finds who read other content of a file, and who read its bytes under another name', () => {
  const { folder } = makeDiamond();
  run(folder, ['cp', 'raw.csv', 'renamed.csv']);
  record(folder, ['-l', 'copy', '-i', 'renamed.csv', '-o', 'copy.out'], 'wc renamed.csv > copy.out');
  assert.deepEqual(labelsOf(ask(folder, 'used', ['raw.csv'])).sort(), ['bottom', 'copy', 'left', 'right', 'top']);
  write(folder, 'raw.csv', 'new\n');
  const answer = ask(folder, 'used', ['raw.csv']);
  assert.deepEqual(labelsOf(answer), ['top', 'left', 'right', 'bottom']);
  assert.equal(answer.files.filter((file) => file.origin.kind === 'other').length, 1);
  assert.equal(ask(folder, 'used', ['bottom.txt'], 1).runs.length, 0, 'nothing depends on it: 1');
});

test('why finds a renamed and a copied file by its bytes', () => {
  const { folder, ids } = makeDiamond();
  fs.renameSync(path.join(folder, 'bottom.txt'), path.join(folder, 'paper.txt'));
  const answer = ask(folder, 'why', ['paper.txt']);
  assert.equal(answer.answer, 'made');
  assert.equal(answer.runs[0].id, ids[3]);
  assert.equal(answer.files[answer.start.node].origin.kind, 'copy');
  assert.match(rr(folder, ['why', 'paper.txt']).stdout, /^paper\.txt {2}[0-9a-f]{12} {2}\[same bytes as bottom\.txt\]\nby /);
  run(folder, ['cp', 'paper.txt', 'other.txt']);
  record(folder, ['-l', 'last', '-i', 'other.txt', '-o', 'last.txt'], 'wc other.txt > last.txt');
  assert.deepEqual(labelsOf(ask(folder, 'why', ['last.txt'])), ['last', 'bottom', 'left', 'right', 'top']);
});

test('why prefers the run that made the file under its own path; of two that did, the later', () => {
  const { folder } = makeDiamond();
  const first = record(folder, ['-l', 'a', '-o', 'a.txt'], 'echo same > a.txt');
  const second = record(folder, ['-l', 'b', '-o', 'b.txt'], 'echo same > b.txt');
  assert.equal(ask(folder, 'why', ['a.txt']).runs[0].id, first);
  run(folder, ['cp', 'a.txt', 'c.txt']);
  assert.equal(ask(folder, 'why', ['c.txt']).runs[0].id, second);
  const third = record(folder, ['-l', 'a2', '-o', 'a.txt'], 'echo same > a.txt; :');
  assert.equal(ask(folder, 'why', ['a.txt']).runs[0].id, third);
  write(folder, 'empty.txt', '');
  record(folder, ['-o', 'void.txt'], ': > void.txt');
  assert.equal(ask(folder, 'why', ['empty.txt'], 1).answer, 'unmade', 'an empty file is nobody\'s');
  assert.equal(ask(folder, 'why', ['void.txt']).answer, 'made');
});

test('why says that no run made a file, that it has changed, that it is gone, with status 1', () => {
  const { folder, ids } = makeDiamond();
  const raw = ask(folder, 'why', ['raw.csv'], 1);
  assert.deepEqual([raw.answer, raw.readers.map((one) => one.id)], ['unmade', [ids[0]]]);
  assert.match(rr(folder, ['why', 'raw.csv']).stdout, new RegExp('^no run made this: raw\\.csv\\nread by\\n {2}' + ids[0] + ' {2}top\\n$'));
  write(folder, 'never.txt', 'never read\n');
  assert.equal(rr(folder, ['why', 'never.txt']).stdout, 'no run made this: never.txt\n');
  fs.appendFileSync(path.join(folder, 'bottom.txt'), 'x');
  const changed = ask(folder, 'why', ['bottom.txt'], 1);
  assert.deepEqual([changed.answer, labelsOf(changed)], ['changed', ['bottom', 'left', 'right', 'top']]);
  assert.match(rr(folder, ['why', 'bottom.txt']).stdout, new RegExp('^bottom\\.txt has changed since ' + ids[3] + ' made it; as it was then:\\n'));
  fs.unlinkSync(path.join(folder, 'bottom.txt'));
  assert.equal(ask(folder, 'why', ['bottom.txt'], 1).answer, 'gone');
  assert.match(rr(folder, ['why', 'bottom.txt']).stdout, new RegExp('^bottom\\.txt is gone; as ' + ids[3] + ' made it:\\n'));
  fs.unlinkSync(path.join(folder, 'raw.csv'));
  assert.deepEqual(labelsOf(ask(folder, 'used', ['raw.csv'])), ['top', 'left', 'right', 'bottom'], 'gone, but its content is on record');
  for (const [args, status] of [[['why', 'nothing'], 1], [['why', '.'], 2], [['why', '--depth', '0', 'left.txt'], 2], [['why', '--dot', '--svg', 'left.txt'], 2]] as [string[], number][]) {
    assert.equal(rr(folder, args).status, status, args.join(' '));
  }
});

// ---- reproducible? ------------------------------------------------------------------------------------

function readRunOf(folder: string, id: string): Run {
  const name = listRecords(folder).find((one) => one.includes(id))!;
  return parseRun(fs.readFileSync(path.join(folder, name), 'latin1'), name);
}

let repeats = 0;

/** A repeat of a run in a scratch tree, with these verdicts. */
function addRepeat(folder: string, id: string, verdicts: string[], environment?: string): string {
  repeats += 1;
  const original = readRunOf(folder, id);
  const repeat = emptyRun('20991122T0520' + String(repeats).padStart(2, '0') + 'Z-aaaaaa', original.command, '2099-11-22T05:20:00.000000Z', '0.1.0');
  Object.assign(repeat, { repeats: id, tree: 'scratch', status: 'succeeded', exit: 0, environment: environment ?? original.environment, inputs: original.inputs, outputs: original.outputs });
  repeat.verdicts = verdicts.map((text) => ({ word: text.split(' ')[0], path: text.split(' ')[1], detail: '' }) as Verdict);
  saveRecord(projectAt(folder), repeat);
  return repeat.id;
}

function reasonsOf(folder: string, file: string): string[] {
  const { reproducible } = ask(folder, 'why', [file]);
  return reproducible!.answer === 'yes' ? ['yes' + (reproducible!.exact ? '' : ' within tolerance')] : [reproducible!.answer].concat(reproducible!.reasons!.map((one) => one.reason + ': ' + one.subject));
}

test('why: reproducible only if each run of the chain was repeated to the same bytes', () => {
  const { folder, ids } = makeDiamond();
  assert.deepEqual(reasonsOf(folder, 'left.txt').filter((reason) => reason.startsWith('never')), ['never repeated: ' + ids[1], 'never repeated: ' + ids[0]]);
  const first = addRepeat(folder, ids[1], ['identical left.txt']);
  assert.deepEqual(reasonsOf(folder, 'left.txt').filter((reason) => !reason.startsWith('reads not watched')), ['unknown', 'never repeated: ' + ids[0]]);
  addRepeat(folder, ids[0], ['identical top.txt']);
  assert.deepEqual(reasonsOf(folder, 'left.txt'), ['yes']);
  assert.match(rr(folder, ['why', 'left.txt']).stdout, new RegExp('\\nreproducible: yes, last shown 2099-11-22 by ' + first + ' \\(2 runs repeated, the first on 2099-11-22\\)\\n$'));
  addRepeat(folder, ids[0], ['tolerance top.txt']);
  assert.deepEqual(reasonsOf(folder, 'left.txt'), ['yes within tolerance']);
  addRepeat(folder, ids[0], ['unchecked top.txt']);
  assert.deepEqual(reasonsOf(folder, 'left.txt'), ['yes within tolerance'], 'one that tells nothing does not count');
  const bad = addRepeat(folder, ids[0], ['different top.txt']);
  assert.deepEqual(reasonsOf(folder, 'left.txt'), ['no', 'came out differently: top.txt came out differently when ' + bad + ' repeated ' + ids[0]]);
  assert.deepEqual(reasonsOf(folder, 'bottom.txt')[0], 'no', 'below it, too');
  addRepeat(folder, ids[0], ['identical top.txt', 'extra other.txt']);
  assert.deepEqual(reasonsOf(folder, 'left.txt'), ['yes']);
  addRepeat(folder, ids[0], ['missing top.txt']);
  assert.equal(reasonsOf(folder, 'left.txt')[0], 'no');
});

test('why: not known to be reproducible once something changed since, each thing named', () => {
  const { folder, ids } = makeDiamond();
  for (const [id, name] of [[ids[0], 'top.txt'], [ids[1], 'left.txt']]) addRepeat(folder, id, ['identical ' + name]);
  assert.deepEqual(reasonsOf(folder, 'left.txt'), ['yes']);
  fs.appendFileSync(path.join(folder, 'top.sh'), '#\n');
  fs.unlinkSync(path.join(folder, 'raw.csv'));
  fs.unlinkSync(path.join(folder, 'top.txt'));
  assert.deepEqual(reasonsOf(folder, 'left.txt'), ['unknown', 'changed since: code top.sh, read by ' + ids[0], 'gone: input raw.csv, read by ' + ids[0]], 'what can be made again may be gone');
  write(folder, 'raw.csv', '3\n1\n');
  write(folder, 'top.sh', 'sort raw.csv > top.txt\n');
  assert.deepEqual(reasonsOf(folder, 'left.txt'), ['yes']);
  const other = '0'.repeat(64);
  addRepeat(folder, ids[0], ['identical top.txt'], other);
  assert.deepEqual(reasonsOf(folder, 'left.txt'), ['unknown', 'environment differs: the record of the environment, provenance/environments/' + other + '.rec, is not there'], 'the environment of the last repeat counts');
});

test('why: what its record alone says of a run', () => {
  const folder = makeProject();
  const secret = record(folder, ['-o', 's.txt'], 'echo x > s.txt # --password=hunter2hunter2');
  assert.ok(reasonsOf(folder, 's.txt').some((reason) => reason === 'cannot be repeated: ' + secret + ': its command holds a secret that was not recorded'));
  assert.ok(reasonsOf(folder, 's.txt').some((reason) => reason === 'reads not watched: ' + secret + ' (scan)'));
  assert.equal(rr(folder, ['record', '-q', '--trace', 'scan', '-o', 'f.txt', '--', 'echo f > f.txt; exit 3']).status, 3);
  assert.ok(reasonsOf(folder, 'f.txt').some((reason) => /^did not succeed: \S+ \(failed\)$/.test(reason)));
});

test('EnvironmentComparer tells changed programs, and packages of dpkg and Python by version', { skip: hasProgram('dpkg-query') ? false : 'no dpkg' }, () => {
  const folder = makeProject();
  const prefix = makeTemporary();
  fs.mkdirSync(path.join(prefix, 'bin'));
  fs.copyFileSync('/bin/true', path.join(prefix, 'bin/python3.11'));
  const site = path.join(prefix, 'lib/python3.11/site-packages/Some_Thing-2.0.dist-info');
  fs.mkdirSync(site, { recursive: true });
  fs.writeFileSync(path.join(site, 'METADATA'), 'Metadata-Version: 2.1\nName: Some-Thing\nVersion: 2.0\n\n');
  const version = run(undefined, ['dpkg-query', '-W', '-f', '${Version}', 'base-files']).stdout;
  const sum = (name: string): string => run(undefined, ['sha256sum', name]).stdout.slice(0, 64);
  const python = path.join(prefix, 'bin/python3.11');
  const changesOf = (lines: string[]): string[] => {
    const hash = String(repeats++).padStart(64, '0');
    fs.mkdirSync(path.join(folder, 'provenance/environments'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'provenance/environments', hash + '.rec'), '# rr environment record, format 1; described in provenance/README.txt\n' + lines.map((line) => line + '\n').join(''));
    return new EnvironmentComparer(projectAt(folder)).changesOf(hash).map((change) => change.subject);
  };
  const program = 'Executable: ' + sum(python) + '  1x ' + python;
  assert.deepEqual(changesOf([program, 'Package: python some-thing 2.0', 'Package: dpkg base-files ' + version + ' amd64', 'Package: r dplyr 1.0', 'File: ?  1 /etc/shadow']), []);
  assert.deepEqual(changesOf([program, 'Package: python some-thing 1.0']), ['package some-thing 1.0 is 2.0']);
  assert.deepEqual(changesOf(['Package: dpkg base-files 0.1 amd64']), ['package base-files 0.1 is ' + version]);
  assert.deepEqual(changesOf(['Package: dpkg no-such-package-here 0.1 amd64']), ['package no-such-package-here 0.1 is not installed']);
  assert.deepEqual(changesOf(['Package: python elsewhere 1.0', program]), [], 'it may be where the record does not tell');
  const other = path.join(prefix, 'venv/lib/python3.11/site-packages');
  fs.mkdirSync(path.join(other, 'some_thing-1.0.dist-info'), { recursive: true });
  fs.writeFileSync(path.join(other, 'some_thing-1.0.dist-info/METADATA'), 'Metadata-Version: 2.1\nName: some-thing\nVersion: 1.0\n\n');
  fs.writeFileSync(path.join(other, 'x.so'), '');
  assert.deepEqual(changesOf([program, 'Package: python some-thing 1.0', 'Site: ' + other]), [], 'the interpreter of a virtual environment finds other packages elsewhere');
  assert.deepEqual(changesOf([program, 'Package: python some-thing 2.0', 'Site: ' + other]), ['package some-thing 2.0 is 1.0']);
  assert.deepEqual(changesOf([program, 'Package: python some-thing 1.0', 'Library: ' + sum(path.join(other, 'x.so')) + '  0 ' + path.join(other, 'x.so')]), [], 'a record without Site');
  const wrong = 'Library: ' + '0'.repeat(64) + '  1 ' + python;
  assert.deepEqual(changesOf([wrong]), ['library ' + python + ' has changed']);
  assert.deepEqual(changesOf([wrong, 'Package: dpkg base-files 0.1 amd64', 'Owner: dpkg base-files ' + python]), ['package base-files 0.1 is ' + version], 'one line for a package and its files');
  fs.writeFileSync(path.join(folder, 'pyvenv.cfg'), 'x');
  assert.deepEqual(changesOf(['File: ' + sum(path.join(folder, 'pyvenv.cfg')) + '  1 pyvenv.cfg']), [], 'a file of the project');
  assert.deepEqual(changesOf(['Executable: ' + '0'.repeat(64) + '  1x /no/such/program']), ['program /no/such/program is gone']);
});

// ---- pictures -----------------------------------------------------------------------------------------

const HOSTILE = ['a "b" \\N.txt', 'c & <d> &amp; \'e\'.txt', 'f\x1b[31m]]>.txt', '\xe2\x80\xae g.txt', 'h\xef\xbf\xbe.txt', '\xc3\xa4\xe6\xbc\xa2.txt', 'i\n} digraph {.txt', 'j\xff.txt'];

function makeHostile(): string {
  const folder = makeProject();
  for (const name of HOSTILE) fs.writeFileSync(Buffer.from(folder + '/' + name, 'latin1'), name, 'latin1');
  record(folder, ['-l', '"<&\\', '-i', '*.txt', '-o', 'out'], 'cat ./*.txt > out # "<&>\\N');
  return folder;
}

test('why --dot: Graphviz reads it, node for node and edge for edge', { skip: hasProgram('dot') ? false : 'no dot' }, () => {
  for (const [folder, file] of [[makeDiamond().folder, 'bottom.txt'], [makeHostile(), 'out']]) {
    for (const verb of ['why', 'used'] as const) {
      const asked = verb === 'why' ? file : file === 'out' ? HOSTILE[0] : 'raw.csv';
      const dot = rr(folder, [verb, '--dot', '--all', asked]);
      const answer = ask(folder, verb, [asked]);
      const plain = run(folder, ['dot', '-Tplain'], { input: Buffer.from(dot.stdout, 'latin1') });
      assert.equal(plain.stderr, '');
      const count = (word: string): number => plain.stdout.split('\n').filter((line) => line.startsWith(word + ' ')).length;
      assert.equal(count('node'), answer.files.length + answer.runs.length);
      const links = answer.files.filter((one) => one.origin.kind === 'run' || one.origin.kind === 'copy').length;
      assert.equal(count('edge'), answer.runs.reduce((sum, one) => sum + one.reads.length, 0) + links);
    }
  }
});

const READ_SVG = `
import sys, json, xml.etree.ElementTree as tree
root = tree.parse(sys.stdin.buffer).getroot()
ns = '{http://www.w3.org/2000/svg}'
boxes = []
for group in root.iter(ns + 'g'):
    rect = group.find(ns + 'rect')
    box = [float(rect.get(key)) for key in ('x', 'y', 'width', 'height')]
    boxes.append((box, [text.text for text in group.findall(ns + 'text')], group.find(ns + 'title').text))
    for text in group.findall(ns + 'text'):
        assert box[0] < float(text.get('x')) and float(text.get('x')) + 7.25 * len(text.text) <= box[0] + box[2], text.text
        assert box[1] < float(text.get('y')) <= box[1] + box[3], text.text
width, height = float(root.get('width')), float(root.get('height'))
for i, (a, _, _) in enumerate(boxes):
    assert a[0] >= 0 and a[1] >= 0 and a[0] + a[2] <= width and a[1] + a[3] <= height
    for b, _, _ in boxes[:i]:
        assert a[0] + a[2] <= b[0] or b[0] + b[2] <= a[0] or a[1] + a[3] <= b[1] or b[1] + b[3] <= a[1], 'boxes overlap'
print(json.dumps([[lines, title] for _, lines, title in boxes]))
`;

function readSvg(folder: string, args: string[]): [string[], string][] {
  const svg = rr(folder, args);
  assert.equal(svg.stderr, '');
  const done = run(folder, ['python3', '-c', READ_SVG], { input: Buffer.from(svg.stdout, 'latin1') });
  assert.equal(done.status, 0, done.stderr);
  assert.equal(svg.stdout, rr(folder, args).stdout, 'the same picture each time');
  return JSON.parse(done.stdout) as [string[], string][];
}

test('why --svg: well-formed, each file and run in a box of its own that holds its text', { skip: hasProgram('python3') ? false : 'no python3' }, () => {
  const diamond = readSvg(makeDiamond().folder, ['why', '--svg', 'bottom.txt']);
  assert.equal(diamond.length, 10);
  assert.deepEqual(diamond.map(([lines]) => lines[0]).sort(), ['bottom', 'bottom.txt', 'left', 'left.txt', 'raw.csv', 'right', 'right.txt', 'top', 'top.sh', 'top.txt']);
  const folder = makeHostile();
  const titles = readSvg(folder, ['why', '--svg', '--all', 'out']).map(([, title]) => title.split('\n')[0]);
  for (const name of ['a "b" \\N.txt', 'c & <d> &amp; \'e\'.txt', 'f%1B[31m]]>.txt', '%E2%80%AE g.txt', 'h%EF%BF%BE.txt', '\u00e4\u6f22.txt', 'i%0A} digraph {.txt', 'j%FF.txt']) assert.ok(titles.includes(name), name + ' in ' + titles.join('|'));
});

test('why --svg folds long lists of files that lead nowhere else', { skip: hasProgram('python3') ? false : 'no python3' }, () => {
  const folder = makeProject();
  for (let i = 0; i < 30; i++) write(folder, 'in/f' + String(i) + '.txt', String(i));
  record(folder, ['-l', 'many', '-i', 'in', '-o', 'out'], 'cat in/* > out');
  const boxes = readSvg(folder, ['why', '--svg', 'out']);
  assert.equal(boxes.length, 12);
  assert.ok(boxes.some(([lines]) => lines.includes('and 20 more files (--all)')));
  assert.equal(readSvg(folder, ['why', '--svg', '--all', 'out']).length, 32);
  const text = rr(folder, ['why', 'out']).stdout;
  assert.match(text, /^`- and 20 more \(--all\)$/m);
  assert.equal(rr(folder, ['why', '--all', 'out']).stdout.split('\n').filter((line) => /in\/f\d+\.txt/.test(line)).length, 30);
});

test('why: nothing printed obeys a terminal, and JSON is JSON for python3', { skip: hasProgram('python3') ? false : 'no python3' }, () => {
  const folder = makeHostile();
  for (const args of [['why', '--all', 'out'], ['used', '--all', HOSTILE[0]], ['why', '--dot', '--all', 'out'], ['why', '--svg', '--all', 'out'], ['why', HOSTILE[2]]]) {
    assert.doesNotMatch(rr(folder, args).stdout, /[\0-\x09\x0b-\x1f\x7f]|\xe2\x80\xae/, args.join(' '));
  }
  const done = run(folder, ['python3', '-c', 'import json, sys, urllib.parse\nfor one in json.loads(sys.stdin.buffer.read())["files"][1:]: sys.stdout.buffer.write(urllib.parse.unquote_to_bytes(one["path"]) + b"\\0")'],
    { input: Buffer.from(rr(folder, ['why', '--json', 'out']).stdout, 'latin1') });
  assert.deepEqual(done.stdout.split('\0').slice(0, -1).sort(), HOSTILE.slice().sort());
});

// ---- size and place -----------------------------------------------------------------------------------

test('why and used go through a chain of 1,000 runs', () => {
  const folder = makeProject();
  const project = projectAt(folder);
  const hash = (n: number): string => String(n).padStart(64, '0');
  const stamp = (n: number): string => '20261101T' + new Date(n * 1000).toISOString().slice(11, 19).replace(/:/g, '') + 'Z-aaaaaa';
  for (let n = 0; n < 1000; n++) {
    const one = emptyRun(stamp(n), './step ' + String(n), '2026-11-01T00:00:00.000000Z', '0.1.0');
    Object.assign(one, { status: 'succeeded', observed: 'strace 6.1', inputs: [{ path: 'state', hash: hash(n + 1), size: 1, kind: '' }], outputs: [{ path: 'state', hash: hash(n + 2), size: 1, kind: '' }] });
    const name = path.join(project.provenance, 'runs/2026-11', one.id + '.rec');
    fs.mkdirSync(path.dirname(name), { recursive: true });
    fs.writeFileSync(name, printRecord(one), 'latin1');
  }
  const answer = ask(folder, 'why', ['state'], 1);
  assert.equal(answer.answer, 'gone');
  assert.equal(answer.runs.length, 1000);
  assert.equal(answer.runs[999].level, 999);
  const text = rr(folder, ['why', 'state'], { env: { COLUMNS: '80' } }).stdout;
  assert.equal(text.split('\n').filter((line) => line.includes('$ ./step ')).length, 1000);
  assert.equal(ask(folder, 'used', [stamp(0)]).runs.length, 1000);
});

test('why and used write nothing where there is no .rr, and work in a copy that may not be written', { skip: IS_ROOT && hasProgram('setpriv') ? false : 'needs root and setpriv' }, () => {
  const { folder } = makeDiamond();
  const copy = makeTemporary();
  run(folder, ['sh', '-c', 'cp -R . "$1" && rm -rf "$1"/.rr && chmod -R a+rX,a-w "$1"', 'sh', copy]);
  const list = (): string => run(copy, ['find', '.', '-printf', '%p %s %T@ %C@\n']).stdout;
  const before = list();
  for (const args of [['why', 'bottom.txt'], ['used', 'raw.csv'], ['why', '--svg', 'bottom.txt']]) {
    const expected = rr(folder, args);
    assert.equal(rr(copy, args).stdout, expected.stdout);
    const other = run(copy, ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, RR_JS].concat(args));
    assert.deepEqual([other.status, other.stdout, other.stderr], [0, expected.stdout, '']);
  }
  assert.equal(list(), before);
});

test('rr why keeps the answer within the columns of the terminal, in full', { skip: hasProgram('script') && hasProgram('strace') ? false : 'script(1) or strace is missing' }, () => {
  const folder = makeProject();
  write(folder, 'in', '1\n');
  for (const command of ['cp in middle', 'cp middle out']) assert.equal(rr(folder, ['record', '-q', '--', command]).status, 0);
  assert.equal(rr(folder, ['rerun', '-q', '--all']).status, 0);
  const shown = run(folder, ['script', '-qec', 'node ' + RR_JS + ' why out', '/dev/null'], { env: { COLUMNS: '60' } }).stdout.replace(/\r/g, '');
  assert.deepEqual(shown.split('\n').filter((line) => line.length > 60), []);
  assert.match(shown.replace(/\n */g, ' '), /reproducible: yes, last shown .* by .* \(2 runs repeated, the first on [-0-9]*\) $/);
});
