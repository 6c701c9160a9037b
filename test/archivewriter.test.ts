// archivewriter.test.ts - tar, zip and folders as rr writes them, read by other programs; files that change.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { crc32 } from '../src/formats/crc32.ts';
import { writeArchive } from '../src/sys/archivewriter.ts';
import type { ArchiveMember, ArchiveRequest } from '../src/sys/archivewriter.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

const PYTHON = '/usr/bin/python3';
const NO_PYTHON = fs.existsSync(PYTHON) ? false : 'no python3';
const TIME_S = Date.UTC(2026, 10, 23, 2, 11, 42) / 1000;

function write(folder: string, form: ArchiveRequest['form'], members: ArchiveMember[], name = 'a.' + form): string {
  writeArchive({ form, target: path.join(folder, name), top: 'top', members, timeS: TIME_S, isForced: false });
  return path.join(folder, name);
}

function text(name: string, content = name, isExecutable = false): ArchiveMember {
  return { kind: 'text', name, text: content, isExecutable };
}

function python(folder: string, script: string, args: string[]): string {
  const done = run(folder, [PYTHON, '-c', script].concat(args));
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
}

// Names at the limits of ustar's two fields, and those that it cannot hold.
const NAMES = [1, 90, 95, 96, 97, 100, 150, 154, 155, 156, 200].map((n) => 'n'.repeat(n))
  .concat([50, 95, 99, 150].map((n) => 'd'.repeat(n) + '/' + 'f'.repeat(96)), ['e'.repeat(151) + '/' + 'f'.repeat(100), 'e'.repeat(152) + '/' + 'f'.repeat(99), 'a/'.repeat(120) + 'deep', 'p'.repeat(200) + '/' + 'q'.repeat(200)])
  .concat(['n\xc3\xa4me', '\xe2\x82\xac'.repeat(60) + '/\xf0\x9f\x92\xa1', 'with space', 'quo\'te"', 'back\\slash', '-dash', '*', '$(x)']).sort();

const MEMBERS: ArchiveMember[] = NAMES.map((name, i) => text(name, 'x'.repeat(i * 97), i % 3 === 0));
const LINKS: ArchiveMember[] = [100, 101, 300].map((n): ArchiveMember => ({ kind: 'link', name: 'z' + String(n), target: 't'.repeat(n) }));

const LIST_TAR = `
import tarfile, sys, os, hashlib
t = tarfile.open(sys.argv[1])
for m in t:
    data = hashlib.sha256(t.extractfile(m).read()).hexdigest() if m.isreg() else os.fsencode(m.linkname).decode('latin1')
    print(os.fsencode(m.name).hex(), m.type.decode(), '%o' % m.mode, m.size, int(m.mtime), m.uid, m.gid, m.uname, m.gname, data, sep='|')
`;

function expectTar(members: ArchiveMember[]): string {
  return members.map((member) => {
    const name = Buffer.from('top/' + member.name, 'latin1').toString('hex');
    if (member.kind === 'link') return [name, 2, 777, 0, TIME_S, 0, 0, '', '', member.target].join('|') + '\n';
    assert.ok(member.kind === 'text');
    const hash = crypto.createHash('sha256').update(member.text).digest('hex');
    return [name, 0, member.isExecutable ? 755 : 644, member.text.length, TIME_S, 0, 0, '', '', hash].join('|') + '\n';
  }).join('');
}

test('writeArchive() writes a tar that Python reads to the byte, whatever the length of names and links', { skip: NO_PYTHON }, () => {
  const folder = makeTemporary();
  const name = write(folder, 'tar', MEMBERS.concat(LINKS));
  assert.equal(python(folder, LIST_TAR, [name]), expectTar(MEMBERS.concat(LINKS)));
  assert.equal(fs.statSync(name).size % 10240, 0);
});

test('writeArchive() uses an extended header only where ustar cannot hold a name', () => {
  const folder = makeTemporary();
  const flags = (members: ArchiveMember[], name: string): string => {
    const bytes = fs.readFileSync(write(folder, 'tar', members, name));
    let found = '';
    for (let at = 0; bytes[at] !== 0; at += 512 + Math.ceil(parseInt(bytes.toString('latin1', at + 124, at + 135), 8) / 512) * 512) found += String.fromCharCode(bytes[at + 156]);
    return found;
  };
  const fitting = ['n'.repeat(96), 'd'.repeat(99) + '/' + 'f'.repeat(100), 'd'.repeat(151) + '/' + 'f'.repeat(100), '\xc3\xa4'];
  assert.equal(flags(fitting.map((name) => text(name)), 'fits.tar'), '0000');
  assert.equal(flags(['n'.repeat(101), 'd'.repeat(152) + '/' + 'f'.repeat(100), 'd/' + 'f'.repeat(101)].map((name) => text(name)), 'not.tar'), 'x0x0x0');
});

