// repeat.ts - repeating a run: may it be, with what changed, and what the outcome says. Knows no files and no processes.
import type { ByteString } from './bytes.ts';
import type { Comparison } from './comparison.ts';
import { fileParametersOf, splitParameterName } from './parameters.ts';
import type { ParameterSetting } from './parameters.ts';
import { isResultPath, isSameContent, resultsOf } from './graph.ts';
import type { GraphRun } from './graph.ts';
import { isComparable } from './run.ts';
import { resolveName } from './select.ts';
import { joinWords } from './words.ts';
import type { Acceptance, FileState, Run, Verdict } from './run.ts';

/** Why the run cannot be repeated from its record, as a part of a sentence; undefined if it can. */
export function findRepeatObstacle(run: Run): string | undefined {
  if (run.status === 'running') return 'it is still running';
  if (run.status === 'lost') return 'its end is not known (lost)';
  if (run.command.indexOf('\0') >= 0) return 'its command holds a secret that was not recorded';
  if (run.directory !== '.' && !isResultPath(run.directory)) return 'it ran in ' + run.directory + ', outside the project';
  const outside = run.outputs.find((file) => file.kind !== 'd' && !isResultPath(file.path));
  return outside === undefined ? undefined : 'its output ' + outside.path + ' is outside the project';
}

// ---- something changed --------------------------------------------------------------------------------

/** `--set NAME=VALUE`. */
export type Setting = { name: ByteString; value: ByteString };

/** `inFiles`: values that stand in files of the run. */
export type Changed = { kind: 'changed'; argv: ByteString[]; parameters: ByteString[]; inFiles: ParameterSetting[] } | { kind: 'refused'; why: string };

const NOT_HELD = 'the command does not hold it';

const ENDS_VALUE = '[^ \\t-\\r,;&|<>()\'"`}\\]]*';

function escapeForPattern(text: ByteString): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** Does this argument name the parameter as an option whose value is the next one? */
function isNamingOption(argument: ByteString, name: ByteString): boolean {
  return argument === '--' + name || argument === '-' + name;
}

/**
 * The arguments with a parameter set: where it stands as NAME=VALUE or NAME:VALUE (also within an
 * argument, such as a script's text), as -NAME VALUE or --NAME VALUE, and, if `old` is known and it
 * stands nowhere so, the one argument that is `old`. A NAME of digits is the number of an argument.
 */
function setArgument(argv: ByteString[], setting: Setting, old: ByteString | undefined, quoteWord: (text: ByteString) => ByteString): ByteString[] | string {
  const { name, value } = setting;
  if (/^\d+$/.test(name) && old === undefined) {
    const at = Number(name);
    return at > 0 && at < argv.length ? argv.map((word, i) => (i === at ? value : word)) : 'the command has no argument ' + name;
  }
  const pattern = new RegExp('(^|[^A-Za-z0-9_])(' + escapeForPattern(name) + ')([=:])(' + ENDS_VALUE + ')', 'g');
  let count = 0;
  const changed = argv.map((word, i) => {
    if (i > 1 && isNamingOption(argv[i - 1], name)) {
      count += 1;
      return value;
    }
    const whole = new RegExp('^(-{0,2}' + escapeForPattern(name) + '=)[^]*$').exec(word);
    const isScript = i > 0 && /^-[a-z]*c$/.test(argv[i - 1]);
    if (whole !== null && i > 0 && !isScript) {
      count += 1;
      return whole[1] + value;
    }
    return i === 0 ? word : word.replace(pattern, (_, before: string, found: string, sign: string) => {
      count += 1;
      return before + found + sign + (isScript ? quoteWord(value) : value);
    });
  });
  if (count > 0) return changed;
  const places = old === undefined || old === '' ? [] : argv.map((_, i) => i).filter((i) => i > 0 && argv[i] === old);
  if (places.length === 1) return argv.map((word, i) => (i === places[0] ? value : word));
  return places.length > 1 ? 'several arguments are ' + String(old) + '; give its number' : NOT_HELD;
}

