// slurm.test.ts - steps as jobs of a real Slurm. Asked of squeue, scontrol, sacct and awk.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { checkDerived, checkSeals, listRecords, makeProject, makeTemporary, readRecord, rr, run, sleep } from './rig.ts';
import type { Done } from './rig.ts';
import { NEEDS_SLURM, NEEDS_ACCOUNTS, startCluster } from './slurmrig.ts';
import type { Cluster } from './slurmrig.ts';

let cluster: Cluster;

before(async () => { if (NEEDS_SLURM === false) cluster = await startCluster(3, NEEDS_ACCOUNTS === false); });
after(async () => { if (NEEDS_SLURM === false) await cluster.stop(); });

function onSlurm(folder: string, args: string[], more: NodeJS.ProcessEnv = {}): Done {
  return rr(folder, args, { env: { ...cluster.env, ...more }, timeoutMs: 300000 });
}

/** Fails the test if the status is not as expected. */
function expect(done: Done, status = 0): Done {
  assert.equal(done.status, status, done.stdout + done.stderr);
  return done;
}

function plan(folder: string, name: string, options: string[], command: string): void {
  expect(rr(folder, ['record', '-q', '--plan', name].concat(options, '--', 'sh', '-c', command)));
}

/** The facts of all records, oldest first. */
function readAll(folder: string): { [field: string]: string[] }[] {
  return listRecords(folder).map((name) => readRecord(folder, name));
}

/** 'PLAN STATUS' of all records, oldest first; asked of awk. */
function listStates(folder: string): string[] {
  const names = listRecords(folder);
  return names.length === 0 ? [] : run(folder, ['awk', '-F: ', '/^Id: /{p="-"} /^Plan: /{p=$2} /^Status: /{print p, $2}'].concat(names)).stdout.split('\n').slice(0, -1);
}

function statusOf(folder: string): { batches?: { tasks: { name: string; state: string; job?: string; detail?: string }[] }[] } {
  return JSON.parse(onSlurm(folder, ['status', '--json']).stdout) as ReturnType<typeof statusOf>;
}

/** 'NAME STATE' of all tasks. */
function spellTasks(status: ReturnType<typeof statusOf>): string[] {
  return (status.batches ?? []).map((batch) => batch.tasks).reduce((all, tasks) => all.concat(tasks), []).map((task) => task.name + ' ' + task.state).sort();
}

function listTasks(folder: string): string[] {
  return spellTasks(statusOf(folder));
}

async function waitForState(folder: string, wanted: string[]): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += 200) {
    const status = statusOf(folder);
    const tasks = spellTasks(status);
    if (wanted.every((one) => tasks.indexOf(one) >= 0)) return;
    if (waitedMs >= 90000) assert.fail('waited in vain for ' + wanted.join(', ') + ': ' + JSON.stringify(status) + '\n' + cluster.ask(['scontrol', 'show', 'jobs']));
    await sleep(200);
  }
}

async function waitForLines(name: string, count: number): Promise<string[]> {
  for (let waitedMs = 0; ; waitedMs += 50) {
    const lines = fs.existsSync(name) ? fs.readFileSync(name, 'utf8').split('\n').slice(0, -1) : [];
    if (lines.length >= count) return lines;
    assert.ok(waitedMs < 90000, 'waited in vain for ' + name);
    await sleep(50);
  }
}

/** Waits until a requeued job has begun so often. */
async function waitForStart(job: string, starts: string, count: number): Promise<void> {
  for (let waitedMs = 0; fs.readFileSync(starts, 'utf8').split('\n').length - 1 < count; waitedMs += 1000) {
    const shown = cluster.ask(['scontrol', 'show', 'job', job]);
    assert.ok(waitedMs < 120000, 'not begun again: ' + shown);
    // Slurm lets it wait for two minutes, also if the node tells of the end before only after it was told not to. And
    // where that comes very late, it takes the end for that of the job.
    const argv = /JobState=PENDING/.test(shown) ? ['scontrol', 'update', 'JobId=' + job, 'StartTime=now'] : /JobState=(?:RUNNING|COMPLETING|CONFIGURING)/.test(shown) ? undefined : ['scontrol', 'requeue', job];
    if (argv !== undefined) run(undefined, argv, { env: cluster.env });
    await sleep(1000);
  }
}

