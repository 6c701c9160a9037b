// notes.test.ts - notes: their text, what of them counts, and rr note among many, killed and with an editor.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { Failure } from '../src/core/failure.ts';
import { applyNotes, emptyNote, findTolerance, groupNotes } from '../src/core/notes.ts';
import type { Note, RunNotes } from '../src/core/notes.ts';
import { emptyRun } from '../src/core/run.ts';
import { sealRecord } from '../src/formats/fields.ts';
import { parseNote, printNoteBody } from '../src/formats/note.ts';
import { parseNoteText, printNoteText } from '../src/formats/notetext.ts';
import type { NoteText } from '../src/formats/notetext.ts';
import { cleanAuthor } from '../src/sys/author.ts';
import { checkDerived, checkSeals, CLEAN_ENV, hasProgram, listLeftovers, listRecords, makeLeftoversOld, makeProject, makeTemporary, rr, RR_JS, run, startRr } from './rig.ts';

const NO_RECUTILS = hasProgram('recfix') && hasProgram('recsel') && hasProgram('python3') ? false : 'no recutils or python3';
const NO_GIT = hasProgram('git') ? false : 'no git';
const NO_STRACE = hasProgram('strace') && run(undefined, ['strace', '-o', '/dev/null', 'true']).status === 0 ? false : 'strace is missing or may not trace';
const NO_MAKE = hasProgram('make') ? false : 'no make';

const RUN = '20261122T052039Z-k3f5q2';

type Random = (below: number) => number;

function makeRandom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PARTS = ['a', 'b c', ' ', '\\', '%', '%41', '\n', '\n\n', '\r', '\t', '+ ', '#', '# x', '--- label', '\\--- end', '---', ': ', '\x01', '\x1b[31m', '\x7f', '\xc3\xa0', '\xff', '\xc3\xa9', '\xc2\x9b', '\xe2\x80\xae', "'", '"', '$', '<script>', 'vim: set modeline:'];

function makeText(random: Random): string {
  return Array.from({ length: 1 + random(7) }, () => PARTS[random(PARTS.length)]).join('');
}

function makeId(random: Random, n: number): string {
  return '20261123T1015' + String(10 + (n % 50)) + 'Z-' + Array.from({ length: 6 }, () => '234567abcdefghijklmnopqrstuvwxyz'[random(32)]).join('');
}

/** A note in which about half of what can be there is, with odd texts. */
function makeNote(seed: number): Note {
  const random = makeRandom(seed);
  const text = (): string => makeText(random);
  const many = <T>(make: () => T): T[] => Array.from({ length: random(4) }, make);
  const maybe = <T>(make: () => T): T | undefined => (random(2) === 0 ? make() : undefined);
  const note = emptyNote(makeId(random, seed), [RUN].concat(many(() => makeId(random, 1))), '2026-11-23T10:15:00.000001Z', text(), '0.1.0');
  note.label = maybe(text);
  note.tags = many(text);
  note.untags = many(text);
  note.unset = many(() => (['Label', 'Reason', 'Outcome'] as const)[random(3)]);
  note.reason = maybe(text);
  note.outcome = maybe(text);
  note.comments = many(text);
  note.tolerances = many(() => ({ absolute: [0, 1e-9, 0.5, 1e21, 3][random(5)], relative: random(2) / 7, pattern: text() }));
  note.replaces = many(() => ({ id: makeId(random, 2), text: maybe(text) }));
  note.removes = many(() => makeId(random, 3));
  note.unknown = many(() => ({ name: 'Mood', value: 'x%0A y' }));
  return note;
}

function seal(body: string): string {
  return sealRecord(body, crypto.createHash('sha256').update(body, 'latin1').digest('hex'));
}

const withoutUndefined = (value: object): unknown => Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));

// ---- text -------------------------------------------------------------------------------------------

test('parseNote() undoes printNoteBody()', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const note = makeNote(seed);
    const read = parseNote(seal(printNoteBody(note)), 'x.rec');
    assert.deepEqual(withoutUndefined(read), withoutUndefined(note), 'seed ' + String(seed));
  }
});

test('recfix accepts every note, and recsel with percent-decoding gives the same texts', { skip: NO_RECUTILS }, () => {
  const folder = makeTemporary();
  const wanted: string[] = [];
  for (let seed = 1; seed <= 40; seed++) {
    const note = makeNote(seed);
    fs.writeFileSync(path.join(folder, String(seed).padStart(3, '0') + '.rec'), seal(printNoteBody(note)), 'latin1');
    wanted.push(note.author, ...note.comments, ...(note.outcome === undefined ? [] : [note.outcome]));
  }
  const check = run(folder, ['sh', '-c', 'for f in *.rec; do recfix --check "$f" || exit 1; done']);
  assert.equal(check.status, 0, check.stdout + check.stderr);
  const script = 'import subprocess, sys, glob, urllib.parse\n'
    + 'for f in sorted(glob.glob("*.rec")):\n'
    + '  for name in ("Author", "Comment", "Outcome"):\n'
    + '    for line in subprocess.run(["recsel", "-P", name, f], stdout=subprocess.PIPE).stdout.split(b"\\n"):\n'
    + '      if line != b"": sys.stdout.buffer.write(urllib.parse.unquote_to_bytes(line) + b"\\0")\n';
  const done = run(folder, ['python3', '-c', script]);
  assert.equal(done.stderr, '');
  assert.deepEqual(done.stdout.split('\0').slice(0, -1), wanted);
});

