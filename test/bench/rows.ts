// rows.ts - the rows of the table: what is measured against what, and the budget. Prints nothing.
import fs from 'fs';
import path from 'path';
import { isInstalled, median, peakMemory, race, ratiosOf, runProgram } from './measure.ts';
import type { Entrant, Times } from './measure.ts';
import type { Bench, Line, Row } from './lines.ts';
import { measureMakeNoop } from './makerows.ts';
import { makeCommits, makeLargeFile, makePlainMakefile, makeProject, makeSmallFiles } from './projects.ts';
import { measureTraced } from './tracerows.ts';

type Judged = { what: string; budget?: number; floor?: string };

function compare(times: Times, name: string, against: string, judged: Judged): Line {
  return { kind: 'ratio', ...judged, ratios: ratiosOf(times, name, against), ms: median(times.get(name)!), againstMs: median(times.get(against)!) };
}

function rrEntrant(bench: Bench, name: string, folder: string, args: string[]): Entrant {
  return { name, argv: [process.execPath, bench.rr].concat(args), folder };
}

/** New times for files, so that no hash kept from an earlier round serves. */
function touchAll(names: string[]): void {
  const nowS = Date.now() / 1000;
  for (const name of names) fs.utimesSync(name, nowS, nowS);
}

function callEntrant(bench: Bench, name: string, folder: string, args: string[]): Entrant {
  return { name, argv: [process.execPath, bench.call].concat(args), folder };
}

// ---- record ---------------------------------------------------------------------------------------

const SAME_START = `const fs = require('fs'), path = require('path'), crypto = require('crypto'), os = require('os'), net = require('net');
const child = require('child_process').spawn('true', [], { stdio: [0, 'pipe', 'pipe'] });
child.on('exit', (code) => { process.exitCode = code; });
`;

function startEntrant(bench: Bench): Entrant {
  const script = path.join(bench.scratch, 'start.js');
  fs.writeFileSync(script, SAME_START);
  return { name: 'start', argv: [process.execPath, script], folder: bench.scratch };
}

function measureRecord(bench: Bench): Line[] {
  const start = startEntrant(bench);
  const empty = path.join(bench.scratch, 'empty');
  makeProject(bench.rr, empty, { runs: 0, hasResults: false, isMade: false });
  const times = race([
    start, rrEntrant(bench, 'none', empty, ['record', '--trace', 'none', '--', 'true']),
    rrEntrant(bench, 'scan', empty, ['record', '--trace', 'scan', '--', 'true']),
    rrEntrant(bench, 'auto', empty, ['record', '--', 'true']),
    rrEntrant(bench, 'no-logs', empty, ['record', '--trace', 'none', '--no-logs', '--', 'true']),
    rrEntrant(bench, 'result', empty, ['record', '--trace', 'scan', '-o', 'new', '--', 'sh', '-c', 'echo > new']),
    rrEntrant(bench, 'version', empty, ['--version']),
    { name: 'nothing', argv: [process.execPath, '-e', '0'], folder: empty },
  ], bench.rounds);
  return [
    compare(times, 'none', 'start', { what: 'record --trace none -- true / same modules, spawn true', budget: 1.25, floor: '1.0' }),
    compare(times, 'scan', 'start', { what: 'record --trace scan -- true / the same' }),
    compare(times, 'auto', 'start', { what: 'record -- true (traced where that works) / the same' }),
    compare(times, 'no-logs', 'start', { what: 'record --trace none --no-logs -- true / the same' }),
    compare(times, 'result', 'start', { what: 'record -o new -- sh -c "echo > new" / the same' }),
    compare(times, 'version', 'nothing', { what: 'rr --version / empty Node script' }),
  ];
}

function measureFlatness(bench: Bench, counts: number[]): Line[] {
  const entrants = [startEntrant(bench)];
  const add = (name: string, folder: string): void => {
    entrants.push(rrEntrant(bench, name, folder, ['record', '--trace', 'none', '--', 'true']));
    entrants.push(rrEntrant(bench, name + ' result', folder, ['record', '-o', 'new', '--trace', 'none', '--', 'sh', '-c', 'echo > new']));
  };
  for (const hasResults of [false, true]) {
    for (const runs of [0].concat(counts)) {
      const name = String(runs) + (hasResults ? ' owning' : ' bare');
      const folder = path.join(bench.scratch, name.replace(' ', '-'));
      makeProject(bench.rr, folder, { runs, hasResults, isMade: false });
      add(name, folder);
    }
  }
  const times = race(entrants, bench.rounds);
  const lines: Line[] = [];
  for (const runs of counts) {
    for (const kind of ['bare', 'owning']) {
      const name = String(runs) + ' ' + kind;
      const earlier = String(runs) + ' earlier runs' + (kind === 'owning' ? ', each with a result' : '');
      lines.push(compare(times, name, 'start', { what: 'record -- true, ' + earlier + ' / start', budget: 1.25 }));
      lines.push(compare(times, name, '0 ' + kind, { what: '  the same / with no earlier run', budget: 1.1 }));
      lines.push(compare(times, name + ' result', '0 ' + kind + ' result', { what: '  making a result / with no earlier run', budget: 1.1 }));
    }
  }
  return lines;
}

