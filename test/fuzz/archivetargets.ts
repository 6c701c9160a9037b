// archivetargets.ts - fuzzes the readers of zip, tar, gzip and zlib; Python's modules read the same.
import childProcess from 'child_process';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import zlib from 'zlib';
import type { ByteString } from '../../src/core/bytes.ts';
import { bytesOfText, textOfBytes } from '../../src/formats/bytewindow.ts';
import { crc32 } from '../../src/formats/crc32.ts';
import type { Archive, Member } from '../../src/formats/members.ts';
import { readTar } from '../../src/formats/tar.ts';
import { readZip } from '../../src/formats/zipmembers.ts';
import { inflateRawAtMost, unpackBytes } from '../../src/sys/inflate.ts';
import { PYTHON } from '../binaryrig.ts';
import { CLEAN_ENV, makeTemporary, run } from '../rig.ts';
import type { Dice } from './dice.ts';
import { pick } from './dice.ts';
import type { BinaryStructure, NumberField, PythonAnswer } from './structure.ts';
import { askPythonReader, lacksPython, listFields, makeGenerator, putBytes } from './structure.ts';
import type { FuzzTarget } from './target.ts';
import { failCase } from './target.ts';

const MOST_MEMBERS = 10000;
const MOST_CONTENT_BYTES = 1 << 20;

const MAKE_ARCHIVES = `
import zipfile, tarfile, io, os, sys
os.chdir(sys.argv[1])
def put(z, name, data, **more):
    info = zipfile.ZipInfo(name, (2024, 1, 5, 10, 20, 30))
    for key in more: setattr(info, key, more[key])
    z.writestr(info, data)
with zipfile.ZipFile('a.zip', 'w', zipfile.ZIP_DEFLATED) as z:
    put(z, 'a.txt', b'hello\\n' * 50, compress_type=8)
    put(z, 'f/', b'')
    put(z, 'f/b', bytes(range(256)))
    put(z, 'f/empty', b'', comment=b'said', extra=b'UT\\x05\\x00\\x03abcd')
    put(z, 'link', b'a.txt', external_attr=0o120777 << 16)
    put(z, 'caf\\xe9', b'x', compress_type=8)
    z.comment = b'of the archive'
with open('b.zip', 'wb') as f:
    with zipfile.ZipFile(f, 'w') as z:
        with z.open(zipfile.ZipInfo('big', (2024, 1, 5, 0, 0, 0)), 'w', force_zip64=True) as one: one.write(b'not so big')
def add(t, name, data=b'', **more):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.mtime = 1700000000
    for key in more: setattr(info, key, more[key])
    t.addfile(info, io.BytesIO(data))
for format, name in ((tarfile.PAX_FORMAT, 'pax'), (tarfile.GNU_FORMAT, 'gnu'), (tarfile.USTAR_FORMAT, 'ustar')):
    with tarfile.open(name + '.tar', 'w:', format=format) as t:
        add(t, 'a.txt', b'hello\\n' * 50, mode=0o644, uid=1000, uname='someone')
        add(t, 'f', type=tarfile.DIRTYPE, mode=0o755)
        if name == 'ustar': add(t, 'f/' * 60 + 'b', b'b' * 512)
        else: add(t, 'f/' * 80 + 'b', b'b' * 512, mtime=1700000000.25 if name == 'pax' else 1, gid=3000000 if name == 'pax' else 4)
        add(t, 'link', type=tarfile.SYMTYPE, linkname='a.txt')
        add(t, 'hard', type=tarfile.LNKTYPE, linkname='a.txt')
        if name != 'ustar': add(t, 'long', type=tarfile.SYMTYPE, linkname='t' * 200)
        add(t, 'fifo', type=tarfile.FIFOTYPE)
        add(t, 'dev', type=tarfile.CHRTYPE, devmajor=1, devminor=3)
`;

let archiveFolder: string | undefined;

