// processes.ts - the processes of a run as fields of its record (docs/record-format.txt, 8). Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import type { RunProcess } from '../core/run.ts';
import { decodeText, decodeWithheld, encodeWithheld, encodeWord } from './percent.ts';

/** Names of the fields that readProcesses reads together. */
export const PROCESS_FIELDS = ['Process', 'Process_exec', 'Process_read', 'Process_wrote'];

export type ProcessField = { name: string; value: ByteString };

/** Called with a field and what is wrong with it; does not return. */
export type ProcessFault<F> = (field: F, what: string) => never;

/**
 * File numbers that are read of one record. A few bytes can stand for very many, so that without a
 * bound a hostile record would fill the memory. A true one may have more (2,000 processes that each
 * read the same 10,000 files): what is beyond the bound is left out, and that is no fault.
 */
export const MAX_PROCESS_FILES = 1 << 24;

/** Seconds with 6 decimals, without the zeros at the end: 0.01, 2. Never negative: the clock may have been set. */
export function printSeconds(seconds: number): string {
  return Math.max(0, seconds).toFixed(6).replace(/\.?0+$/, '');
}

/** Positions from 0, ascending, as numbers from 1: 1-4,9,12-13. */
export function printRanges(positions: number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < positions.length;) {
    let last = i;
    while (last + 1 < positions.length && positions[last + 1] === positions[last] + 1) last += 1;
    const first = String(positions[i] + 1);
    parts.push(last === i ? first : first + '-' + String(positions[last] + 1));
    i = last + 1;
  }
  return parts.join(',');
}

type Range = { first: number; last: number };

/** The ranges of a list of numbers 1..count, ascending; undefined if it is none. */
function parseRanges(text: string, count: number): Range[] | undefined {
  const ranges: Range[] = [];
  let least = 1;
  for (const part of text.split(',')) {
    const parts = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (parts === null) return undefined;
    const first = Number(parts[1]);
    const last = parts[2] === undefined ? first : Number(parts[2]);
    if (first < least || last < first || last > count) return undefined;
    ranges.push({ first, last });
    least = last + 1;
  }
  return ranges;
}

/** "N DIRECTORY COMMAND" and the like: the words, then the command, which a subshell has not. */
function joinFields(words: string[], command: ByteString): ByteString {
  return words.join(' ') + (command === '' ? '' : ' ' + encodeWithheld(command));
}

/** The lines of all processes; each one's stand together. '' if there are none. */
export function printProcesses(processes: RunProcess[]): ByteString {
  let text = '';
  processes.forEach((one, at) => {
    const number = String(at + 1);
    const end = one.endS === undefined ? '-' : printSeconds(one.endS);
    const exit = one.exit === undefined ? one.signal ?? '-' : String(one.exit);
    const parent = one.parent === undefined ? '0' : String(one.parent + 1);
    const words = [number, parent, printSeconds(one.startS), end, exit, encodeWord(one.directory)];
    text += 'Process: ' + joinFields(words, one.command) + '\n';
    for (const later of one.later) {
      text += 'Process_exec: ' + joinFields([number, printSeconds(later.startS), encodeWord(later.directory)], later.command) + '\n';
    }
    if (one.read.length > 0) text += 'Process_read: ' + number + ' ' + printRanges(one.read) + '\n';
    if (one.wrote.length > 0) text += 'Process_wrote: ' + number + ' ' + printRanges(one.wrote) + '\n';
  });
  return text;
}

const PROCESS_LINE = /^([1-9]\d*) (0|[1-9]\d*) (\d{1,15}(?:\.\d+)?) (-|\d{1,15}(?:\.\d+)?) (-|\d+|[A-Z][A-Z0-9_+-]*) ([^ ]+)(?: (.+))?$/;
const EXEC_LINE = /^([1-9]\d*) (\d{1,15}(?:\.\d+)?) ([^ ]+)(?: (.+))?$/;
const FILES_LINE = /^([1-9]\d*) ([0-9,-]+)$/;

/** Reads the line of the process that follows on `known` others. */
function parseProcess<F extends ProcessField>(field: F, known: number, fault: ProcessFault<F>): RunProcess {
  const parts = PROCESS_LINE.exec(field.value);
  if (parts === null) return fault(field, 'not "N PARENT START END EXIT DIRECTORY COMMAND"');
  if (Number(parts[1]) !== known + 1) fault(field, 'not number ' + String(known + 1) + ': ' + parts[1]);
  if (Number(parts[2]) > known) fault(field, 'a parent that does not stand before it: ' + parts[2]);
  const isNumber = /^\d/.test(parts[5]);
  if (isNumber && Number(parts[5]) > 255) fault(field, 'not an exit status: ' + parts[5]);
  return {
    parent: parts[2] === '0' ? undefined : Number(parts[2]) - 1, startS: Number(parts[3]), endS: parts[4] === '-' ? undefined : Number(parts[4]),
    exit: isNumber ? Number(parts[5]) : undefined, signal: isNumber || parts[5] === '-' ? undefined : parts[5],
    directory: decodeText(parts[6]), command: parts[7] === undefined ? '' : decodeWithheld(parts[7]), later: [], read: [], wrote: [],
  };
}

/** Reads the lists of files, as long as they come to no more than MAX_PROCESS_FILES. */
class FileListReader {
  /** Lists that were too much. */
  leftOut = 0;
  private readonly fileCount: number;
  private total = 0;
  constructor(fileCount: number) {
    this.fileCount = fileCount;
  }
  /** Fills `list`, which must be empty; gives what is wrong, or ''. */
  read(text: string, list: number[]): string {
    const ranges = parseRanges(text, this.fileCount);
    if (ranges === undefined) return 'not ascending numbers of files, 1 to ' + String(this.fileCount);
    if (list.length > 0) return 'stands twice';
    const length = ranges.reduce((sum, range) => sum + range.last - range.first + 1, 0);
    if (this.total + length > MAX_PROCESS_FILES) {
      this.leftOut += 1;
      return '';
    }
    this.total += length;
    for (const range of ranges) for (let number = range.first; number <= range.last; number++) list.push(number - 1);
    return '';
  }
}

/**
 * The processes of which `fields` tell, all of a record's that PROCESS_FIELDS names, in the order of
 * the record; `fileCount`: its inputs and outputs together. `leftOut`: lists of files beyond the bound.
 */
export function readProcesses<F extends ProcessField>(fields: F[], fileCount: number, fault: ProcessFault<F>): { processes: RunProcess[]; leftOut: number } {
  const processes: RunProcess[] = [];
  for (const field of fields) if (field.name === 'Process') processes.push(parseProcess(field, processes.length, fault));
  const processOf = (field: F, number: string): RunProcess => processes[Number(number) - 1] ?? fault(field, 'no process ' + number);
  const lists = new FileListReader(fileCount);
  for (const field of fields) {
    if (field.name === 'Process') continue;
    if (field.name === 'Process_exec') {
      const parts = EXEC_LINE.exec(field.value) ?? fault(field, 'not "N START DIRECTORY COMMAND"');
      const command = parts[4] === undefined ? '' : decodeWithheld(parts[4]);
      processOf(field, parts[1]).later.push({ startS: Number(parts[2]), directory: decodeText(parts[3]), command });
      continue;
    }
    const parts = FILES_LINE.exec(field.value) ?? fault(field, 'not "N RANGES"');
    const one = processOf(field, parts[1]);
    const wrong = lists.read(parts[2], field.name === 'Process_read' ? one.read : one.wrote);
    if (wrong !== '') fault(field, wrong);
  }
  return { processes, leftOut: lists.leftOut };
}
