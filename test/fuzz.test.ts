// fuzz.test.ts - a bounded share of "make fuzz", and that the fuzzer finds what it is for.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { run } from './rig.ts';
import type { Done } from './rig.ts';

const MAIN = path.join(__dirname, 'fuzz', 'main.js');

function fuzz(env: { [name: string]: string }): Done {
  return run(undefined, [process.execPath, MAIN], { env: { SEED: 'test', HANG_MS: '2000', ...env }, timeoutMs: 120000 });
}

test('every reader takes random and mutated inputs, and where another program reads the same, it says the same', (context) => {
  const done = fuzz({ CASES: '60', TOGETHER: '1' });
  assert.equal(done.status, 0, done.stdout + done.stderr);
  for (const line of done.stdout.split('\n')) if (/not judged/.test(line)) context.diagnostic(line);
  const all = /^all: (\d+) cases, (\d+) judged/m.exec(done.stdout);
  assert.ok(Number(all?.[1]) > 3000 && Number(all?.[2]) > 200, done.stdout);
});

const TOP = path.resolve(__dirname, '..', '..', '..');
// Reads what rr itself says of its verbs.
const OWN = ['readOperands'];

/** Source files of a folder without their comments and imports. */
function readSources(folder: string): { name: string; code: string }[] {
  return fs.readdirSync(path.join(TOP, folder)).filter((name) => /\.ts$/.test(name)).map((name) => ({
    name: folder + '/' + name,
    code: fs.readFileSync(path.join(TOP, folder, name), 'utf8').replace(/^import [^;]*;$/gm, '').replace(/\/\*[^]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, ''),
  }));
}

test('each reader that src/core, src/formats and src/views export is called by a target, or by what one calls', () => {
  // No two things at the top of src/ have one name, so a name in a body is the thing.
  const bodies = new Map<string, string>();
  const readers: string[] = [];
  for (const { name, code } of ['src/core', 'src/formats', 'src/views', 'src/sys'].flatMap(readSources)) {
    for (const body of code.split(/^(?=(?:export )?(?:async )?(?:function|class|const|let)\b)/m)) {
      const found = /^(export )?(?:async )?(function|class|const|let)\b *\*? *(\w+)/.exec(body);
      if (found === null) continue;
      bodies.set(found[3], body);
      if (found[1] !== undefined && !name.startsWith('src/sys/') && (found[2] === 'function' || found[2] === 'class') && /^(?:parse|read)[A-Z]|Reader$/.test(found[3])) readers.push(found[3]);
    }
  }
  assert.ok(readers.length > 100, String(readers.length));
  const reached = new Set<string>();
  const waiting = readSources('test/fuzz').map(({ code }) => code);
  for (let body = waiting.pop(); body !== undefined; body = waiting.pop()) {
    for (const word of body.match(/\b[A-Za-z]\w*\b/g) ?? []) {
      const next = bodies.get(word);
      if (next === undefined || reached.has(word)) continue;
      reached.add(word);
      waiting.push(next);
    }
  }
  assert.deepEqual(readers.filter((name) => !reached.has(name)), OWN, 'readers without a target in test/fuzz');
});

const PLANTED: { name: string; says: RegExp; env?: { [name: string]: string } }[] = [
  { name: 'crash', says: /FAULT planted-crash case \d+ of seed test: TypeError[^]*input, 2 bytes of \d+: "=="/ },
  { name: 'wrong', says: /an empty line has no value[^]*input, 2 bytes of \d+: "\\n\\n"/ },
  { name: 'overflow', says: /RangeError: Maximum call stack[^]*input, 1 bytes/ },
  { name: 'judge', says: /the second reader sees a 7[^]*input, 1 bytes of \d+: "7"/ },
  { name: 'hang', says: /hang: more than \d+ ms of CPU time/, env: { HANG_MS: '400', TRIES: '1', CASES: '12' } },
  { name: 'memory', says: /memory: grew by \d+ MiB/, env: { TRIES: '1', CASES: '12' } },
  { name: 'quadratic', says: /scaling: 524288 bytes take \d+ ms of CPU time, 131072 bytes \d+ ms\n/, env: { CASES: '1', HANG_MS: '60000' } },
  { name: 'slightly-quadratic', says: /scaling: 524288 bytes take \d+ ms of CPU time, 131072 bytes \d+ ms, 2097152 bytes \d+ ms\n/, env: { CASES: '1' } },
  { name: 'death', says: /death: SIGSEGV/, env: { TRIES: '1', CASES: '12' } },
];

for (const { name, says, env } of PLANTED) {
  test('a planted fault is found: ' + name, () => {
    const done = fuzz({ ONLY: 'planted-' + name, CASES: '400', ...env });
    assert.equal(done.status, 1, done.stdout + done.stderr);
    assert.match(done.stdout, says);
  });
}

test('a reader that is only cheaper while its input is short is at no fault', () => {
  const done = fuzz({ ONLY: 'planted-linear', CASES: '1' });
  assert.equal(done.status, 0, done.stdout + done.stderr);
  // The case, the pair three times, and the third of it.
  assert.match(done.stdout, /^planted-linear +8 /m);
});

test('a case is the same whenever its seed and number are', () => {
  const [first, again] = [fuzz({ ONLY: 'planted-crash', CASES: '400' }), fuzz({ ONLY: 'planted-crash', CASES: '400' })];
  const faultOf = (done: Done): string => (/^FAULT planted-crash case \d+[^\n]*\n[^]*?again/m.exec(done.stdout) ?? [''])[0];
  assert.notEqual(faultOf(first), '');
  assert.equal(faultOf(again), faultOf(first));
  const place = (/case (\d+) /.exec(faultOf(first)) ?? [])[1];
  assert.equal(fuzz({ ONLY: 'planted-crash', CASE: place }).status, 1);
  assert.equal(fuzz({ ONLY: 'planted-none', CASES: '400' }).status, 0);
});
