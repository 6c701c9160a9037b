// plan.test.ts - plans printed and parsed, held against recutils and shells; edited by many, and compared with runs.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { Failure } from '../src/core/failure.ts';
import { findNameFault, isSameAsPlanned } from '../src/core/plan.ts';
import type { PlannedStep } from '../src/core/plan.ts';
import { parseDuration, parseSize, printSize } from '../src/core/quantities.ts';
import type { Run } from '../src/core/run.ts';
import { isDeclarableVariable, REFUSED_PREFIXES, REFUSED_VARIABLES, REPLAYED_VARIABLES } from '../src/core/variables.ts';
import { parsePlan, printStep, readStep } from '../src/formats/plan.ts';
import { parseRun, printRunBody } from '../src/formats/record.ts';
import { quoteCommand, splitSimpleCommand } from '../src/formats/shell.ts';
import { addToPlan, readPlan } from '../src/sys/planfile.ts';
import { projectAt } from '../src/sys/project.ts';
import { hasProgram, listRecords, makeProject, makeTemporary, rr, run, startRr } from './rig.ts';

const NO_RECUTILS = hasProgram('recfix') && hasProgram('rec2csv') && hasProgram('python3') ? false : 'no recutils or python3';

type Random = (below: number) => number;

function makeRandom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function parse(text: string): PlannedStep[] {
  return parsePlan(text, 'plan.rec', '/home/x/p');
}

/** The one step of a text whose other lines are given. */
function parseOne(lines: string): Run {
  const steps = parse('Plan: s\n' + lines);
  assert.equal(steps.length, 1);
  return steps[0].template;
}

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof Failure, String((error as Error).stack));
    return error.message + ' | ' + error.hint;
  }
  return assert.fail('nothing was refused');
}

// ---- names, sizes, times --------------------------------------------------------------------------------

test('findNameFault() takes names that are neither ids, options, paths nor hidden', () => {
  for (const name of ['fit', 'fit-2', '1', '123', 'a.b', '_x', 'Gr\xc3\xb6\xc3\x9fe', '\xe6\x97\xa5\xe6\x9c\xac', '20261122x']) assert.equal(findNameFault(name), undefined, name);
  for (const name of ['', '-x', '.x', '..', 'a/b', 'a b', '@', '@-1', 'a=b', '2026', '20261122', '20261122T05', '20261122T052039Z-k3f5qq', 'a\n', 'a\t', 'x'.repeat(101), '\xff', '\xe2\x80\xaea', 'a\xc2\xa0', 'a\xe2\x80\x8b', 'a*', "a'", '$x', 'a:b', 'a,b']) {
    assert.notEqual(findNameFault(name), undefined, name);
  }
});

test('parseSize() and parseDuration() take what cannot be taken for something else', () => {
  const sizes: [string, number | undefined][] = [['512M', 512 << 20], ['4G', 4294967296], ['1.5G', 1610612736], ['4GiB', 4294967296], ['4g', 4294967296], ['10B', 10], ['1T', 2 ** 40], ['0G', undefined], ['4', undefined],
    ['4GB', undefined], ['4 G', undefined], ['-1G', undefined], ['1e3M', undefined], ['', undefined], ['G', undefined], ['0.0000001B', undefined], ['99999999T', undefined], ['4P', undefined]];
  for (const [text, bytes] of sizes) assert.equal(parseSize(text), bytes, text);
  for (const bytes of [1, 1023, 1024, 1536, 2 ** 20, 3 * 2 ** 30, 2 ** 40, 2 ** 41 + 1]) assert.equal(parseSize(printSize(bytes)), bytes);
  const times: [string, number | undefined][] = [['90', 90], ['90s', 90], ['1.5m', 90], ['2h', 7200], ['1d', 86400], ['0', undefined], ['soon', undefined], ['1w', undefined], ['-1', undefined], ['0.0001', undefined], ['1e3', undefined], ['2:00:00', undefined]];
  for (const [text, seconds] of times) assert.equal(parseDuration(text), seconds, text);
});

test('isDeclarableVariable() takes no variable that loads programs, and every replayed one', () => {
  for (const name of REPLAYED_VARIABLES) assert.ok(isDeclarableVariable(name), name);
  for (const name of ['SEED', '_x', 'CUDA_VISIBLE_DEVICES', 'a']) assert.ok(isDeclarableVariable(name), name);
  for (const name of REFUSED_VARIABLES.concat(REFUSED_PREFIXES.map((prefix) => prefix + 'X'), ['', '1A', 'A-B', 'A B', 'A=B', 'A\n', '\xc3\xa9', 'A;x', '*'])) assert.ok(!isDeclarableVariable(name), name);
});

// ---- commands --------------------------------------------------------------------------------------------

const SHELLS = [['dash'], ['bash', '--posix'], ['busybox', 'sh'], ['mksh'], ['ksh93'], ['posh'], ['yash']];
const PIECES = ['a', 'B', '1', ' ', ' ', '\t', "'", "''", "'x y'", '"', '""', '"x y"', '"$PWD"', '"$PWD/a"', '\\', '\\ ', '\\"', "\\'", '$', '$x', '`', '*', '?', '[', ']', '{}', '{', '}', '{a,b}', '~', '#', '!', '^', '%', '=', ':', ',', '+', '@', '-', '.', '/',
  '|', '&', ';', '<', '>', '(', ')', '\n', '=~', ':~', '\xc3\xa9', '\xff', '\x01', '\x0b', '$PWD', '$(echo x)', '"a\\b\\$c\\`"', "'\n'", '"\n"'];

