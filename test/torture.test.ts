// torture.test.ts - a bounded share of "make torture": its checker can fail, what it found stays mended, some rounds hold.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { hasProgram, listRecords, makeTemporary, readRecord, rr, run, waitUntil } from './rig.ts';
import { startTortured } from './torture/rounds.ts';
import type { Ended, Started } from './torture/rounds.ts';
import { compileLibrary, runTorture } from './torture/torture.ts';
import { check, placeAt } from './torture/world.ts';
import type { Place } from './torture/world.ts';

const NEEDS = ['recfix', 'recsel', 'make', 'ssh-keygen'].find((name) => !hasProgram(name));
const NEEDS_JUDGES = NEEDS === undefined ? false : NEEDS + ' is missing';
const NEEDS_LIBRARY = hasProgram('cc') ? NEEDS_JUDGES : 'cc is missing';
const NEEDS_STRACE = hasProgram('strace') && run(undefined, ['strace', '-o', '/dev/null', 'true']).status === 0 ? NEEDS_LIBRARY : 'strace is missing or may not trace';

/** A project with two runs and a note, with a file of another beside it, and what the checker remembers of it. */
async function makePlace(): Promise<Place> {
  const place = placeAt(makeTemporary());
  fs.mkdirSync(place.project, { recursive: true });
  fs.writeFileSync(path.join(place.project, '..', 'neighbour'), 'of another\n');
  for (const args of [['init', '-q'], ['record', '-q', '-l', 'a', '--trace', 'scan', '-o', 'a.txt', '--', 'sh', '-c', 'echo a > a.txt; echo said'], ['record', '-q', '-l', 'b', '--trace', 'scan', '-i', 'a.txt', '-o', 'b.txt', '--', 'cp', 'a.txt', 'b.txt'], ['note', '-q', 'b', 'a note']]) {
    assert.equal(rr(place.project, args).status, 0);
  }
  if (hasProgram('ssh-keygen')) {
    const key = path.join(place.base, 'key');
    assert.equal(run('/', ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]).status, 0);
    assert.equal(rr(place.project, ['sign', '-q', '--key', key]).status, 0);
  }
  assert.deepEqual(await check('remember', place), []);
  return place;
}

// ---- the checker ----------------------------------------------------------------------------------------------

const LAST = 'f=$(ls provenance/runs/*/*.rec | tail -n 1); ';
const SEAL = 'sed -i \'$d\' "$f"; echo "Sha256: $(sha256sum < "$f" | cut -c1-64)" >> "$f"; ';
const NEW_ID = '20990101T000000Z-aaaaaa';
const NEW = LAST + 'mkdir -p provenance/runs/2099-01; g=provenance/runs/2099-01/' + NEW_ID + '.rec; cp "$f" $g; f=$g; sed -i "s/^Id: .*/Id: ' + NEW_ID + '/" $f; ';

