// git.ts - the code's state as git knows it: commit, remote, changes as a patch. Writes nothing.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { dropEndSlashes } from '../core/names.ts';
import { Failure } from '../core/failure.ts';
import { isSecretFile } from '../core/filerules.ts';
import type { FileState } from '../core/run.ts';
import { findRemoteUrl } from '../formats/gitconfig.ts';
import type { GitEntry } from '../formats/gitindex.ts';
import { GIT_LINK, GIT_SYMLINK, computeTree, findEntryPlace, hexFromBytes } from '../formats/gitindex.ts';
import { dropEmptySections, listPatchedNames, parseRawDiff } from '../formats/gitpatch.ts';
import { errorCode, lstatIfThere } from './files.ts';
import type { GitAnswer, GitRefusal } from './gitprocess.ts';
import { findUntrustedFilters, listEntriesWithGit, listFiltered, runGit, splitNames, turnFiltersOff } from './gitprocess.ts';
import type { GitHead, GitRepository } from './gitrepo.ts';
import { findRepository, hasReftable, hashGitObject, openRepository, readHead, readTreeOfCommit } from './gitrepo.ts';
import { readObjectBody } from './gitobjects.ts';
import { compareWithFiles, hasContentOfEntry, readGitIndex } from './gitstatus.ts';
import { hashBytes } from './hash.ts';

// Invariants:
// 1. Where nothing looks changed no process is started. Where something does, git decides, because
//    filters and ends of lines can make a file that differs an unchanged one.
// 2. "Not dirty" is said only if every tracked file that is not excluded was found unchanged. What
//    cannot be told counts as dirty and leaves a warning.

/** What a checkout of any system says of the code in it. Names are relative to `top`. */
export type CodeState = {
  /** The work tree's folder, without a final slash. */
  top: ByteString;
  /** What identifies the version; of git hexadecimal digits. 'none' before the first commit, 'unknown' if a warning says why. */
  commit: ByteString;
  branch?: ByteString;
  remote?: ByteString;
  /** There if anything is dirty; '' if nothing of the change could be told, and a warning says why. */
  patch?: ByteString;
  /** `isDirty` means changes that are not committed. */
  submodules: { path: ByteString; commit: string; isDirty: boolean }[];
  /** Tracked files that are not as in the commit, or may not be; without those that were excluded. */
  changed: Set<ByteString>;
  warnings: ByteString[];
};

/** The tracked files of a work tree or a submodule. Names in it are relative to its own top. */
export type GitTree = {
  repository: GitRepository;
  /** Path of the tree in the outermost one, '' or ending in '/'. */
  prefix: ByteString;
  entries: GitEntry[];
  /** Were the entries read from the index here, with sizes and times? */
  isIndexRead: boolean;
  /** Files that differ from the index, or may. */
  unlike: Set<ByteString>;
  /** Of these the excluded ones, which were not looked into. */
  passedOver: Set<ByteString>;
  /** Nothing tells which of its files are as in the commit. */
  isUntold: boolean;
  /** Files that have changed by now and that no filter had converted on their way out of git; found out at first use. */
  unfiltered: Set<ByteString> | undefined;
};

export type GitState = CodeState & { system: 'git'; trees: GitTree[] };

export type CodeOptions = {
  /** Of a path relative to the project: does a change of it not count? */
  excluded: (path: ByteString) => boolean;
};

