// parameters.test.ts - what rr reads of parameter files, held against PyYAML, ruamel.yaml, tomllib, tomli, json, configparser, ast, R and sh.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../src/core/failure.ts';
import { listParameters } from '../src/core/parameters.ts';
import { describeParameter, isSameValue, readParameters, writeParameter } from '../src/formats/parameterfile.ts';
import { makeDice } from './comparerig.ts';
import { assertAgreed, hasPythonModule, judgeTexts, makeDocument, mutateText, readTree } from './parameterrig.ts';
import type { Dice } from './parameterrig.ts';
import { hasProgram } from './rig.ts';

type Judge = { format: string; file: string; needs: string | false; documents: number; least: number };

const JUDGES: Judge[] = [
  { format: 'yaml', file: 'p.yaml', needs: hasPythonModule('yaml, ruamel.yaml') ? false : 'PyYAML or ruamel.yaml is not here', documents: 1600, least: 320 },
  { format: 'toml', file: 'p.toml', needs: hasPythonModule('tomllib, tomli') ? false : 'tomllib or tomli is not here', documents: 1600, least: 320 },
  { format: 'json', file: 'p.json', needs: hasPythonModule('json') ? false : 'python3 is not here', documents: 1600, least: 320 },
  { format: 'ini', file: 'p.ini', needs: hasPythonModule('configparser') ? false : 'python3 is not here', documents: 1600, least: 320 },
  { format: 'python', file: 'p.py', needs: hasPythonModule('ast') ? false : 'python3 is not here', documents: 1600, least: 200 },
  { format: 'r', file: 'p.R', needs: hasProgram('Rscript') ? false : 'R is not here', documents: 1200, least: 160 },
  { format: 'shell', file: 'p.sh', needs: hasProgram('dash') ? false : 'dash is not here', documents: 600, least: 100 },
];

function makeTexts(judge: Judge, seed: number, count: number): string[] {
  const dice = makeDice(seed);
  const texts: string[] = [];
  for (let i = 0; i < count; i++) {
    let text = makeDocument(judge.format, dice);
    for (let n = i % 3; n > 0; n--) text = mutateText(text, judge.format, dice);
    texts.push(text);
  }
  return texts;
}

for (const judge of JUDGES) {
  test('readParameters() reads of ' + judge.format + ' what every judge reads, or refuses it', { skip: judge.needs }, () => {
    assertAgreed(judgeTexts(judge.format, judge.file, makeTexts(judge, 20261126, judge.documents)), judge.least);
  });

  test('writeParameter() changes one value of ' + judge.format + ' to every judge, and no other byte', { skip: judge.needs }, () => {
    const dice = makeDice(7);
    const written: string[] = [];
    for (const text of makeTexts(judge, 11, judge.documents / 4)) {
      const changed = changeOne(judge.file, text, dice);
      if (changed !== undefined) written.push(changed);
    }
    assertAgreed(judgeTexts(judge.format, judge.file, written), Math.min(judge.least / 8, written.length));
    assert.ok(written.length > judge.documents / 100, String(written.length));
  });
}

const LINE_WORDS = ['a', 'b c', '12', '2024-01-01', 'true', 'x:y', '#no', 'a #c', '-', '- a', '? b', '10:20', '"q"', "it's", '{a', '[b]', '&c', '*d', '!t', '~', '@x', '%y', '=', '<<', 'a:', 'a: b', '\\', '\xc3\xa9', ',', '|', '>'];

test('readParameters() reads of YAML a plain text in several lines as every judge reads it, or refuses it', { skip: JUDGES[0].needs }, () => {
  const dice = makeDice(3);
  const word = (): string => LINE_WORDS[dice(LINE_WORDS.length)];
  const texts = Array.from({ length: 3000 }, () => {
    const lines: string[] = dice(3) === 0 ? ['l:', '  - ' + word(), ' '.repeat(2 + dice(3)) + word()] : [];
    for (let key = dice(3); key >= 0; key--) {
      lines.push('k' + String(key) + ': ' + word());
      for (let n = dice(4); n > 0; n--) lines.push(dice(5) === 0 ? ' '.repeat(dice(4)) : ' '.repeat(dice(4)) + word() + (dice(5) === 0 ? '  ' : ''));
    }
    return lines.join('\n') + '\n';
  });
  assertAgreed(judgeTexts('yaml', 'p.yaml', texts), 300);
});

