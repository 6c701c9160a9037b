// swhidpath.ts - the SWHID of a name on the disk, with what git knows of it: where it is in a commit, and in what others see it otherwise. Prints nothing.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { findGitSetting, findRemoteUrl, isGitTrue } from '../formats/gitconfig.ts';
import { hexFromBytes } from '../formats/gitindex.ts';
import { makeHarmless } from '../formats/percent.ts';
import { originOfRemote, printSwhid } from '../formats/swhid.ts';
import type { SwhidKind, SwhidQualifiers } from '../formats/swhid.ts';
import { lstatIfThere, readLinkTarget, statIfThere } from './files.ts';
import { findCommitEntry } from './gitobjects.ts';
import type { KnownTrees } from './gitobjects.ts';
import { findCommit } from './gitrefs.ts';
import type { GitRepository } from './gitrepo.ts';
import { findRepository } from './gitrepo.ts';
import { resolveLinks } from './machine.ts';
import { hashSwhidObject, identifyContent, swhidOfFolder } from './swhid.ts';
import type { Remark } from './swhid.ts';
import { findTracked, readTrackedFiles, swhidOfTracked } from './trackedfiles.ts';
import type { TrackedFiles } from './trackedfiles.ts';

/** `remarks`: in what it is otherwise for git or for others, a sentence each without a full stop. */
export type NamedPath = { kind: SwhidKind; hex: string; qualifiers: SwhidQualifiers; remarks: ByteString[] };

export type PathChoice = { /** Only what git tracks. */ isTracked: boolean; /** A link itself, not what it leads to. */ isLink: boolean };

/** A repository, its HEAD and origin; what was read of its trees and of its index. */
type Home = { repository: GitRepository; commit: string | undefined; origin: ByteString | undefined; trees: KnownTrees; tracked: TrackedFiles | undefined };

function trackedOf(home: Home): TrackedFiles {
  home.tracked = home.tracked ?? readTrackedFiles(home.repository);
  return home.tracked;
}

/** "3 files are changed: a, b, c": at most three names, as they can be shown. */
export function nameUpToThree(remark: Remark, one: string, many: string): ByteString {
  const { count, paths } = remark;
  return (count === 1 ? '1 ' + one : String(count) + ' ' + many) + ': ' + paths.map(makeHarmless).join(', ') + (count > paths.length ? ', ...' : '');
}

/** Names things on the disk; repositories are read once. */
export class PathNamer {
  private readonly homes = new Map<ByteString, Home | undefined>();

