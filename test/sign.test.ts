// sign.test.ts - the chain of records and its signatures: made by rr, judged by ssh-keygen, openssl and a program of sh and awk; attacked.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { hasProgram, listRecords, makeProject, makeTemporary, rr, RR_JS, run, startRr, waitUntil } from './rig.ts';
import type { Done } from './rig.ts';

const ORACLE = path.resolve(__dirname, '..', '..', '..', 'test', 'chainoracle.sh');
const NO_SSH = hasProgram('ssh-keygen') ? false : 'no ssh-keygen';
const NO_OPENSSL = hasProgram('openssl') ? false : 'no openssl';

function record(folder: string, ...more: string[]): void {
  const done = rr(folder, ['record', '-q', '--trace', 'none'].concat(more, '--', 'true'));
  assert.equal(done.status, 0, done.stderr);
}

/** What the chain is by a program without code of rr: its lines, sorted. */
function judge(folder: string): { status: number | null; lines: string[] } {
  const done = run(folder, ['sh', ORACLE, 'provenance']);
  return { status: done.status, lines: done.stdout.split('\n').filter((line) => line !== '').sort() };
}

function headsOf(folder: string): string[] {
  return judge(folder).lines.filter((line) => line.startsWith('head ')).map((line) => line.slice(5));
}

function idOf(name: string): string {
  return path.basename(name, '.rec');
}

function makeKey(folder: string, type = 'ed25519', phrase = ''): string {
  const key = path.join(folder, 'key-' + type);
  const made = run(undefined, ['ssh-keygen', '-q', '-t', type, '-N', phrase, '-C', 'a comment', '-f', key]);
  assert.equal(made.status, 0, made.stderr);
  return key;
}

function sign(folder: string, key: string, ...more: string[]): string {
  const done = rr(folder, ['sign', '-q', '--key', key].concat(more));
  assert.equal(done.status, 0, done.stdout + done.stderr);
  assert.equal(done.stderr, '');
  return path.join(folder, done.stdout.trim());
}

/** rr verify says exactly this on standard output, and by its status. */
function checkVerify(folder: string, expected: RegExp[], ...more: string[]): Done {
  const done = rr(folder, ['verify'].concat(more));
  const lines = done.stdout.split('\n').filter((line) => line !== '');
  assert.equal(lines.length, expected.length, done.stdout + done.stderr);
  expected.forEach((pattern, i) => assert.match(lines[i], pattern));
  assert.equal(done.status, expected.length === 0 ? 0 : 1, done.stdout + done.stderr);
  return done;
}

function seal(body: string): string {
  return body + 'Sha256: ' + crypto.createHash('sha256').update(body, 'latin1').digest('hex') + '\n';
}

/** Changes a record and makes its last line fit. */
function forge(name: string, change: (body: string) => string): void {
  fs.writeFileSync(name, seal(change(fs.readFileSync(name, 'latin1').replace(/Sha256: .*\n$/, ''))), 'latin1');
}

function hashFile(name: string): string {
  return crypto.createHash('sha256').update(fs.readFileSync(name)).digest('hex');
}

/** What somebody does who has no key and time: all records after a changed one name the new bytes. */
function chainAgain(folder: string): void {
  const names = listRecords(folder).map((name) => path.join(folder, name));
  const hashes = new Map<string, string>();
  for (const name of names.sort()) {
    forge(name, (body) => body.replace(/^Previous: (\S+) \S+$/gm, (_line, id: string) => 'Previous: ' + id + ' ' + String(hashes.get(id))));
    hashes.set(idOf(name), hashFile(name));
  }
}

