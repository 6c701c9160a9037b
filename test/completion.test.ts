// completion.test.ts - what bash, zsh and fish themselves make of the completion that rr prints for them.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { VERBS } from '../src/cli.ts';
import type { OptionSpec, VerbSpec } from '../src/core/verbspec.ts';
import { kindsOfWord, readOperands } from '../src/core/verbspec.ts';
import { hasProgram, makeProject, makeTemporary, RR_JS, rr, run } from './rig.ts';

const TYPIST = path.resolve(__dirname, '..', '..', '..', 'test', 'typist.py');
const scripts = makeTemporary();

type Shell = 'bash' | 'zsh' | 'fish';

/** The script for a shell, as a file. */
function scriptFor(shell: Shell): string {
  const name = path.join(scripts, 'rr.' + shell);
  if (!fs.existsSync(name)) fs.writeFileSync(name, rr(scripts, ['help', '--completion', shell]).stdout, 'latin1');
  return name;
}

// ---- the shells ------------------------------------------------------------------------------------

/** What TAB made of a line, and what was offered for its last word. */
type Completed = { line: string; offered: string[] };

// Readline is made to list without asking; the candidates are those of rr's own function.
const BASH_SETUP = `
bind 'set show-all-if-ambiguous on'; bind 'set page-completions off'; bind 'set completion-query-items -1'; bind 'set bell-style none'
typist_tell() { { printf '%s\\n' "$READLINE_LINE"; cat "$TYPIST/offered" 2>/dev/null; } >"$TYPIST/line"; rm -f "$TYPIST/offered"; : >"$TYPIST/done"; }
bind -x '"\\C-xd": typist_tell'
unset HISTFILE
. SCRIPT
typist_probe() { _rr "$@"; local status=$?; ((\${#COMPREPLY[@]} == 0)) || printf '%s\\n' "\${COMPREPLY[@]}" >"$TYPIST/offered"; return $status; }
complete -F typist_probe rr
`;

// Everything that zsh offers goes through compadd; with -O, -A or -D it only asks.
const ZSH_SETUP = `
autoload -U compinit; compinit -D -u
typist_tell() { { print -r -- "$BUFFER"; cat "$TYPIST/offered" 2>/dev/null; } >"$TYPIST/line"; rm -f "$TYPIST/offered"; : >"$TYPIST/done"; }
zle -N typist_tell; bindkey '^Xd' typist_tell; bindkey '^U' kill-whole-line
setopt nobeep; LISTMAX=10000
. SCRIPT
compadd() {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
  local -a typist_hits; builtin compadd -A typist_hits "$@"
  (( $#typist_hits )) && print -rl -- "\${(@Q)typist_hits}" >>"$TYPIST/offered"
  builtin compadd "$@"
}
`;

/** Types each line and TAB at an interactive shell in `folder`; a line that ends in LF is run instead. */
function typeLines(shell: 'bash' | 'zsh', folder: string, lines: string[], more = ''): Completed[] {
  const setup = (shell === 'bash' ? BASH_SETUP : ZSH_SETUP).replace('SCRIPT', scriptFor(shell)) + more;
  const argv = shell === 'bash' ? ['bash', '--norc', '-i'] : ['zsh', '-f', '-i'];
  const keys = lines.map((line) => (line.endsWith('\n') ? line : line + '\t'));
  const done = run(folder, ['python3', TYPIST], { input: JSON.stringify({ argv, folder, setup, lines: keys }), timeoutMs: 120000 });
  assert.equal(done.stderr, '');
  const became = (JSON.parse(done.stdout) as (string | null)[]).filter((one) => one !== null) as string[];
  return became.map((text) => {
    const [line, ...offered] = text.replace(/\n$/, '').split('\n');
    return { line, offered: offered.filter((one) => one !== '') };
  });
}

