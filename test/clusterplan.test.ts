// clusterplan.test.ts - which arrays steps become, what state a task is in, and what Slurm's programs print.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { countJobs, judgeTask, planArrays, tasksOfJob } from '../src/core/clusterplan.ts';
import type { ClusterTask, JobState, TaskAttempt, TaskEnd, TaskStatus } from '../src/core/clusterplan.ts';
import { parseArrayJobs, parseBatch, parseTask, printArrayJob, printAttempt, printBatch, printTask, printTaskEnd } from '../src/formats/clusterbatch.ts';
import { parseMaxArraySize, parseSacct, parseSbatch, parseSqueue, printAskedOptions, printJobName, printSlurmTime, readJobState } from '../src/formats/slurm.ts';

function task(key: string, before: string = '', asked: string[] = [], expectedS?: number): ClusterTask {
  return { key, before: before.split(' ').filter((one) => one !== ''), asked, expectedS };
}

/** The arrays as text: keys of tasks, and after which arrays. */
function shown(tasks: ClusterTask[], largest = 1000, pack = 1): string[] {
  const { arrays, order } = planArrays(tasks, largest, pack);
  return arrays.map((array) => order.slice(array.first, array.first + array.count).map((at) => tasks[at].key).join(' ') + ' < ' + array.after.join(','));
}

test('planArrays() puts what stands at one depth into one array', () => {
  assert.deepEqual(shown([]), []);
  assert.deepEqual(shown([task('a'), task('b')]), ['a b < ']);
  assert.deepEqual(shown([task('d', 'b c'), task('b', 'a'), task('c', 'a'), task('a')]), ['a < ', 'b c < 0', 'd < 1'], 'a diamond, whatever the order');
  assert.deepEqual(shown([task('a', 'elsewhere')]), ['a < '], 'what is no task of these is not waited for');
});

test('planArrays() takes apart what asks for different things, and waits only for what is needed', () => {
  const tasks = [task('a', '', ['cpus 1']), task('b', '', ['cpus 8']), task('c', 'b', ['memory 5']), task('d', 'a b', ['memory 5']), task('e', 'a', ['memory 6'])];
  assert.deepEqual(shown(tasks), ['a < ', 'b < ', 'c d < 0,1', 'e < 0']);
  assert.deepEqual(shown([task('a', '', ['cpus 1', 'memory 2']), task('b', '', ['memory 2', 'cpus 1'])]), ['a b < '], 'the order of what is asked does not matter');
});

test('planArrays() cuts at the largest array, and begins with what takes longest', () => {
  const tasks = ['a', 'b', 'c', 'd', 'e'].map((key, at) => task(key, '', [], [2, 5, undefined, 1, 9][at]));
  assert.deepEqual(shown(tasks, 2), ['c e < ', 'b a < ', 'd < ']);
  assert.deepEqual(shown(tasks, 2, 2), ['c e b a < ', 'd < '], 'two jobs of two tasks each');
  const { arrays } = planArrays(tasks, 2, 2);
  assert.deepEqual(arrays.map(countJobs), [2, 1]);
  assert.deepEqual([tasksOfJob(arrays[0], 0), tasksOfJob(arrays[0], 1), tasksOfJob(arrays[1], 0)], [[1, 2], [3, 4], [5]]);
});

test('planArrays() keeps every task once and every order, on random graphs', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  for (let round = 0; round < 300; round++) {
    const size = 1 + random(30);
    const tasks = Array.from({ length: size }, (_, at) => task('t' + String(at), Array.from({ length: at === 0 ? 0 : random(4) }, () => 't' + String(random(at))).join(' '), ['cpus ' + String(1 + random(2))], random(2) === 0 ? undefined : random(9)));
    const [largest, pack] = [1 + random(4), 1 + random(3)];
    const { arrays, order } = planArrays(tasks, largest, pack);
    assert.deepEqual(order.slice(1).sort((a, b) => a - b), tasks.map((_, at) => at));
    const arrayOf = new Map<string, number>();
    arrays.forEach((array, place) => {
      assert.ok(countJobs(array) <= largest);
      const numbers = Array.from({ length: countJobs(array) }, (_, job) => tasksOfJob(array, job)).reduce((all, part) => all.concat(part), []);
      assert.deepEqual(numbers, Array.from({ length: array.count }, (_, at) => array.first + at), 'the jobs of an array do its tasks');
      for (const number of numbers) arrayOf.set(tasks[order[number]].key, place);
      for (const number of numbers) assert.deepEqual(tasks[order[number]].asked, array.asked);
    });
    for (const one of tasks) for (const key of one.before) assert.ok(arrays[arrayOf.get(one.key) as number].after.indexOf(arrayOf.get(key) as number) >= 0, 'it waits for what comes before');
    arrays.forEach((array, place) => assert.ok(array.after.every((one) => one < place), 'only for what was handed over before'));
  }
});

