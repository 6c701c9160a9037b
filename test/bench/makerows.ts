// makerows.ts - rows of builds with nothing to do, against other makes. Prints nothing.
import fs from 'fs';
import path from 'path';
import { printCount } from './lines.ts';
import type { Bench, Line } from './lines.ts';
import { compare, compareAll, race, rrEntrant, runAndTell, runProgram, tell } from './measure.ts';
import { makePlainMakefile, makeProject } from './projects.ts';

/** The rules of a Makefile of makePlainMakefile(), for ninja, which has run them. */
function makeNinjaFile(bench: Bench, folder: string, steps: number): void {
  makePlainMakefile(folder, steps);
  const rules = fs.readFileSync(path.join(folder, 'Makefile'), 'utf8').split('\n').map((line) => /^(\S+): (\S+)$/.exec(line)).filter((parts): parts is RegExpExecArray => parts !== null);
  fs.writeFileSync(path.join(folder, 'build.ninja'), 'rule cp\n  command = cp $in $out\n' + rules.map((parts) => 'build ' + parts[1] + ': cp ' + parts[2] + '\n').join(''));
  runAndTell(bench, ['ninja', '--quiet'], folder);
}

/** The same chains as one rule, as one would write it for Snakemake. */
function makeSnakefile(folder: string, steps: number): void {
  makePlainMakefile(folder, steps);
  fs.writeFileSync(path.join(folder, 'Snakefile'), `def source(step):
    n = int(step.n)
    return "results/w%04d/" % (n // 100) + ("s%d.csv" % (n - 1) if n % 10 else "raw%d.csv" % n)
rule all:
    input: ["results/w%04d/s%d.csv" % (n // 100, n) for n in range(${steps})]
rule step:
    input: source
    output: "results/w{w}/s{n}.csv"
    shell: "cp {input} {output}"
`);
}

/** Steps in chains of ten; with all of them up to date nothing but the times of files is to be looked at. */
function measureNoop(bench: Bench, steps: number, isFull: boolean): Line[] {
  const at = (name: string): string => path.join(bench.scratch, name + '-' + String(steps));
  const [project, plain, ninja, snake] = ['project', 'plain', 'ninja', 'snakemake'].map(at);
  makeProject(bench.rr, project, { runs: steps, hasResults: true, isMade: true });
  for (let round = 0; round < 2; round++) runProgram([process.execPath, bench.rr, 'make', '-q'], project);
  makePlainMakefile(plain, steps);
  tell(bench, 'project: ' + printCount(steps) + ' runs whose results are there; plain: as many rules "cp FROM TO" in chains of ten, all made; ninja, snakemake: the same rules');
  const hashing = "find results -name '*.csv' | xargs sha256sum";
  const parts = race(bench, [
    { ...rrEntrant(bench, 'rr make', project, ['make', '-q']), does: 'judges by content: a file is read again when its size, times or inode changed' },
    { name: 'Makefile of rr, GNU make', argv: ['make', '-s', '-f', 'provenance/Makefile'], folder: project, does: 'judges by content: hashes all results' },
    { name: 'Makefile of rr, bmake', argv: ['bmake', '-s', '-f', 'provenance/Makefile'], folder: project },
    // A target without prerequisites or recipe: what reading the file takes.
    { name: 'reading it, GNU make', argv: ['make', '-s', '-f', 'provenance/Makefile', 'rr-force'], folder: project },
    { name: 'sha256sum of the results', argv: ['sh', '-c', hashing], folder: project, needs: ['sha256sum'], program: 'sha256sum' },
    { name: 'GNU make', argv: ['make', '-s'], folder: plain, does: 'judges by times' },
    { name: 'GNU make -rR', argv: ['make', '-s', '-rR'], folder: plain },
    { name: 'bmake', argv: ['bmake', '-s'], folder: plain },
    { name: 'ninja', argv: ['ninja', '--quiet'], folder: ninja, setUp: () => makeNinjaFile(bench, ninja, steps), does: 'judges by times and commands' },
    ...(isFull ? [] : [{ name: 'snakemake', argv: ['snakemake', '-q', '-c2'], folder: snake, setUp: () => makeSnakefile(snake, steps), does: 'judges by times: nothing was made by itself, so it knows no more' }]),
  ]);
  const size = printCount(steps) + ' steps';
  const budget = (value: number, floor: string): { budget?: number; floor?: string } => (isFull ? { budget: value, floor } : {});
  return [
    compare(parts, 'rr make', 'GNU make', { what: 'rr make, ' + size + ' / GNU make', ...budget(0.5, '0.48') }),
    compare(parts, 'rr make', 'ninja', { what: 'rr make, ' + size + ' / ninja', ...budget(3, '2.7') }),
    ...compareAll(parts, 'rr make', ['bmake'].concat(isFull ? [] : ['snakemake']), 'rr make, ' + size),
    compare(parts, 'Makefile of rr, GNU make', 'GNU make', { what: 'its Makefile, ' + size + ' / GNU make', ...budget(0.2, '0.16') }),
    compare(parts, 'reading it, GNU make', 'GNU make', { what: '  reading it / GNU make' }),
    compare(parts, 'sha256sum of the results', 'GNU make', { what: '  sha256sum of results / GNU make' }),
    compare(parts, 'GNU make -rR', 'GNU make', { what: '  plain rules, make -rR / GNU make' }),
    compare(parts, 'Makefile of rr, bmake', 'bmake', { what: 'its Makefile, ' + size + ' / bmake' }),
  ];
}

export function measureMakeNoop(bench: Bench): Line[] {
  return measureNoop(bench, Math.ceil(bench.sizes.steps / 10), false).concat(measureNoop(bench, bench.sizes.steps, true));
}
