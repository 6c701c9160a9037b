// growthrows.ts - how times grow with the number of earlier runs, of files and of steps. Prints nothing.
import path from 'path';
import { printCount } from './lines.ts';
import type { Bench, Line } from './lines.ts';
import { compare, medianOf, memoryOf, race, removeFolder, rrEntrant, runProgram, tell } from './measure.ts';
import type { Entrant, Race } from './measure.ts';
import { makeProject, makeSmallFiles } from './projects.ts';
import { startEntrant } from './recordrows.ts';
import { buildEntrant } from './steprows.ts';

/** 10, 100, ... up to and with `most`. */
function listSizes(most: number): number[] {
  const sizes: number[] = [];
  for (let size = 10; size < most; size *= 10) sizes.push(size);
  return sizes.concat(most);
}

/** What grows: the entrant of each size is named "WORK, SIZE". */
type Work = { name: string; entrant: (name: string, size: number) => Entrant };

function listEntrants(works: Work[], sizes: number[]): Entrant[] {
  return sizes.flatMap((size) => works.map((work) => work.entrant(work.name + ', ' + String(size), size)));
}

/** A line for each work, of the sizes that could be measured. */
function listGrowth(parts: Race, works: Work[], sizes: number[]): Line[] {
  return works.map((work): Line => {
    const points = sizes.map((size) => ({ size, part: parts.get(work.name + ', ' + String(size))! }));
    const failed = points.find((point) => point.part.failure !== undefined);
    if (failed !== undefined) return { kind: 'absent', what: work.name + ', ' + printCount(failed.size), why: failed.part.failure! };
    return { kind: 'growth', what: work.name, points: points.map(({ size, part }) => ({ size, ms: medianOf(part) })) };
  });
}

// Some thirty entrants share the time of the row.
const SHARE = 4;

export function measureGrowthOfRuns(bench: Bench): Line[] {
  const sizes = listSizes(bench.sizes.runs);
  const at = (size: number): string => path.join(bench.scratch, 'runs-' + String(size));
  for (const size of [0].concat(sizes)) makeProject(bench.rr, at(size), { runs: size, hasResults: true, isMade: false });
  tell(bench, 'runs-N: N earlier runs, each with a result');
  const plain = (args: string[]): Work['entrant'] => (name, size) => rrEntrant(bench, name, at(size), args);
  const works: Work[] = [
    { name: 'rr record', entrant: plain(['record', '--trace', 'none', '--', 'true']) },
    { name: 'rr record, a result', entrant: plain(['record', '--trace', 'none', '-o', 'new', '--', 'sh', '-c', 'echo $$ > new']) },
    { name: 'rr list', entrant: plain(['list']) },
    { name: 'rr show LABEL', entrant: plain(['show', 'fit-5']) },
    { name: 'rr makefile', entrant: plain(['makefile', '-q']) },
  ];
  const recording = works.slice(0, 2);
  const start = startEntrant(bench);
  const parts = race({ ...bench, spendMs: bench.spendMs / SHARE }, [start, ...listEntrants(recording, [0]), ...listEntrants(works, sizes)]);
  const lines = listGrowth(parts, works, sizes);
  for (const size of sizes.slice(-3)) {
    lines.push(compare(parts, 'rr record, ' + String(size), start.name, { what: printCount(size) + ' earlier runs / ' + start.name, budget: 1.25 }));
    for (const { name } of recording) lines.push(compare(parts, name + ', ' + String(size), name + ', 0', { what: '  ' + name + ' / no earlier run', budget: 1.1 }));
  }
  return lines.concat(listMemory(parts, works, bench.sizes.runs, 'runs'));
}

/** The most memory that each work took at the largest size. */
function listMemory(parts: Race, works: Work[], size: number, unit: string): Line[] {
  return works.map(({ name }) => memoryOf(parts, name + ', ' + String(size), { what: 'memory: ' + name + ', ' + printCount(size) + ' ' + unit, budget: 200 }));
}

