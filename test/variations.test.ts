// variations.test.ts - what can be changed around a repeat, whether it does change, and what it shows.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import os from 'os';
import { USUAL_SURROUNDINGS } from '../src/core/repeat.ts';
import { chooseOtherLocale, judgeVariations, listVariations, needsControl } from '../src/core/variations.ts';
import type { TrialOutcome, VariationGround, VariedTrial } from '../src/core/variations.ts';
import { printJsonVariations, printVariations } from '../src/views/variations.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

const folder = makeTemporary();

/** This machine, as rr would find it. */
function groundHere(): VariationGround {
  const lines = (argv: string[]): string[] => run(folder, argv).stdout.split('\n').filter((line) => line !== '');
  return {
    variables: { PATH: process.env.PATH, LANG: 'C.UTF-8' }, umask: 0o022, locales: hasProgram('locale') ? lines(['locale', '-a']) : [],
    processors: hasProgram('nproc') ? Array.from({ length: Number(lines(['nproc'])[0]) }, (_, i) => i) : [0], machine: os.arch() === 'x64' ? 'x86_64' : lines(['uname', '-m'])[0],
    emptyFolder: folder + '/empty', isOrderSeen: true, canPrefix: (words) => hasProgram(words[0]) && run(folder, words.concat('true')).status === 0,
  };
}

const ANYWHERE: VariationGround = { variables: { PATH: '/bin' }, umask: 0o022, locales: ['C', 'POSIX', 'fr_FR.utf8'], processors: [0, 1], machine: 'x86_64', emptyFolder: '/e', isOrderSeen: true, canPrefix: () => true };

test('listVariations() changes one thing at a time, and each thing once', () => {
  const { variations, omitted } = listVariations(ANYWHERE);
  assert.deepEqual(omitted, []);
  const names = variations.map((one) => one.name);
  assert.equal(new Set(names).size, names.length);
  const changes = new Set<string>();
  for (const { name, title, change, needs } of variations) {
    const fields = (Object.keys(change) as (keyof typeof change)[]).filter((field) => JSON.stringify(change[field]) !== JSON.stringify(USUAL_SURROUNDINGS[field]));
    const said = fields.concat(Object.keys(change.variables).sort() as never[]).join(' ') + ' ' + change.prefix.join(' ');
    assert.equal(fields.length, 1, name + ' changes ' + said);
    assert.ok(!changes.has(said), name);
    changes.add(said);
    assert.equal(needs, change.prefix.length > 0 ? change.prefix[0] : undefined, name);
    assert.ok(title.length <= 32 && name.length <= 16, name + ': the table must leave room for outputs');
  }
});

test('listVariations() leaves out what cannot be changed or would change nothing, and says why', () => {
  const plan = listVariations({ ...ANYWHERE, locales: ['C', 'POSIX'], processors: [3], isOrderSeen: false, canPrefix: (words) => words[0] !== 'faketime' });
  assert.deepEqual(plan.omitted, [
    { name: 'locale', why: 'no other locale is installed' }, { name: 'file-order', why: 'this file system does not show it' },
    { name: 'processors', why: 'there is only one' }, { name: 'clock', why: 'faketime is missing or may not do it' },
  ]);
  assert.equal(plan.variations.length, listVariations(ANYWHERE).variations.length - 4);
});

test('listVariations() never sets what the run has already', () => {
  for (const { name, change } of listVariations(ANYWHERE).variations) {
    const ground = { ...ANYWHERE, umask: change.umask ?? ANYWHERE.umask, variables: { ...ANYWHERE.variables, ...change.variables } };
    const again = listVariations(ground).variations.find((one) => one.name === name);
    if (!/^(time-zone|locale|hash-seed|umask)$/.test(name)) continue;
    assert.notDeepEqual(again?.change, change, name);
  }
});

