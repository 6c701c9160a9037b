// comparerig.ts - compares bytes and files in tests; random input that is the same for the same seed.
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import type { Comparison } from '../src/core/comparison.ts';
import type { CompareOptions, Content } from '../src/sys/compare.ts';
import { compareFiles } from '../src/sys/compare.ts';
import { makeTemporary, run } from './rig.ts';

export function contentOf(content: string): Content {
  return { kind: 'bytes', content };
}

export function compareContents(first: string, second: string, options: Partial<CompareOptions> = {}): Comparison {
  return compareFiles(contentOf(first), contentOf(second), { path: 'result', tolerance: undefined, ...options });
}

export function compareTwoFiles(first: string, second: string, options: Partial<CompareOptions> = {}): Comparison {
  const content = (name: string): Content => ({ kind: 'file', name });
  return compareFiles(content(first), content(second), { path: first, tolerance: undefined, ...options });
}

export function ruleOf(compared: Comparison): string {
  return compared.kind === 'equivalent' || compared.kind === 'different' ? compared.rule : '';
}

export function detailOf(compared: Comparison): string {
  return compared.kind === 'equivalent' || compared.kind === 'different' ? compared.detail : compared.kind === 'unchecked' ? compared.why : '';
}

export function causesOf(compared: Comparison): string[] {
  return compared.kind === 'different' ? compared.causes : [];
}

/** Whole numbers from 0 to below `below`, the same for the same seed. */
export function makeDice(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** What a python3 program prints, given `input` as its sys.argv[1], a file with JSON. */
export function askPython(program: string, input: unknown, python = 'python3'): unknown {
  const name = path.join(makeTemporary(), 'input.json');
  fs.writeFileSync(name, JSON.stringify(input).replace(/[^\0-\x7f]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')));
  const done = run(undefined, [python, '-c', program, name]);
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout);
}