test('records name the one before them; 64 at a time are all reached from the heads, and the next one names these', { timeout: 120000 }, async () => {
  const folder = makeProject();
  for (let i = 0; i < 3; i++) record(folder);
  const first = listRecords(folder).sort();
  assert.deepEqual(judge(folder), { status: 0, lines: ['head ' + idOf(first[2])] });
  const starts = Array.from({ length: 64 }, () => startRr(folder, ['record', '-q', '--trace', 'none', '--', 'true']));
  for (const { ended } of starts) assert.equal((await ended).status, 0);
  assert.equal(listRecords(folder).length, 67);
  assert.equal(judge(folder).status, 0);
  assert.deepEqual(fs.readdirSync(path.join(folder, '.rr/heads')).map((name) => name.slice(0, -82)).sort(), headsOf(folder).sort());
  record(folder);
  assert.equal(headsOf(folder).length, 1);
});

test('a batch, a repeat and a lost run are in the chain', { timeout: 60000 }, () => {
  const folder = makeProject();
  const done = rr(folder, ['sweep', '-q', '-l', 'many', '--trace', 'none', '-p', 'i=1..150', '-o', 'o{i}', '--', 'touch', 'o{i}']);
  assert.equal(done.status, 0, done.stderr);
  assert.equal(listRecords(folder).length, 150);
  assert.equal(headsOf(folder).length, 1);
  assert.equal(judge(folder).status, 0);
  run(folder, ['sh', '-c', 'exec "$0" "$@" -- sh -c \'kill -9 $PPID\'', process.execPath, RR_JS, 'record', '-q', '--trace', 'none']);
  record(folder);
  assert.equal(listRecords(folder).length, 152);
  record(folder);
  assert.equal(headsOf(folder).length, 1);
  assert.equal(rr(folder, ['rerun', '-q', '@']).status, 0);
  assert.deepEqual([judge(folder).status, headsOf(folder).length], [0, 1]);
});

test('killed at any instant no head is lost, and none names what is not there', { timeout: 120000 }, async () => {
  const folder = makeProject();
  for (let round = 0; round < 16; round++) {
    const started = Array.from({ length: 3 }, (_, i) => startRr(folder, round % 4 === 3 && i === 0
      ? ['sweep', '-q', '-l', 's' + String(round), '--trace', 'none', '-p', 'i=1..200', '-o', 'o' + String(round) + '-{i}', '--', 'touch', 'o' + String(round) + '-{i}']
      : ['record', '-q', '--trace', 'none', '--', 'true']));
    await new Promise((resolve) => setTimeout(resolve, 30 + ((round * 37) % 200)));
    for (const { child } of started) child.kill('SIGKILL');
    for (const { ended } of started) await ended;
  }
  for (let i = 0; i < 3; i++) record(folder);
  const judged = judge(folder);
  assert.equal(judged.status, 0, judged.lines.join('\n'));
  assert.equal(headsOf(folder).length, 1);
});

// Makes the first FULL_FOR changes of .rr/heads fail as on a full disk.
const FULL_HOOK = `
const fs = require('fs');
let left = Number(process.env.FULL_FOR);
for (const name of ['renameSync', 'openSync']) {
  const real = fs[name];
  fs[name] = (...args) => {
    if (/[/][.]rr[/]heads[/]/.test(String(args[0])) && left-- > 0) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: name });
    return real(...args);
  };
}
`;

test('where no head can be made the next one makes it, and names that record', () => {
  const folder = makeProject();
  record(folder);
  const hook = path.join(makeTemporary(), 'hook.js');
  fs.writeFileSync(hook, FULL_HOOK);
  const fill = (times: number, args: string[]): Done => run(folder, [process.execPath, '-r', hook, RR_JS].concat(args), { env: { FULL_FOR: String(times) } });
  const one = ['record', '-q', '--trace', 'none', '--', 'true'];
  const passed = fill(1, one);
  assert.deepEqual([passed.status, passed.stderr], [0, '']);
  for (const args of [one, ['sweep', '-q', '-l', 's', '--trace', 'none', '-p', 'i=1..5', '-o', 'o{i}', '--', 'touch', 'o{i}']]) {
    const full = fill(1000, args);
    assert.match(full.stderr, /no space left/);
    assert.equal(full.status, 122, full.stderr);
    assert.match(rr(folder, ['status']).stdout, /: none lost, none running\n/);
    record(folder);
    const judged = judge(folder);
    assert.deepEqual([judged.status, headsOf(folder).length], [0, 1], args[0] + ': ' + judged.lines.join('\n'));
    assert.deepEqual(fs.readdirSync(path.join(folder, '.rr/running')).filter((name) => name[0] !== '.'), []);
  }
  assert.equal(listRecords(folder).length, 1 + 1 + 2 + 6);
});

