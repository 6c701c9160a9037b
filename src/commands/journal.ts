// journal.ts - rr journal: the story of the project, for people.
import type { ByteString } from '../core/bytes.ts';
import { trimBlanks } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { requireMoment } from '../core/filteroptions.ts';
import { RunHolder } from '../core/heldrun.ts';
import { arrangeJournal } from '../core/journal.ts';
import type { AnnotatedRun } from '../core/notes.ts';
import type { Run, RunSummary } from '../core/run.ts';
import { matchesFilter } from '../core/select.ts';
import type { RunFilter } from '../core/select.ts';
import { readUtcMicros } from '../sys/clock.ts';
import { readLastBytes } from '../sys/files.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { readKnownRun, readKnownRuns, selectKnownRuns } from '../sys/pickrun.ts';
import type { KnownRuns } from '../sys/pickrun.ts';
import { absoluteOf, requireProject } from '../sys/project.ts';
import type { Project } from '../sys/project.ts';
import { printOut, tell } from '../sys/terminal.ts';
import { describeJournal } from '../views/journal.ts';
import { printJournalHtml } from '../views/journalhtml.ts';
import { printJournalMarkdown, printJournalOrg } from '../views/journalmarkup.ts';
import { printJournalText } from '../views/journaltext.ts';

export type JournalOptions = {
  project: ByteString | undefined;
  labels: ByteString[];
  tags: ByteString[];
  statuses: ByteString[];
  since: ByteString | undefined;
  until: ByteString | undefined;
  all: boolean;
  markdown: boolean;
  org: boolean;
  html: boolean;
};

const TAIL_LINES = 3;
const TAIL_BYTES = 4096;
const LONGEST_TAIL_LINE = 200;

/** The last lines that a run printed on standard error, or where it printed nothing there, at all. */
function readTailOf(project: Project, run: Run): ByteString[] {
  for (const ending of ['.err', '.out']) {
    const log = run.logs.find((file) => file.path === 'provenance/logs/' + run.id + ending);
    const tail = log === undefined ? '' : readLastBytes(absoluteOf(project, log.path), TAIL_BYTES);
    const lines = tail.split('\n').filter((line) => trimBlanks(line) !== '');
    if (lines.length > 0) return lines.slice(-TAIL_LINES).map((line) => line.slice(-LONGEST_TAIL_LINE));
  }
  return [];
}

function makeJournalFilter(options: JournalOptions): RunFilter {
  const nowMs = readUtcMicros() / 1000;
  return {
    labels: options.labels, tags: options.tags, statuses: options.statuses, parameters: [], metrics: [], made: [], used: [],
    since: requireMoment('--since', options.since, nowMs), until: requireMoment('--until', options.until, nowMs),
  };
}

/** The runs that operands name, in order of ids: a label means all that have it. All runs if there is no operand. */
function chooseRuns(known: KnownRuns, project: Project, folder: ByteString, references: ByteString[]): RunSummary[] {
  if (references.length === 0) return known.summaries;
  const chosen = new Set<string>();
  for (const reference of references) for (const run of selectKnownRuns(known, project, folder, reference)) chosen.add(run.id);
  return known.summaries.filter((run) => chosen.has(run.id));
}

/** The whole of these runs but for their processes, of which the journal tells nothing. */
function readJournalRuns(project: Project, known: KnownRuns, summaries: RunSummary[]): AnnotatedRun[] {
  const holder = new RunHolder();
  const runs: AnnotatedRun[] = [];
  for (const { id } of summaries) {
    const read = readKnownRun(project, known, id);
    if (read !== undefined) runs.push({ run: holder.hold({ ...read.run, processes: [] }), notes: read.notes });
  }
  return runs;
}

/** Prints the story of the runs that are named and fit. A record or note that cannot be read is named: status 1. */
export function printJournal(references: ByteString[], options: JournalOptions): number {
  if ([options.markdown, options.org, options.html].filter((one) => one).length > 1) throw new Failure('cannot print a journal in two formats', 'say --markdown, --org or --html', EXIT.usage);
  const filter = makeJournalFilter(options);
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  const known = readKnownRuns(project);
  const summaries = chooseRuns(known, project, current, references).filter((run) => matchesFilter(run, filter));
  const runs = readJournalRuns(project, known, summaries);
  const journal = describeJournal(arrangeJournal(runs, options.all), (run) => readTailOf(project, run));
  if (runs.length === 0) tell(known.summaries.length === 0 ? 'rr: no runs recorded yet' : 'rr: no run fits');
  const print = options.html ? printJournalHtml : options.markdown ? printJournalMarkdown : options.org ? printJournalOrg : printJournalText;
  if (runs.length > 0 || print !== printJournalText) printOut(print(journal));
  const faults = known.runFaults.concat(known.noteFaults);
  for (const fault of faults) tell('rr: ' + fault.message);
  return faults.length > 0 ? EXIT.differs : 0;
}
