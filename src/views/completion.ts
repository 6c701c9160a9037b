// completion.ts - what lets bash, zsh and fish complete the command lines of rr. Knows no files.
import type { CompletionShell, OptionSpec, VerbSpec, WordKind } from '../core/verbspec.ts';
import { kindsOfWord, readOperands } from '../core/verbspec.ts';
import { quoteWord } from '../formats/shell.ts';
import { BASH_COMPLETION, COMPLETION_RECORDS, FISH_COMPLETION, ZSH_COMPLETION } from './completionscripts.ts';

const HELP: OptionSpec = { name: 'help', letter: 'h', help: 'explain the verb' };

/** A script of `shell` that completes the verbs with their options, values and operands. */
export function printCompletion(shell: CompletionShell, verbs: VerbSpec[]): string {
  const fill = (script: string, marks: { [mark: string]: string }): string => script.replace(/@([A-Z_]+)@/g, (whole, mark: string) => marks[mark] ?? whole);
  switch (shell) {
    case 'bash': return fill(BASH_COMPLETION, {
      VERB_NAMES: verbs.map((verb) => verb.name).join(' '), VERBS: verbs.map(printBashVerb).join('\n'), RECORDS: quoteWord(COMPLETION_RECORDS),
    });
    case 'zsh': return fill(ZSH_COMPLETION, {
      VERB_NAMES: verbs.map((verb) => '    ' + quoteWord(verb.name + ':' + verb.summary)).join('\n'), VERBS: verbs.map(printZshVerb).join('\n'), RECORDS: quoteWord(COMPLETION_RECORDS),
    });
    case 'fish': return fill(FISH_COMPLETION, { VERBS: printFishVerbs(verbs), RECORDS: quoteFishWord(COMPLETION_RECORDS) });
  }
}

function kindsOfValue(option: OptionSpec): WordKind[] {
  return option.value === undefined ? [] : kindsOfWord(option.value);
}

/** Is there nothing that could be offered? */
function isText(kinds: WordKind[]): boolean {
  return kinds.every((kind) => kind === 'text');
}

// ---- bash: for each verb a branch of "case" that fills arrays ----------------------------------------

function printBashVerb(verb: VerbSpec): string {
  const options = verb.options.map((option) => {
    const kind = option.words !== undefined ? '=' + option.words.join(',') : option.value === undefined ? 'switch' : kindsOfValue(option).join('|');
    return '        ' + quoteWord([option.name, option.letter ?? '-', kind].concat(option.isRepeatable === true ? '*' : []).join(' '));
  });
  const most = verb.takesCommand === true ? -1 : Math.min(verb.operands[1], 1e6);
  const operands = readOperands(verb).map((operand) => quoteWord(operand.words === undefined ? operand.kinds.join('|') : '=' + operand.words.join(',')));
  return '    ' + verb.name + ')\n'
    + (options.length === 0 ? '' : '      options=(\n' + options.join('\n') + '\n      )\n')
    + '      operands=(' + operands.join(' ') + ') most=' + String(most) + '\n      ;;';
}

// ---- zsh: for each verb a branch of "case" that calls _arguments -------------------------------------

/** A part of a specification of _arguments; in brackets their like must be marked, too. */
function escapeZsh(text: string, marked: RegExp): string {
  return text.replace(marked, '\\$&');
}

const ZSH_MARKED = /[\\:]/g;
const ZSH_MARKED_IN_BRACKETS = /[\\:[\]]/g;

function printZshAction(kinds: WordKind[]): string {
  return isText(kinds) ? ' ' : ' _rr_offer ' + kinds.filter((kind) => kind !== 'text').join(' ');
}

function printZshOption(option: OptionSpec): string[] {
  const value = option.value === undefined ? '' : ':' + escapeZsh(option.value, ZSH_MARKED) + ':' + (option.words === undefined ? printZshAction(kindsOfValue(option)) : '(' + option.words.join(' ') + ')');
  const names = (option.letter === undefined ? [] : ['-' + option.letter + (value === '' ? '' : '+')]).concat('--' + option.name + (value === '' ? '' : '='));
  const excluded = (option.letter === undefined ? '' : '-' + option.letter + ' ') + '--' + option.name;
  const before = option.isRepeatable === true ? '*' : option.name === HELP.name ? '(- *)' : '(' + excluded + ')';
  return names.map((name) => quoteWord(before + name + '[' + escapeZsh(option.help, ZSH_MARKED_IN_BRACKETS) + ']' + value));
}

