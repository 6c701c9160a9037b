// cli.ts - the verbs and options of rr: one table for parsing, for help and for the manual's test.
import type { ByteString } from './core/bytes.ts';
import { EXPORT_FORMS } from './core/exportforms.ts';
import { EXIT, Failure } from './core/failure.ts';
import { ACCEPTANCES, RUN_STATUSES } from './core/run.ts';
import { COMPLETION_SHELLS, readOperands } from './core/verbspec.ts';
import type { OptionSpec, VerbSpec } from './core/verbspec.ts';
import { editDistance, joinWords } from './core/words.ts';
import { TRACE_METHODS } from './sys/observe.ts';
import { printChoices, wrapText } from './views/table.ts';

const PROJECT: OptionSpec = { name: 'project', value: 'DIR', help: 'the project is DIR (default: found upward from here)' };
const QUIET: OptionSpec = { name: 'quiet', letter: 'q', help: 'say nothing but failures' };
const JSON_OUT: OptionSpec = { name: 'json', help: 'print JSON' };
const TRACE_WORDS = ['auto', ...TRACE_METHODS];

const CACHE: OptionSpec = { name: 'cache', value: 'DIR', help: 'with results in DIR, which others may share (default: in .rr)' };
const CLUSTER_OPTIONS: OptionSpec[] = [
  { name: 'on', value: 'CLUSTER', words: ['slurm'], help: 'hand all over to a cluster, as arrays of jobs: slurm' },
  { name: 'wait', help: 'stay until the jobs are over (--on)' },
  { name: 'pack', value: 'N', help: 'N of them one after the other in each job (--on)' },
  { name: 'sbatch-option', value: 'OPTION', isRepeatable: true, help: 'an option for sbatch: --account=NAME, --qos=NAME' },
];

const REUSE_OPTIONS: OptionSpec[] = [
  { name: 'reuse', help: 'put back what an earlier run of the same gave, if there is one' },
  { name: 'no-reuse', help: 'run it, whatever is set for the project' },
  CACHE,
  { name: 'environment', help: 'only if programs, libraries and packages are the same, too' },
];

const LINEAGE_OPTIONS: OptionSpec[] = [
  { name: 'depth', value: 'N', help: 'follow at most N runs (default: all)' },
  { name: 'all', help: 'do not cut long lists' },
  { name: 'dot', help: 'print a graph for Graphviz' },
  { name: 'svg', help: 'print a picture' },
  JSON_OUT, PROJECT,
];