test('chooseOtherLocale() takes an installed locale that is another', () => {
  const table: [string[], { [name: string]: string }, string | undefined][] = [
    [['C', 'C.utf8', 'POSIX', 'fr_FR.utf8', 'tr_TR.utf8'], { LANG: 'C.UTF-8' }, 'tr_TR.utf8'],
    [['C', 'fr_FR.utf8', 'tr_TR.utf8'], { LANG: 'C', LC_ALL: 'tr_TR.UTF-8' }, 'fr_FR.utf8'],
    [['C', 'POSIX', 'C.UTF-8'], { LANG: 'C.utf8' }, 'C'],
    [['C', 'POSIX', 'C.utf8'], {}, 'C.utf8'],
    [['C', 'POSIX'], {}, undefined],
    [['POSIX', 'C'], { LC_ALL: 'POSIX' }, undefined],
    [['C', 'sv_SE', 'sv_SE.utf8'], { LANG: 'C' }, 'sv_SE.utf8'],
    [[], { LANG: 'C' }, undefined],
    [['C'], { LC_ALL: '', LANG: 'en_US.UTF-8' }, 'C'],
  ];
  for (const [installed, variables, expected] of table) assert.equal(chooseOtherLocale(installed, variables), expected, installed.join(' ') + ' for ' + JSON.stringify(variables));
});

// What a program says without and with the change.
const WITNESSES: { [name: string]: { argv: string[]; is: RegExp } } = {
  'time-zone': { argv: ['date', '+%z'], is: /^\+1345$/ },
  home: { argv: ['sh', '-c', 'cd && pwd'], is: /\/empty$/ },
  user: { argv: ['sh', '-c', 'echo $USER $LOGNAME'], is: /^another another$/ },
  'environment-size': { argv: ['sh', '-c', '[ $(env | wc -c) -gt 8192 ] && echo large || echo small'], is: /^large$/ },
  path: { argv: ['sh', '-c', 'echo "$PATH"'], is: /:\/nonexistent\/bin$/ },
  processors: { argv: ['nproc'], is: /^1$/ },
  clock: { argv: ['date', '+%Y-%m-%d'], is: /^2033-10-27$/ },
  addresses: { argv: ['sh', '-c', 'cat /proc/self/personality'], is: /^00040000$/ },
  kernel: { argv: ['uname', '-r'], is: /^2\.6\./ },
  host: { argv: ['hostname'], is: /^elsewhere$/ },
};

const here = listVariations(groundHere());

for (const [name, { argv, is }] of Object.entries(WITNESSES)) {
  const variation = here.variations.find((one) => one.name === name);
  const lack = variation === undefined ? String(here.omitted.find((one) => one.name === name)?.why) : hasProgram(argv[0]) ? false : argv[0] + ' is missing';
  test('the variation "' + name + '" changes what ' + argv[0] + ' says', { skip: lack }, () => {
    run(folder, ['mkdir', '-p', folder + '/empty']);
    const { change } = variation as typeof here.variations[number];
    const varied = run(folder, change.prefix.concat(argv), { env: change.variables });
    assert.equal(varied.stderr, '');
    assert.match(varied.stdout.trim(), is);
    assert.notEqual(run(folder, argv).stdout, varied.stdout);
  });
}

test('the variation "hash-seed" holds the hashes of Python still', { skip: hasProgram('python3') ? false : 'python3 is missing' }, () => {
  const hash = (env: NodeJS.ProcessEnv): string => run(folder, ['python3', '-c', 'print(hash("a"))'], { env }).stdout;
  const { change } = here.variations.find((one) => one.name === 'hash-seed') as typeof here.variations[number];
  assert.equal(hash(change.variables), hash(change.variables));
  assert.notEqual(new Set([hash({}), hash({}), hash({})]).size, 1);
});

test('the variation "clock" holds the clock still, and programs that sleep still end', { skip: here.variations.some((one) => one.name === 'clock') ? false : 'faketime is missing' }, () => {
  const { change } = here.variations.find((one) => one.name === 'clock') as typeof here.variations[number];
  const now = (): string => run(folder, change.prefix.concat('sh', '-c', 'date +%s.%N; sleep 0.1; date +%s.%N')).stdout;
  assert.equal(now(), now());
  assert.equal(new Set(now().trim().split('\n')).size, 1);
});