test('splitSimpleCommand() gives the words that shells give, or leaves the command to them', () => {
  const folder = makeTemporary();
  fs.writeFileSync(path.join(folder, 'args'), '#!/bin/sh\nfor a; do printf "%s\\0" "$a"; done\n', { mode: 0o755 });
  const random = makeRandom(7);
  const split: [string, string[]][] = [];
  let left = 0;
  while (split.length < 400) {
    const text = './args ' + Array.from({ length: 1 + random(9) }, () => PIECES[random(PIECES.length)]).join('');
    const argv = splitSimpleCommand(text, folder, '.');
    if (argv === undefined) left += 1;
    else split.push([text, argv]);
  }
  assert.ok(left > 100);
  const shells = SHELLS.filter(([program]) => hasProgram(program));
  assert.ok(shells.length > 0);
  for (const shell of shells) {
    // yash holds no bytes that are not text.
    const cases = shell[0] === 'yash' ? split.filter(([text]) => !/[\x80-\xff]/.test(text)) : split;
    const script = cases.map(([text]) => text + '\nprintf "END\\0"\n').join('');
    fs.writeFileSync(path.join(folder, 'script'), script, 'latin1');
    const done = run(folder, shell.concat('./script'));
    const found = done.stdout.split('END\0');
    cases.forEach(([text, argv], i) => assert.deepEqual(found[i], argv.slice(1).map((word) => word + '\0').join(''), shell[0] + ': ' + JSON.stringify(text)));
  }
});

test('splitSimpleCommand() leaves builtins, reserved words and assignments to a shell', () => {
  for (const text of ['cd x', 'if true', 'A=b c', "A='b c' d", '. ./env', 'exec x', 'time x', '! x', 'export A', '# x', 'for', '[ -f x ]', 'a | b', 'a; b', 'a > b', 'a *', 'a $B', 'a ~', 'a "$B"', "a 'b", 'a "b', 'a\nb', 'a \\', '']) {
    assert.equal(splitSimpleCommand(text, '/p', '.'), undefined, text);
  }
  for (const [text, argv] of [["'cd' x", undefined], ["'if' x", ['if', 'x']], ["'A=b' c", ['A=b', 'c']], ['find . -exec ls {} \\;', ['find', '.', '-exec', 'ls', '{}', ';']], ['date +%F', ['date', '+%F']], ['a #b', undefined], ['a b#c', ['a', 'b#c']], ["a ''", ['a', '']], ['  a  ', ['a']], ['"$PWD"/x "$PWD/y" --z="$PWD"/w', ['/p/x', '/p/y', '--z=/p/w']]] as [string, string[] | undefined][]) {
    assert.deepEqual(splitSimpleCommand(text, '/p', '.'), argv, text);
  }
  assert.deepEqual(splitSimpleCommand('a "$(cd .. && pwd -P)"/x', '/p', 's'), ['a', '/p/x']);
  assert.equal(splitSimpleCommand('a "$PWD/x"', '/p', 's'), undefined, 'there it is another folder');
});

// ---- reading -----------------------------------------------------------------------------------------------

test('parsePlan() reads each field as a record would tell it', () => {
  const step = parseOne('Command: ./fit --gamma 0.2 "data/a b.csv"\nDirectory: ./code//fit/\nLabel: first fit\nReason: 100% sure, 50%\nTag: a\nTag: b\nParameter: gamma 0.2\nParameter: \t text\t two  words\nParameter: empty\n'
    + 'Parameter: params.yaml:train.lr\nMetrics_file: m.json\nDeclared_input: data/\nDeclared_input: /data/x/*.fits\nDeclared_output: ./out//a.csv\nDeclared_output: figures/**/*.svg\nDeclared_variable: SEED\n'
    + 'Variable: OMP_NUM_THREADS=4\nRedirect: 0<in.txt\nRedirect: 1 >>  log/o.txt\nRedirect: 2>&1\nTimeout_s: 2h\nAsked: cpus 4\nAsked: memory 4G\nAsked: time 90m\nAsked: partition long,short\nObserved: scan\nX_owner: me\n');
  const { command, directory, label, reason, tags, parameters, parameterFiles, metricsFiles, declaredInputs, declaredOutputs, declaredVariables, variables, redirects, timeoutS, asked, observed, plan } = step;
  assert.deepEqual({ command, directory, label, reason, tags, parameters, parameterFiles, metricsFiles, declaredInputs, declaredOutputs, declaredVariables, variables, redirects, timeoutS, asked, observed, plan }, {
    command: "./fit --gamma 0.2 'data/a b.csv'", directory: 'code/fit', label: 'first fit', reason: '100% sure, 50%', tags: ['a', 'b'], parameters: ['gamma 0.2', 'text two  words', 'empty ', 'params.yaml:train.lr '],
    parameterFiles: ['params.yaml'], metricsFiles: ['m.json'], declaredInputs: ['data', '/data/x/*.fits'], declaredOutputs: ['out/a.csv', 'figures/**/*.svg'], declaredVariables: ['SEED', 'OMP_NUM_THREADS'],
    variables: ['OMP_NUM_THREADS=4'], redirects: ['0 < in.txt', '1 >> log/o.txt', '2 >& 1'], timeoutS: 7200, asked: ['cpus 4', 'memory 4294967296', 'time 5400', 'partition long,short'], observed: 'scan', plan: 's',
  });
});

