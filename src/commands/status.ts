// status.ts - rr status: are the results what the data and code as they are now would give?
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { applyNotes } from '../core/notes.ts';
import { isSourceName } from '../core/sources.ts';
import type { Expectations, FileVerdicts } from '../core/staleness.ts';
import { judgeFiles, listExpectations, listResultFolders, makeOrphanTester } from '../core/staleness.ts';
import { recordPath } from '../core/run.ts';
import type { Run } from '../core/run.ts';
import { isAllDone, readCluster, removeOver } from '../sys/clusterstate.ts';
import { listFolder, lstatIfThere, readFirstBytes } from '../sys/files.ts';
import { findUncommitted, readGitKnowledge, selectUnknownToGit } from '../sys/gitknown.ts';
import { readCurrentFolder } from '../sys/machine.ts';
import { toRecordPath } from '../sys/observe.ts';
import { PresentFacts } from '../sys/present.ts';
import type { Project } from '../sys/project.ts';
import { absoluteOf, requireProject } from '../sys/project.ts';
import type { Dependence } from '../sys/statuscache.ts';
import { dependOn, dependOnRecords, findKeptAnswer, keepAnswer } from '../sys/statuscache.ts';
import { readStepGraph, StepBook } from '../sys/steps.ts';
import { readMarks } from '../sys/store.ts';
import { isTerminal, printOut, readColumns } from '../sys/terminal.ts';
import { REPORT_MARK } from '../views/reportpage.ts';
import { isAllFine, printStatus, printStatusJson } from '../views/status.ts';
import type { StatusReport, StatusRunName } from '../views/status.ts';

export type StatusOptions = { project: ByteString | undefined; environment: boolean; all: boolean; json: boolean; quiet: boolean };

/** What can be kept as long as no record and none of the files looked at changes. */
type FileFacts = FileVerdicts & {
  runs: number;
  lost: StatusRunName[];
  unreadable: ByteString[];
  /** Before git is asked. */
  orphanCandidates: ByteString[];
  /** Code that runs read without which no current result could be made. */
  sources: ByteString[];
};

// ---- from records and files -------------------------------------------------------------------------

/** The files in these folders that may be orphans; a page of rr's own is none. */
function listOrphanCandidates(project: Project, expected: Expectations, folders: ByteString[]): ByteString[] {
  const mayBeOrphan = makeOrphanTester(expected.graph.runs, expected.graph.owners);
  const found: ByteString[] = [];
  for (const folder of folders) {
    for (const name of listFolder(absoluteOf(project, folder === '' ? '.' : folder))) {
      if (!mayBeOrphan(folder, name)) continue;
      const path = folder === '' ? name : folder + '/' + name;
      const stat = lstatIfThere(absoluteOf(project, path));
      if (stat === undefined || !(stat.isFile() || stat.isSymbolicLink())) continue;
      if (!stat.isFile() || !/\.html?$/i.test(name) || readFirstBytes(absoluteOf(project, path), REPORT_MARK.length) !== REPORT_MARK) found.push(path);
    }
  }
  return found.sort(compareBytes);
}

function listSources({ graph }: Expectations): ByteString[] {
  const sources = new Set<ByteString>();
  graph.nodes.forEach(({ run }) => {
    for (const input of run < 0 ? [] : graph.runs[run].inputs) if (input.path[0] !== '/' && isSourceName(input.path)) sources.add(input.path);
  });
  return Array.from(sources).sort(compareBytes);
}

async function gatherFacts(project: Project, hasEnvironment: boolean): Promise<{ facts: FileFacts; depends: Dependence[] }> {
  // Looked at before what is in them, so that a change meanwhile is noticed the next time.
  const depends = dependOnRecords(project);
  const source = readStepGraph(project);
  const { runs } = source.graph;
  const expected = listExpectations(source.graph);
  const folders = listResultFolders(source.graph.owners);
  for (const folder of folders) depends.push(dependOn(project, folder === '' ? '.' : folder));
  const present = new PresentFacts(project, hasEnvironment);
  await present.look(expected.paths);
  const book = new StepBook(project, source, present);
  const verdicts = judgeFiles(expected, book.present);
  book.close();
  depends.push(...present.listDependences());
  // Who has noted what came of it knows of it.
  const lost = runs.filter((run) => run.status === 'lost').map((run) => applyNotes(run, source.notes.get(run.id))).filter((one) => one.notes.outcome === undefined).reverse().map(({ run }) => ({ id: run.id, label: run.label }));
  return {
    facts: { ...verdicts, runs: runs.length, lost, unreadable: source.faults.concat(source.planFault ?? []).map((fault) => fault.message), orphanCandidates: listOrphanCandidates(project, expected, folders), sources: listSources(expected) },
    depends,
  };
}