/** What fish offers for each line: whole words, and as they would be written into the line. */
function askFish(folder: string, lines: string[], more = ''): { offered: string[]; escaped: string[]; about: string[] }[] {
  const ask = 'for line in $argv\necho @\ncomplete -C $line\necho @\ncomplete -C $line --escape\nend';
  const done = run(folder, ['fish', '-c', 'source ' + scriptFor('fish') + '\n' + more + '\n' + ask].concat(lines), { env: { HOME: scripts, XDG_CONFIG_HOME: scripts } });
  assert.equal(done.stderr, '');
  const parts = done.stdout.split('@\n').slice(1).map((part) => part.split('\n').filter((one) => one !== ''));
  const wordOf = (one: string): string => one.split('\t')[0];
  return lines.map((_, i) => ({ offered: parts[2 * i].map(wordOf), escaped: parts[2 * i + 1].map(wordOf), about: parts[2 * i].map((one) => one.split('\t')[1] ?? '') }));
}

/** What is offered for the last word of each line. */
function offeredBy(shell: Shell, folder: string, lines: string[]): string[][] {
  if (shell === 'fish') return askFish(folder, lines).map((one) => one.offered);
  return typeLines(shell, folder, lines).map((one) => one.offered);
}

function lackOf(shell: Shell): string | false {
  for (const program of [shell, 'python3']) if (!hasProgram(program)) return program + ' is missing';
  return false;
}

const SHELLS: Shell[] = ['bash', 'zsh', 'fish'];

function testIn(shells: Shell[], claim: string, check: (shell: Shell) => void): void {
  for (const shell of shells) test(shell + ' ' + claim, { skip: lackOf(shell) }, () => check(shell));
}

// ---- the table -------------------------------------------------------------------------------------

test('readOperands() reads from usage what operands are', () => {
  const verb = (usage: string, operands: [number, number]): VerbSpec => ({ name: 'v', usage, summary: '', operands, options: [], example: '' });
  const table: [string, [number, number], string[][]][] = [
    ['rr v [OPTION...]', [0, 0], []],
    ['rr v [OPTION...] -- COMMAND [ARG...]', [0, 0], []],
    ['rr v [DIR]', [0, 1], [['folder']]],
    ['rr v [OPTION...] [FILE|RUN...]', [0, Infinity], [['file', 'run']]],
    ['rr v [OPTION...] RUN [TEXT]', [1, 2], [['run'], ['text']]],
    ['rr v RUN RUN [RUN...]', [2, Infinity], [['run'], ['run'], ['run']]],
    ['rr v RUN|LABEL|FILE...', [1, Infinity], [['run', 'file']]],
  ];
  for (const [usage, operands, kinds] of table) assert.deepEqual(readOperands(verb(usage, operands)).map((one) => one.kinds), kinds, usage);
  assert.deepEqual(kindsOfWord('NAME=VALUE'), ['text']);
});

test('VERBS: usage names an operand where one can be given', () => {
  for (const verb of VERBS) {
    const { length } = readOperands(verb);
    assert.equal(length > 0, verb.operands[1] > 0, verb.name);
    assert.ok(length <= verb.operands[1] && length >= Math.min(verb.operands[0], 1), verb.name);
  }
});

// ---- verbs and options -----------------------------------------------------------------------------

const HELP: OptionSpec = { name: 'help', letter: 'h', help: '' };

function namesOf(options: OptionSpec[]): string[] {
  return options.flatMap((option) => (option.letter === undefined ? [] : ['-' + option.letter]).concat('--' + option.name));
}

function checkOffered(offered: string[], expected: string[], what: string): void {
  assert.deepEqual(offered.slice().sort(), expected.slice().sort(), what);
}

testIn(SHELLS, 'offers each verb, and each option of each verb once', (shell) => {
  const folder = makeProject();
  const [verbs, top, ...options] = offeredBy(shell, folder, ['rr ', 'rr -'].concat(VERBS.map((verb) => 'rr ' + verb.name + ' -')));
  checkOffered(verbs, VERBS.map((verb) => verb.name), 'rr');
  checkOffered(top, ['--help', '-h', '--version', '-V'], 'rr -');
  VERBS.forEach((verb, i) => checkOffered(options[i], namesOf(verb.options.concat(HELP)).concat(verb.takesCommand === true ? '--' : []), verb.name));
});

