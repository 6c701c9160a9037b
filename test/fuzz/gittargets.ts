// gittargets.ts - fuzzes the readers of git's index, packs, loose objects, trees and deltas; git reads the same.
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import zlib from 'zlib';
import type { ByteString } from '../../src/core/bytes.ts';
import { bytesFromHex, hexFromBytes, parseGitIndex, readUint32 } from '../../src/formats/gitindex.ts';
import type { GitObject, ReadAt } from '../../src/formats/gitpack.ts';
import { applyGitDelta, findInPackIndex, parseLooseObject, readPackedObject } from '../../src/formats/gitpack.ts';
import { parseGitTree } from '../../src/formats/gittree.ts';
import { hashGitObject, inflateBytes } from '../../src/sys/gitrepo.ts';
import { hasProgram, makeTemporary, run } from '../rig.ts';
import type { Dice } from './dice.ts';
import { pick, pickLength, randomBytes, randomText } from './dice.ts';
import type { BinaryStructure, NumberField } from './structure.ts';
import { listFields, makeGenerator, putBytes, spellNumber } from './structure.ts';
import type { FuzzTarget } from './target.ts';
import { failCase } from './target.ts';

const GIT_ENV = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_AUTHOR_NAME: 'A. Author', GIT_AUTHOR_EMAIL: 'a@example.org', GIT_COMMITTER_NAME: 'A. Author', GIT_COMMITTER_EMAIL: 'a@example.org', GIT_AUTHOR_DATE: '1700000000 +0000', GIT_COMMITTER_DATE: '1700000000 +0000' };
const ID_BYTES = 20;

function git(folder: string, args: string[], input?: string): { isDone: boolean; output: ByteString } {
  const done = run(folder, ['git', ...args], { env: GIT_ENV, input: input === undefined ? undefined : Buffer.from(input, 'latin1'), timeoutMs: 20000 });
  return { isDone: done.status === 0, output: done.stdout };
}

function lacksGit(): string | false {
  return hasProgram('git') ? false : 'no git';
}

const sha1 = (bytes: ByteString): ByteString => crypto.createHash('sha1').update(bytes, 'latin1').digest().toString('latin1');
const deflate = (bytes: ByteString): ByteString => zlib.deflateSync(Buffer.from(bytes, 'latin1')).toString('latin1');

let seedFolder: string | undefined;

/** A repository with folders, a link, a submodule, long names, and a file that grew through commits. */
function makeRepository(): string {
  if (seedFolder !== undefined) return seedFolder;
  const folder = seedFolder = makeTemporary();
  git(folder, ['init', '-q']);
  fs.mkdirSync(path.join(folder, 'sub/deep'), { recursive: true });
  for (const name of ['a', 'a.txt', 'sub/b', 'sub/deep/c', 'sub-x']) fs.writeFileSync(path.join(folder, name), name.repeat(20));
  fs.symlinkSync('a', path.join(folder, 'link'));
  for (let i = 0; i < 6; i++) {
    fs.appendFileSync(path.join(folder, 'grown'), Array.from({ length: 60 }, (_, line) => 'line ' + String(line * 7 + i) + '\n').join(''));
    git(folder, ['add', '-A']);
    git(folder, ['commit', '-qm', 'change ' + String(i)]);
  }
  git(folder, ['update-index', '--add', '--cacheinfo', '160000,0123456789012345678901234567890123456789,module']);
  return folder;
}

// ---- the index

function indexSeeds(): ByteString[] {
  if (lacksGit() !== false) return [];
  const folder = makeRepository();
  const read = (): ByteString => fs.readFileSync(path.join(folder, '.git/index'), 'latin1');
  const seeds = [read()];
  for (const version of ['4', '3', '2']) {
    git(folder, ['update-index', '--index-version', version]);
    if (version === '3') {
      fs.writeFileSync(path.join(folder, 'intended'), '');
      git(folder, ['add', '-N', 'intended']);
      git(folder, ['update-index', '--skip-worktree', 'a']);
    }
    seeds.push(read());
    if (version === '3') git(folder, ['rm', '-q', '--cached', 'intended']);
  }
  return seeds;
}

