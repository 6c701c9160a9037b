// sweep.test.ts - rr sweep in real projects: what is run, what is not run again, and that no name becomes code.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { checkDerived, checkSeals, hasProgram, listRecords, makeProject, pathsOf, readRecord, rr, run, sleep, startRr } from './rig.ts';
import type { Done } from './rig.ts';

type Fields = { [field: string]: string[] };

const NO_PYTHON = hasProgram('python3') ? false : 'no python3';

/** All records of a project that are points of a sweep, in their order. */
function readPoints(project: string): Fields[] {
  return listRecords(project).map((name) => readRecord(project, name)).filter((record) => record.Sweep !== undefined);
}

function sweep(project: string, args: string[], options: { env?: NodeJS.ProcessEnv } = {}): Done {
  return rr(project, ['sweep', '-l', 's', '--trace', 'none'].concat(args), options);
}

/** What the last line says that was done: "2 run, 1 recorded before". */
function sumOf(done: Done): string {
  return /: \d+ points?: (.*)\n$/.exec(done.stderr)?.[1] ?? done.stderr;
}

function write(project: string, name: string, content: string | Buffer): void {
  fs.mkdirSync(path.dirname(path.join(project, name)), { recursive: true });
  fs.writeFileSync(path.join(project, name), content);
}

function read(project: string, name: string): string {
  return fs.readFileSync(path.join(project, name), 'latin1');
}

/** The tool of these tests: writes its arguments to the file that the first one names, and adds a line to ../log. */
function writeTool(project: string): void {
  write(project, 'tool.sh', 'o=$1; shift\nprintf "%s\\n" "$*" >> "${LOG:-/dev/null}"\nmkdir -p "$(dirname "$o")"\nprintf "%s\\n" "$@" > "$o"\n');
}

test('sweep runs each combination and records it as a point', () => {
  const project = makeProject();
  writeTool(project);
  const done = sweep(project, ['-m', 'why', '-t', 'tag', '-i', 'tool.sh', '-o', 'out/{n}', '-p', 'a=1..2', '-p', 'b=x,y z', '--timeout', '60', '--', 'sh', 'tool.sh', 'out/{n}', '{a}', '--b={b}']);
  assert.equal(done.status, 0, done.stderr);
  assert.equal(sumOf(done), '4 run');
  const points = readPoints(project).sort((a, b) => (a.Sweep[0] < b.Sweep[0] ? -1 : 1));
  assert.deepEqual(points.map((record) => record.Sweep[0] + ': ' + record.Parameter.join(', ')), ['1 s: a 1, b x', '2 s: a 1, b y z', '3 s: a 2, b x', '4 s: a 2, b y z']);
  assert.deepEqual(points[3].Command, ["sh tool.sh out/4 2 '--b=y z'"]);
  for (const point of points) assert.deepEqual([point.Label, point.Reason, point.Tag, point.Timeout_s, point.Status, point.Because], [['s'], ['why'], ['tag'], ['60'], ['succeeded'], undefined]);
  assert.equal(read(project, 'out/4'), '2\n--b=y z\n');
  checkSeals(project, listRecords(project));
  checkDerived(project, 'after a sweep');
  assert.equal(run(project, ['sha256sum', '-c', '--quiet', 'provenance/SHA256SUMS']).status, 0);
});

