// parameterrig.ts - what rr reads of parameter files, as a tree that other readers are asked about; random documents.
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { Failure } from '../src/core/failure.ts';
import type { ParameterNode } from '../src/core/parameters.ts';
import { readParameters } from '../src/formats/parameterfile.ts';
import { makeTemporary, run } from './rig.ts';

/** Debian's, which has the judges' modules. */
export const JUDGE_PYTHON = '/usr/bin/python3';
const JUDGE = path.resolve(__dirname, '..', '..', '..', 'test', 'parameters.py');

export function hasPythonModule(name: string): boolean {
  return fs.existsSync(JUDGE_PYTHON) && run(undefined, [JUDGE_PYTHON, '-c', 'import ' + name]).status === 0;
}

export function dumpNode(node: ParameterNode): unknown {
  switch (node.kind) {
    case 'scalar': return [node.type, node.value];
    case 'list': return ['list', node.items.map(dumpNode)];
    case 'mapping': return ['mapping', Array.from(node.entries).map(([name, value]) => [name, dumpNode(value)])];
    case 'unreadable': return ['unreadable', node.why];
  }
}

/** The tree of a text, or the message of its refusal. */
export function readTree(text: string, file: string): { tree: unknown; why: string } {
  try {
    return { tree: dumpNode(readParameters(text, file).root), why: '' };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    assert.match(error.message, /^cannot read ".*": (?:line \d+: .|it has more than)/);
    return { tree: null, why: error.message };
  }
}

export type Judged = { complaints: { number: number; text: string; what: string }[]; agreed: number; refused: number; harsh: number };

/** Asks the other readers of a format about these texts (bytes). */
export function judgeTexts(format: string, file: string, texts: string[]): Judged {
  const documents = texts.map((text) => ({ text, tree: readTree(text, file).tree }));
  const name = path.join(makeTemporary(), 'documents.json');
  fs.writeFileSync(name, JSON.stringify({ format, documents }).replace(/[^\0-\x7e]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')));
  const done = run(undefined, ['sh', '-c', 'exec "$1" -W ignore "$2" < "$3"', 'sh', JUDGE_PYTHON, JUDGE, name], { timeoutMs: 600000 });
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout) as Judged;
}

/** Throws with the first documents that a judge reads otherwise. */
export function assertAgreed(judged: Judged, least: number): void {
  assert.deepEqual(judged.complaints.slice(0, 5), []);
  assert.ok(judged.agreed >= least, 'only ' + String(judged.agreed) + ' read, ' + String(judged.refused) + ' refused');
}
