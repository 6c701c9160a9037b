// settings.ts - what a person has set for a project on this machine, in .rr/settings. Runs nothing.
//
// Lines of "Name: value", for a person to read and edit:
//
//   Reuse: yes          runs are reused without being asked to each time
//   Cache: FOLDER       from this folder, relative to the project or absolute; without it from .rr
//   Place: INODE TIME   of .rr/place: inode, and time of change in seconds since 1970
//
// A project may come from a stranger, with a .rr in it, and then nothing may be written where a line of
// it says. So the settings count only while Place is true (describeOwnPlace).
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnds } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { joinNames } from '../core/names.ts';
import { decodeText, encodeText } from '../formats/percent.ts';
import { lstatIfThere, passOverForbidden, readBytesIfThere, removeIfThere, replaceFile, statIfThere } from './files.ts';
import { resolveLinks } from './machine.ts';
import { describeOwnPlace, makePlace, prepareOwnFolder } from './project.ts';
import type { Project } from './project.ts';
import { tell } from './terminal.ts';

/** That runs are reused, and from where: a cache (absolute), or undefined: .rr of the project. */
export type ReuseChoice = {
  cache: ByteString | undefined;
  /** Programs, libraries and packages must be the same, too. */
  hasEnvironment: boolean;
};

/** What a command line says of reuse. */
export type ReuseWish = {
  isAsked: boolean;
  isRefused: boolean;
  /** A folder, as given. */
  cache: ByteString | undefined;
  hasEnvironment: boolean;
};

let isForeignTold = false;

/** The settings by their names; undefined if there are none, or those of another place, which is told. */
function readProjectSettings(project: Project): Map<string, ByteString> | undefined {
  const text = lstatIfThere(project.own + '/settings')?.isFile() === true ? passOverForbidden(() => readBytesIfThere(project.own + '/settings')) : undefined;
  if (text === undefined) return undefined;
  const settings = new Map<string, ByteString>();
  for (const line of text.split('\n')) {
    const parts = /^([A-Z][a-z]+):(.*)$/.exec(line);
    if (parts !== null) settings.set(parts[1], decodeText(dropAtEnds(parts[2], ' ')));
    else if (!/^\s*(?:#|$)/.test(line)) tell('rr: .rr/settings: not "Name: value": ' + line);
  }
  const place = describeOwnPlace(project);
  if (place !== undefined && settings.get('Place') === place) return settings;
  if (!isForeignTold) tell('rr: .rr/settings was not made for this copy of the project, and does not count; make it anew by "rr init --reuse", or remove it');
  isForeignTold = true;
  return undefined;
}

/** Sets that runs of the project are reused; `cache` is a folder as given, relative to `current`. */
export function setReuse(project: Project, current: ByteString, cache: ByteString | undefined): void {
  const folder = cache === undefined ? undefined : findCacheFolder(current, cache);
  if (folder !== undefined && statIfThere(folder)?.isDirectory() !== true) {
    throw new Failure('cannot use the cache "' + String(cache) + '": there is no such folder', 'make it, with the rights that those who share it are to have', EXIT.usage);
  }
  prepareOwnFolder(project);
  const lines = ['Reuse: yes'].concat(folder === undefined ? [] : 'Cache: ' + encodeText(folder), 'Place: ' + String(makePlace(project)));
  replaceFile(project.own + '/settings', lines.join('\n') + '\n', true);
}

/** Undoes setReuse(). False if nothing was set. */
export function unsetReuse(project: Project): boolean {
  const isSet = lstatIfThere(project.own + '/settings') !== undefined;
  removeIfThere(project.own + '/settings');
  return isSet;
}

/** What is set for the project: whether runs are reused, and the cache (absolute), if it is not .rr. */
export function readReuseSettings(project: Project): { isReused: boolean; cache: ByteString | undefined } {
  const settings = readProjectSettings(project);
  const cache = settings?.get('Cache');
  return { isReused: settings?.get('Reuse') === 'yes', cache: cache === undefined ? undefined : findCacheFolder(project.root, cache) };
}

function findCacheFolder(current: ByteString, given: ByteString): ByteString {
  return resolveLinks(joinNames(current, given));
}

/** Whether runs are reused: by the command line, or else by what is set for the project. undefined: they are not. */
export function chooseReuse(project: Project, current: ByteString, wish: ReuseWish): ReuseChoice | undefined {
  const { hasEnvironment } = wish;
  if (wish.isRefused && (wish.isAsked || wish.cache !== undefined)) throw new Failure('cannot use --no-reuse with ' + (wish.isAsked ? '--reuse' : '--cache'), 'say one of them', EXIT.usage);
  if (wish.isRefused) return undefined;
  if (wish.cache !== undefined) return { cache: findCacheFolder(current, wish.cache), hasEnvironment };
  const { isReused, cache } = readReuseSettings(project);
  return wish.isAsked || isReused ? { cache, hasEnvironment } : undefined;
}