/** How an invariant is broken by hand, and the name by which the checker is to call that. */
const BREAKS: [string, string, string][] = [
  ['kept', 'a byte of a record changed', LAST + 'sed -i "s/^Label: b/Label: c/" "$f"'],
  ['kept', 'a record gone', LAST + 'rm "$f"'],
  ['kept', 'a log gone', 'rm provenance/logs/*.out'],
  ['kept', 'a note changed', 'f=$(ls provenance/notes/*/*.rec); echo "# more" >> "$f"'],
  ['outside', 'a file beside the project', 'echo x > ../new'],
  ['outside', 'another\'s file changed', 'echo x >> ../neighbour'],
  ['names', 'a temporary that readers take for a file', LAST + 'cp "$f" "${f%.rec}.new"'],
  ['sealed', 'a new record whose sum does not hold', NEW],
  ['sealed', 'half a record', NEW + SEAL + 'head -c 300 "$f" > x; mv x "$f"'],
  ['sealed', 'a record that is none to recutils', NEW + 'sed -i "2s/^/no field/" "$f"; ' + SEAL],
  ['sealed', 'a record of another name', NEW + 'sed -i "s/^Id: .*/Id: 20990101T000000Z-bbbbbb/" "$f"; ' + SEAL],
  ['sealed', 'a record of a log that is not there', NEW + 'sed -i "s|^Label: .*|&\\nLog: $(sha256sum < "$f" | cut -c1-64)  5 provenance/logs/' + NEW_ID + '.out|" "$f"; ' + SEAL],
  ['sealed', 'a record that says running', NEW + 'sed -i "s/^Status: .*/Status: running/" "$f"; ' + SEAL],
  ['chained', 'a record that is named, sealed again', 'f=$(ls provenance/runs/*/*.rec | head -n 1); sed -i "s/^Label: a/Label: c/" "$f"; ' + SEAL],
  ['chained', 'a record that is named, gone', 'rm $(ls provenance/runs/*/*.rec | head -n 1)'],
  ['chained', 'a record that names none before it', NEW + 'sed -i "/^Previous: /d" $f; ' + SEAL],
  ['signed', 'half a signature', 'f=$(ls provenance/signatures/*.sig); head -c 100 $f > x; mv x $f'],
  ['signed', 'a signature of another statement', 'f=$(ls provenance/signatures/*.rec); echo >> $f'],
  ['signed', 'half a key', 'f=$(ls provenance/signatures/*.pub); head -c 50 $f > x; mv x $f'],
  ['kept', 'a signature gone', 'rm provenance/signatures/*'],
  ['parts', 'a report without its parts', "echo '\"parts\":{\"count\":1,\"of\":[0],\"folder\":\"r_files\",\"names\":[\"part-0-0123456789abcdef.js\"]}' > r.html"],
  ['unique', 'an id twice', LAST + 'mkdir provenance/runs/2001-01; cp "$f" provenance/runs/2001-01/'],
  ['usable', 'half a Makefile', 'echo "a: b" >> provenance/Makefile; echo "  x" >> provenance/Makefile'],
  ['usable', 'half a line of checksums', 'printf "0123" >> provenance/SHA256SUMS'],
  ['usable', 'a Makefile of a run without a record', 'echo "# .rr/made/' + NEW_ID + '" >> provenance/Makefile'],
  ['whole', 'half an archive', 'echo half > new.tar'],
  ['marks', 'a run called running', 'touch .rr/running/' + NEW_ID],
  ['marks', 'a mark of a record that is to go into the Makefile', 'touch .rr/pending/' + NEW_ID],
  ['marks', 'an unfinished file', 'touch .new.tar.abcdef.tmp'],
  ['derived', 'a checksum of before', 'sed -i "s/^..../0000/" provenance/SHA256SUMS'],
  ['derived', 'a result that is missing', 'sed -i 1d provenance/SHA256SUMS'],
  ['derived', 'a run that the Makefile lacks', LAST + 'b=${f##*/}; sed -i "s/${b%.rec}/$(ls provenance/runs/*/ | head -n 1 | sed "s/.rec//")/g" provenance/Makefile'],
  ['processes', 'a process left behind', 'sleep 100 > /dev/null 2>&1 &'],
];

test('check.sh finds each invariant that is broken by hand, and names it', { skip: NEEDS_JUDGES, timeout: 120000 }, async () => {
  const place = await makePlace();
  fs.writeFileSync(path.join(place.memory, 'targets'), 'absent new.tar\n');
  fs.writeFileSync(path.join(place.memory, 'joined'), '');
  assert.deepEqual(await check('settled', place), [], 'nothing is broken');
  // A process is waited for, 5 s; the others are broken in copies, side by side.
  await Promise.all(BREAKS.map(async ([name, what, script], i) => {
    const broken = placeAt(path.join(place.base, String(i)));
    run('/', ['mkdir', broken.base]);
    run('/', ['cp', '-a', path.join(place.base, 'world'), path.join(place.base, 'memory'), broken.base]);
    const done = run(broken.project, ['sh', '-c', script]);
    assert.equal(done.status, 0, what + ': ' + done.stderr);
    const lines = await check('settled', broken);
    assert.ok(lines.some((line) => line.startsWith(name + ': ')), what + ' is not found to be no longer ' + name + ': ' + lines.join('; '));
    for (const line of lines) if (line.startsWith('processes: ')) run('/', ['kill', line.split(' ')[1]]);
  }));
});

