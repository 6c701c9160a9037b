// machine.ts - facts about the machine, the program and the environment of a run. Knows no records.
import type { ByteString } from '../core/bytes.ts';
import { encodeText } from '../formats/percent.ts';
import { fs, os } from './node.ts';
import { errorCode, listFolder, readBytesIfThere, readFirstBytes, statIfThere, toBytes, toFsPath } from './files.ts';
import type { VariableSet } from './spawnwords.ts';

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
export function readArgumentBytes(count: number): ByteString[] {
  const asText = process.argv.slice(process.argv.length - count);
  if (count === 0 || !asText.some((argument) => argument.indexOf('\ufffd') >= 0)) return asText.map(toBytes);
  const line = readBytesIfThere('/proc/self/cmdline');
  if (line === undefined) return asText.map(toBytes);
  const all = line.split('\0').slice(0, -1);
  return all.slice(all.length - count);
}

/** The current folder as bytes, links resolved. Throws if it is gone. */
export function readCurrentFolder(): ByteString {
  const asText = process.cwd();
  if (asText.indexOf('\ufffd') < 0) return toBytes(asText);
  return fs.readlinkSync('/proc/self/cwd', 'latin1' as BufferEncoding) as unknown as ByteString;
}

/**
 * Has the parent process the same file on this descriptor? Then it is the log of a surrounding
 * script or batch job, which grows on, and no file that this command was given for itself. But some
 * shells (dash, busybox, mksh) redirect themselves while they wait for a command; they keep what
 * they had before as a descriptor from 10 up, and the file is at its beginning, or appended to.
 */
function isFromSurroundings(descriptor: number, stat: import('fs').Stats): boolean {
  const parent = '/proc/' + String(process.ppid);
  const program = readProcLink(parent + '/exe');
  const outer = statIfThere(parent + '/fd/' + String(descriptor));
  if (outer === undefined || outer.ino !== stat.ino || outer.dev !== stat.dev) return false;
  const own = readDescriptorInfo('/proc/self', String(descriptor));
  if (own === undefined || own.position > 0) return true;
  // These fork before they redirect a command: what they have themselves is their own.
  if (/\/(?:bash|zsh)$/.test(program)) return true;
  const kept = listFolder(parent + '/fd').filter((name) => Number(name) >= 10 && (readDescriptorInfo(parent, name)?.isKeptAside ?? false));
  if (descriptor < 2 || kept.length !== 1) return kept.length === 0;
  // One that was kept explains one redirection: that of standard output, if it looks like one, too.
  const place = readProcLink('/proc/self/fd/1');
  const isOutRedirected = place === readProcLink(parent + '/fd/1') && (place === '/dev/null' || (place[0] === '/' && readDescriptorInfo('/proc/self', '1')?.position === 0));
  return isOutRedirected && readProcLink(parent + '/fd/' + kept[0]) !== place;
}

function readProcLink(name: string): string {
  try {
    return fs.readlinkSync(name);
  } catch (error) {
    return '';
  }
}

/** What /proc tells of an open descriptor; undefined where it does not. */
function readDescriptorInfo(process1: string, descriptor: string): { position: number; isAppending: boolean; isKeptAside: boolean } | undefined {
  const parts = /^pos:\s+(\d+)\nflags:\s+([0-7]+)/.exec(readBytesIfThere(process1 + '/fdinfo/' + descriptor) ?? '');
  if (parts === null) return undefined;
  const flags = parseInt(parts[2], 8);
  // Kept aside by a shell: for writing, and closed in what it starts.
  return { position: Number(parts[1]), isAppending: (flags & 0o2000) !== 0, isKeptAside: (flags & 3) !== 0 && (flags & 0o2000000) !== 0 };
}

/** Path of the surroundings' log, if descriptor 1 or 2 is one: what the command prints ends up there. */
export function readSurroundingLog(descriptor: number): ByteString | undefined {
  try {
    const stat = fs.fstatSync(descriptor);
    if (!stat.isFile() || !isFromSurroundings(descriptor, stat)) return undefined;
    return fs.readlinkSync('/proc/self/fd/' + String(descriptor), 'latin1' as BufferEncoding) as unknown as ByteString;
  } catch (error) {
    return undefined;
  }
}

/**
 * Path of the file that descriptor 0, 1 or 2 was redirected to for this command, if it is a regular
 * file; undefined if it was not.
 */
