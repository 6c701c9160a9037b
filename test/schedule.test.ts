// schedule.test.ts - which task is started next: tables, and thousands of random graphs against a judge that looks at all of it.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { Schedule } from '../src/core/schedule.ts';
import type { ScheduledTask, ScheduleLimits, TaskOutcome } from '../src/core/schedule.ts';

const LIMITS: ScheduleLimits = { slots: 1, memoryBytes: undefined, keepGoing: false, retries: 0 };

/** 'c<a,b 5s 2c 100m': c comes after a and b, took 5 s, takes 2 slots and 100 bytes. */
function tasksOf(text: string): ScheduledTask[] {
  return text.split(';').map((part) => {
    const [names, ...facts] = part.trim().split(' ');
    const [key, before] = names.split('<');
    const fact = (unit: string): number | undefined => {
      const found = facts.find((one) => one.endsWith(unit));
      return found === undefined ? undefined : Number(found.slice(0, -1));
    };
    return { key, before: before === undefined ? [] : before.split(','), expectedS: fact('s'), cpus: fact('c') ?? 1, memoryBytes: fact('m') };
  });
}

/** What is taken, in groups that run at once: each group is settled, all as told, before the next. */
function play(text: string, limits: Partial<ScheduleLimits>, failing: string[] = []): string {
  const schedule = new Schedule(tasksOf(text), { ...LIMITS, ...limits });
  const groups: string[] = [];
  while (!schedule.isOver()) {
    const group: string[] = [];
    for (let task = schedule.take(); task !== undefined; task = schedule.take()) group.push(task.key);
    assert.notEqual(group.length, 0, 'something can be started');
    groups.push(group.join('+'));
    for (const key of group) schedule.settle(key, failing.indexOf(key) >= 0 ? 'failed' : 'done');
  }
  const others = Array.from(schedule.listOutcomes()).filter(([, outcome]) => outcome !== 'done').map(([key, outcome]) => key + ':' + outcome + (schedule.blockedBy.has(key) ? '(' + String(schedule.blockedBy.get(key)) + ')' : ''));
  return groups.concat(others).join(' ');
}

const CASES: [string, string, Partial<ScheduleLimits>, string[], string][] = [
  ['one slot: the order given', 'a; b; c', {}, [], 'a b c'],
  ['one slot: the order given, as far as what must come before allows', 'c<b; b<a; a; d', {}, [], 'a b c d'],
  ['one slot: times do not matter', 'a 1s; b 9s; c 5s', {}, [], 'a b c'],
  ['two slots, no times: the longest chain first', 'x; a; b<a; c<b', { slots: 2 }, [], 'a+x b c'],
  ['times: the longest way to the end first', 'a 1s; b 5s; c<a 10s', { slots: 2 }, [], 'a+b c'],
  ['an unknown time is the mean of the others', 'a 2s; b; c 4s; d 10s', { slots: 2 }, [], 'd+b c+a'],
  ['equal ways: the order given', 'd; c; b; a', { slots: 3 }, [], 'd+c+b a'],
  ['a task of two slots', 'a 3s; b 2s 2c; c 1s', { slots: 2 }, [], 'a+c b'],
  ['more slots than there are: all of them', 'a 9c; b', { slots: 2 }, [], 'a b'],
  ['memory: what fits beside', 'a 3s 60m; b 2s 60m; c 1s 40m', { slots: 4, memoryBytes: 100 }, [], 'a+c b'],
  ['memory: more than the budget, alone', 'a 900m; b 1m', { slots: 4, memoryBytes: 100 }, [], 'a b'],
  ['a failure ends it', 'a; b; c<a', {}, ['a'], 'a a:failed b:blocked c:blocked(a)'],
  ['what runs beside it is waited for', 'a; b; c', { slots: 2 }, ['a'], 'a+b a:failed c:blocked'],
  ['keep going: only what depends on it is blocked', 'a; b; c<a; d<c,b; e<b', { keepGoing: true }, ['a'], 'a b e a:failed c:blocked(a) d:blocked(a)'],
  ['a diamond with one failure under 8 slots', 'a; b<a; c<a; d<b,c; e', { slots: 8, keepGoing: true }, ['c'], 'a+e b+c c:failed d:blocked(c)'],
  ['two failures: the first that is met blocks', 'a; b; c<a,b', { slots: 2, keepGoing: true }, ['a', 'b'], 'a+b a:failed b:failed c:blocked(a)'],
  ['a failed task is tried again', 'a; b', { retries: 2 }, ['a'], 'a a a a:failed b:blocked'],
];