testIn(SHELLS, 'does not offer again an option that is given, unless it may be given several times', (shell) => {
  const folder = makeProject();
  const verbs = VERBS.filter((verb) => verb.options.length > 0);
  const given = (verb: VerbSpec): string => verb.options.map((option) => ' ' + (option.letter === undefined ? '--' + option.name : '-' + option.letter) + (option.value === undefined ? '' : ' ' + (option.words ?? ['x'])[0])).join('');
  const offered = offeredBy(shell, folder, verbs.map((verb) => 'rr ' + verb.name + given(verb) + ' --'));
  verbs.forEach((verb, i) => {
    const left = verb.options.filter((option) => option.isRepeatable === true).concat(HELP).map((option) => '--' + option.name);
    checkOffered(offered[i], left.concat(verb.takesCommand === true ? '--' : []), verb.name);
  });
});

testIn(SHELLS, 'takes joined letters and joined values for what they are', (shell) => {
  const folder = makeProject();
  const [joined, equal] = offeredBy(shell, folder, ['rr record -ql fit --q', 'rr record --label=q --lab']);
  checkOffered(joined, [], 'quiet was given by -ql');
  checkOffered(equal, [], 'label was given by --label=');
});

test('fish and zsh show the help text of each option', { skip: lackOf('fish') || lackOf('zsh') }, () => {
  const folder = makeProject();
  const fish = askFish(folder, VERBS.map((verb) => 'rr ' + verb.name + ' --'));
  VERBS.forEach((verb, i) => {
    for (const option of verb.options) assert.equal(fish[i].about[fish[i].offered.indexOf('--' + option.name)], option.help, verb.name + ' --' + option.name);
  });
  const ask = 'compdef() {}; . "$1"; _arguments() { print -rl -- "$@" }; words=(rr "$2" ""); CURRENT=3; _rr';
  for (const verb of VERBS) {
    const specs = run(folder, ['zsh', '-f', '-c', ask, 'zsh', scriptFor('zsh'), verb.name]).stdout.replace(/\\/g, '');
    for (const option of verb.options) assert.ok(specs.includes('--' + option.name + (option.value === undefined ? '' : '=') + '[' + option.help + ']'), verb.name + ' --' + option.name);
  }
});

// ---- values and operands ---------------------------------------------------------------------------

function makeFilledProject(): string {
  const folder = makeProject();
  fs.mkdirSync(path.join(folder, 'figures'));
  fs.writeFileSync(path.join(folder, 'figures', 'one.svg'), '');
  fs.writeFileSync(path.join(folder, 'fig.txt'), '');
  for (const [label, tag] of [['final', 'paper'], ['first', 'draft']]) assert.equal(rr(folder, ['record', '-q', '--trace', 'none', '-l', label, '-t', tag, '--', 'true']).status, 0);
  return folder;
}

function idsOf(folder: string): string[] {
  return run(folder, ['sh', '-c', 'ls provenance/runs/* | sed "s/.rec$//"']).stdout.trim().split('\n');
}

testIn(SHELLS, 'offers what a value or an operand can be', (shell) => {
  const folder = makeFilledProject();
  const ids = idsOf(folder);
  const table: [string, string[]][] = [
    ['rr record --trace ', ['atime', 'auto', 'none', 'scan', 'strace']],
    ['rr list -s f', ['failed']],
    ['rr help --completion ', ['bash', 'fish', 'zsh']],
    ['rr list -l ', ['final', 'first']],
    ['rr record -ql fir', ['first']],
    ['rr list --tag ', ['draft', 'paper']],
    ['rr show ', ['@', 'final', 'first'].concat(ids)],
    ['rr show ' + ids[0].slice(0, 4), ids],
    ['rr help re', VERBS.map((verb) => verb.name).filter((name) => name.startsWith('re'))],
    ['rr help rec', ['record']],
    ['rr help record ', []],
    ['rr export cit', ['citation']],
    ['rr export citation f', ['final', 'first']],
    ['rr list x', []],
  ];
  const offered = offeredBy(shell, folder, table.map(([line]) => line));
  // Where no operand can follow, bash shows the options that can; they begin with a dash.
  table.forEach(([line, expected], i) => checkOffered(offered[i].filter((one) => expected.length > 0 || one[0] !== '-'), expected, line));
});