function indexFields(text: ByteString): NumberField[] {
  const fields = listFields(4, 4, 2, false);
  const isOf4 = readUint32(text, 4) === 4;
  let at = 12;
  for (let i = 0; i < readUint32(text, 8) && at + 62 < text.length; i++) {
    fields.push(...listFields(at + 24, 4, 1, false), ...listFields(at + 36, 4, 1, false), ...listFields(at + 60, 2, 2, false), ...listFields(at + 62, 1, 3, false));
    const fixed = 62 + ((text.charCodeAt(at + 60) & 0x40) !== 0 ? 2 : 0);
    const end = text.indexOf('\0', at + fixed);
    at = isOf4 ? end + 1 : at + ((end - at + 8) & ~7);
  }
  return fields.concat(listFields(at + 4, 4, 1, false), listFields(at + 8, 1, 8, false));
}

const INDEX: BinaryStructure = { seeds: indexSeeds, fields: indexFields, repair: (text) => text.slice(0, -ID_BYTES) + sha1(text.slice(0, -ID_BYTES)) };

function readIndex(input: ByteString): string[] | undefined {
  const index = parseGitIndex(input, ID_BYTES);
  if (index === 'unsupported') return undefined;
  return index.entries.map(({ mode, id, stage, name }) => mode.toString(8).padStart(6, '0') + ' ' + hexFromBytes(id) + ' ' + String(stage) + '\t' + name);
}

let indexFolder: string | undefined;

/** What git lists of an index; undefined if it refuses. */
function askIndex(input: ByteString): string[] | undefined {
  if (indexFolder === undefined) {
    indexFolder = makeTemporary();
    git(indexFolder, ['init', '-q']);
  }
  fs.writeFileSync(path.join(indexFolder, '.git/index'), input, 'latin1');
  const said = git(indexFolder, ['ls-files', '-s', '-z']);
  return said.isDone ? said.output.split('\0').slice(0, -1) : undefined;
}

function compareIndex(input: ByteString): string | undefined {
  // A damaged extension TREE, which nobody needs, ends git; rr reads its first line.
  const theirs = askIndex(input) ?? askIndex(input.replace('TREE\0', 'TREX\0'));
  const mine = readIndex(input) as string[];
  if (theirs === undefined) return 'taken, though git refuses it';
  return mine.join('\0') === theirs.join('\0') ? undefined : JSON.stringify(mine.filter((line) => theirs.indexOf(line) < 0).slice(0, 2)) + ' for ' + JSON.stringify(theirs.filter((line) => mine.indexOf(line) < 0).slice(0, 2));
}

// ---- packs: the input is the index of the pack, with its length before it, and the pack

type PackPlan = { code: number; claimed: number; data: ByteString; baseId: ByteString; distance: number; id: ByteString };

function spellPackHeader({ code, claimed, baseId, distance }: PackPlan): ByteString {
  let rest = Math.floor(claimed / 16);
  let head = String.fromCharCode((rest > 0 ? 0x80 : 0) | (code << 4) | (claimed % 16));
  while (rest > 0) {
    head += String.fromCharCode((rest > 127 ? 0x80 : 0) | (rest % 128));
    rest = Math.floor(rest / 128);
  }
  if (code === 7) return head + baseId;
  if (code !== 6) return head;
  let left = distance;
  let bytes = String.fromCharCode(left & 0x7f);
  for (left = Math.floor(left / 128); left > 0; left = Math.floor(left / 128)) {
    left -= 1;
    bytes = String.fromCharCode(0x80 | (left & 0x7f)) + bytes;
  }
  return head + bytes;
}

function spellDeltaSize(size: number): ByteString {
  let bytes = '';
  let left = size;
  for (; left > 127; left = Math.floor(left / 128)) bytes += String.fromCharCode(0x80 | (left % 128));
  return bytes + String.fromCharCode(left);
}