for (const [what, text, limits, failing, expected] of CASES) {
  test('Schedule: ' + what, () => {
    assert.equal(play(text, limits, failing), expected);
  });
}

test('Schedule refuses a cycle, a key that is there twice, and one that is not there', () => {
  assert.throws(() => new Schedule(tasksOf('a<b; b<a'), LIMITS), /cycle/);
  assert.throws(() => new Schedule(tasksOf('a; a'), LIMITS), /two tasks/);
  assert.throws(() => new Schedule(tasksOf('a<z'), LIMITS), /not there/);
});

test('Schedule.release() gives a task back as if it had not been taken', () => {
  const schedule = new Schedule(tasksOf('a; b'), LIMITS);
  assert.equal(schedule.take()?.key, 'a');
  assert.equal(schedule.take(), undefined);
  schedule.release('a');
  assert.equal(schedule.take()?.key, 'a');
  schedule.release('a');
  schedule.stop();
  assert.ok(schedule.isOver());
  assert.deepEqual(Array.from(schedule.listOutcomes().values()), ['blocked', 'blocked']);
});

test('Schedule.settle() skipped counts as done for what comes after', () => {
  const schedule = new Schedule(tasksOf('a; b<a'), LIMITS);
  assert.equal(schedule.take()?.key, 'a');
  schedule.settle('a', 'skipped');
  assert.equal(schedule.take()?.key, 'b');
  schedule.settle('b', 'done');
  assert.deepEqual(Array.from(schedule.listOutcomes()), [['a', 'skipped'], ['b', 'done']]);
});

test('Schedule.estimateLeftS() is what is left shared out, and never less than the longest way', () => {
  const schedule = new Schedule(tasksOf('a 10s; b 2s; c 2s; d 2s'), { ...LIMITS, slots: 2 });
  assert.equal(schedule.estimateLeftS(() => 0), 10);
  assert.equal(schedule.take()?.key, 'a');
  assert.equal(schedule.estimateLeftS(() => 4), 6);
  assert.equal(schedule.estimateLeftS(() => 400), 3);
  schedule.settle('a', 'done');
  assert.equal(schedule.estimateLeftS(() => 0), 3);
  assert.equal(new Schedule(tasksOf('a; b'), LIMITS).estimateLeftS(() => 0), undefined);
});

// ---- random graphs ------------------------------------------------------------------------------------

/** Numerical Recipes' linear congruential generator: the same numbers everywhere. */
function makeRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * below);
  };
}

type Play = { order: string[]; outcomes: [string, TaskOutcome][] };