/** Undefined if the text was damaged. */
function parseKeptFacts(text: string | undefined): FileFacts | undefined {
  try {
    const facts = text === undefined ? undefined : JSON.parse(text) as FileFacts;
    const lists = facts === undefined ? [] : [facts.stale, facts.missing, facts.edited, facts.changedInputs, facts.goneInputs, facts.lost, facts.unreadable, facts.orphanCandidates, facts.sources];
    return lists.every((list) => Array.isArray(list)) ? facts : undefined;
  } catch (error) {
    return undefined;
  }
}

async function readFacts(project: Project, hasEnvironment: boolean): Promise<FileFacts> {
  const kept = hasEnvironment ? undefined : parseKeptFacts(await findKeptAnswer(project, 'status'));
  if (kept !== undefined) return kept;
  const { facts, depends } = await gatherFacts(project, hasEnvironment);
  if (!hasEnvironment) keepAnswer(project, 'status', JSON.stringify(facts), depends);
  return facts;
}

// ---- the whole --------------------------------------------------------------------------------------

/** What was handed over to a cluster. What came to a good end is told once, and then it is gone. */
function readBatches(project: Project): Pick<StatusReport, 'batches' | 'clusterProblem'> {
  const cluster = readCluster(project);
  removeOver(project, cluster, isAllDone);
  return { batches: cluster.batches.map(({ batch, tasks, refused }) => ({ id: batch.id, verb: batch.verb, title: batch.title, madeUtc: batch.madeUtc, tasks, refused })), clusterProblem: cluster.problem };
}

/** What changes without a record or a result: runs that go on, and what git says. */
function completeReport(project: Project, facts: FileFacts): StatusReport {
  const recorded = new Set(facts.lost.map((run) => run.id));
  // One that was killed behind its record, or found the disk full there, has left its mark as well.
  const isRecorded = ({ run }: { run: Run }): boolean => recorded.has(run.id) || lstatIfThere(project.provenance + '/' + recordPath(run.id)) !== undefined;
  const marks = readMarks(project).filter((mark) => !isRecorded(mark));
  const nameOf = ({ run }: { run: Run }): StatusRunName & { startedUtc: string } => ({ id: run.id, label: run.label, startedUtc: run.startedUtc });
  const git = facts.orphanCandidates.length + facts.sources.length === 0 ? undefined : readGitKnowledge(project);
  return {
    ...facts, orphans: git === undefined ? facts.orphanCandidates : selectUnknownToGit(git, facts.orphanCandidates), uncommitted: git === undefined ? [] : findUncommitted(git, facts.sources),
    batches: [], clusterProblem: undefined,
    lost: marks.filter((mark) => !mark.isAlive && mark.record === undefined).map(nameOf).reverse().concat(facts.lost as (StatusRunName & { startedUtc: string })[]), running: marks.filter((mark) => mark.isAlive).map(nameOf),
  };
}

/** Only what lies at or below one of these paths. Throws Failure if one of them, which `words` are as given, names nothing. */
function narrowReport(project: Project, report: StatusReport, paths: ByteString[], words: ByteString[]): StatusReport {
  const { graph: { owners }, raw, paths: known } = listExpectations(readStepGraph(project).graph);
  const isAt = (path: ByteString, wanted: ByteString): boolean => path === wanted || path.startsWith(wanted + '/');
  paths.forEach((wanted, i) => {
    if (lstatIfThere(absoluteOf(project, wanted)) !== undefined || known.some((path) => isAt(path, wanted))) return;
    throw new Failure('cannot tell the status of "' + words[i] + '": there is no such file, and it is neither a result nor an input of one', 'run "rr status" for all', EXIT.differs);
  });
  const isWanted = (path: ByteString): boolean => paths.some((wanted) => isAt(path, wanted));
  const narrow = <T extends { path: ByteString }>(list: T[]): T[] => list.filter((one) => isWanted(one.path));
  const count = (named: Map<ByteString, unknown>): number => Array.from(named.keys()).filter(isWanted).length;
  return {
    ...report, results: count(owners), inputs: count(raw),
    stale: narrow(report.stale), missing: narrow(report.missing), edited: narrow(report.edited), changedInputs: narrow(report.changedInputs), goneInputs: narrow(report.goneInputs),
    orphans: report.orphans.filter(isWanted), uncommitted: narrow(report.uncommitted),
  };
}

/** Prints the state of the project, or of these paths. Status 1 if a result or raw input is not as recorded, or a result is stale. */
export async function showStatus(words: ByteString[], options: StatusOptions): Promise<number> {
  const current = readCurrentFolder();
  const project = requireProject(current, options.project);
  const paths = words.map((word) => toRecordPath(project, current, word));
  const whole = completeReport(project, await readFacts(project, options.environment));
  const report = paths.length === 0 || paths.indexOf('.') >= 0 ? { ...whole, ...readBatches(project) } : narrowReport(project, whole, paths, words);
  if (options.json) printOut(printStatusJson(report));
  else if (!options.quiet) printOut(printStatus(report, isTerminal(1) ? readColumns(1) : Infinity, options.all));
  return isAllFine(report) ? 0 : EXIT.differs;
}
