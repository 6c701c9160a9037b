// parameterrig.ts - what rr reads of parameter files, as a tree that other readers are asked about; random documents.
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { Failure } from '../src/core/failure.ts';
import type { ParameterNode } from '../src/core/parameters.ts';
import { readParameters } from '../src/formats/parameterfile.ts';
import { makeTemporary, run } from './rig.ts';

/** Debian's, which has the judges' modules. */
export const JUDGE_PYTHON = '/usr/bin/python3';
const JUDGE = path.resolve(__dirname, '..', '..', '..', 'test', 'parameters.py');

export function hasPythonModule(name: string): boolean {
  return fs.existsSync(JUDGE_PYTHON) && run(undefined, [JUDGE_PYTHON, '-c', 'import ' + name]).status === 0;
}

export function dumpNode(node: ParameterNode): unknown {
  switch (node.kind) {
    case 'scalar': return [node.type, node.value];
    case 'list': return ['list', node.items.map(dumpNode)];
    case 'mapping': return ['mapping', Array.from(node.entries).map(([name, value]) => [name, dumpNode(value)])];
    case 'unreadable': return ['unreadable', node.why];
  }
}

/** The tree of a text, or the message of its refusal. */
export function readTree(text: string, file: string): { tree: unknown; why: string } {
  try {
    return { tree: dumpNode(readParameters(text, file).root), why: '' };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    assert.match(error.message, /^cannot read ".*": (?:line \d+: .|it has more than)/);
    return { tree: null, why: error.message };
  }
}

export type Judged = { complaints: { number: number; text: string; what: string }[]; agreed: number; refused: number; harsh: number };