test('sweep runs only what is not recorded, and keeps numbers', () => {
  const project = makeProject();
  writeTool(project);
  const log = path.join(project, '..', path.basename(project) + '.log');
  const go = (values: string): Done => sweep(project, ['-i', 'tool.sh', '-o', 'out/{n}', '-p', 'a=' + values, '--', 'sh', 'tool.sh', 'out/{n}', '{a}'], { env: { LOG: log } });
  const ran = (): string => {
    const lines = fs.existsSync(log) ? fs.readFileSync(log, 'latin1').split('\n').filter((line) => line !== '').sort().join(' ') : '';
    fs.writeFileSync(log, '');
    return lines;
  };
  assert.equal(sumOf(go('1..3')), '3 run');
  assert.equal(ran(), '1 2 3');
  assert.equal(sumOf(go('1..3')), '0 run, 3 recorded before');
  assert.equal(ran(), '');
  // Extended in front, and one taken out.
  assert.equal(sumOf(go('0,3,1')), '1 run, 2 recorded before');
  assert.equal(ran(), '0');
  assert.equal(read(project, 'out/4'), '0\n');
  assert.equal(read(project, 'out/3'), '3\n');
  assert.equal(sumOf(go('0..4')), '1 run, 4 recorded before');
  assert.equal(ran(), '4');
  // A result that is gone, one that was edited, one with other times only.
  fs.unlinkSync(path.join(project, 'out/2'));
  write(project, 'out/3', 'edited\n');
  fs.utimesSync(path.join(project, 'out/4'), 1, 1);
  assert.equal(sumOf(go('0..4')), '2 run, 3 recorded before');
  assert.equal(ran(), '2 3');
  assert.equal(read(project, 'out/3'), '3\n');
  // An input: all of them.
  fs.appendFileSync(path.join(project, 'tool.sh'), '# changed\n');
  assert.equal(sumOf(go('0..4')), '5 run');
  ran();
  assert.deepEqual(readPoints(project).slice(-1)[0].Because, ['code tool.sh changed']);
  // The command.
  assert.equal(sumOf(sweep(project, ['-i', 'tool.sh', '-o', 'out/{n}', '-p', 'a=0..4', '--', 'sh', 'tool.sh', 'out/{n}', '{a}', 'more'])), '5 run');
  assert.equal(sumOf(sweep(project, ['--force', '-i', 'tool.sh', '-o', 'out/{n}', '-p', 'a=0..4', '--', 'sh', 'tool.sh', 'out/{n}', '{a}', 'more'])), '5 run');
});

test('sweep does not mind results that a later point overwrote', () => {
  const project = makeProject();
  const go = (): Done => rr(project, ['sweep', '-l', 's', '-j', '1', '--trace', 'scan', '-p', 'a=1..3', '--', 'echo {a} > same.txt']);
  assert.equal(sumOf(go()), '3 run');
  assert.equal(read(project, 'same.txt'), '3\n');
  assert.equal(sumOf(go()), '0 run, 3 recorded before');
});

test('sweep refuses points that are to write the same file, before anything is run', () => {
  const project = makeProject();
  const table: [string[], RegExp][] = [
    [['-o', 'out.txt', '-p', 'a=1,2'], /points 1 and 2 are both to write "out\.txt"/], [['-o', 'out/{b}', '-p', 'a=1,2', '-p', 'b=x,y'], /points 1 and 3 are both to write "out\/x"/],
    [['-o', '{a}', '-p', 'a=out,out/b'], /points 1 and 2 are both to write "out"/],
  ];
  for (const [args, expected] of table) {
    const done = sweep(project, args.concat('--', 'touch', 'ran'));
    assert.equal(done.status, 2, done.stderr);
    assert.match(done.stderr, expected);
  }
  assert.equal(fs.existsSync(path.join(project, 'ran')), false);
  assert.equal(sweep(project, ['-o', 'out.txt', '-p', 'a=1', '--', 'touch', 'out.txt']).status, 0, 'a single point may');
});

test('sweep goes on after points that fail, and says which', () => {
  const project = makeProject();
  const args = ['-o', 'out/{n}', '-p', 'a=1..6', '--', 'mkdir -p out; echo {a} > out/{n}; test {a} != 2 && test {a} != 5'];
  const done = sweep(project, args);
  assert.equal(done.status, 1);
  assert.match(done.stderr, /\nrr: s: 6 points: 4 run, 2 failed: 2 and 5 \(rr list --sweep s -s failed\)\n$/);
  assert.deepEqual(fs.readdirSync(path.join(project, 'out')).sort(), ['1', '3', '4', '6'], 'half-made files are put aside');
  const listed = rr(project, ['list', '--sweep', 's', '-s', 'failed', '--csv', '--columns', 'n,param:a']);
  assert.equal(listed.stdout, 'n,parameter a\n2,2\n5,5\n');
  assert.equal(sumOf(sweep(project, args)), '0 run, 4 recorded before, 2 failed: 2 and 5 (rr list --sweep s -s failed)');
  const fast = rr(project, ['sweep', '-l', 'f', '-j', '1', '--trace', 'none', '--fail-fast', '-p', 'a=1..6', '--', 'test {a} != 2']);
  assert.equal(sumOf(fast), '1 run, 4 not run, 1 failed: 2 (rr list --sweep f -s failed)');
  // One that is well again is not in the list of failures.
  assert.equal(sumOf(sweep(project, ['-o', 'out/{n}', '-p', 'a=1..6', '--', 'mkdir -p out; echo {a} > out/{n}'])), '6 run');
  assert.equal(rr(project, ['list', '--sweep', 's', '-s', 'failed', '--csv']).stdout.split('\n').length, 2);
});