// ---- what was found -------------------------------------------------------------------------------------------

let library: string | undefined;

/** Starts rr with a fault at the first of its changes of which "CALL PATH" fits the extended regular expression `where`. */
function startHurt(place: Place, args: string[], where: string, how: string): Started {
  library = library ?? compileLibrary(makeTemporary());
  return startTortured(library, place, args, { how, at: 1, where });
}

async function hurtAt(place: Place, args: string[], where: string, how: string): Promise<Ended> {
  const done = await startHurt(place, args, where, how).ended;
  assert.ok(done.isHit, 'the fault was met: ' + where);
  return done;
}

/** The mark is written again when the tracer runs; before that it says only that there is a run. */
const MARKED_AGAIN = 'rename .*/running/[0-9]{8}T[0-9]{6}Z-[a-z2-7]{6}$';

test('a tracer whose rr was killed before it could note it is ended by the next command', { skip: NEEDS_STRACE, timeout: 60000 }, async () => {
  const place = await makePlace();
  const args = ['record', '--trace', 'strace', '--', 'sh', '-c', 'echo ran > ran.txt'];
  assert.equal(rr(place.project, args).status, 0);
  fs.unlinkSync(path.join(place.project, 'ran.txt'));
  assert.equal((await hurtAt(place, args, MARKED_AGAIN, 'kill:9')).signal, 'SIGKILL');
  run(place.project, ['find', '.rr/running', '-name', '.*', '-exec', 'touch', '-d', '2 hours ago', '{}', '+']);
  assert.equal(rr(place.project, ['record', '-q', '--', 'true']).status, 0);
  assert.deepEqual(await check('settled', place), []);
});

test('a traced command whose rr was killed before it could note it is not disturbed by the next command', { skip: NEEDS_STRACE, timeout: 60000 }, async () => {
  const place = await makePlace();
  assert.equal(rr(place.project, ['record', '--trace', 'strace', '--', 'true']).status, 0);
  const [begun, ran] = ['begun', 'ran.txt'].map((name) => path.join(place.project, name));
  const { child, ended } = startHurt(place, ['record', '-q', '--trace', 'strace', '--', 'sh', '-c', ': > begun; while [ ! -e go ]; do sleep 0.2; done; cat a.txt > ran.txt'], MARKED_AGAIN, 'stop');
  // Stopped there rr still holds the pipe: the tracer opens it, and the command begins.
  await waitUntil('the command', () => fs.existsSync(begun));
  child.kill('SIGKILL');
  assert.equal((await ended).signal, 'SIGKILL');
  assert.equal(rr(place.project, ['record', '-q', '--', 'true']).status, 0);
  fs.writeFileSync(path.join(place.project, 'go'), '');
  await waitUntil('its end', () => fs.existsSync(ran) && fs.readFileSync(ran, 'latin1') === 'a\n');
});