// Another process is as far with the record of a lost run as this one, places it first, and is killed there.
const OVERTAKEN_HOOK = `
const fs = require('fs');
const real = fs.linkSync;
fs.linkSync = (from, to) => {
  if (String(to).endsWith('/' + process.env.LOST + '.rec') && !fs.existsSync(to)) fs.copyFileSync(from, to);
  return real(from, to);
};
`;

test('of two that settle a lost run each makes its head: one may be killed before it does', { timeout: 60000 }, async () => {
  const folder = makeProject();
  record(folder);
  const { child, ended } = startRr(folder, ['record', '-q', '--trace', 'none', '--', 'sh', '-c', ': > begun; while [ -e begun ]; do sleep 0.05; done']);
  await waitUntil('the command', () => fs.existsSync(path.join(folder, 'begun')));
  const [lost] = fs.readdirSync(path.join(folder, '.rr/running')).filter((name) => /^[^.]+$/.test(name));
  child.kill('SIGKILL');
  fs.unlinkSync(path.join(folder, 'begun'));
  await ended;
  const hook = path.join(makeTemporary(), 'hook.js');
  fs.writeFileSync(hook, OVERTAKEN_HOOK);
  const done = run(folder, [process.execPath, '-r', hook, RR_JS, 'record', '-q', '--trace', 'none', '--', 'true'], { env: { LOST: lost } });
  assert.equal(done.status, 0, done.stderr);
  const judged = judge(folder);
  assert.deepEqual([judged.status, headsOf(folder).length, listRecords(folder).length], [0, 1, 3], judged.lines.join('\n'));
});

test('without .rr/heads, and where it holds nothing usable, heads are found among the newest records', () => {
  const folder = makeProject();
  for (let i = 0; i < 3; i++) record(folder);
  fs.rmSync(path.join(folder, '.rr'), { recursive: true });
  record(folder);
  assert.deepEqual([judge(folder).status, headsOf(folder).length], [0, 1]);
  fs.rmSync(path.join(folder, '.rr/heads'), { recursive: true });
  const aside = makeTemporary();
  fs.symlinkSync(aside, path.join(folder, '.rr/heads'));
  const refused = rr(folder, ['record', '-q', '--trace', 'none', '--', 'true']);
  assert.equal(refused.status, 125, refused.stderr);
  assert.match(refused.stderr, /"\.rr\/heads" is neither a file nor a folder/);
  assert.deepEqual(fs.readdirSync(aside), [], 'nothing is written through a link');
  fs.unlinkSync(path.join(folder, '.rr/heads'));
  fs.writeFileSync(path.join(folder, '.rr/heads'), 'no folder');
  record(folder);
  fs.unlinkSync(path.join(folder, '.rr/heads'));
  fs.mkdirSync(path.join(folder, '.rr/heads'));
  fs.writeFileSync(path.join(folder, '.rr/heads/20260101T000000Z-aaaaaa-' + '0'.repeat(64)), '');
  fs.writeFileSync(path.join(folder, '.rr/heads/; rm -rf x'), '');
  record(folder);
  assert.deepEqual([judge(folder).status, headsOf(folder).length], [0, 1]);
  // What came along says of a record another hash than it ever had.
  fs.rmSync(path.join(folder, '.rr/heads'), { recursive: true });
  fs.mkdirSync(path.join(folder, '.rr/heads'));
  const last = idOf(listRecords(folder).sort().slice(-1)[0]);
  for (const ending of ['', '-' + '0'.repeat(16)]) fs.writeFileSync(path.join(folder, '.rr/heads', last + '-' + '7'.repeat(64) + ending), '');
  record(folder);
  assert.deepEqual([judge(folder).status, headsOf(folder).length], [0, 1]);
  checkVerify(folder, []);
  assert.deepEqual(fs.readdirSync(path.join(folder, '.rr/heads')).map((name) => name.slice(0, -82)), headsOf(folder));
});

