// archivewriter.ts - writes members as a tar, a zip or a folder, in bounded memory. Chooses nothing.
//
// Invariants
// 1. Under the name that was asked for there is what was there before, or all of the archive: it is written under
//    another name beside it, and renamed.
// 2. What goes in has the hash that is known for it, or nothing is written: each content is hashed as it passes.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { crc32 } from '../formats/crc32.ts';
import { printTarEnd, printTarHeader, printTarPadding } from '../formats/tarwriter.ts';
import { printZipDirectoryEntry, printZipEnd, printZipLocalHeader, ZIP_LOCAL_CRC_AT } from '../formats/zipwriter.ts';
import type { ZipItem } from '../formats/zipwriter.ts';
import { makeRandomDigits } from './clock.ts';
import { isHole } from './copying.ts';
import { blameName, errorCode, gatherPieces, listUnfinished, lstatIfThere, makeFolder, removeIfThere, syncFolder, toFsPath, writeAllAt } from './files.ts';
import { crypto, fs, zlib } from './node.ts';
import { removeTree } from './scratch.ts';

/** `name`: below the archive's top folder. */
export type ArchiveMember =
  | { kind: 'text'; name: ByteString; isExecutable: boolean; text: ByteString }
  /** A text that is not held: each call gives it anew. */
  | { kind: 'pieces'; name: ByteString; isExecutable: boolean; pieces: () => Iterable<ByteString>; sizeBytes: number; hash: string }
  | { kind: 'file'; name: ByteString; isExecutable: boolean; /** Absolute. */ from: ByteString; sizeBytes: number; hash: string }
  | { kind: 'link'; name: ByteString; target: ByteString };

export type ArchiveForm = 'tar' | 'zip' | 'folder';

export type ArchiveRequest = {
  form: ArchiveForm;
  /** Absolute. */
  target: ByteString;
  /** Name of the folder that all of a tar or zip is in. */
  top: ByteString;
  /** In the order in which they are written. */
  members: ArchiveMember[];
  timeS: number;
  /** Put it in the place of what is there. */
  isForced: boolean;
};

const PASSED_BYTES = 1 << 20;
const PASS_BUFFER = Buffer.allocUnsafeSlow(PASSED_BYTES);

/** A new file. Long runs of zeros are left out of it as holes. */
class NewFile {
  position = 0;
  private readonly fd: number;
  private filledUntil = 0;

  constructor(name: ByteString, mode: number) {
    this.fd = fs.openSync(toFsPath(name), 'wx', mode);
  }

  put(data: Buffer): void {
    if (!isHole(data)) {
      writeAllAt(this.fd, data, this.position);
      this.filledUntil = this.position + data.length;
    }
    this.position += data.length;
  }

  putText(text: ByteString): void {
    this.put(Buffer.from(text, 'latin1'));
  }

  /** Writes over what is there already. */
  patch(text: ByteString, position: number): void {
    writeAllAt(this.fd, Buffer.from(text, 'latin1'), position);
  }

  close(isWhole: boolean): void {
    try {
      if (isWhole && this.filledUntil < this.position) fs.ftruncateSync(this.fd, this.position);
      if (isWhole) fs.fsyncSync(this.fd);
    } finally {
      fs.closeSync(this.fd);
    }
  }
}

/** What a form does with the members, one after the other. */
interface ArchiveSink {
  begin(member: ArchiveMember, sizeBytes: number): void;
  take(data: Buffer): void;
  end(): void;
  /** After the last. */
  finish(): void;
  close(isWhole: boolean): void;
}

function kindOfMember(member: ArchiveMember): '' | 'x' | 'l' {
  return member.kind === 'link' ? 'l' : member.isExecutable ? 'x' : '';
}

class TarSink implements ArchiveSink {
  private readonly file: NewFile;
  private readonly request: ArchiveRequest;
  private sizeBytes = 0;

  constructor(name: ByteString, request: ArchiveRequest) {
    this.file = new NewFile(name, 0o666);
    this.request = request;
  }

  begin(member: ArchiveMember, sizeBytes: number): void {
    const { top, timeS } = this.request;
    const isLink = member.kind === 'link';
    this.file.putText(printTarHeader({ name: top + '/' + member.name, kind: kindOfMember(member), sizeBytes, target: member.kind === 'link' ? member.target : '', timeS }));
    this.sizeBytes = isLink ? 0 : sizeBytes;
  }

  take(data: Buffer): void {
    this.file.put(data);
  }

  end(): void {
    this.file.putText(printTarPadding(this.sizeBytes));
  }

  finish(): void {
    this.file.putText(printTarEnd(this.file.position));
  }

  close(isWhole: boolean): void {
    this.file.close(isWhole);
  }
}

type RunningCrc = (data: Buffer, before: number) => number;

