// tarzip.test.ts - tar and zip archives: what is read of them, held against Python, and how two are compared.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import zlib from 'zlib';
import type { Comparison } from '../src/core/comparison.ts';
import { compareBinary, recognizeBinary } from '../src/formats/binarykind.ts';
import type { Member } from '../src/formats/members.ts';
import { readTar } from '../src/formats/tar.ts';
import { readZip } from '../src/formats/zipmembers.ts';
import { PYTHON, assertSurvives, compareBytesOf, makeContext, makeDice } from './binaryrig.ts';
import { evaluateApart, hasProgram, makeTemporary, run } from './rig.ts';

const NO_PYTHON = fs.existsSync(PYTHON) ? false : 'no python3';
const NO_GNU = NO_PYTHON || (run(undefined, ['sh', '-c', 'tar --version']).stdout.includes('GNU tar') ? false : 'no GNU tar');
const NO_BSDTAR = NO_PYTHON || (hasProgram('bsdtar') ? false : 'no bsdtar');
const NO_ZIP = NO_PYTHON || (hasProgram('zip') ? false : 'no zip');

function sh(folder: string, script: string): void {
  const done = run(folder, ['sh', '-ec', 'umask 022; ' + script]);
  assert.equal(done.status, 0, script + ': ' + done.stderr);
}

function read(folder: string, name: string): Uint8Array {
  return Uint8Array.from(fs.readFileSync(path.join(folder, name)));
}

// A tree of everything that archives treat in a way of its own, and a plain one for formats that cannot hold all.
const TREE = `
mkdir -p plain/d full/d; cd plain; printf hello > file; printf '#!/bin/sh' > run; chmod 755 run; : > empty; head -c 5000 /dev/zero | tr '\\0' x > d/large
ln -s file link; mkfifo pipe; printf 1 > 'with space'; chmod 600 'with space'; touch -d '2001-02-03 04:05:06.789 UTC' file; touch -d '2024-05-06 07:08:09 UTC' d/large
k=$(printf %090d 5); mkdir d/$k; printf far > d/$k/$k
cp -a . ../full; cd ../full; ln file hard; l=$(printf %0120d 7); : > $l; printf deep > d/$l; mkdir d/$l.d; printf deeper > d/$l.d/$l; ln -s $l$l$l long-link; ln d/$l.d/$l long-hard
printf x > "$(printf 'n\\303\\244me\\377')"; printf y > "$(printf 'two\\nlines')"; printf z > old; touch -d '1960-01-02 03:04:05 UTC' old
`;

/** The same of every member, as Python's tarfile and we see it, one line each. */
const LIST_TAR = `
import tarfile, sys, os, hashlib
kinds = {b'0': 'file', b'\\0': 'file', b'1': 'hard link', b'2': 'link', b'5': 'folder', b'6': 'FIFO'}
for m in tarfile.open(sys.argv[1]):
    data = hashlib.sha256(tarfile.open(sys.argv[1]).extractfile(m).read()).hexdigest() if m.isreg() else ''
    e = lambda t: os.fsencode(t).hex()
    print(e(m.name), kinds[m.type] if m.type != b'1' and m.type != b'2' else kinds[m.type] + ' to ' + e(m.linkname), '%o' % m.mode, round(m.mtime, 3), m.uid, m.gid, m.uname, m.gname, data, sep='|')
`;

const hexOf = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
const hashOf = (bytes: Uint8Array): string => crypto.createHash('sha256').update(bytes).digest('hex');

function listTar(bytes: Uint8Array): string[] {
  const reading = readTar(bytes, 1000);
  assert.ok(reading.kind === 'archive', JSON.stringify(reading));
  return reading.archive.members.map((member) => {
    const link = /^((?:hard )?link to )(.*)$/s.exec(member.type);
    const owner = member.facts.get('owners')!.split('\0');
    const time = Number(member.facts.get('modification times'));
    return [
      hexOf(member.name), link === null ? member.type : link[1] + hexOf(link[2]), member.mode!.toString(8), String(Math.round(time * 1000) / 1000),
      owner[0], owner[1], owner[2], owner[3], member.type === 'file' ? hashOf(member.packed) : '',
    ].join('|');
  });
}

