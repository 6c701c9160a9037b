// othervcs.ts - the code's state as Mercurial, Subversion and Fossil tell it. Knows nothing of git.
import type { ByteString } from '../core/bytes.ts';
import { isSecretFile } from '../core/filerules.ts';
import { findGitSetting, parseGitConfig, stripUrlCredentials } from '../formats/gitconfig.ts';
import type { TrackedFile } from '../formats/vcsoutput.ts';
import { closeSpacedNames, listShownNames, parseFossilInfo, parseFossilList, parseHgStatus, parseSvnInfo, parseSvnStatus } from '../formats/vcsoutput.ts';
import { findLinkOut } from './bounds.ts';
import { makeRandomDigits } from './clock.ts';
import { errorCode, listFolder, lstatIfThere, makeFolder, readRegularIfThere, removeIfThere, statIfThere, toFsPath, toText } from './files.ts';
import type { CodeState } from './git.ts';
import type { GitAnswer } from './gitprocess.ts';
import { describeStartFailure, LARGEST_ANSWER_BYTES, splitNames } from './gitprocess.ts';
import { childProcess, fs } from './node.ts';
import { toSpawnArguments } from './spawnwords.ts';

// Invariants:
// 1. No program is given a command that opens a connection, and none may ask a question.
// 2. Nothing in the checkout runs: hg does not read its .hg/hgrc (HGRCSKIPREPO, Mercurial 5.4), svn
//    and fossil compare by themselves and not by a program of their configuration.
// 3. Configuration of the user is not read, so that a diff is the same for everybody; svn and fossil
//    would otherwise make theirs in the home folder. That of fossil is in a folder of its own, made anew.
// 4. Where they keep their own is no link, and no FIFO at its top, which they would wait for.
// 5. No file is asked for in a patch that a link puts out of the checkout: svn and fossil would read it there.
// What they keep for themselves in the checkout (.hg/dirstate, .fslckout) they may bring up to date.

export type OtherSystem = 'hg' | 'svn' | 'fossil';

/** `tracked` are the names of all files under version control. */
export type OtherState = CodeState & { system: OtherSystem; tracked: Set<ByteString> };

export type OtherRequest = {
  /** Of a name relative to the checkout: does a change of it not count? */
  isExcluded: (name: ByteString) => boolean;
  /** A folder for what a program must write for itself. */
  ownFolder: ByteString;
};

type Facts = Pick<CodeState, 'commit' | 'branch' | 'remote' | 'warnings'> & { files: TrackedFile[] };
type Ask = (words: ByteString[]) => GitAnswer;

const LONGEST_MS = 300000;

/**
 * The state of the checkout at `top`. If its program is missing or refuses, the commit is 'unknown'
 * and a warning says why. The patch is what `hg diff --git`, `svn diff` or `fossil diff` prints of the
 * files that are not excluded; "patch -p1" reads the first, "patch -p0" the others.
 */
export function readOtherCode(system: OtherSystem, top: ByteString, request: OtherRequest): OtherState {
  const state: OtherState = { system, top, commit: 'unknown', submodules: [], changed: new Set(), warnings: [], tracked: new Set() };
  const odd = findIrregular(system, top);
  if (odd !== undefined) {
    state.warnings.push('cannot read the state of the code: ' + odd + ' is not what ' + system + ' makes');
    return state;
  }
  const ownFolder = request.ownFolder + '/running/vcs-' + makeRandomDigits();
  try {
    readCheckoutFacts(state, (words) => askProgram(system, top, ownFolder, words), request);
  } finally {
    removeOwn(ownFolder);
  }
  return state;
}

function readCheckoutFacts(state: OtherState, ask: Ask, request: OtherRequest): void {
  const { system, top } = state;
  const facts = system === 'hg' ? askHg(ask, top) : system === 'svn' ? askSvn(ask) : askFossil(ask);
  if ('kind' in facts) {
    state.warnings.push('cannot read the state of the code: ' + facts.why);
    return;
  }
  state.commit = facts.commit;
  state.branch = facts.branch;
  state.remote = facts.remote;
  state.warnings = facts.warnings;
  for (const file of facts.files) state.tracked.add(file.name);
  const changed = facts.files.filter((file) => file.state !== 'clean' && !request.isExcluded(file.name) && !isAddedFolder(top, file));
  if (changed.length === 0) return;
  for (const file of changed) state.changed.add(file.name);
  state.patch = makePatch(state, ask, changed);
}

const PLACES: { [system in OtherSystem]: ByteString[] } = { hg: ['.hg', '.hg/store'], svn: ['.svn'], fossil: [] };

/** The first name among what the system keeps for itself that may lead or wait anywhere. */
function findIrregular(system: OtherSystem, top: ByteString): ByteString | undefined {
  for (const place of PLACES[system]) {
    if (lstatIfThere(top + '/' + place)?.isSymbolicLink() === true) return place;
    let names: ByteString[] = [];
    passOverDisk(() => { names = listFolder(top + '/' + place); });
    for (const name of names) {
      const full = top + '/' + place + '/' + name;
      const stat = system === 'hg' ? statIfThere(full) : lstatIfThere(full); // a lock of hg is a link to nothing
      if (stat !== undefined && !stat.isFile() && !stat.isDirectory()) return place + '/' + name;
    }
  }
  return ['.fslckout', '_FOSSIL_'].find((name) => system === 'fossil' && lstatIfThere(top + '/' + name)?.isSymbolicLink() === true);
}

/** What fails of the file system the program tells of. */
function passOverDisk(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (errorCode(error) === '') throw error;
  }
}

