// clustersteps.ts - the steps of a project and the points of a sweep as tasks for a cluster: what is handed over, and what of it is done there.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import type { Run } from '../core/run.ts';
import { describeCauses } from '../core/stepcauses.ts';
import { keyOfParameters } from '../core/sweep.ts';
import type { ClusterBatch } from '../formats/clusterbatch.ts';
import { readTask } from './clusterbatch.ts';
import type { ReadTask } from './clusterbatch.ts';
import { listInFlight } from './clusterstate.ts';
import type { ClusterReport } from './clusterstate.ts';
import type { SubmittedTask } from './clustersubmit.ts';
import type { TaskDecision } from './clustertask.ts';
import { PresentFacts } from './present.ts';
import type { Project } from './project.ts';
import { readRun } from './records.ts';
import type { ReuseChoice } from './settings.ts';
import { readStepGraph, StepBook } from './steps.ts';

// ---- handing over ---------------------------------------------------------------------------------------

/** What is asked for a step: by the plan, or by the record of its run. */
function askedOf(project: Project, book: StepBook, at: number): ByteString[] {
  const { plan } = book.graph.nodes[at];
  const runId = book.runIdOf(at);
  if (plan >= 0) return book.graph.planned[plan].template.asked;
  return runId === undefined ? [] : readRun(project, runId)?.asked ?? [];
}

/** These steps, by place, as tasks. Whether each must be done is judged when its turn has come. */
export function listStepTasks(project: Project, book: StepBook, open: number[], isForced: (at: number) => boolean): SubmittedTask[] {
  return book.tasksOf(open, () => true).map((task) => {
    const at = book.placeOf(task.key) as number;
    return { key: task.key, before: task.before, expectedS: task.expectedS, asked: askedOf(project, book, at), name: book.nameOf(at), isForced: isForced(at), template: undefined, prior: undefined };
  });
}

/** The same for a point of a sweep of this label, as its template tells. */
export function keyOfPoint(label: ByteString, parameters: ByteString[]): string {
  return 'sweep ' + label + ' ' + keyOfParameters(parameters);
}

export function makePointTask(template: Run, prior: Run | undefined, expectedS: number | undefined, isForced: boolean): SubmittedTask {
  const label = template.sweep?.label ?? '';
  return { key: keyOfPoint(label, template.parameters), before: [], expectedS, asked: template.asked, name: label + ' ' + String(template.sweep?.number ?? ''), isForced, template, prior: prior?.id };
}

/** The numbers of the points of a sweep that wait or run: by keyOfParameters(). They have no record yet. */
export function listFlyingPoints(project: Project, cluster: ClusterReport, label: ByteString): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const { reference, report } of listInFlight(cluster).values()) {
    if (!report.key.startsWith('sweep ' + label + ' ')) continue;
    const template = readTask(project, reference.slice(0, reference.indexOf(':')), report.number)?.template;
    if (template?.sweep?.label === label) numbers.set(keyOfParameters(template.parameters), template.sweep.number);
  }
  return numbers;
}

// ---- options --------------------------------------------------------------------------------------------

/** What tasks of a batch need to know of a command line. */
export type TaskOptions = { hasEnvironment: boolean; retries: number; timeoutS: number | undefined; reuse: ReuseChoice | undefined };

/** As a batch has them. */
export function listTaskOptions(options: TaskOptions): ByteString[] {
  const { reuse, timeoutS } = options;
  return (options.hasEnvironment ? ['environment'] : []).concat(options.retries > 0 ? ['retries ' + String(options.retries)] : [], timeoutS === undefined ? [] : ['timeout ' + String(timeoutS)],
    reuse === undefined ? [] : ['reuse'], reuse?.cache === undefined ? [] : ['cache ' + reuse.cache]);
}

function readReuse(batch: ClusterBatch): ReuseChoice | undefined {
  if (batch.options.indexOf('reuse') < 0) return undefined;
  return { cache: batch.options.find((option) => option.startsWith('cache '))?.slice(6), hasEnvironment: batch.options.indexOf('environment') >= 0 };
}

// ---- on its machine -------------------------------------------------------------------------------------

/** The step that had this key when it was handed over; it may have been redone since. */
function findStepPlace(book: StepBook, key: string): number | undefined {
  const { runs } = book.graph;
  for (let sought = key; ;) {
    const at = book.placeOf(sought);
    if (at !== undefined) return at;
    const next = runs.find((run) => run.facts.redoes === sought && run.id > sought);
    if (next === undefined) return undefined;
    sought = next.id;
  }
}

function decideStepOf(book: StepBook, read: ReadTask, given: ReuseChoice | undefined): Promise<TaskDecision> | TaskDecision {
  const at = findStepPlace(book, read.task.key);
  if (at === undefined) return { kind: 'failed', why: 'it is no step any more' };
  const key = book.keyOf(at);
  return book.decide(key, read.task.isForced).then((decision): TaskDecision => {
    switch (decision.kind) {
      case 'fresh': return { kind: 'skip' };
      case 'unmakeable': return { kind: 'failed', why: decision.why };
      case 'waits': return { kind: 'failed', why: 'its input ' + decision.for.map((one) => one.path).sort(compareBytes).join(', ') + ' was overwritten since, and is made again only by "rr make" without a cluster' };
      case 'redo': {
        const reuse = read.task.isForced ? undefined : given;
        return { kind: 'run', job: { ...book.jobOf(key, describeCauses(decision.causes), reuse !== undefined), reuse } };
      }
    }
  });
}

/** What is to be done for a task of which all that comes before is settled. */
export async function decideTask(project: Project, batch: ClusterBatch, read: ReadTask): Promise<TaskDecision> {
  const { task, template } = read;
  const reuse = readReuse(batch);
  if (template !== undefined) return { kind: 'run', job: { key: task.key, name: task.name, template, prior: task.prior === undefined ? undefined : readRun(project, task.prior), restore: [], isReused: reuse !== undefined && !task.isForced, reuse } };
  const source = readStepGraph(project);
  if (source.planFault !== undefined) throw source.planFault;
  const book = new StepBook(project, source, new PresentFacts(project, batch.options.indexOf('environment') >= 0));
  try {
    return await decideStepOf(book, read, reuse);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { kind: 'failed', why: error.message };
  } finally {
    book.close();
  }
}
