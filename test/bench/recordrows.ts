// recordrows.ts - rows of recording one small command, against others who record. Prints nothing.
import fs from 'fs';
import path from 'path';
import { printCount } from './lines.ts';
import type { Bench, Line } from './lines.ts';
import { compare, compareAll, isInstalled, memoryOf, race, rrEntrant, runAndTell, runProgram, tell } from './measure.ts';
import type { Entrant } from './measure.ts';
import { makeProject, makeSmallFiles } from './projects.ts';

const SAME_START = `const fs = require('fs'), path = require('path'), crypto = require('crypto'), os = require('os'), net = require('net');
const child = require('child_process').spawn('true', [], { stdio: [0, 'pipe', 'pipe'] });
child.on('exit', (code) => { process.exitCode = code; });
`;

/** The least that rr must do: Node.js with the modules that recording needs, and the command with two pipes. */
export function startEntrant(bench: Bench): Entrant {
  const script = path.join(bench.scratch, 'start.js');
  fs.writeFileSync(script, SAME_START);
  return { name: 'Node.js that spawns true', argv: [process.execPath, script], folder: bench.scratch, program: 'node', does: 'start.js loads fs, path, crypto, os, net and child_process, spawns true with two pipes, and waits' };
}

/** A name that is no word of YAML. */
type Work = { name: 'nothing' | 'copy'; argv: string[] };

const NOTHING: Work = { name: 'nothing', argv: ['true'] };
const COPY: Work = { name: 'copy', argv: ['cp', 'a', 'b'] };

let change = 0;

/** A new content for the file that is copied, so that nothing is known of it from before. */
function changeInput(folder: string): void {
  fs.writeFileSync(path.join(folder, 'a'), 'content ' + String(++change) + '\n');
}

function write(bench: Bench, folder: string, name: string, content: string): void {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, name), content);
  tell(bench, name + ' in ' + path.basename(folder) + ' has: ' + content.trimEnd().replace(/\n/g, ' | '));
}

function dataladEntrant(bench: Bench, work: Work): Entrant {
  const folder = path.join(bench.scratch, 'datalad');
  return {
    name: 'datalad run', argv: ['datalad', 'run', '-m', work.name].concat(work === COPY ? ['-i', 'a', '-o', 'b'] : [], work.argv), folder, needs: ['git', 'git-annex'],
    does: 'commits what changed to git, with the command; no hashes of inputs, no times, no logs. Where nothing changed it writes nothing',
    setUp: () => {
      runAndTell(bench, ['datalad', 'create', '-c', 'text2git', 'datalad'], bench.scratch);
      if (work !== COPY) return;
      changeInput(folder);
      runAndTell(bench, ['git', 'add', 'a'], folder);
    },
    prepare: () => {
      if (work !== COPY) return;
      changeInput(folder);
      runAndTell(bench, ['git', 'commit', '-qam', 'a new input'], folder);
    },
  };
}

function sumatraEntrant(bench: Bench, work: Work): Entrant {
  const folder = path.join(bench.scratch, 'sumatra');
  const script = work.name + '.sh';
  return {
    name: 'smt run', argv: ['smt', 'run', '-e', 'sh', '-m', script], folder, needs: ['git'], does: 'keeps version of the code, SHA-1 of results, machine and output in SQLite; no inputs',
    setUp: () => {
      write(bench, folder, script, work === COPY ? 'cp a Data/b\n' : 'true\n');
      fs.mkdirSync(path.join(folder, 'Data'));
      runAndTell(bench, ['git', 'init', '-q'], folder);
      runAndTell(bench, ['git', 'add', script], folder);
      runAndTell(bench, ['git', 'commit', '-qm', 'script'], folder);
      runAndTell(bench, ['smt', 'init', 'bench'], folder);
    },
    prepare: () => changeInput(folder),
  };
}

