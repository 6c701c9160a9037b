// watchsecrets.test.ts - a traced run meets secrets in variables, arguments and files: none is stored, a change of each is told.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import { listRecords, makeTemporary, run } from './rig.ts';
import { copyProject, missingOf, NO_TRACER, sha256, shell, traceRun } from './watchrig.ts';
import type { Traced } from './watchrig.ts';

const netrcOf = (secret: string): string => 'machine example.org login me password ' + secret + '\n';
const envOf = (secret: string): string => 'API_TOKEN=' + secret + '\n';

// A child gets the secret as an argument that is written nowhere in the command itself.
const SCRIPT = 'cat "$HOME/.netrc" .env > /dev/null\nsh -c : sh --password "$API_TOKEN"\nenv SOME_TOKEN="$API_TOKEN" sh -c "exec true --pass $API_TOKEN"\ncat a > out\n';

function writeSecrets(folder: string, home: string, secret: string): void {
  fs.writeFileSync(home + '/.netrc', netrcOf(secret), { mode: 0o600 });
  fs.writeFileSync(folder + '/.env', envOf(secret));
}

function record(folder: string, home: string, secret: string): Traced {
  return traceRun(folder, ['sh', 'script.sh', '--password', secret], { env: { HOME: home, API_TOKEN: secret } });
}

/** Lines of files below `place` that hold the secret, or a hash that tells of it. */
function findTraces(folder: string, place: string, secret: string): string {
  const hashes = [secret, secret + '\n', netrcOf(secret), envOf(secret), 'API_TOKEN=' + secret].map((text) => sha256(text));
  const patterns = [secret, Buffer.from(secret).toString('base64').slice(0, 12), Buffer.from(secret).toString('hex')].concat(hashes, hashes.map((hash) => hash.slice(0, 16)));
  return run(folder, ['grep', '-rF'].concat(patterns.map((pattern) => '-e' + pattern), '--', place)).stdout;
}

function makeSecretProject(secret: string): { folder: string; home: string } {
  const folder = copyProject();
  const home = makeTemporary();
  shell(folder, 'printf alpha > a');
  fs.writeFileSync(folder + '/script.sh', SCRIPT);
  writeSecrets(folder, home, secret);
  return { folder, home };
}

for (const versioned of [false, true]) {
  test('record stores no secret of a variable, an argument, a child, a netrc or .env' + (versioned ? ', in a git repository' : ''), { skip: missingOf(...(versioned ? ['git'] : [])), timeout: 60000 }, () => {
    const { folder, home } = makeSecretProject('hunter2-zq');
    if (versioned) shell(folder, 'git init -q .; git add script.sh; git -c user.name=n -c user.email=e commit -qm 1; printf "# changed\\n" >> script.sh');
    const traced = record(folder, home, 'hunter2-zq');
    assert.equal(traced.done.status, 0, traced.done.stderr);
    assert.ok(traced.processes.some((one) => /--password '?%\{/.test(one.command)), 'the argument of a child is there, withheld');
    assert.deepEqual(traced.outputs.map((file) => file.path), ['out']);
    assert.deepEqual((traced.fields.Secret_input ?? []).map((line) => line.replace(/^[0-9a-f]{16} /, '')).sort(), ['.env', home + '/.netrc'].sort());
    assert.deepEqual(traced.inputs.map((file) => file.path), ['a', 'script.sh'], 'and neither is an input with a hash');
    assert.equal(findTraces(folder, 'provenance', 'hunter2-zq'), '');
    assert.equal(run(folder, ['grep', '-rF', 'hunter2-zq', '.rr']).stdout, '');
  });
}

test('record withholds everywhere what it recognised as a secret in one process', { skip: NO_TRACER, timeout: 60000 }, () => {
  const folder = copyProject();
  const traced = traceRun(folder, ['sh', '-c', 'set -- hunter2-zq; : pass hunter2-zq; env true --password "$1"']);
  assert.equal(traced.done.status, 0, traced.done.stderr);
  assert.equal(run(folder, ['grep', '-rF', 'hunter2-zq', 'provenance']).stdout, '');
});

test('record tells that a secret changed, and that it did not', { skip: NO_TRACER, timeout: 60000 }, () => {
  const { folder, home } = makeSecretProject('hunter2-zq');
  const facts = (traced: Traced): string[] => {
    assert.equal(traced.done.status, 0, traced.done.stderr);
    return (traced.fields.Secret_input ?? []).slice().sort().concat((traced.fields.Variable_hash ?? []).filter((line) => line.startsWith('API_TOKEN ')), traced.fields.Command);
  };
  const first = facts(record(folder, home, 'hunter2-zq'));
  assert.equal(first.length, 4, first.join('\n'));
  assert.deepEqual(facts(record(folder, home, 'hunter2-zq')), first, 'the same secrets');
  writeSecrets(folder, home, 'hunter3-zq');
  const third = facts(record(folder, home, 'hunter3-zq'));
  first.forEach((fact, i) => assert.notEqual(third[i], fact, 'a change is told'));
  assert.equal(listRecords(folder).length, 3);
  assert.equal(findTraces(folder, 'provenance', 'hunter2-zq') + findTraces(folder, 'provenance', 'hunter3-zq'), '');
});

test('record stores no hash of a secret file that the run writes', { skip: NO_TRACER, timeout: 60000 }, () => {
  const folder = copyProject();
  const traced = traceRun(folder, ['sh', '-c', 'printf "API_TOKEN=%s\\n" "$API_TOKEN" > .env; printf x > out'], { env: { API_TOKEN: 'hunter2-zq' } });
  assert.equal(traced.done.status, 0, traced.done.stderr);
  assert.equal(findTraces(folder, 'provenance', 'hunter2-zq'), '');
});

test('record stores no hash of a secret file that the run edits in place, or moves', { skip: NO_TRACER, timeout: 60000 }, () => {
  const folder = copyProject();
  fs.writeFileSync(folder + '/.env', envOf('hunter2-zq'));
  fs.writeFileSync(folder + '/edit.sh', 'printf "MORE=1\\n" >> .env; mv .env .env.local; ln .env.local .env.more\n');
  const traced = traceRun(folder, ['sh', 'edit.sh']);
  assert.equal(traced.done.status, 0, traced.done.stderr);
  assert.equal(findTraces(folder, 'provenance', 'hunter2-zq'), '');
  assert.equal(run(folder, ['grep', '-rF', sha256(envOf('hunter2-zq') + 'MORE=1\n'), 'provenance']).stdout, '');
});

test('record stores no secret file in the patch of what is not committed', { skip: missingOf('git'), timeout: 60000 }, () => {
  const { folder, home } = makeSecretProject('hunter1-zq');
  shell(folder, 'git init -q .; git add -f script.sh .env; git -c user.name=n -c user.email=e commit -qm 1; printf "# changed\\n" >> script.sh');
  writeSecrets(folder, home, 'hunter2-zq');
  const traced = record(folder, home, 'hunter2-zq');
  assert.equal(traced.done.status, 0, traced.done.stderr);
  assert.match(traced.fields.Code[0], /dirty/);
  assert.equal(findTraces(folder, 'provenance', 'hunter2-zq') + findTraces(folder, 'provenance', 'hunter1-zq'), '');
});