/** Archives that Python, GNU tar and zip made; those that are not there are missing. */
function makeArchives(): string {
  if (archiveFolder !== undefined) return archiveFolder;
  archiveFolder = makeTemporary();
  childProcess.spawnSync(PYTHON, ['-c', MAKE_ARCHIVES, archiveFolder], { env: CLEAN_ENV });
  fs.writeFileSync(path.join(archiveFolder, 'x'), 'some text\n'.repeat(100));
  fs.writeFileSync(path.join(archiveFolder, 'holes'), Buffer.concat([Buffer.from('a'), Buffer.alloc(200000), Buffer.from('b')]));
  run(archiveFolder, ['sh', '-c', 'fallocate -d holes; tar --format=gnu -S -cf sparse.tar holes; tar --format=pax -S -cf psparse.tar holes x; zip -q c.zip x holes; gzip -k x; cat x.gz x.gz >two.gz']);
  return archiveFolder;
}

function readArchives(end: RegExp): ByteString[] {
  const folder = makeArchives();
  return fs.readdirSync(folder).filter((name) => end.test(name)).sort().map((name) => fs.readFileSync(path.join(folder, name), 'latin1'));
}

/** The content, or '' with `no` where the archive does not give it. */
function contentOf(member: Member): ByteString | undefined {
  if (member.sizeBytes > MOST_CONTENT_BYTES) return undefined;
  const content = member.packing === 'stored' ? member.packed : member.packing === 'deflated' ? inflateRawAtMost(member.packed, member.sizeBytes) : undefined;
  if (content === undefined || content.length !== member.sizeBytes) return undefined;
  return member.crc === undefined || crc32(content, 0, content.length) === member.crc ? textOfBytes(content) : undefined;
}

function checkArchive(archive: Archive, input: ByteString): void {
  let bytes = 0;
  for (const { name, packed, mode } of archive.members) {
    bytes += packed.length;
    if (name.length > input.length) failCase('a name is no longer than its archive');
    if (mode !== undefined && !(mode >= 0 && mode <= 0o7777)) failCase('a mode is 0 to 07777', String(mode));
  }
  if (bytes > input.length) failCase('the members are no more than the archive');
}

// ---- zip

function zipFields(text: ByteString): NumberField[] {
  const fields: NumberField[] = [];
  const add = (start: number, places: [number, number][]): void => places.forEach(([at, sizeBytes]) => fields.push({ at: start + at, sizeBytes, isLittle: true }));
  for (let at = text.indexOf('PK'); at >= 0; at = text.indexOf('PK', at + 2)) {
    const kind = text.slice(at + 2, at + 4);
    if (kind === '\x03\x04') add(at, [[6, 2], [8, 2], [14, 4], [18, 4], [22, 4], [26, 2], [28, 2]]);
    else if (kind === '\x01\x02') add(at, [[4, 2], [8, 2], [10, 2], [16, 4], [20, 4], [24, 4], [28, 2], [30, 2], [32, 2], [38, 4], [42, 4]]);
    else if (kind === '\x05\x06') add(at, [[4, 2], [8, 2], [10, 2], [12, 4], [16, 4], [20, 2]]);
    else if (kind === '\x06\x06') add(at, [[4, 8], [24, 8], [32, 8], [40, 8], [48, 8]]);
    else if (kind === '\x06\x07') add(at, [[8, 8]]);
  }
  return fields;
}

const ZIP: BinaryStructure = { seeds: () => readArchives(/\.zip$/), fields: zipFields };

function readZipText(input: ByteString): Archive | undefined {
  const reading = readZip(bytesOfText(input), MOST_MEMBERS);
  return reading.kind === 'archive' ? reading.archive : undefined;
}

