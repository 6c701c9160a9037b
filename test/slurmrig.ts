// slurmrig.ts - starts a real Slurm for a test (slurmcluster.sh), and ends it even if the test dies.
import assert from 'node:assert/strict';
import childProcess from 'child_process';
import fs from 'fs';
import path from 'path';
import { CLEAN_ENV, IS_ROOT, makeTemporary, run, startProgram } from './rig.ts';
import type { Done } from './rig.ts';

const SCRIPT = path.join(__dirname, '..', '..', '..', 'test', 'slurmcluster.sh');
const PATH = String(process.env.PATH) + ':/usr/sbin:/sbin';
// In a process name space of its own: whatever ends the script, the kernel ends all that it started.
const APART = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];

function lacks(name: string): boolean {
  return childProcess.spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name], { env: { PATH }, stdio: 'ignore' }).status !== 0;
}

function findObstacle(): string | false {
  const missing = ['slurmctld', 'slurmd', 'sbatch', 'munged'].filter(lacks);
  if (missing.length > 0) return 'Slurm is not installed: no ' + missing.join(', ');
  if (!IS_ROOT) return 'only root can start nodes of Slurm that differ from each other';
  const apart = childProcess.spawnSync('unshare', ['--uts', '--pid', '--fork', '--mount-proc', 'hostname', 'rr-test'], { stdio: 'ignore' });
  return apart.status === 0 ? false : 'unshare(1) may not make name spaces here';
}

/** Why there can be no Slurm here; false if there can. */
export const NEEDS_SLURM = findObstacle();

/** Why there can be none that keeps accounts, which sacct tells. */
export const NEEDS_ACCOUNTS = NEEDS_SLURM !== false ? NEEDS_SLURM : ['slurmdbd', 'mariadbd', 'mariadb-install-db'].some(lacks) ? 'slurmdbd or mariadb is not installed' : false;

export type Cluster = {
  /** Variables for programs that are to find it. */
  env: NodeJS.ProcessEnv;
  /** Runs one of Slurm's programs; its standard output. Fails the test if it fails. */
  ask: (argv: string[]) => string;
  /** kill: the machine is gone, with all that ran on it. start: it is back. */
  tellNode: (verb: 'kill' | 'start', node: string) => Promise<void>;
  stop: () => Promise<void>;
};

/** Lines that a program writes, one after the other. */
function readLines(child: childProcess.ChildProcess): () => Promise<string> {
  let text = '';
  let wake = (): void => undefined;
  let isEnded = false;
  child.stdout?.on('data', (data: Buffer) => { text += data.toString('latin1'); wake(); });
  child.on('close', () => { isEnded = true; wake(); });
  return async () => {
    for (;;) {
      const end = text.indexOf('\n');
      if (end >= 0 || isEnded) {
        const line = end < 0 ? text : text.slice(0, end);
        text = end < 0 ? '' : text.slice(end + 1);
        return line;
      }
      await new Promise<void>((resolve) => { wake = resolve; });
    }
  };
}

/** Ports that nothing else takes, as far as can be told. */
function choosePort(): number {
  return 20000 + Math.floor(Math.random() * 1200) * 10;
}

/** Starts a Slurm of so many nodes, node1 and on, with 4 processors each. */
export async function startCluster(nodes: number, hasAccounts: boolean): Promise<Cluster> {
  const folder = fs.realpathSync(makeTemporary());
  const child = childProcess.spawn(APART[0], APART.slice(1).concat('sh', SCRIPT, folder, String(nodes), String(choosePort()), hasAccounts ? 'yes' : 'no'), { env: { ...CLEAN_ENV, PATH }, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const nextLine = readLines(child);
  const env = { PATH, SLURM_CONF: path.join(folder, 'slurm.conf') };
  const first = await nextLine();
  if (first !== 'ready') assert.fail('Slurm did not start: ' + first + '\n' + (await nextLine()) + '\n' + (await nextLine()));
  return {
    env,
    ask: (argv) => {
      const done = run(undefined, argv, { env });
      assert.equal(done.status, 0, argv.join(' ') + ': ' + done.stderr);
      return done.stdout;
    },
    tellNode: async (verb, node) => {
      child.stdin?.write(verb + ' ' + node + '\n');
      assert.equal(await nextLine(), verb + ' ' + node);
    },
    stop: async () => {
      child.stdin?.end();
      await ended;
    },
  };
}

/** The jobs that Slurm has, as squeue prints them: 'ARRAY_PLACE STATE'. */
export function listQueue(cluster: Cluster): string[] {
  return cluster.ask(['squeue', '--noheader', '--array', '--format=%F_%K %T']).split('\n').filter((line) => line !== '').sort();
}

export type { Done };
export { startProgram };
