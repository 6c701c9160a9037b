// manual.test.ts - help, manual page, README and versions tell the same as the code.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'child_process';
import fs from 'fs';
import path from 'path';
import { parseArguments, printOverview, printVerbHelp, VERBS } from '../src/cli.ts';
import { EXPORT_FORMS } from '../src/core/exportforms.ts';
import { DEFAULT_FILE_RULES } from '../src/core/filerules.ts';
import { EXIT } from '../src/core/failure.ts';
import { REPLAYED_VARIABLES } from '../src/core/variables.ts';
import type { VerbSpec } from '../src/core/verbspec.ts';
import { RR_VERSION } from '../src/core/version.ts';

const PROJECT = path.resolve(__dirname, '..', '..', '..');

function read(name: string): string {
  return fs.readFileSync(path.join(PROJECT, name), 'latin1');
}

/** The page's source with "\-" and "\&" as they print. */
const PAGE = read('docs/rr.1').replace(/\\-/g, '-').replace(/\\&/g, '');

/** Text of the page from a heading to the next one of its kind or above; throws if there is none. */
function sectionOf(macro: 'Sh' | 'Ss', title: string): string {
  const lines = PAGE.split('\n');
  const from = lines.indexOf('.' + macro + ' ' + title);
  assert.notEqual(from, -1, 'docs/rr.1 has no section "' + title + '"');
  const next = lines.findIndex((line, i) => i > from && (line.startsWith('.Sh ') || (macro === 'Ss' && line.startsWith('.Ss '))));
  return lines.slice(from + 1, next < 0 ? undefined : next).join('\n');
}

type PageOption = { name: string; letter: string | undefined; value: string | undefined; text: string };

/** The options of a list: lines ".It Fl l , Fl -label Ar NAME" and the text below each. */
function readPageOptions(section: string): PageOption[] {
  return section.split('\n.It ').slice(1).map((item) => {
    const [head, ...text] = item.split('\n');
    const parts = /^(?:Fl ([A-Za-z]) , )?Fl -([a-z-]+)(?: Ar (.*))?$/.exec(head);
    assert.ok(parts !== null, 'not understood: .It ' + head);
    const value = parts[3] === undefined ? undefined : parts[3].replace(/ Ns Op = Ns Ar (\S+)/, '[=$1]').replace(/ Ns = Ns Ar /, '=');
    return { letter: parts[1], name: parts[2], value, text: plainText(text) };
  });
}

