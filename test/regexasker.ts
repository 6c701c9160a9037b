// regexasker.ts - a process that asks recheck, a program that looks for regular expressions of more than linear time.
//
// usage: node regexasker.js FOLDER: FOLDER is recheck's; expressions as JSON on standard input, findings as JSON on standard output
import fs from 'fs';
import path from 'path';

export type Expression = { source: string; flags: string };

/** `attacks`: texts of two lengths that recheck says take longer than linear time; none if it cannot tell, and `says` is why. */
export type Finding = Expression & { says: string; attacks: string[] };

type Pump = { prefix: string; pump: string };
type Diagnosis = { status: string; error?: { kind?: string }; complexity?: { summary: string }; attack?: { pumps: Pump[]; suffix: string } };
type Recheck = { check(source: string, flags: string, options: { timeout: number; randomSeed: number }): Promise<Diagnosis> };

export const ATTACK_BYTES = [100000, 400000];
const AT_ONCE = 2;
/** On a busy machine a minute is few seconds of processor time. */
const MOST_MS = 120000;

function makeAttack(attack: { pumps: Pump[]; suffix: string }, sizeBytes: number): string {
  const fixed = attack.suffix.length + attack.pumps.reduce((sum, { prefix }) => sum + prefix.length, 0);
  const count = Math.max(1, Math.floor((sizeBytes - fixed) / attack.pumps.reduce((sum, { pump }) => sum + pump.length, 0)));
  return attack.pumps.map(({ prefix, pump }) => prefix + pump.repeat(count)).join('') + attack.suffix;
}

async function ask(recheck: Recheck, { source, flags }: Expression): Promise<Finding | undefined> {
  const told = await recheck.check(source, flags, { timeout: MOST_MS, randomSeed: 1 });
  if (told.status === 'safe') return undefined;
  const { attack } = told;
  return { source, flags, says: told.complexity?.summary ?? told.error?.kind ?? told.status, attacks: attack === undefined ? [] : ATTACK_BYTES.map((size) => makeAttack(attack, size)) };
}

async function main(folder: string): Promise<void> {
  // The program made for this machine, where there is one, takes a tenth of the time.
  if (process.platform === 'linux' && fs.existsSync(path.join(folder, '..', 'recheck-linux-x64'))) process.env.RECHECK_BACKEND = 'native';
  const recheck = require(folder) as Recheck;
  const waiting = JSON.parse(fs.readFileSync(0, 'utf8')) as Expression[];
  const found: Finding[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const finding = await ask(recheck, next);
      if (finding !== undefined) found.push(finding);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  // recheck's own process waits for more.
  process.stdout.write(JSON.stringify(found), () => { process.exit(); });
}

if (require.main === module) main(process.argv[2]).catch((error) => { process.stderr.write(String(error) + '\n'); process.exit(1); });