  /** The repository that a folder (absolute, without links) lies in. One that cannot be read is none. */
  private homeOf(folder: ByteString): Home | undefined {
    if (this.homes.has(folder)) return this.homes.get(folder);
    let home: Home | undefined;
    try {
      const repository = findRepository(folder);
      if (repository !== undefined) {
        const head = findCommit(repository, 'HEAD');
        home = { repository, commit: head, origin: originOfRemote(findRemoteUrl(repository.settings, undefined)), trees: { roots: new Map(), entries: new Map() }, tracked: undefined };
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
    this.homes.set(folder, home);
    return home;
  }

  /** Where HEAD's commit has this very object under this name; nothing if it has not. */
  private findPlace(home: Home | undefined, name: ByteString, hex: string): SwhidQualifiers {
    if (home?.commit === undefined || home.commit.length !== 40) return {};
    const path = name === home.repository.top ? '' : name.slice(home.repository.top.length + 1);
    const entry = findCommitEntry(home.repository, home.commit, path, home.trees);
    return entry?.id === hex ? { origin: home.origin, anchor: printSwhid('rev', home.commit), path: '/' + path } : {};
  }

  /** `name` is absolute. Throws Failure if it cannot be read, or is no content and no folder. */
  name(name: ByteString, choice: PathChoice): NamedPath {
    const isLink = choice.isLink && lstatIfThere(name)?.isSymbolicLink() === true;
    const cut = name.lastIndexOf('/');
    const real = isLink ? resolveLinks(name.slice(0, cut) || '/') + name.slice(cut) : resolveLinks(name);
    const stat = isLink ? lstatIfThere(real) : statIfThere(real);
    if (stat === undefined) throw new Failure('cannot name "' + name + '": there is no such file or folder');
    const home = this.homeOf(stat.isDirectory() && !isLink ? real : real.slice(0, real.lastIndexOf('/')) || '/');
    if (isLink) {
      const hex = hashSwhidObject('blob', readLinkTarget(real));
      return { kind: 'cnt', hex, qualifiers: this.findPlace(home, real, hex), remarks: [] };
    }
    if (stat.isDirectory()) {
      const named = choice.isTracked ? nameTracked(home, real) : nameFolderHere(home, real);
      return { kind: 'dir', ...named, qualifiers: this.findPlace(home, real, named.hex) };
    }
    if (!stat.isFile()) throw new Failure('cannot name "' + name + '": neither a regular file nor a folder');
    const { hex } = identifyContent(real);
    return { kind: 'cnt', hex, qualifiers: this.findPlace(home, real, hex), remarks: remarkOnFile(home, real, hex) };
  }
}

/** A tracked file that did not change, but that git keeps with other bytes. */
function remarkOnFile(home: Home | undefined, name: ByteString, hex: string): ByteString[] {
  if (home === undefined || home.repository.algorithm !== 'sha1') return [];
  const tracked = trackedOf(home);
  const path = name.slice(home.repository.top.length + 1);
  const entry = findTracked(tracked, path);
  return entry === undefined || tracked.suspects.has(path) || hexFromBytes(entry.id) === hex ? []
    : ['git keeps ' + makeHarmless(path) + ' with other ends of lines or through a filter: there it is ' + printSwhid('cnt', hexFromBytes(entry.id))];
}

function nameTracked(home: Home | undefined, name: ByteString): { hex: string; remarks: ByteString[] } {
  if (home === undefined) throw new Failure('cannot name what is tracked in "' + name + '": it is in no work tree of git');
  const { repository } = home;
  const tracked = trackedOf(home);
  const { hex, changed, submodules } = swhidOfTracked(tracked, name === repository.top ? '' : name.slice(repository.top.length + 1) + '/');
  const remarks: ByteString[] = [];
  if (changed.length > 0 && mayConvert(repository)) {
    remarks.push(nameUpToThree({ count: changed.length, paths: changed.slice(0, 3) }, 'changed file is taken byte for byte', 'changed files are taken byte for byte') + '; git may keep other ends of lines, or what a filter gives');
  }
  if (submodules.length > 0) remarks.push(nameUpToThree({ count: submodules.length, paths: submodules.slice(0, 3) }, 'submodule counts as the commit that is checked out in it', 'submodules count as the commits that are checked out in them'));
  return { hex, remarks };
}

/** May git's files be other than they lie here? */
function mayConvert(repository: GitRepository): boolean {
  const autocrlf = findGitSetting(repository.settings, 'core', '', 'autocrlf');
  return statIfThere(repository.top + '/.gitattributes') !== undefined || autocrlf?.toLowerCase() === 'input' || isGitTrue(autocrlf, false);
}

function nameFolderHere(home: Home | undefined, name: ByteString): { hex: string; remarks: ByteString[] } {
  const untracked: Remark = { count: 0, paths: [] };
  const otherwise: Remark = { count: 0, paths: [] };
  const leftOut: Remark = { count: 0, paths: [] };
  const add = (remark: Remark, path: ByteString): void => {
    remark.count += 1;
    if (remark.paths.length < 3) remark.paths.push(path);
  };
  const tracked = home === undefined ? undefined : trackedOf(home);
  const prefix = home === undefined || name === home.repository.top ? '' : name.slice(home.repository.top.length + 1) + '/';
  const { hex, remarks } = swhidOfFolder(name, {
    isLeftOut: (path) => {
      const isOwn = /(?:^|\/)\.rr$/.test(path);
      if (isOwn) add(leftOut, path);
      return isOwn;
    },
    take: (path, mode, id) => {
      const entry = tracked === undefined ? undefined : findTracked(tracked, prefix + path);
      if (tracked !== undefined && entry === undefined) add(untracked, path);
      else if (entry !== undefined && entry.id.length === 20 && (hexFromBytes(entry.id) !== id || entry.mode !== mode)) add(otherwise, path);
    },
  });
  if (lstatIfThere(name + '/.git') !== undefined) add(leftOut, '.git');
  const said: ByteString[] = [];
  const say = (remark: Remark, one: string, many: string, what: string): void => {
    if (remark.count > 0) said.push(nameUpToThree(remark, one, many) + what);
  };
  say(leftOut, 'name is left out', 'names are left out', '');
  say(remarks.empty, 'folder has nothing in it', 'folders have nothing in them', '; git would leave ' + (remarks.empty.count === 1 ? 'it' : 'them') + ' out');
  say(remarks.executable, 'file can be executed, but not by its owner', 'files can be executed, but not by their owner', '; a plain file here and for git, an executable one for swh-model');
  say(remarks.special, 'name is neither file nor folder nor link and is left out', 'names are neither file nor folder nor link and are left out', '');
  say(remarks.repository, 'folder is a repository of its own', 'folders are repositories of their own', '; for git a submodule or nothing, here a folder of files');
  say(untracked, 'file is not tracked by git', 'files are not tracked by git', '; --tracked leaves ' + (untracked.count === 1 ? 'it' : 'them') + ' out');
  say(otherwise, 'file is not as in the index of git', 'files are not as in the index of git', '; changed, or kept there with other ends of lines or through a filter');
  return { hex, remarks: said };
}