/** Asks the other readers of a format about these texts (bytes). */
export function judgeTexts(format: string, file: string, texts: string[]): Judged {
  const documents = texts.map((text) => ({ text, tree: readTree(text, file).tree }));
  const name = path.join(makeTemporary(), 'documents.json');
  fs.writeFileSync(name, JSON.stringify({ format, documents }).replace(/[^\0-\x7e]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')));
  const done = run(undefined, ['sh', '-c', 'exec "$1" -W ignore "$2" < "$3"', 'sh', JUDGE_PYTHON, JUDGE, name], { timeoutMs: 600000 });
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout) as Judged;
}

/** Throws with the first documents that a judge reads otherwise. */
export function assertAgreed(judged: Judged, least: number): void {
  assert.deepEqual(judged.complaints.slice(0, 5), []);
  assert.ok(judged.agreed >= least, 'only ' + String(judged.agreed) + ' read, ' + String(judged.refused) + ' refused');
}

// ---- random documents -----------------------------------------------------------------------------

export type Dice = (below: number) => number;

const WORDS = ['adam', 'a b', 'x', 'lr', 'yes', 'no', 'on', 'y', 'null', '~', 'true', 'True', 'FALSE', '1', '-3', '+4', '007', '0777', '0x1F', '0o17', '0b1', '1_000', '3.0', '.5', '-.5', '1.', '1e3', '1e-3', '1.5e+3', '2.5E-4', '12:30:00',
  '2024-01-01', '2024-01-01T10:00:00Z', '.inf', '.nan', 'inf', 'a:b', 'a: b', 'a #b', 'a#b', '#x', '- x', '-', '?', 'x?', '[x', 'x]', '{', 'a,b', '&x', '*x', '!x', '|', '>', '%x', '@x', '=', '<<', 'it\'s', 'say "hi"', 'C:\\x', '\\', '$x', '100%', '\xc3\xa4',
  '\xe2\x82\xac', '', ' x ', 'TRUE', 'None', 'nan', '1L', '5 ; c', '1,2', '---', '...', 'x:', '10000000000000000000000', '1e400', '0.1', '-0', '-0.0', '00', '1__0', '0_', 'http://a.b/c?d=e&f'];
const KEYS = ['a', 'b', 'lr', 'train', 'x_y', 'opt-1', 'n2', 'K', 'data'];
const ALPHABET: { [format: string]: string } = {
  yaml: ' \n\t:-#"\'[]{},&*!|>%@?=~\\.01eax\r', toml: ' \n\t=#"\'[]{},.\\_-+01eax:TZ\r', json: ' \n\t:,"\\[]{}01eax-+.u/', ini: ' \n\t=:#;[]%$x1\\', python: ' \n\t=:#"\'[](){},+-.*01eaxjr\\;b', r: ' \n=<->#"\'(){}[],;c1Lex\\`$', shell: ' \n=\'"#;&|x1$\\',
};

function pick<T>(dice: Dice, list: readonly T[]): T {
  return list[dice(list.length)];
}

/** The text with one thing in it other than it was. */
export function mutateText(text: string, format: string, dice: Dice): string {
  const at = dice(text.length + 1);
  const alphabet = ALPHABET[format];
  const sign = alphabet[dice(alphabet.length)];
  switch (dice(6)) {
    case 0: return text.slice(0, at) + text.slice(at + 1);
    case 1: return text.slice(0, at) + sign + text.slice(at);
    case 2: return text.slice(0, at) + sign + text.slice(at + 1);
    case 3: return text.slice(0, at) + pick(dice, WORDS) + text.slice(at);
    case 4: {
      const lines = text.split('\n');
      lines.splice(dice(lines.length), 0, lines[dice(lines.length)]);
      return lines.join('\n');
    }
    default: {
      const lines = text.split('\n');
      const line = dice(lines.length);
      lines[line] = pick(dice, [' ', '  ', '\t', '# ', '']) + lines[line];
      return lines.join('\n');
    }
  }
}

/** A spelling of a random value, most of the time a right one. */
function makeScalar(format: string, dice: Dice): string {
  const word = pick(dice, WORDS);
  const json = JSON.stringify(word);
  switch (format) {
    case 'yaml': return pick(dice, [word, word, json, '\'' + word.replace(/'/g, '\'\'') + '\'']);
    case 'json': return pick(dice, [json, json, String(dice(1000)), '-' + String(dice(50)) + '.5', '1e' + String(dice(9)), 'true', 'null', word]);
    case 'toml': return pick(dice, [json, '\'' + word + '\'', '"""' + word + '"""', String(dice(1000)), word, '1979-05-27', 'true', '-0.5', '+1_0', 'inf']);
    case 'python': return pick(dice, [json, '\'' + word + '\'', 'r"' + word + '"', '"""a\n' + word + '"""', String(dice(1000)), '-2.5e-3', 'True', 'None', '0x1F', '1_000', word, 'f(x)', '(1, 2)', '"a" "b"']);
    case 'r': return pick(dice, [json, '\'' + word.replace(/[\\']/g, '') + '\'', String(dice(1000)), '5L', '-2.5e-3', 'TRUE', 'NULL', '0x10', word, 'Inf', 'c(1, 2)', 'f(x)', 'r"(a\\b)"']);
    case 'shell': return pick(dice, ['\'' + word.replace(/'/g, '') + '\'', '"' + word.replace(/["\\$`]/g, '') + '"', word.replace(/[^A-Za-z0-9.:-]/g, ''), String(dice(100)), '$a', '"$b"', '$(echo 5)', word]);
    default: return word;
  }
}

function makeYaml(dice: Dice, indent: string, depth: number): string {
  let text = '';
  const isList = dice(4) === 0;
  const used = new Set<string>();
  for (let n = dice(4) + 1; n > 0; n--) {
    const key = pick(dice, KEYS);
    if (!isList && used.has(key) && dice(10) > 0) continue;
    used.add(key);
    const head = indent + (isList ? '-' : pick(dice, [key, key, JSON.stringify(key), '\'' + key + '\'']) + pick(dice, ['', '', '', ' ']) + ':');
    const comment = pick(dice, ['', '', '', '  # c', ' #']);
    const kind = depth > 2 ? dice(6) : dice(10);
    if (kind < 6) text += head + ' ' + makeScalar('yaml', dice) + comment + '\n';
    else if (kind === 6) text += head + ' ' + makeFlow(dice, 0) + comment + '\n';
    else if (kind === 7) text += head + pick(dice, [' |', ' >', ' |-', ' >-', ' |+', ' >+']) + '\n' + Array.from({ length: dice(4) + 1 }, () => pick(dice, ['', indent + '  ' + pick(dice, WORDS), indent + '  a', indent + '   b', indent + '  '])).join('\n') + '\n';
    else if (isList && dice(2) === 0) text += indent + '- ' + makeYaml(dice, indent + '  ', depth + 1).slice(indent.length + 2);
    else text += head + comment + '\n' + makeYaml(dice, indent + pick(dice, ['  ', '    ', isList ? '  ' : '', ' ']), depth + 1);
    if (dice(8) === 0) text += pick(dice, ['\n', '# c\n', indent + '  # d\n']);
  }
  return text;
}

function makeFlow(dice: Dice, depth: number): string {
  const isList = dice(2) === 0;
  const items = Array.from({ length: dice(4) }, () => {
    const value = depth < 2 && dice(4) === 0 ? makeFlow(dice, depth + 1) : makeScalar('yaml', dice);
    return isList ? value : pick(dice, KEYS) + pick(dice, [': ', ':', ' : ']) + value;
  });
  return (isList ? '[' : '{') + items.join(pick(dice, [', ', ',', ',\n    '])) + pick(dice, ['', '', ',']) + (isList ? ']' : '}');
}

function makeJson(dice: Dice, depth: number): string {
  const kind = depth > 3 ? 0 : dice(6);
  const space = (): string => pick(dice, ['', '', ' ', '\n', '\t']);
  if (depth > 0 && kind < 4) return makeScalar('json', dice);
  const items = Array.from({ length: dice(4) }, (_, i) => space() + (kind === 4 ? '' : '"' + pick(dice, KEYS) + String(i) + '"' + space() + ':' + space()) + makeJson(dice, depth + 1) + space());
  return kind === 4 ? '[' + items.join(',') + ']' : '{' + items.join(',') + '}';
}

function makeToml(dice: Dice): string {
  const value = (depth: number): string => {
    if (depth < 2 && dice(6) === 0) return '[' + Array.from({ length: dice(3) }, () => pick(dice, ['', '\n  ', ' ']) + value(depth + 1)).join(',') + pick(dice, ['', ',', '\n']) + ']';
    if (depth < 2 && dice(8) === 0) return '{' + Array.from({ length: dice(3) }, (_, i) => ' k' + String(i) + ' = ' + value(depth + 1)).join(',') + '}';
    return makeScalar('toml', dice);
  };
  const key = (): string => pick(dice, KEYS) + pick(dice, ['', '', String(dice(9))]);
  return Array.from({ length: dice(8) + 1 }, () => {
    if (dice(5) === 0) return pick(dice, ['[' + key() + ']', '[' + key() + '.' + key() + ']', '[[' + key() + ']]', '# c', '']);
    return pick(dice, [key(), key(), '"' + key() + '"', key() + '.' + key()]) + pick(dice, [' = ', '=']) + value(0) + pick(dice, ['', '', ' # c']);
  }).join('\n') + '\n';
}

function makeLines(format: string, dice: Dice): string {
  const assign = (): string => {
    const name = pick(dice, ['a', 'b', 'lr', 'name', 'n2', 'opt']) + String(dice(5));
    const value = makeScalar(format, dice);
    if (format === 'python') return pick(dice, [name + ' = ' + value, name + ': int = ' + value, 'class C' + String(dice(3)) + ':\n    ' + name + ' = ' + value + '\n    def __init__(self):\n        self.' + name + 'i = ' + value, 'if a1:\n    ' + name + ' = 1', name + ' += 1', name + ' = [1, ' + value + ']', name + ' = {"k": ' + value + '}', 'def f():\n    ' + name + ' = 5', '# ' + name]);
    if (format === 'r') return pick(dice, [name + ' <- ' + value, name + ' = ' + value, name + ' <-\n  ' + value, 'if (TRUE) ' + name + ' <- 1', 'f <- function(x) {\n  ' + name + ' <- 1\n}', name + ' <- list(k = ' + value + ', 2)', name + ' <- list(k = ' + value + ')', '# ' + name, name + ' <- c(' + value + ', ' + value + ')', 'for (' + name + ' in 1:3) print(1)']);
    if (format === 'shell') return pick(dice, [name + '=' + value, 'export ' + name + '=' + value, 'readonly ' + name + '=' + value, name + '=' + value + ' # c', 'if true; then ' + name + '=1; fi', name + '=1 true', 'f() { ' + name + '=9; }', ': ${' + name + ':=7}', 'for ' + name + ' in 1 2; do :; done', name + '=' + value + ' b9=2; c9=3']);
    return pick(dice, ['[s' + String(dice(6)) + ']', name + pick(dice, [' = ', '=', ': ', ':']) + value, name + ' = ' + value + pick(dice, ['', ' ; c', ' # c']), '# ' + name, '; x', '', '  ' + name + ' = 1']);
  };
  return Array.from({ length: dice(7) + 1 }, assign).join('\n') + '\n';
}

/** A document of the format, mostly a right one, with all that is hard to read in it. */
export function makeDocument(format: string, dice: Dice): string {
  const text = format === 'yaml' ? makeYaml(dice, '', 0) : format === 'json' ? makeJson(dice, 0) : format === 'toml' ? makeToml(dice) : makeLines(format, dice);
  return pick(dice, ['', '', '', '', '# head\n', format === 'yaml' ? '---\n' : '']) .replace(/^#.*\n$/, format === 'json' ? '' : '$&') + (dice(12) === 0 ? text.replace(/\n/g, '\r\n') : text);
}
