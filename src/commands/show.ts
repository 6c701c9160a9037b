// show.ts - rr show: one run, all that is known of it.
import type { ByteString } from '../core/bytes.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { pickRun } from '../sys/pickrun.ts';
import { absoluteOf, requireProject } from '../sys/project.ts';
import { readBytesIfThere } from '../sys/files.ts';
import { printRecord, readRecordText } from '../sys/store.ts';
import { printOut } from '../sys/terminal.ts';
import { printJsonRun } from '../views/json.ts';
import { printRunPage } from '../views/page.ts';
import { recordPath, RUN_ID } from '../core/run.ts';

export type ShowOptions = { project: ByteString | undefined; json: boolean; raw: boolean; logs: boolean };

/** Prints a run; with `raw` its record as it is, with `logs` what it printed. */
export function showRun(reference: ByteString, options: ShowOptions): number {
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  // The record as it is needs no parsing, and is wanted most when that fails.
  const raw = options.raw && RUN_ID.test(reference) ? readRecordText(project, reference) : undefined;
  if (raw !== undefined) {
    printOut(raw);
    return 0;
  }
  const run = pickRun(project, current, reference);
  if (options.json) printOut(printJsonRun(run) + '\n');
  else if (options.raw) printOut(readBytesIfThere(project.provenance + '/' + recordPath(run.id)) ?? printRecord(run));
  else if (options.logs) {
    for (const log of run.logs) if (!log.path.endsWith('.order')) printOut(readBytesIfThere(absoluteOf(project, log.path)) ?? '');
  } else printOut(printRunPage(run, run.environment === undefined ? undefined : readBytesIfThere(project.provenance + '/environments/' + run.environment + '.rec')));
  return 0;
}