test('rr sign: ssh-keygen verifies what node:crypto signed, rr what ssh-keygen signed', { skip: NO_SSH, timeout: 60000 }, () => {
  const folder = makeProject();
  record(folder);
  const keys = makeTemporary();
  for (const type of ['ed25519', 'ecdsa', 'rsa']) {
    const key = makeKey(keys, type);
    const name = sign(folder, key, '--as', 'A. Author \u001b[31m\n"quoted"');
    const allowed = path.join(keys, 'allowed');
    fs.writeFileSync(allowed, 'author@example.org namespaces="rr-provenance" ' + fs.readFileSync(key + '.pub', 'latin1'));
    const judged = run(folder, ['ssh-keygen', '-Y', 'verify', '-f', allowed, '-I', 'author@example.org', '-n', 'rr-provenance', '-s', name + '.sig'], { input: fs.readFileSync(name) });
    assert.equal(judged.status, 0, judged.stdout + judged.stderr);
    assert.equal(fs.readFileSync(name + '.pub', 'latin1').trim(), fs.readFileSync(key + '.pub', 'latin1').split(' ').slice(0, 2).join(' '));
    const fingerprint = run(undefined, ['ssh-keygen', '-l', '-f', key + '.pub']).stdout.split(' ')[1];
    const done = checkVerify(folder, []);
    assert.ok(done.stderr.indexOf(fingerprint) >= 0, done.stderr);
    assert.match(done.stderr, /nobody vouches for this key/);
    assert.doesNotMatch(done.stderr, /\u001b/);
    if (hasProgram('recsel')) assert.equal(run(folder, ['recsel', '-P', 'Records', name]).stdout.trim(), '1');
  }
  for (const [type, form] of [['rsa', 'PEM'], ['ecdsa', 'PKCS8']]) {
    const key = path.join(makeTemporary(), 'pem');
    assert.equal(run(undefined, ['ssh-keygen', '-q', '-t', type, '-m', form, '-N', '', '-f', key]).status, 0);
    assert.match(fs.readFileSync(key, 'latin1'), /^-----BEGIN (?:RSA )?PRIVATE KEY-----/);
    sign(folder, key);
    checkVerify(folder, []);
  }
  const alone = path.join(makeTemporary(), 'alone.pub');
  fs.copyFileSync(path.join(keys, 'key-ed25519.pub'), alone);
  assert.match(rr(folder, ['sign', '--key', alone], { env: { SSH_AUTH_SOCK: '' } }).stderr, /ssh-keygen did not sign/);
  if (hasProgram('ssh-agent')) {
    const byAgent = run(folder, ['ssh-agent', 'sh', '-c', 'ssh-add -q "$1" && exec "$2" "$3" sign -q --key "$4"', 'sh', path.join(keys, 'key-ed25519'), process.execPath, RR_JS, alone]);
    assert.equal(byAgent.status, 0, byAgent.stderr);
    assert.match(rr(folder, ['verify', '--signer', alone]).stderr, new RegExp(path.basename(byAgent.stdout.trim()) + ': good signature\n(?:.*\n)*?rr:   expected'));
  }
  const secret = fs.readFileSync(path.join(keys, 'key-ed25519'), 'latin1').split('\n')[2];
  assert.equal(run(folder, ['grep', '-rlF', secret, '.']).stdout, '', 'no private key is in the project');
});

