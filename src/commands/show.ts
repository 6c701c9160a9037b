// show.ts - rr show: one run, all that is known of it.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import type { AnnotatedRun } from '../core/notes.ts';
import type { Run } from '../core/run.ts';
import { recordPath, RUN_ID } from '../core/run.ts';
import { printJsonRun } from '../views/json.ts';
import { printEnvironmentPage, printNotesPage, printRunPage } from '../views/page.ts';
import { printProcessTree } from '../views/processes.ts';
import { readBytesIfThere } from '../sys/files.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { pickAnnotatedRun } from '../sys/pickrun.ts';
import type { Project } from '../sys/project.ts';
import { absoluteOf, requireProject } from '../sys/project.ts';
import { readRecordText } from '../sys/records.ts';
import { printRecord } from '../sys/store.ts';
import { isTerminal, printOut, readColumns } from '../sys/terminal.ts';

export type ShowOptions = {
  project: ByteString | undefined;
  json: boolean; raw: boolean; logs: boolean; processes: boolean; files: boolean; environment: boolean;
  /** Long lists in full. */
  all: boolean;
};

/** Prints a run, or of it what `options` ask for: the first of them that is set, in their order. */
export function showRun(reference: ByteString, options: ShowOptions): number {
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  // The record as it is needs no parsing, and is wanted most when that fails.
  const raw = options.raw && RUN_ID.test(reference) ? readRecordText(project, reference) : undefined;
  if (raw !== undefined) {
    printOut(raw);
    return 0;
  }
  const annotated = pickAnnotatedRun(project, current, reference);
  const { run } = annotated;
  if (options.logs && !options.json && !options.raw) {
    for (const log of run.logs) if (/\.(?:out|err)$/.test(log.path)) printOut(readBytesIfThere(absoluteOf(project, log.path)) ?? '');
  } else printOut(printAsked(project, annotated, options));
  return 0;
}

function printAsked(project: Project, { run, notes }: AnnotatedRun, options: ShowOptions): ByteString {
  if (options.json) return printJsonRun(run, notes) + '\n';
  if (options.raw) return readBytesIfThere(project.provenance + '/' + recordPath(run.id)) ?? printRecord(run);
  if (options.processes || options.files) return printProcessesAsked(run, options);
  if (options.environment) return readEnvironmentPage(project, run);
  const environment = run.environment === undefined ? undefined : readBytesIfThere(placeOfEnvironment(project, run.environment));
  return printRunPage(run, environment, options.all) + printNotesPage(notes, options.all);
}

function printProcessesAsked(run: Run, options: ShowOptions): ByteString {
  if (run.processes.length === 0) {
    throw new Failure('cannot show processes and their files of "' + run.id + '": its record has none (observed by ' + run.observed + ')', 'record it with --trace strace', EXIT.differs);
  }
  const width = isTerminal(1) ? readColumns(1) : Infinity;
  return printProcessTree(run, { width, hasFiles: options.files, isComplete: options.all });
}

function placeOfEnvironment(project: Project, hash: string): ByteString {
  return project.provenance + '/environments/' + hash + '.rec';
}

function readEnvironmentPage(project: Project, run: Run): ByteString {
  if (run.environment === undefined) throw new Failure('cannot show the environment of "' + run.id + '": its record names none', '', EXIT.differs);
  const text = readBytesIfThere(placeOfEnvironment(project, run.environment));
  if (text === undefined) throw new Failure('cannot show the environment of "' + run.id + '": "provenance/environments/' + run.environment + '.rec" is not there', 'run "rr verify"', EXIT.differs);
  return printEnvironmentPage(text);
}
