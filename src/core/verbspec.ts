// verbspec.ts - the shape of the table of verbs, and what a word on the command line can name. Knows no verb.

/** The shells that printCompletion has a script for. */
export const COMPLETION_SHELLS = ['bash', 'zsh', 'fish'] as const;
export type CompletionShell = typeof COMPLETION_SHELLS[number];

export type OptionSpec = {
  /** Without dashes. */
  name: string;
  letter?: string;
  /** Word for the value in help; none: a switch. WORD_KINDS tells what it names. */
  value?: string;
  /** All values there are, if they are fixed words; no other is taken. */
  words?: readonly string[];
  isRepeatable?: boolean;
  help: string;
};

export type VerbSpec = {
  name: string;
  /** Its operands are named in it: "rr verify [OPTION...] [FILE|RUN...]". WORD_KINDS tells what they are. */
  usage: string;
  summary: string;
  /** Takes everything after its options, or after --, as it stands. */
  takesCommand?: boolean;
  /** How many operands: least, most. */
  operands: [number, number];
  /** All that its first operand can be, if that is one of a few fixed words. */
  choices?: readonly { name: string; summary: string }[];
  options: OptionSpec[];
  example: string;
};

/** What a word on the command line names; 'text' is anything that nobody can guess. */
export type WordKind = 'file' | 'folder' | 'run' | 'label' | 'tag' | 'note' | 'verb' | 'text';

/** Words in capitals of usage and of values that name something which can be looked up. */
const WORD_KINDS = new Map<string, WordKind>([
  ['FILE', 'file'], ['FILE.tar', 'file'], ['FILE.zip', 'file'], ['PATH', 'file'], ['DIR', 'folder'], ['DIR/', 'folder'], ['RUN', 'run'], ['LABEL', 'label'], ['TAG', 'tag'], ['NOTE', 'note'], ['VERB', 'verb'], ['PARAMETER', 'file'],
]);

/** What a word of usage or of a value names: "FILE|RUN" a file or a run. A run may be given by its label anyway. */
export function kindsOfWord(word: string): WordKind[] {
  const kinds = word.split('|').map((one) => WORD_KINDS.get(one) ?? 'text');
  return kinds.filter((kind, i) => kinds.indexOf(kind) === i && !(kind === 'label' && kinds.indexOf('run') >= 0));
}

/** What the operands of a verb name, by position; the last holds for all that follow. Read from its usage. */
export function readOperands(verb: VerbSpec): { word: string; kinds: WordKind[]; words?: string[] }[] {
  if (verb.operands[1] === 0) return [];
  const words = verb.usage.split(' ').slice(2).map((word) => word.replace(/[[\]]|\.\.\./g, '')).filter((word) => word !== 'OPTION' && word !== '');
  return words.map((word, i) => ({ word, kinds: kindsOfWord(word), words: i === 0 ? verb.choices?.map((one) => one.name) : undefined }));
}