test('sweep that is killed goes on from there', async () => {
  for (const waitMs of [150, 350, 600, 900]) {
    const project = makeProject();
    writeTool(project);
    const log = project + '.log';
    const args = ['sweep', '-l', 's', '--trace', 'none', '-j', '2', '-o', 'out/{n}', '-p', 'a=1..24', '--', 'sleep 0.02; LOG=$LOG sh tool.sh out/{n} {a}'];
    const { child, ended } = startRr(project, args, { env: { LOG: log } });
    await sleep(waitMs);
    child.kill('SIGKILL');
    await ended;
    await sleep(200);
    const before = new Set(readPoints(project).filter((record) => record.Status[0] === 'succeeded').map((record) => record.Sweep[0]));
    fs.writeFileSync(log, '');
    const done = rr(project, args, { env: { LOG: log } });
    assert.equal(done.status, 0, done.stderr);
    const again = fs.readFileSync(log, 'latin1').split('\n').filter((line) => line !== '');
    assert.equal(again.length, new Set(again).size);
    assert.ok(again.length <= 24 - before.size, 'nothing that is recorded is run again: ' + String(again.length) + ' after ' + String(before.size));
    for (let n = 1; n <= 24; n++) assert.equal(read(project, 'out/' + String(n)), String(n) + '\n');
    assert.equal(rr(project, ['verify', '-q']).status, 0);
    checkDerived(project, 'after a kill and a second sweep');
    assert.equal(sumOf(rr(project, args)), '0 run, 24 recorded before');
    fs.unlinkSync(log);
  }
});

test('sweep takes a record that a killed rr had not yet given its name for recorded', () => {
  const project = makeProject();
  const args = ['-o', 'out/{n}', '-p', 'a=1..3', '--', 'mkdir -p out; echo {a} > out/{n}'];
  assert.equal(sumOf(sweep(project, args)), '3 run');
  const [name] = listRecords(project);
  fs.renameSync(path.join(project, name), path.join(project, '.rr/running', path.basename(name, '.rec')));
  const status = rr(project, ['status']);
  assert.match(status.stdout, /\b2 runs: none lost\b/);
  assert.equal(sumOf(sweep(project, args)), '0 run, 3 recorded before');
  assert.equal(listRecords(project).length, 3);
  checkSeals(project, listRecords(project));
});

test('sweep --metrics: values of each point are in its record and in the table', () => {
  for (const more of [[], ['--trace', 'scan', '-j', '1'], ['--trace', 'auto']]) {
    const project = makeProject();
    write(project, 'sim.sh', 'mkdir -p "$(dirname "$2")"\necho "{\\"loss\\": $1.5, \\"fit\\": {\\"ok\\": true, \\"name\\": \\"p,$1\\"}}" > "$2"\n');
    const args = ['-p', 'x=1..3', '--metrics', 'out/{x}.json'].concat(more, '--', 'sh', 'sim.sh', '{x}', 'out/{x}.json');
    assert.equal(sumOf(sweep(project, args)), '3 run');
    const points = readPoints(project).sort((a, b) => (a.Sweep[0] < b.Sweep[0] ? -1 : 1));
    assert.deepEqual(points.map((point) => [point.Metrics_file, point.Metric]), [1, 2, 3].map((x) => [['out/' + String(x) + '.json'], ['loss ' + String(x) + '.5', 'fit.ok true', 'fit.name p,' + String(x)]]));
    assert.ok(pathsOf(points[0].Output).includes('out/1.json'), 'it is a result');
    assert.equal(rr(project, ['list', '--sweep', 's', '--csv', '--columns', 'n,param:x,metric:loss,metric:fit.name']).stdout, 'n,parameter x,metric loss,metric fit.name\n1,1,1.5,"p,1"\n2,2,2.5,"p,2"\n3,3,3.5,"p,3"\n');
    assert.match(rr(project, ['list', '--sweep', 's']).stdout, /^N +STATUS +x +fit\.name +fit\.ok +loss +TIME\n1 +succeeded +1 +p,1 +true +1\.5 /);
    assert.equal(sumOf(sweep(project, args)), '0 run, 3 recorded before');
    fs.unlinkSync(path.join(project, 'out/2.json'));
    assert.equal(sumOf(sweep(project, args)), '1 run, 2 recorded before', 'a metrics file that is gone is missed');
  }
});