function assertListsAlike(folder: string, name: string, least: number): void {
  const done = run(folder, [PYTHON, '-c', LIST_TAR, name]);
  assert.equal(done.status, 0, done.stderr);
  const theirs = done.stdout.trim().split('\n').map((line) => line.replace(/\.0(?=\|)/, ''));
  assert.ok(theirs.length >= least, name + ' has ' + String(theirs.length) + ' members');
  assert.deepEqual(listTar(read(folder, name)), theirs, name);
  assert.equal(recognizeBinary(read(folder, name)), 'tar');
}

test('readTar() reads what GNU tar writes, in all its formats', { skip: NO_GNU }, () => {
  const folder = makeTemporary();
  sh(folder, TREE);
  for (const format of ['v7', 'oldgnu', 'gnu', 'ustar', 'pax']) {
    const isLimited = format === 'v7' || format === 'ustar';
    sh(folder, 'tar --format=' + format + ' --owner=someone:' + (isLimited ? '1234' : '3000000000') + ' --group=group:77 ' + (format === 'v7' ? '--exclude=./pipe --exclude=./d/0* ' : '') + '-cf ' + format + '.tar -C ' + (isLimited ? 'plain' : 'full') + ' .');
    assertListsAlike(folder, format + '.tar', isLimited ? 7 : 17);
  }
  sh(folder, 'cp pax.tar twice.tar && tar -rf twice.tar -C plain ./file && tar --format=pax --pax-option=globexthdr.name=g,comment=said,mtime=123.5 -cf global.tar -C plain .');
  assertListsAlike(folder, 'twice.tar', 18);
  assertListsAlike(folder, 'global.tar', 8);
});

test('readTar() reads what bsdtar writes', { skip: NO_BSDTAR }, () => {
  const folder = makeTemporary();
  sh(folder, TREE);
  for (const format of ['ustar', 'pax', 'gnutar', 'v7']) {
    const isFull = format === 'pax' || format === 'gnutar';
    sh(folder, 'LC_ALL=C.UTF-8 bsdtar --format ' + format + ' -cf ' + format + '.tar -C ' + (isFull ? 'full' : 'plain') + (format === 'v7' ? ' --exclude ./pipe --exclude "./d/0*" .' : ' .'));
    assertListsAlike(folder, format + '.tar', isFull ? 17 : 7);
  }
});

test('readTar() reads what Python writes', { skip: NO_PYTHON }, () => {
  const folder = makeTemporary();
  sh(folder, TREE);
  const write = 'import tarfile, sys\nfor f, n in ((tarfile.USTAR_FORMAT, "ustar"), (tarfile.GNU_FORMAT, "gnu"), (tarfile.PAX_FORMAT, "pax")):\n'
    + ' t = tarfile.open(n + ".tar", "w", format=f)\n t.add("plain" if n == "ustar" else "full", arcname="a/b")\n t.close()\n';
  assert.equal(run(folder, [PYTHON, '-c', write]).status, 0);
  for (const name of ['ustar.tar', 'gnu.tar', 'pax.tar']) assertListsAlike(folder, name, 8);
});

const LIST_ZIP = `
import zipfile, sys, os, hashlib
z = zipfile.ZipFile(sys.argv[1])
for i in z.infolist():
    name = i.filename.encode('utf-8' if i.flag_bits & 0x800 else 'cp437')
    bits = i.external_attr >> 16 if i.create_system == 3 else 0
    kind = 'folder' if i.is_dir() else 'link' if bits & 0o170000 == 0o120000 else 'file'
    print(name.rstrip(b'/').hex(), kind, '%o' % (bits & 0o7777) if bits else '', i.file_size, '%08x' % i.CRC, hashlib.sha256(z.read(i)).hexdigest(), sep='|')
`;

function listZip(bytes: Uint8Array): string[] {
  const reading = readZip(bytes, 1000);
  assert.ok(reading.kind === 'archive', JSON.stringify(reading));
  return reading.archive.members.map((member: Member) => {
    const content = member.packing === 'deflated' ? zlib.inflateRawSync(member.packed) : member.packed;
    assert.ok(member.packing === 'deflated' || member.packing === 'stored', member.packing);
    return [hexOf(member.name), member.type, member.mode === undefined ? '' : member.mode.toString(8), member.sizeBytes, member.crc!.toString(16).padStart(8, '0'), hashOf(content)].join('|');
  });
}