test('parsePlan() reads what people and their editors make of lines', () => {
  const whole = 'Plan: a\nCommand: ./x 1\nLabel: l\n\nPlan: b\nCommand: ./y\n';
  const wanted = parse(whole).map((one) => printRunBody(one.template));
  const same: [string, string][] = [
    ['CR LF', whole.replace(/\n/g, '\r\n')],
    ['no end of the last line', whole.slice(0, -1)],
    ['spaces and tabs at the ends of lines', whole.replace(/\n/g, '  \t\n')],
    ['a line of spaces between steps', whole.replace('\n\n', '\n \t \n')],
    ['many empty lines', '\n\n' + whole.replace('\n\n', '\n\n\n\n') + '\n\n'],
    ['tabs behind the colon', whole.replace(/: /g, ':\t \t')],
    ['nothing behind the colon', whole.replace(/: /g, ':')],
    ['comments everywhere', '# a\n#\n' + whole.replace(/^(?=[A-Z])/gm, '# Plan: c \\\n') + '# end'],
    ['a byte order mark', '\xef\xbb\xbf' + whole],
    ['the head that rr writes', '# rr plan, format 1; x\n\n%rec: Step\n%key: Plan\n%mandatory: Command\n\n' + whole],
    ['a line joined by "\\"', whole.replace('./x 1', './x \\\n 1').replace('./x  1', './x 1')],
    ['the name not at the beginning', whole.replace('Plan: a\nCommand: ./x 1', 'Command: ./x 1\nPlan: a')],
  ];
  for (const [what, text] of same) assert.deepEqual(parse(text).map((one) => printRunBody(one.template)), wanted, what);
  assert.deepEqual(parse(''), []);
  assert.deepEqual(parse('# nothing\n\n'), []);
  assert.deepEqual(parse('%rec: Step\n'), []);
  assert.deepEqual(parse(whole).map((one) => one.line), [1, 5]);
});

test('parsePlan() gives commands to a shell only where one is needed, and the lines of a value as they are', () => {
  const commands: [string, string][] = [
    ['sort a | uniq > b', "sh -c 'sort a | uniq > b'"],
    ['for i in 1 2\n+ do\n+   echo "$i"\n+\n+done', "sh -c 'for i in 1 2\ndo\n  echo \"$i\"\n\ndone'"],
    ['sh -c "a | b"', "sh -c 'a | b'"],
    ['printf "%02d %s %5.1f\\n" 5', "printf '%02d %s %5.1f\\n' 5"],
    ['date +%Y%m%d', "date '+%Y%m%d'"],
    ['curl http://x/a%20b', "curl 'http://x/a%20b'"],
    ['cat /home/x/p/data/a', 'cat "$PWD"/data/a'],
    ['cat "$PWD"/data/a', 'cat "$PWD"/data/a'],
    ['cat "$PWD/data/a b"', `cat "$PWD"'/data/a b'`],
    ['cat $PWD/a', "sh -c 'cat $PWD/a'"],
    ["awk '{ print $1 }' a", "awk '{ print $1 }' a"],
    ["grep '#' a", "grep '#' a"],
    ["echo 'it'\\''s'", "echo 'it'\\''s'"],
    ['+x', '+x'],
  ];
  for (const [typed, command] of commands) assert.equal(parseOne('Command: ' + typed + '\n').command, command, typed);
  assert.equal(parseOne('Command:\n+ ./x a\n').command, './x a');
  assert.equal(parseOne('Directory: s\nCommand: cat /home/x/p/a\n').command, 'cat "$(cd .. && pwd -P)"/a');
  assert.equal(parseOne('Reason: one\n+ \ttwo  \n+\n+  three\nCommand: x\n').reason, 'one\n\ttwo\n\n three');
});

test('parsePlan() decodes %XX only where the step says so, and refuses what could be meant in two ways', () => {
  assert.equal(parseOne('Command: x\nReason: a%0Ab%25c%FF\nEncoding: percent\n').reason, 'a\nb%c\xff');
  assert.equal(parseOne('Command: x\nReason: a%0Ab\nEncoding: none\n').reason, 'a%0Ab');
  assert.equal(parseOne('Command: x\nReason: 20%, %d %02d %20 %s %ab\n').reason, '20%, %d %02d %20 %s %ab');
  assert.deepEqual(parseOne('Command: x\nParameter: a %20b%20\nEncoding: percent\n').parameters, ['a  b ']);
  for (const text of ['%0A', '%09', '%1B', '%7F', '%E9', '%2541', '%{0123456789abcdef}']) {
    assert.match(messageOf(() => parseOne('Command: x\nReason: a' + text + 'b\n')), /^cannot read the plan: plan\.rec:3: Reason holds .*Encoding: percent/, text);
  }
  assert.match(messageOf(() => parseOne('Command: x %{0123456789abcdef}\nEncoding: percent\n')), /plan\.rec:2: Command holds a secret that was withheld/);
});