test('what a killed archive, export or report left beside its name goes with the next one, an hour later', { skip: NEEDS_LIBRARY, timeout: 60000 }, async () => {
  const place = await makePlace();
  for (const args of [['archive', '-q', 'new.tar'], ['archive', '-q', 'new/'], ['report', '-q', '-o', 'new.html'], ['export', '-q', 'prov-n', '-o', 'new.provn']]) {
    const what = args.join(' ');
    await hurtAt(place, args, '(write|fsync) .*/[.]new', 'kill:9');
    const left = (): string[] => fs.readdirSync(place.project).filter((name) => /^\.new.*\.tmp$/.test(name));
    assert.equal(left().length, 1, what + ' was killed while it wrote');
    assert.equal(fs.existsSync(path.join(place.project, args[args.length - 1])), false, what);
    const next = rr(place.project, args);
    assert.equal(next.status, 0, what + ': ' + next.stderr);
    assert.equal(left().length, 1, what + ': another may be at work');
    run(place.project, ['touch', '-d', '2 hours ago'].concat(left()));
    const last = rr(place.project, args.concat(args[0] === 'report' ? [] : '-f'));
    assert.equal(last.status, 0, what + ': ' + last.stderr);
    assert.deepEqual(left(), [], what);
  }
});

test('rr archive writes a whole zip where each write takes only a part', { skip: NEEDS_LIBRARY, timeout: 60000 }, async () => {
  const place = await makePlace();
  assert.equal(rr(place.project, ['archive', '-q', 'whole.zip', '--name', 'x', '--exclude', '*.zip']).status, 0);
  const args = ['archive', '-q', 'short.zip', '--name', 'x', '--exclude', '*.zip'];
  // The second pwrite is the header's, of 4 bytes, that follows the first content.
  const done = await hurtAt(place, args, 'pwrite', 'shorts');
  assert.equal(done.status, 0, done.stderr);
  assert.deepEqual(fs.readFileSync(path.join(place.project, 'short.zip')), fs.readFileSync(path.join(place.project, 'whole.zip')));
});

test('a signature that failed leaves nothing, one that was killed nothing that the next one does not take away', { skip: NEEDS_LIBRARY, timeout: 60000 }, async () => {
  const place = await makePlace();
  const args = ['sign', '-q', '--key', path.join(place.base, 'key')];
  const list = (): string[] => fs.readdirSync(path.join(place.project, 'provenance/signatures')).sort();
  const before = list();
  // The last thing that is synced is the folder, with the statement in it.
  for (const [where, how] of [['write .*[.]rec[.]pub[.]', 'errors:28'], ['write .*[.]rec[.]sig[.]', 'error:5'], ['(link|rename) .*[.]rec$', 'error:28'], ['fsync .*/signatures$', 'error:5']]) {
    const done = await hurtAt(place, args, where, how);
    assert.match(done.stderr, /^rr: cannot /m);
    assert.deepEqual(list(), before, where + ' ' + how);
  }
  const marks = (): string[] => fs.readdirSync(path.join(place.project, '.rr/signing'));
  assert.deepEqual(marks(), [], 'no mark of one that failed');
  // A signature that lost its statement otherwise is no leftover.
  for (const name of before) fs.copyFileSync(path.join(place.project, 'provenance/signatures', name), path.join(place.project, 'provenance/signatures', name.replace(/^\d{8}/, '20000101')));
  const taken = list().filter((name) => /^20000101.*\.rec$/.test(name))[0];
  fs.unlinkSync(path.join(place.project, 'provenance/signatures', taken));
  const kept = list();
  for (const [where, left] of [['write .*[.]rec[.]sig[.]', /^\.pub$/], ['(link|rename) .*[.]rec$', /^\.pub\.sig$/]] as const) {
    await hurtAt(place, args, where, 'kill:9');
    const half = list().filter((name) => kept.indexOf(name) < 0);
    assert.match(half.map((name) => name.replace(/^\d{8}T\d{6}Z-\w{6}\.rec/, '')).join(''), left, where);
    assert.deepEqual(marks(), [half[0].slice(0, 23)], where);
    assert.deepEqual((await check('hurt', place)).filter((line) => !line.startsWith('outside: ') && line.indexOf(taken) < 0), []);
    const next = rr(place.project, args);
    assert.equal(next.status, 0, next.stderr);
    const own = next.stdout.trim().slice('provenance/signatures/'.length);
    assert.deepEqual(list().filter((name) => kept.indexOf(name) < 0), [own, own + '.pub', own + '.sig'], where);
    assert.deepEqual(marks(), [], where);
    assert.match(next.stderr, new RegExp('^rr: provenance/signatures/' + taken + ' does not count: [^\\n]*\\n$'), where);
    kept.push(own, own + '.pub', own + '.sig');
  }
});

