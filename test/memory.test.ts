// memory.test.ts - what looks at all runs holds little of each: peaks of memory at twenty times as many runs.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { makeProject } from './bench/projects.ts';
import { makeTemporary, RR_JS, run } from './rig.ts';

const FEW = 300;
// The peak does not grow evenly: of "used" it is 12 MB higher at 3500 than at 2500 runs, and lower again at 4000. Of so many runs that is 2 KB a run.
const MANY = 6000;

// Asked of the kernel when rr ends.
const folder = makeTemporary();
const hook = path.join(folder, 'hook.js');
fs.writeFileSync(hook, 'process.on("exit", () => require("fs").writeFileSync(process.env.PEAK_FILE, String(process.resourceUsage().maxRSS)));\n');

/** Peak resident memory of rr in KB. What V8 has room for before it collects is kept small, as it is much larger than what is measured, and it collects before it goes on: in threads beside rr it is late as chance has it, by as much as what is measured. */
function measurePeak(project: string, args: string[]): number {
  const file = path.join(folder, 'peak');
  const done = run(project, [process.execPath, '--max-semi-space-size=1', '--single-threaded-gc', '-r', hook, RR_JS].concat(args), { env: { PEAK_FILE: file }, stdio: ['ignore', 'ignore', 'pipe'] });
  // The environment that these records name is not there, which verify tells.
  assert.ok(done.status === 0 || (args[0] === 'verify' && done.status === 1), args.join(' ') + ': ' + done.stderr.slice(-500));
  return Number(fs.readFileSync(file, 'latin1'));
}

// KB for each run more, half as much again as was seen, or more, as V8 rests at different times; of the first six it
// was 7 to 27 when whole records of all runs were held.
const BOUNDS: [string, number][] = [
  ['used data/raw.csv', 8], ['why --down data/raw.csv', 8], ['rerun --all -n', 6], ['rerun -n results/w0000/s9.csv', 8], ['export prov-n', 15], ['export prov-json', 17], ['verify', 16],
];

test('memory: what a run more takes', { timeout: 120000 }, async (t) => {
  const [few, many] = [FEW, MANY].map((runs) => {
    const project = path.join(folder, String(runs));
    makeProject(RR_JS, project, { runs, hasResults: true, isMade: true });
    // As it is with nearly all records: .rr/index has them.
    assert.equal(run(project, [process.execPath, RR_JS, 'status', '--quiet']).signal, null);
    return project;
  });
  for (const [command, mostKb] of BOUNDS) {
    const args = command.split(' ');
    const peaks = [few, many].map((project) => measurePeak(project, args));
    const perRunKb = (peaks[1] - peaks[0]) / (MANY - FEW);
    t.diagnostic(command + ': ' + String(peaks[0]) + ' and ' + String(peaks[1]) + ' KB, ' + perRunKb.toFixed(1) + ' KB a run');
    assert.ok(perRunKb <= mostKb, command + ': ' + perRunKb.toFixed(1) + ' KB for each run, ' + peaks.join(' and ') + ' KB in all');
  }
});