/** A delta over `base` that mostly fits; its target is what it gives, if it fits. */
function makeDelta(base: ByteString, dice: Dice): ByteString {
  let orders = '';
  let size = 0;
  for (let i = pickLength(dice, 12); i >= 0; i--) {
    const kind = dice(12);
    if (kind < 5) {
      const put = randomText(dice, 6).slice(0, 127) || 'x';
      orders += String.fromCharCode(put.length) + put;
      size += put.length;
    } else if (kind < 11) {
      const offset = dice(base.length + (dice(8) === 0 ? 40 : 1));
      const length = 1 + dice(Math.max(1, base.length - offset + (dice(8) === 0 ? 40 : 0)));
      orders += String.fromCharCode(0x80 | 3 | 0x30) + spellNumber(BigInt(offset), 2, true) + spellNumber(BigInt(length), 2, true);
      size += length;
    } else {
      orders += String.fromCharCode(pick(dice, [0, 0x80, 0xff, 0x90]));
    }
  }
  return spellDeltaSize(dice(10) === 0 ? dice(300) : base.length) + spellDeltaSize(dice(10) === 0 ? dice(300) : size) + orders;
}

function planPack(dice: Dice): PackPlan[] {
  const plans: PackPlan[] = [];
  const bodies: ByteString[] = [];
  const count = 1 + dice(6);
  for (let i = 0; i < count; i++) {
    const plan: PackPlan = { code: 1 + dice(4), claimed: 0, data: '', baseId: '', distance: 0, id: '' };
    const from = dice(i + 1);
    const isDelta = i > 0 && dice(3) > 0;
    plan.data = isDelta ? makeDelta(bodies[from] ?? bodies[0], dice) : dice(30) === 0 ? '\0'.repeat(dice(1 << 22)) : randomText(dice, 80);
    if (isDelta) plan.code = dice(2) === 0 ? 6 : 7;
    const made = isDelta ? applyGitDelta(bodies[from] ?? bodies[0], plan.data) : plan.data;
    bodies.push(made ?? '');
    // An id that is right where there can be one; else any.
    const kinds = ['', 'commit', 'tree', 'blob', 'tag'];
    const root = isDelta ? plans[from < i ? from : 0] : plan;
    plan.id = made === undefined || root.code > 4 ? randomBytes(dice, ID_BYTES) : hashGitObject('sha1', kinds[root.code], made);
    plan.baseId = root.id;
    plan.distance = isDelta ? (from < i ? from : 0) : 0;
    plan.claimed = dice(12) === 0 ? pick(dice, [0, 1, 15, 16, 127, 1 << 14, 16 << 20, (16 << 20) + 1, 2 ** 31, 2 ** 32 - 1, 2 ** 53]) : plan.data.length;
    plans.push(plan);
  }
  // Bases that go in a circle, are missing, or are the delta itself.
  for (const plan of plans) if (plan.code === 7 && dice(8) === 0) plan.baseId = dice(3) === 0 ? randomBytes(dice, ID_BYTES) : pick(dice, plans).id;
  return plans;
}

function makePack(dice: Dice): ByteString {
  const plans = planPack(dice);
  const offsets: number[] = [];
  let pack = 'PACK\0\0\0\x02' + spellNumber(BigInt(plans.length), 4, false);
  for (const plan of plans) {
    if (plan.code === 6) plan.distance = dice(12) === 0 ? dice(5000) : pack.length - offsets[plan.distance];
    offsets.push(pack.length);
    pack += spellPackHeader(plan) + deflate(plan.data);
  }
  pack += sha1(pack);
  if (dice(6) === 0) pack = putBytes(pack, 12 + dice(pack.length - 12), randomBytes(dice, 1));
  return joinPack(makePackIndex(plans.map(({ id }, i) => ({ id, offset: dice(30) === 0 ? pick(dice, [0, 1, 12, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff]) : offsets[i] })), pack), pack);
}

function joinPack(index: ByteString, pack: ByteString): ByteString {
  return spellNumber(BigInt(index.length), 4, false) + index + pack;
}

function makePackIndex(objects: { id: ByteString; offset: number }[], pack: ByteString): ByteString {
  const sorted = objects.slice().sort((a, b) => (a.id < b.id ? -1 : 1));
  let index = '\xfftOc\0\0\0\x02';
  for (let byte = 0; byte < 256; byte++) index += spellNumber(BigInt(sorted.filter(({ id }) => id.charCodeAt(0) <= byte).length), 4, false);
  index += sorted.map(({ id }) => id).join('') + '\0\0\0\0'.repeat(sorted.length) + sorted.map(({ offset }) => spellNumber(BigInt(offset), 4, false)).join('');
  index += pack.slice(-ID_BYTES);
  return index + sha1(index);
}

