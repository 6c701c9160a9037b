// rundiff.test.ts - in what runs differ: made-up runs, their page, and recorded projects.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { emptyRun } from '../src/core/run.ts';
import type { FileState, Run } from '../src/core/run.ts';
import { compareRuns, hasDifference, isSameAspect, isSameRow } from '../src/core/rundiff.ts';
import type { DiffAspect, RunDifference } from '../src/core/rundiff.ts';
import { findCounterpart } from '../src/core/select.ts';
import { parseEnvironment } from '../src/formats/environment.ts';
import { parseRun } from '../src/formats/record.ts';
import { hashBytes } from '../src/sys/hash.ts';
import { printRecord } from '../src/sys/store.ts';
import { printJsonDifference } from '../src/views/rundiffjson.ts';
import { printRunDifference } from '../src/views/rundiff.ts';
import { displayWidth } from '../src/views/table.ts';
import { hasProgram, makeProject, makeTemporary, rr, run } from './rig.ts';
import { missingOf } from './watchrig.ts';

// ---- made-up runs -------------------------------------------------------------------------------------

function makeRun(number: number, facts: Partial<Run> = {}): Run {
  return { ...emptyRun('2026112' + String(number) + 'T000000Z-aaaaaa', 'true', '2026-11-2' + String(number) + 'T00:00:00.000000Z', '0.1.0'), status: 'succeeded', exit: 0, observed: 'strace 6.1', ...facts };
}

/** A file whose content is told by a word. */
function makeFile(name: string, word: string, kind: FileState['kind'] = ''): FileState {
  return { hash: word === '?' ? '?' : hashBytes(word), size: word.length, kind, path: name };
}

function compare(runs: Run[], environments: string[] = []): RunDifference {
  return compareRuns(runs, runs.map((_, i) => (environments[i] === undefined ? undefined : parseEnvironment(environments[i]))), runs.map(() => []));
}

function aspectOf(difference: RunDifference, name: string): DiffAspect {
  const found = difference.aspects.find((aspect) => aspect.name === name);
  assert.ok(found !== undefined, name + ' is among ' + difference.aspects.map((aspect) => aspect.name).join(' '));
  return found;
}

/** "NAME: CHANGE CHANGE" of each row that differs. */
function changesOf(difference: RunDifference, name: string): string[] {
  return aspectOf(difference, name).rows.filter((row) => !isSameRow(row)).map((row) => row.name + ': ' + row.changes.slice(1).join(' '));
}

test('compareRuns() compares what has a name by its name, with the first run', () => {
  const difference = compare([
    makeRun(1, { parameters: ['a 1', 'b 2', 'e '], variables: ['X=1', 'Y==='], inputs: [makeFile('in', 'one'), makeFile('other', 'x')] }),
    makeRun(2, { parameters: ['a 1', 'b 3', 'c 4'], variables: ['X=1', 'Y=='], inputs: [makeFile('in', 'two'), makeFile('other', 'x')] }),
    makeRun(3, { parameters: ['b 2', 'a 1', 'e '], variables: ['Y===', 'X=1'], inputs: [makeFile('other', 'x'), makeFile('in', 'one')] }),
  ]);
  assert.deepEqual(changesOf(difference, 'parameters'), ['b: changed same', 'c: added same', 'e: gone same']);
  assert.deepEqual(changesOf(difference, 'variables'), ['Y: changed same']);
  assert.deepEqual(changesOf(difference, 'inputs'), ['in: changed same']);
  assert.equal(hasDifference(difference), true);
});

test('compareRuns() counts neither time nor memory nor how it was observed as a difference', () => {
  const difference = compare([makeRun(1, { wallS: 1, peakMemoryBytes: 5 }), makeRun(2, { wallS: 2, peakMemoryBytes: 6, observed: 'scan', tree: 'scratch' })]);
  assert.equal(hasDifference(difference), false);
  assert.deepEqual(difference.aspects.filter((aspect) => !isSameAspect(aspect)).map((aspect) => aspect.name), ['tree', 'observed', 'wall_s', 'peak_memory_bytes']);
});

