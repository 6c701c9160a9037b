// hashrows.ts - rows of hashing files, of taking them in, and of looking at very many. Prints nothing.
import fs from 'fs';
import path from 'path';
import { printCount } from './lines.ts';
import type { Bench, Line } from './lines.ts';
import { callEntrant, compare, compareAll, floorOf, memoryOf, race, removeFolder, rrEntrant, runAndTell, runProgram, tell, touchAll } from './measure.ts';
import type { Entrant } from './measure.ts';
import { makeLargeFile, makeProject, makeSmallFiles } from './projects.ts';

export function measureLargeFile(bench: Bench): Line[] {
  const file = path.join(bench.scratch, 'large');
  makeLargeFile(file, bench.sizes.mebibytes);
  tell(bench, 'large: ' + printCount(bench.sizes.mebibytes) + ' MiB of random bytes, in the page cache');
  const project = path.join(bench.scratch, 'project');
  makeProject(bench.rr, project, { runs: 0, hasResults: false, isMade: false });
  const parts = race(bench, [
    { ...callEntrant(bench, 'rr hashing alone', bench.scratch, ['one-by-one', file]), does: "rr's own hashing (src/sys/hash.ts) and nothing else" },
    { ...rrEntrant(bench, 'rr record -i', project, ['record', '--trace', 'none', '-i', file, '--', 'true']), prepare: () => touchAll([file]), does: 'the file gets a new time before, so that its hash is not known' },
    { name: 'openssl', argv: ['openssl', 'dgst', '-sha256', file], folder: bench.scratch },
    { name: 'sha256sum', argv: ['sha256sum', file], folder: bench.scratch },
  ]);
  const size = printCount(bench.sizes.mebibytes) + ' MiB';
  return [
    compare(parts, 'rr hashing alone', 'openssl', { what: 'SHA-256 of ' + size + ' / openssl', budget: 1.0, floor: '0.92' }),
    compare(parts, 'rr hashing alone', 'sha256sum', { what: 'SHA-256 of ' + size + ' / sha256sum' }),
    ...compareAll(parts, 'rr record -i', ['openssl', 'sha256sum'], 'record -i FILE'),
  ];
}

export function measureSeveral(bench: Bench): Line[] {
  const mebibytes = Math.ceil(bench.sizes.mebibytes / 8);
  const size = '4 x ' + printCount(mebibytes) + ' MiB';
  const names = ['a', 'b', 'c', 'd'].map((name) => path.join(bench.scratch, name));
  for (const name of names) makeLargeFile(name, mebibytes);
  tell(bench, 'a b c d: ' + printCount(mebibytes) + ' MiB of random bytes each');
  const project = path.join(bench.scratch, 'project');
  makeProject(bench.rr, project, { runs: 0, hasResults: false, isMade: false });
  const declared = names.reduce((all: string[], name) => all.concat('-i', name), []);
  const parts = race(bench, [
    callEntrant(bench, 'together', bench.scratch, ['together'].concat(names)),
    callEntrant(bench, 'one after another', bench.scratch, ['one-by-one'].concat(names)),
    { ...rrEntrant(bench, 'rr record -i', project, ['record', '--trace', 'none'].concat(declared, '--', 'true')), prepare: () => touchAll(names) },
  ]);
  return [
    compare(parts, 'together', 'one after another', { what: size + ' together / one by one', budget: 0.6, floor: '0.55' }),
    compare(parts, 'rr record -i', 'one after another', { what: 'record -i of them / the same', budget: 0.6 }),
  ];
}

// ---- taking files in ------------------------------------------------------------------------------

type Store = { name: string; argv: string[]; needs?: string[]; does: string; init: string[][] };

const STORES: { [program: string]: Store } = {
  git: { name: 'git add', argv: ['git', 'add', 'data'], does: 'hashes (SHA-1), compresses and keeps the content', init: [['git', 'init', '-q']] },
  lfs: { name: 'git add, git-lfs', argv: ['git', 'add', 'data'], needs: ['git-lfs'], does: 'hashes (SHA-256) and keeps a copy', init: [['git', 'init', '-q'], ['git', 'lfs', 'install', '--local'], ['git', 'lfs', 'track', 'data/**']] },
  annex: { name: 'git annex add', argv: ['git', 'annex', 'add', '-q', 'data'], needs: ['git-annex'], does: 'hashes (SHA-256), moves the content and leaves a link', init: [['git', 'init', '-q'], ['git', 'annex', 'init', '-q']] },
  dvc: { name: 'dvc add', argv: ['dvc', 'add', 'data'], needs: ['git'], does: 'hashes (MD5) and keeps a copy', init: [['git', 'init', '-q'], ['dvc', 'init', '-q']] },
  datalad: { name: 'datalad save', argv: ['datalad', 'save', '-m', 'data', 'data'], needs: ['git', 'git-annex'], does: 'git-annex with a commit', init: [['datalad', 'create', '--force', '.']] },
};