const READERS = [['tar', 'tar', '-xf'], ['bsdtar', 'bsdtar', '-xf'], ['busybox', 'busybox', 'tar', '-xf'], ['pax', 'pax', '-rf']];

for (const [program, ...words] of READERS) {
  test('writeArchive(): a tar unpacked by ' + words.slice(0, -1).join(' ') + ' is what was put in', { skip: hasProgram(program) ? false : 'no ' + program }, () => {
    const folder = makeTemporary();
    const name = write(folder, 'tar', MEMBERS.concat({ kind: 'link', name: 'z', target: NAMES[0] }));
    fs.mkdirSync(path.join(folder, 'out'));
    const done = run(path.join(folder, 'out'), words.concat(name), { env: { LC_ALL: 'C.UTF-8' } });
    assert.equal(done.status, 0, done.stderr);
    for (const member of MEMBERS) {
      assert.ok(member.kind === 'text');
      const file = Buffer.from(path.join(folder, 'out', 'top') + '/' + member.name, 'latin1');
      assert.equal(fs.readFileSync(file, 'latin1'), member.text, member.name);
      const stat = fs.statSync(file);
      assert.equal(stat.mode & 0o777, member.isExecutable ? 0o755 : 0o644, member.name);
      assert.equal(Math.round(stat.mtimeMs / 1000), TIME_S, member.name);
    }
    assert.equal(fs.readlinkSync(path.join(folder, 'out/top/z')), NAMES[0]);
  });
}

const LIST_ZIP = `
import zipfile, sys, hashlib
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
for i in z.infolist():
    print(i.filename.encode().hex(), '%o' % (i.external_attr >> 16), i.create_system, i.compress_type, i.flag_bits, i.file_size, i.date_time, hashlib.sha256(z.read(i)).hexdigest(), sep='|')
`;

test('writeArchive() writes a zip that Python reads to the byte', { skip: NO_PYTHON }, () => {
  const folder = makeTemporary();
  const name = write(folder, 'zip', MEMBERS.concat(LINKS));
  const expected = MEMBERS.concat(LINKS).map((member) => {
    const content = member.kind === 'link' ? member.target : member.kind === 'text' ? member.text : '';
    const mode = member.kind === 'link' ? '120777' : member.isExecutable ? '100755' : '100644';
    const hash = crypto.createHash('sha256').update(content).digest('hex');
    return [Buffer.from('top/' + member.name, 'latin1').toString('hex'), mode, 3, 0, 2048, content.length, '(2026, 11, 23, 2, 11, 42)', hash].join('|') + '\n';
  }).join('');
  assert.equal(python(folder, LIST_ZIP, [name]), expected);
});

test('writeArchive(): a zip unpacked by unzip has its modes and links', { skip: hasProgram('unzip') ? false : 'no unzip' }, () => {
  const folder = makeTemporary();
  const members = [text('run', '#!/bin/sh\n', true), text('n\xc3\xa4me'), text('plain')].concat({ kind: 'link', name: 'z', target: 'run' } as never);
  const name = write(folder, 'zip', members);
  const done = run(folder, ['unzip', '-q', name, '-d', 'out'], { env: { LC_ALL: 'C.UTF-8', TZ: 'UTC0' } });
  assert.equal(done.status, 0, done.stdout + done.stderr);
  assert.equal(fs.statSync(path.join(folder, 'out/top/run')).mode & 0o777, 0o755);
  assert.equal(fs.statSync(path.join(folder, 'out/top/plain')).mode & 0o777, 0o644);
  assert.equal(fs.readFileSync(path.join(folder, 'out/top/n\u00e4me'), 'latin1'), 'n\xc3\xa4me');
  assert.equal(fs.readlinkSync(path.join(folder, 'out/top/z')), 'run');
});

test('writeArchive(): times outside of what a format holds are brought to its limit', { skip: NO_PYTHON }, () => {
  const folder = makeTemporary();
  const request = { top: 'top', members: [text('a')], isForced: false };
  const dates: string[] = [];
  for (const timeS of [0, 1, 315532800, Date.UTC(2107, 11, 31, 23, 59, 59) / 1000, 99999999999]) {
    const target = path.join(folder, String(timeS));
    writeArchive({ ...request, form: 'zip', target, timeS });
    writeArchive({ ...request, form: 'tar', target: target + '.tar', timeS });
    dates.push(python(folder, 'import zipfile, tarfile, sys; n = sys.argv[1]; print(zipfile.ZipFile(n).infolist()[0].date_time[:5], int(tarfile.open(n + ".tar").next().mtime))', [target]).trim());
  }
  assert.deepEqual(dates, ['(1980, 1, 1, 0, 0) 0', '(1980, 1, 1, 0, 0) 1', '(1980, 1, 1, 0, 0) 315532800', '(2107, 12, 31, 23, 59) 4354819199', '(2107, 12, 31, 23, 59) 99999999999']);
});