test('rr sign: openssl verifies the signature of a key in PEM', { skip: NO_OPENSSL }, () => {
  const folder = makeProject();
  record(folder);
  const key = path.join(makeTemporary(), 'key.pem');
  assert.equal(run(undefined, ['openssl', 'genpkey', '-algorithm', 'ed25519', '-out', key]).status, 0);
  fs.chmodSync(key, 0o644);
  const signed = rr(folder, ['sign', '--key', key]);
  assert.match(signed.stderr, /others may read .*chmod 600/);
  const name = path.join(folder, signed.stdout.trim());
  const judged = run(folder, ['openssl', 'pkeyutl', '-verify', '-pubin', '-inkey', name + '.pem', '-rawin', '-sigfile', name + '.ed25519', '-in', name]);
  assert.equal(judged.status, 0, judged.stdout + judged.stderr);
  checkVerify(folder, []);
  checkVerify(folder, [], '--signer', name + '.pem');
  fs.appendFileSync(name, 'x');
  checkVerify(folder, [/not a good signature/]);
});

test('rr sign refuses a key that is none, without a word of it', () => {
  const folder = makeProject();
  record(folder);
  for (const text of ['secret-secret', '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n', '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAsecret\n-----END OPENSSH PRIVATE KEY-----\n']) {
    const key = path.join(makeTemporary(), 'key');
    fs.writeFileSync(key, text, { mode: 0o600 });
    const done = rr(folder, ['sign', '--key', key]);
    assert.notEqual(done.status, 0);
    assert.doesNotMatch(done.stderr + done.stdout, /c2VjcmV0|secret-secret|b3BlbnNz|internal error/);
  }
  assert.match(rr(folder, ['sign']).stderr, /no key is named/);
});

