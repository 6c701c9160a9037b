// execute.test.ts - one step in the project itself: what comes back, what is kept, what its record says.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import type { Run } from '../src/core/run.ts';
import { recoverAside } from '../src/sys/aside.ts';
import { ALONE, executeStep } from '../src/sys/execute.ts';
import type { StepEnd, StepJob } from '../src/sys/execute.ts';
import { projectAt } from '../src/sys/project.ts';
import { IS_ROOT, makeProject, readRecord, rr, run, listRecords, checkDerived } from './rig.ts';
import { listAside, planStep, readAllRuns, readTree, redoStep } from './enginerig.ts';

async function execute(project: string, job: StepJob): Promise<StepEnd> {
  return executeStep(projectAt(project), job, ALONE);
}

/** Carries the step out for the first time; it must succeed. */
async function begin(project: string, job: StepJob): Promise<Run> {
  const end = await execute(project, job);
  assert.deepEqual([end.isGood, end.problems, end.kept], [true, [], []]);
  return end.run;
}

function write(project: string, name: string, content: string): void {
  fs.mkdirSync(path.dirname(path.join(project, name)), { recursive: true });
  fs.writeFileSync(path.join(project, name), content);
}

/** Name, bytes and times of some files, to the nanosecond. */
function stampOf(project: string, names: string[]): string {
  return run(project, ['stat', '-c', '%n %s %y %a'].concat(names)).stdout + run(project, ['sha256sum'].concat(names)).stdout;
}

test('executeStep() makes what was declared, in a folder that was not there, and records why', async () => {
  const project = makeProject();
  const made = await begin(project, planStep('a', 'echo hi; echo a > out/deep/a.txt', ['out/deep/a.txt'], { because: 'never run', reason: 'try it', tags: ['t'], parameters: ['n 3'], sweep: { label: 's', number: 2 }, asked: ['cpus 2'] }));
  assert.deepEqual(readTree(project), { 'out/deep/a.txt': 'a\n' });
  const fields = readRecord(project, listRecords(project)[0]);
  assert.deepEqual([fields.Because, fields.Reason, fields.Tag, fields.Parameter, fields.Sweep, fields.Asked, fields.Status, fields.Aside], [['never run'], ['try it'], ['t'], ['n 3'], ['2 s'], ['cpus 2'], ['succeeded'], undefined]);
  assert.equal(fs.readFileSync(path.join(project, 'provenance/logs/' + made.id + '.out'), 'latin1'), 'hi\n');
  assert.deepEqual(listAside(project), []);
  checkDerived(project, 'after a step');
});

test('executeStep() takes earlier results away before, and drops them when it is good', async () => {
  const project = makeProject();
  const job = planStep('a', 'test ! -e a.txt && mkdir d && echo new > a.txt && echo x > d/x', ['a.txt']);
  const prior = await begin(project, job);
  const end = await execute(project, redoStep(job, prior));
  assert.deepEqual([end.isGood, end.kept, end.run.redoes], [true, [], prior.id]);
  assert.deepEqual(readTree(project), { 'a.txt': 'new\n', 'd/x': 'x\n' });
  assert.deepEqual(listAside(project), []);
});

test('executeStep(): after a failure the earlier results are there with their times, and what it wrote is aside', async () => {
  const project = makeProject();
  write(project, 'log', 'line\n');
  const job = planStep('a', 'echo good > a.txt; mkdir d; echo good > d/x; echo more >> log; test ! -e fail || { echo half > a.txt; echo new > other; rm -rf d; ln -s /tmp d; exit 3; }', ['a.txt'], {});
  const prior = await begin(project, job);
  const before = stampOf(project, ['a.txt', 'd/x', 'log']);
  write(project, 'fail', '');
  const end = await execute(project, redoStep(job, prior));
  assert.equal(end.isGood, false);
  assert.equal(stampOf(project, ['a.txt', 'd/x', 'log']), before);
  assert.deepEqual(readTree(project), { 'a.txt': 'good\n', 'd/x': 'good\n', fail: '', log: 'line\nmore\n' });
  assert.deepEqual(listAside(project), ['*/a.txt', '*/d', '*/log', '*/other']);
  const failed = readAllRuns(project)[1];
  assert.deepEqual([failed.status, failed.exit, failed.aside, failed.removed], ['failed', 3, '.rr/aside/' + failed.id, []]);
  for (const file of failed.outputs) if (file.kind !== 'd') assert.ok(fs.lstatSync(path.join(project, String(failed.aside), file.path)), file.path);
  checkDerived(project, 'after a failure');
});