test('parsePlan() names the line of each fault, and what to do', () => {
  const faults: [string, RegExp][] = [
    ['Plan: a\n', /^cannot read the plan: plan\.rec:1: the step a has no Command \| write "Command: \.\.\."/],
    ['Plan: a\n\nCommand: x\n', /:1: the step a has no Command/],
    ['\n\nCommand: x\n', /:3: the step has no name \| begin it with "Plan: NAME"/],
    ['Plan: a\nCommand: x\nPlan: b\n', /:3: Plan stands twice in this step, first in line 1 \| an empty line ends a step/],
    ['Plan: a\nCommand: x\n\nPlan: a\nCommand: y\n', /:4: the name a is taken by the step in line 1/],
    ['Plan: a\nCommand: x\nInput: d\n', /:3: Input is no field of a step \| write "Declared_input:"/],
    ['Plan: a\nCommand: x\ndeclared-outputs: d\n', /:3: no "Field: value"/],
    ['Plan: a\nCommand: x\ndeclared_outputs: d\n', /:3: declared_outputs is no field of a step \| write "Declared_output:"/],
    ['Plan: a\nCommand: x\nStatus: succeeded\n', /:3: Status is no field of a step \| one of Plan, Command/],
    ['Plan: a\nCommand x\n', /:2: no "Field: value" \| a further line of a value begins with "\+ "/],
    ['Plan: a\n  Command: x\n', /:2: a space or tab before Command \| begin the line with the field/],
    ['Plan: a\nCommand: x\n # c\n', /:3: no "Field: value" \| a comment begins with "#" at the very start/],
    ['Plan: a\nCommand: x\n# c\n+ y\n', /:4: a "\+" line that continues nothing/],
    ['+ y\n', /:1: a "\+" line that continues nothing/],
    ['Plan: a\nCommand:\n', /:2: Command has no value/],
    ['Plan: a\nCommand: x \\\nDeclared_input: y\n', /:2: the line ends in "\\", which would join the next/],
    ['Plan: a\nCommand: x \\\n  Declared_input: y\n', /:2: the line ends in "\\"/],
    ['Plan: a\nCommand: x \\\n', /:2: the line ends in "\\"/],
    ['Plan: a\nCommand: x \\ \n y\n', /:2: a space or tab behind "\\"/],
    ['Plan: a\nCommand: x\nDeclared_input: C:\\dir\\\n', /:3: the line ends in "\\"/],
    ['Plan: a\0\n', /:1: a byte 0 \| save the file as UTF-8/],
    ['\xff\xfeP\0l\0a\0n\0', /:1: a byte 0/],
    ['Plan: a\nCommand: x\x07\n', /:2: a control character/],
    ['Plan: a\rCommand: x\r', /:1: a control character/],
    ['Plan: a\nCommand: x \xe9\n', /:2: a byte that is not UTF-8/],
    ['Plan: -x\nCommand: x\n', /:1: Plan: cannot be called "-x"/],
    ['Plan: 20261122\nCommand: x\n', /:1: .* it is like the beginning of a run's id/],
    ['Plan: a\nCommand: x\nDirectory: ../b\n', /:3: Directory: \.\.\/b has a part "\.\."/],
    ['Plan: a\nCommand: x\nDirectory: /tmp\n', /:3: Directory: \/tmp is not in the project/],
    ['Plan: a\nCommand: x\nDirectory: .rr\n', /:3: Directory: \.rr is a file of rr or git/],
    ['Plan: a\nCommand: x\nDeclared_output: /tmp/x\n', /:3: Declared_output: \/tmp\/x is not in the project/],
    ['Plan: a\nCommand: x\nDeclared_output: a/../../x\n', /:3: Declared_output: .* has a part "\.\."/],
    ['Plan: a\nCommand: x\nDeclared_output: provenance/runs\n', /:3: .* is a file of rr or git/],
    ['Plan: a\nCommand: x\nDeclared_output: ./.git/hooks/x\n', /:3: .* is a file of rr or git/],
    ['Plan: a\nCommand: x\nDeclared_output: ./\n', /:3: .* is everything/],
    ['Plan: a\nCommand: x\nDeclared_input: ../x\n', /:3: .* has a part "\.\." \| write it relative to the project, or as an absolute/],
    ['Plan: a\nCommand: x\nDeclared_input: a%00b\nEncoding: percent\n', /:3: Declared_input holds a byte 0/],
    ['Plan: a\nCommand: x\nParameter: gamma=0.5\n', /:3: Parameter: not "NAME VALUE"/],
    ['Plan: a\nCommand: x\nParameter: gamma = 0.5\n', /:3: Parameter: not "NAME VALUE"/],
    ['Plan: a\nCommand: x\nParameter: gamma: 0.5\n', /:3: Parameter: not "NAME VALUE"/],
    ['Plan: a\nCommand: x\nParameter_file: p.yaml\nParameter: p.yaml:lr 0.1\n', /:4: Parameter: p\.yaml:lr has a value/],
    ['Plan: a\nCommand: x\nParameter: ../p.yaml:lr\n', /:3: Parameter: .* has a part/],
    ['Plan: a\nCommand: x\nDeclared_variable: A=1\n', /:3: .* \| write "Variable: A=1"/],
    ['Plan: a\nCommand: x\nDeclared_variable: LD_PRELOAD\n', /:3: Declared_variable: the variable LD_PRELOAD cannot be declared/],
    ['Plan: a\nCommand: x\nVariable: PATH=/x\n', /:3: Variable: the variable PATH cannot/],
    ['Plan: a\nCommand: x\nVariable: A\n', /:3: Variable: not NAME=VALUE/],
    ['Plan: a\nCommand: x\nVariable: A=1\nVariable: A=2\n', /:4: Variable: A is set twice/],
    ['Plan: a\nCommand: x\nVariable: API_TOKEN=abc\n', /:3: .*may be a secret/],
    ['Plan: a\nCommand: x\nRedirect: 1 < a\n', /:3: Redirect: not "0 < PATH"/],
    ['Plan: a\nCommand: x\nRedirect: 1 > /tmp/a\n', /:3: Redirect: .* not in the project/],
    ['Plan: a\nCommand: x\nTimeout_s: soon\n', /:3: Timeout_s: "soon" is no time/],
    ['Plan: a\nCommand: x\nAsked: cpus 0\n', /:3: Asked: cpus 0 is no number of processors/],
    ['Plan: a\nCommand: x\nAsked: memory 4GB\n', /:3: Asked: memory 4GB is no size/],
    ['Plan: a\nCommand: x\nAsked: partition -x\n', /:3: Asked: partition -x is no name/],
    ['Plan: a\nCommand: x\nAsked: cpus 1\nAsked: cpus 2\n', /:4: Asked: cpus is asked for twice/],
    ['Plan: a\nCommand: x\nAsked: gpus 1\n', /:3: Asked: not "cpus N"/],
    ['Plan: a\nCommand: x\nObserved: magic\n', /:3: Observed: "magic" is no way/],
    ['Plan: a\nCommand: x\nEncoding: utf-8\n', /:3: Encoding: "utf-8" is none/],
    ['# rr plan, format 2; x\n\nPlan: a\nCommand: x\n', /:1: it is written in format 2, and this rr reads format 1/],
    ['%rec: Note\n\nPlan: a\nCommand: x\n', /:1: not the one "%rec: Step"/],
    ['Plan: a\nCommand: x\n\n%rec: Step\n', /:4: not the one "%rec: Step"/],
    ['Plan: a\n%key: Plan\nCommand: x\n', /:2: %key in a step/],
  ];
  for (const [text, message] of faults) {
    assert.match(messageOf(() => parse(text)), message, JSON.stringify(text));
    if (!/[\0\r]/.test(text)) assert.match(messageOf(() => parse(text.replace(/\n/g, '\r\n'))), message, 'with CR LF: ' + JSON.stringify(text));
  }
});

// ---- printing, and recutils ------------------------------------------------------------------------------

const TEXTS = ['a', 'b c', ' ', '\\', '%', '%41', '%0A', '%02d', '\n', '\r', '\t', '+', '+ ', '#', ':', 'Plan: x', '\x01', '\x7f', '\xff', '\xc3\xa9', '\xc2\x85', '\xef\xbb\xbf', "'", '"', '$x', '|', '{}', '%{0123456789abcdef}'];

function makeText(random: Random, isTame = false): string {
  const text = Array.from({ length: 1 + random(6) }, () => TEXTS[random(TEXTS.length)]).join('');
  return isTame ? text.replace(/[^\n -~]|[ \\]+(?=\n|$)|^[ \n]+/g, '') + 'x' : text;
}

/** Fields of a step with odd texts, as "rr record --plan" makes them. */
function makeFields(random: Random, name: string): { name: string; value: string }[] {
  const isTame = random(2) === 0;
  const fields = [{ name: 'Plan', value: name }, { name: 'Command', value: random(3) === 0 ? 'a | b\nc' : quoteCommand(['./x', makeText(random, isTame), makeText(random, isTame)], '/home/x/p', '.') }];
  const odd = (field: string, head = ''): void => { if (random(3) === 0) fields.push({ name: field, value: head + makeText(random, isTame) }); };
  for (const field of ['Label', 'Reason', 'Tag', 'Tag']) odd(field);
  for (const head of ['n', 'gamma%', isTame ? 'x' : '\xff']) odd('Parameter', head + ' ');
  for (const field of ['Declared_input', 'Declared_input', 'Declared_output']) odd(field, 'd/x');
  odd('Redirect', '1 > d/x');
  odd('Variable', 'A=');
  if (random(3) === 0) fields.push({ name: 'Asked', value: 'memory 4G' }, { name: 'Observed', value: 'scan' });
  return fields;
}

const refuse = (_: number, what: string): never => { throw new Failure(what); };

test('parsePlan() reads a printed step as it was meant, and recutils finds the same values where nothing is encoded', { skip: NO_RECUTILS }, () => {
  const random = makeRandom(3);
  const folder = makeTemporary();
  let plain = 0;
  let encoded = 0;
  let text = '';
  const meant: { [name: string]: string }[] = [];
  for (let i = 0; i < 600; i++) {
    const fields = makeFields(random, 'step-' + String(i));
    const wanted = readStep(fields.map((field) => ({ ...field, line: 0 })), '/home/x/p', refuse);
    const printed = printStep(fields);
    const [found] = parse(printed);
    assert.equal(printRunBody(found.template), printRunBody(wanted.template), printed);
    text += printed + '\n';
    const isEncoded = /^Encoding: percent$/m.test(printed);
    if (isEncoded) encoded += 1;
    else plain += 1;
    const first: { [name: string]: string } = {};
    for (const { name, value } of fields) if (first[name] === undefined && !isEncoded) first[name] = value;
    meant.push(first);
  }
  assert.ok(plain > 50 && encoded > 50, String(plain) + ' ' + String(encoded));
  assert.equal(parse(text).length, 600);
  fs.writeFileSync(path.join(folder, 'plan.rec'), '%rec: Step\n%key: Plan\n%mandatory: Command\n\n' + text, 'latin1');
  const fixed = run(folder, ['recfix', '--check', 'plan.rec']);
  assert.equal(fixed.status, 0, fixed.stderr);
  const csv = run(folder, ['sh', '-c', "rec2csv plan.rec > p.csv && python3 -c 'import csv, json; print(json.dumps(list(csv.DictReader(open(\"p.csv\", newline=\"\", encoding=\"latin-1\")))))'"]);
  const rows = JSON.parse(csv.stdout) as { [name: string]: string }[];
  meant.forEach((first, i) => {
    for (const name of Object.keys(first)) assert.equal(rows[i][name], first[name], 'step ' + String(i) + ': ' + name);
  });
});

const LINES = ['Plan: a', 'Plan: b', 'Command: ./x', 'Reason: r', 'Reason: r \\', 'Label:l', 'Label:\tl  ', '+ more', '+more', '+', '+ # x', '', '  ', '# c', '# c \\', ' indented', '  Tag: t', 'Tag: t', 'X_y: z', '%rec: Step', '\\', 'Nonsense', 'Tag: \\\\', ' \\', '+ \\', '\tTag: u'];

test('parsePlan() accepts no lines that recutils reads otherwise', { skip: NO_RECUTILS }, () => {
  const random = makeRandom(11);
  const folder = makeTemporary();
  const accepted: { text: string; seen: string[] }[] = [];
  for (let i = 0; i < 60000 && accepted.length < 250; i++) {
    const text = 'Plan: n\nCommand: c\n' + Array.from({ length: 1 + random(7) }, () => LINES[random(LINES.length)]).join('\n') + '\n';
    try {
      const seen = parse(text).map(({ name, template }) => JSON.stringify([name, template.command, template.reason ?? '', template.label ?? '', template.tags.slice(0, 1).join('')]));
      if (/\\|\+/.test(text)) accepted.push({ text, seen });
    } catch (error) {
      assert.ok(error instanceof Failure, JSON.stringify(text) + String(error));
    }
  }
  assert.ok(accepted.length === 250, String(accepted.length));
  accepted.forEach(({ text }, i) => fs.writeFileSync(path.join(folder, String(i) + '.rec'), text, 'latin1'));
  const script = 'import csv, io, json, subprocess, sys\nfor i in range(250):\n p = subprocess.run(["rec2csv", str(i) + ".rec"], capture_output=True)\n rows = list(csv.DictReader(io.StringIO(p.stdout.decode("latin-1"), newline="")))\n'
    + ' trim = lambda v: "\\n".join(l.rstrip(" \\t") for l in (v or "").split("\\n")).strip(" \\t\\n")\n print(json.dumps([p.returncode] + [[trim(r.get(n)) for n in ("Plan", "Command", "Reason", "Label", "Tag")] for r in rows]))\n';
  const done = run(folder, ['python3', '-c', script]);
  const judged = done.stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as [number, ...string[][]]);
  assert.equal(judged.length, 250, done.stderr);
  accepted.forEach(({ text, seen }, i) => {
    assert.equal(judged[i][0], 0, 'recutils refuses ' + JSON.stringify(text));
    const ours = seen.map((line) => JSON.parse(line) as string[]);
    const theirs = (judged[i].slice(1) as string[][]).map((row) => row.map((value, column) => (column === 1 ? quoteCommand(splitSimpleCommand(value, '', '.') ?? ['sh', '-c', value], '', '.') : value)));
    assert.deepEqual(ours, theirs, JSON.stringify(text));
  });
});