test('compareRuns() takes no file for the same whose hash is not known, but for system files that are never hashed', () => {
  assert.deepEqual(changesOf(compare([makeRun(1, { inputs: [makeFile('in', '?')] }), makeRun(2, { inputs: [makeFile('in', '?')] })]), 'inputs'), ['in: changed']);
  const difference = compare([makeRun(1), makeRun(2)], ['File: ?  12 /etc/key\nFile: ?  1 /etc/pass\n', 'File: ?  12 /etc/key\nFile: ?  2 /etc/pass\n']);
  assert.deepEqual(changesOf(difference, 'environment.files'), ['/etc/pass: changed']);
});

test('compareRuns() sees an executable bit, and a link in the place of a file', () => {
  const difference = compare([makeRun(1, { outputs: [makeFile('a', '1'), makeFile('b', '1')] }), makeRun(2, { outputs: [makeFile('a', '1', 'x'), makeFile('b', '1', 'l')] })]);
  assert.deepEqual(changesOf(difference, 'outputs'), ['a: changed', 'b: changed']);
});

test('compareRuns() keeps code apart from data, and takes what is code to one run for code', () => {
  const code = { state: 'untracked' as const, path: 'fit.py' };
  const difference = compare([makeRun(1, { inputs: [makeFile('fit.py', '1'), makeFile('in', '1')], codeFiles: [code] }), makeRun(2, { inputs: [makeFile('fit.py', '2'), makeFile('in', '1')] })]);
  assert.deepEqual(changesOf(difference, 'code_files'), ['fit.py: changed']);
  assert.deepEqual(changesOf(difference, 'inputs'), []);
});

test('compareRuns() names the same content under another name, unless it is empty', () => {
  const difference = compare([makeRun(1, { outputs: [makeFile('a.csv', '1'), makeFile('none1', '')] }), makeRun(2, { outputs: [makeFile('b.csv', '1'), makeFile('none2', '')] })]);
  assert.deepEqual(aspectOf(difference, 'outputs').rows.map((row) => [row.name, row.twin]), [['a.csv', 'b.csv'], ['b.csv', 'a.csv'], ['none1', undefined], ['none2', undefined]]);
});

test('compareRuns() matches logs by the stream, and leaves out their order', () => {
  const logs = (id: string, word: string): FileState[] => ['out', 'err', 'order'].map((end) => makeFile('provenance/logs/' + id + '.' + end, end === 'err' ? 'same' : word));
  const difference = compare([makeRun(1, { logs: logs('x', '1') }), makeRun(2, { logs: logs('y', '2') })]);
  assert.deepEqual(changesOf(difference, 'logs'), ['out: changed']);
});

const FIRST_ENVIRONMENT = `# rr environment record, format 1; described in provenance/README.txt
Os: Debian
Kernel: Linux 6.1
Library: ${hashBytes('libm 1')}  10 /usr/lib/libm.so.6
Library: ${hashBytes('own 1')}  10 /opt/own.so
Package: dpkg libc6 2.36-9+deb12u9 amd64
Package: dpkg libc6 2.36-9+deb12u9 i386
Package: dpkg zlib1g 1:1.2.13 amd64
Package: npm left-pad 1.0.0
Package: npm left-pad 1.1.0
Package: python numpy 2.0.0
Package: python own -
Package: python scipy 1.11
Owner: dpkg libc6 /usr/lib/libm.so.6
Limit: stack 8388608 unlimited
Variable: PATH=/bin:%{project}/bin
A line that is none
`;
const SECOND_ENVIRONMENT = FIRST_ENVIRONMENT.replace(/u9/g, 'u10').replace('libm 1', '').replace(hashBytes('libm 1'), hashBytes('libm 2')).replace(hashBytes('own 1'), hashBytes('own 2'))
  .replace('numpy 2.0.0', 'numpy 1.26.4').replace('Package: python scipy 1.11\n', 'Package: python sympy 1.12\n').replace('left-pad 1.1.0', 'left-pad 1.2.0').replace('own -', 'own 1').replace('8388608', '1024').replace('6.1', '6.2');