export const VERBS: VerbSpec[] = [
  {
    name: 'init', usage: 'rr init [DIR]', summary: 'set up a project: make provenance/ and .rr/', operands: [0, 1],
    options: [
      { name: 'reuse', help: 'from now on put back what an earlier run of the same gave' },
      { name: 'no-reuse', help: 'do so no more, unless asked for' },
      CACHE, QUIET,
    ],
    example: 'rr init',
  },
  {
    name: 'record', usage: 'rr record [OPTION...] -- COMMAND [ARG...]', summary: 'run a command and record it', takesCommand: true, operands: [0, 0],
    options: [
      { name: 'label', letter: 'l', value: 'LABEL', help: 'name of the run, or of a series of runs' },
      { name: 'reason', letter: 'm', value: 'TEXT', help: 'why it is run' },
      { name: 'tag', letter: 't', value: 'TAG', isRepeatable: true, help: 'a keyword' },
      { name: 'input', letter: 'i', value: 'PATH', isRepeatable: true, help: 'file, folder or glob that the command reads' },
      { name: 'output', letter: 'o', value: 'PATH', isRepeatable: true, help: 'file, folder or glob that it writes' },
      { name: 'param', letter: 'p', value: 'PARAMETER', isRepeatable: true, help: 'NAME=VALUE, for the record; FILE:KEY, as it stands in FILE; FILE, all of its keys' },
      { name: 'metrics', value: 'FILE', isRepeatable: true, help: 'a file that it writes, whose values are recorded as metrics' },
      { name: 'metrics-from', value: 'RULE', isRepeatable: true, help: 'what it prints that is a metric, too: off, NAMES or a LINE' },
      { name: 'variable', value: 'NAME[=VALUE]', isRepeatable: true, help: 'an environment variable that it depends on; VALUE: set it for the command' },
      { name: 'timeout', value: 'TIME', help: 'stop it after TIME: 90, 90s, 5m, 2h, 1d (default: never)' },
      { name: 'cpus', value: 'N', help: 'processors that it needs, for rr make' },
      { name: 'memory', value: 'SIZE', help: 'memory that it needs, for rr make: 512M, 4G' },
      { name: 'time', value: 'TIME', help: 'time that it is to be given on a cluster' },
      { name: 'partition', value: 'NAME', help: 'partition of the cluster that it is to run in' },
      { name: 'plan', value: 'NAME', help: 'run nothing: write it as a step NAME into provenance/plan.rec, for rr make' },
      { name: 'force', help: 'in the place of the step of that name (--plan)' },
      { name: 'trace', value: 'METHOD', words: TRACE_WORDS, help: 'how files are found: ' + TRACE_WORDS.join(', ') + ' (default: auto)' },
      { name: 'require-clean', help: 'refuse if code is changed or not tracked' },
      { name: 'no-logs', help: "do not keep what it prints; it gets rr's own terminal" },
      ...REUSE_OPTIONS,
      { name: 'json', help: 'print the record as JSON on standard error' },
      { name: 'print-id', help: 'print the id of the run as the last line on standard error' },
      QUIET, PROJECT,
    ],
    example: "rr record -l fit -m 'first try' -o fit.csv -- ./fit data/raw.csv",
  },
  {
    name: 'sweep', usage: 'rr sweep [OPTION...] -- COMMAND [ARG...]', summary: 'run a command for each of many values, and record each run', takesCommand: true, operands: [0, 0],
    options: [
      { name: 'label', letter: 'l', value: 'LABEL', help: 'name of the sweep; always needed' },
      { name: 'param', letter: 'p', value: 'NAME=VALUES', isRepeatable: true, help: 'a parameter: 0.1,0.2 1..100 1..9..2 lin:0..1:11 log:1e-5..1:6; NAME may be FILE:KEY' },
      { name: 'each', value: 'PATH', isRepeatable: true, help: 'a point for each of these files: {path} {name} {stem} {ext} {folder}' },
      { name: 'from', value: 'FILE', help: 'a point for each row of a table (CSV, TSV) with names in its first line' },
      { name: 'zip', help: 'values side by side instead of all combinations' },
      { name: 'random', value: 'N', help: 'only N points, drawn at random' },
      { name: 'seed', value: 'S', help: 'where drawing begins (default: 0)' },
      { name: 'write', value: 'PATH', isRepeatable: true, help: 'copy of FILE for each point (-p FILE:KEY=VALUES); the command gets {params}' },
      { name: 'reason', letter: 'm', value: 'TEXT', help: 'why it is run' },
      { name: 'tag', letter: 't', value: 'TAG', isRepeatable: true, help: 'a keyword' },
      { name: 'input', letter: 'i', value: 'PATH', isRepeatable: true, help: 'file, folder or glob that the command reads' },
      { name: 'output', letter: 'o', value: 'PATH', isRepeatable: true, help: 'file, folder or glob that it writes; no two points the same' },
      { name: 'variable', value: 'NAME[=VALUE]', isRepeatable: true, help: 'an environment variable that it depends on; VALUE: set it for the command' },
      { name: 'metrics', value: 'FILE', isRepeatable: true, help: 'file that it writes and that holds what it gave, as numbers or words' },
      { name: 'metrics-from', value: 'RULE', isRepeatable: true, help: 'what it prints that is a metric, too: off, NAMES or a LINE' },
      { name: 'timeout', value: 'TIME', help: 'stop a point after TIME: 90, 90s, 5m, 2h, 1d (default: never)' },
      { name: 'trace', value: 'METHOD', words: TRACE_WORDS, help: 'how files are found: ' + TRACE_WORDS.join(', ') + ' (default: auto)' },
      { name: 'cpus', value: 'N', help: 'processors that a point needs' },
      { name: 'memory', value: 'SIZE', help: 'memory that a point needs: 512M, 4G; no more run at once than have room' },
      { name: 'time', value: 'TIME', help: 'time that a point is to be given on a cluster' },
      { name: 'partition', value: 'NAME', help: 'partition of the cluster that it is to run in' },
      { name: 'jobs', letter: 'j', value: 'N', help: 'so many at the same time (default: the processors)' },
      { name: 'load', value: 'N', help: 'start none while the load of the machine is above N' },
      { name: 'retries', value: 'N', help: 'run a point that fails up to N more times' },
      { name: 'dry-run', letter: 'n', help: 'tell how many points there are and what would be run' },
      { name: 'fail-fast', help: 'start no more points when one has failed' },
      { name: 'force', letter: 'f', help: 'run also what is recorded' },
      ...CLUSTER_OPTIONS,
      ...REUSE_OPTIONS,
      { name: 'prune', help: 'remove results of files that are gone, unless changed by hand (--each)' },
      { name: 'yes', help: 'also more than 100,000 points' },
      QUIET, PROJECT,
    ],
    example: "rr sweep -l scan -p x=0.1,0.2 -o out/{n} -- ./sim {x} out/{n}",
  },
  {
    name: 'list', usage: 'rr list [OPTION...]', summary: 'list runs, newest last', operands: [0, 0],
    options: [
      { name: 'label', letter: 'l', value: 'LABEL', isRepeatable: true, help: 'with this label' },
      { name: 'tag', letter: 't', value: 'TAG', isRepeatable: true, help: 'with this tag' },
      { name: 'status', letter: 's', value: 'STATUS', words: RUN_STATUSES, isRepeatable: true, help: joinWords(RUN_STATUSES, 'or') },
      { name: 'since', value: 'DATE', help: 'started at or after DATE (UTC): 2026-11-22, today, 7d, 12h' },
      { name: 'until', value: 'DATE', help: 'started before DATE' },
      { name: 'param', letter: 'p', value: 'TEST', isRepeatable: true, help: 'with this parameter: NAME, NAME=VALUE, also != < <= > >=' },
      { name: 'metric', value: 'TEST', isRepeatable: true, help: 'with this metric, in the same way' },
      { name: 'sweep', value: 'LABEL', help: 'points of this sweep, as a table: the last run of each' },
      { name: 'grep', value: 'PATTERN', help: 'with a text that this regular expression fits' },
      { name: 'made', value: 'FILE', isRepeatable: true, help: 'that wrote FILE' },
      { name: 'used', value: 'FILE', isRepeatable: true, help: 'that read FILE' },
      { name: 'sort', value: 'LIST', help: 'in the order of these columns; -COLUMN: descending' },
      { name: 'last', letter: 'n', value: 'N', help: 'only the last N of the list' },
      { name: 'columns', value: 'LIST', help: 'show these columns: id,label,param:NAME,metric:NAME,...' },
      { name: 'full', help: 'do not cut texts to the width of the terminal' },
      JSON_OUT,
      { name: 'csv', help: 'print CSV' },
      { name: 'latex', help: 'print a LaTeX tabular' },
      { name: 'sh', help: 'print a shell script that repeats the runs without rr' },
      PROJECT,
    ],
    example: 'rr list --made figures/co2.svg',
  },
  {
    name: 'show', usage: 'rr show [OPTION...] RUN [RUN...]', summary: 'show all that is known of a run', operands: [1, Infinity],
    options: [
      JSON_OUT,
      { name: 'raw', help: 'print the record as it is' },
      { name: 'logs', help: 'print what the command printed' },
      { name: 'processes', help: 'print the tree of processes' },
      { name: 'files', help: 'the same with the files that each process read and wrote' },
      { name: 'environment', help: 'print the environment record: system, programs, libraries, packages' },
      { name: 'plot', value: 'NAME', isRepeatable: true, help: 'draw the series NAME of the runs: a metric, cpus, memory, ...' },
      { name: 'log', help: 'with --plot: on a logarithmic scale' },
      { name: 'ascii', help: 'with --plot: with ASCII characters alone' },
      { name: 'all', help: 'do not cut long lists' },
      PROJECT,
    ],
    example: 'rr show @',
  },
  {
    name: 'note', usage: 'rr note [OPTION...] RUN [TEXT]', summary: 'note something on a run: TEXT is a comment', operands: [1, 2],
    options: [
      { name: 'label', letter: 'l', value: 'LABEL', help: 'its label from now on' },
      { name: 'tag', letter: 't', value: 'TAG', isRepeatable: true, help: 'put a tag on it' },
      { name: 'untag', value: 'TAG', isRepeatable: true, help: 'take a tag off' },
      { name: 'reason', letter: 'm', value: 'TEXT', help: 'why it was run' },
      { name: 'outcome', value: 'TEXT', help: 'what came of it' },
      { name: 'comment', letter: 'c', value: 'TEXT', isRepeatable: true, help: 'a comment' },
      { name: 'tolerance', value: 'PATH=LIMIT', isRepeatable: true, help: 'numbers in it may differ so much: ABSOLUTE[,RELATIVE]; say why' },
      { name: 'edit', value: 'NOTE', help: 'put the comment in the place of that of an earlier note' },
      { name: 'remove', value: 'NOTE', isRepeatable: true, help: 'an earlier note counts no more' },
      { name: 'editor', letter: 'e', help: 'open $VISUAL, $EDITOR or vi on all that is noted' },
      { name: 'all', help: 'all runs that have the label RUN' },
      QUIET, PROJECT,
    ],
    example: "rr note --outcome 'converges' fit 'as in the draft'",
  },
  {
    name: 'journal', usage: 'rr journal [OPTION...] [RUN...]', summary: 'tell the story of the project, day by day', operands: [0, Infinity],
    options: [
      { name: 'label', letter: 'l', value: 'LABEL', isRepeatable: true, help: 'runs with this label' },
      { name: 'tag', letter: 't', value: 'TAG', isRepeatable: true, help: 'with this tag' },
      { name: 'status', letter: 's', value: 'STATUS', words: RUN_STATUSES, isRepeatable: true, help: joinWords(RUN_STATUSES, 'or') },
      { name: 'since', value: 'DATE', help: 'started at or after DATE (UTC): 2026-11-22' },
      { name: 'until', value: 'DATE', help: 'started before DATE' },
      { name: 'all', help: 'each run by itself, also those of a long series' },
      { name: 'markdown', help: 'print Markdown' },
      { name: 'org', help: 'print Org' },
      { name: 'html', help: 'print one page of HTML' },
      PROJECT,
    ],
    example: 'rr journal --since 2026-11 --html',
  },
  {
    name: 'why', usage: 'rr why [OPTION...] FILE|RUN', summary: 'tell which run made a file, from what, and whether it is reproducible', operands: [1, 1],
    options: [{ name: 'down', help: 'tell what depends on it instead, as rr used' }, ...LINEAGE_OPTIONS], example: 'rr why figures/co2.svg',
  },
  {
    name: 'used', usage: 'rr used [OPTION...] FILE|RUN', summary: 'tell what depends on a file', operands: [1, 1],
    options: LINEAGE_OPTIONS, example: 'rr used data/raw.csv',
  },
  {
    name: 'status', usage: 'rr status [OPTION...] [PATH...]', summary: 'tell which results are stale, missing or changed, and why', operands: [0, Infinity],
    options: [
      { name: 'environment', help: 'compare programs, libraries and packages, too' },
      { name: 'all', help: 'do not cut long lists' },
      JSON_OUT,
      { name: 'quiet', letter: 'q', help: 'print nothing; the exit status tells' },
      PROJECT,
    ],
    example: 'rr status figures',
  },
  {
    name: 'diff', usage: 'rr diff [OPTION...] RUN [RUN...]', summary: 'show in what runs differ', operands: [1, Infinity],
    options: [
      { name: 'origin', value: 'RUN', help: 'compare the others with RUN (default: the first)' },
      { name: 'all', help: 'show also what is the same; do not cut lists, texts and lines' },
      JSON_OUT, PROJECT,
    ],
    example: 'rr diff @-1 @',
  },
  {
    name: 'verify', usage: 'rr verify [OPTION...] [FILE|RUN...]', summary: 'compare files and records with their hashes', operands: [0, Infinity],
    options: [
      { name: 'quick', help: 'do not read again what has the size and times it had' },
      { name: 'signer', value: 'FILE', help: 'only signatures by keys in FILE count (allowed signers)' },
      QUIET, PROJECT,
    ],
    example: 'rr verify figures/co2.svg',
  },
  {
    name: 'sign', usage: 'rr sign [OPTION...]', summary: 'sign what the records are now', operands: [0, 0],
    options: [
      { name: 'key', value: 'FILE', help: 'private key of SSH, or of Ed25519 in PEM; always needed' },
      { name: 'as', value: 'NAME', help: "name of the signer (default: git's user.name)" },
      QUIET, PROJECT,
    ],
    example: 'rr sign --key ~/.ssh/id_ed25519',
  },
  {
    name: 'rerun', usage: 'rr rerun [OPTION...] [RUN|LABEL|FILE...]', summary: 'repeat runs and compare what they leave', operands: [0, Infinity],
    options: [
      { name: 'set', value: 'NAME=VALUE', isRepeatable: true, help: 'a new run, with this parameter or argument changed' },
      { name: 'label', letter: 'l', value: 'LABEL', help: 'name of the new run (--set)' },
      { name: 'reason', letter: 'm', value: 'TEXT', help: 'why it is run (--set)' },
      { name: 'since', value: 'RUN', help: "all runs after RUN; '' is the beginning" },
      { name: 'all', letter: 'a', help: 'all runs that current results need' },
      { name: 'onto', value: 'REV', help: 'with the code of this commit of git' },
      { name: 'dry-run', letter: 'n', help: 'tell what would be done and why' },
      { name: 'accept', value: 'MEASURE', words: ACCEPTANCES, help: 'exit 0 for: ' + ACCEPTANCES.join(', ') + ' (default: identical)' },
      { name: 'tolerance', value: 'PATH=ABSOLUTE[,RELATIVE]', isRepeatable: true, help: 'how far numbers in PATH may differ' },
      { name: 'in-place', help: 'in the project instead of a scratch tree' },
      { name: 'full', help: 'with the rest of the project, as it is now' },
      { name: 'force', letter: 'f', help: 'also where inputs are not as they were' },
      { name: 'vary', help: 'change one thing at a time: on what does it depend?' },
      { name: 'explain', help: 'repeat again to find the cause, however long it takes' },
      JSON_OUT, QUIET, PROJECT,
    ],
    example: 'rr rerun --accept tolerance --tolerance fit.csv=1e-9 fit',
  },
  {
    name: 'make', usage: 'rr make [OPTION...] [FILE|LABEL|RUN...]', summary: 'bring results up to date: redo what would come out otherwise', operands: [0, Infinity],
    options: [
      { name: 'jobs', letter: 'j', value: 'N', help: 'carry out N steps at once (default: as many as processors)' },
      { name: 'keep-going', letter: 'k', help: 'go on with what does not depend on a step that failed' },
      { name: 'dry-run', letter: 'n', help: 'tell what would be done and why' },
      { name: 'why', help: 'tell of each step that is up to date by what' },
      { name: 'force', help: 'redo what is named in any case; all if nothing is' },
      { name: 'down', value: 'FILE', isRepeatable: true, help: 'also all that comes from FILE' },
      { name: 'retries', value: 'N', help: 'try a step that failed N more times (default: 0)' },
      { name: 'timeout', value: 'TIME', help: 'stop a step after TIME: 90, 90s, 5m, 2h, 1d (default: never)' },
      { name: 'environment', help: 'redo also what other programs, libraries or packages made' },
      ...REUSE_OPTIONS.filter((option) => option.name !== 'environment'),
      { name: 'load', value: 'LOAD', help: 'start no step while the load of the machine is above LOAD' },
      { name: 'memory', value: 'SIZE', help: 'steps at once need at most SIZE of memory: 512M, 4G' },
      ...CLUSTER_OPTIONS,
      { name: 'cpus', value: 'N', help: 'processors for a step that does not ask for them itself (--on)' },
      { name: 'time', value: 'TIME', help: 'time for a step that does not ask for it itself (--on)' },
      { name: 'partition', value: 'NAME', help: 'partition for a step that does not ask for one itself (--on)' },
      JSON_OUT, QUIET, PROJECT,
    ],
    example: 'rr make figures/co2.svg',
  },
  {
    name: 'makefile', usage: 'rr makefile [OPTION...]', summary: 'make provenance/Makefile again from the records', operands: [0, 0],
    options: [{ name: 'print', help: 'print it instead of writing it' }, QUIET, PROJECT],
    example: 'rr makefile',
  },
  {
    name: 'gc', usage: 'rr gc [OPTION...]', summary: 'free space: contents kept for reuse, what repeats left', operands: [0, 0],
    options: [
      { name: 'older', value: 'TIME', help: 'what was not used for TIME: 90, 90s, 5m, 2h, 30d' },
      { name: 'size', value: 'SIZE', help: 'the least recently used, until SIZE is left: 512M, 4G, 0' },
      { name: 'keep', value: 'RUN', isRepeatable: true, help: 'but nothing that RUN or what it was made from needs' },
      { name: 'cache', value: 'DIR', help: 'in the cache DIR (default: in .rr)' },
      { name: 'aside', help: 'also what failed steps left in .rr/aside' },
      { name: 'dry-run', letter: 'n', help: 'tell what would be freed' },
      QUIET, PROJECT,
    ],
    example: 'rr gc --older 30d --size 10G --keep paper',
  },
  {
    name: 'export', usage: 'rr export [OPTION...] [FORMAT] [RUN...]', summary: 'tell what is recorded in a form that others read', operands: [0, Infinity],
    choices: EXPORT_FORMS,
    options: [
      { name: 'output', letter: 'o', value: 'PATH', help: 'write to PATH: a file, or a folder if there are several files' },
      { name: 'all', letter: 'a', help: 'all runs, not only those that current results need' },
      { name: 'set', value: 'FACT=TEXT', isRepeatable: true, help: 'of the project, if no file tells it: title, author, version, ...' },
      { name: 'check', value: 'FILE', help: 'latex: write nothing; find what in the paper FILE is not as recorded' },
      { name: 'macros', value: 'FILE', help: 'latex: macros of the paper, if it takes in none (--check)' },
      { name: 'paper', value: 'FILE', help: 'latex: only what the paper FILE uses' },
      { name: 'force', letter: 'f', help: 'write over files that are there' },
      QUIET, PROJECT,
    ],
    example: 'rr export citation -o CITATION.cff',
  },
  {
    name: 'archive', usage: 'rr archive [OPTION...] [FILE.tar|FILE.zip|DIR/]', summary: 'put code, data, results and records into one file, for good', operands: [0, 1],
    options: [
      { name: 'name', value: 'NAME', help: 'the folder in the archive is NAME (default: FILE without its ending)' },
      { name: 'include', value: 'GLOB', isRepeatable: true, help: 'also files of the project that nothing else names, or that are too large' },
      { name: 'exclude', value: 'GLOB', isRepeatable: true, help: 'no such files, whatever else is said' },
      { name: 'max-size', value: 'SIZE', help: 'name larger files instead: 512M, 4G (default: all go in)' },
      { name: 'allow-changed', help: 'also what is not as recorded; the archive says so' },
      { name: 'dry-run', letter: 'n', help: 'tell what would go in, and what would not' },
      { name: 'force', letter: 'f', help: 'replace an archive that is there' },
      QUIET, PROJECT,
    ],
    example: 'rr archive co2-2026.tar',
  },
  {
    name: 'swhid', usage: 'rr swhid [OPTION...] [PATH|RUN...]', summary: 'name files, folders, code and runs as archives of software do', operands: [0, Infinity],
    options: [
      { name: 'tracked', help: 'of folders: only what git tracks in them, as it is now' },
      { name: 'link', help: 'of a symbolic link itself, not of what it leads to' },
      { name: 'revision', value: 'REV', isRepeatable: true, help: 'of this commit of the git repository PATH (default: .)' },
      { name: 'release', value: 'NAME', isRepeatable: true, help: 'of this tag of it' },
      { name: 'snapshot', help: 'of all its references' },
      { name: 'check', value: 'SWHID', help: 'tell whether PATH, or the code of RUN, is SWHID: status 0 or 1' },
      { name: 'origin', value: 'URL', help: 'where others find it (default: remote of git, if it is a URL)' },
      { name: 'visit', value: 'SWHID', help: 'snapshot of the origin in which it was seen' },
      { name: 'lines', value: 'RANGE', help: 'these lines of it: N or N-M, from 1' },
      { name: 'bytes', value: 'RANGE', help: 'these bytes of it: N or N-M, from 0' },
      { name: 'core', help: 'no origin, anchor and path' },
      QUIET, PROJECT,
    ],
    example: 'rr swhid fit.py data/',
  },
  {
    name: 'report', usage: 'rr report [OPTION...] [RUN...]', summary: 'make a page of all that is recorded, for a browser', operands: [0, Infinity],
    options: [
      { name: 'output', letter: 'o', value: 'FILE', help: 'write to FILE (default: report.html in the project)' },
      { name: 'max-size', value: 'SIZE', help: 'of what is told of runs beyond the table (default: 200M)' },
      { name: 'one-file', help: 'put no files beside the page, however large it is' },
      { name: 'force', letter: 'f', help: 'write over a file that is no report' },
      QUIET, PROJECT,
    ],
    example: 'rr report -o runs.html',
  },
  {
    name: 'help', usage: 'rr help [OPTION...] [VERB]', summary: 'explain a verb', operands: [0, 1],
    options: [{ name: 'completion', value: 'SHELL', words: COMPLETION_SHELLS, help: 'print what lets SHELL complete the command lines of rr: ' + joinWords(COMPLETION_SHELLS, 'or') }],
    example: 'rr help record',
  },
];