test('sweep --reuse says how many results were put back', () => {
  const project = makeProject();
  const args = ['--reuse', '-o', 'out/{n}', '-p', 'a=1..3', '--', 'mkdir -p out; echo {a} > out/{n}'];
  assert.equal(sumOf(sweep(project, args)), '3 run');
  fs.unlinkSync(path.join(project, 'out/2'));
  assert.equal(sumOf(sweep(project, args)), '0 run, 1 reused, 2 recorded before');
  assert.equal(read(project, 'out/2'), '2\n');
  const both = sweep(project, ['--no-reuse'].concat(args));
  assert.deepEqual([both.status, both.stderr], [2, 'rr: cannot use --no-reuse with --reuse\nrr: hint: say one of them\n']);
  assert.equal(rr(project, ['init', '--reuse', '--no-reuse']).status, 2);
});

const HOSTILE_NAMES = ['$(touch pwned).fits', '`touch pwned`.fits', "it's.fits", 'a "b" c.fits', 'two  spaces.fits', 'line\nbreak.fits', ';touch pwned;.fits', '-rf.fits', '*.fits', '[ab].fits', 'back\\slash.fits', 'caf\xc3\xa9.fits', 'not\xffutf8.fits', '{n}.fits', '{{path}}.fits', '~.fits', '#.fits', '$HOME.fits', 'a&b|c>d.fits'];

function writeBytes(project: string, name: string, content: string): void {
  fs.mkdirSync(path.join(project, 'data'), { recursive: true });
  fs.writeFileSync(Buffer.concat([Buffer.from(project + '/data/'), Buffer.from(name, 'latin1')]), content);
}

test('sweep --each: names of files, however hostile, stay names', () => {
  for (const command of [['sh', '-c', 'mkdir -p out; cat "$1" > "$2"', 'sh', '{path}', 'out/{stem}.txt'], ['mkdir -p out; cat {path} > out/{stem}.txt'], ['mkdir -p out; cat "{path}" > "out/{stem}.txt"'], ["bash", '-c', "mkdir -p out; cat '{path}' > 'out/{stem}.txt'"]]) {
    const project = makeProject();
    HOSTILE_NAMES.forEach((name, i) => writeBytes(project, name, 'content ' + String(i) + '\n'));
    const args = ['sweep', '-l', 's', '--trace', 'none', '-o', 'out/{stem}.txt', '--each', 'data/*.fits', '--'].concat(command);
    const done = rr(project, args);
    assert.equal(done.status, 0, done.stderr);
    assert.equal(sumOf(done), String(HOSTILE_NAMES.length) + ' run');
    HOSTILE_NAMES.forEach((name, i) => {
      const made = Buffer.concat([Buffer.from(project + '/out/'), Buffer.from(name.replace(/\.fits$/, '.txt'), 'latin1')]);
      assert.equal(fs.readFileSync(made, 'latin1'), 'content ' + String(i) + '\n', name);
    });
    assert.equal(fs.existsSync(path.join(project, 'pwned')), false, command.join(' '));
    const points = readPoints(project);
    assert.deepEqual(points.map((record) => [record.Input.length, record.Output.length, record.Missing_output]), points.map((record) => [record.Input.length, 1, undefined]));
    assert.equal(sumOf(rr(project, args)), '0 run, ' + String(HOSTILE_NAMES.length) + ' recorded before');
  }
});

test('sweep --each at the top of the project gives names that begin with "-" as ./-', () => {
  const project = makeProject();
  write(project, '-rf.fits', 'x');
  assert.equal(sweep(project, ['--each', '*.fits', '-o', 'o', '--', 'cp', '{path}', 'o']).status, 0);
  assert.deepEqual(readPoints(project)[0].Command, ['cp ./-rf.fits o']);
});