/** What is common to a work tree and its submodules. Names here are relative to the outermost top. */
type Survey = {
  isExcluded: (name: ByteString) => boolean;
  state: GitState;
};

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
export function readCode(root: ByteString, options: CodeOptions): GitState | undefined {
  const plain = dropEndSlashes(root);
  const state: GitState = { system: 'git', top: plain, commit: 'unknown', submodules: [], changed: new Set(), warnings: [], trees: [] };
  try {
    const repository = findRepository(root);
    if (repository === undefined) return undefined;
    state.top = repository.top;
    const folder = plain.slice(repository.top.length + 1);
    const inTop = folder === '' ? '' : folder + '/';
    const isExcluded = (name: ByteString): boolean => name.startsWith(inTop) && options.excluded(name.slice(inTop.length));
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

function addPatch(state: GitState, patch: ByteString): void {
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
  const tree: GitTree = { repository, prefix, entries: [], isIndexRead: index !== 'unsupported', unlike: new Set(), passedOver: new Set(), isUntold: true, unfiltered: undefined };
  survey.state.trees.push(tree);
  let suspects: ByteString[] = [];
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

function warnOfOverlooked(state: GitState, prefix: ByteString, names: ByteString[]): void {
  if (names.length === 0) return;
  for (const name of names) state.changed.add(prefix + name);
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
function askForPatch(survey: Survey, tree: GitTree, head: GitHead, suspects: ByteString[]): boolean {
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
type Diff = { kind: 'done'; patch: ByteString; changed: ByteString[]; untrusted: ByteString[]; secret: ByteString[] } | GitRefusal;

/** First the changed names, so that an excluded result of many GB is never read, then their patch. */
function diffWithGit(survey: Survey, tree: GitTree, head: GitHead): Diff {
  const { repository, prefix } = tree;
  const filters = findUntrustedFilters(repository);
  if (filters.kind !== 'done') return filters;
  const off = turnFiltersOff(filters.names);
  const against = head.commit ?? EMPTY_TREE[repository.algorithm];
  const raw = runGit(repository, off.concat('diff-index', '--raw', '-z', '--no-renames', '--ignore-submodules=dirty', against, '--'));
  if (raw.kind !== 'done') return raw;
  const listed = parseRawDiff(raw.output);
  let kept = listed.filter((name) => !survey.isExcluded(prefix + name));
  let untrusted: ByteString[] = [];
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

function diffNames(repository: GitRepository, words: ByteString[], names: ByteString[], isAll: boolean): GitAnswer {
  let output = '';
  for (const group of isAll && names.length > 0 ? [[]] : splitNames(names)) {
    const part = runGit(repository, words.concat(group));
    if (part.kind !== 'done') return part;
    output += dropEmptySections(part.output);
  }
  return { kind: 'done', output };
}

// ---- one file -----------------------------------------------------------------------------------

function findTrackedEntry(state: GitState, name: ByteString): { tree: GitTree; entry: GitEntry } | undefined {
  let tree: GitTree | undefined;
  for (const one of state.trees) if (name.startsWith(one.prefix) && (tree === undefined || one.prefix.length > tree.prefix.length)) tree = one;
  if (tree === undefined) return undefined;
  const inner = name.slice(tree.prefix.length);
  const entry = tree.entries[findEntryPlace(tree.entries, inner)];
  return entry?.name === inner ? { tree, entry } : undefined;
}

/** How a file stood to the commit when the state was read; of an excluded one, how it stands to the index now. */
export function findGitFileState(state: GitState, name: ByteString): 'clean' | 'changed' | 'untracked' {
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
export function readEarlierBlob(state: GitState, name: ByteString): FileState | undefined {
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
function isUnfiltered(tree: GitTree, entry: GitEntry): boolean {
  if (tree.unfiltered === undefined) {
    const names = tree.entries.filter((one) => !isUntouched(tree.repository, one)).map((one) => one.name);
    const answer = runGit(tree.repository, ['check-attr', '-z', '--stdin'].concat(CONVERTING), names.map((name) => name + '\0').join(''));
    tree.unfiltered = new Set(answer.kind === 'done' ? names : []);
    const words = answer.kind === 'done' ? answer.output.split('\0') : [];
    for (let i = 0; i + 2 < words.length; i += 3) if (words[i + 2] !== 'unspecified' && words[i + 2] !== 'unset') tree.unfiltered.delete(words[i]);
  }
  return tree.unfiltered.has(entry.name);
}

function isUntouched(repository: GitRepository, entry: GitEntry): boolean {
  const stat = lstatIfThere(repository.top + '/' + entry.name);
  return stat !== undefined && stat.size % 0x100000000 === entry.sizeBytes && Math.abs(stat.mtimeMs - entry.mtimeMs) < 0.0005 && Math.abs(stat.ctimeMs - entry.ctimeMs) < 0.0005;
}