export type ParsedArguments = {
  verb: VerbSpec;
  /** Values of each option given, in order; a switch has one ''. */
  values: Map<string, ByteString[]>;
  operands: ByteString[];
  command: ByteString[];
};

function nearest(word: string, known: string[]): string | undefined {
  let best: string | undefined;
  for (const one of known) {
    if (editDistance(word, one) > Math.max(1, Math.floor(one.length / 2))) continue;
    if (best === undefined || editDistance(word, one) < editDistance(word, best)) best = one;
  }
  return best;
}

function findVerb(word: ByteString): VerbSpec {
  const verb = VERBS.find((spec) => spec.name === word);
  if (verb !== undefined) return verb;
  const near = nearest(word, VERBS.map((spec) => spec.name));
  throw new Failure('cannot do "' + word + '": no such verb', near === undefined ? 'run "rr help"' : 'did you mean "' + near + '"?', EXIT.usage);
}

function failOption(verb: VerbSpec, given: ByteString): never {
  const near = nearest(given.replace(/^--/, ''), verb.options.map((option) => option.name).concat('help'));
  throw new Failure('cannot use "' + given + '": no such option of rr ' + verb.name, near === undefined ? 'run "rr help ' + verb.name + '"' : 'did you mean "--' + near + '"?', EXIT.usage);
}

