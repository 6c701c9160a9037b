// batchdriver.ts - a program that records runs of nothing in a batch; batch.test.ts starts it, and kills it.
//
// node batchdriver.js FOLDER COUNT SEED: prints "claimed ID", "saved ID" and "end". Each run "writes" a few
// of five files, some remove one, some fail; files and records agree.
import fs from 'fs';
import path from 'path';
import { emptyRun } from '../src/core/run.ts';
import type { FileState, Run } from '../src/core/run.ts';
import { beginBatch } from '../src/sys/batch.ts';
import { formatUtcMicros, readUtcMicros } from '../src/sys/clock.ts';
import { hashBytes } from '../src/sys/hash.ts';
import { projectAt } from '../src/sys/project.ts';

const [folder, count, seed] = process.argv.slice(2);
const say = (text: string): void => { fs.writeSync(1, text + '\n'); };

function stateOf(name: string, content: string): FileState {
  return { hash: hashBytes(content), size: content.length, kind: '', path: name };
}

/** What run n reads, writes and removes; done at once. */
function doNothing(run: Run, n: number): void {
  const at = (name: string): string => path.join(folder, name);
  const mix = (n * 7 + Number(seed) * 13) % 11;
  const source = 'f' + String((mix + 1) % 5) + '-' + seed;
  if (fs.existsSync(at(source))) run.inputs = [stateOf(source, fs.readFileSync(at(source), 'latin1'))];
  run.status = mix === 3 ? 'failed' : 'succeeded';
  run.exit = mix === 3 ? 1 : 0;
  if (mix === 3 || mix === 4) return;
  for (const name of mix % 2 === 0 ? ['f' + String(mix % 5)] : ['f' + String(mix % 5), 'g' + String(mix % 3)]) {
    const content = String(n) + '\n';
    fs.writeFileSync(at(name + '-' + seed), content);
    run.outputs.push(stateOf(name + '-' + seed, content));
  }
  if (mix === 5 && fs.existsSync(at('f1-' + seed))) {
    fs.unlinkSync(at('f1-' + seed));
    run.removed = ['f1-' + seed];
    run.outputs = run.outputs.filter((file) => file.path !== 'f1-' + seed);
  }
  // Longer than a page, so that it takes another way to its name.
  if (mix === 6) run.warnings = ['x'.repeat(5000)];
  // Shorter than its mark.
  if (mix === 7) run.reason = undefined;
}

async function drive(): Promise<void> {
  const batch = beginBatch(projectAt(folder));
  for (const run of batch.lost) say('lost ' + run.id);
  for (let n = 0; n < Number(count); n++) {
    const startedMicros = readUtcMicros();
    const claimed = batch.claim(startedMicros, '', (id) => {
      const run = emptyRun(id, 'nothing ' + String(n), formatUtcMicros(startedMicros), '0.1.0');
      run.label = 'batch-' + seed;
      run.reason = 'r'.repeat(100);
      return run;
    });
    say('claimed ' + claimed.run.id);
    doNothing(claimed.run, n);
    batch.save(claimed);
    say('saved ' + claimed.run.id);
    if (n % 5 === 4) await batch.sync();
    if (n % 10 === 9) for (const fault of batch.flush()) say('fault ' + fault.message);
  }
  for (const fault of await batch.end()) say('fault ' + fault.message);
  for (const problem of batch.problems) say('problem ' + problem);
  say('end');
}

void drive();