export function readRedirect(descriptor: number): { path: ByteString; isAppending: boolean } | { path: undefined } | undefined {
  let stat: import('fs').Stats;
  try {
    stat = fs.fstatSync(descriptor);
  } catch (error) {
    return undefined;
  }
  if (!stat.isFile() || (descriptor > 0 && isFromSurroundings(descriptor, stat))) return undefined;
  try {
    const path = fs.readlinkSync('/proc/self/fd/' + String(descriptor), 'latin1' as BufferEncoding) as unknown as ByteString;
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
export function findInheritedDescriptors(): number[] {
  if (process.platform !== 'linux' || process.versions.bun !== undefined || process.versions.deno !== undefined) return [];
  const found: number[] = [];
  let isBeforeOwn = true;
  for (let descriptor = 3; descriptor <= LAST_CLOSED_BY_NODE; descriptor++) {
    const place = readProcLink('/proc/self/fd/' + String(descriptor));
    if (place.startsWith('anon_inode:[eventpoll]')) isBeforeOwn = false;
    else if (place !== '' && (isBeforeOwn || (place[0] === '/' && !place.startsWith('/dev/') && !place.startsWith('/proc/')))) found.push(descriptor);
  }
  return found;
}

export type Program =
  | { kind: 'found'; name: ByteString }
  | { kind: 'not-found' }
  | { kind: 'not-executable'; name: ByteString };

/** The file that running `command` in `folder` would start (execvp(3)), absolute, links resolved. */
export function findProgram(command: ByteString, folder: ByteString): Program {
  const { found, denied } = locateProgram(command, folder);
  if (found !== undefined) return { kind: 'found', name: resolveLinks(found) };
  return denied === undefined ? { kind: 'not-found' } : { kind: 'not-executable', name: denied };
}

/** The same by the name that it is started by; else one that may not be executed. */
function locateProgram(command: ByteString, folder: ByteString): { found?: ByteString; denied?: ByteString } {
  const candidates = command.indexOf('/') >= 0
    ? [command[0] === '/' ? command : folder + '/' + command]
    : toBytes(process.env.PATH ?? '/bin:/usr/bin').split(':').map((entry) => (entry === '' ? folder : entry[0] === '/' ? entry : folder + '/' + entry) + '/' + command);
  let denied: ByteString | undefined;
  for (const candidate of candidates) {
    const stat = statIfThere(candidate);
    if (stat === undefined || !stat.isFile()) continue;
    try {
      fs.accessSync(toFsPath(candidate), fs.constants.X_OK);
      return { found: candidate };
    } catch (error) {
      denied = candidate;
    }
  }
  return { denied };
}

/** What strace is to start: it looks in PATH alone, where execvp(3) knows what to do without. */
export function argumentsForTracer(argv: ByteString[], folder: ByteString): ByteString[] {
  const found = (process.env.PATH ?? '') === '' && argv[0].indexOf('/') < 0 ? locateProgram(argv[0], folder).found : undefined;
  return found === undefined ? argv : [found].concat(argv.slice(1));
}

export function resolveLinks(name: ByteString): ByteString {
  try {
    return fs.realpathSync.native(toFsPath(name), 'latin1' as BufferEncoding) as unknown as ByteString;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'].indexOf(errorCode(error)) >= 0) return name;
    throw error;
  }
}

/** The interpreters of a script, outermost first: #!/usr/bin/env python3 gives env and python3. */
export function findInterpreters(program: ByteString, folder: ByteString): ByteString[] {
  const found: ByteString[] = [];
  let next: ByteString | undefined = program;
  for (let depth = 0; next !== undefined && depth < 4; depth++) {
    const words: ByteString[] = readShebang(next);
    next = undefined;
    if (words.length === 0) break;
    found.push(resolveLinks(words[0]));
    next = words[0];
    if (/\/env$/.test(words[0])) {
      const name = words.slice(1).find((word) => word[0] !== '-' && word.indexOf('=') < 0);
      const program1: Program = name === undefined ? { kind: 'not-found' } : findProgram(name, folder);
      if (program1.kind === 'found') found.push(program1.name);
      next = program1.kind === 'found' ? program1.name : undefined;
    }
  }
  return found;
}

function readShebang(name: ByteString): ByteString[] {
  const line = readFirstBytes(name, 256).split('\n')[0];
  return line.startsWith('#!') ? line.slice(2).trim().split(/[ \t]+/).filter((word) => word !== '') : [];
}

// ---- the environment record -----------------------------------------------------------------------

function readOsName(): ByteString {
  for (const name of ['/etc/os-release', '/usr/lib/os-release']) {
    const parts = /^PRETTY_NAME=(?:"([^"]*)"|'([^']*)'|(.*))$/m.exec(readBytesIfThere(name) ?? '');
    if (parts !== null) return parts[1] ?? parts[2] ?? parts[3];
  }
  return os().type() + ' ' + os().release();
}

function readLimits(): ByteString[] {
  const lines = (readBytesIfThere('/proc/self/limits') ?? '').split('\n').slice(1);
  const limits: ByteString[] = [];
  for (const line of lines) {
    const parts = /^ (\S+) +(\S+)/.exec(line.slice(25));
    if (parts !== null) limits.push(line.slice(0, 25).trim() + ' ' + parts[1] + ' ' + parts[2]);
  }
  return limits;
}

/** Name -> value of the variables that are set, of a list of names. Values as bytes. */
export function readVariables(names: readonly string[], environment: VariableSet = process.env): { name: string; value: ByteString }[] {
  const found: { name: string; value: ByteString }[] = [];
  for (const name of names) {
    const value = environment[name];
    if (value !== undefined) found.push({ name, value: toBytes(value) });
  }
  return found;
}

/**
 * Text of the environment record (docs/record-format.txt, 6). `software` is lines as
 * describeSoftware() gives them. `spell` makes a variable's value fit for a record: it withholds
 * secrets and the project's place.
 */
export function describeEnvironment(software: ByteString, spell: (name: string, value: ByteString) => ByteString): ByteString {
  const uname = os();
  const cpus = uname.cpus();
  let text = '# rr environment record, format 1; described in provenance/README.txt\n';
  const add = (name: string, value: ByteString): void => {
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