function putValue(parsed: ParsedArguments, option: OptionSpec, value: ByteString): void {
  if (option.words !== undefined && option.words.indexOf(value) < 0) {
    throw new Failure('cannot use --' + option.name + ' "' + value + '": no such ' + String(option.value).toLowerCase(), 'one of ' + option.words.join(', '), EXIT.usage);
  }
  const given = parsed.values.get(option.name) ?? [];
  parsed.values.set(option.name, option.isRepeatable === true || option.value === undefined ? given.concat(value) : [value]);
}

/** Takes the option at `at`; returns how many arguments it took. */
function takeOption(parsed: ParsedArguments, argv: ByteString[], at: number): number {
  const word = argv[at];
  const isLong = word.startsWith('--');
  const sign = isLong ? word.indexOf('=') : -1;
  const name = isLong ? word.slice(2, sign < 0 ? undefined : sign) : word[1];
  const option = parsed.verb.options.find((spec) => (isLong ? spec.name === name : spec.letter === name));
  if (option === undefined) return failOption(parsed.verb, isLong ? '--' + name : '-' + name);
  if (option.value === undefined) {
    if (sign >= 0) throw new Failure('cannot use "' + word + '": --' + name + ' takes no value', '', EXIT.usage);
    putValue(parsed, option, '');
    if (isLong || word.length === 2) return 1;
    argv[at] = '-' + word.slice(2); // -qx: the rest of the letters
    return 0;
  }
  if (sign >= 0) putValue(parsed, option, word.slice(sign + 1));
  else if (!isLong && word.length > 2) putValue(parsed, option, word.slice(2));
  else {
    if (at + 1 >= argv.length) throw new Failure('cannot use "' + word + '": it needs ' + option.value, 'run "rr help ' + parsed.verb.name + '"', EXIT.usage);
    putValue(parsed, option, argv[at + 1]);
    return 2;
  }
  return 1;
}