async function waitForEmptyQueue(): Promise<void> {
  for (let waitedMs = 0; cluster.ask(['squeue', '--noheader']) !== ''; waitedMs += 200) {
    assert.ok(waitedMs < 90000, 'jobs stay: ' + cluster.ask(['squeue']));
    await sleep(200);
  }
}

function checkProject(folder: string): void {
  checkSeals(folder, listRecords(folder));
  checkDerived(folder, 'after jobs');
  assert.deepEqual(fs.readdirSync(path.join(folder, '.rr', 'running')).filter((name) => !name.startsWith('.')), []);
}

test('rr make --on slurm makes a diamond on several nodes, each step after those that it needs', { skip: NEEDS_SLURM }, async () => {
  const folder = makeProject();
  fs.writeFileSync(path.join(folder, 'raw'), '3\n');
  plan(folder, 'top', ['-i', 'raw', '-o', 'a', '--cpus', '2'], 'cat raw raw > a');
  for (const side of ['left', 'right']) plan(folder, side, ['-i', 'a', '-o', side + '.txt', '--memory', '900M'], 'hostname > ' + side + '.host; cat a > ' + side + '.txt');
  plan(folder, 'bottom', ['-i', 'left.txt', '-i', 'right.txt', '-o', 'sum', '--partition', 'long', '--time', '90s'], 'cat left.txt right.txt > sum');
  const done = expect(onSlurm(folder, ['make', '--on', 'slurm', '--wait', '--cpus', '4']));
  assert.match(done.stderr, /handed over to Slurm: 4 steps as jobs \d+, \d+, \d+\n/);
  assert.equal(fs.readFileSync(path.join(folder, 'sum'), 'utf8'), '3\n3\n3\n3\n');
  assert.deepEqual(listStates(folder).sort(), ['bottom succeeded', 'left succeeded', 'right succeeded', 'top succeeded']);
  const records = readAll(folder);
  const of = (name: string): { [field: string]: string[] } => records.find((record) => record.Plan[0] === name) as { [field: string]: string[] };
  assert.deepEqual(of('top').Asked, ['cpus 2']);
  assert.deepEqual(of('left').Asked, ['memory 943718400', 'cpus 4'], 'what is asked for all, where a step does not ask for it');
  assert.deepEqual(of('bottom').Asked, ['time 90', 'partition long', 'cpus 4']);
  // Slurm itself: which job asked for what, and where it ran.
  for (const name of ['left', 'bottom']) {
    const [job, node] = of(name).Job[0].split(' ').slice(1);
    const shown = cluster.ask(['scontrol', 'show', 'job', job]);
    assert.match(shown, new RegExp('NodeList=' + node + '\\b'));
    assert.match(shown, name === 'left' ? /mem=900M/ : /TimeLimit=00:02:00[^]*Partition=long/);
    assert.match(shown, /CPUs\/Task=4/);
  }
  // With four processors each, the two sides cannot have been on one node.
  assert.notEqual(fs.readFileSync(path.join(folder, 'left.host'), 'utf8'), fs.readFileSync(path.join(folder, 'right.host'), 'utf8'));
  checkProject(folder);
  assert.match(expect(onSlurm(folder, ['status'])).stdout, /on Slurm since .*: 4 done\n/, 'told once');
  assert.doesNotMatch(expect(onSlurm(folder, ['status'])).stdout, /Slurm/);
  assert.deepEqual(fs.readdirSync(path.join(folder, '.rr', 'slurm')), []);
  assert.match(expect(onSlurm(folder, ['make', '--on', 'slurm'])).stderr, /up to date/);
  fs.writeFileSync(path.join(folder, 'raw'), '4\n');
  expect(onSlurm(folder, ['make', '--on', 'slurm', '--wait', '-q']));
  assert.equal(fs.readFileSync(path.join(folder, 'sum'), 'utf8'), '4\n4\n4\n4\n');
  assert.equal(run(folder, ['make', '-s', 'verify']).status, 0);
});