/** Of the runtime where it has one (Node.js 20.15, 22.2), which is ten times as fast. */
function findCrc(): RunningCrc {
  const { crc32: native } = zlib() as unknown as { crc32?: RunningCrc };
  return native ?? ((data, before) => crc32(data, 0, data.length, before));
}

const DIRECTORY_PIECE = 1 << 16;

class ZipSink implements ArchiveSink {
  private readonly file: NewFile;
  private readonly request: ArchiveRequest;
  private readonly crc = findCrc();
  private item: ZipItem | undefined;
  private count = 0;
  /** What stands at the end, in pieces outside of the heap, and what comes behind them. */
  private readonly directory: Buffer[] = [];
  private gathered: ByteString = '';

  constructor(name: ByteString, request: ArchiveRequest) {
    this.file = new NewFile(name, 0o666);
    this.request = request;
  }

  begin(member: ArchiveMember, sizeBytes: number): void {
    const { top, timeS } = this.request;
    this.item = { name: top + '/' + member.name, kind: kindOfMember(member), sizeBytes, crc: 0, offset: this.file.position, timeS };
    this.file.putText(printZipLocalHeader(this.item));
    if (member.kind === 'link') this.take(Buffer.from(member.target, 'latin1'));
  }

  take(data: Buffer): void {
    if (this.item !== undefined) this.item.crc = this.crc(data, this.item.crc);
    this.file.put(data);
  }

  end(): void {
    if (this.item === undefined) return;
    const { crc, offset } = this.item;
    // The checksum stands before the content of which it is.
    this.file.patch(String.fromCharCode(crc & 255, (crc >>> 8) & 255, (crc >>> 16) & 255, crc >>> 24), offset + ZIP_LOCAL_CRC_AT);
    this.gathered += printZipDirectoryEntry(this.item);
    if (this.gathered.length > DIRECTORY_PIECE) this.holdGathered();
    this.count += 1;
  }

  private holdGathered(): void {
    this.directory.push(Buffer.from(this.gathered, 'latin1'));
    this.gathered = '';
  }

  finish(): void {
    this.holdGathered();
    const offset = this.file.position;
    for (const piece of this.directory) this.file.put(piece);
    this.file.putText(printZipEnd(this.count, this.file.position - offset, offset));
  }

  close(isWhole: boolean): void {
    this.file.close(isWhole);
  }
}

class FolderSink implements ArchiveSink {
  private readonly base: ByteString;
  private readonly timeS: number;
  private readonly folders = new Set<ByteString>();
  private file: NewFile | undefined;
  private name = '';
  private mode = 0;

  constructor(name: ByteString, request: ArchiveRequest) {
    this.base = name;
    this.timeS = request.timeS;
    fs.mkdirSync(toFsPath(name));
    this.folders.add('');
  }

  begin(member: ArchiveMember): void {
    const folder = member.name.slice(0, Math.max(member.name.lastIndexOf('/'), 0));
    if (!this.folders.has(folder)) makeFolder(this.base + '/' + folder);
    for (let at = folder; !this.folders.has(at); at = at.slice(0, Math.max(at.lastIndexOf('/'), 0))) this.folders.add(at);
    this.name = this.base + '/' + member.name;
    if (member.kind === 'link') {
      fs.symlinkSync(toFsPath(member.target), toFsPath(this.name));
      return;
    }
    this.mode = member.isExecutable ? 0o755 : 0o644;
    this.file = new NewFile(this.name, 0o600);
  }

  take(data: Buffer): void {
    this.file?.put(data);
  }

  end(): void {
    if (this.file === undefined) return;
    this.file.close(true);
    this.file = undefined;
    fs.chmodSync(toFsPath(this.name), this.mode);
    fs.utimesSync(toFsPath(this.name), this.timeS, this.timeS);
  }

  finish(): void {
    for (const folder of this.folders) {
      fs.chmodSync(toFsPath(this.base + '/' + folder), 0o755);
      fs.utimesSync(toFsPath(this.base + '/' + folder), this.timeS, this.timeS);
    }
  }

  close(): void {
    this.file?.close(false);
  }
}

// ---- contents ---------------------------------------------------------------------------------------------

function otherwise(from: ByteString): Failure {
  return new Failure('cannot archive "' + from + '": it changed while it was read', 'see that nothing writes to it, and do it again', EXIT.differs);
}

/** Passes a regular file on. Throws Failure if it is not what it was when it was chosen. */
function passFile(member: ArchiveMember & { kind: 'file' }, sink: ArchiveSink): void {
  let fd: number;
  try {
    // What it was replaced by may be a link or a FIFO.
    fd = fs.openSync(toFsPath(member.from), fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].indexOf(errorCode(error)) >= 0) throw otherwise(member.from);
    throw error;
  }
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile() || stat.size !== member.sizeBytes) throw otherwise(member.from);
    const hash = crypto().createHash('sha256');
    let total = 0;
    for (let n = fs.readSync(fd, PASS_BUFFER, 0, PASSED_BYTES, null); n > 0; n = fs.readSync(fd, PASS_BUFFER, 0, PASSED_BYTES, null)) {
      total += n;
      if (total > member.sizeBytes) throw otherwise(member.from);
      const data = PASS_BUFFER.subarray(0, n);
      hash.update(data);
      sink.take(data);
    }
    if (total !== member.sizeBytes || hash.digest('hex') !== member.hash) throw otherwise(member.from);
  } finally {
    fs.closeSync(fd);
  }
}