/**
 * Arguments after `rr` as verb, options and operands (POSIX utility syntax guidelines, with long
 * options). Throws Failure with exit status 2 for what is not understood.
 */
export function parseArguments(given: ByteString[]): ParsedArguments {
  const argv = given.slice();
  const parsed: ParsedArguments = { verb: findVerb(argv[0]), values: new Map(), operands: [], command: [] };
  let at = 1;
  while (at < argv.length) {
    const word = argv[at];
    if (word === '--') {
      if (parsed.verb.takesCommand === true) parsed.command = argv.slice(at + 1);
      else parsed.operands.push(...argv.slice(at + 1));
      break;
    }
    if (word === '--help' || word === '-h') {
      parsed.values.set('help', ['']);
      return parsed;
    }
    if (word[0] === '-' && word.length > 1) at += takeOption(parsed, argv, at);
    else if (parsed.verb.takesCommand === true) {
      throw new Failure('cannot tell "' + word + '" from an option\'s value: write -- before the command', parsed.verb.usage, EXIT.usage);
    } else {
      parsed.operands.push(word);
      at += 1;
    }
  }
  const [least, most] = parsed.verb.operands;
  if (parsed.operands.length < least || parsed.operands.length > most) {
    throw new Failure('cannot do "' + parsed.verb.name + '" with ' + String(parsed.operands.length) + (parsed.operands.length === 1 ? ' operand' : ' operands'), parsed.verb.usage, EXIT.usage);
  }
  return parsed;
}