const PYTHON_ZIP = `
import zipfile, io
def read(data):
    z = zipfile.ZipFile(io.BytesIO(data))
    found = []
    for one in z.infolist():
        name = latin(one.orig_filename.encode('utf-8' if one.flag_bits & 0x800 else 'cp437'))
        try:
            if one.file_size > ${String(MOST_CONTENT_BYTES)}: raise ValueError('large')
            with z.open(one) as f: content = f.read(one.file_size + 1)
            content = latin(content) if len(content) == one.file_size else None
        except Exception as error:
            content = None
        found.append([name, one.file_size, one.compress_size, one.CRC, content])
    return found
`;

/** Where both read an archive they find the same members with the same contents. */
function compareZip(input: ByteString, answer: PythonAnswer): string | undefined {
  const mine = readZipText(input);
  if (mine === undefined || answer.yes === undefined) return undefined;
  const theirs = answer.yes as [string, number, number, number, string | null][];
  if (mine.members.length !== theirs.length) return String(mine.members.length) + ' members for ' + String(theirs.length);
  for (let i = 0; i < theirs.length; i++) {
    const member = mine.members[i];
    const [name, size, packed, crc, content] = theirs[i];
    const plain = member.type === 'folder' ? name.replace(/(.)\/+$/, '$1') : name;
    if (member.name !== plain || member.sizeBytes !== size || member.packed.length !== packed || member.crc !== crc) return 'member ' + JSON.stringify([member.name, member.sizeBytes, member.packed.length, member.crc]) + ' for ' + JSON.stringify(theirs[i].slice(0, 4));
    const own = contentOf(member);
    if (own !== undefined && content !== null && own !== content) return 'another content of ' + JSON.stringify(name);
  }
  return undefined;
}

// ---- tar

function listTarHeaders(text: ByteString): number[] {
  const found: number[] = [];
  for (let at = 0; at + 512 <= text.length; at += 512) if (/^ *[0-7]{1,7}[ \0]*$/.test(text.slice(at + 148, at + 156))) found.push(at);
  return found;
}

// The fields of a header that are numbers in digits; they are changed as texts.
const TAR_NUMBERS: [number, number][] = [[100, 8], [108, 8], [116, 8], [124, 12], [136, 12], [329, 8], [337, 8], [386, 12], [398, 12], [483, 12]];

function sumTarHeaders(text: ByteString, dice: Dice): ByteString {
  let whole = text;
  const headers = listTarHeaders(text);
  for (const at of headers) {
    let header = whole.slice(at, at + 512);
    if (dice(headers.length) === 0) {
      const [place, length] = pick(dice, TAR_NUMBERS);
      const value = pick(dice, ['0', '1', '7', '777', '1000', '77777777777', '777777777777', ' 644 ', '', '8', '-1', '0x10', '0000644\0', '\x80' + '\0'.repeat(length - 1), '\x80' + '\0'.repeat(length - 2) + '\x10', '\xff'.repeat(length), '\x80' + '\xff'.repeat(length - 1)]);
      header = putBytes(header, place, value.slice(0, length).padEnd(length, dice(2) === 0 ? '\0' : ' '));
    }
    if (dice(headers.length * 2) === 0) header = putBytes(header, 156, pick(dice, ['\0', '0', '1', '2', '3', '5', '6', '7', 'g', 'x', 'K', 'L', 'S', 'D', 'M', 'V', 'A', ' ', '\xff']));
    if (dice(headers.length * 2) === 0) header = putBytes(header, 0, pick(dice, ['/etc/x', '../../x', 'a//b/', './', '-rf', 'x\0y', '\x1b[2J', 'a\n', '.git/hooks/x', '/']) + '\0');
    const summed = header.slice(0, 148) + '        ' + header.slice(156);
    let sum = 0;
    for (let i = 0; i < 512; i++) sum += summed.charCodeAt(i);
    whole = putBytes(whole, at, header.slice(0, 148) + sum.toString(8).padStart(6, '0') + '\0 ' + header.slice(156));
  }
  return whole;
}