/** What fossil wrote for itself. */
function removeOwn(folder: ByteString): void {
  if (lstatIfThere(folder) === undefined) return;
  passOverDisk(() => {
    for (const name of listFolder(folder)) removeIfThere(folder + '/' + name);
    fs.rmdirSync(toFsPath(folder));
  });
}

/** How a file stood to the commit when the state was read. */
export function findOtherFileState(state: OtherState, name: ByteString): 'clean' | 'changed' | 'untracked' {
  return !state.tracked.has(name) ? 'untracked' : state.changed.has(name) ? 'changed' : 'clean';
}

/** svn lists folders, too; one that is only new says nothing that its files do not. */
function isAddedFolder(top: ByteString, file: TrackedFile): boolean {
  return file.isAdded && lstatIfThere(top + '/' + file.name)?.isDirectory() === true;
}

// ---- the patch ----------------------------------------------------------------------------------

const DIFF: { [system in OtherSystem]: ByteString[] } = {
  hg: ['diff', '--git', '--config', 'diff.unified=3'],
  svn: ['diff', '--internal-diff', '--show-copies-as-adds', '--depth', 'empty'],
  fossil: ['diff', '--internal', '--verbose', '--context', '3'],
};

// svn takes what stands behind the last "@" for a revision, and offers for diff no way to say that it is none.
function isLikeRevision(name: ByteString): boolean {
  return /@(?:r?\d+|head|base|committed|prev)?$/i.test(name) || (name.endsWith('}') && name.indexOf('@{') >= 0);
}

function makePatch(state: OtherState, ask: Ask, changed: TrackedFile[]): ByteString {
  const secret = changed.filter((file) => isSecretFile(file.name));
  if (secret.length > 0) state.warnings.push('changed files that may hold secrets are left out of the patch: ' + listFileNames(secret));
  const plain = changed.filter((file) => !isSecretFile(file.name));
  const askable = plain.filter((file) => file.state !== 'missing' && (state.system === 'hg' || isInCheckout(state.top, file.name)) && !(state.system === 'svn' && isLikeRevision(file.name)));
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
  if (unshown.length > 0) state.warnings.push('the patch does not show what changed of ' + listFileNames(unshown) + ' (binary, missing, renamed, of another mode or a link out)');
  return patch;
}

/** hg itself goes through no link. */
function isInCheckout(top: ByteString, name: ByteString): boolean {
  return findLinkOut(top === '' ? '/' : top, top + '/' + name) === undefined;
}

function listFileNames(files: TrackedFile[]): ByteString {
  const shown = files.slice(0, 5).map((file) => '"' + file.name + '"').join(', ');
  return files.length <= 5 ? shown : shown + ' and ' + String(files.length - 5) + ' more';
}

// ---- what they are asked ------------------------------------------------------------------------

type Refusal = Exclude<GitAnswer, { kind: 'done' }>;

function askHg(ask: Ask, top: ByteString): Facts | Refusal {
  const parents = ask(['parents', '--template', '{node}\\n{branch}\\n']);
  if (parents.kind !== 'done') return parents;
  const status = ask(['status', '--modified', '--added', '--removed', '--deleted', '--clean', '--print0']);
  if (status.kind !== 'done') return status;
  const [node, branch, second] = parents.output.split('\n');
  const settings = parseGitConfig(readRegularIfThere(top + '/.hg/hgrc') ?? '');
  const remote = findGitSetting(settings, 'paths', '', 'default');
  return {
    commit: /^[0-9a-f]{40,}$/.test(node) ? node : 'none', branch: branch === '' ? undefined : branch, remote: remote === undefined ? undefined : stripUrlCredentials(remote),
    warnings: second === undefined || second === '' ? [] : ['a merge is not committed; the patch is against its first parent'], files: parseHgStatus(status.output),
  };
}

function askSvn(ask: Ask): Facts | Refusal {
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

function askFossil(ask: Ask): Facts | Refusal {
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

const BEGINNING: { [system in OtherSystem]: ByteString[] } = {
  hg: ['hg', '--noninteractive', '--pager', 'never', '--color', 'never'],
  // A configuration folder that cannot be: svn then makes none, and says so on standard error only.
  svn: ['svn', '--non-interactive', '--config-dir', '/dev/null/none'],
  fossil: ['fossil'],
};

function makeEnvironment(ownFolder: ByteString): { [name: string]: string | undefined } {
  const environment: { [name: string]: string | undefined } = {};
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

function askProgram(system: OtherSystem, top: ByteString, ownFolder: ByteString, words: ByteString[]): GitAnswer {
  const argv = toSpawnArguments(BEGINNING[system].concat(words));
  const refuse = (why: ByteString): GitAnswer => ({ kind: 'refused', why, status: -1 });
  const folder = toText(top === '' ? '/' : top);
  if (Buffer.from(folder, 'utf8').toString('latin1') !== (top === '' ? '/' : top)) return refuse('the name of the folder is not UTF-8');
  if (system === 'fossil') passOverDisk(() => makeFolder(ownFolder));
  const ended = childProcess().spawnSync(argv[0], argv.slice(1), {
    cwd: folder, env: makeEnvironment(ownFolder), stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: LARGEST_ANSWER_BYTES, windowsHide: true, timeout: LONGEST_MS,
  });
  const failure = describeStartFailure(system, ended.error, ended.status);
  if (failure !== undefined) return refuse(failure);
  if (ended.status === 0) return { kind: 'done', output: ended.stdout.toString('latin1') };
  const lines = ended.stderr.toString('latin1').split('\n').filter((line) => line !== '' && !/^(?:svn: )?warning: /.test(line));
  return refuse(system + ' says: ' + (lines[0] ?? 'exit status ' + String(ended.status)).split(top + '/').join('').split(top).join('.'));
}
