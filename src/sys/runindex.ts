// runindex.ts - what lists and graphs need of all runs, without reading all records. Without its cache all is the same, later.
import type { Failure } from '../core/failure.ts';
import type { GraphRun } from '../core/graph.ts';
import type { Project } from './project.ts';
import { readRuns } from './records.ts';

/** Of all records, in order of ids, what the graph needs; what cannot be read is told beside the rest. */
export function readGraphRuns(project: Project): { runs: GraphRun[]; faults: Failure[] } {
  return readRuns(project);
}