function dvcEntrant(bench: Bench, work: Work): Entrant {
  const folder = path.join(bench.scratch, 'dvc');
  return {
    name: 'dvc repro', argv: ['dvc', 'repro'].concat(work === COPY ? [] : ['-f'], work.name), folder, needs: ['git'],
    does: 'hashes dependency and result (MD5), puts the result into its cache, writes dvc.lock; no times, no logs, no machine',
    setUp: () => {
      write(bench, folder, 'dvc.yaml', 'stages:\n  ' + work.name + ':\n    cmd: "' + work.argv.join(' ') + '"\n' + (work === COPY ? '    deps: [a]\n    outs: [b]\n' : ''));
      runAndTell(bench, ['git', 'init', '-q'], folder);
      runAndTell(bench, ['dvc', 'init', '-q'], folder);
    },
    prepare: () => changeInput(folder),
  };
}

function reprozipEntrant(bench: Bench, work: Work): Entrant {
  const folder = path.join(bench.scratch, 'reprozip');
  return {
    name: 'reprozip trace', argv: ['reprozip', 'trace', '--overwrite'].concat(work.argv), folder, does: 'follows all system calls by ptrace and lists the files and packages of the run; no hashes, no logs',
    setUp: () => { fs.mkdirSync(folder); }, prepare: () => changeInput(folder),
  };
}

function snakemakeEntrant(bench: Bench, work: Work): Entrant {
  const folder = path.join(bench.scratch, 'snakemake');
  return {
    name: 'snakemake', argv: ['snakemake', '-q', '-c1'].concat(work === COPY ? [] : ['-F'], work.name), folder, does: 'runs the rule if its input is newer, and keeps a note of rule and parameters for each result; no hashes, no logs',
    setUp: () => write(bench, folder, 'Snakefile', 'rule ' + work.name + ':\n' + (work === COPY ? '    input: "a"\n    output: "b"\n' : '') + '    shell: "' + work.argv.join(' ') + '"\n'),
    prepare: () => changeInput(folder),
  };
}

function listPeers(bench: Bench, work: Work): Entrant[] {
  return [dataladEntrant, sumatraEntrant, dvcEntrant, reprozipEntrant, snakemakeEntrant].map((make) => make(bench, work));
}

export function measureRecordTrue(bench: Bench): Line[] {
  const empty = path.join(bench.scratch, 'project');
  makeProject(bench.rr, empty, { runs: 0, hasResults: false, isMade: false });
  const parts = race(bench, [
    startEntrant(bench),
    { name: 'empty Node.js', argv: [process.execPath, '-e', '0'], folder: empty, program: 'node' },
    rrEntrant(bench, 'rr --version', empty, ['--version']),
    { ...rrEntrant(bench, 'rr record, untraced', empty, ['record', '--trace', 'none', '--', 'true']), does: 'command, code, machine, programs, times, logs, one file each run' },
    rrEntrant(bench, 'rr record, untraced, no logs', empty, ['record', '--trace', 'none', '--no-logs', '--', 'true']),
    rrEntrant(bench, 'rr record, scanned', empty, ['record', '--trace', 'scan', '--', 'true']),
    { ...rrEntrant(bench, 'rr record', empty, ['record', '--', 'true']), does: 'the same, and each file read and written, by strace' },
    rrEntrant(bench, 'rr record -o', empty, ['record', '--trace', 'scan', '-o', 'new', '--', 'sh', '-c', 'echo > new']),
    ...listPeers(bench, NOTHING),
  ]);
  const start = 'Node.js that spawns true';
  return [
    compare(parts, 'rr record, untraced', start, { what: 'untraced / ' + start, budget: 1.25, floor: '1.0' }),
    compare(parts, 'rr record, untraced, no logs', start, { what: 'untraced, no logs / the same' }),
    compare(parts, 'rr record, scanned', start, { what: 'scanned / the same' }),
    compare(parts, 'rr record, untraced', 'datalad run', { what: 'untraced / datalad run', budget: 0.07, floor: '0.05' }),
    ...compareAll(parts, 'rr record, untraced', ['smt run', 'dvc repro', 'reprozip trace', 'snakemake'], 'untraced'),
    ...compareAll(parts, 'rr record', [start, 'datalad run', 'smt run', 'dvc repro', 'reprozip trace', 'snakemake'], 'traced'),
    compare(parts, 'rr record -o', start, { what: 'makes a result / ' + start }),
    compare(parts, 'rr --version', 'empty Node.js', { what: 'rr --version / empty Node.js' }),
    memoryOf(parts, 'rr record', { what: 'memory of rr record' }),
  ];
}