/** Plays a random graph through; at each step the judge looks at everything anew. */
function playRandom(seed: number): Play {
  const random = makeRandom(seed);
  const limits: ScheduleLimits = { slots: 1 + random(5), memoryBytes: random(2) === 0 ? undefined : 50 + random(100), keepGoing: random(2) === 0, retries: random(3) };
  const count = 1 + random(14);
  const tasks: ScheduledTask[] = [];
  for (let i = 0; i < count; i++) {
    const before = Array.from({ length: random(4) }, () => String(random(count))).filter((key) => Number(key) * 7 % 15 < i * 7 % 15 && Number(key) !== i);
    tasks.push({ key: String(i), before, expectedS: random(3) === 0 ? undefined : random(20), cpus: 1 + random(3), memoryBytes: random(3) === 0 ? undefined : random(90) });
  }
  const schedule = new Schedule(tasks, limits);
  const byKey = new Map(tasks.map((task) => [task.key, task]));
  const state = new Map<string, string>(tasks.map((task) => [task.key, 'waiting']));
  const tries = new Map<string, number>();
  const order: string[] = [];
  let isStopped = false;
  const running = (): ScheduledTask[] => tasks.filter((task) => state.get(task.key) === 'taken');
  const slotsOf = (task: ScheduledTask): number => Math.min(task.cpus, limits.slots);
  const fits = (task: ScheduledTask): boolean => running().length === 0 || (running().concat(task).reduce((sum, one) => sum + slotsOf(one), 0) <= limits.slots
    && (limits.memoryBytes === undefined || running().concat(task).reduce((sum, one) => sum + (one.memoryBytes ?? 0), 0) <= limits.memoryBytes));
  const startable = (): ScheduledTask[] => (isStopped ? [] : tasks.filter((task) => state.get(task.key) === 'waiting' && task.before.every((key) => ['done', 'skipped'].indexOf(state.get(key) as string) >= 0)));
  for (let guard = 0; !schedule.isOver(); guard++) {
    assert.ok(guard < 10000, 'it comes to an end');
    if (random(3) > 0 || running().length === 0) {
      const could = startable();
      const task = schedule.take();
      if (task === undefined) {
        // It may wait for one that does not fit, but only if something runs.
        if (could.some(fits)) assert.ok(running().length > 0 && !could.every(fits), 'nothing is idle without reason');
        if (running().length === 0) assert.equal(could.length, 0);
      } else {
        assert.ok(could.indexOf(byKey.get(task.key) as ScheduledTask) >= 0, 'it is ready: ' + task.key);
        assert.ok(fits(task), 'it fits: ' + task.key);
        if (limits.slots === 1) assert.equal(task.key, could[0].key, 'the order given');
        state.set(task.key, 'taken');
        order.push(task.key);
      }
    }
    const going = running();
    if (going.length === 0 || random(2) === 0) continue;
    const { key } = going[random(going.length)];
    const outcome = (['done', 'done', 'skipped', 'failed'] as const)[random(4)];
    const isTriedAgain: boolean = outcome === 'failed' && !isStopped && (tries.get(key) ?? 0) < limits.retries;
    assert.equal(schedule.settle(key, outcome), !isTriedAgain);
    state.set(key, isTriedAgain ? 'waiting' : outcome);
    if (isTriedAgain) tries.set(key, (tries.get(key) ?? 0) + 1);
    else if (outcome === 'failed' && !limits.keepGoing) isStopped = true;
  }
  const outcomes = Array.from(schedule.listOutcomes());
  for (const [key, outcome] of outcomes) {
    const task = byKey.get(key) as ScheduledTask;
    const isFree = task.before.every((one) => ['done', 'skipped'].indexOf(state.get(one) as string) >= 0);
    if (outcome !== 'blocked') assert.equal(outcome, state.get(key));
    else assert.ok(!isFree || isStopped, 'blocked with reason: ' + key);
    const cause = schedule.blockedBy.get(key);
    if (cause !== undefined) assert.equal(state.get(cause), 'failed');
  }
  return { order, outcomes };
}

test('Schedule keeps its invariants on 3,000 random graphs, and does the same twice', () => {
  for (let seed = 1; seed <= 3000; seed++) assert.deepEqual(playRandom(seed), playRandom(seed), 'seed ' + String(seed));
});

test('Schedule: one that does not fit is passed over by no more than there are slots', () => {
  const small = (key: string, expectedS: number): ScheduledTask => ({ key, before: [], expectedS, cpus: 1, memoryBytes: undefined });
  const tasks = [small('first', 9), { ...small('big', 1), cpus: 4 }].concat(Array.from({ length: 200 }, (_, i) => small(String(i), 1)));
  const schedule = new Schedule(tasks, { ...LIMITS, slots: 4 });
  const order: string[] = [];
  for (const going: string[] = []; order.indexOf('big') < 0;) {
    for (let task = schedule.take(); task !== undefined; task = schedule.take()) {
      going.push(task.key);
      order.push(task.key);
    }
    if (order.indexOf('big') < 0) schedule.settle(going.shift() as string, 'done');
  }
  assert.deepEqual(order, ['first', '0', '1', '2', '3', 'big']);
});

test('Schedule: 100,000 tasks, wide, deep and crowded, without time or memory running away', () => {
  const tasks: ScheduledTask[] = [];
  for (let i = 0; i < 100000; i++) tasks.push({ key: String(i), before: i < 1000 ? [] : [String(i - 1000), String(i - 999)], expectedS: i % 7, cpus: 1 + (i % 4), memoryBytes: i % 11 });
  const schedule = new Schedule(tasks, { slots: 8, memoryBytes: 30, keepGoing: true, retries: 0 });
  const going: string[] = [];
  let count = 0;
  while (!schedule.isOver()) {
    for (let task = schedule.take(); task !== undefined; task = schedule.take()) {
      going.push(task.key);
      count += 1;
    }
    schedule.settle(going.splice(Math.floor(going.length / 2), 1)[0], 'done');
  }
  assert.equal(count, 100000);
  assert.deepEqual(new Set(schedule.listOutcomes().values()), new Set(['done']));
});
