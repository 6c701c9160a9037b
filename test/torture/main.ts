// main.ts - "make torture": whatever writes is killed, stopped, starved and crowded; after each round a program that is no part of rr looks.
//
// Environment: ROUNDS  rounds of random mixes (default 1000)
//              SEED    of what is random (default: the process number); printed
//              ONLY    only these rounds: "record", "record/errors:28", "archive-zip/kill:9/12", "mix"
//              MINUTES after these no new round begins (default 15)
//              JOBS    rounds at the same time (default: the processors)
//              KEEP    folder to work in, which stays, with the project of each round that failed
import childProcess from 'child_process';
import fs from 'fs';
import os from 'os';
import path from 'path';
import { runTorture } from './torture.ts';

/** Once more in a mount namespace of its own, whose mounts end with it; undefined if that cannot be. */
function runMounting(): number | undefined {
  if (process.getuid() !== 0 || childProcess.spawnSync('unshare', ['-m', 'true']).status !== 0) return undefined;
  const done = childProcess.spawnSync('unshare', ['-m', process.execPath, __filename], { stdio: 'inherit', env: { ...process.env, RR_TORTURE_MOUNTS: '1' } });
  return done.status ?? 2;
}

async function main(): Promise<number> {
  const isMounting = process.env.RR_TORTURE_MOUNTS === '1';
  const status = isMounting ? undefined : runMounting();
  if (status !== undefined) return status;
  const env = process.env;
  const work = fs.realpathSync(env.KEEP ?? fs.mkdtempSync(path.join(os.tmpdir(), 'rr-torture-')));
  const result = await runTorture({
    work, seed: Number(env.SEED ?? process.pid), rounds: Number(env.ROUNDS ?? '1000'), only: env.ONLY ?? '', jobs: Number(env.JOBS ?? os.cpus().length),
    minutes: Number(env.MINUTES ?? '15'), isSmall: false, isKept: env.KEEP !== undefined, isMounting, tell: (line) => { process.stdout.write(line + '\n'); },
  });
  if (env.KEEP === undefined) childProcess.spawnSync('rm', ['-rf', '--', work]);
  return result.failed.length === 0 ? 0 : 1;
}

main().then((status) => { process.exitCode = status; }, (error: Error) => {
  process.stderr.write(String(error.stack) + '\n');
  process.exitCode = 2;
});
