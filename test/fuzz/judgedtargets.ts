// judgedtargets.ts - texts that other programs read, too: shells, make, git, python3 say the same as rr, for the fuzzer.
import assert from 'node:assert/strict';
import childProcess from 'child_process';
import fs from 'fs';
import path from 'path';
import type { ByteString } from '../../src/core/bytes.ts';
import { compileGlob, isGlob } from '../../src/core/glob.ts';
import { findLiveRuns } from '../../src/core/graph.ts';
import type { Run } from '../../src/core/run.ts';
import { fillCommand, readCommandTemplate } from '../../src/formats/commandtemplate.ts';
import { applyPatchSection, splitGitPatch } from '../../src/formats/gitapply.ts';
import { parseGitConfig } from '../../src/formats/gitconfig.ts';
import { readParameters } from '../../src/formats/parameterfile.ts';
import { readPointTable } from '../../src/formats/pointtable.ts';
import { hasShellSyntax, quoteCommand, quoteWord, splitCommand, splitSimpleCommand } from '../../src/formats/shell.ts';
import { inflateBytes } from '../../src/sys/gitrepo.ts';
import { printMakefile } from '../../src/views/makefile.ts';
import { hasPythonModule, judgeTexts, makeDocument, mutateText } from '../parameterrig.ts';
import { hasProgram, makeTemporary } from '../rig.ts';
import { choicesOf, pick, randomBytes, randomText, randomWord } from './dice.ts';
import type { Dice } from './dice.ts';
import { makeRun } from './recordtargets.ts';
import type { FuzzJudge, FuzzTarget } from './target.ts';
import { failCase } from './target.ts';

const ROOT = '/tmp';

function choiceBytes(dice: Dice): ByteString {
  return randomBytes(dice, 4 + dice(dice(4) === 0 ? 500 : 100));
}

// ---- shells -------------------------------------------------------------------------------------------

// By their full names, as PATH is to find nothing for them.
const BASH = ['/bin/bash', '--norc'];
const SHELLS = [['/bin/dash'], BASH, ['/bin/busybox', 'sh']].filter(([name]) => fs.existsSync(name));
/** Writes each argument and NUL, then byte 1 and NUL. In every shell printf is a builtin. */
const DUMP = 'dump() { for a; do printf \'%s\\0\' "$a"; done; printf \'\\001\\0\'; }\n';

function runShell(shell: string[], script: ByteString): string {
  const folder = makeTemporary();
  const file = path.join(folder, 'script');
  fs.writeFileSync(file, Buffer.from(script, 'latin1'));
  const done = childProcess.spawnSync(shell[0], shell.slice(1).concat(file), { cwd: ROOT, env: { PATH: '/nonexistent', PWD: ROOT, LC_ALL: 'C' }, encoding: 'latin1', maxBuffer: 1 << 28, timeout: 60000 });
  fs.rmSync(folder, { recursive: true, force: true });
  if (done.error !== undefined) throw done.error;
  return done.stdout;
}

/** What each shell hears of each of these commands that call dump. */
function judgeArguments(commands: ByteString[], wanted: ByteString[][]): (string | undefined)[] {
  const wrong: (string | undefined)[] = commands.map(() => undefined);
  for (const shell of SHELLS) {
    const heard = runShell(shell, DUMP + commands.map((command) => 'dump ' + command + '\n').join('')).split('\x01\0');
    commands.forEach((command, i) => {
      const expected = wanted[i].map((word) => word + '\0').join('');
      if (heard[i] !== expected) wrong[i] = wrong[i] ?? shell.join(' ') + ' hears ' + JSON.stringify(heard[i]) + ' of ' + JSON.stringify(command);
    });
    if (wrong.some((one) => one !== undefined) && commands.length > 1) return commands.map((command, i) => judgeArguments([command], [wanted[i]])[0]);
  }
  return wrong;
}

function makeArguments(input: ByteString): ByteString[] {
  const dice = choicesOf(input);
  // Byte 1 ends a command in what the shells say.
  return Array.from({ length: 1 + dice(5) }, (_, i) => {
    const word = randomText(dice, 30, /[\0\x01]/g);
    return i === 0 && word === '' ? 'a' : dice(6) === 0 ? word + pick(dice, ['/tmp', '/tmp/x', '--a=/tmp/', ':/tmp:/tmp', '/tmpx']) : word;
  });
}