/** The arguments that a line gives rr, as the shell itself takes it apart; nothing else may come of it. */
function argumentsOf(shell: Shell, folder: string, line: string): string[] {
  const head = shell === 'fish' ? 'function rr; printf "%s\\n" $argv; end; ' : 'rr() { printf "%s\\n" "$@"; }; ';
  const done = run(folder, [shell, '-c', head + Buffer.from(line, 'latin1').toString('utf8')]);
  assert.equal(done.stderr, '', line);
  return done.stdout.split('\n').slice(0, -1);
}

/** The line after TAB, whichever shell; of fish the line with the only word that is offered. */
function completeLines(shell: Shell, folder: string, lines: string[]): string[] {
  if (shell !== 'fish') return typeLines(shell, folder, lines).map((one) => one.line);
  return askFish(folder, lines).map((one, i) => {
    assert.equal(one.escaped.length, 1, lines[i] + ': ' + one.escaped.join(', '));
    return lines[i].replace(/\S*$/, '') + one.escaped[0];
  });
}

const NAMES = ['a$(touch pwned)', 'a`touch pwned`', 'a;touch pwned', 'a&&touch pwned', 'a|touch pwned', 'a>pwned', "a'b", 'a"b', 'a b  c', 'a:b:c', 'a=b c', 'a*', 'a?[b]', 'a\\b', 'a!!', 'a#b',
  'a$HOME', 'a{b,c}', 'a%20', 'a(b)', 'a~b', 'a@b', 'a\xc3\xa9\xe2\x82\xac'];

testIn(SHELLS, 'writes names of files so that they are read as what they are', (shell) => {
  for (const [verb, isFirst] of [['verify', true], ['record -i', false]] as [string, boolean][]) {
    const folder = makeProject();
    const names = NAMES.map((name, i) => 'f' + String(10 + i) + name);
    for (const name of names) fs.writeFileSync(Buffer.from(path.join(folder, name), 'latin1'), '');
    const lines = completeLines(shell, folder, names.map((name) => 'rr ' + verb + ' ' + name.slice(0, 3)));
    names.forEach((name, i) => assert.deepEqual(argumentsOf(shell, folder, lines[i]).slice(isFirst ? 1 : 2), [name], lines[i]));
    assert.ok(!fs.existsSync(path.join(folder, 'pwned')));
  }
});

testIn(SHELLS, 'writes labels so that they are read as what they are, and executes nothing in them', (shell) => {
  const folder = makeProject();
  const labels = NAMES.map((name, i) => 'l' + String(10 + i) + name);
  for (const label of labels) assert.equal(run(folder, ['sh', '-c', '"$1" "$2" record -q --trace none -l "$3" -- true', 'sh', process.execPath, RR_JS, Buffer.from(label, 'latin1').toString('utf8')]).status, 0);
  const lines = completeLines(shell, folder, labels.map((label) => 'rr show ' + label.slice(0, 3)));
  labels.forEach((label, i) => assert.deepEqual(argumentsOf(shell, folder, lines[i]), ['show', label], lines[i]));
  assert.ok(!fs.existsSync(path.join(folder, 'pwned')));
});