/** `rr help`: the verbs, a line each. */
export function printOverview(version: string): string {
  const width = VERBS.reduce((most, verb) => Math.max(most, verb.name.length), 0) + 2;
  return 'rr ' + version + ' - record runs as plain text; reproduce them with make\n\n'
    + VERBS.map((verb) => '  ' + verb.name.padEnd(width) + verb.summary + '\n').join('')
    + '\n"rr help VERB" explains one.  RUN is an id, the beginning of one, a label, @\n(the last), @-1 (the one before it), or a file that the run made.\n';
}

const HELP_WIDTH = 80;
// A longer head has its help on the next line.
const MOST_HEAD = 26;

/** One option: its letter, name and value, and what it is for, in lines of at most HELP_WIDTH columns. */
function printOptionHelp(option: OptionSpec, width: number): string {
  const head = (option.letter === undefined ? '    --' : '-' + option.letter + ', --') + option.name + (option.value === undefined ? '' : ' ' + option.value);
  const indent = ' '.repeat(width + 2);
  const lines = wrapText(option.help + (option.isRepeatable === true ? ' *' : ''), HELP_WIDTH - indent.length);
  const first = head.length + 2 > width ? '  ' + head + '\n' + indent : '  ' + head.padEnd(width);
  return first + lines.join('\n' + indent) + '\n';
}

/** `rr help VERB`: usage, each option, an example. */
export function printVerbHelp(verb: VerbSpec): string {
  const heads = verb.options.map((option) => option.name.length + 6 + (option.value === undefined ? 0 : option.value.length + 1));
  const width = heads.reduce((most, head) => Math.max(most, head > MOST_HEAD ? 0 : head), 0) + 2;
  return verb.usage + '\n\n' + verb.summary[0].toUpperCase() + verb.summary.slice(1) + '.\n'
    + (heads.length === 0 ? '' : '\n' + verb.options.map((option) => printOptionHelp(option, width)).join(''))
    + (verb.options.some((option) => option.isRepeatable) ? '  (* may be given several times)\n' : '')
    + (verb.choices === undefined ? '' : '\n' + readOperands(verb)[0].word + ' is one of\n' + printChoices(verb.choices)) + '\nExample: ' + verb.example + '\n';
}