const TAR: BinaryStructure = {
  seeds: () => readArchives(/\.tar$/),
  // Lengths of pax records, and all of a header.
  fields: (text) => listTarHeaders(text).reduce((all, at) => all.concat(listFields(at + 124, 1, 24, true), listFields(at + 257, 1, 8, true), listFields(at + 512, 1, 40, true)), [] as NumberField[]),
  repair: sumTarHeaders,
};

const PYTHON_TAR = `
import tarfile, io
def read(data):
    found = []
    t = tarfile.open(fileobj=io.BytesIO(data), mode='r:', encoding='latin-1', errors='strict')
    for one in t:
        content = None
        if one.isreg() and not one.issparse() and one.size <= ${String(MOST_CONTENT_BYTES)}:
            content = latin(t.extractfile(one).read())
        name = [latin(one.name.encode(code, 'surrogateescape')) if code == 'utf-8' else latin(one.name.encode('latin-1', 'replace')) for code in ('utf-8', 'latin-1')]
        found.append([name, latin(one.type), one.mode & 0o7777, one.size, one.issparse(), content])
    if any(data[t.offset:t.offset + 512]): raise ValueError('a header that it cannot read')
    return found
`;

function readTarText(input: ByteString): Archive | undefined {
  const reading = readTar(bytesOfText(input), MOST_MEMBERS);
  return reading.kind === 'archive' ? reading.archive : undefined;
}

/** What rr reads to the end, Python reads too, and the same of it. */
function compareTar(input: ByteString, answer: PythonAnswer): string | undefined {
  const mine = readTarText(input);
  if (mine === undefined || answer.yes === undefined) return undefined;
  const theirs = answer.yes as [string[], string, number, number, boolean, string | null][];
  for (let i = 0; i < Math.max(theirs.length, mine.members.length); i++) {
    const member = mine.members[i];
    if (member === undefined || theirs[i] === undefined) return String(mine.members.length) + ' members for ' + String(theirs.length);
    const [names, , mode, , isSparse, content] = theirs[i];
    const plain = (text: string): string => text.replace(/(.)\/+$/, '$1');
    // An empty path takes back what an earlier header said (POSIX, pax); Python takes it for the name.
    // Only with a right magic has a header a prefix; Python asks for none.
    if (names[0] !== '' && member.name !== '' && !names.some((name) => ('/' + plain(name)).endsWith('/' + plain(member.name)) || plain(member.name).endsWith('/' + plain(name)))) return 'name ' + JSON.stringify(member.name) + ' for ' + JSON.stringify(names);
    if (member.mode !== mode) return 'mode ' + String(member.mode) + ' for ' + String(mode) + ' of ' + JSON.stringify(names[0]);
    if (!isSparse && content !== null && member.packing === 'stored' && textOfBytes(member.packed) !== content) return 'another content of ' + JSON.stringify(names[0]);
  }
  return undefined;
}

// ---- deflate

const FORMATS = ['zlib', 'raw', 'gzip'] as const;
const MOST_UNPACKED_BYTES = 1 << 20;

/** The first byte tells the format. */
function deflateSeeds(): ByteString[] {
  const texts = ['', 'a', 'hello '.repeat(200), String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))];
  const seeds: ByteString[] = [];
  for (const text of texts) {
    const data = Buffer.from(text, 'latin1');
    for (const level of [0, 1, 9]) {
      seeds.push('\0' + zlib.deflateSync(data, { level }).toString('latin1'), '\x01' + zlib.deflateRawSync(data, { level }).toString('latin1'), '\x02' + zlib.gzipSync(data, { level }).toString('latin1'));
    }
    seeds.push('\x01' + zlib.deflateRawSync(data, { strategy: zlib.constants.Z_FIXED }).toString('latin1'));
  }
  return seeds.concat(readArchives(/\.gz$/).map((text) => '\x02' + text), '\0' + zlib.deflateSync(Buffer.alloc(8 << 20)).toString('latin1'));
}