/** Text of mdoc lines without macros, for comparing words. */
function plainText(lines: string[]): string {
  return lines.map((line) => {
    if (line.startsWith('.Nm')) return line.replace(/^\.Nm(?: Ns )?/, 'rr');
    const word = /^\.(?:Ar|Cm|Pa|Ql|Sx|Fl|Xr|Pq) (.*)/.exec(line);
    return word !== null ? word[1] : line.startsWith('.') ? '' : line;
  }).join(' ');
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

const VERBS_WITH_OPTIONS = VERBS.filter((verb) => verb.options.length > 0);

for (const verb of VERBS) {
  test('rr.1 tells of each option of "rr ' + verb.name + '", and of no other', () => {
    const section = sectionOf('Ss', 'rr ' + verb.name);
    const inCode = verb.options.map((option) => [option.letter, option.name, option.value]);
    const onPage = readPageOptions(section).map((option) => [option.letter, option.name, option.value]);
    assert.deepEqual(onPage, inCode);
    assert.ok(sectionOf('Sh', 'SYNOPSIS').includes('\n.Cm ' + verb.name), 'not in SYNOPSIS');
  });
}

for (const verb of VERBS_WITH_OPTIONS) {
  test('rr.1 has the words of the help of "rr ' + verb.name + '", defaults included', () => {
    const options = readPageOptions(sectionOf('Ss', 'rr ' + verb.name));
    const summary = wordsOf(plainText(sectionOf('Ss', 'rr ' + verb.name).split('\n.Bl')[0].split('\n')));
    for (const word of wordsOf(verb.summary)) assert.ok(summary.includes(word), 'summary lacks "' + word + '"');
    for (const [i, option] of verb.options.entries()) {
      const words = wordsOf(options[i].text);
      for (const word of wordsOf(option.help)) assert.ok(words.includes(word), '--' + option.name + ' lacks "' + word + '"');
      const isSaid = /May be given several times|; of several, /.test(options[i].text);
      assert.equal(isSaid, option.isRepeatable === true, '--' + option.name + ': can it be repeated?');
    }
  });
}

test('rr.1, EXPORTS, has the forms of EXPORT_FORMS in their order, with the words of their summaries', () => {
  const items = sectionOf('Sh', 'EXPORTS').split('\n.It Cm ').slice(1).map((item) => item.split('\n'));
  assert.deepEqual(items.map((lines) => lines[0]), EXPORT_FORMS.map((one) => one.name));
  EXPORT_FORMS.forEach(({ name, summary }, i) => {
    const words = wordsOf(plainText(items[i].slice(1)));
    for (const word of wordsOf(summary)) assert.ok(words.includes(word), name + ' lacks "' + word + '"');
  });
});

test('rr.1 names no option that no verb has', () => {
  const known = new Set(['help', 'version', 'h', 'V', '']);
  for (const verb of VERBS) for (const option of verb.options) known.add(option.name).add(option.letter ?? '');
  const named = Array.from(PAGE.matchAll(/\bFl -?([A-Za-z-]*)/g), (match) => match[1].replace(/^-$/, ''));
  assert.ok(named.length > 40);
  assert.deepEqual(named.filter((name) => !known.has(name)), []);
});

test('printVerbHelp() has usage, each option and the example; printOverview() each verb', () => {
  for (const verb of VERBS) {
    const help = printVerbHelp(verb);
    assert.ok(help.startsWith(verb.usage + '\n'));
    assert.ok(help.includes('Example: ' + verb.example + '\n'));
    for (const option of verb.options) assert.match(help, new RegExp('^ +' + (option.letter === undefined ? '' : '-' + option.letter + ', ') + '--' + option.name + '\\b', 'm'));
    for (const line of help.split('\n')) assert.ok(line.length <= 80, line);
    assert.ok(printOverview(RR_VERSION).includes('\n  ' + verb.name + ' '));
  }
});

/** The words of an example as a shell gives them; quotes are all they have. */
function splitExample(example: string): string[] {
  return Array.from(example.matchAll(/'([^']*)'|(\S+)/g), (match) => match[1] ?? match[2]);
}

test('parseArguments() understands every example of the help', () => {
  for (const verb of VERBS) {
    const parsed = parseArguments(splitExample(verb.example).slice(1));
    assert.equal(parsed.verb.name, verb.name);
  }
});

test('rr.1 passes mandoc -Tlint', (context) => {
  const lint = spawnSync('mandoc', ['-Tlint', '-Wwarning', path.join(PROJECT, 'docs/rr.1')], { encoding: 'utf8' });
  if (lint.error !== undefined) return context.skip('there is no mandoc');
  assert.equal(lint.stdout, '');
  assert.equal(lint.status, 0);
});

test('rr.1 passes groff without a warning', (context) => {
  const page = spawnSync('groff', ['-mdoc', '-Tascii', '-ww', path.join(PROJECT, 'docs/rr.1')], { encoding: 'utf8' });
  if (page.error !== undefined || /cannot|can't find|No such file/.test(page.stderr)) return context.skip('there is no groff with mdoc');
  assert.equal(page.stderr, '');
  assert.match(page.stdout, /Run a command and record it\./);
});

test('EXIT has the statuses of rr.1', () => {
  const onPage = Array.from(sectionOf('Sh', 'EXIT STATUS').matchAll(/^\.It (\S+)$/gm), (match) => match[1]);
  const inCode = [0, ...Object.values(EXIT), 126, 127].sort((a, b) => a - b).map(String);
  assert.deepEqual(onPage, inCode.concat('128+n'));
});

function namesIn(section: string): string[] {
  return Array.from(section.matchAll(/^\.Ev (\S+)/gm), (match) => match[1]);
}

test('REPLAYED_VARIABLES and the variables of the machine are those of rr.1', () => {
  assert.deepEqual(namesIn(sectionOf('Ss', 'Replayed variables')), REPLAYED_VARIABLES);
  const list = /const MACHINE_VARIABLES = \[([^\]]*)\]/.exec(read('src/sys/machine.ts'));
  assert.ok(list !== null);
  assert.deepEqual(namesIn(sectionOf('Ss', 'Variables of the machine')), Array.from(list[1].matchAll(/'([^']+)'/g), (match) => match[1]));
});

test('the words that make a name secret are those of rr.1', () => {
  const section = sectionOf('Sh', 'SECRETS').replace(/\s+/g, ' ');
  const lists = Array.from(read('src/formats/secrets.ts').matchAll(/^const (?:SECRET_WORDS|SECRET_ENDINGS|SECRET_PAIRS|HARMLESS_ENDS) = \[([^\]]*)\]/gm), (match) => match[1]);
  assert.equal(lists.length, 4);
  for (const list of lists) {
    for (const match of list.matchAll(/'([^']+)'/g)) assert.match(section, new RegExp('\\b' + match[1] + '\\b'));
  }
});

/** Every file below a folder of the project, as paths of it. */
function listBelow(folder: string): string[] {
  return fs.readdirSync(path.join(PROJECT, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = folder + '/' + entry.name;
    return entry.isDirectory() ? listBelow(name) : [name];
  });
}

test('rr.1 has every section that source and documents refer to', () => {
  const titles = Array.from(PAGE.matchAll(/^\.S[hs] (.*)$/gm), (match) => match[1].toUpperCase());
  let count = 0;
  for (const name of listBelow('src').concat('docs/record-format.txt', 'docs/makefile.txt', 'docs/architecture.txt')) {
    for (const match of read(name).replace(/\n(?:\/\/| \*)?\s*/g, ' ').matchAll(/docs\/rr\.1, (?:"([^"]+)"|([A-Z]+(?: [A-Z]+)*)\b)/g)) {
      count += 1;
      const title = (match[1] ?? match[2]).toUpperCase();
      assert.ok(titles.includes(title), name + ' refers to "' + title + '"');
    }
  }
  assert.ok(count >= 6);
});

/** Paths of this repository that a text names: below docs, src or test, or the files beside them. */
function repositoryNamesIn(text: string): string[] {
  const found = new Set<string>();
  for (const match of text.matchAll(/(?:^|[\s("])((?:docs|src|test)\/[A-Za-z0-9_.\/-]*[A-Za-z0-9_\/]|[A-Z]+\.txt|rr\.js|LICENSE|Makefile)(?=[\s,.;:)"]|$)/g)) found.add(match[1]);
  return Array.from(found);
}

for (const name of ['README.txt', 'docs/architecture.txt']) {
  test('every file that ' + name + ' names is there', () => {
    const names = repositoryNamesIn(read(name));
    assert.ok(names.length > 5, 'finds names');
    const missing = names.filter((one) => !['', 'docs/', 'src/'].some((folder) => fs.existsSync(path.join(PROJECT, folder + one))));
    assert.deepEqual(missing, []);
  });
}

test('every file of src/ORDER has a place in docs/architecture.txt', () => {
  const text = read('docs/architecture.txt');
  const order = read('src/ORDER').split('\n').filter((line) => line !== '' && line[0] !== '#').map((line) => line.replace(/ late$/, ''));
  assert.deepEqual(order.filter((name) => !text.includes(path.basename(name))), []);
});

test('texts for people are plain: ASCII, at most 80 columns, no tabs or trailing spaces', () => {
  for (const name of ['README.txt', 'CHANGES.txt', 'docs/architecture.txt']) {
    read(name).split('\n').forEach((line, i) => {
      assert.match(line, /^(?:[ -~]{0,79}[!-~])?$/, name + ':' + String(i + 1));
    });
  }
});

test('RR_VERSION is that of package.json and the first one in CHANGES.txt', () => {
  assert.equal((JSON.parse(read('package.json')) as { version: string }).version, RR_VERSION);
  assert.equal(/^\d+\.\d+\.\d+$/m.exec(read('CHANGES.txt'))?.[0], RR_VERSION);
});

/** Help as the man page's synopsis has it: "rr verify [OPTION...] [FILE|RUN...]". */
function usageOnPage(verb: VerbSpec): string {
  const items = sectionOf('Sh', 'SYNOPSIS').split('.Nm\n').find((one) => one.startsWith('.Cm ' + verb.name + '\n')) ?? '';
  const words = items.trim().split('\n').map((line) => line
    .replace(/^\.Op (.*)$/, (_, inner: string) => '[' + inner + ']').replace(/^\.(?:Cm|Ar|Fl) /, '').replace(/^-$/, '--')
    .replace(/Ar /g, '').replace(/Fl /g, '-').replace(/ \.\.\./g, '...').replace(/ \| /g, '|'));
  return 'rr ' + words.join(' ');
}

test('usage of each verb is the synopsis of rr.1', () => {
  for (const verb of VERBS) {
    assert.equal(usageOnPage(verb), verb.usage);
  }
});

test('the rules in rr.1, FILES A RUN TOUCHES, are those that are built in', () => {
  const shown = sectionOf('Sh', 'FILES A RUN TOUCHES').split('The rules that are built in:\n.Bd -literal -offset indent\n')[1].split('\n.Ed')[0];
  assert.equal(shown.trim(), DEFAULT_FILE_RULES.trim());
});
