// commandtemplate.ts - a command with placeholders, and its words for one point. Runs nothing.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { makeHarmless } from './percent.ts';
import { fillText, placeholderNamesIn, parsePlaceholders } from './placeholders.ts';
import type { PointValues, TextPart } from './placeholders.ts';
import { fillShellScript, findProgramWords, findShellScript, isPlainShellValue, isTameValue, readShellScript } from './shelltext.ts';
import type { ProgramWord, ShellScript } from './shelltext.ts';

export type CommandTemplate = {
  words: TextPart[][];
  /** Words in braces that are no placeholders. */
  unknown: ByteString[];
  /** The script of a shell among the words. */
  script: { shell: number; word: number; text: ShellScript } | undefined;
  programs: Map<number, ProgramWord>;
};

/** Reads the words of a command for the placeholders of these names. */
export function readCommandTemplate(argv: ByteString[], names: ReadonlySet<ByteString>): CommandTemplate {
  const parsed = argv.map((word) => parsePlaceholders(word, names));
  const words = parsed.map((one) => one.parts);
  const place = findShellScript(argv);
  const script = place === undefined ? undefined : { shell: place.shell, word: place.script, text: readShellScript(words[place.script]) };
  return { words, unknown: parsed.reduce((all: ByteString[], one) => all.concat(one.unknown), []), script, programs: findProgramWords(argv) };
}

/** The names of the placeholders in the command. */
export function namesInCommand(template: CommandTemplate): ByteString[] {
  return template.words.reduce((all: ByteString[], parts, i) => all.concat(placeholderNamesIn(template.script?.word === i ? template.script.text.parts : parts)), []);
}

function failValue(name: ByteString, values: PointValues, where: string, hint: string): never {
  throw new Failure('cannot put ' + name + '="' + makeHarmless(values.get(name) ?? '') + '" into ' + where + ': it could become a part of the program', hint, EXIT.usage);
}

function checkProgramWord(parts: TextPart[], kind: ProgramWord, values: PointValues): void {
  for (const name of placeholderNamesIn(parts)) {
    const value = values.get(name) as ByteString;
    if (kind === 'remote' && !isPlainShellValue(value)) failValue(name, values, 'what another shell reads', 'leave that to a script that is given {' + name + '} as an argument');
    if (parts.length > 1 && !isTameValue(value)) failValue(name, values, 'the text of a program', 'give {' + name + '} as an argument of its own');
  }
}

/** The command of a point. Throws Failure for a value that would be read as a part of a program. */
export function fillCommand(template: CommandTemplate, values: PointValues): ByteString[] {
  const { script } = template;
  const argv: ByteString[] = [];
  template.words.forEach((parts, i) => {
    const kind = template.programs.get(i);
    if (script?.word === i) return argv.push('');
    if (kind !== undefined) checkProgramWord(parts, kind, values);
    return argv.push(parts.length === 0 ? '' : fillText(parts, values));
  });
  if (script === undefined) return argv;
  const filled = fillShellScript(script.text, values);
  if (filled.kind === 'refused') return failValue(filled.name, values, 'the script of ' + argv[script.shell], 'write {' + filled.name + '} there without quotes and program text around it, or give it as an argument: sh -c \'... "$1"\' sh {' + filled.name + '}');
  argv[script.word] = filled.text;
  // What follows the script is $0, then $1 and on.
  if (filled.values.length > 0) argv.splice(script.word + 1, argv.length > script.word + 1 ? 1 : 0, argv[script.word + 1] ?? argv[script.shell], ...filled.values);
  return argv;
}
