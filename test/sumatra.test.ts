// sumatra.test.ts - what goes wrong with Sumatra 0.8.1, each fault as a test that holds here.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { checkSeals, listRecords, makeProject, pathsOf, readOnlyRecord, readRecord, rr, run, startRr, waitUntil } from './rig.ts';
import { missingOf, NO_TRACER } from './watchrig.ts';

function put(folder: string, name: string, content: string): void {
  fs.writeFileSync(path.join(folder, name), content);
}

test('a command that exits with 3 is seen: rr record exits with 3, and the record says failed', () => {
  const folder = makeProject();
  assert.equal(rr(folder, ['record', '--', 'sh', '-c', 'exit 3']).status, 3);
  const record = readOnlyRecord(folder);
  assert.deepEqual([record.Exit, record.Status], [['3'], ['failed']]);
});

test('runs that start in one second are as many records, none changed by another', async () => {
  const folder = makeProject();
  let seconds: string[] = [];
  for (let pair = 1; pair <= 10 && new Set(seconds).size === seconds.length; pair++) {
    const ended = await Promise.all([1, 2].map((n) => startRr(folder, ['record', '-q', '-p', 'n=' + String(n), '--', 'echo', String(pair), String(n)]).ended));
    assert.deepEqual(ended.map((done) => done.status), [0, 0]);
    const names = listRecords(folder);
    assert.equal(names.length, 2 * pair);
    seconds = names.map((name) => path.basename(name).slice(0, 'YYYYMMDDTHHMMSS'.length));
  }
  assert.ok(new Set(seconds).size < seconds.length, 'two of them did start in one second');
  const commands = listRecords(folder).map((name) => readRecord(folder, name).Command[0]);
  assert.equal(new Set(commands).size, commands.length);
  checkSeals(folder, listRecords(folder));
});

test('of four runs at once each owns the file that it wrote, and no other', { skip: NO_TRACER, timeout: 60000 }, async () => {
  const folder = makeProject();
  // Each waits until all four have begun: whatever looks only at times and names sees four new files.
  const script = 'touch "began $1"; until [ -e "began 1" ] && [ -e "began 2" ] && [ -e "began 3" ] && [ -e "began 4" ]; do sleep 0.05; done; echo "$1" > "out $1"';
  const ended = await Promise.all(['1', '2', '3', '4'].map((n) => startRr(folder, ['record', '-q', '-l', n, '--', 'sh', '-c', script, 'sh', n]).ended));
  assert.deepEqual(ended.map((done) => done.status + done.stderr), ['0', '0', '0', '0']);
  const records = listRecords(folder).map((name) => readRecord(folder, name));
  assert.equal(records.length, 4);
  for (const record of records) {
    const [n] = record.Label;
    assert.deepEqual(pathsOf(record.Output), ['began ' + n, 'out ' + n]);
    assert.equal(record.Uncertain, undefined);
  }
});

test('an edited helper that is not tracked shows in diff', { skip: missingOf('git') }, () => {
  const folder = makeProject();
  run(folder, ['git', 'init', '-q']);
  put(folder, 'main.sh', '. ./helper.sh\n');
  run(folder, ['git', 'add', 'main.sh']);
  run(folder, ['git', '-c', 'user.email=a@example.org', '-c', 'user.name=A', 'commit', '-qm', 'only the main script']);
  for (const word of ['one', 'two']) {
    put(folder, 'helper.sh', 'echo ' + word + ' > /dev/null\n');
    assert.equal(rr(folder, ['record', '-q', '--', 'sh', 'main.sh']).status, 0);
  }
  const done = rr(folder, ['diff', '@-1', '@']);
  assert.equal(done.status, 1);
  assert.match(done.stdout, /^code files +1 changed\n {2}- [0-9a-f]{12} .* helper\.sh\n {2}\+ [0-9a-f]{12} .* helper\.sh\n {4}@@ -1 \+1 @@\n {4}-echo one > \/dev\/null\n {4}\+echo two > \/dev\/null\n/m);
});

test('a run whose rr was killed by SIGKILL is lost, not running for ever', { timeout: 30000 }, async () => {
  const folder = makeProject();
  const { child, ended } = startRr(folder, ['record', '-q', '--', 'sh', '-c', 'echo began > begun; exec sleep 0.5']);
  await waitUntil('the command runs', () => fs.existsSync(path.join(folder, 'begun')));
  assert.match(rr(folder, ['list']).stdout, / running /);
  child.kill('SIGKILL');
  await ended;
  assert.match(rr(folder, ['list']).stdout, / lost /);
  assert.equal(rr(folder, ['record', '-q', '--', 'true']).status, 0);
  const statuses = listRecords(folder).map((name) => readRecord(folder, name).Status[0]);
  assert.deepEqual(statuses, ['lost', 'succeeded']);
});
