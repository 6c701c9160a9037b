// author.ts - the name of the person who notes. Starts no program, and gives no address and no host.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { findGitSetting, parseGitConfig } from '../formats/gitconfig.ts';
import type { GitSetting } from '../formats/gitconfig.ts';
import { errorCode, readRegularIfThere, toBytes } from './files.ts';
import { findRepository } from './gitrepo.ts';
import { os } from './node.ts';
import type { Project } from './project.ts';

/** A name in one line, without what stands in <> and without words that hold an "@"; '' if nothing is left. */
export function cleanAuthor(name: ByteString): ByteString {
  return name.replace(/<[^>]*>?/g, ' ').split(/[\0-\x20\x7f]+/).filter((word) => word !== '' && word.indexOf('@') < 0).join(' ');
}

function readRepositorySettings(project: Project): GitSetting[] {
  try {
    return findRepository(project.root)?.settings ?? [];
  } catch (error) {
    if (error instanceof Failure || errorCode(error) !== '') return []; // a repository that cannot be read has no say
    throw error;
  }
}

function readSettings(name: ByteString): GitSetting[] {
  try {
    return parseGitConfig(readRegularIfThere(name) ?? '');
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return [];
  }
}

function readLoginName(): ByteString {
  try {
    return toBytes(os().userInfo().username);
  } catch (error) {
    return toBytes(process.env.LOGNAME ?? process.env.USER ?? ''); // a user without an entry in the list of users
  }
}

/**
 * $RR_AUTHOR, else git's user.name (of the repository, of the user), else the login name. Files that
 * git's configuration includes are not read.
 */
export function findAuthor(project: Project): ByteString {
  const home = toBytes(process.env.HOME ?? '');
  const configured = toBytes(process.env.XDG_CONFIG_HOME ?? '');
  const nameIn = (settings: GitSetting[]): ByteString => findGitSetting(settings, 'user', '', 'name') ?? '';
  // In the order in which one overrides the other in git.
  const sources: (() => ByteString)[] = [
    () => toBytes(process.env.RR_AUTHOR ?? ''),
    () => nameIn(readRepositorySettings(project)),
    () => (home === '' ? '' : nameIn(readSettings(home + '/.gitconfig'))),
    () => (home + configured === '' ? '' : nameIn(readSettings((configured === '' ? home + '/.config' : configured) + '/git/config'))),
    readLoginName,
  ];
  for (const source of sources) {
    const name = cleanAuthor(source());
    if (name !== '') return name;
  }
  return 'unknown';
}
