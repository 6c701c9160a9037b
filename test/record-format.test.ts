// record-format.test.ts - records printed and parsed, held against recutils.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { Failure } from '../src/core/failure.ts';
import { emptyRun } from '../src/core/run.ts';
import type { FileKind, FileState, Run, RunProcess } from '../src/core/run.ts';
import { parseFile, printFile, sealRecord, unsealRecord } from '../src/formats/fields.ts';
import { parseRun, printRunBody } from '../src/formats/record.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

const NO_RECUTILS = hasProgram('recfix') && hasProgram('recsel') && hasProgram('python3') ? false : 'no recutils or python3';

type Random = (below: number) => number;

function makeRandom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PARTS = ['a', 'b c', ' ', '\\', '%', '%41', '\n', '\r', '\t', '+', '+ ', '#', ':', ': ', '\x01', '\x7f', '\xff', '\xc3\xa9', '\xc2\x85', '\xe2\x82\xac', "'", '"', '$', '{0123456789abcdef}', 'Sha256: x'];

function makeText(random: Random): string {
  return Array.from({ length: 1 + random(6) }, () => PARTS[random(PARTS.length)]).join('');
}

function makeHash(random: Random): string {
  return Array.from({ length: 64 }, () => '0123456789abcdef'[random(16)]).join('');
}

function makeFile(random: Random): FileState {
  const kind = ['', 'x', 'l', 'd', 'p', 's', 'c', 'b'][random(8)] as FileKind;
  const hash = 'dpscb'.indexOf(kind) > 0 ? '-' : random(9) === 0 ? '?' : makeHash(random);
  return { hash, size: random(3) === 0 ? Number.MAX_SAFE_INTEGER - random(9) : random(1e6), kind, path: makeText(random) };
}

function makeProcesses(random: Random, fileCount: number): RunProcess[] {
  const files = (): number[] => Array.from({ length: fileCount }, (_, i) => i).filter(() => random(2) === 0);
  const seconds = (): number => random(1e9) / 1e6;
  return Array.from({ length: random(5) }, (_, i) => ({
    parent: i === 0 || random(4) === 0 ? undefined : random(i), startS: seconds(), endS: random(3) === 0 ? undefined : seconds(),
    ...[{ exit: random(256), signal: undefined }, { exit: undefined, signal: 'SIG35' }, { exit: undefined, signal: undefined }][random(3)],
    directory: makeText(random), command: random(3) === 0 ? '' : makeText(random),
    later: Array.from({ length: random(3) }, () => ({ startS: seconds(), directory: makeText(random), command: makeText(random) + '\0{0123456789abcdef}' })),
    read: files(), wrote: files(),
  }));
}