test('rr verify: what is altered, removed, inserted or swapped is named', { skip: NO_SSH, timeout: 120000 }, () => {
  const folder = makeProject();
  for (let i = 0; i < 4; i++) record(folder, '-l', 'run' + String(i));
  assert.equal(rr(folder, ['note', '-q', '@', '-c', 'as it was']).status, 0);
  const key = makeKey(makeTemporary());
  const names = listRecords(folder).sort().map((name) => path.join(folder, name));
  const attack = (change: (copy: string) => void, expected: RegExp[], ...more: string[]): string => {
    const copy = path.join(makeTemporary(), 'copy');
    assert.equal(run(undefined, ['cp', '-R', folder, copy]).status, 0);
    change(copy);
    checkVerify(copy, expected, ...more);
    return copy;
  };
  const at = (copy: string, i: number): string => path.join(copy, path.relative(folder, names[i]));
  const swap = (text: string): string => text.replace('Status: succeeded', 'Status: failed');
  // Nothing is signed yet.
  attack((copy) => forge(at(copy, 1), swap), [/altered: \d{8}T/]);
  attack((copy) => fs.unlinkSync(at(copy, 1)), [/removed: \d{8}T/]);
  attack((copy) => { forge(at(copy, 1), swap); chainAgain(copy); }, []); // the chain alone tells nothing of this,
  attack((copy) => fs.unlinkSync(at(copy, 3)), []); // nor of this: signatures do
  sign(folder, key);
  attack((copy) => { forge(at(copy, 1), swap); chainAgain(copy); }, [/altered: signature/]);
  attack((copy) => fs.unlinkSync(at(copy, 3)), [/removed: signature/]);
  attack((copy) => fs.writeFileSync(at(copy, 1), fs.readFileSync(at(copy, 1)).subarray(0, 300)), [/no Sha256 line at the end; altered: /]);
  attack((copy) => {
    const old = at(copy, 0).replace(/20\d{6}T\d{6}Z/, (stamp) => stamp.slice(0, 8) + 'T000000Z');
    fs.writeFileSync(old, fs.readFileSync(at(copy, 0)));
    forge(old, (body) => body.replace(/^Id: .*$/m, 'Id: ' + idOf(old)));
  }, [/not covered by any signature, though dated before signature/]);
  const noteOf = (copy: string): string => run(copy, ['find', 'provenance/notes', '-name', '*.rec']).stdout.trim();
  attack((copy) => forge(path.join(copy, noteOf(copy)), (body) => body.replace('as it was', 'as it is')), [/^provenance\/notes.*altered since signature/]);
  attack((copy) => fs.unlinkSync(path.join(copy, noteOf(copy))), [/^provenance\/notes.*removed since signature/]);
  attack((copy) => { assert.equal(rr(copy, ['note', '-q', '@', '-c', 'more']).status, 0); }, []);
  const other = makeKey(makeTemporary());
  const signature = (copy: string): string => path.join(copy, run(copy, ['find', 'provenance/signatures', '-name', '*.sig']).stdout.trim());
  attack((copy) => { sign(copy, other); }, [/a key that is not expected, key SHA256:/], '--signer', key + '.pub');
  attack(() => undefined, [/a key that is not expected/, /no signature by an expected key/], '--signer', other + '.pub');
  attack((copy) => fs.unlinkSync(signature(copy)), [/no signature lies beside it/]);
  attack((copy) => fs.copyFileSync(other + '.pub', signature(copy).replace(/sig$/, 'pub')), [/the key beside it \(\.pub\) is another one/]);
  attack((copy) => fs.copyFileSync(key + '.pub', signature(copy).replace(/sig$/, 'pub')), []);
  attack((copy) => fs.appendFileSync(signature(copy).replace(/sig$/, 'pub'), fs.readFileSync(other + '.pub')), [/the key beside it \(\.pub\) is another one/]);
  attack((copy) => { const name = signature(copy); fs.unlinkSync(name); fs.symlinkSync('/dev/zero', name); }, [/no regular file/]);
  attack((copy) => { const name = signature(copy); fs.unlinkSync(name); run(copy, ['mkfifo', name]); }, [/no regular file/]);
  attack((copy) => fs.truncateSync(signature(copy), 1 << 30), [/too large/]);
  attack((copy) => fs.truncateSync(signature(copy), 100), [/no signature of SSH/]);
  attack((copy) => fs.writeFileSync(path.join(copy, 'provenance/signatures/x;y.rec'), 'hostile\u001b'), [/not of rr/]);
  // Two statements whose signatures are exchanged.
  attack((copy) => {
    record(copy);
    sign(copy, key);
    const sigs = run(copy, ['find', 'provenance/signatures', '-name', '*.sig']).stdout.trim().split('\n').map((name) => path.join(copy, name));
    const [a, b] = sigs.map((name) => fs.readFileSync(name));
    fs.writeFileSync(sigs[0], b);
    fs.writeFileSync(sigs[1], a);
  }, [/not of this statement/, /not of this statement/]);
  // What is removed is a gap once somebody signs that.
  const gone = attack((copy) => fs.unlinkSync(at(copy, 1)), [/removed/]);
  sign(gone, key);
  assert.match(checkVerify(gone, []).stderr, /1 record gone, as a signature acknowledges/);
  const last = attack((copy) => fs.unlinkSync(at(copy, 3)), [/removed: signature/]);
  sign(last, key);
  checkVerify(last, []);
  const wrong = attack((copy) => forge(at(copy, 1), swap), [/altered/]);
  const refused = rr(wrong, ['sign', '--key', key]);
  assert.equal(refused.status, 1);
  assert.ok(refused.stdout.indexOf(idOf(names[1])) >= 0 && /cannot sign/.test(refused.stderr));
});

test('rr verify takes the later of two statements by what they say of each other, whatever the clock said', { skip: NO_SSH, timeout: 60000 }, () => {
  const folder = makeProject();
  record(folder);
  const key = makeKey(makeTemporary());
  // One of a clock that was ten years ahead.
  const ahead = path.join(folder, 'provenance/signatures/20361126T000000Z-aaaaaa.rec');
  const first = sign(folder, key);
  fs.renameSync(first, ahead);
  for (const ending of ['.sig', '.pub']) fs.unlinkSync(first + ending);
  forge(ahead, (body) => body.replace(/^Id: .*$/m, 'Id: ' + idOf(ahead)).replace(/^Signed: .*$/m, 'Signed: 2036-11-26T00:00:00.000000Z'));
  assert.equal(run(folder, ['ssh-keygen', '-Y', 'sign', '-q', '-n', 'rr-provenance', '-f', key, ahead]).status, 0);
  checkVerify(folder, []);
  fs.appendFileSync(path.join(folder, 'provenance/README.txt'), 'A later version.\n');
  checkVerify(folder, [/README\.txt: altered since signature 2036/]);
  sign(folder, key);
  checkVerify(folder, []);
  fs.appendFileSync(path.join(folder, 'provenance/README.txt'), 'Another.\n');
  checkVerify(folder, [/README\.txt: altered since signature 20[^3]/]);
  fs.unlinkSync(path.join(folder, 'provenance/README.txt'));
  sign(folder, key);
  checkVerify(folder, []);
});

