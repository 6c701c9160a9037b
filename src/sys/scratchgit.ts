// scratchgit.ts - a git repository for a scratch tree, so that git, run in it, has nothing of the user's to write to. Puts no files of the work tree.
import type { ByteString } from '../core/bytes.ts';
import { makeFolder, toFsPath } from './files.ts';
import { runGit } from './gitprocess.ts';
import type { GitRepository } from './gitrepo.ts';
import { fs } from './node.ts';

// What a surrounding git sets for its hooks: it would lead the command's git to the user's repository.
export const GIT_PLACES = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_COMMON_DIR', 'GIT_OBJECT_DIRECTORY', 'GIT_ALTERNATE_OBJECT_DIRECTORIES', 'GIT_NAMESPACE', 'GIT_PREFIX'];

/** Is this a name that git takes for a branch (git-check-ref-format(1)), and that needs no quoting anywhere? */
function isPlainBranch(name: ByteString): boolean {
  return /^\w[\w./+-]*$/.test(name) && !/\.\.|\/[./]|\.$|\/$|\.lock(?:\/|$)/.test(name);
}

/**
 * Puts .git into the folder `top`: HEAD at `commit` (undefined: before the first one), on `branch` if it was
 * on one, and the branches and tags of now. Objects are read from the user's repository, which git calls
 * an alternate; all that is written stays in the tree. Hooks, remotes and configuration are not taken over.
 * `leftOut` are tracked files that the tree lacks, and that git is not to miss.
 */
export function putRepository(repository: GitRepository, top: ByteString, commit: string | undefined, branch: ByteString | undefined, leftOut: ByteString[]): void {
  const folder = top + '/.git';
  const write = (name: ByteString, text: ByteString): void => fs.writeFileSync(toFsPath(folder + '/' + name), Buffer.from(text, 'latin1'), { flag: 'wx' });
  for (const name of ['objects/info', 'refs/heads', 'info']) makeFolder(folder + '/' + name);
  const isSha256 = repository.algorithm === 'sha256';
  write('config', '[core]\n\trepositoryformatversion = ' + (isSha256 ? '1' : '0') + '\n\tfilemode = true\n\tbare = false\n[gc]\n\tauto = 0\n' + (isSha256 ? '[extensions]\n\tobjectformat = sha256\n' : ''));
  write('objects/info/alternates', repository.commonFolder + '/objects\n');
  const onBranch = branch !== undefined && isPlainBranch(branch) ? 'refs/heads/' + branch : commit === undefined ? 'refs/heads/main' : undefined;
  write('HEAD', onBranch === undefined ? commit + '\n' : 'ref: ' + onBranch + '\n');
  if (commit === undefined) return;
  const answer = runGit(repository, ['for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads', 'refs/tags', 'refs/remotes']);
  const references = (answer.kind === 'done' ? answer.output : '').split('\n').filter((line) => line !== '' && !line.endsWith(' ' + String(onBranch)));
  if (onBranch !== undefined) references.push(commit + ' ' + onBranch);
  write('packed-refs', references.map((line) => line + '\n').join(''));
  const own = { ...repository, top };
  runGit(own, ['read-tree', commit]);
  if (leftOut.length > 0) runGit(own, ['update-index', '--skip-worktree', '-z', '--stdin'], leftOut.map((name) => name + '\0').join(''));
}