test('parseNote() names file and line of each kind of damage, and takes a newer format as far as it understands', () => {
  const good = printNoteBody({ ...emptyNote('20261123T101500Z-h2a7xk', [RUN], '2026-11-23T10:15:00.000001Z', 'Ada', '0.1.0'), comments: ['hm'] });
  const table: [string, string, RegExp][] = [
    ['a run record', good.replace('rr note,', 'rr run record,'), /line 1: not "# rr note, format N"/],
    ['no run', good.replace(/^Run: .*\n/m, ''), /no Run$/],
    ['a run that is none', good.replace(RUN, '../x'), /line 3: Run: not an id/],
    ['an id that is none', good.replace('20261123T101500Z-h2a7xk', 'x'), /line 2: not an id/],
    ['a local time', good.replace('000001Z', '000001+01:00'), /line 4: Written: not a time/],
    ['two labels', good.replace('Comment: hm', 'Label: a\nLabel: b'), /line 7: Label stands twice/],
    ['what cannot be taken back', good.replace('Comment: hm', 'Unset: Command'), /line 6: Unset: not one of Label, Reason, Outcome/],
    ['a tolerance below zero', good.replace('Comment: hm', 'Tolerance: -1 0 a'), /line 6: Tolerance: not/],
    ['a tolerance without end', good.replace('Comment: hm', 'Tolerance: 1e999 0 a'), /line 6: Tolerance: not/],
    ['a tolerance of nothing', good.replace('Comment: hm', 'Tolerance: 1 0'), /line 6: Tolerance: not/],
    ['a replaced what', good.replace('Comment: hm', 'Replaces: hm'), /line 6: Replaces: not an id/],
  ];
  for (const [what, body, message] of table) {
    assert.throws(() => parseNote(seal(body), 'provenance/notes/x.rec'), (error) => error instanceof Failure && error.message.startsWith('cannot read "provenance/notes/x.rec": ') && message.test(error.message), what);
  }
  const newer = parseNote(seal(good.replace('format 1', 'format 2').replace('Comment: hm', 'Comment: hm\nUnset: Everything\nMood: fine')), 'x.rec');
  assert.deepEqual([newer.comments, newer.unset, newer.unknown], [['hm'], [], [{ name: 'Unset', value: 'Everything' }, { name: 'Mood', value: 'fine' }]]);
  assert.match(newer.warnings[0], /format 2, newer/);
});

// ---- what counts ------------------------------------------------------------------------------------

/** A note by its place in time, on the run RUN. */
function noteAt(n: number, what: Partial<Note>): Note {
  return { ...emptyNote(idAt(n), [RUN], '2026-11-23T10:' + String(10 + n) + ':00.000000Z', 'Ada', '0.1.0'), ...what };
}

function idAt(n: number): string {
  return '20261123T10' + String(10 + n) + '00Z-aaaaaa';
}

function state(notes: Note[]): { label?: string; reason?: string; tags: string[]; outcome?: string; comments: string[] } {
  const base = { ...emptyRun(RUN, 'true', '2026-11-22T05:20:39.123456Z', '0.1.0'), label: 'old', reason: 'because', tags: ['x', 'y'] };
  const { run: applied, notes: said } = applyNotes(base, groupNotes(notes).get(RUN));
  assert.deepEqual([base.label, base.tags], ['old', ['x', 'y']], 'the run itself stays as it is');
  return { label: applied.label, reason: applied.reason, tags: applied.tags, outcome: said.outcome, comments: said.comments.map((one) => one.text + '@' + one.noteId.slice(11, 13)) };
}

test('applyNotes(): the last label, reason and outcome count, tags keep their order, an Unset takes away', () => {
  const before = { label: 'old', reason: 'because', tags: ['x', 'y'], outcome: undefined, comments: [] };
  assert.deepEqual(state([]), before);
  assert.deepEqual(state([noteAt(2, { label: 'b' }), noteAt(1, { label: 'a', outcome: 'good' })]), { ...before, label: 'b', outcome: 'good' });
  assert.deepEqual(state([noteAt(1, { tags: ['z', 'x'] }), noteAt(2, { untags: ['y'] }), noteAt(3, { tags: ['y'] })]), { ...before, tags: ['x', 'z', 'y'] });
  assert.deepEqual(state([noteAt(1, { outcome: 'good' }), noteAt(2, { unset: ['Label', 'Reason', 'Outcome'] })]), { ...before, label: undefined, reason: undefined });
  assert.deepEqual(state([noteAt(1, { unset: ['Label'], label: 'new' })]), { ...before, label: 'new' });
  assert.deepEqual(state([{ ...noteAt(1, { label: 'a' }), runs: ['20261122T052039Z-aaaaaa'] }]), before, 'a note on another run');
});