function measureGit(bench: Bench): Line[] {
  if (!isInstalled('git')) return [{ kind: 'absent', what: 'record in a git repository', why: 'no git' }];
  const lines: Line[] = [];
  for (const files of [1000]) {
    const bare = path.join(bench.scratch, 'bare');
    const inGit = path.join(bench.scratch, 'git');
    for (const folder of [bare, inGit]) {
      makeSmallFiles(folder, files, 1000);
      if (folder === inGit) {
        runProgram(['git', 'init', '-q', '.'], folder);
        runProgram(['git', 'add', '.'], folder);
        runProgram(['git', '-c', 'user.name=A', '-c', 'user.email=a@example.org', 'commit', '-q', '-m', 'all'], folder);
      }
      runProgram([process.execPath, bench.rr, 'init', '-q'], folder);
    }
    const command = ['record', '--trace', 'none', '--', 'true'];
    const times = race([rrEntrant(bench, 'git', inGit, command), rrEntrant(bench, 'bare', bare, command)], bench.rounds);
    lines.push(compare(times, 'git', 'bare', { what: 'record -- true in a clean git tree of ' + String(files) + ' files / without git' }));
  }
  return lines;
}

function measureDatalad(bench: Bench): Line[] {
  const what = 'record -- true / datalad run true';
  if (!isInstalled('datalad')) return [{ kind: 'absent', what, why: 'no datalad' }];
  const dataset = path.join(bench.scratch, 'dataset');
  runProgram(['datalad', 'create', dataset], bench.scratch);
  const project = path.join(bench.scratch, 'project');
  makeProject(bench.rr, project, { runs: 0, hasResults: false, isMade: false });
  const times = race([
    rrEntrant(bench, 'rr', project, ['record', '--trace', 'scan', '--', 'true']),
    { name: 'datalad', argv: ['datalad', 'run', '-m', 'nothing', 'true'], folder: dataset },
  ], Math.min(bench.rounds, 9));
  return [compare(times, 'rr', 'datalad', { what, budget: 0.07, floor: '0.05' })];
}

// ---- hashing --------------------------------------------------------------------------------------

function measureLargeFile(bench: Bench): Line[] {
  const mebibytes = Number(process.env.MIB ?? '1024');
  const file = path.join(bench.scratch, 'large');
  makeLargeFile(file, mebibytes);
  const project = path.join(bench.scratch, 'project');
  makeProject(bench.rr, project, { runs: 0, hasResults: false, isMade: false });
  const judges = ['openssl', 'sha256sum'].filter(isInstalled);
  const entrants: Entrant[] = [callEntrant(bench, 'rr', bench.scratch, ['one-by-one', file])];
  entrants.push({ ...rrEntrant(bench, 'record', project, ['record', '--trace', 'none', '-i', file, '--', 'true']), prepare: () => touchAll([file]) });
  if (judges.indexOf('openssl') >= 0) entrants.push({ name: 'openssl', argv: ['openssl', 'dgst', '-sha256', file], folder: bench.scratch });
  if (judges.indexOf('sha256sum') >= 0) entrants.push({ name: 'sha256sum', argv: ['sha256sum', file], folder: bench.scratch });
  const times = race(entrants, Math.min(bench.rounds, 7));
  const size = String(mebibytes) + ' MiB';
  const lines: Line[] = [];
  for (const name of ['openssl', 'sha256sum']) {
    if (judges.indexOf(name) < 0) lines.push({ kind: 'absent', what: 'hash ' + size + ' / ' + name, why: 'no ' + name });
    else lines.push(compare(times, 'rr', name, { what: 'hash ' + size + ' / ' + name, ...(name === 'openssl' ? { budget: 1.0, floor: '0.92' } : {}) }));
  }
  if (judges.indexOf('openssl') >= 0) lines.push(compare(times, 'record', 'openssl', { what: 'record -i FILE -- true, ' + size + ' / openssl' }));
  return lines;
}