test('crc32() goes on from the checksum of what stands before', () => {
  const bytes = Uint8Array.from(Buffer.from('123456789'));
  for (let cut = 0; cut <= 9; cut++) assert.equal(crc32(bytes, cut, 9, crc32(bytes, 0, cut)), 0xcbf43926);
});

// ---- many ----------------------------------------------------------------------------------------

test('writeArchive(): a zip of 70,000 members is one of Zip64', { skip: NO_PYTHON }, () => {
  const folder = makeTemporary();
  const members = Array.from({ length: 70000 }, (_, i) => text('m' + String(i).padStart(6, '0'), i === 69999 ? 'last' : ''));
  const name = write(folder, 'zip', members);
  assert.equal(python(folder, 'import zipfile, sys; z = zipfile.ZipFile(sys.argv[1]); print(len(z.infolist()), len(set(z.namelist())), z.read("top/m069999"))', [name]), "70000 70000 b'last'\n");
  for (const words of [['unzip', '-Z1'], ['bsdtar', '-tf']]) {
    if (hasProgram(words[0])) assert.equal(run(folder, ['sh', '-c', '"$@" | wc -l', 'sh', ...words, name]).stdout.trim(), '70000', words.join(' '));
  }
});

// ---- what changes meanwhile -----------------------------------------------------------------------------------

const HASH_OF_A = crypto.createHash('sha256').update('a').digest('hex');

const CHANGES: [string, (from: string) => void][] = [
  ['other content', (from) => fs.writeFileSync(from, 'b')],
  ['longer', (from) => fs.writeFileSync(from, 'aa')],
  ['shorter', (from) => fs.writeFileSync(from, '')],
  ['gone', (from) => fs.unlinkSync(from)],
  ['a link to the same', (from) => { fs.renameSync(from, from + '.real'); fs.symlinkSync(from + '.real', from); }],
  ['a folder', (from) => { fs.unlinkSync(from); fs.mkdirSync(from); }],
  ['a FIFO', (from) => { fs.unlinkSync(from); assert.equal(run(undefined, ['mkfifo', from]).status, 0); }],
];

for (const form of ['tar', 'zip', 'folder'] as const) {
  test('writeArchive() notices that a file is not what was chosen, and leaves nothing (' + form + ')', () => {
    const from = path.join(makeTemporary(), 'from');
    const out = makeTemporary();
    const members: ArchiveMember[] = [text('before'), { kind: 'file', name: 'changing', from, sizeBytes: 1, hash: HASH_OF_A, isExecutable: false }];
    for (const [what, change] of CHANGES) {
      run(undefined, ['rm', '-rf', from]);
      fs.writeFileSync(from, 'a');
      change(from);
      assert.throws(() => write(out, form, members), /it changed while it was read/, what);
      assert.deepEqual(fs.readdirSync(out), [], what);
    }
    run(undefined, ['rm', '-rf', from]);
    fs.writeFileSync(from, 'a');
    write(out, form, members);
    assert.deepEqual(fs.readdirSync(out), ['a.' + form]);
  });
}

test('writeArchive() puts an archive in the place of another only if it is told to, and only of one of its kind', () => {
  const folder = makeTemporary();
  const request = { top: 'top', members: [text('bagit.txt')], timeS: TIME_S };
  const made = (form: ArchiveRequest['form'], name: string, isForced: boolean): void => writeArchive({ ...request, form, target: path.join(folder, name), isForced });
  for (const form of ['tar', 'zip', 'folder'] as const) {
    made(form, form, false);
    assert.throws(() => made(form, form, false), /it is there already/);
    made(form, form, true);
  }
  fs.mkdirSync(path.join(folder, 'home'));
  fs.writeFileSync(path.join(folder, 'home/precious'), '');
  assert.throws(() => made('folder', 'home', true), /it is no bag/);
  assert.throws(() => made('tar', 'home', true), /it is no regular file/);
  assert.deepEqual(fs.readdirSync(path.join(folder, 'home')), ['precious']);
  assert.deepEqual(fs.readdirSync(folder).sort(), ['folder', 'home', 'tar', 'zip']);
});