test('parsePlan() ends with steps or a Failure, whatever bytes it is given', () => {
  const random = makeRandom(5);
  const good = 'Plan: a\nCommand: ./x | y\nParameter: g 1\nDeclared_input: d\nAsked: memory 4G\nEncoding: percent\n\nPlan: b\nCommand: z\n+ w\n';
  for (let i = 0; i < 20000; i++) {
    const bytes = good.split('');
    for (let n = random(6); n >= 0; n--) {
      const at = random(bytes.length + 1);
      const what = random(3);
      if (what === 0) bytes.splice(at, random(9));
      else bytes.splice(at, what === 1 ? 1 : 0, String.fromCharCode(random(4) === 0 ? random(256) : '\n\r\t +\\%#:"\'$'.charCodeAt(random(12))));
    }
    try {
      for (const { template, name } of parse(bytes.join(''))) {
        assert.equal(findNameFault(name), undefined);
        for (const file of template.declaredOutputs.concat(template.directory)) assert.doesNotMatch(file, /^\/|(^|\/)\.\.(\/|$)|\0/);
        assert.doesNotMatch(template.command, /\0/);
      }
    } catch (error) {
      assert.ok(error instanceof Failure, String((error as Error).stack));
      assert.match(error.message, /^cannot read the plan: plan\.rec:\d+: /);
    }
  }
});

