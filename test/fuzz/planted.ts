// planted.ts - readers with faults put in on purpose: what the fuzzer must find, or it finds nothing.
import { performance } from 'perf_hooks';
import { LARGE_BYTES } from './scaling.ts';
import type { FuzzTarget } from './target.ts';
import { failCase } from './target.ts';

const corpus = (): string[] => ['a=1\nb=2\n', 'name = text\n'];

function useCpu(ms: number): void {
  const start = process.cpuUsage();
  for (let used = 0; used < ms;) {
    const { user, system } = process.cpuUsage(start);
    used = (user + system) / 1000;
  }
}

export const PLANTED_TARGETS: FuzzTarget[] = [
  { name: 'planted-crash', corpus, dictionary: ['=='], check: (input) => { if (input.indexOf('==') >= 0) (undefined as unknown as string[]).push(input); } },
  { name: 'planted-wrong', corpus, check: (input) => { if (/\n\n/.test(input)) failCase('an empty line has no value', input); } },
  { name: 'planted-overflow', corpus, check: function check(input) { const descend = (depth: number): number => (input.indexOf('\0') >= 0 ? 1 + descend(depth + 1) : depth); descend(0); } },
  { name: 'planted-hang', corpus, dictionary: ['%%'], check: (input) => { while (input.indexOf('%%') >= 0) input += ''; } },
  { name: 'planted-slow', corpus, mostBytes: 1 << 18, check: (input) => { if (input.length < 60000) return; const ends = performance.now() + 3000; while (performance.now() < ends) input.indexOf('\0'); } },
  { name: 'planted-memory', corpus, dictionary: ['@@'], check: (input) => { if (input.indexOf('@@') >= 0) Buffer.alloc(100 << 20, 1); } },
  { name: 'planted-endless', corpus, dictionary: ['@@'], check: (input) => { const kept: number[][] = []; while (input.indexOf('@@') >= 0) kept.push(new Array<number>(10000).fill(kept.length)); } },
  { name: 'planted-death', corpus, dictionary: ['@@'], check: (input) => { if (input.indexOf('@@') >= 0) process.kill(process.pid, 'SIGSEGV'); } },
  { name: 'planted-judge', corpus, check: () => true, judge: { lacks: () => false, batch: 50, find: (inputs) => inputs.map((input) => (/7/.test(input) ? 'the second reader sees a 7' : undefined)) } },
  { name: 'planted-quadratic', corpus, long: [['', '"a', '']], check: (input) => useCpu(1300 * (input.length / LARGE_BYTES) ** 2) },
  { name: 'planted-slightly-quadratic', corpus, long: [['', '"a', '']], check: (input) => useCpu(260 * (input.length / LARGE_BYTES) ** 2) },
  // Cheap while it is short, as if it were compiled later and its garbage collected later; then linear.
  { name: 'planted-linear', corpus, long: [['', '"a', '']], check: (input) => useCpu(Math.max(5, 300 * (input.length / LARGE_BYTES - 0.2))) },
  { name: 'planted-none', corpus, check: () => true },
];