const DEFLATE: BinaryStructure = { seeds: deflateSeeds, fields: (text) => listFields(1, 1, Math.min(24, text.length - 1), true).concat(listFields(Math.max(1, text.length - 8), 4, 2, true)) };

const PYTHON_DEFLATE = `
import hashlib, zlib
def read(data):
    kind = data[0] % 3
    rest = data[1:]
    whole = b''
    used = 0
    while True:
        one = zlib.decompressobj({0: 15, 1: -15, 2: 31}[kind])
        whole += one.decompress(rest[used:], ${String(MOST_UNPACKED_BYTES)} + 1 - len(whole))
        if len(whole) > ${String(MOST_UNPACKED_BYTES)}: return 'too large'
        if not one.eof: raise ValueError('cut off')
        used = len(rest) - len(one.unused_data)
        if kind != 2 or rest[used:used + 2] != b'\\x1f\\x8b': break
    # A batch of contents is too much to hold.
    return [hashlib.sha256(whole).hexdigest(), used]
`;

function unpackInput(input: ByteString): ReturnType<typeof unpackBytes> {
  return unpackBytes(input.slice(1), FORMATS[input.charCodeAt(0) % 3 || 0], MOST_UNPACKED_BYTES);
}

function compareDeflate(input: ByteString, answer: PythonAnswer): string | undefined {
  const mine = unpackInput(input);
  if (mine.kind !== 'inflated') return undefined;
  if (answer.yes === undefined) return 'taken, though Python says ' + String(answer.no);
  if (answer.yes === 'too large') return 'taken, though too large';
  const [hash, used] = answer.yes as [string, number];
  if (hash !== crypto.createHash('sha256').update(mine.content, 'latin1').digest('hex')) return 'another content';
  return used === mine.usedBytes ? undefined : String(mine.usedBytes) + ' bytes used for ' + String(used);
}

/** A judge that is a function of Python. */
export function judgeByPython(program: string, modules: string, compare: (input: ByteString, answer: PythonAnswer) => string | undefined, batch = 200): FuzzTarget['judge'] {
  return { lacks: () => lacksPython(modules), batch, find: (inputs) => askPythonReader(program, inputs).map((answer, i) => compare(inputs[i], answer)) };
}

export const ARCHIVE_TARGETS: FuzzTarget[] = [
  {
    name: 'zip', corpus: ZIP.seeds, generate: makeGenerator(ZIP), isBinary: true, dictionary: ['PK\x03\x04', 'PK\x01\x02', 'PK\x05\x06', 'PK\x06\x06', 'PK\x06\x07', '\x01\0\x10\0', '../', '/'],
    check: (input) => {
      const archive = readZipText(input);
      if (archive !== undefined) checkArchive(archive, input);
      return archive !== undefined;
    },
    judge: judgeByPython(PYTHON_ZIP, 'zipfile', compareZip),
  },
  {
    name: 'tar', corpus: TAR.seeds, generate: makeGenerator(TAR), isBinary: true, dictionary: ['ustar\0' + '00', 'ustar  \0', '12 path=a/b\n', '30 mtime=1700000000.123456789\n', '22 GNU.sparse.major=1\n', '11 size=99\n'],
    check: (input) => {
      const archive = readTarText(input);
      if (archive !== undefined) checkArchive(archive, input);
      return archive !== undefined;
    },
    judge: judgeByPython(PYTHON_TAR, 'tarfile', compareTar),
  },
  {
    name: 'deflate', corpus: DEFLATE.seeds, generate: makeGenerator(DEFLATE), isBinary: true, dictionary: ['\x1f\x8b\x08', '\x78\x9c', '\0\0\xff\xff'],
    check: (input) => unpackInput(input).kind === 'inflated',
    judge: judgeByPython(PYTHON_DEFLATE, 'zlib', compareDeflate),
  },
];