function assertZipsAlike(folder: string, name: string, least: number): void {
  const done = run(folder, [PYTHON, '-c', LIST_ZIP, name]);
  assert.equal(done.status, 0, done.stderr);
  const theirs = done.stdout.trim().split('\n');
  assert.ok(theirs.length >= least, name + ' has ' + String(theirs.length) + ' members');
  assert.deepEqual(listZip(read(folder, name)), theirs, name);
  assert.equal(recognizeBinary(read(folder, name)), 'zip');
}

test('readZip() reads what zip and bsdtar write, packed or not, sized before or behind the data', { skip: NO_ZIP || NO_BSDTAR }, () => {
  const folder = makeTemporary();
  sh(folder, TREE + 'cd ..; rm plain/pipe full/pipe; cd plain; zip -qr ../packed.zip .; zip -qr0 ../stored.zip .; zip -qry ../links.zip .; zip -qrX ../bare.zip .; zip -qr - . | cat > ../stream.zip;'
    + 'zip -qrfz ../sixtyfour.zip .; bsdtar --format zip -cf ../bsd.zip .; cd ../full; rm -f "$(printf \'n\\303\\244me\\377\')"; zip -qr ../full.zip .; echo remark | zip -qz ../bare.zip');
  for (const name of ['packed', 'stored', 'links', 'bare', 'stream', 'sixtyfour', 'bsd', 'full']) assertZipsAlike(folder, name + '.zip', 7);
});

test('readZip() reads what Python writes, Zip64 included', { skip: NO_PYTHON }, () => {
  const folder = makeTemporary();
  const write = 'import zipfile, io\nz = zipfile.ZipFile("a.zip", "w")\nz.writestr("plain", "x")\nz.writestr("n\\u00e4me", b"y" * 900, zipfile.ZIP_DEFLATED)\n'
    + 'f = z.open("large", "w", force_zip64=True); f.write(b"z" * 5000); f.close(); z.comment = b"said"; z.close()\n'
    + 'class S(io.RawIOBase):\n def __init__(s): s.f = open("stream.zip", "wb")\n def writable(s): return True\n def write(s, b): return s.f.write(b)\n'
    + 'z = zipfile.ZipFile(S(), "w", zipfile.ZIP_DEFLATED); z.writestr("one", "1" * 300); z.writestr("two", "2"); z.close()\n'
    // Sizes only in the Zip64 fields, as for a member of more than 4 GiB.
    + 'zipfile.ZIP64_LIMIT = 10; z = zipfile.ZipFile("forced.zip", "w", zipfile.ZIP_DEFLATED); z.writestr("big", "b" * 3000); z.writestr("small", "s"); z.close()\n';
  const done = run(folder, [PYTHON, '-c', write]);
  assert.equal(done.status, 0, done.stderr);
  for (const name of ['a.zip', 'stream.zip', 'forced.zip']) assertZipsAlike(folder, name, 2);
});

function same(rule: string, detail: string): Comparison {
  return { kind: 'equivalent', rule, detail };
}

function different(rule: string, detail: string): Comparison {
  return { kind: 'different', rule, detail, causes: [] };
}