test('sweep --each runs what was added or changed, from any folder, and prunes what is gone', () => {
  const project = makeProject();
  for (const name of ['a', 'b', 'c', 'd']) write(project, 'data/' + name + '.csv', name + '\n');
  fs.mkdirSync(path.join(project, 'work'));
  const args = ['sweep', '-l', 's', '--trace', 'none', '-o', '../out/{stem}/{name}', '--each', '../data/*.csv'];
  const command = ['--', 'mkdir -p ../out/{stem}; cp {path} ../out/{stem}/{name}'];
  const go = (...more: string[]): Done => rr(path.join(project, 'work'), args.concat(more, command));
  assert.equal(sumOf(go()), '4 run');
  assert.deepEqual(readPoints(project).map((record) => [record.Parameter[0], record.Directory[0]]), ['a', 'b', 'c', 'd'].map((name) => ['path ../data/' + name + '.csv', 'work']));
  write(project, 'data/e.csv', 'new\n');
  write(project, 'data/a.csv', 'changed\n');
  fs.utimesSync(path.join(project, 'data/b.csv'), 5, 5);
  assert.equal(sumOf(go()), '2 run, 3 recorded before');
  assert.equal(read(project, 'out/a/a.csv'), 'changed\n');
  for (const name of ['b', 'c', 'e']) fs.unlinkSync(path.join(project, 'data/' + name + '.csv'));
  write(project, 'out/c/c.csv', 'edited by hand\n');
  assert.equal(sumOf(go()), '0 run, 2 recorded before');
  assert.ok(fs.existsSync(path.join(project, 'out/b/b.csv')), 'not without being told');
  const told = go('--prune', '-n');
  assert.equal(told.stdout, 's: 2 points, all of them recorded\nremove out/b/b.csv: data/b.csv is gone\nkeep out/c/c.csv: data/c.csv is gone, but it was changed by hand\nremove out/e/e.csv: data/e.csv is gone\n');
  assert.ok(fs.existsSync(path.join(project, 'out/b/b.csv')));
  const done = go('--prune');
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stderr, /kept out\/c\/c\.csv: data\/c\.csv is gone, but it was changed by hand\nrr: removed 2 results/);
  assert.deepEqual(run(project, ['find', 'out', '-type', 'f']).stdout.trim().split('\n').sort(), ['out/a/a.csv', 'out/c/c.csv', 'out/d/d.csv']);
  const record = readRecord(project, listRecords(project).slice(-1)[0]);
  assert.deepEqual([record.Removed, record.Sweep, record.Label], [['out/b/b.csv', 'out/e/e.csv'], undefined, ['s']]);
  assert.match(rr(project, ['verify']).stdout + rr(project, ['verify']).stderr, /out\/c\/c\.csv/, 'only what was changed by hand is not as recorded');
  assert.doesNotMatch(read(project, 'provenance/SHA256SUMS'), /out\/[be]/);
  checkDerived(project, 'after pruning');
  // Back again: the point has its number, and is run.
  write(project, 'data/b.csv', 'b\n');
  assert.equal(sumOf(go()), '1 run, 2 recorded before');
  assert.equal(readPoints(project).slice(-1)[0].Sweep[0], '2 s');
  assert.equal(read(project, 'out/b/b.csv'), 'b\n');
});

test('sweep --each takes nothing for an input that it made itself', () => {
  const project = makeProject();
  write(project, 'a.csv', '1\n');
  const args = ['--each', '*.csv', '-o', '{stem}-out.csv', '--', 'cp', '{path}', '{stem}-out.csv'];
  assert.equal(sumOf(sweep(project, args)), '1 run');
  assert.equal(sumOf(sweep(project, args)), '0 run, 1 recorded before');
  assert.equal(sweep(project, ['--each', '*.none', '--', 'true']).status, 121);
});