test('compareRuns() tells packages up, down, added and gone, and what changed with them', () => {
  const difference = compare([makeRun(1), makeRun(2)], [FIRST_ENVIRONMENT, SECOND_ENVIRONMENT]);
  assert.deepEqual(changesOf(difference, 'environment.packages'), ['dpkg libc6: up', 'npm left-pad: changed', 'python numpy: down', 'python own: changed', 'python scipy: gone', 'python sympy: added']);
  assert.deepEqual(aspectOf(difference, 'environment.libraries').rows.map((row) => [row.name, row.cause]), [['/opt/own.so', undefined], ['/usr/lib/libm.so.6', 'dpkg libc6']]);
  assert.deepEqual(changesOf(difference, 'environment.limits'), ['stack: changed']);
  assert.deepEqual(changesOf(difference, 'environment.variables'), []);
  assert.deepEqual(changesOf(difference, 'environment.kernel'), [': changed']);
});

test('printRunDifference() only counts compilers of libraries that one of the runs has not', () => {
  const own = 'Library: ' + hashBytes('own 2') + '  5 /opt/own.so\nLibrary: ' + hashBytes('new') + '  3 /opt/new.so\nCompiler: /opt/new.so GNU C 14\nCompiler: /opt/own.so GNU C 13\nBuild_id: 00ff /opt/new.so\n';
  const first = FIRST_ENVIRONMENT.replace(/^Library: .* \/opt\/own.so\n/m, own.split('\n')[0] + '\nCompiler: /opt/own.so GNU C 12\n');
  const second = first.replace(/^Library: .* \/opt\/own.so\n.*\n/m, own);
  const page = printRunDifference(compare([makeRun(1), makeRun(2)], [first, second]), { width: 80, isComplete: false });
  assert.ok(page.includes('libraries    1 added\n'), page);
  assert.ok(page.includes('/opt/own.so\n             GNU C 12                          GNU C 13\n'), page);
  assert.ok(page.includes('build ids    1 added\n  1 comes with programs and libraries that changed (--all)\n'), page);
  assert.ok(!page.includes('GNU C 14'), page);
});

test('compareRuns() goes by the hashes of the environments if a record of one is gone', () => {
  const difference = compare([makeRun(1, { environment: hashBytes('1') }), makeRun(2, { environment: hashBytes('2') })], [FIRST_ENVIRONMENT]);
  assert.deepEqual(changesOf(difference, 'environment'), [': changed']);
});

test('printRunDifference() shows packages with both versions, and counts what came with them', () => {
  const page = printRunDifference(compare([makeRun(1), makeRun(2)], [FIRST_ENVIRONMENT, SECOND_ENVIRONMENT]), { width: 80, isComplete: false });
  assert.ok(page.includes('packages     2 changed, 1 up, 1 down, 1 added, 1 gone\n'), page);
  assert.ok(page.includes('  up         dpkg libc6 2.36-9+deb12u9 -> 2.36-9+deb12u10\n'), page);
  assert.ok(page.includes('  changed    npm left-pad 1.0.0; 1.1.0 -> 1.0.0; 1.2.0\n'), page);
  assert.ok(page.includes('  gone       python scipy 1.11\n'), page);
  assert.ok(page.includes('  1 comes with packages that changed (--all)\n'), page);
  assert.ok(!page.includes('libm.so.6'), page);
});

test('printRunDifference() tells a binary once: a build-id comes with it, and of one that only some runs have its compiler', () => {
  const own = 'Compiler: /opt/own.so GNU C17\nBuild_id: aa /opt/own.so\n';
  const changed = SECOND_ENVIRONMENT + own.replace('C17', 'C23').replace('aa', 'bb');
  const more = 'Library: ' + hashBytes('more') + '  4x /opt/more.so\nCompiler: /opt/more.so GNU C11\nBuild_id: cc /opt/more.so\n';
  const page = printRunDifference(compare([makeRun(1), makeRun(2)], [FIRST_ENVIRONMENT + own, changed + more]), { width: 80, isComplete: false });
  assert.ok(page.includes('/opt/more.so executable\n'), page);
  assert.ok(page.includes('GNU C23') && !page.includes('GNU C11') && !page.includes('(cc)') && !/\b(?:aa|bb|cc)\b/.test(page), page);
  assert.ok(page.includes('  2 come with programs and libraries that changed (--all)\n'), page);
  assert.ok(printRunDifference(compare([makeRun(1), makeRun(2)], [FIRST_ENVIRONMENT + own, changed + more]), { width: 80, isComplete: true }).includes('GNU C11'));
});