export function measureGrowthOfFiles(bench: Bench): Line[] {
  const sizes = listSizes(bench.sizes.files);
  const at = (size: number): string => path.join(bench.scratch, 'files-' + String(size));
  for (const size of sizes) {
    makeProject(bench.rr, at(size), { runs: 0, hasResults: false, isMade: false });
    makeSmallFiles(path.join(at(size), 'given'), size, 100);
    runProgram([process.execPath, bench.rr, 'record', '-q', '--trace', 'none', '-o', 'made', '--', 'cp', '-r', 'given', 'made'], at(size));
    for (let round = 0; round < 2; round++) runProgram([process.execPath, bench.rr, 'status', '-q'], at(size));
  }
  tell(bench, 'files-N: N files of 100 bytes, and a run that copied them');
  const works: Work[] = [
    { name: 'rr record -i of all', entrant: (name, size) => ({ ...rrEntrant(bench, name, at(size), ['record', '--trace', 'none', '-i', 'given', '--', 'true']), prepare: () => removeFolder(path.join(at(size), '.rr/seen')), does: 'nothing is known of the files from before' }) },
    { name: 'rr record, scanned', entrant: (name, size) => rrEntrant(bench, name, at(size), ['record', '--trace', 'scan', '--', 'true']) },
    { name: 'rr status, unchanged', entrant: (name, size) => rrEntrant(bench, name, at(size), ['status', '-q']) },
    { name: 'find -printf', entrant: (name, size) => ({ name, argv: ['find', at(size), '-printf', '%s %T@ %C@ %i\\n'], folder: bench.scratch }) },
  ];
  // Status last: the records of the other two change what it looks at.
  const parts = race({ ...bench, spendMs: bench.spendMs / SHARE }, listEntrants(works.slice(2), sizes));
  const others = race({ ...bench, spendMs: bench.spendMs / SHARE }, listEntrants(works.slice(0, 2), sizes));
  return listGrowth(new Map([...parts, ...others]), works, sizes);
}

export function measureGrowthOfSteps(bench: Bench): Line[] {
  const sizes = listSizes(bench.sizes.steps * 10);
  const at = (size: number): string => path.join(bench.scratch, 'steps-' + String(size));
  for (const size of sizes) {
    makeProject(bench.rr, at(size), { runs: size, hasResults: true, isMade: true });
    for (let round = 0; round < 2; round++) runProgram([process.execPath, bench.rr, 'make', '-q'], at(size));
  }
  tell(bench, 'steps-N: N runs in chains of ten whose results are there');
  const noop: Work[] = [{ name: 'rr make, nothing to do', entrant: (name, size) => rrEntrant(bench, name, at(size), ['make', '-q']) }];
  const build: Work[] = [{ name: 'rr make -j2, all to do', entrant: (name, size) => buildEntrant(bench, name, size) }];
  const done = race({ ...bench, spendMs: bench.spendMs / SHARE }, listEntrants(noop, sizes));
  // Each once, for its memory: all steps are runs whose results are there.
  const verbs: [string, string[]][] = [['rr status, the first', ['status', '-q']], ['rr status', ['status', '-q']], ['rr report', ['report', '-q', '-f']], ['rr archive', ['archive', '-q', '-f', '../archive.tar']]];
  const most = sizes[sizes.length - 1];
  const once: Work[] = verbs.map(([name, args]) => ({ name, entrant: (full, size) => rrEntrant(bench, full, at(size), args) }));
  const peaks = race({ ...bench, sizes: { ...bench.sizes, rounds: 0 } }, listEntrants(once, [most]));
  const lines = listGrowth(done, noop, sizes).concat(listMemory(done, noop, most, 'steps'), listMemory(peaks, once, most, 'runs'));
  for (const size of sizes) removeFolder(at(size));
  const fewer = sizes.slice(0, -1);
  return lines.concat(listGrowth(race({ ...bench, spendMs: bench.spendMs / SHARE }, listEntrants(build, fewer)), build, fewer));
}