test('executeStep(): without an earlier result nothing half-made is left', async () => {
  const project = makeProject();
  const end = await execute(project, planStep('a', 'mkdir d; echo half > d/a.txt; echo half > b.txt; kill -9 $$', ['d/a.txt', 'sub/c.txt']));
  assert.deepEqual([end.isGood, end.run.status, end.run.signal, end.run.missingOutputs], [false, 'failed', 'SIGKILL', ['sub/c.txt']]);
  assert.deepEqual(readTree(project), {});
  assert.deepEqual(fs.readdirSync(project).sort(), ['.rr', 'Makefile', 'provenance']);
  assert.deepEqual(listAside(project), ['*/b.txt', '*/d/a.txt']);
});

test('executeStep(): a declared output that does not appear, and the time limit, are failures', async () => {
  const project = makeProject();
  const job = planStep('a', 'test -e skip || echo x > a.txt; test ! -e slow || sleep 100', ['a.txt']);
  const prior = await begin(project, job);
  write(project, 'skip', '');
  const missing = await execute(project, redoStep(job, prior));
  assert.deepEqual([missing.isGood, missing.run.status, missing.run.missingOutputs], [false, 'failed', ['a.txt']]);
  fs.unlinkSync(path.join(project, 'skip'));
  write(project, 'slow', '');
  const slow = await execute(project, redoStep(job, prior, { timeoutS: 0.3 }));
  assert.deepEqual([slow.isGood, slow.run.status], [false, 'interrupted']);
  assert.equal(readTree(project)['a.txt'], 'x\n');
  assert.deepEqual(listAside(project), ['*/a.txt']);
  // The record of a run that left out what was declared says nothing of its results being gone.
  assert.equal(rr(project, ['verify']).status, 0);
});

test('executeStep() keeps a result that was changed by hand, and says so', async () => {
  const project = makeProject();
  const job = planStep('a', 'echo made > a.txt', ['a.txt']);
  const prior = await begin(project, job);
  write(project, 'a.txt', 'by hand\n');
  const end = await execute(project, redoStep(job, prior));
  assert.deepEqual([end.isGood, end.kept], [true, ['a.txt']]);
  assert.equal(readTree(project)['a.txt'], 'made\n');
  assert.equal(fs.readFileSync(path.join(project, '.rr/aside', end.run.id, 'a.txt'), 'latin1'), 'by hand\n');
  assert.match(readAllRuns(project)[1].warnings.join(), /a\.txt had been changed by hand: that content is kept in \.rr\/aside/);
});

test('executeStep() of a step never run keeps a file that nobody recorded, which it may want to find', async () => {
  const project = makeProject();
  write(project, 'a.txt', 'mine\n');
  const job = planStep('a', 'cat a.txt > b.txt; test ! -e fail || exit 1; echo made > a.txt', ['a.txt', 'b.txt']);
  write(project, 'fail', '');
  const failed = await execute(project, job);
  assert.equal(failed.isGood, false);
  assert.deepEqual(readTree(project), { 'a.txt': 'mine\n', fail: '' });
  fs.unlinkSync(path.join(project, 'fail'));
  const end = await execute(project, job);
  assert.deepEqual([end.isGood, end.kept], [true, ['a.txt']]);
  assert.deepEqual(readTree(project), { 'a.txt': 'made\n', 'b.txt': 'mine\n' });
  assert.deepEqual(listAside(project).filter((name) => name === '*/a.txt').length, 1);
});