function packSeeds(): ByteString[] {
  if (lacksGit() !== false) return [];
  const folder = makeTemporary();
  git(folder, ['clone', '-q', '--bare', makeRepository(), '.']);
  git(folder, ['repack', '-adfq', '--depth=50']);
  const stem = path.join(folder, 'objects/pack');
  return fs.readdirSync(stem).filter((name) => name.endsWith('.idx')).map((name) => joinPack(fs.readFileSync(path.join(stem, name), 'latin1'), fs.readFileSync(path.join(stem, name.slice(0, -4) + '.pack'), 'latin1')));
}

type OpenPack = { index: ByteString; pack: ByteString; ids: ByteString[] };

function openPack(input: ByteString): OpenPack {
  const length = Math.min(readUint32(input, 0) || 0, input.length);
  const index = input.slice(4, 4 + length);
  const count = Math.min(readUint32(index, 8 + 255 * 4) || 0, 200);
  const ids = Array.from({ length: count }, (_, i) => index.substr(8 + 1024 + i * ID_BYTES, ID_BYTES)).filter((id) => id.length === ID_BYTES);
  return { index, pack: input.slice(4 + length), ids };
}

function readerOf(bytes: ByteString): ReadAt {
  return (offset, lengthBytes) => {
    if (!(offset >= 0 && lengthBytes >= 0)) failCase('a place in a file is a number', String(offset) + ' ' + String(lengthBytes));
    return bytes.slice(offset, offset + lengthBytes);
  };
}

/** As a file is read: an offset that is none has no bytes. */
function readObject({ index, pack }: OpenPack, id: ByteString): GitObject | undefined {
  const guard = (read: ReadAt): ReadAt => (offset, lengthBytes) => (Number.isSafeInteger(offset) ? read(offset, lengthBytes) : '');
  const [readIdx, readPack] = [guard(readerOf(index)), guard(readerOf(pack))];
  const offset = findInPackIndex(readIdx, id);
  return offset === undefined ? undefined : readPackedObject(readPack, offset, ID_BYTES, (bytes) => inflateBytes(bytes) ?? '', (base) => findInPackIndex(readIdx, base));
}

/** git's answers up to the first object that is damaged, where it stops. */
function askObjects(folder: string, ids: ByteString[]): (GitObject | undefined)[] {
  const { output } = git(folder, ['cat-file', '--batch'], ids.map((id) => hexFromBytes(id) + '\n').join(''));
  let at = 0;
  return ids.map(() => {
    const line = output.slice(at, Math.max(at, output.indexOf('\n', at)));
    const head = /^[0-9a-f]+ (commit|tree|blob|tag) (\d+)$/.exec(line);
    at += line.length + 1;
    if (head === null) return undefined;
    const body = output.substr(at, Number(head[2]));
    at += body.length + 1;
    return body.length === Number(head[2]) && at <= output.length ? { kind: head[1] as GitObject['kind'], body } : undefined;
  });
}

/** What both read is the same. What git refuses rr may read, because it checks ids, as git mostly does not. */
function compareObject(id: ByteString, mine: GitObject | undefined, theirs: GitObject | undefined): string | undefined {
  if (mine === undefined || theirs === undefined) return undefined;
  return mine.kind === theirs.kind && mine.body === theirs.body ? undefined : 'another object than git reads for ' + hexFromBytes(id);
}

let packFolder: string | undefined;

function comparePack(input: ByteString): string | undefined {
  if (packFolder === undefined) {
    packFolder = makeTemporary();
    git(packFolder, ['init', '-q', '--bare']);
  }
  const folder = packFolder;
  const opened = openPack(input);
  for (const [end, bytes] of [['idx', opened.index], ['pack', opened.pack]]) fs.writeFileSync(path.join(folder, 'objects/pack/pack-' + '0'.repeat(40) + '.' + end), bytes, 'latin1');
  const ids = opened.ids.slice(0, 8);
  const theirs = askObjects(folder, ids);
  return ids.map((id, i) => compareObject(id, readObject(opened, id), theirs[i])).find((fault) => fault !== undefined);
}

