// tracerows.ts - what watching costs, against the command alone, strace alone and ReproZip. Prints nothing.
import fs from 'fs';
import path from 'path';
import { printCount } from './lines.ts';
import type { Bench, Line } from './lines.ts';
import { compare, floorOf, isInstalled, race, rrEntrant, tell } from './measure.ts';
import type { Entrant, Race } from './measure.ts';
import { findPython } from './peers.ts';
import { makeProject, makeSmallFiles } from './projects.ts';

type Work = { name: string; argv: string[]; budget: number; isBesideStart?: boolean; needs: string; prepare?: (folder: string) => void };

function writeSource(folder: string, functions: number): void {
  let text = '#include <math.h>\n';
  for (let i = 0; i < functions; i++) text += 'double f' + String(i) + '(double x) { for (int i = 0; i < 9; i++) x = sin(x) * ' + String(i) + ' + x * x; return x; }\n';
  fs.writeFileSync(path.join(folder, 'long.c'), text);
}

const LOOP = 'BEGIN { for (i = 0; i < 15000000; i++) x += i % 7; print x }';
const IMPORTS = 'import json, decimal, asyncio, unittest, xml.dom.minidom, sqlite3, http.client\nimport email.mime.text, multiprocessing, ctypes\n';

/** isBesideStart: its budget does not count what recording a run of nothing takes. */
function listWork(bench: Bench): Work[] {
  const { files } = bench.sizes;
  const [functions, few] = [Math.ceil(files / 100), Math.ceil(files / 10)];
  return [
    { name: 'gcc', argv: ['gcc', '-O2', '-c', '-o', 'long.o', 'long.c'], budget: 1.15, needs: 'gcc', prepare: (folder) => { writeSource(folder, functions); tell(bench, 'long.c: ' + printCount(functions) + ' functions of a loop each'); } },
    { name: 'awk', argv: ['awk', LOOP], budget: 1.02, isBesideStart: true, needs: 'awk' },
    { name: 'find', argv: ['find', 'many', '-name', 'nothing'], budget: 1.2, needs: 'find', prepare: (folder) => { makeSmallFiles(path.join(folder, 'many'), files, 16); tell(bench, 'many: ' + printCount(files) + ' files in folders of 1,000'); } },
    { name: 'python3', argv: [path.join(bench.scratch, 'python3'), 'imports.py'], budget: 1.7, needs: 'python3', prepare: (folder) => { fs.symlinkSync(findPython(), path.join(bench.scratch, 'python3')); fs.writeFileSync(path.join(folder, 'imports.py'), IMPORTS); tell(bench, 'python3: a link to the interpreter itself; imports.py: ten imports of its library (' + IMPORTS.trim().replace(/\n/g, '; ') + ')'); } },
    { name: 'cat', argv: ['sh', '-c', 'find few -type f | xargs cat >/dev/null'], budget: 5.5, needs: 'xargs', prepare: (folder) => { makeSmallFiles(path.join(folder, 'few'), few, 64); tell(bench, 'few: ' + printCount(few) + ' files, which cat opens'); } },
  ];
}

const TITLES: { [work: string]: string } = { gcc: 'gcc -O2', awk: 'a loop in awk', find: 'find over all files', python3: 'python3, ten imports', cat: 'opening files' };

/** The line without what recording "true" takes, round by round: the budgets are for long work. */
function withoutStart(parts: Race, alone: string, judged: { budget?: number; floor?: string }): Line {
  const what = '  without what "true" takes';
  const [traced, nothing, base] = ['rr record', 'rr record of true', alone].map((name) => parts.get(name)!);
  const why = traced.failure ?? nothing.failure ?? base.failure;
  if (why !== undefined) return { kind: 'absent', what, why };
  const rounds = Math.min(traced.rounds.length, nothing.rounds.length, base.rounds.length);
  const spread = (part: typeof traced, i: number): number => part.rounds[Math.floor((i * part.rounds.length) / rounds)].ms;
  return { kind: 'ratio', what, ...judged, ratios: Array.from({ length: rounds }, (_, i) => (spread(traced, i) - spread(nothing, i)) / spread(base, i)) };
}

/**
 * Each work alone, under rr with strace, under strace alone with the same four calls and no reader (the
 * floor of any such watching), under rr that only scans, and under ReproZip.
 */
export function measureTraced(bench: Bench): Line[] {
  const lines: Line[] = [];
  const bare = ['strace', '-D', '-f', '--seccomp-bpf', '-q', '-o', '/dev/null', '-e', 'trace=openat,execve,clone,clone3,vfork', '--'];
  const works = listWork(bench);
  for (const work of works) {
    // Each has its share of the time, or the first would leave one round to the others.
    const endMs = Date.now() + (bench.endMs - Date.now()) / (works.length - works.indexOf(work));
    if (!isInstalled(work.needs)) {
      lines.push({ kind: 'absent', what: TITLES[work.name], why: work.needs + ' is not installed' });
      continue;
    }
    const folder = path.join(bench.scratch, 'project-' + work.name);
    makeProject(bench.rr, folder, { runs: 0, hasResults: false, isMade: false });
    work.prepare?.(folder);
    const record = (name: string, method: string, argv: string[]): Entrant => ({ ...rrEntrant(bench, name, folder, ['record', '-q', '--trace', method, '--'].concat(argv)), needs: method === 'strace' ? ['strace'] : [] });
    const parts = race({ ...bench, spendMs: bench.spendMs / 1.5, endMs }, [
      { name: work.name + ' alone', argv: work.argv, folder, program: work.needs }, record('rr record', 'strace', work.argv), record('rr record of true', 'strace', ['true']),
      { name: 'strace alone', argv: bare.concat(work.argv), folder, does: 'sees openat and new processes, and nobody reads it' },
      record('rr record, scanned', 'scan', work.argv),
      { name: 'reprozip trace', argv: ['reprozip', 'trace', '--overwrite', '-d', '../reprozip'].concat(work.argv), folder },
    ]);
    const alone = work.name + ' alone';
    const floor = compare(parts, 'strace alone', alone, { what: '  strace alone / alone' });
    const judged = { budget: work.budget, floor: floorOf(floor) };
    const besideStart = work.isBesideStart === true;
    lines.push(compare(parts, 'rr record', alone, { what: TITLES[work.name] + ', traced / alone', ...(besideStart ? {} : judged) }), withoutStart(parts, alone, besideStart ? judged : {}), floor,
      compare(parts, 'rr record, scanned', alone, { what: '  rr record, scanned / alone' }), compare(parts, 'reprozip trace', alone, { what: '  reprozip trace / alone' }), compare(parts, 'rr record', 'reprozip trace', { what: '  rr record / reprozip trace' }));
  }
  return lines;
}