test('executeStep(): a result that is not made any more is Removed, and kept', async () => {
  const project = makeProject();
  const job = planStep('a', 'echo 1 > one; test -e few || echo 2 > two; rm -f three; test -e few || echo 3 > three', []);
  const prior = await begin(project, job);
  write(project, 'few', '');
  fs.unlinkSync(path.join(project, 'three'));
  const end = await execute(project, redoStep(job, prior));
  assert.deepEqual([end.isGood, end.kept, end.run.removed], [true, ['three', 'two'], ['three', 'two']]);
  assert.deepEqual(readTree(project), { few: '', one: '1\n' });
  assert.deepEqual(listAside(project), ['*/two']);
  assert.deepEqual(readAllRuns(project)[1].removed, ['three', 'two']);
  checkDerived(project, 'with results that are no more');
});

test('executeStep() lends an input that was overwritten since, and gives back what was there', async () => {
  const project = makeProject();
  run(project, ['git', 'init', '-q']);
  write(project, 'in', 'then\n');
  run(project, ['git', 'add', 'in']);
  run(project, ['git', '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'x']);
  const job = planStep('a', 'cat in > out', ['out']);
  const prior = await begin(project, job);
  write(project, 'in', 'now\n');
  const restore = prior.inputs.filter((file) => file.path === 'in').map(({ hash, size, kind, path: name }) => ({ hash, size, kind, path: name }));
  const end = await execute(project, { ...redoStep(job, prior), restore });
  assert.deepEqual([end.isGood, end.kept], [true, []]);
  assert.deepEqual(readTree(project), { in: 'now\n', out: 'then\n' });
  assert.equal(end.run.inputs.find((file) => file.path === 'in')?.hash, restore[0].hash);
  const lost = await execute(project, { ...redoStep(job, prior), restore: [{ ...restore[0], hash: '0'.repeat(64) }] });
  assert.match(lost.problems.join(), /its input in was overwritten since/);
  assert.deepEqual(readTree(project), { in: 'now\n', out: 'then\n' });
});

test('executeStep() of an edit in place starts from the content before it', async () => {
  const project = makeProject();
  write(project, 'raw', '1\n');
  const first = planStep('a', 'cp raw data', ['data']);
  const made = await begin(project, first);
  const edit = planStep('b', 'test ! -e fail || { echo half > data; exit 1; }; test -e still || echo 2 >> data', []);
  const prior = await begin(project, edit);
  assert.equal(readTree(project).data, '1\n2\n');
  // The content before is that of raw, found by its hash.
  const restore = made.outputs.map(({ hash, size, kind }) => ({ hash, size, kind, path: 'data' }));
  const end = await execute(project, { ...redoStep(edit, prior), restore });
  assert.deepEqual([end.isGood, end.kept, readTree(project).data], [true, [], '1\n2\n']);
  assert.equal(end.run.inputs.find((file) => file.path === 'data')?.hash, restore[0].hash);
  write(project, 'fail', '');
  const failed = await execute(project, { ...redoStep(edit, end.run), restore });
  assert.deepEqual([failed.isGood, readTree(project).data], [false, '1\n2\n']);
  fs.unlinkSync(path.join(project, 'fail'));
  write(project, 'still', '');
  const left = await execute(project, { ...redoStep(edit, end.run), restore });
  assert.deepEqual([left.isGood, readTree(project).data, left.run.outputs.map((file) => file.path)], [true, '1\n', ['data']]);
});

test('executeStep() writes nothing by way of a link that leads out of the project', async () => {
  const project = makeProject();
  const outside = makeProject();
  const job = planStep('a', 'mkdir -p d; echo x > d/a.txt', ['d/a.txt']);
  const prior = await begin(project, job);
  fs.rmSync(path.join(project, 'd'), { recursive: true });
  fs.symlinkSync(outside, path.join(project, 'd'));
  write(outside, 'a.txt', 'not yours\n');
  const end = await execute(project, redoStep(job, prior));
  assert.equal(end.isGood, false);
  assert.match(end.problems.join(), /leads out of the project/);
  assert.equal(readTree(outside)['a.txt'], 'not yours\n');
});

test('executeStep(): a declared input that is missing starts nothing and leaves no record', async () => {
  const project = makeProject();
  const job = planStep('a', 'echo x > a.txt', ['a.txt']);
  const prior = await begin(project, job);
  const end = await execute(project, redoStep(job, prior, { declaredInputs: ['gone'] }));
  assert.equal(end.isGood, false);
  assert.match(end.problems.join(), /declared input "gone" is not there/);
  assert.equal(readTree(project)['a.txt'], 'x\n');
  assert.equal(listRecords(project).length, 1);
  assert.deepEqual(listAside(project), []);
});

test('executeStep(): not traced beside others it looks at files of the run before and declared ones only', async () => {
  const project = makeProject();
  write(project, 'in', '1\n');
  const job = planStep('a', 'cat in > seen.txt; echo d > declared.txt; echo u > unknown.txt', ['declared.txt']);
  const prior = await begin(project, job);
  const beside = { ...ALONE, isAlone: false };
  const traced = await executeStep(projectAt(project), redoStep(job, prior), beside);
  assert.match(traced.run.observed, /^strace/);
  fs.unlinkSync(path.join(project, 'unknown.txt'));
  const end = await executeStep(projectAt(project), redoStep(job, { ...prior, outputs: prior.outputs.filter((file) => file.path !== 'unknown.txt') }, { observed: 'scan' }), beside);
  assert.deepEqual([end.isGood, end.run.observed, end.run.declaredOutputs], [true, 'none', ['declared.txt']]);
  assert.deepEqual(end.run.inputs.map((file) => file.path), ['in']);
  assert.deepEqual(end.run.outputs.map((file) => file.path), ['declared.txt', 'seen.txt']);
  assert.match(end.run.warnings.join(), /other steps ran at the same time/);
});

test('executeStep(): redirected streams, variables as the job says, declared ones too', async () => {
  const project = makeProject();
  write(project, 'in', 'from stdin\n');
  const job = planStep('a', 'cat; echo "$TZ $HERE $THEN"; echo bad >&2', [], { redirects: ['0 < in', '1 > out', '2 > err'], variables: ['TZ=UTC+3', 'HERE=then', 'THEN=then'], declaredVariables: ['HERE', 'THEN'] });
  process.env.HERE = 'now';
  delete process.env.THEN;
  try {
    const prior = await begin(project, job);
    assert.deepEqual(readTree(project), { err: 'bad\n', in: 'from stdin\n', out: 'from stdin\nUTC+3 then then\n' });
    assert.deepEqual(prior.redirects, ['0 < in', '1 > out', '2 > err']);
    assert.equal(process.env.TZ, undefined);
    const again = await execute(project, redoStep(job, prior));
    assert.deepEqual([again.isGood, again.kept], [true, []]);
  } finally {
    delete process.env.HERE;
  }
});

test('executeStep(): on a full disk the earlier result stays, and the next that finds room puts it back', { skip: IS_ROOT ? false : 'mounting needs root' }, async () => {
  const project = makeProject();
  const place = path.join(project, 'full');
  fs.mkdirSync(place);
  if (run(project, ['mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', place]).status !== 0) return; // a container without that right
  try {
    assert.equal(rr(place, ['init', '-q']).status, 0);
    const job = planStep('a', 'head -c 300000 /dev/zero > a.bin; test ! -e fill || head -c 9000000 /dev/zero > a.bin', ['a.bin']);
    const prior = await begin(place, job);
    const before = stampOf(place, ['a.bin']);
    write(place, 'fill', '');
    const end = await execute(place, redoStep(job, prior));
    assert.equal(end.isGood, false);
    await recoverAside(projectAt(place), () => undefined);
    assert.equal(stampOf(place, ['a.bin']), before);
  } finally {
    run(project, ['umount', place]);
  }
});