test('findCounterpart() takes the original, then the label, then the files', () => {
  const first = makeRun(1, { label: 'a', outputs: [makeFile('x', '1')] });
  const second = makeRun(2, { label: 'b', outputs: [makeFile('x', '2')] });
  const third = makeRun(3, { label: 'a', outputs: [makeFile('x', '3')] });
  const runs = [first, second, third];
  const found = (run1: Run): string | undefined => findCounterpart(run1, runs, (path) => runs.filter((one) => one.outputs.some((file) => file.path === path)))?.id;
  assert.equal(found(third), first.id);
  assert.equal(found({ ...third, repeats: second.id }), second.id);
  assert.equal(found({ ...third, parent: second.id }), second.id);
  assert.equal(found({ ...third, label: undefined }), second.id);
  assert.equal(found(second), first.id);
  assert.equal(found(first), undefined);
  assert.equal(found(makeRun(4, { label: 'c' })), undefined);
});

// ---- the page is harmless and narrow --------------------------------------------------------------------

let state = 99;
function random(below: number): number {
  state = (state * 1103515245 + 12345) % 2147483648;
  return Math.floor(state / 65536) % below;
}

function makeHostileText(): string {
  let text = '';
  for (let count = random(40) + 1; count > 0; count--) text += ['a', 'word ', '\x1b[31m', '\xe6\x97\xa5', '\xe2\x80\xae', '\n', '\t', '\xff', '%', '0123456789abcdef', '\0{0123456789abcdef}', '\xcc\x81', '-', ' '][random(14)];
  return text;
}

function makeHostileRun(number: number): Run {
  const some = (make: () => string): string[] => Array.from({ length: random(5) }, make);
  const name = (): string => ['x', 'y', makeHostileText().replace(/ /g, '')][random(3)];
  const files = (): FileState[] => some(name).map((one) => makeFile(one, ['1', '2', '?', ''][random(4)], ['', 'x', 'l', 'd'][random(4)] as FileState['kind']));
  return makeRun(number, {
    label: makeHostileText(), reason: makeHostileText(), command: makeHostileText(), directory: makeHostileText(), tags: some(makeHostileText), parameters: some(() => name() + ' ' + makeHostileText()),
    variables: some(() => name() + '=' + makeHostileText()), code: makeHostileText(), codeSubmodules: some(makeHostileText), codeOthers: some(makeHostileText), inputs: files(), outputs: files(), uncertain: files(),
    removed: some(makeHostileText), secretInputs: some(() => 'abc ' + name()), redirects: ['1 > ' + name()], status: 'failed', exit: random(3), signal: ['SIGKILL', undefined][random(2)], wallS: random(100000) / 7,
    compilers: some(name).map((one) => ({ path: one, producer: makeHostileText() })), observed: makeHostileText(), logs: [makeFile('provenance/logs/x.out', String(random(3)))],
  });
}

function makeHostileEnvironment(): string {
  let text = '';
  for (let count = random(12); count > 0; count--) {
    const word = makeHostileText().replace(/[ \n]/g, '');
    text += ['Os: ', 'Package: dpkg x ', 'Package: python ' + word + ' ', 'Limit: x ', 'Gpu: ', 'Unheard_of: ', 'Variable: X=', 'Compiler: /x ', 'Build_id: ab /', 'Executable: ' + hashBytes(word) + '  1 /x'][random(10)] + makeHostileText().replace(/\n/g, '') + '\n';
  }
  return text;
}

