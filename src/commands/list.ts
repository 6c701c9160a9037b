// list.ts - rr list: a table of runs.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { requireMoment, requireStatuses } from '../core/filteroptions.ts';
import { matchesFilter } from '../core/select.ts';
import type { RunFilter } from '../core/select.ts';
import { readUtcMicros } from '../sys/clock.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { toRecordPath } from '../sys/observe.ts';
import { readKnownRuns } from '../sys/pickrun.ts';
import { requireProject } from '../sys/project.ts';
import { printOut, readColumns, tell } from '../sys/terminal.ts';
import { printJsonRuns } from '../views/json.ts';
import { printRunCsv, printRunTable } from '../views/table.ts';

export type ListOptions = {
  project: ByteString | undefined;
  labels: ByteString[];
  tags: ByteString[];
  statuses: ByteString[];
  since: ByteString | undefined;
  until: ByteString | undefined;
  parameters: ByteString[];
  made: ByteString[];
  used: ByteString[];
  json: boolean;
  csv: boolean;
};

function makeFilter(options: ListOptions, toPath: (name: ByteString) => ByteString): RunFilter {
  const nowMs = readUtcMicros() / 1000;
  return {
    labels: options.labels, tags: options.tags, statuses: requireStatuses(options.statuses), parameters: options.parameters,
    since: requireMoment('--since', options.since, nowMs), until: requireMoment('--until', options.until, nowMs),
    made: options.made.map(toPath), used: options.used.map(toPath),
  };
}

/** Prints the runs that fit. A record that cannot be read is named, the others are listed, status 1. */
export function listRuns(options: ListOptions): number {
  if (options.json && options.csv) throw new Failure('cannot print both JSON and CSV', 'say --json or --csv', EXIT.usage);
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  const filter = makeFilter(options, (name) => toRecordPath(project, current, name));
  const { runs, runFaults, noteFaults } = readKnownRuns(project);
  const faults = runFaults.concat(noteFaults);
  const all = runs.filter((one) => matchesFilter(one.run, filter));
  if (options.json) printOut(printJsonRuns(all));
  else if (options.csv) printOut(printRunCsv(all));
  else if (all.length > 0) printOut(printRunTable(all.map((one) => one.run), readColumns(1)));
  else tell(runs.length === 0 ? 'rr: no runs recorded yet' : 'rr: no run fits');
  for (const fault of faults) tell('rr: ' + fault.message);
  return faults.length > 0 ? EXIT.differs : 0;
}