test('sweep --from reads tables as Python does', { skip: NO_PYTHON }, () => {
  const project = makeProject();
  writeTool(project);
  const program = 'import csv, sys\nrows = [["1", "plain", ""], ["2", "with, comma", "it\'s"], ["3", "quote \\" in it", "x"], ["4", "two\\nlines", "$(touch pwned)"], ["5", " blanks ", "caf\\u00e9"], ["6", "semi;colon", "tab\\there"]]\n'
    + 'for name, delimiter, end in ("t.csv", ",", "\\r\\n"), ("t.tsv", "\\t", "\\n"), ("e.csv", ";", "\\n"):\n  with open(name, "w", newline="", encoding="utf-8-sig" if name == "e.csv" else "utf-8") as f:\n    w = csv.writer(f, delimiter=delimiter, lineterminator=end)\n    w.writerow(["id", "text", "more"])\n    w.writerows(rows)\n'
    + 'for name, delimiter in ("t.csv", ","), ("t.tsv", "\\t"), ("e.csv", ";"):\n  with open(name, newline="", encoding="utf-8-sig") as f:\n    for row in csv.DictReader(f, delimiter=delimiter):\n      with open("expected-" + name + "-" + row["id"], "w", newline="") as o: o.write(row["id"] + "\\n" + row["text"] + "\\n" + row["more"] + "\\n")\n';
  const made = run(project, ['python3', '-c', program]);
  assert.equal(made.status, 0, made.stderr);
  for (const table of ['t.csv', 't.tsv', 'e.csv']) {
    const done = rr(project, ['sweep', '-l', table, '--trace', 'none', '--from', table, '-o', 'out/' + table + '/{id}', '--', 'sh', 'tool.sh', 'out/' + table + '/{id}', '{id}', '{text}', '{more}']);
    assert.equal(done.status, 0, done.stderr);
    for (let id = 1; id <= 6; id++) assert.equal(read(project, 'out/' + table + '/' + String(id)), read(project, 'expected-' + table + '-' + String(id)), table + ' ' + String(id));
  }
  assert.equal(fs.existsSync(path.join(project, 'pwned')), false);
  const combined = sweep(project, ['--from', 't.csv', '-p', 'k=1..2', '-n', '--', 'echo', '{id}', '{k}', '{text}{more}']);
  assert.match(combined.stdout, /^s: 12 points: 12 to run/);
  assert.deepEqual(combined.stdout.split('\n').slice(2, 5).map((line) => line.trim().split(/ +/)[2]), ['1', '1', '2'], 'rows vary slowest');
});

test('sweep --from names what is wrong with a table', () => {
  const project = makeProject();
  const table: [string, RegExp][] = [
    ['', /it is empty/], ['a,a\n1,2\n', /"a" twice/], ['a,\n1,2\n', /"" in its first line is no name/], ['a b,c\n1,2\n', /"a b" in its first line/], ['a,b\n1,2\n1\n', /row 2 has 1 value for 2 names/], ['a,b\n"1,2\n', /double quote is out of place in the row after row 0/], ['a,n\n1,2\n', /\{n\} is the number/],
  ];
  for (const [text, expected] of table) {
    write(project, 't.csv', text);
    const done = sweep(project, ['--from', 't.csv', '--', 'echo', '{a}']);
    assert.equal(done.status, 2);
    assert.match(done.stderr, expected, text);
  }
  assert.match(sweep(project, ['--from', 'none.csv', '--', 'true']).stderr, /no such file/);
});

