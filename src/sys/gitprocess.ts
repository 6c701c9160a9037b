// gitprocess.ts - asks git what only git can tell, so that nothing it finds can run or be written. Parses no patch.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { findGitSetting, isGitTrue } from '../formats/gitconfig.ts';
import type { GitEntry } from '../formats/gitindex.ts';
import { bytesFromHex } from '../formats/gitindex.ts';
import { errorCode, statIfThere } from './files.ts';
import type { GitRepository } from './gitrepo.ts';
import { childProcess } from './node.ts';
import { toSpawnArguments } from './spawnwords.ts';

// Invariant: nothing in a repository's own files makes git run a program, start a daemon or open a
// connection, and git writes nothing (safeGitArguments, safeGitEnvironment, findUntrustedFilters).
// Filters of the user's and the system's configuration do run, as in "git status".

/** More than this from one process is not taken. */
export const LARGEST_ANSWER_BYTES = 256 << 20;
const NAMES_BYTES_PER_CALL = 24000;

/** `status` is the exit status, -1 if there is none. */
export type GitRefusal = { kind: 'refused'; why: ByteString; status: number };

export type GitAnswer = { kind: 'done'; output: ByteString; why?: undefined } | GitRefusal;

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

/** Why a program gave no answer at all, as a sentence; undefined if it ran. */
export function describeStartFailure(program: string, error: Error | undefined, status: number | null): ByteString | undefined {
  if (error !== undefined && errorCode(error) !== 'EPIPE') {
    const code = errorCode(error);
    return code === 'ENOENT' ? program + ' is not installed' : code === 'ENOBUFS' ? 'the patch is too large' : program + ' cannot be run: ' + code;
  }
  return status === 127 ? program + ' is not installed' : undefined;
}

// git waits for a FIFO without end.
const READ_BY_GIT = ['HEAD', 'config', 'config.worktree', 'commondir', 'index', 'packed-refs', 'shallow', 'info/exclude', 'info/attributes', 'info/grafts', 'info/sparse-checkout', 'objects/info/alternates'];
const LONGEST_GIT_MS = 600000;

/** The first of the files that git reads whatever it is asked, that is there and none. */
function findOddFile({ top, gitFolder, commonFolder }: GitRepository): ByteString | undefined {
  const names = ['.gitignore', '.gitattributes', '.gitmodules'].map((name) => top + '/' + name);
  for (const folder of gitFolder === commonFolder ? [gitFolder] : [gitFolder, commonFolder]) names.push(...READ_BY_GIT.map((name) => folder + '/' + name));
  return names.find((name) => {
    const stat = statIfThere(name);
    return stat !== undefined && !stat.isFile() && !stat.isDirectory();
  });
}

/** git's answer in one work tree. `input` is its standard input. */
export function runGit(repository: GitRepository, words: ByteString[], input: ByteString = ''): GitAnswer {
  const odd = findOddFile(repository);
  if (odd !== undefined) return { kind: 'refused', why: '"' + odd + '" is not a regular file', status: -1 };
  const argv = toSpawnArguments(safeGitArguments(repository.top).concat(words));
  const ended = childProcess().spawnSync(argv[0], argv.slice(1), {
    env: safeGitEnvironment(), input: Buffer.from(input, 'latin1'), maxBuffer: LARGEST_ANSWER_BYTES, windowsHide: true, timeout: LONGEST_GIT_MS, killSignal: 'SIGKILL',
  });
  const refuse = (why: ByteString): GitRefusal => ({ kind: 'refused', why, status: ended.status ?? -1 });
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
export function listEntriesWithGit(repository: GitRepository): GitEntry[] {
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
export function findUntrustedFilters(repository: GitRepository): { kind: 'done'; names: ByteString[] } | GitRefusal {
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

/** Options for git that make it take the files as they are, whatever these filters say. */
export function turnFiltersOff(names: ByteString[]): ByteString[] {
  const words: ByteString[] = [];
  for (const name of names) {
    for (const setting of ['clean=', 'smudge=', 'process=', 'required=false']) words.push('-c', 'filter.' + name + '.' + setting);
  }
  return words;
}

/** Of `names` those to which an attribute assigns one of `filters`. */
export function listFiltered(repository: GitRepository, names: ByteString[], filters: ByteString[]): { kind: 'done'; names: Set<ByteString> } | GitRefusal {
  const answer = runGit(repository, ['check-attr', '-z', '--stdin', 'filter'], names.map((name) => name + '\0').join(''));
  if (answer.kind !== 'done') return answer;
  const words = answer.output.split('\0');
  const found = new Set<ByteString>();
  for (let i = 0; i + 2 < words.length; i += 3) if (filters.indexOf(words[i + 2]) >= 0) found.add(words[i]);
  return { kind: 'done', names: found };
}

/** Groups that fit on a command line. */
export function splitNames(names: ByteString[]): ByteString[][] {
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