function checkQuoting(input: ByteString): void {
  const argv = makeArguments(input);
  const source = quoteCommand(argv, ROOT, '.');
  assert.deepEqual(splitCommand(source, ROOT, '.'), argv, 'splitCommand(quoteCommand(x)) is x');
  const simple = splitSimpleCommand(source, ROOT, '.');
  if (simple !== undefined) assert.deepEqual(simple, argv, 'splitSimpleCommand(quoteCommand(x)) is x');
  hasShellSyntax(argv[0]);
}

const SOURCES = ['a b', "'a b' \"c d\" e\\ f", '"$PWD"/x', 'a"b\\"c"d', "it\\'s", '"a\\\nb"', 'a\\\nb', '~ ~/x a~', '# a', 'a#b', '{a,b}', '[ab]', 'x=1 y', '"`"', "'\n'", '"\\$x \\` \\\\ \\a"', 'a  b\tc'];
const SOURCE_WORDS = ['"', "'", '\\', ' ', '\\\n', '$PWD', '"$PWD"', '~', '#', '{', '}', ',', '\t', '\\$', '\\"', '=', '!', '^', '\xc3\xa0', '\xa0', '%', '"\\'];

function spellSimple(source: ByteString): ByteString[] | undefined {
  return /[\0\x01]/.test(source) ? undefined : splitSimpleCommand(source, ROOT, '.');
}

// ---- sh -c with placeholders ----------------------------------------------------------------------------

const SCRIPTS: { script: ByteString; heard: (x: ByteString) => ByteString[] }[] = [
  { script: 'dump {x}', heard: (x) => [x] },
  { script: 'dump "{x}"', heard: (x) => [x] },
  { script: 'dump a{x}b', heard: (x) => ['a' + x + 'b'] },
  { script: 'dump "a {x}".csv {x}', heard: (x) => ['a ' + x + '.csv', x] },
  { script: "dump 'a{x}'", heard: (x) => ['a' + x] },
  { script: "dump a\\\n {x} 'it'\\''s' {x}", heard: (x) => ['a', x, 'it\'s', x] },
  { script: '# it\'s {x}\ndump {x}', heard: (x) => [x] },
  { script: 'y=q; dump "$y"{x} ${y}', heard: (x) => ['q' + x, 'q'] },
  { script: 'if true; then dump {x}; fi', heard: (x) => [x] },
];

type Filled = { command: ByteString; wanted: ByteString[]; x: ByteString };

function makeFilled(input: ByteString): Filled | undefined {
  const dice = choicesOf(input);
  const { script, heard } = pick(dice, SCRIPTS);
  // Byte 1 ends the arguments, byte 2 a command in what the shell says.
  const x = randomText(dice, 16, /[\0\x01\x02]/g) + pick(dice, ['', '', '$(touch canary)', '`touch canary`', '"; touch canary; "', "'; touch canary; '", '\ntouch canary\n', '& touch canary &']);
  const values = new Map([['x', x]]);
  const argv = fillCommand(readCommandTemplate(['sh', '-c', script], new Set(['x'])), values);
  return { command: quoteCommand(argv, ROOT, '.'), wanted: heard(x), x };
}

