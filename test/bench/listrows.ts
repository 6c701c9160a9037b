// listrows.ts - rows of listing very many runs, and of the memory that takes. Prints nothing.
import fs from 'fs';
import path from 'path';
import { printCount } from './lines.ts';
import type { Bench, Line } from './lines.ts';
import { callEntrant, compare, memoryOf, race, rrEntrant, runAndTell, tell, touchAll } from './measure.ts';
import type { Entrant } from './measure.ts';
import { makeCommits, makeLargeFile, makeProject } from './projects.ts';

/** What is measured of lists: the arguments of rr list, and what is said of it. */
const LISTS: [string, string[]][] = [
  ['rr list', []], ['--label, 1 fits', ['--label', 'fit-77']], ['--grep, 1 in 90 fits', ['--grep', 'FIT-77']], ['--param, a third fits', ['--param', 'alpha<0.3']],
  ['--made FILE, 1 fits', ['--made', 'results/w0000/s5.csv']], ['--used FILE, all fit', ['--used', 'data/raw.csv']], ['--sort -param:alpha', ['--sort', '-param:alpha']], ['--csv', ['--csv']],
];

// Sumatra takes 3 s for a run: the records after the first are copies of it, put into its store by itself.
const SUMATRA_COPIES = `import sys
from sumatra.projects import load_project
project = load_project()
record = project.record_store.list(project.name)[0]
for n in range(1, int(sys.argv[1])):
    record.label = 'copy-%06d' % n
    project.record_store.save(project.name, record)
`;

function sumatraList(bench: Bench, count: number): Entrant {
  const folder = path.join(bench.scratch, 'sumatra');
  return {
    name: 'smt list', argv: ['smt', 'list'], folder, needs: ['git'], does: 'prints labels only',
    setUp: () => {
      fs.mkdirSync(path.join(folder, 'Data'), { recursive: true });
      fs.writeFileSync(path.join(folder, 'main.sh'), 'true\n');
      for (const argv of [['git', 'init', '-q'], ['git', 'add', 'main.sh'], ['git', 'commit', '-qm', 'script'], ['smt', 'init', 'bench'], ['smt', 'run', '-e', 'sh', '-m', 'main.sh']]) runAndTell(bench, argv, folder);
      const copies = path.join(bench.scratch, 'copies.py');
      fs.writeFileSync(copies, SUMATRA_COPIES);
      tell(bench, 'copies.py (listrows.ts) saves copies of the record in the store of Sumatra');
      const smt = (process.env.PATH ?? '').split(':').map((place) => path.join(place, 'smt')).find((name) => fs.existsSync(name))!;
      runAndTell(bench, [path.join(path.dirname(fs.realpathSync(smt)), 'python3'), copies, String(count)], folder);
    },
  };
}

function dvcList(bench: Bench, count: number): Entrant {
  const folder = path.join(bench.scratch, 'dvc');
  return {
    name: 'dvc exp show', argv: ['dvc', 'exp', 'show', '--csv'], folder, needs: ['git'], does: 'prints parameters and metrics as well',
    setUp: () => {
      fs.mkdirSync(folder);
      fs.writeFileSync(path.join(folder, 'dvc.yaml'), 'stages:\n  copy:\n    cmd: cp params.yaml out\n    params: [alpha]\n    outs: [out]\n');
      for (const argv of [['git', 'init', '-q'], ['dvc', 'init', '-q']]) runAndTell(bench, argv, folder);
      for (let n = 0; n <= count; n++) {
        fs.writeFileSync(path.join(folder, 'params.yaml'), 'alpha: ' + String(n) + '\n');
        if (n === 0) for (const argv of [['git', 'add', '.'], ['git', 'commit', '-qm', 'pipeline']]) runAndTell(bench, argv, folder);
        else runAndTell(bench, ['dvc', 'exp', 'run'], folder);
      }
      tell(bench, 'before each "dvc exp run" params.yaml gets another alpha');
    },
  };
}