// ---- changing it --------------------------------------------------------------------------------------------

/** What people do to a plan by hand; undefined if it cannot be done. */
const HABITS: ((text: string, random: Random, fresh: string) => string | undefined)[] = [
  (text) => text + (text.endsWith('\n') ? '' : '\n') + '# a thought: \\ + %41 \xff\n',
  (text, random) => text.replace(/([^\\\r])(\r?\n)/g, (all, last: string, end: string) => (random(9) === 0 ? last + ' \t' + end : all)),
  (text) => (text.indexOf('\r') < 0 ? text.replace(/\n/g, '\r\n') : text.replace(/\r\n/g, '\n')),
  (text) => text.replace(/\n+$/, ''),
  (text) => text + '\n\n\n',
  (text, _, fresh) => text + '\n\nPlan: ' + fresh + '\nCommand: ./by-hand \\\n  more\nX_note: y\n+ z\n',
  (text, _, fresh) => 'Plan: ' + fresh + '\n# between\nCommand: cat | sort\n\n' + text.replace(/^# rr plan[^]*?%mandatory: Command[ \t]*\r?\n/, ''),
  (text, random) => text.replace(/^Reason: .*$/m, 'Reason: thought again ' + String(random(1000))),
];

test('addToPlan() keeps every byte of a thousand edits of others, and each step as it was meant', () => {
  const random = makeRandom(17);
  const project = projectAt(makeProject());
  const file = project.provenance + '/plan.rec';
  const readText = (): string => (fs.existsSync(file) ? fs.readFileSync(file, 'latin1') : '');
  const bodies = (): Map<string, string> => new Map(readPlan(project).steps.map(({ name, template }) => [name, printRunBody(template)]));
  let known = bodies();
  let count = 0;
  for (let i = 0; i < 1000; i++) {
    const before = readText();
    const names = Array.from(known.keys());
    const kind = random(10);
    if (kind < 4 && before !== '') {
      const fresh = 'hand-' + String(i);
      const text = HABITS[random(HABITS.length)](before, random, fresh);
      if (text !== undefined) fs.writeFileSync(file, text, 'latin1');
      const now = bodies();
      now.delete(fresh);
      if (!/thought again/.test(readText())) assert.deepEqual(now, known);
    } else if (kind < 8 || names.length === 0) {
      const name = 'rr-' + String(i);
      const fields = makeFields(random, name).filter((field) => field.name !== 'Redirect');
      assert.equal(addToPlan(project, { name, fields }, false), 'added');
      assert.equal(addToPlan(project, { name, fields }, random(2) === 0), 'same');
      assert.ok(readText().startsWith(before), 'what was there stays');
      const now = bodies();
      assert.equal(now.get(name), printRunBody(readStep(fields.map((field) => ({ ...field, line: 0 })), project.root, refuse).template));
      now.delete(name);
      assert.deepEqual(now, known);
      count += 1;
    } else {
      const name = names[random(names.length)];
      const fields = makeFields(random, name);
      const comments = before.split(/\r?\n/).filter((line) => /^#|^X_/.test(line));
      assert.match(messageOf(() => addToPlan(project, { name, fields }, false)), /there is a step of that name in provenance\/plan\.rec:\d+/);
      assert.equal(readText(), before);
      assert.equal(addToPlan(project, { name, fields }, true), 'replaced');
      assert.deepEqual(readText().split(/\r?\n/).filter((line) => /^#|^X_/.test(line)), comments);
      const now = bodies();
      assert.equal(now.get(name), printRunBody(readStep(fields.map((field) => ({ ...field, line: 0 })), project.root, refuse).template));
      assert.deepEqual(Array.from(now.keys()), names, 'in its place');
      for (const other of names) if (other !== name) assert.equal(now.get(other), known.get(other));
    }
    known = bodies();
    // It grows, and is begun anew.
    if (known.size > 25) {
      fs.unlinkSync(file);
      known = new Map();
    }
  }
  assert.ok(count > 200);
  assert.deepEqual(fs.readdirSync(project.own + '/plan'), []);
});

test('rr record --plan, many at once and some killed: no step and no byte of the file is lost', async () => {
  const project = makeProject();
  const file = path.join(project, 'provenance/plan.rec');
  const mine = '# mine: keep\r\nPlan: old\nCommand: x\n# tail';
  fs.writeFileSync(file, mine);
  const started = Array.from({ length: 32 }, (_, i) => ({ i, ...startRr(project, ['record', '-q', '--plan', 's' + String(i), '-m', 'reason ' + String(i), '--', './x', String(i)]) }));
  const random = makeRandom(2);
  const killed = started.filter(({ i }) => i % 8 === 0);
  for (const { child } of killed) setTimeout(() => child.kill('SIGKILL'), 40 + random(900));
  const done = await Promise.all(started.map((one) => one.ended));
  const names = readPlan(projectAt(project)).steps.map((step) => step.name);
  started.forEach(({ i }) => {
    if (done[i].signal !== null) return;
    assert.equal(done[i].status, 0, done[i].stderr);
    assert.ok(names.indexOf('s' + String(i)) >= 0, 's' + String(i) + ' is lost');
  });
  assert.equal(new Set(names).size, names.length);
  assert.ok(fs.readFileSync(file, 'latin1').startsWith(mine));
  // Who was killed stands in nobody's way.
  assert.equal(rr(project, ['record', '-q', '--plan', 'last', '--', 'x'], { timeoutMs: 10000 }).status, 0);
  assert.deepEqual(fs.readdirSync(path.join(project, '.rr/plan')), []);
});

test('rr record --plan leaves alone what is no plan: a link, a folder, a pipe, a file with a fault', () => {
  const project = makeProject();
  const file = path.join(project, 'provenance/plan.rec');
  const outside = path.join(makeTemporary(), 'elsewhere');
  fs.writeFileSync(outside, '');
  const plan = (): { status: number | null; stderr: string } => rr(project, ['record', '--plan', 's', '--', 'x']);
  fs.symlinkSync(outside, file);
  assert.match(plan().stderr, /plan\.rec" is a link that leads out/);
  assert.equal(fs.readFileSync(outside, 'latin1'), '');
  fs.unlinkSync(file);
  fs.mkdirSync(file);
  assert.match(plan().stderr, /plan\.rec is no file/);
  fs.rmdirSync(file);
  run(project, ['mkfifo', file]);
  assert.match(plan().stderr, /plan\.rec is no file/);
  fs.unlinkSync(file);
  fs.writeFileSync(file, 'Plan: a\nComand: x\n');
  const done = plan();
  assert.equal(done.status, 125);
  assert.match(done.stderr, /provenance\/plan\.rec:2: Comand is no field/);
  assert.equal(fs.readFileSync(file, 'latin1'), 'Plan: a\nComand: x\n');
});

// ---- is it as planned? ------------------------------------------------------------------------------------

function stepOf(lines: string): PlannedStep {
  return parse('Plan: s\n' + lines)[0];
}

test('isSameAsPlanned() tells in what a run differs from the plan, and that something was removed', () => {
  const base = 'Command: ./fit a\nDirectory: d\nParameter: gamma 0.1\nParameter: p.yaml:lr\nDeclared_input: a\nDeclared_input: b\nDeclared_output: o\nVariable: OMP_NUM_THREADS=2\nDeclared_variable: SEED\nMetrics_file: m.json\nRedirect: 1 > o.txt\n';
  const ran = (lines: string): Run => {
    const { template } = stepOf(lines);
    return { ...template, parameters: template.parameters.map((one) => (one === 'p.yaml:lr ' ? 'p.yaml:lr 0.3' : one)), variables: template.variables.concat('SEED=1', 'TZ=UTC') };
  };
  const cases: [string, string, string[]][] = [
    ['nothing', base, []],
    ['the order of lines', base.split('\n').reverse().join('\n').trim() + '\n', []],
    ['what does not count', base + 'Label: l\nReason: r\nTag: t\nTimeout_s: 5\nAsked: cpus 4\nObserved: none\nX_y: z\n', []],
    ['command', base.replace('./fit a', './fit b'), ['its command is changed']],
    ['folder', base.replace('Directory: d', 'Directory: e'), ['its folder is e, was d']],
    ['no folder', base.replace('Directory: d\n', ''), ['its folder is ., was d']],
    ['parameter', base.replace('gamma 0.1', 'gamma 0.2'), ['parameter gamma: 0.2, was 0.1']],
    ['parameter added', base + 'Parameter: x\n', ['parameter x was added']],
    ['parameter removed', base.replace('Parameter: gamma 0.1\n', ''), ['parameter gamma was removed']],
    ['parameter in a file removed', base.replace('Parameter: p.yaml:lr\n', ''), ['parameter p.yaml:lr was removed']],
    ['a second value', base + 'Parameter: gamma 0.2\n', ['parameter gamma: 0.1, 0.2, was 0.1']],
    ['input added', base + 'Declared_input: c\n', ['input c was added']],
    ['input removed', base.replace('Declared_input: b\n', ''), ['input b was removed']],
    ['output changed', base.replace('Declared_output: o\n', 'Declared_output: p\n'), ['output p was added', 'output o was removed']],
    ['variable', base.replace('THREADS=2', 'THREADS=4'), ['variable OMP_NUM_THREADS is set to 4, was 2']],
    ['variable added', base + 'Declared_variable: X\n', ['variable X was added']],
    ['variable removed', base.replace('Declared_variable: SEED\n', ''), ['variable SEED was removed']],
    ['variable no more set', base.replace('Variable: OMP_NUM_THREADS=2', 'Declared_variable: OMP_NUM_THREADS'), []],
    ['variable set now', base.replace('Declared_variable: SEED', 'Variable: SEED=1'), []],
    ['variable set otherwise', base.replace('Declared_variable: SEED', 'Variable: SEED=7'), ['variable SEED is set to 7, was 1']],
    ['metrics', base.replace('m.json', 'n.json'), ['metrics file n.json was added', 'metrics file m.json was removed']],
    ['redirection', base.replace('1 > o.txt', '1 >> o.txt'), ['its redirections are changed']],
  ];
  for (const [what, lines, told] of cases) assert.deepEqual(isSameAsPlanned(ran(base), stepOf(lines)), told, what);
  const inFile = ran(base.replace('Parameter: p.yaml:lr\n', 'Parameter: p.yaml:lr 0.3\n'));
  assert.deepEqual(isSameAsPlanned(inFile, stepOf(base)), ['parameter p.yaml:lr stands in a file now']);
  assert.deepEqual(isSameAsPlanned(ran(base), stepOf(base.replace('Parameter: p.yaml:lr\n', 'Parameter: p.yaml:lr 0.3\n'))), ['parameter p.yaml:lr does not stand in a file any more']);
});

test('isSameAsPlanned() takes a withheld secret for the one that is planned, and nothing else', () => {
  const recorded = (command: string): Run => ({ ...stepOf('Command: x\n').template, command });
  const mark = '\0{0123456789abcdef}';
  assert.deepEqual(isSameAsPlanned(recorded("./get --token '" + mark + "' a"), stepOf('Command: ./get --token abc a\n')), []);
  assert.deepEqual(isSameAsPlanned(recorded("./get --token '" + mark + "' a"), stepOf("Command: ./get --token 'a b' a\n")), []);
  assert.deepEqual(isSameAsPlanned(recorded("./get --token '" + mark + "' a"), stepOf('Command: ./get --token abc b\n')), ['its command is changed']);
  assert.deepEqual(isSameAsPlanned(recorded("./get --token '" + mark + "'"), stepOf('Command: ./put --token abc\n')), ['its command is changed']);
  assert.deepEqual(isSameAsPlanned(recorded("a '" + mark + "' b '" + mark + "' c"), stepOf('Command: a 1 b 2 c\n')), []);
  assert.deepEqual(isSameAsPlanned(recorded("a '" + mark + "' b '" + mark + "' c"), stepOf('Command: a 1 c\n')), ['its command is changed']);
});

const SAME_OPTIONS: string[][] = [
  ['--', './x', 'a b', '$c', "it's", '%02d', '%0A', '\\', 'two\nlines', 'tail\\', ' '],
  ['--', 'cat in | sort > out'],
  ['--', 'for i in 1 2\ndo echo $i  \ndone'],
  ['-p', 'gamma=0.2', '-p', 'text= two ', '-p', 'empty=', '-p', 'gamma=0.3', '--', 'true'],
  ['-i', 'in', '-i', '*.txt', '-o', './out/', '-o', 'figures/**', '--', 'true'],
  ['--variable', 'SEED=5', '--variable', 'OMP_NUM_THREADS=2', '--variable', 'GONE', '--variable', 'ODD= a%0Ab\\', '--', 'true'],
  ['-l', 'l', '-m', 'why\nnot', '-t', 't', '--timeout', '1.5h', '--cpus', '2', '--memory', '1.5G', '--time', '2h', '--partition', 'long', '--', 'true'],
  ['--', 'cat', '@/in', '--to=@/out'],
];

test('isSameAsPlanned() has nothing to tell of a run that rr record made of the same options, in the project and below', () => {
  for (const place of ['.', 'sub']) {
    const project = fs.realpathSync(makeProject());
    fs.mkdirSync(path.join(project, 'sub/figures'), { recursive: true });
    fs.writeFileSync(path.join(project, 'in'), '1\n');
    fs.writeFileSync(path.join(project, 'sub/in'), '1\n');
    fs.writeFileSync(path.join(project, 'sub/a.txt'), '1\n');
    fs.writeFileSync(path.join(project, 'a.txt'), '1\n');
    const folder = path.join(project, place);
    const steps: string[] = [];
    SAME_OPTIONS.forEach((given, i) => {
      const options = given.map((word) => word.replace(/@/g, folder));
      const planned = rr(folder, ['record', '-q', '--plan', 's' + String(i)].concat(options), { env: { SEED: '1' } });
      assert.equal(planned.status, 0, planned.stderr);
      rr(folder, ['record', '-q', '--trace', 'none'].concat(options));
      steps.push('s' + String(i));
    });
    const { steps: found } = readPlan(projectAt(project));
    assert.deepEqual(found.map((step) => step.name), steps);
    listRecords(project).forEach((name, i) => {
      const made = parseRun(fs.readFileSync(path.join(project, name), 'latin1'), name);
      assert.deepEqual(isSameAsPlanned(made, found[i]), [], JSON.stringify(SAME_OPTIONS[i]));
      assert.deepEqual({ asked: made.asked, timeoutS: made.timeoutS, label: made.label, reason: made.reason, tags: made.tags }, (({ asked, timeoutS, label, reason, tags }) => ({ asked, timeoutS, label, reason, tags }))(found[i].template));
      found.forEach((step, j) => { if (j !== i) assert.notDeepEqual(isSameAsPlanned(made, step), [], String(i) + ' ' + String(j)); });
    });
  }
});