test('planArrays() does not end in a chain of 100,000 steps', () => {
  const tasks = Array.from({ length: 100000 }, (_, at) => task(String(at), at === 0 ? '' : String(at - 1))).reverse();
  assert.equal(planArrays(tasks, 1000, 1).arrays.length, 100000);
});

test('judgeTask() goes by the end that a task notes, and by the cluster where there is none', () => {
  const attempt = (end?: TaskEnd, restarts = 0): TaskAttempt => ({ job: '7_1', node: 'n1', restarts, holder: '1 2 3 n1', end: end === undefined ? undefined : { what: end, runId: undefined, text: 'why' } });
  const queued: JobState = { kind: 'queued', reason: 'Priority' };
  const running: JobState = { kind: 'running', node: 'n2' };
  const over = (word: string): JobState => ({ kind: 'over', word });
  const cases: [TaskAttempt[], JobState, TaskStatus['what'], string][] = [
    [[], queued, 'queued', 'Priority'],
    [[], running, 'running', 'n2'],
    [[attempt()], running, 'running', 'n2'],
    [[attempt('done')], running, 'done', 'why'],
    [[attempt('failed')], running, 'failed', 'why'],
    [[attempt('failed')], over('FAILED'), 'failed', 'why'],
    [[attempt('blocked')], { kind: 'unknown' }, 'blocked', 'why'],
    [[attempt('interrupted')], queued, 'queued', 'Priority'],
    [[attempt('interrupted')], running, 'running', 'n2'],
    [[attempt('interrupted')], over('CANCELLED by 0'), 'interrupted', 'why'],
    [[attempt('interrupted'), attempt('done', 1)], over('COMPLETED'), 'done', 'why'],
    [[attempt(), attempt(undefined, 1)], over('NODE_FAIL'), 'lost', 'NODE_FAIL, n1'],
    [[attempt()], queued, 'queued', 'Priority'],
    [[attempt('done')], queued, 'done', 'why'],
    [[], over('CANCELLED by 0'), 'cancelled', 'CANCELLED by 0'],
    [[attempt()], over('CANCELLED by 0'), 'cancelled', 'CANCELLED by 0, n1'],
    [[attempt()], over('PREEMPTED'), 'cancelled', 'PREEMPTED, n1'],
    [[], over('FAILED'), 'lost', 'FAILED'],
    [[], { kind: 'unknown' }, 'cancelled', 'not in the queue any more'],
    [[attempt()], { kind: 'unknown' }, 'lost', 'n1'],
    [[], { kind: 'unasked' }, 'queued', 'as far as is known'],
    [[attempt()], { kind: 'unasked' }, 'running', 'n1, as far as is known'],
    [[attempt('done')], { kind: 'unasked' }, 'done', 'why'],
    [[], { kind: 'unsubmitted' }, 'unsubmitted', ''],
  ];
  for (const [attempts, job, what, detail] of cases) {
    const status = judgeTask(attempts, job);
    assert.deepEqual([status.what, status.detail], [what, detail], JSON.stringify([attempts, job]));
  }
});

// As Slurm 22.05.8 printed them.
const QUEUE = '6|13|PENDING||Resources|fit-k3f9q2.1\n6|1|RUNNING|node2|None|fit-k3f9q2.1\n9|N/A|PENDING||Dependency|a|b\n6|2|COMPLETING|node1|None|fit-k3f9q2.1\n6|3|CANCELLED|node1|None|fit-k3f9q2.1\n'
  + '7|0-99,120%5|PENDING||(ReqNodeNotAvail, UnavailableNodes:node1)|x\n';
const ACCOUNTS = '1_0|CANCELLED by 0|node1|0:0\n1_1|REQUEUED|node1|0:0\n1_[2-4,7%2]|PENDING|None assigned|0:0\n5|COMPLETED|node1|0:0\n5.batch|COMPLETED|node1|0:0\n8_3|NODE_FAIL|node3|1:0\n';

test('parseSqueue() and parseSacct() read what Slurm prints', () => {
  const told = (jobs: ReturnType<typeof parseSqueue>): string[] => jobs.map((job) => [job.id, JSON.stringify(job.places ?? null), JSON.stringify(readJobState(job)), job.name].join(' '));
  assert.deepEqual(told(parseSqueue(QUEUE)), [
    '6 [[13,13]] {"kind":"queued","reason":"Resources"} fit-k3f9q2.1', '6 [[1,1]] {"kind":"running","node":"node2"} fit-k3f9q2.1', '9 null {"kind":"queued","reason":"Dependency"} a|b',
    '6 [[2,2]] {"kind":"running","node":"node1"} fit-k3f9q2.1', '6 [[3,3]] {"kind":"over","word":"CANCELLED"} fit-k3f9q2.1',
    '7 [[0,99],[120,120]] {"kind":"queued","reason":"(ReqNodeNotAvail, UnavailableNodes:node1)"} x',
  ]);
  assert.deepEqual(told(parseSacct(ACCOUNTS)), [
    '1 [[0,0]] {"kind":"over","word":"CANCELLED by 0"} ', '1 [[1,1]] {"kind":"queued","reason":""} ', '1 [[2,4],[7,7]] {"kind":"queued","reason":""} ', '5 null {"kind":"over","word":"COMPLETED"} ',
    '8 [[3,3]] {"kind":"over","word":"NODE_FAIL"} ',
  ]);
  for (const text of ['', '\n', 'slurm_load_jobs error\n', '6|1|RUNNING\n', '|||||\n', 'x_1|COMPLETED|n|0:0', '1_[|COMPLETED|n|0:0']) assert.deepEqual(parseSqueue(text).concat(parseSacct(text)), [], text);
});

