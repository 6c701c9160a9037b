// recordfiles.ts - records that lie in folders by month: listing them, reading one. Knows not what they tell.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { recordPath, RUN_ID } from '../core/run.ts';
import { findLinkOut } from './bounds.ts';
import { checkReachable, isForbidden, listFolder, lstatIfThere, readBytesIfThere, statIfThere } from './files.ts';
import { describeSystemError } from './project.ts';
import type { Project } from './project.ts';

/** The folders YYYY-MM of provenance/runs or provenance/notes, ascending. */
export function listMonths(project: Project, folder: 'runs' | 'notes'): string[] {
  return listFolder(project.provenance + '/' + folder).filter((name) => /^\d{4}-\d\d$/.test(name)).sort();
}

/** Ids of the records in one of these folders, ascending; and names in it that are none, or belong elsewhere. */
export function listMonth(project: Project, folder: 'runs' | 'notes', month: string): { ids: string[]; strays: ByteString[] } {
  const ids: string[] = [];
  const strays: ByteString[] = [];
  for (const name of listFolder(project.provenance + '/' + folder + '/' + month)) {
    const id = name.replace(/\.rec$/, '');
    if (RUN_ID.test(id) && recordPath(id) === 'runs/' + month + '/' + name) ids.push(id);
    else if (name.endsWith('.rec')) strays.push('provenance/' + folder + '/' + month + '/' + name);
  }
  return { ids: ids.sort(), strays };
}

/** The same of all months. */
export function listRecordFiles(project: Project, folder: 'runs' | 'notes'): { ids: string[]; strays: ByteString[] } {
  const months = listMonths(project, folder).map((month) => listMonth(project, folder, month));
  const ids: string[] = [];
  const strays: ByteString[] = [];
  // Neither lists joined one by one, which takes their square, nor spread: a stranger has as many of both as he likes.
  for (const month of months) {
    for (const id of month.ids) ids.push(id);
    for (const stray of month.strays) strays.push(stray);
  }
  return { ids, strays };
}

/** What `act` gives; a Failure if the file under provenance/ is one that the user may not read, as others' may be. */
function passForbidden<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!isForbidden(error)) throw error;
    throw new Failure('cannot read "provenance/' + path + '": ' + describeSystemError(error), 'see who may: ls -l');
  }
}

/** Text of a record, or of what belongs to records, at a path under provenance/; undefined if there is none. Throws Failure for what is no regular file, or lies elsewhere. */
export function readRecordFile(project: Project, path: string): ByteString | undefined {
  const name = project.provenance + '/' + path;
  const stat = lstatIfThere(name);
  if (stat === undefined) {
    passForbidden(path, () => checkReachable(name));
    return undefined;
  }
  if (stat.isSymbolicLink() && findLinkOut(project.root, name) !== undefined) throw new Failure('cannot read "provenance/' + path + '": it is a link that leads out of the project', 'it is not of rr: move it away');
  // A FIFO would be waited for without end.
  if (statIfThere(name)?.isFile() !== true) throw new Failure('cannot read "provenance/' + path + '": not a regular file', 'it is not of rr: move it away');
  return passForbidden(path, () => readBytesIfThere(name));
}

// So many are told by themselves: a stranger's project can have a million.
const MOST_FAULTS_NAMED = 100;

/** Stands for the faults that are too many to be told one by one. */
class MoreFaults extends Failure {
  count = 0;
}

/** Adds a fault of a record or a note; of very many the last one tells how many more. */
export function addFault(faults: Failure[], fault: Failure): void {
  if (faults.length < MOST_FAULTS_NAMED) {
    faults.push(fault);
    return;
  }
  const more = faults[MOST_FAULTS_NAMED] as MoreFaults | undefined ?? new MoreFaults('', 'run "rr verify", which names each');
  more.count += fault instanceof MoreFaults ? fault.count : 1;
  more.message = 'cannot read ' + String(more.count) + ' more records or notes';
  faults[MOST_FAULTS_NAMED] = more;
}

/** The Failures that `strays` are, which listRecordFiles() gave; of very many the last one tells how many more. */
export function explainStrays(strays: ByteString[]): Failure[] {
  const hint = 'it was copied or renamed: move it away';
  const told = strays.slice(0, MOST_FAULTS_NAMED).map((stray) => new Failure('cannot use "' + stray + '": it is not where a record of that id belongs', hint));
  if (strays.length > MOST_FAULTS_NAMED) told.push(new Failure('cannot use ' + String(strays.length - MOST_FAULTS_NAMED) + ' more files in provenance/: they are not where records of these ids belong', hint));
  return told;
}

/**
 * Each record by its id, in order of ids; a Failure that `read` throws is told beside the rest.
 * `read` gives undefined if the record has gone meanwhile.
 */
export function readEachRecord<T>(ids: string[], faults: Failure[], read: (id: string) => T | undefined): T[] {
  const records: T[] = [];
  for (const id of ids) {
    try {
      const record = read(id);
      if (record !== undefined) records.push(record);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      addFault(faults, error);
    }
  }
  return records;
}