export function measureRecordCopy(bench: Bench): Line[] {
  const [untraced, traced] = ['untraced', 'traced'].map((name) => path.join(bench.scratch, name));
  for (const folder of [untraced, traced]) makeProject(bench.rr, folder, { runs: 0, hasResults: false, isMade: false });
  tell(bench, 'before each start the file "a" gets a new content of 12 bytes; for datalad it is committed, as it demands');
  const parts = race(bench, [
    { name: 'cp alone', argv: COPY.argv, folder: untraced, prepare: () => changeInput(untraced) },
    { ...rrEntrant(bench, 'rr record, untraced', untraced, ['record', '--trace', 'none', '-i', 'a', '-o', 'b', '--'].concat(COPY.argv)), prepare: () => changeInput(untraced), does: 'input and result hashed (SHA-256); Makefile and SHA256SUMS brought up to date' },
    { ...rrEntrant(bench, 'rr record', traced, ['record', '--'].concat(COPY.argv)), prepare: () => changeInput(traced), does: 'the same, files found by strace' },
    ...listPeers(bench, COPY),
  ]);
  return [
    ...compareAll(parts, 'rr record, untraced', ['cp alone', 'datalad run', 'smt run', 'dvc repro', 'reprozip trace', 'snakemake'], 'untraced'),
    ...compareAll(parts, 'rr record', ['cp alone', 'datalad run', 'smt run', 'dvc repro', 'reprozip trace', 'snakemake'], 'traced'),
  ];
}

export function measureGit(bench: Bench): Line[] {
  const files = 1000;
  const what = 'in a clean git tree of ' + printCount(files) + ' files / without git';
  if (!isInstalled('git')) return [{ kind: 'absent', what, why: 'git is not installed' }];
  const [bare, inGit] = ['bare', 'git'].map((name) => path.join(bench.scratch, name));
  for (const folder of [bare, inGit]) {
    makeSmallFiles(folder, files, 1000);
    if (folder === inGit) {
      runAndTell(bench, ['git', 'init', '-q', '.'], folder);
      runAndTell(bench, ['git', 'add', '.'], folder);
      runAndTell(bench, ['git', 'commit', '-q', '-m', 'all'], folder);
    }
    runProgram([process.execPath, bench.rr, 'init', '-q'], folder);
  }
  const command = ['record', '--trace', 'none', '--', 'true'];
  const parts = race(bench, [rrEntrant(bench, 'rr record in git', inGit, command), rrEntrant(bench, 'rr record', bare, command)]);
  return [compare(parts, 'rr record in git', 'rr record', { what })];
}

export function measureRerun(bench: Bench): Line[] {
  const folder = path.join(bench.scratch, 'project');
  makeProject(bench.rr, folder, { runs: 0, hasResults: false, isMade: false });
  const command = ['cp', 'data/raw.csv', 'copy.csv'];
  runAndTell(bench, [process.execPath, bench.rr, 'record', '-q', '-l', 'copy', '--'].concat(command), folder);
  const parts = race(bench, [
    rrEntrant(bench, 'rr rerun', folder, ['rerun', '-q', 'copy']),
    rrEntrant(bench, 'rr record', folder, ['record', '-q', '--'].concat(command)),
  ]);
  return [compare(parts, 'rr rerun', 'rr record', { what: 'rerun of cp, compared / record of it' })];
}