test('the variation "locale" is one that the C library knows', { skip: here.variations.some((one) => one.name === 'locale') ? false : 'no other locale is installed' }, () => {
  const { change } = here.variations.find((one) => one.name === 'locale') as typeof here.variations[number];
  const done = run(folder, ['locale'], { env: change.variables });
  assert.equal(done.stderr, '', 'locale(1) warns of one that is not there');
  assert.match(done.stdout, new RegExp('LC_ALL=' + String(change.variables.LC_ALL).replace('.', '\\.')));
});

// ---- the judgement -----------------------------------------------------------------------------------

const PLAN = listVariations(ANYWHERE);

function ran(outputs: { [path: string]: string }): TrialOutcome {
  return { kind: 'ran', outputs: new Map(Object.entries(outputs)) };
}

function trial(name: string, ...outcomes: TrialOutcome[]): VariedTrial {
  const variation = PLAN.variations.find((one) => one.name === name);
  assert.ok(variation !== undefined, name);
  return { variation, outcomes };
}

/** Numbers from 0 to below n, the same in each run of the tests. */
function makeDice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor(state / 65536) % n;
  };
}

test('judgeVariations() finds the dependencies that outputs were made with', () => {
  const dice = makeDice(7);
  for (let round = 0; round < 200; round++) {
    const { variations } = PLAN;
    // An output is steady and depends on some of the changes, or changes each time unless one of the steady ones holds it still.
    const outputs = Array.from({ length: 1 + dice(6) }, (_, i) => ({ path: 'o' + String(i), isSteady: dice(3) > 0, causes: new Set(variations.filter(() => dice(4) === 0).map((one) => one.name)) }));
    let count = 0;
    const repeat = (name: string, isSteady: boolean): TrialOutcome => ran(Object.fromEntries(outputs.map(({ path, isSteady: isOwn, causes }): [string, string] => {
      if (isOwn) return [path, causes.has(name) ? name : 'usual'];
      return [path, isSteady && causes.has(name) ? name : 'random ' + String(count++)];
    })));
    const plain = [repeat('', false), repeat('', false)].map((outcome) => (outcome.kind === 'ran' ? outcome.outputs : new Map<string, string>()));
    const trials = variations.map(({ name, isSteady }) => trial(name, ...(isSteady ? [repeat(name, true), repeat(name, true)] : [repeat(name, false)])));
    const judgement = judgeVariations(plain[0], plain[1], trials);
    const expected = outputs.map(({ path, isSteady, causes }) => ({ path, subjects: variations.filter((one) => causes.has(one.name) && (isSteady || one.isSteady)).map((one) => one.subject) }));
    assert.deepEqual(judgement.dependent, expected.filter(({ subjects }) => subjects.length > 0), 'round ' + String(round));
    assert.deepEqual(judgement.unsteady, expected.filter(({ subjects }, i) => subjects.length === 0 && !outputs[i].isSteady).map(({ path }) => path));
  }
});

test('judgeVariations() counts outputs that are missing or more, and not the order of two streams', () => {
  const first = new Map([['a', '1'], ['b', '2'], ['\0.order', '3']]);
  const judgement = judgeVariations(first, new Map([['a', '1'], ['b', '2'], ['\0.order', '4']]), [trial('home', ran({ 'a': '1', 'c': '5', '\0.order': '6' })), trial('umask', ran({ a: '1', b: '2' }))]);
  assert.deepEqual(judgement.rows.map((row) => row.differing), [['b', 'c'], []]);
  assert.deepEqual(judgement.unsteady, []);
});

test('judgeVariations() does not take a chance difference for the effect of a change', () => {
  // Two unvaried repeats agreed by chance; with the change the output differs each time.
  const same = new Map([['a', '1']]);
  assert.deepEqual(judgeVariations(same, same, [trial('processors', ran({ a: '2' }), ran({ a: '3' }))]).dependent, []);
});