test('compareMembers() says of two tars what is different, and which rule makes them the same', { skip: NO_GNU }, () => {
  const folder = makeTemporary();
  sh(folder, `mkdir t; cd t; printf 1 > a; printf 2 > b; mkdir d; printf 3 > d/c; ln -s a l
    make() { name=$1; shift; tar --sort=name --owner=o:1 --group=g:1 --mtime=@1000 --format=ustar "$@" -cf ../$name .; }
    make base.tar; make time.tar --mtime=@2000; make owner.tar --owner=p:2; make both.tar --mtime=@3 --owner=p:2; make gnu.tar --format=gnu; make pax.tar --format=pax --pax-option=atime:=5,ctime:=6
    make order.tar --sort=none --exclude=a; tar --owner=o:1 --group=g:1 --mtime=@1000 --format=ustar -rf ../order.tar ./a; make padding.tar -b 40
    make xattr.tar --format=pax --pax-option=VENDOR.note:=one,atime:=5,ctime:=6; make comment.tar --format=pax --pax-option=globexthdr.name=g,comment=x,delete=atime,delete=ctime
    chmod 755 a; make mode.tar; chmod 644 a; printf 4 > b; make content.tar; printf 5 > d/c; chmod 755 a; make many.tar; chmod 644 a; printf 2 > b; printf 3 > d/c
    rm b; make missing.tar; printf 2 > b; printf n > 'n
w'; make extra.tar; rm n*; ln -sf b l; make link.tar; rm l; printf a > l; make type.tar; rm l; ln -s a l
    truncate -s 1M hole; printf x >> hole; make plainhole.tar; make hole.tar -S --format=gnu; printf y >> hole; make hole2.tar -S --format=gnu; make hole3.tar -S --format=pax; rm hole
    make hole4.tar -S --format=gnu; printf Z >> b; make b2.tar`);
  const compare = (first: string, second: string): Comparison => compareBytesOf(read(folder, first + '.tar'), read(folder, second + '.tar'));
  const members = '6 members, 0 of them equivalent by kind';
  assert.deepEqual(compare('base', 'time'), same('tar by member: modification times differ', members));
  assert.deepEqual(compare('base', 'owner'), same('tar by member: owners differ', members));
  assert.deepEqual(compare('base', 'both'), same('tar by member: modification times and owners differ', members));
  assert.deepEqual(compare('base', 'gnu'), same('tar by member: bytes around the members differ', members));
  assert.deepEqual(compare('base', 'pax'), same('tar by member: times of access and creation differ', members));
  assert.deepEqual(compare('pax', 'xattr'), same('tar by member: extended header VENDOR.note differs', members));
  assert.deepEqual(compare('base', 'comment'), same('tar by member: global header comment differs', members));
  assert.deepEqual(compare('base', 'padding'), same('tar by member: bytes around the members differ', members));
  assert.deepEqual(compare('base', 'order'), same('tar by member: order of members differs', members));
  assert.deepEqual(compare('base', 'mode'), different('tar by member', '1 of 6 members differs: "./a" has mode 644 and 755'));
  assert.deepEqual(compare('base', 'content'), different('tar by member', '1 of 6 members differs: "./b" (1 and 1 bytes)'));
  assert.deepEqual(compare('base', 'many'), different('tar by member', '3 of 6 members differ: "./a" has mode 644 and 755; "./b" (1 and 1 bytes); "./d/c" (1 and 1 bytes)'));
  assert.deepEqual(compare('base', 'missing'), different('tar by member', 'only in the first: "./b"'));
  assert.deepEqual(compare('missing', 'extra'), different('tar by member', 'only in the second: "./b", "./n%0Aw"'));
  assert.deepEqual(compare('base', 'link'), different('tar by member', '1 of 6 members differs: "./l" is link to a and link to b'));
  assert.deepEqual(compare('base', 'type'), different('tar by member', '1 of 6 members differs: "./l" is link to a and file'));
  assert.deepEqual(compare('hole', 'plainhole'), { kind: 'unchecked', why: '"./hole": it is stored without its holes (sparse)' });
  assert.equal(compare('hole', 'hole2').kind, 'unchecked');
  assert.equal(compare('hole2', 'hole3').kind, 'unchecked');
  assert.deepEqual(compare('base', 'hole4'), same('tar by member: bytes around the members differ', members));
});

test('compareMembers() compares the same sparse file in two tars', { skip: NO_GNU }, () => {
  const folder = makeTemporary();
  sh(folder, 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28; do truncate -s ${i}00000 hole; printf $i >> hole; done; printf end > z'
    + '; for f in gnu pax; do tar -S --format=$f -cf $f.tar hole z; tar -S --format=$f --owner=p:9 -cf $f.2.tar hole z; done');
  for (const format of ['gnu', 'pax']) {
    assert.deepEqual(compareBytesOf(read(folder, format + '.tar'), read(folder, format + '.2.tar')), same('tar by member: owners differ', '2 members, 0 of them equivalent by kind'));
  }
});