function printZshVerb(verb: VerbSpec): string {
  const specs = verb.options.concat(HELP).flatMap(printZshOption);
  const operands = readOperands(verb);
  operands.forEach((operand, i) => {
    const isRest = i === operands.length - 1 && verb.operands[1] > operands.length;
    specs.push(quoteWord((isRest ? '*' : String(i + 1)) + ':' + escapeZsh(operand.word, ZSH_MARKED) + ':' + (operand.words === undefined ? printZshAction(operand.kinds) : '(' + operand.words.join(' ') + ')')));
  });
  if (verb.takesCommand === true) specs.push(quoteWord('*:::command: _rr_command'));
  return '    ' + verb.name + ')\n      _arguments -s -S : \\\n' + specs.map((spec) => '        ' + spec).join(' \\\n') + '\n      ;;';
}

// ---- fish: for each verb, option and operand a "complete" with the condition under which it holds ------

/** One word of fish: in single quotes only \ and ' mean something. */
function quoteFishWord(text: string): string {
  return "'" + text.replace(/[\\']/g, '\\$&') + "'";
}

function printFishComplete(condition: string, rest: string, about: string): string {
  return 'complete -c rr -n ' + quoteFishWord(condition) + ' ' + rest + (about === '' ? '' : ' -d ' + quoteFishWord(about));
}

const FISH_ACTIONS: { [kind in WordKind]: string | undefined } = {
  file: undefined, folder: '(__fish_complete_directories)', run: '(__rr_runs)', label: '(__rr_records labels)', tag: '(__rr_records tags)', note: '(__rr_records notes)', verb: undefined, text: undefined,
};

/** Options of "complete" that offer words of these kinds. */
function printFishKinds(kinds: WordKind[], verbs: VerbSpec[]): string {
  const actions = kinds.map((kind) => (kind === 'verb' ? verbs.map((verb) => verb.name).join(' ') : kind === 'run' && kinds.length > 1 ? '(__rr_records runs)' : FISH_ACTIONS[kind]));
  const offered = actions.filter((action) => action !== undefined);
  return (kinds.indexOf('file') >= 0 ? '-F' : '-f') + (offered.length === 0 ? '' : ' -a ' + quoteFishWord(offered.join(' ')));
}

function printFishVerb(verb: VerbSpec, verbs: VerbSpec[]): string[] {
  const options = verb.options.concat(HELP);
  const letters = (isSwitch: boolean): string => options.map((option) => ((option.value === undefined) === isSwitch ? option.letter ?? '' : '')).join('');
  const lines = options.map((option) => {
    const words = [option.name, option.letter ?? '""', letters(true)].concat(option.value === undefined ? [] : 'value');
    const condition = option.isRepeatable === true ? '__rr_in ' + verb.name : '__rr_can ' + verb.name + ' ' + words.join(' ');
    const value = option.value === undefined ? '' : ' -r ' + (option.words === undefined ? printFishKinds(kindsOfValue(option), verbs) : '-f -a ' + quoteFishWord(option.words.join(' ')));
    return printFishComplete(condition, (option.letter === undefined ? '' : '-s ' + option.letter + ' ') + '-l ' + option.name + value, option.help);
  });
  const waiting = options.filter((option) => option.value !== undefined).map((option) => '--' + option.name);
  const pattern = '^(' + waiting.concat(letters(false) === '' ? [] : '-[' + letters(true) + ']*[' + letters(false) + ']').join('|') + ')$';
  const operands = readOperands(verb);
  operands.forEach((operand, i) => {
    const last = i === operands.length - 1 ? Math.min(verb.operands[1], 1e6) - 1 : i;
    if (operand.words === undefined && isText(operand.kinds)) return;
    const offered = operand.words === undefined ? printFishKinds(operand.kinds, verbs) : '-f -a ' + quoteFishWord(operand.words.join(' '));
    lines.push(printFishComplete('__rr_at ' + verb.name + ' ' + String(i) + ' ' + String(last) + ' ' + quoteFishWord(pattern), offered, ''));
  });
  if (verb.takesCommand === true) lines.push(printFishComplete('__rr_in ' + verb.name, '-f -a --', 'the command follows'));
  return lines;
}

function printFishVerbs(verbs: VerbSpec[]): string {
  const lines = verbs.map((verb) => printFishComplete('__rr_needs_verb', '-f -a ' + verb.name, verb.summary));
  for (const [letter, name, about] of [['h', 'help', 'explain the verbs'], ['V', 'version', 'print the version']]) {
    lines.push(printFishComplete('__rr_needs_verb', '-s ' + letter + ' -l ' + name, about));
  }
  const commands = verbs.filter((verb) => verb.takesCommand === true).map((verb) => verb.name);
  lines.push(printFishComplete('__rr_in_command ' + commands.join(' '), '-f -a ' + quoteFishWord('(__rr_command)'), ''));
  return lines.concat(...verbs.map((verb) => printFishVerb(verb, verbs))).join('\n');
}