// ---- loose objects, trees

const LOOSE_TEXTS = ['blob 5\0hello', 'blob 0\0', 'tree 0\0', 'commit 6\0tree x', 'tag 1\0x', 'blob 05\0hello', 'blob 5 \0hello', 'blob -1\0', 'blob 18446744073709551621\0hello', 'blub 5\0hello', 'blob 4\0hello', 'blob 6\0hello', 'blob +5\0hello', 'blob  5\0hello', 'blob 5\0hello\0'];

function makeLoose(dice: Dice): ByteString {
  let text = dice(2) === 0 ? pick(dice, LOOSE_TEXTS) : pick(dice, ['blob', 'tree', 'commit', 'tag']) + ' ' + String(dice(40)) + '\0' + randomText(dice, 20);
  if (dice(3) === 0) text = 'blob ' + String(text.length) + '\0' + text;
  const packed = deflate(text);
  return dice(4) === 0 ? putBytes(packed, dice(packed.length), randomBytes(dice, 1)) : dice(8) === 0 ? packed + randomText(dice, 3) : packed;
}

function readLoose(input: ByteString): GitObject | undefined {
  const bytes = inflateBytes(input);
  return bytes === undefined ? undefined : parseLooseObject(bytes);
}

let looseFolder: string | undefined;

function compareLoose(input: ByteString): string | undefined {
  if (looseFolder === undefined) {
    looseFolder = makeTemporary();
    git(looseFolder, ['init', '-q', '--bare']);
    fs.mkdirSync(path.join(looseFolder, 'objects/ab'));
  }
  const id = 'ab' + '1'.repeat(38);
  fs.writeFileSync(path.join(looseFolder, 'objects/ab', '1'.repeat(38)), input, 'latin1');
  const raw = bytesFromHex(id);
  return compareObject(raw, readLoose(input), askObjects(looseFolder, [raw])[0]);
}

const TREE_NAMES = ['a', 'b', 'a.b', '..', '.', '', '.git', '.GIT', 'a/b', 'c\xe9', '-x', 'long'.repeat(40), 'a\nb', '\xff'];

function makeTree(dice: Dice): ByteString {
  let body = '';
  for (let i = pickLength(dice, 8); i > 0; i--) body += pick(dice, ['100644', '100755', '40000', '040000', '120000', '160000', '100664', '0', '1006444', '99999', '']) + ' ' + pick(dice, TREE_NAMES) + '\0' + randomBytes(dice, ID_BYTES);
  return dice(4) === 0 ? body.slice(0, dice(body.length + 1)) : body;
}

let treeFolder: string | undefined;

function compareTree(input: ByteString): string | undefined {
  const mine = parseGitTree(input, ID_BYTES) ?? [];
  if (treeFolder === undefined) {
    treeFolder = makeTemporary();
    git(treeFolder, ['init', '-q', '--bare']);
  }
  const id = git(treeFolder, ['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'], input).output.trim();
  const said = git(treeFolder, ['ls-tree', '-z', id]);
  if (!said.isDone) return 'taken, though git refuses it';
  const theirs = said.output.split('\0').slice(0, -1).map((line) => /^([0-7]+) \w+ ([0-9a-f]+)\t([^]*)$/.exec(line) as RegExpExecArray);
  if (theirs.length !== mine.length) return String(mine.length) + ' entries for ' + String(theirs.length);
  // git shows other permissions than it has.
  const unlike = theirs.find((parts, i) => parts[2] !== mine[i].id || parts[3] !== mine[i].name || (parseInt(parts[1], 8) & 0o170000) !== (mine[i].mode & 0o170000));
  return unlike === undefined ? undefined : 'another entry than ' + JSON.stringify(unlike[0]);
}

/** A judge that is asked about one input at a time. */
export function judgeOneByOne(lacks: () => string | false, compare: (input: ByteString) => string | undefined): FuzzTarget['judge'] {
  return { lacks, batch: 20, find: (inputs) => inputs.map(compare) };
}