function measureSeveral(bench: Bench): Line[] {
  const names = ['a', 'b', 'c', 'd'].map((name) => path.join(bench.scratch, name));
  for (const name of names) makeLargeFile(name, 256);
  const project = path.join(bench.scratch, 'project');
  makeProject(bench.rr, project, { runs: 0, hasResults: false, isMade: false });
  const declared = names.reduce((all: string[], name) => all.concat('-i', name), []);
  const times = race([
    callEntrant(bench, 'together', bench.scratch, ['together'].concat(names)),
    callEntrant(bench, 'one by one', bench.scratch, ['one-by-one'].concat(names)),
    { ...rrEntrant(bench, 'record', project, ['record', '--trace', 'none'].concat(declared, '--', 'true')), prepare: () => touchAll(names) },
  ], Math.min(bench.rounds, 7));
  return [
    compare(times, 'together', 'one by one', { what: 'hash 4 x 256 MiB together / one after another', budget: 0.6, floor: '0.55' }),
    compare(times, 'record', 'one by one', { what: 'record -i (4 x 256 MiB) -- true / hashed one after another', budget: 0.6 }),
  ];
}

function measureSmallFiles(bench: Bench): Line[] {
  const count = 100000;
  const what = 'hash ' + String(count) + ' files of 4 KiB / xargs -P2 sha256sum';
  if (!isInstalled('sha256sum')) return [{ kind: 'absent', what, why: 'no sha256sum' }];
  const folder = path.join(bench.scratch, 'small');
  const names = makeSmallFiles(folder, count, 4096);
  const list = path.join(bench.scratch, 'list');
  fs.writeFileSync(list, names.join('\n') + '\n');
  const times = race([
    callEntrant(bench, 'rr', folder, ['list', list]),
    { name: 'xargs', argv: ['sh', '-c', 'exec xargs -P2 -n 500 sha256sum <"$1"', 'sh', list], folder },
  ], Math.min(bench.rounds, 7));
  return [compare(times, 'rr', 'xargs', { what, budget: 0.65, floor: '0.59' })];
}

function measureWalk(bench: Bench): Line[] {
  const count = 100000;
  const folder = path.join(bench.scratch, 'many');
  makeSmallFiles(folder, count, 10);
  makeProject(bench.rr, folder, { runs: 0, hasResults: false, isMade: false });
  const times = race([
    { ...callEntrant(bench, 'rr', bench.scratch, ['walk', folder]), isSelfTimed: true },
    { name: 'find', argv: ['find', folder, '-printf', '%s %T@ %C@ %i\\n'], folder: bench.scratch },
    rrEntrant(bench, 'scan', folder, ['record', '--trace', 'scan', '--', 'true']),
    rrEntrant(bench, 'none', folder, ['record', '--trace', 'none', '--', 'true']),
  ], Math.min(bench.rounds, 9));
  return [
    compare(times, 'rr', 'find', { what: 'walk and compare ' + String(count) + ' files / find -printf', budget: 1.2, floor: '1.1' }),
    compare(times, 'scan', 'none', { what: 'record among ' + String(count) + ' files / --trace none' }),
  ];
}

// ---- make -----------------------------------------------------------------------------------------

function measureMakefile(bench: Bench): Line[] {
  const steps = 10000;
  const what = 'generated Makefile, nothing to do, ' + String(steps) + ' steps';
  if (!isInstalled('make')) return [{ kind: 'absent', what, why: 'no make' }];
  const plain = path.join(bench.scratch, 'plain');
  const made = path.join(bench.scratch, 'made');
  makePlainMakefile(plain, steps);
  makeProject(bench.rr, made, { runs: steps, hasResults: true, isMade: true });
  const entrants: Entrant[] = [
    { name: 'all', argv: ['make', '-f', 'provenance/Makefile'], folder: made },
    // A target without prerequisites or recipe: what reading the file takes.
    { name: 'reading', argv: ['make', '-f', 'provenance/Makefile', 'rr-force'], folder: made },
    { name: 'make', argv: ['make'], folder: plain },
    { name: 'make -rR', argv: ['make', '-rR'], folder: plain },
  ];
  const hasHasher = isInstalled('sha256sum');
  const hashing = "find results -name '*.csv' | xargs sha256sum";
  if (hasHasher) entrants.push({ name: 'hashing', argv: ['sh', '-c', hashing], folder: made });
  const times = race(entrants, Math.min(bench.rounds, 5));
  return [
    compare(times, 'all', 'make', { what: what + ' / GNU make', budget: 0.2, floor: '0.16' }),
    compare(times, 'reading', 'make', { what: '  of it reading the Makefile / GNU make' }),
    hasHasher ? compare(times, 'hashing', 'make', { what: '  of it sha256sum of all results / GNU make' }) : { kind: 'absent', what: '  sha256sum of all results', why: 'no sha256sum' },
    compare(times, 'make -rR', 'make', { what: '  plain Makefile, make -rR / GNU make' }),
  ];
}