test('applyNotes(): what is removed counts no more, until its removal is removed; nothing removes what is later', () => {
  const notes = [noteAt(10, { label: 'a', comments: ['one'] }), noteAt(11, { removes: [idAt(10)] })];
  assert.deepEqual(state(notes).label, 'old');
  assert.deepEqual(state(notes).comments, []);
  assert.deepEqual(state(notes.concat(noteAt(12, { removes: [idAt(11)] }))).comments, ['one@20']);
  assert.deepEqual(state(notes.concat(noteAt(12, { removes: [idAt(11)] }), noteAt(13, { removes: [idAt(12)] }))).comments, []);
  assert.deepEqual(state([noteAt(10, { label: 'a', removes: [idAt(11)] }), noteAt(11, { label: 'b', removes: [idAt(11)] })]).label, 'b');
});

test('applyNotes(): a replaced comment stays at its place, with who wrote it and who changed it', () => {
  const notes = [noteAt(10, { comments: ['one', 'uno'] }), noteAt(11, { comments: ['two'] }),
    noteAt(12, { author: 'Bob', replaces: [{ id: idAt(10), text: 'ONE' }] }), noteAt(13, { replaces: [{ id: idAt(11), text: undefined }], comments: ['three'] })];
  assert.deepEqual(state(notes).comments, ['ONE@20', 'three@23']);
  assert.deepEqual(state(notes.concat(noteAt(14, { removes: [idAt(12)] }))).comments, ['one@20', 'uno@20', 'three@23'], 'without the change the old text is back');
  assert.deepEqual(state(notes.concat(noteAt(14, { removes: [idAt(10)] }))).comments, ['three@23']);
  assert.deepEqual(state(notes.concat(noteAt(14, { replaces: [{ id: idAt(10), text: 'EIN' }, { id: idAt(10), text: 'S' }] }))).comments, ['EIN@20', 'S@20', 'three@23']);
  assert.deepEqual(state([noteAt(10, { comments: ['a'], replaces: [{ id: idAt(11), text: 'no' }] }), noteAt(11, { comments: ['b'], replaces: [{ id: idAt(11), text: 'no' }] })]).comments, ['a@20', 'b@21'], 'what is not earlier');
  const [comment] = applyNotes(emptyRun(RUN, 'true', '', ''), groupNotes(notes).get(RUN)).notes.comments;
  assert.deepEqual([comment.author, comment.edited?.author, comment.edited?.noteId], ['Ada', 'Bob', idAt(12)]);
});

test('applyNotes() gives the same in whatever order the notes were read', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = makeRandom(seed);
    const notes = Array.from({ length: 12 }, (_, n) => noteAt(n + 10, {
      label: random(3) === 0 ? 'l' + String(n) : undefined, tags: random(2) === 0 ? ['t' + String(random(4))] : [], untags: random(3) === 0 ? ['t' + String(random(4))] : [],
      outcome: random(4) === 0 ? String(n) : undefined, unset: random(5) === 0 ? ['Label'] : [], comments: random(2) === 0 ? ['c' + String(n)] : [],
      replaces: random(3) === 0 ? [{ id: idAt(10 + random(12)), text: 'r' + String(n) }] : [], removes: random(3) === 0 ? [idAt(10 + random(12))] : [],
    }));
    const shuffled = notes.slice();
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = random(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
    }
    assert.deepEqual(state(shuffled), state(notes), 'seed ' + String(seed));
  }
});

test('findTolerance(): the last one that fits the path, by name or glob', () => {
  const said = applyNotes(emptyRun(RUN, 'true', '', ''), [
    noteAt(10, { tolerances: [{ absolute: 1, relative: 0, pattern: 'out/*.csv' }], comments: ['threads'] }),
    noteAt(11, { tolerances: [{ absolute: 2, relative: 0, pattern: 'out/a[1].csv' }] }),
  ]).notes as RunNotes;
  assert.deepEqual(['out/a.csv', 'out/a1.csv', 'out/a[1].csv', 'b.csv'].map((name) => findTolerance(said, name)?.absolute), [1, 2, 2, undefined]);
  assert.equal(findTolerance(said, 'out/a.csv')?.reason, 'threads');
});

// ---- the text for the editor ------------------------------------------------------------------------

test('parseNoteText() undoes printNoteText(), whatever the texts are', () => {
  const random = makeRandom(7);
  const flat = (notes: NoteText): unknown => ({ ...notes, comments: notes.comments.map(({ noteId, text }) => ({ noteId, text })) });
  for (let i = 0; i < 400; i++) {
    // Spaces and empty lines at either end are not kept; a label and a tag are one line.
    const edge = (text: string): string => text.replace(/\r\n/g, '\n').replace(/^(?:[ \t\r]*\n)+/, '').replace(/(?:\n[ \t\r]*)+$/, '').replace(/^[ \t\r]+$/, '');
    const word = (): string => makeText(random).replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
    const notes: NoteText = {
      label: word(), tags: [word(), word()].filter((one) => one !== ''), reason: edge(makeText(random)), outcome: edge(makeText(random)),
      comments: Array.from({ length: random(3) }, () => ({ noteId: makeId(random, 4), by: makeText(random), text: edge(makeText(random)) })).filter((one) => one.text !== ''),
    };
    const printed = printNoteText('Notes on ' + makeText(random), notes);
    assert.deepEqual(flat(parseNoteText(printed) as NoteText), flat(notes), printed);
    assert.doesNotMatch(printed, /[\x00-\x08\x0b-\x1f\x7f\xff]|\xc2[\x80-\x9f]|\xe2\x80\xae/, 'nothing that a terminal obeys');
  }
});