const NEW_VALUES = ['0.25', '3', 'true', 'adam', 'a b', 'it\'s', 'say "hi"', '', 'yes', '# no', '1e-3', 'x: y', '[1, 2]', '{', '-', '~', 'C:\\x', '\xc3\xa4', '0777', 'null', 'a, b', '$x', '*a', '%d', 'a\nb'];

/** The text with one of its values set to another; undefined if it cannot be read, or set. All around that value must be as before. */
function changeOne(file: string, text: string, dice: Dice): string | undefined {
  if (readTree(text, file).tree === null) return undefined;
  const leaves = listParameters(readParameters(text, file), 1000).filter(({ node }) => node.kind === 'scalar');
  if (leaves.length === 0) return undefined;
  const { key, node } = leaves[dice(leaves.length)];
  const value = NEW_VALUES[dice(NEW_VALUES.length)];
  try {
    const after = writeParameter(text, file, key, value);
    assert.ok(node.kind === 'scalar' && node.start >= 0);
    assert.equal(after.slice(0, node.start), text.slice(0, node.start));
    assert.ok(after.endsWith(text.slice(node.end)));
    return after;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    assert.match(error.message, /^cannot set /);
    return undefined;
  }
}

test('describeParameter() tells type and value: what it gives for a value is the same as that value and as no other', () => {
  for (const { format, file } of JUDGES) {
    for (const text of makeTexts({ format, file, needs: false, documents: 0, least: 0 }, 5, 300)) {
      if (readTree(text, file).tree === null) continue;
      const told = listParameters(readParameters(text, file), 1000).filter(({ node }) => node.kind === 'scalar').map(({ key, node }) => ({ node, text: describeParameter(node, file, key) }));
      for (const a of told) {
        for (const b of told) {
          if (a.node.kind !== 'scalar' || b.node.kind !== 'scalar') continue;
          const isSame = a.node.type === b.node.type && a.node.value === b.node.value;
          assert.equal(isSameValue(file, a.text, b.text), isSame, file + ': ' + a.text + ' and ' + b.text);
        }
      }
    }
  }
});

test('readParameters() refuses what is outside of the part of YAML that it reads, by its line', () => {
  const refused: [string, RegExp][] = [
    ['a: 1\nb: &x 2\n', /line 2: an anchor \(&\)/], ['a: *x\n', /line 1: an alias \(\*\)/], ['a: !!int 3\n', /line 1: a tag \(!\)/], ['a:\n  <<: 3\n', /line 2: a merge key/],
    ['a: 1\n---\nb: 2\n', /line 2: a second document/], ['? a\n: b\n', /line 1: a key behind "\?"/], ['%YAML 1.1\n---\na: 1\n', /line 1: a directive/],
    ['on: 1\n', /the key on, which to some programs is no text/], ['a: 1\na: 2\n', /line 2: the key "a" stands twice/], ['a:\tb\n', /a tab/], ['a: b # c\n  d\n', /line 2: .* goes on over several lines/], ['a: b\n  c: d\n', /line 2: .* colon in the next line/], ['a: b\n  - c\n', /line 2: .* goes on with "-"/], ['a: 2024-01-01\n  10:00:00\n', /a date that goes on/],
    ['a: "x\n  y"\n', /line 1: a text in quotes that does not end in its line/], ['a: |2\n   x\n', /a block scalar with more/], ['a: 1\rb: 2\n', /a carriage return/], ['a: \0\n', /a control character/],
    ['a: \xff\n', /bytes that are not UTF-8/], ['a: x\xc2\x85y\n', /U\+0085/], ['a: [1, 2\n', /a bracket that is not closed/], ['a: {b}\n', /a key without a value/], ['just words\n', /neither "key: value" nor a list/],
    ['a: =\n', /a single =/], ['a: @x\n', /begins with @/], ['{a: 1}}\n', /something behind the value/], ['a: [b: 1]\n', /a key in a list/], ['a: b: c\n', /a second colon/],
    ['x: ' + '['.repeat(200) + '\n', /nested more than 100 deep/], ['- '.repeat(300) + 'x\n', /nested more than 100 deep/], [Array.from({ length: 200 }, (_, i) => ' '.repeat(i) + 'a:\n').join(''), /nested more than 100 deep/],
  ];
  for (const [text, why] of refused) assert.match(readTree(text, 'p.yaml').why, why, JSON.stringify(text.slice(0, 60)));
});

