// surroundings.ts - what this machine lets a repeat be surrounded by otherwise: locales, processors, programs. Changes nothing.
import type { ByteString } from '../core/bytes.ts';
import type { Run } from '../core/run.ts';
import type { VariationGround } from '../core/variations.ts';
import { isReplayedVariable } from '../core/variables.ts';
import { listFolder, makeFolder, readBytesIfThere, toBytes, toFsPath } from './files.ts';
import { childProcess, fs, os } from './node.ts';
import { toSpawnArguments } from './spawnwords.ts';
import { removeTree } from './scratch.ts';

function listLocales(): ByteString[] {
  const done = childProcess().spawnSync('locale', ['-a'], { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] });
  return done.status === 0 ? done.stdout.split('\n').filter((line) => line !== '') : [];
}

/** Numbers of the processors that this process may use. */
/** Numbers of the processors that this process may use. */
export function listProcessors(): number[] {
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readBytesIfThere('/proc/self/status') ?? '');
  if (allowed === null) return os().cpus().map((_, i) => i);
  const numbers: number[] = [];
  for (const range of allowed[1].split(',')) {
    const [first, last] = range.split('-').map(Number);
    for (let at = first; at <= (last ?? first); at++) numbers.push(at);
  }
  return numbers;
}

function readMachine(): ByteString {
  const done = childProcess().spawnSync('uname', ['-m'], { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] });
  return done.status === 0 ? done.stdout.trim() : '';
}

/** Do folders below `folder` list files in the order in which they were made? Tried with some. */
function isMakingOrderSeen(folder: ByteString): boolean {
  const names = ['k', 'b', 'q', 'a', 'z', 'f', 'm', 'c'];
  const listIn = (order: string[], name: string): string => {
    const probe = folder + '/' + name;
    makeFolder(probe);
    for (const one of order) fs.writeFileSync(toFsPath(probe + '/' + one), '');
    const listed = listFolder(probe).join();
    removeTree(probe);
    return listed;
  };
  return listIn(names, 'order-1') !== listIn(names.slice().reverse(), 'order-2');
}

function canPrefix(words: ByteString[]): boolean {
  const argv = toSpawnArguments(words.concat('true'));
  return childProcess().spawnSync(argv[0], argv.slice(1), { stdio: 'ignore' }).status === 0;
}

/** What repeats of the run can be varied from. `folder`: one to try things in. */
export function readVariationGround(run: Run, folder: ByteString): VariationGround {
  makeFolder(folder);
  const variables: VariationGround['variables'] = {};
  for (const name of Object.keys(process.env)) if (!isReplayedVariable(toBytes(name), run.declaredVariables)) variables[name] = toBytes(String(process.env[name]));
  for (const variable of run.variables) variables[variable.slice(0, variable.indexOf('='))] = variable.slice(variable.indexOf('=') + 1);
  return {
    variables, umask: process.umask(), locales: listLocales(), processors: listProcessors(), machine: readMachine(), emptyFolder: folder + '/home',
    isOrderSeen: isMakingOrderSeen(folder), canPrefix,
  };
}