/** A run in which about half of what can be there is, with odd texts. */
function makeRun(seed: number): Run {
  const random = makeRandom(seed);
  const maybe = <T>(make: () => T): T | undefined => (random(2) === 0 ? make() : undefined);
  const many = <T>(make: () => T): T[] => Array.from({ length: random(4) }, make);
  const text = (): string => makeText(random);
  const secret = (): string => (random(2) === 0 ? '' : '\0{' + makeHash(random).slice(0, 16) + '}' + text());
  const file = (): FileState => makeFile(random);
  const made = emptyRun('20261122T052039Z-k3f9q2'.replace(/[^2-7a-zTZ0-9-]/g, '').replace('9q', '5q'), text() + secret(), '2026-11-22T05:20:39.123456Z', '0.1.0');
  made.repeats = maybe(() => '20261121T052039Z-k35f5q');
  made.parent = maybe(() => '20261120T052039Z-k35f5q');
  made.tree = maybe(() => 'scratch');
  made.plan = maybe(text);
  made.sweep = maybe(() => ({ label: 'x' + text(), number: random(1e6) }));
  made.because = maybe(text);
  made.reused = maybe(() => '20261119T052039Z-k35f5q');
  made.label = maybe(text);
  made.reason = maybe(text);
  made.tags = many(text);
  made.directory = random(2) === 0 ? '.' : text();
  made.redirects = many(() => ['0 < ', '1 > ', '2 >> '][random(3)] + text());
  made.parameters = many(() => 'name' + String(random(9)) + '%\xff ' + (random(4) === 0 ? '' : text() + secret()));
  made.parameterFiles = many(text);
  made.metrics = many(() => 'loss ' + (random(4) === 0 ? '' : text()));
  made.metricsFiles = many(text);
  made.wallS = maybe(() => random(1e9) / 1000);
  made.userS = maybe(() => random(1e6) / 100);
  made.systemS = maybe(() => random(1e6) / 100);
  made.peakMemoryBytes = maybe(() => random(2 ** 31) * 4096);
  made.exit = maybe(() => random(256));
  made.signal = maybe(() => 'SIGKILL');
  made.timeoutS = maybe(() => (1 + random(1e6)) / 1000);
  made.asked = many(() => ['cpus 4', 'memory 1024', 'partition x' + text()][random(3)]);
  made.job = maybe(() => 'slurm 12_3 node1');
  made.status = (['running', 'succeeded', 'failed', 'interrupted', 'lost'] as const)[random(5)];
  made.code = maybe(() => 'git none dirty -');
  made.codeBranch = maybe(text);
  made.codeRemote = maybe(text);
  made.codeSubmodules = many(() => '21b95ecfa0911d6ca87668482b11ab9498edd8f3 ' + (random(2) === 0 ? 'dirty ' : '') + text());
  made.codeOthers = many(() => ['git none ', 'svn file:///a%20b@12 dirty - ', 'git 21b95ecf dirty ' + makeHash(random) + ' ', 'hg 21b95ecf dirty '][random(4)] + text());
  made.codeFiles = many(() => ({ state: (['clean', 'changed', 'untracked', 'unversioned'] as const)[random(4)], path: text() }));
  made.compilers = many(() => ({ path: text(), producer: random(4) === 0 ? '' : text() }));
  made.environment = maybe(() => makeHash(random));
  made.variables = many(() => 'TZ=' + text());
  made.variableHashes = many(() => 'API_TOKEN 0123456789abcdef');
  made.declaredVariables = many(text);
  made.observed = 'scan';
  made.declaredInputs = many(text);
  made.declaredOutputs = many(text);
  made.missingOutputs = many(text);
  made.inputs = many(file);
  made.outputs = many(file);
  made.aside = maybe(text);
  made.uncertain = many(file);
  made.removed = many(text);
  made.absent = many(text);
  made.secretInputs = many(() => makeHash(random).slice(0, 16) + ' ' + text());
  made.secretOutputs = many(() => makeHash(random).slice(0, 16) + ' ' + text());
  made.leftOut = many(() => ({ what: text(), count: random(1e6) }));
  made.processes = makeProcesses(random, made.inputs.length + made.outputs.length);
  made.logs = many(file);
  made.verdicts = many(() => ({ word: (['identical', 'tolerance', 'different', 'missing', 'extra', 'unchecked'] as const)[random(6)], path: text(), detail: random(3) === 0 ? '' : text() }));
  made.warnings = many(text);
  made.unknown = many(() => ({ name: 'Mood', value: 'x%0A y' }));
  return made;
}

function seal(body: string): string {
  return sealRecord(body, crypto.createHash('sha256').update(body, 'latin1').digest('hex'));
}

const SEEDS = Array.from({ length: 300 }, (_, seed) => seed + 1);

test('parseRun() undoes printRunBody(), and both together give the same bytes', () => {
  for (const seed of SEEDS) {
    const made = makeRun(seed);
    const text = seal(printRunBody(made));
    const read = parseRun(text, 'x.rec');
    const wanted: { [name: string]: unknown } = { ...made };
    for (const name of Object.keys(wanted)) if (wanted[name] === undefined) delete wanted[name];
    assert.deepEqual(read, wanted, 'seed ' + String(seed));
    assert.equal(seal(printRunBody(read)), text, 'seed ' + String(seed));
  }
});