test('compareMembers() says of two zips what is different, and which rule makes them the same', { skip: NO_ZIP }, () => {
  const folder = makeTemporary();
  sh(folder, `export TZ=UTC; mkdir t; cd t; printf 1 > a; head -c 9000 /dev/zero > b; mkdir d; printf 3 > d/c; ln -s a l; t() { find . -exec touch -h -d "2020-01-01 00:00:00 UTC" {} +; }; t
    zip -qryX ../base.zip a b d l; zip -qryX -0 ../stored.zip a b d l; zip -qryX -1 ../fast.zip a b d l; zip -qryX ../order.zip l d b a; zip -qryX -P pass ../secret.zip a b d l
    zip -qryX -P pass ../secret2.zip a b d l; zip -qryX -Z bzip2 ../bzip2.zip a b d l; zip -qry ../extra.zip a b d l; cp ../base.zip ../comment.zip; echo said | zip -qz ../comment.zip
    touch -d "2021-01-01 00:00:00 UTC" a; zip -qryX ../time.zip a b d l; t; chmod 755 a; zip -qryX ../mode.zip a b d l; chmod 644 a; printf 2 > a; t; zip -qryX ../content.zip a b d l; printf 1 > a; t
    ln -sfn d l; t; zip -qryX ../link.zip a b d l; ln -sfn a l; t; printf b >> b; t; zip -qryX -Z bzip2 ../bzip22.zip a b d l; zip -qryX ../missing.zip a d l`);
  const compare = (first: string, second: string): Comparison => compareBytesOf(read(folder, first + '.zip'), read(folder, second + '.zip'));
  const members = '5 members, 0 of them equivalent by kind';
  assert.deepEqual(compare('base', 'stored'), same('zip by member: compression differs', members));
  assert.deepEqual(compare('base', 'fast'), same('zip by member: compression differs', members));
  assert.deepEqual(compare('base', 'order'), same('zip by member: order of members differs', members));
  assert.deepEqual(compare('base', 'comment'), same('zip by member: comments differ', members));
  assert.deepEqual(compare('base', 'time'), same('zip by member: modification times differ', members));
  assert.deepEqual(compare('base', 'extra'), same('zip by member: modification times, owners and times of access and creation differ', members), 'seconds and owners are extra fields');
  assert.deepEqual(compare('base', 'mode'), different('zip by member', '1 of 5 members differs: "a" has mode 644 and 755'));
  assert.deepEqual(compare('base', 'content'), different('zip by member', '1 of 5 members differs: "a" (1 and 1 bytes)'));
  assert.deepEqual(compare('base', 'link'), different('zip by member', '1 of 5 members differs: "l" (another link)'));
  assert.deepEqual(compare('base', 'missing'), different('zip by member', 'only in the first: "b"'));
  assert.deepEqual(compare('secret', 'secret2'), { kind: 'unchecked', why: '"a": it is encrypted; "b": it is encrypted; "d/c": it is encrypted; and 1 more' });
  assert.deepEqual(compare('base', 'secret').kind, 'unchecked');
  assert.deepEqual(compare('bzip2', 'bzip22'), { kind: 'unchecked', why: '"b": it is packed by method 12' });
});

test('compareBinary() compares members by their own kind, archives in archives too', { skip: NO_PYTHON || (fs.existsSync('/usr/lib/python3/dist-packages/numpy') ? false : 'no python3-numpy') }, () => {
  const folder = makeTemporary();
  const make = 'import numpy as np, zipfile, io, tarfile\na = np.arange(5.0); b = a.copy(); b[3] += 1e-9\n'
    + 'for n, x in (("a", a), ("b", b)):\n np.savez(n + ".npz", x=x, y=a); np.savez_compressed(n + "c.npz", x=x, y=a)\n'
    + ' data = open(n + ".npz", "rb").read()\n'
    + ' for depth in range(6):\n  t = tarfile.open("%s%d.tar" % (n, depth), "w"); i = tarfile.TarInfo("inner"); i.size = len(data); t.addfile(i, io.BytesIO(data)); t.close(); data = open("%s%d.tar" % (n, depth), "rb").read()\n';
  const done = run(folder, [PYTHON, '-c', make]);
  assert.equal(done.status, 0, done.stderr);
  const compare = (first: string, second: string, absolute = 0): Comparison => compareBytesOf(read(folder, first), read(folder, second), { absolute, relative: 0 });
  const detail = '1 of 5 numbers differs, at most 1e-9 absolute, 3.3e-10 relative, first at [3] (3 and 3.000000001)';
  assert.deepEqual(compare('a.npz', 'b.npz'), different('npz by member', '1 of 2 members differs: "x.npy" (' + detail + ')'));
  assert.deepEqual(compare('a.npz', 'b.npz', 1e-8), same('npz by member; npy by element, numbers within 1e-8 absolute ("x.npy")', '2 members, 1 of them equivalent by kind'));
  assert.deepEqual(compare('a.npz', 'ac.npz'), same('npz by member: compression differs', '2 members, 0 of them equivalent by kind'));
  const deep = compare('a2.tar', 'b2.tar');
  assert.ok(deep.kind === 'different' && deep.detail.startsWith('1 of 1 members differs: "inner" (1 of 1 members differs: "inner" (1 of 1 members differs: "inner" (1 of 2 members differs: "x.npy" (1 of 5 '), JSON.stringify(deep));
  const deepest = compare('a5.tar', 'b5.tar');
  assert.ok(deepest.kind === 'unchecked' && deepest.why.endsWith('archives are nested too deep'), JSON.stringify(deepest));
});