/** Throws an Error if the text is not what it was when its size and hash were taken. */
function passPieces(member: ArchiveMember & { kind: 'pieces' }, sink: ArchiveSink): void {
  const hash = crypto().createHash('sha256');
  let total = 0;
  for (const piece of gatherPieces(member.pieces())) {
    const data = Buffer.from(piece, 'latin1');
    total += data.length;
    hash.update(data);
    sink.take(data);
  }
  if (total !== member.sizeBytes || hash.digest('hex') !== member.hash) throw new Error('the text of ' + member.name + ' came out in two ways');
}

function passMembers(request: ArchiveRequest, sink: ArchiveSink): void {
  for (const member of request.members) {
    if (member.kind === 'file') {
      sink.begin(member, member.sizeBytes);
      passFile(member, sink);
    } else if (member.kind === 'pieces') {
      sink.begin(member, member.sizeBytes);
      passPieces(member, sink);
    } else if (member.kind === 'text') {
      const data = Buffer.from(member.text, 'latin1');
      sink.begin(member, data.length);
      sink.take(data);
    } else sink.begin(member, member.target.length);
    sink.end();
  }
  sink.finish();
}

// ---- its place --------------------------------------------------------------------------------------------

function isBag(folder: ByteString): boolean {
  return lstatIfThere(folder + '/bagit.txt')?.isFile() === true;
}

/** Throws Failure if the target cannot be written, or only over something that is there. */
export function checkArchiveTarget(form: ArchiveForm, target: ByteString, isForced: boolean): void {
  const there = lstatIfThere(target);
  if (there === undefined) return;
  if (!isForced) throw new Failure('cannot write "' + target + '": it is there already', 'say --force to put the archive in its place', EXIT.differs);
  // What was named by mistake must not be lost.
  if (form === 'folder' && !(there.isDirectory() && isBag(target))) throw new Failure('cannot replace "' + target + '": it is no bag', 'remove it, or name another folder', EXIT.differs);
  if (form !== 'folder' && !there.isFile()) throw new Failure('cannot replace "' + target + '": it is no regular file', 'remove it, or name another file', EXIT.differs);
}

function makeSink(request: ArchiveRequest, name: ByteString): ArchiveSink {
  return request.form === 'tar' ? new TarSink(name, request) : request.form === 'zip' ? new ZipSink(name, request) : new FolderSink(name, request);
}

/** Gives what is written its name; what is there already stays, unless it is to be replaced. */
function giveArchiveName({ form, target, isForced }: ArchiveRequest, temporary: ByteString): void {
  checkArchiveTarget(form, target, isForced);
  const old = form === 'folder' && lstatIfThere(target) !== undefined ? temporary.replace(/tmp$/, 'old') : undefined;
  if (old !== undefined) fs.renameSync(toFsPath(target), toFsPath(old));
  try {
    fs.renameSync(toFsPath(temporary), toFsPath(target));
  } catch (error) {
    if (old !== undefined) fs.renameSync(toFsPath(old), toFsPath(target));
    throw error;
  }
  syncFolder(target.slice(0, target.lastIndexOf('/')) || '/');
  if (old !== undefined) removeTree(old);
}

/** Writes an archive. Throws Failure, and leaves nothing, if a file is not what it was when it was chosen. */
export function writeArchive(request: ArchiveRequest): void {
  const { target, form } = request;
  const slash = target.lastIndexOf('/');
  makeFolder(target.slice(0, slash) || '/');
  for (const old of listUnfinished(target, '.tmp')) removeTree(old);
  const temporary = target.slice(0, slash) + '/.' + target.slice(slash + 1, slash + 201) + '.' + makeRandomDigits() + '.tmp';
  let sink: ArchiveSink;
  try {
    sink = makeSink(request, temporary);
  } catch (error) {
    throw blameName(error, temporary, target);
  }
  let isWhole = false;
  try {
    passMembers(request, sink);
    isWhole = true;
  } finally {
    sink.close(isWhole);
    if (!isWhole) (form === 'folder' ? removeTree : removeIfThere)(temporary);
  }
  try {
    giveArchiveName(request, temporary);
  } catch (error) {
    (form === 'folder' ? removeTree : removeIfThere)(temporary);
    throw blameName(error, temporary, target);
  }
  // What was to be replaced when rr was killed. Before the new one has its name it may be all that there is.
  for (const old of listUnfinished(target, '.old')) removeTree(old);
}
