// list.ts - rr list: a table of runs.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { matchesFilter } from '../core/select.ts';
import type { RunFilter } from '../core/select.ts';
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

/** A date or time as rr takes it: 2026-11, 2026-11-22, 2026-11-22T05:20. UTC. */
function checkTime(option: string, text: ByteString | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d(\.\d+)?)?)?)?)?)?Z?$/.test(text) || !isOnCalendar(text)) {
    throw new Failure('cannot use ' + option + ' "' + text + '": not a date', 'write 2026-11-22 or 2026-11-22T05:20 (UTC)', EXIT.usage);
  }
  return text.replace(/Z$/, '');
}

function isOnCalendar(text: ByteString): boolean {
  const [, month, day, hour, minute, second] = text.split(/[-T:Z]/).map(Number);
  return (month === undefined || (month >= 1 && month <= 12)) && (!(day >= 0) || (day >= 1 && day <= 31)) && !(hour > 23) && !(minute > 59) && !(second >= 61);
}

const STATUS_NAMES = ['running', 'succeeded', 'failed', 'interrupted', 'lost'];

function makeFilter(options: ListOptions, toPath: (name: ByteString) => ByteString): RunFilter {
  for (const status of options.statuses) {
    if (STATUS_NAMES.indexOf(status) < 0) throw new Failure('cannot use --status "' + status + '": no such status', 'one of ' + STATUS_NAMES.join(', '), EXIT.usage);
  }
  return {
    labels: options.labels, tags: options.tags, statuses: options.statuses, parameters: options.parameters,
    since: checkTime('--since', options.since), until: checkTime('--until', options.until),
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
