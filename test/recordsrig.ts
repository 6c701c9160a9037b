// recordsrig.ts - all records of a project, read as whole, for tests that hold something against them.
import type { Failure } from '../src/core/failure.ts';
import type { Run } from '../src/core/run.ts';
import type { Project } from '../src/sys/project.ts';
import { explainStrays, readEachRecord } from '../src/sys/recordfiles.ts';
import { listRecords, readRun } from '../src/sys/records.ts';

/** All records in order of ids; what cannot be read is told beside the rest. */
export function readRuns(project: Project): { runs: Run[]; faults: Failure[] } {
  const { ids, strays } = listRecords(project);
  const faults = explainStrays(strays);
  return { runs: readEachRecord(ids, faults, (id) => readRun(project, id)), faults };
}