/** Takes a copy of "data" into a new store each time. */
function storeEntrant(bench: Bench, store: Store, given: string): Entrant {
  const folder = path.join(bench.scratch, store.name.replace(/[ ,]+/g, '-'));
  return {
    ...store, folder, program: store.needs !== undefined && store.argv[0] === 'git' ? store.needs[0] : store.argv[0],
    prepare: () => {
      removeFolder(folder);
      fs.mkdirSync(folder);
      for (const argv of store.init) runAndTell(bench, argv, folder);
      runAndTell(bench, ['cp', '-r', given, path.join(folder, 'data')], folder);
      // What the copy left to be written to the disk would be written in somebody's time.
      runAndTell(bench, ['sync', '-f', folder], folder);
    },
    // One store at a time is on the disk.
    cleanUp: () => removeFolder(folder),
  };
}

/** rr, which keeps no copy; it knows nothing of the files from before. */
function recordEntrant(bench: Bench, given: string): Entrant {
  const folder = path.join(bench.scratch, 'rr');
  return {
    ...rrEntrant(bench, 'rr record -i', folder, ['record', '--trace', 'none', '-i', 'data', '--', 'true']), does: 'hashes (SHA-256) and writes a record; keeps no copy',
    setUp: () => {
      makeProject(bench.rr, folder, { runs: 0, hasResults: false, isMade: false });
      removeFolder(path.join(folder, 'data'));
      runAndTell(bench, ['cp', '-rl', given, path.join(folder, 'data')], folder);
    },
    prepare: () => removeFolder(path.join(folder, '.rr/seen')),
  };
}

function copyEntrant(bench: Bench, given: string): Entrant {
  const copy = path.join(bench.scratch, 'copy');
  return { name: 'cp', argv: ['cp', '-r', given, copy], folder: bench.scratch, does: 'copies and does nothing else', cleanUp: () => removeFolder(copy) };
}

function raceStores(bench: Bench, given: string, stores: Store[]): { others: string[]; parts: ReturnType<typeof race> } {
  const entrants = [recordEntrant(bench, given), copyEntrant(bench, given), ...stores.map((store) => storeEntrant(bench, store, given))];
  return { others: entrants.slice(1).map((entrant) => entrant.name), parts: race(bench, entrants) };
}

export function measureAddLarge(bench: Bench): Line[] {
  const given = path.join(bench.scratch, 'given');
  fs.mkdirSync(given);
  makeLargeFile(path.join(given, 'large'), bench.sizes.mebibytes);
  tell(bench, 'given: a file of ' + printCount(bench.sizes.mebibytes) + ' MiB of random bytes');
  const { others, parts } = raceStores(bench, given, ['git', 'lfs', 'annex', 'dvc', 'datalad'].map((name) => STORES[name]));
  const memory = ['rr record -i'].concat(others).map((name): Line => memoryOf(parts, name, { what: 'memory: ' + name }));
  return compareAll(parts, 'rr record -i', others, printCount(bench.sizes.mebibytes) + ' MiB').concat(memory);
}

export function measureSmallFiles(bench: Bench): Line[] {
  const count = bench.sizes.files;
  const folder = path.join(bench.scratch, 'small');
  const names = makeSmallFiles(folder, count, 4096);
  tell(bench, 'small: ' + printCount(count) + ' files of 4 KiB of random bytes in folders of 1,000; list: their names');
  const list = path.join(bench.scratch, 'list');
  fs.writeFileSync(list, names.join('\n') + '\n');
  const parts = race(bench, [
    callEntrant(bench, 'rr hashing alone', folder, ['list', list]),
    { name: 'xargs -P2 sha256sum', argv: ['sh', '-c', 'exec xargs -P2 -n 500 sha256sum <"$1"', 'sh', list], folder, needs: ['xargs', 'sha256sum'], program: 'sha256sum' },
  ]);
  return [compare(parts, 'rr hashing alone', 'xargs -P2 sha256sum', { what: printCount(count) + ' of 4 KiB / xargs -P2 sha256sum', budget: 0.65, floor: '0.59' })];
}

/** Those that take minutes for the full number get a fiftieth of it, and rr as well. */
export function measureAddSmall(bench: Bench): Line[] {
  const lines: Line[] = [];
  for (const [count, stores] of [[bench.sizes.files, ['git']], [Math.ceil(bench.sizes.files / 50), ['lfs', 'dvc', 'annex', 'datalad']]] as [number, string[]][]) {
    const within: Bench = { ...bench, scratch: path.join(bench.scratch, String(count)) };
    const given = path.join(within.scratch, 'given');
    fs.mkdirSync(given, { recursive: true });
    makeSmallFiles(given, count, 4096);
    tell(bench, String(count) + '/given: so many files of 4 KiB of random bytes in folders of 1,000');
    const { others, parts } = raceStores(within, given, stores.map((name) => STORES[name]));
    lines.push(...compareAll(parts, 'rr record -i', others, printCount(count) + ' of 4 KiB'));
  }
  return lines;
}