test('printNoteText() has more lines of its own at either end than editors search for settings', () => {
  const lines = printNoteText('Notes', { label: '', tags: [], reason: '', outcome: '', comments: [{ noteId: undefined, by: '', text: 'vim: set x:' }] }).trimEnd().split('\n');
  for (const line of lines.slice(0, 5).concat(lines.slice(-5))) assert.match(line, /^#/);
});

test('parseNoteText() refuses what it cannot be sure of, by line; no section at all is giving up', () => {
  const table: [string, RegExp | undefined][] = [
    ['', undefined], ['# only ours\n\n', undefined],
    ['lost words\n--- label\n', /line 1: text above/],
    ['--- label\na\n--- lable\nb\n', /line 3: no such heading/],
    ['--- label\na\n--- label\nb\n', /line 3: "--- label" stands twice/],
    ['--- label\na\nb\n', /line 1: a label is one line/],
  ];
  for (const [text, message] of table) {
    if (message === undefined) assert.equal(parseNoteText(text), undefined);
    else assert.throws(() => parseNoteText(text), (error) => error instanceof Failure && message.test(error.message), text);
  }
});

// ---- rr note ----------------------------------------------------------------------------------------

function noteFiles(project: string): string[] {
  return run(project, ['sh', '-c', 'find provenance/notes -type f 2>/dev/null | LC_ALL=C sort']).stdout.split('\n').filter((name) => name !== '');
}

type Shown = { id: string; label?: string; tags: string[]; reason?: string; outcome?: string; comments: { note: string; author: string; text: string }[] };

function show(project: string, reference: string): Shown {
  const done = rr(project, ['show', '--json', reference]);
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout) as Shown;
}

function note(project: string, args: string[], env: NodeJS.ProcessEnv = { RR_AUTHOR: 'Ada' }): void {
  const done = rr(project, ['note'].concat(args), { env });
  assert.deepEqual([done.status, done.stdout, done.stderr], [0, '', '']);
}

function recordOne(project: string, args: string[] = []): void {
  const done = rr(project, ['record', '-q', '--trace', 'scan'].concat(args, args.indexOf('--') < 0 ? ['--', 'true'] : []));
  assert.ok(done.status === 0, done.stderr);
}

test('two people\'s notes on one run merge in git without conflict, and both count', { skip: NO_GIT }, () => {
  const project = makeProject();
  const env = { GIT_AUTHOR_NAME: 'T', GIT_COMMITTER_NAME: 'T', GIT_AUTHOR_EMAIL: 't@example.org', GIT_COMMITTER_EMAIL: 't@example.org', GIT_CONFIG_NOSYSTEM: '1' };
  const git = (args: string[]): string => {
    const done = run(project, ['git'].concat(args), { env });
    assert.equal(done.status, 0, 'git ' + args.join(' ') + ': ' + done.stdout + done.stderr);
    return done.stdout;
  };
  git(['init', '-q', '-b', 'main']);
  recordOne(project, ['-l', 'fit', '-o', 'a.txt', '--', 'sh', '-c', 'echo 1 > a.txt']);
  git(['add', '.']);
  git(['commit', '-qm', 'run']);
  git(['checkout', '-qb', 'ada']);
  note(project, ['--outcome', 'good', '-t', 'figure', 'fit', 'from Ada']);
  git(['add', '.']);
  git(['commit', '-qm', 'ada']);
  git(['checkout', '-q', '-b', 'bob', 'main']);
  note(project, ['-l', 'best', '-t', 'paper', 'fit', 'from Bob'], { RR_AUTHOR: 'Bob' });
  git(['add', '.']);
  git(['commit', '-qm', 'bob']);
  git(['merge', '-q', '-m', 'both', 'ada']);
  const shown = show(project, 'best');
  assert.deepEqual([shown.outcome, shown.tags, shown.comments.map((one) => one.author + ': ' + one.text)], ['good', ['figure', 'paper'], ['Ada: from Ada', 'Bob: from Bob']]);
  checkDerived(project, 'after the merge');
  assert.equal(rr(project, ['verify', '-q']).status, 0);
});

