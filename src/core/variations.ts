// variations.ts - what a run can depend on without saying so: changes of its surroundings, one at a time, and what they show. Knows no files and no processes.
import type { ByteString } from './bytes.ts';
import { USUAL_SURROUNDINGS } from './repeat.ts';
import type { RepeatSurroundings } from './repeat.ts';

// The list follows reprotest(1), which does so for builds.
//
// 1. One thing is changed at a time; all else is as in an unvaried repeat.
// 2. An output depends on what was changed if it differs from the unvaried repeats, which agree; or if
//    those differ from each other, and two repeats with the change agree.
// 3. Of an output that always differs nothing is said but that.

/** One change. */
export type Variation = {
  name: string;
  /** For "depends on ...". */
  subject: string;
  /** What is different, as a short sentence. */
  title: ByteString;
  /** Program that it takes. */
  needs: string | undefined;
  change: RepeatSurroundings;
  /** It holds something still that otherwise changes with each run: two repeats with it tell more than one. */
  isSteady: boolean;
};

/** What the variations start from: the machine, and the surroundings of an unvaried repeat. */
export type VariationGround = {
  /** Variables of the unvaried repeat; PATH is needed. */
  variables: { [name: string]: ByteString | undefined };
  umask: number;
  /** As "locale -a" lists them. */
  locales: ByteString[];
  /** Numbers of the processors that it may use. */
  processors: number[];
  /** As "uname -m" says. */
  machine: ByteString;
  /** An empty folder that may be written to; another or emptied for each repeat. */
  emptyFolder: ByteString;
  /** Do folders of the scratch tree list their files in the order in which they were made? */
  isOrderSeen: boolean;
  /** Does a command run here with these words before it? */
  canPrefix: (words: ByteString[]) => boolean;
};

type Draft = { name: string; subject: string; title: ByteString; change: Partial<RepeatSurroundings>; needs?: string; isSteady?: boolean; /** Why it makes no sense or cannot be. */ obstacle?: string };

// ---- the changes --------------------------------------------------------------------------------------

/** Zones that no file is needed for (POSIX.1, 8.3): another day nearly always, and a quarter of an hour off. */
const ZONES = ['GMT-13:45', 'GMT+11:15'];

// A locale with another decimal sign, another alphabet or other rules of case tells more than a mere
// other language; C and the like tell something where there is nothing else.
const LOCALE_CANDIDATES = ['tr_TR.UTF-8', 'fr_FR.UTF-8', 'de_DE.UTF-8', 'cs_CZ.UTF-8', 'da_DK.UTF-8', 'et_EE.UTF-8', 'ja_JP.UTF-8', 'en_US.UTF-8', 'en_GB.UTF-8', 'C', 'C.UTF-8'];

/** The same for all spellings of a locale: "fr_FR.utf8" is "fr_FR.UTF-8", POSIX is C. */
function foldLocale(name: ByteString): string {
  const [language, codeset] = name.split('.');
  return (language === 'POSIX' ? 'C' : language) + (codeset === undefined ? '' : '.' + codeset.toLowerCase().replace(/[^a-z0-9]/g, ''));
}

/** An installed locale that differs from that of these variables, as it is spelled there; undefined if there is none. */
export function chooseOtherLocale(installed: ByteString[], variables: { [name: string]: ByteString | undefined }): ByteString | undefined {
  const own = [variables.LC_ALL, variables.LC_CTYPE, variables.LANG].find((one) => one !== undefined && one !== '') ?? 'C';
  const found = LOCALE_CANDIDATES.map((wanted) => installed.find((one) => foldLocale(one) === foldLocale(wanted)));
  const languages = installed.filter((one) => /^[a-z]{2,3}_[A-Z]{2}\.(?:utf-?8)$/i.test(one)).sort();
  return found.slice(0, -2).concat(languages, found.slice(-2)).find((one) => one !== undefined && foldLocale(one) !== foldLocale(own));
}

