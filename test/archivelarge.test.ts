// archivelarge.test.ts - archives of files that 33 bits do not count, which take no room on the disk but time to read.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { writeArchive } from '../src/sys/archivewriter.ts';
import type { ArchiveMember } from '../src/sys/archivewriter.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

// There the kernel reads holes without making pages of them, which takes most of the time elsewhere.
if (fs.existsSync('/dev/shm')) process.env.TMPDIR = '/dev/shm';

const PYTHON = '/usr/bin/python3';
const NO_PYTHON = fs.existsSync(PYTHON) ? false : 'no python3';
const SMALL: ArchiveMember = { kind: 'text', name: 'small', text: 'behind', isExecutable: false };

function write(folder: string, form: 'tar' | 'zip', members: ArchiveMember[]): string {
  writeArchive({ form, target: path.join(folder, 'a.' + form), top: 'top', members, timeS: 0, isForced: false });
  return path.join(folder, 'a.' + form);
}

function python(folder: string, script: string, args: string[]): string {
  const done = run(folder, [PYTHON, '-c', script].concat(args));
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
}

/** A member of zeros that takes no room; its SHA-256 was computed by sha256sum. */
function zeros(folder: string, sizeBytes: number, hash: string): ArchiveMember {
  const from = path.join(folder, 'zeros');
  fs.closeSync(fs.openSync(from, 'w'));
  fs.truncateSync(from, sizeBytes);
  return { kind: 'file', name: 'large', from, sizeBytes, hash, isExecutable: false };
}

const LARGE_TAR: [number, string] = [2 ** 33 + 1, 'b47800cd5a0c0bd2a7d6c2ac9402cc117bbe89363299bdc51f8a72aef8543693'];
const LARGE_ZIP: [number, string] = [2 ** 32 + 1, 'fbb82f7b353676bb562eb82157fcf0ea42c36492ca13ee56dbf82c08b6802c5c'];

test('writeArchive(): a file over 8 GiB goes into a tar, and what follows it is found', { skip: NO_PYTHON }, () => {
  const folder = makeTemporary();
  const name = write(folder, 'tar', [zeros(folder, ...LARGE_TAR), SMALL]);
  assert.ok(fs.statSync(name).blocks * 512 < 1 << 20, 'zeros are holes');
  const list = 'import tarfile, sys; t = tarfile.open(sys.argv[1]); print([m.size for m in t], t.extractfile("top/small").read())';
  assert.equal(python(folder, list, [name]), "[8589934593, 6] b'behind'\n");
  for (const words of [['tar', '-tvf'], ['bsdtar', '-tvf'], ['busybox', 'tar', '-tvf']]) {
    if (hasProgram(words[0])) assert.match(run(folder, words.concat(name)).stdout, /\b8589934593\b.*top\/large\n.*\b6\b.*top\/small\n$/, words.join(' '));
  }
});

test('writeArchive(): a file over 4 GiB goes into a zip, and what follows it is found', { skip: NO_PYTHON }, () => {
  const folder = makeTemporary();
  const name = write(folder, 'zip', [zeros(folder, ...LARGE_ZIP), SMALL]);
  assert.ok(fs.statSync(name).blocks * 512 < 1 << 20, 'zeros are holes');
  const list = 'import zipfile, sys; z = zipfile.ZipFile(sys.argv[1]); print([(m.file_size, m.header_offset > 2**32, m.extract_version) for m in z.infolist()], z.read("top/small"))';
  assert.equal(python(folder, list, [name]), "[(4294967297, False, 45), (6, True, 45)] b'behind'\n");
  for (const words of [['unzip', '-l'], ['bsdtar', '-tvf']]) {
    if (hasProgram(words[0])) assert.match(run(folder, words.concat(name)).stdout, /\b4294967297\b.*top\/large\n.*\b6\b.*top\/small\n/, words.join(' '));
  }
});
