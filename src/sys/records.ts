// records.ts - reading the records of runs in provenance/runs. Knows no marks, logs or derived files.
import type { ByteString } from '../core/bytes.ts';
import type { Environment } from '../core/environment.ts';
import { Failure } from '../core/failure.ts';
import { recordPath } from '../core/run.ts';
import type { Run } from '../core/run.ts';
import { parseEnvironment } from '../formats/environment.ts';
import { parseRun } from '../formats/record.ts';
import type { Project } from './project.ts';
import { listRecordFiles, readRecordFile } from './recordfiles.ts';

/** Ids of all records, ascending; and names in runs/ that are no record, or one in the wrong folder. */
export function listRecords(project: Project): { ids: string[]; strays: ByteString[] } {
  return listRecordFiles(project, 'runs');
}

/** Text of a record; undefined if there is none. Throws Failure for what is no regular file. */
export function readRecordText(project: Project, id: string): ByteString | undefined {
  return readRecordFile(project, recordPath(id));
}

/** A record by its id. Throws Failure (file and line) if it is damaged or claims another id. */
export function readRun(project: Project, id: string): Run | undefined {
  const path = recordPath(id);
  const text = readRecordText(project, id);
  if (text === undefined) return undefined;
  const run = parseRun(text, 'provenance/' + path);
  if (run.id !== id) throw new Failure('cannot use "provenance/' + path + '": it claims the id ' + run.id, 'the file was renamed or forged');
  return run;
}

/** The same; undefined also where it is damaged: for those whose caller has told of that, or does without. */
export function readRunOrNot(project: Project, id: string): Run | undefined {
  try {
    return readRun(project, id);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** A recorded environment by its hash; undefined if its file is not there. */
export function readEnvironment(project: Project, hash: string): Environment | undefined {
  const text = readRecordFile(project, 'environments/' + hash + '.rec');
  return text === undefined ? undefined : parseEnvironment(text);
}
