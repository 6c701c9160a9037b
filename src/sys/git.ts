// git.ts - the code's state as git knows it: commit, remote, changes as a patch. Writes nothing.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { findGitSetting, findRemoteUrl, isGitTrue } from '../formats/gitconfig.ts';
import type { GitEntry } from '../formats/gitindex.ts';
import { GIT_LINK, bytesFromHex, computeTree, findEntryPlace, hexFromBytes } from '../formats/gitindex.ts';
import { dropEmptySections, formatNewFile, parseRawDiff } from '../formats/gitpatch.ts';
import { errorCode, lstatIfThere, toFsPath } from './files.ts';
import type { GitHead, GitRepository } from './gitrepo.ts';
import { findRepository, hasReftable, hashGitObject, openRepository, readHead, readTreeOfCommit } from './gitrepo.ts';
import { compareWithFiles, readGitIndex } from './gitstatus.ts';
import { childProcess, fs, zlib } from './node.ts';
import { toSpawnArguments } from './process.ts';

// Invariants:
// 1. Where nothing looks changed no process is started. Where something does, git decides, because
//    filters and ends of lines can make a file that differs an unchanged one.
// 2. "Not dirty" is said only if every tracked file that is not excluded was found unchanged. What
//    cannot be told counts as dirty and leaves a warning.
// 3. Nothing in a repository's own files makes git run a program, start a daemon or open a
//    connection, and git writes nothing (safeGitArguments, safeGitEnvironment, findUntrustedFilters).
//    Filters of the user's and the system's configuration do run, as in "git status".

export type CodeState = {
  /** Hexadecimal digits; 'none' before the first commit, 'unknown' if a warning says why. */
  commit: string;
  branch?: ByteString;
  remote?: ByteString;
  /** There if anything is dirty; '' if nothing of the change could be told, and a warning says why. */
  patch?: ByteString;
  /** `path` is relative to the top of the work tree; `isDirty` means changes that are not committed. */
  submodules: { path: ByteString; commit: string; isDirty: boolean }[];
  warnings: ByteString[];
};

export type CodeOptions = {
  /** Of a path relative to the project: does a change of it not count? */
  excluded: (path: ByteString) => boolean;
  /** Files the run read, relative to the project or absolute; those that git does not track join the patch. */
  untrackedSources: ByteString[];
};

/** What is common to a work tree and its submodules. Names here are relative to the outermost top. */
type Survey = {
  isExcluded: (name: ByteString) => boolean;
  untracked: Set<ByteString>;
  state: CodeState;
};