test('parseRun() takes fields in any order', () => {
  const made = makeRun(7);
  const lines = printRunBody(made).split('\n').slice(0, -1);
  const turned = [lines[0]].concat(lines.slice(1).filter((line) => /^(Rr|Status|Id)/.test(line)), lines.slice(1).filter((line) => !/^(Rr|Status|Id)/.test(line)));
  assert.deepEqual(parseRun(seal(turned.join('\n') + '\n'), 'x.rec'), parseRun(seal(printRunBody(made)), 'x.rec'));
});

test('unsealRecord() splits what sealRecord() joined', () => {
  const text = seal(printRunBody(makeRun(1)));
  const parts = unsealRecord(text);
  assert.equal(sealRecord(parts?.body ?? '', parts?.hash ?? ''), text);
  for (const damaged of ['', text.slice(0, -1), text + '\n', text.slice(0, 300), text.replace(/Sha256(?=: [0-9a-f]{64}\n$)/, 'Sha255')]) assert.equal(unsealRecord(damaged), undefined);
});

test('recfix accepts every record, and recsel with percent-decoding gives the same texts', { skip: NO_RECUTILS }, () => {
  const folder = makeTemporary();
  const wanted: string[] = [];
  SEEDS.slice(0, 25).forEach((seed, i) => {
    const made = makeRun(seed);
    made.command = made.command.replace(/\0\{[0-9a-f]{16}\}/g, '');
    fs.writeFileSync(path.join(folder, String(i).padStart(3, '0') + '.rec'), seal(printRunBody(made)), 'latin1');
    wanted.push(made.command, ...made.declaredInputs, ...made.outputs.map((file) => file.path));
  });
  const check = run(folder, ['sh', '-c', 'for f in *.rec; do recfix --check "$f" || exit 1; done']);
  assert.equal(check.status, 0, check.stderr);
  const script = 'import subprocess, sys, glob, urllib.parse\n'
    + 'for f in sorted(glob.glob("*.rec")):\n'
    + '  for name in ("Command", "Declared_input", "Output", "Scratch_output"):\n'
    + '    for line in subprocess.run(["recsel", "-P", name, f], stdout=subprocess.PIPE).stdout.split(b"\\n"):\n'
    + '      if line == b"": continue\n'
    + '      if name.endswith("utput"): line = line.split(b" ", 3)[3]\n'
    + '      sys.stdout.buffer.write(urllib.parse.unquote_to_bytes(line) + b"\\0")\n';
  const done = run(folder, ['python3', '-c', script]);
  assert.equal(done.stderr, '');
  assert.deepEqual(done.stdout.split('\0').slice(0, -1), wanted);
});

test('the documented sed line makes a list that sha256sum checks', () => {
  const folder = makeTemporary();
  const made = emptyRun('20261122T052039Z-k3f5q2', 'true', '2026-11-22T05:20:39.123456Z', '0.1.0');
  for (const [name, kind] of [['a.txt', ''], ['run me', 'x']] as [string, FileKind][]) {
    fs.writeFileSync(path.join(folder, name), name);
    made.outputs.push({ hash: crypto.createHash('sha256').update(name).digest('hex'), size: name.length, kind, path: name });
  }
  made.outputs.push({ hash: '-', size: 0, kind: 'd', path: 'd' });
  fs.writeFileSync(path.join(folder, 'x.rec'), seal(printRunBody(made)), 'latin1');
  const done = run(folder, ['sh', '-c', "sed -n 's/^Output: \\([0-9a-f]*\\)  [0-9]*x\\{0,1\\} /\\1  /p' x.rec | sha256sum -c; sed '$d' x.rec | sha256sum | cut -c1-64; sed -n 's/^Sha256: //p' x.rec"]);
  const lines = done.stdout.split('\n');
  assert.deepEqual(lines.slice(0, 2), ['a.txt: OK', 'run me: OK']);
  assert.equal(lines[2], lines[3]);
});

const GOOD = seal(`# rr run record, format 1; described in provenance/README.txt
Id: 20261122T052039Z-k3f5q2
Command: true
Directory: .
Started: 2026-11-22T05:20:39.123456Z
Wall_s: 1.5
Exit: 0
Status: succeeded
Observed: scan
Input: ${'0'.repeat(64)}  10 a
Rr: 0.1.0
`);