function draftVariables(ground: VariationGround): Draft[] {
  const { variables } = ground;
  const zone = ZONES.find((one) => one !== variables.TZ) ?? ZONES[0];
  const locale = chooseOtherLocale(ground.locales, variables);
  const seed = variables.PYTHONHASHSEED === '1' ? '2' : '1';
  return [
    { name: 'time-zone', subject: 'the time zone', title: 'TZ is ' + zone, change: { variables: { TZ: zone } } },
    {
      name: 'locale', subject: 'the locale', title: 'the locale is ' + String(locale), obstacle: locale === undefined ? 'no other locale is installed' : undefined,
      change: { variables: { LC_ALL: locale, LANG: locale, LANGUAGE: undefined } },
    },
    {
      name: 'home', subject: 'the home folder', title: 'HOME is an empty folder',
      change: { variables: { HOME: ground.emptyFolder, XDG_CONFIG_HOME: undefined, XDG_CACHE_HOME: undefined, XDG_DATA_HOME: undefined, XDG_STATE_HOME: undefined } },
    },
    { name: 'user', subject: 'the name of the user', title: 'USER is "another"', change: { variables: { USER: 'another', LOGNAME: 'another', USERNAME: 'another' } } },
    { name: 'path', subject: 'PATH', title: 'PATH has one more folder', change: { variables: { PATH: String(variables.PATH) + ':/nonexistent/bin' } } },
    { name: 'environment-size', subject: 'the size of the environment', title: 'one more variable, of 8 KiB', change: { variables: { VARIATION_PADDING: 'x'.repeat(8192) } } },
    { name: 'hash-seed', subject: 'the hash seed of Python or Perl', title: 'Python, Perl hash seeds are ' + seed, change: { variables: { PYTHONHASHSEED: seed, PERL_HASH_SEED: seed } }, isSteady: true },
  ];
}

function draftFiles(ground: VariationGround): Draft[] {
  const umask = ground.umask === 0o022 ? 0o077 : 0o022;
  return [
    { name: 'umask', subject: 'the umask', title: 'umask is ' + umask.toString(8).padStart(4, '0'), change: { umask } },
    { name: 'folder', subject: 'the name of the folder', title: 'the folder has a longer name', change: { folderName: 'another-folder-that-has-a-much-longer-name' } },
    {
      name: 'file-order', subject: 'the order of files in folders', title: 'files were made in reverse order', change: { isReversed: true },
      obstacle: ground.isOrderSeen ? undefined : 'this file system does not show it',
    },
  ];
}

function draftPrefixes(ground: VariationGround): Draft[] {
  const processor = String(ground.processors[ground.processors.length - 1] ?? 0);
  return [
    {
      name: 'processors', subject: 'the number of processors', title: 'one processor instead of ' + String(ground.processors.length), needs: 'taskset', isSteady: true,
      change: { prefix: ['taskset', '-c', processor] }, obstacle: ground.processors.length > 1 ? undefined : 'there is only one',
    },
    // A clock that stands still shows what comes of the time of day, even where each repeat differs.
    {
      name: 'clock', subject: 'the time', title: 'the clock stands at 2033-10-27', needs: 'faketime', isSteady: true,
      change: { prefix: ['faketime', '--exclude-monotonic', '-f', '2033-10-27 04:05:06'] },
    },
    { name: 'addresses', subject: 'addresses in memory', title: 'addresses are not random', needs: 'setarch', isSteady: true, change: { prefix: ['setarch', ground.machine, '-R'] } },
    { name: 'kernel', subject: 'the version of the kernel', title: 'uname says Linux 2.6', needs: 'setarch', change: { prefix: ['setarch', ground.machine, '--uname-2.6'] } },
    {
      name: 'host', subject: 'the name of the host', title: 'the host is called "elsewhere"', needs: 'unshare',
      change: { prefix: ['unshare', '--uts', '--', 'sh', '-c', 'hostname elsewhere && exec "$@"', 'sh'] },
    },
  ];
}

export type VariationPlan = { variations: Variation[]; omitted: { name: string; why: string }[] };

/** What can be varied here, and what cannot and why. */
export function listVariations(ground: VariationGround): VariationPlan {
  const plan: VariationPlan = { variations: [], omitted: [] };
  for (const draft of [...draftVariables(ground), ...draftFiles(ground), ...draftPrefixes(ground)]) {
    const change = { ...USUAL_SURROUNDINGS, ...draft.change };
    const isRefused = draft.obstacle === undefined && change.prefix.length > 0 && !ground.canPrefix(change.prefix);
    const why = draft.obstacle ?? (isRefused ? String(draft.needs) + ' is missing or may not do it' : undefined);
    if (why !== undefined) plan.omitted.push({ name: draft.name, why });
    else plan.variations.push({ name: draft.name, subject: draft.subject, title: draft.title, needs: draft.needs, change, isSteady: draft.isSteady === true });
  }
  return plan;
}