const UNREADABLE = ['EACCES', 'EPERM', 'EIO', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ESTALE'];
const MOST_NESTED = 16;
const LARGEST_PATCH_BYTES = 256 << 20;
const LARGEST_NEW_FILE_BYTES = 64 << 20;
const NAMES_BYTES_PER_CALL = 24000;
const EMPTY_TREE = {
  sha1: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  sha256: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
};

/**
 * The state of the work tree that holds the folder `root` (absolute); undefined if none does. The
 * patch is relative to the top of the work tree and `git apply` there brings a clean checkout of the
 * commit, and of the submodules' commits, to what was run: changes of tracked files, staged or not,
 * and the untracked sources. Before the first commit it is against the empty tree.
 */
export function readCode(root: ByteString, options: CodeOptions): CodeState | undefined {
  const state: CodeState = { commit: 'unknown', submodules: [], warnings: [] };
  try {
    const repository = findRepository(root);
    if (repository === undefined) return undefined;
    const folder = root.replace(/\/+$/, '').slice(repository.top.length + 1);
    const inTop = folder === '' ? '' : folder + '/';
    const isInProject = (name: ByteString) => name.startsWith(inTop);
    const survey: Survey = {
      isExcluded: (name) => isInProject(name) && options.excluded(name.slice(inTop.length)),
      untracked: new Set(),
      state,
    };
    for (const source of options.untrackedSources) {
      const name = normalizeInside(source.startsWith('/') ? source : root + '/' + source, repository.top);
      if (name !== undefined) survey.untracked.add(name);
    }
    const head = readHeadOrAsk(repository);
    state.commit = head.commit ?? 'none';
    state.branch = head.branch;
    state.remote = findRemoteUrl(repository.settings, head.branch);
    inspectTree(survey, repository, head, '', 0);
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

/** An absolute path without "." and "..", relative to `top`; undefined if it lies outside. */
function normalizeInside(name: ByteString, top: ByteString): ByteString | undefined {
  const parts: ByteString[] = [];
  for (const part of name.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const whole = '/' + parts.join('/');
  return whole.startsWith(top + '/') ? whole.slice(top.length + 1) : undefined;
}

function addPatch(state: CodeState, patch: ByteString): void {
  state.patch = (state.patch ?? '') + patch;
}

function readHeadOrAsk(repository: GitRepository): GitHead {
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
function inspectTree(survey: Survey, repository: GitRepository, head: GitHead, prefix: ByteString, depth: number): boolean {
  const isExcluded = (name: ByteString) => survey.isExcluded(prefix + name);
  const { index, mtimeMs } = readGitIndex(repository);
  let entries: GitEntry[];
  let suspects: ByteString[] = [];
  let isStagedAlike = false;
  if (index === 'unsupported') {
    entries = listEntriesWithGit(repository);
  } else {
    entries = index.entries;
    const compared = compareWithFiles(repository, entries, mtimeMs, isExcluded);
    suspects = compared.suspects;
    isStagedAlike = isIndexOfHead(repository, head, entries, index.rootTree);
    warnOfOverlooked(survey.state, prefix, compared.overlooked);
  }
  for (const entry of entries) {
    if (entry.mode !== GIT_LINK || entry.stage !== 0) continue;
    if (inspectSubmodule(survey, repository, entry, prefix, depth)) suspects.push(entry.name);
  }
  let isDirty = false;
  if (suspects.length > 0 || !isStagedAlike) isDirty = askForPatch(survey, repository, head, prefix, suspects);
  return addUntracked(survey, repository, entries, prefix) || isDirty;
}

function warnOfOverlooked(state: CodeState, prefix: ByteString, names: ByteString[]): void {
  if (names.length === 0) return;
  state.warnings.push('git was told not to look at files that differ from the commit (assume-unchanged, skip-worktree); '
    + 'the patch lacks them: ' + listNames(prefix, names));
}

function listNames(prefix: ByteString, names: ByteString[]): ByteString {
  const shown = names.slice(0, 5).map((name) => '"' + prefix + name + '"').join(', ');
  return names.length <= 5 ? shown : shown + ' and ' + String(names.length - 5) + ' more';
}

/** Does the index hold the tree of HEAD's commit? False also where that cannot be told without git. */
function isIndexOfHead(repository: GitRepository, head: GitHead, entries: GitEntry[], rootTree: ByteString | undefined): boolean {
  if (head.commit === undefined) return entries.length === 0;
  const tree = readTreeOfCommit(repository, head.commit);
  if (tree === undefined || entries.some((entry) => entry.stage !== 0)) return false;
  return tree === (rootTree ?? computeTree(entries, (kind, body) => hashGitObject(repository.algorithm, kind, body)));
}

/** True if the submodule is at another commit than the index of its parent says, or gone. */
function inspectSubmodule(survey: Survey, parent: GitRepository, entry: GitEntry, prefix: ByteString, depth: number): boolean {
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
function askForPatch(survey: Survey, repository: GitRepository, head: GitHead, prefix: ByteString, suspects: ByteString[]): boolean {
  const { state } = survey;
  const diff = diffWithGit(survey, repository, head, prefix);
  if (diff.kind === 'done') {
    if (diff.untrusted.length > 0) {
      state.warnings.push('the repository\'s own configuration names filter programs; rr does not run them and leaves these '
        + 'files, which may be changed, out of the patch: ' + listNames(prefix, diff.untrusted));
    }
    if (diff.patch !== '' || diff.untrusted.length > 0) addPatch(state, diff.patch);
    return diff.patch !== '' || diff.untrusted.length > 0;
  }
  const what = suspects.length > 0 ? 'files look changed: ' + listNames(prefix, suspects) : 'the index may differ from the commit';
  state.warnings.push('no patch of the changed code: ' + diff.why + '; ' + what);
  addPatch(state, '');
  return true;
}

type Diff = { kind: 'done'; patch: ByteString; untrusted: ByteString[] } | GitRefusal;

/** First the changed names, so that an excluded result of many GB is never read, then their patch. */
function diffWithGit(survey: Survey, repository: GitRepository, head: GitHead, prefix: ByteString): Diff {
  const filters = findUntrustedFilters(repository);
  if (filters.kind !== 'done') return filters;
  const off = turnFiltersOff(filters.names);
  const tree = head.commit ?? EMPTY_TREE[repository.algorithm];
  const raw = runGit(repository, off.concat('diff-index', '--raw', '-z', '--no-renames', '--ignore-submodules=dirty', tree, '--'));
  if (raw.kind !== 'done') return raw;
  const changed = parseRawDiff(raw.output);
  let kept = changed.filter((name) => !survey.isExcluded(prefix + name));
  let untrusted: ByteString[] = [];
  if (filters.names.length > 0) {
    const filtered = listFiltered(repository, kept, filters.names);
    if (filtered.kind !== 'done') return filtered;
    untrusted = kept.filter((name) => filtered.names.has(name));
    kept = kept.filter((name) => !filtered.names.has(name));
  }
  const command = off.concat('--literal-pathspecs', 'diff-index', '-p', '--binary', '--full-index', '--no-renames', '--no-ext-diff',
    '--no-textconv', '--no-color', '--ignore-submodules=dirty', '--submodule=short', '-U3', '--inter-hunk-context=0',
    '-O/dev/null', '--src-prefix=a/' + prefix, '--dst-prefix=b/' + prefix, tree, '--');
  let patch = '';
  for (const names of kept.length === changed.length && kept.length > 0 ? [[]] : splitNames(kept)) {
    const part = runGit(repository, command.concat(names));
    if (part.kind !== 'done') return part;
    patch += dropEmptySections(part.output);
  }
  return { kind: 'done', patch, untrusted };
}

/** Groups that fit on a command line. */
function splitNames(names: ByteString[]): ByteString[][] {
  const groups: ByteString[][] = [];
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

/** Adds the untracked sources that lie in this tree; true if there is any. */
function addUntracked(survey: Survey, repository: GitRepository, entries: GitEntry[], prefix: ByteString): boolean {
  let isAny = false;
  for (const path of Array.from(survey.untracked).sort(compareBytes)) {
    if (!path.startsWith(prefix)) continue;
    survey.untracked.delete(path);
    const name = path.slice(prefix.length);
    const place = findEntryPlace(entries, name);
    if (place < entries.length && entries[place].name === name) continue;
    if (/(?:^|\/)\.git(?:\/|$)/i.test(name) || survey.isExcluded(path)) continue;
    const section = formatUntracked(survey.state, repository, name, path);
    if (section === undefined) continue;
    addPatch(survey.state, section);
    isAny = true;
  }
  return isAny;
}

/** undefined if there is no such file; '' with a warning if it does not go into a patch. */
function formatUntracked(state: CodeState, repository: GitRepository, name: ByteString, path: ByteString): ByteString | undefined {
  const whole = repository.top + '/' + name;
  const stat = lstatIfThere(whole);
  if (stat === undefined || !(stat.isFile() || stat.isSymbolicLink())) return undefined;
  const refuse = (why: string): ByteString => {
    state.warnings.push('the untracked source "' + path + '" is not in the patch: ' + why);
    return '';
  };
  for (let slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1)) {
    if (lstatIfThere(repository.top + '/' + name.slice(0, slash))?.isSymbolicLink() === true) return refuse('it lies behind a symbolic link');
  }
  const isTooMuch = stat.size > LARGEST_NEW_FILE_BYTES || (state.patch ?? '').length + stat.size > LARGEST_PATCH_BYTES;
  if (isTooMuch) return refuse(String(stat.size) + ' bytes are too many');
  try {
    const content = stat.isFile() ? fs.readFileSync(toFsPath(whole), 'latin1')
      : fs.readlinkSync(toFsPath(whole), 'latin1' as BufferEncoding) as unknown as ByteString;
    const mode = stat.isSymbolicLink() ? '120000' : (stat.mode & 0o100) !== 0 ? '100755' : '100644';
    const id = hexFromBytes(hashGitObject(repository.algorithm, 'blob', content));
    return formatNewFile({ name: path, mode, content, id }, (bytes) => zlib().deflateSync(Buffer.from(bytes, 'latin1')).toString('latin1'));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' && UNREADABLE.indexOf(errorCode(error)) < 0) throw error;
    return refuse(errorCode(error));
  }
}

// ---- git as a process ---------------------------------------------------------------------------

type GitRefusal = { kind: 'refused'; why: ByteString; status: number };
type GitAnswer = { kind: 'done'; output: ByteString; why?: undefined } | GitRefusal;

/** Options before git's command that take from the repository's configuration what would start programs. */
function safeGitArguments(top: ByteString): ByteString[] {
  return ['git', '-C', top === '' ? '/' : top, '--no-pager', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null',
    '-c', 'core.quotePath=true', '-c', 'protocol.allow=never'];
}

/** The environment without what points git elsewhere; configuration named by the user's environment stays. */
function safeGitEnvironment(): { [name: string]: string | undefined } {
  const environment: { [name: string]: string | undefined } = {};
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

function runGit(repository: GitRepository, words: ByteString[], input: ByteString = ''): GitAnswer {
  const argv = toSpawnArguments(safeGitArguments(repository.top).concat(words));
  const ended = childProcess().spawnSync(argv[0], argv.slice(1), {
    env: safeGitEnvironment(), input: Buffer.from(input, 'latin1'), maxBuffer: LARGEST_PATCH_BYTES, windowsHide: true,
  });
  const refuse = (why: ByteString): GitRefusal => ({ kind: 'refused', why, status: ended.status ?? -1 });
  if (ended.error !== undefined && errorCode(ended.error) !== 'EPIPE') {
    const code = errorCode(ended.error);
    return refuse(code === 'ENOENT' ? 'git is not installed' : code === 'ENOBUFS' ? 'the patch is too large' : 'git cannot be run: ' + code);
  }
  if (ended.status === 0) return { kind: 'done', output: ended.stdout.toString('latin1') };
  const stderr = ended.stderr.toString('latin1');
  if (ended.status === 127) return refuse('git is not installed');
  if (/dubious ownership|unsafe repository/.test(stderr)) {
    return refuse('git refuses a repository that another user owns (see "safe.directory" in git-config(1))');
  }
  return refuse('git says: ' + (stderr.split('\n').find((line) => line !== '') ?? 'exit status ' + String(ended.status)));
}

/** Entries of an index that is not read here, without times. Throws Failure if git does not list them. */
function listEntriesWithGit(repository: GitRepository): GitEntry[] {
  const answer = runGit(repository, ['ls-files', '--stage', '-z']);
  if (answer.kind !== 'done') {
    throw new Failure('cannot read the index of git in "' + repository.top + '": it is split, sparse or of a new version; ' + answer.why);
  }
  const entries: GitEntry[] = [];
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
function findUntrustedFilters(repository: GitRepository): { kind: 'done'; names: ByteString[] } | GitRefusal {
  const names = new Set<ByteString>();
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

function turnFiltersOff(names: ByteString[]): ByteString[] {
  const words: ByteString[] = [];
  for (const name of names) {
    for (const setting of ['clean=', 'smudge=', 'process=', 'required=false']) words.push('-c', 'filter.' + name + '.' + setting);
  }
  return words;
}

function listFiltered(repository: GitRepository, names: ByteString[], filters: ByteString[]): { kind: 'done'; names: Set<ByteString> } | GitRefusal {
  const answer = runGit(repository, ['check-attr', '-z', '--stdin', 'filter'], names.map((name) => name + '\0').join(''));
  if (answer.kind !== 'done') return answer;
  const words = answer.output.split('\0');
  const found = new Set<ByteString>();
  for (let i = 0; i + 2 < words.length; i += 3) if (filters.indexOf(words[i + 2]) >= 0) found.add(words[i]);
  return { kind: 'done', names: found };
}
