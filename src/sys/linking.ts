// linking.ts - the shared libraries that a program would load, found as ld.so(8) finds them. Starts nothing.
//
// Kept out, because rare: LD_AUDIT, filters (DT_FILTER), the folders for older hardware that glibc
// 2.37 took out ("tls", "haswell"), and what a program loads by dlopen(3), which only a trace shows.
import type { ByteString } from '../core/bytes.ts';
import { dropEndSlashes, folderOfName } from '../core/names.ts';
import { compareBytes } from '../core/bytes.ts';
import { parseLibraryCache } from '../formats/ldcache.ts';
import type { CachedLibrary } from '../formats/ldcache.ts';
import type { BinaryFacts } from './binaries.ts';
import { errorCode, listFolder, readBytesIfThere, statIfThere, toFsPath } from './files.ts';
import { resolveLinks } from './machine.ts';
import { fs } from './node.ts';

export type LinkedLibraries = {
  /** Absolute, links resolved, with the loaders themselves; sorted by bytes. */
  libraries: ByteString[];
  /** Names that were asked for, there or not: were one of them another, the answer might be another. */
  looked: ByteString[];
  missing: { name: ByteString; neededBy: ByteString }[];
};

export type LinkRequest = {
  programs: ByteString[];
  /** Facts of a file; undefined if it is no ELF file. */
  read: (name: ByteString) => BinaryFacts | undefined;
  /** Values of LD_LIBRARY_PATH and LD_PRELOAD, '' if not set. */
  libraryPath: ByteString;
  preload: ByteString;
  /** Folder of the run, for names that are relative. */
  folder: ByteString;
};

/** A program or library as loaded; `name` as it was found, links not resolved. */
type LoadedObject = { name: ByteString; facts: BinaryFacts; loader: LoadedObject | undefined };

/** What holds for one program and all that it loads. */
type LoadPlan = {
  request: LinkRequest;
  main: LoadedObject;
  isMusl: boolean;
  /** From LD_LIBRARY_PATH; none for a program that runs as another user. */
  folders: ByteString[];
  /** Of the loader: '' is /lib and /etc; else Guix, Nix, a prefix. */
  base: ByteString;
  looked: Set<ByteString>;
  /** Folder -> has it glibc-hwcaps/? */
  hasLevels: Map<ByteString, boolean>;
};

// A program made to be searched for without end is given up; real ones ask for some hundred names.
const MOST_LOOKED = 20000;

