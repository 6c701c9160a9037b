// makerows.ts - rr make with nothing to do, against GNU make and ninja. Prints nothing.
import fs from 'fs';
import path from 'path';
import type { Bench, Line } from './lines.ts';
import { isInstalled, median, race, ratiosOf, runProgram } from './measure.ts';
import type { Entrant } from './measure.ts';
import { makePlainMakefile, makeProject } from './projects.ts';

/** The rules of a Makefile of makePlainMakefile(), for ninja, which has run them. */
function makeNinjaFile(folder: string): void {
  const rules = fs.readFileSync(path.join(folder, 'Makefile'), 'utf8').split('\n').map((line) => /^(\S+): (\S+)$/.exec(line)).filter((parts): parts is RegExpExecArray => parts !== null);
  fs.writeFileSync(path.join(folder, 'build.ninja'), 'rule cp\n  command = cp $in $out\n' + rules.map((parts) => 'build ' + parts[1] + ': cp ' + parts[2] + '\n').join(''));
  runProgram(['ninja'], folder);
}

/** Steps in chains of ten; with all of them up to date nothing but the times of files is looked at. */
export function measureMakeNoop(bench: Bench): Line[] {
  const steps = 10000;
  const project = path.join(bench.scratch, 'noop');
  makeProject(bench.rr, project, { runs: steps, hasResults: true, isMade: true });
  for (let round = 0; round < 2; round++) runProgram([process.execPath, bench.rr, 'make', '-q'], project);
  const entrants: Entrant[] = [{ name: 'rr', argv: [process.execPath, bench.rr, 'make', '-q'], folder: project }];
  const add = (name: string, budget: number, floor: string): { name: string; budget: number; floor: string } | undefined => {
    if (!isInstalled(name)) return undefined;
    const folder = path.join(bench.scratch, name);
    makePlainMakefile(folder, steps);
    if (name === 'ninja') makeNinjaFile(folder);
    entrants.push({ name, argv: name === 'ninja' ? ['ninja'] : [name, '-s'], folder });
    return { name, budget, floor };
  };
  const judges = [add('make', 0.5, '0.48'), add('ninja', 3, '2.7')];
  const times = race(entrants, bench.rounds);
  return judges.map((judge, i): Line => {
    const what = 'make, nothing to do, ' + String(steps) + ' steps / ' + ['GNU make', 'ninja'][i];
    if (judge === undefined) return { kind: 'absent', what, why: 'not installed' };
    const { name, budget, floor } = judge;
    return { kind: 'ratio', what, budget, floor, ratios: ratiosOf(times, 'rr', name), ms: median(times.get('rr') as number[]), againstMs: median(times.get(name) as number[]) };
  });
}