test('parseRun() names file and line of each kind of damage', () => {
  const damage = (from: string | RegExp, to: string): string => GOOD.replace(from, to);
  const table: [string, string, RegExp][] = [
    ['empty', '', /line 1: not "# rr run record/],
    ['no head', damage(/^#.*\n/, ''), /line 1: not "# rr run record/],
    ['another head', damage('run record', 'environment record'), /line 1: not/],
    ['cut in a line', GOOD.slice(0, 200), /line \d+: the last line has no end/],
    ['cut after a line', GOOD.slice(0, GOOD.indexOf('Observed')), /no Sha256 at the end/],
    ['Sha256 not last', GOOD + 'Label: x\n', /no Sha256 at the end/],
    ['no colon', damage('Directory: .', 'Directory .'), /line 4: no "Name: value"/],
    ['empty line', damage('Directory', '\nDirectory'), /line 4: no "Name: value"/],
    ['continuation', damage('Directory', '+ more\nDirectory'), /line 4: no "Name: value"/],
    ['a further comment', damage('Directory', '# x\nDirectory'), /line 4: no "Name: value"/],
    ['lower-case name', damage('Directory', 'directory'), /line 4: no "Name: value"/],
    ['no value', damage('Directory: .', 'Directory: '), /line 4: Directory: no value/],
    ['CR LF', GOOD.replace(/\n/g, '\r\n'), /line 2: a control character/],
    ['NUL', damage('true', 'tr\0ue'), /line 3: a control character/],
    ['C1', damage('true', '\xc2\x9b'), /line 3: a control character/],
    ['twice', damage('Status: succeeded', 'Status: succeeded\nStatus: failed'), /line 9: Status stands twice/],
    ['no Id', damage(/Id: .*\n/, ''), /no Id/],
    ['no Command', damage(/Command: .*\n/, ''), /no Command/],
    ['no id', damage('k3f5q2', 'K3F5Q2'), /line 2: not an id/],
    ['unknown status', damage('succeeded', 'splendid'), /line 8: Status: unknown status "splendid"/],
    ['negative number', damage('Wall_s: 1.5', 'Wall_s: -1.5'), /line 6: Wall_s: not a number: -1.5/],
    ['exponent', damage('Wall_s: 1.5', 'Wall_s: 1e5'), /line 6: Wall_s: not a number/],
    ['huge number', damage('Wall_s: 1.5', 'Wall_s: ' + '9'.repeat(400)), /line 6: Wall_s: not a number/],
    ['exit over 255', damage('Exit: 0', 'Exit: 256'), /line 7: Exit: not a whole number up to 255: 256/],
    ['exit with a fraction', damage('Exit: 0', 'Exit: 0.5'), /line 7: Exit: not a whole number/],
    ['escape as a signal', damage('Exit: 0', 'Exit: 137\nSignal: %1B[31m'), /line 8: Signal: not the name of a signal/],
    ['short hash', damage('0'.repeat(64), '0'.repeat(63)), /line 10: Input: not "HASH {2}SIZE PATH"/],
    ['upper-case hash', damage('0'.repeat(64), 'A'.repeat(64)), /line 10: Input/],
    ['one space', damage('0  10', '0 10'), /line 10: Input/],
    ['negative size', damage('  10 a', '  -10 a'), /line 10: Input/],
    ['size that no number holds', damage('  10 a', '  ' + '9'.repeat(30) + ' a'), /line 10: Input/],
    ['unknown kind', damage('  10 a', '  10z a'), /line 10: Input/],
    ['no path', damage('  10 a', '  10 '), /line 10: Input/],
    ['unknown state of code', damage('Input', 'Code_file: fine a\nInput'), /line 10: Code_file: not "STATE PATH" with one of clean, changed, untracked, unversioned/],
    ['no path of code', damage('Input', 'Code_file: clean\nInput'), /line 10: Code_file: not "STATE PATH"/],
    ['no hash of a secret', damage('Input', 'Secret_input: .netrc\nInput'), /line 10: Secret_input: not "HASH PATH"/],
    ['no count', damage('Input', 'Left_out: temporary\nInput'), /line 10: Left_out: not a whole number/],
    ['negative count', damage('Input', 'Left_out: temporary -1\nInput'), /line 10: Left_out: not a whole number/],
  ];
  for (const line of ['Directory: a%00', 'Input: ' + '0'.repeat(64) + '  10 a%00b', 'Tree: scratch\nScratch_output: ' + '0'.repeat(64) + '  10 a%00b', 'Redirect: 1 > a%00', 'Removed: %00', 'Tree: scratch\nScratch_removed: %00', 'Absent: %00', 'Code_submodule: 12 a%00',
    'Code_other: git 12 a%00', 'Code_file: clean a%00', 'Compiler: a%00 gcc', 'Declared_input: a%00', 'Declared_output: a%00', 'Missing_output: a%00', 'Secret_input: 12 a%00', 'Secret_output: 12 a%00', 'Verdict: missing a%00']) {
    table.push([line, line.startsWith('Directory') ? damage('Directory: .', line) : damage(/Input.*/, line), /line \d+: \w+: a NUL in a name$/]);
  }
  assert.equal(parseRun(GOOD, 'x.rec').exit, 0);
  for (const [what, text, message] of table) {
    assert.throws(() => parseRun(text, 'provenance/runs/x.rec'), (error) => error instanceof Failure && error.message.startsWith('cannot read "provenance/runs/x.rec": line ') && message.test(error.message), what);
  }
});

test('parseRun() never takes a record apart wrongly: one byte changed is a fault or another value', () => {
  for (let at = 0; at < GOOD.length; at++) {
    const text = GOOD.slice(0, at) + '\x02' + GOOD.slice(at + 1);
    const isComment = at < GOOD.indexOf('\n') && /^# rr run record, format 1[;\n]/.test(text);
    if (isComment) continue;
    assert.throws(() => parseRun(text, 'x.rec'), Failure, String(at));
  }
});

test('parseRun() of a newer format says so and keeps what it does not know', () => {
  const read = parseRun(GOOD.replace('format 1', 'format 2').replace('Rr:', 'Mood: happy\nRr:'), 'x.rec');
  assert.match(read.warnings[0], /format 2/);
  assert.deepEqual(read.unknown, [{ name: 'Mood', value: 'happy' }]);
});

test('parseFile() undoes printFile()', () => {
  const random = makeRandom(3);
  for (let i = 0; i < 500; i++) {
    const file = makeFile(random);
    assert.deepEqual(parseFile(printFile(file)), file);
  }
});

test('parseRun() takes Scratch_output and Output for what they are by Tree alone, as rerun.sh does by their names', () => {
  const made = emptyRun('20261122T052039Z-k35f5q', 'true', '2026-11-22T05:20:39.123456Z', '0.1.0');
  made.outputs = [{ hash: 'a'.repeat(64), size: 1, kind: '', path: 'x' }];
  const plain = printRunBody(made);
  const scratch = printRunBody({ ...made, tree: 'scratch', removed: ['y'] });
  assert.match(plain, /^Output: a{64} {2}1 x$/m);
  assert.match(scratch, /^Scratch_output: a{64} {2}1 x\nScratch_removed: y$/m);
  assert.doesNotMatch(scratch, /^(Output|Removed): /m);
  assert.throws(() => parseRun(seal(plain.replace('Output:', 'Scratch_output:')), 'x.rec'), /line 8: Scratch_output in a record without Tree/);
  assert.throws(() => parseRun(seal(scratch.replace('Scratch_output:', 'Output:')), 'x.rec'), /line \d+: Output in a record with Tree/);
});

test('printRunBody() writes a NUL that a stranger has put into a text as he did', () => {
  const made = emptyRun('20261122T052039Z-k35f5q', 'true', '2026-11-22T05:20:39.123456Z', '0.1.0');
  made.asked = ['partition a\0'];
  made.command = '\0{0123456789abcdef}\0';
  const text = printRunBody(made);
  assert.match(text, /^Asked: partition a%00$/m);
  assert.match(text, /^Command: %\{0123456789abcdef\}%00$/m);
  assert.deepEqual(parseRun(seal(text), 'x.rec').asked, made.asked);
});