// ---- list and memory ------------------------------------------------------------------------------

/** What is measured of lists: the arguments of rr list, and what is said of it. */
const LISTS: [string, string[]][] = [
  ['list', []], ['list --label NAME, 1 fits', ['--label', 'fit-77']], ['list --grep, 1 in 90 fits', ['--grep', 'FIT-77']], ['list --param, a third fits', ['--param', 'alpha<0.3']],
  ['list --made FILE, 1 fits', ['--made', 'results/w0000/s5.csv']], ['list --used FILE, all fit', ['--used', 'data/raw.csv']], ['list --sort -param:alpha', ['--sort', '-param:alpha']],
  ['list --csv', ['--csv']],
];

function measureList(bench: Bench, runs: number): Line[] {
  const project = path.join(bench.scratch, 'listed');
  makeProject(bench.rr, project, { runs, hasResults: true, isMade: false });
  const entrants = LISTS.map(([name, args]) => rrEntrant(bench, name, project, ['list'].concat(args)));
  entrants.push(rrEntrant(bench, 'show', project, ['show', 'fit-77']), rrEntrant(bench, 'makefile', project, ['makefile', '-q']));
  const against = isInstalled('git') ? 'git' : 'list';
  if (isInstalled('git')) {
    const repository = path.join(bench.scratch, 'commits');
    makeCommits(repository, runs);
    entrants.push({ name: 'git', argv: ['git', 'log', '--oneline'], folder: repository });
  }
  const rounds = Math.min(bench.rounds, 7);
  const times = race(entrants, rounds);
  const lines: Line[] = LISTS.map(([name]) => compare(times, name, against, { what: (name === 'list' ? 'list of ' + String(runs) + ' runs / git log --oneline' : '  ' + name + ' / the same'), budget: runs < 100000 ? undefined : 1.0 }));
  if (against !== 'git') lines[0] = { kind: 'absent', what: 'list of ' + String(runs) + ' runs / git log --oneline', why: 'no git' };
  lines.push(compare(times, 'show', 'list', { what: '  show LABEL / list' }), compare(times, 'makefile', 'list', { what: '  makefile / list' }));
  const forget = (): void => fs.rmSync(path.join(project, '.rr/index'), { recursive: true, force: true });
  const anew = race([{ ...rrEntrant(bench, 'anew', project, ['list']), prepare: forget }, rrEntrant(bench, 'list', project, ['list'])], 1);
  lines.push(compare(anew, 'anew', 'list', { what: '  list without an index / list' }));
  const memory = (what: string, args: string[]): Line => ({ kind: 'megabytes', what: 'memory: ' + what + ' with ' + String(runs) + ' runs', megabytes: peakMemory([bench.rr].concat(args), project, bench.scratch), budget: 200 });
  return lines.concat(memory('list', ['list']), memory('list --used', ['list', '--used', 'data/raw.csv']), memory('list --csv', ['list', '--csv']), memory('makefile', ['makefile', '-q']),
    memory('record -o', ['record', '--trace', 'scan', '-o', 'new', '--', 'sh', '-c', 'echo > new']));
}

function measureMemory(bench: Bench): Line[] {
  const project = path.join(bench.scratch, 'project');
  makeProject(bench.rr, project, { runs: 0, hasResults: false, isMade: false });
  const small = path.join(bench.scratch, 'small');
  const large = path.join(bench.scratch, 'large');
  makeLargeFile(small, 1);
  makeLargeFile(large, 1024);
  const peak = (names: string[]): number => {
    touchAll(names);
    const declared = names.reduce((all: string[], name) => all.concat('-i', name), []);
    return peakMemory([bench.rr, 'record', '--trace', 'none'].concat(declared, '--', 'true'), project, bench.scratch);
  };
  const flat = (what: string, names: string[], against: string[]): Line => {
    const peaks = [1, 2, 3].map(() => [peak(names), peak(against)]);
    return { kind: 'ratio', what, ratios: peaks.map(([a, b]) => a / b), ms: NaN, againstMs: NaN, budget: 1.1 };
  };
  return [
    { kind: 'megabytes', what: 'memory: record -- true', megabytes: peak([]) },
    flat('memory: record -i of 1 GiB / of 1 MiB', [large], [small]),
    { kind: 'megabytes', what: 'memory: two threads, 1 GiB and 1 MiB', megabytes: peakMemory([bench.call, 'together', large, small], project, bench.scratch) },
  ];
}