test('20 rr note at once are 20 notes, all whole; with labels the Makefile is that of all', async () => {
  const project = makeProject();
  recordOne(project, ['-l', 'fit', '-o', 'a.txt', '--', 'sh', '-c', 'echo 1 > a.txt']);
  const started = Array.from({ length: 20 }, (_, i) => startRr(project, ['note'].concat(i % 4 === 0 ? ['-l', 'label' + String(i)] : [], [show(project, '@').id, 'comment ' + String(i)])));
  for (const done of await Promise.all(started.map(({ ended }) => ended))) assert.deepEqual([done.status, done.stderr], [0, '']);
  const files = noteFiles(project);
  assert.equal(files.length, 20);
  checkSeals(project, files);
  const shown = show(project, '@');
  assert.deepEqual(shown.comments.map((one) => one.text).sort(), Array.from({ length: 20 }, (_, i) => 'comment ' + String(i)).sort());
  checkDerived(project, 'after 20 notes at once');
  assert.deepEqual(fs.readdirSync(path.join(project, '.rr', 'pending')), []);
  assert.deepEqual(listLeftovers(project), []);
});

test('notes written one after another within a second, and by a clock that goes behind, count in the order written', () => {
  const project = makeProject();
  recordOne(project, ['-l', 'fit']);
  const { id } = show(project, '@');
  note(project, ['-l', 'first', id]);
  // As if written by a machine whose clock is a year ahead.
  const [file] = noteFiles(project);
  const ahead = '20271123T101500Z-h2a7xk';
  const body = fs.readFileSync(path.join(project, file), 'latin1').replace(/^Id: .*/m, 'Id: ' + ahead).replace('Label: first', 'Label: ahead').replace(/Sha256: .*\n$/, '');
  fs.mkdirSync(path.join(project, 'provenance/notes/2027-11'));
  fs.writeFileSync(path.join(project, 'provenance/notes/2027-11/' + ahead + '.rec'), seal(body), 'latin1');
  assert.equal(show(project, id).label, 'ahead');
  for (let i = 0; i < 4; i++) {
    note(project, ['-l', 'now' + String(i), id]);
    assert.equal(show(project, id).label, 'now' + String(i));
  }
  assert.equal(rr(project, ['verify', '-q']).status, 0);
  const written = fs.readFileSync(path.join(project, noteFiles(project).slice(-1)[0]), 'latin1');
  assert.match(written, /^Id: 20271123T1015/m);
  assert.doesNotMatch(written, /^Written: 2027/m, 'the time itself is not bent');
});