function judgeScripts(inputs: ByteString[]): (string | undefined)[] {
  const folder = makeTemporary();
  const program = path.join(folder, 'dump');
  fs.writeFileSync(program, '#!/bin/sh\nfor a; do printf \'%s\\0\' "$a"; done; printf \'\\001\\0\'\n', { mode: 0o755 });
  const filled = inputs.map(makeFilled);
  const script = path.join(folder, 'script');
  fs.writeFileSync(script, Buffer.from(filled.map((one) => (one === undefined ? ':' : '( ' + one.command + ' ) </dev/null; printf \'\\002\\0\'') + '\n').join(''), 'latin1'));
  const done = childProcess.spawnSync('sh', [script], { cwd: folder, env: { PATH: folder + ':/usr/bin:/bin', PWD: folder, LC_ALL: 'C' }, encoding: 'latin1', maxBuffer: 1 << 28, timeout: 100000 });
  const heard = done.stdout.split('\x02\0');
  const wrong = filled.map((one, i) => {
    if (one === undefined) return undefined;
    const expected = one.wanted.map((word) => word + '\0').join('') + '\x01\0';
    return heard[i] === expected ? undefined : 'sh hears ' + JSON.stringify(heard[i]) + ' of ' + JSON.stringify(one.command);
  });
  if (fs.existsSync(path.join(folder, 'canary'))) wrong[0] = inputs.length === 1 ? 'a value was run as a program: ' + JSON.stringify(filled[0]) : wrong[0] ?? inputs.map((input) => judgeScripts([input])[0]).find((one) => one !== undefined);
  fs.rmSync(folder, { recursive: true, force: true });
  return wrong;
}

// ---- files of parameters ---------------------------------------------------------------------------------

const PARAMETER_WORDS: { [format: string]: string[] } = {
  yaml: [': ', '- ', '\n', '  ', '"', "'", '[', ']', '{', '}', ',', '|\n', '>\n', '&a', '*a', '!!str', '<<', '? ', '#', ' #', '---\n', '...\n', '~', 'null', 'yes', '0777', '0x1F', '1e3', '.inf', '12:30', '2024-01-01', '\\x41', '\\u00e9', '\xc2\x85', '\xe2\x80\xa8', '\t', '\r\n', '1_000', '-.5', '+1', '0o17', '=', '.', '-', '%'],
  toml: [' = ', '[a]', '[[a]]', '.', '"""', "'''", '\n', '#', '{', '}', ',', '1979-05-27T07:32:00Z', '07:32:00', '1e5', '0xdead', '0b1', '0o7', '_', 'inf', '-nan', 'true', '\\u00e9', '\\U0001F600', '\\', '\t', '\r\n', '\r', '\x7f', '+0.0'],
  json: ['{', '}', '[', ']', ',', ':', '"', '\\u00e9', '\\ud83d\\ude00', '\\ud800', '1e5', '-0', '0.1', '01', 'true', 'null', 'NaN', '//', '/*', '\t', '\n', '\x00', '\x7f'],
  ini: ['[', ']', '=', ':', '\n', ' ', '#', ';', '%', '%(a)s', '${a}', '\t', '\r\n', 'DEFAULT', 'a', 'A', '\\', '\xc2\xa0', '\xc3\xa0'],
  python: [' = ', '\n', '    ', '"', "'", '"""', "r'", 'f"', 'b"', '\\', '\\N{DASH}', '\\x41', '(', ')', '[', ']', '{', '}', ',', ':', '#', '1_0', '0x1F', '1e5', '1j', 'None', 'True', '-', 'class A:\n', 'def f():\n', 'if x:\n', '; ', 'a', 'self.', 'import a\n', '\f', '\t', '\\\n', 'lambda: 0', 'global a\n', ' += '],
  r: [' <- ', ' = ', '\n', '"', "'", 'c(', 'list(', ')', ',', '1L', '1e5L', '0x10', 'TRUE', 'T', 'NULL', 'NA', 'Inf', '-', '#', ';', '{', '}', 'r"(', ')"', '\\', '\\x41', '\\u00e9', '`a`', '->', 'a'],
};

function parameterTarget(format: string, file: string, lacks: string | false, share: number): FuzzTarget {
  const judge: FuzzJudge = {
    lacks: () => lacks,
    batch: format === 'r' ? 150 : 400,
    find: (inputs) => {
      const wrong: (string | undefined)[] = inputs.map(() => undefined);
      for (const { number, what } of judgeTexts(format, file, inputs).complaints) wrong[number] = what;
      return wrong;
    },
  };
  const generate = (dice: Dice): ByteString => {
    let text = makeDocument(format, dice);
    for (let n = dice(4); n > 0; n--) text = mutateText(text, format, dice);
    return text;
  };
  // Python's configparser takes time by the square of a line (100 KB: minutes); its like are slow, too. Longer
  // inputs are read by scaling.ts, without a judge.
  const mostBytes = format === 'ini' ? 1 << 13 : 1 << 16;
  return { name: 'values-' + format, corpus: () => (format === 'ini' ? ['\xc2\xa0=1\n', 'a\xc2\xa0=1\n'] : []), generate, dictionary: PARAMETER_WORDS[format] ?? [], check: (input) => { readParameters(input, file); }, judge, share, mostBytes };
}