// ---- look back and repeat -----------------------------------------------------------------------------

function measureStatus(bench: Bench): Line[] {
  const count = Number(process.env.FILES ?? 100000);
  const folder = path.join(bench.scratch, 'status');
  makeProject(bench.rr, folder, { runs: 0, hasResults: false, isMade: false });
  makeSmallFiles(path.join(folder, 'given'), count, 100);
  runProgram([process.execPath, bench.rr, 'record', '-q', '--trace', 'scan', '--', 'cp', '-r', 'given', 'made'], folder);
  fs.rmSync(path.join(folder, 'given'), { recursive: true });
  for (let round = 0; round < 2; round++) runProgram([process.execPath, bench.rr, 'status', '-q'], folder);
  const times = race([
    rrEntrant(bench, 'status', folder, ['status', '-q']),
    { name: 'find', argv: ['find', path.join(folder, 'made'), '-printf', '%s %T@ %C@ %i\\n'], folder: bench.scratch },
  ], bench.rounds);
  return [compare(times, 'status', 'find', { what: 'status of ' + String(count) + ' unchanged results / find -printf', budget: 1.2, floor: '1.1' })];
}

function measureRerun(bench: Bench): Line[] {
  const folder = path.join(bench.scratch, 'rerun');
  makeProject(bench.rr, folder, { runs: 0, hasResults: false, isMade: false });
  const command = ['cp', 'data/raw.csv', 'copy.csv'];
  runProgram([process.execPath, bench.rr, 'record', '-q', '-l', 'copy', '--'].concat(command), folder);
  const times = race([
    rrEntrant(bench, 'rerun', folder, ['rerun', '-q', 'copy']),
    rrEntrant(bench, 'record', folder, ['record', '-q', '--'].concat(command)),
  ], bench.rounds);
  return [compare(times, 'rerun', 'record', { what: 'rerun of cp, compared and recorded / record of it' })];
}

export const ROWS: Row[] = [
  { name: 'record', help: 'record -- true against a Node script that loads the same modules and spawns true', isLong: false, measure: measureRecord },
  { name: 'flat', help: 'the same with 1,000 and 10,000 earlier runs', isLong: false, measure: (bench) => measureFlatness(bench, [1000, 10000]) },
  { name: 'flat-100000', help: 'the same with 100,000', isLong: true, measure: (bench) => measureFlatness(bench, [100000]) },
  { name: 'traced', help: 'record traced by strace against the command alone', isLong: false, measure: measureTraced },
  { name: 'git', help: 'record in a clean git tree against none', isLong: false, measure: measureGit },
  { name: 'datalad', help: 'record against datalad run', isLong: false, measure: measureDatalad },
  { name: 'hash-large', help: 'one file (MIB=1024) against openssl and sha256sum', isLong: false, measure: measureLargeFile },
  { name: 'hash-several', help: 'four large files together against one after another', isLong: false, measure: measureSeveral },
  { name: 'hash-small', help: '100,000 files of 4 KiB against xargs -P2 sha256sum', isLong: false, measure: measureSmallFiles },
  { name: 'walk', help: '100,000 unchanged files against find', isLong: false, measure: measureWalk },
  { name: 'makefile', help: 'generated Makefile with nothing to do against GNU make', isLong: false, measure: measureMakefile },
  { name: 'make-noop', help: 'rr make with nothing to do, 10,000 steps, against GNU make and ninja', isLong: false, measure: measureMakeNoop },
  { name: 'list', help: 'list of 10,000 runs against git log; memory', isLong: false, measure: (bench) => measureList(bench, 10000) },
  { name: 'list-100000', help: 'list of 100,000 runs', isLong: true, measure: (bench) => measureList(bench, 100000) },
  { name: 'status', help: 'status of 100,000 unchanged results (FILES=N) against find', isLong: false, measure: measureStatus },
  { name: 'rerun', help: 'rerun of a small run against record of it', isLong: false, measure: measureRerun },
  { name: 'memory', help: 'peak memory when hashing 1 GiB', isLong: false, measure: measureMemory },
];

/** Rows of the budget for which there is no such command yet. */
export const NOT_YET = [
  '1,000 steps of cp, each recorded / make -j2', 'sweep of 10,000 runs / GNU parallel',
];