/** What a setting needs to know of a run. */
export type SettableRun = Pick<Run, 'parameters' | 'parameterFiles' | 'inputs'>;

/**
 * The value in a file that a setting means: PATH:KEY, where PATH is an input, or the KEY alone of one
 * that is recorded. undefined if it means none, a text if several.
 */
function findFileSetting(run: SettableRun, setting: Setting): ParameterSetting | undefined | string {
  const inFiles = fileParametersOf(run);
  const names = resolveName(setting.name, run.parameters.map((line) => line.slice(0, line.indexOf(' '))));
  if (names.length > 1) return 'it may be ' + joinWords(names, 'or') + '; write it in full';
  const known = inFiles.find(({ name }) => name === names[0]);
  const split = known ?? splitParameterName(names[0], run.inputs.map((file) => file.path));
  return split === undefined ? undefined : { path: split.path, key: split.key, value: setting.value };
}

/** The command and the parameters of a run with each of these set, or why that cannot be. */
export function changeRun(argv: ByteString[], run: SettableRun, settings: Setting[], quoteWord: (text: ByteString) => ByteString): Changed {
  let words = argv;
  let recorded = run.parameters;
  const inFiles: ParameterSetting[] = [];
  for (const setting of settings) {
    const inFile = findFileSetting(run, setting);
    if (typeof inFile === 'string') return { kind: 'refused', why: 'cannot set ' + setting.name + ': ' + inFile };
    if (inFile !== undefined) {
      inFiles.push(inFile);
      continue;
    }
    const at = recorded.findIndex((parameter) => parameter.startsWith(setting.name + ' '));
    const old = at < 0 ? undefined : recorded[at].slice(setting.name.length + 1);
    const set = setArgument(words, setting, old, quoteWord);
    if (typeof set === 'string') return { kind: 'refused', why: 'cannot set ' + setting.name + ': ' + set };
    words = set;
    const line = setting.name + ' ' + setting.value;
    if (at >= 0) recorded = recorded.map((parameter, i) => (i === at ? line : parameter));
    else if (!/^\d+$/.test(setting.name)) recorded = recorded.concat(line);
  }
  return { kind: 'changed', argv: words, parameters: recorded, inFiles };
}

/** What each of several runs has of the settings; `why` if none of them holds one, or one cannot be set where it is held. */
export type SettingsByRun = { kind: 'shared'; ofRuns: Map<string, Setting[]> } | { kind: 'refused'; why: string; id: string };

/**
 * Which of the settings each of the runs takes: those that it holds; one that takes none is not in the answer. A
 * setting that none of them holds is refused. `runs` are gone through once for each setting.
 */
export function shareSettings(runs: Iterable<Run>, settings: Setting[], argumentsOf: (run: Run) => ByteString[], quoteWord: (text: ByteString) => ByteString): SettingsByRun {
  const ofRuns = new Map<string, Setting[]>();
  for (const setting of settings) {
    let refusal: { why: string; id: string } | undefined;
    let isHeld = false;
    for (const run of runs) {
      const changed = changeRun(argumentsOf(run), run, [setting], quoteWord);
      if (changed.kind === 'changed') {
        ofRuns.set(run.id, (ofRuns.get(run.id) ?? []).concat(setting));
        isHeld = true;
      } else if (!changed.why.endsWith(NOT_HELD)) return { kind: 'refused', why: changed.why, id: run.id };
      else refusal = refusal ?? { why: changed.why, id: run.id };
    }
    if (!isHeld && refusal !== undefined) return { kind: 'refused', ...refusal };
  }
  return { kind: 'shared', ofRuns };
}

// ---- the verdict ----------------------------------------------------------------------------------------

/** What the repeat left under the path of an output: its state, if any. */
export type OutputPair = { first: FileState; second: FileState | undefined };

export type CompareOutputs = (first: FileState, second: FileState) => Comparison;