export function measureWalk(bench: Bench): Line[] {
  const count = bench.sizes.files;
  const folder = path.join(bench.scratch, 'many');
  makeSmallFiles(folder, count, 10);
  tell(bench, 'many: ' + printCount(count) + ' files in folders of 1,000');
  makeProject(bench.rr, folder, { runs: 0, hasResults: false, isMade: false });
  const parts = race(bench, [
    { ...callEntrant(bench, 'walk and compare', bench.scratch, ['walk', folder]), isSelfTimed: true, does: 'the second look and the comparison, without the start of Node.js' },
    { ...callEntrant(bench, 'bare walk in Node.js', bench.scratch, ['bare-walk', folder]), isSelfTimed: true, does: 'readdir and lstat of all, nothing kept' },
    { name: 'find -printf', argv: ['find', folder, '-printf', '%s %T@ %C@ %i\\n'], folder: bench.scratch },
    rrEntrant(bench, 'rr record, scanned', folder, ['record', '--trace', 'scan', '--', 'true']),
    rrEntrant(bench, 'rr record, untraced', folder, ['record', '--trace', 'none', '--', 'true']),
  ]);
  const bare = compare(parts, 'bare walk in Node.js', 'find -printf', { what: 'bare walk in Node.js / the same' });
  return [
    compare(parts, 'walk and compare', 'find -printf', { what: printCount(count) + ' files / find -printf', budget: 1.2, floor: floorOf(bare) }),
    bare,
    compare(parts, 'rr record, scanned', 'rr record, untraced', { what: 'record scanned / untraced' }),
  ];
}

// ---- status ---------------------------------------------------------------------------------------

/** The same files as results of a run of rr, as content of git and of DataLad, and as data of DVC. */
export function measureStatus(bench: Bench): Line[] {
  const count = bench.sizes.files;
  const dvcCount = Math.ceil(count / 10);
  const given = path.join(bench.scratch, 'given');
  const folder = path.join(bench.scratch, 'status');
  const dataset = path.join(bench.scratch, 'dataset');
  const [small, dvc] = ['status-small', 'dvc'].map((name) => path.join(bench.scratch, name));
  makeSmallFiles(given, count, 100);
  makeSmallFiles(given + '-small', dvcCount, 100);
  tell(bench, 'given: ' + printCount(count) + ' files of 100 bytes in folders of 1,000; given-small: ' + printCount(dvcCount));
  const recordCopy = (project: string, from: string): void => {
    makeProject(bench.rr, project, { runs: 0, hasResults: false, isMade: false });
    runAndTell(bench, [process.execPath, bench.rr, 'record', '-q', '--trace', 'none', '-o', 'made', '--', 'cp', '-r', from, 'made'], project);
    for (let round = 0; round < 2; round++) runProgram([process.execPath, bench.rr, 'status', '-q'], project);
  };
  recordCopy(folder, given);
  recordCopy(small, given + '-small');
  const makeDataset = (): void => {
    if (fs.existsSync(path.join(dataset, 'made'))) return;
    runAndTell(bench, ['datalad', 'create', '--no-annex', 'dataset'], bench.scratch);
    runAndTell(bench, ['cp', '-r', given, path.join(dataset, 'made')], dataset);
    runAndTell(bench, ['git', 'add', 'made'], dataset);
    runAndTell(bench, ['git', 'commit', '-qm', 'all'], dataset);
  };
  const makeDvc = (): void => {
    fs.mkdirSync(dvc);
    for (const argv of [['git', 'init', '-q'], ['dvc', 'init', '-q'], ['cp', '-r', given + '-small', 'made'], ['dvc', 'add', 'made']]) runAndTell(bench, argv, dvc);
  };
  const parts = race(bench, [
    { ...rrEntrant(bench, 'rr status', folder, ['status', '-q']), does: 'size, times and inode of each, against the record' },
    { name: 'find -printf', argv: ['find', path.join(folder, 'made'), '-printf', '%s %T@ %C@ %i\\n'], folder: bench.scratch },
    { name: 'git status', argv: ['git', 'status', '-s'], folder: dataset, needs: ['datalad'], setUp: makeDataset, does: 'in C, with two threads; also looks for new files' },
    { name: 'datalad status', argv: ['datalad', 'status'], folder: dataset, needs: ['git'], setUp: makeDataset, does: 'the same dataset, whose files are in git' },
    rrEntrant(bench, 'rr status, fewer', small, ['status', '-q']),
    { name: 'dvc status', argv: ['dvc', 'status'], folder: dvc, needs: ['git'], setUp: makeDvc },
  ]);
  return [
    compare(parts, 'rr status', 'find -printf', { what: printCount(count) + ' unchanged / find -printf', budget: 1.2, floor: '1.1' }),
    ...compareAll(parts, 'rr status', ['git status', 'datalad status'], printCount(count) + ' unchanged'),
    compare(parts, 'rr status, fewer', 'dvc status', { what: printCount(dvcCount) + ' unchanged / dvc status' }),
  ];
}
