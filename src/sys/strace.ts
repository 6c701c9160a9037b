// strace.ts - finds out whether strace works here, and how it is called. Knows nothing of its lines.
import type { ByteString } from '../core/bytes.ts';
import { TRACED_CALLS } from '../formats/strace.ts';
import { pauseMs, readMonotonicMs } from './clock.ts';
import { errorCode, passOverForbidden, readBytesIfThere, removeIfThere, replaceFile, statIfThere, toBytes, toFsPath } from './files.ts';
import { findProgram } from './machine.ts';
import { childProcess, fs, os } from './node.ts';
import { toSpawnArguments } from './spawnwords.ts';
import type { Project } from './project.ts';

export type StraceSearch =
  | { kind: 'works'; program: ByteString; version: string; hasFilter: boolean }
  /** `isNews`: it was found out just now, not remembered from an earlier run. */
  | { kind: 'fails'; why: string; isNews: boolean };

/**
 * The words before the command. -D: strace stays apart, so that the command has the parent and the
 * process id that it would have without it. --seccomp-bpf: only the calls asked for stop the
 * command. -y: the kernel's own name for each descriptor, links resolved. The longest argument
 * that Linux passes has 131,072 bytes.
 */
export function straceCommand(program: ByteString, hasFilter: boolean, output: ByteString): ByteString[] {
  return [program, '-D', '-f'].concat(hasFilter ? ['--seccomp-bpf'] : [], ['-q', '-y', '-ttt', '-s', '131072', '-e', 'trace=' + TRACED_CALLS, '-o', output, '--']);
}

/** What the outcome of a trial depends on: the program, the kernel, and what this container allows. */
function describePlace(program: ByteString): ByteString {
  const stat = statIfThere(program);
  const status = readBytesIfThere('/proc/self/status') ?? '';
  const pick = (name: string): string => new RegExp('^' + name + ':\\s*(.*)$', 'm').exec(status)?.[1] ?? '';
  const spaces = ['user', 'pid'].map((name) => {
    try {
      return fs.readlinkSync('/proc/self/ns/' + name);
    } catch (error) {
      return errorCode(error);
    }
  });
  const yama = (readBytesIfThere('/proc/sys/kernel/yama/ptrace_scope') ?? '').trim();
  return [program, stat?.ino, stat?.size, stat?.mtimeMs, os().release(), pick('Uid'), pick('CapEff'), pick('Seccomp'), pick('NoNewPrivs'), yama].concat(spaces).join(' ').replace(/\s+/g, ' ');
}

const TRIAL_MS = 2000;
const TRIAL_POLL_MS = 2;

/** Runs ":" under strace. The tracer ends after the command, so its last line may come a little later. */
function tryStrace(program: ByteString, hasFilter: boolean, output: ByteString): string | undefined {
  removeIfThere(output);
  const argv = toSpawnArguments(straceCommand(program, hasFilter, output).concat('/bin/sh', '-c', ':'));
  const done = childProcess().spawnSync(argv[0], argv.slice(1), { stdio: ['ignore', 'ignore', 'pipe'], timeout: TRIAL_MS, encoding: 'latin1' });
  const endMs = readMonotonicMs() + (done.status === 0 && done.stderr === '' ? TRIAL_MS : 0);
  for (;;) {
    const text = readBytesIfThere(output) ?? '';
    if (/ execve\("/.test(text) && text.endsWith('+++ exited with 0 +++\n')) return undefined;
    if (readMonotonicMs() > endMs) break;
    pauseMs(TRIAL_POLL_MS);
  }
  const lines = (done.stderr ?? '').split('\n').filter((line) => line !== '');
  return (lines[lines.length - 1] ?? 'it traced nothing').replace(/^\S*strace: /, '');
}

/** Tries strace once for each place and remembers the outcome in .rr/tracer. */
export function findStrace(project: Project): StraceSearch {
  if (process.platform !== 'linux') return { kind: 'fails', why: 'strace is for Linux', isNews: false };
  const found = findProgram('strace', '/');
  const tracer = /^TracerPid:\s*(\d+)/m.exec(readBytesIfThere('/proc/self/status') ?? '');
  if (tracer !== null && tracer[1] !== '0') return { kind: 'fails', why: 'rr itself is being traced', isNews: true };
  const memory = project.own + '/tracer';
  const known = (passOverForbidden(() => readBytesIfThere(memory)) ?? '').split('\n');
  if (found.kind !== 'found') {
    if (known[0] !== 'none') remember(memory, 'none\n');
    return { kind: 'fails', why: 'there is no strace', isNews: known[0] !== 'none' };
  }
  const place = describePlace(found.name);
  if (known[0] === place && known.length >= 2) return readMemory(found.name, known[1]);
  const output = project.own + '/running/trial-' + String(process.pid);
  let problem = tryStrace(found.name, true, output);
  const hasFilter = problem === undefined;
  // Before 5.3 strace could not filter, and stopped the command at every system call.
  if (problem !== undefined) problem = tryStrace(found.name, false, output) === undefined ? undefined : problem;
  removeIfThere(output);
  const version = problem === undefined ? readVersion(found.name) : '';
  const outcome = problem === undefined ? 'works ' + version + (hasFilter ? ' filter' : '') : 'fails ' + problem;
  remember(memory, place + '\n' + outcome + '\n');
  const search = readMemory(found.name, outcome);
  return search.kind === 'fails' ? { ...search, isNews: true } : search;
}

function readMemory(program: ByteString, outcome: ByteString): StraceSearch {
  const works = /^works (\S+)( filter)?$/.exec(outcome);
  if (works !== null) return { kind: 'works', program, version: works[1], hasFilter: works[2] !== undefined };
  return { kind: 'fails', why: 'strace cannot trace here: ' + outcome.replace(/^fails /, ''), isNews: false };
}

function readVersion(program: ByteString): string {
  const done = childProcess().spawnSync(toFsPath(program).toString(), ['-V'], { encoding: 'latin1' });
  return toBytes(/version (\S+)/.exec(done.stdout ?? '')?.[1] ?? 'unknown');
}

function remember(name: ByteString, text: ByteString): void {
  try {
    replaceFile(name, text, false);
  } catch (error) {
    if (errorCode(error) === '') throw error; // tried again next time
  }
}