test('printRunDifference() keeps within the columns and prints nothing that a terminal obeys; JSON is JSON', () => {
  for (let n = 0; n < 300; n++) {
    const runs = Array.from({ length: [2, 3, 4, 6, 9, 120][n % 60 === 0 ? 5 : random(5)] }, (_, i) => makeHostileRun(i % 9 + 1));
    const difference = compare(runs, runs.map(makeHostileEnvironment));
    for (const aspect of difference.aspects) for (const row of aspect.rows) if (random(4) === 0) row.contents.push({ run: 1, told: [makeHostileText()], lines: ['@@ -1 +1 @@', '-' + makeHostileText(), '+' + makeHostileText()] });
    const width = [60, 80, 132][random(3)];
    const page = printRunDifference(difference, { width, isComplete: false });
    for (const line of page.split('\n')) {
      // A tab is left where it fits; it takes at most 8 columns.
      assert.ok(displayWidth(line.replace(/\t/g, '        ')) <= width || displayWidth(line) <= width - 8, String(width) + ': ' + line);
      assert.doesNotMatch(line, /[\0-\x08\x0a-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]/);
    }
    for (const isComplete of [false, true]) {
      assert.doesNotMatch(printRunDifference(difference, { width, isComplete }), /[\0-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]/);
      JSON.parse(printJsonDifference(difference, isComplete));
    }
  }
});

// ---- recorded projects ------------------------------------------------------------------------------------

type JsonContent = { run: string; told: string[]; lines: string[] };
type JsonRow = { name: string; same: boolean; values: unknown[]; changes: string[]; contents?: JsonContent[] };
type JsonDifference = { runs: string[]; differ: boolean; aspects: { name: string; told?: { text: string }[]; rows: JsonRow[] }[] };

function diffAsJson(folder: string, ...args: string[]): JsonDifference {
  const done = rr(folder, ['diff', '--json'].concat(args));
  assert.equal(done.stderr, '');
  const found = JSON.parse(Buffer.from(done.stdout, 'latin1').toString('utf8')) as JsonDifference;
  assert.equal(done.status, found.differ ? 1 : 0);
  return found;
}

function rowsOf(difference: JsonDifference, name: string): JsonRow[] {
  return difference.aspects.find((aspect) => aspect.name === name)?.rows ?? [];
}

function put(folder: string, name: string, content: string): void {
  fs.writeFileSync(path.join(folder, name), content, 'latin1');
}

function git(folder: string, ...words: string[]): void {
  const done = run(folder, ['git', '-c', 'user.email=a@example.org', '-c', 'user.name=A'].concat(words));
  assert.equal(done.status, 0, done.stderr);
}

/** A project in git with a script that runs a helper, tracked or not, that nothing but a trace shows. */
function makeCodeProject(isHelperTracked: boolean): string {
  const folder = makeProject();
  git(folder, 'init', '-q');
  put(folder, '.gitignore', 'provenance/\n.rr/\nout.txt\n');
  put(folder, 'main.sh', '#!/bin/sh\n. ./helper.sh\nanswer > out.txt\n');
  git(folder, 'add', '.');
  put(folder, 'helper.sh', HELPER);
  if (isHelperTracked) git(folder, 'add', 'helper.sh');
  git(folder, 'commit', '-qm', 'the beginning');
  return folder;
}

const HELPER = '# helper\nanswer() {\n  echo 42\n}\n';
const EDITED = '# helper\nanswer() {\n  echo 43\n}\n# end\n';

function record(folder: string, ...args: string[]): void {
  const done = rr(folder, ['record', '-q'].concat(args));
  assert.equal(done.status, 0, done.stderr);
}

/** What patch(1) makes of a text with the lines that were shown. */
function patchText(before: string, content: JsonContent | undefined): string {
  const folder = makeTemporary();
  put(folder, 'f', before);
  put(folder, 'p', '--- f\n+++ f\n' + (content?.lines ?? []).map((line) => line + '\n').join(''));
  const done = run(folder, ['patch', '-s', 'f', 'p']);
  assert.equal(done.status, 0, done.stdout + done.stderr);
  return fs.readFileSync(path.join(folder, 'f'), 'latin1');
}

const NEEDS = missingOf('git', 'patch');