testIn(SHELLS, 'writes labels that begin like something else', (shell) => {
  for (const label of ['-n', '~', '#x', '$(touch pwned)', '`touch pwned`', '*', '!!', '; touch pwned', "'", '"', '\\']) {
    if (shell === 'fish' && label === '~') continue; // fish quotes no "~", so this one is not offered
    const folder = makeProject();
    assert.equal(rr(folder, ['record', '-q', '--trace', 'none', '-l', label, '--', 'true']).status, 0);
    const [line] = completeLines(shell, folder, ['rr list --label ']);
    assert.deepEqual(argumentsOf(shell, folder, line), ['list', '--label', label], line);
    assert.ok(!fs.existsSync(path.join(folder, 'pwned')));
  }
});

testIn(['bash', 'zsh'], 'completes within quotes', (shell) => {
  const folder = makeProject();
  for (const label of ['fit $(touch pwned) `touch pwned`', 'first "one"', "final isn't"]) assert.equal(rr(folder, ['record', '-q', '--trace', 'none', '-l', label, '--', 'true']).status, 0);
  const lines = completeLines(shell, folder, ['rr show "fit', "rr show 'fit", 'rr show "firs', "rr show 'fina", "rr list --label='fina", 'rr show fi"na']);
  const expected = ['fit $(touch pwned) `touch pwned`', 'fit $(touch pwned) `touch pwned`', 'first "one"', "final isn't", "--label=final isn't", "final isn't"];
  expected.forEach((label, i) => assert.equal(argumentsOf(shell, folder, lines[i])[1], label, lines[i]));
  assert.ok(!fs.existsSync(path.join(folder, 'pwned')));
});

testIn(SHELLS, 'completes a value after "=" and a name with a colon that stands there already', (shell) => {
  const folder = makeFilledProject();
  fs.writeFileSync(path.join(folder, 'time 12:30:00.txt'), '');
  fs.writeFileSync(path.join(folder, '12:30'), '');
  const lines = completeLines(shell, folder, ['rr record --trace=str', 'rr list --label=fin', 'rr record --input=12', 'rr list --status=fai']);
  assert.deepEqual(lines.map((line) => argumentsOf(shell, folder, line)[1]), ['--trace=strace', '--label=final', '--input=12:30', '--status=failed']);
  if (shell === 'fish') return; // it takes what follows a colon for a name of its own
  const colons = completeLines(shell, folder, ['rr verify 12:', 'rr record --input=12:3', 'rr verify time\\ 12:30', 'rr verify "time 12:3']);
  assert.deepEqual(colons.map((line) => argumentsOf(shell, folder, line)[1]), ['12:30', '--input=12:30', 'time 12:30:00.txt', 'time 12:30:00.txt']);
});

testIn(SHELLS, 'offers folders for DIR, files and runs for FILE|RUN, and files for a RUN that begins as no other', (shell) => {
  const folder = makeFilledProject();
  const lines = completeLines(shell, folder, ['rr init figu', 'rr list --project figu', 'rr show fig.', 'rr show figures/o', 'rr verify figures/o', 'rr verify fina', 'rr verify -- fig.']);
  assert.deepEqual(lines.map((line) => argumentsOf(shell, folder, line).pop()), ['figures/', 'figures/', 'fig.txt', 'figures/one.svg', 'figures/one.svg', 'final', 'fig.txt']);
});

testIn(SHELLS, 'takes the runs of the project that --project names, and finds a project upward', (shell) => {
  const folder = makeFilledProject();
  const elsewhere = makeTemporary();
  fs.mkdirSync(path.join(elsewhere, 'my project'));
  fs.renameSync(folder, path.join(elsewhere, 'my project', 'p'));
  const lines = ['rr show --project my\\ project/p fin', "rr show --project='my project/p' fin"].concat(shell === 'fish' ? [] : 'rr show --project "my project/p" fin');
  for (const offered of offeredBy(shell, elsewhere, lines)) assert.deepEqual(offered, ['final']);
  assert.deepEqual(offeredBy(shell, path.join(elsewhere, 'my project', 'p', 'figures'), ['rr list -l fin']), [['final']]);
});

