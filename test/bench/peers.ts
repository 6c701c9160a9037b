// peers.ts - where the peers are, how they are to behave, and which versions they are. Measures nothing.
import { spawnSync } from 'child_process';
import fs from 'fs';
import os from 'os';
import path from 'path';
import { cleanEnvironment, isInstalled } from './measure.ts';

/** How a program is asked for its version, where "--version" is not it. */
const ASKED: { [program: string]: string[] } = {
  openssl: ['version'], 'git-annex': ['version', '--raw'], 'git-lfs': ['version'], bmake: ['-V', 'MAKE_VERSION'], awk: ['-W', 'version'], time: ['--version'], strace: ['-V'], smt: ['version'],
};

/**
 * Settings of the peers, in a home folder of their own: a name for commits, and nothing that looks for
 * news in the network or works on in the background while another program is measured.
 */
export function settlePeers(home: string): void {
  fs.mkdirSync(path.join(home, '.config/dvc'), { recursive: true });
  fs.writeFileSync(path.join(home, '.gitconfig'), '[user]\n\tname = A. Author\n\temail = a@example.org\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[init]\n\tdefaultBranch = main\n');
  fs.writeFileSync(path.join(home, '.config/dvc/config'), '[core]\n    analytics = false\n    check_update = false\n');
  Object.assign(process.env, { HOME: home, XDG_CONFIG_HOME: path.join(home, '.config'), XDG_CACHE_HOME: path.join(home, '.cache'), DVC_NO_ANALYTICS: '1', DVC_SITE_CACHE_DIR: path.join(home, 'dvc'), REPROZIP_USAGE_STATS: 'off' });
  const peers = process.env.PEERS ?? path.resolve('.scratch/peers/bin');
  process.env.PATH = (process.env.PATH ?? '') + ':' + peers;
}

export const SETTINGS_WORDS = 'HOME is a folder of its own, with a name for git and gc.auto 0; DVC and ReproZip report no use and look for no updates.';

/** The version that a program tells; '' if it tells none. */
export function findVersion(program: string): string {
  if (program === 'node') return process.version.slice(1);
  if (!isInstalled(program)) return '';
  const done = spawnSync(program, ASKED[program] ?? ['--version'], { encoding: 'latin1', env: cleanEnvironment(), timeout: 20000, cwd: os.tmpdir() });
  const found = /\d+(?:\.\d+)+[\w.+-]*|\b\d{8}\b/.exec((done.stdout ?? '') + (done.stderr ?? ''));
  return found === null ? '' : found[0];
}

/** The program itself where PATH has only a script that looks for it (shims of version managers). */
export function findPython(): string {
  const done = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'latin1', env: cleanEnvironment(), timeout: 20000 });
  return done.status === 0 ? done.stdout.trim() : 'python3';
}

function readLine(file: string, pattern: RegExp): string {
  try {
    return pattern.exec(fs.readFileSync(file, 'latin1'))?.[1] ?? '';
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error;
    return '';
  }
}

/** What the figures depend on: processors, memory, system, file system, how busy it is. */
export function describeMachine(scratch: string): string[] {
  const cpus = os.cpus();
  const disk = isInstalled('df') ? spawnSync('df', ['--output=fstype', scratch], { encoding: 'utf8' }).stdout.trim().split('\n').pop()! : '';
  return [
    String(cpus.length) + ' processors, ' + (cpus[0]?.model ?? 'unknown').trim() + ', ' + (os.totalmem() / 1e9).toFixed(0) + ' GB of memory',
    [os.type() + ' ' + os.release(), readLine('/etc/os-release', /^PRETTY_NAME="?([^"\n]*)/m), disk === '' ? '' : disk + ' under TMPDIR'].filter((part) => part !== '').join(', '),
  ];
}
