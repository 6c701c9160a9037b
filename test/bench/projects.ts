// projects.ts - projects, files and commits in the numbers that the rows ask for. Measures nothing.
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { emptyRun, recordPath } from '../../src/core/run.ts';
import type { FileState, Run } from '../../src/core/run.ts';
import { printRecord } from '../../src/sys/store.ts';
import { runProgram } from './measure.ts';

const DIGITS = '234567abcdefghijklmnopqrstuvwxyz';
const FIRST_RUN_MS = Date.UTC(2016, 0, 1);
const BETWEEN_RUNS_MS = 1000000; // 100,000 runs are three years, in 38 folders

/** The id of the nth made-up run; ids grow with n and are older than any real one. */
function idOf(n: number): string {
  const stamp = new Date(FIRST_RUN_MS + n * BETWEEN_RUNS_MS).toISOString().replace(/[-:]|\.\d+/g, '');
  return stamp + '-' + [5, 4, 3, 2, 1, 0].map((at) => DIGITS[Math.floor(n / 32 ** at) % 32]).join('');
}

function stateOf(name: string, content: string): FileState {
  return { hash: crypto.createHash('sha256').update(content).digest('hex'), size: content.length, kind: '', path: name };
}

/** The nth run, as a real one looks; its step is chained to the one before, but every tenth. */
function runOf(n: number, hasResult: boolean): Run {
  const run = emptyRun(idOf(n), './fit --alpha 0.' + String(n) + ' data/raw.csv', new Date(FIRST_RUN_MS + n * BETWEEN_RUNS_MS).toISOString().replace('Z', '000Z'), '0.1.0');
  run.label = 'fit-' + String(n);
  run.reason = 'try a smaller step';
  run.tags = ['series'];
  run.parameters = ['alpha 0.' + String(n)];
  Object.assign(run, { wallS: 12.345, userS: 11.9, systemS: 0.2, peakMemoryBytes: 104857600, exit: 0, status: 'succeeded', observed: 'scan' });
  run.code = 'git 21b95ecfa0911d6ca87668482b11ab9498edd8f3';
  run.environment = '5b1c'.repeat(16);
  run.variables = ['LANG=C.UTF-8', 'OMP_NUM_THREADS=4'];
  run.inputs = [stateOf('data/raw.csv', 'x\n'), stateOf('fit', '#!/bin/sh\n')];
  if (!hasResult) return run;
  if (n % 10 > 0) run.inputs.push(stateOf(resultName(n - 1), resultContent(n - 1)));
  run.outputs = [stateOf(resultName(n), resultContent(n))];
  return run;
}

/** Name of the nth run's result. */
export function resultName(n: number): string {
  return 'results/w' + String(Math.floor(n / 100)).padStart(4, '0') + '/s' + String(n) + '.csv';
}

function resultContent(n: number): string {
  return 'x,y\n' + String(n) + ',1\n';
}

export type ProjectShape = {
  runs: number;
  /** Does each run own a result? */
  hasResults: boolean;
  /** Are the results there, and stamped as made? */
  isMade: boolean;
};

/** A project with that many earlier runs: records as rr writes them, its Makefile and checksums made by rr. */
export function makeProject(rr: string, folder: string, shape: ProjectShape): void {
  fs.mkdirSync(path.join(folder, 'data'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'data/raw.csv'), 'x\n');
  fs.writeFileSync(path.join(folder, 'fit'), '#!/bin/sh\n');
  runProgram([process.execPath, rr, 'init', '-q'], folder);
  if (shape.isMade) fs.mkdirSync(path.join(folder, '.rr/made'), { recursive: true });
  const folders = new Set<string>();
  const put = (name: string, content: string): void => {
    if (!folders.has(path.dirname(name))) fs.mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
    folders.add(path.dirname(name));
    fs.writeFileSync(path.join(folder, name), content, 'latin1');
  };
  for (let n = 0; n < shape.runs; n++) {
    const run = runOf(n, shape.hasResults);
    const text = printRecord(run);
    put('provenance/' + recordPath(run.id), text);
    if (!shape.isMade) continue;
    put(resultName(n), resultContent(n));
    put('.rr/made/' + run.id, text.slice(-65));
  }
  runProgram([process.execPath, rr, 'makefile', '-q'], folder);
}

/**
 * Steps as a Makefile that a person would write: chains of ten, each with a raw input of its own
 * (what GNU make looks up its built-in rules for), every result newer than what it is made from.
 */
export function makePlainMakefile(folder: string, steps: number): void {
  fs.mkdirSync(folder, { recursive: true });
  let all = 'all:';
  let rules = '';
  for (let n = 0; n < steps; n++) {
    const from = n % 10 > 0 ? resultName(n - 1) : path.dirname(resultName(n)) + '/raw' + String(n) + '.csv';
    if (n % 100 === 0) fs.mkdirSync(path.join(folder, path.dirname(resultName(n))), { recursive: true });
    if (n % 10 === 0) fs.writeFileSync(path.join(folder, from), 'x\n');
    fs.writeFileSync(path.join(folder, resultName(n)), resultContent(n));
    all += ' ' + resultName(n);
    rules += resultName(n) + ': ' + from + '\n\tcp ' + from + ' ' + resultName(n) + '\n';
  }
  fs.writeFileSync(path.join(folder, 'Makefile'), all + '\n' + rules);
}

/** Files of random bytes in folders of 1,000; their names relative to `folder`. */
export function makeSmallFiles(folder: string, count: number, bytes: number): string[] {
  const names: string[] = [];
  const pool = crypto.randomBytes(bytes + 65536);
  for (let n = 0; n < count; n++) {
    const place = 'd' + String(Math.floor(n / 1000)).padStart(3, '0');
    if (n % 1000 === 0) fs.mkdirSync(path.join(folder, place), { recursive: true });
    const name = place + '/f' + String(n);
    pool.writeUInt32LE(n, n % 65536);
    fs.writeFileSync(path.join(folder, name), pool.subarray(n % 65536, (n % 65536) + bytes));
    names.push(name);
  }
  return names;
}

/** A file of random bytes; ends in the page cache. */
export function makeLargeFile(name: string, mebibytes: number): void {
  const fd = fs.openSync(name, 'w');
  const chunk = Buffer.allocUnsafe(1 << 20);
  for (let n = 0; n < mebibytes; n++) fs.writeSync(fd, crypto.randomFillSync(chunk));
  fs.closeSync(fd);
}

/** A git repository with that many commits. */
export function makeCommits(folder: string, count: number): void {
  fs.mkdirSync(folder, { recursive: true });
  runProgram(['git', 'init', '-q', '-b', 'main', '.'], folder);
  const stream: string[] = [];
  for (let n = 1; n <= count; n++) {
    stream.push('commit refs/heads/main\nmark :' + String(n) + '\ncommitter A <a@example.org> ' + String(1451606400 + n * 1000) + ' +0000\ndata 18\ntry a smaller step\n'
      + (n > 1 ? 'from :' + String(n - 1) + '\n' : '') + 'M 100644 inline fit.txt\ndata ' + String(String(n).length) + '\n' + String(n) + '\n');
  }
  runProgram(['git', 'fast-import', '--quiet'], folder, stream.join(''));
}