// ---- the command of rr record ----------------------------------------------------------------------

const OWN_COMPLETION: { [shell in Shell]: string } = {
  bash: "complete -W 'unused' other; tool() { :; }; _tool() { COMPREPLY=($(compgen -W '--alpha --beta' -- \"$2\")); [ \"$1\" = tool ] && [ \"${COMP_WORDS[*]:0:2}\" = 'tool x' ] && [ \"${COMP_LINE%% *}\" = tool ] || COMPREPLY=(wrong); }; complete -F _tool tool\n",
  zsh: 'tool() { : }; _tool() { [[ $words[1] == tool && $words[2] == x ]] && compadd -- --alpha --beta; }; compdef _tool tool\n',
  fish: "complete -c tool -n 'test (commandline -opc)[2] = x' -l alpha; complete -c tool -l beta",
};

testIn(SHELLS, 'completes after "--" what it would complete without rr', (shell) => {
  const folder = makeFilledProject();
  const lines = ['rr record -q -l fit -- tool x --al', 'rr record -- tool x fig.', 'node ./rr.js record -- tool x --al', 'rr record -- sha256su'];
  const became = shell === 'fish'
    ? askFish(folder, lines, OWN_COMPLETION.fish).map((one, i) => lines[i].replace(/\S*$/, '') + one.escaped[0])
    : typeLines(shell, folder, lines.filter((_, i) => i !== 1), OWN_COMPLETION[shell]).map((one) => one.line);
  for (const line of became) assert.match(line.trim(), /(?:--alpha|fig\.txt|sha256sum)$/);
});

test('bash asks the loader of completions for the command of rr record', { skip: lackOf('bash') }, () => {
  const folder = makeProject();
  const loader = '_load() { _late() { COMPREPLY=(--late); }; complete -F _late "$1"; return 124; }; complete -D -F _load\n';
  assert.equal(typeLines('bash', folder, ['rr record -- sometool --l'], loader)[0].line, 'rr record -- sometool --late ');
});

testIn(['zsh', 'fish'], 'and bash complete "node rr.js"', (shell) => {
  const folder = makeFilledProject();
  assert.deepEqual(offeredBy(shell, folder, ['node ./rr.js show fin']), [['final']]);
});

test('bash completes "node rr.js", an alias rr, and another that it is told of', { skip: lackOf('bash') }, () => {
  const folder = makeFilledProject();
  const became = typeLines('bash', folder, ['node ./rr.js show fin', 'node fig.', './rr.js show fin', "alias rr='node rr.js'\n", 'rr show fin', "alias r=rr; complete -F _rr r\n", 'r show fin']);
  assert.deepEqual(became.map((one) => one.line.trim()), ['node ./rr.js show final', 'node fig.txt', './rr.js show final', 'rr show final', 'r show final']);
});

test('bash keeps its settings', { skip: lackOf('bash') }, () => {
  const folder = makeFilledProject();
  for (const setting of ['shopt -s failglob', 'shopt -s nullglob', 'set -f', 'shopt -s nocaseglob extglob dotglob', 'set -u', 'IFS=:', "COMP_WORDBREAKS=${COMP_WORDBREAKS//[:=]/}"]) {
    const became = typeLines('bash', folder, [setting + '\n', 'rr verify fina', 'rr verify nothing', 'rr record --label=fin', '{ shopt; set -o; } >after\n', 'rr show fina']);
    assert.deepEqual(became.map((one) => one.line.trim()), ['rr verify final', 'rr verify nothing', 'rr record --label=final', 'rr show final'], setting);
    const before = run(folder, ['bash', '--norc', '-ic', '. ' + scriptFor('bash') + '; ' + setting + '; { shopt; set -o; }']).stdout;
    const ofGlobs = (text: string): string[] => text.split('\n').filter((line) => /glob|nounset/.test(line));
    assert.deepEqual(ofGlobs(fs.readFileSync(path.join(folder, 'after'), 'latin1')), ofGlobs(before));
  }
});