// ---- what they show -----------------------------------------------------------------------------------

/** Hashes of what a repeat left, by path, of logs by '\\0.out' and the like; or that it ended otherwise, or was not made. */
export type TrialOutcome =
  | { kind: 'ran'; outputs: Map<ByteString, string> }
  /** `how` it ended, and how unvaried: "exit 1, was 0". */
  | { kind: 'ended'; how: string }
  | { kind: 'lacking'; why: string };

/**
 * One repeat with the variation, or two if it is steady. `control`: what an unvaried repeat left right after
 * it; where there is none, the first unvaried one stands for it, and what changed in the meantime, as a
 * minute does that is printed, would be taken for the variation's doing.
 */
export type VariedTrial = { variation: Variation; outcomes: TrialOutcome[]; control?: Map<ByteString, string> };

export type VariedRow = {
  variation: Variation;
  /** Outputs that differ from those of the unvaried repeats, or are missing, or more; sorted. */
  differing: ByteString[];
  /** Outputs that differ between unvaried repeats, and not between repeats with this; sorted. */
  steadied: ByteString[];
  /** The outcome that is no set of outputs, if there is one. */
  broken: TrialOutcome | undefined;
};

export type VariationJudgement = {
  rows: VariedRow[];
  /** Outputs that depend on something, sorted, with what, in the order of the rows. */
  dependent: { path: ByteString; subjects: string[] }[];
  /** Outputs that differ between two unvaried repeats, whatever was held still; sorted. */
  unsteady: ByteString[];
};

/** Paths that one of both has and the other has not, or with another hash; sorted. Not the order of two streams, which is a matter of chance. */
function listDifferences(first: Map<ByteString, string>, second: Map<ByteString, string>): ByteString[] {
  const paths = new Set(Array.from(first.keys()).concat(Array.from(second.keys())));
  paths.delete('\0.order');
  return Array.from(paths).filter((path) => first.get(path) !== second.get(path)).sort();
}

/** Has the trial left anything else than the first unvaried repeat, but for what changes anyhow? Then it needs a control. */
export function needsControl(trial: VariedTrial, first: Map<ByteString, string>, second: Map<ByteString, string>): boolean {
  return judgeVaried({ variation: trial.variation, outcomes: trial.outcomes }, first, listDifferences(first, second)).differing.length > 0;
}

function judgeVaried(trial: VariedTrial, first: Map<ByteString, string>, changing: ByteString[]): VariedRow {
  const row: VariedRow = { variation: trial.variation, differing: [], steadied: [], broken: trial.outcomes.find((outcome) => outcome.kind !== 'ran') };
  const ran: Map<ByteString, string>[] = [];
  for (const outcome of trial.outcomes) if (outcome.kind === 'ran') ran.push(outcome.outputs);
  if (row.broken !== undefined || ran.length === 0) return row;
  row.differing = listDifferences(trial.control ?? first, ran[0]).filter((path) => changing.indexOf(path) < 0);
  if (ran.length > 1) {
    const still = listDifferences(ran[0], ran[1]);
    // A difference that a second repeat does not show again is no difference that the change made.
    row.differing = row.differing.filter((path) => still.indexOf(path) < 0);
    row.steadied = changing.filter((path) => still.indexOf(path) < 0);
  }
  return row;
}

/** What two unvaried repeats and those with variations say: which output depends on what. */
export function judgeVariations(first: Map<ByteString, string>, second: Map<ByteString, string>, trials: VariedTrial[]): VariationJudgement {
  const changing = listDifferences(first, second);
  const rows = trials.map((trial) => judgeVaried(trial, first, changing));
  const paths = Array.from(new Set(changing.concat(...rows.map((row) => row.differing)))).sort();
  const dependent = paths.map((path) => ({
    path, subjects: rows.filter((row) => row.differing.indexOf(path) >= 0 || row.steadied.indexOf(path) >= 0).map((row) => row.variation.subject),
  })).filter(({ subjects }) => subjects.length > 0);
  const explained = new Set(dependent.map(({ path }) => path));
  return { rows, dependent, unsteady: changing.filter((path) => !explained.has(path)) };
}