test('two branches of git, each with runs and a signature, merge: all is covered, and the next run joins them', { skip: NO_SSH || (hasProgram('git') ? false : 'no git'), timeout: 60000 }, () => {
  const folder = makeProject();
  const git = (...args: string[]): void => {
    const done = run(folder, ['git', '-c', 'user.name=A', '-c', 'user.email=a@example.org'].concat(args));
    assert.equal(done.status, 0, done.stdout + done.stderr);
  };
  const key = makeKey(makeTemporary());
  git('init', '-q', '-b', 'main');
  record(folder);
  git('add', '-A');
  git('commit', '-qm', 'first');
  git('checkout', '-qb', 'side');
  record(folder);
  sign(folder, key);
  git('add', '-A');
  git('commit', '-qm', 'side');
  git('checkout', '-q', 'main');
  record(folder);
  record(folder);
  sign(folder, key);
  git('add', '-A');
  git('commit', '-qm', 'main');
  git('merge', '-q', '-m', 'both', 'side');
  assert.deepEqual([judge(folder).status, headsOf(folder).length], [0, 2]);
  checkVerify(folder, []);
  record(folder);
  assert.deepEqual([judge(folder).status, headsOf(folder).length], [0, 1]);
  const clone = path.join(makeTemporary(), 'clone');
  git('add', '-A');
  git('commit', '-qm', 'joined');
  assert.equal(run(undefined, ['git', 'clone', '-q', folder, clone]).status, 0);
  checkVerify(clone, []);
  record(clone);
  assert.equal(headsOf(clone).length, 1);
});

test('a line of allowed signers counts with rr as it does with ssh-keygen', { skip: NO_SSH }, () => {
  const folder = makeProject();
  record(folder);
  const keys = makeTemporary();
  const key = makeKey(keys);
  const name = sign(folder, key);
  const [type, base64] = fs.readFileSync(key + '.pub', 'latin1').trim().split(' ');
  const other = fs.readFileSync(makeKey(makeTemporary()) + '.pub', 'latin1');
  const allowed = path.join(keys, 'allowed');
  const one = type + ' ' + base64;
  const lines: [string, boolean][] = [
    ['a ' + one, true], ['a namespaces="rr-*" ' + one, true], ['a namespaces="git,rr-provenanc?" ' + one, true], ['a NAMESPACES="rr-provenance" ' + one, true],
    ['a namespaces="*,!rr-provenance" ' + one, false], ['a namespaces="git" ' + one, false], ['a namespaces="rr-prov" ' + one, false], ['a ssh-dss ' + base64, false], ['a valid-before="20200101" ' + one, false],
    ['a cert-authority ' + one, false], ['a cert-authority,namespaces="rr-provenance" ' + one, false], ['a unknown ' + one, false], ['a b c ' + one, false], ['#a ' + one, false], ['a ' + one + '\r', true], ['a ' + one + '\r]', false],
    ['a ' + one + 't', false],
  ];
  for (const [line, counts] of lines) {
    fs.writeFileSync(allowed, line + '\n');
    assert.equal(run(folder, ['ssh-keygen', '-Y', 'verify', '-f', allowed, '-I', 'a', '-n', 'rr-provenance', '-s', name + '.sig'], { input: fs.readFileSync(name) }).status === 0, counts, 'ssh-keygen: ' + line);
    fs.appendFileSync(allowed, 'b ' + other);
    checkVerify(folder, counts ? [] : [/a key that is not expected/, /no signature by an expected key/], '--signer', allowed);
  }
});