function judgePair(pair: OutputPair, compare: CompareOutputs): { verdict: Verdict; comparison: Comparison | undefined } {
  const { first, second } = pair;
  const say = (word: Verdict['word'], detail: ByteString, comparison?: Comparison): { verdict: Verdict; comparison: Comparison | undefined } => ({ verdict: { word, path: first.path, detail }, comparison });
  if (second === undefined) return say('missing', '');
  if (first.hash === '?' || second.hash === '?') return say('unchecked', first.hash === '?' ? 'its content was not recorded' : 'its content cannot be read');
  if (!isComparable(first) || !isComparable(second)) return first.kind === second.kind ? say('identical', '') : say('different', 'another kind of file');
  if ((first.kind === 'l') !== (second.kind === 'l')) return say('different', second.kind === 'l' ? 'a link, was a file' : 'a file, was a link');
  if (first.hash === second.hash) return first.kind === second.kind ? say('identical', '') : say('different', second.kind === 'x' ? 'executable, was not' : 'not executable, was');
  if (first.kind === 'l') return say('different', 'the link leads elsewhere');
  const comparison = compare(first, second);
  switch (comparison.kind) {
    case 'identical': return say('unchecked', 'the bytes are not those of the record any more', comparison);
    case 'equivalent': return say('tolerance', comparison.rule + (comparison.detail === '' ? '' : ': ' + comparison.detail), comparison);
    case 'different': return say('different', comparison.detail, comparison);
    case 'unchecked': return say('different', comparison.why, comparison);
  }
}

export type Judgement = { verdicts: Verdict[]; comparisons: Map<ByteString, Comparison> };

/**
 * The outputs of a repeat against those of the run that it repeats, both ways, sorted by path.
 * Folders count only if one of both has none; secret outputs by their keyed hashes.
 */
export function judgeRepeat(original: Run, repeat: Run, compare: CompareOutputs): Judgement {
  const judgement: Judgement = { verdicts: [], comparisons: new Map() };
  const made = new Map(repeat.outputs.map((file) => [file.path, file]));
  for (const first of original.outputs) {
    const second = made.get(first.path);
    if (first.kind === 'd' && second?.kind === 'd') continue;
    const { verdict, comparison } = judgePair({ first, second }, compare);
    judgement.verdicts.push(verdict);
    if (comparison !== undefined) judgement.comparisons.set(first.path, comparison);
  }
  const known = new Set(original.outputs.map((file) => file.path));
  for (const file of repeat.outputs) if (!known.has(file.path) && file.kind !== 'd') judgement.verdicts.push({ word: 'extra', path: file.path, detail: '' });
  judgeSecrets(original.secretOutputs, repeat.secretOutputs, judgement.verdicts);
  judgeRemovals(original, repeat, judgement.verdicts);
  judgement.verdicts.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return judgement;
}

/** 'HMAC PATH' lines. */
function judgeSecrets(first: ByteString[], second: ByteString[], verdicts: Verdict[]): void {
  const split = (line: ByteString): [ByteString, ByteString] => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))];
  const made = new Map(second.map(split));
  for (const [path, hash] of first.map(split)) {
    const other = made.get(path);
    verdicts.push({ word: other === undefined ? 'missing' : other === hash ? 'identical' : 'different', path, detail: other === undefined || other === hash ? '' : 'another secret' });
  }
  const known = new Set(first.map((line) => split(line)[0]));
  for (const [path] of second.map(split)) if (!known.has(path)) verdicts.push({ word: 'extra', path, detail: '' });
}

/** What one removed and the other did not: only of files that the repeat had to remove, its inputs. */
function judgeRemovals(original: Run, repeat: Run, verdicts: Verdict[]): void {
  const inputs = new Set(original.inputs.map((file) => file.path));
  for (const path of original.removed) if (inputs.has(path) && repeat.removed.indexOf(path) < 0) verdicts.push({ word: 'different', path, detail: 'is still there; the run had removed it' });
  for (const path of repeat.removed) if (original.removed.indexOf(path) < 0) verdicts.push({ word: 'different', path, detail: 'was removed; the run had left it' });
}

