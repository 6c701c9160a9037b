// report.ts - reads what a report shows of files: previews, logs, patches, series; keeps the parts beside its page.
//
// A file is shown only if it is as it was recorded: its bytes are hashed before they are used (of a log
// that is too large for that, its size must do). What is
// no regular file is not opened, what a link leads out of the project to is not read, and nothing
// large is read at all. Files that may hold secrets are not shown.
import type { ByteString } from '../core/bytes.ts';
import { isSecretFile } from '../core/filerules.ts';
import type { FilePreview, LogExcerpt } from '../core/report.ts';
import type { FileState, Run } from '../core/run.ts';
import type { ResourceSample, Series } from '../core/series.ts';
import { TableReader } from '../formats/comparetable.ts';
import { parseResources, parseSeries } from '../formats/series.ts';
import { findLinkOut } from './bounds.ts';
import { errorCode, listFolder, listUnfinished, lstatIfThere, makeFolder, removeIfThere, replaceFile, toFsPath } from './files.ts';
import { hashBuffer, hashBytes } from './hash.ts';
import { fs } from './node.ts';
import { absoluteOf } from './project.ts';
import type { Project } from './project.ts';

const LARGEST_FILE_BYTES = 4 << 20;
const LARGEST_PICTURE_BYTES = 512 << 10;
const PREVIEW_BYTES = 6 << 10;
const PREVIEW_LINES = 80;
const PREVIEW_ROWS = 21;
const PREVIEW_COLUMNS = 16;
const CELL_BYTES = 200;
const LOG_HEAD_BYTES = 8 << 10;
const LOG_TAIL_BYTES = 8 << 10;
const LARGEST_COURSE_BYTES = 32 << 20;
const PATCH_BYTES = 48 << 10;

const NOT_SHOWABLE = ['EACCES', 'EPERM', 'EIO', 'ESTALE', 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'ENODEV', 'EISDIR', 'ETXTBSY', 'EBUSY', 'ENAMETOOLONG'];