test('sweep writes values into a copy of a parameter file for each point', { skip: NO_PYTHON }, () => {
  const project = makeProject();
  write(project, 'params.json', '{\n  "train": { "lr": 1, "epochs": 3 },\n  "name": "base"\n}\n');
  write(project, 'fit.py', 'import json, sys\np = json.load(open(sys.argv[1]))\njson.dump(p, open(sys.argv[2], "w"), sort_keys=True)\n');
  const args = ['-i', 'fit.py', '-o', 'runs/{n}/out.json', '-p', 'params.json:train.lr=0.1,0.2', '-p', 'params.json:name=x,"a, ""b"""', '--write', 'runs/{n}/params.json', '--', 'python3', 'fit.py', '{params}', 'runs/{n}/out.json'];
  const done = sweep(project, args);
  assert.equal(done.status, 0, done.stderr);
  assert.equal(sumOf(done), '4 run');
  const judged = run(project, ['python3', '-c', 'import json\nfor n in 1, 2, 3, 4:\n  p = json.load(open("runs/%d/out.json" % n))\n  assert p == json.load(open("runs/%d/params.json" % n))\n  print(n, p["train"]["lr"], p["train"]["epochs"], p["name"])']);
  assert.equal(judged.stdout, '1 0.1 3 x\n2 0.1 3 a, "b"\n3 0.2 3 x\n4 0.2 3 a, "b"\n', judged.stderr);
  assert.equal(read(project, 'params.json'), '{\n  "train": { "lr": 1, "epochs": 3 },\n  "name": "base"\n}\n');
  const [point] = readPoints(project).filter((record) => record.Sweep[0] === '2 s');
  assert.deepEqual([point.Parameter, point.Parameter_file, pathsOf(point.Input)], [['params.json:train.lr 0.1', 'params.json:name a, "b"'], undefined, ['fit.py', 'runs/2/params.json']]);
  assert.equal(sumOf(sweep(project, args)), '0 run, 4 recorded before');
  // Another value beside: each copy changes.
  write(project, 'params.json', '{\n  "train": { "lr": 1, "epochs": 4 },\n  "name": "base"\n}\n');
  assert.equal(sumOf(sweep(project, args)), '4 run');
  assert.deepEqual(readPoints(project).slice(-1)[0].Because, ['input runs/4/params.json changes'].map((text) => text.replace('4', /^(\d+)/.exec(readPoints(project).slice(-1)[0].Sweep[0])?.[1] ?? '')));
  const refused: [string[], RegExp, number][] = [
    [['-p', 'params.json:train.lr=1,2', '--', 'true'], /needs a copy of params\.json of its own/, 2], [['-p', 'params.json:train.rl=1,2', '--write', 'x/{n}.json', '--', 'true'], /cannot find the key "train\.rl"/, 121],
    [['-p', 'params.json:train.lr=1,2', '--write', 'x.json', '--', 'true'], /points 5 and 6 are both to write "x\.json"/, 2], [['-p', 'params.json:train.lr=1,2', '--write', 'params.json', '--', 'true'], /it is the file that the points are made from/, 2],
    [['-p', 'params.json:train.lr=1,2', '--write', '../{n}.json', '--', 'true'], /outside of the project/, 2], [['-p', 'a=1,2', '--write', 'x/{n}.json', '--', 'true'], /no value in a file is swept/, 2],
  ];
  for (const [more, expected, status] of refused) {
    const failed = sweep(project, more);
    assert.match(failed.stderr, expected);
    assert.equal(failed.status, status, failed.stderr);
  }
  write(project, 'mine/5.json', 'by hand\n');
  assert.match(sweep(project, ['-p', 'params.json:train.lr=1,2', '--write', 'mine/{n}.json', '--', 'true', '{params}']).stderr, /cannot write "mine\/5\.json": it is there, and not of this sweep/);
  assert.equal(read(project, 'mine/5.json'), 'by hand\n');
});

test('sweep sets a variable for each point, and runs again when a declared one changes', () => {
  const project = makeProject();
  const args = ['-p', 'threads=1,2', '--variable', 'OMP_NUM_THREADS={threads}', '--variable', 'MODE', '-o', 'out/{n}', '--', 'sh', '-c', 'mkdir -p out; echo $OMP_NUM_THREADS $MODE > out/{n}'];
  assert.equal(sumOf(sweep(project, args, { env: { OMP_NUM_THREADS: '9', MODE: 'a' } })), '2 run');
  assert.equal(read(project, 'out/1') + read(project, 'out/2'), '1 a\n2 a\n');
  assert.deepEqual(readPoints(project).map((record) => record.Variable.filter((line) => /^(?:OMP|MODE)/.test(line)).join(' ')).sort(), ['OMP_NUM_THREADS=1 MODE=a', 'OMP_NUM_THREADS=2 MODE=a']);
  assert.equal(sumOf(sweep(project, args, { env: { MODE: 'a' } })), '0 run, 2 recorded before');
  assert.equal(sumOf(sweep(project, args, { env: { MODE: 'b' } })), '2 run');
  assert.equal(sumOf(sweep(project, args)), '2 run', 'it is not set any more');
  assert.equal(sumOf(sweep(project, args)), '0 run, 2 recorded before');
});

test('sweep withholds values that may be secrets, and knows them again', () => {
  const project = makeProject();
  const args = ['-p', 'token=hunter2hunter2,correcthorse', '-o', 'out/{n}', '--', 'sh', '-c', 'mkdir -p out; echo ok > out/{n}', 'sh', '--token', '{token}'];
  assert.equal(sumOf(sweep(project, args)), '2 run');
  assert.equal(run(project, ['grep', '-r', '-e', 'hunter2', '-e', 'correcthorse', 'provenance']).status, 1);
  assert.equal(sumOf(sweep(project, args)), '0 run, 2 recorded before');
});