function zipOf(members: [string, Uint8Array, number][], method = 8): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, packed, sizeBytes] of members) {
    const entry = Buffer.alloc(46);
    entry.write('PK\x01\x02\x14\0\x14\0\0\0\x08\0', 'latin1');
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(sizeBytes, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    directory.push(entry, Buffer.from(name));
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), entry.subarray(6, 32), Buffer.from(name), packed]);
    parts.push(local);
    at += local.length;
  }
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  const directoryBytes = directory.reduce((sum, one) => sum + one.length, 0);
  end.writeUInt32LE(directoryBytes, 12);
  end.writeUInt32LE(at, 16);
  return Uint8Array.from(Buffer.concat([...parts, ...directory, end]));
}

test('compareBinary() unpacks no more than its budget, and nothing twice', () => {
  const bomb = (fill: number): Uint8Array => zlib.deflateRawSync(Buffer.alloc(10 << 20, fill));
  const [first, second] = [0, 1].map((fill) => zipOf([['a', bomb(fill), 10 << 20], ['b', bomb(fill), 10 << 20], ['c', bomb(fill), 10 << 20]]));
  const compareWithin = (bytesLeft: number, membersLeft: number): Comparison => {
    const context = { ...makeContext(), budget: { bytesLeft, membersLeft } };
    const comparison = compareBinary('zip', first, second, context);
    assert.ok(context.budget.bytesLeft >= 0 && context.budget.membersLeft >= 0);
    return comparison;
  };
  // Checksums are 0 in these.
  const wrong = '"a": its checksum is wrong; ';
  assert.deepEqual(compareWithin(25 << 20, 10), { kind: 'unchecked', why: wrong + '"b": its checksum is wrong; "c": it is too large to be unpacked' });
  assert.deepEqual(compareWithin(5 << 20, 10), { kind: 'unchecked', why: '"a": it is too large to be unpacked; "b": it is too large to be unpacked; "c": it is too large to be unpacked' });
  assert.deepEqual(compareWithin(1 << 30, 5), { kind: 'unchecked', why: 'the archives have 6 members, more than are compared' });
  assert.deepEqual(compareWithin(1 << 30, 2), { kind: 'unchecked', why: 'the first zip cannot be read: it has more than 2 members' });
  // A size that is a lie does not unpack; members that share bytes are refused.
  const liar = compareBytesOf(zipOf([['a', bomb(0), 100]]), zipOf([['a', bomb(1), 100]]));
  assert.deepEqual(liar, { kind: 'unchecked', why: '"a": it does not unpack to the size that the archive says' });
  const shared = zipOf(Array.from({ length: 50 }, (_, i) => [String(i), Buffer.alloc(i === 0 ? 5000 : 0), 5000]));
  const view = new DataView(shared.buffer);
  for (let at = shared.lastIndexOf(0x50) - 1; at >= 0; at--) {
    if (view.getUint32(at) !== 0x504b0102) continue;
    view.setUint32(at + 20, 5000, true);
    view.setUint32(at + 42, 0, true);
  }
  assert.deepEqual(compareBytesOf(shared, zipOf([['a', bomb(1), 100]])), { kind: 'unchecked', why: 'the first zip cannot be read: its members overlap' });
});

test('compareMembers() takes the same bytes for the same content only if they are packed the same way', () => {
  const bytes = Buffer.from('same');
  assert.deepEqual(compareBytesOf(zipOf([['a', bytes, 4]], 12), zipOf([['a', bytes, 4]], 14)), { kind: 'unchecked', why: '"a": it is packed by method 12' });
  assert.equal(compareBytesOf(zipOf([['a', bytes, 4], ['b', bytes, 4]], 12), zipOf([['b', bytes, 4], ['a', bytes, 4]], 12)).kind, 'equivalent');
});