test('readParameters() keeps undecided what YAML 1.1 and 1.2 take for different things', () => {
  for (const word of ['yes', 'No', 'on', 'OFF', 'y', 'n', '0777', '010', '0o17', '0b11', '1_000', '1e3', '1e-3', '1.5e3', '-.5', '12:30:00', '1:30', '190:20:30.15', '2001-12-14', '2001-12-14T21:59:43Z', '08', '+0x1F', '1_0.5', '-0o0', '+0o17', '0o1_7']) {
    assert.deepEqual(readTree('a: ' + word + '\n', 'p.yaml').tree, ['mapping', [['a', ['undecided', word]]]], word);
  }
  const decided: [string, unknown][] = [['0', ['integer', '0']], ['-12', ['integer', '-12']], ['0x1F', ['integer', '31']], ['1.5e+3', ['float', '1500.0']], ['.5', ['float', '0.5']], ['-.inf', ['float', '-inf']],
    ['~', ['null', 'null']], ['True', ['boolean', 'true']], ['yess', ['string', 'yess']], ['1.2.3', ['string', '1.2.3']], ['12e', ['string', '12e']], ['', ['null', 'null']]];
  for (const [word, node] of decided) assert.deepEqual(readTree('a: ' + word + '\n', 'p.yaml').tree, ['mapping', [['a', node]]], word);
});

test('readParameters() is not harmed by large, deep and strange files of any kind', () => {
  const files = ['p.yaml', 'p.toml', 'p.json', 'p.jsonc', 'p.py', 'p.R', 'p.jl', 'p.sh', 'p.ini', 'p.txt', 'p.properties'];
  const deep = 100000;
  const texts = ['', '\n', '\0', '\r', '\xff\xfe', '\xef\xbb\xbf', '\xef\xbb\xbf\n', '['.repeat(deep), '{'.repeat(deep), '('.repeat(deep), 'a=' + '['.repeat(deep), 'a = ' + '{"a":'.repeat(deep), '- '.repeat(deep), '"'.repeat(deep), '\''.repeat(deep),
    'a: "' + 'x'.repeat(deep), '#'.repeat(deep), '\\'.repeat(deep), '$('.repeat(deep), '$("'.repeat(deep), '`'.repeat(deep + 1), 'x <- c('.repeat(deep), 'x <- '.repeat(deep), 'x -> '.repeat(deep), 'assign("x", 1)\n'.repeat(deep), 'if true; then '.repeat(deep), 'begin '.repeat(deep), 'a.'.repeat(deep) + 'b = 1', '#='.repeat(deep),
    Array.from({ length: 50000 }, (_, i) => 'k' + String(i) + ' = ' + String(i)).join('\n') + '\n', Array.from({ length: 50000 }, (_, i) => 'k' + String(i) + ': ' + String(i)).join('\n') + '\n'];
  for (const file of files) {
    for (const text of texts) readTree(text, file);
    for (const text of texts) readTree(text + '\n', file);
  }
  assert.match(readTree(' '.repeat((16 << 20) + 1), 'p.yaml').why, /more than 16 MiB/);
});

test('readParameters() takes 100 expansions of the shell in one another, in quotes too, and any number in a row', () => {
  const nested = (n: number, open: string, close: string): string => 'a=1\nb=' + open.repeat(n) + 'x' + close.repeat(n) + '\n';
  const read = ['mapping', [['a', ['string', '1']], ['b', ['unreadable', 'its value is neither a plain word nor a plain text in quotes']]]];
  for (const [open, close] of [['$(', ')'], ['"$(', ')"'], ['${x:-"', '"}']]) {
    assert.deepEqual(readTree(nested(100, open, close), 'p.sh').tree, read, open);
    assert.match(readTree(nested(101, open, close), 'p.sh').why, /line 2: nested more than 100 deep/, open);
  }
  assert.deepEqual(readTree('a=1\nb=' + '"$(x)"${y}'.repeat(200) + '\n', 'p.sh').tree, read);
});