test('printVariations() is a table of 80 columns and sentences', () => {
  const plain = [new Map([['fig.pdf', '1'], ['table.csv', '2'], ['noise', '3'], ['seed', '4'], ['\0.out', '5']]), new Map([['fig.pdf', '1'], ['table.csv', '2'], ['noise', '6'], ['seed', '7'], ['\0.out', '5']])];
  const usual = { 'fig.pdf': '1', 'table.csv': '2', 'noise': 'x', 'seed': 'y', '\0.out': '5' };
  const judgement = judgeVariations(plain[0], plain[1], [
    trial('time-zone', ran({ ...usual, 'fig.pdf': '8', '\0.out': '9' })),
    trial('locale', ran({ ...usual, 'fig.pdf': '8', 'table.csv': '9' })),
    trial('home', { kind: 'ended', how: 'exit 1, was 0' }),
    trial('umask', ran(usual)),
    trial('clock', ran({ ...usual, seed: 's', noise: 'p' }), ran({ ...usual, seed: 's', noise: 'q' })),
    trial('host', { kind: 'lacking', why: 'the input a.dat is gone' }),
  ]);
  const printed = printVariations(judgement, { variations: [], omitted: [{ name: 'file-order', why: 'this file system does not show it' }] }, 80);
  assert.equal(printed, [
    'VARIATION  WHAT CHANGED                    OUTPUTS THAT DIFFER',
    'time-zone  TZ is GMT-13:45                 (standard output), fig.pdf',
    'locale     the locale is fr_FR.utf8        fig.pdf, table.csv',
    'home       HOME is an empty folder         all: exit 1, was 0',
    'umask      umask is 0077                   -',
    'clock      the clock stands at 2033-10-27  steady: seed',
    'host       the host is called "elsewhere"  not tried: the input a.dat is gone',
    '',
    '(standard output) depends on the time zone',
    'fig.pdf depends on the time zone and the locale',
    'seed depends on the time',
    'table.csv depends on the locale',
    'the command depends on the home folder: exit 1, was 0',
    'noise differs from one repeat to the next, whatever is changed',
    'not changed: file-order (this file system does not show it)',
    '',
  ].join('\n'));
});

test('printVariations() has nothing in it that gives orders to a terminal, and stays within its width', () => {
  const path = 'a\x1b[2J\n' + 'long '.repeat(40) + '\xff.svg';
  const first = new Map([[path, '1']]);
  const judgement = judgeVariations(first, first, PLAN.variations.map(({ name, isSteady }) => trial(name, ran({ [path]: '2' }), ...(isSteady ? [ran({ [path]: '2' })] : []))));
  const printed = printVariations(judgement, PLAN, 80);
  assert.match(printed, /^[ -~\n]*$/);
  for (const line of printed.split('\n')) assert.ok(line.length <= 80, line);
  const json = JSON.parse(printJsonVariations(judgement, PLAN)) as { dependent: { path: string; on: string[] }[] };
  assert.equal(decodeURIComponent(json.dependent[0].path.replace(/%FF/, '%C3%BF')), path);
  assert.deepEqual(json.dependent[0].on, PLAN.variations.map((one) => one.subject));
});

test('printVariations() says so if nothing depends on anything', () => {
  const same = new Map([['a', '1']]);
  assert.match(printVariations(judgeVariations(same, same, [trial('umask', ran({ a: '1' }))]), { variations: [], omitted: [] }, 80), /\n\nno output depends on what was changed\n$/);
});

test('judgeVariations() holds a variation against the unvaried repeat after it, where there is one', () => {
  const { variations } = listVariations(ANYWHERE);
  const left = (minute: string, zone: string): Map<string, string> => new Map([['fig', minute + zone], ['log', 'x']]);
  const zone: VariedTrial = { variation: variations[0], outcomes: [{ kind: 'ran', outputs: left('2', 'b') }], control: left('2', 'a') };
  const home: VariedTrial = { variation: variations[2], outcomes: [{ kind: 'ran', outputs: left('3', 'a') }], control: left('3', 'a') };
  for (const trial of [zone, home]) assert.equal(needsControl(trial, left('1', 'a'), left('1', 'a')), true, trial.variation.name);
  const judged = judgeVariations(left('1', 'a'), left('1', 'a'), [zone, home]);
  assert.deepEqual(judged.dependent, [{ path: 'fig', subjects: ['the time zone'] }]);
});
