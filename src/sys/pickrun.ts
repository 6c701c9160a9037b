// pickrun.ts - the run that a RUN argument means. Knows no output.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { RUN_ID } from '../core/run.ts';
import type { Run } from '../core/run.ts';
import { selectRun } from '../core/select.ts';
import { toRecordPath } from './observe.ts';
import type { Project } from './project.ts';
import { readRun, readRuns } from './records.ts';
import { readMarks } from './store.ts';

/**
 * The run meant by an id, a prefix, a label, "@", "@-1" or a file it made. Throws Failure if there
 * is none, and with a list if there are several.
 */
export function pickRun(project: Project, folder: ByteString, reference: ByteString): Run {
  if (RUN_ID.test(reference)) {
    const run = readRun(project, reference);
    if (run !== undefined) return run;
  }
  const { runs, faults } = readRuns(project);
  // The last run may be one of those that cannot be read; another must not be taken for it.
  if (faults.length > 0 && reference[0] === '@') throw faults[faults.length - 1];
  const recorded = new Set(runs.map((run) => run.id));
  for (const mark of readMarks(project)) if (!recorded.has(mark.run.id)) runs.push(mark.run);
  runs.sort((a, b) => (a.id < b.id ? -1 : 1));
  const selection = selectRun(reference, runs, toRecordPath(project, folder, reference));
  if (selection.kind === 'one') return selection.run;
  if (selection.kind === 'none') throw new Failure('cannot find the run "' + reference + '"' + (faults.length > 0 ? ' among the records that can be read' : ''), 'run "rr list"', EXIT.differs);
  const shown = selection.runs.slice(-10).map((run) => run.id + (run.label === undefined ? '' : ' ' + run.label)).join(', ');
  throw new Failure('cannot tell which run "' + reference + '" means: ' + String(selection.runs.length) + ' fit', 'one of ' + shown, EXIT.usage);
}