export function measureList(bench: Bench): Line[] {
  const runs = bench.sizes.runs;
  const [fewer, fewest] = [Math.ceil(runs / 100), Math.ceil(runs / 10000)];
  const project = path.join(bench.scratch, 'project');
  const repository = path.join(bench.scratch, 'commits');
  const [some, few] = [fewer, fewest].map((count) => ({ name: 'rr list of ' + printCount(count), folder: path.join(bench.scratch, 'project-' + String(count)) }));
  makeProject(bench.rr, project, { runs, hasResults: true, isMade: false });
  makeProject(bench.rr, some.folder, { runs: fewer, hasResults: true, isMade: false });
  makeProject(bench.rr, few.folder, { runs: fewest, hasResults: true, isMade: false });
  tell(bench, 'project: ' + printCount(runs) + " records as rr's own printer writes them, over three years, each with a result; commits: as many commits, by git fast-import");
  const parts = race(bench, [
    ...LISTS.map(([name, args]) => rrEntrant(bench, name, project, ['list'].concat(args))),
    rrEntrant(bench, 'rr show LABEL', project, ['show', 'fit-77']),
    { name: 'git log --oneline', argv: ['git', 'log', '--oneline'], folder: repository, setUp: () => makeCommits(repository, runs) },
    rrEntrant(bench, some.name, some.folder, ['list']), sumatraList(bench, fewer),
    rrEntrant(bench, few.name, few.folder, ['list']), dvcList(bench, fewest),
  ]);
  const forget = (): void => fs.rmSync(path.join(project, '.rr/index'), { recursive: true, force: true });
  const anew = race({ ...bench, sizes: { ...bench.sizes, rounds: 1 } }, [{ ...rrEntrant(bench, 'rr list without an index', project, ['list']), prepare: forget }, rrEntrant(bench, 'rr list with it', project, ['list'])]);
  return [
    ...LISTS.map(([name]) => compare(parts, name, 'git log --oneline', { what: name === 'rr list' ? 'list of ' + printCount(runs) + ' / git log --oneline' : '  ' + name + ' / the same', budget: 1.0 })),
    compare(parts, 'rr show LABEL', 'rr list', { what: 'show LABEL / list' }),
    compare(anew, 'rr list without an index', 'rr list with it', { what: 'list without an index / list' }),
    compare(parts, some.name, 'smt list', { what: 'list of ' + printCount(fewer) + ' / smt list' }),
    compare(parts, few.name, 'dvc exp show', { what: 'list of ' + printCount(fewest) + ' / dvc exp show' }),
    memoryOf(parts, 'rr list', { what: 'memory: list', budget: 200 }),
    memoryOf(parts, '--used FILE, all fit', { what: 'memory: list --used', budget: 200 }),
    memoryOf(parts, '--csv', { what: 'memory: list --csv', budget: 200 }),
    memoryOf(parts, 'git log --oneline', { what: 'memory: git log --oneline' }),
  ];
}

/** What must not grow with the size of files, nor go above 200 MB with 100,000 runs. */
export function measureMemory(bench: Bench): Line[] {
  const once: Bench = { ...bench, sizes: { ...bench.sizes, rounds: 1 } };
  const project = path.join(bench.scratch, 'project');
  makeProject(bench.rr, project, { runs: 0, hasResults: false, isMade: false });
  const [small, large] = ['small', 'large'].map((name) => path.join(bench.scratch, name));
  const size = printCount(bench.sizes.mebibytes) + ' MiB';
  makeLargeFile(small, 1);
  makeLargeFile(large, bench.sizes.mebibytes);
  tell(bench, 'small, large: 1 MiB and ' + size + ' of random bytes');
  const record = (name: string, file: string): Entrant => ({ ...rrEntrant(bench, name, project, ['record', '--trace', 'none', '-i', file, '--', 'true']), prepare: () => touchAll([file]) });
  const names = ['1', '2', '3'];
  const flat = race(once, [
    ...names.flatMap((n) => [record('record of ' + size + ', ' + n, large), record('record of 1 MiB, ' + n, small)]),
    callEntrant(bench, 'hashed by two threads', bench.scratch, ['together', large, small]),
  ]);
  const peaks = names.map((n) => ['record of ' + size + ', ' + n, 'record of 1 MiB, ' + n].map((name) => flat.get(name)!.peakBytes ?? NaN));
  fs.rmSync(large);
  const many = path.join(bench.scratch, 'many');
  makeProject(bench.rr, many, { runs: bench.sizes.runs, hasResults: true, isMade: true });
  tell(bench, 'many: ' + printCount(bench.sizes.runs) + ' runs, each with a result that is there');
  const verbs: [string, string[]][] = [
    ['record -o', ['record', '-q', '--trace', 'scan', '-o', 'new', '--', 'sh', '-c', 'echo > new']], ['list', ['list']], ['makefile', ['makefile', '-q']], ['status, the first', ['status', '-q']], ['status', ['status', '-q']],
    ['make, nothing to do', ['make', '-q']], ['report', ['report', '-q', '-f']], ['archive', ['archive', '-q', '-f', '../archive.tar']],
  ];
  const parts = race(once, verbs.map(([name, args]) => rrEntrant(bench, name, many, args)));
  return [
    names.some((_, i) => peaks[i].some(Number.isNaN)) ? { kind: 'absent', what: 'memory: record of ' + size + ' / of 1 MiB', why: flat.get('record of ' + size + ', 1')!.failure ?? 'time is not installed' }
      : { kind: 'ratio', what: 'memory: record of ' + size + ' / of 1 MiB', ratios: peaks.map(([a, b]) => a / b), budget: 1.1 },
    memoryOf(flat, 'hashed by two threads', { what: 'memory: two threads hash both' }),
    ...verbs.map(([name]) => memoryOf(parts, name, { what: 'memory: ' + name + ', ' + printCount(bench.sizes.runs) + ' runs', budget: 200 })),
  ];
}