/** Formats that no other reader is asked about: they end, and refuse as they say. */
function plainParameterTarget(name: string, file: string, corpus: ByteString[], dictionary: string[], long: FuzzTarget['long'] = []): FuzzTarget {
  return { name: 'values-' + name, corpus: () => corpus, dictionary, long, check: (input) => { readParameters(input, file); } };
}

function lacksModules(...names: string[]): string | false {
  return names.every(hasPythonModule) ? false : 'no python3 with ' + names.join(', ');
}

const SHELL_FILE = "a=1\nexport b='x y'\nreadonly c=\"d\"\nif true; then\n  e=1\nfi\nf() {\n  g=1\n}\ncat <<EOF\nh=1\nEOF\ni=$(echo 5)\n";
const JULIA_FILE = 'a = 1\nconst b = 0.5\nc::Int = 3\nd = "x \\$y"\ne = [1, 2]\nf = (1.0, 2.0)\nfunction g()\n  h = 1\nend\n#= c =#\n';

// ---- tables, git ------------------------------------------------------------------------------------------

/** Python's answer to a list of byte strings, given and taken as JSON of latin1. */
function askPythonAbout(program: string, inputs: ByteString[]): unknown[] {
  const file = path.join(makeTemporary(), 'in.json');
  fs.writeFileSync(file, JSON.stringify(inputs).replace(/[\x7f-\xff]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')));
  const done = childProcess.spawnSync('python3', ['-c', program, file], { encoding: 'utf8', maxBuffer: 1 << 28, timeout: 100000 });
  if (done.status !== 0) throw new Error(done.stderr);
  return JSON.parse(done.stdout) as unknown[];
}

const CSV_PROGRAM = 'import csv,io,json,sys\nout=[]\nfor text, sign in json.load(open(sys.argv[1])):\n'
  + '  try: out.append([row for row in csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)])\n  except csv.Error as e: out.append(str(e))\njson.dump(out, sys.stdout)\n';

/** A byte order mark at the beginning is no part of the text: Python drops it in decoding ("utf-8-sig"), before its reader. */
function judgeTables(inputs: ByteString[]): (string | undefined)[] {
  const answers = askPythonAbout(CSV_PROGRAM, inputs.map((input) => [input.replace(/^\xef\xbb\xbf/, ''), '\t']) as unknown as string[]);
  return inputs.map((input, i) => {
    const { names, rows } = readPointTable(input, 'x.tsv');
    const answer = answers[i];
    // Python takes CR for an end of line, too, and refuses what stands behind a closing quotation mark otherwise.
    if (typeof answer === 'string') return /delimiter expected|unexpected end/.test(answer) ? 'python refuses it: ' + answer : undefined;
    const wanted = (answer as string[][]).filter((row) => row.length > 1 || (row.length === 1 && row[0] !== ''));
    const found = [names].concat(rows);
    return JSON.stringify(found) === JSON.stringify(wanted) ? undefined : 'python reads ' + JSON.stringify(wanted) + ', rr ' + JSON.stringify(found);
  });
}

const CONFIGS = ['[core]\n\tbare = false\n[remote "origin"]\n\turl = https://example.org/\xc3\xa0\n\tfetch = "+refs/heads/*:x" ; c\n[branch "ma\\"in"]\n\tremote = origin # x\n[a.B]\nkey\nlong = a\\\n b\n', '[x]\na = "b # c" d\\t\\"e\n b=c\nc = ""\r d\n', '[a][b "c"]d = e\n[f] [g]h\n'];

function judgeConfigs(inputs: ByteString[]): (string | undefined)[] {
  const folder = makeTemporary();
  const file = path.join(folder, 'config');
  return inputs.map((input) => {
    fs.writeFileSync(file, Buffer.from(input, 'latin1'));
    const done = childProcess.spawnSync('git', ['config', '--no-includes', '-z', '-f', file, '--list'], { encoding: 'latin1', env: { PATH: process.env.PATH, HOME: folder, LC_ALL: 'C' } });
    // What git refuses it says itself wherever it is asked.
    if (done.status !== 0) return undefined;
    const found = parseGitConfig(input).map(({ section, subsection, key, value }) => (section === '' ? '' : section + (subsection === '' ? '' : '.' + subsection) + '.') + key + '\n' + value);
    const wanted = done.stdout.split('\0').slice(0, -1).map((one) => (one.indexOf('\n') < 0 ? one + '\ntrue' : one));
    return JSON.stringify(found) === JSON.stringify(wanted) ? undefined : 'git reads ' + JSON.stringify(wanted) + ', rr ' + JSON.stringify(found);
  });
}

const LINES = ['', ' ', 'a', 'b', '}', '-', '+', '\\', 'diff --git a/x b/x', '@@ -1,2 +1,2 @@', '\\ No newline at end of file', '-- a/x', '++ b/x', 'GIT binary patch', 'x\r', '\r', 'caf\xc3\xa9', '\xff', '\0', 'literal 3'];

function makeEdit(input: ByteString): { before: ByteString; after: ByteString } {
  const dice = choicesOf(input);
  const lines = Array.from({ length: dice(24) }, () => pick(dice, LINES) + '\n');
  const edited = lines.slice();
  for (let n = 1 + dice(4); n > 0; n--) edited.splice(dice(edited.length + 1), dice(4), ...Array.from({ length: dice(3) }, () => pick(dice, LINES) + '\n'));
  const cut = (text: ByteString): ByteString => (dice(4) === 0 ? text.slice(0, -1) : text);
  return { before: cut(lines.join('')), after: cut(edited.join('')) };
}

/** One repository for all: each input is a file, as it was and as it is. */
function judgePatches(inputs: ByteString[]): (string | undefined)[] {
  const folder = makeTemporary();
  const env = { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C' };
  const git = (...words: string[]): string => childProcess.execFileSync('git', ['-c', 'core.autocrlf=false', '-c', 'user.name=a', '-c', 'user.email=a@b'].concat(words), { cwd: folder, env, encoding: 'latin1', maxBuffer: 1 << 28 });
  git('init', '-q');
  const edits = inputs.map(makeEdit);
  edits.forEach(({ before }, i) => fs.writeFileSync(path.join(folder, 'f' + String(i)), Buffer.from(before, 'latin1')));
  git('add', '-A');
  git('commit', '-q', '-m', 'a');
  edits.forEach(({ after }, i) => fs.writeFileSync(path.join(folder, 'f' + String(i)), Buffer.from(after, 'latin1')));
  const sections = splitGitPatch(git('diff', '--binary', '--full-index', '--no-renames'));
  fs.rmSync(folder, { recursive: true, force: true });
  return edits.map(({ before, after }, i) => {
    const section = (sections ?? []).find((one) => one.path === 'f' + String(i));
    if (before === after) return section === undefined ? undefined : 'a patch of nothing';
    const made = section === undefined ? undefined : applyPatchSection(section, before, (bytes) => inflateBytes(bytes));
    if (made !== after) return 'applied, the patch gives ' + JSON.stringify(made) + ' of ' + JSON.stringify(before) + ', not ' + JSON.stringify(after);
    return undefined;
  });
}

// ---- patterns ---------------------------------------------------------------------------------------------

/** Pattern, LF, name. */
function splitPattern(input: ByteString): [ByteString, ByteString] | undefined {
  // Longer than a path: the patterns below would take time by the square.
  if (input.length > 4096) return undefined;
  const [pattern, name, ...rest] = input.split('\n');
  if (rest.length > 0 || name === undefined || name === '' || !isGlob(pattern) || /[\0/]/.test(input) || name[0] === '.' || pattern[0] === '.') return undefined;
  // "[:" without its end, and "[." and "[=", are left open by POSIX.
  if (/\[[.=:]/.test(pattern.replace(/\[:(?:alpha|digit|alnum|upper|lower|space|punct):\]/g, ''))) return undefined;
  // So is a range to a class, and "\\" at the end. A "[" without its "]" stands for itself; of one that ends in a
  // range bash says that it matches nothing, unlike dash.
  if (/-\[[.=:]|\\$|\[[^\]]*-$/.test(pattern)) return undefined;
  return [pattern, name];
}

function judgeGlobs(inputs: ByteString[]): (string | undefined)[] {
  const pairs = inputs.map((input) => splitPattern(input) as [ByteString, ByteString]);
  const script = pairs.map(([pattern, name]) => 'p=' + quoteWord(pattern) + '; case ' + quoteWord(name) + ' in $p) printf y;; *) printf n;; esac\n').join('');
  const heard = runShell(BASH, script);
  return pairs.map(([pattern, name], i) => ((heard[i] === 'y') === compileGlob(pattern)(name) ? undefined : 'bash says ' + heard[i] + ' to ' + JSON.stringify([pattern, name])));
}

// ---- Makefile ---------------------------------------------------------------------------------------------

const MAKE_WORDS = ['$(shell touch canary)', '`touch canary`', '$(error x)', '\ntouch canary\n', '\n\ttouch canary\n', ': ; touch canary', 'a: b', '.PHONY', '.SUFFIXES', 'include x', '!= touch canary', '%', '$@', '\\\n', '\\', '#', ' ', '::', 'a=b', '${x}', 'a//b', './a', '-f', 'all', 'out/x.csv', 'FORCE', '.DEFAULT', '.if', 'a;b', '(a)', '+'];

function makeMakeRuns(input: ByteString): Run[] {
  const dice = choicesOf(input);
  const name = (): ByteString => Array.from({ length: 1 + dice(2) }, () => (dice(3) === 0 ? randomWord(dice, 6, /\0/g) : pick(dice, MAKE_WORDS))).join('');
  return Array.from({ length: 1 + dice(3) }, (_, i) => {
    const run = makeRun(choicesOf(''));
    run.id = '20261122T05203' + String(i) + 'Z-k35f5q';
    run.status = 'succeeded';
    run.label = dice(2) === 0 ? undefined : name();
    run.reason = dice(2) === 0 ? undefined : name();
    run.command = name();
    run.inputs = Array.from({ length: dice(3) }, () => ({ hash: 'a'.repeat(64), size: 1, kind: '' as const, path: name() }));
    run.outputs = Array.from({ length: 1 + dice(3) }, (__, n) => ({ hash: String(n).repeat(64).slice(0, 64), size: 1, kind: '' as const, path: name() }));
    run.processes = [];
    return run;
  });
}

function checkMakefile(input: ByteString): void {
  const runs = makeMakeRuns(input);
  const text = printMakefile(findLiveRuns(runs));
  for (const line of text.split('\n')) {
    if (!/^(?:#.*|\t@(?:sh provenance\/rerun\.sh [^$`;&|<>()"'\\]*(?: \$\(MAKE\))?|:(?: label| link)?)|[A-Za-z0-9._/-]+: ?[A-Za-z0-9._/ -]*|)$/.test(line) || /^#.*\\$/.test(line)) failCase('each line of the Makefile is of a known form', line);
    if (/[\0-\x08\x0b-\x1f\x7f]/.test(line)) failCase('the Makefile has no control character', line);
  }
}

const KNOWN_TARGETS = /^(?:all|verify|reproduce|clean-reproduce|rr-force|Makefile|\.[A-Z_]+|\.OBJDIR|\d{8}T\d{6}Z-[a-z2-7]{6}|\.rr\/made\/\d{8}T\d{6}Z-[a-z2-7]{6}|\.\/|provenance\/.*)$/;

function judgeMakefiles(inputs: ByteString[]): (string | undefined)[] {
  return inputs.map((input) => {
    const runs = makeMakeRuns(input);
    const folder = makeTemporary();
    fs.mkdirSync(path.join(folder, 'provenance'));
    fs.writeFileSync(path.join(folder, 'provenance', 'Makefile'), Buffer.from(printMakefile(findLiveRuns(runs)), 'latin1'));
    fs.writeFileSync(path.join(folder, 'provenance', 'rerun.sh'), 'exit 0\n');
    const names = new Set(runs.flatMap((run) => [run.label ?? ''].concat(run.outputs.map((file) => file.path), run.inputs.map((file) => file.path))));
    let wrong: string | undefined;
    for (const argv of [['make', '-rR', '-n', '-p', '-f', 'provenance/Makefile'], ['bmake', '-r', '-n', '-d', 'g1', '-f', 'provenance/Makefile']].filter(([program]) => hasProgram(program))) {
      const done = childProcess.spawnSync(argv[0], argv.slice(1), { cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C' }, encoding: 'latin1', timeout: 30000 });
      if (done.status !== 0) wrong = wrong ?? argv[0] + ': ' + (done.stderr || done.stdout).slice(-300);
      if (argv[0] !== 'make') continue;
      const targets = done.stdout.split('\n').flatMap((line) => { const found = /^([^\t#=:]+): ?(?!=)/.exec(line); return found === null ? [] : found[1].trim().split(' '); });
      const strange = targets.find((target) => !KNOWN_TARGETS.test(target) && !names.has(target));
      if (strange !== undefined) wrong = wrong ?? 'make reads a target ' + JSON.stringify(strange);
    }
    if (fs.readdirSync(folder).join() !== 'provenance') wrong = 'make -n ran something: ' + fs.readdirSync(folder).join();
    fs.rmSync(folder, { recursive: true, force: true });
    return wrong;
  });
}

export const JUDGED_TARGETS: FuzzTarget[] = [
  { name: 'quoting', corpus: () => [], generate: choiceBytes, check: checkQuoting, judge: { lacks: () => (SHELLS.length === 0 ? 'no dash, bash, busybox' : false), batch: 500, find: (inputs) => { const argvs = inputs.map(makeArguments); return judgeArguments(argvs.map((argv) => quoteCommand(argv, ROOT, '.')), argvs); } }, mostBytes: 4096 },
  { name: 'typed-command', corpus: () => SOURCES, dictionary: SOURCE_WORDS, check: (input) => spellSimple(input) !== undefined, judge: { lacks: () => (SHELLS.length === 0 ? 'no dash, bash, busybox' : false), batch: 500, find: (inputs) => judgeArguments(inputs, inputs.map((input) => spellSimple(input) ?? [])) }, mostBytes: 8192 },
  { name: 'shell-script', corpus: () => [], generate: choiceBytes, check: (input) => makeFilled(input) !== undefined, judge: { lacks: () => (hasProgram('sh') ? false : 'no sh'), batch: 100, find: judgeScripts }, share: 0.05, mostBytes: 2048 },
  parameterTarget('yaml', 'p.yaml', lacksModules('yaml', 'ruamel.yaml'), 0.5),
  parameterTarget('toml', 'p.toml', lacksModules('tomllib', 'tomli'), 0.5),
  parameterTarget('json', 'p.json', lacksModules('json'), 0.5),
  parameterTarget('ini', 'p.ini', lacksModules('configparser'), 0.5),
  parameterTarget('python', 'p.py', lacksModules('ast'), 0.5),
  parameterTarget('r', 'p.R', hasProgram('Rscript') ? false : 'no R', 0.2),
  plainParameterTarget('shell', 'p.sh', [SHELL_FILE], ['=', "'", '"', '$', '$(', ')', '<<EOF\n', 'EOF\n', 'if ', 'fi\n', 'for ', 'do ', 'done\n', '{', '}', '#', '\\', '\n', ';', 'export ', 'case ', 'esac', 'constructor', '((', '))', '`']),
  plainParameterTarget('julia', 'p.jl', [JULIA_FILE], [' = ', '"', '"""', '\\', '$', '[', ']', '(', ')', ',', '#=', '=#', 'end\n', 'function ', 'begin\n', '::Int', 'const ', "'", '1e5', '0x1f', '\n', ';', 'constructor'], [['', 'c = ', '1'], ['', 'for a ', '= 1'], ['', 'global a ', ''], ['', 'let ', '= 1'], ['(', '(a) = ', '1)'], ['a', '[1] += b', '']]),
  plainParameterTarget('properties', 'p.properties', ['a=1\nb: 2\n# c\n! d\ne f\ng=h\\\n i\n'], ['=', ':', '\\', '#', '!', '\n', '\\u0041', ' ']),
  plainParameterTarget('lines', 'p.txt', ['a = 1\nb: 2 # c\n[s]\nd = "x" ; y\n// e\n% f\n'], ['=', ':', '#', ';', '!', '%', '//', '[', ']', '"', '\n', ' ', '\\', '${']),
  plainParameterTarget('jsonc', 'p.jsonc', ['{"a": 1, // c\n /* d */ "b": [1,2,],}'], ['{', '}', '[', ']', '//', '/*', '*/', ',', '"', '\\', '\n']),
  { name: 'table-judged', corpus: () => ['a\tb\n1\t2\n"3 ""x"""\t4\n', 'a\n"x\ny"\n', '\xef\xbb\xbf"a"\tb\n1\t2\n'], dictionary: ['\t', '"', '""', '\n', '\r\n', 'a', '"\t"', '\xef\xbb\xbf'], check: (input) => { if (/\r(?!\n)/.test(input)) return false; readPointTable(input, 'x.tsv'); return true; }, judge: { lacks: () => (hasProgram('python3') ? false : 'no python3'), batch: 500, find: judgeTables }, mostBytes: 16384 },
  // A tab or a carriage return within a value is a blank to git before 2.45, and itself since. Where the value
  // is nothing but "" so far, both drop it: in the line of the key, at its first "=".
  { name: 'gitconfig-judged', corpus: () => CONFIGS, dictionary: ['[', ']', '[a "b"]', '"', '\\', '\\\n', '\\t', '\\b', '#', ';', '=', ' ', '\t', '\n', '\r\n', '\xc3\xa0', '.', 'a.b', 'key'], check: (input) => !/[^ \t\n=][ ]*\t|\\\r?\n *\t|(?<!(?:^|[^\\\r]\n)[^=\n]*=[ \t]*"")\r(?!\n)|\0/.test(input) && !/\[(?![A-Za-z0-9-]+\]|[A-Za-z0-9-]+ "[^"\n]+"\])/.test(input.replace(/^[ \t]*[^[\s][^\n]*$/gm, '')), judge: { lacks: () => (hasProgram('git') ? false : 'no git'), batch: 50, find: judgeConfigs }, share: 0.03, mostBytes: 4096 },
  { name: 'gitapply-judged', corpus: () => [], generate: choiceBytes, check: () => true, judge: { lacks: () => (hasProgram('git') ? false : 'no git'), batch: 400, find: judgePatches }, share: 0.3, mostBytes: 1024 },
  { name: 'glob', corpus: () => ['*.csv\na.csv', '[a-c]?\nbx', '[!a]*\nxyz', '[[:alpha:]]*\nab', '\\**\n*x', '[a\\]]\n]', '[\\-c]?\n-a', '[!\\]]*\na'], dictionary: ['*', '?', '[', ']', '[!', '[^', '-', '[:alpha:]', '[:constructor:]', '\\', 'a', '**'], check: (input) => splitPattern(input) !== undefined, judge: { lacks: () => (fs.existsSync(BASH[0]) ? false : 'no bash'), batch: 500, find: judgeGlobs }, mostBytes: 64 },
  { name: 'glob-long', corpus: () => ['*a'.repeat(40) + 'b\n' + 'a'.repeat(255), '**/a/'.repeat(40) + 'b\n' + 'a/'.repeat(999), '*a*b*c\n' + 'a'.repeat(50), '**/x/**/y\nx/y/z'], dictionary: ['*', '**/', '?', '[ab]', '/', 'a'], check: (input) => { const [pattern, name] = input.split('\n'); compileGlob(pattern)(name ?? ''); }, mostBytes: 4096 },
  { name: 'makefile', corpus: () => [], generate: choiceBytes, check: checkMakefile, judge: { lacks: () => (hasProgram('make') ? false : 'no make'), batch: 20, find: judgeMakefiles }, share: 0.02, mostBytes: 2048 },
];
