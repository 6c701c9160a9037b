// recordcheck.ts - are records what their last lines say, and what is needed of them for the chain. Judges no chain.
import type { ByteString } from '../core/bytes.ts';
import { detachString } from '../core/bytes.ts';
import { findPrevious } from '../core/chain.ts';
import { Failure } from '../core/failure.ts';
import { recordPath, spanOfRun } from '../core/run.ts';
import type { RecordLink, Run } from '../core/run.ts';
import type { DatedRecord } from '../core/signature.ts';
import { unsealRecord } from '../formats/fields.ts';
import { parseRun } from '../formats/record.ts';
import { hashBytes } from './hash.ts';
import type { Project } from './project.ts';
import { readRecordFile } from './recordfiles.ts';

/** Says where the record at `path` is damaged; undefined if it holds. `see` is called with its text, if it can be read. */
export function checkRecord(project: Project, id: string, path: string, parse: (text: ByteString, name: string) => { id: string }, see?: (text: ByteString) => void): string | undefined {
  const name = 'provenance/' + path;
  try {
    const text = readRecordFile(project, path) ?? '';
    if (see !== undefined) see(text);
    const parts = unsealRecord(text);
    if (parts === undefined) return name + ': no Sha256 line at the end';
    const found = hashBytes(parts.body);
    if (found !== parts.hash) return name + ': its last line expects ' + parts.hash + ', found ' + found;
    const claimed = parse(text, name).id;
    return claimed === id ? undefined : name + ': claims the id ' + claimed;
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}

function startOfId(id: string): number {
  return Date.parse(id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*$/, '$1-$2-$3T$4:$5:$6Z'));
}

/** The links without the text that they were found in; what the record before has is not held twice. */
function detachLinks(links: RecordLink[], before: RecordLink | undefined): RecordLink[] {
  return links.map(({ id, hash }) => (before !== undefined && before.id === id && before.hash === hash ? { id: before.id, hash: before.hash } : { id: detachString(id), hash: detachString(hash) }));
}

/**
 * The records of these ids, in their order, also damaged ones, and what is wrong with each by its id. `see` is called
 * with each run that can be read, also of a record that was altered; nothing of it is kept here.
 */
export function checkRunRecords(project: Project, ids: string[], see: (run: Run) => void): { records: DatedRecord[]; faults: Map<string, string> } {
  const records: DatedRecord[] = [];
  const faults = new Map<string, string>();
  for (const id of ids) {
    let endMs = startOfId(id);
    let text: ByteString = '';
    let run: Run | undefined;
    const path = recordPath(id);
    const failure = checkRecord(project, id, path, (whole, name) => {
      run = parseRun(whole, name);
      endMs = Math.max(endMs, spanOfRun(run)[1]);
      return run;
    }, (whole) => {
      text = whole;
      records.push({ id, hash: hashBytes(whole), previous: detachLinks(findPrevious(whole), records[records.length - 1]), endMs });
    });
    if (failure !== undefined) faults.set(id, failure);
    else records[records.length - 1].endMs = endMs;
    run = run ?? parseAltered(text, 'provenance/' + path);
    if (run !== undefined && run.id === id) see(run);
  }
  return { records, faults };
}

/** The run of a record whose hash does not hold, if it can be read all the same. */
function parseAltered(text: ByteString, name: string): Run | undefined {
  try {
    return text === '' ? undefined : parseRun(text, name);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