test('a failing step keeps its dependents from running; resubmitting skips what is queued, running or done', { skip: NEEDS_SLURM }, async () => {
  const folder = makeProject();
  plan(folder, 'good', ['-o', 'good'], 'echo 1 > good');
  plan(folder, 'bad', ['-o', 'bad'], 'test -e mend && echo 2 > bad');
  plan(folder, 'slow', ['-o', 'slow'], 'while ! test -e go; do sleep 0.1; done; echo 3 > slow');
  plan(folder, 'after-bad', ['-i', 'bad', '-i', 'good', '-o', 'after'], 'cat bad > after');
  plan(folder, 'after-slow', ['-i', 'slow', '-o', 'last'], 'cat slow > last');
  expect(onSlurm(folder, ['make', '--on', 'slurm', '-q']));
  await waitForState(folder, ['good done', 'bad failed', 'slow running', 'after-slow queued', 'after-bad queued']);
  assert.match(expect(onSlurm(folder, ['status']), 1).stdout, /bad +failed: exit 1, run \d+T\S+ \(job \d+_\d\)\n  slow +running on node\d \(job/);
  const here = expect(onSlurm(folder, ['make', '-k']), 121);
  assert.match(here.stderr, /cannot run "(?:slow|after-\w+)" here \(and 2 more\): it is (?:running|queued) on Slurm/);
  // What failed is to be done again; what waits or runs is left alone.
  fs.writeFileSync(path.join(folder, 'mend'), '');
  const again = expect(onSlurm(folder, ['make', '--on', 'slurm']));
  assert.match(again.stderr, /handed over to Slurm: 1 step as job \d+; 3 steps waited or ran there already\n/);
  await waitForState(folder, ['bad done', 'slow running']);
  fs.writeFileSync(path.join(folder, 'go'), '');
  await waitForEmptyQueue();
  // It waited for the attempt that failed.
  assert.deepEqual(listTasks(folder).filter((task) => /^after/.test(task)), ['after-bad blocked', 'after-slow done']);
  assert.match(onSlurm(folder, ['status']).stdout, /after-bad +not run because bad failed/);
  expect(onSlurm(folder, ['make', '--on', 'slurm', '--wait', '-q']));
  assert.equal(fs.readFileSync(path.join(folder, 'after'), 'utf8'), '2\n');
  assert.deepEqual(listStates(folder).sort(), ['after-bad succeeded', 'after-slow succeeded', 'bad failed', 'bad succeeded', 'good succeeded', 'slow succeeded']);
  checkProject(folder);
});

test('scancel: a job that waits is told as cancelled, one that runs is interrupted and leaves the earlier result', { skip: NEEDS_SLURM }, async () => {
  const folder = makeProject();
  const begun = path.join(makeTemporary(), 'begun');
  fs.writeFileSync(path.join(folder, 'in'), '1\n');
  plan(folder, 'long', ['-i', 'in', '-o', 'out'], 'echo half > out; echo x >> ' + begun + '; test "$(cat in)" = 1 || sleep 600; cat in > out');
  plan(folder, 'then', ['-i', 'out', '-o', 'end'], 'cat out > end');
  expect(onSlurm(folder, ['make', '--on', 'slurm', '--wait', '-q']));
  fs.writeFileSync(path.join(folder, 'in'), '2\n');
  expect(onSlurm(folder, ['make', '--on', 'slurm', '-q']));
  // Slurm says "running" before the run has begun; cancelled by then, there is no run.
  await waitForLines(begun, 2);
  await waitForState(folder, ['long running', 'then queued']);
  const [first, second] = ['long', 'then'].map((name) => statusOf(folder).batches?.[0].tasks.find((task) => task.name === name)?.job as string);
  cluster.ask(['scancel', second]);
  cluster.ask(['scancel', first]);
  await waitForEmptyQueue();
  await waitForState(folder, ['long interrupted', 'then cancelled']);
  assert.equal(fs.readFileSync(path.join(folder, 'out'), 'utf8'), '1\n', 'the good result is back');
  assert.deepEqual(listStates(folder).slice(2), ['long interrupted']);
  assert.equal(readAll(folder)[2].Job[0].split(' ')[1], first);
  fs.writeFileSync(path.join(folder, 'in'), '1\n');
  assert.match(expect(onSlurm(folder, ['make', '--on', 'slurm'])).stderr, /up to date/);
  checkProject(folder);
});

test('a requeued job leaves a record of each of its starts', { skip: NEEDS_SLURM }, async () => {
  const folder = makeProject();
  // Outside of the project: what a run that is cut short writes there is set aside.
  const starts = path.join(makeTemporary(), 'starts');
  plan(folder, 'work', ['-o', 'out'], 'echo x >> ' + starts + '; test "$(wc -l < ' + starts + ')" -gt 1 || sleep 600; echo 1 > out');
  expect(onSlurm(folder, ['make', '--on', 'slurm', '-q']));
  await waitForState(folder, ['work running']);
  await waitForLines(starts, 1);
  const job = statusOf(folder).batches?.[0].tasks[0].job as string;
  cluster.ask(['scontrol', 'requeue', job]);
  await waitForState(folder, ['work queued']);
  await waitForStart(job, starts, 2);
  await waitForEmptyQueue();
  await waitForState(folder, ['work done']);
  assert.deepEqual(listStates(folder), ['work interrupted', 'work succeeded']);
  assert.deepEqual(readAll(folder).map((record) => record.Job[0].split(' ')[1]), [job, job]);
  assert.match(cluster.ask(['scontrol', 'show', 'job', job]), /Restarts=[1-9]/);
  checkProject(folder);
});

for (const [how, option] of [['begun anew elsewhere by Slurm', '--requeue'], ['redone by the next submission', '--no-requeue']] as const) {
  test('a machine that dies: the run is lost, what it held comes back, and the step is ' + how, { skip: NEEDS_SLURM }, async () => {
    const folder = makeProject();
    const hosts = path.join(makeTemporary(), 'hosts');
    fs.writeFileSync(path.join(folder, 'in'), '1\n');
    plan(folder, 'work', ['-i', 'in', '-o', 'out'], 'cat in > out; hostname >> ' + hosts + '; test "$(cat in)" = 1 || test "$(wc -l < ' + hosts + ')" -gt 2 || sleep 600');
    plan(folder, 'next', ['-i', 'out', '-o', 'end'], 'cat out > end');
    expect(onSlurm(folder, ['make', '--on', 'slurm', '--wait', '-q']));
    fs.writeFileSync(path.join(folder, 'in'), '2\n');
    expect(onSlurm(folder, ['make', '--on', 'slurm', '-q', '--sbatch-option', option]));
    await waitForState(folder, ['work running', 'next queued']);
    const node = (await waitForLines(hosts, 2))[1];
    await cluster.tellNode('kill', node);
    cluster.ask(['scontrol', 'update', 'NodeName=' + node, 'State=down', 'Reason=died']);
    if (option === '--requeue') {
      await waitForState(folder, ['work queued']);
      cluster.ask(['scontrol', 'update', 'JobId=' + String(statusOf(folder).batches?.[0].tasks[0].job), 'StartTime=now']);
      await waitForEmptyQueue();
    } else {
      await waitForEmptyQueue();
      assert.deepEqual(listTasks(folder), ['next blocked', 'work lost']);
      assert.match(onSlurm(folder, ['status']).stdout, /work +lost: (?:NODE_FAIL, )?node\d \(job/);
      const again = expect(onSlurm(folder, ['make', '--on', 'slurm', '--wait']));
      assert.match(again.stderr, /the run \S+ was lost with its job \(slurm \S+ node\d\)/);
    }
    assert.deepEqual(listStates(folder).slice(2), ['work lost', 'work succeeded', 'next succeeded']);
    assert.notEqual((await waitForLines(hosts, 3))[2], node);
    assert.equal(fs.readFileSync(path.join(folder, 'end'), 'utf8'), '2\n');
    assert.deepEqual(fs.readdirSync(path.join(folder, '.rr', 'aside')).filter((name) => name.startsWith('held-')), []);
    checkProject(folder);
    await cluster.tellNode('start', node);
  });
}

test('rr sweep --on slurm: points as one array, each recorded once, with their numbers kept', { skip: NEEDS_SLURM }, async () => {
  const folder = makeProject();
  const points = Number(process.env.RR_SLURM_POINTS ?? 40);
  const sweep = (count: number, options: string[]): string[] => ['sweep', '-l', 'scan', '-p', 'x=1..' + String(count), '-o', 'out/{n}', '--on', 'slurm'].concat(options, '--', 'echo {x} > out/{n}');
  fs.mkdirSync(path.join(folder, 'out'));
  const first = expect(onSlurm(folder, sweep(points, [])));
  assert.match(first.stderr, new RegExp('handed over to Slurm: ' + String(points) + ' points as job \\d+\\n'));
  // Handing over more while these wait or run: only what is new, under the numbers that follow.
  const more = expect(onSlurm(folder, sweep(points + 5, ['--wait', '--pack', '3'])));
  assert.match(more.stderr, /handed over to Slurm: (?:\d+) points? as job \d+(?:; \d+ points? waited or ran there already)?\n/);
  await waitForEmptyQueue();
  const records = readAll(folder);
  assert.equal(records.length, points + 5, 'each point once');
  assert.deepEqual(records.map((record) => record.Sweep[0]).sort(), Array.from({ length: points + 5 }, (_, at) => String(at + 1) + ' scan').sort());
  for (const record of records) {
    assert.equal(record.Status[0], 'succeeded');
    assert.match(record.Job[0], /^slurm \d+_\d+ node[123]$/);
    const number = record.Sweep[0].split(' ')[0];
    assert.equal(fs.readFileSync(path.join(folder, 'out', number), 'utf8'), record.Parameter[0].split(' ')[1] + '\n');
  }
  assert.ok(new Set(records.map((record) => record.Job[0].split(' ')[2])).size > 1, 'on several machines');
  checkProject(folder);
  const third = expect(onSlurm(folder, sweep(points + 5, [])));
  assert.match(third.stderr, /nothing to hand over/);
});

test('Slurm that does not answer is told, and nothing is handed over twice meanwhile', { skip: NEEDS_SLURM }, async () => {
  const folder = makeProject();
  const begun = path.join(makeTemporary(), 'begun');
  plan(folder, 'slow', ['-o', 'slow'], 'echo x > ' + begun + '; while ! test -e go; do sleep 0.1; done; echo 1 > slow');
  expect(onSlurm(folder, ['make', '--on', 'slurm', '-q']));
  // Without Slurm, a job is known to run when it has said so itself.
  await waitForLines(begun, 1);
  await waitForState(folder, ['slow running']);
  const conf = path.join(makeTemporary(), 'slurm.conf');
  fs.writeFileSync(conf, fs.readFileSync(String(cluster.env.SLURM_CONF), 'latin1').replace(/^SlurmctldPort=.*$/m, 'SlurmctldPort=19'));
  const away = { SLURM_CONF: conf };
  const shown = onSlurm(folder, ['status'], away);
  assert.match(shown.stdout, /Slurm could not be asked: what follows is as far as is known\n  squeue (?:says: .*|gave no answer within 10 s)\non Slurm since .*: 1 running\n  slow  running on node\d, as far as is known \(job \d+_0\)\n/);
  const again = expect(onSlurm(folder, ['make', '--on', 'slurm'], away), 125);
  assert.match(again.stderr, /cannot tell what is still queued or running: squeue/);
  fs.writeFileSync(path.join(folder, 'go'), '');
  await waitForState(folder, ['slow done']);
  assert.match(expect(rr(folder, ['make', '--on', 'slurm', '--force'], { env: { PATH: '/nowhere' } }), 125).stderr, /cannot hand anything over to Slurm: sbatch is not there/);
  assert.match(expect(onSlurm(folder, ['make', '--on', 'slurm', '--force', '--partition', 'nowhere']), 125).stderr, /cannot hand anything over to Slurm: sbatch says: .*invalid partition/i);
  assert.deepEqual(fs.readdirSync(path.join(folder, '.rr', 'slurm')), [], 'nothing is left of it');
  checkProject(folder);
});

test('what is handed over in part is told, and the rest is handed over the next time', { skip: NEEDS_SLURM }, async () => {
  const folder = makeProject();
  plan(folder, 'one', ['-o', 'one'], 'echo 1 > one');
  plan(folder, 'two', ['-i', 'one', '-o', 'two', '--memory', '1T'], 'cat one > two');
  const done = expect(onSlurm(folder, ['make', '--on', 'slurm']), 125);
  assert.match(done.stderr, /handed over to Slurm: 1 step as job \d+\nrr: not handed over: 1 step: sbatch says: .*\n/);
  await waitForState(folder, ['one done', 'two unsubmitted']);
  assert.match(onSlurm(folder, ['status']).stdout, /two +not handed over\n/);
  await waitForEmptyQueue();
  assert.match(expect(onSlurm(folder, ['make', '--on', 'slurm']), 125).stderr, /cannot hand anything over to Slurm: sbatch says/);
  // It is redone here: nothing of it is in flight.
  expect(onSlurm(folder, ['make', '-q']));
  assert.deepEqual(listStates(folder), ['one succeeded', 'two succeeded']);
});

test('without accounts: what has left the queue is known by its own files', { skip: NEEDS_SLURM }, async () => {
  const other = await startCluster(1, false);
  const kept = cluster;
  cluster = other;
  try {
    const folder = makeProject();
    plan(folder, 'first', ['-o', 'first'], 'echo 1 > first');
    const begun = path.join(makeTemporary(), 'begun');
    plan(folder, 'long', ['-i', 'first', '-o', 'long'], 'echo x > ' + begun + '; sleep 600');
    expect(onSlurm(folder, ['make', '--on', 'slurm', '-q']));
    await waitForLines(begun, 1);
    await waitForState(folder, ['first done', 'long running']);
    other.ask(['scancel', String(statusOf(folder).batches?.[0].tasks[1].job)]);
    await waitForState(folder, ['first done', 'long interrupted']);
    await waitForEmptyQueue();
    checkProject(folder);
  } finally {
    cluster = kept;
    await other.stop();
  }
});

test('--retries and --timeout hold in jobs, --pack does several steps in one', { skip: NEEDS_SLURM }, () => {
  const folder = makeProject();
  const tries = path.join(makeTemporary(), 'tries');
  plan(folder, 'flaky', ['-o', 'flaky'], 'echo x >> ' + tries + '; test "$(wc -l < ' + tries + ')" -gt 1 && echo 1 > flaky');
  plan(folder, 'slow', ['-o', 'slow'], 'sleep 600');
  plan(folder, 'plain', ['-o', 'plain'], 'echo 1 > plain');
  const done = expect(onSlurm(folder, ['make', '--on', 'slurm', '--wait', '--retries', '1', '--timeout', '2s', '--pack', '3']), 1);
  assert.match(done.stderr, /handed over to Slurm: 3 steps as job (\d+)\n[^]*rr: slow: interrupted, exit \d+\n/);
  assert.deepEqual(listStates(folder).sort(), ['flaky failed', 'flaky succeeded', 'plain succeeded', 'slow interrupted', 'slow interrupted']);
  assert.equal(new Set(readAll(folder).map((record) => record.Job[0])).size, 1, 'all in one job');
  checkProject(folder);
});

test('options of a cluster that make no sense are refused', () => {
  const folder = makeProject();
  const refused: [string[], RegExp][] = [
    [['--wait'], /cannot use --wait: nothing is handed over to a cluster/], [['--pack', '2'], /cannot use --pack: nothing is handed over/],
    [['--sbatch-option=--qos=x'], /cannot use --sbatch-option: nothing is handed over/], [['--on', 'pbs'], /pbs/],
    [['--on', 'slurm', '--pack', '0'], /cannot use --pack "0": not a number of steps/], [['--on', 'slurm', '--sbatch-option', 'x.sh'], /cannot use --sbatch-option "x\.sh": no option of sbatch/],
    [['--on', 'slurm', '--memory', 'much'], /--memory "much"/], [['--on', 'slurm', '--partition', 'a b'], /--partition "a b"/],
  ];
  for (const [options, why] of refused) assert.match(expect(rr(folder, ['make'].concat(options)), 2).stderr, why);
  assert.equal(rr(folder, ['--cluster-job', '../../x', '0', '0']).status, 2);
  assert.match(expect(rr(folder, ['--cluster-job', '20261126T033335Z-odvlvc', '0', '0']), 125).stderr, /cannot work at the batch 20261126T033335Z-odvlvc: it is not in/);
});