test('compareMembers() keeps members of the same name apart', { skip: NO_GNU }, () => {
  const folder = makeTemporary();
  sh(folder, 'o="--owner=o:1 --group=g:1 --mtime=@1 --format=ustar"; printf 1 > a; tar $o -cf 1.tar a; printf 2 > a; tar $o -rf 1.tar a; tar $o -cf 2.tar a; printf 1 > a; tar $o -rf 2.tar a; tar $o -cf 3.tar a');
  const compare = (first: string, second: string): Comparison => compareBytesOf(read(folder, first), read(folder, second));
  assert.deepEqual(compare('1.tar', '2.tar'), different('tar by member', '2 of 2 members differ: "a" (1 and 1 bytes); "a" (1 and 1 bytes)'));
  assert.deepEqual(compare('1.tar', '3.tar'), different('tar by member', 'only in the first: "a"'));
});

test('compareBinary() survives damaged archives', { skip: NO_GNU || NO_ZIP }, () => {
  const folder = makeTemporary();
  sh(folder, 'mkdir t; cd t; printf 1 > a; printf %0600d 2 > b; mkdir d; printf 3 > d/c; ln -s a l; ln b h; printf 4 > $(printf %0150d 1)'
    + '; for f in v7 oldgnu gnu ustar pax; do case $f in v7 | ustar) x=--exclude=*1 ;; *) x= ;; esac; tar -b 1 $x --format=$f -cf ../$f.tar .; done; zip -qr ../1.zip .; zip -qry0 ../2.zip .; zip -qrfz - . | cat > ../3.zip');
  const tars = ['v7', 'oldgnu', 'gnu', 'ustar', 'pax'].map((name) => read(folder, name + '.tar'));
  const zips = ['1', '2', '3'].map((name) => read(folder, name + '.zip'));
  assert.deepEqual(Array.from(assertSurvives(zips, 3000, 5)).sort(), ['different', 'equivalent', 'identical', 'unchecked']);
  assertSurvives(tars, 1500, 6);
  // With the checksums of headers made right again the damage comes further.
  const dice = makeDice(8);
  const kinds = new Set<string>();
  for (let round = 0; round < 4000; round++) {
    const base = tars[dice(tars.length)];
    const bytes = Uint8Array.from(base);
    for (let i = dice(4); i >= 0; i--) {
      const header = 512 * dice(bytes.length / 512);
      bytes[header + dice(512)] = [0, 0x20, 0x2f, 0x31, 0x37, 0x80, 0xff, 0x78, 0x53, dice(256)][dice(10)];
      if (bytes.subarray(header, header + 512).every((byte) => byte === 0)) continue;
      const sum = bytes.subarray(header, header + 512).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
      Buffer.from(sum.toString(8).padStart(6, '0') + '\0 ').forEach((byte, at) => { bytes[header + 148 + at] = byte; });
    }
    const comparison = compareBinary('tar', base, bytes, makeContext());
    kinds.add(comparison.kind);
    assert.ok(/^[ -~]*$/.test(JSON.stringify(comparison)), JSON.stringify(comparison));
  }
  assert.deepEqual(Array.from(kinds).sort(), ['different', 'equivalent', 'identical', 'unchecked']);
});