test('a place of .rr is made in one step: nothing is left of one who was killed', { skip: NEEDS_LIBRARY, timeout: 60000 }, async () => {
  const place = await makePlace();
  fs.rmSync(path.join(place.project, '.rr/place'), { force: true });
  await hurtAt(place, ['status', '-q'], '[.]rr/(place|[.]place[.][a-z2-7]+[.]tmp)$', 'tear:9');
  assert.deepEqual(fs.readdirSync(path.join(place.project, '.rr')).filter((name) => name.startsWith('.place')), []);
});

test('a step that another process could not record whole is settled by the next rr, with its head or as lost', { skip: NEEDS_STRACE, timeout: 120000 }, async () => {
  const RECORD = '/provenance/runs/[0-9-]+';
  for (const [where, how, lost] of [['fsync .*' + RECORD + '$', 'error:5', 0], ['open .*/heads/', 'error:28', 0], ['rename .*' + RECORD + '/.*[.]rec$', 'error:5', 1]] as [string, string, number][]) {
    const place = await makePlace();
    const before = listRecords(place.project).length;
    // Where there is no head to rename, one is made; readers find the last record without it.
    run(place.project, ['sh', '-c', 'rm .rr/heads/*']);
    await hurtAt(place, ['sweep', '-q', '-j', '2', '--trace', 'strace', '-l', 's', '-p', 'k=1,2', '-o', 's{k}.txt', '--', 'sh', '-c', 'sleep 0.3; echo {k} > s{k}.txt'], where, how);
    for (let n = 0; n < 2; n++) assert.equal(rr(place.project, ['record', '-q', '--', 'true']).status, 0);
    const states = listRecords(place.project).slice(before).map((name) => readRecord(place.project, name).Status[0]);
    assert.deepEqual(states.sort(), Array.from({ length: 4 }, (_, i) => (i < lost ? 'lost' : 'succeeded')), where);
    fs.writeFileSync(path.join(place.memory, 'joined'), '');
    assert.deepEqual(await check('settled', place), [], where);
  }
});

test('rr sweep goes on to its end where the pipe that tells of the end of a shell cannot be written', { skip: NEEDS_LIBRARY, timeout: 60000 }, async () => {
  const place = await makePlace();
  for (const [label, how] of [['s', 'errors:5'], ['t', 'errors:28']]) {
    // Of the pipes of shells the one that all share is written to by rr for this alone; it is taken first, from the end.
    const done = await hurtAt(place, ['sweep', '-q', '-j', '2', '--trace', 'none', '-l', label, '-p', 'k=1..6', '-o', label + '{k}.txt', '--', 'sh', '-c', 'echo {k} > ' + label + '{k}.txt'], '^write .*/running/shells-[a-z2-7]{6}[.]p16$', how);
    assert.deepEqual([done.status, done.stderr], [0, ''], how);
    for (let k = 1; k <= 6; k++) assert.equal(fs.readFileSync(path.join(place.project, label + String(k) + '.txt'), 'latin1'), String(k) + '\n');
  }
  assert.deepEqual((await check('settled', place)), []);
});

// ---- a share of the rounds ------------------------------------------------------------------------------------

test('some rounds of make torture', { skip: NEEDS_LIBRARY, timeout: 120000 }, async (t) => {
  const told: string[] = [];
  const result = await runTorture({ work: makeTemporary(), seed: 7, rounds: 0, only: 'record', jobs: 2, minutes: 0.08, isSmall: true, isKept: false, isMounting: false, tell: (line) => told.push(line) });
  t.diagnostic(told[told.length - 1]);
  assert.deepEqual(result.failed, [], told.join('\n'));
  assert.ok(result.hits > 0);
});
