// tracerows.ts - what watching by strace costs: the rows of the table for it. Prints nothing.
import fs from 'fs';
import path from 'path';
import { isInstalled, median, race, ratiosOf } from './measure.ts';
import type { Entrant } from './measure.ts';
import { makeProject, makeSmallFiles } from './projects.ts';
import type { Bench, Line } from './lines.ts';

type Work = { what: string; argv: string[]; budget: number | undefined; floor: string; prepare?: (folder: string) => void };

const FUNCTIONS = 4000;

function writeSource(folder: string): void {
  let text = '#include <math.h>\n';
  for (let i = 0; i < FUNCTIONS; i++) text += 'double f' + String(i) + '(double x) { for (int i = 0; i < 9; i++) x = sin(x) * ' + String(i) + ' + x * x; return x; }\n';
  fs.writeFileSync(path.join(folder, 'long.c'), text);
}

const LOOP = 'BEGIN { for (i = 0; i < 30000000; i++) x += i % 7; print x }';
const IMPORTS = 'import json, decimal, asyncio, unittest, xml.dom.minidom, sqlite3, http.client, email.mime.text, multiprocessing, ctypes';

function listWork(folder: string): Work[] {
  const works: Work[] = [];
  if (isInstalled('gcc')) works.push({ what: 'gcc -O2 of 4,000 functions', argv: ['gcc', '-O2', '-c', '-o', 'long.o', 'long.c'], budget: 1.15, floor: '1.08', prepare: writeSource });
  works.push({ what: 'a loop in awk', argv: ['awk', LOOP], budget: 1.02, floor: '1.06' });
  works.push({ what: 'find over 100,000 files', argv: ['find', 'many', '-name', 'nothing'], budget: 1.2, floor: '1.12', prepare: () => { makeSmallFiles(path.join(folder, 'many'), 100000, 16); } });
  if (isInstalled('python3')) works.push({ what: 'python3 with ten imports', argv: ['python3', '-c', IMPORTS], budget: 1.7, floor: '1.5' });
  works.push({ what: 'opening 10,000 files', argv: ['sh', '-c', 'find few -type f | xargs cat >/dev/null'], budget: 5.5, floor: '5.0', prepare: () => { makeSmallFiles(path.join(folder, 'few'), 10000, 64); } });
  return works;
}

/**
 * Each work alone, under rr with strace, and under strace with the same calls and no reader. The
 * budgets are for long work, so what rr itself takes to start and end is measured by "true" and
 * taken off in a line of its own.
 */
export function measureTraced(bench: Bench): Line[] {
  if (!isInstalled('strace')) return [{ kind: 'absent', what: 'record traced by strace / the command alone', why: 'no strace' }];
  const folder = path.join(bench.scratch, 'traced');
  makeProject(bench.rr, folder, { runs: 0, hasResults: false, isMade: false });
  const record = (name: string, method: string, argv: string[]): Entrant => ({ name, argv: [process.execPath, bench.rr, 'record', '--trace', method, '--'].concat(argv), folder });
  const lines: Line[] = [];
  for (const work of listWork(folder)) {
    work.prepare?.(folder);
    const bare = ['strace', '-D', '-f', '--seccomp-bpf', '-q', '-o', '/dev/null', '-e', 'trace=openat,execve,clone,clone3,vfork', '--'];
    const times = race([
      { name: 'alone', argv: work.argv, folder }, record('strace', 'strace', work.argv), record('scan', 'scan', work.argv),
      { name: 'bare', argv: bare.concat(work.argv), folder }, record('true', 'strace', ['true']),
    ], bench.rounds);
    const ms = (name: string): number => median(times.get(name)!);
    const net = times.get('strace')!.map((one, i) => (one - times.get('true')![i]) / times.get('alone')![i]);
    lines.push({ kind: 'ratio', what: 'record traced: ' + work.what + ' / alone', ratios: ratiosOf(times, 'strace', 'alone'), ms: ms('strace'), againstMs: ms('alone'), budget: work.budget, floor: work.floor });
    lines.push({ kind: 'ratio', what: '  without what recording "true" takes', ratios: net, ms: ms('strace') - ms('true'), againstMs: ms('alone') });
    lines.push({ kind: 'ratio', what: '  against strace -e openat alone', ratios: ratiosOf(times, 'strace', 'bare'), ms: ms('strace'), againstMs: ms('bare') });
    lines.push({ kind: 'ratio', what: '  record --trace scan / alone', ratios: ratiosOf(times, 'scan', 'alone'), ms: ms('scan'), againstMs: ms('alone') });
  }
  return lines;
}