for (const [isTracked, isCommitted] of [[false, false], [true, false], [true, true]]) {
  test('rr diff shows the edited lines of a helper that is ' + (isTracked ? 'tracked' : 'untracked') + (isCommitted ? ' and committed' : ''), { skip: NEEDS }, () => {
    const folder = makeCodeProject(isTracked);
    record(folder, '--', 'sh', 'main.sh');
    put(folder, 'helper.sh', EDITED);
    if (isCommitted) git(folder, 'commit', '-qam', 'change the answer');
    record(folder, '--', 'sh', 'main.sh');
    put(folder, 'helper.sh', 'something else by now\n');
    const difference = diffAsJson(folder, '@-1', '@');
    assert.deepEqual(rowsOf(difference, 'code_files').map((row) => [row.name, row.changes]), [['helper.sh', ['same', 'changed']]]);
    assert.equal(patchText(HELPER, rowsOf(difference, 'code_files')[0].contents?.[0]), EDITED);
    const told = difference.aspects.find((aspect) => aspect.name === 'code')?.told?.map(({ text }) => text.replace(/^[0-9a-f]{12} /, ''));
    assert.deepEqual(told, isCommitted ? ['"the beginning"', '"change the answer", 1 commit later'] : undefined);
    const reversed = diffAsJson(folder, '@', '@-1');
    assert.equal(patchText(EDITED, rowsOf(reversed, 'code_files')[0].contents?.[0]), HELPER);
  });
}

test('rr diff names what is not to be found any more, by its run', { skip: NEEDS }, () => {
  const folder = makeCodeProject(true);
  record(folder, '--', 'sh', 'main.sh');
  put(folder, 'helper.sh', EDITED);
  git(folder, 'commit', '-qam', 'change the answer');
  record(folder, '--', 'sh', 'main.sh');
  fs.rmSync(path.join(folder, '.git'), { recursive: true });
  git(folder, 'init', '-q');
  const difference = diffAsJson(folder, '@-1', '@');
  assert.deepEqual(rowsOf(difference, 'code_files')[0].contents, [{ run: difference.runs[1], told: ['its content in ' + difference.runs[0] + ' is not to be found any more'], lines: [] }]);
  const told = difference.aspects.find((aspect) => aspect.name === 'code')?.told?.map(({ text }) => text.slice(13));
  assert.deepEqual(told, ['is not in the repository any more', 'is not in the repository any more']);
});

test('rr diff of runs that were not traced takes the recorded states of the code, without records and results', { skip: NEEDS }, () => {
  const folder = makeCodeProject(true);
  put(folder, '.gitignore', '.rr/\n');
  git(folder, 'add', '.');
  git(folder, 'commit', '-qm', 'with records');
  record(folder, '--trace', 'scan', '-o', 'out.txt', '--', 'sh', 'main.sh');
  put(folder, 'helper.sh', EDITED);
  git(folder, 'add', '.');
  git(folder, 'commit', '-qm', 'with a record and a result');
  put(folder, 'main.sh', '#!/bin/sh\n. ./helper.sh\nanswer >out.txt\n');
  record(folder, '--trace', 'scan', '-o', 'out.txt', '--', 'sh', 'main.sh');
  const difference = diffAsJson(folder, '@-1', '@');
  assert.deepEqual(rowsOf(difference, 'code_files').map((row) => row.name), ['helper.sh', 'main.sh']);
  assert.equal(patchText(HELPER, rowsOf(difference, 'code_files')[0].contents?.[0]), EDITED);
});

test('rr diff counts tracked files that differ and that no traced run read', { skip: NEEDS }, () => {
  const folder = makeCodeProject(true);
  record(folder, '--', 'sh', 'main.sh');
  put(folder, 'unread.txt', 'x\n');
  git(folder, 'add', 'unread.txt');
  git(folder, 'commit', '-qm', 'one more');
  record(folder, '--', 'sh', 'main.sh');
  const difference = diffAsJson(folder, '@-1', '@');
  assert.deepEqual(rowsOf(difference, 'code_files'), []);
  assert.match(difference.aspects.find((aspect) => aspect.name === 'code')?.told?.[2].text ?? '', /^1 tracked file, which none of the runs read, differs$/);
});