test('what is given to sbatch and what it answers', () => {
  assert.equal(parseSbatch('12\n'), '12');
  assert.equal(parseSbatch('12;cluster\n'), '12');
  assert.equal(parseSbatch('Submitted\n'), undefined);
  assert.equal(parseSbatch('sbatch: a site\'s own words\n12\n'), '12');
  assert.equal(parseMaxArraySize('A = 1\nMaxArraySize            = 1001\nMaxB = 3\n'), 1001);
  assert.equal(parseMaxArraySize('MaxArraySize = 0\n'), undefined);
  assert.deepEqual([1, 59.2, 3600, 90061].map(printSlurmTime), ['0-00:00:01', '0-00:01:00', '0-01:00:00', '1-01:01:01']);
  assert.deepEqual(printAskedOptions(['cpus 4', 'memory 4294967296', 'time 90', 'partition long'], 1), ['--cpus-per-task=4', '--mem=4194304K', '--time=0-00:01:30', '--partition=long']);
  assert.deepEqual(printAskedOptions(['time 90', 'memory 1'], 10), ['--time=0-00:15:00', '--mem=1K'], 'ten one after the other take ten times as long');
  assert.deepEqual(printAskedOptions(['cpus x', 'partition --wrap=x', 'partition a b', 'memory 1e9', 'shoes 2'], 1), [], 'what a stranger wrote becomes no other option');
  assert.equal(printJobName('fit', '20261126T033335Z-odvlvc', 0), 'fit-odvlvc.1');
  assert.equal(printJobName('$(reboot); a/b "c"', '20261126T033335Z-odvlvc', 9), 'reboot-a-b-c-odvlvc.10');
  assert.equal(printJobName('\xc3\xa4', '20261126T033335Z-odvlvc', 0), 'rr-odvlvc.1');
});

test('the files of a batch are read as they were written; lines that were cut off do not count', () => {
  const batch = { id: '20261126T033335Z-odvlvc', verb: 'sweep' as const, title: 'a b\n%', madeUtc: '2026-11-26T03:33:35.634636Z', options: ['cache /a b'], arrays: [{ asked: ['memory 5', 'partition a'], first: 1, count: 3, pack: 2, after: [] }, { asked: [], first: 4, count: 1, pack: 1, after: [0] }] };
  assert.deepEqual(parseBatch(printBatch(batch)), batch);
  assert.equal(parseBatch(printBatch({ ...batch, id: '../..' })), undefined);
  assert.equal(parseBatch(''), undefined);
  const lines = printArrayJob(0, 'trying', '') + printArrayJob(0, 'submitted', '12') + printArrayJob(1, 'trying', '') + printArrayJob(2, 'refused', 'no\nway');
  assert.deepEqual(Array.from(parseArrayJobs(lines + 'submitted 1 9')), [[0, { kind: 'submitted', job: '12' }], [1, { kind: 'trying' }], [2, { kind: 'refused', why: 'no\nway' }]]);
  const one = { key: 'plan:a b', name: 'a\xff', before: ['1', '20261126T033335Z-odvlvc:7'], isForced: true, prior: '20261126T033335Z-odvlva' };
  const first = { job: '12_3', node: 'node 1', restarts: 0, holder: '1 2 c8dcfc7b node1/pid:[3]', end: undefined };
  const template = '# rr run record, format 1; described in provenance/README.txt\nCommand: true\n';
  const text = printTask(one, template) + printAttempt(first) + printTaskEnd('interrupted', undefined, 'a\nb') + printAttempt({ ...first, restarts: 1 }) + printTaskEnd('done', '20261126T033335Z-odvlvb', '');
  const attempts = [{ ...first, end: { what: 'interrupted', runId: undefined, text: 'a\nb' } }, { ...first, restarts: 1, end: { what: 'done', runId: '20261126T033335Z-odvlvb', text: '' } }];
  assert.deepEqual(parseTask(text), { task: one, template, attempts });
  assert.deepEqual(parseTask(text.slice(0, -1))?.attempts[1].end, undefined);
  assert.deepEqual(parseTask(printTask({ ...one, isForced: false, prior: undefined, before: [] }, ''))?.template, '');
  for (let length = 0; length < text.length; length++) parseTask(text.slice(0, length));
});