test('a label that a note gives is one for rr show and make; runs recorded later leave the Makefile as made anew', { skip: NO_MAKE }, () => {
  const project = makeProject();
  for (const name of ['a', 'b', 'c']) recordOne(project, ['-l', 'series', '-o', name + '.txt', '--', 'sh', '-c', 'echo 1 > ' + name + '.txt']);
  note(project, ['-l', 'first', '-m', 'as in the paper', '@-2']);
  note(project, ['-l', '', '@-1']);
  checkDerived(project, 'after notes');
  assert.match(fs.readFileSync(path.join(project, 'provenance/Makefile'), 'latin1'), /^# \S+ first: as in the paper$/m);
  fs.unlinkSync(path.join(project, 'a.txt'));
  const made = run(project, ['make', '-f', 'provenance/Makefile', 'first']);
  assert.equal(made.status, 0, made.stderr);
  assert.equal(fs.readFileSync(path.join(project, 'a.txt'), 'latin1'), '1\n');
  assert.notEqual(run(project, ['make', '-f', 'provenance/Makefile', 'nosuch']).status, 0);
  // Takes over a.txt, so the label goes with the run that made it; then a part of what two made.
  recordOne(project, ['-l', 'again', '-o', 'a.txt', '--', 'sh', '-c', 'echo 2 > a.txt']);
  checkDerived(project, 'after a run that took the place of a noted one');
  assert.doesNotMatch(fs.readFileSync(path.join(project, 'provenance/Makefile'), 'latin1'), /^first: /m);
  recordOne(project, ['-o', 'd.txt', '-o', 'e.txt', '--', 'sh', '-c', 'cat b.txt > d.txt; echo 5 > e.txt']);
  note(project, ['-l', 'both', '@', 'two files']);
  recordOne(project, ['-o', 'd.txt', '--', 'sh', '-c', 'echo 6 > d.txt']);
  checkDerived(project, 'after a run that took a part of a noted one');
  assert.match(fs.readFileSync(path.join(project, 'provenance/Makefile'), 'latin1'), /^both: /m);
  note(project, ['--remove', noteFiles(project)[0].replace(/^.*\/|\.rec$/g, ''), listRecords(project)[0].replace(/^.*\/|\.rec$/g, '')]);
  assert.equal(show(project, listRecords(project)[0].replace(/^.*\/|\.rec$/g, '')).label, 'series');
  checkDerived(project, 'after a removed label');
});

test('a run that is running can be commented; its label and reason can be changed when it has ended', async () => {
  const project = makeProject();
  const { child, ended } = startRr(project, ['record', '-q', '--trace', 'scan', '-l', 'long', '--', 'sh', '-c', 'echo x > started; while [ -e started ]; do sleep 0.02; done'], { stdio: ['ignore', 'ignore', 'ignore'] });
  assert.ok(child.pid !== undefined);
  while (!fs.existsSync(path.join(project, 'started'))) await new Promise((resolve) => setTimeout(resolve, 10));
  note(project, ['long', 'so far so good']);
  for (const option of ['-l', '-m']) {
    const refused = rr(project, ['note', option, 'x', 'long']);
    assert.equal(refused.status, 125);
    assert.match(refused.stderr, /^rr: cannot note label or reason of "\S+": it is running\n/);
  }
  assert.equal(noteFiles(project).length, 1);
  fs.unlinkSync(path.join(project, 'started'));
  await ended;
  assert.deepEqual(show(project, 'long').comments.map((one) => one.text), ['so far so good']);
  note(project, ['-l', 'short', 'long']);
  checkDerived(project, 'after the end');
});

const HOSTILE = ['\x1b[31mred\x1b]0;t\x07', '<script>alert(1)</script>', 'abc\xe2\x80\xaedef', 'two\nlines\n\nand more', 'ends in a backslash\\', '# rr note', 'Sha256: 0', '%41%', '\xff\xfe', ' edges ', '-n', '$(touch evil) `touch evil`', '\xc2\x9b31m', 'voil\xc3\xa0'];

test('hostile texts come back byte for byte, and none reaches the terminal', () => {
  const project = makeProject();
  recordOne(project);
  const { id } = show(project, '@');
  for (const text of HOSTILE) {
    const done = run(project, ['sh', '-c', 'text=$(cat; echo x); text=${text%x}; "$1" "$2" note --outcome "$text" -t "$text" -m "$text" -- "$3" "$text" && printf %s "$text" | "$1" "$2" note "$3" -', 'sh', process.execPath, RR_JS, id], { input: Buffer.from(text, 'latin1') });
    assert.deepEqual([done.status, done.stderr], [0, ''], text);
  }
  const shown = show(project, id);
  const decode = (text: string): string => text.replace(/%([0-9A-F]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
    assert.deepEqual(shown.comments.map((one) => decode(one.text)).filter((_, i) => i % 2 === 0), HOSTILE);
  assert.deepEqual(shown.tags.map(decode), HOSTILE);
  assert.equal(decode(shown.outcome ?? ''), HOSTILE[HOSTILE.length - 1]);
  checkSeals(project, noteFiles(project));
  for (const args of [['show', id], ['show', '--all', id], ['list'], ['list', '--csv'], ['list', '--json'], ['journal'], ['journal', '--html'], ['journal', '--org'], ['journal', '--markdown'], ['verify']]) {
    const done = rr(project, args);
    assert.equal(done.status, 0, args.join(' ') + done.stderr);
    assert.doesNotMatch(done.stdout + done.stderr, /[\x00-\x08\x0b-\x1f\x7f\xff]|\xc2[\x80-\x9f]/, args.join(' '));
    // JSON and CSV are data: there it stands as in the record.
    if (args[1] !== '--json' && args[1] !== '--csv') assert.doesNotMatch(done.stdout, /\xe2\x80\xae/, args.join(' '));
  }
  assert.equal(fs.existsSync(path.join(project, 'evil')), false);
  checkDerived(project, 'with hostile reasons');
});

// ---- faults -----------------------------------------------------------------------------------------

const NOTE_CALLS = 'write,rename,fsync,openat,mkdir,unlink,link';

/** The calls by which rr note changes the project, counted as strace counts them. */
function findNoteSites(folder: string, args: string[]): { call: string; when: number }[] {
  const trace = folder + '.trace';
  const done = run(folder, ['strace', '-y', '-o', trace, '-e', 'trace=' + NOTE_CALLS, process.execPath, RR_JS].concat(args));
  assert.equal(done.status, 0, done.stderr);
  const counts: { [call: string]: number } = {};
  const sites: { call: string; when: number }[] = [];
  for (const line of fs.readFileSync(trace, 'latin1').split('\n')) {
    const parts = /^(\w+)\((.*)$/.exec(line);
    if (parts === null) continue;
    counts[parts[1]] = (counts[parts[1]] ?? 0) + 1;
    if (parts[2].indexOf(folder) >= 0 && !(parts[1] === 'openat' && !/O_CREAT|O_WRONLY/.test(parts[2]))) sites.push({ call: parts[1], when: counts[parts[1]] });
  }
  fs.unlinkSync(trace);
  return sites;
}

test('rr note killed at any of its changes leaves a whole note or none, and what was before', { skip: NO_STRACE, timeout: 120000 }, () => {
  const project = makeProject();
  recordOne(project, ['-o', 'a.txt', '--', 'sh', '-c', 'echo 1 > a.txt']);
  const { id } = show(project, '@');
  note(project, [id, 'before']);
  const sites = findNoteSites(project, ['note', '-l', 'trial', id]);
  assert.ok(sites.length > 10, 'found ' + String(sites.length) + ' sites');
  let known = noteFiles(project);
  const manifest = run(project, ['sha256sum'].concat(known)).stdout;
  sites.forEach((site, i) => {
    const what = 'killed at ' + site.call + ' ' + String(site.when);
    run(project, ['strace', '-o', '/dev/null', '-e', 'trace=' + NOTE_CALLS, '--inject=' + site.call + ':signal=SIGKILL:when=' + String(site.when), process.execPath, RR_JS, 'note', '-l', 'k' + String(i), id]);
    const now = noteFiles(project).filter((name) => name.endsWith('.rec'));
    assert.ok(now.length - known.length <= 1, what);
    checkSeals(project, now);
    assert.equal(run(project, ['sha256sum', '-c', '--quiet', '-'], { input: manifest }).status, 0, what + ': an earlier note was changed');
    assert.equal(rr(project, ['verify', '-q']).status, 0, what);
    makeLeftoversOld(project);
    // The next run that is recorded makes of the Makefile what it has to be.
    recordOne(project, ['-o', 'b' + String(i), '--', 'sh', '-c', 'echo 1 > b' + String(i)]);
    checkDerived(project, what);
    assert.deepEqual(listLeftovers(project), [], what + ': nothing is left over');
    known = now;
  });
  assert.ok(known.length > 3, 'some of the notes were written before the end');
});

test('rr note that cannot write says so, and writes nothing', { skip: NO_STRACE }, () => {
  const project = makeProject();
  recordOne(project);
  const { id } = show(project, '@');
  for (const [call, error] of [['link', 'ENOSPC'], ['fsync', 'EIO'], ['mkdir', 'EACCES']]) {
    const done = run(project, ['strace', '-o', '/dev/null', '-P', path.join(project, 'provenance'), '-P', path.join(project, '.rr', 'running'), '-e', 'trace=' + call, '--inject=' + call + ':error=' + error, process.execPath, RR_JS, 'note', id, 'x']);
    const isHit = done.status !== 0;
    if (isHit) assert.match(done.stderr, /^rr: cannot /, call);
    assert.doesNotMatch(done.stderr, /internal error/);
    assert.equal(noteFiles(project).length === 0, isHit, call);
    for (const name of noteFiles(project)) fs.unlinkSync(path.join(project, name));
  }
});

test('a damaged note, one under another name and one in a wrong folder are named and stop nothing', () => {
  const project = makeProject();
  recordOne(project, ['-l', 'fit']);
  for (const text of ['good', 'bad', 'renamed', 'moved']) note(project, ['fit', text]);
  const [, bad, renamed, moved] = noteFiles(project);
  const at = (name: string): string => path.join(project, name);
  fs.writeFileSync(at(bad), fs.readFileSync(at(bad), 'latin1').replace('Comment: bad', 'Comment: worse'), 'latin1');
  fs.renameSync(at(renamed), at(renamed.replace(/-[^-]*\.rec$/, '-zzzzzz.rec')));
  fs.mkdirSync(at('provenance/notes/2020-01'));
  fs.renameSync(at(moved), at('provenance/notes/2020-01/' + path.basename(moved)));
  assert.deepEqual(show(project, 'fit').comments.map((one) => one.text), ['good', 'worse'], 'seals are for rr verify');
  const listed = rr(project, ['list']);
  assert.equal(listed.status, 1);
  assert.match(listed.stdout, /fit/);
  assert.match(listed.stderr, /it claims the id/);
  assert.match(listed.stderr, /provenance\/notes\/2020-01\/\S+: it is not where a record of that id belongs|"provenance\/notes\/2020-01/);
  const verified = rr(project, ['verify']);
  assert.equal(verified.status, 1);
  assert.equal(verified.stdout.split('\n').length - 1, 3, verified.stdout);
  assert.match(verified.stdout, new RegExp('^' + bad + ': its last line expects [0-9a-f]{64}, found [0-9a-f]{64}$', 'm'));
  assert.match(verified.stdout, /-zzzzzz\.rec: claims the id /);
  assert.match(verified.stdout, /2020-01\/\S+: not where a record of that id belongs/);
});

// ---- the editor -------------------------------------------------------------------------------------

/** A program that edits its last argument by a script of sed, and keeps what it was given in ../given. */
function makeEditor(project: string, script: string): string {
  const name = path.join(project, '..', path.basename(project) + '.editor');
  fs.writeFileSync(name, '#!/bin/sh\nfor f; do :; done\ncp "$f" "$f.given" && mv "$f.given" "$GIVEN"\n' + script + '\n', { mode: 0o755 });
  return name;
}

test('rr note -e: what is changed in the editor is one note, nothing changed is none', () => {
  const project = makeProject();
  recordOne(project, ['-l', 'fit', '-m', 'why', '-t', 'x', '-t', 'y']);
  const { id } = show(project, '@');
  note(project, [id, 'first\n--- label\nno heading']);
  note(project, [id, 'second']);
  const GIVEN = project + '.given';
  const edit = (script: string): ReturnType<typeof rr> => rr(project, ['note', '-e', id], { env: { RR_AUTHOR: 'Bob', EDITOR: makeEditor(project, script) + ' --wait', GIVEN } });
  const none = edit('exit 0');
  assert.deepEqual([none.status, none.stderr, noteFiles(project).length], [0, 'rr: nothing changed, nothing noted\n', 2]);
  assert.deepEqual(edit(': > "$f"').stderr, 'rr: nothing changed, nothing noted\n');
  assert.match(fs.readFileSync(GIVEN, 'latin1'), /^--- label\nfit\n\n--- tags, one a line\nx\ny\n\n--- reason\nwhy\n\n--- outcome\n\n--- comment \S+, Ada, \d{4}-\d\d-\d\d\nfirst\n\\--- label\nno heading\n\n--- comment /m);
  const changed = edit(`sed -i -e 's/^fit$/best/' -e '/^x$/d' -e 's/^y$/y\\nz/' -e '/^why$/d' -e 's/^--- outcome$/&\\n\\n# fine: 50%\\nindeed\\n/' -e 's/^first$/FIRST/' -e '/^second$/d' -e 's/^--- new comment$/&\\nthird/' "$f"`);
  assert.deepEqual([changed.status, changed.stderr, noteFiles(project).length], [0, '', 3]);
  const shown = show(project, 'best');
  assert.deepEqual([shown.tags, shown.reason, shown.outcome], [['y', 'z'], undefined, '# fine: 50%25%0Aindeed']);
  assert.deepEqual(shown.comments.map((one) => one.author + ': ' + one.text), ['Ada: FIRST%0A--- label%0Ano heading', 'Bob: third']);
  checkSeals(project, noteFiles(project));
  assert.deepEqual(fs.readdirSync(path.join(project, '.rr')).filter((name) => name.startsWith('note-')), []);
  checkDerived(project, 'after the editor');
});

test('rr note -e: an editor that fails notes nothing; a text that is not understood is kept and named', () => {
  const project = makeProject();
  recordOne(project, ['-l', 'fit']);
  const GIVEN = project + '.given';
  const edit = (script: string): ReturnType<typeof rr> => rr(project, ['note', '-e', 'fit'], { env: { VISUAL: makeEditor(project, script), EDITOR: 'false', GIVEN } });
  const failed = edit('echo "--- new comment" > "$f"; echo lost >> "$f"; exit 3');
  assert.equal(failed.status, 125);
  assert.match(failed.stderr, /^rr: cannot edit: the editor "\S+" failed: exit status 3; nothing is noted\n/);
  const killed = edit('kill -9 $$');
  assert.match(killed.stderr, /failed: (?:ended by SIGKILL|exit status 137); nothing is noted/);
  const odd = edit("sed -i 's/^--- reason/---reason/' \"$f\"");
  assert.equal(odd.status, 2);
  const kept = /the text is kept in "([^"]+)"/.exec(odd.stderr);
  assert.ok(kept !== null, odd.stderr);
  assert.match(fs.readFileSync(kept[1], 'latin1'), /^---reason/m);
  assert.equal(noteFiles(project).length, 0);
  assert.match(rr(project, ['note', '-e', 'fit'], { env: { EDITOR: '/nosuch/editor' } }).stderr, /failed: exit status 127/);
});

// ---- who --------------------------------------------------------------------------------------------

test('the author is the name that git would take, and never an address', { skip: NO_GIT }, () => {
  const project = makeProject();
  const home = makeTemporary();
  const env: NodeJS.ProcessEnv = { HOME: home, GIT_CONFIG_NOSYSTEM: '1' };
  run(project, ['git', 'init', '-q'], { env });
  recordOne(project);
  const author = (): string => {
    assert.equal(rr(project, ['note', '@', 'x'], { env }).status, 0);
    return (show(project, '@').comments.pop() as { author: string }).author;
  };
  assert.equal(author(), run(undefined, ['id', '-un']).stdout.trim(), 'the login name');
  const set = (args: string[]): void => {
    assert.equal(run(project, ['git', 'config'].concat(args), { env }).status, 0);
    assert.equal(author(), run(project, ['git', 'config', 'user.name'], { env }).stdout.trim());
  };
  fs.mkdirSync(path.join(home, '.config/git'), { recursive: true });
  set(['--file', path.join(home, '.config/git/config'), 'user.name', 'Ada of XDG']);
  set(['--file', path.join(home, '.gitconfig'), 'user.name', 'Ada "the" Countess # of Lovelace']);
  set(['user.name', 'Ada of here']);
  env.RR_AUTHOR = 'A. Lovelace <ada@example.org>';
  assert.equal(author(), 'A. Lovelace');
  env.RR_AUTHOR = 'ada@example.org';
  assert.equal(author(), 'Ada of here');
  assert.equal(cleanAuthor(' a\nb <x@y'), 'a b');
});

test('rr note looks at no clock but for the time, and leaves .rr of git aside', { skip: NO_GIT }, () => {
  const project = makeProject();
  run(project, ['git', 'init', '-q'], { env: CLEAN_ENV });
  recordOne(project);
  note(project, ['@', 'x']);
  const untracked = run(project, ['git', 'status', '--porcelain', '-uall']).stdout;
  assert.match(untracked, /provenance\/notes\//);
  assert.doesNotMatch(untracked, /\.rr\//);
});