// ---- the scripts -----------------------------------------------------------------------------------

test('the script for bash is clean to shellcheck', { skip: hasProgram('shellcheck') ? false : 'shellcheck is missing' }, () => {
  // SC2016: the program for sh stands in single quotes, as it must.
  const done = run(scripts, ['shellcheck', '-s', 'bash', '-e', 'SC2016', scriptFor('bash')]);
  assert.equal(done.stdout + done.stderr, '');
});

/** The program that reads records, as bash has it in its script. */
function recordsProgram(): string {
  return run(scripts, ['bash', '-c', '. "$1"; printf %s "$_rr_records"', 'bash', scriptFor('bash')]).stdout;
}

test('all scripts have the same program that reads records: src/completion.sh', { skip: lackOf('bash') || lackOf('zsh') || lackOf('fish') }, () => {
  const source = fs.readFileSync('src/completion.sh', 'latin1');
  assert.equal(recordsProgram(), source);
  assert.equal(run(scripts, ['zsh', '-fc', 'compdef() {}; . "$1"; print -rn -- $_rr_program', 'zsh', scriptFor('zsh')]).stdout, source);
  assert.equal(run(scripts, ['fish', '--no-config', '-c', 'source $argv[1]; printf %s $__rr_program', scriptFor('fish')]).stdout, source);
});

for (const [program, args] of [['shellcheck', ['-s', 'sh']], ['checkbashisms', ['-f', '-p', '-x']]] as [string, string[]][]) {
  test('the program that reads records is clean to ' + program, { skip: hasProgram(program) ? lackOf('bash') : program + ' is missing' }, () => {
    const file = path.join(scripts, 'records.sh');
    fs.writeFileSync(file, '#!/bin/sh\n' + recordsProgram());
    const done = run(scripts, [program, ...args, file]);
    assert.equal(done.stdout + done.stderr, '');
  });
}

/** What the program prints, the words alone. */
function readNames(folder: string, args: string[], shell = 'sh', prefix = ''): string[] {
  const done = run(folder, ['sh', '-c', prefix + 'p=$1; shift; exec ' + shell + ' -c "$p" sh "$@"', 'sh', recordsProgram()].concat(args), { timeoutMs: 10000 });
  assert.equal(done.stderr, '');
  return done.stdout.split('\n').filter((line) => line !== '').map((line) => line.split('\t')[0]);
}

for (const shell of ['dash', 'busybox sh', 'bash --posix', 'mksh', 'yash', 'ksh93', 'posh']) {
  const program = shell.split(' ')[0];
  test('the program that reads records works in ' + shell, { skip: hasProgram(program) ? lackOf('bash') : program + ' is missing' }, () => {
    const folder = makeFilledProject();
    assert.deepEqual(readNames(folder, ['labels', '', ''], shell), ['first', 'final']);
    assert.deepEqual(readNames(folder, ['tags', '', ''], shell).sort(), ['draft', 'paper']);
    assert.deepEqual(readNames(folder, ['runs', idsOf(folder)[0], ''], shell).slice(-1), [idsOf(folder)[0]]);
  });
}

for (const awk of ['mawk', 'gawk', 'original-awk', 'busybox awk']) {
  const program = awk.split(' ')[0];
  test('the program that reads records works with ' + awk, { skip: hasProgram(program) ? lackOf('bash') : program + ' is missing' }, () => {
    const folder = makeProject();
    for (const label of ['100% "\u20ac" %41', 'a\nb', '\u009b2J', '\u202ex', 'plain']) rr(folder, ['record', '-q', '--trace', 'none', '-l', label, '--', 'true']);
    const bin = makeTemporary();
    fs.writeFileSync(path.join(bin, 'awk'), '#!/bin/sh\nexec ' + awk + ' "$@"\n', { mode: 0o755 });
    assert.deepEqual(readNames(folder, ['labels', '', ''], 'sh', 'PATH=' + bin + ':$PATH; '), ['plain', '100% "\xe2\x82\xac" %41'], 'what would give orders to a terminal is left out');
  });
}