test('readParameters() reads of the shell no array, and takes a variable for changed that becomes one', () => {
  assert.deepEqual(readTree('a=(1 2)\nexport b=(3)\nc=1 d=(0)\ne=4\ne=(5)\nf=6\n', 'p.sh').tree, ['mapping', [['e', ['unreadable', 'it may be changed at line 5']], ['f', ['string', '6']]]]);
});

test('a program that is nested too deep for the parser of the judge is one that it refuses', { skip: hasPythonModule('ast') ? false : 'python3 is not here' }, () => {
  assertAgreed(judgeTexts('python', 'p.py', ['a = ' + '-'.repeat(8000) + '1\n', 'a = 2\n']), 2);
});

test('readParameters() takes an R value for changed where a block or another name is assigned to it', () => {
  assert.deepEqual(readTree('a <- 1\na <- b <- function(x) {\n  2\n}\nf <- 1\nf <- {\n  3\n}\n', 'p.R').tree, ['mapping', [['a', ['unreadable', 'it may be changed at line 2']], ['f', ['unreadable', 'it may be changed at line 6']]]]);
  // R refuses the first; the second is a name as others.
  assert.deepEqual(readTree('NULL <- 1\nNA = 2\n`NULL` <- 3\n', 'p.R').tree, ['mapping', [['NULL', ['float', '3.0']]]]);
  // By the square of its length this would take an hour.
  assert.deepEqual(readTree(';'.repeat(2000000) + '\na <- 1\n', 'p.R').tree, ['mapping', [['a', ['float', '1.0']]]]);
  assert.deepEqual(readTree('t = "x\r\ny"\r\n', 'p.R').tree, ['mapping', [['t', ['string', 'x\ny']]]]);
});

test('readParameters() refuses what only some readers of YAML and INI take for a number or a blank', () => {
  assert.deepEqual(readTree('a: 1_e3\n', 'p.yaml').tree, ['mapping', [['a', ['undecided', '1_e3']]]]);
  assert.match(readTree('\x1e=1\n', 'p.ini').why, /line 1: a control character/);
});

test('readParameters() reads key and value lines as they stand', () => {
  const tree = (text: string, file: string): unknown => readTree(text, file).tree;
  assert.deepEqual(tree('# c\nnx = 128   # cells\nbox size: 1.0\n[out]\nname = "a b"\ncolor = red #ff\n', 'p.txt'), ['mapping', [
    ['nx', ['string', '128']], ['box size', ['string', '1.0']], ['out.name', ['string', '"a b"']],
    ['out.color', ['unreadable', 'what stands behind "#" may be a comment or a part of it; put the comment in a line of its own']]]]);
  assert.deepEqual(tree('a.b=1\nc : two words\n! d\ne=\\u0041\n', 'p.properties'), ['mapping', [['a.b', ['string', '1']], ['c', ['string', 'two words']], ['e', ['unreadable', 'it has an escape (\\) in it']]]]);
  for (const [text, file, why] of [['no sign\n', 'p.txt', /line 1: neither/], ['a=1\na=2\n', 'p.txt', /line 2: the key "a" stands twice/], ['a=1\n[s]\nA=1\n[s]\n', 'p.ini', /line 4: the section "s" stands twice/], ['a b:c=d\n', 'p.txt', /may be a part of the key/]] as [string, string, RegExp][]) {
    assert.match(readTree(text, file).why, why);
  }
});

test('readParameters() tells of Julia only what is written out and never changed', () => {
  const text = 'const lr = 0.1 # rate\nn = 1_000\nname = "cost \\$5"\ns = "a $n"\n#= x = 1 #= y =# =#\nv = [1, 2]\nw = [1, 2.5]\nf(x) = 3\nfunction g()\n  n = 4\nend\nif n > 3\n  e = 5\nend\nb = 3\nb += 1\nd = \'"\'\nr = [i for i in 1:3 if i > 1]\nlast = v[end]\nz =\n  -Inf\n';
  const readable = readTree(text, 'p.jl').tree as [string, [string, [string, unknown]][]];
  assert.deepEqual(readable[1].filter(([, node]) => node[0] !== 'unreadable'), [['lr', ['float', '0.1']], ['n', ['integer', '1000']], ['name', ['string', 'cost $5']], ['v', ['list', [['integer', '1'], ['integer', '2']]]], ['z', ['float', '-inf']]]);
});