/** Had the repeat the code and the inputs of the run? Not with --onto, nor where --force let others in. */
export function isFaithfulRepeat(original: Run, repeat: Run): boolean {
  // In the project the code of the whole checkout may be another, and that of the run still the same.
  if (repeat.tree !== undefined && repeat.code !== original.code) return false;
  const read = new Map(original.inputs.map((file) => [file.path, file.hash]));
  return repeat.inputs.every((file) => {
    const hash = read.get(file.path);
    return hash === undefined || hash === file.hash || hash.length !== 64 || file.hash.length !== 64;
  });
}

/** Is every output as `accept` wants it, and did the command end as it had? */
export function isRepeatAccepted(original: Run, repeat: Run, accept: Acceptance): boolean {
  if (original.exit !== repeat.exit || original.signal !== repeat.signal) return false;
  // What was printed counts only where nothing else was made.
  const outputs = repeat.verdicts.filter(({ path }) => !path.startsWith('provenance/logs/'));
  return (outputs.length > 0 ? outputs : repeat.verdicts).every(({ word }) => word === 'identical' || (word === 'tolerance' && accept === 'tolerance'));
}

/** How the repeat ended if not as the original: "exit 1, was 0"; '' if it did. */
export function describeOtherEnd(original: Run, repeat: Run): string {
  const tell = (run: Run): string => run.signal ?? String(run.exit ?? '-');
  return tell(original) === tell(repeat) ? '' : 'exit ' + tell(repeat) + ', was ' + tell(original);
}

// ---- which runs -----------------------------------------------------------------------------------------

/** Which runs left results where. Numbers, not objects: there may be 100,000 runs, of which few are asked for. */
export class ResultHistory {
  private readonly runs: GraphRun[];
  /** Of each path its last result; results are counted in the order of their runs. */
  private readonly lastOf = new Map<ByteString, number>();
  /** Of each result its run, counted; the result before it, and the first one, at its path (-1: none). */
  private readonly makers: number[] = [];
  private readonly before: number[] = [];
  private readonly first: number[] = [];

  /** `runs` are in the order of their ids. */
  constructor(runs: GraphRun[]) {
    this.runs = runs;
    runs.forEach((run, index) => {
      for (const { path } of resultsOf(run)) this.note(path, index);
    });
  }

  private note(path: ByteString, index: number): void {
    const before = this.lastOf.get(path) ?? -1;
    const result = this.makers.push(index) - 1;
    this.before.push(before);
    this.first.push(before < 0 ? result : this.first[before]);
    this.lastOf.set(path, result);
  }

  /** The run that made an input as the run `id` read it: the last one before it that left this content there. */
  findProducer(id: string, file: FileState): GraphRun | undefined {
    for (let result = this.lastOf.get(file.path) ?? -1; result >= 0; result = this.before[result]) {
      const run = this.runs[this.makers[result]];
      if (run.id < id && resultsOf(run).some((output) => output.path === file.path && isSameContent(output, file))) return run;
    }
    return undefined;
  }

  /** Was the result at this path not there before the run `id`: did it, or a later one, make the first? */
  isLater(id: string, path: ByteString): boolean {
    const last = this.lastOf.get(path);
    return last !== undefined && this.runs[this.makers[this.first[last]]].id >= id;
  }
}

/** What surrounds a repeat instead of the usual: variables set or (undefined) unset, words before the command. */
export type RepeatSurroundings = {
  variables: { [name: string]: ByteString | undefined };
  umask: number | undefined;
  prefix: ByteString[];
  /** Beginning of the name of the scratch folder. */
  folderName: ByteString | undefined;
  /** Files of the tree made in the opposite order. */
  isReversed: boolean;
};

export const USUAL_SURROUNDINGS: RepeatSurroundings = { variables: {}, umask: undefined, prefix: [], folderName: undefined, isReversed: false };