test('sweep tells of too many points without listing them', () => {
  const project = makeProject();
  const many = ['-p', 'a=1..1000', '-p', 'b=1..1000', '-p', 'c=1..1000', '--', 'echo', '{a}', '{b}', '{c}'];
  const refused = sweep(project, many);
  assert.deepEqual([refused.status, refused.stderr], [2, 'rr: cannot sweep over 1,000,000,000 points: at most 5,000,000 can be\nrr: hint: draw some of them: --random 1000\n']);
  assert.match(sweep(project, ['-p', 'a=1..200000', '--', 'echo', '{a}']).stderr, /this sweep has 200,000 points\nrr: hint: say --yes/);
  const told = sweep(project, ['-n'].concat(many));
  assert.equal(told.status, 0);
  assert.match(told.stdout, /^s: 1,000,000,000 points: too many to look at each; the first ones\n(?:.*\n){21}\.\.\. and 999,999,980 more\n$/);
  assert.equal(sumOf(sweep(project, ['--random', '3', '--seed', '5'].concat(many))), '3 run');
  assert.equal(sumOf(sweep(project, ['--random', '5', '--seed', '5'].concat(many))), '2 run, 3 recorded before', 'more of the same');
});

test('sweep warns of what looks like a mistake', () => {
  const project = makeProject();
  const table: [string[], RegExp | undefined][] = [
    [['-p', 'gamma=1', '--', 'echo', '{gama}', '{gamma}'], /\{gama\} is no parameter and stays as it is; was \{gamma\} meant\?/], [['-p', 'gamma=1', '--', 'echo', '1'], /the command has no \{gamma\}/], [['-p', 'x=1', '--', 'echo ${x} {x}'], /\$\{x\} is the shell's own variable/],
    [['-p', 'x=1', '-o', 'out', '--', "awk 'BEGIN {print {x}}'"], undefined], [['-p', 'x=1', '-o', 'out', '--', 'awk', 'BEGIN {print 1; exit} {x}'], undefined], [['-p', 'x=1', '-o', '{x}.txt', '--', 'touch', '1.txt'], undefined],
    [['-p', 'x=1', '-p', 'gamma=2', '-o', '{x}', '--', 'touch', '{x}'], /the command has no \{gamma\}: it is not told that value\n$/],
    [['--trace', 'none', '-p', 'x=1', '--', 'touch', '{x}'], /^rr: warning: nothing that the points write will be on record: with --trace none that is only what -o and --metrics name\n$/],
    [['--trace', 'scan', '-j', '2', '-p', 'x=1', '--', 'touch', '{x}'], /nothing that the points write will be on record: with --trace scan, and several points at the same time,/], [['--trace', 'scan', '-j', '1', '-p', 'x=1', '--', 'touch', '{x}'], undefined],
    [['-p', 'x=1', '-p', 'x=2', '--', 'touch', '{x}'], /given twice\nrr: hint: give all its values at once: -p x=1,2\n$/], [['--random', '0', '-p', 'x=1', '--', 'touch', '{x}'], /cannot draw 0 points/],
  ];
  for (const [args, expected] of table) {
    const done = sweep(project, ['-n'].concat(args));
    if (expected === undefined) assert.equal(done.stderr, '', args.join(' '));
    else assert.match(done.stderr, expected);
  }
});

test('sweep: two branches that were merged have each point once', { skip: hasProgram('git') ? false : 'no git' }, () => {
  const project = makeProject();
  const git = (...args: string[]): void => {
    const done = run(project, ['git', '-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'init.defaultBranch=main'].concat(args));
    assert.equal(done.status, 0, done.stderr + done.stdout);
  };
  const go = (values: string): Done => sweep(project, ['-p', 'a=' + values, '-o', 'out-{a}', '--', 'touch', 'out-{a}']);
  git('init', '-q');
  go('1');
  git('add', '-A');
  git('commit', '-qm', 'one');
  git('checkout', '-qb', 'other');
  go('1,2');
  git('add', '-A');
  git('commit', '-qm', 'two');
  git('checkout', '-q', 'main');
  go('1,3');
  git('add', '-A');
  git('commit', '-qm', 'three');
  git('merge', '-q', '-X', 'ours', '-m', 'both', 'other');
  assert.equal(rr(project, ['makefile', '-q']).status, 0);
  assert.equal(sumOf(go('1..3')), '0 run, 3 recorded before');
  assert.equal(sumOf(go('1..4')), '1 run, 3 recorded before');
  const listed = rr(project, ['list', '--sweep', 's', '--csv', '--columns', 'n,param:a']).stdout;
  assert.deepEqual(listed.trim().split('\n').slice(1).sort(), ['1,1', '2,2', '2,3', '4,4'], 'of two with one number each is listed, and no number is given again');
});