test('rr diff tells how binary outputs and numbers in texts differ, where both are still there', { skip: hasProgram('git') ? false : 'there is no git' }, () => {
  const folder = makeProject();
  git(folder, 'init', '-q');
  const script = (word: string): string[] => ['--trace', 'scan', '-o', 'a.bin', '-o', 'a.csv', '--', 'sh', '-c', 'printf "a\\000' + word + '" > a.bin; printf "x,y\\n1,' + word + '\\n" > a.csv'];
  record(folder, ...script('2.5'));
  git(folder, 'add', '-f', 'a.bin', 'a.csv');
  git(folder, 'commit', '-qm', 'results');
  record(folder, ...script('2.6'));
  const rows = rowsOf(diffAsJson(folder, '@-1', '@'), 'outputs');
  assert.deepEqual(rows.map((row) => [row.name, row.contents?.length]), [['a.bin', 1], ['a.csv', 1]]);
  assert.deepEqual(rows[0].contents?.[0].lines, []);
  assert.equal(rows[0].contents?.[0].told.length, 1);
  assert.deepEqual(rows[1].contents?.[0].lines, ['@@ -1,2 +1,2 @@', ' x,y', '-1,2.5', '+1,2.6']);
  assert.match(rows[1].contents?.[0].told[0] ?? '', /^1 of 2 numbers differs/);
  assert.equal(rr(folder, ['note', '-q', '--tolerance', 'a.csv=0.2', '@-1', 'read off a ruler']).status, 0);
  const [, noted] = rowsOf(diffAsJson(folder, '@-1', '@'), 'outputs');
  assert.match(noted.contents?.[0].told[0] ?? '', /^the same by the rule ".*numbers within 0\.2 absolute"/);
});

/** Gives the newest run another environment record, made from the one that it has. */
function changeEnvironment(folder: string, change: (text: string) => string): void {
  const runs = path.join(folder, 'provenance', 'runs');
  const name = fs.readdirSync(runs).map((month) => path.join(runs, month)).flatMap((month) => fs.readdirSync(month).map((one) => path.join(month, one))).sort().pop() ?? '';
  const record1 = parseRun(fs.readFileSync(name, 'latin1'), name);
  const environments = path.join(folder, 'provenance', 'environments');
  const text = change(fs.readFileSync(path.join(environments, String(record1.environment) + '.rec'), 'latin1'));
  put(environments, hashBytes(text) + '.rec', text);
  fs.writeFileSync(name, printRecord({ ...record1, environment: hashBytes(text) }), 'latin1');
}

test('rr diff shows a package that is another version, from the environment records', () => {
  const folder = makeProject();
  for (let i = 0; i < 2; i++) record(folder, '--trace', 'scan', '--', 'true');
  changeEnvironment(folder, (text) => text + 'Package: python numpy 1.26.4\n');
  record(folder, '--trace', 'scan', '--', 'true');
  changeEnvironment(folder, (text) => text.replace(/^Os: .*/m, 'Os: Other 1') + 'Package: python numpy 2.0.0\n');
  const difference = diffAsJson(folder, '@-1', '@');
  assert.deepEqual(rowsOf(difference, 'environment.packages').map((row) => [row.name, row.values, row.changes[1]]), [['python numpy', ['1.26.4', '2.0.0'], 'up']]);
  assert.equal(rowsOf(difference, 'environment.os').length, 1);
  assert.deepEqual(rowsOf(diffAsJson(folder, '@', '@-1', '@-2'), 'environment.packages').map((row) => row.changes), [['same', 'down', 'gone']]);
});

test('rr diff leaves the repository and the project as they are', { skip: NEEDS }, () => {
  const folder = makeCodeProject(true);
  record(folder, '--', 'sh', 'main.sh');
  put(folder, 'helper.sh', EDITED);
  git(folder, 'commit', '-qam', 'second');
  record(folder, '--', 'sh', 'main.sh');
  const look = (): string => run(folder, ['sh', '-c', 'find . -path ./.rr -prune -o -printf "%p %s %T@ %C@ %i\\n" | sort']).stdout;
  const before = look();
  diffAsJson(folder, '@-1', '@');
  rr(folder, ['diff', '--all', '@', '@-1', '@']);
  assert.equal(look(), before);
});