function writeRecord(folder: string, kind: string, id: string, fields: string): void {
  const month = path.join(folder, 'provenance', kind, id.slice(0, 4) + '-' + id.slice(4, 6));
  fs.mkdirSync(month, { recursive: true });
  fs.writeFileSync(path.join(month, id + '.rec'), '# ' + kind + '\nId: ' + id + '\n' + fields, 'latin1');
}

test('the program that reads records takes the newest 200, and more by their beginning', { skip: lackOf('bash') }, () => {
  const folder = makeProject();
  const idOf = (n: number): string => '2026' + String(1 + Math.floor(n / 100)).padStart(2, '0') + '01T' + String(100000 + n % 100) + 'Z-aaaaaa';
  for (let n = 0; n < 500; n++) writeRecord(folder, 'runs', idOf(n), 'Label: n' + String(n) + '\nCommand: true\n');
  assert.deepEqual(readNames(folder, ['labels', '', '']), Array.from({ length: 200 }, (_, i) => 'n' + String(499 - i)));
  assert.deepEqual(readNames(folder, ['runs', '', '']).slice(-10), Array.from({ length: 10 }, (_, i) => idOf(499 - i)));
  assert.deepEqual(readNames(folder, ['runs', idOf(7).slice(0, 15), '']).filter((name) => /Z-/.test(name)), Array.from({ length: 100 }, (_, i) => idOf(99 - i)).filter((id) => id.startsWith(idOf(7).slice(0, 15))));
});

test('the program that reads records takes the label that the newest note gives', { skip: lackOf('bash') }, () => {
  const folder = makeProject();
  const idOf = (n: number): string => '20260101T00000' + String(n) + 'Z-aaaaaa';
  for (const n of [1, 2, 3]) writeRecord(folder, 'runs', idOf(n), 'Label: old' + String(n) + '\nTag: t' + String(n) + '\nCommand: true\n');
  writeRecord(folder, 'notes', idOf(4), 'Run: ' + idOf(1) + '\nRun: ' + idOf(2) + '\nLabel: first note\n');
  writeRecord(folder, 'notes', idOf(5), 'Run: ' + idOf(1) + '\nLabel: second note\nTag: noted\n');
  assert.deepEqual(readNames(folder, ['labels', '', '']), ['second note', 'first note', 'old3']);
  assert.deepEqual(readNames(folder, ['tags', '', '']), ['noted', 't3', 't2', 't1']);
});

test('the program that reads records is not held up or misled by what is no record', { skip: lackOf('bash') }, () => {
  const folder = makeFilledProject();
  const month = path.join(folder, 'provenance', 'runs', fs.readdirSync(path.join(folder, 'provenance', 'runs'))[0]);
  const prefix = path.basename(month).replace('-', '');
  assert.equal(run(month, ['mkfifo', prefix + '28T000000Z-aaaaaa.rec']).status, 0);
  fs.mkdirSync(path.join(month, prefix + '28T000001Z-aaaaaa.rec'));
  fs.symlinkSync('/dev/zero', path.join(month, prefix + '28T000002Z-aaaaaa.rec'));
  for (const name of ['$(touch pwned).rec', '-rf', 'what=x.rec', 'a\n' + prefix + '28T000003Z-aaaaaa.rec', '*']) fs.writeFileSync(path.join(month, name), 'Label: never\n');
  assert.deepEqual(readNames(folder, ['labels', '', '']), ['first', 'final']);
  assert.deepEqual(readNames(folder, ['runs', '2028`touch pwned`', '']).slice(0, 2), ['first', 'final']);
  assert.deepEqual(readNames(folder, ['labels', '', '/no/such']), []);
  assert.deepEqual(readNames(makeTemporary(), ['labels', '', '']), []);
  assert.ok(!fs.existsSync(path.join(folder, 'pwned')));
});