/** At most so many bytes from `from` on; undefined if it is no regular file of that size that can be read. */
function readRegular(name: ByteString, sizeBytes: number, from: number, count: number): Buffer | undefined {
  if (lstatIfThere(name)?.isFile() !== true) return undefined;
  let fd: number | undefined;
  try {
    fd = fs.openSync(toFsPath(name), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOFOLLOW);
    const stat = fs.fstatSync(fd);
    if (!stat.isFile() || stat.size !== sizeBytes) return undefined;
    const data = Buffer.alloc(Math.min(count, sizeBytes - from));
    let done = 0;
    for (let n = -1; n !== 0 && done < data.length; done += n) n = fs.readSync(fd, data, done, data.length - done, from + done);
    return done === data.length ? data : undefined;
  } catch (error) {
    if (NOT_SHOWABLE.indexOf(errorCode(error)) < 0) throw error;
    return undefined;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** The bytes of a recorded file, if it lies in the project and is as it was. */
function readAsRecorded(project: Project, file: FileState, mostBytes: number): Buffer | undefined {
  if ((file.kind !== '' && file.kind !== 'x') || file.hash.length !== 64 || file.path[0] === '/' || file.size > mostBytes) return undefined;
  const name = absoluteOf(project, file.path);
  if (findLinkOut(project.root, name) !== undefined) return undefined;
  const data = readRegular(name, file.size, 0, file.size);
  return data !== undefined && hashBuffer(data) === file.hash ? data : undefined;
}

// What a file is is told by how it begins, not by its name alone.
const PICTURE_SIGNS: [string, RegExp][] = [
  ['image/png', /^\x89PNG\r\n\x1a\n/], ['image/jpeg', /^\xff\xd8\xff/], ['image/gif', /^GIF8[79]a/], ['image/webp', /^RIFF[^]{4}WEBP/],
];

function findMediaType(path: ByteString, head: ByteString): string | undefined {
  const sign = PICTURE_SIGNS.find(([, pattern]) => pattern.test(head));
  if (sign !== undefined) return sign[0];
  return /\.svg$/i.test(path) && /<svg[\s>]/.test(head) ? 'image/svg+xml' : undefined;
}

function readTablePreview(text: ByteString, delimiter: string): FilePreview | undefined {
  const reader = new TableReader(text, delimiter);
  const rows: ByteString[][] = [];
  let columns = 0;
  let row = reader.next();
  for (; row !== undefined && rows.length < PREVIEW_ROWS; row = reader.next()) {
    columns = Math.max(columns, row.length);
    rows.push(row.slice(0, PREVIEW_COLUMNS).map((cell) => (cell.length > CELL_BYTES ? cell.slice(0, CELL_BYTES) + '...' : cell)));
  }
  if (reader.isMalformed || rows.length === 0 || columns < 2) return undefined;
  return { kind: 'table', rows, hasMoreRows: row !== undefined, hasMoreColumns: columns > PREVIEW_COLUMNS };
}

/** The text without the part of a character or line that was cut off at its end. */
function cutAtLine(text: ByteString): ByteString {
  const end = text.lastIndexOf('\n');
  return end > text.length / 2 ? text.slice(0, end) : text.replace(/[\xc0-\xff][\x80-\xbf]*$/, '');
}

function readTextPreview(text: ByteString): FilePreview | undefined {
  // A NUL, or many bytes that no text has: it is none.
  const head = text.slice(0, PREVIEW_BYTES);
  if (/[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(head)) return undefined;
  const cut = head.length < text.length ? cutAtLine(head) : head;
  const lines = cut.split('\n');
  const shown = lines.length > PREVIEW_LINES ? lines.slice(0, PREVIEW_LINES).join('\n') : cut;
  return { kind: 'text', text: shown.replace(/\n$/, ''), leftBytes: text.length - shown.length };
}

/** What can be seen of a recorded file; undefined if it is not as it was, too large, or nothing that can be shown. */
export function readPreview(project: Project, file: FileState): FilePreview | undefined {
  if (file.size === 0 || isSecretFile(file.path)) return undefined;
  const data = readAsRecorded(project, file, LARGEST_FILE_BYTES);
  if (data === undefined) return undefined;
  const mediaType = findMediaType(file.path, data.toString('latin1', 0, 1024));
  if (mediaType !== undefined) return data.length > LARGEST_PICTURE_BYTES ? undefined : { kind: 'picture', mediaType, base64: data.toString('base64') };
  const text = data.toString('latin1');
  const delimiter = /\.csv$/i.test(file.path) ? [',', ';'].find((sign) => text.slice(0, text.indexOf('\n')).indexOf(sign) >= 0) : /\.(?:tsv|tab)$/i.test(file.path) ? '\t' : undefined;
  const preview = readTextPreview(text);
  return preview === undefined || delimiter === undefined ? preview : readTablePreview(text, delimiter) ?? preview;
}

/** What a run printed, as far as it is there and as it was; of what is cut only the size is looked at. Names of others go to `lost`. */
export function readLogExcerpts(project: Project, run: Run, lost: ByteString[]): LogExcerpt[] {
  const logs: LogExcerpt[] = [];
  for (const kind of ['out', 'err'] as const) {
    const log = run.logs.find((file) => file.path === 'provenance/logs/' + run.id + '.' + kind);
    if (log === undefined || log.size === 0) continue;
    const name = absoluteOf(project, log.path);
    const isAsRecorded = log.size > LARGEST_FILE_BYTES ? findLinkOut(project.root, name) === undefined : readAsRecorded(project, log, LARGEST_FILE_BYTES) !== undefined;
    const head = isAsRecorded ? readRegular(name, log.size, 0, LOG_HEAD_BYTES) : undefined;
    const tailFrom = Math.max(LOG_HEAD_BYTES, log.size - LOG_TAIL_BYTES);
    const tail = log.size > LOG_HEAD_BYTES ? readRegular(name, log.size, tailFrom, LOG_TAIL_BYTES) : undefined;
    const isCut = tailFrom > LOG_HEAD_BYTES;
    if (head === undefined) {
      lost.push(log.path);
      continue;
    }
    const first = head.toString('latin1');
    const last = tail === undefined ? '' : tail.toString('latin1');
    if (isCut) logs.push({ kind, sizeBytes: log.size, head: cutAtLine(first), leftBytes: tailFrom - LOG_HEAD_BYTES, tail: last.slice(last.indexOf('\n') + 1) });
    else logs.push({ kind, sizeBytes: log.size, head: (first + last).replace(/\n$/, ''), leftBytes: 0, tail: '' });
  }
  return logs;
}

/** What a run gave and used while it ran, if that is there and as it was recorded; else the names go to `lost`. */
export function readCourse(project: Project, run: Run, lost: ByteString[]): { series: Series[]; resources: ResourceSample[] } {
  const read = (ending: string): ByteString => {
    const log = run.logs.find((file) => file.path === 'provenance/logs/' + run.id + ending);
    const data = log === undefined ? undefined : readAsRecorded(project, log, LARGEST_COURSE_BYTES);
    if (log !== undefined && data === undefined) lost.push(log.path);
    return data === undefined ? '' : data.toString('latin1');
  };
  return { series: parseSeries(read('.series')), resources: parseResources(read('.resources')) };
}

/** A patch that a record names, its beginning if it is long; undefined if it is not there or damaged. */
export function readPatchExcerpt(project: Project, hash: string): { text: ByteString; leftBytes: number } | undefined {
  const name = project.provenance + '/code/' + hash + '.patch';
  const size = lstatIfThere(name)?.size ?? 0;
  const data = size === 0 || size > LARGEST_FILE_BYTES ? undefined : readRegular(name, size, 0, size);
  if (data === undefined || hashBuffer(data) !== hash) return undefined;
  const text = data.toString('latin1');
  const shown = text.length > PATCH_BYTES ? cutAtLine(text.slice(0, PATCH_BYTES)) : text;
  return { text: shown, leftBytes: text.length - shown.length };
}

// ---- parts beside the page -----------------------------------------------------------------------------

/** As they are named, and as they were before they had their content in their names. */
const PART_NAME = /^part-\d+(?:-[0-9a-f]{16})?\.js$/;
const FOLDER_STAYS = ['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'];
const UNFINISHED_PART = /^\.(part-\d+-[0-9a-f]{16}\.js)\.[a-z2-7]{6}\.tmp$/;

/**
 * The folder of the parts of a page. They are named by their content, part-N-HASH.js with 16 hex digits of SHA-256, and
 * those of the page before go last: whatever page is there has its parts, at any instant. It must be no link.
 */
export class PartFolder {
  /** Of the parts written, in their order. */
  readonly names: string[] = [];
  private readonly folder: ByteString;
  private readonly before: ByteString[];

  constructor(folder: ByteString) {
    this.folder = folder;
    this.before = this.list().filter((name) => PART_NAME.test(name));
  }

  write(number: number, text: ByteString): void {
    if (number === 0) makeFolder(this.folder);
    const name = 'part-' + String(number) + '-' + hashBytes(text).slice(0, 16) + '.js';
    replaceFile(this.folder + '/' + name, text, false);
    this.names.push(name);
  }

  /**
   * The new page has its name: removes what it does not need, and the folder if it is empty. False if another report,
   * written at the same time, took parts of this one away, for its page: then this is to be written again.
   */
  keepNew(): boolean {
    const there = this.list();
    const isWhole = this.names.every((name) => there.indexOf(name) >= 0);
    if (isWhole) this.clear(this.before.filter((name) => this.names.indexOf(name) < 0));
    return isWhole;
  }

  /** There is no new page: removes what was written for it, as far as that can be done. */
  keepOld(): void {
    try {
      this.clear(this.names.filter((name) => this.before.indexOf(name) < 0));
    } catch (error) {
      if (errorCode(error) === '') throw error;
    }
  }

  private list(): ByteString[] {
    return lstatIfThere(this.folder)?.isDirectory() === true ? listFolder(this.folder) : [];
  }

  private clear(names: ByteString[]): void {
    for (const name of names) removeIfThere(this.folder + '/' + name);
    for (const name of this.list()) {
      const unfinished = UNFINISHED_PART.exec(name);
      if (unfinished !== null) for (const old of listUnfinished(this.folder + '/' + unfinished[1], '.tmp')) removeIfThere(old);
    }
    try {
      fs.rmdirSync(toFsPath(this.folder));
    } catch (error) {
      if (FOLDER_STAYS.indexOf(errorCode(error)) < 0) throw error;
    }
  }
}