export const GIT_TARGETS: FuzzTarget[] = [
  {
    name: 'git-index', corpus: INDEX.seeds, generate: makeGenerator(INDEX), isBinary: true, dictionary: ['TREE', 'link', 'sdir', 'DIRC'], share: 0.05,
    check: (input) => readIndex(input) !== undefined,
    judge: judgeOneByOne(lacksGit, compareIndex),
  },
  {
    name: 'git-pack', corpus: packSeeds, generate: makePack, isBinary: true, share: 0.03, mostBytes: 1 << 20, memoryPerByte: 20000,
    check: (input) => {
      const opened = openPack(input);
      return opened.ids.slice(0, 20).map((id) => readObject(opened, id)).some((object) => object !== undefined);
    },
    judge: judgeOneByOne(lacksGit, comparePack),
  },
  {
    name: 'git-loose', corpus: () => LOOSE_TEXTS.map(deflate), generate: makeLoose, isBinary: true, share: 0.05, memoryPerByte: 20000,
    check: (input) => readLoose(input) !== undefined,
    judge: judgeOneByOne(lacksGit, compareLoose),
  },
  {
    name: 'git-tree', corpus: () => [], generate: makeTree, isBinary: true, share: 0.05,
    check: (input) => parseGitTree(input, ID_BYTES) !== undefined,
    judge: judgeOneByOne(lacksGit, compareTree),
  },
  {
    // The base, and behind a NUL-free length of it the delta.
    name: 'git-delta', corpus: () => [], isBinary: true, long: [['\x03', '\x80', ''], ['\0\0', '\xff', '\0'], ['\x01a\x01', '\x01b', '']], memoryPerByte: 20000,
    generate: (dice) => {
      const base = randomText(dice, 60);
      return String.fromCharCode(base.length & 255) + base.slice(0, 255) + makeDelta(base.slice(0, 255), dice);
    },
    check: (input) => {
      const length = input.charCodeAt(0) || 0;
      const [base, delta] = [input.slice(1, 1 + length), input.slice(1 + length)];
      const made = applyGitDelta(base, delta, 1 << 20);
      if (made !== undefined && made.length > 1 << 20) failCase('a delta gives no more than was asked for');
      if (made !== applyPlainly(base, delta)) failCase('a delta gives what its orders say', JSON.stringify([base, delta]));
      return made !== undefined;
    },
  },
];

/** The same by gitformat-pack(5), byte after byte; undefined where patch_delta() of git gives up. */
function applyPlainly(base: ByteString, delta: ByteString): ByteString | undefined {
  const bytes = Array.from(delta, (char) => char.charCodeAt(0));
  let at = 0;
  const take = (): number | undefined => bytes[at++];
  const takeSize = (): bigint => {
    let size = 0n;
    for (let shift = 0n; ; shift += 7n) {
      // More than the largest double has: no size of anything.
      if (shift > 1022n) return -1n;
      const byte = take() ?? 0;
      size |= BigInt(byte & 127) << shift;
      if (byte < 128) return size;
    }
  };
  if (takeSize() !== BigInt(base.length)) return undefined;
  const size = takeSize();
  if (size < 0n || size > BigInt(1 << 20)) return undefined;
  let target = '';
  while (at < bytes.length) {
    const order = take() as number;
    if (order === 0) return undefined;
    if (order < 128) {
      if (bytes.length - at < order) return undefined;
      target += String.fromCharCode(...bytes.slice(at, at + order));
      at += order;
      continue;
    }
    const parts = [1, 2, 4, 8, 16, 32, 64].map((bit) => ((order & bit) === 0 ? 0 : take() ?? NaN));
    const from = parts[0] + parts[1] * 256 + parts[2] * 65536 + parts[3] * 16777216;
    const length = parts[4] + parts[5] * 256 + parts[6] * 65536 || 65536;
    if (!(from + length <= base.length)) return undefined;
    target += base.substr(from, length);
    if (target.length > 1 << 20) return undefined;
  }
  return BigInt(target.length) === size ? target : undefined;
}