/** A header of tar with these fields in place of its own, and a right checksum. */
function makeHeader(fields: [number, string][]): Buffer {
  const header = Buffer.alloc(512);
  const put = (at: number, text: string): void => { header.write(text, at, 'latin1'); };
  for (const [at, text] of ([[0, 'a'], [100, '0000644\0'], [108, '0000000\0'], [116, '0000000\0'], [124, '00000000000\0'], [136, '00000000000\0'], [148, '        '], [156, '0'], [257, 'ustar\x0000']] as [number, string][]).concat(fields)) put(at, text);
  put(148, header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0') + '\0 ');
  return header;
}

const padBlock = (text: string): Buffer => Buffer.from(text.padEnd(Math.ceil(text.length / 512) * 512, '\0'), 'latin1');
const whyNot = (parts: Buffer[]): string => {
  const reading = readTar(Buffer.concat(parts), 10);
  return reading.kind === 'archive' ? '' : reading.why;
};

test('readTar() refuses what programs read in two ways: numbers that are none, two long names, a long name without end', () => {
  assert.equal(whyNot([makeHeader([])]), '');
  for (const size of ['000000>0000\0', '-0000000001\0', '0000000001x\0', '\x020000000000', '\x0000000000001', ' \x000000000001']) assert.match(whyNot([makeHeader([[124, size]])]), /number in the header at byte 0 is none/, size);
  assert.match(whyNot([makeHeader([[156, '2'], [124, '0000\x02000000\0']])]), /is none/, 'of a link too');
  assert.equal(whyNot([makeHeader([[124, '           \0'], [100, ' 644   \0']])]), '', 'spaces around are none');
  assert.equal(whyNot([makeHeader([[124, '\0'.repeat(12)]])]), '', 'nothing is 0');
  const long = [makeHeader([[156, 'L'], [124, '00000000004\0']]), padBlock('abc\0')];
  assert.equal(whyNot(long.concat(makeHeader([]))), '');
  assert.match(whyNot(long.concat(long, makeHeader([]))), /two names/);
  assert.match(whyNot([makeHeader([[156, 'x'], [124, '00000000012\0']]), padBlock('10 path=b\n'), ...long, makeHeader([])]), /two names/);
  assert.match(whyNot([makeHeader([[156, 'L'], [124, '00000000002\0']]), padBlock('abc\0'), makeHeader([])]), /name without end/);
});

test('names of a million slashes take no longer than others', () => {
  const name = "'a' + '/'.repeat(1000000) + 'b'";
  assert.equal(evaluateApart('core/names.ts', 'source.dropEndSlashes(' + name + ').length'), 1000002);
  assert.equal(evaluateApart('formats/conda.ts', "source.parseCondaRecord(JSON.stringify({ name: 'x', files: [], subdir: 's', channel: " + name + ' })).architecture.length > 0'), true);
  assert.equal(evaluateApart('formats/pythonmetadata.ts', "source.decodeFileUrl('file:///' + " + name + ').length'), 1000003);
  const header = JSON.stringify(makeHeader([[156, '5']]).toString('latin1'));
  const record = "' path=' + " + name + " + '\\n'";
  const pax = JSON.stringify(makeHeader([[156, 'x'], [124, (1000016).toString(8).padStart(11, '0') + '\0']]).toString('latin1'));
  assert.equal(evaluateApart('formats/tar.ts', 'source.readTar(Buffer.from(' + pax + " + ('1000016' + " + record + ").padEnd(1000448, '\\0') + " + header + ", 'latin1'), 9).archive.members[0].name.length"), 1000002);
});

test('readZip() refuses an archive whose last end record is cut, and would be the comment of an earlier one', { skip: NO_ZIP }, () => {
  const folder = makeTemporary();
  sh(folder, 'printf 1 > a; zip -qX 1.zip a; printf 2 > b; zip -qX 2.zip b; printf "%s" comment | zip -qz 2.zip');
  const [one, two] = ['1.zip', '2.zip'].map((name) => Buffer.from(read(folder, name)));
  assert.equal(readZip(two, 9).kind, 'archive');
  const cut = two.subarray(0, two.length - 3);
  one.writeUInt16LE(cut.length, one.length - 2);
  const both = Buffer.concat([one, cut]);
  fs.writeFileSync(path.join(folder, 'both.zip'), both);
  // What unzip lists is in the second one.
  assert.match(run(folder, ['unzip', '-l', 'both.zip']).stdout, / b\n/);
  assert.equal(readZip(both, 9).kind, 'unreadable');
  assert.equal(readZip(cut, 9).kind, 'unreadable');
});

test('readZip() refuses a directory that is not where the end says: others take it to lie later', { skip: NO_ZIP }, () => {
  const folder = makeTemporary();
  sh(folder, 'printf 1 > a; zip -qX 1.zip a; printf 2 > a; zip -qX 2.zip a; cat 1.zip 2.zip > both.zip');
  const both = Buffer.from(read(folder, 'both.zip'));
  const one = read(folder, '1.zip').length;
  assert.equal(readZip(read(folder, '1.zip'), 9).kind, 'archive');
  // The second archive's end names the directory of the first one, whose place it is as a whole.
  assert.equal(run(folder, ['unzip', '-p', 'both.zip']).stdout, '2');
  assert.deepEqual(readZip(both, 9), { kind: 'unreadable', why: 'its directory is not where it says' });
  assert.ok(one > 0);
});
