#!/usr/bin/env node
// rr 0.1.0: Record runs of programs as plain text, and reproduce them with make.
//
// Runs on Node.js 14 and newer, Bun and Deno; needs nothing else.
// Made by `make` from the TypeScript in src/: the same files in the same order with the same
// comments, the types taken out, the shapes of the records left as comments.
// Change src/ if you have it; if you have only this file, change it.
//
// Contents: search for "==== src/".
//   core/bytes.ts              names and arguments as bytes
//   core/names.ts              names of files as texts: their folders, joined and made plain
//   core/run.ts                what a run is
//   core/sources.ts            which files are code by their name and size
//   core/variables.ts          environment variables that change results
//   core/glob.ts               patterns of file names (POSIX.1-2017, Shell Command Language, 2.13, and **)
//   core/graph.ts              which run made what from what, and which runs are needed
//   core/select.ts             which runs a person means
//   core/failure.ts            the one error type for what a user can meet
//   core/filerules.ts          what a file that a run touched counts as (docs/rr.1, FILES A RUN TOUCHES)
//   core/traceevents.ts        what a tracer tells, a call at a time
//   core/tracefiles.ts         files and their names, as a trace tells of them
//   core/traceprocesses.ts     who started whom, where each process is, and what it read and wrote
//   core/tracecalls.ts         what each traced call did to the files and processes
//   core/trace.ts              what a traced run did, from the events of its tracer
//   core/packagefact.ts        the package that a file came with
//   core/comparison.ts         what a comparison of two contents can say
//   core/timestamps.ts         finds dates and times in texts and whether they alone differ
//   core/localecauses.ts       whether two texts differ as if written in two locales
//   core/causes.ts             why two texts differ, as far as the texts themselves tell
//   core/repeat.ts             repeating a run: may it be, with what changed, and what the outcome says
//   formats/percent.ts         text of a record's field, percent-encoded (docs/record-format.txt, 2)
//   formats/shell.ts           words of POSIX shell source (POSIX.1-2017, Shell Command Language, 2.2)
//   formats/processes.ts       the processes of a run as fields of its record (docs/record-format.txt, 8)
//   formats/record.ts          a run as a recutils record, printed and parsed (docs/record-format.txt)
//   formats/checksums.ts       SHA256SUMS as sha256sum and shasum write it (docs/makefile.txt, 5)
//   formats/gitconfig.ts       git's configuration file, the part that is data
//   formats/gitindex.ts        git's index file, versions 2 to 4 (gitformat-index(5))
//   formats/gitpack.ts         one object out of git's object store (gitformat-pack(5))
//   formats/gitpatch.ts        git's diff in parts, and names as it spells them
//   formats/gittree.ts         a tree object of git: the names in one folder of a commit
//   formats/gitapply.ts        a patch of git applied to the contents that it was made from (git-diff(1))
//   formats/vcsoutput.ts       what Mercurial, Subversion and Fossil print of a checkout
//   formats/secrets.ts         which values may be secrets (docs/rr.1, SECRETS)
//   formats/ldcache.ts         glibc's cache of libraries, /etc/ld.so.cache
//   formats/strace.ts          the lines of strace, as they stream in, to events
//   formats/linesearch.ts      which of some hundred lines occur in megabytes of text
//   formats/fileparts.ts       parts of a large binary file, on demand
//   formats/dpkg.ts            the texts of dpkg's database: status, diversions (deb822(5), dpkg-divert(1))
//   formats/apk.ts             the list of installed packages of Alpine's apk (as apk-tools' src/database.c writes it)
//   formats/pacman.ts          the description of a package installed by Arch Linux's pacman (alpm-db-desc(5))
//   formats/conda.ts           the record of a package installed by conda: PREFIX/conda-meta/NAME.json
//   formats/storepath.ts       the package in a path of the store of Guix or Nix
//   formats/rpmheader.ts       the header of an installed package in a database of rpm
//   formats/ndb.ts             rpm's database of packages in SUSE systems, Packages.db (rpm's lib/backend/ndb/rpmpkg.c)
//   formats/berkeleyhash.ts    hash tables of Berkeley DB, versions 8 to 10: rpm's Packages up to CentOS 7 and 8
//   formats/sqlitelog.ts       the write-ahead log of an SQLite database, DATABASE-wal (sqlite.org/fileformat2.html, 4)
//   formats/sqlite.ts          reads tables and indexes of SQLite databases (sqlite.org/fileformat2.html)
//   formats/bytewindow.ts      numbers and texts out of binary data that is read piece by piece
//   formats/dwarf.ts           which compiler, with which flags, made each unit of a program, out of its debug information
//   formats/elffile.ts         the tables of an ELF file: which sections and segments lie where (System V ABI, gABI 4.1)
//   formats/elfdebug.ts        finds, unpacks and relocates the sections of debug information of an ELF file
//   formats/gobuildinfo.ts     version, modules and settings that Go's linker writes into a program (Go's debug/buildinfo)
//   formats/elf.ts             what a program or library is, what it needs and how it was compiled, out of its ELF file
//   formats/headers.ts         "Name: value" lines as in Python's METADATA, R's DESCRIPTION and a jar's MANIFEST.MF
//   formats/zip.ts             the directory of a zip archive (APPNOTE.TXT 6.3.10, sections 4.3 and 4.4)
//   formats/comparebytes.ts    says where two contents differ as bytes
//   formats/numbers.ts         finds the numbers in a text and compares them
//   formats/numbertally.ts     counts how far the numbers of two contents are apart
//   formats/comparetext.ts     compares two texts line by line, their numbers by value
//   formats/comparetable.ts    compares two tables (CSV and the like, RFC 4180) cell by cell
//   formats/jsontape.ts        parses JSON (RFC 8259) into a flat list of where its values stand
//   formats/comparejson.ts     compares two JSON texts by value
//   formats/comparekind.ts     finds the kind of two contents and compares them by it
//   formats/pythonmetadata.ts  what an installed Python distribution says of itself (PEP 376, 503, 610, 627)
//   formats/juliamanifest.ts   the packages that a Julia Manifest.toml names
//   formats/perlmodule.ts      the name and the version of a Perl module, read from its text
//   views/makefile.ts          provenance/Makefile, whole and run by run (docs/makefile.txt)
//   views/rerunscript.ts       provenance/rerun.sh as a text
//   views/table.ts             runs as a table for a terminal and as CSV
//   views/json.ts              runs as JSON (RFC 8259)
//   views/page.ts              one run as a page of text for a person
//   views/processes.ts         the processes of a run as a tree of text
//   views/texts.ts             the fixed texts that rr puts into a project
//   sys/node.ts                the door to Node's standard library
//   sys/clock.ts               the only place that reads a clock or random numbers
//   sys/files.ts               reading and writing files whose names are bytes
//   sys/terminal.ts            what rr's own descriptors are, and printing to them
//   sys/hash.ts                SHA-256 (FIPS 180-4) of files, in bounded memory
//   sys/scan.ts                which files of a project a run changed or read: by stat before and after
//   sys/hashcache.ts           hashes of files that have not changed since they were read
//   sys/process.ts             runs the command: its streams, signals, end and cost
//   sys/gitrepo.ts             a git repository read without git: where it is, HEAD, objects
//   sys/gitstatus.ts           which tracked files may differ from git's index
//   sys/gitprocess.ts          asks git what only git can tell, so that nothing it finds can run or be written
//   sys/gitobjects.ts          the files of a commit out of git's objects
//   sys/git.ts                 the code's state as git knows it: commit, remote, changes as a patch
//   sys/othervcs.ts            the code's state as Mercurial, Subversion and Fossil tell it
//   sys/machine.ts             facts about the machine, the program and the environment of a run
//   sys/inflate.ts             undoes deflate (RFC 1950, 1951, 1952) up to a limit
//   sys/compare.ts             compares two contents, files or bytes, by their kind
//   sys/filesource.ts          files that are read in parts
//   sys/packagepaths.ts        names that a package's list may have for a file
//   sys/dpkgdatabase.ts        which package of Debian's dpkg a file came with
//   sys/rpmdatabase.ts         which package of rpm a file came with
//   sys/condaprefix.ts         which package of conda a file came with
//   sys/ownercache.ts          packages of files that were asked for before
//   sys/packages.ts            which package a file came with, read from the package managers' databases
//   sys/packagefiles.ts        what the finders of language packages share
//   sys/pythonsites.ts         the distributions installed in one folder of Python modules
//   sys/pythoneditables.ts     Python packages that are used from the folder they are written in
//   sys/pythonpackages.ts      the Python distributions that files belong to, and Python itself
//   sys/folderpackages.ts      packages of R, Node.js, Ruby and Julia: each has a folder of its own
//   sys/juliapackages.ts       Julia's packages, from its depots and manifests
//   sys/perlpackages.ts        Perl's modules and Perl itself, from module files
//   sys/javapackages.ts        what jars say of themselves, and which Java read them
//   sys/languages.ts           the packages of programming languages that a run used, from the files it read
//   sys/secretkey.ts           the key under which withheld values are hashed
//   sys/project.ts             where a project is, and setting one up
//   sys/binaries.ts            what ELF files say of themselves, remembered as long as they do not change
//   sys/linking.ts             the shared libraries that a program would load, found as ld.so(8) finds them
//   sys/gpu.ts                 graphics processors and their drivers, as /proc and /sys tell of them
//   sys/software.ts            the software behind a run: programs, libraries, their packages and compilers
//   sys/strace.ts              finds out whether strace works here, and how it is called
//   sys/observe.ts             which files a run read and wrote, and their hashes
//   sys/watch.ts               what a traced run read and wrote: the trace, and what the files are afterwards
//   sys/store.ts               records, logs and marks on the disk, for any number of writers at once
//   sys/code.ts                the code of a run: the project's repository before it, the sources that it read after it
//   sys/contents.ts            finds bytes again by their SHA-256: in the project, in git, among what was kept
//   sys/scratch.ts             a copy of the project as it was when a run began, to repeat the run in
//   sys/recording.ts           runs a command and writes its record: the steps of docs/architecture.txt, 4
//   sys/pickrun.ts             the run that a RUN argument means
//   commands/init.ts           rr init: sets up a project
//   commands/record.ts         rr record: runs a command and writes its record
//   commands/list.ts           rr list: a table of runs
//   commands/show.ts           rr show: one run, all that is known of it
//   commands/verify.ts         rr verify: is everything as it was recorded?
//   commands/makefile.ts       rr makefile: makes provenance/Makefile and SHA256SUMS again from the records
//   cli.ts                     the verbs and options of rr: one table for parsing, for help and for the manual's test
//   main.ts                    starts rr: dispatches the verb, catches, prints, exits
'use strict';

// ==== src/core/bytes.ts ==========================================================================
// bytes.ts - names and arguments as bytes. Knows no files and no encodings of characters.

/**
 * A sequence of bytes: each UTF-16 code unit is one byte, 0..255 (what Node calls latin1).
 * File names, arguments and record text are ByteStrings everywhere inside rr, because POSIX names
 * are bytes, not characters. Comparing two with `<` compares them by bytes.
 */
// type ByteString = string;

/** The order of `LC_ALL=C sort`. */
function compareBytes(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Length in bytes of the well-formed UTF-8 sequence that starts at `at` (RFC 3629), 0 if there is
 * none. Overlong forms, surrogates and code points over U+10FFFF are not well-formed.
 */
function utf8SequenceLength(text, at) {
  const first = text.charCodeAt(at);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const second = text.charCodeAt(at + 1);
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (!(second >= low && second <= high)) return 0;
  for (let i = 2; i < length; i++) {
    const next = text.charCodeAt(at + i);
    if (!(next >= 0x80 && next <= 0xbf)) return 0;
  }
  return length;
}

/** A copy that does not keep a larger string alive, of which it is a part. */
function detachString(text) {
  return text.length < 13 ? text : (' ' + text).slice(1);
}

// ==== src/core/names.ts ==========================================================================
// names.ts - names of files as texts: their folders, joined and made plain. Knows no files.

/** The folder that an absolute name lies in; '/' at the root. */
function folderOfName(path) {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

function joinNames(folder, name) {
  if (name.charCodeAt(0) === 47) return name;
  return folder.endsWith('/') ? folder + name : folder + '/' + name;
}

/** Has it empty parts, "." or ".."? */
function hasDots(path) {
  return path.indexOf('/.') >= 0 ? /\/\.\.?(?:\/|$)/.test(path) || path.indexOf('//') >= 0 : path.indexOf('//') >= 0;
}

/** An absolute path without empty parts, "." and "..", as text: links are not known. */
function normalizeName(path) {
  if (!hasDots(path) && (path === '/' || !path.endsWith('/'))) return path;
  const parts = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return '/' + parts.join('/');
}

// ==== src/core/run.ts ============================================================================
// run.ts - what a run is. Knows no files, clocks or processes, and not how a record is spelled.

/** Regular, regular and executable by its owner, symbolic link, directory, FIFO, socket, devices. */
// type FileKind = '' | 'x' | 'l' | 'd' | 'p' | 's' | 'c' | 'b';

/** One file as it was at one moment (docs/record-format.txt, 5). */
// type FileState = {
//   /** SHA-256 of the content in 64 lower-case hex digits, '-' if the kind has none, '?' if unknown. */
//   hash: string;
//   /** Bytes; of a link, bytes of the target's text. */
//   size: number;
//   kind: FileKind;
//   /** Relative to the project, without './'; absolute if outside of it. */
//   path: ByteString;
// };

/** How much of a source file version control has: 'clean' as committed, 'changed' since, not tracked, no version control. */
// type CodeFileState = 'clean' | 'changed' | 'untracked' | 'unversioned';

/** One process of the command, threads included (docs/record-format.txt, 8). */
// type RunProcess = {
//   /** Position of its parent in the list; undefined if the parent is rr. A parent stands before its children. */
//   parent: number | undefined;
//   /** Seconds after the start of the run. */
//   startS: number;
//   /** Undefined if it outlived the command. */
//   endS: number | undefined;
//   /** 0..255; undefined if a signal killed it or it outlived the command. */
//   exit: number | undefined;
//   signal: string | undefined;
//   /** As in a file line: relative to the project, '.' is the project, absolute if outside of it. */
//   directory: ByteString;
//   /** POSIX shell source; '' is a copy of its parent that became no other program (a subshell). */
//   command: ByteString;
//   /** What it became afterwards, by exec without fork. */
//   later: { startS: number; directory: ByteString; command: ByteString }[];
//   /** Positions in inputs followed by outputs, from 0, ascending. */
//   read: number[];
//   wrote: number[];
// };

// type RunStatus = 'running' | 'succeeded' | 'failed' | 'interrupted' | 'lost';

/** What a repeat says of one output: as the original's, so within a stated rule, not so, not made, made in addition, not told. */
// type VerdictWord = 'identical' | 'tolerance' | 'different' | 'missing' | 'extra' | 'unchecked';

/** The verdict on one output of a repeat. `detail`: the rule that was applied, where it differs, or why it is not told; may be ''. */
// type Verdict = { word: VerdictWord; path: ByteString; detail: ByteString };

/** One execution of a command (docs/rr.1, RECORDS). Absent facts are undefined, never guessed. */
// type Run = {
//   id: string;
//   /** Id of the run that this one repeats. */
//   repeats?: string;
//   /** Id of the run that this one was made from with something changed. */
//   parent?: string;
//   /** 'scratch': it ran in a copy made for it, so what it wrote and removed is none of the project's. */
//   tree?: 'scratch';
//   label?: ByteString;
//   reason?: ByteString;
//   tags: ByteString[];
//   /** POSIX shell source that gives the command its exact argument bytes. */
//   command: ByteString;
//   /** Relative to the project; '.' is the project. */
//   directory: ByteString;
//   /** '0 < PATH', '1 > PATH', '1 >> PATH', '2 >& 1' */
//   redirects: ByteString[];
//   /** 'NAME VALUE' */
//   parameters: ByteString[];
//   /** UTC, ISO 8601 with microseconds. */
//   startedUtc: string;
//   wallS?: number;
//   userS?: number;
//   systemS?: number;
//   peakMemoryBytes?: number;
//   /** 0..255 as a shell gives it. */
//   exit?: number;
//   signal?: string;
//   timeoutS?: number;
//   status: RunStatus;
//   code?: ByteString;
//   codeBranch?: ByteString;
//   codeRemote?: ByteString;
//   codeSubmodules: ByteString[];
//   /** 'SYSTEM COMMIT PATH' or 'SYSTEM COMMIT dirty HASH PATH': other checkouts that the run read code from. */
//   codeOthers: ByteString[];
//   /** The scripts, modules and other sources that the run read; each is an input, too. */
//   codeFiles: { state: CodeFileState; path: ByteString }[];
//   /** Of each binary in the project that ran or was loaded: what is known of how it was compiled. */
//   compilers: { path: ByteString; producer: ByteString }[];
//   environment?: string;
//   /** 'NAME=VALUE' */
//   variables: ByteString[];
//   /** 'NAME HMAC' */
//   variableHashes: ByteString[];
//   observed: string;
//   declaredInputs: ByteString[];
//   declaredOutputs: ByteString[];
//   missingOutputs: ByteString[];
//   inputs: FileState[];
//   outputs: FileState[];
//   uncertain: FileState[];
//   removed: ByteString[];
//   /** Files in the project that the run looked for and that were not there. */
//   absent: ByteString[];
//   /** 'HMAC PATH': files that were read and may hold secrets. */
//   secretInputs: ByteString[];
//   /** The same of files that were written. */
//   secretOutputs: ByteString[];
//   /** What was seen and left out, by class: temporary, ignored. */
//   leftOut: { what: ByteString; count: number }[];
//   processes: RunProcess[];
//   logs: FileState[];
//   /** Of a repeat: its outputs compared with those of the run that it repeats. */
//   verdicts: Verdict[];
//   warnings: ByteString[];
//   /** Version of rr. */
//   rr: string;
//   /** Fields this version does not know, in the order met. */
//   unknown: { name: string; value: ByteString }[];
// };

/** A run with no facts but its identity; what is found out is filled in. */
function emptyRun(id, command, startedUtc, rr) {
  return {
    id, tags: [], command, directory: '.', redirects: [], parameters: [], startedUtc, status: 'running',
    codeSubmodules: [], codeOthers: [], codeFiles: [], compilers: [], variables: [], variableHashes: [], observed: 'none', declaredInputs: [],
    declaredOutputs: [], missingOutputs: [], inputs: [], outputs: [], uncertain: [], removed: [], absent: [], secretInputs: [], secretOutputs: [], leftOut: [], processes: [], logs: [],
    verdicts: [], warnings: [], rr, unknown: [],
  };
}

/** YYYYMMDDTHHMMSSZ-xxxxxx */
const RUN_ID = /^(\d{4})(\d\d)\d\dT\d{6}Z-[a-z2-7]{6}$/;

/** Path of the run's record under provenance/: runs/YYYY-MM/ID.rec. Throws if `id` is no id. */
function recordPath(id) {
  const parts = RUN_ID.exec(id);
  if (parts === null) throw new Error('not a run id: ' + id);
  return 'runs/' + parts[1] + '-' + parts[2] + '/' + id + '.rec';
}

/** Has this state content that can be made again and compared: a regular file or a link? */
function isComparable(file) {
  return file.kind === '' || file.kind === 'x' || file.kind === 'l';
}

// ==== src/core/sources.ts ========================================================================
// sources.ts - which files are code by their name and size. Knows no files.

/** Larger files are data, whatever their name: a dump in SQL, a table in TeX. */
const LARGEST_SOURCE_BYTES = 1 << 20;

const SOURCE_NAME = new RegExp('(?:^|/)(?:' + [
  '(?:GNU|BSD)?[Mm]akefile', 'Snakefile', 'Rakefile', 'Dockerfile', 'Containerfile', 'SConstruct', 'SConscript', '[Jj]ustfile', 'CMakeLists\\.txt', 'meson\\.build',
  '[^/]*\\.(?:' + [
    'py|pyx|pxd|ipynb|[rR]|Rmd|Rnw|qmd|jl|m|pl|pm|php|rb|lua|tcl|sh|bash|zsh|ksh|fish|ps1|awk|sed|m4',
    'js|mjs|cjs|jsx|ts|tsx|c|h|cc|hh|cpp|cxx|hpp|hxx|cu|cuh|f|f77|f90|f95|f03|f08|for|F|F77|F90|F95|F03|F08|go|rs|zig|nim|java|scala|kt|swift|cs|fs|hs|ml|mli|ex|exs|erl|clj|lisp|el|scm|rkt',
    'sql|gp|gnu|gnuplot|plt|do|ado|sas|sps|nf|smk|wdl|cwl|stan|bugs|jags|mod|ncl|pro|mk|cmake|nix|tex|sty|cls|bib|bst',
  ].join('|') + ')',
].join('|') + ')$');

/** Has the path the name of a script, a module or another source? */
function isSourceName(path) {
  return SOURCE_NAME.test(path);
}

/**
 * May a file without such a name be a script that begins with "#!"? Only what is executable or has
 * no ending: to look into each of 100,000 files of data costs more than to hash them.
 */
function isScriptCandidate(path, isExecutable) {
  return isExecutable || !/[^/]\.[^/]*$/.test(path);
}

// ==== src/core/variables.ts ======================================================================
// variables.ts - environment variables that change results. Knows no values.

/**
 * Variables that change results and mean the same on every machine. A record holds those that were
 * set; who repeats the run sets them and unsets the others of the list (docs/rr.1, VARIABLES).
 */
const REPLAYED_VARIABLES = [
  'LANG', 'LANGUAGE', 'LC_ALL', 'LC_CTYPE', 'LC_COLLATE', 'LC_MESSAGES', 'LC_MONETARY', 'LC_NUMERIC', 'LC_TIME', 'TZ',
  'OMP_NUM_THREADS', 'OMP_PROC_BIND', 'OMP_SCHEDULE', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS', 'BLIS_NUM_THREADS',
  'NUMEXPR_NUM_THREADS', 'VECLIB_MAXIMUM_THREADS', 'JULIA_NUM_THREADS', 'PYTHONHASHSEED', 'PYTHONUTF8',
  'PYTHONOPTIMIZE', 'R_DEFAULT_PACKAGES', 'SOURCE_DATE_EPOCH', 'MALLOC_PERTURB_', 'POSIXLY_CORRECT', 'GSL_RNG_SEED',
  'GSL_RNG_TYPE', 'CUBLAS_WORKSPACE_CONFIG',
];

// ==== src/core/glob.ts ===========================================================================
// glob.ts - patterns of file names (POSIX.1-2017, Shell Command Language, 2.13, and **). Knows no files.

/** Does it hold a character that makes a pattern of it? */
function isGlob(pattern) {
  return /[*?[]/.test(pattern);
}

function escapeForRegExp(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

// [:NAME:] in brackets, as the C locale has it (POSIX.1-2017, Base Definitions, 7.3.1).
const CLASSES = {
  alnum: 'A-Za-z0-9', alpha: 'A-Za-z', blank: ' \\t', cntrl: '\\0-\\x1f\\x7f', digit: '0-9', graph: '!-~', lower: 'a-z',
  print: ' -~', punct: '!-\\/:-@\\[-`{-~', space: '\\t-\\r ', upper: 'A-Z', xdigit: '0-9A-Fa-f',
};

/** A bracket expression as a regular expression, and where it ends; undefined if it has no end. */
function translateBracket(pattern, at) {
  const isNegated = pattern[at + 1] === '!' || pattern[at + 1] === '^';
  const from = at + (isNegated ? 2 : 1);
  let end = from;
  let set = '';
  while (pattern[end] !== ']' || end === from) {
    if (end >= pattern.length || pattern[end] === '/') return undefined;
    const named = /^\[:([a-z]+):\]/.exec(pattern.slice(end, end + 16));
    const range = /^([^])-([^\]/])/.exec(pattern.slice(end, end + 3));
    if (named !== null && CLASSES[named[1]] !== undefined) set += CLASSES[named[1]];
    else if (range !== null) set += range[1] <= range[2] ? escapeForRegExp(range[1]) + '-' + escapeForRegExp(range[2]) : '';
    else set += escapeForRegExp(pattern[end]);
    end += named !== null && CLASSES[named[1]] !== undefined ? named[0].length : range !== null ? 3 : 1;
  }
  return { source: '(?!/)[' + (isNegated ? '^' : '') + set + ']', end };
}

/**
 * The pattern as a test of a path. "*" and "?" match no "/"; "**" as a whole part of the path
 * matches any number of parts. As in a shell, a part that begins with "." needs a "." in the pattern.
 */
function compileGlob(pattern) {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const atStart = at === 0 || pattern[at - 1] === '/';
    const noDot = atStart && pattern[at] !== '.' ? '(?!\\.)' : '';
    if (atStart && pattern.startsWith('**/', at)) {
      source += '(?:(?!\\.)[^/]+/)*';
      at += 2;
    } else if (atStart && pattern.slice(at) === '**') {
      source += '(?:(?!\\.)[^/]+/)*(?!\\.)[^/]+';
      at += 1;
    } else if (pattern[at] === '*') source += noDot + '[^/]*';
    else if (pattern[at] === '?') source += noDot + '[^/]';
    else if (pattern[at] === '\\' && at + 1 < pattern.length) source += escapeForRegExp(pattern[++at]);
    else {
      const bracket = pattern[at] === '[' ? translateBracket(pattern, at) : undefined;
      source += bracket === undefined ? escapeForRegExp(pattern[at]) : noDot + bracket.source;
      if (bracket !== undefined) at = bracket.end;
    }
  }
  const expression = new RegExp('^' + source + '$');
  return (path) => expression.test(path);
}

/** The folders before the first part that is a pattern: where a search has to begin. '' if none. */
function fixedFolder(pattern) {
  const fixed = [];
  for (const part of pattern.split('/').slice(0, -1)) {
    if (isGlob(part)) break;
    fixed.push(part);
  }
  return fixed.join('/');
}

// ==== src/core/graph.ts ==========================================================================
// graph.ts - which run made what from what, and which runs are needed. Knows no Makefile and no files.

// Runs are taken in the order of their ids, as if each had ended before the next began.
//
// 1. The owner of a path is the last succeeded run with the path among its Outputs; a run of any
//    status that removed the path, or left something there that has no hash, leaves no owner.
// 2. The producer of an Input is the owner of its path just before the run, if that content is the
//    one that was read. An Input without producer is raw.
//    A run in a scratch tree (run.tree) left and removed nothing.
// 3. Owners are live, and producers of live runs. All else has no effect on what is there now.
// 4. A live run comes after the live run that wrote one of its paths before it, and after every
//    live run that read what that one wrote.
// Every edge leads from a later id to an earlier one, so there is no cycle.

/** A run without which some current result could not be made again. */
// type LiveRun = {
//   run: Run;
//   /** Results of which this run is the owner, sorted by path. */
//   owned: FileState[];
//   /** Which of run.outputs (counted from 0) are results no more, ascending. */
//   lost: number[];
//   /** Ids of producers of its inputs, ascending. */
//   producers: string[];
//   /** Ids of further runs that must come before it (rule 4), ascending. */
//   after: string[];
// };

/** Live runs in the order of their ids. */
// type LiveGraph = { runs: LiveRun[] };

/** A path inside the project, by its text alone; nothing of rr, git or another place. */
function isResultPath(path) {
  return path !== '' && path !== '.' && !path.startsWith('/')
    && !/(?:^|\/)\.\.(?:\/|$)/.test(path) && !/^(?:\.rr|\.git|provenance)(?:\/|$)/.test(path);
}

/** Can this Output be made again and compared? */
function isResult(file) {
  return isComparable(file) && file.hash.length === 64 && isResultPath(file.path);
}

/** The results of a run: none unless it succeeded, and in the project. */
function resultsOf(run) {
  return run.status === 'succeeded' && run.tree === undefined ? run.outputs.filter(isResult) : [];
}

/** Is it the same content? The executable bit is no content. */
function isSameContent(a, b) {
  return a.hash === b.hash && (a.kind === 'l') === (b.kind === 'l');
}

// type Owner = { index: number; file: FileState };

function findProducers(run, owners) {
  const found = [];
  for (const input of run.inputs) {
    const owner = owners.get(input.path);
    if (owner !== undefined && isSameContent(owner.file, input) && found.indexOf(owner.index) < 0) found.push(owner.index);
  }
  return found.sort((a, b) => a - b);
}

/** Rules 1 and 2: the owners after all runs, and of each run the indexes of its producers. */
function replayRuns(runs) {
  const owners = new Map();
  const producers = runs.map((run, index) => {
    const found = findProducers(run, owners);
    if (run.tree !== undefined) return found;
    for (const path of run.removed) owners.delete(path);
    if (run.status === 'succeeded') {
      for (const file of run.outputs) {
        if (isResult(file)) owners.set(file.path, { index, file });
        else owners.delete(file.path);
      }
    }
    return found;
  });
  return { owners, producers };
}

/** Rule 3. Producers are earlier, so one pass from the end finds all. */
function markLive(count, owners, producers) {
  const isLive = new Uint8Array(count);
  for (const owner of owners.values()) isLive[owner.index] = 1;
  for (let index = count - 1; index >= 0; index--) {
    if (isLive[index] === 1) for (const producer of producers[index]) isLive[producer] = 1;
  }
  return isLive;
}

/** Last live run that wrote a path, what it wrote (unless it removed it), and the live runs that read that. */
// type Writer = { index: number; file: FileState | undefined; readers: number[] };

function noteReads(run, index, producers, writers) {
  if (producers.length === 0) return;
  for (const input of run.inputs) {
    const writer = writers.get(input.path);
    if (writer === undefined || writer.file === undefined || producers.indexOf(writer.index) < 0) continue;
    if (isSameContent(writer.file, input)) writer.readers.push(index);
  }
}

/** Rule 4 for one live run: the indexes it comes after that are no producers, ascending. */
function noteWrites(run, index, producers, writers) {
  const after = new Set();
  function write(path, file) {
    const before = writers.get(path);
    if (before !== undefined) for (const earlier of [before.index, ...before.readers]) after.add(earlier);
    writers.set(path, { index, file, readers: [] });
  }
  for (const path of run.removed) write(path, undefined);
  for (const file of resultsOf(run)) write(file.path, file);
  return [...after].filter((earlier) => earlier !== index && producers.indexOf(earlier) < 0).sort((a, b) => a - b);
}

function compareByPath(a, b) {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

/** The live runs of `runs`, which are in the order of their ids. Time and memory are linear. */
function findLiveRuns(runs) {
  const { owners, producers } = replayRuns(runs);
  const isLive = markLive(runs.length, owners, producers);
  const writers = new Map();
  const live = [];
  runs.forEach((run, index) => {
    if (isLive[index] === 0) return;
    noteReads(run, index, producers[index], writers);
    const after = noteWrites(run, index, producers[index], writers);
    live.push(makeLiveRun(run, (path) => owners.get(path)?.index === index,
      producers[index].map((i) => runs[i].id), after.map((i) => runs[i].id)));
  });
  return { runs: live };
}

/** The live run whose results are those of run.outputs that `isOwned` names. */
function makeLiveRun(run, isOwned, producers, after) {
  const owned = [];
  const lost = [];
  run.outputs.forEach((file, index) => {
    if (!isResult(file)) return;
    if (isOwned(file.path)) owned.push(file);
    else lost.push(index);
  });
  return { run, owned: owned.length > 1 ? owned.sort(compareByPath) : owned, lost, producers, after };
}

// ==== src/core/select.ts =========================================================================
// select.ts - which runs a person means. Knows no files and no output.

// type Selection =
//   | { kind: 'one'; run: Run }
//   | { kind: 'none' }
//   | { kind: 'several'; runs: Run[] };

function selectionOf(runs) {
  if (runs.length === 0) return { kind: 'none' };
  return runs.length === 1 ? { kind: 'one', run: runs[0] } : { kind: 'several', runs };
}

/**
 * The run that `reference` means, of `runs` in order of ids: "@" the last, "@-1" the one before it,
 * an id, a prefix of an id, a label, or a path that a run made (the last that did). A label of
 * several runs, or a prefix of several ids, is 'several'.
 */
function selectRun(reference, runs, path) {
  const fromEnd = /^@(?:-(\d+))?$/.exec(reference);
  if (fromEnd !== null) {
    const at = runs.length - 1 - Number(fromEnd[1] ?? 0);
    return at >= 0 ? { kind: 'one', run: runs[at] } : { kind: 'none' };
  }
  const exact = runs.filter((run) => run.id === reference);
  if (exact.length > 0) return selectionOf(exact);
  const labelled = runs.filter((run) => run.label === reference);
  if (labelled.length > 0) return selectionOf(labelled);
  const makers = runs.filter((run) => run.tree === undefined && run.outputs.some((file) => file.path === path));
  if (makers.length > 0) return { kind: 'one', run: makers[makers.length - 1] };
  return /^[0-9]/.test(reference) ? selectionOf(runs.filter((run) => run.id.startsWith(reference))) : { kind: 'none' };
}

/** What `rr list` can ask for. Every condition that is there must hold. */
// type RunFilter = {
//   labels: ByteString[];
//   tags: ByteString[];
//   statuses: string[];
//   /** UTC, ISO 8601; compared as text. */
//   since?: string;
//   until?: string;
//   /** 'NAME' or 'NAME=VALUE' */
//   parameters: ByteString[];
//   made: ByteString[];
//   used: ByteString[];
// };

function hasParameter(run, wanted) {
  const sign = wanted.indexOf('=');
  if (sign < 0) return run.parameters.some((parameter) => parameter.startsWith(wanted + ' '));
  return run.parameters.indexOf(wanted.slice(0, sign) + ' ' + wanted.slice(sign + 1)) >= 0;
}

function matchesFilter(run, filter) {
  if (filter.labels.length > 0 && (run.label === undefined || filter.labels.indexOf(run.label) < 0)) return false;
  if (!filter.tags.every((tag) => run.tags.indexOf(tag) >= 0)) return false;
  if (filter.statuses.length > 0 && filter.statuses.indexOf(run.status) < 0) return false;
  if (filter.since !== undefined && run.startedUtc < filter.since) return false;
  if (filter.until !== undefined && run.startedUtc >= filter.until) return false;
  if (!filter.parameters.every((wanted) => hasParameter(run, wanted))) return false;
  if (!filter.made.every((path) => run.tree === undefined && run.outputs.some((file) => file.path === path))) return false;
  return filter.used.every((path) => run.inputs.some((file) => file.path === path));
}

// ==== src/core/failure.ts ========================================================================
// failure.ts - the one error type for what a user can meet. Knows no output.

/** Exit statuses of rr itself; `record` otherwise passes on the command's. See docs/rr.1, EXIT STATUS. */
const EXIT = {
  /** The question was answered with no: something is not as recorded. */
  differs: 1,
  usage: 2,
  /** `record` refused before the command started. */
  refused: 121,
  /** The command succeeded, its record could not be written in full. */
  notRecorded: 122,
  /** The command succeeded, a declared output did not appear. */
  outputMissing: 123,
  timeout: 124,
  /** rr could not do its work. */
  failed: 125,
};

/**
 * An expected failure: `message` says cannot + act + the thing quoted + its state, `hint` the next
 * command to try. Only main prints it, as `rr: MESSAGE` and `rr: hint: HINT`.
 */
class Failure extends Error {
  // readonly hint: string;
  // readonly exitStatus: number;
  constructor(message, hint = '', exitStatus = EXIT.failed) {
    super(message);
    this.hint = hint;
    this.exitStatus = exitStatus;
  }
}

// ==== src/core/filerules.ts ======================================================================
// filerules.ts - what a file that a run touched counts as (docs/rr.1, FILES A RUN TOUCHES). Knows no files.

/**
 * project, outside: recorded one by one. system: folded into the environment. temporary: left out
 * and counted, unless it was there before the run: then it is data from outside. ignored: left out
 * and counted.
 */
// type PathClass = 'project' | 'outside' | 'system' | 'temporary' | 'ignored';

const CLASS_NAMES = ['project', 'outside', 'system', 'temporary', 'ignored'];

/**
 * The rules that hold without a provenance/files.txt, in its syntax: "CLASS PATTERN", and the last
 * line that matches decides. "%project/" is the project's folder, "~/" the user's, "%tmp/" is
 * $TMPDIR. A pattern that ends in "/" is that folder and all below it; in others "*" and "?" match within
 * one part of a path; a "**" and "/" at the beginning are any number of folders.
 */
const DEFAULT_FILE_RULES = `
system /usr/
system /bin/
system /sbin/
system /lib/
system /lib32/
system /lib64/
system /libx32/
system /etc/
system /opt/
system /snap/
system /boot/
system /nix/
system /gnu/
system /var/lib/
system ~/.local/lib/
system ~/.local/share/
system ~/.pyenv/
system ~/.conda/
system ~/miniconda3/
system ~/anaconda3/
system ~/miniforge3/
system ~/mambaforge/
system ~/micromamba/
system ~/R/
system ~/.cargo/
system ~/.rustup/
system ~/.julia/
system ~/.juliaup/
system ~/.nvm/
system ~/.npm/
system ~/.rbenv/
system ~/.gem/
system ~/.opam/
system ~/.sdkman/
system ~/.m2/
system ~/.guix-profile/
system ~/.nix-profile/
system ~/go/pkg/
temporary /tmp/
temporary /var/tmp/
temporary /dev/shm/
temporary %tmp/
project %project/
system **/site-packages/
system **/dist-packages/
system **/node_modules/
system **/renv/library/
system **/conda-meta/
system **/pyvenv.cfg
system **/.venv/
ignored /dev/
temporary /dev/shm/
ignored /proc/
ignored /sys/
ignored /run/
ignored /var/run/
ignored /var/cache/
ignored /var/log/
ignored ~/.cache/
ignored ~/.texlive*/
ignored ~/.fontconfig/
ignored ~/.config/matplotlib/fontlist*
ignored /etc/ld.so.cache
ignored /etc/ld.so.preload
ignored /etc/passwd
ignored /etc/group
ignored /etc/nsswitch.conf
ignored /etc/resolv.conf
ignored /etc/hosts
ignored /etc/host.conf
ignored /etc/hostname
ignored /etc/machine-id
ignored /etc/mtab
ignored **/locale-archive
ignored **/.git/
ignored **/.hg/
ignored **/.svn/
ignored **/gconv-modules.cache
`;

// type Rule = { what: PathClass; test: RegExp };

// type FileRulePlaces = {
//   /** Absolute; links resolved. */
//   project: ByteString;
//   home: ByteString;
//   temporary: ByteString;
// };

function escapeInRule(text) {
  return text.replace(/[\\^$.+()[\]{}|/-]/g, '\\$&').replace(/\*/g, '[^/]*').replace(/\?/g, '[^/]');
}

/** Source of the expression for one pattern; a relative one is meant within the project. */
function translateRule(pattern, places) {
  const below = pattern.endsWith('/') ? '(?:\\/[^]*)?' : '';
  const named = pattern.replace(/\/$/, '');
  const within = (folder, rest) => folder.replace(/\/$/, '').replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&') + (rest === '' ? '' : '\\/' + escapeInRule(rest)) + below;
  if (pattern.startsWith('**/')) return '(?:[^]*\\/)?' + escapeInRule(named.slice(3)) + below;
  if (pattern.startsWith('~/')) return within(places.home, named.slice(2));
  if (pattern.startsWith('%tmp/')) return within(places.temporary, named.slice(5));
  if (pattern.startsWith('%project/')) return within(places.project, named.slice(9));
  return pattern[0] === '/' ? escapeInRule(named) + below : within(places.project, named);
}

/** Rules in their order, neighbours of one class as one expression. Throws Failure with FILE:LINE. */
function parseFileRules(text, file, places) {
  const groups = [];
  text.split('\n').forEach((line, i) => {
    if (/^\s*(#|$)/.test(line)) return;
    const parts = /^[ \t]*([a-z]+)[ \t]+([^]*?)[ \t\r]*$/.exec(line);
    if (parts === null || CLASS_NAMES.indexOf(parts[1]) < 0 || parts[2] === '') {
      throw new Failure('cannot read "' + file + '": line ' + String(i + 1) + ': not "CLASS PATTERN"', 'CLASS is one of ' + CLASS_NAMES.join(', '));
    }
    const what = parts[1];
    const last = groups[groups.length - 1];
    if (last === undefined || last.what !== what) groups.push({ what, sources: [translateRule(parts[2], places)] });
    else last.sources.push(translateRule(parts[2], places));
  });
  return groups.map(({ what, sources }) => ({ what, test: new RegExp('^(?:' + sources.join('|') + ')$') }));
}

/**
 * A function that tells the class of an absolute path. `extension` is the text of the project's
 * own rules ('' if there are none), `file` its name for faults.
 */
function makeClassifier(places, extension, file) {
  const rules = parseFileRules(DEFAULT_FILE_RULES, 'DEFAULT_FILE_RULES', places).concat(parseFileRules(extension, file, places)).reverse();
  return (path) => {
    for (const rule of rules) if (rule.test.test(path)) return rule.what;
    return 'outside';
  };
}

const SECRET_FILE = new RegExp('(?:^|/)(?:' + [
  '[._]netrc', '\\.pgpass', '\\.my\\.cnf', '\\.git-credentials', '\\.pypirc', '\\.npmrc', '\\.env(?:\\.[^/]+)?', '\\.Renviron', '\\.s3cfg', '\\.boto',
  '\\.htpasswd', 'kaggle\\.json', 'credentials(?:\\.json|\\.db)?', 'application_default_credentials\\.json', 'secrets?\\.(?:json|ya?ml|toml|ini|txt)',
  '\\.docker/config\\.json', '\\.kube/config', '\\.ssh/[^/]+', '\\.gnupg/.+', '\\.aws/[^/]+', '\\.config/gh/hosts\\.yml', 'id_(?:rsa|dsa|ecdsa|ed25519)',
  '[^/]+\\.(?:pem|key|p12|pfx|keytab|kdbx)', '\\.huggingface/token', 'huggingface/token', '\\.vault-token', '\\.cdsapirc', '\\.dockercfg',
].join('|') + ')$');

/**
 * Is a file of this name likely to hold a secret? Then not even its SHA-256 is stored, from which a
 * short secret could be found by trying, but a keyed hash (docs/rr.1, SECRETS).
 */
function isSecretFile(path) {
  return SECRET_FILE.test(path);
}

// ==== src/core/traceevents.ts ====================================================================
// traceevents.ts - what a tracer tells, a call at a time. Knows no tracer and not what a call means.

/** One argument of a call, as the tracer prints it. */
// type TraceArgument = {
//   /** As printed; of a quoted string, without what is in it: ''. */
//   text: ByteString;
//   /** Of a quoted string: its bytes. */
//   value: ByteString | undefined;
//   /** The strings inside an array or a structure. */
//   items: ByteString[];
//   /** Of a file descriptor or AT_FDCWD followed by <...>: what is in it. */
//   path: ByteString | undefined;
//   /** Was the path followed by "(deleted)"? */
//   isDeleted: boolean;
// };

// type TraceCall = {
//   kind: 'call';
//   pid: number;
//   /** When it began: milliseconds of the epoch, with fraction. */
//   timeMs: number;
//   name: string;
//   arguments: TraceArgument[];
//   /** What it returned; -1 with `error`. */
//   status: number;
//   /** Such as ENOENT, '' of a call that succeeded. */
//   error: string;
//   /** Of a returned file descriptor. */
//   path: ByteString | undefined;
//   isDeleted: boolean;
// };

/**
 * What a tracer told. `exited`: with `status`. `killed`: by `signal`. `superseded`: the thread
 * `byPid` took over the id `pid` by an exec. `unreadable`: a line that cannot be read.
 * Calls without a result (interrupted, to be restarted) make no event.
 */
// type TraceEvent =
//   | TraceCall
//   | { kind: 'exited'; pid: number; timeMs: number; status: number }
//   | { kind: 'killed'; pid: number; timeMs: number; signal: string }
//   | { kind: 'superseded'; pid: number; timeMs: number; byPid: number }
//   | { kind: 'unreadable'; pid: number; timeMs: number };

// ==== src/core/tracefiles.ts =====================================================================
// tracefiles.ts - files and their names, as a trace tells of them. Knows no calls, no processes and no disk.

// type TraceOptions = {
//   /** Absolute; where the command starts. */
//   folder: ByteString;
//   /** Of an absolute real path. Asked once for each path. */
//   classOf: (path: ByteString) => PathClass;
//   /** Told at once of a name in the project that led through a symbolic link: the run may change it soon. */
//   onLink?: (path: ByteString) => void;
//   /** The real path of a folder (or of a file that is perhaps a link); itself if it cannot be told. */
//   resolveFolder: (folder: ByteString) => ByteString;
// };

/** A file, whatever its name is at the moment. */
// type TracedNode = {
//   id: number;
//   /** Proven to be from before the run, proven to be made by it, or neither. */
//   origin: 'before' | 'made' | 'unknown';
//   kind: 'file' | 'folder' | 'link' | 'other';
//   /** Was it opened as a file, or only named? */
//   isKindKnown: boolean;
//   isRead: boolean;
//   isReplaced: boolean;
//   isUpdated: boolean;
//   isModeSet: boolean;
//   /** A name was added or taken away: its time of change moved for that alone. */
//   isLinkCountChanged: boolean;
//   isTimesSet: boolean;
//   /** Another file was renamed over it. */
//   isOverwritten: boolean;
//   initialPath: ByteString | undefined;
//   /** Of a link made by the run: its text. */
//   target: ByteString | undefined;
//   names: TracedName[];
//   /** Where it is, or was when it lost its last name. */
//   lastName: TracedName;
// };

/** A path that came up, with or without a file there now. */
// type TracedName = {
//   path: ByteString;
//   what: PathClass;
//   node: TracedNode | undefined;
//   /** Of the file that is there now: renamed or linked into place. */
//   isRelocated: boolean;
//   /** Nothing was there at some moment. */
//   wasAbsent: boolean;
//   /** Something was there before the run. */
//   wasThere: boolean;
//   /** The run put something there, or took something away. */
//   isTouched: boolean;
//   /** The run looked for it in vain. */
//   isMissed: boolean;
//   /** Its text was read, as that of a link. */
//   isLinkRead: boolean;
//   /** Read or written; of the classes for which no more is kept. */
//   isUsed: boolean;
// };

const MOST_LINKS_FOLLOWED = 40;
// Files without a name (O_TMPFILE) that may still get one.
const MOST_NAMELESS = 10000;

/**
 * Invariants: node.names holds exactly the names whose node it is. A node whose names are empty is
 * gone, and is in `nodes` only if it is from before the run or may be. `nodes` is in order of ids.
 */
// Beyond it only the tree of processes lacks who wrote what was overwritten.
const MOST_HEIRS = 1 << 17;

class TracedFiles {
  // readonly options: TraceOptions;
  names = new Map();
  nodes = new Map();
  foldersRemoved = new Set();
  /** Names as given, by way of a symbolic link. */
  linkedNames = new Set();
  /** Those of them that the run had not made or changed when they were followed. */
  linksFollowed = new Set();
  temporaryCount = 0;
  /** Files that were overwritten and are otherwise forgotten: the name at which another took their place. */
  heirs = new Map();
  nextId = 0;
  hasMoved = false;
  /** Folders that some file with a node lies in, at any depth. */
  occupied = new Set();
  /** Real paths of folders, as long as no link or folder changes. */
  realFolders = new Map();
  nameless = new Map();

  constructor(options) {
    this.options = options;
  }

  // ---- names --------------------------------------------------------------------------------------

  /** The name at a real path. */
  nameAt(path) {
    const known = this.names.get(path);
    if (known !== undefined) return known;
    const own = detachString(path);
    const name = {
      path: own, what: this.options.classOf(own), node: undefined, isRelocated: false, wasAbsent: false, wasThere: false, isTouched: false, isMissed: false, isLinkRead: false, isUsed: false,
    };
    this.names.set(own, name);
    return name;
  }

  /** The name at an absolute path as given: its folder may lie behind links, its last part is taken as it is. */
  nameOf(given) {
    let end = given.length;
    while (end > 1 && given.charCodeAt(end - 1) === 47) end--;
    const path = end === given.length ? given : given.slice(0, end);
    const known = this.names.get(path);
    if (known !== undefined && known.node !== undefined && !hasDots(path)) return known;
    const slash = path.lastIndexOf('/');
    const last = path.slice(slash + 1);
    if (last === '' || last === '.' || last === '..') return this.nameAt(this.realFolder(path));
    const folder = slash === 0 ? '/' : path.slice(0, slash);
    const real = this.realFolder(folder);
    return this.nameAt(real === folder ? path : joinNames(real, last));
  }

  /** The name that a symbolic link leads to; the same name if it is none. */
  follow(name) {
    let at = name;
    for (let count = 0; count < MOST_LINKS_FOLLOWED; count++) {
      if (at.node === undefined || (at.node.kind === 'link' && at.node.target === undefined)) return this.nameAt(this.realFolder(at.path));
      if (at.node.kind !== 'link') return at;
      at = this.nameOf(joinNames(at.path.slice(0, at.path.lastIndexOf('/') + 1), at.node.target));
    }
    return at;
  }

  /** The real path of a folder that was given by an absolute path. */
  realFolder(folder) {
    const known = this.realFolders.get(folder);
    if (known !== undefined) return known;
    const own = detachString(folder);
    const found = this.options.resolveFolder(own);
    const real = found === own && hasDots(own) ? normalizeName(own) : found;
    this.realFolders.set(own, real);
    return real;
  }

  /** To be called when a link or a folder was made, moved or removed. */
  forgetRealFolders() {
    this.realFolders.clear();
  }

  /** The name at a path that the kernel gave: so its folder is real too, which saves asking the disk. */
  nameAtReal(path) {
    const known = this.names.get(path);
    if (known !== undefined) return known;
    const name = this.nameAt(path);
    const folder = folderOfName(name.path);
    if (!this.realFolders.has(folder)) this.realFolders.set(detachString(folder), detachString(folder));
    return name;
  }

  // ---- nodes --------------------------------------------------------------------------------------

  /**
   * The file at a name that is known to have one there. Where it was not seen before, it is from
   * before the run, unless there was none earlier: something else may have put it there.
   */
  nodeAt(name) {
    if (name.node !== undefined) return name.node;
    const isMade = this.isInMadeFolder(name) || (name.isTouched && !name.wasAbsent);
    return this.addNode(name, isMade ? 'made' : name.wasAbsent ? 'unknown' : 'before');
  }

  /** A file that the run has put at a name just now. What was there before must have been removed by somebody else. */
  makeNode(name, kind) {
    if (name.node !== undefined) this.loseName(name);
    name.isTouched = true;
    const node = this.addNode(name, 'made');
    node.kind = kind;
    node.isKindKnown = true;
    return node;
  }

  /** The file at a name that was opened with O_CREAT, so that it may have been made just then. */
  createdNode(name) {
    if (name.node !== undefined) return name.node;
    const origin = name.wasAbsent || this.isInMadeFolder(name) ? 'made' : name.wasThere ? 'before' : 'unknown';
    name.isTouched = true;
    return this.addNode(name, origin);
  }

  /** A file without a name, by the path that the kernel makes up for it. */
  makeNameless(path) {
    const node = this.newNode('made', this.nameAt(path));
    this.names.delete(path);
    this.nameless.set(node.lastName.path, node);
    for (const [oldest, lost] of this.nameless) {
      if (this.nameless.size <= MOST_NAMELESS) break;
      this.nameless.delete(oldest);
      if (lost.names.length === 0) this.drop(lost);
    }
    return node;
  }

  namelessAt(path) {
    return this.nameless.get(path);
  }

  /** How many of those without a name still have none. */
  countNameless() {
    let count = 0;
    for (const node of this.nameless.values()) if (node.names.length === 0) count += 1;
    return count;
  }

  /** A second name of a file. */
  linkNode(node, to) {
    if (to.node !== undefined) this.loseName(to);
    this.attach(node, to);
    to.isRelocated = true;
    to.isTouched = true;
    if (node.kind === 'link') this.forgetRealFolders();
  }

  /** rename(2). False: both are names of one file, and nothing happens. */
  move(from, to) {
    const node = this.nodeAt(from);
    if (node === to.node) return false;
    if (to.node !== undefined) this.overwrite(to);
    this.relocate(node, from, to);
    return true;
  }

  /** RENAME_EXCHANGE. */
  exchange(one, other) {
    const first = this.nodeAt(one);
    const second = this.nodeAt(other);
    if (first === second) return;
    this.detach(one);
    this.detach(other);
    const firstBelow = this.takeBelow(first, one);
    const secondBelow = this.takeBelow(second, other);
    this.settle(first, other, firstBelow);
    this.settle(second, one, secondBelow);
    one.isTouched = true;
    other.isTouched = true;
  }

  noticeLink(path) {
    this.options.onLink?.(path);
  }

  /** unlink(2). */
  remove(name) {
    const node = this.nodeAt(name);
    if (node.kind === 'link') this.forgetRealFolders();
    name.isTouched = true;
    name.wasAbsent = true;
    this.detach(name);
    node.isLinkCountChanged = true;
    if (node.names.length > 0) return node;
    const isKept = node.origin !== 'made' && (name.what !== 'temporary' || node.origin === 'before');
    if (isKept) return node;
    this.drop(node);
    // Its path tells nothing any more, and some programs make millions.
    if (name.what === 'temporary') this.names.delete(name.path);
    return node;
  }

  /** rmdir(2). */
  removeFolder(name) {
    const node = this.nodeAt(name);
    if (node.origin !== 'made') this.foldersRemoved.add(node.initialPath ?? name.path);
    node.kind = 'folder';
    this.detach(name);
    this.nodes.delete(node.id);
    name.isTouched = true;
    name.wasAbsent = true;
    this.occupied.delete(name.path);
    this.forgetRealFolders();
  }

  /** Something lies below this path, so that it is a folder. */
  isOccupied(path) {
    return this.occupied.has(path);
  }

  isInMadeFolder(name) {
    return this.names.get(folderOfName(name.path))?.node?.origin === 'made';
  }

  // ---- how names and nodes are held together --------------------------------------------------------

  newNode(origin, name) {
    const node = {
      id: this.nextId++, origin, kind: 'file', isKindKnown: false, isRead: false, isReplaced: false, isUpdated: false, isModeSet: false, isLinkCountChanged: false, isTimesSet: false, isOverwritten: false,
      initialPath: origin === 'made' ? undefined : this.initialPathOf(name.path), target: undefined, names: [], lastName: name,
    };
    this.nodes.set(node.id, node);
    return node;
  }

  addNode(name, origin) {
    const node = this.newNode(origin, name);
    this.attach(node, name);
    return node;
  }

  attach(node, name) {
    name.node = node;
    name.isRelocated = false;
    // A list made by push() has room for 17 at once.
    if (node.names.length === 0) node.names = [name];
    else node.names.push(name);
    node.lastName = name;
    let path = folderOfName(name.path);
    while (!this.occupied.has(path) && path !== '/') {
      this.occupied.add(path);
      path = folderOfName(path);
    }
  }

  detach(name) {
    const node = name.node;
    if (node === undefined) return;
    node.names.splice(node.names.indexOf(name), 1);
    node.lastName = node.names.length > 0 ? node.names[node.names.length - 1] : name;
    name.node = undefined;
    name.isRelocated = false;
  }

  /** Created and gone. */
  drop(node) {
    this.nodes.delete(node.id);
    if (node.kind !== 'folder') this.temporaryCount += 1;
  }

  /** The name was removed by something that was not traced. */
  loseName(name) {
    const node = name.node;
    this.detach(name);
    if (node.names.length === 0 && (node.origin === 'made' || !node.isRead)) this.nodes.delete(node.id);
  }

  /** Another file comes to this name. What was here stays as an input, if it was one. */
  overwrite(name) {
    const node = name.node;
    this.detach(name);
    if (node.names.length > 0) return;
    node.isReplaced = true;
    node.isOverwritten = true;
    if (node.origin !== 'made' && node.isRead) return;
    this.nodes.delete(node.id);
    if (this.heirs.size < MOST_HEIRS) this.heirs.set(node.id, name);
  }

  relocate(node, from, to) {
    from.isTouched = true;
    from.wasAbsent = true;
    this.detach(from);
    this.settle(node, to, this.takeBelow(node, from));
    if (from.what === 'temporary' && node.origin === 'made') this.names.delete(from.path);
  }

  /** Takes away what is known to lie below a folder: the rest of its path, and the file. */
  takeBelow(node, name) {
    if (node.origin !== 'made') this.hasMoved = true;
    if (!this.occupied.has(name.path)) return [];
    node.kind = 'folder';
    node.isKindKnown = true;
    const prefix = name.path + '/';
    const taken = [];
    for (const below of Array.from(this.names.values())) {
      if (below.node === undefined || !below.path.startsWith(prefix)) continue;
      taken.push([below.path.slice(name.path.length), below.node, below.isRelocated]);
      below.isTouched = true;
      below.wasAbsent = true;
      this.detach(below);
    }
    for (const folder of Array.from(this.occupied)) if (folder === name.path || folder.startsWith(prefix)) this.occupied.delete(folder);
    return taken;
  }

  settle(node, to, below) {
    this.attach(node, to);
    to.isRelocated = true;
    to.isTouched = true;
    for (const [rest, moved, wasRelocated] of below) {
      const name = this.nameAt(to.path + rest);
      if (name.node !== undefined) this.loseName(name);
      this.attach(moved, name);
      name.isRelocated = wasRelocated || node.origin !== 'made' || moved.origin !== 'made';
      name.isTouched = true;
    }
    if (node.kind !== 'file' || !node.isKindKnown) this.forgetRealFolders();
  }

  /** Where a file that lies at this path now was before the run, if folders on the way were moved. */
  initialPathOf(path) {
    for (let folder = folderOfName(path); this.hasMoved && folder !== '/'; folder = folderOfName(folder)) {
      const node = this.names.get(folder)?.node;
      if (node === undefined || node.initialPath === undefined || node.initialPath === folder) continue;
      node.kind = 'folder';
      node.isKindKnown = true;
      return node.initialPath + path.slice(folder.length);
    }
    return path;
  }
}

// ---- paths as text ------------------------------------------------------------------------------------

// ==== src/core/traceprocesses.ts =================================================================
// traceprocesses.ts - who started whom, where each process is, and what it read and wrote. Knows no files' names.

/** A program that a process became by an exec. */
// type TracedImage = {
//   /** Milliseconds of the epoch, with fraction. */
//   startMs: number;
//   folder: ByteString;
//   argv: ByteString[];
//   /** The path given to exec, made absolute. */
//   program: ByteString;
// };

/** Where relative and absolute names begin; shared by threads. */
// type Surroundings = { folder: ByteString; root: ByteString };

/** Ids of nodes: a set while the process lives, then a list, which is smaller. */
// type IdSet = Set<number> | number[] | undefined;

// type ProcessState = {
//   position: number;
//   parent: number;
//   leaderPid: number;
//   startMs: number;
//   endMs: number | undefined;
//   exit: number | undefined;
//   signal: string | undefined;
//   images: TracedImage[];
//   threadCount: number;
//   read: IdSet;
//   readNew: IdSet;
//   wrote: IdSet;
//   /** Paths that the kernel made up for files without a name, by descriptor. */
//   nameless: Map<number, ByteString> | undefined;
// };

// type ThreadState = { process: ProcessState; surroundings: Surroundings; isAdopted: boolean };

class TracedProcesses {
  list = [];
  threads = new Map();
  aliveCount = 0;
  lastParent = -1;

  find(pid) {
    return this.threads.get(pid);
  }

  countAlive() {
    return this.aliveCount;
  }

  threadsAlive() {
    return this.threads.values();
  }

  addMain(pid, startMs, folder) {
    return this.addProcess(pid, startMs, -1, { folder, root: '/' });
  }

  /**
   * A process whose parent's call was not seen to return with this id, as in a namespace of process
   * ids: most likely a child of the one that called last.
   */
  adopt(pid, startMs) {
    const parent = this.list[Math.max(0, this.lastParent)];
    const elder = this.threads.get(parent.leaderPid)?.surroundings ?? { folder: '/', root: '/' };
    const thread = this.addProcess(pid, startMs, parent.position, { folder: elder.folder, root: elder.root });
    thread.isAdopted = true;
    return thread;
  }

  /** fork, vfork, clone, clone3 with their flags as text. */
  fork(parent, pid, timeMs, flags) {
    const position = flags.indexOf('CLONE_PARENT') >= 0 && /CLONE_PARENT(?![A-Z_])/.test(flags) ? Math.max(0, parent.process.parent) : parent.process.position;
    this.lastParent = parent.process.position;
    const known = this.threads.get(pid);
    if (known !== undefined && known.isAdopted) {
      if (position < known.process.position) known.process.parent = position;
      known.isAdopted = false;
      return;
    }
    if (known !== undefined) this.end(pid, timeMs, undefined, undefined);
    const shared = flags.indexOf('CLONE_FS') >= 0;
    const surroundings = shared ? parent.surroundings : { folder: parent.surroundings.folder, root: parent.surroundings.root };
    if (flags.indexOf('CLONE_THREAD') >= 0) {
      parent.process.threadCount += 1;
      this.threads.set(pid, { process: parent.process, surroundings, isAdopted: false });
      return;
    }
    const child = this.addProcess(pid, timeMs, position, surroundings);
    if (parent.process.nameless !== undefined) child.process.nameless = new Map(parent.process.nameless);
  }

  /** A thread ended; with the last one its process. */
  end(pid, timeMs, exit, signal) {
    const thread = this.threads.get(pid);
    if (thread === undefined) return;
    const ended = thread.process;
    this.threads.delete(pid);
    ended.threadCount -= 1;
    if (pid === ended.leaderPid) {
      ended.exit = exit;
      ended.signal = signal;
    }
    if (ended.threadCount > 0) return;
    ended.endMs = timeMs;
    ended.read = packIds(ended.read);
    ended.readNew = packIds(ended.readNew);
    ended.wrote = packIds(ended.wrote);
    ended.nameless = undefined;
    this.aliveCount -= 1;
  }

  /** A thread took over the id of its process by an exec. */
  supersede(pid, byPid) {
    const taker = this.threads.get(byPid);
    if (taker === undefined || pid === byPid) return;
    const leader = this.threads.get(pid);
    this.threads.delete(byPid);
    if (leader !== undefined) taker.process.threadCount -= 1;
    this.threads.set(pid, taker);
  }

  addProcess(pid, startMs, parent, surroundings) {
    const process = {
      position: this.list.length, parent, leaderPid: pid, startMs, endMs: undefined, exit: undefined, signal: undefined, images: [], threadCount: 1,
      read: undefined, readNew: undefined, wrote: undefined, nameless: undefined,
    };
    const thread = { process, surroundings, isAdopted: false };
    this.list.push(process);
    this.threads.set(pid, thread);
    this.aliveCount += 1;
    return thread;
  }
}

/** The file's content from before the run, if it has any left, goes into what the process does. */
function noteKept(process, node) {
  if (node.origin === 'made' || node.isReplaced) return;
  node.isRead = true;
  process.read = addId(process.read, node.id);
}

/** The process reads the file: what was there before the run, what the run has written, or some of both. */
function noteRead(process, node) {
  noteKept(process, node);
  if (node.origin === 'made' || node.isReplaced || node.isUpdated) process.readNew = addId(process.readNew, node.id);
}

function noteWritten(process, node) {
  process.wrote = addId(process.wrote, node.id);
}

function addId(ids, id) {
  if (ids === undefined) return new Set([id]);
  return ids instanceof Set ? ids.add(id) : ids;
}

function packIds(ids) {
  return ids instanceof Set ? Array.from(ids) : ids;
}

/** In any order. */
function listIds(ids) {
  return ids === undefined ? [] : Array.from(ids);
}

// ==== src/core/tracecalls.ts =====================================================================
// tracecalls.ts - what each traced call did to the files and processes. Knows no tracer's text beyond arguments, and no disk.

/** What the calls of a run are told to. */
// type TraceState = {
//   files: TracedFiles;
//   /** Real paths of all that was executed. */
//   programs: Set<ByteString>;
//   refusedTracing: boolean;
//   hasPivoted: boolean;
//   /** The live threads, for a folder that moves under them. */
//   threadsAlive: () => Iterable<ThreadState>;
// };

// type CallHandler = (state: TraceState, thread: ThreadState, call: TraceCall) => void;

const NO_ARGUMENT = { text: '', value: undefined, items: [], path: undefined, isDeleted: false };

/** By the name of a call: what it did. Not: fork and its kind, whose result is a process. */
const CALL_HANDLERS = new Map([
  ['open', (state, thread, call) => open(state, thread, call, -1, flagsOf(call, 1))],
  ['openat', (state, thread, call) => open(state, thread, call, 0, flagsOf(call, 2))],
  ['openat2', (state, thread, call) => open(state, thread, call, 0, flagsIn(argumentOf(call, 2).text))],
  ['creat', (state, thread, call) => open(state, thread, call, -1, OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE)],
  ['execve', (state, thread, call) => execute(state, thread, call, -1)],
  ['execveat', (state, thread, call) => execute(state, thread, call, 0)],
  ['chdir', changeFolder],
  ['fchdir', changeFolder],
  ['chroot', changeRoot],
  ['unshare', (_, thread, call) => { if (call.error === '' && argumentOf(call, 0).text.indexOf('CLONE_FS') >= 0) thread.surroundings = { folder: thread.surroundings.folder, root: thread.surroundings.root }; }],
  ['pivot_root', (state, _, call) => { if (call.error === '') state.hasPivoted = true; }],
  ['rename', (state, thread, call) => rename(state, thread, call, -1, 0, -1, 1)],
  ['renameat', (state, thread, call) => rename(state, thread, call, 0, 1, 2, 3)],
  ['renameat2', (state, thread, call) => rename(state, thread, call, 0, 1, 2, 3)],
  ['link', (state, thread, call) => link(state, thread, call, -1, 0, -1, 1)],
  ['linkat', (state, thread, call) => link(state, thread, call, 0, 1, 2, 3)],
  ['symlink', (state, thread, call) => addLink(state, thread, call, -1, 1)],
  ['symlinkat', (state, thread, call) => addLink(state, thread, call, 1, 2)],
  ['unlink', (state, thread, call) => unlink(state, thread, call, -1)],
  ['unlinkat', (state, thread, call) => unlink(state, thread, call, 0)],
  ['rmdir', (state, thread, call) => unlink(state, thread, call, -1)],
  ['mkdir', (state, thread, call) => addFolder(state, thread, call, -1)],
  ['mkdirat', (state, thread, call) => addFolder(state, thread, call, 0)],
  ['mknod', (state, thread, call) => addSpecial(state, thread, call, -1)],
  ['mknodat', (state, thread, call) => addSpecial(state, thread, call, 0)],
  ['bind', bindSocket],
  ['truncate', truncate],
  ['ftruncate', truncate],
  ['chmod', (state, thread, call) => setAttribute(state, thread, call, -1, 'mode')],
  ['fchmod', (state, thread, call) => setAttribute(state, thread, call, 0, 'mode')],
  ['fchmodat', (state, thread, call) => setAttribute(state, thread, call, 0, 'mode')],
  ['fchmodat2', (state, thread, call) => setAttribute(state, thread, call, 0, 'mode')],
  ['utime', (state, thread, call) => setAttribute(state, thread, call, -1, 'times')],
  ['utimes', (state, thread, call) => setAttribute(state, thread, call, -1, 'times')],
  ['futimesat', (state, thread, call) => setAttribute(state, thread, call, 0, 'times')],
  ['utimensat', (state, thread, call) => setAttribute(state, thread, call, 0, 'times')],
  ['readlink', (state, thread, call) => readLink(state, thread, call, -1)],
  ['readlinkat', (state, thread, call) => readLink(state, thread, call, 0)],
  ['ptrace', (state, _, call) => { if (call.error === 'EPERM') state.refusedTracing = true; }],
]);

// ---- names given to calls -------------------------------------------------------------------------------

function argumentOf(call, position) {
  return call.arguments[position] ?? NO_ARGUMENT;
}

/**
 * The absolute path that a call was given, by the positions of its arguments: of the folder's
 * descriptor, -1 where there is none, and of the path. Undefined if it cannot be told.
 */
function givenPath(thread, call, folderAt, pathAt = folderAt + 1) {
  const given = argumentOf(call, pathAt).value;
  if (given === undefined) return undefined;
  const { surroundings } = thread;
  const at = folderAt < 0 ? NO_ARGUMENT : argumentOf(call, folderAt);
  // Newer versions of strace tell the current folder at each such call, which heals what was missed.
  if (at.path !== undefined && at.text === 'AT_FDCWD' && at.path !== surroundings.folder && at.path.charCodeAt(0) === 47) surroundings.folder = detachString(at.path);
  if (given.charCodeAt(0) === 47) return surroundings.root === '/' ? given : surroundings.root + given;
  const folder = folderAt < 0 || at.text === 'AT_FDCWD' ? surroundings.folder : at.path;
  if (folder === undefined || folder.charCodeAt(0) !== 47) return undefined;
  return given === '' ? folder : joinNames(folder, given);
}

/** The name itself that a call was given, or what it leads to. */
function nameGiven(state, thread, call, folderAt, isFollowed, pathAt = folderAt + 1) {
  const given = givenPath(thread, call, folderAt, pathAt);
  if (given === undefined) return undefined;
  const name = state.files.nameOf(given);
  return isFollowed ? state.files.follow(name) : name;
}

/** The file of an open descriptor; undefined for pipes, sockets and files that are gone. */
function nameOfDescriptor(state, at) {
  if (at.path === undefined || at.path.charCodeAt(0) !== 47 || at.isDeleted) return undefined;
  return state.files.nameAt(at.path);
}

/** The run makes something where no more is kept: so it is known to be its own if it moves elsewhere. */
function isCountedAsMade(name) {
  if (!isCounted(name)) return false;
  name.isTouched = true;
  name.wasAbsent = false;
  return true;
}

/** Are files of this name kept apart, or is it enough that there were any? */
function isCounted(name) {
  if (name.what !== 'system' && name.what !== 'ignored') return false;
  name.isUsed = true;
  return true;
}

function isNotThere(call) {
  return call.error === 'ENOENT' || call.error === 'ENOTDIR';
}

/** Looked for in vain. Matters if the run itself has not removed it or its folder. */
function noteMissed(state, name) {
  if (name.node === undefined) name.wasAbsent = true;
  if (name.what !== 'project' || name.node !== undefined || name.isTouched) return;
  const folder = state.files.names.get(folderOfName(name.path));
  if (folder === undefined || !folder.isTouched) name.isMissed = true;
}

// ---- opening --------------------------------------------------------------------------------------------

const OPEN_READ = 1;
const OPEN_WRITE = 2;
const OPEN_CREATE = 4;
const OPEN_EXCLUSIVE = 8;
const OPEN_TRUNCATE = 16;
const OPEN_FOLDER = 32;
const OPEN_PATH = 64;
const OPEN_NAMELESS = 128;

const OPEN_FLAGS = {
  O_RDONLY: OPEN_READ, O_WRONLY: OPEN_WRITE, O_RDWR: OPEN_READ | OPEN_WRITE, O_CREAT: OPEN_CREATE, O_EXCL: OPEN_EXCLUSIVE, O_TRUNC: OPEN_TRUNCATE, O_DIRECTORY: OPEN_FOLDER, O_PATH: OPEN_PATH, O_TMPFILE: OPEN_NAMELESS,
};
const MOST_FLAG_TEXTS = 4096;
const flagTexts = new Map();

function readFlags(text) {
  const known = flagTexts.get(text);
  if (known !== undefined) return known;
  let flags = 0;
  for (const word of text.split('|')) if (Object.prototype.hasOwnProperty.call(OPEN_FLAGS, word)) flags |= OPEN_FLAGS[word];
  if (flagTexts.size < MOST_FLAG_TEXTS) flagTexts.set(detachString(text), flags);
  return flags;
}

function flagsOf(call, position) {
  return readFlags(argumentOf(call, position).text);
}

/** `{flags=O_RDWR|O_CREAT, mode=0666, resolve=0}` */
function flagsIn(how) {
  const match = /^\{flags=([^,}]*)/.exec(how);
  return match === null ? 0 : readFlags(match[1]);
}

function open(state, thread, call, folderAt, flags) {
  const given = givenPath(thread, call, folderAt);
  if (call.error !== '') {
    if (given === undefined) return;
    if (isNotThere(call) && (flags & OPEN_CREATE) === 0) noteMissed(state, state.files.nameOf(given));
    else if (call.error === 'EEXIST') noteThere(state.files.nameOf(given));
    return;
  }
  const { process } = thread;
  if (process.nameless !== undefined) process.nameless.delete(call.status);
  if ((flags & OPEN_PATH) !== 0) return;
  const real = call.path;
  if (real === undefined) {
    if (given !== undefined) openName(state, process, state.files.follow(state.files.nameOf(given)), flags);
  } else if (real.charCodeAt(0) === 47) {
    const isDeleted = call.isDeleted || isOldDeleted(real, given, flags);
    if (isDeleted && (flags & OPEN_NAMELESS) !== 0) return openNameless(state, process, call.status, withoutMark(real));
    if (isDeleted) return openDeleted(state, process, withoutMark(real), given, flags);
    if (given !== undefined && given !== real) noteLinked(state, given, real);
    openName(state, process, state.files.nameAtReal(real), flags);
  }
}

function noteThere(name) {
  if (name.node === undefined && !name.isTouched) name.wasThere = true;
}

/** Before 5.19, strace printed " (deleted)" as if it were part of the name. */
function isOldDeleted(real, given, flags) {
  return real.endsWith(' (deleted)') && ((flags & OPEN_NAMELESS) !== 0 || (given !== undefined && !given.endsWith(' (deleted)')));
}

function withoutMark(path) {
  return path.endsWith(' (deleted)') ? path.slice(0, -10) : path;
}

/** O_TMPFILE: may get a name by linkat. */
function openNameless(state, process, descriptor, path) {
  const node = state.files.makeNameless(path);
  node.isUpdated = true;
  node.isKindKnown = true;
  noteWritten(process, node);
  if (process.nameless === undefined) process.nameless = new Map();
  process.nameless.set(descriptor, node.lastName.path);
}

/**
 * Another process removed the file before strace looked at the new descriptor. If its call was not
 * told yet, it will be. By /proc a file can also be opened that is long gone, or never had a name.
 */
function openDeleted(state, process, real, given, flags) {
  if (given === undefined || /^\/(?:proc|dev)\//.test(given)) return;
  const name = state.files.nameAt(real);
  if (name.node !== undefined || !name.wasAbsent || !name.isTouched) openName(state, process, name, flags);
}

/** The name as given was another than the real one: by a symbolic link on the way. */
function noteLinked(state, given, real) {
  const path = normalizeName(given);
  if (path === real || state.files.linkedNames.has(path)) return;
  const name = state.files.nameAt(path);
  if (name.what !== 'project') return;
  state.files.linkedNames.add(name.path);
  // Should the run point it elsewhere later, it was read before.
  if (name.node !== undefined) return;
  state.files.linksFollowed.add(name.path);
  state.files.noticeLink(name.path);
}

function openName(state, process, name, flags) {
  if ((flags & OPEN_CREATE) !== 0 ? isCountedAsMade(name) : isCounted(name)) return;
  if ((flags & OPEN_FOLDER) !== 0) {
    noteThere(name);
    if (name.node !== undefined) name.node.kind = 'folder';
    return;
  }
  const isCreated = (flags & (OPEN_CREATE | OPEN_EXCLUSIVE)) === (OPEN_CREATE | OPEN_EXCLUSIVE);
  const node = isCreated ? state.files.makeNode(name, 'file') : (flags & OPEN_CREATE) !== 0 ? state.files.createdNode(name) : state.files.nodeAt(name);
  // A folder can be opened for reading alone.
  if ((flags & (OPEN_WRITE | OPEN_CREATE)) !== 0) node.isKindKnown = true;
  if ((flags & OPEN_TRUNCATE) !== 0) node.isReplaced = true;
  else if ((flags & OPEN_READ) !== 0) noteRead(process, node);
  if ((flags & OPEN_WRITE) === 0 && !isCreated) return;
  if ((flags & (OPEN_WRITE | OPEN_TRUNCATE)) === OPEN_WRITE) node.isUpdated = true;
  noteWritten(process, node);
}

// ---- programs -------------------------------------------------------------------------------------------

function execute(state, thread, call, folderAt) {
  const given = givenPath(thread, call, folderAt);
  if (given === undefined) return;
  if (call.error !== '') {
    if (isNotThere(call)) noteMissed(state, state.files.nameOf(given));
    return;
  }
  const { process, surroundings } = thread;
  const program = detachString(normalizeName(given));
  process.images.push({ startMs: call.timeMs, folder: surroundings.folder, argv: argumentOf(call, folderAt + 2).items, program });
  // An exec of a file that has no name any more, by its descriptor.
  if (folderAt >= 0 && argumentOf(call, folderAt).isDeleted) return;
  const asGiven = state.files.nameOf(given);
  const name = state.files.follow(asGiven);
  state.programs.add(name.path);
  if (name !== asGiven || given !== name.path) noteLinked(state, given, name.path);
  if (isCounted(name)) return;
  const node = state.files.nodeAt(name);
  node.isKindKnown = true;
  noteRead(process, node);
}

// ---- folders --------------------------------------------------------------------------------------------

function changeFolder(state, thread, call) {
  if (call.error !== '') return;
  const at = argumentOf(call, 0);
  const given = at.value === undefined ? undefined : givenPath(thread, call, -1);
  if (given !== undefined) thread.surroundings.folder = state.files.realFolder(given);
  else if (at.path !== undefined && at.path.charCodeAt(0) === 47) thread.surroundings.folder = detachString(at.path);
}

function changeRoot(state, thread, call) {
  const given = givenPath(thread, call, -1);
  if (call.error === '' && given !== undefined) thread.surroundings.root = state.files.realFolder(given);
}

function addFolder(state, thread, call, folderAt) {
  const name = nameGiven(state, thread, call, folderAt, false);
  if (name === undefined) return;
  if (call.error === 'EEXIST') noteThere(name);
  if (call.error !== '') return;
  state.files.forgetRealFolders();
  if (!isCountedAsMade(name)) state.files.makeNode(name, 'folder');
}

// ---- names ----------------------------------------------------------------------------------------------

function rename(state, thread, call, fromFolderAt, fromAt, toFolderAt, toAt) {
  if (call.error !== '') return;
  const from = nameGiven(state, thread, call, fromFolderAt, false, fromAt);
  const to = nameGiven(state, thread, call, toFolderAt, false, toAt);
  if (from === undefined || to === undefined || from === to) return;
  const { files } = state;
  const areCounted = [isCounted(from), isCounted(to)];
  if (areCounted[0] && areCounted[1] && from.node === undefined && to.node === undefined) return files.forgetRealFolders();
  const isExchanged = argumentOf(call, 4).text.indexOf('RENAME_EXCHANGE') >= 0;
  for (const name of isExchanged ? [from, to] : [from]) noteKept(thread.process, files.nodeAt(name));
  if (isExchanged) files.exchange(from, to);
  else if (!files.move(from, to)) return;
  for (const name of isExchanged ? [from, to] : [to]) if (name.node !== undefined) noteWritten(thread.process, name.node);
  if (to.node?.kind === 'folder' || to.node?.isKindKnown === false) moveThreads(state, from.path, to.path);
}

/** The current folders of processes move with them. */
function moveThreads(state, from, to) {
  for (const { surroundings } of state.threadsAlive()) {
    if (surroundings.folder === from || surroundings.folder.startsWith(from + '/')) surroundings.folder = to + surroundings.folder.slice(from.length);
  }
}

function link(state, thread, call, fromFolderAt, fromAt, toFolderAt, toAt) {
  if (call.error !== '') return;
  const { files } = state;
  const to = nameGiven(state, thread, call, toFolderAt, false, toAt);
  if (to === undefined) return;
  const isFollowed = argumentOf(call, 4).text.indexOf('AT_SYMLINK_FOLLOW') >= 0;
  const node = linkedNode(state, thread, call, fromFolderAt, fromAt, isFollowed);
  if (node === undefined) {
    // A file without a name that was not seen to be made: memory, or the file of another process.
    const made = files.makeNode(to, 'file');
    made.isUpdated = true;
    noteWritten(thread.process, made);
    return;
  }
  noteKept(thread.process, node);
  files.linkNode(node, to);
  node.isLinkCountChanged = true;
  noteWritten(thread.process, node);
  isCounted(to);
}

/** The file that link or linkat was given, which may have no name. */
function linkedNode(state, thread, call, folderAt, pathAt, isFollowed) {
  const at = argumentOf(call, folderAt);
  const given = argumentOf(call, pathAt).value;
  if (given === '') return at.isDeleted || at.path?.endsWith(' (deleted)') === true ? namelessOf(state, at.path) : nodeOfDescriptor(state, at);
  const match = isFollowed && given !== undefined ? /^\/(?:proc\/(?:self|thread-self|\d+)\/fd|dev\/fd)\/(\d+)$/.exec(given) : null;
  if (match !== null) return namelessOf(state, thread.process.nameless?.get(Number(match[1])) ?? newestOf(thread.process.nameless));
  const name = nameGiven(state, thread, call, folderAt, isFollowed, pathAt);
  return name === undefined ? undefined : state.files.nodeAt(name);
}

/** A descriptor may have been duplicated, which is not traced. */
function newestOf(nameless) {
  return nameless === undefined ? undefined : Array.from(nameless.values()).pop();
}

function namelessOf(state, path) {
  if (path === undefined) return undefined;
  return state.files.namelessAt(withoutMark(path));
}

function nodeOfDescriptor(state, at) {
  const name = nameOfDescriptor(state, at);
  return name === undefined ? undefined : state.files.nodeAt(name);
}

function addLink(state, thread, call, folderAt, pathAt) {
  const name = nameGiven(state, thread, call, folderAt, false, pathAt);
  if (name === undefined) return;
  if (call.error === 'EEXIST') noteThere(name);
  if (call.error !== '') return;
  state.files.forgetRealFolders();
  if (isCountedAsMade(name)) return;
  const node = state.files.makeNode(name, 'link');
  node.target = detachString(argumentOf(call, 0).value ?? '');
  noteWritten(thread.process, node);
}

function unlink(state, thread, call, folderAt) {
  const name = nameGiven(state, thread, call, folderAt, false);
  if (name === undefined) return;
  if (call.error === 'ENOENT') name.wasAbsent = true;
  if (call.error !== '') return;
  const isFolder = call.name === 'rmdir' || argumentOf(call, 2).text.indexOf('AT_REMOVEDIR') >= 0;
  if (isCounted(name) && name.node === undefined) {
    if (isFolder) state.files.forgetRealFolders();
  } else if (isFolder) {
    state.files.removeFolder(name);
  } else {
    noteWritten(thread.process, state.files.remove(name));
  }
}

function addSpecial(state, thread, call, folderAt) {
  const name = nameGiven(state, thread, call, folderAt, false);
  if (name === undefined) return;
  if (call.error === 'EEXIST') noteThere(name);
  if (call.error !== '' || isCountedAsMade(name)) return;
  const mode = argumentOf(call, folderAt + 2).text;
  noteWritten(thread.process, state.files.makeNode(name, /S_IF(?!REG)/.test(mode) ? 'other' : 'file'));
}

function bindSocket(state, thread, call) {
  const address = argumentOf(call, 1);
  // An abstract address is printed as sun_path=@"...".
  if (call.error !== '' || address.text.indexOf('sun_path="') < 0 || address.items.length === 0) return;
  const given = address.items[0];
  const { folder, root } = thread.surroundings;
  const path = given.charCodeAt(0) !== 47 ? joinNames(folder, given) : root === '/' ? given : root + given;
  const name = state.files.nameOf(path);
  if (!isCountedAsMade(name)) noteWritten(thread.process, state.files.makeNode(name, 'other'));
}

// ---- content and attributes -----------------------------------------------------------------------------

function truncate(state, thread, call) {
  if (call.error !== '') return;
  const at = argumentOf(call, 0);
  const name = at.value === undefined ? nameOfDescriptor(state, at) : nameGiven(state, thread, call, -1, true);
  if (name === undefined || isCounted(name)) return;
  const node = state.files.nodeAt(name);
  node.isKindKnown = true;
  if (argumentOf(call, 1).text === '0') {
    node.isReplaced = true;
  } else {
    noteKept(thread.process, node);
    node.isUpdated = true;
  }
  noteWritten(thread.process, node);
}

/** chmod, utime and their kind; the file by name (after a folder) or, without a name, by the descriptor in its place. */
function setAttribute(state, thread, call, folderAt, what) {
  if (call.error !== '') return;
  const given = folderAt < 0 ? argumentOf(call, 0).value : argumentOf(call, folderAt + 1).value;
  const isFollowed = !call.arguments.some((argument) => argument.text.indexOf('AT_SYMLINK_NOFOLLOW') >= 0);
  const name = given === undefined || given === '' ? nameOfDescriptor(state, argumentOf(call, 0)) : nameGiven(state, thread, call, folderAt, isFollowed);
  if (name === undefined || isCounted(name)) return;
  const node = state.files.nodeAt(name);
  if (what === 'times') {
    node.isTimesSet = true;
  } else {
    node.isModeSet = true;
    noteWritten(thread.process, node);
  }
}

function readLink(state, thread, call, folderAt) {
  const given = givenPath(thread, call, folderAt);
  if (given === undefined) return;
  const name = state.files.nameOf(given);
  if (isNotThere(call)) noteMissed(state, name);
  else if (call.error === 'EINVAL') noteThere(name);
  else if (call.error === '' && name.node?.origin !== 'made') name.isLinkRead = true;
}

// ==== src/core/trace.ts ==========================================================================
// trace.ts - what a traced run did, from the events of its tracer. Knows no tracer's text, no files on a disk and no clock.

/** One name of a file, after all that the run renamed. Paths are absolute and real. */
// type TracedFile = {
//   /** Where it is at the end; of a file that is gone: where it was. */
//   path: ByteString;
//   /** Where it was before the run, if it may have existed before. */
//   initialPath: ByteString | undefined;
//   /** Existed before the run (proven), made by it (proven), or opened with O_CREAT without proof. */
//   origin: 'before' | 'made' | 'unknown';
//   /** Content from before the run reached the run: opened for reading, executed, renamed, linked, before it was replaced as a whole. */
//   isRead: boolean;
//   /** Its earlier content was replaced as a whole: truncated to nothing, or another file was renamed over it. */
//   isReplaced: boolean;
//   /** Opened for writing without truncation; whether bytes changed is not traced. */
//   isUpdated: boolean;
//   /** Renamed or linked into place. */
//   isRelocated: boolean;
//   isModeSet: boolean;
//   /** A hard link was made or removed, which moves its time of change. */
//   isLinkCountChanged: boolean;
//   isTimesSet: boolean;
//   /** Removed at the end. */
//   isGone: boolean;
//   /** As far as known; `other`: FIFO, socket, device. */
//   kind: 'file' | 'folder' | 'link' | 'other';
// };

// type TracedProcess = {
//   /** Position of the parent, which comes first; -1 of the command itself. Threads are part of their process. */
//   parent: number;
//   /** Milliseconds of the epoch, with fraction. */
//   startMs: number;
//   endMs: number | undefined;
//   exit: number | undefined;
//   signal: string | undefined;
//   /** Empty of a process that was forked and ran the program of its parent. */
//   images: TracedImage[];
//   /** Positions in `files`, ascending, of all names of a file: content from before the run that was read. */
//   read: number[];
//   /** What was made, written, renamed, linked, chmodded, removed. */
//   wrote: number[];
//   /** What was read after the run had written to it. A file that it had written only a part of is in `read` too. */
//   readNew: number[];
// };

// type TraceSummary = {
//   /** Of the classes project and outside, and temporary ones that existed before; sorted by path. */
//   files: TracedFile[];
//   processes: TracedProcess[];
//   /** Real paths of all that was executed. */
//   programs: ByteString[];
//   /** What was opened of the class system. */
//   systemReads: ByteString[];
//   /** In the project: opened for reading, executed, read as a link, but not there, and not made by the run later. */
//   absent: ByteString[];
//   /** In the project: paths as given that led to another file by symbolic links. */
//   linkedNames: ByteString[];
//   /** Those of linkedNames that the run had not touched itself when it followed them. */
//   linksFollowed: ByteString[];
//   /** Symbolic links whose text was read. */
//   linksRead: ByteString[];
//   /**
//    * Folders from before the run that were renamed, with all that was never seen of their content.
//    * Also what was renamed but never opened: that may be a plain file.
//    */
//   movedFolders: { from: ByteString; to: ByteString }[];
//   /** Still there. */
//   foldersMade: ByteString[];
//   /** From before the run. */
//   foldersRemoved: ByteString[];
//   /** Files created by the run and gone again. */
//   temporaryCount: number;
//   /** Names of class ignored, or temporary and made by the run, that are left out. */
//   ignoredCount: number;
//   /** Processes that have not ended. */
//   outlived: number;
//   /** A process wanted to trace and was refused. */
//   refusedTracing: boolean;
//   warnings: ByteString[];
// };

// Events of processes whose parent's call has not yet returned, before they are taken for somebody's children.
const MOST_HELD = 20000;
const FORKS = new Set(['fork', 'vfork', 'clone', 'clone3']);

/** What a traced run did. Events go in as they come; the summary may be asked for at any time. */
class Trace {
  // private readonly files: TracedFiles;
  processes = new TracedProcesses();
  // private readonly state: TraceState;
  // private readonly folder: ByteString;
  // private main: ProcessState | undefined;
  /** By process id: what came before its parent's call returned. */
  held = new Map();
  heldCount = 0;
  unreadableCount = 0;

  constructor(options) {
    this.folder = options.folder;
    this.files = new TracedFiles(options);
    this.state = { files: this.files, programs: new Set(), refusedTracing: false, hasPivoted: false, threadsAlive: () => this.processes.threadsAlive() };
  }

  handle(event) {
    if (event.kind === 'unreadable') {
      this.unreadableCount += 1;
      return;
    }
    let thread = this.processes.find(event.pid);
    if (thread === undefined && this.main === undefined) {
      thread = this.processes.addMain(event.pid, event.timeMs, this.folder);
      this.main = thread.process;
    }
    if (thread === undefined) this.hold(event);
    else this.apply(thread, event);
  }

  /** Processes that have not ended. */
  countAlive() {
    let count = this.processes.countAlive();
    for (const waiting of this.held.values()) if (waiting[waiting.length - 1].kind === 'call') count += 1;
    return count;
  }

  /** Has the command itself ended? */
  isMainEnded() {
    return this.main !== undefined && this.main.endMs !== undefined;
  }

  /** Process id of the command; 0 before it was seen. */
  mainPid() {
    return this.main === undefined ? 0 : this.main.leaderPid;
  }

  apply(thread, event) {
    if (event.kind === 'call') {
      const handler = CALL_HANDLERS.get(event.name);
      if (handler !== undefined) handler(this.state, thread, event);
      else if (event.status > 0 && FORKS.has(event.name)) this.fork(thread, event);
    } else if (event.kind === 'exited') {
      this.processes.end(event.pid, event.timeMs, event.status, undefined);
    } else if (event.kind === 'killed') {
      this.processes.end(event.pid, event.timeMs, undefined, event.signal);
    } else if (event.kind === 'superseded') {
      this.processes.supersede(event.pid, event.byPid);
    }
  }

  fork(parent, call) {
    const flags = call.arguments.find((argument) => argument.text.indexOf('flags=') >= 0)?.text ?? '';
    // Such a child is hidden from tracers, and made to trace its parent: a leak sanitizer does so.
    if (flags.indexOf('CLONE_UNTRACED') >= 0) {
      this.state.refusedTracing = true;
      return;
    }
    this.processes.fork(parent, call.status, call.timeMs, flags);
    this.release(call.status);
  }

  hold(event) {
    const waiting = this.held.get(event.pid);
    if (waiting === undefined) this.held.set(event.pid, [event]);
    else waiting.push(event);
    this.heldCount += 1;
    if (this.heldCount > MOST_HELD) this.adoptHeld();
  }

  /** The parent is known now: what the process did meanwhile. */
  release(pid) {
    const waiting = this.held.get(pid);
    if (waiting === undefined) return;
    this.held.delete(pid);
    this.heldCount -= waiting.length;
    for (const event of waiting) this.handle(event);
  }

  adoptHeld() {
    // Where an id was used twice, its second life is held back again. Each round does at least one event.
    for (let next = firstEntry(this.held); next !== undefined; next = firstEntry(this.held)) {
      const [pid, waiting] = next;
      this.processes.adopt(pid, waiting[0].timeMs);
      this.release(pid);
    }
  }

  // ---- the summary --------------------------------------------------------------------------------

  summarize() {
    this.adoptHeld();
    const { files, positions } = this.listFiles();
    const names = Array.from(this.files.names.values());
    const pick = (test) => names.filter(test).map((name) => name.path).sort(compareBytes);
    const isData = (name) => name.what === 'project' || name.what === 'outside';
    return {
      files,
      processes: this.processes.list.map((process) => summarizeProcess(process, positions)),
      programs: Array.from(this.state.programs).sort(compareBytes),
      systemReads: pick((name) => name.what === 'system' && name.isUsed),
      absent: pick((name) => name.isMissed && !name.isTouched && name.node === undefined),
      linkedNames: Array.from(this.files.linkedNames).sort(compareBytes),
      linksFollowed: Array.from(this.files.linksFollowed).sort(compareBytes),
      linksRead: pick((name) => name.isLinkRead && isData(name)),
      movedFolders: this.listMovedFolders(),
      foldersMade: pick((name) => isData(name) && name.node !== undefined && name.node.kind === 'folder' && name.node.origin === 'made'),
      foldersRemoved: Array.from(this.files.foldersRemoved).filter((path) => isData(this.files.nameAt(path))).sort(compareBytes),
      temporaryCount: this.files.temporaryCount + this.files.countNameless(),
      ignoredCount: names.filter((name) => (name.what === 'ignored' && name.isUsed) || (name.what === 'temporary' && name.node !== undefined && name.node.kind !== 'folder' && name.node.origin !== 'before')).length,
      outlived: this.processes.countAlive(),
      refusedTracing: this.state.refusedTracing,
      warnings: this.listWarnings(),
    };
  }

  /** The files, and for each node the positions of its names. */
  listFiles() {
    const found = [];
    for (const node of this.files.nodes.values()) {
      if (node.kind === 'folder') continue;
      const names = node.names.filter((name) => this.isReported(node, name));
      for (const name of names) if (!this.files.isOccupied(name.path)) found.push({ id: node.id, file: describeNode(node, name.path, name.isRelocated, false) });
      if (names.length > 0 || node.origin === 'made') continue;
      // Gone, or moved to where nothing is kept.
      const path = node.names.length > 0 ? node.initialPath : node.lastName.path;
      const initial = this.files.nameAt(node.initialPath);
      if (this.isReported(node, initial)) found.push({ id: node.id, file: describeNode(node, path, false, true) });
    }
    found.sort((a, b) => compareBytes(a.file.path, b.file.path) || Number(b.file.isGone) - Number(a.file.isGone) || a.id - b.id);
    const positions = new Map();
    found.forEach(({ id }, at) => {
      const known = positions.get(id);
      if (known === undefined) positions.set(id, [at]);
      else known.push(at);
    });
    for (const [id, name] of this.files.heirs) {
      const inherited = name.node === undefined ? undefined : positions.get(name.node.id);
      if (inherited !== undefined) positions.set(id, inherited);
    }
    return { files: found.map(({ file }) => file), positions };
  }

  isReported(node, name) {
    return name.what === 'project' || name.what === 'outside' || (name.what === 'temporary' && node.origin === 'before');
  }

  listMovedFolders() {
    const moved = [];
    for (const node of this.files.nodes.values()) {
      if (node.initialPath === undefined || node.origin === 'made' || node.names.length === 0) continue;
      if (node.kind !== 'folder' && (node.isKindKnown || node.kind !== 'file')) continue;
      const to = node.names[0].path;
      const folder = this.files.names.get(folderOfName(to))?.node;
      const isAlong = folder !== undefined && folder.initialPath === folderOfName(node.initialPath) && to.slice(to.lastIndexOf('/')) === node.initialPath.slice(node.initialPath.lastIndexOf('/'));
      if (to !== node.initialPath && !isAlong && (this.isReported(node, node.names[0]) || this.isReported(node, this.files.nameAt(node.initialPath)))) moved.push({ from: node.initialPath, to });
    }
    return moved.sort((a, b) => compareBytes(a.to, b.to));
  }

  listWarnings() {
    const warnings = [];
    if (this.state.hasPivoted) warnings.push('the command changed its root folder: names of files may be others than recorded');
    if (this.unreadableCount > 0) warnings.push(String(this.unreadableCount) + (this.unreadableCount === 1 ? ' line' : ' lines') + ' of strace could not be read');
    return warnings;
  }
}

function firstEntry(map) {
  for (const entry of map) return entry;
  return undefined;
}

function describeNode(node, path, isRelocated, isGone) {
  const { initialPath, origin, isRead, isReplaced, isUpdated, isModeSet, isLinkCountChanged, isTimesSet, kind } = node;
  return { path, initialPath, origin, isRead, isReplaced, isUpdated, isRelocated, isModeSet, isLinkCountChanged, isTimesSet, isGone, kind };
}

function summarizeProcess(process, positions) {
  const { parent, startMs, endMs, exit, signal, images } = process;
  const place = (ids) => {
    const found = [];
    for (const id of ids) found.push(...(positions.get(id) ?? []));
    return found.sort((a, b) => a - b);
  };
  return { parent, startMs, endMs, exit, signal, images, read: place(listIds(process.read)), wrote: place(listIds(process.wrote)), readNew: place(listIds(process.readNew)) };
}

// ==== src/core/packagefact.ts ====================================================================
// packagefact.ts - the package that a file came with. Knows no database.

/** What a package manager calls a package; '' where it does not say. */
// type PackageIdentity = { name: ByteString; version: ByteString; architecture: ByteString };

// type PackageManager = 'dpkg' | 'rpm' | 'apk' | 'pacman' | 'guix' | 'nix' | 'conda';

// type PackageFact = PackageIdentity & { manager: PackageManager };

/**
 * The one to name of two packages that hold the same file, as those of one name for two
 * architectures may: that of the machine's own architecture, else the first by name, architecture
 * and version. Does not depend on the order in which they were met.
 */
function choosePackage(a, b, ownArchitecture) {
  if (a === undefined) return b;
  const isOwnA = a.architecture === ownArchitecture;
  if (isOwnA !== (b.architecture === ownArchitecture)) return isOwnA ? a : b;
  const order = compareBytes(a.name, b.name) || compareBytes(a.architecture, b.architecture) || compareBytes(a.version, b.version);
  return order <= 0 ? a : b;
}

// ==== src/core/comparison.ts =====================================================================
// comparison.ts - what a comparison of two contents can say. Knows no formats and no files.

/** Numbers a and b count as equal if |a - b| <= max(absolute, relative * max(|a|, |b|)) (PEP 485). */
// type Tolerance = { absolute: number; relative: number };

/** Why two contents may differ, as far as the contents themselves tell. */
// type Cause = 'time stamp' | 'build path' | 'order of lines' | 'locale' | 'randomness' | 'thread order';

/**
 * How a second content stands to a first.
 * 'equivalent': not the same bytes, but the same once `rule` is applied (a sentence part such as
 * "PDF without CreationDate, ModDate, ID" or "numbers within 1e-9 absolute, 1e-6 relative").
 * 'different': `detail` tells where and by how much, in one line ("3 of 120 numbers differ, at most 2.1e-16 relative, first at line 4").
 * 'unchecked': it cannot be compared further than by its hash, and why.
 */
// type Comparison =
//   | { kind: 'identical' }
//   | { kind: 'equivalent'; rule: string; detail: string }
//   | { kind: 'different'; rule: string; detail: string; causes: Cause[] }
//   | { kind: 'unchecked'; why: string };

/**
 * What is known of the two runs that made the contents; without it fewer causes can be told.
 * Places are absolute folders (project, home, temporary folder); those with the same index stand for
 * each other. A span is the start and the end of a run in milliseconds since 1970 (UTC).
 */
// type CauseHints = {
//   firstPlaces?: ByteString[];
//   secondPlaces?: ByteString[];
//   firstSpan?: [number, number];
//   secondSpan?: [number, number];
// };

/**
 * Undoes a compression of at most `limitBytes`; `usedBytes` is how much of `data` it was, so that what
 * follows can be compared too. Never throws.
 */
// type Unpack = (data: ByteString, format: 'zlib' | 'raw' | 'gzip', limitBytes: number) =>
//   | { kind: 'inflated'; content: ByteString; usedBytes: number }
//   | { kind: 'damaged' }
//   | { kind: 'too large' };

/** What the comparison of a kind is given besides the two contents. `path` may tell the kind. */
// type CompareContext = {
//   path: ByteString;
//   tolerance: Tolerance | undefined;
//   hints: CauseHints;
//   unpack: Unpack;
//   /** Compares two contents that lie inside of the two (a member, what was packed) by their own kind. */
//   compareInner: (first: ByteString, second: ByteString, path: ByteString) => Comparison;
// };

/** "numbers within 1e-9 absolute, 1e-6 relative", the part of a rule that names a tolerance. */
function describeTolerance(tolerance) {
  const parts = [];
  if (tolerance.absolute > 0) parts.push(tolerance.absolute + ' absolute');
  if (tolerance.relative > 0) parts.push(tolerance.relative + ' relative');
  return parts.length === 0 ? 'numbers by value' : 'numbers within ' + parts.join(', ');
}

/** Are two doubles, neither of them an overflow, within the tolerance? All NaN count as the same; an infinity is only near to itself. */
function isWithin(first, second, tolerance) {
  if (first === second || (first !== first && second !== second)) return true;
  const difference = Math.abs(first - second);
  if (!(difference < Infinity)) return isFarWithin(first, second, tolerance);
  return difference <= Math.max(tolerance.absolute, tolerance.relative * Math.max(Math.abs(first), Math.abs(second)));
}

/** The same where the difference of two finite numbers is more than the largest double. */
function isFarWithin(first, second, tolerance) {
  if (!Number.isFinite(first) || !Number.isFinite(second)) return false;
  const half = { absolute: tolerance.absolute / 2, relative: tolerance.relative };
  return isWithin(first / 2, second / 2, half);
}

// ==== src/core/timestamps.ts =====================================================================
// timestamps.ts - finds dates and times in texts and whether they alone differ. Knows no clock.

const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const LONG_MONTH = '(?:January|February|March|April|May|June|July|August|September|October|November|December)';
const WEEKDAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}';
const YEAR = '(?:19|20)\\d\\d';
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:[.,]\\d{1,9})?)?';
const ZONE = '(?: ?(?:Z|[A-Z]{3,4}|[+-]\\d\\d:?\\d\\d)\\b)?';

/** Spellings of a moment, all with a year or, the last two, without: a number in a line that speaks of time, a time of day. */
const SHAPES = [
  { name: 'iso', pattern: YEAR + '-[01]\\d-[0-3]\\d(?:[T _]' + TIME + ZONE + ')?' },
  { name: 'slashes', pattern: YEAR + '/[01]?\\d/[0-3]?\\d(?:[ T]' + TIME + ZONE + ')?' },
  { name: 'day first', pattern: '[0-3]?\\d[./][0-3]?\\d[./]' + YEAR + '(?:,? ' + TIME + ZONE + ')?' },
  { name: 'ctime', pattern: '(?:' + WEEKDAY + ',? )?' + MONTH + ' {1,2}[0-3]?\\d ' + TIME + '(?: [A-Z]{3,4}| [+-]\\d{4})? ' + YEAR },
  { name: 'mail', pattern: '(?:' + WEEKDAY + ',? )?[0-3]?\\d[ -](?:' + LONG_MONTH + '|' + MONTH + ')[ -]' + YEAR + '(?:,? ' + TIME + ZONE + ')?' },
  { name: 'month first', pattern: '(?:' + WEEKDAY + ',? )?(?:' + LONG_MONTH + '|' + MONTH + ') {1,2}[0-3]?\\d,? ' + YEAR + '(?:,? ' + TIME + ZONE + ')?' },
  { name: 'compact', pattern: YEAR + '[01]\\d[0-3]\\d[T_-]?[0-2]\\d[0-5]\\d[0-5]\\d(?:Z|[+-]\\d\\d\'?\\d\\d\'?)?' },
  { name: 'compact day', pattern: YEAR + '[01]\\d[0-3]\\d' },
  { name: 'epoch', pattern: '1\\d{9}(?:\\d{3}(?:\\d{3}){0,2})?(?:\\.\\d+)?' },
  { name: 'time', pattern: TIME },
];

// A stamp is no part of a longer word or number; "_" and "T" may stand around it in file names.
const STAMPS = new RegExp('(^|[^A-Za-z0-9.])(' + SHAPES.map(({ pattern }) => '(?:' + pattern + ')').join('|') + ')(?![A-Za-z0-9]|\\.\\d)', 'g');
const WHOLE_SHAPES = SHAPES.map(({ name, pattern }) => ({ name, whole: new RegExp('^(?:' + pattern + ')$') }));

// type Stamp = { text: string; shape: string; isNamed: boolean };
// type SplitText = { between: string; stamps: Stamp[] };

/**
 * Do the two texts differ in dates and times alone, each the same way spelled in both? Where the spans of the runs are
 * known, what differs must lie in them; a bare number of seconds or a time of day counts only then, or
 * the number where its line calls it a time.
 */
function haveStampsAsOnlyDifference(first, second, hints) {
  const [split, other] = [splitAtStamps(first), splitAtStamps(second)];
  if (split.stamps.length === 0 || split.stamps.length !== other.stamps.length || split.between !== other.between) return false;
  return split.stamps.every((stamp, i) => {
    const pair = other.stamps[i];
    if (stamp.text === pair.text) return true;
    return stamp.shape === pair.shape && isPlausible(stamp, hints.firstSpan) && isPlausible(pair, hints.secondSpan);
  });
}

function splitAtStamps(text) {
  const stamps = [];
  const between = text.replace(STAMPS, (_, before, stamp, at) => {
    const found = WHOLE_SHAPES.find(({ whole }) => whole.test(stamp));
    const lineStart = Math.max(text.lastIndexOf('\n', at) + 1, at - 200);
    stamps.push({ text: stamp, shape: found === undefined ? '' : found.name, isNamed: NAMES_TIME.test(text.slice(lineStart, at + 1)) });
    return before + '\0';
  });
  return { between, stamps };
}

const NAMES_TIME = /time|date|stamp|epoch|created|modified|started|finished|built/i;

const HOUR_MS = 3600000;
// Local time is at most 14 hours away from UTC.
const MOST_ZONE_MS = 15 * HOUR_MS;
const CLOCK_SLACK_MS = 2000;

/** Can the stamp be of this run, or if its span is not known, be a moment at all? */
function isPlausible(stamp, span) {
  const isBare = stamp.shape === 'epoch' || stamp.shape === 'compact day';
  if (span === undefined) return isBare ? stamp.isNamed : stamp.shape !== 'time';
  if (stamp.shape === 'time') return isTimeWithin(stamp.text, span);
  if (stamp.shape === 'epoch') {
    const whole = stamp.text.split('.')[0];
    const timeMs = Number(stamp.text) * 1000 / 10 ** (whole.length - 10);
    return timeMs >= span[0] - CLOCK_SLACK_MS && timeMs <= span[1] + CLOCK_SLACK_MS;
  }
  return listPossibleDays(stamp.text).some((dayMs) => dayMs + 24 * HOUR_MS >= span[0] - MOST_ZONE_MS && dayMs <= span[1] + MOST_ZONE_MS);
}

/** Starts of the days, as if UTC, that the date may mean: 03/04/2026 is two. */
function listPossibleDays(text) {
  const yearFirst = /^(\d{4})[-/]?(\d\d?)[-/]?(\d\d?)/.exec(text);
  if (yearFirst !== null) return [Date.UTC(Number(yearFirst[1]), Number(yearFirst[2]) - 1, Number(yearFirst[3]))];
  const numeric = /^(\d\d?)[./](\d\d?)[./](\d{4})/.exec(text);
  if (numeric !== null) {
    const [day, month, year] = numeric.slice(1).map(Number);
    return [Date.UTC(year, month - 1, day), Date.UTC(year, day - 1, month)];
  }
  const named = /(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/.exec(text);
  const year = /\b(?:19|20)\d\d\b(?!:)/.exec(text);
  const day = /\b\d\d?\b(?!:)/.exec(text.replace(/\d\d:\d\d(?::\d\d)?/, ' '));
  if (named === null || year === null || day === null) return [];
  return [Date.UTC(Number(year[0]), MONTH.slice(3, -1).split('|').indexOf(named[0]), Number(day[0]))];
}

/** Zones differ by quarters of hours, so in a short run the time of day tells at least the minute in a quarter. */
function isTimeWithin(text, span) {
  const quarterMs = HOUR_MS / 4;
  const [hours, minutes, seconds] = text.replace(',', '.').split(':').map(Number);
  const timeMs = (hours * 60 + minutes) * 60000 + (seconds ?? 0) * 1000;
  const precisionMs = seconds === undefined ? 60000 : 1000;
  const start = span[0] - CLOCK_SLACK_MS;
  const behindStart = (((timeMs + precisionMs - start) % quarterMs) + quarterMs) % quarterMs;
  return behindStart <= span[1] - span[0] + 2 * CLOCK_SLACK_MS + precisionMs;
}

// ==== src/core/localecauses.ts ===================================================================
// localecauses.ts - whether two texts differ as if written in two locales. Knows no locale of the machine.

/**
 * Do the texts differ only in how numbers are punctuated (1.5 or 1,5; with ";" for "," between
 * fields), in quotation marks, or in the names of months and days?
 */
function isLocaleDifference(first, second) {
  return [withDecimalComma, withSwappedPunctuation, withPlainQuotes].some((rewrite) =>
    rewrite(first) === second || rewrite(second) === first) || haveNamesAsOnlyDifference(first, second);
}

/** 1,5;2,5 for 1.5,2.5 and 1.5;2.5. A text without a decimal point is none. */
function withDecimalComma(text) {
  if (!/\d\.\d/.test(text)) return undefined;
  return text.replace(/,/g, ';').replace(/(\d)\.(?=\d)/g, '$1,');
}

/** 1.234,5 for 1,234.5 */
function withSwappedPunctuation(text) {
  if (!/\d[.,]\d/.test(text)) return undefined;
  return text.replace(/(\d)([.,])(?=\d)/g, (_, digit, mark) => digit + (mark === '.' ? ',' : '.'));
}

/** Quotation marks of a UTF-8 locale as programs print them in the C locale. */
function withPlainQuotes(text) {
  return text.indexOf('\xe2\x80') < 0 ? undefined : text.replace(/\xe2\x80[\x98\x99]/g, "'").replace(/\xe2\x80[\x9c\x9d]/g, '"');
}

// January to December, Monday to Sunday: English, German, French, Spanish, Italian, Portuguese, Dutch, in UTF-8.
const MONTH_NAMES = [
  'january february march april may june july august september october november december',
  'januar februar m\xc3\xa4rz april mai juni juli august september oktober november dezember',
  'janvier f\xc3\xa9vrier mars avril mai juin juillet ao\xc3\xbbt septembre octobre novembre d\xc3\xa9cembre',
  'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre',
  'gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre',
  'janeiro fevereiro mar\xc3\xa7o abril maio junho julho agosto setembro outubro novembro dezembro',
  'januari februari maart april mei juni juli augustus september oktober november december',
];
const DAY_NAMES = [
  'monday tuesday wednesday thursday friday saturday sunday',
  'montag dienstag mittwoch donnerstag freitag samstag sonntag',
  'lundi mardi mercredi jeudi vendredi samedi dimanche',
  'lunes martes mi\xc3\xa9rcoles jueves viernes s\xc3\xa1bado domingo',
  'luned\xc3\xac marted\xc3\xac mercoled\xc3\xac gioved\xc3\xac venerd\xc3\xac sabato domenica',
  'segunda ter\xc3\xa7a quarta quinta sexta s\xc3\xa1bado domingo',
  'maandag dinsdag woensdag donderdag vrijdag zaterdag zondag',
];
const NAME_WORD = /(?:[A-Za-z]|[\xc3][\x80-\xbf])+\.?/g;

/** Do words alone differ, each a name, or two or more letters of it, of the same month or day in two languages? */
function haveNamesAsOnlyDifference(first, second) {
  const [words, others] = [first.match(NAME_WORD) ?? [], second.match(NAME_WORD) ?? []];
  if (words.length === 0 || words.length !== others.length || first.replace(NAME_WORD, '\0') !== second.replace(NAME_WORD, '\0')) return false;
  return words.every((word, i) => word === others[i] || isSameName(word, others[i]));
}

function isSameName(word, other) {
  return [MONTH_NAMES, DAY_NAMES].some((names) => {
    const places = listPlaces(word, names);
    return listPlaces(other, names).some((place) => places.indexOf(place) >= 0);
  });
}

function listPlaces(word, languages) {
  const start = word.replace(/\.$/, '').toLowerCase().replace(/\xe3/g, '\xc3');
  if (start.length < 2) return [];
  const places = [];
  for (const names of languages) names.split(' ').forEach((name, i) => { if (name.startsWith(start)) places.push(i); });
  return places;
}

/** Is one list of lines in the order of bytes, the other one in that of letters, whatever their case? A first line that both have may be a header. */
function isSortedOtherwise(lines, others) {
  const skipped = lines[0] === others[0] ? 1 : 0;
  const [rows, otherRows] = [lines.slice(skipped), others.slice(skipped)];
  if (rows.length < 3) return false;
  return (isSorted(rows, compareBytes) && isSorted(otherRows, compareLetters)) || (isSorted(rows, compareLetters) && isSorted(otherRows, compareBytes));
}

function isSorted(rows, compare) {
  return rows.every((row, i) => i === 0 || compare(rows[i - 1], row) <= 0);
}

function compareLetters(a, b) {
  return compareBytes(letterKey(a), letterKey(b));
}

function letterKey(row) {
  return row.replace(/[^A-Za-z0-9]/g, '').toLowerCase();
}

// ==== src/core/causes.ts =========================================================================
// causes.ts - why two texts differ, as far as the texts themselves tell. Knows no formats and no clock.

/** More text than this is not searched for causes: several copies of it are made. */
const MOST_SEARCHED_BYTES = 32 << 20;

/**
 * The causes that together account for every difference; [] if they do not, for a wrong cause is worse
 * than none. Randomness and the order of threads cannot be told from two contents.
 */
function findCauses(first, second, hints) {
  if (first === second || first.length + second.length > MOST_SEARCHED_BYTES) return [];
  const withPlaces = explainBeyondPlaces(first, second, hints);
  if (withPlaces !== undefined) return withPlaces;
  const [known, otherKnown] = [replacePlaces(first, hints.firstPlaces), replacePlaces(second, hints.secondPlaces)];
  const isReplaced = known !== first || otherKnown !== second;
  const beyond = isReplaced ? explainBeyondPlaces(known, otherKnown, hints) : undefined;
  if (beyond !== undefined) return sortCauses(['build path', ...beyond]);
  if (hasPathsAsOnlyDifference(first, second)) return ['build path'];
  return isLocaleDifference(first, second) ? ['locale'] : [];
}

/** Causes other than 'build path'; undefined if they do not account for all. */
function explainBeyondPlaces(first, second, hints) {
  if (first === second) return [];
  if (haveStampsAsOnlyDifference(first, second, hints)) return ['time stamp'];
  if (!haveSameLines(first, second)) return undefined;
  return isSortedOtherwise(splitLines(first), splitLines(second)) ? ['locale'] : ['order of lines'];
}

function sortCauses(causes) {
  return causes.sort(compareBytes);
}

/** The lines of a text, whether its last one is ended or not. */
function splitLines(text) {
  return text.replace(/\n$/, '').split('\n');
}

function haveSameLines(first, second) {
  if (Math.abs(first.length - second.length) > 1) return false;
  const [lines, others] = [splitLines(first).sort(compareBytes), splitLines(second).sort(compareBytes)];
  return lines.length > 1 && lines.length === others.length && lines.every((line, i) => line === others[i]);
}

const PATH_GOES_ON = /[\w.+~-]/;

/** The text with each place, where it is a whole path or the beginning of one, as its number between NULs. */
function replacePlaces(text, places) {
  const longestFirst = (places ?? []).map((place, i) => ({ place, mark: '\0' + i + '\0' })).filter(({ place }) => place.length > 1)
    .sort((a, b) => b.place.length - a.place.length || compareBytes(a.place, b.place));
  return longestFirst.reduce((replaced, { place, mark }) => replacePlace(replaced, place, mark), text);
}

function replacePlace(text, place, mark) {
  const parts = text.split(place);
  let replaced = parts[0];
  for (let i = 1; i < parts.length; i++) {
    const isPart = PATH_GOES_ON.test(parts[i].slice(0, 1)) || (parts[i] === '' && i < parts.length - 1) || /[\w.+~-]$/.test(parts[i - 1].slice(-1));
    replaced += (isPart ? place : mark) + parts[i];
  }
  return replaced;
}

const ABSOLUTE_PATH = /(?:\/[\w.+~@%-]+){2,}/g;

/** Do only absolute paths differ, each pair with the same end and all pairs with the same two beginnings? */
function hasPathsAsOnlyDifference(first, second) {
  if (first.replace(ABSOLUTE_PATH, '/') !== second.replace(ABSOLUTE_PATH, '/')) return false;
  const [paths, others] = [first.match(ABSOLUTE_PATH) ?? [], second.match(ABSOLUTE_PATH) ?? []];
  if (paths.length !== others.length) return false;
  let beginnings;
  for (let i = 0; i < paths.length; i++) {
    if (paths[i] === others[i]) continue;
    const tail = measureCommonTail(paths[i], others[i]);
    if (tail === 0) return false;
    const pair = paths[i].slice(0, -tail) + '\0' + others[i].slice(0, -tail);
    if (beginnings !== undefined && beginnings !== pair) return false;
    beginnings = pair;
  }
  return beginnings !== undefined;
}

/** Length of the whole components that both paths end with, their slash included. */
function measureCommonTail(path, other) {
  let tail = 0;
  for (let length = 1; length < Math.min(path.length, other.length); length++) {
    if (path[path.length - length] !== other[other.length - length]) break;
    if (path[path.length - length] === '/') tail = length;
  }
  return tail;
}

// ==== src/core/repeat.ts =========================================================================
// repeat.ts - repeating a run: may it be, with what changed, and what the outcome says. Knows no files and no processes.

/** Why the run cannot be repeated from its record, as a part of a sentence; undefined if it can. */
function findRepeatObstacle(run) {
  if (run.status === 'running') return 'it is still running';
  if (run.status === 'lost') return 'its end is not known (lost)';
  if (run.command.indexOf('\0') >= 0) return 'its command holds a secret that was not recorded';
  if (run.directory !== '.' && !isResultPath(run.directory)) return 'it ran in ' + run.directory + ', outside the project';
  const outside = run.outputs.find((file) => file.kind !== 'd' && !isResultPath(file.path));
  return outside === undefined ? undefined : 'its output ' + outside.path + ' is outside the project';
}

// ---- something changed --------------------------------------------------------------------------------

/** `--set NAME=VALUE`. */
// type Setting = { name: ByteString; value: ByteString };

// type Changed = { kind: 'changed'; argv: ByteString[]; parameters: ByteString[] } | { kind: 'refused'; why: string };

const ENDS_VALUE = '[^ \\t-\\r,;&|<>()\'"`}\\]]*';

function escapeForPattern(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** Does this argument name the parameter as an option whose value is the next one? */
function isNamingOption(argument, name) {
  return argument === '--' + name || argument === '-' + name;
}

/**
 * The arguments with a parameter set: where it stands as NAME=VALUE or NAME:VALUE (also within an
 * argument, such as a script's text), as -NAME VALUE or --NAME VALUE, and, if `old` is known and it
 * stands nowhere so, the one argument that is `old`. A NAME of digits is the number of an argument.
 */
function setArgument(argv, setting, old, quoteWord) {
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
    return i === 0 ? word : word.replace(pattern, (_, before, found, sign) => {
      count += 1;
      return before + found + sign + (isScript ? quoteWord(value) : value);
    });
  });
  if (count > 0) return changed;
  const places = old === undefined || old === '' ? [] : argv.map((_, i) => i).filter((i) => i > 0 && argv[i] === old);
  if (places.length === 1) return argv.map((word, i) => (i === places[0] ? value : word));
  return places.length > 1 ? 'several arguments are ' + String(old) + '; give its number' : 'the command does not hold it';
}

/** The command and the parameters of a run with each of these set, or why that cannot be. */
function changeRun(argv, parameters, settings, quoteWord) {
  let words = argv;
  let recorded = parameters;
  for (const setting of settings) {
    const at = recorded.findIndex((parameter) => parameter.startsWith(setting.name + ' '));
    const old = at < 0 ? undefined : recorded[at].slice(setting.name.length + 1);
    const set = setArgument(words, setting, old, quoteWord);
    if (typeof set === 'string') return { kind: 'refused', why: 'cannot set ' + setting.name + ': ' + set };
    words = set;
    const line = setting.name + ' ' + setting.value;
    if (at >= 0) recorded = recorded.map((parameter, i) => (i === at ? line : parameter));
    else if (!/^\d+$/.test(setting.name)) recorded = recorded.concat(line);
  }
  return { kind: 'changed', argv: words, parameters: recorded };
}

// ---- the verdict ----------------------------------------------------------------------------------------

/** What the repeat left under the path of an output: its state, if any. */
// type OutputPair = { first: FileState; second: FileState | undefined };

// type CompareOutputs = (first: FileState, second: FileState) => Comparison;

function judgePair(pair, compare) {
  const { first, second } = pair;
  const say = (word, detail, comparison) => ({ verdict: { word, path: first.path, detail }, comparison });
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

// type Judgement = { verdicts: Verdict[]; comparisons: Map<ByteString, Comparison> };

/**
 * The outputs of a repeat against those of the run that it repeats, both ways, sorted by path.
 * Folders count only if one of both has none; secret outputs by their keyed hashes.
 */
function judgeRepeat(original, repeat, compare) {
  const judgement = { verdicts: [], comparisons: new Map() };
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
function judgeSecrets(first, second, verdicts) {
  const split = (line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))];
  const made = new Map(second.map(split));
  for (const [path, hash] of first.map(split)) {
    const other = made.get(path);
    verdicts.push({ word: other === undefined ? 'missing' : other === hash ? 'identical' : 'different', path, detail: other === undefined || other === hash ? '' : 'another secret' });
  }
  const known = new Set(first.map((line) => split(line)[0]));
  for (const [path] of second.map(split)) if (!known.has(path)) verdicts.push({ word: 'extra', path, detail: '' });
}

/** What one removed and the other did not: only of files that the repeat had to remove, its inputs. */
function judgeRemovals(original, repeat, verdicts) {
  const inputs = new Set(original.inputs.map((file) => file.path));
  for (const path of original.removed) if (inputs.has(path) && repeat.removed.indexOf(path) < 0) verdicts.push({ word: 'different', path, detail: 'is still there; the run had removed it' });
  for (const path of repeat.removed) if (original.removed.indexOf(path) < 0) verdicts.push({ word: 'different', path, detail: 'was removed; the run had left it' });
}

/** What a person takes for a good repeat. */
// type Acceptance = 'identical' | 'tolerance';

/** Is every output as `accept` wants it, and did the command end as it had? */
function isRepeatAccepted(original, repeat, accept) {
  if (original.exit !== repeat.exit || original.signal !== repeat.signal) return false;
  return repeat.verdicts.every(({ word }) => word === 'identical' || (word === 'tolerance' && accept === 'tolerance'));
}

/** How the repeat ended if not as the original: "exit 1, was 0"; '' if it did. */
function describeOtherEnd(original, repeat) {
  const tell = (run) => run.signal ?? String(run.exit ?? '-');
  return tell(original) === tell(repeat) ? '' : 'exit ' + tell(repeat) + ', was ' + tell(original);
}

// ---- which runs -----------------------------------------------------------------------------------------

/** The run that made an input as this run read it: the last one before it that left this content there. */
function findInputProducer(runs, run, file) {
  let found;
  for (const earlier of runs) {
    if (earlier.id >= run.id) break;
    if (resultsOf(earlier).some((output) => output.path === file.path && isSameContent(output, file))) found = earlier;
  }
  return found;
}

/** Paths of results that runs from this one on made: they were not there before it. */
function listLaterResults(runs, run) {
  const paths = new Set();
  for (const later of runs) if (later.id >= run.id) for (const file of resultsOf(later)) paths.add(file.path);
  for (const earlier of runs) {
    if (earlier.id >= run.id) break;
    for (const file of resultsOf(earlier)) paths.delete(file.path);
  }
  return paths;
}

/** What surrounds a repeat instead of the usual: variables set or (undefined) unset, words before the command. */
// type RepeatSurroundings = {
//   variables: { [name: string]: ByteString | undefined };
//   umask: number | undefined;
//   prefix: ByteString[];
//   /** Beginning of the name of the scratch folder. */
//   folderName: ByteString | undefined;
//   /** Files of the tree made in the opposite order. */
//   isReversed: boolean;
// };

const USUAL_SURROUNDINGS = { variables: {}, umask: undefined, prefix: [], folderName: undefined, isReversed: false };

// ==== src/formats/percent.ts =====================================================================
// percent.ts - text of a record's field, percent-encoded (docs/record-format.txt, 2). Decides nothing.

const HEX = '0123456789ABCDEF';
// Most text has nothing to encode, and one test of this kind is cheaper than a look at every byte.
const PLAIN = /^[!-$&-[\]-~](?:[ -$&-~]*[!-$&-[\]-~])?$/;

function escapeByte(code) {
  return '%' + HEX[code >> 4] + HEX[code & 15];
}

/** Is the sequence at `at` a C1 control character (U+0080..U+009F), which terminals obey? */
function isC1Control(text, at) {
  return text.charCodeAt(at) === 0xc2 && text.charCodeAt(at + 1) < 0xa0;
}

/**
 * The text with "%", control bytes, bytes that are not UTF-8, spaces at either end and a final "\"
 * written as %XX. Never empty for a non-empty text; '' stays ''.
 */
function encodeText(text) {
  if (PLAIN.test(text)) return text;
  let encoded = '';
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    const length = code < 0x80 ? 1 : utf8SequenceLength(text, at);
    const isEdge = at === 0 || at === text.length - 1;
    if (length === 0 || code < 0x20 || code === 0x25 || code === 0x7f || (code === 0x20 && isEdge)
      || (code === 0x5c && at === text.length - 1)) {
      encoded += escapeByte(code);
      at += 1;
    } else if (isC1Control(text, at)) {
      encoded += escapeByte(code) + escapeByte(text.charCodeAt(at + 1));
      at += 2;
    } else {
      encoded += text.slice(at, at + length);
      at += length;
    }
  }
  return encoded;
}

/** Undoes encodeText. A "%" that no two hexadecimal digits follow stands for itself. */
function decodeText(text) {
  if (text.indexOf('%') < 0) return text;
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
}

/** Text as one word: a space in it is written as %20, too. decodeText undoes it. */
function encodeWord(text) {
  return encodeText(text).replace(/ /g, '%20');
}

/**
 * In a Run a withheld secret is spelled NUL { 16 hex digits }: no argument can hold a NUL, so it
 * cannot be mistaken. In the record it is %{...}.
 */
function encodeWithheld(value) {
  return value.split('\0').map((part, i) => (i === 0 ? encodeText(part) : encodeMarked(part))).join('%');
}

function encodeMarked(part) {
  const mark = part.slice(0, 18);
  return mark + (part.length > 18 ? encodeText(part.slice(18)) : '');
}

/** Undoes encodeWithheld. */
function decodeWithheld(value) {
  return value.split(/%(?=\{[0-9a-f]{16}\})/).map(decodeText).join('\0');
}

/**
 * Text from a record made harmless for a terminal: control bytes, C1 controls, bytes that are not
 * UTF-8 and the marks that turn the direction of writing are shown as %XX; newlines and tabs too.
 */
function makeHarmless(text) {
  if (/^[ -~]*$/.test(text)) return text;
  let shown = '';
  for (let at = 0; at < text.length;) {
    const length = utf8SequenceLength(text, at);
    const part = text.slice(at, at + Math.max(length, 1));
    const isControl = length === 0 || part < ' ' || part === '\x7f' || /^\xc2[\x80-\x9f]$/.test(part)
      || /^\xe2\x80[\x8e\x8f\xaa-\xae]$/.test(part) || /^\xe2\x81[\xa6-\xa9]$/.test(part) || part === '\xd8\x9c';
    shown += isControl ? Array.from(part, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')).join('') : part;
    at += part.length;
  }
  return shown;
}

// ==== src/formats/shell.ts =======================================================================
// shell.ts - words of POSIX shell source (POSIX.1-2017, Shell Command Language, 2.2). Decides nothing.

const SAFE_WORD = /^[A-Za-z0-9_@+:,./-][A-Za-z0-9_@+=:,./-]*$/;
// Words that mean something at the start of a command (2.4), and assignments.
const SPECIAL_FIRST = /^(?:if|then|else|elif|fi|do|done|case|esac|while|until|for|in|function|select|time|coproc|namespace|[A-Za-z_][A-Za-z0-9_]*\+?=[^]*)$/;

/** One argument as one shell word. */
function quoteWord(argument) {
  if (SAFE_WORD.test(argument)) return argument;
  // A quote within single quotes cannot be; it ends them, stands escaped, and begins new ones.
  return "'" + argument.replace(/'/g, "'\\''") + "'";
}

/** Where an absolute path of the project stands in an argument: [start, end) pairs. */
function findRoot(argument, root) {
  const found = [];
  if (root.length < 2) return found;
  let at = argument.indexOf(root);
  while (at >= 0) {
    const before = argument.slice(0, at);
    const next = argument[at + root.length];
    const startsThere = /(?:^|[^A-Za-z0-9._/-]|^-[A-Za-z]+|:\/\/)$/.test(before);
    const endsThere = next === undefined || !/[A-Za-z0-9._-]/.test(next);
    if (startsThere && endsThere) found.push(at);
    at = argument.indexOf(root, at + root.length);
  }
  return found;
}

/**
 * One argument as one shell word in which the project's folder is spelled `rootWord` (shell source
 * in double quotes, such as "$PWD"), so that a record names no place of its project.
 */
function quoteArgument(argument, root, rootWord) {
  let word = '';
  let from = 0;
  for (const at of findRoot(argument, root)) {
    if (at > from) word += quoteWord(argument.slice(from, at));
    word += rootWord;
    from = at + root.length;
  }
  if (from === 0) return quoteWord(argument);
  return from < argument.length ? word + quoteWord(argument.slice(from)) : word;
}

/** The argument with the project's folder given as `to` where it was given as `from`, another name of it. */
function respellRoot(argument, from, to) {
  let text = '';
  let done = 0;
  for (const at of findRoot(argument, from)) {
    text += argument.slice(done, at) + to;
    done = at + from.length;
  }
  return text + argument.slice(done);
}

/**
 * How shell source spells the project's folder when it runs in `directory` of the project; outside
 * of it (an absolute one) whoever repeats the command must say where the project is.
 */
function spellRoot(directory) {
  if (directory === '.') return '"$PWD"';
  if (directory[0] === '/') return '"${RR_PROJECT:?}"';
  return '"$(cd ' + directory.split('/').map(() => '..').join('/') + ' && pwd -P)"';
}

/**
 * POSIX shell source that gives a command exactly these argument bytes when it runs in `directory`
 * of the project `root`.
 */
function quoteCommand(argv, root, directory) {
  const rootWord = spellRoot(directory);
  return argv.map((argument, position) => {
    const word = quoteArgument(argument, root, rootWord);
    // A quoted letter is enough: it is then neither a reserved word nor the name of an assignment.
    return position === 0 && SPECIAL_FIRST.test(argument) ? word.replace(/^[A-Za-z_][A-Za-z0-9_]*/, "'$&'") : word;
  }).join(' ');
}

/**
 * Undoes quoteCommand(): the argument bytes, with the project's folder given as `root`. undefined if
 * the source is not in the form that quoteCommand() gives, and so may mean anything to a shell.
 */
function splitCommand(source, root, directory) {
  const rootWord = spellRoot(directory);
  const argv = [];
  for (let at = 0; at <= source.length; at++) {
    const start = at;
    let word = '';
    while (at < source.length && source[at] !== ' ') {
      const quoted = /^(?:'[^']*'|\\'|[A-Za-z0-9_@+=:,./-]+)/.exec(source.slice(at, at + 1) === "'" ? source.slice(at) : source.slice(at, at + 4096));
      if (source.startsWith(rootWord, at)) {
        word += root;
        at += rootWord.length;
      } else if (quoted === null) return undefined;
      else {
        word += quoted[0][0] === "'" ? quoted[0].slice(1, -1) : quoted[0][0] === '\\' ? "'" : quoted[0];
        at += quoted[0].length;
      }
    }
    if (at === start || (argv.length === 0 && SPECIAL_FIRST.test(source.slice(start, at)))) return undefined;
    argv.push(word);
  }
  return argv;
}

/** Does a single argument need a shell: does it hold anything but one plain word? */
function hasShellSyntax(argument) {
  return /[ \t-\r|&;<>()$`"'\\*?[\]#~{}!]/.test(argument) || /^[A-Za-z_][A-Za-z0-9_]*=/.test(argument);
}

// ==== src/formats/processes.ts ===================================================================
// processes.ts - the processes of a run as fields of its record (docs/record-format.txt, 8). Decides nothing.

/** Names of the fields that readProcesses reads together. */
const PROCESS_FIELDS = ['Process', 'Process_exec', 'Process_read', 'Process_wrote'];

// type ProcessField = { name: string; value: ByteString };

/** Called with a field and what is wrong with it; does not return. */
// type ProcessFault<F> = (field: F, what: string) => never;

/**
 * File numbers that are read of one record. A few bytes can stand for very many, so that without a
 * bound a hostile record would fill the memory. A true one may have more (2,000 processes that each
 * read the same 10,000 files): what is beyond the bound is left out, and that is no fault.
 */
const MAX_PROCESS_FILES = 1 << 24;

/** Seconds with 6 decimals, without the zeros at the end: 0.01, 2. Never negative: the clock may have been set. */
function printSeconds(seconds) {
  return Math.max(0, seconds).toFixed(6).replace(/\.?0+$/, '');
}

/** Positions from 0, ascending, as numbers from 1: 1-4,9,12-13. */
function printRanges(positions) {
  const parts = [];
  for (let i = 0; i < positions.length;) {
    let last = i;
    while (last + 1 < positions.length && positions[last + 1] === positions[last] + 1) last += 1;
    const first = String(positions[i] + 1);
    parts.push(last === i ? first : first + '-' + String(positions[last] + 1));
    i = last + 1;
  }
  return parts.join(',');
}

// type Range = { first: number; last: number };

/** The ranges of a list of numbers 1..count, ascending; undefined if it is none. */
function parseRanges(text, count) {
  const ranges = [];
  let least = 1;
  for (const part of text.split(',')) {
    const parts = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (parts === null) return undefined;
    const first = Number(parts[1]);
    const last = parts[2] === undefined ? first : Number(parts[2]);
    if (first < least || last < first || last > count) return undefined;
    ranges.push({ first, last });
    least = last + 1;
  }
  return ranges;
}

/** "N DIRECTORY COMMAND" and the like: the words, then the command, which a subshell has not. */
function joinFields(words, command) {
  return words.join(' ') + (command === '' ? '' : ' ' + encodeWithheld(command));
}

/** The lines of all processes; each one's stand together. '' if there are none. */
function printProcesses(processes) {
  let text = '';
  processes.forEach((one, at) => {
    const number = String(at + 1);
    const end = one.endS === undefined ? '-' : printSeconds(one.endS);
    const exit = one.exit === undefined ? one.signal ?? '-' : String(one.exit);
    const parent = one.parent === undefined ? '0' : String(one.parent + 1);
    const words = [number, parent, printSeconds(one.startS), end, exit, encodeWord(one.directory)];
    text += 'Process: ' + joinFields(words, one.command) + '\n';
    for (const later of one.later) {
      text += 'Process_exec: ' + joinFields([number, printSeconds(later.startS), encodeWord(later.directory)], later.command) + '\n';
    }
    if (one.read.length > 0) text += 'Process_read: ' + number + ' ' + printRanges(one.read) + '\n';
    if (one.wrote.length > 0) text += 'Process_wrote: ' + number + ' ' + printRanges(one.wrote) + '\n';
  });
  return text;
}

const PROCESS_LINE = /^([1-9]\d*) (0|[1-9]\d*) (\d{1,15}(?:\.\d+)?) (-|\d{1,15}(?:\.\d+)?) (-|\d+|[A-Z][A-Z0-9_+-]*) ([^ ]+)(?: (.+))?$/;
const EXEC_LINE = /^([1-9]\d*) (\d{1,15}(?:\.\d+)?) ([^ ]+)(?: (.+))?$/;
const FILES_LINE = /^([1-9]\d*) ([0-9,-]+)$/;

/** Reads the line of the process that follows on `known` others. */
function parseProcess(field, known, fault) {
  const parts = PROCESS_LINE.exec(field.value);
  if (parts === null) return fault(field, 'not "N PARENT START END EXIT DIRECTORY COMMAND"');
  if (Number(parts[1]) !== known + 1) fault(field, 'not number ' + String(known + 1) + ': ' + parts[1]);
  if (Number(parts[2]) > known) fault(field, 'a parent that does not stand before it: ' + parts[2]);
  const isNumber = /^\d/.test(parts[5]);
  if (isNumber && Number(parts[5]) > 255) fault(field, 'not an exit status: ' + parts[5]);
  return {
    parent: parts[2] === '0' ? undefined : Number(parts[2]) - 1, startS: Number(parts[3]), endS: parts[4] === '-' ? undefined : Number(parts[4]),
    exit: isNumber ? Number(parts[5]) : undefined, signal: isNumber || parts[5] === '-' ? undefined : parts[5],
    directory: decodeText(parts[6]), command: parts[7] === undefined ? '' : decodeWithheld(parts[7]), later: [], read: [], wrote: [],
  };
}

/** Reads the lists of files, as long as they come to no more than MAX_PROCESS_FILES. */
class FileListReader {
  /** Lists that were too much. */
  leftOut = 0;
  // private readonly fileCount: number;
  total = 0;
  constructor(fileCount) {
    this.fileCount = fileCount;
  }
  /** Fills `list`, which must be empty; gives what is wrong, or ''. */
  read(text, list) {
    const ranges = parseRanges(text, this.fileCount);
    if (ranges === undefined) return 'not ascending numbers of files, 1 to ' + String(this.fileCount);
    if (list.length > 0) return 'stands twice';
    const length = ranges.reduce((sum, range) => sum + range.last - range.first + 1, 0);
    if (this.total + length > MAX_PROCESS_FILES) {
      this.leftOut += 1;
      return '';
    }
    this.total += length;
    for (const range of ranges) for (let number = range.first; number <= range.last; number++) list.push(number - 1);
    return '';
  }
}

/**
 * The processes of which `fields` tell, all of a record's that PROCESS_FIELDS names, in the order of
 * the record; `fileCount`: its inputs and outputs together. `leftOut`: lists of files beyond the bound.
 */
function readProcesses(fields, fileCount, fault) {
  const processes = [];
  for (const field of fields) if (field.name === 'Process') processes.push(parseProcess(field, processes.length, fault));
  const processOf = (field, number) => processes[Number(number) - 1] ?? fault(field, 'no process ' + number);
  const lists = new FileListReader(fileCount);
  for (const field of fields) {
    if (field.name === 'Process') continue;
    if (field.name === 'Process_exec') {
      const parts = EXEC_LINE.exec(field.value) ?? fault(field, 'not "N START DIRECTORY COMMAND"');
      const command = parts[4] === undefined ? '' : decodeWithheld(parts[4]);
      processOf(field, parts[1]).later.push({ startS: Number(parts[2]), directory: decodeText(parts[3]), command });
      continue;
    }
    const parts = FILES_LINE.exec(field.value) ?? fault(field, 'not "N RANGES"');
    const one = processOf(field, parts[1]);
    const wrong = lists.read(parts[2], field.name === 'Process_read' ? one.read : one.wrote);
    if (wrong !== '') fault(field, wrong);
  }
  return { processes, leftOut: lists.leftOut };
}

// ==== src/formats/record.ts ======================================================================
// record.ts - a run as a recutils record, printed and parsed (docs/record-format.txt). Decides nothing.

/** Format this version writes, and the newest it understands in full. */
const RECORD_FORMAT = 1;

const RECORD_HEAD = '# rr run record, format ';
const RECORD_TAIL = '; described in provenance/README.txt\n';
const STATUSES = ['running', 'succeeded', 'failed', 'interrupted', 'lost'];
const VERDICT_WORDS = ['identical', 'tolerance', 'different', 'missing', 'extra', 'unchecked'];
const CODE_FILE_STATES = ['clean', 'changed', 'untracked', 'unversioned'];

// type Field = { name: string; value: ByteString; line: number };

/** `HASH  SIZE[KIND] PATH` */
function printFile(file) {
  return file.hash + '  ' + String(file.size) + file.kind + ' ' + encodeText(file.path);
}

/** Undoes printFile; undefined if the line is none. */
function parseFile(line) {
  const parts = /^([0-9a-f]{64}|-|\?) {2}(\d+)([xldpscb]?) (.+)$/.exec(line);
  if (parts === null || Number(parts[2]) > Number.MAX_SAFE_INTEGER) return undefined;
  return { hash: parts[1], size: Number(parts[2]), kind: parts[3], path: decodeText(parts[4]) };
}

class FieldWriter {
  text = '';
  raw(name, value) {
    if (value !== undefined && value !== '') this.text += name + ': ' + String(value) + '\n';
  }
  encoded(name, value) {
    if (value !== undefined) this.raw(name, encodeText(value));
  }
  /** Text in which withheld secrets stand as %{HMAC}: they are put back after encoding. */
  withheld(name, value) {
    if (value !== undefined) this.raw(name, encodeWithheld(value));
  }
  each(name, values) {
    for (const value of values) this.encoded(name, value);
  }
  /** Values of which `start` matches the words that stand before the last, which is encoded by itself. */
  worded(name, values, start) {
    for (const value of values) {
      const length = start.exec(value)?.[0].length ?? 0;
      const words = length === 0 ? '' : encodeText(value.slice(0, length - 1)) + ' ';
      this.raw(name, words + encodeWithheld(value.slice(length)));
    }
  }
  files(name, files) {
    for (const file of files) this.raw(name, printFile(file));
  }
}

/**
 * "NAME VALUE", each encoded by itself: a space at either end of the value would be lost otherwise.
 * NAME alone if the value is empty.
 */
function encodeParameter(parameter) {
  const space = parameter.indexOf(' ');
  const name = encodeText(parameter.slice(0, space));
  return space === parameter.length - 1 ? name : name + ' ' + encodeWithheld(parameter.slice(space + 1));
}

function printDecimal(value, digits) {
  return value === undefined ? undefined : value.toFixed(digits);
}

/**
 * The text of a record without its Sha256 line. The writer of the file appends that line
 * (sealRecord), because hashing is not for this folder.
 */
function printRunBody(run) {
  const out = new FieldWriter();
  out.text = RECORD_HEAD + String(RECORD_FORMAT) + RECORD_TAIL;
  out.raw('Id', run.id);
  out.raw('Repeats', run.repeats);
  out.raw('Parent', run.parent);
  out.raw('Tree', run.tree);
  out.encoded('Label', run.label);
  out.encoded('Reason', run.reason);
  out.each('Tag', run.tags);
  out.withheld('Command', run.command);
  out.encoded('Directory', run.directory);
  out.worded('Redirect', run.redirects, /^[012] (?:<|>|>>) /);
  for (const parameter of run.parameters) out.raw('Parameter', encodeParameter(parameter));
  out.raw('Started', run.startedUtc);
  out.raw('Wall_s', printDecimal(run.wallS, 3));
  out.raw('User_s', printDecimal(run.userS, 2));
  out.raw('System_s', printDecimal(run.systemS, 2));
  out.raw('Peak_memory_bytes', run.peakMemoryBytes);
  out.raw('Exit', run.exit);
  out.raw('Signal', run.signal);
  out.raw('Timeout_s', run.timeoutS);
  out.raw('Status', run.status);
  out.encoded('Code', run.code);
  out.encoded('Code_branch', run.codeBranch);
  out.encoded('Code_remote', run.codeRemote);
  out.worded('Code_submodule', run.codeSubmodules, /^[^ ]+ (?:dirty )?/);
  // A path may begin with "dirty", too; no path is a hash.
  out.worded('Code_other', run.codeOthers, /^[^ ]+ [^ ]+ (?:dirty (?:[0-9a-f]{64}|-) )?/);
  for (const file of run.codeFiles) out.raw('Code_file', file.state + ' ' + encodeText(file.path));
  for (const compiler of run.compilers) out.raw('Compiler', encodeWord(compiler.path) + (compiler.producer === '' ? '' : ' ' + encodeText(compiler.producer)));
  out.raw('Environment', run.environment);
  out.each('Variable', run.variables);
  out.each('Variable_hash', run.variableHashes);
  out.raw('Observed', run.observed);
  out.each('Declared_input', run.declaredInputs);
  out.each('Declared_output', run.declaredOutputs);
  out.each('Missing_output', run.missingOutputs);
  out.files('Input', run.inputs);
  // Under other names, so that no reader, old or new, takes them for results of the project.
  out.files(run.tree === undefined ? 'Output' : 'Scratch_output', run.outputs);
  out.files('Uncertain', run.uncertain);
  out.each(run.tree === undefined ? 'Removed' : 'Scratch_removed', run.removed);
  out.each('Absent', run.absent);
  out.worded('Secret_input', run.secretInputs, /^[0-9a-f]+ /);
  out.worded('Secret_output', run.secretOutputs, /^[0-9a-f]+ /);
  for (const { what, count } of run.leftOut) out.raw('Left_out', encodeWord(what) + ' ' + String(count));
  out.files('Log', run.logs);
  for (const { word, path, detail } of run.verdicts) out.raw('Verdict', word + ' ' + encodeWord(path) + (detail === '' ? '' : ' ' + encodeText(detail)));
  out.each('Warning', run.warnings);
  out.text += printProcesses(run.processes);
  out.raw('Rr', run.rr);
  for (const field of run.unknown) out.raw(field.name, field.value);
  return out.text;
}

/** The whole file: the body and the line with the body's SHA-256. */
function sealRecord(body, hash) {
  return body + 'Sha256: ' + hash + '\n';
}

/** Body and hash of a sealed record; undefined if the last line is no Sha256 line. */
function unsealRecord(text) {
  const seal = text.slice(-73);
  if (!/^Sha256: [0-9a-f]{64}\n$/.test(seal)) return undefined;
  return { body: text.slice(0, -73), hash: seal.slice(8, 72) };
}

function fail(file, line, what) {
  throw new Failure('cannot read "' + file + '": line ' + String(line) + ': ' + what, 'the file was changed after it was written; restore it from version control or an archive');
}

function splitFields(text, file) {
  if (text === '') fail(file, 1, 'the file is empty');
  if (!text.endsWith('\n')) fail(file, text.split('\n').length, 'the last line has no end: the file was cut');
  const lines = text.split('\n');
  const fields = [];
  for (let i = 0; i < lines.length - 1; i++) {
    const text1 = lines[i];
    if (i === 0 && text1.startsWith('#')) continue;
    const colon = text1.indexOf(': ');
    if (colon <= 0 || !/^[A-Z][A-Za-z0-9_]*$/.test(text1.slice(0, colon))) fail(file, i + 1, 'no "Name: value"');
    if (/[\0-\x1f\x7f]|\xc2[\x80-\x9f]/.test(text1)) fail(file, i + 1, 'a control character that is not encoded');
    if (text1.length === colon + 2) fail(file, i + 1, text1.slice(0, colon) + ': no value');
    fields.push({ name: text1.slice(0, colon), value: text1.slice(colon + 2), line: i + 1 });
  }
  return fields;
}

/** Number of the format a record claims; fails if the first line is not that of a record. */
function readRecordFormat(text, file) {
  const parts = /^# rr run record, format (\d+)[;\n]/.exec(text);
  if (parts === null) return fail(file, 1, 'not "# rr run record, format N"');
  return Number(parts[1]);
}

// type Setter = (run: Run, value: ByteString, fault: (what: string) => never) => void;

function readNumber(value, fault) {
  return /^\d+(\.\d+)?$/.test(value) && Number(value) <= Number.MAX_SAFE_INTEGER ? Number(value) : fault('not a number: ' + value);
}

function readWhole(value, most, fault) {
  return /^\d+$/.test(value) && Number(value) <= most ? Number(value) : fault('not a whole number up to ' + String(most) + ': ' + value);
}

function readId(value, fault) {
  return RUN_ID.test(value) ? value : fault('not the id of a run: ' + value);
}

function readFileLine(value, fault) {
  return parseFile(value) ?? fault('not "HASH  SIZE PATH"');
}

/** The first word and what follows on it: '' if nothing does. */
function splitWord(value) {
  const space = value.indexOf(' ');
  return space < 0 ? [value, ''] : [value.slice(0, space), value.slice(space + 1)];
}

const SETTERS = {
  Repeats: (run, value, fault) => { run.repeats = readId(value, fault); },
  Parent: (run, value, fault) => { run.parent = readId(value, fault); },
  Tree: (run, value, fault) => {
    if (value !== 'scratch') fault('not "scratch"');
    run.tree = 'scratch';
  },
  Label: (run, value) => { run.label = decodeText(value); },
  Reason: (run, value) => { run.reason = decodeText(value); },
  Tag: (run, value) => { run.tags.push(decodeText(value)); },
  Directory: (run, value) => { run.directory = decodeText(value); },
  Redirect: (run, value) => { run.redirects.push(decodeText(value)); },
  Parameter: (run, value) => { run.parameters.push(decodeWithheld(value) + (value.indexOf(' ') < 0 ? ' ' : '')); },
  Wall_s: (run, value, fault) => { run.wallS = readNumber(value, fault); },
  User_s: (run, value, fault) => { run.userS = readNumber(value, fault); },
  System_s: (run, value, fault) => { run.systemS = readNumber(value, fault); },
  Peak_memory_bytes: (run, value, fault) => { run.peakMemoryBytes = readWhole(value, Number.MAX_SAFE_INTEGER, fault); },
  Exit: (run, value, fault) => { run.exit = readWhole(value, 255, fault); },
  Signal: (run, value) => { run.signal = value; },
  Timeout_s: (run, value, fault) => { run.timeoutS = readNumber(value, fault); },
  Status: (run, value, fault) => {
    if (STATUSES.indexOf(value) < 0) fault('unknown status "' + value + '"');
    run.status = value;
  },
  Code: (run, value) => { run.code = decodeText(value); },
  Code_branch: (run, value) => { run.codeBranch = decodeText(value); },
  Code_remote: (run, value) => { run.codeRemote = decodeText(value); },
  Code_submodule: (run, value) => { run.codeSubmodules.push(decodeText(value)); },
  Code_other: (run, value) => { run.codeOthers.push(decodeText(value)); },
  Code_file: (run, value, fault) => {
    const parts = splitWord(value);
    if (CODE_FILE_STATES.indexOf(parts[0]) < 0 || parts[1] === '') fault('not "STATE PATH" with one of ' + CODE_FILE_STATES.join(', '));
    run.codeFiles.push({ state: parts[0], path: decodeText(parts[1]) });
  },
  Compiler: (run, value) => {
    const parts = splitWord(value);
    run.compilers.push({ path: decodeText(parts[0]), producer: decodeText(parts[1]) });
  },
  Environment: (run, value, fault) => {
    if (!/^[0-9a-f]{64}$/.test(value)) fault('not a hash');
    run.environment = value;
  },
  Variable: (run, value) => { run.variables.push(decodeText(value)); },
  Variable_hash: (run, value) => { run.variableHashes.push(decodeText(value)); },
  Observed: (run, value) => { run.observed = value; },
  Declared_input: (run, value) => { run.declaredInputs.push(decodeText(value)); },
  Declared_output: (run, value) => { run.declaredOutputs.push(decodeText(value)); },
  Missing_output: (run, value) => { run.missingOutputs.push(decodeText(value)); },
  Input: (run, value, fault) => { run.inputs.push(readFileLine(value, fault)); },
  Output: (run, value, fault) => { run.outputs.push(readFileLine(value, fault)); },
  Uncertain: (run, value, fault) => { run.uncertain.push(readFileLine(value, fault)); },
  Removed: (run, value) => { run.removed.push(decodeText(value)); },
  Scratch_output: (run, value, fault) => { run.outputs.push(readFileLine(value, fault)); },
  Scratch_removed: (run, value) => { run.removed.push(decodeText(value)); },
  Absent: (run, value) => { run.absent.push(decodeText(value)); },
  Secret_input: (run, value, fault) => {
    if (!/^[0-9a-f]+ ./.test(value)) fault('not "HASH PATH"');
    run.secretInputs.push(decodeText(value));
  },
  Secret_output: (run, value, fault) => {
    if (!/^[0-9a-f]+ ./.test(value)) fault('not "HASH PATH"');
    run.secretOutputs.push(decodeText(value));
  },
  Left_out: (run, value, fault) => {
    const parts = splitWord(value);
    run.leftOut.push({ what: decodeText(parts[0]), count: readWhole(parts[1], Number.MAX_SAFE_INTEGER, fault) });
  },
  Log: (run, value, fault) => { run.logs.push(readFileLine(value, fault)); },
  Verdict: (run, value, fault) => {
    const [word, rest] = splitWord(value);
    const [path, detail] = splitWord(rest);
    if (VERDICT_WORDS.indexOf(word) < 0 || path === '') fault('not "WORD PATH" with one of ' + VERDICT_WORDS.join(', '));
    run.verdicts.push({ word: word, path: decodeText(path), detail: decodeText(detail) });
  },
  Warning: (run, value) => { run.warnings.push(decodeText(value)); },
};

// Of these a record has at most one; two of them would be read by one program so, by another otherwise.
const SINGLE = ['Id', 'Repeats', 'Parent', 'Tree', 'Label', 'Reason', 'Command', 'Directory', 'Started', 'Wall_s', 'User_s', 'System_s', 'Peak_memory_bytes', 'Exit', 'Signal',
  'Timeout_s', 'Status', 'Code', 'Code_branch', 'Code_remote', 'Environment', 'Observed', 'Rr', 'Sha256'];
const REQUIRED = ['Id', 'Command', 'Directory', 'Started', 'Status', 'Observed', 'Rr'];

function requireFields(fields, file) {
  const first = new Map();
  for (const field of fields) {
    if (!first.has(field.name)) first.set(field.name, field);
    else if (SINGLE.indexOf(field.name) >= 0) fail(file, field.line, field.name + ' stands twice');
  }
  for (const name of REQUIRED) if (!first.has(name)) fail(file, fields.length + 1, 'no ' + name);
  return first;
}

// What a run wrote and removed in a scratch tree; in the project it is Output and Removed.
const SCRATCH_FIELDS = ['Scratch_output', 'Scratch_removed'];
// Read by other means than SETTERS.
const ELSEWHERE = ['Id', 'Command', 'Started', 'Rr', 'Sha256'].concat(PROCESS_FIELDS);
const NOT_UNDERSTOOD = new Error('a value of a newer format');

/** A field of a newer format: if its value is not understood, it is kept as an unknown field. */
function setIfUnderstood(run, field, setter) {
  try {
    setter(run, field.value, () => { throw NOT_UNDERSTOOD; });
  } catch (error) {
    if (error !== NOT_UNDERSTOOD) throw error;
    run.unknown.push({ name: field.name, value: field.value });
    // Not "running": that would be waited for. The end is told by the unknown field alone.
    if (field.name === 'Status') run.status = 'lost';
  }
}

/** The lines on processes, which make sense only together and with the files; see setIfUnderstood. */
function readProcessFields(run, fields, format, file) {
  const own = fields.filter((field) => PROCESS_FIELDS.indexOf(field.name) >= 0);
  const fault = (field, what) => {
    if (format > RECORD_FORMAT) throw NOT_UNDERSTOOD;
    return fail(file, field.line, field.name + ': ' + what);
  };
  try {
    const read = readProcesses(own, run.inputs.length + run.outputs.length, fault);
    run.processes = read.processes;
    if (read.leftOut > 0) run.warnings.push('too long to be read here: ' + String(read.leftOut) + ' lists of the files that processes read or wrote');
  } catch (error) {
    if (error !== NOT_UNDERSTOOD) throw error;
    for (const field of own) run.unknown.push({ name: field.name, value: field.value });
  }
}

/**
 * A run from the text of its record. `file` names the text in faults. The Sha256 line is required
 * to be there, not compared: `rr verify` does that. Throws Failure with file:line.
 */
function parseRun(text, file) {
  const format = readRecordFormat(text, file);
  const fields = splitFields(text, file);
  const last = fields[fields.length - 1];
  if (last === undefined || last.name !== 'Sha256') fail(file, fields.length + 1, 'no Sha256 at the end');
  const first = requireFields(fields, file);
  const value = (name) => (first.get(name)).value;
  if (!RUN_ID.test(value('Id'))) fail(file, (first.get('Id')).line, 'not an id');
  const run = emptyRun(value('Id'), decodeWithheld(value('Command')), value('Started'), value('Rr'));
  for (const field of fields) {
    const setter = SETTERS[field.name];
    const isOfScratch = SCRATCH_FIELDS.indexOf(field.name) >= 0;
    // rerun.sh goes by the names alone: what it takes for a result must be one here, too.
    if (isOfScratch || SCRATCH_FIELDS.indexOf('Scratch_' + field.name.toLowerCase()) >= 0) {
      if (isOfScratch !== first.has('Tree')) fail(file, field.line, field.name + ' in a record ' + (isOfScratch ? 'without' : 'with') + ' Tree');
    }
    if (setter !== undefined && format <= RECORD_FORMAT) setter(run, field.value, (what) => fail(file, field.line, field.name + ': ' + what));
    else if (setter !== undefined) setIfUnderstood(run, field, setter);
    else if (ELSEWHERE.indexOf(field.name) < 0) {
      run.unknown.push({ name: field.name, value: field.value });
    }
  }
  readProcessFields(run, fields, format, file);
  if (format > RECORD_FORMAT) {
    run.warnings.push('written in format ' + String(format) + ', newer than this rr understands in full (' + String(RECORD_FORMAT) + ')');
  }
  return run;
}

// ==== src/formats/checksums.ts ===================================================================
// checksums.ts - SHA256SUMS as sha256sum and shasum write it (docs/makefile.txt, 5). Hashes nothing.

// A line is HASH, two spaces, "./", NAME, LF; the lines are sorted by the bytes of NAME, so that one
// is found by halving the text. A NAME with LF, CR or "\" makes the line begin with "\".

const NAME_AT = 64 + 2 + 2;

/** One line with its LF. */
function printChecksumLine(hash, name) {
  if (!/[\n\r\\]/.test(name)) return hash + '  ./' + name + '\n';
  const escaped = name.replace(/[\n\r\\]/g, (byte) => (byte === '\n' ? '\\n' : byte === '\r' ? '\\r' : '\\\\'));
  return '\\' + hash + '  ./' + escaped + '\n';
}

function readName(line) {
  if (!line.startsWith('\\')) return line.slice(NAME_AT);
  return line.slice(1 + NAME_AT).replace(/\\([nr\\])/g, (_, letter) => (letter === 'n' ? '\n' : letter === 'r' ? '\r' : '\\'));
}

function hasLine(file) {
  return file.kind !== 'l';
}

/** SHA256SUMS of all current results that are regular files. */
function printChecksums(graph) {
  const files = [];
  for (const live of graph.runs) for (const file of live.owned) if (hasLine(file)) files.push(file);
  files.sort((a, b) => compareBytes(a.path, b.path));
  return files.map((file) => printChecksumLine(file.hash, file.path)).join('');
}

/** Where the line of `name` is, [start, end), or would be: then start is end and hash is undefined. */
function findChecksum(sums, name) {
  let low = 0;
  let high = sums.length;
  while (low < high) {
    const start = sums.lastIndexOf('\n', ((low + high) >> 1) - 1) + 1;
    const end = sums.indexOf('\n', start) + 1 || sums.length;
    const line = sums.slice(start, end - 1);
    const order = compareBytes(readName(line), name);
    if (order === 0) return { start, end, hash: line.startsWith('\\') ? line.slice(1, 65) : line.slice(0, 64) };
    if (order < 0) low = end;
    else high = start;
  }
  return { start: low, end: low, hash: undefined };
}

/** The text with the lines of these files as they are now: each replaced, put in, or (a link) taken out. */
function putChecksums(sums, files) {
  const edits = files.map((file) => ({ place: findChecksum(sums, file.path), file }));
  edits.sort((a, b) => compareBytes(a.file.path, b.file.path));
  let text = '';
  let from = 0;
  for (const { place, file } of edits) {
    text += sums.slice(from, place.start) + (hasLine(file) ? printChecksumLine(file.hash, file.path) : '');
    from = place.end;
  }
  return text + sums.slice(from);
}

// ==== src/formats/gitconfig.ts ===================================================================
// gitconfig.ts - git's configuration file, the part that is data. Follows no include, reads no file.

/** Section and key in lower case, as git compares them; the subsection stands as written, '' if none. */
// type GitSetting = { section: string; subsection: ByteString; key: string; value: ByteString };

/**
 * The settings in the order of the file (git-config(1), "CONFIGURATION FILE"). A key without "=" has
 * the value "true". What git would refuse as malformed is passed over line by line, since the
 * answers here only say which files to look at; git itself is asked wherever it matters.
 */
function parseGitConfig(text) {
  const settings = [];
  // A "\" before the end of a line joins it with the next, except in a comment.
  const lines = text.replace(/\r\n/g, '\n').split('\n');
  let section = '';
  let subsection = '';
  for (let i = 0; i < lines.length; i++) {
    let line = lines[i].trim();
    const header = /^\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]/.exec(line);
    if (header !== null) {
      const dot = header[1].indexOf('.');
      section = (dot < 0 ? header[1] : header[1].slice(0, dot)).toLowerCase();
      subsection = header[2] !== undefined ? header[2].replace(/\\(.)/g, '$1') : dot < 0 ? '' : header[1].slice(dot + 1).toLowerCase();
      line = line.slice(header[0].length).trim();
    }
    const setting = /^([A-Za-z][A-Za-z0-9-]*)\s*(=?)\s*/.exec(line);
    if (setting === null) continue;
    let rest = line.slice(setting[0].length);
    while (isContinued(rest) && i + 1 < lines.length) rest = rest.slice(0, -1) + lines[++i];
    settings.push({ section, subsection, key: setting[1].toLowerCase(), value: setting[2] === '' ? 'true' : parseValue(rest) });
  }
  return settings;
}

/** Does the value go on in the next line: an odd number of "\" at its end, outside a comment? */
function isContinued(value) {
  if (!/(?:^|[^\\])(?:\\\\)*\\$/.test(value)) return false;
  return !/^(?:[^"\\;#]|\\.|"(?:[^"\\]|\\.)*")*[;#]/.test(value);
}

const ESCAPED = { n: '\n', t: '\t', b: '\b' };

/** A value without quotes, escapes, comment and the spaces around it. */
function parseValue(raw) {
  let value = '';
  let keptLength = 0;
  let isQuoted = false;
  for (let i = 0; i < raw.length; i++) {
    const char = raw[i];
    if (char === '"') {
      isQuoted = !isQuoted;
      keptLength = value.length;
      continue;
    }
    if (!isQuoted && (char === '#' || char === ';')) break;
    if (char === '\\') {
      i += 1;
      value += ESCAPED[raw[i]] ?? raw[i] ?? '';
    } else {
      value += char;
    }
    if (isQuoted || !/[ \t]/.test(char)) keptLength = value.length;
  }
  return value.slice(0, keptLength);
}

/** The last value given, as git takes it; undefined if there is none. */
function findGitSetting(settings, section, subsection, key) {
  for (let i = settings.length - 1; i >= 0; i--) {
    const setting = settings[i];
    if (setting.key === key && setting.section === section && setting.subsection === subsection) return setting.value;
  }
  return undefined;
}

/** git's truth values: true, yes, on and numbers but 0. */
function isGitTrue(value, preset) {
  if (value === undefined) return preset;
  return /^(?:true|yes|on|[+-]?0*[1-9][0-9]*[kmg]?)$/i.test(value);
}

/**
 * The URL of the branch's remote, else of "origin", else of the only remote there is; credentials
 * removed. `insteadOf` is not applied: the URL is the one that the repository's own file holds.
 */
function findRemoteUrl(settings, branch) {
  const urls = settings.filter((setting) => setting.section === 'remote' && setting.key === 'url' && setting.value !== '');
  const chosen = branch === undefined ? undefined : findGitSetting(settings, 'branch', branch, 'remote');
  for (const name of [chosen, 'origin']) {
    const found = name === undefined ? undefined : urls.find((setting) => setting.subsection === name);
    if (found !== undefined) return stripUrlCredentials(found.value);
    // branch.NAME.remote may be a URL itself.
    if (name !== undefined && name !== '.' && /[:/]/.test(name)) return stripUrlCredentials(name);
  }
  const isOnly = urls.length > 0 && urls.every((setting) => setting.subsection === urls[0].subsection);
  return isOnly ? stripUrlCredentials(urls[0].value) : undefined;
}

/**
 * A remote's URL without what may let somebody in. Behind "://" all goes up to the last "@" of the
 * authority; the user name stays for ssh and git, where it is needed and is no secret. The query and
 * the fragment go too: no list of the names that tokens have is complete. Of
 * "user:password@host:path" the password goes; "git@host:path" and paths stay as they are.
 */
function stripUrlCredentials(url) {
  const parts = /^([^]*?)([A-Za-z][A-Za-z0-9+.-]*):\/\/([^]*)$/.exec(url);
  if (parts === null) return url.replace(/^([^/:@]+):[^/]*@([^/:@]+:)/, '$1@$2');
  let rest = parts[3];
  const authority = rest.replace(/[/?#\\][^]*$/, '');
  // In "https://user:pass/word@host/x" the authority seems to end in the password. A port that is
  // no number gives that away.
  const isCutShort = /^[^@[]*:[^@]*[^0-9@]/.test(authority) && authority.indexOf('@') < 0;
  const at = isCutShort ? rest.lastIndexOf('@') : authority.lastIndexOf('@');
  const user = at >= 0 && /ssh|^git$/i.test(parts[2]) ? rest.slice(0, at).replace(/[:;][^]*$/, '') + '@' : '';
  rest = rest.slice(at + 1).replace(/[?#][^]*$/, '');
  return parts[1] + parts[2] + '://' + user + (/[A-Za-z]:\/\//.test(rest) ? stripUrlCredentials(rest) : rest);
}

// ==== src/formats/gitindex.ts ====================================================================
// gitindex.ts - git's index file, versions 2 to 4 (gitformat-index(5)). Knows no files and no hashes.

/** One entry. Times are in ms as fs.Stats has them; a `stage` over 0 is a side of a conflict. */
// type GitEntry = {
//   name: ByteString;
//   mode: number;
//   /** The blob, or a submodule's commit, as raw bytes. */
//   id: ByteString;
//   stage: number;
//   sizeBytes: number;
//   mtimeMs: number;
//   ctimeMs: number;
//   inode: number;
//   /** "assume unchanged" or "skip worktree": git was told not to look at the file. */
//   isAssumed: boolean;
//   isSkipped: boolean;
//   /** "git add -N": in the index without content. */
//   isIntended: boolean;
// };

/** `rootTree` is the raw id of the tree the index would write, where the TREE extension holds it. */
// type GitIndex = { entries: GitEntry[]; rootTree?: ByteString };

const GIT_LINK = 0o160000;
const GIT_SYMLINK = 0o120000;
const GIT_FOLDER = 0o040000;

/** A big-endian number of 32 bits. */
function readUint32(bytes, at) {
  return bytes.charCodeAt(at) * 0x1000000
    + ((bytes.charCodeAt(at + 1) << 16) | (bytes.charCodeAt(at + 2) << 8) | bytes.charCodeAt(at + 3));
}

/** The raw bytes of hexadecimal digits. */
function bytesFromHex(hex) {
  let bytes = '';
  for (let i = 0; i + 1 < hex.length; i += 2) bytes += String.fromCharCode(parseInt(hex.slice(i, i + 2), 16));
  return bytes;
}

/** Bytes as lower-case hexadecimal digits. */
function hexFromBytes(bytes) {
  let hex = '';
  for (let i = 0; i < bytes.length; i++) hex += (bytes.charCodeAt(i) + 256).toString(16).slice(1);
  return hex;
}

function readTimeMs(bytes, at) {
  // The same expression as in Node's fs.Stats, so that equal times are equal numbers.
  return readUint32(bytes, at) * 1000 + readUint32(bytes, at + 4) / 1e6;
}

/**
 * The index; 'unsupported' if it holds only a part of the entries (split or sparse index) or is of
 * an unknown version, so that git must be asked. `hashSizeBytes` is 20 (SHA-1) or 32 (SHA-256).
 * Throws Failure on a file that is cut off.
 */
function parseGitIndex(bytes, hashSizeBytes) {
  if (bytes.length < 12 + hashSizeBytes || bytes.slice(0, 4) !== 'DIRC') {
    throw new Failure('cannot read the index of git: not an index file');
  }
  const version = readUint32(bytes, 4);
  if (version < 2 || version > 4) return 'unsupported';
  const count = readUint32(bytes, 8);
  const end = bytes.length - hashSizeBytes;
  const entries = [];
  let at = 12;
  let previous = '';
  for (let i = 0; i < count; i++) {
    const fixed = 42 + hashSizeBytes + ((bytes.charCodeAt(at + 40 + hashSizeBytes) & 0x40) !== 0 ? 2 : 0);
    const name = readEntryName(bytes, at + fixed, version === 4 ? previous : undefined, end);
    entries.push(readIndexEntry(bytes, at, hashSizeBytes, name.text));
    // Versions 2 and 3 pad with 1 to 8 NUL bytes to a multiple of 8 from the entry's start.
    at = version === 4 ? name.end + 1 : at + ((fixed + name.text.length + 8) & ~7);
    previous = name.text;
    if (at > end) throw cutOff();
  }
  return readExtensions(bytes, at, end, hashSizeBytes, entries);
}

function cutOff() {
  return new Failure('cannot read the index of git: it is cut off');
}

function readIndexEntry(bytes, at, hashSizeBytes, name) {
  const flagsAt = at + 40 + hashSizeBytes;
  const flags = bytes.charCodeAt(flagsAt);
  const extended = (flags & 0x40) !== 0 ? bytes.charCodeAt(flagsAt + 2) : 0;
  return {
    name,
    mode: readUint32(bytes, at + 24),
    id: bytes.slice(at + 40, flagsAt),
    stage: (flags >> 4) & 3,
    sizeBytes: readUint32(bytes, at + 36),
    mtimeMs: readTimeMs(bytes, at + 8),
    ctimeMs: readTimeMs(bytes, at),
    inode: readUint32(bytes, at + 20),
    isAssumed: (flags & 0x80) !== 0,
    isSkipped: (extended & 0x40) !== 0,
    isIntended: (extended & 0x20) !== 0,
  };
}

/** In version 4 (`previous` given) a name begins with how much of the name before falls away. */
function readEntryName(bytes, at, previous, limit) {
  let kept = '';
  if (previous !== undefined) {
    let code = bytes.charCodeAt(at++);
    let dropped = code & 0x7f;
    while ((code & 0x80) !== 0) {
      code = bytes.charCodeAt(at++);
      dropped = (dropped + 1) * 128 + (code & 0x7f);
    }
    kept = previous.slice(0, Math.max(0, previous.length - dropped));
  }
  const end = bytes.indexOf('\0', at);
  if (end < 0 || end >= limit) throw cutOff();
  return { text: kept + bytes.slice(at, end), end };
}

function readExtensions(bytes, start, end, hashSizeBytes, entries) {
  let rootTree;
  let at = start;
  while (at + 8 <= end) {
    const name = bytes.slice(at, at + 4);
    // Extensions with a small first letter must be understood: "link" (split index), "sdir" (sparse).
    if (!/^[A-Z]/.test(name)) return 'unsupported';
    const size = readUint32(bytes, at + 4);
    if (name === 'TREE') {
      // PATH NUL COUNT SP SUBTREES LF ID; the root's path is empty, a COUNT under 0 means invalid.
      const root = /^\0([0-9]+) [0-9]+\n/.exec(bytes.slice(at + 8, at + 8 + Math.min(size, 64)));
      if (root !== null) rootTree = bytes.slice(at + 8 + root[0].length, at + 8 + root[0].length + hashSizeBytes);
    }
    at += 8 + size;
  }
  return { entries, rootTree };
}

/** The place of `name` among entries in index order, or of the first entry after it. */
function findEntryPlace(entries, name) {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareBytes(entries[middle].name, name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The raw id of the tree that `git write-tree` would write: what the index holds if its TREE
 * extension is not valid, as after "git add" and "git reset". `hash` gives the raw object id of
 * ("tree", body). Entries without content (add -N) are left out; there must be no conflicts.
 */
function computeTree(entries, hash) {
  let next = 0;
  const writeFolder = (prefix) => {
    const parts = [];
    while (next < entries.length && entries[next].name.startsWith(prefix)) {
      const entry = entries[next];
      const slash = entry.name.indexOf('/', prefix.length);
      if (slash >= 0) {
        const folder = entry.name.slice(0, slash + 1);
        const body = writeFolder(folder);
        if (body !== '') parts.push(treeLine(GIT_FOLDER, folder.slice(prefix.length, -1), hash('tree', body)));
      } else {
        next += 1;
        if (!entry.isIntended) parts.push(treeLine(entry.mode, entry.name.slice(prefix.length), entry.id));
      }
    }
    return parts.join('');
  };
  return hash('tree', writeFolder(''));
}

function treeLine(mode, name, id) {
  return mode.toString(8) + ' ' + name + '\0' + id;
}

// ==== src/formats/gitpack.ts =====================================================================
// gitpack.ts - one object out of git's object store (gitformat-pack(5)). Knows no files.

/** Bytes of a file from an offset; fewer at its end. */
// type ReadAt = (offset: number, lengthBytes: number) => ByteString;

/** Undoes zlib's deflate; must take bytes that go on behind the compressed data. */
// type Inflate = (bytes: ByteString) => ByteString;

// type GitObject = { kind: 'commit' | 'tree' | 'blob' | 'tag'; body: ByteString };

// A commit is some hundred bytes. What says to be larger than this is not looked at: git is asked.
const LARGEST_OBJECT_BYTES = 16 << 20;
const MOST_DELTAS = 4096;
const OBJECT_KINDS = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' };
const OFFSET_DELTA = 6;
const ID_DELTA = 7;

/** A loose object: "KIND SIZE NUL BODY"; undefined if it is not that. */
function parseLooseObject(bytes) {
  const header = /^(commit|tree|blob|tag) ([0-9]+)\0/.exec(bytes.slice(0, 40));
  if (header === null || bytes.length !== header[0].length + Number(header[2])) return undefined;
  return { kind: header[1], body: bytes.slice(header[0].length) };
}

/** Where the pack has the object of this raw id; undefined if it has not, or the index is not of version 2. */
function findInPackIndex(read, id) {
  const head = read(0, 8 + 256 * 4);
  if (head.slice(0, 8) !== '\xfftOc\0\0\0\x02' || head.length < 8 + 256 * 4) return undefined;
  const first = id.charCodeAt(0);
  const total = readUint32(head, 8 + 255 * 4);
  const idsAt = 8 + 256 * 4;
  let low = first === 0 ? 0 : readUint32(head, 8 + (first - 1) * 4);
  let high = readUint32(head, 8 + first * 4);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const order = compareBytes(read(idsAt + middle * id.length, id.length), id);
    if (order === 0) return readPackOffset(read, idsAt + total * (id.length + 4), middle, total);
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return undefined;
}

/** Offsets over 2 GiB stand in a second table of 64-bit numbers. */
function readPackOffset(read, offsetsAt, place, total) {
  const offset = readUint32(read(offsetsAt + place * 4, 4), 0);
  if (offset < 0x80000000) return offset;
  const large = read(offsetsAt + total * 4 + (offset - 0x80000000) * 8, 8);
  return readUint32(large, 0) * 0x100000000 + readUint32(large, 4);
}

/**
 * The object at an offset of a pack, deltas applied; undefined if it is damaged or very large.
 * `findOffset` says where the pack has the object of a raw id.
 */
function readPackedObject(read, offset, idSizeBytes, inflate,
  findOffset) {
  const deltas = [];
  let at = offset;
  while (at !== undefined && deltas.length <= MOST_DELTAS) {
    const head = parsePackHeader(read(at, 64), idSizeBytes);
    if (head.sizeBytes > LARGEST_OBJECT_BYTES) return undefined;
    // zlib's compressBound: deflated bytes are never more than this.
    const bound = head.sizeBytes + (head.sizeBytes >> 9) + 64;
    const body = inflate(read(at + head.headerBytes, bound));
    if (body.length !== head.sizeBytes) return undefined;
    if (head.code !== OFFSET_DELTA && head.code !== ID_DELTA) {
      const kind = OBJECT_KINDS[head.code];
      const whole = applyDeltas(body, deltas);
      return kind === undefined || whole === undefined ? undefined : { kind, body: whole };
    }
    deltas.push(body);
    if (head.code === ID_DELTA) at = findOffset(head.baseId);
    else at = head.baseDistance > 0 && head.baseDistance < at ? at - head.baseDistance : undefined;
  }
  return undefined;
}

// type PackHeader = { code: number; sizeBytes: number; headerBytes: number; baseId: ByteString; baseDistance: number };

function parsePackHeader(bytes, idSizeBytes) {
  let at = 0;
  let byte = bytes.charCodeAt(at++);
  const code = (byte >> 4) & 7;
  let sizeBytes = byte & 15;
  let unit = 16;
  while ((byte & 0x80) !== 0) {
    byte = bytes.charCodeAt(at++);
    sizeBytes += (byte & 0x7f) * unit;
    unit *= 128;
  }
  let baseId = '';
  let baseDistance = 0;
  if (code === ID_DELTA) {
    baseId = bytes.slice(at, at + idSizeBytes);
    at += idSizeBytes;
  } else if (code === OFFSET_DELTA) {
    byte = bytes.charCodeAt(at++);
    baseDistance = byte & 0x7f;
    while ((byte & 0x80) !== 0) {
      byte = bytes.charCodeAt(at++);
      baseDistance = (baseDistance + 1) * 128 + (byte & 0x7f);
    }
  }
  return { code, sizeBytes, headerBytes: at, baseId, baseDistance };
}

function applyDeltas(base, deltas) {
  let body = base;
  for (let i = deltas.length - 1; i >= 0 && body !== undefined; i--) body = applyGitDelta(body, deltas[i]);
  return body;
}

/** The target of a delta; undefined if it does not fit its base. */
function applyGitDelta(base, delta) {
  let at = 0;
  const readSize = () => {
    let size = 0;
    let unit = 1;
    let byte;
    do {
      byte = delta.charCodeAt(at++);
      size += (byte & 0x7f) * unit;
      unit *= 128;
    } while ((byte & 0x80) !== 0);
    return size;
  };
  if (readSize() !== base.length) return undefined;
  const targetSize = readSize();
  const parts = [];
  let written = 0;
  while (at < delta.length && written <= LARGEST_OBJECT_BYTES) {
    const order = delta.charCodeAt(at++);
    if ((order & 0x80) === 0) {
      parts.push(delta.slice(at, at + order));
      at += order;
      written += order;
      continue;
    }
    let offset = 0;
    let size = 0;
    for (let i = 0; i < 4; i++) if ((order & (1 << i)) !== 0) offset += delta.charCodeAt(at++) * Math.pow(256, i);
    for (let i = 0; i < 3; i++) if ((order & (16 << i)) !== 0) size += delta.charCodeAt(at++) * Math.pow(256, i);
    if (size === 0) size = 0x10000;
    parts.push(base.slice(offset, offset + size));
    written += size;
  }
  const target = parts.join('');
  return target.length === targetSize ? target : undefined;
}

// ==== src/formats/gitpatch.ts ====================================================================
// gitpatch.ts - git's diff in parts, and names as it spells them. Reads no files, runs no git.

const LETTERS = { 7: 'a', 8: 'b', 9: 't', 10: 'n', 11: 'v', 12: 'f', 13: 'r', 34: '"', 92: '\\' };

/** A name as git's diff has it (core.quotePath=true): in double quotes, C escapes, octal, where it must. */
function quoteGitPath(name) {
  if (/^[ !#-[\]-~]*$/.test(name)) return name;
  let quoted = '"';
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (LETTERS[code] !== undefined) quoted += '\\' + LETTERS[code];
    else if (code < 0x20 || code >= 0x7f) quoted += '\\' + (code + 512).toString(8).slice(1);
    else quoted += name[i];
  }
  return quoted + '"';
}

/**
 * git's diff without the sections that change nothing (a header line alone: the file was only
 * touched) and without "* Unmerged path" lines, which git apply does not read. A section begins with
 * "diff --git " at the start of a line; no line of content or of base 85 can be one.
 */
function dropEmptySections(patch) {
  return patch.split(/^(?=diff --git |\* Unmerged path )/m)
    .filter((section) => section.indexOf('\n') < section.length - 1 && !section.startsWith('* Unmerged path '))
    .join('');
}

/** The names in the output of `git diff-index --raw -z`: ":MODES IDS STATUS" NUL NAME NUL ..., each once. */
function parseRawDiff(raw) {
  const words = raw.split('\0');
  const names = new Set();
  for (let i = 0; i + 1 < words.length; i += 2) names.add(words[i + 1]);
  return Array.from(names);
}

/** Those of `names` that have a section in a diff made with prefixes "a/" and "b/" + `prefix`, without renames. */
function listPatchedNames(patch, names, prefix) {
  const heads = new Set();
  for (const line of patch.match(/^diff --git [^\n]*/mg) ?? []) heads.add(line);
  return names.filter((name) => heads.has('diff --git ' + quoteGitPath('a/' + prefix + name) + ' ' + quoteGitPath('b/' + prefix + name)));
}

// ==== src/formats/gittree.ts =====================================================================
// gittree.ts - a tree object of git: the names in one folder of a commit. Reads no objects.

/** `mode` as git has it: 0o40000 folder, 0o100644, 0o100755, 0o120000 link, 0o160000 submodule. `id` in hexadecimal digits. */
// type GitTreeEntry = { mode: number; name: ByteString; id: string };

/** Entries "MODE NAME NUL ID" of a tree's body; undefined if it is damaged. A name with "/" or that climbs is damage. */
function parseGitTree(body, idSizeBytes) {
  const entries = [];
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(' ', at);
    const end = body.indexOf('\0', space);
    if (space < 0 || end < 0 || end + 1 + idSizeBytes > body.length) return undefined;
    const mode = body.slice(at, space);
    const name = body.slice(space + 1, end);
    if (!/^[0-7]{5,6}$/.test(mode) || name === '' || name === '.' || name === '..' || name.indexOf('/') >= 0) return undefined;
    entries.push({ mode: parseInt(mode, 8), name, id: hexFromBytes(body.slice(end + 1, end + 1 + idSizeBytes)) });
    at = end + 1 + idSizeBytes;
  }
  return entries;
}

// ==== src/formats/gitapply.ts ====================================================================
// gitapply.ts - a patch of git applied to the contents that it was made from (git-diff(1)). Reads no files, guesses nothing.

/** What a patch says of one file. `path` has no "a/"; `mode` is there if the patch tells the new one. */
// type PatchSection = { path: ByteString; kind: 'changed' | 'added' | 'deleted'; mode: number | undefined; body: ByteString };

/** Undoes zlib's deflate; undefined if it is damaged. */
// type InflateWhole = (bytes: ByteString) => ByteString | undefined;

const PATH_ESCAPES = { a: '\x07', b: '\b', t: '\t', n: '\n', v: '\v', f: '\f', r: '\r', '"': '"', '\\': '\\' };

/** Undoes quoteGitPath() of a name in double quotes. */
function unquoteGitPath(quoted) {
  if (!quoted.startsWith('"')) return quoted;
  return quoted.slice(1, -1).replace(/\\([0-7]{3}|[abtnvfr"\\])/g, (_, code) => PATH_ESCAPES[code] ?? String.fromCharCode(parseInt(code, 8)));
}

/** Of "diff --git a/NAME b/NAME" the name: both are the same, as the patch was made without renames. */
function readPatchedName(head) {
  const names = head.slice('diff --git '.length);
  if (names.startsWith('"')) {
    const end = /^"(?:[^"\\]|\\.)*"/.exec(names);
    return end === null ? undefined : unquoteGitPath(end[0]).slice(2);
  }
  const half = (names.length - 1) / 2;
  return names.slice(2, half) === names.slice(half + 3) && names.startsWith('a/') ? names.slice(2, half) : undefined;
}

/** The sections of a patch made by `git diff --binary --full-index --no-renames`; undefined if it is none. */
function splitGitPatch(patch) {
  const sections = [];
  for (const text of patch.split(/^(?=diff --git )/m)) {
    if (text === '') continue;
    const firstEnd = text.indexOf('\n');
    const path = text.startsWith('diff --git ') && firstEnd > 0 ? readPatchedName(text.slice(0, firstEnd)) : undefined;
    if (path === undefined) return undefined;
    const bodyAt = text.search(/^(?:@@ |GIT binary patch$)/m);
    const header = bodyAt < 0 ? text : text.slice(0, bodyAt);
    const mode = /^(?:new mode|new file mode) ([0-7]+)$/m.exec(header);
    const kind = /^deleted file mode /m.test(header) ? 'deleted' : /^new file mode /m.test(header) ? 'added' : 'changed';
    sections.push({ path, kind, mode: mode === null ? undefined : parseInt(mode[1], 8), body: bodyAt < 0 ? '' : text.slice(bodyAt) });
  }
  return sections;
}

/** The content that a section makes of `original` ('' for an added file); undefined if it was made from another content. */
function applyPatchSection(section, original, inflate) {
  if (section.kind === 'deleted') return '';
  if (section.body === '') return original;
  return section.body.startsWith('GIT binary patch') ? applyBinary(section.body, original, inflate) : applyHunks(section.body, original);
}

// ---- text -------------------------------------------------------------------------------------------

/** Lines with their ends. */
function splitPatchLines(text) {
  return text === '' ? [] : text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Applies hunks strictly: at their place, every line as it says. */
function applyHunks(body, original) {
  const old = splitPatchLines(original);
  const made = [];
  let at = 0;
  const lines = splitPatchLines(body);
  for (let i = 0; i < lines.length;) {
    const head = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(lines[i]);
    if (head === null) return undefined;
    let oldLeft = Number(head[2] ?? 1);
    let newLeft = Number(head[3] ?? 1);
    const start = Number(head[1]) - (oldLeft > 0 ? 1 : 0);
    if (start < at || start > old.length) return undefined;
    while (at < start) made.push(old[at++]);
    for (i += 1; i < lines.length && (oldLeft > 0 || newLeft > 0); i++) {
      const sign = lines[i][0];
      // "\ No newline at end of file" after a line takes its end away.
      const text = i + 1 < lines.length && lines[i + 1].startsWith('\\ ') ? lines[i].slice(1, -1) : lines[i].slice(1);
      if (sign !== ' ' && sign !== '-' && sign !== '+') {
        if (sign === '\\') continue;
        return undefined;
      }
      if (sign !== '+' && (oldLeft-- === 0 || old[at++] !== text)) return undefined;
      if (sign !== '-' && newLeft-- === 0) return undefined;
      if (sign !== '-') made.push(text);
    }
    if (oldLeft > 0 || newLeft > 0) return undefined;
    while (i < lines.length && lines[i].startsWith('\\ ')) i += 1;
  }
  return made.concat(old.slice(at)).join('');
}

// ---- binary -----------------------------------------------------------------------------------------

const BASE85 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~';

/** One line: a letter for its length in bytes, then groups of five digits for four bytes. */
function decodeLine(line) {
  const letter = line.charCodeAt(0);
  const length = letter >= 97 ? letter - 97 + 27 : letter - 65 + 1;
  let bytes = '';
  for (let at = 1; at + 5 <= line.length; at += 5) {
    let value = 0;
    for (let k = 0; k < 5; k++) {
      const digit = BASE85.indexOf(line[at + k]);
      if (digit < 0) return undefined;
      value = value * 85 + digit;
    }
    bytes += String.fromCharCode(Math.floor(value / 0x1000000) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  }
  return length > 0 && length <= bytes.length ? bytes.slice(0, length) : undefined;
}

/** The first of the two parts, which leads forward: the whole content, or a delta to the old one. */
function applyBinary(body, original, inflate) {
  const lines = body.split('\n');
  const head = /^(literal|delta) (\d+)$/.exec(lines[1] ?? '');
  if (head === null) return undefined;
  let packed = '';
  for (let i = 2; i < lines.length && lines[i] !== ''; i++) {
    const bytes = decodeLine(lines[i]);
    if (bytes === undefined) return undefined;
    packed += bytes;
  }
  const data = inflate(packed);
  if (data === undefined || data.length !== Number(head[2])) return undefined;
  return head[1] === 'literal' ? data : applyGitDelta(original, data);
}

// ==== src/formats/vcsoutput.ts ===================================================================
// vcsoutput.ts - what Mercurial, Subversion and Fossil print of a checkout. Runs none of them.

/** A tracked file or folder; 'missing' is gone without having been removed from version control, an added one not committed yet. */
// type TrackedFile = { name: ByteString; state: 'clean' | 'changed' | 'missing'; isAdded: boolean };

/** Of `hg status -mardc -0`: a letter, a space and a name that ends in NUL. */
function parseHgStatus(output) {
  const files = [];
  for (const line of output.split('\0')) {
    if (!/^[MARC!] /.test(line)) continue;
    files.push({ name: line.slice(2), state: line[0] === 'C' ? 'clean' : line[0] === '!' ? 'missing' : 'changed', isAdded: line[0] === 'A' });
  }
  return files;
}

const XML_NAMES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Text of XML as bytes: entities and character references undone. */
function decodeXml(text) {
  return text.replace(/&(?:([a-z]+)|#x([0-9A-Fa-f]+)|#([0-9]+));/g, (whole, name, hex, decimal) => {
    if (name !== undefined) return XML_NAMES[name] ?? whole;
    const code = hex === undefined ? Number(decimal) : parseInt(hex, 16);
    return code < 0x80 ? String.fromCharCode(code) : whole; // svn writes other characters as they are
  });
}

function findAttribute(tag, name) {
  const found = new RegExp('\\s' + name + '\\s*=\\s*"([^"]*)"').exec(tag);
  return found === null ? undefined : decodeXml(found[1]);
}

// type SvnStatus = { files: TrackedFile[]; lowest: number; highest: number; hasSwitched: boolean };

const NOT_IN_SVN = ['unversioned', 'ignored', 'external', 'none'];

/**
 * Of `svn status -v --xml --ignore-externals .`: the files with the lowest and the highest revision
 * that any of them is at (0 if none is).
 */
function parseSvnStatus(xml) {
  const status = { files: [], lowest: 0, highest: 0, hasSwitched: false };
  for (const part of xml.split(/<entry(?=\s)/).slice(1)) {
    const name = findAttribute(part.slice(0, part.indexOf('>')), 'path');
    const tag = /<wc-status\s[^>]*>/.exec(part)?.[0] ?? '';
    const item = findAttribute(tag, 'item') ?? 'none';
    if (name === undefined || NOT_IN_SVN.indexOf(item) >= 0) continue;
    const revision = Number(findAttribute(tag, 'revision') ?? '-1');
    if (revision >= 0) {
      status.lowest = status.highest === 0 ? revision : Math.min(status.lowest, revision);
      status.highest = Math.max(status.highest, revision);
    }
    if (findAttribute(tag, 'switched') === 'true') status.hasSwitched = true;
    const isPropertyChanged = ['none', 'normal', undefined].indexOf(findAttribute(tag, 'props')) < 0;
    status.files.push({
      name, state: item === 'missing' ? 'missing' : item !== 'normal' || isPropertyChanged ? 'changed' : 'clean', isAdded: item === 'added' && !isPropertyChanged,
    });
  }
  return status;
}

/** Of `svn info --xml`: URL of the folder, and its place in the repository ('' is the top). */
function parseSvnInfo(xml) {
  const url = /<url>([^<]*)<\/url>/.exec(xml);
  const root = /<root>([^<]*)<\/root>/.exec(xml);
  if (url === null) return undefined;
  const place = root !== null && url[1].startsWith(root[1] + '/') ? url[1].slice(root[1].length + 1) : '';
  return { url: decodeXml(url[1]), place: decodeXml(place) };
}

/** Of `fossil ls -v`: a word in capitals, spaces and a name. */
function parseFossilList(output) {
  const files = [];
  for (const line of output.split('\n')) {
    const parts = /^([A-Z_]+) +([^]+?)\r?$/.exec(line);
    // fossil diff shows what is MISSING as removed, so it is a change like others.
    if (parts !== null) files.push({ name: parts[2], state: parts[1] === 'UNCHANGED' ? 'clean' : 'changed', isAdded: parts[1] === 'ADDED' });
  }
  return files;
}

/** Of `fossil info`: the check-in. */
function parseFossilInfo(output) {
  return /^checkout:\s+([0-9a-f]{40,64})\b/m.exec(output)?.[1];
}

/**
 * Names whose change a diff of hg ("diff --git") or of svn and fossil ("Index: ") shows. A section
 * that only says that a file is binary shows nothing. No line of content begins like a section.
 */
function listShownNames(patch) {
  const names = new Set();
  for (const section of patch.split(/^(?=diff --git a\/|Index: )/m)) {
    const indexed = /^Index: ([^\n]*)\n/.exec(section);
    if (indexed !== null && !/^(?:Cannot display: |cannot compute difference between binary files)/m.test(section)) names.add(indexed[1]);
    if (!section.startsWith('diff --git a/')) continue;
    const head = section.slice(13, section.indexOf('\n'));
    // "a/OLD b/NEW": names may hold " b/", so all ways to cut are taken; a name too many does no harm.
    for (let at = head.indexOf(' b/'); at >= 0; at = head.indexOf(' b/', at + 1)) names.add(head.slice(0, at)).add(head.slice(at + 3));
  }
  return names;
}

/** A diff of fossil in which names with a space end in a TAB, as diff(1) has them: patch(1) would cut them. */
function closeSpacedNames(patch) {
  return patch.replace(/^(Index: [^\n]* [^\n]*\n=+\n--- [^\t\n]*)\n(\+\+\+ [^\t\n]*)\n/mg, '$1\t\n$2\t\n');
}

// ==== src/formats/secrets.ts =====================================================================
// secrets.ts - which values may be secrets (docs/rr.1, SECRETS). Knows no keys and hashes nothing.

/** Gives the 16 hex digits that stand for a secret. */
// type SecretHasher = (secret: ByteString) => string;

const SECRET_WORDS = ['secret', 'secrets', 'credential', 'credentials', 'authorization', 'bearer', 'passcode', 'sshpass'];
// Also at the end of a word: PGPASSWORD, authtoken.
const SECRET_ENDINGS = ['password', 'passwd', 'passphrase', 'token', 'apikey', 'secretkey', 'accesskey', 'privatekey'];
const SECRET_PAIRS = ['api key', 'access key', 'private key', 'secret key', 'auth key', 'encryption key', 'signing key', 'db pass',
  'user pass', 'smtp pass', 'mysql pwd', 'db pwd'];
// --password-file names a file, not a password.
const HARMLESS_ENDS = ['file', 'path', 'dir', 'env', 'length', 'limit', 'size', 'count', 'name', 'type', 'id', 'url', 'policy'];

/** Is a variable, option or parameter of this name likely to hold a secret? */
function isSecretName(name) {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase().split(/[^a-z0-9]+/).filter((word) => word !== '');
  const last = words[words.length - 1];
  if (last === undefined || (words.length > 1 && HARMLESS_ENDS.indexOf(last) >= 0)) return false;
  const isPair = words.some((word, i) => i > 0 && SECRET_PAIRS.indexOf(words[i - 1] + ' ' + word) >= 0);
  return isPair || words.some((word) => SECRET_WORDS.indexOf(word) >= 0 || SECRET_ENDINGS.some((ending) => word.endsWith(ending)));
}

// Shapes that are secrets whatever they are called: GitHub, GitLab, Slack, AWS, OpenAI-like keys, JWT.
const SECRET_SHAPES = [
  /\bgh[pousr]_[A-Za-z0-9]{20,}/g,
  /\bgithub_pat_[A-Za-z0-9_]{20,}/g,
  /\bglpat-[A-Za-z0-9_-]{16,}/g,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bsk-[A-Za-z0-9_-]{20,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g,
];
// Bytes are not characters here: \s would take the byte A0, which is a part of many letters, for a space.
// The length of the scheme is bounded, or a long word without a colon would take quadratic time.
const URL_PASSWORD = /([A-Za-z][A-Za-z0-9+.-]{0,30}:\/\/[^ \t-\r/@:'"]*:)([^ \t-\r/'"\0]+)(@)/g;
const BEARER = /(\b(?:Bearer|Basic)[ \t]+)([A-Za-z0-9+/=._~-]{8,})/g;
const AUTHORIZATION = /(\bAuthorization:[ \t]*)([^'"\r\n\0]+)/gi;
// A name and its sign: TOKEN=x, --token x, "token": "x", token = x; and the value behind it.
const NAMED = /(^|[ \t-\r'"?&#;,:/({[])(-{0,2})([A-Za-z_][A-Za-z0-9_.-]*)(['"]?(?:[ \t]*[=:][ \t]*|[ \t]+))/g;
const VALUE = /"[^"]*"|'[^']*'|[^ \t-\r'"&;|,)}\]\0]+/y;
// The shell puts the secret there, later.
const REFERENCE = /^"?(?:[A-Za-z]+ )?\$(?:[A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*\})"?$/;

function mark(secret, hash) {
  return '\0{' + hash(secret) + '}';
}

function maskNamed(text, hash) {
  let masked = '';
  let from = 0;
  NAMED.lastIndex = 0;
  for (let found = NAMED.exec(text); found !== null; found = NAMED.exec(text)) {
    const [all, before, dashes, name, sign] = found;
    VALUE.lastIndex = found.index + all.length;
    // "token 5" in a sentence is no option: without a sign only --name value counts.
    // What follows "Authorization:" maskText has dealt with; it may be two words.
    const isNamed = (dashes !== '' || /[=:]/.test(sign)) && isSecretName(name) && !/^authorization:/i.test(name + sign);
    const value = isNamed ? VALUE.exec(text) : null;
    if (value === null || REFERENCE.test(value[0])) {
      NAMED.lastIndex = found.index + before.length + dashes.length + name.length; // the value may be a name itself
      continue;
    }
    masked += text.slice(from, value.index) + mark(value[0], hash);
    from = value.index + value[0].length;
    NAMED.lastIndex = from;
  }
  return masked + text.slice(from);
}

/** The text with every part that may be a secret replaced by NUL {HMAC} (see encodeWithheld). */
function maskText(text, hash) {
  let masked = text.replace(URL_PASSWORD, (_, before, secret, after) => before + mark(secret, hash) + after);
  masked = masked.replace(AUTHORIZATION, (all, before, secret) => (REFERENCE.test(secret) ? all : before + mark(secret, hash)));
  masked = masked.replace(BEARER, (_, before, secret) => before + mark(secret, hash));
  for (const shape of SECRET_SHAPES) masked = masked.replace(shape, (secret) => mark(secret, hash));
  return maskNamed(masked, hash);
}

/** The value of something called `name`, masked whole if the name tells of a secret. */
function maskValue(name, value, hash) {
  return isSecretName(name) && value !== '' ? mark(value, hash) : maskText(value, hash);
}

const MARK = /(\0\{[0-9a-f]{16}\})/;

/** The text, which may have marks in it, with every one of these secrets masked wherever it stands. */
function maskKnown(text, secrets, hash) {
  return secrets.reduce((masked, secret) => masked.split(MARK).map((part, i) => (
    i % 2 === 1 ? part : part.split(secret).join(mark(secret, hash))
  )).join(''), text);
}

/** Arguments with secrets masked: --password=X, --password X, NAME=X, URLs, tokens by their shape. */
function maskArguments(argv, hash) {
  return argv.map((argument, i) => {
    if (i > 1 && /(?:^|\/)curl$/.test(argv[0]) && /^(?:-u|--user|--proxy-user)$/.test(argv[i - 1])) return argument.replace(/:([^]+)$/, (_, secret) => ':' + mark(secret, hash));
    const option = i > 0 ? /^--?([A-Za-z_][A-Za-z0-9_.-]*)$/.exec(argv[i - 1]) : null;
    if (option !== null && isSecretName(option[1]) && !argument.startsWith('-')) return mark(argument, hash);
    // A script may begin with an assignment: only its value is the secret.
    if (i > 0 && /^-[a-z]*c$/.test(argv[i - 1])) return maskText(argument, hash);
    const assigned = /^(-{0,2})([A-Za-z_][A-Za-z0-9_.-]*)=([^]+)$/.exec(argument);
    if (assigned !== null && isSecretName(assigned[2])) return assigned[1] + assigned[2] + '=' + mark(assigned[3], hash);
    return maskText(argument, hash);
  });
}

// ==== src/formats/ldcache.ts =====================================================================
// ldcache.ts - glibc's cache of libraries, /etc/ld.so.cache. Knows no order of search, and no files.
//
// Layout: glibc, sysdeps/generic/dl-cache.h. A header of 48 bytes, entries of 24, strings, and an
// extension that names the folders glibc-hwcaps/LEVEL. All but the oldest systems have this format,
// alone or behind that of old ("ld.so-1.7.0"), whose entries say nothing more and are stepped over.

// type CachedLibrary = {
//   path: ByteString;
//   /** Of the machine that it needs, a folder below glibc-hwcaps/: 'x86-64-v3'; '' for any. */
//   level: ByteString;
// };

const NEW_MAGIC = 'glibc-ld.so.cache1.1';
const OLD_MAGIC = 'ld.so-1.7.0';
const OLD_ENTRY_BYTES = 12;
const CACHE_HEADER_BYTES = 48;
const CACHE_ENTRY_BYTES = 24;
const EXTENSION_MAGIC = 0xeaa42174;
const TAG_HWCAPS = 1;
const LONGEST_PATH_BYTES = 4096;
// Upper half of the field hwcap: "the lower half is an index into the names of the extension".
const HWCAP_IS_INDEX = 1 << 30;

/** What a word of the file is read by; outside of the file all is 0. */
class CacheReader {
  // private readonly view: DataView;
  // private readonly base: number;
  isLittle = true;
  constructor(bytes, base) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.base = base;
  }
  get sizeBytes() {
    return this.view.byteLength - this.base;
  }
  word(at) {
    return at + 4 <= this.sizeBytes ? this.view.getUint32(this.base + at, this.isLittle) : 0;
  }
  byte(at) {
    return at < this.sizeBytes ? this.view.getUint8(this.base + at) : 0;
  }
  /** The bytes up to the next NUL, at most the longest path there is. */
  text(at) {
    let text = '';
    for (let i = at; this.byte(i) !== 0 && i < at + LONGEST_PATH_BYTES; i++) text += String.fromCharCode(this.byte(i));
    return text;
  }
}

function startsWithMagic(bytes, at, magic) {
  for (let i = 0; i < magic.length; i++) if (bytes[at + i] !== magic.charCodeAt(i)) return false;
  return true;
}

/** Where the new format begins; undefined if it is not there. */
function findNewFormat(bytes) {
  if (startsWithMagic(bytes, 0, NEW_MAGIC)) return 0;
  if (!startsWithMagic(bytes, 0, OLD_MAGIC)) return undefined;
  for (const isLittle of [true, false]) {
    const reader = new CacheReader(bytes, 0);
    reader.isLittle = isLittle;
    const end = 16 + reader.word(12) * OLD_ENTRY_BYTES;
    // Aligned to the largest word of the entries: 8 bytes, on some 32-bit machines 4.
    for (const alignBytes of [8, 4]) {
      const at = Math.ceil(end / alignBytes) * alignBytes;
      if (startsWithMagic(bytes, at, NEW_MAGIC)) return at;
    }
  }
  return undefined;
}

function readLevels(reader) {
  const start = reader.word(32);
  const levels = [];
  if (start === 0 || reader.word(start) !== EXTENSION_MAGIC) return levels;
  const count = Math.min(reader.word(start + 4), 64);
  for (let i = 0; i < count; i++) {
    const section = start + 8 + i * 16;
    if (reader.word(section) !== TAG_HWCAPS) continue;
    const names = Math.min(reader.word(section + 12) >>> 2, 64);
    for (let j = 0; j < names; j++) levels.push(reader.text(reader.word(reader.word(section + 8) + j * 4)));
  }
  return levels;
}

/**
 * Name of a library -> the files of that name, in the order of the cache, of all architectures (the
 * files themselves tell theirs). Entries for the older folders of hardware ("tls", "haswell"), which
 * glibc 2.37 took out, are left out. A malformed cache gives what can be read of it.
 */
function parseLibraryCache(bytes) {
  const libraries = new Map();
  const base = findNewFormat(bytes);
  if (base === undefined) return libraries;
  const reader = new CacheReader(bytes, base);
  const order = reader.byte(28) & 3;
  // 2: little-endian, 3: big-endian; 0 before glibc 2.33: the order in which the entries fit in.
  reader.isLittle = order === 2 || (order !== 3 && CACHE_HEADER_BYTES + reader.word(20) * CACHE_ENTRY_BYTES <= reader.sizeBytes);
  const levels = readLevels(reader);
  const count = Math.min(reader.word(20), Math.floor((reader.sizeBytes - CACHE_HEADER_BYTES) / CACHE_ENTRY_BYTES));
  for (let i = 0; i < count; i++) {
    const entry = CACHE_HEADER_BYTES + i * CACHE_ENTRY_BYTES;
    const [low, high] = reader.isLittle ? [reader.word(entry + 16), reader.word(entry + 20)] : [reader.word(entry + 20), reader.word(entry + 16)];
    const isIndex = (high & HWCAP_IS_INDEX) !== 0;
    if (!isIndex && (low !== 0 || high !== 0)) continue;
    const level = isIndex ? levels[low] : '';
    const name = reader.text(reader.word(entry + 4));
    const path = reader.text(reader.word(entry + 8));
    if (level === undefined || name === '' || path[0] !== '/') continue;
    const known = libraries.get(name);
    if (known === undefined) libraries.set(name, [{ path, level }]);
    else known.push({ path, level });
  }
  return libraries;
}

// ==== src/formats/strace.ts ======================================================================
// strace.ts - the lines of strace, as they stream in, to events. Knows no files, no processes and not what a call means.

/**
 * For strace's `-e trace=`: calls that open, name, rename and remove files or make processes. Not
 * stat, read, write and close, of which there are too many. `?`: unknown to a machine is no error.
 */
const TRACED_CALLS = ('open openat openat2 creat execve execveat fork vfork clone clone3 chdir fchdir rename renameat renameat2 '
  + 'link linkat symlink symlinkat unlink unlinkat rmdir mkdir mkdirat mknod mknodat truncate ftruncate chmod fchmod fchmodat fchmodat2 '
  + 'readlink readlinkat ptrace chroot pivot_root unshare utime utimes futimesat utimensat bind').split(' ').map((name) => '?' + name).join(',');

// A longer line is no call of a sane program: strace itself prints up to 128 KiB of a string.
const LONGEST_LINE = 1 << 23;
const UNFINISHED = ' <unfinished ...>';
const PID_CHANGED = ' <pid changed to ';
// The execve that changed the process id has succeeded, whatever strace 6.1 prints as its result.
const TAKEN_OVER = '\0';
const NO_ITEMS = [];

/**
 * Reads what `strace -f -q -y -ttt -o FILE` writes, in pieces of any size; each line that tells
 * something goes to `onEvent`. Keeps at most a line, and of each thread the call it is in.
 * Takes any bytes.
 */
class StraceReader {
  // private readonly onEvent: (event: TraceEvent) => void;
  rest = '';
  isSkipping = false;
  /** By thread: the beginning of the line of a call that has not returned, its time before it. */
  unfinished = new Map();
  second = '';
  secondMs = 0;

  constructor(onEvent) {
    this.onEvent = onEvent;
  }

  feed(chunk) {
    let end = chunk.indexOf('\n');
    if (end < 0) {
      this.keep(chunk);
      return;
    }
    let start = 0;
    if (this.isSkipping || this.rest !== '') {
      this.keep(chunk.slice(0, end));
      this.finishRest();
      start = end + 1;
      end = chunk.indexOf('\n', start);
    }
    while (end >= 0) {
      this.readLine(chunk, start, end);
      start = end + 1;
      end = chunk.indexOf('\n', start);
    }
    if (start < chunk.length) this.keep(chunk.slice(start));
  }

  /** No more comes: what is left without a line feed was cut off. */
  end() {
    if (this.isSkipping || this.rest !== '') this.finishRest();
  }

  keep(text) {
    if (this.isSkipping) return;
    this.rest = detachString(this.rest + text);
    if (this.rest.length <= LONGEST_LINE) return;
    this.rest = '';
    this.isSkipping = true;
  }

  finishRest() {
    const line = this.rest;
    this.rest = '';
    if (this.isSkipping) this.onEvent({ kind: 'unreadable', pid: 0, timeMs: 0 });
    else this.readLine(line, 0, line.length);
    this.isSkipping = false;
  }

  readLine(text, start, end) {
    let at = start;
    let pid = 0;
    let code = text.charCodeAt(at);
    while (code >= 48 && code <= 57 && at < end) {
      pid = pid * 10 + code - 48;
      code = text.charCodeAt(++at);
    }
    while (code === 32) code = text.charCodeAt(++at);
    const space = text.indexOf(' ', at);
    const timeMs = space > at && space < end ? this.readTime(text, at, space) : NaN;
    if (pid === 0 || !(timeMs >= 0) || !(pid < 1e9)) {
      // strace -q still prints "[ Process PID=1 runs in 32 bit mode. ]" without a time.
      if (end > start && !text.startsWith('[ ', at)) this.onEvent({ kind: 'unreadable', pid: 0, timeMs: 0 });
      return;
    }
    at = space + 1;
    code = text.charCodeAt(at);
    if (code === 43) this.readEnd(pid, timeMs, text.slice(at, end));
    else if (code === 60) this.readResumed(pid, timeMs, text.slice(at, end));
    else if (code !== 45 && code !== 91) this.readCall(pid, timeMs, text, at, end);
  }

  /** `1795520003.799471` as milliseconds, NaN if it is none. */
  readTime(text, start, end) {
    const point = text.indexOf('.', start);
    if (point < 0 || point > end - 2 || point - start > 12) return NaN;
    if (this.second.length !== point - start || !text.startsWith(this.second, start)) {
      this.second = detachString(text.slice(start, point));
      this.secondMs = Number(this.second) * 1000;
    }
    let fraction = 0;
    let scale = 1000;
    for (let at = point + 1; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code < 48 || code > 57) return NaN;
      fraction = fraction * 10 + code - 48;
      scale /= 10;
    }
    return this.secondMs + fraction * scale;
  }

  /** `+++ exited with 0 +++` and its like. */
  readEnd(pid, timeMs, line) {
    let match = /^\+\+\+ exited with (\d+) \+\+\+$/.exec(line);
    if (match !== null) {
      this.unfinished.delete(pid);
      this.onEvent({ kind: 'exited', pid, timeMs, status: Number(match[1]) });
      return;
    }
    match = /^\+\+\+ killed by (\S{1,30})(?: \(core dumped\))? \+\+\+$/.exec(line);
    if (match !== null) {
      this.unfinished.delete(pid);
      this.onEvent({ kind: 'killed', pid, timeMs, signal: detachString(match[1]) });
      return;
    }
    match = /^\+\+\+ superseded by execve in pid (\d{1,9}) \+\+\+$/.exec(line);
    if (match !== null) this.onEvent({ kind: 'superseded', pid, timeMs, byPid: Number(match[1]) });
    else this.onEvent({ kind: 'unreadable', pid, timeMs });
  }

  /** `<... openat resumed>) = 3</a>`: the second half of a call. */
  readResumed(pid, timeMs, line) {
    const first = this.unfinished.get(pid);
    const at = line.indexOf(' resumed>');
    const name = line.slice(5, at);
    if (at < 0) {
      this.onEvent({ kind: 'unreadable', pid, timeMs });
    } else if (first !== undefined) {
      this.unfinished.delete(pid);
      if (!first.text.startsWith(name + '(')) return;
      const isTakenOver = first.text.endsWith(TAKEN_OVER);
      const whole = isTakenOver ? first.text.slice(0, -1) + ') = 0' : first.text + line.slice(at + 9);
      this.readCall(pid, first.timeMs, whole, 0, whole.length);
    }
  }

  readCall(pid, timeMs, text, start, end) {
    if (text.charCodeAt(end - 1) === 62 && text.charCodeAt(end - 2) === 46) {
      if (text.startsWith(UNFINISHED, end - UNFINISHED.length)) {
        const isKept = /^[a-z]/.test(text[start]) && end - start < LONGEST_LINE;
        if (isKept) this.unfinished.set(pid, { timeMs, text: detachString(text.slice(start, end - UNFINISHED.length)) });
        return;
      }
      const changed = text.lastIndexOf(PID_CHANGED, end);
      const match = changed < start ? null : / <pid changed to (\d{1,9}) \.\.\.>$/.exec(text.slice(changed, end));
      if (match !== null) {
        this.unfinished.set(Number(match[1]), { timeMs, text: text.slice(start, changed) + TAKEN_OVER });
        return;
      }
      if (text.startsWith(' <detached ...>', end - 15)) return;
    }
    const open = text.indexOf('(', start);
    if (open < 0 || open >= end || open - start > 40) {
      this.onEvent({ kind: 'unreadable', pid, timeMs });
      return;
    }
    // A call that was never traced to its end: "???", "syscall_0x1c5", "restart_syscall".
    if (text.charCodeAt(start) === 63) return;
    const call = { kind: 'call', pid, timeMs, name: text.slice(start, open), arguments: [], status: 0, error: '', path: undefined, isDeleted: false };
    const close = scanArguments(text, open + 1, end, call.arguments);
    const outcome = close < 0 ? 'unreadable' : readResult(text, close + 1, end, call);
    if (outcome === 'known') this.onEvent(call);
    else if (outcome === 'unreadable') this.onEvent({ kind: 'unreadable', pid, timeMs });
  }
}

/** Appends the arguments that start at `at`; the place of the closing parenthesis, -1 without one. */
function scanArguments(text, at, end, into) {
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code === 41) return at;
    if (code === 32 || code === 44) {
      at++;
    } else if (code === 34) {
      const close = findClosing(text, at + 1, end, 34);
      if (close < 0) return -1;
      into.push({ text: '', value: decodeStraceText(text, at + 1, close), items: NO_ITEMS, path: undefined, isDeleted: false });
      // After a string that was cut: "...", which is passed over.
      at = close + 1;
      while (at < end && text.charCodeAt(at) !== 44 && text.charCodeAt(at) !== 41) at++;
    } else {
      at = scanPlain(text, at, end, into);
      if (at < 0) return -1;
    }
  }
  return -1;
}

/** One argument that is no string: a number, flags, a structure, a descriptor with its path. Where it ends. */
function scanPlain(text, start, end, into) {
  let depth = 0;
  let path;
  let isDeleted = false;
  let hasStrings = false;
  let textEnd = -1;
  let at = start;
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === 44 || code === 41) {
      if (depth === 0) break;
      if (code === 41) depth--;
    } else if (code === 34) {
      hasStrings = true;
      at = findClosing(text, at + 1, end, 34);
      if (at < 0) return -1;
    } else if (code === 60 && depth === 0 && path === undefined && text.charCodeAt(at + 1) !== 60) {
      const close = findClosing(text, at + 1, end, 62);
      if (close < 0) return -1;
      path = decodeStraceText(text, at + 1, close);
      textEnd = at;
      at = close;
      if (text.startsWith('(deleted)', at + 1)) {
        isDeleted = true;
        at += 9;
      }
    } else if (code === 40 || code === 91 || code === 123) {
      depth++;
    } else if ((code === 93 || code === 125) && depth > 0) {
      depth--;
    }
  }
  if (at >= end) return -1;
  const own = text.slice(start, textEnd < 0 ? at : textEnd);
  into.push({ text: own, value: undefined, items: hasStrings ? parseStrings(own) : NO_ITEMS, path, isDeleted });
  return at;
}

/** ` = 3</a>`, ` = -1 ENOENT (No such file or directory)`, ` = ?`; puts it into the call. */
function readResult(text, at, end, call) {
  while (at < end && text.charCodeAt(at) === 32) at++;
  if (at + 2 >= end || text.charCodeAt(at) !== 61 || text.charCodeAt(at + 1) !== 32) return 'unreadable';
  at += 2;
  const first = text.charCodeAt(at);
  if (first === 63) return 'none';
  if (first === 45) {
    const space = text.indexOf(' ', at);
    if (space < 0 || space >= end) return 'unreadable';
    let stop = text.indexOf(' ', space + 1);
    if (stop < 0 || stop > end) stop = end;
    call.status = -1;
    call.error = text.slice(space + 1, stop);
    return 'known';
  }
  let status = 0;
  let code = first;
  if (!(code >= 48 && code <= 57)) return 'unreadable';
  while (at < end && code >= 48 && code <= 57) {
    status = status * 10 + code - 48;
    code = text.charCodeAt(++at);
  }
  call.status = status;
  if (at < end && code === 60) {
    const close = findClosing(text, at + 1, end, 62);
    if (close < 0) return 'unreadable';
    call.path = decodeStraceText(text, at + 1, close);
    call.isDeleted = text.startsWith('(deleted)', close + 1);
  }
  return 'known';
}

/** The next `wanted` without a backslash before it; -1 if there is none before `end`. */
function findClosing(text, at, end, wanted) {
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === wanted) return at;
    if (code === 92) at++;
  }
  return -1;
}

const LETTER_ESCAPES = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' };

/** The bytes that strace printed with C's escapes between two places. */
function decodeStraceText(text, start, end) {
  const printed = text.slice(start, end);
  if (printed.indexOf('\\') < 0) return printed;
  return printed.replace(/\\(?:([0-7]{1,3})|x([0-9a-f]{2})|([^]))/g, (_, octal, hex, other) => {
    if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8) & 255);
    if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
    return LETTER_ESCAPES[other] === undefined ? other : LETTER_ESCAPES[other];
  });
}

/** The strings in an array or a structure, `["a", "b"...]`. */
function parseStrings(text) {
  const found = [];
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at)) {
    const close = findClosing(text, at + 1, text.length, 34);
    if (close < 0) break;
    found.push(detachString(decodeStraceText(text, at + 1, close)));
    at = close + 1;
  }
  return found;
}

// ==== src/formats/linesearch.ts ==================================================================
// linesearch.ts - which of some hundred lines occur in megabytes of text. Knows no format.

/** Parts of a text to look at: `count` of them from position `start` on. */
// type PartRange = { start: number; count: number };

/**
 * Finds wanted parts of texts that are parts with a separator. Most parts are told apart by their
 * length and last byte, without making a string of them: 9 MB of file lists take 6 ms.
 */
class LineSearch {
  // private readonly separator: ByteString;
  // private readonly wanted: Set<ByteString>;
  mayOccur = new Uint8Array(256 * 256);
  constructor(separator, wanted) {
    this.separator = separator;
    this.wanted = new Set(wanted);
    for (const line of this.wanted) this.mayOccur[((line.length & 255) << 8) | line.charCodeAt(line.length - 1)] = 1;
  }

  /**
   * Calls `visit` with each part that is wanted and its number, from 0. The last one need not end with
   * the separator. The empty part is never found.
   */
  find(text, visit, range = { start: 0, count: Infinity }) {
    let at = range.start;
    for (let index = 0; index < range.count && at < text.length; index++) {
      const found = text.indexOf(this.separator, at);
      const end = found < 0 ? text.length : found;
      if (end > at && this.mayOccur[(((end - at) & 255) << 8) | text.charCodeAt(end - 1)] === 1) {
        const line = text.slice(at, end);
        if (this.wanted.has(line)) visit(line, index);
      }
      at = end + 1;
    }
  }
}

// ==== src/formats/fileparts.ts ===================================================================
// fileparts.ts - parts of a large binary file, on demand. Knows no format.

/** A file that is read in parts: `read` gives the bytes from a position on, fewer at its end. */
// type FileParts = { sizeBytes: number; read(at: number, length: number): ByteString };

/** A little-endian number of 32 bits; NaN or a part of it behind the end. */
function readLittle32(bytes, at) {
  return (bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8) | (bytes.charCodeAt(at + 2) << 16)) + bytes.charCodeAt(at + 3) * 0x1000000;
}

/** A little-endian number of 16 bits. */
function readLittle16(bytes, at) {
  return bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8);
}

/** A big-endian number of 16 bits. */
function readBig16(bytes, at) {
  return (bytes.charCodeAt(at) << 8) | bytes.charCodeAt(at + 1);
}

// ==== src/formats/dpkg.ts ========================================================================
// dpkg.ts - the texts of dpkg's database: status, diversions (deb822(5), dpkg-divert(1)). Knows no files.

/** What `by` has as `from` lies at `to` if another package brought it; `by` is ':' for the administrator. */
// type DpkgDiversion = { from: ByteString; to: ByteString; by: ByteString };

/** The diversions; an incomplete last one is left out. */
function parseDpkgDiversions(text) {
  const lines = text.split('\n');
  const diversions = [];
  for (let i = 0; i + 2 < lines.length; i += 3) diversions.push({ from: lines[i], to: lines[i + 1], by: lines[i + 2] });
  return diversions;
}

function readStanzaField(stanza, name) {
  const at = stanza.indexOf('\n' + name + ':');
  if (at < 0) return '';
  const end = stanza.indexOf('\n', at + 1);
  return stanza.slice(at + name.length + 2, end < 0 ? stanza.length : end).trim();
}

/**
 * Packages of a status file by the names that their file lists have: `bash`, and `libc6:amd64` where
 * several architectures of a package can be installed together. Only those with a name in `wanted`.
 */
function parseDpkgStatus(text, wanted) {
  const packages = new Map();
  for (let at = 0; at < text.length;) {
    const found = text.indexOf('\n\n', at);
    const end = found < 0 ? text.length : found;
    const stanza = '\n' + text.slice(at, end);
    at = end + 2;
    const name = readStanzaField(stanza, 'Package');
    const architecture = readStanzaField(stanza, 'Architecture');
    const isWanted = wanted.has(name);
    if (!isWanted && !wanted.has(name + ':' + architecture)) continue;
    const identity = { name, version: readStanzaField(stanza, 'Version'), architecture };
    packages.set(name + ':' + architecture, identity);
    if (isWanted && !packages.has(name)) packages.set(name, identity);
  }
  return packages;
}

// ==== src/formats/apk.ts =========================================================================
// apk.ts - the list of installed packages of Alpine's apk (as apk-tools' src/database.c writes it). Knows no files.

/**
 * Calls `visit` for each wanted file, named from the root without '/' in front, with its package. The
 * list has a paragraph for each package, with lines of a letter, ':' and a value: P name, V version,
 * A architecture, F a folder, R a file in the folder named last.
 */
function findInApkList(text, wanted, visit) {
  const folders = new Set();
  for (const path of wanted) folders.add(path.slice(0, path.lastIndexOf('/') + 1));
  let identity = { name: '', version: '', architecture: '' };
  let folder;
  for (let at = 0; at < text.length;) {
    const found = text.indexOf('\n', at);
    const end = found < 0 ? text.length : found;
    const letter = end === at ? '' : text[at + 1] === ':' ? text[at] : ' ';
    if (letter === 'R') {
      const path = folder === undefined ? '' : folder + text.slice(at + 2, end);
      if (wanted.has(path)) visit(path, identity);
    } else if (letter === 'F') {
      const name = text.slice(at + 2, end);
      folder = name === '' ? '' : name + '/';
      if (!folders.has(folder)) folder = undefined;
    } else if (letter === 'P') {
      identity.name = text.slice(at + 2, end);
    } else if (letter === 'V') {
      identity.version = text.slice(at + 2, end);
    } else if (letter === 'A') {
      identity.architecture = text.slice(at + 2, end);
    } else if (letter === '') {
      identity = { name: '', version: '', architecture: '' };
      folder = undefined;
    }
    at = end + 1;
  }
}

// ==== src/formats/pacman.ts ======================================================================
// pacman.ts - the description of a package installed by Arch Linux's pacman (alpm-db-desc(5)). Knows no files.

/**
 * The package of a `desc` file of pacman's local database: sections of a line %NAME% and lines of
 * values, each ended by an empty line. Undefined if it has no name.
 */
function parsePacmanDescription(text) {
  const values = {};
  for (const parts of text.matchAll(/^%(NAME|VERSION|ARCH)%\n(.+)$/gm)) values[parts[1]] = values[parts[1]] ?? parts[2];
  if (values.NAME === undefined) return undefined;
  return { name: values.NAME, version: values.VERSION ?? '', architecture: values.ARCH ?? '' };
}

// ==== src/formats/conda.ts =======================================================================
// conda.ts - the record of a package installed by conda: PREFIX/conda-meta/NAME.json. Knows no files.

// type CondaPackage = PackageIdentity & {
//   /** As JSON has them: text, relative to the prefix. */
//   files: string[];
// };

function textOf(value) {
  return typeof value === 'string' ? value : '';
}

/**
 * The package, in text; undefined if this is no record of one. The version is VERSION=BUILD, as conda
 * takes it for an exact package: two builds of one version are different binaries.
 */
function parseCondaRecord(json) {
  let value;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value;
  const name = textOf(record.name);
  if (name === '' || !Array.isArray(record.files)) return undefined;
  const build = textOf(record.build);
  return {
    name,
    version: textOf(record.version) + (build === '' ? '' : '=' + build),
    architecture: textOf(record.subdir),
    files: record.files.filter((file) => typeof file === 'string'),
  };
}

/** The ways in which a JSON text may spell this name between quotes: as it is, and in ASCII only. */
function spellInJson(name) {
  const quoted = JSON.stringify(name).slice(1, -1);
  const ascii = quoted.replace(/[\x7f-\uffff]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
  return quoted === ascii ? [quoted] : [quoted, ascii];
}

// ==== src/formats/storepath.ts ===================================================================
// storepath.ts - the package in a path of the store of Guix or Nix. Knows no files.

// 160 bits in Nix's base 32, which has no e, o, t and u.
const STORE_PATH = /^\/(gnu|nix)\/store\/[0-9a-df-np-sv-z]{32}-([^/]+)(?:\/|$)/;

/**
 * The package that built this file of a store, by the name of its folder, /gnu/store/HASH-NAME-VERSION
 * or /nix/store/HASH-NAME-VERSION; undefined if the path is not of that form. The version begins
 * after the first '-' that a digit follows (Guix, package-name->name+version), or anything but a
 * letter (Nix, builtins.parseDrvName).
 */
function parseStorePath(path) {
  const parts = STORE_PATH.exec(path);
  if (parts === null) return undefined;
  const isGuix = parts[1] === 'gnu';
  const cut = parts[2].search(isGuix ? /-[0-9]/ : /-[^A-Za-z]/);
  return {
    manager: isGuix ? 'guix' : 'nix',
    name: cut < 0 ? parts[2] : parts[2].slice(0, cut),
    version: cut < 0 ? '' : parts[2].slice(cut + 1),
    architecture: '',
  };
}

// ==== src/formats/rpmheader.ts ===================================================================
// rpmheader.ts - the header of an installed package in a database of rpm. Knows no database.
//
// A header (rpm's docs/manual/format_header) is two big-endian numbers, how many entries and how many
// bytes of data; then the entries, of four numbers: tag, type, where in the data, how many; then the data.

const RPM_TAG = { name: 1000, version: 1001, release: 1002, epoch: 1003, architecture: 1022, states: 1029, folderIndexes: 1116, baseNames: 1117, folders: 1118 };
const RPM_ENTRIES_LIMIT = 0xffff; // as in rpm's lib/header.c

// type RpmEntry = { at: number; count: number };

function readRpmEntries(blob) {
  const count = readUint32(blob, 0);
  const dataAt = 8 + 16 * count;
  if (!(count <= RPM_ENTRIES_LIMIT && dataAt + readUint32(blob, 4) <= blob.length)) return undefined;
  const entries = new Map();
  for (let i = 0; i < count; i++) {
    const at = 8 + 16 * i;
    entries.set(readUint32(blob, at), { at: dataAt + readUint32(blob, at + 8), count: readUint32(blob, at + 12) });
  }
  return entries;
}

function readRpmText(blob, entry) {
  if (entry === undefined) return '';
  const end = blob.indexOf('\0', entry.at);
  return end < 0 ? '' : blob.slice(entry.at, end);
}

function identifyRpm(blob, entries) {
  const epoch = entries.get(RPM_TAG.epoch);
  return {
    name: readRpmText(blob, entries.get(RPM_TAG.name)),
    // As rpm prints %{EVR}.
    version: (epoch === undefined ? '' : String(readUint32(blob, epoch.at)) + ':')
      + readRpmText(blob, entries.get(RPM_TAG.version)) + '-' + readRpmText(blob, entries.get(RPM_TAG.release)),
    architecture: readRpmText(blob, entries.get(RPM_TAG.architecture)),
  };
}

/** The folders of a header's files, by number; each is found at the first use. */
function makeFolderReader(blob, entry) {
  let folders;
  return (index) => {
    folders = folders ?? blob.slice(entry.at).split('\0', entry.count);
    return folders[index];
  };
}

// Normal and on a shared disk. The others were replaced by another package's, or not installed.
function isInstalledState(state) {
  return !(state > 0) || state === 3;
}

/** Paths to look for, and a search for their last parts, which end with NUL. */
// type RpmQuestion = { paths: Set<ByteString>; baseNames: LineSearch };

/** Calls `visit` for each wanted path that is installed as a file of this package. A malformed header has no files. */
function findInRpmHeader(blob, wanted, visit) {
  const entries = readRpmEntries(blob);
  const names = entries?.get(RPM_TAG.baseNames);
  const indexes = entries?.get(RPM_TAG.folderIndexes);
  const folderEntry = entries?.get(RPM_TAG.folders);
  if (entries === undefined || names === undefined || indexes === undefined || folderEntry === undefined) return;
  const states = entries.get(RPM_TAG.states);
  const readFolder = makeFolderReader(blob, folderEntry);
  let identity;
  wanted.baseNames.find(blob, (name, index) => {
    const folder = readFolder(readUint32(blob, indexes.at + 4 * index));
    if (folder === undefined || !wanted.paths.has(folder + name)) return;
    if (states !== undefined && index < states.count && !isInstalledState(blob.charCodeAt(states.at + index))) return;
    identity = identity ?? identifyRpm(blob, entries);
    if (identity.name !== '') visit(folder + name, identity);
  }, { start: names.at, count: names.count });
}

// ==== src/formats/ndb.ts =========================================================================
// ndb.ts - rpm's database of packages in SUSE systems, Packages.db (rpm's lib/backend/ndb/rpmpkg.c). Knows no files.
//
// All numbers are little-endian and of 32 bits. The file is a header of 32 bytes, slots of 16 bytes up
// to the end of a number of pages of 4096, then blobs in blocks of 16 bytes. A slot says 'Slot', the
// package's number, first block (0: the slot is free), number of blocks. A blob says 'BlbS', the package's number, a
// generation, its length; then come its bytes.

const NDB_BLOCK_BYTES = 16;
const NDB_PAGE_BYTES = 4096;
const NDB_HEADER_BYTES = 32;
const NDB_BLOB_HEAD_BYTES = 16;
const NDB_VERSION = 0;

/** Calls `visit` with the header of each package. What is malformed is left out. */
function scanNdb(source, visit) {
  const header = source.read(0, NDB_HEADER_BYTES);
  if (header.slice(0, 4) !== 'RpmP' || readLittle32(header, 4) !== NDB_VERSION) return;
  const slotsEnd = Math.min(readLittle32(header, 12) * NDB_PAGE_BYTES, source.sizeBytes);
  const slots = source.read(NDB_HEADER_BYTES, Math.max(slotsEnd - NDB_HEADER_BYTES, 0));
  // Blobs do not overlap, so no more bytes can be read than there are.
  let leftBytes = source.sizeBytes;
  for (let at = 0; at + 16 <= slots.length && leftBytes > 0; at += 16) {
    const blobAt = readLittle32(slots, at + 8) * NDB_BLOCK_BYTES;
    if (slots.slice(at, at + 4) !== 'Slot' || blobAt < slotsEnd) continue;
    const head = source.read(blobAt, NDB_BLOB_HEAD_BYTES);
    const length = readLittle32(head, 12);
    if (head.slice(0, 4) !== 'BlbS' || readLittle32(head, 4) !== readLittle32(slots, at + 4)) continue;
    if (blobAt + NDB_BLOB_HEAD_BYTES + length > source.sizeBytes) continue;
    leftBytes -= length;
    visit(source.read(blobAt + NDB_BLOB_HEAD_BYTES, length));
  }
}

// ==== src/formats/berkeleyhash.ts ================================================================
// berkeleyhash.ts - hash tables of Berkeley DB, versions 8 to 10: rpm's Packages up to CentOS 7 and 8. Knows no files.
//
// Page 0 says what the file is: at 12 a magic number, which also tells the order of bytes, at 16 the
// version, at 20 the size of a page. Every page begins with 26 bytes: at 16 the page that follows, at
// 20 the number of items, at 22 a position, at 25 the type. The items of a hash page are keys and
// values in turn, from the end of the page to its beginning, found by the offsets behind the 26 bytes.
// An item is a byte that tells its kind, and its content or where its overflow pages begin (as in
// Berkeley DB's dbinc/db_page.h and rpm's lib/backend/bdb_ro.cc).

const BERKELEY_MAGIC = 0x061561;
const BERKELEY_PAGE_HEAD_BYTES = 26;
const BERKELEY_HASH_PAGES = [2, 13]; // unsorted (until version 8) and sorted
const BERKELEY_OVERFLOW_PAGE = 7;
const BERKELEY_ITEM_HERE = 1;
const BERKELEY_ITEM_OVERFLOW = 3;
const BERKELEY_OVERFLOW_ITEM_BYTES = 12;

// type BerkeleyFile = {
//   source: FileParts;
//   pageSizeBytes: number;
//   read16: (bytes: ByteString, at: number) => number;
//   read32: (bytes: ByteString, at: number) => number;
//   /** What may still be read of overflow pages: no page belongs to two items. */
//   leftBytes: number;
// };

function openBerkeleyHash(source) {
  const head = source.read(0, 72);
  if (head.length < 72) return undefined;
  const isLittle = readLittle32(head, 12) === BERKELEY_MAGIC;
  if (!isLittle && readUint32(head, 12) !== BERKELEY_MAGIC) return undefined;
  const read32 = isLittle ? readLittle32 : readUint32;
  const pageSizeBytes = read32(head, 20);
  const version = read32(head, 16);
  if (version < 8 || version > 10 || pageSizeBytes < 512 || pageSizeBytes > 65536 || (pageSizeBytes & (pageSizeBytes - 1)) !== 0) return undefined;
  return { source, pageSizeBytes, read16: isLittle ? readLittle16 : readBig16, read32, leftBytes: source.sizeBytes };
}

function readOverflow(file, first, lengthBytes) {
  const parts = [];
  let number = first;
  let left = lengthBytes;
  while (left > 0 && left <= file.leftBytes) {
    const page = file.source.read(number * file.pageSizeBytes, file.pageSizeBytes);
    const length = file.read16(page, 22);
    if (page.length < file.pageSizeBytes || page.charCodeAt(25) !== BERKELEY_OVERFLOW_PAGE) return undefined;
    if (length === 0 || length > left || BERKELEY_PAGE_HEAD_BYTES + length > page.length) return undefined;
    parts.push(page.slice(BERKELEY_PAGE_HEAD_BYTES, BERKELEY_PAGE_HEAD_BYTES + length));
    left -= length;
    file.leftBytes -= length;
    number = file.read32(page, 16);
  }
  return left === 0 ? parts.join('') : undefined;
}

function readItem(file, item) {
  const kind = item.charCodeAt(0);
  if (kind === BERKELEY_ITEM_HERE) return item.slice(1);
  if (kind !== BERKELEY_ITEM_OVERFLOW || item.length !== BERKELEY_OVERFLOW_ITEM_BYTES) return undefined;
  return readOverflow(file, file.read32(item, 4), file.read32(item, 8));
}

/**
 * Calls `visit` with each value, in the order of the pages. A file of another kind, and what is
 * malformed, has no values; duplicates of a key are left out.
 */
function scanBerkeleyHash(source, visit) {
  const file = openBerkeleyHash(source);
  if (file === undefined) return;
  const size = file.pageSizeBytes;
  for (let pageAt = size; pageAt + size <= source.sizeBytes; pageAt += size) {
    const page = source.read(pageAt, size);
    if (BERKELEY_HASH_PAGES.indexOf(page.charCodeAt(25)) < 0) continue;
    const count = Math.min(file.read16(page, 20), (size - BERKELEY_PAGE_HEAD_BYTES) >> 1);
    for (let i = 1; i < count; i += 2) {
      const at = file.read16(page, BERKELEY_PAGE_HEAD_BYTES + 2 * i);
      const end = file.read16(page, BERKELEY_PAGE_HEAD_BYTES + 2 * i - 2);
      if (at < BERKELEY_PAGE_HEAD_BYTES + 2 * count || at >= end || end > size) continue;
      const value = readItem(file, page.slice(at, end));
      if (value !== undefined) visit(value);
    }
  }
}

// ==== src/formats/sqlitelog.ts ===================================================================
// sqlitelog.ts - the write-ahead log of an SQLite database, DATABASE-wal (sqlite.org/fileformat2.html, 4). Knows no tables.

const LOG_MAGIC_LITTLE = 0x377f0682;
const LOG_MAGIC_BIG = 0x377f0683;
const LOG_HEADER_BYTES = 32;
const LOG_FRAME_BYTES = 24;

/** Where in the log the newest version of a page lies; `pageCount` is the size of the database by now. */
// type SqliteLog = { pages: Map<number, number>; pageCount: number };

// type Checksum = { first: number; second: number };

function addToChecksum(sum, bytes, read32) {
  let first = sum.first;
  let second = sum.second;
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    first = (first + read32(bytes, at) + second) >>> 0;
    second = (second + read32(bytes, at + 4) + first) >>> 0;
  }
  sum.first = first;
  sum.second = second;
}

/** What the log's transactions that were ended have changed; undefined if there is none. */
function readSqliteLog(log, pageSizeBytes) {
  const header = log.read(0, LOG_HEADER_BYTES);
  const magic = readUint32(header, 0);
  if (header.length < LOG_HEADER_BYTES || (magic !== LOG_MAGIC_LITTLE && magic !== LOG_MAGIC_BIG) || readUint32(header, 8) !== pageSizeBytes) return undefined;
  const read32 = magic === LOG_MAGIC_BIG ? readUint32 : readLittle32;
  const salts = header.slice(16, 24);
  const sum = { first: 0, second: 0 };
  addToChecksum(sum, header.slice(0, 24), read32);
  if (readUint32(header, 24) !== sum.first || readUint32(header, 28) !== sum.second) return undefined;
  const pages = new Map();
  let pending = new Map();
  let pageCount;
  // A frame of an older use of the file has other salts; a torn one has another checksum.
  for (let at = LOG_HEADER_BYTES; at + LOG_FRAME_BYTES + pageSizeBytes <= log.sizeBytes; at += LOG_FRAME_BYTES + pageSizeBytes) {
    const frame = log.read(at, LOG_FRAME_BYTES);
    if (frame.slice(8, 16) !== salts) break;
    addToChecksum(sum, frame.slice(0, 8), read32);
    addToChecksum(sum, log.read(at + LOG_FRAME_BYTES, pageSizeBytes), read32);
    if (readUint32(frame, 16) !== sum.first || readUint32(frame, 20) !== sum.second) break;
    pending.set(readUint32(frame, 0), at + LOG_FRAME_BYTES);
    const sizePages = readUint32(frame, 4);
    if (sizePages === 0) continue;
    for (const [number, pageAt] of pending) pages.set(number, pageAt);
    pending = new Map();
    pageCount = sizePages;
  }
  return pageCount === undefined ? undefined : { pages, pageCount };
}

// ==== src/formats/sqlite.ts ======================================================================
// sqlite.ts - reads tables and indexes of SQLite databases (sqlite.org/fileformat2.html). Knows no SQL and no files.
//
// What is malformed gives undefined or false, after bounded work: every page costs one of the pages
// that may be read in all.

/** Text in the database's encoding, and blobs, are bytes; NULL is undefined. */
// type SqliteValue = number | ByteString | undefined;

// type SqliteDatabase = {
//   source: FileParts;
//   pageSizeBytes: number;
//   /** Of a page, without what is reserved at its end for extensions. */
//   usableBytes: number;
//   pageCount: number;
//   /** Pages that are newer in the write-ahead log, and where they lie in it. */
//   logPages: Map<number, number>;
//   log: FileParts | undefined;
//   leftPages: number;
// };

const SQLITE_PAGE = { indexInterior: 2, tableInterior: 5, indexLeaf: 10, tableLeaf: 13 };
const SQLITE_DEPTH_LIMIT = 32;
const SQLITE_FIND_LIMIT = 20000;

/** The database, with what of the write-ahead log is committed; undefined if it is none. */
function openSqlite(source, log) {
  const head = source.read(0, 100);
  if (head.length < 100 || head.slice(0, 16) !== 'SQLite format 3\0') return undefined;
  const size = readBig16(head, 16);
  const pageSizeBytes = size === 1 ? 65536 : size;
  const usableBytes = pageSizeBytes - head.charCodeAt(20);
  if (pageSizeBytes < 512 || (pageSizeBytes & (pageSizeBytes - 1)) !== 0 || usableBytes < 480) return undefined;
  const committed = log === undefined ? undefined : readSqliteLog(log, pageSizeBytes);
  const pageCount = committed?.pageCount ?? Math.floor(source.sizeBytes / pageSizeBytes);
  return { source, pageSizeBytes, usableBytes, pageCount, logPages: committed?.pages ?? new Map(), log, leftPages: 8 * pageCount + 100000 };
}

function readSqlitePage(db, number) {
  db.leftPages -= 1;
  if (!(number >= 1 && number <= db.pageCount) || db.leftPages < 0) return undefined;
  const at = db.logPages.get(number);
  const page = at === undefined || db.log === undefined
    ? db.source.read((number - 1) * db.pageSizeBytes, db.pageSizeBytes)
    : db.log.read(at, db.pageSizeBytes);
  return page.length === db.pageSizeBytes ? page : undefined;
}

// type SqliteVarint = { value: number; end: number };

/** 1 to 9 bytes, 7 bits in each but the ninth, which has 8; two's complement of 64 bits. */
function readSqliteVarint(bytes, at) {
  let value = 0;
  let inverse = 0;
  for (let i = 0; i < 8; i++) {
    const byte = bytes.charCodeAt(at + i);
    value = value * 128 + (byte & 127);
    inverse = inverse * 128 + (127 - (byte & 127));
    if (!(byte & 128)) return { value, end: at + i + 1 };
  }
  // Only with nine bytes can it be negative. By its inverse a number near zero is exact.
  const last = bytes.charCodeAt(at + 8);
  const isNegative = (bytes.charCodeAt(at) & 64) !== 0;
  return { value: isNegative ? -(inverse * 256 + 255 - last) - 1 : value * 256 + last, end: at + 9 };
}

function readSqliteInteger(bytes, at, sizeBytes) {
  let value = (bytes.charCodeAt(at) << 24) >> 24;
  if (sizeBytes === 8) {
    // Whole halves, so that numbers near zero are exact.
    return (readUint32(bytes, at) | 0) * 0x100000000 + readUint32(bytes, at + 4);
  }
  for (let i = 1; i < sizeBytes; i++) value = value * 256 + bytes.charCodeAt(at + i);
  return value;
}

function readSqliteFloat(bytes, at) {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, readUint32(bytes, at));
  view.setUint32(4, readUint32(bytes, at + 4));
  return view.getFloat64(0);
}

const SQLITE_INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8];

/** The columns of a record (section 2.1, "Record Format"); undefined if it is cut off. */
function parseSqliteRow(payload) {
  const head = readSqliteVarint(payload, 0);
  if (!(head.value <= payload.length)) return undefined;
  const values = [];
  let at = head.end;
  let bodyAt = head.value;
  while (at < head.value) {
    const type = readSqliteVarint(payload, at);
    at = type.end;
    let length = 0;
    if (type.value >= 12) {
      length = Math.floor((type.value - 12) / 2);
      values.push(payload.slice(bodyAt, bodyAt + length));
    } else if (type.value === 7) {
      length = 8;
      values.push(readSqliteFloat(payload, bodyAt));
    } else if (type.value >= 1 && type.value <= 6) {
      length = SQLITE_INTEGER_BYTES[type.value];
      values.push(readSqliteInteger(payload, bodyAt, length));
    } else {
      values.push(type.value === 8 ? 0 : type.value === 9 ? 1 : undefined);
    }
    bodyAt += length;
    if (bodyAt > payload.length) return undefined;
  }
  return values;
}

// type SqliteTreePage = { page: ByteString; type: number; count: number; cellsAt: number; isLeaf: boolean; rightmost: number };

/** The payload of a cell: here, and the rest on overflow pages (section 1.6). */
function readPayload(db, tree, place) {
  const { page, type } = tree;
  const { at, sizeBytes } = place;
  const usable = db.usableBytes;
  const most = type !== SQLITE_PAGE.tableLeaf ? Math.floor((usable - 12) * 64 / 255) - 23 : usable - 35;
  if (sizeBytes <= most) return at + sizeBytes <= usable ? page.slice(at, at + sizeBytes) : undefined;
  if (!(sizeBytes <= db.pageCount * usable)) return undefined;
  const least = Math.floor((usable - 12) * 32 / 255) - 23;
  const wished = least + (sizeBytes - least) % (usable - 4);
  const here = wished <= most ? wished : least;
  if (at + here + 4 > usable) return undefined;
  const parts = [page.slice(at, at + here)];
  let next = readUint32(page, at + here);
  for (let left = sizeBytes - here; left > 0; left -= usable - 4) {
    const overflow = readSqlitePage(db, next);
    if (overflow === undefined) return undefined;
    parts.push(overflow.slice(4, 4 + Math.min(left, usable - 4)));
    next = readUint32(overflow, 0);
  }
  return parts.join('');
}

function readTreePage(db, number) {
  const page = readSqlitePage(db, number);
  if (page === undefined) return undefined;
  const start = number === 1 ? 100 : 0;
  const type = page.charCodeAt(start);
  const isLeaf = type === SQLITE_PAGE.tableLeaf || type === SQLITE_PAGE.indexLeaf;
  if (!isLeaf && type !== SQLITE_PAGE.tableInterior && type !== SQLITE_PAGE.indexInterior) return undefined;
  const cellsAt = start + (isLeaf ? 8 : 12);
  const count = readBig16(page, start + 3);
  if (cellsAt + 2 * count > page.length) return undefined;
  return { page, type, count, cellsAt, isLeaf, rightmost: isLeaf ? 0 : readUint32(page, start + 8) };
}

function cellAt(tree, index) {
  return readBig16(tree.page, tree.cellsAt + 2 * index);
}

/** The row of a cell of a table's leaf. */
function readTableCell(db, tree, index) {
  const size = readSqliteVarint(tree.page, cellAt(tree, index));
  const rowId = readSqliteVarint(tree.page, size.end);
  const payload = readPayload(db, tree, { at: rowId.end, sizeBytes: size.value });
  const row = payload === undefined ? undefined : parseSqliteRow(payload);
  return row === undefined ? undefined : { rowId: rowId.value, row };
}

// type RowVisitor = (row: SqliteValue[], rowId: number) => void;

/** Calls `visit` with every row of a table in the order of row ids; false if some could not be read. */
function scanSqliteTable(db, root, visit) {
  return scanSqliteTree({ db, visit }, root, 0);
}

function scanSqliteTree(scan, root, depth) {
  const { db, visit } = scan;
  const tree = readTreePage(db, root);
  if (tree === undefined || depth > SQLITE_DEPTH_LIMIT) return false;
  let isWhole = true;
  if (tree.type === SQLITE_PAGE.tableInterior) {
    for (let i = 0; i <= tree.count; i++) {
      const child = i < tree.count ? readUint32(tree.page, cellAt(tree, i)) : tree.rightmost;
      if (!scanSqliteTree(scan, child, depth + 1)) isWhole = false;
    }
    return isWhole;
  }
  if (tree.type !== SQLITE_PAGE.tableLeaf) return false;
  for (let i = 0; i < tree.count; i++) {
    const cell = readTableCell(db, tree, i);
    if (cell === undefined) isWhole = false;
    else visit(cell.row, cell.rowId);
  }
  return isWhole;
}

/** Page at which a table or an index begins; undefined if there is none of that name. */
function findSqliteRoot(db, type, name) {
  let root;
  scanSqliteTable(db, 1, (row) => {
    if (row[0] === type && row[1] === name && typeof row[3] === 'number') root = row[3];
  });
  return root;
}

/** The row with this id; undefined if there is none, or the table is malformed. */
function findSqliteRow(db, root, rowId) {
  let number = root;
  for (let depth = 0; depth <= SQLITE_DEPTH_LIMIT; depth++) {
    const tree = readTreePage(db, number);
    if (tree === undefined || (tree.type !== SQLITE_PAGE.tableInterior && tree.type !== SQLITE_PAGE.tableLeaf)) return undefined;
    const skip = tree.isLeaf ? 0 : 4;
    let low = 0;
    for (let high = tree.count; low < high;) {
      const middle = (low + high) >> 1;
      const at = cellAt(tree, middle);
      const key = readSqliteVarint(tree.page, tree.isLeaf ? readSqliteVarint(tree.page, at).end : at + skip).value;
      if (key < rowId) low = middle + 1;
      else high = middle;
    }
    if (tree.isLeaf) {
      const cell = low < tree.count ? readTableCell(db, tree, low) : undefined;
      return cell === undefined || cell.rowId !== rowId ? undefined : cell.row;
    }
    number = low < tree.count ? readUint32(tree.page, cellAt(tree, low)) : tree.rightmost;
  }
  return undefined;
}

/**
 * Row ids of the entries of an index whose first column is this text or blob, compared as bytes (BINARY);
 * undefined if the index is malformed or holds too many.
 */
function findSqliteKeys(db, root, key) {
  const rowIds = [];
  return collectKeys({ db, key, rowIds }, root, 0) && rowIds.length < SQLITE_FIND_LIMIT ? rowIds : undefined;
}

function readIndexCell(db, tree, index) {
  const size = readSqliteVarint(tree.page, cellAt(tree, index) + (tree.isLeaf ? 0 : 4));
  const payload = readPayload(db, tree, { at: size.end, sizeBytes: size.value });
  return payload === undefined ? undefined : parseSqliteRow(payload);
}

// NULL and numbers come before text.
function isBelowKey(value, key) {
  return typeof value !== 'string' || value < key;
}

// type SqliteKeySearch = { db: SqliteDatabase; key: ByteString; rowIds: number[] };

function collectKeys(search, root, depth) {
  const { db, key, rowIds } = search;
  const tree = readTreePage(db, root);
  if (tree === undefined || depth > SQLITE_DEPTH_LIMIT || (tree.type !== SQLITE_PAGE.indexInterior && tree.type !== SQLITE_PAGE.indexLeaf)) return false;
  let low = 0;
  for (let high = tree.count; low < high;) {
    const middle = (low + high) >> 1;
    const row = readIndexCell(db, tree, middle);
    if (row === undefined) return false;
    if (isBelowKey(row[0], key)) low = middle + 1;
    else high = middle;
  }
  // From here on entries equal the key, until one does not; each has a child before it.
  for (let i = low; i <= tree.count && rowIds.length < SQLITE_FIND_LIMIT; i++) {
    if (!tree.isLeaf) {
      const child = i < tree.count ? readUint32(tree.page, cellAt(tree, i)) : tree.rightmost;
      if (!collectKeys(search, child, depth + 1)) return false;
    }
    if (i === tree.count) break;
    const row = readIndexCell(db, tree, i);
    if (row === undefined) return false;
    const rowId = row[row.length - 1];
    if (row[0] !== key) break;
    if (typeof rowId === 'number') rowIds.push(rowId);
  }
  return true;
}

// ==== src/formats/bytewindow.ts ==================================================================
// bytewindow.ts - numbers and texts out of binary data that is read piece by piece. Knows no format and no files.

/** Bytes of a file from an offset; fewer, or none, at its end. Never throws. */
// type ByteReader = (offset: number, lengthBytes: number) => Uint8Array;

/**
 * A part of a file, or bytes in memory. Positions count from its start. Bytes beyond its end are 0,
 * so that who reads a damaged file gets numbers and has to check only where it loops.
 */
// type ByteSource = {
//   read: ByteReader;
//   startAt: number;
//   sizeBytes: number;
//   isLittleEndian: boolean;
//   window: Uint8Array;
//   windowAt: number;
// };

/** How many bytes may still be looked at: what ends the reading of a file made to take for ever. */
// type Fuel = { bytesLeft: number };

/** A place in a source that moves on as values are taken. */
// type ByteCursor = { source: ByteSource; at: number; fuel: Fuel };

// A unit of debug information begins with some hundred bytes that matter; the next lies far behind.
const WINDOW_BYTES = 4096;
const LONGEST_LEB128_BYTES = 16;
const TEXT_PIECE_BYTES = 8192;

/** The part [startAt, startAt + sizeBytes) of what `read` reads. */
function openSource(read, startAt, sizeBytes, isLittleEndian) {
  return { read, startAt, sizeBytes, isLittleEndian, window: new Uint8Array(0), windowAt: 0 };
}

function sourceOfBytes(bytes, isLittleEndian) {
  const read = (offset, lengthBytes) => bytes.subarray(offset, offset + lengthBytes);
  return { read, startAt: 0, sizeBytes: bytes.length, isLittleEndian, window: bytes, windowAt: 0 };
}

function isInWindow(source, at, lengthBytes) {
  return at >= source.windowAt && at + lengthBytes <= source.windowAt + source.window.length;
}

function moveWindow(source, at) {
  const lengthBytes = Math.max(0, Math.min(WINDOW_BYTES, source.sizeBytes - at));
  source.window = lengthBytes === 0 ? new Uint8Array(0) : source.read(source.startAt + at, lengthBytes);
  source.windowAt = at;
  // The file has become shorter than its size said: without this each byte behind its end were a read.
  if (source.window.length < lengthBytes) source.sizeBytes = at + source.window.length;
}

/** An unsigned number of 1 to 8 bytes in the source's byte order; over 2^53 it is rounded. */
function uintAt(source, at, lengthBytes) {
  if (!isInWindow(source, at, lengthBytes)) moveWindow(source, at);
  const { window } = source;
  const from = at - source.windowAt;
  let value = 0;
  for (let i = 0; i < lengthBytes; i++) {
    const place = from + (source.isLittleEndian ? lengthBytes - 1 - i : i);
    value = value * 256 + (place < window.length ? window[place] : 0);
  }
  return value;
}

/** The bytes up to the next NUL, the end of the source or `mostBytes`. */
function textAt(source, at, mostBytes) {
  let text = '';
  while (text.length < mostBytes && at < source.sizeBytes) {
    if (!isInWindow(source, at, 1)) moveWindow(source, at);
    const from = at - source.windowAt;
    const until = Math.min(source.window.length, from + mostBytes - text.length);
    if (until <= from) break;
    const end = source.window.indexOf(0, from);
    if (end >= 0 && end < until) return text + textOfBytes(source.window.subarray(from, end));
    text += textOfBytes(source.window.subarray(from, until));
    at += until - from;
  }
  return text;
}

/** Up to `lengthBytes` bytes from a position, by one read. */
function bytesAt(source, at, lengthBytes) {
  const most = Math.max(0, Math.min(lengthBytes, source.sizeBytes - at));
  if (isInWindow(source, at, most)) return source.window.subarray(at - source.windowAt, at - source.windowAt + most);
  return source.read(source.startAt + at, most);
}

function textOfBytes(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += TEXT_PIECE_BYTES) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + TEXT_PIECE_BYTES));
  }
  return text;
}

/** A cursor with as much fuel as it takes: for what has its own bound. */
function startCursor(source, at) {
  return { source, at, fuel: { bytesLeft: Infinity } };
}

/** Has the cursor left its source, or used up the fuel? Values taken from then on mean nothing. */
function isSpent(cursor) {
  return cursor.at > cursor.source.sizeBytes || cursor.fuel.bytesLeft < 0;
}

function takeUint(cursor, lengthBytes) {
  const value = uintAt(cursor.source, cursor.at, lengthBytes);
  cursor.at += lengthBytes;
  cursor.fuel.bytesLeft -= lengthBytes;
  return value;
}

function skipBytes(cursor, lengthBytes) {
  cursor.at += lengthBytes;
}

/** An unsigned LEB128 (DWARF 5, 7.6); over 2^53 it is rounded. One without end leaves the cursor spent. */
function takeUleb128(cursor) {
  let value = 0;
  let unit = 1;
  for (let i = 0; i < LONGEST_LEB128_BYTES; i++) {
    const byte = takeUint(cursor, 1);
    value += (byte & 0x7f) * unit;
    if (byte < 0x80) return value;
    unit *= 128;
  }
  cursor.at = Infinity;
  return 0;
}

/** A text that ends with a NUL; what is longer than `mostBytes` is left out, but stepped over. */
function takeText(cursor, mostBytes) {
  const text = textAt(cursor.source, cursor.at, mostBytes);
  cursor.at += text.length;
  cursor.fuel.bytesLeft -= text.length;
  while (!isSpent(cursor) && takeUint(cursor, 1) !== 0) continue;
  return text;
}

// ==== src/formats/dwarf.ts =======================================================================
// dwarf.ts - which compiler, with which flags, made each unit of a program, out of its debug information
// (DWARF 2 to 5, dwarfstd.org). Knows no ELF, no compression and no files.

/** A compiler as it names itself (DW_AT_producer) in `units` compile units of one source language. */
// type Producer = { text: ByteString; language: string | undefined; units: number };

// type DwarfSectionName = 'info' | 'abbrev' | 'str' | 'line_str' | 'str_offsets';

/**
 * A section as it is when unpacked. `relocate` gives the value meant where an offset into another
 * section stands: in object files that number is written only by the linker.
 */
// type DwarfSection = { source: ByteSource; relocate: (at: number, value: number) => number };

/** A section; undefined where there is none. Asked only for what is needed, again and again. */
// type OpenDwarfSection = (name: DwarfSectionName) => DwarfSection | undefined;

const MOST_DWARF_UNITS = 100000;
const MOST_DEBUG_BYTES = 64 << 20;
const MOST_PRODUCERS = 1000;
const MOST_ATTRIBUTES = 64;
const MOST_KEPT_DECLARATIONS = 10000;
const LONGEST_PRODUCER_BYTES = 1 << 16;

// Names as in DWARF 5, without DW_UT_, DW_TAG_, DW_AT_ and DW_FORM_.
const DWARF_UNIT_TYPE = { compile: 1, type: 2, partial: 3, skeleton: 4, splitCompile: 5, splitType: 6 };
const TAG_COMPILE_UNIT = 0x11;
const TAG_SKELETON_UNIT = 0x4a;
const DWARF_ATTRIBUTE = { language: 0x13, producer: 0x25, strOffsetsBase: 0x72, dwoName: 0x76, gnuDwoName: 0x2130 };
const DWARF_FORM = {
  addr: 0x01, block2: 0x03, block4: 0x04, string: 0x08, block: 0x09, block1: 0x0a, strp: 0x0e, refAddr: 0x10, indirect: 0x16,
  exprloc: 0x18, strx: 0x1a, strpSup: 0x1d, data16: 0x1e, lineStrp: 0x1f, implicitConst: 0x21,
  strx1: 0x25, strx2: 0x26, strx3: 0x27, strx4: 0x28, gnuStrIndex: 0x1f02, gnuStrpAlt: 0x1f21,
};

/** Forms that are numbers of so many bytes. */
const FIXED_FORMS = {
  0x05: 2, 0x06: 4, 0x07: 8, 0x0b: 1, 0x0c: 1, 0x11: 1, 0x12: 2, 0x13: 4, 0x14: 8, 0x19: 0, 0x1c: 4, 0x20: 8, 0x24: 8,
  0x25: 1, 0x26: 2, 0x27: 3, 0x28: 4, 0x29: 1, 0x2a: 2, 0x2b: 3, 0x2c: 4,
};
/** Forms that are LEB128: sdata, udata, ref_udata, strx, addrx, loclistx, rnglistx, GNU_addr_index, GNU_str_index. */
const LEB128_FORMS = [0x0d, 0x0f, 0x15, 0x1a, 0x1b, 0x22, 0x23, 0x1f01, 0x1f02];
/** Forms that are offsets of 4 bytes, or 8 in 64-bit DWARF: strp, sec_offset, strp_sup, line_strp, GNU_ref_alt, GNU_strp_alt. */
const OFFSET_FORMS = [0x0e, 0x17, 0x1d, 0x1f, 0x1f20, 0x1f21];

/** DW_LANG_*, as https://dwarfstd.org/languages.html has them. */
const DWARF_LANGUAGES = {
  0x01: 'C89', 0x02: 'C', 0x03: 'Ada 83', 0x04: 'C++', 0x05: 'COBOL 74', 0x06: 'COBOL 85', 0x07: 'Fortran 77',
  0x08: 'Fortran 90', 0x09: 'Pascal', 0x0a: 'Modula-2', 0x0b: 'Java', 0x0c: 'C99', 0x0d: 'Ada 95', 0x0e: 'Fortran 95',
  0x0f: 'PL/I', 0x10: 'Objective-C', 0x11: 'Objective-C++', 0x12: 'UPC', 0x13: 'D', 0x14: 'Python', 0x15: 'OpenCL',
  0x16: 'Go', 0x17: 'Modula-3', 0x18: 'Haskell', 0x19: 'C++03', 0x1a: 'C++11', 0x1b: 'OCaml', 0x1c: 'Rust',
  0x1d: 'C11', 0x1e: 'Swift', 0x1f: 'Julia', 0x20: 'Dylan', 0x21: 'C++14', 0x22: 'Fortran 2003', 0x23: 'Fortran 2008',
  0x24: 'RenderScript', 0x25: 'BLISS', 0x26: 'Kotlin', 0x27: 'Zig', 0x28: 'Crystal', 0x2a: 'C++17', 0x2b: 'C++20',
  0x2c: 'C17', 0x2d: 'Fortran 2018', 0x2e: 'Ada 2005', 0x2f: 'Ada 2012', 0x30: 'HIP', 0x31: 'assembly', 0x32: 'C#',
  0x33: 'Mojo', 0x34: 'GLSL', 0x35: 'GLSL ES', 0x36: 'HLSL', 0x37: 'OpenCL C++', 0x38: 'C++ for OpenCL', 0x39: 'SYCL',
  0x3a: 'C++23', 0x3b: 'Odin', 0x3c: 'P4', 0x3d: 'Metal', 0x3e: 'C23', 0x3f: 'Fortran 2023', 0x8001: 'assembly',
};

// type DwarfReading = {
//   open: OpenDwarfSection;
//   fuel: Fuel;
//   problems: Set<ByteString>;
//   /** By place of the table and code. */
//   declarations: Map<string, DwarfDeclaration | undefined>;
//   /** Texts by section and offset: a linker keeps one copy of the flags of all units. */
//   texts: Map<string, ByteString>;
//   producers: Map<ByteString, Producer>;
// };

/** What an abbreviation stands for; attributes and forms take turns in `attributes`. */
// type DwarfDeclaration = { tag: number; attributes: number[] };

// type DwarfUnit = {
//   version: number;
//   kind: number;
//   offsetBytes: 4 | 8;
//   addressBytes: number;
//   abbreviationsAt: number;
//   firstEntryAt: number;
//   endAt: number;
// };

/** A text, or where it is found. */
// type TextPlace = { form: number; value: number; text: ByteString };

/**
 * The producers of all compile units, most units first, then in the order of bytes; [] without debug
 * information. What could not be read is told once each in `problems`. At most 100,000 units and
 * 64 MiB are looked at.
 */
function readProducers(open, problems) {
  const info = open('info');
  if (info === undefined) return [];
  const fuel = { bytesLeft: MOST_DEBUG_BYTES };
  const reading = { open, fuel, problems, declarations: new Map(), texts: new Map(), producers: new Map() };
  let at = 0;
  for (let count = 0; at < info.source.sizeBytes; count++) {
    if (count === MOST_DWARF_UNITS || fuel.bytesLeft < 0 || reading.producers.size > MOST_PRODUCERS) {
      problems.add('only the first ' + count + ' units of the debug information were read');
      break;
    }
    const unit = readUnit(reading, info, at);
    if (unit === undefined) break;
    if (unit.kind === DWARF_UNIT_TYPE.compile || unit.kind === DWARF_UNIT_TYPE.skeleton || unit.kind === DWARF_UNIT_TYPE.splitCompile) {
      readFirstEntry(reading, info, unit);
    }
    at = unit.endAt;
  }
  return Array.from(reading.producers.values()).sort((a, b) =>
    b.units - a.units || compareBytes(a.text, b.text) || compareBytes(a.language ?? '', b.language ?? ''));
}

/** The header of a unit (DWARF 5, 7.5.1); undefined if nothing can be found behind it. */
function readUnit(reading, info, at) {
  const cursor = { source: info.source, at, fuel: reading.fuel };
  let lengthBytes = takeUint(cursor, 4);
  const offsetBytes = lengthBytes === 0xffffffff ? 8 : 4;
  if (offsetBytes === 8) lengthBytes = takeUint(cursor, 8);
  else if (lengthBytes >= 0xfffffff0) lengthBytes = Infinity;
  const unit = {
    version: 0, kind: 0, offsetBytes, addressBytes: 0, abbreviationsAt: 0, firstEntryAt: 0, endAt: cursor.at + lengthBytes,
  };
  if (unit.endAt > info.source.sizeBytes) reading.problems.add('the debug information is cut off');
  if (lengthBytes === 0) return unit; // padding
  unit.version = takeUint(cursor, 2);
  if (isSpent(cursor)) return undefined;
  if (unit.version < 2 || unit.version > 5) {
    reading.problems.add('debug information of DWARF version ' + unit.version + ' cannot be read');
    return unit;
  }
  unit.kind = unit.version === 5 ? takeUint(cursor, 1) : DWARF_UNIT_TYPE.compile;
  if (unit.version === 5) unit.addressBytes = takeUint(cursor, 1);
  const placeAt = cursor.at;
  unit.abbreviationsAt = info.relocate(placeAt, takeUint(cursor, offsetBytes));
  if (unit.version < 5) unit.addressBytes = takeUint(cursor, 1);
  if (unit.kind === DWARF_UNIT_TYPE.skeleton || unit.kind === DWARF_UNIT_TYPE.splitCompile) skipBytes(cursor, 8); // dwo_id
  unit.firstEntryAt = cursor.at;
  return isSpent(cursor) ? undefined : unit;
}

/** Counts the unit whose first entry tells a producer. */
function readFirstEntry(reading, info, unit) {
  const cursor = { source: info.source, at: unit.firstEntryAt, fuel: reading.fuel };
  const code = takeUleb128(cursor);
  if (code === 0 || isSpent(cursor)) return;
  const declaration = findDeclaration(reading, unit.abbreviationsAt, code);
  if (declaration === undefined) {
    reading.problems.add('the debug information has a unit without description');
    return;
  }
  if (declaration.tag !== TAG_COMPILE_UNIT && declaration.tag !== TAG_SKELETON_UNIT) return;
  let producer;
  let language;
  let isElsewhere = declaration.tag === TAG_SKELETON_UNIT;
  // Without DW_AT_str_offsets_base (only split units may lack it) the table begins behind its header.
  let textTableAt = unit.version < 5 ? 0 : unit.offsetBytes * 2;
  for (let i = 0; i + 1 < declaration.attributes.length; i += 2) {
    const attribute = declaration.attributes[i];
    const value = takeAttributeValue(reading, info, unit, cursor, declaration.attributes[i + 1]);
    if (value === undefined) break;
    if (attribute === DWARF_ATTRIBUTE.producer) producer = value;
    else if (attribute === DWARF_ATTRIBUTE.language) language = value.value;
    else if (attribute === DWARF_ATTRIBUTE.strOffsetsBase) textTableAt = value.value;
    else if (attribute === DWARF_ATTRIBUTE.dwoName || attribute === DWARF_ATTRIBUTE.gnuDwoName) isElsewhere = true;
  }
  if (producer !== undefined) countProducer(reading, resolveText(reading, unit, producer, textTableAt), language);
  else if (isElsewhere && unit.kind !== DWARF_UNIT_TYPE.splitCompile) reading.problems.add('debug information lies in .dwo files');
}

function countProducer(reading, text, languageCode) {
  if (text === undefined || text === '') return;
  const language = languageCode === undefined ? undefined : DWARF_LANGUAGES[languageCode] ?? 'language ' + languageCode;
  const key = (language ?? '') + '\0' + text;
  const known = reading.producers.get(key);
  if (known === undefined) reading.producers.set(key, { text, language, units: 1 });
  else known.units++;
}

/** The declaration of an abbreviation's code in the table at `tableAt` (DWARF 5, 7.5.3). */
function findDeclaration(reading, tableAt, code) {
  const key = tableAt + ' ' + code;
  if (reading.declarations.has(key)) return reading.declarations.get(key);
  const table = reading.open('abbrev');
  if (table === undefined) return undefined;
  const cursor = { source: table.source, at: tableAt, fuel: reading.fuel };
  let found;
  while (found === undefined && !isSpent(cursor)) {
    const own = takeUleb128(cursor);
    if (own === 0) break;
    const declaration = takeDeclaration(cursor);
    if (own === code && !isSpent(cursor)) found = declaration;
  }
  if (reading.declarations.size < MOST_KEPT_DECLARATIONS) reading.declarations.set(key, found);
  return found;
}

function takeDeclaration(cursor) {
  const declaration = { tag: takeUleb128(cursor), attributes: [] };
  takeUint(cursor, 1); // has it children?
  while (!isSpent(cursor)) {
    const attribute = takeUleb128(cursor);
    const form = takeUleb128(cursor);
    if (attribute === 0 && form === 0) break;
    if (form === DWARF_FORM.implicitConst) takeUleb128(cursor); // signed, but as long
    if (declaration.attributes.length < MOST_ATTRIBUTES * 2) declaration.attributes.push(attribute, form);
  }
  return declaration;
}

/** The value at the cursor, as far as it is a number or a text; undefined if it has no known end. */
function takeAttributeValue(reading, info, unit, cursor, declaredForm) {
  const form = declaredForm === DWARF_FORM.indirect ? takeUleb128(cursor) : declaredForm;
  const at = cursor.at;
  const place = { form, value: 0, text: '' };
  if (FIXED_FORMS[form] !== undefined) place.value = takeFixed(cursor, FIXED_FORMS[form]);
  else if (OFFSET_FORMS.includes(form)) place.value = info.relocate(at, takeUint(cursor, unit.offsetBytes));
  else if (LEB128_FORMS.includes(form)) place.value = takeUleb128(cursor);
  else if (form === DWARF_FORM.string) place.text = takeText(cursor, LONGEST_PRODUCER_BYTES);
  else if (form === DWARF_FORM.addr) skipBytes(cursor, unit.addressBytes);
  else if (form === DWARF_FORM.refAddr) skipBytes(cursor, unit.version === 2 ? unit.addressBytes : unit.offsetBytes);
  else if (form === DWARF_FORM.data16) skipBytes(cursor, 16);
  else if (form === DWARF_FORM.block || form === DWARF_FORM.exprloc) skipBytes(cursor, takeUleb128(cursor));
  else if (form === DWARF_FORM.block1) skipBytes(cursor, takeUint(cursor, 1));
  else if (form === DWARF_FORM.block2) skipBytes(cursor, takeUint(cursor, 2));
  else if (form === DWARF_FORM.block4) skipBytes(cursor, takeUint(cursor, 4));
  else if (form !== DWARF_FORM.implicitConst) {
    reading.problems.add('the debug information has values of the unknown form ' + form);
    return undefined;
  }
  return isSpent(cursor) ? undefined : place;
}

function takeFixed(cursor, lengthBytes) {
  return lengthBytes === 0 ? 0 : takeUint(cursor, lengthBytes);
}

function resolveText(reading, unit, place, textTableAt) {
  switch (place.form) {
    case DWARF_FORM.string: return place.text;
    case DWARF_FORM.strp: return textOfSection(reading, 'str', place.value);
    case DWARF_FORM.lineStrp: return textOfSection(reading, 'line_str', place.value);
    case DWARF_FORM.strx: case DWARF_FORM.strx1: case DWARF_FORM.strx2: case DWARF_FORM.strx3: case DWARF_FORM.strx4: case DWARF_FORM.gnuStrIndex: {
      const table = reading.open('str_offsets');
      if (table === undefined) break;
      const at = textTableAt + place.value * unit.offsetBytes;
      return textOfSection(reading, 'str', table.relocate(at, uintAt(table.source, at, unit.offsetBytes)));
    }
    case DWARF_FORM.strpSup: case DWARF_FORM.gnuStrpAlt:
      reading.problems.add('names of compilers lie in a supplementary file of debug information');
      return undefined;
  }
  reading.problems.add('the debug information has a compiler\'s name of the unknown form ' + place.form);
  return undefined;
}

function textOfSection(reading, name, at) {
  const key = name + ' ' + at;
  const known = reading.texts.get(key);
  if (known !== undefined) return known;
  const section = reading.open(name);
  if (section === undefined || at >= section.source.sizeBytes) {
    reading.problems.add('the debug information lacks the name of a compiler');
    return undefined;
  }
  const text = textAt(section.source, at, LONGEST_PRODUCER_BYTES);
  reading.fuel.bytesLeft -= text.length;
  reading.texts.set(key, text);
  return text;
}

// ==== src/formats/elffile.ts =====================================================================
// elffile.ts - the tables of an ELF file: which sections and segments lie where (System V ABI, gABI 4.1).
// Knows nothing of what is in them.

// type ElfSection = { index: number; name: ByteString; type: number; flags: number; offset: number; sizeBytes: number; link: number; info: number };

// type ElfSegment = { type: number; offset: number; address: number; sizeBytes: number; alignBytes: number };

// type ElfFile = {
//   whole: ByteSource;
//   bits: 32 | 64;
//   fileType: number;
//   sections: ElfSection[];
//   segments: ElfSegment[];
//   problems: Set<ByteString>;
// };

const ELF_FILE_TYPE = { object: 1, executable: 2, shared: 3, core: 4 };
const SECTION_TYPE = { symbols: 2, relocationsAddend: 4, note: 7, noBits: 8 };
const SECTION_FLAG = { group: 0x200, compressed: 0x800 };
const SEGMENT_TYPE = { load: 1, dynamic: 2, interpreter: 3, note: 4 };

const MOST_SECTIONS = 200000;
const MOST_SEGMENTS = 1000;
const LONGEST_SECTION_NAME_BYTES = 64;

/** The header with the tables of sections and segments; what of them lies beyond the end is left out. */
function openElf(read, sizeBytes) {
  const ident = read(0, 16);
  if (ident.length < 16 || textOfBytes(ident.subarray(0, 4)) !== '\x7fELF') return undefined;
  if (ident[4] < 1 || ident[4] > 2 || ident[5] < 1 || ident[5] > 2) return undefined;
  const bits = ident[4] === 2 ? 64 : 32;
  const headerBytes = bits === 64 ? 64 : 52;
  if (sizeBytes < headerBytes) return undefined;
  const whole = openSource(read, 0, sizeBytes, ident[5] === 1);
  const file = { whole, bits, fileType: uintAt(whole, 16, 2), sections: [], segments: [], problems: new Set() };
  readSections(file);
  readSegments(file);
  return file;
}

/** Moved on by each call: a number of the file's own word size. */
function takeWord(file, cursor) {
  return takeUint(cursor, file.bits / 8);
}

function readSections(file) {
  const is64 = file.bits === 64;
  const tableAt = uintAt(file.whole, is64 ? 40 : 32, file.bits / 8);
  const entryBytes = uintAt(file.whole, is64 ? 58 : 46, 2);
  let count = uintAt(file.whole, is64 ? 60 : 48, 2);
  let namesIndex = uintAt(file.whole, is64 ? 62 : 50, 2);
  if (tableAt === 0 || entryBytes < (is64 ? 64 : 40)) return;
  // What does not fit into 16 bits stands in the first section, which is none.
  const first = readSection(file, tableAt);
  if (count === 0) count = first.sizeBytes;
  if (namesIndex === 0xffff) namesIndex = first.link;
  const fitting = Math.max(0, Math.floor((file.whole.sizeBytes - tableAt) / entryBytes));
  if (count > fitting) file.problems.add('the file is cut off');
  if (count > MOST_SECTIONS) file.problems.add('only the first ' + MOST_SECTIONS + ' sections were read');
  count = Math.min(count, fitting, MOST_SECTIONS);
  if (namesIndex >= count) return;
  const source = sourceOfSection(file, readSection(file, tableAt + namesIndex * entryBytes));
  for (let i = 0; i < count; i++) {
    const section = readSection(file, tableAt + i * entryBytes);
    section.index = i;
    section.name = textAt(source, section.nameAt, LONGEST_SECTION_NAME_BYTES);
    file.sections.push(section);
  }
}

function readSection(file, at) {
  const cursor = startCursor(file.whole, at);
  const nameAt = takeUint(cursor, 4);
  const type = takeUint(cursor, 4);
  const flags = takeWord(file, cursor);
  takeWord(file, cursor); // address
  const offset = takeWord(file, cursor);
  const sizeBytes = takeWord(file, cursor);
  return { index: -1, name: '', nameAt, type, flags, offset, sizeBytes, link: takeUint(cursor, 4), info: takeUint(cursor, 4) };
}

function readSegments(file) {
  const is64 = file.bits === 64;
  const tableAt = uintAt(file.whole, is64 ? 32 : 28, file.bits / 8);
  const entryBytes = uintAt(file.whole, is64 ? 54 : 42, 2);
  const count = Math.min(uintAt(file.whole, is64 ? 56 : 44, 2), MOST_SEGMENTS);
  if (tableAt === 0 || entryBytes < (is64 ? 56 : 32)) return;
  for (let i = 0; i < count; i++) {
    const cursor = startCursor(file.whole, tableAt + i * entryBytes);
    const type = takeUint(cursor, 4);
    if (is64) takeUint(cursor, 4); // flags, which 32-bit files have further down
    const offset = takeWord(file, cursor);
    const address = takeWord(file, cursor);
    takeWord(file, cursor); // physical address
    const sizeBytes = takeWord(file, cursor);
    takeWord(file, cursor); // size in memory
    if (!is64) takeUint(cursor, 4);
    const alignBytes = takeWord(file, cursor);
    if (isSpent(cursor)) {
      file.problems.add('the file is cut off');
      return;
    }
    file.segments.push({ type, offset, address, sizeBytes, alignBytes });
  }
}

/** A section's bytes, as much of them as the file has. */
function sourceOfSection(file, section) {
  const claimedBytes = section.type === SECTION_TYPE.noBits ? 0 : section.sizeBytes;
  const sizeBytes = Math.max(0, Math.min(claimedBytes, file.whole.sizeBytes - section.offset));
  if (sizeBytes < claimedBytes) file.problems.add('the file is cut off');
  return openSource(file.whole.read, section.offset, sizeBytes, file.whole.isLittleEndian);
}

/** Files of debug information keep the table of segments, but not what it points to. */
function isOnlyDebug(file) {
  return file.sections.some((section) => section.type === SECTION_TYPE.noBits && /^\.(interp|dynamic|text)$/.test(section.name));
}

/** Where in the file the byte lies that is loaded to an address. */
function findOffset(file, address) {
  for (const segment of file.segments) {
    const distance = address - segment.address;
    if (segment.type === SEGMENT_TYPE.load && distance >= 0 && distance < segment.sizeBytes) return segment.offset + distance;
  }
  return undefined;
}

/** Flags may be of 64 bits, where "&" takes 32. */
function hasFlag(section, flag) {
  return Math.floor(section.flags / flag) % 2 === 1;
}

// ==== src/formats/elfdebug.ts ====================================================================
// elfdebug.ts - finds, unpacks and relocates the sections of debug information of an ELF file.
// Knows no DWARF and no decompressor.

/**
 * Undoes a compression: at most `sizeBytes` bytes, fewer where `data` is only a beginning, undefined
 * if nothing comes out. Never throws. `zstd` is undefined where this Node.js cannot.
 */
// type Decompressors = { zlib: Decompressor; zstd: Decompressor | undefined };

// type Decompressor = (data: Uint8Array, sizeBytes: number) => Uint8Array | undefined;

const COMPRESSION = { zlib: 1, zstd: 2 };
// Each of the five sections of interest; more is not worth the memory.
const MOST_INFLATED_BYTES = 32 << 20;
const MOST_RELOCATIONS = 200000;

/** The section .debug_NAME, .zdebug_NAME or, in a split unit's file, .debug_NAME.dwo; undefined if none has content. */
function findDebugSection(file, name) {
  const names = ['.debug_' + name, '.zdebug_' + name, '.debug_' + name + '.dwo'];
  // In object files a group holds units of types, which have no compiler.
  return file.sections.find((section) =>
    names.includes(section.name) && section.type !== SECTION_TYPE.noBits && !hasFlag(section, SECTION_FLAG.group));
}

/** Opens each section once. What cannot be unpacked becomes a problem of the file. */
function makeSectionOpener(file, decompressors) {
  const opened = new Map();
  return (name) => {
    if (!opened.has(name)) opened.set(name, openDebugSection(file, name, decompressors));
    return opened.get(name);
  };
}

function openDebugSection(file, name, decompressors) {
  const section = findDebugSection(file, name);
  if (section === undefined) return undefined;
  const source = unpackSection(file, section, decompressors);
  if (source === undefined) return undefined;
  const relocations = file.fileType === ELF_FILE_TYPE.object ? readRelocations(file, section) : new Map();
  return { source, relocate: (at, value) => relocations.get(at) ?? value };
}

/** The two ways to mark compressed sections: a header with a flag (gABI), and before that names with a "z" (GNU). */
function unpackSection(file, section, decompressors) {
  const source = sourceOfSection(file, section);
  if (hasFlag(section, SECTION_FLAG.compressed)) {
    const cursor = startCursor(source, 0);
    const type = takeUint(cursor, 4);
    if (file.bits === 64) takeUint(cursor, 4); // reserved
    const sizeBytes = takeWord(file, cursor);
    takeWord(file, cursor); // alignment
    return inflateSection(file, section, { source, dataAt: cursor.at, type, sizeBytes }, decompressors);
  }
  if (!section.name.startsWith('.zdebug_')) return source;
  if (textOfBytes(bytesAt(source, 0, 4)) !== 'ZLIB') return source;
  // The size is big-endian in all files.
  const header = openSource(source.read, source.startAt, source.sizeBytes, false);
  return inflateSection(file, section, { source, dataAt: 12, type: COMPRESSION.zlib, sizeBytes: uintAt(header, 4, 8) }, decompressors);
}

// type PackedSection = { source: ByteSource; dataAt: number; type: number; sizeBytes: number };

function inflateSection(file, section, packed, decompressors) {
  const decompress = packed.type === COMPRESSION.zlib ? decompressors.zlib : packed.type === COMPRESSION.zstd ? decompressors.zstd : undefined;
  if (decompress === undefined) {
    const method = packed.type === COMPRESSION.zstd ? 'zstd, which this Node.js cannot undo' : 'the unknown method ' + packed.type;
    file.problems.add(section.name + ' is compressed with ' + method);
    return undefined;
  }
  let packedBytes = Math.max(0, packed.source.sizeBytes - packed.dataAt);
  if (packed.sizeBytes > MOST_INFLATED_BYTES) {
    file.problems.add('only the beginning of ' + section.name + ' was read, which is large and compressed');
    // Half of what would give the most, because a part may be packed more densely than the whole.
    packedBytes = Math.floor(packedBytes * MOST_INFLATED_BYTES / 2 / packed.sizeBytes);
  }
  const data = bytesAt(packed.source, packed.dataAt, Math.min(packedBytes, MOST_INFLATED_BYTES));
  const bytes = decompress(data, Math.min(packed.sizeBytes, MOST_INFLATED_BYTES));
  if (bytes === undefined) {
    file.problems.add(section.name + ' cannot be decompressed');
    return undefined;
  }
  if (bytes.length < packed.sizeBytes && packed.sizeBytes <= MOST_INFLATED_BYTES) file.problems.add(section.name + ' is damaged');
  return sourceOfBytes(bytes, file.whole.isLittleEndian);
}

/**
 * The values that an object file's linker would write, by their place in the section. Only entries
 * with an addend: where it stands in the section itself, it is the value already, because the symbols
 * of debug sections are 0 until linked.
 */
function readRelocations(file, target) {
  const values = new Map();
  const table = file.sections.find((section) => section.type === SECTION_TYPE.relocationsAddend && section.info === target.index);
  const symbols = table === undefined ? undefined : file.sections[table.link];
  if (table === undefined || symbols === undefined) return values;
  const symbolSource = sourceOfSection(file, symbols);
  const source = sourceOfSection(file, table);
  const cursor = startCursor(source, 0);
  const entryBytes = file.bits === 64 ? 24 : 12;
  const count = Math.min(Math.floor(source.sizeBytes / entryBytes), MOST_RELOCATIONS);
  for (let i = 0; i < count; i++) {
    const at = takeWord(file, cursor);
    const info = takeWord(file, cursor);
    const addend = takeWord(file, cursor);
    const symbol = Math.floor(info / (file.bits === 64 ? 0x100000000 : 0x100));
    const symbolAt = file.bits === 64 ? symbol * 24 + 8 : symbol * 16 + 4;
    // Little-endian 64-bit MIPS has `info` in another order: it names no symbol here, and those it means are 0.
    values.set(at, addend + (symbolAt < symbolSource.sizeBytes ? uintAt(symbolSource, symbolAt, file.bits / 8) : 0));
  }
  return values;
}

// ==== src/formats/gobuildinfo.ts =================================================================
// gobuildinfo.ts - version, modules and settings that Go's linker writes into a program (Go's debug/buildinfo).
// Knows no DWARF and no files.

/** What Go's linker writes into a program; `settings` are "-compiler=gc", "CGO_ENABLED=1" and the like. */
// type GoFacts = { version: ByteString; modules: { name: ByteString; version: ByteString }[]; settings: ByteString[] };

const GO_MAGIC = '\xff Go buildinf:';
const GO_FLAG_INLINE = 2;
const LONGEST_GO_TEXT_BYTES = 1 << 20;
const GO_MARK_BYTES = 16;

/** From the section .go.buildinfo; undefined without it. */
function readGoFacts(file, section) {
  if (section === undefined) return undefined;
  const source = sourceOfSection(file, section);
  if (textAt(source, 0, GO_MAGIC.length) !== GO_MAGIC) return undefined;
  const texts = (uintAt(source, 15, 1) & GO_FLAG_INLINE) !== 0 ? readInlineTexts(source) : readPointedTexts(file, source);
  if (texts[0] === '') return undefined;
  const facts = { version: texts[0], modules: [], settings: [] };
  // The text of modules stands between two marks, by which running programs find it.
  const lines = texts[1].slice(GO_MARK_BYTES, -GO_MARK_BYTES).split('\n');
  for (const line of lines) {
    const [kind, name, version] = line.split('\t');
    if (kind === 'build' && name !== undefined) facts.settings.push(name);
    if ((kind === 'mod' || kind === 'dep') && name !== undefined) facts.modules.push({ name, version: version ?? '' });
    // "=>" says what was taken in place of the module before.
    if (kind === '=>' && name !== undefined && facts.modules.length > 0) facts.modules[facts.modules.length - 1] = { name, version: version ?? '' };
  }
  return facts;
}

/** Since Go 1.18: two texts with their lengths before them. */
function readInlineTexts(source) {
  const cursor = startCursor(source, 32);
  const texts = [];
  for (let i = 0; i < 2; i++) {
    const lengthBytes = takeUleb128(cursor);
    if (isSpent(cursor)) return ['', ''];
    texts.push(textOfBytes(bytesAt(source, cursor.at, Math.min(lengthBytes, LONGEST_GO_TEXT_BYTES))));
    cursor.at += lengthBytes;
  }
  return texts;
}

/** Before Go 1.18: addresses of two texts, each of which is an address and a length. */
function readPointedTexts(file, source) {
  const wordBytes = uintAt(source, 14, 1) === 4 ? 4 : 8;
  return [0, 1].map((i) => {
    const headAt = findOffset(file, uintAt(source, 16 + i * wordBytes, wordBytes));
    if (headAt === undefined) return '';
    const textAddress = findOffset(file, uintAt(file.whole, headAt, wordBytes));
    const lengthBytes = uintAt(file.whole, headAt + wordBytes, wordBytes);
    return textAddress === undefined ? '' : textOfBytes(bytesAt(file.whole, textAddress, Math.min(lengthBytes, LONGEST_GO_TEXT_BYTES)));
  });
}

// ==== src/formats/elf.ts =========================================================================
// elf.ts - what a program or library is, what it needs and how it was compiled, out of its ELF file
// (System V ABI, gABI 4.1). Reads only the parts that tell. Knows no files and no decompressor.

// type ElfFacts = {
//   /** A position-independent program is 'executable', though its file says shared. */
//   type: 'executable' | 'shared' | 'object' | 'core' | 'other';
//   bits: 32 | 64;
//   /** 'x86-64', 'aarch64', ...; 'machine N' where there is no name. */
//   machine: string;
//   /** Undefined for what is not loaded: objects, cores. */
//   linking: 'dynamic' | 'static' | 'static-pie' | undefined;
//   interpreter: ByteString | undefined;
//   needed: ByteString[];
//   soname: ByteString | undefined;
//   rpath: ByteString[];
//   runpath: ByteString[];
//   /** Lower-case hexadecimal digits. */
//   buildId: string | undefined;
//   /** It has no .symtab. */
//   isStripped: boolean;
//   hasDebug: boolean;
//   /** Name of the file that holds the debug information (.gnu_debuglink). */
//   debugLink: ByteString | undefined;
//   /** The different texts of .comment: a compiler or linker each, in the order of the file. */
//   comments: ByteString[];
//   producers: Producer[];
//   /** The different texts of .GCC.command.line (-frecord-gcc-switches, clang's -frecord-command-line). */
//   commandLines: ByteString[];
//   go: GoFacts | undefined;
//   /** What could not be read, a phrase each. */
//   problems: ByteString[];
// };

const DYNAMIC_TAG = { needed: 1, stringTable: 5, soname: 14, rpath: 15, runpath: 29, flags1: 0x6ffffffb };
const FLAG_1_PIE = 0x08000000;
const NOTE_BUILD_ID = 3;

const MOST_DYNAMIC_ENTRIES = 20000;
const MOST_ELF_NAMES = 4096;
const LONGEST_ELF_NAME_BYTES = 4096;
const MOST_NOTES = 1000;
const LONGEST_VERSION_BYTES = 200;
const MOST_ELF_TEXTS = 1000;
const MOST_ELF_TEXT_BYTES = 1 << 20;

const ELF_MACHINES = {
  2: 'sparc', 3: 'i386', 4: 'm68k', 8: 'mips', 15: 'parisc', 18: 'sparc32plus', 20: 'ppc', 21: 'ppc64', 22: 's390', 40: 'arm',
  42: 'sh', 43: 'sparcv9', 50: 'ia64', 62: 'x86-64', 164: 'hexagon', 183: 'aarch64', 190: 'cuda', 224: 'amdgpu', 243: 'riscv',
  247: 'bpf', 258: 'loongarch', 0x9026: 'alpha',
};

/** What the file of `sizeBytes` bytes tells; undefined if it is no ELF file. Never throws, whatever the file holds. */
function readElf(read, sizeBytes, decompressors) {
  const file = openElf(read, sizeBytes);
  if (file === undefined) return undefined;
  const dynamic = readDynamic(file);
  const interpreter = readInterpreter(file);
  const hasSegment = (type) => file.segments.some((segment) => segment.type === type);
  const isProgram = file.fileType === ELF_FILE_TYPE.executable
    || (file.fileType === ELF_FILE_TYPE.shared && (dynamic.isPie || (hasSegment(SEGMENT_TYPE.interpreter) && dynamic.soname === undefined)));
  const sectionNamed = (name) => file.sections.find((section) => section.name === name);
  const facts = {
    type: isProgram ? 'executable' : nameFileType(file.fileType),
    bits: file.bits,
    machine: ELF_MACHINES[uintAt(file.whole, 18, 2)] ?? 'machine ' + uintAt(file.whole, 18, 2),
    linking: nameLinking(file, isProgram, hasSegment),
    interpreter,
    needed: dynamic.needed,
    soname: dynamic.soname,
    rpath: dynamic.rpath,
    runpath: dynamic.runpath,
    buildId: file.fileType === ELF_FILE_TYPE.core ? undefined : readBuildId(file),
    isStripped: !file.sections.some((section) => section.type === SECTION_TYPE.symbols),
    hasDebug: findDebugSection(file, 'info') !== undefined,
    debugLink: readDebugLink(file, sectionNamed('.gnu_debuglink')),
    comments: readElfTexts(file, sectionNamed('.comment')),
    producers: readProducers(makeSectionOpener(file, decompressors), file.problems),
    commandLines: readElfTexts(file, sectionNamed('.GCC.command.line')),
    go: readGoFacts(file, sectionNamed('.go.buildinfo')),
    problems: [],
  };
  facts.problems = Array.from(file.problems).sort(compareBytes);
  return facts;
}

/**
 * The usual name, below "/", of the file with the debug information of a stripped program; undefined
 * if the program has no build id. See GDB's manual, "Separate Debug Files".
 */
function findSeparateDebugName(facts) {
  if (facts.buildId === undefined || facts.buildId.length < 4) return undefined;
  return 'usr/lib/debug/.build-id/' + facts.buildId.slice(0, 2) + '/' + facts.buildId.slice(2) + '.debug';
}

/** Lines for people: each compiler with its flags, then how the file was linked and stripped. */
function describeProducer(facts) {
  const lines = facts.producers.map((producer) => describeUnits(producer, facts.commandLines.length > 0));
  lines.push(...facts.commandLines.map((line) => 'command line: ' + line));
  if (facts.go !== undefined) lines.push('Go ' + [facts.go.version].concat(facts.go.settings).join(' '));
  // Versions stand at the beginning; whole lines, of which a hostile file can have many, would take minutes.
  const known = lines.map((line) => line.slice(0, LONGEST_VERSION_BYTES));
  for (const comment of facts.comments) {
    if (comment.startsWith('Linker: ')) lines.push(comment);
    else if (!known.some((line) => line.includes(versionOfComment(comment)))) lines.push(comment + describeLack(facts));
  }
  if (lines.length === 0) lines.push('compiler not recorded');
  if (facts.linking === 'static' || facts.linking === 'static-pie') lines.push('statically linked');
  if (facts.isStripped && facts.linking !== undefined) lines.push('stripped');
  return lines;
}

function describeUnits(producer, hasCommandLines) {
  const { text, units } = producer;
  // The texts of GCC and Go begin with the language and hold the flags that matter.
  const isComplete = /^(GNU|Go) /.test(text);
  const language = producer.language === undefined || isComplete ? '' : ', ' + producer.language;
  const lack = isComplete || hasCommandLines || text.includes(' -') ? '' : ', flags not recorded';
  return text + language + lack + ' (' + units + (units === 1 ? ' unit)' : ' units)');
}

/** Why there are no flags with a compiler that only .comment names. */
function describeLack(facts) {
  if (facts.commandLines.length > 0) return '';
  if (!facts.hasDebug) return ', flags not recorded (no debug information)';
  return facts.producers.length > 0 || facts.problems.length === 0 ? ', flags not recorded' : ', flags unknown (' + facts.problems.join('; ') + ')';
}

/** What a comment and a producer have in common: of "GCC: (Debian 12.2.0-14) 12.2.0" the version, else all of it. */
function versionOfComment(comment) {
  const match = /^GCC: \(.*\) ([0-9.]+)/.exec(comment);
  return match === null ? comment : ' ' + match[1];
}

function nameFileType(type) {
  if (type === ELF_FILE_TYPE.shared) return 'shared';
  if (type === ELF_FILE_TYPE.object) return 'object';
  return type === ELF_FILE_TYPE.core ? 'core' : 'other';
}

function nameLinking(file, isProgram, hasSegment) {
  if (file.fileType === ELF_FILE_TYPE.shared && !isProgram) return 'dynamic';
  if (!isProgram) return undefined;
  if (hasSegment(SEGMENT_TYPE.interpreter)) return 'dynamic';
  return file.fileType === ELF_FILE_TYPE.shared ? 'static-pie' : 'static';
}

function readInterpreter(file) {
  const segment = file.segments.find((each) => each.type === SEGMENT_TYPE.interpreter);
  if (segment === undefined || isOnlyDebug(file)) return undefined;
  const name = textAt(file.whole, segment.offset, Math.min(segment.sizeBytes, LONGEST_ELF_NAME_BYTES));
  return name === '' ? undefined : name;
}

// type ElfDynamic = { needed: ByteString[]; soname: ByteString | undefined; rpath: ByteString[]; runpath: ByteString[]; isPie: boolean };

function readDynamic(file) {
  const dynamic = { needed: [], soname: undefined, rpath: [], runpath: [], isPie: false };
  const segment = file.segments.find((each) => each.type === SEGMENT_TYPE.dynamic);
  if (segment === undefined || isOnlyDebug(file)) return dynamic;
  const cursor = startCursor(file.whole, segment.offset);
  const values = [];
  let namesAt;
  const count = Math.min(segment.sizeBytes / (file.bits / 4), MOST_DYNAMIC_ENTRIES);
  for (let i = 0; i + 1 <= count && !isSpent(cursor); i++) {
    const tag = takeWord(file, cursor);
    const value = takeWord(file, cursor);
    if (tag === 0) break;
    if (tag === DYNAMIC_TAG.stringTable) namesAt = findOffset(file, value);
    else if (tag === DYNAMIC_TAG.flags1) dynamic.isPie = Math.floor(value / FLAG_1_PIE) % 2 === 1;
    else if (values.length < MOST_ELF_NAMES) values.push({ tag, value });
  }
  if (isSpent(cursor)) file.problems.add('the file is cut off');
  if (namesAt === undefined) return dynamic;
  const names = openSource(file.whole.read, namesAt, Math.max(0, file.whole.sizeBytes - namesAt), file.whole.isLittleEndian);
  for (const { tag, value } of values) {
    if (tag === DYNAMIC_TAG.needed) dynamic.needed.push(textAt(names, value, LONGEST_ELF_NAME_BYTES));
    else if (tag === DYNAMIC_TAG.soname) dynamic.soname = textAt(names, value, LONGEST_ELF_NAME_BYTES);
    else if (tag === DYNAMIC_TAG.rpath) dynamic.rpath = splitFolders(textAt(names, value, LONGEST_ELF_NAME_BYTES));
    else if (tag === DYNAMIC_TAG.runpath) dynamic.runpath = splitFolders(textAt(names, value, LONGEST_ELF_NAME_BYTES));
  }
  return dynamic;
}

function splitFolders(text) {
  return text.split(':').filter((folder) => folder !== '');
}

function readBuildId(file) {
  // Without its segments a file has notes in sections; without sections, in segments.
  for (const section of file.sections) {
    if (section.type !== SECTION_TYPE.note) continue;
    const id = findBuildId(sourceOfSection(file, section), 4);
    if (id !== undefined) return id;
  }
  for (const segment of isOnlyDebug(file) ? [] : file.segments) {
    if (segment.type !== SEGMENT_TYPE.note) continue;
    const sizeBytes = Math.max(0, Math.min(segment.sizeBytes, file.whole.sizeBytes - segment.offset));
    const source = openSource(file.whole.read, segment.offset, sizeBytes, file.whole.isLittleEndian);
    const id = findBuildId(source, segment.alignBytes === 8 ? 8 : 4);
    if (id !== undefined) return id;
  }
  return undefined;
}

function findBuildId(source, alignBytes) {
  const cursor = startCursor(source, 0);
  for (let i = 0; i < MOST_NOTES && cursor.at + 12 <= source.sizeBytes; i++) {
    const nameBytes = takeUint(cursor, 4);
    const bodyBytes = takeUint(cursor, 4);
    const type = takeUint(cursor, 4);
    const name = textAt(source, cursor.at, Math.min(nameBytes, 8));
    const bodyAt = Math.ceil((cursor.at + nameBytes) / alignBytes) * alignBytes;
    if (type === NOTE_BUILD_ID && name === 'GNU' && nameBytes === 4 && bodyBytes <= 64 && bodyAt + bodyBytes <= source.sizeBytes) {
      return hexFromBytes(textOfBytes(bytesAt(source, bodyAt, bodyBytes)));
    }
    cursor.at = Math.ceil((bodyAt + bodyBytes) / alignBytes) * alignBytes;
  }
  return undefined;
}

function readDebugLink(file, section) {
  if (section === undefined) return undefined;
  const name = textAt(sourceOfSection(file, section), 0, LONGEST_ELF_NAME_BYTES);
  return name === '' ? undefined : name;
}

/** The different texts of a section of texts that end with a NUL each. */
function readElfTexts(file, section) {
  if (section === undefined || hasFlag(section, SECTION_FLAG.compressed)) return [];
  const bytes = bytesAt(sourceOfSection(file, section), 0, MOST_ELF_TEXT_BYTES);
  const texts = new Set(textOfBytes(bytes).split('\0'));
  texts.delete('');
  if (texts.size > MOST_ELF_TEXTS || section.sizeBytes > MOST_ELF_TEXT_BYTES) file.problems.add('only the beginning of ' + section.name + ' was read');
  return Array.from(texts).slice(0, MOST_ELF_TEXTS);
}

// ==== src/formats/headers.ts =====================================================================
// headers.ts - "Name: value" lines as in Python's METADATA, R's DESCRIPTION and a jar's MANIFEST.MF. Knows no files.

/**
 * The fields up to the first empty line, by name in lower case; of a field that is there twice, the
 * first. A line that begins with a blank goes on with the one before, less that blank, as the jar
 * specification has it; fields that RFC 822 folds are not needed here.
 */
function parseHeaders(text) {
  const fields = new Map();
  let name = '';
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line === '') {
      if (fields.size > 0) break;
      continue;
    }
    if (line[0] === ' ' || line[0] === '\t') {
      if (name !== '') fields.set(name, (fields.get(name)) + line.slice(1));
      continue;
    }
    const colon = line.indexOf(':');
    const next = line.slice(0, colon).toLowerCase();
    name = colon > 0 && !fields.has(next) ? next : '';
    if (name !== '') fields.set(name, line.slice(colon + 1).trim());
  }
  return fields;
}

// ==== src/formats/zip.ts =========================================================================
// zip.ts - the directory of a zip archive (APPNOTE.TXT 6.3.10, sections 4.3 and 4.4). Knows no files and no inflate.

// type ZipDirectory = { offset: number; sizeBytes: number };

/** `method` is 0 for stored, 8 for deflated bytes; `offset` is that of the local header. */
// type ZipEntry = { name: ByteString; method: number; packedBytes: number; sizeBytes: number; offset: number };

/** So many bytes at the end of an archive hold the end record, whatever its comment, and the Zip64 locator. */
const ZIP_TAIL_BYTES = 22 + 0xffff + 20;
const ZIP_LOCAL_HEADER_BYTES = 30;

const ZIP_END_RECORD = 'PK\x05\x06';
const ZIP64_LOCATOR = 'PK\x06\x07';
const ZIP64_RECORD = 'PK\x06\x06';
const ZIP_ENTRY = 'PK\x01\x02';
const ZIP_LOCAL_HEADER = 'PK\x03\x04';

/** A Zip64 locator says where the record that follows is; its 56 bytes are then to be read by parseZip64Record(). */
// type ZipEnd = { kind: 'directory'; directory: ZipDirectory } | { kind: 'zip64'; recordOffset: number };

/** What the last bytes of an archive say of its directory; undefined if it is no archive. */
function parseZipEnd(tail) {
  for (let at = tail.lastIndexOf(ZIP_END_RECORD); at >= 0; at = at === 0 ? -1 : tail.lastIndexOf(ZIP_END_RECORD, at - 1)) {
    if (at + 22 > tail.length || at + 22 + readLittle(tail, at + 20, 2) > tail.length) continue;
    const sizeBytes = readLittle(tail, at + 12, 4);
    const offset = readLittle(tail, at + 16, 4);
    if (sizeBytes < 0xffffffff && offset < 0xffffffff) return { kind: 'directory', directory: { offset, sizeBytes } };
    if (tail.slice(at - 20, at - 16) !== ZIP64_LOCATOR) return undefined;
    return { kind: 'zip64', recordOffset: readLittle(tail, at - 12, 8) };
  }
  return undefined;
}

function parseZip64Record(record) {
  if (!record.startsWith(ZIP64_RECORD) || record.length < 56) return undefined;
  return { sizeBytes: readLittle(record, 40, 8), offset: readLittle(record, 48, 8) };
}

/** The entries of a directory up to the first damaged one. Sizes that only a Zip64 extra field has are left out. */
function parseZipEntries(directory) {
  const entries = [];
  for (let at = 0; at + 46 <= directory.length && directory.startsWith(ZIP_ENTRY, at);) {
    const nameEnd = at + 46 + readLittle(directory, at + 28, 2);
    const entry = {
      name: directory.slice(at + 46, nameEnd), method: readLittle(directory, at + 10, 2), packedBytes: readLittle(directory, at + 20, 4),
      sizeBytes: readLittle(directory, at + 24, 4), offset: readLittle(directory, at + 42, 4),
    };
    const isPlain = entry.packedBytes < 0xffffffff && entry.sizeBytes < 0xffffffff && entry.offset < 0xffffffff;
    if (nameEnd <= directory.length && isPlain) entries.push(entry);
    at = nameEnd + readLittle(directory, at + 30, 2) + readLittle(directory, at + 32, 2);
  }
  return entries;
}

/** How far behind the beginning of the local header the data begins; undefined if it is no local header. */
function findZipData(header) {
  if (!header.startsWith(ZIP_LOCAL_HEADER) || header.length < ZIP_LOCAL_HEADER_BYTES) return undefined;
  return ZIP_LOCAL_HEADER_BYTES + readLittle(header, 26, 2) + readLittle(header, 28, 2);
}

/** Past 2^53 inexact, which is past the end of any file too. */
function readLittle(bytes, at, count) {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + bytes.charCodeAt(at + i);
  return value;
}

// ==== src/formats/comparebytes.ts ================================================================
// comparebytes.ts - says where two contents differ as bytes. Knows no formats.

/** "3 of 100 bytes differ, first at byte 4" (from 1); `firstAt` counts from 0 and is -1 if only the sizes differ. */
function describeByteCount(sizes, count, firstAt) {
  if (sizes[0] === sizes[1]) return count + ' of ' + sizes[0] + ' bytes differ, first at byte ' + (firstAt + 1);
  const start = sizes[0] + ' bytes against ' + sizes[1] + ', ';
  return start + (firstAt < 0 ? 'the same up to byte ' + Math.min(sizes[0], sizes[1]) : 'first different at byte ' + (firstAt + 1));
}

/** Index of the first byte that differs or that only one of the two has; -1 if they are the same. */
function findFirstDifference(first, second) {
  if (first === second) return -1;
  const common = Math.min(first.length, second.length);
  // Comparing large slices is much faster than single bytes.
  let at = 0;
  for (let step = 1 << 16; step > 1; step >>= 4) {
    while (at + step <= common && first.slice(at, at + step) === second.slice(at, at + step)) at += step;
  }
  while (at < common && first.charCodeAt(at) === second.charCodeAt(at)) at += 1;
  return at;
}

/** Two contents of unknown kind. */
function compareAsBytes(first, second) {
  if (first === second) return { kind: 'identical' };
  const firstAt = findFirstDifference(first, second);
  const common = Math.min(first.length, second.length);
  let count = 0;
  for (let i = firstAt; i < common; i++) if (first.charCodeAt(i) !== second.charCodeAt(i)) count += 1;
  const detail = describeByteCount([first.length, second.length], count, firstAt < common ? firstAt : -1);
  return { kind: 'different', rule: 'byte for byte', detail, causes: [] };
}

// ==== src/formats/numbers.ts =====================================================================
// numbers.ts - finds the numbers in a text and compares them. Knows no lines, tables or files.

const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eEdD][+-]?\d+)?$/;
const SPECIAL_NUMBER = /^[+-]?(?:nan|inf|infinity)$/i;
const INTEGER = /^[+-]?\d+$/;
/** The date 20240131 is no number. */
const COMPACT_DATE = /^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$/;
const COMPLEX = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([+-][\d.]+(?:[eE][+-]?\d+)?)[ij]$/;
const SPLITTING_SIGN = /\xc2[\xb0\xb1]|\xc3\x97|\+\/?-/;
/** Longer ones are text: work on them would grow with the square of their length. */
const MOST_DIGITS = 300;

/** Is this word, all of it, a number? */
function isNumber(word) {
  return word.length <= MOST_DIGITS && (DECIMAL.test(word) ? !COMPACT_DATE.test(word) : SPECIAL_NUMBER.test(word));
}

/**
 * Goes through the numbers of a text. A number is a word that is one from end to end, where a word
 * is what letters, digits and . _ + - : / \ @ # make up, so versions (1.2.3), dates (2024-01-31),
 * times (10:30), hexadecimal numbers, ranges and identifiers (x86_64, 3D) are text. A word may end
 * in "." or ":", begin with a name and ":", be complex (1.5+2j) or have +-, +/-, or the signs of
 * plus-minus, times or degree between numbers. Groups of thousands (1,234) are text.
 */
class NumberScanner {
  // readonly text: ByteString;
  /** The number that next() found. */
  start = 0;
  end = 0;
  word = /[\w.+\-:/\\@#\x80-\xff]+/g;
  /** Starts and ends of those found with an earlier one in the same word. */
  waiting = [];
  waitingAt = 0;

  constructor(text) {
    this.text = text;
  }

  /** Finds the next number; false if there is none. */
  next() {
    while (this.waitingAt === this.waiting.length) {
      if (this.waitingAt > 0) this.waiting.length = this.waitingAt = 0;
      const found = this.word.exec(this.text);
      if (found === null) return false;
      if (found[0].length <= 4 * MOST_DIGITS) this.addNumbers(found[0], found.index);
    }
    this.start = this.waiting[this.waitingAt];
    this.end = this.waiting[this.waitingAt + 1];
    this.waitingAt += 2;
    return true;
  }

  addNumbers(word, at) {
    if (isNumber(word)) {
      if (!isThousandsGroup(this.text, at, at + word.length)) this.waiting.push(at, at + word.length);
      return;
    }
    if (!/\d|nan|inf/i.test(word)) return;
    const last = word[word.length - 1];
    if (last === '.' || last === ':') return this.addNumbers(word.replace(/[.:]+$/, ''), at);
    const complex = COMPLEX.exec(word);
    if (complex !== null && isNumber(complex[1]) && isNumber(complex[2])) {
      this.waiting.push(at, at + complex[1].length, at + complex[1].length, at + word.length - 1);
      return;
    }
    const sign = SPLITTING_SIGN.exec(word);
    if (sign !== null) {
      const rest = sign.index + sign[0].length;
      this.addNumbers(word.slice(0, sign.index), at);
      return this.addNumbers(word.slice(rest), at + rest);
    }
    const colon = word.lastIndexOf(':');
    if (colon > 0 && !/\d/.test(word[colon - 1])) this.addNumbers(word.slice(colon + 1), at + colon + 1);
  }
}

/** Is this number a part of one like 1,234,567.8? */
function isThousandsGroup(text, start, end) {
  if (text[end] !== ',' && text[start - 1] !== ',') return false;
  const number = text.slice(start, end);
  if (/^[+-]?[1-9]\d{0,2}$/.test(number) && /^,\d{3}(?!\d)/.test(text.slice(end, end + 5))) return true;
  return text[start - 1] === ',' && /^\d{3}(?:\.\d*)?$/.test(number)
    && /(?:^|[^\w.])[+-]?\d{1,3}$/.test(text.slice(Math.max(start - 6, 0), start - 1));
}

function toDouble(word) {
  if (!SPECIAL_NUMBER.test(word)) return Number(word.replace(/[dD]/, 'e'));
  return /nan/i.test(word) ? NaN : word[0] === '-' ? -Infinity : Infinity;
}

/** How far two numbers are from each other; `relative` is to the larger one of the two. */
// type NumberDistance = { isWithin: boolean; absolute: number; relative: number };

/**
 * Compares two numbers as isNumber() or JSON takes them: integers exactly (then `tolerance` decides),
 * others as doubles (IEEE 754). What is too large for a double or too long is near only to its own value.
 */
function compareNumbers(first, second, tolerance) {
  if (isSameDecimal(first, second)) return { isWithin: true, absolute: 0, relative: 0 };
  if (first.length > MOST_DIGITS || second.length > MOST_DIGITS) return { isWithin: false, absolute: Infinity, relative: Infinity };
  if (first.length + second.length > 30 && INTEGER.test(first) && INTEGER.test(second)) return compareIntegers(first, second, tolerance);
  const [a, b] = [toDouble(first), toDouble(second)];
  if (a !== a && b !== b) return { isWithin: true, absolute: 0, relative: 0 };
  const [isTooLarge, isOtherTooLarge] = [isOverflow(first, a), isOverflow(second, b)];
  const absolute = isTooLarge || isOtherTooLarge || a !== a || b !== b ? Infinity : a === b ? 0 : Math.abs(a - b);
  const largest = Math.max(Math.abs(a), Math.abs(b));
  const relative = absolute === 0 ? 0 : absolute < Infinity && largest < Infinity ? absolute / largest : Infinity;
  return { isWithin: !isTooLarge && !isOtherTooLarge && isWithin(a, b, tolerance), absolute, relative };
}

function isOverflow(word, value) {
  return (value === Infinity || value === -Infinity) && !SPECIAL_NUMBER.test(word);
}

function compareIntegers(first, second, tolerance) {
  const [a, b] = [toBigInteger(first), toBigInteger(second)];
  const absolute = Number(a > b ? a - b : b - a);
  const largest = Math.max(Math.abs(Number(a)), Math.abs(Number(b)));
  return { isWithin: absolute <= Math.max(tolerance.absolute, tolerance.relative * largest), absolute, relative: absolute / largest };
}

function toBigInteger(word) {
  const digits = BigInt(word.replace(/^[+-]/, ''));
  return word[0] === '-' ? -digits : digits;
}

/** Are two numbers the same value exactly, however they are spelled (1.50, 15e-1)? Never true of NaN or infinities. */
function isSameDecimal(first, second) {
  const [a, b] = [normalizeDecimal(first), normalizeDecimal(second)];
  return a !== undefined && a === b;
}

/** Sign, digits without zeros at either end, and exponent. */
function normalizeDecimal(word) {
  const parts = /^([+-]?)(\d*)\.?(\d*)(?:[eEdD]([+-]?\d{1,15}))?$/.exec(word);
  if (parts === null) return undefined;
  const digits = (parts[2] + parts[3]).replace(/^0+/, '');
  if (digits === '') return '0';
  const end = lastNonZero(digits) + 1;
  const exponent = Number(parts[4] ?? 0) - parts[3].length + digits.length - end;
  return (parts[1] === '-' ? '-' : '') + digits.slice(0, end) + 'e' + exponent;
}

function lastNonZero(digits) {
  let at = digits.length - 1;
  while (digits[at] === '0') at -= 1;
  return at;
}

// ==== src/formats/numbertally.ts =================================================================
// numbertally.ts - counts how far the numbers of two contents are apart. Knows no formats.

const EXACTLY = { absolute: 0, relative: 0 };

/** What was seen of the pairs of numbers of two contents; `place` is where, such as "line 4". */
class NumberTally {
  // readonly tolerance: Tolerance | undefined;
  /** Pairs of numbers, pairs not of the same bytes, of another value, beyond the tolerance. */
  pairs = 0;
  unequal = 0;
  apart = 0;
  beyond = 0;
  firstPlace = '';
  largestAbsolute = { value: 0, place: '' };
  largestRelative = { value: 0, place: '' };

  constructor(tolerance) {
    this.tolerance = tolerance;
  }

  /** Takes a pair in; false if it is beyond the tolerance, or of another value where there is none. */
  add(first, second, place) {
    this.pairs += 1;
    if (first === second) return true;
    this.unequal += 1;
    const distance = compareNumbers(first, second, this.tolerance ?? EXACTLY);
    // NaN against NaN and decimals that are the same double count as the same value.
    if (distance.absolute > 0) {
      this.apart += 1;
      if (this.firstPlace === '') this.firstPlace = place();
      if (distance.absolute > this.largestAbsolute.value) this.largestAbsolute = { value: distance.absolute, place: place() };
      if (distance.relative > this.largestRelative.value) this.largestRelative = { value: distance.relative, place: place() };
    }
    if (!distance.isWithin) this.beyond += 1;
    return distance.isWithin;
  }

  /** "3 of 120 numbers differ, first at line 2, at most 0.2 absolute (line 4), 1e-3 relative (line 2)"; '' if no number is unequal. */
  describe() {
    if (this.unequal === 0) return '';
    const ofAll = ' of ' + this.pairs + (this.pairs === 1 ? ' number' : ' numbers');
    if (this.apart === 0) return this.unequal + ofAll + ' written otherwise, all of the same value';
    const { largestAbsolute, largestRelative } = this;
    const beyond = this.tolerance === undefined || this.beyond === 0 ? '' : ', ' + this.beyond + ' by more than that';
    return this.apart + ofAll + (this.apart === 1 ? ' differs' : ' differ') + beyond + ', first at ' + this.firstPlace
      + ', at most ' + formatDistance(largestAbsolute.value) + ' absolute (' + largestAbsolute.place + '), '
      + formatDistance(largestRelative.value) + ' relative (' + largestRelative.place + ')';
  }
}

/** Two significant digits; rounded, so for people only. */
function formatDistance(value) {
  return value === Infinity ? 'infinite' : String(Number(value.toPrecision(2)));
}

// ==== src/formats/comparetext.ts =================================================================
// comparetext.ts - compares two texts line by line, their numbers by value. Knows no files.

/** What two texts came to, line by line. `lines` are pairs that differ in more than numbers. */
// type TextTally = {
//   numbers: NumberTally;
//   lines: number;
//   firstLine: number;
//   excerpt: string;
//   lineCounts: [number, number];
//   isPaddingChanged: boolean;
// };

/** Is it text: no control bytes but white space, backspace, bell and ESC? Empty is text. */
function looksLikeText(content) {
  return !/[\0-\x06\x0e-\x1a\x1c-\x1f\x7f]/.test(content);
}

/**
 * Two texts that are not the same. With a tolerance they are equivalent if they differ only in
 * numbers within it, and in the spaces that pad such a number to the width of its field.
 */
function compareText(first, second, context) {
  const tally = tallyText(first, second, context);
  const { tolerance } = context;
  const detail = describeTextTally(tally);
  if (tolerance !== undefined && tally.lines === 0 && tally.numbers.beyond === 0) {
    const padding = tally.isPaddingChanged ? ', without the spaces that pad them' : '';
    return { kind: 'equivalent', rule: describeTolerance(tolerance) + padding, detail };
  }
  const rule = tolerance === undefined ? 'text, byte for byte' : 'text with ' + describeTolerance(tolerance);
  return { kind: 'different', rule, detail: describeLineEnds(first, second) ?? detail, causes: findCauses(first, second, context.hints) };
}

/** Compares line by line. If one has more lines, those that both end with are set against each other. */
function tallyText(first, second, context) {
  const lineCounts = [countLines(first), countLines(second)];
  const tally = {
    numbers: new NumberTally(context.tolerance), lines: 0, firstLine: 0, excerpt: '', lineCounts, isPaddingChanged: false,
  };
  const common = lineCounts[0] === lineCounts[1] ? 0 : measureCommonEnd(first, second);
  const [end, otherEnd] = [first.length - common, second.length - common];
  let [at, otherAt] = [0, 0];
  let line = 1;
  for (; at < end && otherAt < otherEnd; line++) {
    const [next, otherNext] = [findNextLine(first, at), findNextLine(second, otherAt)];
    compareLine(first.slice(at, next), second.slice(otherAt, otherNext), line, tally);
    [at, otherAt] = [next, otherNext];
  }
  addExtraLines(first.slice(at, end), 'the first', line, tally);
  addExtraLines(second.slice(otherAt, otherEnd), 'the second', line, tally);
  return tally;
}

function countLines(text) {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return text === '' || text[text.length - 1] === '\n' ? count : count + 1;
}

function findNextLine(text, at) {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

/** Length of the whole lines that both texts end with. */
function measureCommonEnd(first, second) {
  const most = Math.min(first.length, second.length);
  let common = 0;
  for (let step = 1 << 16; step > 0; step >>= 2) {
    while (common + step <= most && isSamePart(first, second, common, step)) common += step;
  }
  const isWholeLine = (text) => text.length === common || text[text.length - common - 1] === '\n';
  if (isWholeLine(first) && isWholeLine(second)) return common;
  return first.length - findNextLine(first, first.length - common);
}

function isSamePart(first, second, behind, step) {
  const [end, otherEnd] = [first.length - behind, second.length - behind];
  return first.slice(end - step, end) === second.slice(otherEnd - step, otherEnd);
}

function addExtraLines(lines, whose, line, tally) {
  if (lines === '') return;
  if (tally.lines === 0) {
    tally.firstLine = line;
    tally.excerpt = quoteExcerpt(lines.slice(0, findNextLine(lines, 0)), 0) + ' only in ' + whose;
  }
  tally.lines += countLines(lines);
}

/** A line, its end included. */
function compareLine(first, second, line, tally) {
  const alike = addNumbersOfText(first, second, tally.numbers, () => 'line ' + line);
  tally.isPaddingChanged = tally.isPaddingChanged || (alike.unlikeAt < 0 && alike.isPaddingChanged);
  if (alike.unlikeAt < 0) return;
  if (tally.lines === 0) {
    tally.firstLine = line;
    tally.excerpt = quoteExcerpt(first, alike.unlikeAt) + ' against ' + quoteExcerpt(second, alike.otherUnlikeAt);
  }
  tally.lines += 1;
}

/** Adds the numbers of two texts to the tally, if they are alike but for numbers and the spaces that pad them. */
function addNumbersOfText(first, second, numbers, place) {
  const alike = first === second ? { unlikeAt: -1, otherUnlikeAt: -1, isPaddingChanged: false } : findUnlikeText(first, second);
  if (alike.unlikeAt >= 0 || !/[\dnN]/.test(first)) return alike;
  const scanner = new NumberScanner(first);
  if (first === second) {
    while (scanner.next()) numbers.pairs += 1;
    return alike;
  }
  const other = new NumberScanner(second);
  while (scanner.next() && other.next()) numbers.add(first.slice(scanner.start, scanner.end), second.slice(other.start, other.end), place);
  return alike;
}

/** Where two lines differ in more than numbers and the spaces that pad them; -1 if nowhere. */
// type TextLikeness = { unlikeAt: number; otherUnlikeAt: number; isPaddingChanged: boolean };

function findUnlikeText(first, second) {
  const [numbers, others] = [new NumberScanner(first), new NumberScanner(second)];
  let [at, otherAt, width, otherWidth] = [0, 0, 0, 0];
  let isPaddingChanged = false;
  for (;;) {
    const [isFound, isOtherFound] = [numbers.next(), others.next()];
    const [end, otherEnd] = [isFound ? numbers.start : first.length, isOtherFound ? others.start : second.length];
    const [nextWidth, otherNextWidth] = [isFound ? numbers.end - end : 0, isOtherFound ? others.end - otherEnd : 0];
    const [gap, otherGap] = [first.slice(at, end), second.slice(otherAt, otherEnd)];
    if (gap !== otherGap) {
      const alike = findFirstDifference(gap, otherGap);
      const isSame = isPadding(gap, otherGap, width - otherWidth, nextWidth - otherNextWidth);
      if (!isSame) return { unlikeAt: at + alike, otherUnlikeAt: otherAt + alike, isPaddingChanged };
      isPaddingChanged = true;
    }
    if (isFound !== isOtherFound) return { unlikeAt: end, otherUnlikeAt: otherEnd, isPaddingChanged };
    if (!isFound) return { unlikeAt: -1, otherUnlikeAt: -1, isPaddingChanged };
    [at, otherAt, width, otherWidth] = [numbers.end, others.end, nextWidth, otherNextWidth];
  }
}

/**
 * Do two texts between numbers differ only in spaces that make up for the widths of the numbers beside
 * them? `before` and `after` is how much wider the first's number is there.
 */
function isPadding(gap, otherGap, before, after) {
  const [parts, others] = [splitSpaces(gap), splitSpaces(otherGap)];
  if (parts.text !== others.text) return false;
  const [lead, trail] = [others.lead - parts.lead, others.trail - parts.trail];
  if (parts.text === '') return lead === before || lead === after;
  return (lead === 0 || lead === before) && (trail === 0 || trail === after);
}

/** Counts the spaces at either end; of spaces alone, all are in front. */
function splitSpaces(gap) {
  let lead = 0;
  while (gap[lead] === ' ') lead += 1;
  let end = gap.length;
  while (end > lead && gap[end - 1] === ' ') end -= 1;
  return { lead, text: gap.slice(lead, end), trail: gap.length - end };
}

const EXCERPT_BEFORE = 12;
const EXCERPT_BYTES = 36;

/** A few bytes around `at`, harmless and in quotes. */
function quoteExcerpt(text, at) {
  let start = Math.max(at - EXCERPT_BEFORE, 0);
  let end = Math.min(start + EXCERPT_BYTES, text.length);
  for (let i = 0; i < 3 && start > 0 && isContinuation(text, start); i++) start -= 1;
  for (let i = 0; i < 3 && end < text.length && isContinuation(text, end); i++) end += 1;
  if (end === text.length && text[end - 1] === '\n' && at < end - 1) end -= 1;
  const shown = makeHarmless(text.slice(start, end));
  return '"' + (start > 0 ? '...' : '') + shown + (end < text.length && text[end] !== '\n' ? '...' : '') + '"';
}

function isContinuation(text, at) {
  const code = text.charCodeAt(at);
  return code >= 0x80 && code < 0xc0;
}

/** "2 of 10 lines differ in more than numbers, first line 3: "a" against "b"; 3 of 120 numbers differ, ..." */
function describeTextTally(tally) {
  const parts = [];
  const [count, other] = tally.lineCounts;
  if (tally.lines > 0) {
    const all = count === other ? 'of ' + count + ' lines' : 'lines (of ' + count + ' against ' + other + ')';
    parts.push(tally.lines + ' ' + all + (tally.lines === 1 ? ' differs' : ' differ') + ' in more than numbers, first line ' + tally.firstLine + ': ' + tally.excerpt);
  }
  const numbers = tally.numbers.describe();
  if (numbers !== '') parts.push(numbers);
  return parts.join('; ');
}

/** A text with other line ends, and nothing else, is told apart in a word. */
function describeLineEnds(first, second) {
  if (first.indexOf('\r') < 0 && second.indexOf('\r') < 0) return undefined;
  const isSame = first.replace(/\r\n/g, '\n') === second.replace(/\r\n/g, '\n');
  if (!isSame) return undefined;
  return 'only line ends differ: ' + (first.indexOf('\r\n') < 0 ? 'LF against CR LF' : second.indexOf('\r\n') < 0 ? 'CR LF against LF' : 'LF and CR LF otherwise mixed');
}

// ==== src/formats/comparetable.ts ================================================================
// comparetable.ts - compares two tables (CSV and the like, RFC 4180) cell by cell. Knows no files.

// A comma may be a decimal comma between others, so it is tried last.
const DELIMITERS = ['\t', ';', '|', ','];
/** So many rows at the beginning decide whether it is a table. */
const PROBED_ROWS = 50;
const MOST_COLUMNS = 1 << 20;

/** `unlike` counts the cells that differ in more than numbers. */
// type TableTally = {
//   numbers: NumberTally;
//   cells: number;
//   unlike: number;
//   first: string;
//   rowCounts: [number, number];
//   isPaddingChanged: boolean;
// };

/** undefined if the two are not both tables with the same delimiter; `isNamedTable`: the file's name says that it is one. */
function compareTables(first, second, context, isNamedTable) {
  const delimiter = guessDelimiter(first, isNamedTable ? 1 : 3);
  if (delimiter === undefined || delimiter !== guessDelimiter(second, isNamedTable ? 1 : 3)) return undefined;
  const [reader, other] = [new TableReader(first, delimiter), new TableReader(second, delimiter)];
  const tally = tallyTables(reader, other, context);
  if (reader.isMalformed || other.isMalformed) return undefined;
  const { tolerance } = context;
  const isSameShape = tally.rowCounts[0] === tally.rowCounts[1];
  if (isSameShape && tally.unlike === 0 && tally.numbers.beyond === 0) {
    const numbers = tally.numbers.describe();
    return { kind: 'equivalent', rule: describeTableRule(reader, other, tally, context), detail: numbers === '' ? 'all cells are the same' : numbers };
  }
  const rule = 'table by cell' + (tolerance === undefined ? '' : ', ' + describeTolerance(tolerance));
  return { kind: 'different', rule, detail: describeTables(tally), causes: findCauses(first, second, context.hints) };
}

function describeTables(tally) {
  const [count, other] = tally.rowCounts;
  const first = tally.first === '' ? '' : ', first ' + tally.first;
  if (count !== other) return count + ' rows against ' + other + first;
  const cells = tally.unlike === 0 ? [] : [tally.unlike + ' of ' + tally.cells + ' cells ' + (tally.unlike === 1 ? 'differs' : 'differ') + ' in more than numbers' + first];
  const numbers = tally.numbers.describe();
  return cells.concat(numbers === '' ? [] : numbers).join('; ');
}

/** Names what is not the same in the two and does not count. */
function describeTableRule(reader, other, tally, context) {
  const { tolerance } = context;
  const parts = [];
  if (tally.numbers.unequal > 0) parts.push(tolerance === undefined || tally.numbers.apart === 0 ? 'numbers by value' : describeTolerance(tolerance));
  if (tally.isPaddingChanged) parts.push('without the spaces that pad them');
  const isPlain = parts.length === 0 && reader.quotedCells === other.quotedCells && reader.lineEnds === other.lineEnds;
  if (reader.quotedCells !== other.quotedCells || isPlain) parts.push('without quotation marks');
  if (reader.lineEnds !== other.lineEnds) parts.push('without line ends');
  return ['table by cell'].concat(parts).join(', ');
}

function tallyTables(reader, other, context) {
  const tally = { numbers: new NumberTally(context.tolerance), cells: 0, unlike: 0, first: '', rowCounts: [0, 0], isPaddingChanged: false };
  let header = [];
  for (;;) {
    const [row, otherRow] = [reader.next(), other.next()];
    if (row !== undefined) tally.rowCounts[0] += 1;
    if (otherRow !== undefined) tally.rowCounts[1] += 1;
    if (row === undefined && otherRow === undefined) return tally;
    if (row === undefined || otherRow === undefined) {
      if (tally.first === '') tally.first = 'at row ' + Math.max(...tally.rowCounts);
      continue;
    }
    if (tally.rowCounts[0] === 1 && tally.rowCounts[1] === 1) header = readHeader(row);
    compareRows(row, otherRow, header, tally);
  }
}

/** The names of the columns, if the first row has no number. */
function readHeader(row) {
  return row.some((cell) => cell.trim() === '' || isNumber(cell.trim())) ? [] : row;
}

function compareRows(row, otherRow, header, tally) {
  const rowNumber = tally.rowCounts[0];
  const placeOfCell = (column) => 'column ' + (header[column] === undefined ? column + 1 : shortenName(header[column])) + ', row ' + rowNumber;
  const common = Math.min(row.length, otherRow.length);
  tally.cells += common;
  for (let i = 0; i < common; i++) {
    const alike = addNumbersOfText(row[i], otherRow[i], tally.numbers, () => placeOfCell(i));
    if (alike.unlikeAt < 0) tally.isPaddingChanged = tally.isPaddingChanged || alike.isPaddingChanged;
    else addUnlikeCell(tally, () => placeOfCell(i) + ': ' + quoteExcerpt(row[i], alike.unlikeAt) + ' against ' + quoteExcerpt(otherRow[i], alike.otherUnlikeAt));
  }
  if (row.length !== otherRow.length) addUnlikeCell(tally, () => 'row ' + rowNumber + ': ' + row.length + ' cells against ' + otherRow.length);
}

function addUnlikeCell(tally, describe) {
  if (tally.first === '') tally.first = describe();
  tally.unlike += 1;
}

function shortenName(name) {
  return /^[\w.-]{1,30}$/.test(name) ? name : quoteExcerpt(name, 0);
}

/** The delimiter with which the first rows have the same number of cells, two or more; there must be `fewestRows`. */
function guessDelimiter(text, fewestRows) {
  return DELIMITERS.find((delimiter) => {
    if (text.indexOf(delimiter) < 0) return false;
    const reader = new TableReader(text, delimiter);
    let columns = 0;
    let rows = 0;
    for (let row = reader.next(); row !== undefined && rows < PROBED_ROWS; row = reader.next()) {
      rows += 1;
      if (row.length < 2 || (columns > 0 && row.length !== columns)) return false;
      columns = row.length;
    }
    return rows >= fewestRows && !reader.isMalformed;
  });
}

/** Reads a table row by row. */
class TableReader {
  // readonly text: ByteString;
  // readonly delimiter: string;
  isMalformed = false;
  quotedCells = 0;
  /** How many rows end how. */
  get lineEnds() { return this.endings.join(' '); }
  endings = [0, 0, 0];
  at = 0;

  constructor(text, delimiter) {
    this.text = text;
    this.delimiter = delimiter;
  }

  /** The cells of the next row, unquoted; undefined at the end and where the table is malformed. */
  next() {
    const { text } = this;
    if (this.at >= text.length || this.isMalformed) return undefined;
    const lineFeed = text.indexOf('\n', this.at);
    const lineEnd = lineFeed < 0 ? text.length : lineFeed;
    const line = text.slice(this.at, lineEnd);
    if (line.indexOf('"') >= 0) return this.readQuotedRow();
    this.at = lineEnd + 1;
    const isCrLf = lineFeed >= 0 && line[line.length - 1] === '\r';
    this.endings[lineFeed < 0 ? 2 : isCrLf ? 1 : 0] += 1;
    const cells = (isCrLf ? line.slice(0, -1) : line).split(this.delimiter, MOST_COLUMNS + 1);
    this.isMalformed = cells.length > MOST_COLUMNS;
    return this.isMalformed ? undefined : cells;
  }

  readQuotedRow() {
    const cells = [];
    const { text } = this;
    for (;;) {
      const end = text[this.at] === '"' ? this.readQuotedCell(cells) : this.readPlainCell(cells);
      if (end < 0 || cells.length > MOST_COLUMNS) {
        this.isMalformed = true;
        return undefined;
      }
      this.at = end + 1;
      if (text[end] === this.delimiter) continue;
      if (text[end] === '\r') this.at += 1;
      this.endings[text[end] === undefined ? 2 : text[end] === '\r' ? 1 : 0] += 1;
      return cells;
    }
  }

  /** Where the cell ends: at a delimiter, a line end or the end of the text; -1 if something else follows the quotation mark. */
  readQuotedCell(cells) {
    const { text } = this;
    let end = text.indexOf('"', this.at + 1);
    while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
    if (end < 0) return -1;
    this.quotedCells += 1;
    cells.push(text.slice(this.at + 1, end).replace(/""/g, '"'));
    return this.isCellEnd(end + 1) ? end + 1 : -1;
  }

  readPlainCell(cells) {
    let end = this.at;
    while (!this.isCellEnd(end)) end += 1;
    cells.push(this.text.slice(this.at, end));
    return end;
  }

  isCellEnd(at) {
    const mark = this.text[at];
    return mark === undefined || mark === this.delimiter || mark === '\n' || (mark === '\r' && this.text[at + 1] === '\n');
  }
}

// ==== src/formats/jsontape.ts ====================================================================
// jsontape.ts - parses JSON (RFC 8259) into a flat list of where its values stand. Knows no meaning of them.

// JSON.parse will not do: it loses digits, duplicate keys and, when nested deeply, the stack.

// type JsonKind = 'object' | 'array' | 'string' | 'number' | 'literal';

const JSON_KINDS = ['object', 'array', 'string', 'number', 'literal'];
const CODE_OF = { object: 0, array: 1, string: 2, number: 3, literal: 4 };
const FIELDS = 4;
const MOST_VALUES = 4 << 20;

const JSON_SPACE = /[ \t\r\n]*/y;
// NaN and Infinity are no JSON, but Python and others write them.
const JSON_NUMBER = /-?(?:(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|Infinity)|NaN/y;
const JSON_LITERAL = /true|false|null/y;

/**
 * The values of a text in the order in which they begin: a container, then what is in it; in an
 * object each key (a string) before its value. Values are named by their number.
 */
class JsonTape {
  // readonly text: ByteString;
  /** Each value's kind, where it starts and ends in the text, and the number of the value behind all that is in it. */
  fields = new Int32Array(1 << 10);
  count = 0;
  /** The values that stand on their own: one, or with JSON lines several. */
  roots = [];

  constructor(text) {
    this.text = text;
  }

  kindOf(value) { return JSON_KINDS[this.fields[value * FIELDS]]; }
  /** As it is spelled. */
  spell(value) { return this.text.slice(this.fields[value * FIELDS + 1], this.fields[value * FIELDS + 2]); }
  startOf(value) { return this.fields[value * FIELDS + 1]; }
  nextOf(value) { return this.fields[value * FIELDS + 3]; }

  add(kind, start, end) {
    if ((this.count + 1) * FIELDS > this.fields.length) {
      const grown = new Int32Array(this.fields.length * 2);
      grown.set(this.fields);
      this.fields = grown;
    }
    this.fields.set([CODE_OF[kind], start, end, this.count + 1], this.count * FIELDS);
    this.count += 1;
    return this.count - 1;
  }

  close(value, end) {
    this.fields[value * FIELDS + 2] = end;
    this.fields[value * FIELDS + 3] = this.count;
  }
}

/**
 * The values of a text that is one object or array, or several (JSON lines); undefined if it is no such
 * text or has more than 4 million values.
 */
function parseJson(text) {
  const tape = new JsonTape(text);
  let at = skipSpace(text, 0);
  while (at < text.length) {
    if (text[at] !== '{' && text[at] !== '[') return undefined;
    tape.roots.push(tape.count);
    const end = parseRoot(tape, at);
    if (end < 0) return undefined;
    at = skipSpace(text, end);
  }
  return tape.roots.length === 0 ? undefined : tape;
}

function skipSpace(text, at) {
  JSON_SPACE.lastIndex = at;
  JSON_SPACE.test(text);
  return JSON_SPACE.lastIndex;
}

/** Parses one object or array; where it ends, -1 if it is none. The open containers are on a stack of our own. */
function parseRoot(tape, start) {
  const { text } = tape;
  const open = [];
  let at = start;
  for (;;) {
    // Here a value, or in an object a key and its value, or the end of an empty container must follow.
    const isInside = open.length > 0;
    const container = isInside ? open[open.length - 1] : -1;
    const isEmptyEnd = isInside && container === tape.count - 1 && text[at] === endMark(tape, container);
    if (!isEmptyEnd) {
      if (isInside && tape.kindOf(container) === 'object') at = parseKey(tape, at);
      if (at < 0 || tape.count >= MOST_VALUES) return -1;
      if (text[at] === '{' || text[at] === '[') {
        open.push(tape.add(text[at] === '{' ? 'object' : 'array', at, at));
        at = skipSpace(text, at + 1);
        continue;
      }
      at = parseScalar(tape, at);
      if (at < 0) return -1;
    }
    // A value is complete; so may be the containers that it is the last of.
    at = skipSpace(text, at);
    while (open.length > 0 && text[at] === endMark(tape, open[open.length - 1])) {
      tape.close(open.pop(), at + 1);
      if (open.length === 0) return at + 1;
      at = skipSpace(text, at + 1);
    }
    if (text[at] !== ',') return -1;
    at = skipSpace(text, at + 1);
  }
}

function endMark(tape, container) {
  return tape.kindOf(container) === 'object' ? '}' : ']';
}

/** A key, ":" and the space around; -1 if there is none. */
function parseKey(tape, at) {
  const end = findStringEnd(tape.text, at);
  if (end < 0) return -1;
  tape.add('string', at, end);
  const colon = skipSpace(tape.text, end);
  return tape.text[colon] === ':' ? skipSpace(tape.text, colon + 1) : -1;
}

function parseScalar(tape, at) {
  const { text } = tape;
  if (text[at] === '"') {
    const end = findStringEnd(text, at);
    if (end >= 0) tape.add('string', at, end);
    return end;
  }
  for (const [kind, pattern] of [['number', JSON_NUMBER], ['literal', JSON_LITERAL]]) {
    pattern.lastIndex = at;
    if (!pattern.test(text)) continue;
    tape.add(kind, at, pattern.lastIndex);
    return pattern.lastIndex;
  }
  return -1;
}

/** Behind the quotation mark that ends the string at `at`; -1 if there is no string. */
function findStringEnd(text, at) {
  if (text[at] !== '"') return -1;
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return end + 1;
  }
  return -1;
}

const ESCAPES = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** What a string means, as UTF-8, without its quotation marks. Half a pair of surrogates is kept as it would be encoded. */
function decodeJsonString(spelled) {
  const inner = spelled.slice(1, -1);
  if (inner.indexOf('\\') < 0) return inner;
  return inner.replace(/\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[^]/g, (escape) => {
    if (escape.length === 12) {
      return encodePoint(0x10000 + ((parseInt(escape.slice(2, 6), 16) - 0xd800) << 10) + parseInt(escape.slice(8), 16) - 0xdc00);
    }
    return escape.length === 6 ? encodePoint(parseInt(escape.slice(2), 16)) : ESCAPES[escape[1]] ?? escape[1];
  });
}

function encodePoint(point) {
  if (point < 0x80) return String.fromCharCode(point);
  const bytes = [];
  let rest = point;
  for (const limit of [0x3f, 0x1f, 0x0f]) {
    if (rest <= limit && bytes.length > 0) break;
    bytes.unshift(0x80 | (rest & 0x3f));
    rest >>= 6;
  }
  bytes.unshift([0xc0, 0xe0, 0xf0][bytes.length - 1] | rest);
  return String.fromCharCode(...bytes);
}

// ==== src/formats/comparejson.ts =================================================================
// comparejson.ts - compares two JSON texts by value. Knows no files.

/** Members or elements that stand in the same place of two containers, and which pair is looked at. */
// type OpenPair = { tape: JsonTape; isArray: boolean; pairs: number[]; at: number };

// type JsonTally = { numbers: NumberTally; values: number; first: string; isOrderChanged: boolean };

/** undefined if the two are not both JSON (one value or JSON lines). */
function compareJson(first, second, context) {
  const tape = parseJson(first);
  const other = tape === undefined ? undefined : parseJson(second);
  if (tape === undefined || other === undefined) return undefined;
  const tally = { numbers: new NumberTally(context.tolerance), values: 0, first: '', isOrderChanged: false };
  compareRoots(tape, other, tally);
  const numbers = tally.numbers.describe();
  if (tally.values === 0 && tally.numbers.beyond === 0) return describeEqualJson(tally, context);
  const values = tally.values === 0 ? [] : [tally.values + (tally.values === 1 ? ' value differs' : ' values differ') + ' in more than numbers, first ' + tally.first];
  const rule = 'JSON by value' + (context.tolerance === undefined ? '' : ', ' + describeTolerance(context.tolerance));
  return { kind: 'different', rule, detail: values.concat(numbers === '' ? [] : numbers).join('; '), causes: findCauses(first, second, context.hints) };
}

function describeEqualJson(tally, context) {
  const order = tally.isOrderChanged ? ', keys in any order' : '';
  const isTolerated = tally.numbers.apart > 0 && context.tolerance !== undefined;
  const rule = 'JSON by value' + order + (isTolerated ? ', ' + describeTolerance(context.tolerance) : '');
  const detail = tally.numbers.describe();
  return { kind: 'equivalent', rule, detail: detail !== '' ? detail : tally.isOrderChanged ? 'the keys are in another order' : 'white space or escapes are different' };
}

function compareRoots(tape, other, tally) {
  const common = Math.min(tape.roots.length, other.roots.length);
  const isAlone = tape.roots.length === 1 && other.roots.length === 1;
  for (let i = 0; i < common; i++) compareTrees(tape, other, tape.roots[i], other.roots[i], isAlone ? '$' : 'value ' + (i + 1) + ', $', tally);
  if (common === tape.roots.length && common === other.roots.length) return;
  addDifference(tally, () => 'value ' + (common + 1) + ': ' + tape.roots.length + ' values against ' + other.roots.length);
}

/** Walks two values and what is in them side by side; a stack of its own, as they may be nested deeply. */
function compareTrees(tape, other, root, otherRoot, name, tally) {
  const open = [];
  const place = () => name + open.map((pair) => labelOf(pair)).join('');
  comparePair(tape, other, root, otherRoot, open, place, tally);
  while (open.length > 0) {
    const top = open[open.length - 1];
    top.at += 2;
    if (top.at >= top.pairs.length) open.pop();
    else comparePair(tape, other, top.pairs[top.at], top.pairs[top.at + 1], open, place, tally);
  }
}

function labelOf(pair) {
  if (pair.at < 0) return '';
  if (pair.isArray) return '[' + pair.at / 2 + ']';
  const key = decodeJsonString(pair.tape.spell(pair.pairs[pair.at] - 1));
  return /^[A-Za-z_][\w-]*$/.test(key) ? '.' + key : '[' + quoteExcerpt(key, 0) + ']';
}

function addDifference(tally, describe) {
  if (tally.values === 0) tally.first = describe();
  tally.values += 1;
}

function comparePair(tape, other, a, b, open, place, tally) {
  const kind = tape.kindOf(a);
  const differ = () => addDifference(tally, () => place() + ': ' + quoteUnlike(tape.spell(a), other.spell(b)));
  if (kind !== other.kindOf(b)) return differ();
  if (kind === 'number') {
    tally.numbers.add(tape.spell(a), other.spell(b), place);
  } else if (kind === 'literal') {
    if (tape.spell(a) !== other.spell(b)) differ();
  } else if (kind === 'string') {
    if (tape.spell(a) !== other.spell(b) && decodeJsonString(tape.spell(a)) !== decodeJsonString(other.spell(b))) differ();
  } else {
    const pairs = kind === 'array' ? pairElements(tape, other, a, b, place, tally) : pairMembers(tape, other, a, b, place, tally);
    if (pairs.length > 0) open.push({ tape, isArray: kind === 'array', pairs, at: -2 });
  }
}

function quoteUnlike(spelled, other) {
  const at = findFirstDifference(spelled, other);
  const shown = [spelled, other].map((text) => (text.length <= 24 ? makeHarmless(text) : quoteExcerpt(text, at)));
  return shown.join(' against ');
}

function pairElements(tape, other, a, b, place, tally) {
  const [end, otherEnd] = [tape.nextOf(a), other.nextOf(b)];
  const pairs = [];
  let [value, otherValue] = [a + 1, b + 1];
  while (value < end && otherValue < otherEnd) {
    pairs.push(value, otherValue);
    [value, otherValue] = [tape.nextOf(value), other.nextOf(otherValue)];
  }
  if (value < end || otherValue < otherEnd) {
    addDifference(tally, () => place() + ': ' + countElements(tape, a) + ' elements against ' + countElements(other, b));
  }
  return pairs;
}

function countElements(tape, array) {
  let count = 0;
  for (let value = array + 1; value < tape.nextOf(array); value = tape.nextOf(value)) count += 1;
  return count;
}

/** Values with the same key; of several with one key the first goes with the first. */
function pairMembers(tape, other, a, b, place, tally) {
  const inOrder = pairMembersInOrder(tape, other, a, b);
  if (inOrder !== undefined) return inOrder;
  const waiting = new Map();
  const keys = listKeys(other, b);
  for (let i = keys.length - 1; i >= 0; i--) {
    const name = decodeJsonString(other.spell(keys[i]));
    const values = waiting.get(name);
    if (values === undefined) waiting.set(name, [keys[i] + 1]);
    else values.push(keys[i] + 1);
  }
  const pairs = [];
  const onlyInFirst = [];
  for (const key of listKeys(tape, a)) {
    const name = decodeJsonString(tape.spell(key));
    const value = (waiting.get(name) ?? []).pop();
    if (value === undefined) onlyInFirst.push(name);
    else pairs.push(key + 1, value);
  }
  const onlyInSecond = Array.from(waiting.keys()).filter((name) => (waiting.get(name) ?? []).length > 0);
  if (onlyInFirst.length > 0) addDifference(tally, () => place() + ': key ' + quoteExcerpt(onlyInFirst[0], 0) + ' only in the first');
  if (onlyInSecond.length > 0) addDifference(tally, () => place() + ': key ' + quoteExcerpt(onlyInSecond[0], 0) + ' only in the second');
  tally.isOrderChanged = tally.isOrderChanged || isOrderChanged(pairs);
  return pairs;
}

function isOrderChanged(pairs) {
  for (let i = 3; i < pairs.length; i += 2) if (pairs[i] < pairs[i - 2]) return true;
  return false;
}

function listKeys(tape, object) {
  const keys = [];
  for (let key = object + 1; key < tape.nextOf(object); key = tape.nextOf(key + 1)) keys.push(key);
  return keys;
}

function pairMembersInOrder(tape, other, a, b) {
  const [end, otherEnd] = [tape.nextOf(a), other.nextOf(b)];
  const pairs = [];
  let [key, otherKey] = [a + 1, b + 1];
  while (key < end && otherKey < otherEnd) {
    if (tape.spell(key) !== other.spell(otherKey)) return undefined;
    pairs.push(key + 1, otherKey + 1);
    [key, otherKey] = [tape.nextOf(key + 1), other.nextOf(otherKey + 1)];
  }
  return key < end || otherKey < otherEnd ? undefined : pairs;
}

// ==== src/formats/comparekind.ts =================================================================
// comparekind.ts - finds the kind of two contents and compares them by it. Knows no files.

/** How `second` stands to `first`, by the rules of their kind (docs/comparison.txt). Never throws. */
function compareByKind(first, second, context) {
  if (first === second) return { kind: 'identical' };
  if (looksLikeText(first) && looksLikeText(second)) return compareTexts(first, second, context);
  return compareAsBytes(first, second);
}

/** JSON and tables are told by what is in them: a name may be anything. */
function compareTexts(first, second, context) {
  const isNamedTable = /\.(?:csv|tsv|tab)$/i.test(context.path);
  return compareJson(first, second, context) ?? compareTables(first, second, context, isNamedTable) ?? compareText(first, second, context);
}

// ==== src/formats/pythonmetadata.ts ==============================================================
// pythonmetadata.ts - what an installed Python distribution says of itself (PEP 376, 503, 610, 627). Knows no files.

/** The one spelling of a distribution's name that all others compare equal in (PEP 503). */
function normalizePythonName(name) {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** The module at the top, of a file's path relative to the folder that Python searches: "numpy", "six". */
function topModuleOf(relative) {
  const parts = relative.split('/');
  const first = parts[0] === '__pycache__' && parts.length > 1 ? 1 : 0;
  return first < parts.length - 1 ? parts[first] : parts[first].replace(/\..*$/, '');
}

/** "a/__pycache__/b.cpython-311.pyc" comes from "a/b.py" (PEP 3147); any other file from itself. */
function pythonSourceOf(relative) {
  const cached = /^((?:.*\/)?)__pycache__\/([^/.]+)\.[^/]*\.pyc$/.exec(relative);
  return cached !== null ? cached[1] + cached[2] + '.py' : relative;
}

/** The paths in a RECORD: the first field of each line of CSV. */
function parseRecordPaths(text) {
  const found = [];
  for (const line of text.split('\n')) {
    if (line === '' || line === '\r') continue;
    const quoted = line[0] === '"' ? /^"((?:[^"]|"")*)"/.exec(line) : null;
    const comma = line.indexOf(',');
    if (quoted !== null) found.push(quoted[1].replace(/""/g, '"'));
    else found.push(comma < 0 ? line.replace(/\r$/, '') : line.slice(0, comma));
  }
  return found;
}

/** Names on lines of their own, as in top_level.txt; without comments. */
function parseNameLines(text) {
  return text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && line[0] !== '#');
}

/** Where a distribution was installed from; `folder` if it is a folder on this machine. */
// type PythonOrigin = { isEditable: boolean; folder: ByteString | undefined; text: ByteString };

/** direct_url.json (PEP 610); undefined if it is not one. */
function parseDirectUrl(text) {
  let content;
  try {
    content = JSON.parse(text);
  } catch (error) {
    return undefined; // JSON.parse has no other failure
  }
  if (content === null || typeof content !== 'object' || typeof content.url !== 'string') return undefined;
  const url = stripUrlCredentials(content.url);
  const version = content.vcs_info;
  if (typeof version?.vcs === 'string' && typeof version.commit_id === 'string') {
    return { isEditable: false, folder: undefined, text: version.vcs + ' ' + version.commit_id + ' ' + url };
  }
  const folder = typeof content.dir_info === 'object' && content.dir_info !== null ? decodeFileUrl(url) : undefined;
  return { isEditable: content.dir_info?.editable === true && folder !== undefined, folder, text: 'from ' + url };
}

/** The path in a "file:" URL (RFC 8089); undefined if it is of another kind, or of another host. */
function decodeFileUrl(url) {
  const parts = /^file:(?:\/\/(?:localhost)?(?=\/)|(?!\/\/))(\/[^?#]*)/.exec(url);
  return parts === null ? undefined : parts[1].replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))).replace(/(.)\/+$/, '$1');
}

/** Folders and files that setuptools' finder of an editable install maps modules to. */
function parseEditableMapping(text) {
  const mapping = /^MAPPING(?::[^=\n]*)?\s*=\s*\{([^}\n]*)\}/m.exec(text);
  const found = [];
  const pair = /(?:'[^'\\]*'|"[^"\\]*")\s*:\s*(?:'([^'\\]*)'|"([^"\\]*)")/g;
  for (let next = mapping === null ? null : pair.exec(mapping[1]); next !== null; next = pair.exec((mapping)[1])) found.push(next[1] ?? next[2]);
  return found;
}

// ==== src/formats/juliamanifest.ts ===============================================================
// juliamanifest.ts - the packages that a Julia Manifest.toml names. Knows no files.

/** Each is '' if the manifest does not say it; of the standard library it says no version. */
// type JuliaEntry = { name: ByteString; version: ByteString; tree: ByteString; path: ByteString; url: ByteString; revision: ByteString };
// type JuliaManifest = { juliaVersion: ByteString; entries: JuliaEntry[] };

const MOST_ENTRIES = 20000;

/** Formats 1.0 ([[Name]]) and 2.0 ([[deps.Name]]). Lines that are neither are passed over. */
function parseJuliaManifest(text) {
  const manifest = { juliaVersion: '', entries: [] };
  let entry;
  for (const line of text.split('\n')) {
    const header = /^\s*\[\[?([^\]]*)\]/.exec(line);
    if (header !== null) {
      const name = /^\s*\[\[/.test(line) ? /^(?:deps\.)?"?([\w!]+)"?$/.exec(header[1].trim())?.[1] : undefined;
      entry = name === undefined ? undefined : { name, version: '', tree: '', path: '', url: '', revision: '' };
      if (entry !== undefined && manifest.entries.length < MOST_ENTRIES) manifest.entries.push(entry);
      // A table below an entry, such as [deps.Name.deps], ends it.
      continue;
    }
    const setting = parseTomlString(line);
    if (setting === undefined) continue;
    if (entry !== undefined) setJuliaField(entry, setting.key, setting.value);
    else if (setting.key === 'julia_version') manifest.juliaVersion = setting.value;
  }
  return manifest;
}

function setJuliaField(entry, key, value) {
  if (key === 'version') entry.version = value;
  else if (key === 'git-tree-sha1') entry.tree = value;
  else if (key === 'path') entry.path = value;
  else if (key === 'repo-url') entry.url = value;
  else if (key === 'repo-rev') entry.revision = value;
}

/** `name` and `version` of a Project.toml; '' where it does not say. */
function parseJuliaProject(text) {
  const project = { name: '', version: '' };
  for (const line of text.split('\n')) {
    if (/^\s*\[/.test(line)) break;
    const setting = parseTomlString(line);
    if (setting?.key === 'name') project.name = setting.value;
    else if (setting?.key === 'version') project.version = setting.value;
  }
  return project;
}

/** `key = "value"` of one line. Escapes are undone for quotes and backslashes, the only ones that Pkg writes in paths. */
function parseTomlString(line) {
  const parts = /^\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)')\s*(?:#.*)?$/.exec(line);
  return parts === null ? undefined : { key: parts[1], value: parts[3] ?? parts[2].replace(/\\(["\\])/g, '$1') };
}

// ==== src/formats/perlmodule.ts ==================================================================
// perlmodule.ts - the name and the version of a Perl module, read from its text. Knows no files and runs no Perl.

/** `version` is '' where the module computes it or has none. */
// type PerlModule = { name: ByteString; version: ByteString };

const PERL_PACKAGE = /^\s*package\s+([A-Za-z_]\w*(?:(?:::|')\w+)*)(?:\s+v?([\d._]+))?\s*[;{]/;
// As Module::Metadata finds it: the first assignment to $VERSION or to $NAME::VERSION; but of the
// values only numbers and quoted numbers are taken, for anything else is a program.
const PERL_VERSION = /(?:^|[\s;({])\$((?:\w+(?:::|'))*)VERSION\b\s{0,40}\)?\s{0,40}=\s*(.*)$/;
const PERL_LITERAL = /^(?:\(\s*)?(?:version->(?:new|parse|declare|qv)\(\s*|qv\(\s*|eval\s*\(?\s*)?(?:(['"])\s*v?(\d[\d._]*)\s*\1|v?(\d[\d._]*)|q[qw]?[({[]\s*v?(\d[\d._]*)\s*[)}\]])\s*[;)}|#]/;
const PERL_REVISION = /\$Revision:\s*(\d[\d.]*)\s*\$/;

/**
 * The package whose name fits the file's path, and its version. undefined if the file declares no
 * such package: then it is a part of some other module. `path` has forward slashes and ends in ".pm".
 */
function parsePerlModule(text, path) {
  let current = '';
  let found;
  let isPod = false;
  for (const line of text.split('\n')) {
    if (line[0] === '=' && /^=[a-zA-Z]/.test(line)) isPod = !line.startsWith('=cut');
    else if (!isPod && /^__(?:END|DATA)__\s*$/.test(line)) break;
    if (isPod || line.length > 4000) continue;
    const declared = PERL_PACKAGE.exec(line);
    if (declared !== null) {
      current = declared[1].replace(/'/g, '::');
      if (found === undefined && fitsPath(current, path)) found = { name: current, version: (declared[2] ?? '') };
      else if (found !== undefined && found.name === current && found.version === '') found.version = declared[2] ?? '';
    }
    const version = line.indexOf('VERSION') < 0 ? undefined : readPerlVersion(line, current, found);
    if (found !== undefined && version !== undefined && found.version === '') return { name: found.name, version };
    if (found !== undefined && found.version !== '') return found;
  }
  return found;
}

function fitsPath(name, path) {
  return ('/' + path).endsWith('/' + name.replace(/::/g, '/') + '.pm');
}

/** The version a line gives to the module that was found; '' if it is one that only Perl can tell. */
function readPerlVersion(line, current, found) {
  const assigned = /^\s*#/.test(line) ? null : PERL_VERSION.exec(line);
  if (assigned === null || found === undefined || assigned[2][0] === '=' || assigned[2][0] === '~') return undefined;
  const owner = assigned[1].replace(/'/g, '::').replace(/::$/, '');
  if ((owner === '' ? current : owner) !== found.name) return undefined;
  const literal = PERL_LITERAL.exec(assigned[2] + ';');
  if (literal !== null) return literal[2] ?? literal[3] ?? literal[4];
  const revision = PERL_REVISION.exec(assigned[2]);
  return revision === null ? '' : padRevision(revision[1], assigned[2]);
}

/** "2.4" as the customary sprintf("%d.%02d", ...) prints it: "2.04". */
function padRevision(revision, expression) {
  const width = Number(/%0([23])d/.exec(expression)?.[1] ?? 0);
  return revision.split('.').map((part, i) => i === 0 ? part : part.padStart(width, '0')).join('.');
}

// ==== src/views/makefile.ts ======================================================================
// makefile.ts - provenance/Makefile, whole and run by run (docs/makefile.txt). Knows no files.

const SCRIPT = 'provenance/rerun.sh';
const STAMP = '.rr/made/';
/** Begin and end of the last line of a block, around the id. */
const LAST_LINE = '\n\t@sh ' + SCRIPT + ' make ';
const LAST_END = ' $(MAKE)\n';
const ID_LENGTH = 23;
const LONGEST_COMMENT = 200;
/** A run of more dependents than this is left to the full rebuild. */
const MOST_DEPENDENTS = 64;

// .SUFFIXES keeps GNU make from making run out of run.sh; all stands before every other special
// target, for pdpmake builds nothing otherwise; .OBJDIR keeps bmake from entering a folder obj.
const HEAD = `# Made by rr from the records in provenance/runs.
#
# make -f provenance/Makefile            make what is missing, check all results
# make -f provenance/Makefile verify     compare results and inputs; run nothing
# make -f provenance/Makefile reproduce  make everything again in a copy
# make -f provenance/Makefile NAME       one result, label or run
#
# First every name and the run it belongs to ("#:" stands before a name that is
# no target, "#-" before a name that is no result any more), then the runs.  A
# run has a stamp, .rr/made/ID; its prerequisites are the runs that must come
# before.  What is in the files is compared by ${SCRIPT}.

.POSIX:
.SUFFIXES:
all:
	@sh ${SCRIPT} all $(MAKE)
.OBJDIR: ./
.PHONY: all verify reproduce clean-reproduce rr-force
verify:
	@sh ${SCRIPT} verify
reproduce:
	@sh ${SCRIPT} reproduce $(MAKE)
clean-reproduce:
	@sh ${SCRIPT} clean
rr-force:
`;

// Targets of the head, files that make itself reads, and words that begin a directive.
const RESERVED = new Set([
  'all', 'verify', 'reproduce', 'clean-reproduce', 'rr-force', 'rr-todo',
  'Makefile', 'makefile', 'GNUmakefile', 'BSDmakefile', 'FORCE',
  'include', 'sinclude', '-include', 'define', 'endef', 'undefine', 'ifdef', 'ifndef', 'ifeq', 'ifneq', 'else', 'endif',
  'override', 'export', 'unexport', 'private', 'vpath', 'load', 'if', 'elif', 'for', 'endfor',
]);
const ID_LIKE = /^\d{8}T\d{6}Z-/;

/** Can every make have a target of this name? */
function isSafeName(name) {
  return /^[A-Za-z0-9_][A-Za-z0-9._/-]*$/.test(name) && !name.includes('//') && !name.endsWith('/')
    && !RESERVED.has(name) && !ID_LIKE.test(name);
}

/** A label that becomes a target: no "." and no "/", so that few results have such a name. */
function isSafeLabel(label) {
  return isSafeName(label) && !/[./]/.test(label);
}

// ---- names ----------------------------------------------------------------------------------------
//
// An entry is one line, or two if it is a target, and ends in the id of its run:
//
//   NAME: ID  <tab>@:         a result         #: NAME: ID  one whose name is no target
//   NAME: ID  <tab>@: link    a symbolic link  #l NAME: ID  the same of a link
//   NAME: ID  .PHONY: NAME    a label          #- NAME: ID  written or removed by ID, not its result now
//
// NAME is encoded text. The recipe keeps make from finding a rule of its own (GNU make would copy
// "x" to "x.out"). Entries are sorted by NAME, these kinds, ID: halving the text finds one.

const KINDS = ['result', 'link', 'label', 'gone'];
// type Entry = { name: ByteString; kind: (typeof KINDS)[number]; id: string };

function printEntry(entry) {
  const { name, kind, id } = entry;
  const line = name + ': ' + id + '\n';
  if (kind === 'gone') return '#- ' + line;
  if (kind === 'label') return line + '.PHONY: ' + name + '\n';
  if (!isSafeName(name)) return (kind === 'link' ? '#l ' : '#: ') + line;
  return line + (kind === 'link' ? '\t@: link\n' : '\t@:\n');
}

function compareEntries(a, b) {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return rankOf(a) - rankOf(b) || compareBytes(a.id, b.id);
}

/** A path has one owner, so a link and a file are of one rank. */
function rankOf(entry) {
  return entry.kind === 'link' ? 0 : KINDS.indexOf(entry.kind);
}

function entriesOf(live, isFile) {
  const { run } = live;
  const entries = live.owned.map((file) => ({ name: encodeText(file.path), kind: file.kind === 'l' ? 'link' : 'result', id: run.id }));
  const gone = live.lost.map((index) => run.outputs[index].path).concat(run.removed);
  for (const path of new Set(gone)) entries.push({ name: encodeText(path), kind: 'gone', id: run.id });
  if (run.label !== undefined && isSafeLabel(run.label) && !isFile(run.label)) entries.push({ name: run.label, kind: 'label', id: run.id });
  return entries;
}

// ---- runs -----------------------------------------------------------------------------------------

/** Text for a comment: make joins a line that ends in "\" with the next. */
function printComment(text) {
  if (text.length <= LONGEST_COMMENT) return '# ' + text + '\n';
  const cut = text.slice(0, LONGEST_COMMENT - 3);
  // Not within a character of UTF-8.
  return '# ' + cut.replace(/[\xc0-\xff][\x80-\xbf]*$/, '') + '...\n';
}

function printTitle(run) {
  const label = run.label === undefined ? '' : ' ' + encodeText(run.label);
  return printComment(run.id + label + (run.reason === undefined ? '' : ': ' + encodeText(run.reason)));
}

function printBlock(live) {
  const { run } = live;
  const stamp = STAMP + run.id;
  const before = live.producers.concat(live.after).map((id) => ' ' + STAMP + id).join('');
  return '\n' + printTitle(run) + printComment(encodeWithheld(run.command))
    + (live.after.length > 0 ? '# after: ' + live.after.join(' ') + '\n' : '')
    + stamp + ':' + before + '\n\t@sh ' + SCRIPT + ' run ' + run.id + live.lost.map((index) => ' ' + String(index + 1)).join('') + '\n'
    + run.id + ': rr-force' + LAST_LINE + run.id + LAST_END;
}

/** The Makefile of all live runs. */
function printMakefile(graph) {
  const files = new Set();
  for (const live of graph.runs) for (const file of live.owned) files.add(file.path);
  const entries = [];
  for (const live of graph.runs) entries.push(...entriesOf(live, (name) => files.has(name)));
  entries.sort(compareEntries);
  return HEAD + entries.map(printEntry).join('') + graph.runs.map(printBlock).join('');
}

// ---- one more run ---------------------------------------------------------------------------------
//
// The Makefile of n + 1 runs differs from that of n only in the names and the block of the new run
// and of the runs whose results it took over. So these are found in the text, nothing is parsed.
// Where more would change, addRunToMakefile gives up, and the caller prints all from the records.

// type Block = { id: string; start: number; end: number; text: ByteString; before: string[]; after: string[] };
/** What comes in the place of [start, end). Those of one place go by key, one without a key is last. */
// type Splice = { start: number; end: number; text: ByteString; key?: Entry };
/** blocksAt: where the names end and the blocks begin. */
// type Texts = { makefile: ByteString; sums: ByteString; blocksAt: number };
// type ReadRun = (id: string) => Run | undefined;

/** Thrown within this file: the change is not a small one. */
const TOO_MUCH = new Error('the Makefile must be made from all records');

function giveUp() {
  throw TOO_MUCH;
}

function readOr(readRun, id) {
  return readRun(id) ?? giveUp();
}

/** Start of the entry or line of a block that `at` lies in. */
function findLine(makefile, at) {
  const start = makefile.lastIndexOf('\n', at - 1) + 1;
  const isSecond = makefile.startsWith('\t@:', start) || makefile.startsWith('.PHONY: ', start);
  return isSecond ? makefile.lastIndexOf('\n', start - 2) + 1 : start;
}

function findBlocks(makefile) {
  let low = HEAD.length;
  let high = makefile.length;
  while (low < high) {
    const start = findLine(makefile, (low + high) >> 1);
    const line = makefile.slice(start, start + ID_LENGTH);
    if (/^(?:[\n\t]|# |\.rr\/)/.test(line) || ID_LIKE.test(line)) high = start;
    else low = readEntry(makefile, start).end;
  }
  return low;
}

function readEntry(makefile, start) {
  const lineEnd = makefile.indexOf('\n', start) + 1;
  const isNote = makefile[start] === '#';
  const name = makefile.slice(isNote ? start + 3 : start, lineEnd - 1 - ID_LENGTH - 2);
  const id = makefile.slice(lineEnd - 1 - ID_LENGTH, lineEnd - 1);
  if (isNote) {
    const mark = makefile[start + 1];
    return { entry: { name, id, kind: mark === '-' ? 'gone' : mark === 'l' ? 'link' : 'result' }, end: lineEnd };
  }
  const end = makefile.indexOf('\n', lineEnd) + 1;
  const second = makefile.slice(lineEnd, end);
  return { entry: { name, id, kind: second === '\t@:\n' ? 'result' : second === '\t@: link\n' ? 'link' : 'label' }, end };
}

/** The first entry that is not before `key`; start is end if it is not of the same name and rank. */
function findEntry(texts, key) {
  let low = HEAD.length;
  let high = texts.blocksAt;
  while (low < high) {
    const start = findLine(texts.makefile, (low + high) >> 1);
    const { entry, end } = readEntry(texts.makefile, start);
    if (compareEntries(entry, key) < 0) low = end;
    else high = start;
  }
  if (low === texts.blocksAt) return { start: low, end: low, entry: undefined };
  const { entry, end } = readEntry(texts.makefile, low);
  if (entry.name !== key.name || rankOf(entry) !== rankOf(key)) return { start: low, end: low, entry: undefined };
  return { start: low, end, entry };
}

/** The entry of a path's owner, of a label, or the first that says that a path is gone. */
function findFirst(texts, path, kind) {
  return findEntry(texts, { name: encodeText(path), kind, id: '' }).entry;
}

/** Start of the line that ends the block of `id`; gives up if it has none. */
function findBlockEnd(texts, id) {
  const { makefile } = texts;
  let low = texts.blocksAt;
  let high = makefile.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    // Blocks are sorted by id. One that begins before `middle` is found from its last line as well.
    const mark = makefile.indexOf(LAST_LINE, middle - LAST_LINE.length);
    const found = mark < 0 ? '~' : makefile.slice(mark + LAST_LINE.length, mark + LAST_LINE.length + ID_LENGTH);
    if (found === id) return mark;
    if (found < id) low = mark + LAST_LINE.length + 1;
    else high = middle;
  }
  return giveUp();
}

function readBlock(texts, id) {
  const { makefile } = texts;
  const mark = findBlockEnd(texts, id);
  const start = makefile.lastIndexOf('\n\n', mark) + 1;
  const end = mark + LAST_LINE.length + ID_LENGTH + LAST_END.length;
  const text = makefile.slice(start, end);
  const edges = new RegExp('^' + STAMP.replace(/\./g, '\\.') + id + ':(.*)$', 'm').exec(text);
  if (edges === null) return giveUp();
  const after = /^# after: (.*)$/m.exec(text);
  const before = edges[1].split(' ').filter((word) => word !== '').map((word) => word.slice(STAMP.length));
  return { id, start, end, text, before, after: after === null ? [] : after[1].split(' ') };
}

/** Blocks after `block` that name its stamp among their prerequisites. */
function findDependents(texts, block) {
  const { makefile } = texts;
  const found = [];
  const word = ' ' + STAMP + block.id;
  let at = makefile.indexOf(word, block.end);
  while (at >= 0) {
    if (found.length >= MOST_DEPENDENTS) giveUp();
    const start = makefile.lastIndexOf('\n', at) + 1 + STAMP.length;
    const dependent = readBlock(texts, makefile.slice(start, start + ID_LENGTH));
    found.push(dependent);
    at = makefile.indexOf(word, dependent.end);
  }
  return found;
}

/** The owner of an input's path, if it made the content that was read. */
function findProducer(texts, input, readRun) {
  const owner = findFirst(texts, input.path, 'result');
  if (owner === undefined || (owner.kind === 'link') !== (input.kind === 'l')) return undefined;
  if (owner.kind === 'result') return findChecksum(texts.sums, input.path).hash === input.hash ? owner.id : undefined;
  const made = readOr(readRun, owner.id).outputs.find((file) => file.path === input.path);
  return made !== undefined && isSameContent(made, input) ? owner.id : undefined;
}

/** Is nothing known of a path that has no owner? Otherwise a live run wrote it, or it is a label. */
function requireUnknown(texts, path) {
  if (findFirst(texts, path, 'gone') !== undefined || findFirst(texts, path, 'label') !== undefined) giveUp();
}

/** Paths among `results` that have an owner, by the owner's id. */
function mapOwners(texts, results) {
  const taken = new Map();
  for (const file of results) {
    const owner = findFirst(texts, file.path, 'result');
    if (owner === undefined) requireUnknown(texts, file.path);
    else taken.set(owner.id, (taken.get(owner.id) ?? []).concat(file.path));
  }
  return taken;
}

function putIn(texts, key) {
  const { start, end, entry } = findEntry(texts, key);
  const isSame = entry !== undefined && entry.id === key.id;
  return { start, end: isSame ? end : start, text: printEntry(key), key };
}

function takeOut(texts, key) {
  const { start, end, entry } = findEntry(texts, key);
  return { start, end: entry !== undefined && entry.id === key.id ? end : start, text: '', key };
}

/** The entry of a result that had another owner, or none. */
function putResult(texts, key) {
  const { start, end } = findEntry(texts, { ...key, id: '' });
  return { start, end, text: printEntry(key), key };
}

function applySplices(text, splices) {
  splices.sort((a, b) => a.start - b.start || (a.key === undefined ? 1 : b.key === undefined ? -1 : compareEntries(a.key, b.key)));
  let result = '';
  let from = 0;
  for (const splice of splices) {
    result += text.slice(from, splice.start) + splice.text;
    from = splice.end;
  }
  return result + text.slice(from);
}

/** What a new run does to one earlier owner, and the runs that the new one comes after because of it. */
// type Change = { block: Block; isGone: boolean; splices: Splice[]; after: string[] };

/** `taken`: paths that the new run took over from the run `id`. */
function takeOver(texts, id, taken, producers, readRun) {
  const block = readBlock(texts, id);
  const owner = readOr(readRun, id);
  const isTaken = new Set(taken);
  const dependents = findDependents(texts, block);
  const consumers = dependents.filter((dependent) => dependent.after.indexOf(id) < 0);
  const live = makeLiveRun(owner, (path) => !isTaken.has(path) && findFirst(texts, path, 'result')?.id === id,
    block.before.filter((before) => block.after.indexOf(before) < 0), block.after);
  if (live.owned.length === 0 && producers.indexOf(id) < 0 && consumers.length === 0) {
    if (dependents.length > 0 || block.after.length > 0) giveUp();
    requireNoTrace(texts, block, producers, isTaken, readRun);
    const names = entriesOf(live, () => false).map((entry) => takeOut(texts, entry));
    return { block, isGone: true, splices: [...names, { start: block.start, end: block.end, text: '' }], after: [] };
  }
  const readers = consumers.filter((consumer) => readOr(readRun, consumer.id).inputs.some((input) => isTaken.has(input.path)
    && owner.outputs.some((file) => file.path === input.path && isSameContent(file, input))));
  const lost = taken.map((path) => putIn(texts, { name: encodeText(path), kind: 'gone', id }));
  const splices = [...lost, { start: block.start, end: block.end, text: printBlock(live) }];
  return { block, isGone: false, splices, after: [id, ...readers.map((reader) => reader.id)] };
}

/** Gives up unless nothing but a run's own names and block go when it is live no more. */
function requireNoTrace(texts, block, producers, taken, readRun) {
  for (const path of taken) if (findFirst(texts, path, 'gone') !== undefined) giveUp();
  for (const id of block.before) {
    const isOwner = resultsOf(readOr(readRun, id)).some((file) => findFirst(texts, file.path, 'result')?.id === id);
    if (!isOwner && producers.indexOf(id) < 0) giveUp();
  }
}

function addLiveRun(texts, run, readRun) {
  const { makefile } = texts;
  if (texts.blocksAt < makefile.length && makefile.slice(-LAST_END.length - ID_LENGTH, -LAST_END.length) >= run.id) giveUp();
  const results = resultsOf(run);
  const found = run.inputs.map((input) => findProducer(texts, input, readRun));
  const producers = [...new Set(found.filter((id) => id !== undefined))].sort();
  const changes = [];
  for (const [id, paths] of mapOwners(texts, results)) changes.push(takeOver(texts, id, paths, producers, readRun));
  // What one change takes away may be what keeps another block as it is.
  if (changes.some((gone) => gone.isGone && changes.some((change) => gone.block.before.indexOf(change.block.id) >= 0))) giveUp();
  const after = new Set();
  for (const change of changes) for (const id of change.after) if (producers.indexOf(id) < 0) after.add(id);
  const live = makeLiveRun(run, () => true, producers, [...after].sort());
  const own = new Set(results.map((file) => file.path));
  const entries = entriesOf(live, (name) => own.has(name) || findFirst(texts, name, 'result') !== undefined);
  const names = entries.map((entry) => (entry.kind === 'result' || entry.kind === 'link' ? putResult : putIn)(texts, entry));
  const splices = changes.reduce((all, change) => all.concat(change.splices), names);
  return applySplices(makefile, splices) + printBlock(live);
}

/** Does the run leave no path without owner that had one? */
function keepsOwners(texts, run) {
  const replaced = run.status === 'succeeded' ? run.outputs.filter((file) => !isResult(file)).map((file) => file.path) : [];
  return run.removed.concat(replaced).every((path) => findFirst(texts, path, 'result') === undefined);
}

/**
 * Makefile and SHA256SUMS of the same records and one more, byte for byte as printMakefile and
 * printChecksums give them. undefined if they must be made from all records: the run is not the
 * newest, removed a result, or changed more than a few blocks. A run of a smaller id than a failed
 * run that removed one of its results is not noticed: the texts do not tell of such a run.
 */
function addRunToMakefile(
  makefile, sums, run, readRun,
) {
  if (!makefile.startsWith(HEAD)) return undefined;
  const texts = { makefile, sums, blocksAt: findBlocks(makefile) };
  try {
    if (!keepsOwners(texts, run)) return undefined;
    const results = resultsOf(run);
    if (results.length === 0) return { makefile, sums };
    if (new Set(results.map((file) => file.path)).size < results.length) return undefined;
    if (run.removed.some((path) => findFirst(texts, path, 'gone') !== undefined)) return undefined;
    return { makefile: addLiveRun(texts, run, readRun), sums: putChecksums(sums, results) };
  } catch (error) {
    if (error !== TOO_MUCH) throw error;
    return undefined;
  }
}

// ==== src/views/rerunscript.ts ===================================================================
// rerunscript.ts - provenance/rerun.sh as a text. Made from src/rerun.sh by make.

/** The whole file: static, the same in every project. */
const RERUN_SCRIPT = `#!/bin/sh
# rerun.sh - repeats and checks the runs that provenance/runs tells of.
# The same file in every project.  Needs a POSIX shell, awk, sed, find, xargs
# and a program for SHA-256.  provenance/Makefile calls it; docs: README.txt.
#
# usage: sh provenance/rerun.sh verify           compare all results and inputs
#        sh provenance/rerun.sh all MAKE         make what is missing, check all
#        sh provenance/rerun.sh make ID MAKE     the same for one run
#        sh provenance/rerun.sh run ID [N...]    repeat one run; its outputs
#                                                number N are results no more
#        sh provenance/rerun.sh reproduce MAKE   make all again in a copy
#        sh provenance/rerun.sh clean            remove that copy
#        sh provenance/rerun.sh help
#
# Names of files are bytes and stand percent-encoded wherever they are text:
# rr_enc holds an encoded name, rr_path the name itself.

set -u
LC_ALL=C
export LC_ALL
IFS=' 	
'
unset CDPATH

rr_made=.rr/made
# Variables that change results.  Those that a record does not give were unset.
rr_variables='${REPLAYED_VARIABLES.join(' ')}'

rr_say() {
	printf 'rr: %s\\n' "$*" | rr_harmless >&2
}

# Control bytes of a stranger's record do not reach the terminal.
rr_harmless() {
	tr '\\001-\\010\\013-\\037\\177' '[?*]'
}

rr_die() {
	rr_say "$@"
	exit 1
}

# rr_trap FUNCTION: calls it on every way out, once.  make may send a signal that
# the terminal sent already: a second one is ignored.
rr_trap() {
	# shellcheck disable=SC2064  # the function is named now
	trap "$1" EXIT
	trap 'trap "" HUP INT TERM; exit 129' HUP
	trap 'trap "" HUP INT TERM; exit 130' INT
	trap 'trap "" HUP INT TERM; exit 143' TERM
}

# ---- text -------------------------------------------------------------------

# Shells that hold text of their locale instead of bytes (yash) lose others.
rr_require_bytes() {
	rr_probe=$(printf '\\377.')
	case $rr_probe in
	?.) [ "\${#rr_probe}" -eq 2 ] && return 0 ;;
	esac
	rr_die "cannot go on: a name or command holds bytes that this shell cannot; put another sh first in PATH (dash, bash, busybox)"
}

# %XX as octal escapes for printf %b, in lines that any printf takes.
# shellcheck disable=SC2016  # this is a program of awk
rr_octal_program='
BEGIN { hex = "0123456789ABCDEF" }
function put(piece) { out = out piece; if (length(out) > 1000) flush() }
function flush() { if (out != "") print out; out = "" }
function put_text(text,  n, i, j, piece) {
	n = split(text, piece, /\\\\/)
	for (i = 1; i <= n; i++) {
		if (i > 1) put("\\\\0134")
		for (j = 1; j <= length(piece[i]); j += 1000) put(substr(piece[i], j, 1000))
	}
}
{
	count = split($0, part, "%")
	for (k = 1; k <= count; k++) {
		high = index(hex, toupper(substr(part[k], 1, 1))) - 1
		low = index(hex, toupper(substr(part[k], 2, 1))) - 1
		if (k == 1) put_text(part[k])
		else if (length(part[k]) < 2 || high < 0 || low < 0) put_text("%" part[k])
		else {
			code = high * 16 + low
			put(sprintf("\\\\0%d%d%d", int(code / 64), int(code / 8) % 8, code % 8))
			put_text(substr(part[k], 3))
		}
	}
	flush()
}'

# rr_decode ENCODED: sets rr_path.
rr_decode() {
	rr_path=$1
	case $1 in
	*%*) ;;
	*[!\\ -~]*) rr_require_bytes; return ;;
	*) return ;;
	esac
	case $1 in
	*%[89A-Fa-f]* | *[!\\ -~]*) rr_require_bytes ;;
	esac
	rr_path=$(
		awk "$rr_octal_program" <<RR_END | while IFS= read -r rr_piece; do printf '%b' "$rr_piece"; done
$1
RR_END
		printf .
	)
	rr_path=\${rr_path%.}
}

# Does the encoded text hold a byte 0, which no name can?
rr_has_nul() {
	case $1 in
	*%00*) return 0 ;;
	esac
	return 1
}

# rr_is_inside PATH: by its text, is it in the project, and nothing of rr or git?
rr_is_inside() {
	case /$1/ in
	// | //* | */../* | /./*) return 1 ;;
	/.rr/* | /.git/* | /provenance/*) return 1 ;;
	esac
	return 0
}

rr_is_id() {
	case $1 in
	[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z-[a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7]) return 0 ;;
	esac
	return 1
}

# ---- content ----------------------------------------------------------------

rr_find_tool() {
	for rr_tool in 'sha256sum' 'shasum -a 256' 'sha256 -q' 'openssl dgst -sha256 -r' 'cksum -a sha256' 'busybox sha256sum'; do
		if command -v "\${rr_tool%% *}" >/dev/null 2>&1; then
			rr_hash_stdin </dev/null 2>/dev/null
			[ "$rr_hash" = e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ] && return 0
		fi
	done
	rr_die 'cannot compute SHA-256: none of sha256sum, shasum, sha256, openssl, cksum is here'
}

# Sets rr_hash; a string that is no hash if the file cannot be read.
rr_hash_stdin() {
	rr_hash=$($rr_tool)
	rr_hash=\${rr_hash##*= }
	rr_hash=\${rr_hash%% *}
}

# rr_locate PATH: sets rr_file, the same for programs that take options.
rr_locate() {
	case $1 in
	-*) rr_file=./$1 ;;
	*) rr_file=$1 ;;
	esac
}

# Sets rr_target, the text of the link rr_file.
rr_read_link() {
	if command -v readlink >/dev/null 2>&1; then
		rr_target=$(readlink "$rr_file"; printf .)
		rr_target=\${rr_target%.}
	else
		# shellcheck disable=SC2012  # POSIX has nothing else that shows it
		rr_target=$(ls -ld "$rr_file"; printf .)
		rr_target=\${rr_target%.}
		rr_target=\${rr_target#*"$rr_file -> "}
	fi
	rr_target=\${rr_target%
}
}

# rr_look_at ENCODED [later]: sets rr_kind: f file, x executable file, l link, u
# unreadable, o anything else, - nothing there; and rr_hash ("?": to be
# computed with many others, if "later" is given).
rr_look_at() {
	rr_hash=-
	if rr_has_nul "$1"; then rr_kind=-; return; fi
	rr_decode "$1"
	rr_locate "$rr_path"
	if [ -h "$rr_file" ]; then
		rr_kind=l
		rr_read_link
		rr_hash=$(printf %s "$rr_target" | { rr_hash_stdin; printf %s "$rr_hash"; })
	elif [ -f "$rr_file" ]; then
		if [ -x "$rr_file" ]; then rr_kind=x; else rr_kind=f; fi
		if [ ! -r "$rr_file" ]; then rr_kind=u
		elif [ "\${2-}" = later ] && [ "$rr_path" = "$1" ]; then rr_hash='?'
		else rr_hash_stdin <"$rr_file"
		fi
	elif [ -e "$rr_file" ]; then rr_kind=o
	else rr_kind=-
	fi
}

# Encoded names, a line each, to "KIND HASH NAME" lines.
rr_look_each() {
	while IFS= read -r rr_enc; do
		[ -n "$rr_enc" ] || continue
		rr_look_at "$rr_enc" "$1"
		case $rr_enc in
		# Where printf is no builtin it would be a process for each name.
		*\\\\*) printf '%s\\n' "$rr_kind $rr_hash $rr_enc" ;;
		*) echo "$rr_kind $rr_hash $rr_enc" ;;
		esac
	done
}

# The same with one process of the SHA-256 program for many files.  Hashes are
# taken in order, not by name, for programs differ in how they write odd names.
rr_look() {
	rr_names=$(cat)
	rr_seen=$(rr_look_each later <<RR_END
$rr_names
RR_END
	)
	# shellcheck disable=SC2086  # the tool is several words
	{
		case $rr_seen in
		*' ? '*)
			awk '$2 == "?" {
				name = substr($0, 5)
				if (name ~ /[^A-Za-z0-9._\\/]/) {
					# gsub would do, were "&" the same to every awk.
					quoted = ""
					for (i = 1; i <= length(name); i++) {
						letter = substr(name, i, 1)
						quoted = quoted (letter ~ /[A-Za-z0-9._\\/]/ ? "" : "\\\\") letter
					}
					name = quoted
				}
				print (name ~ /^\\// ? "" : "./") name
			}' <<RR_END | xargs $rr_tool | sed -n -e 's/^\\\\\\{0,1\\}\\([0-9a-f]\\{64\\}\\)[ *].*/\\1/p' -e t -e 's/.*\\([0-9a-f]\\{64\\}\\)$/\\1/p'
$rr_seen
RR_END
			;;
		esac
		printf '=\\n'
		cat <<RR_END
$rr_seen
RR_END
	} | awk '
		!split_seen && $0 == "=" { split_seen = 1; next }
		!split_seen { hash[++hashes] = $0; next }
		$0 == "" { next }
		{ line[++n] = $0; if ($2 == "?") wanted++ }
		END {
			if (wanted + 0 != hashes + 0) exit 1
			for (i = 1; i <= n; i++) {
				if (substr(line[i], 3, 2) == "? ") line[i] = substr(line[i], 1, 2) hash[++used] substr(line[i], 4)
				print line[i]
			}
		}' && return
	# A file came, went, or could not be read: one by one.
	rr_look_each now <<RR_END
$rr_names
RR_END
}

# ---- records ----------------------------------------------------------------

# rr_record_path ID: sets rr_record.
rr_record_path() {
	rr_rest=\${1#????}
	rr_record=provenance/runs/\${1%"$rr_rest"}-\${rr_rest%"\${rr_rest#??}"}/$1.rec
}

rr_records_found() {
	find provenance/runs -type f -name '*.rec' 2>/dev/null |
		sed -n '/^provenance\\/runs\\/[0-9]\\{4\\}-[0-9]\\{2\\}\\/[0-9]\\{8\\}T[0-9]\\{6\\}Z-[a-z2-7]\\{6\\}\\.rec$/p' | sort
}

# Every record's lines, in the order of ids, each after "@ID".
rr_records() {
	rr_records_found |
		xargs awk '
			FNR == 1 { name = FILENAME; sub(/.*\\//, "", name); sub(/\\.rec$/, "", name); print "@" name }
			/^(Id|Status|Input|Output|Removed|Sha256): / { print }' /dev/null
}

# Of rr_records, the live runs (docs/makefile.txt, 1):
#   R ID SUM                  a live run
#   O ID HASH KIND NAME       its result         L ID NAME   its output, no result any more
#   I ID HASH KIND PRODUCER|- NAME    its input
# shellcheck disable=SC2016
rr_graph_program='
function kind_of(word) { gsub(/[0-9]/, "", word); return word == "" ? "f" : word }
function name_of() { return substr($0, length($1) + length($2) + length($3) + 5) }
function inside(name) {
	name = "/" name "/"
	return !(name ~ /^\\/\\// || name ~ /\\/\\.\\.\\// || name ~ /^\\/\\.\\// || name ~ /^\\/(\\.rr|\\.git|provenance)\\// || name ~ /%00/)
}
function finish(  i, name, o) {
	if (id == "" || sum == "" || id != file) { id = ""; return }
	n++
	ids[n] = id; sums[n] = sum; ins[n] = ni; outs[n] = no
	for (i = 1; i <= ni; i++) {
		name = in_name[i]; o = owner[name]
		if (o != "" && hash[name] == in_hash[i] && (kind[name] == "l") == (in_kind[i] == "l")) from[n, i] = o
		input[n, i] = in_hash[i] " " in_kind[i]
		input_name[n, i] = name
	}
	for (i = 1; i <= nr; i++) delete owner[gone[i]]
	if (status == "succeeded") for (i = 1; i <= no; i++) {
		name = out_name[i]
		if ((out_kind[i] == "f" || out_kind[i] == "x" || out_kind[i] == "l") && length(out_hash[i]) == 64 && inside(name)) {
			owner[name] = n; hash[name] = out_hash[i]; kind[name] = out_kind[i]
			output[n, i] = out_hash[i] " " out_kind[i]; output_name[n, i] = name
		} else delete owner[name]
	}
	id = ""
}
/^@/ { finish(); file = substr($0, 2); id = sum = status = ""; ni = no = nr = 0; next }
$1 == "Id:" { id = $2 }
$1 == "Status:" { status = $2 }
$1 == "Input:" { ni++; in_hash[ni] = $2; in_kind[ni] = kind_of($3); in_name[ni] = name_of() }
$1 == "Output:" { no++; out_hash[no] = $2; out_kind[no] = kind_of($3); out_name[no] = name_of() }
$1 == "Removed:" { gone[++nr] = substr($0, 10) }
$1 == "Sha256:" { sum = $2 }
END {
	finish()
	for (name in owner) if (owner[name] != "") live[owner[name]] = 1
	for (r = n; r > 0; r--) if (live[r]) for (i = 1; i <= ins[r]; i++) if ((r, i) in from) live[from[r, i]] = 1
	for (r = 1; r <= n; r++) if (live[r]) {
		print "R " ids[r] " " sums[r]
		for (i = 1; i <= outs[r]; i++) if ((r, i) in output) {
			name = output_name[r, i]
			if (owner[name] == r) print "O " ids[r] " " output[r, i] " " name
			else print "L " ids[r] " " name
		}
		for (i = 1; i <= ins[r]; i++)
			print "I " ids[r] " " input[r, i] " " ((r, i) in from ? ids[from[r, i]] : "-") " " input_name[r, i]
	}
}'

rr_graph() {
	rr_records | awk "$rr_graph_program"
}

# Fields of one record for a shell: a letter, words, an encoded text.
# shellcheck disable=SC2016
rr_items_program='
function kind_of(word) { gsub(/[0-9]/, "", word); return word == "" ? "f" : word }
function rest(skip) { return substr($0, skip) }
$1 == "Output:" {
	n++; name = substr($0, length($2) + length($3) + 12); k = kind_of($3)
	if (name == "") name = "%00"
	# A stream that went to a file outside is no result, and is not kept again.
	if (name ~ /^\\// && name in outside) next
	if (k == "d") print "D " name
	else if ((k == "f" || k == "x" || k == "l") && length($2) == 64) print "O " n " " $2 " " k " " name
}
$1 == "Input:" {
	name = substr($0, length($2) + length($3) + 11); k = kind_of($3)
	if (k == "f" || k == "x" || k == "l") print "I " $2 " " k " " name
}
$1 == "Command:" { print "C " rest(10) }
$1 == "Directory:" { print "W " rest(12) }
$1 == "Redirect:" { print "R " rest(11); outside[substr($0, length($2) + length($3) + 13)] = 1 }
$1 == "Variable:" { print "V " rest(11) }
$1 == "Variable_hash:" { print "H " $2 }
$1 == "Status:" { print "S " $2 }'


# What there is to do, of "KIND HASH NAME" lines, a line "=", and rr_graph:
#   todo ID          a run to be repeated
#   own ID           of those, only results that are still its own are needed
#   input ID NAME    a raw input that is not as recorded
#   result WORD NAME a result that is missing, different, unreadable
#   sum ...          counts
# With stamps=FOLDER it writes the stamps of the runs that need not be repeated.
# shellcheck disable=SC2016
rr_plan_program='
function rest(count,  text) { text = $0; while (count-- > 0) sub(/^[^ ]* /, "", text); return text }
function judge(want, name) {
	if (kind[name] == "-" || kind[name] == "") return "missing"
	if (kind[name] == "u") return "unreadable"
	return kind[name] " " hash[name] == want ? "good" : "different"
}
function is_read(want_hash, want_kind, name) {
	return want_hash == "?" || (hash[name] == want_hash && (kind[name] == "l") == (want_kind == "l"))
}
function write_stamp(id, sum,  file, old) {
	file = stamps "/" id
	if ((getline old < file) > 0 && old == sum) { close(file); return }
	close(file)
	print sum > file
	close(file)
}
$0 == "=" { in_graph = 1; next }
$0 == "" { next }
!in_graph { name = rest(2); kind[name] = $1; hash[name] = $2; next }
$1 == "R" { n++; id[n] = $2; sum[n] = $3; number[$2] = n; ins[n] = 0; lost[n] = 0 }
$1 == "L" { lost[n]++ }
$1 == "O" {
	name = rest(4); word = judge($4 " " $3, name); results++; owned[name] = 1
	if (word != "good") { print "result " word " " name; todo[n] = 1 }
	count[word]++
}
$1 == "I" {
	name = rest(5); i = ++ins[n]
	want_hash[n, i] = $3; want_kind[n, i] = $4; from[n, i] = $5; read_name[n, i] = name
}
END {
	for (r = n; r > 0; r--) if (r in todo) for (i = 1; i <= ins[r]; i++) {
		made = number[from[r, i]]
		if (made != "" && !is_read(want_hash[r, i], want_kind[r, i], read_name[r, i])) { todo[made] = 1; asked[made] = 1 }
	}
	for (r = 1; r <= n; r++) {
		for (i = 1; i <= ins[r]; i++) if (from[r, i] == "-") {
			name = read_name[r, i]
			if (name in owned || name in told || kind[name] == "" || kind[name] == "-") continue
			told[name] = 1; inputs++
			if (!is_read(want_hash[r, i], want_kind[r, i], name)) { print "input " id[r] " " name; changed++ }
		}
		if (r in todo) { print "todo " id[r]; if (lost[r] > 0 && !(r in asked)) print "own " id[r] }
		else if (stamps != "") write_stamp(id[r], sum[r])
	}
	print "sum " results + 0 " " count["good"] + 0 " " count["different"] + 0 " " count["missing"] + 0 " " count["unreadable"] + 0 " " inputs + 0 " " changed + 0
}'

# rr_plan STAMPS: sets rr_plan from rr_graphed.
rr_make_plan() {
	rr_states=$(awk '
		$1 == "O" || $1 == "I" {
			count = $1 == "O" ? 4 : 5
			name = $0
			while (count-- > 0) sub(/^[^ ]* /, "", name)
			if (!(name in seen) && name != "") { seen[name] = 1; print name }
		}' <<RR_END | rr_look
$rr_graphed
RR_END
	)
	rr_plan=$(awk -v stamps="$1" "$rr_plan_program" <<RR_END
$rr_states
=
$rr_graphed
RR_END
	) || exit 1
}

# Are the records all there, and whole?  Says which are not.
rr_check_graph() {
	rr_lacking=$({
		rr_records_found | sed 's/.*\\///; s/\\.rec$//' | sed 's/^/F /'
		rr_records | awk '/^@/ { id = substr($0, 2) } /^Sha256: [0-9a-f]+$/ { print "G " id }'
		sed -n 's/^\\.rr\\/made\\/\\([0-9TZ]*-[a-z2-7]*\\):.*/F \\1/p' provenance/Makefile
	} | awk '$1 == "F" { asked[$2] = 1 } $1 == "G" { good[$2] = 1 } END { for (id in asked) if (!(id in good)) print id }' | sort)
	[ -n "$rr_lacking" ] || return 0
	for rr_word in $rr_lacking; do rr_say "the record of run $rr_word is not there, or was cut"; done
	return 1
}

# Is rr_record as its Sha256 line says?  Sets rr_sum to what that says.
rr_holds_seal() {
	rr_sum=$(sed -n '$s/^Sha256: \\([0-9a-f]\\{64\\}\\)$/\\1/p' "$rr_record")
	rr_hash=$(sed '$d' "$rr_record" | { rr_hash_stdin; echo "$rr_hash"; })
	[ "$rr_hash" = "$rr_sum" ]
}

# Does each record that matters hold the hash it ends in?
rr_check_seals() {
	rr_broken=0
	while IFS=' ' read -r rr_word rr_first rr_enc; do
		[ "$rr_word" = R ] || continue
		rr_record_path "$rr_first"
		rr_holds_seal && continue
		rr_say "the record $rr_record was changed after it was written"
		rr_broken=1
	done <<RR_END
$rr_graphed
RR_END
	return "$rr_broken"
}

# Sums of rr_plan in words; fails unless all is as recorded.
rr_report_plan() {
	while IFS=' ' read -r rr_word rr_first rr_enc; do
		case $rr_word in
		result) printf '%-10s  %s\\n' "$rr_first" "$rr_enc" ;;
		input) printf '%-10s  %s\\n' 'input' "$rr_enc is not as run $rr_first read it" ;;
		sum)
			# shellcheck disable=SC2086  # several numbers
			set -- $rr_first $rr_enc
			printf 'rr: %s results: %s as recorded, %s different, %s missing, %s unreadable\\n' "$1" "$2" "$3" "$4" "$5"
			[ "$6" -eq 0 ] || printf 'rr: %s inputs are here: %s as recorded, %s different\\n' "$6" "$(($6 - $7))" "$7"
			[ "$1" -eq "$2" ] && [ "$7" -eq 0 ]
			return
			;;
		esac
	done <<RR_END
$rr_plan
RR_END
	return 1
}

rr_verify() {
	rr_graphed=$(rr_graph)
	rr_make_plan ''
	rr_verified=0
	rr_check_graph || rr_verified=1
	rr_check_seals || rr_verified=1
	rr_report=$(rr_report_plan) || rr_verified=1
	printf '%s\\n' "$rr_report" | rr_harmless
	return "$rr_verified"
}

# ---- make -------------------------------------------------------------------

# Was make asked only to tell what it would do?
rr_is_dry() {
	rr_first=yes
	for rr_word in \${MAKEFLAGS-}; do
		case $rr_word in
		--) break ;;
		-n) return 0 ;;
		-* | *=*) ;;
		*n*) [ "$rr_first" = yes ] && return 0 ;;
		esac
		rr_first=no
	done
	return 1
}

rr_own_folder() {
	if [ -h .rr ] || [ -h "$rr_made" ]; then rr_die 'cannot go on: .rr is a link, and must be a folder of this project'; fi
	if ! mkdir -p "$rr_made" 2>/dev/null || [ ! -w "$rr_made" ] || [ ! -w .rr ]; then
		rr_die 'cannot write in .rr: to look without writing, run "make verify"'
	fi
	[ -e .rr/.gitignore ] || printf '*\\n' >.rr/.gitignore
}

# rr_keep_closure ID: keeps of rr_graphed what make looks at for ID.
rr_keep_closure() {
	rr_wanted=$(sed -n 's/^\\.rr\\/made\\/\\([0-9TZ]*-[a-z2-7]*\\):/\\1/p' provenance/Makefile | awk -v goal="$1" '
		{ gsub(/\\.rr\\/made\\//, ""); n++; id[n] = $1; line[n] = $0 }
		END {
			want[goal] = 1
			for (i = n; i > 0; i--) if (id[i] in want) {
				print "W " id[i]
				m = split(line[i], word, " ")
				for (j = 2; j <= m; j++) want[word[j]] = 1
			}
		}')
	rr_graphed=$(awk '$1 == "W" { want[$2] = 1; next } $2 in want' <<RR_END
$rr_wanted
$rr_graphed
RR_END
	)
}

# Runs, "todo ID" lines of standard input, as a target rr-todo for make.  A line
# of the Makefile for each would cost GNU make time in the square of their number.
rr_print_todo() {
	awk '
		BEGIN { printf "%s", ".PHONY: rr-todo\\nrr-todo:" }
		$1 == "todo" || $1 == "R" { printf " .rr/made/%s", $2 }
		END { print "" }'
}

# rr_bring ID|"" MAKE...: makes what is missing.  Commands run only in a copy of
# the project, from which what is missing is taken: whatever goes wrong, nothing
# that is here is touched.
rr_bring() {
	rr_goal=$1
	shift
	rr_is_dry && return 0
	rr_own_folder
	if [ ! -f .rr/copy ]; then
		rr_copy=
		rr_trap rr_end_bring
		rr_lock .rr/made/make.lock
	fi
	rr_graphed=$(rr_graph)
	rr_status=0
	rr_check_graph || rr_status=1
	if [ -n "$rr_goal" ]; then
		case "
$rr_graphed" in
		*"
R $rr_goal "*) ;;
		*) rr_die "run $rr_goal is not repeated: no result here is its own, or needs it" ;;
		esac
		rr_keep_closure "$rr_goal"
	fi
	rr_make_plan "$rr_made"
	rr_todo=0
	rr_missing=
	rr_altered=
	while IFS=' ' read -r rr_word rr_first rr_enc; do
		case $rr_word in
		input)
			rr_say "input $rr_enc is not as run $rr_first read it"
			rr_status=1
			;;
		result)
			# Content that some run left or read there may be replaced by what comes after it.
			if [ "$rr_first" = different ] && rr_look_at "$rr_enc" && rr_is_known "$rr_hash" "$rr_enc"; then rr_first=missing; fi
			if [ "$rr_first" = missing ]; then
				rr_missing="$rr_missing$rr_enc
"
			elif [ ! -f .rr/copy ]; then
				rr_say "$rr_enc is $rr_first; nothing is overwritten: move it away to have it made again, or put it back as it was"
				rr_status=1
				rr_altered="$rr_altered$rr_enc
"
			fi
			;;
		todo)
			rr_todo=$((rr_todo + 1))
			rm -f "$rr_made/$rr_first" "$rr_made/$rr_first.own"
			;;
		own) [ ! -f .rr/copy ] || : >"$rr_made/$rr_first.own" ;;
		esac
	done <<RR_END
$rr_plan
RR_END
	if [ "$rr_todo" -gt 0 ] && [ -f .rr/copy ]; then
		rr_bring_here "$@" || rr_status=1
	elif [ "$rr_todo" -gt 0 ]; then
		[ -z "$rr_missing" ] || rr_bring_by_copy "$@" || rr_status=1
	elif [ "$rr_status" -eq 0 ] && [ -z "$rr_goal" ]; then
		rr_report_plan
	fi
	return "$rr_status"
}

# In a copy: repeats what is to be repeated.
rr_bring_here() {
	rr_todo_file=$rr_made/todo.$$
	rr_trap rr_end_make
	rr_print_todo >"$rr_todo_file" <<RR_END
$rr_plan
RR_END
	# Without MAKELEVEL GNU make does not tell which folder it is in.
	(unset MAKELEVEL; "$@" -r -f provenance/Makefile -f "$rr_todo_file" rr-todo)
}

rr_end_make() {
	rm -f "$rr_todo_file"
	rr_put_all_back
}

rr_end_bring() {
	[ -z "$rr_copy" ] || rm -rf "$rr_copy"
	[ -z "\${rr_locked-}" ] || rm -rf "$rr_lock_dir"
}

rr_bring_by_copy() {
	rr_copy=.rr/build/$(uname -n)-$$
	mkdir -p .rr/build || exit 1
	for rr_file in .rr/build/"$(uname -n)"-*; do
		kill -s 0 "\${rr_file##*-}" 2>/dev/null || rm -rf "$rr_file"
	done
	rr_copy_project
	# What was altered here is not taken from there, and must not stand in the way.
	printf %s "$rr_altered" | (cd "$rr_copy" && rr_remove_outputs)
	if [ -z "$rr_goal" ]; then set -- all "$@"; else set -- make "$rr_goal" "$@"; fi
	(cd "$rr_copy" && sh provenance/rerun.sh "$@") >&2
	rr_copied=$?
	# What was made otherwise can be looked at.
	for rr_file in "$rr_copy"/.rr/different/*; do
		[ -d "$rr_file" ] || continue
		mkdir -p .rr/different
		rm -rf ".rr/different/\${rr_file##*/}" && mv "$rr_file" .rr/different/
	done
	rr_take_missing || rr_copied=1
	rr_make_plan "$rr_made"
	return "$rr_copied"
}

# Takes the results that are missing here from the copy, if they are as recorded
# there.  Each appears whole, and only where nothing is or what a run left.
rr_take_missing() {
	rr_wanted=$(awk '$1 == "O" { want = $4 " " $3; for (i = 0; i < 4; i++) sub(/^[^ ]* /, ""); print want " " $0 }' <<RR_END
$rr_graphed
RR_END
	)
	rr_taken=0
	while IFS= read -r rr_enc; do
		[ -n "$rr_enc" ] || continue
		rr_decode "$rr_enc"
		rr_locate "$rr_path"
		rr_target=$rr_file
		rr_look_at "$rr_enc"
		[ "$rr_kind" = - ] || rr_is_known "$rr_hash" "$rr_enc" || continue
		rr_found=$(cd "$rr_copy" && rr_look_at "$rr_enc" && printf '%s %s' "$rr_kind" "$rr_hash")
		case "
$rr_wanted
" in
		*"
$rr_found $rr_enc
"*) ;;
		*) rr_taken=1; continue ;;
		esac
		case $rr_target in
		*/*) mkdir -p "\${rr_target%/*}" || return 1 ;;
		esac
		rm -f "$rr_made/taken.$$"
		cp -pP "$rr_copy/$rr_target" "$rr_made/taken.$$" && mv -f "$rr_made/taken.$$" "$rr_target" || return 1
	done <<RR_END
$rr_missing
RR_END
	return "$rr_taken"
}

# Results that runs moved out of the way and nobody put back.
rr_put_all_back() {
	[ -d .rr/aside ] || return 0
	while IFS=' ' read -r rr_word rr_first rr_want rr_want_kind rr_enc; do
		[ "$rr_word" = O ] || continue
		[ -f ".rr/aside/$rr_want" ] || continue
		rr_look_at "$rr_enc"
		if [ "$rr_hash" != "$rr_want" ]; then
			rr_is_known "$rr_hash" "$rr_enc" || [ "$rr_kind" = - ] || continue
			rm -f "$rr_file" && mv -f ".rr/aside/$rr_want" "$rr_file"
		else
			rm -f ".rr/aside/$rr_want"
		fi
	done <<RR_END
$rr_graphed
RR_END
	rmdir .rr/aside 2>/dev/null || :
}

# rr_is_known HASH ENCODED: did some run leave this content under this name?
rr_is_known() {
	rr_records | RR_HASH=$1 RR_NAME=$2 awk '
		BEGIN { hash = ENVIRON["RR_HASH"]; name = ENVIRON["RR_NAME"] }
		($1 == "Output:" || $1 == "Input:") && $2 == hash && substr($0, length($1) + length($2) + length($3) + 5) == name { found = 1 }
		END { exit !found }'
}

# ---- one run ----------------------------------------------------------------

# What becomes of a run is told to reproduce by a note beside its stamp.
rr_note() {
	[ -z "$rr_reproducing" ] || printf '%s\\n' "$*" >"$rr_made/$rr_id.note"
}

# rr_give_up REASON: the run is not repeated.
rr_give_up() {
	rr_note "not run because $*"
	rr_die "run $rr_id is not repeated: $*"
}

rr_check_record() {
	[ -f "$rr_record" ] || rr_give_up "it has no record $rr_record"
	rr_holds_seal || rr_give_up "its record $rr_record was changed or cut after it was written"
}

# rr_lock FOLDER: two makes at once do not run one command twice; the second
# waits, then finds the results.  To go on without the lock would harm nothing, so
# a holder that cannot be asked is waited for no longer than some seconds.
rr_lock() {
	rr_lock_dir=$1
	rr_waited=0
	until mkdir "$rr_lock_dir" 2>/dev/null; do
		rr_holder=$(cat "$rr_lock_dir/process" 2>/dev/null)
		case $rr_holder in
		"$(uname -n) "[0-9]*)
			if ! kill -s 0 "\${rr_holder##* }" 2>/dev/null; then
				# Of all who see this only one can rename it.
				mv "$rr_lock_dir" "$rr_lock_dir.$$" 2>/dev/null && rm -rf "$rr_lock_dir.$$"
				continue
			fi
			[ "$rr_waited" -ne 3 ] || rr_say "waiting for another make (process \${rr_holder##* }); if there is none, remove $rr_lock_dir"
			;;
		*) [ "$rr_waited" -lt 5 ] || return 0 ;;
		esac
		rr_waited=$((rr_waited + 1))
		sleep 1
	done
	rr_locked=yes
	echo "$(uname -n) $$" >"$rr_lock_dir/process"
}

# What must be done on every way out, also by a signal.
rr_clean_up() {
	if [ -n "\${rr_moved-}" ]; then rr_put_back; fi
	if [ -n "\${rr_locked-}" ]; then rm -rf "$rr_lock_dir"; fi
}

rr_is_lost() {
	case $rr_lost in
	*" $1 "*) return 0 ;;
	esac
	return 1
}

rr_has_stamp() {
	[ -s "$rr_made/$rr_id" ] && [ "$(cat "$rr_made/$rr_id")" = "$rr_sum" ]
}

rr_stamp() {
	printf '%s\\n' "$rr_sum" >"$rr_made/$rr_id.new" && mv -f "$rr_made/$rr_id.new" "$rr_made/$rr_id"
	rm -f "$rr_made/$rr_id.own"
}

# rr_count_results: sets rr_good, rr_bad, and rr_elsewhere: how many of the bad
# another run has moved out of the way.  With "back" these come back.
rr_count_results() {
	rr_good=0
	rr_bad=0
	rr_elsewhere=0
	while IFS=' ' read -r rr_word rr_n rr_want rr_want_kind rr_enc; do
		[ "$rr_word" = O ] || continue
		if rr_is_lost "$rr_n"; then continue; fi
		rr_look_at "$rr_enc"
		if [ "$rr_kind $rr_hash" = "$rr_want_kind $rr_want" ]; then
			rr_good=$((rr_good + 1))
			continue
		fi
		rr_bad=$((rr_bad + 1))
		[ -f ".rr/aside/$rr_want" ] || continue
		if [ "$rr_kind" = - ] || rr_is_known "$rr_hash" "$rr_enc"; then
			rr_elsewhere=$((rr_elsewhere + 1))
			[ "\${1-}" != back ] || { rm -f "$rr_file" && cp -p ".rr/aside/$rr_want" "$rr_file"; }
		fi
	done <<RR_END
$rr_items
RR_END
}

# Are all its results there, maybe after some came back?
rr_is_done() {
	rr_count_results
	if [ "$rr_bad" -gt 0 ] && [ "$rr_bad" -eq "$rr_elsewhere" ]; then
		rr_count_results back
		rr_count_results
	fi
	[ "$rr_bad" -eq 0 ] || return 1
	# Whether outputs that are results no more are needed is told by the stamp.
	rr_has_stamp || { [ "$rr_good" -gt 0 ] && [ -z "$rr_lost" ]; }
}

rr_refuse_unrepeatable() {
	while IFS=' ' read -r rr_word rr_enc; do
		case $rr_word in
		S) [ "$rr_enc" = succeeded ] || rr_give_up "it did not succeed" ;;
		C)
			case $rr_enc in
			*'%{'*) rr_give_up "its command holds a secret that was not recorded" ;;
			*%00*) rr_give_up "its command holds a byte 0" ;;
			esac
			;;
		W)
			rr_decode "$rr_enc"
			if [ "$rr_path" != . ] && ! rr_is_inside "$rr_path"; then rr_give_up "it ran in $rr_enc, outside the project"; fi
			;;
		O | D)
			if [ "$rr_word" = O ]; then rr_enc=\${rr_enc#* * * }; fi
			rr_decode "$rr_enc"
			if rr_has_nul "$rr_enc" || [ -z "$rr_path" ] || ! rr_is_inside "$rr_path"; then rr_give_up "its output $rr_enc is outside the project"; fi
			;;
		esac
	done <<RR_END
$rr_items
RR_END
}

rr_check_inputs() {
	rr_reason=
	while IFS=' ' read -r rr_word rr_want rr_want_kind rr_enc; do
		[ "$rr_word" = I ] || continue
		[ "\${#rr_want}" -eq 64 ] || continue
		rr_look_at "$rr_enc"
		case $rr_kind$rr_want_kind in
		ll | [fx][fx]) [ "$rr_hash" != "$rr_want" ] || continue ;;
		esac
		if [ "$rr_kind" = - ]; then rr_word="input $rr_enc is not here"; else rr_word="input $rr_enc is not as recorded"; fi
		rr_say "run $rr_id: $rr_word"
		rr_reason=\${rr_reason:-$rr_word}
	done <<RR_END
$rr_items
RR_END
	[ -z "$rr_reason" ] || rr_give_up "$rr_reason"
}

# rr_is_input ENCODED: was this path an input of the run, too?
rr_is_input() {
	while IFS=' ' read -r rr_word rr_rest; do
		[ "$rr_word" = I ] && [ "\${rr_rest#* * }" = "$1" ] && return 0
	done <<RR_END
$rr_items
RR_END
	return 1
}

# Only what some run made, or this one read, may be moved out of the way.
rr_check_outputs() {
	rr_blocked=
	while IFS=' ' read -r rr_word rr_n rr_want rr_want_kind rr_enc; do
		[ "$rr_word" = O ] || continue
		rr_look_at "$rr_enc"
		case $rr_kind in
		-) continue ;;
		[fxl]) [ "$rr_hash" = "$rr_want" ] || [ -n "$rr_reproducing" ] || rr_is_known "$rr_hash" "$rr_enc" || rr_blocked=$rr_enc ;;
		o)
			# In a copy made for this, a folder is what an earlier run made there.
			if [ -n "$rr_reproducing" ] && [ -d "$rr_file" ]; then rm -rf "$rr_file"; else rr_blocked=$rr_enc; fi
			;;
		*) rr_blocked=$rr_enc ;;
		esac
		[ -z "$rr_blocked" ] || rr_give_up "$rr_blocked is there and is not as any run left it; nothing is overwritten: move it away, or put it back as it was"
	done <<RR_END
$rr_items
RR_END
}

rr_move_aside() {
	mkdir "$rr_old" || exit 1
	rr_moved=yes
	while IFS=' ' read -r rr_word rr_n rr_want rr_want_kind rr_enc; do
		[ "$rr_word" = O ] || continue
		rr_decode "$rr_enc"
		rr_locate "$rr_path"
		[ -e "$rr_file" ] || [ -h "$rr_file" ] || continue
		if rr_is_input "$rr_enc"; then cp -pP "$rr_file" "$rr_old/$rr_n"; else mv -f "$rr_file" "$rr_old/$rr_n"; fi || exit 1
	done <<RR_END
$rr_items
RR_END
}

# Folders: those the run is to make must not be there, unless something else is
# in them; those of its outputs must be.
rr_prepare_folders() {
	rr_folders=
	rr_made_folders='
'
	while IFS=' ' read -r rr_word rr_enc; do
		[ "$rr_word" = D ] || continue
		rr_folders="$rr_enc
$rr_folders"
		rr_made_folders="$rr_made_folders$rr_enc
"
	done <<RR_END
$rr_items
RR_END
	while IFS= read -r rr_enc; do
		[ -n "$rr_enc" ] || continue
		rr_decode "$rr_enc"
		rr_locate "$rr_path"
		rmdir "$rr_file" 2>/dev/null
	done <<RR_END
$(printf %s "$rr_folders" | sort -r)
RR_END
	while IFS=' ' read -r rr_word rr_rest; do
		case $rr_word in
		O) rr_enc=\${rr_rest#* * * } ;;
		D) rr_enc=$rr_rest ;;
		*) continue ;;
		esac
		case $rr_enc in
		*/*) ;;
		*) continue ;;
		esac
		rr_enc=\${rr_enc%/*}
		case $rr_made_folders in
		*"
$rr_enc
"*) continue ;;
		esac
		rr_decode "$rr_enc"
		rr_locate "$rr_path"
		[ -d "$rr_file" ] || mkdir -p "$rr_file" || exit 1
	done <<RR_END
$rr_items
RR_END
}

# In a subshell: opens what standard streams were redirected to.
rr_redirect() {
	exec </dev/null
	while IFS=' ' read -r rr_word rr_n rr_how rr_enc <&9; do
		[ "$rr_word" = R ] || continue
		rr_decode "$rr_enc"
		rr_locate "$rr_path"
		case $rr_how in
		'>' | '>>')
			# The bytes are no result: what lies outside is not written.
			rr_is_inside "$rr_path" || rr_file=/dev/null
			;;
		esac
		case "$rr_n $rr_how" in
		'0 <') exec <"$rr_file" ;;
		'1 >') exec >"$rr_file" ;;
		'1 >>') exec >>"$rr_file" ;;
		'2 >') exec 2>"$rr_file" ;;
		'2 >>') exec 2>>"$rr_file" ;;
		'2 >&') exec 2>&1 ;;
		*) rr_die "run $rr_id: unknown redirection" ;;
		esac
	done 9<<RR_END
$rr_items
RR_END
	exec 9<&-
}

# In a subshell: the recorded variables, and none of the list that were not set.
rr_set_variables() {
	rr_withheld=' '
	while IFS=' ' read -r rr_word rr_enc; do
		case $rr_word in
		H) rr_withheld="$rr_withheld$rr_enc " ;;
		V) case $rr_enc in *'%{'*) rr_withheld="$rr_withheld\${rr_enc%%=*} " ;; esac ;;
		esac
	done <<RR_END
$rr_items
RR_END
	[ "$rr_withheld" = ' ' ] || rr_say "run $rr_id: not recorded, because it may be secret, and left as it is here:$rr_withheld"
	rr_exports=
	while IFS=' ' read -r rr_word rr_enc; do
		[ "$rr_word" = V ] || continue
		case $rr_withheld in *" \${rr_enc%%=*} "*) continue ;; esac
		case \${rr_enc%%=*} in
		'' | [0-9]* | *[!A-Za-z0-9_]* | rr_* | RR_* | IFS | PATH | ENV | PWD) continue ;;
		esac
		# Decoded later, for some change how this shell reads text.
		rr_exports="$rr_exports$rr_enc
"
	done <<RR_END
$rr_items
RR_END
	rr_words=
	while IFS= read -r rr_enc; do
		[ -n "$rr_enc" ] || continue
		rr_decode "$rr_enc"
		rr_quote "$rr_path"
		rr_words="$rr_words export $rr_quoted;"
	done <<RR_END
$rr_exports
RR_END
	for rr_word in $rr_variables; do
		case $rr_withheld in *" $rr_word "*) continue ;; esac
		rr_words="unset $rr_word; $rr_words"
	done
}

# rr_quote TEXT: sets rr_quoted, one word of shell source.
rr_quote() {
	rr_rest=$1
	rr_quoted="'"
	while :; do
		case $rr_rest in
		*\\'*)
			rr_quoted="$rr_quoted\${rr_rest%%\\'*}'\\\\''"
			rr_rest=\${rr_rest#*\\'}
			;;
		*) break ;;
		esac
	done
	rr_quoted="$rr_quoted$rr_rest'"
}

# Runs the command; its exit status is the function's.
rr_execute() {
	rr_folder=.
	while IFS=' ' read -r rr_word rr_rest; do
		case $rr_word in
		C) rr_enc=$rr_rest ;;
		W) rr_decode "$rr_rest"; rr_locate "$rr_path"; rr_folder=$rr_file ;;
		esac
	done <<RR_END
$rr_items
RR_END
	rr_say "run $rr_id: $rr_enc"
	rr_decode "$rr_enc"
	rr_command=$rr_path
	(
		trap - EXIT HUP INT TERM
		rr_redirect
		rr_set_variables
		# "exec" takes no builtin of this shell instead of the program.
		rr_words="$rr_words unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES RR_REPRODUCE; set +u; exec $rr_command"
		cd "$rr_folder" || exit 126
		eval "$rr_words"
	)
}

# Sets rr_reason to what is not as recorded, or to nothing.
rr_compare() {
	rr_reason=
	while IFS=' ' read -r rr_word rr_n rr_want rr_want_kind rr_enc; do
		[ "$rr_word" = O ] || continue
		rr_look_at "$rr_enc"
		[ "$rr_kind $rr_hash" != "$rr_want_kind $rr_want" ] || continue
		case $rr_kind in
		-) rr_word="did not make $rr_enc" ;;
		*) if [ "$rr_hash" = "$rr_want" ]; then rr_word="made $rr_enc with another kind or mode"; else rr_word="made $rr_enc with other bytes"; fi ;;
		esac
		rr_say "run $rr_id: $rr_word"
		rr_is_lost "$rr_n" || rr_reason=\${rr_reason:-$rr_word}
	done <<RR_END
$rr_items
RR_END
}

# rr_move FILE TO: with the folders of TO.
rr_move() {
	case $2 in
	*/*) mkdir -p "\${2%/*}" ;;
	esac
	mv -f "$1" "$2"
}

# After a failure: what was made goes to .rr/different, what was there comes back.
rr_put_back() {
	rr_moved=
	[ -z "$rr_reproducing" ] || { rm -rf "$rr_old"; return 0; }
	rm -rf ".rr/different/$rr_id"
	while IFS=' ' read -r rr_word rr_n rr_want rr_want_kind rr_enc; do
		[ "$rr_word" = O ] || continue
		rr_decode "$rr_enc"
		rr_locate "$rr_path"
		if [ -e "$rr_file" ] || [ -h "$rr_file" ]; then rr_move "$rr_file" ".rr/different/$rr_id/$rr_path" 2>/dev/null || rm -f "$rr_file"; fi
		if [ -e "$rr_old/$rr_n" ] || [ -h "$rr_old/$rr_n" ]; then rr_move "$rr_old/$rr_n" "$rr_file"; fi
	done <<RR_END
$rr_items
RR_END
	rmdir "$rr_old" || rr_say "files that were there before are in $rr_old"
	[ ! -d ".rr/different/$rr_id" ] || rr_say "run $rr_id: what it made is in .rr/different/$rr_id"
}

# After success: outputs that belong to a later run come back, or are kept for it.
rr_settle() {
	rr_moved=
	while IFS=' ' read -r rr_word rr_n rr_want rr_want_kind rr_enc; do
		[ "$rr_word" = O ] || continue
		rr_is_lost "$rr_n" || continue
		[ -z "$rr_reproducing" ] || continue
		rr_decode "$rr_enc"
		rr_locate "$rr_path"
		rr_keep=$rr_old/$rr_n
		if [ -f "$rr_made/$rr_id.own" ]; then
			rm -f "$rr_file"
			if [ -e "$rr_keep" ] || [ -h "$rr_keep" ]; then mv -f "$rr_keep" "$rr_file"; fi
		elif [ -f "$rr_keep" ] && [ ! -h "$rr_keep" ]; then
			rr_hash_stdin <"$rr_keep"
			mkdir -p .rr/aside && mv -f "$rr_keep" ".rr/aside/$rr_hash"
		fi
	done <<RR_END
$rr_items
RR_END
	rm -rf "$rr_old"
}

# rr_run ID [N...]
rr_run() {
	rr_id=$1
	shift
	rr_lost=
	[ $# -eq 0 ] || rr_lost=" $* "
	rr_is_id "$rr_id" || rr_die "not the id of a run: $rr_id"
	rr_record_path "$rr_id"
	rr_own_folder
	rr_check_record
	rr_old=$rr_made/$rr_id.old
	rr_trap rr_clean_up
	rr_lock "$rr_made/$rr_id.lock"
	rr_items=$(awk "$rr_items_program" "$rr_record")
	rr_refuse_unrepeatable
	# The last one that worked on this run was killed before it could tidy up.
	if [ -d "$rr_old" ]; then rr_put_back; fi
	if [ -z "$rr_reproducing" ] && rr_is_done; then
		rr_stamp
		return
	fi
	rm -f "$rr_made/$rr_id"
	rr_check_inputs
	rr_check_outputs
	rr_move_aside
	rr_prepare_folders
	rr_execute
	rr_exit=$?
	rr_note ran
	rr_compare
	if [ "$rr_exit" -ne 0 ]; then
		rr_note failed
		rr_die "run $rr_id failed: exit status $rr_exit"
	fi
	if [ -n "$rr_reason" ]; then rr_die "run $rr_id is not reproduced: it $rr_reason"; fi
	rr_settle
	rr_note made
	rr_stamp
}

# ---- reproduce --------------------------------------------------------------

# In the copy: a link to a folder could lead to the originals; a copy of what is
# in that folder takes its place.
rr_cut_links() {
	rr_before=
	rr_after=$1
	while :; do
		case $rr_after in
		*/*) ;;
		*) return 0 ;;
		esac
		rr_before=$rr_before\${rr_after%%/*}
		rr_after=\${rr_after#*/}
		rr_locate "$rr_before"
		if [ -h "$rr_file" ]; then
			rr_there=$(cd "$rr_file" 2>/dev/null && pwd -P; printf .)
			rr_there=\${rr_there%
.}
			rm -f "$rr_file"
			mkdir "$rr_file"
			[ -d "$rr_there" ] && cp -RPp "$rr_there/." "$rr_file" 2>/dev/null
		fi
		rr_before=$rr_before/
	done
}

# In the copy: removes what live runs wrote, but not what they read as it was
# before all runs.
rr_remove_outputs() {
	while IFS= read -r rr_enc; do
		[ -n "$rr_enc" ] || continue
		rr_decode "$rr_enc"
		rr_cut_links "$rr_path"
		rr_locate "$rr_path"
		rm -f "$rr_file" 2>/dev/null
	done
}

rr_copy_project() {
	rm -rf "$rr_copy" || exit 1
	mkdir -p "$rr_copy/.rr" || exit 1
	for rr_file in ./* ./.[!.]* ./..?*; do
		[ -e "$rr_file" ] || [ -h "$rr_file" ] || continue
		case $rr_file in
		./.rr | ./.git | ./provenance) continue ;;
		esac
		if [ -p "$rr_file" ] || ! cp -RPp "$rr_file" "$rr_copy/" 2>/dev/null; then
			rr_say "not all of $(printf %s "$rr_file" | tr -c ' -~' '?') could be copied"
		fi
	done
	mkdir "$rr_copy/provenance" &&
		cp -p provenance/Makefile provenance/rerun.sh "$rr_copy/provenance/" &&
		cp -Rp provenance/runs "$rr_copy/provenance/" &&
		: >"$rr_copy/.rr/copy" || exit 1
}

# Of "KIND HASH NAME" lines, "=", notes ("ID WORDS"), "=", rr_graph: the table.
# shellcheck disable=SC2016
rr_verdict_program='
function rest(count,  text) { text = $0; while (count-- > 0) sub(/^[^ ]* /, "", text); return text }
$0 == "=" { part++; next }
$0 == "" { next }
part == 0 { name = rest(2); state[name] = $2 " " $1; next }
part == 1 { note[$1] = rest(1); next }
$1 == "R" { n++; order[n] = $2 }
$1 == "O" {
	name = rest(4); k++; result[k] = name; want[k] = $3 " " $4; run[k] = $2
	if (length(name) > width) width = length(name)
}
$1 == "I" && !($2 in blocked) {
	name = rest(5)
	if ($5 != "-" && note[$5] != "made") blocked[$2] = name
}
function verdict(i) {
	if (note[run[i]] ~ /^not run/) return note[run[i]]
	if (note[run[i]] == "") {
		if (run[i] in blocked) return "not run because its input " blocked[run[i]] " was not reproduced"
		return "not run because a run that comes before it failed"
	}
	if (state[result[i]] == want[i]) return note[run[i]] == "failed" ? "different because its command failed" : "identical"
	return state[result[i]] ~ / [-]$/ || state[result[i]] == "" ? "missing" : "different"
}
END {
	if (width > 40) width = 40
	if (width < 6) width = 6
	printf "%-" width "s  %s\\n", "RESULT", "VERDICT"
	for (i = 1; i <= k; i++) {
		v = verdict(i)
		printf "%-" width "s  %s\\n", result[i], v
		sub(/ .*/, "", v)
		count[v]++
	}
	printf "\\n%d results: %d identical, %d different, %d missing, %d not run\\n", k, count["identical"], count["different"], count["missing"], count["not"]
	exit k != count["identical"] + 0
}'

rr_verdicts() {
	{
		awk '$1 == "O" { name = $0; for (i = 0; i < 4; i++) sub(/^[^ ]* /, "", name); print name }' <<RR_END | (cd .rr/reproduce && rr_look)
$rr_graphed
RR_END
		echo '='
		# shellcheck disable=SC2016
		find .rr/reproduce/.rr/made -name '*.note' 2>/dev/null | sed -n '/^\\.rr\\/reproduce\\/\\.rr\\/made\\/[0-9TZ]*-[a-z2-7]*\\.note$/p' |
			xargs awk '{ name = FILENAME; sub(/.*\\//, "", name); sub(/\\.note$/, "", name); print name " " $0 }' /dev/null
		echo '='
		cat <<RR_END
$rr_graphed
RR_END
	} | awk "$rr_verdict_program"
}

rr_reproduce() {
	rr_is_dry && return 0
	rr_own_folder
	rr_graphed=$(rr_graph)
	rr_copy=.rr/reproduce
	rr_copy_project
	awk '
		function rest(count,  text) { text = $0; while (count-- > 0) sub(/^[^ ]* /, "", text); return text }
		$1 == "I" && $5 == "-" { raw[rest(5)] = 1 }
		$1 == "O" { name[++n] = rest(4) }
		$1 == "L" { name[++n] = rest(2) }
		END { for (i = 1; i <= n; i++) if (!(name[i] in raw)) print name[i] }' <<RR_END | (cd .rr/reproduce && rr_remove_outputs)
$rr_graphed
RR_END
	mkdir -p ".rr/reproduce/$rr_made" || exit 1
	rr_print_todo >.rr/reproduce/.rr/todo <<RR_END
$rr_graphed
RR_END
	(
		unset MAKELEVEL
		cd .rr/reproduce || exit 1
		RR_REPRODUCE=yes "$@" -k -r -f provenance/Makefile -f .rr/todo rr-todo
	)
	rr_verdicts
}

# ---- main -------------------------------------------------------------------

rr_usage() {
	sed -n '2,/^$/s/^# \\{0,1\\}//p' provenance/rerun.sh
}

case $0 in
*/*) cd "\${0%/*}/.." || exit 1 ;;
*) cd .. || exit 1 ;;
esac
[ -d provenance ] || rr_die 'cannot find the folder provenance: run "sh provenance/rerun.sh" in the project'
rr_reproducing=\${RR_REPRODUCE-}
case $# in
0) set -- help ;;
esac
rr_verb=$1
shift
case $rr_verb in
verify | run | all | make | reproduce) rr_find_tool ;;
esac
case $rr_verb in
verify) rr_verify ;;
run)
	if [ -f .rr/copy ]; then rr_run "$@"; else
		rr_is_id "\${1-}" || rr_die "not the id of a run: \${1-}"
		rr_bring "$1" "\${MAKE:-make}"
	fi
	;;
all) rr_bring '' "$@" ;;
make)
	rr_goal=\${1-}
	rr_is_id "$rr_goal" || rr_die "not the id of a run: $rr_goal"
	shift
	rr_bring "$rr_goal" "$@"
	;;
reproduce) rr_reproduce "$@" ;;
clean) [ -h .rr ] || rm -rf .rr/reproduce .rr/build ;;
help) rr_usage ;;
*)
	rr_usage >&2
	exit 2
	;;
esac
`;

// ==== src/views/table.ts =========================================================================
// table.ts - runs as a table for a terminal and as CSV. Knows no files and no terminal.

// type Column = { title: string; align: 'left' | 'right'; /** May be cut to fit. */ isFlexible: boolean };

/** Columns a text takes on a terminal: 0 for combining marks, 2 for East Asian wide (UAX 11) ranges. */
function displayWidth(text) {
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (let at = 0; at < text.length; at += Math.max(1, utf8SequenceLength(text, at))) width += widthOfCode(codePointAt(text, at));
  return width;
}

function codePointAt(text, at) {
  const length = Math.max(1, utf8SequenceLength(text, at));
  if (length === 1) return text.charCodeAt(at);
  let code = text.charCodeAt(at) & (0xff >> (length + 1));
  for (let i = 1; i < length; i++) code = code * 64 + (text.charCodeAt(at + i) & 0x3f);
  return code;
}

function widthOfCode(code) {
  if ((code >= 0x300 && code <= 0x36f) || (code >= 0x200b && code <= 0x200f) || (code >= 0xfe00 && code <= 0xfe0f) || (code >= 0x20d0 && code <= 0x20ff)) return 0;
  const isWide = (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3)
    || (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) || (code >= 0xffe0 && code <= 0xffe6)
    || (code >= 0x1f300 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x3fffd);
  return isWide ? 2 : 1;
}

/** The text cut to `width` columns, with "~" at the cut. */
function cutToWidth(text, width) {
  if (displayWidth(text) <= width) return text;
  let cut = '';
  let used = 0;
  for (let at = 0; at < text.length;) {
    const length = Math.max(1, utf8SequenceLength(text, at));
    const columns = widthOfCode(codePointAt(text, at));
    if (used + columns > width - 1) break;
    cut += text.slice(at, at + length);
    used += columns;
    at += length;
  }
  return cut + '~';
}

/**
 * Rows under their titles, columns two spaces apart, cut to `width` columns: flexible columns
 * share what the others leave. Cells must be harmless already. Lines end in LF.
 */
function printTable(columns, rows, width) {
  const widths = columns.map((column, i) => rows.reduce((most, row) => Math.max(most, displayWidth(row[i])), column.title.length));
  let excess = widths.reduce((sum, one) => sum + one + 2, -2) - width;
  while (excess > 0) {
    // Takes from the widest flexible column, so that short ones stay whole.
    let widest = -1;
    columns.forEach((column, i) => { if (column.isFlexible && widths[i] > 6 && (widest < 0 || widths[i] > widths[widest])) widest = i; });
    if (widest < 0) break;
    widths[widest] -= 1;
    excess -= 1;
  }
  // On a narrow terminal whole columns go, the last first; the first stays.
  let count = columns.length;
  while (excess > 0 && count > 1) {
    count -= 1;
    excess -= widths[count] + 2;
  }
  const line = (cells) => cells.slice(0, count).map((cell, i) => {
    const cut = cutToWidth(cell, widths[i]);
    const pad = ' '.repeat(Math.max(0, widths[i] - displayWidth(cut)));
    return columns[i].align === 'right' ? pad + cut : cut + pad;
  }).join('  ').replace(/ +$/, '') + '\n';
  return line(columns.map((column) => column.title)) + rows.map(line).join('');
}

/** 12.3 -> "12.3s", 75 -> "1m15s", 3700 -> "1h02m" */
function formatSeconds(seconds) {
  if (seconds === undefined) return '-';
  if (seconds < 59.95) return seconds.toFixed(seconds < 9.995 ? 2 : 1) + 's';
  const whole = Math.round(seconds);
  if (whole < 3600) return String(Math.floor(whole / 60)) + 'm' + String(whole % 60).padStart(2, '0') + 's';
  return String(Math.floor(whole / 3600)) + 'h' + String(Math.floor((whole % 3600) / 60)).padStart(2, '0') + 'm';
}

const RUN_COLUMNS = [
  { title: 'ID', align: 'left', isFlexible: false },
  { title: 'STATUS', align: 'left', isFlexible: false },
  { title: 'TIME', align: 'right', isFlexible: false },
  { title: 'LABEL', align: 'left', isFlexible: true },
  { title: 'COMMAND', align: 'left', isFlexible: true },
];

/** `rr list`: newest last, as `history` has it. */
function printRunTable(runs, width) {
  const rows = runs.map((run) => [run.id, run.status, formatSeconds(run.wallS), makeHarmless(run.label ?? ''), makeHarmless(encodeWithheld(run.command).replace(/%0A/g, ' ').replace(/%25/g, '%'))]);
  return printTable(RUN_COLUMNS, rows, width);
}

/** One cell of CSV (RFC 4180). A cell that a spreadsheet would take for a formula gets a quote in front. */
function printCsvCell(text) {
  const safe = /^[=+@\t\r-]/.test(text) && !/^-?\d/.test(text) ? "'" + text : text;
  return /[",\r\n]/.test(safe) ? '"' + safe.replace(/"/g, '""') + '"' : safe;
}

/** Runs as CSV with LF line ends; texts percent-encoded as in the records; one column a parameter. */
function printRunCsv(runs) {
  const names = new Set();
  for (const run of runs) for (const parameter of run.parameters) names.add(parameter.slice(0, parameter.indexOf(' ')));
  const sorted = Array.from(names).sort();
  const head = ['id', 'label', 'status', 'exit', 'started', 'wall_s', 'user_s', 'system_s', 'peak_memory_bytes', 'directory', 'command', 'reason', 'tags'];
  const lines = [head.concat(sorted.map((name) => 'parameter ' + encodeText(name)))];
  for (const run of runs) {
    const valueOf = (name) => run.parameters.filter((one) => one.startsWith(name + ' ')).map((one) => encodeWithheld(one.slice(name.length + 1))).join('; ');
    const numbers = [run.wallS, run.userS, run.systemS, run.peakMemoryBytes].map((one) => (one === undefined ? '' : String(one)));
    lines.push([run.id, encodeText(run.label ?? ''), run.status, run.exit === undefined ? '' : String(run.exit), run.startedUtc]
      .concat(numbers, [encodeText(run.directory), encodeWithheld(run.command), encodeText(run.reason ?? ''), run.tags.map(encodeText).join(' ')], sorted.map(valueOf)));
  }
  return lines.map((cells) => cells.map(printCsvCell).join(',') + '\n').join('');
}

// ==== src/views/json.ts ==========================================================================
// json.ts - runs as JSON (RFC 8259). Knows no files.

/** JSON text of a value whose strings are percent-encoded bytes: ASCII and UTF-8 stay readable. */
function printValue(value) {
  // JSON.stringify sees each byte as one character below U+0100, and so leaves UTF-8 as it is.
  return JSON.stringify(value);
}

function jsonFileOf(file) {
  return { hash: file.hash, size: file.size, kind: file.kind === '' ? 'f' : file.kind, path: encodeText(file.path) };
}

/** Numbers of processes and files, and lists of these, are those of the record: a list of 10,000 files stays short. */
function jsonProcessOf(one, at) {
  return {
    number: at + 1, parent: one.parent === undefined ? 0 : one.parent + 1, start_s: one.startS, end_s: one.endS,
    exit: one.exit, signal: one.signal, directory: encodeText(one.directory), command: encodeWithheld(one.command),
    later: one.later.map((later) => ({ start_s: later.startS, directory: encodeText(later.directory), command: encodeWithheld(later.command) })),
    read: printRanges(one.read), wrote: printRanges(one.wrote),
  };
}

/** A run as an object whose keys are the record's field names in lower case; lists are arrays. */
function jsonObjectOf(run) {
  const parameters = {};
  for (const parameter of run.parameters) {
    const space = parameter.indexOf(' ');
    parameters[encodeText(parameter.slice(0, space))] = encodeWithheld(parameter.slice(space + 1));
  }
  const text = (value) => (value === undefined ? undefined : encodeText(value));
  return {
    id: run.id, repeats: run.repeats, parent: run.parent, tree: run.tree, label: text(run.label), reason: text(run.reason), tags: run.tags.map(encodeText),
    command: encodeWithheld(run.command), directory: encodeText(run.directory), redirects: run.redirects.map(encodeText),
    parameters, started: run.startedUtc, wall_s: run.wallS, user_s: run.userS, system_s: run.systemS,
    peak_memory_bytes: run.peakMemoryBytes, exit: run.exit, signal: run.signal, timeout_s: run.timeoutS, status: run.status,
    code: text(run.code), code_branch: text(run.codeBranch), code_remote: text(run.codeRemote),
    code_submodules: run.codeSubmodules.map(encodeText), code_others: run.codeOthers.map(encodeText),
    code_files: run.codeFiles.map((file) => ({ state: file.state, path: encodeText(file.path) })),
    compilers: run.compilers.map((compiler) => ({ path: encodeText(compiler.path), producer: encodeText(compiler.producer) })), environment: run.environment,
    variables: run.variables.map(encodeText), variable_hashes: run.variableHashes.map(encodeText), observed: run.observed,
    declared_inputs: run.declaredInputs.map(encodeText), declared_outputs: run.declaredOutputs.map(encodeText),
    missing_outputs: run.missingOutputs.map(encodeText), inputs: run.inputs.map(jsonFileOf), outputs: run.outputs.map(jsonFileOf),
    uncertain: run.uncertain.map(jsonFileOf), removed: run.removed.map(encodeText), absent: run.absent.map(encodeText),
    secret_inputs: run.secretInputs.map(encodeText), secret_outputs: run.secretOutputs.map(encodeText), left_out: run.leftOut.map((one) => ({ what: encodeText(one.what), count: one.count })),
    logs: run.logs.map(jsonFileOf), verdicts: run.verdicts.map((one) => ({ word: one.word, path: encodeText(one.path), detail: encodeText(one.detail) })), warnings: run.warnings.map(encodeText), processes: run.processes.map(jsonProcessOf), rr: run.rr,
    unknown: run.unknown.length === 0 ? undefined : run.unknown,
  };
}

/** One run as one line of JSON. Texts are percent-encoded as in the record. */
function printJsonRun(run) {
  return printValue(jsonObjectOf(run));
}

/** Runs as a JSON array, one run a line. */
function printJsonRuns(runs) {
  return '[' + runs.map((run, i) => (i === 0 ? '\n' : ',\n') + printJsonRun(run)).join('') + '\n]\n';
}

// ==== src/views/page.ts ==========================================================================
// page.ts - one run as a page of text for a person. Knows no files.

const NAME_WIDTH = 13;
/** Lines of one kind that are shown unless all are asked for. */
const LIST_LENGTH = 10;

/** Text of a run made harmless for a terminal, what was withheld by words. */
function showText(text) {
  return makeHarmless(text.replace(/\0(\{[0-9a-f]{16}\})/g, '<withheld $1>'));
}

function line(name, value) {
  return value === undefined || value === '' ? '' : name.padEnd(NAME_WIDTH) + makeHarmless(value) + '\n';
}

/** A line for each value, the first with the name before it; no more than `most` values. */
function printList(name, values, most) {
  const shown = values.slice(0, most).map((value, i) => line(i === 0 ? name : '', value)).join('');
  return shown + (values.length > most ? line('', 'and ' + String(values.length - most) + ' more (--all)') : '');
}

function formatBytes(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return (unit === 0 ? String(value) : value.toFixed(1)) + ' ' + units[unit];
}

const KIND_WORDS = { x: ' executable', l: ' link', d: ' folder', p: ' FIFO', s: ' socket', c: ' device', b: ' device' };

function showFile(file) {
  const hash = file.hash.length === 64 ? file.hash.slice(0, 12) : file.hash === '?' ? 'unknown' : '';
  const size = file.kind === 'd' ? '' : formatBytes(file.size);
  return hash.padEnd(13) + size.padStart(10) + '  ' + makeHarmless(file.path) + (KIND_WORDS[file.kind] ?? '');
}

function showCost(run) {
  if (run.wallS === undefined) return undefined;
  const cpu = run.userS === undefined ? '' : ', CPU ' + formatSeconds(run.userS) + ' user ' + formatSeconds(run.systemS) + ' system';
  return formatSeconds(run.wallS) + cpu + (run.peakMemoryBytes === undefined ? '' : ', peak memory ' + formatBytes(run.peakMemoryBytes));
}

/** What a person wants of an environment record at first sight; the rest is counted. */
function showEnvironment(text, most) {
  const values = new Map();
  const valuesOf = (name) => values.get(name) ?? [];
  for (const field of (text ?? '').split('\n')) {
    const colon = field.indexOf(': ');
    const name = field.slice(0, Math.max(0, colon));
    values.set(name, valuesOf(name));
    valuesOf(name).push(decodeText(field.slice(colon + 2).replace(/^([0-9a-f]{12})[0-9a-f]{52} {2}\d+x? /, '$1  ')));
  }
  const count = (name, one, several) => {
    const length = valuesOf(name).length;
    return length === 0 ? [] : [String(length) + ' ' + (length === 1 ? one : several)];
  };
  const counts = count('Library', 'library', 'libraries').concat(count('Package', 'package', 'packages'));
  return ['Os', 'Kernel', 'Cpu', 'Gpu', 'Executable', 'Interpreter'].map((name) => printList(name.toLowerCase(), valuesOf(name).map(makeHarmless), most)).join('')
    + (counts.length === 0 ? '' : line('software', counts.join(', ') + ' (--environment)'));
}

/** The code that was read: how many files of each state, and those that the commit does not have. */
function showCodeFiles(run, most) {
  const counts = [];
  for (const state of ['clean', 'changed', 'untracked', 'unversioned']) {
    const count = run.codeFiles.filter((file) => file.state === state).length;
    if (count > 0) counts.push(String(count) + ' ' + state);
  }
  const listed = run.codeFiles.filter((file) => file.state === 'changed' || file.state === 'untracked');
  return line('code files', counts.join(', ')) + printList('', listed.map((file) => file.state.padEnd(11) + makeHarmless(file.path)), most);
}

/** One line: the word, the file, and the rule, the difference or the reason. */
function printVerdict(verdict) {
  return verdict.word.padEnd(11) + verdict.path + (verdict.detail === '' ? '' : ': ' + verdict.detail);
}

function showProcessCount(run) {
  const count = run.processes.length;
  if (count === 0) return '';
  const failed = run.processes.filter((one) => (one.exit !== undefined && one.exit !== 0) || one.signal !== undefined).length;
  const outlived = run.processes.filter((one) => one.endS === undefined).length;
  return line('processes', String(count) + (failed === 0 ? '' : ', ' + String(failed) + ' failed')
    + (outlived === 0 ? '' : ', ' + String(outlived) + ' outlived the command') + ' (--processes)');
}

/**
 * A run for a person: every fact the record has, names and values harmless for a terminal; of long
 * lists the beginning unless `isComplete`.
 */
function printRunPage(run, environment, isComplete) {
  const most = isComplete ? Infinity : LIST_LENGTH;
  const list = (name, values) => printList(name, values.map(showText), most);
  const files = (name, states) => printList(name, states.map(showFile), most);
  const exit = run.exit === undefined ? '' : ', exit ' + String(run.exit) + (run.signal === undefined ? '' : ' (' + run.signal + ')');
  return line('run', run.id) + line('repeats', run.repeats) + line('parent', run.parent) + line('tree', run.tree) + line('label', run.label && showText(run.label)) + line('reason', run.reason && showText(run.reason))
    + list('tags', run.tags) + line('command', showText(run.command))
    + line('folder', showText(run.directory)) + list('redirect', run.redirects) + list('parameter', run.parameters)
    + line('started', run.startedUtc) + line('status', run.status + exit) + line('cost', showCost(run))
    + line('code', run.code && showText(run.code)) + line('branch', run.codeBranch && showText(run.codeBranch))
    + line('remote', run.codeRemote && showText(run.codeRemote)) + list('submodule', run.codeSubmodules)
    + list('other code', run.codeOthers) + showCodeFiles(run, most)
    + list('compiler', run.compilers.map((compiler) => compiler.path + '  ' + compiler.producer))
    + list('variable', run.variables) + list('withheld', run.variableHashes) + showEnvironment(environment, most)
    + line('observed', run.observed) + showProcessCount(run) + files('input', run.inputs) + files('output', run.outputs)
    + files('uncertain', run.uncertain) + list('removed', run.removed) + list('absent', run.absent)
    + list('secret input', run.secretInputs) + list('secret out', run.secretOutputs) + list('missing', run.missingOutputs)
    + line('left out', run.leftOut.map((one) => String(one.count) + ' ' + makeHarmless(one.what)).join(', '))
    + list('verdict', run.verdicts.map(printVerdict)) + files('log', run.logs) + printList('warning', run.warnings.map(showText), Infinity)
    + run.unknown.map((field) => line(encodeText(field.name), showText(field.value))).join('');
}

/** An environment record for a person: its lines decoded, harmless for a terminal. */
function printEnvironmentPage(text) {
  return text.split('\n').filter((field) => field !== '' && field[0] !== '#').map((field) => makeHarmless(decodeText(field)) + '\n').join('');
}

// ==== src/views/processes.ts =====================================================================
// processes.ts - the processes of a run as a tree of text. Knows no files and no terminal.

// type ProcessTreeOptions = {
//   /** Columns of the terminal; Infinity: lines are not cut. */
//   width: number;
//   /** Are the files that each process read and wrote named? */
//   hasFiles: boolean;
//   /** Are all of them, or the first ones? */
//   isComplete: boolean;
// };

/** `columns`: start, time, files read, files written; none where the line goes on with what is above. */
// type TreeRow = { columns: string[]; tree: string; text: ByteString; note: string };

const TITLES = ['START', 'TIME', 'READ', 'WROTE'];
const FILES_SHOWN = 10;
const LEVEL_WIDTH = 3;
/** Levels that are drawn, least and most: a tree a thousand deep would be nothing but its branches. */
const DRAWN_LEVELS = [3, 24];
/** Bytes of file names after which no more are shown; lists in a hostile record are short, what they stand for is not. */
const MAX_NAMES_BYTES = 1 << 26;
/** Columns that a command should have, whatever stands before it. */
const TEXT_WIDTH = 32;
/** Of a terminal's columns, those before the tree: about what START, TIME, READ and WROTE take. */
const LEFT_WIDTH = 26;

/** Positions of the children of each process, and at the end those of rr's. */
function findChildren(processes) {
  const children = processes.map(() => []);
  children.push([]);
  processes.forEach((one, at) => children[one.parent ?? processes.length].push(at));
  return children;
}

function describeOutcome(one) {
  if (one.signal !== undefined) return one.signal;
  if (one.exit !== undefined && one.exit !== 0) return 'exit ' + String(one.exit);
  return one.endS === undefined ? 'outlived the command' : '';
}

/** What is to be said after the command: how it ended, and where it ran if that is not where its parent did. */
function describeProcess(run, one) {
  const above = one.parent === undefined ? run.directory : run.processes[one.parent].directory;
  const notes = [describeOutcome(one), one.directory === above ? '' : 'in ' + showText(one.directory)].filter((note) => note !== '');
  return notes.length === 0 ? '' : '  [' + notes.join(', ') + ']';
}

class TreeWriter {
  rows = [];
  // private readonly run: Run;
  // private readonly options: ProcessTreeOptions;
  // private readonly names: ByteString[];
  namesBytes = 0;

  constructor(run, options) {
    this.run = run;
    this.options = options;
    this.names = options.hasFiles ? run.inputs.concat(run.outputs).map((file) => makeHarmless(file.path)) : [];
  }

  /** The lines of one process; `branch` leads to it, `below` goes on under it. */
  add(one, branch, below) {
    const time = one.endS === undefined ? '-' : formatSeconds(Math.max(0, one.endS - one.startS));
    const columns = [one.startS.toFixed(2), time, String(one.read.length), String(one.wrote.length)];
    const text = one.command === '' ? '(copy of its parent)' : showText(one.command);
    this.rows.push({ columns, tree: branch, text, note: describeProcess(this.run, one) });
    let folder = one.directory;
    for (const later of one.later) {
      const note = later.directory === folder ? '' : '  [in ' + showText(later.directory) + ']';
      folder = later.directory;
      this.rows.push({ columns: [later.startS.toFixed(2), '', '', ''], tree: below, text: 'then ' + showText(later.command), note });
    }
    if (!this.options.hasFiles) return;
    this.addFiles('read', one.read, below);
    this.addFiles('wrote', one.wrote, below);
  }

  addFiles(word, positions, below) {
    const most = this.options.isComplete ? Infinity : FILES_SHOWN;
    let shown = 0;
    for (; shown < positions.length && shown < most && this.namesBytes < MAX_NAMES_BYTES; shown++) {
      const name = this.names[positions[shown]];
      this.namesBytes += name.length + below.length;
      this.addNote(below, word.padEnd(6) + name);
    }
    if (shown === positions.length) return;
    const hint = this.options.isComplete ? ' (too many to be shown)' : ' (--all)';
    this.addNote(below, '      and ' + String(positions.length - shown) + ' more' + hint);
  }

  addNote(below, text) {
    this.rows.push({ columns: ['', '', '', ''], tree: below, text, note: '' });
  }
}

function countDrawnLevels(width) {
  return Math.min(DRAWN_LEVELS[1], Math.max(DRAWN_LEVELS[0], Math.floor((width - LEFT_WIDTH - TEXT_WIDTH) / LEVEL_WIDTH)));
}

/** Calls the writer for each process, children below their parent; `drawn` levels have branches. Without recursion: a chain can be of any length. */
function walkTree(processes, writer, drawn) {
  const children = findChildren(processes);
  // type Place = { at: number; level: number; /** What stands before the branches of its siblings. */ trunk: string; isLast: boolean };
  const waiting = [];
  const enter = (parent, level, trunk) => {
    const own = children[parent];
    for (let i = own.length - 1; i >= 0; i--) waiting.push({ at: own[i], level, trunk, isLast: i === own.length - 1 });
  };
  enter(processes.length, 0, '');
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const isDrawn = place.level > 0 && place.level <= drawn;
    const trunk = isDrawn ? place.trunk + (place.isLast ? '   ' : '|  ') : place.trunk;
    const branch = isDrawn ? place.trunk + (place.isLast ? '`- ' : '|- ') : place.level === 0 ? '' : place.trunk + '(level ' + String(place.level) + ') ';
    const hasChildren = children[place.at].length > 0 && place.level < drawn;
    writer.add(processes[place.at], branch, trunk + (hasChildren ? '|  ' : '   '));
    enter(place.at, place.level + 1, trunk);
  }
}

/**
 * The row in `width` columns. First goes the folder of the program (of /usr/lib/gcc/.../cc1), then the
 * end of the command, at last the note: how a process ended is worth more than its last arguments.
 */
function fitRow(start, row, width) {
  const room = Math.max(TEXT_WIDTH / 2, width - start.length - displayWidth(row.note));
  const text = displayWidth(row.text) <= room ? row.text : row.text.replace(/^(then )?\/[^ ]*\//, '$1');
  return cutToWidth(start + cutToWidth(text, room) + row.note, width);
}

/**
 * `rr show --processes`: a line for each process, below its parent, in the order they were started;
 * each later program by exec, and each file that is asked for, on a line of its own. Harmless for a
 * terminal.
 */
function printProcessTree(run, options) {
  const writer = new TreeWriter(run, options);
  walkTree(run.processes, writer, countDrawnLevels(options.width));
  const widths = TITLES.map((title, i) => writer.rows.reduce((most, row) => Math.max(most, row.columns[i].length), title.length));
  const left = (columns) => columns.map((cell, i) => cell.padStart(widths[i]) + '  ').join('');
  const lines = [left(TITLES) + 'COMMAND'];
  for (const row of writer.rows) {
    const start = left(row.columns) + row.tree;
    lines.push(options.width === Infinity ? start + row.text + row.note : fitRow(start, row, options.width));
  }
  return lines.join('\n') + '\n';
}

// ==== src/views/texts.ts =========================================================================
// texts.ts - the fixed texts that rr puts into a project. Knows no files.

/** Version of this rr; package.json has the same. */
const RR_VERSION = '0.1.0';

/** provenance/README.txt: what a stranger needs who has only this folder. */
const PROVENANCE_README = `PROVENANCE

This folder tells, as plain text, how the results in the folder above it were
made: which command, code, parameters, data and software, when, why, and with
which bytes as outcome.  It was written by rr.  You do not need rr to read it,
to check it, or to make the results again: a pager, sh, make and any program
that computes SHA-256 will do.

CHECK WHAT IS HERE            (in the folder above this one; runs nothing)

  make -f provenance/Makefile verify

compares every result, and every input that is still there, with its recorded
hash.  The same for the results alone:

  sha256sum -c provenance/SHA256SUMS

MAKE THE RESULTS AGAIN

  make -f provenance/Makefile              what is missing
  make -f provenance/Makefile reproduce    everything, in a copy of the
                                           project under .rr/reproduce, with
                                           a verdict for each result
  make -f provenance/Makefile FILE         one file
  sh provenance/rerun.sh help              all that it can do

The commands that are recorded here are then run on your machine, with your
rights: read the lines "Command:" in runs/ before you do so, as you would read
a stranger's script.

WHAT IS IN IT

  runs/YYYY-MM/ID.rec    one text file for each run, never changed after it.
                         ID is the start of the run in UTC and six letters.
  environments/HASH.rec  operating system, program, variables of the runs
                         that name HASH
  code/HASH.patch        changes to the code that were not committed when the
                         runs that name HASH were made ("git apply" reads it)
  code/HASH.src          scripts and other sources that were read and are in no
                         version control; HASH is as in the line of the input
  logs/ID.out, ID.err    what the run printed
  notes/                 remarks that were made later
  Makefile, SHA256SUMS   made from runs/; may be deleted and made again by rr
  rerun.sh               runs or checks one record; the same in every project

A LINE OF A RECORD

  Name: value            Input and Output: SHA-256, two spaces, bytes, name

In a value %XX is a byte in hexadecimal; it stands for "%" itself, control
bytes, bytes that are not UTF-8, a space at either end, and a backslash at the
end.  %{...} stands for a secret that was not written down.  A letter after
the bytes: x executable, l symbolic link (hash of its target's name), d folder,
p s c b no file with content.  Hash "-": no content; "?": not known.  A path
without "/" in front is relative to the folder above this one.  Status:
succeeded, failed, interrupted (a signal or time limit ended the command),
lost (rr itself was killed, and the end is not known).
Process: number, number of its parent (0: rr), seconds from Started to its
start and end, exit status, folder, command; Process_read and Process_wrote:
its number, and which files: Input and then Output lines counted from 1.
The last line, Sha256, is the SHA-256 of all the lines before it:

  sed '$d' runs/YYYY-MM/ID.rec | sha256sum

Without any tool: "grep -rl 'Output: .* NAME$' runs" finds the runs that wrote
NAME; the last by name is the one that made it as it is.
`;

/** The project's own Makefile, made only where there is none. */
const TOP_MAKEFILE = `# Made by rr because there was no Makefile. Yours to change.
# make: build what is missing and check. make verify; make reproduce; make FILE.
include provenance/Makefile
`;

/** What init puts into a project. */
function initialFiles() {
  return { readme: PROVENANCE_README, rerunScript: RERUN_SCRIPT, makefile: printMakefile(findLiveRuns([])), topMakefile: TOP_MAKEFILE };
}

// ==== src/sys/node.ts ============================================================================
// node.ts - the door to Node's standard library. The only file that loads a module.

// rr.js is a CommonJS file with no import of its own. Where a package.json with "type": "module"
// or Deno makes it an ES module there is no require(); process.getBuiltinModule (Node 20.16, 22.3,
// Deno 2, Bun) serves instead. Everything but fs and path is loaded at first use: loading all of
// them takes a third of the time of a short run.
// type Loader = (name: string) => unknown;

function findLoader() {
  if (typeof require === 'function') return require;
  const host = process;
  if (host.getBuiltinModule === undefined) {
    throw new Error('rr.js runs as an ES module here, and this Node.js is too old for that: name it rr.cjs');
  }
  return host.getBuiltinModule;
}

const loadModule = findLoader();

const fs = loadModule('fs');
const path = loadModule('path');

const loaded = {};

function loadOnce(name) {
  if (loaded[name] === undefined) loaded[name] = loadModule(name);
  return loaded[name];
}

function crypto() {
  return loadOnce('crypto');
}

function childProcess() {
  return loadOnce('child_process');
}

function net() {
  return loadOnce('net');
}

function os() {
  return loadOnce('os');
}

function tty() {
  return loadOnce('tty');
}

function workerThreads() {
  return loadOnce('worker_threads');
}

function zlib() {
  return loadOnce('zlib');
}

// ==== src/sys/clock.ts ===========================================================================
// clock.ts - the only place that reads a clock or random numbers.

// In the order of their bytes, so that ids of one second sort by the fraction they begin with.
const ID_LETTERS = '234567abcdefghijklmnopqrstuvwxyz';

let wallOffsetMs;

/** Milliseconds of a clock that never goes back, for durations. */
function readMonotonicMs() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Microseconds since 1970 in UTC. The system's wall clock is read once; later readings add the
 * monotonic clock, so that the times of one process never go back and have microseconds.
 */
function readUtcMicros() {
  if (wallOffsetMs === undefined) wallOffsetMs = Date.now() - readMonotonicMs();
  return Math.round((wallOffsetMs + readMonotonicMs()) * 1000);
}

/** 2026-11-22T05:20:39.123456Z (ISO 8601) */
function formatUtcMicros(micros) {
  const millis = Math.floor(micros / 1000);
  const rest = String(micros - millis * 1000).padStart(3, '0');
  return new Date(millis).toISOString().replace('Z', rest + 'Z');
}

/** Does nothing for so long, and lets nothing else of this process go on. */
function pauseMs(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Six random digits of base 32, for names that nobody else chooses. */
function makeRandomDigits() {
  return Array.from(crypto().randomBytes(6), (byte) => ID_LETTERS[byte & 31]).join('');
}

/** A new id of a run that started then (docs/record-format.txt, 1). */
function makeRunId(startedMicros) {
  const stamp = formatUtcMicros(startedMicros).replace(/[-:]|\.\d+/g, '');
  const fraction = Math.floor(((startedMicros % 1e6) / 1e6) * 32768);
  const digits = [fraction >> 10, (fraction >> 5) & 31, fraction & 31].concat(Array.from(crypto().randomBytes(3), (byte) => byte & 31));
  return stamp + '-' + digits.map((digit) => ID_LETTERS[digit]).join('');
}

// ==== src/sys/files.ts ===========================================================================
// files.ts - reading and writing files whose names are bytes. Knows no records.

/** What fs takes for a name that is bytes: a string where it is ASCII (faster), else a Buffer. */
function toFsPath(name) {
  return /^[\x00-\x7f]*$/.test(name) ? name : Buffer.from(name, 'latin1');
}

/** The bytes of a JavaScript string (UTF-8), such as an argument or a name from a Node interface. */
function toBytes(text) {
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** The text of bytes that are UTF-8, for interfaces that take only strings. */
function toText(bytes) {
  return /^[\x00-\x7f]*$/.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

function errorCode(error) {
  return String((error).code ?? '');
}

/** The file as bytes; undefined if there is none. Other failures throw. */
function readBytesIfThere(name) {
  try {
    return fs.readFileSync(toFsPath(name), 'latin1');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The first bytes of a file, at most `count`; '' if it cannot be read. Never waits for a FIFO. */
function readFirstBytes(name, count) {
  let fd;
  try {
    fd = fs.openSync(toFsPath(name), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (error) {
    return '';
  }
  try {
    const head = Buffer.alloc(count);
    return head.toString('latin1', 0, fs.readSync(fd, head, 0, count, 0));
  } catch (error) {
    return '';
  } finally {
    fs.closeSync(fd);
  }
}

// No such name, or none that can be asked: on a mount that is gone, say.
const NO_STAT = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES', 'EIO', 'ESTALE', 'ENOTCONN', 'EHOSTDOWN', 'ETIMEDOUT', 'EOVERFLOW'];

/** lstat, or undefined if there is no such name. */
function lstatIfThere(name) {
  try {
    return fs.lstatSync(toFsPath(name));
  } catch (error) {
    if (NO_STAT.indexOf(errorCode(error)) >= 0) return undefined;
    throw error;
  }
}

/** stat through links, or undefined. */
function statIfThere(name) {
  try {
    return fs.statSync(toFsPath(name));
  } catch (error) {
    if (NO_STAT.indexOf(errorCode(error)) >= 0) return undefined;
    throw error;
  }
}

/** Names in a folder, unsorted; [] if there is no such folder. */
function listFolder(name) {
  try {
    return fs.readdirSync(toFsPath(name), 'latin1');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

function makeFolder(name) {
  fs.mkdirSync(toFsPath(name), { recursive: true });
}

function removeIfThere(name) {
  try {
    fs.unlinkSync(toFsPath(name));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Writes all of it: a write to a pipe or a full device can be short, or say EAGAIN. */
function writeAll(fd, data) {
  let done = 0;
  while (done < data.length) {
    try {
      done += fs.writeSync(fd, data, done, data.length - done);
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') throw error;
      pauseMs(1);
    }
  }
}

/** Flushes a folder's entries to the disk. Systems that cannot do so for a folder say EINVAL or EISDIR. */
function syncFolder(name) {
  try {
    const fd = fs.openSync(toFsPath(name), 'r');
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    if (['EINVAL', 'EISDIR', 'EPERM', 'EACCES', 'ENOTSUP'].indexOf(errorCode(error)) < 0) throw error;
  }
}

let temporaryFolder;

/** From now on unfinished files lie in this folder, so that what a crash leaves is all in one place. */
function keepTemporariesIn(folder) {
  temporaryFolder = folder;
}

// rename() and link() work only within one filesystem, and the folder may be on another one, be
// missing or not be writable: then the unfinished file lies beside the name it will get.
const NOT_IN_FOLDER = ['EXDEV', 'EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR'];

/** Writes a file under a name that nobody else has, and lets `place` give it its own. */
function placeFile(name, content, isDurable, mode, place) {
  const cut = name.lastIndexOf('/');
  const last = '/.' + name.slice(cut + 1, cut + 201) + '.' + makeRandomDigits() + '.tmp';
  if (temporaryFolder !== undefined) {
    try {
      placeBy(temporaryFolder + last, content, isDurable, mode, place);
      return;
    } catch (error) {
      if (NOT_IN_FOLDER.indexOf(errorCode(error)) < 0) throw error;
    }
  }
  placeBy(name.slice(0, cut) + last, content, isDurable, mode, place);
}

function placeBy(temporary, content, isDurable, mode, place) {
  const fd = fs.openSync(toFsPath(temporary), 'wx', mode);
  try {
    try {
      writeAll(fd, Buffer.from(content, 'latin1'));
      if (isDurable) fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    place(toFsPath(temporary));
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
}

/**
 * Writes a file so that its name has either the old content or all of the new, whatever happens.
 * With `isDurable` it is on the disk, with its name, when this returns.
 */
function replaceFile(name, content, isDurable, mode = 0o666) {
  placeFile(name, content, isDurable, mode, (temporary) => fs.renameSync(temporary, toFsPath(name)));
  if (isDurable) syncFolder(name.slice(0, name.lastIndexOf('/')) || '/');
}

const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL'];

/** Creates a file, whole from the first instant, that must not be there; false if it is. */
function createFile(name, content, mode = 0o666) {
  try {
    placeFile(name, content, false, mode, (temporary) => {
      fs.linkSync(temporary, toFsPath(name));
      fs.unlinkSync(temporary);
    });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    if (NO_LINKS.indexOf(errorCode(error)) < 0) throw error;
  }
  return createFileInPlace(name, content, mode);
}

/** The same where the filesystem has no links; whoever reads it at once may see a part. */
function createFileInPlace(name, content, mode) {
  let fd;
  try {
    fd = fs.openSync(toFsPath(name), 'wx', mode);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    writeAll(fd, Buffer.from(content, 'latin1'));
  } catch (error) {
    removeIfThere(name);
    throw error;
  } finally {
    fs.closeSync(fd);
  }
  return true;
}

// ==== src/sys/terminal.ts ========================================================================
// terminal.ts - what rr's own descriptors are, and printing to them. Knows no records.

/** Is this descriptor of rr a terminal? Told without process.stdout, whose mere use changes modes. */
function isTerminal(descriptor) {
  try {
    if (!fs.fstatSync(descriptor).isCharacterDevice()) return false;
  } catch (error) {
    return false;
  }
  return tty().isatty(descriptor);
}

/**
 * Is rr in the foreground process group of a terminal, so that what the keyboard sends comes to
 * the command as well? From /proc/self/stat: process group and the terminal's foreground group.
 */
function isSharingForeground() {
  try {
    const stat = fs.readFileSync('/proc/self/stat', 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[2] === fields[5] && fields[4] !== '0';
  } catch (error) {
    return isTerminal(0);
  }
}

/** Columns of the terminal on `descriptor`; COLUMNS if set; 80 if neither tells. */
function readColumns(descriptor) {
  const fromVariable = Number(process.env.COLUMNS);
  if (Number.isInteger(fromVariable) && fromVariable > 0) return fromVariable;
  if (!isTerminal(descriptor)) return 80;
  const columns = (descriptor === 1 ? process.stdout : process.stderr).columns;
  return columns > 20 ? columns : 80;
}

/** Prints data to standard output. A reader that went away ends rr quietly: false. */
function printOut(text) {
  try {
    writeAll(1, Buffer.from(text, 'latin1'));
    return true;
  } catch (error) {
    if (errorCode(error) === 'EPIPE') return false;
    throw error;
  }
}

/** Prints a line for the person at standard error. Where that cannot be written, there is no one to tell. */
function tell(line) {
  try {
    writeAll(2, Buffer.from(makeHarmless(line) + '\n', 'latin1'));
  } catch (error) {
    if (['EPIPE', 'EBADF', 'EIO', 'ENOSPC'].indexOf(errorCode(error)) < 0) throw error;
  }
}

/**
 * Keeps the terminal from turning LF into CR LF until the function is called that this returns,
 * which gives it back all the modes it had. script(1) does the same, but it ends, and undoes it,
 * before the last that went through it is shown. undefined if the terminal does not do so, or if
 * its foreground is another's.
 */
function holdTerminalModes() {
  if (!isSharingForeground()) return undefined;
  const line = 'stty -g && case " $(stty -a | tr "\\n;" "  ") " in *" onlcr "*) stty -onlcr ;; *) exit 1 ;; esac';
  const done = childProcess().spawnSync('/bin/sh', ['-c', line], { encoding: 'latin1', stdio: [0, 'pipe', 'ignore'] });
  if (done.status !== 0) return undefined;
  return () => {
    childProcess().spawnSync('stty', [done.stdout.trim()], { stdio: [0, 'ignore', 'ignore'] });
  };
}

/** How script(1) is called here, and which descriptors get the new terminal. */
// type TerminalPlan = { flavour: 'util-linux' | 'bsd'; stdin: boolean; stdout: boolean; stderr: boolean };

function isPipe(descriptor) {
  const stat = fs.fstatSync(descriptor);
  return stat.isFIFO() || stat.isSocket();
}

/**
 * How to give a command a terminal of its own, so that it behaves as on the one rr writes to
 * (docs/rr.1, TERMINALS); undefined if there is no script(1) that can, and where the output goes on
 * to another program: that one may use the terminal too (a pager), and script would take its keys.
 */
function planTerminal() {
  const plan = { stdin: isTerminal(0), stdout: isTerminal(1), stderr: isTerminal(2) };
  if (!plan.stdout && isPipe(1)) return undefined;
  if (process.platform === 'darwin' || /bsd$/.test(process.platform)) return { flavour: 'bsd', ...plan };
  const version = childProcess().spawnSync('script', ['--version'], { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] });
  return version.status === 0 && /util-linux/.test(version.stdout) ? { flavour: 'util-linux', ...plan } : undefined;
}

// ==== src/sys/hash.ts ============================================================================
// hash.ts - SHA-256 (FIPS 180-4) of files, in bounded memory. Knows no records.

const SMALL_BYTES = 1 << 16;
const CHUNK_BYTES = 1 << 20;
// Below this a second thread costs more to start (about 15 ms) than it saves.
const WORKER_MIN_BYTES = 48 << 20;
const WORKER_MIN_FILES = 1500;

let smallBuffer;
let chunkBuffer;

/** SHA-256 of bytes, 64 lower-case hex digits. */
function hashBytes(bytes) {
  return crypto().createHash('sha256').update(bytes, 'latin1').digest('hex');
}

// type OneShot = (algorithm: string, data: Buffer, encoding: string) => string;

/** Hash of all that can be read. A file that has the size it said is at its end; the caller looks again. */
function hashDescriptor(fd, sizeBytes) {
  smallBuffer = smallBuffer ?? Buffer.allocUnsafeSlow(SMALL_BYTES);
  const got = fs.readSync(fd, smallBuffer, 0, SMALL_BYTES, null);
  const data = smallBuffer.subarray(0, got);
  const oneShot = (crypto()).hash;
  if (got === sizeBytes && got < SMALL_BYTES && oneShot !== undefined) return oneShot('sha256', data, 'hex');
  const hash = crypto().createHash('sha256').update(data);
  if (got === sizeBytes && got < SMALL_BYTES) return hash.digest('hex');
  chunkBuffer = chunkBuffer ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
  // A short read need not be the end (a FUSE file, say): only another read that gives 0 is.
  for (;;) {
    const n = fs.readSync(fd, chunkBuffer, 0, CHUNK_BYTES, null);
    if (n === 0) return hash.digest('hex');
    hash.update(n === CHUNK_BYTES ? chunkBuffer : chunkBuffer.subarray(0, n));
  }
}

/** What reading a file came to. 'changing': it was written to while it was read, twice. */
// type HashOutcome =
//   | { kind: 'hashed'; hash: string; size: number }
//   | { kind: 'gone' | 'unreadable' | 'changing' | 'not-regular' };

/**
 * SHA-256 of a regular file. Never blocks on a FIFO and never follows a last link to a device:
 * what is not a regular file is 'not-regular'. A file that changes meanwhile is read once more.
 */
function hashRegularFile(name) {
  let fd;
  try {
    fd = fs.openSync(toFsPath(name), fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].indexOf(errorCode(error)) >= 0) return { kind: 'gone' };
    if (['ENXIO', 'ENODEV', 'EISDIR'].indexOf(errorCode(error)) >= 0) return { kind: 'not-regular' };
    if (['EACCES', 'EPERM', 'ELOOP', 'EIO', 'ENAMETOOLONG', 'ETXTBSY', 'EBUSY', 'ESTALE'].indexOf(errorCode(error)) >= 0) return { kind: 'unreadable' };
    throw error;
  }
  try {
    return hashOpenFile(fd);
  } catch (error) {
    if (['EIO', 'EISDIR', 'EACCES', 'EPERM', 'ESTALE', 'ENODATA'].indexOf(errorCode(error)) >= 0) return { kind: 'unreadable' };
    throw error;
  } finally {
    fs.closeSync(fd);
  }
}

function hashOpenFile(fd) {
  const before = fs.fstatSync(fd);
  if (!before.isFile()) return { kind: 'not-regular' };
  const hash = hashDescriptor(fd, before.size);
  const after = fs.fstatSync(fd);
  if (before.size === after.size && before.mtimeMs === after.mtimeMs) return { kind: 'hashed', hash, size: after.size };
  return { kind: 'changing' };
}

function kindOf(stat) {
  if (stat.isFile()) return (stat.mode & 0o100) !== 0 ? 'x' : '';
  if (stat.isSymbolicLink()) return 'l';
  if (stat.isDirectory()) return 'd';
  if (stat.isFIFO()) return 'p';
  if (stat.isSocket()) return 's';
  return stat.isBlockDevice() ? 'b' : 'c';
}

/** A file as it is now, without its hash ('-' where there is no content, '?' where there is). */
function describeFile(name, path) {
  const stat = lstatIfThere(name);
  if (stat === undefined) return undefined;
  const kind = kindOf(stat);
  if (kind === 'l') {
    const target = fs.readlinkSync(toFsPath(name), 'latin1');
    return { hash: hashBytes(target), size: target.length, kind, path };
  }
  if (kind === '' || kind === 'x') return { hash: '?', size: stat.size, kind, path };
  return { hash: '-', size: 0, kind, path };
}

// type HashRequest = { name: ByteString; sizeBytes: number };

/**
 * Outcomes for many files, in their order. Many or large ones are shared with a second thread:
 * on two cores one main thread and one worker beat two workers.
 */
async function hashFiles(requests) {
  let totalBytes = 0;
  for (const request of requests) totalBytes += request.sizeBytes;
  if (requests.length < 2 || (totalBytes < WORKER_MIN_BYTES && requests.length < WORKER_MIN_FILES)) {
    return requests.map((request) => hashWithRetry(request.name));
  }
  return shareWithWorker(requests);
}

/** hashRegularFile, a second time if the file changed meanwhile. */
function hashWithRetry(name) {
  const outcome = hashRegularFile(name);
  return outcome.kind === 'changing' ? hashRegularFile(name) : outcome;
}

// State of the shared queue, one Int32 each. next: index in `order` that nobody has taken yet.
// results: 33 bytes a file: a flag (1 = hash follows), and the hash.
// type SharedQueue = { next: Int32Array; results: Uint8Array };
const RESULT_BYTES = 33;

/**
 * Runs in the worker, which gets this function as text: it must not use anything of this file.
 * What it cannot read plainly it leaves to the main thread, which knows what to say of it.
 */
function hashInWorker() {
  const worker = require('worker_threads');
  const files = require('fs');
  const hashing = require('crypto');
  const { names, sizes, order, nextBuffer, resultBuffer } = worker.workerData;
  const next = new Int32Array(nextBuffer);
  const results = new Uint8Array(resultBuffer);
  const buffer = Buffer.allocUnsafeSlow(1 << 20);
  for (let turn = Atomics.add(next, 0, 1); turn < order.length; turn = Atomics.add(next, 0, 1)) {
    const index = order[turn];
    let fd = -1;
    try {
      fd = files.openSync(/^[\x00-\x7f]*$/.test(names[index]) ? names[index] : Buffer.from(names[index], 'latin1'), files.constants.O_RDONLY | files.constants.O_NONBLOCK);
      const before = files.fstatSync(fd);
      if (!before.isFile() || before.size !== sizes[index]) continue;
      let n = files.readSync(fd, buffer, 0, buffer.length, null);
      const isWhole = n === before.size && n < buffer.length;
      const isOneShot = isWhole && hashing.hash !== undefined;
      const hash = isOneShot ? undefined : hashing.createHash('sha256');
      for (; n > 0 && !isOneShot; n = isWhole ? 0 : files.readSync(fd, buffer, 0, buffer.length, null)) {
        hash.update(n === buffer.length ? buffer : buffer.subarray(0, n));
      }
      const digest = isOneShot ? hashing.hash('sha256', buffer.subarray(0, n), 'buffer') : hash.digest();
      const after = files.fstatSync(fd);
      if (before.size !== after.size || before.mtimeMs !== after.mtimeMs) continue;
      results.set(digest, index * 33 + 1);
      results[index * 33] = 1;
    } catch (error) {
      continue;
    } finally {
      if (fd >= 0) files.closeSync(fd);
    }
  }
}

async function shareWithWorker(requests) {
  // Largest first, so that no thread is left alone with a large file at the end.
  const order = requests.map((_, i) => i).sort((a, b) => requests[b].sizeBytes - requests[a].sizeBytes || a - b);
  const nextBuffer = new SharedArrayBuffer(4);
  const resultBuffer = new SharedArrayBuffer(requests.length * RESULT_BYTES);
  const queue = { next: new Int32Array(nextBuffer), results: new Uint8Array(resultBuffer) };
  const workerData = { names: requests.map((request) => request.name), sizes: requests.map((request) => request.sizeBytes), order, nextBuffer, resultBuffer };
  const finished = startWorker('(' + hashInWorker.toString() + ')()', workerData);
  await new Promise((resolve) => setImmediate(resolve));
  const outcomes = new Array(requests.length);
  for (let turn = Atomics.add(queue.next, 0, 1); turn < order.length; turn = Atomics.add(queue.next, 0, 1)) {
    outcomes[order[turn]] = hashWithRetry(requests[order[turn]].name);
  }
  await finished;
  for (let i = 0; i < requests.length; i++) {
    if (outcomes[i] !== undefined) continue;
    const at = i * RESULT_BYTES;
    const hash = Buffer.from(resultBuffer, at + 1, 32).toString('hex');
    outcomes[i] = queue.results[at] === 1
      ? { kind: 'hashed', hash, size: requests[i].sizeBytes }
      : hashWithRetry(requests[i].name);
  }
  return outcomes;
}

/** Resolves when the worker is through, or could not be had: what it did not do is done by others. */
function startWorker(source, workerData) {
  return new Promise((resolve) => {
    try {
      const worker = new (workerThreads().Worker)(source, { eval: true, workerData });
      worker.on('exit', () => resolve());
      worker.on('error', () => resolve());
    } catch (error) {
      resolve();
    }
  });
}

// ==== src/sys/scan.ts ============================================================================
// scan.ts - which files of a project a run changed or read: by stat before and after. Hashes nothing.

/** What tells one state of a file from another. Times in milliseconds with fractions. */
// type Seen = { size: number; mtimeMs: number; ctimeMs: number; atimeMs: number; ino: number; mode: number; isFolder: boolean };

/** Path relative to the project -> what was seen there. */
// type Snapshot = Map<ByteString, Seen>;

// Never part of a project's data: rr's own, and version control.
const LEFT_OUT = new Set(['.rr', '.git', '.hg', '.svn', '.bzr', '.jj', '.fslckout', '_FOSSIL_', 'provenance']);

function see(stat) {
  return { size: stat.size, mtimeMs: stat.mtimeMs, ctimeMs: stat.ctimeMs, atimeMs: stat.atimeMs, ino: stat.ino, mode: stat.mode, isFolder: stat.isDirectory() };
}

/** Is this path (relative to the project) never looked at? Version control counts at any depth. */
function isLeftOut(path) {
  const parts = path.split('/');
  return parts[0] === 'provenance' || parts.some((part) => part !== 'provenance' && LEFT_OUT.has(part));
}

/**
 * Every file and folder below `root` but those left out. Links are not followed. A folder that
 * cannot be read, and a name that this runtime cannot pass on, is added to `unreadable`.
 */
function takeSnapshot(root, unreadable) {
  const snapshot = new Map();
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const name of namesIn(root, folder, unreadable)) {
      if (LEFT_OUT.has(name) && (name !== 'provenance' || folder === '')) continue;
      const path = folder + name;
      const stat = lstatIfThere(root + '/' + path);
      if (stat === undefined) {
        // Deno gives names that are not UTF-8 with U+FFFD in them, and then does not find them.
        if (name.indexOf('\xef\xbf\xbd') >= 0) unreadable.push(path);
        continue;
      }
      const seen = see(stat);
      snapshot.set(path, seen);
      if (seen.isFolder) folders.push(path + '/');
    }
  }
  return snapshot;
}

function namesIn(root, folder, unreadable) {
  try {
    return fs.readdirSync(toFsPath(root + '/' + folder), 'latin1');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].indexOf(errorCode(error)) >= 0) return [];
    if (['EACCES', 'EPERM', 'EIO', 'ESTALE', 'ENOTCONN', 'EHOSTDOWN', 'ETIMEDOUT', 'ENAMETOOLONG'].indexOf(errorCode(error)) < 0) throw error;
    unreadable.push(folder);
    return [];
  }
}

// type Changes = { written: ByteString[]; removed: ByteString[]; newFolders: ByteString[] };

/**
 * What differs between two snapshots, each list sorted by bytes. A file counts as written if its
 * content or mode may have changed: size, mtime, ctime (a tool that puts the mtime back), inode.
 * After resetAccessTimes every ctime has moved, so then it must be ignored.
 */
function compareSnapshots(before, after, ignoreCtime) {
  const changes = { written: [], removed: [], newFolders: [] };
  for (const [path, now] of after) {
    const then = before.get(path);
    if (now.isFolder) {
      if (then === undefined || !then.isFolder) changes.newFolders.push(path);
    } else if (then === undefined || then.isFolder || then.size !== now.size || then.mtimeMs !== now.mtimeMs || then.ino !== now.ino
      || then.mode !== now.mode || (!ignoreCtime && then.ctimeMs !== now.ctimeMs)) {
      changes.written.push(path);
    }
  }
  for (const path of before.keys()) if (!after.has(path)) changes.removed.push(path);
  changes.written.sort();
  changes.removed.sort();
  changes.newFolders.sort();
  return changes;
}

// An access time this old is before any modification time, so that with "relatime" the next read
// moves it, whatever else is true of the file.
const OLD_TIME = '200001010000.00';
const OLD_TIME_LIMIT_MS = Date.UTC(2000, 0, 3);

/**
 * Sets the access times of all regular files back, so that a later read shows (docs/rr.1, --trace
 * atime). touch(1) is used because Node's utimes cuts the modification time to microseconds.
 * Returns why it does not work here, or undefined if it does.
 */
function resetAccessTimes(root, snapshot, probeName) {
  const reason = probeAccessTimes(probeName);
  if (reason !== undefined) return reason;
  const names = [];
  for (const [path, seen] of snapshot) {
    if ((seen.mode & 0o170000) !== 0o100000) continue;
    if (toText(path).indexOf('\ufffd') >= 0) return 'a file name is not UTF-8';
    names.push('./' + toText(path));
  }
  for (let i = 0; i < names.length; i += 500) {
    const done = childProcess().spawnSync('touch', ['-a', '-t', OLD_TIME, '--'].concat(names.slice(i, i + 500)), { cwd: toText(root), stdio: 'ignore' });
    if (done.status !== 0) return 'access times of some files cannot be set (not their owner?)';
  }
  return undefined;
}

function probeAccessTimes(probeName) {
  try {
    fs.writeFileSync(toFsPath(probeName), 'probe\n');
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return 'it cannot be tried whether access times are kept';
  }
  try {
    const done = childProcess().spawnSync('touch', ['-a', '-t', OLD_TIME, toText(probeName)], { stdio: 'ignore' });
    if (done.status !== 0) return 'touch(1) does not work';
    fs.readFileSync(toFsPath(probeName));
    return fs.statSync(toFsPath(probeName)).atimeMs < OLD_TIME_LIMIT_MS ? 'the file system keeps no access times (noatime)' : undefined;
  } finally {
    fs.unlinkSync(toFsPath(probeName));
  }
}

/** Files whose access time moved since resetAccessTimes, sorted by bytes. */
function findRead(after) {
  const read = [];
  for (const [path, seen] of after) {
    if ((seen.mode & 0o170000) === 0o100000 && seen.atimeMs >= OLD_TIME_LIMIT_MS) read.push(path);
  }
  return read.sort();
}

// ==== src/sys/hashcache.ts =======================================================================
// hashcache.ts - hashes of files that have not changed since they were read. Without it all is the same, later.
//
// Lines of "HASH DEV INO SIZE MTIME CTIME PATH", appended; a line is true as long as all of these are.
// A file that was written just before it was hashed may be written again within the same tick of
// the clock, with the same size; so what is too fresh is not kept (git calls such files racy).

const TICK_MS = 40; // four times the coarsest tick of Linux
const COARSE_TICK_MS = 2100; // file systems that keep whole or even seconds
const LIMIT_BYTES = 64 << 20;
const SEARCHES_BEFORE_MAP = 20;

// type CachedStats = import('fs').Stats;

/** All by which a file is known to be unchanged, as text: " DEV INO SIZE MTIME CTIME PATH". */
function statKeyOf(stat, name) {
  return ' ' + [stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(' ') + ' ' + encodeText(name);
}

function isSettled(stat) {
  const nowMs = readUtcMicros() / 1000;
  const tickMs = stat.mtimeMs % 1000 === 0 ? COARSE_TICK_MS : TICK_MS;
  return stat.mtimeMs < nowMs - tickMs && stat.ctimeMs < nowMs - TICK_MS;
}

class HashCache {
  // private readonly name: ByteString;
  // private text: ByteString | undefined;
  // private map: Map<ByteString, string> | undefined;
  searches = 0;
  added = '';
  constructor(name) {
    this.name = name;
  }

  /** Hash of the file as it is now, if it is known. */
  find(stat, name) {
    this.text = this.text ?? readBytesIfThere(this.name) ?? '';
    this.searches += 1;
    const key = statKeyOf(stat, name);
    if (this.searches > SEARCHES_BEFORE_MAP) return this.asMap(this.text).get(key);
    const at = this.text.indexOf(key + '\n');
    const hash = at >= 64 ? this.text.slice(at - 64, at) : '';
    return /^[0-9a-f]{64}$/.test(hash) ? hash : undefined;
  }

  asMap(text) {
    if (this.map === undefined) {
      this.map = new Map();
      for (const line of text.split('\n')) if (line.length > 64) this.map.set(line.slice(64), line.slice(0, 64));
    }
    return this.map;
  }

  /** Notes the hash of a file that had these stats before and after it was read. */
  add(stat, name, hash) {
    if (isSettled(stat)) this.added += hash + statKeyOf(stat, name) + '\n';
  }

  /** Writes what was added. Where that cannot be, it is forgotten: it is only a cache. */
  save() {
    if (this.added === '') return;
    try {
      fs.appendFileSync(toFsPath(this.name), Buffer.from(this.added, 'latin1'));
      if (fs.statSync(toFsPath(this.name)).size > LIMIT_BYTES) removeIfThere(this.name);
    } catch (error) {
      if (['EACCES', 'EROFS', 'ENOSPC', 'ENOENT', 'ENOTDIR', 'EPERM', 'EDQUOT', 'EFBIG', 'EIO'].indexOf(errorCode(error)) < 0) throw error;
    }
    this.added = '';
  }
}

// ==== src/sys/process.ts =========================================================================
// process.ts - runs the command: its streams, signals, end and cost. Knows no records.

// type CommandRequest = {
//   /** Runs in rr's own current folder: Node can name no folder whose name is not UTF-8. */
//   argv: ByteString[];
//   /** What the command gets, or gets in the end, as its standard streams: rr's own are 0, 1 and 2. */
//   descriptors: { stdin: number; stdout: number; stderr: number };
//   /** 'inherit': the command has the descriptor itself. 'keep': rr passes on to it and keeps a copy. 'keep-only': rr keeps it and passes nothing on. */
//   stdout: StreamPlan;
//   stderr: StreamPlan;
//   /** Give the command a terminal of its own through script(1) where rr's output is a terminal. */
//   terminal: TerminalPlan | undefined;
//   /** Name without extension of the files that keep the streams: + .out, .err, .order. */
//   logName: ByteString;
//   /** Folder of FIFOs that runs leave for one another. */
//   pipePool: ByteString;
//   timeoutMs: number | undefined;
//   /** Called once with the command's process id, if it could be started. */
//   onStart: (pid: number) => void;
//   /** Called once while the command runs, or at its end; for work that need not wait for the end. */
//   meanwhile: () => void;
//   /** A tracer that starts the command and writes what it sees to a file. */
//   tracer: TracerRequest | undefined;
//   /** Descriptors from 3 up that rr was given and the command is to have, too. */
//   inherited: number[];
// };

// type StreamPlan = 'inherit' | 'keep' | 'keep-only';

// type TracerRequest = {
//   /** Command line of the tracer that writes to `output`; the command's own words follow. */
//   prefix: (output: ByteString) => ByteString[];
//   /** Gets what the tracer writes, as it comes. */
//   feed: (text: ByteString) => void;
//   /** Has the command's end been seen by the tracer? */
//   isMainEnded: () => boolean;
//   /** Number of processes that the tracer still sees. */
//   countAlive: () => number;
// };

// type CommandEnd = {
//   /** As a shell gives it: 127 not found, 126 not executable, 128+n signal n. */
//   exit: number;
//   signal?: string;
//   /** It could not be started at all: why. */
//   startFailure?: string;
//   wallMs: number;
//   userS?: number;
//   systemS?: number;
//   peakMemoryBytes?: number;
//   /** Signals that reached rr while it ran. */
//   signalsSeen: string[];
//   isTimedOut: boolean;
//   /** Something that the command started goes on and holds its streams. */
//   isHeld: boolean;
//   /** What was not kept of the streams, or not passed on, as sentences. */
//   logProblems: string[];
// };

// ---- arguments that are not UTF-8 ---------------------------------------------------------------

function isUtf8(bytes) {
  for (let at = 0; at < bytes.length;) {
    const length = utf8SequenceLength(bytes, at);
    if (length === 0) return false;
    at += length;
  }
  return true;
}

/**
 * What spawn() takes for these bytes. Node can pass only UTF-8 arguments; others are spelled for
 * printf in a line of shell, which then becomes the command by exec.
 */
function toSpawnArguments(argv) {
  if (argv.every(isUtf8)) return argv.map(toText);
  let script = '';
  const words = argv.map((argument, i) => {
    if (isUtf8(argument)) return '"${' + String(i + 1) + '}"';
    const octal = Array.from(argument, (c) => '\\' + c.charCodeAt(0).toString(8).padStart(3, '0')).join('');
    // Command substitution strips final newlines, so an x protects them.
    script += 'a' + String(i) + "=$(printf '" + octal + "x'); a" + String(i) + '=${a' + String(i) + '%x}; ';
    return '"$a' + String(i) + '"';
  });
  const positional = argv.map((argument) => (isUtf8(argument) ? toText(argument) : ''));
  return ['/bin/sh', '-c', script + 'exec ' + words.join(' '), 'sh'].concat(positional);
}

// ---- cost ---------------------------------------------------------------------------------------

const CLOCK_TICKS_PER_S = 100; // USER_HZ, the same on every Linux but two dead architectures

/** CPU time of all children waited for so far, from /proc/self/stat; undefined where there is none. */
function readChildrenCpu() {
  try {
    const stat = fs.readFileSync('/proc/self/stat', 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { userS: Number(fields[13]) / CLOCK_TICKS_PER_S, systemS: Number(fields[14]) / CLOCK_TICKS_PER_S };
  } catch (error) {
    return undefined;
  }
}

/** Process ids of all descendants of `pid` and itself, from /proc; [pid] where that does not tell. */
function listDescendants(pid) {
  const found = [pid];
  for (let i = 0; i < found.length; i++) {
    try {
      for (const task of fs.readdirSync('/proc/' + String(found[i]) + '/task')) {
        const children = fs.readFileSync('/proc/' + String(found[i]) + '/task/' + task + '/children', 'latin1');
        for (const child of children.split(' ')) if (child !== '') found.push(Number(child));
      }
    } catch (error) {
      continue; // it has ended meanwhile, or there is no /proc
    }
  }
  return found;
}

function readPeakMemoryBytes(pid) {
  try {
    const parts = /^VmHWM:\s+(\d+) kB/m.exec(fs.readFileSync('/proc/' + String(pid) + '/status', 'latin1'));
    return parts === null ? 0 : Number(parts[1]) * 1024;
  } catch (error) {
    return 0;
  }
}

/**
 * Samples the high-water marks of the command's processes. The pause is a twentieth of the time
 * gone by (2 to 100 ms), so that at most the last 5 % of a run go unseen, and never less than 50
 * times what a sample costs.
 */
class MemorySampler {
  peakBytes = 0;
  // private timer: ReturnType<typeof setTimeout> | undefined;
  // private readonly pid: number;
  // private readonly startMs: number;
  constructor(pid) {
    this.pid = pid;
    this.startMs = readMonotonicMs();
    this.sample();
  }
  sample() {
    const beginMs = readMonotonicMs();
    for (const pid of listDescendants(this.pid)) this.peakBytes = Math.max(this.peakBytes, readPeakMemoryBytes(pid));
    const nowMs = readMonotonicMs();
    const pauseMs = Math.max(2, Math.min(100, (nowMs - this.startMs) / 20), (nowMs - beginMs) * 50);
    this.timer = setTimeout(() => this.sample(), pauseMs);
  }
  stop() {
    if (this.timer !== undefined) clearTimeout(this.timer);
  }
}

// ---- streams ------------------------------------------------------------------------------------

// type StreamName = 'out' | 'err';

/** Keeps what the command prints, with the order in which the two streams were seen. */
class LogKeeper {
  /** What was not kept or not passed on, as sentences. */
  problems = [];
  isBroken = false;
  // private readonly name: ByteString;
  files = {};
  order = '';
  // private last: StreamName | undefined;
  lastBytes = 0;
  constructor(name) {
    this.name = name;
  }
  keep(stream, data) {
    if (this.isBroken) return;
    try {
      if (this.files[stream] === undefined) this.files[stream] = fs.openSync(toFsPath(this.name + '.' + stream), 'w');
      writeAll(this.files[stream], data);
      this.note(stream, data.length);
    } catch (error) {
      this.isBroken = true;
      this.problems.push('the log is incomplete: cannot write it: ' + (error).message);
    }
  }
  note(stream, bytes) {
    if (this.last !== stream) this.flushOrder();
    this.last = stream;
    this.lastBytes += bytes;
  }
  flushOrder() {
    if (this.last !== undefined) this.order += this.last + ' ' + String(this.lastBytes) + '\n';
    this.lastBytes = 0;
    // A program that alternates for days must not fill the memory.
    if (this.order.length > 1 << 16) this.writeOrder();
  }
  writeOrder() {
    fs.appendFileSync(toFsPath(this.name + '.order'), this.order);
    this.order = '';
  }
  close() {
    try {
      if (this.files.out !== undefined && this.files.err !== undefined) {
        this.flushOrder();
        this.writeOrder();
      }
      for (const stream of Object.keys(this.files)) {
        fs.fsyncSync(this.files[stream]);
        fs.closeSync(this.files[stream]);
      }
    } catch (error) {
      this.problems.push('the log is incomplete: cannot write it: ' + (error).message);
    }
  }
}

/** A pipe with both ends open in this process: read end for rr, write end for the command. */
// type Pipe = { read: number; write: number; name: ByteString; isAtEnd: boolean };

/** Takes FIFOs that an earlier run has left, and makes what is missing. Their names are now logName.pN. */
function claimFifos(logName, pool, count) {
  const names = [];
  for (const spare of listFolder(pool)) {
    if (names.length === count) return names;
    const name = logName + '.p' + String(names.length + 1);
    try {
      fs.renameSync(toFsPath(pool + '/' + spare), toFsPath(name));
      names.push(name);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error; // another run took it
    }
  }
  const missing = [];
  while (names.length + missing.length < count) missing.push(logName + '.p' + String(names.length + missing.length + 1));
  const maker = toSpawnArguments(['mkfifo', '-m', '600'].concat(missing));
  if (missing.length > 0 && childProcess().spawnSync(maker[0], maker.slice(1), { stdio: 'ignore' }).status !== 0) return [];
  return names.concat(missing);
}

/**
 * Real pipes, by way of FIFOs. Those that spawn() makes are sockets, and a command cannot open
 * /dev/stdout or /dev/stderr if that is a socket. [] where FIFOs cannot be had. They are used again
 * by later runs, because a process to make one costs as much as the rest of a short recording.
 */
function openPipes(logName, pool, count) {
  // Bun loses what comes through a descriptor that it was given, Deno refuses it.
  if (process.versions.bun !== undefined || process.versions.deno !== undefined) return [];
  try {
    const pipes = claimFifos(logName, pool, count).map((name) => {
      const read = fs.openSync(toFsPath(name), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
      return { read, write: fs.openSync(toFsPath(name), fs.constants.O_WRONLY), name, isAtEnd: false };
    });
    if (pipes.every((pipe) => fs.fstatSync(pipe.read).isFIFO())) return pipes;
    for (const pipe of pipes) releasePipe(pipe, pool);
    return [];
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return [];
  }
}

/** Leaves a FIFO for a later run if nobody can write to it any more, else removes it. */
function releasePipe(pipe, pool) {
  try {
    if (!pipe.isAtEnd) removeIfThere(pipe.name);
    else {
      makeFolder(pool);
      fs.renameSync(toFsPath(pipe.name), toFsPath(pool + pipe.name.slice(pipe.name.lastIndexOf('/'))));
    }
  } catch (error) {
    if (errorCode(error) === '') throw error; // a FIFO that is left over harms nothing
  }
}

function openReader(fd) {
  return new (net().Socket)({ fd, readable: true, writable: false });
}

// type Reader = import('stream').Readable;

/** Writes all of it; meanwhile signals and timers are served, even if nobody reads for hours. */
function writeLater(descriptor, data) {
  return new Promise((resolve) => {
    const go = (from) => fs.write(descriptor, data, from, data.length - from, null, (error, written) => {
      if (error !== null && errorCode(error) === 'EAGAIN') setTimeout(() => go(from), 1);
      else if (error !== null) resolve(error);
      else if (from + written < data.length) go(from + written);
      else resolve(undefined);
    });
    go(0);
  });
}

/**
 * Passes a stream on to `descriptor`, if there is one, and into the log. When nobody reads rr's output any
 * more, the command's pipe is closed too, so that it meets SIGPIPE as it would without rr. `line`
 * is where the streams queue that go to the same file, to come out in the order they came in.
 */
function passOn(output, descriptor, log, line) {
  const { reader } = output;
  reader.on('error', () => reader.destroy());
  if (descriptor === undefined) {
    reader.on('data', (data) => log.keep(output.stream, data));
    return;
  }
  let isRefused = false;
  const write = async (data) => {
    const error = isRefused ? undefined : await writeLater(descriptor, data);
    output.isBusy = false;
    if (error === undefined) reader.resume();
    else {
      if (errorCode(error) !== 'EPIPE') log.problems.push('not all of the output could be passed on: ' + error.message);
      isRefused = errorCode(error) === 'EIO'; // the terminal is gone: the command goes on, and the log has it all
      if (isRefused) reader.resume();
      else reader.destroy();
    }
  };
  reader.on('data', (data) => {
    log.keep(output.stream, data);
    output.isBusy = true;
    reader.pause();
    line.last = line.last.then(() => write(data));
    output.written = line.last;
  });
}

// After the command's own end, what it started in the background may hold the pipes open for ever.
const QUIET_AFTER_EXIT_MS = 100;

/** A stream of the command that rr reads. isBusy: what came last is not yet passed on. */
// type Output = { stream: StreamName; reader: Reader; isClosed: boolean; isBusy: boolean; written: Promise<void> };

function isSameFile(one, other) {
  try {
    const [a, b] = [fs.fstatSync(one), fs.fstatSync(other)];
    return a.dev === b.dev && a.ino === b.ino;
  } catch (error) {
    return false; // one of them is closed
  }
}

function openOutputs(plumbing, child, log) {
  const lineOfOut = { last: Promise.resolve() };
  const lineOfErr = isSameFile(1, 2) ? lineOfOut : { last: Promise.resolve() };
  return plumbing.kept.map(({ stream, descriptor, from }) => {
    const reader = typeof from === 'object' ? openReader(from.read) : (from === 'child-stdout' ? child.stdout : child.stderr);
    const output = { stream, reader, isClosed: false, isBusy: false, written: Promise.resolve() };
    reader.on('end', () => { if (typeof from === 'object') from.isAtEnd = true; });
    reader.on('close', () => { output.isClosed = true; });
    passOn(output, descriptor, log, stream === 'out' ? lineOfOut : lineOfErr);
    return output;
  });
}

/**
 * After the command's end: resolves when all streams are at theirs, or no more came for a while; then
 * with true, because something that the command started still holds them.
 */
function drain(outputs) {
  return new Promise((resolve) => {
    let timer;
    const finish = (isHeld) => {
      if (timer !== undefined) clearTimeout(timer);
      for (const output of outputs) output.reader.destroy();
      void Promise.all(outputs.map((output) => output.written)).then(() => resolve(isHeld));
    };
    const rearm = () => {
      if (timer !== undefined) clearTimeout(timer);
      timer = setTimeout(() => (outputs.some((output) => output.isBusy) ? rearm() : finish(true)), QUIET_AFTER_EXIT_MS);
    };
    const check = () => { if (outputs.every((output) => output.isClosed)) finish(false); };
    for (const output of outputs) {
      output.reader.on('data', rearm);
      output.reader.on('close', check);
    }
    rearm();
    check();
  });
}

// ---- the trace ----------------------------------------------------------------------------------

// The tracer sees the command's end before rr does; this is for a machine that is very busy.
const LONGEST_WAIT_FOR_TRACE_MS = 10000;
const TRACE_POLL_MS = 20;

/** Where the tracer writes, and what reads it: a FIFO, or a file where FIFOs cannot be had. */
class TraceFeed {
  // readonly name: ByteString;
  // private readonly tracer: TracerRequest;
  // private readonly pool: ByteString;
  // private readonly pipe: Pipe | undefined;
  // private reader: import('net').Socket | undefined;
  file = -1;
  // private timer: ReturnType<typeof setInterval> | undefined;
  constructor(tracer, logName, pool) {
    this.tracer = tracer;
    this.pool = pool;
    this.pipe = openPipes(logName + '.trace', pool, 1)[0];
    this.name = this.pipe?.name ?? logName + '.strace';
    if (this.pipe !== undefined) this.readPipe(this.pipe);
    else this.readFile();
  }
  take(data) {
    this.tracer.feed(data.toString('latin1'));
  }
  readPipe(pipe) {
    this.reader = openReader(pipe.read);
    this.reader.on('data', (data) => this.take(data));
    this.reader.on('end', () => { pipe.isAtEnd = true; });
    this.reader.on('error', () => { pipe.isAtEnd = true; });
  }
  readFile() {
    fs.writeFileSync(toFsPath(this.name), '');
    this.file = fs.openSync(toFsPath(this.name), 'r');
    const buffer = Buffer.allocUnsafe(1 << 18);
    this.timer = setInterval(() => {
      for (let count = fs.readSync(this.file, buffer, 0, buffer.length, null); count > 0; count = fs.readSync(this.file, buffer, 0, buffer.length, null)) this.take(buffer.subarray(0, count));
    }, TRACE_POLL_MS);
  }
  isComplete() {
    if (this.pipe?.isAtEnd === true) return true;
    return this.tracer.isMainEnded() && this.tracer.countAlive() === 0;
  }
  /** After the command's end: waits for the rest, but not for what the command left in the background. */
  async finish() {
    // Opened while this process still holds the other end, or open() would wait for a writer.
    const spare = this.pipe === undefined ? -1 : fs.openSync(toFsPath(this.pipe.name), fs.constants.O_RDONLY);
    if (this.pipe !== undefined) fs.closeSync(this.pipe.write);
    let endMs = readMonotonicMs() + LONGEST_WAIT_FOR_TRACE_MS;
    while (!this.isComplete()) {
      const nowMs = readMonotonicMs();
      if (this.tracer.isMainEnded()) endMs = Math.min(endMs, nowMs + QUIET_AFTER_EXIT_MS);
      if (nowMs > endMs) break;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    this.release(spare);
  }
  release(spare) {
    if (this.timer !== undefined) clearInterval(this.timer);
    if (this.file >= 0) fs.closeSync(this.file);
    if (this.pipe === undefined) return removeIfThere(this.name);
    // The tracer must live on as long as what it traces, or the filter of system calls would have
    // every open() of it fail with ENOSYS; and it complains aloud when nobody reads.
    if (!this.pipe.isAtEnd && this.tracer.countAlive() > 0) {
      try {
        childProcess().spawn('cat', [], { stdio: [spare, 'ignore', 'ignore'], detached: true, cwd: '/' }).unref();
      } catch (error) {
        if (errorCode(error) === '') throw error; // no process to be had: it complains
      }
    }
    this.reader?.destroy();
    fs.closeSync(spare);
    // A FIFO that the tracer still writes to is not used again.
    if (this.tracer.countAlive() === 0) this.pipe.isAtEnd = true;
    releasePipe(this.pipe, this.pool);
  }
}

// ---- signals ------------------------------------------------------------------------------------

const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];
const FROM_KEYBOARD = ['SIGINT', 'SIGQUIT'];

/**
 * Makes signals sent to rr reach the command. Those of the keyboard come to both by themselves,
 * as both are in the terminal's foreground group; forwarding them would deliver them twice, unless
 * `isApart`. Returns a function that ends this.
 */
function forwardSignals(targetPid, isApart, seen) {
  const send = (signal) => {
    try {
      process.kill(targetPid(), signal);
    } catch (error) {
      if (errorCode(error) !== 'ESRCH') throw error;
    }
  };
  const handlers = [];
  for (const signal of FORWARDED) handlers.push([signal, () => { seen.push(signal); send(signal); }]);
  for (const signal of FROM_KEYBOARD) handlers.push([signal, () => { seen.push(signal); if (isApart || !isSharingForeground()) send(signal); }]);
  handlers.push(['SIGTSTP', () => { send('SIGTSTP'); process.kill(process.pid, 'SIGSTOP'); }]);
  handlers.push(['SIGCONT', () => send('SIGCONT')]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.removeListener(signal, handler);
  };
}

const KILL_AFTER_MS = 5000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** At the limit: SIGTERM to the command and all it started, and SIGKILL 5 s later. */
function armTimeout(pid, timeoutMs, isInTerminal, onHit) {
  let killer;
  const signalAll = (signal) => {
    // script(1), told to end, kills the command after 2 s: it is left to end by itself.
    for (const target of listDescendants(pid).slice(isInTerminal ? 1 : 0)) {
      try {
        process.kill(target, signal);
      } catch (error) {
        if (['ESRCH', 'EPERM'].indexOf(errorCode(error)) < 0) throw error;
      }
    }
  };
  let timer;
  // A timer holds at most 2^31 - 1 ms, 24.8 days: a longer limit is waited for in parts.
  const wait = (leftMs) => {
    timer = setTimeout(() => {
      if (leftMs > LONGEST_TIMER_MS) return wait(leftMs - LONGEST_TIMER_MS);
      onHit();
      signalAll('SIGTERM');
      signalAll('SIGCONT');
      killer = setTimeout(() => signalAll('SIGKILL'), KILL_AFTER_MS);
    }, Math.min(leftMs, LONGEST_TIMER_MS));
  };
  wait(timeoutMs);
  return () => {
    clearTimeout(timer);
    if (killer !== undefined) clearTimeout(killer);
  };
}

// ---- the command --------------------------------------------------------------------------------

function signalNumber(name) {
  const numbers = os().constants.signals;
  return numbers[name] ?? 0;
}

function signalName(number) {
  const numbers = os().constants.signals;
  return Object.keys(numbers).find((name) => numbers[name] === number);
}

/** The command as it runs in a terminal of its own: descriptors that were no terminal pass round it. */
function wrapInTerminal(argv, plan, isHeld) {
  const quote = (word) => "'" + word.replace(/'/g, "'\\''") + "'";
  const shell = process.env.SHELL;
  let line = shell === undefined ? 'unset SHELL; ' : 'SHELL=' + quote(shell) + '; export SHELL; ';
  // Without a terminal to read from, script(1) leaves the outer one as it is, and that one turns LF
  // into CR LF: the inner one must not do so as well.
  if (isHeld) line += 'stty onlcr <&' + (plan.stdout ? '1' : '2') + ' 2>/dev/null; ';
  if (!plan.stdin) line += 'stty -onlcr <&' + (plan.stdout ? '1' : '2') + ' 2>/dev/null; ';
  line += 'exec ' + argv.map(quote).join(' ');
  if (!plan.stdin) line += ' <&3';
  if (!plan.stdout) line += ' >&4';
  if (!plan.stderr) line += ' 2>&5';
  line += ' 3<&- 4>&- 5>&-';
  if (plan.flavour === 'bsd') return ['script', '-q', '/dev/null', '/bin/sh', '-c', line];
  return ['script', '-qefc', line, '/dev/null'];
}

/** A stream that is kept: its log, the descriptor that it is passed on to, and where it comes from. */
// type Kept = { stream: StreamName; descriptor: number | undefined; from: Pipe | 'child-stdout' | 'child-stderr' };

// type Plumbing = { trace: TraceFeed | undefined; stdio: (number | 'pipe' | 'ignore')[]; argv: string[]; env: NodeJS.ProcessEnv; kept: Kept[]; release: (() => void) | undefined; isApart: boolean };

function layPipes(request) {
  const trace = request.tracer === undefined ? undefined : new TraceFeed(request.tracer, request.logName, request.pipePool);
  const argv = toSpawnArguments(trace === undefined ? request.argv : (request.tracer).prefix(trace.name).concat(request.argv));
  const terminal = request.terminal;
  if (terminal !== undefined) return layTerminal(request, argv, terminal, trace);
  const wanted = [];
  if (request.stdout !== 'inherit') wanted.push('out');
  if (request.stderr !== 'inherit') wanted.push('err');
  const pipes = wanted.length === 0 ? [] : openPipes(request.logName, request.pipePool, wanted.length);
  const { stdin, stdout, stderr } = request.descriptors;
  const stdio = [stdin, stdout, stderr];
  const kept = wanted.map((stream, i) => {
    const [number, how, own] = stream === 'out' ? [1, request.stdout, stdout] : [2, request.stderr, stderr];
    stdio[number] = pipes.length === 0 ? 'pipe' : pipes[i].write;
    return { stream, descriptor: how === 'keep' ? own : undefined, from: pipes[i] ?? (stream === 'out' ? 'child-stdout' : 'child-stderr') };
  });
  for (const descriptor of request.inherited) {
    while (stdio.length < descriptor) stdio.push('ignore');
    stdio[descriptor] = descriptor;
  }
  return { trace, stdio, argv, env: process.env, kept, release: undefined, isApart: false };
}

/**
 * script(1) gives the command a terminal for those of its streams that were one; what it prints
 * there comes out of script's standard output. The other streams pass script by on 3, 4 and 5.
 * Unless script reads the keyboard it is set apart from it: Ctrl-C would have it kill the command.
 */
function layTerminal(request, argv, terminal, trace) {
  const release = terminal.stdin ? holdTerminalModes() : undefined;
  const kept = [{ stream: terminal.stdout ? 'out' : 'err', descriptor: terminal.stdout ? 1 : 2, from: 'child-stdout' }];
  const stdio = [terminal.stdin ? 0 : 'ignore', 'pipe', 2, 0, 1, 2];
  const isOutBeside = !terminal.stdout && request.stdout === 'keep';
  if (isOutBeside || (!terminal.stderr && request.stderr === 'keep')) {
    const pipe = openPipes(request.logName, request.pipePool, 1)[0];
    if (pipe !== undefined) {
      stdio[isOutBeside ? 4 : 5] = pipe.write;
      kept.push({ stream: isOutBeside ? 'out' : 'err', descriptor: isOutBeside ? 1 : 2, from: pipe });
    }
  }
  return { trace, stdio, argv: wrapInTerminal(argv, terminal, release !== undefined), release, isApart: !terminal.stdin, env: Object.assign({}, process.env, { SHELL: '/bin/sh' }), kept };
}

/** The FIFOs among the streams that are kept. */
function pipesOf(plumbing) {
  return plumbing.kept.map((kept) => kept.from).filter((from) => typeof from === 'object');
}

const MEANWHILE_AFTER_MS = 30;

// type Ended = { code: number | null; signal: string | null; error?: Error };

function startFailureOf(error) {
  const code = errorCode(error);
  // Node refuses an empty name by a code of its own.
  const isNotFound = code === 'ENOENT' || code === 'ENOTDIR' || code === 'ERR_INVALID_ARG_VALUE';
  const exit = isNotFound ? 127 : 126;
  const what = { EACCES: 'permission denied', E2BIG: 'argument list too long', ENOEXEC: 'not a program' };
  return { exit, startFailure: isNotFound ? 'not found' : what[code] ?? error.message };
}

function startCommand(plumbing) {
  try {
    const child = childProcess().spawn(plumbing.argv[0], plumbing.argv.slice(1), {
      stdio: plumbing.stdio, env: plumbing.env, detached: plumbing.isApart,
    });
    const ended = new Promise((resolve) => {
      child.on('error', (error) => resolve({ code: null, signal: null, error }));
      child.on('exit', (code, signal) => resolve({ code, signal }));
    });
    return { child, ended };
  } catch (error) {
    return { error: error };
  } finally {
    for (const pipe of pipesOf(plumbing)) fs.closeSync(pipe.write);
  }
}

/** Waits for the end; calls `meanwhile` if that takes some time. */
async function waitFor(ended, meanwhile) {
  // Not at once: a short command is watched better, and ends before, if nothing else goes on.
  const later = setTimeout(meanwhile, MEANWHILE_AFTER_MS);
  const end = await ended;
  clearTimeout(later);
  return end;
}

/**
 * Runs the command to its end. Its streams are passed on live; signals reach it; what it cost is
 * measured as far as the system tells. Never throws for what the command does.
 */
async function runCommand(request) {
  const plumbing = layPipes(request);
  const log = new LogKeeper(request.logName);
  const cpuBefore = readChildrenCpu();
  const signalsSeen = [];
  let target = 0;
  let isTimedOut = false;
  // In a terminal of its own the command is the child of script(1), which would make SIGTERM of any signal.
  const findCommand = () => (request.terminal === undefined ? target : listDescendants(target)[1] ?? target);
  const stopForwarding = forwardSignals(() => (target === 0 ? process.pid : findCommand()), plumbing.isApart, signalsSeen);
  const startMs = readMonotonicMs();
  const started = startCommand(plumbing);
  if ('error' in started) {
    plumbing.release?.();
    await plumbing.trace?.finish();
    stopForwarding();
    return { ...startFailureOf(started.error), wallMs: 0, signalsSeen, isTimedOut, isHeld: false, logProblems: [] };
  }
  const outputs = openOutputs(plumbing, started.child, log);
  target = started.child.pid ?? 0;
  const sampler = target === 0 ? undefined : new MemorySampler(target);
  const disarm = target === 0 || request.timeoutMs === undefined ? undefined : armTimeout(target, request.timeoutMs, request.terminal !== undefined, () => { isTimedOut = true; });
  if (target !== 0) request.onStart(target);
  let isMeanwhileDone = false;
  const meanwhile = () => { if (!isMeanwhileDone) { isMeanwhileDone = true; request.meanwhile(); } };
  const end = await waitFor(started.ended, meanwhile);
  const wallMs = readMonotonicMs() - startMs;
  sampler?.stop();
  disarm?.();
  const [isHeld] = await Promise.all([drain(outputs), plumbing.trace?.finish()]);
  plumbing.release?.();
  for (const pipe of pipesOf(plumbing)) releasePipe(pipe, request.pipePool);
  stopForwarding();
  log.close();
  meanwhile();
  return describeEnd(end, { wallMs, cpuBefore, peak: sampler?.peakBytes ?? 0, signalsSeen, isTimedOut, logProblems: log.problems, isInTerminal: request.terminal !== undefined, isHeld });
}

// type Measured = { wallMs: number; cpuBefore: { userS: number; systemS: number } | undefined; peak: number; signalsSeen: string[]; isTimedOut: boolean; logProblems: string[]; isInTerminal: boolean; isHeld: boolean };

function describeEnd(end, measured) {
  const { wallMs, cpuBefore, peak, signalsSeen, isTimedOut, logProblems } = measured;
  const facts = { wallMs, signalsSeen, isTimedOut, logProblems, isHeld: measured.isHeld };
  if (end.error !== undefined) return { ...startFailureOf(end.error), ...facts };
  const cpuAfter = readChildrenCpu();
  const cost = {};
  if (cpuBefore !== undefined && cpuAfter !== undefined) {
    cost.userS = Math.round((cpuAfter.userS - cpuBefore.userS) * 100) / 100;
    cost.systemS = Math.round((cpuAfter.systemS - cpuBefore.systemS) * 100) / 100;
  }
  if (peak > 0) cost.peakMemoryBytes = peak;
  // script(1) tells of a signal only by the status.
  const signal = end.signal ?? (measured.isInTerminal ? signalName((end.code ?? 0) - 128) : undefined);
  if (signal !== undefined) return { exit: 128 + signalNumber(signal), signal, ...facts, ...cost };
  return { exit: end.code ?? 0, ...facts, ...cost };
}

// ==== src/sys/gitrepo.ts =========================================================================
// gitrepo.ts - a git repository read without git: where it is, HEAD, objects. Writes nothing.

/** Folders are absolute, without a final slash; `top` of a repository in / is ''. */
// type GitRepository = {
//   top: ByteString;
//   gitFolder: ByteString;
//   /** Where a linked worktree's objects, branches and configuration are; else the same as gitFolder. */
//   commonFolder: ByteString;
//   settings: GitSetting[];
//   algorithm: 'sha1' | 'sha256';
//   hashSizeBytes: number;
// };

/** `commit` is undefined before the first one; `branch` if HEAD is detached. */
// type GitHead = { commit: string | undefined; branch: ByteString | undefined };

const MOST_REFERENCES = 5; // as git follows symbolic ones
const MOST_ALTERNATES = 5;

/**
 * The repository whose work tree holds `start` (absolute). GIT_DIR and its like are not looked at:
 * they name a repository for a git command, not the one a program's files are in. undefined if there
 * is none, or only a bare one. Throws Failure if there is one that cannot be read.
 */
function findRepository(start) {
  for (let folder = start.replace(/\/+$/, ''); ; folder = folder.slice(0, folder.lastIndexOf('/'))) {
    const stat = statIfThere(folder + '/.git');
    if (stat !== undefined) {
      const found = openRepository(folder);
      if (found !== undefined) return found.isBare ? undefined : found.repository;
    }
    if (folder === '') return undefined;
  }
}

/** The repository of `top`/.git, which is a folder or a file that names one; undefined if it is neither. */
function openRepository(top) {
  const gitFolder = findGitFolder(top);
  if (gitFolder === undefined) return undefined;
  const common = readBytesIfThere(gitFolder + '/commondir');
  const commonFolder = common === undefined ? gitFolder : joinPath(gitFolder, common.replace(/\n+$/, ''));
  if (statIfThere(gitFolder + '/HEAD') === undefined || statIfThere(commonFolder + '/objects') === undefined) {
    if (gitFolder === top + '/.git') return undefined;
    throw new Failure('cannot read the git repository of "' + top + '": "' + gitFolder + '" is not a repository');
  }
  const settings = parseGitConfig(readBytesIfThere(commonFolder + '/config') ?? '');
  if (isGitTrue(findGitSetting(settings, 'extensions', '', 'worktreeconfig'), false)) {
    settings.push(...parseGitConfig(readBytesIfThere(gitFolder + '/config.worktree') ?? ''));
  }
  const isSha256 = findGitSetting(settings, 'extensions', '', 'objectformat') === 'sha256';
  const repository = {
    top, gitFolder, commonFolder, settings, algorithm: isSha256 ? 'sha256' : 'sha1', hashSizeBytes: isSha256 ? 32 : 20,
  };
  checkWorkTree(repository);
  // A linked worktree of a bare repository is none itself.
  const isBare = common === undefined && isGitTrue(findGitSetting(settings, 'core', '', 'bare'), false);
  return { repository, isBare };
}

function findGitFolder(top) {
  const name = top + '/.git';
  const stat = statIfThere(name);
  if (stat === undefined) return undefined;
  if (stat.isDirectory()) return name;
  if (!stat.isFile() || stat.size > 1 << 16) return undefined;
  const link = /^gitdir: ([^]+?)\n*$/.exec(readBytesIfThere(name) ?? '');
  if (link === null) throw new Failure('cannot read "' + name + '": it names no "gitdir:"');
  return joinPath(top, link[1]);
}

/** core.worktree may move the files elsewhere; then the folder of .git is no work tree of it. */
function checkWorkTree(repository) {
  const named = findGitSetting(repository.settings, 'core', '', 'worktree');
  if (named === undefined) return;
  const one = statIfThere(joinPath(repository.gitFolder, named));
  const other = statIfThere(repository.top + '/.');
  if (one === undefined || other === undefined || one.ino !== other.ino || one.dev !== other.dev) {
    throw new Failure('cannot read the git repository of "' + repository.top + '": core.worktree names another folder');
  }
}

function joinPath(folder, name) {
  return name.startsWith('/') ? name : folder + '/' + name;
}

/** Does the repository keep its references as reftable, of which readHead() knows nothing? */
function hasReftable(repository) {
  return findGitSetting(repository.settings, 'extensions', '', 'refstorage')?.startsWith('reftable') === true;
}

/** HEAD, where references are files. Throws Failure if it is damaged. */
function readHead(repository) {
  let branch;
  let text = readBytesIfThere(repository.gitFolder + '/HEAD') ?? '';
  for (let depth = 0; depth < MOST_REFERENCES; depth++) {
    const id = /^([0-9a-f]+)\s*$/.exec(text);
    if (id !== null && id[1].length === repository.hashSizeBytes * 2) return { commit: id[1], branch };
    const reference = /^ref:\s*(refs\/[^\n]*?)\s*$/.exec(text)?.[1];
    if (reference === undefined || /(?:^|\/)\.|\.\.|\/\/|[\0-\x1f]/.test(reference)) break;
    if (branch === undefined) branch = reference.replace(/^refs\/heads\//, '');
    const next = readReference(repository, reference);
    if (next === undefined) return { commit: undefined, branch };
    text = next;
  }
  throw new Failure('cannot read HEAD of "' + repository.top + '": it names no commit');
}

function readReference(repository, reference) {
  const isOwn = /^refs\/(?:bisect|worktree|rewritten)\//.test(reference);
  const name = (isOwn ? repository.gitFolder : repository.commonFolder) + '/' + reference;
  // "refs/heads/a" may be a folder that "refs/heads/a/b" left behind.
  if (statIfThere(name)?.isFile() === true) return readBytesIfThere(name);
  const packed = '\n' + (readBytesIfThere(repository.commonFolder + '/packed-refs') ?? '');
  const at = packed.indexOf(' ' + reference + '\n');
  return at < 0 ? undefined : packed.slice(packed.lastIndexOf('\n', at) + 1, at);
}

/**
 * The raw id of a commit's tree; undefined if the object is not found in a form that is known here.
 * Replacement objects (git-replace(1)) are not applied: the record names the commit, not its stand-in.
 */
function readTreeOfCommit(repository, commit) {
  const object = readGitObject(repository, commit);
  const tree = object?.kind === 'commit' ? /^tree ([0-9a-f]+)\n/.exec(object.body) : null;
  return tree === null || tree[1].length !== repository.hashSizeBytes * 2 ? undefined : bytesFromHex(tree[1]);
}

/** An object out of a loose file or a pack; undefined if it is not found in a form that is known here, or over 16 MiB. Its id is not checked. */
function readGitObject(repository, id) {
  for (const folder of listObjectFolders(repository.commonFolder + '/objects', MOST_ALTERNATES)) {
    const loose = readBytesIfThere(folder + '/' + id.slice(0, 2) + '/' + id.slice(2));
    if (loose !== undefined) {
      const bytes = inflateBytes(loose);
      return bytes === undefined ? undefined : parseLooseObject(bytes);
    }
    for (const name of listFolder(folder + '/pack')) {
      if (!name.endsWith('.idx')) continue;
      const object = readFromPack(folder + '/pack/' + name.slice(0, -4), bytesFromHex(id));
      if (object !== undefined) return object;
    }
  }
  return undefined;
}

function listObjectFolders(folder, depth) {
  const folders = [folder];
  const alternates = readBytesIfThere(folder + '/info/alternates');
  if (alternates === undefined || depth === 0) return folders;
  for (const line of alternates.split('\n')) {
    if (line !== '' && line[0] !== '#') folders.push(...listObjectFolders(joinPath(folder, line), depth - 1));
  }
  return folders;
}

/** Undoes zlib's deflate; undefined if it is damaged or comes to more than `mostBytes`. */
function inflateBytes(bytes, mostBytes = 32 << 20) {
  try {
    return zlib().inflateSync(Buffer.from(bytes, 'latin1'), { maxOutputLength: mostBytes }).toString('latin1');
  } catch (error) {
    // A damaged object: git will say so.
    return undefined;
  }
}

function readFromPack(stem, id) {
  return withFile(stem + '.idx', (readIdx) => {
    const offset = findInPackIndex(readIdx, id);
    if (offset === undefined) return undefined;
    return withFile(stem + '.pack', (read) => readPackedObject(read, offset, id.length,
      (bytes) => inflateBytes(bytes) ?? '', (base) => findInPackIndex(readIdx, base)));
  });
}

function withFile(name, use) {
  if (statIfThere(name)?.isFile() !== true) return undefined;
  const fd = fs.openSync(toFsPath(name), 'r');
  try {
    return use((offset, lengthBytes) => {
      const buffer = Buffer.alloc(lengthBytes);
      return buffer.toString('latin1', 0, fs.readSync(fd, buffer, 0, lengthBytes, offset));
    });
  } finally {
    fs.closeSync(fd);
  }
}

/** The raw id of an object. */
function hashGitObject(algorithm, kind, body) {
  const hash = crypto().createHash(algorithm);
  hash.update(kind + ' ' + String(body.length) + '\0', 'latin1');
  return hash.update(body, 'latin1').digest().toString('latin1');
}

// ==== src/sys/gitstatus.ts =======================================================================
// gitstatus.ts - which tracked files may differ from git's index. Starts no git and writes nothing.

// type Stats = import('fs').Stats;

/** The index and when its file was written; no entries if there is no file. */
// type ReadIndex = { index: GitIndex | 'unsupported'; mtimeMs: number };

function readGitIndex(repository) {
  let fd;
  try {
    fd = fs.openSync(toFsPath(repository.gitFolder + '/index'), 'r');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    return { index: { entries: [] }, mtimeMs: 0 };
  }
  try {
    const mtimeMs = fs.fstatSync(fd).mtimeMs;
    return { index: parseGitIndex(fs.readFileSync(fd, 'latin1'), repository.hashSizeBytes), mtimeMs };
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * `overlooked` are files that git was told not to look at and that differ all the same; `passedOver`
 * excluded ones that look changed.
 */
// type IndexComparison = { suspects: ByteString[]; overlooked: ByteString[]; passedOver: ByteString[]; submodules: GitEntry[] };

// type IndexCheck = {
//   repository: GitRepository;
//   indexMtimeMs: number;
//   hasModes: boolean;
//   trustsCtime: boolean;
//   isMinimal: boolean;
//   isSparse: boolean;
//   /** Whether each folder seen so far is one, and not a link to one. */
//   folders: Map<ByteString, boolean>;
//   /** The folder asked last: entries of one folder stand together. */
//   lastFolder: ByteString;
//   isLastReal: boolean;
// };

/**
 * Compares every entry with its file as git does (gitformat-index(5); racy-git.txt): same times,
 * size, inode and mode mean the same content, unless the file may have been written after the index.
 * In doubt the content is hashed. A suspect may still be no change for git, if a filter or the end
 * of line makes the difference; a name that is no suspect has the content of the index.
 * `isExcluded` is asked only of names that look changed.
 */
function compareWithFiles(repository, entries, indexMtimeMs,
  isExcluded) {
  const comparison = beginComparison(repository, indexMtimeMs);
  const result = { suspects: [], overlooked: [], passedOver: [], submodules: [] };
  for (const entry of entries) {
    if (entry.mode === GIT_LINK && entry.stage === 0) result.submodules.push(entry);
    else compareEntry(comparison, entry, isExcluded, result);
  }
  return result;
}

function beginComparison(repository, indexMtimeMs) {
  const core = (key) => findGitSetting(repository.settings, 'core', '', key);
  return {
    repository,
    indexMtimeMs,
    hasModes: isGitTrue(core('filemode'), true),
    trustsCtime: isGitTrue(core('trustctime'), true),
    isMinimal: core('checkstat')?.toLowerCase() === 'minimal',
    isSparse: isGitTrue(core('sparsecheckout'), false),
    folders: new Map([['', true]]),
    lastFolder: '',
    isLastReal: true,
  };
}

/** Has the file of an entry its content and mode now, bytes as they are? */
function hasContentOfEntry(repository, entry) {
  const stat = lstatIfThere(repository.top + '/' + entry.name);
  return stat !== undefined && isSameBlob(beginComparison(repository, 0), { ...entry, sizeBytes: 0 }, stat);
}

function compareEntry(comparison, entry, isExcluded, result) {
  const folder = parentOf(entry.name);
  if (folder !== comparison.lastFolder) {
    comparison.lastFolder = folder;
    comparison.isLastReal = isRealFolder(comparison, folder);
  }
  const stat = comparison.isLastReal ? lstatIfThere(comparison.repository.top + '/' + entry.name) : undefined;
  // A file left out of a sparse checkout is not there; if it is, git looks at it after all.
  if (entry.isSkipped && stat === undefined) return;
  const isToldNotToLook = entry.isAssumed || (entry.isSkipped && !comparison.isSparse);
  if (entry.stage === 0 && !entry.isIntended && stat !== undefined && isSameStat(comparison, entry, stat)) return;
  if (isExcluded(entry.name)) {
    result.passedOver.push(entry.name);
    return;
  }
  if (entry.stage === 0 && !entry.isIntended && stat !== undefined && isSameBlob(comparison, entry, stat)) return;
  const list = isToldNotToLook ? result.overlooked : result.suspects;
  if (list[list.length - 1] !== entry.name) list.push(entry.name);
}

function parentOf(name) {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}

/** A tracked folder that a symbolic link has replaced holds no tracked files any more. */
function isRealFolder(comparison, folder) {
  const known = comparison.folders.get(folder);
  if (known !== undefined) return known;
  const isReal = isRealFolder(comparison, parentOf(folder))
    && lstatIfThere(comparison.repository.top + '/' + folder)?.isDirectory() === true;
  comparison.folders.set(folder, isReal);
  return isReal;
}

function hasSameMode(comparison, entry, stat) {
  if (stat.isSymbolicLink()) return entry.mode === GIT_SYMLINK;
  if (!stat.isFile() || entry.mode === GIT_SYMLINK) return false;
  return !comparison.hasModes || ((stat.mode & 0o100) !== 0) === ((entry.mode & 0o100) !== 0);
}

function isSameStat(comparison, entry, stat) {
  if (!hasSameMode(comparison, entry, stat) || stat.size % 0x100000000 !== entry.sizeBytes) return false;
  if (!isSameTime(entry.mtimeMs, stat.mtimeMs, comparison.isMinimal)) return false;
  // Written in the same moment as the index or later: the times do not tell. So does git judge.
  const writtenMs = entry.mtimeMs % 1000 === 0 ? entry.mtimeMs + 999.9999 : entry.mtimeMs;
  if (writtenMs >= comparison.indexMtimeMs) return false;
  if (comparison.isMinimal) return true;
  // 0 stands for "not recorded" in indexes that other programs than git wrote.
  if (comparison.trustsCtime && entry.ctimeMs !== 0 && !isSameTime(entry.ctimeMs, stat.ctimeMs, false)) return false;
  return entry.inode === 0 || stat.ino > Number.MAX_SAFE_INTEGER || stat.ino % 0x100000000 === entry.inode;
}

function isSameTime(recordedMs, seenMs, isMinimal) {
  if (isMinimal || recordedMs % 1000 === 0) return Math.floor(recordedMs / 1000) === Math.floor(seenMs / 1000);
  // A double holds the time to a quarter of a microsecond; no clock of a file system is finer in fact.
  return Math.abs(recordedMs - seenMs) < 0.0005;
}

function isSameBlob(comparison, entry, stat) {
  if (!hasSameMode(comparison, entry, stat)) return false;
  // git sets the size to 0 where it knows that the times do not tell (racy-git.txt).
  if (stat.size % 0x100000000 !== entry.sizeBytes && entry.sizeBytes !== 0) return false;
  const name = comparison.repository.top + '/' + entry.name;
  if (!stat.isSymbolicLink()) return hashFileAsBlob(comparison.repository, name, stat.size) === entry.id;
  const target = fs.readlinkSync(toFsPath(name), 'latin1');
  return hashGitObject(comparison.repository.algorithm, 'blob', target) === entry.id;
}

let blobBuffer;

/** The raw id the file would have as a blob, without any filter; undefined if it cannot be read or changes meanwhile. */
function hashFileAsBlob(repository, name, sizeBytes) {
  const hash = crypto().createHash(repository.algorithm);
  hash.update('blob ' + String(sizeBytes) + '\0', 'latin1');
  const buffer = blobBuffer ?? (blobBuffer = Buffer.allocUnsafe(1 << 18));
  let fd;
  try {
    fd = fs.openSync(toFsPath(name), 'r');
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EPERM', 'ELOOP'].indexOf(errorCode(error)) >= 0) return undefined;
    throw error;
  }
  try {
    let total = 0;
    for (;;) {
      const count = fs.readSync(fd, buffer, 0, buffer.length, null);
      if (count === 0) return total === sizeBytes ? hash.digest().toString('latin1') : undefined;
      hash.update(count === buffer.length ? buffer : buffer.subarray(0, count));
      total += count;
    }
  } finally {
    fs.closeSync(fd);
  }
}

// ==== src/sys/gitprocess.ts ======================================================================
// gitprocess.ts - asks git what only git can tell, so that nothing it finds can run or be written. Parses no patch.

// Invariant: nothing in a repository's own files makes git run a program, start a daemon or open a
// connection, and git writes nothing (safeGitArguments, safeGitEnvironment, findUntrustedFilters).
// Filters of the user's and the system's configuration do run, as in "git status".

/** More than this from one process is not taken. */
const LARGEST_ANSWER_BYTES = 256 << 20;
const NAMES_BYTES_PER_CALL = 24000;

/** `status` is the exit status, -1 if there is none. */
// type GitRefusal = { kind: 'refused'; why: ByteString; status: number };

// type GitAnswer = { kind: 'done'; output: ByteString; why?: undefined } | GitRefusal;

/** Options before git's command that take from the repository's configuration what would start programs. */
function safeGitArguments(top) {
  return ['git', '-C', top === '' ? '/' : top, '--no-pager', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null',
    '-c', 'core.quotePath=true', '-c', 'protocol.allow=never'];
}

/** The environment without what points git elsewhere; configuration named by the user's environment stays. */
function safeGitEnvironment() {
  const environment = {};
  for (const name of Object.keys(process.env)) {
    if (!name.startsWith('GIT_') || name.startsWith('GIT_CONFIG') || name === 'GIT_EXEC_PATH') environment[name] = process.env[name];
  }
  environment.LC_ALL = 'C';
  environment.GIT_OPTIONAL_LOCKS = '0';
  environment.GIT_NO_REPLACE_OBJECTS = '1';
  environment.GIT_NO_LAZY_FETCH = '1';
  environment.GIT_TERMINAL_PROMPT = '0';
  // A blob that a partial clone lacks would be fetched; no protocol is allowed, whatever the configuration says.
  environment.GIT_ALLOW_PROTOCOL = 'none';
  return environment;
}

/** Why a program gave no answer at all, as a sentence; undefined if it ran. */
function describeStartFailure(program, error, status) {
  if (error !== undefined && errorCode(error) !== 'EPIPE') {
    const code = errorCode(error);
    return code === 'ENOENT' ? program + ' is not installed' : code === 'ENOBUFS' ? 'the patch is too large' : program + ' cannot be run: ' + code;
  }
  return status === 127 ? program + ' is not installed' : undefined;
}

/** git's answer in one work tree. `input` is its standard input. */
function runGit(repository, words, input = '') {
  const argv = toSpawnArguments(safeGitArguments(repository.top).concat(words));
  const ended = childProcess().spawnSync(argv[0], argv.slice(1), {
    env: safeGitEnvironment(), input: Buffer.from(input, 'latin1'), maxBuffer: LARGEST_ANSWER_BYTES, windowsHide: true,
  });
  const refuse = (why) => ({ kind: 'refused', why, status: ended.status ?? -1 });
  const failure = describeStartFailure('git', ended.error, ended.status);
  if (failure !== undefined) return refuse(failure);
  if (ended.status === 0) return { kind: 'done', output: ended.stdout.toString('latin1') };
  const stderr = ended.stderr.toString('latin1');
  if (/dubious ownership|unsafe repository/.test(stderr)) {
    return refuse('git refuses a repository that another user owns (see "safe.directory" in git-config(1))');
  }
  return refuse('git says: ' + (stderr.split('\n').find((line) => line !== '') ?? 'exit status ' + String(ended.status)));
}

/** Entries of an index that is not read here, without times. Throws Failure if git does not list them. */
function listEntriesWithGit(repository) {
  const answer = runGit(repository, ['ls-files', '--stage', '-z']);
  if (answer.kind !== 'done') {
    throw new Failure('cannot read the index of git in "' + repository.top + '": it is split, sparse or of a new version; ' + answer.why);
  }
  const entries = [];
  for (const line of answer.output.split('\0')) {
    const parts = /^([0-7]+) ([0-9a-f]+) ([0-3])\t([^]+)$/.exec(line);
    if (parts === null) continue;
    entries.push({
      name: parts[4], mode: parseInt(parts[1], 8), id: bytesFromHex(parts[2]), stage: Number(parts[3]), sizeBytes: 0,
      mtimeMs: 0, ctimeMs: 0, inode: 0, isAssumed: false, isSkipped: false, isIntended: false,
    });
  }
  return entries;
}

/**
 * The filters (gitattributes(5)) that the repository's own configuration defines: a .git folder that
 * came out of an archive may name any program there. Git LFS as "git lfs install --local" sets it up
 * is let through. Filters of the user's own configuration are not among them.
 */
function findUntrustedFilters(repository) {
  const names = new Set();
  if (!repository.settings.some((setting) => /^(?:filter|lfs|include|includeif)$/.test(setting.section))) return { kind: 'done', names: [] };
  const scopes = ['--local'];
  if (isGitTrue(findGitSetting(repository.settings, 'extensions', '', 'worktreeconfig'), false)) scopes.push('--worktree');
  for (const scope of scopes) {
    const answer = runGit(repository, ['config', scope, '--includes', '-z', '--get-regexp', '^(filter|lfs\\.extension)\\.']);
    if (answer.kind !== 'done' && answer.status !== 1) return answer;
    for (const line of answer.kind === 'done' ? answer.output.split('\0') : []) {
      const parts = /^filter\.([^]*)\.(clean|process|smudge|required)(?:\n([^]*))?$/.exec(line);
      if (/^lfs\.extension\./.test(line)) names.add('lfs');
      else if (parts !== null && !/^(?:git-lfs (?:clean|smudge|smudge --skip) -- %f|git-lfs filter-process(?: --skip)?|true)$/.test(parts[3] ?? 'true')) {
        names.add(parts[1]);
      }
    }
  }
  // "-c filter.a=b.clean=" would be read as a setting of "filter.a".
  const odd = Array.from(names).find((name) => /[=\n]/.test(name));
  if (odd !== undefined) return { kind: 'refused', why: 'the repository configures a filter named "' + odd + '"', status: -1 };
  return { kind: 'done', names: Array.from(names) };
}

/** Options for git that make it take the files as they are, whatever these filters say. */
function turnFiltersOff(names) {
  const words = [];
  for (const name of names) {
    for (const setting of ['clean=', 'smudge=', 'process=', 'required=false']) words.push('-c', 'filter.' + name + '.' + setting);
  }
  return words;
}

/** Of `names` those to which an attribute assigns one of `filters`. */
function listFiltered(repository, names, filters) {
  const answer = runGit(repository, ['check-attr', '-z', '--stdin', 'filter'], names.map((name) => name + '\0').join(''));
  if (answer.kind !== 'done') return answer;
  const words = answer.output.split('\0');
  const found = new Set();
  for (let i = 0; i + 2 < words.length; i += 3) if (filters.indexOf(words[i + 2]) >= 0) found.add(words[i]);
  return { kind: 'done', names: found };
}

/** Groups that fit on a command line. */
function splitNames(names) {
  const groups = [];
  let size = NAMES_BYTES_PER_CALL;
  for (const name of names) {
    if (size + name.length > NAMES_BYTES_PER_CALL) {
      groups.push([]);
      size = 0;
    }
    groups[groups.length - 1].push(name);
    size += name.length + 1;
  }
  return groups;
}

// ==== src/sys/gitobjects.ts ======================================================================
// gitobjects.ts - the files of a commit out of git's objects. Touches no work tree, index or reference.

/** `path` from the top of the work tree. `mode` and `id` as in a tree; submodules have no content here. */
// type CommitFile = { path: ByteString; mode: number; id: string };

/** Below so many, objects are read one by one; git reads many at once, but takes a process. */
const FEW_OBJECTS = 20;
const OBJECTS_PER_CALL = 500;

/** The id of the commit that a name of git means ("main", "HEAD~2"); undefined if it means none. */
function resolveCommit(repository, revision) {
  const answer = runGit(repository, ['rev-parse', '--verify', '--quiet', '--end-of-options', revision + '^{commit}']);
  return answer.kind === 'done' ? answer.output.trim() : undefined;
}

/** All files of a commit, sorted as git has them; undefined if the commit or one of its trees is not to be had. */
function listCommitFiles(repository, commit) {
  const root = findRootTree(repository, commit);
  return root === undefined ? undefined : listTreeFiles(repository, root);
}

function findRootTree(repository, commit) {
  const raw = readTreeOfCommit(repository, commit);
  if (raw !== undefined) return hexFromBytes(raw);
  const answer = runGit(repository, ['rev-parse', '--verify', '--quiet', commit + '^{tree}']);
  return answer.kind === 'done' ? answer.output.trim() : undefined;
}

function listTreeFiles(repository, root) {
  const files = [];
  const folders = [{ prefix: '', id: root }];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const body = readObjectBody(repository, folder.id, 'tree');
    const entries = body === undefined ? undefined : parseGitTree(body, repository.hashSizeBytes);
    if (entries === undefined) return undefined;
    for (const { mode, name, id } of entries) {
      if (mode === GIT_FOLDER) folders.push({ prefix: folder.prefix + name + '/', id });
      else files.push({ path: folder.prefix + name, mode, id });
    }
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** One file of a commit; undefined if the commit has none of that name. */
function findCommitFile(repository, commit, path) {
  let id = findRootTree(repository, commit);
  const parts = path.split('/');
  for (let i = 0; i < parts.length && id !== undefined; i++) {
    const body = readObjectBody(repository, id, 'tree');
    const entry = (body === undefined ? undefined : parseGitTree(body, repository.hashSizeBytes))?.find((one) => one.name === parts[i]);
    if (entry === undefined) return undefined;
    if (i === parts.length - 1) return entry.mode === GIT_FOLDER ? undefined : { path, mode: entry.mode, id: entry.id };
    id = entry.id;
  }
  return undefined;
}

/** An object's body, checked against its id; git is asked if it is not found in a form that is known here. */
function readObjectBody(repository, id, kind) {
  const object = readGitObject(repository, id);
  let body = object?.kind === kind ? object.body : undefined;
  if (body === undefined) {
    const answer = runGit(repository, ['cat-file', kind, id]);
    body = answer.kind === 'done' ? answer.output : undefined;
  }
  return body !== undefined && hashGitObject(repository.algorithm, kind, body) === bytesFromHex(id) ? body : undefined;
}

/** Gives the content of each of these blobs that can be had to `take`, in no order, each id once. */
function readBlobs(repository, ids, take) {
  const wanted = Array.from(new Set(ids));
  for (let from = 0; from < wanted.length; from += OBJECTS_PER_CALL) {
    const group = wanted.slice(from, from + OBJECTS_PER_CALL);
    const left = group.length < FEW_OBJECTS ? group : takeBatch(repository, group, take);
    for (const id of left) {
      const content = readObjectBody(repository, id, 'blob');
      if (content !== undefined) take(id, content);
    }
  }
}

/** The same by one process of git. Returns the ids that it did not give. */
function takeBatch(repository, ids, take) {
  const answer = runGit(repository, ['cat-file', '--batch'], ids.map((id) => id + '\n').join(''));
  if (answer.kind !== 'done') return ids;
  const left = new Set(ids);
  const { output } = answer;
  for (let at = 0; at < output.length;) {
    const end = output.indexOf('\n', at);
    const parts = /^([0-9a-f]+) (\w+)(?: (\d+))?$/.exec(output.slice(at, end));
    if (end < 0 || parts === null) break;
    at = end + 1;
    if (parts[3] === undefined) continue; // "missing"
    const content = output.slice(at, at + Number(parts[3]));
    if (parts[2] === 'blob' && hashGitObject(repository.algorithm, 'blob', content) === bytesFromHex(parts[1]) && left.delete(parts[1])) take(parts[1], content);
    at += Number(parts[3]) + 1;
  }
  return Array.from(left);
}

// ==== src/sys/git.ts =============================================================================
// git.ts - the code's state as git knows it: commit, remote, changes as a patch. Writes nothing.

// Invariants:
// 1. Where nothing looks changed no process is started. Where something does, git decides, because
//    filters and ends of lines can make a file that differs an unchanged one.
// 2. "Not dirty" is said only if every tracked file that is not excluded was found unchanged. What
//    cannot be told counts as dirty and leaves a warning.

/** What a checkout of any system says of the code in it. Names are relative to `top`. */
// type CodeState = {
//   /** The work tree's folder, without a final slash. */
//   top: ByteString;
//   /** What identifies the version; of git hexadecimal digits. 'none' before the first commit, 'unknown' if a warning says why. */
//   commit: ByteString;
//   branch?: ByteString;
//   remote?: ByteString;
//   /** There if anything is dirty; '' if nothing of the change could be told, and a warning says why. */
//   patch?: ByteString;
//   /** `isDirty` means changes that are not committed. */
//   submodules: { path: ByteString; commit: string; isDirty: boolean }[];
//   /** Tracked files that are not as in the commit, or may not be; without those that were excluded. */
//   changed: Set<ByteString>;
//   warnings: ByteString[];
// };

/** The tracked files of a work tree or a submodule. Names in it are relative to its own top. */
// type GitTree = {
//   repository: GitRepository;
//   /** Path of the tree in the outermost one, '' or ending in '/'. */
//   prefix: ByteString;
//   entries: GitEntry[];
//   /** Were the entries read from the index here, with sizes and times? */
//   isIndexRead: boolean;
//   /** Files that differ from the index, or may. */
//   unlike: Set<ByteString>;
//   /** Of these the excluded ones, which were not looked into. */
//   passedOver: Set<ByteString>;
//   /** Nothing tells which of its files are as in the commit. */
//   isUntold: boolean;
//   /** Files that have changed by now and that no filter had converted on their way out of git; found out at first use. */
//   unfiltered: Set<ByteString> | undefined;
// };

// type GitState = CodeState & { system: 'git'; trees: GitTree[] };

// type CodeOptions = {
//   /** Of a path relative to the project: does a change of it not count? */
//   excluded: (path: ByteString) => boolean;
// };

/** What is common to a work tree and its submodules. Names here are relative to the outermost top. */
// type Survey = {
//   isExcluded: (name: ByteString) => boolean;
//   state: GitState;
// };

const UNREADABLE = ['EACCES', 'EPERM', 'EIO', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ESTALE'];
const MOST_NESTED = 16;
const EMPTY_TREE = {
  sha1: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  sha256: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
};

/**
 * The state of the work tree that holds the folder `root` (absolute); undefined if none does. The
 * patch is relative to the top of the work tree and `git apply` there brings a clean checkout of the
 * commit, and of the submodules' commits, to what was run: changes of tracked files, staged or not,
 * but not of files that may hold secrets. Before the first commit it is against the empty tree.
 */
function readCode(root, options) {
  const plain = root.replace(/\/+$/, '');
  const state = { system: 'git', top: plain, commit: 'unknown', submodules: [], changed: new Set(), warnings: [], trees: [] };
  try {
    const repository = findRepository(root);
    if (repository === undefined) return undefined;
    state.top = repository.top;
    const folder = plain.slice(repository.top.length + 1);
    const inTop = folder === '' ? '' : folder + '/';
    const isExcluded = (name) => name.startsWith(inTop) && options.excluded(name.slice(inTop.length));
    const head = readHeadOrAsk(repository);
    state.commit = head.commit ?? 'none';
    state.branch = head.branch;
    state.remote = findRemoteUrl(repository.settings, head.branch);
    inspectTree({ isExcluded, state }, repository, head, '', 0);
  } catch (error) {
    // A repository that is damaged or closed to this user must not keep the run from being recorded.
    const code = errorCode(error);
    if (!(error instanceof Failure) && UNREADABLE.indexOf(code) < 0) throw error;
    state.warnings.push(error instanceof Failure ? error.message : 'cannot read the git repository: ' + code);
    addPatch(state, '');
  }
  state.submodules.sort((a, b) => compareBytes(a.path, b.path));
  return state;
}

function addPatch(state, patch) {
  state.patch = (state.patch ?? '') + patch;
}

function readHeadOrAsk(repository) {
  if (!hasReftable(repository)) return readHead(repository);
  const branch = runGit(repository, ['symbolic-ref', '-q', 'HEAD']);
  const commit = runGit(repository, ['rev-parse', '-q', '--verify', 'HEAD^{commit}']);
  // Exit status 1 says "detached" of the one, "no commit yet" of the other.
  const refusal = [branch, commit].find((answer) => answer.kind !== 'done' && answer.status !== 1);
  if (refusal !== undefined) {
    throw new Failure('cannot read HEAD of "' + repository.top + '": references are kept as reftable, and ' + String(refusal.why));
  }
  return {
    commit: commit.kind === 'done' ? commit.output.trim() : undefined,
    branch: branch.kind === 'done' ? branch.output.trim().replace(/^refs\/heads\//, '') : undefined,
  };
}

/**
 * Looks at one work tree, submodules first, and adds to the survey's state. `prefix` is the path of
 * the tree in the outermost one, '' or ending in '/'. True if it is dirty.
 */
function inspectTree(survey, repository, head, prefix, depth) {
  const isExcluded = (name) => survey.isExcluded(prefix + name);
  const { index, mtimeMs } = readGitIndex(repository);
  const tree = { repository, prefix, entries: [], isIndexRead: index !== 'unsupported', unlike: new Set(), passedOver: new Set(), isUntold: true, unfiltered: undefined };
  survey.state.trees.push(tree);
  let suspects = [];
  if (index === 'unsupported') {
    tree.entries = listEntriesWithGit(repository);
  } else {
    tree.entries = index.entries;
    const compared = compareWithFiles(repository, tree.entries, mtimeMs, isExcluded);
    suspects = compared.suspects;
    tree.passedOver = new Set(compared.passedOver);
    tree.unlike = new Set(suspects.concat(compared.passedOver, compared.overlooked));
    tree.isUntold = !isIndexOfHead(repository, head, tree.entries, index.rootTree);
    warnOfOverlooked(survey.state, prefix, compared.overlooked);
  }
  for (const entry of tree.entries) {
    if (entry.mode !== GIT_LINK || entry.stage !== 0) continue;
    if (inspectSubmodule(survey, repository, entry, prefix, depth)) suspects.push(entry.name);
  }
  return (suspects.length > 0 || tree.isUntold) && askForPatch(survey, tree, head, suspects);
}

function warnOfOverlooked(state, prefix, names) {
  if (names.length === 0) return;
  for (const name of names) state.changed.add(prefix + name);
  state.warnings.push('git was told not to look at files that differ from the commit (assume-unchanged, skip-worktree); '
    + 'the patch lacks them: ' + listNames(prefix, names));
}

function listNames(prefix, names) {
  const shown = names.slice(0, 5).map((name) => '"' + prefix + name + '"').join(', ');
  return names.length <= 5 ? shown : shown + ' and ' + String(names.length - 5) + ' more';
}

/** Does the index hold the tree of HEAD's commit? False also where that cannot be told without git. */
function isIndexOfHead(repository, head, entries, rootTree) {
  if (head.commit === undefined) return entries.length === 0;
  const tree = readTreeOfCommit(repository, head.commit);
  if (tree === undefined || entries.some((entry) => entry.stage !== 0)) return false;
  return tree === (rootTree ?? computeTree(entries, (kind, body) => hashGitObject(repository.algorithm, kind, body)));
}

/** True if the submodule is at another commit than the index of its parent says, or gone. */
function inspectSubmodule(survey, parent, entry, prefix, depth) {
  const path = prefix + entry.name;
  const listed = { path, commit: hexFromBytes(entry.id), isDirty: false };
  if (survey.isExcluded(path)) return false;
  survey.state.submodules.push(listed);
  const isFolder = lstatIfThere(parent.top + '/' + entry.name)?.isDirectory() === true;
  // Without a repository in it the submodule was not checked out, and git finds nothing amiss.
  try {
    const opened = isFolder ? openRepository(parent.top + '/' + entry.name) : undefined;
    if (opened === undefined) return !isFolder;
    if (depth >= MOST_NESTED) throw new Failure('cannot read the submodule "' + path + '": nested too deep');
    const head = readHeadOrAsk(opened.repository);
    listed.commit = head.commit ?? 'none';
    listed.isDirty = inspectTree(survey, opened.repository, head, path + '/', depth + 1);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    survey.state.warnings.push(error.message);
    listed.isDirty = true;
    addPatch(survey.state, '');
  }
  return listed.commit !== hexFromBytes(entry.id);
}

// ---- the patch ----------------------------------------------------------------------------------

/** Adds what git says is changed; true if anything is, or if git cannot be asked. */
function askForPatch(survey, tree, head, suspects) {
  const { state } = survey;
  const { prefix } = tree;
  const diff = diffWithGit(survey, tree, head);
  if (diff.kind === 'done') {
    tree.isUntold = false;
    if (diff.untrusted.length > 0) {
      state.warnings.push('the repository\'s own configuration names filter programs; rr does not run them and leaves these '
        + 'files, which may be changed, out of the patch: ' + listNames(prefix, diff.untrusted));
    }
    if (diff.secret.length > 0) state.warnings.push('changed files that may hold secrets are left out of the patch: ' + listNames(prefix, diff.secret));
    const changed = diff.changed.concat(diff.untrusted, diff.secret);
    for (const name of changed) state.changed.add(prefix + name);
    if (changed.length > 0) addPatch(state, diff.patch);
    return changed.length > 0;
  }
  const what = suspects.length > 0 ? 'files look changed: ' + listNames(prefix, suspects) : 'the index may differ from the commit';
  state.warnings.push('no patch of the changed code: ' + diff.why + '; ' + what);
  for (const name of suspects) state.changed.add(prefix + name);
  addPatch(state, '');
  return true;
}

/** `changed` are the names in the patch. */
// type Diff = { kind: 'done'; patch: ByteString; changed: ByteString[]; untrusted: ByteString[]; secret: ByteString[] } | GitRefusal;

/** First the changed names, so that an excluded result of many GB is never read, then their patch. */
function diffWithGit(survey, tree, head) {
  const { repository, prefix } = tree;
  const filters = findUntrustedFilters(repository);
  if (filters.kind !== 'done') return filters;
  const off = turnFiltersOff(filters.names);
  const against = head.commit ?? EMPTY_TREE[repository.algorithm];
  const raw = runGit(repository, off.concat('diff-index', '--raw', '-z', '--no-renames', '--ignore-submodules=dirty', against, '--'));
  if (raw.kind !== 'done') return raw;
  const listed = parseRawDiff(raw.output);
  let kept = listed.filter((name) => !survey.isExcluded(prefix + name));
  let untrusted = [];
  if (filters.names.length > 0) {
    const filtered = listFiltered(repository, kept, filters.names);
    if (filtered.kind !== 'done') return filtered;
    untrusted = kept.filter((name) => filtered.names.has(name));
    kept = kept.filter((name) => !filtered.names.has(name));
  }
  const words = off.concat('--literal-pathspecs', 'diff-index', '-p', '--binary', '--full-index', '--no-renames', '--no-ext-diff',
    '--no-textconv', '--no-color', '--ignore-submodules=dirty', '--submodule=short', '-U3', '--inter-hunk-context=0',
    '-O/dev/null', '--src-prefix=a/' + prefix, '--dst-prefix=b/' + prefix, against, '--');
  const plain = kept.filter((name) => !isSecretFile(name));
  const patch = diffNames(repository, words, plain, plain.length === listed.length);
  if (patch.kind !== 'done') return patch;
  const hidden = kept.filter(isSecretFile);
  const secret = hidden.length === 0 ? patch : diffNames(repository, words, hidden, false);
  if (secret.kind !== 'done') return secret;
  return {
    kind: 'done', patch: patch.output, changed: listPatchedNames(patch.output, plain, prefix), untrusted,
    secret: listPatchedNames(secret.output, hidden, prefix),
  };
}

function diffNames(repository, words, names, isAll) {
  let output = '';
  for (const group of isAll && names.length > 0 ? [[]] : splitNames(names)) {
    const part = runGit(repository, words.concat(group));
    if (part.kind !== 'done') return part;
    output += dropEmptySections(part.output);
  }
  return { kind: 'done', output };
}

// ---- one file -----------------------------------------------------------------------------------

function findTrackedEntry(state, name) {
  let tree;
  for (const one of state.trees) if (name.startsWith(one.prefix) && (tree === undefined || one.prefix.length > tree.prefix.length)) tree = one;
  if (tree === undefined) return undefined;
  const inner = name.slice(tree.prefix.length);
  const entry = tree.entries[findEntryPlace(tree.entries, inner)];
  return entry?.name === inner ? { tree, entry } : undefined;
}

/** How a file stood to the commit when the state was read; of an excluded one, how it stands to the index now. */
function findGitFileState(state, name) {
  const found = findTrackedEntry(state, name);
  if (found === undefined) return 'untracked';
  const { tree, entry } = found;
  if (tree.isUntold || entry.stage !== 0 || entry.isIntended || state.changed.has(name)) return 'changed';
  return tree.passedOver.has(entry.name) && !hasContentOfEntry(tree.repository, entry) ? 'changed' : 'clean';
}

/**
 * A tracked file as it was when the state was read: its blob in git's objects. undefined where that
 * does not tell: it is not tracked or was changed, or a filter or another end of line may have been
 * put in when git wrote it. The path in the result is `name`.
 */
function readEarlierBlob(state, name) {
  const found = findTrackedEntry(state, name);
  if (found === undefined) return undefined;
  const { tree, entry } = found;
  const isKnown = tree.isIndexRead && entry.stage === 0 && !entry.isIntended && !entry.isSkipped && entry.mode !== GIT_LINK;
  if (!isKnown || tree.unlike.has(entry.name)) return undefined;
  const content = readObjectBody(tree.repository, hexFromBytes(entry.id), 'blob');
  if (content === undefined) return undefined;
  const kind = entry.mode === GIT_SYMLINK ? 'l' : (entry.mode & 0o100) !== 0 ? 'x' : '';
  // A size of 0 stands where times did not tell, and the content was compared itself (gitstatus.ts). The
  // others are of the file as it was; another end of line would have changed the size.
  const isSameSize = entry.sizeBytes === 0 || entry.sizeBytes === content.length % 0x100000000;
  if (kind !== 'l' && (!isSameSize || !isUnfiltered(tree, entry))) return undefined;
  return { hash: hashBytes(content), size: content.length, kind, path: name };
}

// What of gitattributes(5) converts a file without the user's doing; ends of lines show in the size.
const CONVERTING = ['filter', 'ident', 'working-tree-encoding'];

/** Is no filter set for a file? git knows all places of attributes; asked once, of all that has changed by now. */
function isUnfiltered(tree, entry) {
  if (tree.unfiltered === undefined) {
    const names = tree.entries.filter((one) => !isUntouched(tree.repository, one)).map((one) => one.name);
    const answer = runGit(tree.repository, ['check-attr', '-z', '--stdin'].concat(CONVERTING), names.map((name) => name + '\0').join(''));
    tree.unfiltered = new Set(answer.kind === 'done' ? names : []);
    const words = answer.kind === 'done' ? answer.output.split('\0') : [];
    for (let i = 0; i + 2 < words.length; i += 3) if (words[i + 2] !== 'unspecified' && words[i + 2] !== 'unset') tree.unfiltered.delete(words[i]);
  }
  return tree.unfiltered.has(entry.name);
}

function isUntouched(repository, entry) {
  const stat = lstatIfThere(repository.top + '/' + entry.name);
  return stat !== undefined && stat.size % 0x100000000 === entry.sizeBytes && Math.abs(stat.mtimeMs - entry.mtimeMs) < 0.0005 && Math.abs(stat.ctimeMs - entry.ctimeMs) < 0.0005;
}

// ==== src/sys/othervcs.ts ========================================================================
// othervcs.ts - the code's state as Mercurial, Subversion and Fossil tell it. Knows nothing of git.

// Invariants:
// 1. No program is given a command that opens a connection, and none may ask a question.
// 2. Nothing in the checkout runs: hg does not read its .hg/hgrc (HGRCSKIPREPO, Mercurial 5.4), svn
//    and fossil compare by themselves and not by a program of their configuration.
// 3. Configuration of the user is not read, so that a diff is the same for everybody; svn and fossil
//    would otherwise make theirs in the home folder.
// What they keep for themselves in the checkout (.hg/dirstate, .fslckout) they may bring up to date.

// type OtherSystem = 'hg' | 'svn' | 'fossil';

/** `tracked` are the names of all files under version control. */
// type OtherState = CodeState & { system: OtherSystem; tracked: Set<ByteString> };

// type OtherRequest = {
//   /** Of a name relative to the checkout: does a change of it not count? */
//   isExcluded: (name: ByteString) => boolean;
//   /** A folder for what a program must write for itself. */
//   ownFolder: ByteString;
// };

// type Facts = Pick<CodeState, 'commit' | 'branch' | 'remote' | 'warnings'> & { files: TrackedFile[] };
// type Ask = (words: ByteString[]) => GitAnswer;

const LONGEST_MS = 300000;

/**
 * The state of the checkout at `top`. If its program is missing or refuses, the commit is 'unknown'
 * and a warning says why. The patch is what `hg diff --git`, `svn diff` or `fossil diff` prints of the
 * files that are not excluded; "patch -p1" reads the first, "patch -p0" the others.
 */
function readOtherCode(system, top, request) {
  const state = { system, top, commit: 'unknown', submodules: [], changed: new Set(), warnings: [], tracked: new Set() };
  const ask = (words) => askProgram(system, top, request.ownFolder, words);
  const facts = system === 'hg' ? askHg(ask, top) : system === 'svn' ? askSvn(ask) : askFossil(ask);
  if ('kind' in facts) {
    state.warnings.push('cannot read the state of the code: ' + facts.why);
    return state;
  }
  state.commit = facts.commit;
  state.branch = facts.branch;
  state.remote = facts.remote;
  state.warnings = facts.warnings;
  for (const file of facts.files) state.tracked.add(file.name);
  const changed = facts.files.filter((file) => file.state !== 'clean' && !request.isExcluded(file.name) && !isAddedFolder(top, file));
  if (changed.length === 0) return state;
  for (const file of changed) state.changed.add(file.name);
  state.patch = makePatch(state, ask, changed);
  return state;
}

/** How a file stood to the commit when the state was read. */
function findOtherFileState(state, name) {
  return !state.tracked.has(name) ? 'untracked' : state.changed.has(name) ? 'changed' : 'clean';
}

/** svn lists folders, too; one that is only new says nothing that its files do not. */
function isAddedFolder(top, file) {
  return file.isAdded && lstatIfThere(top + '/' + file.name)?.isDirectory() === true;
}

// ---- the patch ----------------------------------------------------------------------------------

const DIFF = {
  hg: ['diff', '--git', '--config', 'diff.unified=3'],
  svn: ['diff', '--internal-diff', '--show-copies-as-adds', '--depth', 'empty'],
  fossil: ['diff', '--internal', '--verbose', '--context', '3'],
};

// svn takes what stands behind the last "@" for a revision, and offers for diff no way to say that it is none.
const LIKE_A_REVISION = /@(?:r?\d+|head|base|committed|prev|\{[^]*\})?$/i;

function makePatch(state, ask, changed) {
  const secret = changed.filter((file) => isSecretFile(file.name));
  if (secret.length > 0) state.warnings.push('changed files that may hold secrets are left out of the patch: ' + listFileNames(secret));
  const plain = changed.filter((file) => !isSecretFile(file.name));
  const askable = plain.filter((file) => file.state !== 'missing' && !(state.system === 'svn' && LIKE_A_REVISION.test(file.name)));
  const words = askable.map((file) => (state.system === 'hg' ? 'path:' : './') + file.name);
  let patch = '';
  for (const names of splitNames(words)) {
    const part = ask(DIFF[state.system].concat(names));
    if (part.kind !== 'done') {
      state.warnings.push('no patch of the changed code: ' + part.why + '; changed are ' + listFileNames(plain));
      return '';
    }
    patch += state.system === 'fossil' ? closeSpacedNames(part.output) : part.output;
  }
  const shown = listShownNames(patch);
  const unshown = plain.filter((file) => !shown.has(file.name));
  if (unshown.length > 0) state.warnings.push('the patch does not show what changed of ' + listFileNames(unshown) + ' (binary, missing, renamed or of another mode)');
  return patch;
}

function listFileNames(files) {
  const shown = files.slice(0, 5).map((file) => '"' + file.name + '"').join(', ');
  return files.length <= 5 ? shown : shown + ' and ' + String(files.length - 5) + ' more';
}

// ---- what they are asked ------------------------------------------------------------------------

// type Refusal = Exclude<GitAnswer, { kind: 'done' }>;

function askHg(ask, top) {
  const parents = ask(['parents', '--template', '{node}\\n{branch}\\n']);
  if (parents.kind !== 'done') return parents;
  const status = ask(['status', '--modified', '--added', '--removed', '--deleted', '--clean', '--print0']);
  if (status.kind !== 'done') return status;
  const [node, branch, second] = parents.output.split('\n');
  const settings = parseGitConfig(readBytesIfThere(top + '/.hg/hgrc') ?? '');
  const remote = findGitSetting(settings, 'paths', '', 'default');
  return {
    commit: /^[0-9a-f]{40,}$/.test(node) ? node : 'none', branch: branch === '' ? undefined : branch, remote: remote === undefined ? undefined : stripUrlCredentials(remote),
    warnings: second === undefined || second === '' ? [] : ['a merge is not committed; the patch is against its first parent'], files: parseHgStatus(status.output),
  };
}

function askSvn(ask) {
  const info = ask(['info', '--xml']);
  if (info.kind !== 'done') return info;
  const listed = ask(['status', '--verbose', '--xml', '--ignore-externals', '.']);
  if (listed.kind !== 'done') return listed;
  const place = parseSvnInfo(info.output);
  if (place === undefined) return { kind: 'refused', why: 'svn names no URL', status: 0 };
  const status = parseSvnStatus(listed.output);
  const revision = status.lowest === status.highest ? String(status.highest) : String(status.lowest) + ':' + String(status.highest);
  return {
    commit: stripUrlCredentials(place.url) + '@' + revision, branch: place.place === '' ? undefined : place.place,
    warnings: status.hasSwitched ? ['parts of the working copy are switched to other places of the repository'] : [], files: status.files,
  };
}

function askFossil(ask) {
  const info = ask(['info']);
  if (info.kind !== 'done') return info;
  const commit = parseFossilInfo(info.output);
  if (commit === undefined) return { kind: 'refused', why: 'fossil names no check-in', status: 0 };
  // By times alone fossil takes a file of the same size that changed within a second for unchanged.
  const listed = ask(['ls', '--verbose', '--hash']);
  if (listed.kind !== 'done') return listed;
  const branch = ask(['branch', 'current']);
  const remote = ask(['remote-url']);
  const url = remote.kind === 'done' ? remote.output.trim() : 'off';
  return {
    commit, branch: branch.kind === 'done' ? branch.output.trim() || undefined : undefined,
    remote: url === 'off' || url === '' ? undefined : stripUrlCredentials(url), warnings: [], files: parseFossilList(listed.output),
  };
}

// ---- the programs -------------------------------------------------------------------------------

const BEGINNING = {
  hg: ['hg', '--noninteractive', '--pager', 'never', '--color', 'never'],
  // A configuration folder that cannot be: svn then makes none, and says so on standard error only.
  svn: ['svn', '--non-interactive', '--config-dir', '/dev/null/none'],
  fossil: ['fossil'],
};

function makeEnvironment(ownFolder) {
  const environment = {};
  for (const name of Object.keys(process.env)) if (!/^(?:HG|SVN_|FOSSIL_|LC_|LANG)/.test(name)) environment[name] = process.env[name];
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  const used = LC_ALL || LC_CTYPE || LANG || '';
  // svn reads names only in a UTF-8 locale; what it says is parsed, so no translation.
  environment.LC_CTYPE = /utf-?8/i.test(used) ? used : 'C.UTF-8';
  environment.LC_MESSAGES = 'C';
  environment.HGPLAIN = '1';
  environment.HGRCPATH = '';
  environment.HGRCSKIPREPO = '1';
  environment.HGENCODING = 'UTF-8';
  environment.FOSSIL_HOME = toText(ownFolder);
  return environment;
}

function askProgram(system, top, ownFolder, words) {
  const argv = toSpawnArguments(BEGINNING[system].concat(words));
  const refuse = (why) => ({ kind: 'refused', why, status: -1 });
  const folder = toText(top === '' ? '/' : top);
  if (Buffer.from(folder, 'utf8').toString('latin1') !== (top === '' ? '/' : top)) return refuse('the name of the folder is not UTF-8');
  const ended = childProcess().spawnSync(argv[0], argv.slice(1), {
    cwd: folder, env: makeEnvironment(ownFolder), stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: LARGEST_ANSWER_BYTES, windowsHide: true, timeout: LONGEST_MS,
  });
  const failure = describeStartFailure(system, ended.error, ended.status);
  if (failure !== undefined) return refuse(failure);
  if (ended.status === 0) return { kind: 'done', output: ended.stdout.toString('latin1') };
  const lines = ended.stderr.toString('latin1').split('\n').filter((line) => line !== '' && !/^(?:svn: )?warning: /.test(line));
  return refuse(system + ' says: ' + (lines[0] ?? 'exit status ' + String(ended.status)).split(top + '/').join('').split(top).join('.'));
}

// ==== src/sys/machine.ts =========================================================================
// machine.ts - facts about the machine, the program and the environment of a run. Knows no records.

/** Variables that describe the machine; recorded with the environment (docs/rr.1, VARIABLES). */
const MACHINE_VARIABLES = [
  'PATH', 'SHELL', 'LD_LIBRARY_PATH', 'LD_PRELOAD', 'DYLD_LIBRARY_PATH', 'PYTHONPATH', 'PYTHONHOME', 'VIRTUAL_ENV',
  'CONDA_PREFIX', 'CONDA_DEFAULT_ENV', 'R_HOME', 'R_LIBS', 'R_LIBS_USER', 'R_LIBS_SITE', 'JULIA_PROJECT',
  'JULIA_LOAD_PATH', 'JULIA_DEPOT_PATH', 'PERL5LIB', 'PERLLIB', 'RUBYLIB', 'GEM_PATH', 'NODE_PATH', 'NODE_OPTIONS',
  'CLASSPATH', 'JAVA_HOME', 'JAVA_TOOL_OPTIONS', 'MATLABPATH', 'OCTAVE_PATH', 'GUIX_PROFILE', 'NIX_PROFILES',
  'CC', 'CXX', 'FC', 'CFLAGS', 'CXXFLAGS', 'FFLAGS', 'CPPFLAGS', 'LDFLAGS', 'CUDA_HOME', 'CUDA_VISIBLE_DEVICES',
  'LOADEDMODULES', 'MODULEPATH', 'SLURM_NTASKS', 'SLURM_CPUS_PER_TASK', 'TMPDIR', 'MAKEFLAGS',
];

/**
 * The arguments of this process as bytes, the last `count` of them. Node has them as text, in which
 * bytes that are not UTF-8 are lost; then they are read from /proc.
 */
function readArgumentBytes(count) {
  const asText = process.argv.slice(process.argv.length - count);
  if (count === 0 || !asText.some((argument) => argument.indexOf('\ufffd') >= 0)) return asText.map(toBytes);
  const line = readBytesIfThere('/proc/self/cmdline');
  if (line === undefined) return asText.map(toBytes);
  const all = line.split('\0').slice(0, -1);
  return all.slice(all.length - count);
}

/** The current folder as bytes, links resolved. Throws if it is gone. */
function readCurrentFolder() {
  const asText = process.cwd();
  if (asText.indexOf('\ufffd') < 0) return toBytes(asText);
  return fs.readlinkSync('/proc/self/cwd', 'latin1');
}

/**
 * Has the parent process the same file on this descriptor? Then it is the log of a surrounding
 * script or batch job, which grows on, and no file that this command was given for itself. But some
 * shells (dash, busybox, mksh) redirect themselves while they wait for a command; they keep what
 * they had before as a descriptor from 10 up, and the file is at its beginning, or appended to.
 */
function isFromSurroundings(descriptor, stat) {
  const parent = '/proc/' + String(process.ppid);
  const program = readLinkText(parent + '/exe');
  const outer = statIfThere(parent + '/fd/' + String(descriptor));
  if (outer === undefined || outer.ino !== stat.ino || outer.dev !== stat.dev) return false;
  const own = readDescriptorInfo('/proc/self', String(descriptor));
  if (own === undefined || own.position > 0) return true;
  // These fork before they redirect a command: what they have themselves is their own.
  if (/\/(?:bash|zsh)$/.test(program)) return true;
  const kept = listFolder(parent + '/fd').filter((name) => Number(name) >= 10 && (readDescriptorInfo(parent, name)?.isKeptAside ?? false));
  if (descriptor < 2 || kept.length !== 1) return kept.length === 0;
  // One that was kept explains one redirection: that of standard output, if it looks like one, too.
  const place = readLinkText('/proc/self/fd/1');
  const isOutRedirected = place === readLinkText(parent + '/fd/1') && (place === '/dev/null' || (place[0] === '/' && readDescriptorInfo('/proc/self', '1')?.position === 0));
  return isOutRedirected && readLinkText(parent + '/fd/' + kept[0]) !== place;
}

function readLinkText(name) {
  try {
    return fs.readlinkSync(name);
  } catch (error) {
    return '';
  }
}

/** What /proc tells of an open descriptor; undefined where it does not. */
function readDescriptorInfo(process1, descriptor) {
  const parts = /^pos:\s+(\d+)\nflags:\s+([0-7]+)/.exec(readBytesIfThere(process1 + '/fdinfo/' + descriptor) ?? '');
  if (parts === null) return undefined;
  const flags = parseInt(parts[2], 8);
  // Kept aside by a shell: for writing, and closed in what it starts.
  return { position: Number(parts[1]), isAppending: (flags & 0o2000) !== 0, isKeptAside: (flags & 3) !== 0 && (flags & 0o2000000) !== 0 };
}

/** Path of the surroundings' log, if descriptor 1 or 2 is one: what the command prints ends up there. */
function readSurroundingLog(descriptor) {
  try {
    const stat = fs.fstatSync(descriptor);
    if (!stat.isFile() || !isFromSurroundings(descriptor, stat)) return undefined;
    return fs.readlinkSync('/proc/self/fd/' + String(descriptor), 'latin1');
  } catch (error) {
    return undefined;
  }
}

/**
 * Path of the file that descriptor 0, 1 or 2 was redirected to for this command, if it is a regular
 * file; undefined if it was not.
 */
function readRedirect(descriptor) {
  let stat;
  try {
    stat = fs.fstatSync(descriptor);
  } catch (error) {
    return undefined;
  }
  if (!stat.isFile() || (descriptor > 0 && isFromSurroundings(descriptor, stat))) return undefined;
  try {
    const path = fs.readlinkSync('/proc/self/fd/' + String(descriptor), 'latin1');
    const there = statIfThere(path);
    if (there === undefined || there.ino !== stat.ino || there.dev !== stat.dev) return { path: undefined };
    return { path, isAppending: readDescriptorInfo('/proc/self', String(descriptor))?.isAppending ?? false };
  } catch (error) {
    return { path: undefined };
  }
}

const LAST_CLOSED_BY_NODE = 15;

/**
 * Descriptors from 3 up that this process was given. Node.js closes those up to 15 in what it starts,
 * and a make's jobserver or a shell's "3<file" would be lost. Node's own take the lowest numbers that
 * are free, the first of them an epoll; behind that only files can be told from Node's own.
 */
function findInheritedDescriptors() {
  if (process.platform !== 'linux' || process.versions.bun !== undefined || process.versions.deno !== undefined) return [];
  const found = [];
  let isBeforeOwn = true;
  for (let descriptor = 3; descriptor <= LAST_CLOSED_BY_NODE; descriptor++) {
    const place = readLinkText('/proc/self/fd/' + String(descriptor));
    if (place.startsWith('anon_inode:[eventpoll]')) isBeforeOwn = false;
    else if (place !== '' && (isBeforeOwn || (place[0] === '/' && !place.startsWith('/dev/') && !place.startsWith('/proc/')))) found.push(descriptor);
  }
  return found;
}

// type Program =
//   | { kind: 'found'; name: ByteString }
//   | { kind: 'not-found' }
//   | { kind: 'not-executable'; name: ByteString };

/** The file that running `command` in `folder` would start (execvp(3)), absolute, links resolved. */
function findProgram(command, folder) {
  const candidates = command.indexOf('/') >= 0
    ? [command[0] === '/' ? command : folder + '/' + command]
    : toBytes(process.env.PATH ?? '/usr/bin:/bin').split(':').map((entry) => (entry === '' ? folder : entry[0] === '/' ? entry : folder + '/' + entry) + '/' + command);
  let denied;
  for (const candidate of candidates) {
    const stat = statIfThere(candidate);
    if (stat === undefined || !stat.isFile()) continue;
    try {
      fs.accessSync(toFsPath(candidate), fs.constants.X_OK);
      return { kind: 'found', name: resolveLinks(candidate) };
    } catch (error) {
      denied = candidate;
    }
  }
  return denied === undefined ? { kind: 'not-found' } : { kind: 'not-executable', name: denied };
}

function resolveLinks(name) {
  try {
    return fs.realpathSync.native(toFsPath(name), 'latin1');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'].indexOf(errorCode(error)) >= 0) return name;
    throw error;
  }
}

/** The interpreters of a script, outermost first: #!/usr/bin/env python3 gives env and python3. */
function findInterpreters(program, folder) {
  const found = [];
  let next = program;
  for (let depth = 0; next !== undefined && depth < 4; depth++) {
    const words = readShebang(next);
    next = undefined;
    if (words.length === 0) break;
    found.push(resolveLinks(words[0]));
    next = words[0];
    if (/\/env$/.test(words[0])) {
      const name = words.slice(1).find((word) => word[0] !== '-' && word.indexOf('=') < 0);
      const program1 = name === undefined ? { kind: 'not-found' } : findProgram(name, folder);
      if (program1.kind === 'found') found.push(program1.name);
      next = program1.kind === 'found' ? program1.name : undefined;
    }
  }
  return found;
}

function readShebang(name) {
  const line = readFirstBytes(name, 256).split('\n')[0];
  return line.startsWith('#!') ? line.slice(2).trim().split(/[ \t]+/).filter((word) => word !== '') : [];
}

// ---- the environment record -----------------------------------------------------------------------

function readOsName() {
  for (const name of ['/etc/os-release', '/usr/lib/os-release']) {
    const parts = /^PRETTY_NAME=(?:"([^"]*)"|'([^']*)'|(.*))$/m.exec(readBytesIfThere(name) ?? '');
    if (parts !== null) return parts[1] ?? parts[2] ?? parts[3];
  }
  return os().type() + ' ' + os().release();
}

function readLimits() {
  const lines = (readBytesIfThere('/proc/self/limits') ?? '').split('\n').slice(1);
  const limits = [];
  for (const line of lines) {
    const parts = /^(.{25}) (\S+) +(\S+)/.exec(line);
    if (parts !== null) limits.push(parts[1].trim() + ' ' + parts[2] + ' ' + parts[3]);
  }
  return limits;
}

/** Name -> value of the variables that are set, of a list of names. Values as bytes. */
function readVariables(names) {
  const found = [];
  for (const name of names) {
    const value = process.env[name];
    if (value !== undefined) found.push({ name, value: toBytes(value) });
  }
  return found;
}

/**
 * Text of the environment record (docs/record-format.txt, 6). `software` is lines as
 * describeSoftware() gives them. `spell` makes a variable's value fit for a record: it withholds
 * secrets and the project's place.
 */
function describeEnvironment(software, spell) {
  const uname = os();
  const cpus = uname.cpus();
  let text = '# rr environment record, format 1; described in provenance/README.txt\n';
  const add = (name, value) => {
    if (value !== '') text += name + ': ' + value + '\n';
  };
  add('Os', encodeText(readOsName()));
  add('Kernel', encodeText(uname.type() + ' ' + uname.release() + ' ' + process.arch));
  add('Cpu', encodeText((cpus[0]?.model ?? 'unknown').trim() + ' x ' + String(cpus.length)));
  add('Memory_bytes', String(uname.totalmem()));
  text += software;
  add('Locale', encodeText(toBytes(process.env.LC_ALL || process.env.LC_CTYPE || process.env.LANG || 'C')));
  for (const limit of readLimits()) add('Limit', encodeText(limit));
  for (const variable of readVariables(MACHINE_VARIABLES)) add('Variable', variable.name + '=' + spell(variable.name, variable.value));
  return text;
}

// ==== src/sys/inflate.ts =========================================================================
// inflate.ts - undoes deflate (RFC 1950, 1951, 1952) up to a limit. Knows no formats that hold it.

// With the option "info", zlib's functions tell how much they used; @types/node does not say so.
// type Inflated = { buffer: Buffer; engine: { bytesWritten: number } };

/** See Unpack. A gzip file is all its members together and then, at most, bytes that are zero (unused). */
const unpackBytes = (data, format, limitBytes) => {
  const inflate = { zlib: zlib().inflateSync, raw: zlib().inflateRawSync, gzip: zlib().gunzipSync }[format];
  const options = { maxOutputLength: Math.max(limitBytes, 1), info: true };
  try {
    const inflated = inflate(Buffer.from(data, 'latin1'), options);
    // Deno does not tell how much it used.
    if (Buffer.isBuffer(inflated)) return { kind: 'inflated', content: inflated.toString('latin1'), usedBytes: data.length };
    return { kind: 'inflated', content: inflated.buffer.toString('latin1'), usedBytes: inflated.engine.bytesWritten };
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return { kind: errorCode(error) === 'ERR_BUFFER_TOO_LARGE' ? 'too large' : 'damaged' };
  }
};

// ==== src/sys/compare.ts =========================================================================
// compare.ts - compares two contents, files or bytes, by their kind. Decides nothing of what is accepted.

/** A content is a file on the disk or bytes. */
// type Content = { kind: 'file'; name: ByteString } | { kind: 'bytes'; content: ByteString };

/** `path` is the name of both inside the project: it may tell the kind where the content does not. */
// type CompareOptions = CauseHints & { path: ByteString; tolerance: Tolerance | undefined };

// Two contents of this size and what is inflated of them fit into the memory of a small machine.
const MOST_COMPARED_BYTES = 256 << 20;
const COMPARE_CHUNK_BYTES = 1 << 20;

// type OpenContent = { sizeBytes: number; fd: number } | { sizeBytes: number; content: ByteString };

/**
 * How the second content stands to the first. Contents up to 256 MiB are compared by their kind
 * (docs/comparison.txt), larger ones byte for byte. What cannot be read is 'unchecked'. Throws nothing.
 */
function compareFiles(first, second, options) {
  const opened = [];
  try {
    for (const content of [first, second]) {
      const open = openContent(content);
      if (typeof open === 'string') return { kind: 'unchecked', why: (content === first ? 'the first ' : 'the second ') + open };
      opened.push(open);
    }
    return compareOpen(opened[0], opened[1], options);
  } catch (error) {
    // Read errors and files that shrink meanwhile; anything without a code is a mistake of ours.
    if (errorCode(error) === '') throw error;
    return { kind: 'unchecked', why: 'it cannot be read: ' + errorCode(error) };
  } finally {
    for (const open of opened) if ('fd' in open) fs.closeSync(open.fd);
  }
}

function openContent(content) {
  if (content.kind === 'bytes') return { sizeBytes: content.content.length, content: content.content };
  let fd;
  try {
    fd = fs.openSync(toFsPath(content.name), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return errorCode(error) === 'ENOENT' ? 'is gone' : 'cannot be read: ' + errorCode(error);
  }
  const stat = fs.fstatSync(fd);
  if (stat.isFile()) return { sizeBytes: stat.size, fd };
  fs.closeSync(fd);
  return 'is no regular file';
}

function compareOpen(first, second, options) {
  if (first.sizeBytes > MOST_COMPARED_BYTES || second.sizeBytes > MOST_COMPARED_BYTES) return compareAsStreams(first, second);
  const { path, tolerance } = options;
  return compareByKind(readContent(first), readContent(second), { path, tolerance, hints: options, unpack: unpackBytes });
}

function readContent(open) {
  return 'fd' in open ? fs.readFileSync(open.fd, 'latin1') : open.content;
}

function compareAsStreams(first, second) {
  const buffers = [Buffer.allocUnsafe(COMPARE_CHUNK_BYTES), Buffer.allocUnsafe(COMPARE_CHUNK_BYTES)];
  let at = 0;
  let firstAt = -1;
  let count = 0;
  for (;;) {
    const a = readPart(first, at, buffers[0]);
    const b = readPart(second, at, buffers[1]);
    const common = Math.min(a.length, b.length);
    if (common === 0) break;
    if (!a.subarray(0, common).equals(b.subarray(0, common))) {
      for (let i = 0; i < common; i++) {
        if (a[i] === b[i]) continue;
        if (firstAt < 0) firstAt = at + i;
        count += 1;
      }
    }
    at += common;
  }
  const sizes = [first.sizeBytes, second.sizeBytes];
  if (count === 0 && sizes[0] === sizes[1]) return { kind: 'identical' };
  return { kind: 'different', rule: 'byte for byte', detail: describeByteCount(sizes, count, firstAt) + '; too large to compare by kind', causes: [] };
}

/** The bytes from `at`, fewer only at the end. */
function readPart(open, at, buffer) {
  if ('content' in open) return Buffer.from(open.content.slice(at, at + buffer.length), 'latin1');
  let done = 0;
  while (done < buffer.length) {
    const count = fs.readSync(open.fd, buffer, done, buffer.length - done, at + done);
    if (count === 0) break;
    done += count;
  }
  return buffer.subarray(0, done);
}

// ==== src/sys/filesource.ts ======================================================================
// filesource.ts - files that are read in parts. Knows no formats.

const SOURCE_BLOCK_BYTES = 1 << 16;
const SOURCE_KEPT_BLOCKS = 512; // 32 MiB

/**
 * Lets `use` read parts of a file; undefined if it is no regular file that can be opened. What cannot
 * be read of it is missing as if the file ended there.
 */
function readFileInParts(name, use) {
  let fd;
  try {
    fd = fs.openSync(toFsPath(name), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return undefined;
  }
  try {
    const stat = fs.fstatSync(fd);
    return stat.isFile() ? use(makeSource(fd, stat.size)) : undefined;
  } finally {
    fs.closeSync(fd);
  }
}

function makeSource(fd, sizeBytes) {
  const blocks = new Map();
  const buffer = Buffer.alloc(SOURCE_BLOCK_BYTES);
  const readBlock = (number) => {
    let block = blocks.get(number);
    if (block !== undefined) return block;
    if (blocks.size >= SOURCE_KEPT_BLOCKS) blocks.clear();
    block = buffer.toString('latin1', 0, readBlockFully(fd, buffer, number * SOURCE_BLOCK_BYTES));
    blocks.set(number, block);
    return block;
  };
  const read = (at, length) => {
    const end = Math.min(at + length, sizeBytes);
    if (!(at >= 0 && at < end)) return '';
    const first = Math.floor(at / SOURCE_BLOCK_BYTES);
    const last = Math.floor((end - 1) / SOURCE_BLOCK_BYTES);
    const start = at - first * SOURCE_BLOCK_BYTES;
    if (first === last) return readBlock(first).slice(start, end - first * SOURCE_BLOCK_BYTES);
    const parts = [readBlock(first).slice(start)];
    for (let number = first + 1; number < last; number++) parts.push(readBlock(number));
    parts.push(readBlock(last).slice(0, end - last * SOURCE_BLOCK_BYTES));
    return parts.join('');
  };
  return { sizeBytes, read };
}

function readBlockFully(fd, buffer, at) {
  let done = 0;
  try {
    while (done < buffer.length) {
      const count = fs.readSync(fd, buffer, done, buffer.length - done, at + done);
      if (count === 0) break;
      done += count;
    }
  } catch (error) {
    if (errorCode(error) === '') throw error;
  }
  return done;
}

// ==== src/sys/packagepaths.ts ====================================================================
// packagepaths.ts - names that a package's list may have for a file. Knows no package manager.

/** Folders that are links in some systems ("merged /usr"), while packages still list files in them. */
const LINKED_FOLDERS = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/usr/sbin', '/usr/lib64', '/usr/libexec', '/var/run'];

// type FolderAlias = { link: ByteString; target: ByteString };

/** The files that are asked for, in a system whose root folder is `root` ('' normally). */
// type PackageQuestion = {
//   root: ByteString;
//   /** Absolute in that system, links resolved. */
//   paths: ByteString[];
//   aliases: FolderAlias[];
//   /** Names that lists may have for a file: its own first, then through links to folders. */
//   spell: (path: ByteString) => ByteString[];
// };

/** The whole of a file of a database; '' if it cannot be read. */
function readPackageText(name) {
  try {
    return readBytesIfThere(name) ?? '';
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return '';
  }
}

function findFolderAliases(root) {
  const realRoot = root === '' ? '' : resolveLinks(root);
  const aliases = [];
  for (const link of LINKED_FOLDERS) {
    if (lstatIfThere(root + link)?.isSymbolicLink() !== true) continue;
    const target = resolveLinks(root + link);
    if (target.startsWith(realRoot + '/')) aliases.push({ link, target: target.slice(realRoot.length) });
  }
  return aliases;
}

function makePackageQuestion(root, paths, aliases) {
  const spell = (path) => {
    const names = [path];
    for (const alias of aliases) if (path.startsWith(alias.target + '/')) names.push(alias.link + path.slice(alias.target.length));
    return names;
  };
  return { root, paths, aliases, spell };
}

/** What a name in a list stands for, as far as links to folders are known. */
function findRealPath(question, name) {
  for (const alias of question.aliases) if (name.startsWith(alias.link + '/')) return alias.target + name.slice(alias.link.length);
  return name;
}

/** Every name that lists may have for the files, without `cut` bytes in front -> the file. */
function spellPaths(question, cut) {
  const names = new Map();
  for (const path of question.paths) for (const name of question.spell(path)) names.set(name.slice(cut), path);
  return names;
}

// ==== src/sys/dpkgdatabase.ts ====================================================================
// dpkgdatabase.ts - which package of Debian's dpkg a file came with. Knows no other package manager.

/** Files and folders that change whenever an answer may. */
const DPKG_STAMPED = ['/var/lib/dpkg/status', '/var/lib/dpkg/info', '/var/lib/dpkg/diversions', '/var/lib/dpkg/arch', '/var/lib/dpkg/status.d'];

/** A name in file lists: the file it stands for, and whose lists count (diversions). */
// type ListedName = { path: ByteString; only: ByteString | undefined; except: ByteString | undefined };

function packageOfList(list) {
  const colon = list.indexOf(':');
  return colon < 0 ? list : list.slice(0, colon);
}

/**
 * The lines of file lists that stand for the wanted files. A file that was diverted is listed under
 * the name that another package's file has now (dpkg-divert(1)).
 */
function findListedNames(question, diversions) {
  const from = new Map();
  const to = new Map();
  for (const diversion of diversions) {
    from.set(findRealPath(question, diversion.from), diversion);
    to.set(findRealPath(question, diversion.to), diversion);
  }
  const listed = new Map();
  for (const path of question.paths) {
    const here = to.get(path);
    const over = from.get(path);
    const name = here === undefined ? path : findRealPath(question, here.from);
    const entry = { path, only: here === undefined && over !== undefined ? over.by : undefined, except: here?.by };
    for (const spelling of question.spell(name)) listed.set(spelling, (listed.get(spelling) ?? []).concat(entry));
  }
  return listed;
}

/** File -> names of the lists that it is in: `bash`, `libc6:amd64`. */
function findLists(question) {
  const listed = findListedNames(question, parseDpkgDiversions(readPackageText(question.root + '/var/lib/dpkg/diversions')));
  const search = new LineSearch('\n', listed.keys());
  const found = new Map();
  const folder = question.root + '/var/lib/dpkg/info';
  for (const file of listFolder(folder)) {
    if (!file.endsWith('.list')) continue;
    const list = file.slice(0, -5);
    search.find(readPackageText(folder + '/' + file), (line) => {
      for (const name of listed.get(line) ?? []) {
        const base = packageOfList(list);
        if ((name.only === undefined || name.only === base) && name.except !== base) found.set(name.path, (found.get(name.path) ?? []).concat(list));
      }
    });
  }
  return found;
}

/**
 * Images without dpkg itself ("distroless") have a status file for each package, and sums of its files
 * in place of lists.
 */
function findInStatusFolder(question, found) {
  const folder = question.root + '/var/lib/dpkg/status.d';
  const listed = findListedNames(question, []);
  const search = new LineSearch('\n', listed.keys());
  for (const file of listFolder(folder)) {
    if (!file.endsWith('.md5sums')) continue;
    const status = readPackageText(folder + '/' + file.slice(0, -8));
    const name = /^Package: *(\S+)/m.exec(status)?.[1];
    const identity = name === undefined ? undefined : parseDpkgStatus(status, new Set([name])).get(name);
    if (identity === undefined) continue;
    search.find(readPackageText(folder + '/' + file).replace(/^[0-9a-f]{32} [ *]/gm, '/'), (line) => {
      for (const entry of listed.get(line) ?? []) found.set(entry.path, choosePackage(found.get(entry.path), identity, ''));
    });
  }
}

/** The packages that own these files; a file without one is not in the map. */
function findDpkgOwners(question) {
  const owners = new Map();
  const lists = findLists(question);
  const names = new Set();
  for (const entry of lists.values()) for (const name of entry) names.add(name);
  const packages = names.size === 0 ? new Map() : parseDpkgStatus(readPackageText(question.root + '/var/lib/dpkg/status'), names);
  const ownArchitecture = readPackageText(question.root + '/var/lib/dpkg/arch').split('\n')[0];
  for (const [path, entry] of lists) {
    let chosen;
    for (const name of entry) chosen = choosePackage(chosen, packages.get(name) ?? { name: packageOfList(name), version: '', architecture: name.slice(packageOfList(name).length + 1) }, ownArchitecture);
    if (chosen !== undefined) owners.set(path, chosen);
  }
  findInStatusFolder(question, owners);
  return owners;
}

// ==== src/sys/rpmdatabase.ts =====================================================================
// rpmdatabase.ts - which package of rpm a file came with. Knows no other package manager.

// Where rpm keeps its database: in most systems, in Fedora and SUSE since 2021, in rpm-ostree's.
const RPM_FOLDERS = ['/usr/lib/sysimage/rpm', '/var/lib/rpm', '/usr/share/rpm'];
const RPM_FILES = ['/rpmdb.sqlite', '/Packages.db', '/Packages'];

/** Files that change whenever an answer may. */
const RPM_STAMPED = RPM_FOLDERS.map((folder) => RPM_FILES.concat('/rpmdb.sqlite-wal').map((file) => folder + file)).reduce((all, some) => all.concat(some), []);

/**
 * Headers of the packages that have a file of a wanted last part, by the database's own index;
 * undefined if that cannot be used.
 */
function findByBaseName(db, names) {
  const index = findSqliteRoot(db, 'index', 'Basenames_key_idx');
  const table = findSqliteRoot(db, 'table', 'Basenames');
  const packages = findSqliteRoot(db, 'table', 'Packages');
  if (index === undefined || table === undefined || packages === undefined) return undefined;
  const headers = new Map();
  for (const name of names) {
    const rowIds = findSqliteKeys(db, index, name);
    if (rowIds === undefined) return undefined;
    for (const rowId of rowIds) {
      const number = findSqliteRow(db, table, rowId)?.[1];
      if (typeof number !== 'number') return undefined;
      if (headers.has(number)) continue;
      const blob = findSqliteRow(db, packages, number)?.[1];
      if (typeof blob !== 'string') return undefined;
      headers.set(number, blob);
    }
  }
  return Array.from(headers.values());
}

function scanSqliteHeaders(db, visit) {
  const packages = findSqliteRoot(db, 'table', 'Packages');
  if (packages === undefined) return;
  scanSqliteTable(db, packages, (row) => {
    if (typeof row[1] === 'string') visit(row[1]);
  });
}

/** Calls `visit` with the headers in which wanted files may be. */
function visitRpmHeaders(folder, baseNames, visit) {
  readFileInParts(folder + RPM_FILES[0], (source) => {
    const visitAll = (db) => {
      if (db === undefined) return;
      const headers = findByBaseName(db, baseNames);
      if (headers === undefined) scanSqliteHeaders(db, visit);
      else headers.forEach(visit);
    };
    const hasLog = readFileInParts(folder + RPM_FILES[0] + '-wal', (log) => {
      visitAll(openSqlite(source, log));
      return true;
    });
    if (hasLog === undefined) visitAll(openSqlite(source));
  });
  readFileInParts(folder + RPM_FILES[1], (source) => scanNdb(source, visit));
  readFileInParts(folder + RPM_FILES[2], (source) => scanBerkeleyHash(source, visit));
}

/** The packages that own these files; a file without one is not in the map. */
function findRpmOwners(question) {
  const owners = new Map();
  const names = spellPaths(question, 0);
  const baseNames = new Set();
  for (const name of names.keys()) baseNames.add(name.slice(name.lastIndexOf('/') + 1));
  const wanted = { paths: new Set(names.keys()), baseNames: new LineSearch('\0', baseNames) };
  // In many systems one is a link to another.
  for (const folder of new Set(RPM_FOLDERS.map((name) => resolveLinks(question.root + name)))) {
    visitRpmHeaders(folder, baseNames, (blob) => {
      findInRpmHeader(blob, wanted, (name, identity) => {
        const path = names.get(name);
        if (path !== undefined) owners.set(path, choosePackage(owners.get(path), identity, ''));
      });
    });
  }
  return owners;
}

// ==== src/sys/condaprefix.ts =====================================================================
// condaprefix.ts - which package of conda a file came with. Knows no other package manager.

/** Files and folders in a prefix that change whenever an answer may. */
const CONDA_STAMPED = ['/conda-meta', '/conda-meta/history'];

/** Finds the folders, in a system with this root folder, that conda installed files into. */
class CondaPrefixes {
  // private readonly root: ByteString;
  known = new Map([['', undefined]]);
  constructor(root) {
    this.root = root;
  }

  /** The nearest prefix above a file; undefined if there is none. */
  find(path) {
    const folder = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    if (this.known.has(folder)) return this.known.get(folder);
    const isPrefix = statIfThere(this.root + folder + '/conda-meta')?.isDirectory() === true;
    const prefix = isPrefix ? folder : this.find(folder);
    this.known.set(folder, prefix);
    return prefix;
  }
}

/** The packages that own these files in `folder`, named relative to it; a file without one is not in the map. */
function findCondaOwners(folder, files) {
  const owners = new Map();
  const wanted = new Set(files);
  const spellings = [];
  for (const file of files) for (const spelling of spellInJson(toText(file))) spellings.push(toBytes(spelling));
  const search = new LineSearch('"', spellings);
  for (const name of listFolder(folder + '/conda-meta')) {
    if (!name.endsWith('.json')) continue;
    const json = readPackageText(folder + '/conda-meta/' + name);
    let mayOwn = false;
    search.find(json, () => { mayOwn = true; });
    const record = mayOwn ? parseCondaRecord(toText(json)) : undefined;
    if (record === undefined) continue;
    const identity = { name: toBytes(record.name), version: toBytes(record.version), architecture: toBytes(record.architecture) };
    for (const file of record.files.map(toBytes)) if (wanted.has(file)) owners.set(file, choosePackage(owners.get(file), identity, ''));
  }
  return owners;
}

// ==== src/sys/ownercache.ts ======================================================================
// ownercache.ts - packages of files that were asked for before. Without it all is the same, later.
//
// Lines of "STAMP MANAGER NAME VERSION ARCHITECTURE PATH .", separated by tabs, appended; a line is true
// as long as the databases have this stamp. A file without an owner has a line with empty fields. The
// "." at the end tells a whole line from one that a crash or a full disk cut off.

const OWNERS_LIMIT_BYTES = 4 << 20;
const MANAGERS = ['dpkg', 'rpm', 'apk', 'pacman', 'guix', 'nix', 'conda'];

/** What changes when databases do, in 16 hexadecimal digits; `isSettled` if they were not changed just now. */
// type DatabaseStamp = { text: string; isSettled: boolean };

/** The stamp of databases that consist of these files; undefined if none of them is there. */
function stampDatabases(names, more) {
  const parts = [];
  let isOld = true;
  for (const name of names) {
    const stat = statIfThere(name);
    if (stat === undefined) continue;
    parts.push([name, stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join('\t'));
    if (!isSettled(stat)) isOld = false;
  }
  if (parts.length === 0) return undefined;
  return { text: hashBytes('1\n' + more + '\n' + parts.join('\n')).slice(0, 16), isSettled: isOld };
}

class OwnerCache {
  // private readonly name: ByteString;
  known = new Map();
  added = '';
  constructor(name) {
    this.name = name;
  }

  read(stamp) {
    const known = new Map();
    let text = '';
    try {
      text = readBytesIfThere(this.name) ?? '';
    } catch (error) {
      if (errorCode(error) === '') throw error;
    }
    for (const line of text.split('\n')) {
      if (!line.startsWith(stamp)) continue;
      const parts = line.split('\t');
      if (parts.length !== 7 || parts[6] !== '.') continue;
      const path = decodeText(parts[5]);
      if (parts[1] === '') known.set(path, 'none');
      else if (MANAGERS.indexOf(parts[1]) >= 0) {
        known.set(path, { manager: parts[1], name: decodeText(parts[2]), version: decodeText(parts[3]), architecture: decodeText(parts[4]) });
      }
    }
    return known;
  }

  /** The owner that was found with databases of this stamp, if the file was asked for. */
  find(stamp, path) {
    let known = this.known.get(stamp.text);
    if (known === undefined) {
      known = this.read(stamp.text);
      this.known.set(stamp.text, known);
    }
    return known.get(path);
  }

  /** Notes what was found after the stamp was taken. */
  add(stamp, path, owner) {
    if (!stamp.isSettled) return;
    const fields = owner === undefined ? ['', '', '', ''] : [owner.manager, owner.name, owner.version, owner.architecture];
    this.added += [stamp.text].concat(fields.map(encodeText), encodeText(path), '.').join('\t') + '\n';
  }

  /** Writes what was added. Where that cannot be, it is forgotten: it is only a cache. */
  save() {
    if (this.added === '') return;
    try {
      fs.appendFileSync(toFsPath(this.name), Buffer.from(this.added, 'latin1'));
      if (fs.statSync(toFsPath(this.name)).size > OWNERS_LIMIT_BYTES) removeIfThere(this.name);
    } catch (error) {
      if (errorCode(error) === '') throw error;
    }
    this.added = '';
  }
}

// ==== src/sys/packages.ts ========================================================================
// packages.ts - which package a file came with, read from the package managers' databases. Starts no process.

const APK_LISTS = ['/lib/apk/db/installed', '/usr/lib/apk/db/installed'];
const PACMAN_FOLDER = '/var/lib/pacman/local';

// type SystemDatabase = { manager: PackageManager; find: (question: PackageQuestion) => Map<ByteString, PackageIdentity> };

// Where one system has several, as Debian with the program rpm, the first that knows a file is right.
const SYSTEM_DATABASES = [
  { manager: 'dpkg', find: findDpkgOwners },
  { manager: 'rpm', find: findRpmOwners },
  { manager: 'apk', find: findApkOwners },
  { manager: 'pacman', find: findPacmanOwners },
];
const SYSTEM_STAMPED = DPKG_STAMPED.concat(RPM_STAMPED, APK_LISTS, PACMAN_FOLDER);

/**
 * The packages that own these files (absolute, links resolved); a file without one is not in the map.
 * What cannot be read of a database owns nothing. `root` is the folder of the system, '' normally;
 * answers are kept in `cacheFolder`, if it can be written to, until a database changes.
 */
function findOwners(paths, options) {
  const owners = new Map();
  const cache = new OwnerCache(options.cacheFolder + '/owners');
  const prefixes = new CondaPrefixes(options.root);
  const byPrefix = new Map();
  const others = [];
  for (const path of new Set(paths)) {
    const fact = parseStorePath(path);
    const prefix = fact === undefined ? prefixes.find(path) : undefined;
    if (fact !== undefined) owners.set(path, fact);
    else if (prefix !== undefined) addPathTo(byPrefix, prefix, path);
    else others.push(path);
  }
  for (const [prefix, files] of byPrefix) {
    const stamp = stampDatabases(CONDA_STAMPED.map((name) => options.root + prefix + name), 'conda');
    const without = lookUp({ paths: files, stamp, cache, owners }, (unknown) => askConda(options.root, prefix, unknown));
    for (const path of without) others.push(path);
  }
  const aliases = findFolderAliases(options.root);
  const system = stampDatabases(SYSTEM_STAMPED.map((name) => options.root + name), JSON.stringify(aliases));
  lookUp({ paths: others, stamp: system, cache, owners }, (unknown) => askSystem(makePackageQuestion(options.root, unknown, aliases)));
  cache.save();
  return owners;
}

function addPathTo(groups, key, path) {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [path]);
  else group.push(path);
}

// type LookUp = { paths: ByteString[]; stamp: DatabaseStamp | undefined; cache: OwnerCache; owners: Map<ByteString, PackageFact> };

/** Adds the owners from the cache, and those that `ask` finds of the rest; returns the files without one. */
function lookUp(look, ask) {
  const { stamp, cache, owners } = look;
  if (stamp === undefined) return look.paths;
  const without = [];
  const unknown = [];
  for (const path of look.paths) {
    const owner = cache.find(stamp, path);
    if (owner === undefined) unknown.push(path);
    else if (owner === 'none') without.push(path);
    else owners.set(path, owner);
  }
  if (unknown.length === 0) return without;
  const found = ask(unknown);
  for (const path of unknown) {
    const owner = found.get(path);
    cache.add(stamp, path, owner);
    if (owner === undefined) without.push(path);
    else owners.set(path, owner);
  }
  return without;
}

function askSystem(question) {
  const facts = new Map();
  for (const database of SYSTEM_DATABASES) {
    const rest = { ...question, paths: question.paths.filter((path) => !facts.has(path)) };
    if (rest.paths.length === 0) break;
    for (const [path, identity] of database.find(rest)) facts.set(path, { manager: database.manager, ...identity });
  }
  return facts;
}

function askConda(root, prefix, paths) {
  const facts = new Map();
  const found = findCondaOwners(root + prefix, paths.map((path) => path.slice(prefix.length + 1)));
  for (const [file, identity] of found) facts.set(prefix + '/' + file, { manager: 'conda', ...identity });
  return facts;
}

function findApkOwners(question) {
  const owners = new Map();
  const names = spellPaths(question, 1);
  const wanted = new Set(names.keys());
  for (const list of APK_LISTS) {
    findInApkList(readPackageText(question.root + list), wanted, (name, identity) => {
      const path = names.get(name);
      if (path !== undefined) owners.set(path, choosePackage(owners.get(path), identity, ''));
    });
  }
  return owners;
}

function findPacmanOwners(question) {
  const owners = new Map();
  const names = spellPaths(question, 1);
  const search = new LineSearch('\n', names.keys());
  const folder = question.root + PACMAN_FOLDER;
  for (const entry of listFolder(folder)) {
    const found = [];
    search.find(readPackageText(folder + '/' + entry + '/files'), (line) => found.push(names.get(line) ?? ''));
    const identity = found.length === 0 ? undefined : parsePacmanDescription(readPackageText(folder + '/' + entry + '/desc'));
    if (identity !== undefined) for (const path of found) owners.set(path, choosePackage(owners.get(path), identity, ''));
  }
  return owners;
}

// ==== src/sys/packagefiles.ts ====================================================================
// packagefiles.ts - what the finders of language packages share. Knows no language.

/**
 * `version` is '' if unknown. `detail` says what name and version do not, such as "editable FOLDER
 * git COMMIT", or is ''. `covers` is the absolute folder or file that most of its files lie under.
 */
// type LanguagePackage = {
//   manager: 'python' | 'r' | 'julia' | 'npm' | 'perl' | 'java' | 'ruby';
//   name: ByteString;
//   version: ByteString;
//   detail: ByteString;
//   covers: ByteString;
// };

/** The files of a run that the finders look at: absolute, links resolved, sorted by bytes, each once. */
// type FilesRead = { paths: ByteString[]; isRead: Set<ByteString>; programs: ByteString[]; projectRoot: ByteString };

/** A package and those of the files that it explains; without a package, they are a language's but prove no use of one. */
// type PackageClaim = { package: LanguagePackage | undefined; paths: ByteString[] };

/** More of a file that describes a package is not read. */
const MOST_METADATA_BYTES = 1 << 22;

/** The first bytes of a regular file; undefined if there is none that can be read. Never throws. */
function readQuietly(name, mostBytes = MOST_METADATA_BYTES) {
  try {
    const stat = statIfThere(name);
    if (stat === undefined || !stat.isFile()) return undefined;
    return readFirstBytes(name, Math.min(stat.size, mostBytes));
  } catch (error) {
    return undefined; // names from foreign files, on foreign mounts: whatever it is, there is nothing to learn
  }
}

/** Names in a folder, sorted by bytes; [] if it cannot be listed. Never throws. */
function listQuietly(name) {
  try {
    return listFolder(name).sort();
  } catch (error) {
    return [];
  }
}

/** Never throws. */
function isFileQuietly(name) {
  try {
    return statIfThere(name)?.isFile() === true;
  } catch (error) {
    return false;
  }
}

/** "/a/b" of "/a/b/c"; '' at the root. */
function folderOf(name) {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}

function lastPartOf(name) {
  return name.slice(name.lastIndexOf('/') + 1);
}

function isBelow(name, folder) {
  return name.startsWith(folder) && (name.length === folder.length || name[folder.length] === '/');
}

/** The nearest of the folders that a file lies in, or that it is; undefined if none. */
function findNearest(name, folders) {
  if (folders.size === 0) return undefined;
  for (let at = name; at !== ''; at = folderOf(at)) {
    const found = folders.get(at);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** "a/./b/../c" as "a/c"; a path below `folder` if it is relative. */
function joinFolders(folder, name) {
  const parts = [];
  for (const part of (name[0] === '/' ? name : folder + '/' + name).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return '/' + parts.join('/');
}

/** A folder as a record names it: relative where it lies in the project. */
function nameFolder(folder, projectRoot) {
  if (folder === projectRoot) return '.';
  return isBelow(folder, projectRoot) ? folder.slice(projectRoot.length + 1) : folder;
}

/** A name or version from a foreign file: one line of at most 200 bytes. */
function cleanValue(text) {
  return typeof text === 'string' ? text.replace(/[\0-\x20]+/g, ' ').trim().slice(0, 200) : '';
}

// ==== src/sys/pythonsites.ts =====================================================================
// pythonsites.ts - the distributions installed in one folder of Python modules. Knows no runs and starts no Python.

/** One *.dist-info, *.egg-info or egg; what it says is read when it is first asked for, and once. */
// type PythonDistribution = {
//   site: ByteString;
//   /** Of the folder or file with the metadata, in `site`. */
//   entry: ByteString;
//   /** Normalized, as the entry's name has it: a first guess. */
//   guessedName: ByteString;
//   facts: { name: ByteString; version: ByteString } | undefined;
//   origin: PythonOrigin | null | undefined;
//   topLevel: ByteString[] | undefined;
//   files: Set<ByteString> | null | undefined;
// };

// type PythonSite = { folder: ByteString; names: ByteString[]; distributions: PythonDistribution[] };

const MOST_LIST_BYTES = 1 << 25;
const METADATA_ENTRY = /^([^/]+)\.(?:dist-info|egg-info|egg)$/;

function openPythonSite(folder) {
  const names = listQuietly(folder);
  const distributions = [];
  for (const entry of names) {
    const stem = METADATA_ENTRY.exec(entry)?.[1];
    if (stem === undefined) continue;
    // Both kinds write "-" in a name as "_", so that the version begins at the first one.
    const guessedName = normalizePythonName(stem.split('-')[0]);
    distributions.push({ site: folder, entry, guessedName, facts: undefined, origin: undefined, topLevel: undefined, files: undefined });
  }
  return { folder, names, distributions };
}

/** The metadata's own name and version: the entry's name may be wrong, as in "kiwisolver-0.0.0.dist-info". */
function readDistributionFacts(one) {
  if (one.facts !== undefined) return one.facts;
  const folder = one.site + '/' + one.entry;
  const inEgg = one.entry.endsWith('.egg') ? '/EGG-INFO/PKG-INFO' : '/PKG-INFO';
  const text = one.entry.endsWith('.dist-info') ? readQuietly(folder + '/METADATA')
    : readQuietly(folder + inEgg) ?? readQuietly(folder);
  const fields = parseHeaders(text ?? '');
  const guessed = one.entry.replace(METADATA_ENTRY, '$1').split('-');
  const name = cleanValue(fields.get('name')) || guessed[0];
  one.facts = { name, version: cleanValue(fields.get('version')) || (fields.has('name') ? '' : guessed[1] ?? '') };
  return one.facts;
}

/** Where it was installed from; null if that is not said. */
function readDistributionOrigin(one) {
  if (one.origin === undefined) {
    const text = one.entry.endsWith('.dist-info') ? readQuietly(one.site + '/' + one.entry + '/direct_url.json') : undefined;
    one.origin = (text === undefined ? undefined : parseDirectUrl(text)) ?? null;
  }
  return one.origin;
}

/** The modules it says it has; [] if it does not say. */
function readTopLevel(one) {
  if (one.topLevel === undefined) one.topLevel = parseNameLines(readQuietly(metadataFolder(one) + '/top_level.txt') ?? '');
  return one.topLevel;
}

/**
 * Its files, relative to the site (RECORD, or installed-files.txt of older pip); null if there is no
 * such list. Debian packages have none.
 */
function readDistributionFiles(one) {
  if (one.files !== undefined) return one.files;
  const record = one.entry.endsWith('.dist-info') ? readQuietly(one.site + '/' + one.entry + '/RECORD', MOST_LIST_BYTES) : undefined;
  if (record !== undefined) {
    one.files = new Set(parseRecordPaths(record));
    return one.files;
  }
  const listed = one.entry.endsWith('.egg-info') ? readQuietly(one.site + '/' + one.entry + '/installed-files.txt', MOST_LIST_BYTES) : undefined;
  one.files = listed === undefined ? null : new Set(parseNameLines(listed).map((line) => fromMetadataFolder(one, line)));
  return one.files;
}

/** "../numpy/core.py" in installed-files.txt is "numpy/core.py". */
function fromMetadataFolder(one, line) {
  const absolute = joinFolders(one.site + '/' + one.entry, line);
  return absolute.startsWith(one.site + '/') ? absolute.slice(one.site.length + 1) : absolute;
}

function metadataFolder(one) {
  return one.site + '/' + one.entry + (one.entry.endsWith('.egg') ? '/EGG-INFO' : '');
}

/** The packages that several distributions share ("google", "zope"): those that this one says are so. */
function readNamespaces(one) {
  return parseNameLines(readQuietly(metadataFolder(one) + '/namespace_packages.txt') ?? '');
}

// ==== src/sys/pythoneditables.ts =================================================================
// pythoneditables.ts - Python packages that are used from the folder they are written in. Starts no Python.

/** `folder` is the checkout; `modules` are its top-level modules, [] if not known; `roots` are folders that Python searches, or modules themselves. */
// type Editable = { name: ByteString; version: ByteString; folder: ByteString; roots: ByteString[]; modules: ByteString[] };

/** Claims of the files that lie in folders which the sites refer to. */
function findPythonEditables(sites, others, files) {
  const byRoot = new Map();
  for (const site of sites) {
    for (const one of listEditables(site)) for (const root of one.roots) if (!byRoot.has(root)) byRoot.set(root, one);
  }
  if (byRoot.size === 0) return [];
  const claimed = new Map();
  for (const name of others) {
    const one = findNearest(name, byRoot);
    if (one === undefined || !isModuleOf(name, one, files.projectRoot)) continue;
    claimed.set(one, (claimed.get(one) ?? []).concat(name));
  }
  return Array.from(claimed, ([one, paths]) => {
    const detail = 'editable ' + nameFolder(one.folder, files.projectRoot) + describeCommit(one.folder);
    return { package: { manager: 'python', name: one.name, version: one.version, detail, covers: one.folder }, paths };
  });
}

/** Scripts that lie beside a package in the project are no use of the package. */
function isModuleOf(name, one, projectRoot) {
  const root = one.roots.find((folder) => isBelow(name, folder));
  if (root !== projectRoot || name === root) return true;
  const module = topModuleOf(name.slice(root.length + 1));
  if (one.modules.length > 0) return one.modules.indexOf(module) >= 0;
  return normalizePythonName(module) === normalizePythonName(one.name);
}

function listEditables(site) {
  const found = [];
  const explainedLinks = new Set();
  for (const one of site.distributions) {
    const origin = readDistributionOrigin(one);
    if (origin === null || !origin.isEditable || origin.folder === undefined) continue;
    found.push(makeFromDistribution(one, origin.folder, explainedLinks));
  }
  for (const name of site.names) {
    if (!name.endsWith('.egg-link')) continue;
    const folder = parseNameLines(readQuietly(site.folder + '/' + name) ?? '')[0] ?? '';
    if (folder[0] === '/') found.push(makeFromSource(folder.replace(/(.)\/+$/, '$1'), lastPartOf(name).slice(0, -9)));
  }
  for (const name of site.names) {
    if (!name.endsWith('.pth') || explainedLinks.has(name)) continue;
    for (const folder of readPathLines(site.folder, name)) {
      if (!found.some((one) => one.roots.indexOf(folder) >= 0)) found.push(makeFromSource(folder, lastPartOf(folder)));
    }
  }
  return found;
}

/** PEP 660: the distribution's own list has the .pth file or the finder that leads to its modules. */
function makeFromDistribution(one, folder, explainedLinks) {
  const roots = [];
  for (const name of readDistributionFiles(one) ?? []) {
    if (name.indexOf('/') >= 0) continue;
    if (name.endsWith('.pth')) {
      explainedLinks.add(name);
      roots.push(...readPathLines(one.site, name));
    } else if (/^__editable__.*_finder\.py$/.test(name)) {
      roots.push(...parseEditableMapping(readQuietly(one.site + '/' + name) ?? ''));
    }
  }
  if (roots.length === 0) roots.push(folder);
  const facts = readDistributionFacts(one);
  return { name: facts.name, version: facts.version, folder, roots, modules: readTopLevel(one) };
}

/** The folder a link leads to; its *.egg-info tells the name, unless it has several. */
function makeFromSource(folder, preset) {
  const entries = listQuietly(folder).filter((name) => name.endsWith('.egg-info'));
  const fitting = entries.filter((name) => normalizePythonName(name.slice(0, -9)) === normalizePythonName(preset));
  const entry = fitting[0] ?? (entries.length === 1 ? entries[0] : undefined);
  if (entry === undefined) return { name: preset, version: '', folder, roots: [folder], modules: [] };
  const fields = parseHeaders(readQuietly(folder + '/' + entry + '/PKG-INFO') ?? '');
  const modules = parseNameLines(readQuietly(folder + '/' + entry + '/top_level.txt') ?? '');
  return { name: cleanValue(fields.get('name')) || preset, version: cleanValue(fields.get('version')), folder, roots: [folder], modules };
}

/** Folders that a .pth file adds to the search (site.py): neither comments nor code; none of the site itself. */
function readPathLines(site, name) {
  const lines = parseNameLines(readQuietly(site + '/' + name) ?? '').filter((line) => !/^import[ \t]/.test(line));
  return lines.map((line) => joinFolders(site, line)).filter((folder) => folder !== '/' && !isBelow(folder, site) && !isBelow(site, folder));
}

function describeCommit(folder) {
  try {
    const repository = findRepository(folder);
    const commit = repository === undefined ? undefined : readHead(repository).commit;
    return commit === undefined ? '' : ' git ' + commit;
  } catch (error) {
    return ''; // a damaged repository: the folder is named without a commit
  }
}

// ==== src/sys/pythonpackages.ts ==================================================================
// pythonpackages.ts - the Python distributions that files belong to, and Python itself. Starts no Python.

const PYTHON_SITE = /^(.*\/(?:site|dist)-packages)\/(.+)$/;
const PYTHON_LIBRARY = /^(.*\/(?:python(\d+\.\d+)t?|pypy(\d+\.\d+)))\//;
const PYTHON_PROGRAM = /^(.*)\/bin\/(python(\d+\.\d+)t?)[a-z]*$/;
const PYTHON_FILE = /\.(?:py|pyc|so|pyd|egg)$|\.egg\//;
const PYTHON_METADATA = /^[^/]+\.(?:dist-info|egg-info|egg\/EGG-INFO)(?:\/|$)|^[^/]+\.(?:pth|egg-link)$|^(?:__pycache__\/)?__editable__|^README\.txt$/;
const MOST_BINARY_BYTES = 1 << 26;

/** Files of one distribution, or with `distribution` undefined of a module that none owns. */
// type Owned = { distribution: PythonDistribution | undefined; module: ByteString; files: ByteString[]; isShared: boolean };

function findPythonPackages(files) {
  const libraries = new Map();
  const sites = new Map();
  const others = [];
  for (const name of files.paths) {
    const site = PYTHON_SITE.exec(name);
    const library = site === null ? PYTHON_LIBRARY.exec(name) : null;
    if (site !== null) addPathTo(sites, site[1], name);
    else if (library !== null && isFileQuietlyOnce(library[1] + '/os.py', libraries.get(library[1]))) addPathTo(libraries, library[1], name);
    else if (PYTHON_FILE.test(name)) others.push(name);
  }
  for (const name of files.programs) addProgramLibrary(libraries, name);
  const claims = Array.from(libraries, ([folder, paths]) => claimLibrary(folder, paths, files));
  const opened = Array.from(sites.keys(), openPythonSite);
  if (libraries.size + sites.size > 0 && others.length > 0) claims.push(...claimOthers(others, opened, sites, files));
  for (const site of opened) claims.push(...claimSite(site, sites.get(site.folder), files));
  return claims;
}

/** What is known of a library's folder needs no second look. */
function isFileQuietlyOnce(name, known) {
  return known !== undefined || isFileQuietly(name);
}

/** A run that was not traced has read nothing that is known, but its interpreter tells of the library. */
function addProgramLibrary(libraries, program) {
  const parts = PYTHON_PROGRAM.exec(program);
  if (parts === null) return;
  for (const folder of [parts[1] + '/lib/' + parts[2], parts[1] + '/lib64/' + parts[2]]) {
    if (!libraries.has(folder) && isFileQuietly(folder + '/os.py')) libraries.set(folder, []);
  }
}

function claimLibrary(folder, paths, files) {
  const isPypy = lastPartOf(folder).startsWith('pypy');
  const minor = lastPartOf(folder).replace(/^[a-z]+|t$/g, '');
  const version = isPypy ? minor : findPythonVersion(folder, minor, files);
  return { package: { manager: 'python', name: isPypy ? 'pypy' : 'python', version, detail: '', covers: folder }, paths };
}

/**
 * "3.11.2": from the C header beside the library, else from the interpreter, whose Py_GetVersion()
 * holds it as a string of its own; "3.11" where neither says. pyvenv.cfg is not asked: it has the
 * version of the day when the environment was made.
 */
function findPythonVersion(folder, minor, files) {
  const prefix = folder.replace(/\/lib(?:64)?\/[^/]*$/, '');
  for (const abi of ['', 'm', 't']) {
    const header = readQuietly(prefix + '/include/python' + minor + abi + '/patchlevel.h', 1 << 16);
    const said = header === undefined ? undefined : /^#define\s+PY_VERSION\s+"(\d[\w.+]*)"/m.exec(header)?.[1];
    if (said !== undefined) return said;
  }
  const library = files.paths.filter((name) => isBelow(name, prefix) && lastPartOf(name).startsWith('libpython' + minor));
  const pattern = new RegExp('\\0(' + minor.replace('.', '\\.') + '\\.\\d+(?:(?:a|b|rc)\\d+)?\\+?)\\0');
  for (const name of library.concat([prefix + '/bin/python' + minor])) {
    const said = pattern.exec(readQuietly(name, MOST_BINARY_BYTES) ?? '')?.[1];
    if (said !== undefined) return said;
  }
  return minor;
}

/** Files outside of the usual folders: of editable installs, and of folders made by "pip install --target". */
function claimOthers(others, opened, sites, files) {
  const claims = findPythonEditables(opened, others, files);
  const taken = new Set();
  for (const claim of claims) for (const name of claim.paths) taken.add(name);
  const bases = new Map();
  for (const name of others) {
    if (taken.has(name)) continue;
    const base = findModuleBase(name, files);
    let site = bases.get(base);
    if (site === undefined) {
      site = base === '' ? { folder: base, names: [], distributions: [] } : openTarget(base);
      bases.set(base, site);
      if (site.distributions.length > 0 && !sites.has(base)) opened.push(site);
    }
    if (site.distributions.length > 0) addPathTo(sites, base, name);
  }
  return claims;
}

/** Only *.dist-info and eggs: an *.egg-info also lies beside the source of a package that is being written. */
function openTarget(base) {
  if (!listQuietly(base).some((name) => /\.(?:dist-info|egg)$/.test(name))) return { folder: base, names: [], distributions: [] };
  return openPythonSite(base);
}

/** The folder from which Python imported a file: above all that have an __init__ which was read. */
function findModuleBase(name, files) {
  const egg = /^(.*)\/[^/]+\.egg(?:\/|$)/.exec(name);
  if (egg !== null) return egg[1];
  let folder = folderOf(name).replace(/\/__pycache__$/, '');
  while (folder !== '' && hasInit(folder, files)) folder = folderOf(folder);
  return folder;
}

function hasInit(folder, files) {
  return files.isRead.has(folder + '/__init__.py') || isFileQuietly(folder + '/__init__.py');
}

function claimSite(site, paths, files) {
  const byModule = new Map();
  const metadata = [];
  const inEggs = new Map();
  for (const name of paths) {
    const relative = name.slice(site.folder.length + 1);
    const egg = /^([^/]+\.egg)(?:\/|$)/.exec(relative);
    const distribution = egg === null ? undefined : site.distributions.find((one) => one.entry === egg[1]);
    if (PYTHON_METADATA.test(relative)) metadata.push(name);
    else if (distribution !== undefined) inEggs.set(distribution, (inEggs.get(distribution) ?? []).concat(relative));
    else addPathTo(byModule, topModuleOf(relative), relative);
  }
  const owned = Array.from(inEggs, ([distribution, its]) => ({ distribution, module: distribution.entry, files: its, isShared: false }));
  for (const [module, relatives] of byModule) owned.push(...findModuleOwners(site, module, relatives));
  const claims = mergeOwned(owned).map((one) => claimOwned(site, one, files));
  claims.push({ package: undefined, paths: metadata });
  return claims;
}

/**
 * Who owns the files of one top-level module. First those with its name or that say they have it: by
 * their lists of files, then, as Debian's have no lists, by what they say. Then the lists of all. What
 * is still left (made after the installation, such as a parser's tables) goes with the rest.
 */
function findModuleOwners(site, module, relatives) {
  const owned = [];
  const normalized = normalizePythonName(module);
  let left = relatives;
  const takeListed = (candidates) => {
    for (const one of candidates) {
      if (left.length === 0) return;
      const list = readDistributionFiles(one);
      if (list === null) continue;
      const isListed = (name) => list.has(name) || list.has(pythonSourceOf(name));
      const its = left.filter(isListed);
      if (its.length === 0) continue;
      owned.push({ distribution: one, module, files: its, isShared: false });
      left = left.filter((name) => !isListed(name));
    }
  };
  takeListed(site.distributions.filter((one) => one.guessedName === normalized));
  if (left.length === 0) return owned;
  const claiming = site.distributions.filter((one) => one.guessedName === normalized || readTopLevel(one).indexOf(module) >= 0);
  takeListed(claiming);
  const unlisted = claiming.filter((one) => readDistributionFiles(one) === null);
  if (left.length > 0 && unlisted.length > 0) left = takeUnlisted(unlisted, module, left, owned);
  takeListed(site.distributions);
  if (left.length > 0) {
    if (owned.length === 1) owned[0].files = owned[0].files.concat(left);
    else owned.push({ distribution: undefined, module, files: left, isShared: owned.length > 0 });
  }
  for (const one of owned) one.isShared = owned.length > 1;
  return owned;
}

/** Files for which only names speak. Gives those that no name fits. */
function takeUnlisted(candidates, module, left, owned) {
  const own = candidates.filter((one) => readNamespaces(one).indexOf(module) < 0);
  if (candidates.length === 1 || own.length === 1) {
    owned.push({ distribution: candidates.length === 1 ? candidates[0] : own[0], module, files: left, isShared: false });
    return [];
  }
  // "lazr/uri/x.py" is of "lazr.uri", and "lazr/restfulclient/x.py" of "lazr.restfulclient".
  const rest = [];
  const byName = new Map(candidates.map((one) => [one.guessedName, one]));
  for (const name of left) {
    const parts = pythonSourceOf(name).replace(/\.[^/]*$/, '').split('/');
    let found;
    for (let count = parts.length; count > 0 && found === undefined; count--) found = byName.get(normalizePythonName(parts.slice(0, count).join('-')));
    if (found === undefined) rest.push(name);
    else owned.push({ distribution: found, module, files: [name], isShared: true });
  }
  return rest;
}

/** One for each distribution, whatever modules it has; the module with most files first. */
function mergeOwned(owned) {
  const merged = [];
  const byDistribution = new Map();
  for (const one of owned.slice().sort((a, b) => b.files.length - a.files.length)) {
    const first = one.distribution === undefined ? undefined : byDistribution.get(one.distribution);
    if (first !== undefined) {
      for (const name of one.files) first.files.push(name);
      continue;
    }
    const copy = { distribution: one.distribution, module: one.module, files: one.files.slice(), isShared: one.isShared };
    merged.push(copy);
    if (one.distribution !== undefined) byDistribution.set(one.distribution, copy);
  }
  return merged;
}

function claimOwned(site, owned, files) {
  const covers = site.folder + '/' + coverOf(owned);
  const paths = owned.files.map((name) => site.folder + '/' + name);
  const one = owned.distribution;
  if (one === undefined) return { package: makePython(owned.module, '', '', covers), paths };
  const facts = readDistributionFacts(one);
  // Scripts and data lie outside of the site, and are listed as "../../../bin/NAME".
  for (const listed of one.files ?? []) {
    if (!listed.startsWith('../')) continue;
    const up = /^(?:\.\.\/)+/.exec(listed);
    let folder = site.folder;
    for (let i = 0; i < up[0].length; i += 3) folder = folderOf(folder);
    if (files.isRead.has(folder + '/' + listed.slice(up[0].length))) paths.push(folder + '/' + listed.slice(up[0].length));
  }
  return { package: makePython(facts.name, facts.version, readDistributionOrigin(one)?.text ?? '', covers), paths };
}

/** The module's folder or file; of a module that several share, the folder that has all of the files. */
function coverOf(owned) {
  const first = pythonSourceOf(owned.files[0]);
  const ofModule = owned.files.filter((name) => topModuleOf(name) === owned.module).map(pythonSourceOf);
  if (owned.distribution?.entry === owned.module) return owned.module;
  if (ofModule.length === 0 || ofModule[0].indexOf('/') < 0) return ofModule[0] ?? first;
  if (!owned.isShared) return owned.module;
  let folder = folderOf(ofModule[0]);
  while (!ofModule.every((name) => isBelow(name, folder))) folder = folderOf(folder);
  return folder;
}

function makePython(name, version, detail, covers) {
  return { manager: 'python', name, version, detail, covers };
}

// ==== src/sys/folderpackages.ts ==================================================================
// folderpackages.ts - packages of R, Node.js, Ruby and Julia: each has a folder of its own. Starts no program.

/** Claims for the files below folders; `describe` is asked once for each folder, and may know no package there. */
function claimFolders(names, folderOfFile,
  describe) {
  const claims = new Map();
  for (const name of names) {
    const folder = folderOfFile(name);
    if (folder === undefined) continue;
    let claim = claims.get(folder);
    if (claim === undefined) {
      claim = { package: describe(folder), paths: [] };
      claims.set(folder, claim);
    }
    if (claim.package !== undefined) claim.paths.push(name);
  }
  return Array.from(claims.values()).filter((claim) => claim.package !== undefined);
}

// Whatever reads a package of R reads one of these: its name is twice in the path, or Meta/ is there.
const R_PACKAGE = /^(.*\/([A-Za-z][A-Za-z0-9.]*))\/(?:Meta\/[A-Za-z]+\.rds|R\/\2(?:\.rd[bx])?|libs\/(?:[^/]+\/)?\2\.so)$/;
const R_LIKE = /\/(?:Meta|R|libs|library|site-library)\//;
const R_LIBRARY = /^(.*\/(?:site-)?library\/[A-Za-z][A-Za-z0-9.]*)\//;
const R_PROGRAM = /^(.*)\/bin\/(?:exec\/)?(?:R|Rscript)$/;

/** The packages of R itself (Priority: base) have its version and count as R. */
function findRPackages(files) {
  const roots = new Map();
  for (const name of files.paths) {
    if (!R_LIKE.test(name)) continue; // quick: the other patterns look at every folder of a path
    const root = R_PACKAGE.exec(name)?.[1] ?? R_LIBRARY.exec(name)?.[1];
    if (root !== undefined) roots.set(root, root);
  }
  const homes = new Map();
  for (const program of files.programs) {
    const home = R_PROGRAM.exec(program)?.[1];
    if (home !== undefined && isFileQuietly(home + '/library/base/DESCRIPTION')) homes.set(home, []);
  }
  const claims = claimFolders(files.paths, (name) => findNearest(name, roots), (root) => {
    const one = describeRPackage(root);
    if (one?.isBase !== true) return one?.package;
    const home = folderOf(folderOf(root));
    homes.set(home, (homes.get(home) ?? []).concat(lastPartOf(root)));
    return undefined;
  });
  for (const [home, names] of homes) {
    const paths = files.paths.filter((name) => isBelow(name, home) && !claims.some((claim) => isBelow(name, (claim.package).covers)));
    claims.push({ package: makeR(home, names), paths });
  }
  return claims;
}

function makeR(home, names) {
  const version = parseHeaders(readQuietly(home + '/library/base/DESCRIPTION') ?? '').get('version');
  const used = names.filter((name) => name !== 'base').sort();
  return { manager: 'r', name: 'R', version: cleanValue(version), detail: used.length === 0 ? '' : 'with ' + used.join(' '), covers: home };
}

function describeRPackage(root) {
  const fields = parseHeaders(readQuietly(root + '/DESCRIPTION') ?? '');
  const name = cleanValue(fields.get('package'));
  // Only an installed package was built; a folder of sources is not what R loads.
  if (name === '' || !fields.has('built')) return undefined;
  const detail = ['built ' + cleanValue((fields.get('built')).split(';')[0])];
  const commit = cleanValue(fields.get('remotesha'));
  if (/^[0-9a-f]{7,}$/.test(commit)) {
    const place = cleanValue(fields.get('remoteurl')) || ['remotetype', 'remoteusername', 'remoterepo'].map((key) => cleanValue(fields.get(key))).filter((part) => part !== '').join('/');
    detail.push('git ' + commit + ' ' + stripUrlCredentials(place));
  }
  return {
    isBase: fields.get('priority') === 'base',
    package: { manager: 'r', name, version: cleanValue(fields.get('version')), detail: detail.join(' '), covers: root },
  };
}

const NODE_PACKAGE = /^(.*\/(?:node_modules|(?:share|lib|lib\/[^/]+)\/nodejs)\/((?:@[^/]+\/)?[^/.@][^/]*))\//;
const NODE_FILE = /\.(?:[cm]?js|json|node|wasm)$/;
const NODE_PROGRAM = /^(.*)\/bin\/node(?:js)?$/;

function findNodePackages(files) {
  // A linked package (npm link, workspaces) really lies elsewhere; Node reads its package.json then.
  const linked = new Map();
  for (const name of files.paths) {
    const folder = folderOf(name);
    if (lastPartOf(name) === 'package.json' && !NODE_PACKAGE.test(name) && folder !== files.projectRoot) linked.set(folder, folder);
  }
  const claims = claimFolders(files.paths, (name) => {
    return NODE_PACKAGE.exec(name)?.[1] ?? (NODE_FILE.test(name) ? findNearest(name, linked) : undefined);
  }, (folder) => describeNodePackage(folder, linked.has(folder), files.projectRoot));
  for (const program of files.programs) {
    const prefix = NODE_PROGRAM.exec(program)?.[1];
    const header = prefix === undefined ? undefined : readQuietly(prefix + '/include/node/node_version.h');
    if (header === undefined) continue;
    const [major, minor, patch] = ['MAJOR', 'MINOR', 'PATCH'].map((part) => new RegExp('#define NODE_' + part + '_VERSION (\\d+)').exec(header)?.[1]);
    if (patch === undefined) continue;
    const version = [major, minor, patch].join('.');
    claims.push({ package: { manager: 'npm', name: 'node', version, detail: '', covers: program }, paths: files.isRead.has(program) ? [program] : [] });
  }
  return claims;
}

function describeNodePackage(folder, isLinked, projectRoot) {
  const content = parseJsonObject(readQuietly(folder + '/package.json') ?? '');
  const name = cleanValue(content.name);
  const version = cleanValue(content.version);
  if (isLinked && (name === '' || version === '')) return undefined;
  const inPath = NODE_PACKAGE.exec(folder + '/')?.[2] ?? lastPartOf(folder);
  return { manager: 'npm', name: name || inPath, version, detail: isLinked ? 'linked ' + nameFolder(folder, projectRoot) : '', covers: folder };
}

/** {} for what is no JSON or no object. */
function parseJsonObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch (error) {
    return {}; // JSON.parse has no other failure
  }
}

const GEM = /^(.*\/gems\/[^/]+)\//;
const GEM_NAME = /^(.+?)-(\d[\w.]*)(?:-([A-Za-z].*))?$/;
const GEM_DESCRIPTION = /\/specifications\/(?:default\/)?[^/]+\.gemspec$/;
const RUBY_LIBRARY = /^(.*\/ruby\/(\d+\.\d+\.\d+))\//;

function findRubyPackages(files) {
  const claims = claimFolders(files.paths, findGemFolder, describeGem);
  const libraries = claimFolders(files.paths.filter((name) => findGemFolder(name) === undefined), findRubyLibrary, (folder) => {
    return { manager: 'ruby', name: 'ruby', version: findRubyVersion(folder, files), detail: '', covers: folder };
  });
  // RubyGems reads the descriptions of all gems, whichever it loads.
  const described = { package: undefined, paths: files.paths.filter((name) => GEM_DESCRIPTION.test(name)) };
  return claims.concat(libraries, [described]);
}

/** The standard library; "vendor_ruby" and "site_ruby" are not of it. */
function findRubyLibrary(name) {
  const folder = RUBY_LIBRARY.exec(name)?.[1];
  return folder === undefined || /\/(?:vendor_ruby|site_ruby|gems)\//.test(folder + '/') ? undefined : folder;
}

function findGemFolder(name) {
  const folder = GEM.exec(name)?.[1];
  if (folder === undefined) return undefined;
  const isNamed = GEM_NAME.test(lastPartOf(folder)) || /\/bundler\/gems\/[^/]+-[0-9a-f]{7,40}$/.test(folder);
  return isNamed ? folder : undefined;
}

function describeGem(folder) {
  const fromGit = /\/bundler\/gems\/([^/]+)-([0-9a-f]{7,40})$/.exec(folder);
  if (fromGit !== null) return { manager: 'ruby', name: fromGit[1], version: '', detail: 'git ' + fromGit[2], covers: folder };
  const parts = GEM_NAME.exec(lastPartOf(folder));
  return { manager: 'ruby', name: parts[1], version: parts[2], detail: parts[3] ?? '', covers: folder };
}

/** The folder is named after the version of the interface, "3.1.0"; rbconfig.rb has Ruby's own. */
function findRubyVersion(folder, files) {
  const config = files.paths.find((name) => lastPartOf(name) === 'rbconfig.rb' && RUBY_LIBRARY.exec(name)?.[2] === lastPartOf(folder));
  const text = config === undefined ? '' : readQuietly(config) ?? '';
  const parts = ['MAJOR', 'MINOR', 'TEENY'].map((part) => new RegExp('CONFIG\\["' + part + '"\\] = "(\\d+)"').exec(text)?.[1]);
  return parts.every((part) => part !== undefined) ? parts.join('.') : lastPartOf(folder);
}

// ==== src/sys/juliapackages.ts ===================================================================
// juliapackages.ts - Julia's packages, from its depots and manifests. Starts no Julia.

const JULIA_SOURCE = /^(.*)\/packages\/([\w!]+)\/[A-Za-z0-9]{4,8}\//;
const JULIA_COMPILED = /^(.*)\/compiled\/v(\d+\.\d+)\/([\w!]+)\/[^/]+\.(?:ji|so|dylib)$/;
const JULIA_STANDARD = /^(.*)\/(?:share\/julia\/(?:stdlib\/v(\d+\.\d+)|base|compiled\/v(\d+\.\d+))\/|lib\/julia\/sys\.so$)/;
const JULIA_ARTIFACT = /^(.*)\/artifacts\/([0-9a-f]{40})\//;
const JULIA_PROGRAM = /^(.*)\/bin\/julia$/;

// type Depots = { manifests: { folder: ByteString; manifest: JuliaManifest }[]; byName: Map<ByteString, { entry: JuliaEntry; folder: ByteString }> };
// type Claims = Map<ByteString, { package: LanguagePackage; paths: ByteString[] }>;

function findJuliaPackages(files) {
  const ofJulia = files.paths.filter((name) => JULIA_SOURCE.test(name) || JULIA_COMPILED.test(name) || JULIA_STANDARD.test(name) || JULIA_ARTIFACT.test(name));
  const isUsed = ofJulia.some((name) => !JULIA_ARTIFACT.test(name)) || files.programs.some((name) => JULIA_PROGRAM.test(name));
  if (!isUsed) return [];
  const depots = readManifests(ofJulia, files);
  const claims = new Map();
  for (const name of files.programs) {
    const prefix = JULIA_PROGRAM.exec(name)?.[1];
    if (prefix !== undefined) claimFile(claims, makeJulia(prefix, '', depots), files.isRead.has(name) ? name : undefined);
  }
  for (const name of ofJulia) claimJuliaFile(claims, name, depots);
  claimDeveloped(claims, depots, files);
  claimArtifacts(claims, ofJulia);
  return Array.from(claims.values());
}

function claimFile(claims, one, path) {
  const key = one.name + '\n' + one.version;
  const claim = claims.get(key);
  if (claim === undefined) claims.set(key, { package: one, paths: path === undefined ? [] : [path] });
  else if (path !== undefined) claim.paths.push(path);
}

function claimJuliaFile(claims, name, depots) {
  const standard = JULIA_STANDARD.exec(name);
  if (standard !== null) {
    claimFile(claims, makeJulia(standard[1], standard[2] ?? standard[3] ?? '', depots), name);
    return;
  }
  const source = JULIA_SOURCE.exec(name);
  if (source !== null) {
    claimFile(claims, describeSource(source[0].slice(0, -1), source[2], depots), name);
    return;
  }
  const compiled = JULIA_COMPILED.exec(name);
  if (compiled === null) return;
  // Julia compares only the times of the sources behind a compiled file: the manifest has the version.
  const known = depots.byName.get(compiled[3]);
  const version = known?.entry.version ?? '';
  claimFile(claims, { manager: 'julia', name: compiled[3], version, detail: describeJuliaOrigin(known?.entry), covers: folderOf(name) }, name);
}

/** Manifests that the run read, that of the project, and those of the depots' shared environments; the first that knows a name decides. */
function readManifests(ofJulia, files) {
  const names = files.paths.filter((name) => /\/(?:Julia)?Manifest(?:-v[\d.]+)?\.toml$/.test(name));
  for (const name of listQuietly(files.projectRoot)) {
    if (/^(?:Julia)?Manifest(?:-v[\d.]+)?\.toml$/.test(name)) names.push(files.projectRoot + '/' + name);
  }
  const shared = new Set();
  for (const name of ofJulia) {
    const compiled = JULIA_COMPILED.exec(name);
    if (compiled !== null) shared.add(compiled[1] + '/environments/v' + compiled[2] + '/Manifest.toml');
  }
  const depots = { manifests: [], byName: new Map() };
  for (const name of new Set(names.concat(Array.from(shared).sort()))) {
    const text = readQuietly(name);
    if (text === undefined) continue;
    const manifest = parseJuliaManifest(text);
    depots.manifests.push({ folder: folderOf(name), manifest });
    for (const entry of manifest.entries) if (!depots.byName.has(entry.name)) depots.byName.set(entry.name, { entry, folder: folderOf(name) });
  }
  return depots;
}

/** A package's own Project.toml tells its version; those from before Julia 1.0 have none. */
function describeSource(folder, name, depots) {
  const project = parseJuliaProject(readQuietly(folder + '/Project.toml') ?? readQuietly(folder + '/JuliaProject.toml') ?? '');
  const entry = depots.byName.get(name)?.entry;
  const version = project.version !== '' ? project.version : entry?.version ?? '';
  return { manager: 'julia', name, version, detail: entry?.version === version ? describeJuliaOrigin(entry) : '', covers: folder };
}

function describeJuliaOrigin(entry) {
  if (entry === undefined || entry.tree === '') return '';
  return 'tree ' + entry.tree + (entry.url === '' ? '' : ' ' + stripUrlCredentials(entry.url));
}

/** The header tells the version to the last digit, else the manifest that was made with it. */
function makeJulia(prefix, minor, depots) {
  const header = readQuietly(prefix + '/include/julia/julia_version.h') ?? '';
  const fromHeader = /JULIA_VERSION_STRING\s+"([^"\n]+)"/.exec(header)?.[1];
  const fromManifest = depots.manifests.map((one) => one.manifest.juliaVersion).find((one) => one !== '' && one.startsWith(minor));
  return { manager: 'julia', name: 'julia', version: fromHeader ?? fromManifest ?? minor, detail: '', covers: prefix + '/share/julia' };
}

/** Packages that are used from a folder ("path" in the manifest, as Pkg.develop writes it). */
function claimDeveloped(claims, depots, files) {
  const byFolder = new Map();
  for (const { folder, manifest } of depots.manifests) {
    for (const entry of manifest.entries) if (entry.path !== '') byFolder.set(joinFolders(folder, entry.path), entry);
  }
  if (byFolder.size === 0) return;
  for (const name of files.paths) {
    const entry = name.endsWith('.jl') ? findNearest(name, byFolder) : undefined;
    if (entry === undefined) continue;
    const folder = findDeveloped(name, byFolder);
    const detail = 'editable ' + nameFolder(folder, files.projectRoot);
    claimFile(claims, { manager: 'julia', name: entry.name, version: entry.version, detail, covers: folder }, name);
  }
}

function findDeveloped(name, byFolder) {
  let folder = folderOf(name);
  while (!byFolder.has(folder)) folder = folderOf(folder);
  return folder;
}

/** An artifact is of the package whose Artifacts.toml has its hash: mostly the wrapper of a library, NAME_jll. */
function claimArtifacts(claims, ofJulia) {
  const depotFolders = new Set();
  const lists = [];
  for (const name of ofJulia) depotFolders.add(JULIA_COMPILED.exec(name)?.[1] ?? JULIA_SOURCE.exec(name)?.[1] ?? '');
  for (const claim of claims.values()) {
    const packageName = claim.package.name;
    for (const depot of depotFolders) {
      for (const slug of depot === '' ? [] : listQuietly(depot + '/packages/' + packageName)) {
        const name = depot + '/packages/' + packageName + '/' + slug + '/Artifacts.toml';
        if (isFileQuietly(name)) lists.push({ text: readQuietly(name) ?? '', paths: claim.paths });
      }
    }
  }
  for (const name of ofJulia) {
    const hash = JULIA_ARTIFACT.exec(name)?.[2];
    const list = hash === undefined ? undefined : lists.find((one) => one.text.indexOf(hash) >= 0);
    if (list !== undefined) list.paths.push(name);
  }
}

// ==== src/sys/perlpackages.ts ====================================================================
// perlpackages.ts - Perl's modules and Perl itself, from module files. Starts no Perl.

const MOST_MODULE_BYTES = 1 << 18;
const PERL_MODULE = /\.pm$/;
const PERL_FILE = /\.(?:pm|pl|pod|al|ix|so|h|t)$|\/unicore\//;

/** A folder that Perl searches; `version` is Perl's if its own modules lie there. */
// type PerlRoot = { folder: ByteString; version: ByteString | undefined };
// type ReadModule = { path: ByteString; root: PerlRoot; module: PerlModule };

function findPerlPackages(files) {
  const roots = new Map();
  const modules = [];
  for (const path of files.paths) {
    if (!PERL_MODULE.test(path)) continue;
    const known = findNearest(folderOf(path), roots);
    if (known?.version !== undefined) continue;
    const module = parsePerlModule(readQuietly(path, MOST_MODULE_BYTES) ?? '', path);
    if (module === undefined) continue;
    const folder = path.slice(0, -(module.name.replace(/::/g, '/').length + 4));
    // A folder that another root holds, such as x86_64-linux/ of architecture's files, is its own root.
    const root = roots.get(folder) ?? { folder, version: findPerlVersion(folder) };
    roots.set(folder, root);
    if (root.version === undefined) modules.push({ path, root, module });
  }
  const rest = files.paths.filter((path) => PERL_FILE.test(path) && findNearest(folderOf(path), roots) !== undefined);
  return claimPerl(roots, rest).concat(claimModules(modules, roots, rest));
}

/**
 * Perl's version if the folder holds its own modules: those it cannot do without lie nowhere else.
 * Config.pm says the version; it lies there or in a folder named after the architecture.
 */
function findPerlVersion(folder) {
  const isCore = isFileQuietly(folder + '/strict.pm') || isFileQuietly(folder + '/Config.pm');
  if (!isCore) return undefined;
  const places = [folder].concat(listQuietly(folder).filter((name) => /linux|bsd|darwin|solaris|gnu|thread|cygwin/.test(name)).map((name) => folder + '/' + name));
  for (const place of places) {
    const said = /Perl lib (?:version|was version) \((\d+\.\d+\.\d+)\)/.exec(readQuietly(place + '/Config.pm', MOST_MODULE_BYTES) ?? '')?.[1];
    if (said !== undefined) return said;
  }
  return /\/(5\.\d+\.\d+)(?:\/|$)/.exec(folder)?.[1] ?? '';
}

function claimPerl(roots, rest) {
  const claims = [];
  const byVersion = new Map();
  const core = Array.from(roots.values()).filter((root) => root.version !== undefined);
  const newest = core.map((root) => root.version).find((version) => version !== '') ?? '';
  for (const root of core) {
    const version = root.version === '' ? newest : root.version;
    const claim = byVersion.get(version) ?? { package: { manager: 'perl', name: 'perl', version, detail: '', covers: root.folder }, paths: [] };
    if (!byVersion.has(version)) claims.push(claim);
    byVersion.set(version, claim);
    for (const path of rest) if (findNearest(folderOf(path), roots) === root) claim.paths.push(path);
  }
  return claims;
}

/**
 * A module without a version, or with that of one above it ("LWP::UserAgent" below "LWP"), is a part
 * of that one. What else lies in the folders (auto/List/Util/Util.so) is of the module it is named after.
 */
function claimModules(modules, roots, rest) {
  const claims = new Map();
  const byName = new Map();
  for (const one of modules) byName.set(one.module.name, one);
  const claim = (one, path) => {
    const owner = findMainModule(one, byName);
    const made = claims.get(owner.module.name) ?? { package: makePerl(owner), paths: [] };
    claims.set(owner.module.name, made);
    made.paths.push(path);
  };
  for (const one of modules) claim(one, one.path);
  const claimed = new Set(modules.map((one) => one.path));
  for (const path of rest) {
    const root = findNearest(folderOf(path), roots);
    if (root === undefined || root.version !== undefined || claimed.has(path)) continue;
    const parts = path.slice(root.folder.length + 1).replace(/^auto\//, '').split('/').slice(0, -1);
    for (let count = parts.length; count > 0; count--) {
      const one = byName.get(parts.slice(0, count).join('::'));
      if (one === undefined) continue;
      claim(one, path);
      break;
    }
  }
  return Array.from(claims.values());
}

function findMainModule(one, byName) {
  let main = one;
  for (let name = one.module.name; name.indexOf('::') > 0;) {
    name = name.slice(0, name.lastIndexOf('::'));
    const above = byName.get(name);
    if (above === undefined || above.module.version === '' || !isBelow(one.path, above.root.folder)) continue;
    if (main.module.version === '' || main.module.version === above.module.version) main = above;
  }
  return main;
}

function makePerl(one) {
  return { manager: 'perl', name: one.module.name, version: one.module.version, detail: '', covers: one.path };
}

// ==== src/sys/javapackages.ts ====================================================================
// javapackages.ts - what jars say of themselves, and which Java read them. Starts no Java.

const JAVA_ARCHIVE = /\.(?:jar|war|ear)$/;
const JAVA_HOME = /^(.*?)(?:\/jre)?\/(?:lib\/(?:modules|rt\.jar|(?:[^/]+\/)?server\/libjvm\.so|libjli\.so|[^/]+\/jli\/libjli\.so)|bin\/java[a-z]*)$/;
const POM_PROPERTIES = /^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/;
const JAR_NAME = /^(.+?)-(\d[\w.+-]*)$/;
const MOST_DIRECTORY_BYTES = 1 << 26;
const MOST_ENTRY_BYTES = 1 << 20;
const MOST_PROPERTIES = 500;

function findJavaPackages(files) {
  const claims = [];
  const homes = new Map();
  for (const name of files.paths.concat(files.programs)) {
    const home = JAVA_HOME.exec(name)?.[1];
    if (home === undefined || homes.has(home)) continue;
    const release = readQuietly(home + '/release', MOST_ENTRY_BYTES);
    if (release !== undefined) homes.set(home, release);
  }
  for (const [home, release] of homes) {
    const said = (key) => cleanValue(new RegExp('^' + key + '="([^"\n]*)"', 'm').exec(release)?.[1]);
    if (said('JAVA_VERSION') === '') continue;
    const version = said('JAVA_RUNTIME_VERSION') || said('JAVA_VERSION');
    const paths = files.paths.filter((name) => isBelow(name, home));
    claims.push({ package: { manager: 'java', name: 'java', version, detail: said('IMPLEMENTOR'), covers: home }, paths });
  }
  const covered = Array.from(homes.keys());
  for (const name of files.paths) {
    if (JAVA_ARCHIVE.test(name) && !covered.some((home) => isBelow(name, home))) claims.push({ package: describeJavaArchive(name), paths: [name] });
  }
  return claims;
}

/** The name of the file is all that is known of a jar that says nothing, or that is damaged. */
function describeJavaArchive(name) {
  const placed = readRepositoryPath(name);
  if (placed !== undefined) return { manager: 'java', name: placed.name, version: placed.version, detail: '', covers: name };
  const stem = lastPartOf(name).replace(/\.[a-z]+$/, '');
  const inName = JAR_NAME.exec(stem);
  const said = readJavaArchive(name, stem);
  return { manager: 'java', name: said.name || (inName?.[1] ?? stem), version: said.version || (inName?.[2] ?? ''), detail: '', covers: name };
}

// Maven's and Coursier's repositories, and Gradle's: they keep each file under the name it was asked for by.
const IN_REPOSITORY = /\/(?:repository|maven2|m2)\/((?:[^/]+\/)*[^/]+)\/([^/]+)\/([^/]+)\/\2-\3(?:-[^/]*)?\.[a-z]+$/;
const IN_GRADLE = /\/files-2\.1\/([^/]+)\/([^/]+)\/([^/]+)\/[0-9a-f]+\/[^/]+$/;

function readRepositoryPath(name) {
  const parts = IN_REPOSITORY.exec(name) ?? IN_GRADLE.exec(name);
  return parts === null ? undefined : { name: parts[1].replace(/\//g, '.') + ':' + parts[2], version: parts[3] };
}

// type JavaTitle = { name: ByteString; version: ByteString };
const NO_TITLE = { name: '', version: '' };

function readJavaArchive(name, stem) {
  let fd;
  try {
    fd = fs.openSync(toFsPath(name), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const stat = fs.fstatSync(fd);
    return stat.isFile() ? readOpenArchive(fd, stat.size, stem) : NO_TITLE;
  } catch (error) {
    return NO_TITLE; // unreadable or damaged: nothing to learn, and no reason to stop a run
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

function readOpenArchive(fd, sizeBytes, stem) {
  const directory = findDirectory(fd, sizeBytes);
  if (directory === undefined || directory.sizeBytes > MOST_DIRECTORY_BYTES) return NO_TITLE;
  const entries = parseZipEntries(readZipBytes(fd, directory.offset, directory.sizeBytes));
  const projects = [];
  for (const entry of entries.filter((one) => POM_PROPERTIES.test(one.name)).slice(0, MOST_PROPERTIES)) {
    const text = readZipEntry(fd, entry);
    const said = (key) => cleanValue(new RegExp('^' + key + '[ \\t]*[=:][ \\t]*(.*)$', 'm').exec(text)?.[1]);
    if (said('artifactId') !== '') projects.push({ name: said('groupId') + ':' + said('artifactId'), version: said('version') });
  }
  // A jar that holds others' classes has their properties too: its own are those it is named after.
  const own = projects.filter((one) => stem === one.name.split(':')[1] || stem.startsWith(one.name.split(':')[1] + '-' + one.version));
  if (own.length > 0) return own[0];
  const version = JAR_NAME.exec(stem)?.[2];
  if (projects.length === 1 && (version === undefined || version === projects[0].version)) return projects[0];
  const manifest = entries.find((one) => one.name === 'META-INF/MANIFEST.MF');
  return manifest === undefined ? NO_TITLE : readJarManifest(parseHeaders(readZipEntry(fd, manifest)));
}

function readJarManifest(fields) {
  const value = (key) => cleanValue(fields.get(key)).replace(/^"(.*)"$/, '$1');
  // A title for people, "Apache Commons IO", is no name.
  const title = value('implementation-title').indexOf(' ') < 0 ? value('implementation-title') : '';
  const version = value('implementation-version') || value('bundle-version') || value('specification-version');
  return { name: title || value('bundle-symbolicname').split(';')[0] || value('automatic-module-name'), version: version.split(' ')[0] };
}

function findDirectory(fd, sizeBytes) {
  const tailBytes = Math.min(sizeBytes, ZIP_TAIL_BYTES);
  const end = parseZipEnd(readZipBytes(fd, sizeBytes - tailBytes, tailBytes));
  if (end === undefined || end.kind === 'directory') return end?.directory;
  return end.recordOffset > sizeBytes ? undefined : parseZip64Record(readZipBytes(fd, end.recordOffset, 56));
}

function readZipEntry(fd, entry) {
  if (entry.packedBytes > MOST_ENTRY_BYTES || entry.sizeBytes > MOST_ENTRY_BYTES) return '';
  const skip = findZipData(readZipBytes(fd, entry.offset, ZIP_LOCAL_HEADER_BYTES));
  if (skip === undefined) return '';
  const packed = readZipBytes(fd, entry.offset + skip, entry.packedBytes);
  if (entry.method === 0) return packed;
  return entry.method === 8 ? zlib().inflateRawSync(Buffer.from(packed, 'latin1'), { maxOutputLength: MOST_ENTRY_BYTES }).toString('latin1') : '';
}

function readZipBytes(fd, offset, sizeBytes) {
  const area = Buffer.alloc(sizeBytes);
  return area.toString('latin1', 0, fs.readSync(fd, area, 0, sizeBytes, offset));
}

// ==== src/sys/languages.ts =======================================================================
// languages.ts - the packages of programming languages that a run used, from the files it read. Starts no program.

/**
 * `packages` are sorted by manager, name and version; `lockFiles` are absolute. `explained` are those
 * of the files that belong to a package or a standard library, or to the bookkeeping of either;
 * `owners` says to which, where it is a package that was used.
 */
// type LanguageFacts = {
//   packages: LanguagePackage[];
//   lockFiles: ByteString[];
//   explained: Set<ByteString>;
//   owners: Map<ByteString, LanguagePackage>;
// };

const PACKAGE_FINDERS = [
  findPythonPackages, findRPackages, findJuliaPackages, findNodePackages, findPerlPackages, findJavaPackages, findRubyPackages,
];

/**
 * What owns the files in `read` (absolute, links resolved). A package counts only if the run read a
 * file of it; files that merely describe it prove nothing, for Python looks through those of all. A
 * file that cannot be read or understood tells nothing; nothing is thrown.
 */
function findLanguagePackages(read, options) {
  const isRead = new Set(read);
  const files = { paths: Array.from(isRead).sort(), isRead, programs: Array.from(new Set(options.programs)).sort(), projectRoot: options.projectRoot };
  const facts = { packages: [], lockFiles: [], explained: new Set(), owners: new Map() };
  const known = new Map();
  for (const find of PACKAGE_FINDERS) {
    for (const claim of find(files)) addClaim(facts, known, claim);
  }
  facts.packages = Array.from(known.values()).sort((a, b) => compareBytes(packageKey(a), packageKey(b)));
  facts.lockFiles = findLockFiles(facts.packages, files);
  return facts;
}

function addClaim(facts, known, claim) {
  for (const name of claim.paths) facts.explained.add(name);
  if (claim.package === undefined) return;
  const key = packageKey(claim.package);
  const one = known.get(key) ?? claim.package;
  // The same package in two places is one; it covers the first of them.
  if (claim.package.covers < one.covers) one.covers = claim.package.covers;
  known.set(key, one);
  for (const name of claim.paths) if (!facts.owners.has(name)) facts.owners.set(name, one);
}

function packageKey(one) {
  return one.manager + '\0' + one.name + '\0' + one.version + '\0' + one.detail;
}

// type Language = LanguagePackage['manager'] | 'rust' | 'go';

const LANGUAGE_PROGRAMS = [
  { language: 'python', pattern: /^(?:python|pypy)[\d.]*[a-z]*$/ },
  { language: 'r', pattern: /^(?:R|Rscript|littler|r)$/ },
  { language: 'julia', pattern: /^julia$/ },
  { language: 'npm', pattern: /^(?:node|nodejs|deno|bun)$/ },
  { language: 'perl', pattern: /^perl[\d.]*$/ },
  { language: 'java', pattern: /^java$/ },
  { language: 'ruby', pattern: /^(?:ruby[\d.]*|jruby)$/ },
  { language: 'rust', pattern: /^(?:cargo|rustc)$/ },
  { language: 'go', pattern: /^go$/ },
];

const LOCK_FILES = [
  { pattern: /^requirements[^/]*\.txt$/, languages: ['python'] },
  { pattern: /^(?:poetry|uv|pdm|Pipfile|pixi)\.lock$/, languages: ['python'] },
  { pattern: /^(?:conda-lock\.ya?ml|environment\.ya?ml)$/, languages: ['python', 'r', 'julia', 'perl'] },
  { pattern: /^(?:renv|packrat)\.lock$/, languages: ['r'] },
  { pattern: /^(?:Julia)?(?:Manifest(?:-v[\d.]+)?|Project)\.toml$/, languages: ['julia'] },
  { pattern: /^(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|deno\.lock)$/, languages: ['npm'] },
  { pattern: /^(?:Gemfile\.lock|gems\.locked)$/, languages: ['ruby'] },
  { pattern: /^(?:cpanfile\.snapshot|carton\.lock)$/, languages: ['perl'] },
  { pattern: /^gradle\.lockfile$/, languages: ['java'] },
  { pattern: /^Cargo\.lock$/, languages: ['rust'] },
  { pattern: /^go\.sum$/, languages: ['go'] },
];

/** Those at the top of the project, of the languages that were used. */
function findLockFiles(packages, files) {
  const used = new Set(packages.map((one) => one.manager));
  for (const program of files.programs) {
    const name = lastPartOf(program);
    for (const one of LANGUAGE_PROGRAMS) if (one.pattern.test(name)) used.add(one.language);
  }
  if (used.size === 0) return [];
  const isLock = (name) => LOCK_FILES.some((one) => one.pattern.test(name) && one.languages.some((language) => used.has(language)));
  return listQuietly(files.projectRoot).filter(isLock).map((name) => files.projectRoot + '/' + name).filter(isFileQuietly);
}

// ==== src/sys/secretkey.ts =======================================================================
// secretkey.ts - the key under which withheld values are hashed. It never leaves .rr/.

/**
 * HMAC-SHA-256 (RFC 2104) under the project's key, first 16 hex digits: tells that a secret
 * changed, and cannot be searched for without the key. The key is made at first use.
 */
function makeSecretHasher(keyName) {
  let key;
  return (secret) => {
    key = key ?? readOrMakeKey(keyName);
    return crypto().createHmac('sha256', Buffer.from(key, 'latin1')).update(Buffer.from(secret, 'latin1')).digest('hex').slice(0, 16);
  };
}

const KEY = /^[0-9a-f]{64}\n$/;

function readOrMakeKey(keyName) {
  const there = readBytesIfThere(keyName);
  if (there !== undefined && KEY.test(there)) return there;
  if (there !== undefined) removeIfThere(keyName); // damaged: under a short key a secret could be searched for
  const key = crypto().randomBytes(32).toString('hex') + '\n';
  if (createFile(keyName, key, 0o600)) return key;
  const others = readBytesIfThere(keyName) ?? '';
  if (!KEY.test(others)) throw new Failure('cannot use "' + keyName + '": it is no key', 'remove it; a new one is made');
  return others;
}

// ==== src/sys/project.ts =========================================================================
// project.ts - where a project is, and setting one up. Knows no records.

/** A project's places, absolute, links resolved. */
// type Project = {
//   root: ByteString;
//   /** root/provenance */
//   provenance: ByteString;
//   /** root/.rr: caches and running marks; never archived */
//   own: ByteString;
// };

function projectAt(root) {
  const base = root === '/' ? '' : root;
  return { root, provenance: base + '/provenance', own: base + '/.rr' };
}

function isProject(folder) {
  const base = folder === '/' ? '' : folder;
  return lstatIfThere(base + '/provenance/rerun.sh') !== undefined || lstatIfThere(base + '/provenance/runs') !== undefined;
}

/** The project that `folder` lies in: the nearest folder upward that has one; undefined if none. */
function findProject(folder) {
  for (let at = folder; ; at = at.slice(0, at.lastIndexOf('/')) || '/') {
    if (isProject(at)) return projectAt(at);
    if (at === '/') return undefined;
  }
}

/** The project at or above the current folder, or at `named`. Throws Failure if there is none. */
function requireProject(current, named) {
  if (named !== undefined) {
    const root = resolveLinks(named[0] === '/' ? named : current + '/' + named);
    if (isProject(root)) return projectAt(root);
    throw new Failure('cannot use "' + named + '": no rr project there', 'run "rr init" in it');
  }
  const project = findProject(current);
  if (project === undefined) throw new Failure('cannot find a project: neither this folder nor one above it has provenance/', 'run "rr init", or "rr record -- COMMAND"');
  return project;
}

/** A path as a record has it: relative to the project, absolute outside of it; '.' is the project. */
function relativeTo(project, name) {
  if (name === project.root) return '.';
  const base = project.root === '/' ? '/' : project.root + '/';
  return name.startsWith(base) ? name.slice(base.length) : name;
}

/** The absolute name of a path of a record. */
function absoluteOf(project, path) {
  if (path[0] === '/') return path;
  return path === '.' ? project.root : (project.root === '/' ? '' : project.root) + '/' + path;
}

/** What init puts where; the Makefile and checksums of a project without runs come from the caller. */
// type ProjectFiles = { readme: string; rerunScript: string; makefile: string; topMakefile: string };

/**
 * Makes provenance/ and .rr/ in `root`, and what is missing in them. Never changes a file that is
 * there. Returns the names it made, relative to the root.
 */
function setUpProject(root, files) {
  const project = projectAt(root);
  const made = [];
  const kept = [];
  const put = (name, content, mode = 0o666) => {
    const there = readBytesIfThere(absoluteOf(project, name));
    if (there === undefined) {
      // Not replaced: another process may set it up at the same time, and have recorded a run already.
      if (createFile(absoluteOf(project, name), content, mode)) made.push(name);
    } else if (there !== content && name === 'provenance/rerun.sh') {
      kept.push(name);
    }
  };
  try {
    makeFolder(project.provenance);
    makeFolder(project.own + '/running');
    keepTemporariesIn(project.own + '/running');
    put('provenance/README.txt', files.readme);
    put('provenance/Makefile', files.makefile);
    put('provenance/SHA256SUMS', '');
    if (!['Makefile', 'makefile', 'GNUmakefile', 'BSDmakefile'].some((name) => lstatIfThere(absoluteOf(project, name)) !== undefined)) {
      put('Makefile', files.topMakefile);
    }
    // Last, because by these a project is known: one half set up is set up by the next command.
    put('provenance/rerun.sh', files.rerunScript, 0o777);
    makeFolder(project.provenance + '/runs');
  } catch (error) {
    if (['EACCES', 'EROFS', 'EPERM', 'ENOTDIR', 'ENOSPC', 'EEXIST'].indexOf(errorCode(error)) < 0) throw error;
    removeHalfMade(project, made);
    throw new Failure('cannot set up a project in "' + root + '": ' + describeSystemError(error), 'go to a folder you may write to, or name one by --project');
  }
  // In this order: what .rr/.gitignore hides git calls ignored, by whatever else it may not be.
  excludeFromGit(project);
  hideFromGit(project);
  return { project, made, kept };
}

// In .rr itself, because a repository that is made later, or elsewhere, must not take the key in.
const IGNORE_ALL = '*\n';

/** Makes .rr/.gitignore in a project that came without .rr, or from an rr that made none. */
function hideFromGit(project) {
  if (lstatIfThere(project.own + '/.gitignore') === undefined) createFile(project.own + '/.gitignore', IGNORE_ALL);
}

/** Undoes what a failed set-up made, so that nothing half made is left; folders only if empty. */
function removeHalfMade(project, made) {
  for (const name of made) fs.unlinkSync(toFsPath(absoluteOf(project, name)));
  for (const name of ['provenance/runs', 'provenance', '.rr/running', '.rr']) {
    try {
      fs.rmdirSync(toFsPath(absoluteOf(project, name)));
    } catch (error) {
      continue; // not empty, not there, or not ours to remove
    }
  }
}

/** A system error in words: "permission denied". */
function describeSystemError(error) {
  const words = {
    EACCES: 'permission denied', EPERM: 'not permitted', EROFS: 'the file system is read-only', ENOSPC: 'no space left',
    ENOENT: 'no such file or folder', ENOTDIR: 'a part of the path is no folder', EDQUOT: 'the quota is used up', EFBIG: 'the file would be too large', EIO: 'input/output error', EEXIST: 'a file of that name is there',
  };
  return words[errorCode(error)] ?? String((error).message);
}

/** Adds ".rr/" to .git/info/exclude if this is a work tree that does not ignore it yet. */
function excludeFromGit(project) {
  const run = (args) => {
    const done = childProcess().spawnSync('git', args, { cwd: toText(project.root), encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] });
    return { status: done.status, stdout: done.stdout ?? '' };
  };
  if (!isBelowGit(project.root)) return;
  const where = run(['rev-parse', '--git-path', 'info/exclude']);
  if (where.status !== 0 || run(['check-ignore', '-q', '.rr/']).status !== 1) return;
  const name = where.stdout.replace(/\n$/, '');
  const exclude = name[0] === '/' ? name : absoluteOf(project, name);
  const content = readBytesIfThere(exclude) ?? '';
  try {
    makeFolder(exclude.slice(0, exclude.lastIndexOf('/')));
    replaceFile(exclude, content + (content === '' || content.endsWith('\n') ? '' : '\n') + '.rr/\n', false);
  } catch (error) {
    if (['EACCES', 'EROFS', 'EPERM', 'ENOSPC'].indexOf(errorCode(error)) < 0) throw error;
  }
}

function isBelowGit(root) {
  for (let at = root; ; at = at.slice(0, at.lastIndexOf('/'))) {
    if (lstatIfThere(at + '/.git') !== undefined) return true;
    if (at === '') return false;
  }
}

// ==== src/sys/binaries.ts ========================================================================
// binaries.ts - what ELF files say of themselves, remembered as long as they do not change. Knows no records.
//
// Lines of "1 DEV INO SIZE MTIME CTIME PATH<TAB>FACTS" in JSON, appended; "1" is the version of the
// facts. Without this cache all is the same, later.

/** The part of an ELF file's facts that a record or the search for its libraries needs. */
// type BinaryFacts = Pick<ElfFacts, 'bits' | 'machine' | 'interpreter' | 'needed' | 'soname' | 'rpath' | 'runpath' | 'buildId'> & {
//   /** How it was compiled, a line per compiler and its flags; [] if nothing is known of the compiler. */
//   compiled: ByteString[];
//   /** The same where nothing is known: "stripped, ...". */
//   unknown: ByteString;
//   /** Absolute name that its separate debug information would have; '' if it has its own, or no build-id. */
//   debugName: ByteString;
//   /** Name in .gnu_debuglink; '' if there is none. */
//   debugLink: ByteString;
// };

const FACTS_VERSION = '1';
const FACTS_LIMIT_BYTES = 32 << 20;
// A program put together from many libraries can name hundreds of sets of flags.
const MOST_COMPILER_LINES = 16;
const LONGEST_LINE_BYTES = 4000;

function openBinary(name) {
  try {
    return fs.openSync(toFsPath(name), fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
  } catch (error) {
    return undefined; // gone, or not ours to read
  }
}

// type Decompress = (data: Uint8Array, sizeBytes: number) => Uint8Array | undefined;
// type NodeDecompress = (data: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

/** Undefined for what is malformed. */
function guardDecompress(pick) {
  return (data, sizeBytes) => {
    try {
      return pick()(data, { maxOutputLength: Math.max(sizeBytes, 1) });
    } catch (error) {
      return undefined;
    }
  };
}

// Both as late as they are needed: to load zlib costs more than to read most files. Node.js has zstd since 22.15.
const DECOMPRESSORS = {
  zlib: guardDecompress(() => zlib().inflateSync),
  get zstd() {
    const { zstdDecompressSync } = zlib();
    return zstdDecompressSync === undefined ? undefined : guardDecompress(() => zstdDecompressSync);
  },
};

function readElfFile(name) {
  const fd = openBinary(name);
  if (fd === undefined) return undefined;
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) return undefined;
    const read = (offset, length) => {
      const buffer = new Uint8Array(Math.max(0, Math.min(length, stat.size - offset)));
      if (buffer.length === 0) return buffer;
      try {
        return buffer.subarray(0, fs.readSync(fd, buffer, 0, buffer.length, offset));
      } catch (error) {
        return buffer.subarray(0, 0);
      }
    };
    return readElf(read, stat.size, DECOMPRESSORS);
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return undefined;
  } finally {
    fs.closeSync(fd);
  }
}

function shortenLines(lines) {
  const shown = lines.slice(0, MOST_COMPILER_LINES).map((line) => (line.length > LONGEST_LINE_BYTES ? line.slice(0, LONGEST_LINE_BYTES) + '...' : line));
  return lines.length > shown.length ? shown.concat('and ' + String(lines.length - shown.length) + ' more') : shown;
}

// What describeProducer() says of the file as a whole.
const OF_THE_WHOLE = ['statically linked', 'stripped'];
const NOT_RECORDED = 'compiler not recorded';

function selectFacts(facts) {
  const { bits, machine, interpreter, needed, soname, rpath, runpath, buildId } = facts;
  const all = describeProducer(facts);
  // On each line, so that each can be read by itself.
  const whole = [''].concat(all.filter((line) => OF_THE_WHOLE.indexOf(line) >= 0), facts.problems).join('; ');
  const known = all.filter((line) => OF_THE_WHOLE.indexOf(line) < 0 && line !== NOT_RECORDED);
  const debug = facts.producers.length > 0 ? undefined : findSeparateDebugName(facts);
  return {
    bits, machine, interpreter, needed, soname, rpath, runpath, buildId,
    compiled: shortenLines(known).map((line) => line + whole), unknown: known.length > 0 ? '' : NOT_RECORDED + whole, debugName: debug === undefined ? '' : '/' + debug,
    debugLink: facts.producers.length > 0 ? '' : facts.debugLink ?? '',
  };
}

/** Facts of binaries by their names. */
class BinaryCache {
  // private readonly name: ByteString;
  // private kept: Map<ByteString, ByteString> | undefined;
  seen = new Map();
  added = '';
  constructor(name) {
    this.name = name;
  }

  /** Facts of the file as it is now; undefined if it is no ELF file or cannot be read. */
  find(name) {
    if (this.seen.has(name)) return this.seen.get(name);
    const stat = statIfThere(name);
    const facts = stat === undefined || !stat.isFile() ? undefined : this.findByStat(stat, name);
    this.seen.set(name, facts);
    return facts;
  }

  findByStat(stat, name) {
    const key = FACTS_VERSION + statKeyOf(stat, name);
    const kept = this.readKept().get(key);
    const known = kept === undefined ? undefined : parseFacts(kept);
    if (known !== undefined) return known.facts;
    const elf = readElfFile(name);
    const facts = elf === undefined ? undefined : selectFacts(elf);
    if (isSettled(stat)) this.added += key + '\t' + JSON.stringify(facts ?? null) + '\n';
    return facts;
  }

  readKept() {
    if (this.kept === undefined) {
      this.kept = new Map();
      for (const line of (readBytesIfThere(this.name) ?? '').split('\n')) {
        const tab = line.indexOf('\t');
        if (tab > 0) this.kept.set(line.slice(0, tab), line.slice(tab + 1));
      }
    }
    return this.kept;
  }

  /** Writes what was found. Where that cannot be, it is forgotten: it is only a cache. */
  save() {
    if (this.added === '') return;
    try {
      fs.appendFileSync(toFsPath(this.name), Buffer.from(this.added, 'latin1'));
      if (fs.statSync(toFsPath(this.name)).size > FACTS_LIMIT_BYTES) removeIfThere(this.name);
    } catch (error) {
      if (errorCode(error) === '') throw error;
    }
    this.added = '';
  }
}

/** Undefined if the line was cut or is not ours. */
function parseFacts(line) {
  try {
    const facts = JSON.parse(line);
    if (facts === null) return { facts: undefined };
    const lists = [facts.needed, facts.rpath, facts.runpath, facts.compiled];
    return lists.every((list) => Array.isArray(list)) ? { facts } : undefined;
  } catch (error) {
    return undefined;
  }
}

/**
 * How a binary was compiled, a line per compiler and flags; from its separate debug information where
 * that is installed, which the line then names. [] if nothing tells.
 */
function describeCompilers(facts, cache, name) {
  const folder = folderOfName(name);
  // Where gdb(1) looks for them, in its order ("Debugging Information in Separate Files").
  const beside = facts.debugLink === '' || facts.debugLink.indexOf('/') >= 0 ? [] : ['', '/.debug'].map((below) => folder + below).concat('/usr/lib/debug' + folder).map((place) => joinNames(place, facts.debugLink));
  for (const debugName of (facts.debugName === '' ? [] : [facts.debugName]).concat(beside)) {
    const debug = cache.find(debugName);
    if (debug !== undefined && debug.compiled.length > 0 && debug.buildId === facts.buildId) return debug.compiled.map((line) => line + ' (from ' + debugName + ')');
  }
  return facts.compiled;
}

// ==== src/sys/linking.ts =========================================================================
// linking.ts - the shared libraries that a program would load, found as ld.so(8) finds them. Starts nothing.
//
// Kept out, because rare: LD_AUDIT, filters (DT_FILTER), the folders for older hardware that glibc
// 2.37 took out ("tls", "haswell"), and what a program loads by dlopen(3), which only a trace shows.

// type LinkedLibraries = {
//   /** Absolute, links resolved, with the loaders themselves; sorted by bytes. */
//   libraries: ByteString[];
//   /** Names that were asked for, there or not: were one of them another, the answer might be another. */
//   looked: ByteString[];
//   missing: { name: ByteString; neededBy: ByteString }[];
// };

// type LinkRequest = {
//   programs: ByteString[];
//   /** Facts of a file; undefined if it is no ELF file. */
//   read: (name: ByteString) => BinaryFacts | undefined;
//   /** Values of LD_LIBRARY_PATH and LD_PRELOAD, '' if not set. */
//   libraryPath: ByteString;
//   preload: ByteString;
//   /** Folder of the run, for names that are relative. */
//   folder: ByteString;
// };

/** A program or library as loaded; `name` as it was found, links not resolved. */
// type LoadedObject = { name: ByteString; facts: BinaryFacts; loader: LoadedObject | undefined };

/** What holds for one program and all that it loads. */
// type LoadPlan = {
//   request: LinkRequest;
//   main: LoadedObject;
//   isMusl: boolean;
//   /** From LD_LIBRARY_PATH; none for a program that runs as another user. */
//   folders: ByteString[];
//   /** Of the loader: '' is /lib and /etc; else Guix, Nix, a prefix. */
//   base: ByteString;
//   looked: Set<ByteString>;
//   /** Folder -> has it glibc-hwcaps/? */
//   hasLevels: Map<ByteString, boolean>;
// };

// A program made to be searched for without end is given up; real ones ask for some hundred names.
const MOST_LOOKED = 20000;

// glibc, "Hardware capabilities": the microarchitecture levels of the x86-64 psABI, best first. Each needs those below it.
const X86_LEVELS = [
  { name: 'x86-64-v4', flags: ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'] },
  { name: 'x86-64-v3', flags: ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe', 'xsave'] },
  { name: 'x86-64-v2', flags: ['cx16', 'lahf_lm', 'popcnt', 'sse4_1', 'sse4_2', 'ssse3'] },
];

let levelsHere;

/** Folders below glibc-hwcaps/ that this machine takes, best first. */
function readLevelsHere() {
  if (levelsHere !== undefined) return levelsHere;
  const flags = /^flags\s*:(.*)$/m.exec(readBytesIfThere('/proc/cpuinfo') ?? '');
  const has = new Set(flags === null ? [] : flags[1].split(' '));
  const rising = X86_LEVELS.slice().reverse();
  const lacking = rising.findIndex((level) => !level.flags.every((flag) => has.has(flag)));
  levelsHere = (lacking < 0 ? rising : rising.slice(0, lacking)).map((level) => level.name).reverse();
  return levelsHere;
}

const libraryCaches = new Map();
const LARGEST_CACHE_BYTES = 64 << 20;

function readLibraryCache(name) {
  let libraries = libraryCaches.get(name);
  if (libraries === undefined) {
    const stat = statIfThere(name);
    const isRead = stat !== undefined && stat.isFile() && stat.size <= LARGEST_CACHE_BYTES;
    libraries = isRead ? parseLibraryCache(readOrNothing(name)) : new Map();
    libraryCaches.set(name, libraries);
  }
  return libraries;
}

function readOrNothing(name) {
  try {
    return fs.readFileSync(toFsPath(name));
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return new Uint8Array(0);
  }
}

let tripletsHere;

/** Debian's folders per architecture below lib/: "x86_64-linux-gnu". */
function listTriplets() {
  tripletsHere = tripletsHere ?? listFolder('/usr/lib').filter((name) => /-linux-(?:gnu|musl)/.test(name)).sort(compareBytes);
  return tripletsHere;
}

/**
 * The folders that an entry of a search path stands for. $LIB is lib, lib64 or lib/TRIPLET, as the
 * loader was built: all are tried, and a file of the wrong architecture is none. An empty entry is
 * the current folder.
 */
function expandFolder(entry, object, folder) {
  const machine = object.facts.machine.replace('-', '_');
  const one = entry.replace(/\$(?:ORIGIN|\{ORIGIN\})/g, () => folderOfName(object.name)).replace(/\$(?:PLATFORM|\{PLATFORM\})/g, () => machine);
  const withLib = /\$(?:LIB|\{LIB\})/.test(one)
    ? listTriplets().map((triplet) => 'lib/' + triplet).concat('lib64', 'lib').map((lib) => one.replace(/\$(?:LIB|\{LIB\})/g, lib))
    : [one];
  return withLib.map((name) => (name === '' ? folder : name[0] === '/' ? name : folder + '/' + name)).map((name) => name.replace(/(.)\/+$/, '$1'));
}

function expandFolders(entries, object, folder) {
  const found = [];
  for (const list of entries) for (const entry of list.split(':')) found.push(...expandFolder(entry, object, folder));
  return found;
}

/** The library if it is there and of the program's architecture. */
function tryLibrary(name, loader, plan) {
  if (plan.looked.size >= MOST_LOOKED) return undefined;
  plan.looked.add(name);
  const facts = plan.request.read(name);
  if (facts === undefined || facts.bits !== plan.main.facts.bits || facts.machine !== plan.main.facts.machine) return undefined;
  return { name, facts, loader };
}

function hasLevelFolder(folder, plan) {
  let has = plan.hasLevels.get(folder);
  if (has === undefined) {
    has = !plan.isMusl && statIfThere(folder + '/glibc-hwcaps') !== undefined;
    plan.hasLevels.set(folder, has);
  }
  return has;
}

function tryFolders(folders, name, loader, plan) {
  for (const folder of folders) {
    if (plan.looked.size >= MOST_LOOKED) return undefined;
    for (const level of hasLevelFolder(folder, plan) ? readLevelsHere() : []) {
      const found = tryLibrary(folder + '/glibc-hwcaps/' + level + '/' + name, loader, plan);
      if (found !== undefined) return found;
    }
    const found = tryLibrary(folder + '/' + name, loader, plan);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Folders of DT_RPATH: those of the object, of what loaded it, and so on, last of the program. */
function listChainFolders(object, plan) {
  const chain = [];
  for (let at = object; at !== undefined; at = at.loader) chain.push(at);
  if (chain.indexOf(plan.main) < 0) chain.push(plan.main);
  const folders = [];
  for (const one of chain) if (one.facts.runpath.length === 0) folders.push(...expandFolders(one.facts.rpath, one, plan.request.folder));
  return folders;
}

function tryLibraryCache(name, loader, plan) {
  const cacheName = plan.base + '/etc/ld.so.cache';
  plan.looked.add(cacheName);
  const entries = readLibraryCache(cacheName).get(name) ?? [];
  const levels = entries.some((entry) => entry.level !== '') ? readLevelsHere() : [];
  for (const level of levels.concat('')) {
    for (const entry of entries) {
      if (entry.level !== level) continue;
      const found = tryLibrary(entry.path, loader, plan);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function listDefaultFolders(base) {
  const roots = base === '' ? ['/lib', '/usr/lib'] : [base + '/lib'];
  const folders = [];
  if (base === '') for (const triplet of listTriplets()) for (const root of roots) folders.push(root + '/' + triplet);
  for (const suffix of ['64', '', '32', 'x32']) for (const root of roots) folders.push(root + suffix);
  return folders;
}

/** ld.so(8), in the order of its section DESCRIPTION. */
function findByGlibc(name, loader, plan) {
  const folder = plan.request.folder;
  return (loader.facts.runpath.length === 0 ? tryFolders(listChainFolders(loader, plan), name, loader, plan) : undefined)
    ?? tryFolders(plan.folders, name, loader, plan)
    ?? tryFolders(expandFolders(loader.facts.runpath, loader, folder), name, loader, plan)
    ?? tryLibraryCache(name, loader, plan)
    ?? tryFolders(listDefaultFolders(plan.base), name, loader, plan);
}

// musl, ldso/dynlink.c: these are parts of the loader itself.
const MUSL_OWN = /^lib(?:c|pthread|rt|m|dl|util|xnet)\./;

/** musl, ldso/dynlink.c, load_library(): RPATH and RUNPATH are one and the same, and inherited. */
function findByMusl(name, loader, plan) {
  const interpreter = plan.main.facts.interpreter ?? '';
  if (MUSL_OWN.test(name)) return tryLibrary(interpreter, loader, plan);
  const folders = plan.folders.slice();
  for (let at = loader; at !== undefined; at = at.loader) {
    folders.push(...expandFolders(at.facts.runpath.length > 0 ? at.facts.runpath : at.facts.rpath, at, plan.request.folder));
  }
  const pathFile = '/etc/' + interpreter.slice(interpreter.lastIndexOf('/') + 1).replace(/\.so.*$/, '.path');
  plan.looked.add(pathFile);
  const listed = readBytesIfThere(pathFile);
  const system = (listed ?? '/lib:/usr/local/lib:/usr/lib').split(/[:\n]/).filter((entry) => entry !== '');
  return tryFolders(folders.concat(system), name, loader, plan);
}

function findLibrary(name, loader, plan) {
  if (name.indexOf('/') >= 0) return tryLibrary(expandFolder(name, loader, plan.request.folder)[0], loader, plan);
  return plan.isMusl ? findByMusl(name, loader, plan) : findByGlibc(name, loader, plan);
}

function makeLoadPlan(request, program, looked) {
  const facts = request.read(program);
  if (facts === undefined || facts.interpreter === undefined) return undefined;
  const main = { name: program, facts, loader: undefined };
  // A program that gets another user's rights is not told where to look (ld.so(8), "secure-execution mode").
  const isSecure = ((statIfThere(program)?.mode ?? 0) & 0o6000) !== 0;
  const prefix = folderOfName(folderOfName(facts.interpreter));
  const plan = {
    request, main, looked, hasLevels: new Map(), isMusl: /\/ld-musl-[^/]*$/.test(facts.interpreter), folders: [],
    base: ['/', '/usr', '/lib', '/usr/lib'].indexOf(prefix) >= 0 ? '' : prefix,
  };
  if (!isSecure && request.libraryPath !== '') plan.folders = expandFolders(request.libraryPath.split(plan.isMusl ? /[:\n]/ : /[:;]/), main, request.folder);
  return plan;
}

/** Libraries that are loaded before any that the program needs; their names, or paths. */
function listPreloaded(plan) {
  const isSecure = ((statIfThere(plan.main.name)?.mode ?? 0) & 0o6000) !== 0;
  const own = isSecure ? [] : plan.request.preload.split(/[: ]/);
  if (plan.isMusl) return own.filter((name) => name !== '');
  plan.looked.add('/etc/ld.so.preload');
  return own.concat((readBytesIfThere('/etc/ld.so.preload') ?? '').replace(/#.*/g, '').split(/[: \t\n]+/)).filter((name) => name !== '');
}

/** What one program loads, breadth first as the loader goes: that decides which object's RPATH counts. */
function walkProgram(plan, found, missing) {
  const loader = tryLibrary(plan.main.facts.interpreter ?? '', plan.main, plan);
  if (loader === undefined) missing.push({ name: plan.main.facts.interpreter ?? '', neededBy: plan.main.name });
  else found.add(resolveLinks(loader.name));
  // A name that an object was asked for by, or that it calls itself, is not looked for again.
  const known = new Set(loader === undefined || loader.facts.soname === undefined ? [] : [loader.facts.soname]);
  const queue = [];
  const load = (name, from, isRequired) => {
    if (known.has(name)) return;
    known.add(name);
    const object = findLibrary(name, from, plan);
    if (object !== undefined) {
      found.add(resolveLinks(object.name));
      if (object.facts.soname !== undefined) known.add(object.facts.soname);
      queue.push(object);
    } else if (isRequired) {
      missing.push({ name, neededBy: from.name });
    }
  };
  for (const name of listPreloaded(plan)) load(name, plan.main, false);
  for (const name of plan.main.facts.needed) load(name, plan.main, true);
  for (let i = 0; i < queue.length; i++) for (const name of queue[i].facts.needed) load(name, queue[i], true);
}

/** The libraries that these programs load when they start. What is no ELF program loads none. */
function findLinkedLibraries(request) {
  const found = new Set();
  const looked = new Set();
  const missing = [];
  for (const program of request.programs) {
    const plan = makeLoadPlan(request, program, looked);
    if (plan !== undefined) walkProgram(plan, found, missing);
  }
  return { libraries: Array.from(found).sort(compareBytes), looked: Array.from(looked).sort(compareBytes), missing };
}

// ==== src/sys/gpu.ts =============================================================================
// gpu.ts - graphics processors and their drivers, as /proc and /sys tell of them. Starts nothing.

// type GpuFacts = { gpus: ByteString[]; drivers: ByteString[] };

/** Name of a library by which programs reach a GPU: CUDA, HIP, OpenCL, Level Zero. */
function isGpuLibrary(name) {
  return /\/lib(?:cuda|amdhip64|OpenCL|ze_loader)\.so[.\d]*$/.test(name);
}

/** '' too for a file of /proc or /sys that refuses to be read. */
function readKernelText(name) {
  try {
    return (readBytesIfThere(name) ?? '').trim();
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return '';
  }
}

function listKernelFolder(name) {
  try {
    return listFolder(name).sort(compareBytes);
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return [];
  }
}

/**
 * GPUs, "nvidia MODEL, BUS" and "pci VENDOR:DEVICE, CARD" for those that the kernel's own interface lists,
 * and drivers, "nvidia VERSION", "amdgpu VERSION". `root` stands before /proc and /sys ('' normally).
 */
function describeGpus(root) {
  const gpus = [];
  const drivers = [];
  // NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023
  const nvidia = /\s(\d+\.[\d.]+)(?:\s|$)/.exec(readKernelText(root + '/proc/driver/nvidia/version'));
  if (nvidia !== null) drivers.push('nvidia ' + nvidia[1]);
  for (const bus of listKernelFolder(root + '/proc/driver/nvidia/gpus')) {
    const model = /^Model:\s*(.*\S)/m.exec(readKernelText(root + '/proc/driver/nvidia/gpus/' + bus + '/information'));
    gpus.push('nvidia ' + (model === null ? 'unknown' : model[1]) + ', ' + bus);
  }
  const amdgpu = readKernelText(root + '/sys/module/amdgpu/version');
  if (amdgpu !== '') drivers.push('amdgpu ' + amdgpu);
  for (const card of listKernelFolder(root + '/sys/class/drm')) {
    if (!/^card\d+$/.test(card)) continue;
    const device = root + '/sys/class/drm/' + card + '/device/';
    const [vendor, product] = [readKernelText(device + 'vendor'), readKernelText(device + 'device')].map((id) => id.replace(/^0x/, ''));
    if (vendor !== '') gpus.push('pci ' + vendor + ':' + product + ', ' + card);
  }
  return { gpus, drivers };
}

// ==== src/sys/software.ts ========================================================================
// software.ts - the software behind a run: programs, libraries, their packages and compilers. Starts nothing.

/** What a run loaded; all names absolute, links resolved. */
// type LoadedSoftware = {
//   /** False: `read` is not known, and what the programs load is found by their headers. */
//   isTraced: boolean;
//   /** All that was executed; interpreters that #! lines name may be left out. */
//   programs: ByteString[];
//   /** Files of the system's class that were read (core/filerules.ts). */
//   read: ByteString[];
//   /** What was executed or loaded of the project's own. */
//   projectBinaries: ByteString[];
//   /** Other files that were read and may belong to a package of a language: installed elsewhere, or editable. */
//   modules: ByteString[];
// };

// type SoftwareOptions = {
//   project: Project;
//   /** The project's .rr; need not be there, nor writable. */
//   cacheFolder: ByteString;
//   /** Of an absolute name: is it the project's? Then it is an input of the run and none of the environment. */
//   isInside: (path: ByteString) => boolean;
// };

// type SoftwareFacts = {
//   /** Lines of the environment record (docs/record-format.txt, 6); the same for the same facts. */
//   text: ByteString;
//   /** Of each project binary; paths as in a file line. */
//   compilers: { path: ByteString; producer: ByteString }[];
//   /** Untraced: libraries in the project that its programs would load; absolute. */
//   ownLibraries: ByteString[];
//   warnings: ByteString[];
// };

const MOST_FILES = 200;
const MOST_MISSING = 5;

/** Is a file of this name likely to belong to a package of a language? */
function isModuleName(name) {
  return /\.(?:py|pyc|pm|pl|R|rdb|jl|js|mjs|cjs|json|rb|jar)$/.test(name);
}

/** Is a file of this name likely to be a shared library, or a module that an interpreter loads? */
function isSharedObjectName(name) {
  return /\.(?:so(?:\.\d[\w.+-]*)?|node)$/.test(name);
}

// ---- gathering --------------------------------------------------------------------------------------

/** What the lines are made of, before anything is hashed. */
// type Gathered = {
//   executables: ByteString[];
//   interpreters: ByteString[];
//   libraries: ByteString[];
//   owners: Map<ByteString, PackageFact>;
//   languages: LanguageFacts;
//   ownLibraries: ByteString[];
//   /** System files that no package explains. */
//   unexplained: ByteString[];
//   warnings: ByteString[];
//   /** Names that the answer depends on, beyond those that the caller gave. */
//   looked: ByteString[];
// };

function sortUnique(names) {
  return Array.from(new Set(names)).sort(compareBytes);
}

/** The source that a compiled Python module stands for; packages list only that. */
function sourceOfBytecode(name) {
  const parts = /^(.*)\/__pycache__\/([^/]+?)\.[^/.]+(?:\.opt-\d)?\.pyc$/.exec(name);
  return parts === null ? undefined : parts[1] + '/' + parts[2] + '.py';
}

/**
 * The programs with those that their #! lines name, which the kernel starts by itself. `named` are the
 * interpreters; what env(1) starts for a script is known from PATH, or, if traced, from its own start.
 */
function addInterpreters(loaded, options, cache) {
  const programs = loaded.programs.slice();
  const named = new Set();
  for (let i = 0; i < programs.length; i++) {
    if (cache.find(programs[i]) !== undefined) continue;
    const interpreters = findInterpreters(programs[i], options.project.root);
    for (const name of interpreters) named.add(name);
    programs.push(...interpreters.slice(0, loaded.isTraced ? 1 : 4).filter((name) => programs.indexOf(name) < 0));
  }
  return { programs: sortUnique(programs), named };
}

function findLibraries(loaded, options, cache) {
  const roots = sortUnique(loaded.programs.concat(loaded.projectBinaries));
  if (loaded.isTraced) {
    // The kernel opens a program's loader by itself, which no trace shows.
    const loaders = roots.map((name) => cache.find(name)?.interpreter).filter((name) => name !== undefined && statIfThere(name) !== undefined);
    const read = loaded.read.filter((name) => isSharedObjectName(name) && cache.find(name) !== undefined);
    return { libraries: sortUnique(read.concat(loaders.map(resolveLinks))).filter((name) => !options.isInside(name)), ownLibraries: [], looked: loaders, warnings: [] };
  }
  const linked = findLinkedLibraries({
    programs: roots, read: (name) => cache.find(name), folder: options.project.root,
    libraryPath: toBytes(process.env.LD_LIBRARY_PATH ?? ''), preload: toBytes(process.env.LD_PRELOAD ?? ''),
  });
  return {
    libraries: linked.libraries.filter((name) => !options.isInside(name)), ownLibraries: linked.libraries.filter(options.isInside), looked: linked.looked.concat(linked.libraries),
    warnings: describeMissing(linked.missing, options.project),
  };
}

function describeMissing(missing, project) {
  const warnings = missing.slice(0, MOST_MISSING).map(({ name, neededBy }) => 'the library "' + name + '", which "' + relativeTo(project, neededBy) + '" needs, was not found');
  return missing.length > MOST_MISSING ? warnings.concat(String(missing.length - MOST_MISSING) + ' more libraries were not found') : warnings;
}

/**
 * System files that are to be listed one by one: those that no package has, and those of /etc, which
 * a package puts there once and people change.
 */
function selectUnexplained(read, isListed, owners, languages) {
  return read.filter((name) => {
    if (isListed.has(name) || languages.explained.has(name)) return false;
    const isOwned = owners.has(name) || owners.has(sourceOfBytecode(name) ?? '');
    return !isOwned || name.startsWith('/etc/');
  });
}

function gatherSoftware(given, options, cache) {
  const { programs: all, named } = addInterpreters(given, options, cache);
  const loaded = { ...given, programs: all };
  const { libraries, ownLibraries, looked, warnings } = findLibraries(loaded, options, cache);
  const programs = all.filter((name) => !options.isInside(name) && statIfThere(name) !== undefined);
  const interpreters = programs.filter((name) => named.has(name));
  const executables = programs.filter((name) => !named.has(name));
  const binaries = programs.concat(libraries);
  // A folder that was listed belongs to many packages: that says nothing of any.
  const read = loaded.read.filter((name) => statIfThere(name)?.isFile() ?? false);
  const sources = read.map(sourceOfBytecode).filter((name) => name !== undefined);
  const owners = findOwners(sortUnique(binaries.concat(read, sources)), { root: '', cacheFolder: options.cacheFolder });
  const languages = findLanguagePackages(read.concat(loaded.modules), { programs: loaded.programs, projectRoot: options.project.root });
  const unexplained = selectUnexplained(read, new Set(binaries), owners, languages);
  return { executables, interpreters, libraries: libraries.filter((name) => programs.indexOf(name) < 0), owners, languages, ownLibraries, unexplained, warnings, looked: looked.concat(all, listSites(read.concat(loaded.modules))) };
}

/** Folders in which a package's version can change without a change in the files that were read. */
function listSites(names) {
  const sites = new Set();
  for (const name of names) {
    const parts = /^.*?\/(?:site-packages|dist-packages)(?=\/)/.exec(name);
    if (parts !== null) sites.add(parts[0]);
    else if (isModuleName(name) && !name.startsWith('/usr/')) sites.add(folderOfName(name)).add(folderOfName(folderOfName(name)));
  }
  return Array.from(sites);
}

// ---- hashing ----------------------------------------------------------------------------------------

/** States of files, from the cache where they have not changed; files that are gone are left out. */
async function describeFiles(names, project, cache) {
  const states = new Map();
  const pending = [];
  for (const name of sortUnique(names)) {
    const stat = statIfThere(name);
    const state = describeFile(name, relativeTo(project, name));
    if (stat === undefined || state === undefined) continue;
    states.set(name, state);
    // Not even the hash of what may hold a secret is kept: a short one could be found by trying.
    if (state.hash !== '?' || isSecretFile(name)) continue;
    const known = cache.find(stat, name);
    if (known === undefined) pending.push({ name, stat, state });
    else state.hash = known;
  }
  const outcomes = await hashFiles(pending.map(({ name, stat }) => ({ name, sizeBytes: stat.size })));
  pending.forEach(({ name, stat, state }, i) => {
    const outcome = outcomes[i];
    if (outcome.kind !== 'hashed') return;
    state.hash = outcome.hash;
    state.size = outcome.size;
    if (outcome.size === stat.size) cache.add(stat, name, outcome.hash);
  });
  cache.save();
  return states;
}

// ---- lines ------------------------------------------------------------------------------------------

function packageLine(manager, name, version, rest) {
  return manager + ' ' + encodeWord(name) + ' ' + (version === '' ? '-' : encodeWord(version)) + (rest === '' ? '' : ' ' + encodeText(rest));
}

function listPackages(gathered) {
  const lines = [];
  for (const fact of gathered.owners.values()) lines.push(packageLine(fact.manager, fact.name, fact.version, fact.architecture));
  for (const fact of gathered.languages.packages) lines.push(packageLine(fact.manager, fact.name, fact.version, fact.detail));
  return sortUnique(lines);
}

function printSoftware(gathered, states, cache) {
  let text = '';
  const add = (name, lines) => {
    for (const line of lines) text += name + ': ' + line + '\n';
  };
  const files = (names) => {
    const there = sortUnique(names).map((name) => states.get(name)).filter((state) => state !== undefined);
    return there.sort((a, b) => compareBytes(a.path, b.path)).map(printFile);
  };
  const binaries = sortUnique(gathered.executables.concat(gathered.interpreters, gathered.libraries));
  const owned = [];
  const compiled = [];
  const identified = [];
  for (const name of binaries) {
    const owner = gathered.owners.get(name);
    if (owner !== undefined) owned.push(owner.manager + ' ' + encodeWord(owner.name) + ' ' + encodeText(name));
    const facts = cache.find(name);
    if (facts === undefined) continue;
    for (const line of describeCompilers(facts, cache, name)) compiled.push(encodeWord(name) + ' ' + encodeText(line));
    if (facts.buildId !== undefined) identified.push(facts.buildId + ' ' + encodeText(name));
  }
  add('Executable', files(gathered.executables));
  add('Interpreter', files(gathered.interpreters));
  add('Library', files(gathered.libraries));
  add('Package', listPackages(gathered));
  add('Owner', sortUnique(owned));
  add('Compiler', sortUnique(compiled));
  add('Build_id', sortUnique(identified));
  add('File', files(gathered.unexplained.slice(0, MOST_FILES)));
  if (gathered.unexplained.length > MOST_FILES) add('Files_not_listed', [String(gathered.unexplained.length - MOST_FILES)]);
  add('Lock_file', files(gathered.languages.lockFiles));
  return text;
}

function describeProjectBinaries(names, project, cache) {
  const compilers = [];
  for (const name of sortUnique(names)) {
    const facts = cache.find(name);
    if (facts === undefined) continue;
    const lines = describeCompilers(facts, cache, name);
    for (const producer of lines.length > 0 ? lines : [facts.unknown]) compilers.push({ path: relativeTo(project, name), producer });
  }
  return compilers;
}

function printGpus(loaded) {
  if (loaded.isTraced && !loaded.read.some(isGpuLibrary)) return '';
  const { gpus, drivers } = describeGpus('');
  return gpus.map((gpu) => 'Gpu: ' + encodeText(gpu) + '\n').concat(drivers.map((driver) => 'Gpu_driver: ' + encodeText(driver) + '\n')).join('');
}

// ---- the answer as a whole, remembered ----------------------------------------------------------------
//
// .rr/software/KEY: KEY is of the question (names, variables that the search obeys), the file holds a
// stamp of all files it depends on, and the answer. As long as the stamp is the same nothing is done
// again: no ELF file, no package database and no library is read.

// type RememberedSoftware = { looked: ByteString[]; stamp: string; facts: SoftwareFacts };

const MOST_REMEMBERED = 64;
const SEARCH_VARIABLES = ['LD_LIBRARY_PATH', 'LD_PRELOAD', 'PATH', 'HOME', 'VIRTUAL_ENV', 'CONDA_PREFIX', 'PYTHONPATH', 'PYTHONHOME', 'R_LIBS', 'R_LIBS_USER',
  'R_LIBS_SITE', 'JULIA_PROJECT', 'JULIA_LOAD_PATH', 'JULIA_DEPOT_PATH', 'PERL5LIB', 'RUBYLIB', 'GEM_PATH', 'GEM_HOME', 'NODE_PATH', 'CLASSPATH'];

// A package can become another version without a change in the file that was read (rpm leaves alike files alone).
const DATABASES = ['/var/lib/dpkg/status', '/lib/apk/db/installed', '/usr/lib/apk/db/installed', '/var/lib/pacman/local', '/var/lib/rpm/rpmdb.sqlite', '/var/lib/rpm/rpmdb.sqlite-wal',
  '/var/lib/rpm/Packages', '/var/lib/rpm/Packages.db', '/usr/lib/sysimage/rpm/rpmdb.sqlite', '/usr/lib/sysimage/rpm/rpmdb.sqlite-wal', '/usr/lib/sysimage/rpm/Packages.db',
  '/usr/lib/debug/.build-id'];

// Wider than the names of lock files (sys/languages.ts): one more stat costs nothing.
const LOCK_LIKE = /lock|shrinkwrap|requirements|environment|Manifest|Project|go\.sum|snapshot|Gemfile|Pipfile|\.toml$/;

function keyOfQuestion(loaded, project) {
  const variables = SEARCH_VARIABLES.map((name) => name + '=' + toBytes(process.env[name] ?? ''));
  const lists = [loaded.programs, loaded.read, loaded.projectBinaries, loaded.modules].map((names) => names.join('\0'));
  return hashBytes([RR_VERSION, String(loaded.isTraced), project.root].concat(variables, lists).join('\0\0')).slice(0, 32);
}

/** Hash of what tells whether one of these files changed. */
function stampFiles(names) {
  let text = '';
  for (const name of names) {
    const stat = statIfThere(name);
    text += stat === undefined ? '-' : String(stat.dev) + ' ' + String(stat.ino) + ' ' + String(stat.size) + ' ' + String(stat.mtimeMs) + ' ' + String(stat.ctimeMs);
    text += ' ' + name + '\0';
  }
  return hashBytes(text);
}

function isSettledFile(name) {
  const stat = statIfThere(name);
  return stat === undefined || isSettled(stat);
}

function listGiven(loaded, project) {
  const base = project.root === '/' ? '/' : project.root + '/';
  const locks = listFolder(project.root).filter((name) => LOCK_LIKE.test(name)).sort(compareBytes).map((name) => base + name);
  return loaded.programs.concat(loaded.read, loaded.projectBinaries, locks, DATABASES);
}

function findRemembered(name, given) {
  const text = readBytesIfThere(name);
  if (text === undefined) return undefined;
  try {
    const kept = JSON.parse(text);
    const isWhole = Array.isArray(kept.looked) && typeof kept.facts.text === 'string' && Array.isArray(kept.facts.compilers) && Array.isArray(kept.facts.ownLibraries) && Array.isArray(kept.facts.warnings);
    return isWhole && stampFiles(given.concat(kept.looked)) === kept.stamp ? kept.facts : undefined;
  } catch (error) {
    return undefined; // cut short, or not ours
  }
}

function rememberSoftware(folder, key, given, looked, facts) {
  const names = given.concat(looked);
  const stamp = stampFiles(names);
  // The commit of an editable package can change without a change in any file that was read.
  if (/^Package: \S+ \S+ \S+ editable /m.test(facts.text) || !names.every(isSettledFile)) return;
  try {
    // Not with the folders above it: where there is no .rr, none is wanted.
    if (statIfThere(folder) === undefined) fs.mkdirSync(toFsPath(folder));
    const kept = listFolder(folder);
    if (kept.length >= MOST_REMEMBERED) for (const name of kept) removeIfThere(folder + '/' + name);
    replaceFile(folder + '/' + key, JSON.stringify({ looked, stamp, facts }), false);
  } catch (error) {
    if (errorCode(error) === '') throw error; // it is only a cache
  }
}

/**
 * The software environment of a run, and how the project's own binaries were compiled. The order of
 * the names given does not matter. What has vanished or cannot be read is left out, or has the hash "?".
 */
async function describeSoftware(loaded, options) {
  const sorted = {
    isTraced: loaded.isTraced, programs: sortUnique(loaded.programs), read: sortUnique(loaded.read), projectBinaries: sortUnique(loaded.projectBinaries),
    modules: sortUnique(loaded.modules),
  };
  const folder = options.cacheFolder + '/software';
  const key = keyOfQuestion(sorted, options.project);
  const given = listGiven(sorted, options.project);
  const gpus = printGpus(sorted);
  const remembered = findRemembered(folder + '/' + key, given);
  if (remembered !== undefined) return { ...remembered, text: remembered.text + gpus };
  const cache = new BinaryCache(options.cacheFolder + '/binaries');
  const gathered = gatherSoftware(sorted, options, cache);
  const names = gathered.executables.concat(gathered.interpreters, gathered.libraries, gathered.unexplained.slice(0, MOST_FILES), gathered.languages.lockFiles);
  const states = await describeFiles(names, options.project, new HashCache(options.cacheFolder + '/programs'));
  const facts = { text: printSoftware(gathered, states, cache), compilers: describeProjectBinaries(sorted.projectBinaries.concat(gathered.ownLibraries), options.project, cache), ownLibraries: gathered.ownLibraries, warnings: gathered.warnings };
  cache.save();
  rememberSoftware(folder, key, given, gathered.looked, facts);
  return { ...facts, text: facts.text + gpus };
}

// ==== src/sys/strace.ts ==========================================================================
// strace.ts - finds out whether strace works here, and how it is called. Knows nothing of its lines.

// type StraceSearch =
//   | { kind: 'works'; program: ByteString; version: string; hasFilter: boolean }
//   /** `isNews`: it was found out just now, not remembered from an earlier run. */
//   | { kind: 'fails'; why: string; isNews: boolean };

/**
 * The words before the command. -D: strace stays apart, so that the command has the parent and the
 * process id that it would have without it. --seccomp-bpf: only the calls asked for stop the
 * command. -y: the kernel's own name for each descriptor, links resolved. The longest argument
 * that Linux passes has 131,072 bytes.
 */
function straceCommand(program, hasFilter, output) {
  return [program, '-D', '-f'].concat(hasFilter ? ['--seccomp-bpf'] : [], ['-q', '-y', '-ttt', '-s', '131072', '-e', 'trace=' + TRACED_CALLS, '-o', output, '--']);
}

/** What the outcome of a trial depends on: the program, the kernel, and what this container allows. */
function describePlace(program) {
  const stat = statIfThere(program);
  const status = readBytesIfThere('/proc/self/status') ?? '';
  const pick = (name) => new RegExp('^' + name + ':\\s*(.*)$', 'm').exec(status)?.[1] ?? '';
  const spaces = ['user', 'pid'].map((name) => {
    try {
      return fs.readlinkSync('/proc/self/ns/' + name);
    } catch (error) {
      return errorCode(error);
    }
  });
  const yama = (readBytesIfThere('/proc/sys/kernel/yama/ptrace_scope') ?? '').trim();
  return [program, stat?.ino, stat?.size, stat?.mtimeMs, os().release(), pick('Uid'), pick('CapEff'), pick('Seccomp'), pick('NoNewPrivs'), yama].concat(spaces).join(' ').replace(/\s+/g, ' ');
}

const TRIAL_MS = 2000;
const TRIAL_POLL_MS = 2;

/** Runs ":" under strace. The tracer ends after the command, so its last line may come a little later. */
function tryStrace(program, hasFilter, output) {
  removeIfThere(output);
  const argv = toSpawnArguments(straceCommand(program, hasFilter, output).concat('/bin/sh', '-c', ':'));
  const done = childProcess().spawnSync(argv[0], argv.slice(1), { stdio: ['ignore', 'ignore', 'pipe'], timeout: TRIAL_MS, encoding: 'latin1' });
  const endMs = readMonotonicMs() + (done.status === 0 && done.stderr === '' ? TRIAL_MS : 0);
  for (;;) {
    const text = readBytesIfThere(output) ?? '';
    if (/ execve\("/.test(text) && text.endsWith('+++ exited with 0 +++\n')) return undefined;
    if (readMonotonicMs() > endMs) break;
    pauseMs(TRIAL_POLL_MS);
  }
  const lines = (done.stderr ?? '').split('\n').filter((line) => line !== '');
  return (lines[lines.length - 1] ?? 'it traced nothing').replace(/^\S*strace: /, '');
}

/** Tries strace once for each place and remembers the outcome in .rr/tracer. */
function findStrace(project) {
  if (process.platform !== 'linux') return { kind: 'fails', why: 'strace is for Linux', isNews: false };
  const found = findProgram('strace', '/');
  const tracer = /^TracerPid:\s*(\d+)/m.exec(readBytesIfThere('/proc/self/status') ?? '');
  if (tracer !== null && tracer[1] !== '0') return { kind: 'fails', why: 'rr itself is being traced', isNews: true };
  const memory = project.own + '/tracer';
  const known = (readBytesIfThere(memory) ?? '').split('\n');
  if (found.kind !== 'found') {
    if (known[0] !== 'none') remember(memory, 'none\n');
    return { kind: 'fails', why: 'there is no strace', isNews: known[0] !== 'none' };
  }
  const place = describePlace(found.name);
  if (known[0] === place && known.length >= 2) return readMemory(found.name, known[1]);
  const output = project.own + '/running/trial-' + String(process.pid);
  let problem = tryStrace(found.name, true, output);
  const hasFilter = problem === undefined;
  // Before 5.3 strace could not filter, and stopped the command at every system call.
  if (problem !== undefined) problem = tryStrace(found.name, false, output) === undefined ? undefined : problem;
  removeIfThere(output);
  const version = problem === undefined ? readVersion(found.name) : '';
  const outcome = problem === undefined ? 'works ' + version + (hasFilter ? ' filter' : '') : 'fails ' + problem;
  remember(memory, place + '\n' + outcome + '\n');
  const search = readMemory(found.name, outcome);
  return search.kind === 'fails' ? { ...search, isNews: true } : search;
}

function readMemory(program, outcome) {
  const works = /^works (\S+)( filter)?$/.exec(outcome);
  if (works !== null) return { kind: 'works', program, version: works[1], hasFilter: works[2] !== undefined };
  return { kind: 'fails', why: 'strace cannot trace here: ' + outcome.replace(/^fails /, ''), isNews: false };
}

function readVersion(program) {
  const done = childProcess().spawnSync(toFsPath(program).toString(), ['-V'], { encoding: 'latin1' });
  return toBytes(/version (\S+)/.exec(done.stdout ?? '')?.[1] ?? 'unknown');
}

function remember(name, text) {
  try {
    replaceFile(name, text, false);
  } catch (error) {
    if (errorCode(error) === '') throw error; // tried again next time
  }
}

// ==== src/sys/observe.ts =========================================================================
// observe.ts - which files a run read and wrote, and their hashes. Knows no records' spelling.

// type TraceMethod = 'strace' | 'scan' | 'atime' | 'none';

// type ObservationRequest = {
//   project: Project;
//   method: TraceMethod;
//   /** Absolute; patterns and arguments are relative to it. */
//   folder: ByteString;
//   argv: ByteString[];
//   declaredInputs: ByteString[];
//   declaredOutputs: ByteString[];
//   /** Paths (as in a record) of regular files that are standard input, output and error. */
//   redirectedFrom: ByteString[];
//   redirectedTo: ByteString[];
//   /** Paths of files that grow because a script around this run prints to them; '' is none. */
//   surroundingLogs: ByteString[];
// };

/** What is known before the run. */
// type Observation = {
//   request: ObservationRequest;
//   method: TraceMethod;
//   before: Snapshot;
//   declaredPaths: ByteString[];
//   argumentPaths: ByteString[];
//   /** Known hashes of files that have not changed. */
//   cache: HashCache;
//   /** Stat and, if it was hashed, state of each candidate before the run. */
//   earlier: Map<ByteString, { stamp: string; state: FileState | undefined }>;
//   /** Stamps of what -o named before the run, also of the folders themselves. */
//   outputStamps: Map<ByteString, string>;
//   warnings: ByteString[];
// };

// type Observed = {
//   inputs: FileState[];
//   outputs: FileState[];
//   uncertain: FileState[];
//   removed: ByteString[];
//   missingOutputs: ByteString[];
//   warnings: ByteString[];
//   undeclared: ByteString[];
// };

// An argument larger than this is hashed after the run, if it is still the same then; a declared
// input is always hashed before.
const QUICK_HASH_BYTES = 16 << 20;

// Below this it is as fast to hash a file as to look it up.
const CACHED_FROM_BYTES = 1 << 20;

function stampOfFile(name) {
  const stat = lstatIfThere(name);
  return stat === undefined ? '' : [stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs, stat.mode].join(' ');
}

/** A path as a record has it, of a name given relative to `folder`; '.' and '..' are taken out. */
function toRecordPath(project, folder, name) {
  const plain = normalizeName(joinNames(folder, name));
  const inside = relativeTo(project, plain);
  if (inside[0] !== '/') return inside;
  // The project may have been named through a link: compare the real folder.
  const cut = plain.lastIndexOf('/');
  return relativeTo(project, (resolveLinks(plain.slice(0, cut) || '/') + plain.slice(cut)).replace(/^\/\//, '/'));
}

// ---- declared files ---------------------------------------------------------------------------------

/** Files, links and so on below a folder, as paths of a record. */
function listBelow(project, folder) {
  const base = absoluteOf(project, folder);
  const found = [];
  for (const [path, seen] of takeSnapshot(base, [])) if (!seen.isFolder) found.push(folder === '.' ? path : folder + '/' + path);
  return found.filter((path) => path[0] === '/' || !isLeftOut(path));
}

/**
 * What a declaration (file, folder or glob) names now: the files, as paths of a record, sorted by
 * bytes, those below a folder included; and whether it names anything, if only an empty folder.
 */
function expandDeclared(project, folder, pattern) {
  const literal = toRecordPath(project, folder, pattern);
  const stat = statIfThere(absoluteOf(project, literal));
  if (stat !== undefined) return { paths: stat.isDirectory() ? listBelow(project, literal).sort() : [literal], isThere: true };
  if (lstatIfThere(absoluteOf(project, literal)) !== undefined) return { paths: [literal], isThere: true };
  if (!isGlob(pattern)) return { paths: [], isThere: false };
  const matches = compileGlob(literal);
  const from = fixedFolder(literal);
  const base = from === '' && literal[0] !== '/' ? '.' : from === '' ? '/' : from;
  const folders = [];
  const paths = [];
  for (const [name, seen] of takeSnapshot(absoluteOf(project, base), [])) {
    const path = base === '.' ? name : base + '/' + name;
    if (path[0] !== '/' && isLeftOut(path)) continue;
    if (seen.isFolder && matches(path)) folders.push(path + '/');
    else if (!seen.isFolder && (matches(path) || folders.some((below) => path.startsWith(below)))) paths.push(path);
  }
  return { paths: paths.sort(), isThere: paths.length + folders.length > 0 };
}

/** Does a path fall under a declaration: is it that file, in that folder, or matched by that glob? */
function isDeclared(project, folder, pattern) {
  const literal = toRecordPath(project, folder, pattern);
  const matches = compileGlob(literal);
  const isBelowMatch = (path) => {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) if (matches(path.slice(0, end))) return true;
    return false;
  };
  return (path) => path === literal || literal === '.' || path.startsWith(literal + '/') || matches(path) || (isGlob(pattern) && isBelowMatch(path));
}

// ---- arguments --------------------------------------------------------------------------------------

// Words of a shell script that an argument of "sh -c" holds: good enough to find names of files.
const WORD_ENDS = /[\s;|&<>()`"'$={},:]+/;
const NO_DATA = /^\/(dev|proc|sys)(\/|$)/;

/** Words of the command that may name files: arguments, what follows "=", words of a script text. */
function listCandidateWords(argv) {
  const words = new Set();
  argv.forEach((argument, position) => {
    if (position === 0 && argument.indexOf('/') < 0) return;
    words.add(argument);
    const sign = argument.indexOf('=');
    if (sign > 0) words.add(argument.slice(sign + 1));
    if (argument.length >= 65536) return;
    for (const word of argument.split(WORD_ENDS)) words.add(word);
    for (const quoted of argument.match(/'[^']*'|"[^"]*"/g) ?? []) words.add(quoted.slice(1, -1));
    for (const word of argument.match(/(?:[^\s;|&<>()`"'\\]|\\[^])+/g) ?? []) if (word.indexOf('\\') >= 0) words.add(word.replace(/\\([^])/g, '$1'));
  });
  return Array.from(words).filter((word) => word !== '' && word.length < 4096 && word.indexOf('\0') < 0);
}

/** Arguments that name files which are there, as paths of a record, sorted by bytes. */
function findArgumentFiles(request) {
  const found = new Set();
  const program = request.argv[0];
  for (const word of listCandidateWords(request.argv)) {
    const path = toRecordPath(request.project, request.folder, word);
    if (path === '.' || NO_DATA.test(path) || (path[0] !== '/' && isLeftOut(path))) continue;
    if (word === program && path[0] === '/') continue; // the program itself belongs to the environment
    const stat = lstatIfThere(absoluteOf(request.project, path));
    if (stat === undefined || (!stat.isFile() && !stat.isSymbolicLink())) continue;
    if (stat.isSymbolicLink() || (path[0] !== '/' && findLinkIn(request.project, path) !== undefined)) addLinks(request, path, found);
    else found.add(path);
  }
  return Array.from(found).sort();
}

const MOST_LINKS = 40; // as Linux has it

/** Every link on the way from a name to its file, and that file: each can be pointed elsewhere. */
function addLinks(request, path, found) {
  const { project } = request;
  const target = statIfThere(absoluteOf(project, path));
  if (target === undefined || !target.isFile()) return;
  let at = path;
  for (let count = 0; count < MOST_LINKS; count++) {
    const link = findLinkIn(project, at);
    if (link === undefined) break;
    if (link[0] !== '/') found.add(link);
    const text = fs.readlinkSync(toFsPath(absoluteOf(project, link)), 'latin1');
    const cut = link.lastIndexOf('/');
    const base = text[0] === '/' ? '' : absoluteOf(project, cut > 0 ? link.slice(0, cut) : cut === 0 ? '/' : '.') + '/';
    at = toRecordPath(project, project.root, base + text + at.slice(link.length));
  }
  const real = relativeTo(project, resolveLinks(absoluteOf(project, path)));
  if (!NO_DATA.test(real)) found.add(real);
}

/** The first part of a path, from the left, that is a link. Parts above the project do not count. */
function findLinkIn(project, path) {
  for (let end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
    const part = end < 0 ? path : path.slice(0, end);
    if (lstatIfThere(absoluteOf(project, part))?.isSymbolicLink() === true) return part;
    if (end < 0) return undefined;
  }
}

// ---- before the run ---------------------------------------------------------------------------------

/** Looks at the project before the run. `missing` are declared inputs that name nothing. */
async function beginObservation(request) {
  const { project, folder } = request;
  const warnings = [];
  const missing = [];
  const declared = new Set(request.redirectedFrom);
  for (const pattern of request.declaredInputs) {
    const { paths, isThere } = expandDeclared(project, folder, pattern);
    if (!isThere) missing.push(pattern);
    for (const path of paths) declared.add(path);
  }
  const argumentPaths = findArgumentFiles(request).filter((path) => !declared.has(path));
  const observation = { request, method: request.method, before: new Map(), declaredPaths: Array.from(declared).sort(), argumentPaths, cache: new HashCache(project.own + '/seen'), earlier: new Map(), outputStamps: new Map(), warnings };
  if (missing.length > 0) return { observation, missing };
  for (const path of observation.declaredPaths) observation.earlier.set(path, lookBefore(observation, path));
  for (const path of argumentPaths) observation.earlier.set(path, lookBefore(observation, path));
  await hashBefore(observation);
  noteDeclaredOutputs(observation);
  if (request.method === 'none' || request.method === 'strace') return { observation, missing };
  const unreadable = [];
  observation.before = takeSnapshot(project.root, unreadable);
  for (const path of unreadable) warnings.push('cannot look at ' + path);
  return { observation, missing };
}

function noteDeclaredOutputs(observation) {
  const { project, folder, declaredOutputs } = observation.request;
  for (const pattern of declaredOutputs) {
    const literal = toRecordPath(project, folder, pattern);
    for (const path of expandDeclared(project, folder, pattern).paths.concat(literal)) {
      const stamp = stampOfOutput(observation, path);
      if (stamp !== '') observation.outputStamps.set(path, stamp);
    }
  }
}

/** A candidate before the run; its hash is '?' unless it is known without reading the file. */
function lookBefore(observation, path) {
  const name = absoluteOf(observation.request.project, path);
  const stamp = stampOfFile(name);
  const state = describeFile(name, path);
  if (state === undefined || state.hash !== '?' || state.size < CACHED_FROM_BYTES) return { stamp, state };
  const stat = lstatIfThere(name);
  const known = stat === undefined ? undefined : observation.cache.find(stat, path);
  return { stamp, state: known === undefined ? state : { ...state, hash: known } };
}

/** Hashes the candidates that are to be hashed before the run; the others have no state yet. */
async function hashBefore(observation) {
  const declared = new Set(observation.declaredPaths);
  const waiting = [];
  for (const [path, { stamp, state }] of observation.earlier) {
    if (state === undefined || state.hash !== '?') continue;
    if (declared.has(path) || state.size <= QUICK_HASH_BYTES) waiting.push({ path, stamp, state });
    else observation.earlier.set(path, { stamp, state: undefined });
  }
  const outcomes = await hashFiles(waiting.map(({ path, state }) => ({ name: absoluteOf(observation.request.project, path), sizeBytes: state.size })));
  waiting.forEach(({ path, stamp, state }, i) => {
    const outcome = outcomes[i];
    observation.earlier.set(path, { stamp, state: outcome.kind === 'hashed' ? { ...state, hash: outcome.hash, size: outcome.size } : undefined });
  });
}

/**
 * With --trace atime: from here on, reads show. The last thing before the command, because what rr
 * itself reads in between (the code, say) would count as read by the command.
 */
function watchReads(observation) {
  if (observation.method !== 'atime') return;
  const { project } = observation.request;
  const problem = resetAccessTimes(project.root, observation.before, project.own + '/atime-probe');
  if (problem === undefined) return;
  observation.method = 'scan';
  observation.warnings.push('reads were not watched: ' + problem);
  // Some may have been set back, which moved their ctime: the scan must start from there.
  observation.before = takeSnapshot(project.root, []);
  for (const [path, seen] of observation.earlier) seen.stamp = stampOfFile(absoluteOf(project, path));
}

// ---- after the run ----------------------------------------------------------------------------------

// type Task = { path: ByteString; role: 'input' | 'output' | 'uncertain' };

function noObservation(warnings) {
  return { inputs: [], outputs: [], uncertain: [], removed: [], missingOutputs: [], warnings, undeclared: [] };
}

/** Looks at the project after the run. `checkShared`, called after that look: was another run active? */
async function endObservation(observation, checkShared) {
  const { request } = observation;
  const observed = noObservation(observation.warnings.slice());
  const after = observation.method === 'none' ? new Map() : takeSnapshot(request.project.root, []);
  const isShared = checkShared();
  const changes = compareSnapshots(observation.before, after, observation.method === 'atime');
  const tests = request.declaredOutputs.map((pattern) => isDeclared(request.project, request.folder, pattern));
  const named = nameTester(request, tests);
  const outputs = new Set(request.redirectedTo);
  const tasks = [];
  for (const path of changes.written) {
    if (request.surroundingLogs.indexOf(path) >= 0 && !tests.some((test) => test(path))) continue;
    if (isShared && !named(path)) tasks.push({ path, role: 'uncertain' });
    else outputs.add(path);
  }
  addDeclaredOutputs(observation, outputs, observed);
  for (const path of Array.from(outputs).sort()) {
    tasks.push({ path, role: 'output' });
    if (tests.length > 0 && request.redirectedTo.indexOf(path) < 0 && !tests.some((test) => test(path))) observed.undeclared.push(path);
  }
  observed.removed = isShared ? changes.removed.filter(named) : changes.removed;
  for (const path of listInputs(observation, after, outputs)) tasks.push({ path, role: 'input' });
  await fillStates(observation, tasks, observed);
  addNewFolders(observed, changes.newFolders, isShared);
  return observed;
}

/** Is this path one the command names: by -o, by redirection, or in its arguments? */
function nameTester(request, tests) {
  const words = new Set(listCandidateWords(request.argv).map((word) => toRecordPath(request.project, request.folder, word)));
  for (const path of request.redirectedTo) words.add(path);
  return (path) => words.has(path) || tests.some((test) => test(path));
}

/** What -o names and this run wrote: what is as it was before has another maker, or none. */
function addDeclaredOutputs(observation, outputs, observed) {
  const { project, folder, declaredOutputs } = observation.request;
  for (const pattern of declaredOutputs) {
    const { paths } = expandDeclared(project, folder, pattern);
    const written = paths.filter((path) => outputs.has(path) || observation.outputStamps.get(path) !== stampOfOutput(observation, path));
    const literal = toRecordPath(project, folder, pattern);
    const isNewFolder = !observation.outputStamps.has(literal) && lstatIfThere(absoluteOf(project, literal))?.isDirectory() === true;
    const isFilled = Array.from(outputs).some(isDeclared(project, folder, pattern));
    if (written.length === 0 && !isNewFolder && !isFilled) observed.missingOutputs.push(pattern);
    if (isNewFolder && written.length === 0) outputs.add(literal);
    for (const path of written) outputs.add(path);
  }
}

/** Like stampOfFile; where access times were set back, all times of change have moved. */
function stampOfOutput(observation, path) {
  const stamp = stampOfFile(absoluteOf(observation.request.project, path));
  return observation.method === 'atime' ? withoutCtime(stamp) : stamp;
}

/** Declared inputs always; arguments and files seen read unless the run wrote them. */
function listInputs(observation, after, outputs) {
  const inputs = new Set(observation.declaredPaths);
  for (const path of observation.argumentPaths) if (!outputs.has(path)) inputs.add(path);
  if (observation.method !== 'atime') return Array.from(inputs).sort();
  for (const path of findRead(after)) if (observation.before.has(path)) inputs.add(path);
  return Array.from(inputs).sort();
}

async function fillStates(observation, tasks, observed) {
  const { project } = observation.request;
  const waiting = [];
  for (const task of tasks) {
    const name = absoluteOf(project, task.path);
    const earlier = task.role === 'input' ? observation.earlier.get(task.path) : undefined;
    if (task.role === 'input' && isInputSettled(observation, task.path, earlier, observed)) continue;
    const state = describeFile(name, task.path);
    if (state === undefined) observed.warnings.push(task.path + ' vanished while it was looked at');
    else if (state.hash === '?') waiting.push({ task, state });
    else put(observed, task.role, state);
  }
  const outcomes = await hashFiles(waiting.map(({ state }) => ({ name: absoluteOf(project, state.path), sizeBytes: state.size })));
  waiting.forEach(({ task, state }, i) => put(observed, task.role, withOutcome(state, outcomes[i], observed.warnings)));
  rememberHashes(observation, observed);
  for (const list of [observed.inputs, observed.outputs, observed.uncertain]) list.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Keeps the hashes of what is still as it was hashed, for the next run and for rr verify --quick. */
function rememberHashes(observation, observed) {
  const { project } = observation.request;
  for (const file of observed.inputs.concat(observed.outputs)) {
    if (file.hash.length !== 64 || file.kind === 'l' || file.size < CACHED_FROM_BYTES) continue;
    const stat = lstatIfThere(absoluteOf(project, file.path));
    const earlier = observation.earlier.get(file.path);
    const isAsHashed = earlier === undefined || earlier.state?.hash !== file.hash || earlier.stamp === stampOfFile(absoluteOf(project, file.path));
    if (stat !== undefined && stat.size === file.size && isAsHashed && observation.cache.find(stat, file.path) === undefined) observation.cache.add(stat, file.path, file.hash);
  }
  observation.cache.save();
}

function put(observed, role, state) {
  if (state === undefined) return;
  (role === 'input' ? observed.inputs : role === 'output' ? observed.outputs : observed.uncertain).push(state);
}

function withOutcome(state, outcome, warnings) {
  if (outcome.kind === 'hashed') return { ...state, hash: outcome.hash, size: outcome.size };
  if (outcome.kind === 'gone') {
    warnings.push(state.path + ' vanished while it was looked at');
    return undefined;
  }
  warnings.push(state.path + (outcome.kind === 'changing' ? ' was written to while it was hashed' : ' cannot be read') + '; its hash is not known');
  return state;
}

/** Decides an input whose state before the run tells all; false if it is still to be hashed. */
function isInputSettled(observation, path, earlier, observed) {
  const name = absoluteOf(observation.request.project, path);
  const isSame = earlier !== undefined && (observation.method === 'atime' ? withoutCtime(earlier.stamp) === withoutCtime(stampOfFile(name)) : earlier.stamp === stampOfFile(name));
  if (earlier === undefined) {
    const then = observation.before.get(path);
    const stat = lstatIfThere(name);
    if (then !== undefined && stat !== undefined && then.mtimeMs === stat.mtimeMs && then.size === stat.size) return false;
  } else if (isSame) {
    if (earlier.state !== undefined) put(observed, 'input', earlier.state);
    return earlier.state !== undefined;
  }
  observed.warnings.push('the input ' + path + ' was changed during the run' + (earlier?.state === undefined ? '; what it was before is not known' : ''));
  put(observed, 'input', earlier?.state ?? { hash: '?', size: observation.before.get(path)?.size ?? 0, kind: '', path });
  return true;
}

function withoutCtime(stamp) {
  const parts = stamp.split(' ');
  parts.splice(4, 1);
  return parts.join(' ');
}

/** Folders the run made count as outputs, so that who repeats it does not make them beforehand. */
function addNewFolders(observed, newFolders, isShared) {
  for (const folder of newFolders) {
    const isParent = observed.outputs.some((file) => file.path.startsWith(folder + '/'));
    const isThere = observed.outputs.some((file) => file.path === folder);
    if (!isThere && (!isShared || isParent)) observed.outputs.push({ hash: '-', size: 0, kind: 'd', path: folder });
  }
  observed.outputs.sort((a, b) => (a.path < b.path ? -1 : 1));
}

// ==== src/sys/watch.ts ===========================================================================
// watch.ts - what a traced run read and wrote: the trace, and what the files are afterwards. Knows no lines of strace.

// Rules, and why they hold:
// 1. Whether bytes of a file opened for writing changed is told by its times: the kernel sets mtime at
//    each write and ctime at each change, by a clock that never goes back behind `startMs`, the mtime
//    of a file that rr wrote just before the command started. Only ctime cannot be set back by the run.
// 2. A file whose times are from before the start is now what it was when it was read.
// 3. What was there before the run is told by the trace (a read without O_CREAT, O_EXCL, ENOENT), else
//    by the time of birth, else by what was known before the run. Nothing is guessed: content that
//    nothing tells is "?", and a warning says so.

/** Mapped onto the record: positions are those in inputs followed by outputs. */
// type WatchedProcess = Pick<TracedProcess, 'parent' | 'startMs' | 'endMs' | 'exit' | 'signal' | 'images'> & { read: number[]; wrote: number[] };

// type Watched = Observed & {
//   absent: ByteString[];
//   /** Absolute names of all that was read, code among it. */
//   readFiles: ByteString[];
//   leftOut: { what: ByteString; count: number }[];
//   processes: WatchedProcess[];
//   /** Declared as inputs and not read. */
//   unread: ByteString[];
// };

// type WatchContext = {
//   /** Time of the file system just before the command started, in milliseconds. */
//   startMs: number;
//   /** Links of the project that were followed, as they were then. */
//   links: Map<ByteString, FileState>;
//   /** State before the run of a file that the run changed, from version control; undefined if unknown. */
//   readEarlier: (path: ByteString) => FileState | undefined;
// };

// type Fate = {
//   file: TracedFile;
//   /** As in a record; where it was before the run and where it is now. */
//   initial: ByteString;
//   path: ByteString;
//   wasThere: boolean;
//   isWritten: boolean;
//   /** Its content at `path` is no longer what was there before the run; by whom. */
//   change: 'none' | 'own' | 'others';
// };

// type Look = { observation: Observation; context: WatchContext; watched: Watched; fates: (Fate | undefined)[]; inputs: Map<ByteString, Fate | undefined>; outputs: Set<ByteString> };

/** What the run did to the files, after its end. */
async function endWatch(observation, summary, context) {
  const { request } = observation;
  const watched = { ...noObservation(observation.warnings.concat(summary.warnings)), absent: [], readFiles: [], leftOut: [], processes: [], unread: [] };
  const look = { observation, context, watched, fates: [], inputs: new Map(), outputs: new Set(request.redirectedTo) };
  let cachedCount = 0;
  let temporaryCount = summary.temporaryCount;
  for (const file of summary.files) {
    const fate = isPythonCache(file.path) ? undefined : judge(look, file);
    if (isPythonCache(file.path)) cachedCount += 1;
    look.fates.push(fate);
    if (fate !== undefined) sortOut(look, fate);
    if (fate !== undefined && file.isGone && !fate.wasThere) temporaryCount += 1;
  }
  for (const path of observation.declaredPaths) if (!look.inputs.has(path)) look.inputs.set(path, undefined);
  for (const file of summary.files) if (isPythonCache(file.path) && file.isRead) addSource(look, file.path);
  moveFolders(look, summary);
  addLinksRead(look, summary);
  addDeclaredOutputs(observation, look.outputs, watched);
  const tests = request.declaredOutputs.map((pattern) => isDeclared(request.project, request.folder, pattern));
  if (tests.length > 0) watched.undeclared = Array.from(look.outputs).filter((path) => request.redirectedTo.indexOf(path) < 0 && !tests.some((test) => test(path))).sort();
  await describeStates(look);
  const moved = summary.movedFolders.filter(({ to }) => lstatIfThere(to)?.isDirectory() === true);
  addNewFolders(watched, listFolders(look, summary.foldersMade.concat(moved.map(({ to }) => to))).filter((path) => isFolder(look, path)), false);
  watched.removed.push(...listFolders(look, summary.foldersRemoved.concat(moved.map(({ from }) => from))));
  watched.removed = Array.from(new Set(watched.removed)).filter((path) => lstatIfThere(absoluteOf(request.project, path)) === undefined).sort();
  watched.absent = listAbsent(look, summary);
  mapProcesses(look, summary);
  if (temporaryCount > 0) watched.leftOut.push({ what: 'temporary', count: temporaryCount });
  if (summary.ignoredCount + cachedCount > 0) watched.leftOut.push({ what: 'ignored', count: summary.ignoredCount + cachedCount });
  warnOfLimits(look, summary);
  return watched;
}

/** Folders of the project, as a record has them. */
function listFolders(look, names) {
  const paths = names.filter((name) => !isPythonCache(name)).map((name) => relativeTo(look.observation.request.project, name));
  return paths.filter((path) => path[0] !== '/' && path !== '.' && !isLeftOut(path));
}

function isFolder(look, path) {
  return lstatIfThere(absoluteOf(look.observation.request.project, path))?.isDirectory() === true;
}

// ---- one file ---------------------------------------------------------------------------------------

/** Is this time from after the start? Some file systems keep whole seconds. */
function isSince(look, timeMs) {
  const { startMs } = look.context;
  return timeMs >= (timeMs % 1000 === 0 ? Math.floor(startMs / 1000) * 1000 : startMs);
}

/** Is its time of change from after the start? Deno tells that in whole seconds, whatever the file system. */
function isStateSince(look, stat) {
  const isCut = stat.ctimeMs % 1000 === 0 && stat.mtimeMs % 1000 !== 0;
  return isCut ? stat.ctimeMs >= look.context.startMs : isSince(look, stat.ctimeMs);
}

function judge(look, file) {
  const { project } = look.observation.request;
  const path = relativeTo(project, file.path);
  const initial = file.initialPath === undefined ? path : relativeTo(project, file.initialPath);
  if (file.kind === 'folder') return undefined;
  const stat = file.isGone ? undefined : lstatIfThere(file.path);
  if (stat?.isDirectory() === true) return undefined;
  const wasThere = file.origin === 'before' || (file.origin === 'unknown' && wasBornBefore(look, initial, stat));
  const isModified = stat !== undefined && (isSince(look, stat.mtimeMs) || (file.isTimesSet && isStateSince(look, stat)));
  const isUpdated = file.isUpdated && (!wasThere || isModified);
  const isTouchedOnly = isUpdated && wasThere && !file.isReplaced && file.isTimesSet && isAsBefore(look, initial, file.path);
  const isContentNew = file.isReplaced || (isUpdated && !isTouchedOnly);
  // Moved away and back again, it is where and what it was.
  const isRelocated = file.isRelocated && (!wasThere || initial !== path);
  const isWritten = !wasThere || isContentNew || isRelocated || (file.isModeSet && isModeChanged(look, initial, file.path));
  return { file, initial, path, wasThere, isWritten, change: findChange(look, file, stat, isContentNew, isModified) };
}

function findChange(look, file, stat, isContentNew, isModified) {
  if (isContentNew) return 'own';
  if (stat === undefined) return file.isGone ? 'own' : 'others';
  if (isModified && !file.isTimesSet) return 'others';
  const isExplained = file.isModeSet || file.isTimesSet || file.isRelocated || file.isLinkCountChanged || stat.nlink > 1;
  return isStateSince(look, stat) && !isExplained ? 'others' : 'none';
}

function wasBornBefore(look, initial, stat) {
  const earlier = look.observation.earlier.get(initial);
  if (earlier !== undefined) return earlier.stamp !== '';
  if (look.observation.outputStamps.has(initial)) return true;
  return stat !== undefined && stat.birthtimeMs > 0 && !isSince(look, stat.birthtimeMs);
}

/** Is its content known to be what it was? For what touch(1) did. */
function isAsBefore(look, initial, name) {
  const hash = look.observation.earlier.get(initial)?.state?.hash;
  if (hash === undefined || hash.length !== 64) return false;
  const now = hashWithRetry(name);
  return now.kind === 'hashed' && now.hash === hash;
}

function isModeChanged(look, initial, name) {
  const { observation, context } = look;
  const before = observation.earlier.get(initial)?.state ?? context.readEarlier(initial);
  return before !== undefined && describeFile(name, initial)?.kind !== before.kind;
}

/** Puts a file among the inputs, the outputs, what was removed. */
function sortOut(look, fate) {
  const { file, initial, path } = fate;
  const { project } = look.observation.request;
  if (fate.wasThere && (file.isRead || (fate.isWritten && !file.isReplaced && !file.isGone))) {
    look.inputs.set(initial, fate);
    look.watched.readFiles.push(absoluteOf(project, initial));
  }
  if (fate.wasThere && (file.isGone || initial !== path)) look.watched.removed.push(initial);
  if (fate.isWritten && !file.isGone && lstatIfThere(file.path) !== undefined) look.outputs.add(path);
}

// ---- Python's compiled modules ----------------------------------------------------------------------

const PYTHON_CACHE = /^(.*\/)__pycache__\/([^/]+)\.cpython-[^/]*\.pyc(?:\.\d+)?$/;

/** Compiled modules hold times of their sources: they differ from copy to copy, and nobody made them on purpose. */
function isPythonCache(path) {
  return /\/__pycache__(\/|$)/.test(path);
}

/** Python looks at a module's source only by stat if it is compiled already. */
function sourceOfCache(path) {
  const parts = PYTHON_CACHE.exec(path);
  return parts === null ? undefined : parts[1] + parts[2] + '.py';
}

/** A file of which the trace shows nothing, and that was read all the same. */
function readUntraced(path, initialPath) {
  return { path, initialPath, origin: 'before', isRead: true, isReplaced: false, isUpdated: false, isRelocated: false, isModeSet: false, isLinkCountChanged: false, isTimesSet: false, isGone: false, kind: 'file' };
}

function addSource(look, cache) {
  const name = sourceOfCache(cache);
  if (name === undefined || lstatIfThere(name)?.isFile() !== true) return;
  const path = relativeTo(look.observation.request.project, name);
  if (look.inputs.has(path) || look.outputs.has(path)) return;
  const file = readUntraced(name, name);
  const fate = judge(look, file);
  if (fate !== undefined) sortOut(look, fate);
}

// ---- folders and links ------------------------------------------------------------------------------

/** Files that were never opened moved with their folder: each is an input where it was and an output where it is. */
function moveFolders(look, summary) {
  const { project } = look.observation.request;
  for (const { from, to } of summary.movedFolders) {
    for (const path of listBelow(project, relativeTo(project, to))) {
      const name = absoluteOf(project, path);
      const before = relativeTo(project, from + name.slice(to.length));
      if (look.outputs.has(path)) continue;
      const file = { ...readUntraced(name, absoluteOf(project, before)), isRelocated: true };
      const fate = judge(look, file);
      if (fate !== undefined) sortOut(look, fate);
    }
  }
}

/** Links that lay on the way to a file, or whose text was read: each can be pointed elsewhere. */
function addLinksRead(look, summary) {
  const { observation } = look;
  const { project } = observation.request;
  const found = new Set();
  for (const name of summary.linkedNames) addLinks(observation.request, relativeTo(project, name), found);
  for (const name of summary.linksRead) found.add(relativeTo(project, name));
  // Links that the run pointed elsewhere or removed afterwards.
  for (const [path, state] of look.context.links) {
    if (look.inputs.has(path) || describeFile(absoluteOf(project, path), path)?.hash === state.hash) continue;
    observation.earlier.set(path, { stamp: '', state });
    look.inputs.set(path, undefined);
  }
  for (const name of summary.linksFollowed) {
    const path = relativeTo(project, name);
    if (!look.inputs.has(path) && wasLink(look, path, name)) look.inputs.set(path, undefined);
  }
  // A link that leads nowhere: the link was read, and what it names is absent.
  for (const name of summary.absent) if (lstatIfThere(name)?.isSymbolicLink() === true) found.add(relativeTo(project, name));
  for (const path of found) {
    if ((path[0] !== '/' && isLeftOut(path)) || look.outputs.has(path) || look.inputs.has(path)) continue;
    if (lstatIfThere(absoluteOf(project, path))?.isSymbolicLink() === true) look.inputs.set(path, undefined);
  }
}

/** Keeps the links on the way to a file as they are while the run follows them, if it has not changed them. */
function keepLinks(project, name, startMs, links) {
  const found = new Set();
  addLinks({ project }, relativeTo(project, name), found);
  for (const path of found) {
    const stat = lstatIfThere(absoluteOf(project, path));
    if (stat === undefined || !stat.isSymbolicLink() || stat.ctimeMs >= startMs || links.has(path) || path[0] === '/' || isLeftOut(path)) continue;
    const state = describeFile(absoluteOf(project, path), path);
    if (state !== undefined) links.set(path, state);
  }
}

/** Is it known to have been a link before the run, which is another or gone now? */
function wasLink(look, path, name) {
  const stat = lstatIfThere(name);
  if (stat !== undefined && !look.outputs.has(path)) return false; // addLinks deals with it
  const before = look.observation.earlier.get(path)?.state ?? look.context.readEarlier(path);
  return before !== undefined ? before.kind === 'l' : stat !== undefined && stat.isSymbolicLink();
}

const MOST_LINKS_IN_CHAIN = 40; // as Linux has it

/** Where a link that leads nowhere points to. */
function followLinks(name) {
  let at = name;
  for (let count = 0; count < MOST_LINKS_IN_CHAIN && lstatIfThere(at)?.isSymbolicLink() === true; count++) {
    at = normalizeName(joinNames(folderOfName(at), fs.readlinkSync(toFsPath(at), 'latin1')));
  }
  return at;
}

/** What was looked for in vain, and is still not there. */
function listAbsent(look, summary) {
  const { project } = look.observation.request;
  const absent = new Set();
  for (const given of summary.absent) {
    const name = followLinks(given);
    const path = relativeTo(project, name);
    if (path[0] === '/' || isLeftOut(path) || isPythonCache(name) || look.inputs.has(path) || look.outputs.has(path)) continue;
    if (lstatIfThere(name) === undefined) absent.add(path);
  }
  return Array.from(absent).sort();
}

// ---- states -----------------------------------------------------------------------------------------

/** States of inputs as they were before the run and of outputs as they are. */
async function describeStates(look) {
  const { observation, watched } = look;
  const { project } = observation.request;
  const waiting = [];
  for (const [path, fate] of look.inputs) {
    const settled = settleInput(look, path, fate);
    if (settled !== undefined && settled.hash !== '?') watched.inputs.push(settled);
    else if (settled === undefined) {
      const name = fate?.file.path ?? absoluteOf(project, path);
      const state = describeFile(name, path);
      if (state === undefined) watched.warnings.push(path + ' vanished while it was looked at');
      else if (state.kind === 'l') watched.inputs.push(state);
      else if (state.hash === '?') waiting.push({ role: 'inputs', state, name });
    } else watched.inputs.push(settled);
  }
  for (const path of look.outputs) {
    const state = describeFile(absoluteOf(project, path), path);
    if (state === undefined) continue;
    if (state.hash === '?') waiting.push({ role: 'outputs', state, name: absoluteOf(project, path) });
    else if (state.kind !== 'd' || observation.request.declaredOutputs.length > 0) watched.outputs.push(state);
  }
  const outcomes = await hashFiles(waiting.map(({ state, name }) => ({ name, sizeBytes: state.size })));
  waiting.forEach(({ role, state }, i) => {
    const done = withOutcome(state, outcomes[i], watched.warnings);
    if (done !== undefined) watched[role].push(done);
  });
  rememberHashes(observation, watched);
  for (const list of [watched.inputs, watched.outputs]) list.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The state of an input that is not to be hashed now: known from before, or lost. Undefined: hash it now. */
function settleInput(look, path, fate) {
  const { observation, watched } = look;
  const name = absoluteOf(observation.request.project, path);
  const stat = lstatIfThere(name);
  const change = fate !== undefined ? fate.change : stat !== undefined && (stat.isSymbolicLink() || !isSince(look, stat.mtimeMs)) ? 'none' : look.outputs.has(path) ? 'own' : 'others';
  if (change === 'others') watched.warnings.push('the input ' + path + ' was changed during the run, by something else');
  const earlier = observation.earlier.get(path)?.state;
  if (earlier !== undefined && earlier.hash !== '?') return earlier;
  if (change === 'none') return undefined;
  const known = look.context.readEarlier(path);
  if (known !== undefined) return known;
  if (earlier === undefined || change === 'own') watched.warnings.push('what the input ' + path + ' was before the run is not known: declare it with -i');
  return { hash: '?', size: earlier?.size ?? 0, kind: '', path };
}

// ---- processes --------------------------------------------------------------------------------------

function mapProcesses(look, summary) {
  const { watched, observation } = look;
  const { project } = observation.request;
  const inputAt = new Map(watched.inputs.map((file, i) => [file.path, i]));
  const outputAt = new Map(watched.outputs.map((file, i) => [file.path, watched.inputs.length + i]));
  const readAt = summary.files.map((file, i) => {
    const source = isPythonCache(file.path) ? sourceOfCache(file.path) : undefined;
    if (source !== undefined) return inputAt.get(relativeTo(project, source));
    const fate = look.fates[i];
    return fate === undefined ? undefined : inputAt.get(fate.initial) ?? outputAt.get(fate.path);
  });
  const wroteAt = look.fates.map((fate) => (fate === undefined ? undefined : outputAt.get(fate.path)));
  const pick = (positions, table, more) => {
    for (const position of positions) {
      const at = table[position];
      if (at !== undefined) more.add(at);
    }
  };
  watched.processes = summary.processes.map((traced, i) => {
    const read = new Set();
    const wrote = new Set();
    const renewed = new Set(traced.readNew);
    pick(traced.read.filter((position) => !renewed.has(position)), readAt, read);
    pick(traced.readNew, wroteAt, read);
    pick(traced.wrote, wroteAt, wrote);
    for (const path of i === 0 ? observation.request.redirectedFrom : []) if (inputAt.has(path)) read.add(inputAt.get(path));
    for (const path of i === 0 ? observation.request.redirectedTo : []) if (outputAt.has(path)) wrote.add(outputAt.get(path));
    const ascending = (set) => Array.from(set).sort((a, b) => a - b);
    const { parent, startMs, endMs, exit, signal, images } = traced;
    return { parent, startMs, endMs, exit, signal, images, read: ascending(read), wrote: ascending(wrote) };
  });
}

// ---- limits -----------------------------------------------------------------------------------------

const SET_USER = 0o4000;
const SET_GROUP = 0o2000;

/** Would this program, untraced, run as another user or group? To root only others than root are that. */
function gainsRights(name) {
  const stat = lstatIfThere(name);
  if (stat === undefined || (stat.mode & (SET_USER | SET_GROUP)) === 0) return false;
  if (process.getuid?.() !== 0 || /\/sudo$/.test(name)) return true;
  return ((stat.mode & SET_USER) !== 0 && stat.uid !== 0) || ((stat.mode & SET_GROUP) !== 0 && stat.gid !== 0);
}

function warnOfLimits(look, summary) {
  const { watched, observation } = look;
  if (summary.outlived > 0) watched.warnings.push(String(summary.outlived) + (summary.outlived === 1 ? ' process' : ' processes') + ' outlived the command: what they did afterwards is not recorded');
  if (summary.refusedTracing) watched.warnings.push('the command tried to trace a process (a debugger, a leak sanitizer) and could not, because strace watched it: record it with --trace scan');
  const gainers = summary.programs.filter((name) => gainsRights(resolveLinks(name)));
  if (gainers.length > 0) watched.warnings.push('gained no rights from its set-user-id bit, because strace watched it: ' + gainers.join(', ') + '; record it with --trace scan');
  const seen = new Set(look.watched.readFiles);
  const isUnread = (path) => observation.request.redirectedFrom.indexOf(path) < 0 && !look.outputs.has(path) && !seen.has(absoluteOf(observation.request.project, path));
  watched.unread = observation.declaredPaths.filter(isUnread);
}

// ---- secrets ----------------------------------------------------------------------------------------

const LARGEST_SECRET_FILE_BYTES = 1 << 20;

/** Takes files that may hold secrets out of inputs and outputs, and gives "HMAC PATH" for each. */
function withholdSecretFiles(observed, processes, nameOf, hash) {
  const places = [];
  let kept = 0;
  const take = (files) => {
    const taken = { kept: [], withheld: [] };
    for (const file of files) {
      const isSecret = (file.kind === '' || file.kind === 'x') && isSecretFile(file.path);
      places.push(isSecret ? undefined : kept++);
      if (!isSecret) taken.kept.push(file);
      else taken.withheld.push(hash(file.size > LARGEST_SECRET_FILE_BYTES ? file.hash : readBytesIfThere(nameOf(file.path)) ?? file.hash) + ' ' + file.path);
    }
    return taken;
  };
  const inputs = take(observed.inputs);
  const outputs = take(observed.outputs);
  const withheld = { inputs: inputs.withheld, outputs: outputs.withheld };
  if (inputs.withheld.length + outputs.withheld.length === 0) return withheld;
  const renumber = (positions) => positions.map((at) => places[at]).filter((at) => at !== undefined);
  for (const traced of processes) {
    traced.read = renumber(traced.read);
    traced.wrote = renumber(traced.wrote);
  }
  observed.inputs = inputs.kept;
  observed.outputs = outputs.kept;
  return withheld;
}

// ==== src/sys/store.ts ===========================================================================
// store.ts - records, logs and marks on the disk, for any number of writers at once. Decides nothing.
//
// Invariants
// 1. A record in runs/ is complete, on the disk, and never changed: it is written beside its name,
//    synced, and renamed; its id was claimed by creating .rr/running/ID, which must not exist.
// 2. The Makefile and SHA256SUMS are those of all records, once the last writer at work has ended.
// 3. Nothing here waits for another process, so nothing is left locked by a crash.
//
// Life of a run's mark:   .rr/running/ID  ->  .rr/pending/ID  ->  .rr/pending/ID.done  ->  (gone)
//                         it runs             record is there      in the Makefile
//
// The mark of a lost run stays in running/ as long as its command goes on, which may still write
// files. "rr makefile" has a mark in pending/ of its own, for it is a writer too. Unfinished files
// lie in running/ as .NAME.RANDOM.tmp and are removed when they are an hour old.
//
// Why 2 holds. A writer lists pending/ before it reads the Makefile and again after it has replaced
// it; it ends only when the second list has nothing that its Makefile lacks. A slow writer may
// overwrite another's newer Makefile with an older one, but then its second list still has the
// other's mark: marks are deleted only by a writer that sees no other writer at work.

/** Text of a record, sealed. */
function printRecord(run) {
  const body = printRunBody(run);
  return sealRecord(body, hashBytes(body));
}

// ---- who is alive ---------------------------------------------------------------------------------

function readBootId() {
  return (readBytesIfThere('/proc/sys/kernel/random/boot_id') ?? 'unknown').trim();
}

function readStartTicks(pid) {
  const stat = readBytesIfThere('/proc/' + String(pid) + '/stat');
  const fields = stat === undefined ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.length < 20 || fields[0] === 'Z' ? '0' : fields[19]; // Z: it has ended, and its parent does not care
}

/** The machine, or the container, in which a process number means something. */
function readHost() {
  try {
    const space = fs.readlinkSync('/proc/self/ns/pid');
    return os().hostname() + (space === 'pid:[4026531836]' ? '' : '/' + space); // that one is the machine itself
  } catch (error) {
    return os().hostname();
  }
}

/** "PID START-TICKS BOOT-ID HOST": tells this process from a later one with the same number. */
function describeSelf() {
  return [process.pid, readStartTicks(process.pid), readBootId(), readHost()].join(' ');
}

const REMOTE_LIMIT_MS = 300000; // a mark of another machine is touched every minute

/** Is the process alive that describeSelf() said this of? `markName`: the file that says so, touched now and then. */
function isHolderAlive(holder, markName) {
  const [pid, ticks, boot, host] = holder.split(' ');
  if (host !== readHost()) {
    const stat = statIfThere(markName);
    return stat !== undefined && readUtcMicros() / 1000 - stat.mtimeMs < REMOTE_LIMIT_MS;
  }
  if (boot !== readBootId()) return false;
  if (ticks !== '0') return readStartTicks(Number(pid)) === ticks;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** "PID START-TICKS" of a command that rr started. */
function isCommandAlive(command) {
  const [pid, ticks] = (command ?? '').split(' ');
  return ticks !== undefined && ticks !== '0' && readStartTicks(Number(pid)) === ticks;
}

// ---- marks ----------------------------------------------------------------------------------------

// Names that no field of a record has: a mark is read as a record, and these are what it does not know.
const HOLDER_FIELD = 'Holder';
const COMMAND_FIELD = 'Command_process';

function printMark(run, commandPid) {
  const unknown = [{ name: HOLDER_FIELD, value: describeSelf() }];
  if (commandPid > 0) unknown.push({ name: COMMAND_FIELD, value: String(commandPid) + ' ' + readStartTicks(commandPid) });
  return printRecord({ ...run, unknown });
}

/** Claims an id for a run that starts now: no two processes of a project get the same. */
function claimRun(project, startedMicros, fill) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const run = fill(makeRunId(startedMicros));
    if (readBytesIfThere(project.provenance + '/' + recordPath(run.id)) !== undefined) continue;
    if (createFile(project.own + '/running/' + run.id, printMark(run, 0))) return run;
  }
  throw new Failure('cannot find an id that is free in "' + project.own + '/running"');
}

/** Writes again what is known of the run so far, and its command's process, for whoever finds it lost. */
function refreshMark(project, run, commandPid) {
  replaceFile(project.own + '/running/' + run.id, printMark(run, commandPid), false);
}

/** Keeps a mark fresh for other machines that share the folder. */
function touchMark(project, run) {
  const nowS = readUtcMicros() / 1e6;
  fs.utimesSync(toFsPath(project.own + '/running/' + run.id), nowS, nowS);
}

function parseMark(text, name) {
  if (unsealRecord(text) === undefined) return undefined;
  try {
    return parseRun(text, name);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** isActive: its rr or its command is alive. isOurs: nobody but this machine will settle it. */
// type Mark = { run: Run; isAlive: boolean; isActive: boolean; isOurs: boolean; commandPid: number };

const ABANDONED_MS = 86400000; // a mark of another machine that has been silent for so long is anybody's

/** The runs that have a mark and no record: running, or lost. Damaged marks are passed over. */
function readMarks(project) {
  const marks = [];
  for (const name of listFolder(project.own + '/running').sort()) {
    if (!RUN_ID.test(name)) continue;
    const markName = project.own + '/running/' + name;
    const text = readBytesIfThere(markName);
    const run = text === undefined ? undefined : parseMark(text, markName);
    if (run === undefined) continue;
    const holder = run.unknown.find((field) => field.name === HOLDER_FIELD)?.value ?? '';
    const command = run.unknown.find((field) => field.name === COMMAND_FIELD)?.value;
    run.unknown = [];
    const alive = isHolderAlive(holder, markName);
    if (!alive) run.status = 'lost';
    const [, , boot, host] = holder.split(' ');
    const isLocal = host === readHost();
    marks.push({ run, isAlive: alive, isActive: alive || (isLocal && boot === readBootId() && isCommandAlive(command)), isOurs: isLocal || isOlder(markName, ABANDONED_MS), commandPid: isLocal ? Number((command ?? '0').split(' ')[0]) : 0 });
  }
  return marks;
}

function isOlder(name, ms) {
  const stat = lstatIfThere(name);
  return stat !== undefined && readUtcMicros() / 1000 - stat.mtimeMs > ms;
}

const LEFTOVER_MS = 3600000;

/** Removes what no mark accounts for: unfinished files, damaged marks, their logs. Not what is fresh. */
function removeLeftovers(project, marks) {
  const known = new Set(marks.map((mark) => mark.run.id));
  for (const name of listFolder(project.own + '/running')) {
    const path = project.own + '/running/' + name;
    if (!known.has(name.split('.')[0]) && isOlder(path, LEFTOVER_MS) && lstatIfThere(path)?.isDirectory() === false) removeIfThere(path);
  }
}

const STUCK_WAIT_MS = 20;

/**
 * If rr was killed before strace had opened the FIFO, strace waits there for ever for a reader, and the
 * command for strace: it has not begun, and is ended. True if that was so.
 */
function endStuckTracer(pipe, commandPid) {
  try {
    if (!(commandPid > 1) || !/\/strace$/.test(fs.readlinkSync('/proc/' + String(commandPid) + '/exe'))) return false;
    process.kill(commandPid, 'SIGKILL');
    const reader = fs.openSync(toFsPath(pipe), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    pauseMs(STUCK_WAIT_MS);
    fs.closeSync(reader);
    return true;
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return false; // it has ended meanwhile, or there is no /proc
  }
}

/**
 * Makes records of the runs of this machine whose rr is gone, with "Status: lost"; of those whose
 * record is there already only the mark moves on. Returns the runs that were lost.
 */
function settleLostRuns(project, self) {
  const lost = [];
  const marks = readMarks(project);
  for (const mark of marks) {
    if (mark.isAlive || !mark.isOurs || mark.run.id === self) continue;
    const base = project.own + '/running/' + mark.run.id;
    if (readBytesIfThere(project.provenance + '/' + recordPath(mark.run.id)) === undefined) {
      mark.run.warnings.push('rr was killed while the command ran; its end, outputs and cost are not known');
      saveLogs(project, mark.run);
      saveRecord(project, mark.run);
      lost.push(mark.run);
    }
    // As long as the command itself still runs, the mark tells others that they are not alone.
    if (mark.isActive && !endStuckTracer(base + '.trace.p1', mark.commandPid)) continue;
    moveMarkToPending(project, mark.run.id);
    for (const end of ['.out', '.err', '.order', '.p1', '.p2', '.trace.p1', '.strace']) removeIfThere(base + end);
  }
  removeLeftovers(project, marks);
  return lost;
}

function moveMarkToPending(project, id) {
  makeFolder(project.own + '/pending');
  try {
    fs.renameSync(toFsPath(project.own + '/running/' + id), toFsPath(project.own + '/pending/' + id));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error; // another process settled it meanwhile
  }
}

// ---- runs at the same time ------------------------------------------------------------------------

/** Length of the list of ended runs, to be given to hasOverlap later. */
function readEndedBytes(project) {
  return statIfThere(project.own + '/ended')?.size ?? 0;
}

/** Notes that a run ended, for those that run now. One short append: whole, also with many writers. */
function noteEnded(project, run) {
  fs.appendFileSync(toFsPath(project.own + '/ended'), run.id + '\n');
}

/** Was another run of the project active now or since the list of ended runs had that length? */
function hasOverlap(project, self, endedBytes) {
  if (readEndedBytes(project) > endedBytes) return true;
  for (const name of listFolder(project.own + '/running')) if (RUN_ID.test(name) && name !== self) return readMarks(project).some((mark) => mark.isActive && mark.run.id !== self && mark.run.tree === undefined);
  return false;
}

/** A test of paths: is it a current result that is a regular file (SHA256SUMS)? Read at first use. */
function makeResultTester(project) {
  let sums;
  return (path) => {
    sums = sums ?? readBytesIfThere(project.provenance + '/SHA256SUMS') ?? '';
    return findChecksum(sums, path).hash !== undefined;
  };
}

// ---- records --------------------------------------------------------------------------------------

/** Writes a run's record for good (invariant 1). */
function saveRecord(project, run) {
  const name = project.provenance + '/' + recordPath(run.id);
  const folder = name.slice(0, name.lastIndexOf('/'));
  if (statIfThere(folder) === undefined) {
    makeFolder(folder);
    syncFolder(project.provenance + '/runs');
  }
  replaceFile(name, printRecord(run), true);
}

/** Writes a file that is named by its content, once; the same content is already there otherwise. */
function saveByContent(project, folder, content, ending) {
  const hash = hashBytes(content);
  const name = project.provenance + '/' + folder + '/' + hash + ending;
  if (statIfThere(name)?.size === content.length) return hash;
  makeFolder(project.provenance + '/' + folder);
  replaceFile(name, content, true);
  return hash;
}

/** Absolute name of the file in which a stream of a running command is kept, without its ending. */
function runningLogName(project, id) {
  return project.own + '/running/' + id;
}

const LOG_ENDINGS = ['.out', '.err', '.order'];

/** Moves the kept streams to provenance/logs and notes them in the run. */
function saveLogs(project, run) {
  for (const ending of LOG_ENDINGS) {
    const name = project.provenance + '/logs/' + run.id + ending;
    moveLog(project, runningLogName(project, run.id) + ending, name);
    noteLog(run, name, 'provenance/logs/' + run.id + ending);
  }
}

function noteLog(run, name, path) {
  const state = describeFile(name, path);
  const outcome = state === undefined ? undefined : hashWithRetry(name);
  if (state !== undefined && outcome?.kind === 'hashed') run.logs.push({ ...state, kind: '', hash: outcome.hash });
}

/** Notes the kept streams of a run that will have no record: absolute names of files that forgetRun() removes. */
function noteRunningLogs(project, run) {
  for (const ending of LOG_ENDINGS) noteLog(run, runningLogName(project, run.id) + ending, runningLogName(project, run.id) + ending);
}

/** Leaves nothing of a run that was to have no record. */
function forgetRun(project, run) {
  for (const ending of [''].concat(LOG_ENDINGS)) removeIfThere(runningLogName(project, run.id) + ending);
}

function moveLog(project, from, to) {
  if (statIfThere(from) === undefined) return;
  makeFolder(project.provenance + '/logs');
  try {
    fs.renameSync(toFsPath(from), toFsPath(to));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return; // another process settles the same lost run
    if (errorCode(error) !== 'EXDEV') throw error;
    fs.copyFileSync(toFsPath(from), toFsPath(to));
    removeIfThere(from);
  }
}

/** Ids of all records, ascending; and names in runs/ that are no record, or one in the wrong folder. */
function listRecords(project) {
  const ids = [];
  const strays = [];
  for (const month of listFolder(project.provenance + '/runs').sort()) {
    if (!/^\d{4}-\d\d$/.test(month)) continue;
    for (const name of listFolder(project.provenance + '/runs/' + month)) {
      const id = name.replace(/\.rec$/, '');
      if (RUN_ID.test(id) && recordPath(id) === 'runs/' + month + '/' + name) ids.push(id);
      else if (name.endsWith('.rec')) strays.push('provenance/runs/' + month + '/' + name);
    }
  }
  return { ids: ids.sort(), strays };
}

/** Text of a record; undefined if there is none. Throws Failure for what is no regular file. */
function readRecordText(project, id) {
  const name = project.provenance + '/' + recordPath(id);
  if (lstatIfThere(name) === undefined) return undefined;
  // A FIFO would be waited for without end.
  if (statIfThere(name)?.isFile() !== true) throw new Failure('cannot read "provenance/' + recordPath(id) + '": not a regular file', 'it is not of rr: move it away');
  return readBytesIfThere(name);
}

/** A record by its id. Throws Failure (file and line) if it is damaged or claims another id. */
function readRun(project, id) {
  const path = recordPath(id);
  const text = readRecordText(project, id);
  if (text === undefined) return undefined;
  const run = parseRun(text, 'provenance/' + path);
  if (run.id !== id) throw new Failure('cannot use "provenance/' + path + '": it claims the id ' + run.id, 'the file was renamed or forged');
  return run;
}

// type ReadRuns = { runs: Run[]; faults: Failure[] };

/** All records in order of ids; what cannot be read is told beside the rest. */
function readRuns(project) {
  const runs = [];
  const faults = [];
  const { ids, strays } = listRecords(project);
  for (const stray of strays) faults.push(new Failure('cannot use "' + stray + '": it is not where a record of that id belongs', 'it was copied or renamed: move it away'));
  for (const id of ids) {
    try {
      const run = readRun(project, id);
      if (run !== undefined) runs.push(run);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      faults.push(error);
    }
  }
  return { runs, faults };
}

// ---- the derived files ----------------------------------------------------------------------------

/** Makefile and SHA256SUMS from all records. */
function rebuildDerived(project) {
  const { runs, faults } = readRuns(project);
  const graph = findLiveRuns(runs);
  return { makefile: printMakefile(graph), sums: printChecksums(graph), faults };
}

function writeDerived(project, derived) {
  const put = (name, content) => {
    replaceFile(project.provenance + '/' + name, content, false);
  };
  put('Makefile', derived.makefile);
  put('SHA256SUMS', derived.sums);
}

// type Pending = { id: string; isAtWork: boolean };

function listPending(project, self) {
  return listFolder(project.own + '/pending').sort().map((name) => {
    const id = name.replace(/\.done$/, '');
    if (id !== name || id === self) return { id, isAtWork: false };
    const markName = project.own + '/pending/' + name;
    const holder = /^Holder: (.*)$/m.exec(readBytesIfThere(markName) ?? '');
    return { id, isAtWork: holder !== null && isHolderAlive(holder[1], markName) };
  });
}

/** Brings Makefile and SHA256SUMS up to date after run's record was saved (invariant 2). */
function includeRun(project, run) {
  moveMarkToPending(project, run.id);
  return bringUpToDate(project, run.id, run);
}

/** Makes both anew from all records. It has a mark of its own, as another writer may be at work. */
function includeAllRuns(project) {
  const id = makeRunId(readUtcMicros());
  makeFolder(project.own + '/pending');
  createFile(project.own + '/pending/' + id, HOLDER_FIELD + ': ' + describeSelf() + '\n');
  return bringUpToDate(project, id, undefined);
}

function bringUpToDate(project, id, run) {
  let pending = listPending(project, id);
  let faults = [];
  for (;;) {
    const included = new Set(pending.map((mark) => mark.id).concat(id));
    const alone = pending.every((mark) => mark.id === id);
    faults = writeNewDerived(project, alone ? run : undefined);
    pending = listPending(project, id);
    if (pending.every((mark) => included.has(mark.id))) break;
  }
  const own = project.own + '/pending/' + id;
  if (pending.some((mark) => mark.isAtWork)) {
    fs.renameSync(toFsPath(own), toFsPath(own + '.done'));
    return faults;
  }
  for (const mark of pending) {
    removeIfThere(project.own + '/pending/' + mark.id);
    removeIfThere(project.own + '/pending/' + mark.id + '.done');
  }
  return faults;
}

/** Has the run neither made nor removed anything, so that the derived files stay as they are? */
function changesNothing(run) {
  if (run.tree !== undefined) return true;
  return run.removed.length === 0 && (run.status !== 'succeeded' || run.outputs.length === 0);
}

function writeNewDerived(project, added) {
  if (added !== undefined && changesNothing(added) && statIfThere(project.provenance + '/Makefile') !== undefined) return [];
  if (added !== undefined) {
    const makefile = readBytesIfThere(project.provenance + '/Makefile') ?? '';
    const sums = readBytesIfThere(project.provenance + '/SHA256SUMS') ?? '';
    const derived = addRunToMakefile(makefile, sums, added, (id) => readRun(project, id));
    if (derived !== undefined) {
      if (derived.makefile !== makefile || derived.sums !== sums) writeDerived(project, derived);
      return [];
    }
  }
  const derived = rebuildDerived(project);
  writeDerived(project, derived);
  return derived.faults;
}

// ==== src/sys/code.ts ============================================================================
// code.ts - the code of a run: the project's repository before it, the sources that it read after it. Knows no records' spelling.

// Rules, and why they hold:
// 1. The state of the project's own repository is that of before the run; what the run changed is no
//    change of the code that it ran.
// 2. The states of other checkouts are read after it, as nobody knows before which ones it will read.
//    What changed in them since the start is named.
// 3. Content is stored only if its SHA-256 is that of the input in the record, and under that name: so
//    what is stored is what was read, and is found from the record.

// type CodeRequest = {
//   project: Project;
//   /** Of a path relative to the project: is it a result, or kept by rr itself? */
//   excluded: (path: ByteString) => boolean;
//   /** Time of the start of the run, in milliseconds. */
//   startMs: number;
// };

// type Checkout = GitState | OtherState;

/** Where a checkout of some system begins. */
// type Place = { system: 'git' | OtherSystem; top: ByteString };

// type BegunCode = {
//   request: CodeRequest;
//   /** The project's own checkout, as it was before the run; undefined if it lies in none. */
//   own: Checkout | undefined;
//   /** Of each folder asked so far (without final slash): the checkout that it lies in. */
//   places: Map<ByteString, Place | undefined>;
//   /** Folders with the links in their names resolved. */
//   folders: Map<ByteString, ByteString>;
// };

// type EndedCode = Pick<Run, 'codeFiles' | 'codeOthers' | 'warnings'>;

// ---- checkouts ----------------------------------------------------------------------------------

function placeAt(folder) {
  const git = statIfThere(folder + '/.git');
  // An empty .git is nothing to git either; a file names the repository of a submodule or a worktree.
  if (git !== undefined && (git.isFile() || statIfThere(folder + '/.git/HEAD') !== undefined)) return { system: 'git', top: folder };
  if (statIfThere(folder + '/.hg')?.isDirectory() === true) return { system: 'hg', top: folder };
  if (statIfThere(folder + '/.svn')?.isDirectory() === true) return { system: 'svn', top: folder };
  const isFossil = statIfThere(folder + '/.fslckout')?.isFile() === true || statIfThere(folder + '/_FOSSIL_')?.isFile() === true;
  return isFossil ? { system: 'fossil', top: folder } : undefined;
}

/** The innermost checkout that a folder (without final slash, '' for /) lies in. */
function findPlace(places, folder) {
  if (places.has(folder)) return places.get(folder);
  const place = placeAt(folder) ?? (folder === '' ? undefined : findPlace(places, folder.slice(0, folder.lastIndexOf('/'))));
  places.set(folder, place);
  return place;
}

function readCheckout(request, place) {
  const { project, excluded } = request;
  const root = project.root === '/' ? '' : project.root;
  const isExcluded = (name) => {
    const path = relativeTo(project, place.top + '/' + name);
    return path[0] !== '/' && excluded(path);
  };
  if (place.system !== 'git') return readOtherCode(place.system, place.top, { isExcluded, ownFolder: project.own });
  if (root === place.top || root.startsWith(place.top + '/')) return readCode(project.root, { excluded });
  return readCode(place.top === '' ? '/' : place.top, { excluded: isExcluded });
}

/** Reads the state of the project's own repository, before the run. */
function beginCode(request) {
  const begun = { request, own: undefined, places: new Map(), folders: new Map() };
  const place = findPlace(begun.places, request.project.root.replace(/\/$/, ''));
  if (place !== undefined) begun.own = readCheckout(request, place);
  return begun;
}

/** As the record has it: "git COMMIT" or "git COMMIT dirty HASH". Stores the patch. */
function describeCheckout(project, checkout) {
  const { patch } = checkout;
  const version = checkout.system + ' ' + checkout.commit;
  if (patch === undefined) return version;
  return version + ' dirty ' + (patch === '' ? '-' : saveByContent(project, 'code', patch, '.patch'));
}

/** Puts what is known before the run into its record, and stores the patch. */
function noteCode(begun, run) {
  const { own, request } = begun;
  if (own === undefined) return;
  run.codeBranch = own.branch;
  run.codeRemote = own.remote;
  run.codeSubmodules = own.submodules.map((submodule) => submodule.commit + (submodule.isDirty ? ' dirty ' : ' ') + submodule.path);
  run.warnings.push(...own.warnings);
  // Of a patch that cannot be stored the record says at least that there was one.
  run.code = own.system + ' ' + own.commit + (own.patch === undefined ? '' : ' dirty -');
  run.code = describeCheckout(request.project, own);
}

function findFileState(checkout, name) {
  return checkout.system === 'git' ? findGitFileState(checkout, name) : findOtherFileState(checkout, name);
}

/**
 * A tracked file of the project's repository as it was before the run; undefined if it was changed,
 * or if nothing tells. `path` as in a record.
 */
function readEarlierContent(begun, path) {
  const { own, request } = begun;
  if (own === undefined || own.system !== 'git') return undefined;
  const name = absoluteOf(request.project, path);
  const state = name.startsWith(own.top + '/') ? readEarlierBlob(own, name.slice(own.top.length + 1)) : undefined;
  return state === undefined ? undefined : { ...state, path };
}

// ---- a clean beginning --------------------------------------------------------------------------

/**
 * Why the code could not be had again from version control, as a sentence; undefined if it could be.
 * `paths` are files that the command names, as in a record.
 */
function findUnclean(begun, paths) {
  const { own, request } = begun;
  if (own === undefined) return 'the project is under no version control';
  const spell = (name) => '"' + relativeTo(request.project, own.top + '/' + name) + '"';
  const changed = Array.from(own.changed).sort(compareBytes);
  if (changed.length > 0) return spell(changed[0]) + ' has changes that are not committed' + countMore(changed);
  const dirty = own.submodules.filter((submodule) => submodule.isDirty).map((submodule) => submodule.path);
  if (dirty.length > 0) return spell(dirty[0]) + ' has changes that are not committed' + countMore(dirty);
  if (own.patch !== undefined || own.commit === 'unknown') return own.warnings[0] ?? 'the state of the code is not known';
  if (own.commit === 'none') return 'nothing is committed yet';
  const untracked = paths.filter((path) => isUntrackedSource(begun, own, path)).sort(compareBytes);
  return untracked.length === 0 ? undefined : '"' + untracked[0] + '" is not tracked' + countMore(untracked);
}

function isUntrackedSource(begun, own, path) {
  const file = describeFile(absoluteOf(begun.request.project, path), path);
  const reading = file === undefined || isLeftAlone(path) ? undefined : locateReading(begun, file);
  if (reading === undefined || !reading.isSource || reading.place === undefined || !isTreeOf(own, reading.place)) return false;
  return findFileState(own, reading.name.slice(own.top.length + 1)) === 'untracked';
}

function countMore(names) {
  return names.length > 1 ? ' (and ' + String(names.length - 1) + ' more)' : '';
}

// ---- what the run read --------------------------------------------------------------------------

/** A file that the run read. `name` is absolute, links of its folder resolved. */
// type Reading = { file: FileState; name: ByteString; place: Place | undefined; isSource: boolean };

function locateReading(begun, file) {
  if (file.kind !== '' && file.kind !== 'x') return undefined;
  const given = absoluteOf(begun.request.project, file.path);
  const cut = given.lastIndexOf('/');
  const folder = given.slice(0, cut);
  let real = begun.folders.get(folder);
  if (real === undefined) {
    real = folder === '' ? '' : resolveLinks(folder).replace(/\/$/, '');
    begun.folders.set(folder, real);
  }
  const name = real + given.slice(cut);
  return { file, name, place: findPlace(begun.places, real), isSource: isSource(file, name) };
}

function isSource(file, name) {
  if (file.size > LARGEST_SOURCE_BYTES) return false;
  return isSourceName(file.path) || (isScriptCandidate(file.path, file.kind === 'x') && readFirstBytes(name, 2) === '#!');
}

/** Is it rr's own, or does it hold a secret? */
function isLeftAlone(path) {
  return isSecretFile(path) || /^(?:provenance|\.rr)\//.test(path) || (path[0] !== '/' && /(?:^|\/)\.(?:git|hg|svn)\//.test(path));
}

/** Is the checkout that begins at a place this one, or a submodule of it? */
function isTreeOf(checkout, place) {
  if (place.top === checkout.top) return true;
  return checkout.system === 'git' && checkout.trees.some((tree) => checkout.top + '/' + tree.prefix === place.top + '/');
}

// No folder is called so: what lies in no checkout.
const NO_CHECKOUT = '?';

/**
 * What is known of the code after the run: the sources among `inputs` with their states, and the
 * other checkouts that any of these lie in. `inputs` are what the run read and did not write, as in
 * the record. Stores the content of what no version control has.
 */
function endCode(begun, inputs) {
  const ended = { codeFiles: [], codeOthers: [], warnings: [] };
  const groups = new Map();
  for (const file of inputs) {
    const reading = isLeftAlone(file.path) ? undefined : locateReading(begun, file);
    if (reading === undefined) continue;
    const { own } = begun;
    const isOwn = own !== undefined && reading.place !== undefined && isTreeOf(own, reading.place);
    // Data that its own checkout does not know says nothing of code; another checkout may be one of data.
    if ((isOwn || reading.place === undefined) && !reading.isSource) continue;
    const top = isOwn ? own.top : reading.place === undefined ? NO_CHECKOUT : reading.place.top;
    const group = groups.get(top);
    if (group === undefined) groups.set(top, [reading]);
    else group.push(reading);
  }
  noteGroups(begun, groups, ended);
  ended.codeFiles.sort((a, b) => compareBytes(a.path, b.path));
  ended.codeOthers.sort(compareBytes);
  return ended;
}

// Each costs a look at all its files, or some processes.
const MOST_CHECKOUTS = 64;

/** Takes the files of one checkout after the other, an outer one before its submodules. */
function noteGroups(begun, groups, ended) {
  const others = new Map();
  for (const top of Array.from(groups.keys()).sort(compareBytes)) {
    const readings = groups.get(top);
    const { place } = readings[0];
    let checkout = begun.own?.top === top ? begun.own : undefined;
    if (checkout === undefined && place !== undefined) {
      checkout = Array.from(others.keys()).find((one) => isTreeOf(one, place));
      if (checkout === undefined && others.size >= MOST_CHECKOUTS) {
        ended.warnings.push('the run read from more than ' + String(MOST_CHECKOUTS) + ' checkouts; not looked at are "' + relativeTo(begun.request.project, top) + '" and those after it');
        return;
      }
      checkout = checkout ?? readCheckout(begun.request, place);
      if (checkout !== undefined && !others.has(checkout)) others.set(checkout, false);
    }
    const isOfIt = noteReadings(begun, checkout, readings, ended);
    if (checkout === undefined || !isOfIt || others.get(checkout) !== false) continue;
    others.set(checkout, true);
    noteOther(begun, checkout, ended);
  }
}

/**
 * True if the checkout has any of the files. Its commit says nothing of those that it has not, and a
 * patch of all that is changed in it would tell more than is needed: of a home folder, say.
 */
function noteReadings(begun, checkout, readings, ended) {
  let isOfIt = false;
  for (const reading of readings) {
    const { file, name } = reading;
    const state = checkout === undefined ? 'unversioned' : findFileState(checkout, name.slice(checkout.top.length + 1));
    const isTracked = state === 'clean' || state === 'changed';
    if (isTracked || (reading.isSource && checkout?.commit === 'unknown')) isOfIt = true;
    // A source that a run made and that is not tracked can be made again: it is a result, not code.
    if (!reading.isSource || (!isTracked && file.path[0] !== '/' && begun.request.excluded(file.path))) continue;
    ended.codeFiles.push({ state, path: file.path });
    if (!isTracked || (state === 'changed' && checkout?.patch === '')) storeSource(begun, reading, ended);
  }
  return isOfIt;
}

/** Keeps the content of a source, if it is still what the record says that was read (rule 3). */
function storeSource(begun, reading, ended) {
  const { file, name } = reading;
  let content;
  try {
    content = lstatIfThere(name)?.isFile() === true ? readBytesIfThere(name) : undefined;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EIO', 'ESTALE'].indexOf(errorCode(error)) < 0) throw error;
  }
  if (content === undefined || hashBytes(content) !== file.hash) {
    ended.warnings.push('the source ' + file.path + ' is not kept: ' + (content === undefined ? 'it cannot be read after the run' : 'it is not any more what was read'));
    return;
  }
  saveByContent(begun.request.project, 'code', content, '.src');
}

function noteOther(begun, checkout, ended) {
  const { project, startMs } = begun.request;
  const path = relativeTo(project, checkout.top === '' ? '/' : checkout.top);
  ended.codeOthers.push(describeCheckout(project, checkout) + ' ' + path);
  for (const warning of checkout.warnings) ended.warnings.push(path + ': ' + warning);
  const late = Array.from(checkout.changed).filter((name) => (lstatIfThere(checkout.top + '/' + name)?.ctimeMs ?? 0) >= startMs).sort(compareBytes);
  if (late.length > 0) ended.warnings.push(path + ': "' + late[0] + '"' + countMore(late) + ' changed after the run began; the patch has it as it was at the end');
  const log = checkout.system === 'git' ? statIfThere(checkout.top + '/.git/logs/HEAD') : undefined;
  if (log !== undefined && log.mtimeMs >= startMs) ended.warnings.push(path + ': another commit was checked out after the run began; recorded is the one at the end');
}

// ==== src/sys/contents.ts ========================================================================
// contents.ts - finds bytes again by their SHA-256: in the project, in git, among what was kept. Writes nothing but the cache.
//
// Whatever is found is hashed before it is given out: a content with the right hash is the right one,
// wherever it comes from.

/** A file that has the content now (absolute name), or the content itself; of a link the text of its target. */
// type FoundContent = { kind: 'file'; name: ByteString } | { kind: 'bytes'; content: ByteString };

/** A commit, possibly with a patch on it, of the repository whose work tree begins at `top` (absolute). */
// type Version = { repository: GitRepository; commit: string; patch: string | undefined };

const MOST_COMMITS_SEARCHED = 100;
const LARGEST_INFLATED_BYTES = 1 << 30;

class ContentFinder {
  // private readonly project: Project;
  // private readonly cache: HashCache;
  offered = new Map();
  repositories = new Map();
  patches = new Map();
  // private others: Map<string, ByteString[]> | undefined;

  constructor(project) {
    this.project = project;
    this.cache = new HashCache(project.own + '/seen');
  }

  /** A file of this content that is in no project, to be found from now on. */
  offer(hash, name) {
    this.offered.set(hash, name);
  }

  /** The content of a file as a record has it; `run` is the run that read or wrote it. undefined if it is nowhere. */
  find(file, run) {
    if (file.hash.length !== 64) return undefined;
    return this.findInPlace(file, file.path) ?? this.findOffered(file) ?? this.findKept(file)
      ?? (run === undefined ? undefined : this.findInVersions(file, run)) ?? this.findInLfs(file)
      ?? this.findElsewhere(file) ?? this.findInHistory(file);
  }

  /** Writes what was learned of files that have not changed. */
  close() {
    this.cache.save();
  }

  findInPlace(file, path) {
    const name = absoluteOf(this.project, path);
    const stat = lstatIfThere(name);
    if (stat === undefined) return undefined;
    if (file.kind === 'l') {
      if (!stat.isSymbolicLink()) return undefined;
      return this.checkBytes(file, fs.readlinkSync(toFsPath(name), 'latin1'));
    }
    if (!stat.isFile() || stat.size !== file.size) return undefined;
    return this.hashOf(name, path, stat) === file.hash ? { kind: 'file', name } : undefined;
  }

  hashOf(name, path, stat) {
    const known = this.cache.find(stat, path);
    if (known !== undefined) return known;
    const outcome = hashWithRetry(name);
    if (outcome.kind !== 'hashed') return undefined;
    this.cache.add(stat, path, outcome.hash);
    return outcome.hash;
  }

  checkBytes(file, content) {
    return content !== undefined && content.length === file.size && hashBytes(content) === file.hash ? { kind: 'bytes', content } : undefined;
  }

  findOffered(file) {
    const name = this.offered.get(file.hash);
    const outcome = name === undefined || file.kind === 'l' ? undefined : hashWithRetry(name);
    return outcome?.kind === 'hashed' && outcome.hash === file.hash ? { kind: 'file', name: name } : undefined;
  }

  findKept(file) {
    const name = this.project.provenance + '/code/' + file.hash + '.src';
    return lstatIfThere(name)?.isFile() === true ? this.checkBytes(file, readBytesIfThere(name)) : undefined;
  }

  // ---- git ------------------------------------------------------------------------------------------

  repositoryAt(folder) {
    if (!this.repositories.has(folder)) {
      let found;
      try {
        found = findRepository(folder);
      } catch (error) {
        if (!(error instanceof Failure)) throw error; // one that cannot be read is none to look in
      }
      this.repositories.set(folder, found);
    }
    return this.repositories.get(folder);
  }

  /** The repository of the project itself. */
  ownRepository() {
    return this.repositoryAt(this.project.root);
  }

  listVersions(run) {
    const versions = [];
    const add = (folder, commit, patch) => {
      const repository = /^[0-9a-f]{40,64}$/.test(commit) ? this.repositoryAt(folder) : undefined;
      if (repository !== undefined) versions.push({ repository, commit, patch });
    };
    const own = /^git ([0-9a-f]+)(?: dirty ([0-9a-f]{64}))?$/.exec(run.code ?? '');
    if (own !== null) add(this.project.root, own[1], own[2]);
    const top = this.ownRepository()?.top;
    for (const submodule of run.codeSubmodules) {
      const parts = /^([0-9a-f]+) (?:dirty )?([^]+)$/.exec(submodule);
      // Changes within submodules stand in the patch of the whole.
      if (parts !== null && top !== undefined) add(top + '/' + parts[2], parts[1], own?.[2]);
    }
    for (const other of run.codeOthers) {
      const parts = /^git ([0-9a-f]+) (?:dirty ([0-9a-f]{64}|-) )?([^]+)$/.exec(other);
      if (parts !== null) add(absoluteOf(this.project, parts[3]), parts[1], parts[2]);
    }
    return versions;
  }

  findInVersions(file, run) {
    const name = absoluteOf(this.project, file.path);
    for (const version of this.listVersions(run)) {
      const { repository } = version;
      if (!name.startsWith(repository.top + '/')) continue;
      const path = name.slice(repository.top.length + 1);
      const entry = findCommitFile(repository, version.commit, path);
      const content = entry === undefined ? '' : readObjectBody(repository, entry.id, 'blob');
      const found = entry === undefined ? undefined : this.checkBytes(file, content);
      if (found !== undefined) return found;
      const outer = this.ownRepository()?.top ?? repository.top;
      const inPatch = name.startsWith(outer + '/') ? name.slice(outer.length + 1) : path;
      const section = version.patch === undefined ? undefined : this.readPatch(version.patch).get(inPatch);
      const patched = section === undefined || content === undefined ? undefined : this.checkBytes(file, applyPatchSection(section, content, (bytes) => inflateBytes(bytes, LARGEST_INFLATED_BYTES)));
      if (patched !== undefined) return patched;
    }
    return undefined;
  }

  /** The sections of a patch that a record names, by path; empty if it is not there or damaged. */
  readPatch(hash) {
    let sections = this.patches.get(hash);
    if (sections === undefined) {
      const text = readBytesIfThere(this.project.provenance + '/code/' + hash + '.patch');
      sections = new Map((text !== undefined && hashBytes(text) === hash ? splitGitPatch(text) ?? [] : []).map((section) => [section.path, section]));
      this.patches.set(hash, sections);
    }
    return sections;
  }

  /** Git LFS names its objects by the same hash. */
  findInLfs(file) {
    const repository = this.ownRepository();
    if (repository === undefined || file.kind === 'l') return undefined;
    const name = repository.commonFolder + '/lfs/objects/' + file.hash.slice(0, 2) + '/' + file.hash.slice(2, 4) + '/' + file.hash;
    const outcome = lstatIfThere(name)?.isFile() === true ? hashWithRetry(name) : undefined;
    return outcome?.kind === 'hashed' && outcome.hash === file.hash ? { kind: 'file', name } : undefined;
  }

  /** In later and earlier commits of the same name, newest first: results are often committed after their run. */
  findInHistory(file) {
    const name = absoluteOf(this.project, file.path);
    const repository = this.ownRepository();
    if (repository === undefined || !name.startsWith(repository.top + '/')) return undefined;
    const path = name.slice(repository.top.length + 1);
    const answer = runGit(repository, ['log', '--all', '--format=%H', '-n', String(MOST_COMMITS_SEARCHED), '--', ':(literal)' + path]);
    for (const commit of answer.kind === 'done' ? answer.output.split('\n') : []) {
      const entry = commit === '' ? undefined : findCommitFile(repository, commit, path);
      const found = entry === undefined ? undefined : this.checkBytes(file, readObjectBody(repository, entry.id, 'blob'));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  // ---- under another name -----------------------------------------------------------------------------

  /** The names under which any run read or wrote this content. */
  listNames(hash) {
    if (this.others === undefined) {
      this.others = new Map();
      for (const run of readRuns(this.project).runs) {
        for (const file of run.tree === undefined ? run.inputs.concat(run.outputs) : run.inputs) {
          const paths = this.others.get(file.hash);
          if (paths === undefined) this.others.set(file.hash, [file.path]);
          else if (paths.indexOf(file.path) < 0) paths.push(file.path);
        }
      }
    }
    return this.others.get(hash) ?? [];
  }

  findElsewhere(file) {
    for (const path of this.listNames(file.hash)) {
      const found = path === file.path || file.kind === 'l' ? undefined : this.findInPlace(file, path);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** The content of a found file as bytes; undefined if it has gone or is larger than `mostBytes`. */
function readFound(found, mostBytes) {
  if (found.kind === 'bytes') return found.content.length <= mostBytes ? found.content : undefined;
  const stat = lstatIfThere(found.name);
  return stat === undefined || stat.size > mostBytes ? undefined : readBytesIfThere(found.name);
}

// ==== src/sys/scratch.ts =========================================================================
// scratch.ts - a copy of the project as it was when a run began, to repeat the run in. Runs nothing.
//
// Invariants
// 1. Nothing outside of the scratch folder is written: each parent of a name that is written is a real
//    folder of the scratch tree, never a link; names come from records of strangers.
// 2. The work tree, index, branch and objects of the user's repository are only read.
// 3. No file of the scratch tree is a hard link: what the command does to it stays there.
//
// .rr/scratch/NAME/          removed after the repeat, or by the next one if rr was killed
//   holder                   whose it is
//   t/ROOT                   the project; ROOT is its absolute name, so that "../x" leads to what it led to

// type ScratchRequest = {
//   project: Project;
//   run: Run;
//   finder: ContentFinder;
//   /** A commit to take the code of instead of the recorded one; its files are not held against the record. */
//   commit: string | undefined;
//   /** Put in the rest of the project as it is now; `laterResults` are left out. */
//   isFull: boolean;
//   laterResults: Set<ByteString>;
//   /** Files to take instead of recorded inputs, whatever their content: path -> absolute name. */
//   replaced: Map<ByteString, ByteString>;
//   /** For a trial of what depends on it: other name of the folder, files made in the opposite order. */
//   folderName: string | undefined;
//   isReversed: boolean;
// };

/** An input that could not be had as it was. */
// type Lack = { file: FileState; why: string };

// type Scratch = {
//   /** All of it. */
//   folder: ByteString;
//   /** The project in it; its provenance and .rr are the real ones. */
//   project: Project;
//   lacking: Lack[];
//   notes: string[];
// };

// ---- the folder -----------------------------------------------------------------------------------------

/** Removes a folder with all that is in it; links are removed, not followed. Folders that were closed are opened. */
function removeTree(name) {
  const stat = lstatIfThere(name);
  if (stat === undefined) return;
  if (!stat.isDirectory()) return fs.unlinkSync(toFsPath(name));
  if ((stat.mode & 0o700) !== 0o700) fs.chmodSync(toFsPath(name), 0o700);
  for (const entry of listFolder(name)) removeTree(name + '/' + entry);
  fs.rmdirSync(toFsPath(name));
}

/** Removes the scratch trees of those who were killed. */
function removeAbandonedScratch(project) {
  for (const name of listFolder(project.own + '/scratch')) {
    const folder = project.own + '/scratch/' + name;
    const holder = readBytesIfThere(folder + '/holder');
    if (holder !== undefined && !isHolderAlive(holder.trim(), folder + '/holder')) removeTree(folder);
  }
}

function makeScratchFolder(request) {
  const { project, folderName } = request;
  const folder = project.own + '/scratch/' + (folderName ?? 's') + '-' + makeRandomDigits();
  makeFolder(folder);
  fs.writeFileSync(toFsPath(folder + '/holder'), describeSelf() + '\n');
  const root = folder + '/t' + (project.root === '/' ? '/root' : project.root);
  makeFolder(root);
  return { folder, project: { root, provenance: project.provenance, own: project.own }, lacking: [], notes: [] };
}

// ---- writing --------------------------------------------------------------------------------------------

/** Absolute name in the tree of a path of a record; of an absolute one, of what stands for it there. */
function nameInTree(scratch, path) {
  return path[0] === '/' ? scratch.folder + '/t' + path : absoluteOf(scratch.project, path);
}

/** Makes the folders above a name in the scratch tree. False if one of them is there and is no folder (invariant 1). */
function makeParents(scratch, name) {
  const base = scratch.folder + '/t';
  if (!name.startsWith(base + '/') || normalizeName(name) !== name) return false;
  const parts = name.slice(base.length + 1).split('/').slice(0, -1);
  let at = base;
  for (const part of parts) {
    at += '/' + part;
    const stat = lstatIfThere(at);
    if (stat === undefined) fs.mkdirSync(toFsPath(at));
    else if (!stat.isDirectory()) return false;
  }
  return true;
}

/** Puts a content under a name, in place of what is there. False if that would lead out of the tree, or a folder is there. */
function putContent(scratch, name, found, mode, timeS) {
  if (!makeParents(scratch, name) || lstatIfThere(name)?.isDirectory() === true) return false;
  if (lstatIfThere(name) !== undefined) fs.unlinkSync(toFsPath(name));
  const fd = fs.openSync(toFsPath(name), 'wx', mode);
  try {
    if (found.kind === 'bytes') writeAll(fd, Buffer.from(found.content, 'latin1'));
  } finally {
    fs.closeSync(fd);
  }
  let stampS = timeS;
  if (found.kind === 'file') {
    // Shares the blocks where the file system can, and copies where it cannot: never a hard link.
    fs.copyFileSync(toFsPath(found.name), toFsPath(name), fs.constants.COPYFILE_FICLONE);
    fs.chmodSync(toFsPath(name), mode & ~process.umask());
    stampS = (lstatIfThere(found.name)?.mtimeMs ?? timeS * 1000) / 1000;
  }
  fs.utimesSync(toFsPath(name), stampS, stampS);
  return true;
}

/**
 * Puts a symbolic link. One that leads elsewhere in the project leads to the same place in the tree;
 * a relative one that leads out of the project is made absolute.
 */
function putLink(scratch, project, path, target) {
  const name = nameInTree(scratch, path);
  if (!makeParents(scratch, name) || lstatIfThere(name)?.isDirectory() === true) return false;
  if (lstatIfThere(name) !== undefined) fs.unlinkSync(toFsPath(name));
  const place = normalizeName(joinNames(folderOfName(absoluteOf(project, path)), target));
  const inside = relativeTo(project, place);
  let text = target;
  if (target[0] === '/') text = inside[0] === '/' ? target : absoluteOf(scratch.project, inside);
  else if (inside[0] === '/') text = place;
  fs.symlinkSync(toFsPath(text), toFsPath(name));
  return true;
}

// ---- the code ---------------------------------------------------------------------------------------------

/** Where the top of the work tree is in the scratch tree. */
function topInScratch(scratch, project, top) {
  return project.root === top ? scratch.project.root : scratch.project.root.slice(0, scratch.project.root.length - (project.root.length - top.length));
}

// type CodeSource = { repository: GitRepository; files: CommitFile[]; patch: Map<ByteString, PatchSection> };

function findCode(request, notes) {
  const { run, finder, commit } = request;
  const recorded = /^git ([0-9a-f]+)(?: dirty ([0-9a-f]{64}|-))?$/.exec(run.code ?? '');
  const wanted = commit ?? recorded?.[1];
  const repository = wanted === undefined ? undefined : finder.ownRepository();
  if (wanted === undefined || !/^[0-9a-f]{40,64}$/.test(wanted)) return undefined;
  const files = repository === undefined ? undefined : listCommitFiles(repository, wanted);
  if (repository === undefined || files === undefined) {
    notes.push('the commit ' + wanted + ' is not to be had: only the recorded inputs are there');
    return undefined;
  }
  const patch = commit === undefined && recorded !== null && recorded[2] !== undefined ? finder.readPatch(recorded[2]) : new Map();
  if (commit === undefined && recorded?.[2] !== undefined && patch.size === 0) notes.push('the uncommitted changes of the code are not to be had: only what the run read is as it was');
  return { repository, files, patch };
}

/** Of a tracked file that is in the work tree as git left it: its absolute name. Its times are worth keeping. */
function findUntouched(repository, entries, file) {
  const entry = entries.get(file.path);
  if (entry === undefined || hexFromBytes(entry.id) !== file.id || entry.stage !== 0) return undefined;
  const name = repository.top + '/' + file.path;
  const stat = lstatIfThere(name);
  const isSame = stat !== undefined && stat.isFile() && stat.size % 0x100000000 === entry.sizeBytes && entry.sizeBytes > 0
    && Math.abs(stat.mtimeMs - entry.mtimeMs) < 0.0005 && Math.abs(stat.ctimeMs - entry.ctimeMs) < 0.0005;
  return isSame ? name : undefined;
}

/** Entries by name, without those that may have been written again in the tick of the clock in which the index was. */
function readIndexEntries(repository) {
  const { index, mtimeMs } = readGitIndex(repository);
  const entries = index === 'unsupported' ? [] : index.entries.filter((entry) => entry.mtimeMs < mtimeMs);
  return new Map(entries.map((entry) => [entry.name, entry]));
}

/** Puts in the files of the commit, with the recorded changes. */
function putCode(request, scratch, code, timeS) {
  const { project, isReversed } = request;
  const { repository, patch } = code;
  const top = topInScratch(scratch, project, repository.top);
  const entries = readIndexEntries(repository);
  const waiting = new Map();
  const files = isReversed ? code.files.slice().reverse() : code.files;
  for (const file of files) {
    if (file.mode === GIT_LINK) continue; // a submodule: its files come as inputs
    const inside = relativeTo(project, repository.top + '/' + file.path);
    if (inside[0] !== '/' && isLeftOut(inside)) continue;
    const untouched = patch.has(file.path) || file.mode === GIT_SYMLINK ? undefined : findUntouched(repository, entries, file);
    if (untouched !== undefined) putContent(scratch, top + '/' + file.path, { kind: 'file', name: untouched }, modeOf(file.mode), timeS);
    else waiting.set(file.id, (waiting.get(file.id) ?? []).concat(file));
  }
  readBlobs(repository, Array.from(waiting.keys()), (id, content) => {
    for (const file of waiting.get(id) ?? []) putCommitFile(request, scratch, code, file, content, patch.get(file.path), timeS);
  });
  for (const section of patch.values()) {
    const added = section.kind === 'added' ? applyPatchSection(section, '', (bytes) => inflateBytes(bytes, 1 << 30)) : undefined;
    if (added === undefined || normalizeName('/' + section.path) !== '/' + section.path) continue;
    putCommitFile(request, scratch, code, { path: section.path, mode: section.mode ?? 0o100644, id: '' }, added, undefined, timeS);
  }
}

function modeOf(gitMode) {
  return (gitMode & 0o100) !== 0 ? 0o777 : 0o666;
}

function putCommitFile(request, scratch, code, file, content, section, timeS) {
  if (section?.kind === 'deleted') return;
  const top = topInScratch(scratch, request.project, code.repository.top);
  const patched = section === undefined ? content : applyPatchSection(section, content, (bytes) => inflateBytes(bytes, 1 << 30));
  if (patched === undefined) scratch.notes.push('the recorded change of ' + file.path + ' does not fit its commit');
  const mode = section?.mode ?? file.mode;
  const text = patched ?? content;
  if (mode === GIT_SYMLINK) putLink(scratch, request.project, relativeTo(request.project, code.repository.top + '/' + file.path), text);
  else putContent(scratch, top + '/' + file.path, { kind: 'bytes', content: text }, modeOf(mode), timeS);
}

// ---- the rest ---------------------------------------------------------------------------------------------

/** Puts in all files of the project that are no results of this or of a later run. */
function putRest(request, scratch, timeS) {
  const { project, run, laterResults } = request;
  const own = new Set(run.outputs.filter((file) => file.kind !== 'd').map((file) => file.path));
  const inputs = new Set(run.inputs.map((file) => file.path));
  for (const [path, seen] of takeSnapshot(project.root, [])) {
    const name = absoluteOf(scratch.project, path);
    if (laterResults.has(path) || (own.has(path) && !inputs.has(path)) || run.absent.indexOf(path) >= 0 || lstatIfThere(name) !== undefined) continue;
    const kind = seen.mode & 0o170000;
    if (seen.isFolder && makeParents(scratch, name)) fs.mkdirSync(toFsPath(name));
    else if (kind === 0o120000) putLink(scratch, project, path, fs.readlinkSync(toFsPath(absoluteOf(project, path)), 'latin1'));
    else if (kind === 0o100000) copyRest(scratch, absoluteOf(project, path), name, seen.mode & 0o777, timeS);
  }
}

function copyRest(scratch, from, name, mode, timeS) {
  try {
    putContent(scratch, name, { kind: 'file', name: from }, mode, timeS);
  } catch (error) {
    if (['EACCES', 'EPERM', 'ENOENT'].indexOf(errorCode(error)) < 0) throw error;
    scratch.notes.push('could not be copied: ' + from);
  }
}

/** Has the tree this input already as the run read it? */
function isAsRead(scratch, file) {
  const name = nameInTree(scratch, file.path);
  const state = describeFile(name, file.path);
  if (state === undefined || state.size !== file.size || (state.kind === 'l') !== (file.kind === 'l')) return false;
  if (state.hash !== '?') return state.hash === file.hash;
  const outcome = hashWithRetry(name);
  return outcome.kind === 'hashed' && outcome.hash === file.hash;
}

function putInput(request, scratch, file, timeS) {
  const { project, run, finder, commit, replaced } = request;
  const name = nameInTree(scratch, file.path);
  const other = replaced.get(file.path);
  const mode = file.kind === 'x' ? 0o777 : 0o666;
  if (other !== undefined) return putContent(scratch, name, { kind: 'file', name: other }, mode, timeS) ? undefined : 'a link stands in its way';
  // With another commit's code, what that commit has is what is asked for.
  if (commit !== undefined && lstatIfThere(name) !== undefined) return undefined;
  if (file.hash === '?') return lstatIfThere(name) === undefined ? putPresent(request, scratch, file, timeS) : undefined;
  if (file.hash.length !== 64 || isAsRead(scratch, file)) {
    if (file.kind !== 'l' && file.hash.length === 64) fs.chmodSync(toFsPath(name), ((lstatIfThere(name)?.mode ?? 0o666) & 0o666) | (file.kind === 'x' ? 0o111 : 0));
    return undefined;
  }
  const found = finder.find(file, run);
  if (found === undefined) return lstatIfThere(absoluteOf(project, file.path)) === undefined ? 'it is gone' : 'it has changed since, and its content of then is nowhere';
  const isPut = file.kind === 'l' && found.kind === 'bytes' ? putLink(scratch, project, file.path, found.content) : putContent(scratch, name, found, mode, timeS);
  return isPut ? undefined : 'a link stands in its way';
}

/** What the record does not know the content of: as it is now. */
function putPresent(request, scratch, file, timeS) {
  const from = absoluteOf(request.project, file.path);
  if (lstatIfThere(from)?.isFile() !== true) return 'it is gone';
  scratch.notes.push('the content of ' + file.path + ' was not recorded: it is taken as it is now');
  return putContent(scratch, nameInTree(scratch, file.path), { kind: 'file', name: from }, file.kind === 'x' ? 0o777 : 0o666, timeS) ? undefined : 'a link stands in its way';
}

/** An input outside of the project is used where it is. A way to it by "../" is a link in the tree. */
function checkOutside(request, scratch, file) {
  const stat = lstatIfThere(file.path);
  if (stat === undefined) return 'it is gone';
  const common = file.path.split('/').findIndex((part, i) => request.project.root.split('/')[i] !== part);
  const name = scratch.folder + '/t' + file.path;
  if (common > 1 && lstatIfThere(name) === undefined && makeParents(scratch, name)) fs.symlinkSync(toFsPath(file.path), toFsPath(name));
  if (file.hash.length !== 64 || file.kind === 'l') return undefined;
  const outcome = hashWithRetry(file.path);
  return outcome.kind === 'hashed' && outcome.hash === file.hash ? undefined : 'it has changed since';
}

/** Secrets have only a keyed hash in the record: the present file is used, if there is one. */
function putSecrets(request, scratch, timeS) {
  for (const line of request.run.secretInputs) {
    const path = line.slice(line.indexOf(' ') + 1);
    const from = absoluteOf(request.project, path);
    if (!isResultPath(path) || lstatIfThere(from)?.isFile() !== true) continue;
    putContent(scratch, absoluteOf(scratch.project, path), { kind: 'file', name: from }, 0o600, timeS);
    scratch.notes.push('the secret ' + path + ' is taken as it is now');
  }
}

/** The folders that the command found: its own, those of its outputs, but not those that it made itself. */
function putFolders(request, scratch) {
  const { run } = request;
  const made = new Set(run.outputs.filter((file) => file.kind === 'd').map((file) => file.path));
  const isMade = (folder) => Array.from(made).some((one) => folder === one || folder.startsWith(one + '/'));
  const wanted = run.outputs.filter((file) => file.kind !== 'd' && file.path.indexOf('/') > 0).map((file) => file.path.slice(0, file.path.lastIndexOf('/')));
  for (const folder of made) if (folder.indexOf('/') > 0) wanted.push(folder.slice(0, folder.lastIndexOf('/')));
  if (run.directory !== '.') wanted.push(run.directory);
  for (const folder of wanted) if (isResultPath(folder) && (folder === run.directory || !isMade(folder))) makeParents(scratch, absoluteOf(scratch.project, folder) + '/x');
}

/** Of the commit or of the rest, what the run is to make itself is not there before. */
function removeOutputs(request, scratch) {
  const { run } = request;
  const inputs = new Set(run.inputs.map((file) => file.path));
  for (const path of run.outputs.filter((file) => file.kind !== 'd').map((file) => file.path).concat(run.absent)) {
    const name = absoluteOf(scratch.project, path);
    if (inputs.has(path) || !isResultPath(path) || !makeParents(scratch, name)) continue;
    const stat = lstatIfThere(name);
    if (stat !== undefined && !stat.isDirectory()) fs.unlinkSync(toFsPath(name));
  }
}

/**
 * Makes the tree: the code of the recorded commit with the recorded changes, every recorded input as
 * it was read, and, if asked for, the rest of the project. What could not be had is in `lacking`.
 */
function makeScratch(request) {
  const { run } = request;
  const scratch = makeScratchFolder(request);
  const timeS = Date.parse(run.startedUtc.slice(0, 23) + 'Z') / 1000;
  const code = findCode(request, scratch.notes);
  if (code !== undefined) putCode(request, scratch, code, timeS);
  if (request.isFull) putRest(request, scratch, timeS);
  removeOutputs(request, scratch);
  const inputs = request.isReversed ? run.inputs.slice().reverse() : run.inputs;
  for (const file of inputs) {
    const isInside = isResultPath(file.path);
    if (!isInside && file.path[0] !== '/') continue; // of .git, .rr or provenance: no data
    // Of the repository that the project is a folder of, the rest is in the tree, too.
    const isOfTree = isInside || (code !== undefined && file.path.startsWith(code.repository.top + '/') && normalizeName(file.path) === file.path && !/\/\.git(?:\/|$)/.test(file.path));
    const why = isOfTree ? putInput(request, scratch, file, timeS) : checkOutside(request, scratch, file);
    if (why !== undefined) scratch.lacking.push({ file, why });
  }
  putSecrets(request, scratch, timeS);
  putFolders(request, scratch);
  return scratch;
}

// ==== src/sys/recording.ts =======================================================================
// recording.ts - runs a command and writes its record: the steps of docs/architecture.txt, 4. Chooses no exit status.


/** A command to run and record. */
// type RecordingRequest = {
//   /** Paths are relative to its root, where the command runs; its provenance/ and .rr/ may lie elsewhere. */
//   project: Project;
//   /** Absolute, links resolved: rr's own current folder. */
//   folder: ByteString;
//   argv: ByteString[];
//   label: ByteString | undefined;
//   reason: ByteString | undefined;
//   tags: ByteString[];
//   /** Declared files, folders and globs, relative to `folder`. */
//   inputs: ByteString[];
//   outputs: ByteString[];
//   /** 'NAME=VALUE' */
//   parameters: ByteString[];
//   timeoutS: number | undefined;
//   trace: TraceMethod | 'auto';
//   requireClean: boolean;
//   noLogs: boolean;
//   quiet: boolean;
//   /** Descriptors above 2 that the command is to have. */
//   inherited: number[];
//   /** There if the run repeats another. */
//   repeat: RepeatRequest | undefined;
// };

/** What is different where a recorded run is repeated. */
// type RepeatRequest = {
//   /** The project of the records, whose own files a command in a scratch tree must leave alone. */
//   origin: Project;
//   /** Puts into the record what is known beforehand: what it repeats, its parameters, the code. */
//   fill: (run: Run) => void;
//   /** For the command's standard streams; of 'keep' a copy is kept and nothing is passed on. */
//   streams: { stdin: number; stdout: number | 'keep'; stderr: number | 'keep' };
//   /** The same as a record has it; and the paths of the files, those that are read and those that are written. */
//   redirects: { spelled: ByteString[]; from: ByteString[]; to: ByteString[] };
//   /** Called when all is known of the run, before it is written. */
//   judge: (run: Run) => Promise<void>;
//   /** No: nothing is left of it but what the call returns. */
//   isKept: boolean;
// };

/** `problems`: what could not be recorded, as sentences. */
// type Recorded = { run: Run; end: CommandEnd; problems: string[] };


/** What one recording carries from step to step. */
// type Session = {
//   request: RecordingRequest;
//   project: Project;
//   folder: ByteString;
//   argv: ByteString[];
//   hash: SecretHasher;
//   /** Masks what is known to be a secret, wherever it stands. */
//   withhold: (text: ByteString) => ByteString;
//   /** What is known to be a secret; grows as arguments are looked at. */
//   secrets: Set<ByteString>;
//   run: Run;
//   /** What could not be recorded, as sentences; not empty = exit status says so. */
//   problems: string[];
//   endedBytes: number;
//   isShared: boolean;
//   /** Not traced: libraries of the project that the program's headers ask for. */
//   ownLibraries: ByteString[];
//   /** There if strace watches the run. */
//   watch: Watch | undefined;
//   /** There if the state of the code could be read. */
//   code: BegunCode | undefined;
// };

/** `leaks`: files of the project itself that a command in a scratch tree used. */
// type Watch = { leaks: Set<ByteString>; trace: Trace; reader: StraceReader; program: ByteString; hasFilter: boolean; version: string; startMs: number; links: Map<ByteString, FileState> };

// ---- before the run ---------------------------------------------------------------------------------

function readRedirects(project) {
  const result = { spelled: [], from: [], to: [], warnings: [] };
  for (const descriptor of [0, 1, 2]) {
    const redirect = readRedirect(descriptor);
    if (redirect === undefined) continue;
    if (redirect.path === undefined) {
      result.warnings.push('descriptor ' + String(descriptor) + ' is a file whose name is not known');
      continue;
    }
    const path = relativeTo(project, redirect.path);
    // What is appended to is read in the sense that the outcome depends on it.
    if (descriptor === 0 || (redirect.isAppending && (statIfThere(redirect.path)?.size ?? 0) > 0)) result.from.push(path);
    if (descriptor === 0) {
      result.spelled.push('0 < ' + path);
      continue;
    }
    if (result.to.indexOf(path) < 0) result.to.push(path);
    else {
      result.spelled.push('2 >& 1');
      continue;
    }
    result.spelled.push(String(descriptor) + (redirect.isAppending ? ' >> ' : ' > ') + path);
  }
  return result;
}

/** Runs a part of the recording that must not stop the command: what fails is named. */
function attempt(problems, what, part) {
  try {
    part();
  } catch (error) {
    if (!(error instanceof Failure) && errorCode(error) === '') throw error;
    const problem = error instanceof Failure ? error.message : 'cannot ' + what + ': ' + describeSystemError(error);
    if (problems.indexOf(problem) < 0) problems.push(problem);
  }
}

/** The same for a part that takes its time. */
async function attemptLater(problems, what, part) {
  try {
    await part();
  } catch (error) {
    attempt(problems, what, () => { throw error; });
  }
}

// A shorter value is no secret ("1", "yes"), and would be found where it is none.
const SHORTEST_SECRET_BYTES = 8;

/** Values withheld so far that would be recognised anywhere: of secret variables, and of arguments. */
function listSecretVariables() {
  const values = Object.keys(process.env).filter(isSecretName).map((name) => toBytes(String(process.env[name])));
  return new Set(values.filter((secret) => secret.length >= SHORTEST_SECRET_BYTES));
}

/** Withholds in a text all that is known to be a secret, which a shell may have put there. */
function makeWithholder(hash, secrets) {
  return (text) => maskKnown(text, Array.from(secrets).sort((a, b) => b.length - a.length), hash);
}

function spellCommand(session) {
  const directory = relativeTo(session.project, session.folder);
  // What is a secret in one process's arguments is one wherever else it stands.
  const learn = (secret) => {
    const bare = secret.replace(/^["']|["']$/g, '');
    if (bare.length >= SHORTEST_SECRET_BYTES) session.secrets.add(bare);
    return session.hash(secret);
  };
  const masked = maskArguments(session.argv, learn).map(session.withhold);
  const linked = readLinkedRoot(directory);
  const others = linked === undefined ? listRoots(session).slice(1) : listRoots(session).slice(1).concat(linked);
  const spelled = others.reduce((words, other) => words.map((argument) => respellRoot(argument, other, session.project.root)), masked);
  return quoteCommand(spelled, session.project.root, directory);
}

/** The project's folder as the shell names it, if that is by way of a link: $PWD without the folder in it. */
function readLinkedRoot(directory) {
  const shown = toBytes(process.env.PWD ?? '');
  if (shown[0] !== '/' || resolveLinks(shown) === shown || resolveLinks(shown) !== readCurrentFolder()) return undefined;
  if (directory === '.') return shown;
  return shown.endsWith('/' + directory) ? shown.slice(0, -directory.length - 1) : undefined;
}

// Of a run for which no mark could be written, so that nothing of it is kept.
const UNCLAIMED_ID = '00000000T000000Z-aaaaaa';

function beginRun(request, problems) {
  const { project, folder, argv } = request;
  attempt(problems, 'make .rr', () => { makeFolder(project.own + '/running'); keepTemporariesIn(project.own + '/running'); hideFromGit(project); });
  const underKey = makeSecretHasher(project.own + '/key');
  const hash = (secret) => {
    let hashed = '0000000000000000';
    attempt(problems, 'use .rr/key', () => { hashed = underKey(secret); });
    return hashed;
  };
  const secrets = listSecretVariables();
  const withhold = makeWithholder(hash, secrets);
  const startedMicros = readUtcMicros();
  const fill = (id) => {
    const run = emptyRun(id, spellCommand({ argv, project, folder, hash, withhold, secrets, request }), formatUtcMicros(startedMicros), RR_VERSION);
    run.directory = relativeTo(project, folder);
    if (run.directory[0] === '/') run.warnings.push('the command ran outside of the project: it cannot be repeated elsewhere');
    run.label = request.label;
    run.reason = request.reason;
    run.tags = request.tags;
    run.parameters = request.parameters.map((parameter) => {
      const sign = parameter.indexOf('=');
      const name = parameter.slice(0, sign);
      return name + ' ' + withhold(maskValue(name, parameter.slice(sign + 1), hash));
    });
    run.declaredInputs = request.inputs.map((pattern) => toRecordPath(project, folder, pattern));
    run.declaredOutputs = request.outputs.map((pattern) => toRecordPath(project, folder, pattern));
    run.timeoutS = request.timeoutS;
    request.repeat?.fill(run);
    return run;
  };
  let run;
  attempt(problems, 'write "' + project.own + '"', () => { run = claimRun(project, startedMicros, fill); });
  return { request, project, folder, argv, hash, withhold, secrets, run: run ?? fill(UNCLAIMED_ID), problems, endedBytes: readEndedBytes(project), isShared: false, ownLibraries: [], watch: undefined, code: undefined };
}

function recordCode(session) {
  const { project, run, request } = session;
  if (request.repeat !== undefined) return; // it is that of the run that is repeated, and has been filled in
  const isResultNow = makeResultTester(project);
  session.code = beginCode({
    project, excluded: (path) => path.startsWith('provenance/') || path.startsWith('.rr/') || isResultNow(path),
    startMs: session.watch?.startMs ?? readUtcMicros() / 1000,
  });
  noteCode(session.code, run);
}

/** Throws Failure if the code is not as version control has it (--require-clean). Nothing has been run. */
function refuseUnclean(session, observation) {
  const { code, project, run, problems } = session;
  const why = code === undefined ? problems[problems.length - 1] : findUnclean(code, observation.argumentPaths.concat(observation.declaredPaths));
  if (why === undefined) return;
  removeIfThere(project.own + '/running/' + run.id);
  throw new Failure('cannot start: ' + why, 'commit it, or leave out --require-clean', EXIT.refused);
}

/** Code among what was read and not written. */
function recordCodeFiles(session) {
  const { code, run } = session;
  if (code === undefined) return;
  const written = new Set(run.outputs.map((file) => file.path));
  const ended = endCode(code, run.inputs.filter((file) => !written.has(file.path)));
  run.codeFiles = ended.codeFiles;
  run.codeOthers = ended.codeOthers;
  run.warnings.push(...ended.warnings);
  if (!session.request.requireClean) return;
  const open = run.codeFiles.filter((file) => file.state !== 'clean').map((file) => file.path).concat(run.codeOthers.filter((other) => /^\S+ \S+ dirty /.test(other)));
  if (open.length > 0) run.warnings.push('code that is not committed was read, which --require-clean could not know beforehand: ' + shorten(open));
}

function recordVariables(session) {
  for (const { name, value } of readVariables(REPLAYED_VARIABLES)) {
    const masked = maskValue(name, value, session.hash);
    if (masked === value) session.run.variables.push(name + '=' + value);
    else session.run.variableHashes.push(name + ' ' + session.hash(value));
  }
  for (const name of Object.keys(process.env).sort()) {
    if (isSecretName(name)) session.run.variableHashes.push(name + ' ' + session.hash(toBytes(String(process.env[name]))));
  }
}

/** What the command would load, as far as its program's files tell. */
function guessSoftware(session) {
  const program = findProgram(session.argv[0], session.folder);
  const programs = program.kind === 'found' ? [program.name].concat(findInterpreters(program.name, session.folder)) : [];
  return { isTraced: false, programs, read: [], projectBinaries: programs.filter((name) => isInProject(session.project, name)), modules: [] };
}

/** What the command loaded; binaries are the project's if they are among the inputs. */
function listSoftware(session, summary, watched) {
  const { programs, systemReads } = summary;
  const projectBinaries = programs.filter((name) => isInProject(session.project, name)).concat(watched.readFiles.filter(isSharedObjectName));
  return { isTraced: true, programs: programs.map(resolveLinks), read: systemReads, projectBinaries, modules: watched.readFiles.filter(isModuleName) };
}

function isInProject(project, name) {
  return relativeTo(project, name)[0] !== '/';
}

/** Folders that stand for the project: of a repeat in a scratch tree, that tree and then the project, in which it lies. */
function listRoots(session) {
  const roots = [session.project.root];
  if (session.request.repeat !== undefined) roots.push(session.request.repeat.origin.root);
  return roots.filter((root) => root !== '/');
}

function splitAtRoots(text, roots) {
  return roots.reduce((parts, root) => parts.reduce((all, part) => all.concat(part.split(root)), []), [text]);
}

/** Facts of the environment. Where nothing is traced they need not wait for the end of the command. */
async function recordEnvironment(session, loaded) {
  const { project, run } = session;
  const software = await describeSoftware(loaded, { project, cacheFolder: project.own, isInside: (name) => isInProject(project, name) });
  const spell = (name, value) => {
    const masked = session.withhold(maskValue(name, value, session.hash));
    return splitAtRoots(masked, listRoots(session)).map(encodeWithheld).join('%{project}');
  };
  run.environment = saveByContent(project, 'environments', describeEnvironment(software.text, spell), '.rec');
  run.compilers = software.compilers;
  session.ownLibraries = software.ownLibraries.map((name) => relativeTo(project, name));
  run.warnings.push(...software.warnings);
}

// ---- watching ---------------------------------------------------------------------------------------

/** Is it linked with a sanitizer that traces its own process at the end? */
function hasLeakCheck(project, program) {
  const cache = new BinaryCache(project.own + '/binaries');
  const needed = cache.find(program)?.needed ?? [];
  cache.save();
  return needed.some((name) => /^lib(?:clang_rt\.)?(?:asan|lsan|hwasan)/.test(name));
}

/** Can strace start it? The system takes what begins with "#!" or is ELF; of the rest execvp(3) makes a shell script. */
function isTraceable(project, argv, folder, isAsked) {
  const program = findProgram(argv[0], folder);
  if (program.kind !== 'found') return 'the program is not found';
  const stat = statIfThere(program.name);
  if (stat !== undefined && (stat.mode & 0o6000) !== 0 && process.getuid?.() !== 0) return 'the program has a set-user-id bit, which has no effect in a traced process';
  if (!isAsked && isInProject(project, program.name) && hasLeakCheck(project, program.name)) return 'its leak check does not work in a traced process';
  const head = readFirstBytes(program.name, 4);
  return head === '\x7fELF' || head.startsWith('#!') || head === '' ? undefined : 'the program has no #! line';
}

/** The method to use, and the tracer if there is one. Throws Failure if strace was asked for and cannot be had. */
function chooseMethod(session, wanted) {
  const { project, folder, argv, request } = session;
  if (wanted !== 'auto' && wanted !== 'strace') return wanted;
  if (session.run.id === UNCLAIMED_ID) return 'none';
  const obstacle = isTraceable(project, argv, folder, wanted === 'strace');
  const search = findStrace(project);
  if (search.kind === 'works' && obstacle === undefined) {
    session.watch = beginWatch(session, search);
    return 'strace';
  }
  const why = search.kind === 'works' ? obstacle : search.why;
  if (wanted === 'strace' && obstacle !== 'the program is not found') {
    removeIfThere(project.own + '/running/' + session.run.id);
    throw new Failure('cannot use --trace strace: ' + why, 'leave the option out, or --trace scan', EXIT.refused);
  }
  if (!request.quiet && search.kind === 'fails' && search.isNews) tell('rr: the run is not traced, only the project is compared before and after: ' + why);
  return 'scan';
}

function beginWatch(session, tracer) {
  const { project, folder, run, request } = session;
  const file = project.provenance + '/files.txt';
  const home = toBytes(os().homedir());
  const classify = makeClassifier({ project: project.root, home, temporary: resolveLinks(toBytes(process.env.TMPDIR ?? '/tmp')) }, readBytesIfThere(file) ?? '', 'provenance/files.txt');
  const leaks = new Set();
  const origin = request.repeat?.origin;
  const classOf = (name) => {
    if (origin !== undefined && isInProject(origin, name) && !isInProject(project, name)) {
      const path = relativeTo(origin, name);
      if (path !== '.' && !isLeftOut(path)) leaks.add(path);
      return 'ignored';
    }
    const found = classify(name);
    const path = found === 'project' ? relativeTo(project, name) : name;
    return path[0] !== '/' && isLeftOut(path) ? 'ignored' : found;
  };
  const startMs = statIfThere(project.own + '/running/' + run.id)?.mtimeMs ?? readUtcMicros() / 1000;
  const links = new Map();
  const trace = new Trace({ folder, classOf, resolveFolder: resolveLinks, onLink: (name) => keepLinks(project, name, startMs, links) });
  return { ...tracer, leaks, trace, links, reader: new StraceReader((event) => trace.handle(event)), startMs };
}

function tracerRequest(watch) {
  if (watch === undefined) return undefined;
  return {
    prefix: (output) => straceCommand(watch.program, watch.hasFilter, output), feed: (text) => watch.reader.feed(text),
    isMainEnded: () => watch.trace.isMainEnded(), countAlive: () => watch.trace.countAlive(),
  };
}

/** The processes as the record has them: their commands spelled and without secrets. */
function noteProcesses(session, watched) {
  const { project, run } = session;
  const startedMs = Date.parse(run.startedUtc.slice(0, 23) + 'Z') + Number(run.startedUtc.slice(23, 26)) / 1000;
  const since = (ms) => Math.max(0, Math.round((ms - startedMs) * 1000) / 1e6);
  const spell = (image) => spellCommand({ ...session, argv: image.argv, folder: image.folder });
  const spellAll = () => watched.processes.map((traced) => {
    const [first, ...later] = traced.images;
    return {
      parent: traced.parent < 0 ? undefined : traced.parent, startS: since(traced.startMs), endS: traced.endMs === undefined ? undefined : since(traced.endMs),
      exit: traced.exit, signal: traced.signal, directory: relativeTo(project, first?.folder ?? session.folder), command: first === undefined ? '' : spell(first),
      later: later.map((image) => ({ startS: since(image.startMs), directory: relativeTo(project, image.folder), command: spell(image) })),
      read: traced.read, wrote: traced.wrote,
    };
  });
  const known = session.secrets.size;
  run.processes = spellAll();
  if (session.secrets.size === known) return;
  run.processes = spellAll();
  run.command = spellCommand(session);
}

// ---- the run ----------------------------------------------------------------------------------------

function planStreams(session) {
  const { repeat } = session.request;
  if (repeat !== undefined) return planRepeatStreams(repeat);
  const descriptors = { stdin: 0, stdout: 1, stderr: 2 };
  const keep = (descriptor) => {
    if (session.request.noLogs || session.run.id === UNCLAIMED_ID) return 'inherit';
    return session.run.redirects.some((redirect) => redirect.startsWith(String(descriptor) + ' ')) ? 'inherit' : 'keep';
  };
  // What cannot be started needs no terminal, and script(1) would tell of it in words of its own.
  const isProgram = findProgram(session.argv[0], session.folder).kind === 'found';
  // In the background, script(1) would be stopped as soon as it touches the terminal's modes.
  const onTerminal = isProgram && isSharingForeground() && [1, 2].some((descriptor) => isTerminal(descriptor));
  if (session.request.noLogs || session.run.id === UNCLAIMED_ID || !onTerminal) return { descriptors, stdout: keep(1), stderr: keep(2), terminal: undefined };
  const terminal = planTerminal();
  if (terminal !== undefined) return { descriptors, stdout: keep(1), stderr: keep(2), terminal };
  session.run.warnings.push('what the command printed to the terminal was not kept: there is no script(1) here, or the output goes on to another program');
  return { descriptors, stdout: isTerminal(1) ? 'inherit' : keep(1), stderr: isTerminal(2) ? 'inherit' : keep(2), terminal: undefined };
}

function planRepeatStreams(repeat) {
  const { stdin, stdout, stderr } = repeat.streams;
  const how = (stream) => (stream === 'keep' ? 'keep-only' : 'inherit');
  const number = (stream) => (stream === 'keep' ? -1 : stream);
  return { descriptors: { stdin, stdout: number(stdout), stderr: number(stderr) }, stdout: how(stdout), stderr: how(stderr), terminal: undefined };
}

const HEARTBEAT_MS = 60000;

async function runIt(session) {
  const { run, project } = session;
  const heartbeat = setInterval(() => attempt([], 'touch', () => touchMark(project, run)), HEARTBEAT_MS);
  let environment;
  const end = await runCommand({
    argv: session.argv, ...planStreams(session), logName: runningLogName(project, run.id), pipePool: project.own + '/pipes',
    timeoutMs: run.timeoutS === undefined ? undefined : run.timeoutS * 1000,
    onStart: (pid) => { if (run.id !== UNCLAIMED_ID) attempt(session.problems, 'write "' + project.own + '"', () => refreshMark(project, run, pid)); },
    meanwhile: () => { if (session.watch === undefined) environment = attemptLater(session.problems, 'record the environment', () => recordEnvironment(session, guessSoftware(session))); },
    tracer: tracerRequest(session.watch), inherited: session.request.inherited,
  });
  await environment;
  clearInterval(heartbeat);
  return end;
}

const INTERRUPTING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

function noteEnd(run, end) {
  run.wallS = Math.round(end.wallMs) / 1000;
  run.userS = end.userS;
  run.systemS = end.systemS;
  run.peakMemoryBytes = end.peakMemoryBytes;
  run.exit = end.exit;
  run.signal = end.signal;
  const isInterrupted = end.isTimedOut || (end.signal !== undefined && INTERRUPTING.indexOf(end.signal) >= 0)
    || (end.exit !== 0 && end.signalsSeen.some((signal) => INTERRUPTING.indexOf(signal) >= 0));
  run.status = isInterrupted ? 'interrupted' : end.exit === 0 ? 'succeeded' : 'failed';
  if (end.startFailure !== undefined) run.warnings.push('the command was not started: ' + end.startFailure);
  run.warnings.push(...end.logProblems);
}

// ---- after the run ----------------------------------------------------------------------------------

function noteObserved(session, observed, processes) {
  const { run, project, folder } = session;
  const withheld = withholdSecretFiles(observed, processes, (path) => absoluteOf(project, path), session.hash);
  run.secretInputs = withheld.inputs;
  run.secretOutputs = withheld.outputs;
  run.inputs = observed.inputs;
  run.outputs = observed.outputs;
  run.uncertain = observed.uncertain;
  run.removed = observed.removed;
  run.missingOutputs = observed.missingOutputs.map((pattern) => toRecordPath(project, folder, pattern));
  run.warnings.push(...observed.warnings);
  if (observed.undeclared.length > 0) run.warnings.push('written but not declared: ' + shorten(observed.undeclared));
  if (observed.uncertain.length > 0) run.warnings.push('changed while another run was active, so not counted as outputs: ' + shorten(observed.uncertain.map((file) => file.path)));
}

function noteWatched(session, watched) {
  const { run } = session;
  noteObserved(session, watched, watched.processes);
  if (watched.unread.length > 0) run.warnings.push('declared as inputs, but not read: ' + shorten(watched.unread));
  const leaks = Array.from(session.watch?.leaks ?? []).sort();
  if (leaks.length > 0) run.warnings.push('it used files of the project itself by their absolute names, not those of the scratch tree: ' + shorten(leaks));
  run.absent = watched.absent;
  run.leftOut = watched.leftOut;
  noteProcesses(session, watched);
}

function shorten(paths) {
  return paths.slice(0, 5).join(', ') + (paths.length > 5 ? ' and ' + String(paths.length - 5) + ' more' : '');
}

/** Writes everything; each part that fails is named and does not keep the others from being tried. */
function save(session) {
  const { project, run, problems, request } = session;
  if (run.id === UNCLAIMED_ID) return;
  attempt(problems, 'keep the logs', () => saveLogs(project, run));
  const before = problems.length;
  attempt(problems, 'write the record', () => saveRecord(project, run));
  // In a scratch tree it has changed nothing that another run could take for its own.
  if (run.tree === undefined) attempt(problems, 'note the end', () => noteEnded(project, run));
  if (problems.length > before) return;
  attempt(problems, 'bring provenance/Makefile up to date', () => {
    const lost = settleLostRuns(project, run.id);
    for (const one of lost) if (!request.quiet) tell('rr: the run ' + one.id + ' was lost: rr was killed while it ran');
    for (const fault of includeRun(project, run)) tell('rr: ' + fault.message);
  });
}

async function observe(session, method) {
  const { request, project, folder, run } = session;
  const redirects = request.repeat === undefined ? readRedirects(project) : { ...request.repeat.redirects, warnings: [] };
  run.redirects = redirects.spelled;
  run.warnings.push(...redirects.warnings);
  const { observation, missing } = await beginObservation({
    project, method, folder, argv: session.argv, declaredInputs: request.inputs, declaredOutputs: request.outputs,
    redirectedFrom: redirects.from, redirectedTo: redirects.to,
    surroundingLogs: (request.repeat === undefined ? [1, 2] : []).map(readSurroundingLog).map((name) => (name === undefined ? '' : relativeTo(project, name))),
  });
  if (missing.length > 0) {
    removeIfThere(project.own + '/running/' + run.id);
    throw new Failure('cannot start: declared input "' + missing[0] + '" is not there' + (missing.length > 1 ? ' (and ' + String(missing.length - 1) + ' more)' : ''), '', EXIT.refused);
  }
  return observation;
}

/** Looks at what the run left. The command has run: what cannot be looked at is named, the rest is recorded. */
async function lookAfter(session, observation, isShared) {
  try {
    const { watch, code } = session;
    if (watch === undefined) observation.argumentPaths.push(...session.ownLibraries.filter((path) => !observation.earlier.has(path)));
    if (watch === undefined) return noteObserved(session, await endObservation(observation, isShared), []);
    watch.reader.end();
    const summary = watch.trace.summarize();
    const watched = await endWatch(observation, summary, { startMs: watch.startMs, links: watch.links, readEarlier: (path) => (code === undefined ? undefined : readEarlierContent(code, path)) });
    noteWatched(session, watched);
    await attemptLater(session.problems, 'record the environment', () => recordEnvironment(session, listSoftware(session, summary, watched)));
  } catch (error) {
    if (errorCode(error) === '') throw error;
    session.problems.push('cannot look at the files after the run: ' + describeSystemError(error));
  }
}

/**
 * Runs the command and records it; resolves when all is written. What fails on the way is named in
 * `problems` and does not stop the command. Throws Failure, before anything was run, for a declared
 * input that is missing, a tracer that cannot be had and code that is not clean.
 */
async function recordCommand(request) {
  const problems = [];
  const session = beginRun(request, problems);
  const observation = await observe(session, chooseMethod(session, request.trace));
  session.isShared = isAmongOthers(session);
  attempt(problems, 'record the code', () => recordCode(session));
  if (request.requireClean) refuseUnclean(session, observation);
  recordVariables(session);
  if (problems.length > 0) tell('rr: ' + problems[0] + '; the command runs all the same');
  watchReads(observation);
  const end = await runIt(session);
  noteEnd(session.run, end);
  if (end.isHeld && session.watch === undefined) session.run.warnings.push('something that the command started goes on: what it does now is not recorded, or is taken for the next run\'s');
  problems.push(...end.logProblems);
  // Asked once more after the last look at the project: what was changed until then may be another's.
  const isShared = () => session.isShared || isAmongOthers(session);
  session.run.observed = session.watch === undefined ? observation.method : 'strace ' + session.watch.version;
  await lookAfter(session, observation, isShared);
  attempt(problems, 'record the code', () => recordCodeFiles(session));
  await finish(session);
  return { run: session.run, end, problems };
}

/** Is another run of the project active, or was one since this one began? In a scratch tree it is alone. */
function isAmongOthers(session) {
  return session.run.tree === undefined && hasOverlap(session.project, session.run.id, session.endedBytes);
}

async function finish(session) {
  const { repeat } = session.request;
  if (repeat === undefined) return save(session);
  attempt(session.problems, 'keep the logs', () => noteRunningLogs(session.project, session.run));
  await attemptLater(session.problems, 'compare the outputs', () => repeat.judge(session.run));
  session.run.logs = [];
  if (repeat.isKept) save(session);
  else forgetRun(session.project, session.run);
}

// ==== src/sys/pickrun.ts =========================================================================
// pickrun.ts - the run that a RUN argument means. Knows no output.

/**
 * The run meant by an id, a prefix, a label, "@", "@-1" or a file it made. Throws Failure if there
 * is none, and with a list if there are several.
 */
function pickRun(project, folder, reference) {
  if (RUN_ID.test(reference)) {
    const run = readRun(project, reference);
    if (run !== undefined) return run;
  }
  const { runs, faults } = readRuns(project);
  // The last run may be one of those that cannot be read; another must not be taken for it.
  if (faults.length > 0 && reference[0] === '@') throw faults[faults.length - 1];
  const recorded = new Set(runs.map((run) => run.id));
  for (const mark of readMarks(project)) if (!recorded.has(mark.run.id)) runs.push(mark.run);
  runs.sort((a, b) => (a.id < b.id ? -1 : 1));
  const selection = selectRun(reference, runs, toRecordPath(project, folder, reference));
  if (selection.kind === 'one') return selection.run;
  if (selection.kind === 'none') throw new Failure('cannot find the run "' + reference + '"' + (faults.length > 0 ? ' among the records that can be read' : ''), 'run "rr list"', EXIT.differs);
  const shown = selection.runs.slice(-10).map((run) => run.id + (run.label === undefined ? '' : ' ' + run.label)).join(', ');
  throw new Failure('cannot tell which run "' + reference + '" means: ' + String(selection.runs.length) + ' fit', 'one of ' + shown, EXIT.usage);
}

// ==== src/commands/init.ts =======================================================================
// init.ts - rr init: sets up a project.

/** Makes provenance/ and .rr/ in the current folder or the one named. Says what it made. */
function initProject(folder, quiet) {
  const current = readCurrentFolder();
  const root = folder === undefined ? current : resolveLinks(folder[0] === '/' ? folder : current + '/' + folder);
  const { made, kept } = setUpProject(root, initialFiles());
  for (const name of kept) tell('rr: kept ' + name + ': it is not the one of this version of rr');
  if (!quiet) tell(made.length === 0 ? 'rr: nothing to do, the project is set up' : 'rr: made ' + made.join(', '));
  return 0;
}

// ==== src/commands/record.ts =====================================================================
// record.ts - rr record: runs a command and writes its record.

// type RecordOptions = {
//   argv: ByteString[];
//   project: ByteString | undefined;
//   label: ByteString | undefined;
//   reason: ByteString | undefined;
//   tags: ByteString[];
//   inputs: ByteString[];
//   outputs: ByteString[];
//   parameters: ByteString[];
//   timeout: ByteString | undefined;
//   trace: ByteString | undefined;
//   requireClean: boolean;
//   noLogs: boolean;
//   quiet: boolean;
//   json: boolean;
// };

// ---- options ----------------------------------------------------------------------------------------

const LONGEST_TIMEOUT_S = 1e9;

/** Seconds, in whole milliseconds, of "90", "1.5m", "2h", "1d"; throws Failure for anything else. */
function parseDurationS(text) {
  const parts = /^(\d+(?:\.\d+)?)(s|m|h|d)?$/.exec(text);
  const seconds = parts === null ? 0 : Math.round(Number(parts[1]) * { s: 1, m: 60, h: 3600, d: 86400 }[parts[2] ?? 's'] * 1000) / 1000;
  if (seconds === 0 || seconds > LONGEST_TIMEOUT_S) throw new Failure('cannot use --timeout "' + text + '": not a time', 'write seconds, or 90s, 5m, 2h, 1d', EXIT.usage);
  return seconds;
}

function parseTrace(text) {
  if (text === undefined || text === 'auto') return 'auto';
  if (text === 'strace' || text === 'scan' || text === 'atime' || text === 'none') return text;
  throw new Failure('cannot use --trace "' + text + '": no such method', 'one of auto, strace, scan, atime, none', EXIT.usage);
}

function checkParameters(parameters) {
  for (const parameter of parameters) {
    if (!/^[^ \t-\r=]+=/.test(parameter)) throw new Failure('cannot use -p "' + parameter + '": not NAME=VALUE', '', EXIT.usage);
  }
}

/** The command's arguments; a single one that holds shell syntax is given to a shell. */
function resolveCommand(argv, folder) {
  if (argv.length === 0) throw new Failure('cannot record: no command', 'rr record [options] -- COMMAND [ARG...]', EXIT.usage);
  if (argv.length > 1 || !hasShellSyntax(argv[0])) return argv;
  const named = argv[0][0] === '/' ? argv[0] : folder + '/' + argv[0];
  return argv[0].indexOf('/') >= 0 && lstatIfThere(named) !== undefined ? argv : ['sh', '-c', argv[0]];
}

function openProject(options, current) {
  if (options.project !== undefined) return requireProject(current, options.project);
  const found = findProject(current);
  if (found !== undefined) return found;
  const { project } = setUpProject(current, initialFiles());
  if (!options.quiet) tell('rr: made provenance/ in ' + current);
  return project;
}

/** A script whose #! line names a program that is not there is "not found" to the system, too. */
function explainStart(request, failure) {
  return failure === 'not found' && findProgram(request.argv[0], request.folder).kind === 'found' ? 'the program in its #! line is not found' : failure;
}

function report(options, request, recorded) {
  const { run, end, problems } = recorded;
  if (end.startFailure !== undefined) tell('rr: cannot run "' + request.argv[0] + '": ' + explainStart(request, end.startFailure));
  if (end.isTimedOut) tell('rr: stopped after ' + String(run.timeoutS) + ' s (--timeout)');
  for (const problem of problems) tell('rr: ' + problem);
  if (problems.length > 0) tell('rr: the run was not recorded in full');
  for (const path of run.missingOutputs) tell('rr: declared output "' + path + (lstatIfThere(absoluteOf(request.project, path)) === undefined ? '" did not appear' : '" was not written: it is as it was before'));
  if (!options.quiet && end.startFailure === undefined) for (const warning of run.warnings) if (problems.indexOf(warning) < 0) tell('rr: warning: ' + warning);
  if (options.json) tell(printJsonRun(run));
  else if (!options.quiet && problems.length === 0 && isTerminal(2)) {
    const count = (files, word) => String(files.length) + ' ' + word + (files.length === 1 ? '' : 's');
    tell('rr: recorded ' + run.id + ': ' + run.status + ', ' + count(run.inputs, 'input') + ', ' + count(run.outputs, 'output'));
  }
}

function chooseExit(recorded) {
  const { run, end, problems } = recorded;
  if (end.isTimedOut) return EXIT.timeout;
  if (end.exit !== 0) return end.exit;
  if (problems.length > 0) return EXIT.notRecorded;
  return run.missingOutputs.length > 0 ? EXIT.outputMissing : 0;
}

/** Runs the command and records it. Returns the exit status for rr. */
async function recordRun(options) {
  checkParameters(options.parameters);
  const trace = parseTrace(options.trace);
  const timeoutS = options.timeout === undefined ? undefined : parseDurationS(options.timeout);
  // First of all, as long as rr has opened nothing itself.
  const inherited = findInheritedDescriptors();
  const folder = readCurrentFolder();
  const { label, reason, tags, inputs, outputs, parameters, requireClean, noLogs, quiet } = options;
  const request = {
    argv: resolveCommand(options.argv, folder), project: openProject(options, folder), folder, label, reason, tags, inputs, outputs, parameters,
    timeoutS, trace, requireClean, noLogs, quiet, inherited, repeat: undefined,
  };
  const recorded = await recordCommand(request);
  report(options, request, recorded);
  return chooseExit(recorded);
}

// ==== src/commands/list.ts =======================================================================
// list.ts - rr list: a table of runs.

// type ListOptions = {
//   project: ByteString | undefined;
//   labels: ByteString[];
//   tags: ByteString[];
//   statuses: ByteString[];
//   since: ByteString | undefined;
//   until: ByteString | undefined;
//   parameters: ByteString[];
//   made: ByteString[];
//   used: ByteString[];
//   json: boolean;
//   csv: boolean;
// };

/** A date or time as rr takes it: 2026-11, 2026-11-22, 2026-11-22T05:20. UTC. */
function checkTime(option, text) {
  if (text === undefined) return undefined;
  if (!/^\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d(\.\d+)?)?)?)?)?)?Z?$/.test(text) || !isOnCalendar(text)) {
    throw new Failure('cannot use ' + option + ' "' + text + '": not a date', 'write 2026-11-22 or 2026-11-22T05:20 (UTC)', EXIT.usage);
  }
  return text.replace(/Z$/, '');
}

function isOnCalendar(text) {
  const [, month, day, hour, minute, second] = text.split(/[-T:Z]/).map(Number);
  return (month === undefined || (month >= 1 && month <= 12)) && (!(day >= 0) || (day >= 1 && day <= 31)) && !(hour > 23) && !(minute > 59) && !(second >= 61);
}

const STATUS_NAMES = ['running', 'succeeded', 'failed', 'interrupted', 'lost'];

function makeFilter(options, toPath) {
  for (const status of options.statuses) {
    if (STATUS_NAMES.indexOf(status) < 0) throw new Failure('cannot use --status "' + status + '": no such status', 'one of ' + STATUS_NAMES.join(', '), EXIT.usage);
  }
  return {
    labels: options.labels, tags: options.tags, statuses: options.statuses, parameters: options.parameters,
    since: checkTime('--since', options.since), until: checkTime('--until', options.until),
    made: options.made.map(toPath), used: options.used.map(toPath),
  };
}

/** Prints the runs that fit. A record that cannot be read is named, the others are listed, status 1. */
function listRuns(options) {
  if (options.json && options.csv) throw new Failure('cannot print both JSON and CSV', 'say --json or --csv', EXIT.usage);
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  const filter = makeFilter(options, (name) => toRecordPath(project, current, name));
  const { runs, faults } = readRuns(project);
  const recorded = new Set(runs.map((run) => run.id));
  const marked = readMarks(project).map((mark) => mark.run).filter((run) => !recorded.has(run.id));
  const all = runs.concat(marked).sort((a, b) => (a.id < b.id ? -1 : 1)).filter((run) => matchesFilter(run, filter));
  if (options.json) printOut(printJsonRuns(all));
  else if (options.csv) printOut(printRunCsv(all));
  else if (all.length > 0) printOut(printRunTable(all, readColumns(1)));
  else tell(runs.length + marked.length === 0 ? 'rr: no runs recorded yet' : 'rr: no run fits');
  for (const fault of faults) tell('rr: ' + fault.message);
  return faults.length > 0 ? EXIT.differs : 0;
}

// ==== src/commands/show.ts =======================================================================
// show.ts - rr show: one run, all that is known of it.

// type ShowOptions = {
//   project: ByteString | undefined;
//   json: boolean; raw: boolean; logs: boolean; processes: boolean; files: boolean; environment: boolean;
//   /** Long lists in full. */
//   all: boolean;
// };

/** Prints a run, or of it what `options` ask for: the first of them that is set, in their order. */
function showRun(reference, options) {
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  // The record as it is needs no parsing, and is wanted most when that fails.
  const raw = options.raw && RUN_ID.test(reference) ? readRecordText(project, reference) : undefined;
  if (raw !== undefined) {
    printOut(raw);
    return 0;
  }
  const run = pickRun(project, current, reference);
  if (options.logs && !options.json && !options.raw) {
    for (const log of run.logs) if (!log.path.endsWith('.order')) printOut(readBytesIfThere(absoluteOf(project, log.path)) ?? '');
  } else printOut(printAsked(project, run, options));
  return 0;
}

function printAsked(project, run, options) {
  if (options.json) return printJsonRun(run) + '\n';
  if (options.raw) return readBytesIfThere(project.provenance + '/' + recordPath(run.id)) ?? printRecord(run);
  if (options.processes || options.files) return printProcessesAsked(run, options);
  if (options.environment) return readEnvironmentPage(project, run);
  return printRunPage(run, run.environment === undefined ? undefined : readBytesIfThere(placeOfEnvironment(project, run.environment)), options.all);
}

function printProcessesAsked(run, options) {
  if (run.processes.length === 0) {
    throw new Failure('cannot show processes and their files of "' + run.id + '": its record has none (observed by ' + run.observed + ')', 'record it with --trace strace', EXIT.differs);
  }
  const width = isTerminal(1) ? readColumns(1) : Infinity;
  return printProcessTree(run, { width, hasFiles: options.files, isComplete: options.all });
}

function placeOfEnvironment(project, hash) {
  return project.provenance + '/environments/' + hash + '.rec';
}

function readEnvironmentPage(project, run) {
  if (run.environment === undefined) throw new Failure('cannot show the environment of "' + run.id + '": its record names none', '', EXIT.differs);
  const text = readBytesIfThere(placeOfEnvironment(project, run.environment));
  if (text === undefined) throw new Failure('cannot show the environment of "' + run.id + '": "provenance/environments/' + run.environment + '.rec" is not there', 'run "rr verify"', EXIT.differs);
  return printEnvironmentPage(text);
}

// ==== src/commands/verify.ts =====================================================================
// verify.ts - rr verify: is everything as it was recorded?

// type VerifyOptions = { project: ByteString | undefined; quick: boolean; quiet: boolean };

/** A file that must be as it was. `mayBeGone`: an input that is no longer at hand is no failure. */
// type Claim = { expected: FileState; what: string; mayBeGone: boolean; /** The run that says so. */ run: Run };

/** Says where a record is damaged; undefined if it holds. */
function checkRecord(project, id) {
  const name = 'provenance/' + recordPath(id);
  try {
    const text = readRecordText(project, id) ?? '';
    const parts = unsealRecord(text);
    if (parts === undefined) return name + ': no Sha256 line at the end';
    const found = hashBytes(parts.body);
    if (found !== parts.hash) return name + ': expected ' + parts.hash + ', found ' + found;
    const run = parseRun(text, name);
    return run.id === id ? undefined : name + ': claims the id ' + run.id;
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}

function checkNamedByHash(project, folder, hash, ending) {
  const name = 'provenance/' + folder + '/' + hash + ending;
  const text = readBytesIfThere(absoluteOf(project, name));
  if (text === undefined) return name + ': expected ' + hash + ', found nothing';
  const found = hashBytes(text);
  return found === hash ? undefined : name + ': expected ' + hash + ', found ' + found;
}

/** What the runs claim of files: current results, raw inputs at hand, logs. */
function collectClaims(runs, wanted) {
  const claims = [];
  const owned = new Set();
  for (const live of findLiveRuns(runs).runs) {
    for (const file of live.owned) {
      owned.add(file.path);
      if (wanted(live.run, file.path)) claims.push({ expected: file, what: 'result', mayBeGone: false, run: live.run });
    }
  }
  const inputs = new Map();
  for (const run of runs) {
    for (const file of run.inputs) if (!owned.has(file.path) && file.hash !== '?') inputs.set(file.path, { file, run });
    for (const file of run.outputs) if (!isResultPath(file.path)) inputs.delete(file.path);
  }
  for (const { file, run } of inputs.values()) if (wanted(run, file.path)) claims.push({ expected: file, what: 'input', mayBeGone: true, run });
  for (const run of runs) for (const log of run.logs) if (wanted(run, log.path)) claims.push({ expected: log, what: 'log', mayBeGone: false, run });
  return claims;
}

function describeFound(expected, found) {
  const kindWord = (file) => (file.kind === '' ? 'file' : file.kind === 'x' ? 'executable file' : 'kind ' + file.kind);
  if (expected.hash === found.hash) return 'expected ' + kindWord(expected) + ', found ' + kindWord(found);
  return 'expected ' + expected.hash + ' (' + String(expected.size) + ' bytes), found ' + found.hash + ' (' + String(found.size) + ' bytes)';
}

async function checkClaims(project, claims, isQuick) {
  const failures = [];
  const cache = new HashCache(project.own + '/seen');
  const waiting = [];
  for (const claim of claims) {
    const found = describeFile(absoluteOf(project, claim.expected.path), claim.expected.path);
    const name = claim.what + ' ' + encodeText(claim.expected.path) + ': ';
    if (found === undefined) {
      if (!claim.mayBeGone) failures.push(name + 'expected ' + claim.expected.hash + ', found nothing');
    } else if (found.hash !== '?') {
      if (found.hash !== claim.expected.hash || found.size !== claim.expected.size) failures.push(name + describeFound(claim.expected, found));
    } else if (claim.expected.hash !== '?' && !(isQuick && isKnown(cache, project, claim))) waiting.push({ claim, found });
  }
  const outcomes = await hashFiles(waiting.map(({ claim, found }) => ({ name: absoluteOf(project, claim.expected.path), sizeBytes: found.size })));
  waiting.forEach(({ claim, found }, i) => {
    const outcome = outcomes[i];
    const state = outcome.kind === 'hashed' ? { ...found, hash: outcome.hash, size: outcome.size } : { ...found, hash: outcome.kind };
    const stat = lstatIfThere(absoluteOf(project, claim.expected.path));
    if (outcome.kind === 'hashed' && stat !== undefined && stat.size === outcome.size) cache.add(stat, claim.expected.path, outcome.hash);
    const isSameKind = claim.what === 'log' || state.kind === claim.expected.kind;
    if (state.hash !== claim.expected.hash || !isSameKind) failures.push(claim.what + ' ' + encodeText(claim.expected.path) + ': ' + describeFound(claim.expected, state));
  });
  cache.save();
  return failures;
}

/** Has the file the claimed hash, to go by its size and times and an earlier reading? */
function isKnown(cache, project, claim) {
  const stat = lstatIfThere(absoluteOf(project, claim.expected.path));
  return stat !== undefined && cache.find(stat, claim.expected.path) === claim.expected.hash;
}

/** Failures of the records themselves, their environments and patches. */
function checkRecords(project, ids, runs) {
  const failures = [];
  const add = (failure) => { if (failure !== undefined) failures.push(failure); };
  for (const id of ids) add(checkRecord(project, id));
  const environments = new Set();
  const patches = new Set();
  for (const run of runs) {
    if (run.environment !== undefined) environments.add(run.environment);
    for (const code of [run.code ?? ''].concat(run.codeOthers)) {
      const patch = /^\S+ \S+ dirty ([0-9a-f]{64})(?: |$)/.exec(code);
      if (patch !== null) patches.add(patch[1]);
    }
  }
  for (const hash of environments) add(checkNamedByHash(project, 'environments', hash, '.rec'));
  for (const hash of patches) add(checkNamedByHash(project, 'code', hash, '.patch'));
  for (const hash of findKeptSources(runs)) add(checkNamedByHash(project, 'code', hash, '.src'));
  return failures;
}

/** Hashes of the sources of these runs that no version control has, and that no warning says are not kept. */
function findKeptSources(runs) {
  const hashes = new Set();
  for (const run of runs) {
    const kept = run.codeFiles.filter(({ state, path }) => (state === 'untracked' || state === 'unversioned')
      && !run.warnings.some((warning) => warning.startsWith('the source ' + path + ' is not kept')));
    const paths = new Set(kept.map((file) => file.path));
    for (const file of paths.size === 0 ? [] : run.inputs) if (paths.has(file.path)) hashes.add(file.hash);
  }
  return hashes;
}

function readTargets(project, current, targets) {
  const ids = new Set();
  const paths = new Set();
  for (const target of targets) {
    const path = toRecordPath(project, current, target);
    if (!RUN_ID.test(target) && lstatIfThere(absoluteOf(project, path)) !== undefined) paths.add(path);
    else ids.add(pickRun(project, current, target).id);
  }
  return { ids, paths };
}

/**
 * Compares results, inputs, logs and records with their hashes; all of them, or those of the runs
 * and files named. One line for each failure; status 0 only if there is none. `quick`: a file whose
 * size and times are as when it was last read is not read again.
 */
async function verifyProject(targets, options) {
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  const { runs } = readRuns(project);
  const { ids, paths } = readTargets(project, current, targets);
  const isAll = targets.length === 0;
  const claims = collectClaims(runs, (run, path) => isAll || ids.has(run.id) || paths.has(path));
  for (const path of paths) {
    if (!claims.some((claim) => claim.expected.path === path)) throw new Failure('cannot verify "' + path + '": no run made it or read it', 'run "rr list"', EXIT.differs);
  }
  for (const claim of claims) ids.add(claim.run.id);
  const checkedIds = isAll ? listRecords(project).ids : Array.from(ids).sort();
  const wantedRuns = runs.filter((run) => isAll || ids.has(run.id));
  const strays = isAll ? listRecords(project).strays.map((name) => name + ': not where a record of that id belongs') : [];
  const failures = strays.concat(checkRecords(project, checkedIds, wantedRuns),await checkClaims(project, claims, options.quick));
  for (const failure of failures) printOut(failure + '\n');
  const count = (what) => String(claims.filter((claim) => claim.what === what).length);
  if (!options.quiet) tell('rr: ' + (failures.length === 0 ? 'all as recorded: ' : String(failures.length) + ' not as recorded, of ') + count('result') + ' results, ' + count('input') + ' inputs, ' + count('log') + ' logs, ' + String(checkedIds.length) + ' records' + (options.quick ? ' (unchanged files not read again)' : ''));
  return failures.length === 0 ? 0 : EXIT.differs;
}

// ==== src/commands/makefile.ts ===================================================================
// makefile.ts - rr makefile: makes provenance/Makefile and SHA256SUMS again from the records.

/** Writes both files anew, or prints the Makefile. A record that cannot be read is named: status 1. */
function rebuildMakefile(projectFolder, isPrinted, quiet) {
  const project = requireProject(readCurrentFolder(), projectFolder);
  const faults = isPrinted ? printAnew(project) : writeAnew(project);
  if (!isPrinted && !quiet) tell('rr: wrote provenance/Makefile and provenance/SHA256SUMS');
  for (const fault of faults) tell('rr: ' + fault.message);
  return faults.length > 0 ? EXIT.differs : 0;
}

function printAnew(project) {
  const { makefile, faults } = rebuildDerived(project);
  printOut(makefile);
  return faults;
}

function writeAnew(project) {
  makeFolder(project.own + '/running');
  keepTemporariesIn(project.own + '/running');
  settleLostRuns(project, '');
  return includeAllRuns(project);
}

// ==== src/cli.ts =================================================================================
// cli.ts - the verbs and options of rr: one table for parsing, for help and for the manual's test.

// type OptionSpec = {
//   /** Without dashes. */
//   name: string;
//   letter?: string;
//   /** Word for the value in help; none: a switch. */
//   value?: string;
//   isRepeatable?: boolean;
//   help: string;
// };

// type VerbSpec = {
//   name: string;
//   usage: string;
//   summary: string;
//   /** Takes everything after its options, or after --, as it stands. */
//   takesCommand?: boolean;
//   /** How many operands: least, most. */
//   operands: [number, number];
//   options: OptionSpec[];
//   example: string;
// };

const PROJECT = { name: 'project', value: 'DIR', help: 'the project is DIR (default: found upward from here)' };
const QUIET = { name: 'quiet', letter: 'q', help: 'say nothing but failures' };
const JSON_OUT = { name: 'json', help: 'print JSON' };

const VERBS = [
  {
    name: 'init', usage: 'rr init [DIR]', summary: 'set up a project: make provenance/ and .rr/', operands: [0, 1],
    options: [QUIET], example: 'rr init',
  },
  {
    name: 'record', usage: 'rr record [OPTION...] -- COMMAND [ARG...]', summary: 'run a command and record it', takesCommand: true, operands: [0, 0],
    options: [
      { name: 'label', letter: 'l', value: 'NAME', help: 'name of the run, or of a series of runs' },
      { name: 'reason', letter: 'm', value: 'TEXT', help: 'why it is run' },
      { name: 'tag', letter: 't', value: 'TAG', isRepeatable: true, help: 'a keyword' },
      { name: 'input', letter: 'i', value: 'PATH', isRepeatable: true, help: 'file, folder or glob that the command reads' },
      { name: 'output', letter: 'o', value: 'PATH', isRepeatable: true, help: 'file, folder or glob that it writes' },
      { name: 'param', letter: 'p', value: 'NAME=VALUE', isRepeatable: true, help: 'a parameter, for the record' },
      { name: 'timeout', value: 'TIME', help: 'stop it after TIME: 90, 90s, 5m, 2h, 1d (default: never)' },
      { name: 'trace', value: 'METHOD', help: 'how files are found: auto, strace, scan, atime, none (default: auto)' },
      { name: 'require-clean', help: 'refuse if code is changed or not tracked' },
      { name: 'no-logs', help: "do not keep what it prints; it gets rr's own terminal" },
      { name: 'json', help: 'print the record as JSON on standard error' },
      QUIET, PROJECT,
    ],
    example: "rr record -l fit -m 'first try' -o fit.csv -- ./fit data/raw.csv",
  },
  {
    name: 'list', usage: 'rr list [OPTION...]', summary: 'list runs, newest last', operands: [0, 0],
    options: [
      { name: 'label', letter: 'l', value: 'NAME', isRepeatable: true, help: 'with this label' },
      { name: 'tag', letter: 't', value: 'TAG', isRepeatable: true, help: 'with this tag' },
      { name: 'status', letter: 's', value: 'STATUS', isRepeatable: true, help: 'succeeded, failed, interrupted, running or lost' },
      { name: 'since', value: 'DATE', help: 'started at or after DATE (UTC): 2026-11-22' },
      { name: 'until', value: 'DATE', help: 'started before DATE' },
      { name: 'param', letter: 'p', value: 'NAME[=VALUE]', isRepeatable: true, help: 'with this parameter' },
      { name: 'made', value: 'FILE', isRepeatable: true, help: 'that wrote FILE' },
      { name: 'used', value: 'FILE', isRepeatable: true, help: 'that read FILE' },
      JSON_OUT,
      { name: 'csv', help: 'print CSV' },
      PROJECT,
    ],
    example: 'rr list --made figures/co2.svg',
  },
  {
    name: 'show', usage: 'rr show [OPTION...] RUN', summary: 'show all that is known of a run', operands: [1, 1],
    options: [
      JSON_OUT,
      { name: 'raw', help: 'print the record as it is' },
      { name: 'logs', help: 'print what the command printed' },
      { name: 'processes', help: 'print the tree of processes' },
      { name: 'files', help: 'the same with the files that each process read and wrote' },
      { name: 'environment', help: 'print the environment record: system, programs, libraries, packages' },
      { name: 'all', help: 'do not cut long lists' },
      PROJECT,
    ],
    example: 'rr show @',
  },
  {
    name: 'verify', usage: 'rr verify [OPTION...] [FILE|RUN...]', summary: 'compare files and records with their hashes', operands: [0, Infinity],
    options: [{ name: 'quick', help: 'do not read again what has the size and times it had' }, QUIET, PROJECT],
    example: 'rr verify figures/co2.svg',
  },
  {
    name: 'makefile', usage: 'rr makefile [OPTION...]', summary: 'make provenance/Makefile again from the records', operands: [0, 0],
    options: [{ name: 'print', help: 'print it instead of writing it' }, QUIET, PROJECT],
    example: 'rr makefile',
  },
  { name: 'help', usage: 'rr help [VERB]', summary: 'explain a verb', operands: [0, 1], options: [], example: 'rr help record' },
];

// type ParsedArguments = {
//   verb: VerbSpec;
//   /** Values of each option given, in order; a switch has one ''. */
//   values: Map<string, ByteString[]>;
//   operands: ByteString[];
//   command: ByteString[];
// };

/** Number of single edits (letter put in, taken out, changed, two swapped) between two words. */
function editDistance(a, b) {
  const rows = [];
  for (let i = 0; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      if (i === 0) rows[i][j] = j;
      else {
        const change = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
        rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, change);
        if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[a.length][b.length];
}

function nearest(word, known) {
  let best;
  for (const one of known) {
    if (editDistance(word, one) > Math.max(1, Math.floor(one.length / 2))) continue;
    if (best === undefined || editDistance(word, one) < editDistance(word, best)) best = one;
  }
  return best;
}

function findVerb(word) {
  const verb = VERBS.find((spec) => spec.name === word);
  if (verb !== undefined) return verb;
  const near = nearest(word, VERBS.map((spec) => spec.name));
  throw new Failure('cannot do "' + word + '": no such verb', near === undefined ? 'run "rr help"' : 'did you mean "' + near + '"?', EXIT.usage);
}

function failOption(verb, given) {
  const near = nearest(given.replace(/^--/, ''), verb.options.map((option) => option.name).concat('help'));
  throw new Failure('cannot use "' + given + '": no such option of rr ' + verb.name, near === undefined ? 'run "rr help ' + verb.name + '"' : 'did you mean "--' + near + '"?', EXIT.usage);
}

function putValue(parsed, option, value) {
  const given = parsed.values.get(option.name) ?? [];
  parsed.values.set(option.name, option.isRepeatable === true || option.value === undefined ? given.concat(value) : [value]);
}

/** Takes the option at `at`; returns how many arguments it took. */
function takeOption(parsed, argv, at) {
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
function parseArguments(given) {
  const argv = given.slice();
  const parsed = { verb: findVerb(argv[0]), values: new Map(), operands: [], command: [] };
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
    throw new Failure('cannot do "' + parsed.verb.name + '" with ' + String(parsed.operands.length) + ' operands', parsed.verb.usage, EXIT.usage);
  }
  return parsed;
}

/** `rr help`: the verbs, a line each. */
function printOverview(version) {
  const width = VERBS.reduce((most, verb) => Math.max(most, verb.name.length), 0) + 2;
  return 'rr ' + version + ' - record runs as plain text; reproduce them with make\n\n'
    + VERBS.map((verb) => '  ' + verb.name.padEnd(width) + verb.summary + '\n').join('')
    + '\n"rr help VERB" explains one.  RUN is an id, the beginning of one, a label, @\n(the last), @-1 (the one before it), or a file that the run made.\n';
}

/** `rr help VERB`: usage, a line for each option, an example. */
function printVerbHelp(verb) {
  const heads = verb.options.map((option) => (option.letter === undefined ? '    --' : '-' + option.letter + ', --') + option.name + (option.value === undefined ? '' : ' ' + option.value));
  const width = heads.reduce((most, head) => Math.max(most, head.length), 0) + 2;
  return verb.usage + '\n\n' + verb.summary[0].toUpperCase() + verb.summary.slice(1) + '.\n'
    + (heads.length === 0 ? '' : '\n' + verb.options.map((option, i) => '  ' + heads[i].padEnd(width) + option.help + (option.isRepeatable === true ? ' *' : '') + '\n').join(''))
    + (verb.options.some((option) => option.isRepeatable) ? '  (* may be given several times)\n' : '') + '\nExample: ' + verb.example + '\n';
}

// ==== src/main.ts ================================================================================
// main.ts - starts rr: dispatches the verb, catches, prints, exits.

function showHelp(parsed) {
  const name = parsed.verb.name === 'help' ? parsed.operands[0] : parsed.verb.name;
  if (name === undefined) printOut(printOverview(RR_VERSION));
  else printOut(printVerbHelp(parseArguments([name, '--help']).verb));
  return 0;
}

async function dispatch(parsed) {
  const all = (name) => parsed.values.get(name) ?? [];
  const one = (name) => parsed.values.get(name)?.[0];
  const has = (name) => parsed.values.has(name);
  const project = one('project');
  if (has('help')) return showHelp(parsed);
  switch (parsed.verb.name) {
    case 'init': return initProject(parsed.operands[0], has('quiet'));
    case 'record': return recordRun({
      argv: parsed.command, project, label: one('label'), reason: one('reason'), tags: all('tag'), inputs: all('input'),
      outputs: all('output'), parameters: all('param'), timeout: one('timeout'), trace: one('trace'),
      requireClean: has('require-clean'), noLogs: has('no-logs'), quiet: has('quiet'), json: has('json'),
    });
    case 'list': return listRuns({
      project, labels: all('label'), tags: all('tag'), statuses: all('status'), since: one('since'), until: one('until'),
      parameters: all('param'), made: all('made'), used: all('used'), json: has('json'), csv: has('csv'),
    });
    case 'show': return showRun(parsed.operands[0], {
      project, json: has('json'), raw: has('raw'), logs: has('logs'), processes: has('processes'), files: has('files'),
      environment: has('environment'), all: has('all'),
    });
    case 'verify': return verifyProject(parsed.operands, { project, quick: has('quick'), quiet: has('quiet') });
    case 'makefile': return rebuildMakefile(project, has('print'), has('quiet'));
    default: return showHelp(parsed);
  }
}

async function run(argv) {
  if (argv.length === 0) {
    tell('rr: no verb; one of ' + VERBS.map((verb) => verb.name).join(', '));
    return EXIT.usage;
  }
  if (argv[0] === '--version' || argv[0] === '-V') {
    printOut('rr ' + RR_VERSION + '\n');
    return 0;
  }
  return dispatch(parseArguments(argv[0] === '--help' || argv[0] === '-h' ? ['help'] : argv));
}

/** Everything that goes wrong ends here: what a user can meet in one line or two, a mistake of rr's with its trace. */
function explain(error) {
  if (error instanceof Failure) {
    tell('rr: ' + error.message);
    if (error.hint !== '') tell('rr: hint: ' + error.hint);
    return error.exitStatus;
  }
  if ((error).code !== undefined && (error).syscall !== undefined) {
    const path = (error).path;
    tell('rr: cannot ' + String((error).syscall) + (path === undefined ? '' : ' "' + toBytes(String(path)) + '"') + ': ' + describeSystemError(error));
    return EXIT.failed;
  }
  tell('rr: internal error, please report it');
  for (const line of toBytes(String((error).stack ?? error)).split('\n')) tell(line);
  return EXIT.failed;
}

// process.exit and not the end of the event loop: a background process of the command may still
// hold a pipe open. All output has been written by then, as rr writes synchronously.
run(readArgumentBytes(process.argv.length - 2)).catch(explain).then((status) => process.exit(status));

// ==== LICENSE ====================================================================================
// MIT License
//
// Copyright (c) the rr authors
//
// Permission is hereby granted, free of charge, to any person obtaining a copy
// of this software and associated documentation files (the "Software"), to deal
// in the Software without restriction, including without limitation the rights
// to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
// copies of the Software, and to permit persons to whom the Software is
// furnished to do so, subject to the following conditions:
//
// The above copyright notice and this permission notice shall be included in all
// copies or substantial portions of the Software.
//
// THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
// IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
// FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
// AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
// LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
// OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
// SOFTWARE.