// glibc, "Hardware capabilities": the microarchitecture levels of the x86-64 psABI, best first. Each needs those below it.
const X86_LEVELS = [
  { name: 'x86-64-v4', flags: ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'] },
  { name: 'x86-64-v3', flags: ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe', 'xsave'] },
  { name: 'x86-64-v2', flags: ['cx16', 'lahf_lm', 'popcnt', 'sse4_1', 'sse4_2', 'ssse3'] },
];

let levelsHere: ByteString[] | undefined;

/** Folders below glibc-hwcaps/ that this machine takes, best first. */
function readLevelsHere(): ByteString[] {
  if (levelsHere !== undefined) return levelsHere;
  const flags = /^flags\s*:(.*)$/m.exec(readBytesIfThere('/proc/cpuinfo') ?? '');
  const has = new Set(flags === null ? [] : flags[1].split(' '));
  const rising = X86_LEVELS.slice().reverse();
  const lacking = rising.findIndex((level) => !level.flags.every((flag) => has.has(flag)));
  levelsHere = (lacking < 0 ? rising : rising.slice(0, lacking)).map((level) => level.name).reverse();
  return levelsHere;
}

const libraryCaches = new Map<ByteString, Map<ByteString, CachedLibrary[]>>();
const LARGEST_CACHE_BYTES = 64 << 20;

function readLibraryCache(name: ByteString): Map<ByteString, CachedLibrary[]> {
  let libraries = libraryCaches.get(name);
  if (libraries === undefined) {
    const stat = statIfThere(name);
    const isRead = stat !== undefined && stat.isFile() && stat.size <= LARGEST_CACHE_BYTES;
    libraries = isRead ? parseLibraryCache(readOrNothing(name)) : new Map<ByteString, CachedLibrary[]>();
    libraryCaches.set(name, libraries);
  }
  return libraries;
}

function readOrNothing(name: ByteString): Uint8Array {
  try {
    return fs.readFileSync(toFsPath(name));
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return new Uint8Array(0);
  }
}

let tripletsHere: ByteString[] | undefined;

/** Debian's folders per architecture below lib/: "x86_64-linux-gnu". */
function listTriplets(): ByteString[] {
  tripletsHere = tripletsHere ?? listFolder('/usr/lib').filter((name) => /-linux-(?:gnu|musl)/.test(name)).sort(compareBytes);
  return tripletsHere;
}

/**
 * The folders that an entry of a search path stands for. $LIB is lib, lib64 or lib/TRIPLET, as the
 * loader was built: all are tried, and a file of the wrong architecture is none. An empty entry is
 * the current folder.
 */
function expandFolder(entry: ByteString, object: LoadedObject, folder: ByteString): ByteString[] {
  const machine = object.facts.machine.replace('-', '_');
  const one = entry.replace(/\$(?:ORIGIN|\{ORIGIN\})/g, () => folderOfName(object.name)).replace(/\$(?:PLATFORM|\{PLATFORM\})/g, () => machine);
  const withLib = /\$(?:LIB|\{LIB\})/.test(one)
    ? listTriplets().map((triplet) => 'lib/' + triplet).concat('lib64', 'lib').map((lib) => one.replace(/\$(?:LIB|\{LIB\})/g, lib))
    : [one];
  return withLib.map((name) => (name === '' ? folder : name[0] === '/' ? name : folder + '/' + name)).map((name) => dropEndSlashes(name) || '/');
}

function expandFolders(entries: ByteString[], object: LoadedObject, folder: ByteString): ByteString[] {
  const found: ByteString[] = [];
  for (const list of entries) for (const entry of list.split(':')) found.push(...expandFolder(entry, object, folder));
  return found;
}

/** The library if it is there and of the program's architecture. */
function tryLibrary(name: ByteString, loader: LoadedObject, plan: LoadPlan): LoadedObject | undefined {
  if (plan.looked.size >= MOST_LOOKED) return undefined;
  plan.looked.add(name);
  const facts = plan.request.read(name);
  if (facts === undefined || facts.bits !== plan.main.facts.bits || facts.machine !== plan.main.facts.machine) return undefined;
  return { name, facts, loader };
}

function hasLevelFolder(folder: ByteString, plan: LoadPlan): boolean {
  let has = plan.hasLevels.get(folder);
  if (has === undefined) {
    has = !plan.isMusl && statIfThere(folder + '/glibc-hwcaps') !== undefined;
    plan.hasLevels.set(folder, has);
  }
  return has;
}

function tryFolders(folders: ByteString[], name: ByteString, loader: LoadedObject, plan: LoadPlan): LoadedObject | undefined {
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
function listChainFolders(object: LoadedObject, plan: LoadPlan): ByteString[] {
  const chain: LoadedObject[] = [];
  for (let at: LoadedObject | undefined = object; at !== undefined; at = at.loader) chain.push(at);
  if (chain.indexOf(plan.main) < 0) chain.push(plan.main);
  const folders: ByteString[] = [];
  for (const one of chain) if (one.facts.runpath.length === 0) folders.push(...expandFolders(one.facts.rpath, one, plan.request.folder));
  return folders;
}

function tryLibraryCache(name: ByteString, loader: LoadedObject, plan: LoadPlan): LoadedObject | undefined {
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

function listDefaultFolders(base: ByteString): ByteString[] {
  const roots = base === '' ? ['/lib', '/usr/lib'] : [base + '/lib'];
  const folders: ByteString[] = [];
  if (base === '') for (const triplet of listTriplets()) for (const root of roots) folders.push(root + '/' + triplet);
  for (const suffix of ['64', '', '32', 'x32']) for (const root of roots) folders.push(root + suffix);
  return folders;
}

/** ld.so(8), in the order of its section DESCRIPTION. */
function findByGlibc(name: ByteString, loader: LoadedObject, plan: LoadPlan): LoadedObject | undefined {
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
function findByMusl(name: ByteString, loader: LoadedObject, plan: LoadPlan): LoadedObject | undefined {
  const interpreter = plan.main.facts.interpreter ?? '';
  if (MUSL_OWN.test(name)) return tryLibrary(interpreter, loader, plan);
  const folders = plan.folders.slice();
  for (let at: LoadedObject | undefined = loader; at !== undefined; at = at.loader) {
    folders.push(...expandFolders(at.facts.runpath.length > 0 ? at.facts.runpath : at.facts.rpath, at, plan.request.folder));
  }
  const pathFile = '/etc/' + interpreter.slice(interpreter.lastIndexOf('/') + 1).replace(/\.so[^]*$/, '.path');
  plan.looked.add(pathFile);
  const listed = readBytesIfThere(pathFile);
  const system = (listed ?? '/lib:/usr/local/lib:/usr/lib').split(/[:\n]/).filter((entry) => entry !== '');
  return tryFolders(folders.concat(system), name, loader, plan);
}

function findLibrary(name: ByteString, loader: LoadedObject, plan: LoadPlan): LoadedObject | undefined {
  if (name.indexOf('/') >= 0) return tryLibrary(expandFolder(name, loader, plan.request.folder)[0], loader, plan);
  return plan.isMusl ? findByMusl(name, loader, plan) : findByGlibc(name, loader, plan);
}

function makeLoadPlan(request: LinkRequest, program: ByteString, looked: Set<ByteString>): LoadPlan | undefined {
  const facts = request.read(program);
  if (facts === undefined || facts.interpreter === undefined) return undefined;
  const main: LoadedObject = { name: program, facts, loader: undefined };
  // A program that gets another user's rights is not told where to look (ld.so(8), "secure-execution mode").
  const isSecure = ((statIfThere(program)?.mode ?? 0) & 0o6000) !== 0;
  const prefix = folderOfName(folderOfName(facts.interpreter));
  const plan: LoadPlan = {
    request, main, looked, hasLevels: new Map(), isMusl: /\/ld-musl-[^/]*$/.test(facts.interpreter), folders: [],
    base: ['/', '/usr', '/lib', '/usr/lib'].indexOf(prefix) >= 0 ? '' : prefix,
  };
  if (!isSecure && request.libraryPath !== '') plan.folders = expandFolders(request.libraryPath.split(plan.isMusl ? /[:\n]/ : /[:;]/), main, request.folder);
  return plan;
}

/** Libraries that are loaded before any that the program needs; their names, or paths. */
function listPreloaded(plan: LoadPlan): ByteString[] {
  const isSecure = ((statIfThere(plan.main.name)?.mode ?? 0) & 0o6000) !== 0;
  const own = isSecure ? [] : plan.request.preload.split(/[: ]/);
  if (plan.isMusl) return own.filter((name) => name !== '');
  plan.looked.add('/etc/ld.so.preload');
  return own.concat((readBytesIfThere('/etc/ld.so.preload') ?? '').replace(/#.*/g, '').split(/[: \t\n]+/)).filter((name) => name !== '');
}

/** What one program loads, breadth first as the loader goes: that decides which object's RPATH counts. */
function walkProgram(plan: LoadPlan, found: Set<ByteString>, missing: LinkedLibraries['missing']): void {
  const loader = tryLibrary(plan.main.facts.interpreter ?? '', plan.main, plan);
  if (loader === undefined) missing.push({ name: plan.main.facts.interpreter ?? '', neededBy: plan.main.name });
  else found.add(resolveLinks(loader.name));
  // A name that an object was asked for by, or that it calls itself, is not looked for again.
  const known = new Set<ByteString>(loader === undefined || loader.facts.soname === undefined ? [] : [loader.facts.soname]);
  const queue: LoadedObject[] = [];
  const load = (name: ByteString, from: LoadedObject, isRequired: boolean): void => {
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
export function findLinkedLibraries(request: LinkRequest): LinkedLibraries {
  const found = new Set<ByteString>();
  const looked = new Set<ByteString>();
  const missing: LinkedLibraries['missing'] = [];
  for (const program of request.programs) {
    const plan = makeLoadPlan(request, program, looked);
    if (plan !== undefined) walkProgram(plan, found, missing);
  }
  return { libraries: Array.from(found).sort(compareBytes), looked: Array.from(looked).sort(compareBytes), missing };
}
