// mixes.ts - a round of many things at once: commands, faults and partners, drawn by a seed.
import fs from 'fs';
import path from 'path';
import { sleep } from '../rig.ts';
import { isFatal, judgeWords, killGroup, NEEDS_FAKETIME, recover, startTortured } from './rounds.ts';
import type { Ended, Fault, Outcome, Reference, Started } from './rounds.ts';
import { ageLeftovers, check, enterWorld, leaveWorld, runScript } from './world.ts';
import type { Place, Tortured } from './world.ts';

const HOWS = ['none', 'none', 'none', 'none', 'kill:9', 'tear:9', 'group:9', 'kill:15', 'kill:2', 'error:5', 'error:28', 'errors:28', 'errors:30', 'stop', 'short', 'eintr', 'signal:9', 'signal:15', 'signal:2', 'signal:1', 'clock', 'files'];
const CLOCKS_S = [-86400, -3600, -2, 5, 3600, 86400 * 400];
const CONTINUE_MS = 300;

type Drawn = { one: Tortured; fault: Fault };

function drawStep(random: () => number, references: Map<Tortured, Reference>): Drawn[] {
  const pick = <T>(items: T[]): T => items[Math.floor(random() * items.length)];
  const count = pick([1, 1, 2, 2, 2, 3, 8]);
  const all = Array.from(references).filter(([one]) => one.world === 'full');
  return Array.from({ length: count }, () => {
    const [one, reference] = pick(all);
    const how = pick(HOWS);
    let at = 1 + Math.floor(random() * Math.max(reference.changes, 1));
    if (how.startsWith('signal')) at = Math.floor(random() * 1500);
    if (how === 'clock') at = pick(CLOCKS_S);
    if (how === 'files') at = 20 + Math.floor(random() * 30);
    return { one, fault: { how: how === 'clock' && NEEDS_FAKETIME !== false ? 'none' : how, at } };
  });
}

/** What holds of each, whatever the others did: no error of rr's own, and the user's command unharmed unless rr was killed. */
function judge({ one, fault }: Drawn, done: Ended): string[] {
  const wrong = fault.how === 'files' ? [] : judgeWords(done);
  if (done.isHung) wrong.push('it hangs');
  if (!isFatal(fault.how) && one.promised !== undefined) {
    if (done.stdout !== one.promised.stdout) wrong.push('the command\'s output is ' + JSON.stringify(done.stdout.slice(0, 200)) + ' ' + JSON.stringify(done.stderr.slice(0, 400)));
    if (done.status !== one.promised.status && done.status !== 122) wrong.push('status ' + String(done.status) + ': ' + done.stderr.slice(0, 400));
  }
  return wrong.map((line) => one.name + '/' + fault.how + '/' + String(fault.at) + ': ' + line);
}

async function runStep(library: string, place: Place, drawn: Drawn[], step: number): Promise<string[]> {
  const started: Started[] = drawn.map(({ one, fault }, i) => {
    const base = path.join(place.base, 'part-' + String(step) + '-' + String(i));
    fs.mkdirSync(base);
    return startTortured(library, { ...place, base }, one.args, fault);
  });
  let isOver = false;
  const waiting = Promise.all(started.map(({ ended }) => ended)).then((all) => { isOver = true; return all; });
  while (!isOver) {
    await sleep(CONTINUE_MS);
    for (const { child } of started) if (child.exitCode === null && child.signalCode === null) killGroup(child, 'SIGCONT');
  }
  const all = await waiting;
  return all.reduce((wrong: string[], done, i) => wrong.concat(judge(drawn[i], done)), []);
}

export async function runMix(library: string, work: string, seed: number, random: () => number, references: Map<Tortured, Reference>, last: [Tortured, Reference], isKept: boolean): Promise<Outcome> {
  const place = await enterWorld(work, path.join(work, 'mix-' + String(seed)), last[0]);
  fs.mkdirSync(path.join(place.base, 'partner'));
  const wrong: string[] = [];
  const told: string[] = [];
  const steps = 1 + Math.floor(random() * 3);
  for (let step = 0; step < steps && wrong.length === 0; step++) {
    wrong.push(...await check('remember', place));
    const drawn = drawStep(random, references);
    told.push(drawn.map(({ one, fault }) => one.name + '/' + fault.how + '/' + String(fault.at)).join(' + '));
    wrong.push(...await runStep(library, place, drawn, step));
    wrong.push(...await check('hurt', place));
  }
  // The next archive, export or report of that name removes these; here there may be none.
  await runScript(place.project, 'rm -rf .new*.tmp .new*.old .old*.tmp .old*.old guix/.*.tmp');
  // Nor does a record, which comes last, write anew what a look keeps for itself.
  await ageLeftovers(place.project);
  await runScript(place.project, 'rr status -q > /dev/null');
  wrong.push(...await recover(library, place, ...last));
  if (wrong.length > 0) wrong.unshift('it was: ' + told.join(', then '));
  if (wrong.length === 0 || !isKept) await leaveWorld(place, false);
  return { isHit: true, wrong };
}
