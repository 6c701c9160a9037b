// series.ts - reads what a run gave and used over time, as its record says where it lies. Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import type { Run } from '../core/run.ts';
import type { ResourceSample, Series } from '../core/series.ts';
import { parseResources, parseSeries } from '../formats/series.ts';
import { readBytesIfThere, statIfThere } from './files.ts';
import { absoluteOf } from './project.ts';
import type { Project } from './project.ts';

// Far more than rr writes; what is larger is not rr's.
const LARGEST_SERIES_BYTES = 64 << 20;

function readLog(project: Project, run: Run, ending: string): ByteString | undefined {
  const log = run.logs.find((file) => file.path === 'provenance/logs/' + run.id + ending);
  if (log === undefined) return undefined;
  const name = absoluteOf(project, log.path);
  const stat = statIfThere(name);
  if (stat === undefined) throw new Failure('cannot read "' + log.path + '": it is not there', 'run "rr verify"');
  if (!stat.isFile() || stat.size > LARGEST_SERIES_BYTES) throw new Failure('cannot read "' + log.path + '": not a file as rr writes it', 'run "rr verify"');
  return readBytesIfThere(name);
}

/** What a run gave one after another; [] if its record names no such file. Throws Failure if that is gone. */
export function readSeriesOf(project: Project, run: Run): Series[] {
  const text = readLog(project, run, '.series');
  return text === undefined ? [] : parseSeries(text);
}

/** What a run used over time, in the same way. */
export function readResourcesOf(project: Project, run: Run): ResourceSample[] {
  const text = readLog(project, run, '.resources');
  return text === undefined ? [] : parseResources(text);
}
